"""Everyday questions answered from the profile: the field that is meant, in the type that is asked for.

The profile is read off the pages of this very question, never out of storage: an answer depends on the question, the
budget and the pages, not on what was asked before.
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from leadline.research.answer_types import answer_type
from leadline.research.documents.names import company_names
from leadline.research.documents.units import passages
from leadline.research.model import Evidence, Passage, Question, Unit
from leadline.research.profile import persons
from leadline.research.profile.building import build
from leadline.research.profile.mapper import UNNAMED, Guess, guess, names_role
from leadline.research.profile.model import Field, Finding, Means, Profile, Told
from leadline.research.values.terms import fold, squash

MOST_LINES = 6  # passages of the profile that come before the others
MOST_PLACES = 3  # that are cited for one value


# Signs of a role, folded, in the words of several languages.
_ROLES = {
    "ceo": ("ceo", "chief executive", "managing director", "executive director", "geschaftsfuhr", "vorstandsvorsitz",
            "pdg", "directeur general", "directrice generale", "gerant", "delegato", "delegado"),
    "cto": ("cto", "chief technology", "directeur technique"),
    "cfo": ("cfo", "chief financial"),
    "founders": ("founder", "grunder", "fondateur", "fondatrice"),
}  # fmt: skip
_SOCIAL = frozenset({"linkedin", "twitter", "github"})
_PAGE = "page_"  # before the name of a page that is asked for
# Pages that are themselves what is asked after: who has a page on security has not therefore a trust center.
_THERE = frozenset(
    f"{_PAGE}{name}" for name in "blog changelog contact demo imprint login privacy signup terms".split()
)
_CERTIFICATES = {"soc2": "soc2", "iso27001": "iso27001"}
# At most; less than the share of profile fields that are right (``scripts/score_profiles.py``).
_CONFIDENT = 0.9


def answer(question: Question, evidence: Evidence) -> Told | None:
    """The profile's answer; None where the question means no field, or the pages do not tell, or not in its type."""
    if question.subject.person is not None or answer_type(question.answer_type).asks:
        return persons.answer(question, evidence)
    field = meant(question)
    if field is None:
        return None
    told = _typed(field.field, question.answer_type, profile_of(question, evidence))
    return None if told is None else Told(field.field, *told, probability=field.probability)


def meant(question: Question) -> Guess | None:
    """The field that a question about a company means, whatever the company is called; None when it means none."""
    return guess(_unnamed(question))


def _unnamed(question: Question) -> str:
    """The question with "the company" for its name: who is asked about tells nothing of what is asked."""
    text = question.text
    for name in sorted(company_names(question.company), key=len, reverse=True):
        spelled = r"[^\w]{0,2}".join(map(re.escape, name))
        text = re.sub(rf"(?<!\w){spelled}(?:['’]s)?(?!\w)", UNNAMED, text, flags=re.IGNORECASE)
    return text


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
        money = {"value": value["price"], "currency": value["currency"]}
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
    if meant in _ROLES:
        yield from _holders(profile, meant)
    elif meant in _SOCIAL:
        yield from (one for one in _each(profile, "social_profiles") if one[0]["network"] == meant)
    elif meant.startswith(_PAGE):
        yield from (one for one in _each(profile, "pages") if one[0]["page"] == meant.removeprefix(_PAGE))
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
    signs = re.compile(rf"\b(?:{'|'.join(map(re.escape, _ROLES[meant]))})")
    called = [(value["name"], found) for value, found in people if signs.search(fold(value["role"]))]
    return called or [(value["name"], found) for value, found in people if names_role(value["role"], meant)]


def _text(value: Any) -> str:
    if isinstance(value, dict):
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
