#!/usr/bin/env python
"""Learns what a question asks for, and what is wrong with it (``research/linting/*.json``).

    scripts/train_linter.py [FOLDER] [--write]

Needs scikit-learn. The type is learned from labelled questions: ``labels/everyday.jsonl``, and ``questions.jsonl`` and
``reworded.jsonl`` in FOLDER (default ``../shared/sites``) where they are. The fault is learned from
``scripts/question_faults.txt``, and from all of these questions as clear ones. Printed: how many are told rightly, wrongly
and not at all by the probability from which one is told; types with each company left out, faults in five folds.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "src")]

from train_mapper import Fitted, phrasings, write_weights  # noqa: E402

from leadline.research.linting import CLEAR  # noqa: E402

FOLDER = ROOT / "src/leadline/research/linting"
THRESHOLDS = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
Guessed = tuple[str, str, float]  # what is right, what was guessed, how likely


def questions(sites: Path) -> list[tuple[str, str, str]]:
    """Company, answer type and text."""
    files = [ROOT / "labels/everyday.jsonl", sites / "questions.jsonl", sites / "reworded.jsonl"]
    rows = [
        json.loads(line) for file in files if file.is_file() for line in file.read_text("utf-8").splitlines()
    ]
    return [(row["domain"], row["answerType"], row["question"]) for row in rows]


def table(guesses: Sequence[Guessed], least: Sequence[float], never: str = "") -> None:
    for bound in least:
        told = [(right, guess) for right, guess, p in guesses if p >= bound and guess != never]
        wrong = sum(right != guess for right, guess in told)
        sys.stdout.write(
            f"  from {bound}: right {len(told) - wrong}, wrong {wrong}, not told {len(guesses) - len(told)}\n"
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?", default=ROOT / "../shared/sites")
    parser.add_argument("--write", action="store_true")
    chosen = parser.parse_args()
    asked = questions(chosen.folder)
    typed = [(kind, text) for _, kind, text in asked if kind != "json_schema"]
    faults = phrasings(ROOT / "scripts/question_faults.txt") + [(CLEAR, text) for _, text in typed]
    random.Random(3).shuffle(faults)  # noqa: S311
    if chosen.write:
        write_weights(Fitted(typed), FOLDER / "types.json")
        write_weights(Fitted(faults), FOLDER / "faults.json")
        return 0
    guesses: list[Guessed] = []
    for company in sorted({company for company, _, _ in asked}):
        fitted = Fitted([(k, t) for c, k, t in asked if c != company and k != "json_schema"])
        guesses += [(k, *fitted.best(t)) for c, k, t in asked if c == company and k != "json_schema"]
    sys.stdout.write(f"Types of {len(guesses)} questions, each company left out\n")
    table(guesses, THRESHOLDS)
    guesses = []
    for fold in range(5):
        fitted = Fitted([one for i, one in enumerate(faults) if i % 5 != fold])
        guesses += [(fault, *fitted.best(text)) for fault, text in faults[fold::5]]
    sys.stdout.write(f"Faults of {len(faults)} questions, five folds; of those that have one\n")
    table([g for g in guesses if g[0] != CLEAR], THRESHOLDS, CLEAR)
    sys.stdout.write("and of clear ones, told to have one\n")
    table([g for g in guesses if g[0] == CLEAR], THRESHOLDS, CLEAR)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
