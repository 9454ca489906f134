"""Decide which kinds of rows figures are counted over. Every row stands for one thing that may count, and names its record."""

from enum import IntEnum
from typing import NamedTuple


class Base(IntEnum):
    """What a row stands for. The last three are not contributed by an activity: they lie over a stretch of days."""

    ACTIVITY = 0
    """One activity, credited to one branch."""
    ATTENDANCE = 1
    """One person at one activity; the value is minutes."""
    PROBLEM = 2
    """One problem found; the value is its severity."""
    SOLUTION = 3
    """One problem solved, on the day on which it was."""
    RATING = 4
    """The rating of one service, credited to whoever took part in it; the value is its score."""
    MATTERS = 5
    """The matters of one service; the value is their number."""
    REPEATED_RATING = 6
    """A rating of a service that has one already."""
    CALLED_BACK = 7
    """One service whose receiver was called back, credited as a rating is; the value is 1 for satisfied, else 0."""
    PROMISE_KEPT = 8
    """One service done for which a time was promised, on the day of its conclusion, credited as a rating is; the value is 2 for
    early, 1 for on time, 0 for late."""
    VOTES = 9
    """The votes of one assessment; the value is their number."""
    SATISFIED_VOTES = 10
    """Those of them that were satisfied."""
    DUE = 11
    """A problem or service that is to be done by a day; over the days on which it is not done."""
    LINK = 12
    """A subject that is assigned to a member, over the days on which it is."""
    HALL = 13
    """A row of an imported file: the matters of one kind that one window handled in one month."""


class Contribution(NamedTuple):
    """One row. `item`: the problem or rating that it stands for. Texts are empty where there is none."""

    base: Base
    record: str
    item: str
    branch: str
    member: str
    window: str
    of: str
    kind: str
    subject: str
    day: str
    value: int


OPEN = "~"
"""Stands for a day that has not come: after every day in the order of texts."""


class Promise(NamedTuple):
    """A problem (`of` `problem`) or service (`service`) that is to be done by a day. `due` is OPEN where no day was set, `closed`
    until it is done; `member` owns it; `state` is a problem's state, or the stage that a service has reached; `timely` is "" or a
    service's early, on_time or late; `last` is the day of the last follow-up, "" before the first."""

    of: str
    record: str
    item: str
    branch: str
    member: str
    window: str
    kind: str
    subject: str
    day: str
    due: str
    closed: str
    state: str
    timely: str
    value: int
    last: str
