"""Decide what one actor may do at one database, over any store: the server's side of replication.

Reading is narrowed to what the actor's principals may read, in the same way for the feed, for single documents and for the
comparison of revisions, so that none of them tells what another hides (RI1). Writing goes through admission.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import uuid4

from sync.actor import Actor
from sync.admission import Admission
from sync.databases import kind_of
from sync.documents import content_of
from sync.errors import NotFound
from sync.stores.contract import Edit, Found, Info, Missing, Page, Range, Result, Row, Store, Want, Write
from sync.tokens import Tokens

Delivered = Callable[[Actor, str, str, str, int], None]
"""(actor, database, from token, to token, number of documents): what the audit trail is told of a delivery."""


class Replica:
    """`known` says whether the account and tablet behind the actor are still what they were when it asked."""

    def __init__(
        self,
        store: Store,
        db: str,
        actor: Actor,
        admission: Admission,
        known: Callable[[], bool] = lambda: True,
        delivered: Delivered = lambda *_: None,
    ) -> None:
        self.store = store
        self.db = db
        self.actor = actor
        self._admission = admission
        self._known = known
        self._delivered = delivered
        self._reader = admission.reader(db, actor)
        self.tokens = Tokens(store.incarnation, self._reader)

    async def info(self) -> Info:
        return await self.store.info(self.db)

    async def push(self, items: Sequence[Write | Edit]) -> list[Result]:
        """One result for each, in order. What the actor may not write is refused alone, and kept in quarantine (RI4)."""
        return await self._admission.push(self.actor, self.db, items)

    async def missing(self, revs: Mapping[str, Sequence[str]]) -> dict[str, Missing]:
        """Which revisions the store lacks. It is told of documents that the actor may not read too, since a tablet must be able to
        hand in what it made; nothing of them but the id that it named itself is given away."""
        return await self.store.missing(self.db, revs)

    async def get(self, wants: Sequence[Want], *, bodies: bool = True) -> list[Found]:
        """What the actor may not read looks like what is not there (RI2)."""
        found = await self.store.get(self.db, wants, bodies=bodies)
        if self._reader is None:
            return found
        return [one if self.sees(one) else _hidden(one, want) for one, want in zip(found, wants, strict=True)]

    async def one(self, want: Want) -> Found:
        (found,) = await self.get([want])
        if not found.tree:
            raise NotFound(document=want.id)
        return found

    @staticmethod
    def new_id() -> str:
        return uuid4().hex

    @staticmethod
    def content_of(body: bytes) -> dict[str, Any]:
        return content_of(body)

    def stale(self) -> bool:
        """Whether the actor's rights, account or tablet have changed since it asked: then a feed that waits must end (RI3)."""
        return not self._known() or self._admission.stale(self.actor)

    def delivered(self, since: object, last: str, count: int) -> None:
        """Note for the audit trail what went out."""
        if count and kind_of(self.db) != "plain":
            self._delivered(self.actor, self.db, str(since), last, count)

    def sees(self, found: Found) -> bool:
        return self._reader is None or found.audience is None or not found.audience.isdisjoint(self._reader)

    async def changes(
        self, since: object, *, limit: int | None, descending: bool, bodies: bool, ids: Sequence[str] | None = None
    ) -> Page:
        position = self.tokens.position(since)
        return await self.store.changes(
            self.db, position, limit=limit, descending=descending, bodies=bodies, ids=ids, reader=self._reader
        )

    async def wait(self, position: str, timeout_seconds: float) -> bool:
        return await self.store.wait(self.db, position, self._reader, timeout_seconds)

    async def rows(self, span: Range, *, bodies: bool) -> tuple[list[Row], int, int]:
        return await self.store.rows(self.db, span, bodies=bodies, reader=self._reader)


def _hidden(found: Found, want: Want) -> Found:
    absent = list(want.revs) if want.revs is not None and not isinstance(want.revs, str) else []
    return Found(found.id, {}, "0", None, [], absent)
