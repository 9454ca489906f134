"""Decide which parts a server is made of: the one place that chooses the store and puts everything together."""

import asyncio
import logging
import secrets
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from argon2 import PasswordHasher
from litestar import Litestar, MediaType, Request, Response, Router, asgi, get
from litestar.config.response_cache import ResponseCacheConfig
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.exceptions import HTTPException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.types import Receive, Scope, Send

import schemas
from server import secret
from server.accounts import Accounts, principals_of
from server.api import accounts, audit, base, login, tablets
from server.audit import Audit
from server.couch.answers import Answer, ok
from server.couch.app import CouchEndpoint
from server.couch.call import Call
from server.doorkeeper import Doorkeeper
from server.edge import Counters, Edge
from server.metrics import CONTENT_TYPE, metrics
from server.office import DATABASES, OFFICE, Office
from server.pages import landing
from server.passes import Passes
from server.passwords import Passwords
from server.services import Services, Task
from server.settings import Settings
from server.tablets import Tablets
from server.throttle import Throttle
from sync.admission import Admission
from sync.errors import AlreadyExists, BadRequest, FieldbookError, Forbidden
from sync.stores.contract import Readers, Store
from sync.stores.sqlite import SqliteStore

SWEEP_SECONDS = 3600.0

log = logging.getLogger(__name__)


def create_app(settings: Settings, *, hasher: PasswordHasher | None = None, tasks: Sequence[Task] = ()) -> Litestar:
    """The whole application; `app.state.services` are its parts. The store is opened by the application's lifespan.

    `hasher`: tests pass a cheap one. `tasks`: work in the background while the server runs."""
    services = make_services(settings, hasher, tasks)
    endpoint = CouchEndpoint(
        services.store, services.admission, _SyncDoor(services), settings.limits, services.stopping
    )

    @asgi("/sync", is_mount=True, copy_scope=False)
    async def couch(scope: Scope, receive: Receive, send: Send) -> None:
        await endpoint(scope, receive, send)

    app = Litestar(
        route_handlers=[
            landing,
            health,
            tell_metrics,
            about,
            Router("/api/v1", route_handlers=[login.router, accounts.router, tablets.router, audit.router, about]),
            couch,
        ],
        lifespan=[lambda app: _running(services)],
        state=State({"services": services}),
        dependencies={
            "services": Provide(lambda: services, sync_to_thread=False),
            "actor": Provide(base.provide_actor),
        },
        exception_handlers={FieldbookError: base.refuse, HTTPException: base.refuse_request, Exception: base.fail},
        openapi_config=OpenAPIConfig(
            title="Fieldbook", version=version("fieldbook"), path="/schema", render_plugins=[JsonRenderPlugin()]
        ),
        request_max_body_size=settings.request_bytes_max,
        logging_config=None,
    )
    app.asgi_handler = Edge(app.asgi_handler, settings.origins, services.counters)
    return app


def make_services(settings: Settings, hasher: PasswordHasher | None, tasks: Sequence[Task]) -> Services:
    store = open_store(settings)
    office = Office(store)
    passwords = Passwords(hasher)
    known = Accounts(office, passwords, _now)
    passes = Passes(office, _now, secrets.token_urlsafe)
    enrolled = Tablets(office, _now, secrets.token_urlsafe, _choose)
    trail = Audit(office, _now, lambda: secrets.token_hex(4))
    throttle = Throttle(time.monotonic)
    process = secret.Secret(secret.PROCESS, "cli", secrets.token_urlsafe(32))
    doorkeeper = Doorkeeper(
        office,
        known,
        passes,
        enrolled,
        trail,
        throttle,
        principals_of,
        time.monotonic,
        secrets.token_bytes(32),
        process,
    )
    return Services(
        settings=settings,
        store=store,
        admission=Admission(store),
        office=office,
        passwords=passwords,
        accounts=known,
        passes=passes,
        tablets=enrolled,
        audit=trail,
        throttle=throttle,
        doorkeeper=doorkeeper,
        counters=Counters(),
        process=process,
        stopping=asyncio.Event(),
        tasks=tasks,
        now=_now,
    )


def open_store(settings: Settings) -> Store:
    """The store that the settings name; it is not open yet. Raises BadRequest."""
    if settings.store == "sqlite":
        return SqliteStore(settings.directory / "store", audience_of)
    raise BadRequest(f"There is no store {settings.store!r}: sqlite.", code="bad_setting")


def audience_of(db: str, content: Mapping[str, Any]) -> Readers | None:
    """Who may read a document: by its own rules where records live, administrators alone in `office`, no rule elsewhere."""
    if db.startswith(("branch-", "photos-")) or db in ("shared", "centre"):
        return schemas.readers(content)
    return frozenset({"administrator"}) if db == OFFICE else None


def wake(services: Services) -> None:
    """The server stops: whoever waits for changes is answered at once."""
    services.stopping.set()
    if isinstance(services.store, SqliteStore):
        services.store._room.tell_all()


@asynccontextmanager
async def _running(services: Services) -> AsyncIterator[None]:
    """The store is open and holds its databases; what runs in the background runs."""
    async with AsyncExitStack() as stack:
        await services.store.open()
        stack.push_async_callback(services.store.close)
        stack.callback(services.passwords.close)
        there = await services.store.databases()
        for db in DATABASES:
            if db not in there:
                with suppress(AlreadyExists):
                    await services.store.create(db)
        stack.push_async_callback(services.audit.flush)
        work = [services.doorkeeper.run(), services.audit.run(), _sweep(services), *(task.run() for task in services.tasks)]
        running = [asyncio.ensure_future(one) for one in work]
        stack.push_async_callback(_cancel, running)
        for task in services.tasks:
            stack.push_async_callback(task.close)
        try:
            yield
        finally:
            wake(services)


async def _cancel(running: Sequence["asyncio.Future[None]"]) -> None:
    for task in running:
        task.cancel()
    for result in await asyncio.gather(*running, return_exceptions=True):
        if isinstance(result, Exception):
            log.error("work in the background had ended", exc_info=result)


async def _sweep(services: Services) -> None:
    """Sessions and tokens whose time is past leave the store."""
    while True:
        try:
            await services.passes.sweep()
        except Exception:
            log.exception("expired sessions could not be removed; it is tried again in an hour")
        await asyncio.sleep(SWEEP_SECONDS)


class _SyncDoor:
    """The doorkeeper as `/sync` asks for it: CouchDB's `_session` in place of the API's."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self.actor = services.doorkeeper.actor

    async def log_in(self, call: Call) -> Answer: ...

    async def log_out(self, call: Call) -> Answer:
        cookie = await self._services.doorkeeper.end_session(call)
        return ok({"ok": True}, set_cookie=cookie)
