"""RI: what a reader gets, over the whole application."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.builders import record
from tests.serving import ADMIN, PASSWORD, Here, here

LI, WANG, SECRETARY = ("li", PASSWORD), ("wang", PASSWORD), ("chen", PASSWORD)
DB = "/sync/branch-b03"


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Here]:
    """A server with a branch: members li (m0117) and wang (m0042), secretary chen (m0001)."""
    async with here(tmp_path / "data") as served:
        await served.services.accounts.add("wang", "member", PASSWORD, member="m0042", branch="b03")
        await served.services.accounts.add("chen", "secretary", PASSWORD, member="m0001", branch="b03")
        async with served.as_(ADMIN) as client:
            assert (await client.put(DB)).status_code == 201
        yield served


async def push(server: Here, who: tuple[str, str], *bodies: dict[str, Any]) -> list[Any]:
    docs = [{**body, "_rev": "1-a", "_revisions": {"start": 1, "ids": ["a"]}} for body in bodies]
    async with server.as_(who) as client:
        answer = await client.post(f"{DB}/_bulk_docs", json={"docs": docs, "new_edits": False})
    assert answer.status_code == 201
    return list(answer.json())


async def seen(server: Here, who: tuple[str, str], since: str = "0") -> tuple[set[str], str]:
    async with server.as_(who) as client:
        feed = (await client.get(f"{DB}/_changes", params={"since": since})).json()
    return {change["id"] for change in feed["results"]}, feed["last_seq"]


async def test_ri1_feed_listing_reads_and_attachments_are_narrowed_alike(server: Here) -> None:
    mine = record(fields={"participants/m0042": False})
    theirs = record(author="m0042", fields={"participants/m0117": False})
    assert await push(server, LI, mine) == []
    assert await push(server, WANG, theirs) == []
    ids = {mine["_id"], theirs["_id"]}
    async with server.as_(LI) as li:
        assert (await seen(server, LI))[0] == {mine["_id"]}
        rows = (await li.get(f"{DB}/_all_docs?include_docs=true")).json()
        assert ({row["id"] for row in rows["rows"]}, rows["total_rows"]) == ({mine["_id"]}, 1)
        keyed = (await li.post(f"{DB}/_all_docs", json={"keys": sorted(ids)})).json()["rows"]
        assert {row["key"] for row in keyed if "error" not in row} == {mine["_id"]}
        assert (await li.get(f"{DB}/{theirs['_id']}")).status_code == 404
        assert (await li.get(f"{DB}/{theirs['_id']}?open_revs=all")).status_code == 404
        got = (await li.post(f"{DB}/_bulk_get", json={"docs": [{"id": one} for one in sorted(ids)]})).json()["results"]
        assert {one["id"] for one in got if "ok" in one["docs"][0]} == {mine["_id"]}
        chosen = await li.post(f"{DB}/_changes?filter=_doc_ids&include_docs=true", json={"doc_ids": sorted(ids)})
        assert {change["id"] for change in chosen.json()["results"]} == {mine["_id"]}
        assert (await li.get(f"{DB}/{theirs['_id']}/photo.jpg")).status_code == 404
    assert (await seen(server, SECRETARY))[0] >= ids


async def test_ri2_what_may_not_be_read_looks_like_what_is_not_there(server: Here) -> None:
    theirs = record(author="m0042", fields={"participants/m0117": False})
    await push(server, WANG, theirs)
    async with server.as_(LI) as li:
        for path in (theirs["_id"], "visit:00000000000000000000none"):
            answers = [await li.get(f"{DB}/{path}{query}") for query in ("", "?rev=1-a", "/x.jpg", "?revs=true")]
            assert [(answer.status_code, answer.json()) for answer in answers] == [
                (404, {"error": "not_found", "reason": "missing"})
            ] * 4, path


async def test_ri3_a_feed_that_waits_ends_when_rights_change_and_the_older_record_is_sent(server: Here) -> None:
    facts = record("person", author="m0001")
    assert await push(server, SECRETARY, facts) == []
    _, since = await seen(server, WANG)
    async with server.as_(WANG) as wang:
        waiting = asyncio.create_task(
            wang.get(f"{DB}/_changes", params={"feed": "longpoll", "since": since, "heartbeat": 20000})
        )
        await asyncio.sleep(0.1)
        given = record("assignment", author="m0001", fields={"member": "m0042", "subject": facts["fields"]["subject"]})
        assert await push(server, SECRETARY, given) == []
        answer = await asyncio.wait_for(waiting, 5)
    assert answer.status_code == 200
    ids, _ = await seen(server, WANG, answer.json()["last_seq"])
    assert facts["_id"] in ids, "what has become due although it is older"


async def test_ri3_a_feed_that_waits_ends_when_the_account_is_locked(server: Here) -> None:
    async with server.as_(LI) as li:
        waiting = asyncio.create_task(li.get(f"{DB}/_changes?feed=longpoll&since=now&heartbeat=20000"))
        await asyncio.sleep(0.1)
        await server.services.accounts.change("li", locked=True)
        await asyncio.wait_for(waiting, 5)
        assert (await li.get(f"{DB}/_changes")).status_code in (401, 403)


async def test_ri4_what_went_to_whom_is_on_the_audit_trail(server: Here) -> None:
    await push(server, LI, record(), record())
    _, last = await seen(server, SECRETARY)
    await seen(server, SECRETARY, last)
    await server.services.audit.flush()
    async with server.as_(ADMIN) as client:
        lines = (
            await client.get("/sync/office/_all_docs?include_docs=true&startkey=%22audit:%22&endkey=%22audit;%22")
        ).json()["rows"]
    deliveries = [row["doc"] for row in lines if row["doc"]["kind"] == "delivery"]
    assert [(one["account"], one["db"], one["count"]) for one in deliveries] == [("chen", "branch-b03", 2)]


async def test_ri5_a_position_of_another_incarnation_starts_again(server: Here) -> None:
    """ST9: the token tells a restored store from the one that made it."""
    visit = record()
    await push(server, LI, visit)
    _, last = await seen(server, LI)
    assert (await seen(server, LI, last))[0] == set()
    server.services.store.incarnation = "restored"
    assert (await seen(server, LI, last))[0] == {visit["_id"]}
