"""Decide how a document is printed: set by typst from `record.typ`, in a Chinese font that the machine has (DX…).

The same report and font give the same bytes: the file bears the report's moment.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import typst

from server.reports.columns import NOTE, about, columns, totals
from server.reports.report import Report

FONTS = ("Noto Serif CJK SC", "Source Han Serif SC", "Noto Sans CJK SC", "Source Han Sans SC", "Songti SC", "SimSun")
"""Fonts with Chinese letters, the best for print first."""
FIGURES_A_ROW = 4
_RUN = re.compile(r"[!-~]{10}(?=[!-~]{4})")


class NoFont(Exception):
    """No Chinese font is on this machine."""


def page(report: Report) -> bytes:
    """Raises NoFont: a document of empty boxes is none."""
    installed = typst.Fonts(include_embedded_fonts=False)
    told = msgspec.json.encode(_told(report, font_of(installed.families()))).decode()
    template = Path(__file__).with_name("record.typ").read_bytes()
    compiler = typst.Compiler(template, font_paths=installed, sys_inputs={"told": told})
    # Tags for screen readers would make a list of a thousand lines ten times as large; Excel and CSV are there to be read aloud.
    made = compiler.compile(format="pdf", timestamp=datetime.fromisoformat(report.stamp), pdf_tags=False)
    if not isinstance(made, bytes):
        raise TypeError("one PDF is one run of bytes")
    return made


def font_of(families: Iterable[str]) -> str:
    """The one to print in. Raises NoFont."""
    there = set(families)
    for one in FONTS:
        if one in there:
            return one
    raise NoFont


def _told(report: Report, font: str) -> dict[str, Any]:
    shown = [one for one in columns(report) if one.printed]
    figures = [[one.name, _number(one.value, one.unit)] for one in report.figures if one.value]
    while len(figures) % FIGURES_A_ROW:
        figures.append(["", ""])
    return {
        "font": font,
        "title": report.title,
        "unit": report.unit,
        "digest": report.digest,
        "about": about(report)[:-1],
        "figures": figures,
        "heads": [one.name for one in shown],
        "widths": [one.width for one in shown],
        "aligned": [one.of != "text" for one in shown],
        "cells": [_broken(one.value(at, line)) for at, line in enumerate(report.lines, 1) for one in shown],
        "totals": ["合计", *("" if total is None else str(total) for total in totals(report, shown)[1:])],
        "note": NOTE,
        "approvals": [
            [one.branch_told, one.month, one.state, str(one.version), one.by_told, one.at_told, _broken(one.digest)]
            for one in (report.approvals if report.of == "ledger" else ())
        ],
    }


def _number(value: int | float | None, unit: str) -> str:
    return f"{value:g}{unit}" if isinstance(value, float) else f"{value}{unit}"


def _broken(cell: str | int) -> str:
    """A long run without spaces may go on in the next line, or it would run out of its cell."""
    return _RUN.sub("\\g<0>\u200b", cell) if isinstance(cell, str) else str(cell)
