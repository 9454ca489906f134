"""Fixtures that many tests share. The store fixture runs a test on every store there is."""

import os
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from sync.stores.contract import Readers, Store
from sync.stores.sqlite import SqliteStore

COUCHDB_URL = os.environ.get("COUCHDB_URL")


def audience_of(db: str, content: Mapping[str, Any]) -> Readers | None:
    """Rules of the contract tests: in a database whose name begins with `ruled`, a document lists its readers itself."""
    if not db.startswith("ruled"):
        return None
    return frozenset(content.get("readers", ["administrator"]))


@pytest.fixture(params=["sqlite", pytest.param("couchdb", marks=pytest.mark.couchdb)])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    if request.param == "couchdb":
        pytest.skip("the CouchDB half runs where COUCHDB_URL is set")
    opened = SqliteStore(tmp_path / "store", audience_of)
    await opened.open()
    yield opened
    await opened.close()
