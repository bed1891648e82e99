"""Where words name a person: the spellings of one name, and whom else they name.

One name is written in many ways: ``Jörg Müller``, ``Joerg Mueller``, ``MÜLLER Jörg``, ``Müller, Jörg``, ``J. Müller``,
``田中恵子`` for ``田中 恵子``. Whole words count, never letters inside others.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from leadline.research.values.terms import STOP_WORDS, fold

WORD = r"(?:[A-ZÀ-ÖØ-Þ][\w'’.-]*[^\W\d_.]|[A-Z]\.)"
# Two to four capitalised words, with what stands in small letters between them.
PERSONAL_NAME = re.compile(
    rf"(?:(?:Dr|Prof)\.\s+)?{WORD}(?:\s+(?:(?:van|von|de|da|del|der|den|la|le|al|bin|dos|di|y)\s+)*{WORD}){{1,3}}"
)
# Words of titles, headings and menus that are capitalised like names.
NO_NAMES = frozenset(
    """
    chief executive officer president director manager head vice founder cofounder chairman chairwoman chair board member partner engineer engineering
    lead senior team marketing sales finance financial technology technical product operations operating people human resources legal counsel general
    managing support customer success security data company inc ltd gmbh llc corp group the our we in at of and for on with january february march april
    may june july august september october november december monday tuesday wednesday thursday friday north south east west united states about contact
    read learn more view linkedin twitter github profile mitglied vorstand geschäftsführer leiter directeur directrice président présidente design
    development business growth revenue information compliance global regional american european open source email phone slack department
    """.split()
)  # fmt: skip
# Behind a name these make it a company's: "Karl Brandt GmbH".
_FIRMS = frozenset(
    "ag bv co company corp gmbh group inc kg kft limited llc llp ltd nv oy plc sa sarl sas spa srl".split()
)
_ADDRESSES = frozenset("dr prof ing dipl mr mrs ms mx sir herr frau monsieur madame".split())
# A letter's other spellings. What NFKD takes apart by itself is not listed.
_SPELLED_OUT = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa", "æ": "ae", "œ": "oe", "ß": "ss"}
)
_PLAIN = str.maketrans({"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ı": "i", "ß": "ss"})
_WORD = re.compile(r"[^\W\d_]+(?:['’‐-][^\W\d_]+)*")
_SPACES = re.compile(r"\.?[ \xa0\n]+|\.|・|")
_COMMA = re.compile(r"\s?,\s+")
_UNSPACED = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "THAI", "LAO", "KHMER", "MYANMAR")
_IN_CHARGE_OF = re.compile(r"(\w+) (?:of|for|de|des|für) $")  # "Head of Cold Storage"
_FAMILY_FIRST = frozenset({"hu", "ja", "ko", "zh", "vi"})  # languages that put the family name first


class Form(StrEnum):
    """How a person is named, the surest first."""

    WHOLE = "whole"
    INITIALS = "initials"  # an initial and the family name: few people, but not one


class Mention(NamedTuple):
    start: int
    end: int
    form: Form


class Word(NamedTuple):
    """A word of a text. ``script`` is set where words are written without spaces between them."""

    text: str
    spellings: frozenset[str]
    start: int
    end: int
    script: str = ""

    @property
    def capital(self) -> bool:
        return self.text[0].isupper()


@lru_cache(maxsize=65536)
def spellings(word: str) -> frozenset[str]:
    """The word folded, with its letters spelled out, and without their marks."""
    small = unicodedata.normalize("NFC", word).casefold().removesuffix("'s").removesuffix("’s")
    return frozenset({fold(small), fold(small.translate(_SPELLED_OUT)), fold(small.translate(_PLAIN))})


def words_of(text: str) -> list[Word]:
    """The words of a text. Those without spaces between them are parted where the script changes."""
    found: list[Word] = []
    for match in _WORD.finditer(text):
        start = match.start()
        for script, piece in _by_script(match.group()):
            found.append(Word(piece, spellings(piece), start, start + len(piece), script))
            start += len(piece)
    return found


def _by_script(word: str) -> Iterator[tuple[str, str]]:
    if word.isascii():
        yield "", word
        return
    begun, last = 0, _script(word[0])
    for position, character in enumerate(word):
        script = _script(character)
        if script != last:
            yield last, word[begun:position]
            begun, last = position, script
    yield last, word[begun:]


@lru_cache(maxsize=16384)
def _script(character: str) -> str:
    """The script of a letter that is written without spaces between words; "" for the others."""
    name = unicodedata.name(character, "")
    return next((script for script in _UNSPACED if name.startswith(script)), "")


class PersonName:
    """A person's name, and the places where texts name this person."""

    def __init__(self, name: str) -> None:
        """``name`` as a profile gives it: with titles, degrees behind a comma, remarks in brackets."""
        bare = re.sub(r"\([^)]*\)|\[[^]]*\]", " ", name)
        before = bare.split(",")[0]
        words = words_of(before if len(words_of(before)) > 1 else bare)
        while len(words) > 2 and words[0].spellings & _ADDRESSES:
            words = words[1:]
        self.words = words
        self.unspaced = bool(words) and all(word.script for word in words)
        self._joined = "".join(word.text for word in words)

    @property
    def tells(self) -> bool:
        """Whether the name can tell a person from others: one word cannot, where names have two."""
        return len(self.words) > 1 or self.unspaced

    def mentions(self, text: str, *, language: str = "", own: bool = False) -> list[Mention]:
        """Where the text names the person. ``own``: it stands on a page of the person's company."""
        if not self.words:
            return []
        words = words_of(text)
        if self.unspaced:
            return list(self._unspaced(words, text))
        found: list[Mention] = []
        for position in range(len(words)):
            if found and words[position].start < found[-1].end:
                continue
            mention = self._at(words, position, text, own or language in _FAMILY_FIRST)
            if mention is not None:
                found.append(mention)
        return found

    def parts(self, text: str) -> bool:
        """Whether the text holds a part of the name as a name: "Ms Doe", "Jane"."""
        return any(
            word.capital and any(word.spellings & own.spellings and own.capital for own in self.words)
            for word in words_of(text)
        )

    def _unspaced(self, words: Sequence[Word], text: str) -> Iterator[Mention]:
        for position, first in enumerate(words):
            joined = ""
            for word in words[position : position + 5]:
                joined += word.text
                between = text[first.start : word.end]
                if len(between) > len(joined) + 4 or not word.script:
                    break
                if joined == self._joined and not re.search(r"[^\w\s・]", between):
                    yield Mention(first.start, word.end, Form.WHOLE)

    def _at(self, words: Sequence[Word], position: int, text: str, family_first: bool) -> Mention | None:
        """The mention that begins with this word."""
        own = self.words
        if (end := self._run(words, position, own, text, initials=True)) is not None:
            return self._free(words, position, end, Form.WHOLE, text)
        for joint in range(1, len(own)):
            family, given = own[joint:], own[:joint]
            middle = self._run(words, position, family, text)
            if middle is None or middle >= len(words):
                continue
            between = text[words[middle - 1].end : words[middle].start]
            end = self._run(words, middle, given, text)
            if end is None:
                continue
            capitals = all(w.text.isupper() for w in words[position:middle])
            marked = capitals and not all(w.text.isupper() for w in words[middle:end])
            if _COMMA.fullmatch(between) or (_SPACES.fullmatch(between) and (marked or family_first)):
                return self._free(words, position, end, Form.WHOLE, text)
        return self._initials(words, position, text)

    def _run(
        self, words: Sequence[Word], position: int, own: Sequence[Word], text: str, *, initials: bool = False
    ) -> int | None:
        """The index after the words of ``own`` from ``position``. ``initials``: of middle names, on one side only."""
        at, index = position, 0
        while index < len(own):
            if at >= len(words) or (at > position and not _follows(words, at, text)):
                return None
            if words[at].spellings & own[index].spellings:
                at, index = at + 1, index + 1
            elif initials and index > 0 and len(words[at].text) == 1 and len(own[index].text) > 1:
                at += 1
            elif initials and 0 < index < len(own) - 1 and len(own[index].text) == 1 < len(words[at].text):
                index += 1
            else:
                return None
        return at

    def _initials(self, words: Sequence[Word], position: int, text: str) -> Mention | None:
        """ "J. Doe", "J. R. Doe", "Doe, J."."""
        own, at = self.words, position
        if len(own) < 2:
            return None
        initial = own[0].text[0].casefold()
        if len(words[position].text) == 1 and words[position].text.casefold() == initial:
            while at < len(words) and len(words[at].text) == 1:
                at += 1
            for family in range(1, len(own)):
                end = self._run(words, at, own[family:], text) if _follows(words, at, text) else None
                if end is not None:
                    return self._free(words, position, end, Form.INITIALS, text)
            return None
        end = self._run(words, position, own[-1:], text)
        if (
            end is None
            or end >= len(words)
            or not _COMMA.fullmatch(text[words[end - 1].end : words[end].start])
        ):
            return None
        if len(words[end].text) == 1 and words[end].text.casefold() == initial:
            return self._free(words, position, end + 1, Form.INITIALS, text)
        return None

    def _free(self, words: Sequence[Word], start: int, end: int, form: Form, text: str) -> Mention | None:
        """The mention, unless a neighbour belongs to the name: "Mary Ann Marsh" is not Ann Marsh."""
        before = words[start - 1] if start and _adjoin(words[start - 1], words[start], text) else None
        after = words[end] if end < len(words) and _adjoin(words[end - 1], words[end], text) else None
        if (before and _may_be_name(before)) or (after and (_may_be_name(after) or after.spellings & _FIRMS)):
            return None
        return Mention(words[start].start, words[end - 1].end, form)


def _follows(words: Sequence[Word], at: int, text: str) -> bool:
    return 0 < at < len(words) and bool(_SPACES.fullmatch(text[words[at - 1].end : words[at].start]))


def _adjoin(left: Word, right: Word, text: str) -> bool:
    return text[left.end : right.start] in (" ", "\xa0")


def _may_be_name(word: Word) -> bool:
    """Whether a word beside a name could be a part of it. Short words in capitals are offices: "CEO", "VP"."""
    return (
        word.capital
        and not word.script
        and len(word.text) > 1
        and not (word.text.isupper() and len(word.text) <= 4)
        and not word.text.endswith(("'s", "’s"))
        and not word.spellings & (NO_NAMES | STOP_WORDS | _ADDRESSES)
    )


def people_in(text: str) -> list[tuple[int, int]]:
    """Where the text seems to name people: two to four capitalised words that are no office and no heading.

    Names of places and companies look the same; whoever asks leaves out those that are known.
    """
    found: list[tuple[int, int]] = []
    for match in PERSONAL_NAME.finditer(text):
        charge = _IN_CHARGE_OF.search(text, 0, match.start())
        if charge is not None and fold(charge[1]) in NO_NAMES:
            continue
        kept: list[re.Match[str]] = []
        for word in re.finditer(r"\S+", match.group()):
            plain = fold(word.group()).strip(".")
            if plain in NO_NAMES or plain in STOP_WORDS - {"de", "la", "le", "der"}:
                if len(kept) > 1:
                    break
                kept = []
            elif not kept and (plain in _ADDRESSES or (word.group().isupper() and len(plain) <= 4)):
                continue
            else:
                kept.append(word)
        if len(kept) > 1:
            found.append((match.start() + kept[0].start(), match.start() + kept[-1].end()))
    return found


__all__ = [
    "NO_NAMES",
    "PERSONAL_NAME",
    "WORD",
    "Form",
    "Mention",
    "PersonName",
    "people_in",
    "spellings",
    "words_of",
]
