"""A worker and its ledger over a store, for tests that want no application around them."""

import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from sync.ledger.counting import figures
from sync.ledger.digest import digest
from sync.ledger.ledger import Ledger
from sync.ledger.rebuild import compare, rebuild
from sync.ledger.rows import FigureWhere
from sync.reconcile.lease import Lease
from sync.reconcile.worker import Worker
from sync.stores.contract import Range, Store
from tests.builders import NOW, Centre, centre, record, stamp, write

ZONE = "Asia/Shanghai"
EVERYTHING = FigureWhere(["b03", "b04"], "", "~")


class Dead(Exception):
    """The process is gone."""


class Dying:
    """A store before which the process dies once so many writes were made."""

    def __init__(self, store: Store, writes: int) -> None:
        self._store = store
        self.left = writes

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def add(self, db: str, items: Any) -> Any:
        if self.left == 0:
            raise Dead
        self.left -= 1
        return await self._store.add(db, items)


class Working:
    """One worker; `start` opens its ledger, `stop` leaves it as a death of the process would."""

    def __init__(self, made: Centre, directory: Path, holder: str = "one", store: Any = None) -> None:
        self.centre = made
        self.store: Store = store or made.store
        self.path = directory / f"ledger-{holder}.sqlite3"
        self.ledger = Ledger(self.path, ZONE)
        self.lease = Lease(self.store, holder, lambda: NOW)
        self.worker = Worker(self.store, self.ledger, made.erasures, self.lease, lambda: NOW, time.monotonic)

    async def start(self) -> "Working":
        await self.ledger.open(self.store.incarnation)
        await self.lease.take()
        return self

    async def idle(self) -> None:
        await self.worker.idle()

    async def stop(self) -> None:
        await self.ledger.close()

    async def documents(self, prefix: str, db: str = "branch-b03") -> dict[str, dict[str, Any]]:
        """The fields of the living documents whose ids begin so."""
        rows, _, _ = await self.store.rows(db, Range(prefix, prefix + "\U0010ffff"), bodies=True)
        return {row.id: json.loads(row.body or b"{}")["fields"] for row in rows}

    async def month(self, branch: str = "b03", month: str = "2026-11") -> dict[str, Any]:
        return (await self.documents(f"activity_record:{branch}:{month}", f"branch-{branch}"))[
            f"activity_record:{branch}:{month}"
        ]

    async def same_from_nothing(self) -> None:
        """The ledger is what one made from nothing is, byte for byte. Only once the worker rests."""
        new = self.path.with_name("new.sqlite3")
        made = await rebuild(self.store, new, ZONE, self.centre.erasures, lambda db, count: None)
        different = compare(self.path, new)
        assert not different, "\n".join(map(str, different[:12]))
        assert digest(self.path) == made


@asynccontextmanager
async def working(directory: Path) -> AsyncIterator[Working]:
    async with centre(directory / "store") as made:
        one = await Working(made, directory).start()
        yield one
        await one.stop()


async def add(one: Working, *bodies: dict[str, Any], db: str = "branch-b03") -> None:
    await one.store.add(db, [write(body) for body in bodies])
    await one.idle()


async def put(one: Working, *bodies: dict[str, Any]) -> None:
    """Each to its own branch."""
    for body in bodies:
        await one.store.add(f"branch-{body['branch']}", [write(body)])
    await one.idle()


async def counted(one: Working, where: FigureWhere = EVERYTHING) -> dict[str, Any]:
    """The figures that are not 0."""
    told = await one.ledger.read(lambda sql: figures(sql, where))
    return {code: value for code, value in told[""].items() if value}


def visit(author: str = "m0117", branch: str = "b03", **fields: Any) -> dict[str, Any]:
    """A visit by its author alone, without problems; `fields` replace (`__` for a slash), None takes away."""
    return plain("visit", author, branch, **fields)


def plain(of: str, author: str = "m0117", branch: str = "b03", **fields: Any) -> dict[str, Any]:
    body = record(of, author=author, branch=branch)
    dropped = ("problems/", "participants/", "parties/")
    kept = {path: value for path, value in body["fields"].items() if not path.startswith(dropped)}
    kept |= {f"participants/{author}": True} | {path.replace("__", "/"): value for path, value in fields.items()}
    body["fields"] = {path: value for path, value in kept.items() if value is not None}
    return body


def edited(body: dict[str, Any], path: str, value: Any, member: str = "m0117", device: str = "t1") -> dict[str, Any]:
    """The body after an edit made on a tablet that had seen nothing else."""
    fields, stamps = (
        {**body["fields"], path: value},
        {**body["stamps"], path: stamp(member, device, NOW + timedelta(minutes=1))},
    )
    return {**body, "fields": fields, "stamps": stamps}


def review(record_id: str, decision: str, author: str = "m0001", order: int = 0, **fields: Any) -> dict[str, Any]:
    body = record("review", author=author)
    body["fields"] = {"record": record_id, "decision": decision} | {
        path.replace("__", "/"): value for path, value in fields.items()
    }
    body["stamps"] = {"": stamp(author, "desk", number=order)}
    return body


def hours(start: int, end: int, day: int = 20) -> list[str]:
    return [f"2026-11-{day:02d}T{start:02d}:00:00Z", f"2026-11-{day:02d}T{end:02d}:00:00Z"]


__all__ = [
    "EVERYTHING",
    "ZONE",
    "Dead",
    "Dying",
    "Working",
    "add",
    "counted",
    "edited",
    "hours",
    "plain",
    "put",
    "review",
    "visit",
    "working",
    "write",
]
