"""What only a real CouchDB shows: connections that break, a CouchDB that is away, another one that writes, an index that is lost."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest

from sync.documents import digest_of, parse_edit, parse_write
from sync.errors import BadRequest, Conflict, FieldbookError, NotFound, PreconditionFailed, StoreUnavailable
from sync.stores.contract import LEAVES, NewAttachment, Range, Want, Write, Written
from sync.stores.couchdb import CouchStore, wire
from sync.tokens import Tokens
from tests.conftest import COUCHDB_URL, audience_of, couch_store

pytestmark = pytest.mark.couchdb

LI, WANG = frozenset({"member:li"}), frozenset({"member:wang"})


class Cable:
    """Stands between a store and CouchDB; `cut` says, at each piece that passes, whether the connection breaks there."""

    def __init__(self) -> None:
        self.cut: Callable[[str, bytes], bool] = lambda way, piece: False
        self.connections = 0

    @asynccontextmanager
    async def laid(self) -> AsyncIterator[str]:
        """The address of CouchDB through this cable."""
        parts = urlsplit(COUCHDB_URL or "")
        self._far = (parts.hostname or "", parts.port or 5984)
        self._server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        who = parts.netloc.rpartition("@")[0]
        yield urlunsplit(("http", f"{who}@127.0.0.1:{self.port}", "", "", ""))
        await self.pull()

    async def pull(self) -> None:
        self._server.close()
        self.cut = lambda way, piece: True

    async def plug(self) -> None:
        self.cut = lambda way, piece: False
        self._server = await asyncio.start_server(self._connect, "127.0.0.1", self.port)

    async def _connect(self, near_in: asyncio.StreamReader, near_out: asyncio.StreamWriter) -> None:
        self.connections += 1
        far_in, far_out = await asyncio.open_connection(*self._far)
        ways = [
            asyncio.create_task(self._pass("there", near_in, far_out)),
            asyncio.create_task(self._pass("back", far_in, near_out)),
        ]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        for end in (near_out, far_out):
            end.transport.abort()

    async def _pass(self, way: str, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while piece := await source.read(65536):
            if self.cut(way, piece):
                return
            target.write(piece)


@pytest.fixture
async def cable() -> Cable:
    return Cable()


@pytest.fixture
async def couch(tmp_path: Path) -> AsyncIterator[CouchStore]:
    async with couch_store(tmp_path) as store:
        yield store


def edit(doc_id: str, rev: str | None = None, **content: Any) -> Any:
    return parse_edit({"_id": doc_id, **({} if rev is None else {"_rev": rev}), **content})


def write(doc_id: str, rev: str, **content: Any) -> Any:
    return parse_write({"_id": doc_id, "_rev": rev, **content})


async def made(store: CouchStore, db: str, *items: Any) -> list[str]:
    results = await store.add(db, items)
    assert all(isinstance(result, Written) for result in results), results
    return [result.rev for result in results if isinstance(result, Written)]


@asynccontextmanager
async def another(store: CouchStore, sidecar: Path | None = None, url: str | None = None) -> AsyncIterator[CouchStore]:
    """A second process on the same databases."""
    second = CouchStore(url or COUCHDB_URL or "", audience_of, prefix=store.prefix, sidecar=sidecar)
    await second.open()
    yield second
    await second.close()


async def test_cs1_ids_of_all_kinds_go_both_ways(couch: CouchStore) -> None:
    ids = ["户籍 走访/1", "a+b&c=d?e#f", "100%", "_design/x y/z", '"quoted"\\', "%2F", "é ", ".", "..", "a:b@c;d,e'f"]
    await couch.create("odd/name+$()")
    db = "odd/name+$()"
    revs = await made(couch, db, *[edit(one, n=at) for at, one in enumerate(ids)])
    found = await couch.get(db, [Want(one) for one in ids])
    assert [(one.id, json.loads(one.revisions[0].body)["n"]) for one in found] == [
        (one, at) for at, one in enumerate(ids)
    ]
    assert {change.id for change in (await couch.changes(db)).changes} == set(ids)
    assert {change.id for change in (await couch.changes(db, ids=ids[:3])).changes} == set(ids[:3])
    rows, total, _ = await couch.rows(db, Range(start=ids[0], end=ids[0]))
    assert ([row.id for row in rows], total) == ([ids[0]], len(ids))
    assert await couch.missing(db, dict(zip(ids, [[rev] for rev in revs], strict=True))) == {}
    data = b"\x00\x01" * 50
    for one, rev in zip(ids, revs, strict=True):
        item = edit(one, rev, n=9)
        item.attachments = {"附件 1/&+.bin": NewAttachment("image/png", data, digest_of(data), len(data))}
        (rev,) = await made(couch, db, item)
        (held,) = await couch.get(db, [Want(one)])
        kept = held.revisions[0].attachments["附件 1/&+.bin"]
        stream = await couch.read_attachment(db, one, kept, "附件 1/&+.bin", rev)
        assert b"".join([chunk async for chunk in stream]) == data
        await couch.put_local(db, one, None, b'{"at":1}')
    assert {row[0] for row in await couch.local_rows(db)} == set(ids)
    assert set(await couch.erase(db, dict.fromkeys(ids))) == set(ids)
    assert (await couch.info(db)).documents == 0


async def test_cs1_a_document_that_couchdb_does_not_take_hinders_no_other(couch: CouchStore) -> None:
    await couch.create("plain")
    bad = Write("bad", ("1-a",), {"_bad": 1}, b'{"_bad":1}')
    results = await couch.add("plain", [write("a", "1-a"), bad, write("b", "1-a"), edit("c"), write("d", "1-a")])
    assert [type(result) for result in results] == [Written, BadRequest, Written, Written, Written]
    assert (await couch.info("plain")).documents == 4


async def test_cs2_a_write_whose_connection_breaks_is_an_error(tmp_path: Path, cable: Cable) -> None:
    async with cable.laid() as url, couch_store(tmp_path, url) as couch:
        await couch.create("plain")
        cable.cut = lambda way, piece: way == "back" and b"201" in piece
        with pytest.raises(StoreUnavailable):
            await couch.add("plain", [edit("a", n=1)])
        cable.cut = lambda way, piece: way == "there" and b"half" in piece
        with pytest.raises(StoreUnavailable):
            await couch.add("plain", [write("b", "1-a", text="half" * 50_000)])
        big = edit("c")
        big.attachments = {"p": NewAttachment("image/png", b"half" * 50_000, digest_of(b"half" * 50_000), 200_000)}
        with pytest.raises(StoreUnavailable):
            await couch.add("plain", [big])
        cable.cut = lambda way, piece: False
        found = await couch.get("plain", [Want("a"), Want("b"), Want("c")])
        assert [len(one.revisions) for one in found] == [1, 0, 0], "the first had arrived: only its answer was lost"
        assert [type(one) for one in await couch.add("plain", [edit("a", n=1)])] == [Conflict]
        assert isinstance((await couch.add("plain", [big]))[0], Written)


async def test_cs2_a_read_whose_connection_breaks_is_made_again(tmp_path: Path, cable: Cable) -> None:
    async with cable.laid() as url, couch_store(tmp_path, url) as couch:
        await couch.create("plain")
        await made(couch, "plain", edit("a", n=1))
        breaks = iter([True, True])
        cable.cut = lambda way, piece: way == "back" and next(breaks, False)
        assert [change.id for change in (await couch.changes("plain")).changes] == ["a"]
        assert next(breaks, None) is None


async def test_cs12_small_pushes_that_come_at_once_share_requests(tmp_path: Path, cable: Cable) -> None:
    async with cable.laid() as url, couch_store(tmp_path, url) as couch:
        await couch.create("plain")
        requests: list[bytes] = []

        def note(way: str, piece: bytes) -> bool:
            if way == "there" and piece.startswith(b"POST "):
                requests.append(piece.split(b"?")[0].split()[1].rpartition(b"/")[2])
            return False

        cable.cut = note

        async def push(number: int) -> str:
            item = write(f"d{number:02}", f"1-{number:02}", n=number)
            assert await couch.leaves("plain", [item.id]) == {}
            return (await made(couch, "plain", item))[0]

        assert await asyncio.gather(*[push(number) for number in range(20)]) == [f"1-{at:02}" for at in range(20)]
        assert len(await couch.leaves("plain", [f"d{at:02}" for at in range(30)])) == 20
        assert requests.count(b"_bulk_docs") < 10
        assert requests.count(b"_bulk_get") < 10


async def test_cs12_a_document_that_couchdb_does_not_take_hinders_no_other_caller(couch: CouchStore) -> None:
    await couch.create("plain")
    bad = Write("bad", ("1-a",), {"_bad": 1}, b'{"_bad":1}')
    items = [write("a", "1-a"), write("b", "1-b"), bad, write("c", "1-c"), write("b", "1-b"), write("b", "1-d")]
    results = await asyncio.gather(*[couch.add("plain", [item]) for item in items])
    assert [type(one) for (one,) in results] == [Written, Written, BadRequest, Written, Written, Written]
    assert set((await couch.leaves("plain", ["b"]))["b"].tree) == {"1-b", "1-d"}


async def test_cs2_a_couchdb_that_is_away_is_said_clearly_and_comes_back(
    tmp_path: Path, cable: Cable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "PAUSES_SECONDS", (0.01, 0.01))
    async with cable.laid() as url, couch_store(tmp_path, url) as couch:
        for db in ("plain", "ruled"):
            await couch.create(db)
        readers = {"plain": None, "ruled": LI}

        async def latest() -> dict[str, str]:
            return {db: (await couch.changes(db, reader=reader)).last for db, reader in readers.items()}

        def wait(since: dict[str, str], seconds: float = 30) -> list[asyncio.Task[bool]]:
            return [asyncio.create_task(couch.wait(db, since[db], reader, seconds)) for db, reader in readers.items()]

        waiting = wait(await latest())
        for db in readers:
            await made(couch, db, edit("a", readers=["member:li"]))
        assert await asyncio.gather(*waiting) == [True, True]
        since = await latest()
        while any(await asyncio.gather(*wait(since, 0.5))):
            pass  # A feed that comes late may wake for what is known already.
        waiting = wait(since)
        await asyncio.sleep(0.5)
        await cable.pull()
        for attempt in (
            couch.info("plain"),
            couch.changes("ruled", reader=LI),
            couch.add("plain", [edit("a")]),
            couch.get("plain", [Want("a")]),
            couch.create("other"),
        ):
            with pytest.raises(StoreUnavailable, match="CouchDB at http"):
                await attempt
        with pytest.raises(StoreUnavailable):
            await CouchStore(url, audience_of, prefix=couch.prefix).open()
        async with another(couch) as second:
            await made(second, "plain", edit("b"))
            await made(second, "ruled", edit("b", readers=["member:li"]))
        assert not any(task.done() for task in waiting)
        await cable.plug()
        assert await asyncio.gather(*waiting) == [True, True]
        assert [change.id for change in (await couch.changes("ruled", since["ruled"], reader=LI)).changes] == ["b"]


async def test_cs2_a_wrong_password_is_said_at_once(couch: CouchStore) -> None:
    parts = urlsplit(COUCHDB_URL or "")
    # A name that nobody has: CouchDB locks an account after a few wrong passwords.
    wrong = urlunsplit(("http", f"{couch.prefix}nobody:wrong@{parts.hostname}:{parts.port}", "", "", ""))
    with pytest.raises(StoreUnavailable, match="password"):
        await CouchStore(wrong, audience_of, prefix=couch.prefix).open()


async def test_cs3_stores_on_one_couchdb_share_it_and_its_incarnation(couch: CouchStore) -> None:
    await couch.create("plain")
    async with another(couch) as second:
        assert second.incarnation == couch.incarnation
        assert await second.databases() == ["plain"]
        for attempt in (second.info("fieldbook"), second.add("fieldbook", [edit("a")]), second.drop("fieldbook")):
            with pytest.raises(NotFound, match="Database does not exist"):
                await attempt
        fresh = await second.new_incarnation()
        assert fresh != couch.incarnation
    async with another(couch) as third:
        assert third.incarnation == fresh


async def test_cs3_what_another_process_writes_wakes_those_who_wait(couch: CouchStore) -> None:
    for db in ("plain", "ruled"):
        await couch.create(db)
    since = {"plain": (await couch.changes("plain")).last, "ruled": (await couch.changes("ruled", reader=LI)).last}
    waiting = [asyncio.create_task(couch.wait("plain", since["plain"], None, 30)) for _ in range(50)]
    waiting += [asyncio.create_task(couch.wait("ruled", since["ruled"], LI, 30)) for _ in range(50)]
    other = asyncio.create_task(couch.wait("ruled", since["ruled"], WANG, 0.5))
    async with another(couch) as second:
        await made(second, "plain", edit("a"))
        await made(second, "ruled", edit("a", readers=["member:li"]))
        assert all(await asyncio.gather(*waiting))
        assert await other is False
        latest = (await couch.changes("plain")).last

        async def wait_on() -> None:
            while await couch.wait("plain", latest, None, 30):
                pass

        waiter = asyncio.create_task(wait_on())
        await asyncio.sleep(0.1)
        await second.drop("plain")
        with pytest.raises(NotFound):
            await waiter


async def test_cs4_positions_outlive_the_index_of_readers(couch: CouchStore, tmp_path: Path) -> None:
    await couch.create("ruled")
    await made(couch, "ruled", *[edit(f"a{at}", readers=["member:li"]) for at in range(20)])
    first = await couch.changes("ruled", limit=7, reader=LI)
    assert (len(first.changes), first.pending) == (7, 13)
    whole = await couch.changes("ruled", reader=LI)
    await made(couch, "ruled", edit("b", readers=["member:li"]), edit("c", readers=["member:wang"]))
    tokens = Tokens(couch.incarnation, LI)
    for page in (first, whole):
        for position in (page.last, *(change.seq for change in page.changes)):
            assert tokens.position(tokens.token(position)) == position
    async with another(couch, tmp_path / "other.sqlite3") as second:
        rest = await second.changes("ruled", first.last, reader=LI)
        seen = {change.id for change in first.changes} | {change.id for change in rest.changes}
        assert seen == {*(f"a{at}" for at in range(20)), "b"}
        assert [change.id for change in (await second.changes("ruled", whole.last, reader=LI)).changes] == ["b"]
        paged: list[str] = []
        since, pending = whole.last, 1
        while pending:
            page = await second.changes("ruled", since, limit=1, reader=LI)
            paged += [change.id for change in page.changes]
            since, pending = page.last, page.pending
        assert "b" in paged
        assert (await second.changes("ruled", since, reader=LI)).changes == []


async def test_cs5_a_damaged_or_lost_index_is_made_anew(couch: CouchStore, tmp_path: Path) -> None:
    await couch.create("ruled")
    (rev, _) = await made(
        couch, "ruled", edit("a", readers=["member:li"], n=1), edit("b", readers=["member:wang"], n=1)
    )
    await made(couch, "ruled", edit("a", rev, _deleted=True))
    for damage in (b"", b"this is no database" * 1000):
        path = tmp_path / f"damaged{len(damage)}.sqlite3"
        path.write_bytes(damage)
        async with another(couch, path) as second:
            page = await second.changes("ruled", reader=LI)
            assert [(change.id, change.deleted) for change in page.changes] == [("a", True)]
            assert [change.id for change in (await second.changes("ruled", reader=WANG)).changes] == ["b"]
            (found,) = await second.get("ruled", [Want("a", LEAVES)])
            assert found.audience is not None
            assert found.audience >= LI


async def test_cs5_a_database_made_anew_by_another_process_is_not_mixed_up(couch: CouchStore, tmp_path: Path) -> None:
    await couch.create("ruled")
    await made(couch, "ruled", edit("a", readers=["member:li"]))
    async with another(couch, tmp_path / "kept.sqlite3") as second:
        assert len((await second.changes("ruled", reader=LI)).changes) == 1
    await couch.drop("ruled")
    await asyncio.sleep(1.1)  # CouchDB tells databases of one name apart by the second in which they were made.
    await couch.create("ruled")
    await made(couch, "ruled", edit("z", readers=["member:li"]))
    async with another(couch, tmp_path / "kept.sqlite3") as second:
        assert [change.id for change in (await second.changes("ruled", reader=LI)).changes] == ["z"]


async def test_cs5_readers_follow_conflicts_that_are_ended_and_documents_that_are_erased(couch: CouchStore) -> None:
    await couch.create("ruled")
    await made(couch, "ruled", write("a", "1-a", readers=["member:li"]), write("a", "1-b", readers=["member:wang"]))
    assert len((await couch.changes("ruled", reader=WANG)).changes) == 1
    (second, end) = await made(
        couch, "ruled", edit("a", "1-b", readers=["member:li"]), edit("a", "1-a", _deleted=True, readers=["member:li"])
    )
    page = await couch.changes("ruled", bodies=True, reader=WANG)
    assert page.changes == [], "no leaf is Wang's any longer"
    page = await couch.changes("ruled", bodies=True, reader=LI)
    assert [(list(change.leaves), change.deleted) for change in page.changes] == [([second, end], False)]
    await couch.erase("ruled", {"a": None})
    assert (await couch.changes("ruled", reader=LI)).changes == []
    assert (await couch.rows("ruled", Range(), reader=LI))[1] == 0


async def test_cs8_compressed_attachments_keep_their_bytes_and_digest(couch: CouchStore, tmp_path: Path) -> None:
    await couch.create("plain")
    text = "走访记录 ".encode() * 2_000
    packed = gzip.compress(text, mtime=0)
    spool = tmp_path / "spool"
    spool.write_bytes(packed)
    item = write("a", "1-a", n=1)
    item.attachments = {
        "packed.txt": NewAttachment("text/plain", spool, digest_of(packed), len(text), 1, "gzip", len(packed)),
        "plain.txt": NewAttachment("text/plain", text, digest_of(text), len(text), 1),
        "photo.png": NewAttachment("image/png", packed, digest_of(packed), len(packed), 1),
    }
    await made(couch, "plain", item)
    (found,) = await couch.get("plain", [Want("a")])
    held = found.revisions[0].attachments
    kept = held["packed.txt"]
    assert (kept.encoding, kept.length, kept.encoded_length, kept.digest, kept.revpos) == (
        "gzip",
        len(text),
        len(packed),
        digest_of(packed),
        1,
    )
    assert (held["photo.png"].encoding, held["photo.png"].digest) == (None, digest_of(packed))

    async def bytes_of(name: str) -> bytes:
        stream = await couch.read_attachment("plain", "a", held[name], name, "1-a")
        return b"".join([chunk async for chunk in stream])

    assert await bytes_of("packed.txt") == packed
    assert await bytes_of("photo.png") == packed
    # CouchDB compresses plain text itself: then length, encoding and digest are those of what it keeps.
    assert (held["plain.txt"].encoding, held["plain.txt"].length) == ("gzip", len(text))
    compressed = await bytes_of("plain.txt")
    assert gzip.decompress(compressed) == text
    assert held["plain.txt"].digest == digest_of(compressed)
    page = await couch.changes("plain", bodies=True)
    assert page.changes[0].attachments == held
    wrong = write("b", "1-a")
    wrong.attachments = {"x.png": NewAttachment("image/png", b"other", digest_of(b"bytes"), 5, 1)}
    (refused,) = await couch.add("plain", [wrong])
    assert isinstance(refused, FieldbookError)
    (refused,) = await couch.add("plain", [write("c", "2-b", _attachments={"x": {"stub": True, "revpos": 1}})])
    assert isinstance(refused, PreconditionFailed)
    with pytest.raises(NotFound):
        await bytes_of_missing(couch, held["photo.png"])


async def bytes_of_missing(couch: CouchStore, kept: Any) -> bytes:
    return b"".join([chunk async for chunk in await couch.read_attachment("plain", "a", kept, "none", "1-a")])


async def test_cs9_one_document_tells_which_of_its_ancestors_are_held(couch: CouchStore) -> None:
    await couch.create("plain")
    (first,) = await made(couch, "plain", edit("a", n=1))
    (second,) = await made(couch, "plain", edit("a", first, n=2))
    (found,) = await couch.get("plain", [Want("a", LEAVES)])
    assert {rev: bool(node.body) for rev, node in found.tree.items()} == {second: True, first: True}
    await made(couch, "plain", write("a", "2-0", n=3))
    (found,) = await couch.get("plain", [Want("a", LEAVES)])
    assert [stored.rev for stored in found.revisions] == [second, "2-0"]
    (third, _) = await made(couch, "plain", edit("a", second, _deleted=True), edit("a", "2-0", _deleted=True))
    (found,) = await couch.get("plain", [Want("a")])
    assert (found.revisions[0].rev, found.revisions[0].deleted) == (third, True)
    for doc in ("none", "_all_docs", "_changes", "_local/x", "_design/none", ""):
        (found,) = await couch.get("plain", [Want(doc)])
        assert (found.tree, found.revisions) == ({}, []), doc


async def test_cs6_one_connection_follows_a_database_for_all_who_wait(tmp_path: Path, cable: Cable) -> None:
    feeds: list[bytes] = []

    def count(way: str, piece: bytes) -> bool:
        feeds.extend([piece] if way == "there" and b"feed=continuous" in piece else [])
        return False

    cable.cut = count
    async with cable.laid() as url, couch_store(tmp_path, url) as couch:
        await couch.create("ruled")
        since = (await couch.changes("ruled", reader=LI)).last
        for number in range(2):
            waiting = [asyncio.create_task(couch.wait("ruled", since, LI, 30)) for _ in range(40)]
            await asyncio.sleep(0.1)
            await made(couch, "ruled", edit(f"a{number}", readers=["member:li"]))
            assert all(await asyncio.gather(*waiting))
            since = (await couch.changes("ruled", since, reader=LI)).last
    assert len(feeds) == 1


async def test_cs7_a_local_document_is_compared_before_it_is_written(couch: CouchStore) -> None:
    await couch.create("plain")
    first = await couch.put_local("plain", "at", None, b'{"n":1}')
    async with another(couch) as second:
        assert await second.put_local("plain", "at", first, b'{"n":2}') == "0-2"
    with pytest.raises(Conflict):
        await couch.put_local("plain", "at", first, b'{"n":3}')
    assert await couch.local("plain", "at") == ("0-2", b'{"n":2}')


@pytest.mark.parametrize("db", ["plain", "ruled"])
async def test_cs10_what_was_erased_is_told_by_neither_feed_nor_reads(couch: CouchStore, db: str) -> None:
    await couch.create(db)
    (rev, _) = await made(couch, db, edit("a", readers=["member:li"]), edit("b", readers=["member:li"]))
    await couch.compact(db)
    assert [change.id for change in (await couch.changes(db, reader=LI, ids=["a"])).changes] == ["a"]
    assert await couch.erase(db, {"a": None}) == {"a": [rev]}
    for reader in (None, LI):
        page = await couch.changes(db, bodies=True, reader=reader)
        assert [change.id for change in page.changes] == ["b"]
        assert [row.id for row in (await couch.rows(db, Range(), bodies=True, reader=reader))[0]] == ["b"]
    (found,) = await couch.get(db, [Want("a", [rev])])
    assert (found.tree, found.absent) == ({}, [rev])


async def test_cs11_a_hexadecimal_hash_comes_back_in_lower_case(couch: CouchStore) -> None:
    await couch.create("plain")
    await made(couch, "plain", write("a", "1-" + "AB" * 16), write("b", "1-AB"))
    found = await couch.get("plain", [Want("a"), Want("b")])
    assert [one.revisions[0].rev for one in found] == ["1-" + "ab" * 16, "1-AB"]
