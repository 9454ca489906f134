"""Decide what a branch's month looks like at a glance, in one answer: its figures beside the month and the year before, week by week, by
kind, by member, and the year that led up to it (FG15)."""

from datetime import date
from typing import Any

import msgspec
from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from server.api.base import need_login
from server.api.desk import today, whole_day
from server.api.figures import Days, Group, GroupCompared, GroupSeries, Series, compared_groups
from server.services import Services
from sync.actor import Actor
from sync.errors import BadRequest
from sync.ledger import periods
from sync.ledger.counting import counted, figure_of
from sync.ledger.figure import Figure, Quotient
from sync.ledger.figures import FIGURES
from sync.ledger.queries import branches_for
from sync.ledger.rows import FigureWhere
from sync.ledger.series import needed, series, steps

KINDS = ("visits", "services", "surveys", "events")
PROBLEMS = ("problems_found", "problems_solved")
MEMBERS = ("activities", "person_hours", *PROBLEMS)
MONTHS = 12


class Profile(msgspec.Struct, frozen=True):
    """`weeks`: visits, services, surveys and events; `kinds`: the same by kind; `members`: by who took part; `months`: problems found and
    solved in the twelve months that end with this one."""

    month: Days
    before: Days
    year_before: Days
    figures: GroupCompared
    weeks: Series
    kinds: list[Group]
    members: list[Group]
    months: Series


@get("/activity-records/{branch:str}/{month:str}/profile")
async def read_profile(
    services: NamedDependency[Services], actor: NamedDependency[Actor], branch: FromPath[str], month: FromPath[str]
) -> Profile:
    """A branch's month at a glance. Every value opens to its rows by the queries that are told with it."""
    if len(month) != 7:
        raise BadRequest("A month is written 2026-11.", code="bad_day")
    now = periods.period("month", whole_day(month))
    three = (now, periods.before(now), periods.year_before(now))
    day = today(services)
    weeks = steps(now.first, now.last, "week")
    year = steps(_months_back(now.first, MONTHS - 1), now.last, "month")

    def query(sql: Any) -> Profile:
        where = FigureWhere(branches_for(sql, actor.reader, branch), *now.days, today=day)
        (figures,) = compared_groups(sql, where, None, {"branch": branch}, three, FIGURES, services.ledger.kept)

        def over(codes: tuple[str, ...], found: list[tuple[str, str]]) -> Series:
            told = series(sql, where, _chosen(codes), found, None, services.ledger.kept)
            queries = [f"branch={branch}&first={first}&last={last}" for first, last in found]
            days = [Days(first, last, last >= day) for first, last in found]
            return Series(days, queries, [GroupSeries(group, values) for group, values in told.items()])

        def by(column: str, codes: tuple[str, ...]) -> list[Group]:
            chosen = _chosen(codes)
            told = counted(sql, where, column, needed(chosen), services.ledger.kept)
            return [Group(group, {one.code: one.value(values) for one in chosen}) for group, values in told.items()]

        shown, before, year_before = (Days(*one.days, one.days[1] >= day) for one in three)
        return Profile(
            month=shown,
            before=before,
            year_before=year_before,
            figures=figures,
            weeks=over(KINDS, weeks),
            kinds=by("kind", KINDS),
            members=by("member", MEMBERS),
            months=over(PROBLEMS, year),
        )

    return await services.ledger.read(query)


def _chosen(codes: tuple[str, ...]) -> list[Figure | Quotient]:
    return [figure_of(one) for one in codes]


def _months_back(first: date, count: int) -> date:
    number = first.year * 12 + first.month - 1 - count
    return date(number // 12, number % 12 + 1, 1)


router = Router("/", route_handlers=[read_profile], guards=[need_login], tags=["ledger"])
