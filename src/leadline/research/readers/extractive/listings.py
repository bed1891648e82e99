from __future__ import annotations

from collections.abc import Sequence

from leadline.research.answer_types.base import Candidate
from leadline.research.model import Evidence, Passage, Question


def list_candidates(
    question: Question, passages: Sequence[Passage], evidence: Evidence
) -> Sequence[Candidate]:
    return ()
