"""Decide how branches' activity records are shown: as they are now, and as they were approved."""

from typing import Any

import msgspec
from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from server.api.base import need_login
from server.api.desk import days
from server.api.figures import opening
from server.completeness import Awaited, awaited
from server.services import Services
from sync.actor import Actor
from sync.documents import content_of
from sync.errors import NotFound
from sync.ledger.counting import IN_MONTH, parts_of
from sync.ledger.documents import month_id, month_wanted
from sync.ledger.figure import Figure, Quotient, Value
from sync.ledger.figures import FIGURES
from sync.ledger.queries import branches_for, months
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
    branch: str
    month: str
    state: str
    number: int
    figures: dict[str, int]


class Month(msgspec.Struct, frozen=True):
    """A branch's activity record as it is now. `number`: the version last approved, 0 before the first; `late`: what came after it;
    `awaited`: the tablets that may still hold something for it, of a version those that it was approved without (null where the
    approval does not say); `published`: the numbers of the approved versions, each readable as `?version=`. `seen`: what an approval
    is bound to; empty while the record on the tablets is not yet what is shown here."""

    id: str
    branch: str
    month: str
    state: str
    number: int
    figures: list[FigureTold]
    activities: list[str]
    late: list[str]
    published: list[int]
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
) -> list[MonthRow]:
    """The activity records of the actor's branches, as the tablets have them."""

    def query(sql: Any) -> dict[str, list[str]]:
        branches = branches_for(sql, actor.reader, branch)
        return {one: [at for at in months(sql, one) if month in (None, at)] for one in branches}

    told = []
    for one, wanted in (await services.ledger.read(query)).items():
        wants = [Want(month_id(one, at)) for at in wanted]
        for at, found in zip(wanted, await services.store.get(f"branch-{one}", wants) if wants else [], strict=True):
            if found.revisions and not found.revisions[0].deleted:
                fields = content_of(found.revisions[0].body)["fields"]
                values = {path[8:]: value for path, value in fields.items() if path.startswith("figures/")}
                told.append(MonthRow(one, at, fields["state"], fields["number"], values))
    return told


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
        rows = sql.execute(
            "SELECT number, fields FROM version WHERE branch=? AND month=? ORDER BY number", [branch, month]
        ).fetchall()
        wanted = month_wanted(sql, f"branch-{branch}", branch, month, services.ledger.zone.key)
        return wanted.body, [(n, content_of(fields)) for n, fields in rows], wanted.digest, wanted.held

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
    return _month(branch, month, fields, [number for number, _ in versions], seen, waits)


def _frozen(fields: dict[str, Any]) -> list[Awaited] | None:
    try:
        return msgspec.convert(fields.get("missing"), list[Awaited] | None)
    except msgspec.ValidationError:
        return None


def _month(
    branch: str, month: str, fields: dict[str, Any], published: list[int], seen: str, waits: list[Awaited] | None
) -> Month:
    def named(head: str) -> list[str]:
        return [path.removeprefix(head) for path in fields if path.startswith(head)]

    counted = {one.code: fields.get(f"figures/{one.code}", 0) for one in IN_MONTH}
    opens = f"branch={branch}&first={month}&last={month}"
    told = [
        FigureTold(one.code, *one.name, *one.unit, _value(one, counted), opening(one.code, opens))
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
        published,
        fields.get("approved_by", ""),
        fields.get("approved_at", ""),
        seen,
        waits,
    )


def _value(figure: Figure | Quotient, counted: dict[str, int]) -> Value:
    return figure.value(counted) if isinstance(figure, Quotient) else counted[figure.code]


router = Router(
    "/",
    route_handlers=[list_months, read_month],
    guards=[need_login],
    tags=["ledger"],
)
