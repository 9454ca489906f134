"""RP: replication from the client's side, against real stores, the real endpoint and a real server process."""

import asyncio
import random
import signal
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest

from sync.erasure import Erasures
from sync.errors import NotFound
from sync.peers import Document, Refusal, StorePeer, Unreachable, UrlPeer
from sync.replicator import Outcome, replicate
from sync.stores.contract import LEAVES, Range, Want
from sync.stores.sqlite import SqliteStore
from tests.builders import record, write
from tests.serving import FIELDBOOK, PASSWORD, command, environment, served

_sessions = iter(range(1_000_000))


async def run(source: Any, target: Any, batch: int = 500) -> Outcome:
    return await replicate(source, target, f"run{next(_sessions)}", batch=batch)


@asynccontextmanager
async def store(directory: Path, *databases: str) -> AsyncIterator[SqliteStore]:
    opened = SqliteStore(directory, lambda db, content: None)
    await opened.open()
    for db in databases:
        if db not in await opened.databases():
            await opened.create(db)
    yield opened
    await opened.close()


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[tuple[StorePeer, StorePeer]]:
    async with store(tmp_path / "a", "records") as a, store(tmp_path / "b", "records") as b:
        yield StorePeer(a, "records", "a"), StorePeer(b, "records", "b")


def inner(peer: StorePeer) -> SqliteStore:
    opened = peer._store
    assert isinstance(opened, SqliteStore)
    return opened


async def add(peer: StorePeer, *writes: Any) -> None:
    for result in await inner(peer).add("records", list(writes)):
        assert not isinstance(result, Exception)


async def content(peer: StorePeer) -> dict[str, Any]:
    """Every document's tree and leaves."""
    opened = inner(peer)
    page = await opened.changes("records")
    found = await opened.get("records", [Want(one.id, LEAVES) for one in page.changes])
    return {
        one.id: (sorted(one.tree), sorted((leaf.rev, leaf.deleted, leaf.body) for leaf in one.revisions))
        for one in found
    }


def attached(body: dict[str, Any], data: str) -> dict[str, Any]:
    return {**body, "_attachments": {"照片 1/a+b.jpg": {"content_type": "image/jpeg", "data": data}}}


async def test_rp1_every_leaf_goes_over_with_its_history_and_attachments_and_nothing_twice(
    pair: tuple[StorePeer, StorePeer],
) -> None:
    a, b = pair
    body = record()
    await add(a, write(body, "1-a"), write({**body, "n": 1}, "2-b", "1-a"), write({**body, "n": 2}, "2-c", "1-a"))
    await add(a, write(record(), "3-c", "2-b", "1-a", deleted=True), write(attached(record(), "aGFsbG8=")))
    first = await run(a, b)
    assert (first.written, first.complete) == (4, True)
    assert await content(a) == await content(b)
    assert (await run(a, b)).written == 0
    (found,) = await inner(b).get("records", [Want(list(await content(a))[-1])])
    assert found.revisions[0].attachments["照片 1/a+b.jpg"].length == 5


async def test_rp1_both_ways_two_databases_become_the_same(pair: tuple[StorePeer, StorePeer]) -> None:
    a, b = pair
    body = record()
    await add(a, write({**body, "n": 1}, "1-a"))
    await add(b, write({**body, "n": 2}, "1-b"), write({**record(), "_id": "奇怪/的 id+&?#%"}))
    await run(a, b)
    await run(b, a)
    assert await content(a) == await content(b)
    assert len(await content(a)) == 2


class Failing(StorePeer):
    """A side that fails, refuses, or breaks off."""

    refuses: frozenset[str] = frozenset()
    breaks_after = 10_000

    async def push(self, documents: Sequence[Document]) -> list[Refusal]:
        self.breaks_after -= 1
        if self.breaks_after < 0:
            raise Unreachable("gone")
        refused = [Refusal(doc["_id"], doc["_rev"], "forbidden: no") for doc in documents if doc["_id"] in self.refuses]
        return [*await super().push([doc for doc in documents if doc["_id"] not in self.refuses]), *refused]


async def test_rp2_a_run_that_was_broken_off_goes_on_where_it_was(pair: tuple[StorePeer, StorePeer]) -> None:
    a, b = pair
    await add(a, *[write(record()) for _ in range(100)])
    breaking = Failing(inner(b), "records", "b")
    breaking.breaks_after = 4
    with pytest.raises(Unreachable):
        await run(a, breaking, batch=10)
    assert len(await content(b)) == 40
    again = await run(a, b, batch=10)
    assert (again.read, again.written, again.complete) == (60, 60, True)
    assert await content(a) == await content(b)


@pytest.mark.parametrize("seed", range(10))
async def test_rp2_however_often_it_is_broken_off_nothing_is_left_behind(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    async with store(tmp_path / "a", "records") as one, store(tmp_path / "b", "records") as two:
        a, b = StorePeer(one, "records", "a"), Failing(two, "records", "b")
        for _ in range(8):
            await add(a, *[write(record()) for _ in range(chance.randrange(30))])
            b.breaks_after = chance.randrange(6)
            try:
                await run(a, b, batch=7)
            except Unreachable:
                continue
        b.breaks_after = 10_000
        assert (await run(a, b, batch=7)).complete
        assert await content(a) == await content(b)


async def test_rp3_a_target_restored_from_a_backup_gets_back_what_the_backup_lacked(tmp_path: Path) -> None:
    async with store(tmp_path / "a", "records") as one:
        a = StorePeer(one, "records", "a")
        await add(a, *[write(record()) for _ in range(30)])
        async with store(tmp_path / "b", "records") as two:
            b = StorePeer(two, "records", "b")
            # One long run: the backup is taken in its middle, and knows it.
            await replicate(a, b, "long", batch=10)
            await two.backup(tmp_path / "backup")
            await add(a, *[write(record()) for _ in range(10)])
            await replicate(a, b, "long", batch=10)
        async with store(tmp_path / "backup") as restored:
            c = StorePeer(restored, "records", "b")
            outcome = await run(a, c)
            assert outcome.written == 10
            assert await content(a) == await content(c)


class Stutter:
    """A session whose first answers are broken, in every way that answers break."""

    def __init__(self, session: aiohttp.ClientSession, every: int) -> None:
        self._session, self._every, self.count = session, every, 0

    @asynccontextmanager
    async def request(self, method: str, url: Any, **more: Any) -> AsyncIterator[Any]:
        self.count += 1
        if self.count % self._every == 0:
            raise aiohttp.ClientPayloadError("broken off")
        async with self._session.request(method, url, **more) as answer:
            yield answer


async def no_sleep(_: float) -> None:
    await asyncio.sleep(0)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[str]:
    """A real server with an administrator and the member li of b03; its `/sync` without anybody's name."""
    data = tmp_path / "data"
    for name, *more in (
        ("admin", "--role", "administrator"),
        ("li", "--role", "member", "--member", "m0117", "--branch", "b03"),
    ):
        command("user", "add", name, *more, "--password-stdin", data=data, stdin=f"{PASSWORD}\n")
    # What a worker writes beside would be counted with what is replicated.
    with served(data, "--reconcile", "false") as running:
        yield f"{running.url}/sync"


def place(server: str, name: str, db: str) -> str:
    return f"{server.replace('://', f'://{name}:{quote(PASSWORD)}@')}/{db}"


async def test_rp4_what_fails_for_the_moment_is_tried_again(tmp_path: Path, server: str) -> None:
    async with store(tmp_path / "a", "records") as one, aiohttp.ClientSession() as session:
        a = StorePeer(one, "records", "a")
        await add(a, *[write(record()) for _ in range(50)])
        stutter: Any = Stutter(session, 3)
        there = UrlPeer(stutter, place(server, "admin", "plain"), sleep=no_sleep)
        await there.create()
        assert (await run(a, there, batch=10)).complete
        assert stutter.count > 20
        async with store(tmp_path / "b", "records") as two:
            b = StorePeer(two, "records", "b")
            assert (await run(there, b, batch=10)).complete
            assert await content(a) == await content(b)


async def test_rp4_a_server_that_stays_away_is_an_error() -> None:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(Unreachable, match="tried 8 times"):
            await UrlPeer(session, "http://127.0.0.1:9/db", sleep=no_sleep).changes("0", 1)


async def test_rp5_a_refused_document_is_named_kept_in_mind_and_hinders_no_other(
    pair: tuple[StorePeer, StorePeer],
) -> None:
    a, b = pair
    bad = record()
    await add(a, *[write(record()) for _ in range(5)], write(bad), *[write(record()) for _ in range(5)])
    strict = Failing(inner(b), "records", "b")
    strict.refuses = frozenset({bad["_id"]})
    first = await run(a, strict)
    assert [one.id for one in first.refused] == [bad["_id"]]
    assert first.written == 10
    assert not first.complete
    again = await run(a, strict)
    assert ([one.id for one in again.refused], again.complete) == ([bad["_id"]], False)
    last = await run(a, b)
    assert (last.written, last.refused, last.complete) == (1, [], True)


async def test_rp5_what_a_member_may_not_write_is_refused_alone_with_the_servers_reason(
    tmp_path: Path, server: str
) -> None:
    async with store(tmp_path / "a", "records") as one, aiohttp.ClientSession() as session:
        a = StorePeer(one, "records", "a")
        await UrlPeer(session, place(server, "admin", "branch-b03")).create()
        foreign = record(branch="b04")
        await add(a, *[write(record()) for _ in range(3)], write(foreign))
        outcome = await run(a, UrlPeer(session, place(server, "li", "branch-b03")))
        assert outcome.written == 3
        assert [one.id for one in outcome.refused] == [foreign["_id"]]
        assert "wrong_branch" in outcome.refused[0].reason


async def test_rp6_what_is_too_large_together_is_sent_in_halves(tmp_path: Path) -> None:
    data = tmp_path / "data"
    command("user", "add", "admin", "--role", "administrator", "--password-stdin", data=data, stdin=f"{PASSWORD}\n")
    with served(data, "--request-bytes-max", "20000") as running:
        async with store(tmp_path / "a", "records") as one, aiohttp.ClientSession() as session:
            a = StorePeer(one, "records", "a")
            large = record()
            await add(a, *[write(record()) for _ in range(60)], write({**large, "text": "长" * 20_000}))
            there = UrlPeer(session, place(f"{running.url}/sync", "admin", "plain"))
            await there.create()
            outcome = await run(a, there)
            assert outcome.written == 60
            assert [one.id for one in outcome.refused] == [large["_id"]]


def fieldbook(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([FIELDBOOK, *words], capture_output=True, text=True, timeout=60, env=environment())


async def test_rp7_a_centre_moves_with_one_command(tmp_path: Path, server: str) -> None:
    async with aiohttp.ClientSession() as session, store(tmp_path / "a", "records") as one:
        a = StorePeer(one, "records", "a")
        await add(a, *[write(record()) for _ in range(20)], write(attached(record(), "aGFsbG8=")))
        there = UrlPeer(session, place(server, "admin", "branch-b03"))
        await there.create()
        await run(a, there)
    root = place(server, "admin", "").rstrip("/")
    done = await asyncio.to_thread(fieldbook, "replicate", root, str(tmp_path / "moved"), "--all")
    assert done.returncode == 0, done.stderr
    assert PASSWORD not in done.stdout
    assert "21 revisions written; complete" in done.stdout
    async with store(tmp_path / "moved" / "store") as moved, store(tmp_path / "a") as one:
        assert set(await moved.databases()) >= {"branch-b03", "office", "centre", "shared"}
        assert (await moved.info("branch-b03")).documents == 21
    back = f"{tmp_path / 'moved'}/branch-b03"
    again = await asyncio.to_thread(fieldbook, "replicate", back, place(server, "admin", "copy"), "--create")
    assert "21 revisions written; complete" in again.stdout, again.stderr


async def test_rp7_a_directory_that_a_server_uses_is_refused(tmp_path: Path, server: str) -> None:
    done = await asyncio.to_thread(
        fieldbook, "replicate", str(tmp_path / "data/branch-b03"), place(server, "admin", "x")
    )
    assert done.returncode == 1
    assert "uses" in done.stderr


async def test_rp7_a_database_that_is_not_there_is_said_to_be_so(server: str) -> None:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(NotFound):
            await UrlPeer(session, place(server, "admin", "nowhere")).changes("0", 1)


async def test_rp8_what_was_erased_stays_so_when_a_centre_moves(tmp_path: Path) -> None:
    gone, kept = record(), record()
    async with store(tmp_path / "old/store", "office", "branch-b03") as old:
        erasures = Erasures(old)
        await erasures.load()
        await old.add("branch-b03", [write(gone), write(kept)])
        await erasures.erase("branch-b03", [gone["_id"]], "asked for", "admin")
    moved = await asyncio.to_thread(fieldbook, "replicate", str(tmp_path / "old"), str(tmp_path / "new"), "--all")
    assert moved.returncode == 0, moved.stderr
    async with store(tmp_path / "copy/store", "branch-b03") as copy:
        await copy.add("branch-b03", [write(gone), write(kept)])
    back = (str(tmp_path / "copy/branch-b03"), str(tmp_path / "new/branch-b03"))
    again = await asyncio.to_thread(fieldbook, "replicate", *back)
    assert again.returncode == 1
    assert f"not arrived: {gone['_id']}" in again.stderr
    async with store(tmp_path / "new/store") as new:
        assert [row.id for row in (await new.rows("branch-b03", Range()))[0]] == [kept["_id"]]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
async def test_rp2_with_continuous_what_is_new_goes_over_by_itself(
    tmp_path: Path, server: str, how: signal.Signals
) -> None:
    async with aiohttp.ClientSession() as session, store(tmp_path / "a", "records") as one:
        a = StorePeer(one, "records", "a")
        source, target = (UrlPeer(session, place(server, "admin", db)) for db in ("from", "to"))
        await source.create()
        asked = ("replicate", place(server, "admin", "from"), place(server, "admin", "to"), "--create", "--continuous")
        process = await asyncio.create_subprocess_exec(FIELDBOOK, *asked, stdout=subprocess.PIPE)
        assert process.stdout
        await asyncio.wait_for(process.stdout.readline(), 30)
        await add(a, write(record()))
        await run(a, source)
        told = await asyncio.wait_for(process.stdout.readline(), 30)
        assert b"1 revisions written; complete" in told
        assert len((await target.changes("0", 10)).changes) == 1
        process.send_signal(how)
        assert await asyncio.wait_for(process.wait(), 30) == 0
