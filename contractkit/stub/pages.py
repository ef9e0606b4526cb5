"""The document itself and Swagger UI, served from this process: no page asks another host for anything."""

from collections.abc import Awaitable, Callable, Iterator
from html import escape
from pathlib import Path

import orjson
import swagger_ui_bundle
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

from contractkit.stub.document import Document

ASSETS = {"swagger-ui.css": "text/css", "swagger-ui-bundle.js": "text/javascript", "favicon-32x32.png": "image/png"}
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
<link rel="icon" href="{docs}/favicon-32x32.png">
<link rel="stylesheet" href="{docs}/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="{docs}/swagger-ui-bundle.js"></script>
<script>SwaggerUIBundle({{url: "{spec}", dom_id: "#swagger-ui", deepLinking: true, validatorUrl: null}})</script>
</body>
</html>
"""


def pages(document: Document, *, docs_path: str, spec_path: str) -> Iterator[Route]:
    """The routes of the document as JSON, of the page, and of the files that the page needs."""
    content = orjson.dumps(document.raw)
    title = str(document.raw.get("info", {}).get("title", "API"))
    page = PAGE.format(title=escape(title), docs=escape(docs_path), spec=escape(spec_path))

    async def spec(_request: Request) -> Response:
        return Response(content, media_type="application/json")

    async def docs(_request: Request) -> Response:
        return HTMLResponse(page)

    yield Route(spec_path, spec)
    yield Route(docs_path, docs)
    for name, media_type in ASSETS.items():
        yield Route(f"{docs_path}/{name}", _asset(Path(swagger_ui_bundle.swagger_ui_path) / name, media_type))


def _asset(path: Path, media_type: str) -> Callable[[Request], Awaitable[Response]]:
    async def asset(_request: Request) -> Response:
        return FileResponse(path, media_type=media_type)

    return asset
