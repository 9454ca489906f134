"""Decide what is wrong with a body as it was sent. Bad data is a list of problems, never an exception, and nothing
unknown is a problem.

This is the close look, which says all that is wrong; `sound` decides quickly whether it is needed.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from schemas import kinds
from schemas.canonical import unhashable_part
from schemas.fields import Field, RecordType, placed
from schemas.kinds import Kind
from schemas.problems import Problem
from schemas.registry import TYPES
from schemas.versions import upgrade

ENVELOPE: dict[str, tuple[str, str, Kind]] = {
    "branch": ("支部", "Branch", kinds.BRANCH),
    "author": ("记录人", "Author", kinds.MEMBER),
    "device": ("平板", "Tablet", kinds.DEVICE),
    "zone": ("时区", "Zone", kinds.ZONE),
    "form": ("表单", "Form", kinds.FORM),
}
STAMP_CHARACTERS_MAX = 160
_NARRATIVES = ("narrative", "talked", "found", "outcome")
PERSONAL = ("household:", "resident:")

Holds = Callable[[Any], bool]
Envelope = tuple[tuple[str, Holds, bool], ...]
"""Of each envelope key its name, its test and whether it must be there."""


@dataclass(frozen=True, slots=True)
class _Collection:
    """The parts of the items (or the one value of the members) under one head, and the test of their ids."""

    key: Kind
    parts: Mapping[str, Field]
    required: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Plan:
    of: RecordType
    envelope: Envelope
    required: tuple[str, ...]
    collections: Mapping[str, _Collection]
    private: bool


def check(body: Mapping[str, object]) -> list[Problem]:
    """Everything that is wrong with a record's body, or an empty list. Needs no clock (see `check_dates`); never
    raises.

    An older shape is upgraded first. Of a record newer than this version only the envelope is looked at. A deleted body
    has no problems.
    """
    if not isinstance(body, Mapping):
        return [Problem("", "type", "记录应为 JSON 对象", "a record must be a JSON object")]
    if body.get("_deleted") is True:
        return []
    name = body.get("type")
    plan = _PLANS.get(name) if name.__class__ is str else None
    if plan is None:
        return [_no_type(name)]
    version = body.get("version")
    if version.__class__ is not int or version < 1:
        return [
            Problem(
                "version",
                "format",
                "版本应为正整数，请更新应用后重新保存",
                "must be a positive whole number: update the app and save again",
            ),
            *_explain(plan, body),
        ]
    if version != plan.of.version:
        if version > plan.of.version:
            return list(_envelope_problems(plan, body))
        body = upgrade(body)
    return list(_explain(plan, body))


def envelope_of(of: RecordType) -> Envelope:
    """How the envelope of a type's records is tested."""
    return tuple((name, kind.holds, name in of.envelope) for name, (_, _, kind) in ENVELOPE.items())


def _history_holds(body: Mapping[str, Any]) -> bool:
    stamps = body.get("stamps")
    if stamps is not None:
        if stamps.__class__ is not dict:
            return False
        for stamp in stamps.values():
            if stamp.__class__ is not str or not 0 < len(stamp) <= STAMP_CHARACTERS_MAX:
                return False
    replaced = body.get("replaced")
    return replaced is None or (replaced.__class__ is list and all(map(_is_write, replaced)))


def _is_write(write: Any) -> bool:
    """A write that the record remembers: path, stamp, value (none when pruned), and by whom it was seen (`by`, empty
    while live)."""
    if write.__class__ is not dict:
        return False
    stamp, by, value = write.get("stamp"), write.get("by"), write.get("value")
    return (
        write.get("path").__class__ is str
        and stamp.__class__ is str
        and 0 < len(stamp) <= STAMP_CHARACTERS_MAX
        and (by is None or (by.__class__ is str and len(by) <= STAMP_CHARACTERS_MAX))
        and unhashable_part(value) is None
    )


def _id_holds(of: RecordType, record_id: Any, fields: Mapping[str, Any]) -> bool:
    if record_id.__class__ is not str:
        return False
    prefix, _, rest = record_id.partition(":")
    if prefix not in of.prefixes or not rest:
        return False
    return of.name != "subject" or fields.get("kind") in (None, prefix)


def _privacy_problem(fields: Mapping[str, Any]) -> Problem | None:
    subject = fields.get("subject")
    if subject.__class__ is not str or not subject.startswith(PERSONAL):
        return None
    if not any(fields.get(path) for path in _NARRATIVES):
        return None
    if fields.get("privacy") is None:
        return Problem(
            "privacy",
            "required",
            "记录了住户情况：请注明已告知或已同意",
            "tells of a household: say whether notice or consent was given",
        )
    if fields.get("keep_until") is None:
        return Problem(
            "keep_until",
            "required",
            "记录了住户情况：请填写保存至哪一天",
            "tells of a household: say until which day it is kept",
        )
    return None


def _explain(plan: _Plan, body: Mapping[str, Any]) -> Iterator[Problem]:
    yield from _envelope_problems(plan, body)
    fields = body.get("fields")
    if fields.__class__ is not dict:
        yield Problem("fields", "type", "记录没有内容，请重新保存", "the record has no fields: save it again")
        return
    for path in plan.required:
        if fields.get(path) is None:
            one = plan.of.by_path[path]
            yield Problem(path, "required", f"{one.zh}：必填，请填写", f"{one.en}: required, fill it in")
    for path, value in fields.items():
        problem = _field_problem(plan, path, value)
        if problem is not None:
            yield problem
    if "" in fields:
        # In `stamps` the empty path is the creation's: no field may bear it.
        yield Problem("", "format", "字段名不能为空，请删除该字段", "a field has no name: remove it")
    yield from _incomplete_items(plan, fields)
    if plan.private:
        problem = _privacy_problem(fields)
        if problem is not None:
            yield problem
    if not _history_holds(body):
        yield from _history_problems(body)
    if "_id" in body and not _id_holds(plan.of, body["_id"], fields):
        wanted = "、".join(plan.of.prefixes)
        yield Problem(
            "_id",
            "format",
            f"编号应以 {wanted} 加冒号开头，并与类别一致，请新建记录",
            f"its id must begin with {' or '.join(plan.of.prefixes)} and a colon, as its kind says: make a new record",
        )


def _envelope_problems(plan: _Plan, body: Mapping[str, Any]) -> Iterator[Problem]:
    for name, holds, required in plan.envelope:
        value = body.get(name)
        zh, en, kind = ENVELOPE[name]
        if value is None:
            if required:
                yield Problem(
                    name, "required", f"{zh}：缺失，请重新登录后保存", f"{en}: missing, sign in again and save"
                )
        elif not holds(value):
            yield _refused(name, zh, en, kind, value)


def _field_problem(plan: _Plan, path: str, value: Any) -> Problem | None:
    one = plan.of.by_path.get(path)
    if one is None or one.key is not None:
        head, slash, rest = path.partition("/")
        item, _, part = rest.partition("/")
        collection = plan.collections.get(head) if slash else None
        known = collection.parts.get(part) if collection else None
        if collection is None or known is None:
            fault = unhashable_part(value)
            return None if fault is None else _refused(path, path, path, kinds.ANYTHING, value)
        one = known
        if not collection.key.holds(item):
            return _refused(path, one.zh, one.en, collection.key, item)
    if value is None or one.kind.holds(value):
        return None
    return _refused(path, one.zh, one.en, one.kind, value)


def _refused(path: str, label_zh: str, label_en: str, kind: Kind, value: Any) -> Problem:
    code, zh, en = kind.why(value)
    return Problem(path, code, f"{label_zh}：{zh}", f"{label_en}: {en}")


def _incomplete_items(plan: _Plan, fields: Mapping[str, Any]) -> Iterator[Problem]:
    seen: set[str] = set()
    for path in fields:
        head, slash, rest = path.partition("/")
        item, _, part = rest.partition("/")
        collection = plan.collections.get(head) if slash else None
        if collection is None or part not in collection.parts or part == "withdrawn" or f"{head}/{item}" in seen:
            continue
        seen.add(f"{head}/{item}")
        for wanted in sorted(collection.required):
            if fields.get(f"{head}/{item}/{wanted}") is None:
                one = collection.parts[wanted]
                yield Problem(
                    f"{head}/{item}/{wanted}",
                    "required",
                    f"{one.zh}：必填，请填写或删除此条",
                    f"{one.en}: required, fill it in or remove the item",
                )


def _history_problems(body: Mapping[str, Any]) -> Iterator[Problem]:
    if not _history_holds({"stamps": body.get("stamps")}):
        yield Problem(
            "stamps", "format", "修改标记有误，请更新应用后重新保存", "no stamps: update the app and save again"
        )
    if not _history_holds({"replaced": body.get("replaced")}):
        yield Problem(
            "replaced", "format", "修改历史有误，请更新应用后重新保存", "no history: update the app and save again"
        )


def _no_type(name: object) -> Problem:
    if name.__class__ is not str:
        return Problem(
            "type",
            "required",
            "缺少记录类型，请更新应用后重新保存",
            "the record has no type: update the app and save again",
        )
    return Problem(
        "type",
        "unknown_type",
        "服务器不认识此类记录，请先升级服务器",
        "this server does not know this type of record: upgrade the server",
    )


def _plan(of: RecordType) -> _Plan:
    single, lists = placed(of.fields)
    return _Plan(
        of,
        envelope_of(of),
        tuple(path for path, one in single.items() if one.required),
        {head: _collection(parts) for head, parts in lists.items()},
        private="narrative" in single,
    )


def _collection(parts: Mapping[str, Field]) -> _Collection:
    key = next(iter(parts.values())).key
    if key is None:
        raise AssertionError("a collection's fields have a key")
    return _Collection(
        key,
        parts,
        frozenset(part for part, one in parts.items() if one.required),
    )


_PLANS = {name: _plan(of) for name, of in TYPES.items()}
