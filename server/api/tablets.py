"""Decide how tablets are enrolled, locked and wiped, and what a tablet asks and tells about itself."""

from datetime import timedelta
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from server.api.base import caller_of, need_administrator
from server.doorkeeper import ADDRESS
from server.services import Services
from server.tablets import Report, State, Tablet, arrived, check_state
from sync.actor import Actor
from sync.errors import NotFound, TooLarge

REVISIONS_MAX = 20_000


class Invitation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    account: str
    label: Annotated[str, Meta(max_length=100)] = ""


class Invited(msgspec.Struct, frozen=True):
    """`code` is typed into the tablet; it is told here and never again."""

    tablet: Tablet
    code: str


class Code(msgspec.Struct, frozen=True):
    code: Annotated[str, Meta(max_length=64)]


class Enrolled(msgspec.Struct, frozen=True):
    """`token` is the tablet's bearer token; it is told here and never again."""

    token: str
    expires: str
    tablet: Tablet
    member: str | None
    branch: str | None
    zone: str


class Listed(msgspec.Struct, frozen=True):
    tablet: Tablet
    report: Report | None


class Own(msgspec.Struct, frozen=True):
    """What the server says to the tablet that asks: `state` `wipe` tells it to erase what it holds."""

    id: str
    state: State
    account: str
    member: str | None
    branch: str | None
    time: str


class Holding(msgspec.Struct, frozen=True):
    """What a tablet holds that it does not know to have arrived: {database: {document: [revisions]}}."""

    unsent: Annotated[int, Meta(ge=0)]
    oldest: Annotated[str, Meta(max_length=40)] | None = None
    ids: dict[str, dict[str, list[str]]] = {}


class Arrived(msgspec.Struct, frozen=True):
    state: State
    arrived: dict[str, dict[str, list[str]]]


@get("/tablets", guards=[need_administrator])
async def list_tablets(services: NamedDependency[Services]) -> list[Listed]:
    return [Listed(tablet, report) async for tablet, report in services.tablets.all()]


@post("/tablets", guards=[need_administrator])
async def invite(
    services: NamedDependency[Services], actor: NamedDependency[Actor], data: JSONBody[Invitation]
) -> Invited:
    """Make a code that enrols one tablet for an account."""
    known = await services.accounts.find(data.account)
    if known is None:
        raise NotFound(f"There is no account {data.account}.")
    lasts = timedelta(hours=services.settings.code_hours)
    tablet, code = await services.tablets.invite(known.account.name, data.label, lasts)
    await services.audit.write("tablet_invited", actor, of=tablet.id, for_account=tablet.account)
    return Invited(tablet, code)


@post("/tablets/{tablet:str}/code", guards=[need_administrator])
async def invite_again(
    services: NamedDependency[Services], actor: NamedDependency[Actor], tablet: FromPath[str]
) -> Invited:
    """Make a new code for a tablet that lost its token; the old token ends."""
    found, code = await services.tablets.invite_again(tablet, timedelta(hours=services.settings.code_hours))
    await services.audit.write("tablet_invited", actor, of=tablet, for_account=found.account)
    return Invited(found, code)


@post("/tablets/{tablet:str}/{act:str}", guards=[need_administrator], status_code=200)
async def administer(
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    tablet: FromPath[str],
    act: FromPath[Literal["lock", "unlock", "wipe"]],
) -> Tablet:
    """Lock, unlock or wipe a tablet. It holds from the tablet's next request."""
    tablets = services.tablets
    acts = {"lock": tablets.lock, "unlock": tablets.unlock, "wipe": tablets.wipe}
    found = await acts[act](tablet)
    await services.audit.write(f"tablet_{act}", actor, of=tablet)
    return found


@post("/tablets/enrol")
async def enrol(services: NamedDependency[Services], data: JSONBody[Code]) -> Enrolled:
    """Exchange a code for the tablet's token, once."""
    name = "tablet:" + data.code.strip().partition("-")[0].lower()
    services.throttle.attempt(name, ADDRESS.get())
    tablet, token = await services.tablets.exchange(data.code, timedelta(days=services.settings.token_days))
    services.throttle.succeeded(name, ADDRESS.get())
    known = await services.accounts.find(tablet.account)
    if known is None:
        raise NotFound(f"There is no account {tablet.account} any more: ask for a new code.")
    await services.audit.write("tablet_enrolled", None, of=tablet.id, for_account=tablet.account, address=ADDRESS.get())
    about = known.account
    return Enrolled(token.text, tablet.token_expires, tablet, about.member, about.branch, services.settings.zone)


@get("/tablets/me")
async def me(request: Request[Any, Any, Any], services: NamedDependency[Services]) -> Own:
    """What the server has to say to this tablet; asked at each contact, before anything is shown."""
    tablet, actor = await services.doorkeeper.tablet(caller_of(request))
    time = services.now().isoformat(timespec="seconds").replace("+00:00", "Z")
    return Own(tablet.id, tablet.state, actor.name, actor.member, actor.branch, time)


@post("/tablets/me/report", status_code=200)
async def report(
    request: Request[Any, Any, Any], services: NamedDependency[Services], data: JSONBody[Holding]
) -> Arrived:
    """Say what is held unsent; told is which of it has arrived."""
    tablet, actor = await services.doorkeeper.tablet(caller_of(request))
    check_state(tablet)
    if sum(len(revs) for docs in data.ids.values() for revs in docs.values()) > REVISIONS_MAX:
        raise TooLarge(f"A report names {REVISIONS_MAX} revisions at most: send it in parts.")
    await services.tablets.report(tablet.id, Report(unsent=data.unsent, oldest=data.oldest))
    return Arrived(tablet.state, await arrived(services.store, services.admission, actor, data.ids))


@post("/tablets/me/wiped", status_code=200)
async def wiped(request: Request[Any, Any, Any], services: NamedDependency[Services]) -> dict[str, bool]:
    """The tablet has erased what it held; its token ends."""
    tablet, actor = await services.doorkeeper.tablet(caller_of(request))
    await services.tablets.wiped(tablet.id)
    await services.audit.write("tablet_wiped", actor)
    return {"ok": True}


router = Router(
    "/", route_handlers=[list_tablets, invite, invite_again, administer, enrol, me, report, wiped], tags=["tablets"]
)
