"""The tablet app for everybody: nothing that axe finds on any screen, in both languages and in large type, nothing cut off on a narrow
screen, and a record made from lock to finish by keyboard alone."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.browser import LANDSCAPE, PHONE, PIN, needed, press, reach
from tests.pouchdb import WEB
from tests.screens import Stage, fully, stage, story

AXE = WEB / "node_modules/axe-core/axe.min.js"
pytestmark = [needed, pytest.mark.browser]

_LOOK = """
async () => {
  // What lies under the bar of actions is in reach once one has scrolled.
  scrollTo(0, document.querySelector(".bottom-bar") ? document.body.scrollHeight : scrollY);
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"];
  const { violations } = await axe.run(document, { runOnly: { type: "tag", values: tags }, resultTypes: ["violations"] });
  return violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html.slice(0, 160)).join(" | ")}`);
}
"""
_BEYOND = """
() => {
  const root = document.documentElement;
  if (root.scrollWidth <= root.clientWidth) return [];
  const beyond = [...document.querySelectorAll("main *")].filter((one) => one.getBoundingClientRect().right > root.clientWidth + 1);
  const told = beyond.slice(-3).map((one) => `${one.tagName} ${one.getAttribute("class")} ${one.textContent.slice(0, 30)}`);
  return [`${root.scrollWidth} wide on ${root.clientWidth}: ${told.join("; ")}`];
}
"""


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_tu8_axe_finds_nothing_on_any_screen_and_none_is_cut_off(tmp_path: Path, language: str) -> None:
    found: list[str] = []
    async with stage(tmp_path, language) as on:
        await on.tablet.context.add_init_script(path=AXE)
        await on.page.reload()
        async for name in story(on):
            for how, size in (("", LANDSCAPE), (" in large type on a phone", PHONE)):
                found += [f"{name}{how}: {one}" for one in await _faults(on.page, size, large=how != "")]
    assert not found, "\n".join(found)


async def _faults(page: Page, size: tuple[int, int], *, large: bool) -> list[str]:
    """Leaves the page as it was."""
    await page.set_viewport_size({"width": size[0], "height": size[1]})
    await page.evaluate(f"document.documentElement.classList.toggle('large', {str(large).lower()})")
    await page.wait_for_timeout(150)
    faults: list[str] = await page.evaluate(_LOOK)
    beyond: list[str] = await page.evaluate(_BEYOND)
    await page.evaluate("document.documentElement.classList.remove('large')")
    await page.set_viewport_size({"width": LANDSCAPE[0], "height": LANDSCAPE[1]})
    return faults + beyond


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


@pytest.mark.parametrize("app", ["tablet", "desk/tried"])
def test_tu10_no_two_parts_style_the_same_name(app: str) -> None:
    """Nor in the page in which the desk tries a form, which has the tablet's."""
    shared = WEB / "shared"
    styled: dict[str, set[str]] = {}
    for file in [*shared.rglob("*.css"), *shared.rglob("*.vue"), *(WEB / app).rglob("*.vue")]:
        text = file.read_text()
        css = text if file.suffix == ".css" else "".join(re.findall(r"<style>(.*?)</style>", text, re.DOTALL))
        for selectors in re.findall(r"([^{}]+)\{", re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)):
            for one in selectors.split(","):
                if re.fullmatch(r"\.[a-z-]+", one.strip()):
                    styled.setdefault(one.strip(), set()).add(file.name)
    assert {name: files for name, files in styled.items() if len(files) > 1} == {}


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
