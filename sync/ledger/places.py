"""Decide at which window, or for which home unit, a row counts: the window that its record names, else that of the person in the
directory.

Figures of a year look at every row, so places are numbers here: the directory is joined once, and rows are grouped by a number
instead of by texts that are looked up for each.
"""

import json
from sqlite3 import Connection
from typing import Any, NamedTuple

UNKNOWN = -1


class Places(NamedTuple):
    """How a query over rows `c` groups them by place: what goes before its SELECT, what follows its FROM, the column, its values,
    the name of each number, and what the directory says: the same places follow from the same. A row at a window of which the directory
    does not tell the place has the number UNKNOWN: then rows have to be looked at one by one."""

    before: str
    join: str
    column: str
    values: dict[str, Any]
    names: list[str]
    directory: str


_BEFORE = "WITH p AS MATERIALIZED (SELECT key AS who, value AS place FROM json_each(:places)) "
# One join, since SQLite makes an index for no second one. A window's id bears its type, which no member's name does.
_JOIN = " LEFT JOIN p ON p.who = CASE c.window WHEN '' THEN c.member ELSE c.window END"


def places(sql: Connection, by: str) -> Places:
    """`by`: window or unit."""
    windows = dict(sql.execute("SELECT id, unit FROM directory WHERE type='window'").fetchall())
    members = sql.execute("SELECT substr(id, 8), window, unit FROM directory WHERE type='member'").fetchall()
    if by == "window":
        named = {one: one for one in (*windows, *(home for _, home, _ in members)) if one}
        people = {member: home for member, home, _ in members}
    else:
        # At a window of no unit people count for their own.
        named = {one: unit for one, unit in windows.items() if unit}
        people = {member: windows.get(home) or unit for member, home, unit in members}
    names = sorted({"", *named.values(), *people.values()})
    number = {name: at for at, name in enumerate(names)}
    told = {who: number[name] for who, name in (people | named).items()}
    column = f"coalesce(p.place, CASE c.window WHEN '' THEN {number['']} ELSE {UNKNOWN} END)"
    return Places(_BEFORE, _JOIN, column, {"places": json.dumps(told)}, names, json.dumps([*windows.items(), *members]))
