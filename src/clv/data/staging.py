"""Files of one log as one view in the engine: `raw`, each row with its file and line."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import duckdb

from clv.core.errors import ColumnError, SourceError, StorageError
from clv.data import columns as names_of_columns
from clv.data.engine import storage_errors
from clv.data.records import Record, RecordWriter, records
from clv.data.textfile import SPACE, TextFile, first_lines, open_text, sniff_delimiter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from clv.data.engine import Engine
    from clv.data.settings import IngestSettings

TEXT = "VARCHAR"


@dataclass(frozen=True)
class Origin:
    """A file or table the log was read from.

    Attributes
    ----------
    path : where it is, without any password
    size : bytes
    sha256 : of those bytes
    rows : records read, broken ones included
    """

    path: str
    size: int
    sha256: str
    rows: int


@dataclass(frozen=True)
class Staged:
    """The log in the engine, as it stood.

    View `raw`: `file` (place in `origins`), `line` (in that file), `c0`, `c1`, ... Table
    `broken`: `file`, `line`, `text` of the lines that did not split.

    Attributes
    ----------
    names : name of each column c0, c1, ... in the log
    types : DuckDB type of each; VARCHAR where the log is text
    origins : what was read, in order
    native : values were typed where they come from, though they arrive as text
    tables : tables behind the view, to be dropped when it is no longer needed
    doubled : names that more than one column of the log has
    formulas : columns of a spreadsheet with formulas whose results were not saved
    """

    names: tuple[str, ...]
    types: tuple[str, ...]
    origins: tuple[Origin, ...]
    native: bool
    tables: tuple[str, ...] = ()
    doubled: frozenset[str] = frozenset()
    formulas: frozenset[str] = frozenset()

    def release(self, engine: Engine) -> None:
        """Drop the log as it stood, once it was checked."""
        engine.sql("DROP TABLE IF EXISTS counted")
        engine.sql("DROP VIEW IF EXISTS raw")
        for table in self.tables:
            engine.sql(f"DROP TABLE IF EXISTS {table}")


@dataclass(frozen=True)
class Part:
    """One table of records that is not a text file: where from, its names, its rows.

    `doubled`, `formulas`: as in `Staged`.
    """

    path: str
    size: int
    sha256: str
    names: tuple[str, ...]
    rows: Iterable[Record]
    doubled: frozenset[str] = frozenset()
    formulas: frozenset[str] = frozenset()


def staging_folder(engine: Engine) -> Path:
    """Folder in the working folder for copies that live only while the log is checked."""
    folder = engine.folder / "staged"
    with storage_errors(engine.folder):
        folder.mkdir(parents=True, exist_ok=True)
    return folder


def identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def start_broken(engine: Engine) -> None:
    engine.sql("CREATE OR REPLACE TABLE broken (file INTEGER, line BIGINT, text VARCHAR)")


def stage_parquet(
    paths: Sequence[Path],
    engine: Engine,
    digest: Callable[[Path], str],
    names: Sequence[str] = (),
) -> Staged:
    """Stage Parquet files, their types kept.

    Parameters
    ----------
    paths : the files
    engine : where the view goes
    digest : hash of a file
    names : what to call each file in messages and in the quarantine; its path by default

    Raises
    ------
    SourceError : a file is no Parquet, or its columns differ from the first's
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    start_broken(engine)
    origins = []
    first: list[str] = []
    zones: dict[str, str] = {}
    for place, path in enumerate(paths):
        try:
            meta = pq.read_metadata(path)
            schema = meta.schema.to_arrow_schema()
        except (pa.ArrowException, OSError) as error:
            raise SourceError(f"source: {path} cannot be read as Parquet ({error}).") from error
        first = first or schema.names
        _same_columns(str(path), str(paths[0]), schema.names, first)
        zones |= {f.name: f.type.tz for f in schema if pa.types.is_timestamp(f.type) and f.type.tz}
        shown_path = names[place] if names else str(path)
        origins.append(Origin(shown_path, path.stat().st_size, digest(path), meta.num_rows))
    files = "[" + ", ".join(literal(str(path)) for path in paths) + "]"
    zoned = {name: literal(zone) for name, zone in zones.items() if zone not in ("UTC", "+00:00")}
    try:
        # The engine tells columns of one name apart by names of its own.
        told = engine.sql(f"DESCRIBE SELECT * FROM read_parquet({literal(str(paths[0]))})")
        columns = [identifier(str(row[0])) for row in told]
        shown = ", ".join(
            (f"timezone({zoned[name]}, {column})" if name in zoned else column) + f" AS c{i}"
            for i, (name, column) in enumerate(zip(first, columns, strict=True))
        )
        engine.sql(f"""CREATE OR REPLACE VIEW raw AS
            SELECT (list_position({files}, "clv file") - 1)::INTEGER AS file,
                file_row_number + 1 AS line, {shown}
            FROM read_parquet({files}, file_row_number = true, filename = 'clv file',
                union_by_name = true)""")
        described = engine.sql("DESCRIBE raw")
    except duckdb.Error as error:
        raise SourceError(f"source: {paths[0]} cannot be read as Parquet ({error}).") from error
    types = tuple(str(row[1]) for row in described[2:])
    return Staged(unique(first), types, tuple(origins), native=False, doubled=doubled(first))


def stage_text(
    paths: Sequence[Path], settings: IngestSettings, engine: Engine, names: Sequence[str] = ()
) -> Staged:
    """Stage text files: DuckDB reads what is regular, the patient reader what is not.

    Parameters
    ----------
    paths : the files
    settings : delimiter and header, where the user gave them
    engine : where the rows go
    names : what to call each file in messages and in the quarantine; its path by default

    Raises
    ------
    SourceError : a file cannot be read, is empty, or has other columns than the first
    ColumnError : the first line is data and no names were given
    """
    start_broken(engine)
    origins, tables, selects = [], [], []
    first: tuple[str, ...] = ()
    doubles: frozenset[str] = frozenset()
    for place, path in enumerate(paths):
        shown = names[place] if names else str(path)
        text = open_text(path, staging_folder(engine), f"log-{place}")
        sample = first_lines(text.path)
        if not sample:
            if len(paths) == 1:
                raise SourceError(f"source: {shown} is empty.")
            origins.append(Origin(shown, text.size, text.sha256, 0))
            continue
        delimiter = sniff_delimiter(sample, settings.delimiter)
        head = next(records(text.path, delimiter))
        header = header_of(shown, head, settings)
        first = first or header
        doubles |= doubled(settings.header or head.cells or ())
        _same_columns(str(path), str(paths[0]), header, first)
        table = f"raw_{place}"
        has_header = settings.header is None
        count = None
        if delimiter != SPACE and text.regular and len(header) > 1:
            count = _fast(text, table, len(header), delimiter, has_header, engine)
        if count is None:
            rows = records(text.path, delimiter)
            kept = islice(rows, 1, None) if has_header else rows
            count = _stage_records(kept, len(header), table, place, engine)
        else:
            tables.append(table)
        order = [f"c{header.index(name)} AS c{i}" for i, name in enumerate(first)]
        selects.append(f"SELECT {place} AS file, line, {', '.join(order)} FROM {table}_lines")
        origins.append(Origin(shown, text.size, text.sha256, count))
    if not selects:
        raise SourceError(f"source: all {len(paths)} files are empty.")
    engine.sql("CREATE OR REPLACE VIEW raw AS " + " UNION ALL ".join(selects))
    types = (TEXT,) * len(first)
    return Staged(first, types, tuple(origins), False, tuple(tables), doubles)


def stage_parts(parts: Sequence[Part], engine: Engine) -> Staged:
    """Stage records that were typed where they come from.

    Raises
    ------
    SourceError : a part has other columns than the first
    """
    start_broken(engine)
    origins, selects = [], []
    first = parts[0].names
    for place, part in enumerate(parts):
        _same_columns(part.path, parts[0].path, part.names, first)
        count = _stage_records(part.rows, len(part.names), f"raw_{place}", place, engine)
        order = [f"c{part.names.index(name)} AS c{i}" for i, name in enumerate(first)]
        selects.append(f"SELECT {place} AS file, line, {', '.join(order)} FROM raw_{place}_lines")
        origins.append(Origin(part.path, part.size, part.sha256, count))
    engine.sql("CREATE OR REPLACE VIEW raw AS " + " UNION ALL ".join(selects))
    return Staged(
        first,
        (TEXT,) * len(first),
        tuple(origins),
        native=True,
        doubled=frozenset().union(*(part.doubled for part in parts)),
        formulas=frozenset().union(*(part.formulas for part in parts)),
    )


def _fast(
    text: TextFile, table: str, width: int, delimiter: str, has_header: bool, engine: Engine
) -> int | None:
    """Rows read by DuckDB; None where it would read otherwise than line by line."""
    columns = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(width))
    try:
        engine.sql(f"""CREATE OR REPLACE TABLE {table} AS FROM read_csv({literal(str(text.path))},
            auto_detect = false, columns = {{{columns}}}, header = {has_header},
            delim = {literal(delimiter)}, quote = '"', escape = '"', strict_mode = true,
            null_padding = false, max_line_size = 2000000)""")
        [(count,)] = engine.sql(f"SELECT count(*) FROM {table}")
    except StorageError:
        raise
    except duckdb.Error:
        count = None
    if count is None or count + has_header != text.lines:
        engine.sql(f"DROP TABLE IF EXISTS {table}")
        return None
    first = 2 if has_header else 1
    engine.sql(
        f"CREATE OR REPLACE VIEW {table}_lines AS SELECT rowid + {first} AS line, * FROM {table}"
    )
    return int(count)


def _stage_records(
    found: Iterable[Record], width: int, table: str, place: int, engine: Engine
) -> int:
    """Stage records through Parquet files in the working folder; how many there were."""
    rows = staging_folder(engine) / f"{table}.parquet"
    broken = rows.with_suffix(".broken.parquet")
    with storage_errors(engine.folder), RecordWriter(rows, broken, width) as writer:
        writer.write_all(found)
    engine.sql(
        f"INSERT INTO broken SELECT {place}, line, text FROM read_parquet({literal(str(broken))})"
    )
    engine.sql(f"CREATE OR REPLACE VIEW {table}_lines AS FROM read_parquet({literal(str(rows))})")
    return writer.rows + writer.broken


def header_of(shown: str, head: Record, settings: IngestSettings) -> tuple[str, ...]:
    """Names of the columns: those given, else the cells of the first record.

    Raises
    ------
    SourceError : the first record cannot be split
    ColumnError : it is data, or as many names were not given as it has columns
    """
    cells = None if head.cells is None else [cell or "" for cell in head.cells]
    if cells is None:
        raise SourceError(
            f"source: a quote in the first line of {shown} is never closed, so its columns cannot"
            " be told. Close it, or remove the line."
        )
    if settings.header is not None:
        if len(settings.header) != len(cells):
            raise ColumnError(
                f"columns: {len(settings.header)} names were given"
                f" ({', '.join(settings.header)}), but the first line of {shown} has {len(cells)}"
                f" columns: {_shown(cells)}. Give one name for each."
            )
        return unique(settings.header)
    if not names_of_columns.recognised(cells) and any(_is_data(cell) for cell in cells):
        example = ",".join(f"name{i}" for i in range(1, len(cells) + 1))
        raise ColumnError(
            f"columns: the first line of {shown} looks like data, not names: {_shown(cells)}."
            f" Name its {len(cells)} columns in order, as --columns {example}, calling them"
            " customer_id, date and amount where they are."
        )
    return unique(cells)


def unique(cells: Sequence[str]) -> tuple[str, ...]:
    """Names trimmed, blank ones called after their place, doubles numbered."""
    names: list[str] = []
    for place, cell in enumerate(cells, start=1):
        base = _trimmed(cell) or f"column {place}"
        name, n = base, 1
        while name in names:
            n += 1
            name = f"{base} ({n})"
        names.append(name)
    return tuple(names)


def doubled(cells: Sequence[str | None]) -> frozenset[str]:
    """Names, trimmed, that stand more than once."""
    names = Counter(_trimmed(cell) for cell in cells if cell)
    return frozenset(name for name, times in names.items() if name and times > 1)


def _trimmed(cell: str) -> str:
    return " ".join(cell.replace("\0", " ").split())[:200]


def _is_data(cell: str) -> bool:
    return any(sign.isdigit() for sign in cell) and not any(
        sign.isalpha() for sign in cell.replace("T", "").replace("Z", "")
    )


def _shown(cells: Sequence[str]) -> str:
    return " | ".join(cell.strip()[:40] for cell in cells[:20])


def _same_columns(path: str, other: str, names: Sequence[str], first: Sequence[str]) -> None:
    if set(names) == set(first):
        return
    extra = ", ".join(sorted(set(names) - set(first))) or "none"
    lacking = ", ".join(sorted(set(first) - set(names))) or "none"
    raise SourceError(
        f"source: {path} has other columns than {other}. Only in the former: {extra}."
        f" Missing there: {lacking}. Give files with the same columns, or one at a time."
    )
