"""ST: what is particular to the embedded store: its file, its backup, and what survives a fall."""

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sync.databases import audience_of
from sync.documents import digest_of, parse_edit
from sync.errors import AlreadyExists, StoreDamaged
from sync.stores.contract import NewAttachment, Want, Written
from sync.stores.sqlite import SqliteStore
from sync.stores.sqlite import upkeep as upkeep_module

PUSHER = """
import asyncio, sys
from pathlib import Path
from sync.databases import audience_of
from sync.documents import parse_edit
from sync.stores.sqlite import SqliteStore

async def main():
    store = SqliteStore(Path(sys.argv[1]), audience_of)
    await store.open()
    if "plain" not in await store.databases():
        await store.create("plain")
    number = 0
    while True:
        ids = [f"doc{number + at}" for at in range(5)]
        await store.add("plain", [parse_edit({"_id": one, "text": "x" * 500}) for one in ids])
        print("\\n".join(ids), flush=True)
        number += 5

asyncio.run(main())
"""


async def opened(path: Path) -> SqliteStore:
    store = SqliteStore(path, audience_of)
    await store.open()
    return store


def files(directory: Path) -> list[tuple[Path, bytes]]:
    return [(path, path.read_bytes()) for path in directory.rglob("*") if path.is_file()]


def test_st1_what_was_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    acknowledged: list[str] = []
    root = Path(__file__).parent.parent
    with subprocess.Popen(
        [sys.executable, "-c", PUSHER, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=root
    ) as process:
        assert process.stdout is not None
        deadline = time.monotonic() + 30
        while len(acknowledged) < 400 and time.monotonic() < deadline:
            acknowledged.append(process.stdout.readline().strip())
        os.kill(process.pid, signal.SIGKILL)
        acknowledged += process.stdout.read().split("\n")[:-1]

    async def held() -> set[str]:
        store = await opened(tmp_path)
        page = await store.changes("plain")
        await store.close()
        return {change.id for change in page.changes}

    assert set(acknowledged) <= asyncio.run(held())


@pytest.mark.parametrize("damage", ["text", "other", "page", "empty", "newer"])
async def test_st16_a_file_that_cannot_be_trusted_is_reported_and_left_alone(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "store.sqlite3"
    if damage in ("page", "newer"):
        store = await opened(tmp_path)
        await store.create("plain")
        await store.add("plain", [parse_edit({"_id": f"doc{at}", "text": "x" * 900}) for at in range(200)])
        await store.close()
    if damage == "text":
        path.write_text("this is no database, " * 1000)
    elif damage == "other":
        with sqlite3.connect(path) as other:
            other.execute("CREATE TABLE things(x)")
        other.close()
    elif damage == "page":
        whole = bytearray(path.read_bytes())
        for at in range(8192 * 3, len(whole), 8192):
            whole[at : at + 200] = os.urandom(200)
        path.write_bytes(whole)
    elif damage == "newer":
        with sqlite3.connect(path) as newer:
            newer.execute("PRAGMA user_version=999")
        newer.close()
    else:
        path.write_bytes(b"")
    before = path.read_bytes()
    with pytest.raises(StoreDamaged, match="fieldbook restore"):
        await opened(tmp_path)
    assert path.read_bytes() == before


async def test_st17_a_backup_taken_under_load_is_consistent_and_whole(tmp_path: Path) -> None:
    store = await opened(tmp_path / "live")
    await store.create("plain")
    going = True

    async def load() -> None:
        number = 0
        while going:
            doc = parse_edit({"_id": f"doc{number}", "n": number})
            data = f"bytes of {number}".encode()
            doc.attachments = {"a.bin": NewAttachment("image/png", data, digest_of(data), len(data))}
            (result,) = await store.add("plain", [doc])
            assert isinstance(result, Written)
            number += 1

    pushing = asyncio.create_task(load())
    await asyncio.sleep(0.2)
    await store.backup(tmp_path / "copy")
    going = False
    await pushing
    with pytest.raises(AlreadyExists):
        await store.backup(tmp_path / "copy")
    await store.close()
    copy = await opened(tmp_path / "copy")
    page = await copy.changes("plain")
    assert page.changes
    for found in await copy.get("plain", [Want(change.id) for change in page.changes]):
        attachment = found.revisions[0].attachments["a.bin"]
        chunks = [chunk async for chunk in await copy.read_attachment("plain", found.id, attachment, "a.bin", "")]
        assert b"".join(chunks).decode() == f"bytes of {json.loads(found.revisions[0].body)['n']}"
    await copy.close()


async def test_st12_compaction_sweeps_attachments_that_nothing_names(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    await store.create("plain")
    doc = parse_edit({"_id": "a"})
    doc.attachments = {"a.bin": NewAttachment("image/png", b"old", digest_of(b"old"), 3)}
    (first,) = await store.add("plain", [doc])
    assert isinstance(first, Written)
    await store.add("plain", [parse_edit({"_id": "a", "_rev": first.rev})])
    (blob,) = store.blobs.all()
    await store.compact("plain")
    assert blob.exists(), "a push under way may be about to name it"
    os.utime(blob, (1, 1))
    await store.compact("plain")
    assert not blob.exists()
    await store.close()


async def test_st13_erased_bytes_are_gone_from_the_files(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    await store.create("plain")
    secret = "身份证 3401 一个秘密"
    doc = parse_edit({"_id": "a", "text": secret})
    doc.attachments = {
        "a.bin": NewAttachment("image/png", secret.encode(), digest_of(secret.encode()), len(secret.encode()))
    }
    await store.add("plain", [doc])
    await store.erase("plain", {"a": None})
    assert not [path for path, held in files(tmp_path) if secret.encode() in held]
    await store.close()


async def test_st12_old_bodies_that_are_forgotten_for_good_are_gone_from_the_files(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    await store.create("plain")
    secret = "身份证 3401 一个秘密"
    (first,) = await store.add("plain", [parse_edit({"_id": "a", "text": secret})])
    assert isinstance(first, Written)
    await store.add("plain", [parse_edit({"_id": "a", "_rev": first.rev, "text": "已更正"})])
    await store.compact("plain", ["a"])
    assert not [path for path, held in files(tmp_path) if secret.encode() in held]
    await store.close()
    store = await opened(tmp_path)
    was = store.incarnation
    fresh = await store.new_incarnation()
    await store.close()
    store = await opened(tmp_path)
    assert store.incarnation == fresh != was
    await store.close()


async def test_st1_a_dropped_database_is_removed_in_the_background(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep_module, "CHUNK", 10)
    store = await opened(tmp_path)
    await store.create("plain")
    await store.add("plain", [parse_edit({"_id": f"doc{at}"}) for at in range(95)])
    await store.drop("plain")
    await store.create("plain")
    await store.add("plain", [parse_edit({"_id": "doc1"})])
    await store.close()
    store = await opened(tmp_path)
    await asyncio.sleep(0.3)
    assert (await store.info("plain")).documents == 1
    await store.close()
    with sqlite3.connect(tmp_path / "store.sqlite3") as connection:
        assert connection.execute("SELECT count(*) FROM doc").fetchone() == (1,)
        assert connection.execute("SELECT count(*) FROM body").fetchone() == (1,)
    connection.close()
