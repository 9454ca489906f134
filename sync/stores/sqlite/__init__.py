"""The embedded store: revision trees on one SQLite file in the server's own process."""

from sync.stores.sqlite.store import SqliteStore

__all__ = ["SqliteStore"]
