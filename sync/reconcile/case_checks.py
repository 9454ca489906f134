"""Decide what is flagged in a joint survey that no record can tell by itself: a finding for an item that the checklist never had, and a
conclusion issued before it was ready (JS…). Written by the worker, as checks beside the records; the rest of a check is left as it is."""

import json
from collections.abc import Mapping, Sequence
from sqlite3 import Connection
from typing import Any

from schemas.problems import Problem
from sync.checking import LOOKED_UP, check_edit, check_id
from sync.documents import content_of
from sync.ledger.apply_cases import decode_case, surveys_of
from sync.ledger.ledger import Ledger
from sync.reconcile.body import stamps_of
from sync.reconcile.cases import state_of, unknown_items
from sync.reconcile.settling import add
from sync.stores.contract import Edit, Store, Want, Write

Wanted = dict[str, dict[str, list[dict[str, str]]]]
"""By database and record: what is to be flagged in it."""


async def check_cases(store: Store, ledger: Ledger, cases: Sequence[str]) -> None:
    """Bring the checks of these cases and of their surveys up to date."""
    wanted = await ledger.read(lambda sql: _wanted(sql, cases))
    for db, records in wanted.items():
        found = await store.get(db, [Want(one) for record in records for one in (record, check_id(record))])
        alive = {
            one.id: (one.revisions[0].rev, content_of(one.revisions[0].body))
            for one in found
            if one.revisions and not one.revisions[0].deleted
        }
        edits: list[Write | Edit] = []
        for record, problems in records.items():
            held = alive.get(check_id(record))
            if record not in alive or problems == [one for one in _problems(held) if one.get("code") in LOOKED_UP]:
                continue
            body = alive[record][1]
            rest = [one for one in _problems(held) if one.get("code") not in LOOKED_UP]
            stamp = max(stamps_of(body), default="")
            edit = check_edit(record, body, rest, [], stamp, held, problems)
            if edit is not None:
                edits.append(edit)
        await add(store, db, edits)


def _wanted(sql: Connection, cases: Sequence[str]) -> Wanted:
    wanted: Wanted = {}
    for case in cases:
        row = sql.execute("SELECT db, facts FROM joint WHERE id=?", [case]).fetchone()
        if row is None:
            continue
        known, surveys = decode_case(row[1]), surveys_of(sql, case)
        asked = json.dumps([one.record for one in surveys])
        places = dict(sql.execute("SELECT id, db FROM record WHERE id IN (SELECT value FROM json_each(?))", [asked]))
        for survey in surveys:
            unknown = [_unknown(item) for item in unknown_items(known, survey.findings)]
            wanted.setdefault(places[survey.record], {})[survey.record] = unknown
        early = state_of(known, surveys, "").early
        wanted.setdefault(row[0], {})[case] = [_EARLY] if early else []
    return wanted


def _problems(held: tuple[str, Mapping[str, Any]] | None) -> list[dict[str, str]]:
    fields = held[1].get("fields") if held else None
    problems = fields.get("problems") if isinstance(fields, dict) else None
    return [one for one in problems if isinstance(one, dict)] if isinstance(problems, list) else []


def _told(problem: Problem) -> dict[str, str]:
    return {"field": problem.field, "code": problem.code, "zh": problem.zh, "en": problem.en}


def _unknown(item: str) -> dict[str, str]:
    return _told(
        Problem(
            f"findings/{item}/finding",
            "not_on_checklist",
            "踏勘清单中没有此项：请改填清单中的事项，或由牵头支部补入清单",
            "not on the announced checklist: choose an item of it, or have the lead add it",
        )
    )


_EARLY = _told(
    Problem(
        "issued",
        "issued_early",
        "结论出具时仍有参与单位未提交意见，且未到时限：请核实，其后的意见列为补充意见",
        "issued while parties were awaited and before its time: look at it; what they find is an addendum",
    )
)
