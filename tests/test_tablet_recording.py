"""Recording on the tablet in a real Chromium (TW1 to TW13: TW4, TW12 and TW13 also on Node): by forms, in steps, through crashes;
changed, returned and handed over."""

import json
import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from PIL import Image
from playwright.async_api import expect

from schemas import TYPES
from sync.reconcile.explain import seen_hash
from tests.browser import Tablet, needed, until
from tests.builders import stamp
from tests.serving import ADMIN, Served

pytestmark = [needed, pytest.mark.browser]

HOUSE = "household:01K9ZJ6Q3T8M4V7C2N5B1X0001"
SHOP = "enterprise:01K9ZJ6Q3T8M4V7C2N5B1X0002"
LAST = "visit:01K9ZJ6Q3T8M4V7C2N5B1X0003"
PERIOD = ["2026-11-18T00:03:12Z", "2026-11-18T00:40:00Z"]


def put(staffed: Served, db: str, of: str, record: str, author: str = "m0117", /, **fields: Any) -> None:
    """Bring a document to the server; `__` in a name stands for `/`."""
    told = {path.replace("__", "/"): value for path, value in fields.items()}
    envelope = {"branch": "b03", "author": author, "zone": "Asia/Shanghai"} if TYPES[of].envelope else {}
    body = {"type": of, "version": TYPES[of].version, **envelope, "fields": told, "stamps": {"": stamp(author, "t9")}}
    with httpx.Client(base_url=staffed.url, auth=ADMIN) as admin:
        answer = admin.put(f"/sync/{db}/{quote(record, safe=':')}", content=json.dumps({**body, "replaced": []}))
        assert answer.status_code == 201, answer.text


@pytest.fixture
def known(staffed: Served) -> Served:
    """People, a household that `li` is linked with and has visited, and an enterprise."""
    for member, name in (("m0117", "李敏"), ("m0042", "王强"), ("m0001", "宋洋")):
        put(staffed, "centre", "member", f"member:{member}", name=name, branch="b03", role="member", active=True)
    put(staffed, "branch-b03", "subject", HOUSE, kind="household", name="张建国", address="桐坪村二组4号")
    put(staffed, "branch-b03", "subject", SHOP, kind="enterprise", name="云泽纺织公司", address="高新区8号路")
    who = {"participants__m0117": True, "participants__m0042": True}
    last = {"subject": HOUSE, "kind": "link", "period": PERIOD, "privacy": "notice", "keep_until": "2028-11-18"}
    put(staffed, "branch-b03", "visit", LAST, **last, found="住房安全", **who)
    link = {"kind": "link", "member": "m0117", "subject": HOUSE, "days": ["2026-01-01", None], "state": "given"}
    put(staffed, "branch-b03", "assignment", "assignment:01K9ZJ6Q3T8M4V7C2N5B1X0004", "m0001", **link)
    return staffed


def records(staffed: Served, kind: str) -> list[dict[str, Any]]:
    """What the branch has of a type, in the order of its ids."""
    with httpx.Client(base_url=staffed.url, auth=ADMIN) as admin:
        asked = {"include_docs": "true", "startkey": f'"{kind}:"', "endkey": f'"{kind}:~"'}
        rows = admin.get("/sync/branch-b03/_all_docs", params=asked).json()["rows"]
    return [row["doc"] for row in rows if row["id"] != LAST and row["id"].startswith(f"{kind}:")]


async def arrived(staffed: Served, kind: str, count: int = 1) -> list[dict[str, Any]]:
    def enough() -> list[dict[str, Any]] | None:
        found = records(staffed, kind)
        return found if len(found) >= count else None

    told: list[dict[str, Any]] = await until(enough)
    return told


async def ready(make: Callable[..., Tablet], **about: Any) -> Tablet:
    tablet = make("t1", **about)
    await tablet.start()
    await tablet.enrol("li")
    await tablet.synced()
    return tablet


async def next_step(tablet: Tablet) -> None:
    await tablet.page.locator(".write-foot .main").click()


def field(tablet: Tablet, path: str) -> Any:
    return tablet.page.locator(f"[data-path='{path}']")


async def sign(tablet: Tablet) -> None:
    """With a line across the box, as by a finger."""
    box = await tablet.page.locator("canvas").bounding_box()
    assert box is not None
    left, top = box["x"] + 80, box["y"] + 60
    await tablet.page.mouse.move(left, top)
    await tablet.page.mouse.down()
    for at in range(30):
        await tablet.page.mouse.move(left + at * 10, top + at % 7 * 12)
    await tablet.page.mouse.up()
    await tablet.page.get_by_text("确认签名").click()
    await tablet.sees("谢谢您")


def picture(directory: Path) -> Path:
    """A photo larger than 300 KB with a place in its EXIF, as a camera makes it."""
    noise = Image.effect_noise((2400, 1800), 90).convert("RGB")
    exif = Image.Exif()
    exif[0x010F] = "Camera of the branch"
    kept = BytesIO()
    noise.save(kept, "JPEG", quality=95, exif=exif.tobytes())
    path = directory / "photo.jpg"
    path.write_bytes(kept.getvalue())
    return path


async def test_tw11_a_repeat_visit_takes_at_most_eight_taps(make: Callable[..., Tablet], known: Served) -> None:
    tablet = await ready(make)
    page, taps = tablet.page, 0

    async def tap(target: Any) -> None:
        nonlocal taps
        taps += 1
        await target.click()

    await tap(page.get_by_label("记走访：张建国"))
    await tap(page.locator(".as-last"))
    await tablet.sees("已按上次填好")
    await tap(page.locator(".write-foot .main"))
    await tap(page.get_by_role("button", name="身体状况良好"))
    await tap(page.locator(".step", has_text="核对"))
    await tap(page.get_by_role("button", name="现在结束"))
    await tap(page.locator(".write-foot .main"))
    await tablet.sees("已保存在本机")
    assert taps == 7
    (made,) = await arrived(known, "visit")
    fields = made["fields"]
    assert made["form"] == "visit/1"
    assert fields["subject"] == HOUSE
    assert fields["kind"] == "link"
    assert fields["found"] == "身体状况良好"
    assert fields["participants/m0117"] is True
    assert fields["participants/m0042"] is True
    assert fields["privacy"] == "notice"
    assert fields["keep_until"] > "2028"
    assert fields["place"] == [301000000, 1102000000, 12]
    assert fields["period"][1] is not None


async def test_tw3_tw4_tw8_a_killed_browser_loses_no_word_and_no_photo_and_finishing_makes_one_record(
    make: Callable[..., Tablet], known: Served, tmp_path: Path
) -> None:
    tablet = await ready(make)
    await tablet.cut()
    await tablet.tap("记走访")
    await tablet.page.locator(".chooser").click()
    await tablet.page.get_by_placeholder("姓名、拼音首字母、地址").fill("yzfz")
    await tablet.page.locator(".pick", has_text="云泽纺织公司").click()
    await next_step(tablet)
    await field(tablet, "narrative").locator("textarea").fill("厂房二楼漏水，已拍照。")
    await tablet.step("照片与位置")
    await tablet.page.locator("input[type=file]").first.set_input_files(picture(tmp_path))
    await tablet.page.get_by_label("新照片 1 的说明").fill("二楼天花板")
    await tablet.sees("草稿已保存")
    await tablet.kill()

    await tablet.start(offline=True)
    await tablet.unlock()
    await tablet.tap("云泽纺织公司")
    await expect(tablet.page.locator(".photo img")).to_be_visible()
    await expect(tablet.page.get_by_label("新照片 1 的说明")).to_have_value("二楼天花板")
    await tablet.step("情况")
    await expect(field(tablet, "narrative").locator("textarea")).to_have_value("厂房二楼漏水，已拍照。")
    await tablet.step("核对")
    await next_step(tablet)
    await tablet.sees("已保存在本机")
    await tablet.page.reload()
    await tablet.join()
    await tablet.pin()
    (made,) = await arrived(known, "visit")
    (photo,) = await arrived(known, "photo")
    assert photo["fields"]["record"] == made["_id"]
    assert photo["fields"]["caption"] == "二楼天花板"
    assert photo["fields"]["size"] <= 300 * 1024
    assert photo["fields"]["media"] == "image/jpeg"
    with httpx.Client(base_url=known.url, auth=ADMIN) as admin:
        answer = await until(
            lambda: got if (got := admin.get(f"/sync/photos-b03/{photo['_id']}/photo")).status_code == 200 else None
        )
    assert len(answer.content) == photo["fields"]["size"]
    assert not Image.open(BytesIO(answer.content)).getexif()


async def test_tw1_a_form_for_a_new_kind_of_event_is_filled_in_with_no_new_app(
    make: Callable[..., Tablet], known: Served
) -> None:
    items = [
        {"path": "period", "kind": "period", "label": {"zh": "时间", "en": "When"}, "required": True},
        {"path": "participants", "kind": "set", "label": {"zh": "值守人员", "en": "Who"}, "required": True},
        {"path": "level", "kind": "integer", "label": {"zh": "水位（厘米）", "en": "Level (cm)"}, "required": True},
        {"path": "dry", "kind": "boolean", "label": {"zh": "堤脚干燥", "en": "Foot is dry"}},
        {"path": "gear", "kind": "lines", "label": {"zh": "物资", "en": "Gear"}},
    ]
    form = {
        "for": "event",
        "number": 7,
        "title": {"zh": "防汛值守", "en": "Flood watch"},
        "items": items,
        "active": True,
    }
    put(known, "centre", "form", "form:event/7", **form, kind="flood_watch")
    tablet = await ready(make)
    await tablet.cut()
    await tablet.tap("记活动")
    await field(tablet, "kind").locator("select").select_option(label="防汛值守")
    await expect(field(tablet, "title")).to_have_count(0)
    await tablet.step("情况")
    await field(tablet, "level").locator("input").fill("240")
    await field(tablet, "dry").get_by_text("是", exact=True).click()
    await field(tablet, "gear").get_by_text("添加一条").click()
    await field(tablet, "gear").locator("input").fill("沙袋")
    await tablet.step("核对")
    await next_step(tablet)
    await tablet.sees("已保存在本机")
    await tablet.join()
    (made,) = await arrived(known, "event")
    assert made["form"] == "event/7"
    told = {path: made["fields"][path] for path in ("kind", "level", "dry", "gear")}
    assert told == {"kind": "flood_watch", "level": 240, "dry": True, "gear": ["沙袋"]}


async def test_tw2_tw5_what_is_missing_is_said_beside_the_field_and_what_is_merely_wrong_hinders_nothing(
    make: Callable[..., Tablet], known: Served
) -> None:
    tablet = await ready(make)
    await tablet.tap("记上门服务")
    await expect(tablet.page.locator(".step")).to_have_count(5)
    await tablet.step("核对")
    await next_step(tablet)
    dialog = tablet.page.locator("dialog")
    await expect(dialog.get_by_text("必填内容补齐后才能完成")).to_be_visible()
    await expect(dialog.get_by_text("仍然完成")).to_have_count(0)
    await dialog.get_by_text("办理事项：必填").click()
    await expect(field(tablet, "matter").locator(".problem")).to_have_text("必填，请填写")
    await expect(field(tablet, "matter").locator("input")).to_be_focused()
    await tablet.page.keyboard.type("个体工商户登记")
    await expect(field(tablet, "matter").locator(".problem")).to_have_count(0)
    await field(tablet, "matters").locator("input").fill("两件")
    await tablet.step("对象与时间")
    await field(tablet, "kind").locator("select").select_option(label="代办帮办")
    await tablet.page.locator(".chooser").click()
    await tablet.page.locator(".pick", has_text="云泽纺织公司").click()
    await tablet.step("核对")
    await next_step(tablet)
    await dialog.get_by_text("留作草稿").click()
    await tablet.tap("云泽纺织公司")
    await next_step(tablet)
    await dialog.get_by_text("仍然完成").click()
    await tablet.sees("已保存在本机")
    (made,) = await arrived(known, "service")
    assert made["fields"]["matters"] == "两件"


async def test_tw6_tw12_one_visit_makes_a_record_for_each_household_and_one_is_made_on_the_spot(
    make: Callable[..., Tablet], known: Served
) -> None:
    tablet = await ready(make)
    await tablet.tap("记走访")
    await tablet.page.locator(".chooser").click()
    search = tablet.page.get_by_placeholder("姓名、拼音首字母、地址")
    await search.fill("zjg")
    await expect(tablet.page.locator(".pick")).to_have_count(1)
    await search.fill("桐坪村")
    await tablet.page.locator(".pick", has_text="张建国").click()
    await tablet.page.locator("[aria-labelledby=also-for]").get_by_text("添加").click()
    await search.fill("赵新户")
    await tablet.sees("没有找到")
    await tablet.page.locator("dialog footer").get_by_text("新建").click()
    await expect(tablet.page.get_by_label("名称（户主姓名、企业名称等）")).to_have_value("赵新户")
    await tablet.page.get_by_label("地址", exact=True).fill("桐坪村三组9号")
    await tablet.page.get_by_text("新建并选用").click()
    await tablet.page.get_by_text("选好了（1）").click()
    await tablet.step("核对")
    await next_step(tablet)
    await tablet.sees("2 条记录已保存在本机")
    made = await arrived(known, "visit", 2)
    names = {one["_id"]: one["fields"]["name"] for one in records(known, "household")}
    assert sorted(names[one["fields"]["subject"]] for one in made) == ["张建国", "赵新户"]


async def test_tw7_of_somebody_else_s_record_only_one_s_own_part_is_changed(
    make: Callable[..., Tablet], known: Served
) -> None:
    theirs = "visit:01K9ZJ6Q3T8M4V7C2N5B1X0005"
    who = {"participants__m0117": True, "participants__m0042": True}
    put(known, "branch-b03", "visit", theirs, "m0042", subject=SHOP, period=PERIOD, found="经营正常", **who)
    tablet = await ready(make)
    await tablet.page.goto(f"{known.url}/#/records/{theirs}")
    await tablet.page.get_by_role("button", name="补充").click()
    await tablet.sees("这是别人的记录")
    await expect(field(tablet, "subject").locator(".chooser")).to_be_disabled()
    await tablet.step("情况")
    await expect(field(tablet, "found").locator("textarea")).to_be_disabled()
    await field(tablet, "parts/m0117/text").locator("textarea").fill("我负责记录")
    await tablet.step("问题")
    await field(tablet, "problems").get_by_text("添加一条").click()
    await tablet.page.locator("[data-path^='problems/'] textarea").fill("消防通道被占")
    await tablet.step("核对")
    await next_step(tablet)
    await tablet.sees("修改已保存在本机")

    def changed() -> dict[str, Any] | None:
        (held,) = records(known, "visit")
        return held if "parts/m0117/text" in held["fields"] else None

    held = await until(changed)
    assert "消防通道被占" in held["fields"].values()
    assert held["author"] == "m0042"
    assert held["fields"]["found"] == "经营正常"


async def test_tw7_a_returned_record_opens_at_the_field_that_was_remarked_on(
    make: Callable[..., Tablet], known: Served
) -> None:
    tablet = await ready(make)
    await tablet.tap("记走访")
    await tablet.page.locator(".chooser").click()
    await tablet.page.locator(".pick", has_text="云泽纺织公司").click()
    await tablet.step("情况")
    await field(tablet, "narrative").locator("textarea").fill("正常")
    await tablet.step("核对")
    await next_step(tablet)
    (made,) = await arrived(known, "visit")
    seen = f"sha256-{seen_hash(made, [])}"
    remark = {"remarks__01K9ZJAA__field": "narrative", "remarks__01K9ZJAA__text": "请写明看了哪些车间"}
    review = "review:01K9ZJ6Q3T8M4V7C2N5B1X0006"
    put(known, "branch-b03", "review", review, "m0001", record=made["_id"], decision="return", seen=seen, **remark)
    await tablet.page.get_by_text("回到今天").click()
    await tablet.sees("需要更正")
    await tablet.page.goto(f"{known.url}/#/records/{made['_id']}")
    await tablet.page.get_by_role("button", name="更正").click()
    await expect(field(tablet, "narrative").locator(".remark")).to_contain_text("请写明看了哪些车间")
    await field(tablet, "narrative").locator("textarea").fill("看了一、二号车间，正常")
    await tablet.step("核对")
    await next_step(tablet)
    await tablet.sees("修改已保存在本机")
    await until(lambda: records(known, "visit")[0]["fields"]["narrative"].startswith("看了"))


async def test_tw8_a_full_disk_is_told_of_and_loses_nothing_typed(
    make: Callable[..., Tablet], known: Served, tmp_path: Path
) -> None:
    tablet = await ready(make)
    await tablet.tap("记活动")
    await tablet.sees("草稿已保存")
    await tablet.page.evaluate(
        """() => {
          window.roomy = IDBObjectStore.prototype.put;
          IDBObjectStore.prototype.put = () => { throw new DOMException("full", "QuotaExceededError"); };
        }"""
    )
    await field(tablet, "title").locator("input").fill("周末清洁日")
    await tablet.sees("草稿没有写入")
    await tablet.step("照片与位置")
    await tablet.page.locator("input[type=file]").first.set_input_files(picture(tmp_path))
    await tablet.sees("照片没有保存")
    await tablet.page.evaluate("() => { IDBObjectStore.prototype.put = window.roomy; }")
    await tablet.page.get_by_text("再存一次").click()
    await tablet.sees("草稿已保存")
    await tablet.page.get_by_label("离开，草稿保留").click()
    await tablet.page.locator(".record-row", has_text="保存于").click()
    await tablet.step("活动与时间")
    await expect(field(tablet, "title").locator("input")).to_have_value("周末清洁日")


async def test_tw9_the_place_is_taken_back_and_not_looked_for_again_by_itself(
    make: Callable[..., Tablet], known: Served
) -> None:
    tablet = await ready(make)
    await tablet.tap("记走访")
    await tablet.step("照片与位置")
    await tablet.sees("精度约 12 米")
    await tablet.page.get_by_label("清除位置").click()
    await tablet.sees("没有位置")
    await tablet.page.get_by_label("离开，草稿保留").click()
    await tablet.page.locator(".record-row", has_text="保存于").click()
    await tablet.sees("没有位置")
    await tablet.page.get_by_role("button", name="定位", exact=True).click()
    await tablet.sees("精度约 12 米")


async def test_tw10_handed_over_the_tablet_is_left_by_the_pin_alone_and_nothing_is_asked_twice(
    make: Callable[..., Tablet], known: Served
) -> None:
    tablet = await ready(make, size=(800, 1280))
    page = tablet.page
    await tablet.cut()
    await tablet.tap("记上门服务")
    await page.locator(".chooser").click()
    await page.locator(".pick", has_text="云泽纺织公司").click()
    await field(tablet, "kind").locator("select").select_option(label="送证上门")
    await next_step(tablet)
    await field(tablet, "matter").locator("input").fill("营业执照")
    await tablet.step("核对")
    await next_step(tablet)
    await tablet.tap("请群众评价")
    await tablet.sees("请您为这次上门服务评价")
    await expect(page.get_by_text("云泽纺织公司")).to_have_count(0)
    await expect(page.locator("nav")).to_have_count(0)
    await page.evaluate("history.back()")
    await page.get_by_text("满意", exact=True).click()
    await page.get_by_label("您的意见").fill("谢谢")
    await page.get_by_text("提交评价").click()
    await tablet.sees("请在下面签名")

    await page.reload()
    await tablet.sees("输入数字密码")
    await tablet.pin()
    await tablet.sees("请在下面签名")
    await sign(tablet)
    await tablet.pin("246813")
    await tablet.sees("密码不对")
    await tablet.pin()
    await expect(page).to_have_url(re.compile("#/records/service:"))

    await tablet.join()
    (service,) = await arrived(known, "service")
    (rating,) = await arrived(known, "rating")
    (signature,) = await arrived(known, "signature")
    assert {path: rating["fields"][path] for path in ("record", "score", "comment", "channel")} == {
        "record": service["_id"],
        "score": 4,
        "comment": "谢谢",
        "channel": "hand_over",
    }
    assert signature["fields"]["record"] == service["_id"]
    assert signature["fields"]["purpose"] == "received"
    (line,) = signature["fields"]["strokes"]
    assert len(line) > 20
    assert all(type(one) is int and 0 <= one <= 10_000 for one in line)


async def test_tw1_a_survey_with_its_checklist_a_photo_and_a_signature_arrives(
    make: Callable[..., Tablet], known: Served, tmp_path: Path
) -> None:
    tablet = await ready(make)
    page = tablet.page
    await tablet.cut()
    await tablet.tap("记踏勘")
    await page.locator(".chooser").first.click()
    await page.locator(".pick", has_text="云泽纺织公司").click()
    await tablet.step("踏勘清单")
    for code in ("premises", "area", "facilities", "safety", "documents"):
        finding = "整改后符合" if code == "safety" else "符合"
        await page.locator(f"[data-path='findings/{code}/finding']").get_by_text(finding, exact=True).click()
    await tablet.step("照片与位置")
    await page.locator("input[type=file]").first.set_input_files(picture(tmp_path))
    await expect(page.locator("main img")).to_have_count(1)
    await tablet.step("核对")
    await next_step(tablet)
    await tablet.tap("请现场人员签名")
    await tablet.sees("请在下面签名")
    await sign(tablet)
    await tablet.pin()
    await tablet.join()
    (survey,) = await arrived(known, "survey")
    (photo,) = await arrived(known, "photo")
    (signature,) = await arrived(known, "signature")
    found = {path.split("/")[1]: value for path, value in survey["fields"].items() if path.endswith("/finding")}
    assert found == {"premises": "pass", "area": "pass", "facilities": "pass", "safety": "remedy", "documents": "pass"}
    assert photo["fields"]["record"] == signature["fields"]["record"] == survey["_id"]
