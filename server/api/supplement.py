"""Decide how a secretary is told what came to a month since a version of it was approved, before it is approved again (LG15)."""

from typing import Annotated, Any

import msgspec
from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from server.api.base import need_login
from server.api.desk import cursor, days, is_personal, note_reading, resume
from server.api.figures import opening
from server.api.ledger import versions_of
from server.services import Services
from sync.actor import Actor
from sync.errors import NotFound
from sync.ledger.counting import IN_MONTH, parts_of
from sync.ledger.documents import month_fields, month_id
from sync.ledger.figure import Value
from sync.ledger.figures import FIGURES
from sync.ledger.lines import Line
from sync.ledger.queries import branches_for, names, subject_names
from sync.ledger.supplement import Change, Changed, since


class FigureChanged(msgspec.Struct, frozen=True):
    code: str
    zh: str
    en: str
    unit_zh: str
    unit_en: str
    then: Value
    now: Value
    open: str


class LineTold(msgspec.Struct, frozen=True):
    """One activity in an activity record. Times are UTC."""

    of: str
    kind: str
    subject: str
    start: str
    end: str
    people: list[str]
    branches: list[str]
    minutes: int
    problems: int
    solved: int


class ActivityChanged(msgspec.Struct, frozen=True):
    """`change`: new, changed, gone, erased (for good) or joined (it became part of `into`). `parts`: what of a changed one says something
    else. `then`, `now`: as it was approved and as it is. `title`: null where it is not the one approved any more. `names`: as in an
    activity."""

    id: str
    change: Change
    parts: list[str]
    then: LineTold | None
    now: LineTold | None
    title: str | None
    into: str
    names: dict[str, str]


class Supplement(msgspec.Struct, frozen=True):
    """What came since a version. `told`: false for a version of an earlier program, which keeps too little to tell the activities."""

    number: int
    approved_by: str
    approved_at: str
    told: bool
    figures: list[FigureChanged]
    activities: list[ActivityChanged]
    next: str | None


@get("/activity-records/{branch:str}/{month:str}/changes")
async def read_changes(
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    branch: FromPath[str],
    month: FromPath[str],
    version: FromQuery[int | None] = None,
    after: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=500)] = 100,
) -> Supplement:
    """What came to a branch's month since a version of it, the latest where none is named: the figures that are others now, and the
    activities that are new, changed or gone."""
    days(month, None)
    start = resume(after, 0)[0]

    def query(sql: Any) -> Supplement:
        branches_for(sql, actor.reader, branch)
        approved = dict(versions_of(sql, branch, month))
        number = version if version is not None else max(approved, default=0)
        if number not in approved:
            raise NotFound(f"There is no version {number} of this month.", document=month_id(branch, month))
        fields = approved[number]
        found = since(sql, branch, month, fields, services.admission.erasures.holds)
        shown = (found or [])[start : start + limit]
        more = start + limit < len(found or ())
        return Supplement(
            number,
            fields.get("approved_by", ""),
            fields.get("approved_at", ""),
            found is not None,
            _figures_changed(sql, branch, month, fields),
            _activities_changed(sql, actor, shown),
            cursor([start + limit]) if more else None,
        )

    told = await services.ledger.read(query)
    note_reading(services, actor, {one.id.removeprefix("activity:") for one in told.activities if _names_person(one)})
    return told


def _figures_changed(sql: Any, branch: str, month: str, approved: dict[str, Any]) -> list[FigureChanged]:
    """Figures that the version did not know are left out."""
    known = [one for one in IN_MONTH if f"figures/{one.code}" in approved]
    now = month_fields(sql, branch, month)
    then = {one.code: approved[f"figures/{one.code}"] for one in known}
    told = {one.code: now.get(f"figures/{one.code}", 0) for one in known}
    opens = f"branch={branch}&first={month}&last={month}"
    return [
        FigureChanged(one.code, *one.name, *one.unit, one.value(then), one.value(told), opening(one.code, opens))
        for one in FIGURES
        if all(part.code in then for part in parts_of(one)) and one.value(then) != one.value(told)
    ]


def _activities_changed(sql: Any, actor: Actor, found: list[Changed]) -> list[ActivityChanged]:
    lines = [line for one in found for line in (one.then, one.now) if line is not None]
    people = {f"member:{one}" for line in lines for one in line.people}
    named = names(sql, people) | subject_names(sql, actor.reader, {line.subject for line in lines})

    def told(one: Changed) -> ActivityChanged:
        both = [line for line in (one.then, one.now) if line is not None]
        asked = {f"member:{name}" for line in both for name in line.people} | {line.subject for line in both}
        shown = {name: named[name] for name in sorted(asked) if name in named}
        return ActivityChanged(
            one.id, one.change, list(one.parts), _line(one.then), _line(one.now), one.title, one.into, shown
        )

    return [told(one) for one in found]


def _line(line: Line | None) -> LineTold | None:
    if line is None:
        return None
    what = (line.of, line.kind, line.subject, line.start, line.end, list(line.people), list(line.branches))
    return LineTold(*what, line.minutes, line.problems, line.solved)


def _names_person(one: ActivityChanged) -> bool:
    return any(
        line is not None and is_personal(line.subject) and line.subject in one.names for line in (one.then, one.now)
    )


router = Router("/", route_handlers=[read_changes], guards=[need_login], tags=["ledger"])
