"""AU6: who must wait before trying a password again."""

import pytest

from server.throttle import Throttle
from sync.errors import TooManyAttempts


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def tries(throttle: Throttle, clock: Clock, account: str, address: str, count: int) -> list[int]:
    """The waits that were asked for, each waited out."""
    waits = []
    for _ in range(count):
        try:
            throttle.attempt(account, address)
        except TooManyAttempts as error:
            seconds = error.facts["retry_seconds"]
            assert isinstance(seconds, int)
            waits.append(seconds)
            clock.now += seconds
            throttle.attempt(account, address)
    return waits


def test_au6_the_wait_grows_with_every_failure_up_to_five_minutes() -> None:
    clock = Clock()
    waits = tries(Throttle(clock, account_free=3), clock, "li", "10.0.0.1", 16)
    assert waits[:4] == [2, 3, 5, 9]
    assert waits == sorted(waits)
    assert waits[-1] == 301


def test_au6_one_accounts_failures_do_not_hinder_the_others_behind_the_same_address() -> None:
    clock = Clock()
    throttle = Throttle(clock, account_free=3)
    tries(throttle, clock, "li", "10.0.0.1", 3)
    with pytest.raises(TooManyAttempts):
        throttle.attempt("li", "10.0.0.1")
    throttle.attempt("wang", "10.0.0.1")


def test_au6_an_address_that_tries_many_accounts_waits_in_the_end() -> None:
    throttle = Throttle(Clock(), account_free=3, address_free=10)
    for number in range(10):
        throttle.attempt(f"name{number}", "10.0.0.1")
    with pytest.raises(TooManyAttempts):
        throttle.attempt("another", "10.0.0.1")
    throttle.attempt("another", "10.0.0.2")


def test_au6_success_forgets_the_accounts_failures_and_time_forgets_all() -> None:
    clock = Clock()
    throttle = Throttle(clock, account_free=2)
    throttle.attempt("li", "a")
    throttle.attempt("li", "a")
    throttle.succeeded("li", "a")
    throttle.attempt("li", "a")
    throttle.attempt("li", "a")
    with pytest.raises(TooManyAttempts):
        throttle.attempt("li", "a")
    clock.now += 1000
    throttle.attempt("li", "a")


def test_au6_a_flood_of_names_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.throttle.KEYS_MAX", 100)
    throttle = Throttle(Clock(), address_free=10_000)
    for number in range(1000):
        throttle.attempt(f"name{number}", "a")
    assert len(throttle._failures) <= 100
