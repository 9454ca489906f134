"""Decide how lines of the audit look as a table that leaves: one row a line, in words, ids where nothing is named. Pure."""

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any, NamedTuple

from server.audit_kinds import KINDS
from server.reports.csv_text import harmless
from server.reports.table import Table
from sync.documents import encode

_HEADS = ["时间", "账号", "人员", "平板", "事项", "涉及", "其他", "编号"]
_WIDTHS = [20, 14, 12, 12, 16, 44, 60, 34]
_ON = ("of", "record", "records", "document", "for_account", "for_member", "database", "db")
_ELSEWHERE = frozenset({*_ON, "type", "version", "kind", "at", "account", "member", "tablet"})


class Told(NamedTuple):
    names: Mapping[str, str]
    zone: tzinfo


def table_of(lines: Sequence[tuple[str, Mapping[str, Any]]], told: Told) -> Table:
    """`lines`: (id, content)."""
    return Table("审计", _HEADS, _WIDTHS, [_row(line, content, told) for line, content in lines])


def csv_of(table: Table) -> bytes:
    out = io.StringIO()
    write = csv.writer(out, lineterminator="\r\n").writerow
    for row in (table.heads, *table.rows):
        write([harmless(cell) for cell in row])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _row(line: str, content: Mapping[str, Any], told: Told) -> list[str]:
    at = datetime.fromisoformat(str(content["at"])).astimezone(told.zone)
    kind = str(content.get("kind", ""))
    member = str(content.get("member", ""))
    concerned = [str(one) for name in _ON for one in _list(content.get(name))]
    rest = {name: value for name, value in content.items() if name not in _ELSEWHERE}
    return [
        f"{at:%Y-%m-%d %H:%M:%S}",
        str(content.get("account", "")),
        told.names.get(f"member:{member}", member),
        str(content.get("tablet", "")),
        KINDS.get(kind, (kind, kind))[0],
        "、".join(f"{told.names[one]}（{one}）" if one in told.names else one for one in concerned),
        encode(rest).decode() if rest else "",
        line,
    ]


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else [] if value is None else [value]
