"""Servers that are opened once and used by one simulated history after the other."""

import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.places import Clock, Server


class Pool:
    """Opened servers and a clock, used by one history after the other."""

    def __init__(self, directory: Path) -> None:
        self.clock = Clock()
        self._directory = directory
        self._servers: list[Server] = []

    async def servers(self, count: int) -> list[Server]:
        while len(self._servers) < count:
            made = Server(f"s{len(self._servers)}", self._directory, self.clock)
            self._servers.append(await made.open())
            # A server that has been used before has followed its own databases already: a history is the same on a new one.
            await made.work()
        return self._servers[:count]

    async def clear(self, *dbs: str) -> None:
        """After a history: nothing of it stays."""
        for server in self._servers:
            if server.used:
                await server.end(*dbs)

    async def close(self) -> None:
        for server in self._servers:
            await server.close()
        self._servers = []


def _in_memory() -> str | None:
    """Where files cost no disk, if there is room: each store lays out its log."""
    memory = "/dev/shm"  # noqa: S108  # a directory of its own is made in it
    return memory if Path(memory).is_dir() and shutil.disk_usage(memory).free > 1 << 30 else None


@asynccontextmanager
async def pool() -> AsyncIterator[Pool]:
    with tempfile.TemporaryDirectory(dir=_in_memory()) as directory:
        made = Pool(Path(directory))
        yield made
        await made.close()
