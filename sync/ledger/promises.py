"""Decide how problems and promised services are listed and counted: what is due first stands first, or what was closed last, and what
is overdue can be asked for (FG6, FG21, FG22).

Every list goes down one index: by due day, or, for what is still open at a day, by the day on which it was done. Both are narrowed to
the records that the reader may see.
"""

import heapq
import json
from collections.abc import Sequence
from sqlite3 import Connection
from typing import Any, Literal, NamedTuple

import msgspec

from sync.ledger.contribution import OPEN
from sync.ledger.decisions import root_of
from sync.ledger.problems import Followed, follow_ups
from sync.ledger.queries import Reader, every_branch

Order = Literal["due", "closed"]

_COLUMNS = (
    "p.record, p.item, p.branch, p.member, p.subject, p.day, p.due, p.closed, p.state, p.timely, p.value, p.last, p.kind,"
    " r.db, s.name, a.id"
)

_SEEN = (
    " AND EXISTS (SELECT 1 FROM reader x WHERE x.audience = r.audience"
    " AND x.principal IN (SELECT value FROM json_each(:reader)))"
)


class PromiseRow(msgspec.Struct, frozen=True):
    """A problem or promised service. Days are local; `due`, `closed` and `last` are "" where there is none; `severity` is a problem's,
    1 for a service; `overdue`: at the day that was asked about; `database`: where its record lies."""

    record: str
    item: str
    branch: str
    owner: str
    subject: str
    subject_name: str
    kind: str
    day: str
    due: str
    closed: str
    state: str
    timely: str
    severity: int
    last: str
    overdue: bool
    activity: str
    database: str


class PromiseWhere(NamedTuple):
    """Which are asked for; None leaves a column free. `at`: the day at which they are or are not overdue; `open`: those that were not
    done at that day, or (False) were; `first` and `last`: the days between which they are due."""

    of: str
    at: str
    branches: Sequence[str] | None = None
    owner: str | None = None
    states: Sequence[str] | None = None
    timely: str | None = None
    subject: str | None = None
    overdue: bool = False
    open: bool | None = None
    first: str | None = None
    last: str | None = None


class PromiseCounts(msgspec.Struct, frozen=True):
    """Of what is not done at a day: all, what is past its due day, what is due from that day to another, what has no due day."""

    open: int
    overdue: int
    soon: int
    undated: int


def promises(
    sql: Connection,
    reader: Reader,
    where: PromiseWhere,
    after: tuple[str, str, str],
    limit: int,
    order: Order = "due",
) -> list[PromiseRow]:
    """By due day, what has none last; or by the day on which it was closed, the latest first. `after` is `place_of` the last one shown,
    three empty texts for the beginning."""
    branches = where.branches if where.branches is not None else every_branch(sql)
    found = heapq.merge(
        *[_of_branch(sql, reader, where, branch, after, limit, order) for branch in branches],
        key=lambda row: place_of(row, order),
        reverse=order == "closed",
    )
    return [row for row, _ in zip(found, range(limit), strict=False)]


def place_of(row: PromiseRow, order: Order) -> tuple[str, str, str]:
    """Where it stands in a list of this order."""
    return ((row.due if order == "due" else row.closed) or OPEN, row.record, row.item)


def promise_counts(sql: Connection, reader: Reader, where: PromiseWhere, soon: str) -> PromiseCounts:
    """How much that the reader may see is not done at the day `where.at`; `soon` is due from that day to this one. Only the branches,
    owner and subject are narrowed."""
    branches = where.branches if where.branches is not None else every_branch(sql)
    narrowed = PromiseWhere(where.of, where.at, owner=where.owner, subject=where.subject, open=True)
    total = [0, 0, 0, 0]
    for branch in branches:
        tests, values = _tests(sql, narrowed, branch)
        # Nobody from whom nothing is hidden needs the records: the index tells it all.
        joined = "" if reader is None else " JOIN record r ON r.id = p.record"
        row = sql.execute(
            "SELECT count(*), total(p.due<:at), total(p.due BETWEEN :at AND :soon), total(p.due=:never)"
            f" FROM promise p{joined} WHERE {tests}{_seen(reader)}",
            values | {"soon": soon, "never": OPEN} | _seen_by(reader),
        ).fetchone()
        total = [so_far + int(one) for so_far, one in zip(total, row, strict=True)]
    return PromiseCounts(*total)


def problem(
    sql: Connection, reader: Reader, record: str, item: str, at: str
) -> tuple[PromiseRow, list[Followed]] | None:
    """One problem with its follow-ups in the order of days; None when there is none that the reader may see."""
    row = sql.execute(
        f"{_select()} WHERE r.id=:record AND p.activity=r.anchor AND p.item=:item AND p.of='problem'" + _seen(reader),
        {"record": record, "item": item, **_seen_by(reader)},
    ).fetchone()
    name = f"{record}#{item}"
    return None if row is None else (_row(row, at), follow_ups(sql, [name]).get(name, []))


def _of_branch(
    sql: Connection,
    reader: Reader,
    where: PromiseWhere,
    branch: str,
    after: tuple[str, str, str],
    limit: int,
    order: Order,
) -> list[PromiseRow]:
    tests, values = _tests(sql, where, branch)
    way, before = (" DESC", "<") if order == "closed" else ("", ">")
    if after != ("", "", ""):
        tests += f" AND (p.{order}, p.record, p.item) {before} (:from, :record, :item)"
    rows = sql.execute(
        f"{_select()} WHERE {tests}{_seen(reader)} ORDER BY p.{order}{way}, p.record{way}, p.item{way} LIMIT :limit",
        values | {"limit": limit} | dict(zip(("from", "record", "item"), after, strict=True)) | _seen_by(reader),
    )
    return [_row(row, where.at) for row in rows]


def _tests(sql: Connection, where: PromiseWhere, branch: str) -> tuple[str, dict[str, Any]]:
    tests = "p.branch=:branch AND p.of=:of"
    values: dict[str, Any] = {"branch": branch, "of": where.of, "at": where.at}
    subject = None if where.subject is None else root_of(sql, where.subject)
    if where.overdue or where.open:
        # What is still open is little beside all that ever was: the index of closing days finds it.
        tests += " AND p.closed>:at"
    if where.open is False:
        tests += " AND p.closed<=:at"
    if where.overdue:
        tests += " AND +p.due<:at"
    for name, sign, day in (("first", ">=", where.first), ("last", "<=", where.last)):
        if day is not None:
            tests += f" AND +p.due{sign}:{name}"
            values[name] = day
    for column, value in (("member", where.owner), ("timely", where.timely), ("subject", subject)):
        if value is not None:
            tests += f" AND p.{column}=:{column}"
            values[column] = value
    if where.states is not None:
        tests += f" AND p.state IN ({','.join(f':state{at}' for at in range(len(where.states)))})"
        values |= {f"state{at}": state for at, state in enumerate(where.states)}
    return tests, values


def _select() -> str:
    return (
        f"SELECT {_COLUMNS} FROM promise p JOIN record r ON r.id = p.record JOIN activity a ON a.anchor = p.activity"
        " LEFT JOIN subject s ON s.id = p.subject"
    )


def _seen(reader: Reader) -> str:
    return "" if reader is None else _SEEN


def _seen_by(reader: Reader) -> dict[str, str]:
    return {} if reader is None else {"reader": json.dumps(sorted(reader))}


def _row(row: Sequence[Any], at: str) -> PromiseRow:
    record, item, branch, owner, subject, day, due, closed, state, timely, value, last, kind, db, name, activity = row
    return PromiseRow(
        record,
        item,
        branch,
        owner,
        subject,
        name or "",
        kind,
        day,
        "" if due == OPEN else due,
        "" if closed == OPEN else closed,
        state,
        timely,
        value,
        last,
        due < at < closed,
        activity,
        db,
    )
