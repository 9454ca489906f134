"""TB: tablets."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.serving import ADMIN, PASSWORD, Here, here


@pytest.fixture
async def server(store_address: str, tmp_path: Path) -> AsyncIterator[Here]:
    async with here(tmp_path, store=store_address) as made:
        yield made


async def invite(server: Here, account: str = "li") -> dict[str, Any]:
    answer = await server.as_(ADMIN).post("/api/v1/tablets", json={"account": account, "label": "No. 7"})
    assert answer.status_code == 201
    made: dict[str, Any] = answer.json()
    return made


async def enrol(server: Here, code: str) -> tuple[int, dict[str, Any]]:
    answer = await server.as_().post("/api/v1/tablets/enrol", json={"code": code})
    return answer.status_code, answer.json()


async def enrolled(server: Here, account: str = "li") -> tuple[str, str]:
    """(tablet, token)"""
    status, answer = await enrol(server, (await invite(server, account))["code"])
    assert status == 201
    return answer["tablet"]["id"], answer["token"]


async def administer(server: Here, tablet: str, act: str) -> tuple[int, str]:
    answer = await server.as_(ADMIN).post(f"/api/v1/tablets/{tablet}/{act}")
    return answer.status_code, answer.json().get("state", answer.json().get("error"))


async def test_tb1_a_code_makes_a_token_once(server: Here) -> None:
    made = await invite(server)
    assert made["tablet"]["state"] == "invited"
    answers = await asyncio.gather(*[enrol(server, made["code"]) for _ in range(3)])
    assert sorted(status for status, _ in answers) == [201, 401, 401]
    assert (await enrol(server, made["code"]))[1]["error"] == "bad_code"


async def test_tb1_a_code_is_taken_as_it_is_typed(server: Here) -> None:
    code = (await invite(server))["code"]
    assert (await enrol(server, f" {code.lower()} "))[0] == 201


async def test_tb1_a_code_past_its_time_is_worth_nothing(server: Here) -> None:
    _, code = await server.services.tablets.invite("li", "", timedelta(hours=-1))
    assert (await enrol(server, code))[0] == 401


async def test_tb1_guessing_a_code_is_throttled(server: Here) -> None:
    code = (await invite(server))["code"]
    tries = [(await enrol(server, code[:-4] + f"{number:04d}"))[0] for number in range(6)]
    assert tries == [401] * 5 + [429]


@pytest.mark.parametrize("code", ["", "-", "t234567", "t234567-", "x" * 64, "../office", "钥匙-1"])
async def test_tb1_what_is_no_code_is_refused_like_a_wrong_one(server: Here, code: str) -> None:
    assert (await enrol(server, code))[0] == 401


async def test_tb2_its_token_speaks_for_the_member_and_names_the_tablet(server: Here) -> None:
    tablet, token = await enrolled(server)
    me = (await server.as_(token).get("/api/v1/session")).json()
    assert (me["name"], me["member"], me["tablet"]) == ("li", "m0117", tablet)
    assert (await server.as_(token).get("/sync/centre")).status_code == 200
    assert token.rpartition(".")[2] not in (await server.as_(ADMIN).get(f"/sync/office/tablet:{tablet}")).text


async def test_tb2_a_new_password_leaves_the_tablet_enrolled_and_a_locked_account_stops_it(server: Here) -> None:
    _, token = await enrolled(server)
    await server.services.accounts.set_password("li", "quite another password")
    assert (await server.as_(token).get("/sync/centre")).status_code == 200
    await server.services.accounts.change("li", locked=True)
    assert (await server.as_(token).get("/sync/centre")).status_code == 401


async def test_tb2_a_tablet_makes_no_tokens(server: Here) -> None:
    _, token = await enrolled(server)
    assert (await server.as_(token).post("/api/v1/tokens", json={})).status_code == 403


async def test_tb3_a_locked_tablet_is_refused_from_its_next_request_until_it_is_unlocked(server: Here) -> None:
    tablet, token = await enrolled(server)
    client = server.as_(token)
    assert (await client.get("/sync/centre")).status_code == 200
    assert await administer(server, tablet, "lock") == (200, "locked")
    refused = await client.get("/sync/centre")
    assert (refused.status_code, refused.json()["error"]) == (403, "tablet_locked")
    assert (await client.get("/api/v1/tablets/me")).json()["state"] == "locked"
    assert await administer(server, tablet, "unlock") == (200, "active")
    assert (await client.get("/sync/centre")).status_code == 200


async def test_tb3_a_tablet_that_was_locked_before_it_was_enrolled_needs_a_new_code(server: Here) -> None:
    made = await invite(server)
    await administer(server, made["tablet"]["id"], "lock")
    assert (await enrol(server, made["code"]))[0] == 401
    assert await administer(server, made["tablet"]["id"], "unlock") == (200, "invited")


async def test_tb4_a_wiped_tablet_is_told_at_its_next_contact_and_then_knows_nobody(server: Here) -> None:
    tablet, token = await enrolled(server)
    client = server.as_(token)
    assert (await client.post("/api/v1/tablets/me/wiped")).status_code == 409
    assert await administer(server, tablet, "wipe") == (200, "wipe")
    assert (await client.get("/sync/centre")).json()["error"] == "tablet_wiped"
    assert (await client.post("/api/v1/tablets/me/report", json={"unsent": 1})).status_code == 403
    assert (await client.get("/api/v1/tablets/me")).json()["state"] == "wipe"
    assert await administer(server, tablet, "unlock") == (409, "tablet_state")
    assert await administer(server, tablet, "code") == (409, "tablet_state")
    assert (await client.post("/api/v1/tablets/me/wiped")).status_code == 200
    assert (await client.get("/api/v1/tablets/me")).status_code == 401
    listed = (await server.as_(ADMIN).get("/api/v1/tablets")).json()["tablets"]
    assert [one["tablet"]["state"] for one in listed] == ["wiped"]


async def test_tb4_a_locked_member_is_told_to_wipe_too(server: Here) -> None:
    tablet, token = await enrolled(server)
    await server.services.accounts.change("li", locked=True)
    await administer(server, tablet, "wipe")
    assert (await server.as_(token).get("/api/v1/tablets/me")).json()["state"] == "wipe"


async def test_tb5_a_new_code_ends_the_old_token(server: Here) -> None:
    tablet, token = await enrolled(server)
    again = (await server.as_(ADMIN).post(f"/api/v1/tablets/{tablet}/code")).json()
    assert (await server.as_(token).get("/sync/centre")).status_code == 401
    status, answer = await enrol(server, again["code"])
    assert (status, answer["tablet"]["id"]) == (201, tablet)


async def test_tb6_what_it_holds_unsent_is_listed(server: Here) -> None:
    tablet, token = await enrolled(server)
    held = {"unsent": 12, "oldest": "2026-11-02T08:00:00Z"}
    answer = await server.as_(token).post("/api/v1/tablets/me/report", json=held)
    assert answer.json() == {"state": "active", "arrived": {}, "current": {}}
    (listed,) = (await server.as_(ADMIN).get("/api/v1/tablets")).json()["tablets"]
    assert (listed["tablet"]["id"], listed["tablet"]["label"]) == (tablet, "No. 7")
    assert (listed["report"]["unsent"], listed["report"]["oldest"]) == (12, "2026-11-02T08:00:00Z")
    at = (await server.as_(ADMIN).get("/sync/office")).json()["update_seq"]
    await server.as_(token).post("/api/v1/tablets/me/report", json=held)
    assert (await server.as_(ADMIN).get("/sync/office")).json()["update_seq"] == at, "said twice, written once"


async def test_tb7_it_is_told_which_revisions_have_arrived(server: Here) -> None:
    await server.services.store.create("branch-b03")
    _, token = await enrolled(server, "admin")
    client = server.as_(token)
    docs = [{"_id": "plain:1", "_rev": "1-a"}, {"_id": "plain:2", "_rev": "1-b"}]
    written = await client.post("/sync/branch-b03/_bulk_docs", json={"docs": docs, "new_edits": False})
    assert written.status_code == 201
    held = {
        "branch-b03": {"plain:1": ["1-a", "2-c"], "plain:2": ["1-b"], "plain:3": ["1-d"], "plain:4": ["nonsense"]},
        "no-such": {"plain:1": ["1-a"]},
    }
    answer = await client.post("/api/v1/tablets/me/report", json={"unsent": 4, "ids": held})
    assert answer.json()["arrived"] == {"branch-b03": {"plain:1": ["1-a"], "plain:2": ["1-b"]}}


async def test_tb7_of_a_database_that_it_may_not_enter_it_is_told_nothing(server: Here) -> None:
    await server.services.store.create("branch-b09")
    _, token = await enrolled(server)
    held = {"branch-b09": {"visit:1": ["1-a"]}, "office": {"account:li": ["1-a"]}}
    answer = await server.as_(token).post("/api/v1/tablets/me/report", json={"unsent": 1, "ids": held})
    assert answer.json()["arrived"] == {}


async def test_tb7_a_report_has_a_limit(server: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.api.own_tablet.REVISIONS_MAX", 2)
    _, token = await enrolled(server)
    held = {"shared": {"case:1": ["1-a", "1-b", "1-c"]}}
    answer = await server.as_(token).post("/api/v1/tablets/me/report", json={"unsent": 3, "ids": held})
    assert answer.status_code == 413


async def test_tb8_only_a_tablet_asks_about_itself(server: Here) -> None:
    assert (await server.as_(("li", PASSWORD)).get("/api/v1/tablets/me")).status_code == 401
    assert (await server.as_(ADMIN).post("/api/v1/tablets", json={"account": "nobody"})).status_code == 404
    assert await administer(server, "t999999", "lock") == (404, "not_found")
    assert (await administer(server, "t999999", "dance"))[0] == 400


def beacon_of(token: str) -> str:
    def sha(text: str) -> str:
        return hashlib.sha256(text.encode()).hexdigest()

    return sha(f"beacon.{sha(token.split('.')[2])}")


async def test_tb18_a_closed_tablet_learns_what_was_decided_of_it(server: Here) -> None:
    tablet, token = await enrolled(server)

    async def ask(**more: Any) -> tuple[int, str]:
        asked = {"tablet": tablet, "beacon": beacon_of(token), **more}
        answer = await server.as_().post("/api/v1/tablets/beacon", json=asked)
        return answer.status_code, answer.json().get("state", answer.json().get("error"))

    assert await ask() == (200, "active")
    assert await ask(beacon="0" * 64) == (401, "unknown_tablet")
    assert await ask(tablet="tnone") == (401, "unknown_tablet")
    await administer(server, tablet, "lock")
    assert await ask(wiped=True) == (200, "locked")
    await administer(server, tablet, "wipe")
    assert await ask() == (200, "wipe")
    assert await ask(wiped=True) == (200, "wiped")
    assert await ask() == (401, "unknown_tablet")


async def test_tb18_the_word_opens_nothing(server: Here) -> None:
    _, token = await enrolled(server)
    kind, tablet, _ = token.split(".")
    for tried in (beacon_of(token), f"{kind}.{tablet}.{beacon_of(token)}"):
        assert (await server.as_(tried).get("/api/v1/tablets/me")).status_code == 401
