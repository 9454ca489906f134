"""CE: the CouchDB-shaped endpoint, over the whole application."""

import asyncio
import base64
import gzip
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import brotli
import httpx
import pytest

from tests.serving import ADMIN, PASSWORD, here

STRANGE_IDS = ["plain", "sl/ash", "sp ace", "pl+us", "am&p", "户籍/走访 一", "q?x#y%z", 'qu"ote', "per%2Fcent"]


@pytest.fixture
async def couch(store_address: str, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """An administrator's client at /sync, on each store; one database `db` is there."""
    async with here(tmp_path / "data", store=store_address) as server, server.as_(ADMIN) as client:
        client.base_url = client.base_url.join("/sync")
        assert (await client.put("/db")).status_code == 201
        yield client


async def test_ce1_the_root_says_what_it_is(couch: httpx.AsyncClient) -> None:
    root = (await couch.get("/")).json()
    assert (root["couchdb"], root["vendor"]["name"]) == ("Welcome", "Fieldbook")
    assert (await couch.get("/_up")).json()["status"] == "ok"
    assert len((await couch.get("/_uuids?count=3")).json()["uuids"]) == 3
    session = (await couch.get("/_session")).json()
    assert session["userCtx"] == {"name": "admin", "roles": ["_admin"]}


async def test_ce2_databases_are_made_and_dropped_by_administrators(couch: httpx.AsyncClient) -> None:
    assert (await couch.put("/db")).json() == {
        "error": "file_exists",
        "reason": "The database could not be created, the file already exists.",
    }
    for name in ("Upper", "1digit", "_hidden", "sp%20ace"):
        assert (await couch.put(f"/{name}")).json()["error"] == "illegal_database_name"
    assert (await couch.put("/with%2Fslash")).status_code == 201
    assert "with/slash" in (await couch.get("/_all_dbs")).json()
    assert (await couch.head("/db")).status_code == 200
    assert (await couch.delete("/db")).json() == {"ok": True}
    missing = await couch.get("/db")
    assert (missing.status_code, missing.json()) == (404, {"error": "not_found", "reason": "Database does not exist."})
    member = ("li", PASSWORD)
    for method, path in (("PUT", "/mine"), ("DELETE", "/with%2Fslash"), ("GET", "/_all_dbs"), ("GET", "/with%2Fslash")):
        assert (await couch.request(method, path, auth=member)).status_code == 403, (method, path)
    assert (await couch.get("/db", auth=("li", "wrong"))).status_code == 401


@pytest.mark.parametrize("doc_id", STRANGE_IDS)
async def test_ce3_ids_of_any_kind_are_written_read_and_deleted(couch: httpx.AsyncClient, doc_id: str) -> None:
    path = f"/db/{quote(doc_id, safe='')}"
    made = (await couch.put(path, json={"n": 1})).json()
    assert made["id"] == doc_id
    read = await couch.get(path, params={"revs": "true"})
    assert read.json() == {
        "_id": doc_id,
        "_rev": made["rev"],
        "n": 1,
        "_revisions": {"start": 1, "ids": [made["rev"][2:]]},
    }
    assert read.headers["etag"] == f'"{made["rev"]}"'
    attached = await couch.put(
        f"{path}/{quote(doc_id, safe='')}?rev={made['rev']}", content=b"bytes", headers={"content-type": "image/png"}
    )
    assert attached.status_code == 201
    assert (await couch.get(f"{path}/{quote(doc_id, safe='')}")).content == b"bytes"
    gone = await couch.delete(f"{path}?rev={attached.json()['rev']}")
    assert gone.status_code == 200
    assert (await couch.get(path)).json() == {"error": "not_found", "reason": "deleted"}


async def test_ce4_writes_conflict_as_couchdb_says(couch: httpx.AsyncClient) -> None:
    first = (await couch.put("/db/a", json={"n": 1})).json()["rev"]
    conflict = await couch.put("/db/a", json={"n": 2})
    assert (conflict.status_code, conflict.json()) == (
        409,
        {"error": "conflict", "reason": "Document update conflict."},
    )
    assert (await couch.put("/db/a", json={"n": 2}, headers={"if-match": f'"{first}"'})).status_code == 201
    assert (await couch.put("/db/a", json={"n": 2, "_rev": first, "_id": "b"})).status_code == 400
    assert (await couch.put("/db/none", json={"_rev": "1-a"})).status_code == 409
    assert (await couch.delete("/db/none?rev=1-a")).status_code in (404, 409)


async def test_ce5_bulk_docs_answers_each_document_by_itself(couch: httpx.AsyncClient) -> None:
    docs: list[Any] = [
        {"_id": "a", "n": 1},
        {"_id": "a", "n": 2},
        3,
        {"_id": "b\u0007"},
        {"_id": "c", "_rev": "x"},
        {"n": 4},
        {"_id": ""},
    ]
    answer = await couch.post("/db/_bulk_docs", json={"docs": docs})
    assert answer.status_code == 201
    outcomes = answer.json()
    assert [outcome.get("error") for outcome in outcomes] == [
        None,
        "conflict",
        "bad_request",
        "illegal_docid",
        "bad_request",
        None,
        "illegal_docid",
    ]
    assert (await couch.get("/db")).json()["doc_count"] == 2


async def test_ce5_replicated_revisions_report_only_what_was_refused(couch: httpx.AsyncClient) -> None:
    docs = [
        {"_id": "a", "_rev": "2-b", "_revisions": {"start": 2, "ids": ["b", "a"]}},
        {"_id": "a", "_rev": "2-b", "_revisions": {"start": 2, "ids": ["b", "a"]}},
        {"_id": "b", "_rev": "2-b", "_revisions": {"start": "2", "ids": ["b", "a"]}},
        {"_id": "c", "_rev": "no revision"},
        {"_id": "d", "_rev": "1-d", "_revisions": {"start": 1, "ids": ["d", "e"]}},
        {"_id": "e"},
    ]
    answer = await couch.post("/db/_bulk_docs", json={"docs": docs, "new_edits": False})
    assert [one["id"] for one in answer.json()] == ["b", "c", "d", "e"]
    changes = (await couch.get("/db/_changes")).json()
    assert [(change["id"], change["changes"]) for change in changes["results"]] == [("a", [{"rev": "2-b"}])]


async def test_ce5_half_a_character_in_one_record_does_not_hold_up_the_others(couch: httpx.AsyncClient) -> None:
    half = b'{"new_edits":false,"docs":[{"_id":"a","_rev":"1-a","t":"\\ud83d"},{"_id":"b","_rev":"1-a"},{"_id":"\\ud83d","_rev":"1-a"}]}'
    answer = await couch.post("/db/_bulk_docs", content=half, headers={"content-type": "application/json"})
    assert answer.status_code == 201
    assert [one["error"] for one in answer.json()] == ["bad_request", "illegal_docid"]
    assert (await couch.get("/db/b")).status_code == 200
    for bad in (b'{"docs":[{"t":"\\ud83d","n":NaN}]}', b'{"docs":[{"t":"\\ud83d"}]'):
        assert (
            await couch.post("/db/_bulk_docs", content=bad, headers={"content-type": "application/json"})
        ).status_code == 400


async def test_ce6_bulk_get_gives_every_revision_asked_for(couch: httpx.AsyncClient) -> None:
    for rev in ("2-b", "2-c"):
        doc = {"_id": "a", "_rev": rev, "v": rev, "_revisions": {"start": 2, "ids": [rev[2:], "a"]}}
        await couch.post("/db/_bulk_docs", json={"docs": [doc], "new_edits": False})
    asked = [
        {"id": "a", "rev": "2-b"},
        {"id": "a"},
        {"id": "a", "rev": "9-z"},
        {"id": "none"},
        {"id": "a", "rev": "bad"},
        {"rev": "1-a"},
    ]
    answer = await couch.post("/db/_bulk_get?revs=true", json={"docs": asked})
    assert answer.status_code == 200
    results = answer.json()["results"]
    assert [result["id"] for result in results] == ["a", "a", "a", "none", "a", None]
    assert results[0]["docs"] == [
        {"ok": {"_id": "a", "_rev": "2-b", "v": "2-b", "_revisions": {"start": 2, "ids": ["b", "a"]}}}
    ]
    assert {doc["ok"]["_rev"] for doc in results[1]["docs"]} == {"2-b", "2-c"}
    assert results[2]["docs"][0]["error"]["error"] == "not_found"
    assert results[3]["docs"][0]["error"]["reason"] == "missing"
    assert results[4]["docs"][0]["error"]["error"] == "bad_request"
    latest = await couch.post("/db/_bulk_get?latest=true", json={"docs": [{"id": "a", "rev": "1-a"}]})
    assert {doc["ok"]["_rev"] for doc in latest.json()["results"][0]["docs"]} == {"2-b", "2-c"}


async def test_ce6_bulk_get_carries_attachments_that_are_newer(couch: httpx.AsyncClient) -> None:
    text = {"content_type": "text/plain", "data": base64.b64encode(b"one").decode()}
    first = (await couch.put("/db/a", json={"_attachments": {"one.txt": text}})).json()["rev"]
    second = (await couch.put(f"/db/a/two.txt?rev={first}", content=b"two")).json()["rev"]
    path = "/db/_bulk_get?revs=true"
    plain = (await couch.post(path, json={"docs": [{"id": "a", "rev": second, "atts_since": []}]})).json()
    assert all(one["stub"] for one in plain["results"][0]["docs"][0]["ok"]["_attachments"].values())
    newer = (await couch.post(path, json={"docs": [{"id": "a", "rev": second, "atts_since": [first]}]})).json()
    attached = newer["results"][0]["docs"][0]["ok"]["_attachments"]
    assert attached["one.txt"]["stub"] is True
    assert base64.b64decode(attached["two.txt"]["data"]) == b"two"
    every = (await couch.post(path + "&attachments=true", json={"docs": [{"id": "a"}]})).json()
    assert {name: "data" in one for name, one in every["results"][0]["docs"][0]["ok"]["_attachments"].items()} == {
        "one.txt": True,
        "two.txt": True,
    }


async def test_ce7_revs_diff_tells_what_is_missing(couch: httpx.AsyncClient) -> None:
    rev = (await couch.put("/db/a", json={})).json()["rev"]
    answer = await couch.post("/db/_revs_diff", json={"a": [rev, "2-x"], "b": ["1-y"], "c": []})
    assert answer.json() == {"a": {"missing": ["2-x"], "possible_ancestors": [rev]}, "b": {"missing": ["1-y"]}}
    assert (await couch.post("/db/_missing_revs", json={"a": [rev, "2-x"]})).json() == {"missing_revs": {"a": ["2-x"]}}
    for bad in ({"a": "1-x"}, {"a": ["nothing"]}, {"a": [1]}, ["a"]):
        assert (await couch.post("/db/_revs_diff", json=bad)).status_code == 400, bad


async def test_ce8_changes_in_every_way(couch: httpx.AsyncClient) -> None:
    """A CouchDB with several shards tells changes in an order of its own, so nothing here hangs on it."""
    names = [*(f"doc{at}" for at in range(6)), "_design/one"]
    for at, name in enumerate(names):
        await couch.put(f"/db/{name}", json={"n": at, "language": "none"})
    every = (await couch.get("/db/_changes")).json()
    assert sorted(change["id"] for change in every["results"]) == sorted(names)
    assert every["last_seq"].split("-")[0] == every["results"][-1]["seq"].split("-")[0]
    page = (await couch.get("/db/_changes?limit=2&include_docs=true")).json()
    assert ([names[change["doc"]["n"]] for change in page["results"]], page["pending"]) == (
        [change["id"] for change in page["results"]],
        5,
    )
    rest = (await couch.get("/db/_changes", params={"since": page["last_seq"]})).json()
    assert sorted(change["id"] for change in page["results"] + rest["results"]) == sorted(names)
    assert len((await couch.get("/db/_changes?descending=true&limit=1")).json()["results"]) == 1
    assert (await couch.get("/db/_changes?since=now")).json()["results"] == []
    chosen = await couch.post("/db/_changes?filter=_doc_ids", json={"doc_ids": ["doc3", "none"]})
    assert [change["id"] for change in chosen.json()["results"]] == ["doc3"]
    selected = await couch.post("/db/_changes?filter=_selector", json={"selector": {"n": {"$gte": 4, "$lt": 6}}})
    assert sorted(change["id"] for change in selected.json()["results"]) == ["doc4", "doc5"]
    design = (await couch.get("/db/_changes?filter=_design")).json()
    assert [change["id"] for change in design["results"]] == ["_design/one"]
    sparse = (await couch.get("/db/_changes?seq_interval=3")).json()["results"]
    assert [change["seq"] is not None for change in sparse] == [False, False, True, False, False, True, True]
    for bad in ("since=nonsense", "limit=x", "feed=wrong", "heartbeat=maybe", "include_docs=1"):
        assert (await couch.get(f"/db/_changes?{bad}")).status_code == 400, bad
    assert (await couch.get("/db/_changes?filter=app/mine")).status_code == 501


async def test_ce9_longpoll_ends_when_something_is_written(couch: httpx.AsyncClient) -> None:
    since = (await couch.get("/db")).json()["update_seq"]
    waiting = asyncio.create_task(couch.get("/db/_changes", params={"feed": "longpoll", "since": since}))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    await couch.put("/db/new", json={})
    answer = await asyncio.wait_for(waiting, 5)
    assert [change["id"] for change in answer.json()["results"]] == ["new"]
    quiet = await couch.get("/db/_changes?feed=longpoll&since=now&timeout=100")
    assert quiet.json()["results"] == []


async def test_ce9_continuous_sends_a_change_a_line_and_ends_when_it_is_quiet(couch: httpx.AsyncClient) -> None:
    await couch.put("/db/a", json={})
    answer = await couch.get("/db/_changes?feed=continuous&timeout=100&include_docs=true")
    lines = [json.loads(line) for line in answer.text.splitlines() if line]
    assert [line.get("id") for line in lines] == ["a", None]
    assert lines[-1]["last_seq"].split("-")[0] == lines[0]["seq"].split("-")[0]
    limited = await couch.get("/db/_changes?feed=continuous&limit=1")
    assert len([line for line in limited.text.splitlines() if line]) == 2


async def test_ce10_all_docs_by_keys_and_ranges(couch: httpx.AsyncClient) -> None:
    for name in "abc":
        await couch.put(f"/db/{name}", json={"name": name})
    gone = (await couch.put("/db/d", json={})).json()["rev"]
    await couch.delete(f"/db/d?rev={gone}")
    every = (await couch.get("/db/_all_docs?include_docs=true")).json()
    assert (every["total_rows"], [row["doc"]["name"] for row in every["rows"]]) == (3, ["a", "b", "c"])
    keyed = (await couch.post("/db/_all_docs", json={"keys": ["c", "d", "none"]})).json()["rows"]
    assert [row.get("error") or row["value"].get("deleted", False) for row in keyed] == [False, True, "not_found"]
    span = await couch.get("/db/_all_docs", params={"startkey": '"b"', "endkey": '"z"', "limit": 1})
    assert [row["id"] for row in span.json()["rows"]] == ["b"]
    assert (await couch.get("/db/_all_docs", params={"key": '"b"'})).json()["rows"][0]["id"] == "b"


async def test_ce11_attachments_arrive_whole_and_never_run_as_pages(couch: httpx.AsyncClient) -> None:
    page = b"<script>alert(1)</script>" * 10
    rev = (await couch.put("/db/a/page.html", content=page, headers={"content-type": "text/html"})).json()["rev"]
    read = await couch.get("/db/a/page.html")
    assert (read.content, read.headers["content-type"]) == (page, "text/html")
    assert read.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in read.headers["content-security-policy"]
    assert read.headers["content-disposition"].startswith("attachment")
    await couch.put("/db/picture/a.png", content=bytes(range(100)), headers={"content-type": "image/png"})
    part = await couch.get("/db/picture/a.png", headers={"range": "bytes=1-6"})
    assert (part.status_code, part.content) == (206, bytes(range(1, 7)))
    assert (await couch.get("/db/picture/a.png", headers={"range": "bytes=9999-"})).status_code == 416
    stub = (await couch.get("/db/a")).json()["_attachments"]["page.html"]
    assert (stub["length"], stub["stub"], stub["revpos"]) == (250, True, 1)
    wrong = await couch.put(f"/db/a/x?rev={rev}", content=b"x", headers={"content-md5": "wrong"})
    assert wrong.json()["error"] == "content_md5_mismatch"
    false_digest = {
        "content_type": "image/png",
        "data": "eA==",
        "digest": "md5-" + base64.b64encode(b"0" * 16).decode(),
    }
    mismatch = await couch.put("/db/b", json={"_attachments": {"x.png": false_digest}})
    assert mismatch.json()["error"] == "content_md5_mismatch"
    missing = await couch.put(f"/db/a?rev={rev}", json={"_attachments": {"none.txt": {"stub": True}}})
    assert (missing.status_code, missing.json()["error"]) == (412, "missing_stub")
    assert (await couch.delete(f"/db/a/page.html?rev={rev}")).status_code == 200
    assert (await couch.get("/db/a/page.html")).status_code == 404


async def test_ce12_multipart_documents_come_and_go(couch: httpx.AsyncClient) -> None:
    big = bytes(range(256)) * 10_000
    zipped = gzip.compress(b"plain text " * 100)
    described = {
        "big.bin": {"follows": True, "content_type": "application/octet-stream", "length": len(big)},
        "text.txt": {
            "follows": True,
            "content_type": "text/plain",
            "length": 1100,
            "encoding": "gzip",
            "encoded_length": len(zipped),
        },
    }
    doc = {"_id": "m", "_rev": "1-m", "_revisions": {"start": 1, "ids": ["m"]}, "_attachments": described}
    body = b"--sep\r\nContent-Type: application/json\r\n\r\n" + json.dumps(doc).encode()
    body += b'\r\n--sep\r\nContent-Disposition: attachment; filename="big.bin"\r\n\r\n' + big
    body += b"\r\n--sep\r\n\r\n" + zipped + b"\r\n--sep--"
    kind = {"content-type": 'multipart/related; boundary="sep"'}
    made = await couch.put("/db/m?new_edits=false", content=body, headers=kind)
    assert made.json() == {"ok": True, "id": "m", "rev": "1-m"}
    assert (await couch.get("/db/m/big.bin")).content == big
    text = await couch.get("/db/m/text.txt", headers={"accept-encoding": "identity"})
    assert text.content == b"plain text " * 100
    mixed = await couch.get(
        '/db/m?open_revs=["1-m","2-x"]&revs=true&att_encoding_info=true', headers={"accept": "multipart/mixed"}
    )
    assert mixed.headers["content-type"].startswith("multipart/mixed")
    assert big in mixed.content
    assert zipped in mixed.content
    assert b'error="true"' in mixed.content
    listed = await couch.get('/db/m?open_revs=["1-m","2-x"]', headers={"accept": "application/json"})
    assert [next(iter(one)) for one in listed.json()] == ["ok", "missing"]
    for broken in (body[:-20], body[:200], body.replace(b"--sep--", b"--sep"), b"", b"--sep--"):
        answer = await couch.put("/db/n?new_edits=false", content=broken, headers=kind)
        assert answer.status_code == 400, answer.text
    assert (await couch.get("/db/n")).status_code == 404


async def test_ce13_local_documents_do_not_replicate(couch: httpx.AsyncClient) -> None:
    made = (await couch.put("/db/_local/check%2Fpoint", json={"n": 1})).json()
    assert (await couch.get("/db/_local/check%2Fpoint")).json() == {
        "_id": "_local/check/point",
        "_rev": made["rev"],
        "n": 1,
    }
    assert (await couch.put("/db/_local/check%2Fpoint", json={"n": 2})).status_code == 409
    assert (await couch.get("/db/_changes")).json()["results"] == []
    assert (await couch.delete(f"/db/_local/check%2Fpoint?rev={made['rev']}")).status_code == 200
    assert (await couch.get("/db/_local/check%2Fpoint")).status_code == 404


async def test_ce14_bodies_are_compressed_both_ways(couch: httpx.AsyncClient) -> None:
    docs = {"docs": [{"_id": f"doc{at}", "text": "走访" * 50} for at in range(50)]}
    packed = gzip.compress(json.dumps(docs).encode())
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    assert (await couch.post("/db/_bulk_docs", content=packed, headers=headers)).status_code == 201
    headers["content-encoding"] = "br"
    again = await couch.post("/db/_bulk_docs", content=brotli.compress(json.dumps(docs).encode()), headers=headers)
    assert {one["error"] for one in again.json()} == {"conflict"}
    for coding in ("br", "gzip"):
        read = await couch.get("/db/_all_docs?include_docs=true", headers={"accept-encoding": coding})
        assert read.headers["content-encoding"] == coding
        assert len(read.json()["rows"]) == 50
    for coding, body in (("gzip", b"not gzip"), ("br", b"not brotli"), ("lzma", b"x")):
        answer = await couch.post("/db/_bulk_docs", content=body, headers={**headers, "content-encoding": coding})
        assert answer.status_code in (400, 415), coding


async def test_ce15_no_bad_body_ends_in_a_server_error(couch: httpx.AsyncClient) -> None:
    headers = {"content-type": "application/json"}
    deep = b'{"docs":[' + b"[" * 100_000 + b"]" * 100_000 + b"]}"
    bodies = [
        b"",
        b"{",
        b'{"docs":',
        b"null",
        b"[]",
        b'"x"',
        b"\xff\xfe",
        b'{"docs":{}}',
        b'{"docs":[{"_id":"\\ud800"}]}',
        deep,
        b"NaN",
    ]
    paths = [
        "_bulk_docs",
        "_bulk_get",
        "_revs_diff",
        "_missing_revs",
        "_all_docs",
        "_changes?filter=_selector",
        "_purge",
    ]
    for path in paths:
        for body in bodies:
            answer = await couch.post(f"/db/{path}", content=body, headers=headers)
            assert answer.status_code in (200, 400), (path, body[:20], answer.text)
            if answer.status_code == 400:
                assert set(answer.json()) == {"error", "reason"}
    for body in bodies:
        assert (await couch.put("/db/x", content=body, headers=headers)).status_code in (201, 400)


async def test_ce16_limits_answer_413_and_keep_nothing(tmp_path: Path) -> None:
    small = {
        "request_bytes_max": 20_000,
        "document_bytes_max": 2_000,
        "attachment_bytes_max": 5_000,
        "batch_documents_max": 50,
    }
    async with here(tmp_path / "data", **small) as server, server.as_(ADMIN) as client:
        await client.put("/sync/db")
        large = {"_id": "large", "text": "x" * 3000}
        outcomes = (await client.post("/sync/db/_bulk_docs", json={"docs": [large, {"_id": "fine"}]})).json()
        assert [one.get("error") for one in outcomes] == ["document_too_large", None]
        assert (await client.put("/sync/db/large", json=large)).status_code == 413
        many = {"docs": [{"_id": str(at)} for at in range(51)]}
        assert (await client.post("/sync/db/_bulk_docs", json=many)).status_code == 413
        assert (await client.post("/sync/db/_bulk_docs", json={"docs": [{"t": "x" * 30_000}]})).status_code == 413
        bomb = gzip.compress(b"{" + b" " * 50_000_000 + b"}")
        headers = {"content-type": "application/json", "content-encoding": "gzip"}
        assert (await client.post("/sync/db/_bulk_docs", content=bomb, headers=headers)).status_code == 413
        assert (await client.put("/sync/db/a/large.bin", content=b"x" * 6_000)).status_code == 413
        assert (await client.get("/sync/db")).json()["doc_count"] == 1


async def test_ce17_server_side_javascript_is_refused_in_words(couch: httpx.AsyncClient) -> None:
    design = {"views": {"all": {"map": "function (doc) { emit(doc._id) }"}}}
    assert (await couch.put("/db/_design/app", json=design)).status_code == 201
    assert (await couch.get("/db/_design/app")).json()["views"] == design["views"]
    for path in ("_design/app/_view/all", "_design/app/_show/x/y"):
        answer = await couch.get(f"/db/{path}")
        assert (answer.status_code, answer.json()["error"]) == (501, "not_supported")
    assert (await couch.post("/db/_find", json={"selector": {}})).status_code == 501


async def test_ce18_methods_that_make_no_sense_are_405(couch: httpx.AsyncClient) -> None:
    for method, path in (("PATCH", "/db/a"), ("GET", "/db/_bulk_docs"), ("PATCH", "/db"), ("POST", "/db/a/b")):
        answer = await couch.request(method, path)
        assert (answer.status_code, answer.json()["error"]) == (405, "method_not_allowed"), path


async def test_ce19_purge_and_compact_and_limits_are_for_administrators(couch: httpx.AsyncClient) -> None:
    rev = (await couch.put("/db/a", json={})).json()["rev"]
    assert (await couch.post("/db/_compact")).status_code == 202
    assert (await couch.get("/db/_revs_limit")).json() == 1000
    assert (await couch.put("/db/_revs_limit", json=0)).status_code == 400
    assert (await couch.post("/db/_purge", json={"a": [rev]})).json()["purged"] == {"a": [rev]}
    assert (await couch.get("/db/a")).json()["reason"] == "missing"
    assert (await couch.post("/db/_ensure_full_commit")).status_code == 201
    assert (await couch.get("/db/_security")).status_code == 200
