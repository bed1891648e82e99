"""Words and phrases that mean the same in what is asked about companies.

A concept is a group of near-synonyms; a text holds a concept when it holds one of its words or phrases.
The groups are vocabulary of business pages at large, kept small: a wrong synonym costs a wrong answer.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

from leadline.research.values.terms import fold, stem, terms

_GROUPS: dict[str, str] = {
    "staff": "employee, employees, staff, headcount, workforce, team members, team member, colleagues, mitarbeiter, mitarbeitende, "
    "beschäftigte, salariés, collaborateurs, employés",
    "price": "price, prices, pricing, cost, costs, charge, charged, fee, fees, preis, preise, kosten, kostet, prix, tarif, tarifs, coûte",
    "founded": "founded, established, incorporated, started the company, set up in, was formed, gegründet, gründung, gründungsjahr, fondée, "
    "fondé, création, founding, inception",
    "headquarters": "headquarters, headquartered, hq, head office, hauptsitz, firmensitz, sitz, siège, siège social",
    "ceo": "ceo, chief executive, chief executive officer, vorstandsvorsitzender, vorstandsvorsitzende",
    "cto": "cto, chief technology officer, chief technical officer",
    "cfo": "cfo, chief financial officer",
    "coo": "coo, chief operating officer",
    "cmo": "cmo, chief marketing officer",
    "ciso": "ciso, chief information security officer",
    "cro": "cro, chief revenue officer",
    "cpo": "cpo, chief product officer",
    "vacation": "vacation, vacations, holiday, holidays, time off, pto, annual leave, urlaub, urlaubstage, congés",
    "customer": "customer, customers, client, clients, kunden, kunde",
    "revenue": "revenue, revenues, turnover, umsatz, chiffre d'affaires",
    "raise": "raise, raised, raises, raising, funding round, financing round, fundraise, fundraising, investment round, round, rounds, series, "
    "finanzierungsrunde, levée de fonds, levé",
    "funding": "funding, financing, finanzierung",
    "investor": "investor, investors, backer, backers, shareholders, investoren, investisseurs",
    "licence": "licence, license, licences, licenses, licensed, licensing, lizenz",
    "country": "country, countries, nations, länder, pays",
    "certified": "certified, certification, certifications, certificate, accredited, accreditation, attestation, attested, audited, zertifiziert, "
    "certifié, certifiée",
    "discount": "discount, discounts, discounted, rebate, rabatt, remise, nachlass",
    "salary": "salary, salaries, wage, wages, gehalt, salaire",
    "remote": "remote, remotely, distributed, fully distributed, work from home, work from anywhere, home office, télétravail",
    "vacancy": "open positions, open position, open roles, open role, vacancies, vacancy, job openings, openings, open jobs, jobs, job ads, "
    "stellenangebote, offene stellen, offres d'emploi, hiring, recruiting, is looking for, are looking for, we seek, seeking",
    "monthly": "monthly, per month, a month, each month, every month, month, months, mo, monatlich, pro monat, im monat, mensuel, par mois, mois",
    "yearly": "annual, annually, yearly, per year, a year, each year, every year, per annum, p.a., jährlich, pro jahr, par an, annuel, annuelle",
    "usa": "us, usa, u.s., united states, america",
    "uk": "uk, u.k., united kingdom, great britain",
    "eu": "eu, european union",
    "sso": "sso, single sign-on, single sign on",
    "mfa": "mfa, 2fa, two-factor, two factor, multi-factor, multifactor",
    "api": "api, apis",
    "address": "address, addresses, adresse, anschrift",
    "phone": "phone, telephone, tel, telefon, téléphone",
    "email": "email, e-mail, mail address, e-mail-adresse, courriel",
    "refund": "refund, refunds, money back, money-back, refunded",
    "cancel": "cancel, cancellation, cancelled, terminate, kündigen, résilier",
    "uptime": "uptime, availability, verfügbarkeit",
    "employ": "employ, employs, employing, beschäftigt, emploie",
    "serve": "serve, serves, serving",
    "offer": "offer, offers, offering, offered, provide, provides, provided, providing, bietet",
    "include": "include, includes, included, including, comes with, contains",
    "permit": "allow, allows, allowed, permit, permits, permitted",
    "branch": "branch, branches, stores, outlets, shops, filialen, filiale, agences, succursales",
    "location": "location, locations, site, sites, standort, standorte",
    "parental": "maternity, maternity leave",
    "paternal": "paternity, paternity leave",
    "buy": "buy, purchase, kaufen, acheter",
    "acquire": "acquired, acquisition, acquire, acquires, takeover, took over, übernommen, übernahme",
    "valued": "valuation, valued at",
    "programme": "programme, program, programs, programmes",
    "organisation": "organisation, organization, organisations, organizations",
    "datacentre": "data center, data centers, data centre, data centres, datacenter, datacenters, rechenzentrum, rechenzentren",
    "openings": "opening hours, business hours, öffnungszeiten, horaires d'ouverture",
    "delivery": "delivery, deliveries, shipping, lieferung, livraison",
    "minimum": "minimum, at least, min, mindestens, au moins",
    "maximum": "maximum, at most, up to, max, höchstens, maximal",
    "partner": "partner, partners, partnered",
    "member": "member, members, mitglieder, membres",
    "insure": "insurance, insured, versicherung, assurance",
    "daily": "daily, every day, each day, per day, täglich, jeden tag, quotidien",
    "plan": "plan, plans, tier, tiers, package, packages, edition, editions, tarif, paket, abo",
    "founder": "founder, founders, co-founder, co-founders, cofounder, cofounders, gründer, fondateur, fondateurs",
    "director": "managing director, managing directors, geschäftsführer, geschäftsführung, geschäftsführerin",
    "legalname": "legal name, registered name, company name, legal entity, firma, raison sociale",
    "vatid": "vat id, vat number, vat no, ust-idnr, umsatzsteuer-id",
}  # fmt: skip


# Members that belong to one language: the French "pays" is a country, the English one is not.
_ONLY_IN = dict.fromkeys(
    "salariés collaborateurs employés prix tarif tarifs coûte fondée fondé création siège congés investisseurs certifié certifiée remise salaire "
    "télétravail mensuel mois annuel annuelle adresse téléphone courriel résilier pays membres assurance livraison fondateur fondateurs levé "
    "acheter emploie agences succursales quotidien".split(),
    "fr",
)
# Groups whose words are met as they stand only: a "fund" is no "funding".
_AS_WRITTEN = frozenset({"raise", "funding", "vacancy"})


@cache
def _exact_words() -> dict[str, str]:
    return {fold(m): "~" + c for c in _AS_WRITTEN for m in _GROUPS[c].split(", ") if " " not in m}


@cache
def _words(language: str) -> dict[str, str]:
    """Stem of every single-word member, with its concept."""
    table: dict[str, str] = {}
    for concept, members in _GROUPS.items():
        for member in members.split(", "):
            if _ONLY_IN.get(member, language) != language:
                continue
            if concept not in _AS_WRITTEN and " " not in member and "-" not in member:
                table.setdefault(stem(fold(member), language), "~" + concept)
    return table


@cache
def _phrases() -> tuple[re.Pattern[str], dict[str, str]]:
    table = {
        fold(member): "~" + concept
        for concept, members in _GROUPS.items()
        for member in members.split(", ")
        if " " in member or "-" in member
    }
    longest_first = sorted(table, key=len, reverse=True)
    return re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, longest_first)) + r")(?!\w)"), table


@lru_cache(maxsize=32768)
def concepts(text: str, language: str = "en") -> frozenset[str]:
    """Stems of all words of the text (stop words too), the words themselves ("=word"), and the concepts
    its words and phrases stand for ("~concept")."""
    found: set[str] = set()
    words, exact = _words(language), _exact_words()
    before = ""
    for term in terms(text, language):
        if term.stem.isdigit() and before.isalpha():
            found.add(before + term.stem)  # "SOC 2" is also written "SOC2"
            if before == "iec":
                found.add("iso" + term.stem)  # "ISO/IEC 27001" is also written "ISO 27001"
        before = term.folded
        found.add(term.stem)
        found.add("=" + term.folded)
        if term.folded in exact:
            found.add(exact[term.folded])
        if term.stem in words:
            found.add(words[term.stem])
    pattern, table = _phrases()
    found.update(table[match.group()] for match in pattern.finditer(fold(text)))
    return frozenset(found)


def only_as_written(concept: str) -> bool:
    return concept.removeprefix("~") in _AS_WRITTEN
