"""Statements about a person that stand on pages, each judged by the guard before it is taken.

Words count when they name the person, or stand under the person's name; whatever the guard refuses is left out, and
those of it that hold the name are told with the reason. The last look is at the company's own description of a position
with the person's title, which tells of the position and says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from leadline.research.documents.persons import Form, PersonName
from leadline.research.documents.units import page_units, passages
from leadline.research.model import (
    BlockKind,
    Evidence,
    Page,
    Passage,
    Provenance,
    Region,
    Subject,
    Unit,
)
from leadline.research.profile.pages import kind
from leadline.research.reports.contacts import contact_points
from leadline.research.reports.model import Basis, Findings, Rejected, Section, Statement, proof_of
from leadline.research.reports.wording import (
    heads_tasks,
    quotes_speech,
    same_title,
    tells_career,
    tells_responsibility,
    tells_role,
    tells_team,
)
from leadline.research.steps.guard import NEAR, judge

MOST = 6  # statements of a section
MOST_REJECTED = 5
MOST_TASKS = 8  # of a job post
RECENT = timedelta(days=365)
_CARD = 12  # words of a line under a name that is shown together with it
_LONGEST_CARD = 240  # characters


class _Judged(NamedTuple):
    """A statement that may support a claim; ``present``: also one about the person's position now."""

    unit: Unit
    passage: Passage
    page: Page
    named: bool  # the words themselves name the person
    present: bool


def findings(subject: Subject, pages: Sequence[Page], titles: Sequence[str], today: date) -> Findings:
    """What the pages tell. ``titles``: of the position that the person is said to hold."""
    assert subject.person is not None
    name = PersonName(subject.person.name)
    named = [page for page in pages if _names(page, name)]
    rejected: dict[str, Rejected] = {}
    taken: list[_Judged] = []
    for one in _candidates(subject, named, name):
        if isinstance(one, Rejected):
            rejected.setdefault(one.quote, one)
        else:
            taken.append(one)
    found: list[Statement] = []
    for judged in taken:
        found += _sections(judged, name, today)
    found += _quotations(subject, named, name)
    found += contact_points(subject, named)
    found += [task for page in pages for task in _tasks(page, titles)][:MOST_TASKS]
    statements = tuple(_best(found))
    used = {statement.quote for statement in statements}
    return Findings(
        statements=statements,
        rejected=tuple(r for r in rejected.values() if r.quote not in used)[:MOST_REJECTED],
        named_on=len(named),
    )


def _names(page: Page, name: PersonName) -> bool:
    own, language = page.provenance is Provenance.OWN, page.content.language
    texts = (page.content.title, page.content.text, *page.content.structured)
    return any(name.mentions(text, language=language, own=own) for text in texts)


def _candidates(subject: Subject, pages: Sequence[Page], name: PersonName) -> Iterator[_Judged | Rejected]:
    mentioning = [_mentioning(page, name) for page in pages]
    for passage in passages(Evidence(pages=tuple(pages))):
        page, near = pages[passage.page], mentioning[passage.page]
        own = page.provenance is Provenance.OWN
        for unit in passage.units:
            named = _mentions(unit.text, page, name)
            if not named and unit.script < 0 and not _may_be_headed(unit, page, passage, near, name):
                continue
            verdict = judge(subject, unit, passage, page, own=own, now=False)
            if verdict.supports:
                present = judge(subject, unit, passage, page, own=own, now=True).supports
                yield _Judged(unit, passage, page, named, present)
            elif named and unit.script < 0:
                yield Rejected(quote=unit.text[:300], url=page.url, why=verdict.why)


def _mentions(text: str, page: Page, name: PersonName) -> bool:
    own = page.provenance is Provenance.OWN
    return bool(name.mentions(text, language=page.content.language, own=own))


def _mentioning(page: Page, name: PersonName) -> set[int]:
    """The blocks that name the person."""
    return {
        index
        for index, block in enumerate(page.content.blocks)
        if _mentions(page.words(block.start, block.end), page, name)
    }


def _may_be_headed(unit: Unit, page: Page, passage: Passage, near: set[int], name: PersonName) -> bool:
    """Whether it is worth asking if the person heads these words. What frames a page is headed by nobody."""
    block = page.content.blocks[unit.block]
    if block.region is not Region.MAIN or block.kind is BlockKind.HEADING:
        return False
    if any(index in near for index in range(unit.block - NEAR, unit.block)):
        return True
    return any(
        _mentions(text, page, name) for text in (*block.headings, *passage.headings, page.content.title)
    )


# ------------------------------------------------------------------ sections


def _sections(judged: _Judged, name: PersonName, today: date) -> Iterator[Statement]:
    unit, page = judged.unit, judged.page
    if unit.script >= 0:
        yield from _of_structured(judged)
        return
    text = unit.text
    if judged.named and quotes_speech(text):
        yield _statement(Section.PUBLIC_STATEMENTS, judged)
    else:
        career = tells_career(text)
        if career:
            yield _statement(Section.CAREER, judged)
        if judged.present and tells_responsibility(text):
            yield _statement(Section.LIKELY_RESPONSIBILITIES, judged)
        if judged.present and tells_team(text):
            yield _statement(Section.TEAM, judged)
        if judged.present and not career and tells_role(text) and (judged.named or _is_card(text)):
            yield _statement(Section.CURRENT_ROLE, judged, name)
    published = page.content.published_on
    if judged.named and published is not None and today - RECENT <= published <= today:
        yield _statement(Section.RECENT_ACTIVITY, judged)


_OF_STRUCTURED = {
    '"jobTitle"': Section.CURRENT_ROLE,
    '"hasOccupation"': Section.CURRENT_ROLE,
    '"alumniOf"': Section.CAREER,
    '"description"': Section.CAREER,
}


def _of_structured(judged: _Judged) -> Iterator[Statement]:
    text = judged.unit.text
    section = next((s for key, s in _OF_STRUCTURED.items() if text.lstrip().startswith(key)), None)
    if section is not None and (judged.present or section is not Section.CURRENT_ROLE):
        yield _statement(section, judged)


def _is_card(text: str) -> bool:
    return len(text.split()) <= _CARD


def _statement(section: Section, judged: _Judged, name: PersonName | None = None) -> Statement:
    unit, page = judged.unit, judged.page
    start, end = unit.start, unit.end
    if name is not None and not judged.named:  # shown with the name that stands above it
        for block in reversed(page.content.blocks[max(0, unit.block - NEAR) : unit.block]):
            if (
                _mentions(page.words(block.start, block.end), page, name)
                and end - block.start <= _LONGEST_CARD
            ):
                start = block.start
                break
    return Statement(
        section=section,
        quote=unit.text if unit.script >= 0 else page.words(start, end),
        url=page.url,
        title=page.content.title,
        proof=proof_of(page, start, end, unit.script),
        on=page.content.published_on,
    )


def _quotations(subject: Subject, pages: Sequence[Page], name: PersonName) -> Iterator[Statement]:
    """Quotations that are signed with the person's name: a quote whose next words are the name."""
    for index, page in enumerate(pages):
        blocks = page.content.blocks
        own = page.provenance is Provenance.OWN
        for place, block in enumerate(blocks[:-1]):
            if block.kind is not BlockKind.QUOTE or block.end - block.start < 12:
                continue
            below = blocks[place + 1]
            signature = page.words(below.start, below.end)
            mentions = name.mentions(signature, language=page.content.language, own=own)
            if (
                not mentions
                or mentions[0].form is not Form.WHOLE
                or mentions[0].start > 3
                or len(signature) > 120
            ):
                continue
            unit = Unit(
                number=0, page=index, block=place + 1, start=below.start, end=below.end, text=signature
            )
            passage = Passage(
                page=index, url=page.url, title=page.content.title, headings=below.headings, units=(unit,)
            )
            if judge(subject, unit, passage, page, own=own, now=False).supports:
                yield Statement(
                    section=Section.PUBLIC_STATEMENTS,
                    quote=page.words(block.start, block.end),
                    url=page.url,
                    title=page.content.title,
                    proof=proof_of(page, block.start, block.end),
                    on=page.content.published_on,
                )


def _tasks(page: Page, titles: Sequence[str]) -> Iterator[Statement]:
    """The tasks of a position with the person's title, as the company's own job post lists them."""
    if page.provenance is not Provenance.OWN or kind(page.url) != "careers":
        return
    heads = {
        page.words(block.start, block.end)
        for block in page.content.blocks
        if block.kind is BlockKind.HEADING and block.level <= 2
    }
    if not any(same_title(title, head) for title in titles for head in heads):
        return
    for unit in page_units(0, page):
        block = page.content.blocks[unit.block]
        if block.kind is BlockKind.LIST_ITEM and any(heads_tasks(head) for head in block.headings[-2:]):
            yield Statement(
                section=Section.LIKELY_RESPONSIBILITIES,
                quote=unit.text,
                url=page.url,
                title=page.content.title,
                basis=Basis.ROLE,
                proof=proof_of(page, unit.start, unit.end),
            )


def _best(found: Sequence[Statement]) -> Iterator[Statement]:
    """The same words once in a section, and so many of each; what is dated, newest first."""
    for section in Section:
        seen: set[str] = set()
        pages: set[str] = set()
        kept = [one for one in found if one.section is section]
        if section in (Section.RECENT_ACTIVITY, Section.PUBLIC_STATEMENTS):
            kept.sort(key=lambda one: one.on or date.min, reverse=True)
        for one in kept:
            words = " ".join(one.quote.split()).casefold()
            if words in seen or (section is Section.RECENT_ACTIVITY and one.url in pages):
                continue
            seen.add(words)
            pages.add(one.url)
            yield one
            if len(seen) >= (MOST_TASKS if section is Section.LIKELY_RESPONSIBILITIES else MOST):
                break
