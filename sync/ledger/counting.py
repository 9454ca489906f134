"""Decide how figures are counted for whoever asks: over which rows, by what, and which rows are shown behind one (LG2).

Each base is counted by one query over an index range of (branch, base, day); nothing else of the ledger is read. A year of a centre is
hundreds of thousands of rows, so what would be done for each of them is avoided: telling rows of one activity apart where there can be
no two, and looking up windows.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from sqlite3 import Connection
from typing import Any

import msgspec

from sync.errors import BadRequest
from sync.ledger.contribution import Base
from sync.ledger.decisions import root_of
from sync.ledger.figure import Figure, Quotient, Value
from sync.ledger.figures import BY_CODE, COUNTED, complete
from sync.ledger.kept import Kept
from sync.ledger.months import by_months
from sync.ledger.places import UNKNOWN, Places, places

GROUPED_BY = {
    "branch": "c.branch",
    "member": "c.member",
    "of": "c.of",
    "kind": "c.kind",
    "subject": "c.subject",
    "day": "c.day",
    "month": "substr(c.day, 1, 7)",
    "window": "coalesce(nullif(c.window, ''), m.window, '')",
    "unit": "coalesce(nullif(w.unit, ''), m.unit, '')",
}
_BY_DAYS = ("day", "month")
_BY_PERSON = ("member", "window", "unit")
_BY_PLACE = ("window", "unit")
_PLACES = (
    " LEFT JOIN directory m ON m.id = 'member:' || c.member"
    " LEFT JOIN directory w ON w.id = coalesce(nullif(c.window, ''), m.window)"
)
IN_MONTH = tuple(figure for figure in COUNTED if figure.base not in (Base.DUE, Base.HALL))
"""What is overdue depends on the day on which it is asked: no document says it. Matters of the hall are nobody's activity, and a
corrected file opens no month that was approved."""
_BRANCHES = "c.branch IN (SELECT value FROM json_each(:branches))"
_FIRST_OF_ACTIVITY = (
    " AND (c.n=0 OR NOT EXISTS (SELECT 1 FROM contribution x WHERE x.activity=c.activity AND x.n<c.n AND x.base=0"
    " AND x.branch IN (SELECT value FROM json_each(:branches))))"
)
"""An activity is credited to each of its branches, by rows that differ in nothing else; of several branches it counts once."""
_FROM = {
    # A problem or service is overdue at the end of the period; while it runs, today.
    Base.DUE: "(SELECT activity, n, record, item, branch, member, window, of, kind, subject, due AS day, value, closed"
    " FROM promise) c",
    Base.LINK: "(SELECT NULL AS activity, 0 AS n, id AS record, '' AS item, branch, member, '' AS window, 'assignment' AS of,"
    " kind, subject, first AS day, last, 1 AS value, EXISTS (SELECT 1 FROM contribution x INDEXED BY contribution_reached"
    " WHERE x.base=1 AND x.subject<>'' AND x.subject=a.subject AND x.member=a.member"
    " AND x.day>=max(:first, a.first) AND x.day<=min(:last, a.last) AND x.branch=a.branch) AS reached FROM assigned a WHERE kind='link') c",
    Base.HALL: "(SELECT NULL AS activity, 0 AS n, import AS record, CAST(row AS TEXT) AS item, branch, '' AS member, window,"
    " 'matter' AS of, kind, '' AS subject, first, last AS day, accepted, concluded, on_time, early, satisfied,"
    " CASE WHEN satisfied IS NULL THEN NULL ELSE coalesce(rated, concluded) END AS rated FROM hall WHERE counts) c",
}
_OVER_DAYS = frozenset({Base.DUE, Base.LINK})
"""What is counted for each day or month of a grouping by itself."""
_NOT_BY: Mapping[Base, tuple[str, ...]] = {Base.HALL: ("day", "member", "subject")}
"""A row of the hall is a whole month's, and nobody's in person."""
_BY_MONTHS = (None, "branch", "member", "window", "unit", "of", "kind")
"""Groupings of which months are kept. Subjects would be as many as rows."""
_ACTIVITY_BITS = 36
"""So many activities are told apart; a place and what an activity counts as have the 27 above them."""
_DURING = {
    Base.DUE: f"{_BRANCHES} AND c.of IN ('problem', 'service') AND c.closed>:at AND +c.day<:at",
    Base.LINK: f"{_BRANCHES} AND c.last>=:first AND +c.day<=:last",
    # A month's figures cannot be cut: they count in a period that holds all of the month.
    Base.HALL: f"{_BRANCHES} AND c.day<=:last AND +c.first>=:first AND c.day>=:first",
}


@dataclass(frozen=True, slots=True)
class FigureWhere:
    """What figures are about; None leaves a column free. Days are local and inclusive. `today` is the latest day at which something
    can be overdue."""

    branches: Sequence[str]
    first: str
    last: str
    member: str | None = None
    window: str | None = None
    unit: str | None = None
    of: str | None = None
    kind: str | None = None
    subject: str | None = None
    today: str = "9999"


class ContributionRow(msgspec.Struct, frozen=True):
    """One row behind a figure; `activity` is empty for one that is none's. Of an imported one `record` is the import and `item` the
    number of the row in its file."""

    activity: str
    record: str
    item: str
    branch: str
    member: str
    of: str
    kind: str
    subject: str
    day: str
    value: int


def figures(sql: Connection, where: FigureWhere, by: str | None = None) -> dict[str, dict[str, Value]]:
    """{group: {figure: value}}; without `by` the one group "". Groups in which nothing is counted are left out."""
    return {group: complete(told) for group, told in counted(sql, where, by).items()}


def counted(
    sql: Connection,
    where: FigureWhere,
    by: str | None = None,
    chosen: Sequence[Figure] = COUNTED,
    kept: Kept | None = None,
) -> dict[str, dict[str, int]]:
    """The same without quotients, of these figures. `kept`: what is known of months already. Raises BadRequest."""
    if by is not None and by not in GROUPED_BY:
        raise BadRequest(f"Figures can be grouped by {', '.join(GROUPED_BY)}.")
    told: dict[str, dict[str, int]] = defaultdict(lambda: {figure.code: 0 for figure in chosen})
    bases = _by_base(chosen)
    if _is_person(where, by) and Base.ACTIVITY in bases:
        # An activity is that of everybody who took part: these are the same rows, gone through once.
        bases[Base.ATTENDANCE] = [*bases.pop(Base.ACTIVITY), *bases.get(Base.ATTENDANCE, [])]
    placed = places(sql, by) if by in _BY_PLACE and not _is_placed(where) else None
    for base, many in bases.items():
        if by not in _NOT_BY.get(base, ()) and (base not in _OVER_DAYS or by not in _BY_DAYS):
            if kept is not None and _is_of_months(base, where, by):
                _count_months(sql, kept, base, many, where, by, placed, told)
            else:
                _count(sql, base, many, where, by, placed, told)
    if by in _BY_DAYS:
        # What lies over a stretch of days is counted for each day or month by itself.
        for group in list(told):
            within = replace(where, first=max(where.first, group), last=min(where.last, group + "~"))
            for base in _OVER_DAYS & _by_base(chosen).keys():
                one: dict[str, dict[str, int]] = defaultdict(dict)
                _count(sql, base, _by_base(chosen)[base], within, None, None, one)
                told[group] |= one[""]
    if by is None:
        told[""] = told[""]
    return dict(sorted(told.items()))


def contributions(
    sql: Connection, figure: Figure, where: FigureWhere, after: Sequence[Any], limit: int
) -> tuple[list[ContributionRow], list[Any] | None]:
    """The rows that make a figure, by branch and day, and where to go on (None at the end). `after` is (branch, day, record, item,
    member) of the last one shown."""
    source, test, values = _asked(sql, figure.base, where, None)
    tests = "".join(f" AND {one}" for one in figure.tests())
    rows = sql.execute(
        "SELECT coalesce(a.id, ''), c.record, c.item, c.branch, c.member, c.of, c.kind, c.subject, c.day,"
        f" coalesce(c.{figure.column}, 0)"
        f" FROM {source} LEFT JOIN activity a ON a.anchor = c.activity WHERE {test}{tests}"
        " AND (c.branch, c.day, c.record, c.item, c.member) > (:branch, :day, :record, :item, :person)"
        " ORDER BY c.branch, c.day, c.record, c.item, c.member LIMIT :limit",
        values | dict(zip(("branch", "day", "record", "item", "person"), after, strict=True)) | {"limit": limit},
    ).fetchall()
    told = [ContributionRow(*row) for row in rows]
    more = [told[-1].branch, told[-1].day, told[-1].record, told[-1].item, told[-1].member] if told else None
    return told, more if len(rows) == limit else None


def figure_of(code: str) -> Figure | Quotient:
    """Raises BadRequest."""
    found = BY_CODE.get(code)
    if found is None:
        raise BadRequest(f"There is no figure {code}: {', '.join(BY_CODE)}.")
    return found


def parts_of(figure: Figure | Quotient) -> list[Figure]:
    """The counted figures that a figure is made of: itself, or those of a quotient."""
    if isinstance(figure, Figure):
        return [figure]
    return [part for code in figure.parts if isinstance(part := BY_CODE[code], Figure)]


def in_month(sql: Connection, branch: str, month: str) -> dict[str, int]:
    """What a branch's activity record says of a month: all that is counted (`IN_MONTH`). Nothing where nothing was done."""
    told = counted(sql, FigureWhere([branch], month, month + "~"), None, IN_MONTH)[""]
    done = any(told[figure.code] for figure in IN_MONTH if figure.base != Base.LINK)
    return told if done else {}


def _count(
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
    source, test, values = _asked(sql, base, where, by)
    subjects = [one for one in chosen if one.count == "subjects"] if _are_subjects_apart(base, by) else []
    rest = [one for one in chosen if one not in subjects]
    if subjects:
        column = "''" if by is None else GROUPED_BY[by]
        _take(sql.execute(_different_subjects(subjects, column, source, test), values), subjects, told)
    once = _is_once(base, where, by)
    if base == Base.ACTIVITY and once and by != "branch" and len(where.branches) > 1:
        test += _FIRST_OF_ACTIVITY
    columns = ", ".join(figure.select(once=once and figure.count == "activities") for figure in rest)
    column, group = ("''", "") if by is None else (GROUPED_BY[by], " GROUP BY 1")
    if rest:
        _take(sql.execute(f"SELECT {column}, {columns} FROM {source} WHERE {test}{group}", values), rest, told)


def _count_months(
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
    bases = (Base.ACTIVITY, base) if base == Base.ATTENDANCE and _is_person(where, by) else (base,)
    whole = [one for one in COUNTED if one.base in bases and one.count != "subjects"]
    asked = (base, by, None if placed is None else placed.directory)

    def summed(of: Sequence[Figure], first: str, last: str) -> dict[str, dict[str, int]]:
        one: dict[str, dict[str, int]] = defaultdict(dict)
        _count(sql, base, of, replace(where, first=first, last=last), by, placed, one)
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
        source, test, values = _asked(sql, base, where, None, person=True)
        query = f"{placed.before}SELECT DISTINCT {placed.column}, c.subject FROM {source}{placed.join} WHERE c.subject<>'' AND {test}"
        found = sql.execute(query, values | placed.values).fetchall()
        if not any(number == UNKNOWN for number, _ in found):
            rows = [(placed.names[number], subject) for number, subject in found]
    if rows is None:
        source, test, values = _asked(sql, base, where, by)
        column = "''" if by is None else GROUPED_BY[by]
        query = f"SELECT DISTINCT {column}, c.subject FROM {source} WHERE c.subject<>'' AND {test}"
        rows = sql.execute(query, values).fetchall()
    told: dict[str, dict[str, set[str]]] = {}
    for group, subject in rows:
        told.setdefault(group, {}).setdefault(subject.partition(":")[0], set()).add(subject)
    return told


def _is_of_months(base: Base, where: FigureWhere, by: str | None) -> bool:
    """Whether a whole period is the sum of its months, and what of these is worth keeping: what is asked of everybody."""
    narrowed = (where.member, where.window, where.unit, where.of, where.kind, where.subject)
    return base not in _DURING and by in _BY_MONTHS and all(one is None for one in narrowed)


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
    source, test, values = _asked(sql, base, where, None, person=True)
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


def _is_placed(where: FigureWhere) -> bool:
    return where.window is not None or where.unit is not None


def _is_person(where: FigureWhere, by: str | None) -> bool:
    return by in _BY_PERSON or where.member is not None or _is_placed(where)


def _is_once(base: Base, where: FigureWhere, by: str | None) -> bool:
    """Whether rows of this base are of an activity each: of whole activities those of one branch, of people those of one person."""
    if base == Base.ACTIVITY and not _is_person(where, by):
        return True
    return base in (Base.ACTIVITY, Base.ATTENDANCE) and (by == "member" or where.member is not None)


def _are_subjects_apart(base: Base, by: str | None) -> bool:
    return base in (Base.ACTIVITY, Base.ATTENDANCE) and by != "subject"


def _asked(
    sql: Connection, base: Base, where: FigureWhere, by: str | None, *, person: bool = False
) -> tuple[str, str, dict[str, Any]]:
    """The rows of one base: where they come from, which of them, and the values for it. `person`: they are counted by person whatever
    `by` says."""
    if base == Base.ACTIVITY and (person or _is_person(where, by)):
        # An activity is that of everybody who took part in it.
        base = Base.ATTENDANCE
    at = min(where.last, where.today)
    values: dict[str, Any] = {
        "branches": json.dumps(list(where.branches)),
        "first": where.first,
        "last": where.last,
        "at": at,
    }
    test = _DURING.get(base, f"c.base={int(base)} AND {_BRANCHES} AND c.day>=:first AND c.day<=:last")
    for name, column in GROUPED_BY.items():
        value = getattr(where, name, None)
        if value is not None:
            test += f" AND {column}=:{name}"
            values[name] = root_of(sql, value) if name == "subject" else value
    # Windows and units are looked up only where they are asked for: over a year it is most of the time.
    placed = by in _BY_PLACE or _is_placed(where)
    return _FROM.get(base, "contribution c") + (_PLACES if placed else ""), test, values


def _by_base(chosen: Sequence[Figure]) -> dict[Base, list[Figure]]:
    told: dict[Base, list[Figure]] = {}
    for figure in chosen:
        told.setdefault(figure.base, []).append(figure)
    return told


def lines(sql: Connection, branches: Sequence[str]) -> Iterator[list[Any]]:
    """Every figure of every branch and month, for a comparison of ledgers."""
    for branch in branches:
        for month, told in figures(sql, FigureWhere([branch], "", "~"), "month").items():
            yield [branch, month, *told.values()]
