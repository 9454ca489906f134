"""Tablets for tests as they are in the field: a real Chromium with its own disk, on which the app is installed, used, cut off and killed.

Run as a program it sees to it that there is a Chromium: one on PATH or named by CHROMIUM, else the system's package, else Playwright's.
"""

import asyncio
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import pytest
from playwright.async_api import BrowserContext, CDPSession, Locator, Page, Playwright, Route, async_playwright, expect

from tests.serving import PASSWORD

FLAGS = (
    "--no-sandbox",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--lang=zh-CN",
)
PIN, SECOND_PIN = "135792", "246813"
LANDSCAPE, PORTRAIT, PHONE = (1280, 800), (800, 1280), (360, 640)
PATIENCE_MS = 20_000
# How many times slower than this machine the pages run: what is pressed too early shows at 6. The tests must pass at any.
SLOWER = float(os.environ.get("FIELDBOOK_SLOWER_PAGES", "1"))
# By how many milliseconds whatever they ask for comes later: what is pressed on the page that is being left shows at 400.
LATER_MS = float(os.environ.get("FIELDBOOK_LATER_ANSWERS", "0"))
HINDERED = SLOWER > 1 or LATER_MS > 0

# What is waited for is told by itself when it comes; on a machine with much else to do that is later than the five seconds that are usual.
expect.set_options(timeout=PATIENCE_MS)


def find_chromium() -> str | None:
    named = os.environ.get("CHROMIUM")
    return named or next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
    )


CHROMIUM = find_chromium()
APP = Path(__file__).parent.parent / "server/apps/tablet/index.html"
needed = pytest.mark.skipif(
    (CHROMIUM is None or not APP.exists()) and "FIELDBOOK_NEED_BROWSER" not in os.environ,
    reason="`make test` builds the app and looks for a Chromium; name one with CHROMIUM=",
)
"""Marks what runs in a browser. Where FIELDBOOK_NEED_BROWSER is set, a missing browser is a failure and no reason to skip."""


_CARDS = """async () => {
  const names = (await indexedDB.databases()).map((one) => one.name).filter((name) => /^fieldbook-[^-]+$/.test(name));
  const found = [];
  for (const name of names) {
    const db = await new Promise((resolve) => { const asked = indexedDB.open(name); asked.onsuccess = () => resolve(asked.result); });
    const keys = await new Promise((resolve) => {
      const asked = db.transaction("cards").objectStore("cards").getAllKeys();
      asked.onsuccess = () => resolve(asked.result);
    });
    found.push(...keys);
    db.close();
  }
  return found;
}"""


class Tablet:
    """One tablet with one Chromium profile. `start` and `kill` may follow each other: what is on its disk stays."""

    def __init__(
        self,
        playwright: Playwright,
        directory: Path,
        url: str,
        size: tuple[int, int] = LANDSCAPE,
        language: str = "zh",
    ) -> None:
        """`language`: zh or en, as if it had been chosen on it before."""
        self.directory, self.url, self.size, self.language = directory, url, size, language
        self.errors: list[str] = []
        self._playwright = playwright
        self._context: BrowserContext | None = None
        self._page: Page | None = None

    @property
    def page(self) -> Page:
        assert self._page is not None, "the tablet is switched off"
        return self._page

    @property
    def context(self) -> BrowserContext:
        assert self._context is not None, "the tablet is switched off"
        return self._context

    async def start(self, path: str = "", *, offline: bool = False) -> None:
        """Switch it on: the app opens, with or without a network."""
        await self.power()
        if offline:
            await self.cut()
        await self.page.goto(f"{self.url}/{path}", wait_until="domcontentloaded")

    async def power(self) -> None:
        """Switch it on, at an empty page."""
        width, height = self.size
        self._context = await self._playwright.chromium.launch_persistent_context(
            str(self.directory),
            executable_path=CHROMIUM,
            args=list(FLAGS),
            # Its own parts, such as date fields, speak by this.
            env={**os.environ, "LANGUAGE": "zh_CN"},
            viewport={"width": width, "height": height},
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            geolocation={"latitude": 30.1, "longitude": 110.2, "accuracy": 12},
            permissions=["geolocation"],
            has_touch=True,
        )
        self._context.set_default_timeout(PATIENCE_MS)
        if self.language != "zh":
            await self._context.add_init_script(f"localStorage.setItem('fieldbook.language', '{self.language}')")
        self._page = self._context.pages[0] if self._context.pages else await self._context.new_page()
        self._page.on("pageerror", lambda error: self.errors.append(str(error)))
        await slowed(self._page)

    async def stop(self) -> None:
        if self._context is not None:
            with suppress(Exception):
                await self._context.close()
        self._context = self._page = None

    async def kill(self) -> None:
        """The battery dies: every process of the browser, at once."""
        _kill(self.directory)
        await self.stop()

    async def cut(self) -> None:
        await cut(self.page)

    async def join(self) -> None:
        await join(self.page)

    def show(self, page: Page) -> None:
        """Another window comes before the one so far."""
        self._page = page

    # What a member does

    async def enrol(self, name: str, password: str = PASSWORD, pin: str = PIN) -> None:
        await self.page.get_by_label("账号", exact=True).and_(self.page.locator("input[name=username]")).fill(name)
        await self.page.locator("input[name=password]").fill(password)
        await self.tap("下一步：设置密码")
        await self.pin(pin)
        await expect(self.page.get_by_text("再输入一次")).to_be_visible()
        await self.pin(pin)
        await self.sees("记走访")

    async def add(self, name: str, pin: str = SECOND_PIN) -> None:
        """Close it, and enrol another member on it."""
        await self.tap("锁定")
        await self.tap("添加人员")
        await self.enrol(name, pin=pin)

    async def unlock(self, pin: str = PIN) -> None:
        await self.pin(pin)
        await self.sees("记走访")

    async def pin(self, pin: str = PIN) -> None:
        for at, digit in enumerate(pin, 1):
            key = self.page.locator(".key", has_text=re.compile(f"^{digit}$"))
            await key.click()
            if at < len(pin):
                await expect(self.page.locator(".dot.typed")).to_have_count(at)

    async def tap(self, words: str, nth: int = 0) -> None:
        await self.page.get_by_text(words, exact=False).nth(nth).click()

    async def step(self, words: str) -> None:
        """Go to a step of the record that is being written."""
        await self.page.locator(".step", has_text=words).click()

    async def go(self, tab: str) -> None:
        """Choose a place of the bar."""
        await self.page.locator("nav.tabs a", has_text=tab).click()

    async def sees(self, words: str) -> Locator:
        found = self.page.get_by_text(words).first
        await expect(found).to_be_visible(timeout=PATIENCE_MS)
        return found

    async def sees_not(self, words: str) -> None:
        await expect(self.page.get_by_text(words)).to_have_count(0, timeout=PATIENCE_MS)

    async def synced(self) -> None:
        """Until the tablet says that it is fully synced."""
        await self.sees("本机已全部同步")

    async def begin_visit(self, subject: str, told: str) -> None:
        """Record a visit up to where it can be finished."""
        await self.tap("记走访")
        await self.tap("点此查找或新建")
        await self.page.locator("dialog[open] input").first.fill(subject)
        await self.page.locator("dialog[open] button", has_text=subject).first.click()
        await self.step("情况")
        await self.page.get_by_label("情况记录").fill(told)
        await self.page.get_by_text("已告知", exact=True).click()

    async def finish(self) -> None:
        await self.page.locator(".step").last.click()
        now = self.page.get_by_role("button", name="现在结束")
        if await now.count():
            await now.click()
        await self.page.get_by_role("button", name="完成", exact=True).click()
        await self.sees("已保存在本机")

    async def visit(self, subject: str, told: str) -> None:
        await self.begin_visit(subject, told)
        await self.finish()

    async def home(self) -> None:
        await self.page.evaluate("location.hash = '#/'")
        await self.sees("记走访")

    async def contact(self) -> None:
        """Speak with the server now, and not when something new wakes the tablet."""
        await self.page.evaluate("dispatchEvent(new Event('online'))")

    async def cards(self, kind: str) -> list[str]:
        """Ids of what the tablet shows in lists."""
        found: list[str] = await self.page.evaluate(_CARDS)
        return [one for one in found if one.startswith(f"{kind}:")]

    async def __aenter__(self) -> "Tablet":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()


# What slows a page down, as long as there is the page.
_slowing: WeakKeyDictionary[Page, CDPSession] = WeakKeyDictionary()


async def slowed(page: Page) -> None:
    """Have it run as slowly as FIELDBOOK_SLOWER_PAGES and FIELDBOOK_LATER_ANSWERS say."""
    if not HINDERED:
        return
    _slowing[page] = session = await page.context.new_cdp_session(page)
    await session.send("Network.enable")
    await session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    await _network(page, offline=False)


async def cut(page: Page) -> None:
    """There is no network from now on, for any page of its browser."""
    await _network(page, offline=True)


async def join(page: Page) -> None:
    await _network(page, offline=False)


async def _network(page: Page, offline: bool) -> None:
    await page.context.set_offline(offline)
    if page in _slowing:
        # Each session of the browser's tools has a word in whether there is a network.
        told = {"offline": offline, "latency": LATER_MS, "downloadThroughput": -1, "uploadThroughput": -1}
        await _slowing[page].send("Network.emulateNetworkConditions", told)


async def intercept(page: Page, pattern: str, handler: Callable[[Route], Any]) -> None:
    """Have `handler` answer what is asked for at `pattern`, from now on: a browser begins with that a moment after it was told."""
    await page.route(pattern, handler)
    await page.route("**/api/v1/intercepted", lambda route: route.fulfill(status=299))
    status = "fetch('/api/v1/intercepted').then((answer) => answer.status, () => 0)"
    await until(lambda: _is(page.evaluate(status), 299))


async def _is(asked: Awaitable[Any], wanted: Any) -> bool:
    return bool(await asked == wanted)


def _kill(profile: Path) -> None:
    for process in Path("/proc").iterdir():
        with suppress(OSError, ValueError):
            if str(profile).encode() in (process / "cmdline").read_bytes() and int(process.name) != os.getpid():
                os.kill(int(process.name), signal.SIGKILL)
    for lock in profile.glob("Singleton*"):
        lock.unlink(missing_ok=True)


@asynccontextmanager
async def tablets(directory: Path, url: str) -> AsyncIterator[Callable[..., Tablet]]:
    """Makes tablets: `make("t1")`, each with a disk of its own. All are switched off at the end, and none has thrown an error."""
    made: list[Tablet] = []
    async with async_playwright() as playwright:

        def make(name: str, **about: Any) -> Tablet:
            made.append(Tablet(playwright, directory / name, about.pop("url", url), **about))
            return made[-1]

        try:
            yield make
        finally:
            for one in made:
                await one.stop()
    errors = [error for one in made for error in one.errors]
    assert not errors, f"the app threw: {errors}"


async def until(holds: Callable[[], Any], seconds: float = 20) -> Any:
    """What `holds` tells, once it tells something true; it may be awaited."""
    for _ in range(int(seconds * 20)):
        told = holds()
        told = await told if asyncio.iscoroutine(told) else told
        if told:
            return told
        await asyncio.sleep(0.05)
    raise AssertionError("it did not come true in time")


async def press(page: Page, selector: str) -> None:
    await reach(page, selector)
    await page.keyboard.press("Enter")


async def reach(page: Page, selector: str) -> None:
    """By the Tab key, from wherever the focus is."""
    await page.locator(selector).first.wait_for()
    for _ in range(120):
        if await page.evaluate("(selector) => document.activeElement?.matches(selector) ?? false", selector):
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"{selector} cannot be reached by keyboard")


def see_to_chromium() -> str | None:
    """A Chromium to test with, installed where that is possible."""
    if CHROMIUM is None and os.name == "posix" and os.geteuid() == 0 and shutil.which("apt-get"):
        packages = ["chromium", "chromium-l10n", "fonts-noto-cjk"]
        subprocess.run(["apt-get", "update", "-q"], check=False, stdout=subprocess.DEVNULL)
        subprocess.run(
            ["apt-get", "install", "-qy", "--no-install-recommends", *packages], check=False, stdout=subprocess.DEVNULL
        )
    if find_chromium() is None:
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)
    return find_chromium()


if __name__ == "__main__":
    if see_to_chromium() is None:
        sys.stderr.write(
            "There is no Chromium: what runs in a browser is not tested. Install one, or name it with CHROMIUM=\n"
        )
