"""Decide what an imported file is in the store: one document for the file, which keeps its bytes as an attachment, and its rows in
documents by month and branch, so that each is read by whom it concerns and none grows large."""

from schemas import vocabulary as words
from schemas.fields import REMOVED, Field, RecordType, Rule
from schemas.kinds import (
    ANYTHING,
    BRANCH,
    COUNT,
    DIGEST,
    INSTANT,
    MONTH,
    choice,
    integer,
    is_month,
    lines,
    reference,
    text,
)

_OVERSEERS = ("committee", "administrator")

IMPORT = RecordType(
    "import",
    "导入",
    "Import",
    (
        Field("kind", "内容", "What it holds", choice(words.IMPORT_KINDS), Rule.ONCE, required=True),
        Field("source", "来源", "Source", text(60), Rule.ONCE, required=True),
        Field("name", "文件名", "File name", text(200), Rule.ONCE, required=True),
        Field("digest", "内容摘要", "Digest of its bytes", DIGEST, Rule.ONCE, required=True),
        Field("reading", "所读内容摘要", "Digest of what was read in it", DIGEST, Rule.ONCE, required=True),
        Field("size", "字节数", "Bytes", integer(1, 200_000_000), Rule.ONCE),
        Field("media", "格式", "Format", text(100), Rule.ONCE),
        Field("sheet", "工作表", "Sheet", text(100), Rule.ONCE),
        Field("encoding", "编码", "Encoding", text(40), Rule.ONCE),
        Field("at", "导入时间", "Imported at", INSTANT, Rule.ONCE),
        Field("by", "导入人", "Imported by", text(60), Rule.ONCE),
        Field("months", "月份", "Months", lines(7, 240, is_month), Rule.ONCE, required=True),
        Field("rows", "行数", "Rows", COUNT, Rule.ONCE, required=True),
        Field("flagged", "有问题的行数", "Rows with problems", COUNT, Rule.ONCE, required=True),
        Field("parts", "分份数", "Documents of its rows", COUNT, Rule.ONCE, required=True),
        REMOVED,
    ),
    ("committee",),
    _OVERSEERS,
    _OVERSEERS,
    databases=("shared",),
    envelope=(),
)

IMPORT_ROWS = RecordType(
    "import_rows",
    "导入的行",
    "Imported rows",
    (
        Field("import", "所属导入", "Import", reference("import"), Rule.ONCE, required=True),
        Field("month", "月份", "Month", MONTH, Rule.ONCE),
        Field("branch", "支部", "Branch", BRANCH, Rule.ONCE),
        Field("rows", "行", "Rows", ANYTHING, Rule.ONCE, required=True),
    ),
    ("committee", "branch:=branch"),
    _OVERSEERS,
    (),
    databases=("shared",),
    envelope=(),
    once=True,
)
