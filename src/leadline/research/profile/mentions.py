"""Names that sentences tell: customers, partners, and the tools that the company works with."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache

from leadline.research.documents.units import split_sentences
from leadline.research.model import BlockKind, Page, Region
from leadline.research.profile.brand import Brand
from leadline.research.profile.links import technologies
from leadline.research.profile.model import Finding, Means
from leadline.research.values.terms import squash

_LONGEST = 400  # characters of a sentence that is looked at
_NAME = r"(?:[Tt]he )?[A-ZÀ-Þ0-9][\w.&+'’/-]*(?: (?:of|de|for|und|the|[A-ZÀ-Þ0-9][\w.&+'’/-]*))*"
_AND = r"(?:,? (?:and|und|et|y|or|oder|ou|&) |, )"
_NAMES = rf"(?P<names>{_NAME}(?:{_AND}{_NAME}){{0,14}})"
# Who is named after these is told of by the word before them.
_SUCH = r"(?:such as|like|including|include|are|wie|darunter|sind|comme|tels que|dont|sont)"
_OUR = r"(?:[Oo]ur|[Uu]nsere|[Nn]os)"
_CUSTOMERS = r"(?:customers|clients|users|Kunden)"
_PARTNERS = r"(?:partners|Partner|partenaires)"
_TRUST = r"(?:trust|rely on|use|run on|choose|vertrauen|nutzen|utilisent)"
_LAST_NAMES = re.compile(rf"{_NAMES}$")
_SPLIT = re.compile(_AND)
_TOOL_LINE = re.compile(r"^(?P<name>[A-Z][\w.+&' -]{1,30}?)\s*(?::|->|→|–|—|\s-\s)\s*\S")
_ROLE_OF = {
    "applicant tracking": re.compile(
        r"\bATS\b|\b(?:applicant|applications?|candidates?|hiring|recruit\w*|talent|interview\w*|Bewerb\w+|recrutement)\b",
        re.IGNORECASE,
    ),
    "crm and marketing": re.compile(r"\bCRM\b|customer relationship|marketing automation", re.IGNORECASE),
    "help desk": re.compile(r"\b(?:ticket\w*|help ?desk|support requests?)\b", re.IGNORECASE),
    "payment and billing": re.compile(r"\b(?:payments?|billing|invoic\w+|Zahlung\w*|paiement\w*)\b", re.IGNORECASE),
    "sign-in": re.compile(r"\b(?:SSO|single sign-on|multi-factor|MFA|identity provider)\b", re.IGNORECASE),
}  # fmt: skip
_WE_USE = re.compile(
    r"\b(?:we (?:currently |mostly |all )?use|(?:our|the) [\w &-]{0,30}?(?:team|department|company) uses?|is (?:built|run|hosted) (?:in|on|with)|nous utilisons|wir (?:nutzen|verwenden))\b",
    re.IGNORECASE,
)
_NO_LINES = (BlockKind.CODE, BlockKind.HEADING)


def find(page: Page, brand: Brand) -> Iterator[Finding]:
    where = brand.kind(page.url)
    for block in page.content.blocks:
        if block.region is not Region.MAIN or block.kind in _NO_LINES:
            continue
        text = page.words(block.start, min(block.end, block.start + 2_000))
        for start, end in split_sentences(text, page.content.language):
            if end - start <= _LONGEST and not text[start:end].rstrip().endswith("?"):
                yield from _named(page, brand, text[start:end], block.start + start)
                yield from _tools(page, text[start:end], block.start + start, where)


def _named(page: Page, brand: Brand, text: str, start: int) -> Iterator[Finding]:
    """ "Our customers include X and Y", "X and Y trust Acme"."""
    for field, pattern in _patterns(brand.name):
        for match in pattern.finditer(text):
            if "before" in match.groupdict():
                last = _LAST_NAMES.search(match["before"])
                if last is None or len(_SPLIT.split(last["names"])) < 2:
                    continue
                names, begin = last["names"], last.start("names")
            else:
                names, begin = match["names"], match.start("names")
            for name in _SPLIT.split(names):
                clean = re.sub(r"^[Tt]he ", "", name).rstrip(".'’")
                if _is_name(clean, brand):
                    at = start + text.index(name, begin)
                    yield Finding(
                        field=field, value=clean, url=page.url,
                        snapshot_id=page.snapshot_id, start=start, end=start + len(text), quote=text,
                        means=Means.WORDS, weight=1.0 - 1e-6 * (at - start),
                        on=page.content.published_on or page.fetched_at.date(),
                    )  # fmt: skip


@cache
def _patterns(name: str) -> Sequence[tuple[str, re.Pattern[str]]]:
    """By field; of the last one only the names at the end of what matches are meant."""
    brand = re.escape(name) if name else r"\0"
    whose = rf"(?:{_OUR}|{brand}['’]s)"
    return (
        (
            "customers",
            re.compile(rf"\b{whose} (?:[\w-]+ ){{0,3}}?{_CUSTOMERS}(?: [a-z]+){{0,2}} {_SUCH} {_NAMES}"),
        ),
        ("partners", re.compile(rf"\b{whose} {_PARTNERS}(?: [a-z]+){{0,2}} {_SUCH} {_NAMES}")),
        ("customers", re.compile(rf"^(?P<before>.*) {_TRUST} (?:{brand}|us|uns|nous)\b")),
    )


def _is_name(name: str, brand: Brand) -> bool:
    return (
        2 <= len(name) <= 40
        and any(c.isupper() for c in name)
        and not name.isdigit()
        and squash(name) not in brand.squashed
    )


@cache
def _known_tools() -> tuple[re.Pattern[str], dict[str, str]]:
    category = {one.name: one.category for one in technologies().values()}
    names = "|".join(re.escape(name) for name in sorted(category, key=len, reverse=True))
    return re.compile(rf"(?<![\w.@/-])(?:{names})(?![\w@-])"), category


def _tools(page: Page, text: str, start: int, where: str) -> Iterator[Finding]:
    """Tools that the company says it works with, where the words also say what for: "Greenhouse: our ATS"."""
    if where in ("customers", "integrations", "partners", "docs", "news", "pricing"):
        return
    pattern, category = _known_tools()
    found = {match.group() for match in pattern.finditer(text)}
    if len(found) != 1:
        return
    name = found.pop()
    kind = category[name]
    role = _ROLE_OF.get(kind)
    line = _TOOL_LINE.match(text)
    says = _WE_USE.search(text) is not None or (line is not None and line["name"].lstrip("* ") == name)
    hiring = where == "careers" and kind == "applicant tracking"
    if role is None or not (hiring or (says and role.search(text.replace(name, " ")))):
        return
    values: list[tuple[str, object]] = [("technologies", {"name": name, "category": kind})]
    if kind == "applicant tracking":
        values.append(("job_board_vendor", name))
    for field, value in values:
        yield Finding(
            field=field, value=value, url=page.url, snapshot_id=page.snapshot_id, start=start,
            end=start + len(text), quote=text, means=Means.WORDS, weight=1.0,
            on=page.content.published_on or page.fetched_at.date(),
        )  # fmt: skip
