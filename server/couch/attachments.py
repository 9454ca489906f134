"""Decide how one attachment is read and written by itself. What was uploaded never runs as a page: it is sent sandboxed, as a
download, under the type it came with and no other."""

from collections.abc import AsyncIterator
from urllib.parse import quote

from server.couch.answers import Answer, ok
from server.couch.call import Call
from server.couch.document import given_rev
from server.couch.rendering import plain
from server.couch.spool import Spool
from sync.documents import encode
from sync.errors import BadRequest, FieldbookError, NotFound
from sync.replication import Replica
from sync.stores.contract import Edit, NewAttachment, Stub, Want, Written


async def get_attachment(call: Call, replica: Replica, doc_id: str, name: str) -> Answer:
    rev = call.query.get("rev")
    found = await replica.one(Want(doc_id, None if rev is None else (rev,)))
    if not found.revisions or (rev is None and found.revisions[0].deleted):
        raise NotFound("deleted" if found.revisions else "missing", document=doc_id)
    stored = found.revisions[0]
    attachment = stored.attachments.get(name)
    if attachment is None:
        raise NotFound("Document is missing attachment", document=doc_id, attachment=name)
    etag = f'"{attachment.digest.removeprefix("md5-")}"'
    headers = {
        "etag": etag,
        "content-disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
        "content-security-policy": "sandbox; default-src 'none'",
        "accept-ranges": "none" if attachment.encoding else "bytes",
        "vary": "accept-encoding",
    }
    if call.headers.get("if-none-match") == etag:
        return Answer(304, b"", headers)
    kind = attachment.content_type or "application/octet-stream"
    stream = await replica.store.read_attachment(replica.db, doc_id, attachment, name, stored.rev)
    if attachment.encoding == "gzip":
        if "gzip" in call.headers.get("accept-encoding", ""):
            headers |= {"content-encoding": "gzip", "content-length": str(attachment.encoded_length)}
            return Answer(200, stream, headers, kind)
        return Answer(200, plain(stream), headers | {"content-length": str(attachment.length)}, kind)
    if (span := _span(call.headers.get("range", ""), attachment.length)) is not None:
        start, end = span
        headers |= {"content-range": f"bytes {start}-{end - 1}/{attachment.length}", "content-length": str(end - start)}
        return Answer(206, _cut(stream, start, end), headers, kind)
    return Answer(200, stream, headers | {"content-length": str(attachment.length)}, kind)


async def put_attachment(call: Call, replica: Replica, doc_id: str, name: str) -> Answer:
    kind = call.headers.get("content-type", "application/octet-stream")
    if not name or name.startswith("_"):
        raise BadRequest(f"Attachment name '{name}' starts with prohibited character '_'")
    with Spool() as spool:
        limit = call.limits.attachment_bytes_max
        part = await spool.take(call.chunks(limit), name, limit, kind)
        announced = call.headers.get("content-md5")
        if announced is not None and f"md5-{announced}" != part.digest:
            raise BadRequest("Possible message corruption.", code="content_md5_mismatch")
        return await _edit(call, replica, doc_id, name, part)


async def delete_attachment(call: Call, replica: Replica, doc_id: str, name: str) -> Answer:
    answer = await _edit(call, replica, doc_id, name, None)
    return Answer(200, answer.body, answer.headers)


async def _edit(call: Call, replica: Replica, doc_id: str, name: str, part: NewAttachment | None) -> Answer:
    """A new revision of the document with this attachment put in, or (None) taken out."""
    rev = given_rev(call, {})
    (found,) = await replica.get([Want(doc_id, None if rev is None else (rev,))])
    stored = found.revisions[0] if found.revisions and not (rev is None and found.revisions[0].deleted) else None
    if stored is None and (part is None or rev is not None):
        raise NotFound(document=doc_id)
    if stored is not None and part is None and name not in stored.attachments:
        raise NotFound("Document is missing attachment", document=doc_id, attachment=name)
    held: dict[str, NewAttachment | Stub] = {one: Stub() for one in (stored.attachments if stored else {})}
    held.pop(name, None)
    if part is not None:
        held[name] = part
    body = stored.body if stored else encode({})
    item = Edit(doc_id, rev, replica.content_of(body), body, False, held)
    (result,) = await replica.push([item])
    if isinstance(result, Written):
        return ok({"ok": True, "id": doc_id, "rev": result.rev}, 201, etag=f'"{result.rev}"')
    raise result


def _span(header: str, length: int) -> tuple[int, int] | None:
    """The one range that a `Range` header asks for, as [start, end); None where there is no usable one."""
    unit, _, spans = header.partition("=")
    if unit.strip() != "bytes" or "," in spans or "-" not in spans:
        return None
    first, _, last = spans.strip().partition("-")
    if (first and not first.isdigit()) or (last and not last.isdigit()) or not (first or last):
        return None
    start = int(first) if first else max(length - int(last), 0)
    end = min(int(last) + 1, length) if first and last else length
    if start >= length or start >= end:
        raise FieldbookError("The requested range lies outside the attachment.", code="requested_range_not_satisfiable")
    return start, end


async def _cut(stream: AsyncIterator[bytes], start: int, end: int) -> AsyncIterator[bytes]:
    at = 0
    async for chunk in stream:
        piece = chunk[max(start - at, 0) : end - at]
        at += len(chunk)
        if piece:
            yield piece
        if at >= end:
            return
