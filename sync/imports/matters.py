"""Decide what a table of matters of the hall says: which rows count, and why others do not (IM…). Pure.

A file in which no header can be recognised is refused as a whole; of any other, each row is taken or told with what is wrong with it.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from sync.errors import BadRequest
from sync.imports.cells import folded, month_in_title, month_of, number_of, text_of
from sync.imports.heads import ASIDE, Header, header_of
from sync.imports.tables import Sheet

KIND_CHARACTERS_MAX = 60

MEASURES: Final = ("accepted", "concluded", "on_time", "early", "rated", "satisfied")
"""What a row counts. Only the first two must be there."""

COLUMNS: Final[Mapping[str, tuple[str, str, frozenset[str]]]] = {
    name: (zh, en, frozenset(headers.split()))
    for name, zh, en, headers in (
        ("month", "月份", "month", "月份 月 年月 统计月份 考核月份 所属月份 month period"),
        ("window", "窗口", "window", "窗口 窗口名称 办事窗口 受理窗口 所在窗口 window windowname counter"),
        ("number", "窗口号", "window number", "窗口号 窗口编号 windowno windownumber windowid"),
        (
            *("kind", "事项类别", "kind of matter"),
            "事项类别 事项类型 事项 事项名称 办件类型 办件类别 业务类型 业务类别 类别 kind kindofmatter matter category",
        ),
        ("accepted", "受理", "accepted", "受理 受理办 收 已受理 accepted received"),
        ("concluded", "办结", "concluded", "办结 办理 已办结 concluded completed closed"),
        (
            *("on_time", "按时办结", "on time"),
            "按时办结 按期办结 及时办结 按时 按期 时限内办结 承诺时限内办结 ontime concludedontime",
        ),
        ("early", "提前办结", "early", "提前办结 提前 early concludedearly"),
        ("rated", "评价", "rated", "评价 参评 已评价 rated ratings"),
        ("satisfied", "满意", "satisfied", "满意 好评 满意评价 satisfied good"),
    )
}
_REQUIRED = ("kind", "accepted", "concluded")
_ORDERED = (("on_time", "concluded"), ("early", "on_time"), ("early", "concluded"), ("satisfied", "rated"))
_TOTALS = frozenset(
    {"合计", "总计", "小计", "共计", "累计", "总和", "total", "totals", "sum", "subtotal", "grandtotal"}
)
_COUNTED = re.compile(r"(?<=.)(?:件数|数量|总数|量|数|件)$")


class Fault(msgspec.Struct, frozen=True):
    """What is wrong with a row: at which column, as the file heads it ("" for the row as a whole), and what to do."""

    row: int
    column: str
    code: str
    zh: str
    en: str


class Window(NamedTuple):
    """A window of the directory; `id` is that of its document."""

    id: str
    name: str
    number: str
    branch: str


class Row(msgspec.Struct, frozen=True, omit_defaults=True):
    """A row of the file as it is kept. With `problems` it counts nowhere, and `cells` hold what it says, by column."""

    row: int
    month: str = ""
    window: str = ""
    branch: str = ""
    kind: str = ""
    accepted: int | None = None
    concluded: int | None = None
    on_time: int | None = None
    early: int | None = None
    rated: int | None = None
    satisfied: int | None = None
    cells: dict[str, str] = {}
    problems: list[Fault] = []


class Reading(NamedTuple):
    """What is taken from a file. `ignored`: columns that nothing is known of; `skipped`: rows of totals and remarks; `sheets`: all that
    the workbook has; `hidden`: rows that are hidden there, and taken all the same."""

    sheet: str
    encoding: str
    columns: dict[str, str]
    ignored: list[str]
    skipped: list[int]
    rows: list[Row]
    sheets: tuple[str, ...] = ()
    hidden: tuple[int, ...] = ()

    @property
    def months(self) -> list[str]:
        return sorted({row.month for row in self.rows if not row.problems})

    @property
    def faults(self) -> list[Fault]:
        return [fault for row in self.rows for fault in row.problems]


def read_matters(found: Iterable[Sheet], windows: Sequence[Window], given: str | None, this_month: str) -> Reading:
    """The first sheet with a header that can be recognised. `given`: the month that all of its rows are of, where it is said beside
    the file; `this_month`: the latest that rows can be of. Raises BadRequest for a file that is refused as a whole."""
    seen: list[str] = []
    for sheet in found:
        header = header_of(sheet.lines, _column, _enough, COLUMNS, seen)
        if header is not None:
            return _read(sheet, header, _Windows(windows), given, this_month)
    names = "、".join(COLUMNS[name][0] for name in ("window", *_REQUIRED))
    plain = ", ".join(COLUMNS[name][1] for name in ("window", *_REQUIRED))
    shown = " | ".join(dict.fromkeys(seen))[:300] or "-"
    zh = f"没有找到表头：须有 {names} 各列；所见：{shown}"
    raise BadRequest(f"{zh} / No header row found: columns {plain} are needed.", code="wrong_columns")


def _enough(names: Iterable[str]) -> bool:
    found = set(names)
    return found.issuperset(_REQUIRED) and bool(found & {"window", "number"})


def _column(cell: object) -> str | None:
    told = ASIDE.sub("", folded(cell)) if isinstance(cell, str) else ""
    told = told.removeprefix("其中")
    bare = _COUNTED.sub("", told)
    return next((name for name, (_, _, headers) in COLUMNS.items() if told in headers or bare in headers), None)


class _Windows:
    """Windows by everything that a file may call them by."""

    def __init__(self, windows: Sequence[Window]) -> None:
        self._by: dict[str, set[Window]] = defaultdict(set)
        for window in windows:
            plain = window.id.removeprefix("window:")
            for name in {window.name, window.name.removesuffix("窗口"), window.number, window.id, plain}:
                if folded(name):
                    self._by[folded(name)].add(window)

    def find(self, text: str) -> set[Window]:
        told = folded(text)
        bare = told.removesuffix("窗口").removesuffix("号")
        return self._by.get(told) or self._by.get(bare) or self._by.get(bare.lstrip("0")) or set()


def _read(sheet: Sheet, header: Header, windows: _Windows, given: str | None, this_month: str) -> Reading:
    titles = " ".join(text_of(cell) for _, cells in sheet.lines[: header.at] for cell in cells)
    month = given or month_in_title(titles)
    if month is None and "month" not in header.columns:
        zh, en = (
            "看不出是哪个月：请加“月份”列，或注明月份",
            "no month: add a column month, or say the month with the file",
        )
        raise BadRequest(f"{zh} / {en}", code="no_month")
    rows, skipped = [], []
    for number, cells in sheet.lines[header.at + 1 :]:
        told = {name: cells[at] if at < len(cells) else None for name, at in header.columns.items()}
        if _is_aside(told):
            skipped.append(number)
        else:
            rows.append(_Reader(number, told, header, windows).row(month, given, this_month))
    rows = _without_doubles(rows)
    columns = {name: header.texts[at] for name, at in header.columns.items()}
    ignored = [text for at, text in enumerate(header.texts) if text and at not in header.columns.values()]
    hidden = tuple(row.row for row in rows if row.row in sheet.marks.hidden)
    reading = Reading(sheet.name, sheet.encoding, columns, ignored, skipped, rows, sheet.names, hidden)
    if not reading.months:
        zh, en = "没有一行可以计入，未导入", "not one row can be counted, so nothing is imported"
        raise BadRequest(f"{zh} / {en}", code="no_rows", faults=reading.faults, rows=reading.rows)
    return reading


def _is_aside(told: Mapping[str, Any]) -> bool:
    """A row of totals, a repeated header, or a remark under the table."""
    names = [folded(told.get(name)) for name in ("window", "number", "kind", "month")]
    if any(name in _TOTALS or name.startswith("示例") for name in names) or _column(told["accepted"]) == "accepted":
        return True
    return sum(1 for value in told.values() if text_of(value)) <= 1


class _Reader:
    """One row of the file."""

    def __init__(self, number: int, told: Mapping[str, Any], header: Header, windows: _Windows) -> None:
        self._number = number
        self._told = told
        self._header = header
        self._windows = windows
        self._faults: list[Fault] = []

    def row(self, month: str | None, given: str | None, this_month: str) -> Row:
        at = self._month(month, given, this_month)
        window = self._window()
        kind = text_of(self._told["kind"])
        if not kind:
            self._fault("kind", "required", "不能为空", "must not be empty")
        elif len(kind) > KIND_CHARACTERS_MAX:
            self._fault(
                "kind", "too_long", f"最多 {KIND_CHARACTERS_MAX} 字", f"at most {KIND_CHARACTERS_MAX} characters"
            )
        values = {name: self._value(name) for name in MEASURES}
        for less, more in _ORDERED:
            one, other = values[less], values[more]
            if one is not None and other is not None and one > other:
                zh, en = COLUMNS[more][:2]
                self._fault(less, "more_than", f"{one} 大于“{zh}”{other}", f"{one} is more than {en} ({other})")
        satisfied, rated, concluded = values["satisfied"], values["rated"], values["concluded"]
        if satisfied is not None and rated is None and concluded is not None and satisfied > concluded:
            self._fault(
                "satisfied", "more_than", f"{satisfied} 大于“办结”{concluded}", f"more than concluded ({concluded})"
            )
        found = window if window is not None else Window("", "", "", "")
        kept = {} if not self._faults else self._cells()
        told = {"cells": kept, "problems": self._faults}
        return Row(self._number, at, found.id, found.branch, kind[:KIND_CHARACTERS_MAX], **values, **told)  # type: ignore[arg-type]  # two mappings of named columns

    def _month(self, month: str | None, given: str | None, this_month: str) -> str:
        cell = self._told.get("month")
        at = month if not text_of(cell) else month_of(cell)
        if at is None:
            self._fault("month", "month", "不是月份，应写作 2026-10", "no month: write 2026-10")
            return ""
        if given is not None and at != given:
            self._fault(
                "month", "other_month", f"与所报月份 {given} 不符", f"not the month {given} that the file is for"
            )
        elif at > this_month:
            self._fault("month", "month_ahead", "尚未到的月份", "a month that has not come")
        return at

    def _window(self) -> Window | None:
        asked = [name for name in ("number", "window") if text_of(self._told.get(name))]
        if not asked:
            name = "window" if "window" in self._header.columns else "number"
            self._fault(name, "required", "不能为空；合并的单元格请拆开填满", "must not be empty: fill merged cells in")
            return None
        found = [self._windows.find(text_of(self._told[name])) for name in asked]
        both = set.intersection(*found)
        if len(both) == 1:
            window = both.pop()
            if not window.branch:
                self._fault(
                    asked[0], "no_branch", "该窗口未归属支部，请先补全窗口资料", "this window belongs to no branch yet"
                )
            return window
        name = next((name for name, one in zip(asked, found, strict=True) if not one), asked[-1])
        shown = text_of(self._told[name])[:60]
        if not both and all(found):
            self._fault(name, "window_contradicts", "窗口号与窗口名称不符", "the window's number and name contradict")
        elif both:
            self._fault(
                name, "window_ambiguous", f"有几个窗口叫“{shown}”，请用窗口号", f"several windows are called {shown}"
            )
        else:
            self._fault(name, "window_unknown", f"名录中没有窗口“{shown}”", f"the directory has no window {shown}")
        return None

    def _value(self, name: str) -> int | None:
        cell = self._told.get(name)
        if not text_of(cell):
            if name in _REQUIRED:
                zh, en = "不能为空（公式须先计算并保存）", "must not be empty (a formula: have it worked out and saved)"
                self._fault(name, "required", zh, en)
            return None
        value = number_of(cell)
        if value is None:
            shown = text_of(cell)[:40]
            self._fault(name, "number", f"“{shown}”不是非负整数", f"{shown!r} is no whole number from 0 up")
        return value

    def _fault(self, name: str, code: str, zh: str, en: str) -> None:
        at = self._header.columns.get(name)
        column = self._header.texts[at] if at is not None else COLUMNS[name][0]
        where = f"第 {self._number} 行 {column}", f"Row {self._number}, {column}"
        self._faults.append(Fault(self._number, column, code, f"{where[0]}：{zh}", f"{where[1]}: {en}"))

    def _cells(self) -> dict[str, str]:
        texts = self._header.texts
        return {texts[at]: text_of(self._told[name])[:200] for name, at in self._header.columns.items()}


def _without_doubles(rows: Sequence[Row]) -> list[Row]:
    """Two rows of one month, window and kind: said twice alike, the first counts; contradicting, none, since nobody knows which."""
    same: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for row in rows:
        if not row.problems:
            same[row.month, row.window, folded(row.kind)].append(row)
    told: dict[int, Fault] = {}
    for first, *others in same.values():
        alike = all(_measured(one) == _measured(first) for one in others)
        for one in others if alike else ([first, *others] if others else []):
            with_row = first.row if one is not first else others[0].row
            zh = f"第 {one.row} 行：与第 {with_row} 行重复" + ("" if alike else "而数字不同，请只留正确的一行")
            en = f"Row {one.row}: the same window and kind as row {with_row}" + ("" if alike else " with other numbers")
            told[one.row] = Fault(one.row, "", "duplicate" if alike else "contradicts", zh, en)
    return [msgspec.structs.replace(row, problems=[told[row.row]]) if row.row in told else row for row in rows]


def _measured(row: Row) -> list[int | None]:
    return [getattr(row, name) for name in MEASURES]
