"""Decide what came to a branch's month since a version of it was approved: which activities are new, which say something else, which are
gone, were erased or became part of another, and which figures changed (LG15)."""

from collections.abc import Callable, Mapping
from sqlite3 import Connection
from typing import Any, Literal, NamedTuple

from sync.ledger.lines import Line, live_lines, version_lines

Change = Literal["new", "changed", "gone", "erased", "joined"]
_TOLD = ("of", "kind", "subject", "start", "end", "people", "branches", "minutes", "problems", "solved")


class Changed(NamedTuple):
    """An activity that is not as it was approved. `now` is None for one that is `gone`, was `erased` or (`joined`) became part of the
    activity `into`; `then` for a new one. `parts`: what of it says something else; `title` is None where it is not the approved one any
    more."""

    id: str
    change: Change
    parts: tuple[str, ...]
    then: Line | None
    now: Line | None
    title: str | None
    into: str


def since(
    sql: Connection, branch: str, month: str, approved: Mapping[str, Any], erased: Callable[[str], bool]
) -> list[Changed] | None:
    """In the order of time; `approved`: the fields of a version; `erased`: whether a record was erased for good. None for a version that
    keeps no lines, from an earlier program."""
    found = version_lines(sql, approved)
    if found is None:
        return None
    then = {doc: (title, line) for doc, title, line in found}
    now = {doc: (title, line) for doc, title, line in live_lines(sql, [branch], month + "-", month + ".", -1)}
    told = [Changed(doc, "new", (), None, line, title, "") for doc, (title, line) in now.items() if doc not in then]
    for doc, (title, line) in then.items():
        if doc not in now:
            into = _into(sql, doc)
            how: Change = "erased" if erased(doc.removeprefix("activity:")) else "joined" if into in now else "gone"
            told.append(Changed(doc, how, (), line, None, title, into))
        elif parts := differing(line, now[doc][1]):
            told.append(Changed(doc, "changed", parts, line, now[doc][1], now[doc][0], ""))
    return sorted(told, key=lambda one: (min(line.start for line in (one.then, one.now) if line), one.id))


def differing(then: Line, now: Line) -> tuple[str, ...]:
    """The parts of a line that say something else; `title` by its mark alone."""
    parts = tuple(name for name in _TOLD if getattr(then, name) != getattr(now, name))
    return (*parts, "title") if then.mark != now.mark else parts


def _into(sql: Connection, doc: str) -> str:
    """The activity that the record of this one belongs to now; "" when none."""
    row = sql.execute(
        "SELECT a.id FROM record r JOIN activity a ON a.anchor = r.anchor WHERE r.id=?", [doc.removeprefix("activity:")]
    ).fetchone()
    return "" if row is None else str(row[0])
