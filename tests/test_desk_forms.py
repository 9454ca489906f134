"""The review desk's forms in a real Chromium: edited by keyboard beside how they look on the tablet, published, refused where
unsound."""

import io
import re

import httpx
import pytest
from PIL import Image
from playwright.async_api import FrameLocator, Locator, Page, expect

from tests.access import axe
from tests.browser import intercept, needed
from tests.desk_browser import desk, manage
from tests.filling import as_admin, documents
from tests.serving import Served

pytestmark = [needed, pytest.mark.browser]


def forms(staffed: Served, of: str) -> list[dict[str, object]]:
    with as_admin(staffed) as admin:
        return [one["fields"] for one in admin.get("/api/v1/forms").json() if one["fields"]["for"] == of]


async def survey(page: Page) -> None:
    await manage(page, "表单")
    await choose(page, "踏勘记录")


async def choose(page: Page, form: str) -> None:
    """Until the form itself is there: what is there before may be another one."""
    await page.get_by_role("button", name=form).click()
    await expect(page.get_by_label("标题（中文）")).to_have_value(form)


def tried(page: Page) -> FrameLocator:
    """What is on the tablet beside the editor."""
    return page.frame_locator("iframe[title=试填表单]")


def bar(page: Page) -> Locator:
    return page.get_by_role("region", name="与已发布版本相比")


async def changes(page: Page) -> Locator:
    """What the draft changes, line by line."""
    summary = bar(page).locator("summary")
    await expect(summary).to_be_visible()
    if await bar(page).locator("details[open]").count() == 0:
        await summary.click()
    return bar(page).locator(".changed li")


async def publish(page: Page, number: int) -> None:
    await page.get_by_role("button", name=f"发布第 {number} 版").click()
    await page.get_by_role("dialog").get_by_role("button", name="发布", exact=True).click()


async def whole(page: Page) -> None:
    """High enough for the whole tablet."""
    await page.set_viewport_size({"width": 1440, "height": 1300})


async def test_dk65_a_check_is_added_named_and_moved_by_keyboard_and_shows_as_on_the_tablet(
    staffed: Served,
) -> None:
    """DK66, DK67 and DK69 too."""
    async with desk(staffed, "admin") as page:
        await whole(page)
        await survey(page)
        await expect(bar(page)).to_contain_text("没有改动")
        names = page.locator(".item-name")
        first = await names.all_inner_texts()
        await page.get_by_role("button", name="＋ 检查项").click()
        await expect(page.get_by_label("名称（中文）")).to_be_focused()
        await page.get_by_label("名称（中文）").fill("门前有无障碍通道")
        await expect(await changes(page)).to_contain_text(["新增“门前有无障碍通道”"])
        line = page.get_by_role("button", name="门前有无障碍通道 检查项")
        before = await names.all_inner_texts()
        at = before.index("门前有无障碍通道")
        assert before == [*first[:at], "门前有无障碍通道", *first[at:]]
        await line.focus()
        await page.keyboard.press("Alt+ArrowUp")
        await expect(names).to_have_text([*before[: at - 1], before[at], before[at - 1], *before[at + 1 :]])
        await expect(line).to_be_focused()
        await page.get_by_role("button", name="下移“门前有无障碍通道”").click()
        await expect(names).to_have_text(before)
        await tried(page).get_by_role("button", name="2 踏勘清单").click()
        check = tried(page).get_by_role("group", name="门前有无障碍通道")
        await check.get_by_text("整改后符合").click()
        await expect(check.get_by_role("radio", name="整改后符合")).to_be_checked()
        # Where nothing lies half behind the buttons at the foot.
        await tried(page).get_by_role("button", name="对象与时间").click()
        assert await axe(page) == []
        await page.reload()
        await survey(page)
        await expect(await changes(page)).to_contain_text(["新增“门前有无障碍通道”"])
        await publish(page, 2)
        await expect(page.get_by_text("已发布第 2 版")).to_be_visible()
        await page.get_by_text("共 2 个版本").click()
        await expect(page.get_by_role("row", name="管理员")).to_be_visible()
    assert [one["number"] for one in forms(staffed, "survey")] == [1, 2]


async def test_dk65_an_item_is_dragged_to_another_place(staffed: Served) -> None:
    async with desk(staffed, "admin") as page:
        await manage(page, "表单")
        lines = page.locator(".item-line")
        await expect(lines.first).to_be_visible()
        names = await page.locator(".item-name").all_inner_texts()
        await lines.nth(1).drag_to(lines.nth(3))
        moved = [names[0], names[2], names[3], names[1], *names[4:]]
        await expect(page.locator(".item-name")).to_have_text(moved)
        await expect(await changes(page)).to_contain_text(["顺序有变"])
        await page.get_by_role("button", name="放弃草稿").click()
        await expect(page.locator(".item-name")).to_have_text(names)


async def test_dk68_an_unsound_form_is_refused_with_all_problems_at_their_places(staffed: Served) -> None:
    async with desk(staffed, "admin") as page:
        # It is published before the server has looked it over.
        await intercept(page, "**/api/v1/forms/check", lambda route: route.abort())
        await manage(page, "表单")
        await page.get_by_role("button", name="去掉“起止时间”").click()
        await page.get_by_role("button", name="谈了什么").first.click()
        await page.get_by_label("名称（中文）").fill("")
        await publish(page, 2)
        await expect(page.get_by_role("alert").first).to_contain_text("没有发布：有 2 处问题")
        await expect(page.locator(".faulty")).to_have_count(1)
        await expect(page.locator(".item-editor")).to_contain_text("应有中文和英文")
        await expect(page.get_by_text("缺少“起止时间”")).to_be_visible()
        assert await axe(page) == []
    assert len(forms(staffed, "visit")) == 1


async def test_dk68_of_two_who_publish_at_once_the_second_is_told_and_keeps_the_draft(staffed: Served) -> None:
    async with desk(staffed, "admin") as page:
        await manage(page, "表单")
        await page.get_by_label("标题（中文）").fill("走访登记")
        (now,) = forms(staffed, "visit")
        with as_admin(staffed) as admin:
            made: httpx.Response = admin.post(
                "/api/v1/forms", json={"for": "visit", "title": {"zh": "别的", "en": "x"}, "items": now["items"]}
            )
            assert made.status_code == 201, made.text
        await publish(page, 2)
        await expect(page.get_by_role("alert")).to_contain_text("有人发布了第 2 版，您的版本没有发布")
        await expect(page.get_by_label("标题（中文）")).to_have_value("走访登记")
        await page.get_by_role("button", name="以第 2 版为准继续").click()
        await expect(await changes(page)).to_contain_text(["标题：“别的” → “走访登记”"])
        await expect(page.get_by_role("button", name="发布第 3 版")).to_be_enabled()
    assert [one["number"] for one in forms(staffed, "visit")] == [1, 2]


async def test_dk64_who_is_no_administrator_reads_forms_and_edits_none(staffed: Served) -> None:
    async with desk(staffed) as page:
        await manage(page, "表单")
        await expect(tried(page).locator("main")).to_contain_text("走访记录")
        await expect(page.get_by_role("button", name="发布第 2 版")).to_have_count(0)
        await page.get_by_text("共 1 个版本").click()
        await expect(page.get_by_role("row", name="初始表单")).to_be_visible()
        assert await axe(page) == []


async def test_fm13_a_form_is_tried_with_the_tablet_s_own_inputs_on_what_is_made_up(staffed: Served) -> None:
    """DK108 too."""
    async with desk(staffed, "admin") as page:
        await whole(page)
        await manage(page, "表单")
        await choose(page, "走访记录")
        await expect(page.get_by_role("region", name="平板上的样子")).to_contain_text("不保存、不发送")
        on = tried(page)
        await expect(on.get_by_label("开始")).to_have_value(re.compile(r"\d{4}-\d\d-\d\dT"))
        await expect(on.get_by_text("李明（示例）")).to_be_visible()
        await on.get_by_role("button", name="1 小时").click()
        await expect(on.get_by_text("历时 1 小时")).to_be_visible()
        await on.get_by_role("button", name="4 照片与位置").click()
        await expect(on.get_by_text("精度约 12 米")).to_be_visible()
        await on.get_by_role("button", name="2 情况").click()
        await on.get_by_role("button", name="身体状况良好").first.click()
        await expect(on.locator("textarea").first).to_have_value("身体状况良好")
        assert await axe(page) == []


async def test_dk108_subjects_and_people_are_searched_for_and_made_as_on_a_tablet_and_nothing_leaves(
    staffed: Served,
) -> None:
    before = {db: len(documents(staffed, db, "subject")) for db in ("branch-b03", "shared")}
    asked: list[str] = []
    async with desk(staffed, "admin") as page:
        await whole(page)
        await manage(page, "表单")
        await choose(page, "走访记录")
        on = tried(page)
        await expect(on.get_by_role("button", name="点此查找或新建")).to_be_visible()
        page.on("request", lambda request: asked.append(request.method) if "/tried/" in request.frame.url else None)
        await on.get_by_role("button", name="点此查找或新建").click()
        search = on.get_by_role("dialog", name="走访对象")
        await expect(search.get_by_text("由近到远")).to_be_visible()
        await search.get_by_role("searchbox").fill("lgl")
        await expect(search.locator("li")).to_have_text([re.compile("李桂兰户（示例）")])
        assert await axe(page) == []
        await search.get_by_role("searchbox").fill("周大娘")
        await expect(search.get_by_text("没有找到")).to_be_visible()
        await search.get_by_role("button", name="新建").click()
        await on.get_by_role("dialog", name="新建对象").get_by_role("button", name="新建并选用").click()
        await expect(on.get_by_role("button", name="周大娘")).to_be_visible()
        await expect(on.get_by_role("heading", name="周大娘")).to_be_visible()
        await on.get_by_role("button", name="添加人员").click()
        people = on.get_by_role("dialog", name="参加人")
        await people.get_by_role("searchbox").fill("zh")
        await people.get_by_role("button", name="张华（示例）").click()
        await people.get_by_role("button", name="选好了（2）").click()
        await on.get_by_role("button", name="移除李明（示例）").click()
        await expect(on.locator(".person-chip")).to_have_text([re.compile("张华（示例）")])
        await on.get_by_role("button", name="重新试填").click()
        await expect(on.get_by_role("button", name="点此查找或新建")).to_be_visible()
    assert asked == []
    assert {db: len(documents(staffed, db, "subject")) for db in before} == before


async def test_dk108_the_tablet_is_of_three_sizes_and_speaks_the_desk_s_language(staffed: Served) -> None:
    async with desk(staffed, "admin") as page:
        await manage(page, "表单")
        on = tried(page)
        widths = []
        for device in ("平板竖放", "平板横放", "手机"):
            await page.get_by_role("button", name=device).click()
            await expect(page.get_by_role("button", name=device)).to_have_attribute("aria-pressed", "true")
            widths.append(await on.locator("html").evaluate("() => innerWidth"))
        assert widths == [700, 1024, 360]
        await page.get_by_role("button", name="English").click()
        await expect(page.frame_locator("iframe").get_by_role("button", name="Next")).to_be_visible()


def picture() -> bytes:
    held = io.BytesIO()
    Image.new("RGB", (320, 240), (180, 60, 40)).save(held, "JPEG")
    return held.getvalue()


async def test_dk109_each_check_takes_a_note_and_a_photo_which_stand_with_the_record_s_photos(staffed: Served) -> None:
    async with desk(staffed, "admin") as page:
        await whole(page)
        await survey(page)
        on = tried(page)
        await on.get_by_role("button", name="2 踏勘清单").click()
        checks = on.locator(".finding")
        first = checks.first
        await expect(on.get_by_text("已查 0 项")).to_be_visible()
        await first.get_by_text("不符合", exact=True).click()
        await first.get_by_label("说明").fill("门牌与申报不同")
        await expect(on.get_by_text("已查 1 项")).to_be_visible()
        await checks.nth(1).get_by_role("button", name="加说明").click()
        await expect(checks.nth(1).get_by_label("说明")).to_be_visible()
        file = {"name": "门前.jpg", "mimeType": "image/jpeg", "buffer": picture()}
        await first.locator("input[type=file]").set_input_files([file])  # type: ignore[list-item]  # a dict is a FilePayload
        await expect(first.get_by_text("照片（1）")).to_be_visible()
        await on.get_by_role("button", name="照片与位置").click()
        await expect(on.get_by_role("img", name="场所与申报地址一致")).to_be_visible()
        await on.get_by_role("button", name="核对").click()
        await expect(on.get_by_text("不符合：门牌与申报不同")).to_be_visible()
        assert await axe(page) == []
    assert documents(staffed, "branch-b03", "photo") == []


async def test_dk109_who_is_told_of_is_asked_for_notice_and_consent(staffed: Served) -> None:
    async with desk(staffed, "admin") as page:
        await whole(page)
        await manage(page, "表单")
        await choose(page, "走访记录")
        on = tried(page)
        await on.get_by_role("button", name="点此查找或新建").click()
        await on.get_by_role("button", name="王秀英户（示例）").click()
        await on.get_by_role("button", name="2 情况").click()
        await on.locator("textarea").first.fill("老人独居")
        privacy = on.get_by_role("group", name="内容涉及住户：是否已告知或征得同意？")
        await expect(privacy).to_be_visible()
        await on.get_by_role("button", name="核对").click()
        await expect(on.get_by_text("请注明已告知或已同意")).to_be_visible()
        await on.get_by_role("button", name="情况，有需要改正的").click()
        await privacy.get_by_text("已告知", exact=True).click()
        await expect(privacy.get_by_label("记录保存至")).to_have_value(re.compile(r"20\d\d-"))


async def test_dk110_a_missing_answer_is_told_at_its_place_and_a_condition_shows_its_field(staffed: Served) -> None:
    async with desk(staffed, "admin") as page:
        await whole(page)
        await manage(page, "表单")
        await choose(page, "走访记录")
        on = tried(page)
        await on.get_by_role("button", name="2 情况").click()
        talked = on.get_by_label("谈了什么")
        await expect(talked).to_have_count(0)
        await on.get_by_role("button", name="有需要改正的").click()
        await expect(on.get_by_role("group", name="走访对象").get_by_text("必填，请填写")).to_be_visible()
        await on.get_by_role("combobox", name="走访类型").select_option(label="帮扶走访")
        await on.get_by_role("button", name="2 情况").click()
        await expect(talked).to_be_visible()
        await on.get_by_role("button", name="核对").click()
        await on.get_by_role("button", name="完成").click()
        missing = on.get_by_role("dialog", name="还有需要补填或改正的")
        await expect(missing).to_contain_text("必填内容补齐后才能完成")
        await missing.get_by_role("button", name="走访对象").click()
        await on.get_by_role("button", name="点此查找或新建").click()
        await on.get_by_role("button", name="汉江食品有限公司").click()
        await on.get_by_role("button", name="核对").click()
        await on.get_by_role("button", name="完成").click()
        await expect(on.get_by_role("status")).to_contain_text("这是试填：没有保存，也没有发送")
        assert await axe(page) == []
        await on.get_by_role("button", name="回去接着填").click()
        await expect(on.get_by_role("heading", name="汉江食品有限公司")).to_be_visible()


async def test_dk110_what_is_edited_shows_at_once_and_what_was_tried_stays(staffed: Served) -> None:
    async with desk(staffed, "admin") as page:
        await manage(page, "表单")
        await choose(page, "走访记录")
        on = tried(page)
        await on.get_by_role("combobox", name="走访类型").select_option(label="帮扶走访")
        await page.get_by_role("button", name="走访对象").first.click()
        await page.get_by_label("名称（中文）").fill("走访了谁")
        await expect(on.get_by_text("走访了谁")).to_be_visible()
        await expect(on.get_by_role("combobox", name="走访类型").locator("option:checked")).to_have_text("帮扶走访")
        await page.get_by_role("button", name="有何成效 文字").click()
        await expect(on.get_by_role("button", name="2 情况")).to_have_attribute("aria-current", "step")
        await expect(on.get_by_label("有何成效")).to_be_in_viewport()
        await expect(page.get_by_role("button", name="有何成效 文字")).to_be_focused()
        await page.get_by_role("button", name="走访了谁").first.click()
        await page.get_by_label("名称（中文）").fill("")
        await expect(page.get_by_text("预览停在上一次能打开的样子")).to_be_visible()
        await expect(on.get_by_text("走访了谁")).to_be_visible()


async def test_dk111_what_would_be_wrong_is_told_at_its_place_while_one_edits(staffed: Served) -> None:
    async with desk(staffed, "admin") as page:
        await manage(page, "表单")
        await choose(page, "走访记录")
        await page.get_by_role("button", name="谈了什么").first.click()
        await page.get_by_label("名称（中文）").fill("")
        await expect(page.locator(".item-editor")).to_contain_text("应有中文和英文")
        await expect(page.get_by_label("名称（中文）")).to_have_attribute("aria-invalid", "true")
        await expect(page.get_by_label("名称 (English)")).to_have_attribute("aria-invalid", "false")
        await expect(bar(page)).to_contain_text("有 1 处问题")
        await page.get_by_role("button", name="（没有名称）").click()
        await page.get_by_role("button", name="发布第 2 版").click()
        await expect(page.get_by_role("dialog")).to_have_count(0)
        await expect(page.locator(".faulty .item-open")).to_be_focused()
        assert await axe(page) == []
        await page.get_by_label("名称（中文）").fill("谈了些什么")
        await expect(page.locator(".faulty")).to_have_count(0)
        await publish(page, 2)
        await expect(page.get_by_text("已发布第 2 版")).to_be_visible()


async def test_dk112_a_check_is_duplicated_and_every_change_taken_back_by_keys(staffed: Served) -> None:
    async with desk(staffed, "admin") as page:
        await survey(page)
        names = page.locator(".item-name")
        first = await names.all_inner_texts()
        at = first.index("面积与布局符合要求")
        await page.get_by_role("button", name="面积与布局符合要求 检查项").click()
        await page.get_by_role("button", name="复制此项").click()
        copied = [*first[: at + 1], "面积与布局符合要求（副本）", *first[at + 1 :]]
        await expect(names).to_have_text(copied)
        await expect(page.get_by_role("button", name="面积与布局符合要求（副本） 检查项")).to_be_focused()
        await page.get_by_role("button", name="去掉“起止时间”").click()
        await expect(names).to_have_count(len(first))
        await page.keyboard.press("Control+z")
        await expect(names).to_have_text(copied)
        await page.keyboard.press("Control+z")
        await expect(names).to_have_text(first)
        await expect(bar(page)).to_contain_text("没有改动")
        await page.keyboard.press("Control+Shift+z")
        await expect(names).to_have_text(copied)
        await page.get_by_role("button", name="放弃草稿").click()
        await expect(names).to_have_text(first)
        await page.get_by_role("button", name="撤销").click()
        await expect(names).to_have_text(copied)
        # A field of the record is one field.
        await page.get_by_role("button", name="办理事项 文字").click()
        await expect(page.get_by_text("字段 matter")).to_be_visible()
        await expect(page.get_by_role("button", name="复制此项")).to_have_count(0)


async def test_dk113_before_publishing_it_is_told_what_becomes_of_records_and_drafts(staffed: Served) -> None:
    async with desk(staffed, "admin") as page:
        await survey(page)
        await page.get_by_role("button", name="去掉“面积与布局符合要求”").click()
        await page.get_by_role("button", name="窗口 选择对象").click()
        await page.get_by_label("必填").check()
        await page.get_by_role("button", name="发布第 2 版").click()
        asked = page.get_by_role("dialog", name="发布第 2 版？")
        await expect(asked).to_contain_text("去掉“面积与布局符合要求”新的记录不再填写；已有记录中的内容保留")
        await expect(asked).to_contain_text("“窗口”：改为必填新的记录必须填写；已有记录空着也不算错")
        await expect(asked).to_contain_text("0 条踏勘意见")
        await expect(asked).to_contain_text("已经开始的按原来的版本填完")
        assert await axe(page) == []
        await asked.get_by_role("button", name="再看看").click()
        await expect(asked).to_have_count(0)
        assert len(forms(staffed, "survey")) == 1


async def test_dk114_versions_are_compared_and_a_former_one_is_brought_back_as_a_draft(staffed: Served) -> None:
    (now,) = forms(staffed, "visit")
    items = [one for one in now["items"] if one["path"] != "outcome"]  # type: ignore[attr-defined]  # a list of items
    items[0] = {**items[0], "label": {"zh": "走访了谁", "en": "Who"}}
    with as_admin(staffed) as admin:
        told = {"for": "visit", "title": now["title"], "items": items}
        assert admin.post("/api/v1/forms", json=told).status_code == 201
    async with desk(staffed, "admin") as page:
        await manage(page, "表单")
        await page.get_by_text("共 2 个版本").click()
        compared = page.get_by_role("region", name="对比版本")
        await expect(compared.locator("li")).to_contain_text(["去掉“有何成效”", "名称 “走访对象” → “走访了谁”"])
        await compared.get_by_label("到").select_option(label="第 1 版")
        await expect(compared).to_contain_text("没有不同")
        assert await axe(page) == []
        await page.get_by_role("button", name="恢复为草稿").click()
        await expect(await changes(page)).to_contain_text(["新增“有何成效”", "名称 “走访了谁” → “走访对象”"])
        await publish(page, 3)
        await expect(page.get_by_text("已发布第 3 版")).to_be_visible()
    assert forms(staffed, "visit")[2]["items"] == now["items"]
