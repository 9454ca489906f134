"""The quick look never calls a record sound that the close look finds something wrong with."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import TYPES, check, check_dates, example
from schemas.checks import ENVELOPE
from schemas.soundness import sound

NOW = datetime(2026, 11, 21, 8, 30, 12, tzinfo=UTC)
ITEM = "01K9ZJ7A1B2C3D4E5F6G7H8J9K"

values = st.one_of(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    st.sampled_from(
        [
            "2026-11-20T00:03:12Z",
            "2026-11-21T24:00:00Z",
            "2026-11-22T08:30:30Z",
            "2026-02-30T00:00:00Z",
            "2099-01-01T00:00:00Z",
            "1970-01-01",
            "2026-02-29",
            "2026-11-23",
            "household:01K8",
            "enterprise:01K8",
            "m0042",
            "solved",
            "actual",
        ]
    ),
    st.lists(
        st.sampled_from(["2026-11-20T00:03:12Z", "2026-11-19T00:00:00Z", "2099-01-01T00:00:00Z", None, 7]), max_size=3
    ),
    st.dictionaries(st.sampled_from(["over", "x"]), st.lists(st.text(max_size=3), max_size=2), max_size=2),
)
stamps = st.one_of(
    values,
    st.builds(
        lambda ms: f"{ms:015d}.0000-t5d2c-m0117-9f3c",
        st.sampled_from([0, 1_795_000_000_000, int((NOW + timedelta(hours=30)).timestamp() * 1000)]),
    ),
)


def is_sound(doc_id: str, body: dict[str, Any]) -> bool:
    return not check({**body, "_id": doc_id}) and not check_dates(body, NOW)


@settings(max_examples=1500)
@given(st.data())
def test_rc1_what_the_quick_look_calls_sound_has_nothing_wrong(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(list(TYPES)))
    body: dict[str, Any] = example(name)
    doc_id = body.pop("_id")
    if data.draw(st.booleans()):
        doc_id = data.draw(st.sampled_from([doc_id, "visit:01K9", "household:", "person", "x:1"]))
    listed = [
        one.path.replace("*", data.draw(st.sampled_from([ITEM, "m0042", "received", "?"])))
        for one in TYPES[name].fields
    ]
    paths = [*body["fields"], *listed, "problems/", "/", "participants/張", "", "x/y", f"problems/{ITEM}/z"]
    for _ in range(data.draw(st.integers(0, 4))):
        match data.draw(st.sampled_from(["envelope", "field", "dropped", "stamp"])):
            case "envelope":
                keys = ["type", "version", *ENVELOPE, "fields", "stamps", "replaced"]
                body[data.draw(st.sampled_from(keys))] = data.draw(values)
            case "field" if isinstance(body.get("fields"), dict):
                body["fields"][data.draw(st.sampled_from(paths))] = data.draw(values)
            case "dropped" if isinstance(body.get("fields"), dict) and body["fields"]:
                del body["fields"][data.draw(st.sampled_from(list(body["fields"])))]
            case "stamp" if isinstance(body.get("stamps"), dict):
                body["stamps"][data.draw(st.sampled_from(["", *paths]))] = data.draw(stamps)
    if sound(doc_id, body, NOW):
        assert is_sound(doc_id, body)


@pytest.mark.parametrize("name", ["visit", "service", "survey", "event", "subject", "person", "photo"])
def test_rc1_the_quick_look_knows_a_sound_record(name: str) -> None:
    body = example(name)
    body.pop("replaced", None)
    doc_id = body.pop("_id")
    assert sound(doc_id, body, NOW)
    # What it remembers of one record does not make it blind for the next.
    body["fields"]["participants/m0042"] = "yes"
    assert sound(doc_id, body, NOW) == is_sound(doc_id, body)


def test_rc1_an_id_of_another_type_is_told() -> None:
    body = example("visit")
    del body["_id"]
    assert not sound("service:01K9", body, NOW)
    assert [(one.field, one.code) for one in check({**body, "_id": "service:01K9"})] == [("_id", "format")]


def test_rc6_a_required_field_of_any_shape_that_was_cleared_is_missed() -> None:
    body = example("check")
    doc_id = body.pop("_id")
    body["fields"]["problems"] = None
    assert not sound(doc_id, body, NOW)
    assert not is_sound(doc_id, body)
