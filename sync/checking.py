"""Decide what is written beside a record that has something wrong with it (decision 5): the companion `check:<record>`.

The record itself is kept as it came. Its check lists every problem and every write that somebody else relayed; it has the
record's readers, and is emptied, never removed, when the record is put right.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from schemas import check, check_dates, readers, sound
from sync.documents import encode
from sync.stores.contract import Edit

CHECKED = frozenset(
    {"visit", "service", "survey", "event", "subject", "person", "rating", "signature", "photo", "case"}
)
"""Types whose records people make and can put right."""


LOOKED_UP = frozenset({"not_on_checklist", "issued_early"})
"""Codes of what only the worker can find, since it lies in another record: who checks the record alone leaves them as they are."""


def check_id(record: str) -> str:
    return f"check:{record}"


def type_of(content: Mapping[str, Any]) -> str:
    """The type that a body names; "" where it names none, whatever else it holds there."""
    kind = content.get("type")
    return kind if kind.__class__ is str else ""


def problems_of(record: str, content: Mapping[str, Any], now: datetime) -> list[dict[str, str]]:
    """All that is wrong with a record, as the check keeps it."""
    if sound(record, content, now) or type_of(content) not in CHECKED:
        return []
    found = check({**content, "_id": record}) or check_dates(content, now)
    return [msgspec.to_builtins(problem) for problem in found]


def check_edit(
    record: str,
    content: Mapping[str, Any],
    problems: Sequence[Mapping[str, str]],
    relayed: Sequence[Mapping[str, str]],
    stamp: str,
    held: tuple[str, Mapping[str, Any]] | None,
    looked_up: Sequence[Mapping[str, str]] | None = None,
) -> Edit | None:
    """The edit that brings a record's check up to date; None where there is nothing to say or nothing new.

    `held`: the check's revision and content. Relays that it lists stay listed. `looked_up`: what the worker found (`LOOKED_UP`); None
    leaves what is held.
    """
    before = held[1].get("fields", {}) if held else {}
    known = before.get("relayed", []) if isinstance(before.get("relayed", []), list) else []
    relays = [*known, *(one for one in relayed if one not in known)]
    if looked_up is None:
        kept = before.get("problems")
        looked_up = [one for one in kept if one.get("code") in LOOKED_UP] if isinstance(kept, list) else []
    problems = [*problems, *looked_up]
    if held is None and not problems and not relays:
        return None
    branch = content.get("branch")
    fields: dict[str, Any] = {"record": record, "problems": problems}
    if relays:
        fields["relayed"] = relays
    fields |= {f"readers/{one}": True for one in sorted(readers(content))}
    if {name: value for name, value in before.items() if value is not False} == fields:
        return None
    body = {
        "type": "check",
        "version": 1,
        "branch": branch,
        "device": "server",
        "fields": fields,
        "stamps": {"": stamp},
    }
    return Edit(check_id(record), held[0] if held else None, body, encode(body))
