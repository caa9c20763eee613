"""Folders to and from S3, or a folder elsewhere; archives of models without surprises."""

from __future__ import annotations

import secrets
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from clv.core.errors import DependencyError, RunError, SourceError, StorageError
from clv.data.engine import storage_errors
from clv.ops import runs
from clv.ops.keptfiles import KEPT

ARCHIVE = "model.tar.gz"
S3 = "s3://"

#: What a model is made of, and what putting it there leaves when killed.
_OURS = frozenset(
    {
        *(runs.MANIFEST, runs.FORECASTS, runs.CUSTOMERS, runs.TRANSACTIONS, runs.QUARANTINE),
        *(runs.LEADERBOARD, runs.READINESS, runs.REPORT, runs.MODEL, *KEPT.values(), ARCHIVE),
    }
)
_PARTIAL = ".partial-"


def client(service: str, endpoint: str | None, region: str | None = None) -> Any:
    """A client of one of Amazon's services, or of one that speaks like it.

    Raises
    ------
    DependencyError : boto3 is not installed
    """
    try:
        import boto3
    except ModuleNotFoundError:
        raise DependencyError("boto3 is not installed: pip install 'clv[aws]'") from None
    return boto3.client(service, endpoint_url=endpoint, region_name=region)


def is_s3(address: str) -> bool:
    return address.startswith(S3)


def require_place(address: str, endpoint: str | None) -> None:
    """Whether a model can go to an address, as far as can be told before there is one.

    Raises
    ------
    SourceError : it names no bucket
    StorageError : there is no such bucket, or the folder holds what is none of a model
    DependencyError : boto3 is not installed
    """
    if is_s3(address):
        bucket, _ = _parts(address)
        with _of_s3(address):
            _require_bucket(client("s3", endpoint), address, bucket)
        return
    place = Path(address)
    with storage_errors(place):
        there = {path.name for path in place.iterdir()} if place.is_dir() else set()
        strange = sorted(n for n in there - _OURS if not n.startswith(_PARTIAL))
    if place.is_file() or (strange and runs.MANIFEST not in there):
        what = "is a file" if place.is_file() else f"holds {strange[0]}, which is none of a model"
        raise StorageError(
            f"storage: {address} {what}; nothing was touched. Choose another folder, or empty it"
            " yourself."
        )


def put(folder: Path, address: str, endpoint: str | None) -> list[str]:
    """Copy a run's files to an address, and an archive of them beside, which comes last.

    Parameters
    ----------
    address : s3://bucket/prefix, or a folder

    Returns
    -------
    addresses of what was written

    Raises
    ------
    StorageError : it cannot be written
    """
    # A folder without a manifest is no run: half of one is never taken for the whole.
    files = sorted(
        (path for path in folder.rglob("*") if path.is_file()),
        key=lambda path: (path.name == runs.MANIFEST, path),
    )
    if not is_s3(address):
        return _copied(folder, files, Path(address))
    bucket, prefix = _parts(address)
    archive = _packed(folder, files, folder.parent / ARCHIVE)
    keys = [prefix + path.relative_to(folder).as_posix() for path in files] + [prefix + ARCHIVE]
    with _of_s3(address):
        store = client("s3", endpoint)
        for path, key in zip([*files, archive], keys, strict=True):
            store.upload_file(str(path), bucket, key)
    archive.unlink()
    return [f"{S3}{bucket}/{key}" for key in keys]


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a model's archive: plain files within the folder, and nothing else.

    Raises
    ------
    RunError : it is none, or holds a link, a device or a path out of the folder
    """
    try:
        with tarfile.open(archive, "r:gz") as packed:
            for member in packed:
                path = PurePosixPath(member.name)
                if (
                    path.is_absolute()
                    or ".." in path.parts
                    or not (member.isreg() or member.isdir())
                ):
                    raise RunError(
                        f"model: {archive} cannot be unpacked: {member.name!r} is no plain file"
                        " within it. Pack the files of a run, and nothing else."
                    )
                target = folder / path
                (target if member.isdir() else target.parent).mkdir(parents=True, exist_ok=True)
                content = packed.extractfile(member)
                if content is not None:
                    with content, target.open("wb") as file:
                        shutil.copyfileobj(content, file)
    except (tarfile.TarError, OSError, EOFError, ValueError) as error:
        raise RunError(f"model: {archive} cannot be unpacked ({error}).") from error


def _packed(folder: Path, files: list[Path], archive: Path) -> Path:
    with storage_errors(archive), tarfile.open(archive, "w:gz") as packed:
        for path in files:
            packed.add(path, path.relative_to(folder).as_posix())
    return archive


def _copied(folder: Path, files: list[Path], place: Path) -> list[str]:
    """The files in a folder, in place of those of a former model.

    The folder may be a volume, which cannot be exchanged whole: all is copied beside and then
    moved in, each in one step.
    """
    with storage_errors(place):
        place.mkdir(parents=True, exist_ok=True)
        for left in place.glob(f"{_PARTIAL}*"):
            shutil.rmtree(left, ignore_errors=True)
        partial = place / f"{_PARTIAL}{secrets.token_hex(4)}"
        fresh, former = partial / "fresh", partial / "former"
        former.mkdir(parents=True)
        try:
            for path in files:
                target = fresh / path.relative_to(folder)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)
            _packed(folder, files, fresh / ARCHIVE)
            for name in sorted(_OURS, key=lambda name: name != runs.MANIFEST):
                if (place / name).exists():
                    (place / name).rename(former / name)
            last = (runs.MANIFEST, ARCHIVE)
            for name in sorted(path.name for path in fresh.iterdir() if path.name not in last):
                (fresh / name).rename(place / name)
            for name in last:
                (fresh / name).rename(place / name)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    return [*(str(place / path.relative_to(folder)) for path in files), str(place / ARCHIVE)]


def _require_bucket(store: Any, address: str, bucket: str) -> None:
    from botocore.exceptions import ClientError

    try:
        store.head_bucket(Bucket=bucket)
    except ClientError as error:
        # Who may write into a bucket need not be allowed to look at it.
        if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") == 404:
            raise StorageError(
                f"storage: {address} cannot be written: there is no bucket {bucket!r}. Make it"
                " first, or name another."
            ) from None


@contextmanager
def _of_s3(address: str) -> Iterator[None]:
    """What the store says, as an error of the tree."""
    try:
        yield
    except OSError as error:
        raise _unwritten(address, error) from error
    except Exception as error:
        # Of libraries that may not be there to be named.
        if type(error).__module__.partition(".")[0] not in ("boto3", "botocore", "s3transfer"):
            raise
        raise _unwritten(address, error) from error


def _unwritten(address: str, error: Exception) -> StorageError:
    return StorageError(
        f"storage: {address} cannot be written ({error}). Check bucket, region and credentials."
    )


def _parts(address: str) -> tuple[str, str]:
    bucket, _, prefix = address.removeprefix(S3).partition("/")
    if not bucket:
        raise SourceError(f"storage: {address} names no bucket. Write s3://bucket/prefix.")
    return bucket, f"{prefix.strip('/')}/" if prefix.strip("/") else ""
