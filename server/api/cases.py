"""Decide how joint surveys are shown at the desk, and how the lead issues a conclusion: by an edit of the case, let in by the same door as
a tablet's (JS…)."""

from hashlib import sha256
from typing import Annotated, Any, Literal

import msgspec
from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import Meta

from schemas import rule_of, upgrade
from schemas.access import owners
from server.api.base import PROBLEM_DETAILS, Refusal, need_login
from server.api.desk import cursor, is_personal, leaves_of, note_reading, place_of, resume
from server.services import Services
from sync.actor import Actor
from sync.documents import content_of, encode
from sync.errors import Conflict, FieldbookError, Forbidden, NotFound
from sync.ledger.cases import CaseRow, CaseWhere, case_and_surveys, cases
from sync.ledger.queries import names, places
from sync.reconcile.body import stamps_of
from sync.reconcile.cases import NO_LIMIT, Case, Cell, Issue, Party, Passed, State, case_of, issued_text, state_of
from sync.reconcile.edit import edit
from sync.reconcile.joining import joined
from sync.reconcile.stamps import next_stamp, parse_stamp
from sync.stores.contract import Edit, Want

_REASONS = {
    "not_announced": (
        "尚未告知：请先一次告知清单、事项和时限",
        "not announced: tell checklist, needs and time limit first",
    ),
    "awaited": ("仍有参与单位未提交意见，且未到时限", "parties are awaited, and its time is not past"),
    "all_in": ("各方意见已齐", "every party is in"),
    "time_past": ("时限已过，可按已有意见出具结论", "its time is past: it may be concluded on what there is"),
    "issued": ("结论已出具", "the conclusion has been issued"),
    "withdrawn": ("已撤回", "withdrawn"),
}


class Cases(msgspec.Struct, frozen=True):
    """`next`: give it as `after` to go on; none at the end."""

    cases: list[CaseRow]
    next: str | None


class CellTold(msgspec.Struct, frozen=True):
    """What a party found for an item. `record` is "" where the actor may not open it; `text` and `given_by` are "" where the record says
    nothing, or something else by now."""

    party: str
    finding: str
    text: str
    given_by: str
    record: str


class ItemTold(msgspec.Struct, frozen=True):
    """A line of the table. `disagreement`: the parties' findings differ."""

    item: str
    text: str
    disagreement: bool
    cells: list[CellTold]


class Late(msgspec.Struct, frozen=True):
    """A finding after the issue, or (`taken_back`) one that it was concluded on and that counts no more."""

    item: str
    cell: CellTold
    taken_back: bool


class Conclusion(msgspec.Struct, frozen=True):
    conclusion: str
    text: str
    issued: str
    member: str


class Addendum(msgspec.Struct, frozen=True):
    item: str
    text: str


class CaseTold(msgspec.Struct, frozen=True):
    """`added`: what of checklist and needs was told only after the announcement, by id; `needs_added`: those of `needs`, in their words.
    `reason`, `zh`, `en`: why it stands so; `may_conclude`: it is ready, and the actor may issue its conclusion; `seen`: give it back with
    the conclusion. `lost`: conclusions that were issued without knowing of the one that stands; `passed`:
    findings that do not count, with the reason, of records that the actor may open; `names` of branches, by id."""

    id: str
    branch: str
    matter: str
    subject: str
    announced: str
    limit: str
    needs: list[str]
    added: list[str]
    needs_added: list[str]
    state: str
    reason: str
    zh: str
    en: str
    overdue: bool
    early: bool
    may_conclude: bool
    seen: str
    parties: list[Party]
    names: dict[str, str]
    items: list[ItemTold]
    disagreements: list[str]
    conclusion: Conclusion | None
    lost: list[Conclusion]
    late: list[Late]
    addenda: list[Addendum]
    passed: list[Passed]


class Concluding(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`seen`: of the case as it was looked at; where it is given, nothing is concluded on findings that came since."""

    conclusion: Literal["pass", "remedy", "fail"]
    text: Annotated[str, Meta(min_length=1, max_length=5000)] | None = None
    seen: str | None = None


class NotIssued(msgspec.Struct, frozen=True):
    """Nothing was issued: it is not ready, was issued already, or has changed since it was looked at. `case`: how it stands.
    Problem details as of every error (AP20)."""

    type: str
    title: str
    status: int
    detail: str
    error: str
    reason: str
    case: CaseTold


class _Known:
    """A case with its surveys, as they lie in the store now."""

    def __init__(self, body: dict[str, Any], case: Case, state: State, dbs: dict[str, str]) -> None:
        self.body, self.case, self.state, self.dbs = body, case, state, dbs


@get("/cases")
async def list_cases(
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    branch: FromQuery[str | None] = None,
    stands: Annotated[
        Literal["draft", "waiting", "ready", "issued", "withdrawn"] | None, QueryParameter(name="state")
    ] = None,
    overdue: FromQuery[bool] = False,
    after: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=200)] = 50,
) -> Cases:
    """Joint surveys that the actor may read, what is due first. `branch`: as lead or party."""
    due, doc = resume(after, "", "")
    where = CaseWhere(_now(services), branch, stands, overdue)
    rows = await services.ledger.read(lambda sql: cases(sql, actor.reader, where, (due, doc), limit))
    note_reading(services, actor, [row.id for row in rows if is_personal(row.subject)])
    return Cases(rows, cursor((rows[-1].limit or NO_LIMIT, rows[-1].id)) if len(rows) == limit else None)


@get("/cases/{case:str}")
async def read_case(
    services: NamedDependency[Services], actor: NamedDependency[Actor], case: FromPath[str]
) -> CaseTold:
    """One joint survey: parties in and awaited, the table of items and parties, disagreements, conclusion and what came after it."""
    return await _tell(services, actor, case, await _known(services, actor, case))


@post("/cases/{case:str}/conclusion")
async def conclude(
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    case: FromPath[str],
    data: JSONBody[Concluding],
) -> Response[CaseTold | NotIssued | Refusal]:
    """Issue the conclusion, once. 409 with how the case stands when it is not ready, was issued already, or is not as it was seen."""
    if actor.member is None:
        raise Forbidden("A conclusion is a person's: log in with an account that has a member.")
    place = await place_of(services, actor.reader, case)
    known = await _known(services, actor, case)
    if known.state.stands != "ready" or data.seen not in (None, _seen(known.state)):
        return await _refused(services, actor, case, known)
    item = await _edit(services, actor, actor.member, place.db, case, data, known.state.cells)
    (result,) = await services.admission.push(actor, place.db, [item])
    known = await _known(services, actor, case)
    if isinstance(result, Conflict):
        # Somebody changed the case in this moment, perhaps issued it.
        return await _refused(services, actor, case, known)
    if isinstance(result, FieldbookError):
        raise result
    await services.audit.write("decision", actor, record=case, decision="conclusion")
    return Response(await _tell(services, actor, case, known), status_code=201)


async def _refused(
    services: Services, actor: Actor, case: str, known: _Known
) -> Response[CaseTold | NotIssued | Refusal]:
    zh, en = (
        _REASONS[known.state.reason]
        if known.state.stands != "ready"
        else ("案卷刚有改动：请再看一遍", "it has just changed: look again")
    )
    code = "issued_already" if known.state.stands == "issued" else "not_ready"
    why = f"{zh} / {en}"
    head = (f"urn:fieldbook:{code}", "Conflict", 409, why, code, why)
    told = NotIssued(*head, await _tell(services, actor, case, known))
    return Response(told, status_code=409, media_type=PROBLEM_DETAILS)


async def _edit(
    services: Services, actor: Actor, member: str, db: str, case: str, data: Concluding, cells: tuple[Cell, ...]
) -> Edit:
    found = await leaves_of(services, actor, db, case)
    parent = next(one.rev for one in found.revisions if not one.deleted)
    body = joined(found)
    clock_ms = int(services.now().timestamp() * 1000)
    stamp = next_stamp(
        clock_ms, "", stamps_of(body), "desk", member, lambda below: int(services.random_hex(8), 16) % below
    )
    # All under one stamp: of two issues that did not know of each other one stands, with its own words.
    changes = {"conclusion": data.conclusion, "conclusion_text": data.text, "issued": _now(services)}
    changed = edit([body], {**changes, "basis": msgspec.to_builtins(cells)}, stamp, rule_of=rule_of)
    return Edit(case, parent, changed, encode(changed))


async def _known(services: Services, actor: Actor, case: str) -> _Known:
    """Raises NotFound for a case that is not there or may not be seen."""
    told = await services.ledger.read(lambda sql: case_and_surveys(sql, actor.reader, case))
    if told is None:
        raise NotFound(document=case)
    place = await place_of(services, actor.reader, case)
    body = dict(upgrade(joined(await leaves_of(services, actor, place.db, case))))
    # The ledger may be a moment behind the store: the case itself is looked at as it lies there.
    known = case_of(body)
    return _Known(body, known, state_of(known, told[1], _now(services)), told[2])


async def _tell(services: Services, actor: Actor, case: str, known: _Known) -> CaseTold:
    state, body = known.state, known.body
    fields: dict[str, Any] = body["fields"]
    records = sorted({cell.record for cell in (*state.cells, *state.late, *state.taken_back)})
    asked = [*records, *(one.record for one in state.passed)]
    readable = set(await services.ledger.read(lambda sql: sorted(places(sql, actor.reader, asked))))
    words = await _words(services, known, records)
    branches = await services.ledger.read(lambda sql: names(sql, known.case.parties))
    if is_personal(fields.get("subject")):
        note_reading(services, actor, [case])

    def cell(one: Cell) -> CellTold:
        text, given_by = words.get((one.record, one.item, one.stamp), ("", ""))
        return CellTold(one.party, one.finding, text, given_by, one.record if one.record in readable else "")

    items = [*known.case.checklist, *sorted({one.item for one in state.cells} - {*known.case.checklist})]
    zh, en = _REASONS[state.reason]
    return CaseTold(
        case,
        known.case.branch,
        _text(fields.get("matter")),
        _text(fields.get("subject")),
        known.case.announced,
        "" if known.case.limit == NO_LIMIT else known.case.limit,
        _texts(fields, "needs"),
        [*known.case.added],
        [text for item, text in _texts_by_item(fields, "needs") if f"needs/{item}" in known.case.added],
        state.stands,
        state.reason,
        zh,
        en,
        state.overdue,
        state.early,
        state.stands == "ready" and _may_conclude(actor, body),
        _seen(state),
        [*state.parties],
        _names(fields, known.case, branches),
        [
            ItemTold(
                item,
                _text(fields.get(f"checklist/{item}/text")),
                item in state.disagreements,
                [cell(one) for one in state.cells if one.item == item],
            )
            for item in items
        ],
        [*state.disagreements],
        None if known.case.issue is None else _conclusion(body, known.case, known.case.issue),
        [_conclusion(body, known.case, one) for one in known.case.lost],
        [
            *(Late(one.item, cell(one), False) for one in state.late),
            *(Late(one.item, cell(one), True) for one in state.taken_back),
        ],
        [Addendum(item, text) for item, text in _texts_by_item(fields, "addenda")],
        [one for one in state.passed if one.record in readable],
    )


def _may_conclude(actor: Actor, body: dict[str, Any]) -> bool:
    """Whether admission would let the issuing edit in (JS6)."""
    return actor.member is not None and not owners(body).isdisjoint(actor.principals)


def _seen(state: State) -> str:
    """Of what a conclusion rests on."""
    told = msgspec.json.encode([state.cells, state.parties], order="deterministic")
    return f"sha256-{sha256(told).hexdigest()}"


def _conclusion(body: dict[str, Any], case: Case, issue: Issue) -> Conclusion:
    parts = parse_stamp(issue.stamp)
    return Conclusion(issue.conclusion, issued_text(body, case, issue), issue.at, parts.member if parts else "")


async def _words(services: Services, known: _Known, records: list[str]) -> dict[tuple[str, str, str], tuple[str, str]]:
    """(text, who gave it) of each finding that its record still says, by record, item and stamp. What is found for a case is for all who
    read the case."""
    told: dict[tuple[str, str, str], tuple[str, str]] = {}
    for db in sorted({known.dbs[one] for one in records if one in known.dbs}):
        for found in await services.store.get(db, [Want(one) for one in records if known.dbs.get(one) == db]):
            alive = [one for one in found.revisions if not one.deleted]
            body = upgrade(content_of(alive[0].body)) if alive else {}
            fields, stamps = body.get("fields"), body.get("stamps")
            if not isinstance(fields, dict) or not isinstance(stamps, dict):
                continue
            for path in fields:
                head, _, rest = path.partition("/")
                if head == "findings" and rest.endswith("/finding"):
                    item = rest.removesuffix("/finding")
                    stamp = str(stamps.get(path) or stamps.get(""))
                    said = [_text(fields.get(f"findings/{item}/{part}")) for part in ("text", "given_by")]
                    told[found.id, item, stamp] = (said[0], said[1])
    return told


def _names(fields: dict[str, Any], case: Case, branches: dict[str, str]) -> dict[str, str]:
    """What the parties are called: branches by the directory, the others by the case."""
    outside = [one.removeprefix("outside:") for one in case.parties if one.startswith("outside:")]
    return branches | {f"outside:{one}": _text(fields.get(f"outside/{one}/name")) for one in outside}


def _texts(fields: dict[str, Any], head: str) -> list[str]:
    return [text for _, text in _texts_by_item(fields, head)]


def _texts_by_item(fields: dict[str, Any], head: str) -> list[tuple[str, str]]:
    """The items of a list that are not withdrawn, in the order of their ids."""
    found = []
    for path, value in sorted(fields.items()):
        told = path.split("/")
        if len(told) == 3 and (told[0], told[2]) == (head, "text") and not fields.get(f"{head}/{told[1]}/withdrawn"):
            found.append((told[1], _text(value)))
    return found


def _now(services: Services) -> str:
    return services.now().strftime("%Y-%m-%dT%H:%M:%SZ")


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


router = Router("/", route_handlers=[list_cases, read_case, conclude], guards=[need_login], tags=["cases"])
