"""Short texts: a person, a place, or the sentence that answers."""

from __future__ import annotations

from collections.abc import Sequence

from leadline.research.model import Evidence, Passage, Question
from leadline.research.readers.extractive.candidate import Candidate
from leadline.research.readers.extractive.labels import label_candidates
from leadline.research.readers.extractive.people import (
    asks_for_person,
    names_a_role,
    person_candidates,
    role_candidates,
)
from leadline.research.readers.extractive.places import asks_for_place, names_a_place, place_candidates
from leadline.research.readers.extractive.scene import Scene
from leadline.research.readers.extractive.sentences import sentence_candidates


def text_candidates(
    question: Question, passages: Sequence[Passage], evidence: Evidence
) -> Sequence[Candidate]:
    scene = Scene(question, passages, evidence)
    if asks_for_person(question.text):
        return list(person_candidates(scene))
    found = list(place_candidates(scene)) if asks_for_place(question.text) else []
    return found or list(label_candidates(scene)) or list(sentence_candidates(scene))


def field_candidates(
    question: Question, passages: Sequence[Passage], evidence: Evidence
) -> Sequence[Candidate]:
    """A text field of an object: a person by role, a place, or the sentence."""
    scene = Scene(question, passages, evidence)
    if names_a_role(question.text):
        return list(role_candidates(scene))
    if names_a_place(question.text):
        return list(place_candidates(scene))
    return list(label_candidates(scene)) or list(sentence_candidates(scene))
