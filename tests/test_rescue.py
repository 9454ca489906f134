"""RF: what a tablet had not sent, brought in a file. The file is made as a browser makes it."""

import asyncio
import base64
import hashlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sync.documents import content_of
from sync.stores.contract import Want
from tests.builders import record, stamp
from tests.enrolling import audited, by_password, rescue_file
from tests.serving import ADMIN, PASSWORD, Here, command, here

BRANCH = "branch-b03"
RESCUES = "/api/v1/rescues"
PHOTO = b"\xff\xd8\xff the bytes of a photo"
DIGEST = f"sha256-{hashlib.sha256(PHOTO).hexdigest()}"
Who = tuple[str, str] | str
LI, ZHANG, SECRETARY, OTHER = (("li", PASSWORD), ("zhang", PASSWORD), ("secretary", PASSWORD), ("other", PASSWORD))


@pytest.fixture
async def server(store_address: str, tmp_path: Path) -> AsyncIterator[Here]:
    async with here(tmp_path / "data", store=store_address) as made:
        add = made.services.accounts.add
        await add("zhang", "member", PASSWORD, member="m0042", branch="b03")
        await add("secretary", "secretary", PASSWORD, member="m0001", branch="b03")
        await add("other", "secretary", PASSWORD, member="m0300", branch="b04")
        for db in (BRANCH, "branch-b04"):
            await made.services.store.create(db)
        yield made


@dataclass
class Lost:
    """A tablet of li with unsent work: a visit, its rating and its photo."""

    tablet: str
    token: str
    recovery: dict[str, Any]
    visit: str
    rating: str
    photo: str
    content: dict[str, Any]

    def file(self, **other: Any) -> bytes:
        return rescue_file(self.recovery, {**self.content, **other})


def document(body: dict[str, Any], rev: str = "1-a") -> dict[str, Any]:
    start, _, one = rev.partition("-")
    return {**body, "_rev": rev, "_revisions": {"start": int(start), "ids": [one]}}


@pytest.fixture
async def lost(server: Here) -> Lost:
    made = await by_password(server)
    visit = record("visit")
    rating = record("rating", fields={"record": visit["_id"]})
    photo = record(
        "photo", fields={"record": visit["_id"], "digest": DIGEST, "size": len(PHOTO), "media": "image/jpeg"}
    )
    content = {
        "account": "li",
        "member": "m0117",
        "tablet": made["tablet"]["id"],
        "token": made["token"],
        "made": "2026-11-20T09:00:00Z",
        # What names a record stands before it: the order in a file says nothing.
        "databases": {BRANCH: [document(photo), document(rating), document(visit)]},
        "photos": [
            {"id": photo["_id"], "media": "image/jpeg", "digest": DIGEST, "data": base64.b64encode(PHOTO).decode()}
        ],
    }
    ids = (visit["_id"], rating["_id"], photo["_id"])
    return Lost(made["tablet"]["id"], made["token"], made["recovery"], *ids, content)


def edited(lost: Lost) -> dict[str, Any]:
    """The visit with a later edit of its author."""
    body = {key: value for key, value in lost.content["databases"][BRANCH][2].items() if not key.startswith("_rev")}
    body = {**body, "fields": {**body["fields"], "narrative": "后来补记"}}
    body["stamps"] = {**body["stamps"], "narrative": stamp(number=1)}
    old = {"path": "narrative", "value": record("visit")["fields"]["narrative"], "stamp": body["stamps"][""], "by": ""}
    body["replaced"] = [{**old, "by": body["stamps"]["narrative"]}]
    return {**body, "_rev": "2-b", "_revisions": {"start": 2, "ids": ["b", "a"]}}


async def bring(server: Here, who: Who, data: bytes, status: int = 200) -> dict[str, Any]:
    answer = await server.as_(who, **{"content-type": "application/octet-stream"}).post(RESCUES, content=data)
    assert answer.status_code == status, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def lock(server: Here, tablet: str) -> None:
    await server.as_(ADMIN).post(f"/api/v1/tablets/{tablet}/lock")


async def there(server: Here, *docs: str, db: str = BRANCH) -> list[bool]:
    return [bool(one.tree) for one in await server.services.store.get(db, [Want(doc) for doc in docs])]


@pytest.mark.parametrize("who", [LI, ZHANG, OTHER, SECRETARY, ADMIN])
async def test_rf1_whose_file_it_is_the_branchs_secretary_and_administrators_bring_it(
    server: Here, lost: Lost, who: Who
) -> None:
    if who in (ZHANG, OTHER):
        assert (await bring(server, who, lost.file(), 403))["error"] == "forbidden"
        assert await there(server, lost.visit) == [False]
        return
    assert await bring(server, who, lost.file()) == {"written": 3, "known": 0, "photos": 1, "refused": []}
    assert await there(server, lost.visit, lost.rating, lost.photo) == [True] * 3
    found, chunks = await server.services.photos.stream("photos-b03", lost.photo, "photo")
    assert (found.content_type, b"".join([one async for one in chunks])) == ("image/jpeg", PHOTO)
    (line,) = await audited(server, "rescue")
    assert (line["of"], line["for_account"], line["written"], line["photos"]) == (lost.tablet, "li", 3, 1)


async def test_rf1_nobody_brings_one_without_a_log_in(server: Here, lost: Lost) -> None:
    assert (await server.as_().post(RESCUES, content=lost.file())).status_code == 401


async def test_rf2_brought_twice_it_changes_nothing(server: Here, lost: Lost) -> None:
    await bring(server, SECRETARY, lost.file())

    async def position(db: str) -> tuple[int, int]:
        info = await server.services.store.info(db)
        # What follows the number is CouchDB's own, and may differ from one answer to the next.
        return info.documents, int(info.update_seq.partition("-")[0])

    before = await position(BRANCH), await position("photos-b03")
    assert await bring(server, SECRETARY, lost.file()) == {"written": 0, "known": 3, "photos": 0, "refused": []}
    assert (await position(BRANCH), await position("photos-b03")) == before


async def test_rf2_what_had_arrived_after_all_is_known_and_the_rest_is_written(server: Here, lost: Lost) -> None:
    docs = [lost.content["databases"][BRANCH][2]]
    await server.as_(lost.token).post(f"/sync/{BRANCH}/_bulk_docs", json={"docs": docs, "new_edits": False})
    told = await bring(server, LI, lost.file())
    assert (told["written"], told["known"], told["photos"]) == (2, 1, 1)


async def test_rf3_the_token_in_it_gives_it_the_rights_of_its_tablet(server: Here, lost: Lost) -> None:
    await bring(server, SECRETARY, lost.file())
    assert await there(server, f"check:{lost.visit}") == [False], "its author's own, relayed by nobody"


@pytest.mark.parametrize(("who", "by"), [(SECRETARY, "m0001"), (ADMIN, "admin")])
async def test_rf3_without_a_good_token_whoever_brings_it_vouches_for_it(
    server: Here, lost: Lost, who: Who, by: str
) -> None:
    await lock(server, lost.tablet)
    assert await bring(server, who, lost.file()) == {"written": 3, "known": 0, "photos": 1, "refused": []}
    await bring(server, who, lost.file(databases={BRANCH: [edited(lost)]}, photos=[]))
    (check,) = await server.services.store.get(BRANCH, [Want(f"check:{lost.visit}")])
    assert check.tree
    relayed = content_of(check.revisions[0].body)["fields"]
    assert f'"by":"{by}"' in json.dumps(relayed, separators=(",", ":")), "it is told who brought it"


async def test_rf3_what_the_uploader_may_not_write_is_quarantined(server: Here, lost: Lost) -> None:
    await lock(server, lost.tablet)
    foreign = record("visit")
    told = await bring(server, SECRETARY, lost.file(databases={BRANCH: [document({**foreign, "branch": "b04"})]}))
    assert (told["written"], [one["code"] for one in told["refused"]]) == (0, ["wrong_branch", "not_found"])
    assert all(one["zh"] and one["en"] for one in told["refused"])
    kept = (await server.as_(SECRETARY).get("/api/v1/quarantine")).json()["entries"]
    assert [one["record"] for one in kept] == [foreign["_id"]]


@pytest.mark.parametrize("account", ["admin", "li", "nobody"])
async def test_rf3_a_forged_file_that_an_administrator_brings_gives_nobody_more_rights(
    server: Here, lost: Lost, account: str
) -> None:
    forged = {
        "office": [document({"_id": "account:evil", "type": "account"})],
        "centre": [document(record("member", fields={"name": "evil"}))],
        "plain": [document({"_id": "anything"})],
        "branch-b04": [document(record("visit", branch="b04"))],
        BRANCH: [document(record("activity"))],
    }
    data = lost.file(account=account, token="", databases=forged, photos=[])
    told = await bring(server, ADMIN, data)
    assert (told["written"], told["known"]) == (0, 0)
    assert sorted(one["code"] for one in told["refused"]) == [
        *("forbidden", "forbidden"),
        *("wrong_database", "wrong_database", "wrong_database"),
    ]


async def test_rf4_a_photo_follows_its_document_and_must_be_what_that_names(server: Here, lost: Lost) -> None:
    (photo,) = lost.content["photos"]
    told = await bring(server, LI, lost.file(databases={}))
    assert [(one["id"], one["code"]) for one in told["refused"]] == [(lost.photo, "not_found")]
    await bring(server, LI, lost.file(photos=[]))
    other = {**photo, "data": "AAAA"}
    told = await bring(server, LI, lost.file(databases={}, photos=[other, {**photo, "digest": f"sha256-{'0' * 64}"}]))
    assert [one["code"] for one in told["refused"]] == ["bad_digest", "bad_digest"]
    told = await bring(server, LI, lost.file(databases={}, photos=[photo]))
    assert (told["photos"], told["refused"]) == (1, []), "the text went before, the photo is in the file"


async def test_rf5_a_document_that_is_none_is_refused_alone(server: Here, lost: Lost) -> None:
    docs = lost.content["databases"][BRANCH]
    told = await bring(
        server, LI, lost.file(databases={BRANCH: [{"_id": "visit:1"}, {"no": "id"}, *docs], "branch-x": docs})
    )
    assert told["written"] == 3
    assert sorted(one["id"] for one in told["refused"]) == sorted(["visit:1", "", lost.photo, lost.rating, lost.visit])


async def test_rf5_a_revision_made_on_what_is_here_joins_it(server: Here, lost: Lost) -> None:
    await bring(server, LI, lost.file())
    told = await bring(server, LI, lost.file(databases={BRANCH: [edited(lost)]}, photos=[]))
    assert (told["written"], told["refused"]) == (1, [])
    (found,) = await server.services.store.get(BRANCH, [Want(lost.visit)])
    assert content_of(found.revisions[0].body)["fields"]["narrative"] == "后来补记"


async def test_rf6_a_damaged_or_foreign_file_is_refused_and_says_why(server: Here, lost: Lost) -> None:
    good = lost.file()
    first, _, rest = good.partition(b"\n")
    header = json.loads(first)

    def beginning(**other: Any) -> bytes:
        return json.dumps({**header, **other}).encode() + b"\n" + rest

    damaged = [b"", b"\n", b"PK\x03\x04", first, first + b"\n", good[:-1], good[:-1] + b"!", rest, b"x" * 200_000]
    damaged += [beginning(iv="AAAA"), beginning(key="AAAA"), beginning(fieldbook="backup"), beginning(version=2)]
    for bad in damaged:
        assert (await bring(server, SECRETARY, bad, 400))["error"] == "bad_rescue", bad[:40]
    for bad in (beginning(recovery="b03.000000"), beginning(recovery="b09.1"), beginning(recovery="")):
        assert (await bring(server, SECRETARY, bad, 400))["error"] == "foreign_rescue"
    strange = rescue_file(lost.recovery, {"account": 7})
    assert (await bring(server, SECRETARY, strange, 400))["error"] == "bad_rescue"
    assert not await audited(server, "rescue")


async def test_rf6_what_another_branch_encrypted_is_its_secretarys(server: Here, lost: Lost) -> None:
    theirs = await server.services.recovery.public("b04")
    assert theirs
    data = rescue_file({"id": theirs.id, "jwk": theirs.jwk}, lost.content, branch="b03")
    await bring(server, SECRETARY, data, 403)


async def test_rf7_a_file_past_the_limit_is_refused(tmp_path: Path) -> None:
    async with here(tmp_path, rescue_bytes_max=2048, request_bytes_max=1024) as made:
        assert (await bring(made, LI, b"x" * 2049, 413))["error"] == "request_entity_too_large"
        assert (await bring(made, LI, b"x" * 2000, 400))["error"] == "bad_rescue", "the limit of JSON is another"


def test_rf8_the_command_line_takes_it_in(tmp_path: Path) -> None:
    data = tmp_path / "data"

    async def prepare() -> bytes:
        async with here(data) as made:
            told = await by_password(made)
            docs = {BRANCH: [document(record("visit"))]}
            await made.services.store.create(BRANCH)
            return rescue_file(told["recovery"], {"account": "li", "token": told["token"], "databases": docs})

    whole = asyncio.run(prepare())
    path, cut = tmp_path / "li.rescue", tmp_path / "cut.rescue"
    path.write_bytes(whole)
    cut.write_bytes(whole[:-5])
    done = command("tablet", "rescue", str(path), data=data)
    assert done.returncode == 0, done.stderr
    assert "1 written, 0 known" in done.stdout
    assert "0 written, 1 known" in command("tablet", "rescue", str(path), data=data).stdout
    refused = command("tablet", "rescue", str(cut), data=data)
    assert refused.returncode == 1
    assert "damaged or cut off" in refused.stderr
