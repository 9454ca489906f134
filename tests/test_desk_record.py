"""A record opened at the desk, in a real Chromium: read in full, decided on, settled, and what each role may not do."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.browser import intercept, needed, until
from tests.desk_browser import desk, go, reviews
from tests.desk_cases import (
    as_member,
    decide,
    in_words,
    kept,
    later,
    merged_visit,
    photo,
    push,
    sound_visit,
)
from tests.filling import member, put
from tests.serving import PASSWORD, Served, command

pytestmark = [needed, pytest.mark.browser]


async def opened(page: Page, staffed: Served, record: str) -> None:
    await go(page, f"inbox/{record}")
    await expect(page.locator(".facts")).to_be_visible()


async def waits(staffed: Served, kind: str, record: str) -> None:
    await until(lambda: any(one["id"] == record for one in in_words(staffed, kind)))


def account(tmp_path: Path, name: str, role: str, who: str, branch: str = "b03") -> None:
    of = ["--branch", branch] if role != "committee" else []
    asked = ["user", "add", name, "--role", role, *of, "--member", who, "--password-stdin"]
    done = command(*asked, data=tmp_path / "data", stdin=PASSWORD)
    assert done.returncode == 0, done.stderr


async def test_dk43_a_record_is_read_in_groups_with_its_items_as_blocks_and_its_photos_large(staffed: Served) -> None:
    problem = {"text": "屋顶漏雨", "state": "open", "owner": "m0117", "due": "2099-11-30"}
    fields = {f"problems/01K9AAAA/{part}": value for part, value in problem.items()}
    body = sound_visit(staffed, 1, **fields)
    await waits(staffed, "new", body["_id"])
    photo(staffed, body["_id"], 0, "屋顶")
    photo(staffed, body["_id"], 1, "屋内")
    async with desk(staffed) as page:
        await opened(page, staffed, body["_id"])
        await expect(page.get_by_role("region", name="对象、时间与人员")).to_contain_text("李桂兰")
        await expect(page.get_by_role("region", name="发现的问题")).to_contain_text("屋顶漏雨")
        await expect(page.get_by_role("region", name="告知与保存")).to_contain_text("2028-11-20")
        assert "problems/" not in await page.locator(".facts").inner_text()
        await page.get_by_role("button", name="放大照片 1").click()
        await expect(page.get_by_role("dialog")).to_contain_text("照片 1 / 2")
        await page.keyboard.press("ArrowRight")
        await expect(page.get_by_role("dialog")).to_contain_text("照片 2 / 2")
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_dk44_why_a_value_shows_is_told_with_the_other_its_author_and_the_rule(staffed: Served) -> None:
    body = merged_visit(staffed)
    await waits(staffed, "disputed", body["_id"])
    async with desk(staffed) as page:
        await opened(page, staffed, body["_id"])
        await page.get_by_role("button", name="情况记录：为何是此值").click()
        why = page.locator(".why-value")
        for words in ("规则：", "甲说的话", "乙说的话", "原来的话", "平板 t2", "已被替换"):
            await expect(why).to_contain_text(words)
        await page.get_by_role("button", name="每一项的经过").click()
        await expect(page.locator(".why-value").nth(3)).to_be_visible()


async def test_dk45_a_dispute_is_settled_by_choosing_or_by_typing_another_value(staffed: Served) -> None:
    body = merged_visit(staffed)
    await waits(staffed, "disputed", body["_id"])

    def says(words: str) -> bool:
        with as_member(staffed, "song") as song:
            told = song.get(f"/api/v1/records/{body['_id']}").json()
        return bool(told["body"]["fields"]["narrative"] == words and not told["disputed"])

    async with desk(staffed) as page:
        await opened(page, staffed, body["_id"])
        await expect(page.locator(".settle")).to_contain_text("甲说的话")
        await page.get_by_label("另行填写").fill("两人核对后的话")
        await page.get_by_role("button", name="以此为准").click()
        await until(lambda: says("两人核对后的话"))
        await expect(page.locator(".settle")).to_have_count(0)
        await expect(page.locator(".facts")).to_contain_text("两人核对后的话")


async def test_dk46_an_amendment_shows_each_field_as_it_was_approved_and_as_it_is_now(staffed: Served) -> None:
    body = sound_visit(staffed, 1, "批准时的话")
    await waits(staffed, "new", body["_id"])
    decide(staffed, body["_id"], "approve")
    push(staffed, later(body, "2-b", "1-a", narrative="后来的话"))
    await waits(staffed, "amended", body["_id"])
    async with desk(staffed) as page:
        await opened(page, staffed, body["_id"])
        row = page.locator(".since").get_by_role("row", name="情况记录")
        await expect(row.locator("del")).to_have_text("批准时的话")
        await expect(row.locator("ins")).to_have_text("后来的话")


async def test_dk47_earlier_remarks_stand_beside_their_fields_with_whether_they_were_answered(staffed: Served) -> None:
    body = sound_visit(staffed, 1, "太短")
    await waits(staffed, "new", body["_id"])
    remarks = [{"text": "请写明进展", "field": "narrative"}, {"text": "时间对吗", "field": "period"}]
    decide(staffed, body["_id"], "return", remarks=remarks, text="请尽快")
    push(staffed, later(body, "2-b", "1-a", narrative="写明了"))
    await waits(staffed, "corrected", body["_id"])
    async with desk(staffed) as page:
        await opened(page, staffed, body["_id"])
        await expect(page.locator(".line", has_text="请写明进展").locator(".tag", has_text="已回应")).to_be_visible()
        await expect(page.locator(".line", has_text="时间对吗").locator(".tag", has_text="未改动")).to_be_visible()
        await expect(page.get_by_text("退回意见：请尽快")).to_be_visible()


async def test_dk48_what_changes_while_a_record_is_open_is_marked_and_must_be_looked_at_first(staffed: Served) -> None:
    body = sound_visit(staffed, 1, "旧的说法")
    await waits(staffed, "new", body["_id"])
    async with desk(staffed) as page:
        await opened(page, staffed, body["_id"])
        push(staffed, later(body, "2-b", "1-a", narrative="新的说法"))
        await expect(page.locator(".line.altered")).to_contain_text("新的说法")
        await page.keyboard.press("a")
        await expect(page.get_by_text("请再按一次")).to_be_visible()
        assert reviews(staffed) == []
        await page.keyboard.press("a")
        await until(lambda: reviews(staffed) == ["approve"])


async def test_dk49_who_comes_second_is_told_who_decided_and_what_and_takes_no_decision(
    staffed: Served, tmp_path: Path
) -> None:
    account(tmp_path, "gong", "deputy", "m0002")
    put(staffed, "centre", _named("m0002", "龚长青", "deputy"))
    body = sound_visit(staffed, 1)
    await waits(staffed, "new", body["_id"])
    async with desk(staffed) as page:
        await opened(page, staffed, body["_id"])
        held: list[Any] = []
        # So close that nothing was heard of the other yet.
        await intercept(page, "**/api/v1/live", lambda route: route.abort())
        await intercept(page, "**/api/v1/reviews", lambda route: held.append(route))
        await page.keyboard.press("r")
        await page.get_by_label("总的意见").fill("请补充")
        await page.get_by_role("button", name="退回更正").click()
        await until(lambda: held)
        decide(staffed, body["_id"], "approve", who="gong")
        await held[0].continue_()
        await expect(page.get_by_text("龚长青刚刚通过了这条记录")).to_be_visible()
        await expect(page.get_by_text("您的决定没有记入").first).to_be_visible()
    assert reviews(staffed) == ["approve"]


async def test_dk50_what_was_decided_can_be_reopened_and_decided_again(staffed: Served) -> None:
    body = sound_visit(staffed, 1)
    await waits(staffed, "new", body["_id"])
    decide(staffed, body["_id"], "approve")
    async with desk(staffed) as page:
        await opened(page, staffed, body["_id"])
        await expect(page.locator(".record-head")).to_contain_text("已通过")
        await page.get_by_role("button", name="重新打开").click()
        await until(lambda: reviews(staffed) == ["approve", "reopen"])
        await expect(page.get_by_role("button", name="通过 A")).to_be_visible()


async def test_dk51_a_replaced_value_is_taken_out_after_it_was_confirmed_with_a_reason(staffed: Served) -> None:
    body = sound_visit(staffed, 1, "含有身份证号的旧话")
    push(staffed, later(body, "2-b", "1-a", narrative="改过的话"))
    await waits(staffed, "new", body["_id"])
    async with desk(staffed) as page:
        await opened(page, staffed, body["_id"])
        await page.get_by_role("button", name="情况记录：为何是此值").click()
        await page.get_by_role("button", name="清除…").click()
        dialog = page.get_by_role("dialog")
        await expect(dialog).to_contain_text("不能恢复")
        await expect(dialog.get_by_role("button", name="清除", exact=True)).to_be_disabled()
        await dialog.get_by_label("依据").fill("本人要求")
        await dialog.get_by_label("我知道这不能撤销").check()
        await dialog.get_by_role("button", name="清除", exact=True).click()
        await expect(page.locator(".why-value")).to_contain_text("已从记录中清除")
    assert "含有身份证号" not in str(kept(staffed, "visit"))


async def test_dk52_nobody_decides_on_an_own_record_and_is_told_who_can(staffed: Served, tmp_path: Path) -> None:
    account(tmp_path, "gong", "deputy", "m0002")
    put(staffed, "centre", _named("m0002", "龚长青", "deputy"))
    own = sound_visit(staffed, 1, author="m0001")
    await waits_for(staffed, "gong", own["_id"])
    async with desk(staffed) as page:
        await opened(page, staffed, own["_id"])
        await expect(page.get_by_text("可由副书记龚长青或机关党委审核")).to_be_visible()
        await expect(page.get_by_role("button", name="通过 A")).to_have_count(0)
        await page.keyboard.press("a")
    assert reviews(staffed) == []
    async with desk(staffed, "gong") as page:
        await page.locator(".item").first.click()
        await page.get_by_role("button", name="通过 A").click()
        await until(lambda: reviews(staffed) == ["approve"])


async def test_dk53_a_member_is_told_what_the_desk_is_for_and_decides_on_nothing(staffed: Served) -> None:
    body = sound_visit(staffed, 1)
    await waits(staffed, "new", body["_id"])
    async with desk(staffed, "wang") as page:
        await expect(page.get_by_text("审核台由书记、副书记和机关党委使用")).to_be_visible()
        await expect(page.get_by_role("link", name="打开平板应用")).to_be_visible()
        await opened(page, staffed, body["_id"])
        await expect(page.get_by_text("审核由")).to_be_visible()
        for name in ("通过 A", "退回 R", "重新打开"):
            await expect(page.get_by_role("button", name=name)).to_have_count(0)
        await page.keyboard.press("a")
    assert reviews(staffed) == []


async def test_dk54_a_record_of_another_branch_looks_like_none_and_the_committee_reads_it(
    staffed: Served, tmp_path: Path
) -> None:
    account(tmp_path, "other", "secretary", "m0301", "b04")
    account(tmp_path, "committee", "committee", "m0200")
    body = sound_visit(staffed, 1, "家里的事")
    await waits(staffed, "new", body["_id"])
    async with desk(staffed, "other") as page:
        await go(page, f"inbox/{body['_id']}")
        await expect(page.get_by_role("alert")).to_contain_text("找不到")
        assert "家里的事" not in await page.content()
    async with desk(staffed, "committee") as page:
        await opened(page, staffed, body["_id"])
        await expect(page.locator(".facts")).to_contain_text("家里的事")
        await expect(page.get_by_role("button", name="通过 A")).to_be_visible()


async def waits_for(staffed: Served, who: str, record: str) -> None:
    await until(lambda: asyncio.to_thread(lambda: any(one["id"] == record for one in in_words(staffed, "new", who))))


def _named(who: str, name: str, role: str) -> dict[str, Any]:
    body = member(who, "b03")
    return {**body, "fields": {**body["fields"], "name": name, "role": role}}
