#!/usr/bin/env python
"""Scores the reader without a model on ``labels/everyday.jsonl``, with the profile and without it.

    scripts/score_everyday.py [FOLDER] [--questions FILE] [--show]

FOLDER (default ``../shared/sites``) holds a folder of pages for each company, and ``score.py``. All pages of a company are
read. An answer counts when it passes verification.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import patch

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from bench.calibrate_extractive import scorer, site_pages  # noqa: E402

from leadline.research.answer_types import answer_type  # noqa: E402
from leadline.research.documents.hosts import parse_company  # noqa: E402
from leadline.research.model import Evidence, Outcome, Question, Subject  # noqa: E402
from leadline.research.profile import answering  # noqa: E402
from leadline.research.readers.extractive.reader import ExtractiveReader  # noqa: E402
from leadline.research.steps.rank import rank  # noqa: E402
from leadline.research.steps.settle import settle  # noqa: E402
from leadline.research.steps.verify import verify  # noqa: E402


def ask(question: Question, evidence: Evidence) -> tuple[Outcome, str]:
    reader = ExtractiveReader()
    passages = rank(question, evidence, reader.passage_limit)
    draft = reader.answer(question, passages, evidence)
    checked = verify(question, draft, passages, evidence)
    return settle(question, evidence, passages, draft, checked), draft.rule


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?", default=ROOT / ".." / "shared" / "sites")
    parser.add_argument("--questions", type=Path, default=ROOT / "labels" / "everyday.jsonl")
    parser.add_argument("--show", action="store_true", help="print what the profile answered")
    chosen = parser.parse_args()
    judge = scorer(chosen.folder).judge
    entries = [json.loads(line) for line in chosen.questions.read_text(encoding="utf-8").splitlines()]
    pages: dict[str, Evidence] = {}
    counts = {"without": Counter[str](), "with": Counter[str](), "by the profile": Counter[str]()}
    for entry in entries:
        domain = entry["domain"]
        if domain not in pages:
            pages[domain] = site_pages(chosen.folder, domain)
        question = Question(
            subject=Subject(company=parse_company(domain)),
            text=entry["question"],
            answer_type=entry["answerType"],
            output_schema=entry.get("outputSchema"),
            asked_at=datetime.now(UTC),
        )
        for way in ("without", "with"):
            if way == "without":
                with patch.object(answering, "guess", lambda text: None):
                    outcome, rule = ask(question, pages[domain])
            else:
                outcome, rule = ask(question, pages[domain])
            value = outcome.answer
            if value is not None:
                value = answer_type(question.answer_type).scored(value)
            verdict = (
                "open"
                if value is None
                else "right"
                if entry["answerable"] and judge(entry, value)[0]
                else "wrong"
            )
            counts[way][verdict] += 1
            if way == "with" and rule.startswith("profile"):
                counts["by the profile"][verdict] += 1
                if chosen.show:
                    sys.stdout.write(f"{verdict} {rule} {entry['id']} {entry['question']!r}: {value!r}\n")
    for way, count in counts.items():
        sys.stdout.write(f"{way}: right {count['right']}, wrong {count['wrong']}, open {count['open']}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
