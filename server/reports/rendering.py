"""Decide where documents are made: in a process beside the server, two at a time, so that nobody on the event loop waits for one (DX…).

A process for each costs a fifth of a second and gives its memory back; one that is broken by a document takes no server with it.
"""

import asyncio
import logging
import sys
from contextlib import suppress

from server.reports.render import NO_FONT
from server.reports.report import Format
from sync.errors import FieldbookError, Unsupported

_PROGRAM = ("-m", "server.reports.render")
_TABLE = ("-m", "server.reports.table")
AT_ONCE = 2
SECONDS_MAX = 120.0

log = logging.getLogger(__name__)


class NoChineseFont(Unsupported):
    code = "no_chinese_font"
    reason = (
        "服务器上没有中文字体，不能生成 PDF：请安装 Noto CJK 字体（Debian：fonts-noto-cjk）。"
        " The server has no Chinese font: install Noto CJK (Debian: fonts-noto-cjk)."
    )


class NotRendered(FieldbookError):
    code = "document_failed"
    reason = "文档未能生成，请缩短期间后重试。 The document could not be made: ask for a shorter period."


class Rendering:
    """One for a server."""

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(AT_ONCE)

    async def render(self, report: bytes, form: Format) -> bytes:
        """The document of a report in JSON. Raises NoChineseFont, NotRendered."""
        if form == "json":
            return report
        async with self._free:
            return await _in_process(report, form)

    async def table(self, table: bytes) -> bytes:
        """The Excel file of a `Table` in JSON. Raises NotRendered."""
        async with self._free:
            return await _run(table, *_TABLE)


async def _in_process(report: bytes, form: Format) -> bytes:
    return await _run(report, *_PROGRAM, form)


async def _run(report: bytes, *words: str) -> bytes:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(sys.executable, *words, stdin=pipe, stdout=pipe, stderr=pipe)
    try:
        made, said = await asyncio.wait_for(process.communicate(report), SECONDS_MAX)
    except TimeoutError:
        raise NotRendered from None
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode == NO_FONT:
        raise NoChineseFont
    if process.returncode:
        log.error("a document was not made: %s", said.decode(errors="replace"))
        raise NotRendered
    return made
