"""Decide which values were taken out of a record for good (MG26), where one still lies, and what a body says without them.

Every function takes bodies and gives values; nothing is read or written.
"""

from collections.abc import Collection, Iterable
from typing import Any

from schemas import Rule
from schemas.canonical import NotCanonical, canonical
from sync.reconcile.body import Body, Record, read, written
from sync.reconcile.edit import NotSettled, redact
from sync.reconcile.rules import RuleOf, always_latest, shown
from sync.reconcile.stamps import is_found
from sync.reconcile.writes import Gone, Write, key_of


class NoSuchWrite(KeyError):
    """The field has no write with this stamp."""


def has_redactions(body: Body) -> bool:
    """Whether anything was redacted in this body. Looks at its layout alone: it is asked of every record that comes."""
    return bool(body.get("replaced")) and number_redacted(body) > 0


def number_redacted(body: Body) -> int:
    """How many of its values were redacted, by its layout."""
    replaced = body.get("replaced")
    if not isinstance(replaced, list):
        return 0
    return sum(isinstance(one, dict) and "value" not in one and "was" not in one for one in replaced)


def redacted(record: Record) -> list[Write]:
    """The writes whose values were taken away for good."""
    return [write for write in record.writes if isinstance(write.value, Gone) and not write.value.mark]


def holds_any(body: Body, gone: Collection[Write]) -> bool:
    """Whether a body holds one of these values, or a hash of one."""
    if not gone or not body:
        return False
    marks, paths = {(write.path, write.stamp) for write in gone}, {write.path for write in gone}
    return any(
        (write.path, write.stamp) in marks or (write.path in paths and is_found(write.stamp))
        for write in read([body]).writes
        if write.value != Gone("")
    )


def brings_back(before: Body, body: Body) -> bool:
    """Whether a body made on `before` holds what was redacted there: then `before` was not joined into it, but written over."""
    if not has_redactions(before):
        return False
    try:
        return holds_any(body, redacted(read([before])))
    except NotCanonical:
        return False


def without(body: Body, gone: Collection[Write], rule_of: RuleOf = always_latest) -> Body:
    """The body less these values."""
    return written(read([body, _saying(gone, body)]), rule_of)


def take_away(body: Body, path: str, stamp: str, settled_as: str, *, rule_of: RuleOf = always_latest) -> Body:
    """Redact the writes of a path under this stamp. One that has lost to the field's rule is settled first: the value that shows is
    given again under the stamp `settled_as` ("": it is not settled), which has seen the lost one.

    Raises NoSuchWrite, NotSettled for a value that shows (or is a removal, which hides by being live), or StampUsed.
    """
    record = read([body])
    named = [write for write in record.writes.at(path) if write.stamp == stamp]
    if not named:
        raise NoSuchWrite(path, stamp)
    if all(write.value == Gone("") for write in named):
        return body
    live = record.writes.live(path)
    rule = rule_of(record.type, path)
    lost = [write for write in named if write.live]
    if lost:
        top = shown(rule, live)
        same = any(canonical(write.value) == canonical(top.value) for write in lost)
        if same or rule is Rule.REMOVAL or not settled_as:
            raise NotSettled(path, stamp)
        record.writes.settle(path, settled_as, {key_of(write) for write in lost})
        record.writes.add(Write(path, settled_as, top.value))
        body = written(record, rule_of)
    return redact(body, path, [stamp], rule_of=rule_of)


def _saying(gone: Iterable[Write], body: Body) -> Body:
    """A body that says of these writes that they are redacted, as far as the given one knows them."""
    known = {(write.path, write.stamp) for write in read([body]).writes}
    # A value found without a stamp may be any of those that were found and redacted.
    found = {path for path, stamp in known if is_found(stamp)}
    entries: list[dict[str, Any]] = [
        {"path": write.path, "stamp": write.stamp, "by": write.by}
        for write in gone
        if (write.path, write.stamp) in known or write.path in found
    ]
    return {"fields": {}, "replaced": entries}
