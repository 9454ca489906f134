"""A tablet that asks a server what PouchDB asks, with a clock of its own that may be wrong."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from schemas import rule_of
from sync import tree as trees
from sync.actor import Actor
from sync.documents import content_of, parse_write
from sync.peers import Refusal, Unreachable
from sync.reconcile.body import Body, join, stamps_of
from sync.reconcile.edit import StampUsed, create
from sync.reconcile.stamps import next_stamp
from sync.stores.contract import Want, Write, Written
from tests.merge_simulation import Replica, known
from tests.places import SHARED, Clock, Knew, Network, Server


@dataclass(eq=False)
class Tablet:
    """A tablet and whose it is. `off_ms`: how wrong its clock is; None: the clock is dead."""

    name: str
    actor: Actor
    clock: Clock
    off_ms: int | None = 0
    random_max: int = 2**32
    docs: dict[str, Replica] = field(default_factory=dict)
    since: dict[str, str] = field(default_factory=dict)
    own_last: str = ""
    knew: Knew = field(default_factory=dict)
    refused: list[Refusal] = field(default_factory=list)

    def twin(self) -> "Tablet":
        """A copy that goes its own way."""
        copy = Tablet(self.name, self.actor, self.clock, self.off_ms, self.random_max, own_last=self.own_last)
        copy.docs = {doc: replica.twin() for doc, replica in self.docs.items()}
        copy.since = dict(self.since)
        copy.knew = {doc: set(writes) for doc, writes in self.knew.items()}
        return copy

    def stamp(self, seen: set[str], rng: random.Random) -> str:
        clock = 0 if self.off_ms is None else int(self.clock().timestamp() * 1000) + self.off_ms
        member = self.actor.member or ""
        self.own_last = next_stamp(
            clock, self.own_last, seen, self.name, member, lambda below: rng.randrange(self.random_max)
        )
        return self.own_last

    def create(self, doc: str, envelope: Mapping[str, Any], fields: Mapping[str, Any], rng: random.Random) -> None:
        body = create({**envelope, "device": self.name}, fields, self.stamp(set(), rng))
        self.docs[doc] = Replica(self.name)
        self.docs[doc].put([f"1-{rng.randrange(2**128):032x}"], body, False)
        self._know(doc, body)

    def edit(self, doc: str, change: Callable[[list[Body], str], Body], rng: random.Random) -> None:
        """On the join of all leaves held, as a child of the winner."""
        leaves = [leaf.body for leaf in self.docs[doc].leaves()]
        seen: set[str] = set().union(*(stamps_of(body) for body in leaves))
        try:
            body = change(leaves, self.stamp(seen, rng))
        except StampUsed:
            return  # a poor source of chance met its own old stamp: the next try has another
        self.docs[doc].write_plain(body, rng)
        self._know(doc, body)

    def joined(self, doc: str) -> Body:
        return join([leaf.body for leaf in self.docs[doc].leaves()], rule_of)

    async def push(self, server: Server, db: str, network: Network, rng: random.Random) -> None:
        """All leaves that the server lacks, a batch at a time, as PouchDB does."""
        there = server.speaks(self.actor, db)
        try:
            network.carry()
            # Cases lie where all branches find them.
            leaves = {
                doc: replica.leaves() for doc, replica in self.docs.items() if doc.startswith("case:") == (db == SHARED)
            }
            lacking = await there.missing({doc: [leaf.rev for leaf in some] for doc, some in leaves.items()})
            waiting = [(doc, leaf) for doc, gap in lacking.items() for leaf in leaves[doc] if leaf.rev in gap.missing]
            rng.shuffle(waiting)
            while waiting:
                # PouchDB sends the leaves of one document together.
                docs = {doc for doc, _ in waiting[: 1 if network.steady else rng.randint(1, 3)]}
                batch = [self._write(doc, leaf.rev) for doc, leaf in waiting if doc in docs]
                waiting = [one for one in waiting if one[0] not in docs]
                network.carry()
                for _ in range(2 if network.repeats() else 1):
                    results = await server.take(self.actor, db, batch)
                network.carry()
                self.refused += [
                    Refusal(write.id, write.path[0], str(result))
                    for write, result in zip(batch, results, strict=True)
                    if not isinstance(result, Written)
                ]
        except Unreachable:
            return

    async def pull(self, server: Server, db: str, network: Network, rng: random.Random) -> None:
        there = server.speaks(self.actor, db)
        try:
            more = True
            while more:
                network.carry()
                since, limit = (
                    self.since.get(f"{server.name}/{db}", "0"),
                    None if network.steady else rng.choice([1, 3, None]),
                )
                page = await there.changes(since, limit=limit, descending=False, bodies=False)
                wants = [
                    Want(one.id, [rev for rev in one.leaves if not self._holds(one.id, rev)], True)
                    for one in page.changes
                ]
                network.carry()
                for found in await there.get([want for want in wants if want.revs]):
                    for stored in found.revisions:
                        self._take(
                            found.id, trees.ancestry(found.tree, stored.rev), content_of(stored.body), stored.deleted
                        )
                    network.carry()
                self.since[f"{server.name}/{db}"] = there.tokens.token(page.last)
                more = bool(page.pending)
        except Unreachable:
            return

    def _take(self, doc: str, path: Sequence[str], body: Body, deleted: bool) -> None:
        self.docs.setdefault(doc, Replica(self.name)).put(path, body, deleted)
        self._know(doc, body)

    def _holds(self, doc: str, rev: str) -> bool:
        return doc in self.docs and rev in self.docs[doc].bodies

    def _know(self, doc: str, body: Body) -> None:
        self.knew[doc] = self.knew.get(doc, set()) | known(body)

    def _write(self, doc: str, rev: str) -> Write:
        held = self.docs[doc]
        path = held.path(rev)
        revisions = {"start": int(path[0].partition("-")[0]), "ids": [one.partition("-")[2] for one in path]}
        wire = {**held.bodies[rev], "_id": doc, "_rev": rev, "_revisions": revisions}
        return parse_write({**wire, "_deleted": True} if rev in held.ended else wire)
