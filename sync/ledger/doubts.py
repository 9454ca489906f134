"""Decide what makes one doubt a record that no rule finds wrong: it took too short or too long, was at night, or says no place. Pure.

What is doubtful is looked at first (IX…); it counts as any other record does.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from sync.ledger.facts import Facts

SHORT_SECONDS = 5 * 60
LONG_SECONDS = 12 * 3600
DAYTIME_HOURS = (6, 22)
"""Local hours between which field work begins."""

WORDS = {
    "short": ("不足 5 分钟", "It took less than 5 minutes"),
    "long": ("超过 12 小时", "It took more than 12 hours"),
    "night": ("夜间开始", "It began at night"),
    "no_place": ("没有位置", "It says no place"),
}
_WEIGHTS = {"short": 30, "long": 30, "night": 20, "no_place": 10}


def doubts(facts: Facts, zone: ZoneInfo) -> list[str]:
    """Codes of `WORDS`, the weightiest first."""
    found = []
    if facts.start is not None and facts.end is not None:
        seconds = facts.end - facts.start
        if seconds < SHORT_SECONDS:
            found.append("short")
        if seconds > LONG_SECONDS:
            found.append("long")
        if not DAYTIME_HOURS[0] <= _hour(facts.start, zone) < DAYTIME_HOURS[1]:
            found.append("night")
    if facts.place is None:
        found.append("no_place")
    return found


def trust(facts: Facts, zone: ZoneInfo) -> int:
    """100 for a record that nothing makes one doubt, 0 at least."""
    return max(0, 100 - sum(_WEIGHTS[code] for code in doubts(facts, zone)))


def _hour(seconds: int, zone: ZoneInfo) -> int:
    try:
        return datetime.fromtimestamp(seconds, zone).hour
    except (ValueError, OverflowError, OSError):
        return 12
