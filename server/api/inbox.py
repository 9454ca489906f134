"""Decide what the desk's inbox tells of what waits for whoever asks (IX…): the ledger says what waits; documents are read of one page only,
for what a decision is bound to and for the words of what is wrong."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter

from server.api.base import need_login
from server.api.desk import cursor, is_personal, note_reading, resume, today
from server.services import Services
from sync.actor import Actor
from sync.checking import check_id
from sync.databases import OFFICE, branch_of
from sync.documents import content_of
from sync.ledger.decisions import latest
from sync.ledger.follow import hashes
from sync.ledger.inbox import KINDS, RECORDS, inbox, sound
from sync.ledger.queries import names
from sync.ledger.waiting import Decider, Key, Now, Reason, Waiting
from sync.quarantine import PREFIX
from sync.reconcile.explain import seen_hash
from sync.stores.contract import Want

Kind = Literal[
    "new",
    "corrected",
    "amended",
    "disputed",
    "join",
    "same_subject",
    "quarantined",
    "faulty",
    "overdue",
    "conclusion",
    "month",
]
EVERY_KIND = (*KINDS, "quarantined")


class ReasonTold(msgspec.Struct, frozen=True):
    zh: str
    en: str


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that waits. `id`: a record, activity (`join`), subject, case (`conclusion`), activity record (`month`) or entry of the
    quarantine; `at`: the local day that it is about, of a case that of its limit; `doubt`: 0 to 100; `reasons`: why it waits, and what is
    doubtful. `seen`: give it back with a decision on a record or month; "" where a decision is bound to nothing; `decided` likewise, the
    last decision about it. `item`: the problem that is overdue. `others`: the records that may belong to the activity, or the subject that
    may be the same."""

    kind: Kind
    id: str
    database: str
    branch: str
    at: str
    title: str
    subject: str
    subject_name: str
    author: str
    doubt: int
    reasons: list[ReasonTold]
    seen: str = ""
    decided: str = ""
    item: str = ""
    others: list[str] = []


class Inbox(msgspec.Struct, frozen=True):
    """`counts`: how much of each kind waits, whatever page is shown. `names` of members and branches, by document id. `next`: give it as
    `after` to go on; none at the end."""

    counts: dict[Kind, int]
    items: list[Item]
    names: dict[str, str]
    next: str | None


class Sound(msgspec.Struct, frozen=True):
    """`total`: how many there are, on whatever page; 1,001 for more than 1,000. `next`: give it as `after` to go on; none at the end."""

    total: int
    items: list[Item]
    next: str | None


@get("/inbox")
async def read_inbox(
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    branch: FromQuery[str | None] = None,
    kind: FromQuery[Kind | None] = None,
    after: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=200)] = 50,
) -> Inbox:
    """What waits for the decision of whoever asks, the oldest day first, within a day the most doubtful. `kind`: of one kind alone."""
    day, trust, doc, of = resume(after, "", -1, "", "")
    start: Key = (day, trust, doc, of)
    who = decider(actor, branch)
    counts = dict.fromkeys(EVERY_KIND, 0)
    found: list[Waiting] = []
    if who is not None:
        asked, zone = who, services.ledger.zone
        now = Now(services.now().strftime("%Y-%m-%dT%H:%M:%SZ"), today(services))
        told, found = await services.ledger.read(
            lambda sql: inbox(sql, asked, kind, start, limit, now, zone, services.ledger.kept)
        )
        counts |= told
    refused = await _quarantined(services, actor, branch)
    counts["quarantined"] = len(refused)
    if kind in (None, "quarantined"):
        later = (one for one in refused if one.key > start)
        found = sorted([*found, *later], key=lambda one: one.key)[:limit]
    items = await _items(services, found)
    asked_names = {f"member:{one.author}" for one in found} | {f"branch:{one.branch}" for one in found}
    called = await services.ledger.read(lambda sql: names(sql, sorted(asked_names)))
    note_reading(services, actor, {one.id for one in found if is_personal(one.subject) or is_personal(one.id)})
    return Inbox(_typed(counts), items, called, cursor(found[-1].key) if len(found) == limit else None)


@get("/inbox/sound")
async def list_sound(
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    branch: FromQuery[str | None] = None,
    subject: FromQuery[str | None] = None,
    author: FromQuery[str | None] = None,
    after: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=200)] = 50,
) -> Sound:
    """New records that wait and that nothing makes one doubt: those that may be approved many at once (IX7)."""
    day, trust, doc, of = resume(after, "", -1, "", "")
    start: Key = (day, trust, doc, of)
    who = decider(actor, branch)
    if who is None:
        return Sound(0, [], None)
    asked, zone = who, services.ledger.zone
    total, found = await services.ledger.read(lambda sql: sound(sql, asked, subject, author, start, limit, zone))
    items = await _items(services, found)
    note_reading(services, actor, {one.id for one in found if is_personal(one.subject)})
    return Sound(total, items, cursor(found[-1].key) if len(found) == limit else None)


def decider(actor: Actor, branch: str | None) -> Decider | None:
    """Whose decision is asked for: a secretary's or deputy's for the own branch, the committee's for all; None for who decides nothing."""
    held = actor.principals
    if actor.member is None or not ("committee" in held or any(one.startswith("secretary:") for one in held)):
        return None
    if "committee" in held:
        return Decider(actor.member, None if branch is None else [branch], actor.reader)
    own = sorted(one.removeprefix("secretary:") for one in held if one.startswith("secretary:"))
    return Decider(actor.member, [one for one in own if branch in (None, one)], actor.reader)


async def _quarantined(services: Services, actor: Actor, branch: str | None) -> list[Waiting]:
    """What was refused and not let in, for administrators, who alone may let it in."""
    if not actor.administrator:
        return []
    found = []
    async for held in services.office.all(PREFIX.removesuffix(":")):
        content = held.content
        of = branch_of(content["database"]) or ""
        if content.get("state") != "open" or branch not in (None, of):
            continue
        reason = content.get("reason") or {}
        at = datetime.fromisoformat(content["at"]).astimezone(services.ledger.zone).date().isoformat()
        found.append(
            Waiting(
                key=(at, 50, held.id, "quarantined"),
                database=OFFICE,
                branch=of,
                title=content["record"],
                author=content.get("member") or "",
                reasons=(Reason(reason.get("zh", reason.get("en", "")), reason.get("en", "")),),
            )
        )
    return found


async def _items(services: Services, found: list[Waiting]) -> list[Item]:
    seen = await _seen(services, found)
    wrong = await _wrong(services, found)
    decided = await services.ledger.read(lambda sql: {one.id: latest(sql, one.id) for one in found})
    return [
        Item(
            kind=_kind(one.kind),
            id=one.id,
            database=one.database,
            branch=one.branch,
            at=one.key[0],
            title=one.title,
            subject=one.subject,
            subject_name=one.subject_name,
            author=one.author,
            doubt=100 - one.key[1],
            reasons=[*wrong.get(one.id, ()), *(ReasonTold(*reason) for reason in one.reasons)],
            seen=seen.get(one.id, ""),
            decided=known[0] if (known := decided[one.id]) else "",
            item=one.item,
            others=list(one.others),
        )
        for one in found
    ]


async def _seen(services: Services, found: list[Waiting]) -> dict[str, str]:
    """What decisions on these are bound to, as they are now."""
    seen: dict[str, str] = {}
    for db, ids in _by_database(one for one in found if one.kind in (*RECORDS, "disputed")).items():
        seen |= await hashes(services.store, services.ledger, db, ids)
    for db, ids in _by_database(one for one in found if one.kind == "month").items():
        for held in await services.store.get(db, [Want(one) for one in ids]):
            for alive in [one for one in held.revisions if not one.deleted][:1]:
                seen[held.id] = f"sha256-{seen_hash(content_of(alive.body), [])}"
    return seen


async def _wrong(services: Services, found: list[Waiting]) -> dict[str, list[ReasonTold]]:
    """The words of the checks of faulty records."""
    told: dict[str, list[ReasonTold]] = {}
    for db, ids in _by_database(one for one in found if one.kind == "faulty" and one.standing == "flagged").items():
        for check in await services.store.get(db, [Want(check_id(one)) for one in ids]):
            alive = [one for one in check.revisions if not one.deleted]
            fields: Any = content_of(alive[0].body).get("fields") if alive else None
            problems = fields.get("problems") if isinstance(fields, dict) else None
            told[check.id.removeprefix("check:")] = [
                ReasonTold(str(one.get("zh", "")), str(one.get("en", "")))
                for one in (problems if isinstance(problems, list) else ())
                if isinstance(one, dict)
            ]
    return told


def _by_database(found: Iterable[Waiting]) -> dict[str, list[str]]:
    told: dict[str, list[str]] = {}
    for one in found:
        told.setdefault(one.database, []).append(one.id)
    return told


def _kind(name: str) -> Kind:
    kind: Kind = msgspec.convert(name, Kind)
    return kind


def _typed(counts: dict[str, int]) -> dict[Kind, int]:
    return {_kind(name): number for name, number in counts.items()}


router = Router("/", route_handlers=[read_inbox, list_sound], guards=[need_login], tags=["reviews"])
