"""An edit settles what it saw and nothing else; removals hide only what they knew; redacting takes values for good."""

import pytest

from schemas.canonical import canonical
from sync.reconcile.body import Body, join, writes_of
from sync.reconcile.edit import (
    NotSettled,
    StampUsed,
    create,
    edit,
    redact,
    remove_item,
    restore_item,
    settle,
    withdraw,
)
from sync.reconcile.explain import disputed, removed
from sync.reconcile.stamps import is_found
from sync.reconcile.writes import Gone
from tests.merge_simulation import ENVELOPE, rule_of, stamp_at

BASE = create(
    ENVELOPE,
    {
        "narrative": "走访",
        "people": 3,
        "participants/m0117": True,
        "problems/p9/text": "屋顶漏雨",
        "problems/p9/state": "open",
    },
    stamp_at(0),
)


def changed(path: str, value: object, second: int, member: str = "m0117", base: Body = BASE) -> Body:
    return edit([base], {path: value}, stamp_at(second, member), rule_of=rule_of)


def test_mg6_an_edit_marks_the_write_it_saw_with_its_own_stamp() -> None:
    after = changed("narrative", "已修好", 1)
    assert after["fields"]["narrative"] == "已修好"
    assert after["stamps"] == {"": stamp_at(0), "narrative": stamp_at(1)}
    assert after["replaced"] == [{"path": "narrative", "value": "走访", "stamp": stamp_at(0), "by": stamp_at(1)}]


def test_mg6_an_edit_on_the_join_of_all_leaves_settles_their_dispute() -> None:
    one, other = changed("narrative", "甲", 1, "m0042"), changed("narrative", "乙", 2, "m0117")
    after = edit([one, other], {"narrative": "丙"}, stamp_at(3))
    assert disputed(join([one, other])) == ["narrative"]
    assert disputed(join([one, other, after])) == []


def test_mg6_an_edit_leaves_the_bodies_it_was_given_as_they_are() -> None:
    before = canonical(BASE)
    changed("narrative", "已修好", 1)
    assert canonical(BASE) == before


def test_mg6_a_larger_stamp_is_no_evidence_of_having_seen() -> None:
    late = changed("narrative", "甲", 50, "m0042")
    assert disputed(join([late, changed("narrative", "乙", 1)])) == ["narrative"]


def test_mg6_a_stamp_that_the_field_already_has_is_refused() -> None:
    with pytest.raises(StampUsed):
        changed("narrative", "已修好", 0)


def test_mg7_a_value_that_the_field_already_has_undisputed_is_no_write() -> None:
    assert canonical(changed("narrative", "走访", 1)) == canonical(BASE)


def test_mg7_choosing_the_shown_value_of_a_dispute_settles_it() -> None:
    both = join([changed("narrative", "甲", 1, "m0042"), changed("narrative", "乙", 2)])
    after = edit([both], {"narrative": "乙"}, stamp_at(3))
    assert (disputed(after), after["fields"]["narrative"]) == ([], "乙")


def test_mg8_an_own_write_is_kept_whether_or_not_anybody_has_heard_of_it() -> None:
    after = edit([changed("narrative", "已修", 1)], {"narrative": "已修好"}, stamp_at(2))
    assert [entry["value"] for entry in after["replaced"]] == ["走访", "已修"]


def test_mg8_an_own_write_in_dispute_is_kept() -> None:
    mine, other = changed("narrative", "甲", 1), changed("narrative", "乙", 2, "m0042")
    after = edit([mine, other], {"narrative": "丙"}, stamp_at(3))
    assert {entry["value"] for entry in after["replaced"]} == {"走访", "甲", "乙"}


def test_mg15_settling_marks_only_the_writes_that_it_lists() -> None:
    both = join([changed("narrative", "甲", 1, "m0042"), changed("narrative", "乙", 2)])
    later = join([both, changed("narrative", "丙", 3, "m0200")])
    after = settle([later], "narrative", "乙", stamp_at(9), [stamp_at(1, "m0042"), stamp_at(2)])
    assert {write.value for write in writes_of(after) if write.path == "narrative" and write.live} == {"乙", "丙"}
    assert disputed(after) == ["narrative"]


def test_mg15_settling_twice_is_settling_once() -> None:
    both = join([changed("narrative", "甲", 1, "m0042"), changed("narrative", "乙", 2)])
    saw = [stamp_at(1, "m0042"), stamp_at(2)]
    once = settle([both], "narrative", "乙", stamp_at(9), saw)
    assert canonical(settle([once], "narrative", "乙", stamp_at(9), saw)) == canonical(once)
    later = changed("narrative", "丙", 10, base=once)
    assert canonical(settle([later], "narrative", "乙", stamp_at(9), saw)) == canonical(later)


def test_mg16_adding_a_member_wins_over_removing_him_apart() -> None:
    gone = changed("participants/m0117", False, 2)
    again = changed("participants/m0117", True, 1, "m0042", base=changed("participants/m0117", False, 0, "m0200"))
    assert join([gone, again], rule_of)["fields"]["participants/m0117"] is True


def test_mg16_removing_a_member_who_was_seen_removes_him() -> None:
    assert changed("participants/m0117", False, 2)["fields"]["participants/m0117"] is False


def test_mg17_items_added_apart_are_both_kept() -> None:
    one, other = changed("problems/pa/text", "甲", 1), changed("problems/pb/text", "乙", 1, "m0042")
    both = join([one, other])
    assert disputed(both) == []
    assert {"problems/pa/text", "problems/pb/text", "problems/p9/text"} <= both["fields"].keys()


def test_mg18_a_removal_is_in_force_while_it_knew_every_live_write() -> None:
    after = withdraw([BASE], stamp_at(1), "重复")
    assert after["fields"]["withdrawn"] == {"over": [stamp_at(0)], "reason": "重复"}
    assert removed(after).in_force


def test_mg18_an_edit_that_a_withdrawal_did_not_know_brings_the_record_back_and_says_who() -> None:
    away = withdraw([BASE], stamp_at(2))
    both = join([away, changed("people", 5, 1, "m0042")])
    state = removed(both)
    assert not state.in_force
    assert [write.stamp for write in state.removed_by] == [stamp_at(2)]
    assert [(write.path, write.value, write.stamp) for write in state.unaware] == [("people", 5, stamp_at(1, "m0042"))]


def test_mg18_the_same_in_every_order_of_arrival() -> None:
    away, edited = withdraw([BASE], stamp_at(2)), changed("people", 5, 1, "m0042")
    assert canonical(join([away, edited])) == canonical(join([edited, away]))


def test_mg18_withdrawing_again_after_having_seen_the_edit_hides_it() -> None:
    both = join([withdraw([BASE], stamp_at(2)), changed("people", 5, 1, "m0042")])
    assert removed(withdraw([both], stamp_at(3))).in_force


def test_mg18_two_removals_together_may_know_what_neither_knew_alone() -> None:
    one = withdraw([changed("people", 5, 1, "m0042")], stamp_at(3, "m0042"))
    other = withdraw([changed("narrative", "甲", 2)], stamp_at(4))
    assert removed(join([one, other])).in_force
    assert disputed(join([one, other])) == []


def test_mg18_an_item_is_removed_without_the_rest() -> None:
    after = remove_item([BASE], "problems/p9", stamp_at(1))
    assert removed(after, "problems/p9").in_force
    assert not removed(after).in_force
    assert not removed(after, "problems/p").in_force


def test_mg18_an_edit_of_the_item_that_its_removal_did_not_know_brings_it_back() -> None:
    both = join([remove_item([BASE], "problems/p9", stamp_at(2)), changed("problems/p9/state", "solved", 1, "m0042")])
    assert [write.value for write in removed(both, "problems/p9").unaware] == ["solved"]


def test_mg18_the_removal_of_an_item_does_not_bring_back_a_withdrawn_record() -> None:
    both = join([withdraw([BASE], stamp_at(2)), remove_item([BASE], "problems/p9", stamp_at(1, "m0042"))])
    assert removed(both).in_force
    assert removed(both, "problems/p9").in_force


def test_mg19_a_removal_can_be_taken_back() -> None:
    away = withdraw([BASE], stamp_at(1))
    assert not removed(restore_item([away], "", stamp_at(2))).in_force


def test_mg19_taking_back_wins_over_a_removal_that_did_not_know_it() -> None:
    away = withdraw([BASE], stamp_at(1))
    back = restore_item([away], "", stamp_at(2))
    again = withdraw([join([away, changed("people", 5, 2, "m0042")])], stamp_at(3, "m0042"))
    state = removed(join([back, again]))
    assert not state.in_force
    assert [write.value for write in state.unaware] == [None]


def test_mg26_a_redacted_value_is_gone_and_its_stamp_stays() -> None:
    after = redact(changed("narrative", "已修好", 1), "narrative", [stamp_at(0)])
    assert after["replaced"] == [{"path": "narrative", "stamp": stamp_at(0), "by": stamp_at(1)}]
    assert "走访" not in canonical(after).decode()


def test_mg26_a_redacted_value_does_not_come_back_from_a_copy() -> None:
    after = redact(changed("narrative", "已修好", 1), "narrative", [stamp_at(0)])
    for copy in (BASE, changed("people", 5, 7)):
        for order in ([copy, after], [after, copy]):
            assert "走访" not in canonical(join(order)).decode()


def test_mg26_a_pruned_value_can_be_redacted_too() -> None:
    body = BASE
    for n in range(1, 12):
        body = changed("narrative", f"v{n}", n, base=body)
    after = redact(body, "narrative", [stamp_at(0)])
    assert next(write.value for write in writes_of(after) if write.path == "narrative") == Gone("")


def test_mg26_a_value_that_still_shows_is_not_redacted() -> None:
    with pytest.raises(NotSettled) as refused:
        redact(BASE, "narrative", [stamp_at(0)])
    assert (refused.value.path, refused.value.stamp) == ("narrative", stamp_at(0))


def test_mg26_a_redacted_value_found_without_a_stamp_leaves_no_hash_of_itself_and_does_not_come_back() -> None:
    plain = {**ENVELOPE, "fields": {"narrative": "走访"}}
    found = next(write.stamp for write in writes_of(plain))
    after = redact(edit([plain], {"narrative": "已修好"}, stamp_at(1)), "narrative", [found])
    assert is_found(found)
    assert found not in canonical(after).decode()
    assert "走访" not in canonical(join([after, plain])).decode()
    assert canonical(join([after, plain])) == canonical(after)
