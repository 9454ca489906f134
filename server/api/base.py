"""Decide how the API says no, and who may call what: errors are mapped here once, guards are here for all routes (SE3)."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

import msgspec
from litestar import Request, Response
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency
from litestar.exceptions import HTTPException, ValidationException
from litestar.handlers import BaseRouteHandler
from litestar.utils.scope.state import ScopeState

from server.api.problems import Fault, faults_of
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


class ProblemDetails(msgspec.Struct, frozen=True):
    """What every error says (RFC 9457), with `error` and `reason` as CouchDB and `/sync` name them. `type` follows
    from `error`, which stays the same from version to version."""

    type: str
    title: str
    status: int
    detail: str
    error: str
    reason: str


class Refusal(ProblemDetails, frozen=True):
    """`problems`: everything that is wrong, each at its place."""

    problems: list[Problem] = []


PROBLEM_DETAILS = "application/problem+json"


def refusal(code: str, reason: str, status: int, problems: list[Problem]) -> Refusal:
    return Refusal(f"urn:fieldbook:{code}", HTTPStatus(status).phrase, status, reason, code, reason, problems)


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


async def need_auditor(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    actor = await _actor(connection.app.state.services, connection)
    if not (actor.administrator or "committee" in actor.principals):
        raise Forbidden("The audit is for administrators and the committee.")


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
    return _told(refusal(error.code, error.reason, status_of(error), problems), headers)


def refuse_request(request: Request[Any, Any, Any], error: HTTPException) -> Response[Refusal]:
    """What Litestar found wrong before any route was reached."""
    problems: list[Problem] = []
    reason = error.detail
    if isinstance(error, ValidationException) and isinstance(error.extra, list):
        problems = [Problem(fault.at, fault.message) for fault in _body_faults(request)]
        problems += [
            Problem(str(one.get("key", "")), str(one.get("message", "")))
            for one in error.extra
            if isinstance(one, Mapping) and (one.get("source") != "body" or not problems)
        ]
        reason = "This request cannot be taken as it is: put right what is told."
    code = _CODES.get(error.status_code, "bad_request" if error.status_code < 500 else "internal_error")
    return _told(refusal(code, reason, error.status_code, problems), error.headers)


def _body_faults(request: Request[Any, Any, Any]) -> list[Fault]:
    """Of the body as the route would have it; nothing where it takes none."""
    wanted = getattr(request.route_handler, "parsed_data_field", None)
    raw = ScopeState.from_scope(request.scope).body
    return faults_of(raw, wanted.annotation) if wanted is not None and isinstance(raw, bytes) else []


def fail(request: Request[Any, Any, Any], error: Exception) -> Response[Refusal]:
    """Broken code: the log has the details, the answer has none."""
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    reason = "Something went wrong on the server; its log says what. Try again, or tell the administrator."
    return _told(refusal("internal_error", reason, 500, []), {})


def _told(told: Refusal, headers: Mapping[str, str] | None) -> Response[Refusal]:
    return Response(told, status_code=told.status, headers=dict(headers or {}), media_type=PROBLEM_DETAILS)
