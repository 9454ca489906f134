"""Tablets on the review desk, in a real Chromium: listed, invited, looked after and wiped, each by whom it is for."""

import httpx
import pytest
from playwright.async_api import Page, expect

from tests.access import axe
from tests.browser import needed
from tests.desk_browser import desk, go
from tests.filling import as_admin, member, put
from tests.serving import Served

pytestmark = [needed, pytest.mark.browser]


def state(staffed: Served) -> str:
    """Of the only tablet there is."""
    with as_admin(staffed) as admin:
        return str(admin.get("/api/v1/tablets").json()["tablets"][0]["tablet"]["state"])


def centre(staffed: Served) -> None:
    for name in ("m0001", "m0117", "m0042"):
        put(staffed, "centre", member(name, "b03"))
    put(staffed, "centre", {"_id": "branch:b03", "type": "branch", "version": 1, "fields": {"name": "第三党支部"}})


def enrolled(staffed: Served, account: str, label: str, **said: object) -> str:
    """The tablet's token, once it has reported."""
    with as_admin(staffed) as admin:
        code = admin.post("/api/v1/tablets", json={"account": account, "label": label}).json()["code"]
    token = enrol(staffed, code)
    report(staffed, token, **said)
    return token


def enrol(staffed: Served, code: str) -> str:
    """The token that a code gives."""
    with httpx.Client(base_url=staffed.url) as nobody:
        return str(nobody.post("/api/v1/tablets/enrol", json={"code": code}).json()["token"])


def report(staffed: Served, token: str, **said: object) -> None:
    with httpx.Client(base_url=staffed.url, headers={"authorization": f"Bearer {token}"}) as tablet:
        since = tablet.get("/sync/branch-b03/_changes?since=now").json()["last_seq"]
        answer = tablet.post("/api/v1/tablets/me/report", json={"unsent": 0, "received": {"branch-b03": since}, **said})
        assert answer.status_code == 200, answer.text


async def row(page: Page, label: str) -> None:
    await page.get_by_role("link", name=label).click()
    await expect(page.get_by_role("dialog")).to_be_visible()


async def test_dk80_each_tablet_is_told_with_what_it_holds_and_whether_it_is_safe(staffed: Served) -> None:
    """DK81 and DK82 too."""
    centre(staffed)
    token = enrolled(staffed, "li", "三号", unsent=2, oldest="2026-11-18T02:00:00Z", version="0.0.1", refused=1)
    enrolled(staffed, "wang", "四号", version="0.1.0", stored=48_000_000, room=2_000_000_000)
    async with desk(staffed) as page:
        await page.get_by_role("link", name="平板", exact=True).click()
        line = page.get_by_role("row").filter(has_text="三号")
        for words in ("同志0117", "2 条记录", "1 条未被接收", "不可以", "应用版本较旧"):
            await expect(line).to_contain_text(words)
        await expect(page.get_by_role("row").filter(has_text="四号")).to_contain_text("可以")
        await page.get_by_label("显示").select_option("attention")
        await expect(page.locator("tbody tr")).to_have_count(1)
        assert await axe(page) == []
        await row(page, "三号")
        await expect(page.get_by_role("region", name="可否交接")).to_contain_text("怎么办：在有网络处打开应用")
        await expect(page.get_by_text("历史（审计）")).to_have_count(0)
        await expect(page.get_by_role("button", name="擦除")).to_have_count(0)
        assert await axe(page) == []
        report(staffed, token, version="0.1.0")
        await expect(page.get_by_role("region", name="可否交接")).to_contain_text("可以交接")


async def test_dk83_a_tablet_is_invited_by_a_code_that_is_shown_once(staffed: Served) -> None:
    centre(staffed)
    async with desk(staffed) as page:
        await page.get_by_role("link", name="平板", exact=True).click()
        await page.get_by_role("button", name="邀请一台平板").click()
        await page.get_by_placeholder("按姓名、账号或工号筛选").fill("同志0117")
        await page.locator("select.for-whom").select_option("li")
        await page.get_by_label("标签").fill("五号")
        await page.get_by_role("button", name="生成邀请码").click()
        picture = page.get_by_role("img", name="登记用的二维码")
        await expect(picture).to_be_visible()
        size = await picture.bounding_box()
        assert size is not None
        assert size["width"] > 350
        code = await page.get_by_label("邀请码", exact=True).inner_text()
        assert await axe(page) == []
        await page.get_by_role("button", name="完成").click()
        await expect(page.get_by_role("row").filter(has_text="五号")).to_contain_text("已邀请")
        await expect(page.get_by_text(code)).to_have_count(0)
    assert enrol(staffed, code)


async def test_dk84_wiping_says_what_is_lost_is_confirmed_by_typing_and_twice_where_it_is_not_safe(
    staffed: Served,
) -> None:
    centre(staffed)
    token = enrolled(staffed, "li", "三号", unsent=2, oldest="2026-11-18T02:00:00Z")
    async with desk(staffed, "admin") as page:
        await expect(page.get_by_role("heading", name="平板")).to_be_visible()
        await row(page, "三号")
        await page.get_by_text("历史（审计）").click()
        await expect(page.get_by_role("row").filter(has_text="登记平板")).to_be_visible()
        await page.get_by_role("button", name="锁定").click()
        await page.get_by_role("button", name="解锁").click()
        await page.get_by_role("button", name="擦除…").click()
        asked = page.get_by_role("dialog", name="擦除“三号”")
        await expect(asked).to_contain_text("将丢失 2 条未上传的记录（2026-11-18 起）")
        await asked.get_by_label("输入“三号”以确认").fill("三号")
        await expect(asked.get_by_role("button", name="擦除", exact=True)).to_be_disabled()
        await asked.get_by_label("我知道这些内容会丢失").check()
        assert await axe(page) == []
        report(staffed, token, unsent=2, oldest="2026-11-18T02:00:00Z", photos=4)
        await expect(asked).to_contain_text("4 张照片")
        await asked.get_by_label("我知道这些内容会丢失").check()
        await asked.get_by_role("button", name="擦除", exact=True).click()
        await expect(page.get_by_role("dialog").first).to_contain_text("待擦除")
    assert state(staffed) == "wipe"


async def test_dk85_on_a_small_screen_nothing_lies_beyond_the_page(staffed: Served) -> None:
    centre(staffed)
    enrolled(staffed, "li", "新到平板（备用，窗口二楼综合受理区）", unsent=2)
    async with desk(staffed, "admin") as page:
        await page.set_viewport_size({"width": 1024, "height": 768})
        for place in ("tablets", "assignments", "directory", "directory/branch", "accounts", "audit"):
            await go(page, place)
            await expect(page.locator("main h1")).to_be_visible()
            await page.wait_for_timeout(400)
            assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), place
            assert await axe(page) == [], place
