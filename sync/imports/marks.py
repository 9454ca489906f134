"""Decide what a workbook's sheet says of its cells beside their values: rows that are hidden, cells that are merged, and formulas that
nobody has worked out. Read from the sheet's XML in pieces, so that it costs one pass and little memory.
"""

import io
import re
import zipfile
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

_PIECE_BYTES = 1 << 20
_CARRIED_BYTES_MAX = 4 << 20
_ROW = re.compile(rb'<(?:\w+:)?row\b(?=[^>]*\bhidden="(?:1|true)")[^>]*\br="(\d{1,7})"')
_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\b[^>]*\bref="([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})"')
_UNWORKED = re.compile(
    rb'<(?:\w+:)?c\b[^>]*\br="([A-Z]{1,3})(\d{1,7})"[^>]*>\s*<(?:\w+:)?f\b(?:[^>]*/>|[^>]*>[^<]*</(?:\w+:)?f>)\s*'
    rb"(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
_MARKS_MAX = 50_000


class Marks(NamedTuple):
    """Rows and columns count from 1. `merged`: all cells of merged areas but the first of each, to the first's row and column;
    `unworked`: cells with a formula and no value."""

    hidden: frozenset[int] = frozenset()
    merged: Mapping[tuple[int, int], tuple[int, int]] = MappingProxyType({})
    unworked: frozenset[tuple[int, int]] = frozenset()


def marks_of(data: bytes, part: str) -> Marks:
    """`part`: where the sheet lies in the workbook. Nothing is told of a part that is not there."""
    hidden: set[int] = set()
    merged: dict[tuple[int, int], tuple[int, int]] = {}
    unworked: set[tuple[int, int]] = set()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if part.lstrip("/") not in archive.namelist():
            return Marks()
        with archive.open(part.lstrip("/")) as opened:
            held = b""
            while piece := opened.read(_PIECE_BYTES):
                held += piece
                # A cell is looked at when all of it is there.
                cut = max(held.rfind(b"</c>"), held.rfind(b":c>")) + 4 or held.rfind(b">") + 1
                _look(held[:cut], hidden, merged, unworked)
                held = held[cut:] if len(held) - cut <= _CARRIED_BYTES_MAX else b""
            _look(held, hidden, merged, unworked)
    return Marks(frozenset(hidden), merged, frozenset(unworked))


def _look(
    text: bytes,
    hidden: set[int],
    merged: dict[tuple[int, int], tuple[int, int]],
    unworked: set[tuple[int, int]],
) -> None:
    hidden.update(int(number) for number in _ROW.findall(text))
    unworked.update((int(row), _column(column)) for column, row in _UNWORKED.findall(text))
    for left, top, right, bottom in _MERGED.findall(text):
        first = int(top), _column(left)
        for row in range(first[0], int(bottom) + 1):
            for column in range(first[1], _column(right) + 1):
                if len(merged) >= _MARKS_MAX:
                    return
                if (row, column) != first:
                    merged[row, column] = first


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
