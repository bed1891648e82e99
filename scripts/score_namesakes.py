#!/usr/bin/env python
"""Scores the guard against ``labels/namesakes``: precision, recall, and every wrong case.

    scripts/score_namesakes.py [FILE ...]

Precision: of the statements that were let through, how many are about this person at this company. Recall: of those
that are, how many were let through.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "src")]

from leadline.research.documents.hosts import same_site  # noqa: E402
from leadline.research.documents.units import passages  # noqa: E402
from leadline.research.documents.walk import read_page  # noqa: E402
from leadline.research.model import Company, Evidence, Page, Person, Provenance, Subject  # noqa: E402
from leadline.research.steps.guard import Judgement, judge  # noqa: E402

READ_AT = datetime(2026, 11, 21, 12, tzinfo=UTC)


def say(text: str) -> None:
    sys.stdout.write(text + "\n")


def judged(case: dict[str, Any]) -> Judgement:
    """What the guard says of the case's statement, whose words may be several units: the first refusal."""
    body = case["markup"].encode()
    address, domain = case["address"], case["company"]["domain"]
    own = same_site(urlsplit(address).hostname or "", domain)
    page = Page(
        url=address, snapshot_id="1", fetched_at=READ_AT, body_sha256=hashlib.sha256(body).hexdigest(),
        content=read_page(body, "text/html; charset=utf-8", address),
        provenance=Provenance.OWN if own else Provenance.THIRD_PARTY,
    )  # fmt: skip
    subject = Subject(
        company=Company(host=domain, asked_host=domain, name=case["company"]["name"]),
        person=Person(name=case["person"]),
    )
    statement = " ".join(case["statement"].split())
    cited = [
        (unit, passage)
        for passage in passages(Evidence(pages=(page,)))
        for unit in passage.units
        if unit.script < 0
        and (words := " ".join(unit.text.split()))
        and (words in statement or statement in words)
    ]
    if not cited:
        raise SystemExit(f"{case['id']}: the statement does not stand in the page")
    verdicts = [judge(subject, unit, passage, page, own=own, now=case["now"]) for unit, passage in cited]
    return next((verdict for verdict in verdicts if not verdict.supports), verdicts[0])


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("files", type=Path, nargs="*", default=[ROOT / "labels" / "namesakes" / "cases.yaml"])
    for file in parser.parse_args().files:
        cases = yaml.safe_load(file.read_text(encoding="utf-8"))
        verdicts = [(case, judged(case)) for case in cases]
        for case, verdict in verdicts:
            if verdict.supports is not case["supports"]:
                said = "let through" if verdict.supports else f"refused ({verdict.why})"
                say(f"WRONG {case['id']} [{case['kind']}]: {said}; {case['why']}")
        passed = sum(verdict.supports for _, verdict in verdicts)
        meant = sum(case["supports"] for case in cases)
        right = sum(verdict.supports and case["supports"] for case, verdict in verdicts)
        say(
            f"{file.name}: {len(cases)} cases, precision {right / passed if passed else 1:.3f} ({right}/{passed}), "
            f"recall {right / meant if meant else 1:.3f} ({right}/{meant})"
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
