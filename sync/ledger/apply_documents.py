"""Decide what the ledger takes from documents that are no records: subjects and cases, the directory, and the documents that it gave
rise to itself, which may have been changed by others."""

from collections.abc import Mapping
from typing import Any

import msgspec

from schemas import upgrade
from sync.ledger import companions
from sync.ledger.apply_records import recheck, see_to_companions
from sync.ledger.contribution import Base
from sync.ledger.facts import day_of, encode, local_day
from sync.ledger.page import Page
from sync.ledger.words import texts_in
from sync.reconcile.explain import open_disputes
from sync.reconcile.stamps import parse_stamp
from sync.stores.contract import Change

_decode_body = msgspec.json.Decoder(dict[str, Any]).decode


def take_subject(page: Page, db: str, change: Change, body: Mapping[str, Any]) -> None:
    """A subject, or a case of a joint survey: what lists call it, and who reads it."""
    if not body:
        page.sql.execute("DELETE FROM subject WHERE id=? AND db=?", [change.id, db])
        page.disputed(db, change.id, "", None, 0)
        page.words.drop(db, change.id)
        return
    fields = body.get("fields")
    name = fields.get("name", fields.get("matter")) if isinstance(fields, dict) else None
    readers = companions.readers_of(body)
    audience = page.audience(readers)
    branch = body.get("branch")
    values = [
        change.id,
        db,
        branch if isinstance(branch, str) else "",
        name if isinstance(name, str) else "",
        audience,
    ]
    page.sql.execute("INSERT OR REPLACE INTO subject VALUES (?, ?, ?, ?, ?)", values)
    page.disputed(db, change.id, str(values[2]), open_disputes(upgrade(body)), audience)
    place = (str(body.get("type")), str(values[2]), _made_on(page, body))
    page.words.take(db, change.id, place, audience, readers, texts_in(body))
    see_to_companions(page, db, change.id, audience, audience)


def take_person(page: Page, db: str, change: Change, body: Mapping[str, Any]) -> None:
    """Facts of a person: where they lie, and nothing of what they say."""
    page.sql.execute("DELETE FROM person WHERE id=? AND db=?", [change.id, db])
    fields = body.get("fields")
    subject = fields.get("subject") if isinstance(fields, dict) else None
    if isinstance(subject, str):
        page.sql.execute("INSERT OR REPLACE INTO person VALUES (?, ?, ?)", [change.id, db, subject])


def take_directory(page: Page, name: str, change: Change, body: Mapping[str, Any]) -> None:
    """A member, window or branch."""
    fields = body.get("fields")
    before = page.sql.execute("SELECT gone FROM directory WHERE id=?", [change.id]).fetchone()
    if isinstance(fields, dict):
        told = [fields.get(part) for part in ("name", "branch", "window", "unit", "left")]
        values = [one if isinstance(one, str) else "" for one in told]
        page.sql.execute("INSERT OR REPLACE INTO directory VALUES (?, ?, ?, ?, ?, ?, ?)", [change.id, name, *values])
        gone = values[-1]
    else:
        page.sql.execute("DELETE FROM directory WHERE id=?", [change.id])
        gone = ""
    if name == "member" and gone != (before[0] if before else ""):
        page.gone_members = None
        _look_at_again(page, change.id.removeprefix("member:"))


def _look_at_again(page: Page, member: str) -> None:
    """A member left, or did not after all: the records that name them. All are gone through, since it happens a few times a year."""
    rows = page.sql.execute(
        "SELECT record FROM contribution WHERE base=? AND member=? UNION SELECT id FROM record WHERE standing='member_left'",
        [int(Base.ATTENDANCE), member],
    ).fetchall()
    for (record,) in rows:
        recheck(page, record)


def take_written(page: Page, db: str, change: Change) -> None:
    """A document that the ledger itself gave rise to: is it still what it should be?"""
    if change.id.startswith("activity:"):
        _title(page, db, change)
    elif not _is_version(change.id):
        _standing(page, change)
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


def _standing(page: Page, change: Change) -> None:
    """How an activity record stands, so that those that wait for approval are found."""
    branch, _, month = month_of(change.id).partition(":")
    fields = None if change.deleted or change.body is None else _decode_body(change.body).get("fields")
    if not isinstance(fields, dict):
        page.sql.execute("DELETE FROM month WHERE branch=? AND month=?", [branch, month])
        return
    state, number = fields.get("state"), fields.get("number")
    values = [branch, month, state if isinstance(state, str) else "", number if isinstance(number, int) else 0]
    page.sql.execute("INSERT OR REPLACE INTO month VALUES (?, ?, ?, ?)", values)


def _title(page: Page, db: str, change: Change) -> None:
    """An activity is found by its title."""
    if change.deleted or change.body is None or b'"title"' not in change.body:
        page.words.drop(db, change.id)
        return
    body = _decode_body(change.body)
    readers = companions.readers_of(body)
    fields, branch = body.get("fields"), body.get("branch")
    period = fields.get("period") if isinstance(fields, dict) else None
    day = day_of(period[0], page.zone) if isinstance(period, list) and period else ""
    place = ("activity", branch if isinstance(branch, str) else "", day)
    page.words.take(db, change.id, place, page.audience(readers), readers, texts_in(body))


def _made_on(page: Page, body: Mapping[str, Any]) -> str:
    """The local day on which a document was made, by its stamp."""
    stamps = body.get("stamps")
    found = parse_stamp(str(stamps.get(""))) if isinstance(stamps, dict) else None
    # Beyond these years a zone may have no day for it.
    return local_day(found.ms // 1000, page.zone) if found is not None and 0 <= found.ms < 7_000_000_000_000 else ""


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
