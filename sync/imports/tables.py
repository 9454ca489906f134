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
from sync.imports.marks import Marks, marks_of

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
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_NO_TABLES = {
    b"%PDF": (" PDF 文件", "a PDF"),
    b"\x89PNG": ("图片", "a picture"),
    b"\xff\xd8\xff": ("图片", "a picture"),
    b"{\\rtf": (" Word 文档", "a Word document"),
    b"<": ("网页或 XML 文件", "a web page or XML"),
    b"Rar!": ("压缩包", "an archive"),
    b"7z\xbc\xaf": ("压缩包", "an archive"),
}
"""What files begin with that are often called tables and are none."""

Line = tuple[int, Sequence[Cell]]
"""A row that is not empty: its number as a person counts it in the file, from 1, and its cells."""


class Sheet(NamedTuple):
    """`encoding` is that of a CSV file with its delimiter, "" for a workbook's sheet; `names`: all sheets of the workbook."""

    name: str
    lines: list[Line]
    encoding: str
    names: tuple[str, ...] = ()
    marks: Marks = Marks()


def media_of(data: bytes) -> str:
    return XLSX if data[:2] == b"PK" else CSV


def sheets(data: bytes, chosen: str = "") -> Iterator[Sheet]:
    """The tables in a file: a workbook's sheets, or the one `chosen` by its name; a CSV file as each of the delimiters cuts it. Raises
    BadRequest, TooLarge."""
    if len(data) > FILE_BYTES_MAX:
        raise _too_large(f"文件不能超过 {FILE_BYTES_MAX // 1048576} MB", f"a file has {FILE_BYTES_MAX} bytes at most")
    _refuse_others(data)
    yield from _workbook(data, chosen) if media_of(data) == XLSX else _texts(data)


def _refuse_others(data: bytes) -> None:
    """A file is what its bytes say, whatever it is called."""
    if data.startswith(_OLD_EXCEL):
        encrypted = _ENCRYPTED in data
        zh, en = (
            ("加密的文件，请先取消密码，另存为 .xlsx", "an encrypted file: take its password off and save it as .xlsx")
            if encrypted
            else ("旧版 Excel（.xls）文件，请用 Excel 另存为 .xlsx", "an old Excel file (.xls): save it as .xlsx")
        )
        raise BadRequest(f"{zh} / {en}", code="encrypted" if encrypted else "not_a_table")
    start = data[:64].removeprefix(b"\xef\xbb\xbf").lstrip()
    for mark, (zh, en) in _NO_TABLES.items():
        if start.startswith(mark):
            zh, en = f"这是{zh}，不是表格，请另存为 .xlsx 或 CSV", f"this is {en}, no table: save it as .xlsx or CSV"
            raise BadRequest(f"{zh} / {en}", code="not_a_table")


def _workbook(data: bytes, chosen: str) -> Iterator[Sheet]:
    # Only an import needs it, and it is slow to load.
    from openpyxl import load_workbook

    _weigh(data)
    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        try:
            names = tuple(sheet.title for sheet in book.worksheets[:SHEETS_MAX])
            if chosen and chosen not in names:
                zh, en = (
                    f"没有工作表“{chosen}”，有：{'、'.join(names)}",
                    f"no sheet {chosen}: there are {', '.join(names)}",
                )
                raise BadRequest(f"{zh} / {en}", code="no_sheet")
            for sheet in book.worksheets[:SHEETS_MAX]:
                if chosen and sheet.title != chosen:
                    continue
                # What a sheet says of its own size may be wrong either way.
                sheet.reset_dimensions()
                rows = sheet.iter_rows(max_row=ROWS_MAX * 2, max_col=COLUMNS_MAX, values_only=True)
                lines = _lines(enumerate(rows, 1))
                # openpyxl says of no cell, read this way, whether it is merged or hidden.
                marks = marks_of(data, getattr(sheet, "_worksheet_path", "")) if lines else Marks()
                yield Sheet(sheet.title, lines, "", names, marks)
        finally:
            book.close()
    except (TooLarge, BadRequest):
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
    # NotImplementedError: what zipfile says of an archive that asks for a later version of the format than it reads.
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
            raise _too_large(
                f"超过 {ROWS_MAX} 行，请分成几个文件", f"over {ROWS_MAX} rows: split it into several files"
            )
        short = (cell[:CELL_CHARACTERS_MAX] if isinstance(cell, str) else cell for cell in cells[:COLUMNS_MAX])
        found.append((number, tuple(short)))
    return found


def _too_large(zh: str, en: str) -> TooLarge:
    return TooLarge(f"{zh} / {en}", code="import_too_large")
