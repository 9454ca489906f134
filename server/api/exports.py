"""Decide how activity records and the ledger leave as documents: to whom, under which name, and that it is written down (DX…)."""

import asyncio
import re
from hashlib import sha256
from typing import Annotated, Any
from urllib.parse import quote

from litestar import Request, Response, Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from server.api.base import need_login
from server.api.desk import is_personal, whole_day
from server.reports.gathering import ledger_report, record_report
from server.reports.render import MEDIA
from server.reports.report import Format, Report, encoded
from server.services import Services
from sync.actor import Actor
from sync.errors import BadRequest, NotFound
from sync.ledger.documents import month_id

LINES_MAX = {"pdf": 10_000, "xlsx": 200_000, "csv": 200_000, "json": 200_000}
LAYOUT = 1
"""Goes up when the same report is laid out otherwise: what was kept of it before is then asked for anew."""


@get("/activity-records/{branch:str}/{month:str}/document", media_type="application/octet-stream")
async def month_document(
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    branch: FromPath[str],
    month: FromPath[str],
    format: FromQuery[Format],
    version: FromQuery[int | None] = None,
) -> Response[bytes]:
    """The activity record of a branch and month as a document: as it is now, or (`version`) as it was approved. The same version
    gives the same bytes."""
    if len(month) != 7:
        raise BadRequest("A month is written 2026-11.", code="bad_day")
    whole_day(month)
    zone = services.ledger.zone
    erased = services.admission.erasures.holds
    report = await services.ledger.read(
        lambda sql: record_report(sql, actor.reader, zone, branch, month, version, erased)
    )
    if report is None:
        raise NotFound(document=month_id(branch, month))
    return await _answer(request, services, actor, report, format, month_id(branch, month))


@get("/ledger/document", media_type="application/octet-stream")
async def ledger_document(
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    format: FromQuery[Format],
    first: Annotated[str, QueryParameter(name="from")],
    last: Annotated[str, QueryParameter(name="to")],
    branch: FromQuery[str | None] = None,
) -> Response[bytes]:
    """The activities and figures of a period as a document, as they are now. `from` and `to`: local days, months or years, both
    inclusive; without `branch` all branches that the actor may see."""
    days = whole_day(first), whole_day(last, end=True)
    if days[0] > days[1]:
        raise BadRequest("The last day lies before the first.", code="bad_period")
    zone, limit = services.ledger.zone, LINES_MAX[format]
    report = await services.ledger.read(lambda sql: ledger_report(sql, actor.reader, zone, branch, days, limit + 1))
    if len(report.lines) > limit:
        raise BadRequest(
            f"超过{limit}条活动，请缩短期间或改用其他格式。 Over {limit} activities: ask for a shorter period or another format.",
            code="too_many_lines",
        )
    return await _answer(request, services, actor, report, format, f"ledger:{report.first}:{report.last}")


async def _answer(
    request: Request[Any, Any, Any],
    services: Services,
    actor: Actor,
    report: Report,
    form: Format,
    what: str,
) -> Response[bytes]:
    text, mark = await asyncio.to_thread(_encoded, report)
    tag = f'"{mark}-{form}-{LAYOUT}"'
    headers = {"etag": tag, "cache-control": "private, no-cache", "x-content-type-options": "nosniff"}
    if tag in [one.strip() for one in request.headers.get("if-none-match", "").split(",")]:
        return Response(b"", status_code=304, headers=headers)
    made = await services.rendering.render(text, form)
    version = report.approvals[0].version if report.of == "activity_record" and report.approvals else None
    # On disk before anything leaves. Names of households and residents make it a reading about persons too.
    await services.audit.write(
        "export",
        actor,
        of=what,
        format=form,
        version=version,
        digest=report.digest,
        branches=sorted({one.branch for one in report.approvals}),
        lines=len(report.lines),
        persons=sum(is_personal(one.subject) and bool(one.subject_name) for one in report.lines),
    )
    headers["content-disposition"] = disposition(report, form)
    return Response(made, media_type=MEDIA[form], headers=headers)


def _encoded(report: Report) -> tuple[bytes, str]:
    """In JSON, and what tells one from another."""
    text = encoded(report)
    return text, sha256(text).hexdigest()


def disposition(report: Report, form: Format) -> str:
    """A download under its Chinese name (RFC 5987, 6266), and under one in ASCII for those who do not know that."""
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", report.ascii_file)
    told = re.sub(r'[\\/:*?"<>|\x00-\x1f]', "_", report.file)
    return f"attachment; filename=\"{plain}.{form}\"; filename*=UTF-8''{quote(told, safe='')}.{form}"


router = Router("/", route_handlers=[month_document, ledger_document], guards=[need_login], tags=["ledger"])
