"""The run folder: written beside its place, moved into it whole, found again, never half there."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, TextIO

import pyarrow as pa
import pyarrow.parquet as pq

from clv.core.errors import LostRunError, RunError, StorageError
from clv.core.types import AsOf, Json
from clv.data.engine import storage_errors

FORMAT = 1
#: What a manifest must hold to be read as a run.
NEEDED = frozenset({"format", "run_id", "as_of", "settings"})
MANIFEST = "manifest.json"
FORECASTS = "forecasts.parquet"
#: What is known of each customer by as_of, in the order of the forecasts, and the accepted log
#: itself, by customer and day: from these a customer can be shown, and scored again as orders
#: come in.
CUSTOMERS = "customers.parquet"
TRANSACTIONS = "transactions.parquet"
QUARANTINE = "quarantine.parquet"
LEADERBOARD = "leaderboard.json"
READINESS = "readiness.json"
REPORT = "report.html"
MODEL = "model"
#: Field of the manifest of a run that learned from a made-up shop.
MADE_UP = "made_up"
#: Names by which the newest run of CLV_HOME is meant.
NEWEST = ("latest", "champion")

_STAGING = ".{name}.partial-{mark}"
_LOCK = ".lock"


@dataclass(frozen=True)
class Run:
    """A finished run, read from its folder."""

    folder: Path

    @classmethod
    def open(cls, folder: Path) -> Run:
        """
        Raises
        ------
        RunError : no run there, or one of a newer format
        """
        run = cls(folder)
        run.require()
        if not isinstance(run.manifest, dict) or not run.manifest.keys() >= NEEDED:
            raise RunError(
                f"run: {folder / MANIFEST} is not a manifest of a run. Run `clv run` again."
            )
        if run.manifest["format"] != FORMAT:
            raise RunError(
                f"run: {folder} has format {run.manifest['format']}; this version reads"
                f" {FORMAT}. Run `clv run` again, or use the version that wrote it."
            )
        return run

    def require(self) -> None:
        """
        Raises
        ------
        RunError : its folder is gone, or never was one
        """
        if not (self.folder / MANIFEST).is_file():
            raise RunError(
                f"run: {self.folder} is not a run folder (it has no {MANIFEST})."
                " Give the folder that `clv run` printed."
            )

    @cached_property
    def manifest(self) -> Json:
        return self._json(MANIFEST)

    @cached_property
    def leaderboard(self) -> Json:
        return self._json(LEADERBOARD)

    @cached_property
    def readiness(self) -> Json:
        return self._json(READINESS)

    @property
    def as_of(self) -> AsOf:
        return AsOf.parse(self.manifest["as_of"])

    @property
    def model(self) -> Path:
        return self.folder / MODEL

    @property
    def transactions(self) -> Path:
        """The accepted log by customer, of a run on a log.

        Raises
        ------
        RunError : the run was made before runs kept their log
        """
        path = self.folder / TRANSACTIONS
        if not path.is_file():
            raise RunError(
                f"run: {self.folder} does not hold the log it was made from ({TRANSACTIONS}), as"
                " runs do since. Run `clv run` again."
            )
        return path

    @property
    def report(self) -> Path:
        return self.folder / REPORT

    def forecasts(self) -> pa.Table:
        return pq.read_table(self.folder / FORECASTS)

    def quarantine(self) -> pa.Table:
        return pq.read_table(self.folder / QUARANTINE)

    def _json(self, name: str) -> Json:
        try:
            content: Json = json.loads((self.folder / name).read_text())
        except (OSError, ValueError) as error:
            raise RunError(f"run: {self.folder / name} cannot be read ({error}).") from error
        return content


def new_run_id() -> str:
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


def find(name: str, home: Path) -> Run:
    """A run by folder, by id, or `latest`.

    Raises
    ------
    RunError : there is none
    """
    if name in NEWEST:
        pointer = home / "champion"
        if not pointer.is_file():
            raise RunError(
                f"run: there is none in {home} yet. Make one with `clv run LOG`; a run made with"
                " --out is named by its folder."
            )
        name = pointer.read_text().strip()
    inside = home / "runs" / name
    return Run.open(inside if inside.is_dir() and os.sep not in name else Path(name))


@contextmanager
def served() -> Iterator[None]:
    """Read in the block what the store points to: that it cannot be read is no asker's fault.

    Raises
    ------
    LostRunError : instead of a RunError
    """
    try:
        yield
    except RunError as error:
        raise LostRunError(
            f"run: the one that is published cannot be read. {error.message} Put its folder back,"
            " or publish another run with `clv publish RUN`."
        ) from error


def place_of(run_id: str, out: Path | None, home: Path) -> Path:
    """Where the run goes.

    Raises
    ------
    RunError : `out` holds something that is not a run, which is not ours to replace
    """
    if out is None:
        return home / "runs" / run_id
    if out.exists() and not (out / MANIFEST).is_file() and (out.is_file() or any(out.iterdir())):
        raise RunError(
            f"run: {out} exists and is not a run folder; nothing was touched."
            " Choose another --out, or empty it yourself."
        )
    return out


@contextmanager
def staging(place: Path) -> Iterator[Path]:
    """A folder to write a run into; on leaving without error it becomes `place`, whole.

    A former run at `place` is exchanged for the new one in a single step of the file
    system. A killed process leaves its staging folder behind, which nothing reads and the
    next run here removes; a locked file beside the folder tells that its process lives.
    """
    place = place.resolve()
    with storage_errors(place):
        place.parent.mkdir(parents=True, exist_ok=True)
        _sweep(place)
        folder = place.parent / _STAGING.format(name=place.name, mark=secrets.token_hex(4))
        lock_file = _lock_of(folder)
        with _opened(lock_file) as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            folder.mkdir()
            try:
                yield folder
                _flush(folder)
                _move(folder, place)
            finally:
                shutil.rmtree(folder, ignore_errors=True)
                lock_file.unlink(missing_ok=True)


def point_to(run_id: str, home: Path) -> None:
    """Make a run of CLV_HOME the one that `latest` means, in one step."""
    with storage_errors(home):
        fresh = home / f".champion-{secrets.token_hex(4)}"
        fresh.write_text(run_id + "\n")
        fresh.replace(home / "champion")


def write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False, default=str) + "\n")


def _move(folder: Path, place: Path) -> None:
    try:
        folder.rename(place)
    except OSError as error:
        if error.errno not in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):
            raise
        _exchange(folder, place)
    _flush_folder(place.parent)


def _exchange(one: Path, other: Path) -> None:
    """Swap two folders atomically; where the file system cannot, in two renames."""
    at_cwd, exchange = -100, 2
    renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if renameat2 is not None:
        done = renameat2(at_cwd, os.fsencode(one), at_cwd, os.fsencode(other), exchange)
        if done == 0:
            return
    former = _former(one)
    other.rename(former)
    one.rename(other)
    former.rename(one)


def _sweep(place: Path) -> None:
    """Remove staging folders of processes that are gone: theirs is the lock nobody holds."""
    pattern = _STAGING.format(name=_escaped(place.name), mark="*") + _LOCK
    for lock_file in place.parent.glob(pattern):
        with lock_file.open("r") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                continue
            folder = lock_file.with_name(lock_file.name.removesuffix(_LOCK))
            former = _former(folder)
            if former.exists() and not place.exists():
                former.rename(place)
            for left in (folder, former):
                shutil.rmtree(left, ignore_errors=True)
            lock_file.unlink(missing_ok=True)


def sweep(folder: Path) -> None:
    """Remove what killed processes left unfinished in a folder of runs."""
    pattern = _STAGING.format(name="*", mark="*") + _LOCK
    names = {path.name[1:].rsplit(".partial-", 1)[0] for path in folder.glob(pattern)}
    for name in names:
        _sweep(folder / name)


def _opened(lock_file: Path) -> TextIO:
    """The file, made; some folders of the system are there but take none."""
    try:
        return lock_file.open("w")
    except FileNotFoundError as error:
        raise StorageError(
            f"storage: {lock_file.parent} takes no files ({error.strerror}). Choose another folder."
        ) from error


def _lock_of(folder: Path) -> Path:
    return folder.with_name(folder.name + _LOCK)


def _former(folder: Path) -> Path:
    return folder.with_name(folder.name + "-former")


def _escaped(name: str) -> str:
    return "".join(f"[{c}]" if c in "*?[" else c for c in name)


def _flush(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
    _flush_folder(folder)


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
