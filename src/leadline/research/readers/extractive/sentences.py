"""The sentence that answers, where it meets every topic word and adds what the question asks for."""

from __future__ import annotations

import re
from collections.abc import Iterator

from leadline.research.model import BlockKind, Region
from leadline.research.readers.extractive import gates
from leadline.research.readers.extractive.asking import Asking, with_verbs
from leadline.research.readers.extractive.candidate import Candidate
from leadline.research.readers.extractive.fitting import Scope, adjacent_words_close, fit
from leadline.research.readers.extractive.scene import Scene, Spot
from leadline.research.values.concepts import concepts
from leadline.research.values.dates import find_dates
from leadline.research.values.numbers import find_numbers
from leadline.research.values.polarity import denials, is_open
from leadline.research.values.terms import STOP_WORDS, squash, terms

MAX_CHARACTERS = 450
NEAR = 0.55  # share of the words met in or around the sentence; the rest is for those in the sentence itself
LONG = 45  # words; a longer sentence says more than one thing
_TIME = re.compile(
    r"\b(?:how long|how quickly|how fast|how soon|within what|what time|how often|wie lange|wie schnell)\b",
    re.IGNORECASE,
)
_TIME_UNIT = re.compile(
    r"\d+\s*(?:business |working )?(?:s|sec|seconds?|min|minutes?|h|hrs?|hours?|days?|weeks?|months?|years?|stunden|tage[n]?|wochen|jahre)\b|\b(?:daily|weekly|monthly|hourly|yearly|quarterly|annually)\b",
    re.IGNORECASE,
)
_WHEN = re.compile(
    r"^\s*(?:when|since when|wann|quand)\b|\b(?:what|which) (?:date|day|year|month)\b", re.IGNORECASE
)
_LICENCE_NAME = re.compile(
    r"\b(?:MIT|Apache|A?GPL\w*|LGPL\w*|BSD|MPL|Mozilla|ISC|EUPL|CC[ -]BY\S*|Creative Commons|Affero|BUSL|BSL|SSPL|Elastic License|Unlicense)\b"
)
_DAY = re.compile(
    r"\b(?:January|February|March|April|May|June|July|August|September|October|November|December)\s+\d{1,2}\b|\b\d{1,2}\.?\s+(?:January|February|March|April|May|June|July|August|September|October|November|December|Januar|Februar|März|Juni|Juli|Oktober|Dezember)\b"
)
_NAMING = re.compile(r"\b(?:which|what|whose|welche[rns]?|quel(?:le)?s?)\b", re.IGNORECASE)


def sentence_candidates(scene: Scene) -> Iterator[Candidate]:
    """Every sentence with a score of how far it says what is asked; the words of the kind asked for
    ("which PROVIDER") count for less, since the answer itself often stands in their place."""
    asked = scene.question.text
    for spot in scene.spots:
        text = spot.text
        if (
            spot.block.kind is BlockKind.HEADING
            or spot.block.region in (Region.NAVIGATION, Region.HEADER, Region.FOOTER)
            or len(text) > MAX_CHARACTERS
            or text.rstrip().endswith("?")
        ):
            continue
        asking = with_verbs(scene.asking(spot.language))
        strong = [w for w in asking.wanted if not w.weak and not w.light]
        kind = [w for w in asking.subject if w in strong]
        if len(strong) - len(kind) < (1 if kind or any(w.light for w in asking.wanted) else 2):
            continue
        if _forbidden(asking, spot):
            continue
        typed = _typed(asked, text)
        if typed is False or (not typed and _only_repeats(asking, spot)):
            continue
        if any(w.light for w in asking.wanted) and not typed and not _adds(asked, asking, spot):
            continue
        beyond = fit(asking, spot, Scope(own=text), leave_out=kind)
        whole = fit(asking, spot, Scope(own=text)) if kind else beyond
        if not beyond.names_met or not adjacent_words_close(asking, text, spot.language):
            continue
        coverage = 0.7 * beyond.coverage + 0.3 * whole.coverage
        own = 0.7 * beyond.own + 0.3 * whole.own
        score = NEAR * coverage + (1 - NEAR) * own - _doubts(asked, asking, spot, typed=bool(typed))
        features = {
            "coverage": round(coverage, 3),
            "own": round(own, 3),
            "missing": float(len(beyond.missing)),
            "rank": float(spot.rank),
            "wanted": float(len(strong)),
        }
        yield Candidate(
            text,
            (spot.unit,),
            score * spot.region_weight - 0.003 * spot.rank,
            "sentence-typed" if typed else "sentence",
            features,
        )


def _only_repeats(asking: Asking, spot: Spot) -> bool:
    """True when the sentence hardly says a word that the question does not."""
    known = frozenset().union(*(w.concepts for w in asking.wanted))
    new = [
        t
        for t in terms(spot.text, spot.language)
        if (t.folded not in STOP_WORDS or (t.text.isupper() and len(t.text) > 2))
        and t.stem not in known
        and not concepts(t.text, spot.language) & known
        and not any(squash(t.text) in name for name in asking.company)
    ]
    return not new


def _doubts(asked: str, asking: Asking, spot: Spot, *, typed: bool) -> float:
    """What speaks against a sentence that has the words; below zero where something speaks for it."""
    text = spot.text
    words = len(text.split())
    against = 0.0 if typed or _adds(asked, asking, spot) else 0.12
    against += 0.1 * is_open(text) + 0.08 * (bool(denials(text)) != bool(denials(asking.text)))
    against += 0.1 * (words < 4 and ":" not in text) + 0.1 * (words > LONG)
    return against - 0.04 * gates.speaks_of_company(asking, text) - 0.05 * typed


def _typed(asked: str, text: str) -> bool | None:
    """Whether the text holds the thing asked for, where that can be told by its form; None where it cannot."""
    if re.search(r"\b(?:open[- ]source )?licen[cs]e\b", asked, re.IGNORECASE):
        return bool(_LICENCE_NAME.search(text))
    if _TIME.search(asked):
        return bool(_TIME_UNIT.search(text))
    if _WHEN.search(asked):
        return bool(find_dates(text) or _DAY.search(text))
    if re.search(r"\be-?mail address\b", asked, re.IGNORECASE):
        return bool(re.search(r"[\w.+-]+@[\w-]+\.\w+", text))
    return None


def _forbidden(asking: Asking, spot: Spot) -> bool:
    return gates.forbids(asking, spot) or gates.outdated(asking, spot) or gates.suppliers(asking, spot.text)


def _adds(asked: str, asking: Asking, spot: Spot) -> bool:
    """The sentence holds something of the kind asked for that the question does not say already."""
    text = spot.text
    if _TIME.search(asked):
        return bool(_TIME_UNIT.search(text))
    if _WHEN.search(asked):
        return bool(find_dates(text) or _DAY.search(text))
    if not _NAMING.search(asked):
        return False
    known = frozenset().union(*(w.concepts for w in asking.wanted)) if asking.wanted else frozenset()
    fresh = [
        t
        for i, t in enumerate(terms(text, spot.language))
        if (t.folded.split("'")[0] not in STOP_WORDS or (t.text.isupper() and len(t.text) > 2))
        and (i > 0 or t.text.isupper())
        and (t.text[0].isupper() or any(c.isdigit() for c in t.text))
        and not concepts(t.text, spot.language) & known
        and not any(squash(t.text) in name for name in asking.company)
    ]
    return bool(fresh) or (bool(find_numbers(text)) and bool(re.search(r"\bhow\b", asked, re.IGNORECASE)))
