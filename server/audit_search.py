"""Decide what of the audit is found for whoever asks, and how far one answer looks (AD8 to AD10): by its index, and while that is
being made through the lines of the period, the newest first."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from sqlite3 import Connection
from typing import Any, NamedTuple

from schemas.vocabulary import SUBJECT_KINDS
from server.audit import PREFIX
from server.audit_index import FIRST, LAST, Mark, id_of, mark_of
from server.audit_kinds import ANY, keys_of
from server.services import Services
from sync.databases import OFFICE
from sync.documents import content_of
from sync.ledger.queries import Reader, subject_names
from sync.ledger.subjects import group_of, persons_of
from sync.stores.contract import Range, Want

LOOKED_MAX = 4_000
"""Lines that one answer looks into; then it says how far it came, and goes on from there."""
_STEP = 500
NAMED_MAX = 50
RECORDS_MAX = 500


class Sought(NamedTuple):
    """`groups`: a line bears a key of each; `first`, `before`: between which marks it lies; `text`: what it holds somewhere, "" for
    anything."""

    groups: Sequence[Sequence[str]]
    first: Mark = FIRST
    before: Mark = LAST
    text: str = ""


class Line(NamedTuple):
    id: str
    content: dict[str, Any]


class Found(NamedTuple):
    """`at`: down to where it looked, None when that was all."""

    lines: list[Line]
    at: Mark | None


async def search(services: Services, sought: Sought, limit: int) -> Found:
    """The latest lines first."""
    if await services.audit_index.fresh():
        return await _by_index(services, sought, limit)
    return await _through(services, sought, limit)


def moments(services: Services, first: Any, last: Any) -> tuple[Mark, Mark]:
    """Between which marks the lines of local days lie, both inclusive; None: open."""
    zone = services.ledger.zone

    def at(day: Any) -> Mark:
        moment = datetime.combine(day, time(), zone).astimezone(UTC)
        return mark_of(f"{PREFIX}:{int(moment.timestamp() * 1000):014d}-000000-") or FIRST

    return at(first) if first else FIRST, at(last + timedelta(days=1)) if last else LAST


def about(sql: Connection, reader: Reader, asked: str) -> list[str]:
    """Keys of what is meant by an id or a name: a subject with all that is the same, its records and facts of
    persons; members and accounts."""
    subjects = [asked] if asked.partition(":")[0] in SUBJECT_KINDS else []
    found = [asked]
    if ":" not in asked:
        found += [one for name in members_named(sql, asked) for one in (name, f"member:{name}")]
        rows = sql.execute("SELECT id FROM subject WHERE instr(name, ?) LIMIT ?", [asked, NAMED_MAX])
        subjects = sorted(subject_names(sql, reader, [one for (one,) in rows]))
    same = sorted({one for subject in subjects for one in group_of(sql, subject).members})
    found += same + [doc for _, doc in persons_of(sql, same)]
    for subject in same:
        rows = sql.execute("SELECT id FROM record WHERE subject=? ORDER BY day DESC LIMIT ?", [subject, RECORDS_MAX])
        found += [one for (one,) in rows]
    return [f"on:{one}" for one in dict.fromkeys(found)]


def members_named(sql: Connection, asked: str) -> list[str]:
    """Ids, without their kind, of members whose name holds this."""
    rows = sql.execute("SELECT id FROM directory WHERE type='member' AND instr(name, ?) LIMIT ?", [asked, NAMED_MAX])
    return [one.removeprefix("member:") for (one,) in rows]


async def _by_index(services: Services, sought: Sought, limit: int) -> Found:
    lines: list[Line] = []
    before, looked = sought.before, 0
    while looked < LOOKED_MAX:
        step = _STEP if sought.text else limit
        marks, at = await services.audit_index.find(sought.groups or [[ANY]], sought.first, before, step)
        for mark, line in zip(marks, await _read(services, marks), strict=True):
            if line is not None and _holds(line, sought.text):
                lines.append(line)
                if len(lines) == limit:
                    return Found(lines, mark)
        if at is None:
            return Found(lines, None)
        before, looked = at, looked + len(marks)
        if len(marks) < step:
            break
    return Found(lines, before)


async def _read(services: Services, marks: Sequence[Mark]) -> list[Line | None]:
    found = await services.store.get(OFFICE, [Want(id_of(mark)) for mark in marks]) if marks else []
    return [Line(one.id, content_of(one.revisions[0].body)) if one.revisions else None for one in found]


async def _through(services: Services, sought: Sought, limit: int) -> Found:
    """Without the index: line by line. A store tells of a range how many documents lie before it, which takes its time in a large one."""
    lines: list[Line] = []
    start, looked = _start(sought.before), 0
    end = id_of(sought.first) if sought.first > FIRST else f"{PREFIX}:"
    while looked < LOOKED_MAX:
        # One more than is shown tells whether there is more.
        size = _STEP if sought.groups or sought.text else limit + 1
        rows, _, _ = await services.store.rows(OFFICE, Range(start, end, descending=True, limit=size), bodies=True)
        for number, row in enumerate(rows):
            if row.id == start:
                continue
            if len(lines) == limit:
                return Found(lines, mark_of(rows[number - 1].id) or LAST)
            line = Line(row.id, content_of(row.body or b"{}"))
            keys = keys_of(line.content) if sought.groups else set()
            if all(not keys.isdisjoint(group) for group in sought.groups) and _holds(line, sought.text):
                lines.append(line)
        if len(rows) < size:
            return Found(lines, None)
        start, looked = rows[-1].id, looked + len(rows)
    return Found(lines, mark_of(start) or LAST)


def _start(before: Mark) -> str:
    return f"{PREFIX};" if before == LAST else id_of(before)


def _holds(line: Line, text: str) -> bool:
    return not text or any(text in one.casefold() for one in _words(line.content))


def _words(value: object) -> list[str]:
    if isinstance(value, dict):
        return [one for part in value.values() for one in _words(part)]
    if isinstance(value, list):
        return [one for part in value for one in _words(part)]
    return [str(value)]
