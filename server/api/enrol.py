"""Decide how a tablet gets its token: for a code, or for an account's password; the same tablet again where it names itself (TB9 to TB11).

Everything is looked at before anything is changed: whoever is refused keeps the token and the code that they had.
"""

from datetime import timedelta
from typing import Annotated

import msgspec
from litestar import Router, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import Meta

from server.accounts import Account
from server.doorkeeper import ADDRESS, check_open
from server.recovery import Public, Wrapped
from server.secret import Secret
from server.services import Services
from server.tablets import Tablet
from sync.actor import Actor
from sync.errors import BadRequest, Forbidden, NotFound


class Enrolment(msgspec.Struct, frozen=True):
    """Either `code`, or `name` and `password` (with a `label` for a new tablet). `tablet`: the one that enrols again. `wrapped`: its data
    key as it keeps it for the branch, to be opened because its PIN was forgotten."""

    code: Annotated[str, Meta(max_length=64)] | None = None
    name: Annotated[str, Meta(max_length=200)] | None = None
    password: Annotated[str, Meta(max_length=1000)] | None = None
    label: Annotated[str, Meta(max_length=100)] = ""
    tablet: Annotated[str, Meta(max_length=40)] | None = None
    wrapped: Wrapped | None = None


class Enrolled(msgspec.Struct, frozen=True, kw_only=True):
    """`token` is the tablet's bearer token; it and `data_key` (base64) are told here and never again. `store`: the store's incarnation.
    `recovery`: the branch's key to wrap the data key with; None for an account without a branch."""

    token: str
    expires: str
    tablet: Tablet
    account: str
    role: str
    member: str | None
    branch: str | None
    zone: str
    store: str
    keep_days: int
    recovery: Public | None
    data_key: bytes | None = None


@post("/tablets/enrol")
async def enrol(services: NamedDependency[Services], data: JSONBody[Enrolment]) -> Enrolled:
    """Exchange a code, or an account's name and password, for a tablet's token."""
    invited, account = await _prove(services, data)
    if data.tablet is not None and (invited is None or data.tablet != invited.id):
        await services.tablets.check_renewal(data.tablet, account.name)
    data_key = None
    if data.wrapped is not None:
        data_key = await _open(services, data.wrapped, account, data.tablet)
    branch = services.admission.directory.branch(account.member, account.branch)
    recovery = await services.recovery.public(branch)
    tablet, token = await _enrolled(services, data, invited, account)
    await services.audit.write("tablet_enrolled", None, of=tablet.id, for_account=account.name, address=ADDRESS.get())
    settings = services.settings
    return Enrolled(
        token=token.text,
        expires=tablet.token_expires,
        tablet=tablet,
        account=account.name,
        role=account.role,
        member=account.member,
        branch=branch,
        zone=settings.zone,
        store=services.store.incarnation,
        keep_days=settings.tablet_keep_days,
        recovery=recovery,
        data_key=data_key,
    )


async def _prove(services: Services, data: Enrolment) -> tuple[Tablet | None, Account]:
    """(tablet that the code was made for, account that has proved itself). Throttled either way. Raises Unauthenticated."""
    if data.code is not None and data.name is None and data.password is None:
        name = "tablet:" + data.code.strip().partition("-")[0].lower()
        services.throttle.attempt(name, ADDRESS.get())
        tablet = await services.tablets.check_code(data.code)
        services.throttle.succeeded(name, ADDRESS.get())
        known = await services.accounts.find(tablet.account)
        if known is None:
            raise NotFound(f"There is no account {tablet.account} any more: ask for a new code.")
        check_open(known)
        return tablet, known.account
    if data.name is None or data.password is None or data.code is not None:
        raise BadRequest("A tablet enrols with `code`, or with `name` and `password`.")
    known = await services.doorkeeper.test(data.name, data.password)
    account = known.account
    if account.member is None:
        raise Forbidden(
            "This account belongs to no member, who could make records: log in with a member's account.",
            code="no_member",
        )
    actor = Actor(account.name, account.role, member=account.member, branch=account.branch)
    services.audit.note("login", actor, address=ADDRESS.get(), by="enrol")
    return None, account


async def _open(services: Services, wrapped: Wrapped, account: Account, tablet: str | None) -> bytes:
    facts = {"of": tablet, "for_account": account.name, "address": ADDRESS.get(), "key": wrapped.id[:100]}
    try:
        data_key = await services.recovery.data_key(wrapped, account.name)
    except BadRequest:
        await services.audit.write("tablet_recovery_refused", None, **facts)
        raise
    await services.audit.write("tablet_recovered", None, **facts)
    return data_key


async def _enrolled(
    services: Services, data: Enrolment, invited: Tablet | None, account: Account
) -> tuple[Tablet, Secret]:
    tablets, lasts = services.tablets, timedelta(days=services.settings.token_days)
    if invited is None:
        if data.tablet is None:
            return await tablets.enrol(account.name, data.label, lasts)
        return await tablets.renew(data.tablet, account.name, lasts)
    code = data.code or ""
    if data.tablet is None or data.tablet == invited.id:
        return await tablets.exchange(code, lasts)
    await tablets.spend(code)
    return await tablets.renew(data.tablet, account.name, lasts)


router = Router("/", route_handlers=[enrol], tags=["tablets"])
