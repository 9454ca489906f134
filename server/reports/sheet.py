"""Decide how a document is written as Excel: a list that is ready to print, with totals by formula (DX…).

The same report gives the same bytes: the file bears the report's moment, not the clock's, and XlsxWriter dates the parts of its archive
alike.
"""

import io
from datetime import date, datetime, time
from typing import Any

import xlsxwriter
from xlsxwriter.utility import xl_range

from server.reports.columns import NOTE, Column, about, columns, totals
from server.reports.report import Report

_FONT = {"font_name": "宋体", "font_size": 10, "valign": "vcenter"}
_BOXED = {**_FONT, "border": 1}
_PAPER_A4 = 9


def sheet(report: Report) -> bytes:
    """A sheet with the list, one with the figures, and of a ledger one that says how each month stands."""
    out = io.BytesIO()
    made = datetime.fromisoformat(report.stamp).replace(tzinfo=None)
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(out, options) as book:
        book.set_properties({"title": report.title, "subject": report.digest, "company": report.unit, "created": made})
        formats = {
            "title": book.add_format({**_FONT, "font_size": 18, "bold": True, "align": "center"}),
            "about": book.add_format({**_FONT, "text_wrap": True}),
            "head": book.add_format(
                {**_BOXED, "bold": True, "align": "center", "text_wrap": True, "bg_color": "#F2DCDB"}
            ),
            "text": book.add_format({**_BOXED, "text_wrap": True}),
            "number": book.add_format({**_BOXED, "align": "center", "num_format": "0"}),
            "share": book.add_format({**_BOXED, "align": "center", "num_format": "0.0#"}),
            "day": book.add_format({**_BOXED, "align": "center", "num_format": "yyyy-mm-dd"}),
            "time": book.add_format({**_BOXED, "align": "center", "num_format": "hh:mm"}),
            "total": book.add_format({**_BOXED, "bold": True, "align": "center"}),
        }
        _list(book, formats, report)
        _table(
            book,
            formats,
            report,
            ("指标", [("指标", 36), ("数值", 14), ("单位", 12)]),
            [[one.name, one.value, one.unit] for one in report.figures],
        )
        if report.of == "ledger":
            heads = [
                ("支部", 26),
                ("月份", 10),
                ("审核情况", 26),
                ("版本", 8),
                ("审核人", 12),
                ("审核时间", 18),
                ("内容摘要", 76),
            ]
            rows: list[list[Any]] = [
                [one.branch_told, one.month, one.state, one.version, one.by_told, one.at_told, one.digest]
                for one in report.approvals
            ]
            _table(book, formats, report, ("审核情况", heads), rows)
    return out.getvalue()


def _list(book: Any, formats: dict[str, Any], report: Report) -> None:
    page = book.add_worksheet("台账")
    told = columns(report)
    _print(page, report)
    for at, one in enumerate(told):
        page.set_column(at, at, one.width)
    wide = sum(one.printed for one in told) - 1
    page.merge_range(0, 0, 0, wide, report.title, formats["title"])
    page.set_row(0, 30)
    page.merge_range(1, 0, 1, wide, "　　".join(f"{label}：{text}" for label, text in about(report)), formats["about"])
    page.set_row(1, 30)
    page.write_row(2, 0, [one.name for one in told], formats["head"])
    page.freeze_panes(3, 0)
    page.repeat_rows(2)
    first = 3
    for row, line in enumerate(report.lines, first):
        for at, one in enumerate(told):
            _cell(page, row, at, one, one.value(row - first + 1, line), formats)
    last = first + len(report.lines)
    page.write_string(last, 0, "合计", formats["total"])
    for at, total in enumerate(totals(report, told)):
        if total is not None and report.lines:
            page.write_formula(last, at, f"=SUM({xl_range(first, at, last - 1, at)})", formats["total"], total)
        elif at:
            page.write_blank(last, at, None, formats["total"])
    if report.lines:
        page.autofilter(2, 0, last - 1, len(told) - 1)
    page.print_area(0, 0, last + 3, wide)
    page.write_string(last + 1, 0, NOTE)
    page.write_string(
        last + 3,
        0,
        "填报人：　　　　　　　　支部书记：　　　　　　　　机关党委审核：　　　　　　　　日期：　　　　年　　月　　日",
    )


def _cell(page: Any, row: int, at: int, one: Column, value: str | int, formats: dict[str, Any]) -> None:
    if one.of == "day" and value:
        page.write_datetime(row, at, date.fromisoformat(str(value)), formats["day"])
    elif one.of == "time" and value:
        page.write_datetime(row, at, time.fromisoformat(str(value)), formats["time"])
    elif isinstance(value, int):
        page.write_number(row, at, value, formats["number"])
    else:
        page.write_string(row, at, value, formats["text"])


def _table(
    book: Any, formats: dict[str, Any], report: Report, of: tuple[str, list[tuple[str, int]]], rows: list[list[Any]]
) -> None:
    name, heads = of
    page = book.add_worksheet(name)
    _print(page, report)
    for at, (head, width) in enumerate(heads):
        page.set_column(at, at, width)
        page.write_string(0, at, head, formats["head"])
    page.freeze_panes(1, 0)
    page.repeat_rows(0)
    for row, cells in enumerate(rows, 1):
        for at, cell in enumerate(cells):
            if cell is None:
                page.write_blank(row, at, None, formats["text"])
            elif isinstance(cell, str):
                page.write_string(row, at, cell, formats["text"])
            else:
                page.write_number(row, at, cell, formats["share" if isinstance(cell, float) else "number"])


def _print(page: Any, report: Report) -> None:
    page.set_landscape()
    page.set_paper(_PAPER_A4)
    page.fit_to_pages(1, 0)
    page.set_margins(0.5, 0.5, 0.6, 0.7)
    # `&` begins a code in a footer.
    page.set_footer(f"&L&8{report.digest}&C&9第 &P 页 共 &N 页")
