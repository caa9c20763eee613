"""A log in S3 or a store that speaks like it: copied into the working folder first."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from clv.core.errors import SourceError
from clv.data.engine import storage_errors

if TYPE_CHECKING:
    from pathlib import Path

_CHUNK = 8 << 20


def fetch(address: str, endpoint: str | None, folder: Path) -> tuple[list[Path], list[str]]:
    """Copy an object, or all objects under a prefix or glob, into `folder`.

    Credentials and region come from the usual places (environment, profile, role).

    Parameters
    ----------
    address : `s3://bucket/key`, `s3://bucket/prefix/` or `s3://bucket/prefix/*.csv`
    endpoint : address of a store other than Amazon's, as `http://localhost:9000`
    folder : where the copies go

    Returns
    -------
    paths of the copies, and the address of each, ordered by address

    Raises
    ------
    SourceError : no such object, no access, or no answer
    StorageError : a copy cannot be written
    """
    from pyarrow import fs

    key = address.removeprefix("s3://").rstrip("/")
    scheme, _, host = (endpoint or "").rpartition("://")
    try:
        store = fs.S3FileSystem(
            endpoint_override=host or None,
            scheme=scheme or "https",
            region=None if endpoint is None else "us-east-1",
            connect_timeout=10,
            request_timeout=60,
        )
        found = _objects(store, key)
    except OSError as error:
        raise SourceError(
            f"source: {address} cannot be read ({error}). Check bucket, key and credentials."
        ) from error
    if not found:
        raise SourceError(f"source: there is nothing at {address}. Check bucket and key.")
    paths = []
    for place, name in enumerate(found):
        target = folder / f"{place:05d}-{PurePosixPath(name).name}"
        try:
            stream = store.open_input_stream(name, compression=None)
        except OSError as error:
            raise SourceError(f"source: s3://{name} cannot be read ({error}).") from error
        with stream, storage_errors(folder), target.open("wb") as out:
            while block := stream.read(_CHUNK):
                out.write(block)
        paths.append(target)
    return paths, [f"s3://{name}" for name in found]


def _objects(store: Any, key: str) -> list[str]:
    from pyarrow import fs

    if any(sign in key for sign in "*?["):
        base = str(PurePosixPath(key).parent)
        listed = store.get_file_info(fs.FileSelector(base, allow_not_found=True))
        return sorted(i.path for i in listed if i.is_file and fnmatchcase(i.path, key))
    info = store.get_file_info(key)
    if info.type == fs.FileType.File:
        return [key]
    listed = store.get_file_info(fs.FileSelector(key, allow_not_found=True))
    return sorted(
        i.path for i in listed if i.is_file and not i.base_name.startswith((".", "_")) and i.size
    )
