"""For any field one can ask: which value, from whom, when, on which tablet, over which other value, by which rule."""

from schemas import Rule
from sync.reconcile.body import join
from sync.reconcile.edit import create, edit, redact, withdraw
from sync.reconcile.explain import Fate, Held, current, disputed, disputes, explain, seen_hash
from sync.reconcile.stamps import ADOPT_AHEAD_MS_MAX
from tests.merge_simulation import ENVELOPE, NOW, rule_of, stamp_at

BASE = create(ENVELOPE, {"narrative": "走访", "people": 3, "rating": 5}, stamp_at(0))
MINE = edit([BASE], {"people": 9, "narrative": "甲"}, stamp_at(1, "m0042"))
YOURS = edit([BASE], {"people": 4, "narrative": "甲"}, stamp_at(2))
BOTH = join([MINE, YOURS], rule_of)


def test_mg14_disputed_are_live_writes_with_different_values() -> None:
    assert disputed(BOTH) == ["people"]
    assert disputed(MINE) == []


def test_mg14_a_dispute_says_what_shows_and_what_does_not() -> None:
    (dispute,) = disputes(BOTH, NOW, rule_of=rule_of)
    assert (dispute.rule, dispute.shown.value, [write.value for write in dispute.others]) == (Rule.LARGEST, 9, [4])
    assert not dispute.open_for_person


def test_mg3_a_dispute_won_by_a_clock_more_than_a_day_ahead_stays_open_for_a_person() -> None:
    far = edit([BASE], {"narrative": "乙"}, stamp_at(ADOPT_AHEAD_MS_MAX // 1000 + 1))
    both = join([MINE, far])
    assert [dispute.open_for_person for dispute in disputes(both, NOW)] == [True]
    assert explain(both, "narrative", NOW).open_for_person
    assert not explain(far, "narrative", NOW).open_for_person


def test_mg3_a_dispute_won_by_what_is_no_stamp_stays_open_for_a_person() -> None:
    odd = {**BASE, "fields": {"narrative": "乙"}, "stamps": {"narrative": "zzz"}}
    assert [dispute.open_for_person for dispute in disputes(join([MINE, odd]), NOW)] == [True]


def test_mg29_a_field_tells_its_value_its_author_its_tablet_its_time_and_its_rule() -> None:
    told = explain(BOTH, "people", NOW, rule_of=rule_of)
    assert (told.rule, told.disputed) == (Rule.LARGEST, True)
    assert [(one.value, one.member, one.device, one.at_ms, one.fate) for one in told.writes] == [
        (9, "m0042", "t0042", NOW + 1000, Fate.SHOWN),
        (4, "m0117", "t0117", NOW + 2000, Fate.LOST),
        (3, "m0117", "t0117", NOW, Fate.REPLACED),
    ]


def test_mg29_a_write_tells_over_which_others_it_stands() -> None:
    shown, lost, replaced = explain(BOTH, "people", NOW, rule_of=rule_of).writes
    assert [write.value for write in shown.over] == [3, 4]
    assert (lost.over, replaced.by) == ((), stamp_at(1, "m0042"))


def test_mg29_two_who_said_the_same_agree() -> None:
    assert [one.fate for one in explain(BOTH, "narrative", NOW).writes] == [Fate.SHOWN, Fate.AGREES, Fate.REPLACED]


def test_mg14_two_who_removed_it_agree_whatever_each_had_known() -> None:
    base = create(ENVELOPE, {"narrative": "走访"}, stamp_at(0))
    more = edit([base], {"people": 3}, stamp_at(1))
    both = join([withdraw([base], stamp_at(2, "m0042")), withdraw([more], stamp_at(3))])
    assert disputed(both) == []
    assert {told.fate for told in explain(both, "withdrawn", NOW).writes} == {Fate.SHOWN, Fate.AGREES}


def test_mg29_a_value_that_is_gone_says_why() -> None:
    body = BASE
    for n in range(1, 12):
        body = edit([body], {"narrative": f"v{n}"}, stamp_at(n))
    body = redact(body, "narrative", [stamp_at(5)])
    held = {one.stamp: one.held for one in explain(body, "narrative", NOW).writes}
    assert [held[stamp_at(n)] for n in (0, 5, 11)] == [Held.PRUNED, Held.REDACTED, Held.KEPT]


def test_mg29_a_value_found_without_a_stamp_has_no_author_and_no_time() -> None:
    (one,) = explain({**ENVELOPE, "fields": {"narrative": "走访"}}, "narrative", NOW).writes
    assert (one.value, one.member, one.device, one.at_ms) == ("走访", "", "", None)


def test_mg29_a_field_that_nobody_wrote_tells_nothing() -> None:
    assert explain(BASE, "phone", NOW).writes == ()
    assert current(BASE, "phone") is None


def test_mg14_the_current_value_is_computed_from_the_live_writes_whatever_the_body_shows() -> None:
    plain = join([MINE, YOURS])
    assert plain["fields"]["people"] == 4
    shown = current(plain, "people", rule_of=rule_of)
    assert shown is not None
    assert shown.value == 9


def test_mg27_an_approval_is_bound_to_the_live_writes_and_the_photos() -> None:
    seen = seen_hash(BOTH, ["sha256-b", "sha256-a"])
    assert seen == seen_hash(BOTH, ["sha256-a", "sha256-b", "sha256-a"])
    assert seen != seen_hash(BOTH, ["sha256-a"])
    assert seen != seen_hash(edit([BOTH], {"rating": 4}, stamp_at(9)), ["sha256-a", "sha256-b"])
    assert seen != seen_hash(withdraw([BOTH], stamp_at(9)), ["sha256-a", "sha256-b"])


def test_mg27_an_approval_outlives_a_merge_that_brings_nothing_new() -> None:
    assert seen_hash(BOTH, []) == seen_hash(join([BOTH, BASE, MINE]), [])
    assert seen_hash(join([MINE, YOURS]), []) == seen_hash(BOTH, [])
