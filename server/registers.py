"""Decide how a register (members, subjects) is imported: planned from what the file and the store say, shown, and written only as it was
shown, every change as an edit like any other, through the same door as a tablet's (IM…).

The file itself is not kept: it may hold what is promised to stay out. What an import did lies in `office` as `register_import:<id>`, by
ids, written before the first change and completed after the last, so that one that stopped half-way is known and can be done again.
"""

import asyncio
import hashlib
from collections.abc import Mapping
from datetime import date
from typing import Any, Literal, NamedTuple

from schemas import rule_of, upgrade
from schemas.vocabulary import SUBJECT_KINDS
from server.services import Services
from sync.actor import Actor
from sync.databases import CENTRE, SHARED
from sync.documents import content_of, encode
from sync.errors import BadRequest, Conflict, FieldbookError, Forbidden
from sync.imports.members import Known, plan_members
from sync.imports.registers import WRITTEN, Plan, Writing
from sync.imports.subjects import Held, plan_subjects
from sync.imports.tables import sheets
from sync.reconcile.body import stamps_of
from sync.reconcile.edit import create, edit
from sync.reconcile.explain import open_disputes, removed
from sync.reconcile.joining import joined
from sync.reconcile.stamps import next_stamp
from sync.stores.contract import LEAVES, Edit, Range, Want, Written

Kind = Literal["members", "subjects"]
PREFIX = "register_import"
_BATCH = 200
_LOOKED_BACK = 100


class Asked(NamedTuple):
    """`branch`: whose subjects they are, "" for members; `of`: the kind of all subjects, where no column says it."""

    kind: Kind
    branch: str
    name: str
    sheet: str
    of: str | None


class Done(NamedTuple):
    """`completed`: an import of this file had stopped half-way; `failed`: {row: why} of what changed in the very moment."""

    id: str
    completed: bool
    failed: dict[int, str]


async def look(services: Services, data: bytes, asked: Asked) -> Plan:
    """What the file would change now. Raises BadRequest or TooLarge for a file that is refused as a whole."""
    known = await _known(services, asked)
    file = hashlib.sha256(data).hexdigest()
    now, today = services.now(), _today(services)

    def read() -> Plan:
        found = sheets(data, asked.sheet)
        if isinstance(known, Known):
            return plan_members(found, known, file, now, today)
        return plan_subjects(found, known, asked.branch, file, asked.of, now)

    async with services.reading:
        return await asyncio.to_thread(read)


async def bring_in(
    services: Services, actor: Actor, data: bytes, asked: Asked, previewed: str | None
) -> tuple[Plan, Done | None]:
    """Write what the file changes; None where that is nothing. `previewed`: the digest of the plan that was shown. Raises Conflict, with
    nothing written, when it would be another by now."""
    async with services.importing:
        plan = await look(services, data, asked)
        if previewed is not None and previewed != plan.digest:
            zh = "预览之后名册有了变化（可能有人刚导入或修改），未导入：请重新预览"
            raise Conflict(
                f"{zh} / The register has changed since the preview: look at it again.", code="changed_since"
            )
        half = await _half_done(services, data, asked)
        if not plan.writings and half is None:
            return plan, None
        run = await _begin(services, actor, data, asked, plan, half)
        failed: dict[int, str] = {}
        for at in range(0, len(plan.writings), _BATCH):
            failed |= await _write(services, actor, plan.writings[at : at + _BATCH])
        told = {"failed": sorted(failed), "state": "done"}
        await services.office.change(run, lambda content: content.update(told))
        counts = {outcome: plan.count(outcome) for outcome in WRITTEN}
        await services.audit.write("import", actor, of=run, register=asked.kind, branch=asked.branch or None, **counts)
        return plan, Done(run, half is not None, failed)


def may_import(actor: Actor, kind: Kind, branch: str) -> bool:
    """Administrators any register; a branch's secretary and deputy its subjects."""
    return actor.administrator or (kind == "subjects" and f"secretary:{branch}" in actor.principals)


def need_right(actor: Actor, kind: Kind, branch: str) -> None:
    """Raises Forbidden."""
    if not may_import(actor, kind, branch):
        raise Forbidden(
            "人员由管理员导入，服务对象由管理员或本支部书记导入 / Members are imported by administrators, subjects by "
            "administrators and the branch's secretary."
        )


async def _known(services: Services, asked: Asked) -> Known | list[Held]:
    if asked.kind == "members":
        told = {kind: await _documents(services, CENTRE, kind) for kind in ("member", "branch", "window", "unit")}
        disputed = {doc: _disputed(body) for doc, (_, body) in told["member"].items()}
        members = {doc: (rev, _fields(body)) for doc, (rev, body) in told["member"].items()}
        branches, windows, units = (
            {doc: _fields(body) for doc, (_, body) in told[kind].items()} for kind in ("branch", "window", "unit")
        )
        return Known(members, branches, windows, units, disputed)
    if f"branch-{asked.branch}" not in await services.store.databases():
        raise BadRequest(f"没有支部 {asked.branch} / There is no branch {asked.branch}.", code="no_branch")
    found: list[Held] = []
    for db in (f"branch-{asked.branch}", SHARED):
        for kind in SUBJECT_KINDS:
            for doc, (rev, body) in (await _documents(services, db, kind)).items():
                ours = body.get("branch") == asked.branch or _fields(body).get(f"branches/{asked.branch}") is True
                if db != SHARED or ours:
                    found.append(Held(db, doc, rev, body, _withdrawn(body), _disputed(body)))
    return found


async def _documents(services: Services, db: str, kind: str) -> dict[str, tuple[str, dict[str, Any]]]:
    """{id: (revision, body in its current shape)}."""
    rows, _, _ = await services.store.rows(db, Range(f"{kind}:", f"{kind};", inclusive_end=False), bodies=True)

    def read() -> dict[str, tuple[str, dict[str, Any]]]:
        return {row.id: (row.rev, dict(upgrade(content_of(row.body or b"{}")))) for row in rows}

    return await asyncio.to_thread(read)


async def _begin(services: Services, actor: Actor, data: bytes, asked: Asked, plan: Plan, half: str | None) -> str:
    """The document of this import, as begun."""
    rows = [[one.row, one.outcome, one.id] for one in plan.entries if one.outcome in WRITTEN]
    counts = {outcome: plan.count(outcome) for outcome in (*WRITTEN, "unchanged", "flagged")}
    if half is not None:

        def more(content: dict[str, Any]) -> None:
            before = content.get("rows", [])
            content["rows"] = before + [one for one in rows if one[2] not in {held[2] for held in before}]
            content["completed_by"] = actor.name

        await services.office.change(half, more)
        return half
    now = services.now()
    doc = f"{PREFIX}:{int(now.timestamp() * 1000):014d}-{services.random_hex(4)}"
    told = {
        "type": PREFIX,
        "version": 1,
        "kind": asked.kind,
        "branch": asked.branch,
        "name": _plain(asked.name),
        "sheet": plan.table.sheet.name,
        "digest": hashlib.sha256(data).hexdigest(),
        "at": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "by": actor.name,
        "counts": counts,
        "rows": rows,
        "state": "begun",
    }
    await services.office.make(doc, told)
    return doc


async def _half_done(services: Services, data: bytes, asked: Asked) -> str | None:
    digest = hashlib.sha256(data).hexdigest()
    for held in await services.office.newest(PREFIX, None, _LOOKED_BACK):
        same = (held.content.get("kind"), held.content.get("branch"), held.content.get("digest"))
        if held.content.get("state") == "begun" and same == (asked.kind, asked.branch, digest):
            return held.id
    return None


async def _write(services: Services, actor: Actor, writings: list[Writing]) -> dict[int, str]:
    """{row: why} of what was not taken."""
    failed: dict[int, str] = {}
    for db in sorted({one.db for one in writings}):
        here = [one for one in writings if one.db == db]
        held = await services.store.get(db, [Want(one.id, LEAVES) for one in here])
        edits = []
        for one, found in zip(here, held, strict=True):
            alive = [leaf for leaf in found.revisions if not leaf.deleted]
            stamp = _stamp(services, actor, stamps_of(joined(found)) if alive else set())
            if alive:
                leaves = [dict(upgrade(content_of(leaf.body))) for leaf in found.revisions]
                body = edit(leaves, one.values, stamp, rule_of=rule_of)
            else:
                body = create(_envelope(one, actor), one.values, stamp)
            edits.append(Edit(one.id, alive[0].rev if alive else None, body, encode(body)))
        for one, result in zip(here, await services.admission.push(actor, db, edits), strict=True):
            if isinstance(result, FieldbookError):
                failed[one.row] = result.reason
            else:
                assert isinstance(result, Written)
    return failed


def _envelope(one: Writing, actor: Actor) -> dict[str, Any]:
    if one.kind == "member":
        return {"type": "member", "version": 1}
    branch = one.db.removeprefix("branch-")
    author = actor.member or "administrator"
    return {"type": "subject", "version": 1, "branch": branch, "author": author, "device": "desk"}


def _stamp(services: Services, actor: Actor, known: set[str]) -> str:
    clock_ms = int(services.now().timestamp() * 1000)
    who = actor.member or "administrator"
    return next_stamp(clock_ms, "", known, "desk", who, lambda below: int(services.random_hex(8), 16) % below)


def _fields(body: Mapping[str, Any]) -> dict[str, Any]:
    fields = body.get("fields")
    return fields if isinstance(fields, dict) else {}


def _disputed(body: dict[str, Any]) -> frozenset[str]:
    if not body.get("replaced"):
        return frozenset()
    found = open_disputes(body)
    return frozenset(found.paths) if found is not None else frozenset()


def _withdrawn(body: dict[str, Any]) -> bool:
    if not isinstance(_fields(body).get("withdrawn"), dict):
        return False
    try:
        return removed(body).in_force
    except ValueError:
        return False


def _today(services: Services) -> date:
    return services.now().astimezone(services.ledger.zone).date()


def _plain(name: str) -> str:
    return name.replace("\\", "/").rpartition("/")[2].strip()[:200] or "-"
