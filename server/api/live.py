"""Decide how a desk listens for what changes: as server-sent events, for as long as its log-in lasts (LV…)."""

from typing import Any

from litestar import Request, Router, get
from litestar.di import NamedDependency
from litestar.response import Stream

from server.api.base import caller_of, need_login
from server.services import Services
from sync.actor import Actor

EVENTS = "text/event-stream"
_HEADERS = {
    "cache-control": "no-store, no-transform",
    # nginx gathers an answer before it passes it on, unless it is told not to.
    "x-accel-buffering": "no",
}


@get("/live", media_type=EVENTS)
async def listen(
    request: Request[Any, Any, Any], services: NamedDependency[Services], actor: NamedDependency[Actor]
) -> Stream:
    """Server-sent events: `here` (`{"beat_seconds"}`) at the beginning, `changed` (`{"changes": [{"branch", "type"}]}`) when something that
    the actor may read has changed, `beat` in between, `ended` when the log-in has ended. Nothing tells what changed: ask for it."""
    return Stream(services.live.stream(caller_of(request), actor), media_type=EVENTS, headers=_HEADERS)


router = Router("/", route_handlers=[listen], guards=[need_login], tags=["live"])
