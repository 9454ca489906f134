"""Decide how documents are erased for good wherever they lie: listed first, all of them, so that a fall in between is finished by the next
start (KE4); then taken out of their databases, of the photos, of what was refused, and of the ledger."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from server.photos import Photos
from sync.admission import Admission
from sync.databases import OFFICE, kind_of
from sync.documents import content_of
from sync.ledger.follow import is_followed
from sync.ledger.ledger import Ledger
from sync.quarantine import PREFIX as QUARANTINE
from sync.stores.contract import Range, Store

_NAMING = ("record", "subject")


class Erasing:
    def __init__(self, store: Store, admission: Admission, photos: Photos, ledger: Ledger) -> None:
        self._store = store
        self._admission = admission
        self._photos = photos
        self._ledger = ledger

    async def erase(self, wanted: Mapping[str, Sequence[str]], reason: str, by: str) -> dict[str, list[str]]:
        """`wanted`: {database: ids}. Returns {id: removed revisions}, checks among them. Raises NotFound for a database that is not here,
        before anything is done."""
        for db in wanted:
            await self._store.info(db)
        for db, ids in wanted.items():
            await self._admission.erasures.note(db, ids, reason, by)
        erased: dict[str, list[str]] = {}
        for db, ids in wanted.items():
            erased |= await self._admission.erasures.erase(db, ids, reason, by)
        gone = {one for ids in wanted.values() for one in ids}
        await self._photos.erase(sorted(one for one in gone if one.startswith("photo:")))
        await self._store.erase(OFFICE, dict.fromkeys(await self.refused(gone)))
        for db, ids in wanted.items():
            if is_followed(db):
                await self._ledger.forget(db, [*ids, *(f"check:{one}" for one in ids)])
        return erased

    async def refused(self, records: Collection[str]) -> dict[str, set[str]]:
        """What lies in quarantine of these documents, or of what names them: {entry: those of these that it tells of}."""
        at, found = QUARANTINE, dict[str, set[str]]()
        while True:
            span = Range(at, QUARANTINE + "\U0010ffff", skip=int(at != QUARANTINE), limit=500)
            rows, _, _ = await self._store.rows(OFFICE, span, bodies=True)
            told = ((row.id, _tells_of(content_of(row.body or b"{}"), records)) for row in rows)
            found |= {entry: named for entry, named in told if named}
            if len(rows) < 500:
                return found
            at = rows[-1].id


def may_be_erased(db: str) -> bool:
    return kind_of(db) not in ("office", "plain")


def _tells_of(entry: Mapping[str, Any], records: Collection[str]) -> set[str]:
    content = entry.get("content")
    fields = content.get("fields") if isinstance(content, dict) else None
    named = [fields.get(path) for path in _NAMING] if isinstance(fields, dict) else []
    return {one for one in (entry.get("record"), *named) if isinstance(one, str) and one in records}
