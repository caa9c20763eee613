"""Records of a text log, however broken: the patient reader behind the fast one."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, Self

from clv.data.textfile import SPACE, open_lines, whole_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

#: A quote left open is taken for a plain character after this many lines or characters.
_MOST_LINES = 200
_MOST_CHARACTERS = 200_000
_BATCH = 50_000


class Record(NamedTuple):
    """Cells of one record, its first line counted from 1, and that line's text.

    `padded`: cells missing at its end are empty, not a sign of a broken line.
    """

    line: int
    cells: Sequence[str | None] | None
    text: str
    padded: bool = False


def records(path: Path, delimiter: str) -> Iterator[Record]:
    """Split a UTF-8 text into records, quotes and line breaks within quotes included.

    Blank lines are no records. A record whose quote never closes within 200 lines is given
    back as its first line with `cells` None, and reading goes on with the line after it.

    Parameters
    ----------
    path : the text
    delimiter : sign between columns; "space" for runs of blanks, without quotes
    """
    with open_lines(path) as file:
        numbered = enumerate(map(whole_line, file), start=1)
        if delimiter == SPACE:
            for number, line in numbered:
                if parted := line.split():
                    yield Record(number, parted, line)
            return
        pending: list[tuple[int, str]] = []
        source = iter(numbered)
        while item := (pending.pop(0) if pending else next(source, None)):
            number, line = item
            if not line.strip(" \n"):
                continue
            if '"' not in line:
                yield Record(number, line.rstrip("\n").split(delimiter), line)
                continue
            cells, used = _quoted(line, pending, source, delimiter)
            yield Record(number, cells, line)
            del pending[:used]


def _quoted(
    line: str, pending: list[tuple[int, str]], source: Iterator[tuple[int, str]], delimiter: str
) -> tuple[list[str] | None, int]:
    """Cells of the record that begins with `line`, and how many pending lines it took."""
    text, used = line, 0
    while True:
        cells = _split(text, delimiter)
        if cells is not None:
            return cells, used
        if used == _MOST_LINES or len(text) > _MOST_CHARACTERS:
            return None, 0
        if used == len(pending):
            following = next(source, None)
            if following is None:
                return None, 0
            pending.append(following)
        # Only a line with a quote can close the record, so lines without one need no parsing.
        added = pending[used][1]
        text += added
        used += 1
        while '"' not in added and used < _MOST_LINES:
            if used == len(pending):
                following = next(source, None)
                if following is None:
                    return None, 0
                pending.append(following)
            added = pending[used][1]
            text += added
            used += 1


def _split(text: str, delimiter: str) -> list[str] | None:
    """Cells of the text as one record; None where a quote is still open at its end."""
    try:
        return next(csv.reader([text], delimiter=delimiter, strict=True))
    except csv.Error as error:
        if "unexpected end of data" in str(error):
            return None
    try:
        return next(csv.reader([text], delimiter=delimiter))
    except csv.Error:
        return None


class RecordWriter:
    """Writes records as text columns c0, c1, ... with their line, and broken ones apart.

    Parameters
    ----------
    path : Parquet file of the rows
    broken : Parquet file of the lines that do not split
    width : columns of the log
    """

    def __init__(self, path: Path, broken: Path, width: int) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self._pa = pa
        names = [f"c{i}" for i in range(width)]
        self._schema = pa.schema([("line", pa.int64()), *((name, pa.string()) for name in names)])
        self._broken_schema = pa.schema([("line", pa.int64()), ("text", pa.string())])
        self._writer = pq.ParquetWriter(path, self._schema, compression="zstd")
        self._broken_writer = pq.ParquetWriter(broken, self._broken_schema)
        self._width = width
        self._lines: list[int] = []
        self._rows: list[Sequence[str | None]] = []
        self._broken: list[tuple[int, str]] = []
        self.rows = 0
        self.broken = 0

    def write(self, record: Record) -> None:
        cells = record.cells
        if cells is not None and len(cells) > self._width and not any(cells[self._width :]):
            cells = cells[: self._width]
        elif cells is not None and record.padded and len(cells) < self._width:
            cells = [*cells, *[None] * (self._width - len(cells))]
        if cells is None or len(cells) != self._width:
            self._broken.append((record.line, record.text.rstrip("\r\n")[:1000]))
        else:
            self._lines.append(record.line)
            self._rows.append(cells)
        if len(self._rows) >= _BATCH or len(self._broken) >= _BATCH:
            self._flush()

    def write_all(self, found: Iterable[Record]) -> None:
        for record in found:
            self.write(record)

    def _flush(self) -> None:
        pa = self._pa
        if self._rows:
            columns = [pa.array(column, pa.string()) for column in zip(*self._rows, strict=True)]
            lines = pa.array(self._lines, pa.int64())
            self._writer.write_table(pa.Table.from_arrays([lines, *columns], schema=self._schema))
        if self._broken:
            broken = [pa.array(column) for column in zip(*self._broken, strict=True)]
            self._broken_writer.write_table(
                pa.Table.from_arrays(broken, schema=self._broken_schema)
            )
        self.rows += len(self._rows)
        self.broken += len(self._broken)
        self._lines, self._rows, self._broken = [], [], []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._flush()
        self._writer.close()
        self._broken_writer.close()
