"""Decide how a body of an older shape reads today. What is stored stays as it was sent; only the reader sees the
current shape."""

from collections.abc import Callable, Mapping
from typing import Any

from schemas.registry import TYPES

Step = Callable[[dict[str, Any]], dict[str, Any]]


def upgrade(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The body in the current shape of its type; the body itself when there is nothing to do. Unknown fields, stamps
    and history stay.

    A body of a newer version, of an unknown type, or without a readable version is returned as it is.
    """
    name, version = body.get("type"), body.get("version")
    if name.__class__ is not str or version.__class__ is not int or name not in TYPES:
        return body
    current = TYPES[name].version
    if not 1 <= version < current:
        return body
    shape = dict(body)
    for older in range(version, current):
        shape = _STEPS[name, older](shape)
        shape["version"] = older + 1
    return shape


def _one_period(body: dict[str, Any]) -> dict[str, Any]:
    """Version 1 kept `start` and `end` apart, so that a merge could pair one member's start with another's end."""
    fields = body.get("fields")
    if not isinstance(fields, Mapping) or "period" in fields or "start" not in fields:
        return body
    moved = {path: value for path, value in fields.items() if path not in ("start", "end")}
    moved["period"] = [fields["start"], fields.get("end")]
    body["fields"] = moved
    stamps = body.get("stamps")
    if isinstance(stamps, Mapping):
        own = [stamps[path] for path in ("start", "end") if isinstance(stamps.get(path), str)]
        kept = {path: stamp for path, stamp in stamps.items() if path not in ("start", "end")}
        body["stamps"] = {**kept, "period": max(own)} if own else kept
    return body


_STEPS: dict[tuple[str, int], Step] = {(name, 1): _one_period for name in ("visit", "service", "survey", "event")}
