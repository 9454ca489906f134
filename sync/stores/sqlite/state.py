"""Decide what of the store is kept in memory: which databases there are, where each stands, and who its audiences are.

Only the writer's thread changes it; others read single items, which Python makes safe. After a job or a transaction that was
rolled back it is read anew from the file.
"""

import sqlite3
from dataclasses import dataclass

from sync.errors import NotFound
from sync.stores.audiences import Audiences


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


class State(Audiences):
    def __init__(self) -> None:
        super().__init__()
        self.databases: dict[str, Standing] = {}
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
        self.load_audiences(connection)
        self.next_doc = connection.execute("SELECT ifnull(max(doc), 0) + 1 FROM doc").fetchone()[0]
        self.next_body = connection.execute("SELECT ifnull(max(body), 0) + 1 FROM body").fetchone()[0]

    def standing(self, db: str) -> Standing:
        found = self.databases.get(db)
        if found is None:
            raise NotFound("Database does not exist.", database=db)
        return found
