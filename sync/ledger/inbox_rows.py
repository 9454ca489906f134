"""What waits, kind by kind: a row in words for each, found by indexes of what waits or in tables that hold nothing else."""

import json
from calendar import monthrange
from collections.abc import Iterable
from datetime import date
from sqlite3 import Connection
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from schemas import label_of
from sync.ledger.contribution import OPEN
from sync.ledger.doubts import WORDS, doubts
from sync.ledger.facts import day_of, decode, local_day
from sync.ledger.waiting import (
    AMONG,
    NOT_OWN,
    Decider,
    Key,
    Narrow,
    Now,
    Reason,
    Waiting,
    branches_of,
    own_of,
    seen_by,
    values_of,
)
from sync.reconcile.activities import WORDS as JOIN_WORDS
from sync.reconcile.likely import WORDS as LIKELY_WORDS
from sync.reconcile.likely import Likeness

_BECAUSE = {
    "corrected": ("退回后已改正", "Changed after it was returned"),
    "amended": ("审核通过后又有修改", "Changed after it was approved"),
    "undated": ("没有可用的时间，未计入", "It says no usable time, so it is not counted"),
    "unknown_subject": ("服务对象不在名册上，未计入", "Its subject is not registered, so it is not counted"),
    "member_left": ("参加人当时已离岗，未计入", "A participant had left by then, so it is not counted"),
    "month": ("本月已结束，可以审核", "The month has ended and can be approved"),
    "supplement": ("审核后又有新内容", "Something came after it was approved"),
}
_fields = msgspec.json.Decoder(dict[str, Any]).decode
_likeness = msgspec.json.Decoder(Likeness).decode


def _later(after: Key, kind: str) -> tuple[str, dict[str, Any]]:
    """What stands after a key, of one kind: of the same record another kind may come later."""
    test = ">" if kind <= after[3] else ">="
    return test, {"day": after[0], "trust": after[1], "id": after[2]}


def records(
    sql: Connection,
    who: Decider,
    kind: str,
    branch: str,
    after: Key,
    limit: int,
    zone: ZoneInfo,
    narrow: Narrow | None = None,
) -> Iterable[Waiting]:
    test, start = _later(after, kind)
    narrow = narrow or Narrow()
    rows = sql.execute(
        "SELECT r.id, r.db, r.day, r.trust, r.author, r.subject, s.name, r.standing, r.facts FROM record r"
        f" {narrow.by} LEFT JOIN subject s ON s.id = r.subject WHERE r.branch=:branch AND r.waits=:kind AND r.waits<>''"
        f" AND r.day>=:day AND (r.day, r.trust, r.id) {test} (:day, :trust, :id) AND r.author<>:member"
        + narrow.only
        + seen_by(who, "r")
        + " ORDER BY r.day, r.trust, r.id LIMIT :limit",
        {**values_of(who), **narrow.values, **start, "branch": branch, "kind": kind, "limit": limit},
    )
    for record, db, day, trust, author, subject, name, standing, raw in rows:
        facts = decode(raw)
        reasons = [_BECAUSE[one] for one in (kind, standing) if one in _BECAUSE]
        reasons += [WORDS[code] for code in doubts(facts, zone)]
        yield Waiting(
            key=(day, trust, record, kind),
            database=db,
            branch=branch,
            title=facts.title or facts.matter,
            subject=subject,
            subject_name=name or "",
            author=author,
            reasons=tuple(Reason(*one) for one in reasons),
            standing=standing,
        )


def joins(sql: Connection, who: Decider, branch: str, after: Key, limit: int) -> Iterable[Waiting]:
    test, start = _later(after, "join")
    rows = sql.execute(
        "SELECT a.id, a.home, a.day, 100 - a.joins AS trust, a.fields FROM activity a WHERE a.branch=:branch AND a.joins>0"
        f" AND a.day>=:day AND (a.day, 100 - a.joins, a.id) {test} (:day, :trust, :id) AND {NOT_OWN}"
        " ORDER BY a.day, trust, a.id LIMIT :limit",
        {**start, **own_of(who), "branch": branch, "limit": limit},
    ).fetchall()
    found = [(*row[:4], _fields(row[4])) for row in rows]
    subjects = {fields["subject"] for *_, fields in found if "subject" in fields}
    names = dict(
        sql.execute(
            "SELECT id, name FROM subject WHERE id IN (SELECT value FROM json_each(?))", [json.dumps(sorted(subjects))]
        ).fetchall()
    )
    for doc, db, day, trust, fields in found:
        links = [one for one in fields["suggested"] if f"records/{one['records'][0]}" in fields]
        codes = dict.fromkeys(code for one in links for code in one["because"])
        subject = fields.get("subject", "")
        yield Waiting(
            key=(day, trust, doc, "join"),
            database=db,
            branch=branch,
            title=fields.get("title", ""),
            subject=subject,
            subject_name=names.get(subject, ""),
            author=next((path[8:] for path in fields if path.startswith("authors/")), ""),
            reasons=tuple(Reason(*JOIN_WORDS[code]) for code in codes if code in JOIN_WORDS),
            others=tuple(dict.fromkeys(one["records"][1] for one in links)),
        )


def disputed(sql: Connection, who: Decider, zone: ZoneInfo) -> Iterable[Waiting]:
    rows = sql.execute(
        "SELECT x.id, x.db, x.branch, x.at, x.paths, r.author, r.facts, r.subject, s.name FROM dispute x"
        " LEFT JOIN record r ON r.id = x.id LEFT JOIN subject s ON s.id = coalesce(r.subject, x.id)"
        " WHERE coalesce(r.author, '')<>:member" + AMONG.format("x") + seen_by(who, "x"),
        values_of(who),
    )
    for doc, db, branch, at, raw, author, facts, subject, name in rows:
        told = decode(facts) if facts else None
        labels = [label_of(doc.partition(":")[0], path) for path in json.loads(raw)]
        yield Waiting(
            key=(_day_of(at, zone), 100 - min(50 + 10 * len(labels), 100), doc, "disputed"),
            database=db,
            branch=branch,
            title=(told.title or told.matter) if told else name or "",
            subject=subject or "",
            subject_name=name or "",
            author=author or "",
            reasons=tuple(Reason(f"“{zh}”有不同的填写", f"{en}: values differ") for zh, en in labels),
        )


def same_subjects(sql: Connection, who: Decider) -> Iterable[Waiting]:
    rows = sql.execute(
        "SELECT l.rank, one.id, one.db, one.branch, one.name, other.id, other.name, l.facts,"
        " (SELECT max(t.day) FROM told t WHERE t.id IN (one.id, other.id)) FROM likely l"
        " JOIN subject one ON one.id = l.first JOIN subject other ON other.id = l.second"
        " WHERE (:branches IS NULL OR one.branch IN (SELECT value FROM json_each(:branches)))"
        + seen_by(who, "one", "other"),
        values_of(who),
    )
    for rank, first, db, branch, name, second, other, raw, day in rows:
        codes = _likeness(raw).because
        yield Waiting(
            key=(day or "", rank, f"{first}#{second}", "same_subject"),
            database=db,
            branch=branch,
            title=f"{name} / {other}",
            subject=first,
            subject_name=name,
            reasons=tuple(Reason(*LIKELY_WORDS[code]) for code in codes),
            others=(second,),
        )


def overdue(sql: Connection, who: Decider, day: str) -> Iterable[Waiting]:
    for branch in branches_of(sql, who):
        rows = sql.execute(
            "SELECT p.record, p.item, p.due, p.value, p.subject, s.name, r.db, r.author, r.facts FROM promise p"
            " JOIN record r ON r.id = p.record LEFT JOIN subject s ON s.id = p.subject"
            " WHERE p.branch=:branch AND p.of='problem' AND p.closed=:open AND +p.due<:day AND r.author<>:member"
            + seen_by(who, "r"),
            {**values_of(who), "branch": branch, "open": OPEN, "day": day},
        )
        for record, item, due, severity, subject, name, db, author, raw in rows:
            facts = decode(raw)
            late = _days_between(due, day)
            yield Waiting(
                key=(due, 100 - min(20 * severity, 100), f"{record}#{item}", "overdue"),
                database=db,
                branch=branch,
                title=facts.title or facts.matter,
                subject=subject,
                subject_name=name or "",
                author=author,
                reasons=(Reason(f"问题已逾期 {late} 天", f"The problem is {late} days overdue"),),
                item=item,
            )


def conclusions(sql: Connection, who: Decider, now: Now, zone: ZoneInfo) -> Iterable[Waiting]:
    """Joint surveys that are ready: the branch's secretary or deputy concludes them, the committee does not. One without a limit is of
    today."""
    if who.branches is None or not _is_secretary(who):
        return
    rows = sql.execute(
        "SELECT c.id, c.db, c.branch, o.name, c.subject, s.name, c.due, c.awaited, c.disagreements FROM joint c INDEXED BY joint_open"
        " LEFT JOIN subject o ON o.id = c.id LEFT JOIN subject s ON s.id = c.subject"
        " WHERE c.stands='open' AND (c.awaited=0 OR c.due<=:moment)" + AMONG.format("c") + seen_by(who, "c"),
        {**values_of(who), "moment": now.moment},
    )
    for doc, db, branch, matter, subject, name, due, awaited, disagreements in rows:
        past = due <= now.moment
        reasons = [Reason("时限已过", "Its time is past")] if past else []
        reasons.append(
            Reason(f"仍缺 {awaited} 方意见", f"{awaited} parties are awaited")
            if awaited
            else Reason("各方意见已齐", "Every party is in")
        )
        if disagreements:
            reasons.append(Reason(f"{disagreements} 项意见不一", f"They disagree on {disagreements} of the items"))
        yield Waiting(
            key=(day_of(due, zone) or now.day, 100 - min(50 * past + 10 * disagreements, 100), doc, "conclusion"),
            database=db,
            branch=branch,
            title=matter or "",
            subject=subject,
            subject_name=name or "",
            reasons=tuple(reasons),
        )


def _is_secretary(who: Decider) -> bool:
    return who.reader is not None and any(f"secretary:{one}" in who.reader for one in who.branches or ())


def months(sql: Connection, who: Decider, day: str) -> Iterable[Waiting]:
    rows = sql.execute(
        "SELECT x.branch, x.month, x.number FROM month x WHERE x.state<>'approved' AND x.month<:month"
        + AMONG.format("x"),
        {**values_of(who), "month": day[:7]},
    )
    for branch, month, number in rows:
        ended = f"{month}-{monthrange(int(month[:4]), int(month[5:]))[1]}"
        yield Waiting(
            key=(ended, 50 if number else 100, f"activity_record:{branch}:{month}", "month"),
            database=f"branch-{branch}",
            branch=branch,
            title=month,
            reasons=(Reason(*_BECAUSE["supplement" if number else "month"]),),
        )


def _day_of(stamp: str, zone: ZoneInfo) -> str:
    digits = stamp[:15]
    return local_day(int(digits) // 1000, zone) if digits.isdecimal() and int(digits) < 7_000_000_000_000 else ""


def _days_between(first: str, last: str) -> int:
    try:
        return (date.fromisoformat(last) - date.fromisoformat(first)).days
    except ValueError:
        return 0
