"""SE: real server processes, started as a user starts them."""

import concurrent.futures
import json
import os
import signal
import sqlite3
import stat
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.serving import ADMIN, PASSWORD, command, served


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with the administrator ADMIN; each test that writes makes its own."""
    data = tmp_path_factory.mktemp("office") / "data"
    add(data, "admin", "administrator")
    return data


def add(data: Path, name: str, role: str, *more: str) -> None:
    done = command("user", "add", name, "--role", role, *more, "--password-stdin", data=data, stdin=f"{PASSWORD}\n")
    assert done.returncode == 0, done.stderr
    assert PASSWORD not in done.stdout


def names(data: Path) -> list[str]:
    return [line.split("\t")[0] for line in command("user", "list", data=data).stdout.splitlines()]


def test_se7_two_servers_never_share_a_data_directory(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with served(data) as server:
        second = command("serve", "--port", "0", data=data)
        assert second.returncode == 1
        assert f"process {server.process.pid}" in second.stderr
        assert "Traceback" not in second.stderr
        assert httpx.get(f"{server.url}/health").json() == {"status": "ok"}
        assert command("restore", str(tmp_path), data=data).returncode == 1


def test_se7_the_lock_ends_with_the_process_however_it_ends(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with served(data) as server:
        assert (data / "server.json").exists()
        server.stop(signal.SIGKILL)
    assert names(data) == []
    with served(data):
        pass


def test_se8_a_command_works_with_a_server_and_without_and_the_server_knows_at_once(office: Path) -> None:
    with served(office) as server:
        assert stat.S_IMODE((office / "server.json").stat().st_mode) == 0o600
        add(office, "li", "member", "--branch", "b03", "--member", "m0117")
        with httpx.Client(base_url=server.url, auth=("li", PASSWORD)) as client:
            assert client.get("/api/v1/session").json()["member"] == "m0117"
            assert command("user", "lock", "li", data=office).returncode == 0
            assert client.get("/api/v1/session").status_code == 401
            assert command("user", "lock", "li", "--undo", data=office).returncode == 0
            changed = command("user", "passwd", "li", "--password-stdin", data=office, stdin="new password\n")
            assert changed.returncode == 0
            assert client.get("/api/v1/session").status_code == 401
        assert names(office) == ["admin", "li"]
        assert server.stop() == 0
    assert not (office / "server.json").exists()
    assert names(office) == ["admin", "li"]


def test_se8_a_command_says_why_it_is_refused(office: Path) -> None:
    for words in (
        ("user", "add", "admin", "--role", "committee", "--password-stdin"),
        ("user", "add", "wang", "--role", "member", "--password-stdin"),
        ("user", "lock", "nobody"),
        ("tablet", "wipe", "t999999"),
    ):
        done = command(*words, data=office, stdin=f"{PASSWORD}\n")
        assert done.returncode == 1
        assert done.stderr.startswith("Error: ")
        assert "Traceback" not in done.stderr


def test_tb1_a_tablet_is_enrolled_locked_and_wiped_from_the_command_line(office: Path) -> None:
    with served(office) as server:
        told = command("tablet", "enrol", "admin", "--label", "No. 7", data=office).stdout
        tablet, code = told.split()[1].rstrip(":"), told.split()[3]
        answer = httpx.post(f"{server.url}/api/v1/tablets/enrol", json={"code": code})
        assert answer.status_code == 201
        bearer = {"authorization": f"Bearer {answer.json()['token']}"}
        assert httpx.get(f"{server.url}/sync/centre", headers=bearer).status_code == 200
        assert command("tablet", "lock", tablet, data=office).stdout == f"Tablet {tablet} is now locked.\n"
        assert httpx.get(f"{server.url}/sync/centre", headers=bearer).status_code == 403
        assert command("tablet", "wipe", tablet, data=office).returncode == 0
        assert httpx.get(f"{server.url}/api/v1/tablets/me", headers=bearer).json()["state"] == "wipe"
    assert f"{tablet}\tadmin\twipe\tNo. 7\tno report" in command("tablet", "list", data=office).stdout


def test_st1_what_was_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    data = tmp_path / "data"
    add(data, "admin", "administrator")
    acknowledged: list[str] = []

    def push(client: httpx.Client, batch: int) -> None:
        docs = [{"_id": f"d{batch:03d}-{number}", "text": "走访" * 50} for number in range(20)]
        answer = client.post("/sync/plain/_bulk_docs", json={"docs": docs}).json()
        acknowledged.extend(one["id"] for one in answer)

    with served(data) as server, httpx.Client(base_url=server.url, auth=ADMIN, timeout=30) as client:
        client.put("/sync/plain")
        with concurrent.futures.ThreadPoolExecutor(4) as threads:
            under_way = [threads.submit(push, client, batch) for batch in range(200)]
            while len(acknowledged) < 400:
                time.sleep(0.005)
            server.stop(signal.SIGKILL)
            ended = [one.exception() for one in under_way]
        assert any(ended), "it was killed while pushes were under way"
    with served(data) as server, httpx.Client(base_url=server.url, auth=ADMIN, timeout=30) as client:
        rows = client.get("/sync/plain/_all_docs").json()["rows"]
        assert set(acknowledged) <= {row["id"] for row in rows}
    assert command("check", data=data).returncode == 0


@pytest.mark.parametrize("feed", ["longpoll", "continuous"])
def test_se9_a_stopping_server_answers_who_waits_and_ends(office: Path, feed: str) -> None:
    with served(office, "--graceful-seconds", "25") as server:
        url = f"{server.url}/sync/centre/_changes?feed={feed}&since=now&timeout=60000&heartbeat=30000"
        with httpx.stream("GET", url, auth=ADMIN, timeout=30) as answer:
            while "fieldbook_open_feeds 1" not in httpx.get(f"{server.url}/metrics").text:
                time.sleep(0.02)
            server.process.send_signal(signal.SIGTERM)
            text = "".join(answer.iter_text())
        assert json.loads(text.splitlines()[-1] if feed == "continuous" else text)["last_seq"]
        assert server.process.wait(20) == 0


def test_se2_a_port_that_is_taken_is_said_in_a_sentence(tmp_path: Path) -> None:
    with served(tmp_path / "one") as server:
        port = server.url.rpartition(":")[2]
        done = command("serve", "--port", port, data=tmp_path / "two")
        assert done.returncode == 1
        assert f"port {port}" in done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize("store", ["http://admin:hidden-word@127.0.0.1:9", "mongodb://admin:hidden-word@host"])
def test_se2_a_store_that_cannot_be_reached_or_is_none_is_said_in_a_sentence(tmp_path: Path, store: str) -> None:
    done = command("serve", "--port", "0", "--store", store, data=tmp_path / "data")
    assert done.returncode == 1
    assert "Error: " in done.stderr
    assert "Traceback" not in done.stderr
    assert "hidden-word" not in done.stderr


def test_se10_a_damaged_store_is_reported_with_what_to_do_and_left_as_it_is(tmp_path: Path) -> None:
    data = tmp_path / "data"
    add(data, "admin", "administrator")
    file = data / "store" / "store.sqlite3"
    file.write_bytes(b"not a database" * 1000)
    before = file.read_bytes()
    for words in (("serve", "--port", "0"), ("check",), ("user", "list")):
        done = command(*words, data=data)
        assert done.returncode == 1
        assert "fieldbook restore" in done.stderr
        assert "Traceback" not in done.stderr
    assert file.read_bytes() == before


def test_se10_a_check_finds_attachments_that_are_missing_or_changed(tmp_path: Path) -> None:
    data = tmp_path / "data"
    add(data, "admin", "administrator")
    with served(data) as server, httpx.Client(base_url=server.url, auth=ADMIN) as client:
        client.put("/sync/plain")
        for name in ("one", "two", "three"):
            client.put(f"/sync/plain/{name}/photo", content=name * 1000, headers={"content-type": "image/png"})
        assert command("check", data=data).returncode == 0
    first, second, _ = sorted((data / "store" / "blobs").glob("??/*"))
    first.unlink()
    second.write_bytes(b"something else")
    done = command("check", data=data)
    assert done.returncode == 1
    assert f"{first}: missing" in done.stderr
    assert f"{second}: changed" in done.stderr


def test_se11_a_backup_is_made_beside_a_running_server_and_se12_restores_under_a_new_incarnation(
    tmp_path: Path,
) -> None:
    data, copy, again = tmp_path / "data", tmp_path / "backup", tmp_path / "again"
    add(data, "admin", "administrator")

    def welcome(client: httpx.Client) -> str:
        return str(client.get("/sync/").json()["uuid"])

    with served(data) as server, httpx.Client(base_url=server.url, auth=ADMIN) as client:
        client.put("/sync/plain")
        client.put("/sync/plain/one/photo", content=b"bytes" * 1000, headers={"content-type": "image/png"})
        was, since = welcome(client), client.get("/sync/plain").json()["update_seq"]
        done = command("backup", str(copy), data=data)
        assert done.returncode == 0, done.stderr
        assert command("backup", str(copy), data=data).returncode == 1
        client.put("/sync/plain/two", json={})
    assert command("restore", str(copy), data=data).returncode == 1, "never over a store that is there"
    assert command("restore", str(tmp_path), data=again).returncode == 1, "not from what is no backup"
    done = command("restore", str(copy), data=again)
    assert done.returncode == 0, done.stderr
    assert command("check", data=again).returncode == 0
    with served(again) as server, httpx.Client(base_url=server.url, auth=ADMIN) as client:
        assert welcome(client) != was
        assert client.get("/sync/plain/one/photo").content == b"bytes" * 1000
        assert client.get("/sync/plain/two").status_code == 404
        changes: dict[str, Any] = client.get("/sync/plain/_changes", params={"since": since}).json()
        assert [one["id"] for one in changes["results"]] == ["one"], "a tablet starts from its beginning"


def test_se18_a_store_that_was_put_back_by_other_means_begins_anew(tmp_path: Path) -> None:
    data = tmp_path / "data"
    add(data, "admin", "administrator")
    with served(data) as server, httpx.Client(base_url=server.url, auth=ADMIN) as client:
        client.put("/sync/plain")
        client.put("/sync/plain/one", json={})
        was, since = client.get("/sync/").json()["uuid"], client.get("/sync/plain").json()["update_seq"]
        assert "uses" in command("restored", data=data).stderr, "not beside a server"
    done = command("restored", data=data)
    assert done.returncode == 0, done.stderr
    with served(data) as server, httpx.Client(base_url=server.url, auth=ADMIN) as client:
        assert client.get("/sync/").json()["uuid"] != was
        changes: dict[str, Any] = client.get("/sync/plain/_changes", params={"since": since}).json()
        assert [one["id"] for one in changes["results"]] == ["one"], "a tablet starts from its beginning"
        (line,) = client.get("/api/v1/audit", params={"kind": "restored"}).json()["lines"]
        assert line["incarnation"] == client.get("/api/v1/about").json()["store"]
    nothing = command("restored", data=tmp_path / "nowhere")
    assert nothing.returncode == 1
    assert "no store" in nothing.stderr


def test_se11_a_backup_or_check_of_nothing_says_so(tmp_path: Path) -> None:
    for words in (("check",), ("backup", str(tmp_path / "copy"))):
        done = command(*words, data=tmp_path / "nowhere")
        assert done.returncode == 1
        assert "no store" in done.stderr
    assert not (tmp_path / "copy").exists()


def test_se16_the_log_is_json_without_secrets(tmp_path: Path) -> None:
    data = tmp_path / "data"
    add(data, "admin", "administrator")
    with served(data, "--access-log", "true") as server:
        httpx.get(f"{server.url}/sync/_session", auth=ADMIN)
        httpx.post(f"{server.url}/api/v1/session", json={"name": "admin", "password": PASSWORD})
        token = json.loads((data / "server.json").read_text())["token"]
        server.stop()
    text = (tmp_path / "data.log").read_text()
    events = [json.loads(line) for line in text.splitlines()]
    assert {"serving", "stopped"} <= {one["event"] for one in events}
    assert PASSWORD not in text
    assert token not in text


def test_se7_a_store_is_written_by_its_server_alone(office: Path) -> None:
    with served(office):
        with sqlite3.connect(office / "store" / "store.sqlite3") as reading:
            assert reading.execute("SELECT count(*) FROM doc").fetchone()[0] > 0
        assert os.path.exists(office / "lock")
