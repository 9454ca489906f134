"""Decide which pairs of subjects the ledger suggests to be one (LS…): those that share a key which few share, are alike enough, and that
nobody has made one or told apart.

A subject that comes or changes is compared with at most `KEY_CROWD` others a key. A key that becomes a crowd, or is one no longer, has the
few that bear it compared again, once.
"""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from schemas import upgrade
from sync.ledger import companions
from sync.ledger.decisions import root_of, superseded
from sync.ledger.page import Page
from sync.reconcile.likely import KEY_CROWD, Known, compare, keys_of, known_of

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Known).decode


def take_known(page: Page, subject: str, body: Mapping[str, Any]) -> None:
    """A subject that came or changed; an empty body stands for one that is gone."""
    if not body and page.sql.execute("SELECT 1 FROM subject WHERE id=?", [subject]).fetchone() is not None:
        return  # one copy of it went; another is still there
    known = known_of(upgrade(body)) if body else None
    row = page.sql.execute("SELECT facts FROM known WHERE subject=?", [subject]).fetchone()
    before = _decode(row[0]) if row else None
    if known == before:
        return
    page.touch_subject(subject)
    old, new = (set(keys_of(one)) if one is not None else set[str]() for one in (before, known))
    if known is None:
        page.sql.execute("DELETE FROM known WHERE subject=?", [subject])
    else:
        page.sql.execute("INSERT OR REPLACE INTO known VALUES (?, ?)", [subject, _encode(known)])
    for key in sorted(old - new):
        page.sql.execute("DELETE FROM subject_key WHERE key=? AND subject=?", [key, subject])
        _crossed(page, key, KEY_CROWD)
    for key in sorted(new - old):
        page.sql.execute("INSERT INTO subject_key VALUES (?, ?)", [key, subject])
        _crossed(page, key, KEY_CROWD + 1)


def settle_likely(page: Page) -> None:
    """Find the pairs of every subject that was touched anew."""
    for subject in sorted(page.subjects):
        page.sql.execute("DELETE FROM likely WHERE first=? OR second=?", [subject, subject])
        row = page.sql.execute("SELECT facts FROM known WHERE subject=?", [subject]).fetchone()
        if row is None:
            continue
        known = _decode(row[0])
        for other, facts in _candidates(page.sql, subject, keys_of(known)):
            found = compare(known, _decode(facts))
            if (
                found is None
                or root_of(page.sql, subject) == root_of(page.sql, other)
                or _apart(page.sql, subject, other)
            ):
                continue
            values = [100 - found.score, *sorted((subject, other)), _encode(found)]
            page.sql.execute("INSERT OR REPLACE INTO likely VALUES (?, ?, ?, ?)", values)


def _crossed(page: Page, key: str, size: int) -> None:
    """A key borne by so many now tells something else than before to all of them."""
    rows = _bearers(page.sql, key)
    if len(rows) == size:
        for one in rows:
            page.touch_subject(one)


def _bearers(sql: sqlite3.Connection, key: str) -> list[str]:
    rows = sql.execute(f"SELECT subject FROM subject_key WHERE key=? LIMIT {KEY_CROWD + 2}", [key])
    return [subject for (subject,) in rows]


def _candidates(sql: sqlite3.Connection, subject: str, keys: Iterable[str]) -> list[tuple[str, bytes]]:
    others: set[str] = set()
    for key in keys:
        bearers = _bearers(sql, key)
        if len(bearers) <= KEY_CROWD:
            others.update(bearers)
    asked = json.dumps(sorted(others - {subject}))
    return sql.execute(
        "SELECT subject, facts FROM known WHERE subject IN (SELECT value FROM json_each(?))", [asked]
    ).fetchall()


def _apart(sql: sqlite3.Connection, one: str, other: str) -> bool:
    """Whether somebody decided that these are two, and it stands."""
    rows = sql.execute(
        "SELECT c.id, c.facts FROM companion c WHERE c.id IN"
        " (SELECT a.review FROM bound a JOIN bound b ON b.review = a.review WHERE a.record=? AND b.record=?)",
        [one, other],
    ).fetchall()
    return any(companions.decode(facts).decision == "split" and not superseded(sql, review) for review, facts in rows)
