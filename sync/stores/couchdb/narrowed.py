"""Decide what a reader gets to see of a database with record rules: the sidecar follows the feed on demand and is asked first (CS5).

A position here is "<n>-<sidecar>!<CouchDB's>": the n-th change of this sidecar, or, for another sidecar or a new one, a position of
CouchDB's from which nothing is missed (CS4).
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from sync import tree as trees
from sync.documents import content_of
from sync.errors import NotFound
from sync.stores.contract import AudienceOf, Change, Page, Range, Readers, Row, Stored
from sync.stores.couchdb import docs, read
from sync.stores.couchdb.docs import Line
from sync.stores.couchdb.read import Held
from sync.stores.couchdb.recent import Recent
from sync.stores.couchdb.sidecar import Seen, Sidecar, Standing, Told, together
from sync.stores.couchdb.wire import Wire
from sync.stores.waiting import WaitingRoom

T = TypeVar("T")

PAGE = 1_000
"""Changes read at a time while catching up."""

ANCESTORS_MAX = 10
"""How far above a tombstone is looked for a revision whose content is still held."""


class _Following:
    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.begun = 0
        self.reached = 0
        """Which of those begun was the last to end well."""
        self.standing: Standing | None = None


class Narrowed:
    """`room`: whoever waits there is told of what catching up brings."""

    def __init__(self, wire: Wire, sidecar: Sidecar, audience_of: AudienceOf, room: WaitingRoom) -> None:
        self._wire = wire
        self._sidecar = sidecar
        self._audience_of = audience_of
        self._room = room
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="store-sidecar")
        self._followings: dict[str, _Following] = defaultdict(_Following)
        self._recent = Recent()

    async def open(self, incarnation: str) -> None:
        await self._run(self._sidecar.open, incarnation)

    async def close(self) -> None:
        await self._run(self._sidecar.close)
        self._executor.shutdown()

    def ruled(self, db: str) -> bool:
        """Whether a database has record rules: then every content has readers."""
        return self._audience_of(db, {}) is not None

    async def catch_up(self, db: str) -> Standing:
        """Read what is new in the feed. What was written before the call is in the sidecar after it. Many who ask at once share one."""
        following = self._followings[db]
        asked = following.begun
        async with following.lock:
            if following.reached <= asked or following.standing is None:
                following.begun += 1
                # Where it breaks off, the sidecar knows how far it came.
                known, following.standing = following.standing, None
                try:
                    following.standing = await self._follow(db, known)
                except NotFound:
                    await self._run(self._sidecar.forget, db)
                    raise
                following.reached = following.begun
            return following.standing

    async def forget(self, db: str) -> None:
        """The database was dropped."""
        following = self._followings[db]
        async with following.lock:
            following.standing = None
            self._recent.forget(db)
            await self._run(self._sidecar.forget, db)

    async def remove(self, db: str, ids: Sequence[str]) -> None:
        """These documents were erased: CouchDB's feed does not tell of that."""
        following = self._followings[db]
        async with following.lock:
            standing = following.standing or await self._run(self._sidecar.standing, db)
            self._recent.remove(db, ids)
            if standing is not None:
                await self._run(self._sidecar.remove, standing.db, ids)

    async def audiences(self, db: str, found: Sequence[Held]) -> dict[str, Readers | None]:
        """Who may read these documents, from the content of all their leaves and, for tombstones, from the sidecar."""
        plain = {one.id: self._of_leaves(db, one) for one in found}
        ended = [one.id for one in found if any(leaf.stored.deleted for leaf in one.leaves)]
        if not ended:
            return plain
        standing = await self.catch_up(db)
        kept = await self._run(self._sidecar.audiences_of, standing.db, ended)
        return plain | {doc: kept.get(doc, plain[doc]) for doc in ended}

    async def changes(
        self,
        db: str,
        since: str,
        limit: int | None,
        descending: bool,
        bodies: bool,
        ids: Sequence[str] | None,
        reader: Readers,
    ) -> Page:
        standing = await self.catch_up(db)
        after, named = await self._after(db, standing, since)
        if named is not None:
            ids = named if ids is None else [doc for doc in ids if doc in set(named)]
        seen, pending = await self._run(self._sidecar.changes, standing.db, after, reader, limit, descending, ids)
        cut = limit is not None and len(seen) == limit and bool(seen)
        last = self._position(seen[-1].seq, seen[-1].n) if cut else self._position(standing.seq, standing.n)
        held = await self._winners(db, seen) if bodies else {}
        changes: list[Change] = []
        for one in seen:
            stored = held.get(one.id)
            if bodies and stored is None:
                continue  # Changed again, or gone, since the sidecar looked: the feed tells of it later.
            attachments = None if stored is None else stored.attachments
            body = None if stored is None else stored.body
            at = self._position(one.seq, one.n)
            changes.append(Change(at, one.id, one.leaves, one.deleted, body, attachments, one.audience))
        return Page(changes, last, pending)

    async def anything(self, db: str, since: str, reader: Readers) -> bool:
        """Whether the sidecar knows of something after `since` that the reader may read. Asks CouchDB only where it must."""
        standing = self._followings[db].standing or await self.catch_up(db)
        after, named = await self._after(db, standing, since)
        seen, _ = await self._run(self._sidecar.changes, standing.db, after, reader, 1, False, named)
        return bool(seen)

    async def rows(self, db: str, span: Range, bodies: bool, reader: Readers) -> tuple[list[Row], int, int]:
        standing = await self.catch_up(db)
        seen, total, offset = await self._run(self._sidecar.rows, standing.db, span, reader)
        held = await self._winners(db, seen) if bodies else {}
        rows: list[Row] = []
        for one in seen:
            stored = held.get(one.id)
            if bodies and stored is None:
                continue
            body, attachments = (None, None) if stored is None else (stored.body, stored.attachments)
            rows.append(Row(one.id, one.leaves[0], one.deleted, one.leaves, body, attachments, one.audience))
        return rows, total, offset

    def _position(self, seq: str, n: int) -> str:
        return f"{n}-{self._sidecar.id}!{seq}"

    async def _after(self, db: str, standing: Standing, since: str) -> tuple[int, list[str] | None]:
        """The change to go on after; for a position that this sidecar did not give, every document changed since it by name."""
        if since == "0":
            return 0, None
        if since == "now":
            return standing.n, None
        own, _, seq = since.rpartition("!")
        n, _, sidecar = own.partition("-")
        if sidecar == self._sidecar.id and n.isdigit():
            return int(n), None
        if seq == standing.seq:
            return standing.n, None
        told = await read.feed(self._wire, db, seq, seq_interval=PAGE)
        return 0, [line.id for line in told.results]

    async def _follow(self, db: str, standing: Standing | None) -> Standing:
        if standing is None:
            standing = await self._first(db)
        while True:
            told = await read.feed(self._wire, db, standing.seq, limit=PAGE, bodies=True, seq_interval=PAGE)
            if not told.results:
                return standing
            lines = await self._read(db, standing, told.results)
            lines[-1] = lines[-1]._replace(seq=told.last_seq)
            audiences = await self._run(self._sidecar.keep, standing.db, lines, told.last_seq)
            found = await self._run(self._sidecar.standing, db)
            assert found is not None
            standing = found
            self._room.tell(db, audiences)
            if len(told.results) < PAGE:
                return standing

    async def _first(self, db: str) -> Standing:
        """Where the sidecar stands, when this process first asks: at the start, if it knew another database of this name."""
        born = (await read.info(self._wire, db)).instance_start_time
        standing = await self._run(self._sidecar.standing, db)
        if standing is None or standing.born != born:
            standing = await self._run(self._sidecar.begin, db, born)
        return standing

    async def _read(self, db: str, standing: Standing, lines: Sequence[Line]) -> list[Told]:
        """Work out who may read each changed document. Only conflicts and tombstones need to be looked at again."""
        told: dict[str, Told] = {}
        again: list[str] = []
        for line in lines:
            if line.doc is None or line.deleted or len(line.changes) > 1:
                again.append(line.id)
                told[line.id] = Told(line.id, standing.seq, line.deleted, [])
                continue
            leaf = docs.take_apart(line.doc).stored
            readers = self._audience_of(db, content_of(leaf.body))
            self._recent.keep(db, line.id, leaf, readers)
            told[line.id] = Told(line.id, standing.seq, False, [(leaf.rev, readers)])
        if again:
            known = await self._run(self._sidecar.leaves_of, standing.db, again)
            for doc, one in (await read.held(self._wire, db, again)).items():
                ends = await self._ends(db, one, known.get(doc, {}))
                deleted = bool(ends) and all(leaf.stored.deleted for leaf in one.leaves)
                told[doc] = Told(doc, standing.seq, deleted, ends)
        return list(told.values())

    async def _ends(self, db: str, one: Held, known: dict[str, Readers | None]) -> list[tuple[str, Readers | None]]:
        """The leaves of a document, the winner first, and who may read each."""
        readers: dict[str, Readers | None] = {}
        for leaf in one.leaves:
            rev = leaf.stored.rev
            if rev in known:
                readers[rev] = known[rev]
                continue
            readers[rev] = self._audience_of(db, content_of(leaf.stored.body))
            if leaf.stored.deleted:
                above = next((known[up] for up in leaf.path[1:] if up in known), None)
                if not any(up in known for up in leaf.path[1:]):
                    above = await self._above(db, one.id, leaf.path[1 : 1 + ANCESTORS_MAX])
                    if above is None and leaf.stored.body == b"{}":
                        # Nobody knows any longer whom it concerned, and it tells nothing: whoever kept it must learn of its end.
                        readers[rev] = None
                        continue
                readers[rev] = together([readers[rev], above or frozenset()])
        tree = docs.tree_of(one.leaves)
        return [(rev, readers[rev]) for rev in trees.leaves(tree)]

    async def _above(self, db: str, doc: str, path: Sequence[str]) -> Readers | None:
        """Who could read the nearest living ancestor whose content is held."""
        held = await read.bodies(self._wire, db, [(doc, rev) for rev in path])
        for rev in path:
            stored = held.get((doc, rev))
            if stored is not None and not stored.deleted:
                return self._audience_of(db, content_of(stored.body))
        return None

    async def _winners(self, db: str, seen: Sequence[Seen]) -> dict[str, Stored]:
        """The winning revisions of these documents, by id: from memory where they have lately been read, else from CouchDB."""
        held = {one.id: stored for one in seen if (stored := self._recent.get(db, one.id, one.leaves[0]))}
        lacking = [(one.id, one.leaves[0]) for one in seen if one.id not in held]
        if lacking:
            for (doc, _), stored in (await read.bodies(self._wire, db, lacking)).items():
                held[doc] = stored
        return held

    def _of_leaves(self, db: str, one: Held) -> Readers | None:
        if not one.leaves:
            return None
        readers = [self._of_leaf(db, one.id, leaf.stored) for leaf in one.leaves]
        return readers[0] if len(readers) == 1 else together(readers)

    def _of_leaf(self, db: str, doc: str, stored: Stored) -> Readers | None:
        known = self._recent.readers(db, doc, stored.rev)
        return known if known is not None else self._audience_of(db, content_of(stored.body))

    def _run(self, work: Callable[..., T], *arguments: Any) -> asyncio.Future[T]:
        return asyncio.get_running_loop().run_in_executor(self._executor, work, *arguments)


def couchdb_position(since: str) -> str:
    """A position as CouchDB understands it."""
    return since.rpartition("!")[2]
