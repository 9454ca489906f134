"""Decide which records a decision moves: those that it joins or splits are grouped again, and those of subjects that it makes one, or
takes apart again, change their bucket."""

from sync.ledger import companions
from sync.ledger.apply_assignments import reassign
from sync.ledger.apply_records import move
from sync.ledger.decisions import decisions, follow
from sync.ledger.page import Page


def bind(
    page: Page,
    record: str,
    review: str,
    before: companions.CompanionFacts | None,
    after: companions.CompanionFacts | None,
) -> None:
    """A join or split came, changed or went (`after` None)."""
    if before is not None:
        page.sql.execute("DELETE FROM bound WHERE review=?", [review])
    for one in {record, *(before.records if before else ()), *(after.records if after else ())}:
        if after is not None:
            page.sql.execute("INSERT OR IGNORE INTO bound VALUES (?, ?)", [one, review])
        page.touch_record(one)
        page.touch_subject(one)


def realias(page: Page, subject: str) -> None:
    """Somebody decided which subjects are one, or took it back: their records move to other buckets."""
    aliases = dict(page.sql.execute("SELECT subject, same_as FROM alias").fetchall())
    was = {one: follow(aliases, one) for one in {subject, *aliases}}
    decided = [one for one in decisions(page.sql, subject) if one.decision in ("alias", "reopen")]
    if decided and decided[-1].decision == "alias" and decided[-1].same_as:
        aliases[subject] = decided[-1].same_as
        page.sql.execute("INSERT OR REPLACE INTO alias VALUES (?, ?)", [subject, aliases[subject]])
    else:
        aliases.pop(subject, None)
        page.sql.execute("DELETE FROM alias WHERE subject=?", [subject])
    for one in sorted({subject, *was, *aliases}):
        root = follow(aliases, one)
        if root != was.get(one, one):
            move(page, one, root)
            reassign(page, one, root)
            page.touch_subject(one)


def release(page: Page, review: str) -> None:
    """A later decision supersedes this one."""
    row = page.sql.execute("SELECT record, db, facts FROM companion WHERE id=?", [review]).fetchone()
    if row is None:
        return
    facts = companions.decode(row[2])
    if facts.decision in companions.BINDING:
        for one in {row[0], *facts.records}:
            page.touch_record(one)
            page.touch_subject(one)
    elif facts.decision == "alias":
        realias(page, row[0])
