"""A person's name in the parts that mail addresses are made of.

Letters outside ASCII are written as mail addresses write them: "ü" is "ue" or "u". A name in a script without such a
custom has no spelling here, and no address is made of it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from leadline.research.errors import InvalidQuestion
from leadline.research.model import Value

PARTICLES = frozenset(
    "van von vom der den de da di del della dello dos das do du des la le ter ten te zu zur zum af av".split()
)
_TITLES = frozenset("dr prof mr mrs ms mx ing dipl mag herr frau sir dame".split())
_SUFFIXES = frozenset("jr sr ii iii iv phd md mba msc bsc esq".split())
MOST_WORDS = 4  # contract section 27
# What one letter is written as: the custom of its language first, then without its mark.
_TWO_WAYS = {"ä": ("ae", "a"), "ö": ("oe", "o"), "ü": ("ue", "u"), "ø": ("oe", "o"), "å": ("aa", "a")}
_ONE_WAY = {"ß": "ss", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"}
_CUSTOM = str.maketrans({letter: ways[0] for letter, ways in _TWO_WAYS.items()})
_BARE = str.maketrans({letter: ways[1] for letter, ways in _TWO_WAYS.items()})
_FIXED = str.maketrans(_ONE_WAY)
_LOCAL = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


class PersonName(Value, frozen=True, kw_only=True):
    """A name as written: "Anna van der Berg" is ``first`` Anna, ``particles`` (van, der), ``last`` (Berg,)."""

    first: str
    middle: tuple[str, ...] = ()
    particles: tuple[str, ...] = ()
    last: tuple[str, ...]

    @property
    def whole(self) -> str:
        return " ".join((self.first, *self.middle, *self.particles, *self.last))


def parse_person_name(text: str, *, field: str = "full_name") -> PersonName:
    """A name of two to four words; four only with a particle such as "van" (contract section 27).

    "Doe, Jane" is Jane Doe; titles and suffixes are no part of a name. Raises InvalidQuestion(``field``, ...).
    """
    example = "such as Jane Doe or Anna van der Berg"
    words = _words(text)
    if len(words) > MOST_WORDS:
        raise InvalidQuestion(field, f"must be a name of two to four words, {example}")
    words = [w for w in words if w.lower().rstrip(".") not in _TITLES]
    while len(words) > 1 and words[-1].lower().replace(".", "").rstrip(",") in _SUFFIXES:
        words.pop()
    if len(words) < 2 or (words[0] in PARTICLES and len(words) == 2):
        raise InvalidQuestion(field, f"must be a first and a last name, {example}")
    if any(not any(c.isalpha() for c in w) or "@" in w for w in words):
        raise InvalidQuestion(field, f"must be a person's name, {example}")
    first, *between, end = words
    particles = [i for i, w in enumerate(between) if w.lower() in PARTICLES]
    if len(words) == MOST_WORDS and not particles:
        raise InvalidQuestion(
            field,
            f"a name of four words needs a particle such as 'van'; write first and last name, {example}",
        )
    if not particles:
        return PersonName(first=first, middle=tuple(between), last=(end,))
    begin = stop = particles[0]
    while stop < len(between) and between[stop].lower() in PARTICLES:
        stop += 1
    return PersonName(
        first=first,
        middle=tuple(between[:begin]),
        particles=tuple(between[begin:stop]),
        last=(*between[stop:], end),
    )


def _words(text: str) -> list[str]:
    text = unicodedata.normalize("NFC", text)
    last, comma, first = text.partition(",")
    if comma and first.strip() and first.strip().lower().replace(".", "") not in _SUFFIXES:
        text = f"{first} {last}"
    return text.replace(",", " ").split()


def first_forms(name: PersonName) -> list[str]:
    """How the first name may stand in an address, likeliest first."""
    return _forms([name.first])


def last_forms(name: PersonName) -> list[str]:
    """How the last name may stand in an address: with its particles and without, whole and in parts."""
    forms = _forms(["".join((*name.particles, *name.last))])
    if name.particles:
        forms += _forms(["".join(name.last)])
        forms += [f for f in spellings("-".join((*name.particles, *name.last))) if _LOCAL.fullmatch(f)]
    if len(name.last) > 1:
        forms += _forms(["-".join(name.last), *name.last])
    return list(dict.fromkeys(forms))


def _forms(words: list[str]) -> list[str]:
    found: dict[str, None] = {}
    for word in words:
        for spelled in spellings(word):
            parts = spelled.split("-")
            for form in ("".join(parts), spelled, *(parts if len(parts) > 1 else ())):
                if _LOCAL.fullmatch(form):
                    found.setdefault(form)
    return list(found)


def spellings(word: str) -> Iterator[str]:
    """The word in the letters of mail addresses, likeliest first; nothing for a script without such a custom."""
    lower = unicodedata.normalize("NFC", word.lower()).replace("'", "").replace("’", "").replace(".", "")
    seen = set()
    for custom in (_CUSTOM, _BARE):
        bare = unicodedata.normalize("NFD", lower.translate(custom).translate(_FIXED))
        written = "".join(c for c in bare if not unicodedata.combining(c)).replace("‐", "-").replace("–", "-")
        if written.isascii() and written not in seen:
            seen.add(written)
            yield written
