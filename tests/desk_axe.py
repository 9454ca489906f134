"""What axe finds on a page of the desk, for tests."""

from playwright.async_api import Page

from tests.pouchdb import WEB

_LOOK = """
async () => {
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"];
  const runs = { runOnly: { type: "tag", values: tags }, resultTypes: ["violations"], iframes: false };
  const { violations } = await axe.run(document, runs);
  return violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html.slice(0, 160)).join(" | ")}`);
}
"""


async def axe(page: Page) -> list[str]:
    """What stands in a frame is a page of its own, and looked at like one."""
    source = (WEB / "node_modules/axe-core/axe.min.js").read_text("utf-8")
    found: list[str] = []
    for frame in page.frames:
        # Not as a script of the page: its policy takes none from outside.
        await frame.evaluate(source)
        found += await frame.evaluate(_LOOK)
    return found
