"""AM5, AM14: whatever is brought, in whatever order, no record vanishes and nothing that was said is lost."""

import json
import random
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from schemas import rule_of
from schemas.canonical import canonical
from sync.documents import encode
from sync.errors import Forbidden
from sync.reconcile.body import Body, join
from sync.reconcile.edit import edit
from sync.reconcile.merge import Leaf, MergePlan, end, merge
from sync.stores.contract import LEAVES, Found, Range, Result, Want, Write, Written
from tests.builders import Centre, centre, stamp
from tests.merge_simulation import Replica, known, missing
from tests.working import edited, visit, write


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Centre]:
    async with centre(tmp_path / "store") as made:
        yield made


@dataclass
class Case:
    """One record on one server."""

    here: Centre
    id: str

    async def push(self, items: Sequence[Write], who: str = "m0117") -> list[Result]:
        return await self.here.admission.push(self.here.actor(who), "branch-b03", items)

    async def found(self) -> Found:
        return (await self.here.store.get("branch-b03", [Want(self.id, LEAVES)]))[0]

    async def joined(self) -> Body:
        return join([json.loads(one.body) for one in (await self.found()).revisions], rule_of)

    async def alive(self) -> list[str]:
        return [one.rev for one in (await self.found()).revisions if not one.deleted]


def real_merge(leaves: Sequence[Leaf], winner: str) -> MergePlan:
    plan = merge(leaves, winner, version_max=9, rule_of=rule_of)
    assert isinstance(plan, MergePlan)
    return plan


def an_end(body: Body, *path: str, says: Body | None = None) -> Write:
    """The end that a merge would write of the revision at the head of `path`, or one that says something else."""
    made = end(Leaf(path[0], {name: value for name, value in body.items() if name != "_id"}))
    content = made.body if says is None else {name: value for name, value in says.items() if name != "_id"}
    return Write(body["_id"], [made.rev, *path], content, encode(content), deleted=True)


def code(result: Result) -> str:
    assert isinstance(result, Forbidden)
    return str(result.facts["code"])


async def quarantined(here: Centre) -> int:
    rows, _, _ = await here.store.rows("office", Range("quarantine:", "quarantine;"))
    return len(rows)


async def test_am5_an_end_whose_winner_is_not_here_is_known_and_ends_nothing(here: Centre) -> None:
    body = visit()
    case = Case(here, body["_id"])
    await case.push([write(body)])
    (result,) = await case.push([an_end(body, "1-a")])
    assert isinstance(result, Written)
    assert result.rev == an_end(body, "1-a").path[0]
    assert await case.alive() == ["1-a"]
    assert not await quarantined(here)


async def test_am5_an_end_whose_winner_is_not_here_brings_the_leaf_that_it_ends(here: Centre) -> None:
    body = visit()
    case = Case(here, body["_id"])
    await case.push([write(body)])
    (result,) = await case.push([an_end(edited(body, "narrative", "甲"), "2-b", "1-a")])
    assert isinstance(result, Written)
    assert await case.alive() == ["2-b"]
    assert (await case.joined())["fields"]["narrative"] == "甲"


async def test_am5_the_leaf_that_an_end_brings_needs_the_rights_to_write_it(here: Centre) -> None:
    body = visit()
    case = Case(here, body["_id"])
    await case.push([write(body)])
    (result,) = await case.push([an_end(edited(body, "narrative", "冒名"), "2-b", "1-a")], who="m0042")
    assert code(result) == "forbidden"
    assert await case.alive() == ["1-a"]
    assert await quarantined(here) == 1


async def test_am5_a_tombstone_that_is_no_end_is_refused(here: Centre) -> None:
    body = visit()
    case = Case(here, body["_id"])
    await case.push([write(body)])
    content = {name: value for name, value in body.items() if name != "_id"}
    (result,) = await case.push([Write(case.id, ["2-d", "1-a"], content, encode(content), deleted=True)])
    assert code(result) == "not_deletable"
    assert await case.alive() == ["1-a"]


async def test_am5_an_end_says_what_its_leaf_says(here: Centre) -> None:
    body = visit()
    left, right = edited(body, "narrative", "甲", device="t1"), edited(body, "outcome", "乙", device="t2")
    case = Case(here, body["_id"])
    await case.push([write(left, "2-b", "1-a"), write(right, "2-c", "1-a")])
    for says in ({}, body, right):
        (result,) = await case.push([an_end(left, "2-b", "1-a", says=says)])
        assert code(result) == "not_deletable"
    (result,) = await case.push([an_end(left, "2-b", "1-a")])
    assert isinstance(result, Written)
    assert await case.alive() == ["2-c"]


async def test_am5_no_leaf_is_ended_that_wins_so_two_at_once_leave_one_alive(here: Centre) -> None:
    body = visit()
    left, right = edited(body, "narrative", "甲", device="t1"), edited(body, "outcome", "乙", device="t2")
    case = Case(here, body["_id"])
    await case.push([write(left, "2-b", "1-a"), write(right, "2-c", "1-a")])
    (result,) = await case.push([an_end(right, "2-c", "1-a")])
    assert isinstance(result, Written)
    assert await case.alive() == ["2-c", "2-b"]
    await case.push([an_end(left, "2-b", "1-a"), an_end(right, "2-c", "1-a")])
    assert await case.alive() == ["2-c"]


async def test_am5_what_an_unknown_leaf_is_said_to_have_held_needs_the_rights_to_write_it(here: Centre) -> None:
    body = visit()
    foreign = {
        **body,
        "fields": {**body["fields"], "narrative": "冒名"},
        "stamps": {**body["stamps"], "narrative": stamp("m0042", "t9")},
    }
    case = Case(here, body["_id"])
    await case.push([write(body, "2-z", "1-a")])
    (result,) = await case.push([an_end(foreign, "2-b", "1-a")], who="m0042")
    assert code(result) == "forbidden"
    assert canonical((await case.joined())["fields"]) == canonical(body["fields"])
    (result,) = await case.push([an_end(edited(body, "narrative", "甲"), "2-b", "1-a")])
    assert isinstance(result, Written)
    assert (await case.joined())["fields"]["narrative"] == "甲"


async def test_am5_an_end_may_come_before_the_continuation_in_one_batch(here: Centre) -> None:
    body = visit()
    left, right = edited(body, "narrative", "甲", device="t1"), edited(body, "outcome", "乙", device="t2")
    both = join([left, right], rule_of)
    case = Case(here, body["_id"])
    ended, continued = an_end(left, "2-b", "1-a"), write({**both, "_id": body["_id"]}, "3-d", "2-c", "1-a")
    results = await case.push([ended, continued])
    assert [one.rev for one in results if isinstance(one, Written)] == [ended.path[0], "3-d"]
    assert await case.alive() == ["3-d"]


async def test_am14_a_leaf_that_a_revision_does_not_take_up_is_kept_beside_it(here: Centre) -> None:
    body = visit()
    said = edited(body, "narrative", "甲")
    forgetful = {**said, "fields": {**said["fields"], "narrative": "乙"}, "stamps": {**body["stamps"]}}
    forgetful["stamps"]["narrative"] = stamp("m0117", "t1")
    case = Case(here, body["_id"])
    await case.push([write(body)])
    await case.push([write(said, "2-b", "1-a")])
    assert len((await case.found()).revisions) == 2, "the first edit of this kind had not taken up what was there"
    await case.push([write(forgetful, "3-c", "2-b", "1-a")])
    assert await case.alive() == ["3-c"]
    assert not missing(known(body) | known(said) | known(forgetful), await case.joined())


async def test_am14_what_was_left_out_is_kept_when_it_comes_later_too(here: Centre) -> None:
    body = visit()
    said, forgetful = edited(body, "narrative", "甲"), edited(body, "narrative", "乙")
    case = Case(here, body["_id"])
    await case.push([write(forgetful, "3-c", "2-b", "1-a")])
    await case.push([write(said, "2-b", "1-a")])
    assert await case.alive() == ["3-c"]
    assert not missing(known(said) | known(forgetful), await case.joined())


async def test_am14_an_edit_that_takes_up_what_it_saw_is_stored_alone(here: Centre) -> None:
    body = visit()
    case = Case(here, body["_id"])
    content = {name: value for name, value in body.items() if name != "_id"}
    after = {**edit([content], {"narrative": "甲"}, stamp(), rule_of=rule_of), "_id": body["_id"]}
    await case.push([write(body)])
    await case.push([write(after, "2-b", "1-a")])
    assert len((await case.found()).revisions) == 1


def a_world(rng: random.Random, body: dict[str, Any]) -> list[Replica]:
    """What a server held at several moments of a record's life: edits apart, merges, edits on ended leaves. The last is now."""
    content = {name: value for name, value in body.items() if name != "_id"}
    server = Replica("s", real_merge)
    tablets = [Replica(f"t{n}") for n in range(3)]
    for place in (server, *tablets):
        place.put(["1-" + "0" * 32], content, False)
    held = [server.twin()]
    for turn in range(rng.randint(3, 8)):
        tablet = rng.choice(tablets)
        change = {rng.choice(["narrative", "outcome", "found"]): f"第{turn}次"}
        tablet.edit(lambda leaves, at, what=change: edit(leaves, what, at, rule_of=rule_of), rng)
        server.pull(tablet)
        if rng.random() < 0.6:
            server.work()
        if rng.random() < 0.4:
            tablet.pull(server)
        held.append(server.twin())
    return held


def as_writes(place: Replica, doc: str) -> list[Write]:
    """Every leaf, as a tablet pushes it."""
    leaves = place.leaves()
    return [Write(doc, place.path(one.rev), one.body, encode(one.body), one.deleted) for one in leaves]


@pytest.mark.parametrize("seed", range(60))
async def test_am5_a_restored_server_gets_back_what_it_lacks_in_any_order(here: Centre, seed: int) -> None:
    rng = random.Random(seed)
    body = visit()
    case = Case(here, body["_id"])
    world = a_world(rng, body)
    backup, now = rng.choice(world[:-1]), world[-1]
    if rng.random() < 0.8:
        await here.store.add("branch-b03", as_writes(backup, case.id))
    waiting = as_writes(now, case.id)
    for _ in range(len(waiting) + 2):
        rng.shuffle(waiting)
        while waiting and rng.random() < 0.9:
            before, some = await case.joined(), waiting[: rng.randint(1, 3)]
            waiting = waiting[len(some) :]
            results = await case.push(some)
            waiting += [one for one, result in zip(some, results, strict=True) if not isinstance(result, Written)]
            assert await case.alive() or not (await case.found()).tree
            assert not missing(known(before), await case.joined())
    assert not [one for one in waiting if not isinstance((await case.push([one]))[0], Written)]
    # An end that came before its winner has brought what it ends: the next merge ends that.
    assert (await case.alive())[:1] == [leaf.rev for leaf in now.leaves() if not leaf.deleted] or now.work()
    assert canonical((await case.joined())["fields"]) == canonical(now.joined()["fields"])
    assert not missing(known(now.joined()), await case.joined())


@pytest.mark.parametrize("seed", range(40))
async def test_am5_no_made_up_end_takes_anything_away(here: Centre, seed: int) -> None:
    rng = random.Random(seed)
    body = visit()
    case = Case(here, body["_id"])
    await here.store.add("branch-b03", as_writes(rng.choice(a_world(rng, body)), case.id))
    before = await case.joined()
    for _ in range(8):
        found = await case.found()
        leaf = rng.choice(found.revisions)
        rev = rng.choice([leaf.rev, leaf.rev, f"{rng.randint(1, 9)}-x"])
        says = rng.choice([None, {}, body, json.loads(rng.choice(found.revisions).body)])
        path = [rev, *([leaf.rev] if int(rev[0]) == int(leaf.rev[0]) + 1 else [])]
        await case.push([an_end({**json.loads(leaf.body), "_id": case.id}, *path, says=says)], who="m0042")
        assert await case.alive()
        assert canonical(await case.joined()) == canonical(before)
