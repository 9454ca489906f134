"""Decide how the records look to other programs: msgspec structs and one JSON Schema, both made from the record types.

The structs describe and validate; no stored body goes through one and back, since a struct drops what it does not know.
"""

from functools import cache
from keyword import iskeyword
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from schemas.checks import ENVELOPE, STAMP_CHARACTERS_MAX
from schemas.examples import example
from schemas.fields import Field, RecordType
from schemas.kinds import Kind
from schemas.registry import TYPES

_DEFINITION = "#/$defs/{name}"
_STAMP = Annotated[str, Meta(min_length=1, max_length=STAMP_CHARACTERS_MAX, description="when, where and by whom")]


class ReplacedWrite(msgspec.Struct):
    """A write that is not the current value of its path: seen by a later edit (`by`), or live and lost by a rule."""

    path: str
    stamp: _STAMP
    value: Any = None
    by: str | None = None


@cache
def struct_of(type_name: str) -> type[msgspec.Struct]:
    """The struct of a whole record. Its `fields` hold the single paths; sets and items are left to the JSON Schema."""
    of = TYPES[type_name]
    envelope: list[tuple[str, Any, Any]] = [
        ("type", Literal[type_name], msgspec.field()),
        ("version", Annotated[int, Meta(ge=1)], msgspec.field()),
        *(_entry(name, _titled(kind, zh, en), name in of.envelope) for name, (zh, en, kind) in ENVELOPE.items()),
        ("fields", _fields_struct(of), msgspec.field()),
        ("stamps", dict[str, _STAMP] | None, msgspec.field(default=None)),
        ("replaced", list[ReplacedWrite] | None, msgspec.field(default=None)),
    ]
    return msgspec.defstruct(_title(of), envelope, kw_only=True, module=__name__)


def json_schema() -> dict[str, Any]:
    """A JSON Schema (2020-12) that describes every record of the current version. Unknown fields are allowed
    everywhere."""
    structs = [struct_of(name) for name in TYPES]
    schemas, definitions = msgspec.json.schema_components(structs, ref_template=_DEFINITION)
    for of in TYPES.values():
        definitions[_title(of)] |= {"description": f"{of.zh} ({of.en})", "examples": [example(of.name)]}
        patterns = {_pattern(one): _schema(one) for one in of.fields if one.key is not None}
        if patterns:
            definitions[f"{_title(of)}Fields"]["patternProperties"] = patterns
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Fieldbook records",
        "oneOf": list(schemas),
        "$defs": dict(sorted(definitions.items())),
    }


def _fields_struct(of: RecordType) -> type[msgspec.Struct]:
    entries = [
        _entry(one.path, _titled(one.kind, one.zh, one.en), one.required) for one in of.fields if one.key is None
    ]
    return msgspec.defstruct(f"{_title(of)}Fields", entries, kw_only=True, module=__name__)


def _entry(name: str, annotation: Any, required: bool) -> tuple[str, Any, Any]:
    attribute = f"{name}_" if iskeyword(name) else name
    if required:
        return attribute, annotation, msgspec.field(name=name)
    return attribute, annotation | None, msgspec.field(name=name, default=None)


def _titled(kind: Kind, zh: str, en: str) -> Any:
    return Annotated[kind.annotation, Meta(title=f"{zh} ({en})")]


def _schema(one: Field) -> dict[str, Any]:
    (schema,), _ = msgspec.json.schema_components([_titled(one.kind, one.zh, one.en) | None])
    return schema


def _pattern(one: Field) -> str:
    head, _, rest = one.path.partition("*")
    return f"^{head}{_key_pattern(one.key)}{rest}$"


def _key_pattern(key: Kind | None) -> str:
    if key is None:
        raise AssertionError("only the fields of a collection have a pattern")
    if key.options:
        return f"(?:{'|'.join(key.options)})"
    pattern = str(key.annotation.__metadata__[0].pattern)
    return pattern.removeprefix("^").removesuffix("$")


def _title(of: RecordType) -> str:
    return "".join(part.capitalize() for part in of.name.split("_"))
