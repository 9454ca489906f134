"""A branch's month on the review desk, in a real Chromium: its figures and plots open, the supplement is read before it is approved, and
each version can be had."""

import pytest
from playwright.async_api import Page, expect

from tests.browser import intercept, needed, until
from tests.desk_browser import desk, pick, reviews
from tests.desk_filling import activities, fill
from tests.filling import put
from tests.serving import Served
from tests.working import hours, plain

pytestmark = [needed, pytest.mark.browser]


async def month(page: Page) -> None:
    await page.get_by_role("link", name="月度台账").click()
    await expect(page.get_by_role("heading", name="第三党支部 2026 年 11 月")).to_be_visible()


async def test_dk20_every_number_and_every_mark_of_a_plot_opens_the_records_behind_it(staffed: Served) -> None:
    await fill(staffed)
    async with desk(staffed) as page:
        for name, counts in (
            ("11-16–11-22 走访 1 次", 1),
            ("活动 · 桶前值守 1", 1),
            ("同志0042 1 · 1 小时", 1),
            ("2026-11 发现问题 1 件", 1),
            ("非常满意 1", 1),
            ("活动总数 本月 4 次", 4),
        ):
            await month(page)
            mark = page.get_by_role("link", name=name, exact=True)
            await mark.click()
            await expect(page.locator("tbody tr")).to_have_count(counts)
        await page.get_by_role("link", name="打开").first.click()
        await expect(page.locator(".facts").first).to_contain_text("谈了低保")


async def test_dk21_what_is_behind_a_number_is_narrowed_and_a_share_opens_to_its_two_counts(staffed: Served) -> None:
    await fill(staffed)
    async with desk(staffed) as page:
        await month(page)
        await page.get_by_role("link", name="好评率 本月 100 %").click()
        await page.get_by_role("link", name="分子").click()
        await expect(page.get_by_role("heading", name="好评数：1 次")).to_be_visible()
        await page.go_back()
        await page.go_back()
        await page.get_by_role("link", name="服务时长 本月", exact=False).click()
        await page.locator(".headline").click()
        await expect(page.get_by_role("columnheader", name="计入")).to_be_visible()
        await page.go_back()
        await page.go_back()
        await page.get_by_role("link", name="参与人次 本月 5 人次").click()
        await expect(page.locator("tbody tr")).to_have_count(5)
        # Minutes are no part of a count of people.
        await expect(page.get_by_role("columnheader", name="计入")).to_have_count(0)
        await pick(page, "人员", "0042")
        await expect(page.locator("tbody tr")).to_have_count(1)
        await page.get_by_role("combobox", name="人员").fill("")
        await page.get_by_label("类型").select_option("visit")
        await expect(page.locator("tbody tr")).to_have_count(3)
        await page.get_by_label("从").fill("2026-11-10")
        await expect(page.locator("tbody tr")).to_have_count(2)
        await page.get_by_label("到", exact=True).fill("2026-11-12")
        await expect(page.get_by_text("没有记录计入")).to_be_visible()


async def test_dk22_the_months_activities_are_listed_and_narrowed_and_lead_on(staffed: Served) -> None:
    await fill(staffed)
    async with desk(staffed) as page:
        await month(page)
        listed = page.get_by_role("region", name="本月活动（4）").last.locator("tbody tr")
        await expect(listed).to_have_count(4)
        await expect(listed.first).to_contain_text("李桂兰")
        await expect(listed.first).to_contain_text("2 条记录合并")
        await page.get_by_label("类型").select_option("event")
        await expect(listed).to_have_count(1)
        await page.get_by_label("种类").select_option("bin_duty")
        await expect(listed).to_contain_text(["桶前值守"])
        await page.get_by_label("类型").select_option("")
        await page.get_by_label("人员").select_option("m0042")
        await expect(listed).to_have_count(1)
        await listed.get_by_role("link", name="李桂兰").click()
        await expect(page.get_by_role("heading", name="李桂兰")).to_be_visible()


async def test_dk24_what_came_since_a_version_is_read_where_it_is_approved_and_each_version_is_kept(
    staffed: Served,
) -> None:
    """DK23, DK25 and DK26 too."""
    await fill(staffed)
    async with desk(staffed) as page:
        await month(page)
        await expect(page.get_by_text("到齐：相关平板都已同步")).to_be_visible()
        await page.get_by_role("button", name="通过本月台账").click()
        await expect(page.get_by_role("rowheader", name="第 1 版")).to_be_visible()
        put(staffed, "branch-b03", plain("event", kind="clean_up", period=hours(1, 2, 19), title="清洁日", place=None))
        late = page.get_by_role("region", name="补报")
        await expect(late.get_by_text("新增")).to_be_visible()
        await expect(late).to_contain_text("清洁日")
        await expect(late.get_by_role("row", name="活动总数")).to_contain_text("5")
        await until(lambda: activities(staffed) == 5)
        await late.get_by_role("button", name="通过补报，生成第 2 版").click()
        row = page.get_by_role("row", name="第 2 版")
        await expect(row).to_contain_text("同志0001")
        await expect(row.locator("code")).to_contain_text("…")
        for name in ("Excel", "PDF", "CSV", "JSON"):
            await expect(page.get_by_role("link", name=f"第 1 版 {name}")).to_be_visible()
        async with page.expect_download() as coming:
            await page.get_by_role("link", name="第 1 版 CSV").click()
        assert "第1版" in (await coming.value).suggested_filename
    assert reviews(staffed) == ["approve", "approve"]


async def test_dk26_an_approval_of_a_month_that_changed_meanwhile_takes_no_effect(staffed: Served) -> None:
    await fill(staffed)
    async with desk(staffed) as page:
        await month(page)
        # What the page saw stays, as if nothing had been heard of since.
        await intercept(page, "**/api/v1/activity-records/b03/**", lambda route: route.abort())
        put(staffed, "branch-b03", plain("event", kind="clean_up", period=hours(1, 2, 19), title="清洁日", place=None))
        await until(lambda: activities(staffed) == 5)
        await page.wait_for_timeout(800)
        await page.unroute("**/api/v1/activity-records/b03/**")
        await page.get_by_role("button", name="通过本月台账").click()
        await expect(page.get_by_role("alert")).to_contain_text("没有通过")
        await expect(page.get_by_role("link", name="活动总数 本月 5 次")).to_be_visible()
    assert reviews(staffed) == []
