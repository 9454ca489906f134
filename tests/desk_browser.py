"""The review desk in a real Chromium, for tests: a page logged in, and records to look at."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Page, async_playwright, expect

from tests.browser import CHROMIUM, FLAGS, PATIENCE_MS, slowed
from tests.filling import documents, household, put, visit
from tests.serving import PASSWORD, Served


@asynccontextmanager
async def desk(staffed: Served, who: str = "song") -> AsyncIterator[Page]:
    """The desk's page, logged in."""
    errors: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        page = await browser.new_page(viewport={"width": 1440, "height": 900}, locale="zh-CN")
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: errors.append(str(error)))
        await slowed(page)
        await page.goto(f"{staffed.url}/desk")
        await page.locator("input[name=username]").fill(who)
        await page.locator("input[name=password]").fill(PASSWORD)
        await page.get_by_role("button", name="登录").click()
        await expect(page.get_by_role("button", name="退出")).to_be_visible()
        # Where one begins takes the focus when it has come; a menu that was opened before would close.
        await expect(page).not_to_have_url(re.compile("#/(login.*)?$"))
        await expect(page.locator("main :is(h1, h2)").first).to_be_visible()
        yield page
        await browser.close()
    assert not errors, f"the desk threw: {errors}"


# The screen that is left stays until the one that is gone to has come, and what it shows can be pressed as long.
_ARRIVED = """() => {
  const { currentRoute } = document.querySelector("#app").__vue_app__.config.globalProperties.$router;
  return decodeURI(currentRoute.value.fullPath) === decodeURI(location.hash.slice(1));
}"""


async def go(page: Page, place: str) -> None:
    """`place`: what stands behind the # of its address. It is there when this returns, though perhaps without what it asks for."""
    await page.goto(page.url.partition("#")[0] + f"#/{place}")
    await page.wait_for_function(_ARRIVED)


async def manage(page: Page, name: str) -> None:
    """Go to a place that lies under the menu."""
    # Going somewhere closes the menu: the log-in is still on its way to where one begins.
    await expect(page.locator(".desk-head [aria-current]:visible").first).to_be_visible()
    await page.locator(".manage summary").click()
    await page.locator(".manage").get_by_role("link", name=name).click()


async def pick(page: Page, label: str, text: str) -> None:
    """Choose somebody by typing a part of the name or number."""
    box = page.get_by_role("combobox", name=label)
    await box.click()
    await box.fill(text)
    await page.locator(".picked-from li").filter(has_text=text).first.click()


def reviews(staffed: Served) -> list[str]:
    return sorted(one["fields"]["decision"] for one in documents(staffed, "branch-b03", "review"))


def some_visit(staffed: Served, number: int, told: str) -> str:
    put(staffed, "branch-b03", household("李桂兰"))
    body = visit(number, {"m0042": True})
    body["fields"] |= {
        "subject": household("")["_id"],
        "narrative": told,
        "privacy": "notice",
        "keep_until": "2028-11-20",
    }
    put(staffed, "branch-b03", body)
    return str(body["_id"])
