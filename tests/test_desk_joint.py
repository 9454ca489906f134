"""Joint surveys on the review desk, in a real Chromium: listed, made, announced once, added to, and followed as findings come in."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from tests.access import axe, beyond
from tests.browser import cut, intercept, join, needed, press, until
from tests.desk_browser import desk, go
from tests.desk_cases import as_member
from tests.filling import documents, in_days, put
from tests.serving import Served
from tests.test_desk_reading import CASE, SITE, joint, place, survey
from tests.test_desk_record import account

pytestmark = [needed, pytest.mark.browser]

NAME, FACTORY = "食品生产许可现场核查", "老码头食品厂"
ITEMS = ["疏散门向外开启", "屋面无渗漏", "配电间上锁"]
LIMIT = re.compile("^办理时限")
LATER = f"{in_days(9)}T17:00"


def branches(staffed: Served) -> None:
    place(staffed)
    for name, told in (("b03", "第三党支部"), ("b04", "第四党支部")):
        put(staffed, "centre", {"_id": f"branch:{name}", "type": "branch", "version": 1, "fields": {"name": told}})


def draft(staffed: Served, who: str = "song", **more: Any) -> dict[str, Any]:
    """A whole draft, as the API makes it."""
    limit = f"{in_days(9)}T09:00:00Z"
    told = {"matter": NAME, "subject": SITE, "parties": ["b04"], "checklist": ITEMS[:2], "limit": limit} | more
    with as_member(staffed, who) as client:
        # The worker may not have come to the site and the branches yet.
        answer = client.post("/api/v1/cases", json=told)
        for _ in range(200):
            if answer.status_code == 201:
                break
            answer = client.post("/api/v1/cases", json=told)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
    return found


def changed(staffed: Served, told: dict[str, Any], who: str = "song", **more: Any) -> dict[str, Any]:
    """Somebody else changes a draft, or announces it."""
    body = {
        "matter": told["matter"],
        "subject": told["subject"],
        "limit": told["limit"] or None,
        "parties": [one["party"][7:] for one in told["parties"] if one["party"].startswith("branch:")],
        "checklist": [one["text"] for one in told["items"]],
        "seen": told["seen_case"],
    }
    with as_member(staffed, who) as client:
        answer = client.put(f"/api/v1/cases/{told['id']}", json={**body, **more})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
    return found


def read(staffed: Served, case: str, who: str = "song") -> dict[str, Any]:
    with as_member(staffed, who) as client:
        found: dict[str, Any] = client.get(f"/api/v1/cases/{case}").json()
    return found


@asynccontextmanager
async def made(staffed: Served, who: str = "song", **more: Any) -> AsyncIterator[tuple[Page, dict[str, Any]]]:
    """The screen of a draft."""
    branches(staffed)
    told = draft(staffed, **more)
    async with desk(staffed, who) as page:
        await go(page, f"joint/{told['id']}")
        await expect(page.get_by_role("heading", level=1)).to_have_text(NAME)
        yield page, told


def item(page: Page, number: int) -> Locator:
    return page.get_by_label(f"踏勘事项第 {number} 项", exact=True)


async def items(page: Page) -> list[str]:
    found = page.get_by_role("group", name="踏勘事项").locator(".lines-input")
    return [await found.nth(at).input_value() for at in range(await found.count())]


async def choose_site(page: Page) -> None:
    await page.get_by_role("searchbox", name="查找服务对象").fill("老码头")
    await page.get_by_role("radio", name=FACTORY).check()


async def test_dk137_what_is_due_first_stands_first_and_the_list_is_narrowed_in_its_address(staffed: Served) -> None:
    branches(staffed)
    past = f"{datetime.now(UTC) - timedelta(days=2):%Y-%m-%dT%H:%M:%SZ}"
    joint(staffed, limit=past)
    put(staffed, "branch-b03", survey("m0042", "pass"))
    soon = draft(staffed, matter="药品经营许可验收", announce=True)
    draft(staffed, matter="粮食收购许可核查", checklist=[], limit=None)
    async with desk(staffed) as page:
        await page.get_by_role("link", name="联合踏勘").click()
        rows = page.locator(".case-rows tbody tr")
        await expect(rows).to_have_count(3)
        await expect(rows.nth(0)).to_contain_text("已到 1/2 方")
        await expect(rows.nth(0)).to_contain_text("已逾期 2 天")
        await expect(rows.nth(0).locator(".tag")).to_have_text(["可下结论", "已逾期"])
        await expect(rows.nth(1)).to_contain_text("还有 9 天")
        await expect(rows.nth(1)).to_contain_text(FACTORY)
        await expect(rows.nth(2)).to_contain_text("未定")
        await expect(page.get_by_role("button", name="未办结 3")).to_have_attribute("aria-pressed", "true")
        assert await axe(page) == []
        await page.get_by_role("button", name="等各方意见 1").click()
        await expect(rows).to_have_count(1)
        await expect(page).to_have_url(re.compile("state=waiting"))
        await rows.get_by_role("link", name="药品经营许可验收").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("药品经营许可验收")
        await page.go_back()
        await expect(rows).to_have_count(1)
        await page.get_by_role("button", name="未办结 3").click()
        await page.get_by_role("searchbox", name="查找").fill("粮食")
        await expect(rows).to_have_count(1)
        await page.get_by_role("searchbox", name="查找").fill("没有这样的")
        await expect(page.locator(".case-none")).to_contain_text("没有符合条件")
        await page.get_by_role("button", name="看所有未办结的").click()
        await expect(rows).to_have_count(3)
        await page.get_by_label("牵头或参与").select_option(label="第四党支部")
        await expect(rows).to_have_count(3)
        changed(staffed, soon_draft := draft(staffed, matter="新来的"), announce=True)
        await expect(rows).to_have_count(4)
        assert soon["id"] != soon_draft["id"]


async def test_dk137_an_empty_list_says_what_a_joint_survey_is_for_and_leads_to_making_one(staffed: Served) -> None:
    async with desk(staffed, "wang") as page:
        await go(page, "joint")
        none = page.locator(".case-none")
        await expect(none).to_contain_text("结论一次下达")
        assert await axe(page) == []
        await none.get_by_role("link", name="发起联合踏勘").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("发起联合踏勘")
        assert await axe(page) == []


async def test_dk139_one_is_made_by_keyboard_with_lines_that_are_pasted_and_put_in_order(staffed: Served) -> None:
    branches(staffed)
    async with desk(staffed) as page:
        await go(page, "joint/new")
        await page.get_by_label("办理事项（必填）").fill(NAME)
        await choose_site(page)
        await expect(page.get_by_role("button", name=f"去掉{FACTORY}")).to_be_visible()
        await page.get_by_role("checkbox", name="第四党支部").focus()
        await page.keyboard.press("Space")
        await expect(page.get_by_role("checkbox", name="第三党支部 牵头")).to_be_disabled()
        await page.get_by_role("button", name="加一个没有账号的单位").click()
        await page.keyboard.insert_text("供电公司")
        await page.keyboard.press("Tab")
        await page.keyboard.insert_text("刘工 8801")
        await page.get_by_role("button", name="加一项").first.click()
        await page.evaluate(
            """(text) => {
              const data = new DataTransfer();
              data.setData("text", text);
              document.activeElement.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
            }""",
            "1. 屋面无渗漏\n2、疏散门向外开启\n",
        )
        await expect(item(page, 2)).to_be_focused()
        assert await items(page) == [ITEMS[1], ITEMS[0]]
        await page.keyboard.press("Enter")
        await page.keyboard.insert_text(ITEMS[2])
        await item(page, 2).press("Alt+ArrowUp")
        await expect(item(page, 1)).to_be_focused()
        assert await items(page) == ITEMS
        await page.get_by_label(LIMIT).fill(LATER)
        assert await axe(page) == []
        await page.get_by_role("button", name="保存草稿").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text(NAME)
        await expect(page.locator(".notice.good")).to_have_count(0)
        await expect(page.locator(".case-terms")).to_contain_text("刘工 8801")
        await expect(page.locator(".case-checklist li")).to_have_text(ITEMS)
    (case,) = documents(staffed, "shared", "case")
    assert (case["author"], case["branch"], case["fields"].get("announced")) == ("m0001", "b03", None)
    assert case["fields"]["limit"] == LATER.replace("T17:00", "T09:00:00Z"), "the centre's time"


async def test_dk140_a_checklist_is_taken_over_as_far_as_one_ticks_it(staffed: Served) -> None:
    branches(staffed)
    draft(staffed, matter="上次的踏勘", checklist=ITEMS, needs=[{"text": "平面布局图"}], announce=True)
    async with desk(staffed) as page:
        await go(page, "joint/new")
        await page.get_by_role("button", name="加一项").first.click()
        await page.keyboard.insert_text(ITEMS[0])
        await page.get_by_role("button", name="照已有的清单…").click()
        box = page.get_by_role("dialog", name="照已有的清单")
        await box.get_by_role("searchbox").fill("上次")
        await box.get_by_role("button", name="上次的踏勘").click()
        await box.get_by_role("checkbox", name=ITEMS[2]).uncheck()
        assert await axe(page) == []
        await box.get_by_role("button", name="照抄 2 项").click()
        assert await items(page) == ITEMS[:2], "what is there is not there twice"
        await expect(page.get_by_role("group", name="需要的材料").locator(".lines-input")).to_have_value("平面布局图")
        await page.get_by_role("button", name="照已有的清单…").click()
        await box.get_by_role("button", name="通用踏勘表的检查项").click()
        await box.get_by_role("button", name="照抄 5 项").click()
        await expect(item(page, 7)).to_be_visible()


async def test_dk141_faults_stand_at_their_fields_and_go_when_they_are_put_right(staffed: Served) -> None:
    branches(staffed)
    async with desk(staffed) as page:
        await go(page, "joint/new")
        await page.get_by_role("button", name="告知各方…").click()
        for words in ("请填写办理事项", "请选择踏勘对象", "请定下办理时限", "至少要有一个参与单位", "清单至少要有一项"):
            await expect(page.locator(".problem", has_text=words)).to_be_visible()
        await expect(page.get_by_label("办理事项（必填）")).to_be_focused()
        assert await axe(page) == []
        await page.keyboard.insert_text(NAME)
        await expect(page.locator(".problem", has_text="请填写办理事项")).to_have_count(0)
        await choose_site(page)
        await page.get_by_label(LIMIT).fill("2026-01-01T08:00")
        await page.get_by_role("button", name="加一项").first.click()
        for text in ("门", "窗", "门"):
            await page.keyboard.insert_text(text)
            await page.keyboard.press("Enter")
        await page.get_by_role("button", name="保存草稿").click()
        await expect(page.locator(".problem", has_text="时限应晚于现在")).to_be_visible()
        await expect(page.locator(".lines-list li").nth(2)).to_contain_text("与前面的重复")
        assert await items(page) == ["门", "窗", "门", ""]
        await cut(page)
        await page.get_by_role("button", name="保存草稿").click()
        await expect(page.get_by_role("alert").filter(has_text="连不上服务器")).to_be_visible()
        await join(page)
        await page.get_by_role("link", name="查找").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("查找")
        await go(page, "joint/new")
        await expect(page.get_by_role("status").filter(has_text="没有保存的内容还在")).to_be_visible()
        assert await items(page) == ["门", "窗", "门", ""]
        await page.get_by_role("button", name="放弃").first.click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("联合踏勘")
        await go(page, "joint/new")
        await expect(page.get_by_label("办理事项（必填）")).to_have_value("")
    assert documents(staffed, "shared", "case") == []


async def test_dk141_what_somebody_else_changed_meanwhile_is_told_and_one_goes_on_from_it(staffed: Served) -> None:
    async with made(staffed) as (page, told):
        await page.get_by_role("button", name="修改草稿").click()
        await page.get_by_label("办理事项（必填）").fill("我改的事项")
        now = changed(staffed, told, who="song", checklist=ITEMS)
        await page.get_by_role("button", name="保存草稿").click()
        notice = page.get_by_role("alert").filter(has_text="别人改了")
        await expect(notice).to_contain_text("踏勘事项清单")
        assert await axe(page) == []
        await expect(page.get_by_label("办理事项（必填）")).to_have_value("我改的事项")
        await notice.get_by_role("button", name="用别人的").click()
        assert await items(page) == ITEMS
        await page.get_by_label("办理事项（必填）").fill("又改")
        changed(staffed, now, announce=True)
        await page.get_by_role("button", name="保存草稿").click()
        await page.get_by_role("link", name="看告知的内容").click()
        await expect(page.locator(".case-name .tag")).to_have_text("等各方意见")


async def test_dk142_it_is_shown_what_the_parties_will_be_told_and_told_once(staffed: Served) -> None:
    async with made(staffed, parties=[], outside=[{"name": "供电公司", "contact": "刘工"}]) as (page, told):
        await page.get_by_role("button", name="告知各方…").click()
        box = page.get_by_role("dialog", name="一次告知各参与单位？")
        for words in (NAME, FACTORY, "供电公司", *ITEMS[:2], "只告知一次", "不能撤回"):
            await expect(box).to_contain_text(words)
        assert await axe(page) == []
        await page.keyboard.press("Escape")
        assert read(staffed, told["id"])["state"] == "draft"
        await page.get_by_role("button", name="告知各方…").click()
        changed(staffed, told, checklist=ITEMS, outside=[{"name": "燃气公司"}])
        await box.get_by_role("button", name="确认告知").click()
        await expect(page.get_by_role("alert")).to_contain_text("案卷刚有改动")
        await expect(page.locator(".case-checklist li")).to_have_text(ITEMS)
        await press(page, ".case-acts .button.main")
        await expect(box).to_contain_text("燃气公司")
        await press(page, "dialog .button.main")
        await expect(page.locator(".case-name .tag")).to_have_text("等各方意见")
        await expect(page.locator(".notice.good")).to_contain_text("请另行通知：燃气公司")
        await expect(page.get_by_role("button", name="修改草稿")).to_have_count(0)
    assert read(staffed, told["id"])["announced"] != ""


async def test_dk142_it_is_announced_right_where_it_is_written(staffed: Served) -> None:
    async with made(staffed) as (page, told):
        await page.get_by_role("button", name="修改草稿").click()
        await page.get_by_role("button", name="加一个没有账号的单位").click()
        await page.keyboard.insert_text("燃气公司")
        await page.get_by_role("button", name="告知各方…").click()
        await page.get_by_role("dialog").get_by_role("button", name="确认告知").click()
        await expect(page.locator(".notice.good")).to_contain_text("请另行通知：燃气公司")
        await expect(page.locator(".case-name .tag")).to_have_text("等各方意见")
        (row,) = read(staffed, told["id"])["outside"]
        assert row["name"] == "燃气公司"


async def test_dk138_a_partys_finding_arrives_by_itself_and_the_conclusion_is_issued_here(staffed: Served) -> None:
    branches(staffed)
    joint(staffed, **{"parties/b04": False})
    async with desk(staffed) as page:
        await go(page, f"joint/{CASE}")
        table = page.locator(".joint-table")
        await expect(page.locator(".case-terms")).to_contain_text("已到 0/1 方")
        await expect(table).not_to_contain_text("符合")
        put(staffed, "branch-b03", survey("m0042", "remedy", findings__door__text="门向内开"))
        await expect(table).to_contain_text("门向内开")
        await expect(page.locator(".case-terms")).to_contain_text("已到 1/1 方")
        await expect(page.locator(".case-name .tag")).to_have_text("可下结论")
        form = page.get_by_role("form", name="下达结论")
        await form.get_by_role("radio", name="整改后通过").check()
        assert await axe(page) == []
        await form.get_by_role("button", name="下达联合结论…").click()
        await page.get_by_role("dialog").get_by_role("button", name="确认下达").click()
        await expect(page.locator(".case-name .tag")).to_have_text(["已下结论", "整改后通过"])
        await page.get_by_role("button", name="补充意见…").click()
        box = page.get_by_role("dialog", name="补充意见")
        await expect(box.get_by_role("button", name="加一项")).to_have_count(0)
        await box.get_by_label("补充意见").fill("供电容量已核实")
        await box.get_by_role("button", name="补充", exact=True).click()
        await expect(page.get_by_role("region", name="结论之后")).to_contain_text("供电容量已核实")


async def test_dk138_records_the_search_and_the_inbox_lead_to_it(staffed: Served) -> None:
    branches(staffed)
    joint(staffed, **{"parties/b04": False})
    mine = survey("m0042", "pass")
    put(staffed, "branch-b03", mine)
    await until(lambda: read(staffed, CASE)["state"] == "ready")
    async with desk(staffed) as page:
        for where, link in (
            (f"inbox/{mine['_id']}", page.locator(".joint h3 a")),
            ("search?q=食品生产许可&type=case", page.locator(".hit").get_by_role("link", name=NAME)),
            (f"inbox/{CASE}?kind=conclusion", page.locator(".matter h2 a")),
        ):
            await go(page, where)
            await link.click()
            await expect(page.get_by_role("heading", level=1)).to_have_text(NAME)
            await expect(page.locator(".joint-table")).to_be_visible()


async def test_dk138_the_audit_tells_what_was_done_with_it_and_leads_to_it(staffed: Served) -> None:
    branches(staffed)
    draft(staffed, announce=True)
    async with desk(staffed, "admin") as page:
        await go(page, "audit?kind=joint_survey")
        row = page.locator(".audit tbody tr", has_text="已告知各方")
        await expect(row).to_contain_text("联合踏勘")
        await row.get_by_role("link", name="联合踏勘 …").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text(NAME)
        await expect(page.locator(".case-acts")).to_have_count(0)


async def test_dk143_it_is_added_to_after_the_announcement_and_what_was_written_stays(staffed: Served) -> None:
    branches(staffed)
    told = draft(staffed, announce=True)
    async with desk(staffed) as page:
        await go(page, f"joint/{told['id']}")
        await page.get_by_role("button", name="补充…").click()
        box = page.get_by_role("dialog", name="告知之后的补充")
        await expect(box).to_contain_text("不能删改")
        await expect(box.get_by_label("补充意见")).to_have_count(0)
        await box.get_by_role("button", name="加一项").first.click()
        await page.keyboard.insert_text(ITEMS[0])
        await box.get_by_role("button", name="补充", exact=True).click()
        await expect(box.locator(".problem")).to_contain_text("与前面的重复")
        await box.get_by_label("补充的踏勘事项第 1 项", exact=True).fill(ITEMS[2])
        with as_member(staffed, "song") as client:
            body = {"needs": ["租赁合同"], "seen": told["seen_case"]}
            assert client.post(f"/api/v1/cases/{told['id']}/additions", json=body).status_code == 200
        await intercept(page, "**/api/v1/live", lambda route: route.abort())
        await box.get_by_role("button", name="补充", exact=True).click()
        if await box.count():
            await box.get_by_role("button", name="补充", exact=True).click()
        row = page.locator(".joint-table tbody tr", has_text=ITEMS[2])
        await expect(row).to_contain_text("告知之后加入")
        await expect(page.locator(".case-needs")).to_contain_text("租赁合同（告知之后加入）")
        assert await axe(page) == []
        await page.get_by_role("button", name="补充…").click()
        await box.get_by_label(re.compile("^延后时限")).fill(LATER.replace("T17", "T18"))
        await box.get_by_role("button", name="补充", exact=True).click()
        await expect(page.locator(".case-terms")).to_contain_text("之后延后")


async def test_dk144_who_may_not_change_it_is_offered_nothing_and_told_who_can(staffed: Served, tmp_path: Path) -> None:
    account(tmp_path, "qian", "secretary", "m0300", "b04")
    account(tmp_path, "sun", "member", "m0301", "b04")
    async with made(staffed) as (page, told):
        await page.get_by_role("button", name="撤回草稿…").click()
        await expect(page.get_by_role("dialog", name="撤回这份草稿？")).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("button", name="撤回草稿…")).to_be_focused()
    for who in ("qian", "sun", "wang"):
        async with desk(staffed, who) as page:
            await go(page, f"joint/{told['id']}")
            await expect(page.locator("#case-lacks")).to_contain_text("由发起人和牵头支部的书记、副书记修改和告知")
            await expect(page.locator(".case-acts")).to_have_count(0)
            await go(page, f"joint/{told['id']}/edit")
            await expect(page.get_by_role("heading", level=1)).to_have_text(NAME)
    changed(staffed, told, announce=True)
    async with desk(staffed, "qian") as page:
        await go(page, f"joint/{told['id']}")
        await expect(page.get_by_role("link", name=FACTORY)).to_be_visible()
        await page.get_by_role("button", name="补充…").click()
        box = page.get_by_role("dialog", name="告知之后的补充")
        await expect(box.get_by_role("heading", level=3)).to_have_text("需要的材料")
        await box.get_by_role("button", name="加一项").click()
        await page.keyboard.insert_text("环评批复")
        await box.get_by_role("button", name="补充", exact=True).click()
        await expect(page.locator(".case-needs")).to_contain_text("环评批复（告知之后加入）")
    async with desk(staffed) as page:
        gone = draft(staffed, matter="作废的草稿")
        await go(page, f"joint/{gone['id']}")
        await page.get_by_role("button", name="撤回草稿…").click()
        await page.get_by_role("dialog").get_by_role("button", name="撤回", exact=True).click()
        await expect(page.locator(".case-name .tag")).to_have_text("已撤回")


async def test_dk145_at_1024_nothing_lies_beyond_the_page_in_either_language(staffed: Served) -> None:
    branches(staffed)
    told = draft(staffed, matter="云泽市高新技术产业开发区智能制造与新材料联合创新孵化基地消防验收现场评定与核查" * 3)
    async with desk(staffed) as page:
        await page.set_viewport_size({"width": 1024, "height": 768})
        for language in ("English", "中文"):
            await page.get_by_role("button", name=language).click()
            for where in ("joint", f"joint/{told['id']}", f"joint/{told['id']}/edit", "joint/new"):
                await go(page, where)
                await expect(page.get_by_role("heading", level=1)).to_be_visible()
                await page.wait_for_load_state("networkidle")
                assert await beyond(page) == [], where
                assert await axe(page) == [], where
