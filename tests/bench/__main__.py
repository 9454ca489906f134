"""`make bench`: measure Fieldbook, and beside it CouchDB where COUCHDB_URL is set, in one interleaved run.

Prints medians over the rounds and their ratios. `ARGS="--rounds 5 --records 20000"` measures longer; `ARGS=--only push` less.
"""

import argparse
import json
import os
import statistics
import tempfile
from collections import defaultdict
from pathlib import Path

import uvloop

from tests.bench import desk, growth, idle, ledger, tablet
from tests.bench.endpoint import OPERATIONS, measure
from tests.bench.servers import couchdb, fieldbook

Figures = dict[str, dict[str, list[float]]]


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--records", type=int, default=10_000, help="records pushed in each round")
    parser.add_argument(
        "--only", choices=["endpoint", "growth", "idle", "ledger", "tablet", "desk"], help="one part of it"
    )
    parser.add_argument("--tablets", type=int, default=2_000, help="idle tablets on longpoll")
    parser.add_argument(
        "--demo", type=Path, help="a filled demo directory for the tablet app or the desk, instead of one made anew"
    )
    parser.add_argument("--profile", type=Path, help="a tablet's disk to keep and use again")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    asked = parser.parse_args()
    found: dict[str, object] = {}
    with tempfile.TemporaryDirectory(prefix="fieldbook-bench-") as directory:
        if asked.only in (None, "endpoint"):
            figures = uvloop.run(endpoint(Path(directory), asked.rounds, asked.records))
            tell(figures)
            found["endpoint"] = figures
        if asked.only in (None, "growth"):
            found["growth"] = growth.run(Path(directory) / "growth")
        if asked.only in (None, "idle"):
            found["idle"] = idle.run(Path(directory) / "idle", asked.tablets)
        if asked.only in (None, "ledger"):
            found["ledger"] = ledger.run(Path(directory) / "ledger")
        if asked.only in (None, "tablet"):
            found["tablet"] = tablet.run(Path(directory) / "tablet", asked.demo, asked.rounds, asked.profile)
        if asked.only in (None, "desk"):
            found["desk"] = desk.run(Path(directory) / "desk", asked.demo if asked.only == "desk" else None)
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=1))


async def endpoint(directory: Path, rounds: int, records: int) -> Figures:
    """Every target in every round, in turn, so that what else the machine does falls on all of them alike."""
    url = os.environ.get("COUCHDB_URL")
    figures: Figures = defaultdict(lambda: defaultdict(list))
    for number in range(rounds):
        targets = [fieldbook(directory / f"embedded-{number}")]
        if url:
            targets += [
                couchdb(url, number),
                fieldbook(directory / f"on-couchdb-{number}", f"{url.rstrip('/')}/bench{number}-"),
            ]
        for opening in targets:
            with opening as target:
                for operation, value in (await measure(target, records, number)).items():
                    figures[target.name][operation].append(value)
                print(f"  round {number + 1}/{rounds}: {target.name}", flush=True)
    return figures


def tell(figures: Figures) -> None:
    names = list(figures)
    print(f"\n{'a second, medians':28}" + "".join(f"{name:>24}" for name in names))
    for operation in OPERATIONS:
        middle = {name: statistics.median(figures[name][operation]) for name in names}
        line = f"{operation:28}"
        for name in names:
            ratio = f" ({middle[name] / middle['CouchDB']:.2f})" if "CouchDB" in middle and name != "CouchDB" else ""
            line += f"{middle[name]:>15,.0f}{ratio:>9}"
        print(line)
    if "CouchDB" in figures:
        print("in brackets: times CouchDB, of the same run")


if __name__ == "__main__":
    main()
