"""Answers that went well."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

_JSON = (b"content-type", b"application/json")


class Ready(ASGIResponse):
    """An answer of which everything is known: no headers are collected and checked again for each request."""

    def __init__(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        # What the parent prepares is not needed: it is our parent so that the framework passes us through.
        self.status_code = status
        self.body = body
        self._ready = [*headers, (b"content-length", b"%d" % len(body))]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self._ready})
        await send({"type": "http.response.body", "body": self.body, "more_body": False})


def json_answer(body: bytes, status: int = 200) -> ASGIResponse:
    """An answer whose JSON is written already."""
    return Ready(status, [_JSON], body)


def encoded(value: Any, status: int = 200) -> ASGIResponse:
    """An answer with this value as JSON."""
    return json_answer(msgspec.json.encode(value), status)


def text_answer(body: bytes, media_type: str, **headers: str) -> ASGIResponse:
    """An answer of another kind; underscores of header names become hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return ASGIResponse(body=body, media_type=media_type, headers=named)
