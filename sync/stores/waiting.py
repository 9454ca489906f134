"""Decide who is woken when something is written: only those who may read some of it.

Thousands of tablets wait at once; each write must cost the few that it concerns, and a waiting tablet must cost nothing.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from sync.stores.contract import Readers


class _Waiting(NamedTuple):
    reader: Readers | None
    woken: asyncio.Event


class WaitingRoom:
    def __init__(self) -> None:
        self._waiting: dict[str, set[_Waiting]] = defaultdict(set)

    def enter(self, db: str, reader: Readers | None) -> _Waiting:
        waiting = _Waiting(reader, asyncio.Event())
        self._waiting[db].add(waiting)
        return waiting

    async def wait(self, db: str, waiting: _Waiting, timeout_seconds: float) -> bool:
        """Until told, or until the time is up (False). Leaves the room either way."""
        try:
            async with asyncio.timeout(timeout_seconds):
                await waiting.woken.wait()
            return True
        except TimeoutError:
            return False
        finally:
            self.leave(db, waiting)

    def leave(self, db: str, waiting: _Waiting) -> None:
        self._waiting[db].discard(waiting)
        if not self._waiting[db]:
            del self._waiting[db]

    def occupied(self, db: str) -> bool:
        return db in self._waiting

    def tell(self, db: str, audiences: Iterable[Readers | None]) -> None:
        """Something was written that these audiences may read (None: all who reach the database)."""
        room = self._waiting.get(db)
        if not room:
            return
        known = list(audiences)
        everyone = any(audience is None for audience in known)
        for waiting in room:
            if everyone or waiting.reader is None or any(audience and waiting.reader & audience for audience in known):
                waiting.woken.set()

    def tell_all(self) -> None:
        """The server stops: nobody waits any longer."""
        for room in self._waiting.values():
            for waiting in room:
                waiting.woken.set()
