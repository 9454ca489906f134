"""Decide who and what there is in the demo centre: 7 branches, 131 members, their windows and units, and whom they serve.

The sizes are those of a real centre of its kind; everything else is drawn from the seed. Ids say nothing of a person.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from server.demo import words
from server.demo.dice import Dice, Weighted

ZONE = "Asia/Shanghai"
LINKED_RESIDENTS = 1027
RESIDENTS_OF_A_MEMBER = 10
ENTERPRISES, PROJECTS, SITES = 57, 40, 90
HOUSEHOLDS_OF_A_BRANCH = 12
SHARED_EVERY = 6
"""Every so many enterprises and projects one is served by a second branch too, and so lies in `shared`."""
_LATITUDE, _LONGITUDE = 301_000_000, 1_102_000_000


class Member(NamedTuple):
    id: str
    name: str
    branch: str
    role: str
    window: str
    unit: str
    post: str
    device: str
    busy: float
    """How many records for one of a colleague."""


class Subject(NamedTuple):
    id: str
    kind: str
    name: str
    address: str
    place: tuple[int, int]
    db: str
    branch: str
    within: str = ""
    trade: str = ""


@dataclass(slots=True)
class Branch:
    id: str
    name: str
    short: str
    leader: str
    members: list[Member] = field(default_factory=list)
    subjects: dict[str, list[Subject]] = field(default_factory=dict)
    """By kind."""
    linked: dict[str, list[Subject]] = field(default_factory=dict)
    """The residents that a member is linked with (1+10)."""
    by_work: Weighted[Member] = field(default_factory=lambda: Weighted({}))

    @property
    def db(self) -> str:
        return f"branch-{self.id}"

    def holding(self, role: str) -> list[Member]:
        return [one for one in self.members if one.role == role]


@dataclass(slots=True)
class Centre:
    seed: int
    opened: datetime
    branches: list[Branch]
    windows: dict[str, tuple[str, str, str]]
    """id -> (name, unit, branch)"""
    units: dict[str, tuple[str, str]]
    """id -> (name, short name)"""

    @property
    def members(self) -> list[Member]:
        return [member for branch in self.branches for member in branch.members]

    @property
    def databases(self) -> list[str]:
        return ["centre", "shared", *[branch.db for branch in self.branches]]


def make_centre(seed: int, since: date) -> Centre:
    """The centre as it stands on the morning of `since`."""
    dice = Dice(f"{seed}:centre")
    opened = datetime(since.year, since.month, since.day, tzinfo=UTC) - timedelta(hours=8)
    units = {f"u{at + 1:02d}": (name, short) for at, (name, short, _, _) in enumerate(words.UNITS)}
    windows: dict[str, tuple[str, str, str]] = {}
    for at, (_, _, branch_at, names) in enumerate(words.UNITS):
        for name in names:
            windows[f"w{len(windows) + 1:02d}"] = (f"{name}窗口", f"u{at + 1:02d}", words.BRANCHES[branch_at][0])
    branches = [Branch(one, name, short, f"m{at % 4 + 1:04d}") for at, (one, name, short) in enumerate(words.BRANCHES)]
    centre = Centre(seed, opened, branches, windows, units)
    _people(centre, dice)
    _subjects(centre, dice)
    return centre


def _people(centre: Centre, dice: Dice) -> None:
    """The four leaders belong to the last branch and come first: their ids are m0001 to m0004."""
    names: set[str] = set()
    numbers = iter(range(5, 1000))
    leaders = iter(range(1, 5))
    for branch, size in zip(centre.branches, words.MEMBERS_OF_BRANCHES, strict=True):
        own = [one for one, (_, _, at) in centre.windows.items() if at == branch.id]
        leading = branch is centre.branches[-1]
        roles = ["committee"] * 4 * leading + ["secretary", "deputy", *["deputy"] * (size > 20)]
        for at in range(size):
            role = roles[at] if at < len(roles) else "member"
            window = own[at % len(own)]
            name = _new_name(dice, names)
            number = next(leaders) if role == "committee" else next(numbers)
            post = {"secretary": "窗口负责人", "committee": "中心领导"}.get(role) or dice.pick(words.POSTS)
            busy = 0.3 if role == "committee" else dice.pick((0.5, 0.8, 1.0, 1.0, 1.0, 1.3, 2.0, 4.0))
            unit = centre.windows[window][1]
            branch.members.append(
                Member(f"m{number:04d}", name, branch.id, role, window, unit, post, f"t{dice.bits(24):06x}", busy)
            )
        branch.by_work = Weighted({one: one.busy for one in branch.members})


def _new_name(dice: Dice, taken: set[str]) -> str:
    while True:
        name = dice.pick(words.SURNAMES) + dice.pick(words.GIVEN)
        if name not in taken:
            taken.add(name)
            return name


def _subjects(centre: Centre, dice: Dice) -> None:
    ms = int(centre.opened.timestamp() * 1000)

    def add(
        branch: Branch,
        kind: str,
        name: str,
        address: str,
        *,
        near: Subject | None = None,
        within: str = "",
        **more: str,
    ) -> Subject:
        centre_at, reach = (near.place, 30_000) if near else ((_LATITUDE, _LONGITUDE), 900_000)
        place = (centre_at[0] + dice.between(-reach, reach), centre_at[1] + dice.between(-reach, reach))
        made = Subject(
            f"{kind}:{dice.id(ms)}", kind, name, address, place, more.pop("db", branch.db), branch.id, within, **more
        )
        branch.subjects.setdefault(kind, []).append(made)
        return made

    for at, branch in enumerate(centre.branches):
        village = add(branch, "village", words.VILLAGES[at], f"云泽市{words.VILLAGES[at]}")
        for number in range(HOUSEHOLDS_OF_A_BRANCH):
            group = words.GROUPS[number % 6]
            name = f"{village.name}{group}组{number + 3}号户"
            add(branch, "household", name, f"{village.name}{group}组", near=village, within=village.id)
        for community_at in (2 * at, 2 * at + 1):
            name = words.COMMUNITIES[community_at]
            community = add(branch, "village", name, f"云泽市{name}")
            for point in dice.some(words.POINTS, 2):
                add(branch, "duty_point", f"{name}{point}", f"{name}{point}", near=community, within=community.id)
    _residents(centre, dice, add)
    for at in range(ENTERPRISES):
        branch = centre.branches[at % len(centre.branches)]
        word = words.FIRM_WORDS[at % len(words.FIRM_WORDS)]
        trade, ending = words.TRADES[(at * 5 + at // 28) % len(words.TRADES)]
        db = "shared" if at % SHARED_EVERY == 0 else branch.db
        firm = add(branch, "enterprise", f"云泽{word}{ending}", f"云泽市高新区{at % 9 + 1}号路", trade=trade, db=db)
        if at < PROJECTS:
            name = f"{word}{words.PROJECTS[at % len(words.PROJECTS)]}"
            add(branch, "project", name, firm.address, near=firm, within=firm.id, trade=trade, db=db)
    for at in range(SITES):
        branch = centre.branches[at % len(centre.branches)]
        within = dice.pick(branch.subjects["village"])
        name = f"{within.name}{dice.pick(words.SITES)}（{dice.between(1, 199)}号）"
        add(branch, "site", name, f"{within.name}{dice.between(1, 199)}号", near=within, within=within.id)


def _residents(centre: Centre, dice: Dice, add: Any) -> None:
    everyone, left = len(centre.members), LINKED_RESIDENTS
    without = everyone - -(-LINKED_RESIDENTS // RESIDENTS_OF_A_MEMBER)
    place = 0
    for branch in centre.branches:
        communities = [one for one in branch.subjects["village"] if one.name.endswith("社区")]
        for member in branch.members:
            place += 1
            # Those without a link are spread over all branches.
            if place * without // everyone > (place - 1) * without // everyone:
                continue
            count = min(RESIDENTS_OF_A_MEMBER, left)
            left -= count
            for _ in range(count):
                home = dice.pick(communities)
                address = f"{home.name}{dice.pick(words.ESTATES)}{dice.between(1, 28)}号楼{dice.between(1, 4)}单元"
                name = f"{dice.pick(words.SURNAMES)}{dice.pick(('大爷', '阿姨', '师傅', '老师', '女士', '先生'))}"
                made = add(branch, "resident", name, address, near=home, within=home.id)
                branch.linked.setdefault(member.id, []).append(made)


def _committee(centre: Centre, branch: Branch) -> dict[str, Any]:
    """Elected as the demo's two years began: its secretary and deputies, and of the other members as many as its size asks for."""
    others = [one for one in branch.members if one.role == "member"]
    seats = [(one.role, one) for one in branch.members if one.role in ("secretary", "deputy")]
    seats += zip(("organisation", "publicity", "discipline")[: len(others)], others, strict=False)
    days = [f"{centre.opened.year - 2}-07-01", None]
    told: dict[str, Any] = {}
    for at, (office, one) in enumerate(seats):
        item = f"offices/{branch.id}{at}"
        told |= {f"{item}/member": one.id, f"{item}/office": office, f"{item}/days": days}
    return told


def documents(centre: Centre) -> Iterator[tuple[str, dict[str, Any]]]:
    """Everything but the records, as (database, body with its `_id`): directory, subjects, person facts, links."""
    ms = int(centre.opened.timestamp() * 1000)
    dice = Dice(f"{centre.seed}:documents")
    joined = f"{centre.opened.year - 2}-07-01"

    def stamp(device: str = "server", member: str = "admin") -> dict[str, str]:
        return {"": f"{ms:015d}.0000-{device}-{member}-{dice.bits(32):08x}"}

    def told(kind: str, name: str, fields: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        return "centre", {"_id": f"{kind}:{name}", "type": kind, "version": 1, "fields": fields, "stamps": stamp()}

    for at, branch in enumerate(centre.branches):
        fields = {"name": branch.name, "short": branch.short, "leader": branch.leader, "zone": ZONE, "order": at + 1}
        yield told("branch", branch.id, {**fields, "active": True, **_committee(centre, branch)})
    for at, (unit, (name, short)) in enumerate(centre.units.items()):
        yield told("unit", unit, {"name": name, "short": short, "order": at + 1, "active": True})
    for at, (window, (name, unit, of)) in enumerate(centre.windows.items()):
        fields = {"name": name, "number": f"{at + 1}", "floor": f"{at // 14 + 1}楼", "unit": f"unit:{unit}"}
        yield told("window", window, {**fields, "branch": of, "order": at + 1, "active": True})
    for member in centre.members:
        fields = {"name": member.name, "branch": member.branch, "window": f"window:{member.window}"}
        fields |= {"unit": f"unit:{member.unit}", "role": member.role, "post": member.post, "joined": joined}
        yield told("member", member.id, {**fields, "party_member": True, "active": True})
    for branch in centre.branches:
        secretary = branch.holding("secretary")[0]
        envelope = {"branch": branch.id, "author": secretary.id, "device": secretary.device, "zone": ZONE}
        for subject in (one for kind in branch.subjects.values() for one in kind):
            yield subject.db, _subject(centre, subject, envelope, stamp(secretary.device, secretary.id), dice)
        for member in branch.members:
            for resident in branch.linked.get(member.id, ()):
                body = {"_id": f"assignment:{dice.id(ms)}", "type": "assignment", "version": 1, **envelope}
                fields = {"kind": "link", "member": member.id, "subject": resident.id, "state": "given"}
                fields |= {"text": "按“1+10”联系制度，每季度至少走访一次。"}
                days = [f"{centre.opened + timedelta(hours=8):%Y-%m-%d}", None]
                stamps = stamp(secretary.device, secretary.id)
                yield branch.db, {**body, "fields": {**fields, "days": days}, "stamps": stamps}
        for household in branch.subjects["household"][:4]:
            body = {"_id": f"person:{dice.id(ms)}", "type": "person", "version": 1, **envelope}
            fields = {"subject": household.id, "privacy": "consent", "keep_until": f"{centre.opened.year + 4}-12-31"}
            fields |= {
                "health": dice.pick(_HEALTH),
                "hardship": dice.pick(_HARDSHIP),
                "benefits": [dice.pick(_BENEFITS)],
            }
            yield branch.db, {**body, "fields": fields, "stamps": stamp(secretary.device, secretary.id)}


def _subject(
    centre: Centre, subject: Subject, envelope: dict[str, str], stamps: dict[str, str], dice: Dice
) -> dict[str, Any]:
    fields: dict[str, Any] = {"kind": subject.kind, "name": subject.name, "address": subject.address}
    fields["place"] = [*subject.place, 15]
    if subject.within:
        fields["within"] = subject.within
    if subject.db == "shared":
        own = next(at for at, one in enumerate(centre.branches) if one.id == subject.branch)
        fields[f"branches/{centre.branches[(own + 1) % len(centre.branches)].id}"] = True
    if subject.kind == "enterprise":
        fields["contact"] = f"{dice.pick(words.SURNAMES)}经理"
    if subject.kind == "project":
        day = centre.opened.date()
        for text in words.MILESTONES[: dice.between(2, 6)]:
            item = dice.id(int(centre.opened.timestamp() * 1000))
            day += timedelta(days=dice.between(15, 60))
            fields |= {f"milestones/{item}/text": text, f"milestones/{item}/due": day.isoformat()}
    if subject.kind in ("household", "resident"):
        fields |= {"privacy": "notice", "keep_until": f"{centre.opened.year + 4}-12-31"}
    return {"_id": subject.id, "type": "subject", "version": 1, **envelope, "fields": fields, "stamps": stamps}


_HEALTH = ("慢性病，按月取药", "腿脚不便，需人陪同办事", "视力差，字要念给他听", "术后恢复，定期复查")
_HARDSHIP = ("缺劳力", "因病支出大", "两个孩子上学", "房屋年久失修", "独居，子女在外务工")
_BENEFITS = ("低保", "残疾人两项补贴", "高龄津贴", "临时救助", "助学金")
