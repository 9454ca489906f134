"""Decide where one part of a multipart body ends and the next begins, both ways.

`multipart/related` brings a document with its attachments, `multipart/mixed` takes several revisions away (CouchDB, "Creating
multiple attachments" and "Retrieving multiple revisions"). Parts are handed on as they arrive; none is held whole in memory.
"""

import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from email.message import Message

from sync.errors import BadRequest

HEADER_BYTES_MAX = 16 * 1024


@dataclass(slots=True)
class Part:
    """Its headers, by lower-case name; its bytes must be read before the next part is asked for."""

    headers: dict[str, str]
    data: AsyncIterator[bytes]


def boundary_of(content_type: str) -> bytes:
    message = Message()
    message["content-type"] = content_type
    boundary = message.get_param("boundary")
    if not isinstance(boundary, str) or not 1 <= len(boundary) <= 200:
        raise BadRequest("multipart content needs a boundary")
    return boundary.encode("latin-1", "replace")


def file_name(headers: dict[str, str]) -> str | None:
    """The attachment's name as its Content-Disposition gives it."""
    message = Message()
    message["content-disposition"] = headers.get("content-disposition", "")
    name = message.get_filename()
    if name is None:
        return None
    try:
        return name.encode("latin-1").decode()
    except UnicodeError:
        return name


class Parts:
    """Parts of a body that arrives in chunks."""

    def __init__(self, chunks: AsyncIterator[bytes], boundary: bytes) -> None:
        self._chunks = chunks
        self._mark = b"\r\n--" + boundary
        self._held = b"\r\n"
        self._in_part = False

    async def next(self) -> Part | None:
        """The next part, or None after the last. Raises BadRequest when the body breaks off."""
        if self._in_part or not self._held.startswith(self._mark):
            async for _ in self._until_mark():
                pass
        self._held = self._held[len(self._mark) :]
        while len(self._held) < 2:
            await self._more()
        if self._held[:2] == b"--":
            return None
        while (end := self._held.find(b"\r\n\r\n")) < 0:
            if len(self._held) > HEADER_BYTES_MAX:
                raise BadRequest("the headers of a part are too long")
            await self._more()
        headers = _headers(self._held[:end])
        # The part's own line feed stays, so that an empty part ends at once.
        self._held = self._held[end + 2 :]
        self._in_part = True
        return Part(headers, self._data())

    async def _data(self) -> AsyncIterator[bytes]:
        line_feed = 2
        async for chunk in self._until_mark():
            yield chunk[line_feed:]
            line_feed = max(0, line_feed - len(chunk))

    async def _until_mark(self) -> AsyncIterator[bytes]:
        """Bytes up to the next boundary, which stays in `_held`. They begin with the line feed that ends the headers."""
        keep = len(self._mark)
        while (at := self._held.find(self._mark)) < 0:
            if len(self._held) > keep:
                data, self._held = self._held[:-keep], self._held[-keep:]
                yield data
            await self._more()
        data, self._held = self._held[:at], self._held[at:]
        self._in_part = False
        yield data

    async def _more(self) -> None:
        chunk = await anext(self._chunks, None)
        if chunk is None:
            raise BadRequest("the multipart body breaks off before its last boundary")
        self._held += chunk


def _headers(block: bytes) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in block.decode("latin-1").split("\r\n"):
        name, colon, value = line.partition(":")
        if colon:
            headers[name.strip().lower()] = value.strip()
    return headers


def new_boundary() -> str:
    return secrets.token_hex(16)
