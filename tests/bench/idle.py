"""What idle tablets cost: memory of the server while thousands wait on longpoll, and how soon they are told."""

import asyncio
import resource
import time
from pathlib import Path

import uvloop

from tests.bench.client import Connection, spread
from tests.bench.endpoint import Target
from tests.bench.records import batches, visits
from tests.bench.servers import fieldbook


def run(directory: Path, tablets: int) -> dict[str, object]:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(tablets * 2 + 500, 1024), most), most))
    with fieldbook(directory / "idle", reconcile=True) as target:
        before = _megabytes(target.pid)
        during, seconds, woken = uvloop.run(_wait(target, tablets))
    print(
        f"{tablets} tablets waiting: {during:.0f} MB (before them {before:.0f} MB); all told within {seconds:.2f} s of a write"
    )
    return {"tablets": tablets, "megabytes": during, "megabytes_before": before, "told_seconds": seconds, "told": woken}


async def _wait(target: Target, tablets: int) -> tuple[float, float, int]:
    path = f"/{target.db}"

    async def longpoll() -> float:
        async with Connection(target.member) as connection:
            await connection.call("GET", f"{path}/_changes?feed=longpoll&since=now&heartbeat=60000")
            return time.perf_counter()

    waiting: list[asyncio.Task[float]] = []
    for _ in range(tablets):
        waiting.append(asyncio.create_task(longpoll()))
        if len(waiting) % 50 == 0:
            await asyncio.sleep(0.1)
    await asyncio.sleep(3)
    if any(task.done() for task in waiting):
        raise RuntimeError("a tablet did not wait")
    during = _megabytes(target.pid)
    start = time.perf_counter()
    docs = visits(1, "m0117", "b03", 9)
    await spread(target.member, 1, [("POST", f"{path}/_bulk_docs", body) for body in batches(docs, 1)], 201)
    told = await asyncio.wait_for(asyncio.gather(*waiting), 60)
    return during, max(told) - start, len(told)


def _megabytes(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("the server has ended")
