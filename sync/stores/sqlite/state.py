"""Decide what of the store is kept in memory: which databases there are, where each stands, and who its audiences are.

Only the writer's thread changes it; others read single items, which Python makes safe. After a job or a transaction that was
rolled back it is read anew from the file.
"""

import sqlite3
from dataclasses import dataclass

import msgspec

from sync.errors import NotFound
from sync.stores.contract import Readers


@dataclass(slots=True)
class Standing:
    """A database as of the last job; `committed_seq` as of the last commit."""

    db: int
    update_seq: int
    documents: int
    deleted: int
    revs_limit: int
    committed_seq: int
    created: str


class State:
    def __init__(self) -> None:
        self.databases: dict[str, Standing] = {}
        self.audiences: list[Readers] = [frozenset()]
        self._audience_ids: dict[Readers, int] = {}
        self._sees: dict[Readers, tuple[int, set[int]]] = {}
        self.next_doc = 1
        self.next_body = 1
        self.touched: dict[str, set[int]] = {}
        """Databases written to since the last commit, with the audiences of what was written."""

    def load(self, connection: sqlite3.Connection) -> None:
        columns = "name, db, update_seq, documents, deleted, revs_limit, update_seq, created"
        rows = connection.execute(f"SELECT {columns} FROM db WHERE name IS NOT NULL").fetchall()
        committed = {name: standing.committed_seq for name, standing in self.databases.items()}
        self.databases = {name: Standing(*rest) for name, *rest in rows}
        for name in committed.keys() & self.databases.keys():
            self.databases[name].committed_seq = min(committed[name], self.databases[name].update_seq)
        self.audiences = [frozenset()]
        for (readers,) in connection.execute("SELECT readers FROM audience ORDER BY audience"):
            self.audiences.append(frozenset(msgspec.json.decode(readers, type=list[str])))
        self._audience_ids = {readers: number for number, readers in enumerate(self.audiences) if number}
        self._sees = {}
        self.next_doc = connection.execute("SELECT ifnull(max(doc), 0) + 1 FROM doc").fetchone()[0]
        self.next_body = connection.execute("SELECT ifnull(max(body), 0) + 1 FROM body").fetchone()[0]

    def standing(self, db: str) -> Standing:
        found = self.databases.get(db)
        if found is None:
            raise NotFound("Database does not exist.", database=db)
        return found

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
            if len(self._sees) > 4096:
                self._sees.clear()
            self._sees[reader] = (count, seen)
        return seen
