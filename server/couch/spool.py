"""Decide where the bytes of an attachment wait on their way in: in memory while they are few, in a file beyond that."""

import base64
import hashlib
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from types import TracebackType

import anyio.to_thread

from sync.errors import TooLarge
from sync.stores.contract import NewAttachment

MEMORY_BYTES_MAX = 1024 * 1024


class Spool:
    """A directory that exists only if something is put into it, and is gone at the end of the request."""

    def __init__(self) -> None:
        self._directory: tempfile.TemporaryDirectory[str] | None = None
        self._count = 0

    def __enter__(self) -> "Spool":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._directory is not None:
            self._directory.cleanup()

    async def take(self, data: AsyncIterator[bytes], name: str, bytes_max: int, content_type: str) -> NewAttachment:
        """Read an attachment to its end. Raises TooLarge past `bytes_max`."""
        digest = hashlib.md5(usedforsecurity=False)
        size = 0
        held: list[bytes] = []
        path: Path | None = None
        file = None
        try:
            async for chunk in data:
                size += len(chunk)
                if size > bytes_max:
                    raise TooLarge(f"Attachment {name} is larger than {bytes_max} bytes.", code="attachment_too_large")
                digest.update(chunk)
                held.append(chunk)
                if size > MEMORY_BYTES_MAX:
                    if file is None:
                        path = self._new_path()
                        file = path.open("wb")
                    await anyio.to_thread.run_sync(file.write, b"".join(held))
                    held.clear()
        finally:
            if file is not None:
                file.close()
        mark = "md5-" + base64.b64encode(digest.digest()).decode()
        return NewAttachment(content_type, path or b"".join(held), mark, size)

    def _new_path(self) -> Path:
        self._directory = self._directory or tempfile.TemporaryDirectory(prefix="fieldbook-")
        self._count += 1
        return Path(self._directory.name) / str(self._count)
