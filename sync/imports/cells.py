"""Decide what a cell of an imported table says: a text, a whole number, a month. Pure.

People fill such tables in by hand and by many programs: digits may be full-width, thousands separated, months written in many ways.
Only what can be read in one way is taken; anything else is a fault that its row is told with.
"""

import re
import unicodedata
from datetime import date, datetime, timedelta

NUMBER_MAX = 1_000_000_000
_GROUPED = re.compile(r"\d{1,3}(?:[,'\u00a0 ]\d{3})+|\d+")
_MONTH = re.compile(r"(\d{4})(?:[-/.]|年)(\d{1,2})月?(?:份|[-/.]?(?:0?1日?)?(?: 00:00(?::00)?)?)?")
_DAY = re.compile(r"((?:19|20)\d{2})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")
_DAY_DIGITS = re.compile(r"((?:19|20)\d{2})(\d{2})(\d{2})")
_EXCEL_DAY_0 = date(1899, 12, 30)
_MONTH_DIGITS = re.compile(r"(\d{4})(\d{2})")
_MONTH_IN_TITLE = re.compile(r"(\d{4})年(\d{1,2})月")

Cell = str | int | float | bool | datetime | date | None


def text_of(cell: object) -> str:
    """What a cell shows: half-width, in composed form, without spaces around it; "" for an empty one."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return " ".join(unicodedata.normalize("NFKC", str(cell)).split())


def folded(cell: object) -> str:
    """The text by which names are compared: without case and spaces."""
    return text_of(cell).casefold().replace(" ", "")


def number_of(cell: object) -> int | None:
    """A whole number from 0 to `NUMBER_MAX`; None for anything else, a share or a negative number among it."""
    if isinstance(cell, bool):
        return None
    if isinstance(cell, int | float):
        whole = isinstance(cell, int) or cell.is_integer()
        return int(cell) if whole and 0 <= cell <= NUMBER_MAX else None
    told = text_of(cell).removesuffix("件").strip()
    told = re.sub(r"\.0+$", "", told)
    if _GROUPED.fullmatch(told) is None or len(told) > 20:
        return None
    number = int(re.sub(r"\D", "", told))
    return number if number <= NUMBER_MAX else None


def month_of(cell: object) -> str | None:
    """`2026-10` of `2026年10月`, `2026/10`, `202610` or a cell with a date in it; None for what names no month."""
    if isinstance(cell, datetime | date):
        return _month(cell.year, cell.month)
    told = text_of(cell)
    found = _MONTH.fullmatch(told) or _MONTH.fullmatch(told.replace(" ", "")) or _MONTH_DIGITS.fullmatch(told)
    return _month(int(found[1]), int(found[2])) if found else None


def day_of(cell: object) -> str | None:
    """`2026-10-05` of a date, `2026年10月5日`, `2026/10/5`, `20261005`, or the number of days by which Excel counts it; None for what names
    no day, or might name two (`5/10/2026`)."""
    if isinstance(cell, datetime | date):
        return cell.strftime("%Y-%m-%d") if 1900 <= cell.year <= 2100 else None
    told = text_of(cell).replace(" ", "").removesuffix("00:00:00").removesuffix("T")
    if re.fullmatch(r"\d{5}", told):
        return (_EXCEL_DAY_0 + timedelta(days=int(told))).isoformat() if 7_306 <= int(told) <= 73_050 else None
    found = _DAY.fullmatch(told) or _DAY_DIGITS.fullmatch(told)
    try:
        return date(int(found[1]), int(found[2]), int(found[3])).isoformat() if found else None
    except ValueError:
        return None


def month_in_title(text: str) -> str | None:
    """The one month that a title names, such as `政务大厅2026年10月办件统计表`; None when it names none, or several."""
    found = {(int(year), int(month)) for year, month in _MONTH_IN_TITLE.findall(folded(text))}
    return _month(*found.pop()) if len(found) == 1 else None


def _month(year: int, month: int) -> str | None:
    return f"{year:04d}-{month:02d}" if 2000 <= year <= 2100 and 1 <= month <= 12 else None
