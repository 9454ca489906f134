"""Decide how a photo is sent in parts and read: by whom its document may be read, as a download that never runs as a page."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
from litestar import Request, Response, Router, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.response import Stream

from server.api.base import need_login
from server.api.desk import leaves_of
from server.photos import FORMATS, PARTS_MAX, PHOTO
from server.services import Services
from sync.actor import Actor
from sync.databases import branch_of
from sync.documents import content_of
from sync.errors import BadRequest, Forbidden, NotFound
from sync.ledger.queries import companion
from sync.stores.contract import Stored

_HARMLESS = {
    "content-security-policy": "sandbox; default-src 'none'",
    "x-content-type-options": "nosniff",
    "cache-control": "private, max-age=31536000, immutable",
}


class Parts(msgspec.Struct, frozen=True):
    """Numbers of the parts that have arrived, with their bytes; `complete`: the photo is kept and nothing more is needed."""

    complete: bool
    parts: dict[str, int]


class Finish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many parts there are; `digest`: SHA-256 of the whole as the tablet knows it, `sha256-<64 hex digits>`."""

    parts: int
    digest: str


@put("/photos/{photo:str}/parts/{number:int}", status_code=200)
async def put_part(
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    photo: FromPath[str],
    number: FromPath[int],
) -> Parts:
    """One part of a photo, as bytes, at most 4 MiB. Its document must have come before; parts may come in any order, and again."""
    db, _, _ = await _own(services, actor, photo)
    await services.photos.put_part(photo, number, request.stream())
    return await _parts(services, db, photo)


@get("/photos/{photo:str}/parts")
async def list_parts(services: NamedDependency[Services], actor: NamedDependency[Actor], photo: FromPath[str]) -> Parts:
    """What of a photo has arrived."""
    db, _, _ = await _own(services, actor, photo)
    return await _parts(services, db, photo)


@post("/photos/{photo:str}/complete", status_code=200)
async def complete(
    services: NamedDependency[Services], actor: NamedDependency[Actor], photo: FromPath[str], data: JSONBody[Finish]
) -> Parts:
    """All parts are there: they are put together and compared with the digest in the photo's document."""
    db, stored, fields = await _own(services, actor, photo)
    if not 0 < data.parts <= PARTS_MAX:
        raise BadRequest(f"A photo has 1 to {PARTS_MAX} parts.", code="bad_part")
    if data.digest != fields.get("digest"):
        raise BadRequest("The photo's document names another digest.", code="bad_digest")
    media = fields.get("media")
    kind = media if media in FORMATS else "application/octet-stream"
    await services.photos.complete(db, photo, stored, data.parts, data.digest, kind)
    return await _parts(services, db, photo)


@get("/photos/{photo:str}")
async def read_photo(
    services: NamedDependency[Services], actor: NamedDependency[Actor], photo: FromPath[str]
) -> Stream:
    """The photo as it was taken, as a download."""
    db, _, record = await _readable(services, actor, photo)
    attachment, chunks = await services.photos.stream(db, photo, PHOTO)
    services.audit.read(actor, [photo, record])
    kind = attachment.content_type if attachment.content_type in FORMATS else "application/octet-stream"
    ending = FORMATS.get(kind, "bin").lower()
    name = photo.replace(":", "-")
    headers = {**_HARMLESS, "content-disposition": f'attachment; filename="{name}.{ending}"'}
    return Stream(_bytes(chunks), media_type=kind, headers={**headers, "content-length": str(attachment.length)})


@get("/photos/{photo:str}/thumbnail")
async def read_thumbnail(
    services: NamedDependency[Services], actor: NamedDependency[Actor], photo: FromPath[str]
) -> Response[bytes]:
    """The photo small, as JPEG; 404 while its bytes have not come."""
    db, _, record = await _readable(services, actor, photo)
    small = await services.photos.thumbnail(db, photo)
    services.audit.read(actor, [photo, record])
    return Response(small, media_type="image/jpeg", headers=_HARMLESS)


async def _bytes(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async for chunk in chunks:
        yield chunk


async def _readable(services: Services, actor: Actor, photo: str) -> tuple[str, str, str]:
    """(database of the bytes, database of the document, record). Raises NotFound for what the actor may not see."""
    found = await services.ledger.read(lambda sql: companion(sql, actor.reader, photo))
    if found is None or not photo.startswith("photo:"):
        raise NotFound(document=photo)
    branch = branch_of(found[0])
    return f"photos-{branch}" if branch else "photos-shared", found[0], found[1]


async def _own(services: Services, actor: Actor, photo: str) -> tuple[str, Stored, dict[str, Any]]:
    """(database of the bytes, the photo's document, its fields), for whoever took it. Raises NotFound, Forbidden."""
    db, its_db, _ = await _readable(services, actor, photo)
    found = await leaves_of(services, actor, its_db, photo)
    stored = next(one for one in found.revisions if not one.deleted)
    body = content_of(stored.body)
    if not actor.administrator and body.get("author") != actor.member:
        raise Forbidden("Only who took a photo sends it.")
    fields = body.get("fields")
    return db, stored, fields if isinstance(fields, dict) else {}


async def _parts(services: Services, db: str, photo: str) -> Parts:
    done = await services.photos.find(db, photo, PHOTO) is not None
    there = {} if done else await services.photos.parts(photo)
    return Parts(done, {str(number): size for number, size in sorted(there.items())})


router = Router(
    "/",
    route_handlers=[put_part, list_parts, complete, read_photo, read_thumbnail],
    guards=[need_login],
    tags=["photos"],
)
