"""Decide that what a page has already is not sent again: answers of the API bear an ETag of what they say, and a GET that names it has 304.

The ETag is a digest of the whole answer, so it holds for whatever the answer depends on, also the reader's rights. It saves what goes over
the network, not the work of the answer; reading is on the audit trail either way (AP8).
"""

from hashlib import blake2b
from typing import Any

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

_BYTES_MAX = 8 * 1024 * 1024


class Conditional:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asks = scope["type"] == ScopeType.HTTP and scope["method"] == "GET" and scope["path"].startswith("/api/v1/")
        if not asks:
            await self._app(scope, receive, send)
            return
        named = next((value for name, value in scope["headers"] if name == b"if-none-match"), b"")
        start: dict[str, Any] = {}

        async def sending(message: Any) -> None:
            nonlocal start
            if message["type"] == "http.response.start" and _is_json(message):
                start = message
                return
            if start and message["type"] == "http.response.body":
                begun, start = start, {}
                if not message.get("more_body") and len(message.get("body", b"")) <= _BYTES_MAX:
                    await _answer(send, begun, message.get("body", b""), named)
                    return
                await send(begun)  # type: ignore[arg-type]  # as it came
            await send(message)

        await self._app(scope, receive, sending)


def _is_json(message: dict[str, Any]) -> bool:
    headers = {name.lower(): value for name, value in message.get("headers", ())}
    return (
        message["status"] == 200
        and headers.get(b"content-type", b"").startswith(b"application/json")
        and b"etag" not in headers
    )


async def _answer(send: Send, start: dict[str, Any], body: bytes, named: bytes) -> None:
    tag = b'"' + blake2b(body, digest_size=16).hexdigest().encode() + b'"'
    known = {one.strip().removeprefix(b"W/") for one in named.split(b",")}
    headers = [*start.get("headers", ()), (b"etag", tag)]
    if tag in known or b"*" in known:
        dropped = (b"content-length", b"content-type")
        headers = [(name, value) for name, value in headers if name.lower() not in dropped]
        await send({"type": "http.response.start", "status": 304, "headers": headers})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        return
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
