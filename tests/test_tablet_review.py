"""Review lands on the tablet: what was returned opens at its remarks, and the correction goes back as a change that can be seen."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from playwright.async_api import expect

from tests.browser import Tablet, needed, until
from tests.filling import documents, household, put
from tests.serving import PASSWORD, Served

pytestmark = [needed, pytest.mark.browser]


def as_secretary(staffed: Served) -> httpx.Client:
    return httpx.Client(base_url=f"{staffed.url}/api/v1", auth=("song", PASSWORD))


def record(staffed: Served) -> dict[str, Any]:
    (found,) = documents(staffed, "branch-b03", "visit")
    with as_secretary(staffed) as secretary:
        told: dict[str, Any] = secretary.get(f"/records/{found['_id']}").json()
    return told


def decide(staffed: Served, decision: str, **more: Any) -> None:
    told = record(staffed)
    with as_secretary(staffed) as secretary:
        asked = {"record": told["id"], "decision": decision, "seen": told["seen"], **more}
        answer = secretary.post("/reviews", json=asked)
        assert answer.status_code == 201, answer.text


async def test_tu5_a_returned_record_opens_at_its_remarks_and_its_correction_is_reviewed_again(
    make: Callable[..., Tablet], staffed: Served
) -> None:
    put(staffed, "branch-b03", household("李桂兰"))
    tablet = make("t1")
    await tablet.start()
    await tablet.enrol("li")
    await tablet.synced()
    await tablet.visit("李桂兰", "情况正常")
    await tablet.home()
    await tablet.synced()
    await until(lambda: "seen" in record(staffed))
    decide(staffed, "return", text="请补充", remarks=[{"field": "narrative", "text": "请写明谈了什么"}])
    await tablet.sees("需要更正")
    await tablet.page.locator("a.record-row", has_text="李桂兰").first.click()
    await tablet.sees("已退回")
    await tablet.sees("请写明谈了什么")
    await tablet.page.get_by_role("button", name="更正").click()
    box = tablet.page.get_by_label("情况记录")
    await expect(box).to_be_visible()
    await tablet.sees("请写明谈了什么")
    await box.fill("谈了低保申请")
    await tablet.finish()
    await tablet.home()
    await tablet.synced()
    await tablet.sees_not("需要更正")
    told = await until(
        lambda: record(staffed) if record(staffed)["body"]["fields"]["narrative"] == "谈了低保申请" else None
    )
    with as_secretary(staffed) as secretary:
        history = secretary.get(f"/records/{told['id']}/history", params={"path": "narrative"}).text
    assert "情况正常" in history
    decide(staffed, "approve")
    await tablet.page.evaluate(f"location.hash = '#/records/{told['id']}'")
    await tablet.sees("已审核")


async def test_tu6_a_new_kind_of_event_and_its_form_come_with_no_new_app(
    make: Callable[..., Tablet], staffed: Served
) -> None:
    def item(path: str, kind: str, zh: str, **more: Any) -> dict[str, Any]:
        return {"path": path, "kind": kind, "label": {"zh": zh, "en": path}, **more}

    kinds = [{"value": "flood_watch", "label": {"zh": "防汛值守", "en": "flood watch"}}]
    levels = [
        {"value": "low", "label": {"zh": "正常", "en": "low"}},
        {"value": "high", "label": {"zh": "超警", "en": "high"}},
    ]
    items = [
        item("kind", "choice", "活动类型", required=True, options=kinds),
        item("period", "period", "起止时间", required=True),
        item("participants", "set", "参加人", required=True),
        item("water_level", "choice", "水位", required=True, options=levels),
        item("measures", "text", "处置措施", required=True, max=500, show_if={"path": "water_level", "equals": "high"}),
    ]
    fields = {
        "for": "event",
        "number": 2,
        "title": {"zh": "防汛值守", "en": "Flood watch"},
        "items": items,
        "active": True,
    }
    tablet = make("t1")
    await tablet.start()
    await tablet.enrol("li")
    await tablet.synced()
    put(staffed, "centre", {"_id": "form:event/2", "type": "form", "version": 1, "fields": fields})
    await tablet.contact()
    await until(lambda: _has(tablet, "form:event/2"))
    await tablet.page.get_by_role("button", name="活动").first.click()
    await tablet.page.get_by_label("防汛值守").first.check()
    await tablet.step("情况")
    await tablet.page.get_by_label("超警").check()
    await tablet.page.get_by_label("处置措施").fill("转移两户")
    await tablet.finish()
    await tablet.home()
    await tablet.synced()
    (event,) = documents(staffed, "branch-b03", "event")
    assert event["form"] == "event/2"
    held = {path: event["fields"][path] for path in ("kind", "water_level", "measures")}
    assert held == {"kind": "flood_watch", "water_level": "high", "measures": "转移两户"}


async def _has(tablet: Tablet, doc: str) -> bool:
    return doc in await tablet.cards("form")
