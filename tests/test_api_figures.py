"""FG: figures, problems and services as the desk asks for them, over the whole application with its worker at work."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.builders import record, write
from tests.desk import COMMITTEE, LI, SECRETARY, Desk, desk
from tests.working import hours, plain, visit

OTHER = ("other", SECRETARY[1])


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(tmp_path / "data") as made:
        yield made


def service(**fields: Any) -> dict[str, Any]:
    stages = {
        "stages__concluded__promised": "2026-11-20T09:00:00Z",
        "stages__concluded__actual": "2026-11-20T03:00:00Z",
    }
    return plain("service", **{**stages, **fields})


async def counted(here: Desk, activities: int) -> None:
    """Wait until the ledger has so many activities."""
    await here.until(
        lambda: here.get(COMMITTEE, "/figures"), lambda told: told[0]["figures"]["activities"] == activities
    )


async def test_fg9_figures_are_compared_with_the_period_before_and_the_year_before_and_all_open(here: Desk) -> None:
    october = plain("event", kind="clean_up", period=["2026-10-10T01:00:00Z", "2026-10-10T03:00:00Z"])
    last_year = [visit(period=[f"2025-11-{day}T01:00:00Z", f"2025-11-{day}T02:00:00Z"]) for day in (10, 11)]
    rated = service()
    rating = record("rating", fields={"record": rated["_id"], "score": 5, "at": "2026-11-20T05:00:00Z"})
    await here.push("m0117", visit(period=hours(1, 2)), visit(period=hours(5, 6)), rated, rating, october, *last_year)
    await counted(here, 6)
    told = await here.get(SECRETARY, "/figures/compared?period=month&at=2026-11-20")
    assert (told["period"]["first"], told["before"]["first"], told["year_before"]["last"]) == (
        "2026-11-01",
        "2026-10-01",
        "2025-11-30",
    )
    (group,) = told["groups"]
    shown = group["figures"]
    assert shown["activities"] == {"value": 3, "before": 1, "growth": 200.0, "year_before": 2, "growth_year": 50.0}
    assert (shown["person_hours"]["value"], shown["person_hours"]["before"]) == (2.6, 2.0)
    assert (shown["on_time_share"]["value"], shown["on_time_share"]["growth"]) == (100.0, None)
    assert shown["rated_share"]["value"] == 100.0
    for at, name in enumerate(("value", "before", "year_before")):
        opened = await here.get(SECRETARY, f"/figures/activities/contributions?{group['rows'][at]}")
        assert len({row["activity"] for row in opened["contributions"]}) == shown["activities"][name] == opened["value"]
    by_type = await here.get(SECRETARY, "/figures/compared?period=month&at=2026-11&by=of")
    values = {one["group"]: one["figures"]["activities"]["value"] for one in by_type["groups"]}
    assert values == {"event": 0, "service": 1, "visit": 2}
    (visits,) = [one for one in by_type["groups"] if one["group"] == "visit"]
    opened = await here.get(SECRETARY, f"/figures/activities/contributions?{visits['rows'][0]}")
    assert {row["of"] for row in opened["contributions"]} == {"visit"}
    ytd = await here.get(SECRETARY, "/figures/compared?period=ytd&at=2026-11-20&branch=b03")
    assert ytd["groups"][0]["figures"]["activities"]["growth_year"] == 100.0
    assert (ytd["before"]["last"], ytd["year_before"]["last"]) == ("2025-11-20", "2025-11-20")
    spanned = await here.get(SECRETARY, "/figures/compared?first=2026-10&last=2026-11")
    assert spanned["before"]["first"] == "2026-08-01"
    (plain_figures,) = await here.get(SECRETARY, "/figures?period=year&at=2025")
    assert plain_figures["figures"]["activities"] == 2


async def test_fg8_days_that_are_no_period_are_refused_with_the_reason(here: Desk) -> None:
    for query in (
        "period=month&first=2026-11-01",
        "first=2026-11-20&last=2026-11-19",
        "period=day&at=2026-02-30",
        "period=day&at=1066-10-14",
        "period=fortnight",
    ):
        await here.get(COMMITTEE, f"/figures/compared?{query}", 400)


async def test_fg1_a_share_opens_to_its_two_figures_and_these_to_their_rows(here: Desk) -> None:
    rated, plain_one = service(), service(period=hours(6, 7))
    rating = record("rating", fields={"record": rated["_id"], "score": 5, "at": "2026-11-20T05:00:00Z"})
    await here.push("m0117", rated, plain_one, rating)
    await counted(here, 2)
    await here.until(
        lambda: here.get(SECRETARY, "/figures/rated_share/contributions?first=2026-11&last=2026-11"),
        lambda told: told["value"] == 50.0,
    )
    opened = await here.get(SECRETARY, "/figures/rated_share/contributions?first=2026-11&last=2026-11")
    assert opened["figure"]["parts"] == ["ratings", "services"]
    for part, records in zip(opened["parts"], ([rated], [plain_one, rated]), strict=True):
        rows = (await here.get(SECRETARY, part["open"].removeprefix("/api/v1")))["contributions"]
        assert sorted(row["record"] for row in rows) == sorted(one["_id"] for one in records)
        assert part["value"] == len(records)
    month = await here.get(SECRETARY, "/activity-records/b03/2026-11")
    (share,) = [one for one in month["figures"] if one["code"] == "rated_share"]
    assert share["value"] == 50.0
    assert (await here.get(SECRETARY, share["open"].removeprefix("/api/v1")))["value"] == 50.0


async def test_fg12_problems_are_listed_by_due_day_and_open_to_every_follow_up(here: Desk) -> None:
    leak = {"problems__item1__text": "屋顶漏雨", "problems__item1__due": "2026-11-10"}
    lamp = {
        "problems__item2__text": "路灯不亮",
        "problems__item2__due": "2026-11-28",
        "problems__item2__owner": "m0042",
    }
    found = visit("m0117", period=hours(1, 2, 3), **leak, **lamp)
    name = f"{found['_id']}#item1"
    follow = {"follow_ups__next1__problem": name, "follow_ups__next1__state": "solved"}
    follow |= {"follow_ups__next1__text": "已请人修补", "follow_ups__next1__result": "不再漏"}
    later = visit("m0042", period=hours(1, 2, 15), **follow)
    await here.push("m0117", found)
    await here.push("m0042", later)
    await counted(here, 2)
    asked = "/problems?branch=b03&at=2026-11-12"
    told = await here.until(lambda: here.get(SECRETARY, asked), lambda told: len(told["problems"]) == 2)
    assert [one["text"] for one in told["problems"]] == ["屋顶漏雨", "路灯不亮"]
    assert [one["problem"]["overdue"] for one in told["problems"]] == [True, False]
    (late,) = (await here.get(SECRETARY, f"{asked}&overdue=true"))["problems"]
    assert late["problem"]["item"] == "item1"
    assert (await here.get(SECRETARY, "/problems?overdue=true&at=2026-11-15"))["problems"] == []
    (mine,) = (await here.get(SECRETARY, "/problems?owner=m0042&state=open"))["problems"]
    assert mine["problem"]["item"] == "item2"
    first = await here.get(SECRETARY, "/problems?limit=1")
    (second,) = (await here.get(SECRETARY, f"/problems?limit=1&after={first['next']}"))["problems"]
    assert second["problem"]["item"] == "item2"
    one = await here.get(SECRETARY, f"/problems/{found['_id']}/item1")
    assert (one["text"], one["problem"]["state"], one["problem"]["closed"]) == ("屋顶漏雨", "solved", "2026-11-15")
    (told_later,) = one["follow_ups"]
    assert (told_later["record"], told_later["by"], told_later["result"]) == (later["_id"], "m0042", "不再漏")
    assert (await here.get(SECRETARY, f"/records/{told_later['record']}"))["activity"] == told_later["activity"]
    assert (await here.get(OTHER, "/problems"))["problems"] == []
    await here.get(OTHER, f"/problems/{found['_id']}/item1", 404)
    await here.get(SECRETARY, f"/problems/{found['_id']}/item9", 404)


async def test_fg21_problems_are_listed_open_due_between_days_or_closed_last_first(here: Desk) -> None:
    told = {f"problems__item{number}__text": f"问题{number}" for number in (1, 2, 3, 4)}
    dues = {f"problems__item{number}__due": f"2026-11-{10 + number}" for number in (1, 2, 3)}
    found = visit("m0117", period=hours(1, 2, 3), **told, **dues)
    await here.push("m0117", found)
    for number, day in ((1, 15), (3, 12)):
        follow = {
            "follow_ups__next1__problem": f"{found['_id']}#item{number}",
            "follow_ups__next1__state": "solved",
        }
        await here.push("m0042", visit("m0042", period=hours(1, 2, day), **follow))
    await counted(here, 3)

    async def items(query: str) -> list[str]:
        listed = await here.get(SECRETARY, f"/problems?at=2026-11-20&{query}")
        return [one["problem"]["item"] for one in listed["problems"]]

    await here.until(lambda: items("open=false"), lambda closed: closed == ["item1", "item3"])
    assert await items("open=true") == ["item2", "item4"]
    assert await items("open=false&order=closed") == ["item1", "item3"]
    assert await items("state=solved&order=closed&due_first=2026-11-13") == ["item3"]
    assert await items("due_first=2026-11-12&due_last=2026-11-13") == ["item2", "item3"]
    first = await here.get(SECRETARY, "/problems?at=2026-11-20&open=false&order=closed&limit=1")
    assert await items(f"open=false&order=closed&after={first['next']}") == ["item3"]
    await here.get(SECRETARY, "/problems?due_first=soon", 400)
    await here.get(SECRETARY, "/problems?order=size", 400)


async def test_fg22_what_is_not_done_is_counted_as_far_as_the_reader_may_see(here: Desk) -> None:
    told = {f"problems__item{number}__text": f"问题{number}" for number in (1, 2, 3)}
    dues = {"problems__item1__due": "2026-11-10", "problems__item2__due": "2026-11-24"}
    late = service(
        stages__concluded__promised="2026-11-12T09:00:00Z", period=hours(6, 7), stages__concluded__actual=None
    )
    await here.push(
        "m0117", visit("m0117", period=hours(1, 2, 3), problems__item2__owner="m0042", **told, **dues), late
    )
    await counted(here, 2)
    asked = "/promises/counts?at=2026-11-20"
    counts = await here.until(lambda: here.get(SECRETARY, asked), lambda told: told["problems"]["open"] == 3)
    assert counts["problems"] == {"open": 3, "overdue": 1, "soon": 1, "undated": 1}
    assert counts["services"] == {"open": 1, "overdue": 1, "soon": 0, "undated": 0}
    assert (counts["at"], counts["soon"]) == ("2026-11-20", "2026-11-27")
    assert (await here.get(SECRETARY, f"{asked}&owner=m0042"))["problems"]["open"] == 1
    assert (await here.get(COMMITTEE, f"{asked}&branch=b04"))["problems"]["open"] == 0
    assert (await here.get(OTHER, asked))["problems"]["open"] == 0
    assert (await here.get(SECRETARY, "/promises/counts?at=2026-11-01"))["problems"]["overdue"] == 0


async def test_fg23_a_problem_says_who_found_it_and_where_its_owner_and_due_day_come_from(here: Desk) -> None:
    found = visit(
        "m0117",
        period=hours(1, 2, 3),
        problems__item1__text="漏雨",
        problems__item1__due="2026-11-10",
        problems__item2__text="路灯",
    )
    photo = record("photo", fields={"record": found["_id"], "caption": "屋顶", "digest": f"sha256-{'0' * 64}"})
    await here.push("m0117", found, photo)
    await counted(here, 1)
    path = f"/problems/{found['_id']}/item1"
    own = await here.until(lambda: here.get(SECRETARY, path), lambda told: len(told["photos"]) == 1)
    assert (own["by"], own["owner_from"], own["due_from"], own["assignment"]) == ("m0117", "author", "record", None)
    assert (own["photos"][0]["caption"], own["photos"][0]["record"]) == ("屋顶", found["_id"])
    asked = {"branch": "b03", "kind": "problem", "member": "m0042", "record": found["_id"], "text": "请修好"}
    asked |= {"problem": f"{found['_id']}#item1", "days": ["2026-11-09", None]}
    given = await here.post(SECRETARY, "/assignments", asked)
    told = await here.until(lambda: here.get(SECRETARY, path), lambda told: told["assignment"] is not None)
    assert (told["owner_from"], told["due_from"], told["problem"]["owner"]) == ("assignment", "record", "m0042")
    assert told["assignment"]["by"] == "m0001"
    assert (told["assignment"]["text"], told["assignment"]["days"]) == ("请修好", ["2026-11-09", None])
    again = {**asked, "days": ["2026-11-10", "2026-12-01"], "supersedes": given["id"]}
    await here.post(SECRETARY, "/assignments", again)
    told = await here.until(lambda: here.get(SECRETARY, path), lambda told: told["due_from"] == "assignment")
    assert (told["problem"]["due"], told["problem"]["overdue"]) == ("2026-12-01", False)
    bare = await here.get(SECRETARY, f"/problems/{found['_id']}/item2")
    assert (bare["due_from"], bare["problem"]["due"]) == ("", "")


async def test_fg13_a_record_tells_its_stages_and_which_rating_counts(here: Desk) -> None:
    body = service(
        stages__examined__promised="2026-11-19T09:00:00Z",
        stages__examined__actual="2026-11-19T10:00:00Z",
        stages__concluded__promised="2026-11-25T09:00:00Z",
        stages__concluded__by="m0042",
    )
    late = service(
        period=hours(6, 7), **{"stages__concluded__promised": "2026-11-12T09:00:00Z", "stages__concluded__actual": None}
    )
    ratings = [
        record("rating", fields={"record": body["_id"], "score": score, "at": f"2026-11-20T0{hour}:00:00Z"})
        for score, hour in ((2, 8), (5, 4))
    ]
    await here.push("m0117", body, late, *ratings)
    await counted(here, 2)
    told = await here.until(
        lambda: here.get(LI, f"/records/{body['_id']}"),
        lambda told: sorted(one["counts"] for one in told["beside"]) == [False, True],
    )
    assert [(one["stage"], one["zh"], one["timely"]) for one in told["stages"]] == [
        ("received", "受理", ""),
        ("examined", "审查", "late"),
        ("concluded", "办结", "early"),
    ]
    assert (told["timely"], told["stages"][2]["by"]) == ("early", "m0042")
    assert {one["fields"]["score"]: one["counts"] for one in told["beside"]} == {5: True, 2: False}
    assert (await here.get(LI, f"/records/{late['_id']}"))["timely"] == "overdue"
    (row,) = (await here.get(LI, "/services?overdue=true&at=2026-11-20"))["services"]
    assert (row["record"], row["state"], row["due"]) == (late["_id"], "received", "2026-11-12")
    (done,) = (await here.get(LI, "/services?timely=early"))["services"]
    assert done["record"] == body["_id"]
    told = await here.get(LI, "/services?timely=early")
    assert told["matters"] == {body["_id"]: body["fields"]["matter"]}
    assert (await here.get(LI, f"/records/{visit()['_id']}", 404))["error"] == "not_found"


async def test_fg5_a_secretarys_assignments_show_as_coverage(here: Desk) -> None:
    resident = f"resident:{5:026d}"
    link = record("assignment", author="m0001")
    link["fields"] = {"kind": "link", "member": "m0117", "subject": resident, "days": ["2026-11-01", None]}
    await here.services.store.add("branch-b03", [write(link)])
    await here.push("m0117", visit(period=hours(1, 2)))
    covered = await here.until(
        lambda: here.get(SECRETARY, "/figures/coverage/contributions?first=2026-11&last=2026-11"),
        lambda told: told["value"] == 0.0,
    )
    assert [part["value"] for part in covered["parts"]] == [0, 1]
    await here.push("m0117", visit(subject=resident, period=hours(3, 4)))
    await here.until(
        lambda: here.get(SECRETARY, "/figures/coverage/contributions?first=2026-11&last=2026-11"),
        lambda told: told["value"] == 100.0,
    )
    (row,) = (await here.get(SECRETARY, "/figures/links/contributions"))["contributions"]
    assert (row["record"], row["member"], row["subject"]) == (link["_id"], "m0117", resident)
