"""Decide how administrators keep the directory (DI…): whole documents, checked by the rules of records, changed on the revision that was
seen. Where a member belonged before is kept by the server, so that moving one, or splitting a branch, leaves history as it was."""

from bisect import bisect_right
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, Router, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import Meta

from schemas import upgrade
from schemas.kinds import is_identifier
from server.api.base import Problem, need_administrator, need_login
from server.api.desk import cursor, resume, today, whole_day
from server.api.entries import check_entry, edited
from server.api.offices import end_offices
from server.roster import KINDS, Counts, Kept, Kind, by_order, sorting
from server.services import Services
from sync.actor import Actor, Role
from sync.databases import CENTRE
from sync.documents import content_of, encode
from sync.errors import BadRequest, Conflict, FieldbookError, NotFound
from sync.moves import NoSuchDay, stay
from sync.stores.contract import Edit, Want

_KEPT = ("belonged/", "offices/")


class Whole(msgspec.Struct, frozen=True):
    """Branches, windows and units, each list in its order, and how many members they have; the members themselves: `/directory/members`."""

    branches: list[Kept]
    windows: list[Kept]
    units: list[Kept]
    counts: Counts


class Members(msgspec.Struct, frozen=True):
    """`total`: how many are like what was asked for, on whatever page. `next`: give it as `after` to go on; none at the end."""

    members: list[Kept]
    total: int
    next: str | None


class Names(msgspec.Struct, frozen=True):
    """Short names, else names, by id. `next`: give it as `after` to go on; none at the end."""

    names: dict[str, str]
    next: str | None


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that the document is to say: a field that is not named is emptied, but for `belonged/…` and `offices/…`, which are
    kept. `moved`: the last day
    of a member in the branch that `fields` names no longer, today where it is not said."""

    fields: dict[Annotated[str, Meta(max_length=200)], Any]
    moved: Annotated[str, Meta(min_length=10, max_length=10)] | None = None


@get("/directory", guards=[need_login])
async def read_directory(services: NamedDependency[Services]) -> Whole:
    """Branches, windows and units. Everybody may read the directory, as every tablet does."""
    branches, windows, units = [[one.kept for one in await services.roster.entries(kind)] for kind in KINDS[:3]]
    return Whole(branches, windows, units, await services.roster.counts())


@get("/directory/members", guards=[need_login])
async def list_members(
    services: NamedDependency[Services],
    text: FromQuery[str | None] = None,
    branch: FromQuery[str | None] = None,
    role: FromQuery[Role | None] = None,
    active: FromQuery[bool | None] = None,
    without_account: FromQuery[bool] = False,
    after: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=500)] = 100,
) -> Members:
    """Members in the order of the directory, then of names. `text`: in the id, name or post."""
    words = (text or "").strip().casefold()
    having = {one.member for one in await services.accounts.listed()} if without_account else set()
    found = [
        one
        for one in await services.roster.entries("member")
        if words in one.words
        and branch in (None, one.kept.fields.get("branch"))
        and role in (None, one.kept.fields.get("role"))
        and active in (None, one.active)
        and one.name not in having
    ]
    order, name, doc = resume(after, -1, "", "")
    start = bisect_right(found, sorting((order, name, doc)), key=by_order)
    page = found[start : start + limit]
    more = len(found) > start + limit
    return Members([one.kept for one in page], len(found), cursor(page[-1].key) if more else None)


@get("/directory/names", guards=[need_login])
async def list_names(
    services: NamedDependency[Services],
    after: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=5000)] = 2000,
) -> Names:
    """What everything and everybody of the directory is called, by id: for whoever shows ids to people."""
    (last,) = resume(after, "")
    there = await services.roster.names()
    start = bisect_right(there, last, key=lambda one: one[0])
    page = there[start : start + limit]
    return Names(dict(page), cursor([page[-1][0]]) if len(there) > start + limit else None)


@get("/directory/{kind:str}/{name:str}", guards=[need_login])
async def read_entry(services: NamedDependency[Services], kind: FromPath[Kind], name: FromPath[str]) -> Kept:
    """One branch, window, unit or member, as it is now."""
    doc = f"{kind}:{name}"
    found = next((one.kept for one in await services.roster.entries(kind) if one.kept.id == doc), None)
    if found is None:
        raise NotFound(document=doc)
    return found


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
    body = edited(services, actor, before, wanted, new=alive is None)
    await check_entry(services, doc, body)
    change = Edit(doc, alive.rev if alive else None, body, encode(body))
    (result,) = await services.admission.push(actor, CENTRE, [change])
    if isinstance(result, FieldbookError):
        raise result
    await services.audit.write("directory", actor, document=doc, fields=sorted(wanted))
    await _end_offices(services, actor, doc, before["fields"], data)
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
    # Offices have routes of their own, by which they are checked.
    given = {
        path: value for path, value in data.fields.items() if value is not None and not path.startswith("offices/")
    }
    gone = [path for path in held if path not in given and not path.startswith(_KEPT)]
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


async def _end_offices(services: Services, actor: Actor, doc: str, before: Mapping[str, Any], data: Entry) -> None:
    """Whoever leaves a branch leaves its committee: on the last day there, today where none is said."""
    former, left = before.get("branch"), data.fields.get("left")
    moved = data.fields.get("branch") not in (former, None)
    gone = isinstance(left, str) and before.get("left") != left
    if not doc.startswith("member:") or not isinstance(former, str) or not (moved or gone):
        return
    last = (data.moved or today(services)) if moved else str(left)
    await end_offices(services, actor, former, doc.removeprefix("member:"), last)


router = Router(
    "/", route_handlers=[read_directory, list_members, list_names, read_entry, write_entry], tags=["directory"]
)
