"""Decide who is woken when something is written to CouchDB: one continuous feed a database rings for all who wait for it here.

A feed is opened when the first one waits, opened again when it breaks, and closed when at a heartbeat nobody is waiting (CS6).
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import msgspec

from sync.errors import NotFound, StoreUnavailable
from sync.stores.couchdb.wire import Wire
from sync.stores.waiting import WaitingRoom

HEARTBEAT_SECONDS = 20
PAUSE_SECONDS_MAX = 10.0

log = logging.getLogger(__name__)


class _Seq(msgspec.Struct):
    """A line of the feed; the last one, when CouchDB ends it, has no `seq`."""

    seq: str | None = None


_decode = msgspec.json.Decoder(_Seq).decode


class Followers:
    """`start` gives the position to follow a database from; `rung` is called after each burst and tells those whom it concerns;
    `gone` when the database was dropped."""

    def __init__(
        self,
        wire: Wire,
        room: WaitingRoom,
        start: Callable[[str], Awaitable[str]],
        rung: Callable[[str], Awaitable[None]],
        gone: Callable[[str], None],
    ) -> None:
        self._wire = wire
        self._room = room
        self._start = start
        self._rung = rung
        self._gone = gone
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._ready: dict[str, asyncio.Future[None]] = {}
        self.at: dict[str, str] = {}
        """The position up to which each followed database has rung."""

    async def ensure(self, db: str) -> None:
        """Whatever is written from now on rings. Call it after entering the room. Raises NotFound, StoreUnavailable."""
        if db not in self._tasks:
            self._ready[db] = asyncio.get_running_loop().create_future()
            self._tasks[db] = asyncio.create_task(self._follow(db, self._ready[db]))
        await asyncio.shield(self._ready[db])

    async def close(self) -> None:
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _follow(self, db: str, ready: asyncio.Future[None]) -> None:
        try:
            self.at[db] = await self._start(db)
            ready.set_result(None)
            await self._listen(db)
        except NotFound as error:
            if not ready.done():
                ready.set_exception(error)
            self._gone(db)
        except Exception as error:
            if not ready.done():
                ready.set_exception(error)
            else:
                log.exception("the feed of a database ended; the next one who waits opens it again")
                self._room.tell(db, [None])
        finally:
            if not ready.done():
                ready.cancel()
            elif not ready.cancelled():
                ready.exception()  # Nobody may be left to hear of it.
            self._tasks.pop(db, None)
            self.at.pop(db, None)

    async def _listen(self, db: str) -> None:
        pause = 0.1
        query = {"feed": "continuous", "heartbeat": str(HEARTBEAT_SECONDS * 1000)}
        while True:
            try:
                path = self._wire.path(db, "_changes")
                async with self._wire.stream("GET", path, query | {"since": self.at[db]}, db=db) as response:
                    await self._rung(db)
                    pause = 0.1
                    rest = b""
                    async for chunk in response.content.iter_any():
                        *lines, rest = (rest + chunk).split(b"\n")
                        if await self._heard(db, lines):
                            return
            except StoreUnavailable as error:
                log.warning("the feed of a database broke and is opened again: %s", error.reason)
            await asyncio.sleep(pause)
            pause = min(pause * 2, PAUSE_SECONDS_MAX)

    async def _heard(self, db: str, lines: list[bytes]) -> bool:
        """Ring for whole lines; an empty one is a heartbeat. Returns whether to stop, since nobody is waiting."""
        seqs = [seq for line in lines if line and (seq := _decode(line).seq)]
        if seqs:
            self.at[db] = seqs[-1]
            await self._rung(db)
            return False
        return bool(lines) and not self._room.occupied(db)
