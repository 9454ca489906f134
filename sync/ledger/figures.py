"""Decide what every figure counts. A figure is one entry here; nothing else has to know it.

The ledger keeps contributions of a few kinds (`Base`), one row for each thing that may count. A figure chooses rows by their kind
and columns, and says how they are counted; so a figure on a screen opens to the very rows that make it.
"""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final, Literal, NamedTuple


class Base(IntEnum):
    """What a contribution stands for."""

    ACTIVITY = 0
    """One activity, credited to one branch."""
    ATTENDANCE = 1
    """One person at one activity; the value is minutes."""
    PROBLEM = 2
    """One problem found; the value is its severity."""
    SOLUTION = 3
    """One problem solved, on the day on which it was."""
    RATING = 4
    """One service's rating; the value is its score."""
    MATTERS = 5
    """The matters of one service; the value is their number."""


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


Count = Literal["rows", "sum", "activities", "subjects"]

_SQL: Final[dict[Count, str]] = {
    "rows": "count(*)",
    "sum": "sum(c.value)",
    # One activity is credited to each branch that took part: for the centre it still counts once.
    "activities": "count(DISTINCT c.activity)",
    "subjects": "count(DISTINCT c.subject)",
}


@dataclass(frozen=True, slots=True)
class Figure:
    """`where`: columns of a contribution and the values that they may have; `subject` is the beginning of the subject's id, `value`
    the least value. `unit` in Chinese and English."""

    code: str
    zh: str
    en: str
    unit: tuple[str, str]
    meaning_zh: str
    meaning_en: str
    base: Base
    count: Count = "rows"
    of: str = ""
    kinds: tuple[str, ...] = ()
    subject: str = ""
    value_min: int | None = None
    sql: str = field(init=False, repr=False)
    condition: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sql", _SQL[self.count])
        object.__setattr__(self, "condition", _condition(self))


def _condition(figure: Figure) -> str:
    """SQL over a contribution `c`, put together from the entry alone."""
    tests = [f"c.base={int(figure.base)}"]
    if figure.of:
        tests.append(f"c.of='{figure.of}'")
    if figure.kinds:
        tests.append("c.kind IN ({})".format(",".join(f"'{kind}'" for kind in figure.kinds)))
    if figure.subject:
        tests.append(f"c.subject>='{figure.subject}:' AND c.subject<'{figure.subject};'")
    if figure.value_min is not None:
        tests.append(f"c.value>={figure.value_min}")
    return " AND ".join(tests)


_TIMES, _ITEMS, _PEOPLE = ("次", "times"), ("件", "items"), ("人次", "person-times")
_MINUTES = ("分钟", "minutes")

FIGURES: Final = (
    Figure(
        "activities",
        "活动总数",
        "Activities",
        _TIMES,
        "每次走访、服务、踏勘或活动计一次，几人同去也只计一次",
        "Each visit, service, survey or event once, however many took part",
        Base.ACTIVITY,
        "activities",
    ),
    Figure("visits", "走访", "Visits", _TIMES, "走访次数", "Visits made", Base.ACTIVITY, "activities", "visit"),
    Figure(
        "services", "上门服务", "Services", _TIMES, "服务次数", "Services given", Base.ACTIVITY, "activities", "service"
    ),
    Figure("surveys", "踏勘", "Surveys", _TIMES, "踏勘次数", "Sites surveyed", Base.ACTIVITY, "activities", "survey"),
    Figure("events", "活动", "Events", _TIMES, "活动次数", "Events held", Base.ACTIVITY, "activities", "event"),
    Figure(
        "person_times",
        "参与人次",
        "Person-times",
        _PEOPLE,
        "每人参加一次活动计一人次",
        "One for each person at each activity",
        Base.ATTENDANCE,
    ),
    Figure(
        "person_minutes",
        "服务时长",
        "Person-minutes",
        _MINUTES,
        "每人参加活动的分钟数之和；重叠的时间只计一次",
        "Minutes of each person at each activity, overlapping time once",
        Base.ATTENDANCE,
        "sum",
    ),
    Figure(
        "households",
        "走访户数",
        "Households reached",
        ("户", "households"),
        "走访或服务过的不同户数",
        "Different households visited or served",
        Base.ACTIVITY,
        "subjects",
        subject="household",
    ),
    Figure(
        "residents",
        "联系居民数",
        "Residents reached",
        ("人", "residents"),
        "走访或服务过的不同居民数",
        "Different residents visited or served",
        Base.ACTIVITY,
        "subjects",
        subject="resident",
    ),
    Figure(
        "enterprises",
        "服务企业数",
        "Enterprises reached",
        ("家", "enterprises"),
        "走访或服务过的不同企业数",
        "Different enterprises visited or served",
        Base.ACTIVITY,
        "subjects",
        subject="enterprise",
    ),
    Figure(
        "projects",
        "服务项目数",
        "Projects reached",
        ("个", "projects"),
        "走访或服务过的不同项目数",
        "Different projects visited or served",
        Base.ACTIVITY,
        "subjects",
        subject="project",
    ),
    Figure("problems_found", "发现问题", "Problems found", _ITEMS, "记录的问题数", "Problems recorded", Base.PROBLEM),
    Figure(
        "problems_solved",
        "解决问题",
        "Problems solved",
        _ITEMS,
        "已解决的问题数，计入解决之日",
        "Problems solved, on the day on which they were",
        Base.SOLUTION,
    ),
    Figure(
        "matters",
        "办件数",
        "Matters handled",
        _ITEMS,
        "上门服务所办事项数",
        "Matters of the services given",
        Base.MATTERS,
        "sum",
    ),
    Figure("ratings", "评价数", "Services rated", _TIMES, "得到评价的服务数", "Services with a rating", Base.RATING),
    Figure(
        "good_ratings",
        "好评数",
        "Good ratings",
        _TIMES,
        "非常满意、满意和基本满意的评价数",
        "Ratings from 3 to 5",
        Base.RATING,
        value_min=3,
    ),
    Figure(
        "duty_turns",
        "桶前值守人次",
        "Turns of bin-side duty",
        _PEOPLE,
        "每人值守一次计一人次",
        "One for each person at each duty",
        Base.ATTENDANCE,
        of="event",
        kinds=("bin_duty",),
    ),
    Figure(
        "duty_minutes",
        "桶前值守时长",
        "Minutes of bin-side duty",
        _MINUTES,
        "每人值守的分钟数之和",
        "Minutes of each person on duty",
        Base.ATTENDANCE,
        "sum",
        of="event",
        kinds=("bin_duty",),
    ),
    Figure(
        "clean_up_person_times",
        "清洁日人次",
        "Person-times of clean-ups",
        _PEOPLE,
        "每人参加一次周末清洁日计一人次",
        "One for each person at each weekend clean-up",
        Base.ATTENDANCE,
        of="event",
        kinds=("clean_up",),
    ),
)

BY_CODE: Final = {figure.code: figure for figure in FIGURES}


def select() -> str:
    """The columns of one query that gives every figure at once, in the order of `FIGURES`."""
    return ", ".join(f"coalesce({figure.sql} FILTER (WHERE {figure.condition}), 0)" for figure in FIGURES)
