"""KE: what was refused is seen, let in after all, or erased for good, over the whole application."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.builders import record
from tests.serving import ADMIN, PASSWORD, Here, here

LI = ("li", PASSWORD)
DB = "/sync/branch-b03"


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Here]:
    async with here(tmp_path / "data") as served:
        async with served.as_(ADMIN) as client:
            for db in (DB, "/sync/branch-b04"):
                assert (await client.put(db)).status_code == 201
        yield served


async def push(server: Here, *bodies: dict[str, Any], db: str = DB) -> list[Any]:
    docs = [{**body, "_rev": "1-a", "_revisions": {"start": 1, "ids": ["a"]}} for body in bodies]
    async with server.as_(LI) as client:
        return list((await client.post(f"{db}/_bulk_docs", json={"docs": docs, "new_edits": False})).json())


async def test_ke1_one_sees_what_one_sent_and_was_refused(server: Here) -> None:
    foreign = record(branch="b04")
    (refused,) = await push(server, foreign)
    assert (refused["error"], refused["reason"].split(":")[0]) == ("forbidden", "wrong_branch")
    async with server.as_(LI) as li, server.as_(ADMIN) as admin:
        (mine,) = (await li.get("/api/v1/quarantine")).json()["entries"]
        assert (mine["record"], mine["code"], mine["content"]["fields"]) == (
            foreign["_id"],
            "wrong_branch",
            foreign["fields"],
        )
        assert (await admin.get("/api/v1/quarantine")).json()["entries"] == [mine]
        await server.services.accounts.add("wang", "member", PASSWORD, member="m0042", branch="b03")
        async with server.as_(("wang", PASSWORD)) as wang:
            assert (await wang.get("/api/v1/quarantine")).json()["entries"] == []
        assert (await li.post(f"/api/v1/quarantine/{mine['id']}/admit")).status_code == 403


async def test_ke2_an_administrator_lets_a_refused_record_in(server: Here) -> None:
    mine = record(author="m0001")
    mine["fields"] = {**mine["fields"], "readers/committee": True}
    stranger = {**mine, "type": "notice", "_id": "notice:0000001"}
    (refused,) = await push(server, stranger)
    assert refused["error"] == "forbidden"
    async with server.as_(ADMIN) as admin:
        (entry,) = (await admin.get("/api/v1/quarantine?only=open")).json()["entries"]
        let_in = await admin.post(f"/api/v1/quarantine/{entry['id']}/admit")
        assert (let_in.status_code, let_in.json()["state"]) == (200, "admitted")
        assert (await admin.get(f"{DB}/notice:0000001")).json()["_rev"] == "1-a"
        assert (await admin.post(f"/api/v1/quarantine/{entry['id']}/admit")).status_code == 409
        assert (await admin.post("/api/v1/quarantine/quarantine:none/admit")).status_code == 404
        assert (await admin.get("/api/v1/quarantine?only=open")).json()["entries"] == []


async def test_ke3_erasing_takes_what_accompanies_a_record_and_refuses_all_of_it_afterwards(server: Here) -> None:
    visit = record(fields={"kind": "no such kind"})
    photo = record("photo", fields={"record": visit["_id"]})
    other = record()
    assert await push(server, visit, photo, other) == []
    async with server.as_(ADMIN) as admin:
        before = {row["id"] for row in (await admin.get(f"{DB}/_all_docs")).json()["rows"]}
        assert before == {visit["_id"], photo["_id"], other["_id"], f"check:{visit['_id']}"}
        asked = {"database": "branch-b03", "ids": [visit["_id"]], "reason": "当事人要求删除"}
        async with server.as_(LI) as li:
            assert (await li.post("/api/v1/erasures", json=asked)).status_code == 403
        erased = (await admin.post("/api/v1/erasures", json=asked)).json()["erased"]
        assert set(erased) == {visit["_id"], photo["_id"], f"check:{visit['_id']}"}
        rows = (await admin.get(f"{DB}/_all_docs")).json()["rows"]
        assert {row["id"] for row in rows} == {other["_id"]}
        again = await push(server, visit, photo)
        assert [one["reason"].split(":")[0] for one in again] == ["erased", "erased"]
        assert (await admin.get("/api/v1/quarantine")).json()["entries"] == []
        audit = (await admin.get("/api/v1/audit")).text
        assert visit["_id"] not in audit
        for bad in ({**asked, "database": "office"}, {**asked, "ids": []}, {**asked, "more": 1}):
            assert (await admin.post("/api/v1/erasures", json=bad)).status_code in (400, 403)


async def test_ke4_what_was_erased_does_not_come_back_with_a_start_from_older_files(tmp_path: Path) -> None:
    visit = record()
    async with here(tmp_path / "data") as server, server.as_(ADMIN) as admin:
        await admin.put(DB)
        await push(server, visit)
        await server.services.admission.erasures.erase("branch-b03", [visit["_id"]], "test", "admin")
        # As if the branch's database had been put back from an older copy.
        server.services.admission.erasures._erased.clear()
        await push(server, visit)
    async with here(tmp_path / "data") as server, server.as_(ADMIN) as admin:
        assert (await admin.get(f"{DB}/{visit['_id']}")).status_code == 404
