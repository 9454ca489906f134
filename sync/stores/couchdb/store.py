"""The store for a province: what the contract asks for, on a CouchDB (ST…, CS…).

What CouchDB says passes through where nobody's rights narrow it; otherwise the sidecar is asked (`narrowed`).
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from sync.documents import encode
from sync.errors import AlreadyExists, Conflict, NotFound, StoreUnavailable
from sync.stores.contract import (
    Attachment,
    AudienceOf,
    Edit,
    Found,
    Info,
    Missing,
    Page,
    Range,
    Readers,
    Result,
    Row,
    Want,
    Write,
)
from sync.stores.couchdb import read, write
from sync.stores.couchdb.admin import Admin
from sync.stores.couchdb.following import Followers
from sync.stores.couchdb.gathering import Gathering
from sync.stores.couchdb.narrowed import Narrowed, couchdb_position
from sync.stores.couchdb.read import Held
from sync.stores.couchdb.sidecar import Sidecar
from sync.stores.couchdb.wire import CONNECTIONS_MAX, Wire, decoder
from sync.stores.waiting import WaitingRoom

OWN = "fieldbook"
"""The database in which the store keeps what it must know of itself. Nobody reaches it through the contract."""

COMPACTING_SECONDS = 0.2
DATABASES_SECONDS = 2.0
"""For so long the list of databases is believed: what other processes make or drop is seen after it (CS3)."""

PURGE_MAX = 100
"""Documents in one `_purge`: CouchDB's `[purge] max_document_id_number`."""


class _Welcome(msgspec.Struct):
    couchdb: str
    version: str


class _Own(msgspec.Struct):
    incarnation: str
    rev: str = msgspec.field(name="_rev", default="")


class _Revised(msgspec.Struct):
    rev: str


class _Purged(msgspec.Struct):
    purged: dict[str, list[str]]


_read_welcome, _read_own, _read_revised = decoder(_Welcome), decoder(_Own), decoder(_Revised)
_read_purged, _read_depth = decoder(_Purged), decoder(int)


class CouchStore:
    """`url` is CouchDB's root, with an administrator's name and password in it. Only databases whose names begin with `prefix` are its
    own. `sidecar`: the file of the index of readers, of this process alone; None keeps it in memory."""

    incarnation: str

    def __init__(
        self,
        url: str,
        audience_of: AudienceOf,
        *,
        prefix: str = "",
        sidecar: Path | None = None,
        connections_max: int = CONNECTIONS_MAX,
    ) -> None:
        self.prefix = prefix
        self._wire = Wire(url, prefix, connections_max)
        self._admin = Admin(url, prefix, self._wire.shown)
        self._room = WaitingRoom()
        self._narrowed = Narrowed(self._wire, Sidecar(sidecar), audience_of, self._room)
        self._followers = Followers(self._wire, self._room, self._start, self._rung, self._gone)
        self._reading = Gathering(self._held)
        self._writing = Gathering(self._together)
        self._known: list[str] = []
        self._known_until = 0.0
        self._made = 0
        self._listing = asyncio.Lock()

    async def open(self) -> None:
        """Raises StoreUnavailable."""
        await self._wire.open()
        try:
            _read_welcome(await self._wire.read("/"))
            self.incarnation = await self._own_incarnation()
            await self._narrowed.open(self.incarnation)
        except BaseException:
            await self._wire.close()
            raise

    def wake(self) -> None:
        self._room.tell_all()

    async def close(self) -> None:
        self._room.tell_all()
        await self._followers.close()
        await self._reading.close()
        await self._writing.close()
        await self._narrowed.close()
        await self._wire.close()

    async def databases(self) -> list[str]:
        clock = asyncio.get_running_loop().time
        if clock() >= self._known_until:
            async with self._listing:
                while clock() >= self._known_until:
                    made = self._made
                    self._known = sorted(name for name in await self._admin.databases() if name != OWN)
                    if made == self._made:
                        self._known_until = clock() + DATABASES_SECONDS
        return self._known

    async def create(self, db: str) -> None:
        if db == OWN or db.startswith("_"):
            raise AlreadyExists(database=db)
        try:
            await self._admin.create(db)
        finally:
            # A list that was asked for before does not hold it; nor does it where somebody else is making it just now.
            self._made += 1
            self._known_until = 0.0

    async def drop(self, db: str) -> None:
        self._check(db)
        await self._admin.drop(db)
        await self._narrowed.forget(db)
        self._gone(db)

    async def info(self, db: str) -> Info:
        self._check(db)
        return await read.info(self._wire, db)

    async def add(self, db: str, items: Sequence[Write | Edit]) -> list[Result]:
        self._check(db)
        return await write.add(self._wire, db, items, self._writing.ask)

    async def missing(self, db: str, revs: Mapping[str, Sequence[str]]) -> dict[str, Missing]:
        self._check(db)
        return await read.missing(self._wire, db, revs)

    async def get(self, db: str, wants: Sequence[Want], *, bodies: bool = True) -> list[Found]:
        self._check(db)
        found, held = await read.get(self._wire, db, wants)
        return await self._with_audiences(db, found, list(held.values()))

    async def leaves(self, db: str, ids: Sequence[str]) -> dict[str, Found]:
        self._check(db)
        held = [one for one in await self._reading.ask(db, list(dict.fromkeys(ids))) if one.leaves]
        found = await self._with_audiences(db, [read.whole(one) for one in held], held) if held else []
        return {one.id: one for one in found}

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
        self._check(db)
        if reader is not None and self._narrowed.ruled(db):
            return await self._narrowed.changes(db, since, limit, descending, bodies, ids, reader)
        told = await read.feed(
            self._wire, db, couchdb_position(since), limit=limit, descending=descending, bodies=bodies, ids=ids
        )
        return read.page_of(told)

    async def wait(self, db: str, since: str, reader: Readers | None, timeout_seconds: float) -> bool:
        self._check(db)
        waiting = self._room.enter(db, reader)
        try:
            await self._followers.ensure(db)
            if await self._anything(db, since, reader):
                self._room.leave(db, waiting)
                return True
        except BaseException:
            self._room.leave(db, waiting)
            raise
        woken = await self._room.wait(db, waiting, timeout_seconds)
        if woken:
            with suppress(StoreUnavailable):
                if db not in await self.databases():
                    raise NotFound("Database does not exist.", database=db)
        return woken

    async def rows(
        self, db: str, span: Range, *, bodies: bool = False, reader: Readers | None = None
    ) -> tuple[list[Row], int, int]:
        self._check(db)
        if reader is not None and self._narrowed.ruled(db):
            return await self._narrowed.rows(db, span, bodies, reader)
        return await read.rows(self._wire, db, span, bodies)

    async def read_attachment(
        self, db: str, doc: str, attachment: Attachment, name: str, rev: str
    ) -> AsyncIterator[bytes]:
        self._check(db)
        return read.attachment(self._wire, db, doc, attachment, name, rev)

    async def local(self, db: str, doc: str) -> tuple[str, bytes] | None:
        self._check(db)
        return await read.local(self._wire, db, doc)

    async def put_local(self, db: str, doc: str, parent: str | None, body: bytes | None) -> str:
        """CouchDB itself does not compare revisions of local documents: they are read first, so two processes that write one at the same
        moment are not told apart (CS7)."""
        held = await self.local(db, doc)
        known = None if held is None else held[0]
        if body is None and known is None:
            raise NotFound(document=doc)
        if parent != known:
            raise Conflict(document=doc)
        path = self._wire.path(db, f"_local/{doc}")
        if body is None:
            await self._wire.write("DELETE", path, {"rev": known or ""}, db=db)
            return "0-0"
        text = b'{"_id":' + encode(f"_local/{doc}") + (b',"_rev":' + encode(known) if known else b"")
        text += (b"," + body[1:-1] if len(body) > 2 else b"") + b"}"
        revised: _Revised = _read_revised(await self._wire.write("PUT", path, None, text, db=db))
        return revised.rev

    async def local_rows(self, db: str) -> list[tuple[str, str, bytes]]:
        self._check(db)
        return await read.local_rows(self._wire, db)

    async def revs_limit(self, db: str) -> int:
        self._check(db)
        depth: int = _read_depth(await self._wire.read(self._wire.path(db, "_revs_limit"), db=db))
        return depth

    async def set_revs_limit(self, db: str, depth: int) -> None:
        self._check(db)
        await self._wire.write("PUT", self._wire.path(db, "_revs_limit"), None, str(depth).encode(), db=db)

    async def compact(self, db: str, ids: Sequence[str] | None = None) -> None:
        """Asks for it, and (unless it is about some documents, of a database that may be large) waits while CouchDB says that it is at
        it: CouchDB compacts whole databases. Tombstones whose ancestors go are looked at before."""
        self._check(db)
        if self._narrowed.ruled(db):
            await self._narrowed.catch_up(db)
        await self._wire.write("POST", self._wire.path(db, "_compact"), None, b"{}", db=db)
        while ids is None and await read.compacting(self._wire, db):  # noqa: ASYNC110  # CouchDB tells nobody when it is done
            await asyncio.sleep(COMPACTING_SECONDS)

    async def erase(self, db: str, revs: Mapping[str, Sequence[str] | None]) -> dict[str, list[str]]:
        self._check(db)
        held = await read.held(self._wire, db, list(revs))
        asked: dict[str, list[str]] = {}
        for doc, named in revs.items():
            leaves = [leaf.stored.rev for leaf in held[doc].leaves]
            asked[doc] = [rev for rev in leaves if named is None or rev in named]
        due = [(doc, some) for doc, some in asked.items() if some]
        gone: dict[str, list[str]] = {}
        for at in range(0, len(due), PURGE_MAX):
            body = encode(dict(due[at : at + PURGE_MAX]))
            purged: _Purged = _read_purged(
                await self._wire.write("POST", self._wire.path(db, "_purge"), None, body, db=db)
            )
            gone |= {doc: some for doc, some in purged.purged.items() if some}
        if self._narrowed.ruled(db):
            await self._narrowed.remove(db, [doc for doc, some in gone.items() if len(some) == len(held[doc].leaves)])
        return gone

    async def new_incarnation(self) -> str:
        """After CouchDB was restored from a backup (ST9). The notes of replicators go first: broken off, it is begun again."""
        for db in await self.databases():
            for doc, rev, body in await self.local_rows(db):
                if isinstance(msgspec.json.decode(body, type=dict[str, Any]).get("history"), list):
                    await self.put_local(db, doc, rev, None)
        held: _Own = _read_own(await self._wire.read(self._own_path()))
        fresh = secrets.token_hex(4)
        await self._wire.write("PUT", self._own_path(), None, encode({"_rev": held.rev, "incarnation": fresh}))
        await self._narrowed.open(fresh)
        self.incarnation = fresh
        return fresh

    async def _with_audiences(self, db: str, found: list[Found], held: Sequence[Held]) -> list[Found]:
        if self._narrowed.ruled(db):
            audiences = await self._narrowed.audiences(db, held)
            for one in found:
                one.audience = audiences[one.id]
        return found

    async def _held(self, db: str, ids: Sequence[str]) -> list[Held]:
        held = await read.held(self._wire, db, list(dict.fromkeys(ids)))
        return [held[doc] for doc in ids]

    async def _together(self, db: str, items: Sequence[Write | Edit]) -> list[Result]:
        return await write.together(self._wire, db, items)

    async def _own_incarnation(self) -> str:
        """Made when the store is opened for the first time; of several processes that open it at once, one makes it."""
        try:
            held: _Own = _read_own(await self._wire.read(self._own_path()))
            return held.incarnation
        except NotFound:
            pass
        with suppress(AlreadyExists):
            await self._admin.create(OWN)
        with suppress(Conflict):
            await self._wire.write("PUT", self._own_path(), None, encode({"incarnation": secrets.token_hex(4)}))
        held = _read_own(await self._wire.read(self._own_path()))
        return held.incarnation

    def _own_path(self) -> str:
        return self._wire.path(OWN, "store")

    def _check(self, db: str) -> None:
        if db == OWN or (db.startswith("_") and not self._wire.prefix):
            raise NotFound("Database does not exist.", database=db)

    async def _anything(self, db: str, since: str, reader: Readers | None) -> bool:
        if reader is not None and self._narrowed.ruled(db):
            return await self._narrowed.anything(db, since, reader)
        position = couchdb_position(since)
        if position == self._followers.at.get(db):
            return False
        return bool((await read.feed(self._wire, db, position, limit=1)).results)

    async def _start(self, db: str) -> str:
        if self._narrowed.ruled(db):
            return (await self._narrowed.catch_up(db)).seq
        return (await read.feed(self._wire, db, "now", limit=1)).last_seq

    async def _rung(self, db: str) -> None:
        if self._narrowed.ruled(db):
            await self._narrowed.catch_up(db)
        else:
            self._room.tell(db, [None])

    def _gone(self, db: str) -> None:
        self._made += 1
        self._known_until = 0.0
        self._room.tell(db, [None])
