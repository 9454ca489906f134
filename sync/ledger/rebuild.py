"""Decide when two ledgers say the same, and how one is made from nothing: the same store gives the same bytes (LG…)."""

import hashlib
import os
import sqlite3
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from sync.ledger.ahead import is_there_a_core, reading_ahead
from sync.ledger.counting import FigureWhere, figures, lines
from sync.ledger.figure import Value
from sync.ledger.follow import Erased, catch_up, followed
from sync.ledger.ledger import Ledger
from sync.ledger.schema import connect, remove
from sync.stores.contract import Store

DIFFERENCES_MAX = 100
DIGESTED_AT_ONCE = 1000
AHEAD_DOCUMENTS_MIN = 10_000
"""For fewer, a second process costs more than it saves: it takes half a second to begin."""

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

_TABLES = (*_QUERIES, "figures")

_encode = msgspec.json.Encoder().encode


class Difference(NamedTuple):
    """A line that only one of two ledgers has."""

    table: str
    line: str
    only_in_the_new_one: bool


def digest(path: Path) -> str:
    """SHA-256 over everything that a ledger says: figures, activities, contributions and the rows behind them."""
    told = hashlib.sha256()
    for table in _TABLES:
        rows = _rows(path, table)
        while some := list(islice(rows, DIGESTED_AT_ONCE)):
            told.update(_encode([table, some]))
    return told.hexdigest()


def compare(path: Path, new: Path) -> list[Difference]:
    """What differs between a ledger and a new one, at most `DIFFERENCES_MAX` lines. Costs no more memory than two lines."""
    found: list[Difference] = []
    for table in _TABLES:
        for line, only_in_the_new_one in _apart(map(_encode, _rows(path, table)), map(_encode, _rows(new, table))):
            found.append(Difference(table, line.decode(), only_in_the_new_one))
            if len(found) == DIFFERENCES_MAX:
                return found
    return found


async def rebuild(
    store: Store,
    path: Path,
    zone: str,
    erased: Erased,
    progress: Callable[[int, int], None],
    ahead_min: int = AHEAD_DOCUMENTS_MIN,
) -> str:
    """Make the ledger at `path` from nothing; what lies there is replaced when the new one is whole. Returns its digest. With
    `ahead_min` documents or more, a second process helps where there is a core for it."""
    part = path.with_name(path.name + ".new")
    remove(part)
    ledger = Ledger(part, zone, scratch=True)
    await ledger.open(store.incarnation)
    try:
        sizes = await followed(store)
        if sum(sizes.values()) < ahead_min or not is_there_a_core():
            await catch_up(store, ledger, erased, progress)
        else:
            async with reading_ahead(store, sizes, ledger.zone) as read:
                await catch_up(store, ledger, erased, progress, read)
    finally:
        await ledger.close()
    with part.open("rb") as made:
        os.fsync(made.fileno())
    remove(path)
    part.replace(path)
    remove(part)
    return digest(path)


def figure_totals(path: Path, today: str) -> dict[str, Value]:
    """Every figure over everything: what a command shows at its end. `today`: the day for what is overdue."""
    connection = connect(path)
    try:
        return figures(connection, FigureWhere(_branches(connection), "", "~", today=today))[""]
    finally:
        connection.close()


def _branches(sql: sqlite3.Connection) -> list[str]:
    query = "SELECT branch FROM contribution UNION SELECT branch FROM assigned UNION SELECT branch FROM hall WHERE counts ORDER BY 1"
    return [branch for (branch,) in sql.execute(query)]


def _rows(path: Path, table: str) -> Iterator[Any]:
    """Whatever a table says, in an order of its own."""
    connection = connect(path)
    try:
        if table == "figures":
            yield from lines(connection, _branches(connection))
            return
        yield from connection.execute(_QUERIES[table])
    finally:
        connection.close()


def _apart(one: Iterator[bytes], other: Iterator[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Lines of one sorted stream that are not in the other. Lines are compared as bytes of JSON, which sort as their rows do up to
    the first difference of text; a line out of step is told twice, never overlooked."""
    left, right = next(one, None), next(other, None)
    while left is not None or right is not None:
        if left == right:
            left, right = next(one, None), next(other, None)
        elif right is None or (left is not None and left < right):
            if left is not None:
                yield left, False
            left = next(one, None)
        else:
            yield right, True
            right = next(other, None)
