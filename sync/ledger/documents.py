"""Decide what the documents say that the ledger gives rise to: activities, and each branch's activity record of a month (LG…).

Their content follows from the records, the decisions and the versions approved so far: no clock, no run. So whoever writes them
writes the same.
"""

import sqlite3
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec

from sync.ledger import companions, lines
from sync.ledger.contribution import Base
from sync.ledger.counting import IN_MONTH, in_month
from sync.reconcile.explain import seen_hash

_encode = msgspec.json.Encoder(order="sorted").encode
_decode = msgspec.json.Decoder(dict[str, Any]).decode


class Wanted(NamedTuple):
    """What a document should be; no body: it should not be there. `rev` and `held` are what is known to be there."""

    db: str
    id: str
    body: dict[str, Any] | None
    digest: bytes
    rev: str
    held: bytes


def digest_of(body: Mapping[str, Any]) -> bytes:
    """What tells whether a written document is as it should be; nothing for one that is not there."""
    return blake2b(_encode(body), digest_size=16).digest() if body else b""


def activity_wanted(sql: sqlite3.Connection, db: str, doc: str, zone: str) -> Wanted:
    """The document of an activity in this database. Only the one whose id it bears and whose home this is has one."""
    row = sql.execute(
        "SELECT a.branch, a.fields FROM record r JOIN activity a ON a.anchor = r.n WHERE r.id=? AND a.home=?",
        [doc.removeprefix("activity:"), db],
    ).fetchone()
    body = None if row is None else _body("activity", row[0], zone, _decode(row[1]))
    return _wanted(sql, db, doc, body)


def month_wanted(sql: sqlite3.Connection, db: str, branch: str, month: str, zone: str) -> Wanted:
    """The activity record of a branch and month, as it is now, beside the versions that were approved."""
    doc = month_id(branch, month)
    now = month_fields(sql, branch, month)
    row = sql.execute(
        "SELECT number, fields FROM version WHERE branch=? AND month=? ORDER BY number DESC", [branch, month]
    ).fetchone()
    if row is None:
        if len(now) == 1:
            return _wanted(sql, db, doc, None)
        return _wanted(sql, db, doc, _body("activity_record", branch, zone, {**now, "state": "open", "number": 0}))
    number, approved = row[0], _decode(row[1])
    same = all(approved.get(path) == now[path] for path in now if _was_known(approved, path)) and not _lost(
        approved, now
    )
    reopened = _decided_after(sql, doc, str(approved.get("review", "")))
    fields: dict[str, Any] = {**now, "number": number}
    fields["state"] = "open" if reopened else "approved" if same else "under_review"
    fields |= {name: approved[name] for name in ("approved_by", "approved_at", "digest", "missing") if name in approved}
    if not same:
        fields["supplement_to"] = number
        late = [path for path in now if path.startswith("activities/") and path not in approved]
        fields |= {"late/" + path.removeprefix("activities/"): True for path in late}
    return _wanted(sql, db, doc, _body("activity_record", branch, zone, fields))


def version_wanted(sql: sqlite3.Connection, db: str, branch: str, month: str, held: Mapping[str, Any]) -> Wanted | None:
    """The next version, when the latest decision approves the activity record `held` as it lies in the store; else None."""
    doc = month_id(branch, month)
    decision = _latest(sql, doc)
    if decision is None or decision[1].decision != "approve":
        return None
    review, facts = decision
    known = sql.execute("SELECT number, fields FROM version WHERE branch=? AND month=?", [branch, month]).fetchall()
    if any(_decode(fields).get("review") == review for _, fields in known):
        return None
    if facts.seen != f"sha256-{seen_hash(dict(held), [])}":
        return None
    number = max((number for number, _ in known), default=0) + 1
    fields = {path: value for path, value in held["fields"].items() if not path.startswith("late/")}
    fields.pop("supplement_to", None)
    # What was counted as nothing is told too: a figure that a version does not name was not known when it was approved.
    fields |= {path: 0 for path in (f"figures/{figure.code}" for figure in IN_MONTH) if path not in fields}
    fields |= {"state": "approved", "number": number, "approved_by": facts.author, "digest": facts.seen}
    fields |= {"review": review, "approved_at": facts.at} if facts.at else {"review": review}
    if facts.missing is not None:
        fields["missing"] = facts.missing
    head = "activities/"
    fields |= lines.kept(sql, [path.removeprefix(head) for path in fields if path.startswith(head)])
    return _wanted(sql, db, f"{doc}:v{number}", {**held, "fields": fields})


def month_id(branch: str, month: str) -> str:
    return f"activity_record:{branch}:{month}"


def month_fields(sql: sqlite3.Connection, branch: str, month: str) -> dict[str, Any]:
    """`month`, every figure that is not 0, and the activities credited to the branch."""
    fields: dict[str, Any] = {"month": month}
    fields |= {f"figures/{code}": value for code, value in in_month(sql, branch, month).items() if value}
    rows = sql.execute(
        "SELECT a.id FROM contribution c JOIN activity a ON a.anchor = c.activity"
        " WHERE c.branch=? AND c.day>=? AND c.day<? AND c.base=?",
        [branch, month + "-", month + ".", int(Base.ACTIVITY)],
    )
    return fields | {f"activities/{doc}": True for (doc,) in sorted(rows)}


def _body(of: str, branch: str, zone: str, fields: dict[str, Any]) -> dict[str, Any]:
    return {"type": of, "version": 1, "branch": branch, "device": "server", "zone": zone, "fields": fields}


def _wanted(sql: sqlite3.Connection, db: str, doc: str, body: dict[str, Any] | None) -> Wanted:
    row = sql.execute("SELECT rev, digest FROM document WHERE db=? AND id=?", [db, doc]).fetchone()
    rev, held = row if row is not None else ("", b"")
    return Wanted(db, doc, body, digest_of(body or {}), rev, held)


def _lost(approved: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Whether something that was approved is no longer there."""
    return any(path not in now and approved[path] for path in approved if path.startswith(("activities/", "figures/")))


def _was_known(approved: Mapping[str, Any], path: str) -> bool:
    """A figure that a later program counts does not open what was approved before it."""
    return path in approved or not path.startswith("figures/")


def _latest(sql: sqlite3.Connection, record: str) -> tuple[str, companions.CompanionFacts] | None:
    rows = sql.execute("SELECT id, facts FROM companion WHERE type='review' AND record=?", [record]).fetchall()
    told = sorted(
        ((facts.order, one, facts) for one, facts in ((one, companions.decode(raw)) for one, raw in rows)),
        key=lambda row: row[:2],
    )
    return (told[-1][1], told[-1][2]) if told else None


def _decided_after(sql: sqlite3.Connection, record: str, review: str) -> bool:
    """Whether the activity record was opened again after the decision that approved it."""
    latest = _latest(sql, record)
    return latest is not None and latest[0] != review and latest[1].decision == "reopen"
