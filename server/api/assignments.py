"""Decide how a secretary or the committee assigns a subject, problem or task to a member, and ends it: an assignment is written once, so
ending it is another that supersedes it (DI…)."""

from typing import Annotated, Any, Literal

import msgspec
from litestar import Router, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from schemas import check
from server.api.base import Problem, need_login
from server.services import Services
from sync.actor import Actor
from sync.documents import content_of, encode
from sync.errors import BadRequest, FieldbookError, Forbidden, NotFound
from sync.ledger.queries import companion, places
from sync.reconcile.stamps import next_stamp
from sync.stores.contract import Edit, Want

_Id = Annotated[str, Meta(min_length=3, max_length=160)]


class Assignment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`days`: first and last local day, None: open. `record` and `problem` (`<record>#<item>`) of a problem; `supersedes`: the one whose
    place it takes."""

    branch: Annotated[str, Meta(min_length=1, max_length=40)]
    kind: Literal["link", "problem", "task"]
    member: Annotated[str, Meta(min_length=1, max_length=40)]
    subject: _Id | None = None
    record: _Id | None = None
    problem: Annotated[str, Meta(max_length=300)] | None = None
    text: Annotated[str, Meta(min_length=1, max_length=2000)] | None = None
    days: tuple[str, str | None] | None = None
    supersedes: _Id | None = None


class Assigned(msgspec.Struct, frozen=True):
    id: str
    revision: str


@post("/assignments")
async def assign(
    services: NamedDependency[Services], actor: NamedDependency[Actor], data: JSONBody[Assignment]
) -> Assigned:
    """Assign a subject, problem or task to a member of a branch."""
    told = msgspec.to_builtins(data)
    fields = {name: value for name, value in told.items() if name != "branch" and value is not None}
    return await _write(services, actor, f"branch-{data.branch}", data.branch, {**fields, "state": "given"})


@post("/assignments/{assignment:str}/end")
async def end(
    services: NamedDependency[Services], actor: NamedDependency[Actor], assignment: FromPath[str]
) -> Assigned:
    """End one from today on."""
    found = await services.ledger.read(lambda sql: companion(sql, actor.reader, assignment))
    if found is None or not assignment.startswith("assignment:"):
        raise NotFound(document=assignment)
    (held,) = await services.store.get(found[0], [Want(assignment)])
    body = content_of(held.revisions[0].body)
    kept = {
        name: body["fields"][name]
        for name in ("kind", "member", "subject", "record", "problem")
        if name in body["fields"]
    }
    return await _write(services, actor, found[0], body["branch"], {**kept, "state": "ended", "supersedes": assignment})


async def _write(services: Services, actor: Actor, db: str, branch: str, fields: dict[str, Any]) -> Assigned:
    if actor.member is None:
        raise Forbidden("An assignment is a person's: log in with an account that has a member.")
    about = fields.get("record") or fields.get("subject")
    if about is not None:
        place = (await services.ledger.read(lambda sql: places(sql, actor.reader, [about]))).get(about)
        if place is None:
            raise NotFound(f"There is no {about}.", document=about)
        db = place.db
        fields |= {f"readers/{one}": True for one in place.audience if one not in ("everyone", "administrator")}
    clock_ms = int(services.now().timestamp() * 1000)
    stamp = next_stamp(clock_ms, "", (), "desk", actor.member, lambda below: int(services.random_hex(8), 16) % below)
    body = {
        "type": "assignment",
        "version": 1,
        "branch": branch,
        "author": actor.member,
        "device": "desk",
        "fields": fields,
        "stamps": {"": stamp},
        "replaced": [],
    }
    doc = f"assignment:{clock_ms:013d}{services.random_hex(8)}"
    if problems := [Problem(one.field, f"{one.zh} {one.en}") for one in check({**body, "_id": doc})]:
        raise BadRequest("This cannot be kept as it is: put right what is told.", code="invalid", problems=problems)
    (result,) = await services.admission.push(actor, db, [Edit(doc, None, body, encode(body))])
    if isinstance(result, FieldbookError):
        raise result
    await services.audit.write("assignment", actor, document=doc, for_member=fields["member"], state=fields["state"])
    return Assigned(doc, result.rev)


router = Router("/", route_handlers=[assign, end], guards=[need_login], tags=["directory"])
