"""Decide how a joint survey is made at the desk, changed while it is a draft, announced, and added to afterwards: by edits of the case that
admission judges like a tablet's, bound to what was seen (JS13 to JS19)."""

from collections.abc import Mapping
from typing import Any, Literal

from litestar import Response, Router, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from schemas import TYPES, rule_of
from server.api.base import Refusal, need_login
from server.api.case_faults import (
    LINES_MAX,
    CaseAddition,
    CaseChange,
    CaseDraft,
    CaseMaking,
    CaseWithdrawal,
    look_over,
    look_over_addition,
    refuse_faulty,
    unsound,
)
from server.api.case_told import (
    ADDED,
    CHANGED,
    REASONS,
    CaseTold,
    Known,
    NotIssued,
    known_case,
    known_of,
    may_add,
    may_change_all,
    not_written,
    now_of,
    seen_case,
    stamp_of,
    tell_case,
    writes_of,
)
from server.services import Services
from sync.actor import Actor
from sync.databases import SHARED
from sync.documents import encode
from sync.errors import Conflict, FieldbookError, Forbidden
from sync.reconcile.edit import create, edit, withdraw
from sync.reconcile.removals import removal_value
from sync.reconcile.writes import Writes
from sync.stores.contract import Edit

_CODES = "c{:03d}"
"""Codes of the checklist, whose order is the order of the checklist."""

_ANNOUNCED = ("已经告知，只能补充，不能再改", "it has been announced: it is added to and no more changed")
_DRAFT = ("尚未告知：请直接修改草稿", "not announced yet: change the draft itself")
_ISSUED = ("结论已经出具，只能列为补充意见", "its conclusion has been issued: only addenda are added")
_THERE = ("这次联合踏勘已经建立", "this joint survey has been made already")
_Made = Response[CaseTold | NotIssued | Refusal]


@post("/cases")
async def make_case(
    services: NamedDependency[Services], actor: NamedDependency[Actor], data: JSONBody[CaseMaking]
) -> _Made:
    """Make a joint survey that the asker's own branch leads, as a draft or announced at once."""
    if actor.member is None or actor.branch is None:
        raise Forbidden("A branch leads a joint survey: log in with an account that has a member and a branch.")
    case = data.id or f"case:{_new_item(services, 0)}"
    fields = _changes(services, {}, Writes(), data, actor.branch)
    envelope = {
        "type": "case",
        "version": TYPES["case"].version,
        "branch": actor.branch,
        "author": actor.member,
        "device": "desk",
        "zone": services.ledger.zone.key,
    }
    body = create(envelope, fields, stamp_of(services, actor.member, None))
    await look_over(services, actor, case, body, data)
    (result,) = await services.admission.push(actor, SHARED, [Edit(case, None, body, encode(body))])
    if isinstance(result, Conflict):
        return await not_written(services, actor, case, await known_case(services, actor, case), "made_already", _THERE)
    if isinstance(result, FieldbookError):
        raise result
    await services.audit.write("joint_survey", actor, record=case, state="announced" if data.announce else "drafted")
    known = known_of(services, body, SHARED, result.rev, [], {})
    return Response(await tell_case(services, actor, case, known), status_code=201)


@put("/cases/{case:str}")
async def change_case(
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    case: FromPath[str],
    data: JSONBody[CaseChange],
) -> _Made:
    """Change a draft, or announce it. 409 with how the case stands when it was announced already, or is not as it was seen."""
    known = await known_case(services, actor, case)
    member = _author(actor, known)
    if (refused := await _no_draft(services, actor, case, known, data.seen)) is not None:
        return refused
    changes = _changes(services, known.body["fields"], writes_of(known), data, known.case.branch)
    body = edit([known.body], changes, stamp_of(services, member, known.body), rule_of=rule_of)
    await look_over(services, actor, case, body, data)
    return await _write(services, actor, case, known, body, "announced" if data.announce else "redrafted")


@post("/cases/{case:str}/withdrawal", status_code=200)
async def withdraw_case(
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    case: FromPath[str],
    data: JSONBody[CaseWithdrawal],
) -> _Made:
    """Take a draft back. 409 with how the case stands when it was announced already, or is not as it was seen."""
    known = await known_case(services, actor, case)
    member = _author(actor, known)
    if (refused := await _no_draft(services, actor, case, known, data.seen)) is not None:
        return refused
    body = withdraw([known.body], stamp_of(services, member, known.body), rule_of=rule_of)
    return await _write(services, actor, case, known, body, "withdrawn")


@post("/cases/{case:str}/additions", status_code=200)
async def add_to_case(
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    case: FromPath[str],
    data: JSONBody[CaseAddition],
) -> _Made:
    """Add to what was announced; of a party, needs and addenda. 409 with how the case stands when that is not possible, or not as seen."""
    known = await known_case(services, actor, case)
    given = {name for name in ADDED if getattr(data, name)}
    may = may_add(actor, known)
    if known.state.stands == "draft" and may_change_all(actor, known.body):
        return await not_written(services, actor, case, known, "not_announced", _DRAFT)
    if known.state.stands == "issued" and may and not given <= {*may}:
        return await not_written(services, actor, case, known, "issued_already", _ISSUED)
    if actor.member is None or not may or not given <= {*may}:
        raise Forbidden(
            "The lead adds to a joint survey, a party of it what it needs; addenda come after the conclusion."
        )
    if data.seen != seen_case(known):
        return await not_written(services, actor, case, known, "changed", CHANGED)
    await look_over_addition(services, known, data)
    changes = _added(services, known, data)
    body = edit([known.body], changes, stamp_of(services, actor.member, known.body), rule_of=rule_of)
    refuse_faulty(unsound(services, case, body))
    return await _write(services, actor, case, known, body, "supplemented")


def _author(actor: Actor, known: Known) -> str:
    """Who changes a draft. Raises Forbidden for whoever may not."""
    if actor.member is None or not may_change_all(actor, known.body):
        raise Forbidden("A joint survey is changed by its author, and by the secretary and deputy of its branch.")
    return actor.member


async def _no_draft(services: Services, actor: Actor, case: str, known: Known, seen: str) -> _Made | None:
    """409 where it is none any more, or not as it was seen."""
    if known.state.stands == "withdrawn":
        return await not_written(services, actor, case, known, "withdrawn", REASONS["withdrawn"])
    if known.state.stands != "draft":
        return await not_written(services, actor, case, known, "announced_already", _ANNOUNCED)
    if seen != seen_case(known):
        return await not_written(services, actor, case, known, "changed", CHANGED)
    return None


async def _write(
    services: Services,
    actor: Actor,
    case: str,
    known: Known,
    body: dict[str, Any],
    state: Literal["announced", "redrafted", "supplemented", "withdrawn"],
) -> _Made:
    (result,) = await services.admission.push(actor, known.db, [Edit(case, known.rev, body, encode(body))])
    now = await known_case(services, actor, case)
    if isinstance(result, Conflict):
        return await not_written(services, actor, case, now, "changed", CHANGED)
    if isinstance(result, FieldbookError):
        raise result
    await services.audit.write("joint_survey", actor, record=case, state=state)
    return Response(await tell_case(services, actor, case, now), status_code=200)


def _changes(services: Services, fields: dict[str, Any], writes: Writes, data: CaseDraft, lead: str) -> dict[str, Any]:
    """What makes the draft that is there (`fields`, `writes`) the one that is given."""
    changes: dict[str, Any] = {
        "matter": data.matter.strip() or None,
        "subject": data.subject or None,
        "limit": data.limit or None,
    }
    wanted = {lead, *data.parties}
    held = {path.removeprefix("parties/") for path in fields if path.startswith("parties/")}
    # A lead that said that it takes no part keeps to that.
    changes |= {f"parties/{one}": one in wanted for one in held | wanted if one != lead or one not in held}
    # Nobody has findings for a draft: its codes follow the order, and stay from the announcement on.
    lines = {_CODES.format(at): {"text": text.strip()} for at, text in enumerate(data.checklist, 1)}
    changes |= _listed(fields, writes, "checklist", lines)
    kept = {path.split("/")[1] for path in fields if path.startswith(("outside/", "needs/"))}
    outside = {
        one.id if one.id in kept else _new_item(services, at): {
            "name": one.name.strip(),
            "contact": one.contact.strip() or None,
        }
        for at, one in enumerate(data.outside)
    }
    needs = {
        one.id if one.id in kept else _new_item(services, LINES_MAX + at): {"text": one.text.strip()}
        for at, one in enumerate(data.needs)
    }
    changes |= _listed(fields, writes, "outside", outside) | _listed(fields, writes, "needs", needs)
    changes |= {"announced": now_of(services)} if data.announce else {}
    return {path: value for path, value in changes.items() if value is not None or fields.get(path) is not None}


def _listed(
    fields: dict[str, Any], writes: Writes, head: str, wanted: Mapping[str, Mapping[str, str | None]]
) -> dict[str, Any]:
    """What makes a list of items this one: those that are not wanted are removed, and one that was removed comes back."""
    held = {path.split("/")[1] for path in fields if path.startswith(f"{head}/") and path.count("/") == 2}
    changes: dict[str, Any] = {}
    for item in sorted(held - wanted.keys()):
        if not fields.get(f"{head}/{item}/withdrawn"):
            changes[f"{head}/{item}/withdrawn"] = removal_value(writes, f"{head}/{item}", "")
    for item, parts in wanted.items():
        changes |= {f"{head}/{item}/{part}": value for part, value in parts.items()}
        if fields.get(f"{head}/{item}/withdrawn"):
            changes[f"{head}/{item}/withdrawn"] = None
    return changes


def _added(services: Services, known: Known, data: CaseAddition) -> dict[str, Any]:
    codes = _codes_after(max(known.case.known, default=""), len(data.checklist))
    changes: dict[str, Any] = {
        f"checklist/{code}/text": text.strip() for code, text in zip(codes, data.checklist, strict=True)
    }
    changes |= {f"parties/{one}": True for one in data.parties}
    at = 0
    for one in data.outside:
        item = _new_item(services, at := at + 1)
        changes |= {f"outside/{item}/name": one.name.strip()}
        changes |= {f"outside/{item}/contact": one.contact.strip()} if one.contact.strip() else {}
    for head, texts in (("needs", data.needs), ("addenda", data.addenda)):
        for text in texts:
            changes[f"{head}/{_new_item(services, at := at + 1)}/text"] = text.strip()
    return changes | ({"limit": data.limit} if data.limit else {})


def _codes_after(last: str, count: int) -> list[str]:
    """So many codes that come after `last` in order."""
    head, number = last[:-3], last[-3:]
    if number.isdecimal() and int(number) + count < 1000:
        return [f"{head}{int(number) + at:03d}" for at in range(1, count + 1)]
    return [f"{last[:34] if last >= 'c' else 'c'}_{at:03d}" for at in range(1, count + 1)]


def _new_item(services: Services, at: int) -> str:
    """Of several that are made at once the order of their ids is that of `at`."""
    return f"{int(services.now().timestamp() * 1000):013d}{at:03d}{services.random_hex(5)}"


router = Router(
    "/", route_handlers=[make_case, change_case, withdraw_case, add_to_case], guards=[need_login], tags=["cases"]
)
