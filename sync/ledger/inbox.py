"""Decide what waits for somebody's decision, and in which order: the oldest day first, within a day the most doubtful (IX…).

All of it is found by indexes of what waits, or in tables that hold nothing else; no document is read for it.
"""

import heapq
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from sqlite3 import Connection
from types import MappingProxyType
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from schemas import label_of
from sync.ledger.contribution import OPEN
from sync.ledger.doubts import WORDS, doubts
from sync.ledger.facts import decode, local_day
from sync.ledger.queries import Reader, every_branch
from sync.reconcile.activities import WORDS as JOIN_WORDS
from sync.reconcile.likely import WORDS as LIKELY_WORDS
from sync.reconcile.likely import Likeness

RECORDS = ("new", "corrected", "amended", "faulty")
KINDS = (*RECORDS, "disputed", "join", "same_subject", "overdue", "month")
COUNTED_MAX = 1_000
Key = tuple[str, int, str, str]
"""(local day, 100 less the doubt, id, kind): what lists are ordered by."""

_SEEN = (
    " AND EXISTS (SELECT 1 FROM reader p WHERE p.audience = {}.audience"
    " AND p.principal IN (SELECT value FROM json_each(:reader)))"
)
_AMONG = " AND (:branches IS NULL OR {}.branch IN (SELECT value FROM json_each(:branches)))"
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


class Reason(NamedTuple):
    zh: str
    en: str


class Decider(NamedTuple):
    """Who asks. `branches`: those whose records the member may decide about, None: all; an own record is never among them."""

    member: str
    branches: Sequence[str] | None
    reader: Reader


class _Narrow(NamedTuple):
    """What narrows a list of records beside its kind: more of a test, the index that goes with it, and its values."""

    only: str = ""
    by: str = ""
    values: Mapping[str, Any] = MappingProxyType({})


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """`key` says where it stands. `item`: a problem of the record `id`; `others`: the records to be joined with the activity `id`, or the
    subject that may be the same; `standing`: why a record does not count."""

    key: Key
    database: str
    branch: str
    title: str = ""
    subject: str = ""
    subject_name: str = ""
    author: str = ""
    reasons: tuple[Reason, ...] = ()
    item: str = ""
    others: tuple[str, ...] = ()
    standing: str = ""

    @property
    def id(self) -> str:
        return self.key[2].partition("#")[0]

    @property
    def kind(self) -> str:
        return self.key[3]


def inbox(
    sql: Connection, who: Decider, kind: str | None, after: Key, limit: int, day: str, zone: ZoneInfo
) -> tuple[dict[str, int], list[Waiting]]:
    """How much of each kind waits, and what stands next in the list. `day`: the centre's local day, for what is overdue."""
    few = {
        "disputed": list(_disputed(sql, who, zone)),
        "same_subject": list(_same_subject(sql, who)),
        "overdue": list(_overdue(sql, who, day)),
        "month": list(_months(sql, who, day)),
    }
    counts = dict.fromkeys(KINDS, 0) | _count(sql, who) | {name: len(found) for name, found in few.items()}
    sources: list[Iterable[Waiting]] = []
    for name in KINDS if kind is None else (kind,):
        if name in few:
            later = (one for one in few[name] if one.key > after)
            sources.append(heapq.nsmallest(limit, later, key=lambda one: one.key))
        elif name == "join":
            sources += [_joins(sql, who, branch, after, limit) for branch in _branches(sql, who)]
        elif name in RECORDS and counts[name]:
            sources += [_records(sql, who, name, branch, after, limit, zone) for branch in _branches(sql, who)]
    merged = heapq.merge(*sources, key=lambda one: one.key)
    return counts, [one for one, _ in zip(merged, range(limit), strict=False)]


def sound(
    sql: Connection, who: Decider, subject: str | None, author: str | None, after: Key, limit: int, zone: ZoneInfo
) -> tuple[int, list[Waiting]]:
    """New records that nothing makes one doubt, of one subject or author where that is asked for: how many there are (COUNTED_MAX and one
    for more), and those that stand next in the list. Only these are approved many at once."""
    only = " AND r.trust=100" + " AND r.subject=:only_subject" * (subject is not None)
    only += " AND r.author=:only_author" * (author is not None)
    # The days of all that waits lie in another index: of one subject or author too much would be gone through by it.
    by = (
        "INDEXED BY record_subject"
        if subject is not None
        else "INDEXED BY record_waiting"
        if author is not None
        else ""
    )
    narrow = _Narrow(only, by, {"only_subject": subject, "only_author": author, "most": COUNTED_MAX + 1})
    number, sources = 0, []
    for branch in _branches(sql, who):
        query = f"SELECT 1 FROM record r {by} WHERE r.branch=:branch AND r.waits='new' AND r.waits<>'' AND r.author<>:member"
        values = {**_values(who), **narrow.values, "branch": branch}
        query = f"SELECT count(*) FROM ({query}{only}{_seen(who, 'r')} LIMIT :most)"
        number += sql.execute(query, values).fetchone()[0] if number <= COUNTED_MAX else 0
        sources.append(_records(sql, who, "new", branch, after, limit, zone, narrow))
    merged = heapq.merge(*sources, key=lambda one: one.key)
    return min(number, COUNTED_MAX + 1), [one for one, _ in zip(merged, range(limit), strict=False)]


def _branches(sql: Connection, who: Decider) -> Sequence[str]:
    return every_branch(sql) if who.branches is None else who.branches


def _values(who: Decider) -> dict[str, Any]:
    branches = None if who.branches is None else json.dumps(list(who.branches))
    reader = None if who.reader is None else json.dumps(sorted(who.reader))
    return {"branches": branches, "reader": reader, "member": who.member}


def _seen(who: Decider, *tables: str) -> str:
    return "" if who.reader is None else "".join(_SEEN.format(table) for table in tables)


def _count(sql: Connection, who: Decider) -> dict[str, int]:
    """Of records and joins. Readers are asked for once a set of them, not once a record."""
    counts = {"join": 0}
    for branch in _branches(sql, who):
        values = {**_values(who), "branch": branch}
        rows = sql.execute(
            "SELECT g.waits, sum(g.n) FROM (SELECT waits, audience, count(*) AS n FROM record INDEXED BY record_waiting"
            " WHERE branch=:branch AND waits<>'' AND author<>:member GROUP BY waits, audience) g WHERE 1"
            + _seen(who, "g")
            + " GROUP BY g.waits",
            values,
        )
        for waits, number in rows:
            counts[waits] = counts.get(waits, 0) + number
        query = f"SELECT count(*) FROM activity a WHERE a.branch=:branch AND a.joins>0 AND {_NOT_OWN}"
        counts["join"] += sql.execute(query, {**values, **_own(who)}).fetchone()[0]
    return counts


_NOT_OWN = "instr(a.fields, CAST(:own AS BLOB))=0"


def _own(who: Decider) -> dict[str, str]:
    return {"own": f'"authors/{who.member}":true'}


def _later(after: Key, kind: str) -> tuple[str, dict[str, Any]]:
    """What stands after a key, of one kind: of the same record another kind may come later."""
    test = ">" if kind <= after[3] else ">="
    return test, {"day": after[0], "trust": after[1], "id": after[2]}


def _records(
    sql: Connection,
    who: Decider,
    kind: str,
    branch: str,
    after: Key,
    limit: int,
    zone: ZoneInfo,
    narrow: _Narrow | None = None,
) -> Iterable[Waiting]:
    test, start = _later(after, kind)
    narrow = narrow or _Narrow()
    rows = sql.execute(
        "SELECT r.id, r.db, r.day, r.trust, r.author, r.subject, s.name, r.standing, r.facts FROM record r"
        f" {narrow.by} LEFT JOIN subject s ON s.id = r.subject WHERE r.branch=:branch AND r.waits=:kind AND r.waits<>''"
        f" AND r.day>=:day AND (r.day, r.trust, r.id) {test} (:day, :trust, :id) AND r.author<>:member"
        + narrow.only
        + _seen(who, "r")
        + " ORDER BY r.day, r.trust, r.id LIMIT :limit",
        {**_values(who), **narrow.values, **start, "branch": branch, "kind": kind, "limit": limit},
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


def _joins(sql: Connection, who: Decider, branch: str, after: Key, limit: int) -> Iterable[Waiting]:
    test, start = _later(after, "join")
    rows = sql.execute(
        "SELECT a.id, a.home, a.day, 100 - a.joins AS trust, a.fields FROM activity a WHERE a.branch=:branch AND a.joins>0"
        f" AND a.day>=:day AND (a.day, 100 - a.joins, a.id) {test} (:day, :trust, :id) AND {_NOT_OWN}"
        " ORDER BY a.day, trust, a.id LIMIT :limit",
        {**start, **_own(who), "branch": branch, "limit": limit},
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


def _disputed(sql: Connection, who: Decider, zone: ZoneInfo) -> Iterable[Waiting]:
    rows = sql.execute(
        "SELECT x.id, x.db, x.branch, x.at, x.paths, r.author, r.facts, r.subject, s.name FROM dispute x"
        " LEFT JOIN record r ON r.id = x.id LEFT JOIN subject s ON s.id = coalesce(r.subject, x.id)"
        " WHERE coalesce(r.author, '')<>:member" + _AMONG.format("x") + _seen(who, "x"),
        _values(who),
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


def _same_subject(sql: Connection, who: Decider) -> Iterable[Waiting]:
    rows = sql.execute(
        "SELECT l.rank, one.id, one.db, one.branch, one.name, other.id, other.name, l.facts,"
        " (SELECT max(t.day) FROM told t WHERE t.id IN (one.id, other.id)) FROM likely l"
        " JOIN subject one ON one.id = l.first JOIN subject other ON other.id = l.second"
        " WHERE (:branches IS NULL OR one.branch IN (SELECT value FROM json_each(:branches)))"
        + _seen(who, "one", "other"),
        _values(who),
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


def _overdue(sql: Connection, who: Decider, day: str) -> Iterable[Waiting]:
    for branch in _branches(sql, who):
        rows = sql.execute(
            "SELECT p.record, p.item, p.due, p.value, p.subject, s.name, r.db, r.author, r.facts FROM promise p"
            " JOIN record r ON r.id = p.record LEFT JOIN subject s ON s.id = p.subject"
            " WHERE p.branch=:branch AND p.of='problem' AND p.closed=:open AND +p.due<:day AND r.author<>:member"
            + _seen(who, "r"),
            {**_values(who), "branch": branch, "open": OPEN, "day": day},
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


def _months(sql: Connection, who: Decider, day: str) -> Iterable[Waiting]:
    rows = sql.execute(
        "SELECT x.branch, x.month, x.number FROM month x WHERE x.state<>'approved' AND x.month<:month"
        + _AMONG.format("x"),
        {**_values(who), "month": day[:7]},
    )
    for branch, month, number in rows:
        yield Waiting(
            key=(f"{month}-31", 50 if number else 100, f"activity_record:{branch}:{month}", "month"),
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
