"""Structs and JSON Schema say what the checks say."""

import json
import re
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import TYPES, check, example, json_schema, struct_of

SCHEMA = json_schema()


def title(type_name: str) -> str:
    return "".join(part.capitalize() for part in type_name.split("_"))


@pytest.mark.parametrize("type_name", list(TYPES))
def test_rc70_the_struct_accepts_the_example_and_refuses_a_record_without_its_fields(type_name: str) -> None:
    msgspec.convert(example(type_name), struct_of(type_name))
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(example(type_name, fields=None), struct_of(type_name))


values = (
    st.none()
    | st.booleans()
    | st.integers(-3, 12)
    | st.sampled_from(
        ["", "x", "b03", "assist", "2026-11-20", "2026-11-20T00:03:12Z", "household:01K8", "sha256-" + "0" * 64]
    )
    | st.lists(st.sampled_from(["2026-11-20T00:03:12Z", "2026-11-20", None, 5]), max_size=3)
)


@given(st.sampled_from(list(TYPES)), st.data())
def test_rc70_what_check_accepts_the_struct_accepts(type_name: str, data: st.DataObject) -> None:
    body = example(type_name)
    singles = [one.path for one in TYPES[type_name].fields if one.key is None]
    for path in data.draw(st.lists(st.sampled_from(singles), min_size=1, max_size=3)):
        body["fields"][path] = data.draw(values)
    if not check(body):
        msgspec.convert(body, struct_of(type_name))


@pytest.mark.parametrize("type_name", list(TYPES))
def test_rc70_the_schema_describes_every_field_with_its_label(type_name: str) -> None:
    fields: dict[str, Any] = SCHEMA["$defs"][f"{title(type_name)}Fields"]
    for one in TYPES[type_name].fields:
        if one.key is None:
            described = fields["properties"][one.path]
        else:
            sample = [p for p in example(type_name)["fields"] if re.fullmatch(one.path.replace("*", "[^/]+"), p)]
            patterns = {p: s for p, s in fields["patternProperties"].items() if all(re.search(p, x) for x in sample)}
            assert patterns, one.path
            described = next(s for p, s in patterns.items() if one.zh in json.dumps(s, ensure_ascii=False))
        assert f"{one.zh} ({one.en})" in json.dumps(described, ensure_ascii=False)
    required = {one.path for one in TYPES[type_name].fields if one.required and one.key is None}
    assert set(fields.get("required", [])) == required


def test_rc70_the_schema_is_json_that_allows_unknown_fields_and_names_every_type() -> None:
    text = json.dumps(SCHEMA)
    assert 'additionalProperties": false' not in text
    assert [one["$ref"] for one in SCHEMA["oneOf"]] == [f"#/$defs/{title(name)}" for name in TYPES]
    assert SCHEMA["$defs"]["Visit"]["examples"] == [example("visit")]
