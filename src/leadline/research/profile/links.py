"""What the hosts and addresses tell that a company's pages link to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib import resources
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

import msgspec

from leadline.research.documents.hosts import host_of, registrable, same_site, without_www
from leadline.research.model import Link, Page, Region
from leadline.research.profile.brand import Brand
from leadline.research.profile.model import Finding, Means
from leadline.research.profile.pages import kind, segments

_NETWORKS = {
    "linkedin.com": ("linkedin", r"/(?:company|school|showcase)/([^/?#]+)"),
    "twitter.com": ("twitter", r"/@?(\w+)/?$"),
    "x.com": ("twitter", r"/@?(\w+)/?$"),
    "facebook.com": ("facebook", r"/(?:pg/|pages/)?([\w.-]+)/?"),
    "instagram.com": ("instagram", r"/([\w.]+)/?$"),
    "youtube.com": ("youtube", r"/(?:c/|user/|channel/|@)?([\w.-]+)/?$"),
    "github.com": ("github", r"/([\w-]+)(?:/[\w.-]+)?/?$"),
    "gitlab.com": ("gitlab", r"/([\w.-]+)/?$"),
    "tiktok.com": ("tiktok", r"/@([\w.]+)/?$"),
    "xing.com": ("xing", r"/(?:pages|companies|company)/([\w.-]+)"),
    "mastodon.social": ("mastodon", r"/@(\w+)/?$"),
    "fosstodon.org": ("mastodon", r"/@(\w+)/?$"),
    "bsky.app": ("bluesky", r"/profile/([\w.-]+)"),
    "medium.com": ("medium", r"/@?([\w.-]+)/?$"),
    "crunchbase.com": ("crunchbase", r"/organization/([\w-]+)"),
    "theorg.com": ("theorg", r"/org/([\w-]+)"),
    "pinterest.com": ("pinterest", r"/([\w.]+)/?$"),
    "twitch.tv": ("twitch", r"/([\w]+)/?$"),
}
_PURPOSES = {
    "sales": "sales dealdesk vertrieb ventes business enterprise sponsor demo partnerships",
    "support": "support help helpdesk hilfe service care customersupport kundenservice assistance",
    "security": "security infosec secure vulnerability psirt bugbounty",
    "press": "press pr media presse newsroom medien",
    "privacy": "privacy dpo datenschutz dataprotection gdpr data rgpd confidentialite",
    "general": "info contact hello hi office kontakt mail hallo bonjour outreach general team enquiries inquiries",
}
_PURPOSE = {word: purpose for purpose, words in _PURPOSES.items() for word in words.split()}
_ADDRESS = re.compile(
    r"(?<![\w.+<>-])([A-Za-z0-9][\w.+-]{0,40})@((?:[A-Za-z0-9-]{1,40}\.){1,4}[A-Za-z]{2,12})(?![\w@])"
)
_TWO_LEVEL_DOCS = re.compile(r"docs|documentation|developers?|dokumentation")
_COUNTED = re.compile(
    r"\b[1-9]\d{0,3} (?:current |open )?(?:openings|(?:open )?positions|open roles|vacancies|jobs|offene Stellen|postes ouverts|offres d['’]emploi)\b",
    re.IGNORECASE,
)
# What a link says that leads to the openings, wherever they are kept.
_JOBS = re.compile(
    r"(?:(?:see|check out|view|find|browse) )?(?:our |all |the )?(?:careers?|jobs?|job openings|openings|(?:open|current) (?:jobs|roles|positions|openings)|vacancies|careers? (?:page|site)|karriere|stellenangebote|offene stellen|recrutement|offres d['’]emploi)",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"\d{4,}")  # as vendors number openings
_FORUM_HOSTS = re.compile(r"(?:community|forum|forums|discuss)\.")


_PRODUCTS = frozenset(
    "product products produkt produkte produit produits producto productos prodotti producten".split()
)
MOST_WORDS = 5  # of a product's name


class Technology(NamedTuple):
    name: str
    category: str
    hosts: tuple[str, ...]


@cache
def technologies() -> dict[str, Technology]:
    """Host to the technology that it tells of (``technologies.json``)."""
    text = resources.files(__package__).joinpath("technologies.json").read_bytes()
    rows = msgspec.json.decode(text, type=list[Technology])
    return {host: row for row in rows for host in row.hosts}


def network_of(url: str) -> tuple[str, str] | None:
    """The network and the account that an address names there."""
    network = _NETWORKS.get(without_www(host_of(url))) or _NETWORKS.get(registrable(host_of(url)))
    if network is None:
        return None
    match = re.match(network[1], urlsplit(url).path)
    return (network[0], match[1]) if match else None


def technology_of(url: str) -> tuple[Technology, str] | None:
    """The vendor whose host it is, and what stands before the vendor's domain or first in the path."""
    host, known = host_of(url), technologies()
    parts = host.split(".")
    for cut in range(len(parts) - 1):
        if (found := known.get(".".join(parts[cut:]))) is not None:
            path = [p for p in urlsplit(url).path.split("/") if p]
            before = ".".join(p for p in parts[:cut] if p != "www")
            return found, before if before and before not in _GENERIC else (path[0] if path else "")
    return None


_TRUST_HOSTS = frozenset("trust trustcenter vertrauen confiance".split())
_GENERIC = frozenset(
    "boards jobs apply careers job-boards app help support go my calendly forms share".split()
)


def find(page: Page, brand: Brand) -> Iterator[Finding]:
    yield from _addresses(page, brand)
    for link in page.content.links:
        parts = urlsplit(link.url)
        if parts.scheme == "tel":
            if link.region in (Region.FOOTER, Region.HEADER) or brand.kind(page.url) in (
                "contact",
                "imprint",
            ):
                yield _finding(page, link, "phone", link.text.strip() or unquote(parts.path), 2.0)
        elif parts.scheme == "mailto" and link.start >= 0:
            yield from _written_to(page, link, brand, unquote(parts.path))
        elif parts.scheme in ("http", "https") and host_of(link.url):
            if same_site(host_of(link.url), brand.company.asked_host):
                yield from _own(page, link, brand)
            else:
                yield from _foreign(page, link, brand)
    if brand.is_page_of(page.url, "pricing"):
        yield _at(page, "pricing_page", page.url, 2.0)
    if brand.is_page_of(page.url, "careers"):
        yield _at(page, "careers_page", page.url, 2.0 - 0.1 * len(segments(page.url)))
    if brand.kind(page.url) == "careers":
        yield from _openings(page, brand)
    if (named := brand.page_named(page.url)) is not None:
        yield _at(page, "pages", {"page": named, "url": page.url}, 0.9)  # a link says what it is


def _at(page: Page, field: str, value: Any, weight: float) -> Finding:
    end = len(page.content.text.split("\n", 1)[0])
    return Finding(
        field=field, value=value, url=page.url, snapshot_id=page.snapshot_id, start=0, end=end,
        quote=page.content.text[:end], means=Means.ADDRESS, weight=weight, on=page.fetched_at.date(),
    )  # fmt: skip


def _finding(page: Page, link: Link, field: str, value: Any, weight: float) -> Finding:
    return Finding(
        field=field, value=value, url=page.url, snapshot_id=page.snapshot_id, start=link.start, end=link.end,
        quote=page.words(link.start, link.end) if link.start >= 0 else "", means=Means.LINK, weight=weight,
        on=page.fetched_at.date(),
    )  # fmt: skip


def _own(page: Page, link: Link, brand: Brand) -> Iterator[Finding]:
    host, parts = host_of(link.url), segments(link.url)
    first = host.split(".")[0]
    menu = link.region in (Region.NAVIGATION, Region.HEADER, Region.FOOTER)
    weight = 1.0 if menu else 0.2
    if first in ("status", "uptime"):
        yield _finding(page, link, "status_page", link.url, 2.0)
    elif first in _TRUST_HOSTS or (first == "security" and not parts):
        yield _finding(page, link, "pages", {"page": "trust", "url": link.url}, 2.0)
    elif first in ("docs", "documentation", "developer", "developers"):
        yield _finding(page, link, "docs", f"https://{host}/", weight + 0.5)
    elif len(parts) == 1 and _TWO_LEVEL_DOCS.fullmatch(parts[0]):
        yield _finding(page, link, "docs", link.url, weight)
    if _FORUM_HOSTS.match(host):
        yield _finding(page, link, "support_channels", "community forum", 1.0)
        yield _finding(page, link, "community", f"https://{host}/", 1.0)
    if menu and len(parts) == 2 and parts[0] in _PRODUCTS and 0 < len(link.text.split()) <= MOST_WORDS:
        yield _finding(page, link, "products", link.text.strip(), 1.0)
    if (named := brand.page_named(link.url)) is not None and link.start >= 0:
        # Without what a menu hangs on it to count its clicks.
        url = f"https://{urlsplit(link.url).netloc}{urlsplit(link.url).path}"
        yield _finding(page, link, "pages", {"page": named, "url": url}, weight)
    if len(parts) == 1:
        if brand.is_page_of(link.url, "pricing"):
            yield _finding(page, link, "pricing_page", link.url, weight)
        elif brand.is_page_of(link.url, "careers"):
            yield _finding(page, link, "careers_page", link.url, weight)


def _foreign(page: Page, link: Link, brand: Brand) -> Iterator[Finding]:
    if (account := network_of(link.url)) is not None:
        network, handle = account
        if brand.is_own_handle(handle):
            parts = urlsplit(link.url)
            own = f"https://{parts.hostname or ''}{parts.path}".rstrip("/")
            if network == "github":
                own = f"https://github.com/{handle}"
            field = {"network": network, "url": own}
            yield _finding(page, link, "social_profiles", field, 1.0)
        return
    host = host_of(link.url)
    if _JOBS.fullmatch(link.text.strip()) and kind(link.url) == "careers":
        yield _finding(page, link, "careers_page", link.url, 0.5)
    if host.startswith("status.") and brand.is_own_handle(
        registrable(host).split(".")[0].removesuffix("status")
    ):
        yield _finding(page, link, "status_page", link.url, 2.0)
    if (found := technology_of(link.url)) is None:
        return
    technology, account_name = found
    if not brand.is_own_handle(account_name):
        return
    if technology.category == "status page":
        yield _finding(page, link, "status_page", link.url, 2.0)
    if technology.category == "applicant tracking":
        yield _finding(page, link, "job_board_vendor", technology.name, 1.0)
        if len(segments(link.url)) <= 1:  # the board, not one of its openings
            yield _finding(page, link, "careers_page", link.url, 0.1)
    if technology.category == "community":
        yield _finding(page, link, "support_channels", technology.name, 1.0)
    yield _finding(
        page, link, "technologies", {"name": technology.name, "category": technology.category}, 1.0
    )


def _openings(page: Page, brand: Brand) -> Iterator[Finding]:
    """Openings that a page on careers counts or leads to: numbered ones below it, or on a vendor's job board; from the
    first of these pages, all that have a page of their own.
    """
    here = segments(page.url)
    is_first = brand.is_page_of(page.url, "careers")
    below = here if is_first else here[:-1]
    if is_first:
        for match in _COUNTED.finditer(page.content.text):
            yield Finding(
                field="hiring", value=True, url=page.url, snapshot_id=page.snapshot_id, start=match.start(),
                end=match.end(), quote=match.group(), means=Means.WORDS, weight=2.0, on=page.fetched_at.date(),
            )  # fmt: skip
    for link in page.content.links:
        if link.region is not Region.MAIN or link.start < 0:
            continue
        if same_site(host_of(link.url), brand.company.asked_host):
            parts = segments(link.url)
            is_below = bool(below) and len(parts) > len(below) and parts[: len(below)] == below
            is_opening = is_below and bool(_NUMBERED.fullmatch(parts[-1]) or (is_first and "-" in parts[-1]))
        else:
            found = technology_of(link.url)
            is_opening = (
                is_first
                and found is not None
                and found[0].category == "applicant tracking"
                and brand.is_own_handle(found[1])
            )
        if is_opening:
            yield _finding(page, link, "hiring", True, 1.0)


def _written_to(page: Page, link: Link, brand: Brand, address: str) -> Iterator[Finding]:
    """An address that a link writes to, whatever its words say."""
    match = _ADDRESS.fullmatch(address)
    if match is None or brand.kind(page.url) == "news" or link.region is Region.HIDDEN:
        return
    if (purpose := _purpose(match, brand)) is not None:
        yield _finding(page, link, f"email_{purpose}", address.lower(), 1.0)


def _purpose(match: re.Match[str], brand: Brand) -> str | None:
    """What an address of the company's own domain or brand is for, as its name tells; None for others."""
    local, host = match[1].lower(), match[2].lower()
    own = same_site(host, brand.company.asked_host) or brand.is_own_handle(registrable(host).split(".")[0])
    return (_PURPOSE.get(local) or _PURPOSE.get(re.split(r"[.+_-]", local)[0])) if own else None


def _addresses(page: Page, brand: Brand) -> Iterator[Finding]:
    """Mail addresses of the company's own domain or brand whose name tells what they are for."""
    if brand.kind(page.url) == "news":
        return  # what a post says was so on its day
    for match in _ADDRESS.finditer(page.content.text):
        if (purpose := _purpose(match, brand)) is not None:
            weight = (
                2.0 if brand.kind(page.url) in ("contact", "imprint", "legal", "security", "about") else 1.0
            )
            yield Finding(
                field=f"email_{purpose}", value=match.group().lower(), url=page.url, snapshot_id=page.snapshot_id,
                start=match.start(), end=match.end(), quote=match.group(), means=Means.WORDS, weight=weight,
                on=page.fetched_at.date(),
            )  # fmt: skip
