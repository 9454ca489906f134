"""Decide the one sequence of bytes that stands for a JSON value, so that every replica hashes the same.

Keys sorted by code point, no spaces, UTF-8, no escapes beyond what JSON asks for. Refused, because two languages would
write them differently: floats, integers that JavaScript cannot hold, text that is no UTF-8, keys that are not text.
"""

import msgspec

INTEGER_MAX = 2**53 - 1

_encode = msgspec.json.Encoder(order="sorted").encode


class NotCanonical(ValueError):
    """The value has no canonical form; `reason` says what in it has none."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"no canonical form: {reason}")
        self.reason = reason


def canonical(value: object) -> bytes:
    """The canonical bytes of a JSON value. Raises NotCanonical for a value that has none (RC22)."""
    fault = unhashable_part(value)
    if fault is not None:
        raise NotCanonical(fault)
    try:
        return _encode(value)
    except UnicodeEncodeError:
        raise NotCanonical("half of a surrogate pair in a text") from None
    except RecursionError:
        raise NotCanonical("nested too deeply") from None


def unhashable_part(value: object) -> str | None:
    """Why a value has no canonical form, or None when it has one. Walks without recursion: depth is the sender's
    choice."""
    waiting = [value]
    while waiting:
        part = waiting.pop()
        kind = part.__class__
        if kind is str or kind is bool or part is None:
            continue
        if kind is int:
            if not -INTEGER_MAX <= part <= INTEGER_MAX:  # type: ignore[operator]  # narrowed by its class, which mypy cannot follow
                return f"an integer beyond 2^53 - 1: {part}"
        elif isinstance(part, dict):
            for key in part:
                if key.__class__ is not str:
                    return f"a key that is not text: {key!r}"
            waiting.extend(part.values())
        elif isinstance(part, list | tuple):
            waiting.extend(part)
        elif kind is float:
            return f"a float: {part}"
        else:
            return f"no JSON value: {kind.__name__}"
    return None
