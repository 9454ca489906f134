"""AU: accounts, and who is asking."""

import asyncio
import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from sync.actor import Actor
from tests.serving import ADMIN, PASSWORD, Here, here

LI = ("li", PASSWORD)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Here]:
    async with here(tmp_path) as made:
        yield made


async def who(server: Here, *given: Any, **headers: str) -> tuple[int, str | None]:
    answer = await server.as_(*given, **headers).get("/sync/_session")
    return answer.status_code, answer.json().get("userCtx", {}).get("name")


async def log_in(server: Here, name: str = "li") -> str:
    answer = await server.as_().post("/api/v1/session", json={"name": name, "password": PASSWORD})
    assert answer.status_code == 201
    return answer.headers["set-cookie"].partition(";")[0]


async def test_au1_an_account_is_a_document_in_office_that_only_administrators_read(server: Here) -> None:
    answer = await server.as_(ADMIN).get("/sync/office/account:li")
    assert answer.json()["hash"].startswith("$argon2id$")
    assert PASSWORD not in answer.text
    assert (await server.as_(LI).get("/sync/office/account:li")).status_code == 403
    assert "hash" not in (await server.as_(ADMIN).get("/api/v1/accounts")).text


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "a:b"},
        {"name": ""},
        {"name": "x" * 65},
        {"role": "king"},
        {"branch": None},
        {"branch": "no such id!"},
        {"password": "short"},
        {"password": "x" * 257},
        {"surprise": 1},
    ],
)
async def test_au2_an_account_that_cannot_be_is_refused_with_the_reason(server: Here, wrong: dict[str, Any]) -> None:
    asked = {"name": "wang", "role": "member", "branch": "b03", "member": None, "password": PASSWORD} | wrong
    answer = await server.as_(ADMIN).post("/api/v1/accounts", json=asked)
    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith("application/problem+json")
    told = answer.json()
    assert told.keys() == {"type", "title", "status", "detail", "error", "reason", "problems"}
    assert (told["status"], told["detail"]) == (400, told["reason"])


async def test_au2_a_name_is_taken_once_and_may_be_chinese(server: Here) -> None:
    asked = {"name": "李明", "role": "committee", "password": PASSWORD}
    assert (await server.as_(ADMIN).post("/api/v1/accounts", json=asked)).status_code == 201
    assert (await server.as_(ADMIN).post("/api/v1/accounts", json=asked)).status_code == 412
    header = "Basic " + base64.b64encode(f"李明:{PASSWORD}".encode()).decode()
    assert await who(server, authorization=header) == (200, "李明")


async def test_au3_no_more_than_so_many_passwords_wait_to_be_tested(
    server: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.passwords.WAITING_MAX", 1)
    answers = await asyncio.gather(*[who(server, (name, PASSWORD)) for name in ("li", "admin")])
    assert sorted(status for status, _ in answers) == [200, 429]


async def test_au4_basic_cookie_and_token_all_reach_sync_and_api(server: Here) -> None:
    cookie = await log_in(server)
    token = (await server.as_(LI).post("/api/v1/tokens", json={"label": "script"})).json()["token"]
    for client in (server.as_(LI), server.as_(cookie=cookie), server.as_(token)):
        assert (await client.get("/sync/_session")).json()["userCtx"]["name"] == "li"
        assert (await client.get("/api/v1/session")).json()["name"] == "li"


@pytest.mark.parametrize("header", ["Basic", "Basic !!!", "Basic dW5kZWZpbmVk", "Basic /w==", "Negotiate abc", "x", ""])
async def test_au4_a_malformed_authorization_is_as_none(server: Here, header: str) -> None:
    assert (await server.as_(authorization=header).get("/sync/")).status_code == 200
    assert await who(server, authorization=header) == (200, None)
    assert await who(server, authorization=header, cookie=await log_in(server)) == (200, "li")


@pytest.mark.parametrize("token", ["x", "fbt.a.b", "fbs.a.b", "fbd.t234567.x", "fbp.cli.x", "fbt.a." + "b" * 500])
async def test_au4_a_token_that_is_not_known_is_told_so(server: Here, token: str) -> None:
    assert await who(server, token) == (401, None)


async def test_au16_a_page_s_script_is_refused_without_the_browser_asking_for_a_password(server: Here) -> None:
    for mode, challenge in ((None, True), ("navigate", True), ("cors", False), ("same-origin", False)):
        headers = {} if mode is None else {"sec-fetch-mode": mode}
        for headers["authorization"] in ("", "Bearer fbt.a.b"):
            answer = await server.as_().get("/sync/branch-b03", headers=headers)
            assert (answer.status_code, "www-authenticate" in answer.headers) == (401, challenge)


async def test_au5_what_was_proved_costs_no_second_test_until_the_account_changes(
    server: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    tested = 0
    matches = server.services.accounts.matches

    async def counted(*given: Any) -> bool:
        nonlocal tested
        tested += 1
        return await matches(*given)

    monkeypatch.setattr(server.services.accounts, "matches", counted)
    await asyncio.gather(*[who(server, LI) for _ in range(8)])
    assert tested == 1, "several connections at once are one test"
    await server.services.accounts.set_password("li", "another password")
    assert await who(server, LI) == (401, None)
    assert await who(server, ("li", "another password")) == (200, "li")


async def test_au5_a_change_that_came_by_replication_is_noticed_too(server: Here) -> None:
    assert await who(server, LI) == (200, "li")
    client = server.as_(ADMIN)
    account = (await client.get("/sync/office/account:li")).json()
    assert (await client.put("/sync/office/account:li", json=account | {"locked": True})).status_code == 201
    for _ in range(200):
        if await who(server, LI) == (401, None):
            return
        await asyncio.sleep(0.01)
    pytest.fail("the lock did not hold")


async def test_au5_what_is_made_anew_makes_nobody_prove_anything_again(server: Here) -> None:
    await asyncio.gather(who(server, LI), log_in(server, "admin"))
    await log_in(server)
    await server.services.accounts.add("wang", "committee", PASSWORD)
    await asyncio.sleep(0.05)
    assert server.services.doorkeeper._forgotten == 0


async def test_au5_nothing_is_remembered_that_was_read_before_a_change(server: Here) -> None:
    keeper, accounts = server.services.doorkeeper, server.services.accounts
    matches = accounts.matches

    async def slow(*given: Any) -> bool:
        await accounts.change("li", locked=True)
        return await matches(*given)

    accounts.matches = slow  # type: ignore[method-assign]  # put back below
    await who(server, LI)
    accounts.matches = matches  # type: ignore[method-assign]  # as it was
    assert not keeper._proved
    assert await who(server, LI) == (401, None)


async def test_au6_failures_are_throttled_with_how_long_to_wait(server: Here) -> None:
    client = server.as_(("li", "wrong password"))
    answers = [await client.get("/sync/_session") for _ in range(7)]
    assert [answer.status_code for answer in answers[:6]] == [401] * 5 + [429]
    assert int(answers[6].headers["retry-after"]) >= 1
    assert answers[6].json()["error"] == "too_many_attempts"
    session = await client.post("/api/v1/session", json={"name": "li", "password": PASSWORD})
    assert session.status_code == 429
    assert await who(server, ADMIN) == (200, "admin")


async def test_au7_an_unknown_account_is_tested_like_a_wrong_password(server: Here) -> None:
    tests = 0
    matches = server.services.passwords._matches

    def counted(*given: Any) -> bool:
        nonlocal tests
        tests += 1
        return matches(*given)

    server.services.passwords._matches = counted  # type: ignore[method-assign]  # counts what it passes on
    answers = [await server.as_((name, "wrong password")).get("/api/v1/session") for name in ("li", "nobody", "a b")]
    assert tests == 3
    assert len({answer.text for answer in answers}) == 1


async def test_au8_only_a_hash_of_a_token_is_kept_and_ending_it_ends_it_at_once(server: Here) -> None:
    made = (await server.as_(LI).post("/api/v1/tokens", json={})).json()
    secret = made["token"].rpartition(".")[2]
    rows = (await server.as_(ADMIN).get("/sync/office/_all_docs?include_docs=true")).text
    assert secret not in rows
    assert await who(server, made["token"]) == (200, "li")
    assert [one["id"] for one in (await server.as_(LI).get("/api/v1/tokens")).json()["tokens"]] == [made["about"]["id"]]
    assert (await server.as_(made["token"]).delete(f"/api/v1/tokens/{made['about']['id']}")).status_code == 200
    assert await who(server, made["token"]) == (401, None)


async def test_au8_others_tokens_are_not_there(server: Here) -> None:
    made = (await server.as_(ADMIN).post("/api/v1/tokens", json={})).json()
    assert (await server.as_(LI).get("/api/v1/tokens")).json() == {"tokens": [], "next": None}
    assert (await server.as_(LI).delete(f"/api/v1/tokens/{made['about']['id']}")).status_code == 404


async def test_au8_what_has_expired_is_worth_nothing_and_is_swept_away(server: Here) -> None:
    cookie = await log_in(server)
    await server.services.office.change(
        next(iter([one.id async for one in server.services.office.all("session")])),
        lambda content: content.update(expires="2020-01-01T00:00:00Z"),
    )
    assert await who(server, cookie=cookie) == (200, None)
    assert await server.services.passes.sweep() == 1
    assert [one async for one in server.services.office.all("session")] == []


async def test_au9_a_new_password_ends_sessions_and_tokens(server: Here) -> None:
    cookie = await log_in(server)
    token = (await server.as_(LI).post("/api/v1/tokens", json={})).json()["token"]
    asked = {"old": PASSWORD, "new": "quite another password"}
    assert (await server.as_(LI).post("/api/v1/session/password", json=asked)).status_code == 200
    assert await who(server, cookie=cookie) == (200, None)
    assert await who(server, token) == (401, None)


async def test_au9_logging_out_ends_the_session(server: Here) -> None:
    cookie = await log_in(server)
    assert await who(server, cookie=cookie) == (200, "li")
    answer = await server.as_(cookie=cookie).delete("/sync/_session")
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert await who(server, cookie=cookie) == (200, None)


async def test_au9_a_log_in_as_couchdb_has_it_takes_a_form_or_json(server: Here) -> None:
    for body in ({"data": {"name": "li", "password": PASSWORD}}, {"json": {"name": "li", "password": PASSWORD}}):
        answer = await server.as_().post("/sync/_session", **body)
        assert answer.json() == {"ok": True, "name": "li", "roles": ["member"]}
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert "Secure" not in cookie
    assert (await server.as_().post("/sync/_session", json={"name": "li", "password": "no"})).status_code == 401
    assert (await server.as_().post("/sync/_session", json={"name": "li"})).status_code == 400


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 201),
        ({"origin": "http://fieldbook.test"}, 201),
        ({"sec-fetch-site": "same-origin"}, 201),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site", "origin": "http://fieldbook.test"}, 403),
    ],
)
async def test_au10_a_cookie_writes_from_the_same_origin_only(
    server: Here, headers: dict[str, str], status: int
) -> None:
    cookie = await log_in(server, "admin")
    client = server.as_(cookie=cookie, **headers)
    assert (await client.get("/sync/_all_dbs")).status_code == 200
    assert (await client.put("/sync/plain")).status_code == status
    asked = {"name": "new", "role": "committee", "password": PASSWORD}
    assert (await client.post("/api/v1/accounts", json=asked)).status_code == status
    asked = {"name": "li", "password": PASSWORD}
    assert (await server.as_(**headers).post("/api/v1/session", json=asked)).status_code == status


@pytest.mark.parametrize(
    ("origin", "status"),
    [("http://fieldbook.test", 201), ("https://tablet.example", 201), ("https://evil.example", 403)],
)
async def test_au10_a_password_that_a_browser_sends_by_itself_writes_from_listed_origins_too(
    tmp_path: Path, origin: str, status: int
) -> None:
    async with here(tmp_path, origins=("https://tablet.example",)) as server:
        assert (await server.as_(ADMIN, origin=origin).put("/sync/plain")).status_code == status
        asked = {"name": "new", "role": "committee", "password": PASSWORD}
        assert (await server.as_(ADMIN, origin=origin).post("/api/v1/accounts", json=asked)).status_code == status
        token = (await server.as_(ADMIN).post("/api/v1/tokens", json={})).json()["token"]
        assert (await server.as_(token, origin=origin).put("/sync/other")).status_code == 201


async def test_au11_a_locked_account_is_refused_by_every_way_in_from_its_next_request(server: Here) -> None:
    cookie = await log_in(server)
    token = (await server.as_(LI).post("/api/v1/tokens", json={})).json()["token"]
    assert await who(server, LI) == (200, "li")
    changed = await server.as_(ADMIN).patch("/api/v1/accounts/li", json={"locked": True})
    assert changed.json()["locked"] is True
    assert [await who(server, LI), await who(server, cookie=cookie), await who(server, token)] == [
        (401, None),
        (200, None),
        (401, None),
    ]
    locked = await server.as_(LI).get("/api/v1/session")
    assert locked.json()["error"] == "account_locked"
    assert (await server.as_(("li", "wrong password")).get("/api/v1/session")).json()["error"] == "unauthorized"
    await server.as_(ADMIN).patch("/api/v1/accounts/li", json={"locked": False})
    assert await who(server, LI) == (200, "li")


async def test_au11_an_open_feed_learns_that_its_account_or_tablet_changed(server: Here) -> None:
    keeper, store = server.services.doorkeeper, server.services.store
    actor = Actor("li", "member", frozenset({"member:m0117"}), device="t234567")
    marks = [keeper.mark(actor)]
    for document in ("account:li", "tablet:t234567", "account:wang", "session:x"):
        waiting = asyncio.ensure_future(store.wait("centre", "0", actor.principals, 30))
        await asyncio.sleep(0)
        keeper.forget(document)
        marks.append(keeper.mark(actor))
        if not document.startswith("session"):
            assert await waiting
        waiting.cancel()
    assert [mark - marks[0] for mark in marks] == [0, 1, 2, 2, 2]


async def test_au12_principals_follow_the_directory_without_a_new_log_in(server: Here) -> None:
    async def principals() -> list[str]:
        return (await server.as_(LI).get("/api/v1/session")).json()["principals"]

    assert await principals() == ["branch:b03", "everyone", "member:m0117"]
    member = {"type": "member", "version": 1, "fields": {"name": "李明", "branch": "b04"}}
    assert (await server.as_(ADMIN).put("/sync/centre/member:m0117", json=member)).status_code == 201
    assert await principals() == ["branch:b04", "everyone", "member:m0117"]


@pytest.mark.parametrize("path", ["accounts", "tablets", "audit"])
async def test_au13_administration_is_for_administrators(server: Here, path: str) -> None:
    assert (await server.as_().get(f"/api/v1/{path}")).status_code == 401
    assert (await server.as_(LI).get(f"/api/v1/{path}")).status_code == 403
    assert (await server.as_(ADMIN).get(f"/api/v1/{path}")).status_code == 200


async def test_au14_a_branch_that_somebody_belongs_to_can_be_synced_with(tmp_path: Path) -> None:
    async with here(tmp_path / "data") as server, server.as_(ADMIN) as admin:
        asked = {"name": "zhao", "role": "member", "branch": "b07", "password": PASSWORD}
        assert (await admin.post("/api/v1/accounts", json=asked)).json()["member"] == "zhao"
        refused = await admin.post("/api/v1/accounts", json={**asked, "name": "qian", "branch": "B07"})
        assert refused.status_code == 400
        async with server.as_(("zhao", PASSWORD)) as zhao:
            assert (await zhao.get("/sync/branch-b07")).status_code == 200
        branch = {"_id": "branch:b09", "type": "branch", "version": 1, "fields": {"name": "第九支部"}}
        assert (await admin.put("/sync/centre/branch:b09", json=branch)).status_code == 201
        assert (await admin.get("/sync/branch-b09")).status_code == 200
        forms = (await admin.get("/sync/centre/_all_docs?startkey=%22form:%22&endkey=%22form;%22")).json()["rows"]
        assert {row["id"] for row in forms} == {"form:visit/1", "form:service/1", "form:survey/1", "form:event/1"}
        assert "visit" in (await admin.get("/api/v1/record-types")).text


async def test_au15_administrators_end_log_ins_of_others_and_never_lock_themselves(server: Here) -> None:
    li = server.as_()
    cookie = (await li.post("/api/v1/session", json={"name": "li", "password": PASSWORD})).headers["set-cookie"]
    admin, opened = server.as_(ADMIN), {"cookie": cookie.partition(";")[0]}
    (told,) = (await admin.get("/api/v1/sessions")).json()["sessions"]
    assert (told["account"], told["kind"]) == ("li", "session")
    assert (await li.get("/api/v1/session", headers=opened)).status_code == 200
    assert (await admin.delete(f"/api/v1/sessions/{told['id']}")).status_code == 200
    assert (await server.as_().get("/api/v1/session", headers=opened)).status_code == 401
    assert (await admin.delete(f"/api/v1/sessions/{told['id']}")).status_code == 404
    for change in ({"locked": True}, {"role": "member", "branch": "b03"}):
        refused = await admin.patch("/api/v1/accounts/admin", json=change)
        assert (refused.status_code, refused.json()["error"]) == (400, "own_account")
    assert (await server.as_(LI).get("/api/v1/sessions")).status_code == 403
