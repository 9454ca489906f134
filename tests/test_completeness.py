"""CM: which tablets a month waits for."""

import secrets
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from server.completeness import awaited
from server.tablet_reports import Report
from server.tablets import Tablets
from sync.errors import BadRequest
from tests.desk import COMMITTEE, LI, SECRETARY, Desk, desk
from tests.working import visit

MONTH = "/activity-records/b03/2026-11"


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(tmp_path) as made:
        yield made


async def enrolled(here: Desk, account: str, label: str = "") -> str:
    tablets = here.services.tablets
    tablet, code = await tablets.invite(account, label, timedelta(days=1))
    await tablets.exchange(code, timedelta(days=1))
    return tablet.id


async def test_cm1_a_month_waits_for_tablets_not_heard_of_since_its_end_or_that_hold_something_of_it(
    here: Desk,
) -> None:
    now = datetime(2026, 12, 2, 2, tzinfo=UTC)
    tablets = Tablets(
        here.services.office,
        lambda: now,
        secrets.token_hex,
        lambda letters, count: "".join(secrets.choice(letters) for _ in range(count)),
    )
    services = replace(here.services, tablets=tablets, now=lambda: now)

    async def tablet(account: str, at: datetime | None, unsent: int = 0, oldest: str | None = None) -> str:
        nonlocal now
        made, code = await tablets.invite(account, "", timedelta(days=90))
        await tablets.exchange(code, timedelta(days=90))
        if at is not None:
            now, then = at, now
            await tablets.reports.keep(made.id, Report(unsent=unsent, oldest=oldest))
            now = then
        return made.id

    end = datetime(2026, 11, 30, 16, tzinfo=UTC)  # midnight in Shanghai
    silent = await tablet("li", None)
    early = await tablet("li", end - timedelta(seconds=1))
    holds = await tablet("zhang", end, 2, "2026-11-30T15:59:59Z")
    unsure = await tablet("zhang", end, 1)
    await tablet("zhang", end)
    await tablet("secretary", end, 1, "2026-11-30T16:00:00Z")
    await tablet("other", None)  # of another branch
    await tablets.invite("li", "", timedelta(days=1))  # never enrolled
    wiped = await tablet("li", None)
    await tablets.wipe(wiped)
    await tablets.wiped(wiped)
    found = {one.tablet: (one.member, one.unsent) for one in await awaited(services, "b03", "2026-11")}
    assert found == {silent: ("m0117", 0), early: ("m0117", 0), holds: ("m0042", 2), unsure: ("m0042", 1)}
    # December is not over: who has not been heard of today may bring something still.
    later = await awaited(services, "b03", "2026-12")
    assert len(later) == 6
    now = datetime(2026, 11, 30, 20, tzinfo=UTC)
    assert len(await awaited(services, "b03", "2026-12")) == 4


async def test_cm1_what_is_no_month_is_told(here: Desk) -> None:
    with pytest.raises(BadRequest):
        await awaited(here.services, "b03", "2026-13")


async def test_cm2_an_approval_keeps_which_tablets_it_did_without(here: Desk) -> None:
    await here.push("m0117", visit("m0117"))
    tablet = await enrolled(here, "li", "7 号")

    async def month() -> Any:
        return await here.get(SECRETARY, MONTH)

    told = await here.until(month, lambda one: one["activities"] and one["seen"])
    assert [(one["tablet"], one["label"], one["heard"]) for one in told["awaited"]] == [(tablet, "7 号", "")]
    await here.post(COMMITTEE, "/reviews", {"record": told["id"], "decision": "approve", "seen": told["seen"]})
    await here.until(month, lambda one: one["state"] == "approved")
    await here.services.tablets.reports.keep(tablet, Report(unsent=0))
    assert (await month())["awaited"] == []
    kept = (await here.get(SECRETARY, f"{MONTH}?version=1"))["awaited"]
    assert [(one["tablet"], one["member"]) for one in kept] == [(tablet, "m0117")]
    assert (await here.get(LI, f"{MONTH}?version=1"))["awaited"] == kept
