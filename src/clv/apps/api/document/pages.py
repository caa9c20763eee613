"""The OpenAPI document and the two pages that show it. They load nothing from elsewhere."""

from __future__ import annotations

import mimetypes
from functools import cache
from importlib import resources

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from clv.apps.api.edge.declare import needs

router = APIRouter(include_in_schema=False)

_KEPT = {"cache-control": "public, max-age=3600"}
#: What a page may load and do: its own files. Both write styles into the page, ReDoc searches in
#: a worker it makes of a blob.
_MAY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    " font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'"
)
_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>clv: {title}</title>
<link rel="icon" type="image/png" href="static/favicon.png">
<style>body {{ margin: 0 }}</style>
{head}</head>
<body>
{body}
</body>
</html>
"""
_SWAGGER = _PAGE.format(
    title="try the API",
    head='<link rel="stylesheet" href="static/swagger-ui.css">\n',
    body='<div id="swagger-ui"></div>\n<script src="static/swagger-ui-bundle.js"></script>\n'
    '<script src="static/swagger-init.js"></script>',
)
_REDOC = _PAGE.format(
    title="the API",
    head="",
    body='<redoc spec-url="openapi.json"></redoc>\n'
    '<script src="static/redoc.standalone.js"></script>',
)
_FILES = frozenset(
    {
        "favicon.png",
        "redoc.standalone.js",
        "swagger-init.js",
        "swagger-ui-bundle.js",
        "swagger-ui.css",
    }
)


@router.get("/api/openapi.json")
@needs(None)
async def openapi(request: Request) -> Response:
    return Response(request.app.document, media_type="application/json")


@router.get("/api/docs")
@needs(None)
async def docs() -> Response:
    return _page(_SWAGGER)


@router.get("/api/redoc")
@needs(None)
async def redoc() -> Response:
    return _page(_REDOC)


@router.get("/api/static/{name}")
@needs(None, quiet=True)
async def static(name: str) -> Response:
    if name not in _FILES:
        raise HTTPException(404)
    return Response(_content(name), media_type=mimetypes.guess_type(name)[0], headers=_KEPT)


def _page(text: str) -> Response:
    return Response(
        text, media_type="text/html", headers={**_KEPT, "content-security-policy": _MAY}
    )


@cache
def _content(name: str) -> bytes:
    return (resources.files("clv.apps.api.document") / "static" / name).read_bytes()
