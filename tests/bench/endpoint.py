"""The endpoint's operations, measured the same way on every target: the same client, the same documents, the same requests."""

import json
import time
from typing import NamedTuple
from urllib.parse import quote

from tests.bench.client import Connection, spread
from tests.bench.records import batches, visits

BATCH = 100
PUTS = 400

OPERATIONS = [
    "push, 100 x 4 connections",
    "_changes with documents",
    "_bulk_get, 1 connection",
    "_bulk_get, 4 connections",
    "_revs_diff of known, ids",
    "single PUT, 1 connection",
    "single PUT, 4 connections",
]


class Target(NamedTuple):
    """A server under measurement; `pid` is its process where it is ours, else 0."""

    name: str
    admin: str
    member: str
    db: str
    pid: int


async def measure(target: Target, records: int, seed: int) -> dict[str, float]:
    """Documents, or ids, a second."""
    docs = visits(records, "m0117", "b03", seed)
    path = f"/{target.db}"
    url = target.member
    rates: dict[str, float] = {}
    pushes = [("POST", f"{path}/_bulk_docs", body) for body in batches(docs, BATCH)]
    rates[OPERATIONS[0]] = records / await spread(url, 4, pushes, 201)
    async with Connection(url) as connection:
        start = time.perf_counter()
        status, body = await connection.call("GET", f"{path}/_changes?include_docs=true&style=all_docs")
        rates[OPERATIONS[1]] = records / (time.perf_counter() - start)
        if status != 200 or len(json.loads(body)["results"]) < records:
            raise RuntimeError(f"{target.name}: changes are missing")
    wanted = [{"id": doc["_id"], "rev": doc["_rev"]} for doc in docs]
    gets = [
        ("POST", f"{path}/_bulk_get?revs=true", json.dumps({"docs": wanted[at : at + BATCH]}).encode())
        for at in range(0, records, BATCH)
    ]
    rates[OPERATIONS[2]] = records / await spread(url, 1, gets, 200)
    rates[OPERATIONS[3]] = records / await spread(url, 4, gets, 200)
    diffs = [
        (
            "POST",
            f"{path}/_revs_diff",
            json.dumps({doc["_id"]: [doc["_rev"]] for doc in docs[at : at + BATCH]}).encode(),
        )
        for at in range(0, records, BATCH)
    ]
    rates[OPERATIONS[4]] = records / await spread(url, 4, diffs, 200)
    for place, connections in ((5, 1), (6, 4)):
        single = visits(PUTS, "m0117", "b03", seed + 1000 * place)
        puts = [
            (
                "PUT",
                f"{path}/{quote(doc['_id'], safe='')}?new_edits=false",
                json.dumps(doc, ensure_ascii=False).encode(),
            )
            for doc in single
        ]
        rates[OPERATIONS[place]] = PUTS / await spread(url, connections, puts, 201)
    return rates
