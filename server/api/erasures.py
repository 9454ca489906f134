"""Decide how somebody's data is erased for good on request: what would go is told first, and nothing else goes (KE3, KE8 …)."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Annotated, Any

import msgspec
from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from server.api.base import need_administrator
from server.api.desk import is_personal, note_reading, place_of
from server.erasing import may_be_erased
from server.services import Services
from sync.actor import Actor
from sync.documents import content_of
from sync.errors import Conflict, Forbidden
from sync.ledger.erasing import Approved, Gone, approved_months, cases_of, going, seen_of, word_of
from sync.ledger.subjects import group_of
from sync.stores.contract import Range, Want

LIMIT_MAX = 1_000


class Erasing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`reason` goes onto the audit trail: name the request or the rule, not the person."""

    database: str
    ids: Annotated[list[str], Meta(min_length=1, max_length=LIMIT_MAX)]
    reason: Annotated[str, Meta(min_length=1, max_length=500)]


class Erased(msgspec.Struct, frozen=True):
    """{id: the revisions that were removed}."""

    erased: dict[str, list[str]]


class Count(msgspec.Struct, frozen=True):
    """So many documents of a type; `refused` are revisions in quarantine."""

    type: str
    count: int


class RecordCount(msgspec.Struct, frozen=True):
    branch: str
    type: str
    count: int


class MonthApproved(msgspec.Struct, frozen=True):
    """`number`: the latest version of a branch's month that was approved."""

    branch: str
    month: str
    number: int


class Erasable(msgspec.Struct, frozen=True):
    """What would go with a record, case or subject. `word`: what it is called by, to be typed by whoever confirms. `itself`: it with its
    facts, photos, ratings, signatures, decisions, assignments. Of a subject: `aliases`, what is the same by decisions and goes too;
    `records` that tell of it, and what is `beside` these, which go unless they are kept; `cases`: joint surveys of it, which stay.
    `months` change by it. `count` of all documents; `seen`: give it back, and nothing else goes than what is told here."""

    id: str
    type: str
    database: str
    branch: str
    word: str
    aliases: list[str]
    itself: list[Count]
    records: list[RecordCount]
    beside: list[Count]
    cases: int
    months: list[MonthApproved]
    count: int
    seen: str


class ErasingAll(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`reason` goes onto the audit trail: name the request or the rule, not the person. `seen`: of what was told. `keep_records`: records
    that tell of a subject stay, with a subject that is not known, and count no more. `limit`: so many documents at once."""

    reason: Annotated[str, Meta(min_length=1, max_length=500)]
    seen: Annotated[str, Meta(max_length=100)]
    keep_records: bool = False
    limit: Annotated[int, Meta(ge=1, le=LIMIT_MAX)] = LIMIT_MAX


class ErasedPart(msgspec.Struct, frozen=True):
    """`left`: so many documents are still to go; ask again with this `seen` until it is 0."""

    erased: int
    left: int
    seen: str


class _Known(msgspec.Struct):
    found: list[Gone]
    word: str
    aliases: list[str]
    cases: int
    months: list[Approved]


@get("/erasures/{document:str}", guards=[need_administrator])
async def tell_erasable(
    document: FromPath[str], services: NamedDependency[Services], actor: NamedDependency[Actor]
) -> Erasable:
    """What would go if a record, case or subject were erased for good. Changes nothing."""
    place = await place_of(services, actor.reader, document)

    def query(sql: Any) -> _Known:
        found = going(sql, document)
        aliases = [one for one in group_of(sql, document).members if one != document]
        records = [one.id for one in found if one.part == "records"] or [document]
        return _Known(found, word_of(sql, document), aliases, cases_of(sql, document), approved_months(sql, records))

    known = await services.ledger.read(query)
    if is_personal(document):
        note_reading(services, actor, [document])
    parts = {part: [one for one in known.found if one.part == part] for part in ("itself", "records", "beside")}
    refused = await services.erasing.refused({one.id for one in known.found})
    own = {one.id for one in parts["itself"]}
    of_itself = sum(not own.isdisjoint(told) for told in refused.values())
    kinds = Counter((one.branch, one.type) for one in parts["records"])
    return Erasable(
        document,
        next((one.type for one in known.found if one.id == document), ""),
        place.db,
        place.branch,
        known.word,
        known.aliases,
        _counted(parts["itself"], of_itself),
        [RecordCount(branch, of, count) for (branch, of), count in sorted(kinds.items())],
        _counted(parts["beside"], len(refused) - of_itself),
        known.cases,
        [MonthApproved(*one) for one in known.months],
        len(known.found),
        seen_of(known.found),
    )


@post("/erasures/{document:str}", guards=[need_administrator], status_code=200)
async def erase_all(
    document: FromPath[str],
    data: JSONBody[ErasingAll],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> ErasedPart:
    """Erase a record, case or subject for good, with all that was told to go. 409 (`changed`) when something else would go by now. What
    was named goes last, so what is broken off can be gone on with."""
    await place_of(services, actor.reader, document)
    found = await services.ledger.read(lambda sql: going(sql, document))
    if seen_of(found) != data.seen:
        raise Conflict("What would go has changed since it was shown: look again.", code="changed", document=document)
    wanted = [one for one in found if one.part == "itself" or not data.keep_records]
    now, later = wanted[: data.limit], wanted[data.limit :]
    by_database: dict[str, list[str]] = defaultdict(list)
    for one in now:
        by_database[one.db].append(one.id)
    for db, ids in sorted(by_database.items()):
        await services.audit.write("erase", actor, database=db, count=len(ids), reason=data.reason)
    await services.erasing.erase(by_database, data.reason, actor.name)
    gone = set(now)
    return ErasedPart(len(now), len(later), seen_of(one for one in found if one not in gone))


@post("/erasures", guards=[need_administrator], status_code=200)
async def erase(data: JSONBody[Erasing], services: NamedDependency[Services], actor: NamedDependency[Actor]) -> Erased:
    """Remove documents for good, with their checks and whatever names them as its record; they are refused from now on."""
    if not may_be_erased(data.database):
        raise Forbidden("Only records are erased: of a branch, shared, or the centre.")
    await services.store.info(data.database)
    ids = list(dict.fromkeys([*data.ids, *await _naming(services, data.database, set(data.ids))]))
    await services.audit.write("erase", actor, database=data.database, count=len(ids), reason=data.reason)
    return Erased(await services.erasing.erase({data.database: ids}, data.reason, actor.name))


async def _naming(services: Services, db: str, records: set[str]) -> list[str]:
    """Photos, ratings, signatures, decisions and assignments that name these records, and the activities that bear their ids, read from
    where they lie."""
    activities = await services.store.get(db, [Want(f"activity:{one}") for one in sorted(records)], bodies=False)
    found = [one.id for one in activities if one.tree]
    for kind in ("photo", "rating", "signature", "review", "assignment"):
        rows, _, _ = await services.store.rows(db, Range(f"{kind}:", f"{kind}:\U0010ffff"), bodies=True)
        for row in rows:
            fields = content_of(row.body or b"{}").get("fields")
            if isinstance(fields, dict) and fields.get("record") in records:
                found.append(row.id)
    return found


def _counted(found: Iterable[Gone], refused: int) -> list[Count]:
    """Without what the server writes beside a record: nobody asked for that to be kept."""
    counts = Counter(one.type for one in found if one.type not in ("check", "activity"))
    return [Count(of, count) for of, count in [*sorted(counts.items()), ("refused", refused)] if count]


router = Router("", route_handlers=[tell_erasable, erase_all, erase], tags=["kept"])
