"""Decide how the endpoint answers: CouchDB's status codes and bodies, headers that keep stored bytes harmless, compression."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

import brotli
from litestar.types import Send

from sync import errors
from sync.documents import encode
from sync.errors import FieldbookError

COMPRESS_BYTES_MIN = 1024
THREAD_BYTES_MIN = 256 * 1024
"""Larger bodies are compressed in a thread, so that nobody else waits for them."""

_STATUS: list[tuple[type[FieldbookError], int]] = [
    (errors.BadRequest, 400),
    (errors.Unauthenticated, 401),
    (errors.Forbidden, 403),
    (errors.NotFound, 404),
    (errors.Conflict, 409),
    (errors.AlreadyExists, 412),
    (errors.PreconditionFailed, 412),
    (errors.TooLarge, 413),
    (errors.TooManyAttempts, 429),
    (errors.Unsupported, 501),
    (errors.StoreUnavailable, 503),
]
_CODES = {
    "method_not_allowed": 405,
    "not_acceptable": 406,
    "bad_content_type": 415,
    "requested_range_not_satisfiable": 416,
}


@dataclass(slots=True)
class Answer:
    status: int
    body: bytes | AsyncIterator[bytes]
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"


def ok(value: object, status: int = 200, **headers: str) -> Answer:
    """A JSON answer; CouchDB ends each with a line feed."""
    return Answer(status, encode(value) + b"\n", {name.replace("_", "-"): text for name, text in headers.items()})


def status_of(error: FieldbookError) -> int:
    if error.code in _CODES:
        return _CODES[error.code]
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def refusal(error: FieldbookError, *, challenge: bool = True) -> Answer:
    """CouchDB's `{"error", "reason"}`. `challenge`: a 401 asks for a name and password (AU16)."""
    status = status_of(error)
    headers: dict[str, str] = {}
    if status == 401 and challenge:
        headers["www-authenticate"] = 'Basic realm="Fieldbook"'
    if isinstance(error, errors.TooManyAttempts) and "retry_seconds" in error.facts:
        headers["retry-after"] = str(error.facts["retry_seconds"])
    return Answer(status, encode({"error": error.code, "reason": error.reason}) + b"\n", headers)


async def send_answer(send: Send, answer: Answer, accept_encoding: str, *, head: bool = False) -> None:
    headers = {"content-type": answer.content_type, "cache-control": "must-revalidate", **answer.headers}
    if isinstance(answer.body, bytes):
        body = answer.body
        if len(body) >= COMPRESS_BYTES_MIN and answer.content_type == "application/json" and accept_encoding:
            body = await _compress(body, accept_encoding, headers)
        if answer.status != 304:
            headers.setdefault("content-length", str(len(body)))
        await _start(send, answer.status, headers)
        await send(
            {"type": "http.response.body", "body": b"" if head or answer.status == 304 else body, "more_body": False}
        )
        return
    await _start(send, answer.status, headers)
    if not head:
        async for chunk in answer.body:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _start(send: Send, status: int, headers: Mapping[str, str]) -> None:
    raw = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})


async def _compress(body: bytes, accept_encoding: str, headers: dict[str, str]) -> bytes:
    """Brotli or gzip at their fastest: higher levels cost ten times the time for a few hundredths of the size."""
    offered = {part.partition(";")[0].strip() for part in accept_encoding.split(",")}
    headers["vary"] = "accept-encoding"
    if "br" in offered:
        headers["content-encoding"] = "br"
        work = _brotli
    elif "gzip" in offered:
        headers["content-encoding"] = "gzip"
        work = _gzip
    else:
        return body
    return work(body) if len(body) < THREAD_BYTES_MIN else await asyncio.to_thread(work, body)


def _brotli(body: bytes) -> bytes:
    return bytes(brotli.compress(body, quality=1))


def _gzip(body: bytes) -> bytes:
    return gzip.compress(body, 1, mtime=0)
