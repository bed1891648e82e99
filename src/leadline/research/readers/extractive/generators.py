"""Who finds candidates of each answer type. Adding a type: its function, and a line here; without one the reader
abstains."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from leadline.research.model import Evidence, Passage, Question
from leadline.research.readers.extractive.candidate import Candidate
from leadline.research.readers.extractive.figures import figure_candidates, number_candidates
from leadline.research.readers.extractive.found import found_candidates
from leadline.research.readers.extractive.records import record_candidates
from leadline.research.readers.extractive.statements import boolean_candidates

Generator = Callable[[Question, Sequence[Passage], Evidence], Sequence[Candidate]]

GENERATORS: dict[str, Generator] = {
    "boolean": boolean_candidates,
    "currency": figure_candidates,
    "json_schema": record_candidates,
    "list": found_candidates,
    "number": number_candidates,
    "open_text": found_candidates,
    "percentage": figure_candidates,
    "url": found_candidates,
}
