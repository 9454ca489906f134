"""Decide how the desk lists field records, and what it is told of one: its values with their history, and all that accompanies it."""

from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import msgspec
from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from schemas import label_of, readers, rule_of, upgrade
from schemas.canonical import NotCanonical
from schemas.vocabulary import STAGES
from server.api.base import need_login
from server.api.desk import cursor, days, is_personal, leaves_of, moment, note_reading, place_of, resume
from server.services import Services
from sync.actor import Actor
from sync.checking import check_id
from sync.documents import content_of
from sync.errors import Conflict, NotFound
from sync.ledger.decisions import holding, latest
from sync.ledger.facts import facts_of
from sync.ledger.follow import hashes
from sync.ledger.queries import Place, RecordRow, RecordWhere, beside, counted_ratings, records
from sync.ledger.stages import kept, timely
from sync.reconcile.explain import Explanation, Fate, Held, disputed, explain, history, removed
from sync.reconcile.joining import joined
from sync.stores.contract import Found, Want

Type = Literal["visit", "service", "survey", "event"]
Standing = Literal["counted", "flagged", "withdrawn", "undated", "unknown_subject", "member_left"]
Review = Literal["open", "approved", "amended", "returned", "corrected"]


class Records(msgspec.Struct, frozen=True):
    """`next`: give it as `after` to go on; none at the end."""

    records: list[RecordRow]
    next: str | None


class Value(msgspec.Struct, frozen=True):
    """One value that a field was given. `fate`: shown, agrees, lost (to a rule: nobody has seen it) or replaced; `held`: kept,
    pruned or redacted; `tablet_label` and `tablet_member`: what the tablet is called and whose it is, "" where nothing is known of it;
    `over`: the stamps of the values that it replaced or stands above; `at`: when, by the clock of the tablet; None where nothing tells
    it."""

    value: Any
    held: str
    fate: str
    stamp: str
    member: str
    tablet: str
    at: str | None
    by: str
    over: list[str]
    ahead: bool
    tablet_label: str = ""
    tablet_member: str = ""


class FieldTold(msgspec.Struct, frozen=True):
    """A field and every value it had, the shown one first."""

    path: str
    zh: str
    en: str
    rule: str
    disputed: bool
    open_for_person: bool
    values: list[Value]


class History(msgspec.Struct, frozen=True):
    """`disputed`: the paths that have values which nobody has settled yet; `fields`: in the order of their paths."""

    id: str
    revision: str
    disputed: list[str]
    fields: list[FieldTold]


class Companion(msgspec.Struct, frozen=True):
    """A photo, rating, signature, assignment or review decision, as it was written. `counts`: False for a rating of a service that
    had one already, or whose record counts nowhere, and for a decision that another took the place of."""

    id: str
    type: str
    author: str
    fields: dict[str, Any]
    counts: bool


class StageTold(msgspec.Struct, frozen=True):
    """A stage of a service, in order. `timely`: early, on_time or late once it is done and was promised, overdue where it is not done
    in time; else ""."""

    stage: str
    zh: str
    en: str
    promised: str
    actual: str
    by: str
    timely: str


class RecordTold(msgspec.Struct, frozen=True):
    """`seen` is what a decision on this record is bound to, `decided` the last decision about it ("": none): give both back with the
    decision. `timely`: of a service as a whole, by the
    time that was promised for its conclusion, else for its delivery. `standing`: whether it counts, or why not; "" for a subject or
    joint survey."""

    id: str
    database: str
    revision: str
    body: dict[str, Any]
    withdrawn: bool
    disputed: list[str]
    history: list[FieldTold]
    problems: list[dict[str, Any]]
    relayed: list[dict[str, Any]]
    beside: list[Companion]
    stages: list[StageTold]
    timely: str
    review: str
    activity: str | None
    standing: str
    seen: str
    decided: str


@get("/records")
async def list_records(
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    branch: FromQuery[str | None] = None,
    type: FromQuery[Type | None] = None,
    author: FromQuery[str | None] = None,
    subject: FromQuery[str | None] = None,
    standing: FromQuery[Standing | None] = None,
    review: FromQuery[Review | None] = None,
    first: FromQuery[str | None] = None,
    last: FromQuery[str | None] = None,
    after: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=500)] = 50,
) -> Records:
    """Records that the actor may read, the newest day first. `first` and `last`: local days, months or years."""
    span = days(first, last)
    branches = None if branch is None else [branch]
    where = RecordWhere(branches, type, author, subject, standing, review, *span)
    day, record = resume(after, "~", "~")
    found = await services.ledger.read(lambda sql: records(sql, actor.reader, where, (day, record), limit))
    note_reading(services, actor, [row.id for row in found if row.person])
    return Records(found, cursor((found[-1].day, found[-1].id)) if len(found) == limit else None)


@get("/records/{record:str}")
async def read_record(
    services: NamedDependency[Services], actor: NamedDependency[Actor], record: FromPath[str]
) -> RecordTold:
    """One record with everything that is known of it. Leaves that are not merged yet are shown as their merge will be."""
    return await tell(services, actor, record)


@get("/records/{record:str}/history")
async def read_history(
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    record: FromPath[str],
    path: FromQuery[str | None] = None,
) -> History:
    """Every value that each field was ever given: from whom, when, on which tablet, over which others, by which rule. `path`: of one
    field alone."""
    place = await place_of(services, actor.reader, record)
    found = await leaves_of(services, actor, place.db, record)
    body = dict(upgrade(joined(found)))
    clock_ms = int(services.now().timestamp() * 1000)
    try:
        one = None if path is None else explain(body, path, clock_ms, rule_of=rule_of)
        told = [one] if one else history(body, clock_ms, rule_of=rule_of)
    except NotCanonical as problem:
        what = f"The record holds {problem.reason}, so its history cannot be told: have its author put it right."
        raise Conflict(what, code="unmergeable") from None
    if one is not None and not one.writes:
        raise NotFound(f"Nobody has written {path} in this record.", path=path)
    _note(services, actor, record, body)
    of = str(body.get("type"))
    fields = await with_tablets(services, [_field(of, one) for one in told])
    return History(record, _revision(found), disputed(body), fields)


async def tell(services: Services, actor: Actor, record: str) -> RecordTold:
    """Raises NotFound for a record that is not there or may not be seen."""
    place = await place_of(services, actor.reader, record)
    found = await leaves_of(services, actor, place.db, record)
    body = dict(upgrade(joined(found)))
    seen = (await hashes(services.store, services.ledger, place.db, [record])).get(record, "")
    check = await _check(services, place, record)
    _note(services, actor, record, body)
    withdrawn, open_for, told = _judged(body, int(services.now().timestamp() * 1000))
    return RecordTold(
        record,
        place.db,
        _revision(found),
        body,
        withdrawn,
        open_for,
        await with_tablets(services, told),
        _list(check.get("problems")),
        _list(check.get("relayed")),
        await _beside(services, actor, place.db, record),
        *_stages(services, body),
        place.review,
        place.activity,
        place.standing,
        seen,
        await _decided(services, record),
    )


def history_of(body: dict[str, Any], clock_ms: int) -> list[FieldTold]:
    """Every field of which more than the shown value is known."""
    told = [
        one
        for one in history(body, clock_ms, rule_of=rule_of)
        if len(one.writes) > 1 or one.writes[0].fate is not Fate.SHOWN
    ]
    return [_field(str(body.get("type")), one) for one in told]


async def with_tablets(services: Services, told: list[FieldTold]) -> list[FieldTold]:
    """The same, with what each tablet is called: whoever reads a record is told whose tablet a value came from, not a number alone."""
    ids = {value.tablet for field in told for value in field.values} - {"", "desk"}
    known = await services.tablets.known(ids) if ids else {}
    if not known:
        return told
    members = {one.name: one.member or "" for one in await services.accounts.listed()}

    def named(value: Value) -> Value:
        label, account = known.get(value.tablet, ("", ""))
        return msgspec.structs.replace(value, tablet_label=label, tablet_member=members.get(account, ""))

    return [msgspec.structs.replace(field, values=[named(one) for one in field.values]) for field in told]


def _judged(body: dict[str, Any], clock_ms: int) -> tuple[bool, list[str], list[FieldTold]]:
    """Whether it is withdrawn, what is disputed, and its history; nothing of a record whose problem is that it cannot be read so."""
    try:
        return removed(body).in_force, disputed(body), history_of(body, clock_ms)
    except NotCanonical:
        return False, [], []


def _revision(found: Found) -> str:
    return next(one.rev for one in found.revisions if not one.deleted)


def _note(services: Services, actor: Actor, record: str, body: dict[str, Any]) -> None:
    """Reading about a person is on the audit trail."""
    fields = body.get("fields")
    if is_personal(record) or (isinstance(fields, dict) and is_personal(fields.get("subject"))):
        note_reading(services, actor, [record])


def _field(of: str, told: Explanation) -> FieldTold:
    zh, en = label_of(of, told.path)
    values = [
        Value(
            one.value if one.held is Held.KEPT else None,
            one.held.value,
            one.fate.value,
            one.stamp,
            one.member,
            one.device,
            moment(one.at_ms),
            one.by,
            [other.stamp for other in one.over],
            one.ahead,
        )
        for one in told.writes
    ]
    return FieldTold(told.path, zh, en, told.rule.value, told.disputed, told.open_for_person, values)


async def _check(services: Services, place: Place, record: str) -> dict[str, Any]:
    (found,) = await services.store.get(place.db, [Want(check_id(record))])
    alive = [one for one in found.revisions if not one.deleted]
    fields = content_of(alive[0].body).get("fields") if alive else None
    return fields if isinstance(fields, dict) else {}


async def _beside(services: Services, actor: Actor, db: str, record: str) -> list[Companion]:
    """Companions that the actor may read, checks left out."""
    known, counting = await services.ledger.read(
        lambda sql: (beside(sql, actor.reader, record), counted_ratings(sql, record) | holding(sql, record))
    )
    wants = [Want(one) for one, of, _ in known if of != "check"]
    told = []
    for found in await services.store.get(db, wants) if wants else []:
        for stored in found.revisions:
            body = content_of(stored.body)
            # Asked again of what lies there now: the ledger may be a moment behind.
            if stored.deleted or (actor.reader is not None and readers(body).isdisjoint(actor.reader)):
                continue
            fields = body.get("fields")
            shown = {path: value for path, value in fields.items() if not path.startswith("readers/")} if fields else {}
            of, author = str(body.get("type")), str(body.get("author", ""))
            told.append(Companion(found.id, of, author, shown, of not in ("rating", "review") or found.id in counting))
    return told


async def _decided(services: Services, record: str) -> str:
    found = await services.ledger.read(lambda sql: latest(sql, record))
    return found[0] if found else ""


def _stages(services: Services, body: dict[str, Any]) -> tuple[list[StageTold], str]:
    """The stages of a service and whether it as a whole was in time; of other types nothing."""
    fields = body.get("fields")
    if body.get("type") != "service" or not isinstance(fields, dict):
        return [], ""
    zone, now = services.ledger.zone, int(services.now().timestamp())
    facts = facts_of(body, zone)
    told = [
        StageTold(
            one.stage,
            *STAGES[one.stage],
            *_said(fields, one.stage),
            _timely(one.promised, one.actual, now, zone),
        )
        for one in facts.stages
    ]
    whole = kept(facts.stages, zone)
    return told, "" if whole is None else _timely(whole.promised, whole.done, now, zone)


def _said(fields: dict[str, Any], stage: str) -> tuple[str, str, str]:
    promised, actual, by = (str(fields.get(f"stages/{stage}/{part}") or "") for part in ("promised", "actual", "by"))
    return promised, actual, by


def _timely(promised: int | None, actual: int | None, now: int, zone: ZoneInfo) -> str:
    if promised is None:
        return ""
    if actual is None:
        return "overdue" if promised < now else ""
    return timely(promised, actual, zone)


def _list(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


router = Router("/", route_handlers=[list_records, read_record, read_history], guards=[need_login], tags=["records"])
