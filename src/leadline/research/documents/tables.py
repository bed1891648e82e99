"""Which header belongs to which cell of a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

_LABEL = 60  # characters; longer words are no header
_LONG_HEADER = 200  # characters kept of the words above a cell: each cell of the column repeats them
MAX_COLUMNS = 200


class CellSpan(NamedTuple):
    """One cell: where its words stand in the row's block, and how far it reaches."""

    start: int
    end: int
    text: str
    is_header: bool
    columns: int
    rows: int


class Row(NamedTuple):
    block: int  # index of the row's block, -1 when the row has no words
    in_head: bool
    cells: list[CellSpan]


def column_headers(rows: Sequence[Row]) -> list[list[str]]:
    """For every cell of every row the words that head its column, "" where there are none.

    Rows of ``<thead>`` and rows of nothing but ``<th>`` head the rows below them; several such rows are
    joined from the top. A table without any takes its first row when that looks like one. What a cell above
    reaches down by ``rowspan`` heads the cells to its right, because the row's own words lack it.
    """
    grid = [_placed(rows, index, carried) for index, carried in _carried(rows)]
    heads = _head_rows(rows)
    current: dict[int, list[str]] = {}
    result: list[list[str]] = []
    after_data = False
    for index, row in enumerate(rows):
        columns, spanning = grid[index]
        if heads[index]:
            if after_data:
                current, after_data = {}, False
            result.append([""] * len(row.cells))
            whole = len(row.cells) == 1 and row.cells[0].columns > 1
            if not whole:
                for column, cell in _each_column(columns, row.cells):
                    words = current.setdefault(column, [])
                    if cell.text and cell.text not in words:
                        words.append(cell.text)
                for column, text in spanning.items():
                    words = current.setdefault(column, [])
                    if text and text not in words:
                        words.append(text)
            continue
        after_data = True
        headers = []
        for column, cell in zip(columns, row.cells, strict=True):
            above = [text for at, text in sorted(spanning.items()) if at < column and text]
            own = [] if cell.is_header and column == 0 and not current.get(0) else current.get(column, [])
            headers.append(" ".join([*above, *own])[:_LONG_HEADER])
        result.append(headers)
    return result


def _each_column(columns: Sequence[int], cells: Sequence[CellSpan]) -> list[tuple[int, CellSpan]]:
    return [
        (at, cell)
        for column, cell in zip(columns, cells, strict=True)
        for at in range(column, min(column + cell.columns, MAX_COLUMNS))
    ]


def _carried(rows: Sequence[Row]) -> list[tuple[int, dict[int, str]]]:
    """For every row the columns that cells of rows above reach into, with their words."""
    result: list[tuple[int, dict[int, str]]] = []
    reaching: dict[int, tuple[int, str]] = {}  # column: rows left, words
    for index, row in enumerate(rows):
        spanning = {column: text for column, (left, text) in reaching.items() if left > 0}
        result.append((index, spanning))
        reaching = {column: (left - 1, text) for column, (left, text) in reaching.items() if left > 1}
        columns = _columns(row.cells, spanning)
        for column, cell in zip(columns, row.cells, strict=True):
            if cell.rows > 1:
                for at in range(column, min(column + cell.columns, MAX_COLUMNS)):
                    reaching[at] = (cell.rows - 1, cell.text)
    return result


def _columns(cells: Sequence[CellSpan], spanning: dict[int, str]) -> list[int]:
    columns, column = [], 0
    for cell in cells:
        while column in spanning:
            column += 1
        columns.append(column)
        column += cell.columns
    return columns


def _placed(rows: Sequence[Row], index: int, spanning: dict[int, str]) -> tuple[list[int], dict[int, str]]:
    return _columns(rows[index].cells, spanning), spanning


def _head_rows(rows: Sequence[Row]) -> list[bool]:
    heads = [
        row.in_head
        or (
            any(cell.text for cell in row.cells)
            and all(cell.is_header or not cell.text for cell in row.cells)
            and (len(row.cells) > 1 or row.cells[0].columns > 1)
        )
        for row in rows
    ]
    if not any(heads) and not any(cell.is_header for row in rows for cell in row.cells):
        heads[0] = _looks_like_head(rows)
    if all(heads):
        return [False] * len(rows)  # nothing would be left to head
    return heads


def _looks_like_head(rows: Sequence[Row]) -> bool:
    """No digits in the first row, but in some column most cells below it have them."""
    first, below = rows[0], rows[1:]
    width = len(first.cells)
    if width < 2 or len(below) < 2 or any(cell.columns > 1 or cell.rows > 1 for cell in first.cells):
        return False
    if any(len(cell.text) > _LABEL or _has_digit(cell.text) for cell in first.cells):
        return False
    if sum(bool(cell.text) for cell in first.cells) < width - 1:
        return False
    for column in range(width):
        values = [row.cells[column].text for row in below if len(row.cells) == width]
        digits = sum(_has_digit(value) for value in values)
        if len(values) >= 2 and digits >= (0.6 if width > 2 else 0.9) * len(values):
            return True
    return False


def _has_digit(text: str) -> bool:
    return any(character.isdigit() for character in text)
