"""Decide from when until when a subject is assigned to a member, and whom a problem is (FG5, FG6). An assignment is written once: a
later one that supersedes it takes its place from its own first day on, and one whose state is ended only ends it.
"""

from datetime import date, timedelta

from sync.ledger.companions import CompanionFacts
from sync.ledger.contribution import OPEN
from sync.ledger.decisions import root_of
from sync.ledger.page import Page

_COLUMNS = "(id, kind, branch, member, named, subject, problem, state, made, supersedes, first, until, last)"


def assign(page: Page, assignment: str, before: CompanionFacts | None, after: CompanionFacts | None) -> None:
    """An assignment came, changed or went (`after` None)."""
    _due(page, assignment)
    page.sql.execute("DELETE FROM assigned WHERE id=?", [assignment])
    if after is not None:
        first, until = after.days
        subject = root_of(page.sql, after.subject)
        told = (after.kind, after.branch, after.member, after.subject, subject, after.problem, after.state)
        values = [assignment, *told, after.order, after.supersedes, first, until or OPEN, ""]
        page.sql.execute(f"INSERT INTO assigned {_COLUMNS} VALUES ({','.join('?' * len(values))})", values)
    for one in {assignment, *(facts.supersedes for facts in (before, after) if facts is not None)}:
        _last(page, one)
    for facts in (before, after):
        if facts is not None and facts.problem:
            page.touch_record(facts.problem.partition("#")[0])


def reassign(page: Page, subject: str, root: str) -> None:
    """Aliases lead from this subject to another one than before."""
    for (one,) in page.sql.execute("SELECT id FROM assigned WHERE named=? AND kind='link'", [subject]).fetchall():
        page.sql.execute("UPDATE assigned SET subject=? WHERE id=?", [root, one])
        _due(page, one)


def _last(page: Page, assignment: str) -> None:
    row = page.sql.execute("SELECT until, state, kind FROM assigned WHERE id=?", [assignment]).fetchone()
    if row is None:
        return
    later = page.sql.execute(
        "SELECT first FROM assigned WHERE supersedes=? AND supersedes<>''", [assignment]
    ).fetchall()
    ends = [row[0], *(_day_before(first) for (first,) in later)]
    # Ended and done, it says only until when the one before it held.
    last = "" if row[2] == "link" and row[1] in ("ended", "done") else min(ends)
    _due(page, assignment)
    page.sql.execute("UPDATE assigned SET last=? WHERE id=?", [last, assignment])
    _due(page, assignment)


def _due(page: Page, assignment: str) -> None:
    """The activity records whose coverage it changes: as many as the months for which there is one."""
    row = page.sql.execute(
        "SELECT branch, first, last FROM assigned WHERE id=? AND kind='link' AND last<>''", [assignment]
    ).fetchone()
    if row is None:
        return
    branch, first, last = row
    start = f"activity_record:{branch}:"
    months = page.sql.execute(
        "SELECT id FROM document WHERE db=? AND id>=? AND id<=?",
        [f"branch-{branch}", start + first[:7], start + last[:7]],
    )
    for (doc,) in months:
        month = doc.removeprefix(start)
        if ":" not in month:
            page.due.add(("month", f"branch-{branch}", f"{branch}:{month}"))


def _day_before(day: str) -> str:
    """A successor without a first day takes the place from the beginning."""
    try:
        return (date.fromisoformat(day) - timedelta(days=1)).isoformat()
    except (ValueError, OverflowError):
        return ""
