"""Servers for tests: one in this process, with cheap passwords, and real ones as a user starts them."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
from argon2 import PasswordHasher

from server.app import create_app
from server.running import living
from server.services import MakeTask, Services
from server.settings import Settings

FIELDBOOK = Path(sys.executable).with_name("fieldbook")
PASSWORD = "correct horse battery"
ADMIN = ("admin", PASSWORD)


class Here:
    """A server in this process. `as_` is a client with a name and password, or with a bearer token."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.services: Services = app.state.services

    def as_(self, who: tuple[str, str] | str | None = None, **headers: str) -> httpx.AsyncClient:
        if isinstance(who, str):
            headers["authorization"] = f"Bearer {who}"
        auth = who if isinstance(who, tuple) else None
        transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url="http://fieldbook.test", auth=auth, headers=headers)


@asynccontextmanager
async def here(directory: Path, *, tasks: Sequence[MakeTask] = (), **settings: Any) -> AsyncIterator[Here]:
    """A server whose store is in `directory`, with the administrator ADMIN and the member ("li", PASSWORD) of branch b03. `tasks`:
    its work in the background, `BACKGROUND` for all of it."""
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    app = create_app(Settings(data=str(directory), **settings), hasher=cheap, tasks=tasks)
    async with _alive(app):
        made = Here(app)
        accounts = made.services.accounts
        if await accounts.find("admin") is None:
            await accounts.add("admin", "administrator", PASSWORD)
            await accounts.add("li", "member", PASSWORD, member="m0117", branch="b03")
        yield made


@asynccontextmanager
async def _alive(app: Any) -> AsyncIterator[None]:
    """The application's lifespan in a task of its own: pytest leaves a fixture in another task than it entered it."""
    ready, over = asyncio.Event(), asyncio.Event()

    async def live() -> None:
        async with living(app):
            ready.set()
            await over.wait()

    task = asyncio.ensure_future(live())
    task.add_done_callback(lambda _: ready.set())
    await ready.wait()
    try:
        if not task.done():
            yield
    finally:
        over.set()
        await task


def command(*words: str, data: Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run `fieldbook` as a user does."""
    asked = [str(FIELDBOOK), *words, "--data", str(data)]
    return subprocess.run(asked, input=stdin, capture_output=True, text=True, timeout=60, env=environment())


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("FIELDBOOK_")}


class Served:
    """A server process."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self.process = process
        self.url = url

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(30)


@contextmanager
def served(data: Path, *options: str) -> Iterator[Served]:
    """`fieldbook serve` on a free port, ready when this yields."""
    port = () if "--port" in options else ("--port", "0")
    asked = [str(FIELDBOOK), "serve", "--data", str(data), *port, *options]
    with (data.parent / f"{data.name}.log").open("a") as log:
        process = subprocess.Popen(asked, stderr=log, text=True, env=environment())
    try:
        yield Served(process, _ready(data, process))
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _ready(data: Path, process: subprocess.Popen[str]) -> str:
    for _ in range(600):
        if process.poll() is not None:
            raise AssertionError(f"the server ended: {(data.parent / f'{data.name}.log').read_text()}")
        try:
            told = json.loads((data / "server.json").read_bytes())
        except FileNotFoundError:
            told = {}
        if told.get("pid") == process.pid:
            return str(told["url"])
        time.sleep(0.05)
    raise AssertionError("the server did not start within 30 s")
