"""Fits the confidence of the extractive reader and prints the numbers that ``confidence.py`` ships.

    python -m bench.calibrate_extractive [FOLDER[:QUESTIONS]]...

FOLDER (default ``../shared/sites``) holds a folder of pages for each site and ``questions.jsonl`` (or the file named
QUESTIONS). Give several to fit on the companies of all of them.
For every question the best candidate is judged, whether the reader would accept it or not. A logistic regression
over score, margin and agreement, with a shrunken intercept for each rule family, is fitted with
each site left out in turn and measured on it; the figures shipped are of all.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np

from leadline.evaluation.judging import Verdict, judge
from leadline.evaluation.schemas import EvalQuestion
from leadline.research.documents.walk import read_page
from leadline.research.model import Company, Evidence, Page, Question, Subject
from leadline.research.readers.extractive.confidence import family, measures
from leadline.research.readers.extractive.reader import ExtractiveReader
from leadline.research.steps.rank import rank

RIDGE = 1.0
FAMILY_RIDGE = 4.0  # pulls the families towards one another: some have few answers


class Row(NamedTuple):
    site: str
    family: str
    x: tuple[float, ...]
    right: bool
    accepted: bool


def site_pages(folder: Path, domain: str) -> Evidence:
    base = folder / domain
    pages = []
    for file in sorted(base.rglob("*.html")):
        path = "/" + file.relative_to(base).as_posix().removesuffix("index.html")
        url = f"https://{domain}{path}"
        content = read_page(file.read_bytes(), "text/html; charset=utf-8", url)
        pages.append(
            Page(url=url, snapshot_id=url, fetched_at=datetime.now(UTC), body_sha256="", content=content)
        )
    return Evidence(pages=tuple(pages))


def is_right(entry: dict[str, Any], value: Any) -> bool:
    """Whether a value is the answer to a line of a question file."""
    return judge(msgspec.convert(entry, EvalQuestion), value) is Verdict.RIGHT


def samples(folder: Path, questions: str) -> list[Row]:
    found: list[Row] = []
    evidence: dict[str, Evidence] = {}
    reader = ExtractiveReader()
    for line in (folder / questions).read_text().splitlines():
        entry = json.loads(line)
        domain = entry["domain"]
        if domain not in evidence:
            evidence[domain] = site_pages(folder, domain)
        question = Question(
            subject=Subject(company=Company(host=domain.removeprefix("www."), asked_host=domain)),
            text=entry["question"],
            answer_type=entry["answerType"],
            output_schema=entry.get("outputSchema"),
        )
        passages = rank(question, evidence[domain], reader.passage_limit)
        choice = reader.choice(question, passages, evidence[domain])
        if not choice.candidates:
            continue
        value = choice.candidates[0].value
        if question.answer_type == "currency":
            value = {"amount": value["value"], "currency": value["currency"]}
        right = is_right(entry, value)
        rule = choice.candidates[0].rule
        x = measures(choice.candidates[0].score, choice.margin, len(choice.candidates))
        found.append(Row(domain, family(rule), x, right, choice.value is not None))
    return found


def fit(data: list[Row], families: list[str]) -> Any:
    """Weights of (1, measures..., one for each family) by Newton steps on the penalised likelihood."""
    x = np.array([[1.0, *r.x, *(float(r.family == f) for f in families)] for r in data])
    y = np.array([float(r.right) for r in data])
    width = len(data[0].x)
    penalty = np.array([0.01, *[RIDGE] * width, *[FAMILY_RIDGE] * len(families)])
    weights = np.zeros(x.shape[1])
    for _ in range(50):
        p = 1 / (1 + np.exp(-x @ weights))
        gradient = x.T @ (y - p) - penalty * weights
        hessian = (x * (p * (1 - p))[:, None]).T @ x + np.diag(penalty)
        weights += np.linalg.solve(hessian, gradient)
    return weights


def predict(weights: Any, data: list[Row], families: list[str]) -> Any:
    x = np.array([[1.0, *r.x, *(float(r.family == f) for f in families)] for r in data])
    return 1 / (1 + np.exp(-x @ weights))


def calibration_error(p: Any, y: Any, bins: int = 10) -> float:
    """Expected calibration error: the mean gap between stated and true share, weighted by bin size."""
    total = 0.0
    for low in np.linspace(0, 1, bins, endpoint=False):
        inside = (p >= low) & ((p < low + 1 / bins) | (low + 1 / bins >= 1))
        if inside.any():
            total += inside.mean() * abs(p[inside].mean() - y[inside].mean())
    return float(total)


def main() -> None:
    data: list[Row] = []
    for given in sys.argv[1:] or ["../shared/sites"]:
        name, _, questions = given.partition(":")
        folder = Path(name)
        if not folder.is_dir():
            print(f"{folder} is not there: nothing measured")
            return
        data += samples(folder, questions or "questions.jsonl")
    families = sorted({r.family for r in data})
    held_out = np.zeros(len(data))
    for site in sorted({r.site for r in data}):
        weights = fit([r for r in data if r.site != site], families)
        inside = [i for i, r in enumerate(data) if r.site == site]
        held_out[inside] = predict(weights, [data[i] for i in inside], families)
    y = np.array([float(r.right) for r in data])
    accepted = np.array([r.accepted for r in data])
    print(
        f"best candidates {len(data)}, right {int(y.sum())}, accepted {int(accepted.sum())}, right {int(y[accepted].sum())}"
    )
    print(
        f"leave one site out: ECE all {calibration_error(held_out, y):.3f}, accepted {calibration_error(held_out[accepted], y[accepted]):.3f}"
    )
    print(
        f"                    Brier all {np.mean((held_out - y) ** 2):.3f}, accepted {np.mean((held_out[accepted] - y[accepted]) ** 2):.3f}"
    )
    weights = fit(data, families)
    names = ["bias", "score", "margin", "places", *families]
    print({name: round(float(w), 2) for name, w in zip(names, weights, strict=True)})


if __name__ == "__main__":
    main()
