"""Decide what an edit writes: it settles what it had seen and adds its own, on the join of all leaves that are held.

Pure: takes the bodies of the leaves (ended ones too) and a new stamp, returns the body to store. The tablets do the
same; tests/vectors/merge.json holds both to it.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from schemas.canonical import canonical
from sync.reconcile.body import Body, Record, read, written
from sync.reconcile.removals import removal_path, removal_value
from sync.reconcile.rules import RuleOf, always_latest
from sync.reconcile.stamps import is_found, stamp_found
from sync.reconcile.writes import Gone, Write, key_of


class NotSettled(ValueError):
    """A value that still shows, or may show again, cannot be redacted: settle or replace it first."""

    def __init__(self, path: str, stamp: str) -> None:
        super().__init__(f"the write {stamp} of {path} is live: settle it first")
        self.path, self.stamp = path, stamp


class StampUsed(ValueError):
    """The field already has a write with this stamp: make the stamp with `next_stamp` on the record's own stamps."""

    def __init__(self, path: str, stamp: str) -> None:
        super().__init__(f"{path} already has a write stamped {stamp}")
        self.path, self.stamp = path, stamp


def create(envelope: Mapping[str, Any], fields: Mapping[str, Any], stamp: str) -> Body:
    """The first body of a record; its stamp stands for all its fields."""
    return {**envelope, "fields": dict(fields), "stamps": {"": stamp}, "replaced": []}


def edit(
    leaves: Iterable[Body],
    changes: Mapping[str, Any],
    stamp: str,
    *,
    rule_of: RuleOf = always_latest,
) -> Body:
    """Give fields new values, knowing all live writes of the leaves. None empties a field.

    A member of a set is a path with the value true or false. A value that a field already has, undisputed, is no write.
    Own writes are kept like any other's (MG8). Raises StampUsed, or NotCanonical for a value that no two programs hash alike.
    """
    record = read(leaves)
    for path, value in changes.items():
        _give(record, path, value, stamp)
    return _tidied(record, rule_of)


def withdraw(leaves: Iterable[Body], stamp: str, reason: str = "", *, rule_of: RuleOf = always_latest) -> Body:
    """Remove the record, as far as the leaves show it."""
    return remove_item(leaves, "", stamp, reason, rule_of=rule_of)


def remove_item(
    leaves: Iterable[Body], item: str, stamp: str, reason: str = "", *, rule_of: RuleOf = always_latest
) -> Body:
    """Remove one item (`problems/01K9…`), as far as the leaves show it."""
    record = read(leaves)
    _give(record, removal_path(item), removal_value(record.writes, item, reason), stamp)
    return _tidied(record, rule_of)


def restore_item(leaves: Iterable[Body], item: str, stamp: str, *, rule_of: RuleOf = always_latest) -> Body:
    """Take back the removal of an item, or of the record when `item` is ""."""
    return edit(leaves, {removal_path(item): None}, stamp, rule_of=rule_of)


def settle(
    leaves: Iterable[Body], path: str, value: Any, stamp: str, saw: Collection[str], *, rule_of: RuleOf = always_latest
) -> Body:
    """Settle a dispute: the field gets `value`, and of its live writes those whose stamps are in `saw` are settled.

    A write that came after the decision was taken stays live, so the dispute opens again. Doing it twice does it once.
    """
    record = read(leaves)
    here = [write for write in record.writes.at(path) if write.stamp == stamp]
    # A value that was given up since, by pruning or redacting, does not come back with the decision that gave it.
    known = any(isinstance(write.value, Gone) or canonical(write.value) == canonical(value) for write in here)
    if not known:
        _refuse_used(record, path, stamp)
    seen = {key_of(write) for write in record.writes.live(path) if write.stamp in saw and write.stamp != stamp}
    record.writes.settle(path, stamp, seen)
    record.writes.add(Write(path, stamp, value))
    return _tidied(record, rule_of)


def redact(body: Body, path: str, stamps: Collection[str], *, rule_of: RuleOf = always_latest) -> Body:
    """Take away the values of settled writes of a path for good; their stamps stay. Raises NotSettled for live ones.

    Joined with a copy that still holds the values, the result holds none of them.
    """
    record = read([body])
    for write in record.writes.at(path):
        if write.stamp not in stamps:
            continue
        if write.by == "":
            raise NotSettled(path, write.stamp)
        record.writes.drop(write)
        # The stamp of a value found without one is a hash of it, and would let it be guessed.
        stamp = stamp_found("0" * 16) if is_found(write.stamp) else write.stamp
        record.writes.add(Write(path, stamp, Gone(""), write.by))
    return _tidied(record, rule_of)


def _give(record: Record, path: str, value: Any, stamp: str) -> None:
    writes = record.writes
    live = writes.live(path)
    if len(live) == 1 and canonical(live[0].value) == canonical(value):
        return
    _refuse_used(record, path, stamp)
    writes.settle(path, stamp, {key_of(write) for write in writes.at(path)})
    writes.add(Write(path, stamp, value))


def _refuse_used(record: Record, path: str, stamp: str) -> None:
    if any(write.stamp == stamp for write in record.writes.at(path)):
        raise StampUsed(path, stamp)


def _tidied(record: Record, rule_of: RuleOf) -> Body:
    record.writes.tidy()
    return written(record, rule_of)
