"""Decide how a document is written as CSV: UTF-8 with a mark at its beginning, so that Excel reads Chinese, and no cell that runs as a
formula (DX…)."""

import csv
import io

from server.reports.columns import about, columns, totals
from server.reports.report import Report

_RUNS = ("=", "+", "-", "@", "\t", "\r")


def csv_text(report: Report) -> bytes:
    """What is said about the document, the list with its totals, the figures."""
    out = io.StringIO()
    write = csv.writer(out, lineterminator="\r\n").writerow
    told = columns(report)
    write(["题名", harmless(report.title)])
    for label, text in about(report):
        write([label, harmless(text)])
    write([])
    write([one.name for one in told])
    for number, line in enumerate(report.lines, 1):
        write([harmless(one.value(number, line)) for one in told])
    write(["合计", *("" if total is None else total for total in totals(report, told)[1:])])
    write([])
    write(["指标", "数值", "单位"])
    for figure in report.figures:
        write([figure.name, "" if figure.value is None else figure.value, figure.unit])
    if report.of == "ledger":
        write([])
        write(["支部", "月份", "审核情况", "版本", "审核人", "审核时间", "内容摘要"])
        for one in report.approvals:
            texts: list[str | int] = [
                one.branch_told,
                one.month,
                one.state,
                one.version,
                one.by_told,
                one.at_told,
                one.digest,
            ]
            write([harmless(text) for text in texts])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def harmless(cell: str | int) -> str | int:
    """A text that a spreadsheet would take for a formula begins with an apostrophe."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_RUNS) else cell
