"""Decide what kind of database a name means, and so which rules hold in it (decision 3)."""

from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any, Literal

from schemas import readers
from sync.errors import AlreadyExists
from sync.stores.contract import Readers, Store

Kind = Literal["branch", "shared", "centre", "photos", "office", "plain"]

OFFICE = "office"
CENTRE = "centre"
SHARED = "shared"

_ADMINISTRATORS: Readers = frozenset({"administrator"})


@lru_cache(maxsize=4096)
def kind_of(db: str) -> Kind:
    """ "plain" is a CouchDB database without record rules, made and reached by administrators."""
    if db in ("office", "centre", "shared"):
        return db  # type: ignore[return-value]  # one of the three literals
    if db.startswith("branch-"):
        return "branch"
    return "photos" if db.startswith("photos-") else "plain"


def branch_of(db: str) -> str | None:
    """The branch that a `branch-<id>` or `photos-<id>` database belongs to."""
    head, _, branch = db.partition("-")
    return branch if head in ("branch", "photos") and branch else None


def audience_of(db: str, content: Mapping[str, Any]) -> Readers | None:
    """Who may read a revision with this content: what every store is told to keep beside it."""
    kind = kind_of(db)
    if kind == "plain":
        return None
    return _ADMINISTRATORS if kind == "office" else readers(content)


async def ensure_branch(store: Store, branch: str | None) -> None:
    """Make a branch's database where it is missing: a branch that somebody belongs to can be synced with."""
    db = f"branch-{branch}"
    if branch and branch == branch.lower() and db not in await store.databases():
        with suppress(AlreadyExists):
            await store.create(db)
