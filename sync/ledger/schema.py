"""Decide how the ledger lies on disk. It can be deleted at any time: everything in it follows from the store.

What is still to be done (`due`) and how far the feeds were read (`feed`) lie in the same file as the figures and change in the same
transactions, so wherever a process dies, it goes on as if it had only been slow.
"""

import sqlite3
from pathlib import Path

from schemas import TYPES
from sync.ledger.apply_words import SECURE_DELETE

FORMAT = 11

_TABLES = """
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE feed(db TEXT PRIMARY KEY, created TEXT NOT NULL, position TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE stirred(branch TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID; -- how often what waits there may have changed
CREATE TABLE due(what TEXT NOT NULL, db TEXT NOT NULL, id TEXT NOT NULL, mark INTEGER NOT NULL,
  PRIMARY KEY(what, db, id)) WITHOUT ROWID;
CREATE TABLE audience(audience INTEGER PRIMARY KEY, readers TEXT NOT NULL UNIQUE);
CREATE TABLE reader(audience INTEGER NOT NULL, principal TEXT NOT NULL, PRIMARY KEY(audience, principal)) WITHOUT ROWID;
CREATE TABLE record(
  n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, db TEXT NOT NULL, rev TEXT NOT NULL, of TEXT NOT NULL,
  branch TEXT NOT NULL, author TEXT NOT NULL, subject TEXT NOT NULL, root TEXT NOT NULL, day TEXT NOT NULL,
  audience INTEGER NOT NULL, standing TEXT NOT NULL,   -- counted, or why not: see apply_records
  bucket TEXT,                                         -- NULL: not counted
  anchor INTEGER,                                      -- its activity
  review TEXT NOT NULL,                                -- open, approved, amended, returned or corrected
  seen TEXT,                                           -- what an approval of it as it is would be bound to
  facts BLOB NOT NULL,
  trust INTEGER NOT NULL,                              -- 100, less for what makes one doubt it: see doubts
  waits TEXT GENERATED ALWAYS AS (CASE                 -- for whose decision: see inbox
    WHEN standing='withdrawn' THEN '' WHEN standing<>'counted' THEN 'faulty'
    WHEN review='open' THEN 'new' WHEN review IN ('corrected', 'amended') THEN review ELSE '' END) STORED);
CREATE INDEX record_bucket ON record(bucket) WHERE bucket IS NOT NULL;
CREATE INDEX record_day ON record(branch, day, id);
CREATE INDEX record_subject ON record(subject);
CREATE INDEX record_waits ON record(branch, waits, day, trust) WHERE waits<>'';
CREATE INDEX record_waiting ON record(branch, waits, audience, author) WHERE waits<>'';
CREATE TABLE dispute(                                  -- records, subjects and cases in which a person has something to settle
  id TEXT PRIMARY KEY, db TEXT NOT NULL, branch TEXT NOT NULL, audience INTEGER NOT NULL,
  at TEXT NOT NULL,                                    -- the latest stamp in dispute
  paths TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX dispute_branch ON dispute(branch, at, id);
CREATE TABLE follow_up(problem TEXT NOT NULL, record INTEGER NOT NULL, PRIMARY KEY(problem, record)) WITHOUT ROWID;
CREATE TABLE subject(id TEXT PRIMARY KEY, db TEXT NOT NULL, branch TEXT NOT NULL, name TEXT NOT NULL,
  audience INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE person(id TEXT PRIMARY KEY, db TEXT NOT NULL, subject TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX person_subject ON person(subject);
CREATE TABLE known(subject TEXT PRIMARY KEY, facts BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE subject_key(key TEXT NOT NULL, subject TEXT NOT NULL, PRIMARY KEY(key, subject)) WITHOUT ROWID;
CREATE TABLE likely(rank INTEGER NOT NULL, first TEXT NOT NULL, second TEXT NOT NULL, facts BLOB NOT NULL,
  PRIMARY KEY(first, second)) WITHOUT ROWID;
CREATE INDEX likely_second ON likely(second);
CREATE INDEX likely_rank ON likely(rank, first, second);
CREATE TABLE alias(subject TEXT PRIMARY KEY, same_as TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE companion(
  id TEXT PRIMARY KEY, db TEXT NOT NULL, type TEXT NOT NULL, record TEXT NOT NULL, kept INTEGER NOT NULL,
  audience INTEGER NOT NULL, facts BLOB NOT NULL) WITHOUT ROWID;
CREATE INDEX companion_record ON companion(record, type);
CREATE TABLE joint(                                    -- joint surveys
  id TEXT PRIMARY KEY, db TEXT NOT NULL, branch TEXT NOT NULL, subject TEXT NOT NULL, audience INTEGER NOT NULL,
  due TEXT NOT NULL,
  stands TEXT NOT NULL,                                -- draft, open, issued or withdrawn; time and parties tell which open one is ready
  awaited INTEGER NOT NULL, disagreements INTEGER NOT NULL, late INTEGER NOT NULL, early INTEGER NOT NULL,
  facts BLOB NOT NULL) WITHOUT ROWID;
CREATE INDEX joint_due ON joint(due, id);
CREATE INDEX joint_open ON joint(branch, due) WHERE stands='open';
CREATE TABLE joint_party(joint TEXT NOT NULL, branch TEXT NOT NULL, PRIMARY KEY(joint, branch)) WITHOUT ROWID;
CREATE TABLE joint_survey(joint TEXT NOT NULL, record INTEGER NOT NULL, PRIMARY KEY(joint, record)) WITHOUT ROWID;
CREATE INDEX joint_survey_record ON joint_survey(record);
CREATE TABLE bound(record TEXT NOT NULL, review TEXT NOT NULL, PRIMARY KEY(record, review)) WITHOUT ROWID;
CREATE TABLE call(key TEXT NOT NULL, record INTEGER NOT NULL, PRIMARY KEY(key, record)) WITHOUT ROWID;
CREATE TABLE crowd(bucket TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE activity(
  anchor INTEGER PRIMARY KEY, id TEXT NOT NULL, home TEXT NOT NULL, branch TEXT NOT NULL, day TEXT NOT NULL,
  digest BLOB NOT NULL, fields BLOB NOT NULL,
  joins INTEGER NOT NULL);                             -- the score of the likeliest join that begins with a record of it, 0: none
CREATE INDEX activity_joins ON activity(branch, day, 100 - joins, id) WHERE joins>0;
CREATE TABLE contribution(
  activity INTEGER NOT NULL, n INTEGER NOT NULL, base INTEGER NOT NULL, record TEXT NOT NULL, item TEXT NOT NULL,
  branch TEXT NOT NULL, member TEXT NOT NULL, window TEXT NOT NULL, of TEXT NOT NULL, kind TEXT NOT NULL,
  subject TEXT NOT NULL, day TEXT NOT NULL, value INTEGER NOT NULL, PRIMARY KEY(activity, n)) WITHOUT ROWID;
-- All that figures ask of a row: over a year they are counted in this index alone.
CREATE INDEX contribution_day ON contribution(branch, base, day, of, kind, member, window, value, subject);
CREATE INDEX contribution_reached ON contribution(subject, member, day) WHERE base=1 AND subject<>'';
CREATE TABLE counted_month(                            -- how often what counts in a month has changed
  branch TEXT NOT NULL, month TEXT NOT NULL, number INTEGER NOT NULL, PRIMARY KEY(branch, month)) WITHOUT ROWID;
CREATE TABLE promise(
  activity INTEGER NOT NULL, n INTEGER NOT NULL, of TEXT NOT NULL, record TEXT NOT NULL, item TEXT NOT NULL,
  branch TEXT NOT NULL, member TEXT NOT NULL, window TEXT NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL,
  day TEXT NOT NULL, due TEXT NOT NULL, closed TEXT NOT NULL, state TEXT NOT NULL, timely TEXT NOT NULL,
  value INTEGER NOT NULL, last TEXT NOT NULL, PRIMARY KEY(activity, n)) WITHOUT ROWID;
CREATE INDEX promise_due ON promise(branch, of, due, record, item);
CREATE INDEX promise_closed ON promise(branch, of, closed, due);
CREATE TABLE assigned(
  id TEXT PRIMARY KEY, kind TEXT NOT NULL, branch TEXT NOT NULL, member TEXT NOT NULL, named TEXT NOT NULL,
  subject TEXT NOT NULL,                               -- the one that aliases lead to from the one that is named
  problem TEXT NOT NULL, state TEXT NOT NULL, made TEXT NOT NULL, supersedes TEXT NOT NULL,
  first TEXT NOT NULL, until TEXT NOT NULL,            -- as it says itself
  last TEXT NOT NULL) WITHOUT ROWID;                   -- the day before one that supersedes it, if that is earlier
CREATE INDEX assigned_branch ON assigned(branch, last) WHERE kind='link';
CREATE INDEX assigned_named ON assigned(named) WHERE kind='link';
CREATE INDEX assigned_problem ON assigned(problem) WHERE problem<>'';
CREATE INDEX assigned_supersedes ON assigned(supersedes) WHERE supersedes<>'';
CREATE TABLE document(db TEXT NOT NULL, id TEXT NOT NULL, rev TEXT NOT NULL, digest BLOB NOT NULL,
  PRIMARY KEY(db, id)) WITHOUT ROWID;
CREATE TABLE version(branch TEXT NOT NULL, month TEXT NOT NULL, number INTEGER NOT NULL, fields BLOB NOT NULL,
  PRIMARY KEY(branch, month, number)) WITHOUT ROWID;
CREATE TABLE month(                                    -- activity records as they lie in the store
  branch TEXT NOT NULL, month TEXT NOT NULL, state TEXT NOT NULL, number INTEGER NOT NULL,
  PRIMARY KEY(branch, month)) WITHOUT ROWID;
CREATE TABLE told(                                     -- texts, by which documents are found; `seq` as they came
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, db TEXT NOT NULL, of TEXT NOT NULL, branch TEXT NOT NULL,
  day TEXT NOT NULL, audience INTEGER NOT NULL, texts BLOB NOT NULL);
CREATE TABLE redacted(id TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID;
CREATE VIRTUAL TABLE words USING fts5(text, content='', detail=none, columnsize=0, tokenize="ascii tokenchars '=:_-.~'");
CREATE VIRTUAL TABLE word_count USING fts5vocab('words', 'row');
INSERT INTO words(words, rank) VALUES ('automerge', 8);
CREATE TABLE import(
  id TEXT PRIMARY KEY, db TEXT NOT NULL, source TEXT NOT NULL, made TEXT NOT NULL, withdrawn INTEGER NOT NULL,
  parts INTEGER NOT NULL,                              -- so many documents hold its rows
  reading TEXT NOT NULL, fields BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE import_month(
  source TEXT NOT NULL, month TEXT NOT NULL, import TEXT NOT NULL,
  state TEXT NOT NULL,                                 -- counts, superseded, withdrawn or incomplete
  PRIMARY KEY(source, month, import)) WITHOUT ROWID;
CREATE INDEX import_month_import ON import_month(import);
CREATE TABLE import_part(id TEXT PRIMARY KEY, db TEXT NOT NULL, import TEXT NOT NULL, branch TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX import_part_import ON import_part(import, branch);
CREATE TABLE hall(                                     -- the rows of imports; `told` is all that is kept of one
  import TEXT NOT NULL, row INTEGER NOT NULL, part TEXT NOT NULL, month TEXT NOT NULL, window TEXT NOT NULL,
  branch TEXT NOT NULL, kind TEXT NOT NULL, first TEXT NOT NULL, last TEXT NOT NULL, sound INTEGER NOT NULL,
  counts INTEGER NOT NULL, accepted INTEGER, concluded INTEGER, on_time INTEGER, early INTEGER, rated INTEGER,
  satisfied INTEGER, told BLOB NOT NULL, PRIMARY KEY(import, row)) WITHOUT ROWID;
CREATE INDEX hall_day ON hall(branch, last) WHERE counts;
CREATE INDEX hall_part ON hall(part);
CREATE TABLE directory(id TEXT PRIMARY KEY, type TEXT NOT NULL, name TEXT NOT NULL, branch TEXT NOT NULL,
  window TEXT NOT NULL, unit TEXT NOT NULL,
  gone TEXT NOT NULL) WITHOUT ROWID;                   -- the day on which a member left, "" while there
"""


def shape() -> str:
    """What a ledger depends on beside the store: with another program version it is made anew."""
    return f"{FORMAT} " + " ".join(f"{name}/{of.version}" for name, of in sorted(TYPES.items()))


def connect(path: Path, *, writing: bool = False, scratch: bool = False) -> sqlite3.Connection:
    """`scratch`: nobody else sees the file before it is whole, and nothing is taken out of it; broken off, it is begun again."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)
    connection.execute("PRAGMA busy_timeout=10000")
    connection.execute("PRAGMA cache_size=-65536")
    connection.execute("PRAGMA mmap_size=268435456")
    if scratch:
        for pragma in ("journal_mode=OFF", "synchronous=OFF"):
            connection.execute(f"PRAGMA {pragma}")
    elif writing:
        connection.execute("PRAGMA journal_mode=WAL")
        # Losing the last moments loses nothing: they are read from the feeds again.
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA wal_autocheckpoint=16384")
        # What people wrote lies here too: what is erased is overwritten.
        connection.execute("PRAGMA secure_delete=ON")
    else:
        connection.execute("PRAGMA query_only=ON")
    return connection


def prepare(path: Path, basis: str, *, scratch: bool = False) -> None:
    """Make sure that a ledger of this basis is there; one that is damaged, or of another basis, is made anew."""
    if path.exists() and _basis(path) == basis:
        return
    remove(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = connect(path, writing=True, scratch=scratch)
    try:
        connection.executescript("BEGIN IMMEDIATE;" + _TABLES + "COMMIT;")
        if SECURE_DELETE:
            connection.execute("INSERT INTO words(words, rank) VALUES ('secure-delete', 1)")
        connection.execute("INSERT INTO meta VALUES ('basis', ?)", [basis])
    finally:
        connection.close()


def remove(path: Path) -> None:
    for beside in ("", "-wal", "-shm"):
        path.with_name(path.name + beside).unlink(missing_ok=True)


def _basis(path: Path) -> str | None:
    try:
        connection = sqlite3.connect(path)
        try:
            found = connection.execute("SELECT value FROM meta WHERE key='basis'").fetchone()
            sound = connection.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok"
        finally:
            connection.close()
    except sqlite3.DatabaseError:
        return None
    return found[0] if found and sound else None
