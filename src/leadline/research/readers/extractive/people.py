"""Who: the name beside a role, or behind "founded by", "led by"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from leadline.research.documents.persons import NO_NAMES, PERSONAL_NAME, WORD
from leadline.research.model import BlockKind, Unit
from leadline.research.readers.extractive import gates
from leadline.research.readers.extractive.asking import Asking, Wanted
from leadline.research.readers.extractive.candidate import Candidate
from leadline.research.readers.extractive.scene import Scene, Spot
from leadline.research.readers.extractive.table import cell_text, is_row
from leadline.research.values.concepts import concepts
from leadline.research.values.terms import STOP_WORDS, fold, squash, stem, terms

_WHO = re.compile(
    r"^\s*(?:who|wer|qui)\b|\bwho is\b|\bname of the\b.*\b(?:officer|director|head|ceo|founder|manager|president|chair)",
    re.IGNORECASE,
)
_ROLE_OF = re.compile(r"^\s*(?:who|wer|qui)\s+(?:is|are|was|ist|sind|est|sont)\b", re.IGNORECASE)
_LEADING = re.compile(
    r"^\s*who\s+(?:currently\s+)?(?:runs|leads|heads|manages|is responsible for|is in charge of|oversees)\b",
    re.IGNORECASE,
)
_LEADER = re.compile(
    r"\b(?:head|lead|leader|manager|director|vp|vice president|chief|president|responsible|owner|dri)\b",
    re.IGNORECASE,
)
_ROLE_FIELD = re.compile(
    r"\b(?:ceo|cto|cfo|coo|cmo|ciso|cro|cpo|director|manager|head|president|chair(?:man|woman|person)?|officer|lead|vp|founder)s?\b"
)
_DOING = re.compile(r"^\s*(?:who|wer|qui)\s+(?P<verb>[a-zäöüéè]+)", re.IGNORECASE)
_OTHER_ROLE = re.compile(
    r"\b(?:chief of staff|to the|office of|deputy|assistant|vice|former|formerly|ex|interim|acting|associate|junior|regional|sub|reports? to|stellvertretend\w*|ancien(?:ne)?)\b",
    re.IGNORECASE,
)
_JOB = re.compile(r"(?:[^aeiou]er|eer|or|ist|ant|ect|yst|ician)$")  # a calling, where a title begins with it
_ELSEWHERE = re.compile(r"\b(?:at|of|chez|bei)\s+[A-ZÀ-Þ]|[,@]\s*[A-ZÀ-Þ]")
_SEPARATORS = re.compile(
    r"\s+[-–—|·•/]\s+|\s*[:,;()]\s*|\s+->\s+|(?:^|\s+)(?:is|am|as|was|serves as|ist|est)\s+(?:(?:the|our|a|an|notre|unser\w*|le|la)\s+)?",
    re.IGNORECASE,
)


def asks_for_person(text: str) -> bool:
    return bool(_WHO.search(text))


def names_a_role(text: str) -> bool:
    """True when the field's words (in brackets) are a role held by a person."""
    field = re.search(r"\[([^\]]*)\]", text)
    return bool(field and _ROLE_FIELD.search(field.group(1)))


def role_candidates(scene: Scene) -> Iterator[Candidate]:
    for spot in scene.spots:
        yield from _role(scene, spot, leading=False)


def person_candidates(scene: Scene) -> Iterator[Candidate]:
    text = scene.question.text
    if _ROLE_OF.search(text) or _LEADING.search(text) or not _DOING.search(text):
        leading = bool(_LEADING.search(text))
        for spot in scene.spots:
            yield from _role(scene, spot, leading=leading)
    else:
        verb = _DOING.search(text)
        for spot in scene.spots:
            yield from _doer(scene, spot, verb["verb"] if verb else "")


def names_in(text: str, asking: Asking) -> list[tuple[int, int, str]]:
    """Personal names: two to four capitalised words, none of them a word of titles and headings."""
    found = []
    for match in PERSONAL_NAME.finditer(text):
        words = list(re.split(r"\s+", match.group()))
        plain = [fold(w).strip(".") for w in words]
        if (
            any(p in NO_NAMES for p in plain)
            or squash(match.group()) in asking.company
            or any(w.isupper() and len(w) > 2 for w in words)
        ):
            continue
        found.append((match.start(), match.end(), match.group()))
    return found


def _role(scene: Scene, spot: Spot, *, leading: bool) -> Iterator[Candidate]:
    asking = scene.asking(spot.language)
    role = [
        w
        for w in asking.wanted
        if not (w.weak and leading and fold(w.text) in ("run", "runs", "lead", "leads"))
    ]
    role = [
        w
        for w in role
        if fold(w.text)
        not in ("runs", "leads", "heads", "manages", "responsible", "charge", "oversees", "person")
    ]
    if any(w.light for w in role):
        role = [
            w for w in role if not w.light
        ]  # of a field's question, only the field's own words are the role
    if (
        not role
        or gates.outdated(asking, spot)
        or gates.made_up(asking, spot)
        or gates.about_others(asking, spot)
    ):
        return
    for name, parts, units, places in _pairings(spot, asking):
        if (
            not spot.scene.may_be_name(name)
            or spot.block.kind is BlockKind.QUOTE
            or _of_another(asking, spot, name)
        ):
            continue
        if any(_fits(role, part, spot, leading, asking.company) for part in parts):
            extra = (
                0.05
                if spot.block.kind
                in (BlockKind.TABLE_ROW, BlockKind.LIST_ITEM, BlockKind.DEFINITION, BlockKind.HEADING)
                else 0.0
            )
            score = 0.92 + extra - 0.002 * spot.rank - places
            features = {
                "coverage": 1.0,
                "rank": float(spot.rank),
                "region": spot.region_weight,
                "wanted": float(len(role)),
            }
            yield Candidate(name, units, score, "person-role", features)


def _of_another(asking: Asking, spot: Spot, name: str) -> bool:
    """True for signatures of quotes: the role is followed by another company's name."""
    texts = [spot.text, *(u.text for u in (spot.after(),) if u and squash(name) == squash(spot.text))]
    for text in texts:
        for match in re.finditer(
            r"(?:,|\bat|@|\||\s[-–—])\s*(?P<org>[A-ZÀ-Þ][\w&.'’-]+)", text.replace(name, "")
        ):
            org = fold(match["org"])
            if (
                org not in NO_NAMES
                and squash(org) not in asking.company
                and not any(c[0] == "~" for c in concepts(match["org"], spot.language))
                and len(text.split()) <= 16
                and not is_row(spot)
            ):
                return True
    return False


def _pairings(spot: Spot, asking: Asking) -> Iterator[tuple[str, list[str], tuple[Unit, ...], float]]:
    """(name, words that may be its role, units that show both, deduction)."""
    if is_row(spot):
        cells = [cell_text(spot, i) for i in range(len(spot.block.cells))]
        for i, cell in enumerate(cells):
            names = names_in(cell, asking)
            if len(names) == 1 and len(names[0][2]) >= 0.6 * len(cell.strip()):
                yield names[0][2], [c for j, c in enumerate(cells) if j != i], (spot.unit,), 0.0
        return
    if spot.block.kind is BlockKind.DEFINITION and len(spot.block.cells) >= 2:
        yield from _defined(spot, asking)
        return
    names = names_in(spot.text, asking)
    if len(names) == 1 and len(spot.text.split()) <= 40:
        start, end, name = names[0]
        yield name, _beside(spot.text, start, end), (spot.unit,), 0.0
    elif 2 <= len(names) <= 6 and len(spot.text) < 300:
        for index, (start, end, name) in enumerate(names):
            nearest = spot.text[end : names[index + 1][0]] if index + 1 < len(names) else spot.text[end:]
            ahead = spot.text[names[index - 1][1] : start] if index else spot.text[:start]
            if re.match(r"\s*(?:[,(]|\s[-–—]\s|:)", nearest):
                yield name, _SEPARATORS.split(nearest)[1:2], (spot.unit,), 0.03
            elif ahead.rstrip().endswith(":"):
                yield name, [re.split(r"[.;,]", ahead.rstrip(" :"))[-1]], (spot.unit,), 0.03
    following = spot.after()
    if (
        names
        and len(names) == 1
        and squash(names[0][2]) == squash(spot.text)
        and following
        and len(following.text.split()) <= 10
    ):
        yield names[0][2], [following.text], (spot.unit, following), 0.02


def _defined(spot: Spot, asking: Asking) -> Iterator[tuple[str, list[str], tuple[Unit, ...], float]]:
    """A name with its role as the definition, or a role with its holder."""
    term, definition = (cell_text(spot, i) for i in (0, 1))
    units = tuple(u for u in spot.passage.units if u.block == spot.unit.block)
    first = re.split(r"(?<=[a-z])[.;]\s", definition)[0]
    for name_part, role_part in ((term, first), (first, term)):
        names = names_in(name_part, asking)
        if len(names) == 1 and names[0][0] <= 5:
            rest = name_part[names[0][1] :].strip(" ,–-")
            yield names[0][2], [role_part, *([rest] if rest else [])], units, 0.0


def _beside(text: str, start: int, end: int) -> list[str]:
    """The words next to a name on either side, up to the next break; in running prose the very next only."""
    after = [p for p in _SEPARATORS.split(text[end:]) if p and re.search(r"\w", p)]
    before = [p for p in _SEPARATORS.split(text[:start]) if p and re.search(r"\w", p)]
    return [*after[: 2 if len(text.split()) <= 12 else 1], *before[-1:]]


def _fits(
    role: list[Wanted], part: str, spot: Spot, leading: bool, company: frozenset[str] = frozenset()
) -> bool:
    """True when the words are the role asked for, and not another that contains it."""
    language = spot.language
    part = re.split(r"(?<=[a-z])\.\s", part.strip(" .,;:)("))[0]
    if not part or len(part.split()) > 14 or _OTHER_ROLE.search(part):
        return False
    held = concepts(part, language)
    if not all(w.concepts & held for w in role):
        return False
    if any(re.search(rf"\b{re.escape(w.text)}['’]s\b", part, re.IGNORECASE) for w in role):
        return False  # "the CEO's assistant"
    if leading:
        return bool(_LEADER.search(part))
    asked = frozenset().union(*(w.concepts for w in role))
    foreign = [
        w
        for w in re.findall(r"(?<![\w])[A-ZÀ-Þ][\w'’-]+", part)
        if fold(w) not in NO_NAMES
        and not concepts(w, language) & asked
        and squash(w) not in company
        and spot.scene.may_be_name(w)
        and not (_JOB.search(w) and part.startswith(w))
    ]
    if (foreign and not held & {"=of"}) or (_ELSEWHERE.search(part) and foreign):
        return False  # "CEO, Other Company"
    extra = [
        t
        for t in terms(part, language)
        if t.folded not in STOP_WORDS
        and not concepts(t.text, language) & asked
        and t.stem not in asked
        and not _harmless(t.folded, part)
        and t.folded not in company
    ]
    return len(extra) <= 1 + len(role) // 2 and not (
        len(extra)
        and len(role) == 1
        and fold(part).split()[0] != fold(role[0].text)
        and not held & {"~ceo", "~cto", "~cfo", "~coo", "~cmo", "~ciso", "~cro", "~cpo", "~founder"}
    )


def _harmless(word: str, part: str) -> bool:
    return word in (
        "cofounder",
        "founder",
        "co",
        "chief",
        "officer",
        "executive",
        "group",
        "company",
    ) or bool(re.fullmatch(r"\d+", word))


def _doer(scene: Scene, spot: Spot, verb: str) -> Iterator[Candidate]:
    """ "founded in 1931 by NAME", "led by NAME", "NAME founded": the verb of the question, and its agent."""
    asking = scene.asking(spot.language)
    doing = concepts(verb, spot.language)
    doing = frozenset(c for c in doing if c[0] != "=")
    words = terms(spot.text, spot.language)
    rest = [w for w in asking.wanted if stem(fold(verb), spot.language) != w.stem]
    held = concepts(spot.text, spot.language) | frozenset().union(
        *(concepts(h, spot.language) for h in spot.headings[-1:]), frozenset()
    )
    if any(w.named and not w.concepts & held for w in rest) or sum(
        bool(w.concepts & held) for w in rest
    ) < 0.7 * len(rest):
        return
    if not rest and not gates.speaks_of_company(asking, spot.text):
        return
    if gates.made_up(asking, spot) or gates.about_others(asking, spot):
        return
    for term in words:
        here = concepts(term.text, spot.language) | ({"lead"} if term.folded == "led" else set())
        if not (here & doing or (verb.lower() in ("led", "leads") and term.folded == "led")):
            continue
        agent = re.match(r"[^.;]{0,40}?\b(?:by|von|par)\s+", spot.text[term.end :])
        if agent:
            names = re.match(
                rf"(?:the\s+)?({PERSONAL_NAME.pattern}|{WORD})", spot.text[term.end + agent.end() :]
            )
            if names:
                yield Candidate(
                    names.group(1),
                    (spot.unit,),
                    0.93 - 0.002 * spot.rank,
                    "person-agent",
                    {"coverage": 1.0, "rank": float(spot.rank), "wanted": float(len(rest))},
                )
        before = names_in(spot.text[: term.start], asking)
        if (
            not agent
            and before
            and re.fullmatch(
                r"\s*(?:,[^,]{0,40},)?\s*(?:who\s+|has\s+|have\s+|co-?)?",
                spot.text[before[-1][1] : term.start],
            )
        ):
            yield Candidate(
                before[-1][2],
                (spot.unit,),
                0.9 - 0.002 * spot.rank,
                "person-agent",
                {"coverage": 1.0, "rank": float(spot.rank), "wanted": float(len(rest))},
            )
        break
