"""Decide which months have to be counted again (FG20): those in which what counts has changed since.

A year of a large centre is hundreds of thousands of rows, of which a day's work changes one or two months.
"""

import json
from calendar import monthrange
from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import partial
from itertools import groupby
from sqlite3 import Connection
from typing import TypeVar

from sync.ledger.kept import Kept

T = TypeVar("T")


def changed(sql: Connection, months: Iterable[tuple[str, str]]) -> None:
    """In these months (branch, month) other rows count than before: in the transaction that writes them."""
    sql.executemany(
        "INSERT INTO counted_month VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET number = number + 1", sorted(months)
    )


def by_months(
    sql: Connection,
    kept: Kept,
    asked: Hashable,
    branches: Sequence[str],
    span: tuple[str, str],
    count: Callable[[str, str], T],
    cut: Callable[[str, str], T],
) -> list[T]:
    """What `count` (its first and last day) says of each whole month in which something counts, and `cut` of the part of a month at either
    end of the span. `asked`: all that an answer depends on beside its month. What is returned must not be changed."""
    first, last = span
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
            told.append(kept.of(("month", asked, tuple(branches), month), stands, partial(count, opens, ends)))
        else:
            told.append(cut(max(first, opens), min(last, ends)))
    return told
