"""Decide how what is in dispute is listed for whoever has to settle it. The ledger knows where there is something; only the records
of the page shown are read."""

from typing import Annotated, Any

import msgspec
from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter

from schemas import label_of, rule_of, upgrade
from schemas.canonical import NotCanonical
from server.api.base import need_login
from server.api.desk import cursor, is_personal, moment, note_reading, resume
from server.services import Services
from sync.actor import Actor
from sync.ledger.follow import hashes
from sync.ledger.queries import DisputeRow, open_disputes
from sync.reconcile.explain import Dispute, disputes
from sync.reconcile.joining import joined
from sync.reconcile.stamps import is_unstamped, parse_stamp
from sync.reconcile.writes import Write
from sync.stores.contract import LEAVES, Found, Want


class Side(msgspec.Struct, frozen=True):
    """One of the values of a field in dispute. `at`: when it was given."""

    value: Any
    stamp: str
    member: str
    tablet: str
    at: str | None


class FieldDisputed(msgspec.Struct, frozen=True):
    """`rule`: why `shown` shows; `open_for_person`: it won by a clock more than 24 hours ahead, which proves nothing."""

    path: str
    zh: str
    en: str
    rule: str
    shown: Side
    others: list[Side]
    open_for_person: bool


class RecordDisputed(msgspec.Struct, frozen=True):
    """`seen`: give it back with the decision `settle`, and for each field the stamps of all its sides as `saw`."""

    record: str
    type: str
    branch: str
    author: str
    fields: list[FieldDisputed]
    seen: str


class Disputes(msgspec.Struct, frozen=True):
    """`next`: give it as `after` to go on; none at the end. A page may hold fewer than were asked for: what was settled a moment ago is
    left out."""

    disputes: list[RecordDisputed]
    next: str | None


@get("/disputes")
async def list_disputes(
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    branch: FromQuery[str | None] = None,
    after: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=200)] = 50,
) -> Disputes:
    """Records, subjects and cases with a field whose values nobody has settled yet, the latest first."""
    at, doc = resume(after, "~", "~")
    rows = await services.ledger.read(lambda sql: open_disputes(sql, actor.reader, branch, (at, doc), limit))
    clock_ms = int(services.now().timestamp() * 1000)
    told: dict[str, RecordDisputed] = {}
    persons = []
    for db in sorted({row.db for row in rows}):
        ids = [row.id for row in rows if row.db == db]
        seen = await hashes(services.store, services.ledger, db, ids)
        for found in await services.store.get(db, [Want(one, LEAVES) for one in ids]):
            body = _readable(actor, found)
            fields = [_field(str(body.get("type")), one) for one in _disputes(body, clock_ms)]
            if fields:
                of, branch_of, author = (str(body.get(name, "")) for name in ("type", "branch", "author"))
                bound = seen.get(found.id, "")
                told[found.id] = RecordDisputed(found.id, of, branch_of, author, fields, bound)
                if is_personal(found.id) or is_personal(body["fields"].get("subject")):
                    persons.append(found.id)
    note_reading(services, actor, persons)
    return Disputes([told[row.id] for row in rows if row.id in told], _next(rows, limit))


def _next(rows: list[DisputeRow], limit: int) -> str | None:
    return cursor((rows[-1].at, rows[-1].id)) if len(rows) == limit else None


def _readable(actor: Actor, found: Found) -> dict[str, Any]:
    """What a record says now; empty for one that is gone, or that the actor may not see any more."""
    hidden = actor.reader is not None and found.audience is not None and found.audience.isdisjoint(actor.reader)
    if hidden or all(one.deleted for one in found.revisions):
        return {}
    return dict(upgrade(joined(found)))


def _disputes(body: dict[str, Any], clock_ms: int) -> list[Dispute]:
    try:
        return disputes(body, clock_ms, rule_of=rule_of) if body else []
    except NotCanonical:
        return []


def _field(of: str, one: Dispute) -> FieldDisputed:
    zh, en = label_of(of, one.path)
    others = [_side(write) for write in one.others]
    return FieldDisputed(one.path, zh, en, one.rule.value, _side(one.shown), others, one.open_for_person)


def _side(write: Write) -> Side:
    parts = None if is_unstamped(write.stamp) else parse_stamp(write.stamp)
    told = (parts.member, parts.device, moment(parts.ms)) if parts else ("", "", None)
    return Side(write.value, write.stamp, *told)


router = Router("/", route_handlers=[list_disputes], guards=[need_login], tags=["records"])
