"""Fetch recall and rank recall on a folder of sites with questions, measured apart.

    python -m bench.recall [SITES [QUESTIONS.jsonl]] [--fetch] [--rank] [--sweep]

SITES holds one folder for each domain, with ``index.html`` files at their paths and a ``sitemap.xml``;
QUESTIONS is one JSON object a line with ``domain``, ``question``, ``answerType`` and ``evidence`` (``path``
and ``quote``). Without arguments ``../shared/sites`` is used where it is there.

Fetch recall: was a page that holds a gold quote among the first N chosen? Simulated from the entry page with
the sitemap, and from the entry page by links alone, choosing again after every few pages. Rank recall, with
all pages of the site read: does a unit among the first K passages overlap a gold quote, white space folded,
wherever on the site the quote stands? "whole" counts only questions of which all gold lines on some page are
covered.
"""

from __future__ import annotations

import argparse
import functools
import json
import re
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from leadline.research.documents.hosts import parse_company, path_key
from leadline.research.documents.walk import read_page
from leadline.research.errors import FetchError
from leadline.research.model import Evidence, Page, Passage, Question, SiteSurvey, Subject
from leadline.research.steps.choose import choose_pages
from leadline.research.steps.rank import PassageIndex, Weights

DEFAULT_SITES = Path("../shared/sites")
AT = (1, 3, 5, 10, 20)


class Site:
    """One site read from its folder."""

    def __init__(self, folder: Path) -> None:
        self.domain = folder.name
        self.pages: dict[str, Page] = {}
        for file in sorted(folder.rglob("*.html")):
            path = "/" + file.relative_to(folder).as_posix()
            path = re.sub(r"/index\.html$", "/", path)
            url = f"https://{self.domain}{path}"
            body = file.read_bytes()
            canonical = re.search(rb'<link rel="canonical" href="(https://[^"]+)"', body)
            if canonical:
                url = canonical[1].decode()
            try:
                content = read_page(body, "text/html; charset=utf-8", url)
            except FetchError as error:
                print(f"not read: {error}", file=sys.stderr)
                continue
            when = datetime(2026, 1, 1, tzinfo=UTC)
            self.pages[path_key(url)] = Page(
                url=url, snapshot_id=url, fetched_at=when, body_sha256="", content=content
            )
        sitemap = folder / "sitemap.xml"
        text = sitemap.read_text(encoding="utf-8") if sitemap.exists() else ""
        self.sitemap = tuple(re.findall(r"<loc>\s*([^<\s]+)\s*</loc>", text))
        self.entry = self.pages.get(path_key(f"https://{self.domain}/")) or next(iter(self.pages.values()))
        self.evidence = Evidence(pages=tuple(self.pages.values()))
        self.folded = [_Folded(page.content.text) for page in self.evidence.pages]


class _Folded:
    """A text with white space folded, and where its characters stood."""

    def __init__(self, text: str) -> None:
        self.at: list[int] = []
        out: list[str] = []
        space = False
        for index, character in enumerate(text):
            if character.isspace():
                space = bool(out)
                continue
            if space:
                out.append(" ")
                self.at.append(index - 1)
                space = False
            out.append(character)
            self.at.append(index)
        self.text = "".join(out)

    def find(self, quote: str) -> list[tuple[int, int]]:
        found, start = [], self.text.find(quote)
        while start >= 0:
            found.append((self.at[start], self.at[start + len(quote) - 1] + 1))
            start = self.text.find(quote, start + 1)
        return found


Gold = list[tuple[int, int, int]]  # page, start, end


def gold_of(site: Site, quote: str) -> Gold:
    folded = " ".join(quote.split())
    return [(index, a, b) for index, text in enumerate(site.folded) for a, b in text.find(folded)]


def overlaps(passage: Passage, gold: Gold) -> bool:
    return any(
        unit.page == page and unit.start < end and unit.end > start
        for unit in passage.units
        for page, start, end in gold
    )


def question_of(row: dict[str, Any]) -> Question:
    return Question(
        subject=Subject(company=parse_company(row["domain"])),
        text=row["question"],
        answer_type=row["answerType"],
        output_schema=row.get("outputSchema"),
    )


def rank_recall(
    sites: dict[str, Site],
    rows: Sequence[dict[str, Any]],
    weights: Weights | None = None,
    *,
    show: bool = False,
) -> dict[str, dict[str, list[float]]]:
    """By measure and site: one number for each question."""
    result: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    indexes = {
        name: PassageIndex(site.evidence, weights) if weights else PassageIndex(site.evidence)
        for name, site in sites.items()
    }
    for row in rows:
        site = sites[row["domain"]]
        ranked = indexes[row["domain"]].rank(question_of(row), max(AT))
        golds = [gold_of(site, evidence["quote"]) for evidence in row["evidence"]]
        firsts = [next((n for n, p in enumerate(ranked) if overlaps(p, gold)), 10**6) for gold in golds]
        best = min(firsts)
        pages = list(dict.fromkeys(p.page for p in ranked))
        gold_pages = {page for gold in golds for page, _, _ in gold}
        for k in AT:
            result[f"line@{k}"][site.domain].append(float(best < k))
            top = {p.page for p in ranked[:k]}
            result[f"page@{k}"][site.domain].append(float(bool(gold_pages & top)))
        result["whole@20"][site.domain].append(float(max(firsts) < 20))
        result["mrr"][site.domain].append(1 / (best + 1) if best < 10**6 else 0.0)
        if show and best >= 5:
            print(
                f"{row['id']:<16} {best if best < 10**6 else '-':>4} {len(pages):>3} {row['question'][:90]}"
            )
    return result


def fetch_recall(
    sites: dict[str, Site], rows: Sequence[dict[str, Any]], limit: int, *, sitemap: bool, step: int = 4
) -> dict[str, list[float]]:
    """By site, one number for each question: 1 when a page with gold words was among the ``limit`` read."""
    result: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        site = sites[row["domain"]]
        question = question_of(row)
        survey = SiteSurvey(entry_url=site.entry.url, sitemap_urls=site.sitemap if sitemap else ())
        read = {path_key(site.entry.url): site.entry}
        missed: set[str] = set()
        while len(read) < limit:
            wanted = choose_pages(question, survey, list(read.values()), limit + len(missed))
            fresh = [url for url in wanted if path_key(url) not in read and path_key(url) not in missed]
            if not fresh:
                break
            for url in fresh[: min(step, limit - len(read))]:
                page = site.pages.get(path_key(url))
                if page is None:
                    missed.add(path_key(url))
                else:
                    read[path_key(url)] = page
        gold = {
            path_key(site.evidence.pages[page].url)
            for evidence in row["evidence"]
            for page, _, _ in gold_of(site, evidence["quote"])
        }
        result[site.domain].append(float(bool(gold & set(read))))
    return result


def show_table(title: str, columns: dict[str, dict[str, list[float]]]) -> None:
    names = sorted({site for column in columns.values() for site in column})
    print(f"\n{title:<28} {'n':>4} " + " ".join(f"{name:>9}" for name in columns))
    for name in [*names, ""]:
        cells = []
        for column in columns.values():
            values = column[name] if name else [x for values in column.values() for x in values]
            cells.append(f"{100 * sum(values) / len(values):8.1f}%" if values else "        -")
        first = next(iter(columns.values()))
        count = len(first[name]) if name else sum(map(len, first.values()))
        print(f"{name or 'all':<28} {count:>4} " + " ".join(cells))


def mean(values: Iterable[float]) -> float:
    values = list(values)
    return sum(values) / len(values) if values else 0.0


def elsewhere(by_value: dict[Any, dict[str, float]], site: str, value: Any) -> float:
    """What a value scores on all sites but one."""
    return mean(score for name, score in by_value[value].items() if name != site)


def sweep(sites: dict[str, Site], rows: Sequence[dict[str, Any]]) -> None:
    """Each weight by turns, and what choosing it on five sites gives on the sixth."""
    base = Weights()
    choices: dict[str, Sequence[Any]] = {
        "k1": (0.9, 1.2, 1.5, 2.0),
        "b": (0.3, 0.5, 0.6, 0.75),
        "heading": (0, 1, 2, 3),
        "title": (0, 1, 2),
        "path": (0, 1, 2),
        "context": (0, 1, 2),
        "page": (0.0, 0.15, 0.3, 0.5, 0.8),
        "type_fit": (0.0, 0.05, 0.1, 0.2, 0.3),
        "expansion": (0.0, 0.1, 0.2, 0.3, 0.5),
        "crowd": (0.8, 0.9, 1.0),
    }

    def measure(weights: Weights) -> dict[str, float]:
        found = rank_recall(sites, rows, weights)
        return {
            s: mean(found["line@5"][s] + found["line@10"][s] + found["line@20"][s] + found["mrr"][s])
            for s in sites
        }

    for name, values in choices.items():
        by_value = {value: measure(base._replace(**{name: value})) for value in values}
        overall = {value: mean(scores.values()) for value, scores in by_value.items()}
        held_out = []
        for site in sites:
            chosen = max(values, key=functools.partial(elsewhere, by_value, site))
            held_out.append(by_value[chosen][site])
        line = "  ".join(f"{value}:{100 * score:.2f}" for value, score in overall.items())
        print(f"{name:<9} {line}   left out: {100 * mean(held_out):.2f}")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("sites", nargs="?", type=Path, default=DEFAULT_SITES)
    parser.add_argument("questions", nargs="?", type=Path)
    parser.add_argument("--rank", action="store_true", help="rank recall only")
    parser.add_argument("--fetch", action="store_true", help="fetch recall only")
    parser.add_argument("--sweep", action="store_true", help="vary each weight of the ranking")
    parser.add_argument("--show", action="store_true", help="list the questions whose line is not among five")
    options = parser.parse_args(arguments)
    questions = options.questions or options.sites / "questions.jsonl"
    if not questions.exists():
        print(f"no questions at {questions}: give a folder of sites and a question file")
        return 2
    rows = [json.loads(line) for line in questions.read_text(encoding="utf-8").splitlines() if line.strip()]
    rows = [row for row in rows if row["evidence"]]
    started = time.process_time()
    sites = {name: Site(options.sites / name) for name in sorted({row["domain"] for row in rows})}
    seconds = time.process_time() - started
    pages = sum(len(site.pages) for site in sites.values())
    print(f"{len(rows)} questions with evidence, {len(sites)} sites, {pages} pages ({seconds:.1f} s to read)")
    if options.sweep:
        sweep(sites, rows)
        return 0
    if not options.fetch:
        started = time.process_time()
        found = rank_recall(sites, rows, show=options.show)
        seconds = time.process_time() - started
        show_table(
            "rank recall, gold line",
            {k: v for k, v in found.items() if k.startswith(("line", "mrr", "whole"))},
        )
        show_table("rank recall, gold page", {k: v for k, v in found.items() if k.startswith("page")})
        print(f"{seconds:.1f} s of CPU with the indexes")
    if not options.rank:
        columns = {
            f"{'sitemap' if sitemap else 'links'}@{limit}": fetch_recall(sites, rows, limit, sitemap=sitemap)
            for sitemap in (True, False)
            for limit in (5, 10, 20, 40)
        }
        show_table("fetch recall, gold page", columns)
    return 0


if __name__ == "__main__":
    sys.exit(main())
