"""The embedded store: what the contract asks for, on one SQLite file, one writing thread and a few reading ones (ST…)."""

import asyncio
import secrets
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import anyio.to_thread

from sync.errors import AlreadyExists, Conflict, NotFound
from sync.stores.contract import (
    Attachment,
    AudienceOf,
    Edit,
    Found,
    Info,
    Missing,
    NewAttachment,
    Page,
    Range,
    Readers,
    Result,
    Row,
    Want,
    Write,
)
from sync.stores.sqlite import read, upkeep
from sync.stores.sqlite.blobs import Blobs
from sync.stores.sqlite.schema import begin_again, connect, prepare
from sync.stores.sqlite.state import Standing, State
from sync.stores.sqlite.write import Batch
from sync.stores.sqlite.writer import Writer
from sync.stores.waiting import WaitingRoom

T = TypeVar("T")

READERS = 3
FEW = 128
"""Documents that are looked up at once, without a reading thread: a batch takes less than a millisecond."""


class SqliteStore:
    """`directory` holds `store.sqlite3` and `blobs/`. `audience_of` says who may read what is written."""

    incarnation: str

    def __init__(self, directory: Path, audience_of: AudienceOf) -> None:
        self.path = directory / "store.sqlite3"
        self.blobs = Blobs(directory / "blobs")
        self._audience_of = audience_of
        self._state = State()
        self._room = WaitingRoom()
        self._local = threading.local()
        self._removals: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        await asyncio.to_thread(prepare, self.path, secrets.token_hex(4))
        self._loop = asyncio.get_running_loop()
        self._executor = ThreadPoolExecutor(READERS, thread_name_prefix="store-reader")
        self._reader = connect(self.path)
        self._writer = Writer(self.path, self._committed, self._state.load)
        self.incarnation, dropped = await self._writer.do(self._load)
        for db in dropped:
            self._remove_later(db)

    def wake(self) -> None:
        self._room.tell_all()

    async def close(self) -> None:
        self.wake()
        for task in self._removals:
            task.cancel()
        await self._writer.close()
        self._executor.shutdown()
        self._reader.close()

    async def new_incarnation(self) -> str:
        fresh = secrets.token_hex(4)
        await self._writer.do(lambda connection: begin_again(connection, fresh))
        self.incarnation = fresh
        return fresh

    async def databases(self) -> list[str]:
        return sorted(self._state.databases)

    async def create(self, db: str) -> None:
        def job(connection: sqlite3.Connection) -> None:
            if db in self._state.databases:
                raise AlreadyExists(database=db)
            created = str(int(datetime.now(UTC).timestamp() * 1_000_000))
            number = connection.execute("INSERT INTO db(name, created) VALUES (?, ?)", [db, created]).lastrowid
            self._state.databases[db] = Standing(number or 0, 0, 0, 0, 1000, 0, created)

        await self._writer.do(job)

    async def drop(self, db: str) -> None:
        def job(connection: sqlite3.Connection) -> int:
            number = self._state.standing(db).db
            connection.execute("UPDATE db SET name=NULL WHERE db=?", [number])
            del self._state.databases[db]
            return number

        number = await self._writer.do(job)
        self._room.tell(db, [None])
        self._remove_later(number)

    async def info(self, db: str) -> Info:
        return await self._read(read.info, db, few=True)

    async def add(self, db: str, items: Sequence[Write | Edit]) -> list[Result]:
        self._state.standing(db)
        kept = await self._keep(items)
        return await self._writer.do(
            lambda connection: Batch(connection, self._state, db, self._audience_of).add(items, kept)
        )

    async def missing(self, db: str, revs: Mapping[str, Sequence[str]]) -> dict[str, Missing]:
        return await self._read(read.missing, db, revs, few=len(revs) <= FEW)

    async def get(self, db: str, wants: Sequence[Want], *, bodies: bool = True) -> list[Found]:
        return await self._read(read.get, db, wants, bodies, few=len(wants) <= FEW)

    async def leaves(self, db: str, ids: Sequence[str]) -> dict[str, Found]:
        return await self._read(read.leaves, db, ids, few=len(ids) <= FEW)

    async def changes(
        self,
        db: str,
        since: str = "0",
        *,
        limit: int | None = None,
        descending: bool = False,
        bodies: bool = False,
        ids: Sequence[str] | None = None,
        reader: Readers | None = None,
    ) -> Page:
        position = self._state.standing(db).committed_seq if since == "now" else int(since)
        return await self._read(read.changes, db, position, limit, descending, bodies, ids, reader)

    async def wait(self, db: str, since: str, reader: Readers | None, timeout_seconds: float) -> bool:
        waiting = self._room.enter(db, reader)
        try:
            if self._state.standing(db).committed_seq > int(since):
                page = await self.changes(db, since, limit=1, reader=reader)
                if page.changes:
                    self._room.leave(db, waiting)
                    return True
        except BaseException:
            self._room.leave(db, waiting)
            raise
        woken = await self._room.wait(db, waiting, timeout_seconds)
        self._state.standing(db)
        return woken

    async def rows(
        self, db: str, span: Range, *, bodies: bool = False, reader: Readers | None = None
    ) -> tuple[list[Row], int, int]:
        return await self._read(read.listing, db, span, bodies, reader)

    async def read_attachment(
        self, db: str, doc: str, attachment: Attachment, name: str, rev: str
    ) -> AsyncIterator[bytes]:
        return self.blobs.read(attachment.blob)

    async def local(self, db: str, doc: str) -> tuple[str, bytes] | None:
        return await self._read(read.local, db, doc, few=True)

    async def put_local(self, db: str, doc: str, parent: str | None, body: bytes | None) -> str:
        def job(connection: sqlite3.Connection) -> str:
            number = self._state.standing(db).db
            row = connection.execute("SELECT rev FROM local WHERE db=? AND id=?", [number, doc]).fetchone()
            known = None if row is None else f"0-{row[0]}"
            if body is None and known is None:
                raise NotFound(document=doc)
            if parent != known:
                raise Conflict(document=doc)
            if body is None:
                connection.execute("DELETE FROM local WHERE db=? AND id=?", [number, doc])
                return "0-0"
            rev = 1 if row is None else row[0] + 1
            connection.execute("INSERT OR REPLACE INTO local VALUES (?, ?, ?, ?)", [number, doc, rev, body])
            return f"0-{rev}"

        return await self._writer.do(job)

    async def local_rows(self, db: str) -> list[tuple[str, str, bytes]]:
        return await self._read(read.local_rows, db)

    async def revs_limit(self, db: str) -> int:
        return self._state.standing(db).revs_limit

    async def set_revs_limit(self, db: str, depth: int) -> None:
        def job(connection: sqlite3.Connection) -> None:
            standing = self._state.standing(db)
            connection.execute("UPDATE db SET revs_limit=? WHERE db=?", [depth, standing.db])
            standing.revs_limit = depth

        await self._writer.do(job)

    async def compact(self, db: str, ids: Sequence[str] | None = None) -> None:
        if ids is not None:
            await self._writer.do(lambda connection: upkeep.overwrite(connection, self._state, db, ids))
            await self._writer.rewrite_log()
            return
        at: int | None = 0
        while at is not None:
            at = await self._writer.do(partial(upkeep.compact, state=self._state, db=db, after=at))
        named = await self._writer.do(upkeep.named_blobs)
        await asyncio.to_thread(self.blobs.sweep, named)
        await self._writer.do(lambda connection: connection.execute("PRAGMA incremental_vacuum(2000)").fetchall())

    async def erase(self, db: str, revs: Mapping[str, Sequence[str] | None]) -> dict[str, list[str]]:
        gone, blobs = await self._writer.do(lambda connection: upkeep.erase(connection, self._state, db, revs))
        await asyncio.to_thread(self.blobs.drop, blobs)
        await self._writer.rewrite_log()
        return gone

    async def backup(self, directory: Path) -> None:
        """Copy the store, while it is being written to, into a directory that must not hold one. Consistent over all databases:
        blobs are complete before a document names them, so the file is copied first and then every blob that it names."""
        await asyncio.to_thread(self._backup, directory)

    def _backup(self, directory: Path) -> None:
        target = directory / "store.sqlite3"
        if target.exists():
            raise AlreadyExists(f"{target} is there already: name an empty directory.", code="file_exists")
        directory.mkdir(parents=True, exist_ok=True)
        part = target.with_suffix(".part")
        source, copy = connect(self.path), sqlite3.connect(part)
        try:
            source.backup(copy, pages=1024)
            named = upkeep.named_blobs(copy)
        finally:
            copy.close()
            source.close()
        blobs = Blobs(directory / "blobs")
        for blob in sorted(named):
            blobs.keep(self.blobs.path(blob))
        part.replace(target)

    def _load(self, connection: sqlite3.Connection) -> tuple[str, list[int]]:
        self._state.load(connection)
        for standing in self._state.databases.values():
            standing.committed_seq = standing.update_seq
        dropped = [db for (db,) in connection.execute("SELECT db FROM db WHERE name IS NULL")]
        return connection.execute("SELECT value FROM store WHERE key='incarnation'").fetchone()[0], dropped

    def _committed(self) -> None:
        """In the writer's thread: tell the loop what was written, and for whom."""
        if not self._state.touched:
            return
        touched, self._state.touched = self._state.touched, {}
        for db in touched:
            if db in self._state.databases:
                self._state.databases[db].committed_seq = self._state.databases[db].update_seq
        self._loop.call_soon_threadsafe(self._tell, touched)

    def _tell(self, touched: dict[str, set[int]]) -> None:
        for db, audiences in touched.items():
            self._room.tell(db, [self._state.readers_of(audience) for audience in audiences])

    async def _read(self, query: Callable[..., T], *arguments: Any, few: bool = False) -> T:
        """Run a query in a reading thread; `few`: one that looks up so little that handing it over would cost more."""
        if few:
            return query(self._reader, self._state, *arguments)

        def run() -> T:
            connection = getattr(self._local, "connection", None)
            if connection is None:
                connection = self._local.connection = connect(self.path)
            return query(connection, self._state, *arguments)

        return await self._loop.run_in_executor(self._executor, run)

    async def _keep(self, items: Sequence[Write | Edit]) -> dict[int, dict[str, Attachment]]:
        """Make the bytes of new attachments durable before any row names them."""
        kept: dict[int, dict[str, Attachment]] = {}
        for at, item in enumerate(items):
            for name, given in item.attachments.items() if item.attachments else ():
                if isinstance(given, NewAttachment):
                    blob = await anyio.to_thread.run_sync(self.blobs.keep, given.data)
                    # An edit's new attachment belongs to the revision that it makes, whatever it says of itself.
                    revpos = given.revpos or 0 if isinstance(item, Write) else 0
                    facts = (given.content_type, given.digest, given.length, revpos, given.encoding)
                    kept.setdefault(at, {})[name] = Attachment(*facts, given.encoded_length, blob)
        return kept

    def _remove_later(self, db: int) -> None:
        async def remove() -> None:
            while await self._writer.do(lambda connection: upkeep.remove_dropped(connection, db)):
                pass

        task = asyncio.get_running_loop().create_task(remove())
        self._removals.add(task)
        task.add_done_callback(self._removals.discard)
