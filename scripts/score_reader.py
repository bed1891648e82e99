#!/usr/bin/env python
"""Scores the reader without a model on labelled questions about the companies of a folder.

    scripts/score_reader.py [FOLDER] [--questions FILE ...] [--left-out] [--show] [--out RESULTS.jsonl]

FOLDER (default ``../shared/sites``) holds a folder of pages for each company; FILES default to
``labels/everyday.jsonl`` and, in FOLDER, ``questions.jsonl`` and ``reworded.jsonl``. All pages of a company are read. An answer
counts when it passes verification.

Last come the made-up sites of ``labels/facts``. Shipped weights are fitted on all of these; only those left out are not.

With ``--left-out`` every company, made-up ones too, is asked about with weights that were fitted without it (some minutes). The rules by which
profiles are read have no weights: whoever wrote them had seen these companies, and no option can leave that out.

Printed: for each file what was right, wrong and left open, and how much of it by the profile; of questions that were answered
rightly, how many still are in the words of ``reworded.jsonl``. ``--out`` writes a result file that ``leadline compare`` reads.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import msgspec

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "src"), str(ROOT / "scripts")]

import train_reader  # noqa: E402
from bench.calibrate_extractive import is_right, site_pages  # noqa: E402

from leadline.evaluation.schemas import CitedSource, EvalResult  # noqa: E402
from leadline.evaluation.service import scored_form  # noqa: E402
from leadline.research.documents.hosts import without_www  # noqa: E402
from leadline.research.model import Company, Evidence, Outcome, Question, Subject  # noqa: E402
from leadline.research.readers.extractive import learned  # noqa: E402
from leadline.research.readers.extractive.reader import ExtractiveReader  # noqa: E402
from leadline.research.steps.rank import rank  # noqa: E402
from leadline.research.steps.settle import settle  # noqa: E402
from leadline.research.steps.verify import verify  # noqa: E402

REWORDED = "-r"  # behind the id of the question whose other words these are
Weights = Mapping[str, learned.Weights]


def ask(question: Question, evidence: Evidence) -> tuple[Outcome, str]:
    reader = ExtractiveReader()
    passages = rank(question, evidence, reader.passage_limit)
    draft = reader.answer(question, passages, evidence)
    checked = verify(question, draft, passages, evidence)
    return settle(question, evidence, passages, draft, checked), draft.rule


def left_out(folder: Path, files: Sequence[Path]) -> dict[str, Weights]:
    """For each company the weights that the questions on all others give."""
    shipped = learned.families()
    entries = train_reader.asked(folder, files)
    made: dict[str, dict[str, learned.Weights]] = {entry["domain"]: {} for entry in entries}
    made |= {entry["domain"]: {} for entry, _ in train_reader.made_up_sites()}
    for family in train_reader.FAMILIES:
        data, names = train_reader.matrices(train_reader.samples(folder, entries, family))
        for domain, weights in made.items():
            fitted = train_reader.fitted([m for m in data if m.sample.entry["fold"] != domain], names)
            weights[family] = learned.Weights(
                shipped[family].accept, {n: float(w) for n, w in zip(names, fitted, strict=True)}
            )
    return dict(made)


def verdict(entry: dict[str, Any], evidence: Evidence) -> tuple[str, EvalResult, str]:
    """Right, wrong or open; the line for a result file; the rule that answered."""
    question = Question(
        subject=Subject(company=Company(host=without_www(entry["domain"]), asked_host=entry["domain"])),
        text=entry["question"],
        answer_type=entry["answerType"],
        output_schema=entry.get("outputSchema"),
        asked_at=datetime.now(UTC),
    )
    outcome, rule = ask(question, evidence)
    given = EvalResult(
        id=entry["id"],
        answer=scored_form(question.answer_type, outcome.answer),
        confidence=outcome.confidence,
        sources=tuple(CitedSource(url=one.url, snippet=one.snippet) for one in outcome.sources),
        pages_read=len(evidence.pages),
    )
    if outcome.answer is None:
        return "open", given, rule
    return ("right" if is_right(entry, given.answer) else "wrong"), given, rule


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, nargs="?", default=ROOT / ".." / "shared" / "sites")
    parser.add_argument("--questions", type=Path, nargs="+")
    parser.add_argument("--left-out", action="store_true")
    parser.add_argument("--out", type=Path, help="write what was answered, for `leadline compare`")
    parser.add_argument("--show", action="store_true", help="print every answer that is wrong")
    chosen = parser.parse_args()
    folder: Path = chosen.folder
    files: list[Path] = chosen.questions or [
        ROOT / "labels/everyday.jsonl",
        folder / "questions.jsonl",
        folder / "reworded.jsonl",
    ]
    weights = left_out(folder, files) if chosen.left_out else {}
    shipped = learned.families()
    pages: dict[str, Evidence] = {}
    verdicts: dict[str, str] = {}
    results: list[EvalResult] = []
    asked = [(file.name, list(map(json.loads, file.read_text("utf-8").splitlines()))) for file in files]
    if not chosen.questions:
        made_up = list(train_reader.made_up_sites())
        pages = {entry["domain"]: evidence for entry, evidence in made_up}
        asked.append(("made-up sites", [entry for entry, _ in made_up]))
    for name, entries in asked:
        counts: Counter[str] = Counter()
        for entry in entries:
            domain = entry["domain"]
            if domain not in pages:
                pages[domain] = site_pages(folder, domain)
            of_company = weights.get(domain, shipped)
            with patch.object(learned, "families", lambda held=of_company: held):
                said, given, rule = verdict(entry, pages[domain])
            results.append(given)
            verdicts[entry["id"]] = said
            counts.update((said, "all", *(["answerable"] if entry["answerable"] else [])))
            counts[f"{said} by the profile"] += rule.startswith("profile")
            if chosen.show and said == "wrong":
                sys.stdout.write(f"{entry['id']} {entry['question']!r}: {given.answer!r}, by {rule}\n")
        sys.stdout.write(
            f"{name}: {counts['right']} right ({counts['right by the profile']} by the profile) of "
            f"{counts['answerable']} with an answer ({counts['right'] / max(1, counts['answerable']):.0%}); "
            f"{counts['wrong']} wrong of {counts['all']} ({counts['wrong'] / max(1, counts['all']):.1%})\n"
        )
    if chosen.out is not None:
        chosen.out.write_bytes(msgspec.json.Encoder(decimal_format="number").encode_lines(results))
    pairs = [
        (verdicts.get(name.removesuffix(REWORDED)), said)
        for name, said in verdicts.items()
        if name.endswith(REWORDED)
    ]
    stay = [said for before, said in pairs if before == "right"]
    if stay:
        sys.stdout.write(f"in other words: {stay.count('right')} of {len(stay)} right answers stay right\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
