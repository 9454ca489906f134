"""Decide what a request asks for: its path in segments, its parameters as CouchDB reads them, its body within limits."""

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, unquote_to_bytes

import brotli
import msgspec
from litestar.types import HTTPScope, Receive

from server.couch.limits import Limits
from sync.errors import BadRequest, TooLarge

_decode = msgspec.json.Decoder().decode


class Gone(Exception):
    """The client went away while it was sending."""


class Call:
    """One request. Segments are split before they are percent-decoded: ids may hold slashes."""

    def __init__(self, scope: HTTPScope, receive: Receive, limits: Limits, stopping: asyncio.Event) -> None:
        self.receive = receive
        self.limits = limits
        self.stopping = stopping
        """Set when the server is asked to stop: whoever waits ends."""
        self.method: str = scope["method"]
        self.headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        raw = scope["raw_path"].split(b"?")[0].partition(b"/sync")[2]
        self.segments = [_segment(part) for part in raw.strip(b"/").split(b"/")] if raw.strip(b"/") else []
        self.raw_query: bytes = scope["query_string"]
        self.query = dict(_remembered_query(self.raw_query) if len(self.raw_query) < 64 else _query(self.raw_query))
        self.scheme: str = scope["scheme"]

    def flag(self, name: str, default: bool = False) -> bool:
        value = self.query.get(name)
        if value is None:
            return default
        if value in ("true", '"true"'):
            return True
        if value in ("false", '"false"'):
            return False
        raise BadRequest(f"Invalid value for boolean parameter {name}: {value!r}", code="query_parse_error")

    def number(self, name: str) -> int | None:
        """A whole number that is not negative, or None where it is not given."""
        return whole(name, self.query.get(name))

    def json_value(self, *names: str) -> Any:
        """The first of the parameters that is given, read as JSON; None where none is."""
        for name in names:
            if name in self.query:
                return parse_json(self.query[name].encode())
        return None

    async def chunks(self, bytes_max: int) -> AsyncIterator[bytes]:
        """The body as it was before any content coding. Raises TooLarge past the limit, also for what unpacks to more."""
        inflate = _inflater(self.headers.get("content-encoding", ""))
        size = 0
        async for chunk in self._raw_chunks():
            plain = inflate(chunk, bytes_max) if inflate else chunk
            size += len(plain)
            if size > bytes_max:
                raise TooLarge(f"The request is larger than the {bytes_max} bytes that this server accepts.")
            if plain:
                yield plain

    async def body(self) -> bytes:
        limit = self.limits.request_bytes_max
        length = self.headers.get("content-length", "")
        if length.isdigit() and int(length) > limit:
            raise TooLarge(f"The request is larger than the {limit} bytes that this server accepts.")
        parts = [chunk async for chunk in self.chunks(limit)]
        return parts[0] if len(parts) == 1 else b"".join(parts)

    async def json(self) -> Any:
        need_json(self)
        return parse_json(await self.body())

    async def object(self, any_type: bool = False) -> dict[str, Any]:
        """The body as an object. `any_type`: where CouchDB does not look at the Content-Type."""
        value = parse_json(await self.body()) if any_type else await self.json()
        if not isinstance(value, dict):
            raise BadRequest("Request body must be a JSON object")
        return value

    async def _raw_chunks(self) -> AsyncIterator[bytes]:
        while True:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise Gone
            if message["type"] == "http.request":
                if message["body"]:
                    yield message["body"]
                if not message["more_body"]:
                    return


def need_json(call: Call) -> None:
    """Raises BadRequest (415) where the body says that it is something else."""
    kind = call.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if kind not in ("application/json", ""):
        raise BadRequest("Content-Type must be application/json", code="bad_content_type")


def parse_json(body: bytes) -> Any:
    try:
        return _decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError, ValueError):
        raise BadRequest("invalid UTF-8 JSON") from None


def whole(name: str, value: object) -> int | None:
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 0):
        return value
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 16:
        return int(value)
    raise BadRequest(f"Invalid value for integer parameter {name}: {value!r}", code="query_parse_error")


def _segment(part: bytes) -> str:
    try:
        return (unquote_to_bytes(part) if b"%" in part else part).decode()
    except UnicodeDecodeError:
        raise BadRequest("The path is not UTF-8.", code="illegal_docid") from None


def _query(raw: bytes) -> dict[str, str]:
    if not raw:
        return {}
    try:
        return dict(parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=64))
    except ValueError:
        raise BadRequest("The query is not UTF-8.", code="query_parse_error") from None


_remembered_query = lru_cache(maxsize=256)(_query)
"""Clients ask with the same few queries all the time."""


def _inflater(coding: str) -> Any:
    """A function (chunk, at most) -> plain bytes. It gives at most one byte more than asked, so that bombs stay small."""
    coding = coding.strip().lower()
    if coding in ("", "identity"):
        return None
    if coding == "gzip":
        unzip = zlib.decompressobj(16 + zlib.MAX_WBITS)

        def inflate(chunk: bytes, bytes_max: int) -> bytes:
            try:
                return unzip.decompress(chunk, bytes_max + 1)
            except (zlib.error, gzip.BadGzipFile):
                raise BadRequest("The body is not gzip, as its Content-Encoding says.") from None

        return inflate
    if coding == "br":
        unpack = brotli.Decompressor()

        def expand(chunk: bytes, bytes_max: int) -> bytes:
            try:
                plain: bytes = unpack.process(chunk, output_buffer_limit=bytes_max + 1)
            except brotli.error:
                raise BadRequest("The body is not brotli, as its Content-Encoding says.") from None
            return plain

        return expand
    raise BadRequest(f"Content-Encoding {coding} is not supported: gzip, br or none.", code="bad_content_type")
