"""Decide what the ledger remembers of what accompanies a record: ratings, photos, checks, decisions, assignments. Pure."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from schemas import readers
from sync.ledger.facts import KINDS

COMPANIONS = frozenset({"photo", "rating", "signature", "review", "assignment", "check"})
HOLDERS = frozenset({*KINDS, "case"})
"""Types that companions accompany and whose readers theirs follow; subjects too."""

BINDING = ("join", "split")
STANDING = ("approve", "return", "reopen")
"""Decisions that say how a record stands."""

Ratings = list[tuple[str, str, int]]
"""(when it was given, rating, score)."""


class CompanionFacts(msgspec.Struct, frozen=True, omit_defaults=True):
    """What of a companion counts. `order` sorts decisions by time; `missing` are the tablets that an
    approval of a month did without, None where it does not say; `records` are those that a join or split names; `branch` to
    `days` are an assignment's."""

    author: str = ""
    order: str = ""
    decision: str = ""
    seen: str = ""
    same_as: str = ""
    supersedes: str = ""
    missing: list[Any] | None = None
    records: tuple[str, ...] = ()
    score: int = 0
    at: str = ""
    digest: str = ""
    media: str = ""
    caption: str = ""
    withdrawn: bool = False
    problems: int = 0
    branch: str = ""
    kind: str = ""
    member: str = ""
    subject: str = ""
    problem: str = ""
    state: str = ""
    days: tuple[str, str] = ("", "")


encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(CompanionFacts).decode


def record_of(fields: Mapping[str, Any]) -> str:
    """The record that a companion names; a decision on an activity is one on its earliest record."""
    record = fields.get("record")
    return record.removeprefix("activity:") if isinstance(record, str) else ""


def facts_of(body: Mapping[str, Any], fields: Mapping[str, Any]) -> CompanionFacts:
    """The facts of a companion; texts are empty where it says nothing."""
    stamps = body.get("stamps")
    named = {path[8:] for path, value in fields.items() if value is True and path.startswith("records/")}
    problems = fields.get("problems")
    removal = fields.get("withdrawn")
    score = fields.get("score")
    return CompanionFacts(
        author=_text(body.get("author")),
        order=_text(stamps.get("")) if isinstance(stamps, dict) else "",
        decision=_text(fields.get("decision")),
        seen=_text(fields.get("seen")),
        same_as=_text(fields.get("same_as")),
        supersedes=_text(fields.get("supersedes")),
        missing=fields["missing"] if isinstance(fields.get("missing"), list) else None,
        records=tuple(sorted(one.removeprefix("activity:") for one in named)),
        score=score if type(score) is int and 0 < score < 6 else 0,
        at=_text(fields.get("at")),
        digest=_text(fields.get("digest")),
        media=_text(fields.get("media")),
        caption=_text(fields.get("caption")),
        withdrawn=isinstance(removal, dict) and isinstance(removal.get("over"), list),
        problems=len(problems) if isinstance(problems, list) else 0,
        **_assigned(body, fields),
    )


def _assigned(body: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    if body.get("type") != "assignment":
        return {}
    told = {name: _text(fields.get(name)) for name in ("kind", "member", "subject", "problem", "state")}
    days = fields.get("days")
    first, last = days if isinstance(days, list) and len(days) == 2 else ("", "")
    told["branch"] = _text(body.get("branch"))
    return {**told, "days": (_text(first), _text(last))}


def ratings_of(told: Iterable[tuple[str, str, CompanionFacts]]) -> dict[str, Ratings]:
    """{record: its ratings} of (rating, record, facts)."""
    given: dict[str, Ratings] = {}
    for rating, record, facts in told:
        if facts.score:
            given.setdefault(record, []).append((facts.at or _made_at(facts.order), rating, facts.score))
    return given


def _made_at(stamp: str) -> str:
    """The instant that a stamp tells, for a rating that says none itself; after all others where it tells nothing."""
    try:
        return datetime.fromtimestamp(int(stamp[:15]) // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return "~"


def kept_readers(fields: Mapping[str, Any]) -> frozenset[str]:
    """The readers that a companion names beside its author and the secretary."""
    return frozenset(path[8:] for path, value in fields.items() if value is True and path.startswith("readers/"))


def readers_of(body: Mapping[str, Any]) -> frozenset[str]:
    """Who reads the record itself, as far as a companion can say it."""
    return frozenset(one for one in readers(body) if one not in ("everyone", "administrator"))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
