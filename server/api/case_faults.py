"""Decide what a joint survey may be given as at the desk, and everything that is wrong with what was given, each at its place (JS14)."""

from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from schemas import check, check_dates
from schemas.kinds import is_instant
from server.api.base import Problem
from server.api.case_told import ADDED, Known, outside_of
from server.services import Services
from sync.actor import Actor
from sync.errors import BadRequest
from sync.ledger.queries import names, places
from sync.reconcile.cases import BRANCH, NO_LIMIT

LINES_MAX = 200
LINE_MAX, ADDENDUM_MAX, NAME_MAX, CONTACT_MAX = 500, 5000, 100, 60
"""Characters, as the schema has them."""
_LIST = Meta(max_length=LINES_MAX)


class OutsideGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A party without an account. `id`: that of one which is there already."""

    name: str
    contact: str = ""
    id: str = ""


class Needed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`id`: that of a line which is there already."""

    text: str
    id: str = ""


class CaseDraft(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All of it: what is left out is taken away. `checklist`: in its order. `parties`: branches beside the lead, by id; `limit`: a moment.
    `announce`: tell it to the parties now, which is done once."""

    matter: str
    subject: str
    limit: str | None = None
    parties: Annotated[list[str], _LIST] = []
    outside: Annotated[list[OutsideGiven], _LIST] = []
    checklist: Annotated[list[str], _LIST] = []
    needs: Annotated[list[Needed], _LIST] = []
    announce: bool = False


class CaseMaking(CaseDraft, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`id`: made by whoever sends it, so that what is sent twice is made once."""

    id: Annotated[str, Meta(pattern=r"^case:[A-Za-z0-9]{10,64}$")] | None = None


class CaseChange(CaseDraft, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`seen`: `seen_case` of what was looked at."""

    seen: str


class CaseWithdrawal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`seen`: `seen_case` of what was looked at."""

    seen: str


class CaseAddition(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is added to what was announced. `limit`: a later one; `seen`: `seen_case` of what was looked at."""

    checklist: Annotated[list[str], _LIST] = []
    needs: Annotated[list[str], _LIST] = []
    parties: Annotated[list[str], _LIST] = []
    outside: Annotated[list[OutsideGiven], _LIST] = []
    limit: str | None = None
    addenda: Annotated[list[str], _LIST] = []
    seen: str


async def look_over(services: Services, actor: Actor, case: str, body: dict[str, Any], data: CaseDraft) -> None:
    """Everything that is wrong with a draft, or (`announce`) with announcing it. Raises BadRequest."""
    found = [] if data.matter.strip() else [Problem("matter", "请填写办理事项 / say the matter")]
    found += await _wrong_subject(services, actor, data.subject)
    found += await _wrong_parties(services, data.parties, [one.name for one in data.outside])
    found += _wrong_contacts(data.outside)
    found += _wrong_lines("checklist", data.checklist) + _wrong_lines("needs", [one.text for one in data.needs])
    if data.limit:
        found += _wrong_limit(services, data.limit)
    if data.announce:
        if not {*data.parties} - {body["branch"]} and not data.outside:
            found.append(
                Problem("parties", "除牵头支部外，至少要有一个参与单位 / name at least one party beside the lead")
            )
        if not data.checklist:
            found.append(Problem("checklist", "清单至少要有一项 / the checklist has no item"))
        if not data.limit:
            found.append(Problem("limit", "请定下办理时限 / set a time limit"))
    told = {one.field.partition("/")[0] for one in found}
    found += [one for one in unsound(services, case, body) if one.field.partition("/")[0] not in told]
    refuse_faulty(found)


async def look_over_addition(services: Services, known: Known, data: CaseAddition) -> None:
    """Everything that is wrong with what is to be added. Raises BadRequest."""
    there = [_text(known, "checklist", one) for one in known.case.checklist]
    found = _wrong_lines("checklist", data.checklist, there) + _wrong_lines("needs", data.needs)
    found += _wrong_lines("addenda", data.addenda, max_length=ADDENDUM_MAX) + _wrong_contacts(data.outside)
    outside = [one.name for one in outside_of(known)]
    found += await _wrong_parties(services, data.parties, [one.name for one in data.outside], outside)
    for one in data.parties:
        if f"{BRANCH}{one}" in known.case.parties:
            found.append(Problem("parties", "该支部已经是参与单位 / this branch is a party already"))
    if data.limit:
        found += _wrong_limit(services, data.limit)
        if known.case.limit != NO_LIMIT and data.limit <= known.case.limit:
            found.append(Problem("limit", "时限只能延后 / the time limit can only be put off"))
    if not any(getattr(data, name) for name in ADDED):
        found.append(Problem("", "没有要补充的内容 / nothing to be added was given"))
    refuse_faulty(found)


async def _wrong_subject(services: Services, actor: Actor, subject: str) -> list[Problem]:
    if not subject:
        return [Problem("subject", "请选择踏勘对象 / choose what is surveyed")]
    found = await services.ledger.read(lambda sql: places(sql, actor.reader, [subject]))
    known = subject in found and not subject.startswith("case:")
    return [] if known else [Problem("subject", "没有登记这个对象，请先登记 / there is no such subject: register it")]


async def _wrong_parties(
    services: Services, parties: list[str], outside: list[str], there: list[str] | None = None
) -> list[Problem]:
    asked = {f"{BRANCH}{one}" for one in parties}
    known = await services.ledger.read(lambda sql: names(sql, asked))
    found = [
        Problem("parties", f"名录中没有这个支部：{one} / this branch is not in the directory: {one}")
        for one in sorted(asked - known.keys())
    ]
    return found + _wrong_lines("outside", outside, there, "/name", max_length=NAME_MAX)


def _wrong_lines(
    head: str, given: list[str], there: list[str] | None = None, part: str = "", max_length: int = LINE_MAX
) -> list[Problem]:
    """Of those that say nothing, say something again, or too much. `there`: what is there already."""
    found, before = [], {*(there or [])}
    for at, text in enumerate(one.strip() for one in given):
        if not text:
            found.append(Problem(f"{head}/{at}{part}", "请填写，或去掉这一行 / fill it in, or take the line out"))
        elif text in before:
            found.append(Problem(f"{head}/{at}{part}", "与前面的重复 / the same stands above"))
        elif len(text) > max_length:
            found.append(Problem(f"{head}/{at}{part}", f"最多 {max_length} 字 / at most {max_length} characters"))
        before.add(text)
    return found


def _wrong_contacts(outside: list[OutsideGiven]) -> list[Problem]:
    words = f"最多 {CONTACT_MAX} 字 / at most {CONTACT_MAX} characters"
    long = [at for at, one in enumerate(outside) if len(one.contact.strip()) > CONTACT_MAX]
    return [Problem(f"outside/{at}/contact", words) for at in long]


def _wrong_limit(services: Services, limit: str) -> list[Problem]:
    if not is_instant(limit):
        return [Problem("limit", "时间应写作 2026-11-20T09:00:00Z / a time is written 2026-11-20T09:00:00Z")]
    if datetime.fromisoformat(limit.replace("Z", "+00:00")) <= services.now().astimezone(UTC):
        return [Problem("limit", "时限应晚于现在 / the time limit must lie ahead")]
    return []


def unsound(services: Services, case: str, body: dict[str, Any]) -> list[Problem]:
    """What the schema says of it; a line of a list by its id."""
    found = check({**body, "_id": case}) or check_dates(body, services.now())
    return [Problem(one.field, f"{one.zh} / {one.en}") for one in found]


def _text(known: Known, head: str, item: str) -> str:
    return str(known.body["fields"].get(f"{head}/{item}/text") or "")


def refuse_faulty(problems: list[Problem]) -> None:
    if problems:
        raise BadRequest("This cannot be kept as it is: put right what is told.", code="invalid", problems=problems)
