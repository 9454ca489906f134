"""Administration on the review desk, in a real Chromium: the directory, accounts and assignments, and who must not see them."""

from pathlib import Path

import httpx
import pytest
from playwright.async_api import expect

from tests.access import axe
from tests.browser import needed, until
from tests.desk_browser import desk, go, manage, pick
from tests.filling import documents, household, member, put
from tests.serving import PASSWORD, Served, command

pytestmark = [needed, pytest.mark.browser]


def centre(staffed: Served) -> None:
    for name, told in (("b03", "第三党支部"), ("b04", "第四党支部")):
        put(staffed, "centre", {"_id": f"branch:{name}", "type": "branch", "version": 1, "fields": {"name": told}})
    for name in ("m0001", "m0117", "m0042"):
        put(staffed, "centre", member(name, "b03"))
    window = {"name": "社保窗口", "branch": "b03"}
    put(staffed, "centre", {"_id": "window:w1", "type": "window", "version": 1, "fields": window})


def fields_of(staffed: Served, doc: str) -> dict[str, object]:
    return next(dict(one["fields"]) for one in documents(staffed, "centre", doc.partition(":")[0]) if one["_id"] == doc)


async def test_dk86_an_entry_is_added_and_edited_with_every_problem_at_its_field(staffed: Served) -> None:
    centre(staffed)
    async with desk(staffed, "admin") as page:
        await go(page, "directory")
        await page.get_by_role("button", name="新增人员").click()
        await page.get_by_label("工号").fill("m0900")
        await page.get_by_label("岗位").fill("长" * 61)
        await page.get_by_role("button", name="新增", exact=True).click()
        await expect(page.get_by_role("alert").filter(has_text="请更正标出的各项")).to_be_visible()
        await expect(page.locator(".problem")).to_have_count(2)
        assert await axe(page) == []
        await page.get_by_label("名称").fill("新同志")
        await page.get_by_label("岗位").fill("受理")
        await page.get_by_role("button", name="新增", exact=True).click()
        await expect(page.get_by_text("已新增")).to_be_visible()
        await page.get_by_placeholder("名称、编号、岗位").fill("新同")
        await expect(page.locator("tbody tr")).to_have_count(1)
    assert fields_of(staffed, "member:m0900")["post"] == "受理"


async def test_dk87_what_another_changed_meanwhile_is_told_and_kept(staffed: Served) -> None:
    centre(staffed)
    async with desk(staffed, "admin") as page:
        await go(page, "directory")
        await page.get_by_role("button", name="同志0117").click()
        await page.get_by_label("岗位").fill("综合受理")
        changed = member("m0117", "b03")
        put(staffed, "centre", {**changed, "fields": {**changed["fields"], "joined": "2024-03-01"}})
        await page.get_by_role("button", name="保存").click()
        told = page.get_by_role("alert").filter(has_text="别人改过这一条")
        await expect(told).to_contain_text("到岗日期：（空） → 2024-03-01")
        await told.get_by_role("button", name="再加上我的修改").click()
        await page.get_by_role("button", name="保存").click()
        await expect(page.get_by_text("已保存")).to_be_visible()
    now = fields_of(staffed, "member:m0117")
    assert (now["joined"], now["post"]) == ("2024-03-01", "综合受理")


async def test_dk88_a_branch_is_split_by_moving_members_and_windows_with_what_came_of_each(staffed: Served) -> None:
    centre(staffed)
    late = member("m0042", "b03")
    put(staffed, "centre", {**late, "fields": {**late["fields"], "joined": "2026-11-22"}})
    async with desk(staffed, "admin") as page:
        await go(page, "directory")
        await page.get_by_role("button", name="调动人员、拆分支部").click()
        await page.get_by_label("1. 从哪个支部").select_option("b03")
        await page.get_by_label("2. 到哪个支部").select_option("new")
        await page.get_by_label("新支部编号").fill("b08")
        await page.get_by_label("新支部名称").fill("第八党支部")
        await page.get_by_label("3. 在原支部的最后一天").fill("2026-11-20")
        for name in ("同志0117", "同志0042", "社保窗口"):
            await page.get_by_label(name).check()
        assert await axe(page) == []
        await page.get_by_role("button", name="看看会怎样（3）").click()
        await expect(page.get_by_role("dialog").get_by_role("row").filter(has_text="同志0042")).to_contain_text(
            "最后一天早于到岗日期"
        )
        assert "b08" not in str(documents(staffed, "centre", "branch"))
        await page.get_by_role("button", name="调动这 3 项").click()
        await expect(page.get_by_text("完成 2 项，1 项没有成功")).to_be_visible()
        await expect(page.get_by_role("dialog").get_by_role("row").filter(has_text="同志0042")).to_contain_text(
            "没有成功"
        )
        assert await axe(page) == []
    moved = fields_of(staffed, "member:m0117")
    assert moved["branch"] == "b08"
    assert ["1950-01-01", "2026-11-20"] in moved.values()
    assert fields_of(staffed, "member:m0042")["branch"] == "b03"
    assert fields_of(staffed, "window:w1")["branch"] == "b08"


async def test_dk89_an_account_is_added_locked_and_its_log_ins_ended(staffed: Served) -> None:
    centre(staffed)
    put(staffed, "centre", member("m0900", "b04"))
    li = opened(staffed)
    async with desk(staffed, "admin") as page:
        await go(page, "accounts")
        await page.get_by_role("button", name="新建账号").click()
        await pick(page, "人员（还没有账号的", "m0900")
        await expect(page.get_by_label("账号名称")).to_have_value("m0900")
        await page.get_by_role("button", name="新建并生成密码").click()
        password = await page.locator(".code").inner_text()
        await page.get_by_role("button", name="完成").click()
        await page.get_by_role("button", name="li", exact=True).click()
        assert await axe(page) == []
        await page.get_by_role("button", name="结束", exact=True).click()
        await expect(page.get_by_text("现在没有登录")).to_be_visible()
        assert still(li) == 401
        await page.get_by_role("button", name="锁定账号").click()
        await expect(page.get_by_role("button", name="解锁账号")).to_be_visible()
        await page.keyboard.press("Escape")
        await page.get_by_role("button", name="admin", exact=True).click()
        await expect(page.get_by_text("自己的账号不能由自己锁定")).to_be_visible()
        await expect(page.get_by_role("button", name="锁定账号")).to_have_count(0)
    assert session(staffed, "m0900", password).json()["branch"] == "b04"
    assert session(staffed, "li").status_code == 401


def opened(staffed: Served) -> httpx.Client:
    """Logged in by a session."""
    client = httpx.Client(base_url=staffed.url)
    assert client.post("/api/v1/session", json={"name": "li", "password": PASSWORD}).status_code == 201
    return client


def still(client: httpx.Client) -> int:
    return client.get("/api/v1/session").status_code


async def test_dk90_subjects_are_assigned_replaced_and_ended_and_the_unreached_are_listed(staffed: Served) -> None:
    """DK91 too."""
    centre(staffed)
    put(staffed, "branch-b03", household("李桂兰"))
    async with desk(staffed) as page:
        await manage(page, "交办与联系")
        await page.get_by_role("button", name="新的交办").click()
        await page.get_by_label("承办人").select_option("m0117")
        await page.get_by_placeholder("输入名称、地址的一部分").fill("李桂兰")
        await page.get_by_role("checkbox", name="李桂兰").check()
        assert await axe(page) == []
        await page.get_by_role("button", name="交办", exact=True).click()
        coverage = page.get_by_role("region", name="本月覆盖")
        await expect(coverage).to_contain_text("本月已联系 0 / 1")
        await coverage.get_by_text("还差 1").click()
        await expect(coverage.get_by_role("link", name="李桂兰")).to_be_visible()
        assert await axe(page) == []
        await page.get_by_role("button", name="换人").click()
        await page.get_by_label("承办人").select_option("m0042")
        await page.get_by_role("button", name="改派").click()
        await expect(page.get_by_role("table", name="交办").get_by_role("rowheader")).to_have_text(["同志0042"])
        await page.get_by_role("button", name="结束", exact=True).click()
        await page.get_by_role("dialog").get_by_role("button", name="结束", exact=True).click()
        await expect(page.get_by_role("status").filter(has_text="已结束")).to_be_visible()
    await until(lambda: len(documents(staffed, "branch-b03", "assignment")) == 3)


PLACES = ("tablets", "assignments", "directory", "accounts", "audit", "imports")
ROUTES = ("tablets", "tablets/accounts", "accounts", "sessions", "audit", "audit/kinds", "audit/document?format=csv")
MAY = {
    "song": ({"tablets", "assignments", "imports"}, {"tablets", "tablets/accounts"}),
    "vice": ({"tablets", "assignments", "imports"}, {"tablets", "tablets/accounts"}),
    "party": ({"assignments", "imports", "audit"}, {"audit", "audit/kinds", "audit/document?format=csv"}),
    "li": (set(), set()),
    "admin": (set(PLACES), set(ROUTES)),
}


@pytest.mark.parametrize("who", MAY)
async def test_dk92_each_role_sees_what_is_for_it_also_by_typed_address_and_by_the_api(
    staffed: Served, who: str
) -> None:
    """DK93 too."""
    for name, role, of in (("vice", "deputy", ["--branch", "b03"]), ("party", "committee", [])):
        options = ["--role", role, *of, "--member", f"m{name}", "--password-stdin"]
        done = command("user", "add", name, *options, data=_data(staffed), stdin=PASSWORD)
        assert done.returncode == 0, done.stderr
    screens, routes = MAY[who]
    async with desk(staffed, who) as page:
        start = "平板" if who == "admin" else "待办"
        await expect(page.locator(".desk-head nav [aria-current=page]")).to_have_text(start)
        shown = {
            (await link.get_attribute("href") or "").removeprefix("#/").partition("/")[0]
            for link in await page.locator(".desk-head nav a").all()
        }
        assert shown & set(PLACES) == screens
        for place in PLACES:
            await go(page, place)
            if place in screens:
                await expect(page.get_by_text("这里不对您开放")).to_have_count(0)
                await expect(page.locator("main h1")).to_be_visible()
            else:
                await expect(page.get_by_role("heading", name="这里不对您开放")).to_be_visible()
    answers = asked(staffed, who)
    assert {route for route in ROUTES if answers[route] == 200} == routes
    assert all(answers[route] == 403 for route in set(ROUTES) - routes)
    assert [answers[write] == 403 for write in ("put", "post", "patch", "delete")] == [who != "admin"] * 4


def asked(staffed: Served, who: str) -> dict[str, int]:
    """What the server answers to each route, and to writes that are an administrator's."""
    with httpx.Client(base_url=staffed.url, auth=(who, PASSWORD)) as client:
        told = {route: client.get(f"/api/v1/{route}").status_code for route in ROUTES}
        account = {"name": "x", "role": "administrator", "password": PASSWORD}
        told["put"] = client.put("/api/v1/directory/branch/b99", json={"fields": {"name": "乱改"}}).status_code
        told["post"] = client.post("/api/v1/accounts", json=account).status_code
        told["patch"] = client.patch("/api/v1/accounts/li", json={"role": "administrator"}).status_code
        told["delete"] = client.delete("/api/v1/sessions/none").status_code
    return told


def session(staffed: Served, who: str, password: str = PASSWORD) -> httpx.Response:
    with httpx.Client(base_url=staffed.url, auth=(who, password)) as client:
        return client.get("/api/v1/session")


def _data(staffed: Served) -> Path:
    words = [str(word) for word in staffed.process.args]  # type: ignore[union-attr]  # it was started with a list
    return Path(words[words.index("--data") + 1])
