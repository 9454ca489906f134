"""Decide how lines of the audit are found among a million: a file beside the store says which lines bear a key (AD10). It can be deleted at
any time: everything in it follows from the store."""

import asyncio
import json
import logging
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple, TypeVar

from server.audit import PREFIX
from server.audit_kinds import keys_of
from sync.databases import OFFICE
from sync.documents import content_of
from sync.stores.contract import Change, Store

T = TypeVar("T")

FORMAT = 1
PAGE = 500
CATCH_UP_PAGES = 4
"""So much of the feed whoever asks waits for; more than that is taken in beside."""
AGAIN_SECONDS = 5.0
_COUNTED_MAX = 20_000
"""Lines of the rarest key that one question goes through."""
# Of one key they lie in order; of several they are sorted.
_OF_ONE = "SELECT at, tail FROM entry WHERE key=? AND at>=? AND (at, tail)<(?, ?)"
_OF_SEVERAL = (
    "SELECT DISTINCT at, tail FROM entry WHERE key IN (SELECT value FROM json_each(?)) AND at>=? AND (at, tail)<(?, ?)"
)
_COUNTER = 1 << 20

log = logging.getLogger(__name__)

_TABLES = """
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE key(n INTEGER PRIMARY KEY, told TEXT NOT NULL UNIQUE);
-- A line is its moment (milliseconds and counter in one number) and the random end of its id.
CREATE TABLE entry(key INTEGER NOT NULL, at INTEGER NOT NULL, tail TEXT NOT NULL, PRIMARY KEY(key, at, tail)) WITHOUT ROWID;
"""


class Mark(NamedTuple):
    """Where a line stands among all: later ones are greater."""

    at: int
    tail: str


FIRST, LAST = Mark(0, ""), Mark(2**62, "")


def mark_of(line: str) -> Mark | None:
    """Of the id of a line; None for what no server made."""
    parts = line.removeprefix(f"{PREFIX}:").split("-")
    if len(parts) != 3 or not (parts[0].isdigit() and parts[1].isdigit()) or len(parts[0]) != 14 or len(parts[1]) != 6:
        return None
    return Mark(int(parts[0]) * _COUNTER + int(parts[1]), parts[2])


def id_of(mark: Mark) -> str:
    return f"{PREFIX}:{mark.at // _COUNTER:014d}-{mark.at % _COUNTER:06d}-{mark.tail}"


class AuditIndex:
    """`path`: its file, made when it is not there. All of it happens on one thread of its own."""

    def __init__(self, path: Path, store: Store) -> None:
        self._path = path
        self._store = store
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="audit-index")
        self._following = asyncio.Lock()
        self._sql: sqlite3.Connection | None = None
        self._position = "0"
        self._whole = False

    async def run(self) -> None:
        """Follow `office` for as long as the server runs."""
        while True:
            try:
                async with self._following:
                    whole = False
                    while not whole:
                        whole = await self._follow()
                await self._store.wait(OFFICE, self._position, None, 60)
            except Exception:
                log.exception("the index of the audit cannot be kept; searches look through lines meanwhile")
                await asyncio.sleep(AGAIN_SECONDS)

    async def fresh(self) -> bool:
        """Whether it holds every line there is; what little it lacks is taken in first."""
        if self._following.locked() and not self._whole:
            return False
        async with self._following:
            for _ in range(CATCH_UP_PAGES):
                if await self._follow():
                    return True
        return False

    async def find(
        self, groups: Sequence[Sequence[str]], first: Mark, before: Mark, limit: int
    ) -> tuple[list[Mark], Mark | None]:
        """The latest lines from `first` to just before `before` that bear a key of every group, and down to where it looked: None when
        that was all."""
        return await self._do(lambda sql: _find(sql, groups, first, before, limit))

    async def close(self) -> None:
        if self._sql is not None:
            await self._do(lambda sql: sql.close())
            self._sql = None
        self._thread.shutdown()

    async def _follow(self) -> bool:
        """Take in the next page; True at the end."""
        if self._sql is None:
            info = await self._store.info(OFFICE)
            basis = f"{FORMAT} {self._store.incarnation} {info.instance_start_time}"
            self._sql, self._position = await asyncio.get_running_loop().run_in_executor(
                self._thread, _open, self._path, basis
            )
        page = await self._store.changes(OFFICE, self._position, limit=PAGE, bodies=True)
        if page.last != self._position:
            await self._do(lambda sql: _take(sql, page.changes, page.last))
            self._position = page.last
        self._whole = len(page.changes) < PAGE
        return self._whole

    async def _do(self, job: Callable[[sqlite3.Connection], T]) -> T:
        sql = self._sql
        assert sql is not None
        return await asyncio.get_running_loop().run_in_executor(self._thread, job, sql)


def _open(path: Path, basis: str) -> tuple[sqlite3.Connection, str]:
    """(the index, the position from which it goes on); one of another store, or a damaged one, is made anew."""
    try:
        sql = _connect(path)
        known = dict(sql.execute("SELECT key, value FROM meta").fetchall())
        if known.get("basis") == basis:
            return sql, known["position"]
        sql.close()
    except sqlite3.DatabaseError:
        pass
    for beside in ("", "-wal", "-shm"):
        path.with_name(path.name + beside).unlink(missing_ok=True)
    sql = _connect(path)
    sql.executescript(_TABLES)
    sql.executemany("INSERT INTO meta VALUES (?, ?)", [("basis", basis), ("position", "0")])
    return sql, "0"


def _connect(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    sql = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    sql.execute("PRAGMA journal_mode=WAL")
    # What is lost with the power is read from the feed again.
    sql.execute("PRAGMA synchronous=NORMAL")
    return sql


def _take(sql: sqlite3.Connection, changes: Sequence[Change], position: str) -> None:
    rows: list[tuple[str, int, str]] = []
    for change in changes:
        mark = mark_of(change.id) if change.id.startswith(f"{PREFIX}:") and change.body is not None else None
        if mark is not None:
            rows += [(key, mark.at, mark.tail) for key in keys_of(content_of(change.body or b"{}"))]
    sql.execute("BEGIN IMMEDIATE")
    try:
        sql.executemany(
            "INSERT OR IGNORE INTO key(told) VALUES (?)", [(key,) for key in sorted({row[0] for row in rows})]
        )
        sql.executemany("INSERT OR IGNORE INTO entry SELECT n, ?2, ?3 FROM key WHERE told=?1", rows)
        sql.execute("UPDATE meta SET value=? WHERE key='position'", [position])
        sql.execute("COMMIT")
    except BaseException:
        sql.execute("ROLLBACK")
        raise


def _find(
    sql: sqlite3.Connection, groups: Sequence[Sequence[str]], first: Mark, before: Mark, limit: int
) -> tuple[list[Mark], Mark | None]:
    numbers = [_numbers(sql, group) for group in groups]
    if not all(numbers):
        return [], None
    # What the rarest key bears is gone through; whether a line bears the others too is one look each.
    rarest, *others = sorted(numbers, key=lambda keys: _count(sql, keys, first, before))
    rows = sql.execute(
        (_OF_ONE if len(rarest) == 1 else _OF_SEVERAL) + " ORDER BY at DESC, tail DESC LIMIT ?",
        [*_asked(rarest), first.at, *before, _COUNTED_MAX],
    )
    found: list[Mark] = []
    looked, mark = 0, None
    for row in rows:
        looked, mark = looked + 1, Mark(*row)
        if all(_bears(sql, keys, mark) for keys in others):
            found.append(mark)
            if len(found) == limit:
                return found, mark
    return found, mark if looked == _COUNTED_MAX else None


def _numbers(sql: sqlite3.Connection, keys: Sequence[str]) -> list[int]:
    found = [sql.execute("SELECT n FROM key WHERE told=?", [key]).fetchone() for key in keys]
    return [row[0] for row in found if row is not None]


def _count(sql: sqlite3.Connection, keys: Sequence[int], first: Mark, before: Mark) -> int:
    query = "SELECT count(*) FROM (SELECT 1 FROM entry WHERE key=? AND at>=? AND at<=? LIMIT ?)"
    return sum(int(sql.execute(query, [key, first.at, before.at, _COUNTED_MAX]).fetchone()[0]) for key in keys)


def _bears(sql: sqlite3.Connection, keys: Sequence[int], mark: Mark) -> bool:
    query = "SELECT 1 FROM entry WHERE key=? AND at=? AND tail=?"
    return any(sql.execute(query, [key, *mark]).fetchone() is not None for key in keys)


def _asked(keys: Sequence[int]) -> list[int | str]:
    return [keys[0]] if len(keys) == 1 else [json.dumps(list(keys))]
