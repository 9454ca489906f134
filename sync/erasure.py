"""Decide how something is erased for good (decision 16): removed from the store, and refused when it comes back.

The list of what was erased holds keyed hashes of ids, so that it tells nothing of what they were. It lies in `office` as
documents `erased:<hash>`; the key is a local document there, which is never replicated.
"""

import hashlib
import hmac
import secrets
from collections import Counter
from collections.abc import Sequence

import msgspec

from sync.databases import OFFICE
from sync.documents import content_of, encode
from sync.errors import Conflict
from sync.stores.contract import Edit, Range, Store, Written

PREFIX = "erased:"
KEY = "erasure-key"
"""The local document in `office` that holds the key."""


class Erasures:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._key = b""
        self._erased: set[str] = set()
        self._counts: Counter[str] = Counter()

    async def load(self) -> None:
        """Read the list. `office` must exist."""
        held = await self._store.local(OFFICE, KEY)
        if held is None:
            body = encode({"key": secrets.token_hex(32)})
            try:
                await self._store.put_local(OFFICE, KEY, None, body)
            except Conflict:
                held = await self._store.local(OFFICE, KEY)
            held = held or ("", body)
        self._key = bytes.fromhex(msgspec.json.decode(held[1], type=dict[str, str])["key"])
        rows, _, _ = await self._store.rows(OFFICE, Range(PREFIX, PREFIX + "\U0010ffff"), bodies=True)
        self._erased = {row.id.removeprefix(PREFIX) for row in rows}
        self._counts = Counter(str(content_of(row.body or b"{}").get("database")) for row in rows)

    @property
    def any(self) -> bool:
        return bool(self._erased)

    def count(self, db: str) -> int:
        """How many ids of this database are on the list: it only grows."""
        return self._counts[db]

    def holds(self, doc: str) -> bool:
        """Whether it was erased for good."""
        return bool(self._erased) and self._mark(doc) in self._erased

    async def erase(self, db: str, ids: Sequence[str], reason: str, by: str) -> dict[str, list[str]]:
        """List the documents as erased, then remove them and their checks. Returns the removed revisions.

        The list comes first: after a fall in between, starting again finishes it (`apply`).
        """
        await self.note(db, ids, reason, by)
        return await self._store.erase(db, dict.fromkeys([*ids, *(f"check:{doc}" for doc in ids)]))

    async def note(self, db: str, ids: Sequence[str], reason: str, by: str) -> None:
        """List the documents as erased: from now on they are refused. What is listed already stays as it was."""
        entries = []
        for doc in ids:
            if self.holds(doc):
                continue
            body = {"type": "erasure", "database": db, "reason": reason, "by": by}
            entries.append(Edit(PREFIX + self._mark(doc), None, body, encode(body)))
        for result in await self._store.add(OFFICE, entries) if entries else []:
            if not isinstance(result, Written | Conflict):
                raise result
        new = {self._mark(doc) for doc in ids} - self._erased
        self._counts[db] += len(new)
        self._erased |= new

    async def apply(self, db: str) -> dict[str, list[str]]:
        """Remove what the list names and the database holds: after a restore from a backup, or a fall while erasing."""
        if not self._erased:
            return {}
        page = await self._store.changes(db)
        found = [one.id for one in page.changes if self.holds(one.id) or self.holds(one.id.removeprefix("check:"))]
        return await self._store.erase(db, dict.fromkeys(found)) if found else {}

    def _mark(self, doc: str) -> str:
        return hmac.new(self._key, doc.encode(), hashlib.sha256).hexdigest()
