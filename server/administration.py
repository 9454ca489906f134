"""Decide how the command line administers a data directory: through the server that uses it, or, when none does, through the same
routes in its own process (SE8). So there is one way in, one set of checks and one audit."""

import asyncio
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import msgspec

from server.data import Running, locked, running
from server.settings import Settings
from sync.errors import FieldbookError

if TYPE_CHECKING:
    from litestar import Litestar


class Refused(FieldbookError):
    """What the server answered."""

    code = "refused"


def ask(settings: Settings, method: str, path: str, body: object = None) -> Any:
    """The answer of `/api/v1<path>`, decoded. Bytes are sent as they are, anything else as JSON. Raises Refused with the server's
    reason, Busy, StoreDamaged."""
    text = _answered(settings, method, path, body)
    return msgspec.json.decode(text) if text else None


def fetch(settings: Settings, path: str) -> bytes:
    """What `GET /api/v1<path>` gives, as it is. Raises as `ask`."""
    return _answered(settings, "GET", path, None)


def _answered(settings: Settings, method: str, path: str, body: object) -> bytes:
    sent = body if isinstance(body, bytes) else b"" if body is None else msgspec.json.encode(body)
    server = running(settings.directory)
    if server is not None:
        status, text = _over_http(server, method, f"/api/v1{path}", sent)
    else:
        with locked(settings.directory, "command"):
            status, text = asyncio.run(_in_process(settings, method, f"/api/v1{path}", sent))
    if status >= 400:
        answer = msgspec.json.decode(text) if text else None
        reason = answer.get("reason", "") if isinstance(answer, dict) else ""
        problems = answer.get("problems", []) if isinstance(answer, dict) else []
        details = "; ".join(f"{one['field']}: {one['problem']}" for one in problems)
        raise Refused(f"{reason} {details}".strip() or f"The server answered {status}.")
    return text


def _over_http(server: Running, method: str, path: str, body: bytes) -> tuple[int, bytes]:
    request = urllib.request.Request(server.url + path, data=body or None, method=method)  # noqa: S310  # our own address
    request.add_header("Authorization", f"Bearer {server.token}")
    request.add_header("Content-Type", "application/json")
    # No proxy of the environment stands between this machine and itself.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=60) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
    except (urllib.error.URLError, TimeoutError) as error:
        raise Refused(f"The server at {server.url} (process {server.pid}) does not answer: {error}") from None


async def _in_process(settings: Settings, method: str, path: str, body: bytes) -> tuple[int, bytes]:
    # Here, since a command that asks a running server starts in a third of the time without it.
    from server.app import create_app
    from server.running import living

    app = create_app(settings)
    async with living(app) as services:
        return await _call(app, method, path, body, services.process.text)


async def _call(app: "Litestar", method: str, path: str, body: bytes, token: str) -> tuple[int, bytes]:
    """One request to the application, without a network (ASGI 3, "http")."""
    raw_path, _, query = path.partition("?")
    headers = [(b"authorization", f"Bearer {token}".encode()), (b"content-type", b"application/json")]
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(raw_path),
        "raw_path": raw_path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [*headers, (b"content-length", str(len(body)).encode())],
        "client": None,
        "server": None,
    }
    asked = [{"type": "http.request", "body": body, "more_body": False}]
    status, parts = 500, []

    async def receive() -> Any:
        return asked.pop() if asked else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
        else:
            parts.append(message.get("body", b""))

    await app(scope, receive, send)  # type: ignore[arg-type]  # a plain dict is a scope
    return status, b"".join(parts)
