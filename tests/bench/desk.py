"""What the review desk costs a server with a year of a large centre: 100,000 field records, 471,300 matters of the hall as monthly rows.

A real Chromium opens every screen and says what it asks of the server; each of these requests is then asked again, one at a time, and a
screen's time is the sum of their medians. Every figure is opened over the whole year, and a month's documents are made.
"""

import asyncio
import csv
import http.client
import json
import statistics
import subprocess
import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

from playwright.async_api import Page, Request, async_playwright

from tests.bench.servers import FIELDBOOK
from tests.browser import CHROMIUM, FLAGS
from tests.serving import served

RECORDS, MATTERS = 100_000, 471_300
MONTHS = 12
SCREEN_MS, FIGURE_MS, DOCUMENT_MS = 100, 200, 5_000
REPEATS, DOCUMENTS = 15, 3
QUIET_MS = 600
"""A screen that asks nothing for so long has asked everything."""


class Asked(NamedTuple):
    """A request of a screen. Streams and what the browser keeps (scripts, styles) are none."""

    method: str
    path: str
    body: bytes


class Site(NamedTuple):
    url: str
    passwords: dict[str, str]


def run(directory: Path, data: Path | None = None) -> dict[str, object]:
    """`data`: a filled demo directory; without one it is made anew, which takes minutes. The hall's matters are imported into it."""
    directory.mkdir(parents=True, exist_ok=True)
    data = data or directory / "demo"
    if not (data / "demo.json").exists():
        asked = [str(FIELDBOOK), "demo", "--data", str(data), "--records", str(RECORDS)]
        subprocess.run(asked, check=True, capture_output=True)
    accounts = json.loads((data / "demo.json").read_bytes())["accounts"]
    with served(data, "--log-level", "warning") as server:
        site = Site(server.url, {one["name"]: one["password"] for one in accounts})
        _matters(site, directory)
        screens = asyncio.run(_screens(site))
        figures = {name: _median(_client(site, "committee"), path) for name, path in _figures(site)}
        documents = dict(_documents(site))
    tell(screens, figures, documents)
    return {"screens": screens, "figures": figures, "documents": documents}


def tell(screens: dict[str, float], figures: dict[str, float], documents: dict[str, float]) -> None:
    print(f"\n{'review desk, medians':56}{'':>14}{'asked':>10}{'of it':>8}")
    for name, ms in screens.items():
        _line(name, ms, SCREEN_MS)
    slow = sorted(figures.items(), key=lambda one: -one[1])
    _line(
        f"any of {len(figures)} figures opened over the year: the median",
        statistics.median(figures.values()),
        FIGURE_MS,
    )
    for name, ms in slow[:3]:
        _line(f"the slowest of them: {name}", ms, FIGURE_MS)
    for name, ms in documents.items():
        _line(name, ms, DOCUMENT_MS)


def _line(name: str, ms: float, most: float) -> None:
    print(f"{name:56}{ms:>10,.1f} ms{most:>11,.0f}{ms / most:>8.2f}", flush=True)


async def _screens(site: Site) -> dict[str, float]:
    found: dict[str, float] = {}
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        for who, role in (("committee", "committee"), (_secretary(site), "secretary"), ("admin", "administrator")):
            page = await browser.new_page(viewport={"width": 1440, "height": 900}, locale="zh-CN")
            await _log_in(page, site, who)
            for name, address in _administration(site) if who == "admin" else _addresses(site, who):
                asked = await _asked_by(page, f"{site.url}/desk#{address}")
                client = _client(site, who)
                found[f"{name} ({role}, {len(asked)} requests)"] = sum(_median(client, one.path, one) for one in asked)
                print(f"  {name}: {', '.join(one.path.partition('?')[0] for one in asked)}", flush=True)
            await page.close()
        await browser.close()
    return found


async def _log_in(page: Page, site: Site, who: str) -> None:
    await page.goto(f"{site.url}/desk")
    await page.locator("input[name=username]").fill(who)
    await page.locator("input[name=password]").fill(site.passwords[who])
    await page.get_by_role("button", name="登录").click()
    await page.get_by_role("button", name="退出").wait_for()
    await page.wait_for_timeout(QUIET_MS)


async def _asked_by(page: Page, address: str) -> list[Asked]:
    asked: list[Asked] = []

    def hear(request: Request) -> None:
        path = request.url.removeprefix(address.partition("/desk")[0])
        if (
            path.startswith(("/api/v1/", "/sync/"))
            and "/live" not in path
            and request.resource_type in ("fetch", "xhr")
        ):
            asked.append(Asked(request.method, path, (request.post_data or "").encode()))

    # As by a bookmark: with all that the desk asks when it is opened.
    await page.goto("about:blank")
    page.on("request", hear)
    await page.goto(address)
    before = -1
    while before != len(asked):
        before = len(asked)
        await page.wait_for_timeout(QUIET_MS)
    page.remove_listener("request", hear)
    await page.locator("main").wait_for()
    return asked


def _addresses(site: Site, who: str) -> Iterator[tuple[str, str]]:
    """(screen, address behind the #), of the month, people and records of which there is most."""
    client = _client(site, who)
    months = _json(client, "/api/v1/activity-records?limit=1000")["months"]
    branch = max(months, key=lambda one: (sum(each["branch"] == one["branch"] for each in months), one["branch"]))[
        "branch"
    ]
    month = sorted(one["month"] for one in months if one["branch"] == branch)[-2]
    activity = _json(client, f"/api/v1/activities?branch={branch}&limit=50")["activities"][0]
    told = _json(client, f"/api/v1/activities/{activity['id']}/side-by-side")
    record = activity["id"].removeprefix("activity:")
    waiting = _json(client, "/api/v1/inbox?limit=50")["items"]
    yield "the inbox", "/inbox"
    opened = next((one["id"] for one in waiting if one["id"].startswith("visit:")), record)
    yield "the inbox with a record opened", f"/inbox/{opened}"
    yield "a branch's month", f"/month/{branch}/{month}"
    yield "a figure opened", f"/figure/visits?branch={branch}&month={month}"
    yield "an activity", f"/activity/{activity['id']}"
    yield "a member", f"/member/{told['records'][0]['author']}" if told.get("records") else "/member/m0051"
    if subject := activity.get("subject"):
        yield "a subject", f"/subject/{subject}"
    yield "a search", "/search?" + urlencode({"q": "低保"})
    if who == "committee":
        yield "the centre", "/centre"
        yield "imports", "/imports"


def _administration(site: Site) -> Iterator[tuple[str, str]]:
    """The administrator's screens, the assignments and the audit of one subject among them."""
    client = _client(site, "admin")
    of = _json(client, "/api/v1/assignments?kind=link&limit=1")["assignments"]
    yield "tablets", "/tablets"
    yield "the directory's members", "/directory"
    yield "the directory's branches", "/directory/branch"
    yield "accounts", "/accounts"
    yield "assignments", "/assignments"
    yield "the audit", "/audit"
    if of:
        yield "the audit of a subject", f"/audit?about={of[0]['subject']}"


def _figures(site: Site) -> list[tuple[str, str]]:
    """Each figure, opened over the last twelve months of all branches."""
    client = _client(site, "committee")
    last = _json(client, "/api/v1/activity-records?limit=1")["months"][0]["month"]
    year, month = int(last[:4]), int(last[5:])
    first = f"{year - 1}-{month + 1:02}" if month < 12 else f"{year}-01"
    codes = [one["code"] for one in _json(client, "/api/v1/figures/meanings")]
    return [(one, f"/api/v1/figures/{one}/contributions?first={first}&last={last}&limit=100") for one in codes]


def _documents(site: Site) -> Iterator[tuple[str, float]]:
    client = _client(site, "committee")
    months = _json(client, "/api/v1/activity-records?limit=1000")["months"]
    busiest = months[len(months) // 2]
    for form in ("xlsx", "pdf"):
        path = f"/api/v1/activity-records/{busiest['branch']}/{busiest['month']}/document?format={form}"
        yield f"a month as {form}", _median(client, path, repeats=DOCUMENTS)


def _secretary(site: Site) -> str:
    return next(name for name in sorted(site.passwords) if name.startswith("secretary"))


class _Client(NamedTuple):
    connection: http.client.HTTPConnection
    headers: dict[str, str]


def _client(site: Site, who: str) -> _Client:
    parts = urlsplit(site.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=120)
    given = json.dumps({"name": who, "password": site.passwords[who]})
    connection.request("POST", "/api/v1/session", given, {"content-type": "application/json", "origin": site.url})
    answer = connection.getresponse()
    answer.read()
    cookie = (answer.getheader("set-cookie") or "").partition(";")[0]
    return _Client(connection, {"cookie": cookie, "accept": "application/json"})


def _ask(client: _Client, path: str, asked: Asked | None = None) -> bytes:
    method, body = (asked.method, asked.body) if asked is not None else ("GET", b"")
    client.connection.request(method, path, body or None, client.headers)
    answer = client.connection.getresponse()
    told = answer.read()
    # A screen may ask for what is not there, or not for this reader: that costs time too.
    if answer.status >= (500 if asked is not None else 400):
        raise RuntimeError(f"{method} {path} answered {answer.status}: {told[:300]!r}")
    return told


def _json(client: _Client, path: str) -> Any:
    return json.loads(_ask(client, path))


def _median(client: _Client, path: str, asked: Asked | None = None, repeats: int = REPEATS) -> float:
    """Milliseconds; the first time is not counted."""
    taken = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        _ask(client, path, asked)
        taken.append((time.perf_counter() - start) * 1000)
    return statistics.median(taken[1:])


def _matters(site: Site, directory: Path) -> None:
    """A year of matters, by month, window and kind, as the approval system would write them; imported once."""
    client = _client(site, "committee")
    windows = [
        one["fields"]["name"] for one in _json(client, "/api/v1/directory")["windows"] if one["fields"].get("branch")
    ]
    months = sorted({one["month"] for one in _json(client, "/api/v1/activity-records?limit=1000")["months"]})[
        -MONTHS - 1 : -1
    ]
    kinds = ("行政许可", "公共服务", "行政确认", "行政给付", "其他")
    rows = list(product(months, sorted(set(windows)), kinds))
    each, left = divmod(MATTERS, len(rows))
    path = directory / "matters.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["月份", "窗口", "事项类别", "受理", "办结", "按时办结", "满意"])
        for number, (month, window, kind) in enumerate(rows):
            count = each + (number < left)
            table.writerow([month, window, kind, count, count, count, count])
    client.connection.request(
        "POST", "/api/v1/imports?name=matters.csv", path.read_bytes(), {**client.headers, "origin": site.url}
    )
    answer = client.connection.getresponse()
    told = answer.read()
    if answer.status >= 400:
        raise RuntimeError(f"the matters were not imported: {told[:500]!r}")
    print(f"  {MATTERS} matters in {len(rows)} rows: {json.loads(told)['outcome']}", flush=True)
