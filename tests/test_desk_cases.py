"""How the conclusion of a joint survey is issued at the desk, once, and what came after it, in a real Chromium."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from schemas import rule_of
from sync.reconcile.edit import edit
from tests.access import axe
from tests.browser import cut, intercept, join, needed, press, until
from tests.builders import stamp
from tests.desk_browser import desk
from tests.desk_cases import as_member
from tests.filling import documents, put
from tests.serving import Served
from tests.test_desk_reading import CASE, joint, opened, place, survey

pytestmark = [needed, pytest.mark.browser]

PATH = f"/api/v1/cases/{CASE}"
WORDS = "疏散门改为外开后复核"


def told(staffed: Served, who: str = "song") -> dict[str, Any]:
    with as_member(staffed, who) as client:
        found: dict[str, Any] = client.get(PATH).json()
    return found


async def both_in(staffed: Served) -> tuple[dict[str, Any], dict[str, Any]]:
    """Both parties are in, and disagree on the door."""
    place(staffed)
    joint(staffed)
    mine, other = survey("m0042", "pass"), {**survey("m0300", "fail", findings__door__text="门锁死"), "branch": "b04"}
    put(staffed, "branch-b03", mine)
    put(staffed, "shared", other)
    await until(lambda: told(staffed).get("state") == "ready")
    return mine, other


def form(page: Page) -> Locator:
    return page.get_by_role("form", name="下达结论")


async def write(page: Page) -> None:
    await form(page).get_by_role("radio", name="整改后通过").check()
    await form(page).get_by_label("结论说明").fill(WORDS)
    await form(page).get_by_role("button", name="下达联合结论…").click()


def sure(page: Page) -> Locator:
    return page.get_by_role("dialog", name="确认下达结论")


def issue(staffed: Served, conclusion: str, text: str) -> None:
    with as_member(staffed, "song") as client:
        answer = client.post(f"{PATH}/conclusion", json={"conclusion": conclusion, "text": text})
        assert answer.status_code == 201, answer.text


async def test_dk133_who_may_issue_the_conclusion_does_so_by_keyboard_and_is_asked_before_it_is_final(
    staffed: Served,
) -> None:
    mine, _ = await both_in(staffed)
    assert [told(staffed, who)["may_conclude"] for who in ("song", "li", "wang")] == [True, True, False]
    async with desk(staffed) as page:
        await opened(page, staffed, mine["_id"])
        await expect(form(page)).to_contain_text("疏散门向外开启")
        await expect(form(page)).not_to_contain_text("屋面无渗漏")
        await expect(form(page).get_by_role("button")).to_be_disabled()
        assert await axe(page) == []
        await form(page).get_by_role("radio", name="整改后通过").focus()
        await page.keyboard.press("Space")
        await page.keyboard.press("Tab")
        await page.keyboard.insert_text(WORDS)
        await press(page, ".conclude .button.main")
        await expect(sure(page)).to_contain_text("不能更改")
        await expect(sure(page)).to_contain_text("疏散门向外开启")
        assert await axe(page) == []
        await page.keyboard.press("Escape")
        await expect(sure(page)).to_have_count(0)
        await expect(form(page).get_by_role("button")).to_be_focused()
        assert told(staffed)["conclusion"] is None
        await page.keyboard.press("Enter")
        await press(page, "dialog .button.main")
        conclusion = page.locator(".joint-conclusion")
        await expect(conclusion).to_be_focused()
        await expect(conclusion).to_contain_text(WORDS)
        await expect(conclusion.locator(".tag.wait")).to_have_text("整改后通过")
        await expect(form(page)).to_have_count(0)
        await expect(page.locator(".joint .notice")).to_have_count(0)
    async with desk(staffed, "wang") as page:
        await opened(page, staffed, mine["_id"])
        await expect(page.locator(".joint-conclusion")).to_contain_text(WORDS)


async def test_dk133_who_may_not_issue_it_is_offered_nothing(staffed: Served) -> None:
    mine, _ = await both_in(staffed)
    async with desk(staffed, "wang") as page:
        await opened(page, staffed, mine["_id"])
        await expect(page.locator(".joint-table")).to_be_visible()
        await expect(form(page)).to_have_count(0)


async def test_dk134_a_conclusion_that_comes_too_late_shows_the_one_that_stands_and_keeps_the_words(
    staffed: Served,
) -> None:
    mine, _ = await both_in(staffed)
    async with desk(staffed) as page:
        await opened(page, staffed, mine["_id"])
        await intercept(page, "**/api/v1/live", lambda route: route.abort())
        await page.reload()
        await write(page)
        issue(staffed, "fail", "门锁死，不予通过")
        await sure(page).get_by_role("button", name="确认下达").click()
        notice = page.locator(".joint .notice.bad")
        await expect(notice).to_contain_text("没有下达")
        await expect(notice).to_contain_text(WORDS)
        await expect(notice).to_be_focused()
        await expect(page.locator(".joint-conclusion")).to_contain_text("门锁死，不予通过")
        await notice.get_by_role("button", name="知道了").click()
        await expect(notice).to_have_count(0)
    assert told(staffed)["conclusion"]["conclusion"] == "fail"


async def test_dk134_a_finding_that_came_while_it_was_confirmed_is_shown_before_anything_is_issued(
    staffed: Served,
) -> None:
    mine, other = await both_in(staffed)
    async with desk(staffed) as page:
        await intercept(page, "**/api/v1/live", lambda route: route.abort())
        await opened(page, staffed, mine["_id"])
        await page.reload()
        await write(page)
        seen = told(staffed)["seen"]
        later = stamp("m0300", at=datetime.now(UTC))
        put(
            staffed,
            "shared",
            edit([other], {"findings/roof/finding": "fail"}, later, rule_of=rule_of) | {"_id": other["_id"]},
        )
        await until(lambda: told(staffed)["seen"] != seen)
        await sure(page).get_by_role("button", name="确认下达").click()
        await expect(page.locator(".joint .notice.bad")).to_contain_text("没有下达")
        await expect(form(page)).to_contain_text("屋面无渗漏")
        await expect(form(page).get_by_label("结论说明")).to_have_value(WORDS)
        assert told(staffed)["conclusion"] is None
        await form(page).get_by_role("button").click()
        await sure(page).get_by_role("button", name="确认下达").click()
        await expect(page.locator(".joint-conclusion")).to_contain_text(WORDS)


async def test_dk135_words_stay_while_the_server_cannot_be_reached_and_nothing_is_issued_twice(
    staffed: Served,
) -> None:
    mine, _ = await both_in(staffed)
    async with desk(staffed) as page:
        await opened(page, staffed, mine["_id"])
        await write(page)
        await cut(page)
        await sure(page).get_by_role("button", name="确认下达").click()
        await expect(sure(page)).to_contain_text("连不上服务器")
        await expect(sure(page)).to_contain_text(WORDS)
        assert told(staffed)["conclusion"] is None
        # It was issued, but the answer was lost on the way.
        issue(staffed, "remedy", WORDS)
        await intercept(page, "**/api/v1/live", lambda route: route.abort())
        await join(page)
        again = sure(page).get_by_role("button", name="确认下达")
        if await again.count():
            await again.click()
        await expect(page.locator(".joint-conclusion")).to_contain_text(WORDS)
        await expect(page.locator(".joint .notice.bad")).to_have_count(0)
        await expect(sure(page)).to_have_count(0)
    (case,) = [one for one in documents(staffed, "shared", "case") if one["_id"] == CASE]
    assert [one for one in case["replaced"] if one["path"] == "issued"] == []


async def test_dk136_what_came_after_the_conclusion_is_told_beside_it(staffed: Served) -> None:
    mine, other = await both_in(staffed)
    (before,) = [one for one in documents(staffed, "shared", "case") if one["_id"] == CASE]
    before = {name: value for name, value in before.items() if name != "_rev"}
    issue(staffed, "remedy", WORDS)
    # Somebody who had not heard of it issued another.
    now = datetime.now(UTC)
    lost = {
        "conclusion": "fail",
        "conclusion_text": "不予通过",
        "issued": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "basis": [],
    }
    (held,) = [one for one in documents(staffed, "shared", "case") if one["_id"] == CASE]
    apart = edit([before], lost, stamp("m0117", "t7", now + timedelta(minutes=5)), rule_of=rule_of)
    with as_member(staffed, "admin") as client:
        first = held["_rev"].partition("-")[2]
        parent = client.get(f"/sync/shared/{CASE}", params={"revs": "true"}).json()["_revisions"]["ids"][1]
        assert first != parent
        sent = {**apart, "_id": CASE, "_rev": "2-abcd", "_revisions": {"start": 2, "ids": ["abcd", parent]}}
        answer = client.post("/sync/shared/_bulk_docs", json={"docs": [sent], "new_edits": False})
        assert answer.status_code == 201, answer.text
    after = stamp("m0300", at=now + timedelta(minutes=6))
    put(
        staffed,
        "shared",
        edit([other], {"findings/roof/finding": "fail"}, after, rule_of=rule_of) | {"_id": other["_id"]},
    )
    await until(lambda: told(staffed)["lost"] and told(staffed)["late"])
    (held,) = [one for one in documents(staffed, "shared", "case") if one["_id"] == CASE]
    addendum = {"addenda/01K9AAAA/text": "供电容量已核实", "needs/01K9CCCC/text": "消防验收意见"}
    more = edit([held], addendum, stamp("m0117", at=now + timedelta(minutes=7)), rule_of=rule_of)
    put(staffed, "shared", {**more, "_id": CASE})
    removal = {"over": [mine["stamps"][""]], "reason": "录错"}
    gone = edit([mine], {"withdrawn": removal}, stamp("m0042", at=now + timedelta(minutes=8)), rule_of=rule_of)
    put(staffed, "branch-b03", {**gone, "_id": mine["_id"]})
    await until(lambda: told(staffed)["addenda"] and len(told(staffed)["late"]) > 1)
    async with desk(staffed) as page:
        await opened(page, staffed, mine["_id"])
        await expect(page.locator(".joint-conclusion")).to_contain_text(WORDS)
        after_it = page.get_by_role("region", name="结论之后")
        await expect(after_it).to_contain_text("迟到的意见")
        await expect(after_it.locator("li", has_text="未生效的结论")).to_contain_text("不予通过")
        await expect(after_it.locator("li", has_text="补充意见")).to_contain_text("供电容量已核实")
        await expect(after_it.locator("li", has_text="不再有效的依据").first).to_contain_text("疏散门向外开启")
        await expect(page.locator(".joint")).to_contain_text("告知之后又要求：消防验收意见")
        await page.get_by_text("的意见未计入").click()
        await expect(page.locator(".passed-findings")).to_contain_text("记录已撤回")
        assert await axe(page) == []
        # Two conclusions lie in dispute: where that is settled, the same is told.
        await opened(page, staffed, CASE)
        await expect(after_it.locator("li", has_text="未生效的结论")).to_contain_text("不予通过")
        with as_member(staffed, "song") as client:
            seen = client.get(f"/api/v1/records/{CASE}").json()["seen"]
            other = {"path": "conclusion", "value": "fail", "saw": []}
            asked = {"record": CASE, "decision": "settle", "seen": seen, "settles": [other]}
            assert client.post("/api/v1/reviews", json=asked).json()["error"] == "issued_already"
        await expect(page.get_by_role("button", name="采用")).to_have_count(0)
        await page.get_by_role("button", name="确认", exact=True).first.click()
        await expect(page.locator(".settle")).to_have_count(0)
        await expect(page.locator(".joint-conclusion")).to_contain_text(WORDS)
        await expect(after_it.locator("li", has_text="未生效的结论")).to_have_count(1)


async def test_ix11_a_conclusion_that_is_due_is_opened_from_the_inbox_and_issued_there(staffed: Served) -> None:
    await both_in(staffed)
    async with desk(staffed) as page:
        await page.locator(".chips button", has_text="联合踏勘待出结论").click()
        await expect(page.locator(".item")).to_have_count(1)
        await page.locator(".item", has_text="2026-12-01").click()
        await expect(page.locator(".item")).to_contain_text("1 项意见不一")
        await expect(page.get_by_role("heading", level=2)).to_have_text("食品生产许可现场核查")
        assert await axe(page) == []
        await write(page)
        await sure(page).get_by_role("button", name="确认下达").click()
        await expect(page.locator(".joint-conclusion")).to_contain_text(WORDS)
        await expect(page.locator(".item")).to_have_count(0)
        await expect(page.locator(".joint-conclusion")).to_contain_text(WORDS)
