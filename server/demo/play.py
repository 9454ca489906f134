"""Decide what the demo plays: three tablets of one branch work without a network, meet, and their records become one story.

Everything goes over HTTP to the served address with members' own accounts; nothing is written behind the server's back.
"""

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import aiohttp
import msgspec

from server.data import ADDRESS, Running
from server.demo.centre import ZONE, Branch, Member, Subject
from server.demo.dice import Dice
from server.demo.fill import STAGE, Account, Demo
from server.demo.records import Maker
from server.demo.rhythm import ON_WORKDAYS
from server.demo.tablet import Tablet
from server.services import Services

PATIENCE_SECONDS = 20.0
EVERY_SECONDS = 15.0
SAME_TIMES = 3

Say = Callable[[str, str], None]


class Play:
    """A task of the serving process."""

    def __init__(self, services: Services, demo: Demo, say: Say) -> None:
        self._services, self._demo, self._say = services, demo, say
        self._branch: Branch = next(one for one in demo.centre().branches if one.id == STAGE)
        self._db = self._branch.db

    async def run(self) -> None:
        url = await _served(self._services)
        async with AsyncExitStack() as stack:
            directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fieldbook-tablets-")))
            session = await stack.enter_async_context(aiohttp.ClientSession())
            accounts = [self._demo.account(f"secretary-{STAGE}")]
            accounts += [one for one in self._demo.accounts if one.role == "member"]
            tablets = []
            for account in accounts:
                tablet = Tablet(self._member(account), directory / account.name, session, _with(url, account))
                await tablet.open()
                stack.push_async_callback(tablet.close)
                tablets.append(tablet)
            await self._perform(*tablets[:3])
            await self._go_on(tablets[1:])

    async def close(self) -> None:
        """Ends with the server."""

    async def _perform(self, secretary: Tablet, first: Tablet, second: Tablet) -> None:
        one, two = first.member.name, second.member.name
        for tablet in (secretary, first, second):
            await asyncio.gather(*[tablet.pull(db) for db in ("centre", self._db)])
        held = (await first.store.info(self._db)).documents
        self._say(
            f"三台平板已取到各自有权看的资料（{one}的平板：{held} 份）。现在断网下乡。",
            f"Three tablets hold what their members may see ({held} documents on the first). Now they go offline.",
        )
        before = await self._settled(secretary)

        household = self._branch.subjects["household"][0]
        problem = f"problems/{first.new_id()}"
        record = await first.record(
            self._db,
            "visit",
            {
                **_visit("assist", household, [first.member, second.member], 95, 40),
                "talked": "和一家人坐在院里拉家常，谈了今年的收成和老人看病报销。",
                "narrative": "雨天路滑，步行进组。帮着把医药费票据理好，带回大厅代办。",
                f"{problem}/text": "屋后排水沟垮塌，雨天进水。",
                f"{problem}/state": "open",
                f"{problem}/severity": 2,
                "privacy": "notice",
                "keep_until": f"{datetime.now(UTC).year + 3}-12-31",
            },
        )
        await first.push(self._db)
        await second.pull(self._db)
        self._say(
            f"{one}记下一次入户走访，有网时送到支部；{two}的平板取到了它。",
            "The first member records a visit; once connected it reaches the branch, and the second member's tablet.",
        )

        await first.change(self._db, record, {f"{problem}/state": "in_hand", "outcome": "已与村里商定清淤时间。"})
        await second.change(
            self._db,
            record,
            {f"{problem}/state": "solved", f"parts/{second.member.id}/text": "沟已清完，复查不再进水。"},
        )
        await first.push(self._db)
        await second.push(self._db)
        self._say(
            f"又断网了：{one}把问题改为“办理中”，{two}把同一处改为“已解决”，先后送达——冲突。",
            "Offline again: one marks the problem 'in hand', the other 'solved'. Both arrive: a conflict.",
        )
        merged = await self._until(lambda: self._merged(secretary, record, problem))
        if merged:
            fields, lost = merged
            self._say(
                f"服务器已合并：两人各自的补充都在；问题显示“{_STATES[fields[f'{problem}/state']]}”，"
                f"另一个值“{_STATES.get(lost, lost)}”仍留给书记看。",
                f"Merged: what only one of them changed is kept from both; the problem shows '{fields[f'{problem}/state']}',"
                f" and '{lost}', which lost, stays visible to the secretary.",
            )

        firm = self._branch.subjects["enterprise"][0]
        told = {"found": "谈到许可证换证和新厂房用电增容。"}
        visit = _visit("enterprise", firm, [first.member, second.member], 35, 25)
        mine = await first.record(
            self._db, "visit", {**visit, **told, "narrative": "带去了办事指南，缺的材料一次写清。"}
        )
        visit = _visit("enterprise", firm, [second.member, first.member], 33, 26)
        theirs = await second.record(self._db, "visit", {**visit, "narrative": "现场演示网上申报，企业当场试填。"})
        await asyncio.gather(first.push(self._db), second.push(self._db))
        self._say(
            f"{one}和{two}一同走访{firm.name}，各记了一条。",
            "Both visit one enterprise together, and each makes a record of it.",
        )
        activity = await self._until(lambda: self._activity(secretary, {mine, theirs}))
        if activity:
            self._say(
                f"两条记录归为一个活动 {activity}，两人都在其中。",
                f"The two records have become one activity, {activity}, which names both.",
            )
        after = await self._until(lambda: self._changed(secretary, before))
        if after:
            month, figures = after
            changed = [
                (words, before.get(code, 0), figures[code]) for code, words in _FIGURES.items() if code in figures
            ]
            zh = "，".join(f"{words[0]} {old}→{new}" for words, old, new in changed)
            en = ", ".join(f"{words[1]} {old} to {new}" for words, old, new in changed)
            self._say(
                f"支部 {month} 活动台账随之变化：{zh}。", f"The branch's activity record of {month} has changed: {en}."
            )

    async def _go_on(self, tablets: list[Tablet]) -> None:
        """A record now and then, for as long as somebody looks."""
        self._say(
            f"接下来每 {EVERY_SECONDS:.0f} 秒有一条新记录送达；按 Ctrl-C 停止。",
            f"From now on a record arrives every {EVERY_SECONDS:.0f} seconds; Ctrl-C stops.",
        )
        dice = Dice(str(time.time_ns()))
        for number in count():
            await asyncio.sleep(EVERY_SECONDS)
            tablet = tablets[number % len(tablets)]
            fields, kind = self._invent(dice, tablet.member)
            await tablet.record(self._db, kind, fields)
            outcome = await tablet.push(self._db)
            what = fields.get("title") or fields.get("matter") or fields.get("narrative", "")
            arrived = ("已送达", "arrived") if outcome.complete else ("未送达", "has not arrived")
            self._say(f"{tablet.member.name}：{what}（{arrived[0]}）", f"{kind} by {tablet.member.id} {arrived[1]}")

    def _invent(self, dice: Dice, member: Member) -> tuple[dict[str, Any], str]:
        """A record of today as the generator makes them, which ended some minutes ago."""
        maker = Maker(self._demo.centre(), dice, datetime.now(ZoneInfo(ZONE)).date())
        while True:
            for made in maker.happening(dice.weighted(ON_WORKDAYS), 1):
                doc = made.doc
                if made.counted and not made.flaw and doc["branch"] == STAGE and doc["type"] in ("visit", "event"):
                    own = {path: value for path, value in doc["fields"].items() if not path.startswith(_DATED)}
                    ended = datetime.now(UTC) - timedelta(minutes=2)
                    own |= {"period": _period(ended, 20), f"participants/{member.id}": True}
                    return own, doc["type"]

    async def _merged(self, tablet: Tablet, record: str, problem: str) -> tuple[Mapping[str, Any], str] | None:
        await tablet.pull(self._db)
        body, leaves = await tablet.read(self._db, record)
        path = f"{problem}/state"
        lost = [one for one in body.get("replaced", ()) if one.get("path") == path and not one.get("by")]
        return (body["fields"], str(lost[0]["value"])) if leaves == 1 and lost else None

    async def _activity(self, tablet: Tablet, records: set[str]) -> str | None:
        await tablet.pull(self._db)
        for name, body in await tablet.all(self._db, "activity:"):
            if records <= {path[8:] for path, value in body["fields"].items() if path.startswith("records/") and value}:
                return name
        return None

    async def _changed(self, tablet: Tablet, before: Mapping[str, int]) -> tuple[str, dict[str, int]] | None:
        figures = {name: value for name, value in (await self._figures(tablet)).items() if value != before.get(name, 0)}
        return (self._month(), figures) if figures else None

    async def _figures(self, tablet: Tablet) -> dict[str, int]:
        await tablet.pull(self._db)
        for _, body in await tablet.all(self._db, "activity_record:"):
            fields = body["fields"]
            if fields.get("month") == self._month():
                return {path[8:]: value for path, value in fields.items() if path.startswith("figures/")}
        return {}

    async def _settled(self, tablet: Tablet) -> dict[str, int]:
        """The figures, once the server has been through what was filled in: then they stay as they are."""
        figures, same = await self._figures(tablet), 0
        for _ in range(int(PATIENCE_SECONDS)):
            await asyncio.sleep(1.0)
            again = await self._figures(tablet)
            same = same + 1 if again and again == figures else 0
            if same == SAME_TIMES:
                break
            figures = again
        return figures

    def _month(self) -> str:
        return f"{datetime.now(ZoneInfo(ZONE)):%Y-%m}"

    async def _until(self, ask: Callable[[], Awaitable[Any]]) -> Any:
        """What it asks for, once it is there; None when that takes too long."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            found = await ask()
            if found:
                return found
            await asyncio.sleep(0.5)
        self._say("（服务器还没有算到这一步，演示继续。）", "(The server has not come to it yet; the play goes on.)")
        return None

    def _member(self, account: Account) -> Member:
        return next(one for one in self._branch.members if one.id == account.member)


class Welcome:
    """A task of the serving process: says where it is, once it is."""

    def __init__(self, services: Services, say: Callable[[str], None]) -> None:
        self._services, self._say = services, say

    async def run(self) -> None:
        self._say(await _served(self._services))

    async def close(self) -> None:
        """Ends with the server."""


async def _served(services: Services) -> str:
    """Where this process serves, once it does."""
    path = services.settings.directory / ADDRESS
    while True:
        with suppress(FileNotFoundError):
            return msgspec.json.decode(path.read_bytes(), type=Running).url
        await asyncio.sleep(0.1)


def _visit(kind: str, subject: Subject, members: list[Member], ago: int, lasted: int) -> dict[str, Any]:
    fields: dict[str, Any] = {"kind": kind, "subject": subject.id, "address": subject.address}
    fields |= {
        "place": [*subject.place, 12],
        "period": _period(datetime.now(UTC) - timedelta(minutes=ago - lasted), lasted),
    }
    return fields | {f"participants/{one.id}": True for one in members}


def _period(ended: datetime, minutes: int) -> list[str]:
    return [one.strftime("%Y-%m-%dT%H:%M:%SZ") for one in (ended - timedelta(minutes=minutes), ended)]


def _with(url: str, account: Account) -> str:
    scheme, _, host = url.partition("://")
    return f"{scheme}://{quote(account.name, safe='')}:{quote(account.password, safe='')}@{host}/sync"


_STATES = {"open": "待解决", "in_hand": "办理中", "solved": "已解决"}
_FIGURES = {
    "activities": ("活动", "activities"),
    "visits": ("走访", "visits"),
    "person_times": ("人次", "person-times"),
    "problems_found": ("发现问题", "problems found"),
    "problems_solved": ("解决问题", "problems solved"),
}
_DATED = ("period", "stages/", "participants/", "parts/", "problems/", "follow_ups/", "absent/")
