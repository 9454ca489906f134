"""Decide which assignments are listed for whoever asks, how each stands today, and whom of the assigned nobody has been to (DI6, DI7)."""

import json
from collections.abc import Sequence
from sqlite3 import Connection
from typing import Literal, NamedTuple

import msgspec

from sync.ledger.contribution import OPEN
from sync.ledger.queries import Reader

State = Literal["now", "future", "ended"]
Order = Literal["member", "subject"]
Place = tuple[str, str, str]
"""(member or subject, the other of the two, id) of the last one shown."""


class AssignmentWhere(NamedTuple):
    """None leaves a column free; `today`: the local day at which it is asked how they stand."""

    today: str
    branch: str | None = None
    member: str | None = None
    subject: str | None = None
    kind: str | None = None
    state: State | None = None


class AssignmentRow(msgspec.Struct, frozen=True):
    """Days are local and inclusive, "" where one is open. `subject`: as the assignment names it, "" for none. `last` is the day before one
    that took its place, where that is earlier than it says itself."""

    id: str
    kind: str
    branch: str
    member: str
    subject: str
    problem: str
    first: str
    last: str
    state: State


class Unreached(msgspec.Struct, frozen=True):
    """Of a member's subjects in a period: how many there were, how many the member went to, and those that were not reached, each with
    (assignment, subject)."""

    member: str
    branch: str
    assigned: int
    reached: int
    unreached: list[tuple[str, str]]


def assignments(
    sql: Connection, reader: Reader, where: AssignmentWhere, order: Order, after: Place, limit: int
) -> list[AssignmentRow]:
    """Those that were given, as far as the reader may see them; what only ends another is none."""
    day = where.today
    tests, values = ["x.state NOT IN ('ended', 'done')"], []
    for column, value in (
        ("branch", where.branch),
        ("member", where.member),
        ("named", where.subject),
        ("kind", where.kind),
    ):
        if value is not None:
            tests.append(f"x.{column}=?")
            values.append(value)
    if where.state is not None:
        test = {"ended": "x.last<?", "future": "x.last>=? AND x.first>?", "now": "x.last>=? AND x.first<=?"}[
            where.state
        ]
        tests.append(test)
        values += [day] * test.count("?")
    one, other = ("member", "named") if order == "member" else ("named", "member")
    rows = sql.execute(
        "SELECT x.id, x.kind, x.branch, x.member, x.named, x.problem, x.first, x.last FROM assigned x"
        f" JOIN companion c USING (id) WHERE {' AND '.join(tests)} AND (x.{one}, x.{other}, x.id) > (?, ?, ?){_seen(reader)}"
        f" ORDER BY x.{one}, x.{other}, x.id LIMIT ?",
        [*values, *after, *_principals(reader), limit],
    )
    return [_row(row, day) for row in rows]


def coverage(sql: Connection, reader: Reader, branches: Sequence[str], first: str, last: str) -> list[Unreached]:
    """Of each member's linked subjects between two local days; reached is what the figure `links_reached` counts."""
    rows = sql.execute(
        "SELECT x.member, x.branch, x.subject, x.id, x.named, EXISTS (SELECT 1 FROM contribution d WHERE d.base=1 AND d.subject<>''"
        " AND d.subject=x.subject AND d.member=x.member AND d.day>=max(?, x.first) AND d.day<=min(?, x.last)"
        " AND d.branch=x.branch) FROM assigned x JOIN companion c USING (id)"
        " WHERE x.branch IN (SELECT value FROM json_each(?)) AND x.kind='link' AND x.last>=? AND x.first<=?"
        f"{_seen(reader)} ORDER BY x.branch, x.member, x.named, x.id",
        [first, last, json.dumps(list(branches)), first, last, *_principals(reader)],
    )
    found: dict[tuple[str, str], dict[str, tuple[str, str, int]]] = {}
    for member, branch, subject, one, named, reached in rows:
        # Assigned twice, or under two names, it is one subject.
        known = found.setdefault((branch, member), {}).get(subject, (one, named, 0))
        found[branch, member][subject] = (*known[:2], known[2] or reached)
    return [
        Unreached(member, branch, len(told), sum(one[2] for one in told), [one[:2] for one in told if not one[2]])
        for (branch, member), links in found.items()
        for told in [list(links.values())]
    ]


def _row(row: tuple[str, ...], day: str) -> AssignmentRow:
    one, kind, branch, member, named, problem, first, last = row
    state = _state(first, last, day)
    return AssignmentRow(one, kind, branch, member, named, problem, first, "" if last == OPEN else last, state)


def _state(first: str, last: str, day: str) -> State:
    return "ended" if last < day else "future" if first > day else "now"


def _seen(reader: Reader) -> str:
    if reader is None:
        return ""
    return (
        " AND EXISTS (SELECT 1 FROM reader p WHERE p.audience = c.audience"
        " AND p.principal IN (SELECT value FROM json_each(?)))"
    )


def _principals(reader: Reader) -> list[str]:
    return [] if reader is None else [json.dumps(sorted(reader))]
