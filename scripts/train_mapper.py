#!/usr/bin/env python
"""Learns which field of the profile an everyday question means (``research/profile/mapper.json``).

    scripts/train_mapper.py [--write]

Needs scikit-learn. Trained on ``scripts/phrasings.txt`` alone, each phrasing also with typing errors and in the frames in
which people put questions; the labelled questions are not looked at. Printed: of phrasings left out in turn (five folds),
how many are mapped rightly, wrongly and not at all, by the probability from which a field is named.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
from collections import Counter
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "src")]

from leadline.research.profile.mapper import NONE, features, figures, joins  # noqa: E402
from leadline.research.profile.things import words_of  # noqa: E402
from leadline.research.values.terms import fold  # noqa: E402

WEIGHTS = ROOT / "src/leadline/research/profile/mapper.json"
FRAMES = (
    "{}", "{}?", "{} ?", "{} please", "{} pls", "do you know: {}", "I need this: {}", "hi, {}", "quick question, {}?",
    "can you find out {}", "kurze Frage: {}", "bitte: {}", "{} bitte", "bonjour, {} ?", "{} svp", "{} of the company",
    "their {}", "{} (company)", "what about {}", "{} for this one",
)  # fmt: skip
VARIANTS = 6  # of each phrasing
COMMON = 2  # phrasings in which a piece of a word must stand to be a feature
PENALTY = 6.0
ROLES = ("ceo", "cto", "cfo", "founders")
MOST_OF_TITLE = 4  # words
THRESHOLDS = (0.4, 0.5, 0.6, 0.7, 0.8)


def phrasings(path: Path = ROOT / "scripts/phrasings.txt") -> list[tuple[str, str]]:
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        field, colon, rest = line.partition(":")
        if colon and not line.startswith("#"):
            found += [(field.strip(), text.strip()) for text in rest.split("|") if text.strip()]
    return found


def titles(given: list[tuple[str, str]]) -> dict[str, list[str]]:
    """The phrasings of each role that may be somebody's title, folded."""
    found: dict[str, set[str]] = {field: set() for field in ROLES}
    for field, text in given:
        words = re.findall(r"[a-z0-9]+", fold(text))
        if field in ROLES and 1 < len(words) <= MOST_OF_TITLE:
            found[field].add(" ".join(words))
    return {field: sorted(phrasings) for field, phrasings in found.items()}


def variants(text: str, chance: random.Random) -> list[str]:
    return [text, *(_mistyped(chance.choice(FRAMES).format(text), chance) for _ in range(VARIANTS - 1))]


def _mistyped(text: str, chance: random.Random) -> str:
    if len(text) < 6 or chance.random() < 0.5:
        return text
    at = chance.randrange(1, len(text) - 2)
    return chance.choice(
        (
            text[:at] + text[at + 1 :],
            text[:at] + text[at + 1] + text[at] + text[at + 2 :],
            text[:at] + text[at] + text[at:],
        )
    )


class Fitted:
    def __init__(self, given: list[tuple[str, str]]) -> None:
        chance = random.Random(7)  # noqa: S311 - for repeatable variants
        texts = [(field, one) for field, text in given for one in variants(text, chance)]
        seen = Counter(piece for _, text in given for piece in features(text))
        self.pieces = {p: i for i, p in enumerate(sorted(p for p, n in seen.items() if n >= COMMON))}
        rows = np.stack([self.row(text) for _, text in texts])
        self.figures = {
            field: sorted({one for name, text in given if name == field for one in figures(text)})
            for field in sorted({name for name, _ in given})
        }
        self.model = LogisticRegression(C=PENALTY, max_iter=400)
        self.model.fit(rows, [field for field, _ in texts])

    def row(self, text: str) -> np.ndarray:
        row = np.zeros(len(self.pieces), dtype=np.float32)
        for piece, value in features(text).items():
            if (place := self.pieces.get(piece)) is not None:
                row[place] = value
        return row

    def best(self, text: str) -> tuple[str, float]:
        chances = self.model.predict_proba(self.row(text)[None])[0]
        place = int(chances.argmax())
        field = str(self.model.classes_[place])
        return (field, float(chances[place])) if figures(text) <= set(self.figures[field]) else (NONE, 1.0)


def write_weights(fitted: Fitted, path: Path) -> None:
    """The weights that tell something, as ``mapper.Weights`` reads them."""
    weights = {
        piece: [round(float(w), 2) for w in fitted.model.coef_[:, place]]
        for piece, place in fitted.pieces.items()
    }
    joined: dict[str, set[str]] = {}
    for field, text in phrasings():
        joined.setdefault(field, set()).update(joins(text))
    held = {
        "words": sorted({word for field, text in phrasings() if field != NONE for word in words_of(text)}),
        "joined": {field: sorted(pairs) for field, pairs in joined.items() if pairs and field != NONE},
        "figures": fitted.figures,
        "roles": titles(phrasings()),
        "fields": [str(c) for c in fitted.model.classes_],
        "intercepts": [round(float(w), 3) for w in fitted.model.intercept_],
        "weights": {piece: row for piece, row in weights.items() if max(map(abs, row)) >= 0.2},
    }
    lines = ",\n".join(
        f"  {json.dumps(piece, ensure_ascii=False)}: {json.dumps(row, separators=(',', ':'))}"
        for piece, row in held["weights"].items()  # type: ignore[attr-defined]
    )
    path.write_text(
        f'{{\n "fields": {json.dumps(held["fields"])},\n "figures": {json.dumps(held["figures"])},\n "roles": {json.dumps(held["roles"])},\n "joined": {json.dumps(held["joined"])},\n "words": {json.dumps(held["words"], ensure_ascii=False)},\n "intercepts": {json.dumps(held["intercepts"])},\n'
        f' "weights": {{\n{lines}\n }}\n}}\n',
        encoding="utf-8",
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--write", action="store_true")
    write = parser.parse_args().write
    given = phrasings()
    random.Random(3).shuffle(given)  # noqa: S311
    out = sys.stdout.write
    out(f"{len(given)} phrasings of {len({f for f, _ in given})} fields\n")
    if not write:
        guesses = []
        for fold in range(5):
            fitted = Fitted([one for i, one in enumerate(given) if i % 5 != fold])
            guesses += [(field, *fitted.best(text)) for field, text in given[fold::5]]
        for least in THRESHOLDS:
            named = [(f, g) for f, g, p in guesses if p >= least and g != NONE]
            wrong = sum(f != g for f, g in named)
            asked = sum(f != NONE for f, _, _ in guesses)
            out(f"from {least}: right {len(named) - wrong} of {asked}, wrong {wrong}\n")
        return 0
    fitted = Fitted(given)
    write_weights(fitted, WEIGHTS)
    out(f"{len(fitted.pieces)} pieces of words, {WEIGHTS.stat().st_size // 1024} kB\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
