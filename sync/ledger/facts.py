"""Decide what of a record the ledger goes by: who, what, where, when, and the problems and stages in it. Pure.

The ledger keeps no narrative: what a record tells in words stays in the store.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from schemas import item_scope
from schemas.vocabulary import STAGES
from sync.reconcile.activities import Happening, call_key
from sync.reconcile.cases import Finding, findings_of
from sync.reconcile.explain import removed
from sync.reconcile.places import Place, place_of

KINDS = ("visit", "service", "survey", "event")
"""The types whose records become activities."""


class ProblemFact(msgspec.Struct, array_like=True, frozen=True):
    item: str
    state: str
    solved: str
    severity: int
    owner: str
    due: str


class FollowUp(msgspec.Struct, array_like=True, frozen=True):
    item: str
    problem: str
    state: str
    day: str
    by: str


class StageFact(msgspec.Struct, array_like=True, frozen=True):
    """A stage of a service. `promised`, `actual`: seconds since 1970."""

    stage: str
    promised: int | None
    actual: int | None


class Facts(msgspec.Struct, array_like=True, frozen=True):
    """`start`, `end`: seconds since 1970, both None when the record has no usable period; `day`: the centre's local day of its
    start. Texts are empty where the record says nothing. `findings`: of a survey in a case. `evening`: the day before, where it began in
    the hours after midnight that are compared with that day's (AC1)."""

    of: str
    kind: str
    branch: str
    author: str
    subject: str
    start: int | None
    end: int | None
    day: str
    people: tuple[str, ...]
    parties: tuple[str, ...]
    place: Place | None
    title: str
    matter: str
    case: str
    window: str
    matters: int
    problems: tuple[ProblemFact, ...]
    follow_ups: tuple[FollowUp, ...]
    withdrawn: bool
    stages: tuple[StageFact, ...] = ()
    called_back: str = ""
    votes: int = 0
    satisfied: int = 0
    findings: tuple[Finding, ...] = ()
    evening: str = ""


NIGHT_SECONDS: Final = 4 * 3600
"""What began so soon after midnight is compared with what began the day before: at four, nobody is out."""
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_TWO_DIGITS = frozenset(f"{number:02d}" for number in range(60))

encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(Facts).decode


def facts_of(body: Mapping[str, Any], zone: ZoneInfo) -> Facts:
    """The facts of a visit, service, survey or event in its current shape. Never raises: what cannot be read is left out."""
    fields = body.get("fields")
    fields = fields if isinstance(fields, dict) else {}
    sets, items = _collections(fields)
    gone = _removed(body, fields)
    author = _text(body.get("author"))
    start, end = _period(fields.get("period"))
    people = {name for name, there in sets.get("participants", {}).items() if there is True}
    if sets.get("participants", {}).get(author) is not False and author:
        people.add(author)
    parties = (name for name, there in sets.get("parties", {}).items() if there is True)
    day = local_day(start, zone) if start is not None else ""
    evening = local_day(start - NIGHT_SECONDS, zone) if start is not None else ""
    return Facts(
        of=_text(body.get("type")),
        kind=_text(fields.get("kind")),
        branch=_text(body.get("branch")),
        author=author,
        subject=_text(fields.get("subject")),
        start=start,
        end=end,
        day=day,
        people=tuple(sorted(people)),
        parties=tuple(sorted(parties)),
        place=place_of(fields.get("place")),
        title=_text(fields.get("title")),
        matter=_text(fields.get("matter")),
        case=_text(fields.get("case")),
        window=_text(fields.get("window")),
        matters=_count(fields.get("matters"), 1),
        problems=_problems(items.get("problems", {}), gone, zone),
        follow_ups=_follow_ups(items.get("follow_ups", {}), gone, zone),
        withdrawn="" in gone,
        stages=_stages(items.get("stages", {})),
        called_back=_text(fields.get("called_back")),
        votes=max(0, _count(fields.get("votes"), 0)),
        satisfied=max(0, _count(fields.get("satisfied"), 0)),
        findings=findings_of(body) if body.get("type") == "survey" and fields.get("case") else (),
        evening="" if evening == day else evening,
    )


def happening(record: str, bucket: str, subject: str, facts: Facts) -> Happening:
    """`subject`: the one that aliases lead to."""
    about = facts.title if facts.of == "event" else facts.matter
    kind = "" if facts.of == "survey" else facts.kind
    start = facts.start or 0
    return Happening(
        record,
        bucket,
        facts.of,
        kind,
        about,
        subject,
        facts.case,
        facts.author,
        frozenset(facts.people),
        start,
        max(start, facts.end or start),
        facts.place,
        compared_day(facts),
        facts.branch,
        frozenset(facts.parties) - {facts.branch},
    )


def bucket_of(facts: Facts, subject: str) -> str:
    """Records of one bucket are compared with each other. Without a subject only those of one branch and kind are."""
    if subject:
        return f"{facts.of} {compared_day(facts)} {subject}"
    return f"{facts.of} {compared_day(facts)} {facts.branch} {facts.kind}"


def compared_day(facts: Facts) -> str:
    """Records of one such day are compared: it goes from four in the morning to the next, for happenings go on over midnight."""
    return facts.evening or facts.day


def made_by(facts: Facts) -> str:
    """The key by which a record of another branch calls this one."""
    return call_key(facts.of, compared_day(facts), facts.branch)


def calls_of(facts: Facts) -> list[str]:
    """The records of other branches that it is compared with as well: those of the branches that it says took part. What has no day is
    compared with nothing."""
    if not facts.day:
        return []
    return [call_key(facts.of, compared_day(facts), one) for one in facts.parties if one != facts.branch]


def local_day(seconds: int, zone: ZoneInfo) -> str:
    """The centre's day of a moment."""
    return _day_of(seconds // 900, zone)


def day_of(instant: object, zone: ZoneInfo) -> str:
    """The centre's day of `2026-11-20T00:03:12Z`, or the day itself; "" for anything else."""
    if not isinstance(instant, str):
        return ""
    seconds = _seconds(instant)
    return local_day(seconds, zone) if seconds is not None else ""


@lru_cache(maxsize=65536)
def _day_of(quarter: int, zone: ZoneInfo) -> str:
    # Every zone's days begin at a full quarter of an hour.
    return datetime.fromtimestamp(quarter * 900, zone).strftime("%Y-%m-%d")


def _collections(fields: Mapping[str, Any]) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, dict[str, Any]]]]:
    """Sets as {set: {member: value}}, item lists as {list: {item: {part: value}}}."""
    sets: dict[str, dict[str, Any]] = {}
    items: dict[str, dict[str, dict[str, Any]]] = {}
    for path, value in fields.items():
        head, slash, rest = path.partition("/")
        if slash:
            item, more, part = rest.partition("/")
            if more:
                items.setdefault(head, {}).setdefault(item, {})[part] = value
            else:
                sets.setdefault(head, {})[item] = value
    return sets, items


def _removed(body: Mapping[str, Any], fields: Mapping[str, Any]) -> set[str]:
    """What is withdrawn for good: "" for the record, `problems/<id>` for an item. Most records hold no removal at all."""
    asked = [path for path, value in fields.items() if isinstance(value, dict) and item_scope(path) is not None]
    if not asked:
        return set()
    items = [(item_scope(path) or "").rstrip("/") for path in asked]
    try:
        return {item for item in items if removed(dict(body), item).in_force}
    except ValueError:
        # A value that no two programs hash alike: the record is flagged for it, and counts nowhere.
        return set()


def _problems(items: Mapping[str, Mapping[str, Any]], gone: set[str], zone: ZoneInfo) -> tuple[ProblemFact, ...]:
    return tuple(
        ProblemFact(
            item,
            _text(parts.get("state")) or "open",
            day_of(parts.get("solved"), zone),
            _count(parts.get("severity"), 1),
            _text(parts.get("owner")),
            _text(parts.get("due")),
        )
        for item, parts in sorted(items.items())
        if f"problems/{item}" not in gone and parts.get("text") is not None
    )


def _follow_ups(items: Mapping[str, Mapping[str, Any]], gone: set[str], zone: ZoneInfo) -> tuple[FollowUp, ...]:
    return tuple(
        FollowUp(
            item,
            _text(parts.get("problem")),
            _text(parts.get("state")),
            day_of(parts.get("at"), zone),
            _text(parts.get("by")),
        )
        for item, parts in sorted(items.items())
        if f"follow_ups/{item}" not in gone and _text(parts.get("problem"))
    )


def _stages(items: Mapping[str, Mapping[str, Any]]) -> tuple[StageFact, ...]:
    """In the order in which a matter goes through them; a stage that no program knows is left out."""
    told = [
        StageFact(stage, _seconds(items[stage].get("promised")), _seconds(items[stage].get("actual")))
        for stage in (STAGES if items else ())
        if stage in items
    ]
    return tuple(one for one in told if one.promised is not None or one.actual is not None)


def _period(value: Any) -> tuple[int | None, int | None]:
    if not isinstance(value, list) or len(value) != 2:
        return None, None
    start = _seconds(value[0])
    end = _seconds(value[1]) if value[1] is not None else start
    return (start, end) if start is not None and end is not None else (None, None)


def _seconds(instant: Any) -> int | None:
    if instant.__class__ is str and len(instant) == 20 and instant[10] == "T" and instant[19] == "Z":
        # As every tablet writes it: days come again in record after record.
        day, time = _start_of(instant[:10]), instant[11:19].split(":")
        if day is not None and len(time) == 3 and all(map(_TWO_DIGITS.__contains__, time)):
            hour, minute, second = map(int, time)
            if hour < 24 and minute < 60 and second < 60:
                return day + hour * 3600 + minute * 60 + second
    try:
        moment = datetime.fromisoformat(instant)
    except (TypeError, ValueError):
        return None
    # Beyond these years a zone may have no day for it; such a date is flagged and counts nowhere.
    return int(moment.replace(tzinfo=UTC).timestamp()) if 1900 < moment.year < 2200 else None


@lru_cache(maxsize=16384)
def _start_of(day: str) -> int | None:
    """Seconds since 1970 at a day's beginning in UTC; None for what is no day that counts."""
    try:
        moment = datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC) if _DAY.fullmatch(day) else None
    except ValueError:
        return None
    return int(moment.timestamp()) if moment is not None and 1900 < moment.year < 2200 else None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _count(value: object, default: int) -> int:
    """Within what SQLite holds; a number beyond is flagged by the checks anyway."""
    return value if type(value) is int and abs(value) < 2**53 else default
