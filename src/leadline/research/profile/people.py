"""Who leads the company: a person's name beside a role, on pages that speak of its people."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from leadline.research.model import BlockKind, Page, Region
from leadline.research.profile.brand import Brand
from leadline.research.profile.model import Finding, Means

# On a start page people are mostly customers who praise it.
_WHERE = frozenset({"about", "team", "imprint", "contact", "legal", "careers"})
_NAME = r"(?:(?:Dr|Prof|Ing|Dipl|Mag)\.(?:-?\w+\.)? ?)*[A-ZÀ-ÞŁŚŻČŠŽ][\w'’-]+(?: [A-Z]\.)?(?: (?:van|von|de|der|den|da|di|del|la|le|bin|al))*(?: [A-ZÀ-ÞŁŚŻČŠŽ][\w'’-]+){1,2}"
_AREA = r"(?:[A-Z][\w-]+(?:(?: and| &| und| et|,)? [A-Z][\w-]+)*|[a-zà-ÿ]+(?: (?:et )?[a-zà-ÿ]+)??(?= and\b|[,.;]|$))"
_ROLE = (
    r"(?:(?:Co-?)?(?:[Ff]ounder|FOUNDER)(?: (?:and|&|und|et) (?:CEO|CTO|COO|Chief \w+ Officer|Chief Executive))?"
    r"|(?:Group |Interim )?C[EFTOMRPSI]OO?(?: (?:and|&|und|et) (?:[Cc]o-?)?[Ff]ounder)?|CISO"
    r"|Chief [A-Z]\w+(?: [A-Z]\w+)? Officer|Chief [a-z]+(?: [a-z]+)? officer|Chief of Staff|Executive Director|Managing Directors?"
    rf"|President|Vice [Pp]resident(?: of {_AREA})?|VP (?:of )?[A-Z]\w+|(?:Managing|Senior) Partner|[Cc]hief [Ee]xecutive(?: [Oo]fficer)?"
    r"|General Counsel|Geschäftsführer(?:in|innen)?|Geschäftsführung|Vorstand(?:svorsitzende[r]?)?|Vorstandsvorsitz|Inhaber(?:in)?|Gründer(?:in)?"
    r"|PDG|Président(?:e)?(?:-directeur général)?|Directeur général|Directrice générale|Gérante?|Fondateur|Fondatrice"
    rf"|[A-Z]\w+ Director|Director of {_AREA}|Leit(?:er|erin|ung) (?:der |des )?{_AREA}|Responsable (?:de la |des |du |de )?{_AREA}|Direct(?:eur|rice) (?:de la |des |du |de )?{_AREA}"
    rf"|Amministratore delegato|Director General|Consejero delegado|[Hh]ead of {_AREA})"
)
_NAME_ROLE = re.compile(rf"^({_NAME})\s*(?:,|[-–—|:(]|\n|\bis (?:our|the)\b)\s*(?:our )?({_ROLE})\b")
_NAME_THEN_ROLE = re.compile(rf"^({_NAME}) ({_ROLE})$")  # as two elements side by side become one line
# Who represents a company by law: on an imprint.
_REPRESENTED = r"(?:(?:[Gg]esetzlich )?[Vv]ertreten durch|[Vv]ertretungsberechtigte?\w*|[Rr]epresented by|[Rr]eprésentée? par)"
_ROLE_NAMES = re.compile(
    rf"^\W*(?:\w+ )?({_ROLE}|{_REPRESENTED})(?: \w+)?\s*[:\-–—]\s*({_NAME}(?:(?:, | und | and | et | & ){_NAME}){{0,6}})"
)
_NAMED = re.compile(rf"^({_NAME})\s?[:–—]\s?[A-ZÀ-Þ][\w&/., -]{{2,60}}$")
FEWEST_IN_LIST = 3
_WHOLE_NAME = re.compile(rf"^{_NAME}$")
_WHOLE_ROLE = re.compile(
    rf"^({_ROLE})\b[^.!?]{{0,50}}(?:\.(?: .*)?)?$"
)  # a sentence about them may come after it
_OURS = re.compile(rf"\b(?:[Oo]ur|[Uu]nser\w*|[Nn]otre) ({_ROLE}),? ({_NAME})")
_OF_OURS = re.compile(rf"({_NAME}), (?:our|unser\w*|notre) ({_ROLE})\b")
_NOT_THERE = frozenset(
    {"customers", "news", "partners", "docs"}
)  # others' leaders are introduced there, or former ones
# A heading over the names of those who lead.
_LEADERS = re.compile(
    r"(?:Our |Unsere? |Notre |The )?(?:Board of Directors|Directors|Managing Directors|Management|Vorstand|Geschäftsführung|Geschäftsleitung|Executive (?:Team|Board)|Direction)"
)
_ITEM = re.compile(rf"^({_NAME})(?:\s*(?:\(([^)]{{2,40}})\)|[,–-]\s*(.{{2,40}})))?$")
_PARTS = re.compile(r"(?<=[\w)]{2}[.;])(?<!Dr\.)(?<!Mag\.)(?<!Ing\.)(?<!Prof\.)(?<!Dipl\.) (?=[A-ZÀ-Þ])")
_SPLIT = re.compile(r", | und | and | et | & ")
_TITLE = re.compile(r"^(?:(?:Dr|Prof|Ing|Dipl|Mag)\.(?:-?\w+\.)? ?)+")
_NO_MORE = re.compile(
    r"\b(?:former|ex-|previously|ehemalig|(?:until|bis|jusqu['’]en) (?:19|20)\d\d)|(?:19|20)\d\d ?[–-] ?(?:19|20)\d\d",
    re.IGNORECASE,
)
_SIGNED = 0.7  # of a post's text comes before its signature
_MOST_OF_BLOCK = 2_000  # characters that are looked through for sentences
_MOST_OF_LINE = 160
# Words with capitals that are no names of people.
_NO_NAME = re.compile(
    r"\b(?:The|Our|Team|About|Us|Company|Board|Leadership|Management|Inc|GmbH|Ltd|University|Group|Foundation|Contact|"
    r"Read|Learn|More|Open|Source|Chief|Officer|Director|President|Head|Vice|Founder|Policy|Office|Street|Data|Privacy)\b"
)


def find(page: Page, brand: Brand) -> Iterator[Finding]:
    where = brand.kind(page.url)
    if where not in _NOT_THERE:
        yield from _in_sentences(page, brand)
    lines = list(_lines(page))
    if where not in _WHERE and where != "news":
        if where not in _NOT_THERE:
            yield from _in_a_list(page, lines, brand)
        return
    if where == "news":  # who signs a post with nothing but a role has it here
        lines = [line for line in lines if line[0] > _SIGNED * len(page.content.text)]
    else:
        yield from _in_rows(page, brand)
        yield from _below_a_heading(page)
    for index, (start, text) in enumerate(lines):
        if where != "news":
            for begin, part in _parts(start, text):
                yield from _of_line(page, begin, part, brand)
        if index + 1 < len(lines) and _WHOLE_NAME.match(text) and not _NO_NAME.search(text):
            below_start, below = lines[index + 1]
            role = _WHOLE_ROLE.match(below)
            if role is not None and not _elsewhere(below[role.end(1) :], brand):
                yield _finding(page, start, below_start + len(below), text, role[1])


def _parts(start: int, text: str) -> Iterator[tuple[int, str]]:
    """The sentences of a line, with their places: "FN 218845 k. Geschäftsführerin: Ada Quist." """
    place = 0
    for part in _PARTS.split(text):
        at = text.index(part, place)
        yield start + at, part
        place = at + len(part)


def _below_a_heading(page: Page) -> Iterator[Finding]:
    """Names one below the other under "Directors": the heading is their role, and what stands behind a name their part."""
    for block in page.content.blocks:
        if block.kind is not BlockKind.LIST_ITEM or not block.headings:
            continue
        heading = _LEADERS.fullmatch(block.headings[-1].strip())
        item = _ITEM.match(page.words(block.start, block.end).strip())
        if heading is not None and item is not None and not _NO_NAME.search(item[1]):
            role = ", ".join(filter(None, (heading.group(), item[2] or item[3])))
            yield _finding(page, block.start, block.end, item[1], role)


def _in_a_list(page: Page, lines: Sequence[tuple[int, str]], brand: Brand) -> Iterator[Finding]:
    """Lines one below the other that each give a name and what this person does: whoever's page it is has them."""
    run: list[tuple[int, str]] = []
    for start, line in [*lines, (0, "")]:
        match = _NAMED.match(line)
        if match is not None and not _NO_NAME.search(match[1]):
            run.append((start, line))
            continue
        if len(run) >= FEWEST_IN_LIST:
            for begin, text in run:
                yield from _of_line(page, begin, text, brand)
        run = []


def _in_rows(page: Page, brand: Brand) -> Iterator[Finding]:
    """A row with a person in one cell and a role in another."""
    for block in page.content.blocks:
        cells = [page.words(c.start, c.end).strip() for c in block.cells[:8]]
        names = [c for c in cells if _WHOLE_NAME.match(c) and not _NO_NAME.search(c)]
        roles = [m for c in cells if (m := _WHOLE_ROLE.match(c)) and not _elsewhere(c[m.end(1) :], brand)]
        if len(names) == len(roles) == 1 and block.region is not Region.HIDDEN:
            yield _finding(page, block.start, block.end, names[0], roles[0][1])


def _in_sentences(page: Page, brand: Brand) -> Iterator[Finding]:
    """ "Our CEO Ada Quist", "Ada Quist, CEO of Norrwerk"."""
    of_us = re.compile(
        rf"({_NAME})[),]{{0,2}} (?:(?:is|am|ist|est|our|the|unser|der|die|le|la) ){{0,2}}({_ROLE}),? (?:of|at|von|bei|de|chez) {re.escape(brand.name or chr(0))}\b"
    )
    for block in page.content.blocks:
        if block.kind is BlockKind.QUOTE or block.region is Region.HIDDEN:
            continue
        text = page.words(block.start, min(block.end, block.start + _MOST_OF_BLOCK))
        for match, name, role in (
            *((m, m[2], m[1]) for m in _OURS.finditer(text)),
            *((m, m[1], m[2]) for pattern in (_OF_OURS, of_us) for m in pattern.finditer(text)),
        ):
            before = text[max(0, match.start() - 20) : match.start()]
            if not _NO_NAME.search(name) and not re.search(r"\b(?:former|ex|then|previous)\W*$", before):
                yield _finding(page, block.start + match.start(), block.start + match.end(), name, role)


def _lines(page: Page) -> Iterator[tuple[int, str]]:
    """Short lines outside quotations, with their places."""
    for block in page.content.blocks:
        if block.kind is BlockKind.QUOTE or block.region is Region.HIDDEN:
            continue
        start = block.start
        for line in page.words(block.start, block.end).split("\n"):
            if line.strip() and len(line) <= _MOST_OF_LINE:
                yield start, line
            start += len(line) + 1


def _of_line(page: Page, start: int, text: str, brand: Brand) -> Iterator[Finding]:
    match = _NAME_ROLE.match(text) or _NAME_THEN_ROLE.match(text)
    if match is not None and not _NO_NAME.search(match[1]):
        if not _elsewhere(text[match.end() :], brand):
            yield _finding(page, start, start + match.end(), match[1], match[2])
    elif (match := _ROLE_NAMES.match(text)) is not None:
        for name in _SPLIT.split(match[2]):
            if _WHOLE_NAME.match(name) and not _NO_NAME.search(name):
                yield _finding(page, start, start + match.end(), name, match[1])


def _elsewhere(after: str, brand: Brand) -> bool:
    """Whether a role is one at another organisation: "CEO, Somebody Else", "President at ...", "former"."""
    at = re.search(
        r"(?:(?:,|\bat\b|\bof\b|\bbei\b|\bchez\b)\s+(?:the )?(?=[A-Z])|@\s*)([\w.&'’ -]{1,40})", after
    )
    return bool(_NO_MORE.search(after)) or (at is not None and not brand.speaks(at[1]))


def _finding(page: Page, start: int, end: int, name: str, role: str) -> Finding:
    return Finding(
        field="leadership", value={"name": _TITLE.sub("", name).strip(), "role": role.strip()}, url=page.url,
        snapshot_id=page.snapshot_id, start=start, end=end, quote=page.words(start, end), means=Means.WORDS,
        weight=1.0, on=page.content.published_on or page.fetched_at.date(),
    )  # fmt: skip
