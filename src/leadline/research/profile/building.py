"""Puts a profile together: findings of single pages, weighed against each other."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from leadline.research.model import Company, Page, Provenance
from leadline.research.profile import facts, figures, funding, links, mentions, money, people, words
from leadline.research.profile.brand import Brand, brand_of
from leadline.research.profile.model import LISTS, Field, Finding, Means, Profile
from leadline.research.values.terms import squash, stems

MOST_RIVALS = 5
MOST_PLACES = 8  # of one value that are kept
MOST_ITEMS = 60  # of a list
_BEGINNING = 4_000  # characters of a page that tell what it is about
_ALONE = 0.65  # what weighs less has to be said twice
_CENTRAL = 2.0  # added to what a company says that it is, where every word of it stands on every page
MARGIN = 1.25  # by which the best value must outweigh the second
# A newer page is right where a figure grows with time.
_NEWEST = frozenset(
    "employee_count user_count customer_count team_countries served_countries funding_total openings".split()
)
# What is told of a day is the newest, unless something without a day says otherwise.
_LATEST = frozenset({"last_round", "lead_investor"})

EXTRACTORS: tuple[Callable[[Page, Brand], Iterable[Finding]], ...] = (
    facts.find,
    links.find,
    words.find,
    mentions.find,
    people.find,
    money.find,
    figures.find,
    funding.find,
)


def findings(company: Company, pages: Sequence[Page]) -> list[Finding]:
    """Everything that the company's own pages tell."""
    own = [page for page in pages if page.provenance is Provenance.OWN]
    brand = brand_of(company, own)
    found = [*brand.findings(), *(f for page in own for extract in EXTRACTORS for f in extract(page, brand))]
    common = _shares(own)
    return [_weighed(finding, common) for finding in found]


def _shares(pages: Sequence[Page]) -> dict[str, float]:
    """How many of the pages hold a word, by its stem; of each page its beginning counts."""
    counts = Counter(stem for page in pages for stem in set(stems(page.content.text[:_BEGINNING])))
    return {stem: times / len(pages) for stem, times in counts.items()}


def _weighed(finding: Finding, common: Mapping[str, float]) -> Finding:
    """What a company says that it is counts the more, the more its pages speak of just that."""
    if finding.field != "what_they_do" or finding.means is not Means.WORDS or finding.weight < _ALONE:
        return finding
    said = stems(finding.quote)
    central = sum(common.get(stem, 0.0) for stem in said) / max(1, len(said))
    return msgspec.structs.replace(finding, weight=finding.weight + _CENTRAL * central)


def build(company: Company, pages: Sequence[Page]) -> Profile:
    """The profile that these pages give."""
    return settle(company.host, findings(company, pages))


def settle(host: str, found: Iterable[Finding]) -> Profile:
    """One value for each field, or its list, out of all findings."""
    by_field: dict[str, list[Finding]] = defaultdict(list)
    for finding in found:
        by_field[finding.field].append(finding)
    fields: dict[str, Field] = {}
    for name, group in by_field.items():
        if name == "trial":  # one that tells how long it lasts tells more
            group = [f for f in group if f.value["days"]] or group
        if name == "pages":
            group = _one_of_each(group)
        settled = _list(name, group) if name in LISTS else _single(name, group)
        if settled is not None:
            fields[name] = settled
    _derive(fields)
    return Profile(host=host, fields=fields)


def key(value: Any) -> str:
    """What two spellings of one value have in common."""
    if isinstance(value, dict):
        named = value.get("url") or value.get("name")
        if "amount" in value:
            return f"{value['amount']} {value['currency']}"
        if "price" in value:
            return squash(
                f"{value.get('name')} {value.get('price')} {value.get('currency')} {value.get('period')}"
            )
        if named:
            return squash(str(named).replace("://www.", "://"))
        return (
            squash(msgspec.json.encode(value, order="sorted").decode())
            if "city" not in value
            else squash(str(value["city"]))
        )
    return squash(str(value))


def latest(group: Sequence[Finding]) -> list[Finding]:
    """The findings that are told of the newest day; none where one that tells no day says something else."""
    newest = max((f.on for f in group if f.on), default=None)
    held = [f for f in group if f.on == newest or f.on is None]
    return held if len({key(f.value) for f in held}) == 1 else []


def _single(name: str, group: Sequence[Finding]) -> Field | None:
    if name in _LATEST:
        group = latest(group)
        if not group:
            return None
    if name in _NEWEST and any(f.on for f in group):
        newest = max(f.on for f in group if f.on)
        held = [f for f in group if f.on == newest] or list(group)
        older = [f for f in group if f.on != newest]
    else:
        held, older = list(group), []
    by_value: dict[str, list[Finding]] = defaultdict(list)
    for finding in held:
        by_value[key(finding.value)].append(finding)
    weight = {k: sum(f.weight for f in v) for k, v in by_value.items()}
    order = sorted(by_value, key=lambda k: -weight[k])
    best = order[0]
    if weight[best] < _LEAST.get(name, 0.0):
        return None
    contradicted = {"true", "false"} <= by_value.keys()  # of these, either is not as good as the other
    if len(order) > 1 and weight[best] < MARGIN * weight[order[1]] and (name not in _ANY or contradicted):
        return None
    places = sorted(by_value[best], key=lambda f: -f.weight)
    rivals = [by_value[k][0] for k in order[1:]] + older
    return Field(
        value=places[0].value, findings=tuple(places[:MOST_PLACES]), rivals=tuple(rivals[:MOST_RIVALS])
    )


_LEAST = {"legal_name": 2.5, "what_they_do": 1.0}  # one mention may be of a subsidiary
# Of two of these either will do: the heavier is named, and the other is its rival.
_ANY = frozenset("name what_they_do careers_page pricing_page status_page hiring free_plan trial".split())


def _list(name: str, group: Sequence[Finding]) -> Field | None:
    items: dict[str, list[Finding]] = {}
    for finding in group:
        items.setdefault(key(finding.value), []).append(finding)
    if name == "languages" and len(items) < 2:
        return None  # every site is written in some language: that tells nothing
    kept = sorted(items.values(), key=lambda fs: -sum(f.weight for f in fs[:MOST_PLACES]))[:MOST_ITEMS]
    kept.sort(key=lambda fs: group.index(fs[0]))
    values = [max(fs, key=lambda f: f.weight).value for fs in kept]
    return Field(value=values, findings=tuple(max(fs, key=lambda f: f.weight) for fs in kept))


def _one_of_each(group: Sequence[Finding]) -> list[Finding]:
    """Of several addresses of one page (``/privacy``, ``/legal/privacy``) the one that most leads to."""
    weight: dict[tuple[str, str], float] = defaultdict(float)
    for finding in group:
        weight[finding.value["page"], key(finding.value)] += finding.weight
    best = {page: max((w, k) for (p, k), w in weight.items() if p == page)[1] for page, _ in weight}
    return [f for f in group if key(f.value) == best[f.value["page"]]]


_BANDS = (
    (10, "1-10"), (50, "11-50"), (200, "51-200"), (500, "201-500"), (1_000, "501-1K"), (5_000, "1K-5K"),
    (10_000, "5K-10K"),
)  # fmt: skip


def _derive(fields: dict[str, Field]) -> None:
    """What follows from other fields rests on their findings."""
    if (count := fields.get("employee_count")) is not None:
        band = next((name for most, name in _BANDS if count.value <= most), "10K+")
        fields["size"] = Field(value=band, findings=count.findings)
    if (plans := fields.get("plans")) is not None:
        free = tuple(f for f in plans.findings if f.value.get("price") == 0)
        stated = fields.get("free_plan")
        if free and stated is None:
            fields["free_plan"] = Field(value=True, findings=free)
        elif free and stated is not None and stated.value is False:
            del fields["free_plan"]  # the pages contradict each other
    if (places := fields.get("other_places")) is not None and len(places.value) == 1:
        fields.setdefault("headquarters", Field(value=places.value[0], findings=places.findings))
        del fields["other_places"]  # the only place is none beside another
    if (social := fields.get("social_profiles")) is not None and "linkedin" not in fields:
        linked = [f for f in social.findings if f.value["network"] == "linkedin"]
        if linked:
            fields["linkedin"] = Field(value=linked[0].value["url"], findings=tuple(linked))
