"""Words that forbid reading a sentence as a fact about the company asked about, now."""

from __future__ import annotations

import re

from leadline.research.documents.names import OURS_NAMED, says_we
from leadline.research.readers.extractive.asking import Asking
from leadline.research.readers.extractive.scene import Spot, address_words, title_concepts
from leadline.research.values.dates import find_dates
from leadline.research.values.terms import squash

_MADE_UP = re.compile(
    r"\b(?:for example|for instance|e\.g\.|let's say|let us say|suppose|imagine|hypothetical(?:ly)?|sample|fictional|placeholder|would cost|would be|"
    r"as if|say you|angenommen|beispiel:|exemple ?:|if you (?:have|had|run|use|sell)|zum beispiel|z\.\s?b\.|beispielsweise|par exemple|lorem ipsum)\b",
    re.IGNORECASE,
)
_EXAMPLE_HEADING = re.compile(
    r"\b(?:examples?|scenarios?|hypothetical|beispiele?|exemples?|template|how to calculate)\b", re.IGNORECASE
)
_OTHERS_PAGE = re.compile(
    r"\b(?:customers?|clients|case[- ]stud(?:y|ies)|success[- ]stor(?:y|ies)|testimonials?|kunden|referenzen|references|partners?)\s+\S",
    re.IGNORECASE,
)
_OTHERS = re.compile(
    r"\b(?:customers?|clients?|partners?|vendors?|suppliers?|competitors?|providers?|sub-?processors?|data ?cent(?:er|re)s?|hosting|portfolio compan(?:y|ies)|"
    r"candidates?|applicants?|kunden|lieferanten|anbieter|partner|fournisseurs?|clients|prestataires?)\b",
    re.IGNORECASE,
)
_SUPPLIERS = re.compile(
    r"\b(?:vendors?|suppliers?|competitors?|(?:hosting|cloud|data|service|payment|infrastructure|third[- ]party)[\w -]{0,12} (?:providers?|processors?)|"
    r"sub-?processors?|third[- ]part(?:y|ies)|data ?cent(?:er|re)s?|portfolio compan(?:y|ies)|lieferanten|fournisseurs?|prestataires?|operated by|which holds|whose|dessen|deren|rechenzentr\w+|auftragsverarbeiter\w*|hoster|sous-traitants?)\b",
    re.IGNORECASE,
)
_OUR_OTHERS = re.compile(
    r"\b(?:our|unsere?|notre|nos)\s+(?:[\w-]+\s+){0,3}(?:customers?|clients?|partners?|vendors?|suppliers?|providers?)\b|\b(?:customers?|clients?|partners?) of ours\b",
    re.IGNORECASE,
)
_ASPIRES = re.compile(
    r"\b(?:want|wants|aim|aims|aiming|goals?|targets?|targeting|plans? to|planning|hope|hopes|intend|intends|by (?:20[3-9]\d|the end of)|"
    r"objectives?|okrs?|wollen|ziel|ziele|objectif|d'ici)\b",
    re.IGNORECASE,
)
_ASKED_OTHERS = re.compile(
    r"\b(?:customer|client|partner|vendor|supplier|competitor|provider|processor|candidate|applicant|kunde|lieferant|fournisseur)",
    re.IGNORECASE,
)
_RELIED_ON = re.compile(
    r"^(?:used|trusted|loved|chosen|backed|powering|serving|relied on) (?:by\b)?|^(?:join|over|more than) [\d,.]+",
    re.IGNORECASE,
)
_PAST = re.compile(
    r"\b(?:used to|previously|formerly|back then|at the time|legacy|was once|no longer|früher|ehemals|autrefois|deprecated)\b",
    re.IGNORECASE,
)
# What a page by its title brings to an end is over, or will be.
_ENDED = re.compile(
    r"\b(?:ending|ended|end of life|discontinu\w+|sunset\w*|shut(?:s|ting)? down|retir(?:ed|ing)|eingestellt|abgeschaltet|arrêt de|fin de)\b",
    re.IGNORECASE,
)
PRESENT_YEARS = 2  # a page this much older than the site's newest does not speak of the present


def made_up(asking: Asking, spot: Spot) -> bool:
    """True for worked examples, unless the question asks about one."""
    if _MADE_UP.search(asking.text) or _EXAMPLE_HEADING.search(asking.text):
        return False
    return bool(_MADE_UP.search(spot.text)) or any(_EXAMPLE_HEADING.search(h) for h in spot.headings)


def about_others(asking: Asking, spot: Spot) -> bool:
    """True for what customers and partners say of themselves on pages of their own."""
    if _ASKED_OTHERS.search(asking.text):
        return False
    words = address_words(spot.page.url)
    if not _OTHERS_PAGE.search(words):
        return False
    return not any(w.named and w.concepts & title_concepts(spot) for w in asking.wanted)


def others_are_subject(asking: Asking, text: str, at: int) -> bool:
    """True when somebody else is named before ``at`` in the sentence and the company is not."""
    if _ASKED_OTHERS.search(asking.text):
        return False
    before = text[:at]
    return bool(_OTHERS.search(before)) and (
        bool(_OUR_OTHERS.search(before)) or not speaks_of_company(asking, text)
    )


# German is left out: there every noun has a capital.
_RELATIVE = re.compile(
    r"(?P<name>[A-ZÀ-Þ][\w.&'’-]*(?: [A-ZÀ-Þ][\w.&'’-]*)*)(?:,? (?:which|who|whose|qui|dont)\b|, [a-z]+ed by\b)(?:[^,;.]|(?<=\d)[,.](?=\d))*$"
)
_QUOTED = re.compile(r"[“„«‘\"]([^”“»’\"]{20,})[”“»’\"]")


def of_another(asking: Asking, text: str, at: int) -> bool:
    """True where the words speak of somebody else: "bought by Acme, which was founded in 1961", "our host Acme"."""
    match = _RELATIVE.search(text.rstrip(" ."), 0, at) or OURS_NAMED.search(text, 0, at)
    if match is None or match["name"].lower() in ("we", "i"):
        return False
    name = squash(match["name"])
    known = (*asking.company, squash(asking.text))
    return not any(name in own or own in name for own in known if len(own) >= 3)


def quoted(text: str, at: int) -> bool:
    """Whether the place stands within a quotation: what is said there, somebody says of himself."""
    return any(match.start() < at < match.end() for match in _QUOTED.finditer(text))


def suppliers(asking: Asking, text: str) -> bool:
    """True when a supplier, vendor or the like is spoken of: what it is or has is not the company's."""
    return (
        bool(_SUPPLIERS.search(text))
        and not _ASKED_OTHERS.search(asking.text)
        and not _SUPPLIERS.search(asking.text)
    )


def aspires(asking: Asking, text: str) -> bool:
    """True for goals and plans, unless asked for."""
    return bool(_ASPIRES.search(text)) and not _ASPIRES.search(asking.text)


def speaks_of_company(asking: Asking, text: str) -> bool:
    """True when the text says "we" or the company's name."""
    if says_we(text) or _RELIED_ON.search(text):
        return True
    squashed = squash(text)
    return any(name in squashed for name in asking.company if len(name) >= 3)


def outdated(asking: Asking, spot: Spot) -> bool:
    """True when a dated page is years older than the newest and the question is about the present."""
    published, newest = spot.page.content.published_on, spot.scene.newest
    if asking.years or not published or not newest:
        return False
    return (newest - published).days > 365 * PRESENT_YEARS


def speaks_of_past(asking: Asking, spot: Spot) -> bool:
    """True for "used to", "legacy": not what holds now, unless asked for."""
    if _PAST.search(asking.text):
        return False
    above = (*spot.headings, spot.page.content.title)
    return bool(_PAST.search(spot.text)) or any(_PAST.search(h) or _ENDED.search(h) for h in above)


def wrong_year(asking: Asking, spot: Spot, near: str) -> bool:
    """True when the question names a year and the words name others only."""
    if not asking.years:
        return False
    said = {d.year for d in find_dates(near)}
    return bool(said) and not (said & asking.years)


def forbids(asking: Asking, spot: Spot) -> bool:
    """True where nothing may be read off at all: worked examples, other companies' pages, the past."""
    return made_up(asking, spot) or about_others(asking, spot) or speaks_of_past(asking, spot)
