"""What the desk asks about a month, an activity, a subject and a member, over the whole application with its worker at work."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.builders import record, stamp, write
from tests.desk import COMMITTEE, LI, SECRETARY, Desk, desk
from tests.working import Working, add, hours, plain, review, visit

MONTH = "/activity-records/b03/2026-11"
FIRST, SECOND = (f"household:01K8Q2M4T6V8C0N2B4X6D8E0F{number}" for number in (1, 2))


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(tmp_path / "data") as made:
        yield made


async def the_month(here: Desk, activities: int, state: str = "open") -> Any:
    return await here.until(
        lambda: here.get(SECRETARY, MONTH),
        lambda told: (len(told["activities"]), told["state"]) == (activities, state) and told["seen"],
    )


async def approve(here: Desk, month: Any) -> Any:
    await here.post(SECRETARY, "/reviews", {"record": month["id"], "decision": "approve", "seen": month["seen"]})
    return await the_month(here, len(month["activities"]), "approved")


def household(doc: str, name: str) -> dict[str, Any]:
    body = record("subject")
    return {**body, "_id": doc, "fields": {"kind": "household", "name": name}}


async def test_fg14_figures_over_time_are_counted_step_by_step(here: Desk) -> None:
    days = [(2, FIRST), (3, FIRST), (10, FIRST), (11, SECOND)]
    await here.push("m0117", *(visit(period=hours(1, 2, day), subject=of) for day, of in days))
    await the_month(here, 4)
    asked = "/figures/series?codes=activities,households,good_share&over=week&first=2026-11&last=2026-11"
    told = await here.get(SECRETARY, asked)
    spans = [(step["first"], step["last"]) for step in told["steps"]]
    assert (spans[0], spans[1], spans[-1], len(spans)) == (
        ("2026-11-01", "2026-11-01"),
        ("2026-11-02", "2026-11-08"),
        ("2026-11-30", "2026-11-30"),
        6,
    )
    (group,) = told["groups"]
    assert group["figures"]["activities"] == [0, 2, 2, 0, 0, 0]
    assert group["figures"]["households"] == [0, 1, 2, 0, 0, 0]
    assert group["figures"]["good_share"] == [None] * 6
    opened = await here.get(SECRETARY, f"/figures/activities/contributions?{told['rows'][1]}")
    assert [row["day"] for row in opened["contributions"]] == ["2026-11-02", "2026-11-03"]
    by_member = await here.get(SECRETARY, asked + "&by=member")
    assert [one["group"] for one in by_member["groups"]] == ["m0117"]
    await here.get(SECRETARY, "/figures/series?codes=activities&over=day&first=2026&last=2026", 400)
    await here.get(SECRETARY, "/figures/series?codes=colour&over=day&first=2026-11&last=2026-11", 400)
    await here.get(SECRETARY, "/figures/series?codes=activities&over=day&first=2026-11", 400)


async def test_fg15_a_month_at_a_glance_is_one_answer(here: Desk) -> None:
    leak = {"problems__item1__text": "漏雨", "problems__item1__state": "solved", "participants__m0042": True}
    duty = plain("event", kind="bin_duty", period=hours(1, 3, 9))
    await here.push("m0117", visit(period=hours(1, 2, 2), **leak), duty)
    await the_month(here, 2)
    told = await here.get(SECRETARY, f"{MONTH}/profile")
    assert told["figures"]["figures"]["person_times"]["value"] == 3
    assert told["weeks"]["groups"][0]["figures"]["visits"] == [0, 1, 0, 0, 0, 0]
    assert {one["group"]: one["figures"]["events"] for one in told["kinds"] if one["figures"]["events"]} == {
        "bin_duty": 1
    }
    assert {one["group"]: one["figures"]["activities"] for one in told["members"]} == {"m0042": 1, "m0117": 2}
    assert (len(told["months"]["steps"]), told["months"]["steps"][0]["first"]) == (12, "2025-12-01")
    assert told["months"]["groups"][0]["figures"]["problems_solved"][-1] == 1
    opened = await here.get(SECRETARY, f"/figures/problems_found/contributions?{told['months']['rows'][-1]}")
    assert opened["value"] == 1
    await here.get(("other", SECRETARY[1]), f"{MONTH}/profile", 403)


async def test_fg16_ratings_are_counted_by_grade_and_add_up(here: Desk) -> None:
    rated = [plain("service", period=hours(at, at + 1)) for at in (1, 3, 5)]
    given = zip(rated, (5, 3, 5), strict=True)
    ratings = [record("rating", fields={"record": one["_id"], "score": score}) for one, score in given]
    await here.push("m0117", *rated, *ratings)
    asked = "/figures?first=2026-11&last=2026-11&codes=ratings,ratings_5,ratings_4,ratings_3,ratings_2,ratings_1"
    (told,) = await here.until(
        lambda: here.get(SECRETARY, asked), lambda found: found[0]["figures"].get("ratings") == 3
    )
    assert list(told["figures"].values()) == [3, 2, 0, 1, 0, 0]
    opened = await here.get(SECRETARY, "/figures/ratings_5/contributions?first=2026-11&last=2026-11")
    assert {row["value"] for row in opened["contributions"]} == {5}


async def test_fg17_who_asks_for_some_figures_has_these_alone(here: Desk) -> None:
    await here.push("m0117", visit())
    await the_month(here, 1)
    (group,) = (
        await here.get(SECRETARY, "/figures/compared?by=branch&codes=rated_share,visits&first=2026-11&last=2026-11")
    )["groups"]
    assert list(group["figures"]) == ["rated_share", "visits"]
    assert group["figures"]["visits"]["value"] == 1


async def test_lg15_what_came_since_a_version_is_told_line_by_line(here: Desk) -> None:
    same, moved, gone = (visit(period=hours(at, at + 1, day)) for at, day in ((1, 3), (1, 4), (1, 5)))
    await here.push("m0117", same, moved, gone)
    await approve(here, await the_month(here, 3))
    empty = await here.get(SECRETARY, f"{MONTH}/changes")
    assert (empty["number"], empty["figures"], empty["activities"]) == (1, [], [])
    new = visit(period=hours(4, 6, 6))
    await here.push("m0117", new)
    await here.services.store.add(
        "branch-b03", [_next(moved, period=hours(1, 3, 4)), _next(gone, period=hours(1, 2, 5), day="2026-10-05")]
    )
    await here.until(lambda: here.get(SECRETARY, f"{MONTH}/changes"), lambda told: len(told["activities"]) == 3)
    told = await here.get(SECRETARY, f"{MONTH}/changes")
    assert [(one["id"], one["change"]) for one in told["activities"]] == [
        (f"activity:{moved['_id']}", "changed"),
        (f"activity:{gone['_id']}", "gone"),
        (f"activity:{new['_id']}", "new"),
    ]
    assert told["activities"][0]["parts"] == ["end", "minutes"]
    assert (told["activities"][0]["then"]["minutes"], told["activities"][0]["now"]["minutes"]) == (60, 120)
    minutes = next(one for one in told["figures"] if one["code"] == "person_minutes")
    assert (minutes["then"], minutes["now"]) == (180, 300)
    first = await here.get(SECRETARY, f"{MONTH}/changes?limit=2")
    rest = await here.get(SECRETARY, f"{MONTH}/changes?limit=2&after={first['next']}")
    assert [one["change"] for one in first["activities"] + rest["activities"]] == ["changed", "gone", "new"]
    assert rest["next"] is None
    await here.get(SECRETARY, f"{MONTH}/changes?version=7", 404)
    await here.get(("other", SECRETARY[1]), f"{MONTH}/changes", 403)


def _next(body: dict[str, Any], period: list[str], day: str = "") -> Any:
    """The next revision, with another period; of another day where one is named."""
    spans = [f"{day}{one[10:]}" if day else one for one in period]
    fields = {**body["fields"], "period": spans}
    was = [
        {
            "path": "period",
            "value": body["fields"]["period"],
            "stamp": body["stamps"][""],
            "by": (mark := stamp(number=1)),
        }
    ]
    return write(
        {**body, "fields": fields, "stamps": {**body["stamps"], "period": mark}, "replaced": was}, "2-b", "1-a"
    )


async def test_lg16_the_ledger_knows_where_facts_of_a_person_lie_whatever_the_order(one: Working) -> None:
    facts = record("person", author="m0001")
    facts["fields"]["subject"] = FIRST
    await add(one, facts, household(FIRST, "王秀英户"))
    await one.same_from_nothing()
    found = await one.ledger.read(lambda sql: sql.execute("SELECT * FROM person").fetchall())
    assert found == [(facts["_id"], "branch-b03", FIRST)]


async def test_ap25_activities_are_narrowed_and_name_their_subjects(here: Desk) -> None:
    await here.push("m0117", household(FIRST, "王秀英户"))
    mine = visit(period=hours(1, 2, 2), subject=FIRST, kind="other")
    both = visit(period=hours(1, 2, 3), subject=FIRST, participants__m0042=True)
    duty = plain("event", kind="bin_duty", period=hours(1, 2, 3), title="值守")
    await here.push("m0117", mine, both, duty)
    await the_month(here, 3)

    async def listed(query: str, who: tuple[str, str] = SECRETARY) -> list[str]:
        return [one["records"][0] for one in (await here.get(who, f"/activities?{query}"))["activities"]]

    assert await listed("member=m0042") == [both["_id"]]
    assert await listed(f"subject={FIRST}") == [both["_id"], mine["_id"]]
    assert await listed("kind=bin_duty&type=event") == [duty["_id"]]
    assert await listed("type=visit&first=2026-11-02&last=2026-11-02") == [mine["_id"]]
    found = (await here.get(SECRETARY, f"/activities?subject={FIRST}"))["activities"]
    assert found[0]["names"][FIRST] == "王秀英户"
    assert FIRST not in (await here.get(COMMITTEE, f"/activities?subject={FIRST}"))["activities"][0]["names"]
    assert sorted(await listed("", COMMITTEE)) == sorted([mine["_id"], both["_id"], duty["_id"]])
    seen: list[str] = []
    after = ""
    while after is not None:
        page = await here.get(COMMITTEE, f"/activities?limit=1{'&after=' + after if after else ''}")
        seen += [one["id"] for one in page["activities"]]
        after = page["next"]
    assert (len(seen), len(set(seen))) == (3, 3)


async def test_ap26_the_records_of_an_activity_are_told_side_by_side(here: Desk) -> None:
    li, zhang = visit("m0117", narrative="谈了低保"), visit("m0042", narrative="谈了医保")
    await here.push("m0117", li)
    await here.push("m0042", zhang)
    (doc,) = (await the_month(here, 1))["activities"]
    told = await here.get(SECRETARY, f"/activities/{doc}/side-by-side")
    assert {one["author"]: one["fields"]["narrative"] for one in told["records"]} == {
        "m0117": "谈了低保",
        "m0042": "谈了医保",
    }
    assert told["activity"]["joined"][0]["score"] > 0
    await here.post(SECRETARY, "/reviews", {"record": doc, "decision": "split", "records": [zhang["_id"]]})
    await the_month(here, 2)
    told = await here.get(SECRETARY, f"/activities/{doc}/side-by-side")
    assert [(one["decision"], one["author"]) for one in told["decided"]] == [("split", "m0001")]
    await here.get(("other", SECRETARY[1]), f"/activities/{doc}/side-by-side", 404)
    told = await here.get(LI, f"/activities/activity:{li['_id']}/side-by-side")
    hidden = {one["id"]: one["fields"] is None for one in told["records"]}
    assert hidden[li["_id"]] is False


async def test_ap27_a_subject_is_told_with_its_aliases_and_facts_of_persons_to_whom_they_are_for(here: Desk) -> None:
    await here.push("m0117", household(FIRST, "王秀英户"), household(SECOND, "王秀英"))
    facts = record("person", author="m0001")
    facts["fields"] |= {"subject": FIRST, "telephone": "13800000000"}
    link = {**record("assignment", author="m0001"), "branch": "b03"}
    link["fields"] = {
        "kind": "link",
        "member": "m0042",
        "subject": FIRST,
        "days": ["2026-01-01", None],
        "state": "given",
        "readers/branch:b03": True,
    }
    await here.push("m0001", facts, link, branch="b03")
    alias = review(SECOND, "alias", same_as=FIRST)
    alias["fields"]["readers/branch:b03"] = True
    await here.push("m0001", alias)
    told = await here.until(
        lambda: here.get(SECRETARY, f"/subjects/{FIRST}"), lambda one: one["aliases"] and one["person"] == "shown"
    )
    assert told["persons"][0]["fields"]["telephone"] == "13800000000"
    assert [(one["id"], one["same_as"], one["review"]) for one in told["aliases"]] == [(SECOND, FIRST, alias["_id"])]
    assert [(one["member"], one["now"]) for one in told["assigned"]] == [("m0042", True)]
    hidden = await here.get(LI, f"/subjects/{FIRST}")
    assert (hidden["person"], hidden["persons"]) == ("hidden", [])
    assert (await here.get(LI, f"/subjects/{SECOND}"))["root"] == FIRST
    await here.get(COMMITTEE, f"/subjects/{FIRST}", 404)
    await here.post(SECRETARY, "/reviews", {"record": SECOND, "decision": "reopen", "supersedes": alias["_id"]})
    await here.until(lambda: here.get(SECRETARY, f"/subjects/{FIRST}"), lambda one: one["aliases"] == [])


async def test_ap28_months_go_on_by_pages_and_tell_of_their_versions(here: Desk) -> None:
    old = visit(period=["2026-10-03T01:00:00Z", "2026-10-03T02:00:00Z"])
    await here.push("m0117", old, visit())
    await approve(here, await the_month(here, 1))
    first = await here.until(
        lambda: here.get(COMMITTEE, "/activity-records?limit=1"),
        lambda told: told["months"] and told["months"][0]["state"] == "approved",
    )
    rest = await here.get(COMMITTEE, f"/activity-records?limit=1&after={first['next']}")
    assert [one["month"] for one in first["months"] + rest["months"]] == ["2026-11", "2026-10"]
    (version,) = (await here.get(SECRETARY, MONTH))["versions"]
    assert (version["number"], version["approved_by"], version["activities"], version["missing"]) == (1, "m0001", 1, 0)
    assert version["digest"].startswith("sha256-")
