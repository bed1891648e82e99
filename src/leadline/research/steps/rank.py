"""Rank: the passages of a company's pages against one question.

BM25 (Robertson and others, 1994; see ``bm25``) over passages, with the words of the headings, title, address and
introduction counted in, stems by page language, and a share of the whole page's score, so that a line which
does not repeat what its page is about is still found. An index is built once for a set of snapshots and
serves every further question about them.
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Iterable
from functools import cached_property, lru_cache
from typing import Final, NamedTuple
from urllib.parse import unquote, urlsplit

import Stemmer
from msgspec.structs import replace

from leadline.research.answer_types import answer_type
from leadline.research.documents.hosts import registrable
from leadline.research.documents.language import STOP_WORDS
from leadline.research.documents.units import passages
from leadline.research.documents.vocabulary import associations, spelled
from leadline.research.model import Evidence, Page, Passage, Question, Region, Unit
from leadline.research.profile import answering as profile
from leadline.research.steps.bm25 import Bm25, Bm25OfGroups

_STEMMERS = {
    "ar": "arabic", "ca": "catalan", "cs": "czech", "da": "danish", "de": "german", "el": "greek",
    "en": "english", "es": "spanish", "et": "estonian", "eu": "basque", "fi": "finnish", "fr": "french",
    "ga": "irish", "hi": "hindi", "hu": "hungarian", "hy": "armenian", "id": "indonesian", "it": "italian",
    "lt": "lithuanian", "nl": "dutch", "no": "norwegian", "pl": "polish", "pt": "portuguese",
    "ro": "romanian", "ru": "russian", "sr": "serbian", "sv": "swedish", "ta": "tamil", "tr": "turkish",
}  # fmt: skip
_WORD = re.compile(r"[^\W_]+")
# Of ASCII text each word is found by what _WORD finds, at a third of the time.
_SPACED = {code: chr(code).lower() if chr(code).isalnum() else " " for code in range(0x80)}
_PRINTED = "’‘“”–—…•·›»«→\N{NO-BREAK SPACE}"  # marks that make most English text more than ASCII
_NONE: frozenset[str] = frozenset()
_MOST_STEMS = 200_000  # words of one language whose stems are kept


class Weights(NamedTuple):
    """What the ranking is set by. Measured with bench/recall.py, each site left out in turn."""

    k1: float = 1.2
    b: float = 0.6
    heading: int = 2  # repetitions of the nearest heading; those above it count once
    title: int = 1
    path: int = 1
    context: int = 1
    page: float = 0.3  # share of the page's own score
    type_fit: float = 0.1  # bonus for a passage that holds a value of the asked type
    expansion: float = 0.3  # of words that stand for the same on business pages
    crowd: float = 0.95  # factor for each better passage of the same page and region beyond three


WEIGHTS: Final = Weights()
_REGION_WEIGHT = {
    Region.MAIN: 1.0,
    Region.HEADER: 0.8,
    Region.NAVIGATION: 0.6,
    Region.ASIDE: 0.8,
    Region.FOOTER: 0.8,
    Region.HIDDEN: 0.7,
}
_BEFORE_CROWDED = 3


class _Stems(dict[str, str]):
    """Word to its stem in one language, "" for a stop word; filled as words come."""

    def __init__(self, language: str) -> None:
        name = _STEMMERS.get(language)
        self._stemmer = Stemmer.Stemmer(name) if name else None
        self._stop = STOP_WORDS.get(language, _NONE)
        self._english = language == "en"

    def __missing__(self, word: str) -> str:
        if len(self) >= _MOST_STEMS:
            self.clear()
        stem = ""
        if word not in self._stop:
            stem = spelled(word) if self._english else word
            if self._stemmer is not None:
                stem = str(self._stemmer.stemWord(stem))
        self[word] = stem
        return stem


@lru_cache(maxsize=64)
def _stems(language: str) -> _Stems:
    return _Stems(language)


def terms(text: str, language: str) -> list[str]:
    """The stems of a text's words, stop words left out."""
    return list(filter(None, map(_stems(language).__getitem__, _words(text))))


def _words(text: str) -> list[str]:
    plain = text
    if not text.isascii():
        for mark in _PRINTED:
            plain = plain.replace(mark, " ")
    return plain.translate(_SPACED).split() if plain.isascii() else _WORD.findall(text.lower())


@lru_cache(maxsize=1)
def _associated() -> dict[str, frozenset[str]]:
    """Stem to the stems of what it lets expect (English)."""
    table: dict[str, set[str]] = {}
    for group in associations():
        stems = set(terms(" ".join(group), "en"))
        for stem in stems:
            table.setdefault(stem, set()).update(stems - {stem})
    return {stem: frozenset(others) for stem, others in table.items()}


class PassageIndex:
    """The passages of a set of pages, ready to be ranked against any question about them."""

    def __init__(self, evidence: Evidence, weights: Weights = WEIGHTS) -> None:
        self.evidence = evidence
        self.weights = weights
        self.passages = passages(evidence)
        self.languages = tuple(dict.fromkeys(page.content.language for page in evidence.pages))
        self._page_of = [passage.page for passage in self.passages]
        regions = [_region(evidence, passage) for passage in self.passages]
        self._region_of = regions
        self._region_weight = [_REGION_WEIGHT[region] for region in regions]
        about = [self._about(page) for page in evidence.pages]
        corpus = [self._indexed(passage) + about[passage.page] for passage in self.passages]
        self._words = Bm25(corpus, k1=weights.k1, b=weights.b)
        self._pages = Bm25OfGroups(
            self._words, self._page_of, len(evidence.pages), k1=weights.k1, b=weights.b
        )

    @classmethod
    def build(cls, evidence: Evidence) -> PassageIndex:
        return cls(evidence)

    @cached_property
    def _texts(self) -> list[str]:
        """What may hold a value of the asked kind, for each passage."""
        return ["\n".join([*p.headings[-1:], *(u.text for u in p.units)]) for p in self.passages]

    def _indexed(self, passage: Passage) -> list[str]:
        """The words of the passage itself, and of what stands above it."""
        language = self.evidence.pages[passage.page].content.language
        said = [unit.text for unit in passage.units]
        if passage.headings:
            said += [passage.headings[-1]] * self.weights.heading
            said += passage.headings[:-1]
        said += [passage.context] * self.weights.context
        return terms("\n".join(said), language)

    def _about(self, page: Page) -> list[str]:
        """The words that count in every passage of a page."""
        language = page.content.language
        title = terms(page.content.title, language) * self.weights.title
        return title + terms(_path_words(page.url), language) * self.weights.path

    def scores(self, question: Question) -> list[float]:
        """A score for every passage; 0 where no word of the question stands."""
        query = self._query(question)
        own = self._words.scores(query)
        pages = self._pages.scores(query)
        if self.weights.expansion and "en" in self.languages:
            known = set(query)
            further = sorted({other for word in query for other in _associated().get(word, ())} - known)
            for index, score in enumerate(self._words.scores(further)):
                own[index] += self.weights.expansion * score
        best_page, best = max(pages, default=0.0), max(own, default=0.0)
        share = self.weights.page * best / best_page if best_page > 0 else 0.0
        own = [
            (score + share * pages[page]) * weight if score > 0 else 0.0
            for score, page, weight in zip(own, self._page_of, self._region_weight, strict=True)
        ]
        hint = answer_type(question.answer_type).hint
        best = max(own, default=0.0)
        if hint is not None and best > 0:
            bonus = self.weights.type_fit * best
            own = [
                score + bonus if score > 0 and hint.search(text) else score
                for score, text in zip(own, self._texts, strict=True)
            ]
        return own

    def _query(self, question: Question) -> list[str]:
        words: dict[str, None] = {}
        for language in self.languages or ("en",):
            words |= dict.fromkeys(terms(f"{question.sought} {_members(question)}", language))
        name = registrable(question.company.host).partition(".")[0]
        own_name = {stem for language in self.languages for stem in terms(name, language)}
        # The company's own name stands everywhere on its site and tells no passage from another.
        return [word for word in words if word not in own_name] or list(words)

    def rank(self, question: Question, limit: int) -> list[Passage]:
        """The best passages, best first, their units numbered from 1 in this order."""
        scores = self.scores(question)
        chosen: list[int] = []
        taken: dict[tuple[int, Region], int] = {}
        order = sorted(range(len(scores)), key=lambda i: (-scores[i], i))[: limit * 6]
        waiting = [(scores[i], i) for i in order if scores[i] > 0]
        spare = self._spare(question, scores) if len(waiting) < limit else []
        while waiting and len(chosen) < limit:
            best = max(
                range(len(waiting)), key=lambda at: (self._crowded(waiting[at], taken), -waiting[at][1])
            )
            _, index = waiting.pop(best)
            key = (self.passages[index].page, self._region_of[index])
            taken[key] = taken.get(key, 0) + 1
            chosen.append(index)
        chosen += spare[: limit - len(chosen)]
        return numbered(replace(self.passages[i], score=round(scores[i], 4)) for i in chosen)

    def _spare(self, question: Question, scores: list[float]) -> list[int]:
        """Passages that share no word with the question, for places that would stay empty: those that hold a
        value of the asked kind first, then what opens each page, in reading order."""
        fits = answer_type(question.answer_type).hint
        opening: set[int] = set()
        seen: set[int] = set()
        for index, passage in enumerate(self.passages):
            if passage.page not in seen and self._region_of[index] is Region.MAIN:
                seen.add(passage.page)
                opening.add(index)
        left = [i for i in range(len(scores)) if not scores[i] > 0]
        holds = {i: fits is not None and fits.search(self._texts[i]) is not None for i in left}
        return sorted(
            left, key=lambda i: (self._region_of[i] is not Region.MAIN, not holds[i], i not in opening, i)
        )

    def _crowded(self, scored: tuple[float, int], taken: dict[tuple[int, Region], int]) -> float:
        score, index = scored
        before = taken.get((self.passages[index].page, self._region_of[index]), 0)
        return score * self.weights.crowd ** max(0, before - _BEFORE_CROWDED + 1)


def _members(question: Question) -> str:
    """The names of the object's members that are asked for: "officeCity" asks for an office and a city."""
    properties = (question.output_schema or {}).get("properties")
    names = " ".join(map(str, properties)) if isinstance(properties, dict) else ""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|[_\W]+", " ", names)


def _path_words(url: str) -> str:
    return unquote(urlsplit(url).path).replace("/", " ")


def numbered(ranked: Iterable[Passage]) -> list[Passage]:
    """The passages with their units numbered from 1 through all of them."""
    result: list[Passage] = []
    number = 1
    for passage in ranked:
        units: list[Unit] = []
        for unit in passage.units:
            units.append(replace(unit, number=number))
            number += 1
        result.append(replace(passage, units=tuple(units)))
    return result


# ------------------------------------------------------------------ indexes kept between questions


def _region(evidence: Evidence, passage: Passage) -> Region:
    block = passage.units[0].block
    return evidence.pages[passage.page].content.blocks[block].region if block >= 0 else Region.MAIN


_KEPT: OrderedDict[tuple[str, ...], PassageIndex] = OrderedDict()
_MOST_KEPT = 16
_LOCK = threading.Lock()  # ranking runs off the event loop, in threads


def index_of(evidence: Evidence) -> PassageIndex:
    """The index of exactly these snapshots, built when it is not among the last ones used."""
    key = tuple(f"{page.snapshot_id} {page.content.text_sha256}" for page in evidence.pages)
    with _LOCK:
        if (kept := _KEPT.get(key)) is not None:
            _KEPT.move_to_end(key)
            return kept
    built = PassageIndex.build(evidence)
    with _LOCK:
        _KEPT[key] = built
        while len(_KEPT) > _MOST_KEPT:
            _KEPT.popitem(last=False)
    return built


def rank(question: Question, evidence: Evidence, limit: int) -> list[Passage]:
    """The ``limit`` passages that fit the question best, best first, behind the lines with which the profile answers
    it; units are numbered from 1 in this order."""
    if not evidence.pages or limit <= 0:
        return []
    index = index_of(evidence)
    ranked = index.rank(question, limit)
    first = profile.lines(question, evidence, index.passages)
    if not first:
        return ranked
    places = {_place(passage) for passage in first}
    return numbered([*first, *(p for p in ranked if _place(p) not in places)][: max(limit, len(first))])


def _place(passage: Passage) -> tuple[int, int, int]:
    unit = passage.units[0]
    return passage.page, unit.script, unit.start
