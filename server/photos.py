"""Decide how a photo's bytes come in and are shown (decision 14): in parts that survive a broken line, checked against the digest that
the photo's own document names, kept as attachments in `photos-<branch>`; small pictures are made once, beside them.
"""

import asyncio
import base64
import hashlib
import io
import shutil
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from sync.databases import kind_of
from sync.documents import content_of, digest_of
from sync.errors import AlreadyExists, BadRequest, Conflict, FieldbookError, NotFound, TooLarge
from sync.stores.contract import Attachment, Edit, NewAttachment, Store, Stored, Stub, Want, Written

PART_BYTES_MAX = 4 * 1024 * 1024
PHOTO_BYTES_MAX = 64 * 1024 * 1024
PARTS_MAX = 512
PIXELS_MAX = 80_000_000
"""A small file can unpack to any size: a picture of more pixels is kept, and shown by name only."""
THUMBNAIL_PIXELS = 480
FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}
PHOTO, THUMBNAIL = "photo", "thumbnail"
UNFINISHED_DAYS_MAX = 14

_READ_BYTES = 1024 * 1024


class Photos:
    """`directory` holds parts that have arrived until the last one is there."""

    def __init__(self, store: Store, directory: Path) -> None:
        self._store = store
        self._directory = directory
        self._pictures = asyncio.Semaphore(1)
        self._joining = asyncio.Lock()

    async def put_part(self, photo: str, number: int, chunks: AsyncIterator[bytes]) -> int:
        """Keep one part, whole or not at all; sent again it is replaced. Returns its bytes. Raises BadRequest, TooLarge."""
        if not 0 <= number < PARTS_MAX:
            raise BadRequest(f"A photo has {PARTS_MAX} parts at most, numbered from 0.", code="bad_part")
        data = bytearray()
        async for chunk in chunks:
            data += chunk
            if len(data) > PART_BYTES_MAX:
                raise TooLarge(f"A part has {PART_BYTES_MAX} bytes at most: send smaller ones.", code="part_too_large")
        if not data:
            raise BadRequest("This part is empty.", code="bad_part")
        await asyncio.to_thread(self._keep, self._parts(photo), number, bytes(data))
        return len(data)

    async def parts(self, photo: str) -> dict[int, int]:
        """{part: bytes} of what has arrived, so that a tablet goes on where the line broke."""
        return await asyncio.to_thread(_listed, self._parts(photo))

    async def complete(self, db: str, photo: str, about: Stored, count: int, digest: str, media: str) -> Written | None:
        """Put the parts together and keep them; None when the photo was there already. Raises BadRequest when parts are missing, or
        what came is not what the photo's document names: then its parts are dropped, to be sent again."""
        async with self._joining:
            if await self.find(db, photo, PHOTO) is not None:
                await asyncio.to_thread(self._tidy, photo)
                return None
            there = await self.parts(photo)
            missing = [number for number in range(count) if number not in there]
            if missing or not count:
                raise BadRequest(f"Parts are missing: {missing[:20]}.", code="parts_missing", missing=missing)
            whole, (sha, md5) = await asyncio.to_thread(self._join, photo, count)
            if sha != digest:
                await asyncio.to_thread(self._tidy, photo)
                raise BadRequest(
                    "What came is not the photo that its document names: send it again.", code="bad_digest"
                )
            attachment = NewAttachment(media, whole, md5, whole.stat().st_size)
            written = await self._write(db, photo, about, attachment)
            await asyncio.to_thread(self._tidy, photo)
            return written

    async def keep(self, db: str, photo: str, about: Stored, data: bytes, digest: str, media: str) -> Written | None:
        """Keep a photo that came whole, as one in a rescue file does; None when it was there already. Raises BadRequest when it is not what
        its document names."""
        if await asyncio.to_thread(_sha256, data) != digest:
            raise BadRequest("What came is not the photo that its document names.", code="bad_digest")
        async with self._joining:
            written = None
            if await self.find(db, photo, PHOTO) is None:
                written = await self._write(db, photo, about, NewAttachment(media, data, digest_of(data), len(data)))
            await asyncio.to_thread(self._tidy, photo)
            return written

    async def find(self, db: str, photo: str, name: str) -> tuple[Stored, Attachment] | None:
        try:
            (found,) = await self._store.get(db, [Want(photo)])
        except NotFound:
            return None
        alive = [one for one in found.revisions if not one.deleted]
        if not alive or name not in alive[0].attachments:
            return None
        return alive[0], alive[0].attachments[name]

    async def erase(self, photos: Sequence[str]) -> None:
        """Remove the bytes of these photos, whole or still arriving: they lie in databases of their own, under the photos' ids."""
        for db in await self._store.databases() if photos else []:
            if kind_of(db) == "photos":
                await self._store.erase(db, dict.fromkeys(photos))
        for photo in photos:
            await asyncio.to_thread(self._tidy, photo)

    async def stream(self, db: str, photo: str, name: str) -> tuple[Attachment, AsyncIterator[bytes]]:
        """Raises NotFound while the bytes have not come."""
        found = await self.find(db, photo, name)
        if found is None:
            raise NotFound("The bytes of this photo have not come yet.", document=photo)
        return found[1], await self._store.read_attachment(db, photo, found[1], name, found[0].rev)

    async def thumbnail(self, db: str, photo: str) -> bytes:
        """A small JPEG without anything but the picture, made when it is first asked for. Raises NotFound, BadRequest (no picture)."""
        known = await self.find(db, photo, THUMBNAIL)
        if known is not None:
            return b"".join([chunk async for chunk in (await self.stream(db, photo, THUMBNAIL))[1]])
        attachment, chunks = await self.stream(db, photo, PHOTO)
        if attachment.length > PHOTO_BYTES_MAX:
            raise _no_picture()
        async with self._pictures:
            data = b"".join([chunk async for chunk in chunks])
            small = await asyncio.to_thread(shrink, data)
        await self._keep_thumbnail(db, photo, small)
        return small

    async def _keep_thumbnail(self, db: str, photo: str, small: bytes) -> None:
        found = await self.find(db, photo, PHOTO)
        if found is None:
            return
        held: dict[str, NewAttachment | Stub] = {name: Stub() for name in found[0].attachments}
        held[THUMBNAIL] = NewAttachment("image/jpeg", small, digest_of(small), len(small))
        content = content_of(found[0].body)
        # Somebody else may have made it meanwhile: then theirs stays.
        await self._store.add(db, [Edit(photo, found[0].rev, content, found[0].body, False, held)])

    async def _write(self, db: str, photo: str, about: Stored, attachment: NewAttachment) -> Written | None:
        if db not in await self._store.databases():
            with suppress(AlreadyExists):
                await self._store.create(db)
        edit = Edit(photo, None, content_of(about.body), about.body, False, {PHOTO: attachment})
        (result,) = await self._store.add(db, [edit])
        if isinstance(result, Conflict):
            return None
        if isinstance(result, FieldbookError):
            raise result
        return result

    def _parts(self, photo: str) -> Path:
        return self._directory / hashlib.sha256(photo.encode()).hexdigest()[:40]

    def _keep(self, directory: Path, number: int, data: bytes) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        there = _listed(directory)
        if sum(size for one, size in there.items() if one != number) + len(data) > PHOTO_BYTES_MAX:
            raise TooLarge(f"A photo has {PHOTO_BYTES_MAX} bytes at most.", code="photo_too_large")
        part = directory / f"{number}.coming"
        part.write_bytes(data)
        part.replace(directory / str(number))

    def _join(self, photo: str, count: int) -> tuple[Path, tuple[str, str]]:
        """The whole, in a file of its own, with its SHA-256 and MD5."""
        whole = self._parts(photo) / "whole"
        sha, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
        with whole.open("wb") as file:
            for number in range(count):
                data = (self._parts(photo) / str(number)).read_bytes()
                sha.update(data)
                md5.update(data)
                file.write(data)
        return whole, (f"sha256-{sha.hexdigest()}", "md5-" + base64.b64encode(md5.digest()).decode())

    def _tidy(self, photo: str) -> None:
        """Drop the parts of this photo, and what was begun long ago and never finished."""
        shutil.rmtree(self._parts(photo), ignore_errors=True)
        oldest = time.time() - UNFINISHED_DAYS_MAX * 86400
        for directory in self._directory.iterdir() if self._directory.exists() else ():
            if directory.stat().st_mtime < oldest:
                shutil.rmtree(directory, ignore_errors=True)


def shrink(data: bytes) -> bytes:
    """A picture at most `THUMBNAIL_PIXELS` wide and high, as JPEG. Raises BadRequest for what is no picture or unpacks too large."""
    try:
        with Image.open(io.BytesIO(data), formats=list(FORMATS.values())) as picture:
            if picture.width * picture.height > PIXELS_MAX:
                raise _no_picture()
            picture.draft("RGB", (THUMBNAIL_PIXELS, THUMBNAIL_PIXELS))
            picture.thumbnail((THUMBNAIL_PIXELS, THUMBNAIL_PIXELS))
            upright = ImageOps.exif_transpose(picture)
            flat = Image.new("RGB", upright.size, "white")
            flat.paste(upright.convert("RGBA"), mask=upright.convert("RGBA").getchannel("A"))
            made = io.BytesIO()
            flat.save(made, "JPEG", quality=80)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise _no_picture() from None
    return made.getvalue()


def _sha256(data: bytes) -> str:
    return f"sha256-{hashlib.sha256(data).hexdigest()}"


def _listed(directory: Path) -> dict[int, int]:
    if not directory.exists():
        return {}
    return {int(one.name): one.stat().st_size for one in directory.iterdir() if one.name.isdecimal()}


def _no_picture() -> BadRequest:
    return BadRequest("This is no picture that can be shown small.", code="no_picture")
