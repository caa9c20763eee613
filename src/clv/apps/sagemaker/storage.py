"""Folders to and from S3, or a folder elsewhere; archives of models without surprises."""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path
from typing import Any

from clv.core.errors import DependencyError, RunError, SourceError, StorageError
from clv.data.engine import storage_errors

ARCHIVE = "model.tar.gz"
S3 = "s3://"


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


def put(folder: Path, address: str, endpoint: str | None) -> list[str]:
    """Copy a folder's files to an address, and an archive of them beside.

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
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    archive = folder.parent / ARCHIVE
    with tarfile.open(archive, "w:gz") as packed:
        for path in files:
            packed.add(path, path.relative_to(folder).as_posix())
    try:
        if not is_s3(address):
            return _copied(folder, files, archive, Path(address))
        from botocore.exceptions import BotoCoreError, ClientError

        bucket, prefix = _parts(address)
        try:
            store = client("s3", endpoint)
            keys = [f"{prefix}{path.relative_to(folder).as_posix()}" for path in files]
            for path, key in zip([*files, archive], [*keys, f"{prefix}{ARCHIVE}"], strict=True):
                store.upload_file(str(path), bucket, key)
        except (BotoCoreError, ClientError, OSError) as error:
            raise StorageError(
                f"storage: {address} cannot be written ({error}). Check bucket and credentials."
            ) from error
        except Exception as error:
            # What moving files in parallel raises is of a kind of its own.
            if type(error).__name__ != "S3UploadFailedError":
                raise
            raise StorageError(
                f"storage: {address} cannot be written ({error}). Check bucket and credentials."
            ) from error
        return [f"{S3}{bucket}/{key}" for key in [*keys, f"{prefix}{ARCHIVE}"]]
    finally:
        archive.unlink(missing_ok=True)


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a model's archive: plain files within the folder, and nothing else.

    Raises
    ------
    RunError : it is none, or holds a link, a device or a path out of the folder
    """
    try:
        with tarfile.open(archive, "r:gz") as packed:
            packed.extractall(folder, filter="data")
    except (tarfile.TarError, OSError, EOFError) as error:
        raise RunError(f"model: {archive} cannot be unpacked ({error}).") from error


def _copied(folder: Path, files: list[Path], archive: Path, place: Path) -> list[str]:
    written = []
    with storage_errors(place):
        for path in files:
            target = place / path.relative_to(folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
            written.append(str(target))
        shutil.copyfile(archive, place / ARCHIVE)
    return [*written, str(place / ARCHIVE)]


def _parts(address: str) -> tuple[str, str]:
    bucket, _, prefix = address.removeprefix(S3).partition("/")
    if not bucket:
        raise SourceError(f"storage: {address} names no bucket. Write s3://bucket/prefix.")
    return bucket, f"{prefix.strip('/')}/" if prefix.strip("/") else ""
