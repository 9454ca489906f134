"""Decide how audiences are told apart: each set of readers that occurs has one number, kept in a table of the file that it serves.

Many documents share an audience, so what a reader may see is a set of a few numbers. Only one thread adds to it; others read single
items, which Python makes safe.
"""

import sqlite3

import msgspec

from sync.stores.contract import Readers

TABLE = "CREATE TABLE audience(audience INTEGER PRIMARY KEY, readers TEXT NOT NULL UNIQUE);"
SEEN_BY_MAX = 4096
"""Readers whose sets are remembered."""


class Audiences:
    def __init__(self) -> None:
        self.audiences: list[Readers] = [frozenset()]
        self._audience_ids: dict[Readers, int] = {}
        self._sees: dict[Readers, tuple[int, set[int]]] = {}

    def load_audiences(self, connection: sqlite3.Connection) -> None:
        self.audiences = [frozenset()]
        for (readers,) in connection.execute("SELECT readers FROM audience ORDER BY audience"):
            self.audiences.append(frozenset(msgspec.json.decode(readers, type=list[str])))
        self._audience_ids = {readers: number for number, readers in enumerate(self.audiences) if number}
        self._sees = {}

    def audience(self, connection: sqlite3.Connection, readers: Readers | None) -> int:
        """The number of an audience, written down when it is new. 0: no record rules, for all who reach the database."""
        if readers is None:
            return 0
        known = self._audience_ids.get(readers)
        if known is not None:
            return known
        number = len(self.audiences)
        connection.execute(
            "INSERT INTO audience VALUES (?, ?)", [number, msgspec.json.encode(sorted(readers)).decode()]
        )
        self.audiences.append(readers)
        self._audience_ids[readers] = number
        return number

    def readers_of(self, audience: int) -> Readers | None:
        return self.audiences[audience] if audience else None

    def seen_by(self, reader: Readers) -> set[int]:
        """The audiences that a holder of these principals belongs to. Costs what is new since it was last asked."""
        upto, seen = self._sees.get(reader, (0, {0}))
        count = len(self.audiences)
        if upto < count:
            seen = seen | {
                number for number in range(max(upto, 1), count) if not reader.isdisjoint(self.audiences[number])
            }
            if len(self._sees) > SEEN_BY_MAX:
                self._sees.clear()
            self._sees[reader] = (count, seen)
        return seen
