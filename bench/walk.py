"""The DOM walk and the ranking against a bare visit of the same pages by selectolax.

The yardstick parses, visits every node and reads its name and its own text, and does nothing with them; ours parses,
walks to blocks, links and canonical text, cuts passages, builds the index and ranks one question for each site. Pages are those of ``../shared/sites``
where they are there, else pages made here.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

from selectolax.lexbor import LexborHTMLParser

from bench.rows import Row
from leadline.research.documents.hosts import parse_company
from leadline.research.documents.walk import read_page
from leadline.research.model import Evidence, Page, Question, Subject
from leadline.research.steps.rank import PassageIndex

GOAL = 0.3
ROUNDS = 3
SITES = Path("../shared/sites")
WHEN = datetime(2026, 1, 1, tzinfo=UTC)

Bodies = dict[str, list[tuple[str, bytes]]]  # by domain: address, page


def pages() -> tuple[Bodies, str]:
    """The pages measured, and what they are."""
    if SITES.is_dir():
        found: Bodies = {}
        for file in sorted(SITES.rglob("*.html")):
            domain, _, path = file.relative_to(SITES).as_posix().partition("/")
            found.setdefault(domain, []).append((f"https://{domain}/{path}", file.read_bytes()))
        return found, "pages of ../shared/sites"
    return {f"company{n}.com": generated(n) for n in range(5)}, "pages made here"


def generated(seed: int) -> list[tuple[str, bytes]]:
    """A site of fifty pages with headings, text, lists and a table each."""
    chance = random.Random(seed)
    starts, ends = ("an", "be", "co", "di", "fo", "lu"), ("vil", "ner", "tas", "mo", "rin", "ked")
    words = [start + end for start in starts for end in ends]

    def some(count: int) -> str:
        return " ".join(chance.choice(words) for _ in range(count))

    result = []
    for number in range(50):
        parts = [
            f"<nav><ul>{''.join(f'<li><a href=/p{n}>{some(2)}</a></li>' for n in range(12))}</ul></nav><main>"
        ]
        for section in range(6):
            parts.append(f"<section><h2>{some(3)}</h2><p>{some(40)}. <b>{some(3)}</b> {some(20)}.</p>")
            parts.append(f"<ul>{''.join(f'<li>{some(6)}</li>' for _ in range(5))}</ul>")
            if section % 3 == 0:
                cells = "".join(f"<tr><td>{some(1)}</td><td>${n}</td></tr>" for n in range(6))
                parts.append(f"<table><tr><th>{some(1)}</th><th>{some(1)}</th></tr>{cells}</table>")
            parts.append("</section>")
        markup = f"<!DOCTYPE html><html lang=en><title>{some(3)}</title>{''.join(parts)}</main></html>"
        result.append((f"https://company{seed}.com/p{number}", markup.encode()))
    return result


def visited(bodies: Bodies) -> int:
    length = 0
    for site in bodies.values():
        for _, body in site:
            root = LexborHTMLParser(body).root
            for node in root.traverse(include_text=True) if root else ():
                length += len(node.tag or "") + len(node.text(deep=False) or "")
    return length


def walked(bodies: Bodies) -> dict[str, Evidence]:
    return {
        domain: Evidence(
            pages=tuple(
                Page(
                    url=url,
                    snapshot_id=url,
                    fetched_at=WHEN,
                    body_sha256="",
                    content=read_page(body, "text/html; charset=utf-8", url),
                )
                for url, body in site
            )
        )
        for domain, site in bodies.items()
    }


def ranked(sites: dict[str, Evidence]) -> int:
    total = 0
    for domain, evidence in sites.items():
        question = Question(
            subject=Subject(company=parse_company(domain)),
            text="How much does the plan for teams cost each month?",
        )
        total += len(PassageIndex.build(evidence).rank(question, 20))
    return total


def best_of(work: Callable[[], object]) -> float:
    """Seconds of CPU of the fastest round."""
    seconds = []
    for _ in range(ROUNDS):
        started = time.process_time()
        work()
        seconds.append(time.process_time() - started)
    return min(seconds)


def rows() -> Iterable[Row]:
    bodies, what = pages()
    count = sum(map(len, bodies.values()))
    sites = walked(bodies)  # also loads what is loaded once
    ranked(sites)
    bare = best_of(lambda: visited(bodies))
    walk = best_of(lambda: walked(bodies))
    rank = best_of(lambda: ranked(sites))
    ratio = bare / (walk + rank)
    yield Row(
        "DOM walk and ranking / a bare visit of every node",
        f"{ratio:.2f}",
        f"at least {GOAL}",
        f"{count} {what}: visit {count / bare:,.0f}, walk {count / walk:,.0f}, passages and index "
        f"{count / rank:,.0f} pages/s",
        ratio >= GOAL,
    )
    index = PassageIndex.build(next(iter(sites.values())))
    question = Question(
        subject=Subject(company=parse_company(next(iter(sites)))),
        text="How many people work for the company?",
    )
    further = best_of(lambda: index.rank(question, 20))
    yield Row(
        "ranking a further question on a known company",
        f"{1000 * further:.1f} ms CPU",
        "under 100 ms",
        f"{len(index.passages)} passages",
        further < 0.1,
    )


if __name__ == "__main__":
    for row in rows():
        print(*row, sep=" | ")
