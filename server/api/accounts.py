"""Decide how administrators make, change, lock and list accounts, and see and end the log-ins of others (AU15)."""

from bisect import bisect_right
from typing import Annotated

import msgspec
from litestar import Router, delete, get, patch, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import UNSET, Meta, UnsetType

from server.accounts import Account
from server.api.base import need_administrator
from server.api.desk import cursor, resume
from server.passes import Pass
from server.services import Services
from sync.actor import Actor, Role
from sync.databases import ensure_branch
from sync.errors import BadRequest, NotFound

_Id = Annotated[str, Meta(max_length=40)]


class NewAccount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    role: Role
    password: str
    member: _Id | None = None
    branch: _Id | None = None


class Changes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is left out stays."""

    role: Role | UnsetType = UNSET
    member: _Id | UnsetType | None = UNSET
    branch: _Id | UnsetType | None = UNSET
    locked: bool | UnsetType = UNSET


class Password(msgspec.Struct, frozen=True):
    password: str


class AccountTold(Account, frozen=True, kw_only=True):
    """An account and what the directory says of its member now: `person`, "" where it knows none of this id, `person_role` and
    `person_branch`. Rights follow the account's role and the directory's branch."""

    person: str
    person_role: str | None
    person_branch: str | None


class Listed(msgspec.Struct, frozen=True):
    """`total`: how many are like what was asked for, on whatever page. `next`: give it as `after` to go on; none at the end."""

    accounts: list[AccountTold]
    total: int
    next: str | None


@get("/accounts")
async def list_accounts(
    services: NamedDependency[Services],
    text: FromQuery[str | None] = None,
    role: FromQuery[Role | None] = None,
    branch: FromQuery[str | None] = None,
    locked: FromQuery[bool | None] = None,
    after: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=500)] = 100,
) -> Listed:
    """Accounts, by name. `text`: in the account's name, its member's id or name."""
    words, directory = (text or "").strip().casefold(), services.admission.directory
    found = [
        one
        for one in await services.accounts.listed()
        if role in (None, one.role)
        and locked in (None, one.locked)
        and branch in (None, directory.branch(one.member, one.branch))
        and any(words in part.casefold() for part in (one.name, one.member or "", directory.name(one.member)))
    ]
    (last,) = resume(after, "")
    start = bisect_right(found, last, key=lambda one: one.name)
    page, more = found[start : start + limit], len(found) > start + limit
    told = [_told(services, one) for one in page]
    return Listed(told, len(found), cursor([page[-1].name]) if more else None)


@get("/accounts/{name:str}")
async def read_account(services: NamedDependency[Services], name: FromPath[str]) -> AccountTold:
    """One account."""
    known = await services.accounts.find(name)
    if known is None:
        raise NotFound(f"There is no account {name}.", account=name)
    return _told(services, known.account)


def _told(services: Services, one: Account) -> AccountTold:
    person = services.admission.directory.person(one.member)
    of = (person.name, person.role, person.branch) if person is not None else ("", None, None)
    said = {name: getattr(one, name) for name in Account.__struct_fields__}
    return AccountTold(**said, person=of[0], person_role=of[1], person_branch=of[2])


@post("/accounts")
async def add_account(
    services: NamedDependency[Services], actor: NamedDependency[Actor], data: JSONBody[NewAccount]
) -> Account:
    """Add an account. 412 when there is one of this name."""
    account = await services.accounts.add(data.name, data.role, data.password, member=data.member, branch=data.branch)
    await ensure_branch(services.store, account.branch)
    await services.audit.write("account_added", actor, of=account.name, role=account.role)
    return account


@patch("/accounts/{name:str}")
async def change_account(
    services: NamedDependency[Services], actor: NamedDependency[Actor], name: FromPath[str], data: JSONBody[Changes]
) -> Account:
    """Change role, member or branch; lock or unlock. It holds from the next request of that account."""
    changes = msgspec.to_builtins(data)
    if name == actor.name and (changes.get("locked") or changes.get("role", actor.role) != actor.role):
        raise BadRequest(
            "Nobody locks the own account or takes the own role away: another administrator does.", code="own_account"
        )
    account = await services.accounts.change(name, **changes)
    await ensure_branch(services.store, account.branch)
    await services.audit.write("account_changed", actor, of=name, changes=changes)
    return account


class Sessions(msgspec.Struct, frozen=True):
    """`next`: give it as `after` to go on; none at the end."""

    sessions: list[Pass]
    next: str | None


@get("/sessions")
async def list_sessions(
    services: NamedDependency[Services],
    account: FromQuery[str | None] = None,
    after: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=500)] = 100,
) -> Sessions:
    """Log-ins at the desk that have not ended, by id, those of all accounts or of one."""
    (start,) = resume(after, "")
    every = [one async for one in services.passes.all("session") if one.id > start and account in (None, one.account)]
    there = sorted(every, key=lambda one: one.id)
    told = there[:limit]
    return Sessions(told, cursor([told[-1].id]) if len(there) > limit else None)


@delete("/sessions/{session:str}", status_code=200)
async def end_other_session(
    services: NamedDependency[Services], actor: NamedDependency[Actor], session: FromPath[str]
) -> dict[str, bool]:
    """End a log-in at once."""
    async for one in services.passes.all("session"):
        if one.id == session:
            await services.passes.end("session", session)
            await services.audit.write("session_ended", actor, of=one.account)
            return {"ok": True}
    raise NotFound("There is no such log-in (any more).")


@put("/accounts/{name:str}/password")
async def set_password(
    services: NamedDependency[Services], actor: NamedDependency[Actor], name: FromPath[str], data: JSONBody[Password]
) -> Account:
    """Set the password of an account. Its sessions and tokens end, except those of tablets."""
    account = await services.accounts.set_password(name, data.password)
    await services.audit.write("password", actor, of=name)
    return account


router = Router(
    "/",
    route_handlers=[
        list_accounts,
        read_account,
        add_account,
        change_account,
        set_password,
        list_sessions,
        end_other_session,
    ],
    guards=[need_administrator],
    tags=["accounts"],
)
