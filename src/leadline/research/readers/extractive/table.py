"""Rows of tables, and terms with their definitions: which words belong to the value in a cell."""

from __future__ import annotations

from leadline.research.model import BlockKind
from leadline.research.readers.extractive.fitting import Scope
from leadline.research.readers.extractive.scene import Spot


def is_row(spot: Spot) -> bool:
    return spot.block.kind in (BlockKind.TABLE_ROW, BlockKind.DEFINITION) and len(spot.block.cells) > 1


def cell_at(spot: Spot, offset: int) -> int | None:
    """Index of the cell in which the unit's character ``offset`` stands."""
    at = spot.unit.start + offset
    return next((i for i, cell in enumerate(spot.block.cells) if cell.start <= at < cell.end), None)


def cell_text(spot: Spot, index: int) -> str:
    cell = spot.block.cells[index]
    return spot.page.words(cell.start, cell.end)


def row_label(spot: Spot) -> str:
    """The cells that head the row: those marked as headers, else the first."""
    heads = [i for i, cell in enumerate(spot.block.cells) if cell.is_header]
    return " ".join(cell_text(spot, i) for i in (heads or [0]))


def cell_scope(spot: Spot, index: int) -> Scope:
    """Own: the cell, its column's header, the row's label. Shared: the other cells that hold no figure."""
    cell = spot.block.cells[index]
    own = " | ".join((row_label(spot), cell.header, cell_text(spot, index)))
    others = [cell_text(spot, i) for i in range(len(spot.block.cells)) if i != index]
    words = [t for t in others if not any(c.isdigit() for c in t)]
    figures = [t for t in others if any(c.isdigit() for c in t)]
    kinds = [c.header for c in spot.block.cells if c.is_header] or [spot.block.cells[0].header]
    return Scope(own=own, shared=" | ".join([*words, *kinds]), elsewhere=" | ".join(figures))
