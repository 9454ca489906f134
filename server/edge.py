"""Decide what holds for every request whatever it asks: where it came from, which origins may read the answer, which headers
keep the answer harmless, and that it is counted (SE4 to SE6)."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from server.doorkeeper import ADDRESS

_METHODS = b"GET, HEAD, POST, PUT, PATCH, DELETE"
_ASKED = b"authorization, content-type, accept, if-match, if-none-match"
_TOLD = b"etag, retry-after, content-range, accept-ranges, content-length, content-type, date"

_HARMLESS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
    (b"content-security-policy", b"default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"),
]


class Counters:
    def __init__(self) -> None:
        self.requests: Counter[tuple[str, str]] = Counter()
        """By class (sync, api, other) and status (2xx …)."""
        self.feeds = 0
        """Changes feeds that are open: tablets that listen."""


class Edge:
    """Wraps the whole application, so that answers to unknown paths are covered too.

    What goes to `/sync` is handed to the CouchDB-shaped endpoint at once: it reads paths and answers errors itself, and the way
    through the framework's routing costs as much as half of what a small write does.
    """

    def __init__(self, app: ASGIApp, sync: ASGIApp, origins: Sequence[str], counters: Counters) -> None:
        self._app = app
        self._sync = sync
        self._origins = frozenset(origin.encode() for origin in origins)
        self._counters = counters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        client = scope.get("client")
        ADDRESS.set(client[0] if client else "")
        origin = self._allowed(scope["headers"]) if self._origins else None
        if origin is not None and scope["method"] == "OPTIONS":
            await _preflight(send, origin)
            return
        kind, counters = _class(scope["path"]), self._counters

        async def sending(message: Any) -> None:
            if message["type"] == "http.response.start":
                counters.requests[kind, f"{message['status'] // 100}xx"] += 1
                headers = list(message.get("headers", ()))
                if kind == "sync":
                    headers += _HARMLESS
                else:
                    there = {name.lower() for name, _ in headers}
                    headers += [header for header in _HARMLESS if header[0] not in there]
                if origin is not None:
                    headers += _cors(origin)
                elif self._origins:
                    headers.append((b"vary", b"origin"))
                message["headers"] = headers
            await send(message)

        if kind != "sync":
            await self._app(scope, receive, sending)
        elif b"feed=longpoll" in scope["query_string"] or b"feed=continuous" in scope["query_string"]:
            counters.feeds += 1
            try:
                await self._sync(scope, receive, sending)
            finally:
                counters.feeds -= 1
        else:
            await self._sync(scope, receive, sending)

    def _allowed(self, headers: Any) -> bytes | None:
        return next((value for name, value in headers if name == b"origin" and value in self._origins), None)


def _cors(origin: bytes) -> list[tuple[bytes, bytes]]:
    """No `Access-Control-Allow-Credentials`: from elsewhere only a bearer token counts, never a cookie."""
    return [
        (b"access-control-allow-origin", origin),
        (b"access-control-expose-headers", _TOLD),
        (b"vary", b"origin"),
    ]


async def _preflight(send: Send, origin: bytes) -> None:
    headers = [
        *_cors(origin),
        (b"access-control-allow-methods", _METHODS),
        (b"access-control-allow-headers", _ASKED),
        (b"access-control-max-age", b"7200"),
        (b"content-length", b"0"),
    ]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def _class(path: str) -> str:
    if path.startswith("/sync/") or path == "/sync":
        return "sync"
    return "api" if path.startswith("/api/") else "other"
