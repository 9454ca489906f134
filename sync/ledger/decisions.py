"""Decide what the decisions about a record or a subject come to: the last word counts, and one that is superseded says nothing."""

import sqlite3
from collections.abc import Mapping, Sequence

from sync.ledger import companions


def decisions(sql: sqlite3.Connection, record: str) -> list[companions.CompanionFacts]:
    """The decisions about a record that no later one supersedes, in the order in which they were made."""
    return [facts for _, facts in _in_order(sql, record)]


def holding(sql: sqlite3.Connection, record: str) -> set[str]:
    """The decisions about a record that hold: the last word on how it stands, and every other decision that none supersedes. Of two
    that were taken at once, on different machines, it is the same one everywhere."""
    author = next(iter(sql.execute("SELECT author FROM record WHERE id=?", [record])), ("",))[0]
    known = _in_order(sql, record)
    on_standing = [one for one, facts in known if facts.decision in companions.STANDING and facts.author != author]
    return {one for one, facts in known if facts.decision not in companions.STANDING} | set(on_standing[-1:])


def decided_about(sql: sqlite3.Connection, record: str) -> list[tuple[str, companions.CompanionFacts]]:
    """As `decisions`, each with its id."""
    return _in_order(sql, record)


def last_standing(sql: sqlite3.Connection, record: str) -> tuple[str, companions.CompanionFacts] | None:
    """The decision that says how a record stands, with its id."""
    author = next(iter(sql.execute("SELECT author FROM record WHERE id=?", [record])), ("",))[0]
    told = [one for one in _in_order(sql, record) if one[1].decision in companions.STANDING and one[1].author != author]
    return told[-1] if told else None


def latest(sql: sqlite3.Connection, record: str) -> tuple[str, companions.CompanionFacts] | None:
    """The decision of any kind that was taken last about a record, subject or activity."""
    known = _in_order(sql, record.removeprefix("activity:"))
    return known[-1] if known else None


def _in_order(sql: sqlite3.Connection, record: str) -> list[tuple[str, companions.CompanionFacts]]:
    rows = sql.execute("SELECT id, facts FROM companion WHERE record=? AND type='review'", [record]).fetchall()
    known = {one: companions.decode(facts) for one, facts in rows}
    superseded = {one.supersedes for one in known.values()}
    standing = sorted((facts.order, one) for one, facts in known.items() if one not in superseded)
    return [(one, known[one]) for _, one in standing]


def superseded(sql: sqlite3.Connection, review: str) -> bool:
    """Whether a later decision about the same takes the place of this one."""
    found = sql.execute(
        "SELECT facts FROM companion WHERE type='review' AND record IN (SELECT record FROM companion WHERE id=?)",
        [review],
    )
    return any(companions.decode(facts).supersedes == review for (facts,) in found)


def standing_of(decided: Sequence[companions.CompanionFacts], author: str, seen: str) -> str:
    """The last word on a record. Nobody's own word counts, whatever way it came in."""
    told = [one for one in decided if one.decision in companions.STANDING and one.author != author]
    if not told or told[-1].decision == "reopen":
        return "open"
    bound = told[-1].seen == seen
    if told[-1].decision == "approve":
        return "approved" if bound else "amended"
    return "returned" if bound else "corrected"


def root_of(sql: sqlite3.Connection, subject: str) -> str:
    """The subject that aliases lead to."""
    found = sql.execute("SELECT same_as FROM alias WHERE subject=?", [subject]).fetchone()
    if found is None:
        return subject
    return follow(dict(sql.execute("SELECT subject, same_as FROM alias").fetchall()), subject)


def follow(aliases: Mapping[str, str], subject: str) -> str:
    """Where aliases lead. In a ring of them the smallest id stands for all."""
    seen = [subject]
    while (subject := aliases.get(subject, "")) and subject not in seen:
        seen.append(subject)
    return min(seen[seen.index(subject) :]) if subject else seen[-1]
