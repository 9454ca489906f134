"""Decide what writing an entry of the directory has in common, whatever of it is written: the edit under a new stamp, and everything that
would be wrong with it (DI2)."""

from collections.abc import Mapping
from typing import Any

from schemas import check, check_dates, rule_of, upgrade
from server.api.base import Problem
from server.services import Services
from sync.actor import Actor
from sync.databases import CENTRE
from sync.documents import content_of
from sync.errors import BadRequest, NotFound
from sync.reconcile.body import stamps_of
from sync.reconcile.edit import edit
from sync.reconcile.stamps import next_stamp
from sync.stores.contract import Want


async def held_of(services: Services, doc: str) -> tuple[str, dict[str, Any]]:
    """The revision and body of an entry, in its current shape. Raises NotFound."""
    (held,) = await services.store.get(CENTRE, [Want(doc)])
    alive = next((one for one in held.revisions if not one.deleted), None)
    if alive is None:
        raise NotFound(document=doc)
    body = dict(upgrade(content_of(alive.body)))
    body.setdefault("fields", {})
    return alive.rev, body


def stamp_for(services: Services, actor: Actor, body: dict[str, Any] | None) -> str:
    """The stamp of an edit here: later than all in the body, if there is one."""
    clock_ms = int(services.now().timestamp() * 1000)
    known = set() if body is None else stamps_of(body)
    who = actor.member or "administrator"
    return next_stamp(clock_ms, "", known, "desk", who, lambda below: int(services.random_hex(8), 16) % below)


def edited(
    services: Services, actor: Actor, before: dict[str, Any], changes: dict[str, Any], *, new: bool
) -> dict[str, Any]:
    stamp = stamp_for(services, actor, None if new else before)
    if new:
        return {**before, "fields": changes, "stamps": {"": stamp}, "replaced": []}
    return dict(edit([before], changes, stamp, rule_of=rule_of))


async def check_entry(
    services: Services, doc: str, body: dict[str, Any], names: Mapping[str, str] | None = None
) -> None:
    """All that is wrong with it at once. `names`: what a field is called in the request, where that is not its path. Raises BadRequest."""
    found = check({**body, "_id": doc}) or check_dates(body, services.now())
    # What another tool wrote without stamps is stamped from its content: that is no clock that was not set.
    called = names or {}
    problems = [
        Problem(called.get(one.field, one.field), f"{one.zh} {one.en}") for one in found if one.field != "stamps"
    ]
    fields = body["fields"]
    named = {
        part: f"{part}:{fields[part]}" for part in ("branch", "window", "unit") if isinstance(fields.get(part), str)
    }
    wants = [Want(one if one.count(":") == 1 else one.partition(":")[2]) for one in named.values()]
    for part, there in zip(named, await services.store.get(CENTRE, wants, bodies=False) if wants else [], strict=True):
        if not any(not one.deleted for one in there.revisions):
            problems.append(Problem(part, "名录中没有，请先新建 is not in the directory: make it first"))
    if problems:
        raise BadRequest("This cannot be kept as it is: put right what is told.", code="invalid", problems=problems)
