"""Decide how one sees what was refused, lets it in after all, and erases what must go for good."""

from typing import Annotated, Any, Literal

import msgspec
from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import Meta

from server.api.base import need_administrator
from server.api.desk import cursor, resume
from server.services import Services
from sync.actor import Actor
from sync.databases import OFFICE, kind_of
from sync.documents import content_of, encode
from sync.errors import BadRequest, Conflict, Forbidden, NotFound
from sync.quarantine import PREFIX, restored
from sync.stores.contract import Edit, Found, Range, Want, Written

LIMIT_MAX = 1_000


class Entry(msgspec.Struct, frozen=True):
    """A refused revision, as it was sent. `code` and `reason` say why; `state` is `open` or `admitted`."""

    id: str
    database: str
    record: str
    revisions: list[str]
    deleted: bool
    content: dict[str, Any]
    code: str
    reason: dict[str, str]
    account: str
    member: str | None
    device: str | None
    at: str
    state: str


class Erasing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`reason` goes onto the audit trail: name the request or the rule, not the person."""

    database: str
    ids: Annotated[list[str], Meta(min_length=1, max_length=LIMIT_MAX)]
    reason: Annotated[str, Meta(min_length=1, max_length=500)]


class Erased(msgspec.Struct, frozen=True):
    erased: dict[str, list[str]]


class Quarantine(msgspec.Struct, frozen=True):
    """`next`: give it as `after` to go on; none at the end."""

    entries: list[Entry]
    next: str | None


@get("/quarantine")
async def list_quarantine(
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    only: FromQuery[Literal["open", "admitted"] | None] = None,
    after: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=500)] = 100,
) -> Quarantine:
    """Everything for an administrator, for everybody else what they sent themselves, by account. `only`: entries in this state."""
    prefix = PREFIX if actor.administrator else f"{PREFIX}{actor.name}:"
    (start,) = resume(after, "")
    found: list[Entry] = []
    while len(found) < limit:
        span = Range(max(start, prefix), prefix + "\U0010ffff", skip=int(start > prefix), limit=limit)
        rows, _, _ = await services.store.rows(OFFICE, span, bodies=True)
        told = [_entry(row.id, row.body or b"{}") for row in rows]
        found += [one for one in told if only in (None, one.state)][: limit - len(found)]
        if len(rows) < limit:
            break
        start = rows[-1].id
    return Quarantine(found, cursor([found[-1].id]) if len(found) == limit else None)


@get("/quarantine/{entry:str}")
async def read_quarantined(
    entry: FromPath[str], services: NamedDependency[Services], actor: NamedDependency[Actor]
) -> Entry:
    """One refused revision: for an administrator, and for who sent it."""
    if not actor.administrator and not entry.startswith(f"{PREFIX}{actor.name}:"):
        raise NotFound("There is no such entry in quarantine.")
    found = await _find(services, entry)
    return _entry(found.id, found.revisions[0].body)


@post("/quarantine/{entry:str}/admit", guards=[need_administrator], status_code=200)
async def admit(entry: FromPath[str], services: NamedDependency[Services], actor: NamedDependency[Actor]) -> Entry:
    """Let a refused revision in after all, by an administrator's right. 409 when it was let in before."""
    found = await _find(services, entry)
    stored = found.revisions[0]
    content = content_of(stored.body)
    write = restored(content)
    if content["state"] != "open":
        raise Conflict("This was let in already.")
    if write is None or write.deleted:
        raise BadRequest("This names no revision that can be let in: its author records it anew.")
    (result,) = await services.admission.push(actor, content["database"], [write])
    if not isinstance(result, Written):
        raise result
    changed = {**content, "state": "admitted", "admitted_by": actor.name}
    edit = Edit(found.id, stored.rev, changed, encode(changed), False, dict(stored.attachments))
    (settled,) = await services.store.add(OFFICE, [edit])
    if not isinstance(settled, Written):
        raise settled
    await services.audit.write("admit", actor, database=content["database"], record=content["record"])
    return _entry(found.id, edit.body)


@post("/erasures", guards=[need_administrator], status_code=200)
async def erase(data: JSONBody[Erasing], services: NamedDependency[Services], actor: NamedDependency[Actor]) -> Erased:
    """Remove documents for good, with their checks and whatever names them as its record; they are refused from now on."""
    if kind_of(data.database) in ("office", "plain"):
        raise Forbidden("Only records are erased: of a branch, shared, or the centre.")
    ids = list(dict.fromkeys([*data.ids, *await _companions(services, data.database, set(data.ids))]))
    await services.audit.write("erase", actor, database=data.database, count=len(ids), reason=data.reason)
    photos = [one for one in ids if one.startswith("photo:")]
    for db in await services.store.databases() if photos else []:
        if kind_of(db) == "photos":
            # The bytes of a photo lie in a database of their own, under the photo's id.
            await services.store.erase(db, dict.fromkeys(photos))
    return Erased(await services.admission.erasures.erase(data.database, ids, data.reason, actor.name))


async def _companions(services: Services, db: str, records: set[str]) -> list[str]:
    """Photos, ratings, signatures and decisions that name these records."""
    found = []
    for kind in ("photo", "rating", "signature", "review"):
        rows, _, _ = await services.store.rows(db, Range(f"{kind}:", f"{kind}:\U0010ffff"), bodies=True)
        for row in rows:
            fields = content_of(row.body or b"{}").get("fields")
            if isinstance(fields, dict) and fields.get("record") in records:
                found.append(row.id)
    return found


async def _find(services: Services, entry: str) -> Found:
    (found,) = await services.store.get(OFFICE, [Want(entry)])
    if not entry.startswith(PREFIX) or not found.revisions or found.revisions[0].deleted:
        raise NotFound("There is no such entry in quarantine.")
    return found


def _entry(doc: str, body: bytes) -> Entry:
    return msgspec.convert({"id": doc, **content_of(body)}, Entry)


router = Router("", route_handlers=[list_quarantine, read_quarantined, admit, erase], tags=["kept"])
