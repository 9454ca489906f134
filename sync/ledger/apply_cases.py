"""Decide what the ledger keeps of a joint survey (JS…): the case, which survey records belong to it, and how far it has come.

How it stands is worked out again when the case, one of its surveys or something beside one changes, from these alone. What the passing of
time changes (its limit) is asked when it is read.
"""

import json
import sqlite3
from collections.abc import Mapping
from typing import Any

import msgspec

from schemas import upgrade
from sync.ledger import companions
from sync.ledger.facts import Facts, decode
from sync.ledger.page import Page
from sync.reconcile.cases import Case, Survey, case_of, state_of
from sync.stores.contract import Change

_encode = msgspec.json.Encoder().encode
decode_case = msgspec.json.Decoder(Case).decode

VOUCHING = ("signature", "photo")


def take_case(page: Page, db: str, change: Change, body: Mapping[str, Any]) -> None:
    """A case that came or changed; an empty body stands for one that is gone."""
    page.touch_case(change.id)
    if not body:
        page.sql.execute("DELETE FROM joint WHERE id=? AND db=?", [change.id, db])
        page.sql.execute("DELETE FROM joint_party WHERE joint=?", [change.id])
        return
    body = dict(upgrade(body))
    case, fields = case_of(body), body.get("fields")
    subject = fields.get("subject") if isinstance(fields, dict) else None
    audience = page.audience(companions.readers_of(body))
    values = [change.id, db, case.branch, subject if isinstance(subject, str) else "", audience, case.limit]
    page.sql.execute(
        "INSERT OR REPLACE INTO joint VALUES (?, ?, ?, ?, ?, ?, '', 0, 0, 0, 0, ?)", [*values, _encode(case)]
    )
    page.sql.execute("DELETE FROM joint_party WHERE joint=?", [change.id])
    branches = {case.branch, *(one.removeprefix("branch:") for one in case.parties if one.startswith("branch:"))}
    page.sql.executemany("INSERT INTO joint_party VALUES (?, ?)", [(change.id, one) for one in sorted(branches)])


def note_survey(page: Page, n: int, before: Facts | None, after: Facts | None) -> None:
    """A survey record came, changed or went (None)."""
    was, now = (one.case if one is not None and one.of == "survey" else "" for one in (before, after))
    if was and was != now:
        page.sql.execute("DELETE FROM joint_survey WHERE joint=? AND record=?", [was, n])
    if now:
        page.sql.execute("INSERT OR IGNORE INTO joint_survey VALUES (?, ?)", [now, n])
    for one in {was, now} - {""}:
        page.touch_case(one)


def touch_case_of(page: Page, record: str) -> None:
    """Something beside a record changed that its case goes by."""
    rows = page.sql.execute(
        "SELECT j.joint FROM joint_survey j JOIN record r ON r.n = j.record WHERE r.id=?", [record]
    ).fetchall()
    for (case,) in rows:
        page.touch_case(case)


def settle_cases(page: Page) -> None:
    """How the cases that were touched stand now, and that their checks are to be looked at."""
    for case in sorted(page.cases):
        row = page.sql.execute("SELECT db, facts FROM joint WHERE id=?", [case]).fetchone()
        if row is None:
            continue
        known = decode_case(row[1])
        state = state_of(known, surveys_of(page.sql, case), "")
        stands = state.stands if state.stands in ("draft", "issued", "withdrawn") else "open"
        awaited = sum(one.state != "in" for one in state.parties)
        told = [stands, awaited, len(state.disagreements), len(state.late) + len(state.taken_back), int(state.early)]
        page.sql.execute(
            "UPDATE joint SET stands=?, awaited=?, disagreements=?, late=?, early=? WHERE id=?", [*told, case]
        )
        page.due.add(("case", row[0], case))


def surveys_of(sql: sqlite3.Connection, case: str) -> list[Survey]:
    """The survey records of a case, whoever may read them."""
    rows = sql.execute(
        "SELECT r.id, r.branch, r.standing, r.facts FROM joint_survey j JOIN record r ON r.n = j.record WHERE j.joint=?",
        [case],
    ).fetchall()
    beside = sql.execute(
        f"SELECT record, facts FROM companion WHERE record IN (SELECT value FROM json_each(?)) AND type IN {VOUCHING}",
        [json.dumps([row[0] for row in rows])],
    )
    vouched = {record for record, facts in beside if not companions.decode(facts).withdrawn}
    return [
        Survey(record, branch, standing, record in vouched, decode(facts).findings)
        for record, branch, standing, facts in rows
    ]
