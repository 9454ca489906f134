"""SR: what is found by words, by whom, and that nothing of it stays behind."""

import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from schemas import rule_of
from sync.documents import content_of, encode
from sync.errors import BadRequest
from sync.ledger.digest import digest
from sync.ledger.rebuild import compare, rebuild
from sync.ledger.search import Asked, Hit, best, newest, phrases_of
from sync.ledger.words import SEARCHED, texts_of, words_of
from sync.reconcile.edit import edit, redact, withdraw
from sync.stores.contract import Edit, Want
from tests.builders import record, stamp, write
from tests.desk import COMMITTEE, LI, SECRETARY, ZHANG, Desk, desk
from tests.serving import PASSWORD
from tests.working import Working, add, edited, plain, visit

EVERYTHING = frozenset({"committee"})


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(tmp_path / "data") as made:
        yield made


async def hits(one: Working, query: str, reader: frozenset[str] | None = None, **asked: Any) -> list[Hit]:
    where = Asked(phrases_of(query), **asked)
    return (await one.ledger.read(lambda sql: newest(sql, reader, where, None, 100))).hits


async def ids(one: Working, query: str, reader: frozenset[str] | None = None, **asked: Any) -> list[str]:
    return [hit.id for hit in await hits(one, query, reader, **asked)]


def household(name: str, **fields: Any) -> dict[str, Any]:
    body = record("subject", fields={"kind": "household", "name": name, **fields})
    return {**body, "_id": body["_id"].replace(body["_id"].partition(":")[0], "household", 1)}


def dated(narrative: str, day: int = 20, **fields: Any) -> dict[str, Any]:
    return visit(narrative=narrative, period=[f"2026-11-{day:02d}T01:00:00Z", f"2026-11-{day:02d}T02:00:00Z"], **fields)


async def test_sr1_chinese_words_of_two_characters_are_found_and_longer_ones_only_as_they_stand(one: Working) -> None:
    body = dated("到户了解医保缴费，讲解养老政策。")
    await add(one, body)
    for query in ("医保", "缴费", "医保缴费", "了解医保缴费", "医", "策", "养老 医保", "“养老政策”"):
        assert await ids(one, query) == [body["_id"]], query
    for query in ("保缴医", "缴费讲解", "医保养老", "医保 低保", "医疗", "户到"):
        assert await ids(one, query) == [], query


async def test_sr1_latin_digits_and_mixed_text_are_found_whatever_their_width_and_case(one: Working) -> None:
    body = dated("办理ＰＯＳ机备案，编号AB-2026/17，㈱ Ｃａｆé Straße 3号楼")
    await add(one, body)
    for query in (
        "pos",
        "ＰＯＳ机",
        "POS机备案",
        "ab",
        "2026",
        '"AB-2026/17"',
        "２０２６",
        "café",
        "CAFÉ",
        "strasse",
        "3号",
        "３号楼",
    ):
        assert await ids(one, query) == [body["_id"]], query
    other = dated("東京タワー見学 école")
    await add(one, other)
    for query in ("東京タワー", "タワ", "見学", "ÉCOLE", "タワー見学"):
        assert await ids(one, query) == [other["_id"]], query
    for query in ("po", "202", "caf", "机pos", "京見"):
        assert await ids(one, query) == [], query


@pytest.mark.parametrize(
    "query",
    [
        '医保"',
        "医保 AND",
        "NOT 医保 OR",
        "医保*",
        "text:医保",
        "^医保",
        "NEAR(医保 缴费)",
        "医保)",
        "-医保",
        "{text}: 医保",
        "医保 ' --",
        "\x00医保",
        "=b:b03 医保",
    ],
)
async def test_sr2_nothing_in_a_query_means_anything_to_the_index(one: Working, query: str) -> None:
    await add(one, dated("医保"))
    await hits(one, query)
    assert await ids(one, "=b:b03") == []


def test_sr2_a_query_without_a_letter_or_too_long_is_refused() -> None:
    for query in ("", "  ", "。，！", '""', "__", "x" * 201):
        with pytest.raises(BadRequest) as refused:
            phrases_of(query)
        assert refused.value.code == "bad_query"
    assert phrases_of('  “医保 缴费” ＡＢ ab "屋顶') == ("医保 缴费", "ab", "屋顶")


async def test_sr3_names_addresses_titles_problems_and_cases_are_found_and_it_says_where(one: Working) -> None:
    subject = household("云溪村三组7号户", address="云溪村三组", note="门前有井")
    told_of = {"subject": subject["_id"], "problems__item1__text": "屋顶漏雨", "problems__item1__state": "open"}
    problem = dated("看望", **told_of)
    event = plain("event", kind="study", title="学习全会精神", agenda=["领学原文", "交流发言"])
    case = record("case", fields={"needs/01K9ZK2B1B2C3D4E5F6G7H8J9K/text": "消防布局图"})
    await add(one, problem, event, subject)
    await add(one, case, db="shared")
    (told,) = await hits(one, "漏雨")
    assert (told.id, told.path, told.zh, told.snippet, told.marks) == (
        problem["_id"],
        "problems/item1/text",
        "问题",
        "屋顶漏雨",
        [(2, 4)],
    )
    assert (told.activity, told.standing) == (f"activity:{problem['_id']}", "counted")
    (named, plain_one) = await hits(one, "全会")
    assert {named.type, plain_one.type} == {"event", "activity"}
    assert [hit.path for hit in await hits(one, "交流")] == ["agenda"]
    (told,) = await hits(one, "云溪村")
    assert (told.type, told.name, told.path, told.also, told.person) == (
        "subject",
        "云溪村三组7号户",
        "name",
        ["address"],
        True,
    )
    assert await ids(one, "布局", of="case") == [case["_id"]]
    assert await ids(one, "全会", of="activity") == [f"activity:{event['_id']}"]


async def test_sr3_a_record_that_was_taken_back_is_found_and_says_so(one: Working) -> None:
    body = dated("漏雨")
    taken_back = withdraw([body], stamp(number=1), "记错了", rule_of=rule_of)
    await add(one, {**taken_back, "_id": body["_id"]})
    assert [hit.standing for hit in await hits(one, "漏雨")] == ["withdrawn"]


async def test_sr3_a_snippet_shows_the_place_in_a_long_text(one: Working) -> None:
    await add(one, dated("甲" * 300 + "终于找到水表" + "乙" * 300))
    (told,) = await hits(one, "水表")
    assert len(told.snippet) < 100
    assert told.snippet.startswith("…甲")
    assert told.snippet.endswith("乙…")
    ((start, end),) = told.marks
    assert told.snippet[start:end] == "水表"


async def test_sr4_filters_and_pages_newest_first_and_best_first(one: Working) -> None:
    bodies = [dated(f"水表{'坏了' if day % 2 else '正常'}，第{day}天", day) for day in range(1, 20)]
    random.Random(1).shuffle(bodies)
    await add(one, *bodies)
    there = visit(branch="b04", author="m0300", narrative="水表")
    await add(one, there, db="branch-b04")
    subject = household("水表户", address="水表巷")
    await add(one, subject)
    days = [hit.day for hit in await hits(one, "水表", of="visit", branch="b03")]
    assert days == [f"2026-11-{day:02d}" for day in range(19, 0, -1)]
    assert [hit.day for hit in await hits(one, "坏了", first="2026-11-05", last="2026-11-09")] == [
        "2026-11-09",
        "2026-11-07",
        "2026-11-05",
    ]
    assert await ids(one, "水表", branch="b04") == [there["_id"]]
    place, seen = None, []
    while True:
        found = await one.ledger.read(lambda sql, at=place: newest(sql, None, Asked(("水表",)), at, 6))
        seen += [hit.id for hit in found.hits]
        place = found.place
        if place is None:
            break
    assert seen == await ids(one, "水表")
    assert len(seen) == 21
    ranked = await one.ledger.read(lambda sql: best(sql, None, Asked(("水表",))))
    assert ranked[0].id == subject["_id"]
    assert {hit.id for hit in ranked} == set(seen)


async def test_sr5_only_what_the_reader_may_read_is_found(here: Desk) -> None:
    ours, theirs = visit("m0117", narrative="看望孤寡老人"), visit("m0042", narrative="看望孤寡老人")
    await here.push("m0117", ours)
    await here.push("m0042", theirs)
    person = record("person", author="m0001", fields={"hardship": "孤寡无依"})
    await here.push("m0001", person)

    async def found(who: tuple[str, str], query: str = "孤寡") -> set[str]:
        return {hit["id"] for hit in (await here.get(who, f"/search?q={query}"))["hits"]}

    both = {ours["_id"], theirs["_id"]}
    await here.until(lambda: found(SECRETARY), lambda told: told == both)
    assert await found(COMMITTEE) == both
    assert await found(LI) == {ours["_id"]}
    assert await found(ZHANG) == {theirs["_id"]}
    assert await found(("other", PASSWORD)) == set()
    assert await found(("admin", PASSWORD), "无依") == set(), "what only the assigned may see is not in the index"
    page = await here.get(SECRETARY, "/search?q=孤寡&limit=1")
    rest = await here.get(SECRETARY, f"/search?q=孤寡&limit=1&after={page['next']}")
    assert {page["hits"][0]["id"], rest["hits"][0]["id"]} == both
    assert (await here.get(SECRETARY, "/search?q=孤寡&order=best&type=visit&branch=b03&first=2026-11&last=2026-11"))[
        "hits"
    ]
    assert (await here.get(SECRETARY, "/search?q=！", 400))["error"] == "bad_query"


async def test_sr6_finding_persons_is_on_the_audit_trail(here: Desk) -> None:
    body = visit("m0117", narrative="看望孤寡老人")
    firm = visit("m0117", narrative="孤寡", subject="enterprise:01K8Q2M4T6V8C0N2B4X6D8E0F2")
    await here.push("m0117", body, firm)
    await here.until(lambda: here.get(SECRETARY, "/search?q=孤寡"), lambda told: len(told["hits"]) == 2)
    async with here.here.as_(("admin", PASSWORD)) as client:
        lines = (await client.get("/api/v1/audit?kind=read&account=secretary")).json()["lines"]
    assert lines[0]["records"] == [body["_id"]]


async def test_sr7_words_are_taken_out_bit_by_bit_from_the_only_document_there_is(one: Working) -> None:
    body = dated("屋顶漏雨 已经补好")
    shorter = edited(body, "narrative", "屋顶漏雨")
    await add(one, body)
    await one.store.add("branch-b03", [write(shorter, "2-b", "1-a")])
    await one.idle()
    await one.ledger.forget("branch-b03", [body["_id"], f"activity:{body['_id']}"])
    assert await ids(one, "屋顶") == []


async def test_sr7_a_word_that_was_edited_away_is_found_no_more(one: Working) -> None:
    body = dated("漏雨严重", 20)
    await add(one, body)
    changed = edited(body, "narrative", "已经补好，严重潮湿")
    await one.store.add("branch-b03", [write(changed, "2-b", "1-a")])
    await one.idle()
    assert await ids(one, "漏雨") == []
    assert await ids(one, "严重") == await ids(one, "潮湿") == [body["_id"]]
    moved = edited(changed, "period", ["2026-11-03T01:00:00Z", "2026-11-03T02:00:00Z"])
    await one.store.add("branch-b03", [write(moved, "3-c", "2-b", "1-a")])
    await one.idle()
    assert [hit.day for hit in await hits(one, "潮湿")] == ["2026-11-03"]
    assert await ids(one, "潮湿", last="2026-11-10") == [body["_id"]]
    assert await ids(one, "潮湿", first="2026-11-10") == []
    await one.same_from_nothing()


def held(one: Working, *words: str) -> list[str]:
    """Which of these still are anywhere in the ledger's files."""
    files = [path.read_bytes() for path in one.path.parent.glob(f"{one.path.name}*")]
    return [word for word in words if any(word.encode() in data for data in files)]


async def test_sr8_nothing_of_what_was_erased_stays_in_the_file(one: Working) -> None:
    await add(one, *[dated(f"第{number}次走访，讲解政策") for number in range(50)])
    body = dated("饕餮魑魅魍魉，联系人zyzzyva")
    await add(one, body)
    # An edit before leaves nothing behind either.
    await one.store.add("branch-b03", [write(edited(body, "narrative", "饕餮耄耋zyzzyva"), "2-b", "1-a")])
    await one.idle()
    assert held(one, "饕餮", "zyzzyva") == ["饕餮", "zyzzyva"]
    await one.centre.erasures.erase("branch-b03", [body["_id"]], "asked for", "admin")
    await one.ledger.forget("branch-b03", [body["_id"]])
    assert await ids(one, "饕餮") == await ids(one, "zyzzyva") == []
    assert held(one, "饕餮", "魑魅", "魅魍", "魍魉", "zyzzyva", "耄耋") == []
    assert len(await ids(one, "讲解政策")) == 50


async def test_sr8_nothing_of_what_was_redacted_stays_in_the_file(one: Working) -> None:
    body = dated("饕餮魑魅")
    await add(one, body, *[dated(f"第{number}次走访") for number in range(50)])
    at = stamp("m0117", "t2", number=3)
    (found,) = await one.store.get("branch-b03", [Want(body["_id"])])
    changed = edit([content_of(found.revisions[0].body)], {"narrative": "已改"}, at)
    await one.store.add("branch-b03", [Edit(body["_id"], found.revisions[0].rev, changed, encode(changed))])
    await one.idle()
    (found,) = await one.store.get("branch-b03", [Want(body["_id"])])
    clean = redact(content_of(found.revisions[0].body), "narrative", [body["stamps"][""]])
    await one.store.add("branch-b03", [Edit(body["_id"], found.revisions[0].rev, clean, encode(clean))])
    await one.idle()
    assert await ids(one, "饕餮") == []
    assert await ids(one, "已改") == [body["_id"]]
    assert held(one, "饕餮", "餮魑", "魑魅") == []


async def test_sr8_a_database_that_is_dropped_is_found_no_more(one: Working) -> None:
    event = plain("event", kind="study", title="学习全会精神")
    await add(one, event)
    assert len(await ids(one, "全会")) == 2
    await one.ledger.forget("branch-b03")
    assert await ids(one, "全会") == []


async def test_sr9_the_index_follows_from_the_store_in_any_order_of_arrival(one: Working, tmp_path: Path) -> None:
    dice = random.Random(7)
    bodies = [dated("".join(dice.choices("医保缴费走访困难户", k=12)), dice.randint(1, 19)) for _ in range(40)]
    for body in dice.sample(bodies, 40):
        await add(one, body)
    for body in dice.sample(bodies, 15):
        await one.store.add("branch-b03", [write(edited(body, "narrative", "走访医保"), "2-b", "1-a")])
        await one.idle()
    await one.same_from_nothing()
    new = tmp_path / "other.sqlite3"
    made = await rebuild(one.store, new, "Asia/Shanghai", one.centre.erasures, lambda db, count: None)
    assert made == digest(new)
    await one.ledger.forget("branch-b03", [bodies[0]["_id"]])
    assert {row.table for row in compare(one.path, new)} >= {"told", "word"}


def test_sr10_what_is_searched_is_every_text_of_its_types_and_nothing_of_persons() -> None:
    assert "person" not in SEARCHED
    body = plain(
        "visit",
        narrative="甲乙",
        parts__m0042__text="丙丁",
        problems__item1__text="戊己",
        problems__item1__state="open",
    )
    body["fields"] |= {"subject": "household:1", "extra": "庚辛", "problems/item1": 3, "talked": None}
    assert texts_of(body) == [("narrative", "甲乙"), ("parts/m0042/text", "丙丁"), ("problems/item1/text", "戊己")]
    assert texts_of({"type": "visit", "fields": 3}) == texts_of({"type": ["visit"], "fields": {}}) == []
    assert set(words_of("ＡＢ走访c3")) == {"ab", "走访", "访", "c3"}
    assert words_of("。 _\n") == []
