"""Decide how the desk follows problems to their end and promised services through their stages: what is overdue stands out, and each
leads to its record, its follow-ups and its activity (FG4, FG6, FG21 to FG23)."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any, Literal

import msgspec
from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from schemas import upgrade
from server.api.base import need_login
from server.api.desk import cursor, is_personal, note_reading, resume, today, whole_day
from server.api.subjects import PhotoTold
from server.services import Services
from sync.actor import Actor
from sync.documents import content_of
from sync.errors import NotFound
from sync.ledger.problems import standing_assignments
from sync.ledger.promises import (
    Order,
    PromiseCounts,
    PromiseRow,
    PromiseWhere,
    place_of,
    problem,
    promise_counts,
    promises,
)
from sync.ledger.queries import companion, places
from sync.ledger.subjects import record_photos
from sync.stores.contract import Want

SOON_DAYS = 7
State = Literal["open", "in_hand", "passed_on", "solved", "not_solvable"]
Stage = Literal["received", "examined", "reviewed", "decided", "concluded", "delivered"]


class ProblemTold(msgspec.Struct, frozen=True):
    """A problem as lists show it; `text` and `result` in the words of its record, "" where it says nothing."""

    problem: PromiseRow
    text: str
    result: str


class Problems(msgspec.Struct, frozen=True):
    """What is due first stands first; `overdue` is told for the day `at`. `next`: give it as `after` to go on; none at the end."""

    at: str
    problems: list[ProblemTold]
    next: str | None


class FollowUpTold(msgspec.Struct, frozen=True):
    """A later visit's word on the problem. `record` is empty, and so are the words, where the actor may not read it."""

    day: str
    record: str
    activity: str
    by: str
    state: str
    text: str
    result: str


class GivenBy(msgspec.Struct, frozen=True):
    """The assignment by which somebody answers for a problem. `by`, `days` and `text` (what is to be done) are empty where the actor may
    not read it."""

    id: str
    member: str
    by: str
    days: list[str | None]
    text: str


class ProblemFollowed(msgspec.Struct, frozen=True):
    """`by`: who found it. `owner_from` is assignment, record, or author where nobody was named; `due_from` assignment, record, or "".
    `photos`: of the records of the problem and its follow-ups."""

    problem: PromiseRow
    text: str
    result: str
    by: str
    owner_from: Literal["assignment", "record", "author"]
    due_from: Literal["assignment", "record", ""]
    assignment: GivenBy | None
    follow_ups: list[FollowUpTold]
    photos: list[PhotoTold]


class Promised(msgspec.Struct, frozen=True):
    """Services for which a time was promised. `state` is the stage reached, `timely` early, on_time or late once it is
    concluded. `matters`: what each record says it was about, by its id."""

    at: str
    services: list[PromiseRow]
    matters: dict[str, str]
    next: str | None


class Counted(msgspec.Struct, frozen=True):
    """What is not done at the day `at`. `soon`: the last day of what counts as soon, a week on."""

    at: str
    soon: str
    problems: PromiseCounts
    services: PromiseCounts


@get("/problems")
async def list_problems(
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    branch: FromQuery[str | None] = None,
    owner: FromQuery[str | None] = None,
    stands: Annotated[State | None, QueryParameter(name="state")] = None,
    subject: FromQuery[str | None] = None,
    open: FromQuery[bool | None] = None,
    overdue: FromQuery[bool] = False,
    due_first: FromQuery[str | None] = None,
    due_last: FromQuery[str | None] = None,
    order: FromQuery[Order] = "due",
    at: FromQuery[str | None] = None,
    after: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=200)] = 50,
) -> Problems:
    """Problems in records that the actor may read. `open`: neither solved nor given up at the day `at` (today); `overdue`: and past their
    due day; `due_first` and `due_last`: due between these days. `order` is `due`, or `closed`: what was closed last stands first."""
    day = _day(services, at)
    branches = None if branch is None else [branch]
    states = None if stands is None else [stands]
    still = _open(stands) if open is None else open
    where = PromiseWhere(
        "problem", day, branches, owner, states, None, subject, overdue, still, *_due(due_first, due_last)
    )
    rows = await _listed(services, actor, where, after, limit, order)
    words = await _words(services, rows)
    note_reading(services, actor, {row.record for row in rows if is_personal(row.subject)})
    told = [ProblemTold(row, *_said(words.get(row.record, {}), f"problems/{row.item}")) for row in rows]
    return Problems(day, told, _next(rows, limit, order))


@get("/promises/counts")
async def count_promises(
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    branch: FromQuery[str | None] = None,
    owner: FromQuery[str | None] = None,
    subject: FromQuery[str | None] = None,
    at: FromQuery[str | None] = None,
) -> Counted:
    """How many problems and services are not done at the day `at` (today), overdue, due within a week, or without a due day."""
    day = _day(services, at)
    soon = (whole_day(day) + timedelta(days=SOON_DAYS)).isoformat()
    branches = None if branch is None else [branch]

    def query(sql: Any) -> list[PromiseCounts]:
        asked = [PromiseWhere(of, day, branches, owner, subject=subject) for of in ("problem", "service")]
        return [promise_counts(sql, actor.reader, where, soon) for where in asked]

    return Counted(day, soon, *await services.ledger.read(query))


@get("/problems/{record:str}/{item:str}")
async def read_problem(
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    record: FromPath[str],
    item: FromPath[str],
    at: FromQuery[str | None] = None,
) -> ProblemFollowed:
    """One problem with every follow-up, also by other members and branches, in the order of days."""
    day = _day(services, at)

    def query(sql: Any) -> Any:
        found = problem(sql, actor.reader, record, item, day)
        if found is None:
            return None
        readable = places(sql, actor.reader, [one.record for one in found[1]])
        given = standing_assignments(sql, [name]).get(name)
        lies = None if given is None else companion(sql, actor.reader, given[0])
        photos = record_photos(sql, actor.reader, [record, *readable])
        return *found, readable, given, "" if lies is None else lies[0], photos

    name = f"{record}#{item}"
    found = await services.ledger.read(query)
    if found is None:
        raise NotFound(document=name)
    row, followed, readable, given, lies, photos = found
    bodies = await _contents(services, [(row.database, record), *((place.db, one) for one, place in readable.items())])
    words = {one: _fields(body) for one, body in bodies.items()}
    note_reading(services, actor, {one for one in words if is_personal(words[one].get("subject"))})
    told = [
        FollowUpTold(
            one.day,
            one.record if one.record in readable else "",
            readable[one.record].activity or "" if one.record in readable else "",
            one.by,
            one.state,
            *_said(words.get(one.record, {}), f"follow_ups/{one.item}"),
        )
        for one in followed
    ]
    own = words.get(record, {})
    return ProblemFollowed(
        row,
        *_said(own, f"problems/{item}"),
        str(bodies.get(record, {}).get("author", "")),
        "assignment" if given else "record" if own.get(f"problems/{item}/owner") else "author",
        "" if not row.due else "assignment" if given and given[2] else "record",
        await _given(services, given, lies) if given else None,
        told,
        [PhotoTold(*one) for one in photos],
    )


@get("/services")
async def list_services(
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    branch: FromQuery[str | None] = None,
    member: FromQuery[str | None] = None,
    stage: FromQuery[Stage | None] = None,
    timely: FromQuery[Literal["early", "on_time", "late"] | None] = None,
    subject: FromQuery[str | None] = None,
    open: FromQuery[bool | None] = None,
    overdue: FromQuery[bool] = False,
    due_first: FromQuery[str | None] = None,
    due_last: FromQuery[str | None] = None,
    order: FromQuery[Order] = "due",
    at: FromQuery[str | None] = None,
    after: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=500)] = 50,
) -> Promised:
    """Services with a promised time, what is due first, or (`order`) what was concluded last. `open`: not concluded at the day `at`
    (today); `overdue`: and past it; `due_first` and `due_last`: due between these days."""
    day = _day(services, at)
    branches = None if branch is None else [branch]
    stages = None if stage is None else [stage]
    where = PromiseWhere(
        "service", day, branches, member, stages, timely, subject, overdue, open, *_due(due_first, due_last)
    )
    rows = await _listed(services, actor, where, after, limit, order)
    note_reading(services, actor, {row.record for row in rows if is_personal(row.subject)})
    words = await _words(services, rows)
    matters = {one: told for one, fields in words.items() if isinstance(told := fields.get("matter"), str)}
    return Promised(day, rows, matters, _next(rows, limit, order))


async def _listed(
    services: Services, actor: Actor, where: PromiseWhere, after: str | None, limit: int, order: Order
) -> list[PromiseRow]:
    start = resume(after, "", "", "")
    return await services.ledger.read(
        lambda sql: promises(sql, actor.reader, where, (start[0], start[1], start[2]), limit, order)
    )


def _day(services: Services, at: str | None) -> str:
    return today(services) if at is None else whole_day(at, end=True).isoformat()


def _open(state: str | None) -> bool | None:
    """States in which nothing has closed a problem lie together in one index."""
    return True if state in ("open", "in_hand", "passed_on") else None


def _due(first: str | None, last: str | None) -> tuple[str | None, str | None]:
    """Raises BadRequest."""
    return first and whole_day(first).isoformat(), last and whole_day(last, end=True).isoformat()


def _next(rows: Sequence[PromiseRow], limit: int, order: Order) -> str | None:
    return cursor(place_of(rows[-1], order)) if len(rows) == limit else None


async def _given(services: Services, given: tuple[str, str, str], db: str) -> GivenBy:
    """`db`: where the assignment lies; "" where the actor may not read it."""
    one, member, _ = given
    body = (await _contents(services, [(db, one)])).get(one, {}) if db else {}
    fields = _fields(body)
    days, text = fields.get("days"), fields.get("text")
    told = [day if isinstance(day, str) else None for day in days] if isinstance(days, list) else []
    return GivenBy(one, member, str(body.get("author", "")), told, text if isinstance(text, str) else "")


def _said(fields: dict[str, Any], item: str) -> tuple[str, str]:
    told = [fields.get(f"{item}/{part}") for part in ("text", "result")]
    text, result = (one if isinstance(one, str) else "" for one in told)
    return text, result


async def _words(services: Services, rows: Sequence[PromiseRow]) -> dict[str, dict[str, Any]]:
    return await _bodies(services, {(row.database, row.record) for row in rows})


async def _bodies(services: Services, wanted: Any) -> dict[str, dict[str, Any]]:
    """{record: its fields}."""
    return {one: _fields(body) for one, body in (await _contents(services, wanted)).items()}


def _fields(body: dict[str, Any]) -> dict[str, Any]:
    fields = body.get("fields")
    return dict(fields) if isinstance(fields, dict) else {}


async def _contents(services: Services, wanted: Any) -> dict[str, dict[str, Any]]:
    """These documents as they lie in the store: the ledger keeps no words."""
    by_database: dict[str, list[str]] = {}
    for db, record in sorted(wanted):
        by_database.setdefault(db, []).append(record)
    told = {}
    for db, records in by_database.items():
        for found in await services.store.get(db, [Want(one) for one in records]):
            alive = [one for one in found.revisions if not one.deleted]
            told[found.id] = dict(upgrade(content_of(alive[0].body))) if alive else {}
    return told


router = Router(
    "/",
    route_handlers=[list_problems, count_promises, read_problem, list_services],
    guards=[need_login],
    tags=["promises"],
)
