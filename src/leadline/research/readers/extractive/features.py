"""What is measured of a place that may hold the answer. No word of any question or page stands here: shares of the
question's words that are met, the kind of place, the form of the words. What each is worth is learned (``learned``).
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from leadline.research.model import BlockKind, Region
from leadline.research.readers.extractive import gates
from leadline.research.readers.extractive.asking import Asking, Wanted
from leadline.research.readers.extractive.fitting import Fit, Scope, adjacent_words_close, fit
from leadline.research.readers.extractive.scene import Scene, Spot
from leadline.research.values.polarity import denials, is_open
from leadline.research.values.terms import fold, squash

Features = dict[str, float]

BY_RANK = frozenset({"rank", "best_passage", "near_top"})
BEST = 40  # passages that ranks are measured in
_RELATIVE = ("coverage", "own", "coverage_alone", "own_alone")


def of_place(asking: Asking, spot: Spot, measured: Fit, alone: Fit) -> Features:
    """``measured``: with all that stands around; ``alone``: by the unit's words and its headings."""
    wanted = max(1, len(asking.wanted))
    words = len(spot.text.split())
    one_word = len([w for w in asking.wanted if not w.weak]) <= 1
    of_company = gates.speaks_of_company(asking, spot.text)
    return {
        "coverage": measured.coverage,
        "own": measured.own,
        "coverage_alone": alone.coverage,
        "own_alone": alone.own,
        "missing": len(measured.missing) / wanted,
        "all_met": float(not measured.missing),
        "names_met": float(measured.names_met),
        "met": measured.met / wanted,
        "borrowed": float(measured.borrowed),
        "rank": spot.rank / BEST,
        "best_passage": float(spot.rank == 0),
        "near_top": 1 / (1 + spot.rank),
        f"region_{_region(spot)}": 1.0,
        f"kind_{_kind(spot)}": 1.0,
        "words": math.log1p(words) / 4,
        "short": float(words <= 5),
        "long": float(words > 45),
        "under_heading": float(bool(spot.headings)),
        "outdated": float(gates.outdated(asking, spot)),
        "other_year": float(gates.wrong_year(asking, spot, spot.text)),
        "made_up": float(gates.made_up(asking, spot)),
        "page_of_others": float(gates.about_others(asking, spot)),
        "past": float(gates.speaks_of_past(asking, spot)),
        "aspires": float(gates.aspires(asking, spot.text)),
        "of_others": float(gates.others_are_subject(asking, spot.text, len(spot.text))),
        "of_suppliers": float(gates.suppliers(asking, spot.text)),
        "of_company": float(of_company),
        "of_other_name": float(_names_another(asking, spot)),
        "open": float(is_open(spot.text)),
        "denial": float(bool(denials(spot.text)) != bool(denials(asking.text))),
        "question": float(spot.text.rstrip().endswith("?")),
        "adjacent": float(adjacent_words_close(asking, spot.text, spot.language)),
        "one_word_asked": float(one_word),
        "one_word_of_company": float(one_word and of_company),
        "one_word_of_nobody": float(one_word and not of_company),
    }


def alone(asking: Asking, spot: Spot, leave_out: Sequence[Wanted] = ()) -> Fit:
    """The fit of a unit by its own words and headings."""
    return fit(asking, spot, Scope(own=spot.text), leave_out=leave_out, neighbours=False)


def of_nothing(scene: Scene, answer_type: str, options: list[Features]) -> Features:
    """What speaks for no answer at all."""
    asking = scene.asking("en")
    told = [w for w in asking.wanted if not w.weak]
    unsaid = sum(not scene.mentions(word) for word in told)
    return {
        "nothing": 1.0,
        f"nothing_{answer_type}": 1.0,
        "nothing_wanted": min(8, len(asking.wanted)) / 8,
        "nothing_unsaid": float(unsaid > 0),
        "nothing_unsaid_share": unsaid / max(1, len(asking.wanted)),
        "nothing_best_coverage": max((one.get("coverage", 0.0) for one in options), default=0.0),
        "nothing_best_own": max((one.get("own_alone", 0.0) for one in options), default=0.0),
        "nothing_options": math.log1p(len(options)) / 6,
    }


def relate(options: list[Features]) -> None:
    """Add how far each is behind the best of its question."""
    for name in _RELATIVE:
        best = max((one.get(name, 0.0) for one in options), default=0.0)
        for one in options:
            one[f"behind_{name}"] = best - one.get(name, 0.0)


def _names_another(asking: Asking, spot: Spot) -> bool:
    """A sentence begins with a name that is neither the company's nor in the question."""
    match = _FIRST_NAME.match(spot.text)
    if match is None or spot.block.kind not in (BlockKind.PARAGRAPH, BlockKind.QUOTE, BlockKind.LIST_ITEM):
        return False
    name = match[0]
    known = fold(asking.text)
    own = squash(name)
    return (
        fold(name) not in known
        and not any(one in own for one in asking.company if len(one) >= 3)
        and spot.scene.may_be_name(name)
    )


def behind(text: str) -> str:
    """What follows a value up to the end of its part of the sentence."""
    return re.split(r"[.;:!?•|]\s|\n", text + " ", maxsplit=1)[0][:80]


def _region(spot: Spot) -> str:
    region = spot.block.region
    return region.value if region in _REGIONS else Region.MAIN.value


def _kind(spot: Spot) -> str:
    kind = spot.block.kind
    return kind.value if kind in _KINDS else BlockKind.PARAGRAPH.value


_FIRST_NAME = re.compile(r"[A-ZÀ-Þ][\w&.-]+(?: [A-ZÀ-Þ][\w&.-]+){0,3}(?= [a-zà-ÿ])")
_REGIONS = frozenset({Region.MAIN, Region.HEADER, Region.NAVIGATION, Region.ASIDE, Region.FOOTER})
_KINDS = frozenset(
    {BlockKind.HEADING, BlockKind.LIST_ITEM, BlockKind.TABLE_ROW, BlockKind.DEFINITION, BlockKind.QUOTE}
)
