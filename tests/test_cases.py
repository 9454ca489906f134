"""JS: joint surveys, from what each party finds to the one conclusion."""

import json
from datetime import timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from schemas import check, may_change, rule_of
from sync.documents import content_of
from sync.reconcile.body import join
from sync.reconcile.cases import (
    Case,
    Cell,
    Finding,
    Survey,
    case_of,
    findings_of,
    is_against_issue,
    issued_text,
    state_of,
)
from sync.reconcile.edit import edit, remove_item, settle
from sync.stores.contract import LEAVES, Store, Want
from tests.builders import NOW, record, stamp, write
from tests.desk import COMMITTEE, LI, SECRETARY, ZHANG, Desk
from tests.serving import PASSWORD
from tests.working import Working

BEFORE, AFTER = "2026-11-20T09:00:00Z", "2026-12-02T00:00:00Z"
LIMIT = "2026-12-01T09:00:00Z"
OTHER = ("other", PASSWORD)
LAYOUT, FIRE = "layout", "fire"
VECTORS: list[dict[str, Any]] = json.loads((Path(__file__).parent / "vectors/joint.json").read_text("utf-8"))
SAID = {"type": "survey", "version": 1, "author": "m0117", "stamps": {"": "001795000000000.0000-t2-m0117-aaaa"}}


def case(**fields: Any) -> dict[str, Any]:
    """A case of branches b03 (the lead) and b04, with two items on its checklist, announced."""
    body = record("case", author="m0001")
    kept = {path: value for path, value in body["fields"].items() if not path.startswith(("parties/", "checklist/"))}
    kept |= {"parties/b04": True, "checklist/layout/text": "面积与布局", "checklist/fire/text": "消防", "limit": LIMIT}
    kept |= {"announced": "2026-11-19T01:00:00Z"} | {path.replace("__", "/"): one for path, one in fields.items()}
    body["fields"] = {path: value for path, value in kept.items() if value is not None}
    return body


def survey(of: str, branch: str = "b03", author: str = "m0117", **fields: Any) -> dict[str, Any]:
    body = record("survey", author=author, branch=branch)
    kept = {path: value for path, value in body["fields"].items() if not path.startswith(("findings/", "parties/"))}
    kept |= {"case": of, f"participants/{author}": True, "parties/b03": True, "parties/b04": True}
    kept |= {path.replace("__", "/"): value for path, value in fields.items()}
    body["fields"] = {path: value for path, value in kept.items() if value is not None}
    return body


def both(layout: str = "pass", fire: str = "pass") -> dict[str, str]:
    return {"findings__layout__finding": layout, "findings__fire__finding": fire}


def taken(body: dict[str, Any], standing: str = "counted", *, vouched: bool = False) -> Survey:
    return Survey(body["_id"], body["branch"], standing, vouched, findings_of(body))


def state(body: dict[str, Any], *surveys: Survey, now: str = BEFORE) -> Any:
    return state_of(case_of(body), surveys, now)


def issued(
    body: dict[str, Any], conclusion: str, mark: str, cells: tuple[Cell, ...] = (), text: str | None = None
) -> Any:
    basis = [{name: getattr(cell, name) for name in cell.__struct_fields__} for cell in cells]
    changes = {"conclusion": conclusion, "conclusion_text": text, "issued": BEFORE, "basis": basis}
    return edit([body], changes, mark, rule_of=rule_of)


def test_js1_the_parties_are_the_lead_the_branches_named_and_those_without_an_account() -> None:
    body = case(outside__01K9AAAA__name="供电所", outside__01K9BBBB__name="燃气公司")
    body = remove_item([body], "outside/01K9BBBB", stamp("m0001"), rule_of=rule_of)
    assert case_of(body).parties == ("branch:b03", "branch:b04", "outside:01K9AAAA")
    assert case_of(case(parties__b03=False)).parties == ("branch:b04",), "a lead that takes no part says so"
    assert check(case(basis=[{"party": "branch:b03"}])) == []


def test_js2_of_a_party_and_item_the_latest_counts_and_what_is_withdrawn_or_flagged_does_not() -> None:
    body = case()
    first, second = survey(body["_id"], **both("fail")), survey(body["_id"], **both("pass"))
    second["stamps"] = {"": stamp(at=NOW + timedelta(minutes=5))}
    for order in permutations([taken(first), taken(second)]):
        told = state(body, *order)
        assert [(cell.item, cell.finding, cell.record) for cell in told.cells] == [
            (FIRE, "pass", second["_id"]),
            (LAYOUT, "pass", second["_id"]),
        ]
    for standing in ("withdrawn", "flagged"):
        told = state(body, taken(first), taken(second, standing))
        assert {cell.record for cell in told.cells} == {first["_id"]}
        assert {(one.record, one.why) for one in told.passed} == {(second["_id"], standing)}
    gone = remove_item([second], "findings/layout", stamp(), rule_of=rule_of)
    assert [one.item for one in findings_of(gone)] == [FIRE]


def test_js2_a_branch_speaks_for_itself_and_the_lead_for_a_party_without_an_account() -> None:
    body = case(outside__01K9AAAA__name="供电所")
    them = {"findings__layout__party": "outside:01K9AAAA", "findings__fire__party": "outside:01K9AAAA"}
    named = {"findings__layout__given_by": "刘工", "findings__fire__given_by": "刘工"}
    told = survey(body["_id"], **both(), **them, **named)
    assert check(told) == []
    assert {cell.party for cell in state(body, taken(told, vouched=True)).cells} == {"outside:01K9AAAA"}

    def why(*surveys: Survey) -> set[str]:
        return {one.why for one in state(body, *surveys).passed}

    assert why(taken(told)) == {"not_vouched"}
    assert why(taken(survey(body["_id"], **both(), **them), vouched=True)) == {"nobody_named"}
    assert why(taken(survey(body["_id"], "b04", **both(), **them, **named), vouched=True)) == {"not_by_lead"}
    assert why(taken(survey(body["_id"], "b04", **both(), findings__layout__party="branch:b03"))) == {"not_their_own"}
    assert why(taken(survey(body["_id"], "b07", **both()))) == {"no_party"}
    window = survey(body["_id"], **both(), findings__layout__party="window:w12")
    assert {cell.party for cell in state(body, taken(window)).cells} == {"branch:b03"}


def test_js3_a_party_is_in_with_a_finding_for_every_item_and_without_a_checklist_with_a_record() -> None:
    body = case()
    told = state(body, taken(survey(body["_id"], findings__layout__finding="pass")))
    assert [(one.party, one.state, one.missing) for one in told.parties] == [
        ("branch:b03", "partly", (FIRE,)),
        ("branch:b04", "awaited", (FIRE, LAYOUT)),
    ]
    bare = case(checklist__layout__text=None, checklist__fire__text=None)
    told = state(bare, taken(survey(bare["_id"])))
    assert [one.state for one in told.parties] == ["in", "awaited"]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: str(vector["name"]))
def test_js2_js3_tablets_know_as_the_server_does_whom_a_case_waits_for(vector: dict[str, Any]) -> None:
    told = [
        Survey(f"survey:{number}", one["branch"], one["standing"], one["vouched"], findings_of({**SAID, **one}))
        for number, one in enumerate(vector["surveys"])
    ]
    found = state_of(case_of(vector["case"]), told, BEFORE)
    for branch, wanted in vector["awaited"].items():
        leads = branch == vector["case"]["branch"]
        spoken_for = [
            one
            for one in found.parties
            if one.party == f"branch:{branch}" or (leads and one.party.startswith("outside:"))
        ]
        assert [one.party for one in spoken_for if one.state != "in"] == wanted, branch


def test_js4_it_is_ready_when_every_party_is_in_or_its_time_is_past() -> None:
    body = case()
    ours, theirs = survey(body["_id"], **both()), survey(body["_id"], "b04", "m0300", **both())
    told = state(body, taken(ours))
    assert (told.stands, told.reason, told.overdue) == ("waiting", "awaited", False)
    told = state(body, taken(ours), now=AFTER)
    assert (told.stands, told.reason, told.overdue) == ("ready", "time_past", True)
    told = state(body, taken(ours), taken(theirs))
    assert (told.stands, told.reason) == ("ready", "all_in")
    assert state(case(announced=None), taken(ours), now=AFTER).stands == "draft"
    assert state(case(limit=None), taken(ours), now="9998-12-31T00:00:00Z").stands == "waiting"


def test_js5_items_in_disagreement_are_listed_and_what_is_nobodys_matter_is_none() -> None:
    body = case()
    ours = taken(survey(body["_id"], **both("remedy", "pass")))
    theirs = taken(survey(body["_id"], "b04", "m0300", **both("pass", "not_applicable")))
    assert state(body, ours, theirs).disagreements == (LAYOUT,)


def test_js6_two_devices_that_issue_at_once_end_in_one_result_and_the_other_is_kept_as_lost() -> None:
    body = case()
    first, second = stamp("m0001", "t1"), stamp("m0002", "t2", NOW + timedelta(seconds=3))
    one, two = issued(body, "fail", first), issued(body, "pass", second, text="三方一致")
    for order in permutations([one, two]):
        merged = join(order, rule_of)
        known = case_of(merged)
        assert known.issue is not None
        assert (known.issue.conclusion, known.issue.stamp) == ("fail", first)
        assert issued_text(merged, known, known.issue) == "", "two conclusions are not mixed"
        (lost,) = known.lost
        assert (lost.conclusion, issued_text(merged, known, lost)) == ("pass", "三方一致")
    principals = {"member:m0001", "branch:b03", "secretary:b03"}
    assert may_change(one, join([one, two], rule_of), principals) is None, "who did not know is let in"
    assert may_change(one, two, principals) is None


def test_js6_a_dispute_of_two_conclusions_is_settled_by_the_one_that_stands_alone() -> None:
    body = case()
    first, second = stamp("m0001", "t1"), stamp("m0002", "t2", NOW + timedelta(seconds=3))
    merged = join([issued(body, "fail", first), issued(body, "pass", second, text="三方一致")], rule_of)
    before = case_of(merged)
    fields = merged["fields"]
    assert is_against_issue(merged, "conclusion", "pass")
    assert is_against_issue(merged, "conclusion_text", "三方一致")
    assert not is_against_issue(merged, "conclusion", "fail")
    assert not is_against_issue(body, "conclusion", "pass"), "before the issue it may be thought over"
    later = stamp("m0002", "desk", NOW + timedelta(hours=1))
    for path in ("conclusion", "conclusion_text", "issued", "basis"):
        merged = settle([merged], path, fields.get(path), later, [first, second], rule_of=rule_of)
        assert (case_of(merged).issue, case_of(merged).lost) == (before.issue, before.lost), path


def test_js6_who_had_seen_it_issued_cannot_change_it() -> None:
    principals = {"member:m0001", "branch:b03", "secretary:b03"}
    before = issued(case(), "pass", stamp("m0001"), text="一致通过")
    later = stamp("m0001", at=NOW + timedelta(hours=1))
    for changes in ({"conclusion": "fail"}, {"conclusion_text": "改"}, {"issued": AFTER}, {"issued": None}):
        problem = may_change(before, edit([before], changes, later, rule_of=rule_of), principals)
        assert problem is not None, changes
        assert problem.code == "issued_already"
    added = edit([before], {"addenda/01K9AAAA/text": "补充"}, later, rule_of=rule_of)
    assert may_change(before, added, principals) is None
    draft = edit([case()], {"conclusion": "pass"}, stamp("m0001"), rule_of=rule_of)
    again = edit([draft], {"conclusion": "fail"}, later, rule_of=rule_of)
    assert may_change(draft, again, principals) is None, "before the issue it may be thought over"


def test_js7_what_comes_after_the_issue_is_an_addendum_whatever_its_clock_says() -> None:
    body = case()
    ours, theirs = survey(body["_id"], **both()), survey(body["_id"], "b04", "m0300", **both("fail"))
    theirs["stamps"] = {"": stamp("m0300", at=NOW - timedelta(hours=2))}
    cells = state(body, taken(ours)).cells
    done = issued(body, "pass", stamp("m0001", at=NOW + timedelta(minutes=1)), cells)
    told = state(done, taken(ours), taken(theirs))
    assert {cell.record for cell in told.cells} == {ours["_id"]}
    assert {cell.record for cell in told.late} == {theirs["_id"]}, "made before, but not what was concluded on"
    assert told.disagreements == ()
    changed = edit([ours], {"findings/fire/finding": "fail"}, stamp(at=NOW + timedelta(hours=1)), rule_of=rule_of)
    told = state(done, taken({**changed, "_id": ours["_id"]}))
    assert [(cell.item, cell.finding) for cell in told.late] == [(FIRE, "fail")]
    told = state(done, taken(ours, "withdrawn"))
    assert [(cell.item, cell.record) for cell in told.taken_back] == [(FIRE, ours["_id"]), (LAYOUT, ours["_id"])]
    after = stamp("m0001", at=NOW + timedelta(minutes=1))
    unnamed = edit([body], {"conclusion": "pass", "issued": BEFORE}, after, rule_of=rule_of)
    told = state(unnamed, taken(ours), taken(theirs))
    assert {cell.record for cell in told.cells} == {ours["_id"], theirs["_id"]}, (
        "one that names no basis goes by stamps"
    )


def test_js8_a_conclusion_issued_too_early_is_flagged() -> None:
    body = case()
    ours, theirs = survey(body["_id"], **both()), survey(body["_id"], "b04", "m0300", **both())
    done = issued(body, "pass", stamp("m0001"), state(body, taken(ours)).cells)
    assert state(done, taken(ours)).early
    assert state(done, taken(ours), taken(theirs)).early, "what came later does not make up for it"
    whole = issued(body, "pass", stamp("m0001"), state(body, taken(ours), taken(theirs)).cells)
    assert not state(whole, taken(ours), taken(theirs)).early
    assert not state({**done, "fields": {**done["fields"], "limit": BEFORE}}, taken(ours)).early


def test_js12_what_is_told_after_the_announcement_is_told_as_added() -> None:
    body = case()
    assert case_of(body).added == ()
    later = stamp("m0001", at=NOW + timedelta(hours=1))
    more = edit(
        [body], {"needs/01K9BBBB/text": "消防验收意见", "checklist/fire/text": "消防设施"}, later, rule_of=rule_of
    )
    assert case_of(more).added == ("needs/01K9BBBB",), "an item put in other words is no new one"
    draft = case(announced=None)
    told = edit([draft], {"announced": BEFORE, "checklist/water/text": "给排水"}, later, rule_of=rule_of)
    assert case_of(told).added == ()


def test_js2_a_body_that_cannot_be_read_says_nothing() -> None:
    for fields in (None, 7, {}, {"checklist/x": 1.5, "outside//name": "", "parties/b04": "yes"}, {"issued": 2.5}):
        known = case_of({"type": "case", "fields": fields})
        assert isinstance(known, Case)
        assert state_of(
            known, [Survey("survey:1", "b03", "counted", False, (Finding("x", "pass", "", False, ""),))], BEFORE
        )


async def stands(one: Working) -> list[Any]:
    return await one.ledger.read(
        lambda sql: sql.execute("SELECT stands, awaited, disagreements, late, early FROM joint").fetchall()
    )


async def problems(one: Working, record_id: str, db: str = "branch-b03") -> list[str]:
    found = await one.documents(f"check:{record_id}", db)
    return [problem["code"] for fields in found.values() for problem in fields["problems"]]


async def leaves(store: Store, doc: str, db: str = "branch-b03") -> list[tuple[str, dict[str, Any]]]:
    (found,) = await store.get(db, [Want(doc, LEAVES)])
    return [(leaf.rev, content_of(leaf.body)) for leaf in found.revisions]


async def test_js9_an_item_that_is_not_on_the_checklist_is_flagged_until_put_right(one: Working) -> None:
    body = case()
    ours = survey(body["_id"], **both(), findings__water__finding="fail")
    await one.store.add("branch-b03", [write(ours)])
    await one.idle()
    assert await problems(one, ours["_id"]) == [], "the case has not come yet"
    await one.store.add("shared", [write(body)])
    await one.idle()
    assert await problems(one, ours["_id"]) == ["not_on_checklist"]
    assert await stands(one) == [("open", 2, 0, 0, 0)]
    await one.same_from_nothing()
    (check,) = await leaves(one.store, f"check:{ours['_id']}")
    emptied = {"_id": f"check:{ours['_id']}", **check[1], "fields": {**check[1]["fields"], "problems": []}}
    await one.store.add("branch-b03", [write(emptied, "2-f", check[0])])
    await one.idle()
    assert await problems(one, ours["_id"]) == ["not_on_checklist"], (
        "a server that did not know the case does not unsay it"
    )
    actor = one.centre.actor("m0117")
    more = edit([ours], {"narrative": "补充说明"}, stamp(), rule_of=rule_of)
    await one.centre.admission.push(actor, "branch-b03", [write({**more, "_id": ours["_id"]}, "2-b", "1-a")])
    await one.idle()
    assert await problems(one, ours["_id"]) == ["not_on_checklist"], "another edit does not put it right"
    fixed = edit([body], {"checklist/water/text": "给排水"}, stamp("m0001"), rule_of=rule_of)
    await one.store.add("shared", [write({**fixed, "_id": body["_id"]}, "2-b", "1-a")])
    await one.idle()
    assert await problems(one, ours["_id"]) == []
    assert await stands(one) == [("open", 1, 0, 0, 0)]
    await one.same_from_nothing()


async def test_js8_a_case_that_a_tablet_issued_too_early_has_a_check(one: Working) -> None:
    body = case()
    ours = survey(body["_id"], **both())
    done = issued(body, "pass", stamp("m0001"), state(body, taken(ours)).cells)
    await one.store.add("shared", [write(body), write({**done, "_id": body["_id"]}, "2-b", "1-a"), write(ours)])
    await one.idle()
    assert await problems(one, body["_id"], "shared") == ["issued_early"]
    theirs = survey(body["_id"], "b04", "m0300", **both("fail"))
    await one.store.add("branch-b04", [write(theirs)])
    await one.idle()
    assert await stands(one) == [("issued", 1, 0, 2, 1)]
    await one.same_from_nothing()


async def test_js10_a_joint_survey_goes_from_its_announcement_to_one_conclusion_and_an_addendum(here: Desk) -> None:
    soon = (here.services.now() + timedelta(days=9)).strftime("%Y-%m-%dT%H:%M:%SZ")
    body = case(outside__01K9AAAA__name="供电所", limit=soon)
    path = f"/cases/{body['_id']}"
    await here.push("m0001", body, db="shared")
    ours = survey(body["_id"], **both("remedy"), findings__layout__text="操作间与库房未分隔")
    await here.push("m0117", ours)
    told = await here.until(lambda: here.get(OTHER, path), lambda one: one["parties"][0]["state"] == "in")
    assert (told["state"], told["reason"]) == ("waiting", "awaited")
    assert [(one["party"], one["state"]) for one in told["parties"]][1:] == [
        ("branch:b04", "awaited"),
        ("outside:01K9AAAA", "awaited"),
    ]
    refused = await here.post(SECRETARY, f"{path}/conclusion", {"conclusion": "pass"}, 409)
    assert (refused["error"], refused["case"]["reason"]) == ("not_ready", "awaited")
    named = {"findings__layout__given_by": "刘工", "findings__fire__given_by": "刘工"}
    them = {f"findings__{item}__party": "outside:01K9AAAA" for item in (LAYOUT, FIRE)}
    entered = survey(body["_id"], **both(), **named, **them)
    signed = record("signature")
    signed["fields"] = {"record": entered["_id"], "purpose": "findings", "signer": "刘工", "party": "供电所"}
    await here.push("m0117", entered, signed)
    theirs = survey(body["_id"], "b04", "m0300", **both("pass"))
    await here.push("m0300", theirs, db="branch-b04", branch="b04")
    told = await here.until(lambda: here.get(SECRETARY, path), lambda one: one["state"] == "ready")
    assert told["disagreements"] == [LAYOUT]
    line = next(one for one in told["items"] if one["item"] == LAYOUT)
    assert {(one["party"], one["finding"], one["text"], one["given_by"], one["record"]) for one in line["cells"]} == {
        ("branch:b03", "remedy", "操作间与库房未分隔", "", ours["_id"]),
        ("branch:b04", "pass", "", "", theirs["_id"]),
        ("outside:01K9AAAA", "pass", "", "刘工", entered["_id"]),
    }
    assert told["names"]["outside:01K9AAAA"] == "供电所"
    asked = {"conclusion": "remedy", "text": "分隔后通过"}
    await here.post(LI, f"{path}/conclusion", asked, 403)
    await here.post(OTHER, f"{path}/conclusion", asked, 403)
    done = await here.post(SECRETARY, f"{path}/conclusion", asked)
    assert done["conclusion"]["conclusion"] == "remedy"
    assert (done["conclusion"]["text"], done["conclusion"]["member"], done["early"]) == ("分隔后通过", "m0001", False)
    again = await here.post(SECRETARY, f"{path}/conclusion", asked, 409)
    assert (again["error"], again["case"]["conclusion"]["text"]) == ("issued_already", "分隔后通过")
    late = survey(body["_id"], "b04", "m0300", **both("fail"))
    late["stamps"] = {"": stamp("m0300", at=NOW + timedelta(hours=1))}
    await here.push("m0300", late, db="branch-b04", branch="b04")
    told = await here.until(lambda: here.get(SECRETARY, path), lambda one: len(one["late"]) == 2)
    assert [(one["item"], one["cell"]["finding"]) for one in told["late"]] == [(FIRE, "pass"), (LAYOUT, "fail")]
    assert {one["cell"]["record"] for one in told["late"]} == {late["_id"]}
    assert (told["state"], told["conclusion"]["conclusion"]) == ("issued", "remedy")


async def test_js11_cases_are_listed_by_due_day_branch_and_state_for_their_readers_alone(here: Desk) -> None:
    def then(days: int) -> str:
        return (here.services.now() + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")

    past, soon, own = case(limit=then(-1)), case(limit=then(3)), case(limit=None, parties__b04=None)
    draft = case(limit=then(5), announced=None)
    await here.push("m0001", past, soon, own, draft, db="shared")
    listed = await here.until(lambda: here.get(SECRETARY, "/cases"), lambda told: len(told["cases"]) == 4)
    assert [one["id"] for one in listed["cases"]] == [one["_id"] for one in (past, soon, draft, own)]
    assert [(one["state"], one["overdue"]) for one in listed["cases"]] == [
        ("ready", True),
        ("waiting", False),
        ("draft", False),
        ("waiting", False),
    ]

    async def ids(who: tuple[str, str], query: str) -> list[str]:
        return [one["id"] for one in (await here.get(who, f"/cases{query}"))["cases"]]

    assert await ids(SECRETARY, "?overdue=true") == [past["_id"]]
    assert await ids(SECRETARY, "?state=waiting") == [soon["_id"], own["_id"]]
    assert await ids(SECRETARY, "?branch=b04&state=draft") == [draft["_id"]]
    assert await ids(OTHER, "") == [past["_id"], soon["_id"], draft["_id"]]
    assert await ids(COMMITTEE, "?branch=b03") == await ids(SECRETARY, "") == await ids(ZHANG, "")
    assert (await here.get(OTHER, f"/cases/{own['_id']}", 404))["error"] == "not_found"
    seen: list[str] = []
    after = ""
    while True:
        page = await here.get(SECRETARY, f"/cases?limit=1{after}")
        seen += [one["id"] for one in page["cases"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert seen == [one["_id"] for one in (past, soon, draft, own)]


async def test_js10_who_may_conclude_is_told_and_what_was_seen_binds_the_conclusion(here: Desk) -> None:
    body = case(limit=(here.services.now() + timedelta(days=9)).strftime("%Y-%m-%dT%H:%M:%SZ"))
    path = f"/cases/{body['_id']}"
    await here.push("m0001", body, db="shared")
    ours, theirs = survey(body["_id"], **both()), survey(body["_id"], "b04", "m0300", **both("fail"))
    await here.push("m0117", ours)
    told = await here.until(lambda: here.get(SECRETARY, path), lambda one: one["parties"][0]["state"] == "in")
    assert (told["state"], told["may_conclude"]) == ("waiting", False), "not before it is ready"
    await here.push("m0300", theirs, db="branch-b04", branch="b04")
    told = await here.until(lambda: here.get(SECRETARY, path), lambda one: one["state"] == "ready")
    may = {who[0]: (await here.get(who, path))["may_conclude"] for who in (SECRETARY, LI, ZHANG, OTHER, COMMITTEE)}
    assert may == {"secretary": True, "li": False, "zhang": False, "other": False, "committee": False}
    later = survey(body["_id"], "b04", "m0300", **both("remedy"))
    later["stamps"] = {"": stamp("m0300", at=NOW + timedelta(hours=1))}
    await here.push("m0300", later, db="branch-b04", branch="b04")
    now = await here.until(lambda: here.get(SECRETARY, path), lambda one: one["seen"] != told["seen"])
    asked = {"conclusion": "remedy", "seen": told["seen"]}
    refused = await here.post(SECRETARY, f"{path}/conclusion", asked, 409)
    assert (refused["error"], refused["case"]["seen"], refused["case"]["conclusion"]) == (
        "not_ready",
        now["seen"],
        None,
    )
    done = await here.post(SECRETARY, f"{path}/conclusion", {**asked, "seen": now["seen"]})
    assert (done["conclusion"]["conclusion"], done["may_conclude"]) == ("remedy", False)
