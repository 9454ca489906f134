"""Servers of real parts (store, admission, replicator, worker, ledger) with a clock and a network of their own: what the whole is
simulated with, together with the tablets of `simulated_tablet`."""

import asyncio
import random
import shutil
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sync.actor import Actor
from sync.admission import Admission
from sync.databases import audience_of
from sync.directory import Directory
from sync.documents import parse_write
from sync.erasure import Erasures
from sync.ledger.ledger import Ledger
from sync.ledger.schema import remove
from sync.peers import Document, Fetched, Refusal, StorePeer, Told, Unreachable
from sync.reconcile.body import Body
from sync.reconcile.lease import Lease
from sync.reconcile.worker import Worker
from sync.replication import Replica as ServerSide
from sync.replicator import replicate
from sync.stores.contract import Result, Store, Write, Written
from sync.stores.sqlite import SqliteStore
from tests.merge_simulation import Known, known

ZONE = "Asia/Shanghai"
NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
SHARED = "shared"
DATABASES = ("office", "centre", SHARED)
ADMINISTRATOR = Actor("admin", "administrator", frozenset({"administrator", "server", "everyone"}))
_WRITES = frozenset({"add", "apply", "done", "wrote", "judged"})

Knew = dict[str, Known]
"""What a place had said that it has: writes by document."""


class Clock:
    """The same for all servers; tablets may go wrong by themselves."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def forward(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)


class Network:
    """Loses what is asked, or the answer to it, and says some things twice, while it is not `steady`."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self.steady = False

    def carry(self) -> None:
        """Raises Unreachable where this message is lost."""
        if not self.steady and self._rng.random() < 0.06:
            raise Unreachable("the connection broke")

    def repeats(self) -> bool:
        return not self.steady and self._rng.random() < 0.15


class Dead(Exception):
    """The process is gone."""


class Life:
    def __init__(self, writes: int) -> None:
        self._left = writes

    def spend(self) -> None:
        if self._left == 0:
            raise Dead
        self._left -= 1


class Mortal:
    """A store or a ledger at whose writes the process may die: before one, or after it and before anybody has heard that it was made."""

    def __init__(self, of: Any, life: Life) -> None:
        self._of, self._life = of, life

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._of, name)
        if name not in _WRITES:
            return found

        async def write(*given: Any, **named: Any) -> Any:
            self._life.spend()
            result = await found(*given, **named)
            self._life.spend()
            return result

        return write


class Turns:
    """Lets several jobs run at once, one write at a time, in an order that chance decides and that is the same for the same chance."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._waiting: dict[int, asyncio.Future[None]] = {}
        self._moved = asyncio.Event()

    async def mine(self, who: int) -> None:
        """Wait for a turn."""
        self._waiting[who] = asyncio.get_running_loop().create_future()
        self._moved.set()
        await self._waiting[who]

    async def run(self, jobs: Sequence[Coroutine[Any, Any, None]]) -> None:
        """The job at place n asks as `who` n. Nobody goes on before all others wait or are done: so it can be played again."""
        tasks = dict(enumerate(map(asyncio.ensure_future, jobs)))
        for task in tasks.values():
            task.add_done_callback(lambda _: self._moved.set())
        while tasks:
            await self._moved.wait()
            self._moved.clear()
            for who in [who for who, task in tasks.items() if task.done()]:
                tasks.pop(who).result()
            if tasks and self._waiting.keys() == tasks.keys():
                self._waiting.pop(self._rng.choice(sorted(self._waiting))).set_result(None)


class Turning:
    """A store or a ledger of which each write waits for its turn."""

    def __init__(self, of: Any, turns: Turns, who: int) -> None:
        self._of, self._turns, self._who = of, turns, who

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._of, name)
        if name not in _WRITES:
            return found

        async def write(*given: Any, **named: Any) -> Any:
            await self._turns.mine(self._who)
            return await found(*given, **named)

        return write


@dataclass
class Backup:
    directory: Path
    knew: Knew


class Server:
    """One server. It outlives many histories: each has a branch of its own, which is dropped at its end."""

    def __init__(self, name: str, directory: Path, clock: Clock) -> None:
        self.name, self.clock = name, clock
        self._directory, self._number = directory, 0
        self.knew: Knew = {}
        self.heard: list[tuple[str, Write]] = []
        """What members and the desk brought, and into which database."""
        self.restored = False
        self.used = False

    async def open(self) -> "Server":
        store = SqliteStore(self._directory / f"{self.name}-{self._number}", audience_of)
        await store.open()
        self.store: Store = store
        for db in DATABASES:
            if db not in await store.databases():
                await store.create(db)
        if self.restored:
            await store.new_incarnation()
        self.erasures, self.directory = Erasures(store), Directory(store, self.clock, ZONE)
        await self.erasures.load()
        await self.directory.load()
        await self._open_ledger()
        self.lease = Lease(store, self.name, self.clock)
        self.admission = Admission(store, self.directory, self.erasures, self.clock)
        return self

    async def close(self) -> None:
        await self.ledger.close()
        await self.store.close()

    async def begin(self, *dbs: str) -> None:
        """A new history: nothing is known, and its databases are new."""
        self.knew, self.heard, self.restored, self.used = {}, [], False, True
        self.admission = Admission(self.store, self.directory, self.erasures, self.clock)
        remove(self._directory / f"{self.name}-other.sqlite3")
        for db in {*dbs} - {*await self.store.databases()}:
            await self.store.create(db)

    async def end(self, *dbs: str) -> None:
        self.used = False
        for db in dbs:
            if db in await self.store.databases():
                await self.store.drop(db)
            await self.ledger.forget(db)
        # What is due about a database that is gone is seen to now, so that the next history finds the server as new.
        await self.work()

    def speaks(self, actor: Actor, db: str) -> ServerSide:
        return ServerSide(self.store, db, actor, self.admission)

    async def take(self, actor: Actor, db: str, writes: Sequence[Write]) -> list[Result]:
        """What a push brings. What it was told that it has, is known to be here."""
        results = await self.speaks(actor, db).push(writes)
        for write, result in zip(writes, results, strict=True):
            if isinstance(result, Written):
                self.hear(write.id, dict(write.content))
                if actor is not ADMINISTRATOR:
                    self.heard.append((db, write))
        return results

    def hear(self, doc: str, body: Body) -> None:
        self.knew[doc] = self.knew.get(doc, set()) | known(body)

    async def work(self) -> None:
        await self.lease.take()
        await self._worker(self.store, self.ledger, self.lease).idle()

    async def work_and_die(self, life: Life, *, again: bool) -> bool:
        """Whether the worker died. The next one finds what it left; `again`: in its file alone."""
        await self.lease.take()
        store, ledger = Mortal(self.store, life), Mortal(self.ledger, life)
        try:
            await self._worker(store, ledger, self.lease).idle()
        except Dead:
            if again:
                await self.ledger.close()
                await self._open_ledger()
            return True
        return False

    async def work_by_two(self, rng: random.Random, meanwhile: "Callable[[], Coroutine[Any, Any, None]]") -> None:
        """Two workers that both take themselves for the holder of the lease, each with its own ledger; meanwhile somebody pushes."""
        other = Ledger(self._directory / f"{self.name}-other.sqlite3", ZONE)
        await other.open(self.store.incarnation)
        turns = Turns(rng)
        jobs = [meanwhile()]
        for who, (ledger, holder) in enumerate([(self.ledger, self.name), (other, "other")], 1):
            lease = Lease(self.store, holder, self.clock)
            lease._until = self.clock() + timedelta(days=1)
            jobs.append(self._worker(Turning(self.store, turns, who), Turning(ledger, turns, who), lease).idle())
        admission = self.admission
        slow: Any = Turning(self.store, turns, 0)
        self.admission = Admission(slow, self.directory, self.erasures, self.clock)
        await turns.run(jobs)
        self.admission = admission
        await other.close()

    async def back_up(self, number: int) -> Backup:
        assert isinstance(self.store, SqliteStore)
        directory = self._directory / f"{self.name}-backup-{number}"
        shutil.rmtree(directory, ignore_errors=True)
        await self.store.backup(directory)
        return Backup(directory, {doc: set(writes) for doc, writes in self.knew.items()})

    async def restore(self, backup: Backup) -> None:
        """As `fieldbook restore` does: the file is that of the backup, and tells everybody so."""
        await self.close()
        shutil.rmtree(self._directory / f"{self.name}-{self._number}")
        self._number += 1
        shutil.copytree(backup.directory, self._directory / f"{self.name}-{self._number}")
        self.knew = {doc: set(writes) for doc, writes in backup.knew.items()}
        self.restored = True
        await self.open()

    async def hear_from(self, other: "Server", db: str, network: Network, session: str, batch: int) -> None:
        """Replicate from another server, as `fieldbook replicate` does; what the network breaks off goes on the next time."""
        source = _Far(StorePeer(other.store, db, f"{other.name}#{db}"), network)
        target = _Far(_Admitting(self, db), network)
        try:
            await replicate(source, target, session, batch=batch)
        except Unreachable:
            return

    async def says_to(self, other: "Server", db: str) -> list[Document]:
        """What another server lacks, as it is at this moment."""
        source, target = StorePeer(self.store, db, self.name), StorePeer(other.store, db, other.name)
        page = await source.changes("0", 10_000)
        lacking = await target.missing(dict(page.changes))
        return [doc async for fetched in source.fetch(lacking) for doc in fetched.documents]

    async def is_told(self, documents: Sequence[Document], db: str) -> None:
        await _Admitting(self, db).push(documents)

    def _worker(self, store: Any, ledger: Any, lease: Lease) -> Worker:
        return Worker(store, ledger, self.erasures, lease, self.clock, lambda: 0.0)

    async def _open_ledger(self) -> None:
        self.ledger = Ledger(self._directory / f"{self.name}-ledger.sqlite3", ZONE)
        await self.ledger.open(self.store.incarnation)


class _Admitting(StorePeer):
    """A database of a server, written through its admission as an administrator's replication is."""

    def __init__(self, server: Server, db: str) -> None:
        super().__init__(server.store, db, f"{server.name}#{db}")
        self._server = server

    async def push(self, documents: Sequence[Document]) -> list[Refusal]:
        writes = [parse_write(dict(doc)) for doc in documents]
        results = await self._server.take(ADMINISTRATOR, self._db, writes)
        return [
            Refusal(write.id, write.path[0], result.reason)
            for write, result in zip(writes, results, strict=True)
            if not isinstance(result, Written)
        ]


class _Far:
    """A peer at the other end of the network."""

    def __init__(self, peer: StorePeer, network: Network) -> None:
        self._peer, self._network, self.name = peer, network, peer.name

    async def local(self, name: str) -> Document | None:
        self._network.carry()
        return await self._peer.local(name)

    async def put_local(self, name: str, doc: Document) -> None:
        self._network.carry()
        await self._peer.put_local(name, doc)
        self._network.carry()

    async def changes(self, since: str | int, limit: int) -> Told:
        self._network.carry()
        return await self._peer.changes(since, limit)

    async def wait(self, since: str | int, timeout_seconds: float) -> bool:
        return await self._peer.wait(since, timeout_seconds)

    async def missing(self, revs: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        self._network.carry()
        return await self._peer.missing(revs)

    async def fetch(self, revs: Mapping[str, Sequence[str]]) -> AsyncIterator[Fetched]:
        async for fetched in self._peer.fetch(revs):
            self._network.carry()
            yield fetched

    async def push(self, documents: Sequence[Document]) -> list[Refusal]:
        self._network.carry()
        if self._network.repeats():
            await self._peer.push(documents)
        refused = await self._peer.push(documents)
        self._network.carry()
        return refused
