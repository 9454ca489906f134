"""LG, AC: which activities the ledger makes of the records, and for whom each counts."""

import json

from schemas import check
from sync.ledger.rows import FigureWhere
from sync.reconcile.activities import CROWD
from sync.stores.contract import Want
from tests.working import Working, add, counted, edited, hours, plain, review, visit, write


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


async def test_ac1_a_happening_over_midnight_is_one_also_over_the_end_of_a_month_and_of_a_year(one: Working) -> None:
    for last, first in (("2025-12-31", "2026-01-01"), ("2026-10-31", "2026-11-01"), ("2026-11-10", "2026-11-11")):
        # 23:50, 00:05 and 23:55 in Shanghai, recorded by three members.
        spans = (
            ("m0042", f"{last}T16:05:00Z", f"{last}T17:00:00Z"),
            ("m0117", f"{last}T15:50:00Z", f"{last}T17:00:00Z"),
            ("m0055", f"{last}T15:55:00Z", f"{last}T16:50:00Z"),
        )
        await add(one, *(visit(author, period=[start, end]) for author, start, end in spans))
        day = FigureWhere(["b03"], last, last)
        assert (await counted(one, day))["activities"] == 1
        assert (await counted(one, day))["person_times"] == 3
        assert not await counted(one, FigureWhere(["b03"], first, first)), "it counts on the day on which it began"
    assert (await counted(one))["activities"] == 3
    assert (await one.month(month="2026-10"))["figures/person_minutes"] == 180
    await one.same_from_nothing()


async def test_ac1_the_night_belongs_to_the_day_before_until_four(one: Working) -> None:
    night = visit("m0117", period=["2026-11-10T17:30:00Z", "2026-11-10T21:00:00Z"])
    begun_before_four = visit("m0042", period=["2026-11-10T19:45:00Z", "2026-11-10T21:00:00Z"])
    begun_after_four = visit("m0055", period=["2026-11-10T20:05:00Z", "2026-11-10T21:00:00Z"])
    await add(one, begun_after_four, begun_before_four, night)
    assert (await counted(one, FigureWhere(["b03"], "2026-11-11", "2026-11-11")))["activities"] == 2
    assert (await counted(one))["person_times"] == 3


async def test_ac7_a_decision_on_ones_own_record_says_nothing_whichever_came_first(one: Working) -> None:
    three = [
        visit(author, period=hours(start, start + 1)) for author, start in (("m0117", 1), ("m0042", 3), ("m0009", 5))
    ]
    first, second, own = three
    joins = review(first["_id"], "join", "m0009", **{f"records__{body['_id']}": True for body in (second, own)})
    await add(one, first, second, joins)
    assert (await counted(one))["activities"] == 1
    await one.same_from_nothing()
    await add(one, own)
    assert (await counted(one))["activities"] == 3
    await one.same_from_nothing()
    gone = edited(own, "withdrawn", {"over": [own["stamps"][""]]}, "m0009")
    await one.store.add("branch-b03", [write(gone, "2-b", "1-a")])
    await one.idle()
    assert (await counted(one))["activities"] == 2, "it does not begin to hold because the own record is taken back"
    await one.same_from_nothing()
