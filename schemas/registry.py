"""Decide which type and which field a path belongs to, by which rule it merges, and what a removal covers."""

from collections.abc import Mapping
from types import MappingProxyType

from schemas import companions, directory, field_records, imports, ledger_records, subjects
from schemas.fields import Field, RecordType, Rule

TYPES: Mapping[str, RecordType] = MappingProxyType(
    {
        one.name: one
        for one in (
            field_records.VISIT,
            field_records.SERVICE,
            field_records.SURVEY,
            field_records.EVENT,
            subjects.SUBJECT,
            subjects.PERSON,
            companions.RATING,
            companions.SIGNATURE,
            companions.PHOTO,
            companions.CHECK,
            companions.REVIEW,
            companions.ASSIGNMENT,
            companions.CASE,
            imports.IMPORT,
            imports.IMPORT_ROWS,
            ledger_records.ACTIVITY,
            ledger_records.ACTIVITY_RECORD,
            directory.BRANCH_TYPE,
            directory.WINDOW,
            directory.UNIT,
            directory.MEMBER_TYPE,
            directory.FORM,
            directory.NOTICE,
        )
    }
)

_WITHDRAWN = "withdrawn"


def field_of(type_name: str, path: str) -> Field | None:
    """The description of a path, or None for one that this version does not know."""
    known = TYPES.get(type_name)
    if known is None:
        return None
    found = known.by_path.get(path)
    if found is not None or "/" not in path:
        return found
    head, _, rest = path.partition("/")
    key, mark, part = rest.partition("/")
    found = known.by_path.get(f"{head}/*/{part}" if mark else f"{head}/*")
    if found is None or found.key is None or not found.key.holds(key):
        return None
    return found


def rule_of(type_name: str, path: str) -> Rule:
    """The merge rule of a path. A path or type that this version does not know merges like any other: by the largest
    stamp (RC11)."""
    found = field_of(type_name, path)
    if found is not None:
        return found.rule
    return Rule.REMOVAL if item_scope(path) is not None else Rule.LATEST


def item_scope(path: str) -> str | None:
    """What a removal at this path covers: `""` the whole record, `problems/<id>/` one item; None when the path is no
    removal."""
    if path == _WITHDRAWN:
        return ""
    return path[: -len(_WITHDRAWN)] if path.endswith("/" + _WITHDRAWN) else None


def in_scope(scope: str, path: str) -> bool:
    """Whether a removal with this scope covers a path. Removals cover no removals, and `readers/…` is kept by the
    server and is nobody's edit: neither may bring back what was withdrawn."""
    return path.startswith(scope) and item_scope(path) is None and not path.startswith("readers/")


def label_of(type_name: str, path: str) -> tuple[str, str]:
    """The label of a path in Chinese and English; a path that nobody has described is its own label."""
    found = field_of(type_name, path)
    return (found.zh, found.en) if found is not None else (path, path)


def type_of_id(record_id: str) -> str | None:
    """The type whose ids begin as this one does: `household:…` is a subject."""
    return _BY_PREFIX.get(record_id.partition(":")[0])


_BY_PREFIX = {prefix: one.name for one in TYPES.values() for prefix in one.prefixes}
