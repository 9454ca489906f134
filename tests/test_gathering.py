"""Which requests of several callers are sent as one, and who hears of what becomes of it."""

import asyncio
from collections.abc import Sequence

import pytest

from sync.errors import BadRequest, FieldbookError, StoreUnavailable
from sync.stores.couchdb.gathering import ALONE_MIN, TOGETHER_MAX, Gathering


class Desk:
    """Takes what is sent, and answers when it is told to: each item in capitals, or what `refuses` says of one in it."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, list[str]]] = []
        self.refuses: dict[str, FieldbookError] = {}
        self._open = asyncio.Event()
        self.gathering = Gathering(self._send)

    async def asked(self, *items: str, db: str = "a") -> "asyncio.Task[Sequence[str]]":
        task = asyncio.create_task(self.gathering.ask(db, items))
        await asyncio.sleep(0)
        return task

    def answer(self) -> None:
        self._open.set()

    async def _send(self, db: str, items: Sequence[str]) -> Sequence[str]:
        self.sent.append((db, list(items)))
        await self._open.wait()
        for item in items:
            if item in self.refuses:
                raise self.refuses[item]
        return [item.upper() for item in items]


async def test_cs12_what_waits_goes_together_in_the_next_request() -> None:
    desk = Desk()
    asked = [await desk.asked("a"), await desk.asked("b", "c"), await desk.asked("d")]
    assert desk.sent == [("a", ["a"])]
    desk.answer()
    assert await asyncio.gather(*asked) == [["A"], ["B", "C"], ["D"]]
    assert desk.sent == [("a", ["a"]), ("a", ["b", "c", "d"])]
    assert await (await desk.asked("e")) == ["E"]


async def test_cs12_databases_and_large_batches_wait_for_nobody() -> None:
    desk = Desk()
    many = [str(number) for number in range(ALONE_MIN)]
    asked = [await desk.asked("a"), await desk.asked("b", db="b"), await desk.asked(*many)]
    assert desk.sent == [("a", ["a"]), ("b", ["b"]), ("a", many)]
    desk.answer()
    assert [len(answer) for answer in await asyncio.gather(*asked)] == [1, 1, ALONE_MIN]


async def test_cs12_a_request_is_bounded_and_the_rest_goes_in_the_one_after_it() -> None:
    desk = Desk()
    size = ALONE_MIN - 1
    batches = [[f"{number}-{at}" for at in range(size)] for number in range(TOGETHER_MAX // size + 2)]
    asked = [await desk.asked(*batch) for batch in batches]
    desk.answer()
    assert await asyncio.gather(*asked) == [[item.upper() for item in batch] for batch in batches]
    assert [len(items) for _, items in desk.sent] == [size, TOGETHER_MAX // size * size, size]


async def test_cs12_what_is_refused_of_one_does_not_befall_the_others() -> None:
    desk = Desk()
    desk.refuses = {"bad": BadRequest("no")}
    asked = [await desk.asked("a"), await desk.asked("b"), await desk.asked("bad"), await desk.asked("c")]
    desk.answer()
    first, second, third, fourth = await asyncio.gather(*asked, return_exceptions=True)
    assert (first, second, fourth) == (["A"], ["B"], ["C"])
    assert isinstance(third, BadRequest)


async def test_cs12_a_connection_that_breaks_is_told_to_all_and_nothing_is_sent_again() -> None:
    desk = Desk()
    desk.refuses = {"b": StoreUnavailable("broken")}
    asked = [await desk.asked("a"), await desk.asked("b"), await desk.asked("c")]
    desk.answer()
    first, *others = await asyncio.gather(*asked, return_exceptions=True)
    assert first == ["A"]
    assert [type(one) for one in others] == [StoreUnavailable, StoreUnavailable]
    assert desk.sent == [("a", ["a"]), ("a", ["b", "c"])]
    assert await (await desk.asked("d")) == ["D"]


async def test_cs12_who_leaves_while_waiting_is_not_sent_and_who_is_under_way_hinders_nobody() -> None:
    desk = Desk()
    first, gone, last = await desk.asked("a"), await desk.asked("b"), await desk.asked("c")
    gone.cancel()
    first.cancel()
    desk.answer()
    assert await last == ["C"]
    assert desk.sent == [("a", ["a"]), ("a", ["c"])]
    with pytest.raises(asyncio.CancelledError):
        await first
    await desk.gathering.close()
