"""How many a company serves and where: users, customers, countries; its financial year; its software's licence."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from leadline.research.documents.units import split_sentences
from leadline.research.model import Block, BlockKind, Page, Region
from leadline.research.profile.brand import Brand
from leadline.research.profile.model import Finding, Means
from leadline.research.profile.when import told_on
from leadline.research.profile.words import WORK_HERE
from leadline.research.values.dates import MONTH
from leadline.research.values.number_words import may_hold_number
from leadline.research.values.numbers import Mention, find_numbers
from leadline.research.values.polarity import denials

_LONGEST = 400  # characters of a sentence that is looked at
_TILE = 8  # words of a figure that stands by itself: "1,200+ customers"
_SELF = frozenset({"home", "about", "team", "careers", "pricing"})
_LARGEST = 10**11
_MOST_OPENINGS = 20_000
_NEAR_YEAR = 60  # characters between "financial year" and what is told of it

_ORGANISATIONS = (
    r"(?:customers?|clients?|companies|businesses|organi[sz]ations?|enterprises|firms|teams|brands|merchants|shops|stores|practices|clinics"
    r"|hospitals|schools|agencies|Kund(?:en|innen)\w*|Unternehmen|Betriebe\w*|Firmen|Organisationen|Praxen|entreprises|clientes?|sociétés|organisations)"
)
_USERS = (
    r"(?:users?|Nutzer\w*|Nutzende\w*|Anwender\w*|Benutzer\w*|utilisateurs?|utilisatrices?|usuarios|utenti)"
)
_PERSONS = r"(?:people|developers|devs|engineers|players|readers|subscribers|members|Menschen|Entwickler\w*|personnes|développeurs)"
_STAFF = r"(?:people|employees|staff|team(?:mates| members)?|colleagues|workforce|Mitarbeite\w+|Kolleg\w+|Team|Menschen|collaborat\w+|salariés|équipe|personnes)"
_COUNTRIES = r"(?:countries|Ländern?|Staaten|pays)"
# Who is served is told by the verb: "used by 400 …", "400 … trust us".
_SERVED_BEFORE = re.compile(
    r"\b(?:(?:used|trusted|loved|chosen|adopted|relied on) by|(?:serv|help|support|power|equip)(?:es?|s|ed|ing)|join(?:ing)?|genutzt von|verwendet von|vertrauen|utilisée? par|adoptée? par|plébiscitée? par)"
    r"(?: \w+){0,3}?\s*$",
    re.IGNORECASE,
)
_SERVED_BEHIND = re.compile(
    r"^(?: [\w-]+){0,6}? (?:use|trust|rely on|choose|chose|love|run on|work with|count on|depend on|have \w+ed|\w+ified|nutzen|verwenden|vertrauen|setzen auf|arbeiten mit|utilisent|font confiance)\b",
    re.IGNORECASE,
)
# "1,430 schools use Acme", "52 mills buy our enzymes": whatever they are called, they are served.
_ANYONE = re.compile(
    r"\+? (?P<who>[^\d.;:!?]{3,60}?) (?:(?P<buy>use|trust|rely on|choose|buy|order from|work with|count on|run on|nutzen|verwenden|vertrauen|kaufen|setzen auf|arbeiten mit|utilisent|achètent|font confiance à|travaillent avec)"
    r" (?:us|our|uns|unser\w*|auf uns|nous|nos|notre)\b|(?P<named>use|trust|rely on|choose|run on|nutzen|verwenden|vertrauen|setzen auf|utilisent|font confiance à) (?=[A-ZÀ-Þ])"
    r"|(?P<account>(?:have|haben|ont) (?:an?|ein|un) (?:account|Konto|compte)\b|(?:have )?signed up\b(?! (?:for|to)\b)|are registered\b|sign in\b|log in\b))",
)
_PERSON_WORDS = re.compile(rf"\b(?:{_USERS}|{_PERSONS})\b", re.IGNORECASE)
_WE_HAVE = re.compile(
    r"\b(?:have|has|count|serve|serves|with|base of|our|haben|hat|zählen|betreuen|bedienen|unsere|compte|comptons|avons|servons|accompagne|accompagnons|nos)\b(?: \w+){0,3}?\s*$",
    re.IGNORECASE,
)
_OFF = re.compile(
    r"\b(?:goal|aim\w*|target\w*|plan\w*|will|would|could|can|up to|if|when|each|every|per|than \d+ (?:of|out)|fewer|less than|reach(?:ing)? \d|"
    r"by 20\d\d|in 20\d\d|had|was|were|new|additional|first|lost|example|imagine|say|suppose|Ziel|werden|bis zu|wenn|pro|objectif|jusqu['’]à|d['’]ici|si)\b",
    re.IGNORECASE,
)
_MORE_THAN = re.compile(r"\b(?:more|over|mehr|plus|better) (?:than|als|que|de|d['’])\s*$", re.IGNORECASE)
_BETWEEN_WORDS = r"(?:[ -]+(?!and\b|und\b|et\b|in\b)[\w'’-]+){0,3}?"
# A sentence that goes on without a subject: "Currently, with team members in over 26 countries."
_CONTINUES = re.compile(
    r"\W*(?:\w+, )?(?i:with|in|across|from|over|more|today|currently|now|mit|aus|über|heute|derzeit|avec|dans|de|plus)\b[^A-ZÀ-Þ]*$"
)
_NOUN_BEHIND = {
    "customer_count": re.compile(rf"^\+?{_BETWEEN_WORDS}[ \n-]+{_ORGANISATIONS}\b", re.IGNORECASE),
    "user_count": re.compile(rf"^\+?{_BETWEEN_WORDS}[ \n-]+{_USERS}\b", re.IGNORECASE),
    "person_count": re.compile(rf"^\+?{_BETWEEN_WORDS}[ \n-]+{_PERSONS}\b", re.IGNORECASE),
    "countries": re.compile(rf"^\+?(?: (?:\w+ )?(?:different |verschiedenen |différents )?|\n){_COUNTRIES}\b", re.IGNORECASE),
}  # fmt: skip
_CUSTOMERS = re.compile(r"\b(?:customers?|clients?|Kund\w+|clientes?)\b", re.IGNORECASE)
_OF_STAFF = re.compile(rf"\b{_STAFF}\b", re.IGNORECASE)
_OF_SERVED = re.compile(rf"\b(?:{_USERS}|{_ORGANISATIONS})\b", re.IGNORECASE)

_YEARLY = re.compile(
    r"\b(?:(?:fiscal|financial|business|accounting|reporting) year|Geschäftsjahr|Wirtschaftsjahr|exercice(?: comptable| fiscal| social)?|année fiscale)\b",
    re.IGNORECASE,
)
_DAY = rf"(?:(?:the )?\d{{1,2}}(?:st|nd|rd|th|er|\.)?(?: of)? (?:{MONTH})|(?:{MONTH})(?: \d{{1,2}}(?:st|nd|rd|th)?)?)"
_RUNS = re.compile(
    rf"\b(?:(?:runs?|begins?|starts?|ends?|closes?|lasts?|goes|läuft|beginnt|endet|dauert|court|commence|débute|se (?:termine|clôt)|clôture)\b[^.;,]{{0,25}}?)?\b{_DAY}(?:[^.;]{{0,30}}?\b{_DAY})?",
    re.IGNORECASE,
)
_CALENDAR = re.compile(
    r"\b(?:is|equals|matches|follows|corresponds to|entspricht|ist|correspond à)(?: dem| au| à)?(?: the)? (?:calendar year|Kalenderjahr|l['’]année civile)",
    re.IGNORECASE,
)

_LICENCES = (
    r"(?:GNU )?(?:AGPL|LGPL|GPL)(?:[- ]?v?\d(?:\.\d)?)?(?:-or-later|-only|\+)?|(?:GNU )?(?:Affero |Lesser )?General Public License|Apache(?: Software)?(?: Licen[sc]e)?,?(?: [Vv]ersion)?(?:[- ]?v?2(?:\.0)?)?|MIT|"
    r"BSD(?:[- ]\d(?:-| )[Cc]lause)?|MPL(?:[- ]?v?2(?:\.0)?)?|Mozilla Public License|EUPL(?:[- ]?v?1\.\d)?|ISC|Business Source License(?: 1\.1)?|BUSL|BSL(?: 1\.1)?|Elastic License(?: 2\.0)?|SSPL|Server Side Public License|"
    r"Functional Source License|FSL(?:-1\.1)?(?:-\w+)*|Eclipse Public License|EPL(?:[- ]?2\.0)?"
)
_LICENSED_VERB = r"\b(?:licen[sc]ed|released|available|published|distributed|open[- ]sourced?|source|offered|shipped|lizenziert|veröffentlicht|verfügbar|publiée?|distribuée?|disponible)\b"
_LICENSED = re.compile(
    rf"{_LICENSED_VERB}[^.;]{{0,40}}?\b(?:under|unter|sous|with)\s+(?:the |an? |der |la |licence |license |permissive |einer )*(?P<licence>{_LICENCES})(?![\w])",
)
_NO_MORE = re.compile(
    r"\b(?:previously|formerly|used to|until|before|no longer|was|were|earlier|früher|bis|anciennement|dependenc\w+|librar\w+|third[- ]party|plugins?|fonts?|icons?|content|documentation|photos?)\b",
    re.IGNORECASE,
)


# A sentence that holds none of these tells nothing that is looked for here, which is seen sooner than all the rest.
_MAY_COUNT = re.compile(
    rf"\b(?:{_ORGANISATIONS}|{_USERS}|{_PERSONS}|{_COUNTRIES})\b|\b(?:use|trust|rely|choose|buy|order|work|count|run|nutzen|verwenden|vertrauen|kaufen|setzen"
    r"|arbeiten|utilisent|achètent|font confiance|travaillent|account|Konto|compte|signed up|registered|sign in|log in)\b",
    re.IGNORECASE,
)
# Of a financial year, or a licence.
_HINTS = ("year", "jahr", "exercice", "année", " under ", " unter ", " sous ", " with ")


# Openings, on a page on careers: "four open positions", "Open roles (7)", "vier Stellen", "cinq postes à pourvoir".
_OPENINGS = r"(?:(?:open |current |vacant )?(?:positions|vacancies|vacancy|roles|openings)|open jobs?|jobs? open|(?:offene[n]? )?Stellen\w*|postes|offres d['’]emploi)"
_OPENINGS_BEHIND = re.compile(
    rf"\s+(?:(?:open|current|vacant|offene[n]?|freie[n]?)\s+)?{_OPENINGS}\b", re.IGNORECASE
)
_OPENINGS_BEFORE = re.compile(rf"\b{_OPENINGS}\s*[(:]\s*$", re.IGNORECASE)
_NOT_NOW = re.compile(
    r"\b(?:every|each|per|year|last|since|filled|plan\w*|will|by 20\d\d|created?|jedes|pro|Jahr|letzte\w*|besetzt|chaque|par an|créés?)\b",
    re.IGNORECASE,
)


def _openings(page: Page, block: Block, text: str, start: int) -> Iterator[Finding]:
    for number in find_numbers(text, page.content.language or "en"):
        if not isinstance(number.value, int) or not 0 < number.value < _MOST_OPENINGS or number.range_end:
            continue
        counted = _OPENINGS_BEHIND.match(text, number.end) or _OPENINGS_BEFORE.search(text[: number.start])
        if counted and not _NOT_NOW.search(text):
            yield _finding(page, block, "openings", number.value, start, start + len(text))
            return


def find(page: Page, brand: Brand) -> Iterator[Finding]:
    where = brand.kind(page.url)
    if where == "partners":
        return
    for block in page.content.blocks:
        if block.region is Region.HIDDEN or block.kind in (BlockKind.QUOTE, BlockKind.CODE):
            continue
        text = page.words(block.start, min(block.end, block.start + 3_000))
        if block.region is Region.MAIN and len(text.split()) <= _TILE and where in _SELF:
            yield from _alone(page, block, text, where)
        before = ""
        for start, end in split_sentences(text, page.content.language):
            sentence, before_it = text[start:end], before
            before = sentence
            if (
                where == "careers"
                and block.region is Region.MAIN
                and end - start <= _LONGEST
                and may_hold_number(sentence)
            ):
                yield from _openings(page, block, sentence, block.start + start)
            if end - start > _LONGEST or sentence.rstrip().endswith("?"):
                continue
            counts = may_hold_number(sentence) and _MAY_COUNT.search(sentence) is not None
            lowered = sentence.lower()
            if not counts and not any(hint in lowered for hint in _HINTS):
                continue
            begin = block.start + start
            if brand.is_of_others(sentence):
                continue
            if block.region is Region.MAIN and counts:
                # Where the sentence before speaks of the company, the next may leave its name out.
                goes_on = _CONTINUES.match(sentence) is not None and not brand.is_of_others(before_it)
                ours = brand.speaks(sentence) or (goes_on and brand.speaks(before_it))
                yield from _served(page, block, sentence, begin, brand, where, ours=ours)
            if (yearly := _YEARLY.search(sentence)) is not None:
                yield from _fiscal_year(page, block, sentence, begin, brand, where, yearly.end())
            if where not in ("customers", "careers"):
                yield from _licence(page, block, sentence, begin, brand)


def _finding(page: Page, block: Block, field: str, value: Any, start: int, end: int) -> Finding:
    quote = page.words(start, end)
    return Finding(
        field=field, value=value, url=page.url, snapshot_id=page.snapshot_id, start=start, end=end, quote=quote,
        means=Means.WORDS, weight=1.0, on=told_on(page, block, quote) or page.fetched_at.date(),
    )  # fmt: skip


def _counts(text: str, numbers: Iterable[Mention]) -> Iterator[tuple[Mention, str]]:
    """Each whole number with the kind of thing that it counts, as the words behind it tell."""
    for number in numbers:
        if not isinstance(number.value, int) or not 1 < number.value < _LARGEST or number.range_end:
            continue
        behind = text[number.end : number.end + 60]
        for field, noun in _NOUN_BEHIND.items():
            if noun.match(behind):
                yield number, field
                break


def _alone(page: Page, block: Block, text: str, where: str) -> Iterator[Finding]:
    """A figure with a name and nothing else, on a page on which companies show their own: "80+ countries"."""
    flat = text.replace("\n", " ")
    if _OFF.search(flat) or _SERVED_BEFORE.search(flat):
        return
    counted = list(_counts(flat, find_numbers(flat, page.content.language or "en")))
    if len(counted) != 1 or counted[0][0].start > 12:
        return
    number, field = counted[0]
    if field == "countries":
        if where not in ("careers", "team"):
            return
        field = "team_countries"
    elif field == "person_count" or (field == "customer_count" and not _CUSTOMERS.search(flat)):
        return
    yield _finding(page, block, field, number.value, block.start, block.end)


def _served(
    page: Page, block: Block, text: str, start: int, brand: Brand, where: str, *, ours: bool
) -> Iterator[Finding]:
    """``ours``: whether the words speak of the company."""
    numbers = find_numbers(text, page.content.language or "en")
    for number in numbers:
        anyone = (
            _ANYONE.match(text, number.end) if isinstance(number.value, int) and number.value > 1 else None
        )
        if anyone is None or _OFF.search(text[max(0, number.start - 40) : number.start]):
            continue
        if anyone["named"] and not brand.names(text[anyone.end() : anyone.end() + 40]):
            continue
        users = anyone["account"] is not None or _PERSON_WORDS.search(anyone["who"]) is not None
        field = "user_count" if users else "customer_count"
        if not anyone["account"] or ours or where in _SELF:
            yield _finding(page, block, field, number.value, start, start + len(text))
            return
    # A line that begins with "Used by" on a page of one's own leaves out who.
    elliptic = where in _SELF and re.match(
        r"\W*(?:\w+ )?(?:used|trusted|loved|genutzt|utilisée?)\b", text, re.IGNORECASE
    )
    for number, field in _counts(text, numbers):
        before, behind = text[: number.start], text[number.end :]
        near = _MORE_THAN.sub("", before[-40:])
        if _OFF.search(near) or _OFF.search(_clause(behind)):
            continue
        if WORK_HERE.match(_after_noun(behind, field)):
            continue
        about = _SERVED_BEFORE.search(near) or _SERVED_BEHIND.match(_after_noun(behind, field))
        if field == "countries":
            if not ours:
                continue
            whom = _nearest(before)
            if whom is not None:
                yield _finding(page, block, whom, number.value, start, start + len(text))
            continue
        if not (ours or elliptic):
            continue
        if field == "person_count":
            field = "user_count"
            if not about:
                continue
        elif not about and not _WE_HAVE.search(near):
            continue
        yield _finding(page, block, field, number.value, start, start + len(text))


def _clause(text: str) -> str:
    return re.split(r"[.;:!?]|, (?:and|but|und|et)\b", text, maxsplit=1)[0][:60]


def _after_noun(behind: str, field: str) -> str:
    match = _NOUN_BEHIND[field].match(behind)
    return behind[match.end() :] if match else behind


def _nearest(before: str) -> str | None:
    """Of whom the countries are told: of the last kind of people named before."""
    staff = max((m.end() for m in _OF_STAFF.finditer(before)), default=-1)
    served = max((m.end() for m in _OF_SERVED.finditer(before)), default=-1)
    if max(staff, served) < len(before) - 70:
        return None
    return "team_countries" if staff > served else "served_countries"


def _fiscal_year(
    page: Page, block: Block, text: str, start: int, brand: Brand, where: str, behind: int
) -> Iterator[Finding]:
    """``behind``: where the words for such a year end."""
    if denials(text) or not (brand.speaks(text) or where in ("about", "imprint", "legal")):
        return
    match = _RUNS.search(text, behind) or _CALENDAR.search(text, behind)
    if match is not None and match.start() - behind <= _NEAR_YEAR:
        yield _finding(page, block, "fiscal_year", match.group().strip(), start, start + len(text))


def _licence(page: Page, block: Block, text: str, start: int, brand: Brand) -> Iterator[Finding]:
    match = _LICENSED.search(text)
    if match is None or not brand.speaks(text) or denials(text) or _NO_MORE.search(text[: match.start()]):
        return
    yield _finding(page, block, "licence", match["licence"].strip(" ,"), start, start + len(text))
