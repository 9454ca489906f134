"""LG12: a ledger that two processes make says what one says that a single process makes."""

import io
import sqlite3
import sys
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest

from server.settings import Settings
from server.stores import open_store
from sync.erasure import Erasures
from sync.ledger import ahead
from sync.ledger import digest as digesting
from sync.ledger.digest import digest
from sync.ledger.rebuild import compare, rebuild
from sync.ledger.told import Ahead, told_ahead
from sync.stores.contract import Store
from tests.builders import record
from tests.serving import command

ZONE = "Asia/Shanghai"
ALL = 0
NONE = 1_000_000


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Records with ratings, problems, follow-ups, checks, decisions and others of one happening."""
    directory = tmp_path_factory.mktemp("ahead") / "data"
    assert command("demo", "--records", "400", data=directory).returncode == 0
    return directory


async def made(data: Path, name: str, ahead_min: int) -> tuple[Path, list[tuple[int, int]]]:
    """The ledger, and the progress that was told."""
    store: Store = open_store(Settings(data=data))
    await store.open()
    path, told = data / f"{name}.sqlite3", []
    try:
        await rebuild(store, path, ZONE, Erasures(store), lambda *one: told.append(one), ahead_min)
    finally:
        await store.close()
    return path, told


def rows(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table, numbers of rows too, but for the index of words."""
    with sqlite3.connect(path) as ledger:
        names = [name for (name,) in ledger.execute("SELECT name FROM sqlite_master WHERE type='table'")]
        asked = {name: f"SELECT * FROM {name}" for name in names if "words" not in name}  # noqa: S608  its own tables
        found = {name: ledger.execute(query).fetchall() for name, query in asked.items()}
    ledger.close()
    del found["meta"]
    return found


def sorted_words(told: Ahead) -> Ahead:
    """The order of a set of readers is another in every process, and means nothing in the index."""

    def sorted_in(words: str | None) -> str:
        return " ".join(sorted((words or "").split(" ")))

    records = {doc: msgspec.structs.replace(one, words=sorted_in(one.words)) for doc, one in told.records.items()}
    written = {
        doc: msgspec.structs.replace(
            one, titled=one.titled and msgspec.structs.replace(one.titled, words=sorted_in(one.titled.words))
        )
        for doc, one in told.written.items()
    }
    return Ahead(records, told.beside, written)


async def test_lg12_a_second_process_makes_no_row_different(data: Path) -> None:
    alone, told = await made(data, "alone", NONE)
    helped, told_too = await made(data, "helped", ALL)
    assert digest(alone) == digest(helped)
    assert rows(alone) == rows(helped)
    assert told == told_too
    assert told[-1][0] == told[-1][1] > 400


async def test_lg12_the_second_process_tells_of_every_record_of_a_page(data: Path) -> None:
    store: Store = open_store(Settings(data=data))
    await store.open()
    names = ["shared", "branch-b01", "branch-b02"]
    try:
        async with ahead.reading_ahead(store, names, ZoneInfo(ZONE)) as read:
            for db in names:
                position, more = "0", True
                while more:
                    page, told = await read(db, position)
                    bodies = [(one.id, one.body) for one in page.changes if one.body is not None and not one.deleted]
                    assert sorted_words(told) == sorted_words(told_ahead(bodies, ZoneInfo(ZONE)))
                    position, more = page.last, bool(page.changes)
                assert db == "shared" or position != "0"
    finally:
        await store.close()


async def test_lg12_a_digest_is_the_same_whichever_process_reads_what(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, _ = await made(data, "digested", NONE)
    alone = digest(path)
    monkeypatch.setattr(digesting, "BESIDE_BYTES_MIN", 0)
    monkeypatch.setattr(digesting, "is_there_a_core", lambda: True)
    assert digest(path) == alone
    for program in ("/nonexistent", "/bin/false"):
        monkeypatch.setattr(sys, "executable", program)
        assert digest(path) == alone
    with sqlite3.connect(path) as ledger:
        first = "activity = (SELECT min(activity) FROM contribution)"
        ledger.execute(f"UPDATE contribution SET value = value + 1 WHERE n = 0 AND {first}")  # noqa: S608  its own table
    ledger.close()
    assert digest(path) != alone


@pytest.mark.parametrize("program", ["/nonexistent", "/bin/false"])
async def test_lg12_without_a_second_process_or_when_it_dies_one_makes_it_alone(
    data: Path, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    alone, _ = await made(data, "alone", NONE)
    monkeypatch.setattr(sys, "executable", program)
    helped, _ = await made(data, f"helped{len(program)}", ALL)
    assert not compare(alone, helped)


def test_lg12_an_error_is_the_same_with_a_second_process() -> None:
    body = record("visit")
    sound = (f"visit:{body['author']}-1", msgspec.json.encode(body))
    questions = io.BytesIO()
    for asked in ([("visit:broken", b"{"), sound], [sound]):
        ahead._send(questions, msgspec.msgpack.encode(asked))
    questions.seek(0)
    answers = io.BytesIO()
    ahead._answer_all(questions, answers, ZoneInfo(ZONE))
    answers.seek(0)
    told = [msgspec.msgpack.decode(ahead._receive(answers) or b"", type=Ahead) for _ in range(2)]
    assert told == [Ahead({}, {}, {}), told_ahead([sound], ZoneInfo(ZONE))], "whoever writes meets the error itself"
