"""Decide which months have to be counted again (FG20): those in which an activity was written since.

A year of a large centre is hundreds of thousands of rows, of which a day's work changes one or two months. What was counted of a month is
held in memory with the numbers of its last changes, and used as long as these stand.
"""

import json
from calendar import monthrange
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import partial
from itertools import groupby
from sqlite3 import Connection
from threading import Lock
from typing import Any, TypeVar

T = TypeVar("T")

KEPT_MAX = 4_000
"""Answers, each of one month, one question and one selection of branches: some megabytes."""


def changed(sql: Connection, months: Iterable[tuple[str, str]]) -> None:
    """In these months of these branches, other rows count than before: in the transaction that writes them."""
    sql.executemany(
        "INSERT INTO counted_month VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET number = number + 1", sorted(months)
    )


class KeptMonths:
    """What one ledger's file was found to say of months. Several threads may ask."""

    def __init__(self) -> None:
        self._held: OrderedDict[Hashable, tuple[Sequence[int], Any]] = OrderedDict()
        self._lock = Lock()

    def of(
        self,
        sql: Connection,
        asked: Hashable,
        branches: Sequence[str],
        first: str,
        last: str,
        count: Callable[[str, str], T],
        cut: Callable[[str, str], T],
    ) -> list[T]:
        """What `count` (its first and last day) says of each whole month in which something counts, and `cut` of the part of a month at
        either end of the period. `asked`: all that an answer depends on beside its month. What is returned must not be changed."""
        rows = sql.execute(
            "SELECT month, number FROM counted_month WHERE branch IN (SELECT value FROM json_each(?))"
            " AND month>=? AND month<=? ORDER BY month, branch",
            [json.dumps(list(branches)), first[:7], last[:7]],
        ).fetchall()
        told = []
        for month, some in groupby(rows, key=lambda row: str(row[0])):
            opens, ends = f"{month}-01", f"{month}-{monthrange(int(month[:4]), int(month[5:]))[1]}"
            if first <= opens and ends <= last:
                stands = [number for _, number in some]
                told.append(self._kept((asked, tuple(branches), month), stands, partial(count, opens, ends)))
            else:
                told.append(cut(max(first, opens), min(last, ends)))
        return told

    def _kept(self, key: Hashable, stands: Sequence[int], count: Callable[[], T]) -> T:
        with self._lock:
            held = self._held.get(key)
            if held is not None and held[0] == stands:
                self._held.move_to_end(key)
                before: T = held[1]
                return before
        told = count()
        with self._lock:
            self._held[key] = (stands, told)
            self._held.move_to_end(key)
            while len(self._held) > KEPT_MAX:
                self._held.popitem(last=False)
        return told
