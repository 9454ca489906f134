"""Decide how a joint survey stands (JS…): which findings count, which parties are in, where they disagree, whether its conclusion may be
issued, and what came after it. Pure: takes a case, the survey findings about it and a moment.

What the lead concluded on is named by the issuing edit (`basis`), so that no clock has to tell what came before the issue.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from schemas import Rule, rule_of
from schemas.canonical import NotCanonical, canonical
from schemas.changes import ISSUED
from sync.reconcile.body import fields_of, read
from sync.reconcile.removals import removal
from sync.reconcile.rules import shown
from sync.reconcile.writes import Gone, Write, Writes

COUNTED: Final = "counted"
NOT_APPLICABLE: Final = "not_applicable"
NO_LIMIT: Final = "9999"
BRANCH: Final = "branch:"
OUTSIDE: Final = "outside:"


class Finding(msgspec.Struct, array_like=True, frozen=True):
    """What a survey record says of one item of the checklist. `given`: it names who gave it; `stamp`: of the edit that wrote it."""

    item: str
    finding: str
    party: str
    given: bool
    stamp: str


class Survey(NamedTuple):
    """A survey record of the case. `standing`: counted, flagged, withdrawn or undated; `vouched`: a signature or photo is beside it."""

    record: str
    branch: str
    standing: str
    vouched: bool
    findings: tuple[Finding, ...]


class Cell(msgspec.Struct, frozen=True):
    """What one party found for one item, and which record says so, in which write."""

    party: str
    item: str
    finding: str
    record: str
    stamp: str


class Issue(msgspec.Struct, frozen=True):
    """A conclusion as it was issued. `basis`: the findings that it names; None where it names none."""

    stamp: str
    at: str
    conclusion: str
    basis: tuple[Cell, ...] | None


class Case(msgspec.Struct, frozen=True):
    """What of a case tells how it stands. `parties`: `branch:b03`, `outside:<item>`; `known`: every item that its checklist ever had;
    `limit` is `NO_LIMIT` where none was set; `added`: what was put on the checklist (`checklist/<item>`) or needed (`needs/<item>`) after
    the announcement, which was to tell everything at once; `lost`: issues that another one stands above."""

    branch: str
    parties: tuple[str, ...]
    checklist: tuple[str, ...]
    known: tuple[str, ...]
    limit: str
    announced: str
    added: tuple[str, ...]
    issue: Issue | None
    lost: tuple[Issue, ...]
    withdrawn: bool


class Party(msgspec.Struct, frozen=True):
    """`state`: in, partly or awaited; `missing`: items for which nothing of its counts."""

    party: str
    state: str
    missing: tuple[str, ...]


class Passed(msgspec.Struct, frozen=True):
    """A finding that does not count, and why."""

    record: str
    item: str
    party: str
    why: str


class State(msgspec.Struct, frozen=True):
    """`stands`: draft, waiting, ready, issued or withdrawn; `reason` of it: a code. `cells`: the table, once issued that on which it was
    concluded; `late`: the addendum; `taken_back`: what it was concluded on and no longer counts; `early`: the conclusion was issued before
    it was ready."""

    stands: str
    reason: str
    overdue: bool
    parties: tuple[Party, ...]
    cells: tuple[Cell, ...]
    disagreements: tuple[str, ...]
    late: tuple[Cell, ...]
    taken_back: tuple[Cell, ...]
    passed: tuple[Passed, ...]
    early: bool


def case_of(body: Mapping[str, Any]) -> Case:
    """Of a case in its current shape. Never raises: what cannot be read is left out."""
    try:
        writes = read([dict(body)]).writes
    except NotCanonical:
        writes = Writes()
    fields = body.get("fields")
    fields = fields if isinstance(fields, dict) else {}
    branch = _text(body.get("branch"))
    of_branches = {path[8:] for path, value in fields.items() if path.startswith("parties/") and value is True}
    if fields.get(f"parties/{branch}") is not False:
        of_branches.add(branch)
    outside = _items(fields, writes, "outside", "name")
    issue, lost = _issues(writes)
    return Case(
        branch,
        (*(f"{BRANCH}{one}" for one in sorted(of_branches - {""})), *(f"{OUTSIDE}{one}" for one in outside)),
        _items(fields, writes, "checklist", "text"),
        tuple(sorted({path.split("/")[1] for path in fields if path.startswith("checklist/")})),
        _text(fields.get("limit")) or NO_LIMIT,
        _text(fields.get("announced")),
        _added(writes),
        issue,
        lost,
        removal(writes).in_force,
    )


def findings_of(body: Mapping[str, Any]) -> tuple[Finding, ...]:
    """Of a survey record, by item; those without a finding, or removed, are left out."""
    items: dict[str, dict[str, Any]] = {}
    stamps: dict[str, str] = {}
    for path, stamp, value in fields_of(dict(body)):
        head, _, rest = path.partition("/")
        item, slash, part = rest.partition("/")
        if head == "findings" and slash:
            items.setdefault(item, {})[part] = value
            if part == "finding":
                stamps[item] = stamp
    told = {item: parts for item, parts in items.items() if _text(parts.get("finding"))}
    gone: set[str] = set()
    if any(isinstance(parts.get("withdrawn"), dict) for parts in told.values()):
        try:
            writes = read([dict(body)]).writes
            gone = {item for item in told if removal(writes, f"findings/{item}").in_force}
        except NotCanonical:
            gone = set(told)
    return tuple(
        Finding(item, parts["finding"], _text(parts.get("party")), bool(_text(parts.get("given_by"))), stamps[item])
        for item, parts in sorted(told.items())
        if item not in gone
    )


def state_of(case: Case, surveys: Sequence[Survey], now: str) -> State:
    """How the case stands at the moment `now` (as records write moments). The order of the surveys does not matter."""
    counted, passed = _counted(case, surveys)
    latest = _latest(counted)
    cells, late, taken_back = latest, tuple[Cell, ...](), tuple[Cell, ...]()
    if case.issue is not None:
        cells = case.issue.basis if case.issue.basis is not None else _latest(_until(counted, case.issue.stamp))
        late, taken_back = _after(cells, counted, latest)
    came = {f"{BRANCH}{one.branch}" for one in surveys if one.standing == COUNTED}
    parties = tuple(_party(case, party, cells, came) for party in case.parties)
    awaited = any(one.state != "in" for one in parties)
    early = case.issue is not None and awaited and case.issue.at < case.limit
    stands, reason = _stands(case, awaited, now)
    overdue = stands in ("waiting", "ready") and case.limit <= now
    return State(stands, reason, overdue, parties, cells, _disagreements(cells), late, taken_back, passed, early)


def unknown_items(case: Case, findings: Iterable[Finding]) -> list[str]:
    """Items that a survey has findings for and that the checklist never had. A case without a checklist knows every item."""
    return [one.item for one in findings if case.known and one.item not in case.known]


def issued_text(body: Mapping[str, Any], case: Case, issue: Issue) -> str:
    """The words of a conclusion that was issued; "" where it has none, or they are no longer held."""
    writes = read([dict(body)]).writes
    others = {one.stamp for one in (*case.lost, *((case.issue,) if case.issue else ())) if one is not issue}
    write = _beside(writes, "conclusion_text", issue.stamp, others)
    return _text(write.value) if write is not None else ""


def _stands(case: Case, awaited: bool, now: str) -> tuple[str, str]:
    if case.withdrawn:
        return "withdrawn", "withdrawn"
    if case.issue is not None:
        return "issued", "issued"
    if not case.announced:
        return "draft", "not_announced"
    if not awaited:
        return "ready", "all_in"
    return ("ready", "time_past") if case.limit <= now else ("waiting", "awaited")


def _counted(case: Case, surveys: Sequence[Survey]) -> tuple[list[Cell], tuple[Passed, ...]]:
    counted, passed = [], []
    for survey in sorted(surveys):
        for one in survey.findings:
            party, why = _speaks_for(case, survey, one)
            if why:
                passed.append(Passed(survey.record, one.item, party, why))
            else:
                counted.append(Cell(party, one.item, one.finding, survey.record, one.stamp))
    return counted, tuple(passed)


def _speaks_for(case: Case, survey: Survey, one: Finding) -> tuple[str, str]:
    """(party, why the finding does not count: "" when it does)"""
    own = f"{BRANCH}{survey.branch}"
    party = one.party if one.party.startswith((BRANCH, OUTSIDE)) else own
    if survey.standing != COUNTED:
        return party, survey.standing
    if case.checklist and one.item not in case.checklist:
        return party, "not_on_checklist"
    if party not in case.parties:
        return party, "no_party"
    if party.startswith(BRANCH):
        return party, "" if party == own else "not_their_own"
    if survey.branch != case.branch:
        return party, "not_by_lead"
    if not one.given:
        return party, "nobody_named"
    return party, "" if survey.vouched else "not_vouched"


def _latest(cells: Iterable[Cell]) -> tuple[Cell, ...]:
    """Of each party and item the finding with the largest stamp."""
    best: dict[tuple[str, str], Cell] = {}
    for cell in sorted(cells, key=lambda one: (one.stamp, one.record)):
        best[cell.item, cell.party] = cell
    return tuple(best[key] for key in sorted(best))


def _until(cells: Iterable[Cell], stamp: str) -> list[Cell]:
    return [cell for cell in cells if cell.stamp <= stamp]


def _after(
    basis: Sequence[Cell], counted: Sequence[Cell], latest: Sequence[Cell]
) -> tuple[tuple[Cell, ...], tuple[Cell, ...]]:
    """What now counts beyond a conclusion's basis, and what of the basis counts no more."""
    before = {(cell.party, cell.item): cell for cell in basis}
    late = []
    for cell in latest:
        known = before.get((cell.party, cell.item))
        same = known is not None and (known.record, known.stamp) == (cell.record, cell.stamp)
        if not same and (known is None or cell.stamp > known.stamp):
            late.append(cell)
    newer = {(cell.party, cell.item) for cell in late}
    still = {(cell.party, cell.item, cell.record, cell.stamp) for cell in counted}
    gone = [
        cell
        for cell in basis
        if (cell.party, cell.item, cell.record, cell.stamp) not in still and (cell.party, cell.item) not in newer
    ]
    return tuple(late), tuple(gone)


def _party(case: Case, party: str, cells: Sequence[Cell], came: set[str]) -> Party:
    told = {cell.item for cell in cells if cell.party == party}
    if not case.checklist:
        return Party(party, "in" if told or party in came else "awaited", ())
    missing = tuple(item for item in case.checklist if item not in told)
    return Party(party, "in" if not missing else "partly" if told else "awaited", missing)


def _disagreements(cells: Iterable[Cell]) -> tuple[str, ...]:
    said: dict[str, set[str]] = {}
    for cell in cells:
        if cell.finding != NOT_APPLICABLE:
            said.setdefault(cell.item, set()).add(cell.finding)
    return tuple(sorted(item for item, findings in said.items() if len(findings) > 1))


def _items(fields: Mapping[str, Any], writes: Writes, head: str, part: str) -> tuple[str, ...]:
    """The ids of the items of a list that have this part and are not removed."""
    names = {path.split("/")[1] for path, value in fields.items() if _is_part(path, head, part) and _text(value)}
    return tuple(sorted(one for one in names if not removal(writes, f"{head}/{one}").in_force))


def _added(writes: Writes) -> tuple[str, ...]:
    told = [one.stamp for one in writes.at("announced") if _text(one.value)]
    if not told:
        return ()
    first = {
        path.removesuffix("/text"): min(one.stamp for one in writes.at(path))
        for path in writes.by_path
        if _is_part(path, "checklist", "text") or _is_part(path, "needs", "text")
    }
    return tuple(sorted(item for item, stamp in first.items() if stamp > min(told)))


def _is_part(path: str, head: str, part: str) -> bool:
    told = path.split("/")
    return len(told) == 3 and told[0] == head and told[2] == part


def _issues(writes: Writes) -> tuple[Issue | None, tuple[Issue, ...]]:
    """The issue that stands, of several the one that the field's rule shows, and those that do not."""
    every = [one for one in writes.at("issued") if _text(one.value)]
    live = [one for one in every if one.live]
    if not live:
        return None, ()
    top = shown(Rule.ONCE, live)
    lost = [one for one in every if one is not top]
    found = _issue(writes, top, {one.stamp for one in lost if one.live})
    rest = [_issue(writes, one, {other.stamp for other in every if other is not one}) for one in lost]
    # Confirmed, it is the same conclusion, and came when it was issued.
    same = [one for one in rest if _said(one) == _said(found)]
    found = min([found, *same], key=lambda one: one.stamp)
    return found, tuple(one for one in rest if one not in same)


def _said(issue: Issue) -> tuple[object, ...]:
    return issue.at, issue.conclusion, issue.basis


def is_against_issue(body: Mapping[str, Any], path: object, value: object) -> bool:
    """Whether a case that was issued would say something else by it (JS6): what was issued first stands."""
    fields = body.get("fields")
    if (
        body.get("type") != "case"
        or path not in ISSUED
        or not isinstance(fields, Mapping)
        or fields.get("issued") is None
    ):
        return False
    return canonical(fields.get(str(path))) != canonical(value)


def _issue(writes: Writes, issued: Write, others: set[str]) -> Issue:
    conclusion = _beside(writes, "conclusion", issued.stamp, others)
    basis = _beside(writes, "basis", issued.stamp, others)
    told = None if basis is None else _basis(basis.value)
    return Issue(issued.stamp, issued.value, _text(conclusion.value) if conclusion else "", told)


def _beside(writes: Writes, path: str, stamp: str, others: set[str]) -> Write | None:
    """What one edit wrote here along with its issue, else what shows; never what another issue wrote: two conclusions are not mixed."""
    every = [one for one in writes.at(path) if not isinstance(one.value, Gone)]
    live = [one for one in every if one.live]
    own = next((one for one in (*live, *every) if one.stamp == stamp), None)
    if own is not None:
        return own
    rest = [one for one in live if one.stamp not in others]
    return shown(rule_of("case", path), rest) if rest else None


def _basis(value: Any) -> tuple[Cell, ...] | None:
    try:
        return tuple(sorted(msgspec.convert(value, list[Cell]), key=lambda one: (one.item, one.party)))
    except msgspec.ValidationError:
        return None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
