"""Decide how figures are counted for whoever asks: by what, of which days, and which rows are shown behind one (LG2)."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from sqlite3 import Connection
from typing import Any

import msgspec

from sync.errors import BadRequest
from sync.ledger.contribution import Base
from sync.ledger.figure import Figure, Quotient, Value
from sync.ledger.figures import BY_CODE, COUNTED, complete
from sync.ledger.kept import Kept
from sync.ledger.places import places
from sync.ledger.rows import (
    BY_DAYS,
    BY_PLACE,
    GROUPED_BY,
    NOT_BY,
    OVER_DAYS,
    FigureWhere,
    by_base,
    is_person,
    is_placed,
    rows_of,
)
from sync.ledger.tally import count, count_months, is_of_months

IN_MONTH = tuple(figure for figure in COUNTED if figure.base not in (Base.DUE, Base.HALL))
"""What is overdue depends on the day on which it is asked: no document says it. Matters of the hall are nobody's activity, and a
corrected file opens no month that was approved."""


class ContributionRow(msgspec.Struct, frozen=True):
    """One row behind a figure; `activity` is empty for one that is none's. Of an imported one `record` is the import and `item` the
    number of the row in its file."""

    activity: str
    record: str
    item: str
    branch: str
    member: str
    of: str
    kind: str
    subject: str
    day: str
    value: int


def figures(sql: Connection, where: FigureWhere, by: str | None = None) -> dict[str, dict[str, Value]]:
    """{group: {figure: value}}; without `by` the one group "". Groups in which nothing is counted are left out."""
    return {group: complete(told) for group, told in counted(sql, where, by).items()}


def counted(
    sql: Connection,
    where: FigureWhere,
    by: str | None = None,
    chosen: Sequence[Figure] = COUNTED,
    kept: Kept | None = None,
) -> dict[str, dict[str, int]]:
    """The same without quotients, of these figures. `kept`: what is known of months already. Raises BadRequest."""
    if by is not None and by not in GROUPED_BY:
        raise BadRequest(f"Figures can be grouped by {', '.join(GROUPED_BY)}.")
    told: dict[str, dict[str, int]] = defaultdict(lambda: {figure.code: 0 for figure in chosen})
    bases = by_base(chosen)
    if is_person(where, by) and Base.ACTIVITY in bases:
        # An activity is that of everybody who took part: these are the same rows, gone through once.
        bases[Base.ATTENDANCE] = [*bases.pop(Base.ACTIVITY), *bases.get(Base.ATTENDANCE, [])]
    placed = places(sql, by) if by in BY_PLACE and not is_placed(where) else None
    for base, many in bases.items():
        if by not in NOT_BY.get(base, ()) and (base not in OVER_DAYS or by not in BY_DAYS):
            if kept is not None and is_of_months(base, where, by):
                count_months(sql, kept, base, many, where, by, placed, told)
            else:
                count(sql, base, many, where, by, placed, told)
    if by in BY_DAYS:
        # What lies over a stretch of days is counted for each day or month by itself.
        for group in list(told):
            within = replace(where, first=max(where.first, group), last=min(where.last, group + "~"))
            for base in OVER_DAYS & by_base(chosen).keys():
                one: dict[str, dict[str, int]] = defaultdict(dict)
                count(sql, base, by_base(chosen)[base], within, None, None, one)
                told[group] |= one[""]
    if by is None:
        told[""] = told[""]
    return dict(sorted(told.items()))


def contributions(
    sql: Connection, figure: Figure, where: FigureWhere, after: Sequence[Any], limit: int
) -> tuple[list[ContributionRow], list[Any] | None]:
    """The rows that make a figure, by branch and day, and where to go on (None at the end). `after` is (branch, day, record, item,
    member) of the last one shown."""
    source, test, values = rows_of(sql, figure.base, where, None)
    tests = "".join(f" AND {one}" for one in figure.tests())
    rows = sql.execute(
        "SELECT coalesce(a.id, ''), c.record, c.item, c.branch, c.member, c.of, c.kind, c.subject, c.day,"
        f" coalesce(c.{figure.column}, 0)"
        f" FROM {source} LEFT JOIN activity a ON a.anchor = c.activity WHERE {test}{tests}"
        " AND (c.branch, c.day, c.record, c.item, c.member) > (:branch, :day, :record, :item, :person)"
        " ORDER BY c.branch, c.day, c.record, c.item, c.member LIMIT :limit",
        values | dict(zip(("branch", "day", "record", "item", "person"), after, strict=True)) | {"limit": limit},
    ).fetchall()
    told = [ContributionRow(*row) for row in rows]
    more = [told[-1].branch, told[-1].day, told[-1].record, told[-1].item, told[-1].member] if told else None
    return told, more if len(rows) == limit else None


def figure_of(code: str) -> Figure | Quotient:
    """Raises BadRequest."""
    found = BY_CODE.get(code)
    if found is None:
        raise BadRequest(f"There is no figure {code}: {', '.join(BY_CODE)}.")
    return found


def parts_of(figure: Figure | Quotient) -> list[Figure]:
    """The counted figures that a figure is made of: itself, or those of a quotient."""
    if isinstance(figure, Figure):
        return [figure]
    return [part for code in figure.parts if isinstance(part := BY_CODE[code], Figure)]


def in_month(sql: Connection, branch: str, month: str) -> dict[str, int]:
    """What a branch's activity record says of a month: all that is counted (`IN_MONTH`). Nothing where nothing was done."""
    told = counted(sql, FigureWhere([branch], month, month + "~"), None, IN_MONTH)[""]
    done = any(told[figure.code] for figure in IN_MONTH if figure.base != Base.LINK)
    return told if done else {}


def lines(sql: Connection, branches: Sequence[str]) -> Iterator[list[Any]]:
    """Every figure of every branch and month, for a comparison of ledgers."""
    for branch in branches:
        for month, told in figures(sql, FigureWhere([branch], "", "~"), "month").items():
            yield [branch, month, *told.values()]
