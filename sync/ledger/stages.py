"""Decide whether a service was done in the time that was promised (FG4). Pure.

What was promised for the matter is the time of its conclusion, else of its delivery. Early is what was done on an earlier day of the
centre than the promised one; on time, what was done by the promised moment; late, what was done after it.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from sync.ledger.facts import StageFact, local_day

Timely = Literal["early", "on_time", "late"]

VALUES: dict[Timely, int] = {"late": 0, "on_time": 1, "early": 2}
"""As a contribution holds it: what is early is on time too."""


class Kept(NamedTuple):
    """What was promised for a matter and what came of it. `promised`, `done`: seconds since 1970; `done` and `timely` are None
    while it is under way."""

    promised: int
    done: int | None
    timely: Timely | None


def timely(promised: int, actual: int, zone: ZoneInfo) -> Timely:
    if actual > promised:
        return "late"
    return "early" if local_day(actual, zone) < local_day(promised, zone) else "on_time"


def kept(stages: Sequence[StageFact], zone: ZoneInfo) -> Kept | None:
    """None where nothing was promised. What was delivered without a word on its conclusion was concluded by then."""
    if not any(one.promised is not None for one in stages):
        return None
    known = {one.stage: one for one in stages}
    concluded, delivered = known.get("concluded"), known.get("delivered")
    if concluded is not None and concluded.promised is not None:
        promised, done = concluded.promised, concluded.actual
        if done is None and delivered is not None:
            done = delivered.actual
    elif delivered is not None and delivered.promised is not None:
        promised, done = delivered.promised, delivered.actual
    else:
        return None
    return Kept(promised, done, None if done is None else timely(promised, done, zone))


def reached(stages: Sequence[StageFact]) -> str:
    """The last stage that is done; "" before the first."""
    return next((one.stage for one in reversed(stages) if one.actual is not None), "")
