"""Decide how a simulated tablet works: it keeps its records by itself, and speaks to the server as any tablet does, by replication.

It pushes before it pulls, edits on the join of the leaves that it holds, and stamps what it writes.
"""

import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp

from schemas import rule_of
from server.demo.centre import ZONE, Member
from server.demo.dice import Dice
from sync.documents import content_of, encode
from sync.peers import StorePeer, UrlPeer
from sync.reconcile.edit import create, edit
from sync.reconcile.stamps import next_stamp
from sync.replicator import Outcome, replicate
from sync.stores.contract import LEAVES, Edit, Range, Want, Written
from sync.stores.sqlite import SqliteStore


class Tablet:
    def __init__(self, member: Member, directory: Path, session: aiohttp.ClientSession, url: str) -> None:
        """`url`: the server's `/sync` with the member's name and password."""
        self.member = member
        self.store = SqliteStore(directory, lambda db, content: None)
        self._session, self._url = session, url
        self._last = ""
        self._dice = Dice(secrets.token_hex(8))

    async def open(self) -> None:
        await self.store.open()

    async def close(self) -> None:
        await self.store.close()

    async def pull(self, db: str) -> Outcome:
        here, there = await self._sides(db)
        return await replicate(there, here, secrets.token_hex(16))

    async def push(self, db: str) -> Outcome:
        here, there = await self._sides(db)
        return await replicate(here, there, secrets.token_hex(16))

    async def record(self, db: str, kind: str, fields: Mapping[str, Any]) -> str:
        """Make a record; returns its id."""
        await self._sides(db)
        now = int(time.time() * 1000)
        envelope = {
            "type": kind,
            "version": 2,
            "form": f"{kind}/1",
            "branch": self.member.branch,
            "author": self.member.id,
        }
        envelope |= {"device": self.member.device, "zone": ZONE}
        body = create(envelope, fields, self._stamp([]))
        record = f"{kind}:{self._dice.id(now)}"
        await self._write(db, record, None, body)
        return record

    async def change(self, db: str, record: str, changes: Mapping[str, Any]) -> None:
        (found,) = await self.store.get(db, [Want(record, LEAVES)])
        leaves = [content_of(one.body) for one in found.revisions]
        seen = [stamp for leaf in leaves for stamp in leaf.get("stamps", {}).values()]
        body = edit(leaves, changes, self._stamp(seen), rule_of=rule_of)
        (winner,) = await self.store.get(db, [Want(record)])
        await self._write(db, record, winner.revisions[0].rev, body)

    async def read(self, db: str, record: str) -> tuple[dict[str, Any], int]:
        """(what the record shows, how many living leaves it has)"""
        shown, leaves = await self.store.get(db, [Want(record), Want(record, LEAVES)])
        alive = sum(not one.deleted for one in leaves.revisions)
        return (content_of(shown.revisions[0].body) if shown.revisions else {}), alive

    async def all(self, db: str, prefix: str) -> list[tuple[str, dict[str, Any]]]:
        rows, _, _ = await self.store.rows(db, Range(prefix, prefix + "\U0010ffff"), bodies=True)
        return [(row.id, content_of(row.body or b"{}")) for row in rows]

    def new_id(self) -> str:
        return self._dice.id(int(time.time() * 1000))

    async def _write(self, db: str, record: str, parent: str | None, body: dict[str, Any]) -> None:
        (result,) = await self.store.add(db, [Edit(record, parent, body, encode(body))])
        if not isinstance(result, Written):
            raise result

    def _stamp(self, seen: list[str]) -> str:
        clock = int(time.time() * 1000)
        member = self.member
        self._last = next_stamp(clock, self._last, seen, member.device, member.id, secrets.randbelow)
        return self._last

    async def _sides(self, db: str) -> tuple[StorePeer, UrlPeer]:
        if db not in await self.store.databases():
            await self.store.create(db)
        here = StorePeer(self.store, db, f"{self.member.device}/{db}")
        return here, UrlPeer(self._session, f"{self._url}/{db}")
