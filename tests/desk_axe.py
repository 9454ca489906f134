"""What axe finds on a page of the desk, for tests."""

from playwright.async_api import Page

from tests.pouchdb import WEB

_LOOK = """
async () => {
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"];
  const { violations } = await axe.run(document, { runOnly: { type: "tag", values: tags }, resultTypes: ["violations"] });
  return violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html.slice(0, 160)).join(" | ")}`);
}
"""


async def axe(page: Page) -> list[str]:
    # Not as a script of the page: its policy takes none from outside. What stands in a frame is looked at with it.
    source = (WEB / "node_modules/axe-core/axe.min.js").read_text("utf-8")
    for frame in page.frames:
        await frame.evaluate(source)
    found: list[str] = await page.evaluate(_LOOK)
    return found
