"""Decide what a rating, photo, check or decision that came, changed or went changes for its record."""

import json
from collections.abc import Sequence
from typing import Any

from schemas import type_of_id
from sync.ledger import companions
from sync.ledger.apply_assignments import assign
from sync.ledger.apply_cases import touch_case_of
from sync.ledger.apply_decisions import bind, realias, release
from sync.ledger.apply_records import recheck
from sync.ledger.apply_written import month_of
from sync.ledger.page import Page
from sync.ledger.told import Beside
from sync.stores.contract import Change


def take_companions(page: Page, db: str, told: Sequence[tuple[Change, Beside | None]]) -> None:
    """After the records of their page: what accompanies a record is compared with its readers; None stands for one that is gone. All rows
    are written first, so that one decision sees the other."""
    if not told:
        return
    held = {
        row[0]: row[1:]
        for row in _among(page, "id, record, type, facts FROM companion", [change.id for change, _ in told])
    }
    rows: list[tuple[Any, ...]] = []
    gone: list[str] = []
    changed: list[tuple[str, str, str, companions.CompanionFacts | None, companions.CompanionFacts | None]] = []
    for change, one in told:
        row = held.get(change.id)
        before = companions.decode(row[2]) if row else None
        if one is None:
            gone.append(change.id)
            if row is not None:
                changed.append((row[1], row[0], change.id, before, None))
            continue
        audiences = page.audience(one.kept), page.audience(one.readers)
        rows.append((change.id, db, one.of, one.record, *audiences, one.encoded))
        if one.facts != before:
            changed.append((one.of, one.record, change.id, before, one.facts))
    page.sql.executemany("DELETE FROM companion WHERE id=?", [(doc,) for doc in gone])
    page.sql.executemany("INSERT OR REPLACE INTO companion VALUES (?,?,?,?,?,?,?)", rows)
    named = [row[3] for row in rows]
    holders = dict(_among(page, "id, audience FROM subject", named)) | dict(
        _among(page, "id, audience FROM record", named)
    )
    for companion, _, _, record, kept, _, _ in rows:
        if holders.get(record, kept) != kept:
            page.due.add(("readers", db, companion))
    for of, record, companion, before, after in changed:
        _accompanies(page, db, of, record, companion, before, after)


def _among(page: Page, columns: str, ids: Sequence[str]) -> list[Any]:
    return page.sql.execute(
        f"SELECT {columns} WHERE id IN (SELECT value FROM json_each(?))", [json.dumps(ids)]
    ).fetchall()


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
        # What a case finds in its surveys is listed in their checks too, which another server may have written without it.
        touch_case_of(page, record)
        page.touch_case(record)
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
