"""Everyday questions answered from the profile: the field that is meant, in the type that is asked for.

The profile is read off the pages of this very question, never out of storage: an answer depends on the question, the
budget and the pages, not on what was asked before.
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from leadline.research.answer_types import answer_type
from leadline.research.documents.units import passages
from leadline.research.model import Evidence, Passage, Provenance, Question, Unit
from leadline.research.profile import persons, places
from leadline.research.profile.brand import brand_of
from leadline.research.profile.building import build, latest
from leadline.research.profile.mapper import Guess, known_words, names_role
from leadline.research.profile.meaning import (
    A_DEPARTMENT,
    AT_A_PLACE,
    HEAD,
    PAGE,
    PLAN_PRICE,
    ROLES,
    meant,
    place_asked,
    plan_asked,
    unnamed,
)
from leadline.research.profile.model import Field, Finding, Means, Profile, Told
from leadline.research.profile.things import named_things, words_in_order, words_of
from leadline.research.values.dates import MONTHS
from leadline.research.values.terms import fold, squash

MOST_LINES = 6  # passages of the profile that come before the others
MOST_PLACES = 3  # that are cited for one value


_ASKS_COUNTRY = re.compile(r"\b(?:countr(?:y|ies)|land|pays)\b", re.IGNORECASE)
_LEADS = re.compile(
    r"\b(?:head|lead|chief|director|vp|vice president|leit|verantwort|responsable|direct|manager|officer)|leit(?:er|ung)"
)
_PERIODS = {
    "month": frozenset("month monthly monat monatlich mois mensuel mo".split()),
    "year": frozenset("year yearly annual annually annum jahr jahrlich an annuel yr".split()),
}
_SOCIAL = frozenset({"linkedin", "twitter", "github"})
# Pages that are themselves what is asked after: who has a page on security has not therefore a trust center.
_THERE = frozenset(
    f"{PAGE}{name}" for name in "blog changelog contact demo imprint login privacy signup terms".split()
)
_CERTIFICATES = {"soc2": "soc2", "iso27001": "iso27001"}
# At most; less than the share of profile fields that are right (``scripts/score_profiles.py``).
_CONFIDENT = 0.9


def answer(question: Question, evidence: Evidence) -> Told | None:
    """The profile's answer; None where the question means no field, or the pages do not tell, or not in its type."""
    if question.subject.person is not None or answer_type(question.answer_type).asks:
        return persons.answer(question, evidence)
    if question.answer_type == "open_text" and (place := place_asked(question, evidence)) is not None:
        return _of_a_place(question, evidence, *place)
    if question.answer_type == "currency" and (price := _price_of_a_plan(question, evidence)) is not None:
        return price
    field = meant(question)
    if field is None:
        return None
    things = things_of(question, evidence)
    if field.field.startswith(HEAD):
        # The department is asked for in the question's words, and found in the role's.
        department = A_DEPARTMENT[field.field.removeprefix(HEAD)]
        things = tuple(one for one in things if not department.search(one))
    profile = profile_of(question, evidence)
    if field.field == "headquarters" and _ASKS_COUNTRY.search(question.text):
        seat = profile.value("headquarters") or {}
        if "countryCode" not in seat:
            return None
    typed = _typed(field.field, question.answer_type, profile)
    if typed is None or not all(_about(f, things, evidence) for _, found in typed[1] for f in found[:1]):
        return None
    return Told(field.field, *typed, probability=field.probability)


def _of_a_place(question: Question, evidence: Evidence, field: Guess, place: Collection[str]) -> Told | None:
    """What the pages tell of one place; None where they tell nothing of it, or several things."""
    own = [page for page in evidence.pages if page.provenance is Provenance.OWN]
    brand = brand_of(question.company, own)
    kind = AT_A_PLACE[field.field]
    found = places.at((f for page in own for f in places.find(page, brand)), kind, place)
    if not found:
        return None
    value = found[0].value[kind]
    return Told(field.field, value, ((value, tuple(found[:MOST_PLACES])),), probability=field.probability)


def _price_of_a_plan(question: Question, evidence: Evidence) -> Told | None:
    """What a plan costs that the question names; nothing where the pages tell of several prices that it may mean."""
    plans = [one for one in _each(profile_of(question, evidence), "plans") if one[0].get("price") is not None]
    if (found := plan_asked(question, {value["name"] for value, _ in plans})) is None:
        return None
    field, name, rest = found
    things = named_things(rest, known_words(), evidence)
    asked = set(words_of(rest))
    period = next((period for period, words in _PERIODS.items() if words & asked), None)
    priced = [
        finding
        for value, (finding,) in plans
        if value["name"] == name
        and (period is None or value["period"] in (None, period))
        and _about(finding, things, evidence)
    ]
    if _names_page(rest, evidence, {f.url for f in priced}):
        return None
    prices = {(f.value["price"], f.value["currency"], f.value["period"]) for f in priced}
    if len(prices) != 1 or priced[0].value["currency"] is None:
        return None
    money = {"value": priced[0].value["price"], "currency": priced[0].value["currency"]}
    return Told(PLAN_PRICE, money, ((money, tuple(priced)),), probability=field.probability)


def _names_page(text: str, evidence: Evidence, urls: Collection[str]) -> bool:
    """Whether a question names a page of the site by the last part of its address, other than these: the prices of
    "Acme Self-Hosted" stand on ``/self-hosted``.
    """
    asked, known = " ".join(words_in_order(text)), known_words()
    for page in evidence.pages:
        name = words_in_order(page.url.rstrip("/").rpartition("/")[2])
        if page.url not in urls and not known.issuperset(name) and f" {' '.join(name)} " in f" {asked} ":
            return True
    return False


def _about(finding: Finding, things: Collection[str], evidence: Evidence) -> bool:
    """Whether the words found, or those above them, are about everything that the question names."""
    if not things:
        return True
    page = next(page for page in evidence.pages if page.snapshot_id == finding.snapshot_id)
    above = " ".join(h for b in page.content.blocks if b.start <= finding.start < b.end for h in b.headings)
    said = set(words_of(f"{finding.quote} {finding.value} {above} {page.content.title}"))
    return set(things) <= said


def things_of(question: Question, evidence: Evidence) -> tuple[str, ...]:
    """What the question names besides the company, folded: a place, a plan, a product. An answer must be about it."""
    things = named_things(unnamed(question), known_words(), evidence)
    if not things:
        return ()
    legal = words_in_order(profile_of(question, evidence).value("legal_name") or "")
    known = {"".join(word[0] for word in legal), *legal, *MONTHS}
    return tuple(thing for thing in things if thing not in known)


def confidence(told: Told) -> float:
    return round(_CONFIDENT * told.probability, 3)


_BESIDE_WORDS = frozenset({Means.LINK, Means.ENTRY})
_KEPT: OrderedDict[tuple[str, ...], Profile] = OrderedDict()
_MOST_KEPT = 16
_LOCK = threading.Lock()


def profile_of(question: Question, evidence: Evidence) -> Profile:
    """The profile that exactly these snapshots give, built when it is not among the last ones used."""
    key = (question.company.asked_host, *(f"{p.snapshot_id} {p.content.text_sha256}" for p in evidence.pages))
    with _LOCK:
        if (kept := _KEPT.get(key)) is not None:
            _KEPT.move_to_end(key)
            return kept
    built = build(question.company, evidence.pages)
    with _LOCK:
        _KEPT[key] = built
        while len(_KEPT) > _MOST_KEPT:
            _KEPT.popitem(last=False)
    return built


def _typed(
    meant: str, kind: str, profile: Profile
) -> tuple[Any, tuple[tuple[Any, tuple[Finding, ...]], ...]] | None:
    items = list(_items(meant, profile))
    if not items:
        return None
    if kind == "list":
        texts = [(text, found) for text, found in ((_text(value), found) for value, found in items) if text]
        return ([text for text, _ in texts], tuple(texts)) if texts else None
    if kind == "boolean":
        return _yes(meant, items)
    if len(items) > 1 and kind != "open_text":
        return None
    value, found = items[0]
    if kind == "number":
        number = value if isinstance(value, int) and not isinstance(value, bool) else None
        return None if number is None else (number, ((number, found),))
    if kind == "url":
        text = value["url"] if isinstance(value, dict) and "url" in value else value
        is_address = isinstance(text, str) and text.startswith("https://")
        return (text, ((text, found),)) if is_address else None
    if kind == "currency":
        if not isinstance(value, dict) or not value.get("currency"):
            return None
        amount = value["price"] if "price" in value else value.get("amount")
        money = {"value": amount, "currency": value["currency"]}
        return money, ((money, found),)
    if kind == "open_text":
        text = ", ".join(filter(None, (_text(value) for value, _ in items)))
        places = tuple(finding for _, findings in items for finding in findings)
        return (text, ((text, places),)) if text else None
    return None


def _yes(
    meant: str, items: Sequence[tuple[Any, tuple[Finding, ...]]]
) -> tuple[Any, tuple[tuple[Any, tuple[Finding, ...]], ...]] | None:
    """Something is there: the pages tell of it. A no is what they say in so many words; that nothing was found is none."""
    value, found = items[0]
    if isinstance(value, bool):
        return value, ((value, found),)
    if meant in _CERTIFICATES or meant in _THERE or (isinstance(value, dict) and value.get("offered")):
        return True, ((True, found),)
    return None


def _items(meant: str, profile: Profile) -> Iterator[tuple[Any, tuple[Finding, ...]]]:
    """The values of the field that is meant, each with its findings."""
    if meant in ROLES:
        yield from _holders(profile, meant)
    elif meant.startswith(HEAD):
        yield from _heads(profile, meant.removeprefix(HEAD))
    elif meant in _SOCIAL:
        yield from (one for one in _each(profile, "social_profiles") if one[0]["network"] == meant)
    elif meant.startswith(PAGE):
        yield from (one for one in _each(profile, "pages") if one[0]["page"] == meant.removeprefix(PAGE))
    elif meant in _CERTIFICATES:
        wanted = _CERTIFICATES[meant]
        yield from (
            one
            for one in _each(profile, "certifications")
            if squash(one[0].replace("/IEC", "")).startswith(wanted)
        )
    elif meant == "cheapest_plan":
        paid = [one for one in _each(profile, "plans") if one[0].get("price")]
        if len({one[0]["currency"] for one in paid}) == 1:
            yield min(paid, key=lambda one: one[0]["price"])
    elif meant == "funding":
        field = profile.fields.get("funding")
        found = latest(field.findings) if field is not None else []
        yield from ((one.value, tuple(found)) for one in found[:1])
    elif meant == "trial_days":
        yield from ((v["days"], found) for v, found in _each(profile, "trial") if v.get("days"))
    else:
        yield from _each(profile, meant)


def _each(profile: Profile, name: str) -> Iterator[tuple[Any, tuple[Finding, ...]]]:
    field: Field | None = profile.fields.get(name)
    if field is None:
        return
    if isinstance(field.value, list):
        for finding in field.findings:
            yield finding.value, (finding,)
    else:
        yield field.value, field.findings[:MOST_PLACES]


def _holders(profile: Profile, meant: str) -> list[tuple[str, tuple[Finding, ...]]]:
    """Who has the role; where nobody is called so, who has one that people mean by it ("finance director")."""
    people = list(_each(profile, "leadership"))
    signs = re.compile(rf"\b(?:{'|'.join(map(re.escape, ROLES[meant]))})")
    called = [(value["name"], found) for value, found in people if signs.search(fold(value["role"]))]
    return called or [(value["name"], found) for value, found in people if names_role(value["role"], meant)]


def _heads(profile: Profile, department: str) -> list[tuple[str, tuple[Finding, ...]]]:
    """Who leads a department, where it is one person."""
    found = [
        (value["name"], findings)
        for value, findings in _each(profile, "leadership")
        if A_DEPARTMENT[department].search(role := fold(value["role"])) and _LEADS.search(role)
    ]
    return found if len({squash(name) for name, _ in found}) == 1 else []


def _text(value: Any) -> str:
    if isinstance(value, dict):
        if "amount" in value:
            return str(value["text"])
        if "address" in value:
            return str(value["address"])
        if "city" in value:
            return ", ".join(str(value[k]) for k in ("city", "region", "state") if value.get(k))
        return str(value.get("name") or value.get("url") or "")
    return "" if isinstance(value, bool) else str(value)


# ------------------------------------------------------------------ the places on the pages


def lines(question: Question, evidence: Evidence, known: Sequence[Passage] | None = None) -> list[Passage]:
    """The passages that hold what the profile answers, for readers to see first."""
    told = answer(question, evidence)
    if told is None:
        return []
    of = {page.snapshot_id: number for number, page in enumerate(evidence.pages)}
    wanted = [finding for _, findings in told.parts for finding in findings]
    found = [
        passage
        for passage in (known if known is not None else passages(evidence))
        if any(
            of.get(finding.snapshot_id) == passage.page
            and any(holds(unit, finding) for unit in passage.units)
            for finding in wanted
        )
    ]
    return found[: max(MOST_LINES, MOST_PLACES * len(told.parts))]


def holds(unit: Unit, finding: Finding) -> bool:
    """Whether the finding's words stand in the unit, as far as it begins there."""
    return (
        finding.start >= 0
        and unit.script == finding.script
        and unit.start < finding.end
        and finding.start < unit.end
    )


def cited(
    told: Told, evidence: Evidence, given: Iterable[Passage]
) -> list[tuple[Any, tuple[int, ...]]] | None:
    """Each part of the value with the numbers of the units that hold it; None when a part has none."""
    of = {page.snapshot_id: number for number, page in enumerate(evidence.pages)}
    units = [unit for passage in given for unit in passage.units]
    result: list[tuple[Any, tuple[int, ...]]] = []
    for value, findings in told.parts:
        numbers = tuple(
            dict.fromkeys(
                unit.number
                for finding in findings
                for unit in units
                if of.get(finding.snapshot_id) == unit.page and holds(unit, finding)
            )
        )
        if not numbers:
            return None
        result.append((value, numbers))
    return result


def bears_out(
    question: Question, value: Any, units: Sequence[Unit], evidence: Evidence, *, by_link: bool = False
) -> bool:
    """Whether the profile, read anew off these pages, says this value, in the cited words.

    ``by_link``: only where links tell it that stand in these words, or the field does in which they stand: such words
    need not hold it themselves.
    """
    told = answer(question, evidence)
    if told is None:
        return False
    of = {page.snapshot_id: number for number, page in enumerate(evidence.pages)}

    def said(unit: Unit, findings: Sequence[Finding]) -> bool:
        return any(
            of.get(f.snapshot_id) == unit.page
            and holds(unit, f)
            and (not by_link or f.means in _BESIDE_WORDS)
            for f in findings
        )

    return any(part == value and all(said(unit, findings) for unit in units) for part, findings in told.parts)
