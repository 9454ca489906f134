"""Decide what one line of an activity record says: as the ledger has it now, and as a version keeps it (DX…).

A version keeps no words: what names somebody, and what somebody wrote, can be erased or redacted later, and must not live on in what was
approved. Of a title it keeps a mark, by which one that is no longer the approved one is known.
"""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from json import dumps
from sqlite3 import Connection
from typing import Any

import msgspec

from sync.ledger.contribution import Base

_fields = msgspec.json.Decoder(dict[str, Any]).decode
PATH = "lines/"


class Line(msgspec.Struct, frozen=True, array_like=True):
    """`start`, `end`: UTC, as the activity has them; `people`, `branches`: who took part; `mark`: of its title, "" for none."""

    of: str
    kind: str
    subject: str
    start: str
    end: str
    people: tuple[str, ...]
    branches: tuple[str, ...]
    minutes: int
    problems: int
    solved: int
    mark: str


def line_of(fields: Mapping[str, Any]) -> Line:
    """The line of an activity, from its fields."""
    sets: dict[str, list[str]] = {}
    for path in fields:
        head, slash, member = path.partition("/")
        if slash:
            sets.setdefault(head, []).append(member)
    start, end = fields["period"]
    return Line(
        fields["of"],
        fields.get("kind", ""),
        fields.get("subject", ""),
        start,
        end,
        tuple(sorted(sets.get("participants", ()))),
        tuple(sorted(sets.get("branches", ()))),
        fields["person_minutes"],
        fields["problems"],
        fields["solved"],
        mark_of(fields.get("title", "")),
    )


def mark_of(title: str) -> str:
    """Tells a changed title, and too short to tell what it was."""
    return blake2b(title.encode(), digest_size=3).hexdigest() if title else ""


def live_lines(
    sql: Connection, branches: Sequence[str], first: str, last: str, limit: int
) -> list[tuple[str, str, Line]]:
    """(id, title, line) of the activities credited to one of these branches on these days, in the order of time."""
    rows = sql.execute(
        "SELECT DISTINCT a.id, a.fields FROM contribution c JOIN activity a ON a.anchor = c.activity"
        " WHERE c.branch IN (SELECT value FROM json_each(?)) AND c.base=? AND c.day>=? AND c.day<=? LIMIT ?",
        [dumps(list(branches)), int(Base.ACTIVITY), first, last, limit],
    )
    told = [
        (doc, fields.get("title", ""), line_of(fields)) for doc, fields in ((one, _fields(raw)) for one, raw in rows)
    ]
    return sorted(told, key=lambda one: (one[2].start, one[0]))


def kept(sql: Connection, activities: Sequence[str]) -> dict[str, Any]:
    """What a version keeps of these activities, as fields of its document."""
    return {PATH + doc: msgspec.to_builtins(line_of(fields)) for doc, fields in sorted(_now(sql, activities).items())}


def version_lines(sql: Connection, fields: Mapping[str, Any]) -> list[tuple[str, str | None, Line]] | None:
    """(id, title, line) as a version has them, in the order of time; None for a version that keeps none although it has activities.
    A title is None where it is not the approved one any more."""
    held = {path.removeprefix(PATH): value for path, value in fields.items() if path.startswith(PATH)}
    if not held and any(path.startswith("activities/") for path in fields):
        return None
    lines = msgspec.convert(held, dict[str, Line])
    now = _now(sql, [doc for doc, line in lines.items() if line.mark])
    titles = {doc: fields.get("title", "") for doc, fields in now.items()}
    told = [
        (doc, title if mark_of(title := titles.get(doc, "")) == line.mark else None, line)
        for doc, line in lines.items()
    ]
    return sorted(told, key=lambda one: (one[2].start, one[0]))


def _now(sql: Connection, activities: Sequence[str]) -> dict[str, dict[str, Any]]:
    """What these activities, or those that they became part of, say now."""
    rows = sql.execute(
        "SELECT r.id, a.fields FROM record r JOIN activity a ON a.anchor = r.anchor"
        " WHERE r.id IN (SELECT value FROM json_each(?))",
        [dumps([one.removeprefix("activity:") for one in activities])],
    )
    return {f"activity:{record}": _fields(raw) for record, raw in rows}
