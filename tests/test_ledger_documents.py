"""LG: what the ledger writes for a branch, and what an approval is bound to."""

import json

from schemas import check
from sync.ledger.documents import month_id
from sync.reconcile.explain import seen_hash
from sync.stores.contract import Want
from tests.builders import record
from tests.working import Working, add, edited, hours, review, visit, write


async def test_lg9_the_documents_are_written_only_when_they_say_something_new(one: Working) -> None:
    body = visit(problems__item1__text="漏雨")
    await add(one, body)
    month = await one.month()
    assert (month["state"], month["number"], month["figures/activities"]) == ("open", 0, 1)
    assert month[f"activities/activity:{body['_id']}"] is True
    (found,) = await one.store.get("branch-b03", [Want(month_id("b03", "2026-11"))])
    assert check({"_id": found.id, **json.loads(found.revisions[0].body)}) == []
    at = found.seq
    await one.store.add("branch-b03", [write(edited(body, "narrative", "补充"), "2-b", "1-a")])
    await one.idle()
    (found,) = await one.store.get("branch-b03", [Want(month_id("b03", "2026-11"))])
    assert found.seq == at, "what it says has not changed"
    await add(one, visit(period=hours(8, 9)))
    assert (await one.month())["figures/activities"] == 2


async def test_lg9_a_written_document_that_somebody_changed_is_put_right(one: Working) -> None:
    body = visit()
    await add(one, body)
    doc = f"activity:{body['_id']}"
    (found,) = await one.store.get("branch-b03", [Want(doc)])
    rev = found.revisions[0].rev
    wrong = {"_id": doc, **json.loads(found.revisions[0].body)}
    wrong["fields"] = {**wrong["fields"], "person_times": 99}
    await one.store.add("branch-b03", [write(wrong, "2-zzzz", rev), write(wrong, "2-yyyy", rev)])
    await one.idle()
    assert (await one.documents("activity:"))[doc]["person_times"] == 1
    (change,) = (await one.store.changes("branch-b03", ids=[doc])).changes
    (found,) = await one.store.get("branch-b03", [Want(doc, "leaves")])
    assert [stored.deleted for stored in found.revisions] == [False, True], change
    await one.same_from_nothing()


async def test_lg10_an_approved_month_stays_as_it_was_and_what_comes_later_is_a_supplement(one: Working) -> None:
    await add(one, visit())

    async def approve(at: int, author: str = "m0200") -> None:
        (found,) = await one.store.get("branch-b03", [Want(month_id("b03", "2026-11"))])
        seen = f"sha256-{seen_hash(json.loads(found.revisions[0].body), [])}"
        await add(one, review(found.id, "approve", author, at, seen=seen, at="2026-12-01T01:00:00Z"))

    await add(one, review(month_id("b03", "2026-11"), "approve", "m0200", 1, seen=f"sha256-{'0' * 64}"))
    assert (await one.month())["state"] == "open", "bound to something else"
    await approve(2)
    month = await one.month()
    assert (month["state"], month["number"], month["approved_by"]) == ("approved", 1, "m0200")
    late = visit(period=hours(8, 9))
    await add(one, late)
    month = await one.month()
    assert (month["state"], month["supplement_to"]) == ("under_review", 1)
    assert month[f"late/activity:{late['_id']}"] is True
    await approve(3)
    assert (await one.month())["number"] == 2
    versions = await one.documents("activity_record:b03:2026-11:v")
    assert [fields["figures/activities"] for fields in versions.values()] == [1, 2]
    await add(one, review(month_id("b03", "2026-11"), "reopen", "m0200", 4))
    assert (await one.month())["state"] == "open"
    await one.same_from_nothing()


async def test_lg11_an_approval_is_bound_to_the_photos_too(one: Working) -> None:
    body = visit()
    await add(one, body)
    seen = f"sha256-{seen_hash(body, [])}"
    await add(one, review(body["_id"], "approve", "m0117", seen=seen))

    async def stands() -> str:
        query = "SELECT review FROM record WHERE id=?"
        return str((await one.ledger.read(lambda sql: sql.execute(query, [body["_id"]]).fetchone()))[0])

    assert await stands() == "open", "nobody's own word counts"
    await add(one, review(body["_id"], "approve", "m0001", 1, seen=seen))
    assert await stands() == "approved"
    assert (await one.documents("activity:"))[f"activity:{body['_id']}"]["state"] == "approved"
    await add(one, record("photo", fields={"record": body["_id"]}))
    assert await stands() == "amended"
    await one.same_from_nothing()
    await add(one, review(body["_id"], "return", "m0001", 2, seen="sha256-" + "0" * 64))
    assert await stands() == "corrected", "it has been changed since it was returned"
