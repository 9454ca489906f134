"""Decide how joint surveys are listed: what is due first, narrowed to what the reader may see (JS…)."""

import json
from sqlite3 import Connection
from typing import Any, NamedTuple

import msgspec

from sync.ledger.apply_cases import decode_case, surveys_of
from sync.ledger.queries import Reader
from sync.reconcile.cases import NO_LIMIT, Case, Survey

_SEEN = " AND EXISTS (SELECT 1 FROM reader p WHERE p.audience = c.audience AND p.principal IN (SELECT value FROM json_each(:reader)))"
_FROM = " FROM joint c LEFT JOIN subject o ON o.id = c.id LEFT JOIN subject s ON s.id = c.subject"
_STANDS = {
    "draft": "c.stands='draft'",
    "waiting": "c.stands='open' AND c.awaited>0 AND c.due>:now",
    "ready": "c.stands='open' AND (c.awaited=0 OR c.due<=:now)",
    "issued": "c.stands='issued'",
    "withdrawn": "c.stands='withdrawn'",
    "open": "c.stands IN ('draft','open')",
}
STATES = tuple(_STANDS)


class CaseRow(msgspec.Struct, frozen=True):
    """A joint survey as lists show it. `limit`: "" where none was set; `awaited`: how many of the `parties` are not in; `conclusion`: "" as
    long as none was issued; `late`: findings after it, or taken back since; `early`: it was issued before it was ready."""

    id: str
    branch: str
    matter: str
    subject: str
    subject_name: str
    limit: str
    state: str
    overdue: bool
    parties: int
    awaited: int
    disagreements: int
    conclusion: str
    late: int
    early: bool


class CaseCounts(msgspec.Struct, frozen=True):
    """Of those that are not done: how many stand how, and how many are overdue."""

    draft: int
    waiting: int
    ready: int
    overdue: int


class CaseWhere(NamedTuple):
    """Which are asked for; None leaves a column free. `branch`: lead or party; `now`: the moment, as records write moments; `state` may be
    `open`: all that is not done; `words`: each stands in the matter or in the name of what is surveyed."""

    now: str
    branch: str | None = None
    state: str | None = None
    overdue: bool = False
    words: tuple[str, ...] = ()


def cases(
    sql: Connection,
    reader: Reader,
    where: CaseWhere,
    after: tuple[str, str] | None,
    limit: int,
    *,
    latest: bool = False,
) -> list[CaseRow]:
    """What is due first, and what has no limit last; `latest`: the other way round. `after` is (limit, id) of the last one shown."""
    tests = _tests(where)
    if where.state is not None:
        tests.append(_STANDS[where.state])
    if where.overdue:
        tests.append("c.stands='open' AND c.due<=:now")
    if after is not None:
        tests.append(f"(c.due, c.id) {'<' if latest else '>'} (:due, :id)")
    down = " DESC" if latest else ""
    rows = sql.execute(
        "SELECT c.id, c.branch, o.name, c.subject, s.name, c.due, c.stands, c.awaited, c.disagreements, c.late, c.early, c.facts"
        f"{_FROM} WHERE {' AND '.join(tests) or '1'}{'' if reader is None else _SEEN}"
        f" ORDER BY c.due{down}, c.id{down} LIMIT :limit",
        _values(reader, where) | {"due": (after or ("", ""))[0], "id": (after or ("", ""))[1], "limit": limit},
    )
    return [_row(row, where.now) for row in rows]


def count_cases(sql: Connection, reader: Reader, where: CaseWhere) -> CaseCounts:
    """Of all that are not done, whatever `state` and `overdue` say."""
    tests = [_STANDS["open"], *_tests(where)]
    sums = ", ".join(f"coalesce(sum({_STANDS[one]}), 0)" for one in ("draft", "waiting", "ready"))
    row = sql.execute(
        f"SELECT {sums}, coalesce(sum(c.stands='open' AND c.due<=:now), 0)"
        f"{_FROM} WHERE {' AND '.join(tests)}{'' if reader is None else _SEEN}",
        _values(reader, where),
    ).fetchone()
    return CaseCounts(*row)


def case_and_surveys(sql: Connection, reader: Reader, doc: str) -> tuple[Case, list[Survey], dict[str, str]] | None:
    """The case, every survey record of it, and the databases of these; None when there is none that the reader may see."""
    row = sql.execute(
        "SELECT c.facts FROM joint c WHERE c.id=:id" + ("" if reader is None else _SEEN),
        {"id": doc} | ({} if reader is None else {"reader": json.dumps(sorted(reader))}),
    ).fetchone()
    if row is None:
        return None
    surveys = surveys_of(sql, doc)
    asked = json.dumps([one.record for one in surveys])
    places = sql.execute("SELECT id, db FROM record WHERE id IN (SELECT value FROM json_each(?))", [asked])
    return decode_case(row[0]), surveys, dict(places.fetchall())


def _tests(where: CaseWhere) -> list[str]:
    tests = []
    if where.branch is not None:
        tests.append("EXISTS (SELECT 1 FROM joint_party j WHERE j.joint=c.id AND j.branch=:branch)")
    named = "lower(coalesce(o.name, '') || ' ' || coalesce(s.name, ''))"
    return tests + [f"instr({named}, :word{at}) > 0" for at in range(len(where.words))]


def _values(reader: Reader, where: CaseWhere) -> dict[str, Any]:
    values: dict[str, Any] = {"now": where.now, "branch": where.branch}
    values |= {f"word{at}": one.lower() for at, one in enumerate(where.words)}
    return values if reader is None else values | {"reader": json.dumps(sorted(reader))}


def _row(row: Any, now: str) -> CaseRow:
    case, branch, matter, subject, name, due, stands, awaited, disagreements, late, early, facts = row
    state = stands if stands != "open" else "ready" if awaited == 0 or due <= now else "waiting"
    overdue = stands == "open" and due <= now
    limit = "" if due == NO_LIMIT else due
    known = decode_case(facts)
    told = (case, branch, matter or "", subject, name or "", limit, state, overdue, len(known.parties))
    issued = known.issue.conclusion if known.issue is not None else ""
    return CaseRow(*told, awaited, disagreements, issued, late, bool(early))
