"""The centre on the review desk, in a real Chromium: side by side, over time, and out as a document."""

import asyncio
from contextlib import suppress

import pytest
from playwright.async_api import Error, Page, Route, expect

from tests.browser import intercept, needed
from tests.desk_browser import desk, go
from tests.desk_filling import fill, other_branch
from tests.serving import Served

pytestmark = [needed, pytest.mark.browser]


async def centre(page: Page, place: str = "全中心") -> None:
    await page.get_by_role("link", name=place).click()
    await page.get_by_label("期间种类").select_option("month")
    await page.get_by_label("月份").fill("2026-11")
    await page.get_by_label("月份").blur()


async def test_dk27_branches_and_windows_stand_side_by_side_on_chosen_figures(staffed: Served) -> None:
    other_branch(staffed)
    await fill(staffed)
    async with desk(staffed, "admin") as page:
        await centre(page)
        table = page.get_by_role("region", name="对照表")
        rows = table.locator("tbody tr")
        await expect(rows).to_have_count(2)
        await page.get_by_role("button", name="活动总数").click()
        await expect(rows.first).to_contain_text("第三党支部")
        await page.get_by_role("button", name="活动总数").click()
        await expect(rows.first).to_contain_text("第四党支部")
        await expect(table.get_by_role("columnheader", name="活动总数")).to_have_attribute("aria-sort", "ascending")
        await page.get_by_text("选择指标").click()
        await page.get_by_role("checkbox", name="桶前值守人次").check()
        await expect(table.get_by_role("columnheader", name="桶前值守人次")).to_be_visible()
        assert "duty_turns" in page.url
        await page.reload()
        await table.get_by_role("link", name="第三党支部 桶前值守人次 1 人次").click()
        await expect(page.locator("tbody tr")).to_have_count(1)
        await page.go_back()
        await page.get_by_role("button", name="按窗口").click()
        await expect(table.get_by_role("link", name="社保窗口 活动总数 4 次")).to_be_visible()
        await page.get_by_role("button", name="按支部").click()
        await page.get_by_label("期间种类").select_option("span")
        await page.get_by_label("从", exact=True).fill("2026-11-17")
        await page.get_by_label("从", exact=True).blur()
        await page.get_by_label("到", exact=True).fill("2026-11-17")
        await page.get_by_label("到", exact=True).blur()
        # Both branches were at one duty point: for the centre it counts once.
        await expect(table.get_by_role("link", name="合计 活动总数 1 次")).to_be_visible()


async def test_dk28_a_figure_is_drawn_over_twelve_months_and_every_point_opens(staffed: Served) -> None:
    other_branch(staffed)
    await fill(staffed)
    async with desk(staffed, "admin") as page:
        await centre(page)
        line = page.get_by_role("group", name="第三党支部 活动总数")
        await expect(line.get_by_role("link")).to_have_count(12)
        await page.get_by_role("combobox", name="指标").select_option("visits")
        await expect(page.get_by_role("link", name="第三党支部 2026-11 走访 2 次")).to_be_visible()
        await page.get_by_role("link", name="第三党支部 2026-11 走访 2 次").focus()
        await page.keyboard.press("Enter")
        await expect(page.locator("tbody tr")).to_have_count(2)


async def test_dk29_the_ledger_is_told_of_while_it_is_made_and_a_refusal_says_what_to_do(staffed: Served) -> None:
    await fill(staffed)
    async with desk(staffed, "admin") as page:
        await centre(page)
        out = page.get_by_role("region", name="取出明细台账")
        async with page.expect_download() as coming:
            await out.get_by_role("button", name="CSV").click()
        assert (await coming.value).suggested_filename.endswith(".csv")
        await expect(out.get_by_role("status")).to_contain_text("已取出")
        held = asyncio.Event()

        async def hold(route: Route) -> None:
            await held.wait()
            with suppress(Error):  # Given up by then.
                await route.abort()

        await intercept(page, "**/ledger/document**", hold)
        await out.get_by_role("button", name="Excel").click()
        await expect(out.get_by_role("status")).to_contain_text("正在生成")
        await expect(out.get_by_role("button", name="PDF")).to_be_disabled()
        await out.get_by_role("button", name="取消").click()
        await expect(out.get_by_role("button", name="PDF")).to_be_enabled()
        held.set()
        await page.unroute("**/ledger/document**")
        refusal = '{"error": "too_many_lines", "reason": "…", "problems": []}'
        await intercept(page, "**/ledger/document**", lambda route: route.fulfill(status=400, body=refusal))
        await out.get_by_role("button", name="PDF").click()
        await expect(out.get_by_role("alert")).to_contain_text("请缩短期间")


async def test_dk30_a_secretary_compares_only_what_the_own_branch_did(staffed: Served) -> None:
    other_branch(staffed)
    await fill(staffed)
    async with desk(staffed) as page:
        await centre(page, "对照")
        rows = page.get_by_role("region", name="对照表").locator("tbody tr")
        await expect(rows).to_have_count(1)
        await expect(rows).to_contain_text("第三党支部")
        await expect(page.get_by_text("第四党支部")).to_have_count(0)
        await go(page, "figure/activities?branch=b04&first=2026-11&last=2026-11")
        await expect(page.get_by_role("alert")).to_contain_text("无权")
        await go(page, "member/m0300")
        await expect(page.get_by_role("alert")).to_contain_text("找不到")
