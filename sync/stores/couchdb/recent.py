"""Decide which documents are kept in memory: those that the feed told last, since all tablets of a branch soon ask for the same ones."""

from collections.abc import Iterable

from sync.stores.contract import Readers, Stored

BYTES_MAX = 32 * 1024 * 1024
ENTRY_BYTES = 500
"""What an entry costs besides its body, roughly."""


class Recent:
    """The newest winner of each document and who may read it, as far as there is room; what came first goes first."""

    def __init__(self, bytes_max: int = BYTES_MAX) -> None:
        self._bytes_max = bytes_max
        self._bytes = 0
        self._held: dict[tuple[str, str], tuple[Stored, Readers | None]] = {}

    def keep(self, db: str, doc: str, stored: Stored, readers: Readers | None) -> None:
        self._drop((db, doc))
        size = len(stored.body) + ENTRY_BYTES
        if size > self._bytes_max // 16:
            return
        self._held[db, doc] = (stored, readers)
        self._bytes += size
        while self._bytes > self._bytes_max:
            self._drop(next(iter(self._held)))

    def get(self, db: str, doc: str, rev: str) -> Stored | None:
        held = self._held.get((db, doc))
        return held[0] if held is not None and held[0].rev == rev else None

    def readers(self, db: str, doc: str, rev: str) -> Readers | None:
        """None where it is not known."""
        held = self._held.get((db, doc))
        return held[1] if held is not None and held[0].rev == rev else None

    def remove(self, db: str, docs: Iterable[str]) -> None:
        for doc in docs:
            self._drop((db, doc))

    def forget(self, db: str) -> None:
        for key in [key for key in self._held if key[0] == db]:
            self._drop(key)

    def _drop(self, key: tuple[str, str]) -> None:
        held = self._held.pop(key, None)
        if held is not None:
            self._bytes -= len(held[0].body) + ENTRY_BYTES
