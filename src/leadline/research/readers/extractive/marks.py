"""Tables of features whose cells are ticked or crossed: "Single sign-on | ✗ | ✓" under "Starter | Team"."""

from __future__ import annotations

from collections.abc import Iterator

from leadline.research.documents.names import company_names
from leadline.research.model import Block, BlockKind, Page, Question
from leadline.research.readers.extractive import gates
from leadline.research.readers.extractive.candidate import Candidate
from leadline.research.readers.extractive.scene import Scene
from leadline.research.values.terms import fold, stems

CERTAIN = 0.9  # every word of the question is accounted for by the two labels of the cell
_YES = frozenset("✓ ✔ ✅ ☑ 🗸 yes ja oui sí included inklusive enthalten inclus".split())
_NO = frozenset(("✗", "✘", "❌", "✕", "✖", "☒", "no", "nein", "non", "not included", "nicht enthalten"))
_DASHES = frozenset("- – — −".split())  # no, beside a tick
# What a question says of any such table: "Is X part of the Y plan?"
_OF_ANY = stems(
    "plan plans tier tiers edition editions version package include includes included including contain come comes offer offers "
    "offered available feature features part have get support supported supports"
) | stems("Tarif Paket Version enthalten enthält beinhaltet bietet verfügbar Funktion", "de") | stems(
    "offre formule inclut inclus comprend propose disponible", "fr"
)  # fmt: skip


def marked(question: Question, page: Page, block: Block) -> bool | None:
    """What the cell says that stands in the row and the column of which the question speaks; None where it speaks of
    another row, of no column or of several, or says more than the labels do.
    """
    if block.kind is not BlockKind.TABLE_ROW or len(block.cells) < 2:
        return None
    language = page.content.language or "en"
    asked = stems(question.text, language) - _named(question, language)
    label = stems(page.words(block.cells[0].start, block.cells[0].end), language)
    if not label or not label <= asked:
        return None
    around = _OF_ANY | stems(page.content.title, language)
    found = []
    for cell, state in zip(block.cells[1:], _states(page, block), strict=True):
        head = stems(cell.header, language) - _OF_ANY
        if head and head <= asked and not asked - label - head - around:
            found.append(state)
    return found[0] if len(found) == 1 else None


def ticks(question: Question, page: Page, block: Block) -> list[str]:
    """The heads of all columns that the row ticks of which the question speaks, when it speaks of nothing else: "Which
    plans include single sign-on?". Nothing where a cell says neither yes nor no.
    """
    if block.kind is not BlockKind.TABLE_ROW or len(block.cells) < 3:
        return []
    language = page.content.language or "en"
    asked = stems(question.text, language) - _named(question, language)
    label = stems(page.words(block.cells[0].start, block.cells[0].end), language)
    if not label or not label <= asked or not (asked - label) & _OF_ANY or asked - label - _OF_ANY:
        return []
    states = _states(page, block)
    if None in states:
        return []
    return [cell.header for cell, state in zip(block.cells[1:], states, strict=True) if state and cell.header]


def mark_candidates(scene: Scene) -> Iterator[Candidate]:
    for spot in scene.spots:
        asking = scene.asking(spot.language)
        if (
            spot.block.kind is not BlockKind.TABLE_ROW
            or gates.forbids(asking, spot)
            or gates.outdated(asking, spot)
        ):
            continue
        state = marked(scene.question, spot.page, spot.block)
        if state is not None:
            yield Candidate(state, (spot.unit,), CERTAIN, "mark", {"rank": float(spot.rank)})


def _states(page: Page, block: Block) -> list[bool | None]:
    """What the cells behind the label say."""
    words = [page.words(cell.start, cell.end).strip() for cell in block.cells[1:]]
    said = [_state(text) for text in words]
    if True not in said:
        return said
    return [False if text in _DASHES else state for text, state in zip(words, said, strict=True)]


def tick_candidates(scene: Scene) -> Iterator[Candidate]:
    """What plans, or whatever heads the columns, have the thing that is asked for."""
    for spot in scene.spots:
        asking = scene.asking(spot.language)
        if gates.forbids(asking, spot) or gates.outdated(asking, spot):
            continue
        if names := ticks(scene.question, spot.page, spot.block):
            value = names if scene.question.answer_type == "list" else ", ".join(names)
            yield Candidate(value, (spot.unit,), CERTAIN, "ticks", {"rank": float(spot.rank)})


def _state(text: str) -> bool | None:
    said = fold(text).strip(" .\ufe0f")
    return True if said in _YES else False if said in _NO else None


def _named(question: Question, language: str) -> frozenset[str]:
    """The words of the company's name."""
    names = company_names(question.company)
    return frozenset(stem for stem in stems(question.text, language) if any(stem in name for name in names))
