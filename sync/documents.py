"""Decide what a document on the wire says, and how one that is stored goes back onto it.

CouchDB's JSON documents mix content with members that begin with an underscore. Here the two are taken apart (DO1) and put
together again; the content is kept as it came, with every member that this version does not know. Nothing here does I/O.
Rules DO… of SPEC.md.
"""

import base64
import binascii
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from sync.errors import BadRequest
from sync.stores.contract import NONE_ATTACHED, Attachment, Attachments, Edit, NewAttachment, Stub, Write
from sync.tree import check_rev, parse_rev

ID_BYTES_MAX = 16 * 1024
PATH_MAX = 10_000
"""Revision ids in one `_revisions`: CouchDB's trees are 1,000 deep, PouchDB's may be told to be deeper."""

_IGNORED = {"_revs_info", "_conflicts", "_deleted_conflicts", "_local_seq"}
"""Members that reading adds; CouchDB drops them when they are written back."""

_COMPRESSIBLE = ("text/", "application/javascript", "application/json", "application/xml")
"""CouchDB's `[attachments] compressible_types`."""

_REPLICATOR = {f"_replication_{name}" for name in ("id", "state", "state_time", "state_reason", "stats")}
"""What a CouchDB's replicator writes into its own documents: content, for all that it begins with an underscore."""

encode = msgspec.json.Encoder().encode
_sorted = msgspec.json.Encoder(order="sorted").encode
_decode_content = msgspec.json.Decoder(dict[str, Any]).decode


def content_of(body: bytes) -> dict[str, Any]:
    """The content of a stored body as values."""
    return _decode_content(body)


def check_id(doc: object) -> str:
    """Return the id, or raise BadRequest as CouchDB words it (`couch_doc:validate_docid`)."""
    if (
        doc.__class__ is str
        and doc.isascii()
        and doc.isprintable()
        and doc[:1] not in ("", "_")
        and len(doc) < ID_BYTES_MAX
    ):
        # So is nearly every id.
        return doc
    if not isinstance(doc, str):
        raise BadRequest("Document id must be a string", code="illegal_docid")
    if not doc:
        raise BadRequest("Document id must not be empty", code="illegal_docid")
    if doc[0] == "_" and not doc.startswith(("_design/", "_local/")):
        raise BadRequest("Only reserved document ids may start with underscore.", code="illegal_docid")
    if doc in ("_design/", "_local/"):
        raise BadRequest("Illegal document id `" + doc + "`", code="illegal_docid")
    if not doc.isascii() or len(doc) > ID_BYTES_MAX or not doc.isprintable():
        if len(doc.encode(errors="surrogatepass")) > ID_BYTES_MAX:
            raise BadRequest(f"Document id is longer than {ID_BYTES_MAX} bytes", code="illegal_docid")
        if any(ord(char) < 32 or ord(char) == 127 or 0xD800 <= ord(char) < 0xE000 for char in doc):
            raise BadRequest("Document id must not hold control characters", code="illegal_docid")
    return doc


def parse_write(doc: dict[str, Any], parts: Mapping[str, NewAttachment] | None = None) -> Write:
    """A document that was made elsewhere (`new_edits=false`). Takes `doc` apart in place. Raises FieldbookError."""
    doc_id = check_id(doc.pop("_id", None))
    rev = doc.pop("_rev", None)
    revisions = doc.pop("_revisions", None)
    if revisions is not None:
        # Where the two contradict each other `_revisions` counts, as in CouchDB: PouchDB sends such histories.
        path = _path(revisions)
        if rev is not None:
            check_rev(rev)
    elif rev is None:
        raise BadRequest("_rev is required where new_edits is false")
    else:
        check_rev(rev)
        path = (rev,)
    deleted, attachments = _specials(doc, parts)
    return Write(doc_id, path, doc, _encoded(doc), deleted, attachments)


def parse_edit(doc: dict[str, Any], parts: Mapping[str, NewAttachment] | None = None) -> Edit:
    """A document to be written as a new revision here. Takes `doc` apart in place. Raises FieldbookError."""
    doc_id = check_id(doc.pop("_id", None))
    rev = doc.pop("_rev", None)
    revisions = doc.pop("_revisions", None)
    if rev is not None:
        check_rev(rev)
    if revisions is not None:
        path = _path(revisions)
        rev = path[1] if len(path) > 1 and rev == path[0] else rev
    deleted, attachments = _specials(doc, parts)
    return Edit(doc_id, rev, doc, _encoded(doc), deleted, attachments)


def new_rev(edit: Edit, parent: str | None, attachments: Mapping[str, Attachment]) -> str:
    """The id of a revision made here: the same edit of the same parent has the same id on every server (DO4)."""
    generation = 1 if parent is None else parse_rev(parent)[0] + 1
    facts = [edit.deleted, parent, sorted((name, at.content_type, at.digest) for name, at in attachments.items())]
    digest = hashlib.md5(_sorted(edit.content) + encode(facts), usedforsecurity=False).hexdigest()
    return f"{generation}-{digest}"


def render(
    doc_id: str,
    rev: str,
    body: bytes,
    *,
    deleted: bool = False,
    attachments: bytes | None = None,
    path: Sequence[str] | None = None,
    more: Mapping[str, Any] | None = None,
) -> bytes:
    """The JSON text of a stored revision. `path`: add `_revisions`; `more`: further underscored members."""
    parts = [b'{"_id":', encode(doc_id), b',"_rev":', encode(rev)]
    if deleted:
        parts.append(b',"_deleted":true')
    if len(body) > 2:
        parts += (b",", body[1:-1])
    if attachments is not None:
        parts += (b',"_attachments":', attachments)
    if path is not None:
        start, _, newest = path[0].partition("-")
        hashes = [newest] if len(path) == 1 else [one.partition("-")[2] for one in path]
        parts += (b',"_revisions":{"start":', start.encode(), b',"ids":', encode(hashes), b"}")
    if more:
        parts += (b",", encode(more)[1:-1])
    parts.append(b"}")
    return b"".join(parts)


def stub_of(attachment: Attachment, *, encoding_info: bool = False) -> dict[str, Any]:
    """What a document says of an attachment whose bytes are not sent along."""
    stub: dict[str, Any] = {
        "content_type": attachment.content_type,
        "revpos": attachment.revpos,
        "digest": attachment.digest,
        "length": attachment.length,
        "stub": True,
    }
    if encoding_info and attachment.encoding:
        stub |= {"encoding": attachment.encoding, "encoded_length": attachment.encoded_length}
    return stub


def digest_of(data: bytes) -> str:
    return "md5-" + base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()


def _encoded(content: Mapping[str, Any]) -> bytes:
    try:
        return encode(content)
    except (UnicodeEncodeError, RecursionError, OverflowError):
        raise BadRequest("The document holds a text that is no UTF-8, or is nested too deeply.") from None


def _path(revisions: object) -> tuple[str, ...]:
    """The revision ids of a `_revisions` member {"start": 3, "ids": [newest, …]}, newest first."""
    if revisions.__class__ is not dict:
        raise BadRequest("_revisions must be an object", code="doc_validation")
    start, ids = revisions.get("start"), revisions.get("ids")
    if (
        start == 1
        and start.__class__ is int
        and ids.__class__ is list
        and len(ids) == 1
        and ids[0].__class__ is str
        and ids[0]
    ):
        return ("1-" + ids[0],)
    if start.__class__ is not int or start < 1:
        raise BadRequest("_revisions.start isn't a positive integer.", code="doc_validation")
    if ids.__class__ is not list or not ids or not all(map(_is_text, ids)):
        raise BadRequest("_revisions.ids isn't an array of revision ids.", code="doc_validation")
    if len(ids) > start or len(ids) > PATH_MAX or start >= 10**15:
        raise BadRequest("_revisions.ids is longer than the history can be.", code="doc_validation")
    return tuple([f"{start - at}-{one}" for at, one in enumerate(ids)])


def _is_text(value: object) -> bool:
    return value.__class__ is str and bool(value)


def _specials(doc: dict[str, Any], parts: Mapping[str, NewAttachment] | None) -> tuple[bool, Attachments]:
    """Take `_deleted` and `_attachments` out of `doc`; refuse members that CouchDB does not know."""
    deleted = doc.pop("_deleted", False)
    if deleted not in (True, False, None):
        raise BadRequest("_deleted must be true or false", code="doc_validation")
    attached = doc.pop("_attachments", None)
    # Names joined are searched at once: a name that begins so is rare among them.
    if "\n_" in "\n" + "\n".join(doc):
        _drop_specials(doc)
    return bool(deleted), _attachments(attached, parts or {}) if attached or parts else NONE_ATTACHED


def _drop_specials(doc: dict[str, Any]) -> None:
    for name in [name for name in doc if name.startswith("_")]:
        if name in _IGNORED:
            del doc[name]
        elif name not in _REPLICATOR:
            raise BadRequest(f"Bad special document member: {name}", code="doc_validation")


def _attachments(attached: object, parts: Mapping[str, NewAttachment]) -> Attachments:
    if not isinstance(attached, dict):
        raise BadRequest("_attachments must be an object", code="doc_validation")
    return {_check_name(name): _attachment(name, member, parts) for name, member in attached.items()}


def _check_name(name: str) -> str:
    if not name or name[0] == "_":
        raise BadRequest(
            f"Attachment name '{name}' starts with prohibited character '_'" if name else "Attachment name is empty"
        )
    return name


def _attachment(name: str, member: object, parts: Mapping[str, NewAttachment]) -> NewAttachment | Stub:
    if not isinstance(member, dict):
        raise BadRequest(f"Attachment {name} must be an object", code="doc_validation")
    digest, revpos = member.get("digest"), member.get("revpos")
    if digest is not None and not isinstance(digest, str):
        raise BadRequest(f"Attachment {name}: digest must be a string", code="doc_validation")
    if revpos is not None and (not isinstance(revpos, int) or isinstance(revpos, bool) or revpos < 0):
        raise BadRequest(f"Attachment {name}: revpos must be a number", code="doc_validation")
    if member.get("stub"):
        return Stub(digest, revpos)
    if member.get("follows"):
        part = parts.get(name)
        if part is None:
            raise BadRequest(f"Attachment {name} was announced and did not follow")
        return _described(name, member, part, digest, revpos)
    data = member.get("data")
    if not isinstance(data, str):
        raise BadRequest(f"Attachment {name} has no data", code="doc_validation")
    try:
        plain = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise BadRequest("Attachments must be encoded in base64") from None
    part = NewAttachment("application/octet-stream", plain, digest_of(plain), len(plain))
    # CouchDB's digest of a text attachment is that of its compressed bytes, and inline bytes are plain: nothing to compare.
    kind = member.get("content_type")
    compressible = isinstance(kind, str) and kind.startswith(_COMPRESSIBLE)
    return _described(name, member, part, None if compressible else digest, revpos)


def _described(
    name: str, member: dict[str, Any], part: NewAttachment, digest: str | None, revpos: int | None
) -> NewAttachment:
    """The bytes that came, under the description that came with them."""
    kind = member.get("content_type", part.content_type)
    if not isinstance(kind, str) or not kind.isprintable():
        raise BadRequest(f"Attachment {name}: content_type must be a string", code="doc_validation")
    if digest is not None and digest.startswith("md5-") and digest != part.digest:
        raise BadRequest(f"Attachment {name} does not match its digest", code="content_md5_mismatch")
    encoding = member.get("encoding") if member.get("follows") else None
    if encoding not in (None, "gzip", "identity"):
        raise BadRequest(f"Attachment {name}: encoding must be gzip or identity", code="doc_validation")
    if encoding != "gzip":
        return NewAttachment(kind, part.data, part.digest, part.length, revpos)
    length = member.get("length")
    if not isinstance(length, int) or isinstance(length, bool) or length < 0:
        raise BadRequest(f"Attachment {name}: a compressed attachment needs its length", code="doc_validation")
    return NewAttachment(kind, part.data, part.digest, length, revpos, "gzip", part.length)
