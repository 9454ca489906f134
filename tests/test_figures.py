"""FG: what the figures say of shares, satisfaction, promises, assigned subjects and problems, and that asking for them stays cheap."""

import json
import random
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from sync.ledger import counting
from sync.ledger.assignments import coverage
from sync.ledger.contribution import Base
from sync.ledger.counting import contributions, counted, figures
from sync.ledger.documents import month_wanted
from sync.ledger.facts import StageFact, facts_of
from sync.ledger.figure import Figure, Quotient
from sync.ledger.figures import BY_CODE
from sync.ledger.growth import growth
from sync.ledger.promises import PromiseRow, PromiseWhere, problem, promises
from sync.ledger.rows import FigureWhere
from sync.ledger.stages import kept, reached, timely
from sync.reconcile.explain import seen_hash
from sync.stores.contract import Want
from tests.builders import record, stamp
from tests.working import EVERYTHING, ZONE, Working, add, hours, plain, visit, write

CENTRE = ZoneInfo(ZONE)
RESIDENT, OTHER = f"resident:{1:026d}", f"resident:{2:026d}"


async def told(one: Working, where: FigureWhere = EVERYTHING) -> dict[str, Any]:
    return (await one.ledger.read(lambda sql: figures(sql, where)))[""]


async def due(one: Working, where: PromiseWhere) -> list[PromiseRow]:
    return await one.ledger.read(lambda sql: promises(sql, None, where, ("", "", ""), 100))


def service(author: str = "m0117", branch: str = "b03", **fields: Any) -> dict[str, Any]:
    """A service without stages of its own."""
    bare = {"stages__received__actual": None, "stages__concluded__promised": None, "stages__concluded__actual": None}
    return plain("service", author, branch, **{**bare, **fields})


def promised(until: str, done: str | None, stage: str = "concluded") -> dict[str, Any]:
    return {f"stages__{stage}__promised": until, f"stages__{stage}__actual": done}


def assigned(number: int = 1, **fields: Any) -> dict[str, Any]:
    body = record("assignment", author="m0001")
    body["stamps"] = {"": stamp("m0001", "desk", number=number)}
    kept_fields = {"kind": "link", "state": "given", **fields}
    return {**body, "fields": {path: value for path, value in kept_fields.items() if value is not None}}


def rating(of: dict[str, Any], score: int, at: str) -> dict[str, Any]:
    return record("rating", fields={"record": of["_id"], "score": score, "at": at})


async def test_fg1_a_share_of_nothing_has_no_value_and_others_are_rounded_half_up(one: Working) -> None:
    assert (await told(one))["rated_share"] is None
    bodies = [service(period=hours(at, at + 1)) for at in range(3)]
    await add(one, *bodies, rating(bodies[0], 5, "2026-11-20T05:00:00Z"), rating(bodies[1], 1, "2026-11-20T05:00:00Z"))
    shown = await told(one)
    assert (shown["rated_share"], shown["good_share"]) == (66.67, 50.0)
    share = BY_CODE["on_time_share"]
    assert isinstance(share, Quotient)
    assert share.parts == ("on_time", "promises")
    assert share.value({"on_time": 1, "promises": 800}) == 0.13
    month = await one.month()
    assert month["figures/ratings"] == 2
    assert all(type(value) is int for path, value in month.items() if path.startswith("figures/"))


async def test_fg2_of_a_service_of_two_each_has_it_with_its_rating_and_it_counts_once(one: Working) -> None:
    here = service("m0117", participants__m0042=True, called_back="satisfied", **promised("2026-11-20T09:00:00Z", None))
    here["fields"]["stages/concluded/actual"] = "2026-11-20T03:00:00Z"
    there = service("m0300", "b04")
    await one.store.add("branch-b04", [write(there)])
    await add(one, here, rating(here, 4, "2026-11-20T05:00:00Z"))
    whole = await told(one)
    names = ("services", "ratings", "called_back", "on_time")
    assert [whole[name] for name in names] == [1, 1, 1, 1]
    for where in (
        FigureWhere(["b03"], "", "~"),
        FigureWhere(["b04"], "", "~"),
        FigureWhere(["b03"], "", "~", member="m0042"),
        FigureWhere(["b04"], "", "~", member="m0300"),
    ):
        assert [(await told(one, where))[name] for name in names] == [1, 1, 1, 1], where
    by_member = await one.ledger.read(lambda sql: figures(sql, EVERYTHING, "member"))
    assert {name: values["rated_share"] for name, values in by_member.items()} == dict.fromkeys(
        ("m0042", "m0117", "m0300"), 100.0
    )


async def test_fg2_figures_by_kind_window_and_unit_add_up(one: Working) -> None:
    await one.store.add(
        "centre",
        [
            write(record("member", fields={"window": "window:w01"}) | {"_id": "member:m0117"}),
            write(record("window", fields={"unit": "unit:u1"}) | {"_id": "window:w01"}),
        ],
    )
    await add(one, service(window="window:w01", kind="urgent"), visit(period=hours(5, 6)))

    async def by(column: str) -> dict[str, Any]:
        found = await one.ledger.read(lambda sql: figures(sql, EVERYTHING, column))
        return {group: values["activities"] for group, values in found.items()}

    assert await by("window") == {"window:w01": 2}
    assert await by("unit") == {"unit:u1": 2}
    assert await by("kind") == {"assist": 1, "urgent": 1}
    assert (await told(one))["services_urgent"] == 1
    narrowed = FigureWhere(["b03"], "", "~", window="window:w01", kind="urgent")
    assert (await told(one, narrowed))["activities"] == 1


async def test_fg3_ratings_call_backs_and_votes_are_three_measures(one: Working) -> None:
    first = service(called_back="not_satisfied")
    await add(
        one,
        first,
        rating(first, 5, "2026-11-20T05:00:00Z"),
        plain("event", kind="organisational_life", period=hours(3, 4), votes=3, satisfied=9),
    )
    shown = await told(one)
    assert (shown["good_share"], shown["called_back_share"], shown["votes_share"]) == (100.0, 0.0, 100.0)


async def test_lg7_of_two_records_of_one_service_the_first_rating_counts_and_the_other_is_told(one: Working) -> None:
    mine, theirs = service("m0117", participants__m0042=True), service("m0042", participants__m0117=True)
    late, early = rating(mine, 5, "2026-11-22T05:00:00Z"), rating(theirs, 2, "2026-11-21T05:00:00Z")
    await add(one, late, mine, theirs, early)
    shown = await told(one)
    assert (shown["services"], shown["ratings"], shown["good_ratings"], shown["ratings_repeated"]) == (1, 1, 0, 1)
    figure = BY_CODE["ratings_repeated"]
    assert isinstance(figure, Figure)
    (row,), _ = await one.ledger.read(lambda sql: contributions(sql, figure, EVERYTHING, ("", "", "", "", ""), 10))
    assert (row.record, row.item, row.day) == (mine["_id"], late["_id"], "2026-11-20")
    await one.same_from_nothing()


def at(instant: str) -> int:
    start = facts_of({"fields": {"period": [instant, None]}}, CENTRE).start
    assert start is not None
    return start


@pytest.mark.parametrize(
    ("until", "done", "says"),
    [
        ("2026-11-20T09:00:00Z", "2026-11-20T09:00:00Z", "on_time"),
        ("2026-11-20T09:00:00Z", "2026-11-19T16:00:00Z", "on_time"),  # the same local day: it begins at 16:00 UTC
        ("2026-11-20T09:00:00Z", "2026-11-19T15:59:59Z", "early"),
        ("2026-11-20T09:00:00Z", "2026-11-20T09:00:01Z", "late"),
    ],
)
def test_fg4_early_is_an_earlier_local_day_and_late_a_later_moment(until: str, done: str, says: str) -> None:
    assert timely(at(until), at(done), CENTRE) == says


def test_fg4_the_promise_is_that_of_the_conclusion_else_of_the_delivery() -> None:
    concluded, delivered = StageFact("concluded", 100, None), StageFact("delivered", 50, 90)
    assert kept([concluded, delivered], CENTRE) == (100, 90, "on_time")
    assert kept([StageFact("concluded", None, 10), delivered], CENTRE) == (50, 90, "late")
    assert kept([StageFact("examined", 100, 200)], CENTRE) is None
    assert kept([concluded], CENTRE) == (100, None, None)
    assert reached([StageFact("received", None, 1), StageFact("examined", 5, None)]) == "received"


async def test_fg4_promises_count_on_the_day_on_which_they_were_kept(one: Working) -> None:
    stages = [
        promised("2026-11-25T09:00:00Z", "2026-11-20T03:00:00Z"),
        promised("2026-11-20T09:00:00Z", "2026-11-20T03:00:00Z"),
        promised("2026-11-19T09:00:00Z", "2026-12-02T03:00:00Z", "delivered"),
        promised("2026-11-19T09:00:00Z", None),
        {},
    ]
    await add(one, *(service(period=hours(at, at + 1), **fields) for at, fields in enumerate(stages)))
    shown = await told(one)
    assert [shown[name] for name in ("promises", "on_time", "early")] == [3, 2, 1]
    assert (shown["on_time_share"], shown["early_share"]) == (66.67, 33.33)
    assert (await told(one, FigureWhere(["b03"], "2026-12", "2026-12~")))["promises"] == 1
    assert {row.timely for row in await due(one, PromiseWhere("service", "2026-11-20"))} == {
        "early",
        "on_time",
        "late",
        "",
    }
    await one.same_from_nothing()


async def test_fg5_of_assigned_subjects_those_count_that_the_member_saw(one: Working) -> None:
    await add(
        one,
        assigned(1, member="m0117", subject=RESIDENT, days=["2026-11-01", None]),
        assigned(2, member="m0042", subject=OTHER, days=["2026-01-01", "2026-11-10"]),
        visit("m0117", subject=RESIDENT, period=hours(1, 2, 20)),
        visit("m0117", subject=OTHER, period=hours(3, 4, 5)),
        visit("m0042", subject=OTHER, period=hours(3, 4, 12)),
    )

    async def covered(first: str, last: str, **more: Any) -> tuple[Any, ...]:
        shown = await told(one, FigureWhere(["b03"], first, last, **more))
        return shown["links"], shown["links_reached"], shown["coverage"]

    assert await covered("2026-11-01", "2026-11-30") == (2, 1, 50.0), "another member's visit is not the link's"
    assert await covered("2026-11-15", "2026-11-19") == (1, 0, 0.0)
    assert await covered("2026-10-01", "2026-10-31") == (1, 0, 0.0)
    assert await covered("2026-11-01", "2026-11-30", member="m0117") == (1, 1, 100.0)
    await add(one, visit("m0042", subject=OTHER, period=hours(6, 7, 9)))
    assert await covered("2026-11-01", "2026-11-30") == (2, 2, 100.0)
    by_month = await one.ledger.read(lambda sql: figures(sql, EVERYTHING, "month"))
    assert {month: values["links"] for month, values in by_month.items()} == {"2026-11": 2}
    assert (await one.month())["figures/links_reached"] == 2
    await one.same_from_nothing()
    rows = await one.ledger.read(lambda sql: sql.execute("SELECT id FROM assigned WHERE member='m0042'").fetchall())
    await one.ledger.forget("branch-b03", [row[0] for row in rows])
    assert await covered("2026-11-01", "2026-11-30") == (1, 1, 100.0), "what is erased counts no more"


async def test_fg5_an_assignment_that_supersedes_another_takes_its_place_from_its_own_day_on(one: Working) -> None:
    first = assigned(1, member="m0117", subject=RESIDENT, days=["2026-01-01", None])
    second = assigned(2, member="m0042", subject=RESIDENT, days=["2026-11-16", None], supersedes=first["_id"])
    ended = assigned(
        3, member="m0042", subject=RESIDENT, days=["2026-12-01", None], state="ended", supersedes=second["_id"]
    )
    await add(one, visit("m0042", subject=RESIDENT, period=hours(1, 2, 20)))
    assert "figures/links" not in await one.month()
    await add(one, ended)
    await add(one, second)
    await add(one, first)

    async def who(first: str, last: str) -> list[str]:
        found = await one.ledger.read(lambda sql: figures(sql, FigureWhere(["b03"], first, last), "member"))
        return [name for name, values in found.items() if values["links"]]

    assert await who("2026-11-01", "2026-11-15") == ["m0117"]
    assert await who("2026-11-16", "2026-11-30") == ["m0042"]
    assert await who("2026-11-01", "2026-11-30") == ["m0042", "m0117"]
    assert await who("2026-12-01", "2026-12-31") == []
    assert (await one.month())["figures/links"] == 2, "an activity record follows its assignments"
    await one.same_from_nothing()


async def test_fg5_an_assigned_subject_that_is_made_one_with_another_is_reached_by_either_name(one: Working) -> None:
    await add(
        one,
        assigned(1, member="m0117", subject=OTHER, days=["2026-11-01", None]),
        visit("m0117", subject=RESIDENT, period=hours(1, 2)),
    )
    assert (await told(one))["links_reached"] == 0
    decision = record("review", author="m0001")
    decision["fields"] = {"record": OTHER, "decision": "alias", "same_as": RESIDENT}
    await add(one, decision)
    assert (await told(one))["links_reached"] == 1
    await one.same_from_nothing()


async def test_fg5_a_subject_that_a_member_was_assigned_twice_is_one(one: Working) -> None:
    await add(
        one,
        assigned(1, member="m0117", subject=RESIDENT, days=["2026-11-01", "2026-11-10"]),
        assigned(2, member="m0117", subject=RESIDENT, days=["2026-11-16", None]),
        assigned(3, member="m0117", subject=OTHER, days=["2026-11-01", None]),
        assigned(4, member="m0042", subject=RESIDENT, days=["2026-11-01", None]),
        visit("m0117", subject=RESIDENT, period=hours(1, 2, 20)),
    )
    november = FigureWhere(["b03"], "2026-11-01", "2026-11-30")

    async def covered() -> tuple[Any, ...]:
        shown = await told(one, november)
        rows, _ = await one.ledger.read(
            lambda sql: contributions(sql, BY_CODE["links"], november, ["", "", "", "", ""], 9)  # type: ignore[arg-type]
        )
        by_member = await one.ledger.read(lambda sql: coverage(sql, None, ["b03"], "2026-11-01", "2026-11-30"))
        members = {each.member: (each.assigned, each.reached, len(each.unreached)) for each in by_member}
        return shown["links"], shown["links_reached"], len(rows), members

    assert await covered() == (3, 1, 3, {"m0042": (1, 0, 1), "m0117": (2, 1, 1)})
    decision = record("review", author="m0001")
    decision["fields"] = {"record": OTHER, "decision": "alias", "same_as": RESIDENT}
    await add(one, decision)
    assert await covered() == (2, 1, 2, {"m0042": (1, 0, 1), "m0117": (1, 1, 0)})
    await one.same_from_nothing()


async def test_fg6_a_problem_is_followed_to_its_end_by_visits_of_others(one: Working) -> None:
    found = visit(period=hours(1, 2, 3), problems__item1__text="漏雨", problems__item1__due="2026-11-10")
    name = f"{found['_id']}#item1"
    await add(one, found)

    async def stands() -> PromiseRow:
        (row,) = await due(one, PromiseWhere("problem", "2026-11-20"))
        return row

    row = await stands()
    assert (row.state, row.owner, row.due, row.overdue) == ("open", "m0117", "2026-11-10", True)
    follow = {"follow_ups__next1__problem": name, "follow_ups__next1__state": "in_hand"}
    await add(one, visit("m0042", period=hours(1, 2, 9), subject=RESIDENT, **follow))
    assert ((await stands()).state, (await stands()).last) == ("in_hand", "2026-11-09")
    days = ["2026-11-09", "2026-12-01"]
    urged = assigned(5, kind="problem", member="m0042", problem=name, days=days, record=found["_id"])
    await add(one, urged)
    row = await stands()
    assert (row.owner, row.due, row.overdue) == ("m0042", "2026-12-01", False)
    await add(one, assigned(6, kind="problem", member="m0042", problem=name, state="ended", supersedes=urged["_id"]))
    assert (await stands()).owner == "m0117"
    solved = visit(
        "m0300", "b04", period=hours(1, 2, 21), follow_ups__next2__problem=name, follow_ups__next2__state="solved"
    )
    await add(one, solved, db="branch-b04")
    row = await stands()
    assert (row.state, row.closed) == ("solved", "2026-11-21")
    assert row.overdue, "on the 20th it was"
    told_of = await one.ledger.read(lambda sql: problem(sql, None, found["_id"], "item1", "2026-11-21"))
    assert told_of is not None
    assert not told_of[0].overdue
    assert [(one.day, one.by, one.state) for one in told_of[1]] == [
        ("2026-11-09", "m0042", "in_hand"),
        ("2026-11-21", "m0300", "solved"),
    ]
    await one.same_from_nothing()


async def test_fg7_overdue_is_told_of_the_end_of_a_period_or_of_today(one: Working) -> None:
    await add(
        one,
        visit(period=hours(1, 2, 3), problems__item1__text="漏雨", problems__item1__due="2026-11-10"),
        visit(period=hours(3, 4, 3), problems__item2__text="路灯", problems__item2__due="2026-11-25"),
        service(period=hours(5, 6), **promised("2026-11-12T09:00:00Z", None)),
    )

    async def overdue(last: str, today: str) -> tuple[int, int]:
        shown = await told(one, FigureWhere(["b03"], "2026-11-01", last, today=today))
        return shown["problems_overdue"], shown["services_overdue"]

    assert await overdue("2026-11-10", "2026-12-31") == (0, 0), "the due day itself is in time"
    assert await overdue("2026-11-11", "2026-12-31") == (1, 0)
    assert await overdue("2026-11-30", "2026-11-20") == (1, 1)
    assert await overdue("2026-11-30", "2026-12-31") == (2, 1)
    month = await one.month()
    assert not [path for path in month if "overdue" in path], "a document holds no time of the run"
    figure = BY_CODE["problems_overdue"]
    assert isinstance(figure, Figure)
    where = FigureWhere(["b03"], "2026-11-01", "2026-11-30", today="2026-12-31")
    rows, _ = await one.ledger.read(lambda sql: contributions(sql, figure, where, ("", "", "", "", ""), 10))
    assert [row.item for row in rows] == ["item1", "item2"]


@pytest.mark.parametrize(
    ("code", "now", "then", "grown"),
    [
        ("activities", {"activities": 110}, {"activities": 100}, 10.0),
        ("activities", {"activities": 1}, {"activities": 3}, -66.7),
        ("activities", {"activities": 5}, {"activities": 0}, None),
        ("person_hours", {"person_minutes": 90}, {"person_minutes": 60}, 50.0),
        ("on_time_share", {"on_time": 9, "promises": 10}, {"on_time": 3, "promises": 4}, 15.0),
        ("on_time_share", {"on_time": 9, "promises": 10}, {"on_time": 0, "promises": 0}, None),
    ],
)
def test_fg9_a_count_grows_by_per_cent_and_a_share_by_points(
    code: str, now: dict[str, int], then: dict[str, int], grown: float | None
) -> None:
    assert growth(BY_CODE[code], now, then) == grown


async def test_fg10_a_figure_that_is_new_does_not_open_what_was_approved(
    one: Working, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add(one, visit(), service(period=hours(5, 6), called_back="satisfied"))
    (found,) = await one.store.get("branch-b03", [Want("activity_record:b03:2026-11")])
    decision = record("review", author="m0200")
    seen = f"sha256-{seen_hash(json.loads(found.revisions[0].body), [])}"
    decision["fields"] = {"record": found.id, "decision": "approve", "seen": seen}
    await add(one, decision)
    month = await one.month()
    assert (month["state"], month["number"]) == ("approved", 1)
    version = (await one.documents("activity_record:b03:2026-11:v1"))["activity_record:b03:2026-11:v1"]
    assert version["figures/problems_found"] == 0, "nothing was found, and that was approved"
    new = Figure("visits_long", ("长访", "Long visits"), ("次", "times"), ("", ""), Base.ATTENDANCE, value_min=30)
    monkeypatch.setattr(counting, "IN_MONTH", (*counting.IN_MONTH, new))
    wanted = await one.ledger.read(lambda sql: month_wanted(sql, "branch-b03", "b03", "2026-11", ZONE))
    assert wanted.body is not None
    assert (wanted.body["fields"]["state"], wanted.body["fields"]["figures/visits_long"]) == ("approved", 2)
    await add(one, visit("m0042", period=hours(8, 9, 2), subject=RESIDENT))
    assert (await one.month())["state"] == "under_review", "what was done since does open it"


async def test_fg11_a_branchs_month_is_read_by_ranges_of_indexes(one: Working) -> None:
    rng = random.Random(3)
    await add(
        one, *(visit(f"m{rng.randrange(9):04d}", period=hours(at % 9, at % 9 + 1, at % 28 + 1)) for at in range(60))
    )
    where = FigureWhere(["b03"], "2026-11-01", "2026-11-30", today="2026-11-20")
    asked: list[str] = []

    def query(sql: Any) -> None:
        sql.set_trace_callback(asked.append)
        counted(sql, where)
        promises(
            sql,
            frozenset({"branch:b03"}),
            PromiseWhere("problem", "2026-11-20", ["b03"], overdue=True),
            ("", "", ""),
            9,
        )
        sql.set_trace_callback(None)
        statements = [one for one in asked if one.startswith("SELECT") and "json_each" in one]
        assert len(statements) > len(Base)
        for statement in statements:
            plan = [row[3] for row in sql.execute(f"EXPLAIN QUERY PLAN {statement}")]
            # What a subquery has found may be gone through (`c`): the subquery itself has ranges.
            through = (
                "json_each",
                "CONSTANT",
                *(["SCAN c"] if "SELECT DISTINCT" in statement or ") c WHERE" in statement else []),
            )
            scanned = [step for step in plan if step.startswith("SCAN") and not any(one in step for one in through)]
            assert scanned == [], statement
            assert not [step for step in plan if "AUTOMATIC" in step], statement

    await one.ledger.read(query)
