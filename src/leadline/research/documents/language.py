"""Which language a page is in, and which words of it carry no meaning of their own."""

from __future__ import annotations

import re
from functools import lru_cache

import py3langid
from bm25s import stopwords

# "whose", "who", "which" are stop words too: a question is full of them and pages answer without them.
_QUESTION_WORDS = """what which who whom whose when where why how does did do is are was were has have had can
could will would should may might many much any give name list state please tell there their they them its
it's you your he she his her this that these those from been being about into than then also as at""".split()

STOP_WORDS: dict[str, frozenset[str]] = {
    "en": frozenset(stopwords.STOPWORDS_EN_PLUS) | frozenset(_QUESTION_WORDS),
    "de": frozenset(stopwords.STOPWORDS_GERMAN),
    "fr": frozenset(stopwords.STOPWORDS_FRENCH),
    "es": frozenset(stopwords.STOPWORDS_SPANISH),
    "it": frozenset(stopwords.STOPWORDS_ITALIAN),
    "pt": frozenset(stopwords.STOPWORDS_PORTUGUESE),
    "nl": frozenset(stopwords.STOPWORDS_DUTCH),
    "sv": frozenset(stopwords.STOPWORDS_SWEDISH),
    "da": frozenset(stopwords.STOPWORDS_DANISH),
    "no": frozenset(stopwords.STOPWORDS_NORWEGIAN),
    "ru": frozenset(stopwords.STOPWORDS_RUSSIAN),
    "tr": frozenset(stopwords.STOPWORDS_TURKISH),
}
_ALIASES = {"nb": "no", "nn": "no", "iw": "he", "in": "id", "ji": "yi"}
_TAG = re.compile(r"([a-z]{2})(?:[-_][A-Za-z0-9-_]*)?$", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]+")
_ENOUGH = 60  # words from which a text can gainsay the declared language
_SAMPLE = 3000  # characters looked at


def declared_language(tag: str) -> str:
    """The ISO 639-1 code of a BCP 47 tag such as ``de-AT``, or "" when it is none."""
    match = _TAG.match(tag.strip())
    if not match:
        return ""
    code = match[1].lower()
    return _ALIASES.get(code, code)


def page_language(declared: str, text: str) -> str:
    """ISO 639-1 code of a page: the declared tag where the words do not gainsay it, else detected.

    Templates often carry ``lang="en"`` whatever they are filled with; a text of some length in which almost
    no stop word of the declared language stands is not in that language.
    """
    code = declared_language(declared)
    sample = text[:_SAMPLE]
    words = _WORD.findall(sample.lower())
    if code:
        known = STOP_WORDS.get(code)
        if known is None or len(words) < _ENOUGH or sum(word in known for word in words) * 10 >= len(words):
            return code
    if len(words) < 5:
        return code or "en"
    detected = _detect(sample)
    if code and not _sure(detected, words):
        return code
    return detected


def _sure(code: str, words: list[str]) -> bool:
    known = STOP_WORDS.get(code)
    return known is None or sum(word in known for word in words) * 6 >= len(words)


@lru_cache(maxsize=256)
def _detect(sample: str) -> str:
    code, _ = py3langid.classify(sample)
    return _ALIASES.get(str(code), str(code))
