"""Decide how a server starts, says where it is, and stops: whoever waits for changes is answered at once, what is under way may
finish, then the store is closed (SE9)."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Sequence

import msgspec
import structlog
import uvicorn
import uvloop

from server.app import BACKGROUND, create_app
from server.collecting import collect_seldom
from server.data import Running, announce, locked, renounce
from server.logs import set_up_logs
from server.running import living, wake
from server.services import MakeTask, Services
from server.settings import Settings
from sync.errors import BadRequest

BACKLOG = 4096
"""A centre's tablets come back all at once when the network does."""
KEEP_ALIVE_SECONDS = 75
"""Longer than the pause between two requests of a syncing tablet, and than a proxy's own 60 s."""

SWITCH_SECONDS = 0.0005
"""How soon the event loop and the store's writer make room for each other. At Python's own 5 ms a push of 100 records is a fifth slower."""

log = structlog.stdlib.get_logger(__name__)


def serve(settings: Settings, tasks: Sequence[MakeTask] = BACKGROUND) -> None:
    """Serve until told to stop. Raises Busy, StoreDamaged, BadRequest when it cannot begin."""
    set_up_logs(settings.log_level)
    with locked(settings.directory, "serve"):
        try:
            sys.setswitchinterval(SWITCH_SECONDS)
            collect_seldom()
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(run(settings, tasks))
        finally:
            renounce(settings.directory)


async def run(settings: Settings, tasks: Sequence[MakeTask]) -> None:
    listening = _listen(settings)
    url = _url(listening)
    # Where any free port was asked for, links name the one that was had.
    settings = msgspec.structs.replace(settings, port=listening.getsockname()[1])
    app = create_app(settings, tasks=tasks if settings.reconcile else ())
    async with living(app) as services:
        config = uvicorn.Config(
            app,
            lifespan="off",
            log_config=None,
            access_log=settings.access_log,
            backlog=BACKLOG,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=settings.graceful_seconds,
            forwarded_allow_ips=settings.trusted_proxies,
            server_header=False,
        )
        server = Server(config, services, lambda: _ready(services, url))
        await server.serve(sockets=[listening])
    log.info("stopped")


class Server(uvicorn.Server):
    """uvicorn's server, which ends with the waiting feeds and leaves closing the store to whoever runs it."""

    def __init__(self, config: uvicorn.Config, services: Services, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._services = services
        self._on_ready = on_ready

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        # uvicorn's own raises the signal again before the store is closed.
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.stop)
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_ready()

    def stop(self) -> None:
        """Asked twice, it does not wait for requests under way."""
        self.force_exit = self.should_exit
        self.should_exit = True
        wake(self._services)


def _ready(services: Services, url: str) -> None:
    directory = services.settings.directory
    announce(directory, Running(url, services.process.text, os.getpid()))
    log.info("serving", url=url, data=str(directory), store=services.settings.store.rpartition("@")[2])


def _listen(settings: Settings) -> socket.socket:
    """Raises BadRequest when the address cannot be had."""
    try:
        family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
        # Told that it is TCP, the event loop sends each answer at once; else one in two parts waits 40 ms (Nagle).
        listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((settings.host, settings.port))
    except OSError as error:
        what = (
            f"Cannot listen on {settings.host} port {settings.port}: {error.strerror or error}. Choose another --port."
        )
        raise BadRequest(what, code="bad_setting") from None
    listening.set_inheritable(True)
    return listening


def _url(listening: socket.socket) -> str:
    """Where this machine reaches it."""
    host, port = listening.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # what was asked for, not a default
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
