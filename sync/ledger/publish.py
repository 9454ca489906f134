"""Decide when the documents of activities and months are written, and that they are written only when they say something new (LG…).

A branch's documents are written about once a second; a month that takes long to put together is put together less often, so that a
bulk load is not slowed by the record of it.
"""

import logging
from collections.abc import Callable, Sequence
from functools import partial
from sqlite3 import Connection

from sync import tree as trees
from sync.documents import content_of, encode
from sync.errors import Conflict, FieldbookError, NotFound
from sync.ledger.documents import Wanted, activity_wanted, digest_of, month_id, month_wanted, version_wanted
from sync.ledger.ledger import Due, Ledger
from sync.stores.contract import LEAVES, Edit, Store, Want, Written

BATCH = 500
SHARE = 20
"""A month rests this many times as long as it took."""

log = logging.getLogger(__name__)


class Publisher:
    """Writes to one store what its ledger gives rise to. Only the holder of the lease may ask it to."""

    def __init__(self, store: Store, ledger: Ledger, clock: Callable[[], float]) -> None:
        self._store = store
        self._ledger = ledger
        self._clock = clock
        self._rests: dict[tuple[str, str], float] = {}

    async def publish(self, *, all_months: bool = False) -> None:
        """Everything that is due; a month that rests waits, unless `all_months`."""
        for db in await self._ledger.due_databases("document"):
            await self._documents(db)
        for due in await self._ledger.due("month", limit=10_000):
            if all_months or self._rests.get((due.db, due.id), 0) <= self._clock():
                started = self._clock()
                await self._month(due)
                self._rests[due.db, due.id] = self._clock() + SHARE * (self._clock() - started)
        if len(self._rests) > 10_000:
            self._rests.clear()

    async def _documents(self, db: str) -> None:
        zone = self._ledger.zone.key
        while dues := await self._ledger.due("document", db, BATCH):
            wanted = await self._ledger.read(partial(_activities_wanted, db, [due.id for due in dues], zone))
            if not await self._write(db, wanted):
                return
            await self._ledger.done("document", dues)

    async def _month(self, due: Due) -> None:
        branch, _, month = due.id.partition(":")
        zone = self._ledger.zone.key
        try:
            (found,) = await self._store.get(due.db, [Want(month_id(branch, month))])
        except NotFound:
            await self._ledger.done("month", [due])
            return
        alive = [one for one in found.revisions if not one.deleted]
        if alive:
            held = content_of(alive[0].body)
            version = await self._ledger.read(lambda sql: version_wanted(sql, due.db, branch, month, held))
            if version is not None and not await self._write(due.db, [version]):
                return
            if version is not None:
                # The feed brings the version into the ledger, and the month is due again.
                await self._ledger.done("month", [due])
                return
        wanted = await self._ledger.read(lambda sql: month_wanted(sql, due.db, branch, month, zone))
        if await self._write(due.db, [wanted]):
            await self._ledger.done("month", [due])

    async def _write(self, db: str, wanted: Sequence[Wanted]) -> bool:
        """Whether everything in the store is now as wanted, or never will be. Otherwise it is tried again."""
        edits = [_edit(one) for one in wanted if one.digest != one.held]
        if not edits:
            return True
        digests = {one.id: one.digest for one in wanted}
        try:
            results = await self._store.add(db, edits)
        except NotFound:
            return True
        wrote = [(db, one.id, one.rev, digests[one.id]) for one in results if isinstance(one, Written)]
        lost = [edit.id for edit, one in zip(edits, results, strict=True) if isinstance(one, Conflict)]
        for one in results:
            if isinstance(one, FieldbookError) and not isinstance(one, Conflict):
                log.error("a document of the ledger was refused by the store: %s", one)
        await self._ledger.wrote([*wrote, *(await self._as_it_is(db, lost) if lost else [])])
        return not lost

    async def _as_it_is(self, db: str, ids: Sequence[str]) -> list[tuple[str, str, str, bytes]]:
        """Somebody else wrote these, or several wrote apart: what lies there is learnt, and all leaves but the winner end."""
        known = []
        for found in await self._store.get(db, [Want(one, LEAVES) for one in ids]):
            alive = [one for one in found.revisions if not one.deleted]
            if alive:
                known.append((db, found.id, alive[0].rev, digest_of(content_of(alive[0].body))))
            elif found.tree:
                known.append((db, found.id, trees.leaves(found.tree)[0], b""))
            else:
                # Erased for good: there is nothing to write on.
                known.append((db, found.id, "", b""))
        return known

    async def end_forks(self, db: str) -> None:
        """Where two servers wrote a document apart, one leaf stays; what it should say follows by the usual way."""
        while dues := await self._ledger.due("fork", db):
            try:
                found = await self._store.get(db, [Want(due.id, LEAVES) for due in dues])
            except NotFound:
                found = []
            ends = [
                Edit(one.id, leaf.rev, content_of(leaf.body), leaf.body, True)
                for one in found
                for leaf in [stored for stored in one.revisions if not stored.deleted][1:]
            ]
            if ends:
                await self._store.add(db, ends)
            await self._ledger.done("fork", dues)


def _activities_wanted(db: str, ids: Sequence[str], zone: str, sql: Connection) -> list[Wanted]:
    return [activity_wanted(sql, db, one, zone) for one in ids]


def _edit(wanted: Wanted) -> Edit:
    # A document that is not there has a tombstone's revision, or none: both are written on as on nothing.
    parent = wanted.rev if wanted.held else None
    if wanted.body is None:
        return Edit(wanted.id, parent, {}, b"{}", True)
    return Edit(wanted.id, parent, wanted.body, encode(wanted.body))
