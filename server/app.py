"""Decide which parts a server is made of: the one place that puts everything together."""

import asyncio
import logging
import secrets
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from importlib.metadata import version

from argon2 import PasswordHasher
from litestar import Litestar, Router
from litestar.datastructures import State
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.openapi import OpenAPIConfig

from server import secret
from server.accounts import Accounts
from server.api import (
    about,
    accounts,
    activities,
    assignments,
    audit,
    base,
    case_editing,
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
    offices,
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
from server.audit_index import AuditIndex
from server.conditional import Conditional
from server.couch.app import CouchEndpoint
from server.deciding import Deciding
from server.doorkeeper import Doorkeeper
from server.edge import Counters, Edge
from server.forgetting import Forgetting
from server.live import Live
from server.office import Office
from server.pages import landing, landing_style
from server.passes import Passes
from server.passwords import Passwords
from server.photos import Photos
from server.recovery import Recovery
from server.reports.rendering import Rendering
from server.roster import Roster
from server.running import running
from server.services import MakeTask, Services, Task
from server.settings import Settings
from server.site import app_file, app_settings, desk_app, desk_file, tablet_app
from server.stores import open_store
from server.sync_door import SyncDoor
from server.tablets import Tablets
from server.throttle import Throttle
from sync.admission import Admission
from sync.directory import Directory
from sync.erasure import Erasures
from sync.errors import FieldbookError
from sync.ledger.ledger import Ledger
from sync.reconcile.lease import Lease
from sync.reconcile.worker import PACE_SECONDS, Worker

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
    case_editing.router,
    figures.router,
    ledger.router,
    profile.router,
    supplement.router,
    exports.router,
    imports.router,
    registers.router,
    directory.router,
    offices.router,
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
            about.health,
            about.tell_metrics,
            Router("/api/v1", route_handlers=[*API, about.about, about.record_types]),
        ],
        lifespan=[lambda app: running(services, [make(services) for make in tasks])],
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


def make_services(settings: Settings, hasher: PasswordHasher | None) -> Services:
    store = open_store(settings)
    office = Office(store)
    directory = Directory(store, _now, settings.zone)
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

    async def branch_of_tablet(tablet: str) -> str | None:
        account = await enrolled.account_of(tablet)
        of = await known.find(account) if account else None
        return directory.branch(of.account.member, of.account.branch) if of else None

    listening = Live(store, doorkeeper, stopping, branch_of_tablet)
    followed.listeners.append(listening.tell)
    office.listeners.append(listening.look)
    return Services(
        settings=settings,
        store=store,
        admission=admission,
        office=office,
        passwords=passwords,
        accounts=known,
        roster=Roster(store),
        passes=passes,
        tablets=enrolled,
        recovery=Recovery(office, _now, secrets.token_hex),
        forgetting=Forgetting(store, admission),
        audit=trail,
        audit_index=AuditIndex(settings.directory / "audit-index.sqlite3", store),
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
        reading=asyncio.Lock(),
        importing=asyncio.Lock(),
        random_hex=secrets.token_hex,
    )


def _now() -> datetime:
    return datetime.now(UTC)


def _choose(letters: str, count: int) -> str:
    return "".join(secrets.choice(letters) for _ in range(count))
