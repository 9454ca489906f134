"""Decide how tablets are invited, listed and locked, by administrators and, for its own members, by a branch's secretary and deputy; who
wipes them; and how they are listed (TB19 to TB22)."""

from collections.abc import Callable
from datetime import timedelta
from importlib.metadata import version
from typing import Annotated, Literal

import msgspec
from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import Meta

from server.accounts import Account
from server.api.base import Problem, need_login
from server.api.desk import cursor, resume
from server.services import Services
from server.tablet_reports import Report
from server.tablet_standing import Because, attention, is_old, unsafe
from server.tablets import Tablet, document
from sync.actor import Actor
from sync.errors import Conflict, Forbidden, NotFound

OWN_VERSION = version("fieldbook")
"""Of the app that this server serves, looked up once: it is read from a file."""


class Invitation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    account: str
    label: Annotated[str, Meta(max_length=100)] = ""


class Invited(msgspec.Struct, frozen=True):
    """`code` is typed into the tablet; it is told here and never again. `link` opens the app with it; `qr`: an SVG of it, drawn here for
    this answer alone."""

    tablet: Tablet
    code: str
    link: str
    qr: str


class Listed(msgspec.Struct, frozen=True):
    """`report`: what it last said of itself, with the time `at`. `safe`: nothing on it would be lost, whoever gets it; `unsafe`: why it is
    not. `attention`: what somebody should look at; `old`: its app is older than the server's."""

    tablet: Tablet
    report: Report | None
    member: str | None
    name: str
    branch: str | None
    safe: bool
    unsafe: list[Because]
    attention: list[Because] = []
    old: bool = False


class Listing(msgspec.Struct, frozen=True):
    """`total`: of all that the actor handles; `waiting`: of those that ask for attention. `version`: of the server's app. `next`: give
    it as `after` to go on; none at the end."""

    tablets: list[Listed]
    total: int
    waiting: int
    version: str
    next: str | None


class Invitable(msgspec.Struct, frozen=True):
    """An account for which the actor may invite a tablet; `tablets`: how many it has that are not wiped."""

    account: str
    member: str | None
    name: str
    branch: str | None
    tablets: int


class InvitableAccounts(msgspec.Struct, frozen=True):
    """`next`: give it as `after` to go on; none at the end."""

    accounts: list[Invitable]
    next: str | None


@get("/tablets")
async def list_tablets(
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    order: FromQuery[Literal["silent", "name"]] = "silent",
    show: FromQuery[Literal["all", "attention", "unsafe", "active", "invited", "locked", "wipe", "wiped"]] = "all",
    branch: FromQuery[str | None] = None,
    text: FromQuery[str | None] = None,
    tablet: FromQuery[str | None] = None,
    after: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=500)] = 100,
) -> Listing:
    """All of them for administrators, those of the own branch's members for its secretary and deputy. `order`: the ones not heard of for
    longest first, or by the names of members; `text`: in its label, id, account or member's name."""
    may = _handled(services, actor)
    accounts = {account.name: account for account in await services.accounts.listed()}
    listed = [
        _listed(services, one, report, accounts.get(one.account))
        async for one, report in services.tablets.all()
        if may(accounts.get(one.account))
    ]
    chosen = [one for one in listed if _is_chosen(one, show, branch, (text or "").strip().casefold(), tablet)]
    keyed = sorted(((_heard(one) if order == "silent" else one.name, one.tablet.id), one) for one in chosen)
    place = tuple(resume(after, "", ""))
    rest = [pair for pair in keyed if after is None or pair[0] > place]
    last = rest[limit - 1][0] if len(rest) > limit else None
    waiting = sum(bool(one.attention) for one in listed)
    return Listing([one for _, one in rest[:limit]], len(listed), waiting, OWN_VERSION, cursor(last))


@get("/tablets/accounts")
async def list_invitable(
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    text: FromQuery[str | None] = None,
    after: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=500)] = 100,
) -> InvitableAccounts:
    """Accounts for which the actor may invite a tablet, in the order of names. `text`: in its name, its member's id or name."""
    may = _handled(services, actor)
    directory, words = services.admission.directory, (text or "").strip().casefold()
    there = [
        ((directory.name(one.member), one.name), one)
        for one in await services.accounts.listed()
        if may(one) and one.member is not None and not one.locked and _may_invite(actor, one)
    ]
    found = sorted((key, one) for key, one in there if words in f"{key[0]} {one.name} {one.member}".casefold())
    name, account = resume(after, "", "")
    rest = [pair for pair in found if pair[0] > (name, account)]
    page = rest[:limit]
    held = await _held(services, {one.name for _, one in page})
    told = [
        Invitable(one.name, one.member, key[0], directory.branch(one.member, one.branch), held.get(one.name, 0))
        for key, one in page
    ]
    return InvitableAccounts(told, cursor(page[-1][0]) if len(rest) > limit else None)


async def _held(services: Services, accounts: set[str]) -> dict[str, int]:
    """How many tablets these accounts have that are not wiped."""
    held: dict[str, int] = {}
    async for tablet, _ in services.tablets.all():
        if tablet.account in accounts and tablet.state != "wiped":
            held[tablet.account] = held.get(tablet.account, 0) + 1
    return held


@post("/tablets")
async def invite(
    services: NamedDependency[Services], actor: NamedDependency[Actor], data: JSONBody[Invitation]
) -> Invited:
    """Make a code that enrols one tablet for an account."""
    may = _handled(services, actor)
    known = await services.accounts.find(data.account)
    if known is None or not may(known.account):
        raise NotFound(f"There is no account {data.account}.")
    _check_invitation(actor, known.account)
    lasts = timedelta(hours=services.settings.code_hours)
    tablet, code = await services.tablets.invite(known.account.name, data.label, lasts)
    await services.audit.write("tablet_invited", actor, of=tablet.id, for_account=tablet.account)
    return _invited(services, tablet, code)


@post("/tablets/{tablet:str}/code")
async def invite_again(
    services: NamedDependency[Services], actor: NamedDependency[Actor], tablet: FromPath[str]
) -> Invited:
    """Make a new code for a tablet that lost its token; the old token ends."""
    _check_invitation(actor, await _account_of(services, actor, tablet))
    found, code = await services.tablets.invite_again(tablet, timedelta(hours=services.settings.code_hours))
    await services.audit.write("tablet_invited", actor, of=tablet, for_account=found.account)
    return _invited(services, found, code)


@post("/tablets/{tablet:str}/{act:str}", status_code=200)
async def administer(
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    tablet: FromPath[str],
    act: FromPath[Literal["lock", "unlock", "wipe"]],
    accepts: FromQuery[str | None] = None,
) -> Tablet:
    """Lock, unlock or wipe a tablet. It holds from the tablet's next request. `accepts`, with `wipe`: the codes, between commas, of what
    makes it unsafe that was seen; when it is unsafe for another reason too, it is refused (409 `unsafe`) and nothing has changed."""
    if act == "wipe" and not actor.administrator:
        raise Forbidden("Only administrators wipe a tablet: what it holds is lost. Lock it meanwhile.")
    await _account_of(services, actor, tablet)
    if act == "wipe" and accepts is not None:
        await _check_accepted(services, tablet, accepts)
    tablets = services.tablets
    acts = {"lock": tablets.lock, "unlock": tablets.unlock, "wipe": tablets.wipe}
    found = await acts[act](tablet)
    await services.audit.write(f"tablet_{act}", actor, of=tablet)
    return found


def _handled(services: Services, actor: Actor) -> Callable[[Account | None], bool]:
    """Whether the actor handles the tablets of an account. Raises Forbidden for who handles none."""
    if actor.administrator:
        return lambda account: True
    held = actor.principals
    if not any(one.startswith("secretary:") for one in held):
        raise Forbidden("Only administrators and a branch's secretary and deputy handle tablets.")

    def may(account: Account | None) -> bool:
        branch = services.admission.directory.branch(account.member, account.branch) if account else None
        return account is not None and account.role != "administrator" and f"secretary:{branch}" in held

    return may


async def _account_of(services: Services, actor: Actor, tablet: str) -> Account | None:
    """Raises NotFound for a tablet that is not there or that the actor does not handle: the two look alike."""
    may = _handled(services, actor)
    held = await services.office.find(document(tablet))
    known = await services.accounts.find(str(held.content.get("account"))) if held else None
    account = known.account if known else None
    if held is None or not may(account):
        raise NotFound(f"There is no tablet {tablet}.", tablet=tablet)
    return account


def _check_invitation(actor: Actor, account: Account | None) -> None:
    """A code gives whoever holds it the account's rights: nobody may gain by it what they do not have. Raises Forbidden."""
    if account is None or not _may_invite(actor, account):
        raise Forbidden("For an account with a role an administrator invites the tablet.", code="bad_invitation")


def _may_invite(actor: Actor, account: Account) -> bool:
    return actor.administrator or account.role == "member" or account.name == actor.name


async def _check_accepted(services: Services, tablet: str, accepts: str) -> None:
    """Raises Conflict when more would be lost than was seen."""
    found = await services.tablets.one(tablet)
    why = [one for one in unsafe(found[0], found[1], services.now()) if one.code not in accepts.split(",")]
    if why:
        problems = [Problem(one.code, f"{one.zh} {one.en}") for one in why]
        raise Conflict("More would be lost than you saw: look at it again.", code="unsafe", problems=problems)


def _listed(services: Services, tablet: Tablet, report: Report | None, account: Account | None) -> Listed:
    directory = services.admission.directory
    member = account.member if account else None
    branch = directory.branch(member, account.branch) if account else None
    now = services.now()
    why = unsafe(tablet, report, now)
    old = report is not None and is_old(report.version, OWN_VERSION)
    about = attention(tablet, report, now, OWN_VERSION)
    return Listed(tablet, report, member, directory.name(member), branch, not why, why, about, old)


def _heard(one: Listed) -> str:
    """Since when nothing was heard of it; wiped ones last."""
    if one.tablet.state == "wiped":
        return "~"
    return one.report.at if one.report else one.tablet.enrolled or one.tablet.made


def _is_chosen(one: Listed, show: str, branch: str | None, text: str, tablet: str | None) -> bool:
    shown = {"all": True, "attention": bool(one.attention), "unsafe": not one.safe}.get(show, one.tablet.state == show)
    words = (one.tablet.label, one.tablet.id, one.tablet.account, one.name)
    return (
        shown
        and branch in (None, one.branch)
        and tablet in (None, one.tablet.id)
        and (not text or any(text in word.casefold() for word in words))
    )


def _invited(services: Services, tablet: Tablet, code: str) -> Invited:
    # Here, since nothing else draws and it takes a moment to load.
    import segno

    link = f"{services.settings.public_address}/#/enrol?code={code}"
    drawn = segno.make(link, error="m", micro=False).svg_inline(scale=4, border=4, light="#fff")
    return Invited(tablet, code, link, drawn)


router = Router(
    "/",
    route_handlers=[list_tablets, list_invitable, invite, invite_again, administer],
    guards=[need_login],
    tags=["tablets"],
)
