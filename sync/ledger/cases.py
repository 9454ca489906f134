"""Decide how joint surveys are listed: what is due first, narrowed to what the reader may see (JS…)."""

import json
from sqlite3 import Connection
from typing import Any, NamedTuple

import msgspec

from sync.ledger.apply_cases import decode_case, surveys_of
from sync.ledger.queries import Reader
from sync.reconcile.cases import NO_LIMIT, Case, Survey

_SEEN = " AND EXISTS (SELECT 1 FROM reader p WHERE p.audience = c.audience AND p.principal IN (SELECT value FROM json_each(:reader)))"
_STANDS = {
    "draft": "c.stands='draft'",
    "waiting": "c.stands='open' AND c.awaited>0 AND c.due>:now",
    "ready": "c.stands='open' AND (c.awaited=0 OR c.due<=:now)",
    "issued": "c.stands='issued'",
    "withdrawn": "c.stands='withdrawn'",
}
STATES = tuple(_STANDS)


class CaseRow(msgspec.Struct, frozen=True):
    """A joint survey as lists show it. `limit`: "" where none was set; `awaited`: how many parties are not in; `late`: findings after its
    conclusion was issued, or taken back since; `early`: it was issued before it was ready."""

    id: str
    branch: str
    matter: str
    subject: str
    subject_name: str
    limit: str
    state: str
    overdue: bool
    awaited: int
    disagreements: int
    late: int
    early: bool


class CaseWhere(NamedTuple):
    """Which are asked for; None leaves a column free. `branch`: lead or party; `now`: the moment, as records write moments."""

    now: str
    branch: str | None = None
    state: str | None = None
    overdue: bool = False


def cases(sql: Connection, reader: Reader, where: CaseWhere, after: tuple[str, str], limit: int) -> list[CaseRow]:
    """What is due first; what has no limit comes last. `after` is (limit, id) of the last one shown."""
    tests = ["(c.due, c.id) > (:due, :id)"]
    if where.state is not None:
        tests.append(_STANDS[where.state])
    if where.overdue:
        tests.append("c.stands='open' AND c.due<=:now")
    if where.branch is not None:
        tests.append("EXISTS (SELECT 1 FROM joint_party j WHERE j.joint=c.id AND j.branch=:branch)")
    values: dict[str, Any] = {"due": after[0], "id": after[1], "now": where.now, "branch": where.branch, "limit": limit}
    rows = sql.execute(
        "SELECT c.id, c.branch, o.name, c.subject, s.name, c.due, c.stands, c.awaited, c.disagreements, c.late, c.early FROM joint c"
        " LEFT JOIN subject o ON o.id = c.id LEFT JOIN subject s ON s.id = c.subject"
        f" WHERE {' AND '.join(tests)}{'' if reader is None else _SEEN} ORDER BY c.due, c.id LIMIT :limit",
        values | ({} if reader is None else {"reader": json.dumps(sorted(reader))}),
    )
    return [_row(row, where.now) for row in rows]


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


def _row(row: Any, now: str) -> CaseRow:
    case, branch, matter, subject, name, due, stands, awaited, disagreements, late, early = row
    state = stands if stands != "open" else "ready" if awaited == 0 or due <= now else "waiting"
    overdue = stands == "open" and due <= now
    limit = "" if due == NO_LIMIT else due
    told = (case, branch, matter or "", subject, name or "", limit, state, overdue)
    return CaseRow(*told, awaited, disagreements, late, bool(early))
