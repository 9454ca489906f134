"""Problems and promised services at the review desk, in a real Chromium: looked through by due day, followed to their end, assigned."""

from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.access import axe, beyond
from tests.browser import needed, until
from tests.desk_browser import desk, go, pick
from tests.desk_cases import as_member, photo
from tests.desk_filling import HOME
from tests.filling import as_admin, documents, household, in_days, member, put
from tests.serving import PASSWORD, Served
from tests.working import plain, visit

pytestmark = [needed, pytest.mark.browser]
KEPT = {"subject": HOME, "privacy": "notice", "keep_until": "2029-11-20"}


def on(number: int, first: int) -> list[str]:
    """An hour of that day, in the morning of the centre."""
    return [f"{in_days(number)}T0{hour}:00:00Z" for hour in (first, first + 1)]


def problems(told: dict[str, tuple[str, int | None]]) -> dict[str, Any]:
    """{item: (text, days until it is due)}."""
    fields: dict[str, Any] = {}
    for item, (text, due) in told.items():
        fields |= {f"problems__{item}__text": text, f"problems__{item}__state": "open"}
        fields |= {} if due is None else {f"problems__{item}__due": in_days(due)}
    return fields


FOUND = {"leak": ("屋顶漏雨", -3), "lamp": ("路灯不亮", 2), "road": ("进村道路破损", 30), "form": ("表格看不懂", None)}


def staff(staffed: Served) -> None:
    put(staffed, "branch-b03", household("李桂兰"))
    for one in ("m0001", "m0117", "m0042"):
        put(staffed, "centre", member(one, "b03"))
    for branch, name in (("b03", "第三党支部"), ("b04", "第四党支部")):
        put(staffed, "centre", {"_id": f"branch:{branch}", "type": "branch", "version": 1, "fields": {"name": name}})


async def filled(staffed: Served) -> str:
    """A visit of m0117 ten days ago that found four problems, once they are counted."""
    staff(staffed)
    found = visit(
        "m0117", period=on(-10, 1), narrative="逐户走访", **problems(FOUND), problems__lamp__owner="m0042", **KEPT
    )
    found["fields"]["problems/leak/severity"] = 3
    put(staffed, "branch-b03", found)
    await until(lambda: opened(staffed) == 4)
    return str(found["_id"])


def opened(staffed: Served) -> int:
    with as_member(staffed, "song") as song:
        return int(song.get("/api/v1/promises/counts").json()["problems"]["open"])


def follow(staffed: Served, record: str, item: str, day: int, state: str, **words: str) -> None:
    """A later visit of m0042."""
    told = {"problem": f"{record}#{item}", "state": state, **words}
    fields = {f"follow_ups__next1__{part}": value for part, value in told.items()}
    put(staffed, "branch-b03", visit("m0042", period=on(day, 3), narrative="回访", **fields, **KEPT))


async def titles(page: Page) -> list[str]:
    return await page.locator(".follow-what b").all_inner_texts()


async def test_dk150_problems_are_listed_by_due_day_the_overdue_first_in_words(staffed: Served) -> None:
    await filled(staffed)
    async with desk(staffed) as page:
        await page.get_by_role("link", name="问题", exact=True).click()
        await expect(page.get_by_role("heading", name="问题与时限")).to_be_visible()
        await expect(page.locator(".follow-due .tag")).to_have_text(
            ["已逾期 3 天", "还有 2 天", "还有 30 天", "未定期限"]
        )
        assert await titles(page) == ["屋顶漏雨", "路灯不亮", "进村道路破损", "表格看不懂"]
        first = page.get_by_role("list", name="问题").get_by_role("link").first
        for words in ("紧急", "责任人同志0117", "李桂兰", "待解决", in_days(-10)):
            await expect(first).to_contain_text(words)
        assert "bad" in str(await page.locator(".follow-due .tag").first.get_attribute("class"))
        await expect(page.get_by_role("group", name="按状态").get_by_role("button")).to_contain_text(
            ["未解决4", "已逾期1", "7 天内到期1", "已解决", "无法解决", "全部"]
        )
        assert await axe(page) == []
        await page.get_by_role("button", name="English").click()
        await expect(page.locator(".follow-due .tag").first).to_have_text("3 days overdue")
        await page.set_viewport_size({"width": 1024, "height": 768})
        assert await beyond(page) == []
        assert await axe(page) == []


async def test_dk150_the_narrowing_stands_in_the_address(staffed: Served) -> None:
    record = await filled(staffed)
    follow(staffed, record, "road", -1, "solved")
    await until(lambda: opened(staffed) == 3)
    async with desk(staffed) as page:
        await go(page, "follow")
        await page.get_by_role("button", name="已逾期").click()
        await expect(page.locator(".follow-row")).to_have_count(1)
        assert page.url.endswith("#/follow?stands=overdue")
        await page.get_by_role("button", name="7 天内到期").click()
        await expect(page.locator(".follow-what b")).to_have_text(["路灯不亮"])
        await page.get_by_role("button", name="已解决").click()
        await expect(page.locator(".follow-due .tag")).to_have_text(["按期办结"])
        await page.get_by_role("button", name="全部").click()
        await expect(page.locator(".follow-row")).to_have_count(4)
        assert (await titles(page))[-1] == "进村道路破损", "what is closed stands last"
        await pick(page, "责任人", "m0042")
        await expect(page.locator(".follow-what b")).to_have_text(["路灯不亮"])
        assert page.url.endswith("#/follow?stands=all&owner=m0042")
        await page.reload()
        await expect(page.locator(".follow-what b")).to_have_text(["路灯不亮"])
        await expect(page.get_by_role("combobox", name="责任人")).to_have_value("同志0042 · m0042")
        await go(page, f"follow?subject={HOME}")
        await expect(page.locator(".follow-row")).to_have_count(3)
        await page.get_by_role("button", name="不再只看李桂兰").click()
        await expect(page).to_have_url(f"{staffed.url}/desk#/follow")
        await page.get_by_role("button", name="无法解决").click()
        await expect(page.locator(".follow-none")).to_contain_text("没有符合条件的")


async def test_dk151_a_problem_is_followed_to_its_end_while_others_work_on_it(staffed: Served) -> None:
    """By keyboard; a later visit of another member arrives by itself."""
    record = await filled(staffed)
    photo(staffed, record, 1, "漏雨的屋顶")
    async with desk(staffed) as page:
        await go(page, "follow")
        await expect(page.locator(".follow-row")).to_have_count(4)
        await page.keyboard.press("j")
        pane = page.get_by_role("region", name="打开的问题")
        await expect(pane.get_by_role("heading", name="屋顶漏雨")).to_be_visible()
        for words in ("李桂兰", "没有指定，由发现人负责", f"{in_days(-3)} 记录中写明", "还没有人跟进"):
            await expect(pane).to_contain_text(words)
        await expect(pane.get_by_role("button", name="放大照片")).to_have_count(1)
        await expect(page.locator(".follow-row[aria-current=true]")).to_contain_text("屋顶漏雨")
        assert await axe(page) == []
        follow(staffed, record, "leak", -2, "in_hand", text="已联系施工队")
        await expect(pane.locator(".thread-steps > li")).to_have_count(1)
        await expect(page.locator(".follow-row").first).to_contain_text("办理中")
        follow(staffed, record, "leak", 0, "solved", text="已修好", result="雨天复看，不再漏")
        steps = pane.locator(".thread-steps > li")
        await expect(steps).to_have_count(2)
        await expect(steps.nth(0)).to_contain_text("同志0042")
        await expect(steps.nth(1)).to_contain_text("办理中 → 已解决")
        await expect(pane.locator(".thread-facts")).to_contain_text("雨天复看，不再漏")
        await expect(pane).to_contain_text("逾期 3 天办结")
        await expect(page.locator(".follow-row")).to_have_count(3)
        await page.keyboard.press("j")
        await expect(pane.get_by_role("heading", name="路灯不亮")).to_be_visible()
        await expect(pane).to_contain_text("同志0042 记录中指定")
        await page.keyboard.press("j")
        await page.keyboard.press("k")
        await expect(pane.get_by_role("heading", name="路灯不亮")).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(pane).to_have_count(0)
        await expect(page.locator(".follow-row").first).to_be_focused()
        await go(page, f"follow/{record}/leak")
        await pane.locator(".thread-steps").get_by_role("link", name="打开记录").last.click()
        await expect(page.locator(".pane")).to_contain_text("回访")


async def test_dk152_a_problem_is_given_to_somebody_from_where_it_is_read(staffed: Served) -> None:
    record = await filled(staffed)
    async with desk(staffed) as page:
        await go(page, f"follow/{record}/leak")
        pane = page.get_by_role("region", name="打开的问题")
        await pane.get_by_role("button", name="交办").click()
        asks = page.get_by_role("dialog")
        await expect(asks).to_contain_text("问题：屋顶漏雨")
        await asks.get_by_label("承办人").select_option("m0042")
        await asks.get_by_label("限期（可不填）").fill(in_days(9))
        await asks.get_by_label("要求（可不填）").fill("雨季前修好")
        assert await axe(page) == []
        await asks.get_by_role("button", name="交办", exact=True).click()
        await expect(page.get_by_text("已交办给同志0042")).to_be_visible()
        for words in ("同志0042 经交办", f"{in_days(9)} 按交办", "同志0001交办给同志0042", "雨季前修好", "还有 9 天"):
            await expect(pane).to_contain_text(words)
        await expect(page.locator(".follow-what b").first).to_have_text("路灯不亮")
        await pane.get_by_role("button", name="改派或改期限").click()
        await expect(asks).to_contain_text("现由同志0042承办")
        await expect(asks.get_by_label("要求（可不填）")).to_have_value("雨季前修好")
        await asks.get_by_label("承办人").select_option("m0117")
        await asks.get_by_role("button", name="交办", exact=True).click()
        await expect(pane).to_contain_text("同志0117 经交办")
    given = sorted(documents(staffed, "branch-b03", "assignment"), key=lambda one: one["_id"])
    assert [one["fields"]["member"] for one in given] == ["m0042", "m0117"]
    assert given[1]["fields"]["supersedes"] == given[0]["_id"]


async def test_dk153_promised_services_tell_whether_they_were_in_time(staffed: Served) -> None:
    staff(staffed)
    for number, (due, done) in enumerate(((-2, None), (1, None), (-4, -6), (-8, -5))):
        promised = {"stages__concluded__promised": f"{in_days(due)}T09:00:00Z", "stages__concluded__by": "m0117"}
        promised["stages__concluded__actual"] = f"{in_days(done)}T08:00:00Z" if done else None
        promised["stages__received__actual"] = None
        put(staffed, "branch-b03", plain("service", kind="on_site", period=on(-9 - number, 1), **promised, **KEPT))
    with as_member(staffed, "song") as song:
        await until(lambda: len(song.get("/api/v1/services").json()["services"]) == 4)
    async with desk(staffed) as page:
        await go(page, "follow")
        await expect(page.locator(".follow-none")).to_contain_text("没有未解决的问题")
        await page.get_by_role("button", name="承诺件").click()
        table = page.get_by_role("table")
        await expect(table.locator("tbody .tag")).to_have_text(["已逾期 2 天", "还有 1 天"])
        assert await axe(page) == []
        await page.get_by_role("button", name="全部").click()
        await expect(table.locator("tbody .tag")).to_have_text(["已逾期 2 天", "还有 1 天", "逾期办结", "提前办结"])
        for words in (in_days(-8), in_days(-5), "办结", "食品经营许可证变更", "李桂兰", "同志0117"):
            await expect(table.get_by_role("row").nth(3)).to_contain_text(words)
        await page.get_by_role("button", name="提前办结").click()
        assert page.url.endswith("#/follow?view=services&stands=early")
        await table.locator("tbody").get_by_role("link").first.click()
        await expect(page.locator(".stages")).to_contain_text("办结")


async def test_dk154_an_overdue_problem_and_the_figures_lead_to_the_list(staffed: Served) -> None:
    await filled(staffed)
    async with desk(staffed) as page:
        await page.locator(".item", has_text="问题逾期").click()
        await expect(page.locator(".matter").first).to_contain_text("还没有人跟进")
        await page.get_by_role("link", name="在问题列表中查看").click()
        await expect(page.get_by_role("region", name="打开的问题")).to_contain_text("屋顶漏雨")
        await expect(page.get_by_role("button", name="已逾期")).to_have_attribute("aria-pressed", "true")
        await go(page, f"figure/problems_found?branch=b03&first={in_days(-30)}&last={in_days(0)}&member=m0117")
        await page.get_by_role("link", name="在问题列表中查看").click()
        await expect(page).to_have_url(f"{staffed.url}/desk#/follow?stands=all&branch=b03&owner=m0117")
        await go(page, f"subject/{HOME}")
        await page.get_by_role("link", name="在问题列表中查看").click()
        await expect(page.locator(".follow-row")).to_have_count(4)


async def test_dk155_nobody_sees_or_assigns_what_is_not_theirs(staffed: Served) -> None:
    record = await filled(staffed)
    with as_admin(staffed) as admin:
        told = {"name": "far", "role": "secretary", "password": PASSWORD, "member": "m0300", "branch": "b04"}
        assert admin.post("/api/v1/accounts", json=told).status_code == 201
    put(staffed, "centre", member("m0300", "b04"))
    async with desk(staffed, "far") as page:
        await go(page, "follow?stands=all")
        await expect(page.locator(".follow-none")).to_contain_text("没有符合条件的")
        await go(page, f"follow/{record}/leak")
        await expect(page.get_by_role("alert")).to_contain_text("找不到，可能已被删除或您无权查看")
        await expect(page.get_by_text("屋顶漏雨")).to_have_count(0)
    async with desk(staffed, "li") as page:
        await go(page, f"follow/{record}/leak")
        await expect(page.get_by_role("region", name="打开的问题")).to_contain_text("屋顶漏雨")
        await expect(page.get_by_role("button", name="交办")).to_have_count(0)
