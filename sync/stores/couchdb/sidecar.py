"""Decide who may read each document of the databases with record rules: a disposable index beside CouchDB, which holds no such thing.

One SQLite file, or memory. It follows `_changes`; a row says what the feed last told of a document, in the order `n` of arrival
here, and for whom. All calls run in one thread. Deleted or damaged it is filled anew from CouchDB (CS5).
"""

import json
import secrets
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from sync.stores.audiences import TABLE, Audiences
from sync.stores.contract import Range, Readers

FORMAT = 1
_TABLES = f"""
CREATE TABLE about(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE feed(db INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, born TEXT NOT NULL, seq TEXT NOT NULL, n INTEGER NOT NULL);
{TABLE}
CREATE TABLE doc(
  db INTEGER NOT NULL, id TEXT NOT NULL, n INTEGER NOT NULL,
  seq TEXT NOT NULL,                              -- a position of CouchDB's that lies before this change, or just behind it
  deleted INTEGER NOT NULL, audience INTEGER NOT NULL,
  leaves TEXT NOT NULL,                           -- JSON [[rev, audience] …], the winner first
  PRIMARY KEY(db, id)) WITHOUT ROWID;
CREATE UNIQUE INDEX doc_n ON doc(db, n, audience, deleted);
PRAGMA user_version={FORMAT};
"""


class Told(NamedTuple):
    """What the feed says of a document, with the readers of each leaf. No leaves: it is gone."""

    id: str
    seq: str
    deleted: bool
    leaves: Sequence[tuple[str, Readers | None]]


class Seen(NamedTuple):
    """A document that a reader may read, as of the change `n`."""

    n: int
    id: str
    seq: str
    deleted: bool
    leaves: list[str]
    audience: Readers | None


class Standing(NamedTuple):
    db: int
    born: str
    """When CouchDB made the database: another one of the same name is another database."""
    seq: str
    n: int


class Sidecar(Audiences):
    id: str
    """Of this filling: positions of another one mean nothing here."""

    def __init__(self, path: Path | None) -> None:
        super().__init__()
        self._path = path

    def open(self, incarnation: str) -> None:
        """Raises nothing for a file that cannot be used: it is removed and made anew."""
        try:
            self._connection = self._connect()
            usable = self._about("incarnation") == incarnation
        except sqlite3.DatabaseError:
            usable = False
        if not usable:
            self._make(incarnation)
        self.id = self._about("id") or ""
        self.load_audiences(self._connection)

    def close(self) -> None:
        self._connection.close()

    def standing(self, name: str) -> Standing | None:
        row = self._connection.execute("SELECT db, born, seq, n FROM feed WHERE name=?", [name]).fetchone()
        return None if row is None else Standing(*row)

    def begin(self, name: str, born: str) -> Standing:
        """Start to follow a database from its beginning."""
        self.forget(name)
        self._connection.execute("INSERT INTO feed(name, born, seq, n) VALUES (?, ?, '0', 0)", [name, born])
        found = self.standing(name)
        assert found is not None
        return found

    def forget(self, name: str) -> None:
        with self._connection:
            self._connection.execute("BEGIN")
            self._connection.execute("DELETE FROM doc WHERE db=(SELECT db FROM feed WHERE name=?)", [name])
            self._connection.execute("DELETE FROM feed WHERE name=?", [name])

    def leaves_of(self, db: int, ids: Sequence[str]) -> dict[str, dict[str, Readers | None]]:
        """Of each document that is known, its leaves and who may read each."""
        rows = self._connection.execute(
            "SELECT id, leaves FROM doc WHERE db=? AND id IN (SELECT value FROM json_each(?))",
            [db, json.dumps(list(ids))],
        )
        return {doc: {rev: self.readers_of(one) for rev, one in json.loads(leaves)} for doc, leaves in rows.fetchall()}

    def audiences_of(self, db: int, ids: Sequence[str]) -> dict[str, Readers | None]:
        rows = self._connection.execute(
            "SELECT id, audience FROM doc WHERE db=? AND id IN (SELECT value FROM json_each(?))",
            [db, json.dumps(list(ids))],
        )
        return {doc: self.readers_of(audience) for doc, audience in rows.fetchall()}

    def keep(self, db: int, told: Sequence[Told], seq: str) -> set[Readers | None]:
        """Write down a page of the feed and where it ends, together; returns for whom it was."""
        connection = self._connection
        (n,) = connection.execute("SELECT n FROM feed WHERE db=?", [db]).fetchone()
        audiences: set[int] = set()
        with self._undone(), connection:
            connection.execute("BEGIN")
            rows: list[tuple[Any, ...]] = []
            for one in told:
                if not one.leaves:
                    connection.execute("DELETE FROM doc WHERE db=? AND id=?", [db, one.id])
                    continue
                n += 1
                leaves = [(rev, self.audience(connection, readers)) for rev, readers in one.leaves]
                audience = leaves[0][1]
                if any(number != audience for _, number in leaves):
                    audience = self.audience(connection, together([readers for _, readers in one.leaves]))
                audiences.add(audience)
                rows.append((db, one.id, n, one.seq, int(one.deleted), audience, json.dumps(leaves)))
            connection.executemany("INSERT OR REPLACE INTO doc VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
            connection.execute("UPDATE feed SET seq=?, n=? WHERE db=?", [seq, n, db])
        return {self.readers_of(audience) for audience in audiences}

    def remove(self, db: int, ids: Sequence[str]) -> None:
        self._connection.execute(
            "DELETE FROM doc WHERE db=? AND id IN (SELECT value FROM json_each(?))", [db, json.dumps(list(ids))]
        )

    def changes(
        self, db: int, after: int, reader: Readers, limit: int | None, descending: bool, ids: Sequence[str] | None
    ) -> tuple[list[Seen], int]:
        """What the reader may read of changes after `after`, or of all of them backwards, and how many more there are."""
        where = "db=? AND n>? AND audience IN (SELECT value FROM json_each(?))"
        values: list[Any] = [db, 0 if descending else after, json.dumps(list(self.seen_by(reader)))]
        if ids is not None:
            where += " AND id IN (SELECT value FROM json_each(?))"
            values.append(json.dumps(list(ids)))
        order = "DESC" if descending else "ASC"
        found = self._connection.execute(
            f"SELECT n, id, seq, deleted, leaves, audience FROM doc WHERE {where} ORDER BY n {order} LIMIT ?",
            [*values, -1 if limit is None else limit],
        ).fetchall()
        pending = 0
        if limit is not None and len(found) == limit:
            beyond = "n<?" if descending else "n>?"
            last = found[-1][0] if found else after
            (pending,) = self._connection.execute(
                f"SELECT count(*) FROM doc WHERE {where} AND {beyond}", [*values, last]
            ).fetchone()
        return [self._seen(row) for row in found], pending

    def rows(self, db: int, span: Range, reader: Readers) -> tuple[list[Seen], int, int]:
        """Living documents by id: the rows, how many there are in all, and the offset of the first row."""
        where = "db=? AND deleted=0 AND audience IN (SELECT value FROM json_each(?))"
        values: list[Any] = [db, json.dumps(list(self.seen_by(reader)))]
        (total,) = self._connection.execute(f"SELECT count(*) FROM doc WHERE {where}", values).fetchone()
        ahead, behind = (">", "<") if span.descending else ("<", ">")
        before = 0
        bounds: list[Any] = []
        limits = ""
        if span.start is not None:
            (before,) = self._connection.execute(
                f"SELECT count(*) FROM doc WHERE {where} AND id {ahead} ?", [*values, span.start]
            ).fetchone()
            limits += f" AND id {behind}= ?"
            bounds.append(span.start)
        if span.end is not None:
            limits += f" AND id {ahead}{'=' if span.inclusive_end else ''} ?"
            bounds.append(span.end)
        order = "DESC" if span.descending else "ASC"
        found = self._connection.execute(
            f"SELECT n, id, seq, deleted, leaves, audience FROM doc WHERE {where}{limits} ORDER BY id {order} LIMIT ? OFFSET ?",
            [*values, *bounds, -1 if span.limit is None else span.limit, span.skip],
        ).fetchall()
        return [self._seen(row) for row in found], total, min(before + span.skip, total)

    def _seen(self, row: Sequence[Any]) -> Seen:
        n, doc, seq, deleted, leaves, audience = row
        return Seen(n, doc, seq, bool(deleted), [rev for rev, _ in json.loads(leaves)], self.readers_of(audience))

    @contextmanager
    def _undone(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self.load_audiences(self._connection)
            raise

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path or ":memory:", isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA journal_mode=WAL")
        # Losing the last rows to a power cut costs reading them again: the position is in the same transaction.
        connection.execute("PRAGMA synchronous=NORMAL")
        return connection

    def _about(self, key: str) -> str | None:
        if self._connection.execute("PRAGMA user_version").fetchone()[0] != FORMAT:
            return None
        row = self._connection.execute("SELECT value FROM about WHERE key=?", [key]).fetchone()
        return None if row is None else str(row[0])

    def _make(self, incarnation: str) -> None:
        with suppress(AttributeError, sqlite3.Error):
            self._connection.close()
        if self._path is not None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            for suffix in ("", "-wal", "-shm"):
                self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
        self._connection = self._connect()
        self._connection.executescript("BEGIN;" + _TABLES + "COMMIT;")
        about: Mapping[str, str] = {"incarnation": incarnation, "id": secrets.token_hex(4)}
        self._connection.executemany("INSERT INTO about VALUES (?, ?)", list(about.items()))


def together(readers: Sequence[Readers | None]) -> Readers | None:
    """Who may read a document: whoever may read one of its leaves."""
    known = [one for one in readers if one is not None]
    return frozenset().union(*known) if len(known) == len(readers) else None
