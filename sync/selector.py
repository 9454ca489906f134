"""Decide whether a document matches a Mango selector (CouchDB, "Selector Syntax"). Pure; for `filter=_selector`.

Values are compared by CouchDB's collation of types: null, booleans, numbers, strings, arrays, objects.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from sync.errors import BadRequest

Matcher = Callable[[Any], bool]
_MISSING = object()
DEPTH_MAX = 50


def compile_selector(selector: object) -> Matcher:
    """A function from a document's values to whether it matches. Raises BadRequest for an operator that is not known."""
    return _compile(selector, 0)


def _compile(selector: object, depth: int) -> Matcher:
    if depth > DEPTH_MAX:
        raise BadRequest("selector is nested too deeply", code="invalid_selector")
    if not isinstance(selector, Mapping):
        return lambda value: value is not _MISSING and _order(value) == _order(selector)
    tests = [_member(name, argument, depth + 1) for name, argument in selector.items()]
    return lambda value: all(test(value) for test in tests)


def _member(name: str, argument: Any, depth: int) -> Matcher:
    if not name.startswith("$"):
        path = [part.replace("\\.", ".") for part in re.split(r"(?<!\\)\.", name)]
        inner = _compile(argument, depth)
        return lambda value: inner(_dig(value, path))
    if name in ("$and", "$or", "$nor", "$all", "$in", "$nin") and not isinstance(argument, list):
        raise BadRequest(f"Bad argument for operator {name}: an array is needed", code="invalid_operator")
    if name in _COMBINE:
        tests = [_compile(one, depth) for one in argument]
        return _COMBINE[name](tests)
    if name in ("$not", "$elemMatch", "$allMatch", "$keyMapMatch"):
        return _NESTED[name](_compile(argument, depth))
    if name in _COMPARE:
        compare = _COMPARE[name]
        return lambda value: value is not _MISSING and compare(value, argument)
    if name == "$ne":
        return lambda value: value is _MISSING or _order(value) != _order(argument)
    if name == "$nin":
        return lambda value: value is _MISSING or not _in(value, argument)
    if name == "$exists":
        return lambda value: (value is not _MISSING) == bool(argument)
    if name == "$regex":
        return _regex(argument)
    raise BadRequest(f"Invalid operator: {name}", code="invalid_operator")


def _dig(value: Any, path: list[str]) -> Any:
    for part in path:
        if isinstance(value, Mapping) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            return _MISSING
    return value


def _order(value: Any) -> Any:
    """A sort key in which values of different types keep CouchDB's order."""
    if value is None:
        return (0,)
    if isinstance(value, bool):
        return (1, value)
    if isinstance(value, int | float):
        return (2, value)
    if isinstance(value, str):
        return (3, value)
    if isinstance(value, list):
        return (4, [_order(one) for one in value])
    return (5, sorted((name, _order(one)) for name, one in value.items()) if isinstance(value, Mapping) else str(value))


def _in(value: Any, argument: list[Any]) -> bool:
    wanted = [_order(one) for one in argument]
    values = [*value, value] if isinstance(value, list) else [value]
    return any(_order(one) in wanted for one in values)


def _all(value: Any, argument: list[Any]) -> bool:
    held = [_order(one) for one in value] if isinstance(value, list) else []
    return bool(argument) and isinstance(value, list) and all(_order(one) in held for one in argument)


def _mod(value: Any, argument: Any) -> bool:
    if not (
        isinstance(argument, list) and len(argument) == 2 and all(type(one) is int for one in argument) and argument[0]
    ):
        raise BadRequest("Bad argument for operator $mod", code="invalid_operator")
    return type(value) is int and value % argument[0] == argument[1]


def _regex(argument: Any) -> Matcher:
    try:
        pattern = re.compile(argument)
    except (re.error, TypeError):
        raise BadRequest("Bad argument for operator $regex", code="invalid_operator") from None
    return lambda value: isinstance(value, str) and pattern.search(value) is not None


def _type(value: Any) -> str:
    return ("null", "boolean", "number", "string", "array", "object")[_order(value)[0]]


_COMBINE: dict[str, Callable[[list[Matcher]], Matcher]] = {
    "$and": lambda tests: lambda value: all(test(value) for test in tests),
    "$or": lambda tests: lambda value: any(test(value) for test in tests),
    "$nor": lambda tests: lambda value: not any(test(value) for test in tests),
}
_NESTED: dict[str, Callable[[Matcher], Matcher]] = {
    "$not": lambda test: lambda value: not test(value),
    "$elemMatch": lambda test: lambda value: isinstance(value, list) and any(test(one) for one in value),
    "$allMatch": lambda test: lambda value: isinstance(value, list) and bool(value) and all(test(one) for one in value),
    "$keyMapMatch": lambda test: lambda value: isinstance(value, Mapping) and any(test(name) for name in value),
}
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "$eq": lambda value, argument: bool(_order(value) == _order(argument)),
    "$gt": lambda value, argument: bool(_order(value) > _order(argument)),
    "$gte": lambda value, argument: bool(_order(value) >= _order(argument)),
    "$lt": lambda value, argument: bool(_order(value) < _order(argument)),
    "$lte": lambda value, argument: bool(_order(value) <= _order(argument)),
    "$in": _in,
    "$all": _all,
    "$mod": _mod,
    "$size": lambda value, argument: isinstance(value, list) and len(value) == argument,
    "$type": lambda value, argument: _type(value) == argument,
    "$beginsWith": lambda value, argument: isinstance(value, str) and value.startswith(argument),
}
