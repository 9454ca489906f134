"""Decide in which requests a batch of revisions goes to CouchDB, and what its answers mean for each of them.

Revisions of one kind that stand next to each other go together in one `_bulk_docs`; the kinds are sent one after the other, so that
an edit finds what an earlier item of the batch wrote. A revision with attachments goes alone: its bytes are streamed behind it.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from itertools import groupby
from pathlib import Path
from uuid import uuid4

import anyio.to_thread

from sync.documents import encode
from sync.errors import BadRequest, FieldbookError, NotFound, StoreUnavailable, TooLarge
from sync.stores.contract import Edit, NewAttachment, Result, Write, Written
from sync.stores.couchdb.docs import attachments_of, text_of
from sync.stores.couchdb.wire import READ_CHUNK_BYTES, Refusal, Wire, decoder, of_error


class _Outcome(Refusal):
    id: str | None = None
    rev: str | None = None
    ok: bool = False
    accepted: bool = False


_read_outcomes = decoder(list[_Outcome])
_read_outcome = decoder(_Outcome)


Together = Callable[[str, Sequence[Write | Edit]], Awaitable[Sequence[Result]]]


async def add(wire: Wire, db: str, items: Sequence[Write | Edit], replicated: Together) -> list[Result]:
    """One result for each, in order. Raises StoreUnavailable where it is not known what CouchDB has kept (CS2).
    `replicated` is `together`, or what gathers for it: replicated revisions may be sent twice."""
    results: list[Result] = []
    for (attached, made_elsewhere), run in groupby(
        items, lambda item: (bool(item.attachments), isinstance(item, Write))
    ):
        if attached:
            results += [await _alone(wire, db, item) for item in run]
        elif made_elsewhere:
            results += await replicated(db, list(run))
        else:
            results += await together(wire, db, list(run))
    return results


async def together(wire: Wire, db: str, items: Sequence[Write | Edit]) -> list[Result]:
    """Revisions of one kind, without attachments, in one request."""
    replicated = isinstance(items[0], Write)
    head = b'{"new_edits":false,"docs":[' if replicated else b'{"docs":['
    body = head + b",".join([text_of(item) for item in items]) + b"]}"
    try:
        answer = await wire.write("POST", wire.path(db, "_bulk_docs"), None, body, db=db)
    except (BadRequest, TooLarge) as error:
        # CouchDB refuses a whole batch, before it writes any of it, for one document that it does not take.
        if len(items) == 1:
            return [error]
        middle = len(items) // 2
        return [*await together(wire, db, items[:middle]), *await together(wire, db, items[middle:])]
    outcomes: list[_Outcome] = _read_outcomes(answer)
    if not replicated:
        if len(outcomes) != len(items):
            raise StoreUnavailable("CouchDB did not answer for each document of a batch.")
        return [_result(item, outcome) for item, outcome in zip(items, outcomes, strict=True)]
    # Of replicated revisions CouchDB lists only those that it refused.
    refused = {(outcome.id, outcome.rev): outcome for outcome in outcomes if not (outcome.ok or outcome.accepted)}
    results: list[Result] = []
    for item in items:
        rev = item.path[0] if isinstance(item, Write) else ""
        outcome = refused.get((item.id, rev)) if refused else None
        results.append(Written(item.id, rev) if outcome is None else of_error(outcome))
    return results


def _result(item: Write | Edit, outcome: _Outcome) -> Result:
    if outcome.rev is not None and (outcome.ok or outcome.accepted):
        return Written(item.id, outcome.rev)
    return of_error(outcome)


async def _alone(wire: Wire, db: str, item: Write | Edit) -> Result:
    described = attachments_of(item)
    text = text_of(item, encode(described))
    query = {"new_edits": "false"} if isinstance(item, Write) else None
    new = {name: given for name, given in item.attachments.items() if isinstance(given, NewAttachment)}
    body: bytes | AsyncIterator[bytes] = text
    headers = {"Content-Type": "application/json"}
    if new:
        boundary = uuid4().hex
        parts, length = _parts(text, new, boundary)
        body = _stream(parts)
        headers = {"Content-Type": f'multipart/related; boundary="{boundary}"', "Content-Length": str(length)}
    try:
        answer = await wire.write("PUT", wire.path(db, item.id), query, body, headers, db=db)
    except NotFound:
        raise
    except StoreUnavailable as error:
        if error.facts.get("status") != 500:
            raise
        return error  # It did answer: this document is one that it cannot take, and the others are not to wait for it.
    except FieldbookError as error:
        return error
    return _result(item, _read_outcome(answer))


def _parts(text: bytes, new: dict[str, NewAttachment], boundary: str) -> tuple[list[bytes | Path], int]:
    """The pieces of a multipart/related body, in the order of `_attachments`, and how many bytes they are together."""
    parts: list[bytes | Path] = [f"--{boundary}\r\nContent-Type: application/json\r\n\r\n".encode() + text]
    length = 0
    for name, given in new.items():
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        size = given.length if given.encoding is None else given.encoded_length or 0
        head = f'\r\n--{boundary}\r\nContent-Disposition: attachment; filename="{quoted}"\r\n'
        head += f"Content-Type: {given.content_type}\r\nContent-Length: {size}\r\n"
        head += f"Content-Encoding: {given.encoding}\r\n\r\n" if given.encoding else "\r\n"
        parts += [head.encode(), given.data]
        length += size if isinstance(given.data, Path) else 0
    parts.append(f"\r\n--{boundary}--".encode())
    return parts, length + sum(len(part) for part in parts if isinstance(part, bytes))


async def _stream(parts: list[bytes | Path]) -> AsyncIterator[bytes]:
    for part in parts:
        if isinstance(part, bytes):
            yield part
            continue
        file = await anyio.to_thread.run_sync(part.open, "rb")
        try:
            while chunk := await anyio.to_thread.run_sync(file.read, READ_CHUNK_BYTES):
                yield chunk
        finally:
            file.close()
