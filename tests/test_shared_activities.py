"""AC, LG5: members of different branches at one happening, each with records in the own branch's database."""

import json
import random
from dataclasses import replace
from itertools import permutations
from pathlib import Path
from typing import Any

from sync.ledger.counting import figures
from sync.ledger.rows import FigureWhere
from sync.reconcile.activities import CROWD, Happening, judge
from sync.reconcile.edit import withdraw
from tests.builders import record, stamp, write
from tests.desk import COMMITTEE, LI, SECRETARY, Desk
from tests.serving import PASSWORD
from tests.working import Working, hours, plain, put, working

OTHER = ("other", PASSWORD)
HERE, FAR = [391_234_567, 1_161_234_567, 12], [391_334_567, 1_161_234_567, 12]


def duty(branch: str, author: str, *named: str, **fields: Any) -> dict[str, Any]:
    """A clean-up of two hours without a subject, in the words of one branch; `named`: branches that took part as it says."""
    told = {
        "subject": None,
        "kind": "clean_up",
        "title": "周末清洁日",
        "period": hours(1, 3),
        f"participants/{author}": True,
    }
    told |= {f"parties/{one}": True for one in named}
    body = plain("event", author, **{**told, **fields})
    return {**body, "branch": branch}


async def activities(one: Working) -> list[list[str]]:
    rows = await one.ledger.read(lambda sql: sql.execute("SELECT fields FROM activity ORDER BY id").fetchall())
    return sorted(
        sorted(path.removeprefix("records/") for path in json.loads(fields) if path.startswith("records/"))
        for (fields,) in rows
    )


async def counts(one: Working, *branches: str) -> tuple[int, int, int]:
    told = (await one.ledger.read(lambda sql: figures(sql, FigureWhere(branches, "", "~"))))[""]
    found = [told[code] for code in ("activities", "person_times", "person_minutes")]
    return found[0], found[1], found[2]  # type: ignore[return-value]  # counted figures are whole


def test_ac11_what_speaks_for_one_happening_of_two_branches() -> None:
    base = Happening(
        "event:1", "event 2026-11-20 b03 ", "event", "", "周末清洁日", "", "", "m1", frozenset({"m1"}), 0, 7200, None
    )
    ours = replace(base, day="2026-11-20", branch="b03", parties=frozenset({"b04"}))
    theirs = replace(ours, id="event:2", bucket="event 2026-11-20 b04 ", branch="b04", parties=frozenset(), author="m2")
    theirs = replace(theirs, people=frozenset({"m2"}))
    link = judge(ours, theirs)
    assert link is not None
    assert (link.certain, link.reasons[-1]) == (True, "party_named")
    assert judge(replace(ours, parties=frozenset({"b07"})), theirs) is None
    assert judge(ours, replace(theirs, day="2026-11-21")) is None
    untitled = judge(ours, replace(theirs, about=""))
    assert untitled is not None
    assert not untitled.certain, "that a branch is named is not enough"
    two = judge(replace(ours, subject="site:1"), replace(theirs, subject="site:2"))
    assert two is not None
    assert (two.certain, "other_subject" in two.reasons) == (False, True)
    named = judge(replace(ours, subject="site:1"), replace(theirs, subject="site:2", people=frozenset({"m1", "m2"})))
    assert named is not None
    assert named.certain


async def test_ac11_records_in_two_branch_databases_meet_when_one_names_the_other(tmp_path: Path) -> None:
    ours, theirs, own = (
        duty("b03", "m0117", "b04"),
        duty("b04", "m0300"),
        duty("b04", "m0301", title="楼道清洁", period=hours(6, 8)),
    )
    both = sorted([ours["_id"], theirs["_id"]])
    for at, order in enumerate(permutations([ours, theirs, own])):
        async with working(tmp_path / str(at)) as one:
            for body in order:
                await put(one, body)
            assert await activities(one) == sorted([both, [own["_id"]]])
            (fields,) = (await one.documents("activity", "shared")).values()
            assert {path for path in fields if path.startswith("branches/")} == {"branches/b03", "branches/b04"}
            assert "party_named" in fields["joined"][0]["because"]
            await one.same_from_nothing()


async def test_ac11_one_title_in_all_branches_is_no_happening_of_all(one: Working) -> None:
    await put(one, duty("b03", "m0117"), duty("b04", "m0300"))
    assert len(await activities(one)) == 2


async def test_ac11_a_shared_subject_needs_no_branch_to_be_named(one: Working) -> None:
    place = f"duty_point:{1:026d}"
    await put(one, duty("b03", "m0117", subject=place), duty("b04", "m0300", subject=place))
    assert len(await activities(one)) == 1


async def test_ac11_two_places_of_one_title_are_two(one: Working) -> None:
    await put(one, duty("b03", "m0117", "b04", place=HERE), duty("b04", "m0300", place=FAR))
    assert len(await activities(one)) == 2


async def test_ac12_when_a_record_goes_those_of_the_other_branch_are_what_they_were(one: Working) -> None:
    ours, theirs = duty("b03", "m0117", "b04"), duty("b04", "m0300", period=hours(1, 4))
    await put(one, ours, theirs)
    assert len(await activities(one)) == 1
    gone = withdraw([ours], stamp())
    await one.store.add("branch-b03", [write({**gone, "_id": ours["_id"]}, "2-b", "1-a")])
    await one.idle()
    assert await activities(one) == [[theirs["_id"]]]
    assert await counts(one, "b03") == (0, 0, 0)
    assert await counts(one, "b04") == (1, 1, 180)
    assert await one.documents("activity", "shared") == {}
    await one.same_from_nothing()


async def test_ac12_what_a_decision_joined_across_days_falls_apart_when_one_goes(one: Working) -> None:
    ours, theirs = duty("b03", "m0117"), duty("b04", "m0300", period=hours(1, 4, 21))
    body = record("review", author="m0200")
    body["fields"] = {"record": ours["_id"], "decision": "join", f"records/{theirs['_id']}": True}
    await put(one, ours, theirs, body)
    assert len(await activities(one)) == 1
    gone = withdraw([ours], stamp())
    await one.store.add("branch-b03", [write({**gone, "_id": ours["_id"]}, "2-b", "1-a")])
    await one.idle()
    assert await activities(one) == [[theirs["_id"]]]
    await one.same_from_nothing()


async def test_ac9_a_branch_with_a_crowd_that_day_is_not_compared_by_naming_it(one: Working) -> None:
    ours, theirs = duty("b03", "m0117", "b04"), duty("b04", "m0300")
    await put(one, ours, theirs)
    assert len(await activities(one)) == 1
    crowd = [duty("b04", f"m1{at:03d}", kind=f"kind_{at % 40}", title=None, period=hours(6, 7)) for at in range(CROWD)]
    await put(one, *crowd)
    assert len(await activities(one)) == CROWD + 2
    await one.same_from_nothing()


async def test_lg5_a_shared_activity_counts_once_for_the_centre_and_for_each_branch(one: Working) -> None:
    ours = duty("b03", "m0117", "b04", **{"participants/m0300": True, "participants/m0301": True})
    theirs = duty("b04", "m0300", period=hours(2, 4))
    await put(one, ours, theirs)
    assert await counts(one, "b03", "b04") == (1, 3, 120 + 180 + 120)
    assert await counts(one, "b03") == (1, 2, 240), "who is only named is credited where they are named"
    assert await counts(one, "b04") == (1, 1, 180), "who has an own record in the own branch"


async def test_fg19_an_activity_of_several_branches_counts_once_in_any_selection_of_them(one: Working) -> None:
    await put(one, duty("b03", "m0117", "b04"), duty("b04", "m0300", period=hours(2, 4)))
    for branches in (["b03", "b04"], ["b04"], ["b04", "b05"], ["b03", "b05"]):
        for by in (None, "of", "kind", "month"):
            told = await one.ledger.read(lambda sql, by=by, some=branches: figures(sql, FigureWhere(some, "", "~"), by))
            assert sum(group["activities"] for group in told.values()) == 1, (branches, by)
    told = await one.ledger.read(lambda sql: figures(sql, FigureWhere(["b03", "b04"], "", "~"), "branch"))
    assert {branch: group["activities"] for branch, group in told.items()} == {"b03": 1, "b04": 1}


async def test_ac13_each_branch_is_told_of_the_activity_and_opens_the_records_that_are_for_it(here: Desk) -> None:
    ours, theirs = duty("b03", "m0117", "b04"), duty("b04", "m0300")
    await here.push("m0117", ours)
    await here.push("m0300", theirs, db="branch-b04", branch="b04")

    async def one_of(who: tuple[str, str]) -> Any:
        found = (await here.get(who, "/activities"))["activities"]
        assert len(found) == 1
        return found[0]

    told = await here.until(lambda: one_of(COMMITTEE), lambda one: len(one["records"]) == 2)
    assert told["branches"] == ["b03", "b04"]
    assert told["participants"] == ["m0117", "m0300"]
    assert sorted(told["readable"]) == sorted(told["records"])
    assert (await one_of(OTHER))["readable"] == sorted([ours["_id"], theirs["_id"]]), (
        "the record that names their branch too"
    )
    assert (await one_of(SECRETARY))["readable"] == [ours["_id"]]
    assert (await one_of(LI))["readable"] == [ours["_id"]]
    assert (await here.get(SECRETARY, f"/records/{theirs['_id']}", 404))["error"] == "not_found"

    async def at_b04() -> list[str]:
        page = await here.services.store.changes("shared", reader=frozenset({"branch:b04"}))
        return [change.id for change in page.changes]

    await here.until(at_b04, lambda ids: told["id"] in ids)
    (group,) = await here.get(COMMITTEE, "/figures")
    assert group["figures"]["activities"] == 1
    for who, times in ((SECRETARY, 1), (OTHER, 1)):
        (group,) = await here.get(who, "/figures")
        assert (group["figures"]["activities"], group["figures"]["person_times"]) == (1, times)
    month = await here.until(
        lambda: here.get(COMMITTEE, "/activity-records/b04/2026-11"), lambda one: one["activities"] == [told["id"]]
    )
    assert month["state"] == "open"


async def test_ac7_joins_and_splits_across_branches_stick_when_more_records_come(here: Desk) -> None:
    ours, theirs = duty("b03", "m0117", "b04"), duty("b04", "m0300")

    async def groups() -> list[int]:
        return sorted(len(one["records"]) for one in (await here.get(COMMITTEE, "/activities"))["activities"])

    async def grouped(count: int, records: int) -> None:
        await here.until(groups, lambda found: (len(found), sum(found)) == (count, records))

    await here.push("m0117", ours)
    await here.push("m0300", theirs, db="branch-b04", branch="b04")
    await grouped(1, 2)
    split = {"record": ours["_id"], "decision": "split", "records": [theirs["_id"]]}
    await here.post(SECRETARY, "/reviews", split, 404)
    decided = await here.post(COMMITTEE, "/reviews", split)
    await grouped(2, 2)
    more, again = duty("b04", "m0301", period=hours(1, 2)), duty("b03", "m0042", "b04")
    await here.push("m0301", more, db="branch-b04", branch="b04")
    await here.push("m0042", again)
    await grouped(2, 4)
    for one in (await here.get(COMMITTEE, "/activities"))["activities"]:
        assert not {ours["_id"], theirs["_id"]} <= set(one["records"])
    join = {**split, "decision": "join", "supersedes": decided["id"]}
    await here.post(COMMITTEE, "/reviews", join)
    await grouped(1, 4)


async def test_ac11_with_branches_named_and_decisions_the_order_of_arrival_does_not_matter(tmp_path: Path) -> None:
    for seed in range(5):
        rng = random.Random(seed)
        bodies = []
        for at in range(14):
            branch = rng.choice(("b03", "b04"))
            named = [one for one in ("b03", "b04") if rng.random() < 0.3]
            begins = rng.randrange(1, 8)
            body = duty(branch, f"m{rng.randrange(6)}", *named, period=hours(begins, begins + 2, 20 + rng.randrange(2)))
            if rng.random() < 0.3:
                body["fields"]["subject"] = f"duty_point:{rng.randrange(2):026d}"
            bodies.append({**body, "fields": {**body["fields"], "title": rng.choice(("清洁", "值守"))}, "at": at})
        names = [body["_id"] for body in bodies]
        for at in range(3):
            decision = record("review", author="m0200")
            fields = {
                "record": names[at],
                "decision": rng.choice(("join", "split")),
                f"records/{rng.choice(names)}": True,
            }
            bodies.append({**decision, "branch": bodies[at]["branch"], "fields": fields})
        gone = [(one, withdraw([one], stamp(one["author"]))) for one in rng.sample(bodies[:14], 2)]
        told = []
        for order in range(3):
            rng.shuffle(bodies)
            async with working(tmp_path / f"{seed}-{order}") as one:
                for at in range(0, len(bodies), 6):
                    await put(one, *bodies[at : at + 6])
                for before, after in gone:
                    again = write({**after, "_id": before["_id"]}, "2-b", "1-a")
                    await one.store.add(f"branch-{before['branch']}", [again])
                    await one.idle()
                told.append(await activities(one))
                await one.same_from_nothing()
        assert told[0] == told[1] == told[2], f"seed {seed}"


async def test_ac11_a_night_of_two_branches_is_one_on_whichever_side_of_midnight_each_began(one: Working) -> None:
    before, after = ["2026-11-20T15:30:00Z", "2026-11-20T18:00:00Z"], ["2026-11-20T16:10:00Z", "2026-11-20T18:00:00Z"]
    ours, theirs = duty("b03", "m0117", "b04", period=before), duty("b04", "m0300", period=after)
    await put(one, ours, theirs)
    assert await activities(one) == [sorted((ours["_id"], theirs["_id"]))]
    gone = withdraw([theirs], stamp("m0300"))
    await one.store.add("branch-b04", [write({**gone, "_id": theirs["_id"]}, "2-b", "1-a")])
    await one.idle()
    assert await activities(one) == [[ours["_id"]]]
    late = duty("b04", "m0301", "b03", period=after)
    early = duty("b03", "m0118", period=before, title="夜间值守")
    await put(one, late, early)
    assert sorted((ours["_id"], late["_id"])) in await activities(one)
    await one.same_from_nothing()
