"""Decide how the desk is told of subjects that are likely the same. That they are is the decision `alias`, that they are not `split`; both
can be taken back (LS…)."""

from typing import Annotated, Any

import msgspec
from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from schemas import upgrade
from server.api.base import need_login
from server.api.desk import cursor, is_personal, leaves_of, note_reading, place_of, resume
from server.services import Services
from sync.actor import Actor
from sync.documents import content_of
from sync.ledger.decisions import decided_about, latest
from sync.ledger.likely import LikelyRow, likely_same, likeness_of
from sync.ledger.queries import record_count
from sync.reconcile.joining import joined
from sync.reconcile.likely import WORDS
from sync.stores.contract import Want


class SubjectTold(msgspec.Struct, frozen=True):
    id: str
    name: str
    address: str
    branch: str


class Because(msgspec.Struct, frozen=True):
    code: str
    zh: str
    en: str


class Pair(msgspec.Struct, frozen=True):
    """`score` is from 60 to 100; `distance_metres` is None where one says no place."""

    first: SubjectTold
    second: SubjectTold
    score: int
    because: list[Because]
    distance_metres: int | None


class LikelySame(msgspec.Struct, frozen=True):
    """`next`: give it as `after` to go on; none at the end."""

    pairs: list[Pair]
    next: str | None


@get("/subjects/likely-same")
async def list_likely_same(
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    branch: FromQuery[str | None] = None,
    after: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=200)] = 50,
) -> LikelySame:
    """Pairs of subjects that the actor may read, the likeliest first."""
    rank, first, second = resume(after, -1, "", "")
    rows = await services.ledger.read(lambda sql: likely_same(sql, actor.reader, branch, (rank, first, second), limit))
    addresses = await _addresses(services, rows)
    shown = {one[0] for row in rows for one in (row.first, row.second)}
    note_reading(services, actor, [one for one in shown if is_personal(one)])

    def told(one: tuple[str, str, str, str]) -> SubjectTold:
        return SubjectTold(one[0], one[1], addresses.get(one[0], ""), one[2])

    pairs = [
        Pair(
            told(row.first),
            told(row.second),
            row.likeness.score,
            [Because(code, *WORDS[code]) for code in row.likeness.because],
            row.likeness.distance_metres,
        )
        for row in rows
    ]
    more = (100 - rows[-1].likeness.score, rows[-1].first[0], rows[-1].second[0]) if len(rows) == limit else None
    return LikelySame(pairs, cursor(more))


class Beside(msgspec.Struct, frozen=True):
    """A subject beside another. `fields` as it says them; `records`: how many of its records the actor may read, `last` the day of the
    latest."""

    id: str
    name: str
    branch: str
    author: str
    fields: dict[str, Any]
    records: int
    last: str


class Compared(msgspec.Struct, frozen=True):
    """`score` is 0 where they are not likely the same. `alias`: the decision that made them one, `split` the one that keeps them apart,
    "" where there is none; `decided`: the last decision about the first."""

    first: Beside
    second: Beside
    score: int
    because: list[Because]
    distance_metres: int | None
    alias: str
    split: str
    decided: str


@get("/subjects/{subject:str}/beside/{other:str}")
async def compare_subjects(
    services: NamedDependency[Services], actor: NamedDependency[Actor], subject: FromPath[str], other: FromPath[str]
) -> Compared:
    """Two subjects side by side: what is alike, and how many records each has."""
    told = [await _beside(services, actor, one) for one in (subject, other)]
    likeness = await services.ledger.read(lambda sql: likeness_of(sql, subject, other))
    alias, split, decided = await services.ledger.read(lambda sql: _decisions(sql, subject, other))
    note_reading(services, actor, [one for one in (subject, other) if is_personal(one)])
    because = [Because(code, *WORDS[code]) for code in likeness.because] if likeness else []
    score, metres = (likeness.score, likeness.distance_metres) if likeness else (0, None)
    return Compared(told[0], told[1], score, because, metres, alias, split, decided)


async def _beside(services: Services, actor: Actor, subject: str) -> Beside:
    place = await place_of(services, actor.reader, subject)
    body = dict(upgrade(joined(await leaves_of(services, actor, place.db, subject))))
    fields = {path: value for path, value in body["fields"].items() if not path.startswith("readers/")}
    number, last = await services.ledger.read(lambda sql: record_count(sql, actor.reader, subject))
    name, branch, author = str(fields.get("name", "")), str(body.get("branch", "")), str(body.get("author", ""))
    return Beside(subject, name, branch, author, fields, number, last)


def _decisions(sql: Any, subject: str, other: str) -> tuple[str, str, str]:
    alias = split = ""
    for one, facts in decided_about(sql, subject):
        if facts.decision == "alias":
            alias = one if facts.same_as == other else ""
        elif facts.decision == "split" and other in facts.records:
            split = one
    last = latest(sql, subject)
    return alias, split, last[0] if last else ""


async def _addresses(services: Services, rows: list[LikelyRow]) -> dict[str, str]:
    """As the subjects say them: the ledger keeps none in words."""
    wanted: dict[str, set[str]] = {}
    for row in rows:
        for subject, _, _, db in (row.first, row.second):
            wanted.setdefault(db, set()).add(subject)
    told: dict[str, str] = {}
    for db, subjects in sorted(wanted.items()):
        for found in await services.store.get(db, [Want(one) for one in sorted(subjects)]):
            alive = [one for one in found.revisions if not one.deleted]
            fields: Any = content_of(alive[0].body).get("fields") if alive else None
            address = fields.get("address") if isinstance(fields, dict) else None
            told[found.id] = address if isinstance(address, str) else ""
    return told


router = Router("/", route_handlers=[list_likely_same, compare_subjects], guards=[need_login], tags=["subjects"])
