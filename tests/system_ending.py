"""What must hold of a whole system once everything has replicated until nothing changes: all say the same, and nothing is missing."""

import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple

import msgspec

from schemas import rule_of, type_of_id
from schemas.canonical import canonical
from sync.checking import CHECKED
from sync.documents import content_of
from sync.ledger.digest import digest
from sync.ledger.rebuild import compare, rebuild
from sync.reconcile.body import Body
from sync.reconcile.cases import case_of
from sync.reconcile.explain import Fate, Held, disputed, history
from sync.stores.contract import LEAVES, Range, Want
from tests.merge_simulation import missing
from tests.places import ADMINISTRATOR, NOON, ZONE, Network, Server
from tests.simulated_tablet import Tablet
from tests.system_pool import Pool

SERVERS_MAX = 3

Step = Callable[[], Awaitable[object]]


class Now(NamedTuple):
    """What a server says of one document: the winner's content, and the living leaves."""

    content: Body
    alive: list[str]


class Ending:
    """One branch on several servers and tablets, and how a history of it ends. What happens before is the subclass's."""

    records: tuple[str, ...] = ("visit",)
    """The types of records that members make in it."""
    beside: tuple[str, ...] = ()
    """Databases that it plays in beside that of its branch."""

    def __init__(self, seed: int, pool: Pool) -> None:
        self.seed, self.pool, self.clock = seed, pool, pool.clock
        self.clock.now = NOON
        self.rng = rng = random.Random(seed)
        self.branch = f"h{seed}"
        self.db = f"branch-{self.branch}"
        self.dbs = (self.db, *self.beside)
        self.network, self.calm = Network(rng), Network(rng)
        self.calm.steady = True
        self.servers: list[Server] = []
        self.tablets: list[Tablet] = []
        self.forgetful = self.closed = False
        self._quarantined: set[str] | None = None
        self._rested: dict[str, str] = {}

    async def begin(self, servers: int) -> None:
        self.servers = await self.pool.servers(servers)
        for server in self.servers:
            await server.begin(*self.dbs)

    async def end(self) -> None:
        await self.settle_down()
        await self.check()
        await self.pool.clear(*self.dbs)

    def _is_record(self, doc: str) -> bool:
        return type_of_id(doc) in self.records

    async def _hear(self, one: Server, other: Server) -> None:
        for db in self.dbs:
            session = f"{self.rng.randrange(2**64):016x}"
            await one.hear_from(other, db, self.network, session, self.rng.choice([2, 500]))

    async def _push(self, tablet: Tablet, server: Server, network: Network | None = None) -> None:
        for db in self.dbs:
            await tablet.push(server, db, network or self.network, self.rng)

    async def _pull(self, tablet: Tablet, server: Server) -> None:
        for db in self.dbs:
            await tablet.pull(server, db, self.network, self.rng)

    async def _at(self, server: Server) -> str:
        """How far the server's databases are."""
        return " ".join([str((await server.store.info(db)).update_seq) for db in self.dbs])

    async def settle_down(self) -> None:
        """Everybody speaks with everybody linked and every worker works, in any order, until nothing changes."""
        self.network.steady = True
        links = self.ring()
        steps: list[Step] = [lambda one=server: self._work_if_moved(one) for server in self.servers]
        steps += [lambda a=one, b=other: self._hear(a, b) for one, other in links]
        steps += [lambda a=one, b=other: self._hear(b, a) for one, other in links]
        for n, tablet in enumerate(self.tablets):
            server = self.servers[n % len(self.servers)]
            steps += [lambda t=tablet, s=server: self._push(t, s)]
            steps += [lambda t=tablet, s=server: self._pull(t, s)]
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
        at = await self._at(server)
        if self._rested.get(server.name) != at:
            await server.work()
            self._rested[server.name] = await self._at(server)

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
        said = [(other, db, await one.says_to(other, db)) for one, other in links for db in self.dbs]
        for other, db, documents in said:
            await other.is_told(documents, db)

    async def _where(self) -> list[Any]:
        places: list[Any] = [await self._at(server) for server in self.servers]
        return places + [[len(replica.parents) for replica in tablet.docs.values()] for tablet in self.tablets]

    async def now(self, server: Server) -> dict[str, Now]:
        told: dict[str, Now] = {}
        for db in self.dbs:
            page = await server.store.changes(db)
            for one in await server.store.get(db, [Want(change.id, LEAVES) for change in page.changes]):
                alive = [each.rev for each in one.revisions if not each.deleted]
                told[one.id] = Now(content_of(one.revisions[0].body), alive)
        return told

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
            self._issued_once(server, documents)
        await self._ledgers_agree()
        # A month is approved as it lay there at that moment, which another order may never see; and what a forgetful edit changed
        # is worked out where its parent is held (MG25).
        tellable = not self.closed and not self.forgetful and not any(server.restored for server in self.servers)
        if tellable and self.rng.random() < 0.35:
            await self._another_order_says_the_same(held[0])

    async def _another_order_says_the_same(self, documents: dict[str, Now]) -> None:
        """All that was pushed anywhere comes to a new server in another order, whose worker comes by now and then."""
        *_, spare = await self.pool.servers(SERVERS_MAX + 1)
        await spare.begin(*self.dbs)
        heard = [one for server in self.servers for one in server.heard]
        self.rng.shuffle(heard)
        for db, write in heard:
            await spare.take(ADMINISTRATOR, db, [write])
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

    @staticmethod
    def _issued_once(server: Server, documents: dict[str, Now]) -> None:
        """One conclusion stands, in the words of its own issue, and every other is told as lost to it."""
        for doc, now in documents.items():
            issues = {stamp for path, stamp, _ in server.knew.get(doc, ()) if path == "issued"}
            if type_of_id(doc) == "case" and issues:
                case = case_of(now.content)
                assert case.issue is not None, f"{doc}: no conclusion shows"
                assert case.issue.stamp == min(issues), f"{doc}: another conclusion stands than the first"
                assert {case.issue.stamp, *(one.stamp for one in case.lost)} == issues, (
                    f"{doc}: a conclusion is not told"
                )
                shown = {
                    now.content["stamps"].get(path) for path in ("issued", "conclusion", "conclusion_text", "basis")
                }
                assert shown == {case.issue.stamp}, f"{doc}: two conclusions are mixed"

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


def _without_former_readers(now: Now) -> bytes:
    """Who once could read a companion depends on what came first."""
    fields = now.content.get("fields", {})
    if not any(path.startswith("readers/") for path in fields):
        return canonical(now.content)
    return canonical({path: value for path, value in fields.items() if value is not False})
