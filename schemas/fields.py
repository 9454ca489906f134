"""Decide how a record type is described: its fields with their merge rules, and who reads and writes it, all as
data."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from schemas.kinds import BOOLEAN, CODE, ITEM, MEMBER, REMOVAL, Kind


class Rule(StrEnum):
    """Which of several live writes of one path shows. Every other one stays in the record and can be found."""

    LATEST = "latest"
    """The largest stamp. The default, also for paths that nobody has described."""
    LARGEST = "largest"
    """The largest value; of equal values the largest stamp."""
    SMALLEST = "smallest"
    """The smallest value; of equal values the largest stamp."""
    SET = "set"
    """A member of a set, true or false: true wins (adding wins)."""
    ONCE = "once"
    """Written once: the smallest stamp, so the first write stands and a later one is only known."""
    REMOVAL = "removal"
    """A removal of an item or a record: in force while its live writes together list every live write in its scope."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field. In `path` a `*` stands for an id, whose kind is `key`; `participants/*` is a set, `problems/*/text` a
    part of an item.

    `future`: the value may lie ahead (a due date); any other moment is one that has been, and none lies before
    `earliest`. `required` in an item: every item has it.
    """

    path: str
    zh: str
    en: str
    kind: Kind
    rule: Rule = Rule.LATEST
    required: bool = False
    key: Kind | None = None
    future: bool = False
    earliest: str = "2000"


@dataclass(frozen=True, slots=True)
class RecordType:
    """One type of record.

    `prefixes`: what its ids begin with. `databases`: the kinds of database that it may live in, its home first.
    `envelope`: the envelope keys that it must have. `once`: no change after its creation.

    `readers`, `creators`, `writers`, `contributors` are principals as templates: `@branch` is the envelope key,
    `participants/*` the members of that set, `=subject` the value of that field, `readers/*` principals kept as a set;
    anything else stands for itself. `writers` may change any path, `contributors` only the collections of `own_parts`
    and what bears their own id (`parts/<id>/…`, `participants/<id>`).
    """

    name: str
    zh: str
    en: str
    fields: tuple[Field, ...]
    readers: tuple[str, ...]
    creators: tuple[str, ...]
    writers: tuple[str, ...]
    contributors: tuple[str, ...] = ()
    own_parts: frozenset[str] = frozenset()
    version: int = 1
    databases: tuple[str, ...] = ("branch",)
    prefixes: tuple[str, ...] = ()
    envelope: tuple[str, ...] = ("branch", "author")
    once: bool = False
    by_path: Mapping[str, Field] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_path", {one.path: one for one in self.fields})
        if not self.prefixes:
            object.__setattr__(self, "prefixes", (self.name,))


def placed(fields: Iterable[Field]) -> tuple[dict[str, Field], dict[str, dict[str, Field]]]:
    """Fields by where their values stand: those of one path by it, and those of many ids as {head: {part: field}}, where
    the part of a set's members is empty."""
    single: dict[str, Field] = {}
    lists: dict[str, dict[str, Field]] = {}
    for one in fields:
        if one.key is None:
            single[one.path] = one
        else:
            head, _, rest = one.path.partition("/*")
            lists.setdefault(head, {})[rest.removeprefix("/")] = one
    return single, lists


REMOVED = Field("withdrawn", "撤回", "Withdrawn", REMOVAL, Rule.REMOVAL)
READERS_KEPT = "readers/*"


def members_of(path: str, zh: str, en: str, key: Kind = MEMBER) -> Field:
    """A set: one path a member, true or false."""
    return Field(f"{path}/*", zh, en, BOOLEAN, Rule.SET, key=key)


def items(path: str, *parts: Field, key: Kind = ITEM) -> tuple[Field, ...]:
    """An item list: the parts of one item, under `path/<id>/`, and its removal."""
    return tuple(replace(part, path=f"{path}/*/{part.path}", key=key) for part in (*parts, REMOVED))


def coded(path: str, *parts: Field, key: Kind = CODE) -> tuple[Field, ...]:
    """An item list whose ids are given by a form or the vocabulary (a checklist item, a stage)."""
    return items(path, *parts, key=key)
