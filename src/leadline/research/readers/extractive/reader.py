"""ExtractiveReader: answers without a language model, by rules, and abstains rather than guess."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

from leadline.research.answer_types import answer_type
from leadline.research.model import Claim, Derivation, Draft, Evidence, Passage, Question, Unit
from leadline.research.profile import answering as profile
from leadline.research.profile.meaning import settles
from leadline.research.profile.model import Told
from leadline.research.profile.things import words_of
from leadline.research.readers.extractive import NAME, PASSAGE_LIMIT, structured
from leadline.research.readers.extractive.choosing import Choice, choose
from leadline.research.readers.extractive.confidence import basis, confidence
from leadline.research.readers.extractive.generators import GENERATORS
from leadline.research.readers.extractive.scene import address_words
from leadline.research.readers.extractive.telling import tell


class ExtractiveReader:
    """Implements ``research.ports.Reader``."""

    name = NAME
    passage_limit = PASSAGE_LIMIT

    async def read(self, question: Question, passages: Sequence[Passage], evidence: Evidence) -> Draft:
        return await asyncio.to_thread(self.answer, question, passages, evidence)

    def choice(self, question: Question, passages: Sequence[Passage], evidence: Evidence) -> Choice:
        """What is chosen among everything that the rules find, or why nothing is."""
        kind = answer_type(question.answer_type)
        generate = GENERATORS.get(question.answer_type, _nothing)
        found = [
            *generate(question, passages, evidence),
            *structured.candidates(question, passages, evidence),
        ]
        return choose(kind.equal, found)

    def answer(self, question: Question, passages: Sequence[Passage], evidence: Evidence) -> Draft:
        """The draft, without awaiting: the rules compute and wait for nothing."""
        if (told := profile.answer(question, evidence)) is not None:
            drafted = self._of_profile(told, passages, evidence)
            if drafted is not None:
                return drafted
        choice = self.choice(question, passages, evidence)
        refused = "" if choice.value is None else _refused(question, choice, evidence)
        if choice.value is None or refused:
            rejected = choice.candidates[:1]
            return Draft(
                reader=self.name,
                reasoning=refused or choice.why,
                rule=rejected[0].rule if rejected else "",
                features={
                    **rejected[0].features,
                    "score": round(rejected[0].score, 3),
                    "margin": round(choice.margin, 3),
                }
                if rejected
                else {},
            )
        best = choice.candidates[0]
        claims = tuple(_claims(choice))
        return Draft(
            reader=self.name,
            value=choice.value,
            claims=claims,
            reasoning=tell(choice, evidence),
            rule=best.rule,
            confidence=confidence(best, choice.margin, len(choice.candidates)),
            confidence_basis=basis(best),
            features={
                **best.features,
                "score": round(best.score, 3),
                "margin": round(choice.margin, 3),
                "places": float(len(choice.candidates)),
            },
        )

    def _of_profile(self, told: Told, passages: Sequence[Passage], evidence: Evidence) -> Draft | None:
        """What the profile answers, citing its lines; None when they are not among the passages."""
        cited = profile.cited(told, evidence, passages)
        if cited is None:
            return None
        several = isinstance(told.value, list)
        return Draft(
            reader=self.name,
            value=told.value,
            claims=tuple(
                Claim(path=f"/{place}" if several else "", value=value, citations=numbers)
                for place, (value, numbers) in enumerate(cited)
            ),
            reasoning=told.how,
            rule=f"profile:{told.field}",
            confidence=profile.confidence(told),
            confidence_basis=told.basis,
        )


def _refused(question: Question, choice: Choice, evidence: Evidence) -> str:
    """Why what was chosen is not given all the same; empty when it is."""
    best = choice.candidates[0]
    if best.rule != structured.RULE and settles(question):
        return "the pages tell it of somebody, and not plainly of the company itself"
    if unmet := set(profile.things_of(question, evidence)):
        for unit in (u for one in choice.candidates for u in one.units):
            unmet -= {
                form for word in words_of(_around(unit, evidence)) for form in (word, word.removesuffix("s"))
            }
        if unmet:
            return f"the words found do not tell it of {', '.join(sorted(unmet))}"
    return ""


def _around(unit: Unit, evidence: Evidence) -> str:
    """The unit's words and all that says what they are about: headings, columns, caption, title, address."""
    page = evidence.pages[unit.page]
    if unit.script >= 0 or unit.block < 0:
        return f"{unit.text} {page.content.title}"
    block = page.content.blocks[unit.block]
    intro = ""
    if block.intro >= 0:
        before = page.content.blocks[block.intro]
        intro = page.words(before.start, before.end)
    columns = " ".join(cell.header for cell in block.cells)
    return " ".join(
        (
            unit.text,
            *block.headings,
            columns,
            block.caption,
            intro,
            page.content.title,
            address_words(page.url),
        )
    )


def _nothing(*_: object) -> tuple[()]:
    """No rule finds values of this type."""
    return ()


def _claims(choice: Choice) -> Iterator[Claim]:
    best = choice.candidates[0]
    if best.parts:
        for path, value, units in best.parts:
            yield Claim(path=path, value=value, citations=tuple(dict.fromkeys(u.number for u in units)))
        return
    places = [u for candidate in choice.candidates for u in candidate.units]
    counted = best.rule.startswith("count-of")
    yield Claim(
        path="",
        value=choice.value,
        citations=tuple(dict.fromkeys(u.number for u in (best.units if counted else places))),
        derivation=Derivation.DERIVED if counted else Derivation.STATED,
    )
