"""Decide whether a person may bring a record into being or change it. Pure: what is known beyond the bodies is passed
in.

The rights to a change are asked write by write, not value by value: a tablet that has not yet seen a later edit pushes
older values without having written them.
"""

from collections.abc import Iterable, Iterator, Mapping, Set
from typing import Any, NamedTuple

import msgspec

from schemas.access import creators, owners, writers
from schemas.fields import RecordType
from schemas.problems import Problem
from schemas.registry import TYPES
from schemas.versions import upgrade

Body = Mapping[str, Any]

SERVER = "server"
"""The principal of the worker, and of a replication of whole databases by an administrator. It may write anything."""

_PRUNED = b""
"""Stands for the value of a settled write of which only the stamp is kept."""

ISSUED = frozenset({"conclusion", "conclusion_text", "issued", "basis"})
"""What issuing the conclusion of a joint survey writes, all under one stamp."""

_JUDGING = frozenset({"review", "assignment"})
_NOT_JUDGED = frozenset({"subject", "person"})
_FIXED = ("type", "branch", "author")


class Write(NamedTuple):
    """One write of a record: `value` as JSON, so that `true` and `1` differ; `stamp` is empty for a tool that makes
    none."""

    path: str
    stamp: str
    value: bytes


def may_create(body: Body, principals: Set[str], *named: Body) -> bool:
    """Whether a holder of these principals may bring this record into being; see `refusal_to_create`."""
    return refusal_to_create(body, principals, named) is None


def refusal_to_create(body: Body, principals: Set[str], named: Iterable[Body] = ()) -> Problem | None:
    """Why not, or None (RC40–RC43). `principals` are those of the time at which the record was made: who has moved to
    another branch still brings what was made before. `named` are, as far as they are there, the record that a companion
    names and those that a decision joins with it or splits from it. A foreign author is no reason: the write is
    relayed, see `relayed`."""
    if SERVER in principals:
        return None
    if creators(body).isdisjoint(principals):
        return _forbidden(
            "无权在此新建此类记录，请联系支部书记", "you may not make such a record here: ask the secretary"
        )
    return next(filter(None, (_refusal_beside(body, one, principals) for one in named)), None)


def may_change(old: Body, new: Body, principals: Set[str]) -> Problem | None:
    """Why a holder of these principals may not turn `old` (the join of all leaves) into `new`, or None (RC44–RC50)."""
    if SERVER in principals:
        return None
    if new.get("_deleted") is True:
        return Problem("", "not_deletable", "记录不能删除，请改用撤回", "records are not deleted: withdraw it instead")
    old, new = upgrade(old), upgrade(new)
    for key in _FIXED:
        if old.get(key) != new.get(key):
            return Problem(key, "fixed", "此项不可更改，请新建记录", "this never changes: make a new record")
    of = TYPES.get(str(old.get("type")))
    if of is None:
        return _forbidden("服务器不认识此类记录", "this server does not know this type of record")
    writes = new_writes(old, new)
    problem = _refusal_of_second_issue(old, new, writes)
    if problem is not None:
        return problem
    if of.once:
        return _written_once(writes[0].path) if writes else None
    if writers(old).isdisjoint(principals):
        return _forbidden("无权修改此记录，请联系记录人", "you may not change this record: ask its author")
    whole = not owners(old).isdisjoint(principals) and not owners(new).isdisjoint(principals)
    for write in writes:
        problem = _refusal_of(write, old, of, principals, whole)
        if problem is not None:
            return problem
    return None


def new_writes(old: Body | None, new: Body) -> list[Write]:
    """The writes of `new` that `old` does not know. One without a stamp whose value is known is none; a new value under
    a stamp that `old` knows comes from a tool that makes no stamps, so it is told without one."""
    if old is None:
        return sorted(set(_writes(new)))
    known = set(_writes(old))
    stamps = {(write.path, write.stamp) for write in known}
    values = {(write.path, write.value) for write in known}
    pruned = {(write.path, write.stamp) for write in known if write.value == _PRUNED}
    creation = _creation(old)
    fresh: set[Write] = set()
    for write in _writes(new):
        if write in known or (write.path, write.stamp) in pruned:
            continue
        if write.stamp == creation or (write.path, write.stamp) in stamps:
            write = Write(write.path, "", write.value)
        if write.stamp or (write.path, write.value) not in values:
            fresh.add(write)
    return sorted(fresh)


def relayed(old: Body | None, new: Body, member: str) -> list[Write]:
    """The new writes that bear the stamp of somebody else than the pusher: kept, and marked as relayed."""
    if _all_by(new, member):
        return []
    return [write for write in new_writes(old, new) if stamp_member(write.stamp) not in (None, member)]


def _all_by(body: Body, member: str) -> bool:
    """Whether a quick look finds only stamps of one member: so it is for almost every pushed record."""
    stamps = body.get("stamps")
    if stamps.__class__ is not dict or "" not in stamps or body.get("replaced"):
        return False
    members = {stamp_member(stamp) if stamp.__class__ is str else None for stamp in stamps.values()}
    return members == {member}


def stamp_member(stamp: str) -> str | None:
    """The member whose edit a stamp marks; None for a stamp worked out from content, or none."""
    parts = stamp.split("-")
    return parts[2] if len(parts) == 4 else None


def _refusal_of(write: Write, old: Body, of: RecordType, principals: Set[str], whole: bool) -> Problem | None:
    if write.path.startswith("readers/"):
        return Problem(write.path, "kept_by_server", "可见范围由服务器维护", "the server keeps the readers")
    if whole or _is_own_part(write.path, of, principals):
        return None
    author = stamp_member(write.stamp)
    if author is not None and f"member:{author}" not in principals:
        theirs = frozenset({f"member:{author}"})
        if not owners(old).isdisjoint(theirs):
            return None
        if not writers(old).isdisjoint(theirs) and _is_own_part(write.path, of, theirs):
            return None
    return Problem(
        write.path,
        "not_your_part",
        "只能补充自己的部分，请联系记录人修改此项",
        "you may add your own part only: ask the author to change this",
    )


def _refusal_of_second_issue(old: Body, new: Body, writes: list[Write]) -> Problem | None:
    """A conclusion is issued once (JS6). Who had seen it issued cannot change it; who had not is let in, and the field's rule decides
    between the two."""
    fields, told = old.get("fields"), [write for write in writes if write.path in ISSUED]
    if old.get("type") != "case" or not told or not isinstance(fields, Mapping) or fields.get("issued") is None:
        return None
    stamps = old.get("stamps")
    issue = str(stamps.get("issued", _creation(old))) if isinstance(stamps, Mapping) else ""
    replaced = new.get("replaced")
    entries = [one for one in replaced if isinstance(one, Mapping)] if isinstance(replaced, list) else []
    over = {str(one.get("by")) for one in entries if (one.get("path"), one.get("stamp")) == ("issued", issue)}
    knows = bool(over) or ("issued", issue) in {(write.path, write.stamp) for write in _writes(new)}
    issuing = {write.stamp for write in told if write.path == "issued"}
    for write in told:
        # An edit comes after every stamp that it has seen; which of two issues had seen the other, the mark in `by` tells.
        seen = write.stamp in over if write.stamp in issuing else knows and write.stamp > issue
        if not write.stamp or seen:
            return Problem(
                write.path,
                "issued_already",
                "结论已经出具，不能更改：请列为补充意见",
                "the conclusion has been issued and stays: add an addendum",
            )
    return None


def _is_own_part(path: str, of: RecordType, principals: Set[str]) -> bool:
    head, _, rest = path.partition("/")
    if head in of.own_parts:
        return True
    return head in ("parts", "participants") and f"member:{rest.partition('/')[0]}" in principals


def _refusal_beside(body: Body, record: Body, principals: Set[str]) -> Problem | None:
    """What the record says against a companion: nobody decides on an own record; a photo comes from those who were
    there."""
    kind, author = body.get("type"), f"member:{body.get('author')}"
    persons = {author, *(one for one in principals if one.startswith("member:"))}
    if kind in _JUDGING and record.get("type") not in _NOT_JUDGED and not persons.isdisjoint(_authors(record)):
        return Problem(
            "record",
            "own_record",
            "不能审核自己的记录，请由副书记或机关党委审核",
            "nobody decides on an own record: leave it to a deputy or the committee",
        )
    if (kind == "photo" and persons.isdisjoint(writers(record))) or (
        kind in ("rating", "signature") and persons.isdisjoint(owners(record))
    ):
        return _forbidden(
            "只有记录人（照片还有参加人）可以添加，请在记录人的平板上操作",
            "only the author (for photos also who took part) may add it: use the author's tablet",
        )
    return None


def _authors(record: Body) -> set[str]:
    fields = record.get("fields")
    told = fields if isinstance(fields, Mapping) else {}
    named = {path.removeprefix("authors/") for path, value in told.items() if value is True and path[:8] == "authors/"}
    return {f"member:{one}" for one in (*named, record.get("author")) if one}


def _writes(body: Body) -> Iterator[Write]:
    fields, stamps, replaced = body.get("fields"), body.get("stamps"), body.get("replaced")
    marks = stamps if isinstance(stamps, Mapping) else {}
    creation = _creation(body)
    for path, value in fields.items() if isinstance(fields, Mapping) else ():
        yield Write(path, str(marks.get(path, creation)), _value(value))
    for write in replaced if isinstance(replaced, list) else ():
        if isinstance(write, Mapping):
            value = _value(write["value"]) if "value" in write else _PRUNED
            yield Write(str(write.get("path")), str(write.get("stamp", "")), value)


def _creation(body: Body) -> str:
    """The stamp that holds for every path without one of its own."""
    stamps = body.get("stamps")
    return str(stamps.get("", "")) if isinstance(stamps, Mapping) else ""


def _value(value: object) -> bytes:
    try:
        return _encode(value)
    except (RecursionError, UnicodeEncodeError, OverflowError):
        return b"?"  # `check` reports such a value; all that matters here is that it is a write


_encode = msgspec.json.Encoder(order="sorted").encode


def _written_once(path: str) -> Problem:
    return Problem(
        path, "written_once", "只能写一次，请新建一条取代它", "written once: make a new one that supersedes it"
    )


def _forbidden(zh: str, en: str) -> Problem:
    return Problem("", "forbidden", zh, en)
