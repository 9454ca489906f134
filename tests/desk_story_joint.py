"""The screens of joint surveys with something real on them: the list, one that is made, announced and added to, and how others read it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tests.desk_prepared import COMMITTEE, SECRETARY
from tests.played import WHO

if TYPE_CHECKING:
    from tests.desk_story import Office

MATTER = "食品生产许可现场核查"
ITEMS = ("场所与申报地址一致", "生产区与生活区隔开", "疏散门向外开启，通道畅通", "给排水去向明确")


async def joint(on: "Office") -> AsyncIterator[str]:
    page = await on.sit(SECRETARY)
    await on.go("/joint", ".case-rows tbody tr, .case-none")
    yield "joint"
    await page.locator(".chip").nth(5).click()
    await on.rest()
    yield "joint-concluded"
    await page.locator("input[type=search]").fill("没有这样的事项")
    await page.locator(".case-none").wait_for()
    yield "joint-none"
    async for name in _written(on):
        yield name
    await page.locator(".case-acts .button.plain").click()
    await page.locator("dialog").wait_for()
    yield "joint-withdraw"
    await page.keyboard.press("Escape")
    await page.locator(".case-acts .button.main").click()
    await page.locator("dialog").wait_for()
    yield "joint-announce"
    await page.locator("dialog .button.main").click()
    await page.locator(".joint-table").wait_for()
    await on.rest()
    yield "joint-announced"
    await page.locator(".case-acts .button").click()
    await page.locator("dialog .lines .small-button").first.click()
    await page.keyboard.insert_text("消防设施在有效期内")
    yield "joint-adding"
    await page.locator("dialog .lines-input").fill(ITEMS[0])
    await page.locator("dialog .button.main").click()
    await page.locator("dialog .notice.bad").wait_for()
    yield "joint-adding-refused"
    await page.locator("dialog .lines-input").fill("消防设施在有效期内")
    await page.locator("dialog .button.main").click()
    await page.locator("dialog").wait_for(state="detached")
    await on.rest()
    yield "joint-added"


async def _written(on: "Office") -> AsyncIterator[str]:
    """From nothing to a draft."""
    page = on.page
    await on.go("/joint/new", ".case-form")
    yield "joint-new"
    await page.locator(".case-form > .row .button.main").click()
    await page.locator(".case-form .notice.bad").wait_for()
    yield "joint-lacking"
    await page.locator(".case-form .input").first.fill(MATTER)
    limit = datetime.now(UTC) + timedelta(days=12)
    await page.locator(".case-limit .input").fill(f"{limit:%Y-%m-%d}T17:00")
    await page.locator(".case-form input[type=search]").fill("公司")
    await page.locator(".picks input[type=radio]").first.wait_for()
    await on.rest()
    yield "joint-subject"
    await page.locator(".picks input[type=radio]").first.click()
    await page.locator(".party-boxes input:enabled").nth(1).check()
    await page.locator(".party-boxes input:enabled").nth(3).check()
    await on.press("加一个没有账号的单位", "Add a party without an account")
    await page.locator(".outside-row .input").nth(0).fill("云泽市供电公司城区供电所")
    await page.locator(".outside-row .input").nth(1).fill("刘工 8801")
    await on.press("照已有的清单", "From one that is there")
    await page.locator("dialog .copy-from").last.click()
    await page.locator("dialog .copy-what input").first.wait_for()
    await on.rest()
    yield "joint-copying"
    await page.keyboard.press("Escape")
    for text in ITEMS:
        await page.locator(".case-form .lines .small-button").first.click()
        await page.keyboard.insert_text(text)
    await on.press("加一项", "Add a line", 1 if on.language == "zh" else 0)
    await page.keyboard.insert_text("营业执照与平面布局图各一份")
    await on.rest()
    yield "joint-written"
    await page.locator(".case-form > .row .button").first.click()
    await page.locator(".case-checklist").wait_for()
    await on.rest()
    yield "joint-draft"


async def readers(on: "Office") -> AsyncIterator[str]:
    """Who may not change it."""
    await on.sit(COMMITTEE)
    await on.go("/joint", ".case-rows tbody tr")
    yield "joint-committee"
    await on.go("/joint/new", "main .notice")
    yield "joint-committee-new"
    page = await on.sit(WHO)
    await on.go("/joint", ".case-rows tbody tr")
    await page.locator(".case-rows a", has_text=MATTER).first.click()
    await page.locator(".joint-table").wait_for()
    await on.rest()
    yield "joint-member"


CHAPTERS = (joint, readers)
