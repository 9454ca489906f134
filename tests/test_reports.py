"""DX: documents that leave, from the same report in each format."""

import csv
import io
import zipfile
from datetime import datetime
from typing import Any

import msgspec
import openpyxl
import pytest
import typst

from server.reports.csv_text import csv_text, harmless
from server.reports.page import NoFont, font_of, page
from server.reports.render import render
from server.reports.report import Approval, FigureLine, Line, Report, encoded
from server.reports.sheet import sheet

DIGEST = f"sha256-{'ab' * 32}"


def line(number: int, **other: Any) -> Line:
    told = Line(
        f"activity:visit:{number:026d}",
        "2026-11-20",
        "08:03",
        "08:40",
        ["社会事务党支部"],
        "visit",
        "走访",
        "assist",
        "帮扶走访",
        "household:01K8",
        "青石村四组6号户",
        "青石村四组6号户",
        "",
        False,
        False,
        ["m0117", "m0042"],
        ["朱宏伟", "谭月明"],
        2,
        72,
        number % 2,
        0,
    )
    return msgspec.structs.replace(told, **other)


def report(*lines: Line, **other: Any) -> Report:
    approved = Approval(
        "b03",
        "社会事务党支部",
        "2026-11",
        1,
        "已审核",
        "m0001",
        "宋洋",
        "2026-12-01T01:00:00Z",
        "2026-12-01 09:00",
        DIGEST,
        2,
    )
    told = Report(
        "activity_record",
        "社会事务党支部2026年11月活动台账",
        "社会事务党支部",
        "2026年11月",
        "2026-11-01",
        "2026-11-30",
        "已审核",
        DIGEST,
        "2026-12-01T01:00:00Z",
        "社会事务党支部2026年11月活动台账（第1版）",
        "activity-record-b03-2026-11-v1",
        [approved],
        [FigureLine("activities", "活动总数", "次", 2), FigureLine("good_share", "好评率", "%", 99.5)],
        list(lines),
    )
    return msgspec.structs.replace(told, **other)


def cells(book: Any, name: str) -> list[list[Any]]:
    return [[cell.value for cell in row] for row in book[name].iter_rows()]


def test_dx1_excel_has_dates_as_dates_and_totals_by_formula_with_their_values() -> None:
    told = report(line(1), line(2))
    made = sheet(told)
    formulas = openpyxl.load_workbook(io.BytesIO(made))
    values = cells(openpyxl.load_workbook(io.BytesIO(made), data_only=True), "台账")
    assert values[0][0] == told.title
    assert DIGEST in values[1][0]
    head, first, total = values[2], values[3], values[5]
    assert isinstance(first[head.index("日期")], datetime)
    assert str(first[head.index("开始")]) == "08:03:00"
    minutes = head.index("时长（分钟）")
    assert (total[0], total[minutes], total[head.index("人次")]) == ("合计", 144, 4)
    assert formulas["台账"].cell(6, minutes + 1).value == "=SUM(K4:K5)"
    assert cells(formulas, "指标")[1:] == [["活动总数", 2, "次"], ["好评率", 99.5, "%"]]


def test_dx1_excel_is_ready_to_print_on_a4() -> None:
    page = openpyxl.load_workbook(io.BytesIO(sheet(report(line(1)))))["台账"]
    assert (page.page_setup.orientation, page.page_setup.paperSize) == ("landscape", "9") or (
        page.page_setup.orientation,
        page.page_setup.paperSize,
    ) == ("landscape", 9)
    assert page.print_title_rows == "$3:$3"
    assert page.freeze_panes == "A4"
    assert "&P" in page.oddFooter.center.text
    assert page.column_dimensions["G"].width > 20, "wide enough for a name in Chinese"


def test_dx1_nothing_in_excel_runs() -> None:
    made = sheet(report(line(1, title="=1+1", subject_told="http://example.org/")))
    page = openpyxl.load_workbook(io.BytesIO(made))["台账"]
    found = {cell.value: cell.data_type for row in page.iter_rows() for cell in row}
    # openpyxl takes every text with an equals sign for a formula; the file says that it is a text.
    assert "=1+1" in found
    with zipfile.ZipFile(io.BytesIO(made)) as parts:
        text = parts.read("xl/worksheets/sheet1.xml").decode()
        assert text.count("<f>") == 4, "the totals alone"
        assert "hyperlink" not in text


def test_dx1_a_record_without_activities_is_a_document_too() -> None:
    values = cells(openpyxl.load_workbook(io.BytesIO(sheet(report()))), "台账")
    assert values[3][0] == "合计"
    assert csv_text(report())


def test_dx2_a_pdf_is_set_in_a_chinese_font_or_not_at_all() -> None:
    assert font_of(["Arial", "SimSun", "Noto Serif CJK SC"]) == "Noto Serif CJK SC"
    with pytest.raises(NoFont):
        font_of(["Arial", "DejaVu Sans"])


def test_dx2_a_pdf_is_the_same_bytes_each_time_and_takes_any_text() -> None:
    needs_font()
    told = report(*[line(number, title="#panic() $x$ *甲* \\ \u0001") for number in range(60)])
    made = page(told)
    assert made.startswith(b"%PDF-")
    assert page(told) == made
    assert page(msgspec.structs.replace(told, stamp="2026-12-02T01:00:00Z")) != made
    ledger = report(line(1), of="ledger")
    assert page(ledger).startswith(b"%PDF-")
    assert page(report()).startswith(b"%PDF-")


def test_dx3_csv_begins_with_a_mark_and_runs_nothing() -> None:
    made = csv_text(report(line(1, title="=HYPERLINK(1)", subject_told="+86"), line(2, title="@甲")))
    assert made.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(made.decode("utf-8-sig"))))
    assert ["内容摘要", DIGEST] in rows
    head = next(row for row in rows if row[:1] == ["序号"])
    first, second = rows[rows.index(head) + 1], rows[rows.index(head) + 2]
    assert first[head.index("主题或事项")] == "'=HYPERLINK(1)"
    assert first[head.index("服务对象")] == "'+86"
    assert second[head.index("主题或事项")] == "'@甲"
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for row in rows for cell in row)
    assert [harmless(one) for one in ("-1", "\t=1", "甲-1", -1)] == ["'-1", "'\t=1", "甲-1", -1]


def test_dx3_json_says_the_report_however_long_it_is() -> None:
    told = report(*[line(number) for number in range(1201)])
    assert encoded(told) == msgspec.json.encode(told)
    assert encoded(report()) == msgspec.json.encode(report())
    assert msgspec.json.decode(render(told, "json"), type=Report) == told


@pytest.mark.parametrize("form", ["xlsx", "csv", "json"])
def test_dx4_the_same_report_gives_the_same_bytes(form: Any) -> None:
    told = report(line(1), line(2))
    assert render(told, form) == render(told, form)
    assert render(report(line(1)), form) != render(told, form)


def test_dx4_excel_bears_the_moment_of_the_approval() -> None:
    book = openpyxl.load_workbook(io.BytesIO(sheet(report(line(1)))))
    assert book.properties.created == datetime(2026, 12, 1, 1, 0)  # noqa: DTZ001  # openpyxl tells no zone
    assert book.properties.modified == datetime(2026, 12, 1, 1, 0)  # noqa: DTZ001  # the same
    assert book.properties.subject == DIGEST


def needs_font() -> None:
    try:
        font_of(typst.Fonts(include_embedded_fonts=False).families())
    except NoFont:
        pytest.skip("no Chinese font on this machine")
