"""Decide which principals a person holds: from the directory of the centre and from assignments (decision 4).

Kept in memory and read anew, a database at a time, whenever something that it is made of is written. `branch`, `role` and
`left` of an account's member come from the member's record where there is one, else from the account.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sync.actor import Role
from sync.documents import content_of
from sync.stores.contract import Range, Readers, Store

SOURCES = ("member:", "assignment:")
"""Ids of the documents that rights are made of."""


@dataclass(frozen=True, slots=True)
class Stay:
    """Somebody's time in a branch; None: without that bound."""

    branch: str
    first: date | None
    last: date | None


@dataclass(frozen=True, slots=True)
class Person:
    branch: str | None
    role: str | None
    stays: tuple[Stay, ...]
    left: date | None
    name: str = ""


class Directory:
    def __init__(self, store: Store, clock: Callable[[], datetime], zone: str) -> None:
        """`zone`: the centre's, by whose days somebody comes and leaves."""
        self._store, self._clock, self._zone = store, clock, ZoneInfo(zone)
        self._people: dict[str, Person] = {}
        self._assigned: dict[str, dict[str, set[str]]] = {}
        self.version = 0
        """Grows with every change of rights."""

    async def load(self) -> None:
        names = await self._store.databases()
        await asyncio.gather(*[self.refresh(name) for name in names if has_sources(name)])

    async def refresh(self, db: str) -> None:
        """Read one database's share again."""
        if db == "centre":
            rows = await self._bodies(db, "member:")
            self._people = {doc.removeprefix("member:"): _person(fields) for doc, fields in rows}
        else:
            assigned: dict[str, set[str]] = defaultdict(set)
            found = await self._bodies(db, "assignment:")
            # An assignment is written once: a later one supersedes it, also to end it.
            superseded = {fields.get("supersedes") for _, fields in found}
            for doc, fields in found:
                member, subject = fields.get("member"), fields.get("subject")
                current = doc not in superseded and fields.get("state", "given") == "given"
                if current and isinstance(member, str) and isinstance(subject, str):
                    assigned[member].add(subject)
            self._assigned[db] = dict(assigned)
        self.version += 1

    def principals(self, member: str | None, role: Role, branch: str | None) -> Readers:
        """What a holder of this role holds now. The role and branch of the account are what the directory does not override."""
        if role == "administrator":
            return frozenset({"administrator", "server", "everyone"})
        person = self._people.get(member or "")
        branch = self.branch(member, branch)
        held = {"everyone"}
        if member:
            held.add(f"member:{member}")
            for shares in self._assigned.values():
                held.update(f"assigned:{subject}" for subject in shares.get(member, ()))
        if role == "committee":
            held.add("committee")
        if branch and not (
            person is not None and person.left is not None and person.left < self._day_of(self._clock())
        ):
            held.add(f"branch:{branch}")
            if role in ("secretary", "deputy"):
                held.add(f"secretary:{branch}")
        return frozenset(held)

    def person(self, member: str | None) -> Person | None:
        """None for whom the directory does not know."""
        return self._people.get(member or "")

    def name(self, member: str | None) -> str:
        """What a member is called; empty where the directory does not know."""
        person = self._people.get(member or "")
        return person.name if person is not None else ""

    def branch(self, member: str | None, branch: str | None) -> str | None:
        """Where a member belongs now; `branch` is what its account says, for whom the directory does not name one."""
        person = self._people.get(member or "")
        return person.branch if person is not None and person.branch else branch

    def branches_then(self, member: str | None, moment: datetime) -> Readers:
        """`branch:…` of those that a member belonged to on that day: what was made there is accepted there after a move."""
        person = self._people.get(member or "")
        if person is None:
            return frozenset()
        day = self._day_of(moment)
        stays = [stay for stay in person.stays if (stay.first or day) <= day <= (stay.last or day)]
        return frozenset(f"branch:{stay.branch}" for stay in stays)

    def belonged(self, member: str | None, branch: str) -> bool:
        """Whether a member ever was in this branch: such a tablet may still have something to hand in."""
        person = self._people.get(member or "")
        return person is not None and (person.branch == branch or any(stay.branch == branch for stay in person.stays))

    def _day_of(self, moment: datetime) -> date:
        return moment.astimezone(self._zone).date()

    async def _bodies(self, db: str, prefix: str) -> list[tuple[str, Mapping[str, Any]]]:
        rows, _, _ = await self._store.rows(db, Range(prefix, prefix + "\U0010ffff"), bodies=True)
        contents = [(row.id, content_of(row.body or b"{}")) for row in rows]
        return [(doc, fields) for doc, content in contents if isinstance(fields := content.get("fields"), dict)]


def has_sources(db: str) -> bool:
    return db in ("centre", "shared") or db.startswith("branch-")


def _person(fields: Mapping[str, Any]) -> Person:
    stays: dict[str, dict[str, Any]] = defaultdict(dict)
    for path, value in fields.items():
        head, _, rest = path.partition("/")
        if head == "belonged":
            item, _, part = rest.partition("/")
            stays[item][part] = value
    known = tuple(
        Stay(stay["branch"], *_days(stay.get("days")))
        for stay in stays.values()
        if isinstance(stay.get("branch"), str) and not stay.get("withdrawn")
    )
    branch, role, name = fields.get("branch"), fields.get("role"), fields.get("name")
    return Person(
        branch if isinstance(branch, str) else None,
        role if isinstance(role, str) else None,
        known,
        _day(fields.get("left")),
        name if isinstance(name, str) else "",
    )


def _days(value: object) -> tuple[date | None, date | None]:
    return (_day(value[0]), _day(value[1])) if isinstance(value, list) and len(value) == 2 else (None, None)


def _day(value: object) -> date | None:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
