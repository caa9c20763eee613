"""A text log as plain UTF-8 on disk: unpacked, decoded, counted, and its delimiter found."""

from __future__ import annotations

import bz2
import codecs
import csv
import gzip
import hashlib
import lzma
import zlib
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from clv.core.errors import SourceError
from clv.data.engine import storage_errors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_CHUNK = 1 << 20
_SAMPLE = 256
_DELIMITERS = (",", ";", "\t", "|")
SPACE = "space"
_SPELLED = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|", " ": SPACE}


@dataclass(frozen=True)
class TextFile:
    """A text log that can be read line by line as UTF-8.

    Attributes
    ----------
    path : where the plain text is; the log itself, or a copy in the working folder
    size, sha256 : of the log as it was given
    encoding : that the log was written in
    lines : lines of text, without blank ones at the end
    regular : every line ends alike and no NUL stands in it, so that a strict reader agrees
        with a lenient one
    """

    path: Path
    size: int
    sha256: str
    encoding: str
    lines: int
    regular: bool


def open_text(path: Path, folder: Path, name: str) -> TextFile:
    """Unpack and decode a log where needed, into `folder` under `name`.

    Raises
    ------
    SourceError : the file cannot be read, is damaged, or is no text
    StorageError : the copy cannot be written
    """
    try:
        with path.open("rb") as raw:
            magic = raw.read(6)
        size = path.stat().st_size
        digest = file_digest(path)
        if unpacker := _unpacker(magic):
            plain = folder / f"{name}.unpacked"
            with unpacker(path) as packed, storage_errors(folder), plain.open("wb") as out:
                while chunk := _read(packed, path):
                    out.write(chunk)
        else:
            plain = path
    except (FileNotFoundError, IsADirectoryError):
        raise SourceError(f"source: there is no file {path}.") from None
    except PermissionError:
        raise SourceError(f"source: {path} may not be read. Check its permissions.") from None
    if magic.startswith(b"PK"):
        raise SourceError(
            f"source: {path.name} is a zip archive. Unpack it and give the log inside."
        )
    encoding = _encoding(plain)
    if encoding != "utf-8":
        decoded = folder / f"{name}.utf8"
        _transcode(plain, decoded, encoding)
        if plain != path:
            plain.unlink()
        plain = decoded
    lines, regular = _count(plain)
    return TextFile(plain, size, digest, encoding, lines, regular)


def file_digest(path: Path) -> str:
    """SHA-256 of a file, as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _unpacker(magic: bytes) -> Callable[[Path], Any] | None:
    if magic.startswith(b"\x1f\x8b"):
        return gzip.GzipFile
    if magic.startswith(b"BZh"):
        return bz2.BZ2File
    if magic.startswith(b"\xfd7zXZ\x00"):
        return lzma.LZMAFile
    return None


def _read(packed: IO[bytes], path: Path) -> bytes:
    try:
        return packed.read(_CHUNK)
    except (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile, OSError) as error:
        raise SourceError(
            f"source: {path.name} is a damaged archive ({error}). Copy or download it again."
        ) from error


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk


def _encoding(path: Path) -> str:
    """Encoding of the text: its mark, else UTF-8 where that fits, else Windows-1252."""
    with path.open("rb") as file:
        head = file.read(4096)
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF32_LE, "utf-32"),
        (codecs.BOM_UTF32_BE, "utf-32"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if head.startswith(mark):
            return encoding
    pairs = len(head) // 2
    if pairs > 4:
        if head[1::2].count(0) > 0.7 * pairs and head[::2].count(0) < 0.1 * pairs:
            return "utf-16-le"
        if head[::2].count(0) > 0.7 * pairs and head[1::2].count(0) < 0.1 * pairs:
            return "utf-16-be"
    return _eight_bit(path)


def _eight_bit(path: Path) -> str:
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    try:
        for chunk in _chunks(path):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        pass
    else:
        return "utf-8"
    # A few stray bytes among many good characters are damage, not another encoding.
    lenient = codecs.getincrementaldecoder("utf-8")("replace")
    good = bad = 0
    undefined = 0
    for chunk in _chunks(path):
        text = lenient.decode(chunk)
        broken = text.count("\ufffd")
        bad += broken
        good += len(text) - len(text.encode("ascii", "ignore")) - broken
        undefined += sum(chunk.count(byte) for byte in b"\x81\x8d\x8f\x90\x9d")
    if good > 10 * bad:
        return "utf-8-damaged"
    return "latin-1" if undefined else "cp1252"


def _transcode(source: Path, target: Path, encoding: str) -> None:
    codec = "utf-8" if encoding == "utf-8-damaged" else encoding
    with (
        source.open(encoding=codec, errors="replace", newline="") as text,
        storage_errors(target.parent),
        target.open("w", encoding="utf-8", errors="replace", newline="") as out,
    ):
        while chunk := text.read(_CHUNK):
            out.write(chunk)


def _count(path: Path) -> tuple[int, bool]:
    feeds = returns = pairs = nuls = 0
    last = b""
    blank_tail = 0
    for chunk in _chunks(path):
        feeds += chunk.count(b"\n")
        returns += chunk.count(b"\r")
        pairs += chunk.count(b"\r\n") + (last == b"\r" and chunk[:1] == b"\n")
        nuls += chunk.count(b"\0")
        text = chunk.rstrip(b"\r\n")
        tail = chunk[len(text) :].count(b"\n")
        blank_tail = tail if text else blank_tail + tail
        last = chunk[-1:]
    regular = nuls == 0 and (returns == 0 or returns == feeds == pairs)
    return feeds - blank_tail + 1 if last else 0, regular


def sniff_delimiter(sample: list[str], asked: str | None) -> str:
    """The sign between columns, read off the first lines; "space" for runs of blanks.

    The best sign is the one by which most records have as many columns as the first, two
    at least; of equals, the one with most columns.
    """
    if asked is not None:
        delimiter = _SPELLED.get(asked, asked)
        if delimiter != SPACE and len(delimiter) != 1:
            raise SourceError(
                f"delimiter: {asked!r} is not one character. Give one, or tab, or space for"
                " columns parted by blanks."
            )
        return delimiter
    scored = []
    for rank, delimiter in enumerate(_DELIMITERS):
        widths = list(_widths(sample, delimiter))
        scored.append((_agreement(widths), -rank, delimiter))
    if (best := max(scored))[0][0] > 0:
        return best[2]
    widths = [len(line.split()) for line in sample if line.strip()]
    return SPACE if _agreement(widths)[0] > 0.9 else ","


def _widths(sample: list[str], delimiter: str) -> Iterator[int]:
    try:
        yield from (len(record) for record in csv.reader(sample, delimiter=delimiter) if record)
    except csv.Error:
        # A quote that never closes: what was read before it decides.
        return


def _agreement(widths: list[int]) -> tuple[float, int]:
    if not widths or widths[0] < 2:
        return (0.0, 0)
    return (round(widths.count(widths[0]) / len(widths), 1), widths[0])


def open_lines(path: Path) -> IO[str]:
    """The UTF-8 text, to be read by lines; ends of lines are left on.

    Lines end with a line feed, after a carriage return or not; with a carriage return alone
    where the text has no line feed at all.
    """
    with path.open("rb") as file:
        head = file.read(_CHUNK)
    end = "\r" if b"\n" not in head and b"\r" in head else "\n"
    return path.open(encoding="utf-8", newline=end)


def whole_line(line: str) -> str:
    """The line with one plain end; a carriage return within it is a blank."""
    return line.rstrip("\r\n").replace("\r", " ") + "\n"


def first_lines(path: Path) -> list[str]:
    """The first lines of a UTF-8 text that are not blank, at most 256 of 100,000 characters."""
    lines: list[str] = []
    with open_lines(path) as file:
        for _ in range(10 * _SAMPLE):
            line = file.readline(100_000)
            if not line or len(lines) == _SAMPLE:
                break
            if line.strip():
                lines.append(whole_line(line))
    return lines
