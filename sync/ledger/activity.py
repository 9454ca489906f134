"""Decide what one activity says and counts: everybody's part of one happening, put together (LG…). Pure."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sync.ledger.facts import Facts
from sync.ledger.figures import Base, Contribution
from sync.reconcile.activities import Link, minutes_of


class Part(NamedTuple):
    """A record of the activity. `solved`: the days on which its problems were solved, by item; `scores`: (rating, score, day)."""

    id: str
    facts: Facts
    solved: Mapping[str, str]
    scores: Sequence[tuple[str, int, str]]
    approved: bool


class Activity(NamedTuple):
    id: str
    branch: str
    """The branch of its earliest record."""
    branches: tuple[str, ...]
    day: str
    fields: dict[str, Any]
    """As its document has them."""
    contributions: list[Contribution]


def activity_id(record: str) -> str:
    return f"activity:{record}"


def make_activity(parts: Sequence[Part], subject: str, links: Sequence[Link], suggestions: Sequence[Link]) -> Activity:
    """`parts`: the records of one group, the earliest first; `subject`: the one that aliases lead to."""
    first = parts[0].facts
    branches = tuple(sorted({name for part in parts for name in (part.facts.branch, *part.facts.parties)}))
    attendance = _attendance(parts)
    problems = [(part, problem) for part in parts for problem in part.facts.problems]
    solved = sum(problem.item in part.solved for part, problem in problems)
    start = min(part.facts.start or 0 for part in parts)
    end = max(part.facts.end or 0 for part in parts)
    fields: dict[str, Any] = {"of": first.of}
    if kind := _agreed(part.facts.kind for part in parts):
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
    fields["problems"], fields["solved"] = len(problems), solved
    fields["state"] = "approved" if all(part.approved for part in parts) else "open"
    rows = _contributions(parts, branches, subject, attendance)
    return Activity(activity_id(parts[0].id), first.branch, branches, first.day, fields, rows)


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


def _contributions(
    parts: Sequence[Part], branches: Sequence[str], subject: str, attendance: Mapping[str, tuple[int, Part]]
) -> list[Contribution]:
    first = parts[0]
    facts = first.facts
    rows = [
        Contribution(
            Base.ACTIVITY,
            next((part.id for part in parts if part.facts.branch == branch), first.id),
            "",
            branch,
            "",
            facts.window,
            facts.of,
            facts.kind,
            subject,
            facts.day,
            1,
        )
        for branch in branches
    ]
    for name, (minutes, part) in attendance.items():
        rows.append(_row(Base.ATTENDANCE, part, "", name, subject, facts.day, minutes))
    for part in parts:
        of = part.facts
        for problem in of.problems:
            rows.append(_row(Base.PROBLEM, part, problem.item, of.author, subject, facts.day, problem.severity))
            if problem.item in part.solved:
                day = part.solved[problem.item] or facts.day
                rows.append(_row(Base.SOLUTION, part, problem.item, problem.owner or of.author, subject, day, 1))
        rows += [
            _row(Base.RATING, part, item, of.author, subject, day or facts.day, score)
            for item, score, day in part.scores
        ]
    if facts.of == "service":
        # One service told by two is one service: its matters are those of the record that counts most.
        most = max(parts, key=lambda part: part.facts.matters)
        rows.append(_row(Base.MATTERS, most, "", most.facts.author, subject, facts.day, most.facts.matters))
    return rows


def _row(base: Base, part: Part, item: str, member: str, subject: str, day: str, value: int) -> Contribution:
    of = part.facts
    return Contribution(base, part.id, item, of.branch, member, of.window, of.of, of.kind, subject, day, value)


def _agreed(values: Any) -> str:
    """The first that says something."""
    return next((value for value in values if value), "")


def _instant(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
