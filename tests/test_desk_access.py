"""The review desk for everybody: nothing that axe finds on any screen or state, in both languages; nothing beyond the page at 200 % or in
large type; and what one does all day, done by keyboard alone."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.access import axe, beyond
from tests.browser import intercept, needed, press, reach
from tests.desk_browser import desk, go, reviews
from tests.desk_cases import SUBJECT, sound_visit
from tests.desk_filling import fill
from tests.desk_story import DESK, office, story
from tests.pouchdb import WEB
from tests.serving import Served

pytestmark = [needed, pytest.mark.browser]

TWICE = (DESK[0] // 2, DESK[1] // 2)
"""The room that is left of the desk's where it is zoomed to 200 %."""
NARROW = (1024, 768)


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_dk100_axe_finds_nothing_on_any_screen_and_nothing_lies_beyond_it_however_large(
    tmp_path: Path, language: str
) -> None:
    """DK101 too."""
    found: list[str] = []
    async with office(tmp_path, language) as on:
        async for name in story(on):
            found += [f"{name}: {one}" for one in await _faults(on.page)]
    assert not found, "\n".join(found)


async def _faults(page: Page) -> list[str]:
    """Leaves the page as it was, at its top."""
    # What lies under the head is in reach once one has scrolled.
    await page.evaluate("scrollTo(0, 0)")
    faults = await axe(page)
    for (width, height), large in ((TWICE, False), (NARROW, False), (NARROW, True)):
        await page.set_viewport_size({"width": width, "height": height})
        await page.evaluate(f"document.documentElement.classList.toggle('large', {str(large).lower()})")
        await page.wait_for_timeout(60)
        faults += [f"at {width}{' in large type' if large else ''}: {one}" for one in await beyond(page)]
    await page.evaluate("document.documentElement.classList.remove('large')")
    await page.set_viewport_size({"width": DESK[0], "height": DESK[1]})
    return faults


async def test_dk102_the_head_is_passed_by_one_key_each_screen_has_its_title_and_begins_at_its_beginning(
    staffed: Served,
) -> None:
    async with desk(staffed) as page:
        await page.reload()
        await expect(page.get_by_role("heading", name="待办")).to_be_visible()
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("link", name="跳到正文")).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(page.locator("main")).to_be_focused()
        for name in ("月度台账", "对照", "查找", "平板", "待办"):
            await page.get_by_role("navigation").get_by_role("link", name=name).focus()
            await page.keyboard.press("Enter")
            await expect(page).to_have_title(f"{name} · 走访台账 · 审核")
            await expect(page.locator("main")).to_be_focused()
            await expect(page.locator("h1")).to_have_count(1)
        await page.get_by_role("button", name="English").click()
        await expect(page).to_have_title("Inbox · Fieldbook · review")


async def test_dk102_a_dialog_gives_the_focus_back_and_no_key_is_trapped(staffed: Served) -> None:
    sound_visit(staffed, 1)
    async with desk(staffed) as page:
        await expect(page.locator(".item")).to_have_count(1)
        keys = page.get_by_role("button", name="快捷键")
        await keys.focus()
        for close in ("Escape", "Enter"):
            await page.keyboard.press("Enter")
            await expect(page.get_by_role("dialog")).to_be_visible()
            await expect(page.get_by_role("button", name="关闭")).to_be_focused()
            await page.keyboard.press(close)
            await expect(page.get_by_role("dialog")).to_have_count(0)
            await expect(keys).to_be_focused()
        # From here every part is reached, and in the end the browser's own.
        seen = set()
        for _ in range(60):
            await page.keyboard.press("Tab")
            seen.add(await page.evaluate("document.activeElement.className"))
            if await page.evaluate("document.activeElement === document.body"):
                break
        else:
            raise AssertionError("the Tab key never leaves the page")
        assert {"item", "tick"} <= seen


async def test_dk103_a_record_is_returned_others_approved_and_the_month_too_by_keyboard_alone(staffed: Served) -> None:
    await fill(staffed)
    for number in range(2, 5):
        sound_visit(staffed, number, author="m0117")
    async with desk(staffed) as page:
        await page.reload()
        await press(page, ".chip:nth-child(2)")
        await expect(page.locator(".chip[aria-pressed=true]")).to_contain_text("新记录")
        await expect(page.locator(".item").nth(3)).to_be_visible()
        await page.keyboard.press("j")
        await expect(page.locator(".pane h2")).to_be_visible()
        await page.keyboard.press("r")
        await expect(page.locator(".return-text")).to_be_focused()
        await page.keyboard.type("请补充。")
        await press(page, "footer.acts .main")
        await expect(page.locator(".done-bar")).to_contain_text("已退回")
        await expect(page.get_by_role("button", name="通过 A")).to_be_visible()
        await page.keyboard.press("a")
        await expect(page.locator(".done-bar")).to_contain_text("已通过")
        await reach(page, ".tick")
        await page.keyboard.press("Space")
        await page.keyboard.press("a")
        await expect(page.locator(".batch")).to_contain_text("通过 1 条")
        await press(page, "a.place[href='#/month']")
        await expect(page.get_by_role("heading", name="第三党支部 2026 年 11 月")).to_be_visible()
        await press(page, ".month-head .main")
        await expect(page.get_by_text("已通过，第 1 版正在生成")).to_be_visible()
        await reach(page, ".headline")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", level=1)).to_contain_text("：")
        await press(page, "tbody td a")
        await expect(page.locator(".beside")).to_be_visible()
    assert set(reviews(staffed)) == {"approve", "return"}


async def test_dk103_what_changes_by_itself_is_told_to_who_does_not_see_it(staffed: Served) -> None:
    async with desk(staffed) as page:
        await expect(page.get_by_role("status").filter(has_text="实时")).to_be_visible()
        sound_visit(staffed, 1)
        await page.locator(".item").first.click()
        await expect(page.locator(".pane h2")).to_be_visible()
        await page.keyboard.press("a")
        await expect(page.get_by_role("status").filter(has_text="已通过")).to_be_visible()
        await intercept(page, "**/api/v1/activity-records*", lambda route: route.abort())
        await page.get_by_role("link", name="月度台账").click()
        await expect(page.get_by_role("alert").filter(has_text="连不上服务器")).to_be_visible()


async def test_dk104_the_head_names_who_is_here_and_times_are_told_in_one_way(staffed: Served) -> None:
    await fill(staffed)
    sound_visit(staffed, 5)
    async with desk(staffed) as page:
        await expect(page.locator(".who-here")).to_have_text("同志0001 支部书记")
        await go(page, f"subject/{SUBJECT}")
        await expect(page.get_by_role("heading", name="李桂兰")).to_be_visible()
        for link in ("待办", "月度台账"):
            await page.get_by_role("link", name=link).click()
            await expect(page.locator("h1")).to_have_count(1)
            text = await page.locator("main").inner_text()
            assert not re.search(r"\d年\d+月\d+日|\d{1,2}/\d{1,2}/\d{4}", text), text
            assert not re.search(r"(household|visit|member|branch):\w", text), text


def test_dk104_no_two_parts_style_the_same_name() -> None:
    """All parts' styles are there at once: what one calls its own, no other may. The page in a form's frame has the tablet's."""
    own: dict[str, set[str]] = {}
    mentioned: dict[str, set[str]] = {}
    desk_css = WEB / "desk/desk.css"
    files = [
        *(WEB / "shared/ui").rglob("*.css"),
        *(WEB / "shared/ui").rglob("*.vue"),
        *(file for file in (WEB / "desk").rglob("*.vue") if "tried" not in file.parts),
        desk_css,
    ]
    for file in files:
        text = file.read_text()
        css = text if file.suffix == ".css" else "".join(re.findall(r"<style>(.*?)</style>", text, re.DOTALL))
        for selectors in re.findall(r"([^{}]+)\{", re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)):
            for one in (each.strip() for each in selectors.split(",")):
                if re.fullmatch(r"\.[a-z-]+", one):
                    own.setdefault(one, set()).add(file.name)
                elif file == desk_css:
                    for name in re.findall(r"\.[a-z-]+", one):
                        mentioned.setdefault(name, set()).add(file.name)
    base = {"theme.css", "desk.css"}
    assert {name: files for name, files in own.items() if len(files) > 1} == {}
    assert {name for name in mentioned if own.get(name, base) - base} == set()
