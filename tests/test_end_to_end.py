"""Tablets as they are in the field: PouchDB on disk, offline for weeks, on a bad network, against a server that is killed and restored."""

import asyncio
import json
import signal
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.builders import record
from tests.couchdb import COUCHDB_URL, copy_databases, couch_prefix
from tests.pouchdb import INSTALLED, Failed, Tablet, network, tablet
from tests.serving import ADMIN, PASSWORD, Served, command, served

pytestmark = pytest.mark.skipif(not INSTALLED, reason="`make test` installs PouchDB")

DB = "branch-b03"
MEMBERS = {"li": "m0117", "wang": "m0042", "zhao": "m0201"}
NOW = datetime.now(UTC).replace(microsecond=0)
_numbers = count(1)


def make_accounts(data: Path) -> None:
    def add(name: str, role: str, *more: str) -> None:
        done = command("user", "add", name, "--role", role, *more, "--password-stdin", data=data, stdin=f"{PASSWORD}\n")
        assert done.returncode == 0, done.stderr

    add("admin", "administrator")
    for name, member in MEMBERS.items():
        add(name, "member", "--member", member, "--branch", "b03")
    add("shu", "secretary", "--member", "m0301", "--branch", "b03")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of a store with its accounts: making accounts is slow on purpose."""
    root = tmp_path_factory.mktemp("prepared")
    with served(root / "data"):
        make_accounts(root / "data")
    assert command("backup", str(root / "backup"), data=root / "data").returncode == 0
    return root / "backup"


@pytest.fixture
def data(tmp_path: Path, prepared: Path) -> Path:
    assert command("restore", str(prepared), data=tmp_path / "data").returncode == 0
    return tmp_path / "data"


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@asynccontextmanager
async def tablets(root: Path, url: str, *names: str) -> AsyncIterator[list[Tablet]]:
    made = [
        Tablet(root / name, f"{url}/sync", MEMBERS.get(name, "m0301"), name=name, password=PASSWORD) for name in names
    ]
    await asyncio.gather(*[one.start() for one in made])
    try:
        yield made
    finally:
        await asyncio.gather(*[one.kill() for one in made])


def visit(begins: datetime, *members: str, minutes: int = 40, **fields: Any) -> dict[str, Any]:
    """A sound visit, without its id."""
    body = record("visit")
    period = [one.strftime("%Y-%m-%dT%H:%M:%SZ") for one in (begins, begins + timedelta(minutes=minutes))]
    kept = {
        path: value for path, value in body["fields"].items() if not path.startswith(("participants/", "problems/"))
    }
    own = {
        **kept,
        "period": period,
        "keep_until": f"{NOW.year + 2}-01-01",
        **{f"participants/{one}": True for one in members},
    }
    return {key: value for key, value in body.items() if key not in ("_id", "stamps")} | {"fields": {**own, **fields}}


def new_id(kind: str = "visit") -> str:
    return f"{kind}:{int(NOW.timestamp()):012d}{next(_numbers):014d}"


def ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


async def make(on: Tablet, body: dict[str, Any], clock: datetime, db: str = DB) -> tuple[str, str]:
    """Make a record on a tablet: (id, revision)."""
    made = new_id(body["type"])
    return made, await on.ask("make", db=db, id=made, body=body, clock=ms(clock))


async def until(found: Callable[[], Awaitable[Any]], seconds: float = 20.0) -> Any:
    deadline = time.monotonic() + seconds
    while not (seen := await found()):
        assert time.monotonic() < deadline, "it did not come"
        await asyncio.sleep(0.2)
    return seen


async def call(method: str, url: str, **more: Any) -> Any:
    """The server's answer to the administrator, or to `auth`."""
    async with httpx.AsyncClient(auth=more.pop("auth", ADMIN), timeout=30) as client:
        answer = await client.request(method, url, **more)
    assert answer.status_code < 300, answer.text
    return answer.json()


async def everything(server: Served) -> set[str]:
    """The ids of all documents."""
    return {line["id"] for line in (await call("GET", f"{server.url}/sync/{DB}/_changes"))["results"]}


async def lacking(server: Served, made: dict[str, str]) -> set[str]:
    """Of these revisions, by id, those that the server has not: what it acknowledged may not be here."""
    return set(await call("POST", f"{server.url}/sync/{DB}/_revs_diff", json={doc: [rev] for doc, rev in made.items()}))


async def test_weeks_offline_on_a_bad_network_and_a_killed_server_lose_nothing(
    data: Path, tmp_path: Path, port: int
) -> None:
    made: dict[str, str] = {}
    async with network(f"http://127.0.0.1:{port}") as net, tablets(tmp_path, net.url, *MEMBERS) as three:
        for one in three:
            for number in range(60):
                day = NOW - timedelta(days=21) + timedelta(hours=8 * number)
                told = visit(day, one.member, narrative=f"第{number}次走访。" + "情况" * 300)
                doc, made[doc] = await make(one, told, day)
        # Switched off and on: what was recorded is still there.
        await three[0].kill()
        await three[0].start()
        net.steady = False
        with served(data, "--port", str(port)) as server:
            syncing = [asyncio.ensure_future(one.sync(DB, tries=300)) for one in three]
            await until(lambda: at_least(server, 40))
            server.stop(signal.SIGKILL)
        with served(data, "--port", str(port)) as server:
            results = await asyncio.gather(*syncing)
            assert all(one["complete"] for one in results), results
            assert net.cuts > 5
            assert await lacking(server, made) == set()
            net.steady = True
            for one in three:
                # Connections that are open already may still be cut.
                assert (await one.sync(DB, tries=20))["written"] == 0
                # Each holds the records in which it has a part.
                assert len(await one.ask("all", db=DB, prefix="visit:")) == 60


async def at_least(server: Served, many: int) -> bool:
    return len(await everything(server)) >= many


async def test_se12_a_server_restored_from_an_older_backup_gets_back_what_the_backup_lacked(
    data: Path, tmp_path: Path, port: int
) -> None:
    made: dict[str, str] = {}

    async def work(one: Tablet, many: int) -> None:
        for _ in range(many):
            doc, made[doc] = await make(one, visit(NOW - timedelta(days=1), one.member), NOW - timedelta(days=1))

    async with tablets(tmp_path, f"http://127.0.0.1:{port}", "li", "wang") as (li, wang):
        with served(data, "--port", str(port)) as server:
            await work(li, 20)
            await li.ask("go_live", db=DB)
            await wang.sync(DB)
            await until(lambda: none_lacking(server, made))
            # The tablet's one long replication has noted in the server how far it is, and the backup holds the note.
            await until(lambda: noted(server, 20))
            assert command("backup", str(tmp_path / "backup"), data=data).returncode == 0
            await work(li, 15)
            await work(wang, 10)
            await wang.sync(DB)
            await until(lambda: none_lacking(server, made))
            await until(lambda: noted(server, 35))
            await li.ask("go_offline", db=DB)
            server.stop(signal.SIGKILL)
        assert command("restore", str(tmp_path / "backup"), data=tmp_path / "restored").returncode == 0
        with served(tmp_path / "restored", "--port", str(port)) as server:
            assert not await noted(server, 0)
            assert len(await lacking(server, made)) == 25
            for one in (li, wang):
                pushed = await one.sync(DB)
                # What the server had worked out is not taken from a tablet: it works it out again.
                assert all(doc["id"].startswith(("activity:", "activity_record:")) for doc in pushed["denied"])
            assert await lacking(server, made) == set()


@pytest.mark.couchdb
async def test_se18_tablets_bring_back_what_a_restored_couchdb_lacks(tmp_path: Path, port: int) -> None:
    made: dict[str, str] = {}

    async def work(one: Tablet, many: int) -> None:
        for _ in range(many):
            doc, made[doc] = await make(one, visit(NOW - timedelta(days=1), one.member), NOW - timedelta(days=1))

    with couch_prefix() as prefix, couch_prefix() as kept:
        store = ("--store", f"{(COUCHDB_URL or '').rstrip('/')}/{prefix}")
        async with tablets(tmp_path, f"http://127.0.0.1:{port}", "li", "wang") as (li, wang):
            with served(tmp_path / "data", "--port", str(port), *store) as server:
                await asyncio.to_thread(make_accounts, tmp_path / "data")
                busy = await asyncio.to_thread(command, "restored", *store, data=tmp_path / "data")
                assert "uses" in busy.stderr, "not beside a server"
                await work(li, 8)
                await li.ask("go_live", db=DB)
                await until(lambda: none_lacking(server, made))
                await until(lambda: noted(server, 8))
                assert await asyncio.to_thread(copy_databases, prefix, kept)
                await work(li, 6)
                await work(wang, 5)
                await wang.sync(DB)
                await until(lambda: none_lacking(server, made))
                await until(lambda: noted(server, 14))
                await li.ask("go_offline", db=DB)
            assert await asyncio.to_thread(copy_databases, kept, prefix)
            done = await asyncio.to_thread(command, "restored", *store, data=tmp_path / "data")
            assert done.returncode == 0, done.stderr
            with served(tmp_path / "data", "--port", str(port), *store) as server:
                assert len(await lacking(server, made)) == 11
                for one in (li, wang):
                    pushed = await one.sync(DB)
                    assert all(doc["id"].startswith(("activity:", "activity_record:")) for doc in pushed["denied"])
                assert await lacking(server, made) == set()
                await li.sync(DB)
                assert len(await li.ask("all", db=DB, prefix="visit:")) == 14


async def none_lacking(server: Served, made: dict[str, str]) -> bool:
    return not await lacking(server, made)


async def noted(server: Served, many: int) -> bool:
    """Whether a tablet has noted in the server that it has pushed so many changes."""
    rows = (await call("GET", f"{server.url}/sync/{DB}/_local_docs?include_docs=true"))["rows"]
    return any(isinstance(row["doc"].get("last_seq"), int) and row["doc"]["last_seq"] >= many for row in rows)


async def test_am2_what_is_refused_is_kept_in_quarantine_and_the_tablet_is_told(data: Path, tmp_path: Path) -> None:
    with served(data) as server:
        async with tablets(tmp_path, server.url, "li") as (li,):
            good, _ = await make(li, visit(NOW, li.member), NOW)
            bad, _ = await make(li, {**visit(NOW, li.member), "branch": "b04"}, NOW)
            pushed = await li.ask("push", db=DB)
            assert [one["id"] for one in pushed["denied"]] == [bad]
            assert "wrong_branch" in json.dumps(pushed["denied"])
            assert not pushed["complete"]
            held = await everything(server)
            assert good in held
            assert bad not in held
            span = {"startkey": '"quarantine:li:"', "endkey": '"quarantine:li:z"', "include_docs": "true"}
            kept = (await call("GET", f"{server.url}/sync/office/_all_docs", params=span))["rows"]
            assert [row["doc"]["record"] for row in kept] == [bad]
            assert kept[0]["doc"]["content"]["fields"]["narrative"]


async def test_am7_rights_that_are_given_and_taken_show_on_the_tablet(data: Path, tmp_path: Path) -> None:
    with served(data) as server:
        invited = await call("POST", f"{server.url}/api/v1/tablets", json={"account": "li"})
        enrolled = await call("POST", f"{server.url}/api/v1/tablets/enrol", json={"code": invited["code"]})
        async with (
            tablets(tmp_path, server.url, "shu") as (shu,),
            tablet(tmp_path / "li", f"{server.url}/sync", MEMBERS["li"], token=enrolled["token"]) as li,
        ):
            household = "household:01K8Q2M4T6V8C0N2B4X6D8E0F1"
            person = record("person")
            body = {key: value for key, value in person.items() if key not in ("_id", "stamps")}
            body["fields"] = {**body["fields"], "subject": household, "keep_until": f"{NOW.year + 2}-01-01"}
            facts, _ = await make(shu, body, NOW - timedelta(days=30))
            await shu.sync(DB)
            await li.sync(DB)
            assert await li.ask("all", db=DB, prefix="person:") == []

            async def assign(**fields: Any) -> str:
                given = record("assignment")
                body = {key: value for key, value in given.items() if key not in ("_id", "stamps")}
                body["fields"] = {"kind": "link", "member": li.member, "subject": household, "state": "given", **fields}
                doc, _ = await make(shu, body, NOW)
                assert (await shu.sync(DB))["complete"]
                return doc

            first = await assign()
            await li.sync(DB)
            # It is older than what the tablet had read, and comes all the same.
            assert [one["_id"] for one in await li.ask("all", db=DB, prefix="person:")] == [facts]
            await assign(state="ended", supersedes=first)
            await shu.ask("change", db=DB, id=facts, changes={"health": "已痊愈"}, clock=ms(NOW))
            await shu.sync(DB)
            await li.sync(DB)
            (kept,) = await li.ask("all", db=DB, prefix="person:")
            assert kept["fields"].get("health") != "已痊愈"
            with pytest.raises(Failed) as refused:
                await li.ask("ask", db=DB, id=facts)
            assert refused.value.status == 404


ODD = [
    "a/b",
    "a b",
    "a+b",
    "a&b=c",
    "走访/一 二+三&四",
    "percent%20",
    "quest?ion#mark",
    "é",
    "_x"[1:],
    "emoji😀",
    '"quoted"',
]


async def test_do2_ids_and_attachment_names_of_every_kind_go_both_ways(data: Path, tmp_path: Path) -> None:
    with served(data) as server:
        for db in ("odd", "odd-too"):
            await call("PUT", f"{server.url}/sync/{db}")
        proof = {"name": ADMIN[0], "password": ADMIN[1]}
        async with (
            tablet(tmp_path / "one", f"{server.url}/sync", "m0001", **proof) as one,
            tablet(tmp_path / "two", f"{server.url}/sync", "m0002", **proof) as two,
        ):
            file = {"content_type": "text/plain", "data": "5L2g5aW9"}
            docs = [{"_id": name, "text": name, "_attachments": {f"附件/{name}": file}} for name in ODD]
            answers = await one.ask("put", db="odd", docs=docs)
            assert all(answer.get("ok") for answer in answers), answers
            assert (await one.sync("odd"))["complete"]
            await two.sync("odd")
            for name in ODD:
                got = await two.ask("get", db="odd", id=name, options={"attachments": True})
                assert got["text"] == name
                assert got["_attachments"][f"附件/{name}"]["data"] == file["data"]


async def test_two_tablets_and_two_members_end_as_one_activity_record(data: Path, tmp_path: Path) -> None:
    """Edits of one record on two tablets are both kept; two members' records of one visit become one activity; the branch's
    activity record has each happening once, on a tablet as through the API."""
    with served(data) as server:
        async with tablets(tmp_path, server.url, "li", "wang", "shu") as (li, wang, shu):
            # Mid-morning of yesterday in the centre's zone: no midnight comes between.
            began = NOW.replace(hour=2, minute=0, second=0) - timedelta(days=1)
            body = visit(began, li.member, wang.member, subject=f"household:{next(_numbers):026d}")
            shared, _ = await make(li, body, began)
            await li.sync(DB)
            await wang.sync(DB)
            await li.ask("change", db=DB, id=shared, changes={"outcome": "已办成", "address": "三组"}, clock=ms(NOW))
            await wang.ask(
                "change", db=DB, id=shared, changes={f"parts/{wang.member}/text": "我负责记录。"}, clock=ms(NOW)
            )
            # Both while offline; then one after the other.
            await li.sync(DB)
            await wang.sync(DB)

            firm = f"enterprise:{next(_numbers):026d}"
            both = (li.member, wang.member)
            mine, _ = await make(li, visit(began, *both, subject=firm, kind="enterprise"), NOW)
            later = began + timedelta(minutes=3)
            theirs, _ = await make(wang, visit(later, *both, subject=firm, kind="enterprise"), NOW)
            await li.sync(DB)
            await wang.sync(DB)

            async def merged() -> Any:
                await li.sync(DB)
                doc = await li.ask("get", db=DB, id=shared, options={"conflicts": True})
                return doc if not doc.get("_conflicts") and f"parts/{wang.member}/text" in doc["fields"] else None

            assert (await until(merged))["fields"]["outcome"] == "已办成"

            async def activities() -> Any:
                await shu.sync(DB)
                found = await shu.ask("all", db=DB, prefix="activity:")
                return (
                    found
                    if {frozenset(_parts(one, "records")) for one in found}
                    == {
                        frozenset({shared}),
                        frozenset({mine, theirs}),
                    }
                    else None
                )

            found = await until(activities)
            assert all(set(_parts(one, "participants")) == set(both) for one in found)

            async def month() -> Any:
                await shu.sync(DB)
                told = await shu.ask("all", db=DB, prefix="activity_record:")
                listed = {doc for one in told for doc in _parts(one, "activities")}
                return told if listed == {one["_id"] for one in found} else None

            (told,) = await until(month)
            assert told["fields"]["figures/visits"] == 2
            assert told["fields"]["figures/person_times"] == 4
            where = f"{server.url}/api/v1/activity-records/b03/{told['fields']['month']}"
            asked = await call("GET", where, auth=("shu", PASSWORD))
            assert set(asked["activities"]) == {one["_id"] for one in found}


def _parts(doc: dict[str, Any], head: str) -> list[str]:
    return [path.partition("/")[2] for path, value in doc["fields"].items() if path.startswith(f"{head}/") and value]
