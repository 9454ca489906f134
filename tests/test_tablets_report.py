"""TB13, TB14: what a tablet says of itself, and whether it holds all that it may read. On every store."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sync.actor import Actor
from sync.stores.contract import Written
from tests.builders import record, write
from tests.enrolling import by_password
from tests.serving import ADMIN, PASSWORD, Here, here

BRANCH = "branch-b03"
REPORT = "/api/v1/tablets/me/report"
TABLET = "https://tablet.example"


@pytest.fixture
async def server(store_address: str, tmp_path: Path) -> AsyncIterator[Here]:
    async with here(tmp_path, store=store_address, origins=(TABLET,)) as made:
        await made.services.accounts.add("zhang", "member", PASSWORD, member="m0042", branch="b03")
        if BRANCH not in await made.services.store.databases():
            await made.services.store.create(BRANCH)
        yield made


async def push(server: Here, author: str, **fields: Any) -> dict[str, Any]:
    """A visit of this member alone: none but the author, the secretary and the committee read it."""
    body = record("visit", author=author)
    kept = {path: value for path, value in body["fields"].items() if not path.startswith("participants/")}
    body["fields"] = {**kept, f"participants/{author}": True, **fields}
    principals = server.services.admission.directory.principals(author, "member", "b03")
    actor = Actor(author, "member", principals, author, "b03", f"t{author}")
    (result,) = await server.services.admission.push(actor, BRANCH, [write(body)])
    assert isinstance(result, Written), result
    return body


async def report(server: Here, token: str, **said: Any) -> dict[str, Any]:
    answer = await server.as_(token).post(REPORT, json={"unsent": 0, **said})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def pulled(server: Here, token: str) -> str:
    """The token at the end of a complete pull."""
    answer = await server.as_(token).get(f"/sync/{BRANCH}/_changes")
    return str(answer.json()["last_seq"])


async def is_current(server: Here, token: str, since: str) -> bool:
    return bool((await report(server, token, received={BRANCH: since}))["current"][BRANCH])


async def test_tb13_the_list_of_tablets_shows_how_each_is(server: Here) -> None:
    made = await by_password(server)
    said = {"photos": 3, "refused": 1, "version": "0.1.0", "clock_seconds": -7.6, "received": {BRANCH: "0"}}
    await report(server, made["token"], unsent=2, oldest="2026-11-02T08:00:00Z", **said)
    (listed,) = (await server.as_(ADMIN).get("/api/v1/tablets")).json()["tablets"]
    told = listed["report"]
    assert told.pop("at").endswith("Z")
    said |= {"unsent": 2, "oldest": "2026-11-02T08:00:00Z", "clock_seconds": -8}
    assert told == {**said, "stored": None, "room": None, "current": {BRANCH: False}}


async def test_tb6_what_it_received_and_how_its_clock_trembles_is_noted_once_a_minute(
    server: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = (await by_password(server))["token"]
    reports = server.services.tablets.reports

    async def written(**said: Any) -> bool:
        before = (await server.services.store.info("office")).update_seq
        await report(server, token, **said)
        return (await server.services.store.info("office")).update_seq.partition("-")[0] != before.partition("-")[0]

    await server.services.audit.flush()
    assert await written(clock_seconds=1, received={BRANCH: "1"})
    assert not await written(clock_seconds=3, received={BRANCH: "1"})
    assert not await written(clock_seconds=1, received={BRANCH: "2"})
    assert await written(clock_seconds=1, received={BRANCH: "2"}, photos=1)
    now = reports._now
    monkeypatch.setattr(reports, "_now", lambda: now() + timedelta(minutes=2))
    assert not await written(clock_seconds=3, received={BRANCH: "2"}, photos=1)
    assert await written(clock_seconds=1, received={BRANCH: "3"}, photos=1)
    assert await written(clock_seconds=3000, received={BRANCH: "3"}, photos=0)


@pytest.mark.parametrize(
    "said", [{"clock_seconds": "soon"}, {"photos": -1}, {"received": {BRANCH: 1}}, {"version": "v" * 41}]
)
async def test_tb13_a_report_of_another_shape_is_refused(server: Here, said: dict[str, Any]) -> None:
    token = (await by_password(server))["token"]
    assert (await server.as_(token).post(REPORT, json={"unsent": 0, **said})).status_code == 400


async def test_tb14_it_is_current_until_something_that_it_may_read_is_written(server: Here) -> None:
    token = (await by_password(server))["token"]
    await push(server, "m0117")
    since = await pulled(server, token)
    assert await is_current(server, token, since)
    await push(server, "m0042")
    assert await is_current(server, token, since), "what it may not read does not concern it"
    await push(server, "m0117")
    assert not await is_current(server, token, since)
    assert await is_current(server, token, await pulled(server, token))


async def test_tb14_a_token_of_another_time_or_of_other_rights_is_not_current(server: Here) -> None:
    token = (await by_password(server))["token"]
    since = await pulled(server, token)
    assert await is_current(server, token, since)
    number, _, rest = since.partition("-")
    for other in ("0", "", "nonsense", f"{number}-abcd.efgh", f"{number}-{rest.partition('.')[0]}"):
        assert not await is_current(server, token, other), other
    zhang = (await by_password(server, "zhang"))["token"]
    assert not await is_current(server, zhang, since)
    await server.services.store.new_incarnation()
    assert not await is_current(server, token, since)


async def test_tb14_of_what_is_closed_or_not_there_it_is_not_current(server: Here) -> None:
    token = (await by_password(server))["token"]
    since = await pulled(server, token)
    told = await report(server, token, received={"office": since, "branch-b99": since, "centre": "0"})
    assert told["current"] == {"office": False, "branch-b99": False, "centre": False}


async def test_se4_a_tablet_app_of_another_origin_does_all_this_with_its_token(server: Here) -> None:
    made = await by_password(server)
    for method, path in (
        ("POST", "/api/v1/tablets/enrol"),
        ("GET", "/api/v1/tablets/me"),
        ("POST", REPORT),
        ("GET", f"/api/v1/tablets/me/forget/{BRANCH}"),
        ("POST", "/api/v1/rescues"),
        ("PUT", "/api/v1/photos/photo:1/parts/0"),
    ):
        asked = {"origin": TABLET, "access-control-request-method": method}
        asked["access-control-request-headers"] = "authorization,content-type"
        before = await server.as_().options(path, headers=asked)
        assert before.status_code == 204
        assert method in before.headers["access-control-allow-methods"]
        assert {"authorization", "content-type"} <= set(before.headers["access-control-allow-headers"].split(", "))
        answer = await server.as_(made["token"], origin=TABLET).request(method, path, json={})
        assert answer.headers["access-control-allow-origin"] == TABLET, "also where it is refused"
        told = set(answer.headers["access-control-expose-headers"].split(", "))
        assert {"date", "content-length", "retry-after"} <= told
    again = await server.as_(origin=TABLET).post(
        "/api/v1/tablets/enrol", json={"name": "li", "password": PASSWORD, "tablet": made["tablet"]["id"]}
    )
    assert again.status_code == 201
