"""The page shapes of the contract (section 5): which operation has which is the contract's, not ours to unify."""

from __future__ import annotations

from typing import Annotated, Generic, Self, TypeVar

from msgspec import Meta, Struct

T = TypeVar("T")
MOST_OFFSET = 2**62
"""PostgreSQL refuses much larger ones; beyond this there are no rows anyway."""

PageSize25 = Annotated[int, Meta(ge=1, le=25, description="Page size.")]
PageSize100 = Annotated[int, Meta(ge=1, le=100, description="Page size.")]
Offset = Annotated[int, Meta(ge=0, description="Rows to skip.")]


class ResultsPage(Struct, Generic[T]):
    """One page, as signals, logs and summaries are listed."""

    results: list[T]
    total: Annotated[int, Meta(description="Rows matching in all pages.")]
    limit: int
    offset: int
    count: Annotated[int, Meta(description="Rows in this page.")]

    @classmethod
    def of(cls, results: list[T], total: int, limit: int, offset: int) -> Self:
        return cls(results, total, limit, offset, len(results))


class ItemsPage(Struct, Generic[T], rename="camel"):
    """One page, as templates, subscriptions, lists and their members are listed."""

    items: list[T]
    total: Annotated[int, Meta(description="Rows matching in all pages.")]
    limit: int
    offset: int
    has_more: bool

    @classmethod
    def of(cls, items: list[T], total: int, limit: int, offset: int) -> Self:
        return cls(items, total, limit, offset, offset + len(items) < total)
