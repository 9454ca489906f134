"""Decide how the desk is told what changed in a record since it was decided on: before and after, to be read at a glance (AP30)."""

from typing import Any

import msgspec
from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from schemas import label_of, rule_of
from schemas.canonical import NotCanonical
from server.api.base import need_login
from server.api.desk import is_personal, leaves_of, moment, note_reading, place_of
from server.services import Services
from sync.actor import Actor
from sync.errors import Conflict, NotFound
from sync.ledger.decisions import last_standing
from sync.ledger.follow import photo_digests
from sync.reconcile.explain import seen_hash
from sync.reconcile.joining import joined
from sync.reconcile.since import FieldChange, changed_since
from sync.reconcile.stamps import is_unstamped, parse_stamp


class Changed(msgspec.Struct, frozen=True):
    """A field that shows something else than it did then; `member`, `tablet` and `at` are those of the edit."""

    path: str
    zh: str
    en: str
    before: Any
    after: Any
    member: str
    tablet: str
    at: str | None


class SinceDecision(msgspec.Struct, frozen=True):
    """`review`: the last approval or return, by `member` at `at`. `exact`: the fields are compared with exactly what was seen then; if not,
    with what the clocks of the edits say. `photos`: whether pictures came, went or changed."""

    review: str
    decision: str
    member: str
    at: str
    exact: bool
    photos: bool
    fields: list[Changed]


@get("/records/{record:str}/since")
async def read_since(
    services: NamedDependency[Services], actor: NamedDependency[Actor], record: FromPath[str]
) -> SinceDecision:
    """What changed since the last approval or return. 404 where there is none."""
    place = await place_of(services, actor.reader, record)
    found = await leaves_of(services, actor, place.db, record)
    # As it was written, not upgraded: so it was hashed.
    body = dict(joined(found))

    def query(sql: Any) -> Any:
        return last_standing(sql, record), photo_digests(sql, [record])[record]

    last, digests = await services.ledger.read(query)
    if last is None or last[1].decision == "reopen":
        raise NotFound("Nothing was decided about this record yet.", document=record)
    review, facts = last
    at = parse_stamp(facts.order)
    at_ms = at.ms if at else 0
    sets = [digests, []] if digests else [[]]

    def is_it(one: dict[str, Any]) -> bool:
        return any(facts.seen == f"sha256-{seen_hash(one, some)}" for some in sets)

    try:
        since = changed_since(body, is_it, at_ms, rule_of=rule_of)
    except NotCanonical as problem:
        what = f"The record holds {problem.reason}, so what changed cannot be told: have its author put it right."
        raise Conflict(what, code="unmergeable") from None
    if is_personal(record) or is_personal((body.get("fields") or {}).get("subject")):
        note_reading(services, actor, [record])
    of = str(body.get("type"))
    photos = not since.fields and place.review in ("amended", "corrected")
    when = moment(at_ms) or "" if at else ""
    told = [_told(of, one) for one in since.fields]
    return SinceDecision(review, facts.decision, facts.author, when, since.exact, photos, told)


def _told(of: str, one: FieldChange) -> Changed:
    zh, en = label_of(of, one.path)
    parts = None if not one.stamp or is_unstamped(one.stamp) else parse_stamp(one.stamp)
    who = (parts.member, parts.device, moment(parts.ms)) if parts else ("", "", None)
    return Changed(one.path, zh, en, _json(one.before), _json(one.after), *who)


def _json(value: Any) -> Any:
    """A value that is gone is told as none."""
    return None if isinstance(value, tuple) else value


router = Router("/", route_handlers=[read_since], guards=[need_login], tags=["records"])
