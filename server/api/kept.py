"""Decide how one sees what was refused, and lets it in after all."""

from typing import Annotated, Any, Literal

import msgspec
from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from server.api.base import need_administrator
from server.api.desk import cursor, resume
from server.services import Services
from sync.actor import Actor
from sync.databases import OFFICE
from sync.documents import content_of, encode
from sync.errors import BadRequest, Conflict, NotFound
from sync.quarantine import PREFIX, restored
from sync.stores.contract import Edit, Found, Range, Want, Written


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


async def _find(services: Services, entry: str) -> Found:
    (found,) = await services.store.get(OFFICE, [Want(entry)])
    if not entry.startswith(PREFIX) or not found.revisions or found.revisions[0].deleted:
        raise NotFound("There is no such entry in quarantine.")
    return found


def _entry(doc: str, body: bytes) -> Entry:
    return msgspec.convert({"id": doc, **content_of(body)}, Entry)


router = Router("", route_handlers=[list_quarantine, read_quarantined, admit], tags=["kept"])
