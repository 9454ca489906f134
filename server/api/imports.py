"""Decide how monthly rows of the hall are brought in, listed, opened and taken back (IM…)."""

from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency
from litestar.handlers import BaseRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from litestar.response import Stream
from msgspec import Meta

from server.api.base import Problem, caller_of, need_login
from server.api.desk import cursor, resume
from server.imports import Taken, take_back, take_in
from server.services import Services
from sync.actor import Actor
from sync.databases import SHARED
from sync.errors import BadRequest, Forbidden, NotFound, TooLarge
from sync.imports.documents import ATTACHMENT
from sync.imports.matters import Fault, Row
from sync.imports.tables import CSV, FILE_BYTES_MAX, XLSX
from sync.ledger.imports import Branches, ImportRow, import_of, import_rows, imports
from sync.ledger.queries import branches_for
from sync.stores.contract import Want

FAULTS_SHOWN_MAX = 500
SOURCE = "hall"


class ImportTaken(msgspec.Struct, frozen=True):
    """`outcome`: imported; unchanged (`id` says the same already); tried (nothing was kept). `counted` rows are in the figures, `flagged`
    are not, for the `problems` told (500 at most); `skipped` are numbers of rows with totals and remarks; `columns`: what each is headed
    in the file; `ignored`: headers of which nothing is known; `supersedes`: the imports whose months it takes;
    `sheets`: all of the workbook; `hidden`: rows that are hidden in it and read all the same."""

    outcome: Literal["imported", "unchanged", "tried"]
    id: str
    months: list[str]
    counted: int
    flagged: int
    problems: list[Fault]
    skipped: list[int]
    columns: dict[str, str]
    ignored: list[str]
    sheet: str
    encoding: str
    supersedes: list[str]
    sheets: list[str]
    hidden: list[int]


class Imports(msgspec.Struct, frozen=True):
    """`next`: give it as `after` to go on; none at the end."""

    imports: list[ImportRow]
    next: str | None


class ImportTold(msgspec.Struct, frozen=True):
    """An import with its rows, in the order of the file. `next`: give it as `after` to go on; none at the end."""

    about: ImportRow
    rows: list[Row]
    next: str | None


class Withdrawal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    reason: Annotated[str, Meta(min_length=1, max_length=500)]


async def need_overseer(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    services: Services = connection.app.state.services
    actor = await services.doorkeeper.actor(caller_of(connection))
    if actor is None or not (actor.administrator or "committee" in actor.principals):
        raise Forbidden("只有机关党委和管理员可以导入 / Only the committee and administrators import files.")


@post("/imports", guards=[need_overseer])
async def bring_in(
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    name: FromQuery[str] = "",
    kind: FromQuery[Literal["matters"]] = "matters",
    month: FromQuery[str | None] = None,
    source: Annotated[str, QueryParameter(min_length=1, max_length=60)] = SOURCE,
    sheet: Annotated[str, QueryParameter(max_length=100)] = "",
    dry_run: FromQuery[bool] = False,
) -> Response[ImportTaken]:
    """A file (.xlsx, or CSV as UTF-8 or GB18030) as the request's body, at most 10 MiB. `name`: what it is called; `month`: of which month
    all of its rows are, where no column says it; `source`: where it comes from: an import supersedes those of the same source and month;
    `sheet`: which sheet of the workbook, the first with a header where not said. `dry_run`: only tell what would be taken. Problems are
    told row by row and hinder no other row."""
    try:
        data = await body_of(request)
        taken = await take_in(services, actor, data, name, source, month, sheet, dry_run=dry_run)
    except BadRequest as refused:
        found = refused.facts.get("faults")
        faults = [one for one in found if isinstance(one, Fault)] if isinstance(found, list) else []
        problems = [Problem(f"{one.row}", f"{one.zh} / {one.en}") for one in faults[:FAULTS_SHOWN_MAX]]
        raise BadRequest(refused.reason, code=refused.code, problems=problems) from None
    told = _told(taken, dry_run=dry_run)
    if told.outcome == "imported":
        await services.audit.write("import", actor, of=told.id, rows=told.counted, flagged=told.flagged)
    return Response(told, status_code=201 if told.outcome == "imported" else 200)


@get("/imports")
async def list_imports(
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    month: FromQuery[str | None] = None,
    after: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=500)] = 50,
) -> Imports:
    """Imported files, the latest first: to a branch those with rows of its windows."""
    order, doc = resume(after, "~", "~")
    found = await services.ledger.read(lambda sql: imports(sql, _branches(sql, actor), month, (order, doc), limit))
    last = (found[-1][0], found[-1][1].id) if len(found) == limit else None
    return Imports([one for _, one in found], cursor(last))


@get("/imports/{doc:str}")
async def read_import(
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    doc: FromPath[str],
    flagged: FromQuery[bool | None] = None,
    row: FromQuery[int | None] = None,
    after: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=1000)] = 200,
) -> ImportTold:
    """One import with its rows, `flagged` ones or others alone, or from one `row` on."""
    (at,) = resume(after, 0)

    def query(sql: Any) -> tuple[ImportRow | None, list[Row]]:
        branches = _branches(sql, actor)
        start = at if row is None else max(at, row - 1)
        return import_of(sql, branches, doc), import_rows(sql, branches, doc, start, limit, flagged=flagged)

    about, rows = await services.ledger.read(query)
    if about is None:
        raise NotFound(document=doc)
    return ImportTold(about, rows, cursor((rows[-1].row,)) if len(rows) == limit else None)


@get("/imports/{doc:str}/file", guards=[need_overseer])
async def read_file(services: NamedDependency[Services], doc: FromPath[str]) -> Stream:
    """The file as it came, as a download."""
    (found,) = await services.store.get(SHARED, [Want(doc)])
    alive = [one for one in found.revisions if not one.deleted and doc.startswith("import:")]
    attachment = alive[0].attachments.get(ATTACHMENT) if alive else None
    if attachment is None:
        raise NotFound(document=doc)
    chunks = await services.store.read_attachment(SHARED, doc, attachment, ATTACHMENT, alive[0].rev)
    kind, ending = (XLSX, "xlsx") if attachment.content_type == XLSX else (CSV, "csv")
    headers = {
        "content-disposition": f'attachment; filename="{doc.replace(":", "-")}.{ending}"',
        "content-security-policy": "sandbox; default-src 'none'",
        "x-content-type-options": "nosniff",
    }
    return Stream(chunks, media_type=kind, headers=headers)


@post("/imports/{doc:str}/withdraw", guards=[need_overseer], status_code=200)
async def withdraw_import(
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    doc: FromPath[str],
    data: JSONBody[Withdrawal],
) -> dict[str, str]:
    """Its rows count no more; what it took the place of counts again. It stays readable."""
    if not doc.startswith("import:"):
        raise NotFound(document=doc)
    await take_back(services, actor, doc, data.reason)
    await services.audit.write("import_withdrawn", actor, of=doc, reason=data.reason)
    return {"id": doc}


async def body_of(request: Request[Any, Any, Any]) -> bytes:
    """The file that a request brings. Raises TooLarge, BadRequest."""
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > FILE_BYTES_MAX:
            raise TooLarge(f"文件过大 / A file has {FILE_BYTES_MAX} bytes at most.", code="import_too_large")
    if not data:
        raise BadRequest("没有文件 / There is no file in the request's body.", code="no_file")
    return bytes(data)


def _told(taken: Taken, *, dry_run: bool) -> ImportTaken:
    reading = taken.reading
    flagged = sum(1 for row in reading.rows if row.problems)
    return ImportTaken(
        "unchanged" if taken.unchanged else "tried" if dry_run else "imported",
        taken.id or taken.unchanged,
        reading.months,
        len(reading.rows) - flagged,
        flagged,
        reading.faults[:FAULTS_SHOWN_MAX],
        reading.skipped,
        reading.columns,
        reading.ignored,
        reading.sheet,
        reading.encoding,
        taken.supersedes,
        list(reading.sheets),
        list(reading.hidden),
    )


def _branches(sql: Any, actor: Actor) -> Branches:
    reader = actor.reader
    return None if reader is None or "committee" in reader else branches_for(sql, reader, None)


router = Router(
    "/",
    route_handlers=[bring_in, list_imports, read_import, read_file, withdraw_import],
    guards=[need_login],
    tags=["imports"],
)
