"""IX: the inbox tells everybody what waits for their decision, and nothing else."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from server.api.examples import EXAMPLES
from sync.errors import Forbidden
from tests.builders import write
from tests.desk import COMMITTEE, LI, SECRETARY, Desk
from tests.serving import ADMIN, PASSWORD
from tests.test_cases import both, case, survey
from tests.working import edited, hours, visit

DEPUTY = ("deputy", PASSWORD)


async def waiting(here: Desk, who: tuple[str, str], query: str, holds: Any) -> Any:
    return await here.until(lambda: here.get(who, f"/inbox{query}"), holds)


def ids(told: Any) -> list[str]:
    return [one["id"] for one in told["items"]]


async def test_ix1_the_oldest_day_first_and_within_a_day_the_most_doubtful_for_who_decides(here: Desk) -> None:
    late, plain, short = (
        visit("m0117", period=hours(2, 3, 20)),
        visit("m0117", period=hours(1, 2, 19), subject="enterprise:01K8Q2M4T6V8C0N2B4X6D8E0F1"),
        visit("m0117", period=["2026-11-19T05:00:00Z", "2026-11-19T05:02:00Z"]),
    )
    await here.push("m0117", late, plain, short)
    told = await waiting(here, SECRETARY, "", lambda told: told["counts"]["new"] == 3)
    assert ids(told) == [short["_id"], plain["_id"], late["_id"]]
    assert [one["doubt"] for one in told["items"]] == [30, 0, 0]
    assert told["items"][0]["reasons"] == [{"zh": "不足 5 分钟", "en": "It took less than 5 minutes"}]
    assert {one["at"] for one in told["items"]} == {"2026-11-19", "2026-11-20"}
    for one in told["items"]:
        assert one["seen"] == (await here.get(SECRETARY, f"/records/{one['id']}"))["seen"]
    assert sum((await here.get(LI, "/inbox"))["counts"].values()) == 0, "members decide on nothing"
    assert sum((await here.get(SECRETARY, "/inbox?branch=b04"))["counts"].values()) == 0


async def test_ix2_an_own_record_waits_for_the_deputy_and_the_committee(here: Desk) -> None:
    await here.services.accounts.add("deputy", "deputy", PASSWORD, member="m0002", branch="b03")
    own = visit("m0001")
    await here.push("m0001", own)
    told = await waiting(here, DEPUTY, "", lambda told: told["counts"]["new"] == 1)
    assert ids(told) == [own["_id"]]
    assert ids(await here.get(COMMITTEE, "/inbox")) == [own["_id"]]
    assert sum((await here.get(SECRETARY, "/inbox"))["counts"].values()) == 0
    # Whether an earlier visit of somebody else was the same one is not the secretary's to say either.
    earlier = visit("m0117", period=["2026-11-19T23:00:00Z", "2026-11-19T23:30:00Z"])
    await here.push("m0117", earlier)
    told = await waiting(here, DEPUTY, "", lambda told: told["counts"]["join"] == 1)
    (join,) = [one for one in told["items"] if one["kind"] == "join"]
    assert (join["id"], join["others"]) == (f"activity:{earlier['_id']}", [own["_id"]])
    told = await waiting(here, SECRETARY, "", lambda told: told["counts"]["new"] == 1)
    assert (ids(told), told["counts"]["join"]) == ([earlier["_id"]], 0)
    decision = {"record": join["id"], "decision": "join", "records": join["others"]}
    await here.post(SECRETARY, "/reviews", decision, 403)
    await here.post(DEPUTY, "/reviews", {**decision, "records": [earlier["_id"]]}, 400)
    await here.post(DEPUTY, "/reviews", decision)
    await waiting(here, DEPUTY, "", lambda told: told["counts"]["join"] == 0)


async def test_ix3_returned_waits_for_its_author_and_corrected_or_amended_for_the_secretary_again(here: Desk) -> None:
    one, two = visit("m0117", period=hours(1, 2)), visit("m0117", period=hours(5, 6))
    await here.push("m0117", one, two)
    told = await waiting(here, SECRETARY, "", lambda told: told["counts"]["new"] == 2)
    seen = {item["id"]: item["seen"] for item in told["items"]}
    await here.post(
        SECRETARY, "/reviews", {"record": one["_id"], "decision": "return", "seen": seen[one["_id"]], "text": "请补充"}
    )
    await here.post(SECRETARY, "/reviews", {"record": two["_id"], "decision": "approve", "seen": seen[two["_id"]]})
    await waiting(here, SECRETARY, "", lambda told: sum(told["counts"].values()) == 0)
    await here.services.store.add(
        "branch-b03", [write(edited(body, "outcome", "已补"), "2-b", "1-a") for body in (one, two)]
    )
    told = await waiting(
        here, SECRETARY, "", lambda told: told["counts"]["corrected"] == told["counts"]["amended"] == 1
    )
    assert {item["id"]: item["kind"] for item in told["items"]} == {one["_id"]: "corrected", two["_id"]: "amended"}
    assert (await here.get(SECRETARY, "/records?review=corrected"))["records"][0]["id"] == one["_id"]


async def test_ix4_what_is_disputed_faulty_or_overdue_is_told_with_the_reason(here: Desk) -> None:
    body = visit(
        "m0117",
        period=["2025-11-20T01:00:00Z", "2025-11-20T02:00:00Z"],
        problems__01K9AAAA__text="屋顶漏雨",
        problems__01K9AAAA__state="open",
        problems__01K9AAAA__due="2025-11-30",
    )
    wrong = visit("m0117", kind="nothing of the kind", period=hours(5, 6))
    await here.push("m0117", body, wrong)
    left, right = edited(body, "narrative", "甲", device="t1"), edited(body, "narrative", "乙", device="t2")
    await here.services.store.add("branch-b03", [write(left, "2-b", "1-a"), write(right, "2-c", "1-a")])
    told = await waiting(
        here,
        SECRETARY,
        "",
        lambda told: all(told["counts"][one] == 1 for one in ("disputed", "faulty", "overdue", "month")),
    )
    by_kind = {one["kind"]: one for one in told["items"]}
    assert by_kind["disputed"]["reasons"][0]["zh"] == "“情况记录”有不同的填写"
    assert by_kind["overdue"]["item"] == "01K9AAAA"
    assert by_kind["overdue"]["id"] == body["_id"]
    assert by_kind["faulty"]["id"] == wrong["_id"]
    assert by_kind["faulty"]["reasons"][0]["zh"]
    only = await here.get(SECRETARY, "/inbox?kind=overdue")
    assert [one["kind"] for one in only["items"]] == ["overdue"]
    assert only["counts"] == told["counts"]


async def test_ix4_joins_and_months_wait_and_go_when_they_are_decided(here: Desk) -> None:
    one = visit("m0117", period=["2025-10-20T01:00:00Z", "2025-10-20T02:00:00Z"])
    two = visit("m0042", period=["2025-10-20T02:20:00Z", "2025-10-20T03:00:00Z"])
    await here.push("m0117", one)
    await here.push("m0042", two)
    told = await waiting(here, SECRETARY, "", lambda told: told["counts"]["join"] == 1 and told["counts"]["month"] == 1)
    by_kind = {one["kind"]: one for one in told["items"]}
    join, month = by_kind["join"], by_kind["month"]
    assert (join["id"], join["others"]) == (f"activity:{one['_id']}", [two["_id"]])
    assert {"zh": "同一服务对象", "en": "the same subject"} in join["reasons"]
    assert (month["title"], month["at"]) == ("2025-10", "2025-10-31")
    await here.post(SECRETARY, "/reviews", {"record": join["id"], "decision": "join", "records": join["others"]})
    await waiting(here, SECRETARY, "", lambda told: told["counts"]["join"] == 0)
    path = "/activity-records/b03/2025-10"
    await here.until(lambda: here.get(SECRETARY, path), lambda told: len(told["activities"]) == 1 and told["seen"])

    async def approve() -> Any:
        (now,) = (await here.get(SECRETARY, "/inbox?kind=month"))["items"]
        decision = {"record": month["id"], "decision": "approve", "seen": now["seen"]}
        return await here.post(SECRETARY, "/reviews", decision)

    await here.until(approve, bool)
    await waiting(here, SECRETARY, "", lambda told: told["counts"]["month"] == 0)


async def test_ix5_pages_go_on_after_the_last_line_and_nothing_comes_twice(here: Desk) -> None:
    bodies = [visit("m0117", period=hours(hour, hour + 1, day)) for day in (17, 18) for hour in (1, 4, 7)]
    await here.push("m0117", *bodies)
    await waiting(here, SECRETARY, "", lambda told: told["counts"]["new"] == 6)
    whole = ids(await here.get(SECRETARY, "/inbox"))
    shown: list[str] = []
    after = ""
    while True:
        page = await here.get(SECRETARY, f"/inbox?limit=4{after}")
        shown += ids(page)
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert shown == whole
    assert (await here.get(SECRETARY, "/inbox?after=00", 400))["error"] == "bad_cursor"


async def test_ix6_what_was_refused_waits_for_the_administrator_alone(here: Desk) -> None:
    with pytest.raises(Forbidden):
        await here.push("m0117", visit("m0117", branch="b04"))
    told = await here.get(ADMIN, "/inbox")
    assert told["counts"]["quarantined"] == 1
    assert [one["kind"] for one in told["items"]] == ["quarantined"]
    assert told["items"][0]["reasons"][0]["zh"]
    assert (await here.get(SECRETARY, "/inbox"))["counts"]["quarantined"] == 0


async def test_ix7_many_are_decided_at_once_each_by_what_was_seen_of_it(here: Desk) -> None:
    bodies = [visit("m0117", period=hours(hour, hour + 1)) for hour in (1, 4, 7)]
    own = visit("m0001", period=hours(9, 10))
    await here.push("m0117", *bodies)
    await here.push("m0001", own)
    told = await waiting(here, SECRETARY, "?kind=new", lambda told: told["counts"]["new"] == 3)
    seen = {item["id"]: item["seen"] for item in told["items"]}
    first, second, third = (body["_id"] for body in bodies)
    await here.services.store.add("branch-b03", [write(edited(bodies[1], "outcome", "已办结"), "2-b", "1-a")])
    decisions = [
        {"record": first, "decision": "approve", "seen": seen[first]},
        {"record": second, "decision": "approve", "seen": seen[second]},
        {"record": own["_id"], "decision": "approve", "seen": "sha256-x"},
        {"record": "visit:nothing", "decision": "approve", "seen": ""},
        {"record": third, "decision": "return", "seen": seen[third]},
        {"record": third, "decision": "split", "records": [first]},
        {"record": third, "decision": "return", "seen": seen[third], "text": "请补充"},
    ]
    answers = await here.post(SECRETARY, "/reviews/batch", {"decisions": decisions}, 200)
    assert [one["status"] for one in answers] == [
        *("decided", "conflict", "conflict", "refused", "refused", "refused", "decided"),
    ]
    assert [one.get("error", "") for one in answers[3:6]] == ["not_found", "no_reason", "not_in_batch"]
    assert answers[1]["seen"] != seen[second]
    decisions = [{"record": own["_id"], "decision": "approve", "seen": answers[2]["seen"]}]
    (answer,) = await here.post(SECRETARY, "/reviews/batch", {"decisions": decisions}, 200)
    assert answer["status"] == "refused"
    await waiting(here, SECRETARY, "?kind=new", lambda told: ids(told) == [second])
    await here.post(SECRETARY, "/reviews/batch", {"decisions": decisions * 201}, 400)


async def test_ap19_the_description_of_the_api_has_examples_of_what_routes_take_and_give(here: Desk) -> None:
    async with here.here.as_() as client:
        for _ in range(2):
            described = (await client.get("/schema")).json()
    for (method, path), shown in EXAMPLES.items():
        operation = described["paths"][path][method]
        if shown.sent is not None:
            sent = operation["requestBody"]["content"]["application/json"]["example"]
            assert msgspec.convert(sent, type(shown.sent)) == shown.sent
        answers = [one["content"] for one in operation["responses"].values() if "content" in one]
        told = [one.get("application/json", {}).get("example") for one in answers]
        assert msgspec.json.decode(msgspec.json.encode(shown.answered)) in told


async def test_ix11_a_joint_survey_that_is_ready_waits_for_whoever_concludes_it_the_oldest_limit_first(
    here: Desk,
) -> None:
    def then(days: int) -> str:
        return (here.services.now() + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")

    waits, past, older = case(limit=then(3)), case(limit=then(-1)), case(limit=then(-2))
    whole, open_ended, draft = case(limit=then(5)), case(limit=None), case(limit=then(-1), announced=None)
    await here.push("m0001", waits, past, older, whole, open_ended, draft, db="shared")
    ours = [survey(one["_id"], **both()) for one in (whole, open_ended)]
    theirs = [survey(one["_id"], "b04", "m0300", **both("fail")) for one in (whole, open_ended)]
    await here.push("m0117", *ours)
    await here.push("m0300", *theirs, db="branch-b04", branch="b04")
    told = await waiting(here, SECRETARY, "?kind=conclusion", lambda told: told["counts"]["conclusion"] == 4)
    assert ids(told) == [one["_id"] for one in (older, past, open_ended, whole)]
    assert [reason["en"] for reason in told["items"][0]["reasons"]] == ["Its time is past", "2 parties are awaited"]
    assert [reason["zh"] for reason in told["items"][3]["reasons"]] == ["各方意见已齐", "1 项意见不一"]
    assert told["items"][3]["at"] > told["items"][2]["at"] > told["items"][1]["at"]
    page = await here.get(SECRETARY, "/inbox?kind=conclusion&limit=2")
    following = await here.get(SECRETARY, f"/inbox?kind=conclusion&limit=2&after={page['next']}")
    assert ids(page) + ids(following) == ids(told)
    await here.services.accounts.add("deputy", "deputy", PASSWORD, member="m0002", branch="b03")
    assert ids(await here.get(DEPUTY, "/inbox?kind=conclusion")) == ids(told)
    await here.services.accounts.add("theirs", "secretary", PASSWORD, member="m0301", branch="b04")
    for who in (("theirs", PASSWORD), COMMITTEE, LI):
        assert (await here.get(who, "/inbox"))["counts"]["conclusion"] == 0, "they may not conclude it"
    await here.post(SECRETARY, f"/cases/{older['_id']}/conclusion", {"conclusion": "remedy"})
    told = await waiting(here, SECRETARY, "?kind=conclusion", lambda told: told["counts"]["conclusion"] == 3)
    assert older["_id"] not in ids(told)
