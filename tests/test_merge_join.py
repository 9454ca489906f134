"""A join says the same in any order, grouping and number of times, and keeps what each copy held."""

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import Rule
from schemas.canonical import NotCanonical, canonical
from sync.reconcile.body import Body, body_of, join, stamps_of, writes_of
from sync.reconcile.edit import create, edit
from sync.reconcile.stamps import stamp_found
from sync.reconcile.writes import Gone, Write, mark_of
from tests.merge_simulation import ENVELOPE, missing, rule_of, stamp_at
from tests.merge_simulation import known as known_of

paths = st.sampled_from(["narrative", "people", "participants/m1", "rating"])
values = st.sampled_from([None, True, False, 1, 5, "屋顶漏雨", "已修好", ["a", 1], {"over": []}])
stamps = st.sampled_from([stamp_at(n, m) for n in range(3) for m in ("m0042", "m0117")])
bys = st.sampled_from(["", "", *(stamp_at(n) for n in (5, 6))])


@st.composite
def writes(draw: st.DrawFn) -> Write:
    path, value = draw(paths), draw(values)
    kind = draw(st.integers(0, 9))
    if kind == 0:
        return Write(path, stamp_found(mark_of(path, draw(values))), value, draw(bys))
    if kind == 1:
        return Write(path, draw(stamps), Gone(mark_of(path, value)), draw(bys))
    if kind == 2:
        return Write(path, draw(stamps), Gone(""), stamp_at(9))
    if kind == 3:
        return Write("narrative", stamp_at(draw(st.integers(10, 25))), value, draw(bys) or stamp_at(30))
    return Write(path, draw(stamps), value, draw(bys))


@st.composite
def bodies(draw: st.DrawFn) -> Body:
    """A record as a tablet keeps it, or as another tool left it."""
    envelope = {
        **ENVELOPE,
        **draw(st.dictionaries(st.sampled_from(["version", "branch", "later"]), st.integers(1, 12))),
    }
    if draw(st.integers(0, 4)) == 0:
        fields = draw(st.dictionaries(paths, values))
        shape = draw(st.integers(0, 2))
        stamped = {"stamps": {"": stamp_at(0)}, "replaced": [{"path": 3}, None]} if shape == 2 else {}
        return {**envelope, **stamped, **({"fields": fields} if shape else fields)}
    created = draw(st.sampled_from(["", stamp_at(0), stamp_at(1)]))
    return body_of(envelope, created, draw(st.lists(writes(), max_size=20)), rule_of)


def joined(*some: Body) -> bytes:
    return canonical(join(some, rule_of))


@settings(max_examples=300)
@given(bodies(), bodies(), bodies())
def test_mg9_a_join_does_not_depend_on_order_or_grouping(a: Body, b: Body, c: Body) -> None:
    expected = joined(a, b, c)
    for one, two, three in itertools.permutations([a, b, c]):
        assert joined(one, two, three) == expected
        assert joined(join([one, two], rule_of), three) == expected
        assert joined(one, join([two, three], rule_of)) == expected


@given(bodies(), bodies())
def test_mg9_joining_twice_is_joining_once(a: Body, b: Body) -> None:
    assert joined(a, a) == joined(a) == joined(join([a], rule_of))
    assert joined(a, b, a, join([a, b], rule_of)) == joined(a, b)


@given(bodies(), bodies())
def test_mg9_a_join_keeps_every_write_with_a_stamp(a: Body, b: Body) -> None:
    wanted = {one for one in known_of(a) | known_of(b) if one[1]}
    redacted = {(path, stamp) for path, stamp, mark in wanted if not mark}
    left = missing({one for one in wanted if one[:2] not in redacted}, join([a, b], rule_of))
    assert not left


@given(bodies())
def test_mg5_the_writes_of_a_body_make_the_body_again(body: Body) -> None:
    once = join([body], rule_of)
    rest = {name: value for name, value in once.items() if name not in ("fields", "stamps", "replaced")}
    again = body_of(rest, once["stamps"].get("", ""), writes_of(once), rule_of)
    assert canonical(again) == canonical(once)


@given(bodies(), st.dictionaries(paths, values, min_size=1))
def test_mg6_an_edit_settles_every_live_write_of_its_path(body: Body, changes: dict[str, Any]) -> None:
    stamp = stamp_at(99)
    after = edit([body], changes, stamp, rule_of=rule_of)
    for path, value in changes.items():
        live = [write for write in writes_of(after) if write.path == path and write.live]
        assert [canonical(write.value) for write in live] == [canonical(value)]
        assert canonical(after["fields"][path]) == canonical(value)


@given(bodies(), bodies(), st.dictionaries(paths, values, min_size=1))
def test_mg6_an_edit_made_on_the_join_beats_what_it_saw_and_nothing_else(
    a: Body, b: Body, changes: dict[str, Any]
) -> None:
    after = edit([a], changes, stamp_at(99), rule_of=rule_of)
    both = join([after, b], rule_of)
    left = {(w.path, w.stamp, canonical(w.value)) for w in writes_of(both) if w.live and w.path in changes}
    own = {(w.path, w.stamp, canonical(w.value)) for w in writes_of(after) if w.live}
    others = {(w.path, w.stamp, canonical(w.value)) for w in writes_of(join([b], rule_of)) if w.live}
    assert left <= own | others


def test_mg4_the_same_stamp_with_another_value_is_another_write() -> None:
    one = create(ENVELOPE, {"narrative": "屋顶漏雨"}, stamp_at(0))
    other = create(ENVELOPE, {"narrative": "已修好"}, stamp_at(0))
    assert [write.value for write in writes_of(join([one, other]))] == ["屋顶漏雨", "已修好"]


def test_mg4_one_and_true_are_two_values() -> None:
    one = create(ENVELOPE, {"people": 1}, stamp_at(0))
    other = create(ENVELOPE, {"people": True}, stamp_at(0))
    assert len(writes_of(join([one, other]))) == 2
    assert joined(one, other) == joined(other, one)


def test_mg5_a_field_without_a_stamp_of_its_own_has_the_creations() -> None:
    body = create(ENVELOPE, {"narrative": "屋顶漏雨"}, stamp_at(0))
    assert writes_of(body) == [Write("narrative", stamp_at(0), "屋顶漏雨")]
    assert stamps_of(body) == {stamp_at(0)}


def test_mg5_what_names_no_path_or_no_stamp_is_passed_over() -> None:
    odd = [None, 3, {"path": "narrative"}, {"stamp": stamp_at(0)}, {"path": 1, "stamp": 2}]
    body = {**create(ENVELOPE, {"narrative": "x"}, stamp_at(0)), "replaced": odd}
    assert writes_of(body) == [Write("narrative", stamp_at(0), "x")]


def test_mg5_a_field_of_another_tool_with_an_empty_name_is_kept_under_a_name() -> None:
    body = {**create(ENVELOPE, {"": "x"}, stamp_at(0))}
    assert join([body])["fields"] == {"/": "x"}
    assert joined(body) == joined(join([body]))


def test_mg10_of_two_marks_on_one_write_the_smallest_stays() -> None:
    base = create(ENVELOPE, {"narrative": "a"}, stamp_at(0))
    one = edit([base], {"narrative": "b"}, stamp_at(2, "m0042"))
    other = edit([base], {"narrative": "c"}, stamp_at(1, "m0117"))
    both = join([one, other])
    assert [(w.value, w.by) for w in writes_of(both)] == [("a", stamp_at(1)), ("c", ""), ("b", "")]
    assert both["fields"] == {"narrative": "b"}


def test_mg11_the_envelope_keeps_members_that_this_version_does_not_know() -> None:
    one = {**create(ENVELOPE, {}, stamp_at(0)), "later": {"x": 1}}
    other = {**create({**ENVELOPE, "version": 10, "form": "visit/10"}, {}, stamp_at(0)), "other": "y", "_id": "visit:1"}
    both = join([one, {**other, "_rev": "1-a"}])
    assert (both["later"], both["other"], both["version"], both["form"]) == ({"x": 1}, "y", 10, "visit/10")
    assert not {"_id", "_rev"} & both.keys()


def test_mg11_attachments_of_both_are_kept() -> None:
    one = {**create(ENVELOPE, {}, stamp_at(0)), "_attachments": {"a": {"digest": "md5-1"}, "b": {"digest": "md5-2"}}}
    other = {**create(ENVELOPE, {}, stamp_at(0)), "_attachments": {"b": {"digest": "md5-3"}}}
    assert join([one, other])["_attachments"] == {"a": {"digest": "md5-1"}, "b": {"digest": "md5-3"}}
    assert joined(one, other) == joined(other, one)


def test_mg12_all_but_the_eight_largest_settled_stamps_lose_their_values_and_keep_their_stamps() -> None:
    body = create(ENVELOPE, {"narrative": "v0"}, stamp_at(0))
    for n in range(1, 12):
        body = edit([body], {"narrative": f"v{n}"}, stamp_at(n))
    held = {write.stamp: write.value for write in writes_of(body)}
    assert list(held) == [stamp_at(n) for n in range(12)]
    assert [n for n in range(12) if not isinstance(held[stamp_at(n)], Gone)] == [3, 4, 5, 6, 7, 8, 9, 10, 11]


def test_mg12_live_writes_are_never_pruned() -> None:
    base = create(ENVELOPE, {"narrative": "v"}, stamp_at(0))
    apart = [edit([base], {"narrative": f"v{n}"}, stamp_at(n, f"m{n:04d}")) for n in range(1, 15)]
    assert sum(write.live for write in writes_of(join(apart))) == 14


def test_mg12_a_value_pruned_in_one_copy_does_not_come_back_from_another() -> None:
    old = body = create(ENVELOPE, {"narrative": "v0"}, stamp_at(0))
    for n in range(1, 12):
        body = edit([body], {"narrative": f"v{n}"}, stamp_at(n))
    assert joined(old, body) == joined(body)


def test_mg12_a_pruned_value_still_tells_its_write_from_another_under_the_same_stamp() -> None:
    body = create(ENVELOPE, {"narrative": "v0"}, stamp_at(0))
    for n in range(1, 12):
        body = edit([body], {"narrative": f"v{n}"}, stamp_at(n))
    twin = create(ENVELOPE, {"narrative": "another"}, stamp_at(0))
    assert [write.value for write in writes_of(join([body, twin])) if write.live] == ["another", "v11"]


@pytest.mark.parametrize(
    ("rule", "apart", "expected"),
    [
        (Rule.LATEST, [1, 9, 4], 4),
        (Rule.LARGEST, [1, 9, 4], 9),
        (Rule.SMALLEST, [4, 9, 1, 3], 1),
        (Rule.LARGEST, [None, 2, None], 2),
        (Rule.SMALLEST, [None, 2, None], 2),
        (Rule.SMALLEST, [None, None], None),
        (Rule.LARGEST, ["2026-11-20", "2026-11-21", "2026-11-19"], "2026-11-21"),
        (Rule.LARGEST, [9, "texts come after numbers"], "texts come after numbers"),
        (Rule.SET, [True, False], True),
        (Rule.SET, [False, False], False),
        (Rule.ONCE, [5, 1], 5),
    ],
)
def test_mg13_the_fields_rule_says_which_live_write_shows(rule: Rule, apart: list[Any], expected: Any) -> None:
    base = create(ENVELOPE, {"f": "old"}, stamp_at(0))
    leaves = [edit([base], {"f": value}, stamp_at(n, f"m{n:04d}")) for n, value in enumerate(apart, 1)]
    for order in itertools.permutations(leaves):
        assert join(order, lambda _type, _path: rule)["fields"]["f"] == expected


def test_mg13_no_rule_takes_part_in_the_join() -> None:
    base = create(ENVELOPE, {"people": 3}, stamp_at(0))
    one = edit([base], {"people": 9}, stamp_at(1))
    other = edit([base], {"people": 4}, stamp_at(2))
    by_rule = join([one, other], rule_of)
    plain = join([one, other])
    assert (by_rule["fields"]["people"], plain["fields"]["people"]) == (9, 4)
    assert writes_of(by_rule) == writes_of(plain)


@pytest.mark.parametrize("value", [1.5, {"a": [0.0]}, 2**53, "\ud800", {"a": {1: 2}}, b"x"])
def test_mg28_what_has_no_canonical_form_is_refused(value: Any) -> None:
    with pytest.raises(NotCanonical):
        join([create(ENVELOPE, {"f": value}, stamp_at(0))])


def test_mg28_keys_are_ordered_by_code_point_and_texts_are_escaped_as_in_javascript() -> None:
    value = {"屋": "\u2028/\x7f", "b": '\x00\b\n"\\', "😀": None, "\uffff": [True, -1]}
    text = '{"b":"\\u0000\\b\\n\\"\\\\","屋":"\u2028/\x7f","\uffff":[true,-1],"😀":null}'
    assert canonical(value) == text.encode()


def test_mg28_a_body_nested_too_deeply_is_refused() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(NotCanonical, match="deeply"):
        canonical(deep)
