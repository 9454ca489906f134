"""Who reads a record, from its body alone."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import TYPES, UNREADABLE, creators, example, owners, readers, writers

HOUSEHOLD = "household:01K8Q2M4T6V8C0N2B4X6D8E0F1"

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def with_fields(type_name: str, **fields: Any) -> dict[str, Any]:
    body = example(type_name)
    body["fields"].update({path.replace("__", "/"): value for path, value in fields.items()})
    return body


@given(st.data())
def test_rc31_readers_and_writers_are_told_of_any_json_object(data: st.DataObject) -> None:
    bodies = [data.draw(st.dictionaries(st.text(max_size=8), json_values, max_size=3))]
    changed: dict[str, Any] = example(data.draw(st.sampled_from(list(TYPES))))
    for key in data.draw(st.lists(st.sampled_from(["type", "branch", "author", "fields"]), min_size=1)):
        changed[key] = data.draw(json_values)
    bodies.append(changed)
    touched: dict[str, Any] = example(data.draw(st.sampled_from(list(TYPES))))
    for path in ("participants/m1", "readers/everyone", "subject", "member", "participants/", "readers/x"):
        touched["fields"][path] = data.draw(json_values)
    bodies.append(touched)
    for body in bodies:
        for told in (readers, creators, writers, owners):
            assert all(principal.__class__ is str for principal in told(body))
        assert readers(body)


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "parade"},
        {"type": None},
        {"type": ["visit"]},
        {"branch": None},
        {"branch": "b 03"},
        {"author": 7},
        {"author": ""},
    ],
)
def test_rc31_what_cannot_be_read_is_for_an_administrator(changes: dict[str, Any]) -> None:
    assert readers(example("visit", **changes)) == UNREADABLE == {"administrator"}


def test_rc31_a_record_whose_fields_are_lost_keeps_the_readers_of_its_envelope() -> None:
    assert readers(example("visit", fields=None)) == {"member:m0117", "secretary:b03", "committee"}


@pytest.mark.parametrize("type_name", ["visit", "service", "survey", "event"])
def test_rc32_a_field_record_is_read_by_author_participants_secretary_committee_and_parties(type_name: str) -> None:
    body = example(type_name)
    body["fields"] = {"participants/m0042": True, "participants/m0043": False, "parties/b05": True, "parties/b 6": True}
    assert readers(body) == {"member:m0117", "member:m0042", "secretary:b03", "committee", "branch:b05"}


@pytest.mark.parametrize("type_name", ["photo", "rating", "signature"])
def test_rc33_a_companion_is_read_by_its_author_the_secretary_and_the_readers_that_it_carries(type_name: str) -> None:
    body = with_fields(type_name, **{"readers__branch:b05": True, "readers__member:m0042": False})
    assert readers(body) == {"member:m0117", "secretary:b03", "committee", "branch:b05"}


def test_rc33_a_set_of_readers_cannot_name_everyone_an_administrator_or_nonsense() -> None:
    body = with_fields("photo", readers__everyone=True, readers__administrator=True, readers__x=True)
    assert readers(body) == readers(example("photo"))


def test_rc33_a_check_has_no_author_among_its_readers_but_those_of_its_record() -> None:
    assert readers(example("check")) == {"secretary:b03", "member:m0042", "committee"}


def test_rc33_an_assignment_is_read_by_whom_it_is_assigned_to() -> None:
    assert readers(example("assignment")) == {"member:m0117", "member:m0042", "secretary:b03", "committee"}


def test_rc34_a_subject_is_read_by_its_branches_and_person_facts_by_the_assigned_and_the_secretary() -> None:
    assert readers(with_fields("subject", branches__b05=True)) == {"branch:b03", "branch:b05"}
    assert readers(example("person")) == {f"assigned:{HOUSEHOLD}", "secretary:b03"}
    assert readers(with_fields("person", subject=None)) == {"secretary:b03"}


def test_rc35_what_the_worker_writes_is_read_by_the_branches_and_the_committee() -> None:
    assert readers(with_fields("activity", branches__b05=True)) == {"branch:b03", "branch:b05", "committee"}
    assert readers(example("activity_record")) == {"branch:b03", "committee"}
    assert readers(example("case")) == {"member:m0117", "branch:b03", "branch:b05", "committee"}


@pytest.mark.parametrize("type_name", ["branch", "window", "unit", "member", "form", "notice"])
def test_rc35_the_directory_is_read_by_everyone_and_written_by_an_administrator(type_name: str) -> None:
    body = example(type_name)
    assert readers(body) == {"everyone"}
    assert creators(body) == writers(body) == {"administrator"}


def test_rc30_equal_readers_are_one_object() -> None:
    assert readers(example("visit")) is readers(example("visit"))


def test_rc32_a_crowd_of_participants_all_read() -> None:
    body = example("event")
    body["fields"] |= {f"participants/m{number:04}": True for number in range(500)}
    assert len(readers(body)) == 502
    assert "member:m0499" in readers(body)


def test_rc31_names_without_end_are_none() -> None:
    assert readers(example("visit", branch="b" * 100_000)) == UNREADABLE
    assert readers(with_fields("visit", **{"participants__" + "m" * 100_000: True})) == readers(example("visit"))
    assert readers(with_fields("assignment", member="m" * 100_000)) == {
        "member:m0117",
        "secretary:b03",
        "committee",
    }
