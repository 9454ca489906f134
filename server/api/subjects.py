"""Decide what the desk is told of one subject and of one member: in one answer all that stands beside the lists of activities and problems,
as far as the actor may read it. Facts of persons are told to those alone who may read them; to others, that there are some."""

from typing import Any, Literal

import msgspec
from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from schemas import readers, upgrade
from server.api.base import need_login
from server.api.desk import is_personal, leaves_of, note_reading, place_of, today
from server.services import Services
from sync.actor import Actor
from sync.databases import CENTRE
from sync.documents import content_of
from sync.errors import NotFound
from sync.ledger.queries import branches_for, subject_names
from sync.ledger.subjects import Group, Link, Photo, group_of, links_of, links_with, persons_of, photos_of
from sync.reconcile.joining import joined
from sync.stores.contract import LEAVES, Want


class Alias(msgspec.Struct, frozen=True):
    """`review`: the decision that made it the same as `same_as`; superseded, it is taken back."""

    id: str
    name: str
    same_as: str
    review: str


class LinkTold(msgspec.Struct, frozen=True):
    """Whom a subject is assigned to. Days are local and inclusive, `last` empty for an open end; `now`: in force today."""

    id: str
    branch: str
    member: str
    subject: str
    first: str
    last: str
    now: bool


class PhotoTold(msgspec.Struct, frozen=True):
    id: str
    record: str
    day: str
    caption: str


class PersonFacts(msgspec.Struct, frozen=True):
    id: str
    fields: dict[str, Any]


class SubjectTold(msgspec.Struct, frozen=True):
    """`root`: what the decisions lead to, itself where there are none. `person`: whether facts of the person are `shown`, there but
    `hidden` from the actor, or not there (`none`). `names` of subjects, as far as the actor may read these."""

    id: str
    database: str
    branch: str
    fields: dict[str, Any]
    root: str
    aliases: list[Alias]
    assigned: list[LinkTold]
    person: Literal["shown", "hidden", "none"]
    persons: list[PersonFacts]
    photos: list[PhotoTold]
    names: dict[str, str]


class MemberTold(msgspec.Struct, frozen=True):
    """`fields`: as the directory has them. `assigned`: the subjects that are the member's today, in branches that the actor sees."""

    id: str
    fields: dict[str, Any]
    assigned: list[LinkTold]
    names: dict[str, str]


class _Known(msgspec.Struct):
    group: Group
    links: list[Link]
    persons: list[tuple[str, str]]
    photos: list[Photo]
    names: dict[str, str]


@get("/subjects/{subject:str}")
async def read_subject(
    services: NamedDependency[Services], actor: NamedDependency[Actor], subject: FromPath[str]
) -> SubjectTold:
    """A subject: its facts, what it is the same as, whom it is assigned to, the photos of its records."""
    place = await place_of(services, actor.reader, subject)
    body = dict(upgrade(joined(await leaves_of(services, actor, place.db, subject))))
    if body.get("type") != "subject":
        raise NotFound(document=subject)

    def query(sql: Any) -> _Known:
        group = group_of(sql, subject)
        same = group.members
        within = body["fields"].get("within")
        asked = [*same, *([within] if isinstance(within, str) else [])]
        return _Known(
            group,
            links_of(sql, actor.reader, same),
            persons_of(sql, same),
            photos_of(sql, actor.reader, same),
            subject_names(sql, actor.reader, asked),
        )

    known = await services.ledger.read(query)
    persons = await _persons(services, actor, known.persons)
    note_reading(services, actor, [one for one in [subject, *(told.id for told in persons)] if is_personal(subject)])
    day = today(services)
    return SubjectTold(
        subject,
        place.db,
        place.branch,
        body["fields"],
        known.group.root,
        [Alias(one, known.names.get(one, ""), *told) for one, told in known.group.aliases.items()],
        [_link(one, day) for one in known.links],
        "shown" if persons else "hidden" if known.persons else "none",
        persons,
        [PhotoTold(*one) for one in known.photos],
        known.names,
    )


@get("/members/{member:str}")
async def read_member(
    services: NamedDependency[Services], actor: NamedDependency[Actor], member: FromPath[str]
) -> MemberTold:
    """A member: what the directory says, and the subjects that are assigned to the member today."""
    (found,) = await services.store.get(CENTRE, [Want(f"member:{member}")])
    alive = next((one for one in found.revisions if not one.deleted), None)
    if alive is None:
        raise NotFound(document=f"member:{member}")
    day = today(services)

    def query(sql: Any) -> tuple[list[Link], dict[str, str]]:
        links = links_with(sql, actor.reader, branches_for(sql, actor.reader, None), member, day)
        return links, subject_names(sql, actor.reader, [one.subject for one in links])

    links, named = await services.ledger.read(query)
    note_reading(services, actor, [one for one in named if is_personal(one)])
    return MemberTold(member, content_of(alive.body)["fields"], [_link(one, day) for one in links], named)


async def _persons(services: Services, actor: Actor, found: list[tuple[str, str]]) -> list[PersonFacts]:
    """Those that the actor may read."""
    told = []
    for db in sorted({db for db, _ in found}):
        for one in await services.store.get(db, [Want(doc, LEAVES) for at, doc in found if at == db]):
            if all(leaf.deleted for leaf in one.revisions):
                continue
            body = dict(upgrade(joined(one)))
            if actor.reader is None or not readers(body).isdisjoint(actor.reader):
                told.append(PersonFacts(one.id, body["fields"]))
    return told


def _link(one: Link, day: str) -> LinkTold:
    return LinkTold(*one, one.first <= day and (one.last == "" or day <= one.last))


router = Router("/", route_handlers=[read_subject, read_member], guards=[need_login], tags=["subjects"])
