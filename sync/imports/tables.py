"""Decide which cells an uploaded file holds, an Excel workbook or a CSV file, and that no file costs more than it may.

A workbook is a ZIP of XML: what it unpacks to is limited before anything of it is read, entities are refused (defusedxml, which openpyxl
takes where it is installed), formulas are read as the values that they last had, and nothing outside the file is looked at.
"""

import csv
import io
import zipfile
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sync.errors import BadRequest, TooLarge
from sync.imports.cells import Cell

FILE_BYTES_MAX = 10 * 1024 * 1024
UNPACKED_BYTES_MAX = 80 * 1024 * 1024
PARTS_MAX = 2_000
ROWS_MAX = 20_000
COLUMNS_MAX = 100
CELL_CHARACTERS_MAX = 1_000
SHEETS_MAX = 20

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV = "text/csv"
_DELIMITERS = ",;\t"
_OLD_EXCEL = b"\xd0\xcf\x11\xe0"

Line = tuple[int, Sequence[Cell]]
"""A row that is not empty: its number as a person counts it in the file, from 1, and its cells."""


class Sheet(NamedTuple):
    """`encoding` is that of a CSV file with its delimiter, "" for a workbook's sheet."""

    name: str
    lines: list[Line]
    encoding: str


def media_of(data: bytes) -> str:
    return XLSX if data[:2] == b"PK" else CSV


def sheets(data: bytes) -> Iterator[Sheet]:
    """The tables in a file: a workbook's sheets, or a CSV file as each of the delimiters cuts it. Raises BadRequest, TooLarge."""
    if len(data) > FILE_BYTES_MAX:
        raise _too_large(f"文件不能超过 {FILE_BYTES_MAX // 1048576} MB", f"a file has {FILE_BYTES_MAX} bytes at most")
    if data.startswith(_OLD_EXCEL):
        zh, en = (
            "旧版 Excel 或加密的文件，请另存为未加密的 .xlsx",
            "an old or encrypted Excel file: save it as plain .xlsx",
        )
        raise BadRequest(f"{zh} / {en}", code="not_a_table")
    yield from _workbook(data) if media_of(data) == XLSX else _texts(data)


def _workbook(data: bytes) -> Iterator[Sheet]:
    # Only an import needs it, and it is slow to load.
    from openpyxl import load_workbook

    _weigh(data)
    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        try:
            for sheet in book.worksheets[:SHEETS_MAX]:
                # What a sheet says of its own size may be wrong either way.
                sheet.reset_dimensions()
                rows = sheet.iter_rows(max_row=ROWS_MAX * 2, max_col=COLUMNS_MAX, values_only=True)
                yield Sheet(sheet.title, _lines(enumerate(rows, 1)), "")
        finally:
            book.close()
    except TooLarge:
        raise
    except Exception as error:  # openpyxl answers a broken file with whatever it stumbled over
        zh, en = (
            "不是可读的 Excel 文件，请重新另存为 .xlsx",
            "no Excel file that can be read: save it as .xlsx once more",
        )
        raise BadRequest(f"{zh} / {en}", code="not_a_table") from error


def _weigh(data: bytes) -> None:
    """A few kilobytes can unpack to gigabytes. What a part's header says is what is unpacked of it at most."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        zh, en = "文件已损坏，请重新导出", "the file is damaged: export it again"
        raise BadRequest(f"{zh} / {en}", code="not_a_table") from None
    if len(parts) > PARTS_MAX or sum(part.file_size for part in parts) > UNPACKED_BYTES_MAX:
        raise _too_large("展开后过大，请只保留数据表", "it unpacks to too much: keep only the sheet with the figures")


def _texts(data: bytes) -> Iterator[Sheet]:
    text, encoding = _decoded(data)
    for delimiter in _DELIMITERS:
        if delimiter in text:
            named = {"\t": "tab", ",": "comma", ";": "semicolon"}[delimiter]
            # Read as one line after another, so that a quote that never ends swallows no more than the limit of a cell.
            reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
            try:
                yield Sheet("", _lines(enumerate(reader, 1)), f"{encoding} {named}")
            except csv.Error:
                continue


def _decoded(data: bytes) -> tuple[str, str]:
    """UTF-8 with or without its mark, UTF-16 with it, else GB18030, which is what Excel writes in China."""
    marked = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if marked else ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text, encoding.removesuffix("-sig")
    zh, en = "既不是 Excel 文件，也不是 UTF-8 或 GB18030 文本", "neither an Excel file nor text in UTF-8 or GB18030"
    raise BadRequest(f"{zh} / {en}", code="not_a_table")


def _lines(rows: Iterator[tuple[int, Sequence[Cell]]]) -> list[Line]:
    found: list[Line] = []
    for number, cells in rows:
        if all(cell is None or cell == "" for cell in cells):
            continue
        if len(found) == ROWS_MAX:
            raise _too_large(f"超过 {ROWS_MAX} 行，请按月份分开", f"over {ROWS_MAX} rows: split it by month")
        short = (cell[:CELL_CHARACTERS_MAX] if isinstance(cell, str) else cell for cell in cells[:COLUMNS_MAX])
        found.append((number, tuple(short)))
    return found


def _too_large(zh: str, en: str) -> TooLarge:
    return TooLarge(f"{zh} / {en}", code="import_too_large")
