"""A small model of servers and tablets that keep one record, to see whether merging comes to rest and loses nothing.

Run by the tests with a few hundred seeds, and by hand with any number:
`.venv/bin/python -m tests.merge_simulation --histories 10000`, or one again: `--seed 17`.
"""

import argparse
import copy
import os
import random
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from hashlib import md5
from typing import Any

from schemas import Rule
from schemas.canonical import canonical
from sync.reconcile.body import Body, content_of, join, read, stamps_of, writes_of
from sync.reconcile.edit import StampUsed, create, edit, redact, remove_item, restore_item, settle, withdraw
from sync.reconcile.merge import Leaf, MergePlan, NewRevision, merge
from sync.reconcile.redaction import holds_any, redacted
from sync.reconcile.stamps import is_unstamped, next_stamp
from sync.reconcile.writes import Gone, Write, mark_of

NOW = 1_795_219_392_000
DAY = 24 * 60 * 60 * 1000
HISTORIES = int(os.environ.get("FIELDBOOK_HISTORIES", "300"))
ENVELOPE = {"type": "visit", "version": 1, "form": "visit/4", "branch": "b03", "author": "m0", "device": "t0"}
WORDS = ["屋顶漏雨", "已修好", "低保申请", "送证上门", "无人在家"]

MergeRule = Callable[[Sequence[Leaf], str], MergePlan]
Known = set[tuple[str, str, str]]


def rule_of(_type: str, path: str) -> Rule:
    """The field rules of the model's record."""
    return {"participants": Rule.SET, "people": Rule.LARGEST, "rating": Rule.ONCE}.get(path.split("/")[0], Rule.LATEST)


def real_merge(leaves: Sequence[Leaf], winner: str) -> MergePlan:
    """The product's own rule."""
    plan = merge(leaves, winner, version_max=1, rule_of=rule_of)
    assert isinstance(plan, MergePlan), plan
    return plan


@dataclass(eq=False)
class Replica:
    """One document's revision tree at one place. Revisions that are no leaves lose their bodies in `compact`."""

    name: str
    merge: MergeRule = real_merge
    parents: dict[str, str | None] = field(default_factory=dict)
    bodies: dict[str, Body] = field(default_factory=dict)
    ended: set[str] = field(default_factory=set)
    restored: bool = False
    knew: Known = field(default_factory=set)
    revs_limit: int = 1000
    # Only a tablet has these.
    clock_ms: int = NOW
    own_last: str = ""
    random_max: int = 2**32

    def twin(self) -> "Replica":
        """A copy that goes its own way; bodies are never changed and so are shared."""
        kept = {name: value.copy() for name, value in vars(self).items() if isinstance(value, (dict, set))}
        return replace(self, **kept)

    def put(self, path: Sequence[str], body: Body, deleted: bool) -> bool:
        """Take in a revision with its ancestors, newest first; says whether anything was new."""
        rev = path[0]
        new = rev not in self.parents
        for child, parent in zip(path, [*path[1:], None], strict=True):
            if self.parents.get(child) is None:
                self.parents[child] = parent
        if new:
            self.bodies[rev] = body
            if deleted:
                self.ended.add(rev)
        elif rev in self.bodies:
            assert self.bodies[rev] == body, f"one revision id, two contents: {rev}"
        self._stem()
        return new

    def write(self, revision: NewRevision) -> None:
        """Write a child of a revision held here."""
        self.put([revision.rev, *self.path(revision.parent)], revision.body, revision.deleted)

    def path(self, rev: str) -> list[str]:
        """The revision and its ancestors, newest first."""
        found = [rev]
        while (parent := self.parents.get(found[-1])) is not None:
            found.append(parent)
        return found

    def leaves(self) -> list[Leaf]:
        """All leaves, ended ones included, in the order of their ids."""
        inner = set(self.parents.values())
        return [
            Leaf(rev, self.bodies[rev], rev in self.ended, self.bodies.get(self.parents[rev] or ""))
            for rev in sorted(self.parents)
            if rev not in inner
        ]

    def winner(self) -> str:
        """The leaf that CouchDB shows: a live one, then the highest generation, then the largest id."""
        return max(self.leaves(), key=lambda leaf: (not leaf.deleted, int(leaf.rev.split("-")[0]), leaf.rev)).rev

    def pull(self, other: "Replica", chosen: Callable[[Leaf], bool] = lambda _: True) -> bool:
        """Replicate from another place what `chosen` lets through; says whether anything was new."""
        new = False
        for leaf in other.leaves():
            if chosen(leaf) and self.put(other.path(leaf.rev), leaf.body, leaf.deleted):
                self.knew |= known(leaf.body)
                new = True
        return new

    def work(self, *, dies_after_continuation: bool = False) -> bool:
        """What the worker does with the document; says whether it wrote anything."""
        if not self.parents:
            return False
        plan = self.merge(self.leaves(), self.winner())
        if plan.continuation is not None:
            self.write(plan.continuation)
            if dies_after_continuation:
                return True
        for end in plan.ends:
            self.write(end)
        return not plan.nothing

    def edit(self, change: Callable[[list[Body], str], Body], rng: random.Random) -> None:
        """Edit the document here as a tablet does: on the join of all leaves, as a child of the winner."""
        leaves = [leaf.body for leaf in self.leaves()]
        seen = set().union(*(stamps_of(body) for body in leaves))
        stamp = next_stamp(
            self.clock_ms, self.own_last, seen, self.name, f"m{self.name}", lambda below: rng.randrange(self.random_max)
        )
        try:
            body = change(leaves, stamp)
        except StampUsed:
            return  # a poor random source met its own old stamp: the tablet tries again another time
        self.own_last = stamp
        self.knew |= known(body)
        self.write_plain(body, rng)

    def write_plain(self, body: Body, rng: random.Random) -> None:
        """Write a child of the winner as any CouchDB tool does."""
        parent = self.winner()
        generation = int(parent.split("-")[0]) + 1
        self.write(NewRevision(f"{generation}-{rng.randrange(2**128):032x}", parent, False, body))

    def compact(self) -> None:
        """Throw away the bodies of all but the leaves."""
        self.bodies = {leaf.rev: leaf.body for leaf in self.leaves()}

    def content(self) -> bytes:
        """What the winner says."""
        return canonical(content_of(self.bodies[self.winner()]))

    def joined(self) -> Body:
        """What all leaves say together."""
        return join((leaf.body for leaf in self.leaves()), rule_of)

    def _stem(self) -> None:
        kept = {rev for leaf in self.leaves() for rev in self.path(leaf.rev)[: self.revs_limit]}
        self.parents = {rev: up if up in kept else None for rev, up in self.parents.items() if rev in kept}
        self.bodies = {rev: body for rev, body in self.bodies.items() if rev in kept}
        self.ended &= kept


def known(body: Body) -> Known:
    """The writes of a body as (path, stamp, mark of the value); one found without a stamp has "" for its stamp."""
    return {(w.path, "" if is_unstamped(w.stamp) else w.stamp, _mark(w)) for w in writes_of(body)}


def _mark(write: Write) -> str:
    return write.value.mark if isinstance(write.value, Gone) else mark_of(write.path, write.value)


def missing(wanted: Known, body: Body) -> Known:
    """What is not in the body; of a value found without a stamp only the value must be there."""
    here = known(body)
    values = {(path, mark) for path, _, mark in here}
    return {one for one in wanted if one not in here and (one[1] or (one[0], one[2]) not in values)}


def all_parents(leaves: Sequence[Leaf], winner: str) -> MergePlan:
    """A broken rule: a merge revision named after all its parents."""
    live = sorted(leaf.rev for leaf in leaves if not leaf.deleted)
    if len(live) < 2:
        return MergePlan(None, ())
    plan = real_merge(leaves, winner)
    body = join((leaf.body for leaf in leaves), rule_of)
    name = md5(canonical([live, body]), usedforsecurity=False).hexdigest()
    return MergePlan(NewRevision(f"{int(winner.split('-')[0]) + 1}-{name}", winner, False, body), plan.ends)


def bare_ends(leaves: Sequence[Leaf], winner: str) -> MergePlan:
    """A broken rule: the other leaves are ended without their bodies."""
    plan = real_merge(leaves, winner)
    return MergePlan(plan.continuation, tuple(NewRevision(end.rev, end.parent, True, {}) for end in plan.ends))


Links = Sequence[tuple[Replica, Replica]]


def settle_down(servers: list[Replica], links: Links, rng: random.Random) -> None:
    """Replicate every link both ways and let every server work, in any order, until nothing changes any more."""

    def once() -> bool:
        wrote = False
        steps: list[Callable[[], bool]] = [server.work for server in servers]
        steps += [lambda one=one, other=other: one.pull(other) for one, other in links]
        steps += [lambda one=one, other=other: other.pull(one) for one, other in links]
        rng.shuffle(steps)
        for step in steps:
            wrote |= step() and step in servers_work
        return wrote

    servers_work = [server.work for server in servers]
    _until_rest(servers, links, once)


def in_step(servers: list[Replica], links: Links) -> None:
    """As `settle_down`, but all work at one moment, and at the next all hear what the others had said."""

    def once() -> bool:
        wrote = [server.work() for server in servers]
        said = {id(place): place.twin() for link in links for place in link}
        for one, other in links:
            other.pull(said[id(one)])
            # Servers in a ring hear from one side alone, which is where merges can chase each other.
            if one not in servers or len(servers) < 3:
                one.pull(said[id(other)])
        return any(wrote)

    _until_rest(servers, links, once)


def _until_rest(servers: list[Replica], links: Links, once: Callable[[], bool]) -> None:
    """Rounds until no worker writes and no leaves change; a stemmed ancestor may be offered again for ever."""
    before: list[list[tuple[str, bool]]] = []
    for _ in range(6 * len(servers) + 2 * len(links) + 12):
        wrote = once()
        after = [[(leaf.rev, leaf.deleted) for leaf in place.leaves()] for link in links for place in link]
        if not wrote and after == before:
            return
        before = after
    raise AssertionError("merging does not come to rest")


def ring(replicas: list[Replica]) -> list[tuple[Replica, Replica]]:
    """Each replica linked with the next."""
    if len(replicas) < 2:
        return []
    return [(one, replicas[(n + 1) % len(replicas)]) for n, one in enumerate(replicas)]


def stamp_at(second: int, member: str = "m0117", counter: int = 0) -> str:
    """A stamp made so many seconds after the model's start, on the tablet of that member."""
    return f"{NOW + 1000 * second:015d}.{counter:04d}-t{member[1:]}-{member}-0000abcd"


def new_record(stamp: str = f"{NOW:015d}.0000-t0-m0-00000000") -> Body:
    """The first body of the model's record."""
    fields: dict[str, Any] = {"narrative": "走访", "people": 3, "participants/m0": True, "problems/p9/text": "屋顶漏雨"}
    return create(ENVELOPE, fields, stamp)


class History:
    """One random history: weeks of work apart, then everything replicates until nothing changes."""

    def __init__(self, seed: int, rule: MergeRule = real_merge, *, redacting: bool = False) -> None:
        self.rng = rng = random.Random(seed)
        self.tools = rng.random() < 0.3
        self.redacting = redacting
        self.servers = [Replica(f"s{n}", rule) for n in range(rng.choice([1, 2, 2, 3, 3, 4]))]
        self.tablets = [Replica(f"t{n}", rule, own_last="0") for n in range(rng.randint(2, 4))]
        for tablet in self.tablets:
            tablet.clock_ms = rng.choice([NOW, NOW + rng.randint(-60_000, 60_000), 0, NOW + 10 * DAY])
            tablet.random_max = rng.choice([2**32] * 9 + [2])
        for place in self.servers + self.tablets:
            place.revs_limit = rng.choice([1000, 1000, 2, 3, 5])
        self.backups: dict[str, Replica] = {}
        first = self.tablets[0]
        first.put(["1-" + f"{rng.randrange(2**128):032x}"], new_record(), False)
        self.servers[0].pull(first)
        self.steps: list[Callable[[], object]] = [
            *[self._edit] * 8,
            *[self._exchange] * 10,
            *[self._servers_exchange] * 4,
            *[self._work] * 4,
            self._work_and_die,
            self._work_twice,
            self._leak_and_restore,
            *[self._back_up] * 2,
            self._restore,
            self._compact,
        ]
        if self.tools:
            self.steps += [self._use_tool] * 2
        if redacting:
            self.steps += [self._redact] * 3

    def run(self, steps: int = 60) -> None:
        """Play the history and check what must hold at its end."""
        for _ in range(steps):
            self.rng.choice(self.steps)()
        ends = []
        for order in range(1 if self.tools else 3):
            # The first servers of a history are linked in a ring; every tablet reaches one of them.
            servers = [server.twin() for server in self.servers]
            tablets = [tablet.twin() for tablet in self.tablets]
            links = ring(servers) + [(tablet, servers[n % len(servers)]) for n, tablet in enumerate(tablets)]
            if order == 0:
                in_step(servers, links)
            else:
                settle_down(servers, links, self.rng)
            ends.append(self._check(servers, tablets))
        assert len(set(ends)) == 1, "another order of arrival gave another content"

    def _check(self, servers: list[Replica], tablets: list[Replica]) -> bytes:
        contents = {place.content() for place in servers + tablets}
        assert len(contents) == 1, "two places say different things"
        # Where revisions were stemmed, a place may take for a leaf what another knows to be an ancestor.
        inner = {parent for place in servers + tablets for parent in place.parents.values()}
        gone = redacted(read([servers[0].bodies[servers[0].winner()]]))
        taken = {(write.path, write.stamp) for write in gone}
        for place in servers + tablets:
            held = [leaf.rev for leaf in place.leaves() if leaf.rev not in inner and holds_any(leaf.body, gone)]
            assert not held, f"{place.name} still holds what was redacted: {held}"
            live = [leaf for leaf in place.leaves() if not leaf.deleted and leaf.rev not in inner]
            assert len(live) == 1, f"{place.name} has {len(live)} live leaves"
            if not place.restored:
                wanted = {one for one in place.knew if one[:2] not in taken and one[1]}
                wanted |= {one for one in place.knew if not one[1] and not self.redacting}
                lost = missing(wanted, place.bodies[place.winner()])
                assert not lost, f"{place.name} had {sorted(lost)} and it is nowhere"
        return contents.pop()

    def _holders(self) -> list[Replica]:
        return [place for place in self.servers + self.tablets if place.parents]

    def _edit(self) -> None:
        tablet = self.rng.choice(self.tablets)
        if tablet.parents:
            tablet.edit(self._change(tablet), self.rng)

    def _change(self, tablet: Replica) -> Callable[[list[Body], str], Body]:
        rng = self.rng
        kind = rng.randrange(10)
        if kind == 0:
            return lambda leaves, stamp: withdraw(leaves, stamp, rng.choice(["", "重复"]), rule_of=rule_of)
        if kind == 1:
            return lambda leaves, stamp: restore_item(leaves, "", stamp, rule_of=rule_of)
        if kind == 2:
            return lambda leaves, stamp: remove_item(leaves, "problems/p9", stamp, rule_of=rule_of)
        if kind == 3:
            saw = rng.sample(sorted(stamps_of(tablet.joined())), 1)
            return lambda leaves, stamp: settle(leaves, "narrative", "settled", stamp, saw, rule_of=rule_of)
        pool = {
            "narrative": rng.choice(WORDS),
            "people": rng.randint(1, 9),
            f"participants/m{rng.randrange(3)}": rng.random() < 0.6,
            "problems/p9/text": rng.choice(WORDS),
            f"problems/{rng.randrange(10**6)}/text": rng.choice(WORDS),
            "rating": rng.randint(1, 5),
            "period": [f"2026-11-20T00:0{rng.randrange(9)}:00Z", "2026-11-20T00:40:00Z"],
            "phone": None,
        }
        changes = {path: pool[path] for path in rng.sample(sorted(pool), rng.randint(1, 3))}
        return lambda leaves, stamp: edit(leaves, changes, stamp, rule_of=rule_of)

    def _use_tool(self) -> None:
        """Another tool changes a field and knows nothing of stamps; the worker comes at once."""
        server = self.rng.choice(self.servers)
        if not server.parents:
            return
        body = copy.deepcopy(server.bodies[server.winner()])
        body["fields"]["narrative"] = self.rng.choice(WORDS)
        for member in self.rng.choice([[], ["stamps"], ["stamps", "replaced"]]):
            body.pop(member, None)
        server.write_plain(body, self.rng)
        server.work()

    def _redact(self) -> None:
        """A secretary takes the value of a settled write out of the record, at one server."""
        server = self.rng.choice(self.servers)
        if not server.parents:
            return
        body = server.joined()
        settled = [write for write in writes_of(body) if write.by and write.value != Gone("")]
        if settled:
            write = self.rng.choice(settled)
            server.write_plain(redact(body, write.path, [write.stamp], rule_of=rule_of), self.rng)

    def _exchange(self) -> None:
        server, tablet = self.rng.choice(self.servers), self.rng.choice(self.tablets)
        lossy = self._lossy()
        self.rng.choice([lambda: server.pull(tablet, lossy), lambda: tablet.pull(server, lossy)])()

    def _servers_exchange(self) -> None:
        one, other = self.rng.choice(self.servers), self.rng.choice(self.servers)
        if one is not other:
            one.pull(other, self._lossy())

    def _lossy(self) -> Callable[[Leaf], bool]:
        kept = self.rng.choice([1.0, 1.0, 0.5])
        return lambda _: self.rng.random() < kept

    def _work(self) -> None:
        self.rng.choice(self.servers).work()

    def _work_and_die(self) -> None:
        self.rng.choice(self.servers).work(dies_after_continuation=True)

    def _work_twice(self) -> None:
        """Two workers by mistake: what they write is the same, and the second time there is nothing to do."""
        server = self.rng.choice(self.servers)
        twin = server.twin()
        server.work()
        twin.work()
        assert (server.parents, server.bodies) == (twin.parents, twin.bodies), "two workers wrote different things"
        assert not server.work(), "the worker found something to do twice"

    def _back_up(self) -> None:
        place = self.rng.choice(self._holders())
        self.backups[place.name] = place.twin()

    def _restore(self) -> None:
        for places in (self.servers, self.tablets):
            for n, place in enumerate(places):
                if place.name in self.backups and self.rng.random() < 0.3:
                    places[n] = self._restored(place.name)

    def _restored(self, name: str) -> Replica:
        place = self.backups[name].twin()
        place.restored = True
        return place

    def _leak_and_restore(self) -> None:
        """A server merges, another hears a part of it, and the first is restored from its last backup."""
        n = self.rng.randrange(len(self.servers))
        server, other = self.servers[n], self.rng.choice(self.servers)
        server.work()
        if server.name in self.backups and server is not other:
            other.pull(server, lambda _: self.rng.random() < 0.5)
            self.servers[n] = self._restored(server.name)

    def _compact(self) -> None:
        self.rng.choice(self.servers).compact()


def play(seed: int, rule: MergeRule = real_merge, *, redacting: bool = False) -> None:
    """Play one history; a failure names its seed and how to see it again."""
    try:
        History(seed, rule, redacting=redacting).run()
    except AssertionError as failure:
        again = f".venv/bin/python -m tests.merge_simulation --seed {seed}" + " --redacting" * redacting
        raise AssertionError(f"seed {seed}: {failure}\nrepeat with: {again}") from failure


def main(arguments: Sequence[str]) -> None:
    """Play many histories, or one again."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--histories", type=int, default=1000, help="how many seeds, from 0")
    parser.add_argument("--seed", type=int, help="only this one")
    parser.add_argument("--redacting", action="store_true", help="values are redacted too")
    chosen = parser.parse_args(arguments)
    seeds = range(chosen.histories) if chosen.seed is None else [chosen.seed]
    for seed in seeds:
        play(seed, redacting=chosen.redacting)
    print(f"{len(seeds)} histories came to rest and lost nothing")


if __name__ == "__main__":
    main(sys.argv[1:])
