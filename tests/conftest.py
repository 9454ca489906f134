"""Fixtures that many tests share. The store fixture runs a test on every store there is."""

import shutil
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from sync.stores.contract import Readers, Store
from sync.stores.couchdb import CouchStore
from sync.stores.sqlite import SqliteStore
from tests.browser import HINDERED, Tablet, tablets
from tests.couchdb import COUCHDB_URL, couch_prefix, store_setting
from tests.desk import Desk, desk
from tests.serving import PASSWORD, Served, command, served
from tests.working import Working, working

STAFF = [
    ("admin", "administrator", ""),
    ("li", "member", "m0117"),
    ("wang", "member", "m0042"),
    ("song", "secretary", "m0001"),
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What failed in a browser is played once more, and told at the end: a page that was pressed too early says nothing of the product.

    Nothing is played again where such presses are what is looked for.
    """
    for item in items:
        if item.get_closest_marker("browser") and not HINDERED:
            item.add_marker(pytest.mark.flaky(reruns=1))


def audience_of(db: str, content: Mapping[str, Any]) -> Readers | None:
    """Rules of the contract tests: in a database whose name begins with `ruled`, a document lists its readers itself."""
    if not db.startswith("ruled"):
        return None
    return frozenset(content.get("readers", ["administrator"]))


@pytest.fixture(params=["sqlite", pytest.param("couchdb", marks=pytest.mark.couchdb)])
def store_address(request: pytest.FixtureRequest) -> Iterator[str]:
    """What `--store` is told, of every kind of store there is."""
    with store_setting(request.param) as store:
        yield store


@pytest.fixture(params=["sqlite", pytest.param("couchdb", marks=pytest.mark.couchdb)])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    if request.param == "couchdb":
        async with couch_store(tmp_path) as couch:
            yield couch
        return
    opened = SqliteStore(tmp_path / "store", audience_of)
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
async def one(tmp_path: Path) -> AsyncIterator[Working]:
    """A worker and its ledger over a store."""
    async with working(tmp_path) as made:
        yield made


@pytest.fixture
async def here(store_address: str, tmp_path: Path) -> AsyncIterator[Desk]:
    """A centre at work, on every store there is. A module that wants it otherwise has a fixture of its own."""
    async with desk(tmp_path / "data", store_address) as made:
        yield made


@pytest.fixture(scope="session")
def staffed_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data of a server with an administrator and with members of branch b03, all with PASSWORD. Copied, not used."""
    data = tmp_path_factory.mktemp("staffed") / "data"
    for name, role, member in STAFF:
        of = ["--branch", "b03", "--member", member] if member else []
        done = command("user", "add", name, "--role", role, *of, "--password-stdin", data=data, stdin=PASSWORD)
        assert done.returncode == 0, done.stderr
    return data


@pytest.fixture
def staffed(tmp_path: Path, staffed_data: Path) -> Iterator[Served]:
    """A server as a user starts it, with the accounts of `staffed_data`."""
    shutil.copytree(staffed_data, tmp_path / "data")
    with served(tmp_path / "data") as running:
        yield running


@pytest.fixture
async def make(tmp_path: Path, staffed: Served) -> AsyncIterator[Callable[..., Tablet]]:
    """Makes tablets of that branch, each a Chromium with a disk of its own: `make("t1")`."""
    async with tablets(tmp_path, staffed.url) as made:
        yield made


@asynccontextmanager
async def couch_store(tmp_path: Path, url: str | None = None) -> AsyncIterator[CouchStore]:
    """A store on the CouchDB of COUCHDB_URL, or on that of `url`, under a prefix of its own; its databases are dropped afterwards."""
    with couch_prefix() as prefix:
        opened = CouchStore(url or COUCHDB_URL or "", audience_of, prefix=prefix, sidecar=tmp_path / "readers.sqlite3")
        await opened.open()
        yield opened
        await opened.close()
