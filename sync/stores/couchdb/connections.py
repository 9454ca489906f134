"""Decide how short requests reach CouchDB: each alone on a connection that stays open, whole in memory both ways.

Beside aiohttp because these are most of what the store does, and its generality costs several times the rest of such a request. What
is streamed, either way, is aiohttp's. The parser is that of the server itself.
"""

import asyncio
import ssl
from collections import deque
from typing import cast
from urllib.parse import urlsplit

import httptools

CONNECT_SECONDS = 5.0
SILENCE_SECONDS = 60.0
IDLE_SECONDS = 60.0
"""A connection that was idle for longer is not trusted: something between may have forgotten it."""


class Connections:
    """`url`: scheme, host and port are taken from it. `head`: header lines that every request carries, each with its line end."""

    def __init__(self, url: str, head: str, connections_max: int) -> None:
        parts = urlsplit(url)
        self._host = parts.hostname or ""
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._port = parts.port or (443 if self._tls else 80)
        self._head = f" HTTP/1.1\r\nHost: {parts.netloc.rpartition('@')[2]}\r\n{head}"
        self._free = asyncio.Semaphore(connections_max)
        self._idle: deque[_Connection] = deque()

    async def ask(self, method: str, target: str, body: bytes | None) -> tuple[int, bytes]:
        """(status, body) of the answer; `target` is path and query, percent-encoded. Raises OSError, TimeoutError."""
        head = f"{method} {target}{self._head}"
        if body is None:
            head += "Content-Length: 0\r\n\r\n" if method != "GET" else "\r\n"
        else:
            head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        async with self._free:
            connection = await self._connection()
            try:
                answer = await connection.ask([head.encode("ascii"), body] if body else [head.encode("ascii")])
            except BaseException:
                # Whatever is still to come on it would be taken for the answer to another request.
                connection.abort()
                raise
            if connection.usable:
                self._idle.append(connection)
            else:
                connection.abort()
            return answer

    async def close(self) -> None:
        while self._idle:
            self._idle.pop().abort()

    async def _connection(self) -> "_Connection":
        """The one that was used last, which is the least likely to have been closed at the other end."""
        loop = asyncio.get_running_loop()
        while self._idle:
            connection = self._idle.pop()
            if connection.usable and loop.time() - connection.heard_at < IDLE_SECONDS:
                return connection
            connection.abort()
        async with asyncio.timeout(CONNECT_SECONDS):
            _, made = await loop.create_connection(
                lambda: _Connection(loop),
                self._host,
                self._port,
                ssl=self._tls,
                server_hostname=self._host if self._tls else None,
            )
        return made


class _Connection(asyncio.Protocol):
    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.heard_at = loop.time()
        self.usable = True
        self._parser = httptools.HttpResponseParser(self)
        self._pieces: list[bytes] = []
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None

    async def ask(self, request: list[bytes]) -> tuple[int, bytes]:
        self.heard_at = self._loop.time()
        answer: asyncio.Future[tuple[int, bytes]] = self._loop.create_future()
        self._answer = answer
        self._transport.writelines(request)
        self._patience = self._loop.call_later(SILENCE_SECONDS, self._lose_patience)
        try:
            return await answer
        finally:
            self._patience.cancel()

    def abort(self) -> None:
        self.usable = False
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclasses of asyncio's.
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self.heard_at = self._loop.time()
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(ConnectionError(f"no HTTP: {error}"))

    def on_body(self, piece: bytes) -> None:
        self._pieces.append(piece)

    def on_message_complete(self) -> None:
        status = self._parser.get_status_code()
        if status < 200:
            return
        self.usable = self.usable and self._parser.should_keep_alive()
        pieces, self._pieces = self._pieces, []
        answer, self._answer = self._answer, None
        if answer is None:
            self.abort()  # Nobody asked.
        elif not answer.done():
            answer.set_result((status, pieces[0] if len(pieces) == 1 else b"".join(pieces)))

    def connection_lost(self, error: Exception | None) -> None:
        self._fail(error or ConnectionResetError("the connection was closed"))

    def _fail(self, error: Exception) -> None:
        self.usable = False
        self._transport.abort()
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)

    def _lose_patience(self) -> None:
        """Silence is counted from the last piece that came, so the watch is set anew for what is left of it."""
        left = self.heard_at + SILENCE_SECONDS - self._loop.time()
        if left > 0:
            self._patience = self._loop.call_later(left, self._lose_patience)
        else:
            self._fail(TimeoutError(f"no answer for {SILENCE_SECONDS:.0f} s"))
