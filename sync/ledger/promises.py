"""Decide how problems and promised services are listed: what is due first stands first, and what is overdue can be asked for (FG6).

Every list goes down one index: by due day, or, for what is still open at a day, by the day on which it was done. Both are narrowed to
the records that the reader may see.
"""

import heapq
import json
from collections.abc import Sequence
from sqlite3 import Connection
from typing import Any, NamedTuple

import msgspec

from sync.ledger.contribution import OPEN
from sync.ledger.decisions import root_of
from sync.ledger.problems import Followed, follow_ups
from sync.ledger.queries import Reader, every_branch

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
    done at that day, or (False) were."""

    of: str
    at: str
    branches: Sequence[str] | None = None
    owner: str | None = None
    states: Sequence[str] | None = None
    timely: str | None = None
    subject: str | None = None
    overdue: bool = False
    open: bool | None = None


def promises(
    sql: Connection, reader: Reader, where: PromiseWhere, after: tuple[str, str, str], limit: int
) -> list[PromiseRow]:
    """What is due first; what has no day comes last. `after` is (due, record, item) of the last one shown."""
    branches = where.branches if where.branches is not None else every_branch(sql)
    found = heapq.merge(
        *[_of_branch(sql, reader, where, branch, after, limit) for branch in branches],
        key=lambda row: (row.due or OPEN, row.record, row.item),
    )
    return [row for row, _ in zip(found, range(limit), strict=False)]


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
    sql: Connection, reader: Reader, where: PromiseWhere, branch: str, after: tuple[str, str, str], limit: int
) -> list[PromiseRow]:
    tests = "p.branch=:branch AND p.of=:of"
    values: dict[str, Any] = {"branch": branch, "of": where.of, "at": where.at, "limit": limit}
    subject = None if where.subject is None else root_of(sql, where.subject)
    if where.overdue or where.open:
        # What is still open is little beside all that ever was: the index of closing days finds it.
        tests += " AND p.closed>:at"
    if where.open is False:
        tests += " AND p.closed<=:at"
    if where.overdue:
        tests += " AND +p.due<:at"
    for column, value in (("member", where.owner), ("timely", where.timely), ("subject", subject)):
        if value is not None:
            tests += f" AND p.{column}=:{column}"
            values[column] = value
    if where.states is not None:
        tests += f" AND p.state IN ({','.join(f':state{at}' for at in range(len(where.states)))})"
        values |= {f"state{at}": state for at, state in enumerate(where.states)}
    rows = sql.execute(
        f"{_select()} WHERE {tests} AND (p.due, p.record, p.item) > (:due, :record, :item)"
        + _seen(reader)
        + " ORDER BY p.due, p.record, p.item LIMIT :limit",
        values | dict(zip(("due", "record", "item"), after, strict=True)) | _seen_by(reader),
    )
    return [_row(row, where.at) for row in rows]


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
