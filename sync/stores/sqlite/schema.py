"""Decide how the embedded store lies on disk, and whether a file found there can be trusted.

One file holds all databases, so that one flush makes the pushes of all branches durable, and one backup is consistent across
them. A document is a row (`doc`) that is rewritten; the bodies of its revisions are appended (`body`) and never rewritten.
A document of a single revision keeps no tree: its row says all. Measured: rowid tables with appended bodies are three times
faster and smaller than `WITHOUT ROWID` tables with bodies in them.
"""

import os
import sqlite3
from pathlib import Path

from sync.errors import StoreDamaged

LOG_BYTES = 16 * 1024 * 1024
PAGE_BYTES = 8192

APPLICATION_ID = 0x46424F4B  # "FBOK"
FORMAT = 1

_TABLES = """
CREATE TABLE store(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE db(
  db INTEGER PRIMARY KEY, name TEXT UNIQUE,      -- NULL: dropped, its rows are being removed
  created TEXT NOT NULL, update_seq INTEGER NOT NULL DEFAULT 0,
  documents INTEGER NOT NULL DEFAULT 0, deleted INTEGER NOT NULL DEFAULT 0,
  revs_limit INTEGER NOT NULL DEFAULT 1000);
CREATE TABLE audience(audience INTEGER PRIMARY KEY, readers TEXT NOT NULL UNIQUE);
CREATE TABLE doc(
  doc INTEGER PRIMARY KEY, db INTEGER NOT NULL, id TEXT NOT NULL, seq INTEGER NOT NULL,
  rev TEXT NOT NULL, deleted INTEGER NOT NULL, body INTEGER NOT NULL, audience INTEGER NOT NULL,
  leaves TEXT,                                    -- JSON list, the winner first; NULL: `rev` is the only leaf
  tree BLOB);                                     -- sync.tree.encode; NULL: `rev` is the only revision
CREATE UNIQUE INDEX doc_id ON doc(db, id);
CREATE UNIQUE INDEX doc_seq ON doc(db, seq, audience);
CREATE TABLE body(body INTEGER PRIMARY KEY, doc INTEGER NOT NULL, attached INTEGER NOT NULL, text BLOB NOT NULL);
CREATE TABLE attachment(
  body INTEGER NOT NULL, name TEXT NOT NULL, content_type TEXT NOT NULL, digest TEXT NOT NULL, length INTEGER NOT NULL,
  revpos INTEGER NOT NULL, encoding TEXT, encoded_length INTEGER, blob TEXT NOT NULL,
  PRIMARY KEY(body, name)) WITHOUT ROWID;
CREATE INDEX attachment_blob ON attachment(blob);
CREATE TABLE local(db INTEGER NOT NULL, id TEXT NOT NULL, rev INTEGER NOT NULL, body BLOB NOT NULL,
  PRIMARY KEY(db, id)) WITHOUT ROWID;
"""


def connect(path: Path, *, writing: bool = False) -> sqlite3.Connection:
    """A connection for one thread. Every commit of the writing one is on disk before it returns (WAL, synchronous FULL)."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)
    connection.execute("PRAGMA busy_timeout=10000")
    connection.execute("PRAGMA cache_size=-65536")
    connection.execute("PRAGMA mmap_size=1073741824")
    if writing:
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA wal_autocheckpoint=0")
    else:
        connection.execute("PRAGMA query_only=ON")
    return connection


def lay_out_log(path: Path) -> None:
    """Give the write-ahead log its length before it is written to, where there is none yet.

    Flushing a file that grows makes the file system commit its own journal too, which takes up to thirty times as long as
    flushing bytes that have a place already (measured on ext4). SQLite takes a log of zeros for an empty one, and after a
    checkpoint it begins at the front again, so the length is laid out once.
    """
    log = path.with_name(path.name + "-wal")
    if not log.exists() or log.stat().st_size == 0:
        with log.open("wb") as file:
            for _ in range(LOG_BYTES // (1 << 20)):
                file.write(bytes(1 << 20))
            file.flush()
            os.fsync(file.fileno())


def prepare(path: Path, incarnation: str) -> None:
    """Make the file where there is none; check it where there is one. Raises StoreDamaged and changes nothing then."""
    fresh = not path.exists()
    try:
        connection = sqlite3.connect(path, isolation_level=None)
        try:
            if fresh:
                _make(connection, incarnation)
            else:
                _check(connection, path)
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        raise StoreDamaged(_ADVICE.format(path=path, what=error), path=str(path)) from error


def begin_again(connection: sqlite3.Connection, incarnation: str) -> None:
    """The file was restored: whoever synced with it starts from the beginning."""
    connection.execute("UPDATE store SET value=? WHERE key='incarnation'", [incarnation])
    # A replicator that finds its last run noted here as well as at its own side would go on from its own side's place, and leave
    # out what the backup lacks. What has a history is a replicator's note.
    connection.execute("DELETE FROM local WHERE json_type(CAST(body AS TEXT), '$.history') = 'array'")


_ADVICE = (
    "The store {path} cannot be used: {what}. Nothing was changed. Stop here, keep a copy of the file with its -wal and -shm"
    " files, then restore the last backup with `fieldbook restore`; tablets bring back what the backup lacks."
)


def _make(connection: sqlite3.Connection, incarnation: str) -> None:
    connection.execute(f"PRAGMA page_size={PAGE_BYTES}")
    connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version={FORMAT}")
    connection.executescript("BEGIN IMMEDIATE;" + _TABLES + "COMMIT;")
    connection.execute("INSERT INTO store VALUES ('incarnation', ?)", [incarnation])


def _check(connection: sqlite3.Connection, path: Path) -> None:
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        raise StoreDamaged(_ADVICE.format(path=path, what="it is not a Fieldbook store"), path=str(path))
    found = connection.execute("PRAGMA user_version").fetchone()[0]
    if found != FORMAT:
        what = f"it has format {found}, and this version of Fieldbook reads format {FORMAT}"
        raise StoreDamaged(_ADVICE.format(path=path, what=what), path=str(path))
    verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if verdict != "ok":
        raise StoreDamaged(_ADVICE.format(path=path, what=verdict), path=str(path))
    if connection.execute("SELECT 1 FROM store WHERE key = 'incarnation'").fetchone() is None:
        raise StoreDamaged(_ADVICE.format(path=path, what="it has lost its incarnation"), path=str(path))
