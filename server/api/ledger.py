"""Decide how branches' activity records are shown: as they are now, and as they were approved."""

from typing import Annotated, Any

import msgspec
from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from server.api.base import need_login
from server.api.desk import cursor, days, resume
from server.api.figures import opening
from server.completeness import Awaited, awaited
from server.services import Services
from sync.actor import Actor
from sync.documents import content_of
from sync.errors import NotFound
from sync.ledger.activity_lists import months_known
from sync.ledger.counting import IN_MONTH, parts_of
from sync.ledger.documents import month_id, month_wanted
from sync.ledger.figure import Value
from sync.ledger.figures import FIGURES
from sync.ledger.queries import branches_for
from sync.reconcile.explain import seen_hash
from sync.stores.contract import Want


class FigureTold(msgspec.Struct, frozen=True):
    """`open`: where the rows behind the value are listed."""

    code: str
    zh: str
    en: str
    unit_zh: str
    unit_en: str
    value: Value
    open: str


class MonthRow(msgspec.Struct, frozen=True):
    """`number`: the version last approved, 0 before the first."""

    branch: str
    month: str
    state: str
    number: int


class Months(msgspec.Struct, frozen=True):
    """`next`: give it as `after` to go on; none at the end."""

    months: list[MonthRow]
    next: str | None


class Version(msgspec.Struct, frozen=True):
    """An approved version. `digest`: the content hash that was approved; `missing`: how many tablets it was approved without, null
    where it does not say."""

    number: int
    approved_by: str
    approved_at: str
    digest: str
    activities: int
    missing: int | None


class Month(msgspec.Struct, frozen=True):
    """A branch's activity record as it is now. `number`: the version last approved, 0 before the first; `late`: what came after it;
    `awaited`: the tablets that may still hold something for it, of a version those that it was approved without (null where the
    approval does not say); `published`: the numbers of the approved versions, each readable as `?version=`, and told of in `versions`,
    the latest first. `seen`: what an approval is bound to; empty while the record on the tablets is not yet what is shown here."""

    id: str
    branch: str
    month: str
    state: str
    number: int
    figures: list[FigureTold]
    activities: list[str]
    late: list[str]
    published: list[int]
    versions: list[Version]
    approved_by: str
    approved_at: str
    seen: str
    awaited: list[Awaited] | None


@get("/activity-records")
async def list_months(
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    branch: FromQuery[str | None] = None,
    month: FromQuery[str | None] = None,
    after: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=1000)] = 100,
) -> Months:
    """The activity records of the actor's branches, as the tablets have them, the latest month first."""
    start = resume(after, "~", "")

    def query(sql: Any) -> list[tuple[str, str, str, int]]:
        return months_known(sql, branches_for(sql, actor.reader, branch), month, (start[0], start[1]), limit)

    told = [MonthRow(*row) for row in await services.ledger.read(query)]
    return Months(told, cursor((told[-1].month, told[-1].branch)) if len(told) == limit else None)


@get("/activity-records/{branch:str}/{month:str}")
async def read_month(
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    branch: FromPath[str],
    month: FromPath[str],
    version: FromQuery[int | None] = None,
) -> Month:
    """The activity record of one branch and month: as it is now, or (`version`) as it was approved."""
    days(month, None)

    def query(sql: Any) -> tuple[dict[str, Any] | None, list[tuple[int, dict[str, Any]]], bytes, bytes]:
        branches_for(sql, actor.reader, branch)
        wanted = month_wanted(sql, f"branch-{branch}", branch, month, services.ledger.zone.key)
        return wanted.body, versions_of(sql, branch, month), wanted.digest, wanted.held

    body, versions, digest, held = await services.ledger.read(query)
    fields = body["fields"] if body is not None else None
    if version is not None:
        fields = dict(versions).get(version)
    if fields is None:
        raise NotFound(document=month_id(branch, month))
    seen = ""
    if version is None and digest == held:
        (found,) = await services.store.get(f"branch-{branch}", [Want(month_id(branch, month))])
        seen = f"sha256-{seen_hash(content_of(found.revisions[0].body), [])}" if found.revisions else ""
    waits = await awaited(services, branch, month) if version is None else _frozen(fields)
    return _month(branch, month, fields, versions, seen, waits)


def versions_of(sql: Any, branch: str, month: str) -> list[tuple[int, dict[str, Any]]]:
    """(number, fields), the earliest first."""
    rows = sql.execute(
        "SELECT number, fields FROM version WHERE branch=? AND month=? ORDER BY number", [branch, month]
    ).fetchall()
    return [(number, content_of(fields)) for number, fields in rows]


def _frozen(fields: dict[str, Any]) -> list[Awaited] | None:
    try:
        return msgspec.convert(fields.get("missing"), list[Awaited] | None)
    except msgspec.ValidationError:
        return None


def _month(
    branch: str,
    month: str,
    fields: dict[str, Any],
    versions: list[tuple[int, dict[str, Any]]],
    seen: str,
    waits: list[Awaited] | None,
) -> Month:
    def named(head: str) -> list[str]:
        return [path.removeprefix(head) for path in fields if path.startswith(head)]

    counted = {one.code: fields.get(f"figures/{one.code}", 0) for one in IN_MONTH}
    opens = f"branch={branch}&first={month}&last={month}"
    told = [
        FigureTold(one.code, *one.name, *one.unit, one.value(counted), opening(one.code, opens))
        for one in FIGURES
        if all(part.code in counted for part in parts_of(one))
    ]
    return Month(
        month_id(branch, month),
        branch,
        month,
        fields["state"],
        fields["number"],
        told,
        named("activities/"),
        named("late/"),
        [number for number, _ in versions],
        [_version(number, told) for number, told in reversed(versions)],
        fields.get("approved_by", ""),
        fields.get("approved_at", ""),
        seen,
        waits,
    )


def _version(number: int, fields: dict[str, Any]) -> Version:
    missing = _frozen(fields)
    return Version(
        number,
        fields.get("approved_by", ""),
        fields.get("approved_at", ""),
        fields.get("digest", ""),
        sum(path.startswith("activities/") for path in fields),
        None if missing is None else len(missing),
    )


router = Router(
    "/",
    route_handlers=[list_months, read_month],
    guards=[need_login],
    tags=["ledger"],
)
