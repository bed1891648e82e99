"""Where a company can be reached, place by place: the address and the number under "Leipzig", or behind "Brussels:"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from leadline.research.model import Block, BlockKind, Page, Region
from leadline.research.profile.brand import Brand
from leadline.research.profile.model import Finding, Means
from leadline.research.profile.things import words_of
from leadline.research.profile.words import POSTAL
from leadline.research.values.money import find_money
from leadline.research.values.terms import squash

_NOT_THERE = frozenset("customers partners integrations docs pricing".split())
_LONGEST = 400  # characters of a line
_MOST_DIGITS, _FEWEST_DIGITS = 15, 7  # of a number (ITU-T E.164); a shorter one is of a house or a code
_NUMBER = re.compile(r"(?<![\w+./-])(?:\+|\(0|0)[\d ().\-/–]{6,20}\d(?![\w/]|-\d)")
_STREET = re.compile(
    r"\b\d{1,5}[a-z]?,? (?:[A-Z][\w'’.-]+ ){1,3}(?:Street|St|Road|Rd|Lane|Avenue|Ave|Row|Drive|Way|Square|Place|Boulevard|Arcade|Quay|Court|Yard)\b"
    r"|\b[A-ZÀ-Þ][\w'’.-]*(?:straße|strasse|str\.|weg|platz|allee|gasse|ring|ufer|pfad|damm) \d{1,4}\b"
    r"|\b\d{1,4}(?: bis| ter)?,? (?:rue|avenue|boulevard|place|chemin|quai|impasse|allée) [^\n,;]{3,40}"
    r"|\b(?:Rue|Avenue|Boulevard|Chemin|Quai|Via|Calle|Rua)(?: (?:de|du|des|la|della|do|da)){0,2} [A-ZÀ-Þ][^\n,;]{2,40}",
)
_DIGIT = re.compile(r"\d")
_DATE = re.compile(r"\d{1,2}\.\d{1,2}\.\d{4}$")
_NO_PHONE = re.compile(
    r"(?:\b(?:number|no|nr|nummer|numéro|fax|telefax|VAT|SIRET|IBAN)\b\.?|n°)\W{0,3}$", re.IGNORECASE
)
_MOST_LINES, _LONGEST_LINE = 8, 60  # of an address
_BARE = 2  # words of a line that is a number: what more it says, it says of some other place
_CALLED = re.compile(r"\b(?:tel(?:ephone|efon)?|tél(?:éphone)?|phone|fon)\b[^\d]{0,12}$", re.IGNORECASE)
_SHORT = 110  # characters of a line that is an address and little more
_LABEL = re.compile(r"[^\d:,]{2,40}: ?")
_REACHED = re.compile(
    r"[,;·–-]?\s*\b(?:tel(?:ephone|efon|éphone)?|tél|phone|fon|call|e-?mail|[\w.]+@)\b", re.IGNORECASE
)


def find(page: Page, brand: Brand) -> Iterator[Finding]:
    """``contact_points``: a ``phone`` or an ``address``, with the folded words of its ``line``, of the ``block`` that holds it, of the
    ``heading`` above and, of a phone, of the ``section`` below that.
    """
    where = brand.kind(page.url)
    if where in _NOT_THERE:
        return
    blocks = [
        b
        for b in page.content.blocks
        if b.region is not Region.HIDDEN and b.kind not in (BlockKind.QUOTE, BlockKind.CODE)
    ]
    for block in blocks:
        start = block.start
        whole = page.words(block.start, block.end)
        if _DIGIT.search(whole) is None:
            continue
        if (lines := _address_lines(whole)) is not None:
            begin = block.start + whole.index(lines[0])
            yield _finding(page, block, "address", ", ".join(lines), begin, block.end, whole)
            continue
        for line in whole.split("\n"):
            if (
                len(line) <= _LONGEST
                and _DIGIT.search(line)
                and "©" not in line
                and not brand.is_of_others(line)
            ):
                yield from _of_line(page, block, line, start)
            start += len(line) + 1


def _address_lines(text: str) -> list[str] | None:
    """The lines of a block that is one address and nothing else, without a label above it."""
    lines = text.split("\n")
    lines = lines[1:] if lines[0].rstrip().endswith(":") else lines
    if not 1 < len(lines) <= _MOST_LINES or max(map(len, lines)) > _LONGEST_LINE:
        return None
    coded = sum(POSTAL.search(line) is not None for line in lines)
    if coded > 1 or POSTAL.search(text) is None or any(_NUMBER.search(line) for line in lines):
        return None
    return [line.strip(" ,") for line in lines]


def _of_line(page: Page, block: Block, line: str, start: int) -> Iterator[Finding]:
    for match in _NUMBER.finditer(line):
        digits = sum(c.isdigit() for c in match.group())
        if (
            _FEWEST_DIGITS <= digits <= _MOST_DIGITS
            and (_CALLED.search(line[: match.start()]) or not _NO_PHONE.search(line[: match.start()]))
            and not _DATE.match(match.group())
        ):
            yield _finding(
                page, block, "phone", match.group().strip(), start + match.start(), start + match.end(), line
            )
    found = [m for m in (_STREET.search(line), POSTAL.search(line)) if m is not None]
    if not found or (_STREET.search(line) is None and find_money(line, page.content.language or "en")):
        return
    if len(line) <= _SHORT:
        label = _LABEL.match(line)
        begin = label.end() if label is not None else 0
        end = next(
            (m.start() for m in (_REACHED.search(line, begin), _NUMBER.search(line, begin)) if m is not None),
            len(line),
        )
    else:
        begin, end = min(m.start() for m in found), max(m.end() for m in found)
    address = line[begin:end].strip(" ,.;·–-")
    if address and end > begin:
        at = start + begin + line[begin:].index(address)
        yield _finding(page, block, "address", address, at, at + len(address), line)


def _section(page: Page, block: Block) -> str:
    """What stands under the same heading as the block, where that is little."""
    beside = [b for b in page.content.blocks if b.headings == block.headings and b.region is block.region]
    if not block.headings or len(beside) > _MOST_LINES:
        return ""
    return " ".join(page.words(b.start, b.end)[:_LONGEST] for b in beside)


def _finding(page: Page, block: Block, kind: str, value: str, start: int, end: int, line: str) -> Finding:
    heading = "" if block.region is Region.FOOTER else " ".join(block.headings[-1:])
    whole = page.words(block.start, block.end) if block.end - block.start <= _LONGEST else ""
    near = {"line": words_of(line), "heading": words_of(heading), "block": words_of(whole)}
    if kind == "phone":
        near["section"] = words_of(_section(page, block))
    return Finding(
        field="contact_points", value={"kind": kind, kind: value, **near}, url=page.url,
        snapshot_id=page.snapshot_id, start=start, end=end, quote=page.words(start, end), means=Means.WORDS,
        weight=1.0, on=page.fetched_at.date(),
    )  # fmt: skip


def at(findings: Iterable[Finding], kind: str, place: Iterable[str]) -> list[Finding]:
    """The one address or number that is told of a place; nothing where there are several, or none.

    Its own line tells first, then the lines beside it, the heading above, and what else stands below that.
    """
    wanted = set(place)
    of_kind = [f for f in findings if f.value["kind"] == kind]
    for nearness in ("line", "block", "heading", "section"):
        found = [
            f
            for f in of_kind
            if wanted <= set(f.value.get(nearness, ()))
            and (nearness == "line" or kind != "phone" or len(f.value["line"]) <= _BARE)
        ]
        if found:
            return found if len({squash(f.value[kind]) for f in found}) == 1 else []
    return []
