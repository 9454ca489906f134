"""Decide whether the subject that a record names is known (LG14). A record about one that no register holds, yet or any more, counts
nowhere until it comes; where no register of that kind of subject is kept at all, none can be missed.
"""

import json
from collections.abc import Sequence
from typing import Any

from sync.ledger.apply_records import recheck
from sync.ledger.page import Page
from sync.stores.contract import Change


def note_subjects(
    page: Page, told: Sequence[tuple[Change, dict[str, Any]]], before: set[str], kept: frozenset[str]
) -> None:
    """Subjects were taken in: the records that name those that came or went are looked at again, and all of a kind of which a register
    is kept from now on, or no longer. `before`, `kept`: what was known."""
    page.kept = None
    named = [change.id for change, _ in told]
    turned = sorted(before ^ page.known(named))
    rows = page.sql.execute(
        "SELECT id FROM record WHERE subject IN (SELECT value FROM json_each(?))", [json.dumps(turned)]
    ).fetchall()
    for kind in sorted(kept ^ page.registers()):
        rows += page.sql.execute(
            "SELECT id FROM record WHERE subject>=? AND subject<?", [f"{kind}:", f"{kind};"]
        ).fetchall()
    for record in sorted({one for (one,) in rows}):
        recheck(page, record)
