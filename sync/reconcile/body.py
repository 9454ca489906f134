"""Decide how a record's writes lie in its body, and what several bodies of one record say together.

`fields` holds the current value of each path, `stamps` its stamp (the one at "" is the creation's and holds for every
path without one of its own), `replaced` every other write. Pure: bodies are read, never changed, and values are shared
with what is returned, not copied.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from schemas.canonical import canonical
from sync.reconcile.rules import RuleOf, always_latest, shown
from sync.reconcile.stamps import stamp_found
from sync.reconcile.writes import Gone, Write, Writes, mark_of

Body = dict[str, Any]

ENVELOPE: Final = frozenset({"type", "version", "form", "branch", "author", "device", "zone"})
_HISTORY: Final = frozenset({"fields", "stamps", "replaced"})
_NUMBERED = re.compile(r".*/([0-9]{1,9})", re.ASCII | re.DOTALL)


class Record:
    """What bodies say together: the envelope, the stamp of the creation ("" when unknown), and the writes."""

    def __init__(self) -> None:
        self.envelope: dict[str, Any] = {}
        self.created = ""
        self.writes = Writes()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Record):
            return NotImplemented
        # Python takes 1 for True and the canonical form does not.
        same = canonical(self.envelope) == canonical(other.envelope) and self.created == other.created
        return same and self.writes == other.writes

    @property
    def type(self) -> str:
        """The record's type, "" when it names none."""
        kind = self.envelope.get("type")
        return kind if isinstance(kind, str) else ""


def join(bodies: Iterable[Body], rule_of: RuleOf = always_latest) -> Body:
    """What all bodies of one record say together, the same in any order, grouping and number of times.

    Raises NotCanonical when a value has no canonical form.
    """
    return written(read(bodies), rule_of)


def writes_of(body: Body) -> list[Write]:
    """Every write that a body holds, ordered by path, stamp and value."""
    return list(read([body]).writes)


def body_of(envelope: dict[str, Any], created: str, writes: Iterable[Write], rule_of: RuleOf = always_latest) -> Body:
    """The body with these writes; `created` is the stamp that stands for all paths without one of their own."""
    record = Record()
    record.envelope, record.created = dict(envelope), created
    for write in writes:
        record.writes.add(write)
    record.writes.tidy()
    return written(record, rule_of)


def content_of(body: Body) -> Body:
    """The body without what the store says about it (`_id`, `_rev` and their like); attachments are content."""
    return {name: value for name, value in body.items() if not name.startswith("_") or name == "_attachments"}


def created_of(body: Body) -> str:
    """The stamp of the creation, which holds for every field without one of its own; "" when the body names none."""
    stamps = body.get("stamps")
    return _text(stamps.get("")) if isinstance(stamps, dict) else ""


def fields_of(body: Body) -> Iterator[tuple[str, str, Any]]:
    """Path, stamp and value of every field as the body shows it; the stamp is "" where it has none."""
    fields, stamps, created = body.get("fields"), body.get("stamps"), created_of(body)
    if not isinstance(fields, dict):
        outside = ENVELOPE | _HISTORY
        fields = {name: value for name, value in body.items() if name not in outside and not name.startswith("_")}
    stamps = stamps if isinstance(stamps, dict) else {}
    for path, value in fields.items():
        # The stamp at "" is the creation's, so no field can lie there; another tool's is kept under a name that can.
        yield path or "/", _text(stamps.get(path)) or created, value


def stamps_of(body: Body) -> set[str]:
    """Every stamp that a body names: what a new stamp has to come after, and what a server may not have seen before."""
    record = read([body])
    return {record.created, *(stamp for write in record.writes for stamp in (write.stamp, write.by))} - {""}


def read(bodies: Iterable[Body]) -> Record:
    """The bodies joined; a body without `fields` (another tool's) counts its own members as fields without stamps."""
    record = Record()
    for body in bodies:
        _read(record, body)
    record.writes.tidy()
    return record


def written(record: Record, rule_of: RuleOf) -> Body:
    """The body of a record; `replaced` is ordered by path, stamp and value."""
    fields: dict[str, Any] = {}
    stamps: dict[str, str] = {"": record.created} if record.created else {}
    replaced: list[dict[str, Any]] = []
    for path in sorted(record.writes.by_path):
        writes = record.writes.at(path)
        live = [write for write in writes if write.live]
        top = live[0] if len(live) == 1 else None
        if len(live) > 1:
            top = shown(rule_of(record.type, path), live)
        if top is not None:
            fields[path] = top.value
            if top.stamp != record.created:
                stamps[path] = top.stamp
        replaced.extend(_entry(write) for write in writes if write is not top)
    return {**record.envelope, "fields": fields, "stamps": stamps, "replaced": replaced}


def _entry(write: Write) -> dict[str, Any]:
    entry = {"path": write.path, "stamp": write.stamp, "by": write.by}
    if not isinstance(write.value, Gone):
        entry["value"] = write.value
    elif write.value.mark:
        entry["was"] = write.value.mark
    return entry


def _read(record: Record, body: Body) -> None:
    created = created_of(body)
    if created:
        record.created = min(record.created or created, created)
    for name, value in _envelope(body).items():
        record.envelope[name] = _larger(name, record.envelope[name], value) if name in record.envelope else value
    for path, stamp, value in fields_of(body):
        record.writes.add(Write(path, stamp or stamp_found(mark_of(path, value)), value))
    replaced = body.get("replaced")
    for entry in replaced if isinstance(replaced, list) else ():
        write = _write(entry)
        if write is not None:
            record.writes.add(write)


def _envelope(body: Body) -> dict[str, Any]:
    ours = isinstance(body.get("fields"), dict)
    return {
        name: value
        for name, value in content_of(body).items()
        if name not in _HISTORY and (ours or name in ENVELOPE or name == "_attachments")
    }


def _write(entry: Any) -> Write | None:
    """The write of an entry of `replaced`; what names no path or no stamp says nothing and is passed over."""
    if not isinstance(entry, dict):
        return None
    path, stamp = _text(entry.get("path")), _text(entry.get("stamp"))
    if not path or not stamp:
        return None
    value = entry["value"] if "value" in entry else Gone(_text(entry.get("was")))
    return Write(path, stamp, value, _text(entry.get("by")))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _larger(name: str, one: Any, other: Any) -> Any:
    """Of two values of one member the larger: whole numbers as such, a form by its version, all else by bytes.

    They agree unless something went wrong; any total order then gives every server the same.
    """
    if name == "_attachments" and isinstance(one, dict) and isinstance(other, dict):
        shared = {key: _larger("", one[key], other[key]) for key in one.keys() & other.keys()}
        return {**one, **other, **shared}
    return max(one, other, key=lambda value: _rank(name, value))


def _rank(name: str, value: Any) -> tuple[int, bytes]:
    if type(value) is int:
        # Below every other kind of value, in the order of numbers.
        return value, b""
    found = _NUMBERED.fullmatch(value) if name == "form" and isinstance(value, str) else None
    number = int(found[1]) if found else 0
    return 2**54 + number, canonical(value)
