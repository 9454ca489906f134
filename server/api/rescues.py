"""Decide how a rescue file comes in: as bytes, by whoever is logged in and has to do with it (RF…)."""

from typing import Any

from litestar import Request, Router, post
from litestar.di import NamedDependency

from server.api.base import need_login
from server.rescue import Rescued, take_in
from server.services import Services
from sync.actor import Actor
from sync.errors import TooLarge


@post("/rescues", guards=[need_login], status_code=200, request_max_body_size=None)
async def rescue(
    request: Request[Any, Any, Any], services: NamedDependency[Services], actor: NamedDependency[Actor]
) -> Rescued:
    """Take in a rescue file: what a tablet had not sent. The body is the file. Again, it changes nothing."""
    limit = services.settings.rescue_bytes_max
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > limit:
            raise TooLarge(f"A rescue file has {limit} bytes at most here: see the setting `rescue_bytes_max`.")
    return await take_in(services, actor, bytes(data))


router = Router("/", route_handlers=[rescue], tags=["tablets"])
