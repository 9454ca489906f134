"""The review desk in a real Chromium: what waits, a record read and decided, a month approved, a figure opened."""

import re

import httpx
import pytest
from playwright.async_api import async_playwright, expect

from tests.browser import CHROMIUM, FLAGS, needed, until
from tests.desk_browser import desk, go, reviews, some_visit
from tests.filling import documents, household, put, visit
from tests.serving import PASSWORD, Served

pytestmark = [needed, pytest.mark.browser]


async def test_dk1_a_wrong_password_is_told_in_words(staffed: Served) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        page = await browser.new_page()
        await page.goto(f"{staffed.url}/desk")
        await page.locator("input[name=username]").fill("song")
        await page.locator("input[name=password]").fill("wrong")
        await page.get_by_role("button", name="登录").click()
        await expect(page.get_by_role("alert")).to_contain_text("账号或密码不对")
        await browser.close()


async def test_dk2_a_record_is_gone_through_by_keyboard_and_approved_as_it_was_seen(staffed: Served) -> None:
    some_visit(staffed, 1, "谈了低保")
    some_visit(staffed, 2, "谈了医保")
    async with desk(staffed) as page:
        await page.get_by_role("button", name="新记录").first.click()
        await expect(page.locator(".item")).to_have_count(2)
        await page.locator("h1").click()
        await page.keyboard.press("j")
        await expect(page.locator(".facts")).to_contain_text("谈了")
        await expect(page.locator(".facts")).to_contain_text("李桂兰")
        await page.keyboard.press("a")
        await until(lambda: reviews(staffed) == ["approve"])
        await expect(page.locator(".item")).to_have_count(1)


async def test_dk3_a_record_is_returned_with_remarks_on_its_fields(staffed: Served) -> None:
    record = some_visit(staffed, 1, "谈了低保")
    async with desk(staffed) as page:
        await page.locator(".item", has_text="李桂兰").first.click()
        await expect(page.locator(".facts")).to_contain_text("谈了低保")
        await page.keyboard.press("r")
        await page.get_by_label("对“情况记录”的意见").fill("请写明申请进展")
        await page.get_by_role("button", name="退回更正").click()
        await until(lambda: reviews(staffed) == ["return"])
    (review,) = documents(staffed, "branch-b03", "review")
    assert review["fields"]["record"] == record
    assert "请写明申请进展" in review["fields"].values()


async def test_dk4_a_record_that_changed_while_it_was_open_is_shown_anew_and_nothing_is_decided(
    staffed: Served,
) -> None:
    some_visit(staffed, 1, "旧的说法")
    async with desk(staffed) as page:
        await page.locator(".item", has_text="李桂兰").first.click()
        await expect(page.locator(".facts")).to_contain_text("旧的说法")
        some_visit(staffed, 1, "新的说法")
        await page.keyboard.press("a")
        await expect(page.get_by_text("有了改动")).to_be_visible()
        await expect(page.locator(".facts")).to_contain_text("新的说法")
    assert reviews(staffed) == []


async def test_dk5_a_figure_of_the_month_opens_to_its_records_and_the_month_is_approved(staffed: Served) -> None:
    some_visit(staffed, 1, "谈了低保")

    def counted() -> bool:
        with httpx.Client(base_url=staffed.url, auth=("song", PASSWORD)) as secretary:
            answer = secretary.get("/api/v1/activity-records/b03/2026-11")
        return answer.status_code == 200 and answer.json()["figures"][0]["value"] == 1

    await until(counted)
    async with desk(staffed) as page:
        await page.get_by_role("link", name="月度台账").click()
        await expect(page.get_by_role("row", name="走访").first).to_contain_text("1")
        await page.get_by_role("link", name="走访 本月 1 次").click()
        await page.get_by_role("link", name="打开").click()
        await expect(page.locator(".facts")).to_contain_text("谈了低保")
        await page.get_by_role("link", name="月度台账").click()
        await page.get_by_role("button", name="通过本月台账").click()
        await expect(page.get_by_role("rowheader", name="第 1 版")).to_be_visible()
        async with page.expect_download() as coming:
            await page.get_by_role("link", name="第 1 版 Excel").click()
        assert (await coming.value).suggested_filename.endswith(".xlsx")


async def test_dk6_what_was_written_is_found_by_words_of_two_characters(staffed: Served) -> None:
    some_visit(staffed, 1, "谈了低保申请的进展")
    async with desk(staffed) as page:
        await page.get_by_role("link", name="查找").click()

        async def found() -> bool:
            await page.get_by_label("要找的词").fill("低保")
            await page.keyboard.press("Enter")
            await expect(page.get_by_role("status").last).to_have_text(re.compile("共|没有找到"))
            return await page.locator("mark", has_text="低保").count() > 0

        await until(found)


async def test_dk159_a_record_that_counts_nowhere_says_so_where_it_is_found_and_where_it_is_read(
    staffed: Served,
) -> None:
    put(staffed, "branch-b03", household("李桂兰"))
    body = visit(1, {"m0042": True})
    told = {"subject": household("", 77)["_id"], "narrative": "问了低保", "privacy": "notice"}
    put(staffed, "branch-b03", {**body, "fields": {**body["fields"], **told, "keep_until": "2028-11-20"}})
    async with desk(staffed) as page:

        async def found() -> bool:
            await go(page, "search?q=低保&type=visit")
            await page.reload()
            await expect(page.get_by_role("status").last).to_have_text(re.compile("共|没有找到"))
            return await page.locator(".hit .tag.bad").count() > 0

        await until(found)
        await expect(page.locator(".hit")).to_contain_text("服务对象不在名册上，未计入")
        await page.locator(".hit").get_by_role("link").first.click()
        await expect(page.locator("section.pane").first).to_contain_text("问了低保")
        await expect(page.locator("section.pane").first).to_contain_text("服务对象不在名册上，未计入")


async def test_dk7_going_back_from_a_hit_leads_to_the_list_as_it_was(staffed: Served) -> None:
    some_visit(staffed, 1, "谈了低保申请的进展")
    async with desk(staffed) as page:

        async def found() -> bool:
            await go(page, "search?q=低保&type=visit")
            await page.reload()
            await expect(page.get_by_role("status").last).to_have_text(re.compile("共|没有找到"))
            return await page.locator("mark", has_text="低保").count() > 0

        await until(found)
        await expect(page.get_by_role("combobox", name="类型")).to_have_value("visit")
        await page.get_by_role("link", name="李桂兰").click()
        await expect(page).to_have_url(re.compile("#/inbox/visit"))
        await expect(page.locator("section.pane").first).to_contain_text("谈了低保申请的进展")
        await page.go_back()
        await expect(page.locator("mark", has_text="低保")).to_be_visible()
        await page.get_by_role("combobox", name="类型").select_option("subject")
        await expect(page.get_by_text("没有找到")).to_be_visible()
        assert "type=subject" in page.url
        await page.get_by_role("combobox", name="类型").select_option("activity")
        await expect(page.get_by_text("没有找到")).to_be_visible()
