"""CE15: whatever is asked of the endpoint, the answer is CouchDB's, never a server error.

Requests are put together at random from parts that have gone wrong before; a failure names the seed and the request. More of them:
FIELDBOOK_FUZZ=20000 python -m pytest tests/test_fuzz.py
"""

import json
import os
import random
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.builders import record
from tests.serving import ADMIN, PASSWORD, here

REQUESTS = int(os.environ.get("FIELDBOOK_FUZZ", "600"))
VALUES: list[Any] = [
    *(None, True, False, 0, -1, 1.5, 1e308, 10**30, "", "a", "_x", "\u0000", "é中文", "\ud800", [], {}, [1], {"a": 1}),
    *("1-a", "2-b", "x-1", "now", "99999-abc", "all", "true", [["x"]], {"$gt": 1}, "md5-x", "aGVsbG8="),
]
NAMES = [
    "_id",
    "_rev",
    "_revisions",
    "_deleted",
    "_attachments",
    "ids",
    "start",
    "docs",
    "keys",
    "selector",
    "doc_ids",
    "id",
    "rev",
    "fields",
    "type",
    "stamps",
    "branch",
    "stub",
    "data",
    "follows",
    "digest",
    "$and",
    "$elemMatch",
    "new_edits",
    "atts_since",
    "author",
    "x",
]
PATHS = [
    "_changes",
    "_bulk_docs",
    "_bulk_get",
    "_revs_diff",
    "_missing_revs",
    "_all_docs",
    "_local/x",
    "_local",
    "_design/a",
    "_design",
    "doc",
    "doc/att",
    "_purge",
    "_compact",
    "_revs_limit",
    "_security",
    "_ensure_full_commit",
    "_local_docs",
    "_find",
    "%2F",
    "%00",
    "_x",
    "a%FFb",
    "doc/%2F/x",
]
PARAMETERS = [
    "since",
    "limit",
    "feed",
    "style",
    "include_docs",
    "attachments",
    "conflicts",
    "filter",
    "seq_interval",
    "descending",
    "rev",
    "revs",
    "open_revs",
    "latest",
    "atts_since",
    "new_edits",
    "startkey",
    "endkey",
    "key",
    "keys",
    "skip",
    "meta",
    "revs_info",
    "local_seq",
    "att_encoding_info",
    "doc_ids",
    "count",
    "inclusive_end",
]
TYPES = ["visit", "event", "survey", "service", "photo", "person", "review", "assignment"]


class Mess:
    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def value(self, depth: int = 0) -> Any:
        dice = self.random.random()
        if dice < 0.7 or depth > 3:
            return self.random.choice(VALUES)
        count = self.random.randrange(5)
        if dice < 0.85:
            return [self.value(depth + 1) for _ in range(count)]
        return {self.random.choice(NAMES): self.value(depth + 1) for _ in range(count)}

    def body(self) -> bytes:
        body = self.value()
        if self.random.random() < 0.3:
            made = {**record(self.random.choice(TYPES)), "_rev": "1-a"}
            made[self.random.choice(list(made))] = self.value()
            body = {"docs": [made, self.value()], "new_edits": self.random.choice([True, False])}
        data = json.dumps(body).encode()
        return data[: self.random.randrange(len(data) + 1)] if self.random.random() < 0.05 else data

    def query(self) -> str:
        parts = []
        for _ in range(self.random.randrange(4)):
            value = self.random.choice(VALUES)
            text = json.dumps(value) if self.random.random() < 0.6 else str(value)
            parts.append(f"{self.random.choice(PARAMETERS)}={quote(text, errors='replace')}")
        return "&".join([*parts, "timeout=1"])


@pytest.mark.parametrize("who", ["administrator", "member"])
async def test_ce15_nothing_that_is_asked_ends_in_a_server_error(tmp_path: Path, who: str) -> None:
    seed = REQUESTS * 10 + len(who)
    mess = Mess(seed)
    async with here(tmp_path / "data") as server:
        async with server.as_(ADMIN) as client:
            for db in ("db", "branch-b03"):
                await client.put(f"/sync/{db}")
        async with server.as_(ADMIN if who == "administrator" else ("li", PASSWORD)) as client:
            for number in range(REQUESTS):
                db = mess.random.choice(["db", "branch-b03", "centre", "office", "none", "shared"])
                method = mess.random.choice(["GET", "POST", "PUT", "DELETE", "POST", "PUT", "HEAD"])
                path = f"/sync/{db}/{mess.random.choice(PATHS)}?{mess.query()}"
                body = mess.body()
                kind = mess.random.choice(
                    ["application/json", "application/json", "text/plain", "multipart/related; boundary=x"]
                )
                answer = await client.request(method, path, content=body, headers={"content-type": kind})
                assert answer.status_code < 500 or answer.status_code == 501, (
                    seed,
                    number,
                    method,
                    path,
                    body[:500],
                    answer.text,
                )
