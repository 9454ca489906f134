"""Decide how a decision taken at the desk becomes a document: bound to what was seen, and let in by the same door as a tablet's."""

from typing import Annotated, Any, Literal

import msgspec
from litestar import Response, Router, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import Meta

from server.api.base import PROBLEM_DETAILS, ProblemDetails, Refusal, need_login
from server.api.desk import is_personal, leaves_of, note_reading
from server.api.records import RecordTold, tell
from server.completeness import Awaited, awaited
from server.deciding import Latest
from server.services import Services
from sync.actor import Actor
from sync.documents import content_of, encode
from sync.errors import BadRequest, Conflict, FieldbookError, Forbidden, NotFound
from sync.ledger.decisions import latest
from sync.ledger.follow import hashes
from sync.ledger.queries import activity, branches_for, companion, places
from sync.reconcile.body import stamps_of
from sync.reconcile.cases import is_against_issue
from sync.reconcile.explain import seen_hash
from sync.reconcile.joining import joined
from sync.reconcile.stamps import next_stamp
from sync.stores.contract import Edit, Want

_Text = Annotated[str, Meta(min_length=1, max_length=5000)]
_Id = Annotated[str, Meta(min_length=3, max_length=160)]

BOUND = frozenset({"approve", "return", "settle"})
"""Decisions on what a record says: they hold for what was seen, and for nothing else."""

IN_BATCH = frozenset({"approve", "return"})
_NO_RECORD = ("activity:", "activity_record:")
_DECIDED = "Somebody else decided about this a moment ago: look at it again."
_CHANGED = "This has changed since you saw it: look at it again, then decide."


class Remark(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    text: Annotated[str, Meta(min_length=1, max_length=2000)]
    field: Annotated[str, Meta(max_length=200)] | None = None


class Settled(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A disputed field, the value that it gets, and the stamps of the writes that were seen."""

    path: str
    value: Any
    saw: list[str]


class Decision(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`record`: a record, activity, subject or activity record; `seen` and `decided`: as they were told with it (without `decided` it
    is not looked whether somebody was faster); `records`: the others that are
    joined with it or split from it; `same_as`: the subject that this one is the same as; `supersedes`: an earlier decision."""

    record: _Id
    decision: Literal["approve", "return", "settle", "join", "split", "alias", "reopen"]
    seen: str | None = None
    decided: str | None = None
    text: _Text | None = None
    remarks: Annotated[list[Remark], Meta(max_length=200)] = []
    settles: list[Settled] = []
    records: Annotated[list[_Id], Meta(max_length=200)] = []
    same_as: _Id | None = None
    supersedes: _Id | None = None


class Decided(msgspec.Struct, frozen=True):
    id: str
    revision: str
    record: str


class Outdated(ProblemDetails, frozen=True):
    """Nothing was decided: the record has changed since (`conflict`), or `member` took the decision `decision` about it meanwhile
    (`decided`). `newer`: what it says now (none for an activity or activity record). Problem details as of every error (AP20)."""

    seen: str
    newer: RecordTold | None
    member: str = ""
    decision: str = ""


class Batch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    decisions: Annotated[list[Decision], Meta(min_length=1, max_length=200)]


class Answered(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of one decision of a batch. `id`: its record. `review`: the decision's document. Of a conflict, `seen` is what the
    record would be bound to now: look at it again first. `error` and `reason` say why not."""

    id: str
    status: Literal["decided", "conflict", "refused"]
    review: str = ""
    revision: str = ""
    error: str = ""
    reason: str = ""
    seen: str = ""


class _On:
    """What a decision is about: its database, branch, those who read it, and what it says now."""

    def __init__(self, db: str, branch: str, readers: tuple[str, ...], seen: str) -> None:
        self.db, self.branch, self.readers, self.seen = db, branch, readers, seen
        self.meanwhile: Latest | None = None
        """A decision that somebody else took since the one that the decider saw."""


@post("/reviews")
async def decide(
    services: NamedDependency[Services], actor: NamedDependency[Actor], data: JSONBody[Decision]
) -> Response[Decided | Outdated | Refusal]:
    """Take a decision. 409 with what the record says now when that is not what was seen."""
    told = await _take(services, actor, data)
    if isinstance(told, Decided):
        return Response(told, status_code=201)
    newer = None if data.record.startswith(_NO_RECORD) else await tell(services, actor, data.record)
    code, why = ("conflict", _CHANGED) if told.meanwhile is None else ("decided", _DECIDED)
    by = told.meanwhile or Latest()
    head = (f"urn:fieldbook:{code}", "Conflict", 409, why, code, why)
    outdated = Outdated(*head, told.seen, newer, by.member, by.decision)
    return Response(outdated, status_code=409, media_type=PROBLEM_DETAILS)


@post("/reviews/batch", status_code=200)
async def decide_many(
    services: NamedDependency[Services], actor: NamedDependency[Actor], data: JSONBody[Batch]
) -> list[Answered]:
    """Approve or return many at once, each bound to what was seen of it. One answer for each, in their order; what hinders one hinders
    no other."""
    return [await _answer(services, actor, one) for one in data.decisions]


async def _answer(services: Services, actor: Actor, data: Decision) -> Answered:
    if data.decision not in IN_BATCH:
        reason = "Only approve and return are taken many at once: take this decision by itself."
        return Answered(data.record, "refused", error="not_in_batch", reason=reason)
    try:
        told = await _take(services, actor, data)
    except FieldbookError as error:
        return Answered(data.record, "refused", error=error.code, reason=error.reason)
    if isinstance(told, Decided):
        return Answered(data.record, "decided", told.id, told.revision)
    if told.meanwhile is not None:
        return Answered(data.record, "conflict", error="decided", reason=_DECIDED, seen=told.seen)
    return Answered(data.record, "conflict", error="conflict", reason=_CHANGED, seen=told.seen)


async def _take(services: Services, actor: Actor, data: Decision) -> "Decided | _On":
    """The decision as it was written, or, when it is bound to something else than what is there now, what it would be about."""
    if actor.member is None:
        raise Forbidden("A decision is a person's: log in with an account that has a member.")
    on = await _about(services, actor, data.record)
    _check(data)
    await _check_others(services, actor, data)
    await _check_settled(services, actor, data, on)
    if data.decision in BOUND and data.seen != on.seen:
        return on
    async with services.deciding.turn:
        known = await latest_of(services, data.record)
        if data.decided not in (None, known.id):
            on.meanwhile = known
            return on
        decided = await _write(services, actor, data, on)
        services.deciding.note(data.record, Latest(decided.id, actor.member, data.decision))
    await services.audit.write("decision", actor, record=data.record, decision=data.decision, review=decided.id)
    return decided


async def latest_of(services: Services, record: str) -> Latest:
    """The decision about it that was taken last, also one that the ledger has not taken in yet."""
    recent = services.deciding.recent(record)

    def query(sql: Any) -> Latest:
        if recent is not None and companion(sql, None, recent.id) is None:
            return recent
        found = latest(sql, record)
        return Latest() if found is None else Latest(found[0], found[1].author, found[1].decision)

    return await services.ledger.read(query)


async def _write(services: Services, actor: Actor, data: Decision, on: _On) -> Decided:
    edit = _document(services, actor, data, on, await _stamp(services, actor, str(actor.member), data, on))
    if data.decision == "approve" and data.record.startswith("activity_record:"):
        edit = _completed(edit, await awaited(services, on.branch, data.record.split(":")[2]))
    (result,) = await services.admission.push(actor, on.db, [edit])
    if isinstance(result, FieldbookError):
        raise result
    return Decided(edit.id, result.rev, data.record)


async def _about(services: Services, actor: Actor, doc: str) -> _On:
    """Raises NotFound for what is not there or may not be seen."""
    if doc.startswith("activity_record:"):
        return await _about_month(services, actor, doc)
    reader = actor.reader
    if doc.startswith("activity:"):

        def query(sql: Any) -> tuple[tuple[str, ...], Any]:
            every = reader is None or "committee" in reader
            found = activity(sql, None if every else branches_for(sql, reader, None), doc)
            # Whoever reads the record that the activity has its id from reads the decision too.
            record = doc.removeprefix("activity:")
            return places(sql, None, [record])[record].audience if found else (), found

        readers, found = await services.ledger.read(query)
        if found is None:
            raise NotFound(document=doc)
        return _On(found[1], found[2], readers, "")
    place = (await services.ledger.read(lambda sql: places(sql, reader, [doc]))).get(doc)
    if place is None:
        raise NotFound(document=doc)
    seen = (await hashes(services.store, services.ledger, place.db, [doc])).get(doc, "")
    if is_personal(doc):
        note_reading(services, actor, [doc])
    return _On(place.db, place.branch, place.audience, seen)


async def _about_month(services: Services, actor: Actor, doc: str) -> _On:
    branch = doc.split(":")[1]
    found = await leaves_of(services, actor, f"branch-{branch}", doc)
    alive = next(one for one in found.revisions if not one.deleted)
    seen = f"sha256-{seen_hash(content_of(alive.body), [])}"
    return _On(f"branch-{branch}", branch, (f"branch:{branch}", "committee"), seen)


def _check(data: Decision) -> None:
    """Raises BadRequest for a decision that lacks what it is about."""
    if data.decision == "return" and not (data.text or data.remarks):
        raise BadRequest("Say what is to be put right: `text`, or `remarks` on fields.", code="no_reason")
    if data.decision == "settle" and not data.settles:
        raise BadRequest("Name the field, its value and the writes that you saw: `settles`.", code="no_field")
    others = {one.removeprefix("activity:") for one in data.records} - {data.record.removeprefix("activity:")}
    if data.decision in ("join", "split") and not others:
        raise BadRequest("Name the other records: `records`.", code="no_records")
    if data.decision == "alias" and data.same_as in (None, data.record):
        raise BadRequest("Name the subject that this one is the same as: `same_as`.", code="no_subject")


async def _check_others(services: Services, actor: Actor, data: Decision) -> None:
    """What a decision names beside its record must be there for the actor too. Raises NotFound."""
    named = [one.removeprefix("activity:") for one in data.records]
    if data.same_as is not None:
        named.append(data.same_as)
    found = await services.ledger.read(lambda sql: places(sql, actor.reader, named))
    missing = [one for one in named if one not in found]
    if missing:
        raise NotFound(f"There is no {missing[0]}.", document=missing[0])
    if data.supersedes is not None:
        (held,) = await services.store.get((await _about(services, actor, data.record)).db, [Want(data.supersedes)])
        if not held.tree:
            raise NotFound(f"There is no {data.supersedes}.", document=data.supersedes)


async def _check_settled(services: Services, actor: Actor, data: Decision, on: _On) -> None:
    """Raises Conflict for a dispute of two conclusions that is not to be settled by the one that stands (JS6)."""
    if not data.settles or not data.record.startswith("case:"):
        return
    body = joined(await leaves_of(services, actor, on.db, data.record))
    against = [one.path for one in data.settles if is_against_issue(body, one.path, one.value)]
    if against:
        why = "先下达的结论有效，另一份可列为补充意见 / The conclusion that was issued first stands: put the other as an addendum."
        raise Conflict(why, code="issued_already", path=against[0])


async def _stamp(services: Services, actor: Actor, member: str, data: Decision, on: _On) -> str:
    """A settled dispute becomes an edit of the record under the decision's stamp: it comes after every stamp in it."""
    known: set[str] = set()
    if data.decision == "settle":
        known = stamps_of(joined(await leaves_of(services, actor, on.db, data.record)))
    clock_ms = int(services.now().timestamp() * 1000)
    return next_stamp(clock_ms, "", known, "desk", member, lambda below: int(services.random_hex(8), 16) % below)


def _completed(edit: Edit, missing: list[Awaited]) -> Edit:
    """The approval of a month says for good which tablets it did without (CM2)."""
    body = {**edit.content, "fields": {**edit.content["fields"], "missing": msgspec.to_builtins(missing)}}
    return Edit(edit.id, edit.parent, body, encode(body))


def _document(services: Services, actor: Actor, data: Decision, on: _On, stamp: str) -> Edit:
    now = services.now()
    mark = services.random_hex(8)
    milliseconds = int(now.timestamp() * 1000)
    fields: dict[str, Any] = {"record": data.record, "decision": data.decision}
    fields["at"] = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    if data.decision in BOUND:
        fields["seen"] = on.seen
    for name in ("text", "same_as", "supersedes"):
        if (value := getattr(data, name)) is not None:
            fields[name] = value
    for number, remark in enumerate(data.remarks):
        item = f"remarks/{mark}.{number:03d}"
        fields |= {f"{item}/text": remark.text} | ({f"{item}/field": remark.field} if remark.field else {})
    if data.settles:
        fields["settles"] = msgspec.to_builtins(data.settles)
    fields |= {f"records/{one}": True for one in data.records}
    fields |= {f"readers/{one}": True for one in on.readers if one not in ("everyone", "administrator")}
    body = {
        "type": "review",
        "version": 1,
        "branch": on.branch,
        "author": actor.member,
        "device": "desk",
        "fields": fields,
        "stamps": {"": stamp},
        "replaced": [],
    }
    return Edit(f"review:{milliseconds:013d}{mark}", None, body, encode(body))


router = Router("/", route_handlers=[decide, decide_many], guards=[need_login], tags=["reviews"])
