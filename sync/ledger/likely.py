"""Decide how subjects that are likely the same are listed: the likeliest first, for whoever may read both (LS…)."""

import json
from sqlite3 import Connection
from typing import Any

import msgspec

from sync.ledger.queries import Reader
from sync.reconcile.likely import Likeness

_SEEN = (
    " AND EXISTS (SELECT 1 FROM reader p WHERE p.audience = {}.audience"
    " AND p.principal IN (SELECT value FROM json_each(:reader)))"
)
_decode = msgspec.json.Decoder(Likeness).decode


class LikelyRow(msgspec.Struct, frozen=True):
    """Two subjects with their names, branches and databases, and why they may be one."""

    first: tuple[str, str, str, str]
    second: tuple[str, str, str, str]
    likeness: Likeness


def likely_same(
    sql: Connection, reader: Reader, branch: str | None, after: tuple[int, str, str], limit: int
) -> list[LikelyRow]:
    """`branch`: whose subject one of them is. `after` is (100 - score, first, second) of the last pair shown."""
    values: dict[str, Any] = {"rank": after[0], "first": after[1], "second": after[2], "branch": branch, "limit": limit}
    tests = "" if branch is None else " AND :branch IN (one.branch, other.branch)"
    if reader is not None:
        tests += _SEEN.format("one") + _SEEN.format("other")
        values["reader"] = json.dumps(sorted(reader))
    rows = sql.execute(
        "SELECT one.id, one.name, one.branch, one.db, other.id, other.name, other.branch, other.db, l.facts FROM likely l"
        " JOIN subject one ON one.id = l.first JOIN subject other ON other.id = l.second"
        f" WHERE (l.rank, l.first, l.second) > (:rank, :first, :second){tests} ORDER BY l.rank, l.first, l.second LIMIT :limit",
        values,
    )
    return [LikelyRow((*row[:4],), (*row[4:8],), _decode(row[8])) for row in rows]


def likeness_of(sql: Connection, one: str, other: str) -> Likeness | None:
    """How like each other two subjects are; None for a pair that is not suggested."""
    found = sql.execute(
        "SELECT facts FROM likely WHERE (first, second) IN (VALUES (?, ?), (?, ?))", [one, other, other, one]
    ).fetchone()
    return _decode(found[0]) if found else None
