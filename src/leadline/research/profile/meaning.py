"""What a question about a company means: a field of the profile, one place's number, a plan's price, who leads a department.

Names in it are replaced by what they are names of ("planname"), as in the phrasings that the mapper learned from.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from leadline.research.documents.names import company_names
from leadline.research.model import Evidence, Question
from leadline.research.profile.mapper import UNNAMED, Guess, guess, known_words
from leadline.research.profile.things import WORD, named_things, new_words, words_of
from leadline.research.profile.words import LEGAL_FORM
from leadline.research.values.terms import fold

# Signs of a role, folded, in the words of several languages.
ROLES = {
    "ceo": ("ceo", "chief executive", "managing director", "executive director", "geschaftsfuhr", "vorstandsvorsitz",
            "pdg", "directeur general", "directrice generale", "gerant", "delegato", "delegado"),
    "managing_directors": ("managing director", "geschaftsfuhr", "gerant", "directeur general", "directrice generale", "vertreten",
                           "vertretungsberechtigt", "represented by", "represente"),
    "cto": ("cto", "chief technology", "directeur technique"),
    "cfo": ("cfo", "chief financial"),
    "founders": ("founder", "grunder", "fondateur", "fondatrice"),
}  # fmt: skip
# Signs of a department, folded, as a role and a question hold them: "Leiterin Marketing", "qui dirige les ventes".
DEPARTMENTS = {
    "sales": "sales vertrieb verkauf vente commerc",
    "marketing": "marketing",
    "finance": "financ finanz",
    "security": "securi sicherheit ciso",
    "purchasing": "purchas procure buying einkauf achat",
    "people": "people hr human personal rh recruit talent ressources",
    "engineering": "engineer entwicklung software developp technolog",
    "support": "support kundenservice kundendienst service",
    "product": "produ",
    "operations": "operat betrieb logist",
    "legal": "legal recht juridi",
}
A_DEPARTMENT = {
    name: re.compile(rf"\b(?:{'|'.join(signs.split())})\w*?(?=s?leit|\b)")
    for name, signs in DEPARTMENTS.items()
}
AT_A_PLACE = {"place_phone": "phone", "place_address": "address"}  # what a contact point tells of these
_PLACE_NAME = "placename"  # what stands for a place in phrasings
_OF_ONE_DEPARTMENT = frozenset({"ceo", "cfo", "cto"})  # whom "who leads the finances" may be taken for
_TITLED = re.compile(r"\b(?:c[ft]o|chief|officer)\b", re.IGNORECASE)  # a title asks for who has just this one
HEAD = "head_of_"  # before the name of a department
_DEPARTMENT_NAME = "departmentname"  # what stands for it in phrasings
PLAN_PRICE = "plan_price"
_COMPARES = re.compile(
    r"\b(?:more|less|cheaper|difference|than|mehr|weniger|günstiger|Unterschied|als|de plus|moins|différence)\b",
    re.IGNORECASE,
)
# That a question means a field: then what would be somebody else's is not taken for its answer.
_LIKELY = 0.6
_LEAST_OF_A_PLAN = 0.5  # where an amount of money is asked for, and a plan of the company's is named
_PLAN_NAME = "planname"  # what stands for a plan's name in phrasings
PAGE = "page_"  # before the name of a page that is asked for
_TOLD_OF_OTHERS = (
    "employee_count", "user_count", "customer_count", "team_countries", "served_countries", "funding", "last_round",
    "lead_investor", "licence", "register_number", "tax_number", HEAD, PAGE,
)  # fmt: skip


def meant(question: Question) -> Guess | None:
    """The field that a question about a company means, whatever the company is called; None when it means none."""
    text = unnamed(question)
    found = guess(text)
    leads = found is None or (found.field in _OF_ONE_DEPARTMENT and not _TITLED.search(text))
    return (_head_of(text) if leads else None) or found


def settles(question: Question) -> bool:
    """Whether the question means a field of which pages tell of others too, in the same words: their customers' staff, a
    client's round. What the profile does not take for the company's own there, fits by its words alone.
    """
    found = meant(question) or guess(unnamed(question), _LIKELY)
    return found is not None and found.field.startswith(_TOLD_OF_OTHERS)


def _head_of(text: str) -> Guess | None:
    """``head_of_`` and a department, where somebody is asked after who leads it: "who runs marketing"."""
    said = fold(text)
    for name, signs in A_DEPARTMENT.items():
        if signs.search(said):
            found = guess(signs.sub(f" {_DEPARTMENT_NAME} ", said))
            if found is not None and found.field == HEAD.rstrip("_"):
                return Guess(HEAD + name, found.probability)
    return None


def unnamed(question: Question) -> str:
    """The question with "the company" for its name: who is asked about tells nothing of what is asked."""
    text = question.text
    for name in sorted(company_names(question.company), key=len, reverse=True):
        spelled = r"[^\w]{0,2}".join(map(re.escape, name))
        text = re.sub(rf"(?:\bthe )?(?<!\w)(?i:{spelled})(?:,? {LEGAL_FORM})?(?:['’]s)?(?!\w)", UNNAMED, text)
    return text


def place_asked(question: Question, evidence: Evidence) -> tuple[Guess, tuple[str, ...]] | None:
    """Where the address or the number of a place is asked for: which of them, and the words that name the place."""
    text, known = unnamed(question), known_words()
    if _place_meant(text, new_words(text, known)) is None:
        return None  # whatever of it names a place; the pages need not be looked at
    place = named_things(text, known, evidence, anywhere=True)
    field = _place_meant(text, place)
    return None if field is None else (field, place)


def _place_meant(text: str, place: Collection[str]) -> Guess | None:
    """What is asked of a place, if these words name it."""
    if not place:
        return None
    rest = WORD.sub(lambda m: _PLACE_NAME if fold(m.group()) in place else m.group(), text)
    field = guess(re.sub(rf"{_PLACE_NAME}(?:\W+{_PLACE_NAME})+", _PLACE_NAME, rest))
    return field if field is not None and field.field in AT_A_PLACE else None


def plan_asked(question: Question, names: Collection[str]) -> tuple[Guess, str, str] | None:
    """Where the price of one of the plans of these names is asked for: that it is, the name, and the rest of the question."""
    text = unnamed(question)
    asked = set(words_of(text))
    called = [name for name in names if (words := words_of(name)) and set(words) <= asked]
    longest = max(called, key=len, default=None)
    if longest is None or _COMPARES.search(text):
        return None
    rest = re.sub(rf"(?<!\w){re.escape(longest)}(?!\w)", _PLAN_NAME, text, flags=re.IGNORECASE)
    field = guess(rest, _LEAST_OF_A_PLAN)
    if field is None or field.field != PLAN_PRICE:
        return None
    return field, longest, rest.replace(_PLAN_NAME, " ")
