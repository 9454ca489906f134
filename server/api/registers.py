"""Decide how members and subjects are imported through the API: previewed, written as previewed, listed, and what was not taken given back
with its reasons (IM…)."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery, QueryParameter

from server.api.base import need_login
from server.api.desk import cursor, is_personal, note_reading, resume
from server.api.imports import SOURCE, body_of, need_overseer
from server.api.offices import end_offices
from server.import_sheets import faulty, faulty_matters, template
from server.imports import take_in
from server.registers import PREFIX, Asked, Done, Kind, bring_in, look, may_import, need_right
from server.services import Services
from sync.actor import Actor
from sync.databases import CENTRE, SHARED
from sync.documents import content_of
from sync.errors import BadRequest, NotFound
from sync.imports.cells import text_of
from sync.imports.registers import WRITTEN, Entry, Plan
from sync.imports.tables import CSV, XLSX
from sync.stores.contract import Want

ROWS_TOLD_MAX = 1000
LINES_SHOWN_MAX = 200
CELLS_SHOWN_MAX = 30
CELL_SHOWN_MAX = 80
_IDENTITY_LIKE = re.compile(r"\d{6}(?:19|20)\d{9}[\dXx]")

SubjectKind = Literal["household", "resident", "enterprise", "project", "village", "duty_point", "site"]


class Line(msgspec.Struct, frozen=True):
    """A row of the file as it is, its number as a person counts it there."""

    row: int
    cells: list[str]


class RegisterTaken(msgspec.Struct, frozen=True):
    """`outcome`: imported; completed (an import of this file had stopped half-way, the rest is done now); unchanged (the file says what is
    there already); tried (nothing was kept). `counts` by what becomes of a row. `rows`: those that are not unchanged, 1,000 at most, bad
    ones first; `failed`: {row: why} of rows that somebody changed in the very moment: import once more. `previewed`: give it back to
    import exactly this. `left_out`: columns that are never imported, `ignored`: those nothing is known of; `hidden`: rows that are hidden
    in the file and taken all the same; `absent`: how many there are that the file does not name, and that are left alone; `lines`: the
    file's first rows."""

    outcome: Literal["imported", "completed", "unchanged", "tried"]
    id: str
    kind: Kind
    branch: str
    counts: dict[str, int]
    rows: list[Entry]
    failed: dict[int, str]
    previewed: str
    sheet: str
    sheets: list[str]
    encoding: str
    columns: dict[str, str]
    ignored: list[str]
    left_out: list[str]
    hidden: list[int]
    skipped: list[int]
    absent: int
    header: list[str]
    lines: list[Line]


class RegisterRun(msgspec.Struct, frozen=True):
    """An import of a register. `state`: done, or begun: it stopped half-way, and the same file imported again completes it."""

    id: str
    kind: Kind
    branch: str
    name: str
    sheet: str
    at: str
    by: str
    state: Literal["begun", "done"]
    counts: dict[str, int]


class RegisterRuns(msgspec.Struct, frozen=True):
    """`next`: give it as `after` to go on; none at the end."""

    imports: list[RegisterRun]
    next: str | None


class RunRow(msgspec.Struct, frozen=True):
    """What a row of the file wrote; `name` is what the document says now, "" where it is gone."""

    row: int
    outcome: str
    id: str
    name: str


class RunTold(msgspec.Struct, frozen=True):
    """`next`: give it as `after` to go on; none at the end."""

    about: RegisterRun
    rows: list[RunRow]
    next: str | None


def asked(
    actor: NamedDependency[Actor],
    kind: FromPath[Kind],
    branch: Annotated[str, QueryParameter(max_length=40)] = "",
    name: FromQuery[str] = "",
    sheet: Annotated[str, QueryParameter(max_length=100)] = "",
    of: FromQuery[SubjectKind | None] = None,
) -> Asked:
    """`branch`: whose subjects they are; whoever imports those of a single branch need not name it. `of`: the kind of all subjects where no
    column says it; `sheet`: which sheet of the workbook, the first with a header where not said. Raises Forbidden."""
    whose = "" if kind == "members" else branch or ("" if actor.administrator else actor.branch or "")
    need_right(actor, kind, whose)
    return Asked(kind, whose, name, sheet, of if kind == "subjects" else None)


_ASKED = {"asked": Provide(asked, sync_to_thread=False)}


@post("/imports/registers/{kind:str}", status_code=200, dependencies=_ASKED)
async def import_register(
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    asked: NamedDependency[Asked],
    previewed: Annotated[str | None, QueryParameter(max_length=64)] = None,
    dry_run: FromQuery[bool] = False,
) -> RegisterTaken:
    """A file (.xlsx, or CSV as UTF-8 or GB18030) as the request's body, at most 10 MiB and 20,000 rows. `branch`: whose subjects they are;
    `of`: the kind of all subjects where no column says it; `sheet`: which sheet of the workbook, the first with a header where not said.
    `dry_run`: only tell what would change. `previewed`: import only if that is still what was told (409 `changed_since`). Bad rows are
    told and hinder no other; what the file does not name is left alone."""
    data = await body_of(request)
    if dry_run:
        tried = await look(services, data, asked)
        # What a household's fields say now is shown.
        note_reading(
            services, actor, {one.id for one in tried.entries if one.outcome == "changed" and is_personal(one.id)}
        )
        return _told(asked, tried, None, tried=True)
    plan, done = await bring_in(services, actor, data, asked, previewed)
    for one in plan.writings:
        if one.kind == "member":
            await _end_offices(services, actor, one.id.removeprefix("member:"), one.values)
    return _told(asked, plan, done, tried=False)


@post("/imports/registers/{kind:str}/faults", status_code=200, dependencies=_ASKED)
async def report_faults(
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    asked: NamedDependency[Asked],
    form: FromQuery[Literal["xlsx", "csv"]] = "xlsx",
) -> Response[bytes]:
    """The rows of this file that would not be taken, as they were, with a column that says what is wrong: to correct and import again."""
    plan = await look(services, await body_of(request), asked)
    return _file(faulty(plan, form), f"{asked.kind}-faults.{form}", XLSX if form == "xlsx" else CSV)


@post("/imports/faults", guards=[need_overseer], status_code=200)
async def report_matters(
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    month: FromQuery[str | None] = None,
    sheet: Annotated[str, QueryParameter(max_length=100)] = "",
    form: FromQuery[Literal["xlsx", "csv"]] = "xlsx",
) -> Response[bytes]:
    """The rows of a file of monthly rows of the hall that would not count, with a column that says what is wrong."""
    data = await body_of(request)
    try:
        rows = (await take_in(services, actor, data, "", SOURCE, month, sheet, dry_run=True)).reading.rows
    except BadRequest as refused:
        found = refused.facts.get("rows")
        if not isinstance(found, list):
            raise
        rows = found
    return _file(faulty_matters(rows, form), f"matters-faults.{form}", XLSX if form == "xlsx" else CSV)


@get("/imports/templates/{kind:str}")
async def read_template(kind: FromPath[Literal["matters", "members", "subjects"]]) -> Response[bytes]:
    """An Excel file with the headers and an example row, which an import leaves out."""
    return _file(template(kind), f"{kind}-template.xlsx", XLSX)


@get("/imports/registers")
async def list_registers(
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    after: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=200)] = 50,
) -> RegisterRuns:
    """Imports of registers, the latest first: to a secretary those of the own branch."""
    (before,) = resume(after, "")
    found: list[RegisterRun] = []
    while len(found) < limit:
        page = await services.office.newest(PREFIX, before or None, limit)
        for held in page:
            before = held.id
            if may_import(actor, held.content["kind"], held.content["branch"]):
                found.append(_run(held.id, held.content))
                if len(found) == limit:
                    break
        if len(page) < limit:
            break
    return RegisterRuns(found, cursor((found[-1].id,)) if len(found) == limit else None)


@get("/imports/registers/{doc:str}")
async def read_register(
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    doc: FromPath[str],
    after: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=500)] = 100,
) -> RunTold:
    """One import with the rows that wrote something, in the order of the file."""
    held = await services.office.find(doc) if doc.startswith(f"{PREFIX}:") else None
    if held is None or not may_import(actor, held.content["kind"], held.content["branch"]):
        raise NotFound(document=doc)
    (at,) = resume(after, 0)
    rows = [row for row in held.content["rows"] if row[0] > at][:limit]
    names = await _names(services, held.content, [row[2] for row in rows])
    told = [RunRow(number, outcome, of, names.get(of, "")) for number, outcome, of in rows]
    note_reading(services, actor, {one.id for one in told if is_personal(one.id)})
    return RunTold(_run(doc, held.content), told, cursor((rows[-1][0],)) if len(rows) == limit else None)


def _told(asked: Asked, plan: Plan, done: Done | None, *, tried: bool) -> RegisterTaken:
    table = plan.table
    counts = {outcome: plan.count(outcome) for outcome in (*WRITTEN, "unchanged", "flagged")}
    counts["warned"] = sum(1 for one in plan.entries if one.warnings)
    told = [one for one in plan.entries if one.outcome != "unchanged" or one.warnings]
    # What has to be put right first; then the file's own order.
    told.sort(key=lambda one: (not one.problems, one.row))
    outcome: Literal["imported", "completed", "unchanged", "tried"] = "tried"
    if not tried:
        outcome = "unchanged" if done is None else "completed" if done.completed else "imported"
    return RegisterTaken(
        outcome,
        done.id if done else "",
        asked.kind,
        asked.branch,
        counts,
        told[:ROWS_TOLD_MAX],
        done.failed if done else {},
        plan.digest,
        table.sheet.name,
        list(table.sheet.names),
        table.sheet.encoding,
        {name: table.header.texts[at] for name, at in table.header.columns.items()},
        table.ignored,
        table.left_out,
        plan.hidden,
        table.skipped,
        plan.absent,
        table.header.texts[:CELLS_SHOWN_MAX],
        _lines(plan),
    )


def _lines(plan: Plan) -> list[Line]:
    """The file's first rows; what is never imported is not shown either."""
    table = plan.table
    hidden = {at for at, text in enumerate(table.header.texts) if text in table.left_out}
    found = []
    for number, cells in table.lines[:LINES_SHOWN_MAX]:
        shown = ["***" if at in hidden and text_of(cell) else _shown(cell) for at, cell in enumerate(cells)]
        found.append(Line(number, shown[: min(CELLS_SHOWN_MAX, len(table.header.texts))]))
    return found


def _shown(cell: Any) -> str:
    told = text_of(cell)[:CELL_SHOWN_MAX]
    return _IDENTITY_LIKE.sub("***", told)


def _run(doc: str, content: dict[str, Any]) -> RegisterRun:
    told = {name: content[name] for name in ("kind", "branch", "name", "sheet", "at", "by", "state", "counts")}
    return RegisterRun(doc, **told)


async def _names(services: Services, content: dict[str, Any], docs: list[str]) -> dict[str, str]:
    names: dict[str, str] = {}
    for db in (CENTRE,) if content["kind"] == "members" else (f"branch-{content['branch']}", SHARED):
        for found in await services.store.get(db, [Want(doc) for doc in docs]):
            for one in found.revisions:
                fields = content_of(one.body).get("fields")
                if not one.deleted and isinstance(fields, dict):
                    names[found.id] = str(fields.get("name") or "")
    return names


def _file(data: bytes, name: str, media: str) -> Response[bytes]:
    headers = {"content-disposition": f'attachment; filename="{name}"', "x-content-type-options": "nosniff"}
    return Response(data, media_type=media, headers=headers)


async def _end_offices(services: Services, actor: Actor, member: str, values: Mapping[str, Any]) -> None:
    """Whoever was moved, or has left, leaves the committee (DK116). What a move writes names the former branch and the last day there."""
    moved = {path.rpartition("/")[0] for path in values if path.startswith("belonged/")}
    over = [(values[f"{stay}/branch"], values[f"{stay}/days"][1]) for stay in sorted(moved)]
    if values.get("left"):
        over.append((services.admission.directory.branch(member, None), values["left"]))
    for branch, last in over:
        if branch:
            await end_offices(services, actor, branch, member, last)


router = Router(
    "/",
    route_handlers=[import_register, report_faults, report_matters, read_template, list_registers, read_register],
    guards=[need_login],
    tags=["imports"],
)
