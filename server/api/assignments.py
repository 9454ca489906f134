"""Decide how a secretary or the committee assigns a subject, problem or task to a member, and ends it: an assignment is written once, so
ending it is another that supersedes it; and how assignments are listed, with whom of them nobody has been to (DI4, DI6, DI7)."""

from datetime import date, timedelta
from typing import Annotated, Any, Literal

import msgspec
from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import Meta

from schemas import check
from server.api.base import Problem, need_login
from server.api.desk import cursor, is_personal, note_reading, resume, today, whole_day
from server.services import Services
from sync.actor import Actor
from sync.documents import content_of, encode
from sync.errors import BadRequest, FieldbookError, Forbidden, NotFound
from sync.ledger.assignments import AssignmentRow, AssignmentWhere, Order, State, Unreached, assignments, coverage
from sync.ledger.queries import branches_for, companion, names, places, subject_names
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


class Assignments(msgspec.Struct, frozen=True):
    """`texts`: what is to be done, by id, and `problems`: what the problem is in the words of its record, as far as the actor may read
    it; `names` of members, branches and subjects, as far as the actor may read these. `next`: give it as
    `after` to go on; none at the end."""

    assignments: list[AssignmentRow]
    texts: dict[str, str]
    problems: dict[str, str]
    names: dict[str, str]
    next: str | None


class Coverage(msgspec.Struct, frozen=True):
    """Between two local days: of each member with subjects, how many were reached and which were not."""

    first: str
    last: str
    members: list[Unreached]
    names: dict[str, str]


@get("/assignments")
async def list_assignments(
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    branch: FromQuery[str | None] = None,
    member: FromQuery[str | None] = None,
    subject: FromQuery[str | None] = None,
    kind: FromQuery[Literal["link", "problem", "task"] | None] = None,
    stands: FromQuery[State | None] = None,
    order: FromQuery[Order] = "member",
    after: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=500)] = 100,
) -> Assignments:
    """Assignments that the actor may read, in the order of members or of subjects. `stands`: how they do today."""
    where = AssignmentWhere(today(services), branch, member, subject, kind, stands)
    one, other, last = resume(after, "", "", "")

    def query(sql: Any) -> tuple[list[AssignmentRow], dict[str, str], dict[str, str]]:
        rows = assignments(sql, actor.reader, where, order, (one, other, last), limit + 1)
        named = subject_names(sql, actor.reader, [row.subject for row in rows])
        places_of = {
            row.id: found[0] for row in rows if row.kind != "link" and (found := companion(sql, actor.reader, row.id))
        }
        people = {f"member:{row.member}" for row in rows} | {f"branch:{row.branch}" for row in rows}
        return rows, {**named, **names(sql, people)}, places_of

    rows, named, lying = await services.ledger.read(query)
    shown = rows[:limit]
    note_reading(services, actor, {row.subject for row in shown if is_personal(row.subject) and row.subject in named})
    end = shown[-1] if len(rows) > limit else None
    place = None if end is None else (end.member, end.subject) if order == "member" else (end.subject, end.member)
    texts = await _texts(services, {row.id: lying[row.id] for row in shown if row.id in lying})
    problems = await _problems(services, actor, [row for row in shown if row.problem])
    return Assignments(shown, texts, problems, named, cursor((*place, end.id)) if end and place else None)


@get("/assignments/coverage")
async def read_coverage(
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    branch: FromQuery[str | None] = None,
    month: FromQuery[str | None] = None,
) -> Coverage:
    """Whom of the assigned subjects their members went to in a month (the one that runs, where none is named), and whom not."""
    asked = month or today(services)[:7]
    first, last = whole_day(asked).isoformat(), whole_day(asked, end=True).isoformat()

    def query(sql: Any) -> Coverage:
        everywhere = branch is None and (actor.reader is None or "committee" in actor.reader)
        branches = _branches(sql) if everywhere else branches_for(sql, actor.reader, branch)
        of = coverage(sql, actor.reader, branches, first, last)
        subjects = {subject for one in of for _, subject in one.unreached}
        named = subject_names(sql, actor.reader, subjects)
        return Coverage(first, last, of, {**named, **names(sql, {f"member:{one.member}" for one in of})})

    told = await services.ledger.read(query)
    note_reading(services, actor, {one for one in told.names if is_personal(one)})
    return told


@post("/assignments")
async def assign(
    services: NamedDependency[Services], actor: NamedDependency[Actor], data: JSONBody[Assignment]
) -> Assigned:
    """Assign a subject, problem or task to a member of a branch."""
    told = msgspec.to_builtins(data)
    fields = {name: value for name, value in told.items() if name != "branch" and value is not None}
    if data.days is not None:
        fields["days"] = list(data.days)
    return await _write(services, actor, f"branch-{data.branch}", data.branch, {**fields, "state": "given"})


@post("/assignments/{assignment:str}/end")
async def end(
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    assignment: FromPath[str],
    last: FromQuery[str | None] = None,
) -> Assigned:
    """End one: `last` is its last local day, today where that is not said. What the member might read by it ends at once."""
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
    after = _last_day(services, body["fields"], last) + timedelta(days=1)
    ending = {"state": "ended", "supersedes": assignment, "days": [after.isoformat(), None]}
    return await _write(services, actor, found[0], body["branch"], {**kept, **ending})


def _last_day(services: Services, fields: dict[str, Any], given: str | None) -> date:
    """Raises BadRequest."""
    now = whole_day(today(services))
    last = whole_day(given) if given else now
    told = fields.get("days")
    first = date.fromisoformat(told[0]) if isinstance(told, list) and told and told[0] else None
    # One that has not begun is ended on the day before it would.
    earliest = first - timedelta(days=1) if first else None
    if given is None and earliest and now < earliest:
        last = earliest
    if (last > now and last != earliest) or (earliest and last < earliest):
        problem = Problem("last", "应在交办首日与今天之间 must lie between its first day and today")
        raise BadRequest("The last day lies between the first and today.", code="bad_day", problems=[problem])
    return last


async def _texts(services: Services, lying: dict[str, str]) -> dict[str, str]:
    """What problems and tasks ask for. `lying`: {assignment: database}."""
    texts: dict[str, str] = {}
    for db in sorted(set(lying.values())):
        for found in await services.store.get(db, [Want(one) for one, at in lying.items() if at == db]):
            body = content_of(found.revisions[0].body) if found.revisions else {}
            if text := body.get("fields", {}).get("text"):
                texts[found.id] = str(text)
    return texts


async def _problems(services: Services, actor: Actor, rows: list[AssignmentRow]) -> dict[str, str]:
    """{assignment: what the problem's record says of it}."""
    of = {row.id: row.problem.partition("#")[::2] for row in rows}
    records = sorted({record for record, _ in of.values()})
    lying = await services.ledger.read(lambda sql: places(sql, actor.reader, records)) if records else {}
    fields: dict[str, dict[str, Any]] = {}
    for db in sorted({place.db for place in lying.values()}):
        for found in await services.store.get(db, [Want(one) for one, at in lying.items() if at.db == db]):
            alive = [one for one in found.revisions if not one.deleted]
            fields[found.id] = content_of(alive[0].body).get("fields") or {} if alive else {}
    note_reading(services, actor, {one for one, told in fields.items() if is_personal(told.get("subject"))})
    told = {one: fields.get(record, {}).get(f"problems/{item}/text") for one, (record, item) in of.items()}
    return {one: str(text) for one, text in told.items() if text}


def _branches(sql: Any) -> list[str]:
    """Every branch in which something is assigned: one may have no records yet."""
    return [one for (one,) in sql.execute("SELECT DISTINCT branch FROM assigned").fetchall()]


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


router = Router(
    "/", route_handlers=[list_assignments, read_coverage, assign, end], guards=[need_login], tags=["directory"]
)
