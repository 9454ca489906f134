"""Decide what the worker writes for a branch: its activities and its monthly activity record."""

from schemas import vocabulary as words
from schemas.fields import Field, RecordType, Rule, members_of
from schemas.kinds import (
    ANYTHING,
    BRANCH,
    CODE,
    COUNT,
    DIGEST,
    FIGURE,
    INSTANT,
    MONTH,
    PERIOD,
    PLACE,
    RECORD,
    choice,
    integer,
    reference,
    text,
)

_SERVER = ("server",)

ACTIVITY = RecordType(
    "activity",
    "台账条目",
    "Activity",
    (
        Field("of", "来自", "Made from", choice(words.ACTIVITY_KINDS), required=True),
        Field("kind", "类型", "Kind", CODE),
        Field("subject", "对象", "Subject", reference()),
        Field("title", "主题", "Title", text(200)),
        Field("period", "起止时间", "Start and end", PERIOD, required=True),
        Field("place", "位置", "Place", PLACE),
        members_of("records", "来源记录", "Records", RECORD),
        members_of("authors", "记录人", "Authors"),
        members_of("participants", "参加人", "Participants"),
        members_of("branches", "计入支部", "Branches credited", BRANCH),
        members_of("aliases", "曾用编号", "Earlier ids", RECORD),
        Field("joined", "归并依据", "Joined because", ANYTHING),
        Field("person_times", "人次", "Person-times", COUNT),
        Field("person_minutes", "服务时长（分钟）", "Person-minutes", COUNT),
        Field("problems", "发现问题", "Problems found", COUNT),
        Field("solved", "解决问题", "Problems solved", COUNT),
        Field("state", "状态", "State", choice(words.LEDGER_STATES)),
    ),
    ("branch:@branch", "branch:branches/*", "committee"),
    _SERVER,
    _SERVER,
    databases=("branch", "shared"),
    envelope=("branch", "zone"),
)

ACTIVITY_RECORD = RecordType(
    "activity_record",
    "活动台账",
    "Activity record",
    (
        Field("month", "月份", "Month", MONTH, required=True),
        Field("state", "状态", "State", choice(words.LEDGER_STATES), required=True),
        Field("number", "版本", "Version", integer(0, 10_000), Rule.LARGEST),
        Field("supplement_to", "补报", "Supplement to version", integer(1, 10_000)),
        Field("figures/*", "指标", "Figure", FIGURE, key=CODE),
        members_of("activities", "活动", "Activities", RECORD),
        Field("lines/*", "台账行", "Line as approved", ANYTHING, key=RECORD),
        members_of("late", "补报活动", "Activities that came late", RECORD),
        Field("missing", "尚未同步的平板", "Tablets not yet heard of", ANYTHING),
        Field("approved_by", "审核人", "Approved by", ANYTHING),
        Field("approved_at", "审核时间", "Approved at", INSTANT),
        Field("digest", "内容摘要", "Hash of what was approved", DIGEST),
    ),
    ("branch:@branch", "committee"),
    _SERVER,
    _SERVER,
    envelope=("branch", "zone"),
)
