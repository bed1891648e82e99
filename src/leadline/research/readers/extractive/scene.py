"""The passages as the rules see them: every citable unit with the words around it.

A *spot* is one unit and its surroundings, nearest first: its own words, the words that introduce it (table
caption, words before a list), its headings, its neighbours in the passage, the page's title and address.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from functools import lru_cache
from urllib.parse import unquote, urlsplit

from leadline.research.documents.names import company_names
from leadline.research.model import Block, BlockKind, Evidence, Page, Passage, Question, Region, Unit
from leadline.research.readers.extractive.asking import (
    Asking,
    Wanted,
    names_on_pages,
    take_apart,
)
from leadline.research.values.concepts import concepts
from leadline.research.values.terms import fold

# How much a topic word counts, by where it is met.
WEAK = 0.1  # weight of a weak word of the question
LIGHT = 0.35  # share of its weight that a context word of a field's question keeps
OWN, INTRO, HEADING, OUTER_HEADING, NEIGHBOUR, TITLE = 1.0, 0.95, 0.9, 0.8, 0.75, 0.7


class Spot:
    """One citable unit with its surroundings."""

    __slots__ = ("block", "index", "language", "page", "passage", "rank", "scene", "unit")

    def __init__(self, scene: Scene, unit: Unit, passage: Passage, rank: int, index: int) -> None:
        self.scene = scene
        self.unit = unit
        self.passage = passage
        self.page = scene.evidence.pages[unit.page]
        self.block: Block = self.page.content.blocks[unit.block]
        self.language = self.page.content.language or "en"
        self.rank = rank
        self.index = index  # of the unit in its passage

    @property
    def text(self) -> str:
        return self.unit.text

    @property
    def headings(self) -> tuple[str, ...]:
        return self.block.headings or self.passage.headings

    @property
    def intro(self) -> str:
        """The words before the list or table, and the caption."""
        before = ""
        if self.block.intro >= 0:
            block = self.page.content.blocks[self.block.intro]
            before = self.page.words(block.start, block.end)
        return " ".join(part for part in (before, self.block.caption) if part)

    @property
    def region_weight(self) -> float:
        return {Region.MAIN: 1.0, Region.ASIDE: 0.95, Region.HEADER: 0.95, Region.FOOTER: 0.9}.get(
            self.block.region, 0.85
        )

    def neighbours(self, reach: int = 2) -> list[Unit]:
        units = self.passage.units
        return [u for i, u in enumerate(units) if i != self.index and abs(i - self.index) <= reach]

    def before(self) -> Unit | None:
        return self.passage.units[self.index - 1] if self.index else None

    def after(self) -> Unit | None:
        units = self.passage.units
        return units[self.index + 1] if self.index + 1 < len(units) else None


# The year up to which a site claims its rights: its pages were looked after until then.
_RIGHTS = re.compile(r"©\s*(?:(?:19|20)\d\d\s*[-–—,]\s*)?((?:19|20)\d\d)\b")


def _newest(page: Page) -> date | None:
    """The latest day on which somebody is known to have seen to the page or to the whole site."""
    year = max((int(found) for found in _RIGHTS.findall(page.content.text)), default=0)
    days = [page.content.published_on, date(year, 1, 1) if 0 < year <= page.fetched_at.year else None]
    return max(filter(None, days), default=None)


class Scene:
    """All spots of a question's passages, best ranked first, and how telling each topic word is."""

    def __init__(self, question: Question, passages: Sequence[Passage], evidence: Evidence) -> None:
        self.question = question
        self.evidence = evidence
        self.spots = list(_spots(self, passages))
        self.newest = max(filter(None, map(_newest, evidence.pages)), default=None)
        self.names = names_on_pages(evidence, company_names(question.company))
        self._weights: dict[str, float] = {}

    def asking(self, language: str) -> Asking:
        return take_apart(self.question, language, self.names)

    def may_be_name(self, name: str) -> bool:
        """False when every word of it is also written small on the pages: "See Roles" is nobody."""
        small = _small_words(tuple(p.content.text_sha256 for p in self.evidence.pages), self.evidence)
        return any(word not in small for word in re.findall(r"[^\W\d_]+", name.lower()))

    def mentions(self, wanted: Wanted) -> bool:
        """True when some page of the site holds the word."""
        forms = {fold(wanted.text).removesuffix("'s"), *(c for c in wanted.concepts if c[0] not in "~=")}
        return any(form in folded_text(page) for form in forms for page in self.evidence.pages)

    def weight(self, wanted: Wanted) -> float:
        """About 0.3 for a word of every page, 1 for a rare one; what the pages never say weighs most."""
        if wanted.weak:
            return WEAK
        key = wanted.stem
        if key not in self._weights:
            pages = self.evidence.pages
            forms = {key, *(c for c in wanted.concepts if not c.startswith("~"))}
            held = sum(1 for page in pages if any(form in folded_text(page) for form in forms))
            rarity = math.log((len(pages) + 1) / (held + 0.5)) / math.log((len(pages) + 1) / 0.5)
            self._weights[key] = max(0.3, min(1.0, 0.3 + 0.9 * rarity))
        return self._weights[key] * (LIGHT if wanted.light else 1.25 if wanted.named else 1.0)


def _spots(scene: Scene, passages: Sequence[Passage]) -> Iterator[Spot]:
    seen: set[tuple[int, int, int]] = set()
    for rank, passage in enumerate(passages):
        for index, unit in enumerate(passage.units):
            if unit.script >= 0:
                continue  # JSON-LD has rules of its own
            key = (unit.page, unit.start, unit.end)
            block = scene.evidence.pages[unit.page].content.blocks[unit.block]
            if (
                key in seen
                or block.kind in (BlockKind.TITLE, BlockKind.STRUCTURED, BlockKind.CODE)
                or block.region is Region.HIDDEN
            ):
                continue
            seen.add(key)
            yield Spot(scene, unit, passage, rank, index)


_small: dict[tuple[str, ...], frozenset[str]] = {}


def _small_words(key: tuple[str, ...], evidence: Evidence) -> frozenset[str]:
    """Every word that the pages write in small letters, kept by the hashes of their texts."""
    if key not in _small:
        if len(_small) > 16:
            _small.clear()
        found: Counter[str] = Counter()
        for page in evidence.pages:
            found.update(re.findall(r"(?<![\w@./-])[a-zà-ÿ]{2,}(?![\w@]|[./-]\w)", page.content.text))
        _small[key] = frozenset(w for w, count in found.items() if count > 2)
    return _small[key]


_folded: dict[str, str] = {}


def folded_text(page: Page) -> str:
    """The page's text folded, kept by the hash of the text."""
    key = page.content.text_sha256
    if key not in _folded:
        if len(_folded) > 512:
            _folded.clear()
        _folded[key] = fold(page.content.text)
    return _folded[key]


@lru_cache(maxsize=4096)
def address_words(url: str) -> str:
    """The words of an address's path: "/self-hosted/pricing.html" -> "self-hosted pricing"."""
    path = unquote(urlsplit(url).path)
    return re.sub(r"[/_.+]+", " ", re.sub(r"\.(?:html?|php|aspx?)$", "", path)).strip()


def title_concepts(spot: Spot) -> frozenset[str]:
    return concepts(spot.page.content.title, spot.language) | concepts(
        address_words(spot.page.url), spot.language
    )
