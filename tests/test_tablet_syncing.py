"""What was recorded on a tablet arrives, whatever happens on the way: no network, a dead battery, a session that ran out, a server that
was put back to an older state, another tablet with the same record."""

import asyncio
import json
import random
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.async_api import Route, expect

from tests.browser import Tablet, intercept, needed, until
from tests.filling import as_admin, documents, household, put, visit
from tests.serving import PASSWORD, Served, command, served

pytestmark = [needed, pytest.mark.browser]


def visits(staffed: Served) -> list[dict[str, Any]]:
    return documents(staffed, "branch-b03", "visit")


def told(staffed: Served) -> list[str]:
    return sorted(one["fields"].get("narrative", "") for one in visits(staffed))


async def enrolled(make: Callable[..., Tablet], staffed: Served, name: str = "t1", who: str = "li") -> Tablet:
    put(staffed, "branch-b03", household("李桂兰"))
    tablet = make(name)
    await tablet.start()
    await tablet.enrol(who)
    await tablet.synced()
    return tablet


async def retold(tablet: Tablet, words: str) -> None:
    """The record that was just made tells something else."""
    await tablet.tap("查看记录")
    await tablet.page.get_by_role("button", name="修改").click()
    await tablet.step("情况")
    await tablet.page.get_by_label("情况记录").fill(words)
    await tablet.page.locator(".step").last.click()
    await tablet.page.get_by_role("button", name="完成", exact=True).click()
    await tablet.sees("修改已保存在本机")


async def test_ta11_what_is_recorded_without_a_network_arrives_once_there_is_one(
    make: Callable[..., Tablet], staffed: Served
) -> None:
    tablet = await enrolled(make, staffed)
    await tablet.cut()
    await tablet.visit("李桂兰", "屋顶漏雨")
    await tablet.home()
    await tablet.sees("1 条仅在本机")
    await tablet.kill()
    await tablet.start(offline=True)
    await tablet.sees("本机有 1 条尚未发送")
    await tablet.unlock()
    await tablet.sees("1 条仅在本机")
    assert visits(staffed) == []
    await tablet.join()
    await tablet.synced()
    assert told(staffed) == ["屋顶漏雨"]
    await tablet.sees_not("仅在本机")


async def test_ta11_what_is_changed_while_the_server_says_what_it_has_is_not_taken_for_sent(
    make: Callable[..., Tablet], staffed: Served
) -> None:
    tablet = await enrolled(make, staffed)
    answered, changed = asyncio.Event(), asyncio.Event()

    async def late(route: Route) -> None:
        answer = await route.fetch()
        if told(staffed) == ["一"]:
            answered.set()
            await changed.wait()
        await route.fulfill(response=answer)

    await intercept(tablet.page, "**/tablets/me/report", late)
    await tablet.visit("李桂兰", "一")
    await asyncio.wait_for(answered.wait(), 20)
    await retold(tablet, "二")
    changed.set()
    await until(lambda: told(staffed) == ["二"])


async def test_ta12_what_was_typed_is_there_after_the_battery_died_in_mid_edit(
    make: Callable[..., Tablet], staffed: Served
) -> None:
    tablet = await enrolled(make, staffed)
    await tablet.begin_visit("李桂兰", "说了一半")
    await tablet.page.get_by_label("了解到什么").press_sequentially("水电正常")
    await asyncio.sleep(0.6)
    await tablet.kill()
    await tablet.start(offline=True)
    await tablet.unlock()
    await tablet.tap("未完成的记录")
    await tablet.page.locator("a.record-row", has_text="李桂兰").first.click()
    await expect(tablet.page.get_by_label("情况记录")).to_have_value("说了一半")
    await expect(tablet.page.get_by_label("了解到什么")).to_have_value("水电正常")
    await tablet.finish()
    await tablet.join()
    await until(lambda: told(staffed) == ["说了一半"])


async def test_ta13_a_battery_that_dies_while_records_are_sent_loses_and_doubles_nothing(
    make: Callable[..., Tablet], staffed: Served
) -> None:
    tablet = await enrolled(make, staffed)
    await tablet.cut()
    for text in ("第一", "第二", "第三"):
        await tablet.visit("李桂兰", text)
        await tablet.home()

    async def slowly(route: Route) -> None:
        # It arrives, and the tablet does not hear so.
        await route.fetch()
        await tablet.kill()

    await intercept(tablet.page, "**/_bulk_docs", slowly)
    await tablet.join()
    await until(lambda: len(visits(staffed)) == 3)
    await asyncio.sleep(0.5)
    await tablet.start()
    await tablet.unlock()
    await tablet.synced()
    assert told(staffed) == ["第一", "第三", "第二"]


async def test_ta14_two_tablets_change_one_record_and_both_end_with_both_changes(
    make: Callable[..., Tablet], staffed: Served
) -> None:
    seen = visit(1, {"m0042": True, "m0117": True}) | {"author": "m0117"}
    seen["fields"] |= {"subject": household("")["_id"], "privacy": "notice", "keep_until": "2028-11-20"}
    put(staffed, "branch-b03", seen)
    first = await enrolled(make, staffed, "t1")
    second = await enrolled(make, staffed, "t2")
    record = f"#/records/{seen['_id']}"
    for tablet, label, text in ((first, "情况记录", "左边写的"), (second, "有何成效", "右边写的")):
        await tablet.cut()
        await tablet.page.evaluate(f"location.hash = '{record}'")
        await tablet.page.get_by_role("button", name=re.compile("修改|更正")).click()
        await tablet.step("情况")
        await tablet.page.get_by_label(label).fill(text)
        await tablet.page.locator(".step").last.click()
        await tablet.page.get_by_role("button", name="完成", exact=True).click()
        await tablet.sees("已保存在本机")
    await first.join()
    await until(lambda: told(staffed) == ["左边写的"])
    await second.join()
    await until(lambda: any(one["fields"].get("outcome") == "右边写的" for one in visits(staffed)))
    for tablet in (first, second):
        await tablet.home()
        await tablet.contact()
        await tablet.synced()
        await tablet.page.evaluate(f"location.hash = '{record}'")
        await tablet.sees("左边写的")
        await tablet.sees("右边写的")


async def test_ta15_a_session_that_ran_out_does_not_hinder_recording(
    make: Callable[..., Tablet], staffed: Served
) -> None:
    tablet = await enrolled(make, staffed)
    with as_admin(staffed) as admin:
        (listed,) = admin.get("/api/v1/tablets").json()["tablets"]
        assert admin.post(f"/api/v1/tablets/{listed['tablet']['id']}/code").status_code == 201
    await tablet.contact()
    await tablet.sees("登录已过期")
    await tablet.visit("李桂兰", "过期以后写的")
    await tablet.home()
    await tablet.go("同步")
    await tablet.page.locator("input[name=password]").fill(PASSWORD)
    await tablet.page.locator("form button.main").click()
    await tablet.home()
    await tablet.synced()
    assert told(staffed) == ["过期以后写的"]


async def test_ta16_a_server_that_was_restored_from_an_older_backup_gets_back_what_it_lacks(
    make: Callable[..., Tablet], staffed: Served, tmp_path: Path
) -> None:
    tablet = await enrolled(make, staffed)
    data, backup = tmp_path / "data", tmp_path / "backup"
    assert command("backup", str(backup), data=data).returncode == 0
    await tablet.visit("李桂兰", "备份以后写的")
    await tablet.home()
    await tablet.synced()
    assert told(staffed) == ["备份以后写的"]
    port = staffed.url.rpartition(":")[2]
    # By itself it speaks to the server as soon as there is one.
    await tablet.cut()
    staffed.stop()
    shutil.move(data, tmp_path / "lost")
    assert command("restore", str(backup), data=data).returncode == 0
    with served(data, "--port", port) as again:
        assert visits(again) == []
        await tablet.join()
        await tablet.contact()
        await until(lambda: told(again) == ["备份以后写的"])
        await tablet.synced()


async def test_ta17_the_app_and_the_server_may_have_different_origins(
    make: Callable[..., Tablet], staffed: Served, tmp_path: Path
) -> None:
    with served(tmp_path / "elsewhere", "--app-servers", staffed.url) as app:
        data = tmp_path / "data"
        port = staffed.url.rpartition(":")[2]
        staffed.stop()
        with served(data, "--port", port, "--origins", app.url) as hub:
            put(hub, "branch-b03", household("李桂兰"))
            tablet = make("t1", url=app.url)
            await tablet.start()
            await tablet.enrol("li")
            await tablet.synced()
            await tablet.visit("李桂兰", "从别处的应用写的")
            await tablet.home()
            await tablet.synced()
            assert told(hub) == ["从别处的应用写的"]


async def test_ta18_a_photo_goes_on_where_the_line_broke(
    make: Callable[..., Tablet], staffed: Served, tmp_path: Path
) -> None:
    tablet = await enrolled(make, staffed)
    await tablet.cut()
    await tablet.begin_visit("李桂兰", "有照片")
    await tablet.tap("照片与位置")
    await tablet.page.locator("input[type=file]").first.set_input_files(a_picture(tmp_path))
    await expect(tablet.page.locator("main img")).to_have_count(1)
    await tablet.finish()
    await tablet.home()
    sent: list[str] = []

    async def break_off(route: Route) -> None:
        sent.append(route.request.url.rpartition("/")[2])
        if len(sent) == 2:
            await route.abort("connectionreset")
        else:
            await route.continue_()

    await intercept(tablet.page, "**/parts/*", break_off)
    await tablet.join()
    await until(lambda: len(sent) >= 2)
    assert told(staffed) == ["有照片"], "the text goes first"
    await tablet.kill()
    await tablet.start()
    await intercept(tablet.page, "**/parts/*", break_off)
    await tablet.unlock()
    await tablet.synced()
    assert sent[0] == "0"
    assert sent[2:].count("0") == 0, "a part that had arrived was sent again"
    (photo,) = documents(staffed, "branch-b03", "photo")
    assert photo["fields"]["size"] <= 300 * 1024
    with as_admin(staffed) as admin:
        kept = admin.get(f"/api/v1/photos/{photo['_id']}")
        assert kept.status_code == 200
        assert len(kept.content) == photo["fields"]["size"]
        assert b"Exif" not in kept.content


def a_picture(directory: Path) -> str:
    """A large picture with a place in its EXIF, as a camera makes it."""

    rng = random.Random(1)
    picture = Image.frombytes("RGB", (400, 300), rng.randbytes(400 * 300 * 3)).resize((3200, 2400))
    exif = Image.Exif()
    exif[0x010F] = "Camera"
    exif[0x8825] = {1: "N", 2: (30.0, 6.0, 0.0)}
    path = directory / "camera.jpg"
    picture.save(path, quality=92, exif=exif)
    return str(path)


async def test_ta4_unsent_work_survives_a_switch_of_user_and_is_sent_by_its_own_member(
    make: Callable[..., Tablet], staffed: Served
) -> None:
    tablet = await enrolled(make, staffed)
    await tablet.cut()
    await tablet.visit("李桂兰", "换人以前写的")
    await tablet.home()
    await tablet.tap("锁定")
    await tablet.join()
    await tablet.tap("添加人员")
    await tablet.enrol("wang", pin="246813")
    await tablet.synced()
    assert visits(staffed) == [], "one member's records are not sent as another's"
    await tablet.tap("锁定")
    await tablet.tap("换人")
    await tablet.sees("1 条待发送")
    await tablet.page.locator(".who").first.click()
    await tablet.unlock()
    await tablet.synced()
    (sent,) = visits(staffed)
    assert (sent["author"], sent["fields"]["narrative"]) == ("m0117", "换人以前写的")


async def test_tu11_where_nothing_is_new_nothing_is_replicated(make: Callable[..., Tablet], staffed: Served) -> None:
    tablet = await enrolled(make, staffed)
    await asyncio.sleep(1)
    asked: list[str] = []
    tablet.page.on("request", lambda request: asked.append(request.url))
    await tablet.page.evaluate("dispatchEvent(new Event('online'))")
    await until(lambda: any("feed=longpoll" in url for url in asked))
    await tablet.synced()
    assert any("/report" in url for url in asked)
    replicating = ("_local", "_revs_diff", "_bulk_get", "_bulk_docs")
    assert [url for url in asked if any(part in url for part in replicating)] == []


async def test_tu12_what_came_from_the_server_is_not_offered_back_to_it(
    make: Callable[..., Tablet], staffed: Served
) -> None:
    for number in range(1, 31):
        put(staffed, "branch-b03", household(f"住户{number:04d}", number))
    tablet = await enrolled(make, staffed)
    asked: list[tuple[str, Any]] = []
    tablet.page.on("request", lambda request: asked.append((request.url, request.post_data)))
    await tablet.visit("住户0007", "谈了低保")
    await until(lambda: len(visits(staffed)) == 1)
    await tablet.home()
    await tablet.synced()
    compared = [json.loads(body) for url, body in asked if "_revs_diff" in url]
    assert {doc for body in compared for doc in body} == {visits(staffed)[0]["_id"]}
    assert len(compared) == 1


async def test_tu12_what_the_server_lacks_though_it_was_taken_is_offered_again(
    make: Callable[..., Tablet], staffed: Served
) -> None:
    """As where something on the way answers in the server's place."""
    tablet = await enrolled(make, staffed)
    swallowed: list[str] = []

    async def taken(route: Route) -> None:
        if swallowed:
            return await route.continue_()
        swallowed.append(route.request.url)
        await route.fulfill(status=201, json=[])

    await intercept(tablet.page, "**/_bulk_docs", taken)
    async with tablet.page.expect_response("**/tablets/me/report"):
        await tablet.visit("李桂兰", "谈了低保")
    await tablet.home()
    await tablet.sees("1 条仅在本机")
    assert (len(swallowed), visits(staffed)) == (1, [])
    await tablet.contact()
    await tablet.synced()
    assert told(staffed) == ["谈了低保"]


async def test_tu12_what_was_changed_while_it_was_refused_is_offered_as_it_is_now(
    make: Callable[..., Tablet], staffed: Served
) -> None:
    tablet = await enrolled(make, staffed)
    offered, changed = asyncio.Event(), asyncio.Event()

    async def refused(route: Route) -> None:
        if offered.is_set():
            return await route.continue_()
        offered.set()
        await changed.wait()
        asked = json.loads(route.request.post_data or "{}")["docs"]
        reason = "forbidden: 未被接收 / not taken"
        await route.fulfill(
            status=201, json=[{"id": one["_id"], "error": "forbidden", "reason": reason} for one in asked]
        )

    await intercept(tablet.page, "**/_bulk_docs", refused)
    await tablet.visit("李桂兰", "一")
    await asyncio.wait_for(offered.wait(), 20)
    await retold(tablet, "二")
    changed.set()
    await until(lambda: told(staffed) == ["二"])
    await tablet.home()
    await tablet.synced()
