"""How the cost of a sync grows with what is there: it must not (a no-op sync, and a pull of what is new)."""

import asyncio
import json
import statistics
import time
from pathlib import Path
from urllib.parse import quote

import uvloop

from tests.bench.client import Connection, spread
from tests.bench.endpoint import Target
from tests.bench.records import batches, visits
from tests.bench.servers import fieldbook

FRESH = 200
REPEATS = 9


def run(directory: Path) -> dict[str, object]:
    """Milliseconds of a no-op sync with 100 and 10,000 documents held, and of a pull of 200 new ones from 10,000 and 100,000."""
    noop: dict[int, float] = {}
    pull: dict[int, float] = {}
    for size in (100, 10_000, 100_000):
        with fieldbook(directory / f"grown-{size}", reconcile=True) as target:
            noop[size], pull[size] = uvloop.run(_measure(target, size))
        print(
            f"  {size:>7} documents: a sync with nothing new {noop[size]:.2f} ms, a pull of {FRESH} new {pull[size]:.2f} ms",
            flush=True,
        )
    print(f"a no-op sync at 10,000 costs {noop[10_000] / noop[100]:.2f} times one at 100")
    print(f"a pull from 100,000 costs {pull[100_000] / pull[10_000]:.2f} times one from 10,000")
    return {"noop_ms": noop, "pull_ms": pull}


async def _measure(target: Target, size: int) -> tuple[float, float]:
    docs = visits(size, "m0117", "b03", 5)
    path = f"/{target.db}"
    await spread(target.member, 4, [("POST", f"{path}/_bulk_docs", body) for body in batches(docs, 500)], 201)
    idle: list[float] = []
    pulls: list[float] = []
    async with Connection(target.member) as connection:
        since = await _settled(target)
        for number in range(REPEATS):
            start = time.perf_counter()
            # What a tablet asks when it syncs and there is nothing new: its checkpoint, and the feed.
            await connection.call("GET", f"{path}/_local/checkpoint")
            status, body = await connection.call(
                "GET", f"{path}/_changes?since={quote(since)}&style=all_docs&limit=100"
            )
            idle.append(time.perf_counter() - start)
            if status != 200 or json.loads(body)["results"]:
                raise RuntimeError("a sync with nothing new brought something")
            fresh = visits(FRESH, "m0117", "b03", 100 + number)
            await spread(
                target.member, 1, [("POST", f"{path}/_bulk_docs", body) for body in batches(fresh, FRESH)], 201
            )
            start = time.perf_counter()
            _, body = await connection.call("GET", f"{path}/_changes?since={quote(since)}&style=all_docs&limit=1000")
            told = json.loads(body)
            wanted = [{"id": change["id"], "rev": change["changes"][0]["rev"]} for change in told["results"]]
            status, body = await connection.call(
                "POST", f"{path}/_bulk_get?revs=true", json.dumps({"docs": wanted}).encode()
            )
            pulls.append(time.perf_counter() - start)
            if len(json.loads(body)["results"]) < FRESH:
                raise RuntimeError("a pull did not bring what was new")
            since = await _settled(target)
    return statistics.median(idle) * 1000, statistics.median(pulls) * 1000


async def _settled(target: Target) -> str:
    """The position once the worker has caught up with what was pushed."""
    path = f"/{target.db}"
    async with Connection(target.member) as connection:
        before = ""
        while (now := json.loads((await connection.call("GET", path))[1])["update_seq"]) != before:
            before = now
            await asyncio.sleep(2.5)
    return str(now)
