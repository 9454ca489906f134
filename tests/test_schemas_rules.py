"""By which rule a path merges, what a removal covers, how old shapes read, and the one sequence of bytes of a value."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import (
    TYPES,
    Rule,
    canonical,
    check,
    example,
    field_of,
    in_scope,
    item_scope,
    label_of,
    rule_of,
    type_of_id,
    upgrade,
)

ITEM = "01K9ZJ7A1B2C3D4E5F6G7H8J9K"


@pytest.mark.parametrize(
    ("type_name", "path"),
    [("visit", "narrative"), ("visit", "period"), ("visit", "nobody/knows/it"), ("parade", "x"), ("visit", "")],
)
def test_rc11_a_path_merges_by_the_largest_stamp_unless_told_otherwise(type_name: str, path: str) -> None:
    assert rule_of(type_name, path) is Rule.LATEST


def test_rc11_an_id_of_another_kind_makes_a_path_that_nobody_described() -> None:
    assert rule_of("visit", "participants/m0042") is Rule.SET
    assert rule_of("visit", "participants/张三") is Rule.LATEST
    assert rule_of("visit", "participants/m0042/x") is Rule.LATEST


def test_rc12_the_graver_severity_and_the_earlier_keep_until_stand() -> None:
    assert rule_of("visit", f"problems/{ITEM}/severity") is Rule.LARGEST
    assert rule_of("visit", "keep_until") is Rule.SMALLEST


@pytest.mark.parametrize(
    ("type_name", "path"),
    [
        ("event", "participants/m0042"),
        ("survey", "parties/b05"),
        ("photo", "readers/secretary:b03"),
        ("activity", "records/visit:01K9"),
        ("branch", "committee/m0102"),
    ],
)
def test_rc13_members_of_sets_merge_by_adding(type_name: str, path: str) -> None:
    assert rule_of(type_name, path) is Rule.SET


@pytest.mark.parametrize(
    ("type_name", "path"),
    [
        ("rating", "score"),
        ("signature", "strokes"),
        ("review", "decision"),
        ("photo", "digest"),
        ("case", "conclusion"),
    ],
)
def test_rc14_what_is_written_once_keeps_its_first_write(type_name: str, path: str) -> None:
    assert rule_of(type_name, path) is Rule.ONCE


@pytest.mark.parametrize("path", ["withdrawn", f"problems/{ITEM}/withdrawn", f"follow_ups/{ITEM}/withdrawn"])
def test_rc15_a_removal_is_a_removal_also_in_a_list_that_nobody_described(path: str) -> None:
    assert rule_of("visit", path) is Rule.REMOVAL
    assert rule_of("parade", path) is Rule.REMOVAL


def test_rc15_a_removal_covers_its_item_or_the_record_but_no_removal_and_no_readers() -> None:
    item = f"problems/{ITEM}/"
    assert item_scope(f"{item}withdrawn") == item
    assert item_scope("withdrawn") == ""
    assert item_scope(f"{item}text") is None
    assert item_scope("problems_withdrawn") is None
    assert in_scope(item, f"{item}text")
    assert not in_scope(item, "problems/another/text")
    assert in_scope("", f"{item}text")
    assert not in_scope("", f"{item}withdrawn")
    assert not in_scope("", "withdrawn")
    assert not in_scope("", "readers/committee")


def test_labels_are_in_both_languages_and_an_unknown_path_is_its_own_label() -> None:
    assert label_of("visit", f"problems/{ITEM}/text") == ("问题", "Problem")
    assert label_of("visit", "mood") == ("mood", "mood")
    assert field_of("parade", "x") is None


def test_ids_tell_their_type() -> None:
    assert type_of_id("household:01K8") == "subject"
    assert type_of_id("check:visit:01K8") == "check"
    assert type_of_id("parade:01K8") is None


def old_visit(**fields: Any) -> dict[str, Any]:
    body = example("visit", version=1)
    del body["fields"]["period"]
    body["fields"].update(fields)
    return body


def test_rc20_an_upgrade_loses_no_unknown_field_stamp_or_former_write_and_leaves_the_stored_body() -> None:
    body = old_visit(start="2026-11-20T00:03:12Z", end="2026-11-20T00:40:00Z", mood="calm")
    body["colour"] = "red"
    before = json.dumps(body)
    shape = upgrade(body)
    assert json.dumps(body) == before
    assert shape["fields"]["mood"] == "calm"
    assert shape["colour"] == "red"
    assert shape["replaced"] == body["replaced"]
    assert shape["version"] == TYPES["visit"].version


def test_rc20_a_current_newer_or_unknown_body_is_returned_as_it_is() -> None:
    for body in (example("visit"), example("visit", version=99), example("visit", type="parade"), {"type": ["visit"]}):
        assert upgrade(body) is body


def test_rc21_start_and_end_become_one_period_with_the_later_stamp() -> None:
    body = old_visit(start="2026-11-20T00:03:12Z", end="2026-11-20T00:40:00Z")
    body["stamps"] |= {"start": "b", "end": "a"}
    shape = upgrade(body)
    assert shape["fields"]["period"] == ["2026-11-20T00:03:12Z", "2026-11-20T00:40:00Z"]
    assert shape["stamps"]["period"] == "b"
    assert not {"start", "end"} & {*shape["fields"], *shape["stamps"]}
    assert check(body) == []


def test_rc21_a_visit_without_an_end_is_still_going_on_and_one_with_a_period_keeps_it() -> None:
    assert upgrade(old_visit(start="2026-11-20T00:03:12Z"))["fields"]["period"] == ["2026-11-20T00:03:12Z", None]
    assert upgrade(example("visit", version=1))["fields"] == example("visit")["fields"]
    assert [one.field for one in check(old_visit())] == ["period"]


json_without_floats = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(json_without_floats)
def test_rc22_canonical_bytes_are_sorted_compact_utf8(value: Any) -> None:
    assert canonical(value) == json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def test_rc22_keys_are_sorted_by_code_point_at_every_depth() -> None:
    value = {"\U0001f600": 1, "\uffee": {"b": 2, "a": [True, None]}, "村": "\x01\n/\x7f"}
    assert canonical(value) == '{"村":"\\u0001\\n/\x7f","\uffee":{"a":[true,null],"b":2},"\U0001f600":1}'.encode()


@pytest.mark.parametrize(
    "value", [1.0, [float("nan")], {"a": {"b": 0.5}}, 2**53, -(2**53), {1: 2}, "\ud800", {"\udfff": 1}, b"x", {1}]
)
def test_rc22_what_two_languages_would_write_differently_is_refused(value: Any) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each reason has words of its own
        canonical(value)


def test_rc22_nesting_without_end_is_refused() -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(ValueError, match="no canonical form"):
        canonical(deep)
