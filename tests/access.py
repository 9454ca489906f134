"""What keeps people out of a page, for tests: what axe finds, and what lies beyond its right edge."""

from playwright.async_api import Page

from tests.pouchdb import WEB

_AXE = WEB / "node_modules/axe-core/axe.min.js"
_LOOK = """
async () => {
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"];
  const runs = { runOnly: { type: "tag", values: tags }, resultTypes: ["violations"], iframes: false };
  const { violations } = await axe.run(document, runs);
  return violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html.slice(0, 160)).join(" | ")}`);
}
"""
_BEYOND = """
() => {
  const root = document.documentElement;
  if (root.scrollWidth <= root.clientWidth) return [];
  const beyond = [...document.querySelectorAll("body *")].filter((one) => one.getBoundingClientRect().right > root.clientWidth + 1);
  const told = beyond.slice(-3).map((one) => `${one.tagName} ${one.getAttribute("class")} ${one.textContent.slice(0, 30)}`);
  return [`${root.scrollWidth} wide on ${root.clientWidth}: ${told.join("; ")}`];
}
"""


async def axe(page: Page) -> list[str]:
    """What stands in a frame is a page of its own, and looked at like one."""
    source = _AXE.read_text("utf-8")
    found: list[str] = []
    for frame in page.frames:
        # Of a page that has not come yet there is nothing to say.
        await frame.locator("main").first.wait_for()
        # Not as a script of the page: its policy takes none from outside.
        if not await frame.evaluate("'axe' in globalThis"):
            await frame.evaluate(source)
        found += await frame.evaluate(_LOOK)
    return found


async def beyond(page: Page) -> list[str]:
    """Nothing, or how wide the page is and the last three elements that make it so."""
    found: list[str] = await page.evaluate(_BEYOND)
    return found
