"""Decide what imported files are in the ledger: every row that they have, and which of them count (IM…).

An import counts for a month of its source when all of its rows are there, it is not withdrawn, and no later one is. Rows with problems
are kept and count nowhere.
"""

from calendar import monthrange
from collections.abc import Sequence
from typing import Any

import msgspec

from sync.imports.documents import Known, known_of, standing
from sync.imports.matters import MEASURES, Row
from sync.ledger.page import Page
from sync.stores.contract import Change

_encode = msgspec.json.Encoder().encode
_COLUMNS = (
    "import, row, part, month, window, branch, kind, first, last, sound, counts,"
    " accepted, concluded, on_time, early, rated, satisfied, told"
)


def take_imports(page: Page, db: str, told: Sequence[tuple[Change, dict[str, Any]]]) -> None:
    """Imports and their rows; an empty body stands for one that is gone."""
    touched: set[str] = set()
    months: set[tuple[str, str]] = set()
    for change, body in told:
        if change.id.startswith("import_rows:"):
            touched |= _take_part(page, db, change.id, body)
        else:
            touched.add(change.id)
            months |= _months(page, [change.id])
            _take_import(page, db, change.id, body)
    if touched:
        _count(page, months | _months(page, sorted(touched)))


def _take_import(page: Page, db: str, doc: str, body: dict[str, Any]) -> None:
    page.sql.execute("DELETE FROM import WHERE id=?", [doc])
    page.sql.execute("DELETE FROM import_month WHERE import=?", [doc])
    found = known_of(doc, body)
    if found is None:
        page.sql.execute("UPDATE hall SET counts=0 WHERE import=?", [doc])
        return
    values = (doc, db, found.source, found.order, found.withdrawn, found.parts, found.reading, _encode(body["fields"]))
    page.sql.execute("INSERT INTO import VALUES (?,?,?,?,?,?,?,?)", values)
    rows = [(found.source, month, doc, "") for month in found.months]
    page.sql.executemany("INSERT INTO import_month VALUES (?,?,?,?)", rows)


def _take_part(page: Page, db: str, doc: str, body: dict[str, Any]) -> set[str]:
    """Returns the imports concerned."""
    before = page.sql.execute("SELECT import FROM import_part WHERE id=?", [doc]).fetchone()
    page.sql.execute("DELETE FROM import_part WHERE id=?", [doc])
    page.sql.execute("DELETE FROM hall WHERE part=?", [doc])
    concerned = set() if before is None else {str(before[0])}
    fields = body.get("fields")
    owner = fields.get("import") if isinstance(fields, dict) else None
    if not isinstance(fields, dict) or not isinstance(owner, str):
        return concerned
    branch = fields.get("branch")
    values = [doc, db, owner, branch if isinstance(branch, str) else ""]
    page.sql.execute("INSERT INTO import_part VALUES (?,?,?,?)", values)
    rows = [_row(owner, doc, row) for row in _rows(fields.get("rows"))]
    page.sql.executemany(f"INSERT OR REPLACE INTO hall({_COLUMNS}) VALUES ({','.join('?' * 18)})", rows)
    return concerned | {owner}


def _rows(told: object) -> list[Row]:
    """What is no row is left out; an import without all of its rows counts, so that one bad row hides no other."""
    found = []
    for one in told if isinstance(told, list) else []:
        try:
            found.append(msgspec.convert(one, Row))
        except msgspec.ValidationError:
            continue
    return found


def _row(owner: str, part: str, row: Row) -> tuple[Any, ...]:
    try:
        year, month = int(row.month[:4]), int(row.month[5:7])
        first, last = f"{row.month}-01", f"{row.month}-{monthrange(year, month)[1]:02d}"
    except ValueError:
        first = last = ""
    sound = not row.problems and bool(first and row.branch and row.window)
    values = [getattr(row, name) for name in MEASURES]
    place = (row.month, row.window, row.branch, row.kind, first, last)
    return (owner, row.row, part, *place, int(sound), 0, *values, _encode(row))


def _months(page: Page, imports: Sequence[str]) -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for one in imports:
        found |= set(page.sql.execute("SELECT source, month FROM import_month WHERE import=?", [one]).fetchall())
    return found


def _count(page: Page, months: set[tuple[str, str]]) -> None:
    """Find out anew which import counts for each of these months of a source."""
    for source, month in sorted(months):
        rows = page.sql.execute(
            "SELECT i.id, i.made, i.withdrawn, i.parts, i.reading, (SELECT count(*) FROM import_part p WHERE p.import=i.id)"
            " FROM import_month m JOIN import i ON i.id=m.import WHERE m.source=? AND m.month=?",
            [source, month],
        ).fetchall()
        whole = [
            Known(one, source, (month,), made, bool(withdrawn), parts, reading)
            for one, made, withdrawn, parts, reading, there in rows
            if there >= parts
        ]
        counts = standing(whole).get((source, month))
        states = {
            one.id: "withdrawn" if one.withdrawn else "counts" if one.id == counts else "superseded" for one in whole
        }
        for one, *_ in rows:
            state = states.get(one, "incomplete")
            page.sql.execute(
                "UPDATE import_month SET state=? WHERE import=? AND source=? AND month=?", [state, one, source, month]
            )
            page.sql.execute(
                "UPDATE hall SET counts=(sound AND ?) WHERE import=? AND month=?", [int(state == "counts"), one, month]
            )
