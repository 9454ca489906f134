"""Decide who takes a value out of a record's history for good, and how: an edit without it, audited without it (MG26)."""

from typing import Annotated, Any

import msgspec
from litestar import Router, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from schemas import TYPES, rule_of, upgrade
from schemas.canonical import NotCanonical
from server.api.base import need_login
from server.api.desk import leaves_of, place_of
from server.services import Services
from sync.actor import Actor
from sync.databases import kind_of
from sync.documents import encode
from sync.errors import BadRequest, Conflict, FieldbookError, Forbidden, NotFound
from sync.reconcile.body import Body, stamps_of
from sync.reconcile.edit import NotSettled
from sync.reconcile.joining import joined
from sync.reconcile.redaction import NoSuchWrite, take_away
from sync.reconcile.stamps import next_stamp
from sync.stores.contract import Edit, Found, Stub

TRIES = 5
"""So often an edit that came in between is taken in."""

_NOBODYS = frozenset({"subject", "person"})
"""Types whose records are nobody's own, as for decisions (RC41)."""


class Redacting(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`path` and `stamp` as the record's history tells them; `reason` goes onto the audit trail: name the request or the rule, never
    the value. `database`: only for what the desk does not list, such as person facts."""

    path: Annotated[str, Meta(min_length=1, max_length=200)]
    stamp: Annotated[str, Meta(min_length=1, max_length=200)]
    reason: Annotated[str, Meta(min_length=1, max_length=500)]
    database: Annotated[str, Meta(max_length=200)] | None = None


class Redacted(msgspec.Struct, frozen=True):
    """`revision`: the record's, without the value. What earlier revisions held of it is gone within moments."""

    record: str
    revision: str
    path: str
    stamp: str


@post("/records/{record:str}/redactions", status_code=200)
async def redact_value(
    record: FromPath[str],
    data: JSONBody[Redacting],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> Redacted:
    """Take away a value that was replaced, or that lost to the field's rule. Its stamp stays: who wrote, and when, is still told."""
    db = await _database(services, actor, record, data.database)
    for attempt in range(TRIES):
        found = await leaves_of(services, actor, db, record)
        top = next(one for one in found.revisions if not one.deleted)
        body = dict(upgrade(joined(found)))
        _check_rights(actor, body)
        after = _taken(services, actor, body, data)
        if after == body:
            return Redacted(record, top.rev, data.path, data.stamp)
        if attempt == 0:
            facts = {"record": record, "path": data.path, "stamp": data.stamp, "reason": data.reason}
            await services.audit.write("redact", actor, database=db, **facts)
        result = await _write(services, db, found, after)
        if not isinstance(result, FieldbookError):
            return Redacted(record, result, data.path, data.stamp)
        if not isinstance(result, Conflict):
            raise result
    raise Conflict("The record is being changed by others: try again.", document=record)


async def _database(services: Services, actor: Actor, record: str, named: str | None) -> str:
    if named is None:
        return (await place_of(services, actor.reader, record)).db
    if kind_of(named) not in ("branch", "shared"):
        raise BadRequest("`database` is that of a branch, or `shared`.", code="bad_database")
    return named


def _check_rights(actor: Actor, body: Body) -> None:
    """Who decides about a record may: secretary and deputy of its branch and the committee, and administrators, who may erase all of
    it. Nobody takes anything out of an own record. Raises Forbidden."""
    if not actor.administrator and {f"secretary:{body.get('branch')}", "committee"}.isdisjoint(actor.principals):
        raise Forbidden("Values are taken out by the branch's secretary, the committee or an administrator.")
    if actor.member is not None and body.get("author") == actor.member and body.get("type") not in _NOBODYS:
        raise Forbidden("Nobody takes a value out of an own record: leave it to a deputy or the committee.")
    of, version = TYPES.get(str(body.get("type"))), body.get("version")
    if of is None or (type(version) is int and version > of.version):
        raise Conflict("This record comes from a newer version of Fieldbook: update the server first.", code="newer")


def _taken(services: Services, actor: Actor, body: Body, data: Redacting) -> Body:
    """Raises NotFound, or Conflict for a value that shows."""
    try:
        settled_as = "" if actor.member is None else _stamp(services, actor.member, stamps_of(body))
        return take_away(body, data.path, data.stamp, settled_as, rule_of=rule_of)
    except NoSuchWrite:
        raise NotFound("The field has no value with this stamp.", path=data.path, stamp=data.stamp) from None
    except NotSettled:
        what = "This value shows, or hides what was removed: replace it or settle the dispute first, then take it out."
        raise Conflict(what, code="not_settled", path=data.path, stamp=data.stamp) from None
    except NotCanonical:
        what = "The record holds a value that no two programs read alike: have its author put it right first."
        raise Conflict(what, code="unmergeable") from None


def _stamp(services: Services, member: str, known: set[str]) -> str:
    clock_ms = int(services.now().timestamp() * 1000)
    return next_stamp(clock_ms, "", known, "desk", member, lambda below: int(services.random_hex(8), 16) % below)


async def _write(services: Services, db: str, found: Found, after: dict[str, Any]) -> str | FieldbookError:
    top = next(one for one in found.revisions if not one.deleted)
    attachments = {name: Stub() for name in top.attachments}
    edit = Edit(found.id, top.rev, after, encode(after), False, attachments)
    (result,) = await services.store.add(db, [edit])
    return result if isinstance(result, FieldbookError) else result.rev


router = Router("/", route_handlers=[redact_value], guards=[need_login], tags=["records"])
