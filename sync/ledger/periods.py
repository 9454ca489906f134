"""Decide which days a period has, and which period each is compared with: the one before it, and the same of the year before (FG8).
Pure; days are the centre's local ones.

| period | the one before | the same of the year before |
| --- | --- | --- |
| day | the day before | the same date |
| week (Monday to Sunday) | the week before | the ISO week of the same number; the 53rd: the last of its year |
| month, quarter, year | the one before | the same one |
| year to date | the same days of last year | the same days of last year |
| from–to | as many days just before; of whole months as many months | the same dates; of whole months the same months |

The 29th of February is compared with the 28th. What is compared is always whole: a month that still runs is held against all of the
one before; who wants its days alone asks for them from–to.
"""

from calendar import monthrange
from collections.abc import Callable
from datetime import date, timedelta
from typing import Final, Literal, NamedTuple

Kind = Literal["day", "week", "month", "quarter", "year", "ytd", "span"]
YEARS: Final = (1990, 2199)


class Period(NamedTuple):
    """`first` and `last` are both in it. `span` is from–to."""

    kind: Kind
    first: date
    last: date

    @property
    def days(self) -> tuple[str, str]:
        return self.first.isoformat(), self.last.isoformat()


def period(kind: Kind, at: date) -> Period:
    """The period of this kind in which a day lies; of the year to date it is the last."""
    return Period(kind, *_AROUND[kind](at))


def span(first: date, last: date) -> Period:
    """From–to. Raises ValueError when it ends before it begins."""
    if last < first:
        raise ValueError("it ends before it begins")
    return Period("span", first, last)


def before(one: Period) -> Period:
    """What came just before it."""
    if one.kind == "ytd":
        return year_before(one)
    if one.kind == "span" and not _is_whole_months(one):
        length = one.last - one.first + timedelta(days=1)
        return Period("span", one.first - length, one.last - length)
    if one.kind == "span":
        months = (one.last.year - one.first.year) * 12 + one.last.month - one.first.month + 1
        return Period("span", _months(one.first, -months), one.first - timedelta(days=1))
    return period(one.kind, one.first - timedelta(days=1))


def year_before(one: Period) -> Period:
    """The same of the year before."""
    if one.kind == "week":
        year, week, _ = one.first.isocalendar()
        return period("week", date.fromisocalendar(year - 1, min(week, _last_week(year - 1)), 1))
    if one.kind in ("day", "ytd") or (one.kind == "span" and not _is_whole_months(one)):
        return Period(one.kind, _a_year_before(one.first), _a_year_before(one.last))
    last = _a_year_before(one.last)
    return Period(one.kind, _a_year_before(one.first), last.replace(day=monthrange(last.year, last.month)[1]))


def _week(at: date) -> tuple[date, date]:
    first = at - timedelta(days=at.weekday())
    return first, first + timedelta(days=6)


def _months_around(count: int) -> Callable[[date], tuple[date, date]]:
    def around(at: date) -> tuple[date, date]:
        first = at.replace(month=(at.month - 1) // count * count + 1, day=1)
        return first, _months(first, count) - timedelta(days=1)

    return around


_AROUND: Final[dict[Kind, Callable[[date], tuple[date, date]]]] = {
    "day": lambda at: (at, at),
    "span": lambda at: (at, at),
    "week": _week,
    "month": _months_around(1),
    "quarter": _months_around(3),
    "year": _months_around(12),
    "ytd": lambda at: (at.replace(month=1, day=1), at),
}


def _months(first: date, count: int) -> date:
    """The first day of a month so many months on."""
    number = first.year * 12 + first.month - 1 + count
    return date(number // 12, number % 12 + 1, 1)


def _is_whole_months(one: Period) -> bool:
    return one.first.day == 1 and (one.last + timedelta(days=1)).day == 1


def _a_year_before(day: date) -> date:
    if (day.month, day.day) == (2, 29):
        return day.replace(year=day.year - 1, day=28)
    return day.replace(year=day.year - 1)


def _last_week(year: int) -> int:
    return date(year, 12, 28).isocalendar().week
