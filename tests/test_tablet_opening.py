"""The tablet app in a real Chromium: enrolling, opening without a network, PINs, several members on one tablet."""

import asyncio
from collections.abc import Callable

import pytest
from playwright.async_api import expect

from tests.browser import PIN, Tablet, needed, until
from tests.serving import PASSWORD

pytestmark = [needed, pytest.mark.browser]


async def test_ta1_enrolled_once_the_app_opens_without_a_network_after_a_restart(make: Callable[..., Tablet]) -> None:
    tablet = make("t1")
    await tablet.start()
    await tablet.enrol("li")
    await tablet.synced()
    await tablet.kill()
    await tablet.start(offline=True)
    await tablet.sees("输入数字密码")
    await tablet.unlock()
    await tablet.sees("没有网络")


async def test_ta2_a_wrong_pin_opens_nothing_and_many_have_to_wait(make: Callable[..., Tablet]) -> None:
    tablet = make("t1")
    await tablet.start()
    await tablet.enrol("li")
    await tablet.tap("锁定")
    for _ in range(4):
        await tablet.pin("864209")
        await tablet.sees("密码不对")
    await tablet.sees("请等")
    await tablet.kill()
    await tablet.start(offline=True)
    await tablet.sees("请等")
    await expect(tablet.page.locator(".key").first).to_be_disabled()


async def test_ta3_a_pin_that_anybody_would_try_is_not_taken(make: Callable[..., Tablet]) -> None:
    tablet = make("t1")
    await tablet.start()
    await tablet.page.locator("input[name=username]").fill("li")
    await tablet.page.locator("input[name=password]").fill(PASSWORD)
    await tablet.tap("下一步：设置密码")
    for weak in ("111111", "123456", "987654", "121212"):
        await tablet.pin(weak)
        await tablet.sees("太容易猜到")
    await tablet.pin(PIN)
    await tablet.pin("246813")
    await tablet.sees("两次输入不一致")


async def test_ta19_a_digit_counts_when_it_is_touched_though_another_finger_has_not_left(
    make: Callable[..., Tablet],
) -> None:
    tablet = make("t1")
    await tablet.start()
    await tablet.enrol("li")
    await tablet.tap("锁定")
    await tablet.sees("输入数字密码")
    glass = await tablet.context.new_cdp_session(tablet.page)

    async def touches(kind: str, *digits: str) -> None:
        boxes = [await tablet.page.locator(".key", has_text=digit).bounding_box() for digit in digits]
        points = [
            {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2, "id": int(digit)}
            for digit, box in zip(digits, boxes, strict=True)
            if box
        ]
        await glass.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    for left, right in zip(PIN[::2], PIN[1::2], strict=True):
        await touches("touchStart", left)
        await touches("touchStart", left, right)
        if right != PIN[-1]:
            await touches("touchEnd")
    # Opened while the finger is on the last key: what has come under it is not pressed.
    await tablet.sees("记走访")
    await touches("touchEnd")
    await asyncio.sleep(0.5)
    await tablet.sees("记走访")


async def test_ta4_two_members_share_a_tablet_and_neither_opens_the_other_s_place(make: Callable[..., Tablet]) -> None:
    tablet = make("t1")
    await tablet.start()
    await tablet.enrol("li")
    await tablet.add("wang")
    await tablet.tap("锁定")
    await tablet.tap("换人")
    await tablet.page.locator(".who", has_text="li").click()
    await tablet.pin("246813")
    await tablet.sees("密码不对")
    await tablet.unlock(PIN)


async def test_ta5_a_forgotten_pin_loses_nothing(make: Callable[..., Tablet]) -> None:
    tablet = make("t1")
    await tablet.start()
    await tablet.enrol("li")
    await tablet.synced()
    await tablet.tap("锁定")
    await tablet.tap("忘记密码")
    await tablet.page.locator("input[name=password]").fill("not the password")
    await tablet.tap("下一步")
    await tablet.pin("192837")
    await tablet.pin("192837")
    await tablet.sees("账号或密码不对")
    await tablet.page.locator("input[name=password]").fill(PASSWORD)
    await tablet.tap("下一步")
    await tablet.pin("192837")
    await tablet.pin("192837")
    await tablet.sees("记走访")
    await tablet.tap("锁定")
    await tablet.unlock("192837")


async def test_ta6_a_wrong_password_and_no_network_are_told_in_words(make: Callable[..., Tablet]) -> None:
    tablet = make("t1")
    await tablet.start()
    await tablet.page.locator("input[name=username]").fill("li")
    await tablet.page.locator("input[name=password]").fill("wrong")
    await tablet.tap("下一步：设置密码")
    await tablet.pin()
    await tablet.pin()
    await tablet.sees("账号或密码不对")
    await tablet.cut()
    await tablet.page.locator("input[name=password]").fill(PASSWORD)
    await tablet.tap("下一步：设置密码")
    await tablet.pin()
    await tablet.pin()
    await tablet.sees("连不上服务器")


async def test_ta7_the_app_that_is_open_twice_works_in_one_window_at_a_time(make: Callable[..., Tablet]) -> None:
    tablet = make("t1")
    await tablet.start()
    await tablet.enrol("li")
    first, second = tablet.page, await tablet.context.new_page()
    await second.goto(tablet.url)
    await second.get_by_text("在这里使用").click()
    await expect(second.get_by_text("输入数字密码")).to_be_visible()
    await expect(first.get_by_text("另一个窗口")).to_be_visible()


async def test_tu7_the_app_can_be_installed(make: Callable[..., Tablet]) -> None:
    tablet = make("t1")
    await tablet.start()
    await tablet.sees("首次登录需要网络")
    asked = await tablet.context.new_cdp_session(tablet.page)
    await tablet.page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    # Asked while an icon is still on its way, the browser takes it for missing and goes on saying so.
    await asyncio.sleep(2)

    async def nothing_wrong() -> bool:
        # The icons are fetched when the browser finds the time.
        return (await asked.send("Page.getInstallabilityErrors"))["installabilityErrors"] == []

    await until(nothing_wrong)
    manifest = await asked.send("Page.getAppManifest")
    assert manifest["errors"] == []
    assert '"display": "standalone"' in manifest["data"]
