"""What verification makes of right and of wrong drafts, with no reader in between.

    python -m bench.oracle [SITES [QUESTIONS.jsonl]]

Each answerable question's gold value is claimed of its gold lines, which should be kept, and three wrong drafts are
claimed, which should not: the value *flipped* (a yes for a no, another figure; *computed*: said to be so), a *foreign* value (another question's
of the same type) of the gold lines, and the gold value of a *neighbouring* line. "rules" counts what the rules accept
alone; "with a second look" what a second look by a model that always answers truthfully would add.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from bench.recall import DEFAULT_SITES, Site
from leadline.research.answer_types import answer_type
from leadline.research.documents.hosts import parse_company
from leadline.research.documents.units import passages
from leadline.research.model import BlockKind, Claim, Derivation, Draft, Passage, Question, Subject, Unit
from leadline.research.steps.verify import verify


class Gold(NamedTuple):
    """One answerable question, its value and the lines that give it."""

    id: str
    site: Site
    passages: Sequence[Passage]
    question: Question
    value: Any
    units: tuple[Unit, ...]


def golds(folder: Path, questions: Path) -> list[Gold]:
    """The answerable questions whose quotes stand on the pages."""
    sites: dict[str, tuple[Site, list[Passage]]] = {}
    found: list[Gold] = []
    for line in questions.read_text(encoding="utf-8").splitlines():
        asked = json.loads(line)
        if not asked.get("answerable", True):
            continue
        domain = asked["domain"]
        if domain not in sites:
            site = Site(folder / domain)
            sites[domain] = site, passages(site.evidence)
        site, shown = sites[domain]
        question = Question(
            subject=Subject(company=parse_company(domain)),
            text=asked["question"],
            answer_type=asked["answerType"],
            output_schema=asked.get("outputSchema"),
        )
        units = _lines(site, shown, asked["evidence"])
        if units:
            value = answer_type(question.answer_type).parse(asked["expected"], question.output_schema)
            found.append(Gold(asked["id"], site, shown, question, value, units))
    return found


def _lines(site: Site, shown: Sequence[Passage], evidence: Sequence[dict[str, str]]) -> tuple[Unit, ...]:
    units = [unit for passage in shown for unit in passage.units if unit.script < 0]
    lines: dict[int, Unit] = {}
    for entry in evidence:
        quote = " ".join(entry["quote"].split())
        for index, folded in enumerate(site.folded):
            path = site.evidence.pages[index].url.split("/", 3)[3].strip("/")
            at = folded.text.find(quote)
            if at < 0 or path != entry["path"].strip("/"):
                continue
            start, end = folded.at[at], folded.at[at + len(quote) - 1] + 1
            lines.update((u.number, u) for u in units if u.page == index and u.start < end and start < u.end)
    return tuple(lines.values())


def draft(gold: Gold, value: Any, units: Sequence[Unit], derivation: Derivation = Derivation.STATED) -> Draft:
    """As a model that cites these lines would give it: an object field by field."""
    numbers = tuple(unit.number for unit in units)
    members = (
        [("/" + name, member) for name, member in value.items()] if isinstance(value, dict) else [("", value)]
    )
    if gold.question.output_schema is None:
        members = [("", value)]
    claims = tuple(
        Claim(path=path, value=member, citations=numbers, derivation=derivation)
        for path, member in members
        if member is not None
    )
    return Draft(reader="oracle", value=value, claims=claims)


def flipped(value: Any) -> Any:
    """The opposite, or another figure; None where there is none."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    if isinstance(value, dict) and set(value) == {"value", "currency"}:
        return {**value, "value": value["value"] + 1}
    return None


def wrong(all_golds: Sequence[Gold]) -> Iterator[tuple[str, Gold, Draft]]:
    for position, gold in enumerate(all_golds):
        kind = answer_type(gold.question.answer_type)
        other = flipped(gold.value)
        if other is not None and gold.question.output_schema is None:
            yield "flipped", gold, draft(gold, other, gold.units)
            if not isinstance(other, bool):
                yield "computed", gold, draft(gold, other, gold.units, Derivation.DERIVED)
        if not kind.yes_or_no and gold.question.output_schema is None:
            rest = (*all_golds[position + 1 :], *all_golds[:position])
            foreign = next(
                (
                    g.value
                    for g in rest
                    if g.question.answer_type == kind.name and not kind.equal(g.value, gold.value)
                ),
                None,
            )
            if foreign is not None:
                yield "foreign", gold, draft(gold, foreign, gold.units)
        last = max(gold.units, key=lambda unit: unit.number)
        beside = next(
            (
                unit
                for passage in gold.passages
                for unit in passage.units
                if unit.number > last.number
                and unit.page == last.page
                and unit not in gold.units
                and gold.site.evidence.pages[unit.page].content.blocks[unit.block].kind
                is not BlockKind.HEADING
            ),
            None,
        )
        if beside is not None:
            yield "neighbouring", gold, draft(gold, gold.value, [beside])


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("sites", nargs="?", type=Path, default=DEFAULT_SITES)
    parser.add_argument("questions", nargs="?", type=Path)
    parser.add_argument("--list", action="store_true", help="also print what the rules judged wrongly")
    chosen = parser.parse_args()
    found = golds(chosen.sites, chosen.questions or chosen.sites / "questions.jsonl")
    drafts = [("gold", gold, draft(gold, gold.value, gold.units)) for gold in found] + list(wrong(found))
    asked: Counter[tuple[str, str]] = Counter()
    rules: Counter[tuple[str, str]] = Counter()
    truth: Counter[tuple[str, str]] = Counter()
    for sort, gold, proposed in drafts:
        key = (sort, gold.question.answer_type)
        checked = verify(gold.question, proposed, gold.passages, gold.site.evidence)
        asked[key] += 1
        rules[key] += checked.supported
        truth[key] += checked.supported or (sort == "gold" and checked.open)
        if chosen.list and checked.supported != (sort == "gold"):
            said = next((c.why for c in checked.claims if c.verdict != "supported"), "accepted")
            lines = " / ".join(
                u.text for p in gold.passages for u in p.units if u.number in proposed.claims[0].citations
            )
            print(f"{sort} {gold.id}: {gold.question.text} = {proposed.value!r}: {said}\n    {lines[:300]}")
    kinds = sorted({kind for _, kind in asked})
    print(f"{'':<14}" + "".join(f"{kind:>13}" for kind in (*kinds, "all")) + "  with a second look")
    for sort in ("gold", "flipped", "computed", "foreign", "neighbouring"):
        cells = [f"{rules[sort, k]}/{asked[sort, k]}" for k in kinds]
        all_rules, all_asked = (sum(c[sort, k] for k in kinds) for c in (rules, asked))
        second = sum(truth[sort, k] for k in kinds)
        print(
            f"{sort:<14}"
            + "".join(f"{cell:>13}" for cell in (*cells, f"{all_rules}/{all_asked}"))
            + f"  {second}/{all_asked}"
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
