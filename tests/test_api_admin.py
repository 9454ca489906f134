"""What the desk's administration asks of the API: people page by page and found by words, all that may be approved at once, and what
tablets and problems are called."""

from datetime import timedelta
from typing import Any

from tests.builders import write
from tests.desk import COMMITTEE, LI, SECRETARY, Desk
from tests.serving import ADMIN
from tests.test_directory import put
from tests.working import edited, hours, visit


async def pages(here: Desk, path: str, part: str, who: tuple[str, str] = ADMIN) -> list[list[Any]]:
    found, after = [], ""
    while after is not None:
        told = await here.get(who, f"{path}{'&' if '?' in path else '?'}limit=2{f'&after={after}' if after else ''}")
        found.append(list(told[part]))
        after = told["next"]
    return found


async def test_dk117_members_come_page_by_page_in_the_order_of_the_list_and_are_found_by_words(here: Desk) -> None:
    await put(here, "branch/b03", {"name": "第三党支部", "short": "三支部"})
    people = (("m0501", "赵一", {}), ("m0502", "王二", {}), ("m0503", "安三", {}), ("m0504", "李四", {"order": 1}))
    for name, told, more in (*people, ("m0505", "陈五", {"left": "2026-10-31", "post": "受理"})):
        await put(here, f"member/{name}", {"name": told, "branch": "b03", **more})
    listed = await pages(here, "/directory/members", "members", LI)
    assert [len(page) for page in listed] == [2, 2, 1]
    names = [one["fields"]["name"] for page in listed for one in page]
    assert names == ["李四", "安三", "陈五", "王二", "赵一"], "the given order first, then by sound"
    for query, expected in (
        ("text=王", ["王二"]),
        ("text=M0501", ["赵一"]),
        ("text=受理", ["陈五"]),
        ("active=true&branch=b03", ["李四", "安三", "王二", "赵一"]),
        ("branch=b04", []),
    ):
        told = await here.get(LI, f"/directory/members?{query}")
        assert [one["fields"]["name"] for one in told["members"]] == expected
        assert told["total"] == len(expected)
    await here.services.accounts.add("anna", "member", "correct horse battery", member="m0503", branch="b03")
    told = await here.get(ADMIN, "/directory/members?without_account=true&text=m050")
    assert "安三" not in {one["fields"]["name"] for one in told["members"]}
    names = [name for page in await pages(here, "/directory/names", "names", LI) for name in page]
    assert names == ["branch:b03", *[f"member:m050{n}" for n in range(1, 6)]]
    assert (await here.get(LI, "/directory/names"))["names"]["branch:b03"] == "三支部"
    assert (await here.get(LI, "/directory/members?after=00", 400))["error"] == "bad_cursor"


async def test_dk117_accounts_come_page_by_page_with_whose_they_are_and_are_found_on_the_server(here: Desk) -> None:
    await put(here, "member/m0117", {"name": "李明", "role": "deputy"})
    listed = await pages(here, "/accounts", "accounts")
    names = [one["name"] for page in listed for one in page]
    assert names == sorted(names)
    assert {"admin", "li", "secretary"} <= set(names)
    for query, expected in (("text=李", ["li"]), ("text=m0117", ["li"]), ("role=committee", ["committee"])):
        told = await here.get(ADMIN, f"/accounts?{query}")
        assert [one["name"] for one in told["accounts"]] == expected
    (li,) = (await here.get(ADMIN, "/accounts?text=李"))["accounts"]
    assert (li["person"], li["person_role"], li["role"]) == ("李明", "deputy", "member")
    assert (await here.get(ADMIN, "/accounts/li")) == li
    async with here.here.as_(ADMIN) as client:
        assert (await client.patch("/api/v1/accounts/li", json={"locked": True})).status_code == 200
    assert [one["name"] for one in (await here.get(ADMIN, "/accounts?locked=true"))["accounts"]] == ["li"]
    await here.get(SECRETARY, "/accounts", 403)
    mine = await here.get(ADMIN, "/tablets/accounts?text=zhang")
    assert [one["account"] for one in mine["accounts"]] == ["zhang"]


async def test_dk118_all_that_may_be_approved_at_once_is_told_by_subject_and_author_with_its_number(here: Desk) -> None:
    firm = "enterprise:01K8Q2M4T6V8C0N2B4X6D8E0F1"
    mine = [visit("m0117", period=hours(at, at + 1), subject=firm) for at in (1, 3, 5)]
    other = visit("m0042", period=hours(2, 3, 19))
    doubtful = visit("m0117", period=["2026-11-19T05:00:00Z", "2026-11-19T05:02:00Z"])
    await here.push("m0117", *mine, doubtful)
    await here.push("m0042", other)
    told = await here.until(lambda: here.get(SECRETARY, "/inbox/sound"), lambda told: told["total"] == 4)
    assert [one["id"] for one in told["items"]] == [other["_id"], *[one["_id"] for one in mine]]
    inbox = {one["id"]: one for one in (await here.get(SECRETARY, "/inbox"))["items"]}
    assert all(one == inbox[one["id"]] for one in told["items"]), "as the inbox tells them"
    listed = await pages(here, f"/inbox/sound?subject={firm}", "items", SECRETARY)
    assert [[one["id"] for one in page] for page in listed] == [[mine[0]["_id"], mine[1]["_id"]], [mine[2]["_id"]]]
    assert (await here.get(COMMITTEE, "/inbox/sound?author=m0042"))["total"] == 1
    assert (await here.get(SECRETARY, "/inbox/sound?branch=b04"))["total"] == 0
    assert (await here.get(LI, "/inbox/sound"))["total"] == 0


async def test_dk121_a_value_tells_the_label_of_its_tablet_and_whose_it_is(here: Desk) -> None:
    tablet, _ = await here.services.tablets.invite("li", "三号平板", timedelta(hours=1))
    body = visit("m0117")
    await here.push("m0117", body)
    later = edited(body, "outcome", "已补", device=tablet.id)
    await here.services.store.add("branch-b03", [write(later, "2-b", "1-a")])
    told = await here.until(lambda: here.get(SECRETARY, f"/records/{body['_id']}/history?path=outcome"), bool)
    values = {one["tablet"]: one for field in told["fields"] for one in field["values"]}
    assert (values[tablet.id]["tablet_label"], values[tablet.id]["tablet_member"]) == ("三号平板", "m0117")
    assert all(one["tablet_label"] == "" for name, one in values.items() if name != tablet.id)


async def test_dk120_an_assigned_problem_is_told_in_the_words_of_its_record(here: Desk) -> None:
    body = visit("m0117", problems__01K9AAAA__text="屋顶漏雨", problems__01K9AAAA__state="open")
    await here.push("m0117", body)
    asked = {"branch": "b03", "kind": "problem", "member": "m0117", "record": body["_id"], "text": "本周内修好"}
    asked["problem"] = f"{body['_id']}#01K9AAAA"
    await here.until(lambda: here.get(SECRETARY, f"/records/{body['_id']}"), bool)
    made = await here.post(SECRETARY, "/assignments", asked)
    told = await here.until(lambda: here.get(SECRETARY, "/assignments"), lambda told: told["assignments"])
    assert (told["texts"], told["problems"]) == ({made["id"]: "本周内修好"}, {made["id"]: "屋顶漏雨"})
