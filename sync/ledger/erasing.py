"""Decide what goes when a record or a subject is erased for good: every document that the ledger knows to tell of it (KE8)."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from hashlib import sha256
from sqlite3 import Connection
from typing import Any, Literal, NamedTuple

from schemas import type_of_id
from sync.ledger.contribution import Base
from sync.ledger.facts import KINDS, decode
from sync.ledger.subjects import group_of, persons_of

Part = Literal["itself", "records", "beside"]
_SERVER_MADE = frozenset({"check", "activity"})
"""What the server writes beside a record, whenever it likes."""
WORD_MAX = 20


class Gone(NamedTuple):
    """A document that goes. `part`: what was named `itself`, with its facts and assignments; one of the `records` that tell of a
    subject; or what is `beside` these. `branch`: of a record, else ""."""

    db: str
    id: str
    type: str
    branch: str
    part: Part


class Approved(NamedTuple):
    """A branch's month of which a version was approved, and the latest of these."""

    branch: str
    month: str
    number: int


def going(sql: Connection, doc: str) -> list[Gone]:
    """Everything that tells of a record, case or subject; of a subject also of what is the same by decisions. What was named comes last
    and each record after what is beside it, so that what is left when it is broken off still leads to the rest. Empty for what is not
    known."""
    row = sql.execute("SELECT db, of, branch FROM record WHERE id=?", [doc]).fetchone()
    if row is not None:
        own = _companions(sql, [doc])[doc]
        return [*(Gone(db, one, of, "", "itself") for db, one, of in own), Gone(row[0], doc, row[1], row[2], "itself")]
    same = [one for one in group_of(sql, doc).members if one != doc] + [doc]
    known = _in(sql, "SELECT id, db FROM subject WHERE id IN", same)
    where = dict(known)
    if doc not in where:
        return []
    records = _in(sql, "SELECT db, id, of, branch FROM record WHERE subject IN", same)
    beside = _companions(sql, [one for _, one, _, _ in records])
    told: list[Gone] = []
    for db, one, of, branch in records:
        told += [Gone(its_db, other, kind, "", "beside") for its_db, other, kind in beside[one]]
        told.append(Gone(db, one, of, branch, "records"))
    own = [(where[one], one, type_of_id(one) or "") for one in same[:-1] if one in where]
    own += [(db, one, "person") for db, one in persons_of(sql, same)]
    own += _in(sql, "SELECT c.db, a.id, c.type FROM assigned a JOIN companion c USING (id) WHERE a.named IN", same)
    # The decisions that make them one come after what they lead to.
    beside_own = [each for some in _companions(sql, same).values() for each in some]
    own += sorted(beside_own, key=lambda each: each[2] == "review")
    own.append((where[doc], doc, type_of_id(doc) or ""))
    there = {one.id for one in told}
    unique = dict.fromkeys(one for one in own if one[1] not in there)
    return [*told, *(Gone(db, one, of, "", "itself") for db, one, of in unique)]


def seen_of(found: Iterable[Gone]) -> str:
    """What tells whether something else would go than was shown; nothing of what."""
    ids = sorted(one.id for one in found if one.type not in _SERVER_MADE)
    return "sha256-" + sha256("\n".join(ids).encode()).hexdigest()


def word_of(sql: Connection, doc: str) -> str:
    """What somebody calls it by, in a few words: the subject's name, or what a record is about, or its day. "" for none."""
    row = sql.execute("SELECT facts, subject, day FROM record WHERE id=?", [doc]).fetchone()
    facts = None if row is None else decode(row[0])
    (name,) = sql.execute("SELECT name FROM subject WHERE id=?", [row[1] if row else doc]).fetchone() or ("",)
    words = [name] if facts is None else [name, facts.title, facts.matter, row[2]]
    return next((" ".join(one.split()) for one in words if 0 < len(one.strip()) <= WORD_MAX), "")


def cases_of(sql: Connection, doc: str) -> int:
    """How many joint surveys are of this subject: they stay."""
    found = _in(sql, "SELECT id FROM joint WHERE subject IN", group_of(sql, doc).members)
    return len([one for (one,) in found if one != doc])


def approved_months(sql: Connection, records: Sequence[str]) -> list[Approved]:
    """The approved months in which these records' activities are."""
    rows = sql.execute(
        "SELECT DISTINCT c.branch, substr(c.day, 1, 7) FROM record r JOIN contribution c ON c.activity = r.anchor"
        " WHERE c.base=? AND r.id IN (SELECT value FROM json_each(?)) ORDER BY 1, 2",
        [int(Base.ACTIVITY), json.dumps(list(records))],
    ).fetchall()
    latest = "SELECT max(number) FROM version WHERE branch=? AND month=?"
    found = [(branch, month, sql.execute(latest, [branch, month]).fetchone()[0]) for branch, month in rows]
    return [Approved(branch, month, number) for branch, month, number in found if number]


def _companions(sql: Connection, records: Sequence[str]) -> dict[str, list[tuple[str, str, str]]]:
    """{record: (database, id, type) of what names it, and of its own activity}."""
    found: dict[str, dict[tuple[str, str, str], None]] = defaultdict(dict)
    for record, db, one, of in _in(sql, "SELECT record, db, id, type FROM companion WHERE record IN", records):
        found[record][db, one, of] = None
    problem = "substr(a.problem, 1, instr(a.problem, '#') - 1)"
    given = f"SELECT {problem}, c.db, a.id, c.type FROM assigned a JOIN companion c USING (id) WHERE a.problem<>'' AND {problem} IN"
    for record, db, one, of in _in(sql, given, records):
        found[record][db, one, of] = None
    activities = [f"activity:{one}" for one in records if type_of_id(one) in KINDS]
    databases = [db for (db,) in sql.execute("SELECT db FROM feed").fetchall()] if activities else []
    for db in databases:
        for (one,) in _in(sql, "SELECT id FROM document WHERE rev<>'' AND db=? AND id IN", activities, db):
            found[one.removeprefix("activity:")][db, one, "activity"] = None
    return defaultdict(list, {record: list(some) for record, some in found.items()})


def _in(sql: Connection, query: str, ids: Sequence[str], *more: str) -> list[Any]:
    return sql.execute(f"{query} (SELECT value FROM json_each(?))", [*more, json.dumps(list(ids))]).fetchall()
