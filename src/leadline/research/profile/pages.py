"""The kind of a page, told by its address: ``/about-us``, ``/impressum``, ``/de/preise``."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import unquote, urlsplit

from leadline.research.values.terms import fold

_KINDS: dict[str, str] = {
    "about": "about aboutus company unternehmen ueber uber apropos propos entreprise nosotros empresa azienda over",
    "team": "team people leadership management board staff founders equipe equipo",
    "pricing": "pricing price prices plans preise preis tarife tarifs tarif precios prezzi prijzen",
    "careers": "careers career jobs job hiring karriere stellen stellenangebote carrieres recrutement emploi empleo vacatures",
    "security": "security trust compliance sicherheit securite certifications",
    "contact": "contact contactus kontakt contacto contatti offices locations",
    "imprint": "imprint impressum mentions legales legalnotice aviso",
    "legal": "legal terms tos privacy agb datenschutz confidentialite conditions policies policy cgu cgv",
    "customers": "customers customer casestudy casestudies kunden referenzen clients references",
    "partners": "partners partner partenaires",
    "integrations": "integrations integration integrationen",
    "news": "blog news press newsroom presse media announcements articles posts actualites aktuelles",
    "docs": "docs documentation dokumentation help guides reference support",
}
# Pages that people ask for by what they are, and the last part of their address.
_NAMED_PAGES: dict[str, str] = {
    "about": "about aboutus ueberuns uberuns apropos quisommesnous",
    "blog": "blog",
    "calculator": "calculator pricingcalculator pricecalculator costcalculator savingscalculator preisrechner kostenrechner calculateur simulateur",
    "changelog": "changelog releasenotes whatsnew",
    "contact": "contact contactus kontakt contactez nouscontacter",
    "customers": "customers casestudies casestudy customerstories successstories kunden referenzen etudesdecas",
    "demo": "demo bookademo requestademo requestdemo getademo scheduleademo bookdemo demoanfragen",
    "imprint": "imprint impressum mentionslegales legalnotice",
    "integrations": "integrations integrationen",
    "login": "login signin anmelden connexion",
    "partners": "partners partner partenaires",
    "press": "press newsroom presse",
    "privacy": "privacy privacypolicy privacynotice datenschutz datenschutzerklaerung datenschutzerklarung confidentialite politiquedeconfidentialite",
    "security": "security sicherheit securite",
    "signup": "signup register registrieren inscription",
    "support": "support help helpcenter hilfe",
    "trust": "trust trustcenter trustcentre trustportal vertrauen confiance centredeconfiance",
    "terms": "terms tos termsofservice termsofuse termsandconditions agb cgu cgv nutzungsbedingungen",
}
_NAMED_BY_WORD = {word: name for name, words in _NAMED_PAGES.items() for word in words.split()}
_FOLDERS = frozenset(
    "company unternehmen entreprise legal policies resources pages info corporate about".split()
)
_BY_WORD = {word: kind for kind, words in _KINDS.items() for word in words.split()}
# Posts are often filed by their date.
_DATED = re.compile(r"(?:19|20)\d\d/\d\d?(?:/|$)")
_FEWEST = 8  # pages from which a shared beginning tells something
_SHARED = 0.9  # of the pages
_LOCALE = re.compile(r"[a-z]{2}(?:-[a-z]{2})?")


@lru_cache(maxsize=8192)
def segments(url: str) -> tuple[str, ...]:
    """The folded parts of the address's path, without a leading language and file endings."""
    parts = [
        re.sub(r"\.(?:html?|php|aspx?)$", "", fold(unquote(part)))
        for part in urlsplit(url).path.split("/")
        if part
    ]
    if parts and _LOCALE.fullmatch(parts[0]):
        parts = parts[1:]
    return tuple(part for part in parts if part != "index")


def root_of(urls: Iterable[str]) -> str:
    """The first part of the path that nearly all pages of a site share ("docs", "handbook"); "" without one.

    Where all lies below it, it tells nothing of any of them.
    """
    firsts = [parts[0] for url in urls if (parts := segments(url))]
    if len(firsts) < _FEWEST:
        return ""
    first, times = Counter(firsts).most_common(1)[0]
    return first if times >= _SHARED * len(firsts) else ""


@lru_cache(maxsize=8192)
def kind(url: str, root: str = "") -> str:
    """ "home", one of the kinds above, or "other". A page deep below a kind's page is of that kind too.

    ``root``: of the site, not counted (``root_of``).
    """
    parts = segments(url)
    if root and parts[:1] == (root,):
        parts = parts[1:]
    if not parts:
        return "home"
    if _DATED.match("/".join(parts)):
        return "news"
    whole = [_BY_WORD.get(re.sub(r"[^a-z0-9]", "", part), "") for part in parts]
    for found in ("news", "docs"):
        if found in whole:
            return found
    if named := whole[-1] or whole[0]:
        return named
    words = re.split(r"[^a-z0-9]+", parts[-1])
    return next((_BY_WORD[w] for w in words if w in _BY_WORD), "other") if len(words) <= 3 else "other"


def named(url: str, root: str = "") -> str | None:
    """Which of the pages that people ask for this address is (``/privacy``, ``/legal/terms``), if any.

    Below something else it is that one's own: ``/docs/security`` explains a product.
    """
    parts = segments(url)
    if root and parts[:1] == (root,):
        parts = parts[1:]
    if not parts or len(parts) > 2 or (len(parts) == 2 and parts[0] not in _FOLDERS):
        return None
    return _NAMED_BY_WORD.get(re.sub(r"[^a-z0-9]", "", parts[-1]))


def is_page_of(url: str, wanted: str, root: str = "") -> bool:
    """Whether the address is the kind's own page, not one below it: ``/careers``, not ``/careers/engineer``."""
    parts = segments(url)
    if root and parts[:1] == (root,):
        parts = parts[1:]
    return kind(url, root) == wanted and 1 <= len(parts) <= 2 and kind("https://x/" + parts[-1]) == wanted
