"""Decide what is kept of what a tablet says of itself, and what it is told in return: which of its revisions have arrived, and whether
it holds all that it may read (TB6, TB7, TB13, TB14)."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import msgspec

from server.office import Office
from sync.actor import Actor
from sync.admission import Admission
from sync.errors import BadRequest, Conflict, FieldbookError
from sync.stores.contract import Store
from sync.tokens import Tokens
from sync.tree import check_rev

PREFIX = "tablet-report"
REPORT_AGE = timedelta(minutes=15)
RECEIVED_AGE = timedelta(minutes=1)
"""What a tablet received changes with every record of its branch: that alone is noted once a minute."""
CLOCK_SECONDS = 30
"""A clock is measured a little differently each time: a smaller difference is none."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a tablet last said of itself. `unsent`: records that have not arrived, the oldest of them made at `oldest`; `photos`: unsent
    photos; `refused`: records that the server refused; `clock_seconds`: its clock minus the server's; `received`: where its last
    complete pull of each database ended; `current`: of which of them it then held all that it may read; `stored`, `room`: bytes that it
    uses, and that its browser would give it in all."""

    unsent: int
    oldest: str | None = None
    photos: int = 0
    refused: int = 0
    version: str = ""
    clock_seconds: int | None = None
    stored: int | None = None
    room: int | None = None
    received: dict[str, str] = {}
    current: dict[str, bool] = {}
    at: str = ""


class Reports:
    def __init__(self, office: Office, now: Callable[[], datetime]) -> None:
        self._office = office
        self._now = now

    async def keep(self, tablet: str, report: Report) -> None:
        """Nothing is written when the tablet said the same a little while ago."""
        now = self._now()
        doc_id = f"{PREFIX}:{tablet}"
        content: dict[str, Any] = {"type": PREFIX, "version": 1, "tablet": tablet}
        content |= msgspec.to_builtins(report) | {"at": _text(now)}
        held = await self._office.find(doc_id)
        if held is None:
            with suppress(Conflict):
                # It said so twice at once.
                await self._office.make(doc_id, content)
        elif _is_worth_it(_report(held.content), report, now):
            await self._office.change(doc_id, lambda known: known.update(content))

    async def find(self, tablet: str) -> Report | None:
        held = await self._office.find(f"{PREFIX}:{tablet}")
        return _report(held.content) if held else None

    async def all(self) -> AsyncIterator[tuple[str, Report]]:
        """(tablet, what it last said)"""
        async for held in self._office.all(PREFIX):
            yield held.id.partition(":")[2], _report(held.content)


async def arrived(
    store: Store, admission: Admission, actor: Actor, held: Mapping[str, Mapping[str, Sequence[str]]]
) -> dict[str, dict[str, list[str]]]:
    """Which of the revisions that a tablet holds the store knows; a database it may not enter has none (TB7)."""
    known: dict[str, dict[str, list[str]]] = {}
    for db, revs in held.items():
        try:
            admission.enter(actor, db)
            # What is no revision id has not arrived. CouchDB would refuse the whole question for it.
            sound = {doc: [rev for rev in asked if _is_rev(rev)] for doc, asked in revs.items()}
            lacking = await store.missing(db, sound)
        except FieldbookError:
            continue
        there = {doc: _without(asked, lacking[doc].missing if doc in lacking else ()) for doc, asked in sound.items()}
        known[db] = {doc: found for doc, found in there.items() if found}
    return known


async def current(store: Store, admission: Admission, actor: Actor, received: Mapping[str, str]) -> dict[str, bool]:
    """Of which databases the tablet holds all that it may read: nothing of that was written after the token that it names. One look
    for one change tells it. A token of another incarnation or of other rights tells of another time (TB14)."""
    return {db: await _is_current(store, admission, actor, db, token) for db, token in received.items()}


async def _is_current(store: Store, admission: Admission, actor: Actor, db: str, token: str) -> bool:
    try:
        admission.enter(actor, db)
        reader = admission.reader(db, actor)
        position = Tokens(store.incarnation, reader).own(token)
        return position is not None and not (await store.changes(db, position, limit=1, reader=reader)).changes
    except (FieldbookError, ValueError):
        # ValueError: a position that this kind of store does not give out.
        return False


def _is_worth_it(kept: Report, said: Report, now: datetime) -> bool:
    if _plain(kept) != _plain(said):
        return True
    same = (kept.received, kept.current) == (said.received, said.current) and abs(
        (kept.clock_seconds or 0) - (said.clock_seconds or 0)
    ) < CLOCK_SECONDS
    return kept.at < _text(now - (REPORT_AGE if same else RECEIVED_AGE))


def _plain(report: Report) -> Report:
    clock = None if report.clock_seconds is None else 0
    return msgspec.structs.replace(report, received={}, current={}, clock_seconds=clock, stored=None, room=None, at="")


def _report(content: Mapping[str, Any]) -> Report:
    return msgspec.convert(content, Report)


def _without(revs: Sequence[str], missing: Sequence[str]) -> list[str]:
    return [rev for rev in revs if rev not in missing]


def _is_rev(rev: str) -> bool:
    try:
        check_rev(rev)
    except BadRequest:
        return False
    return True


def _text(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")
