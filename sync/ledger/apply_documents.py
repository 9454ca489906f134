"""Decide what the ledger takes from subjects and cases, and from the directory."""

from collections.abc import Mapping
from typing import Any

from schemas import upgrade
from sync.ledger import companions
from sync.ledger.apply_records import recheck, see_to_companions
from sync.ledger.contribution import Base
from sync.ledger.facts import local_day
from sync.ledger.page import Page
from sync.ledger.words import texts_in
from sync.reconcile.explain import open_disputes
from sync.reconcile.stamps import parse_stamp
from sync.stores.contract import Change


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


def _made_on(page: Page, body: Mapping[str, Any]) -> str:
    """The local day on which a document was made, by its stamp."""
    stamps = body.get("stamps")
    found = parse_stamp(str(stamps.get(""))) if isinstance(stamps, dict) else None
    # Beyond these years a zone may have no day for it.
    return local_day(found.ms // 1000, page.zone) if found is not None and 0 <= found.ms < 7_000_000_000_000 else ""
