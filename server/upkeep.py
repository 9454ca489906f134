"""Decide how an embedded store is checked, backed up and restored without its server: other processes may read its file at any
time, and only the one that holds the data directory writes (SE10 to SE12)."""

import asyncio
import hashlib
import secrets
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from server.audit import Audit
from server.data import locked
from server.erased_since import bring, check_same, list_in
from server.office import Office
from server.settings import Settings
from server.stores import open_store
from sync.databases import OFFICE, audience_of
from sync.errors import AlreadyExists, BadRequest, NotFound
from sync.stores.sqlite import SqliteStore
from sync.stores.sqlite.blobs import Blobs
from sync.stores.sqlite.schema import begin_again, connect, prepare

_READ_BYTES = 1024 * 1024


class Checked(NamedTuple):
    documents: int
    attachments: int
    problems: list[str]


def check_store(settings: Settings) -> Checked:
    """Read the whole file and every attachment. Raises NotFound when there is no store, StoreDamaged when it is none."""
    store = _store(settings)
    prepare(store.path, "")
    problems: list[str] = []
    with closing(connect(store.path)) as connection:
        verdicts = [verdict for (verdict,) in connection.execute("PRAGMA integrity_check")]
        problems += [f"{store.path}: {verdict}" for verdict in verdicts if verdict != "ok"]
        (documents,) = connection.execute("SELECT count(*) FROM doc").fetchone()
        bodyless = connection.execute(
            "SELECT doc.id FROM doc LEFT JOIN body ON body.body = doc.body WHERE body.body IS NULL LIMIT 100"
        )
        problems += [f"document {doc}: its text is missing" for (doc,) in bodyless]
        blobs = [blob for (blob,) in connection.execute("SELECT DISTINCT blob FROM attachment ORDER BY blob")]
    for blob in blobs:
        found = _hash(store.blobs.path(blob))
        if found != blob:
            problems.append(f"attachment {store.blobs.path(blob)}: {'missing' if found is None else 'changed'}")
    return Checked(documents, len(blobs), problems)


def back_up(settings: Settings, directory: Path) -> None:
    """A consistent copy, also while a server writes. Raises AlreadyExists, NotFound."""
    store = _store(settings)
    if (directory / "store.sqlite3").exists():
        raise AlreadyExists(f"{directory} holds a store already: name an empty directory.")
    asyncio.run(store.backup(directory))


def restore_backup(settings: Settings, backup: Path, erased_from: Path | None = None) -> int:
    """Copy a backup to where a server expects its store, under a new incarnation, so that every tablet starts from its beginning.
    `erased_from`: a data directory or later backup, from which the list of what was erased is taken along; returns how much the backup's
    lacked of it.

    Raises NotFound when `backup` is none, AlreadyExists when the data directory holds a store, BadRequest, Busy, StoreDamaged."""
    source = backup / "store.sqlite3"
    if not source.exists():
        raise NotFound(f"{backup} is no backup: it holds no store.sqlite3.")
    prepare(source, "")
    later = None if erased_from is None else list_in(erased_from)
    if later is not None:
        check_same(list_in(backup), later)
    target = settings.directory / "store"
    with locked(settings.directory, "command"):
        if (target / "store.sqlite3").exists():
            raise AlreadyExists(f"{target} holds a store already: restore into a new data directory.")
        part = target / "part" / "store.sqlite3"
        shutil.rmtree(part.parent, ignore_errors=True)
        part.parent.mkdir(parents=True)
        with closing(sqlite3.connect(source)) as held, closing(sqlite3.connect(part, isolation_level=None)) as copy:
            held.backup(copy)
            copy.execute("PRAGMA synchronous=FULL")
            begin_again(copy, secrets.token_hex(4))
            copy.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        brought = 0 if later is None else asyncio.run(bring(part.parent, later))
        with closing(sqlite3.connect(part, isolation_level=None)) as copy:
            copy.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        kept = Blobs(target / "blobs")
        for path in Blobs(backup / "blobs").all():
            kept.keep(path)
        # Last, so that a restore that was broken off is not taken for a store.
        for beside in ("-wal", "-shm"):
            part.with_name(part.name + beside).unlink(missing_ok=True)
        part.replace(target / "store.sqlite3")
        shutil.rmtree(part.parent)
    return brought


def begin_anew(settings: Settings) -> int:
    """Give the store a new incarnation; returns how many databases it has. Raises NotFound when there is no store, Busy,
    StoreUnavailable."""
    if settings.store == "sqlite":
        _store(settings)
    store = open_store(settings)

    async def work() -> int:
        await store.open()
        try:
            databases = await store.databases()
            if not databases:
                raise NotFound("There are no databases: name the store with --store, or the directory with --data.")
            fresh = await store.new_incarnation()
            if OFFICE in databases:
                trail = Audit(Office(store), lambda: datetime.now(UTC), lambda: secrets.token_hex(4))
                await trail.write("restored", None, incarnation=fresh)
            return len(databases)
        finally:
            await store.close()

    with locked(settings.directory, "command"):
        return asyncio.run(work())


def _store(settings: Settings) -> SqliteStore:
    if settings.store != "sqlite":
        raise BadRequest("A CouchDB store is checked and backed up with CouchDB's own tools.", code="bad_setting")
    store = SqliteStore(settings.directory / "store", audience_of)
    if not store.path.exists():
        raise NotFound(f"There is no store in {settings.directory}: name the directory with --data.")
    return store


def _hash(path: Path) -> str | None:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_READ_BYTES):
                digest.update(chunk)
    except FileNotFoundError:
        return None
    return digest.hexdigest()
