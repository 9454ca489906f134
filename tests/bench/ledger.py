"""What reconciling and the ledger cost: how many records a second they keep up with, whether a record costs more the more there are,
how soon the desk shows what a tablet pushed, and how long it takes to make the ledger anew."""

import asyncio
import json
import statistics
import subprocess
import time
from pathlib import Path
from urllib.parse import quote

import uvloop

from tests.bench.client import Connection, spread
from tests.bench.endpoint import Target
from tests.bench.records import batches, visits
from tests.bench.servers import FIELDBOOK, fieldbook

SUSTAINED = 40_000
SMALL, LARGE, MORE = 10_000, 100_000, 4_000
REPEATS = 5
TABLETS = 100
SECONDS = 20.0
PAUSE_SECONDS = 2.0


def run(directory: Path) -> dict[str, object]:
    with fieldbook(directory / "sustained", reconcile=True) as target:
        rate = uvloop.run(_sustained(target))
    print(f"  {SUSTAINED} records pushed, merged, counted and written as activities: {rate:,.0f} a second", flush=True)
    with fieldbook(directory / "latency", reconcile=True) as target:
        delays = sorted(uvloop.run(_delays(target)))
    p50, p99 = delays[len(delays) // 2], delays[int(len(delays) * 0.99)]
    print(
        f"  {TABLETS} tablets sync: from push to /api/v1/ {p50 * 1000:.0f} ms in the median,"
        f" {p99 * 1000:.0f} ms at the 99th percentile of {len(delays)}",
        flush=True,
    )
    with fieldbook(directory / "grown", reconcile=True) as target:
        each = uvloop.run(_growth(target))
    print(f"  a record costs {each[LARGE] / each[SMALL]:.2f} times at {LARGE} what it costs at {SMALL}", flush=True)
    seconds = _rebuild(directory / "grown")
    print(f"  the ledger of {LARGE + 2 * REPEATS * MORE} records made anew in {seconds:.1f} s")
    return {"sustained": rate, "delay_p50": p50, "delay_p99": p99, "seconds_each": each, "rebuild_seconds": seconds}


async def _sustained(target: Target) -> float:
    start = time.perf_counter()
    await _push(target, visits(SUSTAINED, "m0117", "b03", 11))
    return SUSTAINED / (await _settled(target, SUSTAINED) - start)


async def _growth(target: Target) -> dict[int, float]:
    """Seconds a record, of a small push to a ledger of so many, from the push until everything about it is written: medians."""
    each: dict[int, float] = {}
    there, seed = 0, 20
    for size in (SMALL, LARGE):
        seed += 1
        grown = visits(size - there, "m0117", "b03", seed)
        await _push(target, grown)
        there = size
        await _settled(target, there)
        taken = []
        for _ in range(REPEATS):
            seed += 1
            more = visits(MORE, "m0117", "b03", seed)
            start = time.perf_counter()
            await _push(target, more)
            there += MORE
            taken.append((await _settled(target, there) - start) / MORE)
        each[size] = statistics.median(taken)
    return each


async def _delays(target: Target) -> list[float]:
    """Seconds from the answer to a tablet's push until the desk tells the record, while others push and listen too."""
    delays: list[float] = []
    ends = time.perf_counter() + SECONDS

    async def tablet(number: int) -> None:
        docs = iter(visits(200, "m0117", "b03", 1000 + number))
        await asyncio.sleep(PAUSE_SECONDS * number / TABLETS)
        async with Connection(target.member) as connection:
            while time.perf_counter() < ends:
                doc = next(docs)
                (body,) = batches([doc], 1)
                status, _ = await connection.call("POST", f"/{target.db}/_bulk_docs", body)
                start = time.perf_counter()
                if status != 201:
                    raise RuntimeError(f"a push was answered {status}")
                shown = f"/api/v1/records/{quote(str(doc['_id']), safe=':')}"
                while (await connection.call("GET", shown))[0] != 200:  # noqa: ASYNC110  # another process is asked
                    await asyncio.sleep(0.02)
                delays.append(time.perf_counter() - start)
                await asyncio.sleep(PAUSE_SECONDS)

    async def listener() -> None:
        async with Connection(target.member) as connection:
            since = "now"
            while True:
                path = f"/{target.db}/_changes?feed=longpoll&since={quote(since)}&style=all_docs&limit=100"
                _, body = await connection.call("GET", path)
                since = json.loads(body)["last_seq"]

    listening = [asyncio.create_task(listener()) for _ in range(TABLETS)]
    await asyncio.gather(*[tablet(number) for number in range(TABLETS)])
    for task in listening:
        task.cancel()
    return delays


async def _push(target: Target, docs: list[dict[str, object]]) -> None:
    await spread(target.member, 4, [("POST", f"/{target.db}/_bulk_docs", body) for body in batches(docs, 100)], 201)


async def _settled(target: Target, records: int) -> float:
    """When everything about what was pushed was written. Each record of the measure tells of one problem, so that it can be seen that
    all were counted."""
    while True:
        written = await _written(target)
        async with Connection(target.member) as connection:
            _, body = await connection.call("GET", "/api/v1/figures?branch=b03")
        if json.loads(body)[0]["figures"]["problems_found"] >= records:
            return written


async def _written(target: Target) -> float:
    """When the last document of what was pushed was written: the branch's position stood still from then on."""
    async with Connection(target.member) as connection:
        before, since = "", time.perf_counter()
        while True:
            now = str(json.loads((await connection.call("GET", f"/{target.db}"))[1])["update_seq"])
            if now != before:
                before, since = now, time.perf_counter()
            elif time.perf_counter() - since > 2.5:
                return since
            await asyncio.sleep(0.02)


def _rebuild(data: Path) -> float:
    start = time.perf_counter()
    subprocess.run([str(FIELDBOOK), "rebuild", "--data", str(data)], check=True, capture_output=True)
    return time.perf_counter() - start
