"""The store for a province: databases of a CouchDB 3.5, a single node or a cluster."""

from sync.stores.couchdb.store import CouchStore

__all__ = ["CouchStore"]
