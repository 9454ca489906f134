"""Decide how one logs in at `/sync`: as at CouchDB, by name and password or by its `_session`."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

from server.couch.answers import Answer, ok
from server.couch.call import Call
from server.doorkeeper import Doorkeeper
from sync.errors import BadRequest


class SyncDoor:
    """The doorkeeper as `/sync` asks for it: log-in and log-out are CouchDB's `_session`."""

    def __init__(self, doorkeeper: Doorkeeper, lasts: timedelta) -> None:
        self._doorkeeper = doorkeeper
        self._lasts = lasts
        self.actor = doorkeeper.actor
        self.mark = doorkeeper.mark

    async def log_in(self, call: Call) -> Answer:
        """CouchDB, "POST /_session": a form or JSON with `name` and `password`."""
        if call.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            given: dict[str, Any] = dict(parse_qsl((await call.body()).decode("utf-8", "replace"), max_num_fields=8))
        else:
            given = await call.object(any_type=True)
        name, password = given.get("name", given.get("username")), given.get("password")
        if not isinstance(name, str) or not isinstance(password, str):
            raise BadRequest("A log-in has `name` and `password`.")
        actor, cookie = await self._doorkeeper.open_session(call, name, password, self._lasts)
        roles = ["_admin" if actor.administrator else actor.role]
        return ok({"ok": True, "name": actor.name, "roles": roles}, set_cookie=cookie)

    async def log_out(self, call: Call) -> Answer:
        return ok({"ok": True}, set_cookie=await self._doorkeeper.end_session(call))
