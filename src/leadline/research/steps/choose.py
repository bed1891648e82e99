"""Choose: which addresses of the company's own site are worth reading for a question, best first.

What is known before a page is read: its address, the words of links to it, where those links stand, and, once
it was read for an earlier question, its title. An address is judged by how rare the question's words in these
are on this site, by whether it is one of the pages that most companies have and most go-to-market questions
are answered on, and by how deep it lies. Nothing is guessed: only addresses of the sitemap and of links are
chosen.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import unquote, urlsplit

from leadline.research.answer_types import answer_type
from leadline.research.documents.hosts import canonical_address, path_key, registrable, same_site
from leadline.research.model import Page, Question, Region, SiteSurvey
from leadline.research.profile.meaning import DEPARTMENTS, meant
from leadline.research.steps.rank import terms

MOST_CANDIDATES: Final = 5_000  # addresses of one site that are weighed; of a longer sitemap the shallowest

# Pages that most companies have: words of their addresses (in the languages we stem), what they are worth
# before any question is asked, and the question words that lead to them.
_TOPICS: dict[str, tuple[float, str, str]] = {
    "about": (
        0.40,
        "about aboutus company who mission story history ueber uber unternehmen apropos propos entreprise "
        "nosotros empresa "
        "azienda sobre over facts overview culture values",
        "founded founder founding ceo headquarters headquartered based company employees employee "
        "headcount people mission "
        "history own owns parent size offices office location countries year operate operates run",
    ),
    "pricing": (
        0.40,
        "pricing price prices plans plan preise tarifs tarif precios prezzi precos prijzen billing buy "
        "cost subscription",
        "price prices pricing cost costs plan plans tier tiers subscription free trial fee fees per month "
        "monthly annual "
        "annually discount seat billing billed pay license enterprise",
    ),
    "careers": (
        0.30,
        "careers career jobs job hiring join karriere stellen carrieres emploi empleo lavora vagas "
        "vacatures work openings "
        "recruitment recruiting benefits",
        "hire hires hiring job jobs role roles position positions open opening openings vacancy recruit "
        "recruiting interview "
        "work remote salary benefits vacation leave employ candidates applicants",
    ),
    "team": (
        0.30,
        "team people leadership management board founders staff equipe equipo",
        "ceo cto cfo coo founder founders leads leadership executive executives team board director "
        "directors manager "
        "chief president vp head who",
    ),
    "security": (
        0.30,
        "security trust compliance privacy gdpr soc iso subprocessors sicherheit datenschutz dpa "
        "certifications",
        "soc iso certified certification certifications certificate compliant compliance gdpr hipaa "
        "security secure "
        "encryption encrypted vulnerability bounty audit audited pentest subprocessors data privacy "
        "fedramp sso",
    ),
    "customers": (
        0.25,
        "customers customer clients references stories casestudy casestudies case studies success kunden "
        "referenzen",
        "customer customers client clients case study studies uses use users deployed references",
    ),
    "contact": (
        0.30,
        "contact contactus kontakt contacto contatti contato offices locations support help",
        "contact email phone address reach support located location office offices call city sales",
    ),
    "legal": (
        0.25,
        "legal imprint impressum terms tos conditions agb mentions privacy policies policy license "
        "licence sla",
        "registered legal terms liability director directors managing vat register registration agreement "
        "license licence "
        "licensed law jurisdiction sla uptime guarantee refund address entity governing",
    ),
    "news": (
        0.20,
        "news press blog newsroom media presse announcements changelog releases release updates events",
        "announce announced announcement launch launched latest newest recent recently raise raised "
        "funding round series "
        "investor investors acquire acquired acquisition news release released partnership new",
    ),
    "investors": (
        0.20,
        "investors investor funding finance financials annual report reports",
        "raise raised funding round investor investors revenue income profit valuation report annual "
        "growth million",
    ),
    "finance": (
        0.10,
        "finance financial budget spending expenses",
        "fiscal budget revenue income profit spend spending expense expenses invoice payment pays cost costs "
        "approval",
    ),
    "benefits": (
        0.15,
        "benefits perks compensation pay payroll equity leave vacation",
        "benefit benefits vacation pto leave holiday insurance pension stipend equity vesting salary pay "
        "payroll "
        "compensation bonus allowance match",
    ),
    "partners": (
        0.15,
        "partners partner integrations integration alliances sponsors sponsor marketplace",
        "partner partners integrate integrates integration integrations sponsor sponsors alliance "
        "marketplace reseller",
    ),
    "product": (
        0.15,
        "product products platform features solutions services technology",
        "product products feature features platform offer offers service services support supports "
        "technology",
    ),
    "docs": (
        0.10,
        "docs documentation faq help guide guides reference support knowledge",
        "limit limits support supported supports how available version versions regions region api "
        "documentation default",
    ),
}
_WORD = re.compile(r"[^\W_]+")
_FILES = re.compile(
    r"\.(?:jpe?g|png|gif|webp|svg|ico|bmp|tiff?|avif|mp[34]|m4[av]|mov|avi|webm|wav|ogg|zip|t?gz|bz2|xz|7z|rar|tar|exe|"
    r"dmg|pkg|deb|rpm|apk|msi|iso|jar|css|m?js|map|json|xml|rss|atom|ics|vcf|csv|tsv|xlsx?|docx?|pptx?|odt|ods|"
    r"woff2?|ttf|eot|otf|bin|asc|sig|sha256|py|sh|ya?ml|toml|sql|epub|txt\.gz)$|/robots\.txt$",
    re.IGNORECASE,
)
_SKIP = re.compile(
    r"/(?:log-?in|sign-?in|sign-?up|sign-?out|log-?out|register|cart|basket|checkout|my-?account|account|password|wp-admin|"
    r"wp-json|wp-login\.php|wp-content|feed|feeds|rss|atom|cdn-cgi|xmlrpc\.php|unsubscribe|oauth2?|auth|search|print|share|"
    r"amp)(?:/|$)|/(?:tags?|category|categories|author|authors|topics?|archive|archives)/[^/]+|/page/\d+(?:/|$)",
    re.IGNORECASE,
)
_SKIP_HOST = re.compile(
    r"^(?:app|apps|login|accounts?|auth|sso|id|cdn|static|assets|img|images|media|mail|webmail|smtp|api|dashboard|console|"
    r"status|ftp|git|staging|dev|test|demo)\.",
)
_PAGED = re.compile(r"(?:^|&)(?:page|p|paged|offset|start|sort|order|filter|q|s|lang)=", re.IGNORECASE)
_LANGUAGE = re.compile(r"([a-z]{2})(?:[-_][a-z]{2,4})?$")
# Two-letter path segments that are languages.
_LANGUAGES = frozenset(
    """ar bg ca cs da de el en es et fa fi fr he hi hr hu id it ja jp ko kr lt lv nb nl no pl pt ro ru sk sl
    sr sv th tr uk vi zh cn""".split()
)
_DATED = re.compile(r"/((?:19|20)\d\d)(?:[/-](0?[1-9]|1[0-2])(?:[/-]\d{1,2})?)?(?=[/-]|$)")
_REGION_WORTH = {Region.NAVIGATION: 0.25, Region.HEADER: 0.25, Region.FOOTER: 0.15, Region.MAIN: 0.1}
LISTED_WORTH = 0.3  # the site itself says that the page is there; links may be dead
_MOST_OF_FOLDER = 4  # addresses of one folder before its next ones wait


class _Address(NamedTuple):
    """What an address tells by itself."""

    key: str
    host: str
    depth: int
    folder: str
    words: frozenset[str]  # stems
    plain: frozenset[str]  # words as they stand
    last: frozenset[str]  # those of the last part of the path
    language: str
    month: int  # counted from year 0; 0 when the address bears no date
    query: bool


@lru_cache(maxsize=65536)
def _address(url: str) -> _Address | None:
    """None for an address that is no page to read."""
    parts = urlsplit(url)
    path = unquote(parts.path)
    host = parts.hostname or ""
    if (
        parts.scheme != "https"
        or not host
        or _FILES.search(path)
        or _SKIP.search(path)
        or _SKIP_HOST.match(host)
    ):
        return None
    if parts.query and _PAGED.search(parts.query):
        return None
    segments = [segment for segment in path.lower().split("/") if segment]
    language = ""
    if segments and (match := _LANGUAGE.fullmatch(segments[0])) and match[1] in _LANGUAGES:
        language = {"jp": "ja", "kr": "ko", "cn": "zh", "nb": "no"}.get(match[1], match[1])
        segments = segments[1:]
    elif (label := host.partition(".")[0]) in _LANGUAGES and host.count(".") >= 2:
        language = label
    dated = _DATED.search(path)
    text = " ".join(segments)
    return _Address(
        key=path_key(url),
        host=host,
        depth=len(segments),
        folder="/".join(segments[:-1]),
        words=frozenset(terms(text, "en")),
        plain=frozenset(_WORD.findall(text)),
        last=frozenset(_WORD.findall(segments[-1])) if segments else frozenset(),
        language=language,
        month=int(dated[1]) * 12 + int(dated[2] or 12) if dated else 0,
        query=bool(parts.query),
    )


class _Candidate:
    __slots__ = ("address", "anchors", "linked", "listed", "title", "url")

    def __init__(self, url: str, address: _Address) -> None:
        self.url = url
        self.address = address
        self.anchors: set[str] = set()
        self.linked = 0.0
        self.listed = False
        self.title: frozenset[str] = frozenset()


def choose_pages(question: Question, survey: SiteSurvey, known: Sequence[Page], limit: int) -> list[str]:
    """The ``limit`` addresses of the company's own site that promise most, best first, pages already read
    among them.

    Own site: the same registrable domain, the asked host first. Left out: files that are no pages, log-in and
    basket, feeds, tag and paged archives, and second spellings of one address. Pages in other languages than
    the entry page's come last.
    """
    candidates = _candidates(question, survey, known)
    language = _entry_language(survey, known)
    query = _query(question, [language, "en"])
    idf = _rarity(query, candidates)
    wanted = _wanted_topics(question)
    newest = max((c.address.month for c in candidates), default=0)
    best = 0.0
    matches: list[float] = []
    for candidate in candidates:
        match = _match(candidate, query, idf)
        matches.append(match)
        best = max(best, match)
    entry = path_key(survey.entry_url)
    hosts = {question.company.host, f"www.{question.company.host}", question.company.asked_host}
    scored: list[tuple[float, _Candidate]] = []
    for candidate, match in zip(candidates, matches, strict=True):
        address = candidate.address
        score = 1.5 * match / best if best else 0.0
        score += _topic_worth(candidate, wanted) + min(candidate.linked, 0.5)
        score += LISTED_WORTH * candidate.listed
        score -= 0.1 * max(0, address.depth - 1)
        if address.key == entry:
            score += 10.0
        if address.host not in hosts:
            score -= 0.6
        if address.language and address.language != language:
            score -= 5.0
        if address.query:
            score -= 0.3
        if address.month and newest:
            score -= min(0.5, 0.01 * (newest - address.month))
        scored.append((score, candidate))
    scored.sort(key=lambda entry: (-round(entry[0], 6), entry[1].address.depth, entry[1].url))
    return [candidate.url for candidate in _spread(scored)[:limit]]


def _candidates(question: Question, survey: SiteSurvey, known: Sequence[Page]) -> list[_Candidate]:
    found: dict[str, _Candidate] = {}
    host = question.company.host

    def add(url: str) -> _Candidate | None:
        address = _address(canonical_address(url))
        if address is None or not same_site(address.host, host):
            return None
        if (candidate := found.get(address.key)) is None:
            if len(found) >= MOST_CANDIDATES:
                return None
            candidate = found[address.key] = _Candidate(canonical_address(url), address)
        return candidate

    for page in known:
        # A page that was read keeps the address under which it is stored.
        if (candidate := add(page.url)) is not None:
            candidate.url = page.url
            candidate.title = frozenset(terms(page.content.title, page.content.language))
    if survey.entry_url:
        add(survey.entry_url)
    for page in known:
        seen: set[str] = set()
        for link in page.content.links:
            if not link.url.startswith(("https://", "http://")) or (candidate := add(link.url)) is None:
                continue
            candidate.anchors.update(terms(link.text[:100], page.content.language))
            if candidate.address.key not in seen:
                seen.add(candidate.address.key)
                candidate.linked += _REGION_WORTH.get(link.region, 0.05) / len(known)
    listed: Sequence[str] = survey.sitemap_urls
    if len(listed) > MOST_CANDIDATES:
        listed = sorted(listed, key=lambda url: (url.count("/"), url))
    for url in listed:
        if (candidate := add(url)) is not None:
            candidate.listed = True
        if len(found) >= MOST_CANDIDATES:
            break
    return list(found.values())


def _entry_language(survey: SiteSurvey, known: Sequence[Page]) -> str:
    entry = path_key(survey.entry_url) if survey.entry_url else ""
    for page in known:
        if path_key(page.url) == entry:
            return page.content.language
    return known[0].content.language if known else "en"


def _query(question: Question, languages: Iterable[str]) -> list[str]:
    name = registrable(question.company.host).partition(".")[0]
    own = {*terms(name, "en"), name}
    words: dict[str, None] = {}
    for language in dict.fromkeys(languages):
        words |= dict.fromkeys(terms(question.sought, language))
    return [word for word in words if word not in own]


def _rarity(query: Sequence[str], candidates: Sequence[_Candidate]) -> dict[str, float]:
    """How much it tells that a word of the question stands in an address, its links or its title."""
    count = len(candidates)
    result = {}
    for word in query:
        having = sum(word in c.address.words or word in c.anchors or word in c.title for c in candidates)
        result[word] = math.log(1 + (count - having + 0.5) / (having + 0.5)) if having else 0.0
    return result


def _match(candidate: _Candidate, query: Sequence[str], idf: dict[str, float]) -> float:
    score = 0.0
    for word in query:
        if not idf[word]:
            continue
        if word in candidate.address.words:
            score += idf[word]
        elif word in candidate.anchors or word in candidate.title:
            score += 0.8 * idf[word]
    return score


@lru_cache(maxsize=1)
def _topic_words() -> dict[str, tuple[float, frozenset[str], frozenset[str]]]:
    return {
        name: (worth, frozenset(pages.split()), frozenset(terms(asked, "en")))
        for name, (worth, pages, asked) in _TOPICS.items()
    }


# Where a field of the profile mostly stands.
_TOPIC_OF_FIELD = {
    "founded": "about", "employee_count": "about", "headquarters": "contact", "phone": "contact",
    "email_general": "contact", "email_sales": "contact", "email_support": "contact", "email_press": "contact",
    "email_security": "security", "email_privacy": "legal", "legal_name": "legal", "ceo": "team", "cto": "team",
    "cfo": "team", "founders": "team", "leadership": "team", "cheapest_plan": "pricing", "plans": "pricing",
    "free_plan": "pricing", "trial": "pricing", "trial_days": "pricing", "pricing_page": "pricing",
    "soc2": "security", "iso27001": "security", "certifications": "security", "careers_page": "careers",
    "hiring": "careers", "job_board_vendor": "careers", "funding": "news", "funding_total": "news", "last_round": "news",
    "lead_investor": "news", "user_count": "about", "customer_count": "about", "team_countries": "about",
    "served_countries": "about", "fiscal_year": "legal", "licence": "legal", "managing_directors": "team",
    "register_number": "legal", "tax_number": "legal", "page_trust": "security", "page_calculator": "pricing",
    **{f"head_of_{department}": "team" for department in DEPARTMENTS},
}  # fmt: skip


def _wanted_topics(question: Question) -> dict[str, float]:
    """How strongly the question's words lead to each kind of page, 0 to 1."""
    words = set(terms(question.text, "en")) | set(_WORD.findall(question.text.lower()))
    hits = {name: len(words & asked) for name, (_, _, asked) in _topic_words().items()}
    if topic := answer_type(question.answer_type).topic:
        hits[topic] += 1
    if question.subject.person is not None:
        hits["team"] += 1
    if (field := meant(question)) is not None and (topic := _TOPIC_OF_FIELD.get(field.field, "")):
        hits[topic] += 1  # "hq?" and "Hauptsitz" share no word with those above
    most = max(hits.values(), default=0)
    return {name: count / most if most else 0.0 for name, count in hits.items()}


def _topic_worth(candidate: _Candidate, wanted: dict[str, float]) -> float:
    best = 0.0
    address = candidate.address
    for name, (worth, pages, _) in _topic_words().items():
        if address.plain & pages:
            near = 1.0 if address.depth <= 1 else 0.6 if address.depth == 2 else 0.4
            last = 1.0 if address.last & pages else 0.6
            best = max(best, near * worth + last * 0.7 * wanted[name])
    return best


def _spread(scored: Sequence[tuple[float, _Candidate]]) -> list[_Candidate]:
    """The candidates in order, the many of one folder (blog posts, case studies) held back a little each."""
    counts: dict[str, int] = {}
    held: list[tuple[float, int, _Candidate]] = []
    for position, (score, candidate) in enumerate(scored):
        folder = candidate.address.folder
        before = counts[folder] = counts.get(folder, 0) + 1
        crowd = max(0, before - _MOST_OF_FOLDER) if folder else 0
        held.append((score - 0.05 * min(crowd, 20), position, candidate))
    held.sort(key=lambda entry: (-round(entry[0], 6), entry[1]))
    return [candidate for _, _, candidate in held]
