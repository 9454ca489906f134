"""Decide how the desk lists activities, and what it is told of one: who took part, which records it is made of, what each of them says, and
why they are one."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec
from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from schemas import readers, upgrade
from server.api.base import need_login
from server.api.desk import cursor, days, is_personal, note_reading, refuse_erased, resume
from server.services import Services
from sync.actor import Actor
from sync.documents import content_of
from sync.errors import NotFound
from sync.ledger.activity_lists import ActivityRow, ActivityWhere, activities, readable
from sync.ledger.companions import BINDING
from sync.ledger.queries import activity, beside, branches_for, names, places, subject_names
from sync.stores.contract import Want


class ActivityTold(msgspec.Struct, frozen=True):
    """`joined`: why records were taken for one happening, `suggested`: why others might be; each with its score from 0 to 100.
    `readable`: those of its records that the actor may open. `names` of members, branches and the subject, by id; a subject that the
    actor may not read has none."""

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


class Words(msgspec.Struct, frozen=True):
    """What one record of an activity says itself, in the fields of its type; none where the actor may not read it. `form`: the one that it
    was made with, such as `survey/1`; "" for none."""

    id: str
    type: str
    author: str
    branch: str
    form: str
    fields: dict[str, Any] | None


class Binding(msgspec.Struct, frozen=True):
    """A decision that made records one activity (`join`) or two (`split`)."""

    id: str
    decision: str
    author: str
    at: str
    records: list[str]


class SideBySide(msgspec.Struct, frozen=True):
    """`decided`: by people, the latest last."""

    activity: ActivityTold
    records: list[Words]
    decided: list[Binding]


@get("/activities")
async def list_activities(
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    branch: FromQuery[str | None] = None,
    type: FromQuery[Literal["visit", "service", "survey", "event"] | None] = None,
    kind: FromQuery[str | None] = None,
    member: FromQuery[str | None] = None,
    subject: FromQuery[str | None] = None,
    first: FromQuery[str | None] = None,
    last: FromQuery[str | None] = None,
    after: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=500)] = 50,
) -> Activities:
    """Activities credited to the actor's branches, the newest day first, of a type, a kind, a member who took part or a subject.
    `first` and `last`: local days, months or years."""
    span = days(first, last)
    day, doc = resume(after, "~", "~")

    def query(sql: Any) -> list[ActivityTold]:
        where = ActivityWhere(branches_for(sql, actor.reader, branch), *span, type, kind, member, subject)
        return _told(sql, actor, activities(sql, where, (day, doc), limit))

    told = await services.ledger.read(query)
    _note(services, actor, told)
    return Activities(told, cursor((told[-1].day, told[-1].id)) if len(told) == limit else None)


@get("/activities/{doc:str}")
async def read_activity(
    services: NamedDependency[Services], actor: NamedDependency[Actor], doc: FromPath[str]
) -> ActivityTold:
    """One activity. An id that has become an alias leads to the activity that its record belongs to now."""
    refuse_erased(services, doc)
    told = await services.ledger.read(lambda sql: _one(sql, actor, doc))
    _note(services, actor, [told])
    return told


@get("/activities/{doc:str}/side-by-side")
async def read_side_by_side(
    services: NamedDependency[Services], actor: NamedDependency[Actor], doc: FromPath[str]
) -> SideBySide:
    """One activity with what each of its records says, and the decisions that joined or split it."""
    refuse_erased(services, doc)

    def query(sql: Any) -> tuple[ActivityTold, dict[str, str], list[Binding]]:
        told = _one(sql, actor, doc)
        found = {one: place.db for one, place in places(sql, actor.reader, told.records).items()}
        made = [one for record in told.records for one in beside(sql, actor.reader, record)]
        decided = [
            (facts.order, Binding(one, facts.decision, facts.author, facts.at, list(facts.records)))
            for one, of, facts in made
            if of == "review" and facts.decision in BINDING
        ]
        return told, found, [one for _, one in sorted(decided, key=lambda pair: pair[0])]

    told, found, decided = await services.ledger.read(query)
    said = await _said(services, actor, found)
    note_reading(services, actor, [one.id for one in said.values() if is_personal((one.fields or {}).get("subject"))])
    _note(services, actor, [told])
    records = [said.get(one) or Words(one, one.partition(":")[0], "", "", "", None) for one in told.records]
    return SideBySide(told, records, decided)


def _one(sql: Any, actor: Actor, doc: str) -> ActivityTold:
    reader = actor.reader
    branches = None if reader is None or "committee" in reader else branches_for(sql, reader, None)
    found = activity(sql, branches, doc)
    if found is None:
        raise NotFound(document=doc)
    return _told(sql, actor, [ActivityRow(found[0], found[3], found[4])])[0]


def _told(sql: Any, actor: Actor, rows: Sequence[ActivityRow]) -> list[ActivityTold]:
    """All that is looked up for them is looked up at once."""
    parted = [_parts(row.fields) for row in rows]
    people = {f"member:{one}" for _, sets in parted for one in sets.get("participants", ())}
    of = {f"branch:{one}" for _, sets in parted for one in sets.get("branches", ())}
    subjects = {plain["subject"] for plain, _ in parted if plain.get("subject")}
    named = names(sql, people | of) | subject_names(sql, actor.reader, subjects)
    open_to = readable(sql, actor.reader, [one for _, sets in parted for one in sets.get("records", ())])
    return [_shown(row, plain, sets, named, open_to) for row, (plain, sets) in zip(rows, parted, strict=True)]


def _shown(
    row: ActivityRow, plain: dict[str, Any], sets: dict[str, list[str]], named: dict[str, str], open_to: set[str]
) -> ActivityTold:
    records, people, branches = (sets.get(name, []) for name in ("records", "participants", "branches"))
    asked = [*(f"member:{one}" for one in people), *(f"branch:{one}" for one in branches), plain.get("subject", "")]
    return ActivityTold(
        row.id,
        row.day,
        {name: value for name, value in plain.items() if name not in ("joined", "suggested")},
        records,
        people,
        branches,
        sets.get("aliases", []),
        plain.get("joined", []),
        plain.get("suggested", []),
        sorted(open_to.intersection(records)),
        {one: named[one] for one in asked if one in named},
    )


def _parts(fields: dict[str, Any]) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """Plain fields, and the members of its sets."""
    sets: dict[str, list[str]] = {}
    plain: dict[str, Any] = {}
    for path, value in fields.items():
        head, slash, member = path.partition("/")
        if slash:
            sets.setdefault(head, []).append(member)
        else:
            plain[path] = value
    return plain, sets


async def _said(services: Services, actor: Actor, found: dict[str, str]) -> dict[str, Words]:
    """The records' own words, as they lie in the store."""
    told: dict[str, Words] = {}
    for db in sorted(set(found.values())):
        for one in await services.store.get(db, [Want(doc) for doc, at in found.items() if at == db]):
            body = dict(upgrade(content_of(one.revisions[0].body))) if one.revisions else {}
            fields = body.get("fields")
            hidden = actor.reader is not None and readers(body).isdisjoint(actor.reader)
            if not isinstance(fields, dict) or one.revisions[0].deleted or hidden:
                continue
            shown = {path: value for path, value in fields.items() if not path.startswith("readers/")}
            author, form = str(body.get("author", "")), str(body.get("form") or "")
            told[one.id] = Words(one.id, str(body["type"]), author, str(body["branch"]), form, shown)
    return told


def _note(services: Services, actor: Actor, told: Sequence[ActivityTold]) -> None:
    """Whoever is told the name of a household or resident reads about a person (AP8)."""
    subjects = [(one, one.fields.get("subject")) for one in told]
    note_reading(services, actor, {one.records[0] for one, of in subjects if is_personal(of) and of in one.names})


router = Router(
    "/",
    route_handlers=[list_activities, read_activity, read_side_by_side],
    guards=[need_login],
    tags=["activities"],
)
