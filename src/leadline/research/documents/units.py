"""Canonical text to what readers cite (units) and what is ranked (passages)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from leadline.research.documents.structured import facts
from leadline.research.model import Block, BlockKind, Evidence, Page, Passage, Unit

TARGET_WORDS = 100  # a passage is closed when the next block would take it beyond
MOST_WORDS = 140
SMALL = 40  # words below which a section is read together with its neighbours
LONG_UNIT = 60  # words from which a list item, row or definition is cited by the sentence
# Rules look at a unit many times over, so what one costs grows faster than its length.
MOST_CHARACTERS = 800  # of a unit; a longer sentence is cited in pieces
MOST_OF_PASSAGE = 6_000  # characters
MOST_UNITS = 80  # of a passage
MOST_UNITS_OF_PAGE = 10_000  # of a longer page the rest is not ranked
_BY_SENTENCE = (BlockKind.PARAGRAPH, BlockKind.QUOTE, BlockKind.CODE)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_BOILERPLATE_PAGES = 3  # a block on more pages than this is read once

# ------------------------------------------------------------------ sentences

_COMMON = """mr mrs ms mx dr prof st jr sr vs etc inc ltd corp co llc dept est fig no nos vol pp ed eds cf al
approx ca e.g i.e u.s u.k u.n a.m p.m ph.d jan feb mar apr jun jul aug sep sept oct nov dec rev gen col sgt
capt gov sen rep hon min max avg resp incl excl tel ext""".split()
_BY_LANGUAGE = {
    "de": """z.b d.h u.a bzw ca nr str usw vgl evtl ggf inkl zzgl bspw sog gem abs art s.o s.u mio mrd tsd
    dipl ing hr fr i.d.r o.ä u.ä o.g""".split(),
    "fr": "m mm mme mlle env p.ex cf av bd éd ex art".split(),
    "es": "sr sra sres ud uds p.ej av avda art núm pág ee.uu".split(),
    "it": "sig sigg dott ing avv ecc art pag p.es n".split(),
    "pt": "sr sra exmo av art pág núm p.ex".split(),
    "nl": "bijv d.w.z m.b.t o.a enz nr dhr mevr ca".split(),
}
_ABBREVIATIONS = {code: frozenset(_COMMON + words) for code, words in _BY_LANGUAGE.items()}
_DEFAULT_ABBREVIATIONS = frozenset(_COMMON)
# After these a new sentence may begin all the same: "We are Acme Inc. Our office ..."
_MAY_END = frozenset("inc ltd corp co llc etc jr sr a.m p.m u.s u.k ph.d al usw enz ecc".split())
# Only before a number: "no. 5", but "She said no."
_BEFORE_NUMBER = frozenset("no nos fig vol p pp art nr núm".split())
_STARTERS = frozenset(
    """the a an we our it its this that these those in on at for with you your they their there he she his her
    if when while as from by to all both each more since after before also however today contact please der
    die das wir unser unsere es ein eine im in für mit le la les nous notre il elle el los las nosotros
    nuestro""".split()
)
# The set of characters stands first, so that the search passes over all others at once; a run of stops is one, and is
# tried at its first only.
_STOP = re.compile(
    r"([.!?…。！？](?:(?<=[。！？])|(?<![.!?…].)[.!?…]*+))([\"'”’»)\]]*+)(?=\s|$|(?<=[。！？]))"
)
_WORD_EDGE = re.compile(r"[\s(\[\"'“‘«]")
_NO_WORD = re.compile(r"\W")
_INITIALS = re.compile(r"(?:[A-Za-zÀ-ÿ]\.)+[A-Za-zÀ-ÿ]")
_OPENERS = "\"'“‘«([¿¡—–-•"
_NEAR = 100  # characters around a full stop that tell whether it ends a sentence


def split_sentences(text: str, language: str = "en") -> list[tuple[int, int]]:
    """Start and end of every sentence of ``text``. A newline always ends one.

    A full stop ends none after an abbreviation, an initial or an ordinal number that is followed by a
    lower-case word or a digit, nor inside numbers and addresses.
    """
    spans: list[tuple[int, int]] = []
    offset = 0
    for line in text.split("\n"):
        start, length = 0, len(line)
        for match in _STOP.finditer(line):
            end = match.end()
            if end < length and not _ends_sentence(line, match, language):
                continue
            _add_trimmed(spans, line, start, end, offset)
            start = end
        if start < length:
            _add_trimmed(spans, line, start, length, offset)
        offset += length + 1
    return spans


def _add_trimmed(spans: list[tuple[int, int]], line: str, start: int, end: int, offset: int) -> None:
    while start < end and line[start].isspace():
        start += 1
    while end > start and line[end - 1].isspace():
        end -= 1
    if end > start:
        spans.append((offset + start, offset + end))


def _ends_sentence(line: str, match: re.Match[str], language: str) -> bool:
    end = match.end()
    rest = line[end : end + _NEAR].lstrip()
    if not rest:
        return True
    following = rest.lstrip(_OPENERS)
    first = following[:1]
    stop = match[1]
    if stop != ".":
        return not (first.islower() and stop in ("...", "…", "!"))
    if not first or first.islower():
        return False
    word = _word_before(line, match.start())
    bare = word.lower().rstrip(".")
    if bare in _BEFORE_NUMBER and not first.isdigit():
        return True
    if bare in _ABBREVIATIONS.get(language, _DEFAULT_ABBREVIATIONS):
        next_word = _NO_WORD.split(following, maxsplit=1)[0]
        return bare in _MAY_END and next_word.lower() in _STARTERS and first.isupper()
    if len(word) == 1 and word.isalpha() and word.isupper():
        return False  # an initial: "J. Smith"
    if "." in word and _INITIALS.fullmatch(word):
        return False  # "S.p.A", "B.V"
    if language in ("de", "da", "no", "fi", "cs") and word.isdigit() and len(word) <= 2:
        return False  # an ordinal: "am 3. Mai"
    return not (word.isdigit() and len(word) <= 2 and match.start() - len(word) == 0)  # "1. First step"


def _word_before(line: str, end: int) -> str:
    """What stands directly before ``end``, back to a space, a bracket or a quotation mark."""
    word = line[max(0, end - _NEAR) : end].rpartition(" ")[2]
    return word if word.isalnum() else _WORD_EDGE.split(word)[-1]


# ------------------------------------------------------------------ units


def block_units(page_index: int, page: Page, block_index: int, first_number: int) -> list[Unit]:
    """The citable pieces of one block, numbered from ``first_number``.

    Paragraphs, quotes and code go by the sentence. List items, table rows, definitions and headings are cited
    whole, unless they are long: then by the sentence too. No unit is longer than MOST_CHARACTERS.
    """
    content = page.content
    block = content.blocks[block_index]
    offset = block.start
    text = content.text[offset : block.end]
    if block.kind in _BY_SENTENCE or text.count(" ") >= LONG_UNIT:
        spans = split_sentences(text, content.language)
    else:
        spans = [(0, len(text))]
    if len(text) > MOST_CHARACTERS:
        spans = [piece for span in spans for piece in _pieces(text, *span)]
    units = []
    for number, (start, end) in enumerate(spans, start=first_number):
        begin = offset + start
        words = text[start:end]
        units.append(
            Unit(number=number, page=page_index, block=block_index, start=begin, end=offset + end, text=words)
        )
    return units


def _pieces(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The span in pieces of at most MOST_CHARACTERS, cut at a space where there is one."""
    while end - start > MOST_CHARACTERS:
        limit = start + MOST_CHARACTERS
        space = text.rfind(" ", start + 1, limit + 1)
        cut = space if space > 0 else limit
        yield start, cut
        start = cut + (space > 0)
    if end > start:
        yield start, end


def page_units(page_index: int, page: Page, first_number: int = 1) -> list[Unit]:
    """The citable pieces of a whole page in reading order."""
    units: list[Unit] = []
    for index in range(len(page.content.blocks)):
        units += block_units(page_index, page, index, first_number + len(units))
    return units


# ------------------------------------------------------------------ passages


def passages(evidence: Evidence) -> list[Passage]:
    """All passages of all pages, in reading order; units are numbered through from 1.

    A passage is a run of neighbouring blocks under one heading, in one region, of about 60 to 140 words.
    Words that stand on many pages of the site (menus, footers, banners) are read where they stand first.
    """
    repeated = _repeated(evidence.pages)
    seen: set[str] = set()
    scripts: set[str] = set()
    result: list[Passage] = []
    number = 1
    for page_index, page in enumerate(evidence.pages):
        blocks, text = page.content.blocks, page.content.text
        kept: Sequence[int] = range(len(blocks))
        if repeated:
            kept = []
            for index, block in enumerate(blocks):
                words = text[block.start : block.end]
                if words in repeated:
                    if words in seen:
                        continue
                    seen.add(words)
                kept.append(index)
        last = number + MOST_UNITS_OF_PAGE
        for run in _runs(page, kept):
            units: list[Unit] = []
            for index in run:
                units += block_units(page_index, page, index, number + len(units))
            number += len(units)
            result += [_passage(page_index, page, run, part) for part in _parts_of_passage(units)]
            if number > last:
                break
        for script, source in enumerate(page.content.structured):
            if source in scripts:
                continue
            scripts.add(source)
            stated = _structured(page_index, page, script, number)
            number += sum(len(passage.units) for passage in stated)
            result += stated
    return result


def _parts_of_passage(units: Sequence[Unit]) -> Iterator[Sequence[Unit]]:
    """The units of a run, in several passages when they are too much for one."""
    if units and len(units) <= MOST_UNITS and units[-1].end - units[0].start <= MOST_OF_PASSAGE:
        yield units  # no longer than from where it begins to where it ends
        return
    first = length = 0
    for index, unit in enumerate(units):
        length += len(unit.text)
        if index > first and (length > MOST_OF_PASSAGE or index - first >= MOST_UNITS):
            yield units[first:index]
            first, length = index, len(unit.text)
    if first < len(units):
        yield units[first:]


def _structured(page_index: int, page: Page, script: int, number: int) -> list[Passage]:
    """The facts of one JSON-LD script, a passage for each of its outermost objects' kinds."""
    result: list[Passage] = []
    for types, group in groupby(facts(page.content.structured[script]), key=lambda fact: fact.types[:1]):
        units = []
        told: dict[str, None] = {}
        for fact in group:
            told |= dict.fromkeys(_CAMEL.sub(" ", key).lower() for key in fact.path)
            words = page.content.structured[script][fact.start : fact.end]
            place = Unit(
                number=number,
                page=page_index,
                block=-1,
                start=fact.start,
                end=fact.end,
                text=words,
                script=script,
            )
            units.append(place)
            number += 1
        result.append(
            Passage(
                page=page_index,
                url=page.url,
                title=page.content.title,
                headings=types,
                units=tuple(units),
                kind=BlockKind.STRUCTURED,
                context=", ".join(told),
            )
        )
    return result


def _repeated(pages: Sequence[Page]) -> frozenset[str]:
    """Words of blocks that stand on more than a few pages."""
    if len(pages) <= _BOILERPLATE_PAGES:
        return frozenset()
    counts: dict[str, int] = {}
    for page in pages:
        text = page.content.text
        for words in {text[block.start : block.end] for block in page.content.blocks}:
            counts[words] = counts.get(words, 0) + 1
    return frozenset(words for words, count in counts.items() if count > _BOILERPLATE_PAGES and " " in words)


def _runs(page: Page, kept: Sequence[int]) -> Iterator[list[int]]:
    """Blocks that belong together, in runs of a passage's length."""
    blocks, count = page.content.blocks, page.content.text.count
    run: list[int] = []
    words = 0
    for index in kept:
        block = blocks[index]
        length = count(" ", block.start, block.end) + 1
        if run and (words + length > MOST_WORDS or _parts(blocks[run[-1]], block, words, blocks[run[0]])):
            yield run
            run, words = [], 0
        run.append(index)
        words += length
        if words >= TARGET_WORDS and block.kind is not BlockKind.HEADING:
            yield run
            run, words = [], 0
    if run:
        yield run


def siblings_of(block: Block) -> tuple[str, ...]:
    return block.headings if block.kind is BlockKind.HEADING else block.headings[:-1]


def _parts(last: Block, block: Block, words: int, first: Block) -> bool:
    """Does a new passage begin at ``block``, behind the run from ``first`` to ``last``?"""
    if last.region is not block.region:
        return True
    if block.kind is BlockKind.HEADING:
        # Headings that follow each other at once belong to the same text below them.
        if last.kind is BlockKind.HEADING and block.level > last.level:
            return False
        # Small neighbours (cards, short questions and answers) are read together.
        return words >= SMALL or block.headings != siblings_of(first)
    if last.kind is BlockKind.HEADING:
        return False
    if block.headings != last.headings:
        return block.headings[:-1] != siblings_of(first) or words >= SMALL
    table = block.kind is BlockKind.TABLE_ROW
    if table != (last.kind is BlockKind.TABLE_ROW):
        return words >= 60
    return table and block.group != last.group


def _passage(page_index: int, page: Page, run: Sequence[int], units: Sequence[Unit]) -> Passage:
    blocks = page.content.blocks
    body = next(
        (blocks[index] for index in run if blocks[index].kind is not BlockKind.HEADING), blocks[run[0]]
    )
    headings = body.headings
    return Passage(
        page=page_index,
        url=page.url,
        title=page.content.title,
        headings=headings,
        units=tuple(units),
        kind=body.kind,
        context=_context(page, run),
    )


def _context(page: Page, run: Sequence[int]) -> str:
    """Words that a reader needs beside the passage: what introduces its list, what heads its table."""
    blocks = page.content.blocks
    parts: list[str] = []
    for index in run:
        block = blocks[index]
        if block.intro >= 0 and block.intro not in run:
            words = " ".join(page.words(blocks[block.intro].start, blocks[block.intro].end).split())
            parts.append(words if len(words) <= 300 else "… " + words[-300:])
        if block.kind is BlockKind.TABLE_ROW:
            if block.caption:
                parts.append(block.caption)
            headers = [cell.header for cell in block.cells if cell.header]
            if headers:
                parts.append(" | ".join(headers))
    return "\n".join(dict.fromkeys(parts))
