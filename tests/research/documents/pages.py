"""Pages for tests, made from markup as the walk reads it."""

from __future__ import annotations

from datetime import UTC, datetime

from leadline.research.documents.walk import read_page
from leadline.research.model import Evidence, Page


def page(markup: str, url: str = "https://acme.com/") -> Page:
    return Page(
        url=url,
        snapshot_id=url,
        fetched_at=datetime(2026, 1, 2, tzinfo=UTC),
        body_sha256="",
        content=read_page(markup.encode(), "text/html; charset=utf-8", url),
    )


def evidence(**markup: str) -> Evidence:
    """One page for each keyword, at the path of that name ("home" stands at the root)."""
    return Evidence(
        pages=tuple(
            page(text, f"https://acme.com/{'' if name == 'home' else name.replace('__', '/')}")
            for name, text in markup.items()
        )
    )
