"""The load: one process that speaks HTTP over raw sockets, so that the client costs little beside what it measures.

Requests are put together beforehand; answers are read by their length and, where asked, checked.
"""

import asyncio
import base64
import time
from collections.abc import Sequence
from urllib.parse import urlsplit

READ_BYTES = 1 << 20


class Connection:
    """One keep-alive connection."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.path = parts.path.rstrip("/")
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80
        mark = base64.b64encode(f"{parts.username}:{parts.password}".encode()).decode()
        self._head = f" HTTP/1.1\r\nHost: {self._host}:{self._port}\r\nAuthorization: Basic {mark}\r\n".encode()

    async def __aenter__(self) -> "Connection":
        self._reader, self._writer = await asyncio.open_connection(self._host, self._port, limit=READ_BYTES * 4)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()

    def request(self, method: str, path: str, body: bytes = b"") -> bytes:
        """`path` goes on from the address; one that begins with `/api/` is another of the same server."""
        kind = b"Content-Type: application/json\r\n" if body or method == "POST" else b""
        line = f"{method} {'' if path.startswith('/api/') else self.path}{path}".encode()
        return line + self._head + kind + b"Content-Length: " + str(len(body)).encode() + b"\r\n\r\n" + body

    async def send(self, request: bytes) -> tuple[int, bytes]:
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        status = int(head[9:12])
        lower = head.lower()
        at = lower.find(b"content-length:")
        if at >= 0:
            length = int(lower[at + 15 : lower.index(b"\r\n", at)])
            return status, await self._reader.readexactly(length)
        parts: list[bytes] = []
        while size := int((await self._reader.readuntil(b"\r\n")).strip() or b"0", 16):
            parts.append(await self._reader.readexactly(size))
            await self._reader.readexactly(2)
        await self._reader.readexactly(2)
        return status, b"".join(parts)

    async def call(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        return await self.send(self.request(method, path, body))


async def spread(url: str, connections: int, requests: Sequence[tuple[str, str, bytes]], expect: int) -> float:
    """Send all requests over so many connections, each the next when it is free. Returns seconds."""
    left = iter(requests)

    async def work() -> None:
        async with Connection(url) as connection:
            for method, path, body in left:
                status, answer = await connection.call(method, path, body)
                if status != expect:
                    raise RuntimeError(f"{method} {path} answered {status}: {answer[:300]!r}")

    start = time.perf_counter()
    await asyncio.gather(*[work() for _ in range(connections)])
    return time.perf_counter() - start
