"""Decide what a server tells of itself: whether it is well, what it counts, which records there are, what a tablet compares itself with."""

import logging
from importlib.metadata import version
from ipaddress import ip_address
from typing import Any

from litestar import MediaType, Request, Response, get
from litestar.di import NamedDependency

from schemas import json_schema
from server.api.base import caller_of
from server.doorkeeper import ADDRESS
from server.metrics import CONTENT_TYPE, metrics
from server.services import Services
from sync.databases import OFFICE
from sync.errors import Forbidden

log = logging.getLogger(__name__)


@get("/health", tags=["server"])
async def health(services: NamedDependency[Services]) -> Response[dict[str, str]]:
    """Whether the server answers. 200 while its store can be read; 503 when it is stopping or the store cannot be read."""
    try:
        await services.store.info(OFFICE)
    except Exception:
        log.exception("the store cannot be read")
        return Response({"status": "store unreadable"}, status_code=503)
    if services.stopping.is_set():
        return Response({"status": "stopping"}, status_code=503)
    return Response({"status": "ok"})


@get("/metrics", media_type=MediaType.TEXT, tags=["server"])
async def tell_metrics(request: Request[Any, Any, Any], services: NamedDependency[Services]) -> Response[str]:
    """Counts for Prometheus: to administrators, and without a log-in to this machine alone."""
    if "forwarded" in request.headers or "x-forwarded-for" in request.headers or not _is_here(ADDRESS.get()):
        actor = await services.doorkeeper.actor(caller_of(request))
        if actor is None or not actor.administrator:
            raise Forbidden("Metrics are for administrators, and for this machine.")
    return Response(await metrics(services), headers={"content-type": CONTENT_TYPE})


@get("/record-types", tags=["server"])
async def record_types() -> dict[str, Any]:
    """JSON Schema of every type of record, from the same definitions that records are checked by."""
    return json_schema()


@get("/about", tags=["server"])
async def about(services: NamedDependency[Services]) -> dict[str, str]:
    """What a tablet compares its clock and its store with."""
    time = services.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
    zone, incarnation = services.settings.zone, services.store.incarnation
    return {"name": "Fieldbook", "version": version("fieldbook"), "time": time, "zone": zone, "store": incarnation}


def _is_here(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False
