"""Servers to measure: `fieldbook serve` as a user starts it, with a member's account, and CouchDB itself."""

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from tests.bench.endpoint import Target

FIELDBOOK = Path(sys.executable).with_name("fieldbook")
PASSWORD = "bench-bench-bench"
MEMBER, BRANCH = "m0117", "b03"


@contextmanager
def fieldbook(data: Path, store: str = "sqlite", *, reconcile: bool = False) -> Iterator[Target]:
    """A server process with the branch's database, an administrator and a member. Its endpoint is measured by itself unless
    `reconcile` asks for the worker beside it: what one operation leaves to do would fall on the next."""
    data.parent.mkdir(parents=True, exist_ok=True)
    options = ["--data", str(data), "--store", store]
    for words in (
        ["admin", "--role", "administrator"],
        [MEMBER, "--role", "member", "--branch", BRANCH, "--member", MEMBER],
    ):
        asked = [str(FIELDBOOK), "user", "add", *words, "--password-stdin", *options]
        subprocess.run(asked, input=PASSWORD, text=True, check=True, capture_output=True)
    process = subprocess.Popen(
        [str(FIELDBOOK), "serve", *options, "--port", "0", "--log-level", "warning", "--reconcile", str(reconcile)]
    )
    try:
        url = _ready(data, process)
        admin = _with(url, "admin") + "/sync"
        ask("PUT", f"{admin}/branch-{BRANCH}")
        name = "Fieldbook, embedded" if store == "sqlite" else "Fieldbook on CouchDB"
        yield Target(name, admin, _with(url, MEMBER) + "/sync", f"branch-{BRANCH}", process.pid)
    finally:
        process.terminate()
        process.wait(30)
        if store != "sqlite":
            _drop(store)


@contextmanager
def couchdb(url: str, number: int) -> Iterator[Target]:
    url = url.rstrip("/")
    db = f"bench-direct-{number}"
    ask("DELETE", f"{url}/{db}")
    ask("PUT", f"{url}/{db}")
    try:
        yield Target("CouchDB", url, url, db, 0)
    finally:
        ask("DELETE", f"{url}/{db}")


def ask(method: str, url: str, body: object = None) -> tuple[int, object]:
    parts = urlsplit(url)
    plain = f"{parts.scheme}://{parts.hostname}:{parts.port}{parts.path}" + (f"?{parts.query}" if parts.query else "")
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(plain, data, method=method, headers={"Content-Type": "application/json"})  # noqa: S310  # http, on loopback
    request.add_header("Authorization", "Basic " + b64encode(f"{parts.username}:{parts.password}".encode()).decode())
    try:
        with urllib.request.urlopen(request) as answer:  # noqa: S310  # as above
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read() or b"null")


def _ready(data: Path, process: "subprocess.Popen[bytes]") -> str:
    for _ in range(600):
        if process.poll() is not None:
            raise RuntimeError("the server ended")
        try:
            told = json.loads((data / "server.json").read_bytes())
            if told["pid"] == process.pid:
                return str(told["url"])
        except (FileNotFoundError, ValueError):
            pass
        time.sleep(0.05)
    raise RuntimeError("the server did not start within 30 s")


def _with(url: str, name: str) -> str:
    return url.replace("://", f"://{name}:{PASSWORD}@")


def _drop(store: str) -> None:
    root, _, prefix = store.rpartition("/")
    status, names = ask("GET", f"{root}/_all_dbs")
    for name in names if status == 200 and isinstance(names, list) else []:
        if str(name).startswith(prefix):
            ask("DELETE", f"{root}/{name}")
