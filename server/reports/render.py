"""Decide which bytes a report becomes. Run as a program it reads a report in JSON and writes the document: see `rendering.py`."""

import os
import sys

import msgspec

from server.reports.csv_text import csv_text
from server.reports.report import Format, Report, encoded

NICE = 10
NO_FONT = 3
"""How the program ends where there is no Chinese font."""
MEDIA: dict[Format, str] = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
    "csv": "text/csv",
    "json": "application/json",
}


def render(report: Report, form: Format) -> bytes:
    """Raises NoFont."""
    if form == "json":
        return encoded(report)
    if form == "csv":
        return csv_text(report)
    # Here, since each of these two takes a moment to load.
    if form == "xlsx":
        from server.reports.sheet import sheet

        return sheet(report)
    from server.reports.page import page

    return page(report)


def _main(form: str) -> int:
    from server.reports.page import NoFont

    # The server beside it goes first: it has people waiting at every moment.
    os.nice(NICE)
    report = msgspec.json.decode(sys.stdin.buffer.read(), type=Report)
    try:
        made = render(report, msgspec.convert(form, Format))
    except NoFont:
        return NO_FONT
    sys.stdout.buffer.write(made)
    return 0


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1]))
