"""Decide what a page of a changes feed changes in the ledger (LG…), and in which order: rows of records and of what accompanies them,
the buckets to be grouped again, and what is to be done about it in the store. Runs inside one transaction of the ledger's thread.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from schemas import type_of_id
from sync.databases import branch_of, kind_of
from sync.ledger import companions
from sync.ledger.apply_cases import settle_cases, take_case
from sync.ledger.apply_companions import take_companions
from sync.ledger.apply_documents import take_directory, take_person, take_subject
from sync.ledger.apply_imports import take_imports
from sync.ledger.apply_likely import settle_likely, take_known
from sync.ledger.apply_records import take_records
from sync.ledger.apply_written import take_activities, take_activity_record
from sync.ledger.decisions import decisions, standing_of
from sync.ledger.facts import KINDS
from sync.ledger.page import Page
from sync.ledger.register import note_subjects
from sync.ledger.regroup import regroup
from sync.ledger.told import NOTHING_AHEAD, Ahead, Beside, Told, Written, beside_of, told_of
from sync.reconcile.redaction import has_redactions, number_redacted
from sync.stores.contract import Change

_decode_body = msgspec.json.Decoder(dict[str, Any]).decode
_DIRECTORY = frozenset({"member", "window", "branch"})
_WRITTEN = frozenset({"activity", "activity_record"})


class Applying:
    """One page."""

    def __init__(self, connection: sqlite3.Connection, zone: ZoneInfo, mark: int) -> None:
        self._page = Page(connection, zone)
        self._mark = mark
        self.private = False
        """Whether something was erased or redacted: then the file's log may hold nothing of it either."""

    def page(self, db: str, changes: Sequence[Change], ahead: Ahead) -> None:
        """`ahead`: what is known already of what they say."""
        told: dict[str, list[tuple[Change, dict[str, Any]]]] = {}
        records: dict[str, list[tuple[Change, Told | None]]] = {name: [] for name in KINDS}
        beside: list[tuple[Change, Beside | None]] = []
        activities: list[tuple[Change, Written | None]] = []
        for change in changes:
            if len(change.leaves) > 1 or (change.body is not None and b'"stamps"' not in change.body):
                self._look_at(db, change)
            type_name = type_of_id(change.id)
            if type_name is None:
                continue
            if type_name == "activity":
                activities.append((change, ahead.written.get(change.id)))
                continue
            if type_name == "activity_record":
                take_activity_record(self._page, db, change)
                continue
            if type_name == "check" and not change.deleted:
                self._page.due.add(("check", db, change.id))
            redacted = 0
            if change.id in ahead.records:
                records[type_name].append((change, ahead.records[change.id]))
                redacted = ahead.records[change.id].redacted
            elif change.id in ahead.beside:
                beside.append((change, ahead.beside[change.id]))
            else:
                body = {} if change.deleted or change.body is None else _decode_body(change.body)
                redacted = number_redacted(body) if has_redactions(body) else 0
                body = body if body.get("type") == type_name else {}
                if type_name in records:
                    records[type_name].append((change, told_of(body, self._page.zone) if body else None))
                elif type_name in companions.COMPANIONS:
                    beside.append((change, beside_of(body)))
                else:
                    told.setdefault(type_name, []).append((change, body))
            if redacted:
                # Also when a tablet that has not heard of it brings the value once more.
                self._page.due.add(("forget", db, change.id))
                self._page.words.redacted(change.id, redacted)
        take_activities(self._page, db, activities)
        kind = kind_of(db)
        if kind in ("branch", "shared"):
            self._subjects(db, told.get("subject", ()))
            take_records(self._page, db, [one for some in records.values() for one in some])
            for change, body in told.get("case", ()):
                take_subject(self._page, db, change, body)
            for change, body in told.get("person", ()):
                take_person(self._page, db, change, body)
            take_imports(self._page, db, [*told.get("import", ()), *told.get("import_rows", ())])
            for change, body in told.get("subject", ()):
                take_known(self._page, change.id, body)
            for change, body in told.get("case", ()):
                take_case(self._page, db, change, body)
            take_companions(self._page, db, beside)
        elif kind == "centre":
            for name in _DIRECTORY:
                for change, body in told.get(name, ()):
                    take_directory(self._page, name, change, body)

    def _subjects(self, db: str, told: Sequence[tuple[Change, dict[str, Any]]]) -> None:
        """Before the records that name them."""
        if not told:
            return
        before, kept = self._page.known(change.id for change, _ in told), self._page.registers()
        for change, body in told:
            take_subject(self._page, db, change, body)
        note_subjects(self._page, told, before, kept)

    def forget(self, db: str, ids: Iterable[str] | None = None) -> None:
        """Leave out these documents, or all of a database that is no longer there."""
        self._page.words.erased()
        if ids is None:
            tables = ("record", "subject", "person", "companion", "import", "import_part")
            ids = [
                row[0] for table in tables for row in self._page.sql.execute(f"SELECT id FROM {table} WHERE db=?", [db])
            ]
            self._page.sql.execute("DELETE FROM document WHERE db=?", [db])
            self._page.sql.execute("DELETE FROM due WHERE db=?", [db])
            for table in ("version", "month"):
                self._page.sql.execute(f"DELETE FROM {table} WHERE branch=?", [branch_of(db)])
            self._page.words.drop_database(db)
        self.page(db, [Change("0", one, (), True, None, None, None) for one in ids], NOTHING_AHEAD)

    def judged(self, db: str, record: str, seen: str) -> None:
        """How a record stands, now that it is known what an approval of it would be bound to."""
        row = self._page.sql.execute(
            "SELECT n, author, bucket, review, branch FROM record WHERE id=? AND db=?", [record, db]
        ).fetchone()
        if row is None:
            return
        n, author, bucket, before, branch = row
        self._page.stirred.add(branch)
        stands = standing_of(decisions(self._page.sql, record), author, seen)
        self._page.sql.execute("UPDATE record SET review=?, seen=? WHERE n=?", [stands, seen, n])
        if (stands == "approved") != (before == "approved") and bucket:
            self._page.touch(bucket, n)

    def finish(self) -> None:
        """Group again what was touched, and write down what is to be done."""
        self.private = self._page.words.write()
        self._page.find_touched()
        for what, db, one in regroup(self._page):
            self._page.due.add((what, db, one))
        settle_cases(self._page)
        settle_likely(self._page)
        self._page.sql.executemany(
            "INSERT INTO stirred VALUES (?, 1) ON CONFLICT DO UPDATE SET number = number + 1",
            [(branch,) for branch in sorted(self._page.stirred)],
        )
        self._page.sql.executemany(
            "INSERT OR REPLACE INTO due VALUES (?, ?, ?, ?)", [(*one, self._mark) for one in sorted(self._page.due)]
        )

    def _look_at(self, db: str, change: Change) -> None:
        """Several leaves, or a revision of a tool that makes no stamps: the merge core is to look at it."""
        if kind_of(db) == "plain" or type_of_id(change.id) in (None, "check", *_WRITTEN):
            return
        if len(change.leaves) > 1 or (not change.deleted and not change.leaves[0].startswith("1-")):
            self._page.due.add(("merge", db, change.id))
