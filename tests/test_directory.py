"""DI: administrators keep the directory, secretaries assign; what was stays known."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from schemas.definition import is_form_items, item_problems
from tests.builders import record
from tests.desk import LI, SECRETARY, Desk
from tests.serving import ADMIN
from tests.working import visit


async def put(here: Desk, path: str, fields: dict[str, Any], status: int = 201, match: str = "", **more: Any) -> Any:
    headers = {"if-match": f'"{match}"'} if match else {}
    async with here.here.as_(ADMIN) as client:
        answer = await client.put(f"/api/v1/directory/{path}", json={"fields": fields, **more}, headers=headers)
    assert answer.status_code == status, answer.text
    if status < 300:
        assert answer.headers["etag"] == f'"{answer.json()["revision"]}"'
    return answer.json()


async def a_centre(here: Desk) -> Any:
    """Two branches and a member of the first."""
    await put(here, "branch/b03", {"name": "第三党支部"})
    await put(here, "branch/b04", {"name": "第四党支部", "committee/m0300": True})
    return await put(here, "member/m0117", {"name": "李明", "branch": "b03", "joined": "2020-01-01", "role": "member"})


async def test_di1_the_directory_is_written_by_administrators_on_what_they_saw(here: Desk) -> None:
    made = await a_centre(here)
    again = {"name": "李明", "branch": "b03", "post": "窗口负责人"}
    assert (await put(here, "member/m0117", again, 400))["error"] == "if_match_required"
    changed = await put(here, "member/m0117", again, 200, made["revision"])
    assert changed["fields"]["post"] == "窗口负责人"
    assert changed["fields"].get("joined") is None, "what is not named is emptied"
    assert (await put(here, "member/m0117", again, 409, made["revision"]))["error"] == "conflict"
    listed = await here.get(LI, "/directory")
    assert [one["id"] for one in listed["branches"]] == ["branch:b03", "branch:b04"]
    assert listed["counts"] == {"members": 1, "branches": {"b03": 1}, "units": {}}
    members = (await here.get(LI, "/directory/members"))["members"]
    assert members[0]["revision"] == changed["revision"]
    async with here.here.as_(SECRETARY) as client:
        assert (await client.put("/api/v1/directory/unit/u1", json={"fields": {"name": "x"}})).status_code == 403


async def test_di2_all_that_is_wrong_is_told_at_once_and_nothing_is_written(here: Desk) -> None:
    await a_centre(here)
    wrong = {"name": 7, "branch": "b99", "role": "king", "nothing": 1}
    refused = await put(here, "member/m0500", wrong, 400)
    assert {"name", "branch", "role"} <= {one["field"] for one in refused["problems"]}
    assert (await here.get(LI, "/directory/members"))["total"] == 1
    await put(here, "member/m%200500", {"name": "x"}, 400)
    await put(here, "nothing/x", {"name": "x"}, 400)


async def test_di3_a_member_who_moves_is_known_where_they_belonged(here: Desk) -> None:
    made = await a_centre(here)
    body = visit("m0117", period=["2026-11-10T01:00:00Z", "2026-11-10T02:00:00Z"])
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date()
    last = "2026-11-20"
    fields = {**made["fields"], "branch": "b04"}
    await put(here, "member/m0117", fields, 400, made["revision"], moved="2019-01-01")
    moved = await put(here, "member/m0117", fields, 200, made["revision"], moved=last)
    stays = {path.rpartition("/")[2]: value for path, value in moved["fields"].items() if path.startswith("belonged/")}
    assert stays == {"branch": "b03", "days": ["2020-01-01", last]}
    assert here.services.admission.directory.branch("m0117", None) == "b04"
    await here.push("m0117", body, branch="b04")
    back = await put(
        here, "member/m0117", {**made["fields"], "branch": "b03"}, 200, moved["revision"], moved=today.isoformat()
    )
    days = sorted(value for path, value in back["fields"].items() if path.endswith("/days"))
    assert days == [["2020-01-01", last], ["2026-11-21", today.isoformat()]]
    slip = await put(here, "member/m0117", {**made["fields"], "branch": "b04"}, 200, back["revision"])
    assert [today.isoformat(), today.isoformat()] in slip["fields"].values()


async def test_di4_a_secretary_assigns_and_ends(here: Desk) -> None:
    await a_centre(here)
    asked = {"branch": "b03", "kind": "task", "member": "m0117", "text": "下周走访"}
    made = await here.post(SECRETARY, "/assignments", asked)
    await here.post(LI, "/assignments", asked, 403)
    await here.post(SECRETARY, "/assignments", {**asked, "branch": "b04"}, 403)
    wrong = await here.post(SECRETARY, "/assignments", {**asked, "days": ["2026-12-01", "2026-11-01"]}, 400)
    assert [one["field"] for one in wrong["problems"]] == ["days"]

    async def end() -> Any:
        return await here.post(SECRETARY, f"/assignments/{made['id']}/end", None)

    ended = await here.until(end, bool)
    states = "SELECT id, state, supersedes FROM assigned ORDER BY made, id"
    rows = await here.until(
        lambda: here.services.ledger.read(lambda sql: sql.execute(states).fetchall()), lambda rows: len(rows) == 2
    )
    assert rows[1][1:] == ("ended", made["id"])
    assert rows[1][0] == ended["id"]


async def test_di5_a_changed_form_is_a_new_number_beside_the_old_ones(here: Desk) -> None:
    forms = await here.get(LI, "/forms")
    old = next(one for one in forms if one["id"] == "form:survey/1" or one["fields"]["for"] == "survey")
    kept = {"for": "survey", "title": {"zh": "踏勘表", "en": "Survey"}, "items": old["fields"]["items"][:-1]}
    made = await here.post(ADMIN, "/forms", kept)
    assert made["id"] == f"form:survey/{old['fields']['number'] + 1}"
    assert len(await here.get(LI, "/forms")) == len(forms) + 1
    good = kept["items"][0]
    wrong = [good, {**good, "kind": "nothing"}, {"path": "a", "kind": "choice", "label": {"zh": "甲"}}, 7]
    refused = await here.post(ADMIN, "/forms", {**kept, "items": wrong}, 400)
    places = {one["field"] for one in refused["problems"]}
    assert places == {"items", "items/1/path", "items/1/kind", "items/2/label", "items/2/options", "items/3"}
    assert len(await here.get(LI, "/forms")) == len(forms) + 1
    await here.post(SECRETARY, "/forms", kept, 403)


async def test_di5_of_two_who_publish_at_once_the_second_is_told_and_who_published_is_known(here: Desk) -> None:
    (old,) = [one for one in await here.get(LI, "/forms") if one["fields"]["for"] == "event"]
    form = {"for": "event", "title": {"zh": "活动", "en": "Event"}, "items": old["fields"]["items"], "follows": 1}
    await here.post(ADMIN, "/forms", form)
    refused = await here.post(ADMIN, "/forms", {**form, "title": {"zh": "别的", "en": "Other"}}, 409)
    assert (refused["error"], "第 2 版" in refused["reason"]) == ("changed_since", True)
    told = [one for one in await here.get(LI, "/forms") if one["fields"]["for"] == "event"]
    assert [(one["fields"]["number"], one["by"], one["at"] != "") for one in told] == [
        (1, "", False),
        (2, "administrator", True),
    ]
    unsound = await here.post(ADMIN, "/forms", {**form, "follows": 2, "items": form["items"][:1]}, 400)
    assert [one["field"] for one in unsound["problems"]] == ["items"]


async def test_di5_a_form_is_looked_over_without_being_added(here: Desk) -> None:
    forms = await here.get(LI, "/forms")
    (old,) = [one for one in forms if one["fields"]["for"] == "event"]
    form = {"for": "event", "title": {"zh": "活动", "en": "Event"}, "items": old["fields"]["items"]}
    assert await here.post(ADMIN, "/forms/check", form, 200) == {"problems": []}
    nameless = [{**form["items"][0], "label": {"zh": "", "en": "a"}}, *form["items"][1:]]
    told = await here.post(ADMIN, "/forms/check", {**form, "items": nameless}, 200)
    refused = await here.post(ADMIN, "/forms", {**form, "items": nameless}, 400)
    assert told["problems"] == refused["problems"] != []
    await here.post(SECRETARY, "/forms/check", form, 403)
    assert await here.get(LI, "/forms") == forms


async def test_di5_how_many_records_of_each_type_there_are_is_told_to_who_may_publish(here: Desk) -> None:
    await here.push("m0117", visit("m0117"), visit("m0117"))
    told = await here.until(lambda: here.get(ADMIN, "/forms/uses"), lambda uses: uses[0]["records"] == 2)
    assert {one["for"]: one["records"] for one in told} == {"visit": 2, "service": 0, "survey": 0, "event": 0}
    await here.get(SECRETARY, "/forms/uses", 403)


def test_di5_what_is_told_of_items_is_what_makes_them_none() -> None:
    item = {"path": "a", "kind": "text", "label": {"zh": "甲", "en": "a"}}
    inner = {**item, "kind": "items", "items": [item]}
    tried: list[Any] = [
        *([], [item], [item, item], [inner], [{**inner, "items": [inner]}], [{**item, "min": "1"}], "x", [None]),
        *([{**item, "show_if": {"path": 1}}], [{**item, "kind": "reference", "of": [1]}], [{**item, "required": 1}]),
        [{**item, "kind": "items"}],
    ]
    for items in tried:
        assert is_form_items(items) == (not item_problems(items)), items


async def test_di6_assignments_are_listed_replaced_and_ended_with_their_last_day(here: Desk) -> None:
    """DI7 too: whom the assigned member has not been to."""
    await a_centre(here)
    home = {**record("subject", author="m0117"), "_id": "household:01K9ZJ6Q3T8M4V7C2N5B1H0001"}
    home["fields"] = {"kind": "household", "name": "王秀英户"}
    await here.push("m0117", home)
    asked = {"branch": "b03", "kind": "link", "member": "m0117", "subject": home["_id"], "days": ["2026-01-01", None]}
    await here.until(lambda: here.get(SECRETARY, f"/subjects/{home['_id']}"), bool)
    made = await here.post(SECRETARY, "/assignments", asked)
    told = await here.until(lambda: here.get(SECRETARY, "/assignments"), lambda answer: answer["assignments"])
    (one,) = told["assignments"]
    assert (one["member"], one["first"], one["last"], one["state"]) == ("m0117", "2026-01-01", "", "now")
    assert told["names"][home["_id"]] == "王秀英户"
    covered = await here.get(SECRETARY, "/assignments/coverage?branch=b03&month=2026-02")
    assert [(one["assigned"], one["reached"], one["unreached"]) for one in covered["members"]] == [
        (1, 0, [[made["id"], home["_id"]]])
    ]
    replaced = {**asked, "member": "m0042", "days": ["2026-03-01", None], "supersedes": made["id"]}
    other = await here.post(SECRETARY, "/assignments", replaced)
    lists = await here.until(
        lambda: here.get(SECRETARY, "/assignments?limit=1"), lambda answer: answer["next"] is not None
    )
    rest = await here.get(SECRETARY, f"/assignments?limit=1&after={lists['next']}")
    found = {one["member"]: one for one in (*lists["assignments"], *rest["assignments"])}
    assert (found["m0117"]["last"], found["m0117"]["state"]) == ("2026-02-28", "ended")
    assert found["m0042"]["state"] == "now"
    await here.post(SECRETARY, f"/assignments/{other['id']}/end?last=2099-01-01", None, 400)
    await here.post(SECRETARY, f"/assignments/{other['id']}/end?last=2026-04-30", None)
    ended = await here.until(
        lambda: here.get(SECRETARY, "/assignments?member=m0042"), lambda answer: answer["assignments"][0]["last"]
    )
    assert ended["assignments"][0]["last"] == "2026-04-30"
    assert (await here.get(SECRETARY, "/assignments?stands=now"))["assignments"] == []
    assert (await here.get(("other", SECRETARY[1]), "/assignments"))["assignments"] == []
