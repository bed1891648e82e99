"""Which language a page is in, and which words of it carry no meaning of their own."""

from __future__ import annotations

import re
from functools import lru_cache

from stop_words import get_stop_words

# The closed classes of English: articles, pronouns, prepositions, conjunctions, auxiliaries. The library's list of English
# holds words that pages are about ("free", "member", "year"). A question is full of question words, and pages answer
# without them.
_ENGLISH = """a an the i me my myself we our ours ourselves you your yours yourself yourselves he him his himself she her
hers herself it its itself they them their theirs themselves what which who whom whose this that these those am is are
was were be been being have has had having do does did doing and but if or because as until while of at by for with
about against between into through during before after above below to from up down in out on off over under again
further then once here there when where why how all any both each few more most other some such no nor not only own
same so than too very s t can will just don should now d ll m o re ve y ain aren couldn didn doesn hadn hasn haven isn
ma mightn mustn needn shan shouldn wasn weren won wouldn could would may might many much give name list state please
tell also""".split()

_WORD_PARTS = re.compile(r"[^\W\d_]+")
_NAMES = {
    "ar": "arabic", "bg": "bulgarian", "ca": "catalan", "cs": "czech", "da": "danish", "de": "german", "el": "greek",
    "es": "spanish", "fa": "persian", "fi": "finnish", "fr": "french", "he": "hebrew", "hi": "hindi",
    "hu": "hungarian", "id": "indonesian", "it": "italian", "nl": "dutch", "no": "norwegian", "pl": "polish",
    "pt": "portuguese", "ro": "romanian", "ru": "russian", "sk": "slovak", "sv": "swedish", "tr": "turkish",
    "uk": "ukrainian", "vi": "vietnamese",
}  # fmt: skip
STOP_WORDS: dict[str, frozenset[str]] = {
    code: frozenset(_WORD_PARTS.findall(" ".join(get_stop_words(name)).lower()))
    for code, name in _NAMES.items()
} | {"en": frozenset(_ENGLISH)}
# Scripts that tell a language by themselves, as far as the pages of companies go: the first that fits most letters.
_SCRIPTS = (
    ("ja", re.compile(r"[\u3040-\u30ff]")),
    ("ko", re.compile(r"[\uac00-\ud7af]")),
    ("zh", re.compile(r"[\u4e00-\u9fff]")),
    ("th", re.compile(r"[\u0e00-\u0e7f]")),
)
_ALIASES = {"nb": "no", "nn": "no", "iw": "he", "in": "id", "ji": "yi"}
_TAG = re.compile(r"([a-z]{2})(?:[-_][A-Za-z0-9-_]*)?$", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]+")
_SPACED = {code: chr(code).lower() if chr(code).isalpha() else " " for code in range(0x80)}
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
    words = _words(sample)
    if code:
        known = STOP_WORDS.get(code)
        if known is None or len(words) < _ENOUGH or _held(words, known) * 10 >= len(words):
            return code
    if len(words) < 5:
        return code or "en"
    detected = _detect(sample)
    if code and not _sure(detected, words):
        return code
    return detected


def _words(sample: str) -> list[str]:
    if sample.isascii():  # the same, at a third of the time
        return sample.translate(_SPACED).split()
    return _WORD.findall(sample.lower())


def _held(words: list[str], known: frozenset[str]) -> int:
    return sum(map(known.__contains__, words))


def _sure(code: str, words: list[str]) -> bool:
    known = STOP_WORDS.get(code)
    return known is None or _held(words, known) * 6 >= len(words)


@lru_cache(maxsize=256)
def _detect(sample: str) -> str:
    """The language whose script, or whose stop words, make up most of the text; English where none do."""
    letters = sum(character.isalpha() for character in sample) or 1
    for code, script in _SCRIPTS:
        if len(script.findall(sample)) >= 0.2 * letters:
            return code
    words = _words(sample)
    shares = {code: _held(words, known) for code, known in STOP_WORDS.items()}
    best = max(shares, key=lambda code: (shares[code], code == "en"))
    return best if shares[best] * 10 >= len(words) else "en"
