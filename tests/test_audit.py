"""AD: the audit."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from server.audit import Audit
from sync.actor import Actor
from tests.serving import ADMIN, PASSWORD, Here, here

LI = Actor("li", "member", frozenset(), "m0117", "b03", "t234567")


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Here]:
    async with here(tmp_path) as made:
        yield made


async def lines(server: Here, **chosen: Any) -> list[dict[str, Any]]:
    """Newest first."""
    answer = await server.as_(ADMIN).get("/api/v1/audit", params=chosen)
    assert answer.status_code == 200
    found: list[dict[str, Any]] = answer.json()["lines"]
    return found


async def test_ad1_nobody_changes_or_deletes_a_line_not_even_an_administrator(server: Here) -> None:
    await server.services.audit.write("export", LI, what="ledger")
    (line,) = await lines(server, kind="export")
    client = server.as_(ADMIN)
    path = f"/sync/office/{line['id']}"
    held = (await client.get(path)).json()
    assert (await client.put(path, json=held | {"what": "nothing"})).status_code == 403
    assert (await client.delete(path, params={"rev": held["_rev"]})).status_code == 403
    pushed = {"docs": [held | {"_rev": "2-x", "what": "nothing"}], "new_edits": False}
    assert (await client.post("/sync/office/_bulk_docs", json=pushed)).json()[0]["error"] == "forbidden"
    assert (await client.get(path)).json() == held


async def test_ad2_administration_is_written_when_it_is_answered(server: Here) -> None:
    asked = {"name": "wang", "role": "committee", "password": PASSWORD}
    await server.as_(ADMIN).post("/api/v1/accounts", json=asked)
    await server.as_(ADMIN).patch("/api/v1/accounts/wang", json={"locked": True})
    made = (await server.as_(ADMIN).post("/api/v1/tablets", json={"account": "li"})).json()
    await server.as_(ADMIN).post(f"/api/v1/tablets/{made['tablet']['id']}/lock")
    written = [held.content async for held in server.services.office.all("audit") if held.content["kind"] != "login"]
    assert [(one["account"], one["kind"], one["of"]) for one in written] == [
        ("admin", "account_added", "wang"),
        ("admin", "account_changed", "wang"),
        ("admin", "tablet_invited", made["tablet"]["id"]),
        ("admin", "tablet_lock", made["tablet"]["id"]),
    ]
    assert PASSWORD not in str(written)


async def test_ad3_a_pull_in_steps_is_one_line_and_a_sync_without_news_is_none(server: Here) -> None:
    audit = server.services.audit
    audit.delivery(LI, "branch-b03", "0", "100-x", 100)
    audit.delivery(LI, "branch-b03", "100-x", "200-x", 100)
    audit.delivery(LI, "branch-b03", "200-x", "200-x", 0)
    audit.delivery(LI, "shared", "0", "7-x", 3)
    audit.delivery(LI, "branch-b03", "0", "50-x", 50)
    found = await lines(server, kind="delivery")
    assert [(one["db"], one["from"], one["to"], one["count"]) for one in reversed(found)] == [
        ("branch-b03", "0", "200-x", 200),
        ("shared", "0", "7-x", 3),
        ("branch-b03", "0", "50-x", 50),
    ]
    assert {(one["account"], one["member"], one["tablet"]) for one in found} == {("li", "m0117", "t234567")}


async def test_ad3_deliveries_are_written_without_being_asked_for(server: Here) -> None:
    server.services.audit.delivery(LI, "branch-b03", "0", "9-x", 9)
    for _ in range(300):
        if await server.services.office.newest("audit", None, 1):
            return
        await asyncio.sleep(0.01)
    pytest.fail("the line was not written")


async def test_ad4_log_ins_are_written_good_and_bad(server: Here) -> None:
    await server.as_().post("/api/v1/session", json={"name": "li", "password": PASSWORD})
    await server.as_().post("/api/v1/session", json={"name": "li", "password": "wrong password"})
    await server.as_(("li", PASSWORD)).get("/sync/_session")
    await server.as_(("li", PASSWORD)).get("/sync/_session")
    found = [
        (one["kind"], one.get("by")) for one in reversed(await lines(server, account="li")) if "login" in one["kind"]
    ]
    assert found == [("login", "session"), ("login_failed", None), ("login", "basic")]


async def test_ad5_lines_sort_as_they_were_made_also_when_the_clock_steps_back(server: Here) -> None:
    times = iter([2000, 1000, 1000, 3000])
    now = server.services.now

    def clock() -> Any:
        return now().fromtimestamp(next(times), tz=now().tzinfo)

    audit = Audit(server.services.office, clock, lambda: "abcd1234")
    for number in range(4):
        audit.note("export", LI, number=number)
    await audit.flush()
    assert [one["number"] for one in reversed(await lines(server, kind="export"))] == [0, 1, 2, 3]


async def test_ad6_lines_wait_while_the_store_cannot_take_them(server: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: Any) -> Any:
        raise OSError("no space left")

    with monkeypatch.context() as patched:
        patched.setattr(server.services.store, "add", broken)
        server.services.audit.note("export", LI, number=1)
        with pytest.raises(OSError, match="no space"):
            await server.services.audit.flush()
    server.services.audit.note("export", LI, number=2)
    assert [one["number"] for one in reversed(await lines(server, kind="export"))] == [1, 2]


async def test_ad6_the_memory_that_they_wait_in_is_bounded(server: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.audit.QUEUE_MAX", 3)
    for number in range(5):
        server.services.audit.note("export", LI, number=number)
    assert server.services.audit.lost == 2
    assert "fieldbook_audit_lines_lost_total 2" in (await server.as_().get("/metrics")).text


async def test_ad7_the_audit_is_read_a_page_at_a_time_newest_first(server: Here) -> None:
    for number in range(5):
        server.services.audit.note("export", LI, number=number)
        server.services.audit.note("read", LI, records=[])
    client, before, numbers = server.as_(ADMIN), None, []
    while True:
        params = {"kind": "export", "limit": 2} | ({"after": before} if before else {})
        page = (await client.get("/api/v1/audit", params=params)).json()
        numbers += [one["number"] for one in page["lines"]]
        before = page["next"]
        if before is None:
            break
    assert numbers == [4, 3, 2, 1, 0]
    assert (await client.get("/api/v1/audit", params={"limit": 0})).status_code == 400


async def test_ad6_a_line_whose_writing_was_broken_off_after_it_was_written_is_not_lost(server: Here) -> None:
    trail = server.services.audit
    store = server.services.store
    written = asyncio.Event()

    class Slow:
        async def add(self, db: str, items: Any) -> Any:
            await store.add(db, items)
            written.set()
            await asyncio.Event().wait()

    class Office:
        store = Slow()

    whole = trail._office
    trail._office = Office()  # type: ignore[assignment]  # a store that has written and does not answer any more
    trail.note("export", LI, what="ledger")
    broken = asyncio.ensure_future(trail.flush())
    await written.wait()
    broken.cancel()
    await asyncio.gather(broken, return_exceptions=True)
    trail._office = whole
    await trail.flush()
    assert trail.lost == 0
    assert len(await lines(server, kind="export")) == 1
