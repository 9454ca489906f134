"""Decide what changed in a record since a decision that was bound to a hash of it (MG27). Pure: bodies in, values out.

The hash is all that a decision keeps of what was seen. The state it was made of is looked for by leaving out the latest writes, of all or
of one tablet alone (it may have brought old edits late), or those of tools that make no stamps, until the hash is met. Where it is not
met, because something was redacted or two tablets brought old edits, the clock of the decision parts the writes instead.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from sync.reconcile.body import Body, Record, body_of, read
from sync.reconcile.explain import current
from sync.reconcile.rules import RuleOf, always_latest
from sync.reconcile.stamps import is_unstamped, parse_stamp
from sync.reconcile.writes import Write, key_of

TRIES_MAX = 300

_Value = tuple[str, bytes]
"""A path and what stands there, as it is compared."""


class FieldChange(NamedTuple):
    """A field that shows something else than it did. `stamp`: of the write that it shows now, "" where it shows none."""

    path: str
    before: Any
    after: Any
    stamp: str


class Since(NamedTuple):
    """`exact`: the state before is the one that the hash was made of."""

    exact: bool
    fields: list[FieldChange]


def changed_since(body: Body, is_it: Callable[[Body], bool], at_ms: int, *, rule_of: RuleOf = always_latest) -> Since:
    """`is_it`: whether a body is the one that was seen; `at_ms`: when it was decided. Raises NotCanonical."""
    record = read([body])
    for tried, without in enumerate(_candidates(record)):
        if tried >= TRIES_MAX:
            break
        before = _without(record, *without, rule_of=rule_of)
        if is_it(before):
            return Since(True, _differences(before, body, rule_of))
    late = frozenset(one.stamp for one in record.writes if (_ms(one.stamp) or 0) > at_ms)
    return Since(False, _differences(_without(record, late, rule_of=rule_of), body, rule_of))


def _candidates(record: Record) -> Iterator[tuple[frozenset[str], frozenset[_Value]]]:
    """What is to be left out: stamps (none, the latest of all one after another, the latest of each tablet, those of what came without
    one), and values under the stamp of the creation, where a tool that makes none leaves what it writes."""
    stamps = sorted({one.stamp for one in record.writes if one.stamp != record.created}, reverse=True)
    none: frozenset[_Value] = frozenset()
    yield frozenset(), none
    yield from ((frozenset(stamps[:number]), none) for number in range(1, len(stamps) + 1))
    by_tablet: dict[tuple[str, str], list[str]] = {}
    unstamped = frozenset(one for one in stamps if is_unstamped(one))
    for stamp in stamps:
        if (parts := None if stamp in unstamped else parse_stamp(stamp)) is not None:
            by_tablet.setdefault((parts.device, parts.member), []).append(stamp)
    for own in by_tablet.values():
        yield from ((frozenset(own[:number]), none) for number in range(1, len(own) + 1))
    yield unstamped, none
    yield unstamped, frozenset(_value_of(one) for one in record.writes if one.stamp in unstamped)
    yield from ((frozenset(), frozenset({_value_of(one)})) for one in record.writes if one.stamp == record.created)


def _without(
    record: Record, stamps: frozenset[str], created: frozenset[_Value] = frozenset(), *, rule_of: RuleOf
) -> Body:
    """The body without what was written under these stamps, and without these values under the stamp of the creation."""
    kept = [
        one._replace(by="") if one.by in stamps else one
        for one in record.writes
        if one.stamp not in stamps and not (created and one.stamp == record.created and _value_of(one) in created)
    ]
    return body_of(record.envelope, record.created, kept, rule_of)


def _value_of(write: Write) -> _Value:
    return write.path, key_of(write)[1]


def _differences(before: Body, after: Body, rule_of: RuleOf) -> list[FieldChange]:
    paths = {one.path for one in read([before]).writes} | {one.path for one in read([after]).writes}
    found = []
    for path in sorted(paths):
        was, now = (current(body, path, rule_of=rule_of) for body in (before, after))
        if _value(was) != _value(now):
            found.append(FieldChange(path, _value(was), _value(now), now.stamp if now else ""))
    return found


def _value(write: Write | None) -> Any:
    return None if write is None else write.value


def _ms(stamp: str) -> int | None:
    parts = None if is_unstamped(stamp) else parse_stamp(stamp)
    return parts.ms if parts else None
