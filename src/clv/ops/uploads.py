"""Files sent in: written as they come, there once they are whole, found by a random id only."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import unicodedata
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING

from clv.core.errors import UnknownUploadError, UploadError, UploadTooLargeError
from clv.data.engine import storage_errors

if TYPE_CHECKING:
    from clv.core.types import Json

FOLDER = "uploads"
#: Largest file taken unless told otherwise.
MOST_BYTES = 1 << 30
#: Endings that say which reader opens a file, and those of files packed around a text.
READ = (".csv", ".tsv", ".txt", ".parquet", ".xlsx", ".xlsm")
PACKED = (".gz", ".bz2", ".xz")
LONGEST_NAME = 100

_ID = re.compile(r"[0-9a-f]{32}")
_PARTIAL = ".partial-"


@dataclass(frozen=True)
class Upload:
    """A file that was sent in, whole.

    Attributes
    ----------
    name : as it was called, without anything that a file system could take amiss
    size : in bytes
    """

    upload_id: str
    name: str
    size: int
    path: Path
    received_at: datetime

    def to_json(self) -> Json:
        """What its sender may know: not where it lies."""
        return {
            "upload_id": self.upload_id,
            "name": self.name,
            "bytes": self.size,
            "received_at": self.received_at.isoformat(),
        }


class Receiving:
    """A file on its way in; `write` takes its pieces, and `upload` is it once all are there."""

    def __init__(self, file: IO[bytes], most: int) -> None:
        self._file, self._most = file, most
        self.size = 0
        self.upload: Upload | None = None

    def write(self, piece: bytes) -> None:
        """
        Raises
        ------
        UploadTooLargeError : the file is larger than is allowed
        """
        self.size += len(piece)
        if self.size > self._most:
            raise UploadTooLargeError(
                f"upload: the file is larger than {self._most:,} bytes. Pack it with gzip, write it"
                " as Parquet, or send it in parts."
            )
        self._file.write(piece)


@contextmanager
def receiving(home: Path, name: str, most: int = MOST_BYTES) -> Iterator[Receiving]:
    """Take a file in, piece by piece; left without error it is there, whole, else nothing is.

    Parameters
    ----------
    name : what the sender calls it; only its last part counts, and says which reader opens it
    most : bytes

    Raises
    ------
    UploadError : nothing reads files of that name, or the file is empty; UploadTooLargeError
    StorageError : the disk is full or may not be written
    """
    kept = safe_name(name)
    folder, upload_id = home / FOLDER, secrets.token_hex(16)
    partial, place = folder / f"{_PARTIAL}{upload_id}", folder / upload_id
    with storage_errors(folder):
        partial.mkdir(parents=True)
        try:
            with (partial / kept).open("wb") as file:
                coming = Receiving(file, most)
                yield coming
                if coming.size == 0:
                    raise UploadError(f"upload: {kept} is empty. Send the file's content as body.")
                file.flush()
                os.fsync(file.fileno())
            partial.rename(place)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    coming.upload = find(home, upload_id)


def find(home: Path, upload_id: str) -> Upload:
    """
    Raises
    ------
    UnknownUploadError : there is none of that id
    """
    place = home / FOLDER / upload_id
    # Only what looks like an id may become a part of a path.
    files = list(place.iterdir()) if _ID.fullmatch(upload_id) and place.is_dir() else []
    if len(files) != 1:
        raise UnknownUploadError(
            f"upload: there is none with the id {upload_id[:64]!r}. It may have been removed as"
            " old; send the file again."
        )
    about = files[0].stat()
    received = datetime.fromtimestamp(about.st_mtime, UTC)
    return Upload(upload_id, files[0].name, about.st_size, files[0], received)


def listed(home: Path) -> list[Upload]:
    """All of them, the newest first."""
    found = []
    for place in (home / FOLDER).glob("*"):
        try:
            found.append(find(home, place.name))
        except (UploadError, OSError):
            # On its way in or out just now.
            continue
    return sorted(found, key=lambda upload: (upload.received_at, upload.upload_id), reverse=True)


def remove(home: Path, upload_id: str) -> None:
    """
    Raises
    ------
    UnknownUploadError : there is none of that id
    """
    place = find(home, upload_id).path.parent
    # A name that is no id cannot be found any more while its files go.
    gone = place.with_name(f"{_PARTIAL}{upload_id}")
    place.rename(gone)
    shutil.rmtree(gone, ignore_errors=True)


def remove_old(home: Path, before: datetime, kept: Collection[str] = ()) -> int:
    """Remove those that came before a moment, and what senders left unfinished by then.

    Parameters
    ----------
    kept : ids of those still needed

    Returns
    -------
    how many were removed
    """
    old = [
        upload
        for upload in listed(home)
        if upload.received_at < before and upload.upload_id not in kept
    ]
    for upload in old:
        remove(home, upload.upload_id)
    for partial in (home / FOLDER).glob(f"{_PARTIAL}*"):
        if datetime.fromtimestamp(partial.stat().st_mtime, UTC) < before:
            shutil.rmtree(partial, ignore_errors=True)
    return len(old)


def safe_name(name: str) -> str:
    """The last part of a name, of letters, digits, dots, dashes and underscores.

    Raises
    ------
    UploadError : its ending is none that a reader knows
    """
    last = unicodedata.normalize("NFKC", name).replace("\\", "/").rsplit("/", 1)[-1]
    clean = re.sub(r"[^\w.-]", "_", last)
    # Of a name that is nothing but an ending, too, the ending counts.
    suffixes = [suffix.lower() for suffix in Path(f"log{clean}").suffixes]
    packed = bool(suffixes) and suffixes[-1] in PACKED
    told = "".join(suffixes[-2:] if packed else suffixes[-1:])
    ending = suffixes[-2] if packed and len(suffixes) > 1 else (suffixes or [""])[-1]
    if ending not in READ or (packed and ending not in READ[:3]):
        raise UploadError(
            f"upload: {clean[-LONGEST_NAME:] or 'a file without a name'} is of no kind that is"
            f" read. Known endings: {', '.join(READ)}; texts also packed, as .csv.gz."
        )
    stem = clean[: -len(told)].encode()[: LONGEST_NAME - len(told)].decode(errors="ignore")
    return (stem.strip("._-") or "log") + told
