"""Decide how the desk is told of subjects that are likely the same. That they are is the decision `alias`, that they are not `split`; both
can be taken back (LS…)."""

from typing import Annotated, Any

import msgspec
from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter

from server.api.base import need_login
from server.api.desk import cursor, is_personal, note_reading, resume
from server.services import Services
from sync.actor import Actor
from sync.documents import content_of
from sync.ledger.likely import LikelyRow, likely_same
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


router = Router("/", route_handlers=[list_likely_same], guards=[need_login], tags=["subjects"])
