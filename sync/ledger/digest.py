"""Decide what a ledger says, line by line in an order of its own, and the digest of all of it (LG…): two that were made of the same
documents say the same, whatever the order in which these came."""

import hashlib
import sqlite3
import subprocess
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from sync.ledger.counting import lines
from sync.ledger.processes import is_there_a_core, of_this_program
from sync.ledger.schema import connect

DIGESTED_AT_ONCE = 1000
BESIDE_BYTES_MIN = 20_000_000
"""Of a smaller ledger, a second process would take longer to begin than all of it does."""

_QUERIES = {
    # Numbers of rows follow the order of arrival and are left out; ids stand for them.
    "record": "SELECT r.id, r.db, r.of, r.branch, r.author, r.subject, r.root, r.day, r.standing, r.bucket, r.review, r.seen,"
    " r.trust, (SELECT a.id FROM activity a WHERE a.anchor = r.anchor) FROM record r ORDER BY 1",
    "activity": "SELECT id, home, branch, day, CAST(fields AS TEXT), joins FROM activity ORDER BY 1, 2",
    "contribution": "SELECT a.id, c.n, c.base, c.record, c.item, c.branch, c.member, c.window, c.of, c.kind, c.subject, c.day,"
    " c.value FROM activity a CROSS JOIN contribution c ON a.anchor = c.activity ORDER BY 1, 2",
    "promise": "SELECT a.id, p.n, p.of, p.record, p.item, p.branch, p.member, p.window, p.kind, p.subject, p.day, p.due, p.closed,"
    " p.state, p.timely, p.value, p.last FROM promise p JOIN activity a ON a.anchor = p.activity ORDER BY 1, 2",
    "assigned": "SELECT * FROM assigned ORDER BY 1",
    "subject": "SELECT id, db, branch, name FROM subject ORDER BY 1",
    "person": "SELECT id, db, subject FROM person ORDER BY 1",
    "dispute": "SELECT id, db, branch, at, paths FROM dispute ORDER BY 1",
    "joint": "SELECT id, db, branch, subject, due, stands, awaited, disagreements, late, early, CAST(facts AS TEXT) FROM joint"
    " ORDER BY 1",
    "joint_survey": "SELECT j.joint, r.id FROM joint_survey j JOIN record r ON r.n = j.record ORDER BY 1, 2",
    "known": "SELECT subject, CAST(facts AS TEXT) FROM known ORDER BY 1",
    "likely": "SELECT first, second, CAST(facts AS TEXT) FROM likely ORDER BY 1, 2",
    "alias": "SELECT subject, same_as FROM alias ORDER BY 1",
    "companion": "SELECT id, db, type, record, CAST(facts AS TEXT) FROM companion ORDER BY 1",
    "version": "SELECT branch, month, number, CAST(fields AS TEXT) FROM version ORDER BY 1, 2, 3",
    "month": "SELECT branch, month, state, number FROM month ORDER BY 1, 2",
    "told": "SELECT t.id, t.db, t.of, t.branch, t.day, u.readers, CAST(t.texts AS TEXT) FROM told t"
    " JOIN audience u USING (audience) ORDER BY 1",
    "word": "SELECT term, doc FROM word_count ORDER BY 1",
    "import": "SELECT i.id, i.db, i.source, i.made, i.withdrawn, i.reading, m.month, m.state FROM import i"
    " JOIN import_month m ON m.import = i.id ORDER BY 1, 7",
    "hall": "SELECT import, row, part, month, window, branch, sound, counts, CAST(told AS TEXT) FROM hall ORDER BY 1, 2",
    "directory": "SELECT id, type, name, branch, window, unit FROM directory ORDER BY 1",
}

TABLES = (*_QUERIES, "figures")

_BESIDE = ("contribution", "figures")
"""About half of the work: what a second process does where there is a core for it."""

_encode = msgspec.json.Encoder().encode


def digest(path: Path) -> str:
    """SHA-256 over everything that a ledger says: figures, activities, contributions and the rows behind them. No matter which process
    read what, it is the same."""
    beside = _begin_beside(path) if path.stat().st_size >= BESIDE_BYTES_MIN and is_there_a_core() else None
    told = _digests(path, [table for table in TABLES if beside is None or table not in _BESIDE])
    if beside is not None:
        said, _ = beside.communicate()
        # A process that died has said nothing: then it is done here.
        told |= (
            dict(line.split() for line in said.decode().splitlines())
            if beside.returncode == 0
            else _digests(path, _BESIDE)
        )
    return hashlib.sha256(_encode(sorted(told.items()))).hexdigest()


def rows(path: Path, table: str) -> Iterator[Any]:
    """Whatever a table says, in an order of its own."""
    connection = connect(path)
    try:
        if table == "figures":
            yield from lines(connection, branches(connection))
            return
        yield from connection.execute(_QUERIES[table])
    finally:
        connection.close()


def branches(sql: sqlite3.Connection) -> list[str]:
    """Every branch that anything is counted of."""
    query = "SELECT branch FROM contribution UNION SELECT branch FROM assigned UNION SELECT branch FROM hall WHERE counts ORDER BY 1"
    return [branch for (branch,) in sql.execute(query)]


def _digests(path: Path, tables: Iterable[str]) -> dict[str, str]:
    return {table: _digest_of(path, table) for table in tables}


def _digest_of(path: Path, table: str) -> str:
    told, found = hashlib.sha256(), rows(path, table)
    while some := list(islice(found, DIGESTED_AT_ONCE)):
        told.update(_encode(some))
    return told.hexdigest()


def _begin_beside(path: Path) -> subprocess.Popen[bytes] | None:
    try:
        return of_this_program(__name__, str(path))
    except OSError:
        return None


if __name__ == "__main__":
    for name, one in _digests(Path(sys.argv[1]), _BESIDE).items():
        print(name, one)
