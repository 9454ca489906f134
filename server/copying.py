"""Decide how whole databases go from one place to another: a server, a CouchDB, or a data directory that no server uses."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from urllib.parse import quote

import aiohttp
import click

from server.data import locked
from sync.databases import OFFICE, audience_of
from sync.erasure import KEY as ERASURE_KEY
from sync.erasure import Erasures
from sync.errors import AlreadyExists, BadRequest, FieldbookError
from sync.peers import Peer, StorePeer, Unreachable, UrlPeer
from sync.replicator import Outcome, replicate
from sync.stores.sqlite import SqliteStore

AGAIN_SECONDS, WAIT_SECONDS = 10.0, 50.0
SHOWN_EVERY_CHANGES = 5_000


class Incomplete(FieldbookError):
    code = "incomplete"


async def copy(source: str, target: str, everything: bool, create: bool, continuous: bool) -> None:
    async with AsyncExitStack() as stack:
        places = [await stack.enter_async_context(_opened(place, everything)) for place in (source, target)]
        # First what was erased: it is not taken back with the rest.
        names = sorted(await places[0].databases(), key=lambda db: (db != OFFICE, db)) if everything else [""]
        copied = [await _copy(places, name, create) for name in names]
        if continuous:
            await asyncio.gather(*[_follow(places, name) for name in names])
        failed = [one for one in copied if not one.complete]
        if failed:
            raise Incomplete(
                f"{sum(len(one.refused) for one in failed)} revisions did not arrive: see the lines above."
            )


async def _copy(places: "list[Place]", name: str, create: bool) -> Outcome:
    source, target = (place.peer(name) for place in places)
    if create:
        await places[1].create(name)
    shown = 0

    def progress(outcome: Outcome) -> None:
        nonlocal shown
        if outcome.read - shown >= SHOWN_EVERY_CHANGES:
            shown = outcome.read
            click.echo(f"{target.name}: {outcome.read} changes read, {outcome.written} revisions written …")

    outcome = await replicate(source, target, secrets.token_hex(16), progress)
    _tell(target, outcome)
    if name == OFFICE:
        await _share_key(source, target)
        await places[1].read_erased()
    return outcome


async def _share_key(source: Peer, target: Peer) -> None:
    """The list of what was erased means nothing without its key, which is a local document: no replication carries it."""
    key, held = await source.local(ERASURE_KEY), await target.local(ERASURE_KEY)
    if key is not None and held is None:
        await target.put_local(ERASURE_KEY, key)
    elif key is not None and key != held:
        what = "keeps a list of its own of what was erased: that of the source does not hold there."
        click.echo(f"{target.name} {what} Copy into a new data directory to take it along.", err=True)


def _tell(target: Peer, outcome: Outcome) -> None:
    for one in outcome.refused:
        click.echo(f"not arrived: {one.id} {one.rev}: {one.reason}", err=True)
    state = "complete" if outcome.complete else f"NOT complete, {len(outcome.refused)} revisions did not arrive"
    click.echo(f"{target.name}: {outcome.read} changes read, {outcome.written} revisions written; {state}.")


async def _follow(places: "list[Place]", name: str) -> None:
    source, target = (place.peer(name) for place in places)
    while True:
        try:
            outcome = await replicate(source, target, secrets.token_hex(16))
            if outcome.written:
                _tell(target, outcome)
            await source.wait(outcome.last, WAIT_SECONDS)
        except Unreachable as error:
            click.echo(f"{error.reason} Trying again.", err=True)
            await asyncio.sleep(AGAIN_SECONDS)


class Place:
    """Where databases are: a server behind a URL, or an opened store. A name of "" is the database that the place itself names."""

    def __init__(self, where: str, store: SqliteStore | None, session: aiohttp.ClientSession) -> None:
        self._where, self._store, self._session = where.rstrip("/"), store, session
        self._erasures = Erasures(store) if store is not None else None

    async def read_erased(self) -> None:
        """A new directory has no list yet, and must not begin one with a key of its own."""
        if self._erasures is None or self._store is None or OFFICE not in await self._store.databases():
            return
        if await self._store.local(OFFICE, ERASURE_KEY) is not None:
            await self._erasures.load()

    async def databases(self) -> list[str]:
        if self._store is not None:
            return await self._store.databases()
        # CouchDB's own are no centre's.
        return [name for name in await self._url("").databases() if not name.startswith("_")]

    async def create(self, name: str) -> None:
        if self._store is None:
            await self._url(name).create()
            return
        try:
            await self._store.create(name or Path(self._where).name)
        except AlreadyExists:
            return

    def peer(self, name: str) -> Peer:
        if self._store is None:
            return self._url(name)
        name = name or Path(self._where).name
        erased = self._erasures.holds if self._erasures is not None else lambda _: False
        return StorePeer(self._store, name, f"{self._store.path}#{name}", erased)

    def _url(self, name: str) -> UrlPeer:
        return UrlPeer(self._session, f"{self._where}/{quote(name, safe='')}" if name else self._where)


@asynccontextmanager
async def _opened(place: str, everything: bool) -> AsyncIterator[Place]:
    """Raises Busy for a directory that a server uses: then its address is the place."""
    async with aiohttp.ClientSession() as session:
        if place.startswith(("http://", "https://")):
            yield Place(place, None, session)
            return
        directory = _directory(place, everything)
        with locked(directory, "command"):
            store = SqliteStore(directory / "store", audience_of)
            await store.open()
            try:
                opened = Place(place, store, session)
                await opened.read_erased()
                yield opened
            finally:
                await store.close()


def _directory(place: str, everything: bool) -> Path:
    path = Path(place).absolute()
    directory = path if everything else path.parent
    if "://" in place or (not everything and not directory.exists()):
        raise BadRequest(f"{place} is neither http(s)://… nor a database of a data directory.", code="bad_place")
    return directory
