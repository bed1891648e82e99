"""Words that stand for the same things on business pages: for finding, not for answering.

Loose on purpose: a word found by association only adds a little to a passage's score, and a reader decides
what it says. What must mean the same is kept apart, in ``values.concepts``.
"""

from __future__ import annotations

import re

# British spellings to American ones, so that a question in one finds a page in the other.
_SPELLING = (
    (re.compile(r"isation(s?)$"), r"ization\1"),
    (
        re.compile(
            r"^(organ|author|recogn|custom|special|optim|summar|util|minim|maxim|prior|central)is(e[drs]?|ing)$"
        ),
        r"\1iz\2",
    ),
    (re.compile(r"^(licen|defen|offen)ce(s?|d)$"), r"\1se\2"),
    (re.compile(r"^(program)mes?$"), r"\1"),
    (re.compile(r"^cent(?:re|red|res)$"), "center"),
    (re.compile(r"^(fav|hon|lab|col|behavi|neighb|harb|endeav)our"), r"\1or"),
    (re.compile(r"^cheque"), "check"),
)
_MAYBE_BRITISH = re.compile(r"isation|is(?:e[drs]?|ing)$|nce[sd]?$|mmes?$|centre|our|cheque")


def spelled(word: str) -> str:
    """The word in the spelling that the index uses."""
    if _MAYBE_BRITISH.search(word) is None:
        return word
    for pattern, replacement in _SPELLING:
        word = pattern.sub(replacement, word)
    return word


_ASSOCIATED = """
price prices cost costs pricing fee fees charge charged plan plans billed pay paid
employee employees headcount staff team people workforce colleagues
hire hires hiring job jobs career careers position positions role roles opening openings vacancy recruiting
raise raised funding investment invested round investor investors series backed seed
headquarters headquartered office offices address city country based located location registered imprint
customer customers client clients case-study references
founded established incorporated started since founding
certified certification certifications compliant compliance iso soc attestation audited
licence license licensed licensing open-source
acquired acquisition acquires bought
operates operated runs provided provider parent nonprofit
contact email mail phone telephone
vacation pto holiday holidays leave
salary salaries pay compensation wage
discount discounts reduced
ceo chief executive founder cofounder president
uptime availability sla
trial free evaluation
revenue arr turnover income
refund refunds money-back
partner partners integration integrations
subprocessor subprocessors processor processors
product products project projects platform services
"""


def associations() -> list[frozenset[str]]:
    """Groups of words of which one lets expect the others."""
    return [frozenset(re.findall(r"[a-z]+", line)) for line in _ASSOCIATED.strip().splitlines()]
