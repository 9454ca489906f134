"""AP: what the desk is told and may decide, over the whole application with its worker at work."""

from datetime import UTC, datetime
from typing import Any

import pytest

from sync.stores.contract import Range
from tests.builders import record, stamp, write
from tests.desk import COMMITTEE, LI, SECRETARY, ZHANG, Desk
from tests.working import edited, visit

HOUSEHOLD = "household:01K8Q2M4T6V8C0N2B4X6D8E0F1"
MONTH = "/activity-records/b03/2026-11"


async def the_month(here: Desk, activities: int) -> Any:
    """The activity record, once it shows so many activities and the tablets have it too."""
    return await here.until(
        lambda: here.get(SECRETARY, MONTH), lambda told: len(told["activities"]) == activities and told["seen"]
    )


async def test_ap1_two_peoples_records_of_one_visit_are_one_activity_that_names_both(here: Desk) -> None:
    li, zhang = visit("m0117"), visit("m0042")
    await here.push("m0117", li)
    await here.push("m0042", zhang)
    month = await the_month(here, 1)
    (doc,) = month["activities"]
    told = await here.get(SECRETARY, f"/activities/{doc}")
    assert told["participants"] == ["m0042", "m0117"]
    assert sorted(told["records"]) == sorted([li["_id"], zhang["_id"]])
    (joined,) = told["joined"]
    assert "same_subject" in joined["because"]
    assert "overlap" in joined["because"]
    assert joined["overlap_minutes"] == 36
    other = next(one for one in (li, zhang) if f"activity:{one['_id']}" != doc)
    assert (await here.get(SECRETARY, f"/activities/activity:{other['_id']}"))["id"] == doc
    page = await here.services.store.changes("branch-b03", reader=frozenset({"branch:b03"}))
    assert doc in [change.id for change in page.changes], "it replicates to the branch's tablets"


async def test_ap2_every_figure_opens_to_its_rows_and_they_to_records(here: Desk) -> None:
    one = visit(
        "m0117", participants__m0042=True, problems__01K9AAAA__text="屋顶漏雨", problems__01K9AAAA__state="solved"
    )
    two = visit(
        "m0117",
        subject="enterprise:01K8Q2M4T6V8C0N2B4X6D8E0F2",
        period=["2026-11-20T03:00:00Z", "2026-11-20T04:00:00Z"],
    )
    await here.push("m0117", one, two)
    month = await the_month(here, 2)
    values = {figure["code"]: figure["value"] for figure in month["figures"]}
    assert (values["activities"], values["person_times"], values["person_minutes"]) == (2, 3, 36 * 2 + 60)
    assert (values["households"], values["enterprises"]) == (1, 1)
    assert (values["problems_found"], values["problems_solved"]) == (1, 1)
    for figure in month["figures"]:
        opened = await here.get(SECRETARY, figure["open"].removeprefix("/api/v1"))
        rows = opened["contributions"]
        if figure["code"] in ("person_times", "problems_found", "problems_solved"):
            assert len(rows) == figure["value"]
        elif figure["code"] == "person_minutes":
            assert sum(row["value"] for row in rows) == figure["value"]
        for row in rows:
            assert (await here.get(SECRETARY, f"/records/{row['record']}"))["activity"] == row["activity"]


async def test_ap3_a_conflict_of_two_tablets_is_merged_and_the_value_that_lost_is_shown(here: Desk) -> None:
    body = visit("m0117")
    await here.push("m0117", body)
    left = edited(body, "narrative", "甲", device="t1")
    right = edited(body, "narrative", "乙", device="t2")
    await here.services.store.add("branch-b03", [write(left, "2-b", "1-a"), write(right, "2-c", "1-a")])

    async def leaves() -> Any:
        return (await here.services.store.changes("branch-b03", ids=[body["_id"]])).changes[0]

    await here.until(leaves, lambda change: change.leaves[0].startswith("3-"))
    told = await here.get(SECRETARY, f"/records/{body['_id']}")
    assert told["body"]["fields"]["narrative"] == "乙"
    (history,) = told["history"]
    assert (history["path"], history["zh"], history["rule"], history["disputed"]) == (
        "narrative",
        "情况记录",
        "latest",
        True,
    )
    assert [(value["value"], value["fate"], value["tablet"]) for value in history["values"]][:2] == [
        ("乙", "shown", "t2"),
        ("甲", "lost", "t1"),
    ]


async def test_ap3_a_record_says_whether_it_counts_or_why_not(here: Desk) -> None:
    there = record("subject")
    sound, early = visit("m0117", subject=there["_id"]), visit("m0117", subject="household:01K8NOBODY")
    wrong = visit("m0117", subject=there["_id"], period=["2026-11-20T03:00:00Z", "2026-11-20T02:00:00Z"])
    await here.push("m0117", there, sound, early, wrong)
    for body, standing in ((sound, "counted"), (early, "unknown_subject"), (wrong, "flagged")):
        path = f"/records/{body['_id']}"
        told = await here.until(lambda path=path: here.get(SECRETARY, path), lambda told: told["standing"] != "")  # type: ignore[misc]
        assert told["standing"] == standing


async def test_ap4_an_approval_holds_for_what_was_seen_and_a_later_edit_is_an_amendment(here: Desk) -> None:
    body = visit("m0117")
    await here.push("m0117", body)
    await the_month(here, 1)
    told = await here.get(SECRETARY, f"/records/{body['_id']}")
    assert told["review"] == "open"
    await here.post(SECRETARY, "/reviews", {"record": body["_id"], "decision": "approve", "seen": told["seen"]})
    await here.until(lambda: here.get(SECRETARY, f"/records/{body['_id']}"), lambda one: one["review"] == "approved")
    (listed,) = (await here.get(SECRETARY, "/records?review=approved"))["records"]
    assert listed["id"] == body["_id"]
    later = edited(body, "outcome", "已办结")
    await here.services.store.add("branch-b03", [write(later, "2-b", "1-a")])
    await here.until(lambda: here.get(SECRETARY, f"/records/{body['_id']}"), lambda one: one["review"] == "amended")
    told = await here.get(LI, f"/records/{body['_id']}")
    assert [one["fields"]["decision"] for one in told["beside"]] == ["approve"], "it travels to the author"


async def test_ap5_a_decision_on_what_has_changed_since_is_refused_with_what_it_says_now(here: Desk) -> None:
    body = visit("m0117")
    await here.push("m0117", body)
    await the_month(here, 1)
    seen = (await here.get(SECRETARY, f"/records/{body['_id']}"))["seen"]
    later = edited(body, "outcome", "已办结")
    await here.services.store.add("branch-b03", [write(later, "2-b", "1-a")])
    decision = {"record": body["_id"], "decision": "approve", "seen": seen}
    refused = await here.post(SECRETARY, "/reviews", decision, 409)
    assert refused["newer"]["body"]["fields"]["outcome"] == "已办结"
    await here.post(SECRETARY, "/reviews", {**decision, "seen": refused["seen"]})


async def test_ap6_nobody_decides_on_an_own_record_and_members_on_none(here: Desk) -> None:
    own = visit("m0001")
    await here.push("m0001", own)
    await the_month(here, 1)
    told = await here.get(SECRETARY, f"/records/{own['_id']}")
    decision = {"record": own["_id"], "decision": "approve", "seen": told["seen"]}
    assert "own_record" in (await here.post(SECRETARY, "/reviews", decision, 403))["reason"]
    await here.post(COMMITTEE, "/reviews", decision)
    body = visit("m0117", period=["2026-11-20T06:00:00Z", "2026-11-20T07:00:00Z"])
    await here.push("m0117", body)
    told = await here.until(lambda: here.get(LI, f"/records/{body['_id']}"), bool)
    await here.post(LI, "/reviews", {"record": body["_id"], "decision": "approve", "seen": told["seen"]}, 403)


async def test_ap7_what_one_may_not_read_looks_like_what_is_not_there(here: Desk) -> None:
    body = visit("m0117")
    await here.push("m0117", body)
    await the_month(here, 1)
    assert len((await here.get(LI, "/records"))["records"]) == 1
    assert (await here.get(ZHANG, "/records"))["records"] == []
    assert (await here.get(ZHANG, f"/records/{body['_id']}", 404))["error"] == "not_found"
    assert (await here.get(ZHANG, "/records/visit:nothing", 404))["error"] == "not_found"
    (activity,) = (await here.get(ZHANG, "/activities"))["activities"]
    assert activity["readable"] == [], "the branch sees that it happened, not what was written"
    other = ("other", ZHANG[1])
    assert (await here.get(other, "/activities"))["activities"] == []
    assert (await here.get(other, "/figures?branch=b03", 403))["error"] == "forbidden"
    (group,) = await here.get(COMMITTEE, "/figures")
    assert group["figures"]["activities"] == 1


async def test_ap8_reading_about_persons_is_written_down(here: Desk) -> None:
    body = visit("m0117")
    await here.push("m0117", body)
    await the_month(here, 1)
    await here.get(SECRETARY, f"/records/{body['_id']}")
    lines = (await here.get(("admin", SECRETARY[1]), "/audit?kind=read"))["lines"]
    assert any(line["records"] == [body["_id"]] and line["account"] == "secretary" for line in lines)


async def test_ap9_lists_go_on_where_they_ended(here: Desk) -> None:
    bodies = [
        visit("m0117", period=[f"2026-11-{day:02d}T01:00:00Z", f"2026-11-{day:02d}T02:00:00Z"]) for day in range(1, 8)
    ]
    await here.push("m0117", *bodies)
    await the_month(here, 7)
    for path, name in (("/records", "records"), ("/activities", "activities")):
        seen: list[str] = []
        after = ""
        while True:
            page = await here.get(SECRETARY, f"{path}?limit=3{after}")
            seen += [one["day"] for one in page[name]]
            if page["next"] is None:
                break
            after = f"&after={page['next']}"
        assert seen == sorted(seen, reverse=True)
        assert len(seen) == 7
    await here.get(SECRETARY, "/records?after=nonsense", 400)


async def test_ap10_join_split_and_alias_are_decisions_that_stick(here: Desk) -> None:
    one = visit("m0117", place=None)
    two = visit("m0042", place=None, period=["2026-11-20T02:00:00Z", "2026-11-20T03:00:00Z"])
    await here.push("m0117", one)
    await here.push("m0042", two)
    await the_month(here, 2)
    ids = [f"activity:{body['_id']}" for body in (one, two)]
    suggested = (await here.get(SECRETARY, f"/activities/{ids[0]}"))["suggested"]
    assert suggested[0]["records"] == [one["_id"], two["_id"]]
    assert "gap" in suggested[0]["because"]
    joined = {"record": ids[0], "decision": "join", "records": [two["_id"]]}
    review = await here.post(SECRETARY, "/reviews", joined)
    await the_month(here, 1)
    told = await here.get(SECRETARY, f"/activities/{ids[1]}")
    assert (told["id"], told["joined"][0]["review"]) == (ids[0], review["id"])
    split = {"record": ids[0], "decision": "split", "records": [two["_id"]], "supersedes": review["id"]}
    await here.post(SECRETARY, "/reviews", split)
    await the_month(here, 2)
    assert (await here.get(SECRETARY, f"/activities/{ids[0]}"))["suggested"] == []


async def test_ap11_a_month_is_approved_as_it_was_seen_and_what_comes_later_is_late(here: Desk) -> None:
    await here.push("m0117", visit("m0117"))
    month = await the_month(here, 1)
    assert (month["state"], month["number"]) == ("open", 0)
    decision = {"record": month["id"], "decision": "approve", "seen": month["seen"]}
    await here.post(COMMITTEE, "/reviews", decision)
    month = await here.until(lambda: here.get(SECRETARY, MONTH), lambda one: one["state"] == "approved")
    assert (month["number"], month["published"], month["approved_by"]) == (1, [1], "m0200")
    late = visit("m0117", period=["2026-11-20T06:00:00Z", "2026-11-20T07:00:00Z"])
    await here.push("m0117", late)
    month = await the_month(here, 2)
    assert (month["state"], month["late"]) == ("under_review", [f"activity:{late['_id']}"])
    published = await here.get(SECRETARY, f"{MONTH}?version=1")
    assert (published["state"], len(published["activities"])) == ("approved", 1)
    await here.post(COMMITTEE, "/reviews", {**decision, "seen": month["seen"]})
    month = await here.until(lambda: here.get(SECRETARY, MONTH), lambda one: one["state"] == "approved")
    assert (month["number"], month["late"]) == (2, [])


async def test_ap12_a_dispute_is_settled_by_an_edit_that_names_what_was_seen(here: Desk) -> None:
    body = visit("m0117")
    await here.push("m0117", body)
    left = edited(body, "outcome", "甲", device="t1")
    right = edited(body, "outcome", "乙", device="t2")
    await here.services.store.add("branch-b03", [write(left, "2-b", "1-a"), write(right, "2-c", "1-a")])
    record = f"/records/{body['_id']}"
    told = await here.until(lambda: here.get(SECRETARY, record), lambda one: one["disputed"] == ["outcome"])
    saw = [value["stamp"] for value in told["history"][0]["values"]]
    settles = [{"path": "outcome", "value": "甲", "saw": saw}]
    decision = {"record": body["_id"], "decision": "settle", "seen": told["seen"], "settles": settles}
    await here.post(SECRETARY, "/reviews", decision)
    told = await here.until(lambda: here.get(SECRETARY, record), lambda one: one["disputed"] == [])
    assert told["body"]["fields"]["outcome"] == "甲"
    assert [value["value"] for value in told["history"][0]["values"]] == ["甲", "乙", "甲"]


@pytest.mark.parametrize("first", ["approve", "return"])
async def test_ap17_two_who_decide_at_once_end_in_one_stated_result(here: Desk, first: str) -> None:
    body = visit("m0117")
    await here.push("m0117", body)
    await the_month(here, 1)
    seen = (await here.get(SECRETARY, f"/records/{body['_id']}"))["seen"]

    def decided(decision: str, author: str, at: int) -> dict[str, Any]:
        told = record("review", author=author)
        fields = {"record": body["_id"], "decision": decision, "seen": seen, "text": "请补充"}
        readers = {f"readers/{one}": True for one in ("member:m0117", "secretary:b03", "committee")}
        moment = datetime(2026, 11, 20, 9, 0, at, tzinfo=UTC)
        return {**told, "fields": fields | readers, "stamps": {"": stamp(author, "desk", moment)}}

    # The committee returned it a second after the secretary had approved it; neither knew of the other.
    both = {"approve": decided("approve", "m0001", 1), "return": decided("return", "m0200", 2)}
    await here.push(both[first]["author"], both[first])
    await here.until(
        lambda: here.get(SECRETARY, f"/records/{body['_id']}"),
        lambda one: one["review"] == ("approved" if first == "approve" else "returned"),
    )
    other = "return" if first == "approve" else "approve"
    await here.push(both[other]["author"], both[other])
    told = await here.until(
        lambda: here.get(LI, f"/records/{body['_id']}"),
        lambda one: (
            len([beside for beside in one["beside"] if beside["type"] == "review"]) == 2 and one["review"] == "returned"
        ),
    )
    counts = {one["fields"]["decision"]: one["counts"] for one in told["beside"] if one["type"] == "review"}
    assert counts == {"approve": False, "return": True}


async def test_ap18_what_a_page_has_already_is_not_sent_again(here: Desk) -> None:
    body = visit("m0117")
    await here.push("m0117", body)
    await the_month(here, 1)
    paths = [f"/api/v1/records/{body['_id']}", "/api/v1/records", "/api/v1/figures?branch=b03", f"/api/v1{MONTH}"]
    async with here.here.as_(SECRETARY) as client:
        for path in paths:
            told = await client.get(path)
            again = await client.get(path, headers={"if-none-match": f'"other", W/{told.headers["etag"]}'})
            assert (again.status_code, again.content) == (304, b"")
            assert again.headers["etag"] == told.headers["etag"]
        tag = (await client.get(paths[0])).headers["etag"]
        await here.services.store.add("branch-b03", [write(edited(body, "outcome", "已办结"), "2-b", "1-a")])
        assert (await client.get(paths[0], headers={"if-none-match": tag})).status_code == 200
        assert "etag" not in (await client.get("/api/v1/records/visit:nothing")).headers


async def test_ap20_everything_that_is_wrong_with_a_body_is_told_at_its_place(here: Desk) -> None:
    wrong = {
        "decision": "praise",
        "seen": 7,
        "remarks": [{"text": "请写明"}, {"text": ""}, {"field": "narrative", "colour": "red"}, "no object"],
        "note": "",
    }
    async with here.here.as_(SECRETARY) as client:
        answer = await client.post("/api/v1/reviews", json=wrong)
        whole = await client.post("/api/v1/reviews", json=["no object"])
        cut = await client.post("/api/v1/reviews", content=b'{"record":')
        query = await client.get("/api/v1/records?limit=many")
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert (told["status"], told["type"], told["title"]) == (400, "urn:fieldbook:bad_request", "Bad Request")
    assert [one["field"] for one in told["problems"]] == [
        "record",
        "decision",
        "seen",
        "remarks/1/text",
        "remarks/2/text",
        "remarks/2/colour",
        "remarks/3",
        "note",
    ]
    assert all(one["problem"] for one in told["problems"])
    assert (whole.status_code, [one["field"] for one in whole.json()["problems"]]) == (400, [""])
    assert (cut.status_code, cut.json()["error"]) == (400, "bad_request")
    assert [one["field"] for one in query.json()["problems"]] == ["limit"]
    rows, _, _ = await here.services.store.rows("branch-b03", Range("review:", "review;"))
    assert not rows
