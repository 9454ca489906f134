"""Decide what a page of a changes feed changes in the ledger (LG…): rows of records and of what accompanies them, the buckets to be
grouped again, and what is to be done about it in the store. Runs inside one transaction of the ledger's thread.
"""

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from schemas import readers, type_of_id, upgrade
from sync.databases import kind_of
from sync.ledger import companions
from sync.ledger.decisions import decisions, follow, root_of, standing_of
from sync.ledger.facts import KINDS, Facts, bucket_of, decode, encode, facts_of
from sync.ledger.regroup import regroup
from sync.reconcile.explain import open_disputes
from sync.reconcile.redaction import has_redactions
from sync.stores.contract import Change

_decode_body = msgspec.json.Decoder(dict[str, Any]).decode
_DIRECTORY = frozenset({"member", "window", "branch"})
_WRITTEN = frozenset({"activity", "activity_record"})


class Applying:
    """One page. `digest_of` says what of a written document is compared with what it should say."""

    def __init__(
        self, connection: sqlite3.Connection, zone: ZoneInfo, mark: int, digest_of: Callable[[Mapping[str, Any]], bytes]
    ) -> None:
        self._sql = connection
        self._zone = zone
        self._mark = mark
        self._digest_of = digest_of
        self._touched: set[str] = set()
        self._stale: set[int] = set()
        self._fresh: dict[str, set[int]] = {}
        self._due: set[tuple[str, str, str]] = set()
        self._audiences: dict[frozenset[str], int] = {}
        (self._any_dispute,) = connection.execute("SELECT EXISTS (SELECT 1 FROM dispute)").fetchone()

    def page(self, db: str, changes: Sequence[Change]) -> None:
        told: dict[str, list[tuple[Change, dict[str, Any]]]] = {}
        for change in changes:
            if len(change.leaves) > 1 or (change.body is not None and b'"stamps"' not in change.body):
                self._look_at(db, change)
            type_name = type_of_id(change.id)
            if type_name is None:
                continue
            if type_name in _WRITTEN:
                self._written(db, change)
                continue
            body = {} if change.deleted or change.body is None else _decode_body(change.body)
            told.setdefault(type_name, []).append((change, body if body.get("type") == type_name else {}))
            if has_redactions(body):
                # Also when a tablet that has not heard of it brings the value once more.
                self._due.add(("forget", db, change.id))
        kind = kind_of(db)
        if kind in ("branch", "shared"):
            self._records(db, [one for name in KINDS for one in told.get(name, ())])
            for change, body in [*told.get("subject", ()), *told.get("case", ())]:
                self._subject(db, change, body)
            self._companions(db, [one for name in companions.COMPANIONS for one in told.get(name, ())])
        elif kind == "centre":
            for name in _DIRECTORY:
                for change, body in told.get(name, ()):
                    self._directory(name, change, body)

    def forget(self, db: str, ids: Iterable[str] | None = None) -> None:
        """Leave out these documents, or all of a database that is no longer there."""
        if ids is None:
            tables = ("record", "subject", "companion")
            ids = [row[0] for table in tables for row in self._sql.execute(f"SELECT id FROM {table} WHERE db=?", [db])]
            self._sql.execute("DELETE FROM document WHERE db=?", [db])
            self._sql.execute("DELETE FROM due WHERE db=?", [db])
        self.page(db, [Change("0", one, (), True, None, None, None) for one in ids])

    def judged(self, db: str, record: str, seen: str) -> None:
        """How a record stands, now that it is known what an approval of it would be bound to."""
        row = self._sql.execute(
            "SELECT n, author, bucket, review FROM record WHERE id=? AND db=?", [record, db]
        ).fetchone()
        if row is None:
            return
        n, author, bucket, before = row
        stands = standing_of(decisions(self._sql, record), author, seen)
        self._sql.execute("UPDATE record SET review=?, seen=? WHERE n=?", [stands, seen, n])
        if (stands == "approved") != (before == "approved") and bucket:
            self._touch(bucket, n)

    def finish(self) -> None:
        """Group again what was touched, and write down what is to be done."""
        for what, db, one in regroup(self._sql, self._touched, self._fresh, self._stale, self._zone):
            self._due.add((what, db, one))
        self._sql.executemany(
            "INSERT OR REPLACE INTO due VALUES (?, ?, ?, ?)", [(*one, self._mark) for one in sorted(self._due)]
        )

    def _look_at(self, db: str, change: Change) -> None:
        """Several leaves, or a revision of a tool that makes no stamps: the merge core is to look at it."""
        if kind_of(db) == "plain" or type_of_id(change.id) in (None, *_WRITTEN):
            return
        if len(change.leaves) > 1 or (not change.deleted and not change.leaves[0].startswith("1-")):
            self._due.add(("merge", db, change.id))

    def _records(self, db: str, told: Sequence[tuple[Change, dict[str, Any]]]) -> None:
        if not told:
            return
        ids = json.dumps([change.id for change, _ in told])
        held = {
            row[1]: row
            for row in self._sql.execute(
                "SELECT n, id, db, bucket, anchor, audience, review, facts FROM record"
                " WHERE id IN (SELECT value FROM json_each(?))",
                [ids],
            )
        }
        flagged = self._flagged(ids)
        accompanied = self._accompanied(ids)
        (number,) = self._sql.execute("SELECT coalesce(max(n), 0) FROM record").fetchone()
        rows = []
        for change, body in told:
            row = held.get(change.id)
            if row is not None and row[2] != db and kind_of(row[2]) == "branch":
                continue  # a record lives in its branch's database; a copy in `shared` adds nothing
            if row is not None:
                self._leave(row)
            if not body:
                if row is not None:
                    self._sql.execute("DELETE FROM record WHERE n=?", [row[0]])
                    self._sql.execute("DELETE FROM dispute WHERE id=?", [change.id])
                continue
            body = dict(upgrade(body))
            facts = facts_of(body, self._zone)
            if row is None:
                number += 1
            n = number if row is None else row[0]
            root = root_of(self._sql, facts.subject)
            standing = _sound(facts, change.id in flagged)
            bucket = bucket_of(facts, root) if standing == "counted" else None
            audience = self._audience(companions.readers_of(body))
            self._disputed(db, change.id, facts.branch, body, audience)
            if bucket is not None:
                self._touch(bucket, n)
            if facts.follow_ups:
                self._follow(n, facts)
            if change.id in accompanied:
                self._beside(db, change.id, None if row is None else row[5], audience)
            of = (facts.of, facts.branch, facts.author, facts.subject, root, facts.day)
            review = row[6] if row else "open"
            rows.append(
                (n, change.id, db, change.leaves[0], *of, audience, standing, bucket, None, review, None, encode(facts))
            )
        self._sql.executemany("INSERT OR REPLACE INTO record VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)", rows)

    def _disputed(self, db: str, doc: str, branch: str, body: Mapping[str, Any], audience: int) -> None:
        """Note what is in dispute, so that listing it reads no record that is not."""
        found = open_disputes(body)
        if found is None:
            if self._any_dispute:
                self._sql.execute("DELETE FROM dispute WHERE id=?", [doc])
            return
        self._any_dispute = True
        values = [doc, db, branch, audience, found.at, json.dumps(found.paths, ensure_ascii=False)]
        self._sql.execute("INSERT OR REPLACE INTO dispute VALUES (?, ?, ?, ?, ?, ?)", values)

    def _leave(self, row: Sequence[Any]) -> None:
        """What a record was part of is put together again without it."""
        n, _, _, bucket, anchor = row[:5]
        if bucket is not None:
            self._touch(bucket, n)
        if anchor is not None:
            self._stale.add(anchor)
        for follow_up in decode(row[7]).follow_ups:
            self._touch_record(follow_up.problem.partition("#")[0])
            self._sql.execute("DELETE FROM follow_up WHERE problem=? AND record=?", [follow_up.problem, n])

    def _follow(self, n: int, facts: Facts) -> None:
        """A follow-up says what became of a problem in another record."""
        problems = {one.problem for one in facts.follow_ups}
        self._sql.executemany("INSERT OR IGNORE INTO follow_up VALUES (?, ?)", [(one, n) for one in sorted(problems)])
        for problem in problems:
            self._touch_record(problem.partition("#")[0])

    def _beside(self, db: str, record: str, before: int | None, audience: int) -> None:
        """A record that something accompanies has changed: its approval, and the readers of its companions."""
        beside = self._sql.execute(
            "SELECT id, db, type, kept, facts FROM companion WHERE record=?", [record]
        ).fetchall()
        for companion, its_db, of, kept, facts in beside:
            if kept != audience:
                self._due.add(("readers", its_db, companion))
            if of == "review":
                decision = companions.decode(facts).decision
                if decision in companions.STANDING:
                    self._due.add(("hash", db, record))
                elif decision == "settle" and before is None:
                    self._due.add(("settle", its_db, companion))

    def _subject(self, db: str, change: Change, body: Mapping[str, Any]) -> None:
        if not body:
            self._sql.execute("DELETE FROM subject WHERE id=? AND db=?", [change.id, db])
            self._sql.execute("DELETE FROM dispute WHERE id=? AND db=?", [change.id, db])
            return
        fields = body.get("fields")
        name = fields.get("name", fields.get("matter")) if isinstance(fields, dict) else None
        audience = self._audience(companions.readers_of(body))
        branch = body.get("branch")
        values = [
            change.id,
            db,
            branch if isinstance(branch, str) else "",
            name if isinstance(name, str) else "",
            audience,
        ]
        self._sql.execute("INSERT OR REPLACE INTO subject VALUES (?, ?, ?, ?, ?)", values)
        self._disputed(db, change.id, str(values[2]), upgrade(body), audience)
        self._beside(db, change.id, audience, audience)

    def _companions(self, db: str, told: Sequence[tuple[Change, dict[str, Any]]]) -> None:
        for change, body in told:
            row = self._sql.execute("SELECT record, type, facts FROM companion WHERE id=?", [change.id]).fetchone()
            before = companions.decode(row[2]) if row else None
            fields = body.get("fields")
            if not body or not isinstance(fields, dict):
                self._sql.execute("DELETE FROM companion WHERE id=?", [change.id])
                if row is not None and before is not None:
                    self._accompanies(db, row[1], row[0], change.id, before, None)
                continue
            facts = companions.facts_of(body, fields)
            record = companions.record_of(fields)
            kept = self._audience(companions.kept_readers(fields))
            audience = self._audience(readers(body))
            values = [change.id, db, body["type"], record, kept, audience, companions.encode(facts)]
            self._sql.execute("INSERT OR REPLACE INTO companion VALUES (?,?,?,?,?,?,?)", values)
            holder = self._sql.execute(
                "SELECT audience FROM record WHERE id=:id UNION ALL SELECT audience FROM subject WHERE id=:id",
                {"id": record},
            ).fetchone()
            if holder is not None and holder[0] != kept:
                self._due.add(("readers", db, change.id))
            if facts != before:
                self._accompanies(db, body["type"], record, change.id, before, facts)

    def _accompanies(
        self,
        db: str,
        of: str,
        record: str,
        companion: str,
        before: companions.CompanionFacts | None,
        after: companions.CompanionFacts | None,
    ) -> None:
        """A companion came, changed or went: what does that change for its record?"""
        now = after or before
        if of == "rating":
            self._touch_record(record)
        elif of == "photo":
            rows = self._sql.execute("SELECT facts FROM companion WHERE record=? AND type='review'", [record])
            if any(companions.decode(facts).decision in companions.STANDING for (facts,) in rows):
                self._due.add(("hash", db, record))
        elif of == "check":
            if before is None or after is None or bool(before.problems) != bool(after.problems):
                self._recheck(record)
        elif of == "review" and now is not None:
            if now.decision in companions.BINDING:
                self._bind(record, companion, before, after)
            elif now.decision == "alias" or (now.decision == "reopen" and type_of_id(record) == "subject"):
                self._alias(record)
            elif now.decision == "settle":
                self._due.add(("settle", db, companion))
            if record.startswith("activity_record:"):
                self._due.add(("month", db, _month_of(record)))
            elif now.decision in companions.STANDING:
                self._due.add(("hash", db, record))
            if now.supersedes:
                self._superseded(now.supersedes)

    def _superseded(self, review: str) -> None:
        row = self._sql.execute("SELECT record, db, facts FROM companion WHERE id=?", [review]).fetchone()
        if row is None:
            return
        facts = companions.decode(row[2])
        if facts.decision in companions.BINDING:
            for one in {row[0], *facts.records}:
                self._touch_record(one)
        elif facts.decision == "alias":
            self._alias(row[0])

    def _bind(
        self,
        record: str,
        review: str,
        before: companions.CompanionFacts | None,
        after: companions.CompanionFacts | None,
    ) -> None:
        if before is not None:
            self._sql.execute("DELETE FROM bound WHERE review=?", [review])
        for one in {record, *(before.records if before else ()), *(after.records if after else ())}:
            if after is not None:
                self._sql.execute("INSERT OR IGNORE INTO bound VALUES (?, ?)", [one, review])
            self._touch_record(one)

    def _recheck(self, record: str) -> None:
        """Whether something is wrong with a record decides whether it counts."""
        row = self._sql.execute(
            "SELECT n, id, db, bucket, anchor, audience, review, facts, root FROM record WHERE id=?", [record]
        ).fetchone()
        if row is None:
            return
        facts = decode(row[7])
        standing = _sound(facts, bool(self._flagged(json.dumps([record]))))
        bucket = bucket_of(facts, row[8]) if standing == "counted" else None
        if bucket == row[3]:
            return
        self._leave(row)
        if bucket is not None:
            self._touch(bucket, row[0])
        self._follow(row[0], facts)
        self._sql.execute("UPDATE record SET standing=?, bucket=?, anchor=NULL WHERE n=?", [standing, bucket, row[0]])

    def _alias(self, subject: str) -> None:
        """Somebody decided which subjects are one, or took it back: their records move to other buckets."""
        aliases = dict(self._sql.execute("SELECT subject, same_as FROM alias").fetchall())
        was = {one: follow(aliases, one) for one in {subject, *aliases}}
        decided = [one for one in decisions(self._sql, subject) if one.decision in ("alias", "reopen")]
        if decided and decided[-1].decision == "alias" and decided[-1].same_as:
            aliases[subject] = decided[-1].same_as
            self._sql.execute("INSERT OR REPLACE INTO alias VALUES (?, ?)", [subject, aliases[subject]])
        else:
            aliases.pop(subject, None)
            self._sql.execute("DELETE FROM alias WHERE subject=?", [subject])
        for one in sorted({subject, *was, *aliases}):
            root = follow(aliases, one)
            if root != was.get(one, one):
                self._move(one, root)

    def _move(self, subject: str, root: str) -> None:
        columns = "n, id, db, bucket, anchor, audience, review, facts"
        for row in self._sql.execute(f"SELECT {columns} FROM record WHERE subject=?", [subject]).fetchall():
            bucket = None
            if row[3] is not None:
                self._leave(row)
                facts = decode(row[7])
                self._follow(row[0], facts)
                bucket = bucket_of(facts, root)
                self._touch(bucket, row[0])
            self._sql.execute("UPDATE record SET root=?, bucket=?, anchor=NULL WHERE n=?", [root, bucket, row[0]])

    def _directory(self, name: str, change: Change, body: Mapping[str, Any]) -> None:
        fields = body.get("fields")
        if not isinstance(fields, dict):
            self._sql.execute("DELETE FROM directory WHERE id=?", [change.id])
            return
        told = [fields.get(part) for part in ("name", "branch", "window", "unit")]
        values = [one if isinstance(one, str) else "" for one in told]
        self._sql.execute("INSERT OR REPLACE INTO directory VALUES (?, ?, ?, ?, ?, ?)", [change.id, name, *values])

    def _written(self, db: str, change: Change) -> None:
        """A document that the ledger itself gave rise to: is it still what it should be?"""
        rev = change.leaves[0] if change.leaves else ""
        row = self._sql.execute("SELECT rev FROM document WHERE db=? AND id=?", [db, change.id]).fetchone()
        if len(change.leaves) > 1:
            self._due.add(("fork", db, change.id))
        elif row is not None and row[0] == rev and not _is_version(change.id):
            return
        body = {} if change.deleted or change.body is None else _decode_body(change.body)
        digest = self._digest_of(body) if body else b""
        self._sql.execute("INSERT OR REPLACE INTO document VALUES (?, ?, ?, ?)", [db, change.id, rev, digest])
        if change.id.startswith("activity_record:"):
            self._month(db, change, body)
        else:
            self._due.add(("document", db, change.id))

    def _month(self, db: str, change: Change, body: Mapping[str, Any]) -> None:
        branch, _, month = _month_of(change.id).partition(":")
        fields = body.get("fields")
        if _is_version(change.id) and isinstance(fields, dict):
            values = [branch, month, int(change.id.rpartition(":v")[2]), encode(fields)]
            self._sql.execute("INSERT OR REPLACE INTO version VALUES (?, ?, ?, ?)", values)
        self._due.add(("month", db, f"{branch}:{month}"))

    def _flagged(self, ids: str) -> set[str]:
        rows = self._sql.execute(
            "SELECT record, facts FROM companion WHERE type='check' AND record IN (SELECT value FROM json_each(?))",
            [ids],
        )
        return {record for record, facts in rows if companions.decode(facts).problems}

    def _accompanied(self, ids: str) -> set[str]:
        rows = self._sql.execute(
            "SELECT DISTINCT record FROM companion WHERE record IN (SELECT value FROM json_each(?))", [ids]
        )
        return {record for (record,) in rows}

    def _touch(self, bucket: str, n: int) -> None:
        self._touched.add(bucket)
        self._fresh.setdefault(bucket, set()).add(n)

    def _touch_record(self, record: str) -> None:
        row = self._sql.execute("SELECT n, bucket FROM record WHERE id=?", [record]).fetchone()
        if row is not None and row[1] is not None:
            self._touch(row[1], row[0])

    def _audience(self, readers: frozenset[str]) -> int:
        number = self._audiences.get(readers)
        if number is not None:
            return number
        text = json.dumps(sorted(readers))
        row = self._sql.execute("SELECT audience FROM audience WHERE readers=?", [text]).fetchone()
        if row is None:
            number = self._sql.execute("INSERT INTO audience(readers) VALUES (?)", [text]).lastrowid or 0
            self._sql.executemany("INSERT INTO reader VALUES (?, ?)", [(number, one) for one in sorted(readers)])
        else:
            number = int(row[0])
        self._audiences[readers] = number
        return number


def _sound(facts: Facts, flagged: bool) -> str:
    if facts.withdrawn:
        return "withdrawn"
    if flagged:
        return "flagged"
    return "counted" if facts.day and facts.branch else "undated"


def _is_version(doc: str) -> bool:
    return doc.startswith("activity_record:") and doc.rpartition(":v")[2].isdecimal() and doc.count(":") == 3


def _month_of(record: str) -> str:
    """`b03:2026-11` of `activity_record:b03:2026-11`."""
    return ":".join(record.split(":")[1:3])
