"""A table that lies beside the log: a row a customer, or a row a day."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from clv.core.errors import ColumnError, SourceError
from clv.data.rules import MISSING
from clv.data.staging import unique
from clv.data.textfile import SPACE, first_lines, open_text, sniff_delimiter

if TYPE_CHECKING:
    from collections.abc import Callable

_SPREADSHEETS = (".xlsx", ".xlsm", ".xls")
_NUMBER = r"^[-+]?\d[\d.,]*$"
_DECIMAL_COMMA = r"^[-+]?\d+(,\d+)?$"
#: A comma before three digits may part thousands.
_OPEN_COMMA = r"^[-+]?[1-9]\d{0,2},\d{3}$"
_PLAIN_NUMBER = r"^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$"
#: Words that stand for nothing where numbers are; among texts NA may be Namibia.
_NO_NUMBER = ("na", "-", "--")
#: A text column is one of numbers if so large a part of it is; the rest are slips of the pen.
MOSTLY = 0.9


@dataclass(frozen=True)
class ReadTable:
    """What a file beside the log holds.

    Attributes
    ----------
    there : every column of the file, those which hold nothing too
    notices : what a reader should know of it, in sentences
    """

    table: pa.Table
    there: tuple[str, ...]
    notices: tuple[str, ...] = ()


def read_table(path: Path, what: str, is_text: Callable[[str], bool]) -> pa.Table:
    """A Parquet file, or text with a header, its encoding, packing and delimiter read off it.

    Parameters
    ----------
    what : word that errors begin with
    is_text : whether a column of that name is text whatever is in it

    Raises
    ------
    SourceError : there is no such file, or it cannot be read
    """
    if not path.is_file():
        raise SourceError(f"{what}: there is no file {path}. Give a CSV or Parquet file.")
    if path.suffix.lower() in _SPREADSHEETS:
        raise SourceError(f"{what}: {path} is a spreadsheet. Save it as CSV and give that.")
    try:
        if path.suffix == ".parquet":
            return pq.read_table(path)
        with tempfile.TemporaryDirectory(prefix="clv-") as folder:
            return _read_text(path, what, is_text, Path(folder))
    except SourceError as error:
        raise SourceError(str(error).replace("source:", f"{what}:", 1)) from None
    except (pa.ArrowInvalid, OSError) as error:
        raise SourceError(f"{what}: {path} cannot be read ({error}).") from None


def trimmed(column: pa.Array) -> pa.Array:
    """Trimmed texts; null where there is nothing, or a word for it."""
    texts = pc.utf8_trim_whitespace(column.cast(pa.string()))
    nothing = pc.is_in(pc.utf8_lower(texts), pa.array(MISSING))
    return pc.if_else(nothing, pa.scalar(None, pa.string()), texts)


def as_numbers(
    name: str, texts: pa.Array, what: str, *, typed: bool, mostly: float = MOSTLY
) -> tuple[pa.Array, str]:
    """Numbers, where nearly all the trimmed texts are some; else the texts as they are.

    Parameters
    ----------
    what : word that the notice begins with
    typed : the file says itself that the column is of text, as Parquet does, so that digits in it
        are a code; a decimal comma still makes numbers of them
    mostly : share of the values that must be numbers

    Returns
    -------
    the column, and what a reader should know of it: values that are no numbers, and were left
    empty, or made texts of all; empty where there are none

    Raises
    ------
    ColumnError : the commas may part thousands as well as decimals
    """
    if typed:
        return with_comma(name, texts, what), ""
    nothing = pc.is_in(pc.utf8_lower(texts), pa.array(_NO_NUMBER))
    told = pc.if_else(nothing, pa.scalar(None, pa.string()), texts)
    comma = pc.and_(pc.match_substring(told, ","), pc.match_substring_regex(told, _NUMBER))
    number = pc.or_(pc.match_substring_regex(told, _PLAIN_NUMBER), comma)
    values, numbers = len(told) - told.null_count, pc.sum(number).as_py() or 0
    if not numbers or numbers <= values / 2:
        return texts, ""
    wrong = pc.indices_nonzero(pc.fill_null(pc.invert(number), False))
    slip = (
        f"such as {texts[wrong[0].as_py()].as_py()!r} (row {wrong[0].as_py() + 1})"
        if len(wrong)
        else ""
    )
    if numbers < mostly * values:
        return texts, (
            f"{what}: {name} was read as text, for {len(wrong):,} of its {values:,} values are no"
            f" numbers, {slip}. If it is a column of numbers, mend or empty them"
        )
    found = with_comma(name, pc.if_else(number, told, pa.scalar(None, pa.string())), what)
    return found.cast(pa.float64()), slip and (
        f"{what}: {name} has numbers, but {len(wrong):,} of its {values:,} values are none, {slip},"
        " and were left empty. Mend them if they are not just missing"
    )


def with_comma(name: str, texts: pa.Array, what: str) -> pa.Array:
    """Numbers, where all the texts are some with a decimal comma; else the texts as they are.

    Raises
    ------
    ColumnError : the commas may part thousands as well
    """
    commas = texts.filter(pc.match_substring(texts, ","))
    if not len(commas) or not pc.all(pc.match_substring_regex(texts, _NUMBER)).as_py():
        return texts
    decimal = pc.all(pc.match_substring_regex(texts, _DECIMAL_COMMA)).as_py()
    if not decimal or pc.all(pc.match_substring_regex(commas, _OPEN_COMMA)).as_py():
        raise ColumnError(
            f"{what}: {name} has numbers such as {commas[0].as_py()!r}, and whether the comma"
            " parts thousands or decimals cannot be told. Write them as 1234 or 1234.5."
        )
    return pc.replace_substring(texts, ",", ".").cast(pa.float64())


def _read_text(path: Path, what: str, is_text: Callable[[str], bool], folder: Path) -> pa.Table:
    plain = open_text(path, folder, what).path
    delimiter = sniff_delimiter(first_lines(plain), None)
    if delimiter == SPACE:
        raise SourceError(
            f"{what}: the columns of {path} are parted by blanks. Part them by commas."
        )
    parsing = pa_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True)
    with pa_csv.open_csv(plain, parse_options=parsing) as head:
        names = head.schema.names
    texts = {
        name: pa.string()
        for name, shown in zip(names, unique(names), strict=True)
        if is_text(shown)
    }
    nothing = [*pa_csv.ConvertOptions().null_values, *MISSING, "None", "<NA>"]
    table = pa_csv.read_csv(
        plain,
        parse_options=parsing,
        convert_options=pa_csv.ConvertOptions(column_types=texts, null_values=nothing),
    )
    return table.rename_columns(unique(names))
