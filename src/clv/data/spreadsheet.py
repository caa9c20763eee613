"""A log in an Excel sheet."""

from __future__ import annotations

import warnings
from datetime import date, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from clv.core.errors import ColumnError, SourceError
from clv.data.databases import as_text
from clv.data.records import Record
from clv.data.staging import Part, Staged, doubled, header_of, stage_parts
from clv.data.textfile import file_digest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from clv.data.engine import Engine
    from clv.data.settings import IngestSettings


#: Rows of a sheet that are searched for formulas without results.
_LOOKED_AT = 1000


def stage_excel(
    paths: Sequence[Path], settings: IngestSettings, engine: Engine, names: Sequence[str] = ()
) -> Staged:
    """Stage one sheet of each Excel file, its first row that is not empty as names.

    Raises
    ------
    SourceError : no such sheet, an empty one, or a file that is no Excel file
    ColumnError : the first row is data and no names were given
    """
    from openpyxl import load_workbook

    parts, books = [], []
    try:
        for place, path in enumerate(paths):
            shown = names[place] if names else str(path)
            with warnings.catch_warnings():
                # openpyxl warns of styles and validations, which hold no data.
                warnings.simplefilter("ignore")
                try:
                    book = load_workbook(path, read_only=True, data_only=True)
                    books.append(book)
                    formulas = load_workbook(path, read_only=True)
                    books.append(formulas)
                except Exception as error:
                    # A damaged file surfaces as whatever zip or XML error is met first.
                    raise SourceError(
                        f"source: {shown} cannot be read as Excel ({error}). Save it again as"
                        " .xlsx or .csv."
                    ) from error
            rows = _rows(_sheet(book, settings.sheet, shown))
            head = next(rows, None)
            if head is None:
                raise SourceError(f"source: the sheet of {shown} is empty. Name one with --sheet.")
            names_in_sheet = header_of(shown, head, settings)
            if settings.header is not None:
                rows = _again(head, rows)
            empty = _unsaved(
                _sheet(book, settings.sheet, shown), _sheet(formulas, settings.sheet, shown)
            )
            named = frozenset(name for i, name in enumerate(names_in_sheet) if i in empty)
            part = Part(
                *(shown, path.stat().st_size, file_digest(path), names_in_sheet, rows),
                doubled=doubled(settings.header or head.cells or ()),
                formulas=named,
            )
            parts.append(part)
        return stage_parts(parts, engine)
    finally:
        for book in books:
            book.close()


def _again(head: Record, rows: Iterator[Record]) -> Iterator[Record]:
    yield head
    yield from rows


def _sheet(book: Any, asked: str | None, shown: str) -> Any:
    if asked is None:
        return book.worksheets[0]
    if asked not in book.sheetnames:
        raise ColumnError(
            f"sheet: {shown} has no sheet {asked!r}. It has: {', '.join(book.sheetnames)}. Give one"
            " of these with --sheet."
        )
    return book[asked]


def _unsaved(values: Any, formulas: Any) -> set[int]:
    """Columns, from 0, with a formula in their first thousand rows that has no saved result."""
    values.reset_dimensions()
    formulas.reset_dimensions()
    found: set[int] = set()
    pairs = zip(values.iter_rows(values_only=True), formulas.iter_rows(), strict=False)
    for row, written in islice(pairs, _LOOKED_AT):
        for place, (value, cell) in enumerate(zip(row, written, strict=False)):
            if value is None and cell.data_type == "f":
                found.add(place)
    return found


def _rows(sheet: Any) -> Iterator[Record]:
    # Files written by other programs may state wrong dimensions.
    sheet.reset_dimensions()
    for line, row in enumerate(sheet.iter_rows(values_only=True), start=1):
        cells = [_text(value) for value in row]
        while cells and not cells[-1]:
            cells.pop()
        if cells:
            yield Record(line, cells, "\t".join(cell or "" for cell in cells), padded=True)


def _text(value: object) -> str | None:
    if isinstance(value, datetime):
        midnight = (value.hour, value.minute, value.second, value.microsecond) == (0, 0, 0, 0)
        return value.date().isoformat() if midnight else value.isoformat(sep=" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool):
        return str(value).lower()
    return as_text(value)
