"""Decide what is written down of who did what: lines `audit:<time-ordered id>` in `office` that nobody changes (AD…).

Administration is on disk before it is answered. Deliveries by sync are gathered for up to a second: a pull in many small
steps is one line, and a sync that brought nothing is none.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from server.office import Office
from sync.actor import Actor
from sync.databases import OFFICE
from sync.documents import encode
from sync.errors import Conflict, FieldbookError
from sync.stores.contract import Edit

PREFIX = "audit"
GATHER_SECONDS = 0.8
QUEUE_MAX = 20_000
"""Lines kept in memory while the store cannot take them."""

log = logging.getLogger(__name__)


class Audit:
    """`new_id`: 8 random characters, so that two servers on one store never make one id."""

    def __init__(self, office: Office, now: Callable[[], datetime], new_id: Callable[[], str]) -> None:
        self._office = office
        self._now = now
        self._new_id = new_id
        self._queue: list[dict[str, Any]] = []
        self._open: dict[tuple[str, str | None, str], dict[str, Any]] = {}
        self._last = (0, 0)
        self._due = asyncio.Event()
        self._writing = asyncio.Lock()
        self.lost = 0
        """Lines that no memory was left for while the store was away."""

    async def write(self, kind: str, actor: Actor | None, **facts: object) -> None:
        """On disk when this returns, with everything that was waiting."""
        self.note(kind, actor, **facts)
        await self.flush()

    def note(self, kind: str, actor: Actor | None, **facts: object) -> None:
        """On disk within a second."""
        self._put(self._line(kind, actor, facts))

    def delivery(self, actor: Actor, db: str, since: str, last: str, count: int) -> None:
        """`count` documents went to this actor's tablet, between the two tokens. Costs no I/O."""
        if not count:
            return
        key = (actor.name, actor.device, db)
        line = self._open.get(key)
        if line is not None and line["to"] == since:
            line["to"] = last
            line["count"] += count
            return
        facts = {"db": db, "from": since, "to": last, "count": count}
        self._open[key] = line = self._line("delivery", actor, facts)
        self._put(line)

    def read(self, actor: Actor, records: Iterable[str]) -> None:
        """These records of persons were shown on the desk."""
        self.note("read", actor, records=sorted(records))

    async def flush(self) -> None:
        """Write what is waiting. Raises when the store cannot take it; the lines stay."""
        async with self._writing:
            lines, self._queue, self._open = self._queue, [], {}
            if not lines:
                return
            try:
                edits = [Edit(line.pop("_id"), None, line, encode(line)) for line in lines]
                results = await self._office.store.add(OFFICE, edits)
            except BaseException:
                for edit, line in zip(edits, lines, strict=True):
                    line["_id"] = edit.id
                self._queue = lines + self._queue
                raise
            for result in results:
                # One that is there already was written by a flush that was broken off: its id is nobody else's.
                if isinstance(result, FieldbookError) and not isinstance(result, Conflict):
                    self.lost += 1
                    log.error("a line of the audit was refused by the store: %s", result)

    async def run(self) -> None:
        """Flush within a second of each line, for as long as the server runs."""
        while True:
            await self._due.wait()
            await asyncio.sleep(GATHER_SECONDS)
            self._due.clear()
            try:
                await self.flush()
            except Exception:
                log.exception("the audit could not be written; it is tried again")
                self._due.set()

    def _line(self, kind: str, actor: Actor | None, facts: dict[str, Any]) -> dict[str, Any]:
        now = self._now()
        line: dict[str, Any] = {"_id": f"{PREFIX}:{self._order(now)}", "type": PREFIX, "version": 1, "kind": kind}
        line["at"] = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        if actor is not None:
            who = {"account": actor.name, "member": actor.member, "tablet": actor.device}
            line |= {name: value for name, value in who.items() if value is not None}
        return line | {name: value for name, value in facts.items() if value is not None}

    def _order(self, now: datetime) -> str:
        """Milliseconds and a counter, so that ids sort as they were made, also when the clock steps back."""
        at = max(int(now.timestamp() * 1000), self._last[0])
        self._last = (at, self._last[1] + 1 if at == self._last[0] else 0)
        return f"{at:014d}-{self._last[1]:06d}-{self._new_id()}"

    def _put(self, line: dict[str, Any]) -> None:
        if len(self._queue) >= QUEUE_MAX:
            self.lost += 1
            return
        self._queue.append(line)
        self._due.set()
