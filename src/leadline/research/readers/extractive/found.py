"""Texts, lists and addresses: what the rules find, weighed like everything else before it is given."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

from leadline.research.model import Evidence, Passage, Question
from leadline.research.readers.extractive.candidate import Candidate
from leadline.research.readers.extractive.features import BEST, Features, alone, of_nothing, of_place, relate
from leadline.research.readers.extractive.fitting import Scope, fit
from leadline.research.readers.extractive.learned import Option, Options, judged
from leadline.research.readers.extractive.links import url_candidates
from leadline.research.readers.extractive.listings import list_candidates
from leadline.research.readers.extractive.marks import tick_candidates
from leadline.research.readers.extractive.phrases import text_candidates
from leadline.research.readers.extractive.scene import Scene
from leadline.research.values.terms import squash

FAMILY = "found"
_RULES: dict[str, Callable[[Question, Sequence[Passage], Evidence], Sequence[Candidate]]] = {
    "open_text": text_candidates,
    "list": list_candidates,
    "url": url_candidates,
}


def found_candidates(
    question: Question, passages: Sequence[Passage], evidence: Evidence
) -> Sequence[Candidate]:
    ticks = (
        [] if question.answer_type == "url" else tick_candidates(Scene(question, passages[:BEST], evidence))
    )
    return [*ticks, *judged(options(question, passages, evidence))]


def options(question: Question, passages: Sequence[Passage], evidence: Evidence) -> Options:
    """What the rules of the type find, with what is measured of where it stands."""
    scene = Scene(question, passages[:BEST], evidence)
    found = list(_found(scene, _RULES[question.answer_type](question, passages, evidence)))
    measured = [option.features for option in found]
    relate(measured)
    return Options(FAMILY, found, of_nothing(scene, question.answer_type, measured))


def _found(scene: Scene, candidates: Sequence[Candidate]) -> Iterator[Option]:
    spots = {spot.unit.number: spot for spot in scene.spots}
    best = max((candidate.score for candidate in candidates), default=0.0)
    for candidate in candidates:
        features: Features = {
            f"rule_{candidate.rule}": 1.0,
            f"type_{scene.question.answer_type}": 1.0,
            "score": candidate.score,
            "behind_score": best - candidate.score,
            "units": min(10, len(candidate.units)) / 10,
            "size": math.log1p(len(str(candidate.value))) / 6,
        }
        spot = next((spots[unit.number] for unit in candidate.units if unit.number in spots), None)
        if spot is not None:
            asking = scene.asking(spot.language)
            measured = fit(asking, spot, Scope(own=spot.text))
            features |= of_place(asking, spot, measured, alone(asking, spot))
        yield Option(_key(candidate.value), candidate.value, candidate.units, candidate.rule, features)


def _key(value: object) -> str | tuple[str, ...]:
    """Values with the same key are the same answer."""
    return tuple(sorted(map(squash, map(str, value)))) if isinstance(value, list) else squash(str(value))
