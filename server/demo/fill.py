"""Decide what a demo's data directory holds: the centre with its year, some accounts with passwords drawn once, and a note of both.

Filling it again changes nothing: the records are the same to the byte, so a fill that was broken off is simply run again.
"""

import asyncio
import os
import secrets
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path

import msgspec

from server.app import create_app
from server.data import locked
from server.demo.centre import Centre, make_centre
from server.demo.hall import reports
from server.demo.records import Made
from server.demo.year import beginnings, first_day, year
from server.imports import take_in
from server.running import living
from server.services import Services
from server.settings import Settings
from sync.actor import Actor, Role
from sync.databases import SHARED
from sync.documents import content_of, parse_write
from sync.errors import AlreadyExists, BadRequest
from sync.stores.contract import Range, Written

NOTE = "demo.json"
BATCH = 1_000
STAGE = "b03"
"""The branch whose tablets are played, so the one worth looking at."""

Told = Callable[[int, int], None]


class Account(msgspec.Struct, frozen=True):
    name: str
    password: str
    role: Role
    member: str | None
    branch: str | None
    person: str


class Demo(msgspec.Struct, frozen=True):
    """The note: what was filled in, and who may log in. Readable by its user alone."""

    seed: int
    records: int
    until: date
    accounts: list[Account]
    filled: bool = False

    def centre(self) -> Centre:
        return make_centre(self.seed, first_day(self.until))

    def account(self, name: str) -> Account:
        return next(one for one in self.accounts if one.name == name)


def prepare(settings: Settings, seed: int, records: int, until: date, told: Told) -> Demo:
    """Fill the data directory unless that was done. Raises Busy, and BadRequest for a directory that holds something else."""
    directory = settings.directory
    with locked(directory, "command"):
        note = directory / NOTE
        if note.exists():
            demo = msgspec.json.decode(note.read_bytes(), type=Demo)
        elif (directory / "store").exists():
            raise BadRequest(f"{directory} holds a store that is no demo: name another directory with --data.")
        else:
            demo = Demo(seed, records, until, _accounts(make_centre(seed, first_day(until))))
            _keep(note, demo)
        if not demo.filled:
            asyncio.run(_fill(settings, demo, told))
            demo = msgspec.structs.replace(demo, filled=True)
            _keep(note, demo)
    return demo


def _accounts(centre: Centre) -> list[Account]:
    made = [_account("admin", "administrator", None, None, "管理员")]
    leader = centre.branches[-1].holding("committee")[0]
    made.append(_account("committee", "committee", leader.id, None, leader.name))
    roles: tuple[Role, ...] = ("secretary", "deputy")
    for branch in centre.branches:
        for role in roles:
            who = branch.holding(role)[0]
            made.append(_account(f"{role}-{branch.id}", role, who.id, branch.id, who.name))
    stage = next(branch for branch in centre.branches if branch.id == STAGE)
    played = stage.holding("member")[:3]
    return [*made, *(_account(who.id, "member", who.id, STAGE, who.name) for who in played)]


def _account(name: str, role: Role, member: str | None, branch: str | None, person: str) -> Account:
    return Account(name, secrets.token_urlsafe(9), role, member, branch, person)


def _keep(note: Path, demo: Demo) -> None:
    part = note.with_suffix(".part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(msgspec.json.encode(demo))
    part.replace(note)


async def _fill(settings: Settings, demo: Demo, told: Told) -> None:
    centre = demo.centre()
    async with living(create_app(settings)) as services:
        there = await services.store.databases()
        for db in centre.databases:
            if db not in there:
                await services.store.create(db)
        await asyncio.gather(*[_add_account(services, one) for one in demo.accounts])
        filler = Actor("admin", "administrator", services.admission.directory.principals(None, "administrator", None))
        await _push(services, filler, beginnings(centre), lambda _: None)
        await _push(services, filler, year(centre, demo.records, demo.until), lambda done: told(done, demo.records))
        told(demo.records, demo.records)
        await _hall(services, filler, demo)


async def _hall(services: Services, actor: Actor, demo: Demo) -> None:
    """The monthly files of the hall, as the committee would import them; those that were imported before are left alone."""
    rows, _, _ = await services.store.rows(SHARED, Range("import:", "import:\U0010ffff"), bodies=True)
    there = {content_of(row.body or b"{}")["fields"]["name"] for row in rows}
    until = min(demo.until, services.now().astimezone(services.ledger.zone).date())
    for name, data in reports(demo.centre(), until):
        if name not in there:
            await take_in(services, actor, data, name, "hall", None, dry_run=False)


async def _add_account(services: Services, one: Account) -> None:
    try:
        await services.accounts.add(one.name, one.role, one.password, member=one.member, branch=one.branch)
    except AlreadyExists:
        return


async def _push(services: Services, actor: Actor, made: Iterable[Made], done: Callable[[int], None]) -> None:
    """Through admission, so that what is wrong with a record is noted beside it as ever."""
    waiting: dict[str, list[Made]] = defaultdict(list)
    count = 0

    async def send(db: str) -> None:
        many = waiting.pop(db)
        for result in await services.admission.push(actor, db, [parse_write(dict(one.doc)) for one in many]):
            if not isinstance(result, Written):
                raise result

    for one in made:
        waiting[one.db].append(one)
        count += one.counted
        if len(waiting[one.db]) >= BATCH:
            await send(one.db)
            done(count)
    for db in list(waiting):
        await send(db)
