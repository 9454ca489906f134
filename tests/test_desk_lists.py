"""Long lists on the review desk, in a real Chromium: people by the thousand, many records chosen at once, and what stands in words instead
of ids."""

import re
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.access import axe
from tests.browser import needed, until
from tests.builders import stamp
from tests.desk_browser import desk, go, manage, pick
from tests.desk_cases import SOUND, as_member, kept, later, push
from tests.filling import as_admin, documents, household, member, put, visit
from tests.serving import PASSWORD, Served
from tests.test_desk_admin import centre

pytestmark = [needed, pytest.mark.browser]
PEOPLE = 230
BEYOND = "() => document.documentElement.scrollWidth <= document.documentElement.clientWidth"


def many(staffed: Served, db: str, bodies: list[dict[str, Any]]) -> None:
    with as_admin(staffed) as admin:
        answer = admin.post(f"/sync/{db}/_bulk_docs", json={"docs": bodies}, timeout=60)
        assert answer.status_code == 201, answer.text


async def scrolled(page: Page, rows: int) -> None:
    """Go to the end of the list until it is whole."""
    for _ in range(9):
        await page.mouse.wheel(0, 40_000)
        await page.wait_for_timeout(150)
        if await page.locator("main tbody tr").count() >= rows:
            return
    raise AssertionError(f"{await page.locator('main tbody tr').count()} of {rows}")


async def test_dk117_a_long_directory_is_read_as_one_scrolls_and_searched_on_the_server(staffed: Served) -> None:
    centre(staffed)
    many(staffed, "centre", [member(f"m{5000 + number}", "b04") for number in range(PEOPLE)])
    async with desk(staffed, "admin") as page:
        await go(page, "directory")
        await expect(page.locator(".tabs")).to_contain_text(f"人员{PEOPLE + 3}")
        assert await page.locator("main tbody tr").count() == 100
        await expect(page.locator(".more-rows")).to_contain_text(f"已显示 100 / {PEOPLE + 3}")
        await scrolled(page, PEOPLE + 3)
        await expect(page.get_by_role("button", name="更多")).to_have_count(0)
        await page.get_by_placeholder("名称、编号、岗位").fill("m5229")
        await expect(page.locator("main tbody tr")).to_have_count(1)
        await page.get_by_placeholder("名称、编号、岗位").fill("无此人")
        await expect(page.get_by_text("没有符合条件的。")).to_be_visible()
        assert await axe(page) == []


async def test_dk117_an_account_is_found_and_given_a_member_by_typing(staffed: Served) -> None:
    centre(staffed)
    many(staffed, "centre", [member(f"m{5000 + number}", "b04") for number in range(PEOPLE)])
    async with desk(staffed, "admin") as page:
        await go(page, "accounts")
        await page.get_by_placeholder("账号、姓名或工号").fill("song")
        await expect(page.locator("main tbody tr")).to_have_count(1)
        await page.get_by_role("button", name="新建账号").click()
        box = page.get_by_role("combobox", name="人员（还没有账号的")
        await box.fill("m522")
        await expect(page.locator(".picked-from li")).to_have_count(10)
        await page.keyboard.press("ArrowDown")
        await expect(page.locator(".picked-from li[aria-selected=true]")).to_contain_text("m5221")
        assert await axe(page) == []
        await page.keyboard.press("Enter")
        await expect(box).to_have_value("同志5221 · m5221")
        await expect(page.get_by_label("账号名称")).to_have_value("m5221")
        await box.click()
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("dialog")).to_be_visible()
        await page.get_by_role("button", name="新建并生成密码").click()
        await expect(page.locator(".code")).to_be_visible()
    with as_admin(staffed) as admin:
        assert admin.get("/api/v1/accounts/m5221").json()["branch"] == "b04"


def sound(number: int, author: str, day: int) -> dict[str, Any]:
    body = visit(number, {author: True}) | {"author": author, "stamps": {"": stamp(author, "t1")}, "_rev": "1-a"}
    hour = number % 9
    period = [f"2026-10-{day:02}T0{hour}:00:00Z", f"2026-10-{day:02}T0{hour}:40:00Z"]
    body["fields"] |= {"subject": household("")["_id"], "narrative": "谈了低保", "period": period, **SOUND}
    return body


async def test_dk118_all_of_an_author_are_chosen_also_those_not_listed_yet_with_their_number_told_before(
    staffed: Served,
) -> None:
    """DK119 too: what changed after it was chosen is told and not decided, whether the list shows it or not."""
    put(staffed, "branch-b03", household("李桂兰"))
    mine = [sound(100 + number, "m0042", 1 + number // 9) for number in range(70)]
    other = [sound(300 + number, "m0117", 20) for number in range(3)]
    push(staffed, *mine, *other)
    with as_member(staffed, "song") as song:
        await until(lambda: song.get("/api/v1/inbox/sound").json()["total"] == 73)
    changed = mine[-1]["_id"]
    async with desk(staffed) as page:
        await expect(page.locator(".item")).to_have_count(50)
        await page.locator(".tick").first.click()
        await expect(page.locator(".choose-bar")).to_contain_text("李桂兰的全部（73）")
        await page.get_by_role("button", name=re.compile("的全部（70）")).click()
        await expect(page.get_by_role("heading", name="已选 70 条")).to_be_visible()
        assert await axe(page) == []
        push(staffed, later(mine[-1], "2-b", "1-a", narrative="刚改的"))
        await until(lambda: _narrative(staffed, changed) == "刚改的")
        await page.get_by_role("button", name="通过这 70 条").click()
        await expect(page.get_by_text("通过 69 条，1 条没有通过，仍选中")).to_be_visible()
        await expect(page.locator(".batch-list")).to_contain_text("内容有了改动")
    approved = {one["fields"]["record"] for one in kept(staffed, "review")}
    assert approved == {one["_id"] for one in mine[:-1]}


def _narrative(staffed: Served, doc: str) -> str:
    return next(
        str(one["fields"]["narrative"]) for one in documents(staffed, "branch-b03", "visit") if one["_id"] == doc
    )


async def test_dk120_a_problem_is_given_to_another_with_what_it_is_and_what_was_asked(staffed: Served) -> None:
    centre(staffed)
    put(staffed, "branch-b03", household("李桂兰"))
    body = sound(1, "m0042", 20)
    body["fields"] |= {"problems/01K9Q1/text": "屋后排水沟垮塌", "problems/01K9Q1/state": "open"}
    push(staffed, body)
    with as_member(staffed, "song") as song:
        await until(lambda: song.get(f"/api/v1/records/{body['_id']}").status_code == 200)
        asked = {"branch": "b03", "kind": "problem", "member": "m0042", "record": body["_id"], "text": "汛期前清淤"}
        answer = song.post("/api/v1/assignments", json={**asked, "problem": f"{body['_id']}#01K9Q1"})
        assert answer.status_code == 201, answer.text
    async with desk(staffed) as page:
        await manage(page, "交办与联系")
        row = page.get_by_role("table", name="交办").get_by_role("row").nth(1)
        await expect(row).to_contain_text("屋后排水沟垮塌")
        await expect(row).to_contain_text("要求：汛期前清淤")
        await page.get_by_role("button", name="换人").click()
        await expect(page.get_by_role("dialog")).to_contain_text("问题督办“屋后排水沟垮塌”从下面的日期起由另一人承担")
        await expect(page.get_by_label("要求（可不填）")).to_have_value("汛期前清淤")
        await page.get_by_label("承办人").select_option("m0117")
        assert await axe(page) == []
        await page.get_by_role("button", name="改派").click()
        await expect(page.get_by_role("table", name="交办").get_by_role("rowheader")).to_have_text(["同志0117"])
        await pick(page, "人员", "0042")
        await expect(page.get_by_text("没有符合条件的交办。")).to_be_visible()
    given = [one["fields"] for one in documents(staffed, "branch-b03", "assignment")]
    assert [one["text"] for one in given] == ["汛期前清淤"] * 2


async def test_dk121_the_history_of_a_field_names_tablets_by_their_label_or_whose_they_are(staffed: Served) -> None:
    centre(staffed)
    put(staffed, "branch-b03", household("李桂兰"))
    with as_admin(staffed) as admin:
        tablets = [
            admin.post("/api/v1/tablets", json={"account": "li", "label": label}).json()["tablet"]["id"]
            for label in ("三号平板", "")
        ]
    body = sound(1, "m0117", 20)
    push(staffed, body)
    first = later(body, "2-b", "1-a", "m0117", tablets[0], narrative="第一次改")
    push(staffed, first)
    push(staffed, later(first, "3-c", "2-b", "m0117", tablets[1], narrative="第二次改"))
    await until(lambda: _narrative(staffed, body["_id"]) == "第二次改")
    with as_member(staffed, "song") as song:
        await until(lambda: song.get(f"/api/v1/records/{body['_id']}").status_code == 200)
    async with desk(staffed) as page:
        await go(page, f"inbox/{body['_id']}")
        await page.get_by_role("button", name="情况记录：为何是此值").click()
        why = page.locator(".why-value")
        await expect(why).to_contain_text(f"平板“三号平板”（…{tablets[0][-4:]}）")
        await expect(why).to_contain_text(f"本人的平板（…{tablets[1][-4:]}）")
        await expect(why).not_to_contain_text(tablets[0])


async def test_dk122_the_head_stands_in_one_line_at_1024_in_either_language(staffed: Served) -> None:
    with as_admin(staffed) as admin:
        told = {"name": "boss", "role": "administrator", "password": PASSWORD, "member": "m0001"}
        assert admin.post("/api/v1/accounts", json=told).status_code == 201
    put(staffed, "centre", {**member("m0001", "b03"), "fields": {"name": "欧阳慕容上官", "branch": "b03"}})
    for who in ("song", "boss"):
        async with desk(staffed, who) as page:
            await page.set_viewport_size({"width": 1024, "height": 768})
            for language in ("English", "中文"):
                await page.get_by_role("button", name=language).click()
                heights = await page.locator(".desk-head").evaluate(
                    "(head) => [head.clientHeight, head.querySelector('.leave').clientHeight]"
                )
                assert heights[0] <= 60, f"{who}: the head takes more than one line"
                assert heights[1] <= 44, f"{who}: its button does"
                assert await page.evaluate(BEYOND)
            await manage(page, "平板")
            await expect(page).to_have_url(re.compile("#/tablets"))
