"""Decide what one activity says: everybody's part of one happening, put together (LG…). Pure."""

from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from sync.ledger.contribution import Contribution, Promise
from sync.ledger.counted import Counting, Part
from sync.reconcile.activities import Link, minutes_of

_encode = msgspec.json.Encoder(order="sorted").encode


class Activity(NamedTuple):
    id: str
    branch: str
    """The branch of its earliest record."""
    branches: tuple[str, ...]
    day: str
    fields: dict[str, Any]
    """As its document has them."""
    contributions: list[Contribution]
    promises: list[Promise]


class Drawn(msgspec.Struct, array_like=True, frozen=True):
    """An activity as it is written. `home`: the database that its document belongs to; `fields`: in JSON; `contributions`, `promises`:
    the members of each behind its number; `months`: (branch, month) that it counts in; `digest`: of all of it."""

    id: str
    home: str
    branch: str
    day: str
    fields: bytes
    contributions: list[tuple[str | int, ...]]
    promises: list[tuple[str | int, ...]]
    months: list[tuple[str, str]]
    digest: bytes


def draw(
    parts: Sequence[Part], subject: str, links: Sequence[Link], suggestions: Sequence[Link], zone: ZoneInfo
) -> Drawn:
    """The activity of a group, as `make_activity`. One in which several branches took part belongs to `shared`."""
    made = make_activity(parts, subject, links, suggestions, zone)
    home = "shared" if len(made.branches) > 1 else f"branch-{made.branch}"
    fields = _encode(made.fields)
    told = _encode([home, msgspec.Raw(fields), made.contributions, made.promises])
    digest = blake2b(told, digest_size=16).digest()
    contributions: list[tuple[str | int, ...]] = [
        (n, int(row.base), *row[1:]) for n, row in enumerate(made.contributions)
    ]
    promises: list[tuple[str | int, ...]] = [(n, *row) for n, row in enumerate(made.promises)]
    months = sorted({(row.branch, row.day[:7]) for row in made.contributions})
    return Drawn(made.id, home, made.branch, made.day, fields, contributions, promises, months, digest)


def activity_id(record: str) -> str:
    return f"activity:{record}"


def make_activity(
    parts: Sequence[Part], subject: str, links: Sequence[Link], suggestions: Sequence[Link], zone: ZoneInfo
) -> Activity:
    """`parts`: the records of one group, the earliest first; `subject`: the one that aliases lead to."""
    first = parts[0].facts
    branches = tuple(sorted({name for part in parts for name in (part.facts.branch, *part.facts.parties)}))
    attendance = _attendance(parts)
    problems = [outcome for part in parts for outcome in part.problems.values()]
    start = min(part.facts.start or 0 for part in parts)
    end = max(part.facts.end or 0 for part in parts)
    fields: dict[str, Any] = {"of": first.of}
    kind = _agreed(part.facts.kind for part in parts)
    if kind:
        fields["kind"] = kind
    if subject:
        fields["subject"] = subject
    if title := _agreed(part.facts.title or part.facts.matter for part in parts):
        fields["title"] = title
    fields["period"] = [_instant(start), _instant(end)]
    place = next((part.facts.place for part in parts if part.facts.place), None)
    if place is not None:
        fields["place"] = list(place)
    fields |= {f"records/{part.id}": True for part in parts}
    fields |= {f"authors/{name}": True for name in sorted({part.facts.author for part in parts if part.facts.author})}
    fields |= {f"participants/{name}": True for name in attendance}
    fields |= {f"branches/{name}": True for name in branches}
    fields |= {f"aliases/{activity_id(part.id)}": True for part in parts[1:]}
    if links:
        fields["joined"] = [link.told() for link in links]
    if suggestions:
        fields["suggested"] = [link.told() for link in suggestions]
    fields["person_times"] = len(attendance)
    fields["person_minutes"] = sum(minutes for minutes, _ in attendance.values())
    fields["problems"], fields["solved"] = len(problems), sum(one.state == "solved" for one in problems)
    fields["state"] = "approved" if all(part.approved for part in parts) else "open"
    rows, promises = Counting(parts, branches, kind, subject, attendance, zone).rows()
    return Activity(activity_id(parts[0].id), first.branch, branches, first.day, fields, rows, promises)


def _attendance(parts: Sequence[Part]) -> dict[str, tuple[int, Part]]:
    """Each participant's minutes, and the record that credits them: the own one, else the earliest that names them."""
    told: dict[str, list[Part]] = {}
    for part in parts:
        for name in part.facts.people:
            told.setdefault(name, []).append(part)
    return {
        name: (
            minutes_of((part.facts.start or 0, part.facts.end or 0) for part in naming),
            next((part for part in naming if part.facts.author == name), naming[0]),
        )
        for name, naming in sorted(told.items())
    }


def _agreed(values: Any) -> str:
    """The first that says something."""
    return next((value for value in values if value), "")


def _instant(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()[:19] + "Z"
