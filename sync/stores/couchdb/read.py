"""Decide which requests answer a question about documents. Audiences are worked out elsewhere: nothing here knows of rights."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
from msgspec.structs import replace

from sync import tree as trees
from sync.documents import encode
from sync.errors import BadRequest, NotFound, StoreUnavailable
from sync.stores.contract import LEAVES, Attachment, Change, Found, Info, Missing, Page, Range, Row, Stored, Want
from sync.stores.couchdb import docs
from sync.stores.couchdb.docs import Answered, Feed, Leaf
from sync.stores.couchdb.wire import READ_CHUNK_BYTES, Wire, decoder

GET_MAX = 1_000
"""Documents in one `_bulk_get`: CouchDB holds the whole answer in memory."""

_NOT_THERE = ("not_found", "illegal_docid", "bad_request")
_WHOLE = {"revs": "true", "meta": "true", "att_encoding_info": "true"}
_BULK_GET = {"revs": "true", "att_encoding_info": "true"}


class _Sizes(msgspec.Struct):
    file: int = 0


class _Info(msgspec.Struct):
    doc_count: int
    doc_del_count: int
    update_seq: str
    instance_start_time: str
    sizes: _Sizes
    compact_running: bool = False


class _Gap(msgspec.Struct):
    missing: list[str]
    possible_ancestors: list[str] = []


_read_info = decoder(_Info)
_read_gaps = decoder(dict[str, _Gap])


@dataclass(slots=True)
class Held:
    """All leaves of one document, with their bodies."""

    id: str
    leaves: list[Leaf] = field(default_factory=list)


async def info(wire: Wire, db: str) -> Info:
    told: _Info = _read_info(await wire.read(wire.path(db), db=db))
    return Info(db, told.doc_count, told.doc_del_count, told.update_seq, told.sizes.file, told.instance_start_time)


async def compacting(wire: Wire, db: str) -> bool:
    told: _Info = _read_info(await wire.read(wire.path(db), db=db))
    return told.compact_running


async def missing(wire: Wire, db: str, revs: Mapping[str, Sequence[str]]) -> dict[str, Missing]:
    answer = await wire.read(wire.path(db, "_revs_diff"), None, encode(revs), db=db)
    return {doc: Missing(gap.missing, gap.possible_ancestors) for doc, gap in _read_gaps(answer).items()}


async def held(wire: Wire, db: str, ids: Sequence[str]) -> dict[str, Held]:
    """All leaves of these documents, whose paths tell the trees as well: one request for up to a thousand."""
    found: dict[str, Held] = {}
    for at in range(0, len(ids), GET_MAX):
        some = ids[at : at + GET_MAX]
        for doc, answers in zip(some, await _bulk_get(wire, db, [{"id": doc} for doc in some]), strict=True):
            leaves = [docs.take_apart(one.ok) for one in answers if one.ok is not None]
            found[doc] = Held(doc, leaves)
    return found


async def one(wire: Wire, db: str, doc: str) -> Held:
    """All leaves of one document. Nearly always that is its winner, which CouchDB gives for half the cost, and tells more of."""
    if not doc or (doc[0] == "_" and not doc.startswith("_design/")):
        return (await held(wire, db, [doc]))[doc]  # As a path it would name something else than a document.
    try:
        answer = await wire.read(wire.path(db, doc), _WHOLE, db=db)
    except NotFound as error:
        if error.reason == "missing":
            return Held(doc)
        if error.reason != "deleted":
            raise
    except BadRequest:
        return Held(doc)
    else:
        leaf = docs.take_apart(docs.read_raw(answer))
        if not leaf.conflicts:
            return Held(doc, [leaf])
    return (await held(wire, db, [doc]))[doc]


async def bodies(wire: Wire, db: str, asked: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Stored]:
    """Named revisions, (id, revision), as far as their bodies are held."""
    found: dict[tuple[str, str], Stored] = {}
    for at in range(0, len(asked), GET_MAX):
        some = asked[at : at + GET_MAX]
        entries = await _bulk_get(wire, db, [{"id": doc, "rev": rev} for doc, rev in some], revs=False)
        for (doc, rev), answers in zip(some, entries, strict=True):
            for one in answers:
                if one.ok is not None:
                    found[doc, rev] = docs.take_apart(one.ok).stored
    return found


async def get(wire: Wire, db: str, wants: Sequence[Want]) -> tuple[list[Found], dict[str, Held]]:
    """One answer for each, with the audience left open, and all leaves of the documents."""
    ids = list(dict.fromkeys(want.id for want in wants))
    known = await held(wire, db, ids) if len(ids) != 1 else {ids[0]: await one(wire, db, ids[0])}
    found: list[Found] = []
    chosen: list[list[str]] = []
    inner: dict[tuple[str, str], None] = {}
    for want in wants:
        leaves = known[want.id].leaves
        tree = docs.tree_of(leaves)
        if len(leaves) == 1 and _means_all(want, leaves[0].stored.rev):
            found.append(Found(want.id, tree, "0", None, [leaves[0].stored], []))
            chosen.append([])
            continue
        revs, absent = _choose(tree, want)
        ends = {leaf.stored.rev for leaf in leaves}
        inner |= dict.fromkeys((want.id, rev) for rev in revs if rev not in ends)
        found.append(Found(want.id, tree, "0", None, [], absent))
        chosen.append(revs)
    older = await bodies(wire, db, list(inner)) if inner else {}
    for answer, revs in zip(found, chosen, strict=True):
        ends_held = {leaf.stored.rev: leaf.stored for leaf in known[answer.id].leaves}
        for rev in revs:
            stored = ends_held.get(rev) or older.get((answer.id, rev))
            if stored is None:
                answer.absent.append(rev)
            else:
                answer.revisions.append(stored)
                answer.tree[rev] = replace(answer.tree[rev], body=1)
    return found, known


def whole(one: Held) -> Found:
    """A document with all its leaves, with the audience left open."""
    tree = docs.tree_of(one.leaves)
    by_rev = {leaf.stored.rev: leaf.stored for leaf in one.leaves}
    return Found(one.id, tree, "0", None, [by_rev[rev] for rev in trees.leaves(tree)], [])


async def feed(
    wire: Wire,
    db: str,
    since: str,
    *,
    limit: int | None = None,
    descending: bool = False,
    bodies: bool = False,
    ids: Sequence[str] | None = None,
    seq_interval: int | None = None,
) -> Feed:
    """`_changes` with all leaves, as CouchDB tells them."""
    query = {"style": "all_docs", "since": since}
    if limit is not None:
        query["limit"] = str(limit)
    if descending:
        query["descending"] = "true"
    if bodies:
        query |= {"include_docs": "true", "att_encoding_info": "true"}
    if seq_interval is not None:
        query["seq_interval"] = str(seq_interval)
    body = None
    if ids is not None:
        query["filter"] = "_doc_ids"
        body = encode({"doc_ids": list(ids)})
    told: Feed = docs.read_feed(await wire.read(wire.path(db, "_changes"), query, body, db=db))
    return told


def page_of(told: Feed) -> Page:
    changes: list[Change] = []
    for line in told.results:
        stored = None if line.doc is None else docs.take_apart(line.doc).stored
        changes.append(
            Change(
                line.seq or told.last_seq,
                line.id,
                [one.rev for one in line.changes],
                line.deleted,
                None if stored is None else stored.body,
                None if stored is None else stored.attachments,
                None,
            )
        )
    return Page(changes, told.last_seq, told.pending or 0)


async def rows(wire: Wire, db: str, span: Range, bodies: bool) -> tuple[list[Row], int, int]:
    query: dict[str, str] = {}
    if span.start is not None:
        query["startkey"] = encode(span.start).decode()
    if span.end is not None:
        query["endkey"] = encode(span.end).decode()
    if not span.inclusive_end:
        query["inclusive_end"] = "false"
    if span.descending:
        query["descending"] = "true"
    if span.skip:
        query["skip"] = str(span.skip)
    if span.limit is not None:
        query["limit"] = str(span.limit)
    if bodies:
        query |= {"include_docs": "true", "conflicts": "true", "att_encoding_info": "true"}
    told = docs.read_listing(await wire.read(wire.path(db, "_all_docs"), query, db=db))
    listed = [_row(row) for row in told.rows if row.value is not None]
    total = told.total_rows or 0
    return listed, total, min(told.offset or 0, total)


def _row(row: docs.ListedRow) -> Row:
    assert row.value is not None
    if row.doc is None:
        return Row(row.key, row.value.rev, row.value.deleted, [row.value.rev], None, None, None)
    leaf = docs.take_apart(row.doc)
    stored = leaf.stored
    return Row(
        row.key, stored.rev, stored.deleted, [stored.rev, *leaf.conflicts], stored.body, stored.attachments, None
    )


async def attachment(wire: Wire, db: str, doc: str, kept: Attachment, name: str, rev: str) -> AsyncIterator[bytes]:
    """The bytes as CouchDB keeps them, in chunks. Raises NotFound before the first when they are gone."""
    headers = {"Accept": "*/*", "Accept-Encoding": "gzip" if kept.encoding == "gzip" else "identity"}
    path = wire.path(db, doc, name)
    async with wire.stream("GET", path, {"rev": rev}, None, headers, db=db) as response:
        async for chunk in response.content.iter_chunked(READ_CHUNK_BYTES):
            yield chunk


async def local(wire: Wire, db: str, doc: str) -> tuple[str, bytes] | None:
    try:
        answer = await wire.read(wire.path(db, f"_local/{doc}"), db=db)
    except NotFound as error:
        if error.reason == "Database does not exist.":
            raise
        return None
    return docs.local_of(docs.read_raw(answer))


async def local_rows(wire: Wire, db: str) -> list[tuple[str, str, bytes]]:
    told = docs.read_local_listing(await wire.read(wire.path(db, "_local_docs"), {"include_docs": "true"}, db=db))
    return [(row.id.removeprefix("_local/"), *docs.local_of(row.doc)) for row in told.rows]


async def _bulk_get(
    wire: Wire, db: str, entries: Sequence[Mapping[str, str]], revs: bool = True
) -> list[list[Answered]]:
    query = _BULK_GET if revs else {"att_encoding_info": "true"}
    answer = await wire.read(wire.path(db, "_bulk_get"), query, encode({"docs": entries}), db=db)
    results = [entry.docs for entry in docs.read_bulk_get(answer).results]
    for answers in results:
        for one in answers:
            if one.error is not None and one.error.error not in _NOT_THERE:
                # A shard that did not answer is no proof that a document is not there.
                raise StoreUnavailable(f"CouchDB could not read a document just now ({one.error.error}).", status=500)
    return results


def _means_all(want: Want, rev: str) -> bool:
    """Whether a want means the only leaf that there is, and nothing else: the usual case, and the hot one."""
    return want.revs is None or want.revs == LEAVES or (len(want.revs) == 1 and want.revs[0] == rev)


def _choose(tree: trees.Tree, want: Want) -> tuple[list[str], list[str]]:
    """The revisions that a want means, and those that are not known. Whether a body is held of an inner one is asked later."""
    if not tree:
        return [], [] if want.revs is None or isinstance(want.revs, str) else list(want.revs)
    if want.revs is None:
        return trees.leaves(tree)[:1], []
    if want.revs == LEAVES:
        return trees.leaves(tree), []
    revs: list[str] = []
    absent: list[str] = []
    for rev in want.revs:
        if rev not in tree:
            absent.append(rev)
        elif want.latest:
            revs += [leaf for leaf in trees.leaves_below(tree, rev) if leaf not in revs]
        else:
            revs.append(rev)
    return revs, absent
