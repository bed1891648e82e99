"""How texts about people become the words they are found by.

A person is looked up by one list of words, each with a letter before it that says what it is (``TERM``), in one index. So
one statement answers every combination of filters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final
from urllib.parse import unquote, urlsplit

from leadline.research.values.terms import fold

FIRST: Final = "f:"
LAST: Final = "l:"
TITLE: Final = "t:"
COMPANY: Final = "c:"
COUNTRY: Final = "n:"
DEPARTMENT: Final = "d:"
LEVEL: Final = "s:"
ANY: Final = "w:"

_WORD = re.compile(r"[^\W_]+")
_LONGEST = 60  # characters of a word; what is longer is no word that anybody types
_LEGAL_FORMS = frozenset(
    "inc incorporated llc llp ltd limited corp corporation co company plc gmbh mbh ag kg kgaa se ug ohg ev sa sas sarl srl"
    " spa bv nv oy ab as aps pty pte sro zoo".split()
)
# Letters that do not fall apart into a plain one and a mark.
_PLAIN = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "ı": "i", "'": None, "’": None})


@lru_cache(maxsize=100_000)
def words(text: str) -> tuple[str, ...]:
    """The words of a text, folded; letters of any script."""
    return tuple([one[:_LONGEST] for one in _WORD.findall(fold(text).translate(_PLAIN))])


@lru_cache(maxsize=50_000)
def name_slug(company: str) -> str:
    """A company's name as its address would have it, without its legal form: "Acme GmbH & Co. KG" is "acme"."""
    parts = words(company)
    while len(parts) > 1 and parts[-1] in _LEGAL_FORMS:
        parts = parts[:-1]
    return "-".join(parts)


@lru_cache(maxsize=50_000)
def company_path(url: str) -> str:
    """What tells a company's page on LinkedIn from others: "company/acme"."""
    return unquote(urlsplit(url).path).strip("/").lower()


def numbered(path: str) -> bool:
    """Whether a page's path holds a number in the place of a name."""
    return path.rpartition("/")[2].isdigit()


def query(terms: Iterable[Iterable[str]]) -> str:
    """A text search query: of each group one must be there. A term may itself be several, joined by a blank: all of them."""
    groups = []
    for group in terms:
        alternatives = {" & ".join(_quoted(one) for one in term.split(" ")) for term in group}
        groups.append("(" + " | ".join(f"({one})" for one in sorted(alternatives)) + ")")
    return " & ".join(groups)


def _quoted(term: str) -> str:
    return "'" + term.replace("\\", "\\\\").replace("'", "''") + "'"
