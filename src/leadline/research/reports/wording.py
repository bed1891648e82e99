"""Which section a statement about a person belongs to, told by its words."""

from __future__ import annotations

import re

from leadline.research.values.terms import fold

_LONGEST_ROLE = 30  # words of a statement of somebody's role
_ROLE = re.compile(
    r"\b(?:C[A-Z]{1,3}O|CISO|[SE]?VP|(?:co-?)?founder|chief|president|director|manager|head|lead(?:er)?|officer|partner|"
    r"principal|engineer|developer|designer|analyst|consultant|specialist|coordinator|representative|executive|architect|"
    r"scientist|researcher|counsel|controller|accountant|recruiter|assistant|advisor|adviser|chair(?:man|woman|person)?|"
    r"owner|editor|secretary|treasurer|member of the board|leiter(?:in)?|geschäftsführer(?:in)?|geschäftsführung|vorstand\w*|"
    r"gründer(?:in)?|inhaber(?:in)?|prokurist(?:in)?|entwickler(?:in)?|berater(?:in)?|direktor(?:in)?|referent(?:in)?|"
    r"directeur|directrice|responsable|gérante?|fondat(?:eur|rice)|ingénieure?|chef|cheffe|directora?|jef[ea]|gerente|"
    r"direttore|direttrice|responsabile|manager(?:in)?|hoofd|directie|chef(?:in)?)(?:s|nen)?\b",  # "Managing Directors: A, B and C"
    re.IGNORECASE,
)
_CAREER = re.compile(
    r"\b(?:joined|joins|previously|formerly|before joining|prior to|worked (?:at|for|as|in)|work(?:s|ing) (?:at|for) \w+ since|served as|"
    r"spent \w+ years|years? of experience|started (?:her|his|their|at|as|out)|began (?:her|his|their)|career|graduat\w+|degree|"
    r"studied|holds an?|alumn\w+|founded|co-founded|was (?:promoted|named|appointed)|has been (?:with|at)|since (?:19|20)\d\d|"
    r"seit (?:19|20)\d\d|zuvor|zuletzt|studierte|wechselte|stieß|a rejoint|rejoint|précédemment|auparavant|diplômée?|depuis (?:19|20)\d\d)\b",
    re.IGNORECASE,
)
_RESPONSIBLE = re.compile(
    r"\b(?:responsible for|leads|heads|oversees|manages|runs|in charge of|looks after|is accountable for|owns|drives|directs|"
    r"verantwortet|verantwortlich für|zuständig für|leitet|betreut|dirige|pilote|supervise|en charge de|responsable (?:de|du|des))\b",
    re.IGNORECASE,
)
_TEAM = re.compile(
    r"\b(?:team of|(?:her|his|their|our|the) (?:[\w-]+ ){0,3}team\b|direct reports?|reports (?:directly )?to|reporting to|"
    r"report to (?:her|him|them)|colleagues|berichtet an|team von|team mit|équipe (?:de|d')|rattachée? à)",
    re.IGNORECASE,
)
_SAID = re.compile(
    r"\b(?:said|says|explain(?:s|ed)|told|comment(?:s|ed)|add(?:s|ed)|writes|wrote|note[sd]|argue[sd]|sagt|sagte|erklärt\w*|"
    r"meint\w*|so|dit|déclar\w+|expliqu\w+|affirm\w+|afferma|dice|spiega|zegt)\b",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"[“„«\"‘][^“”„«»\"]{12,}[”“»\"’]")
_TASKS = re.compile(
    r"\b(?:responsibilit\w+|what you(?:['’]ll| will)? (?:do|be doing)|you will|your (?:role|tasks|mission|job)|the role|duties|"
    r"aufgaben|das erwartet|was du|deine rolle|missions?|vos missions|il tuo ruolo|funciones|tareas)\b",
    re.IGNORECASE,
)
_BRACKETS = re.compile(r"\([^)]*\)|\[[^]]*\]")


def tells_role(text: str) -> bool:
    return len(text.split()) <= _LONGEST_ROLE and _ROLE.search(text) is not None


def tells_career(text: str) -> bool:
    return _CAREER.search(text) is not None


def tells_responsibility(text: str) -> bool:
    return _RESPONSIBLE.search(text) is not None


def tells_team(text: str) -> bool:
    return _TEAM.search(text) is not None


def quotes_speech(text: str) -> bool:
    """Whether the words hold a quotation and a verb of saying."""
    return _QUOTED.search(text) is not None and _SAID.search(text) is not None


def heads_tasks(heading: str) -> bool:
    """Whether what stands under the heading of a job post are the position's tasks."""
    return _TASKS.search(heading) is not None


def same_title(left: str, right: str) -> bool:
    """Whether two job titles are the same, apart from remarks in brackets: "VP Sales (f/m/d)" is "VP, Sales"."""

    def words(text: str) -> list[str]:
        return re.findall(r"[^\W_]+", fold(_BRACKETS.sub(" ", text)))

    return bool(words(left)) and words(left) == words(right)
