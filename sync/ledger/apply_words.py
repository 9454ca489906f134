"""Decide what is written to the index of words when documents came, changed or went (SR…).

Only what is new is added and only what has gone is taken out, so an edit of a record's state costs nothing here. All of a page is
written at once, in the order of days, which is the order in which hits are listed.
"""

import json
import sqlite3
from collections.abc import Collection
from datetime import date
from typing import Any, NamedTuple

from sync.ledger.words import words_under

SECURE_DELETE = sqlite3.sqlite_version_info >= (3, 42)
"""Whether the index itself overwrites what is taken out of it; before this version all of it is written anew after an erasure."""

_SEQUENCE_BITS = 32


class _New(NamedTuple):
    db: str
    of: str
    branch: str
    day: str
    audience: int
    texts: bytes
    readers: frozenset[str]
    words: str | None


class Words:
    """What is to be written of one page of a feed."""

    def __init__(self, sql: sqlite3.Connection) -> None:
        self._sql = sql
        self._new: dict[str, _New | str] = {}
        self._redacted: dict[str, int] = {}
        self._private = False

    def take(
        self,
        db: str,
        doc: str,
        place: tuple[str, str, str],
        audience: int,
        readers: frozenset[str],
        texts: bytes,
        words: str | None = None,
    ) -> None:
        """A document as it is now. `place`: its type, branch and local day, "" where it has none; `texts`: as `texts_in` gives them;
        `words`: those under which it is found, where they are known already."""
        self._new[doc] = _New(db, *place, audience, texts, readers, words) if texts else db

    def drop(self, db: str, doc: str) -> None:
        """A document that is gone from this database."""
        if not isinstance(self._new.get(doc), _New):
            self._new[doc] = db

    def erased(self) -> None:
        """What is dropped here was erased for good."""
        self._private = True

    def redacted(self, doc: str, values: int) -> None:
        """So many values were taken out of a document for good."""
        self._redacted[doc] = values

    def drop_database(self, db: str) -> None:
        for (doc,) in self._sql.execute("SELECT id FROM told WHERE db=?", [db]).fetchall():
            self._new[doc] = db

    def write(self) -> bool:
        """Whether something is gone for good: then the ledger's file may hold nothing of it."""
        if not self._new:
            return self._private
        held = {
            row[0]: row[1:]
            for row in self._sql.execute(
                "SELECT t.id, t.seq, t.db, t.of, t.branch, t.day, t.audience, t.texts, u.readers FROM told t"
                " JOIN audience u USING (audience) WHERE t.id IN (SELECT value FROM json_each(?))",
                [json.dumps(list(self._new))],
            )
        }
        (seq,) = self._sql.execute("SELECT coalesce(max(seq), 0) FROM told").fetchone()
        out: list[tuple[int, str]] = []
        added: list[tuple[int, str]] = []
        rows: list[tuple[Any, ...]] = []
        gone: list[tuple[int]] = []
        for doc, new in self._new.items():
            before = held.get(doc)
            if isinstance(new, _New) and before is not None and before[1:7] == new[:6]:
                continue
            old_at, old = 0, set[str]()
            if before is not None:
                number, _, of, branch, day, _, texts, readers = before
                old_at = place_of(day, number)
                old = set(words_under(of, branch, json.loads(readers), texts))
            if isinstance(new, str):
                if before is not None and before[1] == new:
                    gone.append((before[0],))
                    out.append((old_at, " ".join(old)))
                continue
            words = new.words or " ".join(words_under(new.of, new.branch, new.readers, new.texts))
            if before is None:
                # Nearly always: what is new needs no comparing.
                seq += 1
                rows.append((seq, doc, *new[:6]))
                added.append((place_of(new.day, seq), words))
                continue
            at, now = place_of(new.day, before[0]), set(words.split(" "))
            rows.append((before[0], doc, *new[:6]))
            stays = old & now if at == old_at else set[str]()
            out += [(old_at, " ".join(old - stays))] if old - stays else []
            # The index counts what is put in and taken out, and calls itself damaged when more was taken out: so nothing is put in, if
            # need be, for what is taken out.
            added += [(at, " ".join(now - stays))] if now != old or at != old_at else []
        # The index takes rows in their order without writing its memory out in between.
        self._sql.executemany("INSERT INTO words(words, rowid, text) VALUES ('delete', ?, ?)", sorted(out))
        self._sql.executemany("INSERT INTO words(rowid, text) VALUES (?, ?)", sorted(added))
        self._sql.executemany("DELETE FROM told WHERE seq=?", gone)
        self._sql.executemany("INSERT OR REPLACE INTO told VALUES (?,?,?,?,?,?,?,?)", rows)
        private = self._private or self._newly_redacted(held.keys())
        if private and not SECURE_DELETE:
            self._sql.execute("INSERT INTO words(words) VALUES ('optimize')")
        return private

    def _newly_redacted(self, held: Collection[str]) -> bool:
        """A document that was not here before has brought nothing that would have to go."""
        found = False
        for doc, values in self._redacted.items():
            row = self._sql.execute("SELECT number FROM redacted WHERE id=?", [doc]).fetchone()
            if row is None or row[0] < values:
                self._sql.execute("INSERT OR REPLACE INTO redacted VALUES (?, ?)", [doc, values])
                found |= doc in held
        return found


def place_of(day: str, seq: int) -> int:
    """The row of a document in the index: by day, then as it came."""
    return day_number(day) << _SEQUENCE_BITS | seq


def sequence_of(place: int) -> int:
    return place & (1 << _SEQUENCE_BITS) - 1


def day_number(day: str) -> int:
    try:
        return date.fromisoformat(day).toordinal()
    except ValueError:
        return 0
