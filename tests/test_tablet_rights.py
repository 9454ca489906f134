"""What a member may see changes while the tablet is away: what was written is brought, what may not be seen any more leaves."""

from collections.abc import Callable
from typing import Any

import pytest

from schemas import rule_of
from sync.reconcile.edit import edit
from tests.browser import Tablet, needed, until
from tests.builders import stamp
from tests.filling import as_admin, member, put, visit
from tests.serving import Served

pytestmark = [needed, pytest.mark.browser]


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
    assert len(await tablet.cards("visit")) == 2
    await tablet.cut()
    put(staffed, "branch-b03", without(first, "m0117"))
    await tablet.join()
    await tablet.contact()
    await until(lambda: _counts(tablet, "visit", 1))
    await tablet.kill()
    await tablet.start(offline=True)
    await tablet.unlock()
    assert len(await tablet.cards("visit")) == 1


async def test_ta9_what_was_erased_leaves_the_tablet(make: Callable[..., Tablet], staffed: Served) -> None:
    put(staffed, "branch-b03", visit(1, {"m0042": True, "m0117": True}))
    tablet = make("t1")
    await tablet.start()
    await tablet.enrol("li")
    await tablet.synced()
    assert len(await tablet.cards("visit")) == 1
    with as_admin(staffed) as admin:
        asked = {"database": "branch-b03", "ids": [visit(1, {})["_id"]], "reason": "依本人申请"}
        assert admin.post("/api/v1/erasures", json=asked).status_code == 200
    await tablet.contact()
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
    assert len(await tablet.cards("visit")) == 1
    with as_admin(staffed) as admin:
        assert admin.put("/sync/branch-b04").status_code in (201, 412)
        assert admin.patch("/api/v1/accounts/li", json={"branch": "b04"}).status_code == 200
    put(staffed, "centre", member("m0117", "b04"))
    await tablet.contact()

    async def moved() -> bool:
        names: list[str] = await tablet.page.evaluate("indexedDB.databases().then((all) => all.map((one) => one.name))")
        return any("branch-b04" in name for name in names)

    await until(moved)
    await tablet.synced()
    await tablet.kill()
    await tablet.start()
    await tablet.unlock()
    await tablet.synced()


async def _counts(tablet: Tablet, kind: str, number: int) -> bool:
    return len(await tablet.cards(kind)) == number
