"""Decide what need not be worked out again: an answer is held in memory with the numbers of the last changes to what it rests on, and used
as long as these stand."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from threading import Lock
from typing import Any, TypeVar

T = TypeVar("T")

KEPT_MAX = 4_000
"""Answers: some megabytes."""


class Kept:
    """What one ledger's file was found to say. Several threads may ask."""

    def __init__(self) -> None:
        self._held: OrderedDict[Hashable, tuple[Sequence[int], Any]] = OrderedDict()
        self._lock = Lock()

    def of(self, asked: Hashable, stands: Sequence[int], work: Callable[[], T]) -> T:
        """What `work` returns, unless this was asked before while the same numbers stood. It must not be changed by who gets it."""
        with self._lock:
            held = self._held.get(asked)
            if held is not None and held[0] == stands:
                self._held.move_to_end(asked)
                before: T = held[1]
                return before
        told = work()
        with self._lock:
            self._held[asked] = (stands, told)
            self._held.move_to_end(asked)
            while len(self._held) > KEPT_MAX:
                self._held.popitem(last=False)
        return told
