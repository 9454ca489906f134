"""Decide how the tablet app and the review desk reach a browser: their built files from memory, compressed once, with a policy that
lets them load nothing from elsewhere and speak with the servers that the settings name (SE19 to SE21)."""

import asyncio
import hashlib
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import brotli
import msgspec
from litestar import HttpMethod, Request, Response, get, route
from litestar.di import NamedDependency
from litestar.params import FromPath

from server.services import Services
from sync.errors import NotFound

APPS = Path(__file__).parent / "apps"
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".woff2": "font/woff2",
}
_COMPRESSED = (".html", ".js", ".css", ".json", ".webmanifest", ".svg")
_NEVER_CHANGES = "public, max-age=31536000, immutable"
_ASK_EACH_TIME = "no-cache"


class File(NamedTuple):
    written: int
    """When, in nanoseconds: a file that was built anew is read anew."""
    media: str
    body: bytes
    small: bytes | None
    """The same in brotli."""
    etag: str
    lasts: str


class Site:
    """The files of one app. Read when first asked for, each compressed once."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._files: dict[str, File] = {}

    async def find(self, path: str) -> File | None:
        """`path` is relative, without a slash at its beginning; None when there is no such file."""
        file = (self._directory / path).resolve()
        media = _TYPES.get(file.suffix)
        if media is None or not file.is_relative_to(self._directory.resolve()) or not file.is_file():
            return None
        known, written = self._files.get(path), file.stat().st_mtime_ns
        if known is None or known.written != written:
            known = self._files[path] = await asyncio.to_thread(self._read, file, path, media, written)
        return known

    def _read(self, file: Path, path: str, media: str, written: int) -> File:
        body = file.read_bytes()
        small = brotli.compress(body, quality=9) if file.suffix in _COMPRESSED else None
        # Names under assets/ hold a hash of their content.
        lasts = _NEVER_CHANGES if path.startswith("assets/") else _ASK_EACH_TIME
        return File(written, media, body, small, f'"{hashlib.sha256(body).hexdigest()[:20]}"', lasts)


TABLET, DESK = Site(APPS / "tablet"), Site(APPS / "desk")
TRIED = "tried/index.html"
"""The page of the desk in which a form is tried: shown in a frame of the desk itself, and so strict that nothing can leave it."""


@get("/", include_in_schema=False)
async def tablet_app(request: Request[Any, Any, Any], services: NamedDependency[Services]) -> Response[bytes]:
    """The tablet app."""
    return await _answer(request, services, TABLET, "index.html")


@get("/desk", include_in_schema=False)
async def desk_app(request: Request[Any, Any, Any], services: NamedDependency[Services]) -> Response[bytes]:
    """The review desk."""
    return await _answer(request, services, DESK, "index.html")


@get("/desk/{path:path}", include_in_schema=False)
async def desk_file(
    request: Request[Any, Any, Any], services: NamedDependency[Services], path: FromPath[str]
) -> Response[bytes]:
    """A file of the review desk."""
    return await _answer(request, services, DESK, path.removeprefix("/"))


@get("/app.json", include_in_schema=False)
async def app_settings(services: NamedDependency[Services]) -> Response[bytes]:
    """What the app is told of its surroundings: the servers that it may sync with, the first unless another is chosen."""
    told = msgspec.json.encode({"servers": services.settings.app_servers or [""]})
    return Response(told, media_type="application/json", headers={"cache-control": _ASK_EACH_TIME})


@route(
    "/{path:path}",
    http_method=[HttpMethod.GET, HttpMethod.HEAD, HttpMethod.POST, HttpMethod.PUT, HttpMethod.DELETE],
    include_in_schema=False,
    status_code=200,
)
async def app_file(
    request: Request[Any, Any, Any], services: NamedDependency[Services], path: FromPath[str]
) -> Response[bytes]:
    """A file of the app; anything else that no route knows is not there, whatever is asked of it: a CouchDB's replicator takes any other
    answer to `POST /_session` for a refusal."""
    if request.method not in (HttpMethod.GET, HttpMethod.HEAD):
        raise NotFound(f"There is nothing at {path}.")
    return await _answer(request, services, TABLET, path.removeprefix("/"))


async def _answer(request: Request[Any, Any, Any], services: Services, site: Site, path: str) -> Response[bytes]:
    file = await site.find(path)
    if file is None:
        if path == "index.html":
            raise NotFound("This app has not been built: `make app` does it.")
        raise NotFound(f"There is nothing at /{path}.")
    headers = {"cache-control": file.lasts, "etag": file.etag, "vary": "accept-encoding"}
    if site is DESK and path == TRIED:
        headers |= {"content-security-policy": _TRIED_POLICY, "x-frame-options": "SAMEORIGIN"}
    elif file.media.startswith("text/html"):
        headers["content-security-policy"] = policy(services.settings.app_servers)
        headers["permissions-policy"] = "camera=(self), geolocation=(self), microphone=()"
    if request.headers.get("if-none-match") == file.etag:
        return Response(b"", status_code=304, media_type=file.media, headers=headers)
    if file.small is not None and "br" in request.headers.get("accept-encoding", ""):
        return Response(file.small, media_type=file.media, headers={**headers, "content-encoding": "br"})
    return Response(file.body, media_type=file.media, headers=headers)


_TRIED_POLICY = (
    "default-src 'self'; img-src 'self' blob: data:; style-src 'self' 'unsafe-inline'; connect-src 'none'; "
    "frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
)


def policy(servers: tuple[str, ...]) -> str:
    """Scripts, styles and fonts from the app itself; pictures also from memory; requests also to the servers that it syncs with."""
    origins = " ".join(
        dict.fromkeys(f"{parts.scheme}://{parts.netloc}" for parts in map(urlsplit, servers) if parts.netloc)
    )
    return (
        "default-src 'self'; img-src 'self' blob: data:; style-src 'self' 'unsafe-inline'; "
        f"connect-src 'self' {origins}".rstrip()
        + "; worker-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
    )
