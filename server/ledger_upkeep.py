"""Decide how the ledger is made anew and compared from the command line, while no server uses the data directory (LG…)."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from server.collecting import collect_seldom
from server.data import locked
from server.settings import Settings
from server.stores import open_store
from sync.databases import OFFICE
from sync.erasure import Erasures
from sync.ledger.figure import Value
from sync.ledger.follow import catch_up
from sync.ledger.ledger import Ledger
from sync.ledger.rebuild import Difference, compare, figure_totals, rebuild
from sync.ledger.schema import remove
from sync.stores.contract import Store

FILE = "ledger.sqlite3"
Progress = Callable[[int, int], None]
"""(documents read so far, documents in all)."""


class Rebuilt(NamedTuple):
    digest: str
    figures: dict[str, Value]


def rebuild_ledger(settings: Settings, progress: Progress) -> Rebuilt:
    """Make the ledger from nothing; the old one stays until the new one is whole. Raises Busy while a server runs."""
    path = settings.directory / FILE
    collect_seldom()

    async def work() -> str:
        async with _opened(settings) as (store, erased):
            return await rebuild(store, path, settings.zone, erased, progress)

    with locked(settings.directory, "command"):
        digest = asyncio.run(work())
        today = datetime.now(ZoneInfo(settings.zone)).date().isoformat()
        return Rebuilt(digest, figure_totals(path, today))


def check_ledger(settings: Settings, progress: Progress) -> list[Difference]:
    """Bring the ledger up to date, make another from nothing, and compare them. Raises Busy while a server runs."""
    path = settings.directory / FILE
    scratch = path.with_name("ledger.check.sqlite3")
    collect_seldom()

    async def work() -> list[Difference]:
        async with _opened(settings) as (store, erased):
            ledger = Ledger(path, settings.zone)
            await ledger.open(store.incarnation)
            try:
                await catch_up(store, ledger, erased)
            finally:
                await ledger.close()
            await rebuild(store, scratch, settings.zone, erased, progress)
        return await asyncio.to_thread(compare, path, scratch)

    with locked(settings.directory, "command"):
        try:
            return asyncio.run(work())
        finally:
            remove(scratch)


def there_is_a_ledger(directory: Path) -> bool:
    return (directory / FILE).exists()


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[tuple[Store, Erasures]]:
    store = open_store(settings)
    await store.open()
    try:
        erased = Erasures(store)
        if OFFICE in await store.databases():
            await erased.load()
        yield store, erased
    finally:
        await store.close()
