"""Decide which request goes where under `/sync`, and that none of them ends in anything but CouchDB's own words.

One ASGI application beside Litestar's routes, not one of them: CouchDB's paths hold percent-encoded slashes inside ids, which a router that
splits the decoded path cannot tell apart, and the hot paths answer in ready-made bytes.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

from litestar.enums import ScopeType
from litestar.types import Receive, Scope, Send

from server.couch import attachments, bulk, changes, database, document, local, root
from server.couch.answers import Answer, refusal, send_answer
from server.couch.call import Call, Gone
from server.couch.limits import Limits
from sync.actor import Actor
from sync.admission import Admission
from sync.documents import check_id
from sync.errors import BadRequest, FieldbookError, NotFound, Unauthenticated, Unsupported
from sync.replication import Delivered, Replica
from sync.stores.contract import Store

log = logging.getLogger(__name__)

_BROKEN = Answer(
    500,
    b'{"error":"unknown_error","reason":"Something went wrong on the server; its log says what. Try again later."}\n',
)

Handler = Callable[[Call, Replica], Awaitable[Answer]]


class Doorkeeper(Protocol):
    """Who is asking, from the request's headers: None for nobody known. Raises Unauthenticated, TooManyAttempts."""

    async def actor(self, call: Call) -> Actor | None: ...

    def mark(self, actor: Actor) -> int:
        """A number that changes when the account or tablet behind an actor does."""

    async def log_in(self, call: Call) -> Answer: ...

    async def log_out(self, call: Call) -> Answer: ...


class CouchEndpoint:
    def __init__(
        self,
        store: Store,
        admission: Admission,
        doorkeeper: Doorkeeper,
        limits: Limits,
        stopping: asyncio.Event,
        delivered: Delivered = lambda *_: None,
    ) -> None:
        self.store = store
        self.admission = admission
        self.doorkeeper = doorkeeper
        self.limits = limits
        self.stopping = stopping
        self.delivered = delivered

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            return
        started = False

        async def sending(message: object) -> None:
            nonlocal started
            started = True
            await send(message)  # type: ignore[arg-type]  # passed through as it came

        accept_encoding, challenge = "", True
        head = scope["method"] == "HEAD"
        try:
            call = Call(scope, receive, self.limits, self.stopping)
            accept_encoding = call.headers.get("accept-encoding", "")
            # Over the page whose script asked, a browser would lay a log-in window of its own, and hold the request until it is closed.
            challenge = call.headers.get("sec-fetch-mode", "navigate") == "navigate"
            answer = await self._answer(call)
            await send_answer(sending, answer, accept_encoding, head=head)
        except Gone:
            return
        except FieldbookError as error:
            if started:
                raise
            await send_answer(send, refusal(error, challenge=challenge), accept_encoding, head=head)
        except Exception:
            if started:
                raise
            log.exception("%s %s failed", scope["method"], scope["path"])
            await send_answer(send, _BROKEN, accept_encoding, head=head)

    async def _answer(self, call: Call) -> Answer:
        segments = call.segments
        if not segments:
            return root.welcome(self.store)
        if segments[0] in _OPEN and len(segments) == 1:
            return await _OPEN[segments[0]](call, self)
        actor = await self.doorkeeper.actor(call)
        if actor is None:
            raise Unauthenticated("You must log in: name and password, session or token.")
        if segments[0] in _ROOT and len(segments) == 1:
            return await _ROOT[segments[0]](call, self, actor)
        db, *path = segments
        if not path and call.method == "PUT":
            return await root.create_database(call, self.store, actor, db)
        database.check_name(db)
        if db not in await self.store.databases():
            raise database.missing_database(db)
        self.admission.enter(actor, db)
        mark = self.doorkeeper.mark(actor)
        replica = Replica(
            self.store, db, actor, self.admission, lambda: self.doorkeeper.mark(actor) == mark, self.delivered
        )
        if not path:
            return await _method(call, _DATABASE)(call, replica)
        if len(path) == 1 and path[0] in _UNDER:
            return await _method(call, _UNDER[path[0]])(call, replica)
        return await self._document(call, replica, path)

    async def _document(self, call: Call, replica: Replica, path: list[str]) -> Answer:
        if path[0] == "_local" and len(path) >= 2:
            path = [f"_local/{path[1]}", *path[2:]]
        if path[0].startswith("_local/"):
            _allow(call, "GET", "HEAD", "PUT", "DELETE")
            if len(path) > 1:
                raise BadRequest("_local documents do not accept attachments.")
            return await local.local_document(call, replica, path[0][7:])
        if path[0] == "_design" and len(path) >= 2:
            path = [f"_design/{path[1]}", *path[2:]]
        if path[0].startswith("_design/") and len(path) > 1 and path[1].startswith("_"):
            raise Unsupported(
                "Views, lists, shows and update functions are not run on this server.", path="/".join(path)
            )
        if path[0] in ("_find", "_index", "_explain", "_view", "_temp_view"):
            raise Unsupported(f"{path[0]} is not offered by this server.")
        doc_id = check_id(path[0])
        name = "/".join(path[1:])
        if len(path) > 1:
            _allow(call, "GET", "HEAD", "PUT", "DELETE")
            if call.method == "PUT":
                return await attachments.put_attachment(call, replica, doc_id, name)
            if call.method == "DELETE":
                return await attachments.delete_attachment(call, replica, doc_id, name)
            return await attachments.get_attachment(call, replica, doc_id, name)
        _allow(call, "GET", "HEAD", "PUT", "DELETE")
        if call.method == "PUT":
            return await document.put_document(call, replica, doc_id)
        if call.method == "DELETE":
            return await document.delete_document(call, replica, doc_id)
        return await document.get_document(call, replica, doc_id)


async def _up(call: Call, endpoint: CouchEndpoint) -> Answer:
    return root.up(endpoint.stopping.is_set())


async def _session(call: Call, endpoint: CouchEndpoint) -> Answer:
    _allow(call, "GET", "HEAD", "POST", "DELETE")
    if call.method == "POST":
        return await endpoint.doorkeeper.log_in(call)
    if call.method == "DELETE":
        return await endpoint.doorkeeper.log_out(call)
    return root.session(await endpoint.doorkeeper.actor(call))


async def _uuids(call: Call, endpoint: CouchEndpoint) -> Answer:
    return root.uuids(call)


async def _all_dbs(call: Call, endpoint: CouchEndpoint, actor: Actor) -> Answer:
    database.need_administrator(actor)
    return root.all_databases(call, await endpoint.store.databases())


async def _no_tasks(call: Call, endpoint: CouchEndpoint, actor: Actor) -> Answer:
    database.need_administrator(actor)
    return Answer(200, b"[]\n")


def _method(call: Call, handlers: dict[str, Handler]) -> Handler:
    handler = handlers.get("GET" if call.method == "HEAD" else call.method)
    if handler is None:
        _allow(call, *handlers)
        raise NotFound
    return handler


def _allow(call: Call, *methods: str) -> None:
    if call.method not in methods:
        raise BadRequest(f"Only {','.join(methods)} allowed", code="method_not_allowed")


_OPEN = {"_up": _up, "_session": _session, "_uuids": _uuids}
_ROOT = {"_all_dbs": _all_dbs, "_active_tasks": _no_tasks}
_DATABASE: dict[str, Handler] = {"GET": database.info, "POST": document.post_document, "DELETE": database.drop}
_UNDER: dict[str, dict[str, Handler]] = {
    "_all_docs": {"GET": database.all_docs, "POST": database.all_docs},
    "_bulk_docs": {"POST": bulk.bulk_docs},
    "_bulk_get": {"POST": bulk.bulk_get},
    "_changes": {"GET": changes.changes, "POST": changes.changes},
    "_compact": {"POST": database.compact},
    "_ensure_full_commit": {"POST": database.ensure_full_commit},
    "_local_docs": {"GET": local.local_documents},
    "_missing_revs": {"POST": bulk.missing_revs},
    "_purge": {"POST": database.purge},
    "_revs_diff": {"POST": bulk.revs_diff},
    "_revs_limit": {"GET": database.revs_limit, "PUT": database.revs_limit},
    "_security": {"GET": database.security, "PUT": database.security},
}
