"""Stored pages as a person looks at them, opened at the words that an answer quotes.

The document is written for a browser that may not trust it: what stands in it of the page is only escaped words in plain
elements (``research.documents.showing``), and its policy lets it load and run nothing, in a file on disk as well.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from html import escape
from typing import NamedTuple, Protocol
from uuid import UUID

import msgspec

from leadline.evidence.service import ShownSnapshot, StoredLibrary
from leadline.foundation.database import Database
from leadline.foundation.errors import InvalidInput, NotFound
from leadline.research.documents.marking import QUOTE
from leadline.research.model import Marked, Source
from leadline.signals import repository
from leadline.wire.fields import wire_time

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
_STYLE = """
:root { color-scheme: light; }
body { margin: 0; background: #fff; color: #1a1a1a; font: 16px/1.5 system-ui, sans-serif; }
header.leadline { position: sticky; top: 0; background: #f2f4f7; border-bottom: 1px solid #c8ced6; padding: .75rem 1.25rem; font-size: 13px; }
header.leadline p { margin: .1rem 0; overflow-wrap: anywhere; }
header.leadline strong { font-size: 15px; }
main.leadline { max-width: 60rem; margin: 0 auto; padding: 1rem 1.25rem 60vh; overflow-wrap: anywhere; }
main.leadline table { border-collapse: collapse; }
main.leadline td, main.leadline th { border: 1px solid #c8ced6; padding: .25rem .5rem; text-align: start; }
main.leadline pre { white-space: pre-wrap; }
mark { background: #ffe26b; color: inherit; box-shadow: 0 0 0 .15em #ffe26b; }
mark:target { outline: 2px solid #b8860b; scroll-margin-top: 30vh; }
"""


class PageAtQuote(NamedTuple):
    """``html`` opens at the quote by the fragment ``#quote``."""

    html: str
    snapshot_id: str
    url: str


class Citing(Protocol):
    """What cites pages besides signals."""

    async def has_among(self, organisation_id: UUID, ids: Sequence[UUID]) -> bool:
        """Whether something of the organisation is among these."""
        ...


class Snapshots:
    """The stored pages that something of an organisation cites."""

    def __init__(self, database: Database, library: StoredLibrary, others: Sequence[Citing] = ()) -> None:
        """``others``: what cites pages besides signals."""
        self._database = database.repeatable
        self._library = library
        self._others = others

    async def page(
        self, organisation_id: UUID, snapshot_id: str, marked: Marked | None = None
    ) -> PageAtQuote:
        """A page with these words marked. Raises NotFound, also where nothing of the organisation cites it, and
        InvalidInput for words that there are not.
        """
        citing: list[UUID] = []
        with contextlib.suppress(ValueError):
            citing = await self._library.cited_by(str(UUID(snapshot_id)))
        if not citing or not await self._cites(organisation_id, citing):
            raise NotFound("Snapshot not found or access denied")
        return await self._shown(snapshot_id, None, marked)

    async def at_quote(
        self, organisation_id: UUID, signal_id: str, quote: int, *, snapshot_id: str | None = None
    ) -> PageAtQuote:
        """The page of a signal's quote, the first of which is 1. ``snapshot_id``: the page that it must be on.

        Raises NotFound, also for another organisation's signal, and InvalidInput for a quote that there is not.
        """
        stored = None
        with contextlib.suppress(ValueError):
            stored = await repository.sources(self._database, organisation_id, UUID(signal_id))
        if stored is None:
            raise NotFound("Signal not found or access denied")
        sources = msgspec.json.decode(stored, type=list[Source])
        if not 1 <= quote <= len(sources):
            raise InvalidInput(
                (
                    "quote",
                    f"the signal has {len(sources)} quote{'' if len(sources) == 1 else 's'}, counted from 1",
                )
            )
        proof = sources[quote - 1].proof
        if snapshot_id not in (None, proof.snapshot_id):
            raise InvalidInput(("quote", f"is on the page {proof.snapshot_id}"))
        marked = Marked(start=proof.start, end=proof.end, script=-1 if proof.kind == "text" else proof.script)
        return await self._shown(proof.snapshot_id, proof.walk, marked)

    async def _cites(self, organisation_id: UUID, citing: Sequence[UUID]) -> bool:
        if await repository.among(self._database, organisation_id, citing):
            return True
        for other in self._others:
            if await other.has_among(organisation_id, citing):
                return True
        return False

    async def _shown(self, snapshot_id: str, walk: str | None, marked: Marked | None) -> PageAtQuote:
        found = await self._library.shown(snapshot_id, walk=walk, marked=marked)
        if marked is not None and f'id="{QUOTE}"' not in found.shown.markup:
            raise InvalidInput(("end", "no words of the page stand there"))
        return PageAtQuote(_document(found), snapshot_id, found.url)


def _document(found: ShownSnapshot) -> str:
    notes = ["Its scripts, styles, pictures and links are left out."]
    if found.shown.as_text:
        notes = ["Its text is shown as it was read, without its layout."]
    if found.redacted:
        notes.append("A name was overwritten since, so the page has no longer this hash.")
    return f"""<!doctype html>
<html>
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="referrer" content="no-referrer">
<meta name="robots" content="noindex">
<title>Stored page: {escape(found.url)}</title>
<style>{_STYLE}</style>
</head>
<body>
<header class="leadline">
<p><strong>Stored copy of {escape(found.url)}</strong></p>
<p>Fetched {wire_time(found.fetched_at)}. SHA-256 of the page as it came: {escape(found.body_sha256)}</p>
<p>{" ".join(notes)}</p>
</header>
<main class="leadline">
{found.shown.markup}
</main>
</body>
</html>
"""
