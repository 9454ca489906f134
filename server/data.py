"""Decide who may use a data directory: one process at a time, and the command line through that process while it runs (SE7, SE8).

The embedded store keeps in memory what is in its file, so a second process writing to it would be overlooked. The lock is the
kernel's: it ends with the process, however that ends.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import msgspec

from sync.errors import FieldbookError

LOCK, ADDRESS = "lock", "server.json"
PATIENCE_SECONDS = 15.0
"""How long a server waits for a command to finish, and a command for a server to start."""


class Busy(FieldbookError):
    code = "data_in_use"


class Running(msgspec.Struct, frozen=True):
    """Where the server that uses a data directory is reached by those who may read that directory."""

    url: str
    token: str
    pid: int


@contextmanager
def locked(directory: Path, holder: str) -> Iterator[None]:
    """Hold the directory as `holder` ("serve" or "command"); made when it is not there. Raises Busy when a server holds it."""
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / LOCK).open("a+") as file:
        _acquire(file, directory)
        file.truncate(0)
        file.write(f"{holder} {os.getpid()}\n")
        file.flush()
        (directory / ADDRESS).unlink(missing_ok=True)
        yield


def announce(directory: Path, running: Running) -> None:
    """Say where this server is, in a file that only its user can read."""
    part = directory / f"{ADDRESS}.part"
    part.unlink(missing_ok=True)
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(msgspec.json.encode(running))
    part.replace(directory / ADDRESS)


def renounce(directory: Path) -> None:
    (directory / ADDRESS).unlink(missing_ok=True)


def running(directory: Path) -> Running | None:
    """The server that uses the directory; None when none does. Raises Busy for one that does not say where it is."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while _is_served(directory):
        with suppress(FileNotFoundError, msgspec.DecodeError):
            return msgspec.json.decode((directory / ADDRESS).read_bytes(), type=Running)
        if time.monotonic() > deadline:
            raise Busy(f"A server uses {directory}, and has not said where it is: is it still starting?")
        time.sleep(0.05)
    return None


def _is_served(directory: Path) -> bool:
    try:
        with (directory / LOCK).open("r+") as file:
            return not _try(file) and _holder(file).startswith("serve ")
    except FileNotFoundError:
        return False


def _acquire(file: IO[str], directory: Path) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not _try(file):
        holder = _holder(file)
        if holder.startswith("serve ") or time.monotonic() > deadline:
            what = "A server" if holder.startswith("serve ") else "Another command"
            number = holder.partition(" ")[2].strip()
            raise Busy(
                f"{what} (process {number}) uses {directory} already. Two may not share one data directory:"
                " stop that one, or name another directory with --data."
            )
        time.sleep(0.05)


def _try(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(file: IO[str]) -> str:
    file.seek(0)
    return file.read(100)
