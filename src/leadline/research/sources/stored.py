"""What was read for a question before, and nothing else: to answer it again without a request."""

from __future__ import annotations

from leadline.research.model import Evidence, Question
from leadline.research.ports import Progress


class StoredEvidence:
    """Implements ``research.ports.Source`` over evidence that is at hand."""

    name = "stored"
    needs = 0

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence

    def suits(self, question: Question) -> bool:
        return True

    async def gather(self, question: Question, pages: int, deadline: float, progress: Progress) -> Evidence:
        return self._evidence


__all__ = ["StoredEvidence"]
