"""Decide what a tablet must forget: what is here and its reader may not read any more, and what was erased (TB15, TB16).

The feed never invents deletions, so this is told beside it. What is not here is not told of: a server that was restored from a
backup lacks it, and the tablet is who brings it back.
"""

from collections.abc import Sequence
from typing import NamedTuple

from sync.actor import Actor
from sync.admission import Admission
from sync.databases import kind_of
from sync.errors import Forbidden
from sync.stores.contract import Page, Readers, Store, Want
from sync.tokens import Tokens

CHANGES_MAX = 1_000
_LOOK = 500
_CHECK = "check:"


class Forgotten(NamedTuple):
    """`next`: where to go on; `more`: at once, since there is more; `compare`: all that is held has to be named. `all`: the database is
    closed to this tablet, so all that it holds of it goes."""

    ids: list[str]
    next: str = ""
    more: bool = False
    compare: bool = False
    all: bool = False


class Forgetting:
    def __init__(self, store: Store, admission: Admission) -> None:
        self._store = store
        self._admission = admission

    async def since(self, actor: Actor, db: str, token: str | None) -> Forgotten:
        """What was written after the token and may not be read. A token names rights and erasures too: when one of them is not what it
        was, it says nothing of what is held. Raises NotFound for a database that is not here."""
        if not self._may_enter(actor, db):
            return Forgotten([], compare=True, all=True)
        reader = self._admission.reader(db, actor)
        tokens = Tokens(f"{self._store.incarnation}~{self._admission.erasures.count(db)}", reader)
        position = tokens.own(token or "")
        if position is None:
            info = await self._store.info(db)
            return Forgotten([], tokens.token(info.update_seq), compare=True)
        page = await self._store.changes(db, position, limit=CHANGES_MAX)
        ids = [] if reader is None else await self._hidden(db, page, reader)
        return Forgotten(ids, tokens.token(page.last), more=page.pending > 0)

    async def among(self, actor: Actor, db: str, ids: Sequence[str]) -> Forgotten:
        """Of what a tablet holds, what it must forget. Of a closed database, `ids` are those that are here: the others are nowhere else."""
        closed = not self._may_enter(actor, db)
        if closed and (kind_of(db) != "branch" or db not in await self._store.databases()):
            return Forgotten([], all=True)
        reader: Readers | None = frozenset() if closed else self._admission.reader(db, actor)
        gone = {doc for doc in ids if self._is_erased(doc)}
        hidden = set(await self._unreadable(db, [doc for doc in ids if doc not in gone], reader))
        return Forgotten([doc for doc in ids if doc in gone or doc in hidden], all=closed)

    def _may_enter(self, actor: Actor, db: str) -> bool:
        try:
            self._admission.enter(actor, db)
        except Forbidden:
            return False
        return True

    def _is_erased(self, doc: str) -> bool:
        """What the server says beside a record goes with it."""
        erasures = self._admission.erasures
        return erasures.holds(doc) or (doc.startswith(_CHECK) and erasures.holds(doc.removeprefix(_CHECK)))

    async def _hidden(self, db: str, page: Page, reader: Readers) -> list[str]:
        """A store that keeps no readers (a CouchDB) does not tell them in its feed; there, what a reader does see is looked up."""
        told = [one for one in page.changes if one.audience is not None]
        ids = [one.id for one in told if one.audience is not None and one.audience.isdisjoint(reader)]
        untold = [one.id for one in page.changes if one.audience is None]
        if not untold:
            return ids
        sees = {one.id for one in (await self._store.changes(db, ids=untold, reader=reader)).changes}
        return ids + [doc for doc in untold if doc not in sees]

    async def _unreadable(self, db: str, ids: Sequence[str], reader: Readers | None) -> list[str]:
        """Those of these documents that are here and not for this reader."""
        found: list[str] = []
        for at in range(0, len(ids) if reader is not None else 0, _LOOK):
            wants = [Want(doc) for doc in ids[at : at + _LOOK]]
            held = [one for one in await self._store.get(db, wants, bodies=False) if one.tree]
            found += [one.id for one in held if one.audience is not None and one.audience.isdisjoint(reader or ())]
        return found
