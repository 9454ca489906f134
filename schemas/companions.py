"""Decide what accompanies a record: ratings, signatures, photos, checks, review decisions, assignments and joint cases.

A companion is read by whoever reads its record: it carries the set `readers/<principal>`, which the server keeps up to
date.
"""

from schemas import vocabulary as words
from schemas.fields import READERS_KEPT, REMOVED, Field, RecordType, Rule, coded, items, members_of
from schemas.kinds import (
    ANYTHING,
    BRANCH,
    DAYS,
    DIGEST,
    INSTANT,
    ITEM_OF,
    MEMBER,
    PLACE,
    PRINCIPAL,
    RECORD,
    STROKES,
    choice,
    integer,
    reference,
    scale,
    text,
)

_RECORD = Field("record", "所属记录", "Record", RECORD, required=True)
_READERS = members_of("readers", "可见范围", "Readers", PRINCIPAL)
_AS_THE_RECORD = ("member:@author", "secretary:@branch", READERS_KEPT)
_BOTH = ("branch", "shared")
_MEMBERS = ("branch:@branch",)
_REVIEWERS = ("secretary:@branch", "committee")
_SERVER = ("server",)

RATING = RecordType(
    "rating",
    "好差评",
    "Rating",
    (
        _RECORD,
        Field("score", "评价", "Rating", scale(words.SCORES), Rule.ONCE, required=True),
        Field("comment", "意见", "Comment", text(2000), Rule.ONCE),
        Field("channel", "评价渠道", "Channel", choice(words.RATING_CHANNELS), Rule.ONCE),
        Field("at", "评价时间", "Given at", INSTANT, Rule.ONCE),
        _READERS,
    ),
    _AS_THE_RECORD,
    _MEMBERS,
    (),
    databases=_BOTH,
    once=True,
)

SIGNATURE = RecordType(
    "signature",
    "签名",
    "Signature",
    (
        _RECORD,
        Field("purpose", "用途", "Purpose", choice(words.SIGNATURE_PURPOSES), Rule.ONCE, required=True),
        Field("strokes", "笔迹", "Strokes", STROKES, Rule.ONCE),
        Field("digest", "图像摘要", "Digest of the image", DIGEST, Rule.ONCE),
        Field("signer", "签名人", "Signed by", text(60), Rule.ONCE),
        Field("party", "所属单位", "On behalf of", text(100), Rule.ONCE),
        Field("at", "签名时间", "Signed at", INSTANT, Rule.ONCE),
        _READERS,
    ),
    _AS_THE_RECORD,
    _MEMBERS,
    (),
    databases=_BOTH,
    once=True,
)

PHOTO = RecordType(
    "photo",
    "照片",
    "Photo",
    (
        _RECORD,
        Field("digest", "内容摘要", "Digest of its bytes", DIGEST, Rule.ONCE, required=True),
        Field("size", "字节数", "Bytes", integer(1, 200_000_000), Rule.ONCE),
        Field("media", "格式", "Format", choice(words.PHOTO_TYPES), Rule.ONCE),
        Field("width", "宽", "Width", integer(1, 100_000), Rule.ONCE),
        Field("height", "高", "Height", integer(1, 100_000), Rule.ONCE),
        Field("at", "拍摄时间", "Taken at", INSTANT, Rule.ONCE),
        Field("place", "位置", "Place", PLACE, Rule.ONCE),
        Field("caption", "说明", "Caption", text(500)),
        _READERS,
        REMOVED,
    ),
    _AS_THE_RECORD,
    _MEMBERS,
    ("member:@author",),
    databases=(*_BOTH, "photos"),
)

CHECK = RecordType(
    "check",
    "核查",
    "Check",
    (_RECORD, Field("problems", "问题", "Problems", ANYTHING, required=True), _READERS),
    ("secretary:@branch", READERS_KEPT),
    _SERVER,
    _SERVER,
    databases=_BOTH,
    envelope=("branch",),
)

REVIEW = RecordType(
    "review",
    "审核意见",
    "Review decision",
    (
        _RECORD,
        Field("decision", "决定", "Decision", choice(words.DECISIONS), Rule.ONCE, required=True),
        Field("seen", "所见内容摘要", "Hash of what was seen", DIGEST, Rule.ONCE),
        Field("at", "时间", "Decided at", INSTANT, Rule.ONCE),
        Field("text", "意见", "Remarks", text(5000), Rule.ONCE),
        *items(
            "remarks",
            Field("field", "针对的字段", "Field", text(200)),
            Field("text", "意见", "Remark", text(2000), required=True),
        ),
        Field("settles", "裁定的字段与所见修改", "Field settled, and the writes seen", ANYTHING, Rule.ONCE),
        members_of("records", "涉及的记录", "Records joined or split", RECORD),
        Field("same_as", "归一到", "Is the same as", reference(*words.SUBJECT_KINDS), Rule.ONCE),
        Field("supersedes", "取代的决定", "Supersedes", reference("review"), Rule.ONCE),
        Field("missing", "当时尚未同步的平板", "Tablets not yet heard of then", ANYTHING, Rule.ONCE),
        _READERS,
    ),
    (*_AS_THE_RECORD, "committee"),
    _REVIEWERS,
    (),
    databases=_BOTH,
    once=True,
)

ASSIGNMENT = RecordType(
    "assignment",
    "交办",
    "Assignment",
    (
        Field("kind", "类型", "Kind", choice(words.ASSIGNMENT_KINDS), Rule.ONCE, required=True),
        Field("member", "承办人", "Assigned to", MEMBER, Rule.ONCE, required=True),
        Field(
            "subject", "对象", "Subject", reference(*words.SUBJECT_KINDS, "branch", "window", "unit", "case"), Rule.ONCE
        ),
        Field("record", "所属记录", "Record", RECORD, Rule.ONCE),
        Field("problem", "问题", "Problem", ITEM_OF, Rule.ONCE),
        Field("text", "要求", "What is to be done", text(2000), Rule.ONCE),
        Field("days", "起止日期", "From and until", DAYS, Rule.ONCE, future=True),
        Field("state", "状态", "State", choice(words.ASSIGNMENT_STATES), Rule.ONCE),
        Field("supersedes", "取代的交办", "Supersedes", reference("assignment"), Rule.ONCE),
        _READERS,
    ),
    (*_AS_THE_RECORD, "member:=member", "committee"),
    _REVIEWERS,
    (),
    databases=_BOTH,
    once=True,
)

CASE = RecordType(
    "case",
    "联合踏勘",
    "Joint survey",
    (
        Field("subject", "踏勘对象", "What is surveyed", reference(*words.SUBJECT_KINDS), required=True),
        Field("matter", "办理事项", "Matter", text(200), required=True),
        members_of("parties", "参与支部", "Parties (branches)", BRANCH),
        *items(
            "outside",
            Field("name", "无账号的参与单位", "Party without an account", text(100), required=True),
            Field("contact", "联系人", "Contact", text(60)),
        ),
        *coded("checklist", Field("text", "踏勘事项", "Item of the checklist", text(500), required=True)),
        *items("needs", Field("text", "一次性告知事项", "What is needed", text(500), required=True)),
        Field("limit", "办理时限", "Time limit", INSTANT, future=True),
        Field("announced", "告知时间", "Announced at", INSTANT, Rule.ONCE),
        # A conclusion is issued once: the first stands, and what comes later is an addendum.
        Field("conclusion", "联合结论", "Joint conclusion", choice(words.CONCLUSIONS), Rule.ONCE),
        Field("conclusion_text", "结论说明", "Conclusion in words", text(5000), Rule.ONCE),
        Field("issued", "出具时间", "Issued at", INSTANT, Rule.ONCE),
        Field("basis", "结论所依据的意见", "Findings that it was concluded on", ANYTHING, Rule.ONCE),
        *items("addenda", Field("text", "补充意见", "Addendum", text(5000), required=True)),
        REMOVED,
    ),
    ("member:@author", "branch:@branch", "branch:parties/*", "committee"),
    ("branch:@branch",),
    ("member:@author", "secretary:@branch"),
    ("branch:parties/*",),
    frozenset({"addenda", "needs"}),
    databases=("shared",),
    envelope=("branch", "author", "zone"),
)
