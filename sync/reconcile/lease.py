"""Decide which worker writes documents: the one that holds the lease, a local document of `office` (WK…).

The lease keeps two workers from doing the same work; that they do no harm when both believe to hold it follows from what they write
being the same. A local document is never replicated and keeps no history: a lease does not travel with a backup's documents.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from sync.databases import OFFICE
from sync.errors import Conflict, NotFound
from sync.stores.contract import Store

DOCUMENT = "lease:worker"
LASTS_SECONDS = 15
RENEWED_SECONDS = 5


class _Lease(msgspec.Struct):
    holder: str
    until: str


class Lease:
    """`holder` names this worker. On a store that only one process can open it may be a constant: then a restart does not wait."""

    def __init__(self, store: Store, holder: str, now: Callable[[], datetime]) -> None:
        self._store = store
        self._holder = holder
        self._now = now
        self._until: datetime | None = None

    @property
    def held(self) -> bool:
        return self._until is not None and self._now() < self._until

    async def take(self) -> bool:
        """Take or renew it; False while somebody else holds it."""
        now = self._now()
        try:
            known = await self._store.local(OFFICE, DOCUMENT)
            held = msgspec.json.decode(known[1], type=_Lease) if known else None
            if held is not None and held.holder != self._holder and datetime.fromisoformat(held.until) > now:
                self._until = None
                return False
            until = now + timedelta(seconds=LASTS_SECONDS)
            body = msgspec.json.encode(_Lease(self._holder, until.isoformat()))
            await self._store.put_local(OFFICE, DOCUMENT, known[0] if known else None, body)
        except (Conflict, NotFound):
            self._until = None
            return False
        self._until = until
        return True

    async def give_up(self) -> None:
        """Leave it to others at once."""
        self._until = None
        for _ in range(2):
            known = await self._store.local(OFFICE, DOCUMENT)
            if known is None or msgspec.json.decode(known[1], type=_Lease).holder != self._holder:
                return
            try:
                await self._store.put_local(OFFICE, DOCUMENT, known[0], None)
                return
            except (Conflict, NotFound):
                # A renewal that was under way has come in between; should another, the lease runs out by itself.
                continue
