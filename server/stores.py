"""Decide which store stands behind the settings: the one place that chooses."""

from urllib.parse import urlsplit, urlunsplit

from server.settings import Settings
from sync.databases import audience_of
from sync.errors import BadRequest
from sync.stores.contract import Store
from sync.stores.sqlite import SqliteStore


def open_store(settings: Settings) -> Store:
    """The store that the settings name; it is not open yet. What stands behind the host of a CouchDB's address is put before
    the names of all databases, so that several centres can share a cluster. Raises BadRequest."""
    if settings.store == "sqlite":
        return SqliteStore(settings.directory / "store", audience_of)
    parts = urlsplit(settings.store)
    if parts.scheme in ("http", "https") and parts.hostname:
        url = urlunsplit((parts.scheme, parts.netloc, "", "", ""))
        # It takes a third of a second to load, which is for nothing on the embedded store.
        from sync.stores.couchdb import CouchStore

        return CouchStore(
            url, audience_of, prefix=parts.path.strip("/"), sidecar=settings.directory / "readers.sqlite3"
        )
    # The address is not repeated in the message: it may hold a password.
    what = "--store is `sqlite`, or the address of a CouchDB: http://user:password@host:5984."
    raise BadRequest(what, code="bad_setting")
