"""Decide which of the live writes of a field shows. Pure; what does not show is kept all the same."""

from collections.abc import Callable, Sequence
from typing import Any

from schemas import Rule
from schemas.canonical import canonical
from sync.reconcile.stamps import is_unstamped
from sync.reconcile.writes import Write

RuleOf = Callable[[str, str], Rule]
"""From a record's type and a field's path to the field's rule."""


def always_latest(_type: str, _path: str) -> Rule:
    """The rule of a field whose schema names none."""
    return Rule.LATEST


def shown(rule: Rule, live: Sequence[Write]) -> Write:
    """The one of the live writes of a path (at least one) that is the field's current value."""
    if len(live) == 1:
        return live[0]
    if rule is Rule.ONCE:
        # A stamp given afterwards has no time of its own, and must not pass for the earliest.
        return min(live, key=lambda write: (is_unstamped(write.stamp), *_order(write)))
    if rule is Rule.SET:
        return max(live, key=lambda write: (write.value is True, *_order(write)))
    if rule is Rule.LARGEST:
        return max(live, key=lambda write: (_size(write.value), *_order(write)))
    if rule is Rule.SMALLEST:
        filled = [write for write in live if write.value is not None] or live
        least = min(_size(write.value) for write in filled)
        live = [write for write in filled if _size(write.value) == least]
    return max(live, key=_order)


def _order(write: Write) -> tuple[str, bytes]:
    return write.stamp, canonical(write.value)


def _size(value: Any) -> tuple[int, int, str, bytes]:
    """Empty, then numbers, then texts by code point, then anything else by its canonical form."""
    if value is None:
        return 0, 0, "", b""
    if isinstance(value, int):
        return 1, int(value), "", b""
    if isinstance(value, str):
        return 2, 0, value, b""
    return 3, 0, "", canonical(value)
