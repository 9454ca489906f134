"""WK: what the worker makes of what arrives, also when it dies, or is not alone."""

import asyncio
import random
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sync.reconcile.lease import DOCUMENT, LASTS_SECONDS, Lease
from sync.stores.contract import LEAVES, Want
from tests.builders import NOW, record, stamp
from tests.working import Dead, Dying, Working, edited, hours, plain, visit, working, write


async def conflict(one: Working) -> str:
    """A visit that two tablets edited apart. Returns its id."""
    body = visit()
    left, right = edited(body, "narrative", "甲", device="t1"), edited(body, "outcome", "乙", device="t2")
    await one.centre.store.add("branch-b03", [write(body), write(left, "2-b", "1-a"), write(right, "2-c", "1-a")])
    return str(body["_id"])


async def leaves(one: Working, doc: str) -> list[tuple[str, bool]]:
    (found,) = await one.centre.store.get("branch-b03", [Want(doc, LEAVES)])
    return [(stored.rev, stored.deleted) for stored in found.revisions]


async def test_wk1_databases_that_come_while_it_runs_are_followed_and_gone_ones_forgotten(tmp_path: Path) -> None:
    async with working(tmp_path) as one:
        one.worker._pace_seconds = 0.01
        running = asyncio.ensure_future(one.worker.run())
        await one.store.create("branch-b09")
        await one.store.add("branch-b09", [write(visit(branch="b09"))])
        for _ in range(500):
            if await one.documents("activity:", "branch-b09"):
                break
            await asyncio.sleep(0.01)
        assert len(await one.documents("activity:", "branch-b09")) == 1
        await one.store.drop("branch-b09")
        for _ in range(500):
            if "branch-b09" not in await one.ledger.feeds():
                break
            await asyncio.sleep(0.01)
        assert "branch-b09" not in await one.ledger.feeds()
        await one.worker.close()
        await asyncio.gather(running, return_exceptions=True)


@pytest.mark.parametrize("writes", [0, 1, 2, 3])
async def test_wk2_a_worker_that_died_between_two_writes_finishes_when_it_is_begun_again(
    tmp_path: Path, writes: int
) -> None:
    async with working(tmp_path) as other:
        doc = await conflict(other)
        await other.lease.give_up()
        dying = Working(other.centre, tmp_path, "dying", Dying(other.centre.store, writes))
        await dying.start()
        with pytest.raises(Dead):
            await dying.idle()
        await dying.stop()
        after = await leaves(other, doc)
        if writes == 1:
            assert [deleted for _, deleted in after] == [False, False], "the continuation is there, the end is not"
        again = await Working(other.centre, tmp_path, "dying").start()
        await again.idle()
        assert [deleted for _, deleted in await leaves(other, doc)] == [False, True]
        fields = (await again.documents(doc))[doc]
        assert (fields["narrative"], fields["outcome"]) == ("甲", "乙")
        assert len(await again.documents("activity:")) == 1
        await again.same_from_nothing()
        await again.stop()


async def test_wk3_what_is_at_rest_is_written_nothing(one: Working) -> None:
    doc = await conflict(one)
    await one.idle()
    at = (await one.store.info("branch-b03")).update_seq
    await one.idle()
    again = await Working(one.centre, one.path.parent, "one-more").start()
    one.lease._until = None
    await again.idle()
    await again.stop()
    assert (await one.store.info("branch-b03")).update_seq == at
    assert len(await leaves(one, doc)) == 2


async def test_wk4_two_workers_at_once_write_the_same_and_no_more(tmp_path: Path) -> None:
    async with working(tmp_path) as one:
        docs = [await conflict(one) for _ in range(5)]
        # The second one takes itself for the holder too, as a paused process does.
        two = Working(one.centre, tmp_path, "two")
        await two.ledger.open(one.store.incarnation)
        two.lease._until = NOW + timedelta(days=1)
        await asyncio.gather(one.idle(), two.idle())
        await asyncio.gather(one.idle(), two.idle())
        for doc in docs:
            assert [deleted for _, deleted in await leaves(one, doc)] == [False, True]
        for doc in await one.documents("activity"):
            assert len(await leaves(one, doc)) == 1
        await one.same_from_nothing()
        await two.same_from_nothing()
        await two.stop()


async def test_wk4_only_the_holder_of_the_lease_writes_and_another_takes_up_what_it_left(one: Working) -> None:
    doc = await conflict(one)
    two = await Working(one.centre, one.path.parent, "two").start()
    assert not two.lease.held
    await two.idle()
    assert [deleted for _, deleted in await leaves(one, doc)] == [False, False]
    assert await one.documents("activity") == {}
    await one.lease.give_up()
    assert await two.lease.take()
    await two.idle()
    assert [deleted for _, deleted in await leaves(one, doc)] == [False, True]
    assert len(await one.documents("activity:")) == 1
    await two.stop()


async def test_wk4_a_lease_is_left_although_its_renewal_was_under_way(
    one: Working, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await one.lease.take()
    put_local, renewals = one.store.put_local, ["under way"]

    async def put(db: str, doc: str, parent: str | None, body: bytes | None) -> str:
        if body is None and renewals:
            renewals.pop()
            held = await one.store.local(db, doc)
            assert held is not None
            await put_local(db, doc, held[0], held[1])
        return await put_local(db, doc, parent, body)

    monkeypatch.setattr(one.store, "put_local", put)
    await one.lease.give_up()
    assert await one.store.local("office", DOCUMENT) is None


async def test_wk4_a_lease_ends_by_itself(one: Working) -> None:
    later = Lease(one.store, "two", lambda: NOW + timedelta(seconds=LASTS_SECONDS + 1))
    assert await later.take()
    assert not await Lease(one.store, "three", lambda: NOW).take()


async def test_wk5_a_record_of_a_newer_version_is_left_alone(one: Working) -> None:
    body = {**visit(), "version": 99}
    left, right = edited(body, "narrative", "甲"), edited(body, "narrative", "乙")
    await one.store.add("branch-b03", [write(body), write(left, "2-b", "1-a"), write(right, "2-c", "1-a")])
    await one.idle()
    assert await leaves(one, body["_id"]) == [("2-c", False), ("2-b", False)]


async def test_wk6_what_a_merge_says_is_checked(one: Working) -> None:
    body = visit()
    li = one.centre.actor("m0117")
    await one.centre.admission.push(li, "branch-b03", [write(body)])
    left = edited(body, "kind", "no such kind")
    right = edited(body, "outcome", "办结")
    await one.centre.admission.push(li, "branch-b03", [write(left, "2-b", "1-a")])
    await one.idle()
    assert await one.documents("activity:") == {}, "a record with a problem does not count"
    await one.centre.admission.push(li, "branch-b03", [write(right, "2-c", "1-a")])
    await one.idle()
    (check,) = (await one.documents("check:")).values()
    assert [problem["field"] for problem in check["problems"]] == ["kind"], "merged in, it is still wrong"
    assert await one.documents("activity:") == {}


def check_of(body: dict[str, Any], problems: list[Any], by: str, number: int) -> dict[str, Any]:
    """What a server wrote of a record that it saw with these problems."""
    relayed = [{"path": "outcome", "stamp": by, "by": by}]
    fields = {"record": body["_id"], "problems": problems, "relayed": relayed, "readers/committee": True}
    made = {"_id": f"check:{body['_id']}", "type": "check", "version": 1, "branch": "b03", "device": "server"}
    return {**made, "fields": fields, "stamps": {"": stamp("server", "server", NOW + timedelta(minutes=number))}}


@pytest.mark.parametrize("later", [0, 1])
async def test_wk10_a_check_written_apart_says_what_its_record_asks_for_whichever_was_later(
    one: Working, later: int
) -> None:
    body = visit(kind="no such kind")
    wrong = [{"field": "kind", "code": "choice", "zh": "错", "en": "wrong"}]
    checks = [check_of(body, [], "m0001", later), check_of(body, wrong, "m0042", 1 - later)]
    await one.store.add("branch-b03", [write(body), write(checks[0], "1-a"), write(checks[1], "1-b")])
    await one.idle()
    assert [deleted for _, deleted in await leaves(one, f"check:{body['_id']}")] == [False, True]
    (check,) = (await one.documents("check:")).values()
    assert [problem["field"] for problem in check["problems"]] == ["kind"]
    assert {relay["by"] for relay in check["relayed"]} == {"m0001", "m0042"}
    assert await one.documents("activity:") == {}


async def test_wk10_a_check_that_comes_late_does_not_unsay_what_its_record_asks_for(one: Working) -> None:
    body = visit(kind="no such kind")
    stale = check_of(body, [], "m0001", 0)
    await one.store.add("branch-b03", [write(body), write(stale, "1-a")])
    await one.idle()
    (check,) = (await one.documents("check:")).values()
    assert [problem["field"] for problem in check["problems"]] == ["kind"]


async def test_wk10_servers_whose_clocks_differ_do_not_correct_each_others_checks(one: Working) -> None:
    body = visit(period=hours(1, 2))
    ahead = [{"field": "period", "code": "date_ahead", "zh": "晚", "en": "ahead"}]
    await one.store.add("branch-b03", [write(body), write(check_of(body, ahead, "m0001", 0), "1-a")])
    await one.idle()
    (check,) = (await one.documents("check:")).values()
    assert [problem["code"] for problem in check["problems"]] == ["date_ahead"]


async def test_wk7_a_participant_added_later_gets_the_photos_and_one_taken_away_loses_them(one: Working) -> None:
    body = visit()
    photo = record("photo", fields={"record": body["_id"]})
    photo["fields"] = {path: value for path, value in photo["fields"].items() if not path.startswith("readers/")}
    photo["fields"]["readers/member:m0117"] = True
    await one.store.add("branch-b03", [write(photo)])
    await one.store.add("branch-b03", [write(body)])
    await one.idle()
    zhang = one.centre.actor("m0042").principals

    async def seen() -> bool:
        page = await one.store.changes("branch-b03", reader=zhang)
        return photo["_id"] in [change.id for change in page.changes]

    assert not await seen()
    (fields,) = (await one.documents("photo:")).values()
    assert fields["readers/secretary:b03"] is True
    with_zhang = edited(body, "participants/m0042", True)
    await one.store.add("branch-b03", [write(with_zhang, "2-b", "1-a")])
    await one.idle()
    assert await seen()
    await one.store.add("branch-b03", [write(edited(with_zhang, "participants/m0042", False), "3-b", "2-b", "1-a")])
    await one.idle()
    (fields,) = (await one.documents("photo:")).values()
    assert fields["readers/member:m0042"] is False
    await one.same_from_nothing()


async def test_wk8_a_settled_dispute_is_an_edit_and_what_came_after_stays_open(one: Working) -> None:
    body = visit()
    left, right = edited(body, "outcome", "甲", device="t1"), edited(body, "outcome", "乙", device="t2")
    await one.store.add("branch-b03", [write(body), write(left, "2-b", "1-a"), write(right, "2-c", "1-a")])
    await one.idle()
    saw = [left["stamps"]["outcome"], right["stamps"]["outcome"]]
    settles = {"path": "outcome", "value": "甲", "saw": saw}
    review = record("review", author="m0001", fields={"record": body["_id"], "decision": "settle", "settles": settles})
    review["stamps"] = {"": stamp("m0001", "desk", NOW + timedelta(minutes=2))}
    await one.store.add("branch-b03", [write(review)])
    await one.idle()
    assert (await one.documents(body["_id"]))[body["_id"]]["outcome"] == "甲"
    own = record("review", author="m0117", fields={"record": body["_id"], "decision": "settle", "settles": settles})
    own["fields"]["settles"] = {**settles, "value": "自定"}
    await one.store.add("branch-b03", [write(own)])
    await one.idle()
    assert (await one.documents(body["_id"]))[body["_id"]]["outcome"] == "甲", "nobody settles in an own record"


async def test_wk9_what_is_erased_leaves_the_ledger_and_does_not_come_back(one: Working) -> None:
    body, other = visit(), visit(period=hours(5, 6))
    await one.store.add("branch-b03", [write(body), write(other)])
    await one.idle()
    assert (await one.month())["figures/activities"] == 2
    await one.centre.erasures.erase("branch-b03", [body["_id"]], "本人要求", "admin")
    await one.worker._forget_erased()
    await one.idle()
    assert (await one.month())["figures/activities"] == 1
    assert f"activity:{body['_id']}" not in await one.documents("activity:")
    await one.same_from_nothing()


async def test_wk9_a_database_made_again_under_its_name_begins_anew(one: Working) -> None:
    await one.store.add("branch-b03", [write(visit())])
    await one.idle()
    await one.store.drop("branch-b03")
    await one.store.create("branch-b03")
    body = plain("event", period=hours(1, 3))
    await one.store.add("branch-b03", [write(body)])
    await one.idle()
    month = await one.month()
    assert (month["figures/activities"], month["figures/events"]) == (1, 1)
    await one.same_from_nothing()


async def test_wk9_a_branch_that_is_dropped_takes_its_approved_months_out_of_the_ledger(one: Working) -> None:
    fields = {"month": "2026-11", "figures/activities": 1, "state": "approved", "number": 1}
    version = {
        "_id": "activity_record:b03:2026-11:v1",
        "type": "activity_record",
        "version": 1,
        "branch": "b03",
        "fields": fields,
    }
    await one.store.add("branch-b03", [write(visit()), write(version)])
    await one.idle()
    await one.store.drop("branch-b03")
    await one.ledger.forget("branch-b03")
    await one.same_from_nothing()


async def test_wk1_no_body_whatever_it_holds_stops_the_feed(one: Working) -> None:
    rng = random.Random(11)
    odd = [
        None,
        True,
        0,
        -1,
        10**30,
        1.5,
        "",
        "x",
        "é\x00",
        [],
        {},
        [[1]],
        {"over": []},
        {"over": ["x"]},
        ["a", "b"],
        [None, None],
    ]
    prefixes = ["visit", "service", "household", "photo", "rating", "review", "check", "assignment", "activity", "case"]
    prefixes += ["activity_record:b03", "activity:visit", "event", "member", "nothing"]
    names = [
        *record("visit")["fields"],
        *record("review")["fields"],
        "withdrawn",
        "problems/x1234/withdrawn",
        "follow_ups/a123/problem",
    ]
    writes = []
    for number in range(600):
        prefix = rng.choice(prefixes)
        body: dict[str, Any] = {"_id": f"{prefix}:{number % 250}", "type": rng.choice([prefix, "visit", *odd])}
        body |= {
            name: rng.choice(odd)
            for name in ("version", "branch", "author", "fields", "stamps", "replaced")
            if rng.random() < 0.7
        }
        if rng.random() < 0.7:
            body["fields"] = {rng.choice(names): rng.choice(odd) for _ in range(5)}
        if rng.random() < 0.5:
            body |= {
                "version": 1,
                "branch": "b03",
                "author": "m0117",
                "type": prefix if prefix != "household" else "subject",
            }
        deleted = rng.random() < 0.1
        writes.append(write(body, *rng.choice([("1-a",), ("1-b",), ("2-c", "1-a"), ("2-d", "1-b")]), deleted=deleted))
    home = record("subject")
    body = visit(subject=home["_id"])
    await one.store.add("branch-b03", [*writes, write(home), write(body)])
    await one.idle()
    assert f"activity:{body['_id']}" in await one.documents("activity:")
    await one.same_from_nothing()
