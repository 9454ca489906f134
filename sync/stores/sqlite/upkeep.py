"""Decide what may leave the file: bodies that replication no longer needs, what is erased, what a dropped database held."""

import json
import sqlite3
from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from sync import tree as trees
from sync.stores.sqlite.state import State
from sync.stores.sqlite.write import Doc, count, load

CHUNK = 500
"""Documents in one job: pushes get their turn between two of them."""


def compact(connection: sqlite3.Connection, state: State, db: str, after: int) -> int | None:
    """Forget the bodies of revisions that are no leaves, for one chunk of documents. Returns where to go on, or None."""
    standing = state.standing(db)
    rows = connection.execute(
        "SELECT doc, tree FROM doc WHERE db=? AND doc>? AND tree IS NOT NULL ORDER BY doc LIMIT ?",
        [standing.db, after, CHUNK],
    ).fetchall()
    _forget(connection, rows)
    return rows[-1][0] if len(rows) == CHUNK else None


def overwrite(connection: sqlite3.Connection, state: State, db: str, ids: Sequence[str]) -> None:
    """Forget the bodies of these documents' revisions that are no leaves, and overwrite what they held."""
    rows = connection.execute(
        "SELECT doc, tree FROM doc WHERE db=? AND id IN (SELECT value FROM json_each(?)) AND tree IS NOT NULL",
        [state.standing(db).db, json.dumps(list(ids))],
    ).fetchall()
    connection.execute("PRAGMA secure_delete=ON")
    try:
        _forget(connection, rows)
    finally:
        connection.execute("PRAGMA secure_delete=OFF")


def _forget(connection: sqlite3.Connection, rows: Sequence[tuple[int, bytes]]) -> None:
    bodies: list[int] = []
    for number, stored in rows:
        tree = trees.decode(stored)
        leaves = set(trees.leaves(tree))
        spent = {rev: node for rev, node in tree.items() if node.body and rev not in leaves}
        if spent:
            bodies += [node.body for node in spent.values()]
            tree |= {rev: replace(node, body=0) for rev, node in spent.items()}
            connection.execute("UPDATE doc SET tree=? WHERE doc=?", [trees.encode(tree), number])
    remove_bodies(connection, bodies)


def erase(
    connection: sqlite3.Connection, state: State, db: str, revs: Mapping[str, Sequence[str] | None]
) -> tuple[dict[str, list[str]], list[str]]:
    """Remove leaves, or whole documents, overwriting what they held. Returns what went, and the blobs that nothing names now."""
    standing = state.standing(db)
    docs = load(connection, standing.db, revs)
    seq = standing.update_seq
    gone: dict[str, list[str]] = {}
    blobs: set[str] = set()
    left: list[Doc] = []
    connection.execute("PRAGMA secure_delete=ON")
    try:
        for doc_id, asked in revs.items():
            doc = docs.get(doc_id)
            if doc is None:
                continue
            rest, removed = trees.prune(doc.tree, trees.leaves(doc.tree) if asked is None else asked)
            if not removed:
                continue
            gone[doc_id] = removed
            bodies = [node.body for rev, node in doc.tree.items() if rev not in rest and node.body]
            blobs |= {blob for (blob,) in _named(connection, bodies)}
            remove_bodies(connection, bodies)
            doc.tree = rest
            if rest:
                seq += 1
                doc.seq = seq
                doc.settle(state, connection)
                left.append(doc)
                columns = "seq=?, rev=?, deleted=?, body=?, audience=?, leaves=?, tree=?"
                connection.execute(f"UPDATE doc SET {columns} WHERE doc=?", [*doc.row(standing.db)[3:], doc.number])
            else:
                connection.execute("DELETE FROM doc WHERE doc=?", [doc.number])
                standing.documents -= doc.was_alive
                standing.deleted -= not doc.was_alive
        count(connection, state, db, left, seq)
    finally:
        connection.execute("PRAGMA secure_delete=OFF")
    still = {blob for (blob,) in connection.execute(_STILL_NAMED, [json.dumps(sorted(blobs))])}
    return gone, sorted(blobs - still)


def remove_dropped(connection: sqlite3.Connection, db: int) -> bool:
    """Remove one chunk of a dropped database; False when nothing is left of it."""
    numbers = [number for (number,) in connection.execute("SELECT doc FROM doc WHERE db=? LIMIT ?", [db, CHUNK])]
    if not numbers:
        connection.execute("DELETE FROM local WHERE db=?", [db])
        connection.execute("DELETE FROM db WHERE db=?", [db])
        return False
    for stored in connection.execute(
        "SELECT body, tree FROM doc WHERE doc IN (SELECT value FROM json_each(?))", [json.dumps(numbers)]
    ).fetchall():
        body, tree = stored
        remove_bodies(
            connection, [body] if tree is None else [node.body for node in trees.decode(tree).values() if node.body]
        )
    connection.execute("DELETE FROM doc WHERE doc IN (SELECT value FROM json_each(?))", [json.dumps(numbers)])
    return True


def remove_bodies(connection: sqlite3.Connection, bodies: Sequence[int]) -> None:
    if bodies:
        connection.execute(
            "DELETE FROM attachment WHERE body IN (SELECT value FROM json_each(?))", [json.dumps(list(bodies))]
        )
        connection.execute(
            "DELETE FROM body WHERE body IN (SELECT value FROM json_each(?))", [json.dumps(list(bodies))]
        )


def named_blobs(connection: sqlite3.Connection) -> set[str]:
    return {blob for (blob,) in connection.execute("SELECT DISTINCT blob FROM attachment")}


_STILL_NAMED = "SELECT DISTINCT blob FROM attachment WHERE blob IN (SELECT value FROM json_each(?))"


def _named(connection: sqlite3.Connection, bodies: Sequence[int]) -> list[tuple[str]]:
    return connection.execute(
        "SELECT DISTINCT blob FROM attachment WHERE body IN (SELECT value FROM json_each(?))",
        [json.dumps(list(bodies))],
    ).fetchall()
