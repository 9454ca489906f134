"""What travels between a browser and a server: a relay on a port of its own that counts bytes and requests, whoever sends them
(pages, service workers, replication)."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple

_REQUEST = re.compile(rb"(?:GET|POST|PUT|DELETE|HEAD) (\S+) HTTP/1\.1\r\n")
READ_BYTES = 1 << 16


class Seen(NamedTuple):
    """Since the start: bytes to the server, bytes from it, requests."""

    sent: int
    received: int
    requests: int

    def since(self, before: "Seen") -> "Seen":
        return Seen(self.sent - before.sent, self.received - before.received, self.requests - before.requests)

    @property
    def bytes(self) -> int:
        return self.sent + self.received


class Wire:
    """`url` is where browsers go; what they asked for is in `paths`, with its time."""

    def __init__(self, port: int) -> None:
        self.url = ""
        self.paths: list[tuple[float, str]] = []
        self.moved_at = time.perf_counter()
        self._to = port
        self._sent = self._received = 0

    @property
    def seen(self) -> Seen:
        return Seen(self._sent, self._received, len(self.paths))

    async def quiet(self, seconds: float = 1.0) -> None:
        """Until nothing has moved for so long."""
        while time.perf_counter() - self.moved_at < seconds:  # noqa: ASYNC110  # another task moves bytes
            await asyncio.sleep(0.05)

    async def asked(self, part: str, times: int, since: int) -> float:
        """When, after the `since`th request, addresses that hold `part` had been asked for so often."""
        while True:
            found = [at for at, path in self.paths[since:] if part in path]
            if len(found) >= times:
                return found[times - 1]
            await asyncio.sleep(0.01)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self._to)
        await asyncio.gather(self._pump(reader, back, sending=True), self._pump(there, writer, sending=False))

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, sending: bool) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(READ_BYTES):
                self.moved_at = time.perf_counter()
                if sending:
                    self._sent += len(data)
                    self.paths += [(self.moved_at, path.decode()) for path in _REQUEST.findall(data)]
                else:
                    self._received += len(data)
                writer.write(data)
                await writer.drain()
        with suppress(ConnectionError, RuntimeError):
            writer.close()


@asynccontextmanager
async def wire(port: int, here: int = 0) -> AsyncIterator[Wire]:
    """A relay to `port` of this machine."""
    made = Wire(port)
    server = await asyncio.start_server(made._relay, "127.0.0.1", here)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield made
    finally:
        server.close()
