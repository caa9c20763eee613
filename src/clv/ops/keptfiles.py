"""Files beside a log: just given, or as the folder of an earlier run has them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pyarrow as pa
import pyarrow.parquet as pq

from clv.core.errors import RunError
from clv.data.textfile import file_digest

if TYPE_CHECKING:
    from clv.core.types import Json
    from clv.data.tablefile import ReadTable
    from clv.ops.runs import Run

CUSTOMERS, SERIES = "customers", "series"
#: Where a run folder has them, as they were read.
KEPT = {CUSTOMERS: "beside-customers.parquet", SERIES: "beside-series.parquet"}


@dataclass(frozen=True)
class GivenFile:
    """
    Attributes
    ----------
    told : its entry of `clv.ops.beside.Files.inputs`
    """

    told: Json
    read: ReadTable

    @classmethod
    def of(cls, what: str, path: Path, read: ReadTable) -> Self:
        told = {
            "what": what,
            "path": str(path),
            "bytes": path.stat().st_size,
            "sha256": file_digest(path),
            "rows": read.table.num_rows,
            "columns": list(read.there),
        }
        return cls(told, read)

    @property
    def key(self) -> str:
        """What its content depends on."""
        return str(self.told["sha256"])

    def rows(self) -> pa.Table:
        return self.read.table


@dataclass(frozen=True)
class KeptFile:
    """
    Attributes
    ----------
    told : its entry of the run's `inputs`
    """

    place: Path
    told: Json

    @property
    def key(self) -> str:
        """What its content depends on."""
        return str(self.place)

    def rows(self) -> pa.Table:
        """
        Raises
        ------
        RunError : it is gone or broken
        """
        try:
            return pq.read_table(self.place)
        except (OSError, pa.ArrowInvalid) as error:
            why = "it is gone" if isinstance(error, FileNotFoundError) else str(error)
            raise RunError(
                f"run: {self.place} cannot be read: {why}. Run `clv run` again."
            ) from error

    def notices(self) -> tuple[str, ...]:
        """What there is to say where the file is another by now than the one that was kept."""
        what, path = self.told["what"], Path(self.told["path"])
        if not path.is_file() or file_digest(path) == self.told["sha256"]:
            return ()
        return (
            f"{what}: {path} has changed since the run was made, which knows it as it was then."
            f" Give it as --{what} to use it as it is now",
        )


def kept_files(run: Run) -> tuple[KeptFile, ...]:
    """What a run on a log knew besides the log."""
    learned = [told for told in run.manifest.get("inputs", []) if "what" in told]
    return tuple(KeptFile(run.folder / KEPT[told["what"]], told) for told in learned)
