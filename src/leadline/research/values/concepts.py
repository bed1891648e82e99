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
    "beschäftigte, salariés, collaborateurs, employés, "
    "people, personnel, workers, ftes, team of, full-time employees, belegschaft, personen, arbeitnehmer, effectif, personnes",
    "price": "price, prices, pricing, cost, costs, charge, charged, fee, fees, preis, preise, kosten, kostet, prix, tarif, tarifs, coûte, "
    "priced, list price, pay per, listenpreis, gebühr, gebühren, frais",
    "founded": "founded, established, incorporated, started the company, set up in, was formed, gegründet, gründung, gründungsjahr, fondée, "
    "fondé, création, founding, inception, "
    "formed, was started, got started in, started as, started out, we started in, began as, began life, set up, set up as, year of foundation, started in, in business since, operating since, around since, family business since, besteht seit, entstanden",
    "headquarters": "headquarters, headquartered, hq, head office, hauptsitz, firmensitz, sitz, siège, siège social, "
    "based in, is based, are based, main office, registered office, stammsitz, established in, basée à, basé à",
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
    "revenue": "revenue, revenues, turnover, umsatz, chiffre d'affaires, "
    "annual sales, net sales, sales revenue, in sales, jahresumsatz, umsatzerlöse",
    "raise": "raise, raised, raises, raising, funding round, financing round, fundraise, fundraising, investment round, round, rounds, series, "
    "finanzierungsrunde, levée de fonds, levé",
    "funding": "funding, financing, finanzierung",
    "investor": "investor, investors, backer, backers, shareholders, investoren, investisseurs",
    "licence": "licence, license, licences, licenses, licensed, licensing, lizenz",
    "country": "country, countries, nations, länder, pays",
    "certified": "certified, certification, certifications, certificate, accredited, accreditation, attestation, attested, audited, zertifiziert, "
    "certifié, certifiée, "
    "certifies, compliant, compliance, complies, certificates, zertifizierte, zertifizierung, zertifizierungen, zertifikat, auditiert",
    "discount": "discount, discounts, discounted, rebate, rabatt, remise, nachlass, "
    "cheaper, off the price, nachlässe, save, reduction",
    "salary": "salary, salaries, wage, wages, gehalt, salaire",
    "remote": "remote, remotely, distributed, fully distributed, work from home, work from anywhere, home office, télétravail, "
    "remote-first, remote first, working from home, from home, work anywhere, mobile working, homeoffice, mobiles arbeiten",
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
    "phone": "phone, telephone, tel, telefon, téléphone, "
    "phone number, telefonnummer, hotline",
    "email": "email, e-mail, mail address, e-mail-adresse, courriel",
    "refund": "refund, refunds, money back, money-back, refunded, "
    "reimburse, reimbursed, reimbursement, erstattung, remboursement",
    "cancel": "cancel, cancellation, cancelled, terminate, kündigen, résilier",
    "uptime": "uptime, availability, verfügbarkeit, "
    "sla",
    "employ": "employ, employs, employing, beschäftigt, emploie",
    "serve": "serve, serves, serving",
    "offer": "offer, offers, offering, offered, provide, provides, provided, providing, bietet, "
    "supply, supplies, supplied, sell, sells, anbieten, bieten, angeboten",
    "include": "include, includes, included, including, comes with, contains",
    "permit": "allow, allows, allowed, permit, permits, permitted",
    "branch": "branch, branches, stores, outlets, shops, filialen, filiale, agences, succursales, "
    "store, shop, e-store, e-shop, webshop, onlineshop, online shop, online store",
    "location": "location, locations, site, sites, standort, standorte, "
    "office, offices, premises, niederlassung, niederlassungen, büro, büros, bureaux",
    "parental": "maternity, maternity leave",
    "paternal": "paternity, paternity leave",
    "buy": "buy, purchase, kaufen, acheter",
    "acquire": "acquired, acquisition, acquire, acquires, takeover, took over, übernommen, übernahme, "
    "bought, bought up, taken over, erworben, rachat, racheté",
    "valued": "valuation, valued at",
    "programme": "programme, program, programs, programmes",
    "organisation": "organisation, organization, organisations, organizations",
    "datacentre": "data center, data centers, data centre, data centres, datacenter, datacenters, rechenzentrum, rechenzentren",
    "openings": "opening hours, business hours, öffnungszeiten, horaires d'ouverture",
    "delivery": "delivery, deliveries, shipping, lieferung, livraison, "
    "dispatch, versand, lieferzeit, expédition",
    "minimum": "minimum, at least, min, mindestens, au moins, "
    "smallest, lowest, no less than, not less than, or more, wenigstens, starting at",
    "maximum": "maximum, at most, up to, max, höchstens, maximal, "
    "largest, biggest, highest, no more than, not more than, not exceed",
    "partner": "partner, partners, partnered",
    "member": "member, members, mitglieder, membres",
    "insure": "insurance, insured, versicherung, assurance",
    "daily": "daily, every day, each day, per day, täglich, jeden tag, quotidien",
    "plan": "plan, plans, tier, tiers, package, packages, edition, editions, tarif, paket, abo",
    "founder": "founder, founders, co-founder, co-founders, cofounder, cofounders, gründer, fondateur, fondateurs",
    "director": "managing director, managing directors, geschäftsführer, geschäftsführung, geschäftsführerin, "
    "geschäftsführerinnen, geschäftsführende, gérant, gérante, represented by, vertreten durch, vertritt, vertretungsberechtigt, "
    "vertretungsberechtigte, représentée par",
    "legalname": "legal name, registered name, company name, legal entity, firma, raison sociale, "
    "trading name, registered company name, full legal name",
    "vatid": "vat id, vat number, vat no, ust-idnr, umsatzsteuer-id",
    "host": "hosted, hosting, hosts, runs on, run on, running on, gehostet, hostet, hébergé, hébergée",
    "use": "use, uses, using, used, built with, built on, powered by, relies on, rely on, work with, works with, verwendet, verwenden, nutzt, nutzen, utilise, utilisons",
    "owner": "owner, owners, owned, owns, parent, parent company, holding company, belongs to, belong to, part of, subsidiary of, eigentümer, inhaber, gehört zu, muttergesellschaft, gesellschafter, propriétaire, maison mère, filiale de",
    "website": "website, websites, web site, homepage, personal site, webseite, webauftritt, site web",
    "weight": "weigh, weighs, weight, weights, weighing, gewicht, wiegt, wiegen, mass, poids, pèse",
    "dimension": "dimension, dimensions, measures, abmessungen, maße, footprint",
    "newcomer": "new hire, new hires, new starter, new starters, new joiner, new joiners, joiners, newcomers, new employee, new employees, new staff",
    "focus": "focus, focuses, focused, focusing, concentrate, concentrates, concentrating, priority, priorities, prioritise, prioritize, schwerpunkt",
    "consumer": "consumer, consumers, b2c, private customers, privatkunden, verbraucher, particuliers",
    "businesses": "b2b, business customers, business clients, geschäftskunden, firmenkunden",
    "reseller": "reseller, resellers, distributor, distributors, dealer, dealers, retailers, vertriebspartner, händler, revendeur, revendeurs, distributeur",
    "train": "train, trains, training, trained, trainings, course, courses, schulung, schulungen",
    "register": "registered, register, registration, eingetragen, handelsregister, registergericht, registernummer, commercial register, trade register, company number, registration number, entered in, immatriculée",
    "sourcecode": "source code, codebase, repository, repositories, repo, quellcode, code source",
    "outsource": "outsource, outsources, outsourced, outsourcing, third-party, third party, 3pl, outside provider, external provider, outside company, subcontractor, subcontractors, dienstleister",
    "trial": "trial, trials, free trial, test period, trial period, testphase, testzeitraum, kostenlos testen, essai gratuit",
    "free": "free of charge, at no cost, no charge, without charge, free, kostenlos, kostenfrei, gratuit, gratuitement, gratis",
    "warranty": "warranty, warranties, guarantee, guarantees, guaranteed, garantie, gewährleistung, garantiert",
    "board": "board, directors, board of directors, board members, trustees, aufsichtsrat, conseil d'administration",
    "chair": "chair, chairs, chaired, chairman, chairwoman, chairperson, vorsitzender, vorsitzende",
    "language": "language, languages, sprache, sprachen, langue, langues",
    "last": "lasts, duration, dauer, dauert, durée",
    "notice": "notice, notice period, kündigungsfrist, préavis",
    "contract": "contract, contracts, agreement, vertrag, verträge, contrat, contrats",
    "machine": "machine, machines, maschine, maschinen",
    "datasheet": "data sheet, data sheets, datasheet, datasheets, spec sheet, datenblatt, datenblätter, fiche technique",
    "privacy": "privacy, privacy policy, privacy notice, datenschutz, datenschutzerklärung, confidentialité",
    "imprint": "imprint, impressum, legal notice, mentions légales",
    "terms": "terms of service, terms of use, terms and conditions, terms of sale, general terms, agb, nutzungsbedingungen, cgv, conditions générales",
    "environment": "environment, environmental, umwelt, umweltmanagement, environmental management, environnement",
    "quality": "quality, quality management, qualität, qualitätsmanagement, qualité",
    "factory": "factory, factories, production site, production sites, manufacturing site, werk, werke, fabrik, usine, usines",
    "warehouse": "warehouse, warehouses, warehousing, lager, entrepôt, entrepôts",
    "apprentice": "apprentice, apprentices, trainee, trainees, auszubildende, azubi, azubis, apprentis",
    "subsidiary": "subsidiary, subsidiaries, tochtergesellschaft, tochtergesellschaften, tochterunternehmen",
    "supplier": "supplier, suppliers, lieferant, lieferanten, zulieferer, fournisseur, fournisseurs",
    "product": "product, products, produkt, produkte, produit, produits",
    "repair": "repair, repairs, repaired, reparatur, reparaturen, réparation",
    "payment": "payment, payments, zahlung, zahlungen, paiement, paiements",
    "order": "order, orders, ordering, bestellung, bestellen, bestellungen, commande, commander",
    "invoice": "invoice, invoices, invoiced, invoicing, billing, billed, bill, rechnung, rechnungen, facture, factures",
    "encrypt": "encrypt, encrypts, encrypted, encryption, verschlüsselt, verschlüsselung, chiffré, chiffrement",
    "retain": "retain, retained, retention, retention period, aufbewahrt, aufbewahrung, conservées",
    "delete": "delete, deleted, deletes, deletion, erase, erased, gelöscht, löschen, supprimées",
    "respond": "response, respond, responds, response time, reaction time, reply, replies, reaktionszeit, antwortzeit",
    "purpose": "purpose, mission, zweck",
    "build": "built, builds, develop, develops, developed, developing, manufacture, manufactures, manufactured, hergestellt, herstellt, entwickelt, fabrique",
    "approve": "approve, approves, approved, approval, sign off, signed off, genehmigt, genehmigung",
    "publish": "publish, publishes, published, released, release, veröffentlicht, erschienen, publié",
    "invest": "invest, invests, invested, investment, investments, investiert, investition, investitionen",
    "grow": "grew, grow, grows, growth, increased, increase, wachstum, gewachsen, gestiegen, croissance",
    "allowance": "allowance, allowances, budget, budgets, stipend, stipends, zuschuss",
    "qualify": "eligible, eligibility, qualify, qualifies, entitled",
    "fiscal": "fiscal year, financial year, geschäftsjahr, exercice fiscal",
    "currency": "currency, currencies, währung, devise",
    "gram": "g, gram, grams, gramme, grammes, gramm, grammi",
    "kilogram": "kg, kilo, kilos, kilogram, kilograms, kilogramme, kilogramm",
    "tonne": "t, tonne, tonnes, metric tons, tonnen",
    "millimetre": "mm, millimetre, millimetres, millimeter, millimeters, millimètres",
    "centimetre": "cm, centimetre, centimetres, centimeter, centimeters, centimètres, zentimeter",
    "metre": "m, metre, metres, meter, meters, mètres",
    "kilometre": "km, kilometre, kilometres, kilometer, kilometers, kilomètres",
    "squaremetre": "m², sqm, square metre, square metres, square meter, square meters, quadratmeter, mètres carrés",
    "litre": "litre, litres, liter, liters",
    "watt": "w, watt, watts",
    "kilowatt": "kw, kilowatt, kilowatts",
    "volt": "v, volt, volts",
    "ampere": "amp, amps, ampere, amperes",
    "hertz": "hz, hertz",
    "gigabyte": "gb, gigabyte, gigabytes, gib",
    "terabyte": "tb, terabyte, terabytes, tib",
    "megabyte": "mb, megabyte, megabytes, mib",
    "second": "s, sec, second, seconds, sekunde, sekunden, secondes",
    "minute": "min, mins, minute, minutes, minuten",
    "hour": "h, hr, hrs, hour, hours, stunde, stunden, heure, heures",
    "day": "day, days, tag, tage, tagen, jour, jours",
    "week": "week, weeks, woche, wochen, semaine, semaines",
    "month": "month, months, monat, monate, monaten, mois",
    "year": "year, years, jahr, jahre, jahren, ans, année, années",
    "export": "export, exports, exported, exporting, abroad, outside the country, ausland, exportiert, l'étranger",
    "shareof": "share, proportion, percentage, part, quota, anteil, quote, pourcentage",
    "charity": "charity, charities, good causes, non-profits, nonprofits, donate, donates, donated, spendet, spende, spenden",
    "woman": "woman, women, female, frau, frauen, femme, femmes",
    "profit": "profit, profits, surplus, earnings, gewinn, überschuss, bénéfice, bénéfices",
    "payload": "payload, load capacity, nutzlast, traglast, charge utile",
    "power": "power consumption, power draw, draws, leistungsaufnahme, stromverbrauch, consommation",
    "speed": "speed, velocity, geschwindigkeit, vitesse",
    "facevalue": "face value, nominal value, par value, nennwert, nominalwert, valeur nominale",
    "seat": "seat, seats, sitze, sitzplätze, places",
}  # fmt: skip


# Members that belong to one language: the French "pays" is a country, the English one is not.
_ONLY_IN = dict.fromkeys(
    "salariés collaborateurs employés prix tarif tarifs coûte fondée fondé création siège congés investisseurs certifié certifiée remise salaire "
    "télétravail mensuel mois annuel annuelle adresse téléphone courriel résilier pays membres assurance livraison fondateur fondateurs levé "
    "acheter emploie agences succursales quotidien personnes effectif frais commande commander usine usines langue langues durée contrat contrats "
    "particuliers devise".split(),
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


_COMPOUNDING = frozenset({"de", "nl", "sv", "da", "no", "nb"})


@lru_cache(maxsize=32768)
def _in_compound(word: str, language: str) -> frozenset[str]:
    """Concepts of the words that a compound begins or ends with: "Exportanteil" speaks of export and of a share."""
    return frozenset(
        "~" + concept
        for concept, members in _GROUPS.items()
        for member in map(fold, members.split(", "))
        if len(member) >= 5
        and " " not in member
        and word != member
        and (word.startswith(member) or word.endswith(member))
    )


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
        if language in _COMPOUNDING and len(term.folded) >= 8:
            found |= _in_compound(term.folded, language)
    pattern, table = _phrases()
    found.update(table[match.group()] for match in pattern.finditer(fold(text)))
    return frozenset(found)


def only_as_written(concept: str) -> bool:
    return concept.removeprefix("~") in _AS_WRITTEN
