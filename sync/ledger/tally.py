"""Decide how the rows of one kind are counted. A year of a centre is hundreds of thousands of rows, so what would be done for each of them
is avoided: telling rows of one activity apart where there can be no two, looking up windows, and counting a month again that has not
changed."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from sqlite3 import Connection
from typing import Any

from sync.ledger.contribution import Base
from sync.ledger.figure import Figure
from sync.ledger.figures import COUNTED
from sync.ledger.kept import Kept
from sync.ledger.months import by_months
from sync.ledger.places import UNKNOWN, Places
from sync.ledger.rows import DURING, FIRST_OF_ACTIVITY, GROUPED_BY, FigureWhere, is_person, rows_of

_BY_MONTHS = (None, "branch", "member", "window", "unit", "of", "kind")
"""Groupings of which months are kept. Subjects would be as many as rows."""
_ACTIVITY_BITS = 36
"""So many activities are told apart; a place and what an activity counts as have the 27 above them."""


def count(
    sql: Connection,
    base: Base,
    chosen: Sequence[Figure],
    where: FigureWhere,
    by: str | None,
    placed: Places | None,
    told: Mapping[str, dict[str, int]],
) -> None:
    if placed is not None and base != Base.HALL and _count_placed(sql, base, chosen, where, placed, told):
        return
    source, test, values = rows_of(sql, base, where, by)
    subjects = [one for one in chosen if one.count == "subjects"] if _are_subjects_apart(base, by) else []
    rest = [one for one in chosen if one not in subjects]
    if subjects:
        column = "''" if by is None else GROUPED_BY[by]
        _take(sql.execute(_different_subjects(subjects, column, source, test), values), subjects, told)
    once = _is_once(base, where, by)
    if base == Base.ACTIVITY and once and by != "branch" and len(where.branches) > 1:
        test += FIRST_OF_ACTIVITY
    columns = ", ".join(figure.select(once=once and figure.count == "activities") for figure in rest)
    column, group = ("''", "") if by is None else (GROUPED_BY[by], " GROUP BY 1")
    if rest:
        _take(sql.execute(f"SELECT {column}, {columns} FROM {source} WHERE {test}{group}", values), rest, told)


def count_months(
    sql: Connection,
    kept: Kept,
    base: Base,
    chosen: Sequence[Figure],
    where: FigureWhere,
    by: str | None,
    placed: Places | None,
    told: Mapping[str, dict[str, int]],
) -> None:
    """The same, put together from months: all that is counted of an activity lies on one day. Different subjects of two months are not
    the sum of each month's, so these are kept themselves."""
    subjects = [one for one in chosen if one.count == "subjects"]
    rest = [one for one in chosen if one.count != "subjects"]
    # Whatever is asked of a month, all of its base is counted: the next question may be about the rest of it.
    bases = (Base.ACTIVITY, base) if base == Base.ATTENDANCE and is_person(where, by) else (base,)
    whole = [one for one in COUNTED if one.base in bases and one.count != "subjects"]
    asked = (base, by, None if placed is None else placed.directory)

    def summed(of: Sequence[Figure], first: str, last: str) -> dict[str, dict[str, int]]:
        one: dict[str, dict[str, int]] = defaultdict(dict)
        count(sql, base, of, replace(where, first=first, last=last), by, placed, one)
        return one

    def seen(first: str, last: str) -> dict[str, dict[str, set[str]]]:
        return _subjects_seen(sql, base, replace(where, first=first, last=last), by, placed)

    span = (where.branches, (where.first, where.last))
    if rest:
        for month in by_months(sql, kept, (*asked, "sums"), *span, partial(summed, whole), partial(summed, rest)):
            for group, values in month.items():
                of = told[group]
                for one in rest:
                    of[one.code] += values[one.code]
    if subjects:
        different: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        for some in by_months(sql, kept, (*asked, "subjects"), *span, seen, seen):
            for group, kinds in some.items():
                for kind, ids in kinds.items():
                    different[group][kind] |= ids
        for group, kinds in different.items():
            # As where it is counted in one go: of one kind of subject alone, only groups that have it are told.
            if len(subjects) > 1 or subjects[0].subject in kinds:
                told[group].update((one.code, len(kinds.get(one.subject, ()))) for one in subjects)


def _subjects_seen(
    sql: Connection, base: Base, where: FigureWhere, by: str | None, placed: Places | None
) -> dict[str, dict[str, set[str]]]:
    """{group: {type: subjects}}."""
    rows: list[Any] | None = None
    if placed is not None:
        source, test, values = rows_of(sql, base, where, None, person=True)
        query = f"{placed.before}SELECT DISTINCT {placed.column}, c.subject FROM {source}{placed.join} WHERE c.subject<>'' AND {test}"
        found = sql.execute(query, values | placed.values).fetchall()
        if not any(number == UNKNOWN for number, _ in found):
            rows = [(placed.names[number], subject) for number, subject in found]
    if rows is None:
        source, test, values = rows_of(sql, base, where, by)
        column = "''" if by is None else GROUPED_BY[by]
        query = f"SELECT DISTINCT {column}, c.subject FROM {source} WHERE c.subject<>'' AND {test}"
        rows = sql.execute(query, values).fetchall()
    told: dict[str, dict[str, set[str]]] = {}
    for group, subject in rows:
        told.setdefault(group, {}).setdefault(subject.partition(":")[0], set()).add(subject)
    return told


def is_of_months(base: Base, where: FigureWhere, by: str | None) -> bool:
    """Whether a whole period is the sum of its months, and what of these is worth keeping: what is asked of everybody."""
    narrowed = (where.member, where.window, where.unit, where.of, where.kind, where.subject)
    return base not in DURING and by in _BY_MONTHS and all(one is None for one in narrowed)


def _different_subjects(chosen: Sequence[Figure], column: str, source: str, test: str) -> str:
    """A query for different subjects. They are told apart before they are counted, once for all figures of them."""
    # One kind of subject is looked for as such; of several, everything is taken that has one.
    narrowed = " AND ".join(chosen[0].tests()) if len(chosen) == 1 else "c.subject<>''"
    columns = ", ".join(figure.select(once=True) for figure in chosen)
    seen = f"SELECT DISTINCT {column} AS g, c.subject FROM {source} WHERE {narrowed} AND {test}"
    return f"SELECT c.g, {columns} FROM ({seen}) c GROUP BY 1"


def _count_placed(
    sql: Connection,
    base: Base,
    chosen: Sequence[Figure],
    where: FigureWhere,
    placed: Places,
    told: Mapping[str, dict[str, int]],
) -> bool:
    """By window or unit. False, and nothing is told, where the place of a row follows from more than its window or its person."""
    source, test, values = rows_of(sql, base, where, None, person=True)
    values |= placed.values
    source += placed.join
    apart = ("activities", "subjects") if _are_subjects_apart(base, "") else ("activities",)
    activities = [one for one in chosen if one.count == "activities"]
    subjects = [one for one in chosen if one.count == "subjects" and one.count in apart]
    others = [one for one in chosen if one.count not in apart]
    found: list[tuple[Sequence[Figure], list[Any]]] = []
    if subjects:
        query = placed.before + _different_subjects(subjects, placed.column, source, test)
        found.append((subjects, sql.execute(query, values).fetchall()))
    if others:
        columns = ", ".join(figure.select() for figure in others)
        query = f"{placed.before}SELECT {placed.column}, {columns} FROM {source} WHERE {test} GROUP BY 1"
        found.append((others, sql.execute(query, values).fetchall()))
    if activities:
        found.append((activities, _placed_activities(sql, activities, source, test, values, placed)))
    if any(row[0] == UNKNOWN for _, rows in found for row in rows):
        return False
    for figures_of, counted in found:
        _take(([placed.names[row[0]], *row[1:]] for row in counted), figures_of, told)
    return True


def _placed_activities(
    sql: Connection, chosen: Sequence[Figure], source: str, test: str, values: dict[str, Any], placed: Places
) -> list[Any]:
    """(number of the place, count of each figure). Two of one window at one activity are one activity there. Place, activity and what
    the activity counts as are packed into one number: rows are told apart by it in a fifth of the time that their texts take."""
    bits = len(chosen)
    key = f"((({placed.column}) << {bits} | {_counts_as(chosen)}) << {_ACTIVITY_BITS}) | c.activity"
    rows = sql.execute(
        f"{placed.before}SELECT key >> {_ACTIVITY_BITS}, count(*) FROM (SELECT DISTINCT {key} AS key FROM {source}"
        f" WHERE {test}) GROUP BY 1",
        values,
    )
    told: dict[int, list[int]] = defaultdict(lambda: [0] * bits)
    for packed, count in rows:
        counts = told[packed >> bits]
        for at in range(bits):
            counts[at] += count * (packed >> at & 1)
    return [(place, *counts) for place, counts in told.items()]


def _counts_as(chosen: Sequence[Figure]) -> str:
    """A number with a bit for each figure that a row counts in. Type and kind are looked at until one fits, not once for each figure."""
    bit = {figure.code: 1 << at for at, figure in enumerate(chosen)}
    plain = [one for one in chosen if not replace(one, of="", kinds=()).tests()]

    def number(of: str, kind: str) -> int:
        return sum(bit[one.code] for one in plain if one.of in ("", of) and (not one.kinds or kind in one.kinds))

    def of_type(of: str) -> str:
        kinds = sorted({kind for one in plain if one.of in ("", of) for kind in one.kinds})
        fits = "".join(f" WHEN '{kind}' THEN {number(of, kind)}" for kind in kinds)
        return f"CASE c.kind{fits} ELSE {number(of, '')} END" if fits else str(number(of, ""))

    types = sorted({one.of for one in plain} - {""})
    fits = "".join(f" WHEN '{of}' THEN {of_type(of)}" for of in types)
    told = [f"CASE c.of{fits} ELSE {of_type('')} END" if fits else of_type("")]
    told += [f"(({' AND '.join(one.tests())}) * {bit[one.code]})" for one in chosen if one not in plain]
    return f"({' | '.join(told)})"


def _take(rows: Iterable[Any], chosen: Sequence[Figure], told: Mapping[str, dict[str, int]]) -> None:
    for row in rows:
        told[row[0]].update(zip((figure.code for figure in chosen), row[1:], strict=True))


def _is_once(base: Base, where: FigureWhere, by: str | None) -> bool:
    """Whether rows of this base are of an activity each: of whole activities those of one branch, of people those of one person."""
    if base == Base.ACTIVITY and not is_person(where, by):
        return True
    return base in (Base.ACTIVITY, Base.ATTENDANCE) and (by == "member" or where.member is not None)


def _are_subjects_apart(base: Base, by: str | None) -> bool:
    return base in (Base.ACTIVITY, Base.ATTENDANCE) and by != "subject"
