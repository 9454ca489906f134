"""Decide how the audit is read, by administrators and the committee: who saw, changed, exported and decided what, newest first, a page at a
time, and as a table that leaves (AD7 to AD12)."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import msgspec
from litestar import Response, Router, get
from litestar.di import NamedDependency, Provide
from litestar.params import FromQuery, QueryParameter

from server.api.base import need_auditor
from server.api.desk import cursor, resume, whole_day
from server.audit_index import LAST, Mark, id_of, mark_of
from server.audit_kinds import KINDS
from server.audit_search import Line, Sought, about, members_named, moments, search
from server.audit_table import Told, csv_of, table_of
from server.services import Services
from sync.actor import Actor
from sync.errors import BadRequest
from sync.ledger.queries import names, subject_names

EXPORT_MAX = 50_000
_PAGE = 1_000


class Chosen(msgspec.Struct, frozen=True):
    """What lines are asked for; None leaves it open. `who`: an account, the id of a member, or a part of a member's name; `about`: an id
    or a name of what a line names; `text`: what stands anywhere in it."""

    who: str | None
    account: str | None
    kind: str | None
    about: str | None
    database: str | None
    tablet: str | None
    first: str | None
    last: str | None
    text: str | None


class Lines(msgspec.Struct, frozen=True):
    """`next`: give it as `after` to go on; none at the end. `looked`: the moment down to which this answer looked, "" for all
    there is, where a page may have fewer lines than asked for and more to come. `names` of members and subjects, as far as the
    actor may read these."""

    lines: list[dict[str, Any]]
    next: str | None
    looked: str
    names: dict[str, str]


class Kind(msgspec.Struct, frozen=True):
    zh: str
    en: str


def provide_chosen(
    who: FromQuery[str | None] = None,
    account: FromQuery[str | None] = None,
    kind: FromQuery[str | None] = None,
    about: FromQuery[str | None] = None,
    database: FromQuery[str | None] = None,
    tablet: FromQuery[str | None] = None,
    first: FromQuery[str | None] = None,
    last: FromQuery[str | None] = None,
    text: FromQuery[str | None] = None,
) -> Chosen:
    given = (who, account, kind, about, database, tablet, first, last, text)
    return Chosen(*[(one or "").strip()[:200] or None for one in given])


@get("/audit/kinds")
async def read_kinds() -> dict[str, Kind]:
    """Every kind of line, in words."""
    return {kind: Kind(*words) for kind, words in KINDS.items()}


@get("/audit")
async def read_audit(
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    chosen: NamedDependency[Chosen],
    after: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=1000)] = 100,
) -> Lines:
    """Lines of the audit, newest first, that are all that was asked for. `first` and `last`: local days, months or years."""
    sought = await _sought(services, actor, chosen, _after(after))
    found = await search(services, sought, limit)
    looked = "" if found.at is None or len(found.lines) == limit else _moment(found.at)
    lines = [{"id": one.id, **one.content} for one in found.lines]
    return Lines(
        lines,
        None if found.at is None else cursor((id_of(found.at),)),
        looked,
        await _names(services, actor, found.lines),
    )


@get("/audit/document", media_type="application/octet-stream")
async def audit_document(
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    chosen: NamedDependency[Chosen],
    format: FromQuery[Literal["csv", "xlsx"]] = "xlsx",
) -> Response[bytes]:
    """What was found as a table, 50,000 lines at most. That it leaves is itself on the audit."""
    sought = await _sought(services, actor, chosen, LAST)
    lines: list[Line] = []
    while True:
        found = await search(services, sought, _PAGE)
        lines += found.lines
        if len(lines) > EXPORT_MAX:
            raise BadRequest(
                f"超过{EXPORT_MAX}行，请缩短期间或再加条件。 Over {EXPORT_MAX} lines: ask for a shorter period or less.",
                code="too_many_lines",
            )
        if found.at is None:
            break
        sought = sought._replace(before=found.at)
    asked = {name: value for name, value in msgspec.to_builtins(chosen).items() if value is not None}
    await services.audit.write("export", actor, of="audit", format=format, lines=len(lines), asked=asked)
    told = Told(await _names(services, actor, lines), services.ledger.zone)
    table = await asyncio.to_thread(table_of, [(one.id, one.content) for one in lines], told)
    made = csv_of(table) if format == "csv" else await services.rendering.table(msgspec.json.encode(table))
    name = f"fieldbook-audit.{format}"
    headers = {
        "content-disposition": f"attachment; filename=\"{name}\"; filename*=UTF-8''%E5%AE%A1%E8%AE%A1.{format}",
        "cache-control": "private, no-store",
        "x-content-type-options": "nosniff",
    }
    return Response(made, headers=headers)


async def _sought(services: Services, actor: Actor, chosen: Chosen, after: Mark) -> Sought:
    """Raises BadRequest."""
    await services.audit.flush()
    first = whole_day(chosen.first) if chosen.first else None
    last = whole_day(chosen.last, end=True) if chosen.last else None
    if first and last and first > last:
        raise BadRequest("The last day lies before the first.", code="bad_period")
    since, until = moments(services, first, last)
    groups: list[list[str]] = []
    for prefix, value in (("account", chosen.account), ("kind", chosen.kind), ("db", chosen.database)):
        if value:
            groups.append([f"{prefix}:{value}"])
    if chosen.tablet:
        groups.append([f"tablet:{chosen.tablet}", f"on:{chosen.tablet}"])
    if who := chosen.who:
        member = who.removeprefix("member:")
        people = await services.ledger.read(lambda sql: members_named(sql, who))
        groups.append([f"account:{who}", *(f"member:{one}" for one in dict.fromkeys([member, *people]))])
    if what := chosen.about:
        groups.append(await services.ledger.read(lambda sql: about(sql, actor.reader, what)))
    return Sought(groups, since, min(until, after), (chosen.text or "").casefold())


def _after(given: str | None) -> Mark:
    """Raises BadRequest."""
    (line,) = resume(given, "")
    mark = LAST if given is None else mark_of(line)
    if mark is None:
        raise BadRequest("This list cannot go on from there: ask for it from its beginning.", code="bad_cursor")
    return mark


def _moment(mark: Mark) -> str:
    return (
        datetime.fromtimestamp((mark.at >> 20) / 1000, tz=UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )


async def _names(services: Services, actor: Actor, lines: list[Line]) -> dict[str, str]:
    members: set[str] = set()
    subjects: set[str] = set()
    for line in lines:
        for name, value in line.content.items():
            for one in value if isinstance(value, list) else [value]:
                if isinstance(one, str) and ":" in one:
                    subjects.add(one)
                elif isinstance(one, str) and name in ("member", "for_member"):
                    members.add(f"member:{one}")

    def query(sql: Any) -> dict[str, str]:
        directory = names(
            sql, members | {one for one in subjects if one.startswith(("member:", "branch:", "window:", "unit:"))}
        )
        return {**directory, **subject_names(sql, actor.reader, subjects)}

    return await services.ledger.read(query)


router = Router(
    "/",
    route_handlers=[read_kinds, read_audit, audit_document],
    guards=[need_auditor],
    dependencies={"chosen": Provide(provide_chosen, sync_to_thread=False)},
    tags=["audit"],
)
