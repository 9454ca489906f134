"""Decide what a revision without stamps changed, and who relayed the stamps of others. Pure.

A tool that knows nothing of stamps sends the fields alone, or changes a field and leaves the old stamp beside it. Read
by itself such a value is a write "found": the same on every server, and no write at all where the value is known. A
server that still holds the parent knows more: what differs from it was changed by one who had seen it.
"""

from hashlib import sha256
from typing import Any

from schemas.canonical import canonical
from sync.reconcile.body import Body, Record, content_of, fields_of, read, written
from sync.reconcile.rules import RuleOf, always_latest, shown
from sync.reconcile.stamps import stamp_changed, stamp_found
from sync.reconcile.writes import REDACTED, Write, key_of, mark_of


def adopt_unstamped(parent: Body | None, body: Body, *, rule_of: RuleOf = always_latest) -> Body:
    """The body with its parent joined in, where what it changed without a stamp has seen what the parent held.

    Gives `body` itself when nothing in it needs that, or the parent is not known. A field that the body lacks is not
    changed: an old client drops fields that it does not know.
    """
    if parent is None:
        return body
    before, after = read([parent]), read([body])
    fields = list(fields_of(body))
    changed = [
        Write(path, stamp or stamp_found(mark_of(path, value)), value)
        for path, stamp, value in fields
        if _is_unstamped_change(path, stamp, value, before, after, rule_of)
    ]
    if not changed and all(stamp for _, stamp, _ in fields):
        return body
    joined = read([parent, body])
    if not changed and joined == after:
        return body
    content = content_of(body)
    for write in changed:
        seen = {key_of(old) for old in (*before.writes.live(write.path), write)}
        # What was seen is hashed too: a value that comes back after others had changed it is a new change.
        told = [write.path, content, sorted({stamp for stamp, _ in seen})]
        stamp = stamp_changed(sha256(canonical(told)).hexdigest()[:16])
        joined.writes.settle(write.path, stamp, seen)
        joined.writes.add(Write(write.path, stamp, write.value))
    joined.writes.tidy()
    return written(joined, rule_of)


def _is_unstamped_change(path: str, stamp: str, value: Any, before: Record, after: Record, rule_of: RuleOf) -> bool:
    """Whether the value is not what the parent said, although no stamp of its own says so."""
    live = before.writes.live(path)
    if not stamp:
        top = shown(rule_of(before.type, path), live) if live else None
        return top is None or canonical(top.value) != canonical(value)
    key = key_of(Write(path, stamp, value))
    here = {key_of(write): write.by for write in after.writes.at(path)}
    old = {key_of(write): write.by for write in before.writes.at(path) if write.stamp == stamp}
    if (stamp, REDACTED) in old:
        # Nobody can say whether it is the redacted value coming back.
        return False
    if key in old:
        # The parent says that this value was replaced, and the body brings it back.
        return bool(old[key]) and here.get(key) == ""
    # A merge of two tablets that made the same stamp holds both writes; a tool has put one value in the other's place.
    return not old.keys() <= here.keys() or (not old and stamp == before.created)
