"""Decide what every tablet knows of the centre: branches, windows, home units, members, forms and notices."""

from schemas import vocabulary as words
from schemas.definition import FORM_ITEMS, LABEL
from schemas.fields import Field, RecordType, items, members_of
from schemas.kinds import (
    BOOLEAN,
    BRANCH,
    CODE,
    DAY,
    DAYS,
    DIGEST,
    INSTANT,
    MEMBER,
    MONTH,
    ZONE,
    choice,
    integer,
    reference,
    text,
)

_NAME = Field("name", "名称", "Name", text(100), required=True)
_ACTIVE = Field("active", "启用", "Active", BOOLEAN)
_ORDER = Field("order", "排序", "Order", integer(0, 1_000_000))


def _for_all(name: str, zh: str, en: str, *fields: Field) -> RecordType:
    everyone, administrator = ("everyone",), ("administrator",)
    return RecordType(name, zh, en, fields, everyone, administrator, administrator, databases=("centre",), envelope=())


BRANCH_TYPE = _for_all(
    "branch",
    "党支部",
    "Branch",
    _NAME,
    Field("short", "简称", "Short name", text(20)),
    members_of("committee", "支部委员", "Committee members"),
    # Who sits on the branch's committee, as what and from when: those who sat there before stay known. Rights follow accounts alone.
    *items(
        "offices",
        Field("member", "人员", "Member", MEMBER, required=True),
        Field("office", "支委职务", "Office", choice(words.OFFICES), required=True),
        Field("days", "任职起止", "From and until", DAYS, required=True, future=True, earliest="1950"),
    ),
    Field("leader", "联系领导", "Leader linked with it", MEMBER),
    Field("zone", "时区", "Zone", ZONE),
    _ORDER,
    _ACTIVE,
)

WINDOW = _for_all(
    "window",
    "窗口",
    "Window",
    _NAME,
    Field("number", "窗口号", "Number", text(20)),
    Field("floor", "楼层", "Floor", text(20)),
    Field("unit", "派驻单位", "Home unit", reference("unit")),
    Field("branch", "所属支部", "Branch", BRANCH),
    _ORDER,
    _ACTIVE,
)

UNIT = _for_all("unit", "派驻单位", "Home unit", _NAME, Field("short", "简称", "Short name", text(20)), _ORDER, _ACTIVE)

MEMBER_TYPE = _for_all(
    "member",
    "人员",
    "Member",
    _NAME,
    Field("branch", "所属支部", "Branch", BRANCH),
    Field("window", "窗口", "Window", reference("window")),
    Field("unit", "派驻单位", "Home unit", reference("unit")),
    # The one place that says who is secretary or deputy of a branch.
    Field("role", "职务", "Role", choice(words.ROLES)),
    Field("post", "岗位", "Post", text(60)),
    Field("party_member", "中共党员", "Party member", BOOLEAN),
    # Whoever was a member of a branch when a record was made may still bring it there: so the past stays known.
    *items(
        "belonged",
        Field("branch", "支部", "Branch", BRANCH, required=True),
        Field("days", "起止日期", "From and until", DAYS, required=True, future=True, earliest="1950"),
    ),
    Field("joined", "到岗日期", "Joined on", DAY, earliest="1950"),
    Field("left", "离岗日期", "Left on", DAY),
    _ORDER,
    _ACTIVE,
)

FORM = _for_all(
    "form",
    "表单",
    "Form",
    Field("for", "适用类型", "For the type", CODE, required=True),
    Field("number", "版本", "Version", integer(1, 999_999), required=True),
    Field("kind", "适用类别", "For the kind", CODE),
    Field("title", "标题", "Title", LABEL, required=True),
    Field("items", "内容", "Items", FORM_ITEMS, required=True),
    Field("from", "启用日期", "In use from", DAY, future=True),
    _ACTIVE,
)

NOTICE = _for_all(
    "notice",
    "通知",
    "Notice",
    Field("title", "标题", "Title", text(200), required=True),
    Field("kind", "栏目", "Section", choice(words.NOTICE_KINDS)),
    Field("text", "正文", "Text", text(50_000)),
    Field("at", "发布时间", "Published at", INSTANT),
    Field("until", "有效期至", "Shown until", DAY, future=True),
    Field("must_read", "须签阅", "To be signed as read", BOOLEAN),
    Field("month", "月份", "Month", MONTH),
    Field("digest", "附件摘要", "Digest of the file", DIGEST),
)
