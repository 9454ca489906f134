"""Decide over which rows figures are counted: of each kind where they come from, which of them lie in a period, and by what they are
grouped (LG2). Each kind is one index range of (branch, base, day); nothing else of the ledger is read."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from sqlite3 import Connection
from typing import Any

from sync.ledger.contribution import Base
from sync.ledger.decisions import root_of
from sync.ledger.figure import Figure

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
BY_DAYS = ("day", "month")
_BY_PERSON = ("member", "window", "unit")
BY_PLACE = ("window", "unit")
_PLACES = (
    " LEFT JOIN directory m ON m.id = 'member:' || c.member"
    " LEFT JOIN directory w ON w.id = coalesce(nullif(c.window, ''), m.window)"
)
_BRANCHES = "c.branch IN (SELECT value FROM json_each(:branches))"
FIRST_OF_ACTIVITY = (
    " AND (c.n=0 OR NOT EXISTS (SELECT 1 FROM contribution x WHERE x.activity=c.activity AND x.n<c.n AND x.base=0"
    " AND x.branch IN (SELECT value FROM json_each(:branches))))"
)
"""An activity is credited to each of its branches, by rows that differ in nothing else; of several branches it counts once."""
_FROM = {
    # A problem or service is overdue at the end of the period; while it runs, today.
    Base.DUE: "(SELECT activity, n, record, item, branch, member, window, of, kind, subject, due AS day, value, closed"
    " FROM promise) c",
    # One for each member and subject, however often it was assigned, under whichever name.
    Base.LINK: "(SELECT NULL AS activity, 0 AS n, min(id) AS record, '' AS item, branch, member, '' AS window, 'assignment' AS of,"
    " kind, subject, min(first) AS day, max(last) AS last, 1 AS value, max(EXISTS (SELECT 1 FROM contribution x INDEXED BY"
    " contribution_reached WHERE x.base=1 AND x.subject<>'' AND x.subject=a.subject AND x.member=a.member"
    " AND x.day>=max(:first, a.first) AND x.day<=min(:last, a.last) AND x.branch=a.branch)) AS reached FROM assigned a"
    " WHERE kind='link' AND a.branch IN (SELECT value FROM json_each(:branches)) AND a.last>=:first AND +a.first<=:last"
    " GROUP BY branch, member, subject) c",
    Base.HALL: "(SELECT NULL AS activity, 0 AS n, import AS record, CAST(row AS TEXT) AS item, branch, '' AS member, window,"
    " 'matter' AS of, kind, '' AS subject, first, last AS day, 1 AS value, accepted, concluded, on_time, early, satisfied,"
    " CASE WHEN satisfied IS NULL THEN NULL ELSE coalesce(rated, concluded) END AS rated FROM hall WHERE counts) c",
}
OVER_DAYS = frozenset({Base.DUE, Base.LINK})
"""What is counted for each day or month of a grouping by itself."""
NOT_BY: Mapping[Base, tuple[str, ...]] = {Base.HALL: ("day", "member", "subject")}
"""A row of the hall is a whole month's, and nobody's in person."""
DURING = {
    Base.DUE: f"{_BRANCHES} AND c.of IN ('problem', 'service') AND c.closed>:at AND +c.day<:at",
    Base.LINK: "c.last>=:first",
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


def rows_of(
    sql: Connection, base: Base, where: FigureWhere, by: str | None, *, person: bool = False
) -> tuple[str, str, dict[str, Any]]:
    """The rows of one base: where they come from, which of them, and the values for it. `person`: they are counted by person whatever
    `by` says."""
    if base == Base.ACTIVITY and (person or is_person(where, by)):
        # An activity is that of everybody who took part in it.
        base = Base.ATTENDANCE
    at = min(where.last, where.today)
    values: dict[str, Any] = {
        "branches": json.dumps(list(where.branches)),
        "first": where.first,
        "last": where.last,
        "at": at,
    }
    test = DURING.get(base, f"c.base={int(base)} AND {_BRANCHES} AND c.day>=:first AND c.day<=:last")
    for name, column in GROUPED_BY.items():
        value = getattr(where, name, None)
        if value is not None:
            test += f" AND {column}=:{name}"
            values[name] = root_of(sql, value) if name == "subject" else value
    # Windows and units are looked up only where they are asked for: over a year it is most of the time.
    placed = by in BY_PLACE or is_placed(where)
    return _FROM.get(base, "contribution c") + (_PLACES if placed else ""), test, values


def is_placed(where: FigureWhere) -> bool:
    return where.window is not None or where.unit is not None


def is_person(where: FigureWhere, by: str | None) -> bool:
    return by in _BY_PERSON or where.member is not None or is_placed(where)


def by_base(chosen: Sequence[Figure]) -> dict[Base, list[Figure]]:
    told: dict[Base, list[Figure]] = {}
    for figure in chosen:
        told.setdefault(figure.base, []).append(figure)
    return told
