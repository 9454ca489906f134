"""Decide how databases are made, dropped and listed: through pycouchdb, which blocks, on threads.

pycouchdb has traps: it verifies no certificate unless told to, takes an error without a JSON body for success, and quotes no names.
Each is shut here. What is rare goes this way; the hot path and the streams go through `wire`.
"""

import asyncio
import threading
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import quote

from pycouchdb.client import Server
from pycouchdb.exceptions import Conflict as PyConflict
from pycouchdb.exceptions import Error as PyError
from pycouchdb.exceptions import NotFound as PyNotFound

from sync.documents import encode
from sync.errors import AlreadyExists, NotFound, StoreUnavailable

T = TypeVar("T")

TIMEOUT_SECONDS = 30.0
_ADMINISTRATORS_ONLY = {"admins": {"roles": ["_admin"]}, "members": {"roles": ["_admin"]}}


class Admin:
    def __init__(self, url: str, prefix: str, shown: str) -> None:
        self._url = url.rstrip("/") + "/"
        self._prefix = prefix
        self._shown = shown
        self._local = threading.local()

    async def databases(self) -> list[str]:
        """Names without the prefix, of databases that have it; CouchDB's own are left out."""
        names = await self._run(lambda server: _checked(server.resource.get("_all_dbs")))
        cut = len(self._prefix)
        return [name[cut:] for name in names if name.startswith(self._prefix) and not name.startswith("_")]

    async def create(self, db: str) -> None:
        """Make a database that only the server's own account reaches. Raises AlreadyExists."""

        def make(server: Any) -> None:
            name = quote(self._prefix + db, safe="")
            try:
                _checked(server.resource.put(name))
            except PyConflict:
                raise AlreadyExists(database=db) from None
            # CouchDB's own default; setting what is set would count as a change, and positions would begin at 2.
            if _checked(server.resource(name).get("_security")) != _ADMINISTRATORS_ONLY:
                _checked(server.resource(name).put("_security", data=encode(_ADMINISTRATORS_ONLY)))

        await self._run(make)

    async def drop(self, db: str) -> None:
        """Raises NotFound."""

        def remove(server: Any) -> None:
            try:
                _checked(server.resource.delete(quote(self._prefix + db, safe="")))
            except PyNotFound:
                raise NotFound("Database does not exist.", database=db) from None

        await self._run(remove)

    async def _run(self, work: Callable[[Any], T]) -> T:
        return await asyncio.to_thread(self._work, work)

    def _work(self, work: Callable[[Any], T]) -> T:
        server = getattr(self._local, "server", None)
        try:
            if server is None:
                # A session of `requests` is not made for several threads.
                server = self._local.server = Server(self._url, verify=True, timeout=TIMEOUT_SECONDS)
            return work(server)
        except (OSError, PyError) as error:  # requests' own errors are OSErrors
            raise StoreUnavailable(f"CouchDB at {self._shown} cannot be reached or refuses: {error}") from error


def _checked(answered: tuple[Any, Any]) -> Any:
    """The JSON of an answer; one that is no success, or no JSON, is an error."""
    response, result = answered
    if response.status_code >= 300 or result is None:
        raise PyError(f"status {response.status_code}")
    return result
