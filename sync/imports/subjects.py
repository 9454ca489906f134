"""Decide what a file of subjects says about a branch's register: which are new, which change, and which may be there under another name
(IM…). Pure.

A subject is found again by its own number, else by its credit code, else by kind, name and address together. Two that are only likely the
same are told and never made one. What belongs to a person's facts stays out.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from schemas import check, check_dates
from schemas import vocabulary as words
from schemas.registry import TYPES
from sync.imports.cells import folded, text_of
from sync.imports.heads import Columns
from sync.imports.registers import Cells, Change, Entry, Plan, Table, Writing, digest_of, doubles, table_of
from sync.imports.tables import Sheet
from sync.reconcile import likely

COLUMNS: Columns = {
    name: (zh, en, frozenset(headers.split()))
    for name, zh, en, headers in (
        ("kind", "类别", "kind", "类别 类型 对象类别 对象类型 服务对象类别 kind type"),
        (
            *("name", "名称", "name"),
            "名称 姓名 户主 户主姓名 企业名称 单位名称 项目名称 村名 对象名称 服务对象 name household enterprise",
        ),
        ("number", "编号", "own number", "编号 户编号 户号 对象编号 自编号 档案号 number no id"),
        ("address", "地址", "address", "地址 住址 家庭住址 详细地址 联系地址 经营地址 注册地址 address"),
        (
            "contact",
            "单位联系人",
            "contact",
            "单位联系人 联系人 联系方式 联系电话 电话 手机 手机号 contact telephone phone",
        ),
        (
            *("credit_code", "统一社会信用代码", "credit code"),
            "统一社会信用代码 信用代码 社会信用代码 统一信用代码 creditcode",
        ),
        (
            "within",
            "所属村（社区）",
            "village",
            "所属村 所属村社区 村 村社区 社区 所属社区 所在村 项目业主 village within",
        ),
        ("note", "备注", "note", "备注 说明 note remark remarks"),
    )
}
NEEDED = (("name",), ("kind", "number", "address", "credit_code"))
_LIMITS = {"name": 100, "number": 40, "address": 200, "contact": 60, "credit_code": 18, "note": 2000}
_KINDS = {folded(word): kind for kind, told in words.SUBJECT_KINDS.items() for word in (kind, *told)} | {
    **dict.fromkeys(("家庭", "困难户", "帮扶户", "低保户", "脱贫户", "农户", "住户"), "household"),
    **dict.fromkeys(("群众", "居民个人", "个人"), "resident"),
    **dict.fromkeys(("公司", "单位", "个体工商户", "企业单位"), "enterprise"),
    **dict.fromkeys(("村", "社区", "行政村", "村(社区)"), "village"),
    **dict.fromkeys(("重点项目", "工程"), "project"),
}
_PERSONS = ("household", "resident")


class Held(NamedTuple):
    """A subject that the branch has, in its database or shared with others."""

    db: str
    id: str
    rev: str
    body: Mapping[str, Any]
    withdrawn: bool
    disputed: frozenset[str]

    @property
    def fields(self) -> Mapping[str, Any]:
        fields = self.body.get("fields")
        return fields if isinstance(fields, Mapping) else {}


def plan_subjects(
    found: Iterable[Sheet], known: Iterable[Held], branch: str, file: str, given: str | None, now: Any
) -> Plan:
    """`given`: the kind of all rows, where no column says it. Raises BadRequest for a file that is refused as a whole."""
    table = table_of(found, COLUMNS, NEEDED)
    reader = _Subjects(table, list(known), branch, file, given, now)
    done = reader.entries()
    entries, writings = [entry for entry, _ in done], [one for _, one in done if one is not None]
    named = {entry.id for entry in entries}
    absent = sum(1 for one in reader.known if not one.withdrawn and one.id not in named)
    return Plan(table, entries, writings, absent, digest_of(file, branch, given, table.sheet.name, entries))


class _Subjects:
    def __init__(self, table: Table, known: list[Held], branch: str, file: str, given: str | None, now: Any) -> None:
        self.known = known
        self._table, self._branch, self._file, self._given, self._now = table, branch, file, given, now
        self._by_id = {one.id: one for one in known}
        self._by_key: dict[str, list[Held]] = defaultdict(list)
        self._names: dict[str, set[str]] = defaultdict(set)
        self._told = {one.id: str(one.fields.get("name") or one.id) for one in known}
        self._alike: dict[str, list[tuple[str, likely.Known]]] = defaultdict(list)
        for one in known:
            kind = str(one.fields.get("kind"))
            for key in _keys(kind, one.fields):
                self._by_key[key].append(one)
            if not one.withdrawn:
                self._note_alike(one.id, one.body)
                if kind in ("village", "enterprise"):
                    self._names[folded(one.fields.get("name"))].add(one.id)

    def entries(self) -> list[tuple[Entry, Writing | None]]:
        rows = [Cells(number, cells, self._table, COLUMNS) for number, cells in self._table.lines]
        told = {row.number: self._wanted(row) for row in rows}
        keys = {
            number: _keys(str(wanted.get("kind")), wanted)[:1] for number, wanted in told.items() if "kind" in wanted
        }
        texts = {row.number: [text_of(row.raw(name)) for name in self._table.header.columns] for row in rows}
        twice = doubles(keys, texts)
        # A village that the same file brings can be named by its other rows.
        for row in rows:
            wanted = told[row.number]
            if wanted.get("kind") in ("village", "enterprise") and row.number not in twice and not row.faults:
                doc = self._find(row, wanted, told_only=True) or self._new_id(row, wanted)
                self._names[folded(wanted["name"])].add(doc)
                self._told.setdefault(doc, wanted["name"])
        return [self._entry(row, told[row.number], twice.get(row.number)) for row in rows]

    def _wanted(self, row: Cells) -> dict[str, Any]:
        """{path: value} of what the row says, but for the village."""
        wanted: dict[str, Any] = {}
        kind = row.text("kind", 40)
        wanted["kind"] = _KINDS.get(folded(kind)) if kind else self._given
        if wanted["kind"] is None and (not kind or not row.faults):
            allowed = "、".join(zh for zh, _ in words.SUBJECT_KINDS.values())
            zh, en = (
                (f"“{kind}”不是类别，应为：{allowed}", f"{kind!r} is no kind") if kind else ("不能为空", "must be said")
            )
            row.fault("kind", "choice" if kind else "required", zh, en)
        for column, most in _LIMITS.items():
            told = row.text(column, most)
            if told:
                wanted[column] = told.upper() if column == "credit_code" else told
        if "name" not in wanted:
            row.required("name")
        if "contact" in wanted and wanted["kind"] in _PERSONS:
            del wanted["contact"]
            zh = "户和居民的联系方式属于个人信息，不导入；请由联系人在平板上填写"
            row.warn("contact", "personal", zh, "how to reach a household is personal: left out, write it on a tablet")
        return {path: value for path, value in wanted.items() if value is not None}

    def _entry(
        self, row: Cells, wanted: dict[str, Any], twice: tuple[int, bool] | None
    ) -> tuple[Entry, Writing | None]:
        name, kind = str(wanted.get("name", "")), str(wanted.get("kind", ""))
        if twice is not None:
            other, alike = twice
            zh = f"与第 {other} 行是同一对象" + ("，内容相同" if alike else "而内容不同，请只留正确的一行")
            row.fault("", "duplicate" if alike else "contradicts", zh, f"the same subject as row {other}")
        self._within(row, wanted)
        found = self._find(row, wanted) if kind and name else None
        held = self._by_id.get(found or "")
        fields = held.fields if held else {}
        if held is not None and held.withdrawn:
            row.fault(
                "",
                "withdrawn",
                "该对象已被撤回，未导入；要恢复请在平板上撤销撤回",
                "this subject was withdrawn: restore it on a tablet",
            )
        values = {path: value for path, value in wanted.items() if text_of(fields.get(path)) != text_of(value)}
        for path in sorted(held.disputed & values.keys()) if held else ():
            label = TYPES["subject"].by_path[path]
            row.fault(
                path, "disputed", f"“{label.zh}”有争议，请先裁定再导入", f"{label.en} is in dispute: settle it first"
            )
        doc = found or (self._new_id(row, wanted) if kind and name else "")
        self._check(row, doc, fields, values)
        if row.faults:
            return Entry(row.number, "flagged", found or "", name, [], row.faults, row.warnings), None
        if held is None:
            self._warn_alike(row, doc, wanted)
        changes = [self._change(path, fields.get(path), value) for path, value in values.items()]
        entry = Entry(
            row.number,
            "new" if held is None else "changed" if values else "unchanged",
            doc,
            name,
            changes,
            [],
            row.warnings,
        )
        db, rev = (held.db, held.rev) if held else (f"branch-{self._branch}", None)
        return entry, Writing(row.number, db, doc, rev, kind, values) if values else None

    def _find(self, row: Cells, wanted: Mapping[str, Any], *, told_only: bool = False) -> str | None:
        """The subject that the row is about; None for a new one."""
        made = self._new_id(row, wanted)
        if made in self._by_id:
            return made
        for key in _keys(str(wanted["kind"]), wanted):
            # One that is withdrawn gives way to one that is not.
            found = [one for one in self._by_key.get(key, []) if not one.withdrawn] or self._by_key.get(key, [])
            # Numbers that differ are two, however alike they look.
            found = [one for one in found if not _differ(wanted, one.fields)]
            if len(found) > 1 and not told_only:
                zh = f"登记中有 {len(found)} 个相同的对象，请先归一，或写明编号"
                row.fault("", "ambiguous", zh, f"{len(found)} subjects like this are there: make them one first")
            if found:
                return found[0].id
        return None

    def _new_id(self, row: Cells, wanted: Mapping[str, Any]) -> str:
        """It follows from the whole file and the row, so that the same file imported on two servers makes the same documents, and says
        nothing of whom it is about."""
        return f"{wanted['kind']}:{digest_of(self._file, self._branch, row.number)[:26].upper()}"

    def _within(self, row: Cells, wanted: dict[str, Any]) -> None:
        told = row.text("within", 100)
        if not told:
            return
        found = self._names.get(folded(told), set())
        if len(found) == 1:
            wanted["within"] = next(iter(found))
        elif found:
            row.fault("within", "ambiguous", f"有几个叫“{told}”，请先归一", f"several are called {told}")
        else:
            zh = f"登记中没有村（社区）或企业“{told}”，请先登记，或在同一文件中加上"
            row.fault("within", "unknown", zh, f"no village or enterprise {told} is known: add it to the same file")

    def _check(self, row: Cells, doc: str, fields: Mapping[str, Any], values: dict[str, Any]) -> None:
        if row.faults or not values:
            return
        body = {"type": "subject", "version": 1, "branch": self._branch, "author": "server"}
        body |= {"fields": {**fields, **values}}
        for one in check({**body, "_id": doc}) or check_dates(body, self._now):
            row.fault(one.field if one.field in COLUMNS else "", one.code, one.zh, one.en)

    def _warn_alike(self, row: Cells, doc: str, wanted: Mapping[str, Any]) -> None:
        body = {"branch": self._branch, "fields": wanted}
        mine = likely.known_of(body)
        if mine is None:
            return
        others = {one: theirs for key in likely.keys_of(mine) for one, theirs in self._alike[key][: likely.KEY_CROWD]}
        for other, theirs in others.items():
            alike = likely.compare(mine, theirs)
            if alike is not None:
                why = "、".join(likely.WORDS[code][0] for code in alike.because)
                name = self._told.get(other, other)
                zh = f"可能与已有的“{name}”是同一对象（{why}）；仍作为新对象导入，之后可归一"
                row.warn("name", "likely_same", zh, f"perhaps the same as {name}: taken as a new one all the same")
                break
        self._told[doc] = str(wanted["name"])
        self._note_alike(doc, body)

    def _note_alike(self, doc: str, body: Mapping[str, Any]) -> None:
        one = likely.known_of(body)
        if one is None:
            return
        for key in likely.keys_of(one):
            self._alike[key].append((doc, one))

    def _change(self, path: str, before: Any, after: Any) -> Change:
        one = TYPES["subject"].by_path[path]
        return Change(path, one.zh, one.en, self._shown(path, before), self._shown(path, after))

    def _shown(self, path: str, value: Any) -> str:
        if path == "kind" and value in words.SUBJECT_KINDS:
            return words.SUBJECT_KINDS[value][0]
        return self._told.get(str(value), str(value)) if path == "within" else text_of(value)


def _keys(kind: str, fields: Mapping[str, Any]) -> list[str]:
    """By which a subject is found again, the surest first."""
    number, code = folded(fields.get("number")), folded(fields.get("credit_code"))
    name, address = folded(fields.get("name")), likely.plain(fields.get("address"))
    keys = [f"number {kind} {number}"] if number else []
    keys += [f"code {kind} {code}"] if code else []
    return [*keys, f"name {kind} {name} {address}"] if name else keys


def _differ(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether numbers or codes say that two are not the same: the number alone where both have one."""
    for path in ("number", "credit_code"):
        mine, theirs = folded(one.get(path)), folded(other.get(path))
        if mine and theirs:
            return mine != theirs
    return False
