"""What pages state for machines (JSON-LD, schema.org): read first, and only about the company itself.

A rule ties words of the question to one member of a schema.org type. Offers and job postings are matched by
their names; everything else must belong to the page's Organization.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from leadline.research.documents.names import names_company
from leadline.research.documents.structured import Fact, facts, number_of
from leadline.research.model import Company, Evidence, Passage, Question, Unit
from leadline.research.readers.extractive.candidate import Candidate
from leadline.research.values.terms import fold

RULE = "structured"
SCORE = 0.86  # the site says it outright; words on a page that fit better are cited before it
_ORGANISATIONS = re.compile(r"(?:Organization|Corporation|Business|NGO|Cooperative|Company)$")


class _Stated(NamedTuple):
    fact: Fact
    unit: Unit


class _Rule(NamedTuple):
    """``asked`` must be met by the question; ``paths`` are tails of the fact's path that answer it."""

    types: frozenset[str]
    asked: re.Pattern[str]
    paths: tuple[tuple[str, ...], ...]
    read: Callable[[Any], Any]
    many: bool = False


def _year(value: Any) -> int | None:
    found = re.match(r"(1[6-9]\d\d|20\d\d)(?!\d)", str(value))
    return int(found[1]) if found else None


def _count(value: Any) -> int | None:
    number = number_of(value)
    return number if isinstance(number, int) and number > 0 else None


def _text(value: Any) -> str | None:
    return value.strip() if isinstance(value, str) and value.strip() else None


_FOUNDED = r"\b(?:found(?:ed|ing)?|establish(?:ed)?|incorporated|started|set up|formed|gegrundet|grundung|fonde\w*)\b"
_RULES = (
    _Rule(
        frozenset({"number"}),
        re.compile(_FOUNDED + r"|since (?:when|what|which)"),
        (("foundingDate",),),
        _year,
    ),
    _Rule(
        frozenset({"number"}),
        re.compile(r"\bhow many (?:people|employees|staff)|\bemployees\b|\bheadcount\b|\bmitarbeiter"),
        (("numberOfEmployees",), ("numberOfEmployees", "value")),
        _count,
    ),
    _Rule(
        frozenset({"open_text"}),
        re.compile(r"\blegal name\b|\bregistered name\b|\bfirmenname\b"),
        (("legalName",),),
        _text,
    ),
    _Rule(
        frozenset({"open_text", "list"}),
        re.compile(
            r"\bwho (?:are|were|is|was) the founders?\b|\bwho (?:co-?)?(?:founded|started|set up)\b|\bfounders of\b"
        ),
        (("founder", "name"), ("founders", "name"), ("founder",)),
        _text,
        many=True,
    ),
    _Rule(frozenset({"open_text"}), re.compile(r"\bvat\b|\bust-?id"), (("vatID",),), _text),
    _Rule(
        frozenset({"open_text"}),
        re.compile(r"\b(?:tele)?phone\b|\btelefon"),
        (("telephone",), ("contactPoint", "telephone")),
        _text,
    ),
    _Rule(
        frozenset({"url"}),
        re.compile(
            r"\b(?:linkedin|github|facebook|instagram|youtube|twitter|mastodon|crunchbase|wikipedia)\b"
        ),
        (("sameAs",),),
        _text,
        many=True,
    ),
)


def candidates(question: Question, passages: Sequence[Passage], evidence: Evidence) -> Iterator[Candidate]:
    """What JSON-LD members of the passages answer; nothing when the question asks about something else."""
    asked = fold(question.text)
    stated = list(_stated(passages, evidence, question.company))
    for rule in _RULES:
        match = rule.asked.search(asked)
        if question.answer_type not in rule.types or match is None:
            continue
        found = [one for one in stated if _of_company(one.fact) and _tail(one.fact, rule.paths)]
        if question.answer_type == "url":
            found = [one for one in found if match[0] in str(one.fact.value).lower()]
        read = [(rule.read(one.fact.value), one.unit) for one in found]
        values = [(value, unit) for value, unit in read if value is not None]
        if rule.many and question.answer_type == "list" and values:
            names = list(dict.fromkeys(value for value, _ in values))
            yield Candidate(names, tuple(unit for _, unit in values), SCORE, RULE, _features())
        elif not rule.many or len({value for value, _ in values}) == 1:
            for value, unit in values:
                yield Candidate(value, (unit,), SCORE, RULE, _features())
    if question.answer_type == "currency":
        yield from _prices(asked, stated)


def _prices(asked: str, stated: Sequence[_Stated]) -> Iterator[Candidate]:
    """The price of the one offer whose whole name the question says."""
    if not re.search(r"\b(?:cost|costs|price|priced|charge|fee|kostet|preis|prix|coute)\b", asked):
        return
    owners: dict[tuple[int, int, int], dict[str, _Stated]] = {}
    for one in stated:
        if "Offer" in one.fact.type:
            place = (one.unit.page, one.unit.script, one.fact.owner)
            owners.setdefault(place, {})[one.fact.key] = one
    for offer in owners.values():
        name, price, currency = (offer.get(key) for key in ("name", "price", "priceCurrency"))
        if name is None or price is None or currency is None:
            continue
        if not re.search(rf"\b{re.escape(fold(str(name.fact.value)))}\b", asked):
            continue
        amount = number_of(price.fact.value)
        if amount is not None:
            value = {"value": amount, "currency": str(currency.fact.value).upper()}
            units = (name.unit, price.unit, currency.unit)
            yield Candidate(value, units, SCORE, "structured-offer", _features())


def _others(told: Sequence[Fact], company: Company) -> frozenset[int]:
    """Organisations of other names, where one beside them has the company's."""
    names = {
        fact.owner: str(fact.value)
        for fact in told
        if fact.key == "name" and fact.types and _ORGANISATIONS.search(fact.type)
    }
    own = {owner for owner, name in names.items() if names_company(company, name)}
    return frozenset(names.keys() - own) if own else frozenset()


def _stated(passages: Sequence[Passage], evidence: Evidence, company: Company) -> Iterator[_Stated]:
    read: dict[tuple[int, int], dict[tuple[int, int], Fact]] = {}
    for passage in passages:
        for unit in passage.units:
            if unit.script < 0:
                continue
            script = (unit.page, unit.script)
            if script not in read:
                told = facts(evidence.pages[unit.page].content.structured[unit.script])
                others = _others(told, company)
                read[script] = {(f.start, f.end): f for f in told if f.owner not in others}
            fact = read[script].get((unit.start, unit.end))
            if fact is not None:
                yield _Stated(fact, unit)


def _of_company(fact: Fact) -> bool:
    """Is the outermost typed object the company, and not a person or a product on the page?"""
    return bool(fact.types) and bool(_ORGANISATIONS.search(fact.types[0]))


def _tail(fact: Fact, paths: Sequence[tuple[str, ...]]) -> bool:
    path = tuple(key for key in fact.path if key != "@graph")
    return path in paths


def _features() -> dict[str, float]:
    return {"structured": 1.0}
