"""Decide what is done when in the demo centre: which kinds of work, how often, at what hour, for how long, with how many."""

from dataclasses import dataclass
from datetime import date

from server.demo.dice import Weighted

WORKDAY, WEEKEND, HOLIDAY = 1.0, 0.14, 0.05
"""How much is done on such a day, measured by a working day."""
_HOLIDAYS = frozenset({(1, 1), (5, 1), (5, 2), (5, 3), (10, 1), (10, 2), (10, 3), (10, 4), (10, 5), (10, 6), (10, 7)})


@dataclass(frozen=True, slots=True)
class Work:
    """One kind of work. `share` and `weekend` are how often it is done on such days, for one of all the others together;
    hours are local minutes of the day."""

    type: str
    kind: str
    share: float
    weekend: float
    subjects: tuple[str, ...]
    begins: tuple[int, int]
    lasts: tuple[int, int]
    others: tuple[int, ...]
    """Colleagues who come along; one of these numbers is drawn."""


_DAY, _EARLY, _EVENING, _MORNING, _AFTERNOON = (510, 1000), (420, 440), (1065, 1140), (480, 560), (840, 930)
_ALONE, _PAIRS, _FEW, _MANY = (0, 0, 0, 1), (0, 1, 1, 2), (1, 2, 3, 4), (7, 9, 11, 14)
_PEOPLE, _FIRMS = ("resident", "household"), ("enterprise", "project")

WORKS = (
    Work("visit", "link", 22, 20, ("resident",), _DAY, (12, 45), _ALONE),
    Work("visit", "assist", 6, 8, ("household",), _DAY, (30, 110), _PAIRS),
    Work("visit", "enterprise", 9, 1, ("enterprise",), _DAY, (35, 120), _PAIRS),
    Work("visit", "project", 5, 1, ("project",), _DAY, (30, 100), _PAIRS),
    Work("visit", "village", 2, 2, ("village",), _DAY, (60, 200), _FEW),
    Work("visit", "link_point", 0.3, 0, ("branch",), _DAY, (40, 90), _ALONE),
    Work("visit", "adviser", 1, 0, ("enterprise",), _DAY, (40, 90), _ALONE),
    Work("visit", "hotline", 1, 1, ("resident",), _DAY, (30, 80), _PAIRS),
    Work("visit", "call_back", 3, 0, ("resident", "enterprise"), _DAY, (8, 20), _ALONE),
    Work("service", "on_site", 9, 4, _PEOPLE, _DAY, (20, 70), _ALONE),
    Work("service", "on_behalf", 9, 1, ("enterprise", "enterprise", "resident"), _DAY, (15, 60), _ALONE),
    Work("service", "after_hours", 4, 3, _PEOPLE, _EVENING, (15, 80), _ALONE),
    Work("service", "by_appointment", 4, 8, _PEOPLE, _DAY, (10, 40), _ALONE),
    Work("service", "urgent", 2, 2, _FIRMS, _DAY, (15, 60), _ALONE),
    Work("service", "cross_province", 3, 0, ("resident",), _DAY, (15, 50), _ALONE),
    Work("service", "followed_up", 3, 0, _FIRMS, _DAY, (20, 60), _PAIRS),
    Work("service", "certificate_delivered", 4, 4, _PEOPLE, _DAY, (10, 30), _ALONE),
    Work("service", "guided", 4, 2, _PEOPLE, _DAY, (8, 25), _ALONE),
    Work("service", "training", 2, 0, ("enterprise",), _AFTERNOON, (40, 110), _PAIRS),
    Work("survey", "survey", 6, 0.5, ("site",), _DAY, (25, 90), _PAIRS),
    Work("event", "bin_duty", 2.4, 12, ("duty_point",), _EARLY, (60, 100), (0, 0, 1)),
    Work("event", "leader_duty", 0.4, 1, (), _DAY, (120, 240), _ALONE),
    Work("event", "volunteer", 1.6, 12, (), _MORNING, (90, 180), _FEW),
    Work("event", "clean_up", 0, 16, ("village",), _MORNING, (60, 120), (2, 3, 4, 6)),
    Work("event", "street_task", 0.3, 3, ("village",), _DAY, (90, 200), _PAIRS),
    Work("event", "epidemic_duty", 0.15, 1, ("village",), _DAY, (180, 240), _ALONE),
    Work("event", "members_meeting", 0.35, 0, (), _AFTERNOON, (50, 100), _MANY),
    Work("event", "committee_meeting", 0.15, 0, (), _AFTERNOON, (30, 60), (2, 3)),
    Work("event", "group_meeting", 0.4, 0, (), _AFTERNOON, (30, 60), (3, 4, 5)),
    Work("event", "party_lecture", 0.12, 0, (), _AFTERNOON, (40, 80), _MANY),
    Work("event", "organisational_life", 0.08, 0, (), _AFTERNOON, (90, 150), _MANY),
    Work("event", "heart_to_heart", 0.8, 0, (), _DAY, (20, 50), (1,)),
    Work("event", "study", 0.8, 0, (), _MORNING, (40, 90), _MANY),
    Work("event", "training", 0.2, 0, (), _AFTERNOON, (60, 120), _MANY),
    Work("event", "test", 0.05, 0, (), _AFTERNOON, (40, 60), _MANY),
    Work("event", "theme_day", 0.1, 0.5, ("village",), _MORNING, (120, 200), _MANY),
    Work("event", "inspection", 0.3, 0, (), _DAY, (30, 60), (1, 2)),
)

SURVEY = next(work for work in WORKS if work.type == "survey")
ON_WORKDAYS = Weighted({work: work.share for work in WORKS})
ON_DAYS_OFF = Weighted({work: work.weekend for work in WORKS})


def is_day_off(day: date) -> bool:
    return day.weekday() >= 5 or (day.month, day.day) in _HOLIDAYS


def weight(day: date) -> float:
    if (day.month, day.day) in _HOLIDAYS:
        return HOLIDAY
    return WEEKEND if day.weekday() >= 5 else WORKDAY
