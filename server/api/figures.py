"""Decide how figures are asked for and compared over periods, and that each opens to the rows and records behind it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

import msgspec
from litestar import Router, get
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery, QueryParameter

from server.api.base import need_login
from server.api.desk import cursor, days, is_personal, note_reading, resume, today, whole_day
from server.services import Services
from sync.actor import Actor
from sync.errors import BadRequest
from sync.ledger import periods
from sync.ledger.counting import ContributionRow, contributions, counted, figure_of, parts_of
from sync.ledger.figure import Figure, Quotient, Value
from sync.ledger.figures import FIGURES
from sync.ledger.growth import growth
from sync.ledger.kept import Kept
from sync.ledger.queries import branches_for, subject_names
from sync.ledger.rows import FigureWhere
from sync.ledger.series import needed, series, steps

By = Literal["branch", "member", "window", "unit", "of", "kind", "subject"]
STEPS_MAX = 62


class FigureMeaning(msgspec.Struct, frozen=True):
    """`parts`: the figures that a quotient is made of, the upper one first. `counts`: what of the rows behind it, each of them, the sum of
    their values, or the different activities or subjects in them; of a quotient nothing."""

    code: str
    zh: str
    en: str
    unit_zh: str
    unit_en: str
    meaning_zh: str
    meaning_en: str
    parts: list[str]
    counts: Literal["", "rows", "sum", "activities", "subjects"]


class Group(msgspec.Struct, frozen=True):
    """The figures of one branch, month, member …; of everything asked for where nothing was to be grouped by. A share of nothing has
    no value."""

    group: str
    figures: dict[str, Value]


class PartTold(msgspec.Struct, frozen=True):
    code: str
    value: Value
    open: str


class Opened(msgspec.Struct, frozen=True):
    """The rows behind a figure; a quotient has `parts` instead, each with where its rows are listed. `names` of the subjects in them, as
    far as the actor may read these. `next`: give it as `after` to go on; none at the end."""

    figure: FigureMeaning
    value: Value
    parts: list[PartTold]
    contributions: list[ContributionRow]
    names: dict[str, str]
    next: str | None


class Days(msgspec.Struct, frozen=True):
    """Local days, both inclusive. `running`: its last day is not over yet."""

    first: str
    last: str
    running: bool


class Compared(msgspec.Struct, frozen=True):
    """A figure beside the period before and the same of the year before. Growth is in per cent, of a share in percentage points; none
    where there was nothing to grow from."""

    value: Value
    before: Value
    growth: float | None
    year_before: Value
    growth_year: float | None


class GroupCompared(msgspec.Struct, frozen=True):
    """`rows`: the query with which `/api/v1/figures/<code>/contributions` lists what is behind the three values, in their order."""

    group: str
    figures: dict[str, Compared]
    rows: list[str]


class Comparison(msgspec.Struct, frozen=True):
    period: Days
    before: Days
    year_before: Days
    groups: list[GroupCompared]


class GroupSeries(msgspec.Struct, frozen=True):
    """`figures`: of each the values, step by step."""

    group: str
    figures: dict[str, list[Value]]


class Series(msgspec.Struct, frozen=True):
    """`rows`: the query with which `/api/v1/figures/<code>/contributions` lists what is behind each step; narrow it to a group by that
    group's own parameter."""

    steps: list[Days]
    rows: list[str]
    groups: list[GroupSeries]


class Asked(msgspec.Struct, frozen=True):
    """What is asked about, as the query says it. `period` is None where first and last days are given in part or not at all."""

    first: str
    last: str
    period: periods.Period | None
    branch: str | None
    narrowed: dict[str, str]
    """Columns of `FigureWhere`."""
    today: str

    def where(self, branches: list[str]) -> FigureWhere:
        return FigureWhere(branches, self.first, self.last, today=self.today, **self.narrowed)

    def query(self, first: str, last: str) -> dict[str, str]:
        """The same as parameters of a query, for other days."""
        named = {"type" if name == "of" else name: value for name, value in self.narrowed.items()}
        own = {"branch": self.branch} if self.branch is not None else {}
        span = {name: day for name, day in (("first", first), ("last", last)) if day}
        return {**own, **named, **span}


def asked(
    services: NamedDependency[Services],
    branch: FromQuery[str | None] = None,
    period: FromQuery[Literal["day", "week", "month", "quarter", "year", "ytd"] | None] = None,
    at: FromQuery[str | None] = None,
    first: FromQuery[str | None] = None,
    last: FromQuery[str | None] = None,
    member: FromQuery[str | None] = None,
    window: FromQuery[str | None] = None,
    unit: FromQuery[str | None] = None,
    type: FromQuery[str | None] = None,
    kind: FromQuery[str | None] = None,
    subject: FromQuery[str | None] = None,
) -> Asked:
    """`period` and a day `at` in it (today where none is given), or `first` and `last`: local days, months or years, both inclusive."""
    now = today(services)
    told = {"member": member, "window": window, "unit": unit, "of": type, "kind": kind, "subject": subject}
    narrowed = {name: value for name, value in told.items() if value is not None}
    found: periods.Period | None = None
    if period is not None:
        if first is not None or last is not None:
            raise BadRequest("Give a period, or its first and last days, not both.", code="bad_period")
        found = periods.period(period, whole_day(at, end=True) if at is not None else date.fromisoformat(now))
    elif first is not None and last is not None:
        try:
            found = periods.span(whole_day(first), whole_day(last, end=True))
        except ValueError:
            raise BadRequest("The last day lies before the first.", code="bad_period") from None
    span = found.days if found is not None else days(first, last)
    return Asked(*span, found, branch, narrowed, now)


@get("/figures/meanings")
async def meanings() -> list[FigureMeaning]:
    """What each figure counts."""
    return [meaning(figure.code) for figure in FIGURES]


@get("/figures")
async def read_figures(
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    asked: NamedDependency[Asked],
    by: FromQuery[str | None] = None,
    codes: FromQuery[str | None] = None,
) -> list[Group]:
    """Every figure of a period, or those of `codes` (with commas between), over the branches that the actor may see; `by` groups by
    branch, month, day, member, window, unit, of, kind or subject."""
    chosen = _chosen(codes)

    def query(sql: Any) -> list[Group]:
        where = asked.where(branches_for(sql, actor.reader, asked.branch))
        told = counted(sql, where, by, needed(chosen), services.ledger.kept)
        return [Group(group, {one.code: one.value(values) for one in chosen}) for group, values in told.items()]

    return await services.ledger.read(query)


@get("/figures/compared")
async def compare_figures(
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    asked: NamedDependency[Asked],
    by: FromQuery[By | None] = None,
    codes: FromQuery[str | None] = None,
) -> Comparison:
    """Every figure of a period (this month where none is named), or those of `codes`, beside the period before and the same of the
    year before."""
    chosen = _chosen(codes)
    now = asked.period or periods.period("month", date.fromisoformat(asked.today))
    three = (now, periods.before(now), periods.year_before(now))

    def query(sql: Any) -> list[GroupCompared]:
        where = asked.where(branches_for(sql, actor.reader, asked.branch))
        return compared_groups(sql, where, by, asked.query("", ""), three, chosen, services.ledger.kept)

    groups = await services.ledger.read(query)
    one, earlier, same = (Days(*it.days, it.days[1] >= asked.today) for it in three)
    return Comparison(one, earlier, same, groups)


@get("/figures/series")
async def read_series(
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    asked: NamedDependency[Asked],
    codes: FromQuery[str],
    over: FromQuery[Literal["day", "week", "month", "quarter", "year"]],
    by: FromQuery[By | None] = None,
) -> Series:
    """Figures of a period step by step: a line of a plot for each figure and group."""
    if asked.period is None:
        raise BadRequest("Give a period, or its first and last days.", code="bad_period")
    chosen, found = _chosen(codes), steps(asked.period.first, asked.period.last, over)
    if len(found) > STEPS_MAX:
        raise BadRequest(f"Ask for at most {STEPS_MAX} steps: a shorter period, or longer steps.", code="bad_period")

    def query(sql: Any) -> dict[str, dict[str, list[Value]]]:
        where = asked.where(branches_for(sql, actor.reader, asked.branch))
        return series(sql, where, chosen, found, by, services.ledger.kept)

    groups = await services.ledger.read(query)
    return Series(
        [Days(first, last, last >= asked.today) for first, last in found],
        [urlencode(asked.query(*one)) for one in found],
        [GroupSeries(group, told) for group, told in groups.items()],
    )


@get("/figures/{code:str}/contributions")
async def open_figure(
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    asked: NamedDependency[Asked],
    code: FromPath[str],
    after: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=1000)] = 100,
) -> Opened:
    """The rows behind a figure; each names its activity and its record."""
    figure = figure_of(code)
    parts = parts_of(figure)
    at = resume(after, "", "", "", "", "")

    def query(sql: Any) -> Opened:
        where = asked.where(branches_for(sql, actor.reader, asked.branch))
        told = counted(sql, where, None, needed([figure]), services.ledger.kept)[""]
        if isinstance(figure, Quotient):
            opens = urlencode(asked.query(asked.first, asked.last.rstrip("~")))
            shown = [PartTold(one.code, told[one.code], opening(one.code, opens)) for one in parts]
            return Opened(meaning(code), figure.value(told), shown, [], {}, None)
        rows, more = contributions(sql, figure, where, at, limit)
        named = subject_names(sql, actor.reader, [row.subject for row in rows])
        return Opened(meaning(code), figure.value(told), [], rows, named, cursor(more))

    opened = await services.ledger.read(query)
    shown = {row.record for row in opened.contributions if is_personal(row.subject) and row.subject in opened.names}
    note_reading(services, actor, shown)
    return opened


def compared_groups(
    sql: Any,
    where: FigureWhere,
    by: str | None,
    query: dict[str, str],
    three: tuple[periods.Period, ...],
    chosen: Sequence[Figure | Quotient],
    kept: Kept,
) -> list[GroupCompared]:
    """`three`: the period, the one before and the same of the year before; `query`: what of it is asked about, as parameters; `kept`:
    what is known of months already."""
    parts = needed(chosen)
    # The period before a year is the same of the year before: counted once.
    days_of = [one.days for one in three]
    once = {
        span: counted(sql, replace(where, first=span[0], last=span[1]), by, parts, kept)
        for span in dict.fromkeys(days_of)
    }
    told = [once[span] for span in days_of]
    return [_compared(query, by, group, told, three, chosen) for group in sorted(set().union(*told))]


def meaning(code: str) -> FigureMeaning:
    """Raises BadRequest."""
    one = figure_of(code)
    parts = list(one.parts) if isinstance(one, Quotient) else []
    return FigureMeaning(
        one.code, *one.name, *one.unit, *one.meaning, parts, "" if isinstance(one, Quotient) else one.count
    )


def opening(code: str, query: str) -> str:
    """Where the rows behind a figure are listed."""
    return f"/api/v1/figures/{code}/contributions?{query}"


def _chosen(codes: str | None) -> Sequence[Figure | Quotient]:
    """Raises BadRequest."""
    return FIGURES if codes is None else [figure_of(one) for one in dict.fromkeys(codes.split(","))]


def _compared(
    query: dict[str, str],
    by: str | None,
    group: str,
    told: list[dict[str, dict[str, int]]],
    three: tuple[periods.Period, ...],
    chosen: Sequence[Figure | Quotient],
) -> GroupCompared:
    nothing = {figure.code: 0 for figure in needed(chosen)}
    now, before, year_before = [one.get(group, nothing) for one in told]
    shown = {
        one.code: Compared(
            one.value(now),
            one.value(before),
            growth(one, now, before),
            one.value(year_before),
            growth(one, now, year_before),
        )
        for one in chosen
    }
    own = {} if by is None else {"type" if by == "of" else by: group}
    spans = [dict(zip(("first", "last"), one.days, strict=True)) for one in three]
    return GroupCompared(group, shown, [urlencode({**query, **span, **own}) for span in spans])


router = Router(
    "/",
    route_handlers=[meanings, read_figures, compare_figures, read_series, open_figure],
    dependencies={"asked": Provide(asked, sync_to_thread=False)},
    guards=[need_login],
    tags=["ledger"],
)
