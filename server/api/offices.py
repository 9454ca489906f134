"""Decide how administrators keep the committee of a branch: who holds which office from when until when (DK115). What was stays known: a
term is ended or put right, and taken out only where it never was."""

from datetime import date
from typing import Annotated, Any

import msgspec
from litestar import Router, delete, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from schemas import rule_of
from server.api.base import Problem, need_administrator
from server.api.entries import check_entry, edited, held_of, stamp_for
from server.roster import Kept
from server.services import Services
from sync.actor import Actor
from sync.databases import CENTRE
from sync.documents import encode
from sync.errors import BadRequest, Conflict, FieldbookError, NotFound
from sync.offices import Term, ended, taken_over, terms, written, wrong
from sync.reconcile.edit import remove_item
from sync.stores.contract import Edit

_Day = Annotated[str, Meta(min_length=10, max_length=10)]
_TRIES = 5


class Office(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`first` and `last`: local days, inclusive; without `last` it goes on. `replaces`: the term that ends on the day before."""

    member: Annotated[str, Meta(min_length=1, max_length=40)]
    office: Annotated[str, Meta(min_length=1, max_length=40)]
    first: _Day
    last: _Day | None = None
    replaces: Annotated[str, Meta(max_length=60)] | None = None


@post("/branches/{branch:str}/offices")
async def add_office(
    services: NamedDependency[Services], actor: NamedDependency[Actor], branch: FromPath[str], data: JSONBody[Office]
) -> Kept:
    """Put somebody into an office of the branch's committee. The answer is the branch as it is now."""
    return await _keep(services, actor, branch, services.random_hex(8), data, new=True)


@put("/branches/{branch:str}/offices/{item:str}")
async def change_office(
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    branch: FromPath[str],
    item: FromPath[str],
    data: JSONBody[Office],
) -> Kept:
    """End a term, or put it right."""
    return await _keep(services, actor, branch, item, data, new=False)


@delete("/branches/{branch:str}/offices/{item:str}", status_code=200)
async def remove_office(
    services: NamedDependency[Services], actor: NamedDependency[Actor], branch: FromPath[str], item: FromPath[str]
) -> Kept:
    """Take out a term that never was. That it was written stays in the branch's history."""
    rev, body = await held_of(services, f"branch:{branch}")
    term = _term(body, branch, item)
    gone = remove_item([body], f"offices/{item}", stamp_for(services, actor, body), rule_of=rule_of)
    return await _write(services, actor, branch, rev, gone, term, "removed")


async def end_offices(services: Services, actor: Actor, branch: str, member: str, last: str) -> None:
    """A member has left the branch: what this member held there ends on the last day (DK116)."""
    for _ in range(_TRIES):
        try:
            rev, body = await held_of(services, f"branch:{branch}")
            changes = ended(body["fields"], member, last)
            if changes:
                term = next(one for one in terms(body["fields"]) if f"offices/{one.item}/days" in changes)
                after = edited(services, actor, body, changes, new=False)
                await _write(services, actor, branch, rev, after, term, "ended")
            return
        except Conflict:
            continue
        except NotFound:
            # A branch that only its members' records name has no committee.
            return


async def _keep(services: Services, actor: Actor, branch: str, item: str, data: Office, *, new: bool) -> Kept:
    rev, body = await held_of(services, f"branch:{branch}")
    if not new:
        _term(body, branch, item)
    held = terms(body["fields"])
    term = Term(item, data.member, data.office, data.first, data.last)
    changes = written(term)
    problems = [*_no_day(data), *_stranger(services, branch, data.member)]
    if data.replaces is not None and not problems:
        before = _term(body, branch, data.replaces)
        over = taken_over(before, data.first)
        if over is None:
            problems.append(Problem("first", f"应晚于前任的首日 {before.first} must be later than {before.first}"))
        else:
            held = [over if one.item == over.item else one for one in held]
            changes |= written(over)
    names = {one.member: services.admission.directory.name(one.member) for one in held}
    problems += [Problem(one.field, f"{one.zh} {one.en}") for one in wrong(term, held, names)]
    if problems:
        raise BadRequest("This cannot be kept as it is: put right what is told.", code="invalid", problems=problems)
    after = edited(services, actor, body, changes, new=False)
    await check_entry(services, f"branch:{branch}", after, {f"offices/{item}/{part}": name for part, name in _PARTS})
    return await _write(services, actor, branch, rev, after, term, "added" if new else "changed")


_PARTS = (("member", "member"), ("office", "office"), ("days", "first"))


def _no_day(data: Office) -> list[Problem]:
    """Days that are none, or in the wrong order."""
    found = []
    for name, day in (("first", data.first), ("last", data.last)):
        try:
            date.fromisoformat(day or data.first)
        except ValueError:
            found.append(Problem(name, "没有这一天 is no day"))
    if not found and data.last is not None and data.last < data.first:
        found.append(Problem("last", "不应早于首日 must not lie before the first day"))
    return found


def _stranger(services: Services, branch: str, member: str) -> list[Problem]:
    if services.admission.directory.belonged(member, branch):
        return []
    return [Problem("member", "名录中不是本支部的人 is no member of this branch in the directory")]


def _term(body: dict[str, Any], branch: str, item: str) -> Term:
    """Raises NotFound."""
    found = next((one for one in terms(body["fields"]) if one.item == item), None)
    if found is None:
        raise NotFound(f"The committee of {branch} has no such term.", item=item)
    return found


async def _write(
    services: Services, actor: Actor, branch: str, rev: str, body: dict[str, Any], term: Term, what: str
) -> Kept:
    doc = f"branch:{branch}"
    (result,) = await services.admission.push(actor, CENTRE, [Edit(doc, rev, body, encode(body))])
    if isinstance(result, FieldbookError):
        raise result
    told = {"for_member": term.member, "role": term.office, "from": term.first, "to": term.last, "state": what}
    await services.audit.write("office", actor, document=doc, **told)
    return Kept(doc, result.rev, body["fields"])


router = Router(
    "/",
    route_handlers=[add_office, change_office, remove_office],
    guards=[need_administrator],
    tags=["directory"],
)
