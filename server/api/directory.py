"""Decide how administrators keep the directory (DI…): whole documents, checked by the rules of records, changed on the revision that was
seen. Where a member belonged before is kept by the server, so that moving one, or splitting a branch, leaves history as it was."""

from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, Response, Router, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from schemas import check, check_dates, rule_of, upgrade
from schemas.kinds import is_identifier
from server.api.base import Problem, need_administrator, need_login
from server.api.desk import today, whole_day
from server.services import Services
from sync.actor import Actor
from sync.databases import CENTRE
from sync.documents import content_of, encode
from sync.errors import BadRequest, Conflict, FieldbookError
from sync.moves import NoSuchDay, stay
from sync.reconcile.body import stamps_of
from sync.reconcile.edit import edit
from sync.reconcile.stamps import next_stamp
from sync.stores.contract import Edit, Range, Want

Kind = Literal["branch", "window", "unit", "member"]
KINDS: tuple[Kind, ...] = ("branch", "window", "unit", "member")


class Kept(msgspec.Struct, frozen=True):
    """A branch, window, unit or member. `revision`: give it back as If-Match with a change."""

    id: str
    revision: str
    fields: dict[str, Any]


class Whole(msgspec.Struct, frozen=True):
    """All of the directory; each list in the order of ids."""

    branches: list[Kept]
    windows: list[Kept]
    units: list[Kept]
    members: list[Kept]


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that the document is to say: a field that is not named is emptied, but for `belonged/…`, which is kept. `moved`: the last day
    of a member in the branch that `fields` names no longer, today where it is not said."""

    fields: dict[Annotated[str, Meta(max_length=200)], Any]
    moved: Annotated[str, Meta(min_length=10, max_length=10)] | None = None


@get("/directory", guards=[need_login])
async def read_directory(services: NamedDependency[Services]) -> Whole:
    """Branches, windows, units and members. Everybody may read them, as every tablet does."""
    return Whole(*[await all_of(services, kind) for kind in KINDS])


@put("/directory/{kind:str}/{name:str}", guards=[need_administrator])
async def write_entry(
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    kind: FromPath[Kind],
    name: FromPath[str],
    data: JSONBody[Entry],
) -> Response[Kept]:
    """Make or change one. What is there is changed only on the revision that If-Match names: else 409 and nothing has changed."""
    if not is_identifier(name):
        raise BadRequest("An id is made of letters, digits and _.", code="bad_id")
    doc = f"{kind}:{name}"
    (held,) = await services.store.get(CENTRE, [Want(doc)])
    alive = next((one for one in held.revisions if not one.deleted), None)
    _check_match(request.headers.get("if-match"), alive.rev if alive else None)
    before = dict(upgrade(content_of(alive.body))) if alive else {"type": kind, "version": 1, "fields": {}}
    before.setdefault("fields", {})
    wanted = _wanted(services, kind, before["fields"], data)
    body = _edited(services, actor, before, wanted, new=alive is None)
    await _check(services, doc, body)
    change = Edit(doc, alive.rev if alive else None, body, encode(body))
    (result,) = await services.admission.push(actor, CENTRE, [change])
    if isinstance(result, FieldbookError):
        raise result
    await services.audit.write("directory", actor, document=doc, fields=sorted(wanted))
    told = Kept(doc, result.rev, body["fields"])
    return Response(told, status_code=200 if alive else 201, headers={"etag": f'"{result.rev}"'})


def _check_match(given: str | None, rev: str | None) -> None:
    shown = (given or "").strip().removeprefix("W/").strip('"')
    if rev is None and given is not None:
        raise Conflict("There is no such document (any more): look at the directory again.")
    if rev is not None and given is None:
        raise BadRequest("Say in If-Match which revision you saw: it is there already.", code="if_match_required")
    if rev is not None and shown != rev:
        raise Conflict("This has changed since you saw it: look at it again, then change it.")


def _wanted(services: Services, kind: Kind, held: dict[str, Any], data: Entry) -> dict[str, Any]:
    """{path: value} of what changes; None empties."""
    given = {path: value for path, value in data.fields.items() if value is not None}
    gone = [path for path in held if path not in given and not path.startswith("belonged/")]
    # A member of a set is taken out by False; what was emptied before needs no write.
    emptied = {path: False if held[path] is True and "/" in path else None for path in gone if held[path] is not None}
    changed = {path: value for path, value in given.items() if path not in held or held[path] != value} | {
        path: value for path, value in emptied.items() if held[path] is not False
    }
    former = held.get("branch")
    if kind == "member" and isinstance(former, str) and changed.get("branch", former) != former:
        if not any(path.startswith("belonged/") for path in changed):
            changed |= _belonged(services, held, data.moved)
    elif data.moved is not None:
        raise BadRequest("`moved` is said with a member's new branch.", code="not_moved")
    return changed


def _belonged(services: Services, held: dict[str, Any], moved: str | None) -> dict[str, Any]:
    try:
        last = whole_day(moved) if moved else None
        return stay(held, last, whole_day(today(services)), services.random_hex(8))
    except NoSuchDay as refused:
        told = f"最后一天应在 {refused.first} 与今天之间 must lie between {refused.first} and today"
        raise BadRequest(str(refused), code="bad_day", problems=[Problem("moved", told)]) from None


def _edited(
    services: Services, actor: Actor, before: dict[str, Any], changes: dict[str, Any], *, new: bool
) -> dict[str, Any]:
    clock_ms = int(services.now().timestamp() * 1000)
    known = set() if new else stamps_of(before)
    who = actor.member or "administrator"
    stamp = next_stamp(clock_ms, "", known, "desk", who, lambda below: int(services.random_hex(8), 16) % below)
    if new:
        return {**before, "fields": changes, "stamps": {"": stamp}, "replaced": []}
    return dict(edit([before], changes, stamp, rule_of=rule_of))


async def _check(services: Services, doc: str, body: dict[str, Any]) -> None:
    """All that is wrong with it at once. Raises BadRequest."""
    found = check({**body, "_id": doc}) or check_dates(body, services.now())
    # What another tool wrote without stamps is stamped from its content: that is no clock that was not set.
    problems = [Problem(one.field, f"{one.zh} {one.en}") for one in found if one.field != "stamps"]
    fields = body["fields"]
    named = {
        part: f"{part}:{fields[part]}" for part in ("branch", "window", "unit") if isinstance(fields.get(part), str)
    }
    wants = [Want(one if one.count(":") == 1 else one.partition(":")[2]) for one in named.values()]
    for part, there in zip(named, await services.store.get(CENTRE, wants, bodies=False) if wants else [], strict=True):
        if not any(not one.deleted for one in there.revisions):
            problems.append(Problem(part, "名录中没有，请先新建 is not in the directory: make it first"))
    if problems:
        raise BadRequest("This cannot be kept as it is: put right what is told.", code="invalid", problems=problems)


async def all_of(services: Services, kind: str) -> list[Kept]:
    """The documents `<kind>:…` of the centre, as they are now."""
    rows, _, _ = await services.store.rows(CENTRE, Range(f"{kind}:", f"{kind};", inclusive_end=False), bodies=True)
    told = []
    for row in rows:
        fields = dict(upgrade(content_of(row.body or b"{}"))).get("fields")
        told.append(Kept(row.id, row.rev, fields if isinstance(fields, dict) else {}))
    return told


router = Router("/", route_handlers=[read_directory, write_entry], tags=["directory"])
