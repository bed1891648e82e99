"""Lists: enumerations in a sentence, list items under the words that introduce them, columns of tables."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from leadline.research.model import BlockKind, Evidence, Passage, Question, Region
from leadline.research.readers.extractive import gates
from leadline.research.readers.extractive.asking import Asking, with_verbs
from leadline.research.readers.extractive.candidate import Candidate
from leadline.research.readers.extractive.enumeration import find_enumerations
from leadline.research.readers.extractive.fitting import Fit, Scope, fit
from leadline.research.readers.extractive.people import asks_for_person, names_in, person_candidates
from leadline.research.readers.extractive.scene import Scene, Spot
from leadline.research.values.concepts import concepts
from leadline.research.values.polarity import denials, is_open
from leadline.research.values.terms import squash, stems

MAX_ITEM_WORDS = 8
PART_MARGIN = 0.05
# A member that is a sentence of its own is none.
_CLAUSE = re.compile(
    r"^(?:[Yy]es|[Nn]o|[Jj]a|[Nn]ein|[Oo]ui|[Nn]on)\b|\b(?:is|are|was|were|has|have|had|will|can|may|must|should|ist|sind|hat|haben|wird)\b"
)
_LABEL = re.compile(r"^(?P<label>[^:–—→]{2,60}?)\s*(?:\s[-–—]\s|:\s|\s?->\s|→|\s\()")
_NAVIGATION = frozenset({Region.NAVIGATION, Region.HEADER, Region.FOOTER})


def list_candidates(
    question: Question, passages: Sequence[Passage], evidence: Evidence
) -> Sequence[Candidate]:
    scene = Scene(question, passages, evidence)
    return _without_overlaps(_without_parts([*_enumerated(scene), *_itemised(scene), *_people(scene)]))


def _without_parts(candidates: Sequence[Candidate]) -> list[Candidate]:
    """A list whose members all stand in a longer one that fits as well is a part of that."""
    sets = [frozenset(squash(m) for m in c.value) for c in candidates]
    return [
        c
        for c, own in zip(candidates, sets, strict=True)
        if not any(
            own < other and d.score >= c.score - PART_MARGIN
            for d, other in zip(candidates, sets, strict=True)
        )
    ]


def _without_overlaps(candidates: Sequence[Candidate]) -> list[Candidate]:
    """A list that shares most of its members with a better one says the same, less well: it is no rival."""
    kept: list[Candidate] = []
    for candidate in sorted(candidates, key=lambda c: -c.score):
        own = {squash(m) for m in candidate.value}
        others = [{squash(m) for m in k.value} for k in kept]
        if not any(
            own != other and _shared(own, other) >= 0.5 * min(len(own), len(other)) for other in others
        ):
            kept.append(candidate)
    return kept


def _shared(one: set[str], two: set[str]) -> int:
    return sum(any(a in b or b in a for b in two if min(len(a), len(b)) > 2 or a == b) for a in one)


# ------------------------------------------------------------------ in a sentence


def _enumerated(scene: Scene) -> Iterator[Candidate]:
    for spot in scene.spots:
        if spot.block.region in _NAVIGATION or spot.block.kind is BlockKind.TABLE_ROW:
            continue
        asking = with_verbs(scene.asking(spot.language))
        if _forbidden(asking, spot):
            continue
        enumerations = find_enumerations(spot.text)
        for enumeration in enumerations:
            members = _own_members(asking, enumeration.members)
            if len(members) < 2:
                continue
            if _is_subject(asking, spot, enumeration.end, members):
                continue
            if asks_for_person(asking.text) and not all(_may_be_named(scene, asking, m) for m in members):
                continue
            if any(_role_words(m, asking, spot.language) or _CLAUSE.search(m) for m in members):
                continue
            if _asks_for_places(asking) and any(c.isdigit() for m in members for c in m):
                continue  # lines of an address
            rest = spot.text[: enumeration.start] + " … " + spot.text[enumeration.end :]
            measured = _fit_beyond_kind(asking, spot, rest)
            if not (
                gates.speaks_of_company(asking, spot.text)
                or enumeration.after_colon
                or len(asking.wanted) - len(measured.missing) >= 3
            ):
                continue
            if not _acceptable(asking, spot, measured):
                continue
            near = _subject_near(asking, spot, enumeration.start, enumeration.end) or _places(
                asking, spot.text[: enumeration.start]
            )
            if measured.missing and (not near or asks_for_person(asking.text)):
                continue
            score = (
                measured.coverage * spot.region_weight
                - 0.002 * spot.rank
                - (0.05 if len(enumerations) > 1 else 0.0)
                - (0.0 if near else 0.2)
                - (0.15 if measured.own < 0.5 and measured.coverage < 0.9 else 0.0)
            )
            yield Candidate(
                members, (spot.unit,), score, "list-sentence", _features(measured, spot, len(members))
            )


def _may_be_named(scene: Scene, asking: Asking, member: str) -> bool:
    """Who can be a person or a company; "Security" is a word that the pages also write small."""
    if any(w.concepts & _ROLES for w in asking.wanted) and not names_in(member, asking):
        return False  # a role is held by persons
    return member[:1].isupper() and scene.may_be_name(member)


_ROLES = frozenset({"~founder", "~ceo", "~cto", "~cfo", "~coo", "~cmo", "~ciso", "~director", "~chair"})


def _role_words(member: str, asking: Asking, language: str) -> bool:
    """A member such as "Co-founder" is what a person is called, not one of what is asked for."""
    held = concepts(member, language) & _ROLES
    return bool(held) and not any(w.concepts & held for w in asking.wanted)


def _fit_beyond_kind(asking: Asking, spot: Spot, words: str) -> Fit:
    """The fit, in which the kind asked for ("which SYSTEMS") counts for less than what is asked of it."""
    whole = fit(asking, spot, Scope(own=words))
    strong = [w for w in asking.wanted if not w.weak and not w.light]
    kind = [w for w in asking.subject if w in strong]
    if not kind or len(strong) == len(kind):
        return whole
    beyond = fit(asking, spot, Scope(own=words), leave_out=kind)
    return beyond._replace(
        coverage=0.7 * beyond.coverage + 0.3 * whole.coverage, own=0.7 * beyond.own + 0.3 * whole.own
    )


def _is_subject(asking: Asking, spot: Spot, end: int, members: Sequence[str]) -> bool:
    """True when the members are what is said to be certified, not what it is certified for, or name the kind itself."""
    if not asking.subject:
        return False
    kind = asking.subject[-1].concepts
    if any(kind & concepts(m, spot.language) for m in members):
        return True
    verb = re.match(r"\s*(?:are|is|were|was|sind|ist|sont|est)\s+(?:\w+\s+){0,2}\w+", spot.text[end:])
    return bool(verb and kind & concepts(verb.group(), spot.language))


def _own_members(asking: Asking, members: Sequence[str]) -> list[str]:
    """The members as values: trimmed, each once, without the company itself."""
    kept: dict[str, str] = {}
    for member in members:
        text = member.strip(" .,;:\"'“”").removeprefix("the ").removeprefix("The ")
        if text and squash(text) not in asking.company:
            kept.setdefault(squash(text), text)
    return list(kept.values())


def _acceptable(asking: Asking, spot: Spot, measured: Fit) -> bool:
    return (
        measured.names_met
        and any(not w.weak for w in asking.wanted)
        and not gates.wrong_year(asking, spot, spot.text)
        and (bool(denials(asking.text)) or not denials(spot.text))
        and not is_open(spot.text)
    )


def _subject_near(asking: Asking, spot: Spot, start: int, end: int) -> bool:
    """The noun asked for ("which SYSTEMS") stands in the sentence, or heads what stands here."""
    if not asking.subject:
        return True
    head = asking.subject[-1]
    around = spot.text[:start] + " " + spot.text[end:]
    places = (around, spot.intro, *spot.headings)
    return any(head.concepts & concepts(p, spot.language) for p in places)


_PLACE_KINDS = frozenset(
    "citi city town countri region state place provinc continent land ort stadt vill locat ~country ~location".split()
)


def _asks_for_places(asking: Asking) -> bool:
    return any(w.concepts & _PLACE_KINDS for w in asking.subject)


def _places(asking: Asking, before: str) -> bool:
    """Places are told by their form: "in which towns" is met by "shops in A, B and C"."""
    return _asks_for_places(asking) and bool(
        re.search(r"\b(?:in|at|across|from|throughout|near|aus|bei|à|en|au)\s*$", before)
    )


# ------------------------------------------------------------------ people of one role


def _people(scene: Scene) -> Iterator[Candidate]:
    """ "Who are the founders": the names that stand beside this role on one page, each in its own place."""
    if not asks_for_person(scene.question.text):
        return
    pages: dict[int, list[Candidate]] = defaultdict(list)
    for candidate in person_candidates(scene):
        if candidate.units:
            pages[candidate.units[0].page].append(candidate)
    for found in pages.values():
        found.sort(key=lambda c: c.units[0].start)
        names = {squash(c.value): c for c in found}
        if len(names) < 2:
            continue
        score = sum(c.score for c in names.values()) / len(names)
        units = tuple(dict.fromkeys(u for c in names.values() for u in c.units))
        features = {"coverage": 1.0, "own": 1.0, "members": float(len(names))}
        yield Candidate([c.value for c in names.values()], units, score, "list-people", features)


# ------------------------------------------------------------------ items of a list


def _itemised(scene: Scene) -> Iterator[Candidate]:
    groups: dict[tuple[int, int], list[Spot]] = defaultdict(list)
    for spot in scene.spots:
        if (
            spot.block.kind is BlockKind.LIST_ITEM
            and spot.block.group
            and spot.block.region not in _NAVIGATION
        ):
            groups[spot.unit.page, spot.block.group].append(spot)
    for (_, group), spots in groups.items():
        candidate = _list_candidate(scene, group, spots)
        if candidate:
            yield candidate


def _list_candidate(scene: Scene, group: int, spots: list[Spot]) -> Candidate | None:
    """A whole list, top level only, whose introduction or heading says what is asked."""
    first = min(spots, key=lambda s: s.unit.start)
    top = min(s.block.level for s in spots)
    own = {s.unit.block: s for s in reversed(spots) if s.block.level == top}
    blocks = first.page.content.blocks
    whole = [
        i
        for i, b in enumerate(blocks)
        if b.group == group and b.kind is BlockKind.LIST_ITEM and b.level == top
    ]
    if set(own) != set(whole) or len(whole) < 2:
        return None
    items = [first.page.words(blocks[i].start, blocks[i].end) for i in whole]
    asking = scene.asking(first.language)
    members = _own_members(asking, _labels(items))
    if len(members) < 2 or (
        _asks_for_names(asking) and not all(m[0].isupper() or m[0].isdigit() for m in members)
    ):
        return None
    if _asks_for_names(asking) and sum(len(m.split()) for m in members) > 4 * len(members):
        return None
    if any(len(m.split()) > MAX_ITEM_WORDS for m in members) or _forbidden(asking, first):
        return None
    measured = fit(asking, first, Scope(own=_introduction(first)))
    if (
        not measured.names_met
        or not _headed(asking, first)
        or (denials(_introduction(first)) and not denials(asking.text))
    ):
        return None
    units = tuple(u for i in whole for u in (own[i].unit,))
    score = measured.coverage - 0.002 * first.rank - _extra_heading(asking, first)
    return Candidate(members, units, score, "list-items", _features(measured, first, len(members)))


def _introduction(spot: Spot) -> str:
    return " ".join(part for part in (spot.intro, spot.headings[-1] if spot.headings else "") if part)


_NAMED_THINGS = frozenset(
    {
        "~customer",
        "~investor",
        "~partner",
        "compani",
        "firm",
        "competitor",
        "peopl",
        "sponsor",
        "vendor",
        "founder",
        "~founder",
        "brand",
    }
)


def _asks_for_names(asking: Asking) -> bool:
    return bool(asking.subject) and bool(asking.subject[-1].concepts & _NAMED_THINGS)


def _headed(asking: Asking, spot: Spot) -> bool:
    """The noun asked for stands in the introduction, or in a heading above the list."""
    if not asking.subject:
        return True
    above = " | ".join((_introduction(spot), *spot.headings))
    return bool(asking.subject[-1].concepts & concepts(above, spot.language))


def _extra_heading(asking: Asking, spot: Spot) -> float:
    """Words of the heading that the question does not have narrow the list to something else."""
    heading = spot.headings[-1] if spot.headings else ""
    if spot.intro:
        return 0.0
    asked = frozenset().union(*(w.concepts for w in asking.wanted)) if asking.wanted else frozenset()
    extra = [
        s
        for s in stems(heading, spot.language)
        if s not in asked and not concepts(s, spot.language) & asked and s not in asking.company
    ]
    return 0.03 * len(extra)


def _labels(items: Sequence[str]) -> list[str]:
    """What names each item: the part before a dash or colon where most items have one."""
    labels = [_LABEL.match(item) for item in items]
    if sum(m is not None for m in labels) >= 0.6 * len(items):
        return [m["label"] if m else item for m, item in zip(labels, items, strict=True)]
    return list(items)


def _forbidden(asking: Asking, spot: Spot) -> bool:
    return gates.forbids(asking, spot) or gates.outdated(asking, spot)


def _features(measured: Fit, spot: Spot, size: int) -> dict[str, float]:
    return {
        "coverage": round(measured.coverage, 3),
        "own": round(measured.own, 3),
        "missing": float(len(measured.missing)),
        "rank": float(spot.rank),
        "region": spot.region_weight,
        "members": float(size),
    }
