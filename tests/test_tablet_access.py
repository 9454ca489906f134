"""The tablet app for everybody: nothing that axe finds on any screen, in both languages and in large type, nothing cut off on a narrow
screen, and a record made from lock to finish by keyboard alone."""

from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.access import axe, beyond
from tests.browser import LANDSCAPE, PHONE, PIN, needed, press, reach
from tests.screens import Stage, fully, stage, story

pytestmark = [needed, pytest.mark.browser]


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_tu8_axe_finds_nothing_on_any_screen_and_none_is_cut_off(tmp_path: Path, language: str) -> None:
    found: list[str] = []
    async with stage(tmp_path, language) as on:
        async for name in story(on):
            for how, size in (("", LANDSCAPE), (" in large type on a phone", PHONE)):
                found += [f"{name}{how}: {one}" for one in await _faults(on.page, size, large=how != "")]
    assert not found, "\n".join(found)


async def _faults(page: Page, size: tuple[int, int], *, large: bool) -> list[str]:
    """Leaves the page as it was."""
    await page.set_viewport_size({"width": size[0], "height": size[1]})
    await page.evaluate(f"document.documentElement.classList.toggle('large', {str(large).lower()})")
    await page.wait_for_timeout(150)
    # What lies under the bar of actions is in reach once one has scrolled.
    await page.evaluate("scrollTo(0, document.querySelector('.bottom-bar') ? document.body.scrollHeight : scrollY)")
    faults = await axe(page) + await beyond(page)
    await page.evaluate("document.documentElement.classList.remove('large')")
    await page.set_viewport_size({"width": LANDSCAPE[0], "height": LANDSCAPE[1]})
    return faults


async def test_tu9_a_record_is_made_by_keyboard_alone(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        account = on.demo.account("m0051")
        await on.tablet.enrol(account.name, account.password)
        await fully(on)
        await on.page.reload()
        page = on.page
        await reach(page, ".pin")
        await page.keyboard.type(PIN)
        await expect(page.locator(".starts")).to_be_visible()
        await press(page, ".start.main")
        await press(page, ".chooser")
        await expect(page.locator("dialog .record-row").first).to_be_visible()
        await page.keyboard.type(on.subjects("enterprise")[0].name)
        await expect(page.locator("dialog .record-row")).to_have_count(1)
        await press(page, "dialog .record-row")
        await expect(page.locator("dialog")).to_have_count(0)
        await press(page, ".write-foot .main")
        await reach(page, ".step-body textarea")
        await page.keyboard.type("老人身体硬朗。")
        await _to_the_end(on)
        await expect(page.locator(".done-card")).to_be_visible()


async def _to_the_end(on: Stage) -> None:
    """The steps that are left, and what is still missing, which may be put right later."""
    page = on.page
    while await page.locator(".step[aria-current]").evaluate(
        "(one) => one !== [...document.querySelectorAll('.step')].at(-1)"
    ):
        before = await page.locator(".step-title").inner_text()
        await press(page, ".write-foot .main")
        await expect(page.locator(".step-title")).not_to_have_text(before)
    await press(page, ".write-foot .main")
    await page.wait_for_timeout(500)
    if await page.locator("dialog").count():
        await press(page, "dialog footer .button")
