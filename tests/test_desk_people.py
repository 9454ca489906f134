"""Members, subjects and activities on the review desk, in a real Chromium, and what nobody may miss on them who cannot see or point."""

import pytest
from playwright.async_api import expect

from tests.access import axe, beyond
from tests.browser import needed, until
from tests.builders import record
from tests.desk_browser import desk, go
from tests.desk_filling import HOME, OTHER, activities, fill
from tests.filling import put
from tests.serving import Served
from tests.working import hours, review, visit

pytestmark = [needed, pytest.mark.browser]


async def test_dk31_a_members_page_shows_figures_by_month_and_activities(staffed: Served) -> None:
    link = record("assignment", author="m0001")
    link["fields"] = {
        "kind": "link",
        "member": "m0117",
        "subject": HOME,
        "days": ["2026-01-01", None],
        "state": "given",
    }
    await fill(staffed, {**link, "fields": {**link["fields"], "readers/branch:b03": True}})
    async with desk(staffed) as page:
        await go(page, "member/m0117")
        await expect(page.get_by_role("heading", name="同志0117")).to_be_visible()
        await expect(page.get_by_role("region", name="参加的活动").last.locator("tbody tr")).to_have_count(4)
        await expect(page.get_by_role("region", name="联系对象").get_by_role("link")).to_have_text(["李桂兰"])
        await page.get_by_role("link", name="2026-11 走访 2 次").click()
        await expect(page.get_by_role("combobox", name="人员")).to_have_value("同志0117 · m0117")
        await expect(page.locator("tbody tr")).to_have_count(2)


async def test_dk32_a_subjects_page_shows_its_facts_and_says_what_is_not_for_one(staffed: Served) -> None:
    facts = record("person", author="m0001")
    facts["fields"] |= {"subject": HOME, "telephone": "13800000000"}
    await fill(staffed, facts)
    async with desk(staffed) as page:
        await go(page, f"subject/{HOME}")
        await expect(page.get_by_role("region", name="问题")).to_contain_text("屋顶漏雨")
        await expect(page.get_by_role("region", name="问题")).to_contain_text("逾期")
        await page.get_by_text("个人信息（").click()
        await expect(page.get_by_text("13800000000")).to_be_visible()
        await expect(page.get_by_role("region", name="活动").last.locator("tbody tr")).to_have_count(3)
    async with desk(staffed, "li") as page:
        await go(page, f"subject/{HOME}")
        await expect(page.get_by_text("仅分管党员和支部书记可以查看")).to_be_visible()
        await expect(page.get_by_text("13800000000")).to_have_count(0)
        await go(page, "subject/household:01K9ZJ6Q3T8M4V7C2N5B1H9999")
        await expect(page.get_by_text("只有所属支部可以查看")).to_be_visible()


async def test_dk33_subjects_that_were_made_one_are_taken_apart_again(staffed: Served) -> None:
    alias = review(OTHER, "alias", same_as=HOME)
    alias["fields"]["readers/branch:b03"] = True
    await fill(staffed, alias)
    async with desk(staffed) as page:
        await go(page, f"subject/{HOME}")
        same = page.get_by_role("region", name="同一对象")
        await expect(same).to_contain_text("李桂兰家")
        await same.get_by_role("button", name="撤销").click()
        await expect(page.get_by_text("已撤销")).to_be_visible()
        await expect(same).to_have_count(0)


async def test_dk34_an_activity_shows_its_records_side_by_side_and_is_split_and_joined(staffed: Served) -> None:
    await fill(staffed)
    async with desk(staffed) as page:
        await go(page, f"subject/{HOME}")
        await page.get_by_role("region", name="活动").last.get_by_role("link").first.click()
        beside = page.get_by_role("region", name="各自的记录").last
        await expect(beside).to_contain_text("谈了医保")
        await expect(beside).to_contain_text("问了收成")
        await expect(beside.locator("tr.differs")).to_contain_text(["情况记录"])
        await expect(page.get_by_role("region", name="为什么是一个活动")).to_contain_text("时间重叠 60 分钟")
        await beside.get_by_role("button", name="拆分出去").last.click()
        await expect(beside.get_by_role("columnheader")).to_have_count(1)
        await until(lambda: activities(staffed) == 5)


async def test_dk35_axe_finds_nothing_and_nothing_lies_beyond_the_page(staffed: Served) -> None:
    lone = visit("m0042", subject=HOME, period=hours(3, 4, 3), narrative="下午又去", place=None, kind="other")
    told = await fill(staffed)
    put(staffed, "branch-b03", lone)
    await until(lambda: activities(staffed) == 5)
    found: list[str] = []
    async with desk(staffed) as page:
        for place in (
            "month/b03/2026-11",
            "figure/activities?branch=b03&first=2026-11&last=2026-11",
            "centre?period=year&at=2026",
            "member/m0117",
            f"subject/{HOME}",
            f"activity/activity:{told[1]['_id']}",
        ):
            for width, height in ((1440, 900), (1024, 768)):
                await page.set_viewport_size({"width": width, "height": height})
                await go(page, place)
                await expect(page.locator("main h1")).to_be_visible()
                await page.wait_for_timeout(700)
                wrong = await axe(page) + await beyond(page)
                found += [f"{place} {width}: {one}" for one in wrong]
    assert not found, "\n".join(found)
