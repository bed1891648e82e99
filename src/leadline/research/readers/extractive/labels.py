"""Labels and their values: definition lists, "label: value" lines, tables of two columns."""

from __future__ import annotations

import re
from collections.abc import Iterator

from leadline.research.model import BlockKind, Unit
from leadline.research.readers.extractive import gates
from leadline.research.readers.extractive.asking import Asking
from leadline.research.readers.extractive.candidate import Candidate
from leadline.research.readers.extractive.fitting import Scope, fit
from leadline.research.readers.extractive.scene import Scene, Spot
from leadline.research.readers.extractive.table import cell_text, is_row
from leadline.research.values.concepts import concepts
from leadline.research.values.terms import STOP_WORDS, terms

MAX_LABEL, MAX_VALUE = 50, 200  # characters
LABELLED = re.compile(rf"^(?P<label>[^:.!?]{{2,{MAX_LABEL}}}):\s+(?P<value>\S.*)$", re.DOTALL)
_OTHER = re.compile(
    r"\b(?:former|formerly|previous|ex|old|sample|example|ehemalig\w*|ancien\w*)\b", re.IGNORECASE
)


def label_candidates(scene: Scene) -> Iterator[Candidate]:
    for spot in scene.spots:
        asking = scene.asking(spot.language)
        pair = _pair(spot)
        if pair is None or gates.forbids(asking, spot) or gates.outdated(asking, spot):
            continue
        label, value, units = pair
        if not value or len(value) > MAX_VALUE or _OTHER.search(label):
            continue
        measured = fit(asking, spot, Scope(own=label), neighbours=False)
        extra = _extra(asking, label, spot.language)
        if measured.missing or not measured.names_met or measured.own < 0.75 or extra > 0:
            continue
        score = 0.5 * measured.coverage + 0.5 * measured.own - 0.002 * spot.rank
        features = {"coverage": measured.coverage, "own": measured.own, "rank": float(spot.rank)}
        yield Candidate(value, units, score, "label", features)


def _pair(spot: Spot) -> tuple[str, str, tuple[Unit, ...]] | None:
    whole = tuple(u for u in spot.passage.units if u.block == spot.unit.block)
    cells = spot.block.cells
    if spot.block.kind is BlockKind.DEFINITION and len(cells) == 2:
        return cell_text(spot, 0).strip(" :"), cell_text(spot, 1).strip(), whole
    if is_row(spot) and len(cells) == 2:
        return cell_text(spot, 0).strip(" :"), cell_text(spot, 1).strip(), whole
    line = LABELLED.match(spot.text)
    if line and spot.block.kind in (BlockKind.PARAGRAPH, BlockKind.LIST_ITEM):
        return line["label"], line["value"].strip(), (spot.unit,)
    return None


def _extra(asking: Asking, label: str, language: str) -> int:
    """Words of the label that the question does not have: another thing then."""
    asked = frozenset().union(*(w.concepts for w in asking.wanted))
    if len(label.split()) <= 3 and concepts(label, language) & {c for c in asked if c[0] == "~"}:
        return 0  # the label is another phrase for what is asked
    return sum(
        t.folded not in STOP_WORDS
        and not concepts(t.text, language) & asked
        and not any(t.folded in name for name in asking.company)
        and t.folded not in asking.text.lower()
        for t in terms(label, language)
    )
