"""Play histories of a whole system: tablets, servers in a ring, workers that die, restores, a bad network; then see whether all agree.

Run by the tests with some hundred seeds, and by hand with any number:
`.venv/bin/python -m tests.system_simulation --histories 1000`, or one again: `--seed 17`.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence

from tests.system_history import History, Mixed
from tests.system_pool import Pool, pool

HISTORIES = int(os.environ.get("FIELDBOOK_SYSTEM_HISTORIES", "1000"))
MIXED = 1_000_000
"""From this seed on, histories are of records of every type."""


async def play(seed: int, pool: Pool) -> None:
    """Play one history; a failure names its seed and how to see it again."""
    try:
        await (Mixed if seed >= MIXED else History)(seed, pool).play()
    except AssertionError as failure:
        again = f".venv/bin/python -m tests.system_simulation --seed {seed}"
        raise AssertionError(f"seed {seed}: {failure}\nrepeat with: {again}") from failure


async def play_all(seeds: Sequence[int]) -> None:
    async with pool() as made:
        for seed in seeds:
            await play(seed, made)


def main(arguments: Sequence[str]) -> None:
    """Play many histories, or one again."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--histories", type=int, default=1000, help="how many seeds")
    parser.add_argument("--seed", type=int, help="only this one; with --histories the first")
    chosen = parser.parse_args(arguments)
    first = chosen.seed or 0
    seeds = range(
        first, first + (1 if chosen.seed is not None and "--histories" not in arguments else chosen.histories)
    )
    asyncio.run(play_all(seeds))
    print(f"{len(seeds)} histories came to rest and lost nothing")


if __name__ == "__main__":
    main(sys.argv[1:])
