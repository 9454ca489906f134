"""Decide who must wait before trying a password again. Pure but for the clock that it is given (AU6).

By account first: a whole centre sits behind one address, so an address gets a wide limit. An attempt counts as failed until it
is known to have succeeded, so that many at once are no way around.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from sync.errors import TooManyAttempts

KEYS_MAX = 20_000
FORGET_SECONDS = 900
DELAY_SECONDS_MAX = 300


@dataclass(slots=True)
class _Failures:
    count: float = 0
    last: float = 0.0


class Throttle:
    def __init__(self, clock: Callable[[], float], *, account_free: int = 5, address_free: int = 200) -> None:
        """`account_free`, `address_free`: failures that cost no waiting."""
        self._clock = clock
        self._free = {"account": account_free, "address": address_free}
        self._failures: OrderedDict[tuple[str, str], _Failures] = OrderedDict()

    def attempt(self, account: str, address: str) -> None:
        """Raises TooManyAttempts, with how long to wait; else counts one attempt."""
        keys = (("account", account), ("address", address))
        wait = max(self._wait(key) for key in keys)
        if wait > 0:
            raise TooManyAttempts(retry_seconds=int(wait) + 1)
        now = self._clock()
        for key in keys:
            failures = self._failures.setdefault(key, _Failures())
            failures.count += 1
            failures.last = now
            self._failures.move_to_end(key)
        while len(self._failures) > KEYS_MAX:
            self._failures.popitem(last=False)

    def succeeded(self, account: str, address: str) -> None:
        self._failures.pop(("account", account), None)
        at = self._failures.get(("address", address))
        if at is not None:
            at.count -= 1

    def _wait(self, key: tuple[str, str]) -> float:
        failures = self._failures.get(key)
        if failures is None:
            return 0
        age = self._clock() - failures.last
        if age > FORGET_SECONDS:
            del self._failures[key]
            return 0
        over = int(failures.count) - self._free[key[0]]
        return 0 if over < 0 else min(2.0 ** min(over, 16), DELAY_SECONDS_MAX) - age
