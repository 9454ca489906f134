"""Decide what a file of members says about the directory: who is new, changed, moved to another branch or has left (IM…). Pure.

An empty cell leaves what is there alone, and whoever the file does not name stays as they are: nobody leaves by being forgotten.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, NamedTuple

from schemas import check, check_dates
from schemas import vocabulary as words
from schemas.kinds import is_identifier
from schemas.registry import TYPES
from sync.databases import CENTRE
from sync.imports.cells import day_of, folded, text_of
from sync.imports.heads import Columns
from sync.imports.registers import (
    Cells,
    Change,
    Entry,
    Names,
    Outcome,
    Plan,
    Table,
    Writing,
    digest_of,
    doubles,
    table_of,
)
from sync.imports.tables import Sheet
from sync.moves import NoSuchDay, stay

COLUMNS: Columns = {
    name: (zh, en, frozenset(headers.split()))
    for name, zh, en, headers in (
        ("number", "工号", "number", "工号 编号 人员编号 员工编号 职工号 number id memberid memberno staffno"),
        ("name", "姓名", "name", "姓名 名字 人员姓名 name"),
        ("branch", "所属支部", "branch", "所属支部 支部 党支部 所在支部 支部名称 所在党支部 所属党支部 branch"),
        ("window", "窗口", "window", "窗口 所在窗口 所属窗口 窗口名称 window counter"),
        ("unit", "派驻单位", "home unit", "派驻单位 单位 所属单位 原单位 派出单位 工作单位 unit homeunit"),
        ("role", "党内职务", "role", "党内职务 职务 支部职务 角色 role"),
        ("post", "岗位", "post", "岗位 工作岗位 post position"),
        ("party_member", "是否党员", "Party member", "是否党员 党员 中共党员 政治面貌 partymember"),
        ("joined", "到岗日期", "joined on", "到岗日期 到岗时间 入职日期 进驻日期 进驻时间 joined joinedon"),
        ("left", "离岗日期", "left on", "离岗日期 离岗时间 离职日期 撤离日期 退出日期 left lefton"),
        ("moved", "调动日期", "last day in the former branch", "调动日期 转出日期 原支部最后一天 moved movedon"),
    )
}
NEEDED = (("number",), ("name",))
_ROLES = {folded(word): role for role, told in words.ROLES.items() for word in (role, *told)} | {
    "书记": "secretary",
    "党支部书记": "secretary",
    "支部副书记": "deputy",
    "群众": "member",
    "工作人员": "member",
}
_YES = frozenset({"是", "√", "✓", "y", "yes", "true", "1", "党员", "中共党员", "正式党员", "中共预备党员", "预备党员"})
_NO = frozenset({"否", "×", "n", "no", "false", "0", "群众", "共青团员", "团员", "民主党派", "无党派人士"})
_TEXTS = {"name": 100, "post": 60}


class Known(NamedTuple):
    """The directory: {id of a document: its fields}, and of members also the revision."""

    members: Mapping[str, tuple[str, Mapping[str, Any]]]
    branches: Mapping[str, Mapping[str, Any]]
    windows: Mapping[str, Mapping[str, Any]]
    units: Mapping[str, Mapping[str, Any]]
    disputed: Mapping[str, frozenset[str]]


def plan_members(found: Iterable[Sheet], known: Known, file: str, now: Any, today: date) -> Plan:
    """`file`: the digest of its bytes; `now`, `today`: the moment, and the centre's day of it. Raises BadRequest for a file that is refused
    as a whole."""
    table = table_of(found, COLUMNS, NEEDED)
    reader = _Members(table, known, file, now, today)
    rows = [Cells(number, cells, table, COLUMNS) for number, cells in table.lines]
    keys = {row.number: [folded(row.raw("number"))] for row in rows if folded(row.raw("number"))}
    texts = {row.number: [text_of(row.raw(name)) for name in table.header.columns] for row in rows}
    twice = doubles(keys, texts)
    done = [reader.entry(row, twice.get(row.number)) for row in rows]
    entries, writings = [entry for entry, _ in done], [one for _, one in done if one is not None]
    named = {entry.id for entry in entries}
    absent = sum(1 for doc, (_, fields) in known.members.items() if doc not in named and not fields.get("left"))
    return Plan(table, entries, writings, absent, digest_of(file, "members", table.sheet.name, entries))


class _Members:
    def __init__(self, table: Table, known: Known, file: str, now: Any, today: date) -> None:
        self._table, self._known, self._file, self._now, self._today = table, known, file, now, today
        self._branches = Names("branch", known.branches)
        self._windows = Names("window", known.windows, ("number",))
        self._units = Names("unit", known.units)
        self._homes: dict[str, list[str]] = {}
        for doc, (_, fields) in known.members.items():
            self._homes.setdefault(folded(fields.get("name")), []).append(doc)

    def entry(self, row: Cells, twice: tuple[int, bool] | None) -> tuple[Entry, Writing | None]:
        name, number = row.text("name", 100), row.text("number", 40)
        if not name:
            row.required("name")
        doc = f"member:{number}" if is_identifier(number) else ""
        if not number:
            row.required("number")
        elif not doc and not row.faults:
            zh, en = "工号只能用字母、数字、下划线", "a number is made of letters, digits and _"
            row.fault("number", "bad_id", zh, en)
        if twice is not None:
            other, alike = twice
            zh = f"与第 {other} 行工号重复" + ("" if alike else "而内容不同，请只留正确的一行")
            row.fault("number", "duplicate" if alike else "contradicts", zh, f"the same number as row {other}")
        rev, held = self._known.members.get(doc, (None, {}))
        wanted = self._wanted(row, name)
        self._look(row, doc, held, wanted)
        values = {path: value for path, value in wanted.items() if held.get(path) != value}
        outcome = self._outcome(row, doc, held, values)
        self._check(row, doc, held, values)
        if row.faults:
            return Entry(row.number, "flagged", doc if held else "", name, [], row.faults, row.warnings), None
        changes = [self._change(path, held.get(path), value) for path, value in values.items() if "/" not in path]
        entry = Entry(row.number, outcome, doc, name, changes, [], row.warnings)
        return entry, Writing(row.number, CENTRE, doc, rev, "member", values) if values else None

    def _wanted(self, row: Cells, name: str) -> dict[str, Any]:
        """{path: value} of what the row says."""
        wanted: dict[str, Any] = {"name": name}
        for column, names in (("branch", self._branches), ("window", self._windows), ("unit", self._units)):
            told = row.text(column, 100)
            found = names.find(row, column, told) if told else None
            if found:
                wanted[column] = found.removeprefix("branch:")
        if post := row.text("post", 60):
            wanted["post"] = post
        if role := row.text("role", 40):
            wanted["role"] = _ROLES.get(folded(role))
            if wanted["role"] is None:
                allowed = "、".join(zh for zh, _ in words.ROLES.values())
                row.fault("role", "choice", f"“{role}”不是职务，应为：{allowed}", f"{role!r} is no role")
        if member := folded(row.text("party_member", 40)):
            wanted["party_member"] = True if member in _YES else False if member in _NO else None
            if wanted["party_member"] is None:
                row.fault("party_member", "choice", "应为 是 或 否", "must be yes or no")
        for column in ("joined", "left"):
            if row.text(column, 40):
                wanted[column] = day_of(row.raw(column))
                if wanted[column] is None:
                    zh, en = "不是日期，应写作 2026-10-05", "no day: write 2026-10-05"
                    row.fault(column, "day", f"“{text_of(row.raw(column))}”{zh}", en)
        return {path: value for path, value in wanted.items() if value is not None and value != ""}

    def _look(self, row: Cells, doc: str, held: Mapping[str, Any], wanted: dict[str, Any]) -> None:
        """What is asked of a new member, of a move, and of what two people disagree on."""
        if not held:
            if "branch" not in wanted and not any(one.column and one.code != "required" for one in row.faults):
                row.required("branch")
            wanted |= {"role": wanted.get("role", "member"), "active": True}
            alike = [one for one in self._homes.get(folded(wanted.get("name")), []) if one != doc]
            if alike and wanted.get("name"):
                who = "、".join(one.removeprefix("member:") for one in alike[:3])
                zh = f"名录中已有同名人员（{who}），如是同一人请改用其工号"
                row.warn("name", "same_name", zh, f"somebody of this name is there ({who}): is it the same person?")
        for path in sorted(self._known.disputed.get(doc, frozenset()) & wanted.keys()):
            if held.get(path) != wanted[path]:
                label = TYPES["member"].by_path[path]
                zh = f"“{label.zh}”有争议，请先裁定再导入"
                row.fault(path, "disputed", zh, f"{label.en} is in dispute: settle it first")

    def _outcome(self, row: Cells, doc: str, held: Mapping[str, Any], values: dict[str, Any]) -> Outcome:
        if not held:
            return "new"
        former = held.get("branch")
        if isinstance(former, str) and values.get("branch", former) != former:
            moved = day_of(row.raw("moved")) if text_of(row.raw("moved")) else None
            if text_of(row.raw("moved")) and moved is None:
                row.fault("moved", "day", "不是日期，应写作 2026-10-05", "no day: write 2026-10-05")
            try:
                item = digest_of(self._file, doc, former)[:16]
                values |= stay(held, date.fromisoformat(moved) if moved else None, self._today, item)
            except NoSuchDay as refused:
                zh = f"应在 {refused.first} 与今天之间"
                row.fault("moved", "bad_day", zh, f"must lie between {refused.first} and today")
            return "moved"
        return "left" if "left" in values else "changed" if values else "unchanged"

    def _check(self, row: Cells, doc: str, held: Mapping[str, Any], values: dict[str, Any]) -> None:
        """By the rules of records, where nothing was found so far."""
        if row.faults or not values:
            return
        body = {"type": "member", "version": 1, "fields": {**held, **values}}
        for one in check({**body, "_id": doc}) or check_dates(body, self._now):
            row.fault(one.field if one.field in COLUMNS else "", one.code, one.zh, one.en)

    def _change(self, path: str, before: Any, after: Any) -> Change:
        one = TYPES["member"].by_path[path]
        return Change(path, one.zh, one.en, self._shown(path, before), self._shown(path, after))

    def _shown(self, path: str, value: Any) -> str:
        if value is None:
            return ""
        if isinstance(value, bool):
            return "是" if value else "否"
        if path == "branch":
            return self._branches.told.get(f"branch:{value}", str(value))
        if path in ("window", "unit"):
            return (self._windows if path == "window" else self._units).told.get(str(value), str(value))
        return words.ROLES[value][0] if path == "role" and value in words.ROLES else str(value)
