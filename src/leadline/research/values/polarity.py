"""Whether a sentence asserts or denies, or leaves it open (conditions, plans, questions)."""

from __future__ import annotations

import re
from collections.abc import Iterable

_NEGATION = re.compile(
    r"\b(?:not|no|never|none|neither|nor|without|cannot|can't|won't|don't|doesn't|didn't|isn't|aren't|wasn't|weren't|hasn't|haven't|shouldn't|wouldn't|"
    r"couldn't|unable|nicht|kein|keine|keinen|keiner|nie|niemals|ohne|(?:ne\s+|n')(?:y\s+|en\s+)?\w+\s+pas|aucun|aucune|jamais|sans|discontinued|deprecated|unsupported|"
    r"unavailable|ceased|stopped|retired|abandoned|no longer|nicht mehr|ne\s+\w+\s+plus)\b",
    re.IGNORECASE,
)
# Words that look like a denial and are not one: "not only", "no problem", "no matter", "no need to wait".
_FALSE_NEGATION = re.compile(
    r"\b(?:not only|not just|not least|no matter|no doubt|no problem|no worries|why not|whether or not|not to mention|nicht nur|non seulement|"
    r"no later than|no more than|no less than|not limited to|if not|no need to|no-code|no code|no-brainer|no questions asked)\b",
    re.IGNORECASE,
)
_OPEN = re.compile(
    r"\b(?:if|unless|whether|might|could|would|perhaps|maybe|possibly|plan(?:s|ned|ning)? (?:to|on)|planned|roadmap|coming soon|soon|in (?:the )?future|"
    r"upcoming|aim(?:s|ing)? to|hope(?:s|ing)? to|intend(?:s|ing)? to|working (?:on|towards?)|in progress|pending|considering|eventually|should|"
    r"not yet|wenn|falls|geplant|in planung|voraussichtlich|vorgesehen|en préparation|demnächst|künftig|könnte|würde|si|bientôt|prévu|pourrait|hypothetical|for example|e\.g\.|imagine|suppose|let's say)\b",
    re.IGNORECASE,
)


def denials(text: str) -> list[tuple[int, int]]:
    """Where the text denies something; harmless phrases such as "not only" are left out."""
    harmless = [m.span() for m in _FALSE_NEGATION.finditer(text)]
    return [
        m.span()
        for m in _NEGATION.finditer(text.replace("’", "'"))
        if not any(s <= m.start() < e for s, e in harmless)
    ]


_HEDGE = re.compile(
    r"\b(?:disabled|unlike|only|former(?:ly)?|ex-|planned|zero|none|without|except|apart from|until|used to|rather than|instead of|"
    r"nur|ehemalig\w*|geplant|ohne|außer|statt|sans|sauf|ancien\w*|prévu\w*|au lieu de)(?!\w)",
    re.IGNORECASE,
)


def hedged(asked: str, words: Iterable[str]) -> bool:
    """Whether the words hold a denial or a limit besides "not" of which the question does not speak itself."""
    known = {match.group().casefold() for match in _HEDGE.finditer(asked)}
    return any(match.group().casefold() not in known for text in words for match in _HEDGE.finditer(text))


def is_open(text: str) -> bool:
    """True when the sentence states a condition, a plan, a wish or a question instead of a fact."""
    return bool(_OPEN.search(text)) or text.rstrip().endswith("?")
