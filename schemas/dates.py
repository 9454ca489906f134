"""Decide which dates of a record cannot be right. They are flagged, never refused or changed: a tablet's clock may be
off."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from schemas.fields import placed
from schemas.kinds import is_instant, moment
from schemas.problems import Problem
from schemas.registry import TYPES
from schemas.versions import upgrade
from schemas.vocabulary import STAGES

DURATION_HOURS_MAX = 24
CLOCK_AHEAD_HOURS_MAX = 24
PLANNED_BEFORE = "2100"
_EARLIEST_MS = 946_684_800_000  # the year 2000
MS_DIGITS = 15
SLOWEST = f"{_EARLIEST_MS:0{MS_DIGITS}d}"
DATED = frozenset({"instant", "day", "period", "days"})


def check_dates(body: Mapping[str, Any], now: datetime) -> list[Problem]:
    """Dates before 2000 or more than a day after `now` (aware), periods that end before they start or last over 24
    hours, stages out of their order, and stamps of a clock that was far off (RC60–RC64). Never raises; a value of the
    wrong shape is `check`'s to report."""
    body = upgrade(body)
    name, fields = body.get("type"), body.get("fields")
    if name.__class__ is not str or name not in _PATHS or not isinstance(fields, Mapping):
        return []
    latest = a_day_after(now)
    return [
        *_out_of_range(name, fields, latest),
        *_bad_period(fields),
        *(stage_order(fields) if name == "service" else ()),
        *_clocks(body.get("stamps"), now),
    ]


def fastest_stamp(now: datetime) -> str:
    """The largest milliseconds of a stamp that are no sign of a fast clock, as a stamp writes them."""
    return f"{int((now.timestamp() + CLOCK_AHEAD_HOURS_MAX * 3600) * 1000):0{MS_DIGITS}d}"


def a_day_after(now: datetime) -> str:
    """The moment after which a date lies ahead."""
    return (now.astimezone(UTC) + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _out_of_range(name: str, fields: Mapping[str, Any], latest: str) -> Iterator[Problem]:
    single, collections = _PATHS[name]
    for path, value in fields.items():
        one = single.get(path)
        if one is None:
            head, slash, rest = path.partition("/")
            one = collections[head].get(rest.partition("/")[2]) if slash and head in collections else None
            if one is None:
                continue
        # Instants and days are written so that text compares as time does.
        for part in value if value.__class__ is list else (value,):
            if part.__class__ is not str:
                continue
            if part < one.earliest:
                yield Problem(
                    path,
                    "date_early",
                    f"{one.zh}：早于 {one.earliest} 年，请核对日期",
                    f"{one.en}: before {one.earliest}, check the date",
                )
            elif part > (PLANNED_BEFORE if one.future else latest[: len(part)]):
                yield Problem(
                    path,
                    "date_ahead",
                    f"{one.zh}：晚于当前时间，请核对日期和平板时钟",
                    f"{one.en}: lies ahead, check the date and the tablet's clock",
                )


def _bad_period(fields: Mapping[str, Any]) -> Iterator[Problem]:
    period = fields.get("period")
    if period.__class__ is not list or len(period) != 2 or not all(map(is_instant, period)):
        return
    lasted = moment(period[1]) - moment(period[0])
    if lasted < timedelta(0):
        yield Problem(
            "period", "end_before_start", "结束早于开始，请改正时间", "it ends before it starts: correct the times"
        )
    elif lasted > timedelta(hours=DURATION_HOURS_MAX):
        yield Problem(
            "period",
            "duration",
            f"时长超过 {DURATION_HOURS_MAX} 小时，请核对，或按天分开记录",
            f"it lasts over {DURATION_HOURS_MAX} hours: check it, or record each day apart",
        )


def stage_order(fields: Mapping[str, Any]) -> Iterator[Problem]:
    before = ""
    for stage in STAGES:
        actual = fields.get(f"stages/{stage}/actual")
        if not isinstance(actual, str) or not is_instant(actual):
            continue
        if actual < before:
            zh, en = STAGES[stage]
            yield Problem(
                f"stages/{stage}/actual",
                "stage_order",
                f"{zh}早于前一环节，请核对时间",
                f"{en} before the stage ahead of it: check the times",
            )
        before = max(before, actual)


def _clocks(stamps: Any, now: datetime) -> Iterator[Problem]:
    times = sorted(
        int(stamp[:MS_DIGITS])
        for stamp in (stamps.values() if isinstance(stamps, Mapping) else ())
        if stamp.__class__ is str and stamp[:MS_DIGITS].isdecimal() and stamp[MS_DIGITS : MS_DIGITS + 1] == "."
    )
    if not times:
        return
    if times[-1] > (now.timestamp() + CLOCK_AHEAD_HOURS_MAX * 3600) * 1000:
        yield Problem(
            "stamps", "clock_ahead", "平板时钟快了一天以上，请校准", "the tablet's clock is over a day fast: set it"
        )
    if times[0] < _EARLIEST_MS:
        yield Problem("stamps", "clock_dead", "平板时钟未校准，请校准", "the tablet's clock was not set: set it")


_PATHS = {name: placed(one for one in of.fields if one.kind.name in DATED) for name, of in TYPES.items()}
