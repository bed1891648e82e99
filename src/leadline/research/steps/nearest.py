"""What stands nearest to a question that was not answered, so that its null still helps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from leadline.research.model import Evidence, Nearest, Passage, Question, Verification
from leadline.research.steps.rank import terms
from leadline.research.steps.settle import sources

MOST = 3  # passages shown
LONGEST = 300  # characters of one; it ends with a whole sentence, item or row where it can


def nearest(
    question: Question, verification: Verification, passages: Sequence[Passage], evidence: Evidence
) -> tuple[Nearest, ...]:
    """The words that a refused draft cited, then the best passages, no page and heading twice.

    Nothing of a passage that shares no word with the question.
    """
    found: list[Nearest] = []
    for one in (*_refused(verification, passages, evidence), *_ranked(question, passages, evidence)):
        if not any(one.url == other.url and one.snippet in other.snippet for other in found):
            found.append(one)
        if len(found) == MOST:
            break
    return tuple(found)


def _refused(
    verification: Verification, passages: Sequence[Passage], evidence: Evidence
) -> Iterator[Nearest]:
    for source in sources(verification.claims, passages, evidence):
        yield Nearest(url=source.url, title=source.title, snippet=source.snippet[:LONGEST])


def _ranked(question: Question, passages: Sequence[Passage], evidence: Evidence) -> Iterator[Nearest]:
    seen: set[tuple[int, tuple[str, ...]]] = set()
    for passage in passages:
        place = (passage.page, passage.headings)
        if passage.score <= 0 or place in seen or not passage.units or passage.units[0].script >= 0:
            continue
        seen.add(place)
        page = evidence.pages[passage.page]
        wanted = set(terms(question.text, page.content.language))
        # From the unit that shares most with the question on: the answer, if there is one, stands there or below.
        shared = [len(wanted & set(terms(unit.text, page.content.language))) for unit in passage.units]
        first = shared.index(max(shared))
        start, end = passage.units[first].start, passage.units[first].end
        for unit in passage.units[first + 1 :]:
            if unit.end - start > LONGEST:
                break
            end = unit.end
        words = page.words(start, min(end, start + LONGEST))
        yield Nearest(url=page.url, title=page.content.title or page.url, snippet=words)
