"""What the API says of itself: where to go, its document, the page to try it on, whether it is well, what it
counted.
"""

from __future__ import annotations

import asyncio
from importlib.resources import files
from typing import NamedTuple

import msgspec
from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.response.base import ASGIResponse

from leadline.api.metrics import Metrics
from leadline.api.mounting import AnyRequest, PreparedResponse, json_response, text_response
from leadline.foundation.database import Database
from leadline.foundation.errors import DatabaseUnavailable, NotFound
from leadline.wire.answers import Text
from leadline.wire.calls import PublicCall
from leadline.wire.operations import YAML, Answer, Operations

READY_SECONDS = 3.0
_TYPES = {".js": "text/javascript", ".css": "text/css", ".html": "text/html"}
_ASSETS = ("swagger-ui-bundle.js", "swagger-ui.css", "start.js")
# The page loads nothing from elsewhere and calls nobody but this server.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

_HARDENED = {
    "content_security_policy": _POLICY,
    "x_content_type_options": "nosniff",
    "referrer_policy": "no-referrer",
}


class Pages(NamedTuple):
    """``document`` is the OpenAPI document as YAML."""

    document: bytes


operations = Operations[Pages]("Meta")


@operations.get(
    "/v1/openapi.yaml",
    id="getOpenApiDocument",
    summary="This API's OpenAPI document",
    answers={200: Answer("YAML.", media_type=YAML)},
)
async def get_document(pages: Pages, call: PublicCall) -> Text:
    return Text(pages.document)


def page_routes(database: Database, metrics: Metrics, prefix: str, version: str) -> list[HTTPRouteHandler]:
    """What is no operation of the contract. ``prefix``: of the paths, as a browser sees them."""
    folder = files("leadline.api") / "docs_page"
    assets = {name: (folder / name).read_bytes() for name in ("index.html", *_ASSETS)}
    places = {
        "documentation": f"{prefix}/docs",
        "openapi": f"{prefix}/v1/openapi.yaml",
        "health": f"{prefix}/healthz",
    }
    welcome = (folder / "welcome.html").read_text(encoding="utf-8")
    for name, value in (*places.items(), ("version", version)):
        welcome = welcome.replace(f"{{{name}}}", value)
    welcome_html = welcome.encode()
    welcome_json = msgspec.json.encode({"name": "Leadline", "version": version, **places})

    @get("/", include_in_schema=False)
    async def index(request: AnyRequest) -> ASGIResponse:
        if "text/html" in request.headers.get("accept", ""):
            return text_response(welcome_html, "text/html; charset=utf-8", **_HARDENED)
        return json_response(welcome_json)

    @get("/docs", include_in_schema=False)
    async def docs(request: AnyRequest) -> ASGIResponse:
        if request.scope["raw_path"].endswith(b"/"):  # its relative addresses would lead nowhere
            return PreparedResponse(307, [(b"location", b"../docs")], b"")
        return text_response(assets["index.html"], "text/html", **_HARDENED)

    @get("/docs/{name:str}", include_in_schema=False)
    async def docs_asset(request: AnyRequest) -> ASGIResponse:
        name = request.scope["path_params"]["name"]
        if name not in _ASSETS:
            raise NotFound("There is no such file.")
        suffix = name[name.rindex(".") :]
        return text_response(
            assets[name], _TYPES[suffix], cache_control="max-age=3600", x_content_type_options="nosniff"
        )

    @get("/healthz", include_in_schema=False)
    async def healthz(request: AnyRequest) -> ASGIResponse:
        return json_response(b'{"status":"ok"}')

    @get("/readyz", include_in_schema=False)
    async def readyz(request: AnyRequest) -> ASGIResponse:
        try:
            await asyncio.wait_for(database.fetchval("select 1", idempotent=True), READY_SECONDS)
        except TimeoutError:
            raise DatabaseUnavailable from None
        return json_response(b'{"status":"ready"}')

    @get("/metrics", include_in_schema=False)
    async def counted(request: AnyRequest) -> ASGIResponse:
        return text_response(metrics.text(), "text/plain; version=0.0.4")

    return [index, docs, docs_asset, healthz, readyz, counted]
