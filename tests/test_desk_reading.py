"""How the desk tells a record to who reviews it, in a real Chromium: in what order, under which names, beside what others found."""

from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.access import axe
from tests.browser import needed, until
from tests.builders import record
from tests.desk_browser import desk, go
from tests.filling import household, member, put
from tests.serving import Served
from tests.working import edited, hours, plain

pytestmark = [needed, pytest.mark.browser]

CASE = "case:01K9ZK2A1B2C3D4E5F6G7H8J9K"
SITE = "site:01K8Q2M4T6V8C0N2B4X6D8E0F3"


async def opened(page: Page, staffed: Served, of: str) -> None:
    await go(page, f"inbox/{of}")
    await expect(page.locator(".record-facts")).to_be_visible()


def survey(author: str, finding: str, **fields: Any) -> dict[str, Any]:
    """By its author for the case, with a finding for the item that its checklist calls `door`."""
    told = {"findings__door__finding": finding, "findings__roof__finding": "pass", "case": CASE, "subject": SITE}
    body = plain("survey", author, period=hours(1, 2, 10), matter="食品生产许可现场核查", **{**told, **fields})
    dropped = ("findings/area/", "needs/01K9ZK1B", "conclusion")
    body["fields"] = {path: value for path, value in body["fields"].items() if not path.startswith(dropped)}
    return body


def joint(staffed: Served, **more: Any) -> None:
    case = record("case", author="m0117")
    fields = {
        "subject": SITE,
        "matter": "食品生产许可现场核查",
        "parties/b03": True,
        "parties/b04": True,
        "announced": "2026-11-09T01:00:00Z",
        "checklist/door/text": "疏散门向外开启",
        "checklist/roof/text": "屋面无渗漏",
        "limit": "2026-12-01T09:00:00Z",
    }
    put(staffed, "shared", {**case, "_id": CASE, "branch": "b03", "fields": fields | more})


def place(staffed: Served) -> None:
    """The site, in the branch's own database; and the people."""
    body = household("老码头食品厂")
    put(staffed, "branch-b03", {**body, "_id": SITE, "fields": {"kind": "site", "name": "老码头食品厂"}})
    for one in ("m0117", "m0042"):
        put(staffed, "centre", member(one, "b03"))


async def test_dk125_a_record_reads_in_one_order_whatever_its_form_says_and_whatever_was_opened_before(
    staffed: Served,
) -> None:
    place(staffed)
    needs = {f"needs__01K9ZJ7A1B2C3D4E5F6G7H8J{at}K__text": text for at, text in enumerate(("平面布局图", "租赁合同"))}
    body = survey("m0042", "remedy", address="码头路 3 号", place=[300_000_000, 1_100_000_000, 9])
    body["fields"] |= {path.replace("__", "/"): value for path, value in needs.items()} | {
        "conclusion": "remedy",
        "conclusion_text": "整改后复核",
    }
    del body["fields"]["case"]
    put(staffed, "branch-b03", body)
    async with desk(staffed) as page:
        await opened(page, staffed, body["_id"])
        heads = await page.locator(".record-facts .group-head").all_inner_texts()
        assert [one for one in heads if one != "情况"] == ["对象、时间与人员", "踏勘意见", "需补齐事项", "结论"]
        first = page.get_by_role("region", name="对象、时间与人员")
        labels = await first.locator("dt").all_inner_texts()
        assert labels[0] == "踏勘对象"
        assert labels.index("地点") + 1 == labels.index("位置")
        wanted = page.get_by_role("region", name="需补齐事项")
        await expect(wanted).to_have_count(1)
        await expect(wanted.locator("dt")).to_have_count(2)
        await expect(page.get_by_role("region", name="结论").locator(".tag.wait")).to_have_text("整改后通过")
        height = await page.locator(".record-facts").evaluate("(it) => it.getBoundingClientRect().height")
        # The form editor brings the tablet's inputs with their looks.
        await go(page, "forms")
        await page.get_by_role("link", name="踏勘").or_(page.get_by_role("button", name="踏勘")).first.click()
        await page.wait_for_load_state("networkidle")
        await opened(page, staffed, body["_id"])
        assert await page.locator(".record-facts").evaluate("(it) => it.getBoundingClientRect().height") == height


async def test_dk126_findings_are_called_as_the_announced_checklist_calls_them_alone_and_side_by_side(
    staffed: Served,
) -> None:
    place(staffed)
    joint(staffed)
    both = {"participants__m0042": True, "participants__m0117": True}
    mine, other = survey("m0042", "pass", **both), survey("m0117", "fail", findings__door__text="门锁死", **both)
    for body in (mine, other):
        put(staffed, "branch-b03", body)
    async with desk(staffed) as page:
        await opened(page, staffed, other["_id"])
        found = page.get_by_role("region", name="踏勘意见")
        await expect(found).to_contain_text("疏散门向外开启")
        await expect(found.locator(".line.under dt")).to_have_text("说明")
        await page.get_by_role("link", name="所属活动").click()
        beside = page.get_by_role("region", name="各自的记录").last
        await expect(beside.locator("tr.differs th")).to_contain_text(["疏散门向外开启"])
        rows = await beside.locator("tbody th").all_inner_texts()
        assert "屋面无渗漏" in rows
        assert "意见" not in rows


async def test_dk127_a_joint_survey_tells_what_each_party_found_who_is_awaited_and_the_conclusion(
    staffed: Served,
) -> None:
    place(staffed)
    joint(staffed)
    mine, other = survey("m0042", "pass"), survey("m0300", "fail", findings__door__text="门锁死")
    put(staffed, "branch-b03", mine)
    async with desk(staffed) as page:
        await opened(page, staffed, mine["_id"])
        told = page.get_by_role("region", name="联合踏勘：食品生产许可现场核查").first
        await expect(told).to_contain_text("尚未下达结论")
        await expect(told.get_by_role("columnheader").last).to_contain_text("未提交")
        put(staffed, "shared", {**other, "branch": "b04"} | {"_id": other["_id"]})
        await page.reload()
        await expect(told.locator("tr.differs")).to_contain_text("意见不一")
        await expect(told.locator("tr.differs")).to_contain_text("门锁死")
        assert await axe(page) == []


async def test_dk128_the_rating_that_counts_stands_first_and_a_further_one_says_that_it_does_not(
    staffed: Served,
) -> None:
    place(staffed)
    service = plain("service", "m0042", period=hours(1, 2, 10), subject=SITE)
    put(staffed, "branch-b03", service)
    for score, at in ((2, "2026-11-12T02:00:00Z"), (5, "2026-11-10T02:00:00Z")):
        given = {"record": service["_id"], "score": score, "at": at, "comment": f"评语{score}"}
        put(staffed, "branch-b03", record("rating", author="m0042", fields=given))
    async with desk(staffed) as page:

        async def counted() -> bool:
            await opened(page, staffed, service["_id"])
            await page.reload()
            await expect(page.locator(".rating-told")).to_have_count(2)
            return "不计入" in await page.locator(".rating-told").last.inner_text()

        await until(counted)
        first, second = await page.locator(".rating-told").all()
        await expect(first).to_contain_text("非常满意")
        await expect(first.locator(".tag.good")).to_be_visible()
        await expect(second).to_contain_text("评语2")


async def test_dk129_a_subject_goes_by_its_name_wherever_it_lies_or_by_its_kind_and_never_by_its_id(
    staffed: Served,
) -> None:
    place(staffed)
    joint(staffed)
    shared, lost = survey("m0042", "pass"), survey("m0042", "pass", subject="site:01K8NOBODYKNOWSTHISONE00000")
    put(staffed, "shared", shared)
    put(staffed, "branch-b03", lost)
    async with desk(staffed) as page:
        await opened(page, staffed, shared["_id"])
        await expect(page.locator(".record-head h2")).to_have_text("老码头食品厂")
        await opened(page, staffed, lost["_id"])
        await expect(page.locator(".record-head h2")).to_contain_text("名称不显示")


async def test_dk130_a_decision_about_an_activity_shows_without_anything_being_pressed(staffed: Served) -> None:
    place(staffed)
    both = {"participants__m0042": True, "participants__m0117": True, "subject": SITE, "period": hours(1, 2, 10)}
    told = [plain("visit", who, kind="other", **both) for who in ("m0042", "m0117")]
    for body in told:
        put(staffed, "branch-b03", body)
    async with desk(staffed) as page:
        await opened(page, staffed, told[0]["_id"])
        await page.get_by_role("link", name="所属活动").click()
        heads = page.get_by_role("region", name="各自的记录").last.get_by_role("columnheader")
        await expect(heads).to_have_count(2)
        await page.get_by_role("button", name="拆分出去").last.click()
        await expect(page.locator(".notice.good")).to_contain_text("已拆分")
        await expect(heads).to_have_count(1)


async def test_dk131_a_record_that_was_taken_back_says_so_with_the_reason_and_asks_for_nothing(staffed: Served) -> None:
    place(staffed)
    body = plain("visit", "m0042", kind="assist", subject=SITE, narrative="误记", period=hours(1, 2, 10))
    over = {"over": [body["stamps"][""]], "reason": "与另一条重复"}
    put(staffed, "branch-b03", edited(body, "withdrawn", over, member="m0042"))
    async with desk(staffed) as page:
        await opened(page, staffed, body["_id"])
        await expect(page.locator(".pane .notice")).to_have_count(1)
        await expect(page.locator(".pane .notice")).to_contain_text("与另一条重复")
        await expect(page.get_by_role("button", name="通过")).to_have_count(0)


async def test_dk132_a_remark_stands_beside_what_it_is_about_and_one_value_of_a_history_is_one_line(
    staffed: Served,
) -> None:
    place(staffed)
    body = plain("visit", "m0042", kind="assist", subject=SITE, narrative="谈了低保", period=hours(1, 2, 10))
    put(staffed, "branch-b03", body)
    async with desk(staffed) as page:
        await opened(page, staffed, body["_id"])
        line = page.locator(".line", has_text="谈了低保")
        await page.get_by_role("button", name="退回").click()
        said, remark = [await line.locator(one).bounding_box() for one in (".why-words", "textarea")]
        assert said is not None
        assert remark is not None
        assert remark["x"] > said["x"] + said["width"]
        assert remark["y"] < said["y"] + said["height"]
        await page.get_by_role("button", name="取消").click()
        await page.get_by_role("button", name="每一项的经过").click()
        await expect(line.locator(".why-value.single")).to_have_count(1)
        await page.set_viewport_size({"width": 1024, "height": 768})
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
