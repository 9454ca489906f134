"""Decide in which order what arrives is worked on (WK…): into the ledger, merged, its companions kept in step, its activities written.

One follower a database. The ledger is the list of what is to be done: it is written in the transaction that takes in a page, so
nothing is forgotten wherever the process dies, and everything may be done twice. Documents are written by the holder of the lease.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import datetime
from sqlite3 import Connection
from typing import Any

from sync.databases import OFFICE
from sync.erasure import PREFIX as ERASED
from sync.erasure import Erasures
from sync.errors import NotFound
from sync.ledger.follow import every_id, follow, is_followed, judge
from sync.ledger.ledger import Due, Ledger
from sync.ledger.publish import Publisher
from sync.reconcile.case_checks import check_cases
from sync.reconcile.lease import RENEWED_SECONDS, Lease
from sync.reconcile.rechecking import check_again
from sync.reconcile.settling import forget_redacted, keep_readers, merge_documents, settle_disputes
from sync.stores.contract import Store

WAIT_SECONDS = 30.0
PACE_SECONDS = 1.0
"""So often documents are written, and it is looked for new databases."""
AGAIN_SECONDS = 1.0
SETTLED_AT_ONCE = 200

log = logging.getLogger(__name__)


class Worker:
    """Work in the background, for as long as the server runs. Store and ledger are open from before `run` until after `close`."""

    def __init__(
        self,
        store: Store,
        ledger: Ledger,
        erasures: Erasures,
        lease: Lease,
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
        pace_seconds: float = PACE_SECONDS,
    ) -> None:
        self.store = store
        self.ledger = ledger
        self.lease = lease
        self._erasures = erasures
        self._now = now
        self._pace_seconds = pace_seconds
        self._publisher = Publisher(store, ledger, monotonic)
        self._locks: dict[str, asyncio.Lock] = {}
        self._followers: dict[str, asyncio.Task[None]] = {}
        self._loops: list[asyncio.Task[None]] = []

    async def run(self) -> None:
        loops = [
            self._for_ever("the lease", self._renew, RENEWED_SECONDS),
            self._for_ever("what is due", self.catch_up_on_due, self._pace_seconds),
            self._for_ever("the list of databases", self._look, self._pace_seconds),
            self._for_ever("erasures", self._follow_office, 0),
        ]
        self._loops = [asyncio.ensure_future(one) for one in loops]
        await asyncio.gather(*self._loops)

    async def close(self) -> None:
        """Nothing is under way when this returns, and another worker may begin at once."""
        tasks = [*self._loops, *self._followers.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.lease.give_up()

    async def step(self, db: str) -> tuple[str, bool]:
        """Take in a page and see to what it brought. Returns the position after it, and whether there was anything."""
        position, more = await follow(self.store, self.ledger, db, self._erasures)
        if more:
            await self._settle(db)
        return position, more

    async def catch_up_on_due(self) -> None:
        """Everything that is due, in every database: also what another worker left when it lost the lease."""
        for what in ("merge", "check", "readers", "settle", "forget", "case", "hash"):
            for db in await self.ledger.due_databases(what):
                await self._settle(db)
        if self.lease.held:
            for db in await self.ledger.due_databases("fork"):
                await self._publisher.end_forks(db)
            await self._publisher.publish()

    async def idle(self) -> None:
        """Work until nothing is left to do, resting months too. For commands and tests; `run` need not be running."""
        quiet = 0
        # What was due before may write, so one round in which nothing came is not the end.
        while quiet < 2:
            moved = False
            for db in [one for one in await self.store.databases() if is_followed(one)]:
                moved |= (await self.step(db))[1]
            await self.catch_up_on_due()
            if self.lease.held:
                await self._publisher.publish(all_months=True)
            quiet = 0 if moved else quiet + 1

    async def _settle(self, db: str) -> None:
        async with self._locks.setdefault(db, asyncio.Lock()):
            if self.lease.held:
                await self._each("merge", db, lambda ids: merge_documents(self.store, db, ids, self._now()))
                await self._each("check", db, lambda ids: check_again(self.store, db, ids, self._now()))
                await self._each("settle", db, lambda ids: settle_disputes(self.store, db, ids))
                await self._each("readers", db, lambda ids: self._keep_readers(db, ids))
                await self._each("forget", db, lambda ids: forget_redacted(self.store, db, ids))
                await self._each("case", db, lambda ids: check_cases(self.store, self.ledger, ids))
            await judge(self.store, self.ledger, db)

    async def _each(self, what: str, db: str, work: Callable[[Sequence[str]], Awaitable[None]]) -> None:
        while dues := await self.ledger.due(what, db, SETTLED_AT_ONCE):
            try:
                await work([due.id for due in dues])
            except NotFound:
                log.info("the database %s is no longer there", db)
            await self._done(what, dues)

    async def _done(self, what: str, dues: Sequence[Due]) -> None:
        await self.ledger.done(what, dues)

    async def _keep_readers(self, db: str, companions: Sequence[str]) -> None:
        await keep_readers(self.store, db, await self.ledger.read(lambda sql: _wanted_readers(sql, companions)))

    async def _look(self) -> None:
        """Follow databases that are new, and forget those that are gone."""
        there = {one for one in await self.store.databases() if is_followed(one)}
        for db in there:
            task = self._followers.get(db)
            if task is None or task.done():
                self._followers[db] = asyncio.ensure_future(self._follow(db))
        for db in set(await self.ledger.feeds()) - there:
            await self.ledger.forget(db)

    async def _follow(self, db: str) -> None:
        while True:
            try:
                position, more = await self.step(db)
                if not more:
                    await self.store.wait(db, position, None, WAIT_SECONDS)
            except NotFound:
                return
            except Exception:
                log.exception("%s cannot be followed; it is tried again", db)
                await asyncio.sleep(AGAIN_SECONDS)

    async def _renew(self) -> None:
        had = self.lease.held
        if await self.lease.take() and not had:
            log.info("this worker writes from now on")

    async def _follow_office(self) -> None:
        """What is erased leaves the ledger as well."""
        at = (await self.store.info(OFFICE)).update_seq
        await self._forget_erased()
        while True:
            page = await self.store.changes(OFFICE, at)
            if any(change.id.startswith(ERASED) for change in page.changes):
                await self._erasures.load()
                await self._forget_erased()
            at = page.last
            await self.store.wait(OFFICE, at, None, WAIT_SECONDS)

    async def _forget_erased(self) -> None:
        if not self._erasures.any:
            return
        held = await self.ledger.read(every_id)
        for db in {db for db, _ in held}:
            gone = [one for its_db, one in held if its_db == db and self._erasures.holds(one)]
            if gone:
                await self.ledger.forget(db, gone)

    async def _for_ever(self, what: str, work: Callable[[], Coroutine[Any, Any, None]], seconds: float) -> None:
        while True:
            try:
                await work()
            except Exception:
                log.exception("%s: it is tried again", what)
                await asyncio.sleep(AGAIN_SECONDS)
            await asyncio.sleep(seconds)


def _wanted_readers(sql: Connection, companions: Sequence[str]) -> dict[str, frozenset[str]]:
    """The readers of the record that each companion names; those whose record is not known are left out."""
    wanted = {}
    for companion in companions:
        row = sql.execute(
            "SELECT readers FROM audience WHERE audience = (SELECT coalesce("
            "(SELECT r.audience FROM record r WHERE r.id = c.record),"
            "(SELECT s.audience FROM subject s WHERE s.id = c.record)) FROM companion c WHERE c.id=?)",
            [companion],
        ).fetchone()
        if row is not None:
            wanted[companion] = frozenset(json.loads(row[0]))
    return wanted
