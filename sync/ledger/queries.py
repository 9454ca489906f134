"""Decide how the ledger answers whoever may ask: every question is narrowed, in SQL, to what the reader may see (LG…).

`Reader` is the set of principals that somebody holds; None hides nothing. Every function takes a reading connection of the ledger.
"""

import heapq
import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from sqlite3 import Connection
from typing import Any, NamedTuple

import msgspec

from sync.errors import Forbidden
from sync.ledger import companions
from sync.ledger.contribution import Base
from sync.ledger.decisions import root_of
from sync.ledger.facts import decode
from sync.stores.contract import Readers

Reader = Readers | None

_PERSONAL = ("household:", "resident:")
_SEEN = (
    " AND EXISTS (SELECT 1 FROM reader p WHERE p.audience = {}.audience"
    " AND p.principal IN (SELECT value FROM json_each(?)))"
)
_fields = msgspec.json.Decoder(dict[str, Any]).decode


class RecordRow(msgspec.Struct, frozen=True):
    """A record as lists show it. Times are UTC; `person`: it is about a household or a resident, so its reading is audited."""

    id: str
    type: str
    kind: str
    branch: str
    author: str
    participants: tuple[str, ...]
    subject: str
    subject_name: str
    title: str
    day: str
    start: str | None
    end: str | None
    standing: str
    review: str
    problems: int
    activity: str | None
    person: bool


class RecordWhere(NamedTuple):
    """Which records are asked for; None leaves a column free. `first` and `last` are local days."""

    branches: Sequence[str] | None = None
    of: str | None = None
    author: str | None = None
    subject: str | None = None
    standing: str | None = None
    review: str | None = None
    first: str = ""
    last: str = "~"


class Place(NamedTuple):
    """Where a record lies, and its activity. `standing`: counted, or why it does not count; "" for what is never counted."""

    db: str
    branch: str
    audience: tuple[str, ...]
    review: str
    activity: str | None
    standing: str


def records(
    sql: Connection, reader: Reader, where: RecordWhere, before: tuple[str, str], limit: int
) -> list[RecordRow]:
    """Newest day first; `before` is (day, id) of the last one shown."""
    branches = where.branches if where.branches is not None else every_branch(sql)
    found = heapq.merge(
        *[_records_of(sql, reader, where, branch, before, limit) for branch in branches],
        key=lambda row: (row.day, row.id),
        reverse=True,
    )
    return [row for row, _ in zip(found, range(limit), strict=False)]


def places(sql: Connection, reader: Reader, ids: Sequence[str]) -> dict[str, Place]:
    """Where these lie: records, subjects and cases, as far as the reader may see them."""
    asked = json.dumps(list(ids))
    found: dict[str, Place] = {}
    for table, review, activity, standing in (
        ("record", "x.review", "(SELECT a.id FROM activity a WHERE a.anchor = x.anchor)", "x.standing"),
        ("subject", "''", "NULL", "''"),
    ):
        rows = sql.execute(
            f"SELECT x.id, x.db, x.branch, u.readers, {review}, {activity}, {standing}"
            f" FROM {table} x JOIN audience u USING (audience)"
            " WHERE x.id IN (SELECT value FROM json_each(?))" + (_SEEN.format("x") if reader is not None else ""),
            [asked, *_seen(reader)],
        )
        for one, db, branch, readers, *told in rows:
            found[one] = Place(db, branch, tuple(json.loads(readers)), *told)
    return found


class DisputeRow(msgspec.Struct, frozen=True):
    """A record, subject or case with something to settle. `at`: the latest stamp in dispute."""

    id: str
    db: str
    branch: str
    at: str
    paths: list[str]


def open_disputes(
    sql: Connection, reader: Reader, branch: str | None, before: tuple[str, str], limit: int
) -> list[DisputeRow]:
    """The latest first; `before` is (at, id) of the last one shown."""
    rows = sql.execute(
        "SELECT x.id, x.db, x.branch, x.at, x.paths FROM dispute x WHERE "
        + ("" if branch is None else "x.branch=? AND ")
        + "(x.at, x.id) < (?, ?)"
        + (_SEEN.format("x") if reader is not None else "")
        + " ORDER BY x.at DESC, x.id DESC LIMIT ?",
        [*([] if branch is None else [branch]), *before, *_seen(reader), limit],
    )
    return [DisputeRow(one, db, of, at, json.loads(paths)) for one, db, of, at, paths in rows]


def beside(sql: Connection, reader: Reader, record: str) -> list[tuple[str, str, companions.CompanionFacts]]:
    """(id, type, facts) of what accompanies a record, as far as the reader may see it, in the order of the ids."""
    rows = sql.execute(
        "SELECT x.id, x.type, x.facts FROM companion x WHERE x.record=?"
        + (_SEEN.format("x") if reader is not None else "")
        + " ORDER BY x.id",
        [record, *_seen(reader)],
    )
    return [(one, of, companions.decode(facts)) for one, of, facts in rows]


def counted_ratings(sql: Connection, record: str) -> set[str]:
    """The rating that counts of the service that this record tells of (LG7)."""
    rows = sql.execute(
        "SELECT c.item FROM record r JOIN contribution c ON c.activity = r.anchor WHERE r.id=? AND c.base=?",
        [record, int(Base.RATING)],
    )
    return {rating for (rating,) in rows}


def companion(sql: Connection, reader: Reader, doc: str) -> tuple[str, str, companions.CompanionFacts] | None:
    """(database, record, facts) of a companion; None when there is none that the reader may see."""
    row = sql.execute(
        "SELECT x.db, x.record, x.facts FROM companion x WHERE x.id=?"
        + (_SEEN.format("x") if reader is not None else ""),
        [doc, *_seen(reader)],
    ).fetchone()
    return None if row is None else (row[0], row[1], companions.decode(row[2]))


def activity(
    sql: Connection, branches: Sequence[str] | None, doc: str
) -> tuple[str, str, str, str, dict[str, Any]] | None:
    """(id, database, branch, day, fields) of the activity that this id names, or has become part of; None: every branch."""
    row = sql.execute(
        "SELECT a.id, a.home, a.branch, a.day, a.fields FROM record r JOIN activity a ON a.anchor = r.anchor WHERE r.id=?",
        [doc.removeprefix("activity:")],
    ).fetchone()
    if row is None:
        return None
    fields = _fields(row[4])
    credited = {path.removeprefix("branches/") for path in fields if path.startswith("branches/")}
    return None if branches is not None and credited.isdisjoint(branches) else (row[0], row[1], row[2], row[3], fields)


def branches_for(sql: Connection, reader: Reader, asked: str | None) -> list[str]:
    """The branches whose figures and activities may be shown: one that is asked for, or all. Raises Forbidden."""
    if reader is None or "committee" in reader:
        return [asked] if asked else every_branch(sql)
    own = sorted(one.removeprefix("branch:") for one in reader if one.startswith("branch:"))
    if asked is not None and asked not in own:
        raise Forbidden("You may not see this branch's record.", branch=asked)
    return [asked] if asked else own


def names(sql: Connection, ids: Iterable[str]) -> dict[str, str]:
    """Names of members, windows and branches, by document id."""
    rows = sql.execute(
        "SELECT id, name FROM directory WHERE id IN (SELECT value FROM json_each(?))", [json.dumps(list(ids))]
    )
    return dict(rows.fetchall())


def subject_names(sql: Connection, reader: Reader, ids: Iterable[str]) -> dict[str, str]:
    """Names of households, enterprises and other subjects, as far as the reader may see these."""
    rows = sql.execute(
        "SELECT s.id, s.name FROM subject s WHERE s.id IN (SELECT value FROM json_each(?))"
        + (_SEEN.format("s") if reader is not None else ""),
        [json.dumps(sorted(set(ids))), *_seen(reader)],
    )
    return dict(rows.fetchall())


def record_count(sql: Connection, reader: Reader, subject: str) -> tuple[int, str]:
    """How many records name this very subject, whatever aliases say, and the day of the latest, as far as the reader may see them."""
    found = sql.execute(
        "SELECT count(*), coalesce(max(r.day), '') FROM record r WHERE r.subject=?"
        + (_SEEN.format("r") if reader is not None else ""),
        [subject, *_seen(reader)],
    ).fetchone()
    return found[0], found[1]


def records_of_type(sql: Connection, of: str) -> int:
    """How many records of a type there are, whoever may read them and however they stand; from the index of ids alone."""
    (count,) = sql.execute("SELECT count(*) FROM record WHERE id>=? AND id<?", (f"{of}:", f"{of};")).fetchone()
    return int(count)


def months(sql: Connection, branch: str) -> list[str]:
    """The months for which a branch has an activity record, the latest first."""
    start = f"activity_record:{branch}:"
    rows = sql.execute(
        "SELECT id FROM document WHERE db=? AND id>=? AND id<? ORDER BY id DESC",
        [f"branch-{branch}", start, start[:-1] + ";"],
    )
    return [month for (doc,) in rows if (month := doc.removeprefix(start)).count(":") == 0]


def _records_of(
    sql: Connection, reader: Reader, where: RecordWhere, branch: str, before: tuple[str, str], limit: int
) -> list[RecordRow]:
    columns = (("of", where.of), ("author", where.author), ("standing", where.standing), ("review", where.review))
    named = [(column, value) for column, value in columns if value is not None]
    tests = "".join(f" AND r.{column}=?" for column, _ in named)
    values: list[Any] = [value for _, value in named]
    if where.subject is not None:
        tests += " AND r.root=?"
        values.append(root_of(sql, where.subject))
    rows = sql.execute(
        "SELECT r.id, r.of, r.branch, r.author, r.subject, s.name, r.day, r.standing, r.review, a.id, r.facts"
        " FROM record r LEFT JOIN subject s ON s.id = r.subject LEFT JOIN activity a ON a.anchor = r.anchor"
        " WHERE r.branch=? AND r.day>=? AND r.day<=? AND (r.day, r.id) < (?, ?)"
        + tests
        + (_SEEN.format("r") if reader is not None else "")
        + " ORDER BY r.day DESC, r.id DESC LIMIT ?",
        [branch, where.first, min(where.last, before[0]), *before, *values, *_seen(reader), limit],
    )
    return [_row(row) for row in rows]


def _row(row: Sequence[Any]) -> RecordRow:
    record, of, branch, author, subject, name, day, standing, review, activity_id, raw = row
    facts = decode(raw)
    return RecordRow(
        record,
        of,
        facts.kind,
        branch,
        author,
        facts.people,
        subject,
        name or "",
        facts.title or facts.matter,
        day,
        _moment(facts.start),
        _moment(facts.end),
        standing,
        review,
        len(facts.problems),
        activity_id,
        subject.startswith(_PERSONAL),
    )


def _moment(seconds: int | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _seen(reader: Reader) -> list[str]:
    return [] if reader is None else [json.dumps(sorted(reader))]


def every_branch(sql: Connection) -> list[str]:
    """Each branch that has records or matters of the hall, by one step of an index each."""
    found: set[str] = set()
    for table in ("record WHERE", "hall WHERE counts AND"):
        at = ""
        while row := sql.execute(f"SELECT min(branch) FROM {table} branch > ?", [at]).fetchone():
            if row[0] is None:
                break
            at = row[0]
            found.add(at)
    return sorted(found)
