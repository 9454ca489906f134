"""TB9 to TB12: how a tablet enrols, again, and after its PIN was forgotten."""

import asyncio
import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from sync.documents import parse_edit
from tests.builders import record
from tests.enrolling import KEY, audited, by_password, code, enrol, wrapped
from tests.serving import ADMIN, PASSWORD, Here, here

ME = "/api/v1/tablets/me"


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Here]:
    async with here(tmp_path) as made:
        await made.services.accounts.add("zhang", "member", PASSWORD, member="m0042", branch="b03")
        yield made


async def status(server: Here, token: str) -> int:
    return (await server.as_(token).get("/sync/centre")).status_code


async def test_tb9_an_account_enrols_a_tablet_with_its_password(server: Here) -> None:
    made = await by_password(server, label="No. 7")
    assert (made["account"], made["role"], made["member"], made["branch"]) == ("li", "member", "m0117", "b03")
    assert (made["tablet"]["state"], made["tablet"]["label"]) == ("active", "No. 7")
    assert (made["zone"], made["store"], made["keep_days"]) == (
        "Asia/Shanghai",
        server.services.store.incarnation,
        400,
    )
    assert made["data_key"] is None
    assert await status(server, made["token"]) == 200
    assert [line["of"] for line in await audited(server, "tablet_enrolled")] == [made["tablet"]["id"]]
    assert [line["by"] for line in await audited(server, "login") if line["account"] == "li"] == ["enrol"]


async def test_tb9_guessing_its_password_is_throttled_and_audited(server: Here) -> None:
    tries = [
        (await server.as_().post("/api/v1/tablets/enrol", json={"name": "li", "password": f"wrong {at}"})).status_code
        for at in range(6)
    ]
    assert tries == [401] * 5 + [429]
    assert len(await audited(server, "login_failed")) == 5


async def test_tb9_whoever_is_no_member_and_whoever_is_locked_does_not_enrol(server: Here) -> None:
    refused = await enrol(server, 403, name="admin", password=PASSWORD)
    assert refused["error"] == "no_member"
    made = await code(server)
    await server.services.accounts.change("li", locked=True)
    assert (await enrol(server, 401, name="li", password=PASSWORD))["error"] == "account_locked"
    assert (await enrol(server, 401, code=made))["error"] == "account_locked"
    await server.services.accounts.change("li", locked=False)
    await enrol(server, code=made)


@pytest.mark.parametrize(
    "asked", [{}, {"name": "li"}, {"password": PASSWORD}, {"code": "t-1", "name": "li", "password": PASSWORD}]
)
async def test_tb9_what_proves_nothing_or_twice_is_refused(server: Here, asked: dict[str, Any]) -> None:
    assert (await enrol(server, 400, **asked))["error"] == "bad_request"


async def test_tb10_a_tablet_that_enrols_again_stays_the_same_and_its_old_token_ends(server: Here) -> None:
    first = await by_password(server)
    tablet = first["tablet"]["id"]
    second = await by_password(server, tablet=tablet)
    assert second["tablet"]["id"] == tablet
    assert [await status(server, one["token"]) for one in (first, second)] == [401, 200]
    made = await code(server)
    third = await enrol(server, code=made, tablet=tablet)
    assert third["tablet"]["id"] == tablet
    assert [await status(server, one["token"]) for one in (second, third)] == [401, 200]
    listed = (await server.as_(ADMIN).get("/api/v1/tablets")).json()["tablets"]
    assert [one["tablet"]["id"] for one in listed] == [tablet], "the one that the code was made for is not needed"
    await enrol(server, 401, code=made, tablet=tablet)


async def test_tb10_its_own_new_code_enrols_it_again(server: Here) -> None:
    tablet = (await by_password(server))["tablet"]["id"]
    again = (await server.as_(ADMIN).post(f"/api/v1/tablets/{tablet}/code")).json()["code"]
    assert (await enrol(server, code=again, tablet=tablet))["tablet"]["id"] == tablet


async def test_tb10_of_two_that_enrol_again_at_once_with_one_code_one_does(server: Here) -> None:
    tablet, made = (await by_password(server))["tablet"]["id"], await code(server)
    asked = {"code": made, "tablet": tablet}
    answers = await asyncio.gather(*[server.as_().post("/api/v1/tablets/enrol", json=asked) for _ in range(3)])
    assert sorted(one.status_code for one in answers) == [201, 401, 401]


async def test_tb10_another_accounts_tablet_or_one_that_is_locked_or_wiped_does_not_enrol_again(server: Here) -> None:
    first = await by_password(server, "zhang")
    tablet = first["tablet"]["id"]
    made = await code(server)
    assert (await enrol(server, 403, code=made, tablet=tablet))["error"] == "bad_tablet"
    assert (await enrol(server, 403, code=made, tablet="t999999"))["error"] == "bad_tablet"
    await enrol(server, code=made)
    assert await status(server, first["token"]) == 200
    for act, error in (("lock", "tablet_locked"), ("wipe", "tablet_wiped")):
        await server.as_(ADMIN).post(f"/api/v1/tablets/{tablet}/{act}")
        assert (await enrol(server, 403, name="zhang", password=PASSWORD, tablet=tablet))["error"] == error
    assert (await server.as_(first["token"]).get(ME)).json()["state"] == "wipe", "it is still told so"


async def test_tb11_what_was_wrapped_for_the_branch_is_opened_for_whoever_proves_the_account(server: Here) -> None:
    first = await by_password(server)
    tablet = first["tablet"]["id"]
    kept = wrapped(first["recovery"])
    assert (await server.as_(first["token"]).get(ME)).json()["recovery"] == first["recovery"]
    again = await by_password(server, tablet=tablet, wrapped=kept)
    assert (again["data_key"], again["recovery"]) == (KEY, first["recovery"])
    assert [line["of"] for line in await audited(server, "tablet_recovered")] == [tablet]
    made = await code(server)
    assert (await enrol(server, code=made, tablet=tablet, wrapped=kept))["data_key"] == KEY
    assert (await by_password(server, "zhang"))["recovery"] == first["recovery"], "one key for a branch"


async def test_tb11_what_cannot_be_opened_is_refused_and_changes_nothing(server: Here) -> None:
    first = await by_password(server)
    tablet, recovery = first["tablet"]["id"], first["recovery"]
    good = wrapped(recovery)
    damaged = base64.b64encode(base64.b64decode(good["data"])[::-1]).decode()
    for bad in (
        {**good, "id": "b03.000000"},
        {**good, "id": "nowhere"},
        {**good, "data": damaged},
        {**good, "data": ""},
        wrapped(recovery, "zhang"),
        wrapped(recovery, key=base64.b64encode(bytes(16)).decode()),
    ):
        made = await code(server)
        refused = await enrol(server, 400, name="li", password=PASSWORD, tablet=tablet, wrapped=bad)
        assert refused["error"] == "bad_wrapped"
        assert (await enrol(server, 400, code=made, tablet=tablet, wrapped=bad))["error"] == "bad_wrapped"
        assert await status(server, first["token"]) == 200
        await enrol(server, code=made)
    assert len(await audited(server, "tablet_recovery_refused")) == 12
    assert not await audited(server, "tablet_recovered")


async def test_tb11_the_private_part_is_told_to_nobody(server: Here) -> None:
    made = await by_password(server)
    assert set(made["recovery"]) == {"id", "jwk"}
    assert set(made["recovery"]["jwk"]) == {"kty", "alg", "use", "n", "e"}
    for who in (made["token"], ("li", PASSWORD)):
        assert (await server.as_(who).get("/sync/office/recovery:b03")).status_code == 403
    held = (await server.as_(ADMIN).get("/sync/office/recovery:b03")).json()
    assert "PRIVATE KEY" in held["private"], "a replication of office carries it, so a backup is whole"


async def test_tb11_of_two_that_ask_first_both_are_told_one_key(server: Here) -> None:
    keys = await asyncio.gather(*[server.services.recovery.public("b09") for _ in range(3)])
    assert len({one.id for one in keys if one}) == 1
    assert await server.services.recovery.public(None) is None


async def test_tb12_a_tablet_is_told_who_it_is_and_what_holds_here(server: Here) -> None:
    member = record("member", fields={"name": "李娟", "branch": "b03"})
    await server.services.store.add("centre", [parse_edit({**member, "_id": "member:m0117"})])
    await server.services.admission.directory.refresh("centre")
    token = (await by_password(server))["token"]
    told = (await server.as_(token).get(ME)).json()
    assert (told["name"], told["role"], told["branch"], told["zone"]) == ("李娟", "member", "b03", "Asia/Shanghai")
    assert (told["store"], told["keep_days"]) == (server.services.store.incarnation, 400)
    assert told["version"] == (await server.as_().get("/api/v1/about")).json()["version"]
    assert len(told["time"]) == len("2026-11-22T08:00:00.000Z")


async def test_tb12_its_rights_have_a_name_that_changes_with_them(server: Here) -> None:
    token = (await by_password(server))["token"]
    client = server.as_(token)
    before = (await client.get(ME)).json()
    assert (await client.get(ME)).json()["rights"] == before["rights"]
    member = record("member", fields={"name": "李娟", "branch": "b04"})
    await server.services.store.add("centre", [parse_edit({**member, "_id": "member:m0117"})])
    await server.services.admission.directory.refresh("centre")
    after = (await client.get(ME)).json()
    assert after["rights"] != before["rights"]
    assert (before["branch"], after["branch"]) == ("b03", "b04")
    assert before["recovery"]["id"] != after["recovery"]["id"], "what it keeps is wrapped anew for its branch"
