"""Decide what a tablet asks and tells about itself, with its own token: who it is, what it holds, what it must forget."""

from importlib.metadata import version
from typing import Annotated, Any

import msgspec
from litestar import Request, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta

from server.api.base import caller_of
from server.recovery import Public
from server.services import Services
from server.tablet_reports import Report, arrived, current
from server.tablets import State, check_state
from sync.actor import Actor
from sync.errors import TooLarge
from sync.tokens import epoch

REVISIONS_MAX = 20_000
IDS_MAX = 5_000

Tokens = dict[Annotated[str, Meta(max_length=200)], Annotated[str, Meta(max_length=4_000)]]


class Own(msgspec.Struct, frozen=True, kw_only=True):
    """What the server says to the tablet that asks: `state` `wipe` tells it to erase what it holds. `time` is the server's, in UTC with
    milliseconds; `store` its incarnation; `rights` changes when what the account may read or write does."""

    id: str
    state: State
    account: str
    member: str | None
    branch: str | None
    name: str
    role: str
    rights: str
    time: str
    zone: str
    store: str
    version: str
    keep_days: int
    recovery: Public | None


class Holding(msgspec.Struct, frozen=True):
    """What a tablet holds that it does not know to have arrived: {database: {document: [revisions]}}; where its last complete pull of each
    database ended; and how it is: see `Report`."""

    unsent: Annotated[int, Meta(ge=0)]
    oldest: Annotated[str, Meta(max_length=40)] | None = None
    ids: dict[str, dict[str, list[str]]] = {}
    received: Annotated[Tokens, Meta(max_length=50)] = {}
    photos: Annotated[int, Meta(ge=0)] = 0
    refused: Annotated[int, Meta(ge=0)] = 0
    version: Annotated[str, Meta(max_length=40)] = ""
    clock_seconds: Annotated[float, Meta(ge=-1e11, le=1e11)] | None = None
    stored: Annotated[int, Meta(ge=0, lt=2**53)] | None = None
    room: Annotated[int, Meta(ge=0, lt=2**53)] | None = None


class Arrived(msgspec.Struct, frozen=True):
    """`current`: databases of which nothing that this tablet may read was written after the token that it named."""

    state: State
    arrived: dict[str, dict[str, list[str]]]
    current: dict[str, bool]


class Forgotten(msgspec.Struct, frozen=True):
    """`ids`: documents to forget. `next`: give it back as `since`; at once when there is `more`. `compare`: name all that is held. `all`:
    the database is closed to this tablet."""

    ids: list[str]
    next: str
    more: bool
    compare: bool
    all: bool


class Held(msgspec.Struct, frozen=True):
    ids: Annotated[list[str], Meta(max_length=IDS_MAX)]


class Compared(msgspec.Struct, frozen=True):
    """`ids`: of the documents named, those to forget. `all`: everything of this database is to be forgotten; `ids` are then those of
    the documents named that the server has: it will not miss them."""

    ids: list[str]
    all: bool


class Beacon(msgspec.Struct, frozen=True):
    """`beacon`: SHA-256, in hex, of `beacon.` and the SHA-256, in hex, of the secret part of the tablet's token. It opens nothing: a
    tablet keeps it where anybody can read it."""

    tablet: Annotated[str, Meta(max_length=40)]
    beacon: Annotated[str, Meta(max_length=64)]
    wiped: bool = False


class Decided(msgspec.Struct, frozen=True):
    state: State


@post("/tablets/beacon", status_code=200)
async def beacon(services: NamedDependency[Services], data: JSONBody[Beacon]) -> Decided:
    """What was decided of a tablet, told while it is closed; `wiped`: it has erased what it held, as it was told."""
    state = await services.tablets.beacon(data.tablet, data.beacon)
    if data.wiped and state == "wipe":
        state = (await services.tablets.wiped(data.tablet)).state
        await services.audit.write("tablet_wiped", None, of=data.tablet)
    return Decided(state)


@get("/tablets/me")
async def me(request: Request[Any, Any, Any], services: NamedDependency[Services]) -> Own:
    """What the server has to say to this tablet; asked at each contact, before anything is shown."""
    tablet, actor = await services.doorkeeper.tablet(caller_of(request))
    directory, settings = services.admission.directory, services.settings
    branch = directory.branch(actor.member, actor.branch)
    return Own(
        id=tablet.id,
        state=tablet.state,
        account=actor.name,
        member=actor.member,
        branch=branch,
        name=directory.name(actor.member),
        role=actor.role,
        rights=epoch(actor.reader),
        time=services.now().isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        zone=settings.zone,
        store=services.store.incarnation,
        version=version("fieldbook"),
        keep_days=settings.tablet_keep_days,
        recovery=await services.recovery.public(branch),
    )


@post("/tablets/me/report", status_code=200)
async def report(
    request: Request[Any, Any, Any], services: NamedDependency[Services], data: JSONBody[Holding]
) -> Arrived:
    """Say what is held unsent and what was received; told is which of it has arrived, and whether that is all."""
    tablet, actor = await services.doorkeeper.tablet(caller_of(request))
    check_state(tablet)
    if sum(len(revs) for docs in data.ids.values() for revs in docs.values()) > REVISIONS_MAX:
        raise TooLarge(f"A report names {REVISIONS_MAX} revisions at most: send it in parts.")
    store, admission = services.store, services.admission
    whole = await current(store, admission, actor, data.received)
    said = Report(
        unsent=data.unsent,
        oldest=data.oldest,
        photos=data.photos,
        refused=data.refused,
        version=data.version,
        clock_seconds=None if data.clock_seconds is None else round(data.clock_seconds),
        stored=data.stored,
        room=data.room,
        received=data.received,
        current=whole,
    )
    await services.tablets.reports.keep(tablet.id, said)
    there = await arrived(store, admission, actor, data.ids)
    return Arrived(tablet.state, there, whole)


@get("/tablets/me/forget/{db:str}")
async def forget(
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    db: FromPath[str],
    since: FromQuery[str | None] = None,
) -> Forgotten:
    """What was written after `since` and this tablet may not read (any more)."""
    actor = await _syncing(services, request)
    found = await services.forgetting.since(actor, db, since)
    return Forgotten(found.ids, found.next, found.more, found.compare, found.all)


@post("/tablets/me/forget/{db:str}", status_code=200)
async def compare(
    request: Request[Any, Any, Any], services: NamedDependency[Services], db: FromPath[str], data: JSONBody[Held]
) -> Compared:
    """Of the documents that this tablet holds, those that it must forget."""
    found = await services.forgetting.among(await _syncing(services, request), db, data.ids)
    return Compared(found.ids, found.all)


@post("/tablets/me/wiped", status_code=200)
async def wiped(request: Request[Any, Any, Any], services: NamedDependency[Services]) -> dict[str, bool]:
    """The tablet has erased what it held; its token ends."""
    tablet, actor = await services.doorkeeper.tablet(caller_of(request))
    await services.tablets.wiped(tablet.id)
    await services.audit.write("tablet_wiped", actor)
    return {"ok": True}


async def _syncing(services: Services, request: Request[Any, Any, Any]) -> Actor:
    tablet, actor = await services.doorkeeper.tablet(caller_of(request))
    check_state(tablet)
    return actor


router = Router("/", route_handlers=[beacon, me, report, forget, compare, wiped], tags=["tablets"])
