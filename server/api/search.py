"""Decide how records, subjects, cases and activities are found by words, and that finding persons is written down (SR…)."""

from typing import Annotated, Any, Literal

import msgspec
from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter

from server.api.base import need_login
from server.api.desk import cursor, note_reading, resume, whole_day
from server.services import Services
from sync.actor import Actor
from sync.ledger.search import Asked, Found, Hit, best, newest, phrases_of


class Hits(msgspec.Struct, frozen=True):
    """`next`: give it as `after` to go on, also where a page has fewer hits than were asked for; none at the end."""

    hits: list[Hit]
    next: str | None


@get("/search")
async def search(
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    q: FromQuery[str],
    type: FromQuery[Literal["visit", "service", "survey", "event", "subject", "case", "activity"] | None] = None,
    branch: FromQuery[str | None] = None,
    first: FromQuery[str | None] = None,
    last: FromQuery[str | None] = None,
    order: FromQuery[Literal["newest", "best"]] = "newest",
    after: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=200)] = 50,
) -> Hits:
    """What the actor may read that holds all of `q`: words and phrases between spaces or quotes, Chinese and Latin mixed, full- or
    half-width. `first` and `last`: local days, months or years. `order`: the newest first, or the best among the 500 newest."""
    days = (given.isoformat() for given in (whole_day(first or "2000"), whole_day(last or "2199", end=True)))
    since, until = days
    asked = Asked(phrases_of(q), type, branch, since if first else "", until if last else "")
    (at,) = resume(after, 0)

    def query(sql: Any) -> Found:
        if order == "best":
            ranked = best(sql, actor.reader, asked)[at : at + limit]
            return Found(ranked, at + limit if len(ranked) == limit else None)
        return newest(sql, actor.reader, asked, at or None, limit)

    found = await services.ledger.read(query)
    note_reading(services, actor, [hit.id for hit in found.hits if hit.person])
    return Hits(found.hits, None if found.place is None else cursor((found.place,)))


router = Router("/", route_handlers=[search], guards=[need_login], tags=["search"])
