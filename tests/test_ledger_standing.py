"""LG: which records count, and when one that did not is put right."""

import itertools
from collections.abc import Callable
from pathlib import Path
from sqlite3 import Connection
from typing import Any
from zoneinfo import ZoneInfo

from sync.ledger.inbox import inbox
from sync.ledger.kept import Kept
from sync.ledger.schema import connect, prepare
from sync.ledger.waiting import Decider, Now
from tests.builders import record
from tests.working import ZONE, Working, add, counted, edited, hours, put, review, visit, write


async def standings(one: Working) -> dict[str, str]:
    rows = await one.ledger.read(lambda sql: sql.execute("SELECT id, standing FROM record").fetchall())
    return dict(rows)


async def test_lg3_a_record_with_problems_counts_when_it_is_put_right(one: Working) -> None:
    li = one.centre.actor("m0117")
    body = visit(period=["2026-11-20T05:00:00Z", "2026-11-20T04:00:00Z"])
    await one.centre.admission.push(li, "branch-b03", [write(body)])
    await one.idle()
    assert await counted(one) == {}
    mended = edited(body, "period", hours(4, 5))
    await one.centre.admission.push(li, "branch-b03", [write(mended, "2-b", "1-a")])
    await one.idle()
    assert (await counted(one))["activities"] == 1
    withdrawn = edited(mended, "withdrawn", {"over": sorted({mended["stamps"][""], mended["stamps"]["period"]})})
    await one.store.add("branch-b03", [write(withdrawn, "3-b", "2-b", "1-a")])
    await one.idle()
    assert await counted(one) == {}
    assert await one.documents("activity") == {}, "nothing is left of it on the tablets either"
    await one.same_from_nothing()


async def test_lg13_a_record_about_a_subject_that_is_not_there_yet_counts_once_it_comes(one: Working) -> None:
    there, late = record("subject"), record("subject")
    seen, early = visit(subject=there["_id"]), visit(subject=late["_id"])
    await add(one, there, seen, early)
    assert await standings(one) == {seen["_id"]: "counted", early["_id"]: "unknown_subject"}
    assert (await counted(one))["activities"] == 1
    await one.same_from_nothing()
    await add(one, late)
    assert set((await standings(one)).values()) == {"counted"}
    assert (await counted(one))["households"] == 2
    await one.same_from_nothing()


async def test_lg13_a_record_that_named_a_wrong_subject_is_put_right_by_an_edit(one: Working) -> None:
    there = record("subject")
    wrong = visit(subject="household:01K8NOBODY")
    await add(one, there, wrong)
    assert await standings(one) == {wrong["_id"]: "unknown_subject"}
    right = edited(wrong, "subject", there["_id"])
    await one.store.add("branch-b03", [write(right, "2-b", "1-a")])
    await one.idle()
    assert await standings(one) == {wrong["_id"]: "counted"}
    await one.same_from_nothing()


async def test_lg13_where_no_register_of_a_kind_is_kept_none_can_be_missed(one: Working) -> None:
    home, firm = visit(), visit(subject="enterprise:01K8FIRM")
    await add(one, home, firm)
    assert set((await standings(one)).values()) == {"counted"}
    register = record("subject")
    await add(one, register)
    assert await standings(one) == {home["_id"]: "unknown_subject", firm["_id"]: "counted"}
    await one.same_from_nothing()
    await one.store.erase("branch-b03", {register["_id"]: None})
    await one.ledger.forget("branch-b03", [register["_id"]])
    await one.idle()
    assert set((await standings(one)).values()) == {"counted"}
    await one.same_from_nothing()


async def test_lg14_who_had_left_took_no_part(one: Working) -> None:
    def member(left: str | None) -> dict[str, Any]:
        body = record("member")
        fields = {path: value for path, value in body["fields"].items() if path != "left"}
        return {**body, "_id": "member:m0042", "fields": fields | ({"left": left} if left else {})}

    last, after = visit(participants__m0042=True, subject="enterprise:a"), visit(participants__m0042=True)
    last["fields"]["period"] = ["2026-11-18T01:00:00Z", "2026-11-18T02:00:00Z"]
    await add(one, last, after)
    assert set((await standings(one)).values()) == {"counted"}
    await one.store.add("centre", [write(member("2026-11-18"))])
    await one.idle()
    assert await standings(one) == {last["_id"]: "counted", after["_id"]: "member_left"}
    await one.same_from_nothing()
    right = edited(after, "participants/m0042", False)
    await one.store.add("branch-b03", [write(right, "2-b", "1-a")])
    await one.idle()
    assert set((await standings(one)).values()) == {"counted"}
    wrong = visit(participants__m0042=True, subject="enterprise:b")
    await add(one, wrong)
    assert (await standings(one))[wrong["_id"]] == "member_left"
    await one.store.add("centre", [write(member(None), "2-b", "1-a")])
    await one.idle()
    assert set((await standings(one)).values()) == {"counted"}
    await one.same_from_nothing()


def test_a_ledger_with_joint_surveys_is_kept_when_it_is_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    prepare(path, "basis")
    connection = connect(path, writing=True)
    connection.execute("INSERT INTO joint_party(joint, branch) VALUES ('case:1', 'b03')")
    connection.close()
    prepare(path, "basis")
    connection = connect(path)
    assert connection.execute("SELECT branch FROM joint_party").fetchall() == [("b03",)]
    connection.close()


async def test_ix10_what_is_told_of_how_much_waits_is_what_counting_it_again_would_tell(one: Working) -> None:
    committee = Decider("m0001", None, None)
    seen: list[dict[str, int]] = []

    async def look() -> dict[str, int]:
        def counts(kept: Kept) -> Callable[[Connection], dict[str, int]]:
            start = ("", -1, "", "")
            return lambda sql: inbox(
                sql, committee, None, start, 10, Now("2026-11-22T00:00:00Z", "2026-11-22"), ZoneInfo(ZONE), kept
            )[0]

        told = await one.ledger.read(counts(one.ledger.kept))
        assert told == await one.ledger.read(counts(Kept()))
        seen.append(told)
        return told

    home, late = record("subject"), record("subject")
    first, second = visit(subject=home["_id"]), visit("m0042", subject=late["_id"], period=hours(12, 13))
    await add(one, home, first, second)
    assert (await look())["faulty"] == 1
    # A subject that comes with another branch, a join by two, a decision, a member who left, an erasure.
    await put(one, {**late, "branch": "b04"})
    assert (await look())["new"] == 2
    near = [visit(who, period=hours(at, at + 1, 18)) for who, at in (("m0117", 3), ("m0042", 4))]
    near[1]["fields"]["period"] = ["2026-11-18T04:20:00Z", "2026-11-18T05:00:00Z"]
    for body in near:
        body["fields"]["subject"] = home["_id"]
    await add(one, *near)
    assert (await look())["join"] == 1
    await add(one, review(first["_id"], "return", remarks__1="看"))
    await look()
    member = record("member", fields={"left": "2026-11-01"}) | {"_id": "member:m0042"}
    await one.store.add("centre", [write(member)])
    await one.idle()
    assert (await look())["faulty"] == 2
    await one.store.erase("branch-b03", {near[0]["_id"]: None})
    await one.ledger.forget("branch-b03", [near[0]["_id"]])
    await one.idle()
    assert (await look())["join"] == 0
    assert all(before != after for before, after in itertools.pairwise(seen))
