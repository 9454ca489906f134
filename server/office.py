"""Decide how the server's own documents lie in `office`: one JSON object each, changed on the revision that was read.

Accounts, sessions, tokens, tablets and the audit are documents like any other, so a backup and a replication carry them.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, NamedTuple

from sync.databases import CENTRE, OFFICE, SHARED
from sync.documents import content_of, encode
from sync.errors import Conflict, FieldbookError, NotFound
from sync.stores.contract import Edit, Range, Store, Want

DATABASES = (OFFICE, CENTRE, SHARED)
"""Databases that every server has."""

_PAGE = 500


class Held(NamedTuple):
    id: str
    rev: str
    content: dict[str, Any]


class Office:
    def __init__(self, store: Store) -> None:
        self.store = store
        self.listeners: list[Callable[[str], None]] = []
        """Called with the id of each document that is changed or erased here."""

    async def find(self, doc_id: str) -> Held | None:
        (found,) = await self.store.get(OFFICE, [Want(doc_id)])
        alive = [one for one in found.revisions if not one.deleted]
        return Held(doc_id, alive[0].rev, content_of(alive[0].body)) if alive else None

    async def make(self, doc_id: str, content: Mapping[str, Any]) -> None:
        """Raises Conflict when it is there already."""
        await self._write(Edit(doc_id, None, content, encode(content)))

    async def change(self, doc_id: str, change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
        """Read, change, write; again from the start when another write came between. Raises NotFound, and what `change` raises."""
        while True:
            held = await self.find(doc_id)
            if held is None:
                raise NotFound(document=doc_id)
            change(held.content)
            try:
                await self._write(Edit(doc_id, held.rev, held.content, encode(held.content)))
            except Conflict:
                continue
            self._tell(doc_id)
            return held.content

    async def erase(self, *doc_ids: str) -> None:
        """For what must leave nothing behind, not even a tombstone: sessions and tokens that have ended."""
        await self.store.erase(OFFICE, dict.fromkeys(doc_ids))
        for doc_id in doc_ids:
            self._tell(doc_id)

    async def all(self, prefix: str) -> AsyncIterator[Held]:
        """Every document `<prefix>:…`, by id."""
        start, skip = f"{prefix}:", 0
        while True:
            span = Range(start, f"{prefix};", inclusive_end=False, skip=skip, limit=_PAGE)
            rows, _, _ = await self.store.rows(OFFICE, span, bodies=True)
            for row in rows:
                yield Held(row.id, row.rev, content_of(row.body or b"{}"))
            if len(rows) < _PAGE:
                return
            start, skip = rows[-1].id, 1

    async def newest(self, prefix: str, before: str | None, limit: int) -> list[Held]:
        """Documents `<prefix>:…` from the last id backwards, from just before the id `before`."""
        span = Range(before or f"{prefix};", f"{prefix}:", descending=True, skip=int(before is not None), limit=limit)
        rows, _, _ = await self.store.rows(OFFICE, span, bodies=True)
        return [Held(row.id, row.rev, content_of(row.body or b"{}")) for row in rows]

    async def _write(self, edit: Edit) -> None:
        (result,) = await self.store.add(OFFICE, [edit])
        if isinstance(result, FieldbookError):
            raise result

    def _tell(self, doc_id: str) -> None:
        for listener in self.listeners:
            listener(doc_id)
