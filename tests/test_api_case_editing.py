"""JS13 to JS19: a joint survey is made at the desk, announced once and added to, by edits that admission judges like a tablet's."""

from datetime import timedelta
from typing import Any

from sync.reconcile.cases import case_of
from tests.builders import NOW, record, stamp
from tests.desk import COMMITTEE, LI, SECRETARY, ZHANG, Desk
from tests.serving import ADMIN, PASSWORD
from tests.test_cases import case, survey
from tests.test_directory import put

OTHER, SECOND = ("other", PASSWORD), ("other-secretary", PASSWORD)
SITE = "site:01K8Q2M4T6V8C0N2B4X6D8E0F3"
WORDS = ("疏散门向外开启", "屋面无渗漏", "配电间上锁")


def then(here: Desk, days: int) -> str:
    return (here.services.now() + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


def draft(**more: Any) -> dict[str, Any]:
    return {"matter": "食品生产许可现场核查", "subject": SITE, **more}


def whole(here: Desk, **more: Any) -> dict[str, Any]:
    told = {
        "parties": ["b04"],
        "outside": [{"name": "供电所", "contact": "刘工 8801"}],
        "checklist": [*WORDS],
        "needs": [{"text": "平面布局图"}, {"text": "租赁合同"}],
        "limit": then(here, 9),
    }
    return draft(**{**told, **more})


def given(told: dict[str, Any], **more: Any) -> dict[str, Any]:
    """What was told, to be sent back as a draft."""
    return {
        "matter": told["matter"],
        "subject": told["subject"],
        "limit": told["limit"] or None,
        "parties": [one["party"][7:] for one in told["parties"] if one["party"].startswith("branch:")],
        "outside": told["outside"],
        "checklist": [one["text"] for one in told["items"]],
        "needs": [{"id": one["item"], "text": one["text"]} for one in told["need_lines"]],
        "seen": told["seen_case"],
        **more,
    }


async def place(here: Desk) -> None:
    """Two branches, and a site that the first of them has registered."""
    for name, told in (("b03", "第三党支部"), ("b04", "第四党支部"), ("b05", "第五党支部")):
        await put(here, f"branch/{name}", {"name": told})
    await here.services.accounts.add("other-secretary", "secretary", PASSWORD, member="m0301", branch="b04")
    site = record("subject", author="m0001")
    await here.push("m0001", {**site, "_id": SITE, "fields": {"kind": "site", "name": "老码头食品厂"}})
    path = f"/subjects/{SITE}"
    await here.until(lambda: here.get(SECRETARY, path), lambda one: one["fields"]["name"] == "老码头食品厂")
    await here.until(lambda: here.get(SECRETARY, "/directory/names"), lambda one: "branch:b05" in one["names"])
    await here.until(lambda: here.post(SECRETARY, "/cases", draft(parties=["b05"])), lambda one: bool(one["id"]))


async def sent(here: Desk, who: tuple[str, str], told: dict[str, Any], body: dict[str, Any], status: int = 200) -> Any:
    async with here.here.as_(who) as client:
        answer = await client.put(f"/api/v1/cases/{told['id']}", json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


async def added(here: Desk, who: tuple[str, str], told: dict[str, Any], status: int = 200, **more: Any) -> Any:
    path = f"/cases/{told['id']}/additions"
    return await here.post(who, path, {"seen": told["seen_case"], **more}, status)


def places(refused: dict[str, Any]) -> list[str]:
    return sorted(one["field"] for one in refused["problems"])


async def test_js13_any_member_of_a_branch_makes_one_which_the_branch_leads_and_it_is_made_once(here: Desk) -> None:
    await place(here)
    made = await here.post(LI, "/cases", {**draft(), "id": "case:01K9ZK2A1B2C3D4E5F6G7H8J9K"})
    assert (made["id"], made["branch"], made["author"]) == ("case:01K9ZK2A1B2C3D4E5F6G7H8J9K", "b03", "m0117")
    assert (made["state"], made["may_edit"], made["may_add"], made["announced"]) == ("draft", True, [], "")
    assert (made["subject_name"], [one["party"] for one in made["parties"]]) == ("老码头食品厂", ["branch:b03"])
    at_once = await here.get(LI, f"/cases/{made['id']}")
    assert at_once == made, "also before the worker has seen it"
    again = await here.post(LI, "/cases", {**draft(), "id": made["id"]}, 409)
    assert (again["error"], again["case"]["seen_case"]) == ("made_already", made["seen_case"])
    told = await here.post(SECRETARY, "/cases", whole(here, announce=True))
    assert (told["state"], told["may_edit"]) == ("waiting", False)
    assert [(one["item"], one["text"]) for one in told["items"]] == list(
        zip(("c001", "c002", "c003"), WORDS, strict=True)
    )
    assert (told["needs"], told["needs_added"], told["added"]) == (["平面布局图", "租赁合同"], [], [])
    assert [one["party"] for one in told["parties"]][:2] == ["branch:b03", "branch:b04"]
    assert [(one["name"], one["contact"]) for one in told["outside"]] == [("供电所", "刘工 8801")]
    assert told["names"][f"outside:{told['outside'][0]['id']}"] == "供电所"
    await here.until(lambda: here.get(OTHER, f"/cases/{told['id']}"), lambda one: one["state"] == "waiting")
    assert (await here.post(COMMITTEE, "/cases", whole(here), 403))["error"] == "forbidden"
    assert (await here.post(ADMIN, "/cases", whole(here), 403))["error"] == "forbidden"


async def test_js14_all_that_is_wrong_is_told_at_once_each_at_its_place(here: Desk) -> None:
    await place(here)
    refused = await here.post(SECRETARY, "/cases", {"matter": " ", "subject": "", "announce": True}, 400)
    assert places(refused) == ["checklist", "limit", "matter", "parties", "subject"]
    wrong = draft(
        subject="site:01K8Q2M4T6V8C0N2B4X6D8E0ZZ",
        matter="长" * 201,
        limit=then(here, -1),
        parties=["b03", "b99"],
        checklist=["门", "", "门", "长" * 501],
        needs=[{"text": ""}],
        outside=[{"name": "", "contact": "长" * 61}],
    )
    refused = await here.post(SECRETARY, "/cases", wrong, 400)
    wanted = ["checklist/1", "checklist/2", "checklist/3", "limit", "matter", "needs/0", "outside/0/contact"]
    assert places(refused) == [*wanted, "outside/0/name", "parties", "subject"]
    assert all(" / " in one["problem"] for one in refused["problems"])
    assert places(await here.post(SECRETARY, "/cases", draft(limit="soon"), 400)) == ["limit"]
    assert places(
        await here.post(SECRETARY, "/cases", whole(here, parties=["b03"], outside=[], announce=True), 400)
    ) == ["parties"], "the lead alone is no joint survey"
    alone = whole(here, parties=[], announce=True)
    assert (await here.post(SECRETARY, "/cases", alone))["state"] == "waiting", "a party without an account is one"
    mine = await here.post(LI, "/cases", draft())
    assert places(await sent(here, LI, mine, given(mine, announce=True), 400)) == ["checklist", "limit", "parties"]
    assert (await here.get(LI, f"/cases/{mine['id']}"))["state"] == "draft"


async def test_js15_a_draft_is_changed_in_everything_and_what_is_left_out_is_taken_away(here: Desk) -> None:
    await place(here)
    told = await here.post(SECRETARY, "/cases", whole(here))
    first, second = told["need_lines"]
    turned = given(
        told,
        matter="粮食收购许可现场核查",
        checklist=[WORDS[2], WORDS[0]],
        needs=[{"id": second["item"], "text": "租赁合同原件"}, {"text": "从业人员名单"}],
        outside=[],
        parties=["b05"],
        limit=None,
    )
    now = await sent(here, SECRETARY, told, turned)
    assert (now["matter"], now["limit"], now["outside"]) == ("粮食收购许可现场核查", "", [])
    assert [(one["item"], one["text"]) for one in now["items"]] == [("c001", WORDS[2]), ("c002", WORDS[0])]
    assert [one["text"] for one in now["need_lines"]] == ["租赁合同原件", "从业人员名单"]
    assert now["need_lines"][0]["item"] == second["item"] != first["item"]
    assert [one["party"] for one in now["parties"]] == ["branch:b03", "branch:b05"]
    await here.until(lambda: here.get(OTHER, f"/cases/{told['id']}", 404), lambda one: one["error"] == "not_found")
    again = await sent(here, SECRETARY, now, given(now, checklist=[WORDS[2], WORDS[0], WORDS[2] + "并有警示"]))
    assert [one["text"] for one in again["items"]] == [WORDS[2], WORDS[0], WORDS[2] + "并有警示"], "a place comes back"
    same = await sent(here, SECRETARY, again, given(again))
    assert same["seen_case"] == again["seen_case"]


async def test_js15_a_change_is_bound_to_what_was_seen(here: Desk) -> None:
    await place(here)
    told = await here.post(LI, "/cases", whole(here))
    now = await sent(here, SECRETARY, told, given(told, matter="书记改过"))
    late = await sent(here, LI, told, given(told, matter="自己又改"), 409)
    assert (late["error"], late["case"]["matter"], late["case"]["seen_case"]) == (
        "changed",
        "书记改过",
        now["seen_case"],
    )
    announced = await sent(here, SECRETARY, now, given(now, announce=True))
    late = await sent(here, LI, now, given(now, matter="晚了"), 409)
    assert (late["error"], late["case"]["state"], late["case"]["matter"]) == (
        "announced_already",
        "waiting",
        "书记改过",
    )
    late = await added(here, LI, now, 409, checklist=["给排水"])
    assert (late["error"], late["case"]["seen_case"]) == ("changed", announced["seen_case"])


async def test_js15_a_draft_is_taken_back_and_what_was_announced_is_not(here: Desk) -> None:
    await place(here)
    told = await here.post(LI, "/cases", whole(here))
    path = f"/cases/{told['id']}/withdrawal"
    await here.post(ZHANG, path, {"seen": told["seen_case"]}, 403)
    assert (await here.post(SECRETARY, path, {"seen": "of something else"}, 409))["error"] == "changed"
    gone = await here.post(SECRETARY, path, {"seen": told["seen_case"]}, 200)
    assert (gone["state"], gone["may_edit"], gone["may_add"]) == ("withdrawn", False, [])
    late = await sent(here, LI, told, given(told, announce=True), 409)
    assert (late["error"], late["case"]["state"]) == ("withdrawn", "withdrawn")
    await added(here, LI, told, 403, needs=["x"])
    told = await here.post(LI, "/cases", whole(here, announce=True))
    late = await here.post(LI, f"/cases/{told['id']}/withdrawal", {"seen": told["seen_case"]}, 409)
    assert (late["error"], late["case"]["state"]) == ("announced_already", "waiting")


async def test_js16_who_may_change_one_is_told_and_all_others_are_refused(here: Desk) -> None:
    await place(here)
    told = await here.post(LI, "/cases", whole(here))
    path = f"/cases/{told['id']}"
    await here.until(lambda: here.get(OTHER, path), lambda one: one["state"] == "draft")
    everybody = (LI, SECRETARY, ZHANG, OTHER, SECOND, COMMITTEE, ADMIN)
    asked = {who: await here.get(who, path) for who in everybody}
    assert [asked[who]["may_edit"] for who in everybody] == [True, True, False, False, False, False, False]
    for who in everybody[2:]:
        refused = await sent(here, who, told, given(told, matter="别人的话"), 403)
        assert refused["error"] == "forbidden"
        await added(here, who, told, 403, addenda=["别人的话"])
    assert (await added(here, LI, told, 409, needs=["x"]))["error"] == "not_announced"
    now = await sent(here, LI, told, given(told, announce=True))
    lead, party = ["checklist", "needs", "parties", "outside", "limit"], ["needs"]
    may = [(await here.get(who, path))["may_add"] for who in everybody]
    assert may == [lead, lead, party, party, party, [], []], (
        "who is of a party, the lead's members among them, says what it needs"
    )
    await added(here, OTHER, now, 403, checklist=["给排水"])
    assert await kept_refused(here) == [], "what the desk refuses leaves nothing in quarantine"


async def kept_refused(here: Desk) -> list[Any]:
    found: list[Any] = (await here.get(ADMIN, "/quarantine"))["entries"]
    return found


async def test_js17_it_is_announced_once_and_only_added_to_afterwards(here: Desk) -> None:
    await place(here)
    told = await here.post(SECRETARY, "/cases", whole(here))
    first = await sent(here, SECRETARY, told, given(told, announce=True))
    assert first["announced"] == first["announced"] != ""
    again = await sent(here, SECRETARY, first, given(first, announce=True), 409)
    assert again["error"] == "announced_already"
    assert "只能补充" in again["reason"]
    now = await added(
        here,
        SECRETARY,
        first,
        checklist=["给排水"],
        needs=["消防验收意见"],
        parties=["b05"],
        outside=[{"name": "燃气公司"}],
        limit=then(here, 12),
    )
    assert [one["item"] for one in now["items"]] == ["c001", "c002", "c003", "c004"]
    assert now["needs_added"] == ["消防验收意见"]
    assert [one for one in now["added"] if one.startswith("checklist/")] == ["checklist/c004"]
    assert (now["limit"], now["limit_told"]) == (then(here, 12), first["limit"])
    assert {one["name"] for one in now["outside"]} == {"供电所", "燃气公司"}
    assert "branch:b05" in [one["party"] for one in now["parties"]]
    for wrong, fields in (
        ({"limit": then(here, 11)}, ["limit"]),
        ({"limit": then(here, -3)}, ["limit", "limit"]),
        ({"parties": ["b04"]}, ["parties"]),
        ({"checklist": [WORDS[0], "", "长" * 501]}, ["checklist/0", "checklist/1", "checklist/2"]),
        ({"outside": [{"name": "供电所"}]}, ["outside/0/name"]),
        ({}, [""]),
    ):
        assert places(await added(here, SECRETARY, now, 400, **wrong)) == fields, wrong


async def test_js17_codes_that_a_tablet_gave_stay_and_new_ones_follow_them(here: Desk) -> None:
    await place(here)
    body = case(limit=then(here, 3), parties__b04=True)
    await here.push("m0001", body, db="shared")
    told = await here.until(
        lambda: here.get(SECRETARY, f"/cases/{body['_id']}"), lambda one: bool(one["subject"]) and bool(one["may_add"])
    )
    now = await added(here, SECRETARY, told, checklist=["给排水", "采光"])
    now = await added(here, SECRETARY, now, checklist=["通风"])
    assert [one["item"] for one in now["items"]] == ["fire", "layout", "layout_001", "layout_002", "layout_003"]
    assert [one["text"] for one in now["items"]][2:] == ["给排水", "采光", "通风"]


async def test_js18_a_party_adds_needs_and_after_the_conclusion_everybody_adds_addenda_alone(here: Desk) -> None:
    await place(here)
    told = await here.post(SECRETARY, "/cases", whole(here, announce=True, outside=[], checklist=[WORDS[0]]))
    path = f"/cases/{told['id']}"
    await here.until(lambda: here.get(OTHER, path), lambda one: one["may_add"] == ["needs"])
    await added(here, OTHER, told, 403, addenda=["还没有结论"])
    told = await added(here, OTHER, told, needs=["环评批复"])
    assert (told["needs_added"], told["needs"][-1]) == (["环评批复"], "环评批复")
    for branch, member in (("b03", "m0117"), ("b04", "m0300")):
        found = survey(told["id"], branch, member, findings__c001__finding="pass")
        found["fields"]["subject"] = SITE
        await here.push(member, found, db=f"branch-{branch}", branch=branch)
    ready = await here.until(lambda: here.get(SECRETARY, path), lambda one: one["state"] == "ready")
    await here.post(SECRETARY, f"{path}/conclusion", {"conclusion": "pass", "seen": ready["seen"]})
    done = await here.get(SECRETARY, path)
    assert (done["may_add"], (await here.get(OTHER, path))["may_add"]) == (["addenda"], ["addenda"])
    late = await added(here, SECRETARY, done, 409, checklist=["给排水"], addenda=["x"])
    assert (late["error"], late["case"]["state"]) == ("issued_already", "issued")
    now = await added(here, OTHER, done, addenda=["供电容量已核实"])
    assert [one["text"] for one in now["addenda"]] == ["供电容量已核实"]
    assert now["conclusion"]["conclusion"] == "pass"


async def test_js18_two_who_add_apart_both_stand_and_an_announcement_is_one(here: Desk) -> None:
    await place(here)
    told = await here.post(SECRETARY, "/cases", whole(here, announce=True))
    one = await added(here, SECRETARY, told, needs=["甲"])
    late = await added(here, OTHER, told, 409, needs=["乙"])
    assert late["case"]["seen_case"] == one["seen_case"]
    both = await added(here, OTHER, late["case"], needs=["乙"])
    assert both["needs_added"] == ["甲", "乙"]
    lines = (await here.get(ADMIN, "/audit?kind=joint_survey"))["lines"]
    states = sorted(line["state"] for line in lines if line["record"] == told["id"])
    assert states == ["announced", "supplemented", "supplemented"]


async def test_js19_they_are_listed_by_words_and_how_they_stand_with_how_many_there_are(here: Desk) -> None:
    await place(here)
    # The draft that was made there, once it is counted.
    await here.until(lambda: here.get(SECRETARY, "/cases"), lambda one: len(one["cases"]) == 1)
    other = case(limit=then(here, -1), matter="药店踏勘", parties__b04=None)
    await here.push("m0001", other, db="shared")
    soon = await here.post(SECRETARY, "/cases", whole(here, announce=True, limit=then(here, 1)))
    mine = await here.post(SECRETARY, "/cases", draft(matter="Fire Safety"))
    gone = case(announced=None)
    gone["fields"]["withdrawn"] = {"over": [gone["stamps"][""]]}
    await here.push("m0001", gone, db="shared")
    told = await here.until(lambda: here.get(SECRETARY, "/cases"), lambda one: len(one["cases"]) == 5)
    assert told["counts"] == {"draft": 2, "waiting": 1, "ready": 1, "overdue": 1}

    async def ids(query: str, who: tuple[str, str] = SECRETARY) -> list[str]:
        return [one["id"] for one in (await here.get(who, f"/cases?{query}"))["cases"]]

    open_ = await ids("state=open")
    assert open_[:2] == [other["_id"], soon["id"]]
    assert gone["_id"] not in open_
    assert await ids("state=open&order=latest") == [*reversed(open_)]
    pages = await here.get(SECRETARY, "/cases?state=open&order=latest&limit=2")
    rest = await here.get(SECRETARY, f"/cases?state=open&order=latest&limit=50&after={pages['next']}")
    assert [one["id"] for one in (*pages["cases"], *rest["cases"])] == [*reversed(open_)]
    assert rest["counts"] is None
    assert await ids("words=药店") == [other["_id"]]
    assert await ids("words=老码头 食品&state=waiting") == [soon["id"]], "all of them, in the matter or the name"
    assert await ids("words=fire") == [mine["id"]]
    assert await ids("words=%25") == []
    (row,) = (await here.get(OTHER, "/cases?words=老码头&state=waiting"))["cases"]
    assert (row["parties"], row["awaited"], row["conclusion"], row["subject_name"]) == (3, 3, "", "老码头食品厂")
    assert (await here.get(OTHER, "/cases"))["counts"] == {"draft": 0, "waiting": 1, "ready": 0, "overdue": 0}


def test_js15_what_was_put_on_a_draft_and_taken_out_again_is_on_no_checklist() -> None:
    body = case(announced=None)
    later = stamp("m0001", at=NOW + timedelta(hours=1))
    body["fields"]["checklist/fire/withdrawn"] = {"over": [body["stamps"][""]]}
    body["stamps"]["checklist/fire/withdrawn"] = later
    assert case_of(body).checklist == ("layout",)
