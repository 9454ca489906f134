"""Decide what members record in the field: visits, services, survey findings and events, with their problems and
follow-ups."""

from schemas import vocabulary as words
from schemas.fields import REMOVED, Field, RecordType, Rule, coded, items, members_of
from schemas.kinds import (
    BOOLEAN,
    BRANCH,
    CODE,
    COUNT,
    DAY,
    INSTANT,
    ITEM_OF,
    MEMBER,
    PERIOD,
    PLACE,
    choice,
    integer,
    lines,
    minutes,
    reference,
    scale,
    text,
)

SUBJECT = reference(*words.SUBJECT_KINDS, "branch", "window", "unit")

_PROBLEMS = items(
    "problems",
    Field("text", "问题", "Problem", text(2000), required=True),
    Field("state", "进展", "State", choice(words.PROBLEM_STATES)),
    # The graver view stands until somebody who has seen both changes it: a pressing problem must not fade by a merge.
    Field("severity", "轻重", "Severity", scale(words.SEVERITIES), Rule.LARGEST),
    Field("owner", "责任人", "Owner", MEMBER),
    Field("unit", "责任单位", "Responsible unit", reference("unit", "window", "branch")),
    Field("due", "办理期限", "Due", DAY, future=True),
    Field("result", "办理结果", "Result", text(2000)),
    Field("solved", "解决时间", "Solved at", INSTANT),
)

_FOLLOW_UPS = items(
    "follow_ups",
    Field("problem", "所跟进的问题", "Problem followed up", ITEM_OF, required=True),
    Field("text", "跟进情况", "What was done", text(2000)),
    Field("state", "进展", "State", choice(words.PROBLEM_STATES)),
    Field("result", "办理结果", "Result", text(2000)),
    Field("at", "跟进时间", "Followed up at", INSTANT),
    Field("by", "跟进人", "Followed up by", MEMBER),
)

_SHARED = (
    Field("period", "起止时间", "Start and end", PERIOD, required=True),
    members_of("participants", "参加人", "Participants"),
    members_of("parties", "参与支部", "Branches taking part", BRANCH),
    Field("parts/*/text", "参加人补充", "In a participant's own words", text(10_000), key=MEMBER),
    Field("place", "位置", "Place", PLACE),
    Field("address", "地点", "Address", text(200)),
    Field("narrative", "情况记录", "What happened", text(20_000)),
    Field("task", "所完成的交办", "Assignment carried out", reference("assignment")),
    Field("case", "联合踏勘", "Joint survey", reference("case")),
    Field("privacy", "告知或同意", "Notice or consent", choice(words.PRIVACY)),
    # Of two dates the earlier binds: nothing about a household is kept longer than anybody promised.
    Field("keep_until", "保存至", "Keep until", DAY, Rule.SMALLEST, future=True),
    *_PROBLEMS,
    *_FOLLOW_UPS,
    REMOVED,
)

_READERS = ("member:@author", "member:participants/*", "secretary:@branch", "committee", "branch:parties/*")
_CREATORS = ("branch:@branch",)
_WRITERS = ("member:@author",)
_CONTRIBUTORS = ("member:participants/*",)
_ENVELOPE = ("branch", "author", "zone")
_OWN_PARTS = frozenset({"problems", "follow_ups", "findings", "stages"})


def _field_record(name: str, zh: str, en: str, *fields: Field) -> RecordType:
    return RecordType(
        name,
        zh,
        en,
        (*fields, *_SHARED),
        _READERS,
        _CREATORS,
        _WRITERS,
        _CONTRIBUTORS,
        _OWN_PARTS,
        version=2,
        databases=("branch", "shared"),
        envelope=_ENVELOPE,
    )


VISIT = _field_record(
    "visit",
    "走访",
    "Visit",
    Field("subject", "走访对象", "Who was visited", SUBJECT, required=True),
    Field("kind", "走访类型", "Kind of visit", choice(words.VISIT_KINDS)),
    Field("talked", "谈了什么", "What was talked over", text(10_000)),
    Field("found", "了解到什么", "What was found", text(10_000)),
    Field("brought", "带去什么", "What was brought", text(2000)),
    Field("outcome", "有何成效", "What came of it", text(10_000)),
    Field("lecture", "讲党课题目", "Party lecture given", text(200)),
    Field("advised", "咨询人次", "Person-times of advice", integer(0, 100_000)),
)

SERVICE = _field_record(
    "service",
    "上门服务",
    "Service outside the hall",
    Field("subject", "服务对象", "Who was served", SUBJECT, required=True),
    Field("kind", "服务方式", "Kind of service", choice(words.SERVICE_KINDS), required=True),
    Field("matter", "办理事项", "Matter", text(200), required=True),
    Field("matter_code", "事项编码", "Matter's code", text(60)),
    Field("matter_kind", "办件类型", "Kind of matter", choice(words.MATTER_KINDS)),
    Field("matters", "办件数", "Number of matters", integer(1, 10_000)),
    Field("window", "窗口", "Window", reference("window")),
    *coded(
        "stages",
        Field("promised", "承诺时间", "Promised", INSTANT, future=True),
        Field("actual", "实际时间", "Actual", INSTANT),
        Field("by", "经办人", "Handled by", MEMBER),
        key=choice(words.STAGES),
    ),
    Field("result", "办理结果", "Result", text(2000)),
    Field("advised", "咨询人次", "Person-times of advice", integer(0, 100_000)),
    Field("called_back", "回访结果", "When called back", choice(words.SATISFACTION)),
)

SURVEY = _field_record(
    "survey",
    "踏勘意见",
    "Survey finding",
    Field("subject", "踏勘对象", "What was surveyed", SUBJECT, required=True),
    Field("matter", "办理事项", "Matter", text(200)),
    Field("window", "窗口", "Window", reference("window")),
    *coded(
        "findings",
        Field("finding", "意见", "Finding", choice(words.FINDINGS)),
        Field("text", "说明", "Details", text(2000)),
        # `outside:<item>`: a party of the case without an account, for whom the lead enters what it found.
        Field("party", "提出单位", "Party", reference("unit", "window", "branch", "outside")),
        Field("given_by", "提出人", "Given by (a party without an account)", text(60)),
    ),
    *items("needs", Field("text", "需补齐事项", "What is needed", text(500), required=True)),
    Field("conclusion", "踏勘结论", "Conclusion", choice(words.CONCLUSIONS)),
    Field("conclusion_text", "结论说明", "Conclusion in words", text(5000)),
)

EVENT = _field_record(
    "event",
    "活动",
    "Event",
    Field("kind", "活动类型", "Kind of event", CODE, required=True),
    Field("title", "主题", "Title", text(200)),
    Field("subject", "地点或对象", "Where or for whom", SUBJECT),
    Field("host", "主持人", "Chaired by", MEMBER),
    Field("lecturer", "主讲人", "Lecturer", text(60)),
    Field("agenda", "议程", "Agenda", lines(500, 50)),
    Field("resolution", "决议", "Resolution", text(10_000)),
    Field("others", "其他参加人数", "Others who attended", COUNT),
    members_of("absent", "缺席人", "Absent"),
    Field("study_minutes", "学习时长（分钟）", "Minutes of study", minutes(1440)),
    Field("satisfied", "测评满意票", "Votes: satisfied", COUNT),
    Field("votes", "测评总票数", "Votes in all", COUNT),
    Field("public", "对外公示", "Made public", BOOLEAN),
)
