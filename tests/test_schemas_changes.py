"""Who may bring a record into being and who may change what in it."""

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import TYPES, example, may_change, may_create, new_writes, refusal_to_create, relayed, stamp_member
from schemas.examples import STAMP

ITEM = "01K9ZJ7A1B2C3D4E5F6G7H8J9K"
AUTHOR = frozenset({"member:m0117", "branch:b03", "everyone"})
PARTICIPANT = frozenset({"member:m0042", "branch:b03", "everyone"})
STRANGER = frozenset({"member:m0099", "branch:b03", "everyone"})
SECRETARY = frozenset({"member:m0101", "branch:b03", "secretary:b03", "everyone"})
SERVER = frozenset({"server"})


def stamp(member: str) -> str:
    return f"001795132999000.0000-t5d2c-{member}-9f3c"


def edited(body: dict[str, Any], path: str, value: Any, by: str | None) -> dict[str, Any]:
    """The body after an edit, as a tablet makes it; `by` None: as a tool without stamps does."""
    new = deepcopy(body)
    if by is None:
        new["fields"][path] = value
        return new
    if path in new["fields"]:
        seen = new["stamps"].get(path, STAMP)
        new.setdefault("replaced", []).append(
            {"path": path, "value": new["fields"][path], "stamp": seen, "by": stamp(by)}
        )
    new["fields"][path] = value
    new["stamps"][path] = stamp(by)
    return new


def refused(old: Any, new: Any, principals: frozenset[str]) -> str | None:
    problem = may_change(old, new, principals)
    return None if problem is None else problem.code


@pytest.mark.parametrize(
    ("type_name", "may", "may_not"),
    [
        ("visit", {"branch:b03"}, {"branch:b05", "committee", "secretary:b05", "administrator"}),
        ("event", {"branch:b03"}, {"committee"}),
        ("subject", {"branch:b03"}, {"branch:b05"}),
        ("person", {"secretary:b03"}, {"branch:b03", "committee", "assigned:household:another"}),
        ("person", {"assigned:household:01K8Q2M4T6V8C0N2B4X6D8E0F1"}, {"member:m0117"}),
        ("photo", {"branch:b03"}, {"branch:b05"}),
        ("review", {"secretary:b03"}, {"branch:b03"}),
        ("review", {"committee"}, {"secretary:b05"}),
        ("assignment", {"committee"}, {"branch:b03"}),
        ("form", {"administrator"}, {"secretary:b03", "committee"}),
        ("activity", {"server"}, {"administrator", "secretary:b03", "committee"}),
        ("check", {"server"}, {"administrator", "branch:b03"}),
    ],
)
def test_rc40_each_type_is_created_by_those_who_may(type_name: str, may: set[str], may_not: set[str]) -> None:
    assert may_create(example(type_name), may)
    assert not may_create(example(type_name), may_not)
    assert not may_create(example(type_name), set())


def test_rc40_a_record_of_an_unknown_type_is_for_an_administrator() -> None:
    assert not may_create(example("visit", type="parade"), {"branch:b03"})


@pytest.mark.parametrize("type_name", ["review", "assignment"])
def test_rc41_nobody_decides_on_an_own_record(type_name: str) -> None:
    own = example("visit", author="m0101")
    decision = example(type_name, author="m0101")
    problem = refusal_to_create(decision, SECRETARY, [own])
    assert problem is not None
    assert problem.code == "own_record"
    assert may_create(decision, SECRETARY, example("visit"))


def test_rc41_neither_in_anothers_name_nor_on_an_activity_made_from_it() -> None:
    assert not may_create(example("review", author="m0102"), SECRETARY, example("visit", author="m0101"))
    activity = example("activity")
    activity["fields"]["authors/m0101"] = True
    assert not may_create(example("review", author="m0101"), SECRETARY, activity)
    assert may_create(example("review", author="m0101"), SECRETARY, example("subject", author="m0101"))


def test_rc41_nor_joins_or_splits_anothers_record_and_an_own_one() -> None:
    anothers, own = example("visit"), example("visit", author="m0101")
    assert may_create(example("review", author="m0101"), SECRETARY, anothers, anothers)
    assert not may_create(example("review", author="m0101"), SECRETARY, anothers, own)


def test_rc42_photos_come_from_those_who_were_there_and_ratings_from_the_authors_tablet() -> None:
    visit = example("visit")
    assert may_create(example("photo", author="m0042"), PARTICIPANT, visit)
    assert not may_create(example("photo", author="m0099"), STRANGER, visit)
    assert may_create(example("rating"), AUTHOR, visit)
    assert not may_create(example("rating", author="m0042"), PARTICIPANT, visit)
    assert not may_create(example("signature", author="m0042"), PARTICIPANT, visit)


def test_rc43_a_record_of_another_author_is_accepted_and_its_writes_are_relayed() -> None:
    body = example("visit")
    assert may_create(body, STRANGER)
    assert {write.path for write in relayed(None, body, "m0099")} == {*body["fields"]}
    assert {write.stamp for write in relayed(None, body, "m0117")} == {body["stamps"][f"problems/{ITEM}/state"]}


def test_rc44_older_values_of_a_tablet_that_has_not_seen_an_edit_are_no_writes() -> None:
    old = example("visit")
    joined = edited(old, "narrative", "后来补充", "m0117")
    assert new_writes(joined, old) == []
    mixed = edited(old, f"problems/{ITEM}/result", "已修好", "m0042")
    assert refused(joined, mixed, PARTICIPANT) is None


def test_rc44_a_value_with_another_stamp_is_another_write_and_true_is_not_1() -> None:
    old = example("visit")
    assert [write.path for write in new_writes(old, edited(old, "narrative", old["fields"]["narrative"], "m0117"))] == [
        "narrative"
    ]
    bare = {**old, "stamps": {}, "replaced": []}
    assert new_writes(bare, edited(bare, "participants/m0042", 1, None)) != []
    assert new_writes(old, edited(old, "kind", "link", "m0117"))[0].value == b'"link"'


def test_rc44_a_tool_without_stamps_writes_only_what_it_changed() -> None:
    old = example("visit")
    bare = {key: value for key, value in old.items() if key not in ("stamps", "replaced")}
    assert new_writes(old, bare) == []
    assert [write.path for write in new_writes(old, edited(bare, "kind", "link", None))] == ["kind"]


@pytest.mark.parametrize("key", ["type", "branch", "author"])
def test_rc45_author_branch_and_type_never_change(key: str) -> None:
    assert refused(example("visit"), example("visit", **{key: "another"}), AUTHOR) == "fixed"


@pytest.mark.parametrize("path", ["narrative", "subject", "withdrawn", f"problems/{ITEM}/state", "mood"])
def test_rc46_the_author_changes_any_field(path: str) -> None:
    assert refused(example("visit"), edited(example("visit"), path, "x", "m0117"), AUTHOR) is None


@pytest.mark.parametrize(
    ("path", "verdict"),
    [
        (f"problems/{ITEM}/state", None),
        ("problems/01KNEW/text", None),
        ("follow_ups/01KNEW/text", None),
        ("parts/m0042/text", None),
        ("participants/m0042", None),
        ("parts/m0117/text", "not_your_part"),
        ("participants/m0099", "not_your_part"),
        ("narrative", "not_your_part"),
        ("period", "not_your_part"),
        ("withdrawn", "not_your_part"),
        ("parties/b05", "not_your_part"),
    ],
)
def test_rc46_a_participant_adds_the_own_part_only(path: str, verdict: str | None) -> None:
    assert refused(example("visit"), edited(example("visit"), path, False, "m0042"), PARTICIPANT) == verdict
    assert refused(example("visit"), edited(example("visit"), path, False, None), PARTICIPANT) == verdict


def test_rc46_a_participant_relays_what_the_author_wrote_but_not_what_a_stranger_could_not_write() -> None:
    old = example("visit")
    assert refused(old, edited(old, "narrative", "作者所写", "m0117"), PARTICIPANT) is None
    assert refused(old, edited(old, "narrative", "他人所写", "m0099"), PARTICIPANT) == "not_your_part"
    old["fields"]["participants/m0043"] = True
    assert refused(old, edited(old, "parts/m0043/text", "补充", "m0043"), PARTICIPANT) is None
    assert refused(old, edited(old, "narrative", "他人所写", "m0043"), PARTICIPANT) == "not_your_part"


@pytest.mark.parametrize("principals", [STRANGER, SECRETARY, frozenset({"committee"}), frozenset({"administrator"})])
def test_rc46_nobody_else_changes_a_visit(principals: frozenset[str]) -> None:
    old = example("visit")
    assert refused(old, edited(old, "narrative", "x", "m0117"), principals) == "forbidden"


def test_rc46_a_party_of_a_case_adds_to_addenda_and_needs() -> None:
    party, lead = frozenset({"member:m0201", "branch:b05"}), frozenset({"member:m0101", "secretary:b03"})
    old = example("case")
    assert refused(old, edited(old, "addenda/01KNEW/text", "补充意见", "m0201"), party) is None
    assert refused(old, edited(old, "conclusion", "pass", "m0201"), party) == "not_your_part"
    assert refused(old, edited(old, "conclusion", "pass", "m0101"), lead) is None


def test_rc46_a_subject_is_changed_by_members_of_its_branch_and_person_facts_need_rights_to_both() -> None:
    old = example("subject")
    assert refused(old, edited(old, "address", "新址", "m0099"), STRANGER) is None
    person, mine = example("person"), frozenset({"assigned:household:01K8Q2M4T6V8C0N2B4X6D8E0F1"})
    assert refused(person, edited(person, "health", "好转", "m0099"), mine) is None
    assert refused(person, edited(person, "subject", "household:01KOTHER", "m0099"), mine) == "not_your_part"


@pytest.mark.parametrize("type_name", [name for name, of in TYPES.items() if of.once])
def test_rc47_what_is_written_once_is_not_changed_by_anybody_who_pushes(type_name: str) -> None:
    old = example(type_name)
    assert refused(old, edited(old, "text", "改", "m0117"), AUTHOR | SECRETARY) == "written_once"
    assert refused(old, deepcopy(old), AUTHOR) is None


def test_rc50_a_record_is_withdrawn_and_not_deleted() -> None:
    old = example("visit")
    assert refused(old, {**old, "_deleted": True}, AUTHOR) == "not_deletable"
    assert refused(old, {"_deleted": True}, AUTHOR) == "not_deletable"
    assert refused(old, {"_deleted": True}, SERVER) is None


def test_rc44_a_new_value_under_a_known_stamp_is_the_pushers_own() -> None:
    old = example("visit")
    new = edited(old, "narrative", "换了说法", None)
    assert [(write.path, write.stamp) for write in new_writes(old, new)] == [("narrative", "")]
    assert relayed(old, new, "m0042") == []
    assert new_writes(old, edited(old, "mood", "calm", None))[0].stamp == ""


def test_rc44_a_write_whose_value_was_pruned_is_known_by_its_stamp() -> None:
    new = example("visit")
    old = deepcopy(new)
    del old["replaced"][0]["value"]
    assert new_writes(old, new) == []


def test_rc49_the_server_alone_keeps_the_readers_and_may_write_anything() -> None:
    old = example("photo")
    new = edited(old, "readers/branch:b05", True, "m0117")
    assert refused(old, new, AUTHOR) == "kept_by_server"
    assert refused(old, new, SERVER) is None
    assert refused(old, edited(old, "caption", "屋顶东侧", "m0117"), AUTHOR) is None
    assert may_create(example("visit", branch="b09"), SERVER)


def test_rc43_a_stamp_names_its_member_unless_it_was_worked_out_from_content() -> None:
    assert stamp_member(stamp("m0042")) == "m0042"
    assert stamp_member("") is None
    assert stamp_member("001795132999000.0000-content") is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=5,
)


@given(
    st.sampled_from(list(TYPES)),
    st.dictionaries(
        st.sampled_from(["type", "version", "branch", "author", "fields", "stamps", "replaced"]), json_values
    ),
    st.booleans(),
)
def test_rc44_a_change_of_any_shape_is_judged(type_name: str, changes: dict[str, Any], swap: bool) -> None:
    bodies = [example(type_name), {**example(type_name), **changes}]
    old, new = reversed(bodies) if swap else bodies
    may_change(old, new, AUTHOR)
    may_create(new, AUTHOR, old)
    relayed(old, new, "m0117")
