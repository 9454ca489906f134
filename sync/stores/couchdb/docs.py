"""Decide how CouchDB's documents are taken apart and put together. Content passes through as the JSON text that it is.

CouchDB mixes content with members that begin with an underscore, and adds what it was asked for (`_revisions`, `_attachments`).
Only these are decoded; the rest stays raw.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from sync import tree as trees
from sync.documents import encode
from sync.stores.contract import Attachment, Edit, NewAttachment, Stored, Write
from sync.stores.couchdb.wire import Refusal, decoder
from sync.tree import Node, Tree

Raw = dict[str, msgspec.Raw]


class Leaf(NamedTuple):
    stored: Stored
    path: list[str]
    """Its revision id and those of its ancestors, newest first; only itself where `revs` was not asked for."""
    conflicts: list[str]
    """Other leaves, where they were asked for."""
    statuses: Mapping[str, str]
    """Of each revision of the path: "available", "deleted" or "missing"; empty where `revs_info` was not asked for."""


class _Status(msgspec.Struct):
    rev: str
    status: str


class _Revisions(msgspec.Struct):
    start: int
    ids: list[str]


class _Attached(msgspec.Struct):
    content_type: str = "application/octet-stream"
    digest: str = ""
    length: int = 0
    revpos: int = 0
    encoding: str | None = None
    encoded_length: int | None = None


class _Rev(msgspec.Struct):
    rev: str


class Line(msgspec.Struct):
    """One line of `_changes`. `seq` is None where `seq_interval` leaves it out."""

    id: str
    changes: list[_Rev]
    seq: str | None = None
    deleted: bool = False
    doc: Raw | None = None


class Feed(msgspec.Struct):
    results: list[Line]
    last_seq: str
    pending: int | None = None


class RevError(Refusal):
    rev: str | None = None


class Answered(msgspec.Struct):
    """One revision of `_bulk_get`, or why it is not there."""

    ok: Raw | None = None
    error: RevError | None = None


class Entry(msgspec.Struct):
    id: str | None
    docs: list[Answered]


class BulkGet(msgspec.Struct):
    results: list[Entry]


class _Value(msgspec.Struct):
    rev: str
    deleted: bool = False


class ListedRow(msgspec.Struct):
    key: str
    id: str | None = None
    value: _Value | None = None
    doc: Raw | None = None


class Listing(msgspec.Struct):
    rows: list[ListedRow]
    total_rows: int | None = None
    offset: int | None = None


class LocalRow(msgspec.Struct):
    id: str
    doc: Raw


class LocalListing(msgspec.Struct):
    rows: list[LocalRow]


read_feed = decoder(Feed)
read_bulk_get = decoder(BulkGet)
read_listing = decoder(Listing)
read_local_listing = decoder(LocalListing)
read_raw = decoder(Raw)

_text = msgspec.json.Decoder(str).decode
_revisions = msgspec.json.Decoder(_Revisions).decode
_attachments = msgspec.json.Decoder(dict[str, _Attached]).decode
_revs = msgspec.json.Decoder(list[str]).decode
_statuses = msgspec.json.Decoder(list[_Status]).decode
_NO_STATUSES: Mapping[str, str] = {}


def take_apart(doc: Raw) -> Leaf:
    """A document as CouchDB gives it. Takes `doc` apart in place."""
    doc.pop("_id", None)
    rev = _text(doc.pop("_rev"))
    deleted = doc.pop("_deleted", None) is not None
    revisions = doc.pop("_revisions", None)
    path = [rev]
    if revisions is not None:
        told = _revisions(revisions)
        if len(told.ids) > 1:
            path = [f"{told.start - at}-{one}" for at, one in enumerate(told.ids)]
    attached = doc.pop("_attachments", None)
    held: Mapping[str, Attachment] = {}
    if attached is not None:
        held = {name: _attachment(one) for name, one in _attachments(attached).items()}
    others: list[str] = []
    for kind in ("_conflicts", "_deleted_conflicts"):
        if (conflicts := doc.pop(kind, None)) is not None:
            others += _revs(conflicts)
    statuses = _NO_STATUSES
    if (told_of := doc.pop("_revs_info", None)) is not None:
        statuses = {one.rev: one.status for one in _statuses(told_of)}
    return Leaf(Stored(rev, deleted, encode(doc), held), path, others, statuses)


def local_of(doc: Raw) -> tuple[str, bytes]:
    """(revision, body) of a local document."""
    rev = _text(doc.pop("_rev"))
    doc.pop("_id", None)
    return rev, encode(doc)


def tree_of(leaves: list[Leaf]) -> Tree:
    """The revision tree that these leaves and their paths make. `body` of an inner revision is 0 where nothing is known of it."""
    if len(leaves) == 1 and len(leaves[0].path) == 1:
        stored = leaves[0].stored
        return {stored.rev: Node((), 1, stored.deleted)}
    tree: Tree = {}
    for leaf in leaves:
        trees.graft(tree, leaf.path, Node((), 1, leaf.stored.deleted))
        for rev, status in leaf.statuses.items():
            if status != "missing" and rev in tree:
                tree[rev] = replace(tree[rev], body=1, deleted=status == "deleted")
    return tree


def text_of(item: Write | Edit, attachments: bytes | None = None) -> bytes:
    """JSON text of a revision to be written. `attachments`: that of its `_attachments`."""
    rev = item.path[0] if isinstance(item, Write) else item.parent
    text = b'{"_id":' + encode(item.id)
    if rev is not None:
        text += b',"_rev":' + encode(rev)
    if item.deleted:
        text += b',"_deleted":true'
    if isinstance(item, Write) and len(item.path) > 1:
        start = item.path[0].partition("-")[0]
        ids = encode([one.partition("-")[2] for one in item.path])
        text += b',"_revisions":{"start":' + start.encode() + b',"ids":' + ids + b"}"
    if attachments is not None:
        text += b',"_attachments":' + attachments
    if len(item.body) > 2:
        text += b"," + item.body[1:-1]
    return text + b"}"


def attachments_of(item: Write | Edit) -> dict[str, dict[str, Any]]:
    """`_attachments` of a revision to be written: new bytes follow as parts, everything else is a stub.

    Stubs name no revpos: CouchDB would refuse one that differs from its own, though the bytes are the same."""
    described: dict[str, dict[str, Any]] = {}
    for name, given in item.attachments.items():
        if not isinstance(given, NewAttachment):
            described[name] = {"stub": True}
            continue
        one: dict[str, Any] = {"follows": True, "content_type": given.content_type, "digest": given.digest}
        one["length"] = given.length
        if given.encoding == "gzip":
            one |= {"encoding": "gzip", "encoded_length": given.encoded_length}
        if isinstance(item, Write):
            one["revpos"] = given.revpos or int(item.path[0].partition("-")[0])
        described[name] = one
    return described


def _attachment(one: _Attached) -> Attachment:
    encoding = one.encoding if one.encoding != "identity" else None
    return Attachment(one.content_type, one.digest, one.length, one.revpos, encoding, one.encoded_length)
