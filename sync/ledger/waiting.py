"""What the inbox is made of: who asks, what waits, and the tests that every question about it has in common."""

import json
from collections.abc import Mapping, Sequence
from sqlite3 import Connection
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec

from sync.ledger.queries import Reader, every_branch

Key = tuple[str, int, str, str]
"""(local day, 100 less the doubt, id, kind): what lists are ordered by."""

_SEEN = (
    " AND EXISTS (SELECT 1 FROM reader p WHERE p.audience = {}.audience"
    " AND p.principal IN (SELECT value FROM json_each(:reader)))"
)
AMONG = " AND (:branches IS NULL OR {}.branch IN (SELECT value FROM json_each(:branches)))"
NOT_OWN = (
    "instr(a.fields, CAST(:own AS BLOB))=0"
    # Nor one that may belong to an own record.
    " AND NOT EXISTS (SELECT 1 FROM json_each(CAST(a.fields AS TEXT), '$.suggested') l JOIN record o ON o.id IN"
    " (json_extract(l.value, '$.records[0]'), json_extract(l.value, '$.records[1]')) WHERE o.author=:member)"
)


class Now(NamedTuple):
    """`moment`: as records write moments; `day`: the centre's, of it."""

    moment: str
    day: str


class Reason(NamedTuple):
    zh: str
    en: str


class Decider(NamedTuple):
    """Who asks. `branches`: those whose records the member may decide about, None: all; an own record is never among them."""

    member: str
    branches: Sequence[str] | None
    reader: Reader


class Narrow(NamedTuple):
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


def branches_of(sql: Connection, who: Decider) -> Sequence[str]:
    return every_branch(sql) if who.branches is None else who.branches


def values_of(who: Decider) -> dict[str, Any]:
    branches = None if who.branches is None else json.dumps(list(who.branches))
    reader = None if who.reader is None else json.dumps(sorted(who.reader))
    return {"branches": branches, "reader": reader, "member": who.member}


def seen_by(who: Decider, *tables: str) -> str:
    return "" if who.reader is None else "".join(_SEEN.format(table) for table in tables)


def own_of(who: Decider) -> dict[str, str]:
    return {"own": f'"authors/{who.member}":true', "member": who.member}
