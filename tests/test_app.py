"""SE: what holds for every request."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.app import create_app
from server.running import living
from server.services import Services
from server.settings import Settings
from tests.serving import ADMIN, PASSWORD, Here, here

TABLET = "https://tablet.example"


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Here]:
    async with here(tmp_path, origins=(TABLET,)) as made:
        yield made


@pytest.mark.parametrize(
    ("method", "path", "status", "error"),
    [
        ("GET", "/nowhere", 404, "not_found"),
        ("GET", "/api/v1/nowhere", 404, "not_found"),
        ("DELETE", "/api/v1/about", 405, "method_not_allowed"),
        ("GET", "/api/v1/session", 401, "unauthorized"),
        ("POST", "/api/v1/session", 400, "bad_request"),
    ],
)
async def test_se3_every_refusal_of_the_api_has_one_shape(
    server: Here, method: str, path: str, status: int, error: str
) -> None:
    answer = await server.as_().request(method, path)
    assert answer.status_code == status
    body = answer.json()
    assert (body["error"], type(body["reason"]), type(body["problems"])) == (error, str, list)


async def test_se3_what_is_wrong_with_a_body_is_named_by_field(server: Here) -> None:
    answer = await server.as_().post("/api/v1/session", json={"name": 3, "password": "x"})
    assert answer.json()["problems"] == [{"field": "name", "problem": "Expected `str`, got `int`"}]


async def test_se3_broken_code_tells_nothing_of_itself(server: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise RuntimeError("the secret of li")

    monkeypatch.setattr(server.services.accounts, "all", broken)
    answer = await server.as_(ADMIN).get("/api/v1/accounts")
    assert (answer.status_code, answer.json()["error"]) == (500, "internal_error")
    assert "secret" not in answer.text


async def test_se4_a_listed_origin_may_read_and_no_cookie_goes_with_it(server: Here) -> None:
    asked = {"origin": TABLET, "access-control-request-method": "PUT"}
    for path in ("/sync/branch-b03/_bulk_docs", "/api/v1/session", "/nowhere"):
        before = await server.as_().options(path, headers=asked)
        assert before.status_code == 204
        assert "authorization" in before.headers["access-control-allow-headers"]
        answer = await server.as_().get(path, headers={"origin": TABLET})
        for headers in (before.headers, answer.headers):
            assert headers["access-control-allow-origin"] == TABLET
            assert "origin" in headers["vary"]
            assert "access-control-allow-credentials" not in headers


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "https://tablet.example.evil.example"])
async def test_se4_another_origin_may_not(server: Here, origin: str) -> None:
    for method in ("GET", "OPTIONS"):
        answer = await server.as_().request(method, "/sync/", headers={"origin": origin})
        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("path", ["/", "/health", "/nowhere", "/api/v1/about", "/sync/", "/schema", "/metrics"])
async def test_se5_every_answer_is_kept_harmless(server: Here, path: str) -> None:
    headers = (await server.as_().get(path)).headers
    assert headers.get_list("x-content-type-options") == ["nosniff"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["referrer-policy"] == "same-origin"


async def test_se6_metrics_count_and_name_nobody(server: Here) -> None:
    await server.as_(ADMIN).get("/sync/_all_dbs")
    text = (await server.as_().get("/metrics")).text
    assert 'fieldbook_requests_total{class="sync",status="2xx"} 1' in text
    assert 'fieldbook_documents{class="office"} ' in text
    assert "fieldbook_open_feeds 0" in text
    assert "admin" not in text


async def test_se6_metrics_are_for_this_machine_and_administrators(server: Here) -> None:
    elsewhere = {"x-forwarded-for": "10.0.0.1"}
    assert (await server.as_(**elsewhere).get("/metrics")).status_code == 403
    assert (await server.as_(("li", PASSWORD), **elsewhere).get("/metrics")).status_code == 403
    assert (await server.as_(ADMIN, **elsewhere).get("/metrics")).status_code == 200


async def test_se13_the_server_s_own_page_needs_nothing_from_elsewhere_and_shows_no_markup_of_the_caller(
    server: Here,
) -> None:
    page = await server.as_().get("/server")
    assert page.status_code == 200
    assert "src=" not in page.text
    assert "<script" not in (await server.as_(host="<script>alert(1)</script>").get("/server")).text


async def test_se13_the_api_describes_itself_without_a_network(server: Here) -> None:
    described = (await server.as_().get("/schema")).json()
    assert "/api/v1/tablets/me/report" in described["paths"]


async def test_se14_the_databases_that_every_server_has_are_there(server: Here) -> None:
    assert (await server.as_(ADMIN).get("/sync/_all_dbs")).json() == ["centre", "office", "shared"]


async def test_se15_about_tells_the_time_and_the_zone(server: Here) -> None:
    told = (await server.as_().get("/api/v1/about")).json()
    assert told["zone"] == "Asia/Shanghai"
    assert told["time"].endswith("Z")
    assert told["store"] == server.services.store.incarnation


async def test_se17_work_in_the_background_runs_with_the_server_and_is_closed_with_it(tmp_path: Path) -> None:
    heard: list[str] = []
    begun = asyncio.Event()

    class Worker:
        def __init__(self, services: Services) -> None:
            self.store = services.store

        async def run(self) -> None:
            heard.append(str(await self.store.databases()))
            begun.set()
            raise RuntimeError("broken")

        async def close(self) -> None:
            heard.append("closed")

    app = create_app(Settings(data=str(tmp_path)), tasks=[Worker])
    async with living(app) as services:
        await begun.wait()
        await services.store.info("office")
    assert heard == ["['centre', 'office', 'shared']", "closed"]
