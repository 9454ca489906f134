"""Decide what a field record is in the ledger: its row, the bucket in which it is compared with others, and whether it counts (LG3)."""

import json
from collections.abc import Sequence
from typing import Any

from sync.databases import kind_of
from sync.ledger import companions
from sync.ledger.apply_cases import note_survey
from sync.ledger.facts import Facts, bucket_of, calls_of, decode, made_by
from sync.ledger.page import Page
from sync.ledger.told import Told
from sync.stores.contract import Change


def take_records(page: Page, db: str, told: Sequence[tuple[Change, Told | None]]) -> None:
    """Visits, services, surveys and events of one database; None stands for one that is gone."""
    if not told:
        return
    ids = json.dumps([change.id for change, _ in told])
    held = {
        row[1]: row
        for row in page.sql.execute(
            "SELECT n, id, db, bucket, anchor, audience, review, facts FROM record"
            " WHERE id IN (SELECT value FROM json_each(?))",
            [ids],
        )
    }
    _touch_decided(page, ids)
    flagged = _flagged(page, ids)
    accompanied = _accompanied(page, ids)
    (number,) = page.sql.execute("SELECT coalesce(max(n), 0) FROM record").fetchone()
    unknown = page.unknown(one.facts.subject for _, one in told if one is not None)
    rows = []
    for change, one in told:
        row = held.get(change.id)
        if row is not None and row[2] != db and kind_of(row[2]) == "branch":
            continue  # a record lives in its branch's database; a copy in `shared` adds nothing
        if row is not None:
            leave(page, row)
            page.stirred.add(decode(row[7]).branch)
        if one is None:
            if row is not None:
                note_survey(page, row[0], decode(row[7]), None)
                page.sql.execute("DELETE FROM record WHERE n=?", [row[0]])
                page.disputed(db, change.id, "", None, 0)
                page.words.drop(db, change.id)
            continue
        facts = one.facts
        page.stirred.add(facts.branch)
        page.told[change.id] = one
        if row is None:
            number += 1
        n = number if row is None else row[0]
        if facts.of == "survey":
            note_survey(page, n, None if row is None else decode(row[7]), facts)
        root = page.root(facts.subject)
        standing = _sound(page, facts, change.id in flagged, facts.subject in unknown)
        bucket = bucket_of(facts, root) if standing == "counted" else None
        audience = page.audience(one.readers)
        place = (facts.of, facts.branch, facts.day)
        page.words.take(db, change.id, place, audience, one.readers, one.texts, one.words)
        page.disputed(db, change.id, facts.branch, one.dispute, audience)
        if bucket is not None:
            page.touch(bucket, n)
        if facts.follow_ups:
            note_follow_ups(page, n, facts)
        if facts.parties:
            note_calls(page, n, facts)
        if change.id in accompanied:
            see_to_companions(page, db, change.id, None if row is None else row[5], audience)
        of = (facts.of, facts.branch, facts.author, facts.subject, root, facts.day)
        review = row[6] if row else "open"
        rows.append(
            (
                *(n, change.id, db, change.leaves[0], *of, audience, standing, bucket, None, review, None),
                *(one.encoded, one.trust),
            )
        )
    page.sql.executemany("INSERT OR REPLACE INTO record VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)", rows)


def recheck(page: Page, record: str) -> None:
    """Whether something is wrong with a record decides whether it counts."""
    row = page.sql.execute(
        "SELECT n, id, db, bucket, anchor, audience, review, facts, root FROM record WHERE id=?", [record]
    ).fetchone()
    if row is None:
        return
    facts = decode(row[7])
    page.stirred.add(facts.branch)
    flagged = bool(_flagged(page, json.dumps([record])))
    standing = _sound(page, facts, flagged, bool(page.unknown([facts.subject])))
    bucket = bucket_of(facts, row[8]) if standing == "counted" else None
    if facts.of == "survey":
        page.sql.execute("UPDATE record SET standing=? WHERE n=?", [standing, row[0]])
        note_survey(page, row[0], facts, facts)
    if bucket == row[3]:
        page.sql.execute("UPDATE record SET standing=? WHERE n=?", [standing, row[0]])
        return
    leave(page, row)
    if bucket is not None:
        page.touch(bucket, row[0])
    note_follow_ups(page, row[0], facts)
    note_calls(page, row[0], facts)
    page.sql.execute("UPDATE record SET standing=?, bucket=?, anchor=NULL WHERE n=?", [standing, bucket, row[0]])


def move(page: Page, subject: str, root: str) -> None:
    """Aliases lead from this subject to another one than before."""
    columns = "n, id, db, bucket, anchor, audience, review, facts"
    for row in page.sql.execute(f"SELECT {columns} FROM record WHERE subject=?", [subject]).fetchall():
        bucket = None
        if row[3] is not None:
            leave(page, row)
            facts = decode(row[7])
            note_follow_ups(page, row[0], facts)
            note_calls(page, row[0], facts)
            bucket = bucket_of(facts, root)
            page.touch(bucket, row[0])
        page.sql.execute("UPDATE record SET root=?, bucket=?, anchor=NULL WHERE n=?", [root, bucket, row[0]])


def see_to_companions(page: Page, db: str, record: str, before: int | None, audience: int) -> None:
    """A record that something accompanies has changed: its approval, and the readers of its companions."""
    beside = page.sql.execute("SELECT id, db, type, kept, facts FROM companion WHERE record=?", [record]).fetchall()
    for companion, its_db, of, kept, facts in beside:
        if kept != audience:
            page.due.add(("readers", its_db, companion))
        if of == "review":
            decision = companions.decode(facts).decision
            if decision in companions.STANDING:
                page.due.add(("hash", db, record))
            elif decision == "settle" and before is None:
                page.due.add(("settle", its_db, companion))


def leave(page: Page, row: Sequence[Any]) -> None:
    """What a record was part of is put together again without it."""
    n, _, _, bucket, anchor = row[:5]
    if bucket is not None:
        page.touch(bucket, n)
    if anchor is not None:
        page.stale.add(anchor)
    facts = decode(row[7])
    called = calls_of(facts)
    page.sql.executemany("DELETE FROM call WHERE key=? AND record=?", [(one, n) for one in called])
    page.left.update((made_by(facts), one) for one in (called or [""]))
    for follow_up in facts.follow_ups:
        page.touch_record(follow_up.problem.partition("#")[0])
        page.sql.execute("DELETE FROM follow_up WHERE problem=? AND record=?", [follow_up.problem, n])


def note_follow_ups(page: Page, n: int, facts: Facts) -> None:
    """A follow-up says what became of a problem in another record."""
    problems = {one.problem for one in facts.follow_ups}
    page.sql.executemany("INSERT OR IGNORE INTO follow_up VALUES (?, ?)", [(one, n) for one in sorted(problems)])
    for problem in problems:
        page.touch_record(problem.partition("#")[0])


def note_calls(page: Page, n: int, facts: Facts) -> None:
    """A record that names another branch is compared with that branch's records of its day."""
    page.sql.executemany("INSERT OR IGNORE INTO call VALUES (?, ?)", [(one, n) for one in calls_of(facts)])


def _touch_decided(page: Page, ids: str) -> None:
    """Whether a join or split holds depends on whose the records are that it names: as one comes or goes, the others are looked at too."""
    rows = page.sql.execute(
        "SELECT DISTINCT o.record FROM bound b JOIN bound o USING (review)"
        " WHERE b.record IN (SELECT value FROM json_each(?)) AND o.record<>b.record",
        [ids],
    )
    for (record,) in rows.fetchall():
        page.touch_record(record)


def _flagged(page: Page, ids: str) -> set[str]:
    rows = page.sql.execute(
        "SELECT record, facts FROM companion WHERE type='check' AND record IN (SELECT value FROM json_each(?))",
        [ids],
    )
    return {record for record, facts in rows if companions.decode(facts).problems}


def _accompanied(page: Page, ids: str) -> set[str]:
    rows = page.sql.execute(
        "SELECT DISTINCT record FROM companion WHERE record IN (SELECT value FROM json_each(?))", [ids]
    )
    return {record for (record,) in rows}


def _sound(page: Page, facts: Facts, flagged: bool, unknown: bool) -> str:
    """Whether a record counts, or why not (LG3, LG13, LG14)."""
    if facts.withdrawn:
        return "withdrawn"
    if flagged:
        return "flagged"
    if not facts.day or not facts.branch:
        return "undated"
    if unknown:
        return "unknown_subject"
    gone = page.gone()
    if gone and any(gone.get(member, facts.day) < facts.day for member in facts.people):
        return "member_left"
    return "counted"
