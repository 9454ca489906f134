"""Decide how a ledger that is made from nothing is fed: while a page is written, a second process works out what the records of the next
one say (`told.py`). Where there is none, where it dies or fails at a page, whoever writes works it out, with the same result or the same
error.

No other thread is at work beside the one that writes: SQLite hands Python's lock over at every row, and with somebody waiting for it a row
costs twice as much.
"""

import asyncio
import gc
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import IO
from zoneinfo import ZoneInfo

import msgspec

from sync.ledger.follow import Read, page_of
from sync.ledger.told import NOTHING_AHEAD, Told, is_told_ahead, told_ahead
from sync.stores.contract import Change, Page, Store

_SIZE_BYTES = 8
_encode = msgspec.msgpack.Encoder().encode
_asked = msgspec.msgpack.Decoder(list[tuple[str, bytes]]).decode
_answered = msgspec.msgpack.Decoder(dict[str, Told]).decode


@asynccontextmanager
async def reading_ahead(store: Store, names: Iterable[str], zone: ZoneInfo) -> AsyncIterator[Read]:
    """How to read these databases, each from its beginning, in this order."""
    try:
        helper = _Helper(zone)
    except OSError:
        yield partial(page_of, store)
        return
    try:
        yield _Ahead(store, iter(names), helper).read
    finally:
        helper.close()


class _Ahead:
    def __init__(self, store: Store, names: Iterator[str], helper: "_Helper") -> None:
        self._store = store
        self._names = names
        self._helper = helper
        self._asked: tuple[str, str, Page] | None = None

    async def read(self, db: str, position: str) -> tuple[Page, Mapping[str, Told]]:
        if self._asked is None:
            self._asked = await self._ask(next(self._names), "0")
        *place, page = self._asked
        assert place == [db, position], "pages are asked for in the order in which they are read"
        told = await asyncio.to_thread(self._helper.answer)
        if page.changes:
            self._asked = await self._ask(db, page.last)
        elif (following := next(self._names, None)) is not None:
            self._asked = await self._ask(following, "0")
        return page, told

    async def _ask(self, db: str, position: str) -> tuple[str, str, Page]:
        page, _ = await page_of(self._store, db, position)
        await asyncio.to_thread(self._helper.ask, page.changes)
        return db, position, page


class _Helper:
    """The second process, in a session of its own, so that Ctrl-C reaches only whoever ends it. Raises OSError."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._process = subprocess.Popen(  # noqa: S603  this program itself
            [sys.executable, "-P", "-m", __name__, zone.key],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            start_new_session=True,
        )

    def ask(self, changes: Sequence[Change]) -> None:
        told = [(one.id, one.body) for one in changes if one.body is not None and not one.deleted]
        assert self._process.stdin is not None
        with suppress(OSError):
            _send(self._process.stdin, _encode([one for one in told if is_told_ahead(one[0])]))

    def answer(self) -> Mapping[str, Told]:
        """Of what was asked last. Nothing once the process is gone."""
        assert self._process.stdout is not None
        told = _receive(self._process.stdout)
        return NOTHING_AHEAD if told is None else _answered(told)

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()


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
            told = {}
        _send(answers, _encode(told))


if __name__ == "__main__":
    gc.disable()
    with suppress(BrokenPipeError):
        _answer_all(sys.stdin.buffer, sys.stdout.buffer, ZoneInfo(sys.argv[1]))
