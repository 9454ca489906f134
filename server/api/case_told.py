"""Decide what is told of one joint survey: how it stands, what each party found for each item, what came after its conclusion, and what
whoever asks may do with it now (JS…)."""

from hashlib import sha256
from typing import Any

import msgspec
from litestar import Response

from schemas import upgrade
from schemas.access import owners, writers
from schemas.canonical import NotCanonical
from server.api.base import PROBLEM_DETAILS, ProblemDetails, Refusal
from server.api.desk import is_personal, leaves_of, note_reading, place_of
from server.services import Services
from sync.actor import Actor
from sync.databases import SHARED
from sync.documents import content_of
from sync.errors import NotFound
from sync.ledger.cases import case_and_surveys
from sync.ledger.queries import names, places, subject_names
from sync.reconcile.body import read, stamps_of
from sync.reconcile.cases import (
    NO_LIMIT,
    Case,
    Cell,
    Issue,
    Party,
    Passed,
    State,
    Survey,
    case_of,
    issued_text,
    state_of,
)
from sync.reconcile.joining import joined
from sync.reconcile.stamps import next_stamp, parse_stamp
from sync.reconcile.writes import Writes
from sync.stores.contract import Want

ADDED = ("checklist", "needs", "parties", "outside", "limit", "addenda")
LEADS_ADD, PARTIES_ADD, AFTER_ISSUE = ADDED[:5], ADDED[1:2], ADDED[5:]
"""What may be added once it is announced, by who may change all of it, and by a party of it; by both, once a conclusion was issued."""

REASONS = {
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
CHANGED = ("案卷刚有改动：请再看一遍", "it has just changed: look again")


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


class Outside(msgspec.Struct, frozen=True):
    """A party without an account, as the case names it: `outside:<id>` among its parties."""

    id: str
    name: str
    contact: str


class CaseTold(msgspec.Struct, frozen=True):
    """`added`: what of checklist and needs was told only after the announcement, by id; `needs_added`: those of `needs`, in their words;
    `need_lines`: all of them, with the id of each. `limit_told`: the limit that was announced, "" where it is still that. `subject_name` is
    told to all who read the case. `reason`, `zh`, `en`: why it stands so.

    `may_conclude`: it is ready, and the actor may issue its conclusion; `seen`: give it back with the conclusion. `may_edit`: it is a
    draft, and the actor may change and announce it; `may_add`: what the actor may add once that is done; `seen_case`: give it back with
    either. `lost`: conclusions that were issued without knowing of the one that stands; `passed`: findings that do not count, with the
    reason, of records that the actor may open; `names` of branches, by id."""

    id: str
    branch: str
    matter: str
    author: str
    subject: str
    subject_name: str
    announced: str
    limit: str
    limit_told: str
    needs: list[str]
    need_lines: list[Addendum]
    added: list[str]
    needs_added: list[str]
    state: str
    reason: str
    zh: str
    en: str
    overdue: bool
    early: bool
    may_conclude: bool
    may_edit: bool
    may_add: list[str]
    seen: str
    seen_case: str
    parties: list[Party]
    outside: list[Outside]
    names: dict[str, str]
    items: list[ItemTold]
    disagreements: list[str]
    conclusion: Conclusion | None
    lost: list[Conclusion]
    late: list[Late]
    addenda: list[Addendum]
    passed: list[Passed]


class NotIssued(ProblemDetails, frozen=True):
    """Nothing was issued or changed: it is not ready, was announced or issued already, or has changed since it was looked at. `case`: how
    it stands. Problem details as of every error (AP20)."""

    case: CaseTold


class Known:
    """A case with its surveys, as they lie in the store now."""

    def __init__(
        self, body: dict[str, Any], db: str, rev: str | None, case: Case, state: State, dbs: dict[str, str]
    ) -> None:
        self.body, self.db, self.rev, self.case, self.state, self.dbs = body, db, rev, case, state, dbs


async def known_case(services: Services, actor: Actor, case: str) -> Known:
    """Raises NotFound for a case that is not there or may not be seen."""
    told = await services.ledger.read(lambda sql: case_and_surveys(sql, actor.reader, case))
    # One that was made a moment ago has not reached the ledger, nor has any survey of it.
    surveys, dbs = (told[1], told[2]) if told is not None else (list[Survey](), dict[str, str]())
    db = SHARED if told is None else (await place_of(services, actor.reader, case)).db
    found = await leaves_of(services, actor, db, case)
    rev = next(one.rev for one in found.revisions if not one.deleted)
    body = dict(upgrade(joined(found)))
    if body.get("type") != "case":
        raise NotFound(document=case)
    # The ledger may be a moment behind the store: the case itself is looked at as it lies there.
    return known_of(services, body, db, rev, surveys, dbs)


def known_of(
    services: Services, body: dict[str, Any], db: str, rev: str | None, surveys: list[Survey], dbs: dict[str, str]
) -> Known:
    known = case_of(body)
    return Known(body, db, rev, known, state_of(known, surveys, now_of(services)), dbs)


async def not_written(
    services: Services, actor: Actor, case: str, known: Known, code: str, words: tuple[str, str]
) -> Response[CaseTold | NotIssued | Refusal]:
    """409 with how it stands. `words`: why, in Chinese and English."""
    why = " / ".join(words)
    head = (f"urn:fieldbook:{code}", "Conflict", 409, why, code, why)
    told = NotIssued(*head, await tell_case(services, actor, case, known))
    return Response(told, status_code=409, media_type=PROBLEM_DETAILS)


def stamp_of(services: Services, member: str, body: dict[str, Any] | None) -> str:
    """Of an edit made here and now, later than all in the body, if there is one."""
    clock_ms = int(services.now().timestamp() * 1000)
    known = set() if body is None else stamps_of(body)
    return next_stamp(clock_ms, "", known, "desk", member, lambda below: int(services.random_hex(8), 16) % below)


async def tell_case(services: Services, actor: Actor, case: str, known: Known) -> CaseTold:
    state, body = known.state, known.body
    fields: dict[str, Any] = body["fields"]
    records = sorted({cell.record for cell in (*state.cells, *state.late, *state.taken_back)})
    asked = [*records, *(one.record for one in state.passed)]
    readable = set(await services.ledger.read(lambda sql: sorted(places(sql, actor.reader, asked))))
    words = await _words(services, known, records)
    subject = _text(fields.get("subject"))
    needs = [Addendum(item, text) for item, text in _texts_by_item(fields, "needs")]
    branches = await services.ledger.read(lambda sql: names(sql, known.case.parties))
    # As lists call it: what is surveyed is told to every party.
    called = await services.ledger.read(lambda sql: subject_names(sql, None, [subject]))
    if is_personal(subject):
        note_reading(services, actor, [case])

    def cell(one: Cell) -> CellTold:
        text, given_by = words.get((one.record, one.item, one.stamp), ("", ""))
        return CellTold(one.party, one.finding, text, given_by, one.record if one.record in readable else "")

    items = [*known.case.checklist, *sorted({one.item for one in state.cells} - {*known.case.checklist})]
    zh, en = REASONS[state.reason]
    return CaseTold(
        case,
        known.case.branch,
        _text(fields.get("matter")),
        _text(body.get("author")),
        subject,
        called.get(subject, ""),
        known.case.announced,
        "" if known.case.limit == NO_LIMIT else known.case.limit,
        _limit_told(known),
        [one.text for one in needs],
        needs,
        [*known.case.added],
        [one.text for one in needs if f"needs/{one.item}" in known.case.added],
        state.stands,
        state.reason,
        zh,
        en,
        state.overdue,
        state.early,
        state.stands == "ready" and may_change_all(actor, body),
        state.stands == "draft" and may_change_all(actor, body),
        may_add(actor, known),
        seen_of(state),
        seen_case(known),
        [*state.parties],
        outside_of(known),
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


def may_change_all(actor: Actor, body: dict[str, Any]) -> bool:
    """Whether admission would let any edit of it in (JS6)."""
    return actor.member is not None and not owners(body).isdisjoint(actor.principals)


def may_add(actor: Actor, known: Known) -> list[str]:
    """After the announcement. An addendum is one to a conclusion."""
    stands, body = known.state.stands, known.body
    if stands in ("draft", "withdrawn") or actor.member is None or writers(body).isdisjoint(actor.principals):
        return []
    if stands == "issued":
        return [*AFTER_ISSUE]
    return [*(LEADS_ADD if may_change_all(actor, body) else PARTIES_ADD)]


def seen_case(known: Known) -> str:
    """Of what the case itself says: what an edit of it is bound to."""
    return f"sha256-{sha256(msgspec.json.encode(known.body['fields'], order='deterministic')).hexdigest()}"


def writes_of(known: Known) -> Writes:
    try:
        return read([known.body]).writes
    except NotCanonical:
        return Writes()


def outside_of(known: Known) -> list[Outside]:
    fields = known.body["fields"]
    items = [one.removeprefix("outside:") for one in known.case.parties if one.startswith("outside:")]
    return [
        Outside(one, *(_text(fields.get(f"outside/{one}/{part}")) for part in ("name", "contact"))) for one in items
    ]


def _limit_told(known: Known) -> str:
    """The limit as it was announced, where it is another by now."""
    writes = writes_of(known)
    announced = min((one.stamp for one in writes.at("announced") if _text(one.value)), default="")
    before = [one for one in writes.at("limit") if one.stamp <= announced and _text(one.value)]
    told = before[-1].value if before else ""
    return "" if told == known.case.limit else told


def seen_of(state: State) -> str:
    """Of what a conclusion rests on."""
    told = msgspec.json.encode([state.cells, state.parties], order="deterministic")
    return f"sha256-{sha256(told).hexdigest()}"


def _conclusion(body: dict[str, Any], case: Case, issue: Issue) -> Conclusion:
    parts = parse_stamp(issue.stamp)
    return Conclusion(issue.conclusion, issued_text(body, case, issue), issue.at, parts.member if parts else "")


async def _words(services: Services, known: Known, records: list[str]) -> dict[tuple[str, str, str], tuple[str, str]]:
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


def _texts_by_item(fields: dict[str, Any], head: str) -> list[tuple[str, str]]:
    """The items of a list that are not withdrawn, in the order of their ids."""
    found = []
    for path, value in sorted(fields.items()):
        told = path.split("/")
        if len(told) == 3 and (told[0], told[2]) == (head, "text") and not fields.get(f"{head}/{told[1]}/withdrawn"):
            found.append((told[1], _text(value)))
    return found


def now_of(services: Services) -> str:
    return services.now().strftime("%Y-%m-%dT%H:%M:%SZ")


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
