"""Decide how the desk lists activities, and what it is told of one: who took part, which records it is made of, and why."""

from typing import Annotated, Any, Literal

import msgspec
from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from server.api.base import need_login
from server.api.desk import cursor, days, resume
from server.services import Services
from sync.actor import Actor
from sync.errors import NotFound
from sync.ledger.queries import activities, activity, branches_for, names, places


class ActivityTold(msgspec.Struct, frozen=True):
    """`joined`: why records were taken for one happening, `suggested`: why others might be; each with its score from 0 to 100.
    `readable`: those of its records that the actor may open. `names` of members and branches, by id."""

    id: str
    day: str
    fields: dict[str, Any]
    records: list[str]
    participants: list[str]
    branches: list[str]
    aliases: list[str]
    joined: list[dict[str, Any]]
    suggested: list[dict[str, Any]]
    readable: list[str]
    names: dict[str, str]


class Activities(msgspec.Struct, frozen=True):
    """`next`: give it as `after` to go on; none at the end."""

    activities: list[ActivityTold]
    next: str | None


@get("/activities")
async def list_activities(
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    branch: FromQuery[str | None] = None,
    type: FromQuery[Literal["visit", "service", "survey", "event"] | None] = None,
    first: FromQuery[str | None] = None,
    last: FromQuery[str | None] = None,
    after: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=500)] = 50,
) -> Activities:
    """Activities credited to the actor's branches, the newest day first. `first` and `last`: local days, months or years."""
    span = days(first, last)
    day, doc = resume(after, "~", "~")

    def query(sql: Any) -> list[ActivityTold]:
        branches = branches_for(sql, actor.reader, branch)
        found = activities(sql, branches, *span, type, (day, doc), limit)
        return [_told(sql, actor, one, on, fields) for one, on, fields in found]

    told = await services.ledger.read(query)
    return Activities(told, cursor((told[-1].day, told[-1].id)) if len(told) == limit else None)


@get("/activities/{doc:str}")
async def read_activity(
    services: NamedDependency[Services], actor: NamedDependency[Actor], doc: FromPath[str]
) -> ActivityTold:
    """One activity. An id that has become an alias leads to the activity that its record belongs to now."""

    def query(sql: Any) -> ActivityTold:
        reader = actor.reader
        branches = None if reader is None or "committee" in reader else branches_for(sql, reader, None)
        found = activity(sql, branches, doc)
        if found is None:
            raise NotFound(document=doc)
        return _told(sql, actor, found[0], found[3], found[4])

    return await services.ledger.read(query)


def _told(sql: Any, actor: Actor, doc: str, day: str, fields: dict[str, Any]) -> ActivityTold:
    sets: dict[str, list[str]] = {}
    plain: dict[str, Any] = {}
    for path, value in fields.items():
        head, slash, member = path.partition("/")
        if slash:
            sets.setdefault(head, []).append(member)
        else:
            plain[path] = value
    records, people, branches = sets.get("records", []), sets.get("participants", []), sets.get("branches", [])
    asked = [*(f"member:{one}" for one in people), *(f"branch:{one}" for one in branches)]
    return ActivityTold(
        doc,
        day,
        {name: value for name, value in plain.items() if name not in ("joined", "suggested")},
        records,
        people,
        branches,
        sets.get("aliases", []),
        plain.get("joined", []),
        plain.get("suggested", []),
        sorted(places(sql, actor.reader, records)),
        names(sql, asked),
    )


router = Router("/", route_handlers=[list_activities, read_activity], guards=[need_login], tags=["activities"])
