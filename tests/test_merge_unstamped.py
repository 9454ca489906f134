"""What another tool wrote without stamps is kept, is the same on every server, and settles only what it had seen."""

import copy
from typing import Any

from schemas.canonical import canonical
from sync.reconcile.body import Body, join, writes_of
from sync.reconcile.edit import create, edit
from sync.reconcile.explain import disputed
from sync.reconcile.merge import Leaf, MergePlan, merge
from sync.reconcile.stamps import is_found, is_unstamped
from sync.reconcile.unstamped import adopt_unstamped
from tests.merge_simulation import ENVELOPE, new_record, stamp_at

BASE = edit([new_record()], {"narrative": "甲"}, stamp_at(1))


def by_tool(parent: Body, changes: dict[str, Any], without: tuple[str, ...] = ("stamps", "replaced")) -> Body:
    body = copy.deepcopy(parent)
    body["fields"].update(changes)
    return {name: value for name, value in body.items() if name not in without}


def live(body: Body, path: str) -> list[Any]:
    return [write.value for write in writes_of(body) if write.path == path and write.live]


def test_mg25_a_value_without_a_stamp_is_the_same_write_on_every_server() -> None:
    plain = by_tool(BASE, {"narrative": "乙"})
    assert writes_of(plain) == writes_of(copy.deepcopy(plain))
    assert all(is_found(write.stamp) for write in writes_of(plain))


def test_mg25_a_value_that_the_record_knows_is_no_write() -> None:
    both = join([BASE, by_tool(BASE, {"people": 9})])
    assert {write.path for write in writes_of(both) if is_found(write.stamp)} == {"people"}
    assert disputed(both) == ["people"]


def test_mg25_a_value_replaced_long_ago_is_no_write_either() -> None:
    assert canonical(join([BASE, by_tool(BASE, {"narrative": "走访"})])) == canonical(BASE)


def test_mg25_a_document_without_fields_counts_its_own_members_as_fields() -> None:
    plain = {"type": "visit", "branch": "b03", "_id": "visit:1", "narrative": "乙", "people": 2}
    after = join([plain])
    assert (after["fields"], after["type"], after["branch"]) == ({"narrative": "乙", "people": 2}, "visit", "b03")


def test_mg25_two_documents_without_stamps_keep_both_values() -> None:
    after = join([{"type": "visit", "narrative": "甲"}, {"type": "visit", "narrative": "乙"}])
    assert sorted(live(after, "narrative")) == ["乙", "甲"]


def test_mg25_where_the_parent_is_held_what_was_changed_counts_as_seen() -> None:
    after = adopt_unstamped(BASE, by_tool(BASE, {"narrative": "乙"}))
    assert live(after, "narrative") == ["乙"]
    assert disputed(after) == []
    assert {write.by for write in writes_of(after) if write.value == "甲"} == {after["stamps"]["narrative"]}
    assert is_unstamped(after["stamps"]["narrative"])


def test_mg25_adopting_brings_back_the_history_that_the_tool_dropped() -> None:
    after = adopt_unstamped(BASE, by_tool(BASE, {}))
    assert canonical(after) == canonical(BASE)


def test_mg25_adopting_only_adds() -> None:
    changed = by_tool(BASE, {"narrative": "乙"})
    mine = edit([BASE], {"narrative": "丙"}, stamp_at(5))
    adopted = adopt_unstamped(BASE, changed)
    assert canonical(join([adopted, changed])) == canonical(adopted)
    assert sorted(live(join([mine, adopted]), "narrative")) == ["丙", "乙"]


def test_mg25_a_value_changed_under_its_old_stamp_is_a_change() -> None:
    after = adopt_unstamped(BASE, by_tool(BASE, {"narrative": "乙"}, without=()))
    assert live(after, "narrative") == ["乙"]
    assert {write.value for write in writes_of(after)} >= {"走访", "甲", "乙"}


def test_mg25_a_tool_may_change_its_mind_again_and_again() -> None:
    for without in ((), ("stamps",), ("stamps", "replaced")):
        body = BASE
        for value in ("乙", "甲", "乙", "甲", "走访"):
            body = adopt_unstamped(body, by_tool(body, {"narrative": value}, without))
            assert live(body, "narrative") == [value]


def test_mg25_a_field_that_an_old_client_dropped_is_not_changed() -> None:
    plain = by_tool(BASE, {"narrative": "乙"})
    del plain["fields"]["people"]
    assert adopt_unstamped(BASE, plain)["fields"]["people"] == 3


def test_mg25_an_old_copy_put_back_as_a_whole_is_a_change() -> None:
    newer = edit([BASE], {"narrative": "丙"}, stamp_at(7))
    assert live(adopt_unstamped(newer, BASE), "narrative") == ["甲"]


def test_mg25_a_stamped_revision_is_left_as_it_is() -> None:
    after = edit([BASE], {"narrative": "乙"}, stamp_at(5))
    assert adopt_unstamped(BASE, after) is after
    assert adopt_unstamped(None, by_tool(BASE, {"narrative": "乙"})) == by_tool(BASE, {"narrative": "乙"})


def test_mg25_a_merge_of_two_equal_stamps_is_not_taken_for_a_change() -> None:
    one = create(ENVELOPE, {"narrative": "甲"}, stamp_at(0))
    both = join([one, create(ENVELOPE, {"narrative": "乙"}, stamp_at(0))])
    assert adopt_unstamped(one, both) is both


def test_mg25_the_worker_adopts_a_lone_leaf_and_then_rests() -> None:
    leaf = Leaf("2-" + "b" * 32, by_tool(BASE, {"narrative": "乙"}), parent=BASE)
    plan = merge([leaf], leaf.rev, version_max=1)
    assert isinstance(plan, MergePlan)
    assert plan.continuation is not None
    again = Leaf(plan.continuation.rev, plan.continuation.body, parent=leaf.body)
    rest = merge([again], again.rev, version_max=1)
    assert isinstance(rest, MergePlan)
    assert rest.nothing


def test_mg25_a_lone_document_of_another_tool_is_left_as_it_is() -> None:
    plan = merge([Leaf("1-" + "a" * 32, {"type": "visit", "narrative": "甲"})], "1-" + "a" * 32, version_max=1)
    assert isinstance(plan, MergePlan)
    assert plan.nothing
