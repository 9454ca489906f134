"""Play histories of a whole system: tablets, servers in a ring, workers that die, restores, a bad network; then see whether all agree.

Run by the tests with some hundred seeds, and by hand with any number:
`.venv/bin/python -m tests.system_simulation --histories 1000`, or one again: `--seed 17`.
"""

import argparse
import asyncio
import os
import random
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from schemas import example, rule_of, type_of_id
from schemas.canonical import canonical
from sync.actor import Actor, Role
from sync.checking import CHECKED
from sync.documents import content_of, encode
from sync.ledger.digest import digest
from sync.ledger.follow import hashes
from sync.ledger.rebuild import compare, rebuild
from sync.reconcile.body import Body
from sync.reconcile.edit import edit, remove_item, restore_item, withdraw
from sync.reconcile.explain import Fate, Held, disputed, disputes, history
from sync.stores.contract import LEAVES, Range, Want, Write
from tests.merge_simulation import DAY, missing
from tests.places import ADMINISTRATOR, NOON, ZONE, Backup, Clock, Life, Network, Server, Tablet

HISTORIES = int(os.environ.get("FIELDBOOK_SYSTEM_HISTORIES", "1000"))
MIXED = 1_000_000
"""From this seed on, histories are of records of every type."""
STEPS = 25
PHOTOS_MAX = 1
SERVERS_MAX = 3
WORDS = ["屋顶漏雨", "已修好", "低保申请", "送证上门", "无人在家"]

Step = Callable[[], Awaitable[object]]


class Now(NamedTuple):
    """What a server says of one document: the winner's content, and the living leaves."""

    content: Body
    alive: list[str]


class Pool:
    """Opened servers and a clock, used by one history after the other."""

    def __init__(self, directory: Path) -> None:
        self.clock = Clock()
        self._directory = directory
        self._servers: list[Server] = []

    async def servers(self, count: int) -> list[Server]:
        while len(self._servers) < count:
            made = Server(f"s{len(self._servers)}", self._directory, self.clock)
            self._servers.append(await made.open())
            # A server that has been used before has followed its own databases already: a history is the same on a new one.
            await made.work()
        return self._servers[:count]

    async def clear(self, db: str) -> None:
        """After a history: nothing of it stays."""
        for server in self._servers:
            if server.used:
                await server.end(db)

    async def close(self) -> None:
        for server in self._servers:
            await server.close()
        self._servers = []


def _in_memory() -> str | None:
    """Where files cost no disk, if there is room: each store lays out its log."""
    memory = "/dev/shm"  # noqa: S108  # a directory of its own is made in it
    return memory if Path(memory).is_dir() and shutil.disk_usage(memory).free > 1 << 30 else None


@asynccontextmanager
async def pool() -> AsyncIterator[Pool]:
    with tempfile.TemporaryDirectory(dir=_in_memory()) as directory:
        made = Pool(Path(directory))
        yield made
        await made.close()


class History:
    """One random history in one branch: some weeks of work apart, then everything replicates until nothing changes."""

    records: tuple[str, ...] = ("visit",)
    """The types of records that members make in it."""
    records_max = 3

    def __init__(self, seed: int, pool: Pool) -> None:
        self.seed, self.pool, self.clock = seed, pool, pool.clock
        self.clock.now = NOON
        self.rng = rng = random.Random(seed)
        self.branch = f"h{seed}"
        self.db = f"branch-{self.branch}"
        self.network, self.calm = Network(rng), Network(rng)
        self.calm.steady = True
        self.tablets = [
            self.tablet(name, member) for name, member in (("t1", "m0117"), ("t2", "m0117"), ("t3", "m0042"))
        ]
        if rng.random() < 0.4:
            self.tablets.append(self.tablet("t4", "m0042"))
        for tablet in self.tablets:
            tablet.off_ms = rng.choice(
                [0, 0, 0, 0, rng.randint(-60_000, 60_000), rng.randint(-60_000, 60_000), None, 10 * DAY]
            )
            tablet.random_max = rng.choice([2**32] * 9 + [2])
        # Who has forgotten what it saw can only be helped by who remembers, so nobody is restored then.
        self.forgetful = rng.random() < 0.15
        self.backups: dict[str, Any] = {}
        self._quarantined: set[str] | None = None
        self._rested: dict[str, str] = {}
        self.made = self.decided = self.saved = 0
        self.closed = False

    async def begin(self, servers: int) -> None:
        self.servers = await self.pool.servers(servers)
        for server in self.servers:
            await server.begin(self.db)

    async def end(self) -> None:
        await self.settle_down()
        await self.check()
        await self.pool.clear(self.db)

    async def play(self) -> None:
        await self.begin(self.rng.choice([1, 1, 2, 2, SERVERS_MAX, SERVERS_MAX]))
        await self.create()
        for tablet in self.tablets * 2:
            # What is edited apart must be known to several.
            await tablet.push(self.servers[0], self.db, self.network, self.rng)
            await tablet.pull(self.servers[0], self.db, self.network, self.rng)
        for _ in range(STEPS):
            self.clock.forward(self.rng.choice([1, 60, 3600]))
            await self.rng.choice(self.steps())()
        await self.end()

    def steps(self) -> list[Step]:
        several = len(self.servers) > 1
        return [
            *[self.create] * (self.made < self.records_max),
            *[self.change] * 8,
            *[self.push] * 8,
            *[self.pull] * 3,
            *[self.replicate] * (3 * several),
            *[self.work] * 2,
            *[self.work_and_die] * 2,
            self.work_by_two,
            self.decide,
            self.photograph,
            *[self.back_up] * 2,
            *([self.forget] * 2 if self.forgetful else [self.restore_tablet, self.restore_server]),
            *[self.leak_and_restore] * (several and not self.forgetful),
        ]

    # What happens

    async def create(self) -> None:
        """A visit. Those of one day and subject overlap, so that two members' become one activity."""
        self.new_visit(self.rng.choice(self.tablets))

    def new_visit(self, tablet: Tablet) -> str:
        rng = self.rng
        member = tablet.actor.member or ""
        self.made += 1
        fields = {**example("visit")["fields"], "subject": f"household:{1:026d}", f"participants/{member}": True}
        fields["period"] = self._period()
        envelope = {
            "type": "visit",
            "version": 2,
            "form": "visit/4",
            "branch": self.branch,
            "author": member,
            "zone": ZONE,
        }
        doc = f"visit:{self.seed:012d}{self.made:014d}"
        tablet.create(doc, envelope, fields, rng)
        return doc

    async def photograph(self) -> None:
        """A photo beside a record; the server keeps its readers those of the record."""
        tablet = self.rng.choice(self.tablets)
        member = tablet.actor.member or ""
        visits = self._records_of(tablet)
        if visits and self.made < PHOTOS_MAX + self.records_max:
            self.made += 1
            fields = {
                path: value for path, value in example("photo")["fields"].items() if not path.startswith("readers/")
            }
            fields |= {"record": self.rng.choice(visits), f"readers/member:{member}": True}
            envelope = {"type": "photo", "version": 1, "branch": self.branch, "author": member}
            tablet.create(f"photo:{self.seed:012d}{self.made:014d}", envelope, fields, self.rng)

    async def change(self) -> None:
        rng, tablet = self.rng, self.rng.choice(self.tablets)
        if found := self._records_of(tablet):
            doc = rng.choice(found)
            own = tablet.joined(doc).get("author") == tablet.actor.member
            tablet.edit(doc, self._own_change(doc) if own else self._part(), rng)

    async def forget(self) -> None:
        """An older app, or a tool that knows of stamps alone, puts its edit over a revision that a server has, and drops the rest."""
        rng, tablet, server = self.rng, self.rng.choice(self.tablets), self.rng.choice(self.servers)
        own = [doc for doc in self._records_of(tablet) if tablet.joined(doc).get("author") == tablet.actor.member]
        if own:
            await tablet.push(server, self.db, self.calm, rng)
            doc = rng.choice(own)
            change = self._own_change(doc)
            tablet.edit(doc, lambda leaves, stamp: {**change(leaves, stamp), "replaced": []}, rng)
            await tablet.push(server, self.db, self.calm, rng)

    async def push(self) -> None:
        tablet, server = self.rng.choice(self.tablets), self.rng.choice(self.servers)
        await tablet.push(server, self.db, self.network, self.rng)

    async def pull(self) -> None:
        tablet, server = self.rng.choice(self.tablets), self.rng.choice(self.servers)
        await tablet.pull(server, self.db, self.network, self.rng)

    async def replicate(self) -> None:
        one, other = self.rng.sample(self.servers, 2)
        await self._hear(one, other)

    async def work(self) -> None:
        await self.rng.choice(self.servers).work()

    async def work_and_die(self) -> None:
        await self.rng.choice(self.servers).work_and_die(Life(self.rng.randrange(24)), again=self.rng.random() < 0.2)

    async def work_by_two(self) -> None:
        server, tablet = self.rng.choice(self.servers), self.rng.choice(self.tablets)
        await server.work_by_two(self.rng, lambda: tablet.push(server, self.db, self.network, self.rng))

    async def decide(self) -> None:
        """At the desk of a server: the secretary approves a record, or settles a dispute; sometimes a photo comes."""
        server = self.rng.choice(self.servers)
        there = await self.now(server)
        month = self.rng.randrange(3) == 2
        judged = sorted(
            doc
            for doc, now in there.items()
            if now.alive
            and ((doc.startswith("activity_record:") and ":v" not in doc) if month else self._is_record(doc))
        )
        if not judged:
            return
        doc = self.rng.choice(judged)
        body = there[doc].content
        open_ones = disputes(body, int(self.clock().timestamp() * 1000), rule_of=rule_of)
        self.closed |= doc.startswith("activity_record:")
        fields: dict[str, Any] = {"record": doc}
        if open_ones and self.rng.random() < 0.7:
            one = self.rng.choice(open_ones)
            saw = [write.stamp for write in (one.shown, *one.others)]
            fields |= {"decision": "settle", "settles": {"path": one.path, "value": one.others[0].value, "saw": saw}}
        else:
            seen = await hashes(server.store, server.ledger, self.db, [doc])
            fields |= {"decision": self.rng.choice(["approve", "approve", "return"]), "seen": seen[doc]}
        self.decided += 1
        stamp = (
            f"{int(self.clock().timestamp() * 1000):015d}.{self.decided:04d}-desk-m0001-{self.rng.randrange(2**32):08x}"
        )
        review = f"review:{self.seed:012d}{self.decided:014d}"
        envelope = {"type": "review", "version": 1, "branch": self.branch, "author": "m0001", "device": "desk"}
        content = {**envelope, "fields": fields, "stamps": {"": stamp}}
        path = [f"1-{self.rng.randrange(2**128):032x}"]
        await server.take(self._actor("m0001", "secretary"), self.db, [Write(review, path, content, encode(content))])

    async def back_up(self) -> None:
        if self.rng.random() < 0.6:
            tablet = self.rng.choice(self.tablets)
            self.backups[tablet.name] = tablet.twin()
        else:
            server = self.rng.choice(self.servers)
            self.saved += 1
            self.backups[server.name] = await server.back_up(self.saved)

    async def restore_tablet(self) -> None:
        for n, tablet in enumerate(self.tablets):
            if tablet.name in self.backups and self.rng.random() < 0.5:
                self.tablets[n] = self.backups[tablet.name].twin()

    async def restore_server(self) -> None:
        for server in self.servers:
            backup = self.backups.get(server.name)
            if isinstance(backup, Backup) and self.rng.random() < 0.4:
                await server.restore(backup)

    async def leak_and_restore(self) -> None:
        """A server merges, another hears a part of it, and the first is restored from just before."""
        one, other = self.rng.sample(self.servers, 2)
        backup = await one.back_up(0)
        for tablet in self.tablets:
            await tablet.push(one, self.db, self.network, self.rng)
        await one.work()
        documents = await one.says_to(other, self.db)
        await other.is_told([doc for doc in documents if self.rng.random() < 0.5], self.db)
        await one.restore(backup)

    def _is_record(self, doc: str) -> bool:
        return type_of_id(doc) in self.records

    def _records_of(self, tablet: Tablet) -> list[str]:
        return [doc for doc in sorted(tablet.docs) if self._is_record(doc)]

    def _own_change(self, doc: str) -> Callable[[list[Body], str], Body]:
        rng = self.rng
        kind = rng.randrange(12)
        if kind == 0:
            return lambda leaves, stamp: withdraw(leaves, stamp, "重复", rule_of=rule_of)
        if kind == 1:
            return lambda leaves, stamp: restore_item(leaves, "", stamp, rule_of=rule_of)
        if kind == 2:
            item = next(path for path in example("visit")["fields"] if path.startswith("problems/")).rpartition("/")[0]
            return lambda leaves, stamp: remove_item(leaves, item, stamp, rule_of=rule_of)
        choices: list[dict[str, Any]] = [
            {"narrative": rng.choice(WORDS)},
            {"found": rng.choice(WORDS)},
            {"kind": rng.choice(["assist"] * 4 + ["residents", "no such kind"])},
            {"period": self._period()},
            {"participants/m0042": rng.random() < 0.6},
            self._problem(),
        ]
        changes: dict[str, Any] = {}
        for one in rng.sample(choices, rng.randint(1, 3)):
            changes |= one
        return lambda leaves, stamp: edit(leaves, changes, stamp, rule_of=rule_of)

    def _part(self) -> Callable[[list[Body], str], Body]:
        changes = self._problem()
        return lambda leaves, stamp: edit(leaves, changes, stamp, rule_of=rule_of)

    def _problem(self) -> dict[str, Any]:
        item = f"problems/p{self.rng.randrange(10**6):06d}x"
        told = {f"{item}/text": self.rng.choice(WORDS), f"{item}/state": self.rng.choice(["open", "solved"])}
        return told if self.rng.random() < 0.9 else {f"{item}/state": "open"}

    def _period(self) -> list[str]:
        start, day = self.rng.randrange(50), self.rng.choice([19, 20, 20])
        return [f"2026-11-{day}T01:{start:02d}:00Z", f"2026-11-{day}T02:{start + 9:02d}:00Z"]

    def tablet(self, name: str, member: str) -> Tablet:
        return Tablet(name, self._actor(member, "member"), self.clock)

    def _actor(self, member: str, role: Role) -> Actor:
        held = {"everyone", f"member:{member}", f"branch:{self.branch}"}
        if role == "secretary":
            held.add(f"secretary:{self.branch}")
        return Actor(member, role, frozenset(held), member, self.branch, f"t{member}")

    async def _hear(self, one: Server, other: Server) -> None:
        session = f"{self.rng.randrange(2**64):016x}"
        await one.hear_from(other, self.db, self.network, session, self.rng.choice([2, 500]))

    # What must hold at the end

    async def settle_down(self) -> None:
        """Everybody speaks with everybody linked and every worker works, in any order, until nothing changes."""
        self.network.steady = True
        links = self.ring()
        steps: list[Step] = [lambda one=server: self._work_if_moved(one) for server in self.servers]
        steps += [lambda a=one, b=other: self._hear(a, b) for one, other in links]
        steps += [lambda a=one, b=other: self._hear(b, a) for one, other in links]
        for n, tablet in enumerate(self.tablets):
            server = self.servers[n % len(self.servers)]
            steps += [lambda t=tablet, s=server: t.push(s, self.db, self.network, self.rng)]
            steps += [lambda t=tablet, s=server: t.pull(s, self.db, self.network, self.rng)]
        if self.rng.random() < 0.3:
            await self.to_rest(lambda: self.in_step(links))

        async def once() -> None:
            self.rng.shuffle(steps)
            for step in steps:
                await step()

        await self.to_rest(once)

    def ring(self) -> list[tuple[Server, Server]]:
        """Each server linked with the next."""
        links = [(one, self.servers[(n + 1) % len(self.servers)]) for n, one in enumerate(self.servers)]
        return [(one, other) for one, other in links if one is not other]

    async def _work_if_moved(self, server: Server) -> None:
        """Once a worker has nothing left to do, it has nothing to do until something comes."""
        at = (await server.store.info(self.db)).update_seq
        if self._rested.get(server.name) != at:
            await server.work()
            self._rested[server.name] = (await server.store.info(self.db)).update_seq

    async def to_rest(self, once: Step) -> None:
        before = None
        for _ in range(8 + 6 * len(self.servers)):
            await once()
            after = await self._where()
            if after == before:
                return
            before = after
        raise AssertionError("it does not come to rest")

    async def in_step(self, links: Sequence[tuple[Server, Server]]) -> None:
        """All work at one moment, and at the next all hear from one side what had been said: so merges could chase each other."""
        for server in self.servers:
            await server.work()
        said = [(other, await one.says_to(other, self.db)) for one, other in links]
        for other, documents in said:
            await other.is_told(documents, self.db)

    async def _where(self) -> list[Any]:
        places: list[Any] = [(await server.store.info(self.db)).update_seq for server in self.servers]
        return places + [[len(replica.parents) for replica in tablet.docs.values()] for tablet in self.tablets]

    async def now(self, server: Server) -> dict[str, Now]:
        page = await server.store.changes(self.db)
        found = await server.store.get(self.db, [Want(change.id, LEAVES) for change in page.changes])
        return {
            one.id: Now(content_of(one.revisions[0].body), [each.rev for each in one.revisions if not each.deleted])
            for one in found
        }

    async def check(self) -> None:
        held = [await self.now(server) for server in self.servers]
        self._all_say_the_same(held)
        for server, documents in zip(self.servers, held, strict=True):
            await self._nothing_is_missing(server.name, server.knew, documents)
        for tablet in self.tablets:
            # Who was taken out of a record meanwhile may not change it any more: that edit stays on the tablet, and in quarantine.
            refused = {one.id for one in tablet.refused if type_of_id(one.id) in CHECKED}
            refused |= {doc for doc in tablet.docs if doc.startswith("photo:") and doc not in held[0]}
            member = tablet.actor.member
            strange = [
                doc
                for doc in refused & held[0].keys()
                if self._is_record(doc) and held[0][doc].content["author"] == member
            ]
            assert not strange, f"{tablet.name} was refused {strange}"
            tablet.docs = {doc: replica for doc, replica in tablet.docs.items() if doc not in refused}
            tablet.knew = {doc: writes for doc, writes in tablet.knew.items() if doc not in refused}
            await self._nothing_is_missing(tablet.name, tablet.knew, held[0])
            self._shows_the_same(tablet, held[0])
        for server, documents in zip(self.servers, held, strict=True):
            await self._what_lost_is_found(server, documents)
        await self._ledgers_agree()
        # A month is approved as it lay there at that moment, which another order may never see; and what a forgetful edit changed
        # is worked out where its parent is held (MG25).
        tellable = not self.closed and not self.forgetful and not any(server.restored for server in self.servers)
        if tellable and self.rng.random() < 0.35:
            await self._another_order_says_the_same(held[0])

    async def _another_order_says_the_same(self, documents: dict[str, Now]) -> None:
        """All that was pushed anywhere comes to a new server in another order, whose worker comes by now and then."""
        *_, spare = await self.pool.servers(SERVERS_MAX + 1)
        await spare.begin(self.db)
        heard = [write for server in self.servers for write in server.heard]
        self.rng.shuffle(heard)
        for write in heard:
            await spare.take(ADMINISTRATOR, self.db, [write])
            if self.rng.random() < 0.1:
                await spare.work()
        await spare.work()
        there = await self.now(spare)
        for doc, now in documents.items():
            if now.alive and type_of_id(doc) != "check":
                same = doc in there and _without_former_readers(there[doc]) == _without_former_readers(now)
                assert same, f"{doc} says something else where it arrived in another order"
        # When a check was written depends on what came first; what it says does not.
        different = [
            one for one in compare(self.servers[0].ledger.path, spare.ledger.path) if '["check:' not in one.line[:9]
        ]
        assert not different, f"another order gives other figures: {different[:6]}"

    def _all_say_the_same(self, held: list[dict[str, Now]]) -> None:
        for doc in sorted(set().union(*held)):
            told = {
                canonical(documents[doc].content) if documents[doc].alive else b""
                for documents in held
                if doc in documents
            }
            assert all(doc in documents for documents in held), f"{doc} is not on every server"
            assert len(told) == 1, f"{doc}: servers say different things: {told}"
            for server, documents in zip(self.servers, held, strict=True):
                least = 1 if type_of_id(doc) in CHECKED else 0
                assert least <= len(documents[doc].alive) <= 1, (
                    f"{server.name}: {doc} has leaves {documents[doc].alive}"
                )

    async def _nothing_is_missing(self, name: str, knew: Any, documents: dict[str, Now]) -> None:
        for doc, writes in knew.items():
            if type_of_id(doc) not in CHECKED | {"review"} or doc in await self._kept_apart():
                continue
            assert doc in documents, f"{name} had {doc} and it is nowhere"
            lost = missing(writes, documents[doc].content)
            assert not lost, f"{name} had {sorted(lost)} of {doc} and it is nowhere"

    async def _kept_apart(self) -> set[str]:
        """What a restored server lacks and only others than its author bring back: an administrator lets it in."""
        if self._quarantined is None:
            self._quarantined = set()
            for server in self.servers:
                rows, _, _ = await server.store.rows("office", Range("quarantine:", "quarantine;"), bodies=True)
                self._quarantined |= {msgspec.json.decode(row.body or b"{}")["record"] for row in rows}
            self._quarantined = {doc for doc in self._quarantined if doc.startswith("review:")}
        return self._quarantined

    def _shows_the_same(self, tablet: Tablet, documents: dict[str, Now]) -> None:
        for doc, replica in tablet.docs.items():
            if doc in documents and type_of_id(doc) in CHECKED and self._may_read(tablet, documents[doc].content):
                assert replica.content() == canonical(documents[doc].content), f"{tablet.name} shows another {doc}"

    @staticmethod
    def _may_read(tablet: Tablet, body: Body) -> bool:
        member = tablet.actor.member
        return body["author"] == member or body["fields"].get(f"participants/{member}") is True

    async def _what_lost_is_found(self, server: Server, documents: dict[str, Now]) -> None:
        """What shows over another value that nobody had seen is in the list of disputes, and the record's history tells the other."""
        rows = await server.ledger.read(
            lambda sql: sql.execute("SELECT id, paths FROM dispute WHERE db=?", [self.db]).fetchall()
        )
        listed = {doc: msgspec.json.decode(paths) for doc, paths in rows}
        at = int(self.clock().timestamp() * 1000)
        for doc, now in documents.items():
            if self._is_record(doc):
                assert listed.get(doc, []) == disputed(now.content), f"{server.name} lists other disputes of {doc}"
                for field in history(now.content, at, rule_of=rule_of):
                    for told in field.writes:
                        if told.fate is Fate.LOST:
                            assert field.disputed, f"{doc} {field.path}: a value lost unseen and is not in dispute"
                            assert told.held is Held.KEPT, f"{doc} {field.path}: a value lost unseen and is not told"

    async def _ledgers_agree(self) -> None:
        digests = {server.name: digest(server.ledger.path) for server in self.servers}
        if len(set(digests.values())) > 1:
            one, other = (
                self.servers[0],
                next(s for s in self.servers if digests[s.name] != digests[self.servers[0].name]),
            )
            raise AssertionError(f"figures differ: {compare(one.ledger.path, other.ledger.path)[:6]}")
        server = self.rng.choice(self.servers)
        new = server.ledger.path.with_name("new.sqlite3")
        await rebuild(server.store, new, ZONE, server.erasures, lambda db, count: None)
        different = compare(server.ledger.path, new)
        assert not different, f"{server.name}: the ledger made from nothing differs: {different[:6]}"


class Mixed(History):
    """Records of every type: services with their stages and ratings, events, surveys of a joint case."""

    records = ("visit", "service", "event", "survey")
    records_max = 7
    case = ""

    async def create(self) -> None:
        tablet = self.rng.choice(self.tablets)
        rated = [doc for doc in sorted(tablet.docs) if doc.startswith("service:")]
        match self.rng.randrange(6):
            case 0 | 1:
                self.new_record(tablet, "service", {"stages/concluded/actual": self._period()[1]})
            case 2 if rated:
                rating = {"record": self.rng.choice(rated), "score": self.rng.randint(1, 5)}
                self.new_record(tablet, "rating", rating)
            case 3:
                self.new_record(tablet, "event", {"votes": 9, "satisfied": self.rng.randint(0, 10)})
            case 4:
                self.case = self.case or self.new_record(tablet, "case", {})
                finding = {"findings/area/finding": self.rng.choice(["conforms", "remedy"])}
                self.new_record(tablet, "survey", {"case": self.case, **finding})
            case _:
                self.new_visit(tablet)

    def new_record(self, tablet: Tablet, of: str, told: Mapping[str, Any]) -> str:
        member = tablet.actor.member or ""
        self.made += 1
        sound = example(of)
        left_out = ("parties/", "readers/", "participants/")
        fields = {path: value for path, value in sound["fields"].items() if not path.startswith(left_out)}
        if of in self.records:
            fields |= {"period": self._period(), f"participants/{member}": True}
        if of == "rating":
            fields[f"readers/member:{member}"] = True
        envelope = {name: sound[name] for name in ("type", "version")} | {
            "branch": self.branch,
            "author": member,
            "zone": ZONE,
        }
        doc = f"{of}:{self.seed:012d}{self.made:014d}"
        tablet.create(doc, envelope, {**fields, **told}, self.rng)
        return doc

    def _own_change(self, doc: str) -> Callable[[list[Body], str], Body]:
        of = type_of_id(doc)
        if of == "visit" or self.rng.random() < 0.2:
            return super()._own_change(doc)
        rng = self.rng
        choices: dict[str | None, list[dict[str, Any]]] = {
            "service": [
                {"kind": rng.choice(["on_behalf", "on_site", "urgent"])},
                {"stages/concluded/actual": self._period()[1]},
                {"stages/delivered/promised": self._period()[1]},
                {"called_back": rng.choice(["satisfied", "dissatisfied"])},
                {"matters": rng.randint(1, 4)},
            ],
            "event": [{"votes": rng.randint(1, 9)}, {"satisfied": rng.randint(0, 9)}, {"title": rng.choice(WORDS)}],
            "survey": [
                {"findings/area/finding": rng.choice(["conforms", "remedy", "no such finding"])},
                {"findings/area/text": rng.choice(WORDS)},
                {"conclusion": rng.choice(["conforms", "remedy"])},
            ],
        }
        changes = {**rng.choice(choices[of]), **rng.choice([{}, {"period": self._period()}, self._problem()])}
        return lambda leaves, stamp: edit(leaves, changes, stamp, rule_of=rule_of)


def _without_former_readers(now: Now) -> bytes:
    """Who once could read a companion depends on what came first."""
    fields = now.content.get("fields", {})
    if not any(path.startswith("readers/") for path in fields):
        return canonical(now.content)
    return canonical({path: value for path, value in fields.items() if value is not False})


async def play(seed: int, pool: Pool) -> None:
    """Play one history; a failure names its seed and how to see it again."""
    try:
        await (Mixed if seed >= MIXED else History)(seed, pool).play()
    except AssertionError as failure:
        again = f".venv/bin/python -m tests.system_simulation --seed {seed}"
        raise AssertionError(f"seed {seed}: {failure}\nrepeat with: {again}") from failure


async def play_all(seeds: Sequence[int]) -> None:
    async with pool() as made:
        for seed in seeds:
            await play(seed, made)


def main(arguments: Sequence[str]) -> None:
    """Play many histories, or one again."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--histories", type=int, default=1000, help="how many seeds")
    parser.add_argument("--seed", type=int, help="only this one; with --histories the first")
    chosen = parser.parse_args(arguments)
    first = chosen.seed or 0
    seeds = range(
        first, first + (1 if chosen.seed is not None and "--histories" not in arguments else chosen.histories)
    )
    asyncio.run(play_all(seeds))
    print(f"{len(seeds)} histories came to rest and lost nothing")


if __name__ == "__main__":
    main(sys.argv[1:])
