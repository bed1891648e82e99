"""The sentence that answers, where it meets every topic word and adds what the question asks for."""

from __future__ import annotations

import re
from collections.abc import Iterator

from leadline.research.model import BlockKind, Region
from leadline.research.readers.extractive import gates
from leadline.research.readers.extractive.asking import Asking
from leadline.research.readers.extractive.candidate import Candidate
from leadline.research.readers.extractive.fitting import Scope, adjacent_words_close, fit
from leadline.research.readers.extractive.labels import LABELLED
from leadline.research.readers.extractive.scene import Scene, Spot
from leadline.research.values.concepts import concepts
from leadline.research.values.dates import find_dates
from leadline.research.values.numbers import find_numbers
from leadline.research.values.polarity import denials, is_open
from leadline.research.values.terms import STOP_WORDS, squash, terms

MAX_CHARACTERS = 320
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
    asked = scene.question.text
    for spot in scene.spots:
        if spot.block.kind is BlockKind.HEADING or spot.block.region in (
            Region.NAVIGATION,
            Region.HEADER,
            Region.FOOTER,
        ):
            continue
        text = spot.text
        if len(text) > MAX_CHARACTERS or text.rstrip().endswith("?") or len(text.split()) < 2:
            continue
        asking = scene.asking(spot.language)
        if _forbidden(asking, spot) or not _adds(asked, asking, spot):
            continue
        strong = [w for w in asking.wanted if not w.weak and not w.light]
        if len(strong) < (1 if any(w.light for w in asking.wanted) else 2):
            continue
        kind = (
            [w for w in asking.subject if w in strong]
            if sum(w not in asking.subject for w in strong) >= 2
            else []
        )
        typed = _typed(asked, text)
        measured = fit(asking, spot, Scope(own=text), neighbours=False, leave_out=kind)
        if not measured.names_met or not adjacent_words_close(asking, text, spot.language):
            continue
        if typed:
            if len(measured.missing) > 1 or measured.coverage < 0.6:
                continue
            score = 0.25 + 0.75 * measured.coverage
        else:
            if measured.missing or measured.own < 0.6 or LABELLED.match(text):
                continue  # a label and its value are judged by their own rule
            score = 0.5 * measured.coverage + 0.5 * measured.own
        features = {
            "coverage": round(measured.coverage, 3),
            "own": round(measured.own, 3),
            "rank": float(spot.rank),
            "wanted": float(len(strong)),
        }
        yield Candidate(
            text,
            (spot.unit,),
            score * spot.region_weight - 0.002 * spot.rank,
            "sentence-typed" if typed else "sentence",
            features,
        )


def _typed(asked: str, text: str) -> bool:
    """The question asks for a thing that can be told by its form, and the text holds one."""
    if re.search(r"\b(?:open[- ]source )?licen[cs]e\b", asked, re.IGNORECASE):
        return bool(_LICENCE_NAME.search(text))
    if _TIME.search(asked):
        return bool(_TIME_UNIT.search(text))
    if _WHEN.search(asked):
        return bool(find_dates(text) or _DAY.search(text))
    if re.search(r"\be-?mail\b", asked, re.IGNORECASE):
        return bool(re.search(r"[\w.+-]+@[\w-]+\.\w+", text))
    return False


def _forbidden(asking: Asking, spot: Spot) -> bool:
    return (
        gates.forbids(asking, spot)
        or gates.outdated(asking, spot)
        or is_open(spot.text)
        or bool(denials(spot.text)) != bool(denials(asking.text))
        or gates.suppliers(asking, spot.text)
    )


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
        if t.folded.split("'")[0] not in STOP_WORDS
        and (i > 0 or t.text.isupper())
        and (t.text[0].isupper() or any(c.isdigit() for c in t.text))
        and not concepts(t.text, spot.language) & known
        and not any(squash(t.text) in name for name in asking.company)
    ]
    return bool(fresh) or (bool(find_numbers(text)) and bool(re.search(r"\bhow\b", asked, re.IGNORECASE)))
