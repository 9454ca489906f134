"""The desk hears of changes: over the wire as a script would listen, and in a real Chromium."""

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import expect

from server.api.base import Caller
from server.live import Listener, Live
from sync.actor import Actor
from sync.documents import encode
from sync.ledger.ledger import Ledger, News
from sync.stores.contract import Change
from tests.browser import needed
from tests.builders import record
from tests.desk import LI, SECRETARY, Desk
from tests.desk_browser import desk, reviews, some_visit
from tests.filling import as_admin
from tests.serving import PASSWORD, Served

Event = tuple[str, Any]


class Listening:
    """A stream of events, as it comes."""

    def __init__(self, lines: AsyncIterator[str]) -> None:
        self._lines = lines

    async def next(self) -> Event:
        name = ""
        async for line in self._lines:
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: "):
                return name, json.loads(line.removeprefix("data: "))
        return "closed", None

    async def until(self, wanted: str) -> Any:
        while True:
            name, data = await asyncio.wait_for(self.next(), 40)
            if name == wanted:
                return data
            assert name != "closed", f"it closed before {wanted}"


@asynccontextmanager
async def listening(client: httpx.AsyncClient) -> AsyncIterator[Listening]:
    async with client.stream("GET", "/api/v1/live") as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["x-accel-buffering"] == "no"
        made = Listening(answer.aiter_lines())
        assert (await made.next())[0] == "here"
        yield made


def client(staffed: Served, name: str = "song") -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=staffed.url, auth=(name, PASSWORD), timeout=60)


async def test_lv1_a_desk_is_told_the_branch_and_type_of_what_changed_and_nothing_of_what_it_says(
    staffed: Served,
) -> None:
    async with client(staffed) as song, listening(song) as events:
        await asyncio.to_thread(some_visit, staffed, 1, "谈了低保")
        told: list[dict[str, str]] = []
        while {"branch": "b03", "type": "visit"} not in told:
            told = (await events.until("changed"))["changes"]
            assert all(set(one) == {"branch", "type"} for one in told)


async def test_lv2_when_it_is_told_the_ledger_counts_it_already(staffed: Served) -> None:
    async with client(staffed) as song, listening(song) as events:
        await asyncio.to_thread(some_visit, staffed, 1, "谈了低保")
        while {"branch": "b03", "type": "visit"} not in (await events.until("changed"))["changes"]:
            pass
        assert (await song.get("/api/v1/inbox?kind=new")).json()["counts"]["new"] == 1


def test_lv3_nobody_is_told_of_what_they_may_not_read() -> None:
    mine = Listener(Actor("li", "member", frozenset({"member:m0117", "branch:b03"})))
    theirs = Listener(Actor("other", "member", frozenset({"member:m0300", "branch:b04"})))
    over_all = Listener(Actor("admin", "administrator"))
    news = {("b03", "visit"): frozenset({"member:m0117"}), ("", "quarantine"): frozenset[str]()}
    for one in (mine, theirs, over_all):
        one.hear(news)
    assert mine.news == {("b03", "visit")}
    assert theirs.news == set()
    assert over_all.news == {("b03", "visit"), ("", "quarantine")}


async def test_lv3_who_may_read_is_worked_out_where_a_feed_does_not_say_it(tmp_path: Path) -> None:
    """As on a CouchDB, whose feed is read as a whole."""
    ledger = Ledger(tmp_path / "ledger.sqlite3", "Asia/Shanghai")
    await ledger.open("one")
    heard: list[News] = []
    ledger.listeners.append(lambda news: heard.append(news()))
    body = record()
    whole = Change("1", body["_id"], ["1-a"], False, encode(body), None, None)
    gone = Change("2", "visit:gone", ["2-b"], True, None, None, None)
    await ledger.apply("branch-b03", "0", [whole], "1")
    await ledger.apply("branch-b03", "0", [gone], "2")
    await ledger.close()
    assert heard[0][("b03", "visit")] >= {"member:m0117", "secretary:b03", "committee"}
    assert heard[1] == {("b03", "visit"): {"secretary:b03", "committee"}}


async def test_lv8_what_becomes_of_a_tablet_is_told_to_those_who_look_after_it(staffed: Served) -> None:
    async with (
        client(staffed) as song,
        client(staffed, "admin") as admin,
        client(staffed, "li") as li,
        listening(song) as events,
        listening(admin) as all_events,
        listening(li) as own,
    ):
        made = (await admin.post("/api/v1/tablets", json={"account": "li"})).json()
        await admin.post(f"/api/v1/tablets/{made['tablet']['id']}/lock")
        for heard in (events, all_events):
            told = (await heard.until("changed"))["changes"]
            assert {"branch": "b03", "type": "tablet"} in told
        # Locking made all look whether they may go on: one with nothing to tell beats.
        assert (await asyncio.wait_for(own.next(), 40))[0] == "beat"


async def test_lv4_it_ends_when_the_session_does(staffed: Served) -> None:
    async with httpx.AsyncClient(base_url=staffed.url, timeout=60) as song:
        await song.post("/api/v1/session", json={"name": "song", "password": PASSWORD})
        async with listening(song) as events:
            assert (await song.delete("/api/v1/session")).status_code == 200
            assert await events.until("ended") == {}
            assert (await events.next())[0] == "closed"


async def test_lv4_it_ends_when_the_account_is_locked(staffed: Served) -> None:
    async with client(staffed) as song, listening(song) as events:
        with as_admin(staffed) as admin:
            answer = admin.patch("/api/v1/accounts/song", json={"locked": True})
            assert answer.status_code == 200, answer.text
        assert await events.until("ended") == {}


async def test_lv5_it_ends_at_once_when_the_server_stops(staffed: Served) -> None:
    async with client(staffed) as song, listening(song) as events:
        stopped = asyncio.create_task(asyncio.to_thread(staffed.stop))
        assert (await asyncio.wait_for(events.next(), 20))[0] == "closed"
        assert await stopped == 0


async def test_lv6_without_a_log_in_nobody_listens(staffed: Served) -> None:
    async with httpx.AsyncClient(base_url=staffed.url) as nobody:
        assert (await nobody.get("/api/v1/live")).status_code == 401


async def test_lv7_two_hundred_desks_cost_a_commit_two_hundred_intersections(here: Desk) -> None:
    """Each is woken once, whatever comes while it is not looking; a desk that has gone is listened for no more."""
    live: Live = here.services.live
    actor = Actor("secretary", "secretary", frozenset({"secretary:b03", "branch:b03"}), "m0001", "b03")

    asking = Caller("GET", "http", {"authorization": f"Basic {b64encode(':'.join(SECRETARY).encode()).decode()}"})
    streams = [live.stream(asking, actor) for _ in range(200)]
    assert all([(await anext(one)).startswith(b"event: here") for one in streams])
    assert len(live) == 200
    await here.push("m0117", record())
    told = await asyncio.wait_for(asyncio.gather(*[anext(one) for one in streams]), 40)
    assert all(b'"type":"visit"' in one for one in told)
    for one in streams:
        await one.aclose()  # type: ignore[attr-defined]  # an async generator
    assert len(live) == 0
    assert await here.get(LI, "/session")


@needed
@pytest.mark.browser
async def test_dk40_what_a_tablet_syncs_shows_in_the_open_inbox_without_a_press(staffed: Served) -> None:
    async with desk(staffed) as page:
        await expect(page.get_by_text("没有需要您处理的事项")).to_be_visible()
        await expect(page.get_by_text("实时")).to_be_visible()
        await asyncio.to_thread(some_visit, staffed, 1, "谈了低保")
        await expect(page.locator(".item", has_text="李桂兰").first).to_be_visible()


@needed
@pytest.mark.browser
async def test_dk41_a_hidden_desk_is_silent_and_catches_up_when_it_is_seen(staffed: Served) -> None:
    async with desk(staffed) as page:
        await expect(page.get_by_text("实时")).to_be_visible()
        hide = "(hidden) => { Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });"
        await page.evaluate(hide + " document.dispatchEvent(new Event('visibilitychange')); }", True)
        await expect(page.get_by_text("未连接，上次")).to_be_visible()
        await asyncio.to_thread(some_visit, staffed, 1, "谈了低保")
        await expect(page.locator(".item")).to_have_count(0)
        await page.evaluate(hide + " document.dispatchEvent(new Event('visibilitychange')); }", False)
        await expect(page.locator(".item", has_text="李桂兰").first).to_be_visible()


@needed
@pytest.mark.browser
async def test_dk42_a_desk_whose_session_ended_elsewhere_is_led_to_the_log_in_and_back(staffed: Served) -> None:
    visit = some_visit(staffed, 1, "谈了低保")
    async with desk(staffed) as page:
        await page.locator(".item", has_text="李桂兰").first.click()
        await expect(page.get_by_text("实时")).to_be_visible()
        await page.evaluate("fetch('/api/v1/session', { method: 'DELETE' })")
        await expect(page.get_by_text("登录已结束")).to_be_visible()
        # AU16: what a screen asked for too late is refused, and does not wait behind a window of the browser.
        assert await page.evaluate("fetch('/sync/branch-b03').then((answer) => answer.status)") == 401
        await page.locator("input[name=username]").fill("song")
        await page.locator("input[name=password]").fill(PASSWORD)
        await page.get_by_role("button", name="登录").click()
        await expect(page.get_by_text("谈了低保")).to_be_visible()
        assert visit.partition(":")[2] in page.url
    assert reviews(staffed) == []
