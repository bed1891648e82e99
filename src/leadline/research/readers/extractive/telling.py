"""What a person is told of where an answer was read."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from leadline.research.model import Block, BlockKind, Evidence, Page
from leadline.research.readers.extractive.candidate import Candidate
from leadline.research.readers.extractive.choosing import Choice
from leadline.research.values.terms import squash

_LONG = 60  # characters of a title, label or heading that is quoted


def tell(choice: Choice, evidence: Evidence) -> str:
    """One or two plain sentences: the kind of place on which page gives the answer, and whether others agree."""
    best = choice.candidates[0]
    said = _objects(best, evidence) if best.parts else _place(best, evidence)
    further = {c.units[0].page for c in choice.candidates[1:] if c.units} - {u.page for u in best.units}
    if len(further) == 1:
        said += f" The page {_titled(evidence.pages[min(further)])} says the same."
    elif further:
        said += f" {len(further)} further pages say the same."
    return said


def _objects(best: Candidate, evidence: Evidence) -> str:
    pages = {u.page for _, _, units in best.parts for u in units}
    if len(pages) == 1:
        return f"All fields are stated on the page {_titled(evidence.pages[min(pages)])}."
    titles = ", ".join(_titled(evidence.pages[p]) for p in sorted(pages)[:3])
    return f"The fields are stated on {len(pages)} pages, among them {titles}."


def _place(best: Candidate, evidence: Evidence) -> str:
    if not best.units:
        return "Stated on the company's pages."
    unit = best.units[0]
    page = evidence.pages[unit.page]
    if unit.script >= 0:
        return f"The company's own machine-readable description behind the page {_titled(page)} gives it."
    block = page.content.blocks[unit.block]
    on = f"the page {_titled(page)}"
    heading = f" under the heading {_quoted(block.headings[-1])}" if block.headings else ""
    if best.rule.startswith("count-of"):
        return f"Counted from what {on} lists{heading}."
    if best.rule == "link-written":
        return f"The address is written out on {on}."
    if best.rule.startswith("link"):
        return f"A link on {on} with the words {_quoted(unit.text)} leads there."
    if isinstance(best.value, bool):
        denies = "denies" if best.value is False else "says"
        return f"{_kind(block).capitalize()} on {on} {denies} it{heading}."
    if block.kind is BlockKind.TABLE_ROW and block.cells:
        return _table(block, page, on, best.value)
    if block.kind is BlockKind.DEFINITION and block.cells:
        return f"Stated beside {_quoted(_cell(page, block, 0))} on {on}."
    if len(best.units) > 1 and isinstance(best.value, list):
        return f"Listed on {on}{heading}."
    return f"Stated in {_kind(block)} on {on}{heading}."


def _table(block: Block, page: Page, on: str, value: object) -> str:
    label = _cell(page, block, 0)
    said = f"The table on {on} gives it in the row {_quoted(label)}" if label else f"A table on {on} gives it"
    plain = value.get("value", "") if isinstance(value, dict) else value
    shown = squash(f"{plain:g}" if isinstance(plain, float) else str(plain))
    cells = [(c, squash(page.words(c.start, c.end))) for c in block.cells[1:] if c.header and shown]
    holds = [c for c, words in cells if words == shown] or [c for c, words in cells if shown in words]
    return said + (f" for {_quoted(holds[0].header)}." if len(holds) == 1 else ".")


def _kind(block: Block) -> str:
    if block.kind is BlockKind.HEADING:
        return "a heading"
    if block.kind is BlockKind.LIST_ITEM:
        return "a list"
    if block.kind is BlockKind.TABLE_ROW:
        return "a table"
    return "a sentence"


def _cell(page: Page, block: Block, index: int) -> str:
    cell = block.cells[index]
    return page.words(cell.start, cell.end)


def _titled(page: Page) -> str:
    """The page's own part of its title, without the site's name behind it."""
    title = re.split(r"\s[|–—·]\s|\s-\s", page.content.title)[0].strip()
    return _quoted(title or urlsplit(page.url).path or "/")


def _quoted(text: str) -> str:
    plain = " ".join(text.split()).strip(" :")
    return f"“{plain if len(plain) <= _LONG else plain[: _LONG - 1].rstrip() + '…'}”"
