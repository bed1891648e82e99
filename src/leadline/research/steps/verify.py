"""Verify: does each claimed value stand in the words it cites, and are they this company's words?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from leadline.research.answer_types import AnswerType, answer_type, leaf_type
from leadline.research.answer_types.base import Support
from leadline.research.documents.hosts import same_site
from leadline.research.documents.names import names_subject
from leadline.research.documents.structured import number_of, value_of
from leadline.research.model import (
    BlockKind,
    CheckedClaim,
    Claim,
    Derivation,
    Draft,
    Evidence,
    Page,
    Passage,
    Provenance,
    Question,
    Unit,
    Verdict,
    Verification,
)
from leadline.research.profile.answering import bears_out
from leadline.research.questions import leaf_question
from leadline.research.readers.extractive.assertions import asserted
from leadline.research.readers.extractive.marks import marked, ticks
from leadline.research.steps.guard import Judgement, asks_of_present, judge
from leadline.research.values.computing import computed
from leadline.research.values.polarity import hedged


def verify(question: Question, draft: Draft, passages: Sequence[Passage], evidence: Evidence) -> Verification:
    """Check every claim and every conflicting claim of ``draft`` against the cited units."""
    units = {unit.number: (unit, passage) for passage in passages for unit in passage.units}
    return Verification(
        claims=tuple(_check(claim, question, units, evidence) for claim in draft.claims),
        conflicts=tuple(_check(claim, question, units, evidence) for claim in draft.conflicts),
    )


def _check(
    claim: Claim, question: Question, units: Mapping[int, tuple[Unit, Passage]], evidence: Evidence
) -> CheckedClaim:
    cited = [units[number] for number in claim.citations if number in units]
    if len(cited) != len(claim.citations) or not cited:
        return CheckedClaim(
            claim=claim, verdict=Verdict.CONTRADICTED, why="it cites words that were not given"
        )
    told: dict[int, str] = {}
    for unit, passage in cited:
        page = evidence.pages[unit.page]
        if not page.stands(unit):
            return CheckedClaim(
                claim=claim,
                verdict=Verdict.CONTRADICTED,
                why="the cited words do not stand in the stored page",
            )
        own = same_site(urlsplit(page.url).hostname or "", question.company.asked_host)
        if page.provenance is Provenance.OWN and not own:
            return CheckedClaim(
                claim=claim, verdict=Verdict.NOT_CHECKED, why="the cited page is not the company's own"
            )
        of_subject = _of_subject(question, unit, passage, page, own=own)
        if not of_subject.supports:
            return CheckedClaim(claim=claim, verdict=Verdict.NOT_CHECKED, why=of_subject.why)
        told[unit.number] = of_subject.told or unit.text
    if claim.derivation is Derivation.INFERRED:
        return CheckedClaim(claim=claim, verdict=Verdict.NOT_CHECKED, why="deduced, not stated")
    kind = answer_type(question.answer_type) if claim.path == "" else leaf_type(claim.value)
    if all(unit.script >= 0 for unit, _ in cited):
        stands = _is_stated(kind, claim.value, [unit.text for unit, _ in cited])
        why = (
            "the page's structured data states it"
            if stands
            else "the page's structured data states something else"
        )
        return CheckedClaim(
            claim=claim, verdict=Verdict.SUPPORTED if stands else Verdict.CONTRADICTED, why=why
        )
    words = [told[unit.number] for unit, _ in cited]
    around: list[str] = []
    if kind.around:
        headings = [unit.text for unit, _ in cited if _is_heading(unit, evidence)]
        words = [told[unit.number] for unit, _ in cited if not _is_heading(unit, evidence)]
        around = headings + [
            text for _, passage in cited for text in (*passage.headings, passage.context) if text
        ]
    if kind.links:
        words += [
            link.url
            for unit, _ in cited
            for link in evidence.pages[unit.page].content.links
            if unit.script < 0 and unit.start <= link.start and link.end <= unit.end
        ]
    asked = question if claim.path == "" else leaf_question(question, claim.path)
    support = _support(kind, claim.value, words, around, asked)
    if kind.yes_or_no and (ticked := _ticked(asked, [unit for unit, _ in cited], evidence)) is not None:
        same = ticked is claim.value
        support = Support(same, f"the table's cell says {'yes' if ticked else 'no'}")
    elif not support.holds and _heads_ticks(asked, claim.value, [unit for unit, _ in cited], evidence):
        support = Support(True, "it heads the columns that the row ticks")
    if support.holds is not True and claim.derivation is Derivation.DERIVED:
        how = computed(claim.value, words, question.asked_at)
        support = Support(True, f"the figure follows from the cited figures ({how})") if how else support
    if not support.holds and any(_by_cell(unit, evidence) for unit, _ in cited):
        # "60" and "400" of neighbouring cells are not the number 60 400.
        cells = [_by_cell(unit, evidence) or unit.text for unit, _ in cited]
        apart = _support(kind, claim.value, cells, around, asked)
        support = apart if apart.holds else support
    if not support.holds and not (kind.yes_or_no and support.holds is False):
        by_link = support.holds is False
        if bears_out(question, claim.value, [unit for unit, _ in cited], evidence, by_link=by_link):
            support = Support(True, "the profile, read anew off the page, says it in the cited words")
    verdict = Verdict.SUPPORTED if support.holds else Verdict.CONTRADICTED
    return CheckedClaim(
        claim=claim,
        verdict=Verdict.NOT_CHECKED if support.holds is None else verdict,
        why=support.why,
        # Of an object, lines are often cited for several members at once: another figure may be another member's.
        open=not (support.holds or (support.final and (claim.path == "" or support.holds is None))),
    )


def _of_subject(question: Question, unit: Unit, passage: Passage, page: Page, *, own: bool) -> Judgement:
    """Whether the words speak of the subject. The company's own pages are about it, not about each person at it."""
    if question.subject.person is not None:
        now = asks_of_present(question.text)
        return judge(question.subject, unit, passage, page, own=own, now=now)
    if page.provenance is Provenance.THIRD_PARTY and not names_subject(question.company, unit, passage, page):
        return Judgement(False, "the cited page is somebody else's and does not name the subject there")
    return Judgement(True)


def _ticked(question: Question, units: Sequence[Unit], evidence: Evidence) -> bool | None:
    """What the cell of a table of features says whose row and column the question names, if that is cited."""
    found = {
        marked(question, evidence.pages[unit.page], evidence.pages[unit.page].content.blocks[unit.block])
        for unit in units
        if unit.script < 0
    } - {None}
    return found.pop() if len(found) == 1 else None


def _heads_ticks(question: Question, value: Any, units: Sequence[Unit], evidence: Evidence) -> bool:
    """Whether the value is the heads of the columns that the cited row ticks, and the question asks for these."""
    for unit in units:
        page = evidence.pages[unit.page]
        heads = ticks(question, page, page.content.blocks[unit.block]) if unit.script < 0 else []
        if heads and value in (heads, ", ".join(heads)):
            return True
    return False


def _is_heading(unit: Unit, evidence: Evidence) -> bool:
    """A heading says what is below it about; it states nothing."""
    block = evidence.pages[unit.page].content.blocks[unit.block]
    return unit.script < 0 and block.kind in (BlockKind.HEADING, BlockKind.TITLE)


def _support(
    kind: AnswerType, value: Any, words: Sequence[str], around: Sequence[str], question: Question
) -> Support:
    """What the words say of the value; of a yes or no, what they assert. ``around``: headings, which say nothing."""
    if not kind.yes_or_no:
        return kind.support(value, words, question)
    said = [
        asserted(question, text, [w for w in (*words, *around) if w != text], names_here=True)
        for text in words
        if not text.rstrip().endswith("?")
    ]
    if (not value) in said and value not in said:
        return Support(False, "the cited words say the opposite")
    if value and value in said and hedged(question.text, words):
        return Support(None, "the cited words limit what they say")
    if value in said and (not value) not in said:
        return Support(True, "the cited words " + ("assert" if value else "deny") + " what is asked")
    return kind.support(value, words, question)


def _is_stated(kind: AnswerType, value: Any, words: Sequence[str]) -> bool:
    """Do JSON-LD members state the value? Amount and currency of a price are members of their own."""
    values = [value_of(text) for text in words]
    stated = [str(found) for found in values]

    def said(part: Any) -> bool:
        if isinstance(part, int | float) and not isinstance(part, bool) and part in map(number_of, values):
            return True
        return any(
            text == str(part) or (isinstance(part, int) and text.startswith(f"{part}-")) for text in stated
        )

    parts = kind.parts(value)
    if parts and all(map(said, parts)):
        return True
    return isinstance(value, str) and any(kind.equal(value, text) for text in stated)


def _by_cell(unit: Unit, evidence: Evidence) -> str:
    """The unit's cells set apart; empty when it is no row."""
    if unit.script >= 0:
        return ""
    page = evidence.pages[unit.page]
    cells = page.content.blocks[unit.block].cells
    return " | ".join(
        page.words(c.start, c.end) for c in cells if unit.start <= c.start and c.end <= unit.end
    )
