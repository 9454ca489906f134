"""Decide how somebody is found among thousands: the directory's entries are kept in memory, in the order in which a list shows them, and
read again when the directory was written, by whoever."""

import asyncio
from collections import Counter
from typing import Any, Literal, NamedTuple

import msgspec

from schemas import upgrade
from sync.databases import CENTRE
from sync.documents import content_of
from sync.stores.contract import Range, Store

Kind = Literal["branch", "window", "unit", "member"]
KINDS: tuple[Kind, ...] = ("branch", "window", "unit", "member")
Key = tuple[int, str, str]
"""What lists are ordered by: the place that the directory gives (`order`), the name, the id."""

_LAST = 1_000_001
_FEW = 200
_SOUGHT = ("name", "short", "post", "number")


class Kept(msgspec.Struct, frozen=True):
    """A branch, window, unit or member. `revision`: give it back as If-Match with a change."""

    id: str
    revision: str
    fields: dict[str, Any]


class Entry(NamedTuple):
    """`words`: what it is found by, in small letters."""

    key: Key
    kept: Kept
    active: bool
    words: str

    @property
    def name(self) -> str:
        """The id without its kind."""
        return self.kept.id.partition(":")[2]


class Counts(msgspec.Struct, frozen=True):
    """How many members are active: in all, and by branch and home unit."""

    members: int
    branches: dict[str, int]
    units: dict[str, int]


class Roster:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._state = ("", "")
        self._entries: dict[str, list[Entry]] = {}

    async def entries(self, kind: Kind) -> list[Entry]:
        """All of one kind, in their order."""
        # Every write of the directory moves the database on: one look says whether what is held is still so.
        state = (self._store.incarnation, (await self._store.info(CENTRE)).update_seq)
        if state != self._state:
            self._entries, self._state = {}, state
        held = self._entries
        if kind not in held:
            held[kind] = sorted(map(_entry, await read_all(self._store, kind)), key=by_order)
        return held[kind]

    async def names(self) -> list[tuple[str, str]]:
        """(id, what it is called in short) of everything, in the order of ids."""
        told = [one.kept for kind in KINDS for one in await self.entries(kind)]
        return sorted((one.id, _text(one.fields, "short") or _text(one.fields, "name") or one.id) for one in told)

    async def counts(self) -> Counts:
        there = [one.kept.fields for one in await self.entries("member") if one.active]
        branches, units = (Counter(filter(None, (_text(one, of) for one in there))) for of in ("branch", "unit"))
        return Counts(len(there), dict(branches), dict(units))


async def read_all(store: Store, kind: str) -> list[Kept]:
    """The documents `<kind>:…` of the centre, as they are now, by id."""
    rows, _, _ = await store.rows(CENTRE, Range(f"{kind}:", f"{kind};", inclusive_end=False), bodies=True)

    def read() -> list[Kept]:
        told = []
        for row in rows:
            fields = dict(upgrade(content_of(row.body or b"{}"))).get("fields")
            told.append(Kept(row.id, row.rev, fields if isinstance(fields, dict) else {}))
        return told

    # Thousands of members take a moment, in which others are answered.
    return await asyncio.to_thread(read) if len(rows) > _FEW else read()


def by_order(one: Entry) -> tuple[int, bytes, str]:
    return sorting(one.key)


def sorting(key: Key) -> tuple[int, bytes, str]:
    """Common characters lie in GB 18030 in the order of their sound, as a Chinese list of names has them."""
    return key[0], key[1].encode("gb18030", "replace"), key[2]


def _entry(kept: Kept) -> Entry:
    fields = kept.fields
    order = fields.get("order")
    key = (order if isinstance(order, int) else _LAST, _text(fields, "name"), kept.id)
    words = " ".join([kept.id.partition(":")[2], *[_text(fields, part) for part in _SOUGHT]])
    active = fields.get("active") is not False and not fields.get("left")
    return Entry(key, kept, active, words.casefold())


def _text(fields: dict[str, Any], name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else ""
