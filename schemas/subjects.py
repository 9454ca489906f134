"""Decide what is known of those who are visited: the subject that a branch sees, and the facts that only the assigned
see."""

from schemas import vocabulary as words
from schemas.fields import REMOVED, Field, RecordType, Rule, items, members_of
from schemas.kinds import BRANCH, DAY, PLACE, choice, lines, reference, text

SUBJECT = RecordType(
    "subject",
    "服务对象",
    "Subject",
    (
        Field("kind", "类别", "Kind", choice(words.SUBJECT_KINDS), required=True),
        Field("name", "名称", "Name", text(100), required=True),
        # By which a branch's own list knows it, such as 东-012; an identity number is none.
        Field("number", "编号", "Own number", text(40)),
        Field("address", "地址", "Address", text(200)),
        Field("place", "位置", "Place", PLACE),
        Field("within", "所属村（社区）或项目业主", "Village, or the enterprise behind a project", reference()),
        Field("credit_code", "统一社会信用代码", "Credit code", text(18, length_min=15)),
        Field("contact", "单位联系人", "Contact of an enterprise", text(60)),
        Field("note", "备注", "Note", text(2000)),
        members_of("branches", "共同服务的支部", "Branches that share it", BRANCH),
        *items(
            "milestones",
            Field("text", "节点", "Milestone", text(200), required=True),
            Field("due", "计划日期", "Planned for", DAY, future=True),
            Field("reached", "完成日期", "Reached on", DAY),
        ),
        Field("privacy", "告知或同意", "Notice or consent", choice(words.PRIVACY)),
        Field("keep_until", "保存至", "Keep until", DAY, Rule.SMALLEST, future=True),
        REMOVED,
    ),
    readers=("branch:@branch", "branch:branches/*"),
    creators=("branch:@branch",),
    writers=("branch:@branch", "branch:branches/*"),
    databases=("branch", "shared"),
    prefixes=tuple(words.SUBJECT_KINDS),
)

PERSON = RecordType(
    "person",
    "个人信息",
    "Person facts",
    (
        Field("subject", "所属对象", "Subject", reference("household", "resident"), required=True),
        Field("name", "姓名", "Name", text(60)),
        Field("id_number", "身份证号", "Identity number", text(18, length_min=6)),
        Field("born", "出生日期", "Born", DAY, earliest="1900"),
        Field("telephone", "电话", "Telephone", text(40)),
        Field("health", "健康状况", "Health", text(2000)),
        Field("disability", "残疾情况", "Disability", text(500)),
        Field("hardship", "困难情况", "Hardship", text(2000)),
        Field("benefits", "享受政策", "Benefits", lines(200, 50)),
        Field("privacy", "告知或同意", "Notice or consent", choice(words.PRIVACY), required=True),
        Field("keep_until", "保存至", "Keep until", DAY, Rule.SMALLEST, required=True, future=True),
        REMOVED,
    ),
    readers=("assigned:=subject", "secretary:@branch"),
    creators=("assigned:=subject", "secretary:@branch"),
    writers=("assigned:=subject", "secretary:@branch"),
)
