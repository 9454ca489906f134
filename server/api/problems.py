"""Decide what is wrong with the body of a request: all of it at once, each at its place. msgspec, which reads bodies, stops at the
first."""

from collections.abc import Iterator
from types import NoneType, UnionType
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin

import msgspec

PROBLEMS_MAX = 100


class Fault(NamedTuple):
    """`at`: names and numbers from the outside in, as in `remarks/0/text`; "" for the whole."""

    at: str
    message: str


def faults_of(raw: bytes, of: Any) -> list[Fault]:
    """What keeps this JSON from being one of these; nothing where it is no JSON at all. At most `PROBLEMS_MAX`."""
    try:
        value = msgspec.json.decode(raw)
    except msgspec.DecodeError:
        return []
    return [fault for fault, _ in zip(_faults(value, of, ()), range(PROBLEMS_MAX), strict=False)]


def _faults(value: Any, of: Any, at: tuple[str, ...]) -> Iterator[Fault]:
    try:
        msgspec.convert(value, of)
        return
    except msgspec.ValidationError as error:
        whole = Fault("/".join(at), str(error).partition(" - at `")[0])
    inside = list(_inside(value, _bare(of), at))
    yield from inside or [whole]


def _inside(value: Any, of: Any, at: tuple[str, ...]) -> Iterator[Fault]:
    """What is wrong with members; nothing where it is the thing as a whole."""
    if isinstance(of, type) and issubclass(of, msgspec.Struct) and isinstance(value, dict):
        fields = {field.encode_name: field for field in msgspec.structs.fields(of)}
        for name, field in fields.items():
            if name in value:
                yield from _faults(value[name], field.type, (*at, name))
            elif field.required:
                yield Fault("/".join((*at, name)), "This is needed")
        if of.__struct_config__.forbid_unknown_fields:
            yield from (Fault("/".join((*at, name)), "No such field") for name in value if name not in fields)
    elif get_origin(of) is list and isinstance(value, list):
        for number, one in enumerate(value):
            yield from _faults(one, get_args(of)[0], (*at, str(number)))


def _bare(of: Any) -> Any:
    """A type without its limits, and without None."""
    if get_origin(of) is Annotated:
        return _bare(get_args(of)[0])
    if get_origin(of) in (Union, UnionType):
        some = [one for one in get_args(of) if one is not NoneType]
        return _bare(some[0]) if len(some) == 1 else of
    return of
