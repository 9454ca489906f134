"""The tablet app in a real Chromium: finding and reading what is on the tablet, putting it right, and how safe it lies there."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import expect

from schemas.field_records import VISIT
from tests.browser import PIN, Tablet, needed, until
from tests.builders import stamp
from tests.serving import ADMIN, PASSWORD, Served

pytestmark = [needed, pytest.mark.browser]

LI, SONG = ("li", PASSWORD), ("song", PASSWORD)
DB = "branch-b03"
HOUSEHOLD, ENTERPRISE = "household:01K8Q2M4T6V8C0N2B4X6D8E0F1", "enterprise:01K8Q2M4T6V8C0N2B4X6D8E0F2"


def subject(doc: str, name: str, address: str) -> dict[str, Any]:
    fields = {"kind": doc.partition(":")[0], "name": name, "address": address}
    return {"_id": doc, "type": "subject", "version": 1, "branch": "b03", "fields": fields}


def visit(number: int = 1, **fields: Any) -> dict[str, Any]:
    said = {"subject": HOUSEHOLD, "kind": "other", "period": ["2026-11-20T00:03:12Z", "2026-11-20T00:40:00Z"]}
    return {
        "_id": f"visit:01K9ZJ6Q3T8M4V7C2N5B1X{number:04d}",
        "type": "visit",
        "version": VISIT.version,
        "branch": "b03",
        "fields": {**said, "participants/m0117": True, "privacy": "notice", "keep_until": "2029-12-31", **fields},
    }


def push(server: Served, *bodies: dict[str, Any], member: str = "m0117") -> None:
    """As if this member had recorded it on another tablet."""
    docs = [
        {"zone": "Asia/Shanghai", **body, "author": member, "stamps": {"": stamp(member, "t9")}, "replaced": []}
        for body in bodies
    ]
    account = {"m0117": "li", "m0042": "wang", "m0001": "song"}[member]
    with httpx.Client(base_url=server.url, auth=(account, PASSWORD)) as client:
        answer = client.post(f"/sync/{DB}/_bulk_docs", json={"docs": docs})
        assert answer.status_code == 201, answer.text
        assert all(one.get("ok") for one in answer.json()), answer.text


def get(server: Served, path: str, who: tuple[str, str] = SONG) -> Any:
    return httpx.get(f"{server.url}{path}", auth=who).json()


def post(server: Served, path: str, data: Any, who: tuple[str, str] = SONG) -> Any:
    """`data`: JSON, or a file's bytes."""
    content = data if isinstance(data, bytes) else json.dumps(data)
    kind = "application/octet-stream" if isinstance(data, bytes) else "application/json"
    answer = httpx.post(f"{server.url}{path}", auth=who, content=content, headers={"content-type": kind})
    assert answer.is_success, answer.text
    return answer.json()


async def decide(server: Served, record: str, decision: str, at: str = "", **told: Any) -> None:
    """As the secretary, once the branch's ledger has the record. `at`: where it is told what is seen."""
    seen = await until(lambda: get(server, f"/api/v1/{at or f'records/{record}'}").get("seen"))
    post(server, "/api/v1/reviews", {"record": record, "decision": decision, "seen": seen, **told})


@pytest.fixture
def centre(staffed: Served) -> Served:
    """The branch has a household, an enterprise, and a visit of li's to the household."""
    names = [("张伟户", "清河村 12 号"), ("立新机电有限公司", "工业园一路")]
    push(staffed, *(subject(doc, *about) for doc, about in zip((HOUSEHOLD, ENTERPRISE), names, strict=True)))
    push(staffed, visit(talked="收成与子女务工"))
    return staffed


@pytest.fixture
async def tablet(make: Callable[..., Tablet], centre: Served) -> Tablet:
    """Li's, enrolled and synced."""
    made: Tablet = make("t1")
    await made.start()
    await made.enrol("li")
    await made.synced()
    return made


async def test_tl1_a_subject_is_found_by_initials_name_and_address_and_opens_to_its_visits(tablet: Tablet) -> None:
    await tablet.go("对象")
    await tablet.sees("立新机电有限公司")
    search = tablet.page.get_by_role("searchbox")
    for typed in ("zw", "张伟", "清河"):
        await search.fill(typed)
        await tablet.sees("张伟户")
        await tablet.sees_not("立新机电有限公司")
    await search.fill("nobody")
    await tablet.sees("没有找到")
    await search.fill("lxjd")
    await tablet.sees("立新机电有限公司")
    await search.fill("zw")
    await tablet.tap("张伟户")
    await tablet.sees("清河村 12 号")
    await tablet.page.locator("a.record-row").first.click()
    await tablet.sees("收成与子女务工")


async def test_tl1_facts_of_a_person_are_covered_until_somebody_who_is_assigned_uncovers_them(
    tablet: Tablet, centre: Served
) -> None:
    common = {"version": 1, "branch": "b03"}
    link = {"kind": "link", "member": "m0117", "subject": HOUSEHOLD, "days": ["2026-01-01", None], "state": "given"}
    facts = {"subject": HOUSEHOLD, "name": "张伟", "telephone": "13900000000", "privacy": "consent"}
    push(
        centre,
        {"_id": "assignment:01K9ZK9A1B2C3D4E5F6G7H8J9K", "type": "assignment", **common, "fields": link},
        {"_id": "person:01K9ZK9A1B2C3D4E5F6G7H8J9K", "type": "person", **common, "fields": facts},
        member="m0001",
    )
    await tablet.go("对象")
    await tablet.sees("我联系")
    await tablet.tap("张伟户")
    await tablet.sees("个人信息")
    await tablet.sees_not("13900000000")
    await tablet.page.get_by_role("button", name="显示").click()
    await tablet.sees("13900000000")


async def test_tl2_only_rows_in_sight_are_in_the_document_and_arrow_keys_reach_the_others(
    make: Callable[..., Tablet], staffed: Served
) -> None:
    many = [subject(f"household:01K8Q2M4T6V8C0N2B4X6D8{at:04d}", f"住户{at:04d}", "清河村") for at in range(600)]
    push(staffed, *many)
    push(staffed, *(visit(at, talked=f"第{at}次") for at in range(300)))
    tablet = make("t1")
    await tablet.start()
    await tablet.enrol("li")
    await tablet.synced()
    await tablet.go("对象")
    await tablet.sees("住户0000")
    rows = tablet.page.locator("[role=listitem]")
    assert await rows.count() < 40
    await rows.first.locator("a").focus()
    await tablet.page.keyboard.press("End")
    await tablet.sees("住户0599")
    await expect(rows.last.locator("a")).to_be_focused()
    assert await rows.count() < 40
    await tablet.go("记录")
    await expect(tablet.page.locator("[role=list]")).to_contain_text("走访")
    assert await rows.count() < 40


async def test_tl3_records_are_narrowed_by_state_owner_and_whom_they_are_about(tablet: Tablet, centre: Served) -> None:
    push(centre, visit(2, subject=ENTERPRISE, **{"participants/m0042": True}), member="m0042")
    await decide(centre, visit(1)["_id"], "approve")
    await tablet.go("记录")
    await tablet.sees("立新机电有限公司")
    await expect(tablet.page.locator(".tag", has_text="已审核")).to_be_visible()
    await tablet.page.get_by_label("状态").select_option("reviewed")
    await tablet.sees("张伟户")
    await tablet.sees_not("立新机电有限公司")
    await tablet.page.get_by_label("状态").select_option("")
    await tablet.page.get_by_role("searchbox").fill("lx")
    await tablet.sees("立新机电有限公司")
    await tablet.sees_not("张伟户")
    await tablet.page.get_by_role("searchbox").fill("")
    await tablet.page.get_by_label("类型").select_option("survey")
    await tablet.sees("没有符合的记录")


async def test_tl4_a_returned_record_shows_its_remarks_beside_the_fields(tablet: Tablet, centre: Served) -> None:
    record = visit(1)["_id"]
    remarks = [{"field": "talked", "text": "请写明政策"}, {"field": "outcome", "text": "成效未写"}]
    await decide(centre, record, "return", text="请补充后再报", remarks=remarks)
    await tablet.sees("需要更正（1）")
    await tablet.page.locator("a.record-row").first.click()
    await tablet.sees("支部退回了这条记录")
    await tablet.sees("请补充后再报")
    talked = tablet.page.locator(".said", has_text="谈了什么")
    await expect(talked).to_contain_text("请写明政策")
    await tablet.sees("有何成效：成效未写")
    await tablet.tap("更正", nth=-1)
    await expect(tablet.page).to_have_url(f"{centre.url}/#/write/{record}")


async def test_tl4_what_the_check_found_wrong_is_told_beside_its_field(tablet: Tablet, centre: Served) -> None:
    push(centre, visit(3, advised=-3))
    await tablet.sees("需要更正（1）")
    await tablet.page.locator("a.record-row").first.click()
    await expect(tablet.page.locator(".said", has_text="咨询人次").first).to_contain_text("应在 0 到")


async def test_tl5_a_record_is_withdrawn_with_a_reason_and_the_branch_sees_it(tablet: Tablet, centre: Served) -> None:
    await tablet.go("记录")
    await tablet.page.locator("a.record-row").first.click()
    await tablet.tap("撤回")
    await tablet.page.get_by_label("原因").fill("重复记录")
    await tablet.page.locator("dialog").get_by_role("button", name="撤回").click()
    await tablet.sees("已撤回，不再计入")
    told = await until(lambda: get(centre, f"/sync/{DB}/{visit(1)['_id']}")["fields"].get("withdrawn"))
    assert told["reason"] == "重复记录"
    await tablet.tap("修改经过")
    await expect(tablet.page.locator("details.past")).to_contain_text("m0117")


async def test_tl11_what_the_branch_will_not_take_says_why_and_can_be_let_go(tablet: Tablet, centre: Served) -> None:
    record = visit(1)["_id"]
    await tablet.cut()
    await tablet.go("记录")
    await tablet.page.locator("a.record-row").first.click()
    await tablet.tap("撤回")
    await tablet.page.get_by_label("原因").fill("重复记录")
    await tablet.page.locator("dialog").get_by_role("button", name="撤回").click()
    post(centre, "/api/v1/erasures", {"database": DB, "ids": [record], "reason": "request"}, ADMIN)
    await tablet.join()
    await tablet.sees("支部没有接收这条记录")
    await tablet.sees("保存救援文件")
    await tablet.go("同步")
    await tablet.sees("未被接收")
    await tablet.page.locator("a.record-row").first.click()
    await tablet.page.get_by_role("button", name="从本机移除").click()
    await tablet.page.locator("dialog").get_by_role("button", name="移除").click()
    await tablet.sees("本机还没有记录")
    await tablet.go("同步")
    await tablet.sees("本机已全部同步")


async def edit_note(tablet: Tablet, note: str) -> None:
    """Something is written on the tablet, whatever the network is like."""
    await tablet.go("对象")
    await tablet.tap("张伟户")
    await tablet.page.get_by_role("button", name="修改").click()
    await tablet.page.get_by_label("备注").fill(note)
    await tablet.page.get_by_role("button", name="保存").click()
    await tablet.sees(note)


async def test_tl6_a_rescue_file_holds_what_is_unsent_and_the_server_takes_it_in(
    tablet: Tablet, centre: Served, tmp_path: Path
) -> None:
    await tablet.cut()
    await edit_note(tablet, "只在平板上的备注")
    await tablet.go("同步")
    await tablet.sees("待发送（1）")
    async with tablet.page.expect_download() as coming:
        await tablet.tap("保存救援文件")
    file = await coming.value
    await tablet.sees("1 条记录，0 张照片")
    assert file.suggested_filename.startswith("fieldbook-li-")
    await file.save_as(tmp_path / "file.rescue")
    data = (tmp_path / "file.rescue").read_bytes()
    assert "只在平板上的备注".encode() not in data
    assert json.loads(data.partition(b"\n")[0])["branch"] == "b03"
    assert post(centre, "/api/v1/rescues", data)["written"] == 1
    assert get(centre, f"/sync/{DB}/{HOUSEHOLD}")["fields"]["note"] == "只在平板上的备注"
    await tablet.join()
    await tablet.synced()


async def test_tl7_a_session_that_ran_out_is_renewed_on_the_spot_and_loses_nothing(
    tablet: Tablet, centre: Served
) -> None:
    (own,) = get(centre, "/api/v1/tablets", ADMIN)["tablets"]
    post(centre, f"/api/v1/tablets/{own['tablet']['id']}/code", {}, ADMIN)
    await edit_note(tablet, "会话过期后写的")
    await tablet.go("同步")
    await tablet.sees("登录已过期")
    await tablet.sees("待发送（1）")
    await tablet.page.locator("input[name=password]").fill("wrong")
    await tablet.tap("登录并同步")
    await tablet.sees("账号或密码不对")
    await tablet.page.locator("input[name=password]").fill(PASSWORD)
    await tablet.tap("登录并同步")
    await tablet.synced()
    assert get(centre, f"/sync/{DB}/{HOUSEHOLD}")["fields"]["note"] == "会话过期后写的"


async def test_tl8_the_pin_is_changed_by_whoever_knows_it(tablet: Tablet) -> None:
    await tablet.go("同步")
    await tablet.tap("更改密码")
    await tablet.pin("864209")
    await tablet.sees("密码不对")
    await tablet.pin(PIN)
    await tablet.sees("设置 6 位数字密码")
    await tablet.pin("192837")
    await tablet.sees("再输入一次")
    await tablet.pin("192837")
    await tablet.sees("密码已更改")
    await tablet.page.get_by_role("button", name="锁定").click()
    await tablet.pin(PIN)
    await tablet.sees("密码不对")
    await tablet.unlock("192837")


async def test_tl9_a_member_leaves_the_tablet_and_unsent_work_only_after_it_was_confirmed(tablet: Tablet) -> None:
    await tablet.cut()
    await edit_note(tablet, "没有发送")
    await tablet.go("同步")
    await tablet.tap("从本机移除")
    remove = tablet.page.locator("dialog").get_by_role("button", name="移除")
    await expect(remove).to_be_disabled()
    await tablet.page.locator("input[name=confirm]").fill("li")
    await remove.click()
    await tablet.sees("首次登录需要网络")
    names = await tablet.page.evaluate("indexedDB.databases().then((all) => all.map((one) => one.name))")
    assert not [name for name in names if name.startswith(("fieldbook-", "_pouch_fieldbook-"))]


async def test_tl10_the_month_tells_own_figures_and_the_branch_s_without_a_network(
    tablet: Tablet, centre: Served
) -> None:
    month = visit(1)["fields"]["period"][0][:7]
    record = f"activity_record:b03:{month}"
    await until(lambda: "fields" in get(centre, f"/sync/{DB}/{record}"))
    await decide(centre, record, "approve", f"activity-records/b03/{month}")
    await until(lambda: "fields" in get(centre, f"/sync/{DB}/{record}:v1"))
    await tablet.go("本月")
    await tablet.sees("第 1 版，已审核")
    await tablet.cut()
    await tablet.go("今天")
    await tablet.go("本月")
    await tablet.sees("活动总数")
    await tablet.page.get_by_role("button", name="走访").click()
    await tablet.sees("走访：1 条记录")
    await tablet.sees("张伟户")
    await expect(tablet.page.get_by_role("img", name="20 日 1 条")).to_be_visible()


async def test_tl12_a_browser_that_may_clear_the_tablet_is_warned_of_on_today(tablet: Tablet) -> None:
    assert await tablet.page.evaluate("navigator.storage.persisted()") is False, "a new profile is kept by no browser"
    await tablet.tap("浏览器可能清除本机数据")
    await tablet.sees("添加到主屏幕")
    await tablet.sees("可用")
