"""Decide what the ledger takes from the documents that it gave rise to itself, which may have been changed by others: are they still what
they should be?"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from sync.ledger.documents import digest_of
from sync.ledger.facts import encode
from sync.ledger.page import Page
from sync.ledger.told import Titled, Written, titled_of
from sync.stores.contract import Change

_decode_body = msgspec.json.Decoder(dict[str, Any]).decode


def take_activities(page: Page, db: str, told: Sequence[tuple[Change, Written | None]]) -> None:
    """Activities of one database, with what is known already of what they say. They are found by their titles."""
    if not told:
        return
    asked = [db, json.dumps([change.id for change, _ in told])]
    query = "SELECT id, rev FROM document WHERE db=? AND id IN (SELECT value FROM json_each(?))"
    held = dict(page.sql.execute(query, asked).fetchall())
    rows = []
    for change, one in told:
        _find_by_title(page, db, change, one)
        rev = _rev(change)
        if len(change.leaves) > 1:
            page.due.add(("fork", db, change.id))
        elif held.get(change.id) == rev:
            continue
        rows.append((db, change.id, rev, one.digest if one is not None else digest_of(_body(change))))
        page.due.add(("document", db, change.id))
    page.sql.executemany("INSERT OR REPLACE INTO document VALUES (?, ?, ?, ?)", rows)


def take_activity_record(page: Page, db: str, change: Change) -> None:
    """A branch's month as it is now, or an approved version of it."""
    body, rev = _body(change), _rev(change)
    if not _is_version(change.id):
        _standing(page, change, body)
    row = page.sql.execute("SELECT rev FROM document WHERE db=? AND id=?", [db, change.id]).fetchone()
    if len(change.leaves) > 1:
        page.due.add(("fork", db, change.id))
    elif row is not None and row[0] == rev and not _is_version(change.id):
        return
    page.sql.execute("INSERT OR REPLACE INTO document VALUES (?, ?, ?, ?)", [db, change.id, rev, digest_of(body)])
    branch, _, month = month_of(change.id).partition(":")
    if _is_version(change.id):
        _version(page, [branch, month, int(change.id.rpartition(":v")[2])], body.get("fields"))
    page.due.add(("month", db, f"{branch}:{month}"))


def month_of(record: str) -> str:
    """`b03:2026-11` of `activity_record:b03:2026-11`."""
    return ":".join(record.split(":")[1:3])


def _find_by_title(page: Page, db: str, change: Change, told: Written | None) -> None:
    titled: Titled | None = None
    if told is not None:
        titled = told.titled
    elif not change.deleted and change.body is not None and b'"title"' in change.body:
        titled = titled_of(_decode_body(change.body), page.zone)
    if titled is None:
        page.words.drop(db, change.id)
        return
    place, audience = ("activity", titled.branch, titled.day), page.audience(titled.readers)
    page.words.take(db, change.id, place, audience, titled.readers, titled.texts, titled.words)


def _standing(page: Page, change: Change, body: Mapping[str, Any]) -> None:
    """How an activity record stands, so that those that wait for approval are found."""
    branch, _, month = month_of(change.id).partition(":")
    fields = body.get("fields")
    if not isinstance(fields, dict):
        page.sql.execute("DELETE FROM month WHERE branch=? AND month=?", [branch, month])
        return
    state, number = fields.get("state"), fields.get("number")
    values = [branch, month, state if isinstance(state, str) else "", number if isinstance(number, int) else 0]
    page.sql.execute("INSERT OR REPLACE INTO month VALUES (?, ?, ?, ?)", values)


def _version(page: Page, key: Sequence[str | int], fields: object) -> None:
    if isinstance(fields, dict):
        page.sql.execute("INSERT OR REPLACE INTO version VALUES (?, ?, ?, ?)", [*key, encode(fields)])
    else:
        page.sql.execute("DELETE FROM version WHERE branch=? AND month=? AND number=?", key)


def _body(change: Change) -> dict[str, Any]:
    return {} if change.deleted or change.body is None else _decode_body(change.body)


def _rev(change: Change) -> str:
    return change.leaves[0] if change.leaves else ""


def _is_version(doc: str) -> bool:
    return doc.startswith("activity_record:") and doc.rpartition(":v")[2].isdecimal() and doc.count(":") == 3
