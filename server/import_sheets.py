"""Decide what leaves for an import: a template with the right headers, and the rows that were not taken with what is wrong with them, to be
corrected and imported again (IM…). Cells are text: nothing in them runs."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Final

import xlsxwriter

from sync.imports import matters, members, subjects
from sync.imports.cells import text_of
from sync.imports.heads import Columns
from sync.imports.registers import EXAMPLE, Plan

PROBLEM: Final = "问题"
_RUNS: Final = ("=", "+", "-", "@", "\t", "\r")
_COLUMNS: Final[Mapping[str, Columns]] = {
    "matters": matters.COLUMNS,
    "members": members.COLUMNS,
    "subjects": subjects.COLUMNS,
}
_NEEDED: Final = {
    "matters": ("window", "kind", "accepted", "concluded"),
    "members": ("number", "name", "branch"),
    "subjects": ("kind", "name"),
}
_ORDER: Final = {
    "matters": ("window", "number", "month", "kind", *matters.MEASURES),
    "members": tuple(members.COLUMNS),
    "subjects": ("number", *(name for name in subjects.COLUMNS if name != "number")),
}
_EXAMPLES: Final = {
    "matters": {
        "window": "市场监管窗口",
        "month": "2026-10",
        "kind": "企业登记",
        "accepted": "310",
        "concluded": "300",
    },
    "members": {
        **{"number": "m0117", "name": "李明", "branch": "第三党支部", "window": "市场监管窗口", "unit": "市场监管局"},
        **{"role": "党员", "post": "综合受理", "party_member": "是", "joined": "2024-03-01"},
    },
    "subjects": {
        **{"number": "东-012", "kind": "户", "name": "张某某", "address": "东山村三组12号", "within": "东山村"},
    },
}
_TOLD: Final = {
    "matters": ("窗口或窗口号须与名录一致。", "The window or its number is as in the directory."),
    "members": (
        "工号用于辨认人员，须唯一；空格表示保持不变；填写“离岗日期”表示离岗；支部变了即为调动，历史保留。",
        "The number tells who it is. An empty cell changes nothing; another branch is a move, and history stays.",
    ),
    "subjects": (
        "编号（没有时：名称与地址）用于辨认对象；空格表示保持不变。请勿填写身份证号、健康等个人信息。",
        "The own number, else name and address, tells which it is. No identity numbers or health here.",
    ),
}


def template(kind: str) -> bytes:
    """An Excel file with the headers, one example row (which an import leaves out), and a sheet that explains them."""
    columns, order, needed = _COLUMNS[kind], _ORDER[kind], _NEEDED[kind]
    example = _EXAMPLES[kind]
    cells = [example.get(name, "") for name in order]
    cells[0] = f"{EXAMPLE}：{cells[0]}"
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        head = book.add_format({"bold": True, "bg_color": "#F2DCDB", "border": 1, "valign": "vcenter"})
        plain = book.add_format({"num_format": "@"})
        page = book.add_worksheet("导入")
        for at, name in enumerate(order):
            page.set_column(at, at, max(12, 2 * len(columns[name][0]) + 4, 2 * len(cells[at])), plain)
            page.write_string(0, at, columns[name][0], head)
            page.write_string(1, at, cells[at], plain)
        page.freeze_panes(1, 0)
        told = book.add_worksheet("说明")
        told.set_column(0, 0, 20)
        told.set_column(1, 3, 40)
        rows = [("列 Column", "English", "必填 Needed", "也可写作 Also known as")]
        rows += [
            (
                columns[name][0],
                columns[name][1],
                "是 yes" if name in needed else "",
                "、".join(sorted(columns[name][2])),
            )
            for name in order
        ]
        for row, line in enumerate(rows):
            for at, cell in enumerate(line):
                told.write_string(row, at, cell, head if row == 0 else None)
        for row, line_told in enumerate(_TOLD[kind], len(rows) + 1):
            told.write_string(row, 0, line_told)
    return out.getvalue()


def faulty(plan: Plan, form: str) -> bytes:
    """The rows that an import would leave out, as they are in the file, with what is wrong with each; `form`: xlsx or csv."""
    wrong = {one.row: "；".join(fault.zh for fault in one.problems) for one in plan.entries if one.problems}
    heads = [text or f"列{at + 1}" for at, text in enumerate(plan.table.header.texts)]
    # One that is corrected for the second time has the column already.
    kept = [at for at, text in enumerate(heads) if text != PROBLEM]
    rows = [
        [*(text_of(cells[at]) if at < len(cells) else "" for at in kept), wrong[number]]
        for number, cells in plan.table.lines
        if number in wrong
    ]
    return _table([[*(heads[at] for at in kept), PROBLEM], *rows], form)


def faulty_matters(rows: Sequence[matters.Row], form: str) -> bytes:
    """The same of monthly rows of the hall: the columns that are known, and what is wrong."""
    wrong = [row for row in rows if row.problems]
    heads = list(dict.fromkeys(head for row in wrong for head in row.cells))
    told = [[*(row.cells.get(head, "") for head in heads), "；".join(one.zh for one in row.problems)] for row in wrong]
    return _table([[*heads, PROBLEM], *told], form)


def _table(table: Sequence[Sequence[str]], form: str) -> bytes:
    return _xlsx(table) if form == "xlsx" else _csv(table)


def _xlsx(table: Sequence[Sequence[str]]) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        head = book.add_format({"bold": True, "bg_color": "#F2DCDB", "border": 1})
        plain = book.add_format({"num_format": "@"})
        wrong = book.add_format({"num_format": "@", "font_color": "#A5281F", "text_wrap": True})
        page = book.add_worksheet("未导入的行")
        last = len(table[0]) - 1
        page.set_column(0, last - 1 if last else 0, 18, plain)
        page.set_column(last, last, 60, wrong)
        for row, cells in enumerate(table):
            for at, cell in enumerate(cells):
                page.write_string(row, at, cell, head if row == 0 else wrong if at == last else plain)
        page.freeze_panes(1, 0)
    return out.getvalue()


def _csv(table: Sequence[Sequence[str]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    for cells in table:
        writer.writerow([f"'{cell}" if cell.startswith(_RUNS) else cell for cell in cells])
    return out.getvalue().encode("utf-8-sig")
