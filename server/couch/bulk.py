"""Decide what happens to many documents in one request: each is stored, answered or refused by itself."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from server.couch.answers import Answer, ok
from server.couch.call import Call, need_json, parse_json
from server.couch.local import put_local
from server.couch.rendering import Extras, document
from sync import tree as trees
from sync.documents import encode, parse_edit, parse_write, render
from sync.errors import BadRequest, FieldbookError, TooLarge
from sync.replication import Replica
from sync.stores.contract import LEAVES, Edit, Found, Stored, Want, Write, Written


async def bulk_docs(call: Call, replica: Replica) -> Answer:
    body = await _batch(call)
    docs = body.get("docs")
    if not isinstance(docs, list):
        raise BadRequest(
            "POST body must include `docs` parameter." if docs is None else "`docs` parameter must be an array."
        )
    if len(docs) > call.limits.batch_documents_max:
        raise TooLarge(f"More than {call.limits.batch_documents_max} documents in one request.")
    new_edits = body.get("new_edits", True)
    if not isinstance(new_edits, bool):
        raise BadRequest("`new_edits` must be true or false")
    outcomes: list[bytes | None] = [None] * len(docs)
    refused: FieldbookError | None = None
    items: list[Write | Edit] = []
    places: list[int] = []
    parse = parse_edit if new_edits else parse_write
    limit = call.limits.document_bytes_max
    for at, doc in enumerate(docs):
        doc_id, rev = (doc.get("_id"), doc.get("_rev")) if isinstance(doc, dict) else (None, None)
        try:
            if not isinstance(doc, dict):
                raise BadRequest("Document must be a JSON object")
            if isinstance(doc_id, str) and doc_id.startswith("_local/"):
                written = await put_local(replica, doc_id[7:], doc)
                outcomes[at] = b'{"ok":true,"id":' + encode(doc_id) + b',"rev":' + encode(written) + b"}"
                continue
            if new_edits and doc_id is None:
                doc["_id"] = replica.new_id()
            item = parse(doc)
            if len(item.body) > limit:
                raise TooLarge(item.id, code="document_too_large")
        except FieldbookError as error:
            refused = refused or error
            if new_edits and isinstance(doc_id, str) and doc_id.startswith("_"):
                # CouchDB and PouchDB refuse an interactive batch as a whole where it would write to a reserved id.
                raise
            outcomes[at] = _refused(doc_id, rev, error, new_edits)
            continue
        items.append(item)
        places.append(at)
    if refused and all(outcomes):
        # Nothing of the batch can be kept: said once, as CouchDB does.
        raise refused
    for at, item, result in zip(places, items, await replica.push(items), strict=True):
        if isinstance(result, Written):
            if new_edits:
                outcomes[at] = b'{"ok":true,"id":' + encode(result.id) + b',"rev":' + encode(result.rev) + b"}"
        else:
            rev = item.parent if isinstance(item, Edit) else item.path[0]
            outcomes[at] = _refused(item.id, rev, result, new_edits)
    return Answer(201, b"[" + b",".join([one for one in outcomes if one is not None]) + b"]\n")


async def _batch(call: Call) -> dict[str, Any]:
    """The body of a push. One half of a character in one record must not hold up all the others for ever, so a body that is
    refused for its texts alone is read again by a reader that lets them through; the documents that hold them are refused."""
    need_json(call)
    raw = await call.body()
    try:
        body = parse_json(raw)
    except BadRequest:
        try:
            body = json.loads(raw, parse_constant=_no_constant)
        except (ValueError, RecursionError):
            raise BadRequest("invalid UTF-8 JSON") from None
    if not isinstance(body, dict):
        raise BadRequest("Request body must be a JSON object")
    return body


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _refused(doc_id: object, rev: object, error: FieldbookError, new_edits: bool) -> bytes:
    facts: dict[str, object] = {"id": doc_id.encode(errors="replace").decode() if isinstance(doc_id, str) else None}
    if isinstance(rev, str) and not new_edits:
        facts["rev"] = rev
    return encode(facts | {"error": error.code, "reason": error.reason})


async def bulk_get(call: Call, replica: Replica) -> Answer:
    """CouchDB, "/{db}/_bulk_get": `revs`, `latest`, `attachments`; one result for each entry, in order."""
    body = await call.object()
    entries = body.get("docs")
    if not isinstance(entries, list):
        raise BadRequest("Missing JSON list of 'docs'.")
    if len(entries) > call.limits.batch_documents_max:
        raise TooLarge(f"More than {call.limits.batch_documents_max} documents in one request.")
    extras = Extras.of(call)
    latest = call.flag("latest")
    wants: list[Want] = []
    problems: dict[int, bytes] = {}
    for at, entry in enumerate(entries):
        want, problem = _want(entry, latest)
        wants.append(want)
        if problem:
            problems[at] = problem
    found = await replica.get([want for at, want in enumerate(wants) if at not in problems]) if wants else []
    rest = iter(found)
    results: list[bytes] = []
    simple = not (
        extras.attachments or extras.revs_info or extras.conflicts or extras.deleted_conflicts or extras.local_seq
    )
    for at, want in enumerate(wants):
        if at in problems:
            results.append(problems[at])
            continue
        one = next(rest)
        if simple and len(one.revisions) == 1 and not one.absent and not one.revisions[0].attachments:
            # So is nearly every result; `atts_since` means nothing where there are no attachments.
            text = _plain(one, one.revisions[0], extras)
            results.append(b"".join((b'{"id":', encode(want.id), b',"docs":[{"ok":', text, b"}]}")))
            continue
        docs = [
            b'{"ok":' + await _document(replica, one, stored, extras, entries[at]) + b"}" for stored in one.revisions
        ]
        docs += [_missing(want.id, rev) for rev in one.absent]
        results.append(
            b'{"id":' + encode(want.id) + b',"docs":[' + (b",".join(docs) or _missing(want.id, "undefined")) + b"]}"
        )
    return Answer(200, b'{"results":[' + b",".join(results) + b"]}\n")


async def _document(replica: Replica, found: Found, stored: Stored, extras: Extras, entry: Mapping[str, Any]) -> bytes:
    """One revision; the attachments that the entry's `atts_since` says are lacking come with it."""
    since = entry.get("atts_since")
    if isinstance(since, list) and since and all(isinstance(rev, str) for rev in since):
        extras = replace(extras, attachments=True, atts_since=since)
    return await document(replica, found, stored, extras)


def _plain(found: Found, stored: Stored, extras: Extras) -> bytes:
    path = None
    if extras.revs:
        path = [stored.rev] if len(found.tree) == 1 else trees.ancestry(found.tree, stored.rev)
    return render(found.id, stored.rev, stored.body, deleted=stored.deleted, path=path)


def _want(entry: object, latest: bool) -> tuple[Want, bytes | None]:
    if not isinstance(entry, dict) or not isinstance(entry.get("id"), str):
        reason = {"id": None, "rev": None, "error": "bad_request", "reason": "document id missed or not a string"}
        return Want(""), b'{"id":null,"docs":[{"error":' + encode(reason) + b"}]}"
    doc_id, rev = entry["id"], entry.get("rev")
    if rev is None:
        return Want(doc_id, LEAVES, latest), None
    try:
        trees.check_rev(rev)
    except BadRequest as error:
        reason = {"id": doc_id, "rev": rev, "error": error.code, "reason": error.reason}
        return Want(doc_id), b'{"id":' + encode(doc_id) + b',"docs":[{"error":' + encode(reason) + b"}]}"
    return Want(doc_id, (rev,), latest), None


def _missing(doc_id: str, rev: str) -> bytes:
    return b'{"error":' + encode({"id": doc_id, "rev": rev, "error": "not_found", "reason": "missing"}) + b"}"


async def revs_diff(call: Call, replica: Replica) -> Answer:
    lacking = await replica.missing(await _asked(call))
    answer = {}
    for doc, gap in lacking.items():
        answer[doc] = {"missing": gap.missing} | (
            {"possible_ancestors": gap.possible_ancestors} if gap.possible_ancestors else {}
        )
    return ok(answer)


async def missing_revs(call: Call, replica: Replica) -> Answer:
    lacking = await replica.missing(await _asked(call))
    return ok({"missing_revs": {doc: gap.missing for doc, gap in lacking.items()}})


async def _asked(call: Call) -> dict[str, list[str]]:
    asked = await call.object()
    if len(asked) > call.limits.batch_documents_max:
        raise TooLarge(f"More than {call.limits.batch_documents_max} documents in one request.")
    for revs in asked.values():
        if not isinstance(revs, list):
            raise BadRequest("Each document id needs an array of revisions")
        for rev in revs:
            trees.check_rev(rev)
    return asked
