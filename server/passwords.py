"""Decide how a password is kept and tested: argon2id, on two threads of its own, so that log-ins never hold up a sync (AU3)."""

import asyncio
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from sync.errors import BadRequest, TooManyAttempts

R = TypeVar("R")

CHARACTERS_MIN, CHARACTERS_MAX = 8, 256
THREADS = 2
WAITING_MAX = 500
"""Tests that may wait at once. At 175 ms each on two threads the last of them waits about 45 s."""


class Passwords:
    """`hasher`: tests pass a cheap one. No setting does: a weak hash would stay in the store for years."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="passwords")
        self.waiting = 0
        # Made now, so that the first unknown name does not take the time of two.
        self._decoy = self._threads.submit(self._hasher.hash, "nobody has this password")

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def hash(self, password: str) -> str:
        """Raises BadRequest for a password that is too short or too long."""
        if not CHARACTERS_MIN <= len(password) <= CHARACTERS_MAX:
            what = f"A password has {CHARACTERS_MIN} to {CHARACTERS_MAX} characters: this one has {len(password)}."
            raise BadRequest(what, code="bad_password")
        return await self._run(self._hash, _plain(password))

    async def matches(self, hashed: str | None, password: str) -> bool:
        """False for `hashed` None, an account that is not there: after the time that a wrong password takes."""
        if len(password) > CHARACTERS_MAX:
            password = ""
        return await self._run(self._matches, hashed, _plain(password))

    async def _run(self, work: Callable[..., R], *arguments: object) -> R:
        if self.waiting >= WAITING_MAX:
            raise TooManyAttempts("Too many log-ins at once. Wait, then try again.", retry_seconds=30)
        self.waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)
        finally:
            self.waiting -= 1

    def _hash(self, password: str) -> str:
        return self._hasher.hash(password)

    def _matches(self, hashed: str | None, password: str) -> bool:
        try:
            return self._hasher.verify(hashed or self._decoy.result(), password) and hashed is not None
        except (VerificationError, InvalidHashError):
            return False


def _plain(password: str) -> str:
    """One spelling for what different keyboards write in different ways."""
    return unicodedata.normalize("NFC", password)
