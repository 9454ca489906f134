"""The review desk's forms in a real Chromium: edited by keyboard beside how they look on the tablet, published, refused where
unsound."""

import re

import httpx
import pytest
from playwright.async_api import Page, expect

from tests.browser import needed
from tests.desk_axe import axe
from tests.desk_browser import desk, manage
from tests.filling import as_admin
from tests.serving import Served

pytestmark = [needed, pytest.mark.browser]


def forms(staffed: Served, of: str) -> list[dict[str, object]]:
    with as_admin(staffed) as admin:
        return [one["fields"] for one in admin.get("/api/v1/forms").json() if one["fields"]["for"] == of]


async def survey(page: Page) -> None:
    await manage(page, "表单")
    await page.get_by_role("button", name="踏勘记录").click()


async def test_dk65_a_check_is_added_named_and_moved_by_keyboard_and_shows_as_on_the_tablet(
    staffed: Served,
) -> None:
    """DK66, DK67 and DK69 too."""
    async with desk(staffed, "admin") as page:
        await survey(page)
        await expect(page.get_by_text("没有改动")).to_be_visible()
        await page.get_by_role("button", name="检查项").last.click()
        await page.get_by_label("名称（中文）").fill("门前有无障碍通道")
        await expect(page.get_by_text("新增“门前有无障碍通道”")).to_be_visible()
        line = page.get_by_role("button", name="门前有无障碍通道 检查项")
        before = await page.locator(".item-name").all_inner_texts()
        await line.focus()
        await page.keyboard.press("Alt+ArrowUp")
        await expect(line).to_be_focused()
        after = await page.locator(".item-name").all_inner_texts()
        at = before.index("门前有无障碍通道")
        assert after.index("门前有无障碍通道") == at - 1
        await page.get_by_role("button", name="下移“门前有无障碍通道”").click()
        assert await page.locator(".item-name").all_inner_texts() == before
        await page.get_by_role("button", name="2 踏勘清单").click()
        tried = page.get_by_role("region", name="平板上的样子").get_by_role("group", name="门前有无障碍通道")
        await tried.get_by_text("整改后符合").click()
        await expect(tried.get_by_role("radio", name="整改后符合")).to_be_checked()
        assert await axe(page) == []
        await page.reload()
        await survey(page)
        await expect(page.get_by_text("新增“门前有无障碍通道”")).to_be_visible()
        await page.get_by_role("button", name="发布第 2 版").click()
        await expect(page.get_by_text("已发布第 2 版")).to_be_visible()
        await page.get_by_text("共 2 个版本").click()
        await expect(page.get_by_role("row", name="管理员")).to_be_visible()
    assert [one["number"] for one in forms(staffed, "survey")] == [1, 2]


async def test_dk65_an_item_is_dragged_to_another_place(staffed: Served) -> None:
    async with desk(staffed, "admin") as page:
        await manage(page, "表单")
        lines = page.locator(".item-line")
        await expect(lines.first).to_be_visible()
        names = await page.locator(".item-name").all_inner_texts()
        await lines.nth(1).drag_to(lines.nth(3))
        moved = [names[0], names[2], names[3], names[1], *names[4:]]
        await expect(page.locator(".item-name")).to_have_text(moved)
        await expect(page.get_by_text("顺序有变")).to_be_visible()
        await page.get_by_role("button", name="放弃草稿").click()
        await expect(page.locator(".item-name")).to_have_text(names)


async def test_dk68_an_unsound_form_is_refused_with_all_problems_at_their_places(staffed: Served) -> None:
    async with desk(staffed, "admin") as page:
        await manage(page, "表单")
        await page.get_by_role("button", name="去掉“起止时间”").click()
        await page.get_by_role("button", name="谈了什么").first.click()
        await page.get_by_label("名称（中文）").fill("")
        await page.get_by_role("button", name="发布第 2 版").click()
        await expect(page.get_by_role("alert").first).to_contain_text("没有发布：有 2 处问题")
        await expect(page.locator(".faulty")).to_have_count(1)
        await expect(page.locator(".item-editor")).to_contain_text("应有中文和英文")
        await expect(page.get_by_text("缺少“起止时间”")).to_be_visible()
        assert await axe(page) == []
    assert len(forms(staffed, "visit")) == 1


async def test_dk68_of_two_who_publish_at_once_the_second_is_told_and_keeps_the_draft(staffed: Served) -> None:
    async with desk(staffed, "admin") as page:
        await manage(page, "表单")
        await page.get_by_label("标题（中文）").fill("走访登记")
        (now,) = forms(staffed, "visit")
        with as_admin(staffed) as admin:
            made: httpx.Response = admin.post(
                "/api/v1/forms", json={"for": "visit", "title": {"zh": "别的", "en": "x"}, "items": now["items"]}
            )
            assert made.status_code == 201, made.text
        await page.get_by_role("button", name="发布第 2 版").click()
        await expect(page.get_by_role("alert")).to_contain_text("有人发布了第 2 版，您的版本没有发布")
        await expect(page.get_by_label("标题（中文）")).to_have_value("走访登记")
    assert [one["number"] for one in forms(staffed, "visit")] == [1, 2]


async def test_dk64_who_is_no_administrator_reads_forms_and_edits_none(staffed: Served) -> None:
    async with desk(staffed) as page:
        await manage(page, "表单")
        await expect(page.get_by_role("region", name="平板上的样子")).to_contain_text("走访记录")
        await expect(page.get_by_role("button", name="发布第 2 版")).to_have_count(0)
        await page.get_by_text("共 1 个版本").click()
        await expect(page.get_by_role("row", name="初始表单")).to_be_visible()
        assert await axe(page) == []


async def test_fm13_a_form_is_tried_with_the_tablet_s_own_inputs_on_what_is_made_up(staffed: Served) -> None:
    async with desk(staffed, "admin") as page:
        await manage(page, "表单")
        await page.get_by_role("button", name="走访记录").click()
        tried = page.get_by_role("region", name="平板上的样子")
        await expect(tried.get_by_label("开始")).to_have_value(re.compile(r"\d{4}-\d\d-\d\dT"))
        await tried.get_by_role("button", name="点此查找或新建").click()
        await expect(tried.get_by_text("王秀英户（示例）")).to_be_visible()
        await expect(tried.get_by_text("李明（示例）")).to_be_visible()
        await tried.get_by_role("button", name="添加人员").click()
        await tried.get_by_role("button", name="移除张华（示例）").click()
        await expect(tried.get_by_text("张华（示例）")).to_have_count(0)
        await tried.get_by_role("button", name="1 小时").click()
        await expect(tried.get_by_text("历时 1 小时")).to_be_visible()
        await tried.get_by_role("button", name="4 照片与位置").click()
        await expect(tried.get_by_text("精度约 12 米")).to_be_visible()
        await tried.get_by_role("button", name="2 情况").click()
        await tried.get_by_role("button", name="家中一切正常").first.click()
        await expect(tried.locator("textarea").first).to_have_value("家中一切正常")
        assert await axe(page) == []
