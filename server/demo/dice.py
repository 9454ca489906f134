"""Decide what chance does in the demo: one seed, one sequence, the same on every version of Python.

Only `random()` and `getrandbits()` are used: of the other methods the standard library promises less.
"""

from collections.abc import Mapping, Sequence
from itertools import accumulate
from random import Random
from typing import Generic, TypeVar

T = TypeVar("T")

_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [one + two for one in _LETTERS for two in _LETTERS]


class Weighted(Generic[T]):
    """Values, each drawn as often as its weight says."""

    def __init__(self, weights: Mapping[T, float]) -> None:
        self.values = list(weights)
        self.bounds = list(accumulate(weights.values()))


class Dice:
    def __init__(self, seed: str) -> None:
        source = Random(seed)  # noqa: S311  # invented data, no secret
        self._random, self.bits = source.random, source.getrandbits

    def below(self, most: int) -> int:
        """A whole number from 0, below `most`."""
        return int(self._random() * most)

    def between(self, least: int, most: int) -> int:
        """A whole number, both ends included."""
        return least + int(self._random() * (most - least + 1))

    def chance(self, share: float) -> bool:
        return self._random() < share

    def pick(self, values: Sequence[T]) -> T:
        return values[int(self._random() * len(values))]

    def some(self, values: Sequence[T], count: int) -> list[T]:
        """So many different values (all, where there are no more), in the order drawn."""
        left = list(values)
        return [left.pop(int(self._random() * len(left))) for _ in range(min(count, len(left)))]

    def weighted(self, among: Weighted[T]) -> T:
        at, bounds = self._random() * among.bounds[-1], among.bounds
        low, high = 0, len(bounds) - 1
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if bounds[middle] <= at else (low, middle)
        return among.values[low]

    def id(self, ms: int) -> str:
        """26 letters and digits, of which the first 10 tell the time in milliseconds (the form of a ULID)."""
        number = (ms << 80) | self.bits(80)
        parts = []
        for _ in range(13):
            parts.append(_PAIRS[number & 1023])
            number >>= 10
        return "".join(reversed(parts))
