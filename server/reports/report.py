"""Decide what a document says, whatever its format: pure data, from which each format is made (DX…)."""

from typing import Literal

import msgspec

STEP = 500

Format = Literal["xlsx", "pdf", "csv", "json"]
UNAPPROVED = "未审核"


class Line(msgspec.Struct, frozen=True):
    """One activity. `day`, `start`, `end`: local; `subject_name` is empty where the reader may not see it, `subject_told` what is
    printed then and otherwise; `title_changed`: the title is not the approved one any more, and is left out; `erased`: its
    record was erased for good since."""

    id: str
    day: str
    start: str
    end: str
    branches: list[str]
    of: str
    of_told: str
    kind: str
    kind_told: str
    subject: str
    subject_name: str
    subject_told: str
    title: str
    title_changed: bool
    erased: bool
    participants: list[str]
    participants_told: list[str]
    person_times: int
    person_minutes: int
    problems: int
    solved: int


class FigureLine(msgspec.Struct, frozen=True):
    """A share of nothing has no value."""

    code: str
    name: str
    unit: str
    value: int | float | None


class Approval(msgspec.Struct, frozen=True):
    """How a branch's month stands. `version`: the one last approved, 0 for none; `state`: in Chinese; `digest`: the content hash that was
    approved; `missing`: how many tablets it was approved without, null where that is not known. `at`: UTC, `at_told`: local."""

    branch: str
    branch_told: str
    month: str
    version: int
    state: str
    by: str
    by_told: str
    at: str
    at_told: str
    digest: str
    missing: int | None


class Report(msgspec.Struct, frozen=True):
    """`of`: the activity record of one branch and month, or the ledger of a period. `stands`: in one line, whether it was approved.
    `digest`: of the approved version that it shows, or `未审核`. `stamp`: the moment that files bear as the one they were made at, in
    UTC: that of the approval, else the end of the period. `file`: its name without an ending."""

    of: Literal["activity_record", "ledger"]
    title: str
    unit: str
    period: str
    first: str
    last: str
    stands: str
    digest: str
    stamp: str
    file: str
    ascii_file: str
    approvals: list[Approval]
    figures: list[FigureLine]
    lines: list[Line]


def encoded(report: Report) -> bytes:
    """In JSON, its lines some hundred at a time: one long encoding would keep every other thread waiting."""
    head = msgspec.json.encode(msgspec.structs.replace(report, lines=[]))
    steps = (report.lines[at : at + STEP] for at in range(0, len(report.lines), STEP))
    return head.removesuffix(b"]}") + b",".join(msgspec.json.encode(step)[1:-1] for step in steps) + b"]}"
