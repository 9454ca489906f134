"""Decide which columns the list of activities has, in which order and how wide: the same in Excel, PDF and CSV (DX…)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from server.reports.report import Line, Report

Value = str | int


@dataclass(frozen=True, slots=True)
class Column:
    """`width`: in characters of Latin letters, two to a Chinese one; `total`: it is added up; `printed`: on
    paper too; what is not stands last."""

    name: str
    width: int
    value: Callable[[int, Line], Value]
    of: Literal["text", "number", "day", "time"] = "text"
    total: bool = False
    printed: bool = True


NOTE = "注：明细合计按活动计，含其他支部的参加人；工作数据只计归属本支部的人次，问题按解决之日计。"
"""Why what the list adds up to may differ from the figures (LG5, LG6)."""
CHANGED = "（审核后有改动，从略）"
ERASED = "（记录已依法永久删除）"


def _title(one: Line) -> str:
    return ERASED if one.erased else CHANGED if one.title_changed else one.title


_ALL = (
    Column("序号", 7, lambda number, one: number, "number"),
    Column("支部", 20, lambda _, one: "、".join(one.branches)),
    Column("日期", 14, lambda _, one: one.day, "day"),
    Column("开始", 8, lambda _, one: one.start, "time"),
    Column("结束", 8, lambda _, one: one.end, "time"),
    Column("类别", 8, lambda _, one: one.of_told),
    Column("类型", 16, lambda _, one: one.kind_told),
    Column("服务对象", 26, lambda _, one: one.subject_told),
    Column("主题或事项", 30, lambda _, one: _title(one)),
    Column("参加人", 26, lambda _, one: "、".join(one.participants_told)),
    Column("人次", 8, lambda _, one: one.person_times, "number", total=True),
    Column("时长（分钟）", 12, lambda _, one: one.person_minutes, "number", total=True),
    Column("发现问题", 10, lambda _, one: one.problems, "number", total=True),
    Column("解决问题", 10, lambda _, one: one.solved, "number", total=True),
    Column("条目编号", 44, lambda _, one: one.id, printed=False),
)


def columns(report: Report) -> list[Column]:
    """Of one branch's record the branch need not be named at each line."""
    return [one for one in _ALL if one.name != "支部" or report.of == "ledger"]


def totals(report: Report, of: list[Column]) -> list[int | None]:
    """What each column adds up to; None where it is not added up."""
    return [sum(int(one.value(0, line)) for line in report.lines) if one.total else None for one in of]


def about(report: Report) -> list[tuple[str, str]]:
    """What stands above the list: label and text."""
    told = [("单位", report.unit), ("期间", report.period), ("审核情况", report.stands)]
    if report.of == "activity_record" and report.approvals:
        (one,) = report.approvals
        told += [("版本", f"第{one.version}版" if one.version else "无"), ("审核人", one.by_told or "无")]
        told += [("审核时间", one.at_told or "无")]
        if one.missing is not None:
            told.append(("审核时尚未同步的平板", f"{one.missing}台"))
    return [*told, ("内容摘要", report.digest)]
