"""Decide what a document looks like in an answer: which underscored members it carries, and its attachments' bytes."""

import base64
import zlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from server.couch.call import Call, parse_json
from sync import tree as trees
from sync.documents import encode, render, stub_of
from sync.errors import BadRequest
from sync.replication import Replica
from sync.stores.contract import Attachment, Found, Stored


@dataclass(slots=True)
class Extras:
    """What a reader asked to be told besides the content."""

    revs: bool = False
    revs_info: bool = False
    conflicts: bool = False
    deleted_conflicts: bool = False
    local_seq: bool = False
    attachments: bool = False
    atts_since: Sequence[str] | None = None
    encoding_info: bool = False

    @classmethod
    def of(cls, call: Call) -> "Extras":
        meta = call.flag("meta")
        since = call.query.get("atts_since")
        revs = parse_json(since.encode()) if since is not None else None
        if revs is not None and not (isinstance(revs, list) and all(isinstance(rev, str) for rev in revs)):
            raise BadRequest("atts_since must be a JSON array of revisions", code="query_parse_error")
        return cls(
            revs=call.flag("revs"),
            revs_info=call.flag("revs_info") or meta,
            conflicts=call.flag("conflicts") or meta,
            deleted_conflicts=call.flag("deleted_conflicts") or meta,
            local_seq=call.flag("local_seq"),
            attachments=call.flag("attachments") or revs is not None,
            atts_since=revs,
            encoding_info=call.flag("att_encoding_info"),
        )


async def document(replica: Replica, found: Found, stored: Stored, extras: Extras, follows: bool = False) -> bytes:
    """JSON text of one revision. `follows`: attachments that are asked for come after it, as parts of their own."""
    attachments = None
    if stored.attachments:
        described = {
            name: await _described(replica, found, stored, name, at, extras, follows)
            for name, at in stored.attachments.items()
        }
        attachments = encode(described)
    path = trees.ancestry(found.tree, stored.rev) if extras.revs else None
    more = _more(replica, found, stored, extras)
    return render(
        found.id, stored.rev, stored.body, deleted=stored.deleted, attachments=attachments, path=path, more=more
    )


def due(found: Found, stored: Stored, extras: Extras) -> dict[str, Attachment]:
    """The attachments whose bytes were asked for: all, or those newer than the revisions of `atts_since`."""
    if not extras.attachments:
        return {}
    if extras.atts_since is None:
        return dict(stored.attachments)
    known = set(trees.ancestry(found.tree, stored.rev)).intersection(extras.atts_since)
    newest = max((trees.order(rev)[0] for rev in known), default=0)
    return {name: at for name, at in stored.attachments.items() if at.revpos > newest}


async def attachment_bytes(replica: Replica, found: Found, stored: Stored, name: str) -> bytes:
    """The plain bytes of one attachment."""
    attachment = stored.attachments[name]
    stream = await replica.store.read_attachment(replica.db, found.id, attachment, name, stored.rev)
    kept = b"".join([chunk async for chunk in stream])
    return zlib.decompress(kept, 16 + zlib.MAX_WBITS) if attachment.encoding == "gzip" else kept


async def plain(stream: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Unpack a stream of gzip."""
    unzip = zlib.decompressobj(16 + zlib.MAX_WBITS)
    async for chunk in stream:
        if data := unzip.decompress(chunk):
            yield data
    if rest := unzip.flush():
        yield rest


async def _described(
    replica: Replica, found: Found, stored: Stored, name: str, at: Attachment, extras: Extras, follows: bool
) -> Mapping[str, Any]:
    stub = stub_of(at, encoding_info=extras.encoding_info)
    if name not in due(found, stored, extras):
        return stub
    del stub["stub"]
    if follows:
        if at.encoding:
            stub |= {"encoding": at.encoding, "encoded_length": at.encoded_length}
        return stub | {"follows": True}
    del stub["length"]
    data = await attachment_bytes(replica, found, stored, name)
    return stub | {"data": base64.b64encode(data).decode()}


def _more(replica: Replica, found: Found, stored: Stored, extras: Extras) -> dict[str, Any]:
    more: dict[str, Any] = {}
    if extras.conflicts or extras.deleted_conflicts:
        others = [rev for rev in trees.leaves(found.tree) if rev != stored.rev]
        alive = [rev for rev in others if not found.tree[rev].deleted]
        dead = [rev for rev in others if found.tree[rev].deleted]
        if extras.conflicts and alive:
            more["_conflicts"] = alive
        if extras.deleted_conflicts and dead:
            more["_deleted_conflicts"] = dead
    if extras.revs_info:
        path = trees.ancestry(found.tree, stored.rev)
        more["_revs_info"] = [{"rev": rev, "status": _status(found.tree, rev)} for rev in path]
    if extras.local_seq:
        more["_local_seq"] = replica.tokens.token(found.seq)
    return more


def _status(tree: trees.Tree, rev: str) -> str:
    node = tree.get(rev)
    if node is None or not node.body:
        return "missing"
    return "deleted" if node.deleted else "available"
