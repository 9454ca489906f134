"""Decide what is told about a record: what each field shows and why, what is disputed, what an approval is bound to.

Everything here is computed from the writes; nothing of it is stored. Pure.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from hashlib import sha256
from typing import Any, NamedTuple

from schemas import Rule
from schemas.canonical import NotCanonical, canonical
from sync.reconcile.body import Body, Record, read
from sync.reconcile.removals import Removal, is_removal, removal
from sync.reconcile.rules import RuleOf, always_latest, shown
from sync.reconcile.stamps import is_ahead, is_unstamped, parse_stamp
from sync.reconcile.writes import Gone, Write


class Fate(Enum):
    """What became of a write."""

    SHOWN = "shown"  # it is the field's value
    AGREES = "agrees"  # live, and says what the shown one says
    LOST = "lost"  # live, and the field's rule shows another; nobody has settled it
    REPLACED = "replaced"  # by an edit that had seen it


class Held(Enum):
    """Whether the value of a write is still there."""

    KEPT = "kept"
    PRUNED = "pruned"  # too many later ones
    REDACTED = "redacted"


@dataclass(frozen=True, slots=True)
class Told:
    """One write of a field, for people; `at_ms`, `member` and `device` are what its stamp says, empty if nothing."""

    value: Any  # JSON; None unless `held` is KEPT
    held: Held
    stamp: str
    at_ms: int | None
    member: str
    device: str
    fate: Fate
    by: str  # stamp of the edit that replaced it, "" while live
    over: tuple[Write, ...]  # the writes that it replaced, or that the rule has put below it
    ahead: bool  # its clock is more than 24 hours ahead


@dataclass(frozen=True, slots=True)
class Explanation:
    """All that is known of one field: the shown write, then the live ones, then the replaced ones, newest first."""

    path: str
    rule: Rule
    disputed: bool
    open_for_person: bool
    writes: tuple[Told, ...]


@dataclass(frozen=True, slots=True)
class Dispute:
    """A field with several live values. `open_for_person`: the shown one won by a clock more than 24 hours ahead."""

    path: str
    rule: Rule
    shown: Write
    others: tuple[Write, ...]
    open_for_person: bool


class Open(NamedTuple):
    """What is in dispute in a record, and the latest stamp of it."""

    paths: tuple[str, ...]
    at: str


def current(body: Body, path: str, *, rule_of: RuleOf = always_latest) -> Write | None:
    """The write that the field shows, or None when it has none."""
    record = read([body])
    return _top(record, path, rule_of)


def disputed(body: Body) -> list[str]:
    """The paths with more than one live value, in order."""
    record = read([body])
    return [path for path in sorted(record.writes.by_path) if _is_disputed(record.writes.live(path))]


def disputes(body: Body, clock_ms: int, *, rule_of: RuleOf = always_latest) -> list[Dispute]:
    """The disputes of a record in the order of their paths; `clock_ms` is the server's clock, UTC."""
    record = read([body])
    found = []
    for path in disputed(body):
        live = record.writes.live(path)
        rule = rule_of(record.type, path)
        top = shown(rule, live)
        others = tuple(write for write in live if write is not top)
        found.append(Dispute(path, rule, top, others, is_ahead(top.stamp, clock_ms)))
    return found


def open_disputes(body: Mapping[str, Any]) -> Open | None:
    """None for a record without a dispute, which nearly every one shows by its layout alone: then no write of it is read."""
    replaced = body.get("replaced")
    if not isinstance(replaced, list) or not any(isinstance(one, dict) and not one.get("by") for one in replaced):
        return None
    try:
        writes = read([dict(body)]).writes
    except NotCanonical:
        # The record is flagged for it; nobody could settle anything in it.
        return None
    live = {path: writes.live(path) for path in sorted(writes.by_path)}
    paths = tuple(path for path, some in live.items() if _is_disputed(some))
    return Open(paths, max(write.stamp for path in paths for write in live[path])) if paths else None


def removed(body: Body, item: str = "") -> Removal:
    """Whether the record, or one item of it, is removed, by whom, and who had not known."""
    return removal(read([body]).writes, item)


def explain(body: Body, path: str, clock_ms: int, *, rule_of: RuleOf = always_latest) -> Explanation:
    """Every write of a field: which value, from whom, when, on which tablet, over which others, by which rule."""
    return _explained(read([body]), path, clock_ms, rule_of)


def history(body: Body, clock_ms: int, *, rule_of: RuleOf = always_latest) -> list[Explanation]:
    """Every field of a record explained, in the order of their paths."""
    record = read([body])
    return [_explained(record, path, clock_ms, rule_of) for path in sorted(record.writes.by_path)]


def seen_hash(body: Body, photo_digests: Iterable[str]) -> str:
    """What an approval is bound to, whatever the revision: SHA-256, in hex, of the live writes and the photos seen."""
    live = [[write.path, write.stamp, write.value] for write in read([body]).writes if write.live]
    return sha256(canonical([live, sorted(set(photo_digests))])).hexdigest()


def _explained(record: Record, path: str, clock_ms: int, rule_of: RuleOf) -> Explanation:
    rule = rule_of(record.type, path)
    writes = record.writes.at(path)
    live = record.writes.live(path)
    top = shown(rule, live) if live else None
    told = [_told(write, writes, top, clock_ms) for write in reversed(writes)]
    told.sort(key=lambda one: (one.fate is not Fate.SHOWN, bool(one.by)))
    dispute = _is_disputed(live)
    open_for_person = dispute and top is not None and is_ahead(top.stamp, clock_ms)
    return Explanation(path, rule, dispute, open_for_person, tuple(told))


def _top(record: Record, path: str, rule_of: RuleOf) -> Write | None:
    live = record.writes.live(path)
    return shown(rule_of(record.type, path), live) if live else None


def _is_disputed(live: list[Write]) -> bool:
    return len({_said(write) for write in live}) > 1


def _said(write: Write) -> bytes:
    # Two removals say the same, whatever each had known.
    return b"removed" if is_removal(write) else canonical(write.value)


def _told(write: Write, writes: list[Write], top: Write | None, clock_ms: int) -> Told:
    parts = None if is_unstamped(write.stamp) else parse_stamp(write.stamp)
    gone = isinstance(write.value, Gone)
    held = Held.KEPT if not gone else Held.PRUNED if write.value.mark else Held.REDACTED
    return Told(
        value=None if gone else write.value,
        held=held,
        stamp=write.stamp,
        at_ms=parts.ms if parts else None,
        member=parts.member if parts else "",
        device=parts.device if parts else "",
        fate=_fate(write, top),
        by=write.by,
        over=tuple(other for other in writes if other is not write and _is_over(write, other, top)),
        ahead=is_ahead(write.stamp, clock_ms),
    )


def _fate(write: Write, top: Write | None) -> Fate:
    if write is top:
        return Fate.SHOWN
    if not write.live or top is None:
        return Fate.REPLACED
    return Fate.AGREES if _said(write) == _said(top) else Fate.LOST


def _is_over(write: Write, other: Write, top: Write | None) -> bool:
    return other.by == write.stamp or (write is top and _fate(other, top) is Fate.LOST)
