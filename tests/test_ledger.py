"""LG: what the ledger counts, and that it follows from the store alone."""

import json
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from schemas import check
from schemas.vocabulary import SERVICE_KINDS
from sync.errors import BadRequest
from sync.ledger.counting import FigureWhere, contributions, figures, parts_of
from sync.ledger.documents import month_id
from sync.ledger.figures import BY_CODE, COUNTED, QUOTIENTS
from sync.ledger.schema import prepare
from sync.reconcile.activities import CROWD
from sync.reconcile.explain import seen_hash
from sync.stores.contract import Want
from tests.builders import record, stamp
from tests.working import Working, edited, hours, plain, visit, working, write

EVERYTHING = FigureWhere(["b03", "b04"], "", "~")


@pytest.fixture
async def one(tmp_path: Path) -> AsyncIterator[Working]:
    async with working(tmp_path) as made:
        yield made


async def add(one: Working, *bodies: dict[str, Any], db: str = "branch-b03") -> None:
    await one.store.add(db, [write(body) for body in bodies])
    await one.idle()


async def counted(one: Working, where: FigureWhere = EVERYTHING) -> dict[str, Any]:
    """The figures that are not 0."""
    told = await one.ledger.read(lambda sql: figures(sql, where))
    return {code: value for code, value in told[""].items() if value}


def review(record_id: str, decision: str, author: str = "m0001", order: int = 0, **fields: Any) -> dict[str, Any]:
    body = record("review", author=author)
    body["fields"] = {"record": record_id, "decision": decision} | {
        path.replace("__", "/"): value for path, value in fields.items()
    }
    body["stamps"] = {"": stamp(author, "desk", number=order)}
    return body


def link(
    member: str, subject: str, first: str = "2026-01-01", until: str | None = None, **fields: Any
) -> dict[str, Any]:
    """A subject that the secretary of b03 assigns to a member."""
    told = {"kind": "link", "member": member, "subject": subject, "days": [first, until], "state": "given"}
    body = record("assignment", author="m0001")
    return {**body, "fields": told | fields}


async def test_lg1_deleted_and_made_anew_it_says_the_same_in_any_order_of_arrival(tmp_path: Path) -> None:
    rng = random.Random(5)
    bodies = []
    for number in range(120):
        kind = rng.choice(["visit", "visit", "service", "survey", "event"])
        start = rng.randrange(0, 9)
        day = rng.randrange(1, 6)
        body = plain(
            kind,
            f"m{rng.randrange(4):04d}",
            subject=f"household:{rng.randrange(3):026d}",
            period=hours(start, start + 2, day),
        )
        if kind in ("survey", "event"):
            body["fields"]["subject"] = f"site:{rng.randrange(2):026d}"
        if rng.random() < 0.3:
            body["fields"] |= {
                f"problems/item{number}/text": "漏雨",
                f"problems/item{number}/state": rng.choice(["open", "solved"]),
            }
        if kind == "service":
            body["fields"]["stages/concluded/actual"] = body["fields"]["period"][1]
            body["fields"]["stages/concluded/promised"] = f"2026-11-{rng.randrange(1, 9):02d}T09:00:00Z"
        if kind == "visit" and bodies and rng.random() < 0.4:
            other = rng.choice(bodies)
            item = next((path.split("/")[1] for path in other["fields"] if path.startswith("problems/")), "none")
            body["fields"] |= {
                f"follow_ups/next{number}/problem": f"{other['_id']}#{item}",
                f"follow_ups/next{number}/state": rng.choice(["in_hand", "solved", "not_solvable"]),
            }
        bodies.append(body)
    links = [link(f"m{at:04d}", f"household:{at % 3:026d}", f"2026-11-0{at + 1}") for at in range(4)]
    links += [link("m0003", f"household:{at:026d}", "2026-11-04", supersedes=links[at]["_id"]) for at in (0, 1)]
    with_problem = next(body for body in bodies if any(path.startswith("problems/") for path in body["fields"]))
    problem = f"{with_problem['_id']}#" + next(
        path.split("/")[1] for path in with_problem["fields"] if path.startswith("problems/")
    )
    bodies += [*links, link("m0002", "", "2026-11-04", "2026-11-05", kind="problem", problem=problem)]
    ids = [body["_id"] for body in bodies if body["type"] == "visit"]
    bodies += [
        review(ids[0], "join", order=1, **{f"records__{ids[1]}": True}),
        review(ids[2], "split", order=2, **{f"records__{ids[3]}": True}),
        review(f"household:{0:026d}", "alias", order=3, same_as=f"household:{1:026d}"),
        *(
            record("rating", fields={"record": body["_id"], "score": score, "at": f"2026-11-20T0{score}:00:00Z"})
            for body in bodies[:30]
            for score in (4, 2)
            if body["type"] == "service"
        ),
        *(record("check", fields={"record": ids[at], "problems": [{"field": "period"}]}) for at in (4, 5)),
    ]
    said = []
    for order in range(3):
        async with working(tmp_path / str(order)) as one:
            rng.shuffle(bodies)
            for at in range(0, len(bodies), 17):
                await add(one, *bodies[at : at + 17])
            await one.same_from_nothing()
            said.append([await one.documents("activity"), await counted(one)])
    assert said[0] == said[1] == said[2]


async def test_lg2_every_figure_is_data_and_opens_to_the_rows_that_make_it(one: Working) -> None:
    stages = {
        "stages__concluded__promised": "2026-11-22T09:00:00Z",
        "stages__concluded__actual": "2026-11-20T02:00:00Z",
    }
    resident = f"resident:{7:026d}"
    service = plain("service", period=hours(1, 2), matters=3, called_back="satisfied", **stages)
    late = plain(
        "service",
        "m0042",
        period=hours(5, 6),
        stages__concluded__promised="2026-11-01T09:00:00Z",
        stages__concluded__actual=None,
    )
    await add(
        one,
        late,
        visit(
            "m0042",
            subject=resident,
            period=hours(2, 3),
            problems__item2__text="路灯",
            problems__item2__due="2026-11-20",
        ),
        link("m0042", resident),
        plain("event", kind="organisational_life", period=hours(9, 10), votes=12, satisfied=11),
        visit(subject=f"project:{1:026d}", period=hours(10, 11)),
        record("rating", fields={"record": service["_id"], "score": 3, "at": "2026-11-20T08:00:00Z"}),
        visit(problems__item1__text="漏雨", problems__item1__state="solved", participants__m0042=True),
        service,
        record("rating", fields={"record": service["_id"], "score": 5, "at": "2026-11-20T03:00:00Z"}),
        plain("event", kind="bin_duty", period=hours(3, 5), participants__m0042=True),
        plain("event", kind="clean_up", period=hours(6, 7)),
        plain("survey", period=hours(8, 9)),
    )
    told = await counted(one)
    kinds = {f"services_{kind}" for kind in SERVICE_KINDS} - {f"services_{service['fields']['kind']}"}
    hall = {code for code in BY_CODE if code.startswith("hall_")}  # IM9: from imported rows
    assert set(told) == set(BY_CODE) - kinds - hall
    for figure in COUNTED:
        assert all((*figure.name, *figure.meaning, *figure.unit))
        rows, more = await one.ledger.read(
            lambda sql, figure=figure: contributions(sql, figure, EVERYTHING, ("", "", "", "", ""), 100)
        )
        assert more is None
        value = {
            "rows": len(rows),
            "sum": sum(row.value for row in rows),
            "activities": len({row.activity for row in rows}),
            "subjects": len({row.subject for row in rows}),
        }[figure.count]
        assert value == told.get(figure.code, 0), figure.code
    assert (told["duty_turns"], told["duty_minutes"], told["duty_hours"]) == (2, 240, 4)
    with pytest.raises(BadRequest):
        await one.ledger.read(lambda sql: figures(sql, EVERYTHING, "colour"))

    for quotient in QUOTIENTS:
        assert [part.code for part in parts_of(quotient)] == list(quotient.parts)
        assert all((*quotient.name, *quotient.meaning, *quotient.unit))
    assert (told["matters"], told["votes_share"], told["person_hours"]) == (4, 91.67, 12.2)


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


async def test_lg4_two_people_at_a_two_hour_clean_up_are_one_activity_and_four_hours(one: Working) -> None:
    names = {"participants__m0117": True, "participants__m0042": True, "kind": "clean_up", "title": "周末清洁日"}
    await add(
        one, plain("event", "m0117", period=hours(1, 3), **names), plain("event", "m0042", period=hours(1, 3), **names)
    )
    told = await counted(one)
    assert (told["activities"], told["person_times"], told["person_minutes"], told["person_hours"]) == (1, 2, 240, 4)
    ((_, fields),) = (await one.documents("activity:")).items()
    assert (fields["person_times"], fields["person_minutes"]) == (2, 240)
    (found,) = await one.store.get("branch-b03", [Want(next(iter(await one.documents("activity:"))))])
    body = json.loads(found.revisions[0].body)
    assert check({"_id": found.id, **body}) == []


async def test_lg5_an_activity_of_two_branches_counts_for_each_and_once_for_the_centre(one: Working) -> None:
    here = visit("m0117", subject="enterprise:01K8Q2M4T6V8C0N2B4X6D8E0F2")
    there = visit("m0300", "b04", subject="enterprise:01K8Q2M4T6V8C0N2B4X6D8E0F2")
    await one.store.add("branch-b03", [write(here)])
    await add(one, there, db="branch-b04")
    assert (await counted(one))["activities"] == 1
    for branch, member in (("b03", "m0117"), ("b04", "m0300")):
        told = await counted(one, FigureWhere([branch], "", "~"))
        assert (told["activities"], told["person_times"]) == (1, 1)
        assert (await counted(one, FigureWhere([branch], "", "~", member=member)))["person_times"] == 1
    assert await one.documents("activity:") == {}
    ((doc, fields),) = (await one.documents("activity:", "shared")).items()
    assert {path for path in fields if path.startswith("branches/")} == {"branches/b03", "branches/b04"}
    assert f"activities/{doc}" in await one.month("b04")
    await one.same_from_nothing()


async def test_lg6_a_problem_followed_up_as_solved_counts_on_the_day_on_which_it_was(one: Working) -> None:
    found = visit(problems__item1__text="漏雨", period=hours(1, 2, 3))
    await add(one, found)
    assert "problems_solved" not in await counted(one)
    later = visit(
        "m0042",
        period=hours(1, 2, 25),
        follow_ups__next1__problem=f"{found['_id']}#item1",
        follow_ups__next1__state="solved",
    )
    await add(one, later)
    (row,), _ = await one.ledger.read(
        lambda sql: contributions(sql, BY_CODE["problems_solved"], EVERYTHING, ("", "", "", "", ""), 10)
    )
    assert (row.record, row.item, row.day) == (found["_id"], "item1", "2026-11-25")
    taken_back = edited(later, "follow_ups/next1/state", "in_hand")
    await one.store.add("branch-b03", [write(taken_back, "2-b", "1-a")])
    await one.idle()
    assert "problems_solved" not in await counted(one)
    await one.same_from_nothing()


async def test_lg7_a_service_has_one_rating_the_first_that_was_given(one: Working) -> None:
    service = plain("service")
    first = record("rating", fields={"record": service["_id"], "score": 2, "at": "2026-11-20T01:00:00Z"})
    second = record("rating", fields={"record": service["_id"], "score": 5, "at": "2026-11-20T02:00:00Z"})
    await add(one, second)
    await add(one, first, service)
    told = await counted(one)
    assert (told["ratings"], told.get("good_ratings", 0)) == (1, 0)


async def test_lg8_subjects_that_are_one_are_counted_as_one_until_it_is_taken_back(one: Working) -> None:
    names = [f"household:{number:026d}" for number in (1, 2)]
    await add(one, visit("m0117", subject=names[0]), visit("m0042", subject=names[1]))
    told = await counted(one)
    assert (told["activities"], told["households"]) == (2, 2)
    alias = review(names[1], "alias", order=1, same_as=names[0])
    await add(one, alias)
    told = await counted(one)
    assert (told["activities"], told["households"]) == (1, 1)
    await one.same_from_nothing()
    await add(one, review(names[1], "reopen", order=2, supersedes=alias["_id"]))
    assert (await counted(one))["households"] == 2
    await one.same_from_nothing()


async def test_lg8_a_ring_of_aliases_stands_for_its_smallest(one: Working) -> None:
    names = [f"household:{number:026d}" for number in (1, 2, 3)]
    await add(one, *(visit(f"m000{at}", subject=name) for at, name in enumerate(names)))
    for at, name in enumerate(names):
        await add(one, review(name, "alias", "m0009", at, same_as=names[(at + 1) % 3]))
    ((_, fields),) = (await one.documents("activity:")).items()
    assert fields["subject"] == names[0]
    await one.same_from_nothing()


async def test_lg9_the_documents_are_written_only_when_they_say_something_new(one: Working) -> None:
    body = visit(problems__item1__text="漏雨")
    await add(one, body)
    month = await one.month()
    assert (month["state"], month["number"], month["figures/activities"]) == ("open", 0, 1)
    assert month[f"activities/activity:{body['_id']}"] is True
    (found,) = await one.store.get("branch-b03", [Want(month_id("b03", "2026-11"))])
    assert check({"_id": found.id, **json.loads(found.revisions[0].body)}) == []
    at = found.seq
    await one.store.add("branch-b03", [write(edited(body, "narrative", "补充"), "2-b", "1-a")])
    await one.idle()
    (found,) = await one.store.get("branch-b03", [Want(month_id("b03", "2026-11"))])
    assert found.seq == at, "what it says has not changed"
    await add(one, visit(period=hours(8, 9)))
    assert (await one.month())["figures/activities"] == 2


async def test_lg9_a_written_document_that_somebody_changed_is_put_right(one: Working) -> None:
    body = visit()
    await add(one, body)
    doc = f"activity:{body['_id']}"
    (found,) = await one.store.get("branch-b03", [Want(doc)])
    rev = found.revisions[0].rev
    wrong = {"_id": doc, **json.loads(found.revisions[0].body)}
    wrong["fields"] = {**wrong["fields"], "person_times": 99}
    await one.store.add("branch-b03", [write(wrong, "2-zzzz", rev), write(wrong, "2-yyyy", rev)])
    await one.idle()
    assert (await one.documents("activity:"))[doc]["person_times"] == 1
    (change,) = (await one.store.changes("branch-b03", ids=[doc])).changes
    (found,) = await one.store.get("branch-b03", [Want(doc, "leaves")])
    assert [stored.deleted for stored in found.revisions] == [False, True], change
    await one.same_from_nothing()


async def test_lg10_an_approved_month_stays_as_it_was_and_what_comes_later_is_a_supplement(one: Working) -> None:
    await add(one, visit())

    async def approve(at: int, author: str = "m0200") -> None:
        (found,) = await one.store.get("branch-b03", [Want(month_id("b03", "2026-11"))])
        seen = f"sha256-{seen_hash(json.loads(found.revisions[0].body), [])}"
        await add(one, review(found.id, "approve", author, at, seen=seen, at="2026-12-01T01:00:00Z"))

    await add(one, review(month_id("b03", "2026-11"), "approve", "m0200", 1, seen=f"sha256-{'0' * 64}"))
    assert (await one.month())["state"] == "open", "bound to something else"
    await approve(2)
    month = await one.month()
    assert (month["state"], month["number"], month["approved_by"]) == ("approved", 1, "m0200")
    late = visit(period=hours(8, 9))
    await add(one, late)
    month = await one.month()
    assert (month["state"], month["supplement_to"]) == ("under_review", 1)
    assert month[f"late/activity:{late['_id']}"] is True
    await approve(3)
    assert (await one.month())["number"] == 2
    versions = await one.documents("activity_record:b03:2026-11:v")
    assert [fields["figures/activities"] for fields in versions.values()] == [1, 2]
    await add(one, review(month_id("b03", "2026-11"), "reopen", "m0200", 4))
    assert (await one.month())["state"] == "open"
    await one.same_from_nothing()


async def test_lg11_an_approval_is_bound_to_the_photos_too(one: Working) -> None:
    body = visit()
    await add(one, body)
    seen = f"sha256-{seen_hash(body, [])}"
    await add(one, review(body["_id"], "approve", "m0117", seen=seen))

    async def stands() -> str:
        query = "SELECT review FROM record WHERE id=?"
        return str((await one.ledger.read(lambda sql: sql.execute(query, [body["_id"]]).fetchone()))[0])

    assert await stands() == "open", "nobody's own word counts"
    await add(one, review(body["_id"], "approve", "m0001", 1, seen=seen))
    assert await stands() == "approved"
    assert (await one.documents("activity:"))[f"activity:{body['_id']}"]["state"] == "approved"
    await add(one, record("photo", fields={"record": body["_id"]}))
    assert await stands() == "amended"
    await one.same_from_nothing()
    await add(one, review(body["_id"], "return", "m0001", 2, seen="sha256-" + "0" * 64))
    assert await stands() == "open", "it has been changed since it was returned"


async def test_lg12_a_ledger_that_is_damaged_or_of_another_store_is_made_anew(tmp_path: Path) -> None:
    async with working(tmp_path) as one:
        await add(one, visit())
        await one.stop()
        one.path.write_bytes(b"no database" * 1000)
        again = await Working(one.centre, tmp_path, "one").start()
        await again.idle()
        assert (await counted(again))["activities"] == 1
        await again.same_from_nothing()
        await again.stop()
        prepare(again.path, "another basis")
        once_more = await Working(one.centre, tmp_path, "one").start()
        assert await counted(once_more) == {}
        await once_more.idle()
        assert (await counted(once_more))["activities"] == 1
        await once_more.stop()
        await one.ledger.open(one.store.incarnation)


async def test_ac8_a_record_that_is_earlier_gives_its_id_and_the_former_one_leads_to_it(one: Working) -> None:
    later = visit("m0117", period=hours(2, 4))
    await add(one, later)
    assert list(await one.documents("activity:")) == [f"activity:{later['_id']}"]
    earlier = visit("m0042", period=hours(1, 4))
    await add(one, earlier)
    ((doc, fields),) = (await one.documents("activity:")).items()
    assert doc == f"activity:{earlier['_id']}"
    assert fields[f"aliases/activity:{later['_id']}"] is True
    moved = edited(earlier, "subject", "household:00000000000000000000000009", "m0042")
    await one.store.add("branch-b03", [write(moved, "2-b", "1-a")])
    await one.idle()
    assert len(await one.documents("activity:")) == 2, "about somebody else, it is another happening"
    await one.same_from_nothing()


async def test_ac1_a_record_belongs_to_the_local_day_on_which_it_began(one: Working) -> None:
    await add(one, visit(period=["2026-10-31T15:30:00Z", "2026-10-31T16:30:00Z"]))
    await add(one, visit(period=["2026-10-31T16:30:00Z", "2026-10-31T17:30:00Z"]))
    assert (await one.month(month="2026-10"))["figures/activities"] == 1
    assert (await one.month(month="2026-11"))["figures/activities"] == 1


async def test_ac9_a_crowd_that_thins_out_is_grouped_again(one: Working) -> None:
    bodies = [visit(f"m{number:04d}") for number in range(CROWD + 1)]
    await add(one, *bodies[:CROWD])
    assert (await counted(one))["activities"] == 1
    await add(one, bodies[CROWD])
    assert (await counted(one))["activities"] == CROWD + 1
    await one.same_from_nothing()
    first = bodies[0]
    gone = edited(first, "withdrawn", {"over": [first["stamps"][""]]})
    await one.store.add("branch-b03", [write(gone, "2-b", "1-a")])
    await one.idle()
    assert (await counted(one))["activities"] == 1
    await one.same_from_nothing()


async def standings(one: Working) -> dict[str, str]:
    rows = await one.ledger.read(lambda sql: sql.execute("SELECT id, standing FROM record").fetchall())
    return dict(rows)


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
