"""A whole system of tablets, servers and workers, worked apart, killed and restored, agrees in the end and misses nothing."""

import itertools
from collections.abc import AsyncIterator, Sequence
from hashlib import md5
from typing import Any

import pytest

from schemas import rule_of
from schemas.canonical import canonical
from sync.ledger.digest import digest
from sync.reconcile import settling
from sync.reconcile.body import join
from sync.reconcile.edit import edit
from sync.reconcile.merge import Leaf, MergePlan, NewRevision, merge
from tests.places import Life, Server
from tests.simulated_tablet import Tablet
from tests.system_history import History
from tests.system_pool import Pool, pool
from tests.system_simulation import HISTORIES, MIXED, main, play, play_all

AT_ONCE = 25
OF_EVERY_TYPE = HISTORIES // 4
OF_VISITS = HISTORIES - OF_EVERY_TYPE
FOUND_ONCE = {
    3: "of two servers' words in a check the later one won",
    2: "what a forgetful edit left out was lost",
    37: "a revision that came after its successor emptied the check",
    93: "the second of two withdrawals was told as a value that had lost",
    495: "an end whose winner was not there was refused, and the tablet showed its own record as refused",
    108: "a check said nothing of what was wrong with a record merged elsewhere",
}
"""Seeds that had found something, and what. What a seed plays changes with the simulation; each has a directed test too."""


@pytest.fixture
async def here() -> AsyncIterator[Pool]:
    async with pool() as made:
        yield made


@pytest.mark.parametrize("first", range(0, OF_VISITS, AT_ONCE))
async def test_mg22_whatever_happens_all_agree_in_the_end_and_nothing_is_missing(first: int) -> None:
    await play_all(range(first, min(first + AT_ONCE, OF_VISITS)))


@pytest.mark.parametrize("first", range(0, OF_EVERY_TYPE, AT_ONCE))
async def test_mg22_so_do_histories_of_records_of_every_type(first: int) -> None:
    await play_all(range(MIXED + first, MIXED + min(first + AT_ONCE, OF_EVERY_TYPE)))


@pytest.mark.parametrize("seed", FOUND_ONCE)
async def test_mg22_a_history_that_had_found_something_finds_nothing(here: Pool, seed: int) -> None:
    await play(seed, here)


def test_mg22_a_whole_history_can_be_played_again_by_its_seed(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--seed", "17"])
    assert capsys.readouterr().out == "1 histories came to rest and lost nothing\n"


async def test_mg22_a_seed_plays_the_same_alone_and_after_others() -> None:
    async def chances(seeds: Sequence[int]) -> object:
        async with pool() as made:
            for seed in seeds:
                one = History(seed, made)
                await one.play()
        return one.rng.getstate()

    assert await chances([0, 1, 2, 3]) == await chances([3])


async def known_to_all(here: Pool, servers: int, tablets: int) -> tuple[History, str]:
    """A history in which each of so many tablets and servers holds the same visit, and nothing is lost on the way."""
    one = History(0, here)
    one.network.steady = True
    await one.begin(servers)
    # Their clocks are right: what is wrong with one is listed in a check, and when a check is written depends on what came first.
    one.tablets = [one.tablet(f"t{n}", "m0117") for n in range(tablets)]
    doc = one.new_visit(one.tablets[0])
    for server in one.servers:
        await one.tablets[0].push(server, one.db, one.network, one.rng)
    for tablet in one.tablets[1:]:
        await tablet.pull(one.servers[0], one.db, one.network, one.rng)
    return one, doc


def change(one: History, tablet: Tablet, doc: str, **changes: Any) -> None:
    tablet.edit(doc, lambda leaves, stamp: edit(leaves, changes, stamp, rule_of=rule_of), one.rng)


async def push(one: History, tablet: Tablet, server: Server) -> None:
    await tablet.push(server, one.db, one.network, one.rng)


async def edits_around_a_ring(here: Pool, size: int) -> History:
    """A tablet at each server edits the same fields; each server hears of one neighbour's before any has merged."""
    one, doc = await known_to_all(here, size, size)
    for n, tablet in enumerate(one.tablets):
        change(one, tablet, doc, narrative=f"v{n}", found=f"w{n}")
        await push(one, tablet, one.servers[n])
    said = [(other, await server.says_to(other, one.db)) for server, other in one.ring()]
    for other, documents in said:
        await other.is_told(documents, one.db)
    await one.to_rest(lambda: one.in_step(one.ring()))
    return one


@pytest.mark.parametrize("size", [3, 4, 6])
async def test_mg22_real_servers_in_a_ring_come_to_rest(here: Pool, size: int) -> None:
    one = await edits_around_a_ring(here, size)
    await one.end()


async def test_mg22_real_servers_in_a_ring_never_rest_with_ids_from_all_parents(
    here: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settling, "merge", all_parents)
    with pytest.raises(AssertionError, match="come to rest"):
        await edits_around_a_ring(here, 3)


async def test_mg22_a_broken_merge_rule_makes_whole_histories_fail(here: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settling, "merge", no_continuation)
    with pytest.raises(AssertionError, match=r"seed 0: (.|\n)* is nowhere\nrepeat with: .* --seed 0"):
        await play(0, here)


def all_parents(leaves: Sequence[Leaf], winner: str, **rules: Any) -> MergePlan:
    """A broken rule: a merge revision named after all its parents."""
    plan = merge(leaves, winner, **rules)
    assert isinstance(plan, MergePlan)
    live = sorted(leaf.rev for leaf in leaves if not leaf.deleted)
    if len(live) < 2:
        return MergePlan(None, ())
    body = join([leaf.body for leaf in leaves], rule_of)
    name = md5(canonical([live, body]), usedforsecurity=False).hexdigest()
    return MergePlan(NewRevision(f"{int(winner.split('-')[0]) + 1}-{name}", winner, False, body), plan.ends)


def no_continuation(leaves: Sequence[Leaf], winner: str, **rules: Any) -> MergePlan:
    """A broken rule: the last one wins, and what the others said goes with them."""
    plan = merge(leaves, winner, **rules)
    assert isinstance(plan, MergePlan)
    return MergePlan(None, plan.ends)


@pytest.mark.parametrize("writes", range(2, 14))
async def test_wk2_a_worker_that_died_in_a_merge_and_is_then_restored_loses_nothing(here: Pool, writes: int) -> None:
    one, doc = await known_to_all(here, 2, 3)
    merging, other = one.servers
    backup = await merging.back_up(0)
    for n, tablet in enumerate(one.tablets):
        change(one, tablet, doc, narrative=f"v{n}")
        await push(one, tablet, merging)
    await merging.work_and_die(Life(writes), again=True)
    await other.is_told(await merging.says_to(other, one.db), one.db)
    await other.work()
    await merging.restore(backup)
    await one.end()


@pytest.mark.parametrize("off_ms", [None, -86_400_000 * 400, 86_400_000 * 400])
async def test_mg22_a_dead_clock_hides_nothing_in_a_whole_system(here: Pool, off_ms: int | None) -> None:
    one, doc = await known_to_all(here, 2, 2)
    one.tablets[0].off_ms = off_ms
    for turn in range(3):
        for n, tablet in enumerate(one.tablets):
            change(one, tablet, doc, narrative=f"v{turn}{n}", found=f"w{turn}{n}")
            await push(one, tablet, one.servers[n])
    await one.end()


async def test_mg22_three_leaves_give_the_same_in_every_order(here: Pool) -> None:
    one, doc = await known_to_all(here, 1, 3)
    (server,) = one.servers
    for n, tablet in enumerate(one.tablets):
        item = f"problems/p{n:06d}x"
        change(one, tablet, doc, narrative=f"v{n}", **{f"{item}/text": "屋顶漏雨", f"{item}/state": "open"})
    said, figures = set(), set()
    for working in (True, False):
        for order in itertools.permutations(one.tablets):
            await here.clear(one.db)
            await server.begin(one.db)
            for tablet in order:
                await push(one, tablet.twin(), server)
                if working:
                    await server.work()
            await server.work()
            said.add(canonical((await one.now(server))[doc].content))
            figures.add(digest(server.ledger.path))
    assert (len(said), len(figures)) == (1, 1)
