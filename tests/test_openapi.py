"""AP31 to AP36: `/schema` walked, operation by operation: it says what programs need, and what it says is true."""

import re
from collections.abc import Iterator
from typing import Any, get_args

import httpx
import msgspec
import pytest
from litestar.routes import HTTPRoute

from server.api.base import PROBLEM_DETAILS
from server.api.described import GIVES_BYTES, OPEN, TAKES_BYTES, operation_id, operations
from tests.builders import record
from tests.desk import COMMITTEE, SECRETARY, Desk
from tests.serving import ADMIN
from tests.working import visit

NO_JSON = {*GIVES_BYTES, "listenToChanges", "readMetrics"}
WHOLE = {
    "listFigures": "they are part of the program",
    "countFigures": "a line for each group, as many as were asked for",
    "listForms": "an administrator writes each by hand",
    "formUses": "a line for each type that has a form",
}
"""Lists that come whole, and why they may."""


async def document(here: Desk) -> Any:
    async with here.here.as_() as client:
        return (await client.get("/schema")).json()


def handlers(here: Desk) -> dict[str, Any]:
    routes = (route for route in here.here.app.routes if isinstance(route, HTTPRoute))
    return {operation_id(one): one for route in routes for one, _ in route.route_handler_map.values()}


def given(handler: Any) -> Any:
    """What an operation answers when all is well."""
    told = handler.parsed_fn_signature.return_type.annotation
    found = next((one for one in get_args(told)), told) if "Response[" in str(told) else told
    return get_args(found)[0] if "NotIssued" in str(found) or "Outdated" in str(found) else found


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from texts(one)


def check(told: Any, of: Any) -> None:
    """It has every field that the type has and no other, and tells its times in UTC."""
    assert msgspec.json.decode(msgspec.json.encode(msgspec.json.decode(msgspec.json.encode(told), type=of))) == told
    moments = [one for one in texts(told) if re.match(r"\d{4}-\d\d-\d\dT", one)]
    assert [one for one in moments if not one.endswith("Z")] == []


async def test_ap31_every_operation_has_a_name_a_sentence_a_tag_and_parameters_that_are_explained(here: Desk) -> None:
    told = [operation for _, _, operation in operations(await document(here))]
    names = [one["operationId"] for one in told]
    assert len(set(names)) == len(names)
    for one in told:
        assert re.fullmatch(r"[a-z]+([A-Z][a-z]+)*", one["operationId"])
        assert 5 < len(one["summary"]) < 150
        assert len(one["tags"]) == 1
        assert [each["name"] for each in one.get("parameters", []) if len(each["description"]) < 10] == []
        assert not [each for each in one.get("parameters", []) if each["name"] != each["name"].lower()]


async def test_ap32_every_operation_has_a_true_example_of_what_it_takes_and_gives(here: Desk) -> None:
    known = handlers(here)
    for _, path, one in operations(await document(here)):
        name = one["operationId"]
        handler = known[name]
        for media, sent in one.get("requestBody", {}).get("content", {}).items():
            if name in TAKES_BYTES:
                assert media == TAKES_BYTES[name]
            else:
                msgspec.convert(sent["example"], handler.parsed_data_field.annotation)
        status = next(status for status in one["responses"] if status.startswith("2"))
        ((media, answer),) = one["responses"][status]["content"].items()
        if name not in NO_JSON:
            assert media == "application/json", path
            check(answer["example"], given(handler))


async def test_ap33_every_operation_tells_how_it_may_refuse_as_problem_details(here: Desk) -> None:
    told = await document(here)
    for _, path, one in operations(told):
        refusals = {status: answer for status, answer in one["responses"].items() if not status.startswith("2")}
        for answer in refusals.values():
            found = told["components"]["responses"][answer["$ref"].rsplit("/", 1)[1]] if "$ref" in answer else answer
            ((media, content),) = found["content"].items()
            assert media == PROBLEM_DETAILS
            schema = told["components"]["schemas"][content["schema"]["$ref"].rsplit("/", 1)[1]]
            assert {"type", "title", "status", "detail", "error", "reason"} <= set(schema["properties"]), path
        assert ("401" in refusals) == (one["operationId"] not in OPEN or one["operationId"] in _PROVING), path
        assert bool(one["security"]) == (one["operationId"] not in OPEN)
        assert not one.get("parameters") or "400" in refusals


_PROVING = ("logIn", "enrolTablet", "askBeacon")
"""Open to everybody, but not without a proof in what is sent."""


async def test_ap34_whoever_has_not_logged_in_is_refused_exactly_where_the_description_says_so(here: Desk) -> None:
    async with here.here.as_() as client:
        for method, path, one in operations(await document(here)):
            if one["operationId"] in (*OPEN, "listenToChanges"):
                continue
            required = {each["name"]: "csv" for each in one.get("parameters", []) if each["required"]}
            sent = one.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")
            answer = await client.request(method, re.sub(r"{\w+}", "1", path), params=required, json=sent)
            assert answer.status_code == 401, (method, path, answer.text)
            assert answer.headers["content-type"] == PROBLEM_DETAILS


async def test_ap35_every_list_that_can_grow_goes_on(here: Desk) -> None:
    told = await document(here)
    for method, path, one in operations(told):
        if method != "get" or one["operationId"] in NO_JSON:
            continue
        schema = one["responses"]["200"]["content"]["application/json"]["schema"]
        schema = told["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]] if "$ref" in schema else schema
        words = {each["name"] for each in one.get("parameters", [])}
        if schema.get("type") == "array":
            assert one["operationId"] in WHOLE, path
        elif "next" in schema["properties"] if "properties" in schema else False:
            assert "next" in schema["required"], path
            assert words & {"after", "before", "since"}, path
            assert "limit" in words or "since" in words, path


async def test_ap35_tokens_go_on_by_pages(here: Desk) -> None:
    made = [(await here.post(SECRETARY, "/tokens", {}))["about"]["id"] for _ in range(5)]
    found: list[str] = []
    after = ""
    for _ in range(3):
        page = await here.get(SECRETARY, f"/tokens?limit=2{after}")
        found += [one["id"] for one in page["tokens"]]
        after = f"&after={page['next']}"
    assert found == sorted(made)
    assert page["next"] is None


async def test_ap36_what_a_server_answers_is_what_its_description_says(here: Desk) -> None:
    body = visit("m0117", problems__01K9AAAA__text="屋顶漏雨", problems__01K9AAAA__state="open")
    service = record("service", author="m0117")
    await here.push("m0117", body, service)
    await here.until(
        lambda: here.get(SECRETARY, "/activity-records/b03/2026-11"), lambda told: len(told["activities"]) >= 1
    )
    told = await here.get(SECRETARY, f"/records/{body['_id']}")
    await here.post(SECRETARY, "/reviews", {"record": body["_id"], "decision": "approve", "seen": told["seen"]})
    await here.until(lambda: here.get(SECRETARY, f"/records/{body['_id']}"), lambda one: one["review"] == "approved")
    async with here.here.as_(ADMIN) as client:
        for doc, fields in (
            ("branch/b03", {"name": "第三党支部"}),
            ("member/m0117", {"name": "李明", "branch": "b03", "role": "member"}),
        ):
            answer = await client.put(f"/api/v1/directory/{doc}", json={"fields": fields})
            assert answer.status_code == 201, answer.text
    await here.until(lambda: here.get(SECRETARY, "/activity-records/b03/2026-11"), lambda one: one["seen"])
    known = handlers(here)
    activity = told["activity"]
    asked = {
        "readSession": "/session",
        "listTokens": "/tokens",
        "readInbox": "/inbox",
        "listRecords": "/records",
        "readRecord": f"/records/{body['_id']}",
        "readHistory": f"/records/{body['_id']}/history",
        "readSince": f"/records/{body['_id']}/since",
        "listDisputes": "/disputes",
        "listLikelySame": "/subjects/likely-same",
        "readMember": "/members/m0117",
        "listActivities": "/activities",
        "readActivity": f"/activities/{activity}",
        "readSideBySide": f"/activities/{activity}/side-by-side",
        "listCases": "/cases",
        "listFigures": "/figures/meanings",
        "countFigures": "/figures?period=month&at=2026-11&by=member",
        "compareFigures": "/figures/compared?period=month&at=2026-11&by=window",
        "countSeries": "/figures/series?period=month&at=2026-11&over=week&codes=visits,good_share",
        "openFigure": "/figures/visits/contributions?period=month&at=2026-11",
        "listMonths": "/activity-records",
        "readMonth": "/activity-records/b03/2026-11",
        "readProfile": "/activity-records/b03/2026-11/profile",
        "listProblems": "/problems",
        "listServices": "/services",
        "searchTexts": "/search?q=漏雨",
        "listImports": "/imports",
        "listRegisters": "/imports/registers",
        "readDirectory": "/directory",
        "listMembers": "/directory/members",
        "listNames": "/directory/names",
        "readDirectoryEntry": "/directory/member/m0117",
        "listForms": "/forms",
        "listQuarantine": "/quarantine",
        "readAbout": "/about",
    }
    for name, path in asked.items():
        check(await here.get(SECRETARY, path), given(known[name]))
    for name, path in {"listAccounts": "/accounts", "listTablets": "/tablets", "readAudit": "/audit"}.items():
        check(await here.get(ADMIN, path), given(known[name]))
    await here.get(COMMITTEE, "/figures?by=branch&period=year")


@pytest.mark.parametrize("path", ["/nothing", "/records/visit:1/nothing", "/figures/none/contributions"])
async def test_ap33_what_is_not_there_is_refused_in_the_same_words(here: Desk, path: str) -> None:
    async with here.here.as_(SECRETARY) as client:
        answer: httpx.Response = await client.get(f"/api/v1{path}")
    assert answer.headers["content-type"] == PROBLEM_DETAILS
    assert answer.json()["type"] == f"urn:fieldbook:{answer.json()['error']}"
