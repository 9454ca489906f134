"""Decide how a plain table becomes an Excel file: a head that stays in view, a filter on it, and cells of text, of which none
runs. Run as a program it reads a table in JSON and writes the file: see `rendering.py`."""

import io
import os
import sys

import msgspec
import xlsxwriter

NICE = 10


class Table(msgspec.Struct, frozen=True):
    """`widths`: of the columns, in characters."""

    title: str
    heads: list[str]
    widths: list[int]
    rows: list[list[str]]


def xlsx(table: Table) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        head = book.add_format({"bold": True, "bg_color": "#F2DCDB", "border": 1})
        plain = book.add_format({"num_format": "@", "text_wrap": True, "valign": "top"})
        page = book.add_worksheet(table.title[:31])
        for at, (name, width) in enumerate(zip(table.heads, table.widths, strict=True)):
            page.set_column(at, at, width)
            page.write_string(0, at, name, head)
        for number, cells in enumerate(table.rows, 1):
            for at, cell in enumerate(cells):
                page.write_string(number, at, cell, plain)
        page.freeze_panes(1, 0)
        page.autofilter(0, 0, max(1, len(table.rows)), len(table.heads) - 1)
    return out.getvalue()


def _main() -> int:
    # The server beside it goes first: it has people waiting at every moment.
    os.nice(NICE)
    sys.stdout.buffer.write(xlsx(msgspec.json.decode(sys.stdin.buffer.read(), type=Table)))
    return 0


if __name__ == "__main__":
    sys.exit(_main())
