"""What each role does at the desk on a working day, from end to end in real browsers, and what each is neither offered nor answered."""

import asyncio
import io
from pathlib import Path

import openpyxl
import pytest
from playwright.async_api import Page, expect

from tests.browser import intercept, needed, until
from tests.desk_prepared import ADMIN, COMMITTEE, DEPUTY, SECRETARY
from tests.desk_story import Office, office
from tests.played import BRANCH, DB, WHO

pytestmark = [needed, pytest.mark.browser]


async def test_dk105_a_secretarys_morning(tmp_path: Path) -> None:
    """What waits is gone through by keyboard, one returned, many approved; then the month, with what came since, and its documents."""
    async with office(tmp_path) as on:
        page = await on.sit(SECRETARY)
        await on.record("faulty", "faulty")
        await page.keyboard.press("r")
        await page.get_by_label("对“起止时间”的意见").fill("结束早于开始，请改正。")
        await page.get_by_role("button", name="退回更正").click()
        await expect(page.locator(".done-bar")).to_contain_text("已退回")
        await until(lambda: _stands(on, "faulty", "returned"))
        chip = page.locator(".chip", has_text="新记录")
        await chip.click()
        await expect(chip).to_have_attribute("aria-pressed", "true")
        await on.rest()
        before = int((await chip.inner_text()).split()[-1])
        boxes = page.locator(".tick")
        await boxes.nth(0).click()
        await boxes.nth(4).click(modifiers=["Shift"])
        chosen = await page.locator(".item-row.chosen").count()
        assert chosen >= 2
        await page.keyboard.press("a")
        await expect(page.locator(".batch")).to_contain_text(f"通过 {chosen} 条")
        await expect(chip).to_contain_text(str(before - chosen))
        month = on.ids["last-month"]
        await on.go(f"/month/{BRANCH}/{month}", ".supplement .change")
        await page.get_by_role("button", name="通过补报，生成第 2 版").click()
        row = page.get_by_role("row", name="第 2 版")
        await expect(row).to_contain_text("宋洋")
        digest = str(await row.locator("code").get_attribute("title"))
        assert digest.startswith("sha256-")
        book = openpyxl.load_workbook(io.BytesIO(await _taken(page, "第 2 版 Excel")))
        assert book.properties.subject == digest
        assert (await _taken(page, "第 2 版 PDF")).startswith(b"%PDF-")


async def test_dk105_a_deputy_decides_on_the_secretarys_own_record(tmp_path: Path) -> None:
    async with office(tmp_path) as on:
        page = await on.sit(SECRETARY)
        await on.record("own")
        await expect(page.get_by_text("这是您本人的记录，本人不能审核。可由副书记龚长青或机关党委审核")).to_be_visible()
        await expect(page.locator("footer.acts")).to_have_count(0)
        assert await _decided(on, SECRETARY, "own") == 403
        page = await on.sit(DEPUTY)
        await on.record("own")
        await page.keyboard.press("a")
        await expect(page.locator(".done-bar")).to_contain_text("已通过")
        await until(lambda: _stands(on, "own", "approved"))


async def test_dk105_the_committee_compares_opens_a_figure_down_to_a_record_and_takes_the_ledger_out(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as on:
        page = await on.sit(COMMITTEE)
        await page.get_by_role("link", name="全中心").click()
        await expect(page.locator(".compare tbody tr")).to_have_count(7)
        name = f"{on.centre.branches[2].short} 走访"
        cell = page.get_by_role("link", name=name).first
        count = int(await cell.inner_text())
        await cell.click()
        await expect(page.locator("tbody tr")).to_have_count(count)
        await page.get_by_role("link", name="打开").first.click()
        await expect(page.locator(".record-facts")).to_contain_text("走访类型")
        await expect(page.get_by_role("button", name="通过 A")).to_be_visible()
        await page.go_back()
        await page.go_back()
        await expect(page.locator(".compare tbody tr")).to_have_count(7)
        async with page.expect_download() as coming:
            await page.get_by_role("button", name="CSV").click()
        made = await coming.value
        assert made.suggested_filename.endswith(".csv")
        await expect(page.get_by_text("已取出")).to_be_visible()


async def test_dk105_an_administrator_imports_members_and_decides_on_nothing(tmp_path: Path) -> None:
    async with office(tmp_path) as on:
        page = await on.sit(ADMIN)
        await on.go("/imports")
        await on.press("人员", "Members")
        branch = on.centre.branches[2].name
        rows = f"工号,姓名,支部\nm9001,欧阳慕容,{branch}\n"
        await page.locator("input[type=file]").set_input_files(
            {"name": "名册.csv", "mimeType": "text/csv", "buffer": rows.encode()}
        )
        await page.get_by_role("button", name="导入这 1 行").click()
        await expect(page.get_by_text("已导入：新增 1")).to_be_visible()
        await on.go("/member/m9001")
        await expect(page.get_by_role("heading", name="欧阳慕容")).to_be_visible()
        await on.record("sound")
        await expect(page.get_by_text("管理员不审核记录")).to_be_visible()
        await expect(page.locator("footer.acts")).to_have_count(0)
        assert await _decided(on, ADMIN, "sound") == 403


async def test_dk106_what_is_not_for_a_role_is_neither_offered_nor_shown_nor_answered(tmp_path: Path) -> None:
    """Not in the navigation, not by a typed address, not by the API."""
    elsewhere = "b05"
    async with office(tmp_path) as on:
        page = await on.sit(WHO)
        places = page.get_by_role("navigation").get_by_role("link")
        await expect(places).to_have_text(["待办", "月度台账", "问题", "对照", "联合踏勘", "查找"])
        await on.go("/imports")
        await expect(page.get_by_text("这里不对您开放")).to_be_visible()
        await on.go("/forms", ".item-line")
        await expect(page.get_by_role("button", name="发布")).to_have_count(0)
        await on.go(f"/inbox/{on.ids['disputed']}", ".pane h2")
        await expect(page.locator("footer.acts")).to_have_count(0)
        await expect(page.get_by_role("button", name="采用")).to_have_count(0)
        await on.go(f"/inbox/{on.ids['own']}", ".pane [role=alert]")
        await expect(page.get_by_text("找不到，可能已被删除或您无权查看")).to_be_visible()
        assert await _decided(on, WHO, "sound") == 403
        refused = {
            WHO: [
                f"/records/{on.ids['own']}",
                f"/activity-records/{elsewhere}/{on.ids['this-month']}",
                "/accounts",
                "/audit",
            ],
            SECRETARY: [f"/activity-records/{elsewhere}/{on.ids['this-month']}", "/accounts"],
            COMMITTEE: ["/accounts"],
        }
        for who, paths in refused.items():
            async with on.as_(who) as client:
                for path in paths:
                    answer = await client.get(f"/api/v1{path}")
                    assert answer.status_code in (403, 404), (who, path, answer.status_code)
        page = await on.sit(SECRETARY)
        await on.go(f"/month/{elsewhere}/{on.ids['this-month']}", "main .notice")
        await expect(page.locator(".headline")).to_have_count(0)
        await expect(page.get_by_role("button", name="通过本月台账")).to_have_count(0)


async def test_dk107_of_two_who_decide_in_the_same_moment_one_is_heard_and_the_other_told(tmp_path: Path) -> None:
    """Two browsers; no half of the second decision is kept."""
    async with office(tmp_path) as on:
        first = await on.sit(SECRETARY)
        await on.record("sound")
        on.seat = None
        second = await on.sit(DEPUTY)
        await on.record("sound")
        await second.keyboard.press("r")
        await second.locator(".return-text").fill("请补充。")
        await asyncio.gather(
            first.keyboard.press("a"), second.get_by_role("button", name="退回更正").click(no_wait_after=True)
        )
        heard = [page.locator(".done-bar") for page in (first, second)]
        told = [page.get_by_role("status").filter(has_text="您的决定没有记入") for page in (first, second)]
        await expect(heard[0].or_(told[0]).first).to_be_visible()
        await expect(heard[1].or_(told[1]).first).to_be_visible()
        assert [await one.count() for one in heard] in ([1, 0], [0, 1])
        async with on.as_(ADMIN) as admin:
            asked = {"include_docs": "true", "startkey": '"review:"', "endkey": '"review;"'}
            rows = (await admin.get(f"/sync/{DB}/_all_docs", params=asked)).json()["rows"]
        made = [row["doc"]["fields"]["decision"] for row in rows if row["doc"]["fields"]["record"] == on.ids["sound"]]
        assert made == (["approve"] if await heard[0].count() else ["return"])
        await first.context.close()


async def test_dk107_a_record_that_changed_while_it_was_open_is_looked_at_again(tmp_path: Path) -> None:
    async with office(tmp_path) as on:
        page = await on.sit(SECRETARY)
        await on.record("disputed")
        # On another desk a dispute of it is settled, which this one does not hear.
        await intercept(page, "**/api/v1/records/**", lambda route: route.abort())
        async with on.as_(DEPUTY) as deputy:
            told = (await deputy.get(f"/api/v1/records/{on.ids['disputed']}")).json()
            (field,) = [one for one in told["history"] if one["disputed"]]
            settled = {"path": field["path"], "value": "两者都对", "saw": [one["stamp"] for one in field["values"]]}
            asked = {"record": told["id"], "decision": "settle", "seen": told["seen"], "settles": [settled]}
            answer = await deputy.post("/api/v1/reviews", json=asked)
            assert answer.status_code == 201, answer.text

            async def merged() -> bool:
                now = (await deputy.get(f"/api/v1/records/{told['id']}")).json()
                return bool(now["body"]["fields"][field["path"]] == "两者都对")

            await until(merged)
        await page.wait_for_timeout(500)
        await page.unroute("**/api/v1/records/**")
        await page.keyboard.press("a")
        await expect(page.get_by_text("没有作出任何决定")).to_be_visible()
        await expect(page.locator(".record-facts")).to_contain_text("两者都对")
        assert not await _stands(on, "disputed", "approved")


async def _taken(page: Page, name: str) -> bytes:
    async with page.expect_download() as coming:
        await page.get_by_role("link", name=name).click()
    return await asyncio.to_thread((await (await coming.value).path()).read_bytes)


async def _stands(on: Office, name: str, review: str) -> bool:
    async with on.as_(COMMITTEE) as committee:
        told = (await committee.get(f"/api/v1/records/{on.ids[name]}")).json()
    return bool(told["review"] == review)


async def _decided(on: Office, who: str, name: str) -> int:
    """What the API answers to an approval by somebody who may not."""
    async with on.as_(COMMITTEE) as committee:
        seen = (await committee.get(f"/api/v1/records/{on.ids[name]}")).json()["seen"]
    async with on.as_(who) as client:
        asked = {"record": on.ids[name], "decision": "approve", "seen": seen}
        return (await client.post("/api/v1/reviews", json=asked)).status_code
