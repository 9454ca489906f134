"""The CouchDB that tests run on, where there is one."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote
from uuid import uuid4

import pycouchdb
import pytest

COUCHDB_URL = os.environ.get("COUCHDB_URL")


@contextmanager
def couch_prefix() -> Iterator[str]:
    """A prefix for databases that nobody else has; what bears it is dropped afterwards. Skips the test where there is no CouchDB."""
    if COUCHDB_URL is None:
        pytest.skip("set COUCHDB_URL, such as http://admin:secret@127.0.0.1:5984, to test on a CouchDB")
    prefix = f"test-{uuid4().hex[:12]}-"
    try:
        yield prefix
    finally:
        server = pycouchdb.Server(COUCHDB_URL.rstrip("/") + "/", verify=True)
        for name in list(server):
            if name.startswith(prefix):
                server.resource.delete(quote(name, safe=""))


def copy_databases(source: str, target: str) -> int:
    """Put databases whose names begin with `source` in the place of those that begin with `target`, local documents too: what a backup
    of a CouchDB, or restoring one, comes to. Returns how many."""
    server = pycouchdb.Server((COUCHDB_URL or "").rstrip("/") + "/", verify=True)
    names = list(server)
    for name in [one for one in names if one.startswith(target)]:
        server.resource.delete(quote(name, safe=""))
    copied = [one for one in names if one.startswith(source)]
    for name in copied:
        new = quote(target + name.removeprefix(source), safe="")
        server.resource.put(new)
        address = f"{(COUCHDB_URL or '').rstrip('/')}/"
        server.replicate(f"{address}{quote(name, safe='')}", f"{address}{new}")
        _, told = server.resource(quote(name, safe="")).get("_local_docs", params={"include_docs": "true"})
        for row in told["rows"]:
            held = {key: value for key, value in row["doc"].items() if key != "_rev"}
            server.resource(new).put(quote(row["id"], safe="/"), data=json.dumps(held).encode())
    return len(copied)


@contextmanager
def store_setting(kind: str) -> Iterator[str]:
    """What `--store` is told for this kind of store."""
    if kind == "sqlite":
        yield "sqlite"
        return
    with couch_prefix() as prefix:
        yield f"{(COUCHDB_URL or '').rstrip('/')}/{prefix}"
