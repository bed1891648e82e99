"""Models that run on this machine."""

from __future__ import annotations

from typing import NamedTuple

from msgspec import Struct


class Measured(Struct, frozen=True, rename="camel"):
    """What a run of ``leadline eval`` gave: questions asked, and answers that were right and wrong."""

    asked: int
    right: int
    wrong: int
    on: str  # the day, ISO 8601


class CatalogueEntry(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """A GGUF file that can be fetched. ``sha256`` is of the whole file; ``memory_gb`` is what it needs when it runs."""

    name: str
    file: str
    address: str
    bytes: int
    sha256: str
    licence: str
    languages: str
    context_tokens: int
    memory_gb: int
    measured: Measured | None = None


class LocalServer(NamedTuple):
    """A server of language models on loopback. ``provider`` is the word before the colon in LEADLINE_MODEL."""

    provider: str
    base_url: str
    models: tuple[str, ...]
