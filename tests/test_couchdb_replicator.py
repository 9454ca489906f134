"""CR: a real CouchDB's own replicator, in both directions, against a real server process."""

import base64
import gzip
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import httpx
import pytest

from tests.couchdb import COUCHDB_URL, couch_prefix
from tests.serving import PASSWORD, command, served

pytestmark = pytest.mark.couchdb

IDS = ["plain", "sl/ash", "sp ace", "pl+us", "am&p", "户籍/走访 一", "q?x#y%z", 'qu"ote']


class Both:
    """A CouchDB and a Fieldbook: `couch(db)` and `field(db)` are addresses with their credentials."""

    def __init__(self, url: str, prefix: str) -> None:
        parts = urlsplit(url)
        self._url = f"{parts.scheme}://admin:{quote(PASSWORD)}@{parts.netloc}/sync"
        self._prefix = prefix

    def field(self, db: str) -> str:
        return f"{self._url}/{db}"

    def couch(self, db: str) -> str:
        return f"{(COUCHDB_URL or '').rstrip('/')}/{self._prefix}{db}"

    def replicate(self, source: str, target: str) -> dict[str, Any]:
        answer = httpx.post(
            f"{(COUCHDB_URL or '').rstrip('/')}/_replicate",
            json={"source": end(source), "target": end(target)},
            timeout=120,
        )
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Both]:
    with couch_prefix() as prefix:
        added = command(
            "user",
            "add",
            "admin",
            "--role",
            "administrator",
            "--password-stdin",
            data=tmp_path / "data",
            stdin=PASSWORD,
        )
        assert added.returncode == 0, added.stderr
        with served(tmp_path / "data") as server:
            yield Both(server.url, prefix)


def end(address: str) -> dict[str, Any]:
    """An end of a replication, as CouchDB wants it where a password holds more than letters."""
    parts = urlsplit(address)
    basic = {"username": unquote(parts.username or ""), "password": unquote(parts.password or "")}
    plain = f"{parts.scheme}://{parts.hostname}:{parts.port}{parts.path}"
    return {"url": plain, "auth": {"basic": basic}}


def told(address: str) -> dict[str, Any]:
    """Everything that a database holds: leaves, contents and attachments' plain bytes."""
    feed = httpx.get(f"{address}/_changes?style=all_docs&include_docs=true&attachments=true", timeout=60).json()
    held = {}
    for change in feed["results"]:
        doc = change["doc"]
        attached = doc.pop("_attachments", {})
        held[change["id"]] = (
            sorted(one["rev"] for one in change["changes"]),
            doc,
            {
                name: (base64.b64decode(one["data"]), one["content_type"], one["revpos"])
                for name, one in attached.items()
            },
        )
    return held


def fill(address: str) -> None:
    assert httpx.put(address).status_code == 201
    docs: list[dict[str, Any]] = [{"_id": one, "n": at, "t": "走访"} for at, one in enumerate(IDS)]
    assert httpx.post(f"{address}/_bulk_docs", json={"docs": docs}).status_code == 201
    text = {"content_type": "text/plain", "data": base64.b64encode("文字 text ".encode() * 500).decode()}
    binary = {"content_type": "application/octet-stream", "data": base64.b64encode(bytes(range(256)) * 40).decode()}
    first = httpx.put(
        f"{address}/attached", json={"_attachments": {"t.txt": text, "b.bin": binary, "名 字/x": text}}
    ).json()
    second = httpx.put(
        f"{address}/attached/late.png?rev={first['rev']}",
        content=b"\x00\x01" * 900_000,
        headers={"content-type": "image/png"},
    )
    assert second.status_code == 201
    for rev in ("x", "y"):
        doc = {"_id": "conflict", "_rev": f"2-{rev}", "v": rev, "_revisions": {"start": 2, "ids": [rev, "r"]}}
        assert httpx.post(f"{address}/_bulk_docs", json={"docs": [doc], "new_edits": False}).status_code == 201
    gone = httpx.put(f"{address}/gone", json={"x": 1}).json()
    assert httpx.delete(f"{address}/gone?rev={gone['rev']}").status_code == 200
    assert httpx.put(f"{address}/_design/app", json={"views": {}}).status_code == 201


def test_cr1_a_couchdb_pushes_everything_it_holds(both: Both) -> None:
    fill(both.couch("source"))
    httpx.put(both.field("target"))
    result = both.replicate(both.couch("source"), both.field("target"))
    assert result["history"][0]["doc_write_failures"] == 0
    assert told(both.field("target")) == told(both.couch("source"))
    assert both.replicate(both.couch("source"), both.field("target")).get("no_changes") is True


def test_cr2_a_couchdb_pulls_everything_that_fieldbook_holds(both: Both) -> None:
    fill(both.field("source"))
    httpx.put(both.couch("target"))
    result = both.replicate(both.field("source"), both.couch("target"))
    assert result["history"][0]["doc_write_failures"] == 0
    assert told(both.couch("target")) == told(both.field("source"))
    assert both.replicate(both.field("source"), both.couch("target")).get("no_changes") is True


def test_cr3_edits_on_both_sides_meet(both: Both) -> None:
    fill(both.couch("a"))
    httpx.put(both.field("b"))
    both.replicate(both.couch("a"), both.field("b"))
    for address, value in ((both.couch("a"), "there"), (both.field("b"), "here")):
        doc = httpx.get(f"{address}/plain").json()
        assert httpx.put(f"{address}/plain", json={**doc, "n": value}).status_code == 201
        attached = httpx.get(f"{address}/attached").json()
        assert (
            httpx.put(f"{address}/attached/{value}.png?rev={attached['_rev']}", content=value.encode()).status_code
            == 201
        )
    both.replicate(both.couch("a"), both.field("b"))
    both.replicate(both.field("b"), both.couch("a"))
    assert told(both.field("b")) == told(both.couch("a"))
    assert len(told(both.field("b"))["plain"][0]) == 2


def test_cr4_compressed_attachments_keep_their_digests_through_fieldbook(both: Both) -> None:
    fill(both.couch("a"))
    httpx.put(both.field("b"))
    httpx.put(both.couch("c"))
    both.replicate(both.couch("a"), both.field("b"))
    both.replicate(both.field("b"), both.couch("c"))

    def stubs(address: str) -> Any:
        return httpx.get(f"{address}/attached?att_encoding_info=true").json()["_attachments"]

    assert stubs(both.couch("a")) == stubs(both.field("b")) == stubs(both.couch("c"))
    assert stubs(both.field("b"))["t.txt"]["encoding"] == "gzip"
    raw = httpx.get(f"{both.field('b')}/attached/t.txt", headers={"accept-encoding": "identity"})
    assert raw.content == "文字 text ".encode() * 500
    with httpx.stream("GET", f"{both.field('b')}/attached/t.txt", headers={"accept-encoding": "gzip"}) as answer:
        assert gzip.decompress(b"".join(answer.iter_raw())) == raw.content


def test_cr5_a_continuous_replication_follows(both: Both) -> None:
    httpx.put(both.field("source"))
    target = both.couch("target")
    asked = {"source": end(both.field("source")), "target": end(target), "continuous": True, "create_target": True}
    root = (COUCHDB_URL or "").rstrip("/")
    started = httpx.post(f"{root}/_replicate", json=asked, timeout=60).json()
    try:
        for at in range(5):
            assert httpx.put(f"{both.field('source')}/doc{at}", json={"n": at}).status_code == 201
        ids: set[str] = set()
        for _ in range(60):
            rows = httpx.get(f"{target}/_all_docs").json().get("rows", [])
            ids = {row["id"] for row in rows}
            if len(ids) == 5:
                break
            time.sleep(0.5)
        assert ids == {f"doc{at}" for at in range(5)}, json.dumps(started)
    finally:
        httpx.post(f"{root}/_replicate", json={**asked, "cancel": True}, timeout=60)
