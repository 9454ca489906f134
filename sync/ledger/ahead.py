"""Decide how a ledger that is made from nothing is fed: while a page is written, a second process works out what the documents of the next
one say (`told.py`). Where there is none, where it dies or fails at a page, whoever writes works it out, with the same result or the same
error.

No other thread is at work beside the one that writes: SQLite hands Python's lock over at every row, and with somebody waiting for it a row
costs twice as much.
"""

import asyncio
import gc
import sys
from collections import deque
from collections.abc import AsyncIterator, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import IO
from zoneinfo import ZoneInfo

import msgspec

from sync.ledger.follow import Read, page_of
from sync.ledger.processes import of_this_program
from sync.ledger.told import NOTHING_AHEAD, Ahead, is_told_ahead, told_ahead
from sync.stores.contract import Change, Page, Store

PAGES_AHEAD = 2

_SIZE_BYTES = 8
_encode = msgspec.msgpack.Encoder().encode
_asked = msgspec.msgpack.Decoder(list[tuple[str, bytes]]).decode
_answered = msgspec.msgpack.Decoder(Ahead).decode


@asynccontextmanager
async def reading_ahead(store: Store, names: Iterable[str], zone: ZoneInfo) -> AsyncIterator[Read]:
    """How to read these databases, each from its beginning, in this order."""
    try:
        helper = _Helper(zone)
    except OSError:
        yield partial(page_of, store)
        return
    pages = _pages(store, names)
    asked: deque[tuple[str, str, Page]] = deque()

    async def read(db: str, position: str) -> tuple[Page, Ahead]:
        while len(asked) <= PAGES_AHEAD and (following := await anext(pages, None)) is not None:
            helper.ask(following[2].changes)
            asked.append(following)
        *place, page = asked.popleft()
        assert place == [db, position], "pages are asked for in the order in which they are read"
        return page, await asyncio.to_thread(helper.answer)

    try:
        yield read
    finally:
        helper.close()


async def _pages(store: Store, names: Iterable[str]) -> AsyncIterator[tuple[str, str, Page]]:
    for db in names:
        position, more = "0", True
        while more:
            page, _ = await page_of(store, db, position)
            yield db, position, page
            position, more = page.last, bool(page.changes)


class _Helper:
    """The second process. It answers in the order in which it is asked. Raises OSError."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._process = of_this_program(__name__, zone.key)

        # It may be asked more while it waits for its answers to be taken.
        self._asking = ThreadPoolExecutor(1, thread_name_prefix="ledger-ahead")

    def ask(self, changes: Sequence[Change]) -> None:
        told = [(one.id, one.body) for one in changes if one.body is not None and not one.deleted]
        self._asking.submit(self._send, _encode([one for one in told if is_told_ahead(one[0])]))

    def answer(self) -> Ahead:
        """Of what was asked first. Nothing once the process is gone."""
        assert self._process.stdout is not None
        told = _receive(self._process.stdout)
        return NOTHING_AHEAD if told is None else _answered(told)

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        self._asking.shutdown()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()

    def _send(self, told: bytes) -> None:
        assert self._process.stdin is not None
        with suppress(OSError):
            _send(self._process.stdin, told)


def _send(pipe: IO[bytes], told: bytes) -> None:
    pipe.write(len(told).to_bytes(_SIZE_BYTES, "big") + told)
    pipe.flush()


def _receive(pipe: IO[bytes]) -> bytes | None:
    """None when nobody is there any more."""
    size = pipe.read(_SIZE_BYTES)
    told = pipe.read(int.from_bytes(size, "big")) if len(size) == _SIZE_BYTES else b""
    return told if len(size) == _SIZE_BYTES and len(told) == int.from_bytes(size, "big") else None


def _answer_all(questions: IO[bytes], answers: IO[bytes], zone: ZoneInfo) -> None:
    while (asked := _receive(questions)) is not None:
        try:
            told = told_ahead(_asked(asked), zone)
        except Exception:
            # Whoever asked does this page again, and fails of the same with all that is known of it there.
            told = Ahead({}, {}, {})
        _send(answers, _encode(told))


if __name__ == "__main__":
    gc.disable()
    with suppress(BrokenPipeError):
        _answer_all(sys.stdin.buffer, sys.stdout.buffer, ZoneInfo(sys.argv[1]))
