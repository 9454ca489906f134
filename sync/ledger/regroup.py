"""Decide, for the buckets that changed, which activities there are now, and write them with what they contribute (LG…).

Costs what lies in those buckets, whatever else the ledger holds. Runs inside a transaction of the ledger's thread.
"""

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import msgspec

from sync.ledger import companions
from sync.ledger.activity import Drawn, draw
from sync.ledger.counted import Part
from sync.ledger.decisions import superseded
from sync.ledger.facts import Facts, calls_of, decode, happening, made_by
from sync.ledger.months import changed
from sync.ledger.page import Page
from sync.ledger.problems import Outcome, outcomes, untold
from sync.reconcile.activities import CROWD, Decision, Group, group

Due = tuple[str, str, str]

_COLUMNS = "n, id, bucket, root, anchor, review, facts"
_fields = msgspec.json.Decoder(dict[str, Any]).decode


@dataclass(slots=True)
class _Row:
    n: int
    id: str
    bucket: str
    root: str
    anchor: int | None
    approved: bool
    facts: Facts


def regroup(page: Page) -> Iterator[Due]:
    """Of the buckets that were touched, and whatever else their records are grouped with. Yields what is due."""
    sql = page.sql
    loading = _Loading(sql, page)
    loading.load(page.touched)
    loading.load_activities(page.stale)
    loading.load_left(page.left)
    loading.close()
    problems = outcomes(sql, [(row.id, row.facts) for row in loading.rows.values()])
    ratings = _ratings(sql, loading.rows.values())
    kept: dict[int, Drawn] = {}
    anchors: list[tuple[int, int]] = []
    for rows, decisions in loading.components():
        for found in _grouped(rows, decisions, loading.crowded):
            anchor = rows[found.records[0]].n
            kept[anchor] = _drawn(found, rows, problems, ratings, page)
            anchors += [(anchor, rows[one].n) for one in found.records if rows[one].anchor != anchor]
    sql.executemany("UPDATE record SET anchor=? WHERE n=?", anchors)
    gone = (page.stale | {row.anchor for row in loading.rows.values() if row.anchor is not None}) - kept.keys()
    yield from _write(page, kept, gone)


class _Loading:
    """Rows of buckets, and of whatever decisions bind to them or branches name as theirs too."""

    def __init__(self, sql: sqlite3.Connection, page: Page) -> None:
        self._sql = sql
        self._fresh = page.fresh
        self._told = page.told
        self._buckets: set[str] = set()
        self._decisions: dict[str, Decision] = {}
        self._decided: set[str] = set()
        self._own: set[str] = set()
        self._heard: set[str] = set()
        self._calls: set[str] = set()
        self.rows: dict[str, _Row] = {}
        self.crowded: set[str] = set()

    def load(self, buckets: Iterable[str]) -> None:
        new = sorted(set(buckets) - self._buckets)
        if not new:
            return
        self._buckets.update(new)
        asked = json.dumps(new, ensure_ascii=False)
        listed = "bucket IN (SELECT value FROM json_each(?))"
        crowds = [bucket for (bucket,) in self._sql.execute(f"SELECT bucket FROM crowd WHERE {listed}", [asked])]
        for bucket in crowds:
            self._load_crowd(bucket)
        if crowds:
            asked = json.dumps([bucket for bucket in new if bucket not in crowds], ensure_ascii=False)
        rows = self._sql.execute(f"SELECT {_COLUMNS} FROM record WHERE {listed}", [asked]).fetchall()
        self._take(rows)
        for bucket, count in Counter(row[2] for row in rows).items():
            if count > CROWD:
                self.crowded.add(bucket)
                self._sql.execute("INSERT INTO crowd VALUES (?)", [bucket])

    def _load_crowd(self, bucket: str) -> None:
        """Nobody joins by rule in a crowd: only the records that changed can have become something else."""
        rows = self._sql.execute(f"SELECT {_COLUMNS} FROM record WHERE bucket=? LIMIT {CROWD + 1}", [bucket]).fetchall()
        if len(rows) > CROWD:
            self.crowded.add(bucket)
            fresh = json.dumps(sorted(self._fresh.get(bucket, ())))
            where = "n IN (SELECT value FROM json_each(?)) AND bucket=?"
            rows = self._sql.execute(f"SELECT {_COLUMNS} FROM record WHERE {where}", [fresh, bucket]).fetchall()
        else:
            self._sql.execute("DELETE FROM crowd WHERE bucket=?", [bucket])
        self._take(rows)

    def load_activities(self, anchors: set[int]) -> None:
        """What an activity that lost a record is left with may lie in other buckets than that record did."""
        if not anchors or not (self._any("bound") or self._any("call")):
            return
        rows = self._sql.execute(
            "SELECT fields FROM activity WHERE anchor IN (SELECT value FROM json_each(?))",
            [json.dumps(sorted(anchors))],
        )
        records = [path[8:] for (fields,) in rows for path in _fields(fields) if path.startswith("records/")]
        query = "SELECT DISTINCT bucket FROM record WHERE bucket IS NOT NULL AND id IN (SELECT value FROM json_each(?))"
        self.load(bucket for (bucket,) in self._sql.execute(query, [json.dumps(records)]).fetchall())

    def load_left(self, left: set[tuple[str, str]]) -> None:
        """What a record was compared with before it changed or went, in its own branch and in those that it named."""
        if self._any("call"):
            self._load_callers({made for made, _ in left})
        for key in sorted({called for _, called in left} - {""}):
            self._call(key)

    def close(self) -> None:
        """What decisions and calls connect is grouped together, however many buckets it lies in."""
        decided, called = self._any("bound"), self._any("call")
        while (decided and self._close_over_decisions()) | (called and self._close_over_calls()):
            pass

    def _any(self, table: str) -> bool:
        return self._sql.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() is not None

    def _close_over_calls(self) -> bool:
        """A record that names another branch may be of one happening with any that this branch made of its type and day."""
        new = [row for row in self.rows.values() if row.id not in self._heard]
        self._heard.update(row.id for row in new)
        self._load_callers({made_by(row.facts) for row in new})
        for key in sorted({one for row in new for one in calls_of(row.facts)}):
            self._call(key)
        return bool(new)

    def _load_callers(self, made: set[str]) -> None:
        """Records that name the branch of others of their type and day."""
        callers = self._sql.execute(
            "SELECT DISTINCT r.bucket FROM call c JOIN record r ON r.n = c.record"
            " WHERE r.bucket IS NOT NULL AND c.key IN (SELECT value FROM json_each(?))",
            [json.dumps(sorted(made))],
        )
        self.load(bucket for (bucket,) in callers.fetchall())

    def _call(self, key: str) -> None:
        """Load what a branch made of a type on a day, unless that is a crowd (AC9) and was one before."""
        if key in self._calls:
            return
        self._calls.add(key)
        of, day, branch = key.split(" ", 2)
        query = "SELECT bucket FROM record WHERE branch=? AND day BETWEEN ? AND ? AND of=? AND +bucket BETWEEN ? AND ?"
        after_midnight = (date.fromisoformat(day) + timedelta(days=1)).isoformat()
        asked = [branch, day, after_midnight, of, f"{of} {day} ", f"{of} {day}!"]
        found = self._sql.execute(f"{query} LIMIT {CROWD + 1}", asked).fetchall()
        was_crowded = self._is_crowded(key)
        if len(found) > CROWD:
            self.crowded.add(key)
            if was_crowded:
                return
            self._sql.execute("INSERT INTO crowd VALUES (?)", [key])
            found = self._sql.execute(query, asked).fetchall()
        elif was_crowded:
            self._sql.execute("DELETE FROM crowd WHERE bucket=?", [key])
        self.load(bucket for (bucket,) in found)

    def _close_over_decisions(self) -> bool:
        """A decision may bind records of different buckets: these are then grouped together."""
        before = len(self._decided)
        while new := [one for one in self.rows if one not in self._decided]:
            self._decided.update(new)
            found = self._sql.execute(
                "SELECT c.id, c.record, c.facts FROM companion c WHERE c.id IN"
                " (SELECT review FROM bound WHERE record IN (SELECT value FROM json_each(?)))",
                [json.dumps(new)],
            ).fetchall()
            for review, record, facts in found:
                self._decide(review, record, companions.decode(facts))
        return len(self._decided) > before

    def components(self) -> Iterator[tuple[dict[str, _Row], list[Decision]]]:
        """Rows that have to be grouped together: those of one bucket, and of buckets that decisions connect."""
        parent = {bucket: bucket for bucket in self._buckets}

        def top(bucket: str) -> str:
            while parent[bucket] != bucket:
                bucket = parent[bucket]
            return bucket

        made: dict[str, set[str]] = defaultdict(set)
        for row in self.rows.values() if self._calls else ():
            made[made_by(row.facts)].add(row.bucket)
        for row in self.rows.values() if self._calls else ():
            for bucket in sorted(bucket for key in calls_of(row.facts) for bucket in made.get(key, ())):
                parent[top(bucket)] = top(row.bucket)
        bound: dict[str, list[Decision]] = defaultdict(list)
        for decision in self._decisions.values():
            tops = sorted({top(self.rows[one].bucket) for one in decision.records if one in self.rows})
            for other in tops[1:]:
                parent[other] = tops[0]
        for decision in self._decisions.values():
            named = next((self.rows[one] for one in sorted(decision.records) if one in self.rows), None)
            # Nobody's word on an own record counts, whichever of the two came first.
            if named is not None and decision.review not in self._own:
                bound[top(named.bucket)].append(decision)
        parts: dict[str, dict[str, _Row]] = defaultdict(dict)
        for row in self.rows.values():
            parts[top(row.bucket)][row.id] = row
        for bucket in sorted(parts):
            yield parts[bucket], bound.get(bucket, [])

    def _decide(self, review: str, record: str, facts: companions.CompanionFacts) -> None:
        if review in self._decisions or superseded(self._sql, review):
            return
        records = frozenset({record, *facts.records})
        self._decisions[review] = Decision(facts.order, review, facts.decision == "join", records, record)
        asked = [facts.author, json.dumps(sorted(records))]
        own = "SELECT 1 FROM record WHERE author=? AND id IN (SELECT value FROM json_each(?))"
        if self._sql.execute(own, asked).fetchone() is not None:
            self._own.add(review)
        for one in sorted(records - self.rows.keys()):
            found = self._sql.execute(
                f"SELECT {_COLUMNS} FROM record WHERE id=? AND bucket IS NOT NULL", [one]
            ).fetchall()
            self.load(row[2] for row in found)
            self._take([row for row in found if row[1] not in self.rows])

    def _is_crowded(self, bucket: str) -> bool:
        return self._sql.execute("SELECT 1 FROM crowd WHERE bucket=?", [bucket]).fetchone() is not None

    def _take(self, rows: Iterable[Sequence[Any]]) -> None:
        for n, record, bucket, root, anchor, review, kept in rows:
            told = self._told.get(record)
            facts = decode(kept) if told is None else told.facts
            self.rows[record] = _Row(n, record, bucket, root, anchor, review == "approved", facts)


def _grouped(rows: Mapping[str, _Row], decisions: Sequence[Decision], crowded: set[str]) -> list[Group]:
    if len(rows) == 1:
        # So are most: nobody else was there, or told of it.
        return [Group(tuple(rows), (), ())]
    happenings = [happening(row.id, row.bucket, row.root, row.facts) for row in rows.values()]
    return group(happenings, decisions, crowded=crowded)


def _drawn(
    found: Group,
    rows: Mapping[str, _Row],
    problems: Mapping[str, Mapping[str, Outcome]],
    ratings: Mapping[str, Sequence[tuple[str, str, int]]],
    page: Page,
) -> Drawn:
    """The activity of a group."""
    first = rows[found.records[0]]
    told = page.told.get(first.id)
    if told is not None and told.alone is not None and found == Group((first.id,), (), ()):
        # It was drawn ahead; does nothing more tell of it after all?
        here = (first.root, first.approved, sorted(ratings.get(first.id, ())), problems.get(first.id, {}))
        if here == (told.facts.subject, False, sorted(told.alone.rated), untold(told.facts)):
            return told.alone.activity
    parts = [
        Part(row.id, row.facts, problems.get(row.id, {}), ratings.get(row.id, ()), row.approved)
        for row in (rows[one] for one in found.records)
    ]
    return draw(parts, first.root, found.links, found.suggestions, page.zone)


def _write(page: Page, kept: Mapping[int, Drawn], gone: set[int]) -> Iterator[Due]:
    sql = page.sql
    held = {
        row[0]: row[1:]
        for row in sql.execute(
            "SELECT anchor, id, home, digest FROM activity WHERE anchor IN (SELECT value FROM json_each(?))",
            [json.dumps(sorted(kept.keys() | gone))],
        )
    }
    months: set[tuple[str, str]] = set()
    cleared, activities, contributions, promises = [], [], [], []
    for anchor, made in kept.items():
        before = held.get(anchor)
        if before is not None and before[2] == made.digest:
            continue
        if before is not None:
            cleared.append(anchor)
            if before[1] != made.home:
                yield "document", before[1], before[0]
        yield "document", made.home, made.id
        activities.append((anchor, made.id, made.home, made.branch, made.day, made.digest, made.fields, _joins(made)))
        contributions += [(anchor, *row) for row in made.contributions]
        promises += [(anchor, *row) for row in made.promises]
        months.update(made.months)
    for anchor in gone & held.keys():
        cleared.append(anchor)
        yield "document", held[anchor][1], held[anchor][0]
    asked = json.dumps(cleared)
    if cleared:
        where = "activity IN (SELECT value FROM json_each(?))"
        query = f"SELECT DISTINCT branch, substr(day, 1, 7) FROM contribution WHERE {where}"
        months.update(sql.execute(query, [asked]).fetchall())
        sql.execute(f"DELETE FROM contribution WHERE {where}", [asked])
        sql.execute(f"DELETE FROM promise WHERE {where}", [asked])
        sql.execute("DELETE FROM activity WHERE anchor IN (SELECT value FROM json_each(?))", [asked])
    sql.executemany("INSERT INTO activity VALUES (?,?,?,?,?,?,?,?)", activities)
    sql.executemany("INSERT INTO contribution VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)", contributions)
    sql.executemany("INSERT INTO promise VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)", promises)
    changed(sql, months)
    page.stirred.update(branch for branch, _ in months)
    for branch, month in months:
        yield "month", f"branch-{branch}", f"{branch}:{month}"


def _joins(made: Drawn) -> int:
    """The score of the likeliest of its suggested joins, at least 1; 0 without one. A join is told by both activities, and waits with
    that of its earlier record."""
    if b'"suggested"' not in made.fields:
        return 0
    fields = _fields(made.fields)
    own = (link for link in fields.get("suggested", ()) if f"records/{link['records'][0]}" in fields)
    return max((max(int(link["score"]), 1) for link in own), default=0)


def _ratings(sql: sqlite3.Connection, rows: Iterable[_Row]) -> dict[str, companions.Ratings]:
    """Of the records of services."""
    asked = json.dumps([row.id for row in rows if row.facts.of == "service"])
    if asked == "[]":
        return {}
    found = sql.execute(
        "SELECT id, record, facts FROM companion WHERE type='rating' AND record IN (SELECT value FROM json_each(?))",
        [asked],
    )
    return companions.ratings_of((rating, record, companions.decode(facts)) for rating, record, facts in found)
