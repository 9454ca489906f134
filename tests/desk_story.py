"""Every screen of the review desk with something real on it: a working morning of a secretary, a deputy, the committee, an
administrator and a member at a filled server, that names each screen and state as it comes to stand. What looks at screens follows it."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from playwright.async_api import Browser, Error, Locator, Page, Route, async_playwright, expect
from playwright.async_api import TimeoutError as NeverIdle

from server.demo.fill import prepare
from server.settings import Settings
from tests import desk_story_admin, desk_story_joint
from tests.browser import CHROMIUM, FLAGS, PATIENCE_MS, intercept, slowed
from tests.desk_prepared import ADMIN, COMMITTEE, DEPUTY, SECRETARY, fill
from tests.played import BRANCH, WHO, Played
from tests.serving import served

RECORDS = 1500
DESK = (1440, 900)
REST_MS = 2_000


@dataclass(kw_only=True)
class Office(Played):
    """The desk in a browser at a filled server. `errors`: what its pages threw."""

    browser: Browser
    errors: list[str]
    seat: Page | None = None

    @property
    def page(self) -> Page:
        assert self.seat is not None, "nobody sits at the desk"
        return self.seat

    async def sit(self, name: str = "", size: tuple[int, int] = DESK) -> Page:
        """A browser of one's own, logged in as `name`; nobody without one. Colours do not fade, so that none is looked at half-way."""
        if self.seat is not None:
            await self.seat.context.close()
        context = await self.browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            locale="zh-CN",
            timezone_id="Europe/Berlin",
            reduced_motion="reduce",
        )
        context.set_default_timeout(PATIENCE_MS)
        await context.add_init_script(f"localStorage.setItem('fieldbook.language', '{self.language}')")
        self.seat = await context.new_page()
        self.seat.on("pageerror", lambda error: self.errors.append(str(error)))
        await slowed(self.seat)
        if name:
            account = self.demo.account(name)
            answer = await context.request.post(
                f"{self.url}/api/v1/session", data={"name": account.name, "password": account.password}
            )
            assert answer.ok, await answer.text()
        await self.seat.goto(f"{self.url}/desk/")
        await self.seat.locator("main").wait_for()
        return self.seat

    async def go(self, path: str, stands: str = "main h1") -> Locator:
        await self.page.evaluate(f"location.hash = {path!r}")
        found = self.page.locator(stands).first
        await found.wait_for()
        await self.rest()
        return found

    async def rest(self) -> None:
        """Until what was asked for has come."""
        # A page that listens for news is never idle again once a frame (a form that is tried) came into it or left it.
        with suppress(NeverIdle):
            await self.page.wait_for_load_state("networkidle", timeout=REST_MS)
        await self.page.wait_for_timeout(250)

    async def press(self, zh: str, en: str, nth: int = 0) -> None:
        name = self.words(zh, en)
        found = self.page.get_by_role("button", name=name).or_(self.page.get_by_role("link", name=name))
        await found.nth(nth).click()
        await self.rest()

    async def record(self, name: str, kind: str = "") -> None:
        await self.go(f"/inbox/{self.ids[name]}{f'?kind={kind}' if kind else ''}", ".pane h2")


@asynccontextmanager
async def office(directory: Path, language: str = "zh") -> AsyncIterator[Office]:
    data = directory / "data"
    today = date.today()  # noqa: DTZ011  # the demo's year ends at this machine's day
    demo = await asyncio.to_thread(prepare, Settings(data=str(data)), 1, RECORDS, today, lambda *_: None)
    with served(data, "--log-level", "warning") as server:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=CHROMIUM, args=list(FLAGS), env={**os.environ, "LANGUAGE": "zh_CN"}
            )
            made = Office(
                url=server.url, demo=demo, centre=demo.centre(), language=language, browser=browser, errors=[]
            )
            await fill(made, directory / "simulated")
            yield made
            await browser.close()
    assert not made.errors, f"the desk threw: {made.errors}"


async def story(on: Office) -> AsyncIterator[str]:
    """The names of the screens, each while it stands."""
    for chapter in CHAPTERS:
        async for name in chapter(on):
            yield name


async def _coming(on: Office) -> AsyncIterator[str]:
    page = await on.sit()
    await page.locator("input[name=username]").wait_for()
    yield "login"
    await page.locator("input[name=username]").fill("somebody")
    await page.locator("input[name=password]").fill("wrong")
    await page.locator("button.main").click()
    await page.get_by_role("alert").wait_for()
    yield "login-failed"


async def _inbox(on: Office) -> AsyncIterator[str]:
    page = await on.sit(SECRETARY)
    await page.locator(".item").first.wait_for()
    await on.rest()
    yield "inbox"
    await on.record("sound")
    yield "inbox-record"
    await page.locator(".photo").first.click()
    await on.rest()
    yield "inbox-photo"
    await page.keyboard.press("Escape")
    await page.keyboard.press("r")
    await page.locator(".return-text").fill("请补充下次走访的时间。")
    yield "inbox-returning"
    await page.locator(".return-text").press("Escape")
    for name, kind in (("long", ""), ("faulty", "faulty"), ("disputed", "disputed")):
        await on.record(name, kind)
        yield f"inbox-{name}"
    await on.press("每一项的经过", "The history of every field")
    yield "inbox-history"
    await page.locator(".why-value .button.danger").first.click()
    await page.locator("dialog").wait_for()
    yield "inbox-take-out"
    await page.keyboard.press("Escape")
    for name in ("corrected", "amended", "returned", "own"):
        await on.record(name)
        yield f"inbox-{name}"
    async for name in _kinds(on):
        yield name


async def _kinds(on: Office) -> AsyncIterator[str]:
    """What waits and is no record, several at once, and what stands after a decision."""
    page = on.page
    await on.go("/inbox")
    for kind, zh, en in (
        ("join", "疑似同一活动", "Perhaps one activity"),
        ("same-subject", "疑似同一对象", "Perhaps one subject"),
        ("overdue", "问题逾期", "Overdue"),
        ("conclusion", "联合踏勘待出结论", "Conclusion due"),
        ("month", "月度台账", "Month"),
    ):
        chip = page.locator(".chips button", has_text=on.words(zh, en))
        if await chip.count():
            await chip.first.click()
            await page.locator(".item").first.click()
            await on.rest()
            yield f"inbox-{kind}"
            await chip.first.click()
    await on.go("/inbox", ".item")
    for at in range(3):
        await page.locator(".tick").nth(at).click()
    await page.locator(".batch").wait_for()
    yield "inbox-chosen"
    await page.keyboard.press("Escape")
    await page.keyboard.press("?")
    await page.locator("dialog").wait_for()
    yield "inbox-keys"
    await page.keyboard.press("Escape")
    await on.record("long")
    await page.keyboard.press("a")
    await page.locator(".done-bar").wait_for()
    await on.rest()
    yield "inbox-decided"
    await intercept(page, "**/api/v1/inbox*", lambda route: route.abort())
    await page.locator(".chips button").nth(1).click()
    await page.get_by_role("alert").wait_for()
    yield "inbox-unreached"
    await page.unroute("**/api/v1/inbox*")


async def _months(on: Office) -> AsyncIterator[str]:
    page = await on.sit(SECRETARY)
    await on.go(f"/month/{BRANCH}/{on.ids['this-month']}", ".headline")
    yield "month-open"
    await page.locator(".topics").scroll_into_view_if_needed()
    yield "month-figures"
    await page.locator("main > section").nth(-2).scroll_into_view_if_needed()
    yield "month-activities"
    await on.go(f"/month/{BRANCH}/{on.ids['last-month']}", ".supplement .change")
    yield "month-supplement"
    await on.go(f"/month/{BRANCH}/{on.ids['month-before']}", ".headline")
    yield "month-approved"
    await page.locator(".hash").first.scroll_into_view_if_needed()
    yield "month-versions"
    await page.locator(".menu summary").click()
    yield "month-documents"
    await on.go(f"/month/{BRANCH}/2020-01", "main .notice")
    yield "month-none"


async def _behind(on: Office) -> AsyncIterator[str]:
    page = on.page
    month = on.ids["this-month"]
    await on.go(f"/figure/activities?branch={BRANCH}&first={month}&last={month}", "tbody tr")
    yield "figure"
    await on.go(f"/figure/good_share?branch={BRANCH}&first={month}&last={month}", ".headline")
    yield "figure-share"
    await on.go(f"/figure/surveys?branch={BRANCH}&first=2020-01&last=2020-01", "main .card.soft")
    yield "figure-none"
    await on.go(f"/activity/activity:{on.ids['joined']}", ".beside")
    yield "activity-joined"
    await on.go(f"/activity/activity:{on.ids['suggested']}", ".suggested")
    yield "activity-suggested"
    await on.go(f"/member/{on.member(WHO).id}", ".months")
    yield "member"
    await on.go(f"/subject/{on.subjects('household')[0].id}", ".subject-top")
    yield "subject"
    await on.go(f"/subject/{on.ids['long-subject']}", ".subject-top")
    yield "subject-long"
    await on.go("/subject/household:01KAKJ9N00EKS625PCZNAF0SEA")
    yield "subject-unknown"
    await on.go("/search", "input[type=search]")
    yield "search"
    for word, name in (("报销", "search-found"), ("不存在的词句", "search-none")):
        await page.locator("input[type=search]").fill(word)
        await page.keyboard.press("Enter")
        await on.rest()
        yield name


async def _follow(on: Office) -> AsyncIterator[str]:
    page = on.page
    await on.go("/follow", ".follow-row")
    yield "follow"
    await page.locator(".follow-row", has=page.locator(".tag.calm")).first.click()
    await page.locator(".thread-steps").wait_for()
    await on.rest()
    yield "follow-opened"
    await page.locator(".thread .acts .button").click()
    await page.locator("dialog").wait_for()
    yield "follow-assigning"
    await page.keyboard.press("Escape")
    await on.go("/follow?stands=not_solvable", ".follow-none, .follow-row")
    yield "follow-none"
    await on.go("/follow?view=services&stands=all", "tbody tr")
    yield "follow-services"


async def _deputy(on: Office) -> AsyncIterator[str]:
    await on.sit(DEPUTY)
    await on.go(f"/inbox/{on.ids['own']}", ".pane h2")
    yield "deputy-record"
    await on.go("/imports", ".drop, .imports .card")
    yield "imports-secretary"


async def _committee(on: Office) -> AsyncIterator[str]:
    page = await on.sit(COMMITTEE)
    await on.go("/centre?period=year", ".compare, table")
    yield "centre"
    await page.locator(".chooser summary").click()
    yield "centre-choosing"
    await page.locator(".chooser summary").click()
    await page.locator(".small-line").first.scroll_into_view_if_needed()
    await on.rest()
    yield "centre-over-time"
    await on.go("/centre?period=year&by=window", ".compare, table")
    yield "centre-windows"
    await on.go("/centre?first=2020-01-01&last=2020-01-31")
    yield "centre-none"
    await on.go("/centre", ".export")

    held = asyncio.Event()

    async def slowly(route: Route) -> None:
        await held.wait()
        with suppress(Error):
            await route.abort()

    await intercept(page, "**/ledger/document*", slowly)
    await page.get_by_role("button", name="Excel").click()
    await page.locator("progress").wait_for()
    yield "centre-export"
    held.set()
    await page.unroute("**/ledger/document*")
    await on.go(f"/month/b05/{on.ids['this-month']}", ".headline")
    yield "month-of-a-branch"


_MEMBERS = "\n".join(
    (
        "工号,姓名,支部,党内职务,岗位",
        "m0051,尹佳宁,第四党支部,副书记,窗口负责人",
        "m0052,向娟娟,,,",
        "m9001,欧阳慕容上官诸葛,第三党支部,党员,综合受理",
        "x y,坏,,,",
        "m9002,,第三党支部,,",
    )
)
_MATTERS = "\n".join(("月份,窗口,事项,受理,办结", "2026-10,1,登记,3,2", "2026-10,9999,登记,3,2"))


async def _administrator(on: Office) -> AsyncIterator[str]:
    page = await on.sit(ADMIN)
    await on.go("/inbox")
    await page.locator(".item").first.click()
    await on.rest()
    yield "inbox-quarantined"
    await on.go("/imports")
    yield "imports"
    await on.press("人员", "Members")
    file = page.locator("input[type=file]")
    await file.set_input_files({"name": "名册.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7"})
    await page.get_by_role("alert").wait_for()
    yield "imports-no-table"
    await file.set_input_files({"name": "人员名册.csv", "mimeType": "text/csv", "buffer": _MEMBERS.encode()})
    await page.locator(".views").wait_for()
    await on.rest()
    yield "imports-preview"
    await page.locator(".view").nth(1).click()
    yield "imports-bad-rows"
    await page.locator(".view").nth(2).click()
    await on.rest()
    yield "imports-file"
    await page.locator(".act .button.main").click()
    await page.locator(".notice.good").wait_for()
    await on.rest()
    await page.locator(".row-acts button").first.click()
    await on.rest()
    yield "imports-past"
    await on.press("大厅办件", "Matters of the hall")
    await file.set_input_files({"name": "十月.csv", "mimeType": "text/csv", "buffer": _MATTERS.encode()})
    await page.locator(".imports .act").or_(page.get_by_role("alert")).first.wait_for()
    await on.rest()
    yield "imports-matters"
    await page.locator(".row-acts .danger").first.click()
    await page.locator("dialog").wait_for()
    yield "imports-withdraw"
    await page.keyboard.press("Escape")
    await on.go("/forms", ".item-line")
    tried = page.frame_locator("iframe").first
    await tried.locator(".found-place, .chooser").first.wait_for()
    await on.rest()
    yield "forms"
    await page.locator(".item-open").nth(1).click()
    yield "forms-editing"
    await page.locator(".kinds .button").nth(2).click()
    await tried.locator(".step").nth(1).click()
    await tried.locator(".finding .tile").nth(2).click()
    await tried.locator(".finding").nth(1).locator(".button").first.click()
    yield "forms-tried"
    await page.locator(".items > li").nth(8).locator(".button").last.click()
    await page.locator(".item-open").nth(1).click()
    await page.locator(".item-editor input[type=checkbox]").first.check()
    await page.locator(".publish-bar .button.main").click()
    await page.locator("dialog").wait_for()
    await on.rest()
    yield "forms-publish"
    await page.keyboard.press("Escape")
    await page.locator(".item-editor .input").first.fill("")
    await page.locator(".publish-bar .problem").filter(has_text="1").wait_for()
    await page.locator(".publish-bar .button.main").click()
    yield "forms-refused"


async def _member(on: Office) -> AsyncIterator[str]:
    await on.sit(WHO)
    await on.go("/inbox", "main h1, main h2")
    yield "member-desk"
    await on.record("returned")
    yield "member-record"
    await on.go(f"/month/{BRANCH}/{on.ids['this-month']}", ".headline")
    yield "member-month"
    await on.go("/forms", ".item-line")
    yield "member-forms"
    await on.go("/own", ".own-facts")
    yield "member-own"


CHAPTERS: tuple[Callable[[Office], AsyncIterator[str]], ...] = (
    _coming,
    _inbox,
    _months,
    _behind,
    _follow,
    _deputy,
    _committee,
    _administrator,
    _member,
    *desk_story_joint.CHAPTERS,
    *desk_story_admin.CHAPTERS,
)


async def sees(page: Page, words: str) -> None:
    await expect(page.get_by_text(words).first).to_be_visible()
