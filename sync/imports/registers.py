"""Decide what an imported register is before it is written: for each row of the file whether it is new, changes something, or says what is
there already, and what is wrong with it (IM…). Pure: members.py and subjects.py fill it in.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple

import msgspec

from sync.errors import BadRequest
from sync.imports.cells import folded, text_of
from sync.imports.heads import Columns, Header, header_of, known_as
from sync.imports.matters import Fault
from sync.imports.tables import Line, Sheet

Outcome = Literal["new", "changed", "moved", "left", "unchanged", "flagged", "skipped"]
WRITTEN: Final = ("new", "changed", "moved", "left")

EXAMPLE: Final = "示例"
"""A row whose first told cell begins with this is the template's own."""
PROBLEM_HEADERS: Final = frozenset({"问题", "problem", "problems"})
_PERSONAL_WORDS = (
    "身份证 身份证号 身份证号码 身份证件号码 公民身份号码 证件号 证件号码 证件类型 健康 健康状况 身体状况 疾病 病史 病情 患病情况 残疾"
    " 残疾情况 残疾类别 残疾证 残疾证号 出生日期 出生年月 生日 年龄 民族 低保证号 困难情况 致贫原因 享受政策 银行卡号 银行账号"
    " idnumber identitynumber idcard health disability born birthday dateofbirth hardship bankaccount"
)
PERSONAL: Final = frozenset(_PERSONAL_WORDS.split())
"""Headers of what is never kept with a subject or in the directory, whatever the file says."""
_IDENTITY = re.compile(r"(?<!\d)[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx](?!\d)")


class Change(msgspec.Struct, frozen=True):
    """One field, before and after, as people read it; "" for none."""

    field: str
    zh: str
    en: str
    before: str
    after: str


class Entry(msgspec.Struct, frozen=True):
    """What becomes of a row. `id`: the document, "" where nobody knows which; `changes` also of a new one; with `problems` nothing of the
    row is taken, `warnings` hinder nothing."""

    row: int
    outcome: Outcome
    id: str
    name: str
    changes: list[Change]
    problems: list[Fault]
    warnings: list[Fault]


class Writing(NamedTuple):
    """What a row writes: `db` and `rev` of what is there ("" and None for something new), {path: value} of what it gives."""

    row: int
    db: str
    id: str
    rev: str | None
    kind: str
    values: dict[str, Any]


class Table(NamedTuple):
    """The sheet that is read, its header, and what of it is not used: columns of which nothing is known, and personal ones."""

    sheet: Sheet
    header: Header
    lines: list[Line]
    skipped: list[int]
    ignored: list[str]
    left_out: list[str]


class Plan(NamedTuple):
    """`digest`: of all that would be written, so that what was previewed is what is imported; `absent`: how many there are of which the
    file says nothing (they are left alone)."""

    table: Table
    entries: list[Entry]
    writings: list[Writing]
    absent: int
    digest: str

    def count(self, outcome: Outcome) -> int:
        return sum(1 for one in self.entries if one.outcome == outcome)

    @property
    def hidden(self) -> list[int]:
        return [number for number, _ in self.table.lines if number in self.table.sheet.marks.hidden]


def table_of(found: Iterable[Sheet], columns: Columns, needed: Sequence[Sequence[str]]) -> Table:
    """The first sheet with a header that names one column of each group. Raises BadRequest."""
    seen: list[str] = []
    empty = True
    for sheet in found:
        empty = empty and not sheet.lines
        header = header_of(sheet.lines, lambda cell: known_as(cell, columns), _enough(needed), columns, seen)
        if header is not None:
            return _table(sheet, header, columns)
    if empty:
        raise BadRequest("表中没有内容，请检查文件 / The file holds an empty table.", code="empty")
    zh_names = "、".join("或".join(columns[name][0] for name in group) for group in needed)
    en_names = ", ".join(" or ".join(columns[name][1] for name in group) for group in needed)
    shown = " | ".join(dict.fromkeys(seen))[:300] or "-"
    zh = f"没有找到表头：须有 {zh_names} 各列；所见：{shown}。可下载模板对照"
    raise BadRequest(f"{zh} / No header row found: columns {en_names} are needed.", code="wrong_columns")


def _enough(needed: Sequence[Sequence[str]]) -> Callable[[Iterable[str]], bool]:
    def holds(names: Iterable[str]) -> bool:
        found = set(names)
        return all(found & set(group) for group in needed)

    return holds


def _table(sheet: Sheet, header: Header, columns: Columns) -> Table:
    lines, skipped = [], []
    places = set(header.columns.values())
    for number, cells in sheet.lines[header.at + 1 :]:
        told = [text_of(cells[at]) for at in sorted(places) if at < len(cells) and text_of(cells[at])]
        repeated = sum(1 for at in places if at < len(cells) and known_as(cells[at], columns) is not None) >= 2
        first = folded(told[0]) if told else ""
        if not told or first in ("合计", "总计", "小计", "共计") or first.startswith(EXAMPLE) or repeated:
            skipped.append(number)
        else:
            lines.append((number, cells))
    unknown = [text for at, text in enumerate(header.texts) if text and at not in places]
    unknown = [text for text in unknown if known_as(text, _PROBLEMS) is None]
    left_out = [text for text in unknown if known_as(text, _LEFT_OUT) is not None]
    return Table(sheet, header, lines, skipped, [text for text in unknown if text not in left_out], left_out)


_PROBLEMS: Columns = {"problems": ("问题", "problem", PROBLEM_HEADERS)}
_LEFT_OUT: Columns = {"personal": ("个人信息", "personal", PERSONAL)}


class Cells:
    """One row of the file, read column by column; what is wrong with it gathers in `faults`, what is worth a look in `warnings`."""

    def __init__(self, number: int, cells: Sequence[Any], table: Table, columns: Columns) -> None:
        self.number = number
        self.faults: list[Fault] = []
        self.warnings: list[Fault] = []
        self._cells = cells
        self._table = table
        self._columns = columns

    def has(self, name: str) -> bool:
        return name in self._table.header.columns

    def raw(self, name: str) -> Any:
        at = self._table.header.columns.get(name)
        return self._cells[at] if at is not None and at < len(self._cells) else None

    def text(self, name: str, most: int) -> str:
        """What the cell says; a fault where it says too much, or an identity number."""
        told = text_of(self.raw(name))
        if told and _IDENTITY.search(told):
            zh = "含有身份证号：请删去，身份证号只能由联系人在平板上填写"
            en = "holds an identity number: take it out; only whom the household is assigned to writes it, on a tablet"
            self.fault(name, "identity_number", zh, en)
            return ""
        if len(told) > most:
            self.fault(name, "too_long", f"最多 {most} 字，请删减", f"at most {most} characters: shorten it")
            return ""
        if not told:
            self._look_at_empty(name)
        return told

    def fault(self, name: str, code: str, zh: str, en: str) -> None:
        self.faults.append(self._told(name, code, zh, en))

    def warn(self, name: str, code: str, zh: str, en: str) -> None:
        self.warnings.append(self._told(name, code, zh, en))

    def required(self, name: str) -> None:
        # What only looks empty, or says what it may not, has been told.
        if not any(one.column == self._head(name) for one in self.faults):
            self.fault(name, "required", "不能为空，请填写", "must not be empty: fill it in")

    def _look_at_empty(self, name: str) -> None:
        """An empty cell leaves what is there alone; one that only looks empty is told."""
        at = self._table.header.columns.get(name)
        marks = self._table.sheet.marks
        if at is None:
            return
        if (self.number, at + 1) in marks.merged:
            zh, en = "合并的单元格，请取消合并并填满每一行", "a merged cell: split it and fill in every row"
            self.fault(name, "merged", zh, en)
        elif (self.number, at + 1) in marks.unworked:
            zh = "公式没有结果：请在 Excel 中打开、计算并保存"
            self.fault(name, "formula", zh, "a formula without a value: open it in Excel and save it")

    def _head(self, name: str) -> str:
        at = self._table.header.columns.get(name)
        return self._table.header.texts[at] if at is not None else self._columns[name][0]

    def _told(self, name: str, code: str, zh: str, en: str) -> Fault:
        column = self._head(name) if name else ""
        where = (
            (f"第 {self.number} 行 {column}", f"Row {self.number}, {column}")
            if column
            else (f"第 {self.number} 行",) * 2
        )
        return Fault(self.number, column, code, f"{where[0]}：{zh}", f"{where[1]}: {en}")


class Names:
    """Documents of one kind by everything that a file may call them by; `told`: {id: what people call it}."""

    def __init__(self, kind: str, known: Mapping[str, Mapping[str, Any]], also: Sequence[str] = ("short",)) -> None:
        self.told = {doc: str(fields.get("name") or doc.partition(":")[2]) for doc, fields in known.items()}
        self._by: dict[str, set[str]] = defaultdict(set)
        for doc, fields in known.items():
            for name in (doc, doc.removeprefix(f"{kind}:"), *(fields.get(one) for one in ("name", *also))):
                if folded(name):
                    self._by[folded(name)].add(doc)

    def find(self, row: Cells, column: str, text: str) -> str | None:
        """The id; None with a fault where there is none, or more than one."""
        found = self._by.get(folded(text), set())
        if len(found) == 1:
            return next(iter(found))
        if found:
            row.fault(column, "ambiguous", f"有几个叫“{text}”，请写编号", f"several are called {text}: write the id")
        else:
            zh, en = f"名录中没有“{text}”，请改正或先新建", f"the directory has no {text}: correct it, or make it first"
            row.fault(column, "unknown", zh, en)
        return None


def doubles(keys: Mapping[int, Sequence[str]], lines: Mapping[int, Sequence[str]]) -> dict[int, tuple[int, bool]]:
    """{row: (the other row, whether both say the same)} of rows that are about one and the same. Of rows that say the same the first is
    no double."""
    rows: dict[str, list[int]] = defaultdict(list)
    for number, many in keys.items():
        for key in many:
            rows[key].append(number)
    found: dict[int, tuple[int, bool]] = {}
    for same in rows.values():
        alike = all(lines[one] == lines[same[0]] for one in same)
        for number in same[1:] if alike else (same if len(same) > 1 else []):
            found.setdefault(number, (same[0] if number != same[0] else same[1], alike))
    return found


def digest_of(*parts: Any) -> str:
    return hashlib.sha256(msgspec.json.encode(parts, order="sorted")).hexdigest()
