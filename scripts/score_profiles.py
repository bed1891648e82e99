#!/usr/bin/env python
"""Scores profiles against ``labels/profiles.json``: precision and coverage for each field.

    scripts/score_profiles.py [FOLDER] [--show]

FOLDER (default ``../shared/sites``) holds a folder of pages for each labelled company. A value is *right* when it is
the labelled one or stands for it, *wrong* when it is another or the label says that the pages hold none, and *missed*
when there is none. Items of lists are counted one by one; those of lists that the labels do not hold completely
(customers, partners, integrations, support channels, social profiles) and technologies are counted apart, *unjudged*, when
they are not labelled. ``what_they_do`` is right when it shares two content words with the label.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from bench.calibrate_extractive import site_pages  # noqa: E402

from leadline.research.documents.hosts import parse_company  # noqa: E402
from leadline.research.profile.building import build  # noqa: E402
from leadline.research.profile.model import FIELDS, LISTS  # noqa: E402
from leadline.research.values.terms import squash, stems  # noqa: E402

INCOMPLETE = frozenset(
    "customers partners integrations support_channels social_profiles other_places".split()
)


def say(text: str) -> None:
    sys.stdout.write(text + "\n")


def same(field: str, given: Any, label: Any) -> bool:
    if field in ("what_they_do", "industry"):
        return len(stems(str(given)) & stems(str(label))) >= (2 if field == "what_they_do" else 1)
    if field == "founded":
        return bool(given == label)
    if field == "employee_count":
        return bool(given == (label["value"] if isinstance(label, dict) else label))
    if field == "headquarters":
        return squash(given.get("city", "")) == squash(label.get("city", ""))
    if field == "leadership":
        return squash(given["name"]) == squash(label["name"])
    if field == "plans":
        a, b = squash(given["name"]), squash(label["name"])
        return (a in b or b in a) and given["price"] == label["price"]
    if field == "trial":
        return bool(given["offered"] == label["offered"] and given.get("days") in (None, label.get("days")))
    if field == "social_profiles":
        return (
            squash(given["url"])
            .removeprefix("https")
            .startswith(squash(label["url"]).removeprefix("https")[:18])
        )
    if field == "funding":
        return bool(given["amount"] == label["amount"])
    if isinstance(given, bool) or isinstance(label, bool):
        return given is label
    a, b = squash(str(given)).removesuffix("s"), squash(str(label)).removesuffix("s")
    return a == b or (len(min(a, b, key=len)) >= 4 and (a.startswith(b) or b.startswith(a) or a in b))


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?", default=ROOT / ".." / "shared" / "sites")
    parser.add_argument("--show", action="store_true", help="print what is wrong and what is not judged")
    chosen = parser.parse_args()
    labels = json.loads((ROOT / "labels" / "profiles.json").read_text(encoding="utf-8"))["companies"]
    counts: dict[str, Counter[str]] = {field: Counter() for field in FIELDS}
    filled: dict[str, int] = {}
    for domain, entry in labels.items():
        pages = site_pages(chosen.folder, domain).pages
        profile = build(parse_company(domain), pages)
        filled[domain] = len(profile.fields)
        for field in FIELDS:
            given, label = profile.value(field), entry["fields"].get(field)
            count = counts[field]
            if label is None:
                count["unjudged"] += given is not None
                continue
            expected = label["value"]
            if field in LISTS:
                items = expected if isinstance(expected, list) else []
                found = given or []
                right = [g for g in found if any(same(field, g, one) for one in items)]
                others = [g for g in found if g not in right]
                count["right"] += len(right)
                count["unjudged" if field in INCOMPLETE else "wrong"] += len(others)
                count["missed"] += sum(not any(same(field, g, one) for g in found) for one in items)
                if chosen.show and others:
                    say(
                        f"{domain} {field}: not labelled {json.dumps(others, ensure_ascii=False, default=str)}"
                    )
            elif given is None:
                count["missed"] += expected is not None
            elif expected is not None and same(field, given, expected):
                count["right"] += 1
            else:
                count["wrong"] += 1
                if chosen.show:
                    quote = profile.fields[field].findings[0]
                    say(
                        f"{domain} {field}: {given!r}, labelled {expected!r}; {quote.url}: {quote.quote[:150]!r}"
                    )
    total: Counter[str] = Counter()
    say(f"{'field':<18} right wrong missed unjudged")
    for field, count in counts.items():
        total += count
        if count:
            say(
                f"{field:<18} {count['right']:5} {count['wrong']:5} {count['missed']:6} {count['unjudged']:8}"
            )
    judged = total["right"] + total["wrong"]
    say(f"{'all':<18} {total['right']:5} {total['wrong']:5} {total['missed']:6} {total['unjudged']:8}")
    if judged:
        known = total["right"] + total["missed"]
        say(f"precision {total['right'] / judged:.1%}, coverage {total['right'] / max(1, known):.1%}")
    say("fields filled: " + ", ".join(f"{domain} {number}" for domain, number in filled.items()))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
