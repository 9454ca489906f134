"""Decide what of the record types the tablets and the desk are told: labels, options and merge rules, as `web/shared/schema.json`.

`make format` writes that file anew (`python -m schemas.for_tablets`); a test holds it to the types.
"""

import json
import sys
from typing import Any

from schemas.fields import Field
from schemas.registry import TYPES
from schemas.vocabulary import EVENT_KINDS


def for_tablets() -> dict[str, Any]:
    """{type: labels, version, what its ids begin with, and its fields by path}"""
    return {
        name: {
            "zh": of.zh,
            "en": of.en,
            "version": of.version,
            "prefixes": list(of.prefixes),
            "fields": {one.path: _for_tablets(one) for one in of.fields},
        }
        for name, of in TYPES.items()
    }


def _for_tablets(one: Field) -> dict[str, Any]:
    told: dict[str, Any] = {"zh": one.zh, "en": one.en, "kind": one.kind.name}
    if one.rule != "latest":
        told["rule"] = str(one.rule)
    # Kinds of events are open, but those from the start have words.
    options = EVENT_KINDS if one.kind.name == "code" and one.path == "kind" else one.kind.options
    if options:
        told["options"] = {str(value): list(words) for value, words in options.items()}
    return told


def written() -> str:
    """The text of the file."""
    return json.dumps(for_tablets(), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    sys.stdout.write(written())
