"""Decide what shares a flush to disk: everything that was waiting when the writer came by.

SQLite has one writer at a time, and a commit costs a flush. One thread does all the writing; jobs that queue up while it
flushes go into the next transaction together, each inside a savepoint of its own, so that one that fails takes nothing with
it. A job's result is given back after the commit, never before (ST1).
"""

import asyncio
import logging
import queue
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from sync.stores.sqlite.schema import LOG_BYTES, PAGE_BYTES, connect, lay_out_log

T = TypeVar("T")
Job = Callable[[sqlite3.Connection], T]

JOBS_MAX = 256
"""Jobs in one transaction: bounds how long the first one waits for the last."""

CHECKPOINT_PAGES = LOG_BYTES // PAGE_BYTES * 3 // 4
"""Pages in the log, by estimate, at which it is copied into the file."""

LOG_BYTES_MAX = 16 * LOG_BYTES
"""Beyond this the writer waits for a checkpoint, so that the log begins at its front again."""

log = logging.getLogger(__name__)


class _Asked(NamedTuple):
    job: Job[Any]
    answer: asyncio.Future[Any]


class Writer:
    """Both hooks run in the writer's thread: `committed` after each transaction, `undone` after each rollback."""

    def __init__(self, path: Path, committed: Callable[[], None], undone: Callable[[sqlite3.Connection], None]) -> None:
        self._path = path
        self._committed = committed
        self._undone = undone
        self._jobs: queue.SimpleQueue[_Asked | None] = queue.SimpleQueue()
        lay_out_log(path)
        self._connection = connect(path, writing=True)
        self._pages = 0
        self._nearly_copied = False
        self._checkpoint_due = threading.Event()
        self._closing = False
        self._loop = asyncio.get_running_loop()
        self._threads = [
            threading.Thread(target=self._write, name="store-writer", daemon=True),
            threading.Thread(target=self._checkpoint, name="store-checkpoint", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def do(self, job: Job[T]) -> asyncio.Future[T]:
        """Run the job in the next transaction; the future is done when its effects are on disk."""
        answer: asyncio.Future[T] = self._loop.create_future()
        self._jobs.put(_Asked(job, answer))
        return answer

    async def rewrite_log(self) -> None:
        """Copy the log into the file and overwrite it: what was erased is not left in it either."""

        def rewrite(connection: sqlite3.Connection) -> None:
            # No checkpoint inside a transaction: what this one holds so far becomes durable a little earlier.
            connection.execute("COMMIT")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            lay_out_log(self._path)
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("SAVEPOINT job")

        await self.do(rewrite)

    async def close(self) -> None:
        self._jobs.put(None)
        await asyncio.to_thread(self._threads[0].join)
        self._closing = True
        self._checkpoint_due.set()
        await asyncio.to_thread(self._threads[1].join)
        self._connection.close()

    def _write(self) -> None:
        while (first := self._jobs.get()) is not None:
            group = [first]
            last = False
            while len(group) < JOBS_MAX and not self._jobs.empty():
                asked = self._jobs.get()
                if asked is None:
                    last = True
                    break
                group.append(asked)
            answers = self._transact(group)
            self._loop.call_soon_threadsafe(_answer, answers)
            if last:
                return

    def _transact(self, group: list[_Asked]) -> list[tuple[asyncio.Future[Any], object, BaseException | None]]:
        answers: list[tuple[asyncio.Future[Any], object, BaseException | None]] = []
        if self._nearly_copied:
            # The rest of the log, which grew meanwhile, so that the next commit begins at the front of the log again.
            self._nearly_copied = False
            self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        changes = self._connection.total_changes
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            for job, answer in group:
                self._connection.execute("SAVEPOINT job")
                try:
                    answers.append((answer, job(self._connection), None))
                except Exception as error:
                    self._connection.execute("ROLLBACK TO job")
                    self._undone(self._connection)
                    answers.append((answer, None, error))
                self._connection.execute("RELEASE job")
            self._connection.execute("COMMIT")
        except Exception as error:
            log.exception("a transaction was not committed; every job in it is refused")
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            self._undone(self._connection)
            return [(answer, None, error) for _, answer in group]
        self._committed()
        # A commit rewrites a handful of pages, and about one more for every four rows.
        self._pages += 6 + (self._connection.total_changes - changes) // 4
        if self._pages > CHECKPOINT_PAGES:
            self._pages = 0
            self._checkpoint_due.set()
        return answers

    def _log_bytes(self) -> int:
        log = self._path.with_name(self._path.name + "-wal")
        return log.stat().st_size if log.exists() else 0

    def _checkpoint(self) -> None:
        """Copying the log into the file takes no lock that the writer needs, so it has a thread of its own."""
        connection = connect(self._path, writing=True)
        while True:
            self._checkpoint_due.wait()
            self._checkpoint_due.clear()
            mode = "TRUNCATE" if self._closing else "RESTART" if self._log_bytes() > LOG_BYTES_MAX else "PASSIVE"
            try:
                connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchall()
                self._nearly_copied = True
            except sqlite3.OperationalError:
                log.warning("checkpoint put off", exc_info=True)
            if self._closing:
                connection.close()
                return


def _answer(answers: list[tuple[asyncio.Future[Any], object, BaseException | None]]) -> None:
    for answer, value, error in answers:
        if answer.cancelled():
            continue
        if error is None:
            answer.set_result(value)
        else:
            answer.set_exception(error)
