"""The engine that tables live in: DuckDB in process, spilling to disk, spoken to through Ibis.

Raw SQL stays inside `clv.data`; floors above it build Ibis expressions only.
"""

from __future__ import annotations

import errno
import os
import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self

from clv.core.errors import ClvError, StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import ibis.expr.types as ir
    import pyarrow as pa

_UNWRITABLE = {errno.EACCES, errno.EPERM, errno.EROFS}
_FULL = {errno.ENOSPC, errno.EDQUOT}
_FULL_WORDS = ("no space left", "disk quota exceeded", "max_temp_directory_size")
_UNWRITABLE_WORDS = ("permission denied", "read-only file system")
_NO_PLACE_WORDS = {
    "no such file or directory": errno.ENOENT,
    "not a directory": errno.ENOTDIR,
    "is a directory": errno.EISDIR,
    "file exists": errno.EEXIST,
}
_NO_PLACE = set(_NO_PLACE_WORDS.values())


class Engine(Protocol):
    """What an engine offers to the floors above, whichever it is."""

    folder: Path

    @property
    def ibis(self) -> Any:
        """The Ibis connection that holds every table of the run."""
        ...

    def sql(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run a statement in the engine's own dialect. For `clv.data` only."""
        ...

    def write_parquet(self, table: ir.Table, path: Path) -> None:
        """Write a table or expression, in its own order, to one Parquet file."""
        ...

    def close(self) -> None:
        """Let go of the tables and of the disk they use."""
        ...


@contextmanager
def storage_errors(folder: Path) -> Iterator[None]:
    """Turn a full, forbidden or missing place into `StorageError`; let every other error pass.

    A file that is missing elsewhere than on the way to `folder` is somebody's input, not a
    place to write to, and passes.

    Parameters
    ----------
    folder : where is written; named in the message

    Raises
    ------
    StorageError : no space left, no right to write, or a file where a folder should be
    """
    try:
        yield
    except ClvError:
        raise
    except Exception as error:
        # Libraries wrap the refusal of the system in errors of their own, or meet another
        # while cleaning up: the first in the chain that tells of the disk counts.
        for found in _chain(error):
            words = str(found).lower()
            number = getattr(found, "errno", None)
            if number in _FULL or any(told in words for told in _FULL_WORDS):
                raise _full(folder, str(found)) from error
            if number in _UNWRITABLE or any(told in words for told in _UNWRITABLE_WORDS):
                raise _unwritable(folder, str(found)) from error
            if told := _no_place(folder, found):
                raise StorageError(told) from error
        raise


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _no_place(folder: Path, error: BaseException) -> str:
    """What is wrong with the place to write to; empty where the error is about another one."""
    words = str(error).lower()
    spoken = next((n for told, n in _NO_PLACE_WORDS.items() if told in words), None)
    number = getattr(error, "errno", None) or spoken
    named = getattr(error, "filename", None)
    if not isinstance(named, str | bytes | os.PathLike):
        quoted = re.search(r"""(["'])(.+?)\1""", str(error))
        named = quoted[2] if quoted else None
    if number not in _NO_PLACE or named is None:
        return ""
    folder, place = folder.absolute(), Path(os.fsdecode(named)).absolute()
    above, below = place == folder or place in folder.parents, folder in place.parents
    if not above and not (
        below and (number in (errno.EISDIR, errno.EEXIST) or not folder.is_dir())
    ):
        return ""
    if blocked := next((p for p in (place, *place.parents) if p.exists() and not p.is_dir()), None):
        return f"storage: {blocked} is not a folder, so nothing can be written into it."
    if number == errno.EISDIR:
        return (
            f"storage: {place} is a folder, so no file can be written there. Choose another name."
        )
    return f"storage: {place} cannot be made ({error}). Choose another folder."


def _full(folder: Path, detail: str) -> StorageError:
    return StorageError(
        f"storage: no space left on the disk of {folder}. Free some, or choose a folder on"
        f" another disk. ({detail.splitlines()[0]})"
    )


def _unwritable(folder: Path, detail: str) -> StorageError:
    return StorageError(
        f"storage: {folder} may not be written or read. Check its permissions, or choose"
        f" another folder. ({detail.splitlines()[0]})"
    )


class DuckDBEngine:
    """DuckDB with its tables in a file of the working folder, so that memory stays bounded.

    Parameters
    ----------
    folder : working folder, made if absent; the database and what spills from memory go there
    memory_limit : most memory DuckDB may use, as "3GB"; None leaves DuckDB's own limit
    threads : threads used; None means all cores

    Raises
    ------
    StorageError : the folder cannot be made or written
    """

    def __init__(
        self, folder: Path, memory_limit: str | None = None, threads: int | None = None
    ) -> None:
        import ibis

        self.folder = folder
        self._database = folder / "tables.duckdb"
        # A file that was read before may have been written anew under its name since.
        settings: dict[str, Any] = {
            "temp_directory": str(folder / "spill"),
            "enable_external_file_cache": False,
        }
        if memory_limit is not None:
            settings["memory_limit"] = memory_limit
        if threads is not None:
            settings["threads"] = threads
        with storage_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
            self._ibis = ibis.duckdb.connect(self._database, **settings)

    @property
    def ibis(self) -> Any:
        return self._ibis

    def sql(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with storage_errors(self.folder):
            rows: list[tuple[Any, ...]] = self._ibis.con.execute(
                statement, list(parameters)
            ).fetchall()
        return rows

    def arrow(self, statement: str) -> pa.Table:
        """What a statement in the engine's own dialect yields."""
        with storage_errors(self.folder):
            return self._ibis.con.execute(statement).to_arrow_table()

    def write_parquet(self, table: ir.Table, path: Path) -> None:
        with storage_errors(path.parent):
            self._ibis.to_parquet(table, path)

    def close(self) -> None:
        self._ibis.disconnect()
        self._database.unlink(missing_ok=True)
        self._database.with_suffix(".duckdb.wal").unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
