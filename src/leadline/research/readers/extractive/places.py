"""Where: "headquartered in X", "an office in X", and postal addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator

from leadline.research.model import Unit
from leadline.research.readers.extractive import gates
from leadline.research.readers.extractive.asking import Asking
from leadline.research.readers.extractive.candidate import Candidate
from leadline.research.readers.extractive.scene import Scene, Spot, address_words
from leadline.research.values.concepts import concepts
from leadline.research.values.terms import squash

_WHERE = re.compile(
    r"^\s*(?:where (?:is|are|was)\b|in (?:which|what) (?:city|town|country|place)\b|(?:which|what) (?:city|town|country)\b|wo (?:ist|hat|sitzt)|où\b|dans quelle ville|"
    r"in welcher stadt)|\b(?:address|headquarters?|headquartered|registered office|based)\b",
    re.IGNORECASE,
)
_NOT_PLACES = re.compile(
    r"\b(?:link|url|web|email|e-mail|ip)\b|\bfind\b|\bstored\b|\bhosted\b", re.IGNORECASE
)
_LEGAL = re.compile(r"\b(?:registered|legal notice|imprint|address|seat|incorporated)\b", re.IGNORECASE)
_PLACE = r"(?P<place>(?:the\s+)?[A-ZÀ-Þ][\w'’.-]+(?:[\s-]+(?:de|of|the|am|an|der|la|le|upon|sur)?\s*[A-ZÀ-Þ][\w'’.-]+)*(?:,\s+[A-ZÀ-Þ][\w'’.-]+(?:\s+[A-ZÀ-Þ][\w'’.-]+)*){0,2})"
_SEATED = re.compile(
    rf"\b(?i:(?:headquartered|headquarters(?:\s+(?:is|are|located))?|head office(?:\s+is)?|hq|based|sitz|hauptsitz|siège(?:\s+social)?)\s+(?:is\s+)?(?:in|at|à|:)\s+){_PLACE}"
)
_OFFICE = re.compile(
    rf"\b(?i:(?:office|offices|büro|bureau)\s+(?:is\s+|are\s+)?(?:located\s+)?(?:in|at|à)\s+){_PLACE}"
)
_POSTAL = re.compile(
    r"\b(?:[A-Z]{1,2}-)?\d{4,5}\s+[A-ZÀ-Þ][\w'’-]+|\b[A-Z]{1,2}\d[A-Z\d]?\s*\d[A-Z]{2}\b|\b[A-Z][a-z]+(?:\s[A-Z][a-z]+)?,\s*(?:[A-Z]{2}|[A-Z][a-z]+)\.?\s+\d{5}(?:-\d{4})?\b"
)


def asks_for_place(text: str) -> bool:
    return bool(_WHERE.search(text)) and not _NOT_PLACES.search(text)


def names_a_place(text: str) -> bool:
    """True when the field's words (in brackets) are a place."""
    return bool(
        re.search(r"\[[^\]]*\b(?:city|country|headquarters|hq|address|location|town)\b[^\]]*\]", text)
    )


def place_candidates(scene: Scene) -> Iterator[Candidate]:
    for spot in scene.spots:
        asking = scene.asking(spot.language)
        if gates.made_up(asking, spot) or gates.about_others(asking, spot) or gates.outdated(asking, spot):
            continue
        yield from _seated(asking, spot)
        if _LEGAL.search(asking.text):
            yield from _postal(asking, spot)


def _seated(asking: Asking, spot: Spot) -> Iterator[Candidate]:
    wants = concepts(asking.text)
    office = "offic" in wants and not wants & {"~headquarters"}
    if not office and not (wants & {"~headquarters", "base", "locat", "seat"}):
        return
    match = (_OFFICE if office else _SEATED).search(spot.text)
    if (
        not match
        or not match["place"][0].isupper()
        or (not gates.speaks_of_company(asking, spot.text) and "company" not in spot.text.lower())
    ):
        return
    if any(w.named and not w.concepts & concepts(spot.text, spot.language) for w in asking.wanted):
        return
    if re.match(r"\s*(?:,|and|or|und|et)\s+(?:[A-Z]|in\b)", spot.text[match.end("place") :]) and office:
        return  # several offices: not one place
    features = {"coverage": 1.0, "rank": float(spot.rank), "region": spot.region_weight}
    yield Candidate(
        match["place"].strip(" .,"), (spot.unit,), 0.92 - 0.002 * spot.rank, "place-seat", features
    )


def _postal(asking: Asking, spot: Spot) -> Iterator[Candidate]:
    """An address with a postal code, on a legal page, in a footer, or beside the company's name."""
    match = _POSTAL.search(spot.text)
    if not match:
        return
    value, units = _whole_address(asking, spot, match.start(), match.end())
    if len(value) > 250:
        return
    near = " ".join([value, *(u.text for u in spot.neighbours(2))])
    if any(w.named and not w.concepts & concepts(near, spot.language) for w in asking.wanted):
        return
    if (
        "registered" in asking.text.lower()
        and not re.search(
            r"regist|imprint|impressum|legal notice|mentions l",
            near + address_words(spot.page.url) + " ".join(spot.headings),
            re.IGNORECASE,
        )
        and spot.block.region.value != "footer"
    ):
        return
    named = any(name in squash(near) for name in asking.company if len(name) >= 3)
    legal = re.search(
        r"\b(?:imprint|impressum|legal notice|legal|mentions legales|contact|kontakt|privacy|datenschutz|terms|agb)\b",
        address_words(spot.page.url) + " " + " ".join(spot.headings),
        re.IGNORECASE,
    )
    labelled = bool(
        re.match(
            r"(?:postal |mailing |registered )?(?:address|anschrift|adresse)\b[^:]{0,60}:",
            spot.text,
            re.IGNORECASE,
        )
    )
    asked_by_name = any(w.named and w.concepts & concepts(value, spot.language) for w in asking.wanted)
    if not (named or ((labelled or asked_by_name) and legal)) or not (
        legal or spot.block.region.value == "footer"
    ):
        return
    features = {"coverage": 1.0, "rank": float(spot.rank), "region": spot.region_weight}
    yield Candidate(
        value, units, 0.9 - 0.002 * spot.rank + (0.03 if legal else 0.0), "place-postal", features
    )


def _whole_address(asking: Asking, spot: Spot, start: int, end: int) -> tuple[str, tuple[Unit, ...]]:
    """All lines of an address; of a long sentence the part from the company's name to the country."""
    if len(spot.text) > 120:
        ahead = [
            m
            for m in re.finditer(r"\b[A-ZÀ-Þ][\w.]+", spot.text[:start])
            if squash(m.group()) in asking.company
        ]
        rest = re.match(r"\s?[,/]\s?[A-ZÀ-Þ][a-zà-ÿ]+(?:\s[A-ZÀ-Þ][a-zà-ÿ]+)*", spot.text[end:])
        if ahead and start - ahead[-1].start() <= 120:
            return spot.text[ahead[-1].start() : end + (rest.end() if rest else 0)], (spot.unit,)
    lines = tuple(u for u in spot.passage.units if u.block == spot.unit.block)
    whole = ", ".join(u.text.strip(" ,") for u in lines)
    if 1 < len(lines) <= 8 and len(whole) <= 220 and max(len(u.text) for u in lines) <= 60:
        return whole, lines
    return spot.text, (spot.unit,)
