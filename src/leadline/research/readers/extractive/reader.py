"""ExtractiveReader: answers without a language model, by rules, and abstains rather than guess."""

from __future__ import annotations

from collections.abc import Sequence

from leadline.research.answer_types import answer_type
from leadline.research.model import Claim, Derivation, Draft, Evidence, Passage, Question
from leadline.research.readers.extractive.choosing import choose


class ExtractiveReader:
    """Implements ``research.ports.Reader``."""

    name = "extractive"
    passage_limit = 40

    async def read(self, question: Question, passages: Sequence[Passage], evidence: Evidence) -> Draft:
        return self.answer(question, passages, evidence)

    def answer(self, question: Question, passages: Sequence[Passage], evidence: Evidence) -> Draft:
        kind = answer_type(question.answer_type)
        choice = choose(kind, kind.extract(question, passages, evidence))
        if choice.value is None:
            rejected = choice.candidates[:1]
            return Draft(
                reader=self.name,
                reasoning=choice.why,
                rule=rejected[0].rule if rejected else "",
                features={**rejected[0].features, "score": round(rejected[0].score, 3), "margin": round(choice.margin, 3)} if rejected else {},
            )
        best = choice.candidates[0]
        citations: dict[int, None] = {}
        for candidate in choice.candidates:
            citations.update(dict.fromkeys(u.number for u in candidate.units))
        claim = Claim(path="", value=choice.value, citations=tuple(citations), derivation=Derivation.DERIVED if best.rule.startswith("count-of") else Derivation.STATED)
        return Draft(
            reader=self.name,
            value=choice.value,
            claims=(claim,),
            reasoning=f"Read by rule {best.rule} from {len(choice.candidates)} place{'s' if len(choice.candidates) > 1 else ''}.",
            rule=best.rule,
            features={**best.features, "score": round(best.score, 3), "margin": round(choice.margin, 3), "places": float(len(choice.candidates))},
        )
