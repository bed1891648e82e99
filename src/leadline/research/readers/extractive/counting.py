"""Counting: "how many X" answered by a complete list or table of X."""

from __future__ import annotations

from collections.abc import Iterator

from leadline.research.answer_types.base import Candidate
from leadline.research.readers.extractive.scene import Scene


def count_candidates(scene: Scene) -> Iterator[Candidate]:
    return iter(())
