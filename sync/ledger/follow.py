"""Decide how the ledger is brought up to date with a store: a page of a database's feed at a time, each once, in any order of
databases. Everything here may be broken off and begun again."""

from collections.abc import Awaitable, Callable, Sequence
from sqlite3 import Connection
from typing import Protocol

from schemas.canonical import NotCanonical
from sync.databases import kind_of
from sync.errors import NotFound
from sync.ledger import companions
from sync.ledger.ledger import Ledger
from sync.ledger.told import NOTHING_AHEAD, Ahead
from sync.reconcile.explain import seen_hash
from sync.reconcile.joining import joined
from sync.stores.contract import LEAVES, Page, Store, Want

PAGE = 1000

Read = Callable[[str, str], Awaitable[tuple[Page, Ahead]]]
"""(database, position) to the next page, and what is known already of what its documents say. Raises NotFound."""


class Erased(Protocol):
    """What is known to be erased for good."""

    @property
    def any(self) -> bool: ...

    def holds(self, doc: str) -> bool: ...


def is_followed(db: str) -> bool:
    return kind_of(db) in ("branch", "shared", "centre")


async def page_of(store: Store, db: str, position: str) -> tuple[Page, Ahead]:
    """The next page after a position; nothing of what its documents say was worked out. Raises NotFound."""
    return await store.changes(db, position, limit=PAGE, bodies=True), NOTHING_AHEAD


async def follow(store: Store, ledger: Ledger, db: str, erased: Erased, read: Read | None = None) -> tuple[str, bool]:
    """Take in the next page. Returns the position after it, and whether there was anything. Raises NotFound."""
    info = await store.info(db)
    known = await ledger.feed(db)
    if known is not None and known[0] != info.instance_start_time:
        # Dropped and made again under the same name: what was known of it is no more.
        await ledger.forget(db)
        known = None
    position = known[1] if known else "0"
    page, told = await (read(db, position) if read is not None else page_of(store, db, position))
    changes = [one for one in page.changes if not erased.holds(one.id)] if erased.any else page.changes
    if page.changes or known is None or page.last != position:
        await ledger.apply(db, info.instance_start_time, changes, page.last, told)
    return page.last, bool(page.changes)


async def judge(store: Store, ledger: Ledger, db: str) -> None:
    """Find out how records stand to the decisions about them."""
    while dues := await ledger.due("hash", db):
        try:
            seen = await hashes(store, ledger, db, [due.id for due in dues])
        except NotFound:
            await ledger.done("hash", dues)
            return
        await ledger.judged(db, [(due, seen.get(due.id, "")) for due in dues])


async def hashes(store: Store, ledger: Ledger, db: str, records: Sequence[str]) -> dict[str, str]:
    """What an approval of each record, as it lies in the store, is bound to: its live writes and the photos beside it."""
    digests = await ledger.read(lambda sql: photo_digests(sql, records))
    seen = {}
    for found in await store.get(db, [Want(one, LEAVES) for one in records]):
        if any(not one.deleted for one in found.revisions):
            try:
                seen[found.id] = f"sha256-{seen_hash(joined(found), digests.get(found.id, []))}"
            except NotCanonical:
                continue
    return seen


def photo_digests(sql: Connection, records: Sequence[str]) -> dict[str, list[str]]:
    """The digests of each record's photos, without those taken back."""
    told: dict[str, list[str]] = {}
    for record in records:
        rows = sql.execute("SELECT facts FROM companion WHERE record=? AND type='photo'", [record]).fetchall()
        facts = [companions.decode(row[0]) for row in rows]
        told[record] = [one.digest for one in facts if not one.withdrawn and one.digest]
    return told


def every_id(sql: Connection) -> list[tuple[str, str]]:
    """(database, id) of everything that the ledger knows of."""
    tables = ("record", "subject", "person", "companion", "import", "import_part")
    found = [row for table in tables for row in sql.execute(f"SELECT db, id FROM {table}").fetchall()]
    return found + sql.execute("SELECT db, id FROM document WHERE rev<>''").fetchall()


async def followed(store: Store) -> dict[str, int]:
    """Every database that is followed, in the order in which it is, and how many documents are in it."""
    # What branches share comes first: their records name subjects in it.
    names = sorted([one for one in await store.databases() if is_followed(one)], key=lambda db: kind_of(db) == "branch")
    return {name: await _documents(store, name) for name in names}


async def catch_up(
    store: Store,
    ledger: Ledger,
    erased: Erased,
    progress: Callable[[int, int], None] = lambda done, total: None,
    read: Read | None = None,
) -> None:
    """Follow every database to its end. `progress` is told after each page how many documents were read, and how many there are."""
    sizes = await followed(store)
    done, total = 0, sum(sizes.values())
    for db in sizes:
        so_far, more = 0, True
        while more:
            _, more = await follow(store, ledger, db, erased, read)
            so_far = min(so_far + PAGE, sizes[db])
            progress(done + so_far, total)
        done += sizes[db]
    for db in await ledger.due_databases("hash"):
        await judge(store, ledger, db)


async def _documents(store: Store, db: str) -> int:
    info = await store.info(db)
    return info.documents + info.deleted
