"""Decide what a rating, photo, check or decision that came, changed or went changes for its record."""

from collections.abc import Sequence
from typing import Any

from schemas import readers, type_of_id
from sync.ledger import companions
from sync.ledger.apply_assignments import assign
from sync.ledger.apply_cases import touch_case_of
from sync.ledger.apply_decisions import bind, realias, release
from sync.ledger.apply_documents import month_of
from sync.ledger.apply_records import recheck
from sync.ledger.page import Page
from sync.stores.contract import Change


def take_companions(page: Page, db: str, told: Sequence[tuple[Change, dict[str, Any]]]) -> None:
    """After the records of their page: what accompanies a record is compared with its readers."""
    for change, body in told:
        row = page.sql.execute("SELECT record, type, facts FROM companion WHERE id=?", [change.id]).fetchone()
        before = companions.decode(row[2]) if row else None
        fields = body.get("fields")
        if not body or not isinstance(fields, dict):
            page.sql.execute("DELETE FROM companion WHERE id=?", [change.id])
            if row is not None and before is not None:
                _accompanies(page, db, row[1], row[0], change.id, before, None)
            continue
        facts = companions.facts_of(body, fields)
        record = companions.record_of(fields)
        kept = page.audience(companions.kept_readers(fields))
        audience = page.audience(readers(body))
        values = [change.id, db, body["type"], record, kept, audience, companions.encode(facts)]
        page.sql.execute("INSERT OR REPLACE INTO companion VALUES (?,?,?,?,?,?,?)", values)
        holder = page.sql.execute(
            "SELECT audience FROM record WHERE id=:id UNION ALL SELECT audience FROM subject WHERE id=:id",
            {"id": record},
        ).fetchone()
        if holder is not None and holder[0] != kept:
            page.due.add(("readers", db, change.id))
        if facts != before:
            _accompanies(page, db, body["type"], record, change.id, before, facts)


def _accompanies(
    page: Page,
    db: str,
    of: str,
    record: str,
    companion: str,
    before: companions.CompanionFacts | None,
    after: companions.CompanionFacts | None,
) -> None:
    """A companion came, changed or went: what does that change for its record?"""
    now = after or before
    if of == "rating":
        page.touch_record(record)
    elif of == "signature":
        touch_case_of(page, record)
    elif of == "photo":
        touch_case_of(page, record)
        rows = page.sql.execute("SELECT facts FROM companion WHERE record=? AND type='review'", [record])
        if any(companions.decode(facts).decision in companions.STANDING for (facts,) in rows):
            page.due.add(("hash", db, record))
    elif of == "assignment":
        assign(page, companion, before, after)
    elif of == "check":
        if before is None or after is None or bool(before.problems) != bool(after.problems):
            recheck(page, record)
    elif of == "review" and now is not None:
        if now.decision in companions.BINDING:
            bind(page, record, companion, before, after)
        elif now.decision == "alias" or (now.decision == "reopen" and type_of_id(record) == "subject"):
            realias(page, record)
        elif now.decision == "settle":
            page.due.add(("settle", db, companion))
        if record.startswith("activity_record:"):
            page.due.add(("month", db, month_of(record)))
        elif now.decision in companions.STANDING:
            page.due.add(("hash", db, record))
        if now.supersedes:
            release(page, now.supersedes)
