"""Decide how one logs in and out, who one is, and how own tokens are made and ended."""

from datetime import timedelta
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, Router, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import Meta

from server.api.base import caller_of, need_login
from server.api.desk import cursor, resume
from server.passes import Pass
from server.services import Services
from sync.actor import Actor
from sync.errors import Forbidden, NotFound


class LogIn(msgspec.Struct, frozen=True):
    name: str
    password: str


class Me(msgspec.Struct, frozen=True):
    """Who is asking."""

    name: str
    role: str
    member: str | None
    branch: str | None
    tablet: str | None
    principals: list[str]


class NewPassword(msgspec.Struct, frozen=True):
    old: str
    new: str


class NewToken(msgspec.Struct, frozen=True):
    label: Annotated[str, Meta(max_length=100)] = ""
    days: Annotated[int, Meta(ge=1, le=3650)] = 90


class MadeToken(msgspec.Struct, frozen=True):
    """`token` is told here and never again."""

    token: str
    about: Pass


class Tokens(msgspec.Struct, frozen=True):
    """`next`: give it as `after` to go on; none at the end."""

    tokens: list[Pass]
    next: str | None


@post("/session")
async def log_in(
    request: Request[Any, Any, Any], services: NamedDependency[Services], data: JSONBody[LogIn]
) -> Response[Me]:
    """Open a session: the answer sets its cookie."""
    lasts = timedelta(hours=services.settings.session_hours)
    actor, cookie = await services.doorkeeper.open_session(caller_of(request), data.name, data.password, lasts)
    return Response(_me(actor), headers={"set-cookie": cookie})


@get("/session", guards=[need_login])
async def who(actor: NamedDependency[Actor]) -> Me:
    """Who is asking."""
    return _me(actor)


@delete("/session", status_code=200)
async def log_out(request: Request[Any, Any, Any], services: NamedDependency[Services]) -> Response[dict[str, bool]]:
    """End the session of the cookie."""
    cookie = await services.doorkeeper.end_session(caller_of(request))
    return Response({"ok": True}, headers={"set-cookie": cookie})


@post("/session/password", guards=[need_login], status_code=200)
async def set_own_password(
    services: NamedDependency[Services], actor: NamedDependency[Actor], data: JSONBody[NewPassword]
) -> dict[str, bool]:
    """Change the own password. Sessions and tokens end, except those of tablets."""
    await services.doorkeeper.test(actor.name, data.old)
    await services.accounts.set_password(actor.name, data.new)
    await services.audit.write("password", actor, of=actor.name)
    return {"ok": True}


@post("/tokens", guards=[need_login])
async def make_token(
    services: NamedDependency[Services], actor: NamedDependency[Actor], data: JSONBody[NewToken]
) -> MadeToken:
    """Make a bearer token for the own account."""
    known = await services.accounts.find(actor.name)
    if known is None or actor.device is not None:
        raise Forbidden("Only somebody who is logged in with an account's password makes tokens.")
    made, about = await services.passes.make("token", known, timedelta(days=data.days), data.label)
    await services.audit.write("token_made", actor, token=about.id)
    return MadeToken(made.text, about)


@get("/tokens", guards=[need_login])
async def list_tokens(
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    account: FromQuery[str | None] = None,
    after: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=500)] = 100,
) -> Tokens:
    """The own tokens, by id; an administrator sees those of all, or of one account."""
    (start,) = resume(after, "")
    every = [one for one in await _tokens(services, actor) if account in (None, one.account)]
    there = sorted(every, key=lambda one: one.id)
    told = [one for one in there if one.id > start][:limit]
    return Tokens(told, cursor([told[-1].id]) if len(told) == limit else None)


@delete("/tokens/{token:str}", guards=[need_login], status_code=200)
async def end_token(
    services: NamedDependency[Services], actor: NamedDependency[Actor], token: FromPath[str]
) -> dict[str, bool]:
    """End a token at once."""
    mine = [one.id for one in await _tokens(services, actor)]
    if token not in mine:
        raise NotFound(f"There is no token {token}.")
    await services.passes.end("token", token)
    await services.audit.write("token_ended", actor, token=token)
    return {"ok": True}


async def _tokens(services: Services, actor: Actor) -> list[Pass]:
    return [one async for one in services.passes.all("token") if actor.administrator or one.account == actor.name]


def _me(actor: Actor) -> Me:
    return Me(actor.name, actor.role, actor.member, actor.branch, actor.device, sorted(actor.principals))


router = Router(
    "/", route_handlers=[log_in, who, log_out, set_own_password, make_token, list_tokens, end_token], tags=["log-in"]
)
