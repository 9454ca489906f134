"""What is wrong with a body is told at once, and nothing unknown is wrong."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import TYPES, check, example
from schemas.checks import ENVELOPE

ITEM = "01K9ZJ7A1B2C3D4E5F6G7H8J9K"

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def found(body: Any) -> list[tuple[str, str]]:
    return [(problem.field, problem.code) for problem in check(body)]


def with_fields(type_name: str, **fields: Any) -> dict[str, Any]:
    body = example(type_name)
    body["fields"].update({path.replace("__", "/"): value for path, value in fields.items()})
    return body


@pytest.mark.parametrize("type_name", list(TYPES))
def test_rc1_the_example_of_every_type_is_sound(type_name: str) -> None:
    assert check(example(type_name)) == []


def test_rc1_all_problems_are_told_at_once_with_field_code_and_what_to_do() -> None:
    body = with_fields("visit", period=["2026-11-20T00:03:12Z"], kind="holiday", narrative=7)
    del body["zone"], body["fields"]["subject"]
    problems = check(body)
    assert [(one.field, one.code) for one in problems] == [
        ("zone", "required"),
        ("subject", "required"),
        ("kind", "choice"),
        ("period", "format"),
        ("narrative", "type"),
    ]
    assert problems[2].zh.startswith("走访类型：请从中选择：帮扶走访、")
    assert problems[4].en == "What happened: must be text: enter it again"


@settings(max_examples=400)
@given(st.data())
def test_rc1_check_accepts_any_json_value_and_never_raises(data: st.DataObject) -> None:
    assert isinstance(check(data.draw(json_values)), list)
    body: dict[str, Any] = example(data.draw(st.sampled_from(list(TYPES))))
    paths = [*body["fields"], f"problems/{ITEM}/owner", "problems/", "/", "participants/張", "withdrawn", "x/y"]
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.sampled_from(["envelope", "fields", "whole"]))
        if place == "fields" and isinstance(body.get("fields"), dict):
            body["fields"][data.draw(st.sampled_from(paths))] = data.draw(json_values)
        else:
            keys = ["type", "version", "_id", *ENVELOPE, "fields", "stamps", "replaced"]
            body[data.draw(st.sampled_from(keys))] = data.draw(json_values)
    assert all(problem.zh and problem.en and problem.code for problem in check(body))


@pytest.mark.parametrize("body", [None, 1, "visit", [], True])
def test_rc1_what_is_no_object_is_one_problem(body: Any) -> None:
    assert found(body) == [("", "type")]


def test_rc2_unknown_fields_are_no_problem_wherever_they_are() -> None:
    body = with_fields("visit", mood="calm", problems__x1__tags=["a"], gifts__rice=2, participants__a__b__c=1)
    body["colour"] = "red"
    assert check(body) == []


def test_rc2_an_unknown_field_with_a_float_is_told() -> None:
    assert found(with_fields("visit", weight=1.5)) == [("weight", "float")]
    assert found(with_fields("visit", gifts__rice={"kg": [2.5]})) == [("gifts/rice", "float")]
    assert found(with_fields("visit", weight=2**60)) == [("weight", "float")]
    body = with_fields("visit", **{f"problems__{ITEM}__deep": [2**60]})
    assert found(body) == [(f"problems/{ITEM}/deep", "float")]


def test_rc3_an_unknown_type_and_no_type() -> None:
    assert found(example("visit", type="parade")) == [("type", "unknown_type")]
    assert found({}) == [("type", "required")]


def test_rc4_of_a_newer_version_only_the_envelope_is_checked() -> None:
    body = with_fields("visit", period="another shape")
    body["version"] = TYPES["visit"].version + 1
    assert check(body) == []
    body["author"] = "a b"
    assert found(body) == [("author", "format")]


@pytest.mark.parametrize("version", [None, 0, True, "2", 2.0])
def test_rc4_a_version_is_a_positive_whole_number(version: Any) -> None:
    assert found(example("visit", version=version)) == [("version", "format")]


def test_rc5_a_deleted_body_has_no_problems() -> None:
    assert check({"_id": "visit:1", "_deleted": True}) == []


def test_rc6_a_cleared_field_is_as_if_absent() -> None:
    assert check(with_fields("visit", kind=None)) == []
    assert found(with_fields("visit", period=None)) == [("period", "required")]


@pytest.mark.parametrize(
    ("type_name", "record_id", "sound"),
    [
        ("visit", "visit:01K9ZJ", True),
        ("visit", "service:01K9ZJ", False),
        ("visit", "visit:", False),
        ("visit", 7, False),
        ("subject", "household:01K9ZJ", True),
        ("subject", "subject:01K9ZJ", False),
        ("subject", "village:01K9ZJ", False),
        ("check", "check:visit:01K9ZJ", True),
        ("form", "form:visit/4", True),
    ],
)
def test_rc7_an_id_begins_with_its_type_and_a_subjects_with_its_kind(
    type_name: str, record_id: Any, sound: bool
) -> None:
    assert found(example(type_name, _id=record_id)) == ([] if sound else [("_id", "format")])


def test_rc8_an_item_that_lacks_a_required_part_is_told_by_its_own_path() -> None:
    body = with_fields("visit", problems__b2xx__state="open", problems__a1xx__owner="m0042")
    assert found(body) == [("problems/b2xx/text", "required"), ("problems/a1xx/text", "required")]


def test_rc8_a_removal_alone_asks_for_no_other_part() -> None:
    assert check(with_fields("visit", problems__a1xx__withdrawn={"over": ["s1"]})) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("problems/p 1/text", "屋顶漏雨"),
        ("participants/张三", True),
        ("stages/begun/actual", "2026-11-20T00:03:12Z"),
        ("parties/b 03", True),
    ],
)
def test_rc8_an_id_of_another_kind_is_told(path: str, value: Any) -> None:
    body = example("service")
    body["fields"][path] = value
    assert [field for field, _ in found(body)] == [path]


@pytest.mark.parametrize(
    ("path", "value", "sound"),
    [
        ("period", ["2026-11-20T00:03:12Z", "2026-11-20T00:40:00Z"], True),
        ("period", ["2026-11-20T00:03:12Z", None], True),
        ("period", [None, "2026-11-20T00:03:12Z"], False),
        ("period", ["2026-11-20T08:03:12+08:00", None], False),
        ("period", ["2026-02-30T00:03:12Z", None], False),
        ("period", ["2026-W47-5T00:03:12Z", None], False),
        ("period", ["2026-11-20 00:03:12Z", None], False),
        ("place", [391_234_567, 1_161_234_567], True),
        ("place", [391_234_567, 1_161_234_567, 12], True),
        ("place", [39.1, 116.1], False),
        ("place", [391_234_567, 1_161_234_567, True], False),
        ("place", [991_234_567, 0], False),
        ("keep_until", "2029-11-20", True),
        ("keep_until", "2029-02-29", False),
        ("keep_until", "20291120", False),
        ("advised", 3, True),
        ("advised", -1, False),
        ("advised", True, False),
        ("advised", 3.0, False),
        ("narrative", "", False),
        ("narrative", "字" * 20_000, True),
        ("narrative", "字" * 20_001, False),
        ("participants/m0042", 1, False),
        ("follow_ups/a1xx/problem", "visit:01K9#a1xx", True),
        ("follow_ups/a1xx/problem", "visit:01K9", False),
        ("withdrawn", {"over": ["s1", "s2"]}, True),
        ("withdrawn", True, False),
        ("withdrawn", {"over": [1]}, False),
    ],
)
def test_rc9_each_kind_of_value_has_one_way_to_be_written(path: str, value: Any, sound: bool) -> None:
    body = example("visit")
    body["fields"][path] = value
    assert [field for field, _ in found(body)] == ([] if sound else [path])


@pytest.mark.parametrize(
    ("value", "code"), [(7, "type"), ("", "empty"), ("长" * 2001, "too_long")], ids=["type", "empty", "too long"]
)
def test_rc9_a_text_says_whether_it_is_no_text_empty_or_too_long(value: Any, code: str) -> None:
    assert found(with_fields("visit", brought=value)) == [("brought", code)]


def test_rc9_a_rating_is_a_number_from_5_to_1() -> None:
    assert found(with_fields("rating", score=0)) == [("score", "choice")]
    assert found(with_fields("rating", score=True)) == [("score", "choice")]
    assert "5 非常满意、4 满意、3 基本满意、2 不满意、1 非常不满意" in check(with_fields("rating", score="5"))[0].zh


def test_rc10_a_household_narrative_needs_notice_or_consent_and_a_date() -> None:
    assert found(with_fields("visit", privacy=None)) == [("privacy", "required")]
    assert found(with_fields("visit", keep_until=None)) == [("keep_until", "required")]
    assert check(with_fields("visit", privacy=None, keep_until=None, narrative=None)) == []
    assert check(with_fields("visit", privacy=None, subject="enterprise:01K9")) == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("stamps", []),
        ("stamps", {"": ""}),
        ("stamps", {"": 7}),
        ("replaced", {}),
        ("replaced", [1]),
        ("replaced", [{"path": "kind", "stamp": ""}]),
        ("replaced", [{"path": "kind", "stamp": "s", "by": 1}]),
        ("replaced", [{"path": "kind", "stamp": "s", "value": 1.5}]),
    ],
)
def test_rc1_a_history_that_is_none_is_told(key: str, value: Any) -> None:
    assert found(example("visit", **{key: value})) == [(key, "format")]


def test_rc1_a_record_without_history_is_sound() -> None:
    body = example("visit")
    del body["stamps"], body["replaced"]
    assert check(body) == []


def test_rc1_a_field_needs_a_name_since_the_empty_path_is_the_creations_stamp() -> None:
    body = example("visit")
    body["fields"][""] = 1
    assert found(body) == [("", "format")]


def test_rc1_fields_that_are_no_object_are_told() -> None:
    assert found(example("visit", fields=[])) == [("fields", "type")]


def test_rc1_nesting_without_end_is_told_as_any_other_value() -> None:
    deep: Any = 1.5
    for _ in range(100_000):
        deep = [deep]
    assert found(with_fields("visit", deep=deep)) == [("deep", "float")]


@pytest.mark.parametrize("type_name", list(TYPES))
def test_no_field_bears_the_name_of_an_envelope_key_of_its_type_and_all_are_labelled(type_name: str) -> None:
    of = TYPES[type_name]
    assert all((of.zh, of.en))
    assert len(of.by_path) == len(of.fields)
    for one in of.fields:
        assert all((one.zh, one.en)), one.path
        assert one.path.count("*") == (one.key is not None), one.path
        if of.envelope:
            assert one.path not in ENVELOPE, one.path
