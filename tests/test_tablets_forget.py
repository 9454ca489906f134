"""TB15, TB16: what a tablet is told to forget. On every store."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from sync.documents import parse_edit
from sync.stores.contract import Want, Written
from tests.builders import record, write
from tests.enrolling import by_password
from tests.serving import ADMIN, PASSWORD, Here, here

BRANCH = "branch-b03"


@pytest.fixture
async def server(store_address: str, tmp_path: Path) -> AsyncIterator[Here]:
    async with here(tmp_path, store=store_address) as made:
        await made.services.accounts.add("zhang", "member", PASSWORD, member="m0042", branch="b03")
        if BRANCH not in await made.services.store.databases():
            await made.services.store.create(BRANCH)
        yield made


def visit(author: str, *others: str) -> dict[str, Any]:
    body = record("visit", author=author)
    kept = {path: value for path, value in body["fields"].items() if not path.startswith("participants/")}
    body["fields"] = kept | {f"participants/{one}": True for one in (author, *others)}
    return body


async def store(server: Here, body: dict[str, Any], *path: str) -> str:
    (result,) = await server.services.store.add(BRANCH, [write(body, *path)])
    assert isinstance(result, Written), result
    return str(body["_id"])


async def since(server: Here, token: str, after: str | None = None, db: str = BRANCH) -> dict[str, Any]:
    query = {} if after is None else {"since": after}
    answer = await server.as_(token).get(f"/api/v1/tablets/me/forget/{db}", params=query)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def among(server: Here, token: str, ids: Sequence[str], db: str = BRANCH) -> dict[str, Any]:
    answer = await server.as_(token).post(f"/api/v1/tablets/me/forget/{db}", json={"ids": list(ids)})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def erase(server: Here, *ids: str) -> None:
    asked = {"database": BRANCH, "ids": list(ids), "reason": "request 12"}
    assert (await server.as_(ADMIN).post("/api/v1/erasures", json=asked)).status_code == 200


async def test_tb15_it_is_told_what_was_written_and_is_not_for_it_any_more(server: Here) -> None:
    token = (await by_password(server))["token"]
    shared, own = visit("m0042", "m0117"), visit("m0117")
    await store(server, shared)
    begun = await since(server, token)
    assert (begun["ids"], begun["compare"], begun["more"], begun["all"]) == ([], True, False, False)
    nothing = await since(server, token, begun["next"])
    assert nothing.pop("next")
    assert nothing == {"ids": [], "more": False, "compare": False, "all": False}
    await store(server, own)
    taken_out = {**shared, "fields": {**shared["fields"], "participants/m0117": False}}
    await store(server, taken_out, "2-b", "1-a")
    told = await since(server, token, begun["next"])
    assert (told["ids"], told["compare"], told["more"]) == ([shared["_id"]], False, False)
    assert (await since(server, token, told["next"]))["ids"] == []
    zhang = (await by_password(server, "zhang"))["token"]
    assert (await since(server, zhang, told["next"]))["compare"], "a token is of one reader"


async def test_tb15_a_page_ends_and_the_next_goes_on(server: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.forgetting.CHANGES_MAX", 2)
    token = (await by_password(server))["token"]
    at = (await since(server, token))["next"]
    ids = [await store(server, visit("m0042")) for _ in range(5)]
    told: list[str] = []
    for more in (True, True, False):
        page = await since(server, token, at)
        assert page["more"] is more
        told += page["ids"]
        at = page["next"]
    assert sorted(told) == ids


async def test_tb15_after_an_erasure_other_rights_or_a_restore_all_is_compared(server: Here) -> None:
    token = (await by_password(server))["token"]
    doc = await store(server, visit("m0117"))
    at = (await since(server, token))["next"]
    assert not (await since(server, token, at))["compare"]
    await erase(server, doc)
    told = await since(server, token, at)
    assert told["compare"]
    at = told["next"]
    assert not (await since(server, token, at))["compare"]
    member = record("member", fields={"name": "李娟", "branch": "b04"})
    member["fields"] |= {"belonged/1/branch": "b03", "belonged/1/days": ["2020-01-01", "2026-01-01"]}
    await server.services.store.add("centre", [parse_edit({**member, "_id": "member:m0117"})])
    await server.services.admission.directory.refresh("centre")
    told = await since(server, token, at)
    assert (told["compare"], told["all"]) == (True, False)
    await server.services.store.new_incarnation()
    assert (await since(server, token, told["next"]))["compare"]
    for bad in ("0", "nonsense", "12-abc.def", at + "x"):
        assert (await since(server, token, bad))["compare"]


async def test_tb16_of_what_it_holds_it_is_told_what_it_may_not_read_and_what_was_erased(server: Here) -> None:
    token = (await by_password(server))["token"]
    own, foreign = await store(server, visit("m0117")), await store(server, visit("m0042"))
    erased = await store(server, visit("m0117"))
    checked = f"check:{erased}"
    await erase(server, erased)
    told = await among(server, token, [own, foreign, erased, checked, "visit:lacking", f"check:{own}"])
    assert told == {"ids": [foreign, erased, checked], "all": False}


async def test_tb16_what_a_restored_server_lacks_is_not_forgotten(server: Here) -> None:
    token = (await by_password(server))["token"]
    doc = await store(server, visit("m0117"))
    await server.services.store.erase(BRANCH, {doc: None})
    await server.services.store.new_incarnation()
    assert (await since(server, token))["compare"]
    assert (await among(server, token, [doc]))["ids"] == []
    (found,) = await server.services.store.get(BRANCH, [Want(doc)])
    assert not found.tree


async def test_tb16_a_tombstone_is_told_by_the_feed_to_its_readers_and_here_to_others(server: Here) -> None:
    token = (await by_password(server))["token"]
    for author, forgotten in (("m0117", False), ("m0042", True)):
        body = visit(author)
        doc = await store(server, body)
        (result,) = await server.services.store.add(BRANCH, [write(body, "2-b", "1-a", deleted=True)])
        assert isinstance(result, Written)
        assert ((await among(server, token, [doc]))["ids"] == [doc]) is forgotten


async def test_tb16_a_closed_database_is_forgotten_whole_and_tells_what_it_will_not_miss(server: Here) -> None:
    token = (await by_password(server))["token"]
    doc = await store(server, visit("m0117"))
    await server.services.accounts.change("li", branch="b04")
    told = await since(server, token)
    assert (told["all"], told["compare"], told["ids"]) == (True, True, [])
    assert await among(server, token, [doc, "visit:lacking"]) == {"ids": [doc], "all": True}
    for db in ("office", "branch-none", "anything"):
        assert await among(server, token, ["account:li"], db) == {"ids": [], "all": True}, "nothing leaks"
        assert (await since(server, token, db=db))["all"]


async def test_tb16_a_database_that_is_not_there_says_nothing(server: Here) -> None:
    token = (await by_password(server))["token"]
    await server.services.store.drop(BRANCH)
    for answer in (
        await server.as_(token).get(f"/api/v1/tablets/me/forget/{BRANCH}"),
        await server.as_(token).post(f"/api/v1/tablets/me/forget/{BRANCH}", json={"ids": ["visit:1"]}),
    ):
        assert answer.status_code == 404


async def test_tb16_a_comparison_has_a_limit_and_needs_the_tablets_token(server: Here) -> None:
    made = await by_password(server)
    path = f"/api/v1/tablets/me/forget/{BRANCH}"
    assert (await server.as_(made["token"]).post(path, json={"ids": ["x"] * 5001})).status_code == 400
    assert (await server.as_(made["token"]).post(path, json={"ids": ["x"] * 5000})).status_code == 200
    assert (await server.as_(ADMIN).get(path)).status_code == 401
    await server.as_(ADMIN).post(f"/api/v1/tablets/{made['tablet']['id']}/lock")
    assert (await server.as_(made["token"]).get(path)).json()["error"] == "tablet_locked"


async def test_tb16_an_administrators_tablet_forgets_only_what_was_erased(server: Here) -> None:
    code = (await server.as_(ADMIN).post("/api/v1/tablets", json={"account": "admin"})).json()["code"]
    token = (await server.as_().post("/api/v1/tablets/enrol", json={"code": code})).json()["token"]
    at = (await since(server, token))["next"]
    doc, gone = await store(server, visit("m0042")), await store(server, visit("m0042"))
    assert (await since(server, token, at))["ids"] == []
    await erase(server, gone)
    assert (await among(server, token, [doc, gone]))["ids"] == [gone]
