"""Erasing for good at the desk, in a real Chromium: what would go is told, it is confirmed, and nobody else is offered it."""

import json

import pytest
from playwright.async_api import Route, expect

from tests.access import axe, beyond
from tests.browser import needed, until
from tests.desk_browser import desk, go
from tests.desk_cases import SUBJECT, as_member, in_words, kept, photo, sound_visit
from tests.filling import as_admin, documents
from tests.serving import Served

pytestmark = [needed, pytest.mark.browser]
REASON = "当事人书面申请 2026-11-20"


async def told(staffed: Served, doc: str, count: int) -> None:
    """The server knows of so many documents that would go."""

    def known() -> bool:
        with as_admin(staffed) as admin:
            answer = admin.get(f"/api/v1/erasures/{doc}")
            return answer.status_code == 200 and answer.json()["count"] == count

    await until(known)


async def test_dk156_a_record_is_erased_after_it_was_said_what_goes_and_one_is_led_back(staffed: Served) -> None:
    body = sound_visit(staffed, 1, "屋顶漏雨")
    photo(staffed, body["_id"], 0, "屋顶")
    await told(staffed, body["_id"], 3)
    async with desk(staffed, "admin") as page:
        await go(page, "search?q=漏雨")
        await page.locator(".hits").get_by_role("link").first.click()
        await expect(page.locator(".record-facts")).to_contain_text("屋顶漏雨")
        await page.get_by_role("button", name="永久删除…").click()
        dialog = page.get_by_role("dialog", name="永久删除这条走访")
        await expect(dialog).to_contain_text("及其：照片 1")
        await expect(dialog).to_contain_text("不能撤销")
        erase = dialog.get_by_role("button", name="永久删除", exact=True)
        await expect(erase).to_be_disabled()
        await dialog.get_by_label("依据").fill(REASON)
        await dialog.get_by_label("输入“李桂兰”以确认").fill("李桂")
        await expect(erase).to_be_disabled()
        await dialog.get_by_label("输入“李桂兰”以确认").fill("李桂兰")
        assert await axe(page) == []
        await erase.click()
        await expect(page.get_by_role("status").filter(has_text="已永久删除这条记录")).to_be_visible()
        await expect(page.get_by_role("heading", name="查找")).to_be_visible()
        await expect(page.get_by_text("没有找到")).to_be_visible()
        assert await axe(page) == []
        await page.get_by_role("button", name="知道了").click()
        await expect(page.get_by_text("已永久删除这条记录")).to_have_count(0)
    assert kept(staffed, "visit") == kept(staffed, "photo") == documents(staffed, "photos-b03", "photo") == []


async def test_dk157_a_subject_goes_with_its_records_or_without_them_as_one_chooses(staffed: Served) -> None:
    for number in (1, 2):
        sound_visit(staffed, number)
    await told(staffed, SUBJECT, 5)
    async with desk(staffed, "admin") as page:
        await page.set_viewport_size({"width": 1024, "height": 768})
        await go(page, f"subject/{SUBJECT}")
        await page.get_by_role("button", name="永久删除…").click()
        dialog = page.get_by_role("dialog", name="永久删除“李桂兰”")
        await expect(dialog.get_by_role("group", name="讲到它的 2 条记录")).to_contain_text("走访 2")
        await expect(dialog.get_by_role("radio", name="一起删除")).to_be_checked()
        await expect(dialog).to_contain_text("不再计入任何数字")
        await dialog.get_by_role("radio", name="保留记录").check()
        await expect(dialog).not_to_contain_text("不再计入任何数字")
        assert await axe(page) == []
        assert await beyond(page) == []
        await dialog.get_by_label("依据").fill(REASON)
        await dialog.get_by_label("输入“李桂兰”以确认").fill("李桂兰")
        # Somebody records another visit of it meanwhile: nothing is erased, and it is shown anew.
        sound_visit(staffed, 3)
        await told(staffed, SUBJECT, 7)
        await dialog.get_by_role("button", name="永久删除", exact=True).click()
        await expect(dialog.get_by_role("alert")).to_contain_text("情况有变")
        await expect(dialog.get_by_role("group", name="讲到它的 3 条记录")).to_be_visible()
        assert [one["_id"] for one in kept(staffed, "household")] == [SUBJECT]
        await dialog.get_by_label("输入“李桂兰”以确认").fill("李桂兰")
        await dialog.get_by_role("button", name="永久删除", exact=True).click()
        await expect(page.get_by_role("status").filter(has_text="已永久删除 1 个服务对象")).to_be_visible()
        await go(page, f"subject/{SUBJECT}")
        await expect(page.get_by_text("这个服务对象已被永久删除")).to_be_visible()
        await expect(page.get_by_role("button", name="永久删除…")).to_have_count(0)
    assert (len(kept(staffed, "visit")), kept(staffed, "household")) == (3, [])


async def test_dk157_what_takes_several_requests_tells_how_far_it_is(staffed: Served) -> None:
    for number in (1, 2):
        sound_visit(staffed, number)
    await told(staffed, SUBJECT, 5)
    held: list[Route] = []

    async def in_threes(route: Route) -> None:
        if route.request.method != "POST":
            return await route.continue_()
        if "erasures" in route.request.url and not held:
            held.append(route)
            return await route.continue_(post_data=json.dumps({**route.request.post_data_json, "limit": 3}))
        held.append(route)

    async with desk(staffed, "admin") as page:
        await go(page, f"subject/{SUBJECT}")
        await page.get_by_role("button", name="永久删除…").click()
        dialog = page.get_by_role("dialog", name="永久删除“李桂兰”")
        await dialog.get_by_label("依据").fill(REASON)
        await dialog.get_by_label("输入“李桂兰”以确认").fill("李桂兰")
        await page.route("**/api/v1/erasures/**", in_threes)
        await dialog.get_by_role("button", name="永久删除", exact=True).click()
        await expect(dialog.get_by_role("status")).to_contain_text("已删除 3 / 5")
        await expect(dialog.get_by_role("button", name="正在删除…")).to_be_disabled()
        # So far it is broken off: the rest is told anew, and erased after it was confirmed anew.
        await until(lambda: len(held) == 2)
        await held[1].abort()
        await expect(dialog.get_by_role("alert")).to_contain_text("已删除 3 份，其余还在")
        await expect(dialog.get_by_role("button", name="永久删除", exact=True)).to_be_disabled()
        await page.unroute("**/api/v1/erasures/**")
        await dialog.get_by_label("输入“李桂兰”以确认").fill("李桂兰")
        await dialog.get_by_role("button", name="永久删除", exact=True).click()
        await expect(page.get_by_role("status").filter(has_text="已永久删除 1 个服务对象")).to_be_visible()
    assert kept(staffed, "visit") == kept(staffed, "household") == []


async def test_dk158_a_record_that_is_open_elsewhere_says_that_it_was_erased(staffed: Served) -> None:
    body = sound_visit(staffed, 1)
    await told(staffed, body["_id"], 2)
    async with desk(staffed) as page:
        await go(page, f"inbox/{body['_id']}")
        await expect(page.locator(".record-facts")).to_contain_text("谈了低保")
        # Nor is it offered to a secretary, here or on the subject's page.
        await expect(page.get_by_role("button", name="每一项的经过")).to_be_visible()
        await expect(page.get_by_role("button", name="永久删除…")).to_have_count(0)
        with as_admin(staffed) as admin:
            seen = admin.get(f"/api/v1/erasures/{body['_id']}").json()["seen"]
            asked = {"reason": REASON, "seen": seen}
            assert admin.post(f"/api/v1/erasures/{body['_id']}", json=asked).status_code == 200
        await expect(page.get_by_role("status").filter(has_text="这条记录已被永久删除")).to_be_visible()
        await expect(page.get_by_role("alert")).to_have_count(0)
        await expect(page.get_by_text("谈了低保")).to_have_count(0)
        assert in_words(staffed, "new") == []
        assert await axe(page) == []
        await go(page, f"subject/{SUBJECT}")
        await expect(page.get_by_role("heading", name="李桂兰")).to_be_visible()
        await expect(page.get_by_role("button", name="永久删除…")).to_have_count(0)
    with as_member(staffed, "song") as song:
        assert song.get(f"/api/v1/erasures/{SUBJECT}").status_code == 403
