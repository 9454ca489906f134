"""Decide how tablets are invited, listed, locked and wiped by administrators."""

from datetime import timedelta
from typing import Annotated, Literal

import msgspec
from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from server.api.base import need_administrator
from server.services import Services
from server.tablet_reports import Report
from server.tablets import Tablet
from sync.actor import Actor
from sync.errors import NotFound


class Invitation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    account: str
    label: Annotated[str, Meta(max_length=100)] = ""


class Invited(msgspec.Struct, frozen=True):
    """`code` is typed into the tablet; it is told here and never again. `link` opens the app with it: what a QR code holds."""

    tablet: Tablet
    code: str
    link: str


class Listed(msgspec.Struct, frozen=True):
    tablet: Tablet
    report: Report | None


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
    return _invited(services, tablet, code)


@post("/tablets/{tablet:str}/code", guards=[need_administrator])
async def invite_again(
    services: NamedDependency[Services], actor: NamedDependency[Actor], tablet: FromPath[str]
) -> Invited:
    """Make a new code for a tablet that lost its token; the old token ends."""
    found, code = await services.tablets.invite_again(tablet, timedelta(hours=services.settings.code_hours))
    await services.audit.write("tablet_invited", actor, of=tablet, for_account=found.account)
    return _invited(services, found, code)


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


def _invited(services: Services, tablet: Tablet, code: str) -> Invited:
    return Invited(tablet, code, f"{services.settings.public_address}/#/enrol?code={code}")


router = Router("/", route_handlers=[list_tablets, invite, invite_again, administer], tags=["tablets"])
