"""Decide where the header of a table stands and which column is which, however it is worded: under titles, over two rows where cells are
merged, in any order. Pure.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from sync.errors import BadRequest
from sync.imports.cells import Cell, folded, text_of
from sync.imports.tables import Line

HEADER_ROWS_MAX = 30
ASIDE = re.compile(r"\([^)]*\)|[\s_\-–./、:*#]")

Columns = Mapping[str, tuple[str, str, frozenset[str]]]
"""What a column is called in Chinese and English, and all headers by which it is known, folded."""


class Header(NamedTuple):
    """Where the header (its last row) stands among the lines, and which column each name is in."""

    at: int
    columns: dict[str, int]
    texts: list[str]


def header_of(
    lines: Sequence[Line],
    named: Callable[[object], str | None],
    enough: Callable[[Iterable[str]], bool],
    told: Columns,
    seen: list[str],
) -> Header | None:
    """The first row, or two rows one over the other, with enough columns. `seen` gathers what stands in rows that look like one.
    Raises BadRequest where a column is there twice."""
    for at, (number, cells) in enumerate(lines[:HEADER_ROWS_MAX]):
        columns, twice = _columns(cells, named)
        if len(columns) >= 2:
            seen += [text_of(cell)[:40] for cell in cells if text_of(cell)]
        below = lines[at + 1] if at + 1 < len(lines) else None
        if not enough(columns) and below is not None and below[0] == number + 1:
            if enough(_columns(below[1], named)[0]):
                continue
            cells = _over(cells, below[1])
            columns, twice = _columns(cells, named)
            at += 1
        if enough(columns):
            if twice:
                zh, en, _ = told[twice[0]]
                what = f"“{zh}”一列出现多次，请只留一列 / the column {en} is there more than once: keep one"
                raise BadRequest(what, code="wrong_columns")
            return Header(at, columns, [text_of(cell) for cell in cells])
    return None


def known_as(cell: object, told: Columns) -> str | None:
    """The column that a header means."""
    words = ASIDE.sub("", folded(cell)) if isinstance(cell, str) else ""
    return next((name for name, (_, _, headers) in told.items() if words in headers), None)


def _columns(cells: Sequence[Cell], named: Callable[[object], str | None]) -> tuple[dict[str, int], list[str]]:
    columns: dict[str, int] = {}
    twice = []
    for place, cell in enumerate(cells):
        name = named(cell)
        if name is not None:
            twice += [name] if name in columns else []
            columns.setdefault(name, place)
    return columns, twice


def _over(upper: Sequence[Cell], lower: Sequence[Cell]) -> list[Cell]:
    """What each column is headed where cells of two header rows are merged: the lower one says more."""
    wide = max(len(upper), len(lower))
    both = [[*cells, *[None] * (wide - len(cells))] for cells in (upper, lower)]
    return [below if text_of(below) else above for above, below in zip(*both, strict=True)]
