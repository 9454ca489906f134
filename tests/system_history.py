"""What happens in a simulated history: members record and edit on tablets, servers replicate, workers die, desks decide, backups come
back, and what is redacted is forgotten."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from schemas import example, rule_of, type_of_id
from sync.actor import Actor, Role
from sync.documents import encode
from sync.ledger.follow import hashes
from sync.reconcile.body import Body
from sync.reconcile.cases import Cell, case_of, findings_of
from sync.reconcile.edit import edit, remove_item, restore_item, withdraw
from sync.reconcile.explain import disputes
from sync.stores.contract import Write
from tests.merge_simulation import DAY
from tests.places import SHARED, ZONE, Backup, Life
from tests.simulated_tablet import Tablet
from tests.system_ending import SERVERS_MAX, Ending, Step
from tests.system_pool import Pool

STEPS = 25
PHOTOS_MAX = 1
WORDS = ["屋顶漏雨", "已修好", "低保申请", "送证上门", "无人在家"]


class History(Ending):
    """One random history in one branch: some weeks of work apart, then everything replicates until nothing changes."""

    records_max = 3

    def __init__(self, seed: int, pool: Pool) -> None:
        super().__init__(seed, pool)
        rng = self.rng
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
        self.made = self.decided = self.saved = 0

    async def play(self) -> None:
        await self.begin(self.rng.choice([1, 1, 2, 2, SERVERS_MAX, SERVERS_MAX]))
        await self.create()
        for tablet in self.tablets * 2:
            # What is edited apart must be known to several.
            await self._push(tablet, self.servers[0])
            await self._pull(tablet, self.servers[0])
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
            await self._push(tablet, server, self.calm)
            doc = rng.choice(own)
            change = self._own_change(doc)
            tablet.edit(doc, lambda leaves, stamp: {**change(leaves, stamp), "replaced": []}, rng)
            await self._push(tablet, server, self.calm)

    async def push(self) -> None:
        tablet, server = self.rng.choice(self.tablets), self.rng.choice(self.servers)
        await self._push(tablet, server)

    async def pull(self) -> None:
        tablet, server = self.rng.choice(self.tablets), self.rng.choice(self.servers)
        await self._pull(tablet, server)

    async def replicate(self) -> None:
        one, other = self.rng.sample(self.servers, 2)
        await self._hear(one, other)

    async def work(self) -> None:
        await self.rng.choice(self.servers).work()

    async def work_and_die(self) -> None:
        await self.rng.choice(self.servers).work_and_die(Life(self.rng.randrange(24)), again=self.rng.random() < 0.2)

    async def work_by_two(self) -> None:
        server, tablet = self.rng.choice(self.servers), self.rng.choice(self.tablets)
        await server.work_by_two(self.rng, lambda: self._push(tablet, server))

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
            await self._push(tablet, one)
        await one.work()
        for db in self.dbs:
            documents = await one.says_to(other, db)
            await other.is_told([doc for doc in documents if self.rng.random() < 0.5], db)
        await one.restore(backup)

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


class Mixed(History):
    """Records of every type: services with their stages and ratings, events, surveys of a joint case."""

    records = ("visit", "service", "event", "survey")
    records_max = 7
    beside = (SHARED,)
    case = ""

    def steps(self) -> list[Step]:
        return [*super().steps(), *[self.conclude] * (3 if self.case else 0)]

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

    async def conclude(self) -> None:
        """The lead issues the joint conclusion on a tablet that knows of none, while another tablet of theirs may do so too (JS6)."""
        rng, tablet = self.rng, self.rng.choice(self.tablets)
        if self.case not in tablet.docs or (body := tablet.joined(self.case))["author"] != tablet.actor.member:
            return
        if case_of(body).issue is not None:
            return
        basis = [
            msgspec.to_builtins(Cell(f"branch:{self.branch}", one.item, one.finding, doc, one.stamp))
            for doc in sorted(tablet.docs)
            if doc.startswith("survey:")
            for one in findings_of(tablet.joined(doc))
        ]
        told = {"conclusion": rng.choice(["pass", "remedy", "fail"]), "conclusion_text": rng.choice(WORDS)}
        told["issued"] = f"{self.clock():%Y-%m-%dT%H:%M:%SZ}"
        tablet.edit(
            self.case, lambda leaves, stamp: edit(leaves, {**told, "basis": basis}, stamp, rule_of=rule_of), rng
        )

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
