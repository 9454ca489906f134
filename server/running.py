"""Decide in which order the parts of a server begin and end, and what runs beside its answers."""

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

from litestar import Litestar

from schemas import default_forms
from server.office import DATABASES
from server.services import Services, Task
from sync.databases import CENTRE, kind_of
from sync.documents import parse_edit
from sync.errors import AlreadyExists
from sync.stores.contract import Store, Want

SWEEP_SECONDS = 3600.0

log = logging.getLogger(__name__)


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


def wake(services: Services) -> None:
    """The server stops: whoever waits for changes is answered at once."""
    services.stopping.set()
    services.store.wake()
    services.live.stop()


@asynccontextmanager
async def running(services: Services, tasks: Sequence[Task]) -> AsyncIterator[None]:
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
        stack.push_async_callback(services.audit_index.close)
        stack.push_async_callback(services.audit.flush)
        work = [
            services.doorkeeper.run(),
            services.audit.run(),
            services.live.run(),
            services.audit_index.run(),
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
