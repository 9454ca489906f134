"""IM: what a file of members or subjects says about what is there, and why rows and files are refused."""

import io
import re
import zipfile
from datetime import UTC, date, datetime
from typing import Any

import openpyxl
import pytest

from sync.errors import BadRequest, TooLarge
from sync.imports.cells import day_of
from sync.imports.members import Known, plan_members
from sync.imports.registers import Plan
from sync.imports.subjects import Held, plan_subjects
from sync.imports.tables import sheets
from tests.test_imports import csv_of, xlsx_of

NOW = datetime(2026, 11, 22, tzinfo=UTC)
TODAY = date(2026, 11, 22)
BRANCHES = {"branch:b03": {"name": "第三党支部", "short": "三支部"}, "branch:b04": {"name": "第四党支部"}}
WINDOWS = {"window:w01": {"name": "市场监管窗口", "number": "1"}}
UNITS = {"unit:u1": {"name": "市场监管局"}}
LI = {"name": "李明", "branch": "b03", "role": "member", "post": "受理", "active": True, "joined": "2024-03-01"}
HEADER = ["工号", "姓名", "所属支部", "党内职务", "到岗日期", "离岗日期"]


def known(**disputed: frozenset[str]) -> Known:
    told = {f"member:{name}": paths for name, paths in disputed.items()}
    return Known({"member:m0117": ("1-a", LI)}, BRANCHES, WINDOWS, UNITS, told)


def members(data: bytes, held: Known | None = None, sheet: str = "") -> Plan:
    return plan_members(sheets(data, sheet), held or known(), "file", NOW, TODAY)


def household(at: int, **fields: Any) -> Held:
    doc = f"household:01K9ZJ6Q3T8M4V7C2N5B1H{at:04d}"
    body = {"type": "subject", "version": 1, "branch": "b03", "author": "m1", "fields": {"kind": "household", **fields}}
    return Held("branch-b03", doc, "1-a", body, withdrawn=False, disputed=frozenset())


def subjects(data: bytes, *held: Held, given: str | None = None) -> Plan:
    return plan_subjects(sheets(data), held, "b03", "file", given, NOW)


def outcomes(plan: Plan) -> list[str]:
    return [one.outcome for one in plan.entries]


def faults(plan: Plan) -> list[tuple[int, str, str]]:
    return [(fault.row, fault.column, fault.code) for one in plan.entries for fault in one.problems]


def test_im13_a_file_of_members_says_who_is_new_changed_moved_left_and_unchanged() -> None:
    held = known()
    people = {**held.members, **{f"member:m{n}": ("1-a", {**LI, "name": f"同志{n}"}) for n in (2, 3, 4)}}
    rows = [
        ["m0117", "李明", "三支部", "支部书记", "2024/3/1", None],
        ["m2", "同志2", "第四党支部", None, None, None],
        ["m3", "同志3", None, None, None, "2026年11月1日"],
        ["m4", "同志4", "b03", "党员", "20240301", ""],
        ["m9", "新人", "第三党支部", "", "", ""],
    ]
    plan = members(csv_of([HEADER, *rows]), held._replace(members=people))
    assert outcomes(plan) == ["changed", "moved", "left", "unchanged", "new"]
    assert [(one.field, one.before, one.after) for one in plan.entries[0].changes] == [("role", "党员", "支部书记")]
    assert [(one.field, one.before, one.after) for one in plan.entries[1].changes] == [
        ("branch", "第三党支部", "第四党支部")
    ]
    assert plan.writings[-1].values == {"name": "新人", "branch": "b03", "role": "member", "active": True}


def test_im14_an_empty_cell_leaves_what_is_there_alone_and_who_is_not_named_stays() -> None:
    plan = members(csv_of([HEADER, ["m9", "新人", "三支部", "", "", ""]]))
    assert (outcomes(plan), plan.absent) == (["new"], 1)
    plan = members(csv_of([HEADER, ["m0117", "李明", "", "", "", ""]]))
    assert (outcomes(plan), plan.writings) == (["unchanged"], [])


def test_im15_a_move_by_import_keeps_the_former_branch_with_its_days() -> None:
    header = [*HEADER, "调动日期"]
    row = ["m0117", "李明", "第四党支部", "", "", "", "2026-11-20"]
    (writing,) = members(csv_of([header, row])).writings
    (item,) = {path.split("/")[1] for path in writing.values if path.startswith("belonged/")}
    assert writing.values == {
        "branch": "b04",
        f"belonged/{item}/branch": "b03",
        f"belonged/{item}/days": ["2024-03-01", "2026-11-20"],
    }
    row[-1] = "2027-01-01"
    assert faults(members(csv_of([header, row]))) == [(2, "调动日期", "bad_day")]


def test_im13_every_bad_row_is_told_with_column_and_reason_and_hinders_no_other() -> None:
    rows = [
        ["m-1", "甲", "三支部", "", "", ""],
        ["m2", "", "三支部", "", "", ""],
        ["m3", "丙", "第九党支部", "", "", ""],
        ["m4", "丁", "三支部", "班长", "", ""],
        ["m5", "戊", "三支部", "", "5/10/2026", ""],
        ["m6", "己", "三支部", "", "", ""],
        ["m6", "庚", "三支部", "", "", ""],
        ["110105199003071234", "辛", "三支部", "", "", ""],
        ["m8", "壬", "", "", "", ""],
        ["m7", "癸", "三支部", "", "", ""],
    ]
    plan = members(csv_of([HEADER, *rows]))
    assert faults(plan) == [
        (2, "工号", "bad_id"),
        (3, "姓名", "required"),
        (4, "所属支部", "unknown"),
        (5, "党内职务", "choice"),
        (6, "到岗日期", "day"),
        (7, "工号", "contradicts"),
        (8, "工号", "contradicts"),
        (9, "工号", "identity_number"),
        (10, "所属支部", "required"),
    ]
    assert [one.id for one in plan.writings] == ["member:m7"]
    assert plan.entries[2].problems[0].zh == "第 4 行 所属支部：名录中没有“第九党支部”，请改正或先新建"


def test_im13_rows_that_say_the_same_twice_count_once() -> None:
    row = ["m6", "己", "三支部", "", "", ""]
    assert outcomes(members(csv_of([HEADER, row, row]))) == ["new", "flagged"]


def test_im19_a_field_in_dispute_is_not_settled_by_an_import() -> None:
    plan = members(csv_of([HEADER, ["m0117", "李明", "", "支部书记", "", ""]]), known(m0117=frozenset({"role"})))
    assert faults(plan) == [(2, "党内职务", "disputed")]


@pytest.mark.parametrize(
    "cell",
    [datetime(2026, 10, 5, tzinfo=UTC), "2026年10月5日", "2026/10/5", "20261005", 46300, "46300", "２０２６-１０-０５"],
)
def test_im13_days_may_be_dates_texts_or_the_numbers_by_which_excel_counts_them(cell: Any) -> None:
    assert day_of(cell) == "2026-10-05"
    (entry,) = members(xlsx_of([HEADER, ["m0117", "李明", None, None, _bare(cell), None]])).entries
    assert [one.after for one in entry.changes] == ["2026-10-05"]


@pytest.mark.parametrize("cell", ["5/10/2026", "2026-13-01", "昨天", 12, True])
def test_im13_what_may_be_two_days_or_none_is_not_guessed(cell: Any) -> None:
    assert day_of(cell) is None


S_HEADER = ["编号", "类别", "名称", "地址", "联系电话", "备注"]
ROW = ["东-012", "户", "张三家", "东山村三组12号", "", ""]


def test_im16_the_same_file_twice_changes_nothing_and_a_later_one_changes_by_number() -> None:
    first = subjects(csv_of([S_HEADER, ROW]))
    assert outcomes(first) == ["new"]
    (writing,) = first.writings
    made = household(1, name="张三家", number="东-012", address="东山村三组12号")
    again = Held("branch-b03", writing.id, "1-a", made.body, False, frozenset())
    assert outcomes(subjects(csv_of([S_HEADER, ROW]), again)) == ["unchanged"]
    moved = subjects(csv_of([S_HEADER, ["东-012", "户", "张三家", "东山村四组1号", "", ""]]), made)
    assert [(one.field, one.before, one.after) for one in moved.entries[0].changes] == [
        ("address", "东山村三组12号", "东山村四组1号")
    ]


def test_im16_without_a_number_a_subject_is_found_by_credit_code_else_by_kind_name_and_address() -> None:
    held = household(1, name="张三家", address="东山村三组12号")
    assert outcomes(subjects(csv_of([S_HEADER, ["", *ROW[1:]]]), held)) == ["unchanged"]
    # Its number is what the file adds.
    (entry,) = subjects(csv_of([S_HEADER, ROW]), held).entries
    assert (entry.id, [one.field for one in entry.changes]) == (held.id, ["number"])
    other = household(1, name="张三家", address="东山村三组12号", number="东-099")
    assert outcomes(subjects(csv_of([S_HEADER, ROW]), other)) == ["new"]


def test_im16_one_that_is_likely_the_same_is_told_and_never_merged() -> None:
    held = household(1, name="张三家", address="东山村3组12号", number="西-1")
    plan = subjects(csv_of([S_HEADER, ["", "户", "张三家", "山水镇东山村三组12号", "", ""]]), held)
    (entry,) = plan.entries
    assert (entry.outcome, [one.code for one in entry.warnings]) == ("new", ["likely_same"])
    assert plan.writings[0].id != held.id


def test_im16_two_alike_in_one_file_contradict_and_a_withdrawn_subject_does_not_come_back() -> None:
    rows = [ROW, [*ROW[:3], "西山村", "", ""]]
    assert [code for _, _, code in faults(subjects(csv_of([S_HEADER, *rows])))] == ["contradicts", "contradicts"]
    held = household(1, name="张三家", number="东-012")._replace(withdrawn=True)
    assert [code for _, _, code in faults(subjects(csv_of([S_HEADER, ROW]), held))] == ["withdrawn"]


def test_im16_a_village_is_named_that_is_there_or_that_the_same_file_brings() -> None:
    header = [*S_HEADER, "所属村"]
    rows = [[*ROW, "东山村"], ["", "村", "东山村", "", "", "", ""], ["东-013", "户", "李四家", "", "", "", "北村"]]
    plan = subjects(csv_of([header, *rows]))
    assert outcomes(plan) == ["new", "new", "flagged"]
    assert plan.writings[0].values["within"] == plan.writings[1].id
    assert faults(plan) == [(4, "所属村", "unknown")]


def test_im17_identity_numbers_health_and_a_households_telephone_are_left_out_and_told() -> None:
    header = ["类别", "姓名", "地址", "联系电话", "身份证号", "健康状况"]
    rows = [
        ["户", "张三", "三组12号", "13800000000", "110105199003071234", "慢性病"],
        ["企业", "甲公司", "东路1号", "13900000000", "", ""],
        ["户", "李四110105199003071234", "三组13号", "", "", ""],
    ]
    plan = subjects(csv_of([header, *rows]))
    assert plan.table.left_out == ["身份证号", "健康状况"]
    assert "contact" not in plan.writings[0].values
    assert [one.code for one in plan.entries[0].warnings] == ["personal"]
    assert plan.writings[1].values["contact"] == "13900000000"
    assert faults(plan) == [(4, "姓名", "identity_number")]
    assert "110105" not in str(plan.writings) + str([one.problems for one in plan.entries])


def test_im13_the_kind_may_be_said_beside_the_file() -> None:
    rows = [["名称", "地址"], ["甲公司", "东路1号"]]
    assert outcomes(subjects(csv_of(rows), given="enterprise")) == ["new"]
    assert faults(subjects(csv_of(rows))) == [(2, "类别", "required")]


def test_im23_a_header_over_two_rows_with_merged_cells_is_read() -> None:
    rows = [["人员名册", None, None], ["工号", "基本情况", None], [None, "姓名", "所属支部"], ["m9", "新人", "三支部"]]
    assert outcomes(members(xlsx_of(rows, "A2:A3"))) == ["new"]


def test_im23_merged_cells_in_the_body_are_told_and_not_taken_for_empty_ones() -> None:
    rows = [HEADER[:3], ["m8", "甲", "三支部"], ["m9", "乙", None]]
    plan = members(xlsx_of(rows, "C2:C3"))
    assert (outcomes(plan), faults(plan)) == (["new", "flagged"], [(3, "所属支部", "merged")])


def test_im23_a_formula_counts_by_its_last_value_and_one_without_is_told() -> None:
    rows = [HEADER[:4], ["m0117", "李明", None, '=IF(1,"党员","")']]
    plain = xlsx_of(rows)
    assert faults(members(plain)) == [(2, "党内职务", "formula")]
    worked = _rewritten(
        plain, lambda text: re.sub(r'<c r="D2">(<f>.*?</f>)<v ?/>', r'<c r="D2" t="str">\1<v>党员</v>', text)
    )
    assert outcomes(members(worked)) == ["unchanged"]


def test_im23_hidden_rows_are_taken_and_told() -> None:
    book = openpyxl.Workbook()
    for row in (HEADER[:3], ["m8", "甲", "三支部"], ["m9", "乙", "三支部"]):
        book.active.append(row)
    book.active.row_dimensions[3].hidden = True
    plan = members(_saved(book))
    assert (outcomes(plan), plan.hidden) == (["new", "new"], [3])


def test_im24_the_sheet_is_chosen_by_name_else_the_first_with_a_header_and_all_are_told() -> None:
    book = openpyxl.Workbook()
    book.active.title = "说明"
    book.active.append(["请填写第二页"])
    for name, number in (("一季度", "m8"), ("二季度", "m9")):
        page = book.create_sheet(name)
        page.append(HEADER[:3])
        page.append([number, "甲", "三支部"])
    data = _saved(book)
    first = members(data)
    assert (first.table.sheet.name, first.table.sheet.names) == ("一季度", ("说明", "一季度", "二季度"))
    assert members(data, sheet="二季度").writings[0].id == "member:m9"
    with pytest.raises(BadRequest, match="没有工作表“三季度”"):
        members(data, sheet="三季度")


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (b"\xd0\xcf\x11\xe0" + b"\0" * 600, "not_a_table", "另存为 .xlsx"),
        (b"\xd0\xcf\x11\xe0" + "EncryptedPackage".encode("utf-16-le"), "encrypted", "取消密码"),
        (b"%PDF-1.7\n", "not_a_table", "这是 PDF 文件，不是表格"),
        (b"<html><table><tr><td>1</td></tr></table></html>", "not_a_table", "网页"),
        (csv_of([["电话", "住址"], ["1", "2"]]), "wrong_columns", "须有 工号、姓名"),
        (xlsx_of([]), "empty", "没有内容"),
        (b"PK\x03\x04 nothing", "not_a_table", "已损坏"),
    ],
)
def test_im23_a_file_that_is_no_table_is_refused_with_what_it_is_and_what_to_do(
    data: bytes, code: str, words: str
) -> None:
    with pytest.raises(BadRequest, match=words) as refused:
        members(data)
    assert refused.value.code == code


def test_im23_a_zip_bomb_and_a_file_of_too_many_rows_are_refused_unread() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * (90 << 20))
    with pytest.raises(TooLarge, match="展开后过大"):
        members(packed.getvalue())
    with pytest.raises(TooLarge, match="请分成几个文件"):
        members(b"a,b\r\n" * 100_000)


def test_im23_a_gb18030_file_is_read() -> None:
    assert outcomes(members(csv_of([HEADER, ["m9", "新人", "三支部", "", "", ""]], encoding="gb18030"))) == ["new"]


def _bare(cell: Any) -> Any:
    return cell.replace(tzinfo=None) if isinstance(cell, datetime) else cell


def _saved(book: Any) -> bytes:
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def _rewritten(data: bytes, change: Any) -> bytes:
    """The workbook with its sheet's XML changed."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as held, zipfile.ZipFile(made, "w") as out:
        for name in held.namelist():
            content = held.read(name)
            out.writestr(name, change(content.decode()).encode() if "sheet1.xml" in name else content)
    return made.getvalue()
