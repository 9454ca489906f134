"""Decide which small requests of several callers go to CouchDB as one: what comes while one is under way for the same database waits for
it, and goes in the next with all else that waited (CS12).

A request costs CouchDB as much as some twenty documents in it. Nothing waits where nothing is under way, and nobody is answered before
CouchDB has answered for what is theirs. Only what may be sent twice is to be gathered.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, NamedTuple, TypeVar

from sync.errors import FieldbookError, StoreUnavailable

I = TypeVar("I")  # noqa: E741  # an item
R = TypeVar("R")

ALONE_MIN = 50
"""Items that are worth a request of their own: it goes at once, beside others."""

TOGETHER_MAX = 200
"""Items in one request. Larger ones cost no less an item, and all in it wait for the last."""

Send = Callable[[str, Sequence[I]], Awaitable[Sequence[R]]]


class _Waiting(NamedTuple, Generic[I, R]):
    items: Sequence[I]
    answer: "asyncio.Future[Sequence[R]]"


class Gathering(Generic[I, R]):
    """`send` asks for many items of one database, and gives one answer for each, in order."""

    def __init__(self, send: Send[I, R]) -> None:
        self._send = send
        self._waiting: dict[str, list[_Waiting[I, R]]] = {}
        """Of each database for which a request is under way, who waits for it to end."""
        self._tasks: set[asyncio.Task[None]] = set()

    async def ask(self, db: str, items: Sequence[I]) -> Sequence[R]:
        """One answer for each item, in order. Raises what `send` raises."""
        if len(items) >= ALONE_MIN:
            return await self._send(db, items)
        waiting = self._waiting.get(db)
        if waiting is not None:
            own = _Waiting[I, R](items, asyncio.get_running_loop().create_future())
            waiting.append(own)
            return await own.answer
        self._waiting[db] = []
        try:
            return await self._send(db, items)
        finally:
            self._go_on(db)

    async def close(self) -> None:
        """Returns when nothing is under way any more."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _go_on(self, db: str) -> None:
        """The request that was under way has ended: the next one takes along who waited, in order, as far as there is room."""
        waiting = [one for one in self._waiting.pop(db) if not one.answer.done()]
        size = taken = 0
        while taken < len(waiting) and (not taken or size + len(waiting[taken].items) <= TOGETHER_MAX):
            size += len(waiting[taken].items)
            taken += 1
        if not taken:
            return
        self._waiting[db] = waiting[taken:]
        task = asyncio.create_task(self._fly(db, waiting[:taken]))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _fly(self, db: str, crew: list[_Waiting[I, R]]) -> None:
        try:
            answers = await self._send(db, [item for one in crew for item in one.items])
        except FieldbookError as error:
            if len(crew) == 1 or not _answered(error):
                _fail(crew, error)
            else:
                # CouchDB did answer: what ails one of them is not to befall the others.
                await asyncio.gather(*[self._fly_alone(db, one) for one in crew])
        except Exception as error:
            _fail(crew, error)
        else:
            at = 0
            for one in crew:
                if not one.answer.done():
                    one.answer.set_result(answers[at : at + len(one.items)])
                at += len(one.items)
        finally:
            self._go_on(db)

    async def _fly_alone(self, db: str, one: _Waiting[I, R]) -> None:
        try:
            answers = await self._send(db, one.items)
        except FieldbookError as error:
            _fail([one], error)
        else:
            if not one.answer.done():
                one.answer.set_result(answers)


def _answered(error: FieldbookError) -> bool:
    """Whether this is what CouchDB said, and not a connection that broke."""
    return not isinstance(error, StoreUnavailable) or "status" in error.facts


def _fail(crew: Sequence[_Waiting[I, R]], error: Exception) -> None:
    for one in crew:
        if not one.answer.done():
            one.answer.set_exception(error)
