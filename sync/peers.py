"""Decide how a replicator speaks to a side: a CouchDB-shaped database behind a URL, or a database of a store in this process.

Both give documents in the same form, as they are on the wire: with `_revisions`, and attachments inline.
"""

import asyncio
import base64
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import aiohttp
import msgspec
from yarl import URL

from sync import tree as trees
from sync.documents import content_of, encode, parse_write, stub_of
from sync.errors import AlreadyExists, FieldbookError, Forbidden, NotFound, TooLarge, Unauthenticated
from sync.stores.contract import Store, Stored, Want, Written

TRIES_MAX = 8
WAIT_SECONDS_MAX = 30.0
ANSWER_SECONDS_MAX = 300.0

Document = dict[str, Any]
Sleep = Callable[[float], Awaitable[None]]


class Unreachable(FieldbookError):
    """The other side did not answer, or not in a way that can be used, as often as it was tried."""

    code = "unreachable"


class Told(NamedTuple):
    """A page of a feed. `changes`: (id, leaves). `more`: there are changes after `last`."""

    changes: list[tuple[str, list[str]]]
    last: str | int
    more: bool


class Refusal(NamedTuple):
    """A revision that did not arrive, and why."""

    id: str
    rev: str
    reason: str


class Fetched(NamedTuple):
    documents: list[Document]
    absent: list[Refusal]


class Peer(Protocol):
    name: str
    """Where it is, without a password: replications between the same two names share a checkpoint."""

    async def local(self, name: str) -> Document | None: ...

    async def put_local(self, name: str, doc: Document) -> None: ...

    async def changes(self, since: str | int, limit: int) -> Told: ...

    async def wait(self, since: str | int, timeout_seconds: float) -> bool:
        """Until there is something after `since`; False when the time is up."""

    async def missing(self, revs: Mapping[str, Sequence[str]]) -> dict[str, list[str]]: ...

    def fetch(self, revs: Mapping[str, Sequence[str]]) -> AsyncIterator[Fetched]:
        """These revisions, or the leaves that came of them; what has attachments comes one by one, for it may be large."""

    async def push(self, documents: Sequence[Document]) -> list[Refusal]:
        """Keep these revisions as they are; returns those that were refused."""


class StorePeer:
    """A database of a store in this process, without rights: whoever can open the store may have all of it. `erased`: what was
    erased here and is not taken back, by id."""

    def __init__(self, store: Store, db: str, name: str, erased: Callable[[str], bool] = lambda _: False) -> None:
        self._store, self._db, self.name, self._erased = store, db, name, erased

    async def local(self, name: str) -> Document | None:
        held = await self._store.local(self._db, name)
        return None if held is None else content_of(held[1])

    async def put_local(self, name: str, doc: Document) -> None:
        held = await self._store.local(self._db, name)
        await self._store.put_local(self._db, name, held[0] if held else None, encode(doc))

    async def changes(self, since: str | int, limit: int) -> Told:
        page = await self._store.changes(self._db, self._position(since), limit=limit)
        found = [(change.id, list(change.leaves)) for change in page.changes]
        return Told(found, f"{self._store.incarnation}.{page.last}", page.pending > 0)

    async def wait(self, since: str | int, timeout_seconds: float) -> bool:
        return await self._store.wait(self._db, self._position(since), None, timeout_seconds)

    async def missing(self, revs: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        return {doc: gap.missing for doc, gap in (await self._store.missing(self._db, revs)).items()}

    async def fetch(self, revs: Mapping[str, Sequence[str]]) -> AsyncIterator[Fetched]:
        plain = Fetched([], [])
        for found in await self._store.get(self._db, [Want(doc, list(many), True) for doc, many in revs.items()]):
            plain.absent.extend(Refusal(found.id, rev, "the source does not hold it") for rev in found.absent)
            for stored in found.revisions:
                doc = await self._document(found.id, found.tree, stored)
                if stored.attachments:
                    yield Fetched([doc], [])
                else:
                    plain.documents.append(doc)
        yield plain

    async def push(self, documents: Sequence[Document]) -> list[Refusal]:
        refused, writes = [], []
        for doc in documents:
            try:
                write = parse_write(dict(doc))
                if self._erased(write.id):
                    raise Forbidden("it was erased here", code="erased")
                writes.append(write)
            except FieldbookError as error:
                refused.append(Refusal(str(doc.get("_id")), str(doc.get("_rev")), f"{error.code}: {error.reason}"))
        for write, result in zip(writes, await self._store.add(self._db, writes) if writes else [], strict=True):
            if not isinstance(result, Written):
                refused.append(Refusal(write.id, write.path[0], f"{result.code}: {result.reason}"))
        return refused

    async def _document(self, doc_id: str, tree: trees.Tree, stored: Stored) -> Document:
        path = trees.ancestry(tree, stored.rev)
        ids = [rev.partition("-")[2] for rev in path]
        start = int(stored.rev.partition("-")[0])
        doc = {**content_of(stored.body), "_id": doc_id, "_rev": stored.rev, "_revisions": {"start": start, "ids": ids}}
        if stored.deleted:
            doc["_deleted"] = True
        if stored.attachments:
            doc["_attachments"] = {}
        for name, attachment in stored.attachments.items():
            chunks = await self._store.read_attachment(self._db, doc_id, attachment, name, stored.rev)
            data = b"".join([chunk async for chunk in chunks])
            if attachment.encoding == "gzip":
                data = _unpacked(data)
            told = {key: value for key, value in stub_of(attachment).items() if key not in ("stub", "length")}
            if attachment.encoding:
                # The digest is of the bytes as they are kept, and these are sent plain.
                del told["digest"]
            doc["_attachments"][name] = {**told, "data": base64.b64encode(data).decode()}
        return doc

    def _position(self, since: str | int) -> str:
        """A position of another incarnation means nothing here."""
        incarnation, _, position = str(since).partition(".")
        return position if incarnation == self._store.incarnation and position else "0"


class UrlPeer:
    """A database behind a URL, with the name and password that it holds, or with a bearer token."""

    def __init__(self, session: aiohttp.ClientSession, url: str, token: str = "", sleep: Sleep = asyncio.sleep) -> None:
        self.name, self._headers = without_password(url, token)
        self._session, self._sleep = session, sleep

    async def local(self, name: str) -> Document | None:
        try:
            held = await self._ask("GET", f"_local/{quote(name, safe='')}")
        except NotFound:
            return None
        return {key: value for key, value in held.items() if not key.startswith("_")}

    async def put_local(self, name: str, doc: Document) -> None:
        path = f"_local/{quote(name, safe='')}"
        try:
            rev = {"_rev": (await self._ask("GET", path))["_rev"]}
        except NotFound:
            rev = {}
        await self._ask("PUT", path, {**doc, **rev})

    async def changes(self, since: str | int, limit: int) -> Told:
        path = f"_changes?style=all_docs&limit={limit}&seq_interval={limit}&since={quote(str(since), safe='')}"
        answer = await self._ask("GET", path)
        found = [(line["id"], [leaf["rev"] for leaf in line["changes"]]) for line in answer["results"]]
        return Told(found, answer["last_seq"], answer.get("pending", 0) > 0 or len(found) >= limit)

    async def wait(self, since: str | int, timeout_seconds: float) -> bool:
        timeout = int(min(timeout_seconds, 50.0) * 1000)
        path = f"_changes?feed=longpoll&style=all_docs&limit=1&timeout={timeout}&since={quote(str(since), safe='')}"
        return bool((await self._ask("GET", path))["results"])

    async def missing(self, revs: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        answer = await self._ask("POST", "_revs_diff", revs)
        return {doc: gap["missing"] for doc, gap in answer.items() if gap.get("missing")}

    async def fetch(self, revs: Mapping[str, Sequence[str]]) -> AsyncIterator[Fetched]:
        plain = await self._get([(doc, rev) for doc, many in revs.items() for rev in many], "")
        large = [doc for doc in plain.documents if "_attachments" in doc]
        yield Fetched([doc for doc in plain.documents if "_attachments" not in doc], plain.absent)
        for doc in large:
            yield await self._get([(doc["_id"], doc["_rev"])], "&attachments=true")

    async def _get(self, wanted: Sequence[tuple[str, str]], how: str) -> Fetched:
        asked = [{"id": doc, "rev": rev} for doc, rev in wanted]
        answer = await self._ask("POST", f"_bulk_get?revs=true&latest=true{how}", {"docs": asked})
        documents: dict[tuple[str, str], Document] = {}
        absent = []
        for result in answer["results"]:
            for one in result["docs"]:
                if "ok" in one:
                    documents[result["id"], one["ok"]["_rev"]] = one["ok"]
                else:
                    error = one["error"]
                    absent.append(Refusal(result["id"], str(error.get("rev")), f"{error['error']}: {error['reason']}"))
        return Fetched(list(documents.values()), absent)

    async def push(self, documents: Sequence[Document]) -> list[Refusal]:
        """What is too large together, or is refused as a whole, is sent in halves, down to single documents."""
        if not documents:
            return []
        try:
            answer = await self._ask("POST", "_bulk_docs", {"docs": documents, "new_edits": False})
        except (Unauthenticated, Unreachable, NotFound):
            raise
        except FieldbookError as error:
            if len(documents) == 1:
                doc = documents[0]
                return [Refusal(str(doc.get("_id")), str(doc.get("_rev")), f"{error.code}: {error.reason}")]
            middle = len(documents) // 2
            return [*await self.push(documents[:middle]), *await self.push(documents[middle:])]
        sent = {doc["_id"]: doc["_rev"] for doc in documents}
        return [
            Refusal(one["id"], one.get("rev") or sent.get(one["id"], ""), f"{one['error']}: {one.get('reason', '')}")
            for one in answer
            if "error" in one
        ]

    async def databases(self) -> list[str]:
        """Of the server whose root this URL is."""
        return [str(name) for name in await self._ask("GET", "_all_dbs")]

    async def create(self) -> None:
        """Make the database, unless it is there."""
        try:
            await self._ask("PUT", "")
        except AlreadyExists:
            return

    async def _ask(self, method: str, path: str, body: object = None) -> Any:
        """The decoded answer. Tries again, waiting longer each time, where that may help; raises what was said otherwise."""
        sent = None if body is None else encode(body)
        trouble = ""
        for attempt in range(TRIES_MAX):
            if attempt:
                await self._sleep(min(WAIT_SECONDS_MAX, 0.25 * 2**attempt))
            try:
                status, text = await self._once(method, path, sent)
                answer = msgspec.json.decode(text) if text else {}
            except (TimeoutError, aiohttp.ClientError, OSError) as error:
                trouble = str(error) or type(error).__name__
                continue
            except msgspec.DecodeError:
                trouble = "the answer broke off, or is no JSON"
                continue
            if status < 400:
                return answer
            told = answer if isinstance(answer, dict) else {}
            code, reason = str(told.get("error", status)), str(told.get("reason", ""))
            if status >= 500 or status == 429:
                trouble = f"{code}: {reason}"
                continue
            raise _ERRORS.get(status, FieldbookError)(reason or None, code=code)
        raise Unreachable(f"{self.name}: tried {TRIES_MAX} times; last: {trouble}")

    async def _once(self, method: str, path: str, body: bytes | None) -> tuple[int, bytes]:
        url = URL(f"{self.name}/{path}" if path else self.name, encoded=True)
        limit = aiohttp.ClientTimeout(total=ANSWER_SECONDS_MAX)
        async with self._session.request(method, url, data=body, headers=self._headers, timeout=limit) as answer:
            return answer.status, await answer.read()


def without_password(url: str, token: str = "") -> tuple[str, dict[str, str]]:
    """(the URL without its name and password, the headers that say who is asking)"""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    headers = {"content-type": "application/json", "accept": "application/json"}
    if token:
        headers["authorization"] = f"Bearer {token}"
    elif parts.username is not None:
        named = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["authorization"] = "Basic " + base64.b64encode(named.encode()).decode()
    return urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", "")), headers


def _unpacked(data: bytes) -> bytes:
    return zlib.decompress(data, wbits=31)


_ERRORS: dict[int, type[FieldbookError]] = {
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    412: AlreadyExists,
    413: TooLarge,
}
