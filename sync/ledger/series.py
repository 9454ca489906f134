"""Decide how figures are told over time: each step of a period is counted by itself, so that a count of different households stays one
(FG14)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from sqlite3 import Connection

from sync.ledger.counting import counted, parts_of
from sync.ledger.figure import Figure, Quotient, Value
from sync.ledger.figures import BY_CODE
from sync.ledger.kept import Kept
from sync.ledger.periods import Kind, period
from sync.ledger.rows import FigureWhere

Steps = Sequence[tuple[str, str]]
"""First and last day of each, both inclusive."""


def steps(first: date, last: date, kind: Kind) -> list[tuple[str, str]]:
    """The days, weeks, months … of a period in order; the first and last are cut to it."""
    told = []
    at = first
    while at <= last:
        end = min(period(kind, at).last, last)
        told.append((at.isoformat(), end.isoformat()))
        at = end + timedelta(days=1)
    return told


def series(
    sql: Connection,
    where: FigureWhere,
    chosen: Sequence[Figure | Quotient],
    over: Steps,
    by: str | None,
    kept: Kept | None = None,
) -> dict[str, dict[str, list[Value]]]:
    """{group: {figure: a value for each step}}; a group in which nothing was counted at a step has nothing there.
    `kept`: what is known of months already."""
    parts = needed(chosen)
    told = [counted(sql, replace(where, first=first, last=last), by, parts, kept) for first, last in over]
    groups = sorted(set().union(*told))
    nothing = dict.fromkeys((one.code for one in parts), 0)
    return {
        group: {one.code: [one.value(step.get(group, nothing)) for step in told] for one in chosen} for group in groups
    }


def needed(chosen: Sequence[Figure | Quotient]) -> list[Figure]:
    """What is to be counted for these figures, each once."""
    parts = {part.code: part for one in chosen for part in parts_of(one)}
    among = [BY_CODE[part.among] for part in parts.values() if part.among]
    return list((parts | {one.code: one for one in among if isinstance(one, Figure)}).values())
