"""Decide which parts a server is made of: the one place that puts everything together."""

import asyncio
import logging
import secrets
import time
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from ipaddress import ip_address
from typing import Any
from urllib.parse import parse_qsl

from argon2 import PasswordHasher
from litestar import Litestar, MediaType, Request, Response, Router, get
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.exceptions import HTTPException
from litestar.openapi import OpenAPIConfig

from schemas import default_forms, json_schema
from server import secret
from server.accounts import Accounts
from server.api import (
    accounts,
    activities,
    assignments,
    audit,
    base,
    cases,
    directory,
    disputes,
    enrol,
    exports,
    figures,
    forms,
    imports,
    inbox,
    kept,
    ledger,
    likely,
    live,
    login,
    own_tablet,
    photos,
    profile,
    promises,
    records,
    redactions,
    registers,
    rescues,
    reviews,
    search,
    since,
    subjects,
    supplement,
    tablets,
)
from server.api.described import operation_id
from server.api.examples import WithExamples
from server.audit import Audit
from server.conditional import Conditional
from server.couch.answers import Answer, ok
from server.couch.app import CouchEndpoint
from server.couch.call import Call
from server.deciding import Deciding
from server.doorkeeper import ADDRESS, Doorkeeper
from server.edge import Counters, Edge
from server.forgetting import Forgetting
from server.live import Live
from server.metrics import CONTENT_TYPE, metrics
from server.office import DATABASES, Office
from server.pages import landing, landing_style
from server.passes import Passes
from server.passwords import Passwords
from server.photos import Photos
from server.recovery import Recovery
from server.reports.rendering import Rendering
from server.services import MakeTask, Services, Task
from server.settings import Settings
from server.site import app_file, app_settings, desk_app, desk_file, tablet_app
from server.stores import open_store
from server.tablets import Tablets
from server.throttle import Throttle
from sync.admission import Admission
from sync.databases import CENTRE, OFFICE, kind_of
from sync.directory import Directory
from sync.documents import parse_edit
from sync.erasure import Erasures
from sync.errors import AlreadyExists, BadRequest, FieldbookError, Forbidden
from sync.ledger.ledger import Ledger
from sync.reconcile.lease import Lease
from sync.reconcile.worker import PACE_SECONDS, Worker
from sync.stores.contract import Store, Want

SWEEP_SECONDS = 3600.0

API = [
    login.router,
    accounts.router,
    enrol.router,
    own_tablet.router,
    tablets.router,
    rescues.router,
    audit.router,
    kept.router,
    inbox.router,
    records.router,
    since.router,
    disputes.router,
    likely.router,
    subjects.router,
    redactions.router,
    activities.router,
    cases.router,
    figures.router,
    ledger.router,
    profile.router,
    supplement.router,
    exports.router,
    imports.router,
    registers.router,
    directory.router,
    assignments.router,
    forms.router,
    search.router,
    live.router,
    promises.router,
    reviews.router,
    photos.router,
]


def make_worker(services: Services, pace_seconds: float = PACE_SECONDS) -> Task:
    """What merges, groups and counts. Only one process can open an embedded store, so after a restart it need not wait for its
    own lease to end."""
    holder = "embedded" if services.settings.store == "sqlite" else secrets.token_hex(8)
    lease = Lease(services.store, holder, services.now)
    erasures = services.admission.erasures
    return Worker(services.store, services.ledger, erasures, lease, services.now, time.monotonic, pace_seconds)


BACKGROUND: tuple[MakeTask, ...] = (make_worker,)
"""Work that a serving process does in the background. A command that opens the store for a moment does none of it."""

log = logging.getLogger(__name__)


def create_app(settings: Settings, *, hasher: PasswordHasher | None = None, tasks: Sequence[MakeTask] = ()) -> Litestar:
    """The whole application; `app.state.services` are its parts. The store is opened by the application's lifespan.

    `hasher`: tests pass a cheap one. `tasks`: what makes the work in the background."""
    services = make_services(settings, hasher)
    endpoint = CouchEndpoint(
        services.store,
        services.admission,
        SyncDoor(services.doorkeeper, timedelta(hours=settings.session_hours)),
        settings.limits,
        services.stopping,
        services.audit.delivery,
    )

    app = Litestar(
        route_handlers=[
            tablet_app,
            app_settings,
            app_file,
            desk_app,
            desk_file,
            landing,
            landing_style,
            health,
            tell_metrics,
            Router("/api/v1", route_handlers=[*API, about, record_types]),
        ],
        lifespan=[lambda app: _running(services, [make(services) for make in tasks])],
        state=State({"services": services}),
        dependencies={
            "services": Provide(lambda: services, sync_to_thread=False),
            "actor": Provide(base.provide_actor),
        },
        exception_handlers={FieldbookError: base.refuse, HTTPException: base.refuse_request, Exception: base.fail},
        openapi_config=OpenAPIConfig(
            title="Fieldbook",
            version=version("fieldbook"),
            path="/schema",
            render_plugins=[WithExamples()],
            operation_id_creator=operation_id,
            use_handler_docstrings=True,
        ),
        request_max_body_size=settings.request_bytes_max,
        logging_config=None,
    )
    app.asgi_handler = Edge(Conditional(app.asgi_handler), endpoint, settings.origins, services.counters)
    return app


@asynccontextmanager
async def living(app: Litestar) -> AsyncIterator[Services]:
    """The application between its start and its end. Raises what hinders it from starting by itself, such as StoreDamaged."""
    try:
        async with app.lifespan():
            yield app.state.services
    except BaseExceptionGroup as group:
        # Litestar's own lifespan runs in a task group, which wraps whatever comes out of it.
        if len(group.exceptions) == 1:
            raise group.exceptions[0] from None
        raise


def make_services(settings: Settings, hasher: PasswordHasher | None) -> Services:
    store = open_store(settings)
    office = Office(store)
    directory = Directory(store)
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
        directory,
        time.monotonic,
        secrets.token_bytes(32),
        process,
        frozenset(settings.origins),
    )
    admission = Admission(store, directory, Erasures(store), _now)
    stopping = asyncio.Event()
    followed = Ledger(settings.directory / "ledger.sqlite3", settings.zone)
    listening = Live(store, doorkeeper, stopping)
    followed.listeners.append(listening.tell)
    office.listeners.append(listening.look)
    return Services(
        settings=settings,
        store=store,
        admission=admission,
        office=office,
        passwords=passwords,
        accounts=known,
        passes=passes,
        tablets=enrolled,
        recovery=Recovery(office, _now, secrets.token_hex),
        forgetting=Forgetting(store, admission),
        audit=trail,
        throttle=throttle,
        doorkeeper=doorkeeper,
        counters=Counters(),
        process=process,
        stopping=stopping,
        now=_now,
        ledger=followed,
        live=listening,
        deciding=Deciding(),
        photos=Photos(store, settings.directory / "uploads"),
        rendering=Rendering(),
        random_hex=secrets.token_hex,
    )


def wake(services: Services) -> None:
    """The server stops: whoever waits for changes is answered at once."""
    services.stopping.set()
    services.store.wake()
    services.live.stop()


@asynccontextmanager
async def _running(services: Services, tasks: Sequence[Task]) -> AsyncIterator[None]:
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
        await _first_forms(services.store)
        await services.admission.directory.load()
        await services.admission.erasures.load()
        for db in await services.store.databases():
            if kind_of(db) not in ("office", "plain"):
                # A backup that was put back may hold what was erased since.
                await services.admission.erasures.apply(db)
        await services.ledger.open(services.store.incarnation)
        stack.push_async_callback(services.ledger.close)
        stack.push_async_callback(services.audit.flush)
        work = [
            services.doorkeeper.run(),
            services.audit.run(),
            services.live.run(),
            _sweep(services),
            *(task.run() for task in tasks),
        ]
        running = [asyncio.ensure_future(_watched(one)) for one in work]
        stack.push_async_callback(_cancel, running)
        # Each begins before anything can end it: an unbegun coroutine would be complained about.
        await asyncio.sleep(0)
        for task in tasks:
            stack.push_async_callback(task.close)
        try:
            yield
        finally:
            wake(services)


async def _first_forms(store: Store) -> None:
    """A new centre begins with the forms of the four records that members make; what it has is left alone."""
    forms = default_forms()
    held = await store.get(CENTRE, [Want(str(form["_id"])) for form in forms], bodies=False)
    missing = [parse_edit(dict(form)) for form, found in zip(forms, held, strict=True) if not found.tree]
    if missing:
        await store.add(CENTRE, missing)


async def _cancel(running: Sequence["asyncio.Future[None]"]) -> None:
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


async def _watched(work: Coroutine[Any, Any, None]) -> None:
    """Say at once when work in the background ends that should not have; the server goes on without it."""
    try:
        await work
    except Exception:
        log.exception("work in the background has ended: restart the server when its cause is mended")


async def _sweep(services: Services) -> None:
    """Sessions and tokens whose time is past leave the store."""
    while True:
        try:
            await services.passes.sweep()
        except Exception:
            log.exception("expired sessions could not be removed; it is tried again in an hour")
        await asyncio.sleep(SWEEP_SECONDS)


class SyncDoor:
    """The doorkeeper as `/sync` asks for it: log-in and log-out are CouchDB's `_session`."""

    def __init__(self, doorkeeper: Doorkeeper, lasts: timedelta) -> None:
        self._doorkeeper = doorkeeper
        self._lasts = lasts
        self.actor = doorkeeper.actor
        self.mark = doorkeeper.mark

    async def log_in(self, call: Call) -> Answer:
        """CouchDB, "POST /_session": a form or JSON with `name` and `password`."""
        if call.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            given: dict[str, Any] = dict(parse_qsl((await call.body()).decode("utf-8", "replace"), max_num_fields=8))
        else:
            given = await call.object(any_type=True)
        name, password = given.get("name", given.get("username")), given.get("password")
        if not isinstance(name, str) or not isinstance(password, str):
            raise BadRequest("A log-in has `name` and `password`.")
        actor, cookie = await self._doorkeeper.open_session(call, name, password, self._lasts)
        roles = ["_admin" if actor.administrator else actor.role]
        return ok({"ok": True, "name": actor.name, "roles": roles}, set_cookie=cookie)

    async def log_out(self, call: Call) -> Answer:
        return ok({"ok": True}, set_cookie=await self._doorkeeper.end_session(call))


@get("/health", tags=["server"])
async def health(services: NamedDependency[Services]) -> Response[dict[str, str]]:
    """Whether the server answers. 200 while its store can be read; 503 when it is stopping or the store cannot be read."""
    try:
        await services.store.info(OFFICE)
    except Exception:
        log.exception("the store cannot be read")
        return Response({"status": "store unreadable"}, status_code=503)
    if services.stopping.is_set():
        return Response({"status": "stopping"}, status_code=503)
    return Response({"status": "ok"})


@get("/metrics", media_type=MediaType.TEXT, tags=["server"])
async def tell_metrics(request: Request[Any, Any, Any], services: NamedDependency[Services]) -> Response[str]:
    """Counts for Prometheus: to administrators, and without a log-in to this machine alone."""
    if "forwarded" in request.headers or "x-forwarded-for" in request.headers or not _is_here(ADDRESS.get()):
        actor = await services.doorkeeper.actor(base.caller_of(request))
        if actor is None or not actor.administrator:
            raise Forbidden("Metrics are for administrators, and for this machine.")
    return Response(await metrics(services), headers={"content-type": CONTENT_TYPE})


@get("/record-types", tags=["server"])
async def record_types() -> dict[str, Any]:
    """JSON Schema of every type of record, from the same definitions that records are checked by."""
    return json_schema()


@get("/about", tags=["server"])
async def about(services: NamedDependency[Services]) -> dict[str, str]:
    """What a tablet compares its clock and its store with."""
    time = services.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
    zone, incarnation = services.settings.zone, services.store.incarnation
    return {"name": "Fieldbook", "version": version("fieldbook"), "time": time, "zone": zone, "store": incarnation}


def _is_here(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


def _now() -> datetime:
    return datetime.now(UTC)


def _choose(letters: str, count: int) -> str:
    return "".join(secrets.choice(letters) for _ in range(count))
