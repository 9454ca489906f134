"""Every screen of the tablet app with something real on it: a small story, played on a real tablet at a real server, that names each
screen as it comes to stand. What looks at screens (pictures, accessibility) follows it."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
from playwright.async_api import Locator, Page, expect

from server.demo.fill import prepare
from server.settings import Settings
from tests.browser import LANDSCAPE, PIN, Tablet, tablets
from tests.builders import stamp
from tests.played import BRANCH, COLLEAGUE, DB, WHO, Played, decide, decided, photo, simulated, visit
from tests.serving import served

RECORDS = 1500
WEAK = "111111"


@dataclass(kw_only=True)
class Stage(Played):
    """A tablet at a filled server."""

    tablet: Tablet

    @property
    def page(self) -> Page:
        return self.tablet.page

    async def tap(self, zh: str, en: str) -> None:
        name = self.words(zh, en)
        await self.page.get_by_role("button", name=name).or_(self.page.get_by_role("link", name=name)).first.click()

    async def go(self, path: str, stands: str = "main h1") -> Locator:
        await self.page.evaluate(f"location.hash = '#{path}'")
        found = self.page.locator(stands).first
        await found.wait_for()
        # Lists and pictures come after the heading.
        await self.page.wait_for_timeout(400)
        return found


@asynccontextmanager
async def stage(directory: Path, language: str = "zh", size: tuple[int, int] = LANDSCAPE) -> AsyncIterator[Stage]:
    """A server on demo data with what the story needs, and a tablet that is switched on at its empty app."""
    data = directory / "data"
    until_day = date.today()  # noqa: DTZ011  # the demo's year ends at this machine's day
    demo = await asyncio.to_thread(prepare, Settings(data=str(data)), 1, RECORDS, until_day, lambda *_: None)
    with served(data, "--log-level", "warning") as server:
        async with tablets(directory / "tablets", server.url) as make:
            tablet = make("one", size=size, language=language)
            made = Stage(url=server.url, demo=demo, centre=demo.centre(), language=language, tablet=tablet)
            await _prepare(made, directory / "simulated")
            await made.tablet.start()
            yield made


async def story(on: Stage) -> AsyncIterator[str]:
    """The names of the screens, each while it stands."""
    for chapter in CHAPTERS:
        async for name in chapter(on):
            yield name


async def _prepare(on: Stage, directory: Path) -> None:
    """What others have done before the tablet is switched on: records, two tablets' edits of one, decisions, an approved month."""
    async with aiohttp.ClientSession() as session:
        mine, other = [await simulated(on, name, directory, session) for name in (WHO, COLLEAGUE)]
        members = [mine.member, other.member]
        home, second, third = on.subjects("household")[:3]
        firm = on.subjects("enterprise")[0]
        told = {
            "talked": "和老人拉家常，谈了看病报销和今年的收成。",
            "narrative": "雨天路滑，步行进组。票据已带回大厅代办。",
        }
        on.ids["returned"] = await mine.record(DB, "visit", visit(home, members, 2) | told)
        problem = f"problems/{mine.new_id()}"
        gutter = {f"{problem}/text": "屋后排水沟垮塌，雨天进水。", f"{problem}/state": "open", f"{problem}/severity": 2}
        due = {f"{problem}/due": (datetime.now(UTC) - timedelta(days=3)).date().isoformat()}
        on.ids["problem"] = await mine.record(DB, "visit", visit(second, members, 9) | told | gutter | due)
        backwards = visit(third, members, 1)
        backwards["period"] = backwards["period"][::-1]
        on.ids["faulty"] = await mine.record(DB, "visit", backwards | told)
        on.ids["erased"] = await mine.record(DB, "visit", visit(firm, members, 3, "enterprise") | told)
        on.ids["approved"] = await mine.record(DB, "visit", visit(firm, members, 4, "enterprise") | told)
        await mine.push(DB)
        await other.pull(DB)
        await mine.change(DB, on.ids["problem"], {"outcome": "已与村里商定清淤时间。", f"{problem}/state": "in_hand"})
        await other.change(
            DB,
            on.ids["problem"],
            {"outcome": "村里答应本周清淤。", f"parts/{other.member.id}/text": "复查时已在动工。"},
        )
        await mine.push(DB)
        await other.push(DB)
        for one in (mine, other):
            await one.close()
    async with on.as_(WHO) as member:
        case = _joint_survey(on, mine.member.id, mine.new_id)
        answer = await member.put(f"/sync/shared/{case['_id']}", json=case)
        assert answer.status_code == 201, answer.text
    async with on.as_(f"secretary-{BRANCH}") as secretary:
        remarks = [
            {"text": "谈了哪几项报销，写清楚。", "field": "talked"},
            {"text": "请补上下次走访的时间。", "field": "outcome"},
        ]
        await decide(secretary, on.ids["returned"], "return", text="内容太笼统，请补充。", remarks=remarks)
        await decide(secretary, on.ids["approved"], "approve")
        month = (datetime.now(UTC).replace(day=1) - timedelta(days=1)).strftime("%Y-%m")
        told_month = (await secretary.get(f"/api/v1/activity-records/{BRANCH}/{month}")).json()
        await decided(secretary, f"activity_record:{BRANCH}:{month}", "approve", told_month["seen"])


def _joint_survey(on: Stage, author: str, new_id: Callable[[], str]) -> dict[str, Any]:
    """Led by the branch, with two parties that have no account."""
    others = [one.id for one in on.centre.branches if one.id != BRANCH]
    asked = {"fire": "消防通道畅通，灭火器材在有效期内", "layout": "经营场所布局与申报图纸一致"}
    needs = ("经营场所产权证明或租赁合同", "平面布局图", "从业人员健康证明", "消防安全承诺书")
    fields: dict[str, Any] = {"subject": on.subjects("enterprise")[0].id, "matter": "食品经营许可现场联合踏勘"}
    fields |= {f"parties/{one}": True for one in (BRANCH, others[0], others[1])}
    fields |= {f"outside/{new_id()}/name": name for name in ("县供电公司营业所", "清源燃气公司")}
    fields |= {f"checklist/{code}/text": text for code, text in asked.items()}
    fields |= {f"needs/{new_id()}/text": text for text in needs}
    told, due = (f"{datetime.now(UTC) + timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}" for days in (-1, 4))
    fields |= {"announced": told, "limit": due}
    envelope = {"type": "case", "version": 1, "branch": BRANCH, "author": author, "zone": "Asia/Shanghai"}
    stamps = {"": stamp(author, "t9", datetime.now(UTC))}
    return {"_id": f"case:{new_id()}", **envelope, "fields": fields, "stamps": stamps, "replaced": []}


async def _enrolling(on: Stage) -> AsyncIterator[str]:
    page = on.page
    await page.locator("input[name=username]").wait_for()
    yield "enrol"
    await page.locator(".way").nth(1).click()
    yield "enrol-code"
    await page.locator(".way").nth(0).click()
    account = on.demo.account(WHO)
    await page.locator("input[name=username]").fill(account.name)
    await page.locator("input[name=password]").fill(account.password)
    await page.locator("button.main").click()
    await on.tablet.pin(WEAK)
    await page.locator(".problem").wait_for()
    yield "enrol-pin"
    await on.tablet.pin(PIN)
    await on.tablet.pin(PIN)
    await page.locator(".starts").wait_for()
    await fully(on)


async def _reading(on: Stage) -> AsyncIterator[str]:
    page = on.page
    await on.go("/subjects", ".record-row")
    yield "subjects"
    await page.locator("input[type=search]").fill("ly")
    await page.wait_for_timeout(300)
    yield "subjects-found"
    await page.locator("input[type=search]").fill("")
    await on.go(f"/subjects/{on.subjects('household')[1].id}")
    yield "subject"
    await on.tap("修改", "Edit")
    await page.locator("dialog").wait_for()
    yield "subject-edit"
    await page.keyboard.press("Escape")
    await on.go("/records", ".record-row b")
    yield "records"
    for name in ("returned", "faulty", "problem", "approved"):
        await on.go(f"/records/{on.ids[name]}", "main .card")
        yield f"record-{name}"
    await on.go("/month", ".own-figure")
    await page.locator(".own-figure:not([disabled])").first.click()
    yield "month"
    await page.locator(".turn").first.click()
    await page.wait_for_timeout(500)
    yield "month-approved"
    await on.go("/sync")
    yield "sync-in-order"


async def _writing(on: Stage) -> AsyncIterator[str]:
    page = on.page
    await on.go("/", ".starts")
    await page.locator(".start.main").click()
    await page.locator(".step-body").wait_for()
    await _next(on)
    await _fill_texts(on)
    await on.tap("离开，草稿保留", "Leave; the draft is kept")
    await page.locator(".record-row").first.wait_for()
    await page.wait_for_timeout(600)
    yield "today"
    await page.locator(".start.main").click()
    await page.locator(".chooser").first.wait_for()
    yield "write-visit-who"
    await page.locator(".chooser").first.click()
    await page.locator("dialog .record-row").first.wait_for()
    await page.wait_for_timeout(300)
    yield "write-pick-subject"
    await page.locator("dialog footer .button").first.click()
    yield "write-new-subject"
    await page.keyboard.press("Escape")
    await page.locator("dialog .record-row").first.click()
    await page.wait_for_timeout(300)
    yield "write-visit-who-chosen"
    async for name in _steps(on, "visit"):
        yield name
    await page.locator(".write-foot .main").click()
    await page.wait_for_timeout(300)
    if await page.locator("dialog").count():
        yield "write-missing"
        await on.tap("仍然完成", "Finish all the same")
    await page.locator(".done-card").wait_for()
    yield "write-done"


async def _handing_over(on: Stage) -> AsyncIterator[str]:
    page = on.page
    await page.locator(".next .main").click()
    await page.locator(".face").first.wait_for()
    await page.locator(".face").first.click()
    yield "hand-over-rating"
    await page.locator(".submit").click()
    await page.locator("canvas").wait_for()
    box = await page.locator("canvas").bounding_box()
    assert box
    await page.mouse.move(box["x"] + 60, box["y"] + 90)
    await page.mouse.down()
    for at in range(30):
        await page.mouse.move(box["x"] + 60 + at * 7, box["y"] + 90 + 40 * ((-1) ** (at // 4)) * (at % 4) / 4)
    await page.mouse.up()
    yield "hand-over-signature"
    await page.locator(".submit").click()
    await page.locator(".thanks .key").first.wait_for()
    yield "hand-over-thanks"
    await on.tablet.pin(PIN)
    await page.locator("main .card").first.wait_for()
    await page.wait_for_timeout(600)
    yield "record-rated"


async def _jointly(on: Stage) -> AsyncIterator[str]:
    """A survey for a joint survey that the branch leads, on behalf of a party without an account."""
    page = on.page
    await on.go("/", ".case-row")
    await page.locator(".case-row", has_text="食品经营许可现场联合踏勘").click()
    await page.locator(".behalf").wait_for()
    await page.locator(".behalf .tile").nth(1).click()
    await page.locator(".behalf input.input").fill("王建平 营业所长")
    await page.evaluate("scrollTo(0, 0)")
    yield "write-joint-who"
    await _next(on)
    for at in range(2):
        await page.locator(".finding").nth(at).locator(".tile").first.click()
    await page.evaluate("scrollTo(0, 0)")
    yield "write-joint-checklist"
    await page.locator(".step").last.click()
    await page.locator(".vouching").wait_for()
    yield "write-joint-check"
    await page.locator(".write-foot .main").click()
    await page.wait_for_timeout(300)
    if await page.locator("dialog").count():
        await on.tap("仍然完成", "Finish all the same")
    await page.locator(".next-party").first.wait_for()
    yield "write-joint-done"
    await on.tap("查看记录", "Look at it")
    await page.locator(".on-behalf").wait_for()
    await page.wait_for_timeout(400)
    yield "record-joint"
    await page.locator(".on-behalf .button").click()
    await page.locator("canvas").wait_for()
    yield "hand-over-joint"
    await page.locator(".hand-back button").click()
    await page.locator("dialog .key").first.wait_for()
    await on.tablet.pin(PIN)
    await page.locator(".on-behalf").wait_for()


async def _other_types(on: Stage) -> AsyncIterator[str]:
    page = on.page
    for at, kind in ((1, "service"), (2, "survey"), (3, "event")):
        await on.go("/", ".starts")
        await page.locator(".start").nth(at).click()
        await page.locator(".step-body").wait_for()
        await page.wait_for_timeout(300)
        yield f"write-{kind}-who"
        async for name in _steps(on, kind):
            yield name
        await page.locator(".write-foot .main").click()
        await page.wait_for_timeout(300)
        if kind == "event" and await page.locator("dialog").count():
            yield "write-event-missing"
            await page.keyboard.press("Escape")
        elif await page.locator("dialog").count():
            await page.keyboard.press("Escape")
        await on.tap("删除草稿", "Delete the draft")
        if kind == "service":
            yield "write-delete"
        await page.locator("dialog .danger").click()
        await page.locator(".starts").wait_for()


async def _in_trouble(on: Stage) -> AsyncIterator[str]:
    """A record is erased at the centre while this tablet changes it: the change is refused. Then there is no network, then no session."""
    page = on.page
    await fully(on)
    await on.tablet.cut()
    await on.go(f"/records/{on.ids['erased']}", "main .card")
    await on.tap("修改", "Change")
    await page.locator(".step-body").wait_for()
    await page.locator(".step").nth(1).click()
    await _fill_texts(on)
    await page.locator(".step").last.click()
    await page.locator(".write-foot .main").click()
    await page.wait_for_timeout(400)
    if await page.locator("dialog").count():
        await on.tap("仍然完成", "Finish all the same")
    await page.locator(".done-card").wait_for()
    await on.go("/sync")
    await page.wait_for_timeout(2000)
    yield "sync-no-network"
    async with on.as_("admin") as admin:
        erasing = {"database": DB, "ids": [on.ids["erased"]], "reason": "request 2026-17"}
        answer = await admin.post("/api/v1/erasures", json=erasing)
        assert answer.status_code == 200, answer.text
    await on.tablet.join()
    await page.locator(".refused, [class*=refus]").first.wait_for()
    await page.wait_for_timeout(1500)
    yield "sync-refused"
    await on.go(f"/records/{on.ids['erased']}", "main .card")
    yield "record-refused"
    await _end_session(on)
    await on.go("/sync")
    await page.evaluate("dispatchEvent(new Event('online'))")
    await page.locator("input[name=password]").wait_for()
    yield "sync-logged-out"
    await on.go("/", ".starts")
    await page.wait_for_timeout(400)
    yield "today-in-trouble"


async def _locking(on: Stage) -> AsyncIterator[str]:
    page = on.page
    await on.tap("锁定", "Lock")
    await page.locator(".pin").wait_for()
    yield "lock"
    await on.tap("忘记密码", "I forgot my PIN")
    yield "forgotten-pin"
    await on.tap("返回", "Back")
    for _ in range(4):
        await on.tablet.pin("864209")
        await expect(page.locator(".problem").first).to_be_visible()
    await page.locator(".notice.bad").wait_for()
    yield "lock-waiting"
    await on.tap("添加人员", "Add somebody")
    account = on.demo.account(COLLEAGUE)
    await page.locator("input[name=username]").fill(account.name)
    await page.locator("input[name=password]").fill(account.password)
    await page.locator("button.main").click()
    await on.tablet.pin(PIN)
    await on.tablet.pin(PIN)
    await page.locator(".starts").wait_for()
    await page.wait_for_timeout(300)
    yield "today-at-first"
    await fully(on)
    await on.tap("锁定", "Lock")
    await on.tap("换人", "Somebody else")
    await page.locator(".who").first.wait_for()
    yield "lock-who"
    second = await on.tablet.context.new_page()
    await second.goto(f"{on.tablet.url}/")
    await second.locator(".elsewhere button").wait_for()
    on.tablet.show(second)
    yield "open-elsewhere"


CHAPTERS: tuple[Callable[[Stage], AsyncIterator[str]], ...] = (
    _enrolling,
    _reading,
    _writing,
    _handing_over,
    _jointly,
    _other_types,
    _in_trouble,
    _locking,
)


async def fully(on: Stage) -> None:
    said = on.words("本机已全部同步", "Fully synced")
    if on.page.url.split("#")[-1] not in ("/", "/sync"):
        await on.go("/", ".starts")
    await expect(on.page.get_by_text(said).first).to_be_visible(timeout=60_000)


async def _steps(on: Stage, kind: str) -> AsyncIterator[str]:
    """Each step after the first, filled in a little."""
    page = on.page
    count = await page.locator(".step").count()
    for at in range(1, count):
        await _next(on)
        await page.wait_for_timeout(150)
        await _fill_texts(on)
        if await page.locator(".shots").count():
            await page.locator(".shots input[type=file]").last.set_input_files(photo())
            await page.locator(".photo img").first.wait_for()
        elif await page.locator(".item .add, .step-body .add").count():
            await page.locator(".item .add, .step-body .add").first.click()
            await _fill_texts(on)
        await page.evaluate("scrollTo(0, 0)")
        await page.wait_for_timeout(150)
        yield f"write-{kind}-{at + 1}"


async def _next(on: Stage) -> None:
    await on.page.locator(".write-foot .main").click()


async def _fill_texts(on: Stage) -> None:
    """What a member would type; left alone where something stands already."""
    for at, area in enumerate(await on.page.locator(".step-body textarea:visible").all()):
        if await area.is_enabled() and not await area.input_value():
            await area.fill(_SAID[at % len(_SAID)])


_SAID = (
    "老人独居，子女在外务工，身体还硬朗。谈了医保缴费和秋收，想把门前的路修一修。",
    "帮着整理了医药费票据，带回大厅代办。",
    "已与村里商定下周三清淤，届时复查。",
)


async def _end_session(on: Stage) -> None:
    """The tablet's token is ended at the centre: it gets a code by which it may enrol again."""
    async with on.as_("admin") as admin:
        listed = (await admin.get("/api/v1/tablets")).json()["tablets"]
        ours = next(one["tablet"] for one in listed if one["tablet"]["account"] == WHO)
        answer = await admin.post(f"/api/v1/tablets/{ours['id']}/code")
        assert answer.status_code == 201, answer.text


def plain(name: str) -> str:
    """A name as a file may have it."""
    return re.sub(r"[^a-z0-9-]", "-", name)
