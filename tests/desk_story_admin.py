"""The administration's screens of the review desk with something real on them: tablets in every state, the directory and who sits on a
branch's committee, accounts, assignments and the audit."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import httpx

from tests.desk_prepared import ADMIN, COMMITTEE, SECRETARY
from tests.played import BRANCH, COLLEAGUE, DB, WHO, Played

if TYPE_CHECKING:
    from tests.desk_story import Office

THIRD = "m0053"


async def tablets(on: "Office") -> AsyncIterator[str]:
    await _tablets(on)
    page = await on.sit(ADMIN)
    await on.go("/tablets", ".tablets tbody tr")
    yield "tablets"
    await on.press("三楼窗口 3 号", "三楼窗口 3 号")
    await page.locator("dialog").wait_for()
    yield "tablets-opened"
    await page.locator("dialog .button.danger").last.click()
    await on.rest()
    yield "tablets-wipe"
    await page.keyboard.press("Escape")
    await page.keyboard.press("Escape")
    await on.go("/tablets", ".tablets tbody tr")
    await on.press("邀请一台平板", "Invite a tablet")
    await page.locator(".for-whom").select_option(COLLEAGUE)
    yield "tablets-inviting"
    await page.locator("dialog .button.main").click()
    await page.locator(".qr").wait_for()
    yield "tablets-invited"
    await page.keyboard.press("Escape")
    await page.locator("input[type=search]").fill("没有这一台")
    await page.locator("main .card").wait_for()
    yield "tablets-none"


async def erasing(on: "Office") -> AsyncIterator[str]:
    page = await on.sit(ADMIN)
    await on.go(f"/subject/{on.subjects('household')[0].id}", ".subject-top")
    await on.press("永久删除…", "Erase for good…")
    await page.locator("dialog input.input").first.wait_for()
    yield "subject-erasing"
    await page.keyboard.press("Escape")


async def directory(on: "Office") -> AsyncIterator[str]:
    page = await on.sit(ADMIN)
    await on.go("/directory", ".table tbody tr")
    yield "directory"
    await page.locator(".table .link").nth(5).click()
    await page.locator("dialog .input").nth(1).select_option("b05")
    yield "directory-moving-one"
    await page.locator("dialog input[type=text]").first.fill("")
    await page.locator("dialog .button.main").click()
    await page.get_by_role("alert").first.wait_for()
    yield "directory-refused"
    await page.keyboard.press("Escape")
    await on.press("调动人员、拆分支部", "Move members, split a branch")
    await page.locator("dialog select").nth(0).select_option(BRANCH)
    await page.locator("dialog select").nth(1).select_option("b05")
    await page.locator(".picks input").nth(2).check()
    await page.locator(".picks input").nth(4).check()
    await on.rest()
    yield "directory-moving"
    await page.locator("dialog .button.main").click()
    yield "directory-moves"
    await page.keyboard.press("Escape")
    for kind in ("branch", "window", "unit"):
        await on.go(f"/directory/{kind}", ".table tbody tr")
        # A closed dialog has given the focus back.
        await page.locator("main h1").click()
        yield f"directory-{kind}"
    await on.go("/directory/branch", ".seats")
    await page.locator(".seats").nth(2).click()
    await page.locator("dialog .table").wait_for()
    yield "committee"
    await page.locator("dialog tbody tr").first.get_by_role("button").first.click()
    await page.locator(".office-form [role=combobox]").fill("m00")
    await page.locator(".picked-from li").nth(1).wait_for()
    yield "committee-replacing"
    await page.locator(".picked-from li").nth(1).click()
    await page.locator(".office-form .button.main").click()
    await page.locator("dialog .notice.good").wait_for()
    await page.locator("dialog details summary").click()
    yield "committee-former"
    await page.locator("dialog .row > .button.main").click()
    await page.locator(".office-form select").select_option("secretary")
    await page.locator(".office-form [role=combobox]").fill("m00")
    await page.locator(".picked-from li").nth(3).click()
    await page.locator(".office-form .button.main").click()
    await page.locator(".office-form .problem").wait_for()
    yield "committee-refused"
    await page.keyboard.press("Escape")


async def accounts(on: "Office") -> AsyncIterator[str]:
    page = await on.sit(ADMIN)
    await on.go("/accounts", ".table tbody tr")
    yield "accounts"
    await on.press(SECRETARY, SECRETARY)
    yield "accounts-opened"
    await page.keyboard.press("Escape")
    await on.press("新建账号", "Add an account")
    await page.locator("dialog [role=combobox]").fill("m006")
    await page.locator(".picked-from li").nth(2).wait_for()
    yield "accounts-choosing"
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await page.locator("dialog .button.main").click()
    await page.locator("dialog .code").wait_for()
    yield "accounts-added"
    await page.keyboard.press("Escape")
    await page.locator("input[type=search]").fill("没有这个人")
    await page.locator("main .card").wait_for()
    yield "accounts-none"


async def assignments(on: "Office") -> AsyncIterator[str]:
    await _assign(on)
    page = await on.sit(SECRETARY)
    await on.go("/assignments", ".table tbody tr")
    yield "assignments"
    await page.locator(".covered summary").first.click()
    yield "assignments-unreached"
    await on.press("新的交办", "Assign")
    await page.locator("dialog select").nth(1).select_option(WHO)
    await page.locator("dialog input[type=search]").fill("户")
    await on.rest()
    yield "assignments-giving"
    # The first Escape empties what is sought.
    await page.locator("dialog header button").click()
    await page.locator("main select").nth(1).select_option("problem")
    await page.locator("main tbody tr").first.wait_for()
    await on.rest()
    await page.locator("main tbody .button").first.click()
    await page.locator("dialog").wait_for()
    yield "assignments-replacing"
    await page.keyboard.press("Escape")
    await page.locator("main tbody .button").nth(1).click()
    await page.locator("dialog").wait_for()
    yield "assignments-ending"
    await page.keyboard.press("Escape")
    await on.sit(COMMITTEE)
    await on.go("/assignments", ".table tbody tr")
    yield "assignments-committee"


async def audit(on: "Office") -> AsyncIterator[str]:
    page = await on.sit(ADMIN)
    await on.go("/audit", ".table tbody tr")
    yield "audit"
    await page.locator(".audit-form input").nth(1).fill(on.subjects("household")[0].id)
    await page.locator(".audit-form .button.main").click()
    await on.rest()
    yield "audit-found"
    await on.go("/audit?kind=office", ".table tbody tr")
    yield "audit-office"
    await on.go("/audit?text=没有这样的字")
    await page.locator("main .card.soft, main .notice").first.wait_for()
    yield "audit-none"


async def _tablets(on: Played) -> None:
    """One in order, one that holds what is not sent, one invited, one locked."""
    yesterday = f"{datetime.now(UTC) - timedelta(days=3):%Y-%m-%dT%H:%M:%SZ}"
    said = {
        "三楼窗口 1 号": (WHO, {"version": "0.1.0", "stored": 48_000_000, "room": 2_000_000_000}),
        "三楼窗口 3 号": (COLLEAGUE, {"unsent": 4, "photos": 2, "oldest": yesterday, "version": "0.0.1", "refused": 1}),
        "备用（二楼综合受理区，投影柜旁）": (THIRD, {"version": "0.1.0"}),
    }
    async with on.as_(ADMIN) as admin, httpx.AsyncClient(base_url=on.url) as nobody:
        for label, (account, report) in said.items():
            made = (await admin.post("/api/v1/tablets", json={"account": account, "label": label})).json()
            told = (await nobody.post("/api/v1/tablets/enrol", json={"code": made["code"]})).json()
            bearer = {"authorization": f"Bearer {told['token']}"}
            received = {}
            for db in (DB, "shared", "centre"):
                feed = await nobody.get(f"/sync/{db}/_changes?since=now", headers=bearer)
                received[db] = feed.json().get("last_seq", "")
            report = {"unsent": 0, "received": received, **report}
            answer = await nobody.post("/api/v1/tablets/me/report", json=report, headers=bearer)
            assert answer.status_code == 200, answer.text
            if account == THIRD:
                await admin.post(f"/api/v1/tablets/{made['tablet']['id']}/lock")
        await admin.post("/api/v1/tablets", json={"account": THIRD, "label": "新到"})


async def _assign(on: Played) -> None:
    """A problem to be solved and a task, beside the subjects that the demo assigns."""
    async with on.as_(SECRETARY) as secretary:
        problems = (await secretary.get(f"/api/v1/problems?branch={BRANCH}&open=true&limit=1")).json()["problems"]
        task = {"branch": BRANCH, "kind": "task", "member": COLLEAGUE, "text": "月底前把上门服务的便民卡发到三个小区。"}
        asked = [task]
        if problems:
            row = problems[0]["problem"]
            of = {"record": row["record"], "problem": f"{row['record']}#{row['item']}"}
            asked.append({**task, "kind": "problem", "member": WHO, "text": "汛期前解决，每周报一次进展。", **of})
        for one in asked:
            answer = await secretary.post("/api/v1/assignments", json=one)
            assert answer.status_code == 201, answer.text


CHAPTERS = (tablets, erasing, directory, accounts, assignments, audit)
