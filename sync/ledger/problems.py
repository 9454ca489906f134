"""Decide what became of a problem: what its record says, what later visits followed up, and whom it was assigned to (LG6, FG6)."""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sync.ledger.contribution import OPEN
from sync.ledger.facts import Facts, ProblemFact, decode

CLOSED = ("solved", "not_solvable")


class Followed(NamedTuple):
    """One follow-up: the day on which it was, the record and item that tell it, who did it."""

    day: str
    record: str
    item: str
    state: str
    by: str


class Outcome(NamedTuple):
    """`closed`: the day on which it was solved or given up, OPEN until then; `due` is OPEN where no day was set."""

    state: str
    owner: str
    due: str
    closed: str
    followed: tuple[Followed, ...]


def outcome_of(problem: ProblemFact, found: Facts, followed: Sequence[Followed], assigned: tuple[str, str]) -> Outcome:
    """`found`: the record in which it lies; `followed`: in the order of days; `assigned`: (member, due day) of an assignment, both ""
    without one. Pure.

    Solved is solved, whoever says so first: a visit that knew nothing of it does not open it again. Else the last word counts.
    """
    solved = [one.day for one in followed if one.state == "solved"]
    if problem.state == "solved":
        solved.append(problem.solved or (min(solved) if solved else found.day))
    spoken = [one for one in followed if one.state]
    state, day = (spoken[-1].state, spoken[-1].day) if spoken else (problem.state, found.day)
    if solved:
        state, day = "solved", min(solved)
    owner, due = assigned[0] or problem.owner or found.author, assigned[1] or problem.due
    return Outcome(state, owner, due or OPEN, day if state in CLOSED else OPEN, tuple(followed))


def outcomes(sql: sqlite3.Connection, rows: Iterable[tuple[str, Facts]]) -> dict[str, dict[str, Outcome]]:
    """{record: {problem: outcome}} of these records."""
    told: dict[str, dict[str, Outcome]] = {}
    for record, facts in rows:
        for problem in facts.problems:
            name = f"{record}#{problem.item}"
            outcome = outcome_of(problem, facts, follow_ups(sql, name), _assigned(sql, name))
            told.setdefault(record, {})[problem.item] = outcome
    return told


def follow_ups(sql: sqlite3.Connection, problem: str) -> list[Followed]:
    """What sound records tell about `<record>#<item>`, in the order of days."""
    rows = sql.execute(
        "SELECT r.id, r.facts FROM follow_up f JOIN record r ON r.n = f.record WHERE f.problem=? AND r.bucket IS NOT NULL",
        [problem],
    )
    return sorted(
        Followed(one.day or later.day, record, one.item, one.state, one.by or later.author)
        for record, later in ((record, decode(facts)) for record, facts in rows)
        for one in later.follow_ups
        if one.problem == problem
    )


def _assigned(sql: sqlite3.Connection, problem: str) -> tuple[str, str]:
    """Whom a secretary made answer for it last, and until when."""
    row = sql.execute(
        "SELECT member, last FROM assigned a WHERE problem=? AND state<>'ended'"
        " AND NOT EXISTS (SELECT 1 FROM assigned s WHERE s.supersedes = a.id) ORDER BY made DESC, id DESC LIMIT 1",
        [problem],
    ).fetchone()
    return ("", "") if row is None else (row[0], "" if row[1] == OPEN else row[1])
