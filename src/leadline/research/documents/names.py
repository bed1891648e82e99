"""What a company may be called, and whether words name it."""

from __future__ import annotations

import re
from functools import lru_cache

from leadline.research.documents.hosts import registrable
from leadline.research.model import Company, Page, Passage, Unit
from leadline.research.values.terms import squash

SHORTEST = 3  # characters of a name that tells
LONGEST = 4  # words of one
_WORD = re.compile(r"[^\W_]+")
_WITHIN_NAME = re.compile(r"[ .&'’+-]{0,3}")  # what may stand between the words of one name
# "US" is a country.
_OURS = re.compile(
    r"\b(?:we|we're|we've|we'll|our|ours|(?-i:us)|wir|unser\w*|uns|nous|notre|nos)\b", re.IGNORECASE
)
_AND = re.compile(r"(?<=[a-z]{3})and(?=[a-z]{3})")
_LONG = 8  # characters of a name that an "and" less leaves as one that is nobody else's
# "Our supplier Tankbau employs 900 people": then it is the supplier that does.
OURS_NAMED = re.compile(
    r"\b(?:[Oo]ur|[Uu]nser\w*|[Nn]otre|[Nn]os)\s+(?:[a-zà-ÿ-]+ ){0,2}[^\W\d][\w-]*\s+(?P<name>[A-ZÀ-Þ][\w.&-]+)"
)
_UMLAUT = re.compile(r"([aou])e")


def company_names(company: Company) -> frozenset[str]:
    """Squashed names by which its own pages and a question about it may call the company."""
    first = registrable(company.asked_host).split(".")[0].split("-")[0]
    short = {squash(first)} if len(first) >= 5 else set()  # "mueller-metallbau.de" is called "Mueller"
    return full_names(company) | _spelled(short)


@lru_cache(maxsize=1024)
def full_names(company: Company) -> frozenset[str]:
    """Squashed names that tell it from others: its known name, its domain with and without the ending."""
    domain = registrable(company.asked_host) or company.asked_host
    return _spelled({squash(domain), squash(domain.split(".")[0]), squash(company.name or "")})


def _spelled(names: set[str]) -> frozenset[str]:
    # A host cannot hold an umlaut: "foerde" is "förde", which folds to "forde". Nor can it hold an "&".
    joined = {short for n in names if len(short := _AND.sub("", n)) >= _LONG}
    return frozenset(
        name for name in names | joined | {_UMLAUT.sub(r"\1", n) for n in names} if len(name) >= 2
    )


def names_subject(company: Company, unit: Unit, passage: Passage, page: Page) -> bool:
    """Whether somebody else's words speak of the company: they, or the headings and title above them, name it.

    "We" are those who write the page, and its structured data is about them too. What speaks of a person,
    ``steps.guard`` judges.
    """
    if unit.script >= 0 or says_we(unit.text):
        return False
    return names_company(company, "\n".join((unit.text, *passage.headings, page.content.title)))


def says_we(text: str) -> bool:
    """Whether the words speak of whoever writes them."""
    return _OURS.search(text) is not None


def names_company(company: Company, text: str) -> bool:
    """Whether the text holds one of the company's full names as a name, or its domain.

    Whole words count, not letters ("Acmeology" names no Acme), and a name has a capital or a digit: "you can fly"
    names no Fly.
    """
    domain = squash(registrable(company.asked_host))
    names = {name for name in full_names(company) if len(name) >= SHORTEST}
    words = list(_WORD.finditer(text))
    for position, first in enumerate(words):
        name, end = "", first.start()
        for word in words[position : position + LONGEST]:
            if not _WITHIN_NAME.fullmatch(text, end, word.start()):
                break
            name, end = name + squash(word.group()), word.end()
            written = text[first.start() : end]
            if name in names and (_stands_out(written) or (name == domain and "." in written)):
                return True
    return False


def _stands_out(written: str) -> bool:
    return any(character.isupper() or character.isdigit() for character in written)
