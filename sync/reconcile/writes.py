"""Decide what a record holds: for each field a set of writes that only grows, joined by union.

No field rule, clock or order of arrival takes part here: a union of the same writes is the same set in any order. Pure.
"""

from collections.abc import Collection, Iterator
from hashlib import sha256
from typing import Any, Final, NamedTuple

from schemas.canonical import canonical
from sync.reconcile.stamps import is_found

SETTLED_KEPT_MAX: Final = 8
"""So many settled writes of a path, those with the largest stamps, keep their values."""


class Gone(NamedTuple):
    """Stands for a value no longer held: `mark` still tells it from other values; "" when it was redacted."""

    mark: str


class Write(NamedTuple):
    """One value that someone gave a field. `by` is "" while it is live, else the stamp of an edit that had seen it."""

    path: str
    stamp: str
    value: Any  # JSON, or Gone
    by: str = ""

    @property
    def live(self) -> bool:
        """Whether no edit has seen this write and put another in its place."""
        return self.by == "" and not isinstance(self.value, Gone)


Key = tuple[str, bytes]
"""What makes a write of a path the same write: its stamp and its value, so one stamp with two values is two writes."""

REDACTED = b"\0"


def mark_of(path: str, value: Any) -> str:
    """A short hash that tells the values of a path apart."""
    return sha256(canonical([path, value])).hexdigest()[:16]


def key_of(write: Write) -> Key:
    """The write's identity within its path; raises NotCanonical for a value that has no canonical form."""
    value = write.value
    # No JSON text begins with a NUL, so a value that is gone is never mistaken for one that is held.
    return write.stamp, b"\0" + value.mark.encode() if isinstance(value, Gone) else canonical(value)


class Writes:
    """The writes of one record. `add` as many as there are, then `tidy`: tidy ones that hold the same are equal."""

    def __init__(self) -> None:
        self.by_path: dict[str, dict[Key, Write]] = {}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Writes) and self.by_path == other.by_path

    def __iter__(self) -> Iterator[Write]:
        """Every write, ordered by path, stamp and value."""
        for path in sorted(self.by_path):
            at = self.by_path[path]
            for key in sorted(at):
                yield at[key]

    def add(self, write: Write) -> None:
        """Take in one write; of two `by` for one write the smallest that is not empty stays."""
        _put(self.by_path.setdefault(write.path, {}), key_of(write), write)

    def drop(self, write: Write) -> None:
        """Forget a write as if it had never been; only for one that no other replica can know."""
        del self.by_path[write.path][key_of(write)]

    def at(self, path: str) -> list[Write]:
        """The writes of a path, ordered by stamp and value."""
        at = self.by_path.get(path, {})
        return [at[key] for key in sorted(at)]

    def live(self, path: str) -> list[Write]:
        """The live writes of a path, ordered by stamp and value."""
        return [write for write in self.at(path) if write.live]

    def settle(self, path: str, by: str, seen: Collection[Key]) -> None:
        """Mark those live writes of a path that are among `seen` as seen by the edit with the stamp `by`."""
        for write in self.at(path):
            if write.by == "" and key_of(write) in seen:
                self.add(write._replace(by=by))

    def tidy(self) -> None:
        """Bring every path to its normal form. Each step gives the same whether it runs before a union or after it."""
        for path, at in self.by_path.items():
            if len(at) > 1:
                self.by_path[path] = _pruned(path, _told_once(_without_gone(path, at)))


def _mark(write: Write) -> str:
    return write.value.mark if isinstance(write.value, Gone) else mark_of(write.path, write.value)


def _put(at: dict[Key, Write], key: Key, write: Write) -> None:
    held = at.get(key)
    if held is None:
        at[key] = write
    elif write.by and write.by != held.by:
        at[key] = held._replace(by=min(held.by or write.by, write.by))


def _without_gone(path: str, at: dict[Key, Write]) -> dict[Key, Write]:
    """A value given up in one copy is given up in all: by a redacted stamp all values under it, by a pruned one one."""
    gone = {(stamp, mark) for stamp, mark in at if mark.startswith(b"\0")}
    if not gone:
        return at
    kept: dict[Key, Write] = {}
    for (stamp, mark), write in at.items():
        value = write.value
        if (stamp, REDACTED) in gone:
            mark, value = REDACTED, Gone("")
        elif not isinstance(value, Gone):
            hidden = mark_of(path, value)
            if (stamp, b"\0" + hidden.encode()) in gone:
                mark, value = b"\0" + hidden.encode(), Gone(hidden)
        _put(kept, (stamp, mark), write._replace(value=value))
    return kept


def _told_once(at: dict[Key, Write]) -> dict[Key, Write]:
    """A value found without a stamp is no write where the path has that value under a stamp.

    Where a value of the path was redacted it is none either: nobody can say whether it is the redacted one coming back.
    """
    if not any(is_found(stamp) for stamp, _ in at):
        return at
    if any(mark == REDACTED for _, mark in at):
        return {key: write for key, write in at.items() if key[1] == REDACTED or not is_found(write.stamp)}
    known = {_mark(write) for write in at.values() if not is_found(write.stamp)}
    return {key: write for key, write in at.items() if not (is_found(write.stamp) and _mark(write) in known)}


def _pruned(path: str, at: dict[Key, Write]) -> dict[Key, Write]:
    """All but the largest settled stamps of a path lose their values.

    Values found without a stamp neither count nor are pruned: one may yet turn out to be no write, and then what was
    pruned would depend on the order of arrival.
    """
    settled = {write.stamp for write in at.values() if write.by and not is_found(write.stamp)}
    if len(settled) <= SETTLED_KEPT_MAX:
        return at
    lost = set(sorted(settled)[:-SETTLED_KEPT_MAX])
    kept: dict[Key, Write] = {}
    for key, write in at.items():
        if write.by and write.stamp in lost and not isinstance(write.value, Gone):
            mark = mark_of(path, write.value)
            kept[(write.stamp, b"\0" + mark.encode())] = write._replace(value=Gone(mark))
        else:
            kept[key] = write
    return kept
