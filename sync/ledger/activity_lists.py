"""Decide how activities are listed: newest day first, within one range of an index for each branch, whatever lies before or after."""

import json
from collections.abc import Iterable, Mapping, Sequence
from sqlite3 import Connection
from typing import Any, NamedTuple

import msgspec

from sync.ledger.contribution import Base
from sync.ledger.decisions import root_of

_fields = msgspec.json.Decoder(dict[str, Any]).decode


class ActivityWhere(NamedTuple):
    """Which activities are asked for: credited to one of these branches; None leaves a column free. Days are local and inclusive.
    `member`: who took part; `subject`: or one that is the same by a decision."""

    branches: Sequence[str]
    first: str = ""
    last: str = "~"
    of: str | None = None
    kind: str | None = None
    member: str | None = None
    subject: str | None = None


class ActivityRow(NamedTuple):
    id: str
    day: str
    fields: dict[str, Any]


def activities(sql: Connection, where: ActivityWhere, before: tuple[str, str], limit: int) -> list[ActivityRow]:
    """The newest day first; `before` is (day, id) of the last one shown."""
    test, values = _asked(sql, where)
    last = min(where.last, before[0])
    found = where.first
    if where.subject is None:
        # The days that hold the next ones of each branch: what is older is not looked at.
        starts = [
            _start(sql, test, {**values, "branch": one, "last": last}, limit, before[0]) for one in where.branches
        ]
        found = max([where.first, *starts])
    rows = sql.execute(
        "SELECT DISTINCT a.id, a.day, a.fields FROM contribution c JOIN activity a ON a.anchor = c.activity"
        f" WHERE c.branch IN (SELECT value FROM json_each(:branches)) AND {test} AND c.day>=:first AND c.day<=:last"
        " AND (a.day, a.id) < (:before_day, :before_id) ORDER BY a.day DESC, a.id DESC LIMIT :limit",
        {**values, "first": found, "last": last, "before_day": before[0], "before_id": before[1], "limit": limit},
    )
    return [ActivityRow(one, day, _fields(fields)) for one, day, fields in rows]


def months_known(
    sql: Connection, branches: Sequence[str], month: str | None, before: tuple[str, str], limit: int
) -> list[tuple[str, str, str, int]]:
    """(branch, month, state, number) of the activity records as they lie in the store, the latest month first; `before` is (month,
    branch) of the last one shown."""
    return sql.execute(
        "SELECT branch, month, state, number FROM month WHERE branch IN (SELECT value FROM json_each(?))"
        " AND (? IS NULL OR month=?) AND (month < ? OR (month = ? AND branch > ?)) ORDER BY month DESC, branch LIMIT ?",
        [json.dumps(list(branches)), month, month, before[0], before[0], before[1], limit],
    ).fetchall()


def readable(sql: Connection, reader: Iterable[str] | None, records: Sequence[str]) -> set[str]:
    """Those of these records that the reader may see."""
    seen = (
        ""
        if reader is None
        else " AND EXISTS (SELECT 1 FROM reader p WHERE p.audience = r.audience"
        " AND p.principal IN (SELECT value FROM json_each(:reader)))"
    )
    rows = sql.execute(
        f"SELECT r.id FROM record r WHERE r.id IN (SELECT value FROM json_each(:records)){seen}",
        {"records": json.dumps(list(records)), "reader": json.dumps(sorted(reader or ()))},
    )
    return {one for (one,) in rows}


def _asked(sql: Connection, where: ActivityWhere) -> tuple[str, dict[str, Any]]:
    values: dict[str, Any] = {"branches": json.dumps(list(where.branches))}
    base = Base.ACTIVITY
    test = ""
    if where.member is not None:
        # An activity is that of everybody who took part in it.
        base = Base.ATTENDANCE
    for column, value in (("of", where.of), ("kind", where.kind), ("member", where.member)):
        if value is not None:
            test += f" AND c.{column}=:{column}"
            values[column] = value
    if where.subject is not None:
        test += " AND c.activity IN (SELECT x.activity FROM contribution x WHERE x.base=1 AND x.subject<>'' AND x.subject=:subject)"
        values["subject"] = root_of(sql, where.subject)
    return f"c.base={int(base)}{test}", values


def _start(sql: Connection, test: str, values: Mapping[str, Any], limit: int, before: str) -> str:
    """A day from which on a branch has `limit` of them before this one; "" when it has fewer."""
    rows = sql.execute(
        f"SELECT c.day FROM contribution c WHERE c.branch=:branch AND {test} AND c.day<=:last AND c.day<:before"
        " ORDER BY c.day DESC LIMIT 1 OFFSET :offset",
        {**values, "before": before, "offset": limit - 1},
    ).fetchone()
    return "" if rows is None else str(rows[0])
