"""The year of an event: "was founded in 1931"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from leadline.research.readers.extractive import gates
from leadline.research.readers.extractive.asking import Asking, Wanted
from leadline.research.readers.extractive.candidate import Candidate
from leadline.research.readers.extractive.fitting import Fit, Scope, fit
from leadline.research.readers.extractive.measuring import figure_features
from leadline.research.readers.extractive.scene import Scene, Spot
from leadline.research.readers.extractive.table import is_row
from leadline.research.values.concepts import concepts
from leadline.research.values.dates import DateMention, find_dates
from leadline.research.values.terms import STOP_WORDS, squash, terms

_YEAR_STEMS = ("year", "jahr", "anne", "annee")
_SORTS_OF_COMPANY = (
    r"compan(?:y|ies)|business|firm|co-?op(?:erative)?|co|operative|enterprise|organi[sz]ation|group|foundation|charity|association|agency|studio|bank|"
    r"start-?up|corporation|partnership|practice|society|unternehmen|firma|gesellschaft|genossenschaft|verein|stiftung|betrieb|entreprise|société|"
    r"coopérative|cabinet|inc|ltd|limited|llc|gmbh|ag|ab|sa|sas|kg|ug|plc|oy|as|bv"
)
_SORT_OF_COMPANY = re.compile(rf"(?<!\w)(?:{_SORTS_OF_COMPANY})(?!\w)", re.IGNORECASE)
_FOUNDING_VERB = re.compile(
    r"(?<!\w)(?:founded|co-?founded|established|incorporated|formed|set up|started(?: up| out)?|start|began|created|launched|gegründet|fondée?|créée?)(?!\w)",
    re.IGNORECASE,
)
_FOUNDING_NOUN = re.compile(
    r"(?<!\w)(?:founding|foundation|founded|inception|established|incorporated|incorporation|formed|formation|started|since|gegründet|gründung|gründungsjahr|"
    r"seit|création|fondée?|depuis)(?!\w)",
    re.IGNORECASE,
)
# Words of a question that ask for the founding without naming it: "since when has it been operating".
_EXISTING = frozenset(
    "operating operate operated existing exist existed exists business active around trading running begin beginning birth opened open doors "
    "officially legally registered start starts set since".split()
)
_SINCE = re.compile(r"(?<!\w)(?:since|seit|depuis)\s+(?:the\s+)?(?:year\s+)?$", re.IGNORECASE)
_ORIGIN = re.compile(
    r"\b(?:our|its|the company's|unserer|ihrer|notre|sa)\s(?:very\s)?(?:origins?|foundation|founding|inception|creation|beginnings?|start|gründung|création|fondation)\s(?:in|back in|im jahr|en)\s(?:the year\s)?$",
    re.IGNORECASE,
)
_IN_BUSINESS = re.compile(
    r"\b(?:in business|operat\w+|exist\w*|around|family|trading|active|independent|familien\w+|besteht|inhabergeführt)\b",
    re.IGNORECASE,
)
_APART = re.compile(
    r"\b(?:since|years?|months?|after|before|ago|until|later|nach|vor|jahre|ans|après|avant)\b", re.IGNORECASE
)
_PASSIVE = re.compile(r"(?:\b(?:was|were|is|been|wurde|été|est)\s+(?:\w+ly\s+)?)$", re.IGNORECASE)
_OBJECT_ENDS = re.compile(
    r"[,.;:()–—]|\b(?:and|by|in|as|with|from|to|when|after|und|von|et|par|en|at|on|out|life)\b|(?:19|20)\d\d",
    re.IGNORECASE,
)
_SAYS_COMPANY = re.compile(
    r"\b(?:the company|we|it|das unternehmen|wir|l'entreprise|la société|nous)\b", re.IGNORECASE
)


_EARLY = re.compile(r"(?<![\w.,/$€£#-])(?P<y>1[5-8]\d\d)(?![\w%]|[.,]\d|\s?(?:€|%|EUR|USD))")


@lru_cache(maxsize=64)
def _dates(text: str) -> list[DateMention]:
    """Dates and years, those of centuries ago too: outside a question for a year "1850" may be any figure."""
    found = find_dates(text)
    early = [DateMention(m.start(), m.end(), int(m["y"])) for m in _EARLY.finditer(text)]
    return sorted(
        [*found, *(e for e in early if not any(e.start < d.end and d.start < e.end for d in found))]
    )


def year_candidates(scene: Scene) -> Iterator[Candidate]:
    """The year of an event: the only year in a sentence that tells the event of the company."""
    for spot in scene.spots:
        asking = scene.asking(spot.language)
        dates = _dates(spot.text)
        if not dates or gates.made_up(asking, spot) or gates.about_others(asking, spot):
            continue
        given = [w for w in asking.wanted if w.stem in _YEAR_STEMS]
        if _asks_founding(asking, given):
            yield from _foundings(asking, spot, dates)
        elif len({d.year for d in dates}) == 1 and (found := _event(asking, spot, dates[0], given)):
            yield found


def _event(asking: Asking, spot: Spot, date: DateMention, given: Sequence[Wanted]) -> Candidate | None:
    """The year of what the question names, in a sentence that tells all of it."""
    if all(w.weak for w in asking.wanted if w not in given):
        return None
    measured = fit(asking, spot, Scope(own=spot.text), leave_out=given)
    if len(measured.missing) > 1 or not measured.names_met or measured.own < 0.6:
        return None
    said_by_company = (
        gates.speaks_of_company(asking, spot.text)
        or re.match(r"^[^.:]{2,30}:\s", spot.text)
        or is_row(spot)
        or _SAYS_COMPANY.search(spot.text)
    )
    distance = _event_distance(asking, spot, date.start, given)
    if not said_by_company or distance > 8 or _between(asking, spot, date.start) > 2:
        return None
    score = measured.coverage * spot.region_weight - 0.002 * spot.rank - 0.01 * distance
    return Candidate(
        date.year, (spot.unit,), score, "year", figure_features(measured, spot, float(distance), asking)
    )


# ------------------------------------------------------------------ the founding of the company itself


def _asks_founding(asking: Asking, given: Sequence[Wanted]) -> bool:
    """True when nothing is asked of but the company's own beginning: not of a product's or a branch's."""
    rest = [
        w for w in asking.wanted if w not in given and not w.light and not _SORT_OF_COMPANY.fullmatch(w.text)
    ]
    asked = any(_tells_founding(w) for w in rest) or bool(_IN_BUSINESS.search(asking.text))
    return asked and all(_tells_founding(w) or w.weak for w in rest)


def _tells_founding(word: Wanted) -> bool:
    said = word.text.lower()
    return "~founded" in word.concepts or said in _EXISTING or bool(_FOUNDING_VERB.fullmatch(said))


def _foundings(asking: Asking, spot: Spot, dates: Sequence[DateMention]) -> Iterator[Candidate]:
    for date in dates:
        nearness = _founding_nearness(asking, spot, date)
        if nearness is None:
            continue
        score = nearness * spot.region_weight - 0.002 * spot.rank
        measured = Fit(nearness, nearness, (), True, len(asking.wanted))
        yield Candidate(date.year, (spot.unit,), score, "year", figure_features(measured, spot, 0.0, asking))


def _founding_nearness(asking: Asking, spot: Spot, date: DateMention) -> float | None:
    """How surely the date is that of the company's founding; None when it is not told to be."""
    text = spot.text
    before = text[: date.start]
    if is_row(spot) or ((lead := re.match(r"^[^.:]{2,30}:\s", text)) and lead.end() <= date.start):
        label = re.split(r"[:|\n]", before)[0]
        said = _FOUNDING_NOUN.search(label)
        return (
            0.95
            if said and len(label.split()) <= 4 and _only_company(asking, _FOUNDING_NOUN.sub("", label))
            else None
        )
    ours = gates.speaks_of_company(asking, text) or bool(_SAYS_COMPANY.search(text))
    if ours and _ORIGIN.search(before):
        return 0.93
    if _SINCE.search(before):
        if len(_dates(text)) > 1 or not (ours or len(text.split()) <= 8):
            return None
        asked_since = re.search(r"\b(?:since|seit|depuis|operating|business)\b", asking.text, re.IGNORECASE)
        if asked_since and re.fullmatch(r"\W*(?:since|seit|depuis)\W*", before, re.IGNORECASE):
            return 0.84
        return 0.86 if _IN_BUSINESS.search(text) or len(before.split()) <= 1 else None
    for verb in _FOUNDING_VERB.finditer(text):
        if abs(verb.start() - date.start) > 90:
            continue
        if len(_dates(text)) > 1 and (
            verb.start() > date.start or len(_dates(text[verb.end() : date.start])) > 0
        ):
            continue  # of several years the one right behind the verb counts
        if _APART.search(text[min(verb.end(), date.end) : max(verb.start(), date.start)]):
            continue
        after = text[verb.end() :]
        stop = _OBJECT_ENDS.search(after)
        told = after[: stop.start() if stop else len(after)]
        if not _only_company(asking, told):
            continue
        subject = text[: verb.start()]
        if _PASSIVE.search(subject):
            subject = _PASSIVE.sub("", subject)
            near = " ".join(subject.split()[-6:])
            if re.search(r"\b(?:that|which|who|die|der|das|qui)\s*$", subject) or not (
                _names_company(asking, near) or _SAYS_COMPANY.search(near) or _SORT_OF_COMPANY.search(near)
            ):
                continue
            return 0.97
        if subject.strip() and not ours:
            continue
        if not told.strip() and verb.start() < date.start and subject.strip() and len(subject.split()) > 12:
            continue
        return 0.95
    return None


def _only_company(asking: Asking, text: str) -> bool:
    """True when the words name the company, a sort of company, or nothing."""
    if _SORT_OF_COMPANY.search(text) or _names_company(asking, text):
        return True
    return not [t for t in terms(text) if t.folded not in STOP_WORDS and not t.folded.isdigit()]


def _names_company(asking: Asking, text: str) -> bool:
    squashed = squash(text)
    return any(name in squashed for name in asking.company if len(name) >= 3)


def _event_distance(asking: Asking, spot: Spot, at: int, given: Sequence[Wanted]) -> int:
    """Words between the year and the nearest topic word."""
    words = terms(spot.text, spot.language)
    year = next((i for i, t in enumerate(words) if t.start >= at), len(words))
    wanted = frozenset().union(*(w.concepts for w in asking.wanted if w not in given))
    places = [i for i, t in enumerate(words) if wanted & concepts(t.text, spot.language)]
    return min((abs(year - i) for i in places), default=99)


def _between(asking: Asking, spot: Spot, at: int) -> int:
    """Content words between the last topic word before the year and the year: "operated transparency logs since"."""
    wanted = frozenset().union(*(w.concepts for w in asking.wanted))
    words = list(terms(spot.text[:at], spot.language))
    last = max((i for i, t in enumerate(words) if wanted & concepts(t.text, spot.language)), default=None)
    if last is None:
        return 0
    return sum(t.folded not in STOP_WORDS and len(t.folded) > 2 for t in words[last + 1 :])
