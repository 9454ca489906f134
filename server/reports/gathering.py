"""Decide what a report says of a branch's month or of a period, from the ledger, as far as its reader may see (DX…).

Names are looked up when they are shown: a person who was erased is in no document that is made afterwards.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, time
from datetime import date as Date
from sqlite3 import Connection
from typing import Any
from zoneinfo import ZoneInfo

from schemas import vocabulary as words
from server.api.desk import is_personal
from server.reports.report import UNAPPROVED, Approval, FigureLine, Line, Report
from sync.documents import content_of
from sync.ledger import lines as ledger_lines
from sync.ledger.counting import IN_MONTH, counted, parts_of
from sync.ledger.documents import month_wanted
from sync.ledger.figures import FIGURES
from sync.ledger.periods import period
from sync.ledger.queries import Reader, branches_for, months, names, subject_names
from sync.ledger.rows import FigureWhere

_KINDS = {"visit": words.VISIT_KINDS, "service": words.SERVICE_KINDS, "event": words.EVENT_KINDS}
_STATES = {"open": UNAPPROVED, "under_review": "审核后有变动，待审核", "approved": "已审核"}
_Found = Sequence[tuple[str, str | None, ledger_lines.Line]]


def record_report(
    sql: Connection,
    reader: Reader,
    zone: ZoneInfo,
    branch: str,
    month: str,
    version: int | None,
    erased: Callable[[str], bool],
) -> Report | None:
    """The activity record of a branch and month: as it is now, or a version of it. One that is approved as it is now is that version. None
    where there is none. `erased`: whether a record was erased for good. Raises Forbidden."""
    branches_for(sql, reader, branch)
    now = month_wanted(sql, f"branch-{branch}", branch, month, zone.key).body
    fields = now["fields"] if now is not None else None
    if version is None and fields is not None and fields["state"] == "approved":
        version = fields["number"]
    if version is not None:
        fields = _version(sql, branch, month, version)
    if fields is None:
        return None
    found: _Found | None = ledger_lines.version_lines(sql, fields) if version is not None else None
    if found is None:
        held = {path for path in fields if path.startswith("activities/")}
        live = ledger_lines.live_lines(sql, [branch], month, month + "~", -1)
        found = [one for one in live if f"activities/{one[0]}" in held]
    approval = _approval(sql, zone, branch, month, fields)
    first, last = period("month", Date.fromisoformat(f"{month}-01")).days
    told = f"{month[:4]}年{int(month[5:])}月"
    edition = f"第{version}版" if version is not None else approval.state
    return Report(
        "activity_record",
        f"{approval.branch_told}{told}活动台账",
        approval.branch_told,
        told,
        first,
        last,
        approval.state,
        approval.digest if version is not None else UNAPPROVED,
        approval.at if version is not None and approval.at else _end(last, zone),
        f"{approval.branch_told}{told}活动台账（{edition}）",
        f"activity-record-{branch}-{month}" + (f"-v{version}" if version is not None else ""),
        [approval],
        _figures({one.code: fields.get(f"figures/{one.code}", 0) for one in IN_MONTH}),
        _lines(sql, reader, zone, found, erased),
    )


def ledger_report(
    sql: Connection, reader: Reader, zone: ZoneInfo, branch: str | None, days: tuple[Date, Date], limit: int
) -> Report:
    """The activities of a period, of one branch or of all that the reader may see, as they are now; at most `limit` of them. Raises
    Forbidden."""
    branches = branches_for(sql, reader, branch)
    first, last = (one.isoformat() for one in days)
    found = ledger_lines.live_lines(sql, branches, first, last, limit)
    approvals = [
        _approval(sql, zone, one, month, body["fields"])
        for one in branches
        for month in reversed(months(sql, one))
        if first[:7] <= month <= last[:7]
        for body in [month_wanted(sql, f"branch-{one}", one, month, zone.key).body]
        if body is not None
    ]
    held = sum(one.state == _STATES["approved"] for one in approvals)
    unit = names(sql, [f"branch:{branch}"]).get(f"branch:{branch}", branch) if branch else "各党支部"
    told = f"{_day(days[0])}至{_day(days[1])}"
    return Report(
        "ledger",
        f"{unit}活动明细台账",
        unit,
        told,
        first,
        last,
        f"{len(approvals)}个支部月份中{held}个已审核" if approvals else UNAPPROVED,
        "见各月审核情况" if held else UNAPPROVED,
        _end(last, zone),
        f"{unit}活动明细台账（{first}至{last}）",
        f"ledger-{branch or 'all'}-{first}-{last}",
        approvals,
        _figures(counted(sql, FigureWhere(branches, first, last), None, IN_MONTH)[""]),
        _lines(sql, reader, zone, found),
    )


def _version(sql: Connection, branch: str, month: str, number: int) -> dict[str, Any] | None:
    row = sql.execute(
        "SELECT fields FROM version WHERE branch=? AND month=? AND number=?", [branch, month, number]
    ).fetchone()
    return None if row is None else content_of(row[0])


def _approval(sql: Connection, zone: ZoneInfo, branch: str, month: str, fields: Mapping[str, Any]) -> Approval:
    """`fields`: of the activity record or of a version of it."""
    by, at = str(fields.get("approved_by", "")), str(fields.get("approved_at", ""))
    told = names(sql, [f"branch:{branch}", f"member:{by}"])
    missing = fields.get("missing")
    return Approval(
        branch,
        told.get(f"branch:{branch}", branch),
        month,
        fields["number"],
        _STATES[fields["state"]],
        by,
        told.get(f"member:{by}", by),
        at,
        _local(at, zone).strftime("%Y-%m-%d %H:%M") if at else "",
        str(fields.get("digest", "")) or UNAPPROVED,
        len(missing) if isinstance(missing, list) else None,
    )


def _figures(told: dict[str, int]) -> list[FigureLine]:
    return [
        FigureLine(one.code, one.name[0], one.unit[0], one.value(told))
        for one in FIGURES
        if all(part.code in told for part in parts_of(one))
    ]


def _lines(
    sql: Connection, reader: Reader, zone: ZoneInfo, found: _Found, erased: Callable[[str], bool] = lambda _: False
) -> list[Line]:
    subjects = subject_names(sql, reader, {line.subject for _, _, line in found})
    people = names(sql, _prefixed("member:", (one for _, _, line in found for one in line.people)))
    branches = names(sql, _prefixed("branch:", (one for _, _, line in found for one in line.branches)))
    told = []
    for doc, title, line in found:
        start, end = _local(line.start, zone), _local(line.end, zone)
        name = subjects.get(line.subject, "")
        told.append(
            Line(
                doc,
                start.date().isoformat(),
                start.strftime("%H:%M"),
                end.strftime("%H:%M"),
                [branches.get(f"branch:{one}", one) for one in line.branches],
                line.of,
                words.ACTIVITY_KINDS.get(line.of, (line.of,))[0],
                line.kind,
                _KINDS.get(line.of, {}).get(line.kind, (line.kind,))[0],
                line.subject,
                name,
                name or _unnamed(line.subject),
                title or "",
                title is None,
                erased(doc.removeprefix("activity:")),
                list(line.people),
                [people.get(f"member:{one}", one) for one in line.people],
                len(line.people),
                line.minutes,
                line.problems,
                line.solved,
            )
        )
    return told


def _prefixed(prefix: str, ids: Iterable[str]) -> list[str]:
    return [prefix + one for one in sorted(set(ids))]


def _unnamed(subject: str) -> str:
    """What is printed of a subject whose name the reader may not see, or that is gone: its kind."""
    if not subject:
        return ""
    kind = subject.partition(":")[0]
    return words.SUBJECT_KINDS.get(kind, ("对象",))[0] + ("（姓名从略）" if is_personal(subject) else "（名称从略）")


def _local(instant: str, zone: ZoneInfo) -> datetime:
    return datetime.fromisoformat(instant).astimezone(zone)


def _end(day: str, zone: ZoneInfo) -> str:
    """The last second of a local day, in UTC."""
    end = datetime.combine(Date.fromisoformat(day), time(23, 59, 59), zone)
    return end.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _day(day: Date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
