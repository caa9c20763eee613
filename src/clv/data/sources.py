"""What a log may be: a file, a folder, a glob, a spreadsheet, a table, a bucket, a word."""

from __future__ import annotations

import glob
from pathlib import Path
from typing import TYPE_CHECKING

from clv.core.errors import SourceError
from clv.data.bundled import CDNOW, cdnow_path
from clv.data.staging import Staged, stage_parquet, stage_text, staging_folder
from clv.data.textfile import file_digest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv.data.engine import Engine
    from clv.data.settings import IngestSettings

_EXCEL = (".xlsx", ".xlsm")
#: What a file begins with whose name ends so, and what such a file is called.
_PROMISED = {
    ".xlsx": (b"PK", "an Excel file"),
    ".xlsm": (b"PK", "an Excel file"),
    ".parquet": (b"PAR1", "a Parquet file"),
    ".gz": (b"\x1f\x8b", "packed with gzip"),
    ".bz2": (b"BZh", "packed with bzip2"),
    ".xz": (b"\xfd7zXZ", "packed with xz"),
}


def stage(source: str | Path, settings: IngestSettings, engine: Engine) -> Staged:
    """Bring a log into the engine, wherever it is.

    Raises
    ------
    SourceError : there is no such log, or it cannot be read
    """
    address = str(source)
    if address.startswith(("postgresql://", "postgres://", "sqlite:")):
        from clv.data.databases import stage_database

        return stage_database(address, settings, engine)
    if address.startswith("s3://"):
        from clv.data.buckets import fetch

        paths, names = fetch(address, settings.s3_endpoint, staging_folder(engine))
        return _stage_files(paths, settings, engine, names)
    if "://" in address:
        raise SourceError(
            f"source: {address.split('://')[0]}:// is not a place logs are read from. Give a file,"
            " a folder, a glob, postgresql://, sqlite:/// or s3://."
        )
    if address == CDNOW:
        return stage_text([cdnow_path()], settings, engine, [CDNOW])
    return _stage_files(_files(Path(address)), settings, engine)


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        found = sorted(
            file
            for file in path.iterdir()
            if file.is_file() and not file.name.startswith((".", "_"))
        )
        if not found:
            raise SourceError(f"source: the folder {path} holds no files.")
        return found
    if path.exists():
        return [path]
    matched = sorted(Path(name) for name in glob.glob(str(path)) if Path(name).is_file())  # noqa: PTH207
    if matched:
        return matched
    raise SourceError(
        f"source: there is no file, folder or glob {path}. Check the spelling, or give cdnow for"
        " the log that comes with the package."
    )


def _stage_files(
    paths: Sequence[Path], settings: IngestSettings, engine: Engine, names: Sequence[str] = ()
) -> Staged:
    kinds = {path: _kind(path) for path in paths}
    if len(set(kinds.values())) > 1:
        listed = ", ".join(f"{path.name} ({kind})" for path, kind in list(kinds.items())[:6])
        raise SourceError(
            f"source: files of several kinds cannot be read as one log: {listed}. Give a glob that"
            " matches one kind, as 'folder/*.csv'."
        )
    kind = kinds[paths[0]]
    if kind == "Parquet":
        return stage_parquet(paths, engine, file_digest, names)
    if kind == "Excel":
        from clv.data.spreadsheet import stage_excel

        return stage_excel(paths, settings, engine, names)
    return stage_text(paths, settings, engine, names)


def _kind(path: Path) -> str:
    try:
        with path.open("rb") as file:
            magic = file.read(8)
    except PermissionError:
        raise SourceError(f"source: {path} may not be read. Check its permissions.") from None
    except OSError as error:
        raise SourceError(f"source: {path} cannot be opened ({error.strerror}).") from None
    if magic.startswith(b"PAR1"):
        return "Parquet"
    if magic.startswith(b"PK") and path.suffix.lower() in _EXCEL:
        return "Excel"
    if magic.startswith(b"\xd0\xcf\x11\xe0"):
        raise SourceError(
            f"source: {path.name} is an Excel file of the old kind. Save it as .xlsx or .csv."
        )
    start, promised = _PROMISED.get(path.suffix.lower(), (b"", ""))
    if magic and not magic.startswith(start):
        raise SourceError(
            f"source: {path.name} is not {promised}, though its name ends in {path.suffix}. Copy"
            " or save it again, or give it the ending of what it is, as .csv."
        )
    return "text"
