"""TB19 to TB21: a branch's secretary looks after the tablets of its members."""

from datetime import timedelta
from typing import Any

from tests.desk import LI, SECRETARY, Desk
from tests.serving import ADMIN


async def enrolled(here: Desk, account: str) -> tuple[str, str]:
    """(tablet, token)"""
    invited = await here.post(ADMIN, "/tablets", {"account": account})
    async with here.here.as_() as client:
        answer = await client.post("/api/v1/tablets/enrol", json={"code": invited["code"]})
    return invited["tablet"]["id"], answer.json()["token"]


async def report(here: Desk, token: str, **said: Any) -> None:
    async with here.here.as_(token) as client:
        since = (await client.get("/sync/branch-b03/_changes")).json()["last_seq"]
        answer = await client.post(
            "/api/v1/tablets/me/report", json={"unsent": 0, "received": {"branch-b03": since}, **said}
        )
    assert answer.status_code == 200, answer.text


async def test_tb19_a_secretary_handles_the_tablets_of_the_own_branch_and_wipes_none(here: Desk) -> None:
    own, _ = await enrolled(here, "li")
    foreign, _ = await enrolled(here, "other")
    (told,) = (await here.get(SECRETARY, "/tablets"))["tablets"]
    assert (told["tablet"]["id"], told["member"], told["branch"]) == (own, "m0117", "b03")
    assert len((await here.get(ADMIN, "/tablets"))["tablets"]) == 2
    await here.get(LI, "/tablets", 403)
    assert (await here.post(SECRETARY, f"/tablets/{own}/lock", None, 200))["state"] == "locked"
    assert (await here.post(SECRETARY, f"/tablets/{own}/unlock", None, 200))["state"] == "active"
    await here.post(SECRETARY, f"/tablets/{foreign}/lock", None, 404)
    await here.post(SECRETARY, f"/tablets/{own}/wipe", None, 403)
    await here.post(SECRETARY, "/tablets", {"account": "zhang"})
    await here.post(SECRETARY, f"/tablets/{own}/code", None)
    await here.post(SECRETARY, "/tablets", {"account": "other"}, 404)
    await here.post(SECRETARY, "/tablets", {"account": "admin"}, 404)
    await here.post(LI, "/tablets", {"account": "li"}, 403)


async def test_tb19_nobody_gains_rights_by_inviting(here: Desk) -> None:
    await here.services.accounts.add("deputy", "deputy", LI[1], member="m0002", branch="b03")
    refused = await here.post(("deputy", LI[1]), "/tablets", {"account": "secretary"}, 403)
    assert refused["error"] == "bad_invitation"
    await here.post(("deputy", LI[1]), "/tablets", {"account": "deputy"})


async def test_tb20_a_tablet_is_safe_when_nothing_on_it_would_be_lost(here: Desk) -> None:
    tablet, token = await enrolled(here, "li")

    async def why() -> list[str]:
        (told,) = (await here.get(SECRETARY, "/tablets"))["tablets"]
        assert told["safe"] == (not told["unsafe"])
        return [one["code"] for one in told["unsafe"]]

    assert await why() == ["never_heard"]
    await report(here, token, unsent=2, photos=1)
    assert await why() == ["unsent", "photos"]
    await report(here, token)
    assert await why() == []
    await report(here, token, received={"branch-b03": "0"}, refused=1)
    assert await why() == ["behind"]
    long_ago = (here.services.now() - timedelta(days=2)).isoformat(timespec="seconds").replace("+00:00", "Z")
    await here.services.office.change(f"tablet-report:{tablet}", lambda content: content.update(at=long_ago))
    assert await why() == ["behind", "silent"]


async def test_tb21_an_invitation_is_drawn_as_a_qr_code(here: Desk) -> None:
    invited = await here.post(SECRETARY, "/tablets", {"account": "li"})
    assert invited["qr"].startswith("<svg")
    assert invited["link"].endswith(invited["code"])
    assert "qr" not in (await here.get(ADMIN, "/tablets"))["tablets"][0]["tablet"]


async def test_tb22_tablets_go_by_pages_the_silent_first_and_say_what_to_do(here: Desk) -> None:
    silent, token = await enrolled(here, "li")
    await report(here, token, refused=1, clock_seconds=900, version="0.0.1", stored=99, room=100)
    long_ago = (here.services.now() - timedelta(days=9)).isoformat(timespec="seconds").replace("+00:00", "Z")
    await here.services.office.change(f"tablet-report:{silent}", lambda content: content.update(at=long_ago))
    fresh, token = await enrolled(here, "zhang")
    await report(here, token)
    first = await here.get(SECRETARY, "/tablets?limit=1")
    assert [one["tablet"]["id"] for one in first["tablets"]] == [silent]
    assert (first["total"], first["waiting"]) == (2, 1)
    codes = ["long_silent", "refused", "clock", "old_version", "full"]
    assert [one["code"] for one in first["tablets"][0]["attention"]] == codes
    assert all(one["do_zh"] and one["do_en"] for one in first["tablets"][0]["attention"])
    second = await here.get(SECRETARY, f"/tablets?limit=1&after={first['next']}")
    assert [one["tablet"]["id"] for one in second["tablets"]] == [fresh]
    assert second["next"] is None
    assert len((await here.get(SECRETARY, "/tablets?show=attention"))["tablets"]) == 1
    assert (await here.get(SECRETARY, "/tablets?text=nobody"))["tablets"] == []
    assert (await here.get(ADMIN, "/tablets?branch=b04"))["tablets"] == []


async def test_tb23_a_tablet_is_wiped_only_with_what_was_seen_of_it(here: Desk) -> None:
    tablet, token = await enrolled(here, "li")
    await report(here, token, unsent=2, photos=1)
    refused = await here.post(ADMIN, f"/tablets/{tablet}/wipe?accepts=unsent", None, 409)
    assert refused["error"] == "unsafe"
    assert [one["field"] for one in refused["problems"]] == ["photos"]
    assert (await here.get(ADMIN, "/tablets"))["tablets"][0]["tablet"]["state"] == "active"
    assert (await here.post(ADMIN, f"/tablets/{tablet}/wipe?accepts=unsent,photos", None, 200))["state"] == "wipe"


async def test_tb24_who_invites_is_told_for_whom(here: Desk) -> None:
    await enrolled(here, "li")
    told = (await here.get(SECRETARY, "/tablets/accounts"))["accounts"]
    assert {(one["account"], one["tablets"]) for one in told} == {("li", 1), ("zhang", 0), ("secretary", 0)}
    await here.get(LI, "/tablets/accounts", 403)
