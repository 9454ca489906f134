"""Decide how figures are counted for whoever asks: over which rows, by what, and which rows are shown behind one (LG2).

Each base is counted by one query over an index range of (branch, base, day); nothing else of the ledger is read.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from sqlite3 import Connection
from typing import Any

import msgspec

from sync.errors import BadRequest
from sync.ledger.contribution import Base
from sync.ledger.decisions import root_of
from sync.ledger.figure import Figure, Quotient, Value
from sync.ledger.figures import BY_CODE, COUNTED, complete

GROUPED_BY = {
    "branch": "c.branch",
    "member": "c.member",
    "of": "c.of",
    "kind": "c.kind",
    "subject": "c.subject",
    "day": "c.day",
    "month": "substr(c.day, 1, 7)",
    "window": "coalesce(nullif(c.window, ''), m.window, '')",
    "unit": "coalesce(nullif(w.unit, ''), m.unit, '')",
}
_BY_DAYS = ("day", "month")
_BY_PERSON = ("member", "window", "unit")
_PLACES = (
    " LEFT JOIN directory m ON m.id = 'member:' || c.member"
    " LEFT JOIN directory w ON w.id = coalesce(nullif(c.window, ''), m.window)"
)
IN_MONTH = tuple(figure for figure in COUNTED if figure.base not in (Base.DUE, Base.HALL))
"""What is overdue depends on the day on which it is asked: no document says it. Matters of the hall are nobody's activity, and a
corrected file opens no month that was approved."""
_BRANCHES = "c.branch IN (SELECT value FROM json_each(:branches))"
_FROM = {
    # A problem or service is overdue at the end of the period; while it runs, today.
    Base.DUE: "(SELECT activity, n, record, item, branch, member, window, of, kind, subject, due AS day, value, closed"
    " FROM promise) c",
    Base.LINK: "(SELECT NULL AS activity, 0 AS n, id AS record, '' AS item, branch, member, '' AS window, 'assignment' AS of,"
    " kind, subject, first AS day, last, 1 AS value, EXISTS (SELECT 1 FROM contribution x WHERE x.base=1 AND x.subject<>''"
    " AND x.subject=a.subject AND x.member=a.member AND x.day>=max(:first, a.first) AND x.day<=min(:last, a.last)"
    " AND x.branch=a.branch) AS reached FROM assigned a WHERE kind='link') c",
    Base.HALL: "(SELECT NULL AS activity, 0 AS n, import AS record, CAST(row AS TEXT) AS item, branch, '' AS member, window,"
    " 'matter' AS of, kind, '' AS subject, first, last AS day, accepted, concluded, on_time, early, satisfied,"
    " CASE WHEN satisfied IS NULL THEN NULL ELSE coalesce(rated, concluded) END AS rated FROM hall WHERE counts) c",
}
_OVER_DAYS = frozenset({Base.DUE, Base.LINK})
"""What is counted for each day or month of a grouping by itself."""
_NOT_BY: Mapping[Base, tuple[str, ...]] = {Base.HALL: ("day", "member", "subject")}
"""A row of the hall is a whole month's, and nobody's in person."""
_DURING = {
    Base.DUE: f"{_BRANCHES} AND c.of IN ('problem', 'service') AND c.closed>:at AND +c.day<:at",
    Base.LINK: f"{_BRANCHES} AND c.last>=:first AND +c.day<=:last",
    # A month's figures cannot be cut: they count in a period that holds all of the month.
    Base.HALL: f"{_BRANCHES} AND c.day<=:last AND +c.first>=:first AND c.day>=:first",
}


@dataclass(frozen=True, slots=True)
class FigureWhere:
    """What figures are about; None leaves a column free. Days are local and inclusive. `today` is the latest day at which something
    can be overdue."""

    branches: Sequence[str]
    first: str
    last: str
    member: str | None = None
    window: str | None = None
    unit: str | None = None
    of: str | None = None
    kind: str | None = None
    subject: str | None = None
    today: str = "9999"


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
    sql: Connection, where: FigureWhere, by: str | None = None, chosen: Sequence[Figure] = COUNTED
) -> dict[str, dict[str, int]]:
    """The same without quotients, of these figures. Raises BadRequest."""
    if by is not None and by not in GROUPED_BY:
        raise BadRequest(f"Figures can be grouped by {', '.join(GROUPED_BY)}.")
    told: dict[str, dict[str, int]] = defaultdict(lambda: {figure.code: 0 for figure in chosen})
    for base, many in _by_base(chosen).items():
        if by not in _NOT_BY.get(base, ()) and (base not in _OVER_DAYS or by not in _BY_DAYS):
            _count(sql, base, many, where, by, told)
    if by in _BY_DAYS:
        # What lies over a stretch of days is counted for each day or month by itself.
        for group in list(told):
            within = replace(where, first=max(where.first, group), last=min(where.last, group + "~"))
            for base in _OVER_DAYS & _by_base(chosen).keys():
                one: dict[str, dict[str, int]] = defaultdict(dict)
                _count(sql, base, _by_base(chosen)[base], within, None, one)
                told[group] |= one[""]
    if by is None:
        told[""] = told[""]
    return dict(sorted(told.items()))


def contributions(
    sql: Connection, figure: Figure, where: FigureWhere, after: Sequence[Any], limit: int
) -> tuple[list[ContributionRow], list[Any] | None]:
    """The rows that make a figure, by branch and day, and where to go on (None at the end). `after` is (branch, day, record, item,
    member) of the last one shown."""
    source, test, values = _asked(sql, figure.base, where, None)
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


def _count(
    sql: Connection,
    base: Base,
    chosen: Sequence[Figure],
    where: FigureWhere,
    by: str | None,
    told: Mapping[str, dict[str, int]],
) -> None:
    source, test, values = _asked(sql, base, where, by)
    columns = ", ".join(figure.select() for figure in chosen)
    column, group = ("''", "") if by is None else (GROUPED_BY[by], " GROUP BY 1")
    for row in sql.execute(f"SELECT {column}, {columns} FROM {source} WHERE {test}{group}", values):
        told[row[0]].update(zip((figure.code for figure in chosen), row[1:], strict=True))


def _asked(sql: Connection, base: Base, where: FigureWhere, by: str | None) -> tuple[str, str, dict[str, Any]]:
    """The rows of one base: where they come from, which of them, and the values for it."""
    person = by in _BY_PERSON or any(one is not None for one in (where.member, where.window, where.unit))
    if base == Base.ACTIVITY and person:
        # An activity is that of everybody who took part in it.
        base = Base.ATTENDANCE
    at = min(where.last, where.today)
    values: dict[str, Any] = {
        "branches": json.dumps(list(where.branches)),
        "first": where.first,
        "last": where.last,
        "at": at,
    }
    test = _DURING.get(base, f"c.base={int(base)} AND {_BRANCHES} AND c.day>=:first AND c.day<=:last")
    for name, column in GROUPED_BY.items():
        value = getattr(where, name, None)
        if value is not None:
            test += f" AND {column}=:{name}"
            values[name] = root_of(sql, value) if name == "subject" else value
    # Windows and units are looked up only where they are asked for: over a year it is most of the time.
    places = by in ("window", "unit") or where.window is not None or where.unit is not None
    return _FROM.get(base, "contribution c") + (_PLACES if places else ""), test, values


def _by_base(chosen: Sequence[Figure]) -> dict[Base, list[Figure]]:
    told: dict[Base, list[Figure]] = {}
    for figure in chosen:
        told.setdefault(figure.base, []).append(figure)
    return told


def lines(sql: Connection, branches: Sequence[str]) -> Iterator[list[Any]]:
    """Every figure of every branch and month, for a comparison of ledgers."""
    for branch in branches:
        for month, told in figures(sql, FigureWhere([branch], "", "~"), "month").items():
            yield [branch, month, *told.values()]
