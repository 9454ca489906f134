"""Decide what is remembered while a page of a feed is applied: which buckets have to be grouped again, and what is to be done in the
store. Everything that applies a part of the page says it here.
"""

import json
import sqlite3
from collections.abc import Iterable
from zoneinfo import ZoneInfo

from schemas.vocabulary import SUBJECT_KINDS
from sync.ledger.apply_words import Words
from sync.ledger.decisions import root_of
from sync.ledger.told import Told
from sync.reconcile.explain import Open


class Page:
    """`touched`: buckets; `fresh`: the records in them that changed; `stale`: activities that lost a record; `left`: (branch and
    day of a record that changed or went, one that it named: "" for none); `due`: (what, database, id); `cases`, `subjects`: joint
    surveys and subjects to be looked at again; `stirred`: branches of whose records or joins more or fewer may wait; `words`: by what
    documents are found; `told`: what records of the page say, by id."""

    def __init__(self, sql: sqlite3.Connection, zone: ZoneInfo) -> None:
        self.sql = sql
        self.zone = zone
        self.touched: set[str] = set()
        self.fresh: dict[str, set[int]] = {}
        self.stale: set[int] = set()
        self.left: set[tuple[str, str]] = set()
        self.due: set[tuple[str, str, str]] = set()
        self.words = Words(sql)
        self.told: dict[str, Told] = {}
        self.cases: set[str] = set()
        self.subjects: set[str] = set()
        self.stirred: set[str] = set()
        self._audiences: dict[frozenset[str], int] = {}
        self._records: set[str] = set()
        self._no_alias: bool | None = None
        self.kept: frozenset[str] | None = None
        self.gone_members: dict[str, str] | None = None
        (self._any_dispute,) = sql.execute("SELECT EXISTS (SELECT 1 FROM dispute)").fetchone()

    def touch(self, bucket: str, n: int) -> None:
        """A record of this bucket changed, came or went."""
        self.touched.add(bucket)
        self.fresh.setdefault(bucket, set()).add(n)

    def touch_record(self, record: str) -> None:
        """Something about a record changed that its activity shows or counts. Where it lies is looked up once, for all of them."""
        self._records.add(record)

    def find_touched(self) -> None:
        """Touch the buckets in which the records of `touch_record` now are."""
        rows = self.sql.execute(
            "SELECT bucket, n FROM record WHERE id IN (SELECT value FROM json_each(?)) AND bucket IS NOT NULL",
            [json.dumps(sorted(self._records))],
        )
        for bucket, n in rows:
            self.touch(bucket, n)
        self._records.clear()

    def root(self, subject: str) -> str:
        """The subject that aliases lead to: as `root_of`, asked once a page while there are none."""
        if self._no_alias is None:
            self._no_alias = self.sql.execute("SELECT 1 FROM alias LIMIT 1").fetchone() is None
        return subject if self._no_alias else root_of(self.sql, subject)

    def touch_case(self, case: str) -> None:
        """A joint survey, or something that tells how it stands, changed."""
        self.cases.add(case)

    def touch_subject(self, subject: str) -> None:
        """What tells whether it is likely the same as another changed."""
        self.subjects.add(subject)

    def known(self, subjects: Iterable[str]) -> set[str]:
        """Those of these subjects that a register holds."""
        found = self.sql.execute(
            "SELECT id FROM subject WHERE id IN (SELECT value FROM json_each(?))", [json.dumps(sorted(set(subjects)))]
        )
        return {one for (one,) in found}

    def unknown(self, subjects: Iterable[str]) -> set[str]:
        """Those of these subjects that no register holds, of the kinds of which one is kept."""
        asked = {one for one in subjects if one.partition(":")[0] in self.registers()}
        return asked - self.known(asked) if asked else asked

    def gone(self) -> dict[str, str]:
        """The members who left, and on which day."""
        if self.gone_members is None:
            rows = self.sql.execute("SELECT id, gone FROM directory WHERE type='member' AND gone<>''")
            self.gone_members = {one.removeprefix("member:"): day for one, day in rows}
        return self.gone_members

    def registers(self) -> frozenset[str]:
        """The kinds of subjects of which a register is kept."""
        if self.kept is None:
            query = "SELECT EXISTS (SELECT 1 FROM subject WHERE id>=? AND id<?)"
            self.kept = frozenset(
                kind for kind in SUBJECT_KINDS if self.sql.execute(query, [f"{kind}:", f"{kind};"]).fetchone()[0]
            )
        return self.kept

    def disputed(self, db: str, doc: str, branch: str, found: Open | None, audience: int) -> None:
        """Note what of a document is in dispute, so that listing it reads no document that is not."""
        if found is None:
            if self._any_dispute:
                self.sql.execute("DELETE FROM dispute WHERE id=? AND db=?", [doc, db])
            return
        self._any_dispute = True
        values = [doc, db, branch, audience, found.at, json.dumps(found.paths, ensure_ascii=False)]
        self.sql.execute("INSERT OR REPLACE INTO dispute VALUES (?, ?, ?, ?, ?, ?)", values)

    def audience(self, readers: frozenset[str]) -> int:
        """The number of a set of readers."""
        number = self._audiences.get(readers)
        if number is not None:
            return number
        text = json.dumps(sorted(readers))
        row = self.sql.execute("SELECT audience FROM audience WHERE readers=?", [text]).fetchone()
        if row is None:
            number = self.sql.execute("INSERT INTO audience(readers) VALUES (?)", [text]).lastrowid or 0
            self.sql.executemany("INSERT INTO reader VALUES (?, ?)", [(number, one) for one in sorted(readers)])
        else:
            number = int(row[0])
        self._audiences[readers] = number
        return number
