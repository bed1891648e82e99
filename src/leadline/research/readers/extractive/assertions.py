"""Yes or no: only where a sentence plainly asserts or denies what is asked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from leadline.research.model import BlockKind, Evidence, Passage, Question
from leadline.research.readers.extractive import gates
from leadline.research.readers.extractive.asking import Asking, take_apart
from leadline.research.readers.extractive.candidate import Candidate
from leadline.research.readers.extractive.fitting import Fit, Scope, acronyms_met, adjacent_words_close, fit
from leadline.research.readers.extractive.scene import Scene, Spot
from leadline.research.values.concepts import concepts
from leadline.research.values.polarity import denials, is_open
from leadline.research.values.terms import stems

_YES = re.compile(
    r"^(?:yes|yep|yeah|sure|absolutely|of course|certainly|definitely|correct|ja|natürlich|selbstverständlich|oui|bien sûr)\b",
    re.IGNORECASE,
)
_NO = re.compile(
    r"^(?:no|nope|unfortunately not|not (?:yet|at the moment|currently)|nein|leider nicht|non)\b(?!\s+\w+\s+(?:is|are)\b)",
    re.IGNORECASE,
)
_PARTS = re.compile(r"[,;:(]|\s(?:and|but|und|aber|et|mais)\s", re.IGNORECASE)
_ENDING = re.compile(
    r"\b(?:end(?:s|ed|ing)? (?:support|our|the|its)|will (?:end|stop|cease|be (?:removed|retired|discontinued|shut))|discontinu\w+|sunset\w*|phas(?:e|ed|ing) out|"
    r"shut(?:ting)? down|wind(?:ing)? down|turn(?:ed|ing)? off|remov(?:ed|ing) support|eingestellt)\b",
    re.IGNORECASE,
)
_STILL = re.compile(
    r"\b(?:still|any ?more|continue[sd]? to|to this day|noch|nach wie vor|toujours|encore)\b", re.IGNORECASE
)
# Words that deny what stands before or behind them without a "not".
_FORBIDS = re.compile(
    r"\b(?:forbidden|prohibited|prohibits?|forbids?|banned|bans?|disallow(?:ed|s)?|turned off|switched off|shut down|(?:is|are|was|were|been|now) closed|"
    r"refuses?|declines?|excluded|verboten|untersagt|ausgeschlossen|interdite?s?|exclue?s?)\b",
    re.IGNORECASE,
)
_NO_PLANS = re.compile(
    r"\bno (?:current |immediate )?(?:plans?|intention) (?:to|for|of)\b|\bkeine pläne\b", re.IGNORECASE
)
# Of these words a sentence need not tell: who has none has none "still", and "any".
_DEGREE = re.compile(
    r"still|already|yet|any|ever|actually|really|noch|bereits|schon|toujours|déjà", re.IGNORECASE
)
_EXTENT = re.compile(
    _DEGREE.pattern
    + r"|fully|completely|entirely|full|positions?|roles?|jobs?|vollständig|komplett|entièrement",
    re.IGNORECASE,
)
_LONG = 45  # words; what a longer sentence says of one thing is hard to tell
_RESTRICTED = re.compile(
    r"\b(?:only|except|unless|limited to|but not|other than|instead|rather than|nur|ausser|außer|sauf|uniquement)\b",
    re.IGNORECASE,
)


def boolean_candidates(
    question: Question, passages: Sequence[Passage], evidence: Evidence
) -> Sequence[Candidate]:
    scene = Scene(question, passages, evidence)
    return [c for spot in scene.spots for c in (*_faq(scene, spot), *_sentence(scene, spot))]


def asserted(question: Question, text: str, around: Sequence[str] = ()) -> bool | None:
    """What a text says of the question: True, False, or None when it does not plainly tell.

    ``around``: headings and words of the table or list in which the text stands.
    """
    asking = take_apart(question)
    telling = [w for w in asking.wanted if not w.weak and not (w.named and w.position - 1 in asking.own)]
    if not telling:
        return None
    own = concepts(text)
    near = own.union(*(concepts(a) for a in around))
    abbreviated = acronyms_met(asking, " ".join((text, *around)))
    met = [w for w in telling if w.concepts & near or w.position in abbreviated]
    if len(met) < 0.7 * len(telling) or any(w.named and w not in met for w in telling):
        return None
    for pattern, value in ((_YES, True), (_NO, False)):
        if pattern.match(text) and any(a.rstrip().endswith("?") for a in around):
            return value
    if sum(bool(w.concepts & own) or w.position in acronyms_met(asking, text) for w in telling) < 0.5 * len(
        telling
    ):
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
    denied = denials(text)
    if not denied and not denials(asking.text):
        forbids = _FORBIDS.search(text)
        if forbids and not _FORBIDS.search(asking.text):
            wanted = [w for w in asking.wanted if not w.weak and not _DEGREE.fullmatch(w.text)]
            near = [w for w in wanted if w.concepts & concepts(text, language)]
            return False if len(near) >= 0.75 * len(wanted) else None
    asked_denied = bool(denials(asking.text))
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
    return any(is_open(p) for p in (*held, *opener))


def _faq(scene: Scene, spot: Spot) -> Iterator[Candidate]:
    """A heading that asks the same, and an answer that begins with yes or no."""
    heading = spot.headings[-1] if spot.headings else ""
    if (
        not heading.rstrip().endswith("?")
        or spot.block.kind is BlockKind.HEADING
        or _first_under_heading(spot) is False
    ):
        return
    value = True if _YES.match(spot.text) else False if _NO.match(spot.text) else None
    if value is None or denials(heading):
        return
    asking = scene.asking(spot.language)
    measured = fit(asking, spot, Scope(own=heading, shared=spot.text), neighbours=False)
    if not measured.names_met or measured.missing or gates.outdated(asking, spot):
        return
    heard = stems(heading, spot.language)
    asked = frozenset().union(*(w.concepts for w in asking.wanted))
    back = sum(bool(concepts(h, spot.language) & asked) or h in asked for h in heard) / max(len(heard), 1)
    if back >= 0.5:
        asked_by = tuple(u for u in spot.passage.units if u.block == spot.unit.block - 1)
        score = measured.coverage - 0.002 * spot.rank
        yield Candidate(value, (*asked_by, spot.unit), score, "boolean-faq", _features(measured, spot))


def _first_under_heading(spot: Spot) -> bool:
    blocks = spot.page.content.blocks
    return (
        spot.unit.block > 0
        and blocks[spot.unit.block - 1].kind is BlockKind.HEADING
        and spot.unit.start == spot.block.start
    )


def _sentence(scene: Scene, spot: Spot) -> Iterator[Candidate]:
    asking = scene.asking(spot.language)
    if spot.text.rstrip().endswith("?") or len(spot.text.split()) > _LONG or len(asking.wanted) < 1:
        return
    if spot.block.kind is BlockKind.HEADING and denials(spot.text):
        return
    value = polarity(asking, spot.text, spot.language)
    spare = _EXTENT if value is False else _DEGREE
    degree = [w for w in asking.wanted if spare.fullmatch(w.text)]
    measured = fit(asking, spot, Scope(own=spot.text), neighbours=False, leave_out=degree)
    strong = [w for w in asking.wanted if not w.weak and w not in degree]
    spared = 1 if len(strong) >= 3 and measured.own >= 0.65 else 0
    listed = _listed(asking, spot)
    if not measured.names_met or len(measured.missing) > spared or (measured.own < 0.6 and not listed):
        return
    if _forbidden(asking, spot) or not adjacent_words_close(asking, spot.text, spot.language):
        return
    if value and _ENDING.search(spot.text) and not _ENDING.search(asking.text):
        return
    if value and _STILL.search(asking.text) and not _STILL.search(spot.text):
        return
    if value is None or (value and not listed and not _plainly_asserts(asking, spot, measured)):
        return
    if value and measured.missing and measured.coverage < (0.6 if listed else 0.75):
        return
    yield Candidate(
        value,
        (spot.unit,),
        max(measured.coverage, 0.8 if listed else 0.0) * spot.region_weight - 0.002 * spot.rank,
        f"boolean-{'yes' if value else 'no'}",
        _features(measured, spot),
    )


def _listed(asking: Asking, spot: Spot) -> bool:
    """A short entry such as "ISO 22000:2018" under a heading such as "Certificates" says that it is held."""
    named = [w for w in asking.wanted if w.named]
    own = concepts(spot.text, spot.language)
    heading = concepts(spot.headings[-1], spot.language) if spot.headings else frozenset()
    return (
        len(spot.text.split()) <= 8
        and spot.block.kind in (BlockKind.LIST_ITEM, BlockKind.TABLE_ROW)
        and any(any(c.isdigit() for c in w.text) for w in named)
        and all(w.concepts & own for w in named)
        and any(w.concepts & heading and not w.weak for w in asking.wanted if w not in named)
    )


def _forbidden(asking: Asking, spot: Spot) -> bool:
    return (
        gates.forbids(asking, spot)
        or gates.outdated(asking, spot)
        or gates.others_are_subject(asking, spot.text, len(spot.text))
        or gates.suppliers(asking, spot.text)
    )


def _plainly_asserts(asking: Asking, spot: Spot, measured: Fit) -> bool:
    """A yes needs words that speak of the company or its product, and no restriction that was not asked for."""
    if _RESTRICTED.search(spot.text) and not _RESTRICTED.search(asking.text):
        return False
    if gates.speaks_of_company(asking, spot.text):
        return True
    return len(spot.text.split()) <= 5 and measured.own >= 0.95 and len(asking.wanted) >= 2


def _features(measured: Fit, spot: Spot) -> dict[str, float]:
    return {
        "coverage": round(measured.coverage, 3),
        "own": round(measured.own, 3),
        "missing": float(len(measured.missing)),
        "rank": float(spot.rank),
        "region": spot.region_weight,
        "words": float(len(spot.text.split())),
    }
