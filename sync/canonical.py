"""Decide the one byte form of a JSON value, so that whatever is hashed hashes alike in Python and in TypeScript.

Keys in the order of their code points, no spaces, UTF-8, the short escapes of `JSON.stringify`. Floats are refused: two
languages write them differently; so is a whole number that JavaScript cannot hold exactly.
"""

from typing import Any, Final

import msgspec

WHOLE_NUMBER_MAX: Final = 2**53 - 1

_encode = msgspec.json.Encoder(order="sorted").encode


class NotCanonical(ValueError):
    """The value has no canonical form; `reason` says what in it has none."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"no canonical form: {reason}")
        self.reason = reason


def canonical(value: Any) -> bytes:
    """The canonical JSON of a value made of dict, list, str, int, bool and None; raises NotCanonical for any other."""
    try:
        if type(value) is not str:
            _check(value)
        return _encode(value)
    except UnicodeEncodeError:
        raise NotCanonical("half of a surrogate pair in a text") from None
    except RecursionError:
        raise NotCanonical("nested too deeply") from None


def _check(value: Any) -> None:
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return
    if kind is int:
        if not -WHOLE_NUMBER_MAX <= value <= WHOLE_NUMBER_MAX:
            raise NotCanonical("a whole number beyond 2^53 - 1")
    elif kind is dict:
        for name, part in value.items():
            if type(name) is not str:
                raise NotCanonical("a member whose name is no text")
            _check(part)
    elif kind is list:
        for part in value:
            _check(part)
    elif kind is float:
        raise NotCanonical("a number with a fraction or an exponent")
    else:
        raise NotCanonical(f"a value of type {kind.__name__}")
