"""Decide what is written so that documents come to rest (WK…): merges, decided disputes, and the readers of what accompanies a record.

Each is worked out from what the store holds, so whatever was broken off is done when it is begun again, and done once when two do it.
"""

import hashlib
import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from schemas import TYPES, canonical, rule_of, upgrade
from schemas.canonical import NotCanonical
from sync import tree as trees
from sync.checking import CHECKED, check_edit, check_id, problems_of, type_of
from sync.documents import content_of, encode
from sync.errors import FieldbookError
from sync.ledger.companions import kept_readers
from sync.reconcile.body import Body, read, stamps_of
from sync.reconcile.cases import is_against_issue
from sync.reconcile.edit import edit, settle
from sync.reconcile.joining import joined
from sync.reconcile.merge import Leaf, MergePlan, Newer, NewRevision, Unmergeable, merge
from sync.reconcile.redaction import holds_any, redacted
from sync.reconcile.stamps import next_stamp, parse_stamp
from sync.stores.contract import LEAVES, Edit, Found, Store, Stub, Want, Write

log = logging.getLogger(__name__)


async def merge_documents(store: Store, db: str, ids: Sequence[str], now: datetime) -> None:
    """Merge these documents where they have come apart. The continuations are durable before an end is written (WK2)."""
    found = [one for one in await store.get(db, [Want(one, LEAVES) for one in ids]) if one.revisions]
    parents = await _parents(store, db, found)
    first: list[Write | Edit] = []
    ends: list[Write | Edit] = []
    told: dict[str, Body] = {}
    for one in found:
        try:
            plan = _plan(one, parents)
        except Exception:
            # One record that nobody foresaw must not hold up all others.
            log.exception("%s/%s cannot be merged", db, one.id)
            continue
        if not isinstance(plan, MergePlan):
            log.warning("%s/%s is left alone: %s", db, one.id, plan)
            continue
        if plan.continuation is not None:
            first.append(_write(one, plan.continuation))
        ends += [_write(one, end) for end in plan.ends]
        if len(one.revisions) > 1 and not one.revisions[0].deleted:
            told[one.id] = plan.continuation.body if plan.continuation else content_of(one.revisions[0].body)
    first += await _checks(store, db, told, now)
    await add(store, db, first)
    await add(store, db, ends)


async def keep_readers(store: Store, db: str, wanted: Mapping[str, frozenset[str]]) -> None:
    """Give companions the readers of their records: {companion: readers}."""
    edits: list[Write | Edit] = []
    for found in await store.get(db, [Want(one, LEAVES) for one in wanted]):
        alive = [one for one in found.revisions if not one.deleted]
        # One that has come apart is merged first, and then comes again.
        if len(alive) != 1 or _is_newer(content_of(alive[0].body)):
            continue
        body = with_readers(content_of(alive[0].body), found.id, wanted[found.id])
        if body is not None:
            attachments = {name: Stub() for name in alive[0].attachments}
            edits.append(Edit(found.id, alive[0].rev, body, encode(body), False, attachments))
    await add(store, db, edits)


def with_readers(body: Body, companion: str, readers: frozenset[str]) -> Body | None:
    """The companion with these readers; None when it has them. The stamp follows from the content: two servers make the same."""
    fields = body.get("fields")
    kept = kept_readers(fields) if isinstance(fields, dict) else frozenset()
    changes: dict[str, Any] = {f"readers/{one}": one in readers for one in sorted(readers ^ kept)}
    if not changes:
        return None
    known = sorted(stamps_of(body))
    clock = max((parts.ms for one in known if (parts := parse_stamp(one))), default=0)
    random = int.from_bytes(hashlib.sha256(canonical([companion, known, changes])).digest()[:4])
    stamp = next_stamp(clock, "", known, "server", "server", lambda below: random % below)
    return edit([body], changes, stamp, rule_of=rule_of)


async def settle_disputes(store: Store, db: str, reviews: Sequence[str]) -> None:
    """Carry out decisions on disputes: each settles, in its record, the writes that it lists and gives the field its value."""
    bodies = {
        one.id: content_of(one.revisions[0].body)
        for one in await store.get(db, [Want(one) for one in reviews])
        if one.revisions and not one.revisions[0].deleted
    }
    asked: dict[str, list[Body]] = {}
    for review in sorted(bodies):
        fields = bodies[review].get("fields")
        if isinstance(fields, dict) and fields.get("decision") == "settle" and isinstance(fields.get("record"), str):
            asked.setdefault(fields["record"], []).append(bodies[review])
    writes: list[Write | Edit] = []
    for found in await store.get(db, [Want(one, LEAVES) for one in asked]):
        alive = [one for one in found.revisions if not one.deleted]
        if not alive:
            continue
        before = joined(found)
        after = before
        for decision in asked[found.id]:
            if decision.get("author") != before.get("author") and not _is_newer(before):
                after = _settled(after, decision)
        if after is not before and canonical(after) != canonical(content_of(alive[0].body)):
            digest = hashlib.md5(canonical([alive[0].rev, after]), usedforsecurity=False).hexdigest()
            rev = f"{trees.order(alive[0].rev)[0] + 1}-{digest}"
            writes.append(_write(found, NewRevision(rev, alive[0].rev, False, after)))
    await add(store, db, writes)


async def forget_redacted(store: Store, db: str, ids: Sequence[str]) -> None:
    """Take what was redacted out of revisions that are no leaves too; those are not replicated, but kept until compaction."""
    found = await store.get(db, [Want(one, LEAVES) for one in ids])
    inner = [(one.id, [rev for rev in one.tree if rev not in set(trees.leaves(one.tree))]) for one in found]
    held = await store.get(db, [Want(one, revs) for one, revs in inner if revs])
    former = {one.id: [content_of(stored.body) for stored in one.revisions] for one in held}
    spent = []
    for one in found:
        try:
            gone = redacted(read([content_of(stored.body) for stored in one.revisions]))
            if any(holds_any(body, gone) for body in former.get(one.id, [])):
                spent.append(one.id)
        except NotCanonical:
            # It cannot be told apart from what was redacted, so it goes.
            spent.append(one.id)
    if spent:
        await store.compact(db, spent)


async def add(store: Store, db: str, items: Sequence[Write | Edit]) -> None:
    """Write these; what another worker has written first is left as it is."""
    if items:
        for result in await store.add(db, items):
            if isinstance(result, FieldbookError):
                # Another worker was there first, or the document has moved on: the feed brings it again.
                log.info("not written: %s", result)


def _settled(body: Body, review: Body) -> Body:
    """`settles`: {path, value, saw: [stamps]}, or a list of these. What is not of this shape settles nothing."""
    told = review["fields"].get("settles")
    stamp = review["stamps"].get("") if isinstance(review.get("stamps"), dict) else None
    for one in told if isinstance(told, list) else [told]:
        if not isinstance(one, dict) or not isinstance(one.get("path"), str) or not isinstance(stamp, str) or not stamp:
            continue
        if is_against_issue(body, one["path"], one.get("value")):
            log.warning("a decision would change a conclusion that was issued")
            continue
        saw = one.get("saw")
        try:
            seen = [mark for mark in saw if isinstance(mark, str)] if isinstance(saw, list) else []
            body = settle([body], one["path"], one.get("value"), stamp, seen, rule_of=rule_of)
        except ValueError as problem:
            log.warning("a decision on a dispute cannot be carried out: %s", problem)
    return body


def _plan(found: Found, parents: Mapping[tuple[str, str], Body]) -> MergePlan | Newer | Unmergeable:
    leaves = [
        Leaf(one.rev, content_of(one.body), one.deleted, parents.get((found.id, one.rev))) for one in found.revisions
    ]
    of = TYPES.get(str(leaves[0].body.get("type")))
    return merge(
        leaves,
        found.revisions[0].rev,
        version_max=of.version if of else 0,
        rule_of=rule_of,
        upgrade=lambda body: dict(upgrade(body)),
    )


async def _parents(store: Store, db: str, found: Sequence[Found]) -> dict[tuple[str, str], Body]:
    """The bodies of the leaves' parents, where they are still held: (document, leaf) to body."""
    wants, leaves = [], []
    for one in found:
        for leaf in one.revisions:
            parents = one.tree[leaf.rev].parents
            if parents and not leaf.deleted:
                wants.append(Want(one.id, parents[:1]))
                leaves.append((one.id, leaf.rev))
    answers = await store.get(db, wants) if wants else []
    return {
        leaf: content_of(answer.revisions[0].body)
        for leaf, answer in zip(leaves, answers, strict=True)
        if answer.revisions
    }


async def _checks(store: Store, db: str, told: Mapping[str, Body], now: datetime) -> list[Write | Edit]:
    """What a merge says is checked as what a tablet sends is: it may put a record right, or be wrong in a new way."""
    checked = {one: body for one, body in told.items() if type_of(body) in CHECKED}
    held = {}
    for found in await store.get(db, [Want(check_id(one)) for one in checked]) if checked else []:
        if found.revisions and not found.revisions[0].deleted:
            held[found.id] = (found.revisions[0].rev, content_of(found.revisions[0].body))
    edits: list[Write | Edit] = []
    for record, body in checked.items():
        stamp = max(stamps_of(body), default="")
        check = check_edit(record, body, problems_of(record, body, now), [], stamp, held.get(check_id(record)))
        if check is not None:
            edits.append(check)
    return edits


def _write(found: Found, new: NewRevision) -> Write:
    path = [new.rev, *trees.ancestry(found.tree, new.parent)]
    parent = next(one for one in found.revisions if one.rev == new.parent)
    attachments = {} if new.deleted else {name: Stub() for name in parent.attachments}
    return Write(found.id, path, new.body, encode(new.body), new.deleted, attachments)


def _is_newer(body: Mapping[str, Any]) -> bool:
    of, version = TYPES.get(str(body.get("type"))), body.get("version")
    return of is None or (type(version) is int and version > of.version)
