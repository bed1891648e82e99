"""Counting: "how many X" answered by a complete list or table of X."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from leadline.research.model import BlockKind, Region
from leadline.research.readers.extractive import gates
from leadline.research.readers.extractive.asking import Asking, Wanted
from leadline.research.readers.extractive.candidate import Candidate
from leadline.research.readers.extractive.fitting import Scope, fit
from leadline.research.readers.extractive.scene import Scene, Spot
from leadline.research.values.concepts import concepts
from leadline.research.values.numbers import find_numbers
from leadline.research.values.terms import stems, terms

_COUNTED = (BlockKind.LIST_ITEM, BlockKind.TABLE_ROW)
_OUTSIDE = frozenset({Region.NAVIGATION, Region.HEADER, Region.FOOTER})


# Words around "jobs" that the list of them need not repeat.
_ADVERTISED = frozenset(
    "open advertise advertised advertising list listed available hiring fill vacant now careers career".split()
)


def count_candidates(scene: Scene) -> Iterator[Candidate]:
    groups: dict[tuple[int, int], list[Spot]] = defaultdict(list)
    for spot in scene.spots:
        if spot.block.kind in _COUNTED and spot.block.group and spot.block.region not in _OUTSIDE:
            groups[spot.unit.page, spot.block.group].append(spot)
    for (_, group), spots in groups.items():
        candidate = _count(scene, group, spots)
        if candidate:
            yield candidate


def _count(scene: Scene, group: int, spots: list[Spot]) -> Candidate | None:
    """The number of items of a list whose introduction or heading names what is counted."""
    first = min(spots, key=lambda s: s.unit.start)
    asking = scene.asking(first.language)
    head = asking.head
    if (
        head is None
        or gates.made_up(asking, first)
        or gates.about_others(asking, first)
        or gates.outdated(asking, first)
    ):
        return None
    introduction = " ".join(p for p in (first.intro, first.headings[-1] if first.headings else "") if p)
    if not _names_plural(head, introduction, first.language) or find_numbers(introduction, first.language):
        return None
    counted = complete_group(first, group, spots)
    if counted is None or len(counted) < 2:
        return None
    given = [head]
    if "~vacancy" in head.concepts:
        given += [w for w in asking.wanted if w.text.lower() in _ADVERTISED]
    measured = fit(asking, first, Scope(own=introduction), given=given, neighbours=False)
    if measured.missing or not measured.names_met or not _all_alike(counted):
        return None
    features = {
        "coverage": round(measured.coverage, 3),
        "own": round(measured.own, 3),
        "rank": float(first.rank),
        "members": float(len(counted)),
        "wanted": float(len(asking.wanted)),
    }
    return Candidate(
        len(counted),
        tuple(s.unit for s in counted),
        measured.coverage - 0.05 - _narrowing(asking, first, introduction) - 0.002 * first.rank,
        "count-of-list",
        features,
    )


def complete_group(first: Spot, group: int, spots: list[Spot]) -> list[Spot] | None:
    """One spot for every top item or body row of the group, or None when some are not among the passages."""
    level = min(s.block.level for s in spots)
    blocks = first.page.content.blocks
    whole = [
        i
        for i, b in enumerate(blocks)
        if b.group == group
        and b.kind in _COUNTED
        and b.level == level
        and not (b.cells and all(not c.header for c in b.cells))
    ]
    own = {s.unit.block: s for s in reversed(spots)}
    if any(i not in own for i in whole):
        return None
    return [own[i] for i in whole]


def _all_alike(spots: list[Spot]) -> bool:
    """Items of a list of things are short; long ones are steps or paragraphs."""
    texts = [s.page.words(s.block.start, s.block.end) for s in spots]
    return all(len(t) <= 160 for t in texts) and sum(
        t.endswith(".") or len(t.split()) > 14 for t in texts
    ) <= 0.3 * len(texts)


# People and companies at large are counted by statement, never by the length of a list.
_NEVER_LISTED = frozenset({"~staff", "~customer", "peopl", "user", "develop"})


def _names_plural(head: Wanted, introduction: str, language: str) -> bool:
    """ "Open positions" heads a list of positions; "Hospital" heads what a hospital gets."""
    if head.concepts & _NEVER_LISTED:
        return False
    return any(
        head.concepts & concepts(t.text, language)
        and (t.folded.endswith(("s", "n", "x")) or t.folded == head.text.lower())
        for t in terms(introduction, language)
    ) or bool({c for c in head.concepts if c[0] == "~"} & concepts(introduction, language))


def _narrowing(asking: Asking, spot: Spot, introduction: str) -> float:
    """Words of the introduction that the question does not have make the list one of something narrower."""
    asked = frozenset().union(*(w.concepts for w in asking.wanted))
    extra = [
        s
        for s in stems(introduction, spot.language)
        if s not in asked and not concepts(s, spot.language) & asked
    ]
    return 0.03 * min(4, len([s for s in extra if s not in asking.company]))
