"""Servers and tablets that work apart, crash and are restored come to rest, agree, miss nothing; broken rules fail."""

import random

import pytest

from schemas.canonical import canonical
from sync.reconcile.body import join, writes_of
from sync.reconcile.edit import edit, withdraw
from sync.reconcile.explain import disputed, removed
from sync.reconcile.merge import NewRevision
from tests.merge_simulation import (
    DAY,
    HISTORIES,
    MergeRule,
    Replica,
    all_parents,
    bare_ends,
    in_step,
    known,
    main,
    missing,
    new_record,
    play,
    real_merge,
    ring,
    rule_of,
    settle_down,
)

FIRST = "1-" + "0" * 32


def places(servers: int, tablets: int, rule: MergeRule = real_merge) -> tuple[list[Replica], list[Replica]]:
    """Servers and tablets that all hold the same new record."""
    made = [Replica(f"s{n}", rule) for n in range(servers)], [Replica(f"t{n}", own_last="0") for n in range(tablets)]
    for place in (*made[0], *made[1]):
        place.put([FIRST], new_record(), False)
    return made


def change(tablet: Replica, rng: random.Random, **changes: object) -> None:
    """Edit fields on a tablet."""
    tablet.edit(lambda leaves, stamp: edit(leaves, changes, stamp, rule_of=rule_of), rng)


def live_leaves(place: Replica) -> int:
    return sum(not leaf.deleted for leaf in place.leaves())


@pytest.mark.parametrize("seed", range(HISTORIES))
def test_mg22_any_history_comes_to_rest_agrees_and_misses_nothing(seed: int) -> None:
    play(seed)


def test_mg22_a_history_can_be_played_again_by_its_seed(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--seed", "17"])
    assert capsys.readouterr().out == "1 histories came to rest and lost nothing\n"


def edits_around_a_ring(size: int, rule: MergeRule = real_merge) -> list[Replica]:
    """A tablet at each server of a ring edits the same fields; then all servers work and hear of each other in step."""
    rng = random.Random(size)
    servers, tablets = places(size, size, rule)
    for n, (server, tablet) in enumerate(zip(servers, tablets, strict=True)):
        change(tablet, rng, narrative=f"v{n}", people=n)
        server.pull(tablet)
    alone = [server.twin() for server in servers]
    for n, server in enumerate(servers):
        server.pull(alone[n - 1])
    in_step(servers, ring(servers))
    return servers


@pytest.mark.parametrize("size", [3, 4, 6])
def test_mg22_merging_ends_in_a_ring(size: int) -> None:
    servers = edits_around_a_ring(size)
    assert len({server.content() for server in servers}) == 1
    assert {live_leaves(server) for server in servers} == {1}
    assert disputed(servers[0].joined()) == ["narrative", "people"]


@pytest.mark.parametrize("size", [3, 4])
def test_mg22_ids_from_all_parents_would_never_end_in_a_ring(size: int) -> None:
    with pytest.raises(AssertionError, match="come to rest"):
        edits_around_a_ring(size, all_parents)


def test_mg22_a_broken_merge_rule_makes_the_random_histories_fail() -> None:
    with pytest.raises(AssertionError, match=r"seed 0: (.|\n)*--seed 0"):
        play(0, all_parents)


def lost_by_restoring_the_merging_server(rule: MergeRule) -> set[tuple[str, str, str]]:
    """A server merges, only its ends reach another, and it is restored from before: what that other then misses."""
    rng = random.Random(1)
    (merging, other), tablets = places(2, 2, rule)
    before = merging.twin()
    change(tablets[0], rng, narrative="甲")
    change(tablets[1], rng, rating=5)
    for tablet in tablets:
        merging.pull(tablet)
    loser = min(tablets, key=Replica.winner)
    other.pull(loser)
    merging.work()
    other.pull(merging, lambda leaf: leaf.deleted)
    loser.pull(other)
    other.compact()
    settle_down([before, other], [(before, other), (loser, other)], rng)
    return missing(other.knew, other.bodies[other.winner()])


def test_mg21_ends_keep_what_a_restored_server_has_forgotten() -> None:
    assert lost_by_restoring_the_merging_server(real_merge) == set()


def test_mg21_ends_without_a_body_would_lose_an_edit() -> None:
    assert lost_by_restoring_the_merging_server(bare_ends) != set()


def test_mg22_a_worker_that_dies_between_its_writes_and_is_then_restored_loses_nothing() -> None:
    rng = random.Random(2)
    (one, other), tablets = places(2, 3)
    for n, tablet in enumerate(tablets):
        change(tablet, rng, narrative=f"v{n}")
        one.pull(tablet)
    backup = one.twin()
    one.work(dies_after_continuation=True)
    other.pull(one)
    other.work()
    settle_down([backup, other], [(backup, other)], rng)
    assert backup.content() == other.content()
    assert live_leaves(backup) == 1
    assert [write.value for write in writes_of(backup.joined()) if write.path == "narrative" and write.live] == [
        "v0",
        "v1",
        "v2",
    ]


@pytest.mark.parametrize("clock_ms", [0, -DAY, 4_000_000_000_000])
def test_mg22_a_wrong_clock_neither_hides_an_edit_nor_leads_another_clock_astray(clock_ms: int) -> None:
    rng = random.Random(3)
    (server,), tablets = places(1, 2)
    tablets[0].clock_ms = clock_ms
    change(tablets[0], rng, narrative="甲")
    change(tablets[1], rng, narrative="乙")
    for tablet in tablets:
        server.pull(tablet)
    server.work()
    assert disputed(server.joined()) == ["narrative"]
    tablets[1].pull(server)
    change(tablets[1], rng, narrative="丙")
    server.pull(tablets[1])
    server.work()
    assert disputed(server.joined()) == []
    assert tablets[1].own_last < f"{tablets[1].clock_ms + DAY:015d}"


def test_mg22_merges_of_merges_made_at_different_places_agree() -> None:
    rng = random.Random(4)
    servers, tablets = places(4, 4)
    for n, tablet in enumerate(tablets):
        change(tablet, rng, narrative=f"v{n}", people=n)
    for n, server in enumerate(servers):
        server.pull(tablets[n])
        server.pull(tablets[(n + 1) % 4])
        server.work()
    half_one, half_two = servers[:2], servers[2:]
    settle_down(half_one, [(half_one[0], half_one[1])], rng)
    settle_down(half_two, [(half_two[0], half_two[1])], rng)
    settle_down(servers, ring(servers), rng)
    assert {canonical(server.joined()) for server in servers} == {servers[0].content()}
    assert (
        len({write.value for write in writes_of(servers[0].joined()) if write.path == "narrative" and write.live}) == 4
    )


def test_mg22_an_edit_made_on_a_leaf_that_a_merge_has_ended_is_kept() -> None:
    rng = random.Random(5)
    (server,), tablets = places(1, 2)
    for n, tablet in enumerate(tablets):
        change(tablet, rng, narrative=f"v{n}")
        server.pull(tablet)
    server.work()
    for tablet in tablets:
        change(tablet, rng, phone="1", rating=5)
        server.pull(tablet)
    server.work()
    assert live_leaves(server) == 1
    assert server.joined()["fields"] | {"phone": "1", "rating": 5} == server.joined()["fields"]
    assert disputed(server.joined()) == ["narrative"]


def test_mg18_withdrawing_against_editing_shows_the_record_on_every_server() -> None:
    rng = random.Random(6)
    servers, tablets = places(3, 2)
    tablets[0].edit(lambda leaves, stamp: withdraw(leaves, stamp), rng)
    change(tablets[1], rng, people=7)
    servers[0].pull(tablets[0])
    servers[2].pull(tablets[1])
    in_step(servers, ring(servers))
    assert len({server.content() for server in servers}) == 1
    assert [write.value for write in removed(servers[1].joined()).unaware] == [7]


def test_mg22_stemmed_revisions_merge_to_the_same_content() -> None:
    ends = []
    for revs_limit in (1000, 2):
        rng = random.Random(7)
        servers, tablets = places(2, 2)
        for place in (*servers, *tablets):
            place.revs_limit = revs_limit
        for turn in range(6):
            for n, tablet in enumerate(tablets):
                change(tablet, rng, narrative=f"v{turn}{n}")
            servers[turn % 2].pull(tablets[turn % 2])
            servers[turn % 2].work()
        settle_down(servers, [*ring(servers), *zip(servers, tablets, strict=True)], rng)
        ends.append(servers[0].content())
    assert ends[0] == ends[1]


def test_mg8_a_tablet_restored_from_a_backup_takes_nothing_back_that_it_had_said_meanwhile() -> None:
    rng = random.Random(8)
    (server,), (tablet,) = places(1, 1)
    change(tablet, rng, narrative="甲")
    backup = tablet.twin()
    server.pull(tablet)
    # It cannot know that its edit had been sent; and nothing depends on that.
    change(backup, rng, narrative="乙")
    server.pull(backup)
    server.compact()
    server.work()
    assert missing(tablet.knew | backup.knew, server.joined()) == set()


def test_mg22_a_tombstone_of_another_tool_hides_no_other_leaf() -> None:
    rng = random.Random(9)
    (server,), tablets = places(1, 2)
    for n, tablet in enumerate(tablets):
        change(tablet, rng, narrative=f"v{n}")
        server.pull(tablet)
    loser = min(leaf.rev for leaf in server.leaves())
    server.write(NewRevision("3-" + "f" * 32, loser, True, {}))
    server.work()
    assert live_leaves(server) == 1
    assert server.joined()["fields"]["narrative"] in ("v0", "v1")


def test_mg9_two_places_with_the_same_leaves_say_the_same() -> None:
    servers = edits_around_a_ring(3)
    leaves = [leaf.body for server in servers for leaf in server.leaves()]
    assert canonical(join(leaves, rule_of)) == servers[0].content()
    assert not missing(set().union(*(known(body) for body in leaves)), servers[0].joined())
