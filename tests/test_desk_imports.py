"""The review desk's imports in a real Chromium: a file given, previewed, imported as previewed, and found again in the list."""

import io
from typing import Any

import openpyxl
import pytest
from playwright.async_api import Page, expect

from tests.access import axe
from tests.browser import needed
from tests.desk_browser import desk, go, manage
from tests.desk_filling import fill
from tests.filling import documents, member, put
from tests.serving import Served
from tests.test_imports import csv_of
from tests.test_imports_registers import _saved as saved

pytestmark = [needed, pytest.mark.browser]

HEADER = ["工号", "姓名", "所属支部", "党内职务", "身份证号"]


def centre(staffed: Served) -> None:
    for name, told in (("b03", "第三党支部"), ("b04", "第四党支部")):
        fields = {"name": told}
        put(staffed, "centre", {"_id": f"branch:{name}", "type": "branch", "version": 1, "fields": fields})
    put(staffed, "centre", member("m0900", "b03"))


async def give(page: Page, name: str, data: bytes) -> None:
    await page.locator("input[type=file]").set_input_files({"name": name, "mimeType": "text/csv", "buffer": data})


async def test_dk61_a_file_of_members_is_previewed_imported_and_listed(staffed: Served) -> None:
    """DK60, DK62, DK63 and DK69 too."""
    centre(staffed)
    rows = [HEADER, ["m0900", "同志0900", "第四党支部", "副书记", "110105199003071234"], ["x y", "坏", "", "", ""]]
    async with desk(staffed, "admin") as page:
        await manage(page, "导入")
        await page.get_by_role("button", name="人员").click()
        await give(page, "名册.csv", csv_of(rows, encoding="gb18030"))
        table = page.get_by_role("table").first
        await expect(table).to_contain_text("第三党支部 → 第四党支部")
        await expect(table).to_contain_text("党员 → 副书记")
        await expect(page.get_by_text("不导入的个人信息列：身份证号")).to_be_visible()
        assert await axe(page) == []
        await page.get_by_role("button", name="文件内容").click()
        await expect(page.get_by_role("region", name="文件内容")).to_contain_text("***")
        await page.get_by_role("button", name="有问题的行").click()
        await expect(page.get_by_text("工号只能用字母、数字、下划线")).to_be_visible()
        async with page.expect_download() as coming:
            await page.get_by_role("button", name="下载 Excel").click()
        book = openpyxl.load_workbook(io.BytesIO((await (await coming.value).path()).read_bytes()))
        assert list(next(book.worksheets[0].iter_rows(values_only=True)))[-1] == "问题"
        assert [one["fields"]["branch"] for one in documents(staffed, "centre", "member")] == ["b03"]
        await page.get_by_role("button", name="导入这 1 行").click()
        await expect(page.get_by_text("已导入：新增 0，修改 0，调动 1")).to_be_visible()
        await page.get_by_role("button", name="打开").click()
        await expect(page.locator(".import-rows")).to_contain_text("同志0900")
        assert await axe(page) == []
    (told,) = documents(staffed, "centre", "member")
    assert (told["fields"]["branch"], told["fields"]["role"]) == ("b04", "deputy")


async def test_dk62_what_changed_since_the_preview_is_told_and_previewed_anew(staffed: Served) -> None:
    centre(staffed)
    async with desk(staffed, "admin") as page:
        await manage(page, "导入")
        await page.get_by_role("button", name="人员").click()
        await give(page, "名册.csv", csv_of([HEADER, ["m0900", "新名字", "", "", ""]]))
        await expect(page.get_by_role("table").first).to_contain_text("同志0900 → 新名字")
        named: dict[str, Any] = member("m0900", "b03")
        put(staffed, "centre", {**named, "fields": {**named["fields"], "name": "别的名字"}})
        await page.get_by_role("button", name="导入这 1 行").click()
        await expect(page.get_by_role("alert")).to_contain_text("请重新预览")
        await page.get_by_role("button", name="重新预览").click()
        await expect(page.get_by_role("table").first).to_contain_text("别的名字 → 新名字")
    (told,) = documents(staffed, "centre", "member")
    assert told["fields"]["name"] == "别的名字"


async def test_dk60_a_secretary_imports_subjects_of_the_own_branch_and_a_pdf_is_refused_in_words(
    staffed: Served,
) -> None:
    async with desk(staffed) as page:
        await manage(page, "导入")
        await expect(page.get_by_role("button", name="人员")).to_have_count(0)
        await give(page, "名册.xlsx", b"%PDF-1.7")
        await expect(page.get_by_role("alert")).to_contain_text("这是 PDF 文件，不是表格，请另存为 .xlsx 或 CSV")
        book = openpyxl.Workbook()
        assert book.active is not None
        book.active.title = "一组"
        for name in ("一组", "二组"):
            sheet = book[name] if name in book.sheetnames else book.create_sheet(name)
            sheet.append(["类别", "名称", "地址"])
            sheet.append(["户", f"{name}张三家", f"东山村{name}12号"])
        await give(page, "名册.xlsx", saved(book))
        await expect(page.get_by_role("table").first).to_contain_text("一组张三家")
        await page.get_by_label("读取的工作表").select_option("二组")
        await expect(page.get_by_role("table").first).to_contain_text("二组张三家")
        await page.get_by_role("button", name="导入这 1 行").click()
        await expect(page.get_by_text("已导入：新增 1")).to_be_visible()
    (made,) = documents(staffed, "branch-b03", "household")
    assert made["fields"]["name"] == "二组张三家"


async def test_dk63_an_import_of_the_hall_is_taken_back_with_a_reason(staffed: Served) -> None:
    await fill(staffed)
    window = {"name": "市场监管窗口", "number": "1", "branch": "b03"}
    put(staffed, "centre", {"_id": "window:w01", "type": "window", "version": 1, "fields": window})
    async with desk(staffed, "admin") as page:
        await manage(page, "导入")
        await page.get_by_role("button", name="大厅办件").click()
        await give(page, "十月.csv", csv_of([["月份", "窗口", "事项", "受理", "办结"], ["2026-10", "1", "登记", 3, 2]]))
        await expect(page.get_by_text("月份：2026-10")).to_be_visible()
        await page.get_by_role("button", name="导入这 1 行").click()
        await expect(page.get_by_text("已导入：计入 1 行")).to_be_visible()
        row = page.get_by_role("row", name="十月.csv")

        async def listed() -> None:
            await page.get_by_role("button", name="人员").click()
            await page.get_by_role("button", name="大厅办件").click()
            await expect(row).to_contain_text("计入", timeout=1_500)

        await _until(listed)
        # IM6: the month after it is unknown, and said to be.
        await go(page, "month/b03/2026-11")
        hall = page.get_by_role("table", name="大厅办件")
        await expect(hall).to_contain_text("本月、去年同月没有导入月报")
        await expect(hall.get_by_role("link", name="大厅受理 本月 – 件")).to_be_visible()
        await expect(hall.get_by_role("link", name="大厅受理 上月 3 件")).to_be_visible()
        await go(page, "imports")
        await _until(listed)
        await row.get_by_role("button", name="撤回").click()
        await page.get_by_label("原因（必填）").fill("月份弄错了")
        await page.get_by_role("dialog").get_by_role("button", name="撤回").click()
        await expect(page.get_by_role("dialog")).to_have_count(0)
    (told,) = documents(staffed, "shared", "import")
    assert told["fields"]["withdrawn"]["reason"] == "月份弄错了"


async def _until(step: Any) -> None:
    """The ledger follows within moments."""
    for left in range(9, -1, -1):
        try:
            return await step()  # type: ignore[no-any-return]  # it returns nothing
        except AssertionError:
            if not left:
                raise
