"""A merge writes at most one continuation and ends the other leaves; however often and wherever it is done, once."""

import itertools
from hashlib import md5
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.canonical import canonical
from sync.reconcile.body import Body, join
from sync.reconcile.edit import create, edit
from sync.reconcile.merge import Leaf, MergePlan, Newer, Unmergeable, merge
from tests.merge_simulation import ENVELOPE, new_record, rule_of, stamp_at

BASE = new_record()
W, L, M = "3-" + "c" * 32, "3-" + "b" * 32, "2-" + "a" * 32


def md5_of(value: Any) -> str:
    return md5(canonical(value), usedforsecurity=False).hexdigest()


def changed(path: str, value: Any, second: int, member: str = "m0117", base: Body = BASE) -> Body:
    return edit([base], {path: value}, stamp_at(second, member), rule_of=rule_of)


def planned(*leaves: Leaf, winner: str = W) -> MergePlan:
    plan = merge(leaves, winner, version_max=1, rule_of=rule_of)
    assert isinstance(plan, MergePlan)
    return plan


ONE, OTHER, THIRD = (
    changed("narrative", "甲", 1, "m0042"),
    changed("narrative", "乙", 2),
    changed("people", 9, 3, "m0200"),
)


def test_mg20_the_winner_is_continued_with_what_all_leaves_say() -> None:
    plan = planned(Leaf(W, ONE), Leaf(L, OTHER))
    assert plan.continuation is not None
    assert (plan.continuation.parent, plan.continuation.deleted) == (W, False)
    assert canonical(plan.continuation.body) == canonical(join([ONE, OTHER], rule_of))


def test_mg20_the_revision_ids_follow_from_the_leaves_and_the_content() -> None:
    plan = planned(Leaf(W, ONE), Leaf(L, OTHER))
    assert plan.continuation is not None
    assert plan.continuation.rev == f"4-{md5_of([W, plan.continuation.body])}"
    assert plan.ends[0].rev == f"4-{md5_of(['end', L])}"


def test_mg20_there_is_no_continuation_when_the_winner_says_it_all() -> None:
    plan = planned(Leaf(W, join([ONE, OTHER], rule_of)), Leaf(L, OTHER))
    assert plan.continuation is None
    assert [end.parent for end in plan.ends] == [L]


def test_mg20_another_layout_of_the_same_writes_is_no_reason_to_write() -> None:
    both = join([ONE, OTHER], rule_of)
    other_layout = {
        **both,
        "replaced": both["replaced"][::-1],
        "stamps": dict(reversed(both["stamps"].items())),
    }
    assert planned(Leaf(W, other_layout)).nothing


def test_mg20_another_version_of_the_rules_is_no_reason_to_write() -> None:
    both = join([changed("people", 9, 1, "m0042"), changed("people", 4, 2)], rule_of)
    plan = merge([Leaf(W, both)], W, version_max=1)
    assert isinstance(plan, MergePlan)
    assert plan.nothing


def test_mg20_ended_leaves_take_part_and_are_not_ended_again() -> None:
    plan = planned(Leaf(W, ONE), Leaf(L, OTHER, deleted=True))
    assert plan.continuation is not None
    assert plan.continuation.body["replaced"]
    assert plan.ends == ()


def test_mg20_what_the_store_says_of_a_revision_is_not_in_the_content() -> None:
    dressed = [Leaf(W, {**ONE, "_id": "visit:1", "_rev": W}), Leaf(L, {**OTHER, "_id": "visit:1", "_rev": L})]
    assert planned(*dressed) == planned(Leaf(W, ONE), Leaf(L, OTHER))


def test_mg21_every_other_live_leaf_is_ended_and_keeps_its_body() -> None:
    plan = planned(Leaf(M, THIRD), Leaf(W, ONE), Leaf(L, OTHER))
    assert [(end.parent, end.deleted, end.body) for end in plan.ends] == [(M, True, THIRD), (L, True, OTHER)]


def test_mg21_the_id_of_an_end_follows_from_the_leaf_alone() -> None:
    ends = [planned(Leaf(W, body), Leaf(L, OTHER)).ends[0].rev for body in (ONE, THIRD)]
    assert ends[0] == ends[1]


@pytest.mark.parametrize("order", list(itertools.permutations([Leaf(W, ONE), Leaf(L, OTHER), Leaf(M, THIRD)])))
def test_mg22_three_leaves_in_every_order_are_merged_alike(order: tuple[Leaf, ...]) -> None:
    assert planned(*order) == planned(Leaf(W, ONE), Leaf(L, OTHER), Leaf(M, THIRD))


def test_mg22_after_a_merge_there_is_nothing_to_do() -> None:
    plan = planned(Leaf(W, ONE), Leaf(L, OTHER))
    assert plan.continuation is not None
    done = [Leaf(plan.continuation.rev, plan.continuation.body), *(Leaf(e.rev, e.body, True) for e in plan.ends)]
    assert planned(*done, winner=plan.continuation.rev).nothing


def test_mg22_a_merge_that_died_after_its_continuation_ends_the_other_leaves_later() -> None:
    plan = planned(Leaf(W, ONE), Leaf(L, OTHER))
    assert plan.continuation is not None
    left = [Leaf(plan.continuation.rev, plan.continuation.body), Leaf(L, OTHER)]
    rest = planned(*left, winner=plan.continuation.rev)
    assert (rest.continuation, rest.ends) == (None, plan.ends)


@given(st.permutations([ONE, OTHER, THIRD, BASE]), st.lists(st.booleans(), min_size=3, max_size=3))
def test_mg22_any_leaf_may_win_and_the_content_is_the_same(bodies: list[Body], ended: list[bool]) -> None:
    revs = [W, L, M, "2-" + "9" * 32]
    leaves = [Leaf(rev, body, dead) for rev, body, dead in zip(revs, bodies, [False, *ended], strict=True)]
    plan = planned(*leaves)
    content = plan.continuation.body if plan.continuation else bodies[0]
    assert canonical(content) == canonical(join([ONE, OTHER, THIRD, BASE], rule_of))


def test_mg23_a_bare_tombstone_of_another_tool_takes_nothing_away_and_is_not_ended() -> None:
    assert planned(Leaf(W, ONE), Leaf(L, {}, deleted=True)).nothing
    assert planned(Leaf(W, ONE), Leaf(L, {"_deleted": True}, deleted=True)).nothing


def test_mg23_a_document_without_a_live_leaf_stays_deleted() -> None:
    assert planned(Leaf(W, ONE, deleted=True), Leaf(L, {}, deleted=True)).nothing


def test_mg24_a_record_of_a_newer_version_is_left_alone() -> None:
    newer = {**OTHER, "version": 2}
    assert merge([Leaf(W, ONE), Leaf(L, newer, deleted=True)], W, version_max=1) == Newer(2)


def test_mg24_a_record_of_an_older_version_is_brought_up_for_the_join_alone() -> None:
    old = create({**ENVELOPE, "version": 1}, {"start": "08:00"}, stamp_at(0))
    new = create({**ENVELOPE, "version": 2}, {"period": ["08:00", None]}, stamp_at(0))

    def upgrade(body: Body) -> Body:
        return new if body["version"] == 1 else body

    plan = merge([Leaf(W, new), Leaf(L, old)], W, version_max=2, upgrade=upgrade)
    assert isinstance(plan, MergePlan)
    assert (plan.continuation, plan.ends[0].body) == (None, old)
    assert merge([Leaf(W, old)], W, version_max=2, upgrade=upgrade) == MergePlan(None, ())


def test_mg24_a_value_without_a_canonical_form_is_left_alone_with_the_reason() -> None:
    plan = merge([Leaf(W, ONE), Leaf(L, changed("people", 1, 5) | {"later": 1.5})], W, version_max=1)
    assert plan == Unmergeable("a float: 1.5")


def test_mg11_a_member_that_this_version_does_not_know_survives_a_merge() -> None:
    plan = planned(Leaf(W, ONE), Leaf(L, {**OTHER, "later": {"x": [1]}}))
    assert plan.continuation is not None
    assert plan.continuation.body["later"] == {"x": [1]}
