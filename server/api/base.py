"""Decide how the API says no, and who may call what: errors are mapped here once, guards are here for all routes (SE3)."""

import logging
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec
from litestar import Request, Response
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency
from litestar.exceptions import HTTPException, ValidationException
from litestar.handlers import BaseRouteHandler

from server.couch.answers import status_of
from server.services import Services
from sync.actor import Actor
from sync.errors import FieldbookError, Forbidden, TooManyAttempts, Unauthenticated

log = logging.getLogger(__name__)

_CODES = {400: "bad_request", 401: "unauthorized", 403: "forbidden", 404: "not_found", 405: "method_not_allowed"}


class Problem(msgspec.Struct, frozen=True):
    """One thing that is wrong with a request: where, and what."""

    field: str
    problem: str


class Refusal(msgspec.Struct, frozen=True):
    """What every error says."""

    error: str
    reason: str
    problems: list[Problem] = []


class Caller(NamedTuple):
    """What the doorkeeper looks at."""

    method: str
    scheme: str
    headers: Mapping[str, str]


def caller_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Caller:
    scope = connection.scope
    return Caller(str(scope.get("method", "GET")), scope["scheme"], connection.headers)


async def provide_actor(request: Request[Any, Any, Any], services: NamedDependency[Services]) -> Actor:
    """The actor of a request. Raises Unauthenticated for nobody known."""
    return await _actor(services, request)


async def need_login(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    await _actor(connection.app.state.services, connection)


async def need_administrator(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    actor = await _actor(connection.app.state.services, connection)
    if not actor.administrator:
        raise Forbidden("Only administrators may do this.")


async def _actor(services: Services, connection: ASGIConnection[Any, Any, Any, Any]) -> Actor:
    actor = await services.doorkeeper.actor(caller_of(connection))
    if actor is None:
        raise Unauthenticated("You must log in: name and password, session or token.")
    return actor


def refuse(request: Request[Any, Any, Any], error: FieldbookError) -> Response[Refusal]:
    """An error of the catalogue."""
    facts = error.facts.get("problems")
    problems = [one for one in facts if isinstance(one, Problem)] if isinstance(facts, list) else []
    headers = {}
    if isinstance(error, TooManyAttempts) and "retry_seconds" in error.facts:
        headers["retry-after"] = str(error.facts["retry_seconds"])
    return Response(Refusal(error.code, error.reason, problems), status_code=status_of(error), headers=headers)


def refuse_request(request: Request[Any, Any, Any], error: HTTPException) -> Response[Refusal]:
    """What Litestar found wrong before any route was reached."""
    extra = error.extra if isinstance(error, ValidationException) and isinstance(error.extra, list) else []
    problems = [
        Problem(str(one.get("key", "")), str(one.get("message", ""))) for one in extra if isinstance(one, Mapping)
    ]
    code = _CODES.get(error.status_code, "bad_request" if error.status_code < 500 else "internal_error")
    return Response(Refusal(code, error.detail, problems), status_code=error.status_code, headers=error.headers)


def fail(request: Request[Any, Any, Any], error: Exception) -> Response[Refusal]:
    """Broken code: the log has the details, the answer has none."""
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    reason = "Something went wrong on the server; its log says what. Try again, or tell the administrator."
    return Response(Refusal("internal_error", reason), status_code=500)
