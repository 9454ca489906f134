"""A tablet that is lost: locked or wiped at its next contact, open or closed; what others have on it stays."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from playwright.async_api import Route, expect

from tests.browser import SECOND_PIN, Tablet, intercept, needed, until
from tests.serving import ADMIN, Served

pytestmark = [needed, pytest.mark.browser]


def api(staffed: Served) -> httpx.Client:
    return httpx.Client(base_url=f"{staffed.url}/api/v1", auth=ADMIN)


def tablet_of(staffed: Served, account: str) -> dict[str, Any]:
    with api(staffed) as admin:
        (found,) = [
            one["tablet"] for one in admin.get("/tablets").json()["tablets"] if one["tablet"]["account"] == account
        ]
    return dict(found)


def decide(staffed: Served, account: str, act: str) -> None:
    with api(staffed) as admin:
        assert admin.post(f"/tablets/{tablet_of(staffed, account)['id']}/{act}").status_code == 200


async def databases(tablet: Tablet) -> list[str]:
    found: list[str] = await tablet.page.evaluate("indexedDB.databases().then((all) => all.map((one) => one.name))")
    return sorted(found)


async def test_ta8_a_locked_tablet_closes_and_opens_again_when_it_is_unlocked(
    make: Callable[..., Tablet], staffed: Served
) -> None:
    tablet = make("t1")
    await tablet.start()
    await tablet.enrol("li")
    await tablet.synced()
    decide(staffed, "li", "lock")
    await tablet.contact()
    await tablet.sees("已被支部锁定")
    await expect(tablet.page.locator(".key").first).to_be_disabled()
    await tablet.kill()
    await tablet.start(offline=True)
    await tablet.sees("已被支部锁定")
    decide(staffed, "li", "unlock")
    await tablet.join()
    await tablet.sees_not("已被支部锁定")
    await tablet.unlock()
    await tablet.synced()


async def test_ta8_a_server_that_is_not_reached_at_once_is_asked_again(
    make: Callable[..., Tablet], staffed: Served
) -> None:
    tablet = make("t1")
    await tablet.start()
    await tablet.enrol("li")
    await tablet.tap("锁定")
    missed: list[str] = []

    async def miss_one(route: Route) -> None:
        if missed:
            return await route.continue_()
        missed.append(route.request.url)
        await route.abort()

    await intercept(tablet.page, "**/tablets/beacon", miss_one)
    decide(staffed, "li", "lock")
    await tablet.contact()
    await tablet.sees("已被支部锁定")
    assert missed


async def test_ta4_who_is_choosing_is_left_to_choose_when_something_is_decided_of_another(
    make: Callable[..., Tablet], staffed: Served
) -> None:
    tablet = make("t1")
    await tablet.start()
    await tablet.enrol("li")
    await tablet.add("wang")
    await tablet.tap("锁定")
    await tablet.tap("换人")
    decide(staffed, "wang", "lock")
    async with tablet.page.expect_response(lambda answer: answer.url.endswith("/beacon")):
        await tablet.contact()
    # The word is taken in a moment later.
    await asyncio.sleep(0.5)
    await tablet.page.locator(".who", has_text="li").click()
    await expect(tablet.page.get_by_role("heading", name="li")).to_be_visible()
    await tablet.unlock()


async def test_ta8_a_tablet_that_is_open_is_wiped_at_its_next_contact(
    make: Callable[..., Tablet], staffed: Served
) -> None:
    tablet = make("t1")
    await tablet.start()
    await tablet.enrol("li")
    await tablet.synced()
    decide(staffed, "li", "wipe")
    await tablet.contact()
    await tablet.sees("首次登录需要网络")
    await until(lambda: tablet_of(staffed, "li")["state"] == "wiped")
    assert await databases(tablet) == ["fieldbook"]


async def test_ta8_a_closed_tablet_is_wiped_too_and_what_others_have_on_it_stays(
    make: Callable[..., Tablet], staffed: Served
) -> None:
    tablet = make("t1")
    await tablet.start()
    await tablet.enrol("li")
    await tablet.synced()
    await tablet.add("wang")
    await tablet.synced()
    await tablet.kill()
    decide(staffed, "li", "wipe")
    await tablet.start()
    await until(lambda: tablet_of(staffed, "li")["state"] == "wiped")
    await tablet.unlock(SECOND_PIN)
    await tablet.synced()
    assert len({name.split("-")[1] for name in await databases(tablet) if name.startswith("fieldbook-")}) == 1
