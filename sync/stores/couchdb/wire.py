"""Decide how CouchDB is spoken to on the hot path: which requests are made again, and what each refusal means here.

A read that breaks is made again, after a pause; a write never is: whether
it arrived is not known, so its caller is told that it failed (CS2).
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote, unquote, urlencode, urlsplit, urlunsplit

import aiohttp
import msgspec
from yarl import URL

from sync.errors import (
    AlreadyExists,
    BadRequest,
    Conflict,
    FieldbookError,
    Forbidden,
    NotFound,
    PreconditionFailed,
    StoreUnavailable,
    TooLarge,
)
from sync.stores.couchdb.connections import CONNECT_SECONDS, SILENCE_SECONDS, Connections

CONNECTIONS_MAX = 64
PAUSES_SECONDS = (0.1, 0.5)
"""Before a read is made for the second and for the third time."""

READ_CHUNK_BYTES = 256 * 1024

_BROKEN = (aiohttp.ClientError, TimeoutError, ConnectionError, OSError)


class Refusal(msgspec.Struct):
    error: str = "unknown_error"
    reason: str | None = None


class Wire:
    """`url` may hold a name and password. `prefix` stands before the name of every database. What is streamed has as many connections
    of its own, so that feeds which stay open leave room for everything else."""

    def __init__(self, url: str, prefix: str = "", connections_max: int = CONNECTIONS_MAX) -> None:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        self._base = urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", ""))
        self._root = parts.path.rstrip("/")
        self._headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        if parts.username is not None:
            self._headers["Authorization"] = aiohttp.encode_basic_auth(
                unquote(parts.username), unquote(parts.password or "")
            )
        self.shown = self._base
        """The address without name and password, for messages."""
        self.prefix = prefix
        self._connections_max = connections_max
        self._session: aiohttp.ClientSession | None = None
        head = "".join(f"{name}: {value}\r\n" for name, value in self._headers.items())
        self._connections = Connections(self._base, head, connections_max)

    async def open(self) -> None:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._connections_max, keepalive_timeout=60),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=SILENCE_SECONDS),
            headers=self._headers,
            auto_decompress=False,
            read_bufsize=READ_CHUNK_BYTES,
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def close(self) -> None:
        await self._connections.close()
        if self._session:
            await self._session.close()

    def path(self, db: str, *segments: str) -> str:
        """The path of something in a database, percent-encoded. Of a segment `_local/x` or `_design/x` the first slash stays."""
        return "/" + "/".join([quote(self.prefix + db, safe=""), *(_segment(segment) for segment in segments)])

    async def read(
        self, path: str, query: Mapping[str, str] | None = None, body: bytes | None = None, *, db: str = ""
    ) -> bytes:
        """The answer to a GET, or to a POST that only asks. Raises FieldbookError."""
        for pause in (*PAUSES_SECONDS, None):
            try:
                return await self.write("GET" if body is None else "POST", path, query, body, db=db)
            except StoreUnavailable as error:
                if pause is None or error.facts.get("status") == 401:
                    raise  # More attempts with a wrong password would make CouchDB lock the account.
                await asyncio.sleep(pause)
        raise AssertionError("the last attempt returns or raises")

    async def write(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: bytes | AsyncIterator[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        db: str = "",
    ) -> bytes:
        """The answer to one request, made once. Raises FieldbookError."""
        if headers or not (body is None or isinstance(body, bytes)):
            async with self.stream(method, path, query, body, headers, db=db) as response:
                return await response.read()
        target = self._root + path + ("?" + urlencode(query) if query else "")
        try:
            status, answer = await self._connections.ask(method, target, body)
        except _BROKEN as error:
            raise self._broken(error) from error
        if status >= 300 and not _is_list(status, answer):
            raise refusal(status, answer, db, self.shown)
        return answer

    @asynccontextmanager
    async def stream(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: bytes | AsyncIterator[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        db: str = "",
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """An answer whose body is read piece by piece. What breaks while it is read becomes StoreUnavailable too."""
        assert self._session is not None, "the store is not open"
        url = URL(self._base + path + ("?" + urlencode(query) if query else ""), encoded=True)
        sent = dict(headers or ())
        if isinstance(body, bytes):
            sent.setdefault("Content-Type", "application/json")
        try:
            async with self._session.request(method, url, data=body, headers=sent) as response:
                if response.status >= 400:
                    answer = await response.read()
                    if not _is_list(response.status, answer):
                        raise refusal(response.status, answer, db, self.shown)
                yield response
        except _BROKEN as error:
            raise self._broken(error) from error

    def _broken(self, error: Exception) -> StoreUnavailable:
        what = str(error) or type(error).__name__
        return StoreUnavailable(f"CouchDB at {self.shown} does not answer ({what}). Try again in a moment.")


def refusal(status: int, answer: bytes, db: str, shown: str) -> FieldbookError:
    """What an answer of 400 or more says."""
    try:
        said = msgspec.json.decode(answer, type=Refusal)
    except msgspec.DecodeError:
        said = Refusal()
    if status == 401 or (status == 403 and (said.reason or "").startswith(_NOT_LET_IN)):
        what = f"CouchDB at {shown} does not accept the store's name and password: {said.reason}"
        return StoreUnavailable(what, status=401)
    if status == 404 and said.reason in ("Database does not exist.", "no_db_file"):
        return NotFound("Database does not exist.", database=db)
    return of_error(said, status, shown)


def of_error(said: Refusal, status: int = 0, shown: str = "") -> FieldbookError:
    """The error that CouchDB names, as one of ours. `status` decides where the name is not known."""
    for kind, names, code in _KINDS:
        if said.error in names or status == code:
            return kind(said.reason, code=said.error if said.error != "unknown_error" else None)
    what = f"CouchDB {shown} could not do it just now ({said.error}: {said.reason}). Try again in a moment."
    return StoreUnavailable(what, status=status)


_NOT_LET_IN = ("You are not a server admin", "Account is temporarily locked")

_KINDS: list[tuple[type[FieldbookError], set[str], int]] = [
    (Conflict, {"conflict"}, 409),
    (Forbidden, {"forbidden", "unauthorized"}, 403),
    (AlreadyExists, {"file_exists"}, -1),
    (PreconditionFailed, {"missing_stub"}, 412),
    (TooLarge, {"document_too_large", "attachment_too_large", "too_large"}, 413),
    (NotFound, {"not_found"}, 404),
    (BadRequest, {"bad_request", "doc_validation", "illegal_docid", "content_md5_mismatch"}, 400),
]


def _is_list(status: int, answer: bytes) -> bool:
    """`_bulk_docs` answers 417 or 500 with one result for each document."""
    return status in (417, 500) and answer.startswith(b"[")


def _segment(segment: str) -> str:
    for kind in ("_local/", "_design/"):
        if segment.startswith(kind):
            return kind + quote(segment[len(kind) :], safe="")
    # A path of dots would be taken for a way up.
    return segment.replace(".", "%2E") if segment in (".", "..") else quote(segment, safe="")


def decoder(shape: Any) -> Any:
    """A decoder whose failures mean that something else than CouchDB answered."""
    decode = msgspec.json.Decoder(shape).decode

    def read(answer: bytes) -> Any:
        try:
            return decode(answer)
        except msgspec.DecodeError as error:
            raise StoreUnavailable(
                f"CouchDB's answer cannot be read ({error}). Is something else listening there?"
            ) from error

    return read
