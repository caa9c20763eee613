"""A file on its way in, from the body of a request to the disk, never whole in memory."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path

from starlette.requests import Request

from clv.apps.api.services.wiring import change
from clv.ops import uploads
from clv.ops.uploads import Upload

#: Bytes written at once.
_LOT = 1 << 20


async def received(request: Request, home: Path, name: str, most: int) -> Upload:
    """The file, once it is on the disk.

    Raises
    ------
    UploadError : nothing reads files of that name, it is empty, or larger than allowed
    StorageError : the disk is full or may not be written
    """
    held = ExitStack()
    coming = await change(held.enter_context, uploads.receiving(home, name, most))
    waiting = bytearray()
    try:
        async for piece in request.stream():
            waiting += piece
            if len(waiting) >= _LOT:
                await change(coming.write, bytes(waiting))
                waiting.clear()
        await change(coming.write, bytes(waiting))
    except BaseException:
        # What came of it so far is removed, whoever broke it off.
        held.__exit__(*sys.exc_info())
        raise
    await change(held.close)
    assert coming.upload is not None
    return coming.upload
