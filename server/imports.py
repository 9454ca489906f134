"""Decide how an uploaded file becomes documents: read apart from everything else, tried before it is kept, kept through the same door as
any record."""

import asyncio
import base64
import hashlib
import json
from datetime import datetime
from typing import NamedTuple

from schemas import rule_of
from server.services import Services
from sync.actor import Actor
from sync.databases import CENTRE, SHARED
from sync.documents import content_of, encode
from sync.errors import BadRequest, Conflict, FieldbookError, NotFound
from sync.imports.cells import month_of
from sync.imports.documents import ATTACHMENT, File, Known, documents, is_unchanged, known_of, standing
from sync.imports.matters import Reading, Window, read_matters
from sync.imports.tables import media_of, sheets
from sync.reconcile.body import stamps_of
from sync.reconcile.edit import withdraw
from sync.reconcile.joining import joined
from sync.reconcile.stamps import next_stamp
from sync.stores.contract import LEAVES, Edit, NewAttachment, Range, Stub, Want, Written


class Taken(NamedTuple):
    """`id` is empty when nothing was kept; `unchanged`: the import that says the same already; `supersedes`: those whose months it
    takes."""

    reading: Reading
    id: str
    unchanged: str
    supersedes: list[str]


async def take_in(
    services: Services,
    actor: Actor,
    data: bytes,
    name: str,
    source: str,
    month: str | None,
    sheet: str = "",
    *,
    dry_run: bool,
) -> Taken:
    """Raises BadRequest or TooLarge for a file that is refused as a whole."""
    if month is not None and month_of(month) != month:
        raise BadRequest("月份应写作 2026-10 / a month is written 2026-10", code="bad_month")
    windows, known = await _windows(services), await _known(services)
    now = services.now()
    this_month = now.astimezone(services.ledger.zone).strftime("%Y-%m")
    async with services.reading:
        reading = await asyncio.to_thread(lambda: read_matters(sheets(data, sheet), windows, month, this_month))
    file = _file(data, name, source, actor, now)
    held = is_unchanged(reading, file, known)
    counts = standing(known)
    supersedes = sorted({counts[file.source, at] for at in reading.months if (file.source, at) in counts})
    if held is not None:
        return Taken(reading, "", held, [])
    if dry_run:
        return Taken(reading, "", "", supersedes)
    digest = "md5-" + base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()
    attached = {ATTACHMENT: NewAttachment(file.media, data, digest, len(data))}
    edits = documents(reading, file, known, _stamp(services, actor, [one.order for one in known]), attached)
    # The rows first: without the document of its file, which comes last, nothing of an import counts.
    await _add(services, actor, edits[:-1])
    await _add(services, actor, edits[-1:])
    return Taken(reading, edits[-1].id, "", supersedes)


async def take_back(services: Services, actor: Actor, doc: str, reason: str) -> None:
    """An import counts no more, and what it took the place of counts again. Raises NotFound; doing it twice does it once."""
    (found,) = await services.store.get(SHARED, [Want(doc, LEAVES)])
    alive = [one for one in found.revisions if not one.deleted]
    known = known_of(doc, joined(found)) if alive else None
    if known is None:
        raise NotFound(document=doc)
    if known.withdrawn:
        return
    stamp = _stamp(services, actor, sorted(stamps_of(joined(found))))
    body = withdraw([content_of(one.body) for one in found.revisions], stamp, reason, rule_of=rule_of)
    kept = {name: Stub() for name in alive[0].attachments}
    await _add(services, actor, [Edit(doc, alive[0].rev, body, encode(body), False, kept)])


async def _add(services: Services, actor: Actor, edits: list[Edit]) -> None:
    for result in await services.admission.push(actor, SHARED, edits):
        # A conflict: these very rows came before, and the server fell before the document of their file.
        if isinstance(result, FieldbookError) and not (isinstance(result, Conflict) and edits[0].parent is None):
            raise result
        assert isinstance(result, Written | Conflict)


async def _windows(services: Services) -> list[Window]:
    rows, _, _ = await services.store.rows(CENTRE, Range("window:", "window:\U0010ffff"), bodies=True)
    found = []
    for row in rows:
        fields = content_of(row.body or b"{}").get("fields")
        told = fields if isinstance(fields, dict) else {}
        found.append(Window(row.id, *(str(told.get(part) or "") for part in ("name", "number", "branch"))))
    return found


async def _known(services: Services) -> list[Known]:
    """Every import there is: some dozens a year."""
    rows, _, _ = await services.store.rows(SHARED, Range("import:", "import:\U0010ffff"), bodies=True)
    found = [known_of(row.id, json.loads(row.body or b"{}")) for row in rows]
    return [one for one in found if one is not None]


def _file(data: bytes, name: str, source: str, actor: Actor, now: datetime) -> File:
    digest = f"sha256-{hashlib.sha256(data).hexdigest()}"
    plain = name.replace("\\", "/").rpartition("/")[2].strip()[:200]
    at = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    return File(plain or "-", source, media_of(data), len(data), digest, at, actor.name[:60])


def _stamp(services: Services, actor: Actor, known: list[str]) -> str:
    """It comes after every import there is, so that a correction supersedes what it corrects whatever the clock says."""
    clock_ms = int(services.now().timestamp() * 1000)
    who = actor.member or "server"
    return next_stamp(clock_ms, "", known, "desk", who, lambda below: int(services.random_hex(8), 16) % below)
