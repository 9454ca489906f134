"""Joint surveys on the tablet in a real Chromium (TW14 to TW18, TL13): found on Today, surveyed without a network for one's own branch and
for a party that has no account, until the centre says that every party is in."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import expect

from tests.access import axe
from tests.browser import Tablet, needed, until
from tests.builders import stamp
from tests.desk_browser import desk, manage
from tests.desk_cases import as_member
from tests.filling import put
from tests.serving import Served
from tests.test_tablet_recording import arrived, field, next_step, picture, ready, sign

pytestmark = [needed, pytest.mark.browser]

SITE = "site:01K9ZJ6Q3T8M4V7C2N5B1X0101"
OURS, THEIRS = "case:01K9ZJ6Q3T8M4V7C2N5B1X0102", "case:01K9ZJ6Q3T8M4V7C2N5B1X0103"
POWER = "outside:01K9AAAA"
CODES = ("fire", "layout")


def then(days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


def document(db: str, of: str, doc: str, branch: str = "b03", /, **fields: Any) -> tuple[str, dict[str, Any]]:
    told = {path.replace("__", "/"): value for path, value in fields.items()}
    envelope = {"branch": branch, "author": "m0001", "zone": "Asia/Shanghai"} if of in ("subject", "case") else {}
    body = {"_id": doc, "type": of, "version": 1, **envelope, "fields": told}
    return db, {**body, "stamps": {"": stamp("m0001", "t9")}, "replaced": []}


@pytest.fixture
def known(staffed: Served) -> Served:
    """A site; a joint survey of it that b03 leads, with a party that has no account; one of it that b04 leads, past its limit."""
    asked = {"checklist__fire__text": "消防通道畅通", "checklist__layout__text": "布局与图纸一致", "parties__b04": True}
    asked |= {"outside__01K9AAAA__name": "供电所", "subject": SITE, "announced": then(-2), "parties__b03": True}
    asked |= {"needs__01K9CCCC__text": "平面布局图一份", "needs__01K9DDDD__text": "消防安全材料"}
    for db, body in (
        document("centre", "branch", "branch:b03", name="第三党支部"),
        document("centre", "branch", "branch:b04", name="第四党支部"),
        document("centre", "member", "member:m0117", name="李敏", branch="b03", role="member", active=True),
        document("branch-b03", "subject", SITE, kind="site", name="人民路21号餐饮店", address="人民路21号"),
        document("shared", "case", OURS, "b03", **asked, matter="食品经营许可联合踏勘", limit=then(3)),
        document("shared", "case", THEIRS, "b04", **asked, matter="加油站验收联合踏勘", limit=then(-2)),
    ):
        put(staffed, db, body)
    return staffed


async def told(staffed: Served, case: str, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The case as the centre tells it, once it holds."""

    def asked() -> dict[str, Any] | None:
        with as_member(staffed, "song") as client:
            answer: httpx.Response = client.get(f"/api/v1/cases/{case}")
        return answer.json() if answer.status_code == 200 and holds(answer.json()) else None

    found: dict[str, Any] = await until(asked)
    return found


def states(case: dict[str, Any]) -> dict[str, str]:
    return {one["party"]: one["state"] for one in case["parties"]}


async def find(tablet: Tablet, **findings: str) -> None:
    await tablet.step("踏勘清单")
    for code in CODES:
        await field(tablet, f"findings/{code}/finding").get_by_text(findings.get(code, "符合"), exact=True).click()


async def finish(tablet: Tablet) -> None:
    await tablet.step("核对")
    if await tablet.page.get_by_role("button", name="现在结束").count():
        await tablet.page.get_by_role("button", name="现在结束").click()
    await next_step(tablet)
    await tablet.sees("已保存在本机")


def chosen(tablet: Tablet, words: str) -> Any:
    return field(tablet, "case/party").get_by_text(words, exact=True)


async def test_tw14_tw15_tw16_tw17_tw18_tl13_what_a_party_without_an_account_found_is_recorded_and_signed_offline_and_is_in(
    make: Callable[..., Tablet], known: Served
) -> None:
    tablet = await ready(make)
    page = tablet.page
    await tablet.cut()
    await tablet.sees("待提交意见的联合踏勘（2）")
    row = page.locator(".case-row", has_text="食品经营许可联合踏勘")
    await expect(row).to_contain_text("待本支部意见；待代录：供电所")
    await expect(page.locator(".case-row", has_text="加油站验收联合踏勘")).to_contain_text("逾期 2 天")
    await row.click()

    announced = page.locator(".joint-case")
    for words in ("食品经营许可联合踏勘", "第三党支部（牵头）、第四党支部、供电所（无账号）", "平面布局图一份", "到期"):
        await expect(announced).to_contain_text(words)
    await expect(field(tablet, "subject")).to_contain_text("人民路21号餐饮店")
    await expect(field(tablet, "case/given_by")).to_have_count(0)
    await chosen(tablet, "供电所").click()
    await find(tablet, fire="整改后符合")
    await expect(page.locator(".spoken-for")).to_contain_text("未填提出人")
    await tablet.step("核对")
    await next_step(tablet)
    await page.locator("dialog").get_by_text("代录：请填写意见由谁提出").click()
    await field(tablet, "case/given_by").locator("input").fill("王工")
    await tablet.step("踏勘清单")
    await expect(page.locator(".spoken-for")).to_contain_text("供电所提出人：王工")
    await tablet.step("核对")
    await tablet.sees("代录的意见还要有王工的签名，或现场照片，才算数")
    await finish(tablet)

    await tablet.tap("查看记录")
    await tablet.sees("还没有签名或照片，意见暂不算数")
    await tablet.tap("请王工签名")
    await tablet.sees("请王工在下面签名")
    await expect(page.get_by_label("姓名（可不填）")).to_have_value("王工")
    await sign(tablet)
    await tablet.pin()
    await tablet.sees("代录：供电所")
    await expect(page.get_by_text("暂不算数")).to_have_count(0)
    await expect(page.locator(".said", has_text="消防通道畅通")).to_contain_text("整改后符合")
    await expect(page.get_by_text("提出人：王工")).to_have_count(1)

    await tablet.tap("再记本支部的意见")
    await expect(chosen(tablet, "本支部").locator("xpath=ancestor::label").locator("input")).to_be_checked()
    await expect(field(tablet, "subject")).to_contain_text("人民路21号餐饮店")
    await find(tablet)
    await finish(tablet)
    await expect(page.get_by_text("再代录一方")).to_have_count(0)
    await tablet.home()
    await tablet.sees("待提交意见的联合踏勘（1）")

    await tablet.join()
    case = await told(known, OURS, lambda one: states(one)["branch:b03"] == states(one)[POWER] == "in")
    assert states(case)["branch:b04"] == "awaited"
    assert case["disagreements"] == ["fire"]
    cells = {(one["item"], cell["party"]): cell for one in case["items"] for cell in one["cells"]}
    assert cells["fire", POWER]["finding"] == "remedy"
    assert cells["fire", POWER]["given_by"] == "王工"
    assert cells["fire", "branch:b03"]["given_by"] == ""
    theirs, ours = sorted(await arrived(known, "survey", 2), key=lambda one: one["_id"])
    assert ours["fields"]["period"][0] == theirs["fields"]["period"][0], "one visit to the site, told twice"

    colleague = make("t2")
    await colleague.start()
    await colleague.enrol("wang")
    await colleague.synced()
    await colleague.sees("待提交意见的联合踏勘（1）")
    await expect(colleague.page.locator(".case-row")).to_contain_text("加油站验收联合踏勘")


async def test_tw15_tw16_tw17_for_whom_is_changed_later_and_a_photo_is_enough(
    make: Callable[..., Tablet], known: Served, tmp_path: Path
) -> None:
    """TW16 and TW17."""
    tablet = await ready(make, size=(360, 640))
    page = tablet.page
    await tablet.tap("记踏勘")
    await field(tablet, "case").locator("select").select_option(value=OURS)
    await expect(field(tablet, "subject")).to_contain_text("人民路21号餐饮店")
    await chosen(tablet, "供电所").click()
    await field(tablet, "case/given_by").locator("input").fill("王工")
    await page.locator(".step").nth(1).click()
    for code in CODES:
        await field(tablet, f"findings/{code}/finding").get_by_text("符合", exact=True).click()
    await page.locator(".spoken-for").click()
    await chosen(tablet, "本支部").click()
    await page.locator(".step").last.click()
    await expect(page.get_by_text("才算数")).to_have_count(0)
    await next_step(tablet)
    await tablet.tap("再代录一方：供电所")
    (ours,) = await arrived(known, "survey")
    assert not [path for path in ours["fields"] if path.endswith(("/party", "/given_by"))]
    assert ours["fields"]["matter"] == "食品经营许可联合踏勘"

    await field(tablet, "case/given_by").locator("input").fill("王工")
    await page.locator(".step").nth(1).click()
    for code in CODES:
        await field(tablet, f"findings/{code}/finding").get_by_text("符合", exact=True).click()
    await page.locator(".step").last.click()
    await tablet.tap("去拍照")
    await page.locator("input[type=file]").first.set_input_files(picture(tmp_path))
    await expect(page.locator(".photo img")).to_be_visible()
    await page.locator(".step").last.click()
    await expect(page.get_by_text("才算数")).to_have_count(0)
    await next_step(tablet)
    await tablet.sees("已保存在本机")
    await told(known, OURS, lambda one: states(one)[POWER] == "in")

    _, theirs = sorted(await arrived(known, "survey", 2), key=lambda one: one["_id"])
    await page.goto(f"{known.url}/#/records/{theirs['_id']}")
    await page.get_by_role("button", name="修改").click()
    await expect(field(tablet, "case/given_by").locator("input")).to_have_value("王工")
    await field(tablet, "case/given_by").locator("input").fill("王工、周工")
    await page.locator(".step").last.click()
    await next_step(tablet)
    await tablet.sees("修改已保存在本机")

    def named(case: dict[str, Any]) -> bool:
        return {cell["given_by"] for one in case["items"] for cell in one["cells"] if cell["party"] == POWER} == {
            "王工、周工"
        }

    await told(known, OURS, named)


async def test_tw15_tw18_who_does_not_lead_is_not_asked_and_is_awaited_no_more_once_it_has_surveyed(
    make: Callable[..., Tablet], known: Served
) -> None:
    tablet = await ready(make)
    page = tablet.page
    row = page.locator(".case-row", has_text="加油站验收联合踏勘")
    await expect(row).not_to_contain_text("供电所")
    await row.click()
    await expect(page.locator(".joint-case")).to_contain_text("已过时限")
    await expect(field(tablet, "case/party")).to_have_count(0)
    await find(tablet)
    await page.get_by_label("离开，草稿保留").click()
    await row.click()
    await expect(page.locator(".step")).to_have_count(6)
    await finish(tablet)
    await expect(page.get_by_text("再代录一方")).to_have_count(0)
    await tablet.home()
    await tablet.sees("待提交意见的联合踏勘（1）")
    case = await told(known, THEIRS, lambda one: states(one)["branch:b03"] == "in")
    assert states(case) == {"branch:b03": "in", "branch:b04": "awaited", POWER: "awaited"}


async def test_tw14_tw15_where_a_form_is_tried_a_made_up_joint_survey_has_a_party_without_an_account(
    staffed: Served,
) -> None:
    async with desk(staffed, "admin") as page:
        await page.set_viewport_size({"width": 1440, "height": 1300})
        await manage(page, "表单")
        await page.get_by_role("button", name="踏勘记录").click()
        on = page.frame_locator("iframe[title=试填表单]")
        await on.locator("[data-path=case] select").select_option(index=1)
        await expect(on.locator(".joint-case")).to_contain_text("第一党支部（示例）（牵头）")
        await expect(on.locator("[data-path=subject]")).to_contain_text("人民路 21 号餐饮店（示例）")
        await on.get_by_text("供电所（示例）", exact=True).click()
        await on.get_by_label("意见由谁提出").fill("王工")
        await on.get_by_role("button", name="踏勘清单").click()
        await expect(on.locator(".spoken-for")).to_contain_text("供电所（示例）")
        await expect(on.locator(".finding")).to_have_count(2)
        await on.get_by_role("button", name="核对").click()
        await expect(on.locator(".vouching")).to_be_visible()
        assert await axe(page) == []
