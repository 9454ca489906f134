"""Decide how the ledger is kept: one thread writes it, a page of a feed a transaction; whoever shows it reads beside (LG…)."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from schemas import type_of_id
from sync.databases import audience_of, branch_of
from sync.documents import content_of
from sync.ledger.apply import Applying
from sync.ledger.kept import Kept
from sync.ledger.schema import connect, prepare, shape
from sync.ledger.told import NOTHING_AHEAD, Ahead
from sync.stores.contract import Change, Readers

T = TypeVar("T")

READERS = 2

Topic = tuple[str, str]
"""(branch, "" for what is of none; type of document): what is told of a change to whoever listens."""
News = Mapping[Topic, Readers]
"""By topic who may read of it."""


class Due(NamedTuple):
    """Something to be done about a document. `mark` tells whether it has become due again since it was read."""

    db: str
    id: str
    mark: int


class Ledger:
    """`path`: its file, made when it is not there. `zone`: the centre's, in which days and months are counted. `scratch`: it is made
    from nothing in one go, and used when it is whole."""

    def __init__(self, path: Path, zone: str, *, scratch: bool = False) -> None:
        self._scratch = scratch
        self.path = path
        self.zone = ZoneInfo(zone)
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._private = False
        self.kept = Kept()
        """What questions need not work out again."""
        self.listeners: list[Callable[[Callable[[], News]], None]] = []
        """Called after each commit that changes what is shown, with what works out what is told of it."""

    async def open(self, incarnation: str) -> None:
        """Ready to follow this store. A ledger of another incarnation, zone or program version is made anew."""
        basis = f"{incarnation} {self.zone.key} {shape()}"
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="ledger-writer")
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="ledger-reader")
        self._sql = await self._in(self._writer, lambda: self._prepare(basis))
        self._mark = (await self._do(lambda sql: sql.execute("SELECT coalesce(max(mark), 0) FROM due").fetchone()))[0]

    async def close(self) -> None:
        await asyncio.to_thread(self._writer.shutdown)
        await asyncio.to_thread(self._readers.shutdown)
        for connection in [self._sql, *self._connections]:
            connection.close()

    async def feed(self, db: str) -> tuple[str, str] | None:
        """(when the database was created, the position from which to go on); None for one that was never followed."""
        return await self._do(lambda sql: sql.execute("SELECT created, position FROM feed WHERE db=?", [db]).fetchone())

    async def feeds(self) -> list[str]:
        rows = await self._do(lambda sql: sql.execute("SELECT db FROM feed").fetchall())
        return [db for (db,) in rows]

    async def apply(
        self, db: str, created: str, changes: Sequence[Change], position: str, ahead: Ahead = NOTHING_AHEAD
    ) -> None:
        """A page of a feed and the position after it, in one transaction. `ahead`: what is known already of what documents say."""

        def job(sql: sqlite3.Connection) -> None:
            self._applying(sql, lambda page: page.page(db, changes, ahead))
            sql.execute("INSERT OR REPLACE INTO feed VALUES (?, ?, ?)", [db, created, position])

        await self._do(job)
        self._tell(db, lambda: [(one.id, _readers_of(db, one)) for one in changes])

    async def forget(self, db: str, ids: Sequence[str] | None = None) -> None:
        """Leave out documents that were erased, or (None) a database that is no longer there."""

        def job(sql: sqlite3.Connection) -> None:
            self._applying(sql, lambda page: page.forget(db, ids))
            if ids is None:
                sql.execute("DELETE FROM feed WHERE db=?", [db])

        await self._do(job)
        self._tell(db, lambda: [(one, _deciders(db)) for one in ids or ()])

    async def judged(self, db: str, seen: Sequence[tuple[Due, str]]) -> None:
        """What approvals of these records would be bound to now."""

        def job(sql: sqlite3.Connection) -> None:
            def judge(page: Applying) -> None:
                for due, mark in seen:
                    page.judged(db, due.id, mark)

            self._applying(sql, judge)
            _clear(sql, "hash", [due for due, _ in seen])

        await self._do(job)
        self._tell(db, lambda: [(due.id, _deciders(db)) for due, _ in seen])

    async def due(self, what: str, db: str | None = None, limit: int = 500) -> list[Due]:
        where, values = ("what=? AND db=?", [what, db]) if db is not None else ("what=?", [what])
        query = f"SELECT db, id, mark FROM due WHERE {where} LIMIT {limit}"
        return [Due(*row) for row in await self._do(lambda sql: sql.execute(query, values).fetchall())]

    async def due_databases(self, what: str) -> list[str]:
        rows = await self._do(lambda sql: sql.execute("SELECT DISTINCT db FROM due WHERE what=?", [what]).fetchall())
        return [db for (db,) in rows]

    async def done(self, what: str, dues: Sequence[Due]) -> None:
        """These were seen to; one that became due again meanwhile stays due."""
        await self._do(lambda sql: _clear(sql, what, dues))

    async def wrote(self, documents: Iterable[tuple[str, str, str, bytes]]) -> None:
        """(database, id, revision, digest) of documents that now are in the store."""
        rows = list(documents)
        await self._do(lambda sql: sql.executemany("INSERT OR REPLACE INTO document VALUES (?, ?, ?, ?)", rows))

    async def read(self, query: Callable[[sqlite3.Connection], T]) -> T:
        """Ask something beside the writer; the answer is as of one moment."""

        def run() -> T:
            connection = getattr(self._local, "connection", None)
            if connection is None:
                connection = self._local.connection = connect(self.path)
                self._connections.append(connection)
            connection.execute("BEGIN")
            try:
                return query(connection)
            finally:
                connection.execute("ROLLBACK")

        return await self._in(self._readers, run)

    def _applying(self, sql: sqlite3.Connection, work: Callable[[Applying], None]) -> None:
        self._mark += 1
        page = Applying(sql, self.zone, self._mark)
        work(page)
        page.finish()
        self._private |= page.private

    def _tell(self, db: str, changed: Callable[[], Sequence[tuple[str, Readers]]]) -> None:
        """Who may read any of a type is told of the type."""

        def news() -> News:
            told: dict[Topic, set[str]] = {}
            for doc, readers in changed():
                if (name := type_of_id(doc)) is not None:
                    told.setdefault((branch_of(db) or "", name), set()).update(readers)
            return {topic: frozenset(readers) for topic, readers in told.items()}

        for listener in self.listeners:
            listener(news)

    def _prepare(self, basis: str) -> sqlite3.Connection:
        prepare(self.path, basis, scratch=self._scratch)
        return connect(self.path, writing=True, scratch=self._scratch)

    async def _do(self, job: Callable[[sqlite3.Connection], T]) -> T:
        def run() -> T:
            self._sql.execute("BEGIN IMMEDIATE")
            try:
                result = job(self._sql)
                self._sql.execute("COMMIT")
                if self._private:
                    # The log still holds the pages as they were; who reads at this moment keeps it until the next time.
                    self._private = bool(self._sql.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0])
                return result
            except BaseException:
                self._sql.execute("ROLLBACK")
                raise

        return await self._in(self._writer, run)

    @staticmethod
    async def _in(executor: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(executor, work)


def _clear(sql: sqlite3.Connection, what: str, dues: Iterable[Due]) -> None:
    sql.executemany(
        "DELETE FROM due WHERE what=? AND db=? AND id=? AND mark=?", [(what, due.db, due.id, due.mark) for due in dues]
    )


def _readers_of(db: str, change: Change) -> Readers:
    """Read as a whole, a feed of a CouchDB says of no document who may read it."""
    if change.audience is None and change.body is not None:
        return audience_of(db, content_of(change.body)) or frozenset()
    return change.audience if change.audience is not None else _deciders(db)


def _deciders(db: str) -> Readers:
    """For whom it matters how a record stands, or that it is gone."""
    return frozenset({"committee", f"secretary:{branch_of(db)}"})
