"""Words made comparable: folded, stemmed by language, without the words that carry no topic."""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from typing import NamedTuple

import Stemmer

_WORD = re.compile(r"[^\W_]+(?:['’.&+#-][^\W_]+)*[+#]*")
_LANGUAGES = {
    "ar": "arabic", "da": "danish", "de": "german", "en": "english", "es": "spanish", "fi": "finnish", "fr": "french", "hu": "hungarian",
    "it": "italian", "nl": "dutch", "no": "norwegian", "nb": "norwegian", "pt": "portuguese", "ro": "romanian", "ru": "russian", "sv": "swedish", "tr": "turkish",
}  # fmt: skip

STOP_WORDS = frozenset(
    """
    a about above after again all also am an and any are as at be because been before being below between both but by can could did do does doing
    done down each either else every few for from further get give gives got had has have having he her here hers him his how i if in into is it its
    itself just let may me might more most much must my no nor not now of off on once one only or other our ours out over own per please same shall
    she should so some such tell than that the their theirs them then there these they this those through to too under until up upon us use used uses
    using very via was we were what when where which while who whom whose why will with within would yes you your yours
    s t re ve ll d m
    der die das den dem des ein eine einen einem einer eines und oder aber in im an am auf aus bei mit nach von vom zu zum zur für über unter ist sind
    war waren wird werden wurde wurden hat haben hatte sich es er sie wir ihr ihre ihren unser unsere als auch wie was wer wo wann warum welche welcher
    welches nicht kein keine pro je
    le la les un une des du de et ou mais dans en au aux par pour sur avec sans est sont était ont a il elle ils elles nous vous notre nos votre vos
    leur leurs ce cet cette ces qui que quoi dont où quel quelle quels quelles ne pas plus combien
    """.split()
)  # fmt: skip


class Term(NamedTuple):
    """One word of a text: as written, folded, stemmed, and where it stands."""

    text: str
    folded: str
    stem: str
    start: int
    end: int


def fold(text: str) -> str:
    """Lower case without accents, with plain quotes and dashes; the length may change."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return (
        "".join(c for c in decomposed if not unicodedata.combining(c))
        .replace("’", "'")
        .replace("–", "-")
        .replace("—", "-")
    )


def squash(text: str) -> str:
    """Only the letters and digits, folded: "U.S. Navy" and "us navy" are the same."""
    return re.sub(r"[^a-z0-9]+", "", fold(text))


@cache
def _stemmer(language: str) -> Stemmer.Stemmer:
    return Stemmer.Stemmer(_LANGUAGES.get(language, "english"))


_ROMAN = {"ii": "2", "iii": "3", "iv": "4"}


@lru_cache(maxsize=65536)
def stem(word: str, language: str = "en") -> str:
    """Stem of one folded word. Words with digits stand as they are; "II" is 2, as in "Type II"."""
    if word in _ROMAN:
        return _ROMAN[word]
    bare = word.strip("'").removesuffix("'s")
    if any(c.isdigit() for c in bare) or len(bare) <= 2:
        return bare
    return str(_stemmer(language).stemWord(bare))


_PARTS = re.compile(r"(?i:(?:[ldjnsctm]|qu)['’](?=\w{2}))|[^-–]+?(?=[-–]|$)")  # French elisions stand apart
# "self-hosted" is another thing than "hosted", and "non-profit" than "profit": such compounds stay whole.
_BINDING_PREFIXES = frozenset({"self", "non", "un", "anti"})


@lru_cache(maxsize=32768)
def terms(text: str, language: str = "en") -> tuple[Term, ...]:
    """Every word of the text. Compounds with a hyphen are taken apart, but for prefixes that turn the meaning."""
    found = []
    for match in _WORD.finditer(text):
        parts = list(_PARTS.finditer(match.group()))
        joined = ""
        for part in parts:
            folded = joined + fold(part.group())
            begin = match.start() + part.start() - len(joined)
            end = match.start() + part.end()
            if folded in _BINDING_PREFIXES and part is not parts[-1]:
                joined = folded
                continue
            joined = ""
            found.append(Term(part.group(), folded, stem(folded, language), max(match.start(), begin), end))
    return tuple(found)


def topic(text: str, language: str = "en") -> tuple[Term, ...]:
    """The terms that carry a topic: no stop words, no lone letters (lone digits stay)."""
    return tuple(
        t
        for t in terms(text, language)
        if t.folded not in STOP_WORDS and (len(t.folded) > 1 or t.folded.isdigit())
    )


def stems(text: str, language: str = "en") -> frozenset[str]:
    return frozenset(t.stem for t in topic(text, language))
