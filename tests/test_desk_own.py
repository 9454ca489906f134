"""The own account at the desk, in a real Chromium: a new password, and rescue files of tablets handed in."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.access import axe
from tests.browser import Tablet, needed
from tests.desk_browser import desk, go
from tests.desk_cases import as_member
from tests.filling import documents, household, put
from tests.serving import PASSWORD, Served

pytestmark = [needed, pytest.mark.browser]


async def type_in(page: Page, old: str, new: str, again: str) -> None:
    await page.get_by_label("原密码").fill(old)
    await page.get_by_label("新密码", exact=False).first.fill(new)
    await page.get_by_label("再输入一次新密码").fill(again)


async def test_dk146_one_changes_the_own_password_and_comes_back_with_it(staffed: Served) -> None:
    async with desk(staffed) as page:
        await page.get_by_title("我的账号").click()
        await expect(page.get_by_role("heading", name="我的账号")).to_be_visible()
        assert await axe(page) == []
        change = page.get_by_role("button", name="更改密码")
        await type_in(page, PASSWORD, "seven77", "seven77")
        await expect(change).to_be_disabled()
        await type_in(page, PASSWORD, "a new password", "another")
        await expect(page.get_by_text("两次输入不一致")).to_be_visible()
        await expect(change).to_be_disabled()
        assert await axe(page) == []
        await type_in(page, "not the password", "a new password", "a new password")
        await change.click()
        await expect(page.get_by_role("alert")).to_have_text("原密码不对")
        await type_in(page, PASSWORD, "a new password", "a new password")
        await change.click()
        await expect(page.get_by_role("status").filter(has_text="密码已更改，请用新密码登录。")).to_be_visible()
        await page.locator("input[name=username]").fill("song")
        await page.locator("input[name=password]").fill("a new password")
        await page.get_by_role("button", name="登录").click()
        await expect(page.get_by_role("button", name="退出")).to_be_visible()
    with as_member(staffed, "song") as client:
        assert client.get("/api/v1/session").status_code == 401, "the former password is none"


async def test_dk147_a_tablets_rescue_file_is_handed_in_at_the_desk(
    staffed: Served, make: Callable[..., Tablet], tmp_path: Path
) -> None:
    put(staffed, "branch-b03", household("李桂兰"))
    tablet = make("t1")
    await tablet.start()
    await tablet.enrol("li")
    await tablet.synced()
    await tablet.cut()
    await tablet.visit("李桂兰", "只在这台平板上")
    await tablet.home()
    await tablet.go("同步")
    async with tablet.page.expect_download() as waits:
        await tablet.tap("保存救援文件")
    file = tmp_path / (await waits.value).suggested_filename
    await (await waits.value).save_as(file)
    async with desk(staffed) as page:
        await go(page, "tablets")
        await page.get_by_role("button", name="收救援文件").click()
        dialog = page.get_by_role("dialog")
        broken = tmp_path / "broken.rescue"
        broken.write_bytes(file.read_bytes()[:-40])
        await dialog.locator("input[type=file]").set_input_files(broken)
        await expect(dialog.get_by_role("alert")).to_contain_text("不是完整的救援文件")
        assert await axe(page) == []
        await dialog.locator("input[type=file]").set_input_files(file)
        await expect(dialog.get_by_role("status")).to_contain_text("已收下：1 项新内容")
        await dialog.locator("input[type=file]").set_input_files(file)
        await expect(dialog.get_by_role("status")).to_contain_text("没有新内容")
        assert await axe(page) == []
    (visit,) = documents(staffed, "branch-b03", "visit")
    assert visit["fields"]["narrative"] == "只在这台平板上"
