"""Canonical text while it is being laid: blocks one after the other, one newline between them."""

from __future__ import annotations

import hashlib
import re
from datetime import date

from leadline.research.documents.language import page_language
from leadline.research.model import Block, BlockKind, Cell, Link, PageText, Region

WALK = "walk-2"
READABLE_WALKS = ("walk-1", WALK)
"""What can still be made of stored bytes, so that old proofs can be checked (ADR 14)."""

# Soft hyphen, zero-width space, word joiner, byte-order mark, marks of direction, ends of bidirectional runs.
_INVISIBLE = re.compile("[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
# Joiners shape letters in some scripts, and emoji; between Latin letters or digits they show nothing.
_JOINER = re.compile("(?<=[\u0000-\u024f])[\u200c\u200d]+(?=[\u0000-\u024f])")


def visible(text: str) -> str:
    """The text without characters that nobody sees and that cut words and figures in two."""
    return text if text.isascii() else _JOINER.sub("", _INVISIBLE.sub("", text))


def fold(text: str) -> str:
    """The text with every run of white space folded to one space."""
    return " ".join(text.split())


class Canonical:
    """Blocks in the order in which they are read."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.blocks: list[Block] = []
        self.next_start = 0

    def add(
        self,
        kind: BlockKind,
        text: str,
        region: Region = Region.MAIN,
        headings: tuple[str, ...] = (),
        level: int = 0,
        group: int = 0,
        intro: int = -1,
        cells: tuple[Cell, ...] = (),
    ) -> None:
        start = self.next_start
        end = start + len(text)
        self.next_start = end + 1
        self.pieces.append(text)
        self.blocks.append(
            Block(
                kind=kind,
                start=start,
                end=end,
                region=region,
                headings=headings,
                level=level,
                group=group,
                intro=intro,
                cells=cells,
            )
        )

    def page(
        self,
        *,
        title: str = "",
        description: str = "",
        language: str = "",
        links: tuple[Link, ...] = (),
        published_on: date | None = None,
        structured: tuple[str, ...] = (),
        canonical_url: str = "",
        site_name: str = "",
        walk: str = WALK,
    ) -> PageText:
        """The finished page; ``language`` is what it declares, and is checked against its words."""
        text = "\n".join(self.pieces)
        return PageText(
            walk=walk,
            title=title,
            description=description,
            language=page_language(language, text),
            text=text,
            text_sha256=hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(),
            blocks=tuple(self.blocks),
            links=links,
            published_on=published_on,
            structured=structured,
            canonical_url=canonical_url,
            site_name=site_name,
        )
