"""Decide when two ledgers say the same, and how one is made from nothing: the same store gives the same bytes (LG…)."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from sync.ledger.ahead import reading_ahead
from sync.ledger.counting import figures
from sync.ledger.digest import TABLES, branches, digest, rows
from sync.ledger.figure import Value
from sync.ledger.follow import Erased, catch_up, followed
from sync.ledger.ledger import Ledger
from sync.ledger.processes import is_there_a_core
from sync.ledger.rows import FigureWhere
from sync.ledger.schema import connect, remove
from sync.stores.contract import Store

DIFFERENCES_MAX = 100
AHEAD_DOCUMENTS_MIN = 10_000
"""For fewer, a second process costs more than it saves: it takes half a second to begin."""

_encode = msgspec.json.Encoder().encode


class Difference(NamedTuple):
    """A line that only one of two ledgers has."""

    table: str
    line: str
    only_in_the_new_one: bool


def compare(path: Path, new: Path) -> list[Difference]:
    """What differs between a ledger and a new one, at most `DIFFERENCES_MAX` lines. Costs no more memory than two lines."""
    found: list[Difference] = []
    for table in TABLES:
        for line, only_in_the_new_one in _apart(map(_encode, rows(path, table)), map(_encode, rows(new, table))):
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
        return figures(connection, FigureWhere(branches(connection), "", "~", today=today))[""]
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
