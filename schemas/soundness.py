"""Decide quickly that a record is sound. Every pushed record passes here, and almost all have nothing wrong with them.

One pass over the fields does the work of `check` and `check_dates` together. It is never wrong about a record that it calls
sound; what it is not sure of (an older shape, a history, something rare) is left to those two, which also say what is wrong.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from schemas.checks import PERSONAL, STAMP_CHARACTERS_MAX, Envelope, Holds, envelope_of
from schemas.dates import DATED, MS_DIGITS, PLANNED_BEFORE, SLOWEST, a_day_after, fastest_stamp, stage_order
from schemas.fields import Field, RecordType, placed
from schemas.registry import TYPES

_PLAIN = frozenset({str, bool, type(None)})
_MEMBERS_MAX = 16384


@dataclass(frozen=True, slots=True)
class _Part:
    """A field with a date in it has the limits of that date; `order`: its dates must follow one another."""

    holds: Holds
    dated: bool
    earliest: str
    future: bool
    order: bool


@dataclass(frozen=True, slots=True)
class _List:
    """The parts of the items (or the one value of the members) under one head, and the test of their ids."""

    key: Holds
    parts: Mapping[str, _Part]
    required: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Plan:
    of: RecordType
    envelope: Envelope
    single: dict[str, Holds]
    """Grows by the members of sets that were found good: they come again in record after record."""
    dated: Mapping[str, _Part]
    lists: Mapping[str, _List]
    required: frozenset[str]
    private: bool


def sound(doc_id: str, body: Mapping[str, Any], now: datetime) -> bool:
    """Whether `check` (with this id) and `check_dates` find nothing. False says only that they are to be asked."""
    name = body.get("type")
    plan = _PLANS.get(name) if name.__class__ is str else None
    version = body.get("version")
    if plan is None or version != plan.of.version or version.__class__ is not int:
        return False
    if body.get("replaced") is not None or "_id" in body:
        return False
    for name, holds, required in plan.envelope:
        value = body.get(name)
        if value is None:
            if required:
                return False
        elif not holds(value):
            return False
    prefix, _, rest = doc_id.partition(":")
    fields, stamps = body.get("fields"), body.get("stamps")
    if prefix not in plan.of.prefixes or not rest or fields.__class__ is not dict or not plan.required <= fields.keys():
        return False
    if prefix != plan.of.name and fields.get("kind") != prefix:
        return False
    if plan.private and not _says_why(fields):
        return False
    latest, fastest = _limits(now)
    return _stamps_hold(stamps, fastest) and _fields_hold(plan, fields, latest)


def _fields_hold(plan: _Plan, fields: dict[str, Any], latest: str) -> bool:
    single, dated = plan.single, plan.dated
    last = last_head = ""
    lacking = ordered = 0
    for path, value in fields.items():
        holds = single.get(path)
        if holds is not None:
            if value is None:
                if path in plan.required:
                    return False
            elif not holds(value):
                return False
            continue
        part = dated.get(path)
        if part is None:
            head, slash, rest = path.partition("/")
            among = plan.lists.get(head) if slash else None
            if among is None:
                if not path or value.__class__ not in _PLAIN:
                    return False
                continue
            item, slash, name = rest.partition("/")
            part = among.parts.get(name)
            if part is None:
                if value.__class__ not in _PLAIN:
                    return False
                continue
            if not slash:
                # A member of a set.
                if not among.key(item) or not part.holds(value):
                    return False
                if len(single) < _MEMBERS_MAX:
                    single[path] = part.holds
                continue
            if value is None or name == "withdrawn":
                # Something was taken back: what then is still required is for a closer look.
                return False
            if item != last or head != last_head:
                last, last_head = item, head
                if not among.key(item):
                    return False
                lacking += len(among.required)
            if name in among.required:
                lacking -= 1
            ordered += part.order
        elif value is None:
            if path in plan.required:
                return False
            continue
        if not part.holds(value):
            return False
        if part.dated:
            limit = PLANNED_BEFORE if part.future else latest
            if value.__class__ is list:
                # A period: of one day, it needs no arithmetic to see how long it lasts.
                start, end = value
                if end is None or not part.earliest <= start <= end <= limit or start[:11] != end[:11]:
                    return False
            elif not part.earliest <= value <= limit:
                return False
    return lacking <= 0 and (ordered < 2 or next(stage_order(fields), None) is None)


def _says_why(fields: Mapping[str, Any]) -> bool:
    """Who tells of a household says whether notice was given, and until when it is kept (RC10)."""
    subject = fields.get("subject")
    if subject.__class__ is str and subject.startswith(PERSONAL):
        return fields.get("privacy") is not None and fields.get("keep_until") is not None
    return True


def _stamps_hold(stamps: Any, fastest: str) -> bool:
    if stamps.__class__ is not dict:
        return stamps is None
    for stamp in stamps.values():
        if stamp.__class__ is not str or len(stamp) > STAMP_CHARACTERS_MAX:
            return False
        if stamp[MS_DIGITS : MS_DIGITS + 1] != "." or not SLOWEST <= stamp[:MS_DIGITS] <= fastest:
            return False
    return True


@lru_cache(maxsize=16)
def _limits(now: datetime) -> tuple[str, str]:
    return _limits_in(now.replace(second=0, microsecond=0))


@lru_cache(maxsize=16)
def _limits_in(now: datetime) -> tuple[str, str]:
    """The latest moment that is no date ahead, and the largest milliseconds of a stamp that are no sign of a fast clock: as of the
    minute's beginning, so that they are worked out once a minute."""
    return a_day_after(now), fastest_stamp(now)


def _plan(of: RecordType) -> _Plan:
    single, lists = placed(of.fields)
    return _Plan(
        of,
        envelope_of(of),
        {path: one.kind.holds for path, one in single.items() if one.kind.name not in DATED},
        {path: _part(one) for path, one in single.items() if one.kind.name in DATED},
        {head: _list(parts) for head, parts in lists.items()},
        frozenset(path for path, one in single.items() if one.required),
        private="narrative" in single,
    )


def _list(parts: Mapping[str, Field]) -> _List:
    keys = {one.key.holds for one in parts.values() if one.key}
    required = frozenset(name for name, one in parts.items() if one.required)
    return _List(keys.pop(), {name: _part(one) for name, one in parts.items()}, required)


def _part(one: Field) -> _Part:
    order = one.path.startswith("stages/") and one.path.endswith("/actual")
    return _Part(one.kind.holds, one.kind.name in DATED, one.earliest, one.future, order)


_PLANS = {name: _plan(of) for name, of in TYPES.items()}
