"""Plans and prices: on the pages about pricing, an amount under the heading or beside the name of its plan."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from leadline.research.documents.units import split_sentences
from leadline.research.model import Block, BlockKind, Page, Region
from leadline.research.profile.brand import Brand
from leadline.research.profile.model import Finding, Means
from leadline.research.values.money import Money, find_money

_PERIOD = re.compile(
    r"(?:/|\bper\b|\ba\b|\bpro\b|\bpar\b|\beach\b|\bim\b|\bevery\b)\s*(mo|month|monat|mois|yr|year|jahr|an)\b|\b(monthly|annually|yearly|monatlich|jährlich)\b",
    re.IGNORECASE,
)
_UNIT = re.compile(
    r"(?:/|\bper\b|\bpro\b|\bpar\b)\s*(user|seat|member|agent|machine|node|host|nutzer|utilisateur|editor|developer|site|workspace|vm)\b",
    re.IGNORECASE,
)
# What is charged for each of something else than a seat has no plan's price.
_BY_USE = re.compile(
    r"\s*(?:/|per |a |an |pro |par |each )\s*(?:GB|TB|MB|GiB|TiB|CPU|core|hour|hr|second|minute|request|call|thousand|million|1,?000|stunde|heure)\b",
    re.IGNORECASE,
)
_FEWEST_PLANS = 2
_MONTH, _YEAR = frozenset("mo month monat mois monthly monatlich".split()), "year"
_FREE = re.compile(r"^(?:free|kostenlos|gratis|gratuit)\b", re.IGNORECASE)
_NAME = re.compile(r"^[A-ZÀ-Þ][\w+.&'’ -]{1,28}$")
_NOT_A_PLAN = re.compile(
    r"\?|\b(?:pricing|plans?$|compare|features?|faq|questions|add-?ons?|frequently|cost|prices?|month|year|about|contact)\b",
    re.IGNORECASE,
)
_OF_PLANS = re.compile(r"\b(?:plan|tier|edition|package|tarif|offre|formule)", re.IGNORECASE)
_TRIAL = re.compile(
    r"\b(\d{1,3})[- ]?(?:d|days?|tage|tägige\w?|jours)\b[^.!?]{0,25}\b(?:trial|test|essai)|"
    r"\b(?:free trial|kostenlos(?:e|en)? test\w*|essai gratuit)\b",
    re.IGNORECASE,
)
_NO_TRIAL = re.compile(r"\b(?:no|not|without|kein\w*|sans|pas|don't|ended|discontinued)\b", re.IGNORECASE)
_TRIALS = frozenset({"home", "docs", "about"})
_LONGEST = 2_000  # characters of a block that is looked through
_TRIAL_LASTS = re.compile(
    r"\b(?:free trial|trial period|kostenlose\w* Test\w*|Testphase|essai gratuit|période d['’]essai)\b(?:[^.!?]|\.(?=\w)){0,80}?\b(?P<days>\d{1,3})[ -]?(?:days?|Tage\w*|jours)\b",
    re.IGNORECASE,
)
_NEAR = 40  # characters behind an amount that tell what it is for


def find(page: Page, brand: Brand) -> Iterator[Finding]:
    if not brand.is_page_of(page.url, "pricing"):
        where = brand.kind(page.url)
        if where in _TRIALS or (where == "other" and page.content.published_on is None):
            yield from _trials_told(page, brand)
        return
    plans: defaultdict[tuple[str, ...], list[Finding]] = defaultdict(list)
    blocks = page.content.blocks
    for index, block in enumerate(blocks):
        if block.region in (Region.NAVIGATION, Region.FOOTER, Region.HIDDEN):
            continue
        text = page.words(block.start, block.end)
        below = blocks[index + 1] if index + 1 < len(blocks) else block
        beside = page.words(below.start, below.end) if below.headings == block.headings else ""
        within = block.headings if block.cells else block.headings[:-1]
        plans[within].extend(_rows(page, block) if block.cells else _plans(page, block, text, beside))
        yield from _trial(page, block, text)
    for found in plans.values():
        yield from _side_by_side(found)


def _side_by_side(found: Sequence[Finding]) -> Iterator[Finding]:
    """Plans are offered beside one another, each at one price a period; what is charged by use is not."""
    prices: defaultdict[tuple[str, str | None], set[float]] = defaultdict(set)
    for one in found:
        prices[one.value["name"], one.value["period"]].add(one.value["price"])
    kept = [one for one in found if len(prices[one.value["name"], one.value["period"]]) == 1]
    if len({one.value["name"] for one in kept}) >= _FEWEST_PLANS:
        yield from kept


def _rows(page: Page, block: Block) -> Iterator[Finding]:
    """A row that begins with a plan and holds its price, or one of prices under the names of plans."""
    cells = [(page.words(c.start, c.end).strip(), c.header.strip()) for c in block.cells[:12]]
    first = cells[0][0]
    priced = [
        (header, text, amounts[0])
        for text, header in cells[1:]
        if len(amounts := find_money(text, page.content.language)) == 1 and not amounts[0].range_end
    ]
    of_row = len(priced) == 1 and _is_plan(first) and _OF_PLANS.search(f"{cells[0][1]} {block.caption}")
    for header, text, amount in priced:
        name = first if of_row else header
        near = f"{text[amount.end :]} {header if of_row else first}"
        if _is_plan(name) and _PERIOD.search(near):
            yield _finding(page, block, "plans", _plan(name, amount, near))


def _is_plan(name: str) -> bool:
    return _NAME.match(name) is not None and not _NOT_A_PLAN.search(name)


def _plan(name: str, amount: Money, near: str) -> dict[str, object]:
    """``near``: the words that tell for how long and for whom the amount is."""
    period, unit = _PERIOD.search(near), _UNIT.search(near)
    per = (period[1] or period[2]).lower() if period else ""
    return {
        "name": name,
        "price": amount.value,
        "currency": amount.currency,
        "period": None if not per else "month" if per in _MONTH else _YEAR,
        "unit": unit[1].lower() if unit else None,
    }


def _plans(page: Page, block: Block, text: str, beside: str) -> Iterator[Finding]:
    amounts = find_money(text, page.content.language) if len(text) <= 200 else []
    name = _name(page, block, text)
    if not name:
        return
    free = _FREE.match(text) is not None and len(text) <= 60
    if len(amounts) == 1 and not amounts[0].range_end:
        amount = amounts[0]
        near = f"{text[amount.end : amount.end + _NEAR]} {beside[:_NEAR]}"
        if amount.value != 0 and (_PERIOD.search(near) is None or _BY_USE.match(text, amount.end)):
            return
        yield _finding(page, block, "plans", _plan(name, amount, near))
    elif free:
        value = {"name": name, "price": 0, "currency": None, "period": None, "unit": None}
        yield _finding(page, block, "plans", value)


def _name(page: Page, block: Block, text: str) -> str:
    """The nearest heading above, where it reads like a plan's name."""
    for heading in block.headings[-1:]:
        if _is_plan(heading):
            return heading
    return ""


def _trials_told(page: Page, brand: Brand) -> Iterator[Finding]:
    """How long the company's own trial lasts, in a sentence anywhere: "Our free trial includes 7 days of access"."""
    for block in page.content.blocks:
        if block.region is not Region.MAIN or block.kind in (BlockKind.QUOTE, BlockKind.CODE):
            continue
        text = page.words(block.start, min(block.end, block.start + _LONGEST))
        if "tria" not in text and "test" not in text.lower() and "essai" not in text:
            continue
        for start, end in split_sentences(text, page.content.language):
            sentence = text[start:end]
            match = _TRIAL_LASTS.search(sentence)
            if (
                match is None
                or _NO_TRIAL.search(sentence)
                or sentence.rstrip().endswith("?")
                or not brand.speaks(sentence)
            ):
                continue
            yield Finding(
                field="trial", value={"offered": True, "days": int(match["days"])}, url=page.url,
                snapshot_id=page.snapshot_id, start=block.start + start, end=block.start + end, quote=sentence,
                means=Means.WORDS, weight=1.0, on=page.fetched_at.date(),
            )  # fmt: skip


def _trial(page: Page, block: Block, text: str) -> Iterator[Finding]:
    if (match := _TRIAL.search(text)) is None:
        return
    sentence = re.split(r"[.!?]", text[: match.start()])[-1]
    if not _NO_TRIAL.search(sentence) and not text.rstrip().endswith("?"):
        value = {"offered": True, "days": int(match[1]) if match[1] else None}
        yield _finding(page, block, "trial", value)


def _finding(page: Page, block: Block, field: str, value: object) -> Finding:
    return Finding(
        field=field, value=value, url=page.url, snapshot_id=page.snapshot_id, start=block.start, end=block.end,
        quote=page.words(block.start, block.end), means=Means.WORDS, weight=1.0, on=page.fetched_at.date(),
    )  # fmt: skip
