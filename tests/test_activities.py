"""AC: which records tell of one happening."""

from dataclasses import replace
from itertools import permutations
from random import Random

from sync.reconcile.activities import Decision, Group, Happening, group, judge, minutes_of
from sync.reconcile.places import distance

HERE, FAR = (391_234_567, 1_161_234_567, 12), (391_334_567, 1_161_234_567, 12)


def told(number: int, author: str, start: int, end: int, **changes: object) -> Happening:
    """A visit by this author from minute to minute."""
    base = Happening(
        f"visit:{number}",
        "b",
        "visit",
        "assist",
        "",
        "household:1",
        "",
        author,
        frozenset({author}),
        start * 60,
        end * 60,
        None,
    )
    return replace(base, **changes)  # type: ignore[arg-type]  # a test names the fields it needs


def sets(groups: list[Group]) -> list[list[str]]:
    return [[one.removeprefix("visit:") for one in found.records] for found in groups]


def test_ac2_the_order_of_arrival_does_not_matter_and_a_chain_is_one() -> None:
    chain = [told(1, "a", 0, 60), told(2, "b", 40, 100), told(3, "c", 80, 140), told(4, "d", 300, 360)]
    groups = group(chain)
    assert sets(groups) == [["1", "2", "3"], ["4"]]
    assert all(group(order) == groups for order in permutations(chain))


def test_ac2_random_records_and_decisions_give_one_answer_in_any_order() -> None:
    for seed in range(40):
        rng = Random(seed)
        records = []
        for number in range(12):
            start = rng.randrange(200)
            records.append(
                told(
                    number, rng.choice("abcdef"), start, start + rng.randrange(60), place=rng.choice([None, HERE, FAR])
                )
            )
        names = [one.id for one in records]
        decisions = [
            Decision(f"{rng.randrange(9)}", f"r{at}", rng.random() < 0.5, frozenset(rng.sample(names, 2)))
            for at in range(3)
        ]
        expected = group(records, decisions)
        for _ in range(5):
            rng.shuffle(records)
            rng.shuffle(decisions)
            assert group(records, decisions) == expected, f"seed {seed}"


def test_ac3_a_shift_handed_over_is_two_and_a_long_overlap_is_one() -> None:
    assert sets(group([told(1, "a", 0, 120), told(2, "b", 115, 240)])) == [["1"], ["2"]]
    assert sets(group([told(1, "a", 0, 120), told(2, "b", 110, 240)])) == [["1", "2"]]
    assert sets(group([told(1, "a", 0, 120), told(2, "b", 118, 122)])) == [["1", "2"]], "half of the shorter"
    assert sets(group([told(1, "a", 0, 40), told(2, "b", 40, 80)])) == [["1"], ["2"]]


def test_ac3_naming_the_other_bridges_a_short_gap() -> None:
    names = told(2, "b", 60, 90, people=frozenset({"a", "b"}))
    assert sets(group([told(1, "a", 0, 40), names])) == [["1", "2"]]
    later = told(2, "b", 80, 110, people=frozenset({"a", "b"}))
    (first, _) = group([told(1, "a", 0, 40), later])
    assert [link.gap_minutes for link in first.suggestions] == [40]


def test_ac3_services_of_different_matters_are_different_and_a_case_is_one() -> None:
    one = told(1, "a", 0, 60, of="service", about="变更登记")
    assert judge(one, told(2, "b", 0, 60, of="service", about="注销登记")) is None
    assert judge(
        told(1, "a", 0, 30, of="survey", case="case:1"), told(2, "b", 100, 130, of="survey", case="case:1")
    ).certain  # type: ignore[union-attr]  # judged to be a link


def test_ac4_far_apart_is_no_certain_link_and_a_missing_place_says_nothing() -> None:
    assert distance(HERE, FAR) == 1112
    far = judge(told(1, "a", 0, 60, place=HERE), told(2, "b", 0, 60, place=FAR))
    assert far is not None
    assert (far.certain, "far" in far.reasons) == (False, True)
    unsure = judge(told(1, "a", 0, 60, place=HERE), told(2, "b", 0, 60, place=(*FAR[:2], 900)))
    assert unsure is not None
    assert unsure.certain
    unknown = judge(told(1, "a", 0, 60, place=HERE), told(2, "b", 0, 60))
    assert unknown is not None
    assert unknown.certain


def test_ac5_without_a_subject_something_else_must_speak_for_it() -> None:
    one, two = told(1, "a", 0, 60, of="event", subject=""), told(2, "b", 0, 60, of="event", subject="")
    assert sets(group([one, two])) == [["1"], ["2"]]
    assert group([one, two])[0].suggestions
    assert sets(group([replace(one, about="周末清洁"), replace(two, about="周末清洁")])) == [["1", "2"]]
    assert sets(group([replace(one, people=frozenset({"a", "b"})), two])) == [["1", "2"]]


def test_ac6_what_is_uncertain_is_suggested_and_one_persons_records_do_not_join() -> None:
    (first, second) = group([told(1, "a", 0, 40), told(2, "b", 200, 240)])
    assert first.suggestions == second.suggestions
    assert not group([told(1, "a", 0, 40), told(2, "b", 300, 340)])[0].suggestions
    own = group([told(1, "a", 0, 60), told(2, "a", 0, 60)])
    assert sets(own) == [["1"], ["2"]]
    assert "same_author" in own[0].suggestions[0].reasons
    assert judge(told(1, "a", 0, 60), told(2, "a", 90, 120)) is None
    other = judge(told(1, "a", 0, 60), told(2, "b", 0, 60, kind="link"))
    assert other is not None
    assert (other.certain, "other_kind" in other.reasons) == (False, True)


def test_ac7_decisions_stick_when_more_records_come_and_the_later_one_prevails() -> None:
    one, two, far = told(1, "a", 0, 60), told(2, "b", 0, 60), told(3, "c", 900, 960, bucket="another")
    split = Decision("1", "r1", False, frozenset({"visit:1", "visit:2"}))
    join = Decision("2", "r2", True, frozenset({"visit:1", "visit:3"}))
    assert sets(group([one, two], [split])) == [["1"], ["2"]]
    more = told(4, "d", 0, 60)
    for found in group([one, two, more], [split]):
        assert not {"visit:1", "visit:2"} <= set(found.records), "a third record does not bring them together"
        assert not found.suggestions
    assert sets(group([one, far], [join])) == [["1", "3"]]
    assert group([one, far], [join])[0].links[0].review == "r2"
    again = Decision("3", "r3", True, frozenset({"visit:1", "visit:2"}))
    assert sets(group([one, two], [split, again])) == [["1", "2"]]


def test_ac7_what_a_record_is_split_from_stays_together() -> None:
    three = [told(1, "a", 0, 60), told(2, "b", 0, 60), told(3, "c", 0, 60)]
    split = Decision("1", "r1", False, frozenset({"visit:1", "visit:2", "visit:3"}), "visit:1")
    assert sets(group(three, [split])) == [["1"], ["2", "3"]]
    assert sets(group([*three, told(4, "d", 0, 60)], [split])) == [["1", "4"], ["2", "3"]], "and when more records come"


def test_ac9_a_crowd_is_not_joined_by_rule_but_by_decision() -> None:
    crowd = [told(number, f"m{number}", 0, 60) for number in range(5)]
    join = Decision("1", "r1", True, frozenset({"visit:3", "visit:4"}))
    assert sets(group(crowd, [join], crowded={"b"})) == [["0"], ["1"], ["2"], ["3", "4"]]


def test_ac10_a_link_tells_why() -> None:
    one = told(1, "a", 0, 60, place=HERE, people=frozenset({"a", "b"}))
    two = told(2, "b", 30, 60, place=HERE, people=frozenset({"a", "b"}))
    link = judge(one, two)
    assert link is not None
    assert link.told() == {
        "records": ["visit:1", "visit:2"],
        "score": 100,
        "because": ["same_subject", "overlap", "named_each_other", "near"],
        "overlap_minutes": 30,
        "distance_metres": 0,
    }


def test_lg4_overlapping_time_counts_once() -> None:
    assert minutes_of([(0, 3600), (1800, 5400), (7200, 7260)]) == 91
