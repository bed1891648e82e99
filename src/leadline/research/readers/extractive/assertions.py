"""What a sentence says of a question that is answered by yes or no."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import structs

from leadline.research.model import Question
from leadline.research.readers.extractive.asking import Asking, take_apart
from leadline.research.readers.extractive.fitting import acronyms_met
from leadline.research.values.concepts import concepts
from leadline.research.values.polarity import denials, is_open

_YES = re.compile(
    r"^(?:yes|yep|yeah|sure|absolutely|of course|certainly|definitely|correct|ja|natürlich|selbstverständlich|oui|bien sûr)\b",
    re.IGNORECASE,
)
_NO = re.compile(
    r"^(?:no|nope|unfortunately not|not (?:yet|at the moment|currently)|nein|leider nicht|non)\b(?!\s+\w+\s+(?:is|are)\b)",
    re.IGNORECASE,
)
_PARTS = re.compile(r"[,;:(]|\s(?:and|but|und|aber|et|mais)\s", re.IGNORECASE)
# Words that deny what stands before or behind them without a "not".
_FORBIDS = re.compile(
    r"\b(?:forbidden|prohibited|prohibits?|forbids?|banned|bans?|disallow(?:ed|s)?|turned off|switched off|shut down|(?:is|are|was|were|been|now) closed|"
    r"refuses?|declines?|excluded|verboten|untersagt|ausgeschlossen|interdite?s?|exclue?s?)\b",
    re.IGNORECASE,
)
_NO_PLANS = re.compile(
    r"\bno (?:current |immediate )?(?:plans?|intention) (?:to|for|of)\b|\bkeine pläne\b", re.IGNORECASE
)
_REASON = re.compile(r"\b(?:because|since|weil|parce qu[e'’])(?!\w)", re.IGNORECASE)
_WITHOUT = re.compile(r"\b(?:without|ohne|sans) (?P<what>[^,;?]+)", re.IGNORECASE)
# Of these words a sentence need not tell: who has none has none "still", and "any".
_DEGREE = re.compile(
    r"still|already|yet|any|ever|actually|really|noch|bereits|schon|toujours|déjà", re.IGNORECASE
)


def reply(text: str) -> bool | None:
    """What an answer to a question begins with: yes, no, or neither."""
    return True if _YES.match(text) else False if _NO.match(text) else None


def asserted(
    question: Question, text: str, around: Sequence[str] = (), *, names_here: bool = False
) -> bool | None:
    """What a text says of the question: True, False, or None when it does not plainly tell.

    ``around``: headings and words of the table or list in which the text stands. ``names_here``: names must stand in
    the text itself, because a heading states nothing of what it names.
    """
    asking = take_apart(question)
    if (told := _beside_the_point(asking, text, "en")) != asking.text:
        asking = take_apart(structs.replace(question, text=told))
    telling = [w for w in asking.wanted if not w.weak and not (w.named and w.position - 1 in asking.own)]
    if not telling:
        return None
    own = concepts(text)
    near = own.union(*(concepts(a) for a in around))
    abbreviated = acronyms_met(asking, " ".join((text, *around)))
    met = [w for w in telling if w.concepts & near or w.position in abbreviated]
    if len(met) < 0.7 * len(telling) or any(w.named and w not in met for w in telling):
        return None
    if (replied := reply(text)) is not None and any(a.rstrip().endswith("?") for a in around):
        return replied
    stated = acronyms_met(asking, text)
    if names_here and any(w.named and not w.concepts & own and w.position not in stated for w in telling):
        return None
    if sum(bool(w.concepts & own) or w.position in stated for w in telling) < 0.5 * len(telling):
        return None
    return polarity(asking, text)


def polarity(asking: Asking, text: str, language: str = "en") -> bool | None:
    """Whether the sentence asserts (True) or denies (False) the topic words it holds; None when open."""
    bare = _NO_PLANS.sub("not", text)
    if _open_here(asking, bare, language) and not is_open(asking.text.rstrip("?")):
        return None
    text = re.sub(
        r"^(?:no|nein|non),\s+(?=[^,;]*(?:n't|n’t|not|nicht|kein|pas)\b)", "", bare, flags=re.IGNORECASE
    )
    reason = _REASON.search(text)
    if reason is not None and denials(text[: reason.start()]):
        text = text[: reason.start()]  # why it is not so may deny something else
    asked = _beside_the_point(asking, text, language)
    denied = denials(text)
    if not denied and not denials(asked):
        forbids = _FORBIDS.search(text)
        if forbids and not _FORBIDS.search(asking.text):
            wanted = [w for w in asking.wanted if not w.weak and not _DEGREE.fullmatch(w.text)]
            near = [w for w in wanted if w.concepts & concepts(text, language)]
            return False if len(near) >= 0.75 * len(wanted) else None
    asked_denied = bool(denials(asked))
    if not denied:
        return None if asked_denied else True
    if asked_denied or len(denied) > 1:
        return None
    start, end = denied[0]
    # A denial governs what follows it up to the next clause, and the verb it splits ("is not recommended").
    clause = re.split(
        r"[;:]|,\s(?:but|and|so|which|aber|und|mais)\b|\b(?:but|however|aber|mais)\b", text[end:], maxsplit=1
    )[0]
    wanted = [w for w in asking.wanted if w.concepts & concepts(text, language)]
    governed = [w for w in wanted if w.concepts & concepts(clause, language)]
    ahead = [w for w in wanted if w not in governed and w.concepts & concepts(text[:start], language)]
    predicate = [w for w in wanted if not w.named]
    if governed and len(governed) >= 0.5 * len(predicate) and len(governed) + len(ahead) >= 0.8 * len(wanted):
        return False
    return None


def _beside_the_point(asking: Asking, text: str, language: str) -> str:
    """The question without what it says after "without", where the sentence speaks of none of that: in other words it
    mostly says the same once more ("offline, without the internet").
    """
    said = concepts(text, language)
    return _WITHOUT.sub(lambda m: m.group() if concepts(m["what"]) & said else " ", asking.text)


def _open_here(asking: Asking, text: str, language: str) -> bool:
    """Whether the parts of the sentence that hold the topic state a condition, a plan or a question."""
    if text.rstrip().endswith("?"):
        return True
    wanted = frozenset().union(*(w.concepts for w in asking.wanted))
    parts = _PARTS.split(text)
    held = [p for p in parts if concepts(p, language) & wanted]
    opener = (
        [parts[0]]
        if re.match(r"\s*(?:if|when|once|unless|should|wenn|falls|si|sobald)\b", parts[0], re.IGNORECASE)
        else []
    )
    label = [parts[0]] if re.match(r"[^,;:(]{3,30}:", text) else []  # "Coming soon: invoices"
    return any(is_open(p) for p in (*held, *opener, *label))
