"""The committee of a branch on the desk, in a real Chromium: who sits on it and as what, from when until when, and who did before."""

import pytest
from playwright.async_api import expect

from sync.offices import terms
from tests.access import axe
from tests.browser import needed
from tests.desk_browser import desk, go, pick
from tests.filling import as_admin, documents
from tests.serving import Served
from tests.test_desk_admin import centre

pytestmark = [needed, pytest.mark.browser]


def held(staffed: Served) -> list[tuple[str, str, str, str | None]]:
    (fields,) = [one["fields"] for one in documents(staffed, "centre", "branch") if one["_id"] == "branch:b03"]
    return [(one.member, one.office, one.first, one.last) for one in terms(fields)]


async def test_dk115_somebody_is_put_into_office_replaced_corrected_and_the_former_stay_known(staffed: Served) -> None:
    centre(staffed)
    async with desk(staffed, "admin") as page:
        await go(page, "directory/branch")
        row = page.get_by_role("row").filter(has_text="第三党支部")
        await row.get_by_role("button", name="填写…").click()
        await page.get_by_role("button", name="新增任职").click()
        form = page.get_by_role("form", name="新增任职")
        await form.get_by_label("职务").select_option("secretary")
        await pick(page, "本支部人员", "0001")
        await form.get_by_label("从", exact=True).fill("2021-03-01")
        assert await axe(page) == []
        await form.get_by_role("button", name="保存").click()
        await expect(page.get_by_text("已保存：书记 同志0001")).to_be_visible()
        await page.get_by_role("button", name="新增任职").click()
        await form.get_by_label("职务").select_option("secretary")
        await pick(page, "本支部人员", "0042")
        await form.get_by_label("从", exact=True).fill("2026-11-01")
        await form.get_by_role("button", name="保存").click()
        await expect(form.get_by_role("alert")).to_contain_text("同志0001任此职（2021-03-01 起），同时只能有一人")
        assert await axe(page) == []
        await form.get_by_role("button", name="取消").click()
        now = page.get_by_role("table", name="现任")
        await now.get_by_role("button", name="接替").click()
        await pick(page, "本支部人员", "0042")
        await page.get_by_label("从", exact=True).fill("2026-11-01")
        await page.get_by_role("button", name="保存").click()
        await expect(now).to_contain_text("同志0042")
        await page.get_by_text("历任（1）").click()
        former = page.locator(".former")
        await expect(former).to_contain_text("2021-03-01 – 2026-10-31")
        await former.get_by_role("button", name="更正").click()
        await page.get_by_label("从", exact=True).fill("2021-04-01")
        await page.get_by_role("button", name="保存").click()
        await expect(former).to_contain_text("2021-04-01 – 2026-10-31")
        await page.get_by_role("button", name="完成").click()
        await expect(row.get_by_role("button", name="书记 同志0042，共 1 人")).to_be_visible()
    assert held(staffed) == [
        ("m0042", "secretary", "2026-11-01", None),
        ("m0001", "secretary", "2021-04-01", "2026-10-31"),
    ]


async def test_dk116_a_member_who_is_moved_leaves_the_committee_and_a_slip_is_taken_out(staffed: Served) -> None:
    centre(staffed)
    with as_admin(staffed) as admin:
        for member, office in (("m0042", "discipline"), ("m0117", "publicity")):
            told = {"member": member, "office": office, "first": "2024-01-01"}
            assert admin.post("/api/v1/branches/b03/offices", json=told).status_code == 201
    async with desk(staffed, "admin") as page:
        await go(page, "directory")
        await page.get_by_role("button", name="同志0042").click()
        await page.get_by_label("所属支部").select_option("b04")
        await page.get_by_label("在原支部的最后一天").fill("2026-11-20")
        await page.get_by_role("button", name="保存").click()
        await expect(page.get_by_text("已保存")).to_be_visible()
        await go(page, "directory/branch")
        await page.get_by_role("button", name="1 人，书记空缺").click()
        now = page.get_by_role("table", name="现任")
        await expect(now.locator("tbody tr")).to_have_count(1)
        await now.get_by_role("button", name="更正").click()
        await page.get_by_role("button", name="录错了，删除…").click()
        await page.get_by_role("button", name="删除这一条").click()
        await expect(page.get_by_text("还没有记录现任支委。")).to_be_visible()
        assert await axe(page) == []
    assert held(staffed) == [("m0042", "discipline", "2024-01-01", "2026-11-20")]
