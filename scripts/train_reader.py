#!/usr/bin/env python
"""Learns the weights by which the reader without a model chooses (``readers/extractive/weights.json``).

    scripts/train_reader.py [FOLDER] [--questions FILE ...] [--write]

FOLDER (default ``../shared/sites``) holds a folder of pages for each company and ``score.py``; FILES are question files in
its format (default: ``questions.jsonl`` and ``reworded.jsonl`` there, and ``labels/everyday.jsonl`` where it is). Besides,
every question is put to two other companies' pages, where mostly nothing answers it; these count a fifth.

Fitted by gradient descent on the penalised likelihood of a conditional logit. Printed, for each family: the answers given
and those that are wrong with each company left out in turn, by the probability from which they are given; the
probability chosen keeps wrong ones at two in a hundred questions at most. What is written is fitted on all companies.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from bench.calibrate_extractive import is_right, site_pages  # noqa: E402

from leadline.research.answer_types import answer_type  # noqa: E402
from leadline.research.documents.hosts import without_www  # noqa: E402
from leadline.research.documents.names import company_names  # noqa: E402
from leadline.research.documents.walk import read_page  # noqa: E402
from leadline.research.model import Company, Evidence, Page, Question, Subject  # noqa: E402
from leadline.research.profile.meaning import meant  # noqa: E402
from leadline.research.readers.extractive import figures, found, statements  # noqa: E402
from leadline.research.readers.extractive.choosing import LEARNED_MARGIN  # noqa: E402
from leadline.research.readers.extractive.learned import Option, Options  # noqa: E402
from leadline.research.steps.rank import PassageIndex  # noqa: E402

WEIGHTS = ROOT / "src/leadline/research/readers/extractive/weights.json"
LABELS = ROOT / "labels"
INVENTED = "kornmann.example"
HOSTS = {
    "bakery": INVENTED,
    "logistics": "norrland.example",
    "hospital": "wardwise.example",
    "bank_de": "foerde-sparbank.example",
    "law_fr": "cabinet-morvan.example",
}
PENALTY = 1.0
# Few of the labelled pages set such traps: what each of these says is known without them.
DOUBTS = dict.fromkeys(
    (
        "made_up past aspires of_others of_suppliers of_other_name page_of_others question outdated other_year range"
        " period_other share_missing in_question superseded"
    ).split(),
    -3.5,
) | {"missing": -3.0, "head_elsewhere": -2.0, "past_year": -2.0}
LINE_WEIGHT = 0.5
FOREIGN_WEIGHT = 0.2
MOST_WRONG = 0.02  # of all questions, each company left out
FAMILIES: dict[str, tuple[frozenset[str], Callable[..., Options]]] = {
    "figure": (frozenset({"number", "percentage", "currency"}), figures.options),
    "statement": (frozenset({"boolean"}), statements.options),
    "found": (frozenset({"open_text", "list", "url"}), found.options),
}


class Sample(NamedTuple):
    """One question: a row of features for each option and one for none; which of them are right."""

    entry: dict[str, Any]
    options: list[Option]
    rows: list[dict[str, float]]
    right: list[bool]
    weight: float


class Matrix(NamedTuple):
    sample: Sample
    x: Any
    y: Any


class Given(NamedTuple):
    chance: float
    second: float
    right: bool
    kind: str


# ------------------------------------------------------------------ samples


def asked(folder: Path, files: Iterable[Path]) -> list[dict[str, Any]]:
    entries = [json.loads(line) for file in files for line in file.read_text().splitlines() if line.strip()]
    domains = sorted({entry["domain"] for entry in entries})
    chance = random.Random(3)  # noqa: S311 - the same every time, no secret
    foreign = []
    for entry in entries:
        for domain in chance.sample([d for d in domains if d != entry["domain"]], 2):
            text = _about(entry["question"], entry["domain"], domain)
            foreign.append(
                {
                    **entry,
                    "domain": domain,
                    "question": text,
                    "answerable": False,
                    "evidence": [],
                    "foreign": True,
                }
            )
    return entries + foreign


def _about(text: str, old: str, new: str) -> str:
    """The question with the other company's name in it."""
    name = new.removeprefix("www.").split(".")[-2].capitalize()
    names = company_names(Company(host=without_www(old), asked_host=old))
    for one in sorted(names, key=len, reverse=True):
        pattern = r"[^\w]{0,2}".join(map(re.escape, one))
        text = re.sub(rf"\b{pattern}\b", name, text, flags=re.IGNORECASE)
    return text


def invented() -> Iterator[tuple[dict[str, Any], Evidence]]:
    """Lines and pages made up for this, each with its evidence; a sixth of the lines counts as a company."""
    for text in (LABELS / "lines.jsonl").read_text().splitlines():
        entry = json.loads(text)
        fold = zlib.crc32(entry["body"].encode()) % 6
        markup = f"<html lang='en'><title>{INVENTED}</title><main>{entry['body']}</main></html>"
        yield (
            {**entry, "domain": INVENTED, "fold": f"lines {fold}", "line": True},
            _one_page(markup, INVENTED),
        )
    hosts = {}
    for name, question, kind, expected, *_ in json.loads((LABELS / "invented/questions.json").read_text()):
        if name not in hosts:
            hosts[name] = _one_page((LABELS / f"invented/{name}.html").read_text(), HOSTS[name])
        entry = {
            "question": question,
            "answerType": kind,
            "expected": expected,
            "domain": HOSTS[name],
            "fold": name,
        }
        yield {**entry, "line": True}, hosts[name]
    for entry, evidence in made_up_sites():
        yield {**entry, "fold": entry["domain"], "fact": True}, evidence


def made_up_sites() -> Iterator[tuple[dict[str, Any], Evidence]]:
    """The questions of ``labels/facts``, as lines of a question file, each with the pages of its site."""
    for file in sorted((LABELS / "facts").glob("*.json")):
        site = json.loads(file.read_text(encoding="utf-8"))
        host = site["host"]
        pages = [_page(markup, f"https://{host}{path}") for path, markup in site["pages"].items()]
        evidence = Evidence(pages=tuple(pages))
        for number, (question, kind, expected) in enumerate(site["questions"]):
            keys = [[expected]] if kind == "open_text" and expected is not None else []
            yield (
                {
                    "id": f"{file.stem}-{number:02}",
                    "domain": host,
                    "question": question,
                    "answerType": kind,
                    "expected": expected,
                    "accept": {"keys": keys},
                    "answerable": expected is not None,
                },
                evidence,
            )


def _one_page(markup: str, host: str) -> Evidence:
    return Evidence(pages=(_page(markup, f"https://{host}/"),))


def _page(markup: str, url: str) -> Page:
    content = read_page(markup.encode(), "text/html; charset=utf-8", url)
    return Page(
        url=url,
        snapshot_id=url,
        fetched_at=datetime(2026, 11, 1, tzinfo=UTC),
        body_sha256="",
        content=content,
    )


def samples(folder: Path, entries: Iterable[dict[str, Any]], family: str) -> list[Sample]:
    types, options_of = FAMILIES[family]
    read: dict[str, tuple[Evidence, PassageIndex]] = {}
    made_of: list[Sample] = []

    def of_sites() -> Iterator[tuple[dict[str, Any], Evidence, PassageIndex]]:
        for entry in entries:
            domain = entry["domain"]
            if domain not in read:
                evidence = site_pages(folder, domain)
                read[domain] = (evidence, PassageIndex.build(evidence))
            yield {**entry, "fold": domain}, *read[domain]

    made_up = ((entry, evidence, PassageIndex.build(evidence)) for entry, evidence in invented())
    for entry, evidence, index in chain(of_sites(), made_up):
        if entry["answerType"] not in types or (entry.get("fact") and entry["answerType"] == "boolean"):
            continue  # which sentence of a made-up site says yes or no is not labelled
        domain = entry["domain"]
        made = entry.get("line") or entry.get("fact")
        company = Company(host=without_www(domain), asked_host=domain)
        question = Question(
            subject=Subject(company=company), text=entry["question"], answer_type=entry["answerType"]
        )
        if entry.get("fact") and family == "figure" and meant(question) is not None:
            continue  # the profile answers it, or nothing does: that a year was asked for tells little of other years
        offered = options_of(question, index.rank(question, 40), evidence)
        right = [_right(entry, option) for option in offered.options]
        made_of.append(
            Sample(
                entry,
                offered.options,
                [*(option.features for option in offered.options), offered.nothing],
                [*right, not any(right)],
                FOREIGN_WEIGHT if entry.get("foreign") else LINE_WEIGHT if made else 1.0,
            )
        )
    return made_of


def _right(entry: dict[str, Any], option: Option) -> bool:
    """The value is right and, of yes and no, its sentence is one that was labelled as saying so."""
    value = option.value
    if entry.get("line"):
        return bool(
            entry["expected"] is not None and answer_type(entry["answerType"]).equal(value, entry["expected"])
        )
    if isinstance(value, dict):
        value = {"amount": value["value"], "currency": value["currency"]}
    if not is_right(entry, value):
        return False
    return not isinstance(option.value, bool) or _labelled(entry, option.units[0].text)


def _labelled(entry: dict[str, Any], text: str) -> bool:
    said = _plain(text)
    for one in entry.get("evidence") or ():
        quote = _plain(one["quote"])
        words = set(quote.split())
        if quote in said or (len(said) > 15 and said in quote):
            return True
        if len(words) > 4 and len(words & set(said.split())) > 0.8 * len(words):
            return True
    return False


def _plain(text: str) -> str:
    return re.sub(r"\W+", " ", text.lower()).strip()


# ------------------------------------------------------------------ fitting


def matrices(given: list[Sample]) -> tuple[list[Matrix], list[str]]:
    names = sorted({name for sample in given for row in sample.rows for name in row})
    place = {name: number for number, name in enumerate(names)}
    made = []
    for sample in given:
        x = np.zeros((len(sample.rows), len(names)))
        for number, row in enumerate(sample.rows):
            for name, value in row.items():
                x[number, place[name]] = value
        made.append(Matrix(sample, x, np.array(sample.right)))
    return made, names


def fitted(data: list[Matrix], names: list[str], rounds: int = 400) -> Any:
    """Weights by Adam (Kingma and Ba, 2015) over all samples at once."""
    penalty = np.array([0.05 if name == "nothing" else PENALTY for name in names])
    expected = np.array([DOUBTS.get(name, 0.0) for name in names])
    weights, first, second = expected.copy(), np.zeros(len(names)), np.zeros(len(names))
    for step in range(1, rounds):
        gradient = penalty * (weights - expected)
        for sample, x, y in data:
            chances = _chances(x, weights)
            given_right = np.where(y, chances / (chances[y].sum() + 1e-9), 0)
            gradient -= sample.weight * (x.T @ (given_right - chances))
        first = 0.9 * first + 0.1 * gradient
        second = 0.999 * second + 0.001 * gradient**2
        rate = 0.05 if step < 250 else 0.02
        weights -= rate * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
    return weights


def _chances(x: Any, weights: Any) -> Any:
    scores = x @ weights
    shares = np.exp(scores - scores.max())
    return shares / shares.sum()


def answer(matrix: Matrix, weights: Any) -> Given:
    """What would be said, if anything had to be."""
    chances = _chances(matrix.x, weights)
    together: defaultdict[Any, float] = defaultdict(float)
    right: defaultdict[Any, bool] = defaultdict(bool)
    sample = matrix.sample
    kind = next((kind for kind in ("foreign", "line", "fact") if sample.entry.get(kind)), "own")
    for option, chance, fits in zip(sample.options, chances[:-1], sample.right[:-1], strict=True):
        together[option.key] += float(chance)
        expected = sample.entry.get("expected")
        answerable = sample.entry.get("answerable", True) and expected is not None
        right[option.key] |= bool(answerable and option.value == expected) or fits
    if not together:
        return Given(0.0, 0.0, False, kind)
    best = max(together, key=lambda key: together[key])
    second = max((chance for key, chance in together.items() if key != best), default=0.0)
    return Given(together[best], second, right[best], kind)


def left_out(data: list[Matrix], names: list[str]) -> list[Given]:
    given: list[Given] = []
    for fold in sorted({matrix.sample.entry["fold"] for matrix in data}):
        weights = fitted([m for m in data if m.sample.entry["fold"] != fold], names)
        given += [answer(m, weights) for m in data if m.sample.entry["fold"] == fold]
    return given


def threshold(given: list[Given], say: Callable[[str], object]) -> float:
    """The least probability at which few enough are wrong."""
    of = {kind: [one for one in given if one.kind == kind] for kind in ("own", "line", "fact", "foreign")}
    chosen = 1.0
    for at in np.arange(0.95, 0.575, -0.05):
        above = {
            kind: [
                one.right for one in ones if one.chance >= at and one.chance - one.second >= LEARNED_MARGIN
            ]
            for kind, ones in of.items()
        }
        right, wrong = sum(above["own"]), len(above["own"]) - sum(above["own"])
        said, told = sum(above["line"]), sum(above["fact"])
        say(
            f"  from {at:.2f}: {right} right, {wrong} wrong of {len(of['own'])}; lines {said} right, "
            f"{len(above['line']) - said} wrong of {len(of['line'])}; made-up sites {told} right, "
            f"{len(above['fact']) - told} wrong of {len(of['fact'])}; {len(above['foreign'])} of {len(of['foreign'])} foreign"
        )
        if wrong <= MOST_WRONG * len(of["own"]):
            chosen = float(at)
    return round(chosen, 2)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", nargs="?", type=Path, default=Path("../shared/sites"))
    parser.add_argument("--questions", nargs="+", type=Path)
    parser.add_argument("--write", action="store_true", help="replace weights.json")
    options = parser.parse_args()
    folder: Path = options.folder
    files = options.questions or [
        file
        for file in (folder / "questions.jsonl", folder / "reworded.jsonl", ROOT / "labels/everyday.jsonl")
        if file.is_file()
    ]
    entries = asked(folder, files)
    written = {}
    for family in FAMILIES:
        data, names = matrices(samples(folder, entries, family))
        sys.stdout.write(
            f"{family}: {sum(m.sample.weight == 1 for m in data)} questions, {len(names)} features\n"
        )
        accept = threshold(left_out(data, names), lambda line: sys.stdout.write(line + "\n"))
        weights = {name: round(float(w), 3) for name, w in zip(names, fitted(data, names), strict=True)}
        written[family] = {"accept": accept, "weights": {name: w for name, w in weights.items() if w}}
        sys.stdout.write(f"  accepted from {accept}\n")
    if options.write:
        WEIGHTS.write_text(json.dumps(written, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
