"""Decide how the desk follows problems to their end and promised services through their stages: what is overdue stands out, and each
leads to its record, its follow-ups and its activity (FG4, FG6)."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec
from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from schemas import upgrade
from server.api.base import need_login
from server.api.desk import cursor, is_personal, note_reading, resume, today, whole_day
from server.services import Services
from sync.actor import Actor
from sync.documents import content_of
from sync.errors import NotFound
from sync.ledger.contribution import OPEN
from sync.ledger.promises import PromiseRow, PromiseWhere, problem, promises
from sync.ledger.queries import places
from sync.stores.contract import Want

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


class ProblemFollowed(msgspec.Struct, frozen=True):
    problem: PromiseRow
    text: str
    result: str
    follow_ups: list[FollowUpTold]


class Promised(msgspec.Struct, frozen=True):
    """Services for which a time was promised. `state` is the stage reached, `timely` early, on_time or late once it is concluded."""

    at: str
    services: list[PromiseRow]
    next: str | None


@get("/problems")
async def list_problems(
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    branch: FromQuery[str | None] = None,
    owner: FromQuery[str | None] = None,
    stands: Annotated[State | None, QueryParameter(name="state")] = None,
    subject: FromQuery[str | None] = None,
    overdue: FromQuery[bool] = False,
    at: FromQuery[str | None] = None,
    after: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=200)] = 50,
) -> Problems:
    """Problems in records that the actor may read. `overdue`: those past their due day and not closed at the day `at` (today)."""
    day = _day(services, at)
    branches = None if branch is None else [branch]
    states = None if stands is None else [stands]
    where = PromiseWhere("problem", day, branches, owner, states, None, subject, overdue, _open(stands))
    start = resume(after, "", "", "")
    rows = await services.ledger.read(
        lambda sql: promises(sql, actor.reader, where, (start[0], start[1], start[2]), limit)
    )
    words = await _words(services, rows)
    note_reading(services, actor, {row.record for row in rows if is_personal(row.subject)})
    told = [ProblemTold(row, *_said(words.get(row.record, {}), f"problems/{row.item}")) for row in rows]
    return Problems(day, told, _next(rows, limit))


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
        return None if found is None else (*found, places(sql, actor.reader, [one.record for one in found[1]]))

    found = await services.ledger.read(query)
    if found is None:
        raise NotFound(document=f"{record}#{item}")
    row, followed, readable = found
    words = await _bodies(services, [(row.database, record), *((place.db, one) for one, place in readable.items())])
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
    return ProblemFollowed(row, *_said(words.get(record, {}), f"problems/{item}"), told)


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
    at: FromQuery[str | None] = None,
    after: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=500)] = 50,
) -> Promised:
    """Services with a promised time, what is due first. `open`: not concluded at the day `at` (today); `overdue`: and past it."""
    day = _day(services, at)
    branches = None if branch is None else [branch]
    stages = None if stage is None else [stage]
    where = PromiseWhere("service", day, branches, member, stages, timely, subject, overdue, open)
    start = resume(after, "", "", "")
    rows = await services.ledger.read(
        lambda sql: promises(sql, actor.reader, where, (start[0], start[1], start[2]), limit)
    )
    note_reading(services, actor, {row.record for row in rows if is_personal(row.subject)})
    return Promised(day, rows, _next(rows, limit))


def _day(services: Services, at: str | None) -> str:
    return today(services) if at is None else whole_day(at, end=True).isoformat()


def _open(state: str | None) -> bool | None:
    """States in which nothing has closed a problem lie together in one index."""
    return True if state in ("open", "in_hand", "passed_on") else None


def _next(rows: Sequence[PromiseRow], limit: int) -> str | None:
    return cursor((rows[-1].due or OPEN, rows[-1].record, rows[-1].item)) if len(rows) == limit else None


def _said(fields: dict[str, Any], item: str) -> tuple[str, str]:
    told = [fields.get(f"{item}/{part}") for part in ("text", "result")]
    text, result = (one if isinstance(one, str) else "" for one in told)
    return text, result


async def _words(services: Services, rows: Sequence[PromiseRow]) -> dict[str, dict[str, Any]]:
    return await _bodies(services, {(row.database, row.record) for row in rows})


async def _bodies(services: Services, wanted: Any) -> dict[str, dict[str, Any]]:
    """The fields of these records as they lie in the store: the ledger keeps no words."""
    by_database: dict[str, list[str]] = {}
    for db, record in sorted(wanted):
        by_database.setdefault(db, []).append(record)
    told = {}
    for db, records in by_database.items():
        for found in await services.store.get(db, [Want(one) for one in records]):
            alive = [one for one in found.revisions if not one.deleted]
            fields = upgrade(content_of(alive[0].body)).get("fields") if alive else None
            told[found.id] = dict(fields) if isinstance(fields, dict) else {}
    return told


router = Router(
    "/", route_handlers=[list_problems, read_problem, list_services], guards=[need_login], tags=["promises"]
)
