"""Money raised: the rounds that a company tells of, and what it says it has raised altogether."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from leadline.research.documents.units import split_sentences
from leadline.research.model import Block, BlockKind, Page, Region
from leadline.research.profile.brand import Brand
from leadline.research.profile.model import Finding, Means
from leadline.research.profile.when import told_on
from leadline.research.values.money import find_money
from leadline.research.values.polarity import denials

_LONGEST = 500  # characters of a sentence that is looked at
_RAISED = re.compile(
    r"\b(?:raise[sd]?|raising|closed|closes|secured|secures|received|completed|announc\w+|landed|levé|lève|lèvent|bouclé|obtenu|eingesammelt|sammel\w+|erhält|erhalten|abgeschlossen|schließt)\b",
    re.IGNORECASE,
)
_ROUND = re.compile(
    r"\b(?:funding|fundraise|financing|investment|venture capital|(?:pre-)?seed|series [A-H]\d?|round|investors?|backers|Finanzierung\w*|Kapital\w*|Wagniskapital|Investor\w*|Serie[- ][A-H]|levée de fonds|tour de table|série [A-H]|financement|investisseurs?)\b",
    re.IGNORECASE,
)
_SERIES = re.compile(r"\b(?:Series|Serie|Série)[- ]([A-H]\d?)\b|\b(pre-seed|seed)\b", re.IGNORECASE)
_TOTAL = re.compile(
    r"\b(?:(?:in )?total(?: of| funding| raised)?|to date|altogether|so far|since (?:its|our) (?:start|founding|inception)|overall|insgesamt|bisher|bis heute|au total|à ce jour)\b",
    re.IGNORECASE,
)
_LED = re.compile(
    r"\b(?:led by|leads? investor(?: is| was)?:?|angeführt von|unter Führung von|menée? par|dirigée? par)\s+(?:the )?(?P<who>[A-ZÀ-Þ][\w.&'’-]*(?: (?:of|and|&|[A-ZÀ-Þ0-9][\w.&'’-]*))*?)(?=,| with\b| alongside\b| and (?!\w+ (?:Capital|Ventures|Partners))|[.;)]| mit\b| avec\b|$)"
)
# Money of which something else is told than that the company got it from investors.
_ELSE = re.compile(
    r"\b(?:charit\w+|donat\w+|awareness|grants?|customers? (?:have |has )?raised|worth|valuation|valued|revenue|fine[sd]?|lawsuit|prize|saved?|if|hope\w*|plan\w*|will|goal|aim\w*|want|fund of|Fonds von|Spenden|dons)\b",
    re.IGNORECASE,
)
_NEAR = 90  # characters between the verb and the amount


def find(page: Page, brand: Brand) -> Iterator[Finding]:
    where = brand.kind(page.url)
    if where in ("customers", "partners", "docs", "pricing"):
        return
    for block in page.content.blocks:
        if block.region is not Region.MAIN or block.kind in (BlockKind.QUOTE, BlockKind.CODE):
            continue
        text = page.words(block.start, min(block.end, block.start + 3_000))
        for start, end in split_sentences(text, page.content.language):
            sentence = text[start:end]
            if end - start > _LONGEST or not _ROUND.search(sentence) or sentence.rstrip().endswith("?"):
                continue
            if brand.speaks(sentence):
                yield from _told(page, block, sentence, block.start + start)


def _told(page: Page, block: Block, text: str, start: int) -> Iterator[Finding]:
    if denials(text):
        return
    amounts = find_money(text, page.content.language or "en")
    for amount in amounts:
        before, behind = text[max(0, amount.start - _NEAR) : amount.start], text[amount.end : amount.end + 60]
        if not (_RAISED.search(before) or _RAISED.search(behind)) or _ELSE.search(before + behind):
            continue
        money = {
            "amount": amount.value,
            "currency": amount.currency,
            "text": text[amount.start : amount.end].strip(),
        }
        if _TOTAL.search(before[-30:]) or _TOTAL.match(behind.lstrip(" ,")):
            yield _finding(page, block, "funding_total", money, start, text)
            continue
        yield _finding(page, block, "funding", money, start, text)
        if len(amounts) > 1:
            continue
        series = {match.group().lower(): match.group() for match in _SERIES.finditer(text)}
        if len(series) == 1:
            yield _finding(page, block, "last_round", next(iter(series.values())), start, text)
        if (led := _LED.search(text)) is not None:
            yield _finding(page, block, "lead_investor", led["who"].strip(), start, text)


def _finding(page: Page, block: Block, field: str, value: Any, start: int, text: str) -> Finding:
    return Finding(
        field=field, value=value, url=page.url, snapshot_id=page.snapshot_id, start=start, end=start + len(text),
        quote=text, means=Means.WORDS, weight=1.0, on=told_on(page, block, text),
    )  # fmt: skip
