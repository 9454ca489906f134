"""Decide where attachment bytes lie: in files named by their SHA-256, so that equal bytes are kept once (ST7).

A file is complete and on disk before any document names it. Files that nothing names are removed when a database is compacted,
but only after an hour, since a push under way may be about to name one.
"""

import hashlib
import os
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path

import anyio.to_thread

from sync.errors import NotFound

CHUNK_BYTES = 256 * 1024
GRACE_SECONDS = 3600


class Blobs:
    def __init__(self, root: Path) -> None:
        self._root = root

    def path(self, blob: str) -> Path:
        return self._root / blob[:2] / blob[2:]

    def keep(self, data: bytes | Path) -> str:
        """Make the bytes durable and return their name. A spool file is left to its owner."""
        digest = hashlib.sha256()
        for chunk in _chunks(data):
            digest.update(chunk)
        blob = digest.hexdigest()
        target = self.path(blob)
        if target.exists():
            os.utime(target)
            return blob
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f"{target.name}.{os.getpid()}.{time.monotonic_ns()}.part")
        with part.open("wb") as file:
            for chunk in _chunks(data):
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
        _flush_directory(target.parent)
        return blob

    async def read(self, blob: str) -> AsyncIterator[bytes]:
        """The bytes, in chunks. Raises NotFound before the first when the file is gone."""
        try:
            file = await anyio.to_thread.run_sync(self.path(blob).open, "rb")
        except FileNotFoundError:
            raise NotFound("The attachment's bytes are missing from the store.", blob=blob) from None
        try:
            while chunk := await anyio.to_thread.run_sync(file.read, CHUNK_BYTES):
                yield chunk
        finally:
            file.close()

    def sweep(self, named: set[str]) -> int:
        """Remove files that no document names and nobody has just written; returns how many."""
        removed = 0
        oldest = time.time() - GRACE_SECONDS
        for path in self.all():
            if path.parent.name + path.name not in named and path.stat().st_mtime < oldest:
                path.unlink(missing_ok=True)
                removed += 1
        return removed

    def drop(self, blobs: Iterable[str]) -> None:
        """Remove these at once: for erasing."""
        for blob in blobs:
            self.path(blob).unlink(missing_ok=True)

    def all(self) -> Iterator[Path]:
        return self._root.glob("??/*")


def _chunks(data: bytes | Path) -> Iterator[bytes]:
    if isinstance(data, bytes):
        yield data
        return
    with data.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def _flush_directory(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
