"""Decide what a record's check says where several servers wrote it apart, or where it came without its record (WK10).

A check follows from its record, so it is not merged but made again: one leaf stays and is brought up to date, the others end. What it
lists of relays only grows. Whatever was broken off is done when it is begun again, and done once when two do it.
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from schemas import check_dates
from schemas.canonical import NotCanonical, canonical
from sync.checking import CHECKED, check_edit, problems_of, type_of
from sync.documents import content_of
from sync.errors import FieldbookError
from sync.reconcile.body import Body, stamps_of
from sync.reconcile.joining import joined
from sync.stores.contract import LEAVES, Edit, Found, Store, Stored, Want, Write

_PASSING = frozenset({"date_ahead", "clock_ahead"})
"""Problems that a later clock does not see any more."""
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)

log = logging.getLogger(__name__)


async def check_again(store: Store, db: str, checks: Sequence[str], now: datetime) -> None:
    """Let these checks say what is wrong with their records, each on one leaf."""
    records = {
        found.id: found
        for found in await store.get(db, [Want(one.removeprefix("check:"), LEAVES) for one in checks])
        if any(not leaf.deleted for leaf in found.revisions)
    }
    writes: list[Write | Edit] = []
    for found in await store.get(db, [Want(one, LEAVES) for one in checks]):
        alive = [one for one in found.revisions if not one.deleted]
        record = records.get(found.id.removeprefix("check:"))
        if alive and record is not None:
            try:
                writes += _brought_up_to_date(found, record, now)
            except NotCanonical:
                # Such a record is flagged for that, and cannot be merged either (MG24).
                log.info("%s/%s is left as it is", db, found.id)
        writes += [Edit(found.id, leaf.rev, content_of(leaf.body), leaf.body, True) for leaf in alive[1:]]
    for result in await store.add(db, writes) if writes else []:
        if isinstance(result, FieldbookError):
            # Another worker was there first, or the check has moved on: the feed brings it again.
            log.info("not written: %s", result)


def _brought_up_to_date(found: Found, record: Found, now: datetime) -> list[Edit]:
    body = joined(record)
    if type_of(body) not in CHECKED:
        return []
    winner, *others = found.revisions
    held = content_of(winner.body)
    problems = problems_of(record.id, body, now) or _passing(held, body)
    relayed = [one for leaf in sorted(others, key=lambda leaf: leaf.rev) for one in _listed(leaf, "relayed")]
    edit = check_edit(record.id, body, problems, relayed, max(stamps_of(body), default=""), (winner.rev, held))
    return [edit] if edit is not None else []


def _passing(held: Mapping[str, Any], body: Body) -> list[dict[str, str]]:
    """What was wrong with a date when it came stays listed until the record is changed. The clocks of servers differ, and they would
    otherwise correct each other."""
    dated = {(one.field, one.code) for one in check_dates(body, _LONG_AGO)}
    return [
        one
        for one in _told(held, "problems")
        if one.get("code") in _PASSING and (one.get("field"), one["code"]) in dated
    ]


def _listed(leaf: Stored, name: str) -> list[dict[str, str]]:
    return sorted(_told(content_of(leaf.body), name), key=canonical)


def _told(check: Mapping[str, Any], name: str) -> list[dict[str, str]]:
    fields = check.get("fields")
    told = fields.get(name) if isinstance(fields, dict) else None
    return [one for one in told if isinstance(one, dict)] if isinstance(told, list) else []
