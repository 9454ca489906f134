"""LS: subjects that two tablets each made of one household or enterprise."""

import json
import random
from pathlib import Path
from typing import Any

from sync.ledger.counting import figures
from sync.ledger.rows import FigureWhere
from sync.reconcile.edit import withdraw
from sync.reconcile.likely import KEY_CROWD, Known, compare, keys_of, known_of, plain
from tests.builders import record, stamp, write
from tests.desk import COMMITTEE, SECRETARY, ZHANG, Desk
from tests.serving import PASSWORD
from tests.working import Working, hours, put, visit, working

OTHER = ("other", PASSWORD)
HERE, NEAR, FAR = [391_234_567, 1_161_234_567, 12], [391_236_567, 1_161_234_567, 12], [391_534_567, 1_161_234_567, 12]


def subject(kind: str, name: str, branch: str = "b03", **fields: Any) -> dict[str, Any]:
    body = record("subject", branch=branch)
    body["_id"] = kind + body["_id"][len("household") :]
    told = {"kind": kind, "name": name} | {path.replace("__", "/"): value for path, value in fields.items()}
    return {**body, "fields": told}


def known(kind: str, name: str, branch: str = "b03", **fields: Any) -> Known:
    told = known_of(subject(kind, name, branch, **fields))
    assert told is not None
    return told


def score(one: Known, other: Known) -> tuple[int, tuple[str, ...]] | None:
    found, turned = compare(one, other), compare(other, one)
    assert found == turned
    assert found is None or set(keys_of(one)) & set(keys_of(other)), (
        "what is alike shares a key, or would never be compared"
    )
    return None if found is None else (found.score, found.because)


def test_ls1_names_and_addresses_are_compared_without_what_people_write_differently() -> None:
    one = "3-2-501"
    for other in ("3栋2单元501室", "３号楼２单元５０１", "三幢二单元501号", "3 栋 2 单元 501 户", "3—2—501", "3/2/501"):
        assert plain(other) == one, other
    assert plain("青石村三组八号户") == plain("青石村 第3组 8号") == plain("青石村3组8")
    assert plain("二十八号楼") == plain("28栋")
    assert plain("ＡＢＣ　（云泽）") == plain("abc(云泽)") == "abc云泽"
    assert plain(None) == plain(7) == ""
    assert known("enterprise", "云泽市星光食品有限责任公司").core == known("enterprise", "云泽星光食品有限公司").core


def test_ls2_what_speaks_for_one_subject() -> None:
    home = known("household", "三组八号户", address="河西村三组", place=HERE)
    assert score(home, known("household", "3组8号户", address="河西村 3组")) == (80, ("same_name", "same_address"))
    assert score(home, known("household", "三组8号", place=NEAR)) == (70, ("same_name", "near"))
    assert score(home, known("household", "三组八号户")) is None, "a name alone is not enough for a household"
    assert score(home, known("household", "三组八号户", address="云泽市河西村三组", place=FAR)) is None, "far apart"
    assert score(home, known("household", "三组九号户", address="河西村三组", place=HERE)) is None
    firm = known("enterprise", "云泽市星光食品有限公司", address="高新区3号路", contact="王经理 139 0000 1111")
    assert score(firm, known("enterprise", "云泽市星光食品有限公司")) == (60, ("same_name", "registered_name"))
    assert score(firm, known("enterprise", "星光超市", contact="13900001111", address="云泽市高新区三号路")) == (
        60,
        ("same_address", "same_phone"),
    )
    assert score(firm, known("enterprise", "云泽星光食品公司", contact="139-0000-1111")) == (
        70,
        ("same_core", "same_phone"),
    )
    coded = known("enterprise", "甲", credit_code="91320000MA1ABCDE2X")
    assert score(coded, known("enterprise", "乙", credit_code="91320000ma1abcde2x")) == (100, ("same_code",))
    other = known("enterprise", "甲", credit_code="91320000MA1ABCDE99", address="高新区3号路")
    assert score(coded, other) is None, "two codes are two enterprises"


def test_ls2_only_subjects_of_one_kind_and_branch_are_compared() -> None:
    firm = known("enterprise", "星光食品有限公司")
    assert score(firm, known("project", "星光食品有限公司")) is None
    assert score(firm, known("enterprise", "星光食品有限公司", "b04")) is None
    shared = known("enterprise", "星光食品有限公司", "b04", branches__b03=True)
    assert score(firm, shared) == (60, ("same_name", "registered_name"))


async def pairs(one: Working) -> set[frozenset[str]]:
    rows = await one.ledger.read(lambda sql: sql.execute("SELECT first, second FROM likely").fetchall())
    return {frozenset(row) for row in rows}


def decided(of: dict[str, Any], decision: str, **fields: Any) -> dict[str, Any]:
    body = record("review", author="m0001")
    return {
        **body,
        "fields": {"record": of["_id"], "decision": decision} | fields,
        "stamps": {"": stamp("m0001", "desk")},
    }


async def test_ls3_a_name_that_many_bear_says_nothing_by_itself(one: Working) -> None:
    many = [subject("enterprise", "老张饭店") for _ in range(KEY_CROWD)]
    await put(one, *many)
    assert len(await pairs(one)) == KEY_CROWD * (KEY_CROWD - 1) // 2
    last = subject("enterprise", "老张饭店", credit_code="91320000MA1ABCDE2X")
    again = subject("enterprise", "老张酒家", credit_code="91320000MA1ABCDE2X")
    await put(one, last, again)
    assert await pairs(one) == {frozenset({last["_id"], again["_id"]})}, "a key that few share still tells"
    await one.same_from_nothing()
    gone = withdraw([many[0]], stamp())
    await one.store.add("branch-b03", [write({**gone, "_id": many[0]["_id"]}, "2-b", "1-a")])
    await one.idle()
    assert len(await pairs(one)) == KEY_CROWD * (KEY_CROWD - 1) // 2 + 1
    await one.same_from_nothing()


async def test_ls3_in_any_order_of_arrival_the_pairs_are_the_same(tmp_path: Path) -> None:
    for seed in range(4):
        rng = random.Random(seed)
        bodies = [
            subject(
                rng.choice(("household", "enterprise")),
                f"{rng.choice('甲乙丙')}{rng.choice(('公司', '有限公司', '号'))}",
                rng.choice(("b03", "b03", "b04")),
                address=f"{rng.choice('东西')}街{rng.randrange(4)}号",
                **({"place": rng.choice((HERE, NEAR, FAR))} if rng.random() < 0.5 else {}),
                **({"credit_code": f"91320000MA1ABCDE{rng.randrange(3)}X"} if rng.random() < 0.2 else {}),
            )
            for _ in range(60)
        ]
        names = [body["_id"] for body in bodies]
        decisions = [decided(body, "split", **{f"records/{rng.choice(names)}": True}) for body in bodies[:8]]
        decisions += [decided(body, "alias", same_as=rng.choice(names)) for body in bodies[8:12]]
        told = []
        for order in range(2):
            every = [*bodies, *decisions]
            rng.shuffle(every)
            async with working(tmp_path / f"{seed}-{order}") as one:
                for at in range(0, len(every), 24):
                    await put(one, *every[at : at + 24])
                told.append(await pairs(one))
                await one.same_from_nothing()
        assert told[0] == told[1]
        assert told[0]


async def test_ls4_what_was_told_apart_or_made_one_is_suggested_no_more_until_taken_back(one: Working) -> None:
    first, second = subject("enterprise", "星光食品有限公司"), subject("enterprise", "星光食品有限公司")
    both = {frozenset({first["_id"], second["_id"]})}
    await put(one, first, second)
    assert await pairs(one) == both
    apart = decided(first, "split", **{f"records/{second['_id']}": True})
    await put(one, apart)
    assert await pairs(one) == set()
    changed = {**second, "fields": {**second["fields"], "address": "高新区3号路"}}
    changed["stamps"] = {**second["stamps"], "address": stamp()}
    await one.store.add("branch-b03", [write(changed, "2-b", "1-a")])
    await one.idle()
    assert await pairs(one) == set(), "it sticks"
    await put(one, decided(first, "reopen", supersedes=apart["_id"]))
    assert await pairs(one) == both
    await put(one, decided(second, "alias", same_as=first["_id"]))
    assert await pairs(one) == set()
    await put(one, decided(second, "reopen"))
    assert await pairs(one) == both
    await one.same_from_nothing()


async def test_ls5_figures_and_activities_follow_an_alias_and_its_undoing(one: Working) -> None:
    first, second = (
        subject("household", "三组八号户", address="河西村三组"),
        subject("household", "3组8号", address="河西村3组"),
    )
    ours = visit("m0117", subject=first["_id"], period=hours(1, 2))
    theirs = visit("m0042", subject=second["_id"], period=hours(1, 2), problems__01K9AAAA__text="屋顶漏雨")
    await put(one, first, second, ours, theirs)

    async def counts() -> tuple[Any, Any]:
        told = (await one.ledger.read(lambda sql: figures(sql, FigureWhere(["b03"], "", "~"))))[""]
        return told["activities"], told["households"]

    assert await counts() == (2, 2)
    alias = decided(second, "alias", same_as=first["_id"])
    await put(one, alias)
    assert await counts() == (1, 1)
    rows = await one.ledger.read(lambda sql: sql.execute("SELECT fields FROM activity").fetchall())
    assert [json.loads(fields)["subject"] for (fields,) in rows] == [first["_id"]]
    await put(one, decided(second, "reopen", supersedes=alias["_id"]))
    assert await counts() == (2, 2)
    await one.same_from_nothing()


async def test_ls6_a_secretary_is_shown_the_pair_with_reasons_makes_it_one_and_takes_it_back(here: Desk) -> None:
    first = subject("household", "三组八号户", address="河西村三组")
    second = subject("household", "３组8号户", address="河西村 3组")
    firm, same = (subject("enterprise", "星光食品有限公司", credit_code="91320000MA1ABCDE2X") for _ in range(2))
    ours, theirs = visit("m0117", subject=first["_id"]), visit("m0042", subject=second["_id"])
    await here.push("m0117", first, firm, ours)
    await here.push("m0042", second, same, theirs)
    path = "/subjects/likely-same"
    told = (await here.until(lambda: here.get(SECRETARY, path), lambda one: len(one["pairs"]) == 2))["pairs"]
    assert [one["score"] for one in told] == [100, 80]
    assert {one["id"] for one in (told[1]["first"], told[1]["second"])} == {first["_id"], second["_id"]}
    assert [one["zh"] for one in told[1]["because"]] == ["名称相同", "地址相同"]
    assert {told[1]["first"]["address"], told[1]["second"]["address"]} == {"河西村三组", "河西村 3组"}
    page = await here.get(SECRETARY, f"{path}?limit=1")
    assert [one["score"] for one in page["pairs"]] == [100]
    rest = await here.get(SECRETARY, f"{path}?limit=1&after={page['next']}")
    assert [one["score"] for one in rest["pairs"]] == [80]
    assert (await here.get(OTHER, path))["pairs"] == (await here.get(COMMITTEE, path))["pairs"] == []
    lines = (await here.get(("admin", PASSWORD), "/audit?kind=read"))["lines"]
    assert any(first["_id"] in line["records"] for line in lines)

    async def shown(count: int) -> None:
        await here.until(lambda: here.get(SECRETARY, path), lambda one: len(one["pairs"]) == count)

    await here.post(ZHANG, "/reviews", {"record": second["_id"], "decision": "alias", "same_as": first["_id"]}, 403)
    await here.post(SECRETARY, "/reviews", {"record": firm["_id"], "decision": "split", "records": [same["_id"]]})
    await shown(1)
    await here.post(SECRETARY, "/reviews", {"record": second["_id"], "decision": "alias", "same_as": first["_id"]})
    await shown(0)

    async def listed(of: dict[str, Any]) -> list[str]:
        return [one["id"] for one in (await here.get(SECRETARY, f"/records?subject={of['_id']}"))["records"]]

    for of in (first, second):
        assert sorted(await listed(of)) == sorted([ours["_id"], theirs["_id"]]), "whichever of the two is asked for"
    assert len((await here.get(SECRETARY, "/activities"))["activities"]) == 1
    body = (await here.get(SECRETARY, f"/records/{theirs['_id']}"))["body"]
    assert body["fields"]["subject"] == second["_id"], "no reference is rewritten"
    await here.post(SECRETARY, "/reviews", {"record": second["_id"], "decision": "reopen"})
    await shown(1)
    assert await listed(first) == [ours["_id"]]
    assert len((await here.get(SECRETARY, "/activities"))["activities"]) == 2
