"""Decide how a rescue file becomes records: what a tablet that cannot send any more (no PIN, no token, no network for it) had not sent.

The tablet encrypts it for its branch (`recovery`). What is in it goes through the same door as a push, with the rights of the tablet
that wrote it while its token is good, else with those of whoever vouches for it by bringing it (RF…).
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import Meta

from server.photos import FORMATS
from server.recovery import Private
from server.services import Services
from sync.actor import Actor
from sync.databases import SHARED, branch_of, kind_of
from sync.documents import content_of, parse_write
from sync.errors import BadRequest, FieldbookError, Forbidden, NotFound
from sync.stores.contract import Stored, Want, Write, Written

HEADER_BYTES_MAX = 64 * 1024
BATCH = 1_000
NOTED_CHARACTERS_MAX = 100
"""What a file says of itself is noted, and is not to fill the audit trail."""


class Header(msgspec.Struct, frozen=True):
    """The first line. `key`: the AES key, wrapped with the recovery key `recovery` of the branch; bytes are base64."""

    fieldbook: Literal["rescue"]
    version: int
    branch: str
    recovery: str
    key: bytes
    iv: Annotated[bytes, Meta(min_length=12, max_length=12)]


class Photo(msgspec.Struct, frozen=True):
    id: str
    media: str
    digest: str
    data: bytes


class File(msgspec.Struct, frozen=True, kw_only=True):
    """What is encrypted. `databases`: documents as `_bulk_docs` takes them with `new_edits` false."""

    account: str
    member: str | None = None
    tablet: str = ""
    token: str = ""
    made: str = ""
    databases: dict[str, list[dict[str, Any]]] = {}
    photos: list[Photo] = []


class Refusal(msgspec.Struct, frozen=True):
    id: str
    code: str
    zh: str
    en: str


class Rescued(msgspec.Struct, kw_only=True):
    """`written`: revisions that were new here; `known`: those that were not; `photos`: photos that were new here."""

    written: int = 0
    known: int = 0
    photos: int = 0
    refused: list[Refusal] = []


async def take_in(services: Services, uploader: Actor, data: bytes) -> Rescued:
    """Raises BadRequest `bad_rescue`, `foreign_rescue`; Forbidden for whoever has no business with the file."""
    header, rest = read_header(data)
    private = await services.recovery.private(header.recovery)
    if private is None:
        raise BadRequest(
            "This file was written for a key that this server does not have: it belongs to another centre, or to a time before a restore.",
            code="foreign_rescue",
        )
    # It takes memory several times its size while it is read.
    async with services.reading:
        file = await asyncio.to_thread(open_file, header, rest, private)
        _check_uploader(uploader, private.branch, file)
        writer = await _writer(services, uploader, private.branch, file)
        rescued = Rescued(refused=[])
        for db, docs in file.databases.items():
            await _push(services, writer, db, docs, rescued)
        places = dict.fromkeys([*file.databases, f"branch-{private.branch}", SHARED])
        for photo in file.photos:
            await _keep_photo(services, writer, list(places), photo, rescued)
    told = {"written": rescued.written, "known": rescued.known, "refused": len(rescued.refused)}
    about = {"of": file.tablet, "for_account": file.account, "made": file.made}
    short = {name: value[:NOTED_CHARACTERS_MAX] for name, value in about.items()}
    await services.audit.write("rescue", uploader, **short, photos=rescued.photos, **told)
    return rescued


def read_header(data: bytes) -> tuple[Header, bytes]:
    """(first line, what is encrypted). Raises BadRequest."""
    end = data.find(b"\n", 0, HEADER_BYTES_MAX)
    try:
        header = msgspec.json.decode(data[: max(end, 0)], type=Header)
    except msgspec.DecodeError:
        raise _damaged("This is no rescue file of a tablet, or its beginning is damaged.") from None
    if header.version != 1:
        raise _damaged("This rescue file was written by a newer app: update this server first.")
    return header, data[end + 1 :]


def open_file(header: Header, encrypted: bytes, private: Private) -> File:
    """Raises BadRequest."""
    key = private.open(header.key)
    try:
        plain = AESGCM(key or b"").decrypt(header.iv, encrypted, None)
    except (InvalidTag, ValueError):
        raise _damaged("This rescue file is damaged or cut off: copy it from the tablet again.") from None
    try:
        return msgspec.json.decode(plain, type=File)
    except msgspec.DecodeError as error:
        raise _damaged(f"This rescue file does not hold what it should: {error}.") from None


def _check_uploader(uploader: Actor, branch: str, file: File) -> None:
    reviews = f"secretary:{branch}" in uploader.principals
    own = uploader.name == file.account or (file.member is not None and uploader.member == file.member)
    if not (uploader.administrator or reviews or own):
        raise Forbidden(
            "Only whose file it is, the secretary or deputy of the branch, or an administrator may take it in."
        )


async def _writer(services: Services, uploader: Actor, branch: str, file: File) -> Actor:
    """With whose rights the file is written. Anybody can encrypt for a branch, so what a file says of its writer proves nothing but by a
    token; and an administrator, who brings it for somebody, vouches for that one's rights and not for any."""
    by_token = await services.doorkeeper.by_tablet(file.token)
    if by_token is not None:
        return by_token
    if not uploader.administrator:
        return uploader
    principals = frozenset({"everyone", f"branch:{branch}"})
    known = await services.accounts.find(file.account)
    if known is not None and known.account.role != "administrator":
        of = known.account
        principals |= services.admission.directory.principals(of.member, of.role, of.branch)
    # Under the uploader's own name, so that the checks tell who brought what another wrote (AM11).
    member = uploader.member or uploader.name
    return replace(uploader, role="member", principals=principals, member=member, branch=branch, device=None)


async def _push(
    services: Services, writer: Actor, db: str, docs: Sequence[Mapping[str, Any]], rescued: Rescued
) -> None:
    refused = rescued.refused
    writes: list[Write] = []
    for doc in docs:
        try:
            writes.append(parse_write(dict(doc)))
        except FieldbookError as error:
            refused.append(_refusal(str(doc.get("_id", "")), error))
    try:
        if kind_of(db) not in ("branch", "shared"):
            raise Forbidden(f"Tablets write no records to the database {db}.", code="wrong_database")
        services.admission.enter(writer, db)
        revs: dict[str, list[str]] = {}
        for one in writes:
            revs.setdefault(one.id, []).append(one.path[0])
        lacking = await services.store.missing(db, revs) if revs else {}
        # What names a record comes after it: both may be new.
        writes.sort(key=_names_a_record)
        for at in range(0, len(writes), BATCH):
            some = writes[at : at + BATCH]
            for one, result in zip(some, await services.admission.push(writer, db, some), strict=True):
                if not isinstance(result, Written):
                    refused.append(_refusal(one.id, result))
                elif one.id in lacking and one.path[0] in lacking[one.id].missing:
                    rescued.written += 1
                else:
                    rescued.known += 1
    except (Forbidden, NotFound) as error:
        refused.extend(_refusal(one.id, error) for one in writes)


async def _keep_photo(services: Services, writer: Actor, places: Sequence[str], photo: Photo, rescued: Rescued) -> None:
    try:
        db, stored = await _document_of(services, writer, places, photo.id)
        fields = content_of(stored.body).get("fields")
        if not isinstance(fields, dict) or fields.get("digest") != photo.digest:
            raise BadRequest("The photo's document names another digest.", code="bad_digest")
        branch = branch_of(db)
        media = photo.media if photo.media in FORMATS else "application/octet-stream"
        beside = f"photos-{branch}" if branch else "photos-shared"
        if await services.photos.keep(beside, photo.id, stored, photo.data, photo.digest, media) is not None:
            rescued.photos += 1
    except FieldbookError as error:
        rescued.refused.append(_refusal(photo.id, error))


async def _document_of(services: Services, writer: Actor, places: Sequence[str], photo: str) -> tuple[str, Stored]:
    """(database, document) of a photo that the writer may read. Raises NotFound."""
    there = await services.store.databases()
    for db in places:
        if db not in there or kind_of(db) not in ("branch", "shared") or not photo.startswith("photo:"):
            continue
        (found,) = await services.store.get(db, [Want(photo)])
        alive = [one for one in found.revisions if not one.deleted]
        if alive and (writer.reader is None or found.audience is None or not found.audience.isdisjoint(writer.reader)):
            return db, alive[0]
    raise NotFound("There is no document of this photo.")


def _names_a_record(one: Write) -> bool:
    fields = one.content.get("fields")
    return isinstance(fields, dict) and "record" in fields


def _refusal(doc: str, error: FieldbookError) -> Refusal:
    reasons = error.facts.get("reasons")
    told = reasons if isinstance(reasons, dict) else {}
    return Refusal(
        doc, str(error.facts.get("code", error.code)), told.get("zh", "未接收"), told.get("en", error.reason)
    )


def _damaged(reason: str) -> BadRequest:
    return BadRequest(reason, code="bad_rescue")
