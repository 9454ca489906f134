"""DK115, DK116: who sits on a branch's committee and as what is kept with its history, checked, and ended when somebody leaves."""

from typing import Any

from server.api.desk import today
from sync.offices import Term, ended, taken_over, terms, written, wrong
from tests.desk import LI, SECRETARY, Desk
from tests.serving import ADMIN
from tests.test_directory import put

HELD = Term("a1", "m0001", "secretary", "2021-03-01", None)


async def ask(here: Desk, method: str, path: str, body: Any = None, status: int = 200, who: str = ADMIN) -> Any:
    async with here.here.as_(who) as client:
        answer = await client.request(method, f"/api/v1/branches/{path}", json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


async def a_branch(here: Desk) -> None:
    for name, told in (("b03", "第三党支部"), ("b04", "第四党支部")):
        await put(here, f"branch/{name}", {"name": told})
    for name in ("m0001", "m0042"):
        await put(here, f"member/{name}", {"name": f"同志{name}", "branch": "b03"})
    await put(here, "member/m0300", {"name": "外人", "branch": "b04"})


def test_dk115_one_office_is_held_by_one_and_nobody_holds_the_same_twice() -> None:
    def fields(*others: Term) -> list[str]:
        return [one.field for one in wrong(Term("b2", "m0042", "secretary", "2024-03-01", None), others)]

    assert fields(HELD) == ["office"]
    assert fields(HELD._replace(last="2024-02-29")) == []
    assert fields(HELD._replace(first="2025-01-01")) == ["office"], "a term that goes on meets whatever begins later"
    assert fields(HELD._replace(member="m0042")) == ["member"]
    assert fields(HELD._replace(office="deputy")) == []
    assert wrong(HELD._replace(item="b2", office="deputy", member="m0042"), [HELD._replace(office="deputy")]) == []
    assert taken_over(HELD, "2024-03-01") == HELD._replace(last="2024-02-29")
    assert taken_over(HELD, "2021-03-01") is None


def test_dk116_what_goes_on_ends_on_the_last_day_and_what_was_stays() -> None:
    later = HELD._replace(item="b2", office="discipline", first="2026-12-01")
    over = HELD._replace(item="c3", first="2018-01-01", last="2020-12-31")
    other = HELD._replace(item="d4", member="m0042", office="deputy")
    fields = written(HELD) | written(later) | written(over) | written(other)
    assert ended(fields, "m0001", "2026-11-20") == {
        "offices/a1/days": ["2021-03-01", "2026-11-20"],
        "offices/b2/days": ["2026-12-01", "2026-12-01"],
    }
    assert [one.item for one in terms(fields | {"offices/c3/withdrawn": {"over": []}})] == ["b2", "d4", "a1"]


async def test_dk115_administrators_put_people_into_office_and_the_former_ends_the_day_before(here: Desk) -> None:
    await a_branch(here)
    told = {"member": "m0001", "office": "secretary", "first": "2021-03-01"}
    await ask(here, "POST", "b03/offices", told, 403, SECRETARY)
    (first,) = terms((await ask(here, "POST", "b03/offices", told, 201))["fields"])
    new = {"member": "m0042", "office": "secretary", "first": "2026-11-01"}
    refused = await ask(here, "POST", "b03/offices", new, 400)
    assert [one["field"] for one in refused["problems"]] == ["office"]
    made = await ask(here, "POST", "b03/offices", {**new, "replaces": first.item}, 201)
    assert [(one.member, one.first, one.last) for one in terms(made["fields"])] == [
        ("m0042", "2026-11-01", None),
        ("m0001", "2021-03-01", "2026-10-31"),
    ]
    wrong_days = await ask(here, "POST", "b03/offices", {**new, "office": "youth", "last": "2026-10-01"}, 400)
    assert [one["field"] for one in wrong_days["problems"]] == ["last"]
    stranger = await ask(here, "POST", "b03/offices", {**told, "member": "m0300", "office": "king"}, 400)
    assert [one["field"] for one in stranger["problems"]] == ["member"]
    unknown = await ask(here, "POST", "b03/offices", {**told, "office": "king"}, 400)
    assert [one["field"] for one in unknown["problems"]] == ["office"]
    await ask(here, "POST", "b99/offices", told, 404)


async def test_dk115_a_term_is_put_right_and_taken_out_and_editing_the_branch_leaves_it(here: Desk) -> None:
    await a_branch(here)
    told = {"member": "m0001", "office": "discipline", "first": "2021-03-01"}
    (made,) = terms((await ask(here, "POST", "b03/offices", told, 201))["fields"])
    changed = await ask(here, "PUT", f"b03/offices/{made.item}", {**told, "first": "2021-04-01"})
    assert terms(changed["fields"]) == [made._replace(first="2021-04-01")]
    await ask(here, "PUT", "b03/offices/none", told, 404)
    named = await put(here, "branch/b03", {"name": "三支部", "offices/x/member": "m0042"}, 200, changed["revision"])
    assert terms(named["fields"]) == [made._replace(first="2021-04-01")]
    gone = await ask(here, "DELETE", f"b03/offices/{made.item}")
    assert terms(gone["fields"]) == []
    await ask(here, "DELETE", f"b03/offices/{made.item}", None, 404)
    lines = await here.get(ADMIN, "/audit?kind=office")
    assert [one["state"] for one in lines["lines"]] == ["removed", "changed", "added"]
    assert all(one["for_member"] == "m0001" for one in lines["lines"])


async def test_dk116_who_moves_or_leaves_leaves_the_committee_on_the_last_day(here: Desk) -> None:
    await a_branch(here)
    for member, office in (("m0001", "secretary"), ("m0042", "discipline")):
        await ask(here, "POST", "b03/offices", {"member": member, "office": office, "first": "2021-03-01"}, 201)
    one = await here.get(LI, "/directory/member/m0001")
    await put(here, "member/m0001", {**one["fields"], "branch": "b04"}, 200, one["revision"], moved="2026-11-20")
    other = await here.get(LI, "/directory/member/m0042")
    day = today(here.services)
    await put(here, "member/m0042", {**other["fields"], "left": day}, 200, other["revision"])
    kept = terms((await here.get(LI, "/directory/branch/b03"))["fields"])
    assert {(term.member, term.last) for term in kept} == {("m0001", "2026-11-20"), ("m0042", day)}
