"""Answers that went well."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar.response.base import ASGIResponse


def json_answer(body: bytes, status: int = 200) -> ASGIResponse:
    """An answer whose JSON is written already."""
    return ASGIResponse(body=body, status_code=status)


def encoded(value: Any, status: int = 200) -> ASGIResponse:
    """An answer with this value as JSON."""
    return json_answer(msgspec.json.encode(value), status)


def text_answer(body: bytes, media_type: str, **headers: str) -> ASGIResponse:
    """An answer of another kind; underscores of header names become hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return ASGIResponse(body=body, media_type=media_type, headers=named)
