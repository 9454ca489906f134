"""Decide how imports and their rows are listed: all of them to the committee, to a branch those that have rows of its own, and of their
rows its own."""

from collections.abc import Sequence
from sqlite3 import Connection
from typing import Any

import msgspec

from sync.imports.matters import Row

Branches = Sequence[str] | None
"""Whose rows may be seen; None: everybody's."""

_fields = msgspec.json.Decoder(dict[str, Any]).decode
_row = msgspec.json.Decoder(Row).decode


class ImportRow(msgspec.Struct, frozen=True):
    """An import as lists show it. `states`: what it is for each of its months: counts, superseded, withdrawn or incomplete; `withdrawn`
    tells why, where it was said."""

    id: str
    kind: str
    source: str
    name: str
    at: str
    by: str
    size: int
    digest: str
    sheet: str
    encoding: str
    rows: int
    flagged: int
    states: dict[str, str]
    withdrawn: bool
    reason: str


def imports(
    sql: Connection, branches: Branches, month: str | None, before: tuple[str, str], limit: int
) -> list[tuple[str, ImportRow]]:
    """(order, import), the latest first; `before` is (order, id) of the last one shown."""
    test, values = _seen(branches)
    if month is not None:
        test += " AND EXISTS (SELECT 1 FROM import_month m WHERE m.import=i.id AND m.month=?)"
        values.append(month)
    rows = sql.execute(
        f"SELECT i.made, i.id, i.source, i.withdrawn, i.fields FROM import i WHERE (i.made, i.id) < (?, ?){test}"
        " ORDER BY i.made DESC, i.id DESC LIMIT ?",
        [*before, *values, limit],
    ).fetchall()
    return [(row[0], _told(sql, row)) for row in rows]


def import_of(sql: Connection, branches: Branches, doc: str) -> ImportRow | None:
    """None when there is none that may be seen."""
    test, values = _seen(branches)
    row = sql.execute(
        f"SELECT i.made, i.id, i.source, i.withdrawn, i.fields FROM import i WHERE i.id=?{test}", [doc, *values]
    ).fetchone()
    return None if row is None else _told(sql, row)


def import_rows(
    sql: Connection, branches: Branches, doc: str, after: int, limit: int, *, flagged: bool | None = None
) -> list[Row]:
    """Rows of an import in the order of the file, after the row of this number; `flagged`: only those with problems, or without."""
    test = "" if flagged is None else f" AND sound={int(not flagged)}"
    values: list[Any] = [doc, after]
    if branches is not None:
        test += f" AND branch IN ({','.join('?' * len(branches))})"
        values += branches
    rows = sql.execute(f"SELECT told FROM hall WHERE import=? AND row>?{test} ORDER BY row LIMIT ?", [*values, limit])
    return [_row(told) for (told,) in rows]


def _seen(branches: Branches) -> tuple[str, list[Any]]:
    if branches is None:
        return "", []
    marks = ",".join("?" * len(branches))
    return f" AND EXISTS (SELECT 1 FROM import_part p WHERE p.import=i.id AND p.branch IN ({marks}))", list(branches)


def _told(sql: Connection, row: Sequence[Any]) -> ImportRow:
    _, doc, source, withdrawn, raw = row
    fields = _fields(raw)
    states = sql.execute("SELECT month, state FROM import_month WHERE import=? ORDER BY month", [doc]).fetchall()
    removal = fields.get("withdrawn")
    reason = removal.get("reason") if isinstance(removal, dict) else ""
    return ImportRow(
        doc,
        _text(fields.get("kind")),
        source,
        _text(fields.get("name")),
        _text(fields.get("at")),
        _text(fields.get("by")),
        _number(fields.get("size")),
        _text(fields.get("digest")),
        _text(fields.get("sheet")),
        _text(fields.get("encoding")),
        _number(fields.get("rows")),
        _number(fields.get("flagged")),
        dict(states),
        bool(withdrawn),
        _text(reason) if withdrawn else "",
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _number(value: object) -> int:
    return value if type(value) is int else 0
