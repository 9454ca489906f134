"""Decide how tablets are invited, listed and locked, by administrators and, for its own members, by a branch's secretary and deputy; who
wipes them; and which is safe to hand over (TB19 to TB21)."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, Literal

import msgspec
from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from server.accounts import Account
from server.api.base import need_login
from server.services import Services
from server.tablet_reports import Report
from server.tablets import Tablet, document
from sync.actor import Actor
from sync.errors import Forbidden, NotFound

HEARD_WITHIN = timedelta(days=1)


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


class Because(msgspec.Struct, frozen=True):
    code: str
    zh: str
    en: str


class Listed(msgspec.Struct, frozen=True):
    """`report`: what it last said of itself, with the time `at`. `safe`: nothing on it would be lost, whoever gets it; `unsafe`: why it is
    not."""

    tablet: Tablet
    report: Report | None
    member: str | None
    name: str
    branch: str | None
    safe: bool
    unsafe: list[Because]


@get("/tablets")
async def list_tablets(services: NamedDependency[Services], actor: NamedDependency[Actor]) -> list[Listed]:
    """All of them for administrators, those of the own branch's members for its secretary and deputy."""
    may = _handled(services, actor)
    accounts = {account.name: account async for account in services.accounts.all()}
    return [
        _listed(services, tablet, report, accounts.get(tablet.account))
        async for tablet, report in services.tablets.all()
        if may(accounts.get(tablet.account))
    ]


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
) -> Tablet:
    """Lock, unlock or wipe a tablet. It holds from the tablet's next request."""
    if act == "wipe" and not actor.administrator:
        raise Forbidden("Only administrators wipe a tablet: what it holds is lost. Lock it meanwhile.")
    await _account_of(services, actor, tablet)
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
    if actor.administrator or (account is not None and (account.role == "member" or account.name == actor.name)):
        return
    raise Forbidden("For an account with a role an administrator invites the tablet.", code="bad_invitation")


def _listed(services: Services, tablet: Tablet, report: Report | None, account: Account | None) -> Listed:
    directory = services.admission.directory
    member = account.member if account else None
    branch = directory.branch(member, account.branch) if account else None
    why = _unsafe(tablet, report, services.now())
    return Listed(tablet, report, member, directory.name(member), branch, not why, why)


def _unsafe(tablet: Tablet, report: Report | None, now: datetime) -> list[Because]:
    """What may be lost with a tablet; one that was never enrolled or has erased all holds nothing."""
    if tablet.state in ("invited", "wiped"):
        return []
    if report is None:
        return [Because("never_heard", "从未报告过", "It has never reported")]
    why = []
    if report.unsent:
        why.append(Because("unsent", f"{report.unsent} 条未上传", f"{report.unsent} records have not arrived"))
    if report.photos:
        why.append(Because("photos", f"{report.photos} 张照片未上传", f"{report.photos} photos have not arrived"))
    if not report.current or not all(report.current.values()):
        why.append(Because("behind", "上次报告时数据不是最新", "It did not hold all there was when it last reported"))
    if datetime.fromisoformat(report.at) < now - HEARD_WITHIN:
        why.append(Because("silent", "超过一天没有报告", "It has not reported for more than a day"))
    return why


def _invited(services: Services, tablet: Tablet, code: str) -> Invited:
    # Here, since nothing else draws and it takes a moment to load.
    import segno

    link = f"{services.settings.public_address}/#/enrol?code={code}"
    drawn = segno.make(link, error="m", micro=False).svg_inline(scale=4, border=4, light="#fff")
    return Invited(tablet, code, link, drawn)


router = Router(
    "/", route_handlers=[list_tablets, invite, invite_again, administer], guards=[need_login], tags=["tablets"]
)
