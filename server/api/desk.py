"""Decide what the desk's routes share: which days are asked for, how a list goes on, and that reading about persons is written down."""

from calendar import monthrange
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

import msgspec

from server.services import Services
from sync.actor import Actor
from sync.databases import OFFICE
from sync.errors import BadRequest, NotFound
from sync.ledger.periods import YEARS
from sync.ledger.queries import Place, Reader, places
from sync.stores.contract import LEAVES, Found, Want

_PERSONAL = ("household:", "resident:")
_CALENDAR_MS = 253_402_300_800_000
"""The year 10,000."""
_encode = msgspec.json.Encoder().encode


def days(first: str | None, last: str | None) -> tuple[str, str]:
    """Both days inclusive; a month such as `2026-11` stands for all its days. Raises BadRequest."""
    for given in (first, last):
        if given is not None and not (len(given) in (4, 7, 10) and given.replace("-", "").isdigit()):
            raise BadRequest("A day is written 2026-11-20, a month 2026-11, a year 2026.", code="bad_day")
    return first or "", (last + "~") if last else "~"


def whole_day(given: str, *, end: bool = False) -> date:
    """A day; of a month or year its first, or (`end`) its last. Raises BadRequest."""
    days(given, None)
    try:
        if len(given) == 10:
            found = date.fromisoformat(given)
        else:
            year, month = int(given[:4]), int(given[5:7] or (12 if end else 1))
            found = date(year, month, monthrange(year, month)[1] if end else 1)
    except ValueError:
        raise BadRequest("There is no such day.", code="bad_day") from None
    if not YEARS[0] <= found.year <= YEARS[1]:
        raise BadRequest(f"Days lie between {YEARS[0]} and {YEARS[1]}.", code="bad_day")
    return found


def today(services: Services) -> str:
    """The centre's local day."""
    return services.now().astimezone(services.ledger.zone).date().isoformat()


def moment(ms: int | None) -> str | None:
    """A moment, given in milliseconds since 1970, as the API tells it: UTC with Z. None stays None, and what no calendar has is None."""
    if ms is None or not 0 <= ms < _CALENDAR_MS:
        return None
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def cursor(values: Iterable[Any] | None) -> str | None:
    """Where a list goes on: give it back as `after`."""
    return None if values is None else _encode(list(values)).hex()


def resume(given: str | None, *start: Any) -> list[Any]:
    """The values of a cursor; `start` where a list begins. Raises BadRequest."""
    if given is None:
        return list(start)
    try:
        values = msgspec.json.decode(bytes.fromhex(given), type=list[str | int])
    except (ValueError, msgspec.DecodeError):
        values = []
    whole = all(abs(value) < 2**53 for value in values if isinstance(value, int))
    if not whole or [type(value) for value in values] != [type(value) for value in start]:
        raise BadRequest("This list cannot go on from there: ask for it from its beginning.", code="bad_cursor")
    return values


async def place_of(services: Services, reader: Reader, doc: str) -> Place:
    """Where a record, subject or case lies. Raises NotFound for one that is not there or may not be seen: the two look alike. What was
    erased is said to be (`erased`), to everybody: its id tells nothing of it."""
    refuse_erased(services, doc)
    found = (await services.ledger.read(lambda sql: places(sql, reader, [doc]))).get(doc)
    if found is None or found.db == OFFICE:
        raise NotFound(document=doc)
    return found


def refuse_erased(services: Services, doc: str) -> None:
    """Raises NotFound (`erased`) for what was erased for good."""
    if services.admission.erasures.holds(doc):
        raise NotFound("This was erased for good.", code="erased", document=doc)


async def leaves_of(services: Services, actor: Actor, db: str, doc: str) -> Found:
    """A document with all its leaves. Raises NotFound when nothing of it is alive or the actor may not see it."""
    (found,) = await services.store.get(db, [Want(doc, LEAVES)])
    hidden = actor.reader is not None and found.audience is not None and found.audience.isdisjoint(actor.reader)
    if hidden or all(one.deleted for one in found.revisions):
        raise NotFound(document=doc)
    return found


def is_personal(subject: object) -> bool:
    return isinstance(subject, str) and subject.startswith(_PERSONAL)


def note_reading(services: Services, actor: Actor, records: Iterable[str]) -> None:
    """These records of persons were shown."""
    shown = sorted(records)
    if shown:
        services.audit.read(actor, shown)
