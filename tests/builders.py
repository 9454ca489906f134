"""Values that tests are made of: records, actors, and a store with the databases of a small centre."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from schemas import example
from sync.actor import Actor, Role
from sync.admission import Admission
from sync.databases import audience_of
from sync.directory import Directory
from sync.documents import parse_write
from sync.erasure import Erasures
from sync.stores.contract import Store, Write
from sync.stores.sqlite import SqliteStore

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
_numbers = count(1)


def stamp(member: str = "m0117", device: str = "t5d2c", at: datetime = NOW, number: int = 0) -> str:
    return f"{int(at.timestamp() * 1000):015d}.{number:04d}-{device}-{member}-{next(_numbers):04x}"


def record(
    kind: str = "visit", *, author: str = "m0117", branch: str = "b03", fields: dict[str, Any] | None = None
) -> dict[str, Any]:
    """A sound record of its type, as a tablet makes it, with an id of its own."""
    body: dict[str, Any] = dict(example(kind))
    prefix = body["_id"].partition(":")[0]
    body["_id"] = f"{prefix}:{next(_numbers):026d}"
    body |= {"branch": branch, "author": author, "stamps": {"": stamp(author)}}
    body.pop("replaced", None)
    body["fields"] = {**body["fields"], **(fields or {})}
    return body


def write(body: dict[str, Any], *path: str, deleted: bool = False) -> Write:
    """A record as a revision that a tablet pushes; `path` newest first, `1-a` where none is named."""
    revs = path or ("1-a",)
    ids = [rev.partition("-")[2] for rev in revs]
    start = int(revs[0].partition("-")[0])
    doc = {**body, "_rev": revs[0], "_revisions": {"start": start, "ids": ids}}
    return parse_write({**doc, "_deleted": True} if deleted else doc)


def actor(directory: Directory, name: str, role: Role = "member", branch: str | None = "b03") -> Actor:
    member = None if role == "administrator" else name
    return Actor(name, role, directory.principals(member, role, branch), member, branch, f"t{name}")


class Centre:
    """An opened store with the databases of two branches, and the rights that hold in it."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.directory = Directory(store, lambda: NOW, "Asia/Shanghai")
        self.erasures = Erasures(store)
        self.admission = Admission(store, self.directory, self.erasures, lambda: NOW)

    def actor(self, name: str, role: Role = "member", branch: str | None = "b03") -> Actor:
        return actor(self.directory, name, role, branch)


@asynccontextmanager
async def centre(directory: Path) -> AsyncIterator[Centre]:
    store = SqliteStore(directory, audience_of)
    await store.open()
    for name in ("office", "centre", "shared", "branch-b03", "branch-b04"):
        if name not in await store.databases():
            await store.create(name)
    made = Centre(store)
    await made.erasures.load()
    await made.directory.load()
    yield made
    await store.close()
