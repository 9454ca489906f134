"""Decide how a desk that is open learns that something it may read has changed (LV…): which branch and which type of document, never what
it says. The ledger's commit wakes it, so what it then asks for is counted already.

A listener costs a task, a set entry and one intersection a commit. What comes while it is told is told together a moment later.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from server.doorkeeper import Asking, Doorkeeper
from sync.actor import Actor
from sync.databases import OFFICE
from sync.documents import encode
from sync.errors import FieldbookError
from sync.ledger.ledger import News, Topic
from sync.quarantine import PREFIX as QUARANTINE
from sync.stores.contract import Store

BEAT_SECONDS = 20.0
"""Under what proxies wait for a byte (nginx: 60 s), and often enough to notice a session that has ended elsewhere."""
PACE_SECONDS = 0.5
"""A desk is told at most so often: while tablets sync there is a commit every few milliseconds."""
AGAIN_SECONDS = 1.0

_TABLETS = ("tablet:", "tablet-report:")
_LOGINS = ("session:", "account:", "token:", "tablet:")

log = logging.getLogger(__name__)


class Listener:
    """One desk that listens. `actor`: as it was proved last."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor
        self.news: set[Topic] = set()
        self.woken = asyncio.Event()

    def hear(self, news: News) -> None:
        reader = self.actor.reader
        mine = {topic for topic, of in news.items() if reader is None or not of.isdisjoint(reader)}
        if mine:
            self.news |= mine
            self.woken.set()

    async def wait(self, seconds: float) -> None:
        """Until there is something to look at, or the time is up."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.woken.wait(), seconds)
        self.woken.clear()


async def _no_branch(_: str) -> str | None:
    return None


class Live:
    """`stopping`: set when the server stops; `stop` is called then. `branch_of_tablet`: in which branch who has it works."""

    def __init__(
        self,
        store: Store,
        doorkeeper: Doorkeeper,
        stopping: asyncio.Event,
        branch_of_tablet: Callable[[str], Awaitable[str | None]] = _no_branch,
    ) -> None:
        self._store = store
        self._branch_of_tablet = branch_of_tablet
        self._doorkeeper = doorkeeper
        self._stopping = stopping
        self._listeners: set[Listener] = set()

    def __len__(self) -> int:
        return len(self._listeners)

    def tell(self, news: Callable[[], News]) -> None:
        """Something was committed. What, is worked out only where somebody listens."""
        if self._listeners:
            told = news()
            for listener in self._listeners:
                listener.hear(told)

    def look(self, document: str) -> None:
        """A document of `office` changed: whoever's log-in has ended is told so."""
        if document.startswith(_LOGINS):
            self.stop()

    def stop(self) -> None:
        """All look at once whether they may go on."""
        for listener in self._listeners:
            listener.woken.set()

    async def stream(self, asking: Asking, actor: Actor) -> AsyncIterator[bytes]:
        """Server-sent events: `here` at the beginning, `changed`, `beat` when there is nothing to tell, `ended` when the log-in has
        ended. It stops without a word when the server does, and the desk comes back."""
        with self._listening(actor) as listener:
            yield _event("here", {"beat_seconds": BEAT_SECONDS})
            while True:
                await listener.wait(BEAT_SECONDS)
                if self._stopping.is_set():
                    return
                now = await self._proved(asking)
                if now is None:
                    yield _event("ended", {})
                    return
                listener.actor = now
                told, listener.news = sorted(listener.news), set()
                if told:
                    yield _event("changed", {"changes": [{"branch": of, "type": name} for of, name in told]})
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._stopping.wait(), PACE_SECONDS)
                else:
                    yield _event("beat", {})

    async def run(self) -> None:
        """Follow what is quarantined and what becomes of tablets, which is not in the ledger, for as long as the server runs."""
        at = "now"
        while True:
            try:
                page = await self._store.changes(OFFICE, at)
                if any(change.id.startswith(QUARANTINE) for change in page.changes):
                    self.tell(lambda: {("", "quarantine"): frozenset()})
                await self._tell_of_tablets([one.id for one in page.changes if one.id.startswith(_TABLETS)])
                at = page.last
                await self._store.wait(OFFICE, at, None, 60)
            except Exception:
                log.exception("what is quarantined and tablets cannot be followed: desks are not told of it meanwhile")
                await asyncio.sleep(AGAIN_SECONDS)

    async def _tell_of_tablets(self, documents: Sequence[str]) -> None:
        if documents and self._listeners:
            tablets = {one.partition(":")[2] for one in documents}
            branches = {await self._branch_of_tablet(one) or "" for one in tablets}
            self.tell(lambda: {(one, "tablet"): frozenset({f"secretary:{one}"}) for one in branches})

    @contextmanager
    def _listening(self, actor: Actor) -> Iterator[Listener]:
        listener = Listener(actor)
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    async def _proved(self, asking: Asking) -> Actor | None:
        try:
            return await self._doorkeeper.actor(asking)
        except FieldbookError:
            return None


def _event(name: str, data: dict[str, Any]) -> bytes:
    return b"event: " + name.encode() + b"\ndata: " + encode(data) + b"\n\n"
