"""Decide what the ledger knows of a subject beside its own document, and whom a member is linked with, as far as the reader may see."""

import json
from collections.abc import Iterable, Sequence
from sqlite3 import Connection
from typing import NamedTuple

from sync.ledger import companions
from sync.ledger.contribution import OPEN
from sync.ledger.decisions import follow
from sync.ledger.queries import Reader

PHOTOS_MAX = 60


class Group(NamedTuple):
    """Subjects that decisions made one. `aliases`: {subject: (what it was decided to be the same as, the decision)}."""

    root: str
    members: tuple[str, ...]
    aliases: dict[str, tuple[str, str]]


class Link(NamedTuple):
    """A subject that is or was assigned to a member. Days are local and inclusive, "" for an open end."""

    id: str
    branch: str
    member: str
    subject: str
    first: str
    last: str


class Photo(NamedTuple):
    id: str
    record: str
    day: str
    caption: str


def group_of(sql: Connection, subject: str) -> Group:
    """The subject with all that are the same by decisions."""
    same_as = dict(sql.execute("SELECT subject, same_as FROM alias").fetchall())
    root = follow(same_as, subject)
    members = tuple(sorted({root, *(one for one in same_as if follow(same_as, one) == root)}))
    return Group(root, members, {one: (same_as[one], _decision(sql, one)) for one in members if one in same_as})


def links_of(sql: Connection, reader: Reader, subjects: Sequence[str]) -> list[Link]:
    """Of these subjects, as far as the reader may see the assignments; those that are in force last longest and come first."""
    rows = sql.execute(
        "SELECT x.id, x.branch, x.member, x.named, x.first, x.last FROM assigned x JOIN companion c USING (id)"
        " WHERE x.named IN (SELECT value FROM json_each(?)) AND x.kind='link' AND x.last<>''"
        f"{_seen(reader, 'c')} ORDER BY x.last DESC, x.first DESC, x.id",
        [json.dumps(list(subjects)), *_principals(reader)],
    )
    return [_link(row) for row in rows]


def links_with(sql: Connection, reader: Reader, branches: Sequence[str], member: str, day: str) -> list[Link]:
    """Of one member in these branches, in force at a day."""
    rows = sql.execute(
        "SELECT x.id, x.branch, x.member, x.named, x.first, x.last FROM assigned x JOIN companion c USING (id)"
        " WHERE x.branch IN (SELECT value FROM json_each(?)) AND x.kind='link' AND x.last>=? AND x.first<=? AND x.member=?"
        f"{_seen(reader, 'c')} ORDER BY x.first DESC, x.id",
        [json.dumps(list(branches)), day, day, member, *_principals(reader)],
    )
    return [_link(row) for row in rows]


def persons_of(sql: Connection, subjects: Sequence[str]) -> list[tuple[str, str]]:
    """(database, id) of the documents with facts of these persons, whoever may read them."""
    return sql.execute(
        "SELECT db, id FROM person WHERE subject IN (SELECT value FROM json_each(?)) ORDER BY id",
        [json.dumps(list(subjects))],
    ).fetchall()


def photos_of(sql: Connection, reader: Reader, subjects: Sequence[str]) -> list[Photo]:
    """The latest photos of their records that are not withdrawn."""
    rows = sql.execute(
        "SELECT c.id, c.record, r.day, c.facts FROM record r JOIN companion c ON c.record=r.id AND c.type='photo'"
        f" WHERE r.subject IN (SELECT value FROM json_each(?)){_seen(reader, 'c')} ORDER BY r.day DESC, c.id LIMIT {PHOTOS_MAX}",
        [json.dumps(list(subjects)), *_principals(reader)],
    )
    return _shown(rows)


def record_photos(sql: Connection, reader: Reader, records: Sequence[str]) -> list[Photo]:
    """The photos of these records that are not withdrawn, in the order of days."""
    rows = sql.execute(
        "SELECT c.id, c.record, r.day, c.facts FROM record r JOIN companion c ON c.record=r.id AND c.type='photo'"
        f" WHERE r.id IN (SELECT value FROM json_each(?)){_seen(reader, 'c')} ORDER BY r.day, c.id LIMIT {PHOTOS_MAX}",
        [json.dumps(list(records)), *_principals(reader)],
    )
    return _shown(rows)


def _shown(rows: Iterable[tuple[str, str, str, bytes]]) -> list[Photo]:
    told = [(one, record, day, companions.decode(facts)) for one, record, day, facts in rows]
    return [Photo(one, record, day, facts.caption) for one, record, day, facts in told if not facts.withdrawn]


def _decision(sql: Connection, subject: str) -> str:
    """The decision by which a subject is the same as another."""
    rows = sql.execute("SELECT id, facts FROM companion WHERE record=? AND type='review'", [subject]).fetchall()
    known = sorted(
        (facts.order, one)
        for one, facts in ((one, companions.decode(raw)) for one, raw in rows)
        if facts.decision == "alias"
    )
    return known[-1][1] if known else ""


def _link(row: tuple[str, str, str, str, str, str]) -> Link:
    one, branch, member, subject, first, last = row
    return Link(one, branch, member, subject, first, "" if last == OPEN else last)


def _seen(reader: Reader, table: str) -> str:
    if reader is None:
        return ""
    return (
        f" AND EXISTS (SELECT 1 FROM reader p WHERE p.audience = {table}.audience"
        " AND p.principal IN (SELECT value FROM json_each(?)))"
    )


def _principals(reader: Reader) -> list[str]:
    return [] if reader is None else [json.dumps(sorted(reader))]
