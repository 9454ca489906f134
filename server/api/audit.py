"""Decide how administrators read the audit: newest first, a page at a time."""

from typing import Annotated, Any

import msgspec
from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter

from server.api.base import need_administrator
from server.audit import PREFIX
from server.services import Services

PAGES_MAX = 20
"""Pages looked through for one answer, when few lines are wanted out of many."""


class Lines(msgspec.Struct, frozen=True):
    """`next`: give it as `before` to go on; none at the end."""

    lines: list[dict[str, Any]]
    next: str | None


@get("/audit")
async def read_audit(
    services: NamedDependency[Services],
    before: FromQuery[str | None] = None,
    kind: FromQuery[str | None] = None,
    account: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=1000)] = 100,
) -> Lines:
    """Lines of the audit, newest first; `kind` and `account` choose among them."""
    await services.audit.flush()
    lines: list[dict[str, Any]] = []
    for _ in range(PAGES_MAX):
        held = await services.office.newest(PREFIX, before, limit)
        for one in held:
            before = one.id
            if kind in (None, one.content.get("kind")) and account in (None, one.content.get("account")):
                lines.append({"id": one.id, **one.content})
            if len(lines) == limit:
                return Lines(lines, before)
        if len(held) < limit:
            return Lines(lines, None)
    return Lines(lines, before)


router = Router("/", route_handlers=[read_audit], guards=[need_administrator], tags=["audit"])
