"""Decide which tablets a branch's month still waits for: those that may hold something for it that has not come yet (CM…)."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from server.services import Services
from server.tablet_reports import Report
from sync.errors import BadRequest

_HOLDING = ("active", "locked")
"""States of a tablet that may hold records: one that was only invited or has been wiped holds none."""


class Awaited(msgspec.Struct, frozen=True):
    """A tablet that a month waits for. `heard`: when it last reported, empty if it never did; `unsent`: how many records it then
    held that had not arrived."""

    tablet: str
    member: str
    label: str
    heard: str
    unsent: int


async def awaited(services: Services, branch: str, month: str) -> list[Awaited]:
    """The tablets of the branch's members that a month (`2026-11`, in the centre's zone) waits for, by their ids. Raises BadRequest."""
    until = _settled_from(month, ZoneInfo(services.settings.zone), services.now())
    accounts = {account.name: account async for account in services.accounts.all()}
    found: list[Awaited] = []
    async for tablet, report in services.tablets.all():
        account = accounts.get(tablet.account)
        if account is None or tablet.state not in _HOLDING:
            continue
        holds = services.admission.directory.principals(account.member, account.role, account.branch)
        if f"branch:{branch}" in holds and _waits(report, until):
            heard, unsent = (report.at, report.unsent) if report else ("", 0)
            found.append(Awaited(tablet.id, account.member or "", tablet.label, heard, unsent))
    return sorted(found, key=lambda one: one.tablet)


def _waits(report: Report | None, until: str) -> bool:
    if report is None or report.at < until:
        return True
    # Its oldest unsent record tells whether any can belong to the month; where it does not say, one may.
    return report.unsent > 0 and (report.oldest is None or report.oldest < until)


def _settled_from(month: str, zone: ZoneInfo, now: datetime) -> str:
    """Who was heard of after this moment had then brought what it held for the month: its end; while it lasts, today's beginning."""
    try:
        first = datetime.strptime(month, "%Y-%m").replace(tzinfo=zone)
    except ValueError:
        raise BadRequest(f"{month} is no month: write it as 2026-11.") from None
    end = (first + timedelta(days=32)).replace(day=1)
    today = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    return min(end, today).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
