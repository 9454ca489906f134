"""Decide what waits for somebody's decision, and in which order: the oldest day first, within a day the most doubtful (IX1).

No document is read for it.
"""

import heapq
from collections.abc import Iterable
from functools import partial
from sqlite3 import Connection
from zoneinfo import ZoneInfo

from sync.ledger.inbox_rows import conclusions, disputed, joins, months, overdue, records, same_subjects
from sync.ledger.kept import Kept
from sync.ledger.waiting import NOT_OWN, Decider, Key, Narrow, Now, Waiting, branches_of, own_of, seen_by, values_of

RECORDS = ("new", "corrected", "amended", "faulty")
KINDS = (*RECORDS, "disputed", "join", "same_subject", "overdue", "conclusion", "month")
COUNTED_MAX = 1_000


def inbox(
    sql: Connection, who: Decider, kind: str | None, after: Key, limit: int, now: Now, zone: ZoneInfo, kept: Kept
) -> tuple[dict[str, int], list[Waiting]]:
    """How much of each kind waits, and what stands next in the list. `now`: for what is overdue; `kept`: what is known already of how
    much waits."""
    few = {
        "disputed": list(disputed(sql, who, zone)),
        "same_subject": list(same_subjects(sql, who)),
        "overdue": list(overdue(sql, who, now.day)),
        "conclusion": list(conclusions(sql, who, now, zone)),
        "month": list(months(sql, who, now.day)),
    }
    counts = dict.fromkeys(KINDS, 0) | _count(sql, who, kept) | {name: len(found) for name, found in few.items()}
    sources: list[Iterable[Waiting]] = []
    for name in KINDS if kind is None else (kind,):
        if name in few:
            later = (one for one in few[name] if one.key > after)
            sources.append(heapq.nsmallest(limit, later, key=lambda one: one.key))
        elif name == "join":
            sources += [joins(sql, who, branch, after, limit) for branch in branches_of(sql, who)]
        elif name in RECORDS and counts[name]:
            sources += [records(sql, who, name, branch, after, limit, zone) for branch in branches_of(sql, who)]
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
    narrow = Narrow(only, by, {"only_subject": subject, "only_author": author, "most": COUNTED_MAX + 1})
    number, sources = 0, []
    for branch in branches_of(sql, who):
        query = f"SELECT 1 FROM record r {by} WHERE r.branch=:branch AND r.waits='new' AND r.waits<>'' AND r.author<>:member"
        values = {**values_of(who), **narrow.values, "branch": branch}
        query = f"SELECT count(*) FROM ({query}{only}{seen_by(who, 'r')} LIMIT :most)"
        number += sql.execute(query, values).fetchone()[0] if number <= COUNTED_MAX else 0
        sources.append(records(sql, who, "new", branch, after, limit, zone, narrow))
    merged = heapq.merge(*sources, key=lambda one: one.key)
    return min(number, COUNTED_MAX + 1), [one for one, _ in zip(merged, range(limit), strict=False)]


def _count(sql: Connection, who: Decider, kept: Kept) -> dict[str, int]:
    """Of records and joins: of a branch again when something was written that may concern its records."""
    stirred = dict(sql.execute("SELECT branch, number FROM stirred").fetchall())
    counts = {"join": 0}
    for branch in branches_of(sql, who):
        asked = ("inbox", branch, who.member, who.reader)
        for waits, number in kept.of(asked, [stirred.get(branch, 0)], partial(_count_branch, sql, who, branch)).items():
            counts[waits] = counts.get(waits, 0) + number
    return counts


def _count_branch(sql: Connection, who: Decider, branch: str) -> dict[str, int]:
    """Readers are asked for once a set of them, not once a record."""
    values = {**values_of(who), "branch": branch}
    counts: dict[str, int] = dict(
        sql.execute(
            "SELECT g.waits, sum(g.n) FROM (SELECT waits, audience, count(*) AS n FROM record INDEXED BY record_waiting"
            " WHERE branch=:branch AND waits<>'' AND author<>:member GROUP BY waits, audience) g WHERE 1"
            + seen_by(who, "g")
            + " GROUP BY g.waits",
            values,
        ).fetchall()
    )
    query = f"SELECT count(*) FROM activity a WHERE a.branch=:branch AND a.joins>0 AND {NOT_OWN}"
    return counts | {"join": sql.execute(query, {**values, **own_of(who)}).fetchone()[0]}
