"""Decide which documents an imported file becomes, and which of several imports counts for a month (IM…). Pure.

Ids follow from what was read and from the imports before it: the same file imported twice, or on two servers, makes the same documents;
one that is imported again after another has taken its place makes new ones.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from sync.documents import encode
from sync.imports.matters import Reading, Row
from sync.reconcile.explain import removed
from sync.stores.contract import Attachments, Edit

ROWS_OF_A_PART = 500
ATTACHMENT = "file"

_sorted = msgspec.json.Encoder(order="sorted").encode


class Known(NamedTuple):
    """What of an import decides whether it counts. `order`: the stamp of its creation; `reading`: a digest of what was read in it."""

    id: str
    source: str
    months: tuple[str, ...]
    order: str
    withdrawn: bool
    parts: int
    reading: str


class File(NamedTuple):
    """The file as it came, and where from. `by`: the account that imports it."""

    name: str
    source: str
    media: str
    size: int
    digest: str
    at: str
    by: str


def known_of(doc: str, body: Mapping[str, Any]) -> Known | None:
    """None for a body that is no import."""
    fields, stamps = body.get("fields"), body.get("stamps")
    if body.get("type") != "import" or not isinstance(fields, dict):
        return None
    months = fields.get("months")
    source, reading, parts = fields.get("source"), fields.get("reading"), fields.get("parts")
    order = stamps.get("") if isinstance(stamps, dict) else None
    return Known(
        doc,
        source if isinstance(source, str) else "",
        tuple(sorted({one for one in months if isinstance(one, str)})) if isinstance(months, list) else (),
        order if isinstance(order, str) else "",
        _is_withdrawn(body, fields),
        parts if type(parts) is int else 0,
        reading if isinstance(reading, str) else "",
    )


def standing(known: Iterable[Known]) -> dict[tuple[str, str], str]:
    """{(source, month): the import that counts}: the latest that is not withdrawn."""
    told = sorted((one for one in known if not one.withdrawn), key=lambda one: (one.order, one.id))
    return {(one.source, month): one.id for one in told for month in one.months}


def is_unchanged(reading: Reading, file: File, known: Sequence[Known]) -> str | None:
    """The import that says the same already and counts for all of its months; else None."""
    counts = standing(known)
    held = {counts.get((file.source, month)) for month in reading.months}
    mark = reading_digest(reading, file)
    return next((one.id for one in known if held == {one.id} and one.reading == mark), None)


def reading_digest(reading: Reading, file: File) -> str:
    """What is told apart: the same bytes read otherwise, since the directory knows a window now, are another import."""
    return f"sha256-{hashlib.sha256(_sorted([file.digest, file.source, reading.rows])).hexdigest()}"


def documents(reading: Reading, file: File, known: Sequence[Known], stamp: str, attached: Attachments) -> list[Edit]:
    """The documents of the rows, then that of the file, which makes them count."""
    mark = reading_digest(reading, file)
    before = sorted(one.id for one in known if one.source == file.source and set(one.months) & set(reading.months))
    name = hashlib.sha256(_sorted(["matters", mark, before])).hexdigest()[:24]
    parts = list(_parts(reading.rows))
    envelope = {"version": 1, "device": "server", "stamps": {"": stamp}, "replaced": []}
    made = []
    for number, (month, branch, rows) in enumerate(parts):
        fields: dict[str, Any] = {"import": f"import:{name}", "rows": msgspec.to_builtins(rows)}
        fields |= {key: value for key, value in (("month", month), ("branch", branch)) if value}
        made.append(_edit(f"import_rows:{name}.{number}", {**envelope, "type": "import_rows", "fields": fields}))
    told = {
        "kind": "matters",
        "source": file.source,
        "name": file.name,
        "digest": file.digest,
        "reading": mark,
        "size": file.size,
        "media": file.media,
        "sheet": reading.sheet,
        "encoding": reading.encoding,
        "at": file.at,
        "by": file.by,
        "months": reading.months,
        "rows": len(reading.rows),
        "flagged": sum(1 for row in reading.rows if row.problems),
        "parts": len(parts),
    }
    fields = {name: value for name, value in told.items() if value != ""}
    return [*made, _edit(f"import:{name}", {**envelope, "type": "import", "fields": fields}, attached)]


def _parts(rows: Sequence[Row]) -> Iterable[tuple[str, str, list[Row]]]:
    """(month, branch, rows): a branch reads its own; what belongs to none is the committee's."""
    groups: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        groups[row.month, row.branch].append(row)
    for (month, branch), many in sorted(groups.items()):
        for at in range(0, len(many), ROWS_OF_A_PART):
            yield month, branch, many[at : at + ROWS_OF_A_PART]


def _edit(doc: str, body: dict[str, Any], attached: Attachments | None = None) -> Edit:
    return Edit(doc, None, body, encode(body), False, attached or {})


def _is_withdrawn(body: Mapping[str, Any], fields: Mapping[str, Any]) -> bool:
    if not isinstance(fields.get("withdrawn"), dict):
        return False
    try:
        return removed(dict(body)).in_force
    except ValueError:
        # A value that no two programs hash alike: nothing says that it is in force.
        return False
