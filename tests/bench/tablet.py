"""What the tablet app costs on a slow tablet: a real server with a branch of more than 10,000 records, a real Chromium with a disk of its
own, its processor slowed four times. What was asked of each figure stands beside it."""

import asyncio
import json
import statistics
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import Locator, Page, Playwright, async_playwright

from tests.bench.records import visits
from tests.bench.servers import FIELDBOOK
from tests.bench.wire import Wire, wire
from tests.browser import PIN, Tablet, until
from tests.serving import served

ACCOUNT, OTHER, BRANCH = "secretary-b03", "m0051", "branch-b03"
RECORDS = 75_000
SLOWED = 4
NEW = 100
PATIENCE_SECONDS = 120

ASKED: dict[str, tuple[str, float | None]] = {
    "first load: until the enrol screen stands": ("kB", 300),
    "first load: with all that is kept for offline": ("kB", 300),
    "cold start without a network to the PIN screen": ("ms", 1500),
    "the PIN's own key derivation (not slowed)": ("ms", None),
    "from unlocked to Today, no network": ("ms", 1000),
    "from unlocked to Today, while it syncs": ("ms", 1000),
    "from the sixth digit to Today, while it syncs": ("ms", None),
    "a tap on Records to its list": ("ms", None),
    "scrolling 10,000 records: frames over 50 ms": ("of 100", None),
    "scrolling 10,000 records: the longest frame": ("ms", 50),
    "a record starts: from tap to a usable field": ("ms", 200),
    "a sync with nothing new: requests": ("", None),
    "a sync with nothing new: data": ("kB", None),
    "a sync with nothing new: time": ("ms", None),
    f"a sync of {NEW} new records: requests": ("", None),
    f"a sync of {NEW} new records: time": ("ms", None),
    f"a sync of {NEW} new records: data": ("kB", None),
}
"""What is measured: its unit, and what was asked at most."""

_WATCH = """
(() => {
  const stood = (globalThis.__stood = {});
  globalThis.__at = {};
  globalThis.__watch = (name, selector, path = "") => {
    delete stood[name];
    const look = () => {
      const found = location.hash.startsWith(path) && document.querySelector(selector);
      // It stands when the frame after it was made has been painted.
      if (found) requestAnimationFrame(() => setTimeout(() => (stood[name] = performance.now())));
      else requestAnimationFrame(look);
    };
    look();
  };
  const derive = SubtleCrypto.prototype.deriveBits;
  SubtleCrypto.prototype.deriveBits = async function (...given) {
    const begun = performance.now();
    const bits = await derive.apply(this, given);
    __at.derived = performance.now();
    __at.deriving = __at.derived - begun;
    return bits;
  };
  addEventListener("click", (event) => (__at.click = event.timeStamp), true);
  __watch("first", ".pin, input[name=username]");
})();
"""
_FIELD = ".step-body :is(input, textarea, select, button):not([disabled])"
_FRAMES = """
() => {
  const frames = (globalThis.__frames = []);
  let before = performance.now();
  globalThis.__framing = true;
  const next = (now) => {
    frames.push(now - before);
    before = now;
    if (globalThis.__framing) requestAnimationFrame(next);
  };
  requestAnimationFrame((now) => ((before = now), requestAnimationFrame(next)));
}
"""


@dataclass
class Bench:
    """A tablet at a server. `figures`: what was measured, by name."""

    playwright: Playwright
    wire: Wire
    directory: Path
    passwords: dict[str, str]
    figures: dict[str, list[float]] = field(default_factory=dict)

    def note(self, name: str, value: float) -> None:
        assert name in ASKED, name
        self.figures.setdefault(name, []).append(value)

    @asynccontextmanager
    async def tablet(self, name: str, *, slowed: bool = True, offline: bool = False) -> AsyncIterator[Tablet]:
        """Switched on at an empty page, watched, and slowed."""
        one = Tablet(self.playwright, self.directory / name, self.wire.url, size=(800, 1280))
        await one.power()
        one.context.set_default_timeout(PATIENCE_SECONDS * 1000)
        await one.context.add_init_script(_WATCH)
        if offline:
            await one.cut()
        if slowed:
            await slow(one.page)
        try:
            yield one
        finally:
            await one.stop()


async def slow(page: Page) -> None:
    session = await page.context.new_cdp_session(page)
    await session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWED})


def run(directory: Path, data: Path | None = None, rounds: int = 5, profile: Path | None = None) -> dict[str, object]:
    """`data`: a filled demo directory; `profile`: a tablet's disk that is kept and, where it is filled, used again."""
    directory.mkdir(parents=True, exist_ok=True)
    data = data or directory / "demo"
    if not (data / "demo.json").exists():
        asked = [str(FIELDBOOK), "demo", "--data", str(data), "--records", str(RECORDS)]
        subprocess.run(asked, check=True, capture_output=True)
    with served(data, "--log-level", "warning") as server:
        figures = asyncio.run(_measure(server.url, directory, data, profile or directory / "profile", rounds))
    tell(figures)
    return dict(figures)


def tell(figures: dict[str, list[float]]) -> None:
    print(f"\n{f'tablet app, processor slowed {SLOWED} times, medians':56}{'':>14}{'asked':>10}{'of it':>8}")
    for name, (unit, most) in ASKED.items():
        if name not in figures:
            print(f"{name:56}{'not measured':>14}")
            continue
        middle = statistics.median(figures[name])
        against = f"{most:>10,.0f}{middle / most:>8.2f}" if most else ""
        print(f"{name:56}{middle:>10,.1f} {unit:<6}"[:74].ljust(71) + against)


async def _measure(url: str, directory: Path, data: Path, profile: Path, rounds: int) -> dict[str, list[float]]:
    accounts = {one["name"]: one["password"] for one in json.loads((data / "demo.json").read_bytes())["accounts"]}
    async with wire(urlsplit(url).port or 0, _port_of(profile)) as line, async_playwright() as playwright:
        _keep_port(profile, urlsplit(line.url).port or 0)
        bench = Bench(playwright, line, profile, accounts)
        for number in range(rounds):
            await _first_load(bench, directory, number)
        await _filled(bench)
        for number in range(rounds):
            await _cold_start(bench)
            await _at_work(bench, number)
            print(f"  round {number + 1}/{rounds}: tablet", flush=True)
    return bench.figures


def _port_of(profile: Path) -> int:
    """A browser keeps what belongs to an address: the same tablet needs the same one again."""
    kept = profile / "port"
    return int(kept.read_text()) if kept.exists() else 0


def _keep_port(profile: Path, port: int) -> None:
    profile.mkdir(parents=True, exist_ok=True)
    (profile / "port").write_text(str(port))


async def _first_load(bench: Bench, directory: Path, number: int) -> None:
    new = Bench(bench.playwright, bench.wire, directory, {}, bench.figures)
    async with new.tablet(f"new-{number}") as tablet:
        before = bench.wire.seen
        await tablet.page.goto(f"{bench.wire.url}/")
        await stands(tablet.page, "first")
        bench.note("first load: until the enrol screen stands", bench.wire.seen.since(before).bytes / 1000)
        await tablet.page.evaluate("navigator.serviceWorker.ready")
        await bench.wire.quiet()
        bench.note("first load: with all that is kept for offline", bench.wire.seen.since(before).bytes / 1000)


async def _filled(bench: Bench) -> None:
    """The tablet holds what its member may read: enrolled and pulled once, at full speed."""
    async with bench.tablet("tablet", slowed=False) as tablet:
        await tablet.page.goto(f"{bench.wire.url}/")
        await stands(tablet.page, "first")
        if await tablet.page.locator("input[name=username]").count():
            await tablet.enrol(ACCOUNT, bench.passwords[ACCOUNT])
        else:
            await tablet.unlock()
        await _fully(tablet)
        # An app that was built since takes over now, and not within a round.
        await asyncio.sleep(3)


async def _fully(tablet: Tablet) -> None:
    await tablet.page.get_by_text("本机已全部同步").first.wait_for(timeout=600_000)


async def _cold_start(bench: Bench) -> None:
    """The battery was out, and there is no network."""
    async with bench.tablet("tablet", offline=True) as tablet:
        await tablet.page.goto(f"{bench.wire.url}/", wait_until="commit")
        bench.note("cold start without a network to the PIN screen", await stands(tablet.page, "first"))
        at = await _unlock(tablet)
        bench.note("from unlocked to Today, no network", at["today"] - at["derived"])


async def _at_work(bench: Bench, number: int) -> None:
    async with bench.tablet("tablet") as tablet:
        page = tablet.page
        await page.goto(f"{bench.wire.url}/")
        await stands(page, "first")
        at = await _unlock(tablet)
        bench.note("the PIN's own key derivation (not slowed)", at["deriving"])
        bench.note("from unlocked to Today, while it syncs", at["today"] - at["derived"])
        bench.note("from the sixth digit to Today, while it syncs", at["today"] - at["click"])
        await _fully(tablet)
        await bench.wire.quiet()
        await _begin(bench, tablet)
        await _scroll(bench, tablet)
        await _nothing_new(bench, tablet)
        await _new_records(bench, tablet, number)


async def _unlock(tablet: Tablet) -> dict[str, float]:
    await tablet.page.evaluate("__watch('today', '.starts ~ section .list, .starts ~ .center')")
    await tablet.pin(PIN)
    today = await stands(tablet.page, "today")
    return {**await tablet.page.evaluate("__at"), "today": today}


async def _begin(bench: Bench, tablet: Tablet) -> None:
    """A visit, from tap to the first field that takes something."""
    page = tablet.page
    await page.evaluate(f"__watch('field', '{_FIELD}', '#/write')")
    await page.locator(".starts .main").click()
    if await _comes(page, _FIELD):
        tapped = await page.evaluate("__at.click")
        bench.note("a record starts: from tap to a usable field", await stands(page, "field") - tapped)
    await page.goto(f"{bench.wire.url}/#/")
    await page.locator(".starts").wait_for()


async def _scroll(bench: Bench, tablet: Tablet) -> None:
    page = tablet.page
    await page.evaluate("__watch('list', 'main .record-row', '#/records')")
    await page.locator("nav.tabs a[href*=records]").click()
    if not await _comes(page, "main:not(:has(.starts)) .record-row"):
        return
    bench.note("a tap on Records to its list", await stands(page, "list") - (await page.evaluate("__at.click")))
    await page.wait_for_timeout(1000)
    await page.evaluate(_FRAMES)
    session = await page.context.new_cdp_session(page)
    for distance in (-6_000, -60_000, 20_000):
        gesture = {"x": 400, "y": 640, "yDistance": distance, "speed": 6_000, "gestureSourceType": "touch"}
        await session.send("Input.synthesizeScrollGesture", gesture)
    frames: list[float] = await page.evaluate("() => ((__framing = false), __frames)")
    bench.note("scrolling 10,000 records: frames over 50 ms", 100 * sum(one > 50 for one in frames) / len(frames))
    bench.note("scrolling 10,000 records: the longest frame", max(frames))


async def _nothing_new(bench: Bench, tablet: Tablet) -> None:
    await bench.wire.quiet()
    seen, seconds = await _sync(bench, tablet)
    bench.note("a sync with nothing new: requests", seen[0])
    bench.note("a sync with nothing new: data", seen[1] / 1000)
    bench.note("a sync with nothing new: time", seconds * 1000)


async def _new_records(bench: Bench, tablet: Tablet, number: int) -> None:
    """Another member's records arrive while this tablet has no network; then it has one."""
    await tablet.cut()
    docs = visits(NEW, OTHER, "b03", _seed(number))
    status = await _push(bench, docs)
    assert status == 201, status
    # Until the server has made activities of them.
    await asyncio.sleep(5)
    seen, seconds = await _sync(bench, tablet)
    bench.note(f"a sync of {NEW} new records: requests", seen[0])
    bench.note(f"a sync of {NEW} new records: time", seconds * 1000)
    bench.note(f"a sync of {NEW} new records: data", seen[1] / 1000)


def _seed(number: int) -> int:
    """One that no earlier run on the same data has used: what is known already is nothing new."""
    return int(asyncio.get_running_loop().time() * 10) % 90_000 + number


async def _push(bench: Bench, docs: list[dict[str, Any]]) -> int:
    request = await bench.playwright.request.new_context(
        http_credentials={"username": OTHER, "password": bench.passwords[OTHER], "send": "always"}
    )
    answer = await request.post(
        f"{bench.wire.url}/sync/{BRANCH}/_bulk_docs", data={"docs": docs, "new_edits": False}, timeout=60_000
    )
    await request.dispose()
    return answer.status


async def _sync(bench: Bench, tablet: Tablet) -> tuple[tuple[int, int], float]:
    """One contact, as when the network comes back: requests and bytes, and seconds until the tablet listens again."""
    await tablet.cut()
    await asyncio.sleep(0.5)
    before = bench.wire.seen
    await tablet.join()
    heard = await bench.wire.asked("feed=longpoll", 2, before.requests)
    seen = bench.wire.seen.since(before)
    first = bench.wire.paths[before.requests][0]
    # The two requests that wait are not of the contact.
    return (seen.requests - 2, seen.bytes), heard - first


async def stands(page: Page, name: str) -> float:
    """When what is watched for stood, in ms of the page's own clock, which begins with its navigation."""
    return float(await until(lambda: page.evaluate(f"globalThis.__stood?.{name}"), PATIENCE_SECONDS))


async def _comes(page: Page, selector: str) -> bool:
    found: Locator = page.locator(selector).first
    try:
        await found.wait_for(timeout=3_000)
    except Exception:
        return False
    return True
