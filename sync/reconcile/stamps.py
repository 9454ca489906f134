"""Decide the stamp of an edit: a hybrid clock that breaks ties between edits and is never evidence of having seen one.

A stamp is `<ms, 15 digits>.<counter, 4 digits>-<device>-<member>-<random, hex>`. Stamps are ASCII, so the comparison of
texts is the comparison of stamps. Pure: the clock and the randomness are passed in.
"""

import re
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

ADOPT_AHEAD_MS_MAX: Final = 24 * 60 * 60 * 1000
RANDOM_BITS: Final = 32

_COUNTER_MAX: Final = 9999
_STAMP = re.compile(r"(\d{15})\.(\d{4})-([A-Za-z0-9_]+)-([A-Za-z0-9_]+)-([0-9a-f]{4,})", re.ASCII)


_FOUND = "000000000000000.0000-0-0-"
_CHANGED = "000000000000000.0001-0-0-"


class Stamp(NamedTuple):
    """The parts of a stamp; `ms` is UTC milliseconds since 1970 by the clock of the device that made it."""

    ms: int
    counter: int
    device: str
    member: str
    random: str


def parse_stamp(text: str) -> Stamp | None:
    """The parts of `text`, or None when it is not a stamp of this form."""
    found = _STAMP.fullmatch(text)
    return Stamp(int(found[1]), int(found[2]), found[3], found[4], found[5]) if found else None


def format_stamp(stamp: Stamp) -> str:
    """The text of a stamp; raises ValueError for a part that would not compare or would not be read back."""
    text = f"{stamp.ms:015d}.{stamp.counter:04d}-{stamp.device}-{stamp.member}-{stamp.random}"
    if parse_stamp(text) != stamp:
        raise ValueError(f"not the parts of a stamp: {stamp}")
    return text


def next_stamp(
    clock_ms: int, own_last: str, seen: Iterable[str], device: str, member: str, random: Callable[[int], int]
) -> str:
    """The stamp of a new edit: the largest of the own clock, the own last + 1 and every seen stamp + 1.

    `own_last` is the last stamp that this device made ("" when none); `seen` are the stamps of the record being edited.
    A seen stamp more than 24 hours ahead of `clock_ms` is not followed. `random(n)` gives a whole number below n.
    """
    time = (max(clock_ms, 0), 0)
    own = parse_stamp(own_last)
    if own is not None:
        time = max(time, _after(own))
    for text in seen:
        stamp = parse_stamp(text)
        if stamp is not None and stamp.ms <= clock_ms + ADOPT_AHEAD_MS_MAX:
            time = max(time, _after(stamp))
    return format_stamp(Stamp(*time, device, member, f"{random(2**RANDOM_BITS):08x}"))


def is_ahead(stamp: str, clock_ms: int) -> bool:
    """Whether a stamp claims a time more than 24 hours after `clock_ms`; what is no stamp claims any time."""
    parts = parse_stamp(stamp)
    return parts is None or parts.ms > clock_ms + ADOPT_AHEAD_MS_MAX


def stamp_found(mark: str) -> str:
    """The stamp of a value found without one; `mark` is a hash of the value, so every server gives it the same."""
    return _FOUND + mark


def stamp_changed(mark: str) -> str:
    """The stamp of a change that bore none but is known from its parent; `mark` is a hash of the change."""
    return _CHANGED + mark


def is_found(stamp: str) -> bool:
    """Whether the stamp was given to a value found without one."""
    return stamp.startswith(_FOUND)


def is_unstamped(stamp: str) -> bool:
    """Whether the stamp was given afterwards, by a server, to what came without one."""
    return stamp.startswith((_FOUND, _CHANGED))


def _after(stamp: Stamp) -> tuple[int, int]:
    return (stamp.ms, stamp.counter + 1) if stamp.counter < _COUNTER_MAX else (stamp.ms + 1, 0)
