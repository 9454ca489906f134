"""Decide what the ledger takes from documents that are no records: subjects and cases, the directory, and the documents that it gave
rise to itself, which may have been changed by others."""

from collections.abc import Mapping
from typing import Any

import msgspec

from schemas import upgrade
from sync.ledger import companions
from sync.ledger.apply_records import see_to_companions
from sync.ledger.facts import encode
from sync.ledger.page import Page
from sync.stores.contract import Change

_decode_body = msgspec.json.Decoder(dict[str, Any]).decode


def take_subject(page: Page, db: str, change: Change, body: Mapping[str, Any]) -> None:
    """A subject, or a case of a joint survey: what lists call it, and who reads it."""
    if not body:
        page.sql.execute("DELETE FROM subject WHERE id=? AND db=?", [change.id, db])
        page.disputed(db, change.id, "", {}, 0)
        return
    fields = body.get("fields")
    name = fields.get("name", fields.get("matter")) if isinstance(fields, dict) else None
    audience = page.audience(companions.readers_of(body))
    branch = body.get("branch")
    values = [
        change.id,
        db,
        branch if isinstance(branch, str) else "",
        name if isinstance(name, str) else "",
        audience,
    ]
    page.sql.execute("INSERT OR REPLACE INTO subject VALUES (?, ?, ?, ?, ?)", values)
    page.disputed(db, change.id, str(values[2]), upgrade(body), audience)
    see_to_companions(page, db, change.id, audience, audience)


def take_directory(page: Page, name: str, change: Change, body: Mapping[str, Any]) -> None:
    """A member, window or branch."""
    fields = body.get("fields")
    if not isinstance(fields, dict):
        page.sql.execute("DELETE FROM directory WHERE id=?", [change.id])
        return
    told = [fields.get(part) for part in ("name", "branch", "window", "unit")]
    values = [one if isinstance(one, str) else "" for one in told]
    page.sql.execute("INSERT OR REPLACE INTO directory VALUES (?, ?, ?, ?, ?, ?)", [change.id, name, *values])


def take_written(page: Page, db: str, change: Change) -> None:
    """A document that the ledger itself gave rise to: is it still what it should be?"""
    rev = change.leaves[0] if change.leaves else ""
    row = page.sql.execute("SELECT rev FROM document WHERE db=? AND id=?", [db, change.id]).fetchone()
    if len(change.leaves) > 1:
        page.due.add(("fork", db, change.id))
    elif row is not None and row[0] == rev and not _is_version(change.id):
        return
    body = {} if change.deleted or change.body is None else _decode_body(change.body)
    digest = page.digest_of(body) if body else b""
    page.sql.execute("INSERT OR REPLACE INTO document VALUES (?, ?, ?, ?)", [db, change.id, rev, digest])
    if change.id.startswith("activity_record:"):
        _month(page, db, change, body)
    else:
        page.due.add(("document", db, change.id))


def month_of(record: str) -> str:
    """`b03:2026-11` of `activity_record:b03:2026-11`."""
    return ":".join(record.split(":")[1:3])


def _month(page: Page, db: str, change: Change, body: Mapping[str, Any]) -> None:
    branch, _, month = month_of(change.id).partition(":")
    fields = body.get("fields")
    if _is_version(change.id):
        key = [branch, month, int(change.id.rpartition(":v")[2])]
        if isinstance(fields, dict):
            page.sql.execute("INSERT OR REPLACE INTO version VALUES (?, ?, ?, ?)", [*key, encode(fields)])
        else:
            page.sql.execute("DELETE FROM version WHERE branch=? AND month=? AND number=?", key)
    page.due.add(("month", db, f"{branch}:{month}"))


def _is_version(doc: str) -> bool:
    return doc.startswith("activity_record:") and doc.rpartition(":v")[2].isdecimal() and doc.count(":") == 3
