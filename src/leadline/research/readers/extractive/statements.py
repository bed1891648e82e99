"""Yes or no: every sentence of the best passages may say it, or deny it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from leadline.research.model import Evidence, Passage, Question
from leadline.research.readers.extractive import gates
from leadline.research.readers.extractive.assertions import polarity, reply
from leadline.research.readers.extractive.candidate import Candidate
from leadline.research.readers.extractive.features import BEST, alone, of_nothing, of_place, relate
from leadline.research.readers.extractive.fitting import Scope, fit
from leadline.research.readers.extractive.learned import Option, Options, judged
from leadline.research.readers.extractive.marks import mark_candidates
from leadline.research.readers.extractive.scene import Scene

FAMILY = "statement"
LONGEST = 480  # characters of a sentence


def boolean_candidates(
    question: Question, passages: Sequence[Passage], evidence: Evidence
) -> Sequence[Candidate]:
    marks = mark_candidates(Scene(question, passages[:BEST], evidence))
    return [*marks, *judged(options(question, passages, evidence))]


def options(question: Question, passages: Sequence[Passage], evidence: Evidence) -> Options:
    """Yes and no by every sentence, with what is measured of it."""
    scene = Scene(question, passages[:BEST], evidence)
    found = list(_found(scene))
    measured = [option.features for option in found]
    relate(measured)
    return Options(FAMILY, found, of_nothing(scene, "boolean", measured))


def _found(scene: Scene) -> Iterator[Option]:
    for spot in scene.spots:
        if len(spot.text) > LONGEST:
            continue
        asking = scene.asking(spot.language)
        place = of_place(asking, spot, fit(asking, spot, Scope(own=spot.text)), alone(asking, spot))
        if gates.of_another(asking, spot.text, len(spot.text)) or gates.quoted(
            spot.text, len(spot.text) // 2
        ):
            place["of_others"] = 1.0
        asked_above = bool(spot.headings) and spot.headings[-1].rstrip().endswith("?")
        replied = reply(spot.text) if asked_above else None
        said = polarity(asking, spot.text, spot.language) if replied is None else replied
        for value in (True, False):
            measured = {
                **place,
                "yes": float(value),
                "replied": float(replied is value),
                "said": float(said is value),
                "unsaid": float(said is None),
                "said_otherwise": float(said is not None and said is not value),
            }
            yield Option(value, value, (spot.unit,), f"{FAMILY}-{'yes' if value else 'no'}", measured)
