"""Decide from the body alone who reads a record and who writes it. Principals are told by prefix: see `RecordType`.

Reading a record is holding one of its readers; so push check, changes feed and single read ask one question alike.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

from schemas.kinds import is_identifier, is_principal
from schemas.registry import TYPES

UNREADABLE = frozenset({"administrator"})
"""The readers of what cannot be read: an unknown type, or a branch or author that is none."""

_PATH_CHARACTERS_MAX = 200
_ENVELOPE_MAX = 80  # two identifiers of the longest
_REMEMBERED_MAX = 40
_KNOWN_MAX = 16384

_Find = Callable[[Mapping[str, Any]], frozenset[str] | None]


def readers(body: Mapping[str, Any]) -> frozenset[str]:
    """The principals that may read this record (RC30). Never raises; what cannot be read has `UNREADABLE`."""
    return _found(_READERS, body)


def creators(body: Mapping[str, Any]) -> frozenset[str]:
    """The principals that may bring this record into being."""
    return _found(_CREATORS, body)


def writers(body: Mapping[str, Any]) -> frozenset[str]:
    """The principals that may change something in this record: its owners and its contributors. Empty when it is
    written once."""
    return _found(_WRITERS, body)


def owners(body: Mapping[str, Any]) -> frozenset[str]:
    """The principals that may change every field of this record."""
    return _found(_OWNERS, body)


def _found(table: Mapping[str, _Find], body: Mapping[str, Any]) -> frozenset[str]:
    name = body.get("type")
    find = table.get(name) if name.__class__ is str else None
    if find is None:
        return UNREADABLE
    found = find(body)
    return UNREADABLE if found is None else found


def _nobody(body: Mapping[str, Any]) -> frozenset[str] | None:
    """Who writes what is written once."""
    return frozenset()


def _compile(templates: Iterable[str]) -> _Find:
    """A function that fills the templates from a body: `None` when the envelope does not hold what they ask for."""
    templates = tuple(templates)
    if not templates:
        return _nobody
    sets = {
        one.partition(":")[2].removesuffix("/*"): one.partition(":")[0] + ":"
        for one in templates
        if one.endswith("/*") and ":" in one
    }
    if "readers/*" in templates:
        sets["readers"] = ""
    values = tuple((one.partition(":=")[0] + ":", one.partition(":=")[2]) for one in templates if ":=" in one)
    by_branch = tuple(one.partition(":")[0] + ":" for one in templates if one.endswith(":@branch"))
    by_author = any(one == "member:@author" for one in templates)
    constant = frozenset(one for one in templates if ":" not in one and "/" not in one)

    @lru_cache(maxsize=16384)
    def assemble(branch: str, author: str, named: tuple[str, ...]) -> frozenset[str] | None:
        if by_branch and not is_identifier(branch):
            return None
        if by_author and not is_identifier(author):
            return None
        own = [prefix + branch for prefix in by_branch]
        if by_author:
            own.append("member:" + author)
        return constant.union(own, filter(is_principal, named))

    # The members of sets come again in record after record.
    known: dict[str, str] = {}

    def principal_of(path: str) -> str:
        """Whom a member of a set that reads names; "" for any other path."""
        head, _, member = path.partition("/")
        if head not in sets or len(path) > _PATH_CHARACTERS_MAX:
            return ""
        principal = sets[head] + member
        if len(known) < _KNOWN_MAX:
            known[path] = principal
        return principal

    def find(body: Mapping[str, Any]) -> frozenset[str] | None:
        branch = body.get("branch") if by_branch else ""
        author = body.get("author") if by_author else ""
        if branch.__class__ is not str or author.__class__ is not str or len(branch) + len(author) > _ENVELOPE_MAX:
            return None
        fields = body.get("fields")
        if fields.__class__ is not dict:
            return assemble(branch, author, ())
        named: list[str] = []
        if sets:
            for path, value in fields.items():
                if value is True and (principal := (known.get(path) or principal_of(path))):
                    named.append(principal)
        for prefix, path in values:
            value = fields.get(path)
            if value.__class__ is str and len(value) <= _PATH_CHARACTERS_MAX:
                named.append(prefix + value)
        # A crowd is assembled each time: only what is small is worth remembering, and a sender cannot fill the memory.
        return (assemble if len(named) <= _REMEMBERED_MAX else assemble.__wrapped__)(branch, author, tuple(named))

    return find


_READERS = {name: _compile(of.readers) for name, of in TYPES.items()}
_CREATORS = {name: _compile(of.creators) for name, of in TYPES.items()}
_OWNERS = {name: _compile(of.writers) for name, of in TYPES.items()}
_WRITERS = {name: _compile((*of.writers, *of.contributors)) for name, of in TYPES.items()}
