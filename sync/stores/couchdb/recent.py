"""Decide which documents are kept in memory: those that the feed told last, since all tablets of a branch soon ask for the same ones."""

from collections.abc import Iterable

from sync.stores.contract import Stored

BYTES_MAX = 32 * 1024 * 1024
ENTRY_BYTES = 500
"""What an entry costs besides its body, roughly."""


class Recent:
    """The newest winner of each document, as far as there is room; what came first goes first."""

    def __init__(self, bytes_max: int = BYTES_MAX) -> None:
        self._bytes_max = bytes_max
        self._bytes = 0
        self._held: dict[tuple[str, str], Stored] = {}

    def keep(self, db: str, doc: str, stored: Stored) -> None:
        self._drop((db, doc))
        size = len(stored.body) + ENTRY_BYTES
        if size > self._bytes_max // 16:
            return
        self._held[db, doc] = stored
        self._bytes += size
        while self._bytes > self._bytes_max:
            self._drop(next(iter(self._held)))

    def get(self, db: str, doc: str, rev: str) -> Stored | None:
        stored = self._held.get((db, doc))
        return stored if stored is not None and stored.rev == rev else None

    def remove(self, db: str, docs: Iterable[str]) -> None:
        for doc in docs:
            self._drop((db, doc))

    def forget(self, db: str) -> None:
        for key in [key for key in self._held if key[0] == db]:
            self._drop(key)

    def _drop(self, key: tuple[str, str]) -> None:
        stored = self._held.pop(key, None)
        if stored is not None:
            self._bytes -= len(stored.body) + ENTRY_BYTES
