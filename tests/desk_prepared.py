"""What the desk's story finds at the centre: records of branch b03 that stand in every way in which one can wait, two approved months, one
of them with a supplement, and a second branch that served the same enterprise."""

import asyncio
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import aiohttp

from tests.browser import until
from tests.builders import stamp
from tests.played import BRANCH, COLLEAGUE, DB, WHO, Played, decide, decided, photo, simulated, visit

SECRETARY, DEPUTY, COMMITTEE, ADMIN = f"secretary-{BRANCH}", f"deputy-{BRANCH}", "committee", "admin"
LONG_NAME = "云泽市高新技术产业开发区智能制造与新材料联合创新孵化基地运营管理有限责任公司第二分公司"
TALKED = "和老人拉家常，谈了看病报销和今年的收成。"
NARRATIVE = "雨天路滑，步行进组。票据已带回大厅代办，屋后排水沟约定下周复查。"


async def fill(on: Played, directory: Path) -> None:
    async with aiohttp.ClientSession() as session:
        mine, other, chief = [await simulated(on, name, directory, session) for name in (WHO, COLLEAGUE, SECRETARY)]
        second = await simulated(on, WHO, directory / "second", session)
        second.member = second.member._replace(device="t5ec0d")
        await _records(on, mine, other, chief)
        await _apart(on, mine, second)
        await _decisions(on)
        await _later(on, mine)
        await _photos(on, mine.member.id)
        await _refused(on, mine)
        await _month(on, mine)
        for one in (mine, other, chief, second):
            await one.close()


async def _records(on: Played, mine: Any, other: Any, chief: Any) -> None:
    """Each of a household of its own, so that none meets another by chance."""
    people = [mine.member]
    homes, firms = on.subjects("household"), on.subjects("enterprise")
    said = {"talked": TALKED, "narrative": NARRATIVE}

    async def made(name: str, about: Any, days: int, tablet: Any = mine, **more: Any) -> None:
        kind = "assist" if about.kind == "household" else "enterprise"
        fields = visit(about, [tablet.member], days, kind) | said | {"outcome": "已带回材料。"}
        on.ids[name] = await tablet.record(DB, "visit", fields | more)

    for at, name in enumerate(("sound", "returned", "corrected", "amended", "disputed")):
        await made(name, homes[at], at + 2)
    problem = f"problems/{mine.new_id()}"
    leak = {f"{problem}/text": "屋后排水沟垮塌，雨天进水。", f"{problem}/state": "open", f"{problem}/severity": 2}
    leak |= {f"{problem}/due": f"{datetime.now(UTC) - timedelta(days=3):%Y-%m-%d}"}
    await made("problem", homes[5], 9, **leak)
    backwards = visit(homes[6], people, 1)["period"][::-1]
    await made("faulty", homes[6], 1, period=backwards)
    await made("own", homes[7], 2, chief)
    shared = {"outcome": "谈妥了变更登记的材料。"}
    await made("joined", firms[0], 5, **shared, **{f"participants/{other.member.id}": True})
    await made("joined-other", firms[0], 5, other, **shared, narrative="企业提出开户许可的问题，约好代办。")
    await made("suggested", firms[1], 6)
    later = [
        f"{datetime.fromisoformat(at) + timedelta(hours=2):%Y-%m-%dT%H:%M:%SZ}"
        for at in visit(firms[1], people, 6)["period"]
    ]
    await made("suggested-other", firms[1], 6, other, period=later)
    async with on.as_(ADMIN) as admin:
        long = f"enterprise:{mine.new_id()}"
        body = {"type": "subject", "version": 1, "branch": BRANCH, "author": mine.member.id, "zone": "Asia/Shanghai"}
        fields = {
            "kind": "enterprise",
            "name": LONG_NAME,
            "address": "云泽市高新区创新大道与科学城路交叉口东北角 18 号楼 A 座 1702 室",
        }
        answer = await admin.put(
            f"/sync/{DB}/{long}",
            json={**body, "fields": fields, "stamps": {"": stamp(mine.member.id, "t1")}, "replaced": []},
        )
        assert answer.status_code == 201, answer.text
    on.ids["long-subject"] = long
    await made("long", firms[2], 2, subject=long, narrative=NARRATIVE * 8)
    for one in (mine, other, chief):
        await one.push(DB)


async def _apart(on: Played, mine: Any, other: Any) -> None:
    """One member changes a record on two tablets, neither of which knows of the other."""
    record = on.ids["disputed"]
    await other.pull(DB)
    await mine.change(DB, record, {"outcome": "已与村里商定清淤时间。", "narrative": NARRATIVE + "下午又去了一次。"})
    await other.change(DB, record, {"outcome": "村里答应本周清淤。"})
    await mine.push(DB)
    await other.push(DB)


async def _decisions(on: Played) -> None:
    async with on.as_(SECRETARY) as secretary:
        remarks = [
            {"text": "谈了哪几项报销，写清楚。", "field": "talked"},
            {"text": "请补上下次走访的时间。", "field": "outcome"},
        ]
        for name in ("returned", "corrected"):
            await decide(secretary, on.ids[name], "return", text="内容太笼统，请补充。", remarks=remarks)
        await decide(secretary, on.ids["amended"], "approve")


async def _later(on: Played, mine: Any) -> None:
    """What was returned is put right, and what was approved is changed."""
    await mine.pull(DB)
    told = {"talked": "谈了门诊报销和慢病备案两项，材料清单已留下。"}
    await mine.change(DB, on.ids["corrected"], told)
    await mine.change(DB, on.ids["amended"], {"outcome": "票据已报销，款项到账。"})
    await mine.push(DB)


async def _photos(on: Played, author: str) -> None:
    data = photo()["buffer"]
    digest = f"sha256-{sha256(data).hexdigest()}"
    for number, caption in enumerate(("屋前", "屋后排水沟")):
        doc = f"photo:01K9ZJ6Q3T8M4V7C2N5B1P{number:04d}"
        fields = {
            "record": on.ids["sound"],
            "digest": digest,
            "size": len(data),
            "media": "image/jpeg",
            "width": 1600,
            "height": 1200,
        }
        fields |= {"at": f"{datetime.now(UTC) - timedelta(days=2):%Y-%m-%dT02:20:00Z}", "caption": caption}
        body = {
            "type": "photo",
            "version": 1,
            "branch": BRANCH,
            "author": author,
            "device": "t1",
            "zone": "Asia/Shanghai",
        }
        async with on.as_(ADMIN) as admin:
            answer = await admin.put(
                f"/sync/{DB}/{doc}",
                json={**body, "fields": fields, "stamps": {"": stamp(author, "t1")}, "replaced": []},
            )
            assert answer.status_code == 201, answer.text

            async def part(doc: str = doc) -> bool:
                return (await admin.put(f"/api/v1/photos/{doc}/parts/0", content=data)).status_code == 200

            await until(part)
            done = await admin.post(f"/api/v1/photos/{doc}/complete", json={"parts": 1, "digest": digest})
            assert done.status_code == 200, done.text


async def _refused(on: Played, mine: Any) -> None:
    """A tablet brings a record in the name of another branch: it is kept apart."""
    async with on.as_(WHO) as member:
        fields = visit(on.subjects("household")[0], [mine.member], 3)
        body = {
            "_id": f"visit:{mine.new_id()}",
            "type": "visit",
            "version": 2,
            "branch": "b04",
            "author": mine.member.id,
            "zone": "Asia/Shanghai",
        }
        doc = {
            **body,
            "fields": fields,
            "stamps": {"": stamp(mine.member.id, "t1")},
            "_rev": "1-a",
            "_revisions": {"start": 1, "ids": ["a"]},
        }
        answer = await member.post(f"/sync/{DB}/_bulk_docs", json={"docs": [doc], "new_edits": False})
        assert answer.json()[0].get("error") == "forbidden", answer.text


async def _month(on: Played, mine: Any) -> None:
    """The last two months are approved; after it something of the later one comes in."""
    first = datetime.now(UTC).replace(day=1)
    last, before = [f"{first - timedelta(days=days):%Y-%m}" for days in (1, 40)]
    on.ids |= {"last-month": last, "month-before": before, "this-month": f"{first:%Y-%m}"}
    async with on.as_(SECRETARY) as secretary:
        for month in (before, last):
            told = (await secretary.get(f"/api/v1/activity-records/{BRANCH}/{month}")).json()
            await decided(secretary, told["id"], "approve", told["seen"])

        async def versioned() -> bool:
            return bool((await secretary.get(f"/api/v1/activity-records/{BRANCH}/{last}")).json()["number"] == 1)

        await until(versioned)
        days = (datetime.now(UTC) - first).days + 4
        fields = visit(on.subjects("household")[8], [mine.member], days) | {"narrative": "补录上月的走访。"}
        await mine.record(DB, "visit", fields)
        await mine.push(DB)

        async def late() -> bool:
            return bool(
                (await secretary.get(f"/api/v1/activity-records/{BRANCH}/{last}")).json()["state"] == "under_review"
            )

        await until(late)
    await asyncio.sleep(0.5)
