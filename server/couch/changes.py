"""Decide what a changes feed sends and when: at once, when something comes (longpoll), or for as long as one listens (continuous).

CouchDB, "/{db}/_changes". A feed that waits notices when its client has gone, and ends when the server stops.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

from server.couch.answers import Answer
from server.couch.call import Call, whole
from server.couch.rendering import Extras, document
from sync.documents import content_of, encode, render
from sync.errors import BadRequest, NotFound, Unsupported
from sync.replication import Replica
from sync.selector import Matcher, compile_selector
from sync.stores.contract import LEAVES, Change, Page, Want

TIMEOUT_SECONDS_MAX = 60.0
HEARTBEAT_SECONDS = 60.0
CHUNK = 2_000
"""Changes read at a time: bounds what one reader holds in memory."""


@dataclass(slots=True)
class Feed:
    kind: str
    since: object
    limit: int | None
    descending: bool
    include_docs: bool
    all_leaves: bool
    extras: Extras
    heartbeat_seconds: float | None
    timeout_seconds: float
    ids: list[str] | None
    keep: Matcher | None
    design_only: bool
    seq_interval: int

    @classmethod
    def of(cls, call: Call, body: dict[str, Any]) -> "Feed":
        kind = call.query.get("feed", "normal")
        if kind not in ("normal", "longpoll", "continuous"):
            raise BadRequest(f"Supported `feed` types: normal, continuous, longpoll; not {kind}")
        ids, keep, design_only = _filter(call, body)
        limit = call.number("limit")
        heartbeat = call.query.get("heartbeat")
        beat = (
            HEARTBEAT_SECONDS
            if heartbeat == "true"
            else (whole("heartbeat", heartbeat) or 0) / 1000
            if heartbeat
            else None
        )
        timeout = call.number("timeout")
        return cls(
            kind=kind,
            since=call.query.get("since", call.headers.get("last-event-id", body.get("since", "0"))),
            limit=max(limit, 1) if limit is not None else None,
            descending=call.flag("descending"),
            include_docs=call.flag("include_docs"),
            all_leaves=call.query.get("style") == "all_docs",
            extras=Extras(
                attachments=call.flag("attachments"),
                conflicts=call.flag("conflicts"),
                encoding_info=call.flag("att_encoding_info"),
            ),
            heartbeat_seconds=max(beat, 0.1) if beat else None,
            timeout_seconds=min(TIMEOUT_SECONDS_MAX, timeout / 1000) if timeout is not None else TIMEOUT_SECONDS_MAX,
            ids=ids,
            keep=keep,
            design_only=design_only,
            seq_interval=max(call.number("seq_interval") or 1, 1),
        )


async def changes(call: Call, replica: Replica) -> Answer:
    body = await call.object() if call.method == "POST" else {}
    feed = Feed.of(call, body)
    # What can be wrong is found before the answer begins.
    replica.tokens.position(feed.since)
    if feed.kind == "continuous":
        return Answer(200, _continuous(call, replica, feed), content_type="application/json")
    if feed.kind == "longpoll":
        return Answer(200, _longpoll(call, replica, feed))
    if feed.limit is not None and feed.limit <= CHUNK:
        # Small enough to be sent whole, and compressed.
        return Answer(200, b"".join([chunk async for chunk in _normal(replica, feed)]))
    return Answer(200, _normal(replica, feed))


async def _normal(replica: Replica, feed: Feed) -> AsyncIterator[bytes]:
    sent = 0
    start = b'{"results":[\n'
    async for lines, page in _pages(replica, feed):
        if lines:
            yield start + b",\n".join(lines)
            start = b",\n"
        sent += len(lines)
        last = page
    yield (start if not sent else b"") + _end(replica, last)


async def _longpoll(call: Call, replica: Replica, feed: Feed) -> AsyncIterator[bytes]:
    """Waits where there is nothing to tell. CouchDB sends the head at once; so is it here, or a client gives up waiting for it."""
    yield b'{"results":[\n'
    deadline = time.monotonic() + feed.timeout_seconds
    while True:
        sent = 0
        async for lines, last in _pages(replica, feed):
            if lines:
                yield (b",\n" if sent else b"") + b",\n".join(lines)
            sent += len(lines)
            page = last
        if sent:
            break
        feed.since = replica.tokens.token(page.last)
        try:
            async for beat in _wait(call, replica, feed, page.last, deadline):
                yield beat
        except (TimeoutError, NotFound):
            break
    yield _end(replica, page)


async def _continuous(call: Call, replica: Replica, feed: Feed) -> AsyncIterator[bytes]:
    """One change a line until the client leaves, the time without any is up, or the limit is reached."""
    left = feed.limit
    while True:
        feed.limit = left
        async for lines, last in _pages(replica, feed):
            page = last
            if lines:
                yield b"\n".join(lines) + b"\n"
                left = None if left is None else left - len(lines)
        feed.since = replica.tokens.token(page.last)
        if left is not None and left <= 0:
            break
        try:
            async for beat in _wait(call, replica, feed, page.last, time.monotonic() + feed.timeout_seconds):
                yield beat
        except (TimeoutError, NotFound):
            break
    yield (
        b'{"last_seq":' + encode(replica.tokens.token(page.last)) + b',"pending":' + str(page.pending).encode() + b"}\n"
    )


async def _wait(call: Call, replica: Replica, feed: Feed, position: str, deadline: float) -> AsyncIterator[bytes]:
    """Until there may be something new; a line feed at each heartbeat. Raises TimeoutError when the time is up or the client left."""
    gone = asyncio.ensure_future(_client_gone(call))
    try:
        while True:
            # With a heartbeat CouchDB keeps the connection for as long as the client does.
            remaining = feed.heartbeat_seconds or deadline - time.monotonic()
            woken = asyncio.ensure_future(replica.wait(position, max(remaining, 0)))
            await asyncio.wait({gone, woken}, return_when=asyncio.FIRST_COMPLETED)
            if gone.done():
                woken.cancel()
                raise TimeoutError
            if await woken:
                if call.stopping.is_set() or replica.stale():
                    raise TimeoutError
                return
            if not feed.heartbeat_seconds:
                raise TimeoutError
            yield b"\n"
    finally:
        gone.cancel()


async def _client_gone(call: Call) -> None:
    while (await call.receive())["type"] != "http.disconnect":
        pass


async def _pages(replica: Replica, feed: Feed) -> AsyncIterator[tuple[list[bytes], Page]]:
    """Changes as lines, a chunk at a time, with the page that they came from."""
    since, left = feed.since, feed.limit
    bodies = feed.include_docs or feed.keep is not None
    while True:
        filtered = feed.keep is not None or feed.design_only
        # Backwards there is no going on from a position, so it is one page.
        whole_page = None if filtered else left
        size = whole_page if feed.descending else min(whole_page or CHUNK, CHUNK)
        before = since
        page = await replica.changes(since, limit=size, descending=feed.descending, bodies=bodies, ids=feed.ids)
        kept = _kept(page.changes, feed)
        if left is not None and len(kept) > left:
            kept = kept[:left]
            page = page._replace(last=kept[-1].seq, pending=page.pending + 1)
        replica.delivered(before, replica.tokens.token(page.last), len(kept))
        if feed.descending:
            yield await _lines(replica, feed, kept), page
            return
        yield await _lines(replica, feed, kept), page
        left = None if left is None else left - len(kept)
        if size is None or len(page.changes) < size or (left is not None and left <= 0):
            return
        since = replica.tokens.token(page.last)


def _kept(found: list[Change], feed: Feed) -> list[Change]:
    if feed.design_only:
        found = [change for change in found if change.id.startswith("_design/")]
    if feed.keep is not None:
        keep = feed.keep
        found = [change for change in found if keep(_values(change))]
    return found


def _values(change: Change) -> dict[str, Any]:
    values = {**content_of(change.body or b"{}"), "_id": change.id, "_rev": change.leaves[0]}
    return values | {"_deleted": True} if change.deleted else values


async def _lines(replica: Replica, feed: Feed, found: list[Change]) -> list[bytes]:
    token = replica.tokens.token
    whole_documents = feed.include_docs and (feed.extras.attachments or feed.extras.conflicts)
    lines: list[bytes] = []
    for at, change in enumerate(found, 1):
        seq = encode(token(change.seq)) if at % feed.seq_interval == 0 or at == len(found) else b"null"
        leaves = change.leaves if feed.all_leaves else change.leaves[:1]
        revs = b",".join([b'{"rev":' + encode(rev) + b"}" for rev in leaves])
        line = b'{"seq":' + seq + b',"id":' + encode(change.id) + b',"changes":[' + revs + b"]"
        if change.deleted:
            line += b',"deleted":true'
        if feed.include_docs:
            text = await _whole(replica, feed, change) if whole_documents or change.attachments else _plain(change)
            line += b',"doc":' + text
        lines.append(line + b"}")
    return lines


def _plain(change: Change) -> bytes:
    return render(change.id, change.leaves[0], change.body or b"{}", deleted=change.deleted)


async def _whole(replica: Replica, feed: Feed, change: Change) -> bytes:
    (found,) = await replica.get([Want(change.id, LEAVES if feed.extras.conflicts else (change.leaves[0],))])
    stored = next((one for one in found.revisions if one.rev == change.leaves[0]), None)
    return b"null" if stored is None else await document(replica, found, stored, feed.extras)


def _end(replica: Replica, page: Page) -> bytes:
    last, pending = encode(replica.tokens.token(page.last)), str(page.pending).encode()
    return b'\n],\n"last_seq":' + last + b',"pending":' + pending + b"}\n"


def _filter(call: Call, body: dict[str, Any]) -> tuple[list[str] | None, Callable[[Any], bool] | None, bool]:
    """(ids, selector, only design documents)."""
    name = call.query.get("filter")
    if name is None:
        return None, None, False
    if name == "_doc_ids":
        ids = body.get("doc_ids") if call.method == "POST" else call.json_value("doc_ids")
        if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
            raise BadRequest("`doc_ids` filter parameter is not a list of strings")
        return ids, None, False
    if name == "_selector":
        if not isinstance(body.get("selector"), dict):
            raise BadRequest("Selector error: expected a JSON object in the POST payload")
        return None, compile_selector(body["selector"]), False
    if name == "_design":
        return None, None, True
    raise Unsupported(
        f"Filter functions are not run on this server ({name}): use filter=_doc_ids or filter=_selector.", filter=name
    )
