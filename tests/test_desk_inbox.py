"""What the inbox asks of the API beside its list: who was first, what changed since, two subjects side by side, what was quarantined."""

from typing import Any

from server.api.examples import EXAMPLES
from sync.reconcile.body import join
from sync.reconcile.edit import edit
from sync.reconcile.explain import seen_hash
from sync.reconcile.since import changed_since
from tests.builders import record, stamp, write
from tests.desk import COMMITTEE, LI, SECRETARY, Desk
from tests.filling import household
from tests.serving import ADMIN, PASSWORD
from tests.working import edited, hours, visit

DEPUTY = ("deputy", PASSWORD)


async def opened(here: Desk, body: dict[str, Any], who: tuple[str, str] = SECRETARY) -> Any:
    return await here.until(lambda: here.get(who, f"/records/{body['_id']}"), lambda told: bool(told["seen"]))


async def test_ix9_of_two_who_decide_at_once_the_second_is_told_by_whom_it_was_decided(here: Desk) -> None:
    await here.services.accounts.add("deputy", "deputy", PASSWORD, member="m0002", branch="b03")
    body = visit("m0117")
    await here.push("m0117", body)
    told = await opened(here, body)
    assert told["decided"] == ""
    bound = {"record": body["_id"], "seen": told["seen"], "decided": told["decided"]}
    first = await here.post(DEPUTY, "/reviews", {**bound, "decision": "approve"})
    second = await here.post(SECRETARY, "/reviews", {**bound, "decision": "return", "text": "请补充"}, status=409)
    assert (second["error"], second["member"], second["decision"]) == ("decided", "m0002", "approve")
    assert second["newer"]["id"] == body["_id"]
    many = await here.post(SECRETARY, "/reviews/batch", {"decisions": [{**bound, "decision": "approve"}]}, status=200)
    assert (many[0]["status"], many[0]["error"]) == ("conflict", "decided")
    told = await here.until(lambda: here.get(SECRETARY, f"/records/{body['_id']}"), lambda told: told["decided"] != "")
    assert (told["decided"], told["review"]) == (first["id"], "approved")
    again = {**bound, "decided": first["id"], "decision": "reopen"}
    await here.post(SECRETARY, "/reviews", again)


async def test_ix9_the_list_tells_the_last_decision_too(here: Desk) -> None:
    body = visit("m0117")
    await here.push("m0117", body)
    told = await opened(here, body)
    done = await here.post(
        SECRETARY,
        "/reviews",
        {"record": body["_id"], "decision": "approve", "seen": told["seen"], "decided": ""},
    )
    await here.services.store.add("branch-b03", [write(edited(body, "outcome", "已补"), "2-b", "1-a")])
    told = await here.until(lambda: here.get(SECRETARY, "/inbox"), lambda told: told["counts"]["amended"] == 1)
    (item,) = [one for one in told["items"] if one["kind"] == "amended"]
    assert item["decided"] == done["id"]


async def test_ap20_an_amendment_tells_what_each_field_said_when_it_was_approved(here: Desk) -> None:
    body = visit("m0117")
    await here.push("m0117", body)
    told = await opened(here, body)
    await here.get(SECRETARY, f"/records/{body['_id']}/since", 404)
    later = {"_id": body["_id"], **edit([body], {"narrative": "后来补的"}, stamp("m0117", "t1", number=1))}
    await here.post(SECRETARY, "/reviews", {"record": body["_id"], "decision": "approve", "seen": told["seen"]})
    await here.services.store.add("branch-b03", [write(later, "2-b", "1-a")])

    async def asked() -> Any:
        return await here.get(SECRETARY, f"/records/{body['_id']}/since")

    since = await here.until(asked, lambda told: told["fields"] != [])
    assert (since["decision"], since["member"], since["exact"]) == ("approve", "m0001", True)
    (field,) = since["fields"]
    assert (field["path"], field["after"]) == ("narrative", "后来补的")
    assert field["before"] == body["fields"].get("narrative")
    await here.get(("other", PASSWORD), f"/records/{body['_id']}/since", 404)


def test_ap20_an_old_edit_that_a_tablet_brought_late_is_told_as_later_whatever_its_clock_says() -> None:
    """It was made before the approval, and was not there to be seen."""
    body = record()
    first = {**body, "stamps": {"": stamp(number=0)}}
    seen = edit([first], {"narrative": "批准时的"}, stamp("m0117", "t1", number=2))
    approved = seen_hash(seen, [])
    late = edit([first], {"outcome": "早写的，晚到的"}, stamp("m0117", "t2", number=1))
    both = join([seen, late])
    since = changed_since(both, lambda one: seen_hash(one, []) == approved, 2**62)
    assert since.exact
    assert [(one.path, one.after) for one in since.fields] == [("outcome", "早写的，晚到的")]
    unknown = changed_since(both, lambda _: False, 0)
    assert not unknown.exact
    assert {one.path for one in unknown.fields} >= {"narrative", "outcome"}


async def test_ls7_two_subjects_stand_side_by_side_with_how_many_records_each_has(here: Desk) -> None:
    one = household("三组八号户", 1) | {"fields": {"kind": "household", "name": "三组八号户", "address": "河西村三组"}}
    other = household("３组8号户", 2) | {"fields": {"kind": "household", "name": "３组8号户", "address": "河西村 3组"}}
    seen = visit("m0117", subject=one["_id"], period=hours(1, 2))
    await here.push("m0117", one, other, seen)
    path = f"/subjects/{one['_id']}/beside/{other['_id']}"
    told = await here.until(lambda: here.get(SECRETARY, path), lambda told: told["first"]["records"] == 1)
    assert (told["first"]["name"], told["second"]["name"], told["second"]["records"]) == ("三组八号户", "３组8号户", 0)
    assert told["first"]["fields"]["address"] == "河西村三组"
    assert told["score"] >= 60
    assert told["because"]
    done = await here.post(
        SECRETARY, "/reviews", {"record": one["_id"], "decision": "alias", "same_as": other["_id"], "decided": ""}
    )
    told = await here.until(lambda: here.get(SECRETARY, path), lambda told: told["alias"] != "")
    assert told["alias"] == told["decided"] == done["id"]
    again = {"record": one["_id"], "decision": "split", "records": [other["_id"]], "supersedes": done["id"]}
    await here.post(SECRETARY, "/reviews", again)
    told = await here.until(lambda: here.get(SECRETARY, path), lambda told: told["split"] != "")
    assert told["alias"] == ""
    await here.get(("other", PASSWORD), path, 404)


async def test_ix8_the_quarantine_goes_on_after_the_last_entry_and_one_is_read_by_who_may(here: Desk) -> None:
    for number in range(3):
        async with here.here.as_(LI) as li:
            doc = {
                **record(author="m0117", branch="b04"),
                "_rev": f"1-{number}",
                "_revisions": {"start": 1, "ids": [f"{number}"]},
            }
            answer = await li.post("/sync/branch-b03/_bulk_docs", json={"docs": [doc], "new_edits": False})
            assert answer.json()[0]["error"] == "forbidden", answer.text
    first = await here.get(ADMIN, "/quarantine?limit=2")
    assert len(first["entries"]) == 2
    rest = await here.get(ADMIN, f"/quarantine?limit=2&after={first['next']}")
    assert len(rest["entries"]) == 1
    assert rest["next"] is None
    entry = first["entries"][0]
    assert await here.get(ADMIN, f"/quarantine/{entry['id']}") == entry
    assert await here.get(LI, f"/quarantine/{entry['id']}") == entry
    await here.get(SECRETARY, f"/quarantine/{entry['id']}", 404)
    await here.get(ADMIN, "/quarantine?after=nonsense", 400)
    assert sum((await here.get(COMMITTEE, "/inbox"))["counts"].values()) == 0, "it waits for administrators alone"


def test_ap19_the_routes_of_the_inbox_have_examples() -> None:
    assert {
        ("get", "/api/v1/records/{record}/since"),
        ("get", "/api/v1/quarantine"),
        ("get", "/api/v1/subjects/{subject}/beside/{other}"),
        ("post", "/api/v1/reviews"),
    } <= set(EXAMPLES)
