"""Decide how joint surveys are listed and shown at the desk, and how the lead issues a conclusion: by an edit of the case, let in by the
same door as a tablet's (JS…)."""

from typing import Annotated, Literal

import msgspec
from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import Meta

from schemas import rule_of
from server.api.base import Refusal, need_login
from server.api.case_told import (
    CHANGED,
    REASONS,
    CaseTold,
    Known,
    NotIssued,
    known_case,
    not_written,
    now_of,
    seen_of,
    stamp_of,
    tell_case,
)
from server.api.desk import cursor, is_personal, leaves_of, note_reading, resume
from server.services import Services
from sync.actor import Actor
from sync.documents import encode
from sync.errors import BadRequest, Conflict, FieldbookError, Forbidden
from sync.ledger.cases import CaseCounts, CaseRow, CaseWhere, cases, count_cases
from sync.reconcile.cases import NO_LIMIT, Cell
from sync.reconcile.edit import edit
from sync.reconcile.joining import joined
from sync.stores.contract import Edit

WORDS_CHARACTERS_MAX = 100


class Cases(msgspec.Struct, frozen=True):
    """`counts`: how many stand how of those that are not done, by `branch` and `words` alone; told with the first page. `next`: give it as
    `after` to go on; none at the end."""

    cases: list[CaseRow]
    counts: CaseCounts | None
    next: str | None


class Concluding(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`seen`: of the case as it was looked at; where it is given, nothing is concluded on findings that came since."""

    conclusion: Literal["pass", "remedy", "fail"]
    text: Annotated[str, Meta(min_length=1, max_length=5000)] | None = None
    seen: str | None = None


@get("/cases")
async def list_cases(
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    branch: FromQuery[str | None] = None,
    stands: Annotated[
        Literal["draft", "waiting", "ready", "issued", "withdrawn", "open"] | None, QueryParameter(name="state")
    ] = None,
    overdue: FromQuery[bool] = False,
    words: FromQuery[str | None] = None,
    order: FromQuery[Literal["due", "latest"]] = "due",
    after: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=200)] = 50,
) -> Cases:
    """Joint surveys that the actor may read, what is due first (or last). `branch`: as lead or party."""
    if words is not None and len(words) > WORDS_CHARACTERS_MAX:
        raise BadRequest(f"At most {WORDS_CHARACTERS_MAX} characters.", code="bad_query")
    due, doc = resume(after, "", "")
    where = CaseWhere(now_of(services), branch, stands, overdue, tuple((words or "").split()))
    rows = await services.ledger.read(
        lambda sql: cases(sql, actor.reader, where, (due, doc) if after else None, limit, latest=order == "latest")
    )
    counts = None if after else await services.ledger.read(lambda sql: count_cases(sql, actor.reader, where))
    note_reading(services, actor, [row.id for row in rows if is_personal(row.subject)])
    end = (rows[-1].limit or NO_LIMIT, rows[-1].id) if len(rows) == limit else None
    return Cases(rows, counts, cursor(end))


@get("/cases/{case:str}")
async def read_case(
    services: NamedDependency[Services], actor: NamedDependency[Actor], case: FromPath[str]
) -> CaseTold:
    """One joint survey: parties in and awaited, the table of items and parties, disagreements, conclusion and what came after it."""
    return await tell_case(services, actor, case, await known_case(services, actor, case))


@post("/cases/{case:str}/conclusion")
async def conclude(
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    case: FromPath[str],
    data: JSONBody[Concluding],
) -> Response[CaseTold | NotIssued | Refusal]:
    """Issue the conclusion, once. 409 with how the case stands when it is not ready, was issued already, or is not as it was seen."""
    if actor.member is None:
        raise Forbidden("A conclusion is a person's: log in with an account that has a member.")
    known = await known_case(services, actor, case)
    if known.state.stands != "ready" or data.seen not in (None, seen_of(known.state)):
        return await _refused(services, actor, case, known)
    item = await _edit(services, actor, actor.member, known.db, case, data, known.state.cells)
    (result,) = await services.admission.push(actor, known.db, [item])
    known = await known_case(services, actor, case)
    if isinstance(result, Conflict):
        # Somebody changed the case in this moment, perhaps issued it.
        return await _refused(services, actor, case, known)
    if isinstance(result, FieldbookError):
        raise result
    await services.audit.write("decision", actor, record=case, decision="conclusion")
    return Response(await tell_case(services, actor, case, known), status_code=201)


async def _refused(
    services: Services, actor: Actor, case: str, known: Known
) -> Response[CaseTold | NotIssued | Refusal]:
    words = REASONS[known.state.reason] if known.state.stands != "ready" else CHANGED
    code = "issued_already" if known.state.stands == "issued" else "not_ready"
    return await not_written(services, actor, case, known, code, words)


async def _edit(
    services: Services, actor: Actor, member: str, db: str, case: str, data: Concluding, cells: tuple[Cell, ...]
) -> Edit:
    found = await leaves_of(services, actor, db, case)
    parent = next(one.rev for one in found.revisions if not one.deleted)
    body = joined(found)
    # All under one stamp: of two issues that did not know of each other one stands, with its own words.
    changes = {"conclusion": data.conclusion, "conclusion_text": data.text, "issued": now_of(services)}
    changes |= {"basis": msgspec.to_builtins(cells)}
    changed = edit([body], changes, stamp_of(services, member, body), rule_of=rule_of)
    return Edit(case, parent, changed, encode(changed))


router = Router("/", route_handlers=[list_cases, read_case, conclude], guards=[need_login], tags=["cases"])
