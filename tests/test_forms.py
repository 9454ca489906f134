"""What a form shows and what it asks for. The vectors are shared with the tablet's interpreter."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import TYPES, check, check_form, default_forms, example, field_of, visible
from schemas.form_soundness import unsound

VECTORS: list[dict[str, Any]] = json.loads((Path(__file__).parent / "vectors" / "forms.json").read_text("utf-8"))
FORMS = {form["fields"]["for"]: form for form in default_forms()}


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["name"] for vector in VECTORS])
def test_fm1_to_fm10_the_shared_vectors(vector: dict[str, Any]) -> None:
    assert visible(vector["form"], vector["values"]) == vector["visible"]
    found = [[problem.field, problem.code] for problem in check_form(vector["form"], vector["values"])]
    assert found == vector["problems"]


def test_fm1_to_fm10_every_rule_has_a_vector_and_no_two_bear_one_name() -> None:
    names = [vector["name"] for vector in VECTORS]
    assert len(set(names)) == len(names)
    assert {name.split()[0] for name in names} == {f"fm{number}" for number in range(1, 11)}


def test_fm10_a_problem_bears_the_label_and_says_what_to_do() -> None:
    problems = check_form(FORMS["visit"], {"kind": "holiday", "problems/a1xx/state": "open"})
    told = {problem.field: problem for problem in problems}
    assert told["subject"].zh == "走访对象：必填，请填写"
    assert told["kind"].en.startswith("Kind of visit: choose from: help for a household, ")
    assert told["problems/a1xx/text"].en == "Problem: required, fill it in"


@pytest.mark.parametrize("name", ["visit", "service", "survey", "event"])
def test_fm11_each_default_form_is_a_sound_document_named_by_type_and_number(name: str) -> None:
    form = FORMS[name]
    assert check(form) == []
    assert form["_id"] == f"form:{name}/{form['fields']['number']}"


@pytest.mark.parametrize("name", ["visit", "service", "survey", "event"])
def test_fm11_every_path_of_a_default_form_is_a_field_of_its_type(name: str) -> None:
    for item in FORMS[name]["fields"]["items"]:
        paths = [f"{item['path']}/a1xx/{part['path']}" for part in item.get("items", [])]
        if item["kind"] == "set":
            paths = [f"{item['path']}/m0042"]
        for path in paths or [item["path"]]:
            assert field_of(name, path) is not None, path


@pytest.mark.parametrize("name", ["visit", "service", "event"])
def test_fm11_a_sound_record_fills_its_default_form(name: str) -> None:
    assert check_form(FORMS[name], example(name)["fields"]) == []


def test_fm11_the_survey_form_asks_for_each_item_of_the_checklist() -> None:
    missing = {problem.field for problem in check_form(FORMS["survey"], example("survey")["fields"])}
    assert missing == {f"findings/{code}/finding" for code in ("premises", "facilities", "safety", "documents")}


@pytest.mark.parametrize("name", ["visit", "service", "survey", "event"])
def test_fm11_a_form_asks_for_all_that_the_check_of_its_record_requires(name: str) -> None:
    required = {one.path for one in TYPES[name].fields if one.required and one.key is None}
    assert required <= {problem.field for problem in check_form(FORMS[name], {})}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
item_keys = st.sampled_from(["path", "kind", "label", "required", "min", "max", "options", "of", "show_if", "items"])


@given(st.data())
def test_fm1_no_form_and_no_values_make_the_interpreter_fail(data: st.DataObject) -> None:
    form = json.loads(json.dumps(FORMS[data.draw(st.sampled_from(sorted(FORMS)))]))
    items = form["fields"]["items"]
    for _ in range(data.draw(st.integers(0, 2))):
        items[data.draw(st.integers(0, len(items) - 1))][data.draw(item_keys)] = data.draw(json_values)
    paths = [item["path"] for item in FORMS["visit"]["fields"]["items"]]
    keys = st.sampled_from([*paths, "problems/a/text", "problems//x", "participants/", "problems/a/withdrawn"])
    values = data.draw(st.dictionaries(keys, json_values, max_size=5))
    shown = visible(form, values)
    assert {problem.field for problem in check_form(form, values)} - {"items"} <= {*shown, *values}
    assert check_form({"fields": data.draw(json_values)}, values)[0].code == "format"


def test_fm12_the_default_forms_can_be_published_and_what_does_not_fit_is_told_at_its_place() -> None:
    for name, form in FORMS.items():
        assert unsound(name, None, form["fields"]["items"]) == []
    subject, kind, period = FORMS["visit"]["fields"]["items"][:3]
    own = {"path": "x_1", "kind": "text", "label": {"zh": "问", "en": "q"}}
    twice = [{"value": "a", "label": own["label"]}, {"value": "a", "label": own["label"]}]
    items = [
        {**own, "show_if": {"path": "kind", "equals": "assist"}},
        {**kind, "options": [*kind["options"], {"value": "new", "label": own["label"]}]},
        {**own, "path": "x_2", "show_if": {"path": "kind", "equals": ["assist", "never"]}},
        {**own, "path": "x_3", "show_if": {"path": "nothing", "equals": 1}},
        {**own, "path": "x_4", "min": 5, "max": 3},
        {**own, "path": "x_5", "kind": "boolean", "max": 3},
        {**own, "path": "x_6", "kind": "choice", "options": twice},
        {**own, "path": "narrative", "kind": "integer"},
        subject,
    ]
    assert [place for place, _, _ in unsound("visit", None, items)] == [
        "items",
        "items/0/show_if",
        "items/1/options",
        "items/2/show_if",
        "items/3/show_if",
        "items/4/min",
        "items/5/max",
        "items/6/options",
        "items/7/kind",
    ]
    assert unsound("visit", None, [subject, kind, period]) == []
