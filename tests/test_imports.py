"""IM: what is read in a file of monthly rows, and why other rows are not counted."""

import io
import zipfile
from collections.abc import Callable
from datetime import date
from typing import Any

import openpyxl
import pytest

from sync.errors import BadRequest, TooLarge
from sync.imports import tables
from sync.imports.cells import month_in_title, month_of, number_of, text_of
from sync.imports.matters import Reading, Window, read_matters
from sync.imports.tables import sheets

WINDOWS = (
    Window("window:w01", "市场监管窗口", "1", "b03"),
    Window("window:w12", "税务窗口", "12", "b04"),
    Window("window:w13", "税务二窗口", "13", "b04"),
    Window("window:w14", "咨询窗口", "14", ""),
    Window("window:w15", "咨询窗口", "15", "b04"),
)
HEADER = ["窗口", "事项类别", "受理数", "办结数", "按时办结数", "提前办结数", "评价数", "满意数"]
ROWS: list[list[Any]] = [
    ["市场监管窗口", "企业登记", 310, 300, 299, 120, 280, 279],
    ["税务窗口", "纳税申报", 1200, 1200, 1200, 900, None, 1190],
]


def csv_of(rows: list[list[Any]], delimiter: str = ",", encoding: str = "utf-8") -> bytes:
    def cell(value: Any) -> str:
        told = "" if value is None else str(value)
        return f'"{told}"' if delimiter in told else told

    return "\r\n".join(delimiter.join(map(cell, row)) for row in rows).encode(encoding)


def xlsx_of(rows: list[list[Any]], merged: str | None = None) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "统计表"
    for row in rows:
        sheet.append(row)
    if merged:
        sheet.merge_cells(merged)
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def read(data: bytes, month: str | None = "2026-10") -> Reading:
    return read_matters(sheets(data), WINDOWS, month, "2026-11")


def codes(*rows: list[Any], header: list[str] = HEADER, month: str | None = "2026-10") -> list[tuple[int, str, str]]:
    """Row, column and code of what is wrong with these rows, beside two good ones."""
    return [(one.row, one.column, one.code) for one in read(csv_of([header, *ROWS, *rows]), month).faults]


@pytest.mark.parametrize(
    "data",
    [
        csv_of([HEADER, *ROWS]),
        csv_of([HEADER, *ROWS], encoding="utf-8-sig"),
        csv_of([HEADER, *ROWS], encoding="gb18030"),
        csv_of([HEADER, *ROWS], encoding="utf-16"),
        csv_of([HEADER, *ROWS], ";"),
        csv_of([HEADER, *ROWS], "\t", "gb18030"),
        xlsx_of([HEADER, *ROWS]),
    ],
    ids=["utf-8", "bom", "gb18030", "utf-16", "semicolon", "tab", "xlsx"],
)
def test_im1_a_workbook_and_csv_in_any_encoding_and_delimiter_say_the_same(data: bytes) -> None:
    reading = read(data)
    assert [(row.window, row.branch, row.kind, row.month) for row in reading.rows] == [
        ("window:w01", "b03", "企业登记", "2026-10"),
        ("window:w12", "b04", "纳税申报", "2026-10"),
    ]
    assert [
        (row.accepted, row.concluded, row.on_time, row.early, row.rated, row.satisfied) for row in reading.rows
    ] == [
        (310, 300, 299, 120, 280, 279),
        (1200, 1200, 1200, 900, None, 1190),
    ]
    assert reading.faults == []


def test_im1_titles_stand_above_the_header_and_totals_and_remarks_below() -> None:
    above: list[list[Any]] = [["云泽市政务大厅2026年10月办件统计表"], [], ["单位：件", None, None]]
    below: list[list[Any]] = [["合 计", None, 1510, 1500], ["填表人：张三"]]
    data = xlsx_of([*above, HEADER, *ROWS, *below], merged="A1:H1")
    reading = read(data, None)
    assert reading.months == ["2026-10"]
    assert [row.row for row in reading.rows] == [5, 6]
    assert reading.skipped == [7, 8]
    assert reading.sheet == "统计表"


def test_im1_headers_are_known_in_english_with_units_and_in_any_order_and_others_are_told() -> None:
    header = [
        "Remark",
        "On-time",
        "Accepted (items)",
        "Window No.",
        "Kind of matter",
        "其中：提前办结（件）",
        "Concluded",
    ]
    reading = read(csv_of([header, ["", 9, 10, "12号", "ID cards", 1, 9]]))
    (row,) = reading.rows
    assert (row.window, row.kind, row.accepted, row.concluded, row.on_time, row.early) == (
        "window:w12",
        "ID cards",
        10,
        9,
        9,
        1,
    )
    assert reading.ignored == ["Remark"]
    assert reading.columns["early"] == "其中:提前办结(件)"


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("1,234", 1234),
        ("１，２３４", 1234),
        ("1 234", 1234),
        (" 12 件", 12),
        ("12.0", 12),
        (12.0, 12),
        (0, 0),
        *[
            (bad, None)
            for bad in ("1,23", "12.5", 12.5, "-3", -3, "约300", "98%", "—", True, "1e3", 10**10, float("nan"))
        ],
    ],
)
def test_im2_a_number_is_read_however_it_is_written_and_nothing_else_is_one(cell: Any, number: int | None) -> None:
    assert number_of(cell) == number


@pytest.mark.parametrize(
    ("cell", "month"),
    [
        *[(told, "2026-10") for told in ("2026-10", "2026年10月", "2026年10月份", "２０２６/10", "202610", "2026.10")],
        *[(told, "2026-10") for told in (date(2026, 10, 1), "2026-10-01", "2026-10-01 00:00:00")],
        *[(told, None) for told in ("2026-13", "10月", "2026", "2026-10-17", "1899-10", "", 202699)],
    ],
)
def test_im2_a_month_is_read_however_it_is_written(cell: Any, month: str | None) -> None:
    assert month_of(cell) == month


def test_im2_a_title_that_names_two_months_names_none() -> None:
    assert month_in_title("２０２６年 9月办件") == "2026-09"
    assert month_in_title("2026年9月至2026年10月办件") is None
    assert text_of(12.0) == "12"


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (["社保窗口", "社保", 1, 1], (4, "窗口", "window_unknown")),
        (["咨询", "咨询", 1, 1], (4, "窗口", "window_ambiguous")),
        (["14", "咨询", 1, 1], (4, "窗口", "no_branch")),
        ([None, "社保", 1, 1], (4, "窗口", "required")),
        (["税务窗口", None, 1, 1], (4, "事项类别", "required")),
        (["税务窗口", "社", "一百", 1], (4, "受理数", "number")),
        (["税务窗口", "社", 1, None], (4, "办结数", "required")),
        (["税务窗口", "社", 9, 8, 9], (4, "按时办结数", "more_than")),
        (["税务窗口", "社", 9, 8, 7, 8], (4, "提前办结数", "more_than")),
        (["税务窗口", "社", 9, 8, None, None, 3, 4], (4, "满意数", "more_than")),
        (["税务窗口", "社", 9, 8, None, None, None, 9], (4, "满意数", "more_than")),
        (["税务窗口", "字" * 61, 1, 1], (4, "事项类别", "too_long")),
        (["市场监管窗口", "企业 登记", 310, 300, 299, 120, 280, 279], (4, "", "duplicate")),
    ],
    ids=lambda value: value[2] if isinstance(value, tuple) else "",
)
def test_im3_a_row_with_a_problem_is_kept_with_the_row_and_column_and_counts_nowhere(
    row: list[Any], fault: tuple[int, str, str]
) -> None:
    assert codes(row) == [fault]
    reading = read(csv_of([HEADER, *ROWS, row]))
    assert [bool(one.problems) for one in reading.rows] == [False, False, True]
    (told,) = reading.faults
    assert "第 4 行" in told.zh
    assert "Row 4" in told.en
    assert [value for value in reading.rows[2].cells.values() if value] or fault[2] == "duplicate"


def test_im3_rows_that_contradict_each_other_both_wait_for_a_correction() -> None:
    other = ["税务窗口", "纳税申报", 1300, 1200, 1200, 900, None, 1190]
    assert codes(other) == [(3, "", "contradicts"), (4, "", "contradicts")]


def test_im3_a_window_is_known_by_number_and_name_and_they_must_agree() -> None:
    header = ["窗口号", "窗口", *HEADER[1:]]
    rows = [
        ["12", "税务窗口", "甲", 1, 1],
        ["1", "税务窗口", "乙", 1, 1],
        ["", "税务", "丙", 1, 1],
        ["99", "税务窗口", "丁", 1, 1],
    ]
    reading = read(csv_of([header, *rows]))
    assert [one.window for one in reading.rows] == ["window:w12", "", "window:w12", ""]
    assert [one.code for one in reading.faults] == ["window_contradicts", "window_unknown"]


def test_im3_a_row_may_say_its_month_which_must_be_one_that_has_come() -> None:
    header = ["月份", *HEADER]
    rows = [
        [month, "税务窗口", f"甲{at}", 1, 1]
        for at, month in enumerate(["2026年9月", "2026-10", "十月", "2026-12", "13/2026"])
    ]
    reading = read(csv_of([header, *rows]), None)
    assert reading.months == ["2026-09", "2026-10"]
    assert [(one.row, one.column, one.code) for one in reading.faults] == [
        (4, "月份", "month"),
        (5, "月份", "month_ahead"),
        (6, "月份", "month"),
    ]
    assert [one.code for one in read(csv_of([header, *rows[:2]]), "2026-10").faults] == ["other_month"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (csv_of([["窗口", "事项类别", "受理数"], ["税务窗口", "甲", 1]]), "wrong_columns"),
        (csv_of([[*HEADER, "受理件数"], [*ROWS[0], 1]]), "wrong_columns"),
        (csv_of([HEADER, ["哪里", "甲", 1, 1]]), "no_rows"),
        (csv_of([HEADER]), "no_rows"),
        (b"\xff\xff\xff\x00", "not_a_table"),
        (b"PK\x03\x04 no archive", "not_a_table"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "not_a_table"),
        (b"", "wrong_columns"),
    ],
)
def test_im4_a_file_in_which_nothing_can_be_counted_is_refused_as_a_whole(data: bytes, code: str) -> None:
    with pytest.raises(BadRequest) as refused:
        read(data)
    assert refused.value.code == code


def test_im4_a_file_that_names_no_month_is_refused() -> None:
    with pytest.raises(BadRequest) as refused:
        read(csv_of([HEADER, *ROWS]), None)
    assert refused.value.code == "no_month"


def rewritten(data: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """The workbook with one of its parts changed."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            new.writestr(part.filename, change(old.read(part)) if part.filename == name else old.read(part))
    return made.getvalue()


SHEET = "xl/worksheets/sheet1.xml"


def test_im5_a_workbook_that_unpacks_to_too_much_is_refused_before_it_is_unpacked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tables, "UNPACKED_BYTES_MAX", 2_000_000)
    bomb = rewritten(xlsx_of([HEADER, *ROWS]), SHEET, lambda text: text + b" " * 3_000_000)
    assert len(bomb) < 20_000
    with pytest.raises(TooLarge):
        read(bomb)


def test_im5_entities_are_not_expanded() -> None:
    lol = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>'

    for part in (SHEET, "xl/workbook.xml", "xl/styles.xml"):
        with pytest.raises(BadRequest) as refused:
            read(
                rewritten(xlsx_of([HEADER, *ROWS]), part, lambda text: lol + text.replace("企业登记".encode(), b"&b;"))
            )
        assert refused.value.code == "not_a_table"


def test_im5_formulas_are_read_as_the_values_they_had_and_one_without_a_value_is_told() -> None:
    data = xlsx_of([HEADER, *ROWS, ["税务二窗口", "甲", "=C2+C3", "=D2"]])
    assert [(one.row, one.column, one.code) for one in read(data).faults] == [
        (4, "受理数", "required"),
        (4, "办结数", "required"),
    ]
    worked_out = rewritten(data, SHEET, lambda text: text.replace(b"<f>C2+C3</f><v />", b"<f>C2+C3</f><v>1510</v>"))
    assert worked_out != data
    assert read(worked_out).rows[2].accepted == 1510


def test_im5_a_sheet_with_too_many_rows_is_refused_and_one_that_lies_about_its_size_is_not_believed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tables, "ROWS_MAX", 20)
    with pytest.raises(TooLarge):
        read(csv_of([HEADER, *([ROWS[0]] * 20)]))
    far = rewritten(
        xlsx_of([HEADER, *ROWS]),
        SHEET,
        lambda text: text.replace(b'<row r="3"', b'<row r="1048576"').replace(b"A1:H3", b"A1:XFD9"),
    )
    assert len(read(far).rows) == 1
