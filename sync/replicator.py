"""Decide how one database is brought to where another is (RP…): CouchDB's replication, from the client's side.

Read the source's feed, ask the target what it lacks, carry that over, and note on both sides how far it went. What was refused,
or could not be read, is kept in the checkpoint and tried again by the next run: a replication is complete only without any.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sync.documents import encode
from sync.peers import Peer, Refusal

VERSION = 1
BATCH_CHANGES = 500
DOCUMENTS_AT_ONCE = 100
HISTORY_MAX = 20
REFUSED_MAX = 500
"""With more than these, the checkpoint stays where it is: every one of them is met again."""

Progress = Callable[["Outcome"], None]


@dataclass(slots=True)
class Outcome:
    """How a replication went, or is going."""

    read: int = 0
    """Changes looked at."""
    written: int = 0
    """Revisions that the target lacked and has taken."""
    refused: list[Refusal] = field(default_factory=list)
    """Revisions that are in the source and not in the target, also those of earlier runs."""
    last: str | int = "0"
    done: bool = False
    """The end of the feed was reached."""

    @property
    def complete(self) -> bool:
        return self.done and not self.refused


async def replicate(
    source: Peer, target: Peer, session: str, progress: Progress = lambda _: None, batch: int = BATCH_CHANGES
) -> Outcome:
    """Carry over what the target lacks. `session` names this run and no other. Raises Unreachable, Unauthenticated, Forbidden,
    NotFound when a side cannot be used; then what was carried over stays noted, and the next run goes on from there."""
    name = _name(source, target)
    logs = [await source.local(name) or {}, await target.local(name) or {}]
    since, waiting = _begin(logs[0], logs[1])
    outcome = Outcome(last=since)
    unsettled = await _carry(source, target, {one.id: [one.rev] for one in waiting}, outcome) if waiting else []
    noted = since, waiting
    while True:
        page = await source.changes(outcome.last, batch)
        failed = await _carry(source, target, dict(page.changes), outcome)
        # What is absent may have been replaced meanwhile: a later line of the feed tells of it.
        unsettled = [*unsettled, *(one for one in failed if one not in unsettled)]
        if not page.more and unsettled:
            unsettled = await _still_missing(target, unsettled)
        outcome.read += len(page.changes)
        outcome.refused, outcome.last, outcome.done = unsettled, page.last, not page.more
        if len(unsettled) <= REFUSED_MAX and (outcome.last, unsettled) != noted:
            noted = outcome.last, unsettled
            for side, log in ((target, logs[1]), (source, logs[0])):
                await side.put_local(name, _log(log, session, outcome))
        progress(outcome)
        if outcome.done:
            return outcome


async def _carry(source: Peer, target: Peer, revs: dict[str, list[str]], outcome: Outcome) -> list[Refusal]:
    """Bring over those of these revisions that the target lacks; returns what did not arrive."""
    lacking = await target.missing(revs) if revs else {}
    failed: list[Refusal] = []
    ids = list(lacking)
    for at in range(0, len(ids), DOCUMENTS_AT_ONCE):
        async for fetched in source.fetch({doc: lacking[doc] for doc in ids[at : at + DOCUMENTS_AT_ONCE]}):
            refused = await target.push(fetched.documents)
            outcome.written += len(fetched.documents) - len(refused)
            failed += [*fetched.absent, *refused]
    return failed


async def _still_missing(target: Peer, refused: list[Refusal]) -> list[Refusal]:
    """Those that the target has not got by another way."""
    revs: dict[str, list[str]] = {}
    for one in refused:
        revs.setdefault(one.id, []).append(one.rev)
    missing = await target.missing(revs)
    return [one for one in refused if one.rev in missing.get(one.id, ())]


def _name(source: Peer, target: Peer) -> str:
    asked = encode([VERSION, source.name, target.name])
    return "fieldbook-" + hashlib.md5(asked, usedforsecurity=False).hexdigest()


def _begin(ours: dict[str, Any], theirs: dict[str, Any]) -> tuple[str | int, list[Refusal]]:
    """Where to go on: the last point that both sides noted, in the same run and at the same place.

    CouchDB takes the source's place of a run that both know. But a target restored from a backup knows the run too, and only its
    beginning (RP3).
    """
    if ours.get("version") != VERSION or theirs.get("version") != VERSION:
        return "0", []
    noted = {(one.get("session_id"), one.get("last_seq")): one for one in theirs.get("history", ())}
    for one in ours.get("history", ()):
        if (one.get("session_id"), one.get("last_seq")) in noted:
            return one["last_seq"], [Refusal(*each) for each in one.get("refused", ())]
    return "0", []


def _log(before: dict[str, Any], session: str, outcome: Outcome) -> dict[str, Any]:
    """A checkpoint: this run first, then the last of each earlier run."""
    entry = {
        "session_id": session,
        "last_seq": outcome.last,
        "docs_read": outcome.read,
        "docs_written": outcome.written,
        "doc_write_failures": len(outcome.refused),
        "refused": [list(one) for one in outcome.refused],
    }
    earlier = [one for one in before.get("history", ()) if one.get("session_id") != session]
    return {
        "version": VERSION,
        "session_id": session,
        "source_last_seq": outcome.last,
        "history": [entry, *earlier][:HISTORY_MAX],
    }
