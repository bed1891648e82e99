"""What sentences and lines tell, on the kinds of pages on which companies speak of themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

from leadline.research.documents.names import OURS_NAMED, says_we
from leadline.research.documents.units import split_sentences
from leadline.research.model import Block, BlockKind, Page, Region
from leadline.research.profile.brand import Brand
from leadline.research.profile.model import Finding, Means
from leadline.research.profile.pages import kind, segments
from leadline.research.profile.when import told_on
from leadline.research.values.countries import country_behind
from leadline.research.values.number_words import may_hold_number
from leadline.research.values.numbers import find_numbers, read_digits
from leadline.research.values.polarity import denials
from leadline.research.values.terms import squash, stems

_SELF = frozenset({"home", "about", "team", "careers", "contact", "imprint"})
_REACHED = frozenset({"imprint", "contact", "about"})
_ANY_SECTION = frozenset({"home", "docs", "other"})  # elsewhere others are contacted
_ABOUT = frozenset({"home", "about", "team", "careers"})
_NAMED = frozenset({"imprint", "legal", "about", "contact", "docs"})
_SAME = 0.6  # of the content words of the shorter text, for the other to say the same
_OPENING = 1_500  # characters of a page in which "we" say what we are
_LONGEST_OF_NUMBERS = 2_000  # characters of a block that is looked through for numbers of registers
_MOST_PEOPLE = 3_000_000  # that a company employs
_LONGEST = 400  # characters of a sentence that is looked at

LEGAL_FORM = (
    r"(?:Inc\.?|Incorporated|Corp\.?|Corporation|L\.?L\.?C\.?|Ltd\.?|Limited|PLC|plc|LLP|GmbH(?: & Co\. KGa?A?)?|AG|SE|UG(?: \(haftungsbeschränkt\))?"
    r"|KG|OHG|OG|e\.\s?U\.|e\.\s?V\.|eG|S\.?A\.?S\.?U?|S\.?A\.?R\.?L\.?|S\.?A\.?|SARL|SASU?|B\.?V\.?|N\.?V\.?|AB|A/S|ApS|Oy|Oyj|AS|S\.?p\.?A\.?|S\.?r\.?l\.?|S\.?L\.?U?\.?|Lda\.?|Pty\.? Ltd\.?|Pte\.? Ltd\.?|Sp\. z o\.o\.|s\.r\.o\.|K\.K\.|Kft\.?)"
)
_WORD = r"[A-ZÀ-Þ][\w.&'’-]*"
_LEGAL = re.compile(rf"(?<![\w.]){_WORD}(?: (?:of|and|&|{_WORD})){{0,4}}?,? {LEGAL_FORM}(?![\w])")

_FOUNDED = re.compile(
    r"\b(?:founded|established|incorporated|founding|gegründet|Gründung(?:sjahr)?|fondée?|créée?|creada|fundada|fondata|opgericht)\b"
    r"(?:\W+(?!(?:by|from|for)\b)[^\W\d]+){0,4}?\W+(?P<year>(?:1[89]|20)\d\d)\b"
    r"|\b(?:operating|in business|in operation|around|active|exist\w*|tätig|besteh\w+|existe|existons)\b[^.;]{0,25}?\b(?:since|seit|depuis)\s+(?P<since>(?:1[89]|20)\d\d)\b"
    r"|\b(?:[Ii]n|[Ii]m Jahr|[Ee]n|[Ss]ince|[Ss]eit|[Dd]epuis)\s+(?P<early>(?:1[89]|20)\d\d)\b[^.;]{0,40}?\b(?:founded|established|incorporated|gegründet|fondée?|créée?)\b",
)
# "Building cranes since 1954", by itself: what the company does, and since when.
_AT_IT_SINCE = re.compile(r"[A-Z][a-z]+ing (?:[\w,'’&-]+ ){1,8}since (?P<year>(?:1[89]|20)\d\d)\W*")
# "We have been baking since 1998", "2008 haben wir angefangen": not what was begun, but the company itself.
_YEARS = r"(?:1[89]|20)\d\d"
_BEGAN = r"(?:(?:started|began|set) (?:out|up|off|in|as|from)|opened (?:our|its) doors|got going|angefangen|begonnen|losgelegt|commencé|démarré)"
_STARTED = re.compile(
    rf"\b(?:[Ww]e|[Nn]ous) (?:have been|are) \w+ing\b[^.;\d]{{0,30}}?\bsince (?P<year>{_YEARS})\b"
    rf"|\b(?:[Ww]e|[Nn]ous|[Ww]ir|[Oo]ur (?:story|journey)|[Uu]nsere Geschichte|(?:[Nn]otre |[Ll]['’])(?:histoire|aventure))\b[^.;\d]{{0,40}}?\b{_BEGAN}\b[^.;\d]{{0,40}}?\b(?P<early>{_YEARS})\b"
    rf"|\b(?i:{_BEGAN})[^.;\d]{{0,20}}?\b(?:we|wir|nous)\b[^.;\d]{{0,20}}?\b(?P<late>{_YEARS})\b"
    rf"|\b(?P<first>{_YEARS})\b[^.;\d]{{0,20}}?\b(?:we|wir|nous)\b[^.;\d]{{0,20}}?\b{_BEGAN}\b",
)
_WHICH = re.compile(rf"(?P<name>{_WORD}(?: {_WORD})*),? (?:which|who|qui) (?:\w+ ){{0,2}}$")
_OURSELVES = re.compile(
    r"\b(?:we|wir|nous|(?:the|this) company|our (?:company|team|staff|workforce)|unser (?:Team|Unternehmen)|notre (?:équipe|entreprise)|das Unternehmen|die Firma|l['’]entreprise|la société)\b",
    re.IGNORECASE,
)
_THEIRS = re.compile(r"['’]s\b|\b(?:our|unser\w*|notre|nos)\b", re.IGNORECASE)
_PEOPLE = r"(?:full-time |permanent |remote )?(?:employees|staff(?: members)?|team members|team-mates|teammates|colleagues|people|Mitarbeiter\w*|Köpfe|Leute|Menschen|Personen|Mitarbeitende\w*|Beschäftigte\w*|Kolleg\w+|collaborateurs|collaboratrices|salarié\w*|empleados|dipendenti|medewerkers)"
_ANY_PEOPLE = re.compile(rf"\b{_PEOPLE}\b")
_COUNTED = re.compile(rf"(?:\+|\s?plus)?\s+(?:[\w-]+\s+){{0,2}}?{_PEOPLE}\b")
_WHOLE_COUNT = re.compile(
    rf"\s*(?P<count>\d[\d.,  ]{{0,8}})\+?\s+{_PEOPLE}(?: (?:in total|in all|worldwide|strong|im Team|insgesamt|weltweit|au total|dans l['’]équipe))?\s*",
    re.IGNORECASE,
)  # stands alone
WORK_HERE = re.compile(
    r" (?:now |today |currently )?(?:work|are employed|arbeiten|travaillent)\b(?: \w+){0,2}? (?:(?P<us>(?:for|with|at|bei|mit|für|chez|avec) (?:us|uns|nous)\b|here\b|hier\b|ici\b)|(?:for|at|bei|für|chez|pour)\b)"
)
_STRICT_COUNT = re.compile(
    r"\b(?:employ(?:s|ing)?|staff of|team of|headcount|we are|we're|we have|has|hat|compte|company of|consists? of|beschäftig\w+|wir sind|sind wir|zähl\w+|Team von|nous sommes|équipe de|emploie)\b",
    re.IGNORECASE,
)
_PART = re.compile(
    r"\b(?:of|out of|customers?|users?|clients?|million|thousand|help\w*|serv\w+|compan(?:y|ies) with|organi[sz]ations|than|fewer|hire[ds]?|joined|up to|most|grow\w*|will|plan\w*|goal|aim\w*|if|when|each|every|used|daily|day|teams|was|were|had|looking|seek\w*|recruit\w*|suchen|sucht|möchten|wollen|werden|bis|Ziel|wenn|cherch\w+|recrut\w+|objectif|jusqu|si)\b",
    re.IGNORECASE,
)
_OF_A_PART = re.compile(
    r"\b(?:office|branch|plant|site|warehouse|department|division|factory|Büro|Werk|Standort|Abteilung|bureau|usine|service)\b",
    re.IGNORECASE,
)
_AT_A_PLACE = re.compile(r"\s(?:in|at|bei|à|en)\s(?:our |unser\w* |notre )?[A-ZÀ-Þ]")  # a part of them
_PLACE = r"(?P<place>[A-ZÀ-Þ][\w'’.-]+(?: (?:am|an|der|de|la|upon|[A-ZÀ-Þ][\w'’.-]+)){0,3})(?:, (?P<region>[A-ZÀ-Þ][\w.'’ -]{1,30}?))?"
_SEAT = re.compile(
    rf"\b(?:headquartered|headquarters(?: is| are)?(?: located)?|head office(?: is)?(?: located)?|HQ(?: is)?|Hauptsitz|Firmensitz|mit Sitz|siège(?: social)?(?: est)?(?: situé)?|sede(?: central| legale)?)\s*(?:in|:|at|à|en|a)\s*{_PLACE}(?=[.,;)]|\s(?:and|und|et|with|mit|since|for|we)\b|$)"
)
POSTAL = re.compile(
    r"(?:(?P<street>(?<![\w-])[A-ZÀ-Þ][^\n,]{2,40}?\s\d{1,4}\s?[a-z]?|\d{1,5}[a-z]?,? [A-Z][^\n,]{2,40}),?\s+)?"
    r"(?:(?:D-|CH-|A-|F-)?(?P<code>\d{5}|\d{4}(?= [A-Z]))\s+(?P<city>[A-ZÀ-Þ][\w'’-]+(?: [A-ZÀ-Þ][\w'’-]+)?)"
    r"|(?P<uscity>[A-Z][\w.'’-]+(?: [A-Z][\w.'’-]+){0,2}),?\s(?P<state>[A-Z]{2}),?\s(?P<zip>\d{5}(?:-\d{4})?)"
    r"|(?P<ukcity>[A-Z][\w'’-]+(?: [A-Z][\w'’-]+)?),?\s(?P<ukcode>[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}))(?!\w)"
)
_HEAD_OFFICE = re.compile(
    r"headquarter|head office|hauptsitz|siège|sede|registered (?:office|address)", re.IGNORECASE
)
_BRANCH = re.compile(r"\bbranch|niederlassung|zweigstelle|succursale|filiale|\bagence\b", re.IGNORECASE)
# "Acme Inc. ('we', 'us')" in a contract names who speaks in it; so does a sentence on whose the trademarks are.
_ITSELF = re.compile(r",?\s*\(\s*(?:the |hereinafter |together |nachfolgend |ci-après )*['\"“”‘’„«]")
_ITS_MARKS = re.compile(
    r"\b(?:trademarks? of|operated by|service (?:of|by)|betrieben von|édité par)\s*$", re.IGNORECASE
)
_COPYRIGHT = re.compile(r"©|\(c\)|\bcopyright\b", re.IGNORECASE)  # its year looks like a postal code
_PHONE = re.compile(
    r"(?:\b(?:tel(?:ephone|efon|éphone)?|phone|fon|call(?: us)?|t)\b\.?\s*(?:\(?\w*\)?)?\s*:?\s*)(?P<number>\+?\(?\d[\d ().\-/–]{6,20}\d)",
    re.IGNORECASE,
)
_CERTIFICATE = re.compile(
    r"\bSOC[ -]?[123](?: \(?Type (?:II|I|2|1)\b\)?|\b)|\bISO(?:/IEC)?[ :-]?\d{4,5}(?:-\d{1,2})?(?::20\d\d)?\b"
    r"|\bPCI[ -]DSS\b|\bHITRUST\b|\bFedRAMP\b|\bTISAX\b|\bCyber Essentials(?: Plus)?\b|\bB Corp\b|\bCSA STAR\b|\bBSI C5\b|\bHDS\b|\bENS\b",
)
_HELD = re.compile(
    r"\b(?:certified|certification|certificates?|accredited|attested|attestation|compliant|audited|reports?|achieved|obtained|hold|maintain\w*|zertifiziert\w*|Zertifikat\w*|Zertifizierung|certifiée?s?)\b",
    re.IGNORECASE,
)
_NOT_HELD = re.compile(
    r"\b(?:plan\w*|will|working (?:on|towards?)|toward|progress|soon|goal|aim\w*|pursu\w+|prepar\w+|not|no|without|if|should|roadmap|expect\w*|target|next|helps?|help you|your|customers?|achieve|how to|guide|"
    r"provider\w*|vendor\w*|supplier\w*|partners?|hosted|hosting|data ?cent(?:er|re)s?|AWS|Amazon|Google|Azure|Equinix|subprocessor\w*|geplant|wollen|werden|Rechenzentr\w+|Anbieter|prévu\w*|hébergeur\w*|fournisseur\w*)\b",
    re.IGNORECASE,
)
# "ISO 27001 certified and compliant with …": whoever's page it is.
_OF_NOBODY = re.compile(
    rf"(?:^\W*|, )(?:{_CERTIFICATE.pattern})(?:[ ,&]|\band\b|\bund\b|\bet\b|{_CERTIFICATE.pattern})*[ -](?:certified|compliant|accredited|attested|zertifiziert\w*|certifiée?s?)\b(?! \w+s\b)"
)
# Where a new subject begins: what is planned or said of others in one clause is not in the next.
_CLAUSES = re.compile(
    r"[;,]\s(?=(?:(?:and|und|et|but|aber|mais)\s)?(?:we|you|they|it|wir|Sie|sie|nous|vous|ils)\b)"
)
_HIRING = re.compile(
    r"\b(?:we|they)(?:['’]re| are) (?:\w+ ){0,2}?hiring\b|\bwe have (?:\w+ ){0,2}?open (?:roles|positions|jobs)\b|\bwir (?:stellen (?:\w+ )?ein|suchen (?:dich|Sie|Verstärkung))|\bnous recrutons\b",
    re.IGNORECASE,
)
_REMOTE = re.compile(
    r"\b(?:remote[- ](?:first|only)|(?:all|fully|100 ?%)[- ]remote|fully distributed|entièrement à distance|vollständig remote)\b",
    re.IGNORECASE,
)
_PARENTHESES = re.compile(r"\([^)]*\)")
# "Acme" stands for the company's name.
_FREE = re.compile(
    r"\bAcme is (?:always |completely |entirely |and always will be |available )?(?:for )?free\b(?! (?:of|to|from)\b)|\bAcme is an? free\b|\b[Ww]e do not charge (?:a fee )?for\b|"
    r"\b(?:our|the|a) free (?:plan|tier|edition|version)\b|\bAcme ist kostenlos\b|\bAcme est gratuite?\b|\b(?:kostenlose\w?|gratuite?) (?:Tarif|Version|offre|formule)\b",
)
_NOT_FREE = re.compile(
    r"(?:\bno|(?:\bnot|n['’]t|\bno longer) (?:have|offer|provide|sell)(?: an?)?|\bkeinen?|\bpas de|\baucune?)\s*[\"“'‘]?(?:permanent(?:ly)? |forever )?"
    r"(?:free|kostenlosen?|gratuite?) ?(?:plan|tier|account|version|edition|tarif|offre|formule)\b|\b(?:pas d['’]|aucune? )(?:offre|formule|version) gratuite\b",
    re.IGNORECASE,
)
_AT_NO_COST = re.compile(r"\bdo not charge\b|\bno (?:cost|charge|fee)s?\b")
_TAX_NUMBER = re.compile(
    r"\b(?:VAT|USt|UID|TVA|BTW|IVA|EIN|Tax|MwSt|Umsatzsteuer)\b[\w .:()/-]{0,40}?[:\s](?P<number>(?:(?:AT ?U|BE|BG|CY|CZ|DE|DK|EE|EL|ES|FI|FR|GB|HR|HU|IE|IT|LT|LU|LV|MT|NL|PL|PT|RO|SE|SI|SK|CHE)[ -]?(?=[\w .-]*\d{3})[0-9A-Z][0-9A-Z .-]{5,13}[0-9A-Z]|\d{2}-\d{7})(?: (?:MWST|TVA|IVA))?)(?!\w)"
)
# As registers number companies: Germany, France, Austria, Switzerland, the Netherlands, Britain, Australia, the Nordic countries,
# Dun & Bradstreet's.
_REGISTER_NUMBER = re.compile(
    r"\bHR[AB] ?\d{2,7}(?: ?[A-Z]{1,2}\b)?|\bRCS [A-ZÀ-Þ][\w-]+(?: [A-Z])? ?\d{3} ?\d{3} ?\d{3}\b|\b(?:SIREN|SIRET)\b[ :n°]{0,4}\d{3} ?\d{3} ?\d{3}(?: ?\d{5})?\b|\bFN ?\d{4,6} ?[a-z]\b"
    r"|\bCHE-\d{3}\.\d{3}\.\d{3}\b|\b(?:KvK|KVK)(?:[ -]?(?:nummer|number|nr\.?))?:? ?\d{8}\b|\bD-?U-?N-?S\b(?:[ -]?(?:number|no\.?|nummer))?:? ?#?\d{2}-?\d{3}-?\d{4}\b"
    r"|\bA[BC]N:? ?\d{2,3}(?: ?\d{3}){2,3}\b|\b(?i:(?:company|registration|registered|charity) (?:registration )?(?:number|no\.?|nr\.?)):? ?(?P<plain>(?:[A-Z]{2})?\d[\d -]{4,9}\d)\b"
    r"|\b(?i:org(?:ani[sz]ation(?:al|s)?)?\.?[ -]?(?:nummer|number|n[or]\.?)|business id|Y-tunnus|CVR(?:-nr\.?)?):? ?(?P<nordic>\d[\d -]{5,10}\d)\b"
)
_CALLED_NUMBER = re.compile(r"[ -]?(?:nummer|number|nr\.?|no\.?):? ?#?(?=\d)", re.IGNORECASE)


def find(page: Page, brand: Brand) -> Iterator[Finding]:
    where = brand.kind(page.url)
    yield from _description(page, brand, where)
    yield from _language(page)
    yield from _operator(page, brand, where)
    for block in page.content.blocks:
        if block.region is Region.HIDDEN:  # what people do not see is no statement to them
            continue
        text = page.words(block.start, block.end)
        if block.region is Region.FOOTER or where in _NAMED:
            yield from _legal_name(page, block, text, brand, where)
        reached = "contact" if where in _ANY_SECTION and _kind_of_heading(block) == "contact" else where
        if reached in _REACHED or block.region is Region.FOOTER:
            yield from _postal(page, block, text, reached)
            yield from _phone(page, block, text, reached)
        yield from _numbers_of_registers(page, block, text, brand, where)
        if where in _ABOUT and block.region is Region.MAIN and (match := _WHOLE_COUNT.fullmatch(text)):
            count = read_digits(match["count"].strip(), page.content.language)
            if isinstance(count, int) and 1 < count < _MOST_PEOPLE:
                yield _finding(page, "employee_count", count, block.start, block.end)
        if (
            where in ("home", "about")
            and block.region is Region.MAIN
            and (match := _AT_IT_SINCE.fullmatch(text))
        ):
            yield _finding(page, "founded", int(match["year"]), block.start, block.end)
        if block.kind in (BlockKind.QUOTE, BlockKind.CODE, BlockKind.HEADING):
            continue
        for start, end in split_sentences(text, page.content.language):
            if end - start <= _LONGEST:
                yield from _sentence(page, block, text[start:end], block.start + start, brand, where)


def _finding(
    page: Page, field: str, value: Any, start: int, end: int, weight: float = 1.0, *, on: date | None = None
) -> Finding:
    return Finding(
        field=field, value=value, url=page.url, snapshot_id=page.snapshot_id, start=start, end=end,
        quote=page.words(start, end), means=Means.WORDS, weight=weight,
        on=on or page.content.published_on or page.fetched_at.date(),
    )  # fmt: skip


def _description(page: Page, brand: Brand, where: str) -> Iterator[Finding]:
    """A sentence that says what the company is: "Acme is ...", "we help", "Acme, the maker of ..."; or the start page's
    first words, where they say what its description for search engines says."""
    if where in ("news", "customers", "careers", "legal"):
        return
    yield from _apposition(page, brand)
    yield from _opening(page, brand, where)
    name = re.sub(r"['’]", "['’]", re.escape(brand.name or "\0"))
    says = re.compile(
        rf"^(?:At )?{name}(?:[,’']s mission)?,? (?:(?:is|are|ist|est) (?:an?|the|eine?|der|die|das|une?|le|la|l['’])|(?:provides|offers|helps|makes|builds|develops|bietet|entwickelt|hilft|propose|aide|édite|développe)(?! you\b))\b|"
        r"^(?:We|Wir|Nous) (?:help|build|make|provide|offer|develop|design|entwickeln|bieten|bauen|helfen|aidons|développons|proposons)(?! you\b)\b"
    )
    is_one = re.compile(rf"^{name} (?:is|ist|est) (?:an?|the|eine?|die|der|das|une?|le|la) ")
    for block in page.content.blocks:
        if block.region is not Region.MAIN or block.kind in (
            BlockKind.CODE,
            BlockKind.QUOTE,
            BlockKind.TABLE_ROW,
        ):
            continue
        presents = where in ("home", "about") or _headed_by_name(block, brand)
        text = page.words(block.start, block.end)
        for start, end in split_sentences(text, page.content.language):
            if (
                30 <= end - start <= 300
                and says.match(text[start:end])
                and not text[start:end].endswith(("?", ":"))
            ):
                named = re.match(rf"(?:At )?{name}", text[start:end]) is not None
                if not (named if presents else is_one.match(text[start:end])) and (
                    not presents or block.start > _OPENING
                ):
                    continue
                weight = (2.0 if presents else 0.8) if named else 0.5
                weight += (0.5 if where == "home" else 0.0) - block.start / 1e6
                yield _finding(
                    page, "what_they_do", text[start:end], block.start + start, block.start + end, weight
                )


def _kind_of_heading(block: Block) -> str:
    """What kind of page a section would be by its heading: "Contact information"."""
    words = re.findall(r"[^\W\d_]+", " ".join(block.headings[-1:]))
    return kind("https://x/" + words[0]) if words and len(words) <= 3 else ""


def _headed_by_name(block: Block, brand: Brand) -> bool:
    """Whether the heading above is the name and little more: "What is Acme?", "About Acme"."""
    heading = " ".join(block.headings[-1:])
    rest = heading.replace(brand.name, " ") if brand.name else heading
    return rest != heading and not stems(rest)


def _apposition(page: Page, brand: Brand) -> Iterator[Finding]:
    """ "Acme, the maker of anvils,": counts where two pages say it."""
    says = re.compile(
        rf"{re.escape(brand.name or chr(0))}, ((?:the|an?|die|der|das|eine?|le|la|une?) [a-zà-ÿ][^,.;:?!]{{8,80}})(?=[,.;])"
    )
    for block in page.content.blocks:
        if block.region is Region.MAIN and block.kind is BlockKind.PARAGRAPH:
            for match in says.finditer(page.words(block.start, min(block.end, block.start + 1_000))):
                start, end = block.start + match.start(1), block.start + match.end(1)
                yield _finding(page, "what_they_do", match[1], start, end, 0.6)
                return


def _opening(page: Page, brand: Brand, where: str) -> Iterator[Finding]:
    told = stems(page.content.description)
    if where != "home" or len(told) < 4:
        return
    for block in page.content.blocks:
        if block.start > _OPENING:
            return
        text = page.words(block.start, block.end)
        if block.region is Region.MAIN and block.kind is BlockKind.PARAGRAPH and 30 <= len(text) <= 300:
            said = stems(text)
            if brand.names(text):
                continue  # then it is not the company that speaks of itself, but its site
            if len(said) >= 4 and len(said & told) >= _SAME * min(len(said), len(told)):
                yield _finding(page, "what_they_do", " ".join(text.split()), block.start, block.end, 1.5)
                return


def _language(page: Page) -> Iterator[Finding]:
    """A language in which the start page or a translated start page is written."""
    if not segments(page.url) and page.content.language and page.content.text:
        end = len(page.content.text.split("\n", 1)[0])
        yield _finding(page, "languages", page.content.language, 0, end)


def _legal_name(page: Page, block: Block, text: str, brand: Brand, where: str) -> Iterator[Finding]:
    if len(text) > 4_000 or any(kind(f"https://x/{part}") == "careers" for part in segments(page.url)):
        return  # to applicants speaks whichever company employs them
    for match in _LEGAL.finditer(text):
        start = _brand_start(match.group(), brand)
        if start < 0 and where == "imprint" and match.start() == 0 and POSTAL.search(text):
            start = 0  # an imprint begins with who is responsible, whatever the brand is called
        name = match.group()[start:].strip()
        if start >= 0 and len(name) <= 60:
            itself = _ITSELF.match(text, match.end()) or _ITS_MARKS.search(text, 0, match.start())
            weight = 3.0 if itself or where == "imprint" else 1.5 if where == "legal" else 1.0
            begin = block.start + match.start() + start
            yield _finding(page, "legal_name", name, begin, block.start + match.end(), weight)


def _operator(page: Page, brand: Brand, where: str) -> Iterator[Finding]:
    """ "Acme is a service of Anvils and Sons": then these are who stands behind it."""
    if where in ("news", "customers", "partners") or not brand.name:
        return
    name = re.sub(r"['’]", "['’]", re.escape(brand.name))
    says = re.compile(
        rf"(?:\b{name}|(?:^|[.!?] )It) (?:is|ist|est) (?:an? |the |ein\w? |une? )?(?:[a-z]+ )?(?:service|project|product|brand|trademark|trading name|business name|website|Dienst|Projekt|Produkt|Marke|projet|marque)"
        rf"(?: (?:provided|operated|run|owned|published|offered))? (?:by|of|von|der|des|de) (?:the |nonprofit |der |la )*(?P<who>{_WORD}(?: (?:of|and|&|{_WORD})){{1,5}})"
    )
    for block in page.content.blocks:
        if block.region in (Region.MAIN, Region.FOOTER) and block.kind is BlockKind.PARAGRAPH:
            text = page.words(block.start, min(block.end, block.start + 1_000))
            for match in says.finditer(text) if brand.names(text) else ():  # else "it" is something else
                begin, end = block.start + match.start("who"), block.start + match.end("who")
                yield _finding(page, "legal_name", match["who"].rstrip(".,"), begin, end, 1.5)


def _brand_start(name: str, brand: Brand) -> int:
    """Where the company's name begins in "Privacy Policy Acme Inc."; -1 when it is not there."""
    known = [n for n in brand.squashed if len(n) >= 3]
    starts = [0, *(m.end() for m in re.finditer(r" ", name))]
    return max((s for s in starts if any(n in squash(name[s:]) for n in known)), default=-1)


def _postal(page: Page, block: Block, text: str, where: str) -> Iterator[Finding]:
    """Addresses: of the head office on the imprint, or where the words say so; others on pages on how to reach it."""
    if len(text) > 300 or _COPYRIGHT.search(text):
        return
    match = POSTAL.search(text)
    if match is None:
        return
    told = text + " ".join(block.headings[-1:])
    head = _HEAD_OFFICE.search(told)
    seat = (where == "imprint" and not _BRANCH.search(told)) or head is not None
    main = head is not None and not head.group().lower().startswith("registered")
    if not seat and where != "contact":
        return
    city = match["city"] or match["uscity"] or match["ukcity"]
    if not seat and match["city"]:
        return  # a number before a name is an address only where one is told
    country = country_behind(text, match.end())
    end = country[1] if country else match.end()
    value = (
        {"city": city, "address": re.sub(r"\s+", " ", text[match.start() : end])}
        | ({"state": match["state"], "countryCode": "US"} if match["state"] else {})
        | ({"countryCode": "GB"} if match["ukcode"] else {})
        | ({"countryCode": country[0]} if country else {})
    )
    yield _finding(
        page, "headquarters" if seat else "other_places", value, block.start + match.start(),
        block.start + end, (1.5 if where == "imprint" else 1.0) + (1.0 if main else 0.0),
    )  # fmt: skip


def _phone(page: Page, block: Block, text: str, where: str) -> Iterator[Finding]:
    if where not in ("imprint", "contact") or len(text) > 400:
        return
    for match in _PHONE.finditer(text):
        digits = re.sub(r"\D", "", match["number"])
        if 7 <= len(digits) <= 15:
            weight = 2.0 if where == "imprint" else 1.0
            yield _finding(
                page,
                "phone",
                match["number"].strip(),
                block.start + match.start(),
                block.start + match.end(),
                weight,
            )


def _sentence(page: Page, block: Block, text: str, start: int, brand: Brand, where: str) -> Iterator[Finding]:
    end = start + len(text)
    if text.rstrip().endswith("?"):
        return
    if where in _SELF or where == "legal" or (where == "other" and page.content.published_on is None):
        yield from _founded(page, text, start, brand)
    if _hiring(page, where) and _HIRING.search(text) and not denials(text):
        yield _finding(page, "hiring", True, start, end)
    if (
        (where in _SELF or _begins_with(text, brand, page))
        and _REMOTE.search(text)
        and _is_about(text, brand)
        and not denials(_PARENTHESES.sub("", text))
    ):
        yield _finding(page, "remote", True, start, end)
    if where in ("pricing", "home", "about", "docs") and _free(text, brand):
        yield _finding(page, "free_plan", True, start, end)
    if where in ("pricing", "home", "about", "docs") and _NOT_FREE.search(text) and brand.speaks(text):
        yield _finding(page, "free_plan", False, start, end)
    if where in _ABOUT and (block.region is Region.MAIN):
        yield from _headcount(page, block, text, start, brand)
    if where in _SELF and (match := _SEAT.search(text)) and _is_about(text, brand):
        region = (match["region"] or "").strip()
        yield _finding(
            page, "headquarters", {"city": match["place"].strip(" ."), **({"region": region} if region else {})},
            start, end, 2.0,
        )  # fmt: skip
    if where in ("security", "legal", "about", "home", "pricing", "docs", "other"):
        yield from _certificates(page, block, text, start, brand, where)


def _numbers_of_registers(page: Page, block: Block, text: str, brand: Brand, where: str) -> Iterator[Finding]:
    """Numbers under which the company is kept in registers; those of somebody else whose legal name stands before."""
    if len(text) > _LONGEST_OF_NUMBERS or not any(c.isdigit() for c in text):
        return
    for field, pattern in (("tax_number", _TAX_NUMBER), ("register_number", _REGISTER_NUMBER)):
        for match in pattern.finditer(text):
            alone = match.group() == text.strip(" .")
            own = where in _SELF or where == "legal" or alone or (field == "tax_number" and says_we(text))
            line = re.split(r"\n|(?<=[\w)]{3}[.;]) (?=[A-ZÀ-Þ])", text[: match.start()])[-1]
            names = [one.group() for one in _LEGAL.finditer(line)]
            if not own or any(not _is_operator(name, page, brand) for name in names):
                continue
            group = next((g for g in ("number", "plain", "nordic") if match.groupdict().get(g)), 0)
            value = _CALLED_NUMBER.sub(" ", " ".join(match[group].split()), count=1)
            yield _finding(
                page, field, value, block.start + match.start(group), block.start + match.end(group)
            )


def _is_operator(name: str, page: Page, brand: Brand) -> bool:
    """Whether a legal name is the company's: by its brand, or as the first on the page that says who is responsible."""
    if _brand_start(name, brand) >= 0:
        return True
    first = _LEGAL.search(page.content.text) if brand.kind(page.url) == "imprint" else None
    return first is not None and squash(first.group()) == squash(name)


def _hiring(page: Page, where: str) -> bool:
    """Whether the page tells of now, and of the company itself."""
    if where in ("home", "about", "careers", "team"):
        return True
    return where == "other" and page.content.published_on is None


def _free(text: str, brand: Brand) -> bool:
    """Whether the sentence says that the company's own thing costs nothing, for as long as one likes."""
    return (
        _FREE.search(text.replace("’", "'").replace(brand.name, "Acme") if brand.name else text) is not None
        and not denials(_AT_NO_COST.sub("", text))
        and not re.search(r"\btrials?\b|\bdays?\b", text)
    )


def _begins_with(text: str, brand: Brand, page: Page) -> bool:
    """Whether the company is what the sentence of an undated page is about: "Acme is ..."."""
    return (
        len(brand.name) >= 3
        and text.lstrip().startswith(f"{brand.name} is ")
        and page.content.published_on is None
    )


def _is_about(text: str, brand: Brand) -> bool:
    """Whether the sentence tells something of the company, not only beside it: "our customer X employs ..." does not."""
    return _OURSELVES.search(text) is not None or (brand.names(text) and not _THEIRS.search(text))


def _founded(page: Page, text: str, start: int, brand: Brand) -> Iterator[Finding]:
    if match := _FOUNDED.search(text):
        other = _WHICH.search(text, 0, match.start())
        if other is not None and not brand.names(other["name"]):
            return
        about = _is_about(text, brand)
        year = int(match["year"] or match["early"] or match["since"])
    elif match := _STARTED.search(text):
        about, year = True, int(match["year"] or match["early"] or match["late"] or match["first"])
    else:
        return
    if about and year <= page.fetched_at.year:
        yield _finding(page, "founded", year, start, start + len(text))


def _headcount(page: Page, block: Block, text: str, start: int, brand: Brand) -> Iterator[Finding]:
    if not may_hold_number(text) or _ANY_PEOPLE.search(text) is None:
        return
    about = _is_about(text, brand)
    for number in find_numbers(text, page.content.language or "en"):
        counted = _COUNTED.match(text, number.end)
        if counted is None or not isinstance(number.value, int) or not 1 < number.value < _MOST_PEOPLE:
            continue
        before, after = text[: number.start], text[counted.end() :]
        works = WORK_HERE.match(after)
        named = works is not None and (works["us"] is not None or brand.names(after[: works.end() + 30]))
        if not named and not (about and _STRICT_COUNT.search(before[-50:])):
            continue
        near = before[-30:].replace("team of", "").replace("staff of", "").replace("company of", "")
        if _OF_A_PART.search(before[-60:]):
            continue
        if _AT_A_PLACE.match(after) or _PART.search(near) or _PART.search(after[:20]):
            continue
        yield _finding(
            page, "employee_count", number.value, start, start + len(text),
            on=told_on(page, block, text) or page.fetched_at.date(),
        )  # fmt: skip


def _certificates(
    page: Page, block: Block, text: str, start: int, brand: Brand, where: str
) -> Iterator[Finding]:
    if _CERTIFICATE.search(text) is None:
        return
    for clause in _CLAUSES.split(text):
        if _NOT_HELD.search(clause) or not _HELD.search(clause):
            continue
        if not brand.speaks(clause) and not _OF_NOBODY.search(clause):
            continue
        whose = OURS_NAMED.search(clause)
        if (
            whose is not None
            and not brand.names(whose["name"])
            and not _CERTIFICATE.search(clause, 0, whose.end())
        ):
            continue
        for match in _CERTIFICATE.finditer(clause):
            yield _finding(page, "certifications", match.group(), start, start + len(text))
