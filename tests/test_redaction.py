"""A value that was taken out of a record stays out: of every copy, every leaf, and what a tablet brings that had not heard."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.canonical import canonical
from sync.reconcile.body import Body, join, read
from sync.reconcile.edit import NotSettled, create, edit, redact, settle, withdraw
from sync.reconcile.explain import disputed
from sync.reconcile.merge import Leaf, MergePlan, is_end, merge
from sync.reconcile.redaction import NoSuchWrite, brings_back, has_redactions, holds_any, redacted, take_away, without
from sync.reconcile.stamps import is_found
from sync.reconcile.unstamped import adopt_unstamped
from tests.merge_simulation import ENVELOPE, HISTORIES, Replica, new_record, play, rule_of, stamp_at

SECRET = "身份证号写错了"
BASE = create(ENVELOPE, {"narrative": SECRET, "people": 3}, stamp_at(0))
AFTER = edit([BASE], {"narrative": "已更正"}, stamp_at(1))
TAKEN = redact(AFTER, "narrative", [stamp_at(0)])
GONE = redacted(read([TAKEN]))


def holds_secret(body: Body) -> bool:
    return SECRET in canonical(body).decode()


def plan(*leaves: Leaf, winner: str) -> MergePlan:
    made = merge(leaves, winner, version_max=1, rule_of=rule_of)
    assert isinstance(made, MergePlan)
    return made


def test_mg26_a_replaced_value_is_taken_away_and_its_stamp_is_still_told() -> None:
    after = take_away(AFTER, "narrative", stamp_at(0), "", rule_of=rule_of)
    assert after["replaced"] == [{"path": "narrative", "stamp": stamp_at(0), "by": stamp_at(1)}]
    assert has_redactions(after)
    assert take_away(after, "narrative", stamp_at(0), "", rule_of=rule_of) is after, "twice is once"
    with pytest.raises(NoSuchWrite):
        take_away(AFTER, "narrative", stamp_at(9), "", rule_of=rule_of)


def test_mg31_a_value_that_lost_is_settled_and_taken_away_in_one() -> None:
    both = join([edit([BASE], {"people": 9}, stamp_at(2)), edit([BASE], {"people": 4}, stamp_at(3))], rule_of)
    with pytest.raises(NotSettled):
        take_away(both, "people", stamp_at(2), stamp_at(5), rule_of=rule_of)  # the larger shows
    with pytest.raises(NotSettled):
        take_away(both, "people", stamp_at(3), "", rule_of=rule_of)  # nobody's name to settle it under
    after = take_away(both, "people", stamp_at(3), stamp_at(5), rule_of=rule_of)
    assert (after["fields"]["people"], disputed(after)) == (9, [])
    assert {"path": "people", "stamp": stamp_at(3), "by": stamp_at(5)} in after["replaced"]


def test_mg31_of_three_values_only_the_named_one_is_settled() -> None:
    three = join([edit([BASE], {"people": n}, stamp_at(n)) for n in (4, 5, 9)], rule_of)
    after = take_away(three, "people", stamp_at(4), stamp_at(10), rule_of=rule_of)
    assert after["fields"]["people"] == 9
    assert disputed(after) == ["people"], "what nobody has seen to stays open"


def test_mg31_a_removal_is_not_taken_away_while_it_hides_something() -> None:
    away = withdraw([BASE], stamp_at(4))
    with pytest.raises(NotSettled):
        take_away(away, "withdrawn", stamp_at(4), stamp_at(5), rule_of=rule_of)


def test_mg26_a_decision_carried_out_again_does_not_bring_back_its_value() -> None:
    settled = settle([AFTER], "narrative", SECRET, stamp_at(5), [stamp_at(1)])
    body = redact(edit([settled], {"narrative": "另写"}, stamp_at(6)), "narrative", [stamp_at(0), stamp_at(5)])
    assert canonical(settle([body], "narrative", SECRET, stamp_at(5), [stamp_at(1)])) == canonical(body)


def test_mg26_a_tools_copy_of_the_redacted_revision_brings_back_nothing() -> None:
    over = {**TAKEN, "fields": {**TAKEN["fields"], "narrative": SECRET}, "stamps": {"": stamp_at(0)}}
    assert not holds_secret(join([TAKEN, adopt_unstamped(TAKEN, over, rule_of=rule_of)]))


def test_mg30_an_ended_leaf_that_holds_it_is_ended_again_without_it() -> None:
    late = edit([BASE], {"people": 7}, stamp_at(4))
    made = plan(Leaf("5-b", TAKEN), Leaf("3-a", late, deleted=True), winner="5-b")
    (end,) = made.ends
    assert (end.parent, end.deleted, holds_secret(end.body)) == ("3-a", True, False)
    assert end.body["fields"] == {"people": 7}
    assert is_end([end.rev, end.parent], end.body)
    assert not is_end([end.rev, end.parent], late)
    again = plan(Leaf("5-b", join([TAKEN, late], rule_of)), Leaf(end.rev, end.body, deleted=True), winner="5-b")
    assert again.nothing


def test_mg30_a_live_leaf_that_holds_it_is_ended_without_it() -> None:
    late = edit([BASE], {"people": 7}, stamp_at(4))
    made = plan(Leaf("2-b", TAKEN), Leaf("9-a", late), winner="9-a")
    assert made.continuation
    assert not holds_secret(made.continuation.body)
    assert made.continuation.body["fields"] == {"narrative": "已更正", "people": 7}
    made = plan(Leaf("9-b", TAKEN), Leaf("2-a", late), winner="9-b")
    assert [holds_secret(end.body) for end in made.ends] == [False]


def test_am13_only_a_body_written_over_the_redacted_one_brings_it_back() -> None:
    assert brings_back(TAKEN, BASE)
    assert not brings_back(TAKEN, edit([TAKEN], {"people": 4}, stamp_at(7)))
    assert not brings_back(AFTER, BASE)


edits = st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["narrative", "people"]), st.integers(0, 9)), max_size=12)


@given(edits, st.randoms(use_true_random=False))
def test_mg26_what_one_copy_has_redacted_is_in_no_join_of_any_copies(
    work: list[tuple[int, str, int]], rng: random.Random
) -> None:
    """Four copies are edited apart; in one of them what was settled is redacted, and the others have not heard."""
    copies = [BASE] * 4
    for second, (at, path, value) in enumerate(work, 2):
        copies[at] = edit([copies[at]], {path: value}, stamp_at(second, f"m{at}"), rule_of=rule_of)
    taken = copies[0]
    for write in read([taken]).writes:
        if write.by:
            taken = redact(taken, write.path, [write.stamp], rule_of=rule_of)
    gone = redacted(read([taken]))
    rest = [*copies, taken]
    rng.shuffle(rest)
    whole = join(rest, rule_of)
    assert not holds_any(whole, gone)
    assert canonical(join([join(rest[:2], rule_of), join(rest[2:], rule_of)], rule_of)) == canonical(whole)
    for copy in copies:
        less = without(copy, gone, rule_of)
        assert not holds_any(less, gone)
        assert canonical(join([less, taken], rule_of)) == canonical(join([copy, taken], rule_of)), (
            "nothing else is lost"
        )


@pytest.mark.parametrize("seed", range(HISTORIES))
def test_mg30_any_history_with_redactions_comes_to_rest_and_no_leaf_holds_what_was_redacted(seed: int) -> None:
    play(seed, redacting=True)


def test_mg30_a_tablet_that_was_away_brings_back_nothing_and_loses_nothing() -> None:
    rng = random.Random(1)
    server, tablet = Replica("s0"), Replica("t0", own_last="0")
    for place in (server, tablet):
        place.put(["1-" + "0" * 32], new_record(), False)
    server.write_plain(edit([server.joined()], {"narrative": "已更正"}, stamp_at(1)), rng)
    (old,) = [one["stamp"] for one in server.joined()["replaced"]]
    server.write_plain(redact(server.joined(), "narrative", [old], rule_of=rule_of), rng)
    for n in range(5):
        tablet.edit(lambda leaves, stamp, n=n: edit(leaves, {"people": n}, stamp, rule_of=rule_of), rng)
    server.pull(tablet)
    while server.work():
        tablet.pull(server)
    for place in (server, tablet):
        place.compact()
        assert not any("走访" in canonical(body).decode() for body in place.bodies.values())
        assert place.joined()["fields"]["people"] == 4


def test_mg26_a_hash_of_a_redacted_value_counts_as_the_value() -> None:
    plain = {**ENVELOPE, "fields": {"narrative": SECRET}}
    (found,) = [write.stamp for write in read([plain]).writes]
    assert is_found(found)
    gone = redacted(read([redact(edit([plain], {"narrative": "改"}, stamp_at(1)), "narrative", [found])]))
    assert holds_any(plain, gone)
    assert not holds_any(without(plain, gone, rule_of), gone)
