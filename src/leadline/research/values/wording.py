"""When two wordings are one thing: names with titles, accents or slips of the pen, and numbers told less exactly."""

from __future__ import annotations

import re
from collections.abc import Iterable

from leadline.research.values.numbers import Number
from leadline.research.values.terms import fold

_TITLES = frozenset(
    "dr prof professor mr mrs ms miss sir dame herr frau mag ing dipl mba phd msc bsc madame monsieur mme m".split()
)
_ARTICLES = frozenset("the a an der die das den le la les l el los las il lo".split())
_AND = frozenset("and und et y e".split())
_WORD = re.compile(r"[a-z0-9]+")
SLIP_LENGTH = 6  # letters that a word must have for one of them to be a slip
MOST_ROUNDED = 0.2  # of the exact figure; what is further off is another figure


def name_words(name: str) -> tuple[str, ...]:
    """The words of a name that tell it from others, folded: no titles, no articles, no "and" or "&"."""
    words = _WORD.findall(re.sub(r"[&+]", " ", fold(name).replace("'", "").replace(".", "")))
    kept = tuple(word for word in words if word not in _TITLES | _ARTICLES | _AND)
    return kept or tuple(words)


def same_name(a: str, b: str) -> bool:
    """The same words, or words that differ by one slip of the pen in one of them. A digit is never a slip."""
    before, after = name_words(a), name_words(b)
    if before == after or "".join(before) == "".join(after):
        return True
    if len(before) != len(after):
        return False
    differing = [(x, y) for x, y in zip(before, after, strict=True) if x != y]
    return len(differing) == 1 and _one_slip(*differing[0])


def _one_slip(a: str, b: str) -> bool:
    """One letter too many, too few or exchanged, or two neighbours swapped."""
    if min(len(a), len(b)) < SLIP_LENGTH or any(c.isdigit() for c in a + b) or abs(len(a) - len(b)) > 1:
        return False
    start = 0
    while start < min(len(a), len(b)) and a[start] == b[start]:
        start += 1
    rest, other = a[start:], b[start:]
    if len(a) == len(b):
        return rest[1:] == other[1:] or (rest[1:2] + rest[:1] + rest[2:] == other)
    longer, shorter = (rest, other) if len(rest) > len(other) else (other, rest)
    return longer[1:] == shorter


def unmatched(these: Iterable[str], those: Iterable[str]) -> list[str]:
    """Those of ``these`` that are no other name of any of ``those``."""
    others = list(those)
    return [one for one in these if not any(same_name(one, other) for other in others)]


def told_less_exactly(exact: Number, rough: Number) -> bool:
    """Whether ``rough`` may be ``exact``, rounded to as many digits as it shows."""
    if exact == rough:
        return True
    unit = _unit(rough)
    return abs(exact - rough) < unit and abs(exact - rough) <= MOST_ROUNDED * abs(exact)


def rougher(one: Number, other: Number) -> bool:
    """Whether the last digit that ``one`` shows counts more than that of ``other``."""
    return _unit(one) > _unit(other)


def _unit(value: Number) -> float:
    """What the last digit that is shown counts: 100 for 1300, 0.1 for 61.4."""
    digits = f"{value:.10f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
    if "." in digits:
        return float(10 ** -len(digits.partition(".")[2]))
    bare = digits.rstrip("0")
    return float(10 ** (len(digits) - len(bare))) if bare.strip("-") else 1.0
