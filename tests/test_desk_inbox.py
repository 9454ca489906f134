"""What the inbox asks of the API beside its list: who was first, what changed since, two subjects side by side, what was quarantined."""

from typing import Any

import pytest
from playwright.async_api import expect

from server.api.examples import EXAMPLES
from sync.actor import Actor
from sync.reconcile.body import join
from sync.reconcile.edit import edit
from sync.reconcile.explain import seen_hash
from sync.reconcile.since import changed_since
from tests.access import axe
from tests.browser import intercept, needed, until
from tests.builders import record, stamp, write
from tests.desk import COMMITTEE, LI, SECRETARY, Desk
from tests.desk_browser import desk, go, reviews
from tests.desk_cases import as_member, decide, in_words, kept, later, merged_visit, push, sound_visit
from tests.filling import household, put
from tests.filling import visit as filled_visit
from tests.serving import ADMIN, PASSWORD, Served
from tests.working import edited, hours, visit

DEPUTY = ("deputy", PASSWORD)


async def opened(here: Desk, body: dict[str, Any], who: tuple[str, str] = SECRETARY) -> Any:
    return await here.until(lambda: here.get(who, f"/records/{body['_id']}"), lambda told: bool(told["seen"]))


async def test_ix9_of_two_who_decide_at_once_the_second_is_told_by_whom_it_was_decided(here: Desk) -> None:
    await here.services.accounts.add("deputy", "deputy", PASSWORD, member="m0002", branch="b03")
    body = visit("m0117")
    await here.push("m0117", body)
    told = await opened(here, body)
    assert told["decided"] == ""
    bound = {"record": body["_id"], "seen": told["seen"], "decided": told["decided"]}
    first = await here.post(DEPUTY, "/reviews", {**bound, "decision": "approve"})
    second = await here.post(SECRETARY, "/reviews", {**bound, "decision": "return", "text": "请补充"}, status=409)
    assert (second["error"], second["member"], second["decision"]) == ("decided", "m0002", "approve")
    assert second["newer"]["id"] == body["_id"]
    assert (second["type"], second["status"], second["detail"]) == ("urn:fieldbook:decided", 409, second["reason"])
    many = await here.post(SECRETARY, "/reviews/batch", {"decisions": [{**bound, "decision": "approve"}]}, status=200)
    assert (many[0]["status"], many[0]["error"]) == ("conflict", "decided")
    told = await here.until(
        lambda: here.get(SECRETARY, f"/records/{body['_id']}"), lambda told: told["review"] != "open"
    )
    assert (told["decided"], told["review"]) == (first["id"], "approved")
    again = {**bound, "decided": first["id"], "decision": "reopen"}
    await here.post(SECRETARY, "/reviews", again)


async def test_ix9_the_list_tells_the_last_decision_too(here: Desk) -> None:
    body = visit("m0117")
    await here.push("m0117", body)
    told = await opened(here, body)
    done = await here.post(
        SECRETARY,
        "/reviews",
        {"record": body["_id"], "decision": "approve", "seen": told["seen"], "decided": ""},
    )
    await here.services.store.add("branch-b03", [write(edited(body, "outcome", "已补"), "2-b", "1-a")])
    told = await here.until(lambda: here.get(SECRETARY, "/inbox"), lambda told: told["counts"]["amended"] == 1)
    (item,) = [one for one in told["items"] if one["kind"] == "amended"]
    assert item["decided"] == done["id"]


async def test_ap30_an_amendment_tells_what_each_field_said_when_it_was_approved(here: Desk) -> None:
    body = visit("m0117")
    await here.push("m0117", body)
    told = await opened(here, body)
    await here.get(SECRETARY, f"/records/{body['_id']}/since", 404)
    later = {"_id": body["_id"], **edit([body], {"narrative": "后来补的"}, stamp("m0117", "t1", number=1))}
    await here.post(SECRETARY, "/reviews", {"record": body["_id"], "decision": "approve", "seen": told["seen"]})
    await here.services.store.add("branch-b03", [write(later, "2-b", "1-a")])

    async def asked() -> Any:
        return await here.get(SECRETARY, f"/records/{body['_id']}/since")

    since = await here.until(asked, lambda told: told["fields"] != [])
    assert (since["decision"], since["member"], since["exact"]) == ("approve", "m0001", True)
    (field,) = since["fields"]
    assert (field["path"], field["after"]) == ("narrative", "后来补的")
    assert field["before"] == body["fields"].get("narrative")
    await here.get(("other", PASSWORD), f"/records/{body['_id']}/since", 404)


def test_ap30_an_old_edit_that_a_tablet_brought_late_is_told_as_later_whatever_its_clock_says() -> None:
    """It was made before the approval, and was not there to be seen."""
    body = record()
    first = {**body, "stamps": {"": stamp(number=0)}}
    seen = edit([first], {"narrative": "批准时的"}, stamp("m0117", "t1", number=2))
    approved = seen_hash(seen, [])
    late = edit([first], {"outcome": "早写的，晚到的"}, stamp("m0117", "t2", number=1))
    both = join([seen, late])
    since = changed_since(both, lambda one: seen_hash(one, []) == approved, 2**62)
    assert since.exact
    assert [(one.path, one.after) for one in since.fields] == [("outcome", "早写的，晚到的")]
    unknown = changed_since(both, lambda _: False, 0)
    assert not unknown.exact
    assert {one.path for one in unknown.fields} >= {"narrative", "outcome"}


async def test_rc48_ap30_what_a_tool_without_stamps_added_or_changed_after_an_approval_is_kept_and_told(
    here: Desk,
) -> None:
    for path, before in (("outcome", None), ("address", "东街")):
        body = visit("m0117", address="东街")
        body |= edit([body], {"narrative": "批准时的"}, stamp("m0117", "t1", number=2))
        await here.push("m0117", body)
        told = await opened(here, body)
        await here.post(SECRETARY, "/reviews", {"record": body["_id"], "decision": "approve", "seen": told["seen"]})
        # It keeps what it does not understand, and gives what it writes no stamp.
        later = {**body, "fields": {**body["fields"], path: "老工具写的"}}
        li = here.services.admission.directory.principals("m0117", "member", "b03")
        await here.services.admission.push(
            Actor("li", "member", li, "m0117", "b03", "t1"), "branch-b03", [write(later, "2-b", "1-a")]
        )

        async def asked(record: str = body["_id"]) -> Any:
            return await here.get(SECRETARY, f"/records/{record}/since")

        since = await here.until(asked, lambda told: told["fields"] != [])
        (field,) = since["fields"]
        assert (since["exact"], field["path"], field["before"], field["after"]) == (True, path, before, "老工具写的")


async def test_ls7_two_subjects_stand_side_by_side_with_how_many_records_each_has(here: Desk) -> None:
    one = household("三组八号户", 1) | {"fields": {"kind": "household", "name": "三组八号户", "address": "河西村三组"}}
    other = household("３组8号户", 2) | {"fields": {"kind": "household", "name": "３组8号户", "address": "河西村 3组"}}
    seen = visit("m0117", subject=one["_id"], period=hours(1, 2))
    await here.push("m0117", one, other, seen)
    path = f"/subjects/{one['_id']}/beside/{other['_id']}"
    told = await here.until(lambda: here.get(SECRETARY, path), lambda told: told["first"]["records"] == 1)
    assert (told["first"]["name"], told["second"]["name"], told["second"]["records"]) == ("三组八号户", "３组8号户", 0)
    assert told["first"]["fields"]["address"] == "河西村三组"
    assert told["score"] >= 60
    assert told["because"]
    done = await here.post(
        SECRETARY, "/reviews", {"record": one["_id"], "decision": "alias", "same_as": other["_id"], "decided": ""}
    )
    told = await here.until(lambda: here.get(SECRETARY, path), lambda told: told["alias"] != "")
    assert told["alias"] == told["decided"] == done["id"]
    again = {"record": one["_id"], "decision": "split", "records": [other["_id"]], "supersedes": done["id"]}
    await here.post(SECRETARY, "/reviews", again)
    told = await here.until(lambda: here.get(SECRETARY, path), lambda told: told["split"] != "")
    assert told["alias"] == ""
    await here.get(("other", PASSWORD), path, 404)


async def test_ix8_the_quarantine_goes_on_after_the_last_entry_and_one_is_read_by_who_may(here: Desk) -> None:
    for number in range(3):
        async with here.here.as_(LI) as li:
            doc = {
                **record(author="m0117", branch="b04"),
                "_rev": f"1-{number}",
                "_revisions": {"start": 1, "ids": [f"{number}"]},
            }
            answer = await li.post("/sync/branch-b03/_bulk_docs", json={"docs": [doc], "new_edits": False})
            assert answer.json()[0]["error"] == "forbidden", answer.text
    first = await here.get(ADMIN, "/quarantine?limit=2")
    assert len(first["entries"]) == 2
    rest = await here.get(ADMIN, f"/quarantine?limit=2&after={first['next']}")
    assert len(rest["entries"]) == 1
    assert rest["next"] is None
    entry = first["entries"][0]
    assert await here.get(ADMIN, f"/quarantine/{entry['id']}") == entry
    assert await here.get(LI, f"/quarantine/{entry['id']}") == entry
    await here.get(SECRETARY, f"/quarantine/{entry['id']}", 404)
    await here.get(ADMIN, "/quarantine?after=nonsense", 400)
    assert sum((await here.get(COMMITTEE, "/inbox"))["counts"].values()) == 0, "it waits for administrators alone"


def test_ap19_the_routes_of_the_inbox_have_examples() -> None:
    assert {
        ("get", "/api/v1/records/{record}/since"),
        ("get", "/api/v1/quarantine"),
        ("get", "/api/v1/subjects/{subject}/beside/{other}"),
        ("post", "/api/v1/reviews"),
    } <= set(EXAMPLES)


@needed
@pytest.mark.browser
async def test_dk55_chips_count_each_kind_and_narrow_the_list_to_it(staffed: Served) -> None:
    merged, plain = merged_visit(staffed, 1), sound_visit(staffed, 12)
    for kind, body in (("disputed", merged), ("new", plain)):
        await shows(staffed, kind, body["_id"])
    async with desk(staffed) as page:
        await expect(page.get_by_role("button", name="待裁定 1")).to_be_visible()
        await page.get_by_role("button", name="待裁定 1").click()
        await expect(page.locator(".item")).to_have_count(1)
        await page.get_by_role("button", name="全部").first.click()
        await expect(page.locator(".item")).not_to_have_count(1)


@needed
@pytest.mark.browser
async def test_dk56_sound_records_are_approved_together_and_what_was_not_stays_chosen_with_the_reason(
    staffed: Served,
) -> None:
    first, second = sound_visit(staffed, 1), sound_visit(staffed, 12)
    doubtful = sound_visit(staffed, 22, period=["2026-11-22T05:00:00Z", "2026-11-22T05:01:00Z"])
    for body in (first, second, doubtful):
        await shows(staffed, "new", body["_id"])
    async with desk(staffed) as page:
        await expect(page.get_by_text("2 条新记录无疑点")).to_be_visible()
        assert await page.locator(".tick").count() == 2, "what is doubtful is looked at by itself"
        await page.locator("h1").click()
        await page.keyboard.press("j")
        await expect(page.locator(".item-row.open")).to_be_visible()
        await page.keyboard.press("x")
        await page.get_by_role("button", name="李桂兰的全部").click()
        await expect(page.get_by_role("heading", name="已选 2 条")).to_be_visible()
        held: list[Any] = []
        await intercept(page, "**/api/v1/reviews/batch", lambda route: held.append(route))
        await page.keyboard.press("a")
        await until(lambda: held)
        push(staffed, later(second, "2-b", "1-a", narrative="刚改的"))
        await until(lambda: changed(staffed, second["_id"]))
        await held[0].continue_()
        await expect(page.get_by_text("通过 1 条，1 条没有通过，仍选中")).to_be_visible()
        await expect(page.locator(".item", has_text="内容有了改动")).to_be_visible()
    assert [one["fields"]["record"] for one in kept(staffed, "review")] == [first["_id"]]


@needed
@pytest.mark.browser
async def test_dk57_suggested_joins_and_same_subjects_stand_side_by_side_and_are_taken_back(staffed: Served) -> None:
    sound_visit(staffed, 1, "甲去了", period=["2026-11-18T01:00:00Z", "2026-11-18T02:00:00Z"])
    sound_visit(staffed, 2, "乙也去了", author="m0117", period=["2026-11-18T02:20:00Z", "2026-11-18T03:00:00Z"])
    for number, name in ((21, "三组八号户"), (22, "３组8号户")):
        body = household(name, number)
        put(staffed, "branch-b03", {**body, "fields": {**body["fields"], "address": "河西村三组"}})
    await until(lambda: in_words(staffed, "join") and in_words(staffed, "same_subject"))
    async with desk(staffed) as page:
        await page.locator(".item", has_text="疑似同一活动").click()
        await expect(page.locator(".brief")).to_have_count(2)
        await expect(page.locator(".matter").first).to_contain_text("相似度")
        assert await axe(page) == []
        await page.get_by_role("button", name="合并为同一活动").click()
        await until(lambda: reviews(staffed) == ["join"])
        await expect(page.locator(".done-bar")).to_contain_text("已合并")
        await page.get_by_role("button", name="改为分开").click()
        await until(lambda: reviews(staffed) == ["join", "split"])
        await page.locator(".item", has_text="疑似同一对象").click()
        await expect(page.locator(".same")).to_contain_text("0 条")
        assert await axe(page) == []
        await page.get_by_role("button", name="是同一对象", exact=True).click()
        await until(lambda: "alias" in reviews(staffed))
        await page.get_by_role("button", name="撤回").click()
        await until(lambda: "reopen" in reviews(staffed))
        await expect(page.locator(".item", has_text="疑似同一对象")).to_be_visible()
    (back,) = [told for told in kept(staffed, "review") if told["fields"]["decision"] == "reopen"]
    assert back["fields"]["supersedes"]


@needed
@pytest.mark.browser
async def test_dk58_what_was_refused_is_let_in_by_an_administrator_and_an_overdue_problem_shows_what_was_done(
    staffed: Served,
) -> None:
    problem = {"text": "屋顶漏雨", "state": "open", "owner": "m0117", "due": "2026-11-01"}
    sound_visit(staffed, 1, **{f"problems/01K9AAAA/{part}": value for part, value in problem.items()})
    foreign = {**visit_of("m0117"), "branch": "b04", "_rev": "1-q"}
    push(staffed, foreign, who="li")
    await until(lambda: in_words(staffed, "overdue"))
    async with desk(staffed) as page:
        await page.locator(".item", has_text="问题逾期").click()
        for words in ("屋顶漏雨", "2026-11-01", "m0117", "还没有人跟进"):
            await expect(page.locator(".matter").first).to_contain_text(words)
        assert await axe(page) == []
        await page.get_by_role("link", name="打开记录").click()
        await expect(page.locator(".facts")).to_contain_text("谈了低保")
    async with desk(staffed, "admin") as page:
        await page.get_by_role("link", name="待办").click()
        await page.locator(".item", has_text="被隔离").click()
        await expect(page.locator(".matter").first).to_contain_text("记录不属于本支部")
        await expect(page.locator(".matter").first).to_contain_text("账号 li")
        assert await axe(page) == []
        await page.get_by_role("button", name="接收").click()
        await expect(page.locator(".done-bar")).to_contain_text("已接收")
        await expect(page.locator(".item")).to_have_count(0)


@needed
@pytest.mark.browser
@pytest.mark.parametrize("language", ["zh", "en"])
async def test_dk59_axe_finds_nothing_in_the_inbox_and_the_keys_are_told(staffed: Served, language: str) -> None:
    body = merged_visit(staffed, 1)
    amended = sound_visit(staffed, 12, "批准时的话")
    await shows(staffed, "new", amended["_id"])
    decide(staffed, amended["_id"], "approve")
    push(staffed, later(amended, "2-b", "1-a", narrative="后来的话"))
    sound_visit(staffed, 22)
    await shows(staffed, "amended", amended["_id"])
    await shows(staffed, "disputed", body["_id"])
    async with desk(staffed) as page:
        await page.evaluate(f"localStorage.setItem('fieldbook.language', '{language}')")
        for record in (body["_id"], amended["_id"]):
            await go(page, f"inbox/{record}")
            await page.reload()
            await expect(page.locator(".facts")).to_be_visible()
            await page.locator(".why-button[aria-expanded]").first.click()
            assert await axe(page) == []
        await page.locator("h1").click()
        await page.keyboard.press("?")
        await expect(page.get_by_role("dialog")).to_contain_text("Shift")
        assert await axe(page) == []
        await page.keyboard.press("Escape")
        await page.locator(".tick").first.check()
        await expect(page.locator(".batch")).to_be_visible()
        assert await axe(page) == []


async def shows(staffed: Served, kind: str, record: str) -> None:
    await until(lambda: any(one["id"] == record for one in in_words(staffed, kind)))


def changed(staffed: Served, record: str) -> bool:
    with as_member(staffed, "song") as song:
        return bool(song.get(f"/api/v1/records/{record}").json()["body"]["fields"]["narrative"] == "刚改的")


def visit_of(author: str) -> dict[str, Any]:
    return {**filled_visit(30, {author: True}), "author": author}
