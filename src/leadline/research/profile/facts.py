"""What the company's pages state for machines (JSON-LD, https://schema.org)."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping

from leadline.research.documents.hosts import host_of, same_site
from leadline.research.documents.structured import Fact, facts, number_of
from leadline.research.model import Page
from leadline.research.profile.brand import Brand
from leadline.research.profile.links import network_of
from leadline.research.profile.model import Finding, Means
from leadline.research.values.countries import country_code
from leadline.research.values.terms import squash

_ORGANISATIONS = re.compile(
    r"(?:\w*Organization|Corporation|NGO|\w*Business|\w*Agency|\w*Service|\w*Store|Airline|\w*School|\w*University|Hospital|OnlineStore)$"
)
# An organisation under these is somebody else's place in a text.
_FOREIGN = frozenset(
    "author worksFor reviewedBy itemReviewed sponsor funder memberOf affiliation alumniOf customer subOrganization brand competitor review".split()
)
_PRODUCTS = frozenset(("Product", "SoftwareApplication", "WebApplication", "MobileApplication"))
_PLAIN = {"name": "name", "legalName": "legal_name", "telephone": "phone", "description": "what_they_do"}


def find(page: Page, brand: Brand) -> Iterator[Finding]:
    for number, script in enumerate(page.content.structured):
        told = facts(script, also=("logo",))
        own = _own_organisations(told, brand)
        countries = {fact.owner: str(fact.value) for fact in told if fact.key == "addressCountry"}
        for fact in told:
            yield from _of(page, number, script, fact, own, countries)


def _own_organisations(told: list[Fact], brand: Brand) -> set[int]:
    """The objects that are the company itself: by its name, or by an address on its site."""
    members: dict[int, dict[str, Fact]] = defaultdict(dict)
    for fact in told:
        if _ORGANISATIONS.match(fact.type) and not _FOREIGN & set(fact.path):
            members[fact.owner].setdefault(fact.key, fact)
    own = set()
    for owner, held in members.items():
        name = str(held["name"].value) if "name" in held else ""
        url = str(held["url"].value) if "url" in held else ""
        if (name and brand.is_own_handle(name)) or (
            url and same_site(host_of(url), brand.company.asked_host)
        ):
            own.add(owner)
    return own


def _of(
    page: Page, number: int, script: str, fact: Fact, own: set[int], countries: Mapping[int, str]
) -> Iterator[Finding]:
    """``countries``: of addresses, by the object that holds them."""

    def finding(field: str, value: object, weight: float = 3.0) -> Finding:
        return Finding(
            field=field, value=value, url=page.url, snapshot_id=page.snapshot_id, start=fact.start, end=fact.end,
            script=number, quote=script[fact.start : fact.end], means=Means.STRUCTURED, weight=weight,
            on=page.fetched_at.date(),
        )  # fmt: skip

    if fact.key == "name" and fact.type in _PRODUCTS and not _FOREIGN & set(fact.path):
        yield finding("products", str(fact.value).strip(), 1.0)
    if fact.owner in own:
        if fact.key in _PLAIN and isinstance(fact.value, str):
            yield finding(_PLAIN[fact.key], fact.value.strip())
        elif fact.key == "foundingDate" and (year := re.match(r"(1[5-9]|20)\d\d", str(fact.value))):
            yield finding("founded", int(year.group()))
        elif fact.key == "numberOfEmployees" and isinstance(count := number_of(fact.value), int):
            yield finding("employee_count", count)
        elif fact.key == "sameAs" and (found := network_of(str(fact.value))):
            yield finding("social_profiles", {"network": found[0], "url": str(fact.value)})
        elif fact.key == "logo" and str(fact.value).startswith("https://"):
            yield finding("logo", str(fact.value))
        elif fact.key == "email":
            yield finding("email_general", str(fact.value).removeprefix("mailto:"))
    elif (
        len(own) == 1
        and fact.types[-2:-1]
        and _ORGANISATIONS.match(fact.types[-2])
        and not _FOREIGN & set(fact.path)
    ):
        if fact.path[-2:] == ("numberOfEmployees", "value") and isinstance(
            count := number_of(fact.value), int
        ):
            yield finding("employee_count", count)
        elif fact.path[-2:] == ("address", "addressLocality") and isinstance(fact.value, str):
            told = countries.get(fact.owner, "").strip()
            code = told if re.fullmatch("[A-Z]{2}", told) else country_code(told)
            yield finding(
                "headquarters", {"city": fact.value.strip(), **({"countryCode": code} if code else {})}
            )
        elif fact.path[-2:] == ("logo", "url") and str(fact.value).startswith("https://"):
            yield finding("logo", str(fact.value))
        elif fact.path[-2:-1] == ("founder",) and fact.key == "name" and squash(str(fact.value)):
            yield finding("leadership", {"name": str(fact.value), "role": "Founder"})
