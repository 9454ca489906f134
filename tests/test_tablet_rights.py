"""What a member may see changes while the tablet is away: what was written is brought, what may not be seen any more leaves."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from schemas import rule_of
from sync.reconcile.edit import edit
from tests.browser import Tablet, needed, until
from tests.builders import stamp
from tests.serving import ADMIN, Served

pytestmark = [needed, pytest.mark.browser]

CARDS = """async () => {
  const names = (await indexedDB.databases()).map((one) => one.name).filter((name) => /^fieldbook-[^-]+$/.test(name));
  const found = [];
  for (const name of names) {
    const db = await new Promise((resolve) => { const asked = indexedDB.open(name); asked.onsuccess = () => resolve(asked.result); });
    const keys = await new Promise((resolve) => {
      const asked = db.transaction("cards").objectStore("cards").getAllKeys();
      asked.onsuccess = () => resolve(asked.result);
    });
    found.push(...keys);
    db.close();
  }
  return found;
}"""


async def cards(tablet: Tablet, kind: str) -> set[str]:
    """Ids of what the tablet shows in lists."""
    found: list[str] = await tablet.page.evaluate(CARDS)
    return {one for one in found if one.startswith(f"{kind}:")}


def as_admin(staffed: Served) -> httpx.Client:
    return httpx.Client(base_url=staffed.url, auth=ADMIN)


def put(staffed: Served, db: str, body: dict[str, Any]) -> None:
    with as_admin(staffed) as admin:
        held = admin.get(f"/sync/{db}/{body['_id']}").json()
        rev = {"_rev": held["_rev"]} if "_rev" in held else {}
        answer = admin.put(f"/sync/{db}/{body['_id']}", content=json.dumps({**body, **rev}))
        assert answer.status_code == 201, answer.text


def member(name: str, branch: str) -> dict[str, Any]:
    fields = {"name": f"同志{name[1:]}", "branch": branch, "role": "member", "active": True}
    return {"_id": f"member:{name}", "type": "member", "version": 1, "fields": fields}


def visit(number: int, participants: dict[str, bool]) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "period": ["2026-11-20T00:03:12Z", "2026-11-20T00:40:00Z"],
        "kind": "other",
        **{f"participants/{who}": there for who, there in participants.items()},
    }
    return {
        "_id": f"visit:01K9ZJ6Q3T8M4V7C2N5B1X{number:04d}",
        "type": "visit",
        "version": 2,
        "branch": "b03",
        "author": "m0042",
        "zone": "Asia/Shanghai",
        "fields": fields,
        "stamps": {"": stamp("m0042", "t9")},
        "replaced": [],
    }


def without(body: dict[str, Any], participant: str) -> dict[str, Any]:
    content = {name: value for name, value in body.items() if name != "_id"}
    later = edit([content], {f"participants/{participant}": False}, stamp("m0042", "t9"), rule_of=rule_of)
    return {**later, "_id": body["_id"]}


async def test_ta9_what_a_member_may_not_see_any_more_leaves_the_tablet(
    make: Callable[..., Tablet], staffed: Served
) -> None:
    first = visit(1, {"m0042": True, "m0117": True})
    put(staffed, "branch-b03", first)
    put(staffed, "branch-b03", visit(2, {"m0042": True, "m0117": True}))
    tablet = make("t1")
    await tablet.start()
    await tablet.enrol("li")
    await tablet.synced()
    assert len(await cards(tablet, "visit")) == 2
    await tablet.cut()
    put(staffed, "branch-b03", without(first, "m0117"))
    await tablet.join()
    await contact(tablet)
    await until(lambda: _counts(tablet, "visit", 1))
    await tablet.kill()
    await tablet.start(offline=True)
    await tablet.unlock()
    assert len(await cards(tablet, "visit")) == 1


async def test_ta9_what_was_erased_leaves_the_tablet(make: Callable[..., Tablet], staffed: Served) -> None:
    put(staffed, "branch-b03", visit(1, {"m0042": True, "m0117": True}))
    tablet = make("t1")
    await tablet.start()
    await tablet.enrol("li")
    await tablet.synced()
    assert len(await cards(tablet, "visit")) == 1
    with as_admin(staffed) as admin:
        asked = {"database": "branch-b03", "ids": [visit(1, {})["_id"]], "reason": "依本人申请"}
        assert admin.post("/api/v1/erasures", json=asked).status_code == 200
    await contact(tablet)
    await until(lambda: _counts(tablet, "visit", 0))


async def test_ta10_a_member_who_moves_has_the_new_branch_and_not_the_old(
    make: Callable[..., Tablet], staffed: Served
) -> None:
    put(staffed, "centre", member("m0117", "b03"))
    put(staffed, "branch-b03", visit(1, {"m0042": True}) | {"author": "m0117"})
    tablet = make("t1")
    await tablet.start()
    await tablet.enrol("li")
    await tablet.synced()
    assert len(await cards(tablet, "visit")) == 1
    with as_admin(staffed) as admin:
        assert admin.put("/sync/branch-b04").status_code in (201, 412)
        assert admin.patch("/api/v1/accounts/li", json={"branch": "b04"}).status_code == 200
    put(staffed, "centre", member("m0117", "b04"))
    await contact(tablet)

    async def moved() -> bool:
        names: list[str] = await tablet.page.evaluate("indexedDB.databases().then((all) => all.map((one) => one.name))")
        return any("branch-b04" in name for name in names)

    await until(moved)
    await tablet.synced()
    await tablet.kill()
    await tablet.start()
    await tablet.unlock()
    await tablet.synced()


async def contact(tablet: Tablet) -> None:
    """Now, and not when something new wakes it."""
    await tablet.page.evaluate("dispatchEvent(new Event('online'))")


async def _counts(tablet: Tablet, kind: str, number: int) -> bool:
    return len(await cards(tablet, kind)) == number
