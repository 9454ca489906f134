"""Decide what became of a problem: what its record says, what later visits followed up, and whom it was assigned to (LG6, FG6)."""

import json
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


def untold(found: Facts) -> dict[str, Outcome]:
    """What became of a record's problems where nothing but the record itself tells of them."""
    return {problem.item: outcome_of(problem, found, (), ("", "")) for problem in found.problems}


def outcomes(sql: sqlite3.Connection, rows: Iterable[tuple[str, Facts]]) -> dict[str, dict[str, Outcome]]:
    """{record: {problem: outcome}} of these records."""
    found = [(record, facts) for record, facts in rows if facts.problems]
    names = [f"{record}#{problem.item}" for record, facts in found for problem in facts.problems]
    if not names:
        return {}
    followed, assigned = follow_ups(sql, names), standing_assignments(sql, names)
    told: dict[str, dict[str, Outcome]] = {}
    for record, facts in found:
        for problem in facts.problems:
            name = f"{record}#{problem.item}"
            _, member, due = assigned.get(name, ("", "", ""))
            outcome = outcome_of(problem, facts, followed.get(name, ()), (member, due))
            told.setdefault(record, {})[problem.item] = outcome
    return told


def follow_ups(sql: sqlite3.Connection, problems: Sequence[str]) -> dict[str, list[Followed]]:
    """What sound records tell about each `<record>#<item>`, in the order of days."""
    rows = sql.execute(
        "SELECT f.problem, r.id, r.facts FROM follow_up f JOIN record r ON r.n = f.record"
        " WHERE f.problem IN (SELECT value FROM json_each(?)) AND r.bucket IS NOT NULL",
        [json.dumps(problems)],
    )
    told: dict[str, list[Followed]] = {}
    for problem, record, raw in rows:
        later = decode(raw)
        told.setdefault(problem, []).extend(
            Followed(one.day or later.day, record, one.item, one.state, one.by or later.author)
            for one in later.follow_ups
            if one.problem == problem
        )
    return {problem: sorted(found) for problem, found in told.items()}


def standing_assignments(sql: sqlite3.Connection, problems: Sequence[str]) -> dict[str, tuple[str, str, str]]:
    """(assignment, member, due day or "") by which somebody was made to answer for each problem last."""
    rows = sql.execute(
        "SELECT problem, id, member, last FROM assigned a WHERE problem IN (SELECT value FROM json_each(?)) AND problem<>''"
        " AND state<>'ended' AND NOT EXISTS (SELECT 1 FROM assigned s WHERE s.supersedes = a.id AND s.supersedes<>'')"
        " ORDER BY made, id",
        [json.dumps(problems)],
    )
    return {problem: (one, member, "" if last == OPEN else last) for problem, one, member, last in rows}
