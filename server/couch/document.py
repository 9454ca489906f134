"""Decide how one document is read, written and deleted."""

from collections.abc import AsyncIterator
from typing import Any

from server.couch.answers import Answer, ok
from server.couch.call import Call, parse_json
from server.couch.multipart import Part, Parts, boundary_of, file_name, new_boundary
from server.couch.rendering import Extras, document, due
from server.couch.spool import Spool
from sync import tree as trees
from sync.documents import encode, parse_edit, parse_write
from sync.errors import BadRequest, NotFound, TooLarge
from sync.replication import Replica
from sync.stores.contract import LEAVES, Edit, Found, NewAttachment, Stored, Want, Write, Written


async def get_document(call: Call, replica: Replica, doc_id: str) -> Answer:
    extras = Extras.of(call)
    if "open_revs" in call.query:
        return await _open_revs(call, replica, doc_id, extras)
    rev = call.query.get("rev")
    if rev is not None:
        trees.parse_rev(rev)
    latest = call.flag("latest")
    found = await replica.one(Want(doc_id, None if rev is None else (rev,), latest))
    if not found.revisions:
        raise NotFound(document=doc_id, rev=rev)
    stored = found.revisions[0]
    if rev is None and stored.deleted:
        raise NotFound("deleted", document=doc_id)
    etag = f'"{stored.rev}"'
    if call.headers.get("if-none-match") == etag and not call.query:
        return Answer(304, b"", {"etag": etag})
    if extras.attachments and due(found, stored, extras) and _accepts(call, "multipart/related"):
        boundary = new_boundary()
        kind = f'multipart/related; boundary="{boundary}"'
        return Answer(200, _related(replica, found, stored, extras, boundary), {"etag": etag}, kind)
    return Answer(200, await document(replica, found, stored, extras) + b"\n", {"etag": etag})


async def put_document(call: Call, replica: Replica, doc_id: str) -> Answer:
    with Spool() as spool:
        kind = call.headers.get("content-type", "application/json")
        if kind.lower().startswith("multipart/related"):
            body, parts = await _incoming(call, spool, boundary_of(kind))
        else:
            body, parts = await call.object(any_type=True), {}
        if body.setdefault("_id", doc_id) != doc_id:
            raise BadRequest("Document ID must match the ID in the URL")
        return await _written(call, replica, _item(call, body, parts))


async def post_document(call: Call, replica: Replica) -> Answer:
    body = await call.object()
    body.setdefault("_id", replica.new_id())
    return await _written(call, replica, _item(call, body, {}))


async def delete_document(call: Call, replica: Replica, doc_id: str) -> Answer:
    body: dict[str, Any] = {"_id": doc_id, "_deleted": True}
    answer = await _written(call, replica, _item(call, body, {}))
    return Answer(200, answer.body, answer.headers)


def given_rev(call: Call, body: dict[str, Any]) -> str | None:
    """The revision that an edit goes onto: from the body, the query or If-Match, which must not contradict each other."""
    named = [body.get("_rev"), call.query.get("rev"), call.headers.get("if-match", "").strip('"') or None]
    given = [rev for rev in named if rev is not None]
    for rev in given:
        trees.parse_rev(rev)
    if len(set(given)) > 1:
        raise BadRequest("Document rev from request body and query string have different values")
    return given[0] if given else None


async def _incoming(call: Call, spool: Spool, boundary: bytes) -> tuple[dict[str, Any], dict[str, NewAttachment]]:
    """The document of a multipart/related body, and its attachments: by name where parts tell it, else in the document's order."""
    limits = call.limits
    parts = Parts(call.chunks(limits.attachment_bytes_max), boundary)
    first = await parts.next()
    if first is None:
        raise BadRequest("multipart/related needs a document as its first part")
    body = parse_json(b"".join([chunk async for chunk in _bounded(first, limits.document_bytes_max)]))
    if not isinstance(body, dict):
        raise BadRequest("Document must be a JSON object")
    described = body.get("_attachments")
    attached = described if isinstance(described, dict) else {}
    waiting = [name for name, one in attached.items() if isinstance(one, dict) and one.get("follows")]
    came: dict[str, NewAttachment] = {}
    while (part := await parts.next()) is not None:
        name = file_name(part.headers)
        if name not in waiting:
            name = waiting[0] if waiting else None
        if name is None:
            raise BadRequest("more parts than the document's attachments")
        waiting.remove(name)
        kind = part.headers.get("content-type", "application/octet-stream")
        came[name] = await spool.take(part.data, name, limits.attachment_bytes_max, kind)
    # Whatever follows the last boundary is read, so that the connection can be used again.
    return body, came


async def _bounded(part: Part, bytes_max: int) -> AsyncIterator[bytes]:
    size = 0
    async for chunk in part.data:
        size += len(chunk)
        if size > bytes_max:
            raise TooLarge("The document is too large.", code="document_too_large")
        yield chunk


def _item(call: Call, body: dict[str, Any], parts: dict[str, NewAttachment]) -> Write | Edit:
    if not call.flag("new_edits", True):
        return parse_write(body, parts)
    rev = given_rev(call, body)
    if rev is not None:
        body["_rev"] = rev
    return parse_edit(body, parts)


async def _written(call: Call, replica: Replica, item: Write | Edit) -> Answer:
    if len(item.body) > call.limits.document_bytes_max:
        raise TooLarge(item.id, code="document_too_large")
    (result,) = await replica.push([item])
    if not isinstance(result, Written):
        raise result
    return ok({"ok": True, "id": result.id, "rev": result.rev}, 201, etag=f'"{result.rev}"')


async def _open_revs(call: Call, replica: Replica, doc_id: str, extras: Extras) -> Answer:
    asked = call.query["open_revs"]
    if asked == "all":
        want = Want(doc_id, LEAVES)
    else:
        revs = parse_json(asked.encode())
        if not isinstance(revs, list):
            raise BadRequest("open_revs must be `all` or a JSON array of revisions")
        for rev in revs:
            trees.parse_rev(rev)
        want = Want(doc_id, tuple(revs), call.flag("latest"))
    (found,) = await replica.get([want])
    if not found.tree and want.revs == LEAVES:
        raise NotFound(document=doc_id)
    if _accepts(call, "multipart/mixed") and not _accepts(call, "application/json"):
        # What a replicator fetches in parts it fetches whole, but for what `atts_since` says it has (CouchDB does so too).
        extras.attachments = True
        boundary = new_boundary()
        kind = f'multipart/mixed; boundary="{boundary}"'
        return Answer(200, _mixed(replica, found, extras, boundary), content_type=kind)
    lines = [b'{"ok":' + await document(replica, found, stored, extras) + b"}" for stored in found.revisions]
    lines += [b'{"missing":' + encode(rev) + b"}" for rev in found.absent]
    return Answer(200, b"[" + b",".join(lines) + b"]\n")


async def _mixed(replica: Replica, found: Found, extras: Extras, boundary: str) -> AsyncIterator[bytes]:
    for stored in found.revisions:
        yield f"--{boundary}\r\n".encode()
        if due(found, stored, extras):
            inner = new_boundary()
            yield f'Content-Type: multipart/related; boundary="{inner}"\r\n\r\n'.encode()
            async for chunk in _related(replica, found, stored, extras, inner):
                yield chunk
        else:
            yield b"Content-Type: application/json\r\n\r\n" + await document(replica, found, stored, extras)
        yield b"\r\n"
    for rev in found.absent:
        yield f'--{boundary}\r\nContent-Type: application/json; error="true"\r\n\r\n'.encode()
        yield encode({"missing": rev}) + b"\r\n"
    yield f"--{boundary}--".encode()


async def _related(
    replica: Replica, found: Found, stored: Stored, extras: Extras, boundary: str
) -> AsyncIterator[bytes]:
    """The document, then each attachment that is due, in the document's order and as it is kept."""
    text = await document(replica, found, stored, extras, follows=True)
    yield f"--{boundary}\r\nContent-Type: application/json\r\n\r\n".encode() + text
    for name, at in due(found, stored, extras).items():
        length = at.length if at.encoding is None else at.encoded_length
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        head = f'\r\n--{boundary}\r\nContent-Disposition: attachment; filename="{quoted}"\r\nContent-Type: {at.content_type}\r\n'
        head += (
            f"Content-Length: {length}\r\n" + (f"Content-Encoding: {at.encoding}\r\n" if at.encoding else "") + "\r\n"
        )
        yield head.encode()
        async for chunk in await replica.store.read_attachment(replica.db, found.id, at, name, stored.rev):
            yield chunk
    yield f"\r\n--{boundary}--".encode()


def _accepts(call: Call, kind: str) -> bool:
    return kind in call.headers.get("accept", "")
