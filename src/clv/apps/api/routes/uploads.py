"""Files sent in, for training."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from clv.apps.api.answers.encoding import answer
from clv.apps.api.edge.declare import needs
from clv.apps.api.edge.receiving import received
from clv.apps.api.edge.recording import record
from clv.apps.api.schemas.uploads import Removed, Uploads, UploadTold
from clv.apps.api.services.wiring import change, services
from clv.ops import uploads

router = APIRouter(tags=["uploads"])

_MOST_LISTED = 1000
_UPLOAD = "/api/uploads/{upload_id}"
UploadId = Annotated[
    str,
    Path(
        max_length=64,
        description="As the file was answered with.",
        examples=["0a1b2c3d4e5f60718293a4b5c6d7e8f9"],
    ),
]
_FILE = {"type": "string", "format": "binary"}


@router.post(
    "/api/uploads",
    response_model=UploadTold,
    status_code=201,
    operation_id="upload",
    summary="Send a file to learn from",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/octet-stream": {"schema": _FILE}},
        }
    },
)
@needs("train", upload=True, problems=(413, 507), action="upload")
async def upload(
    request: Request,
    name: Annotated[
        str,
        Query(
            min_length=1,
            max_length=255,
            description="What the file is called; its ending says how it is read: .csv, .tsv,"
            " .txt (also .gz, .bz2, .xz), .parquet, .xlsx.",
            examples=["orders.csv"],
        ),
    ],
) -> Response:
    """The body is the file itself, up to CLV_UPLOAD_LIMIT: with curl, `--data-binary @orders.csv`
    and `-H 'Content-Type: application/octet-stream'`.
    """
    here = services(request).settings
    made = await received(request, here.home, name, int(here.upload_limit))
    await record(request, "upload", made.upload_id, {"bytes": made.size})
    return answer(made.to_json(), 201, {"location": f"/api/uploads/{made.upload_id}"})


@router.get(
    "/api/uploads",
    response_model=Uploads,
    operation_id="list_uploads",
    summary="Files that were sent in",
)
@needs("train")
async def list_uploads(request: Request) -> Response:
    found = await change(uploads.listed, services(request).settings.home)
    told = [one.to_json() for one in found[:_MOST_LISTED]]
    return answer({"uploads": told, "count": len(told)})


@router.get(
    _UPLOAD, response_model=UploadTold, operation_id="get_upload", summary="A file that was sent in"
)
@needs("train", problems=(404,))
async def get_upload(request: Request, upload_id: UploadId) -> Response:
    found = await change(uploads.find, services(request).settings.home, upload_id)
    return answer(found.to_json())


@router.delete(
    _UPLOAD, response_model=Removed, operation_id="remove_upload", summary="Remove a file"
)
@needs("train", problems=(404,), action="upload.remove")
async def remove_upload(request: Request, upload_id: UploadId) -> Response:
    await change(uploads.remove, services(request).settings.home, upload_id)
    await record(request, "upload.remove", upload_id)
    return answer({"upload_id": upload_id, "removed": True})
