"""What a question asks for: its topic words, names, focus noun, units and time."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from typing import NamedTuple

from leadline.research.answer_types import answer_type
from leadline.research.documents.names import company_names
from leadline.research.model import Evidence, Question
from leadline.research.values.concepts import concepts, only_as_written
from leadline.research.values.terms import STOP_WORDS, Term, fold, squash, terms

# Words by which one asks; they say nothing of what is asked about.
_ASKING = frozenset(
    """
    give name names list state tell say says said mention mentioned mentions describe according roughly approximately currently
    current present presently today company companies business firm organisation organization corporation publicly officially
    stated total overall exactly viele welchem welchen été explicitly please many much number amount value figure kind type sort able way thing site
    called long far big large high old often hoch lang groß long offer offers offered provide provides provided able
    lately another someone somebody anybody hersteller manufacturer maker startup i.e e.g
    gmbh ag inc ltd llc limited plc sarl
    called named newest latest recent recently last many count there possible brief
    co op coop operative cooperative information info data reported report reports recorded quoted given known altogether newly far
    firma unternehmen nenne nennen gib derzeit aktuell aktuelle entreprise société donnez actuellement
    """.split()
)  # fmt: skip
_FIELD = re.compile(r"\[[^\]]*\]")
_ASKED_AS_VALUE = frozenset({"money", "dollars", "geld", "argent"})
# Words that most pages answer without repeating them: they help where they are met, and hardly count where not.
_WEAK = frozenset(
    """
    run runs operate operates serve serves use uses using employ employs work works working take takes last lasts keep keeps allow allows show shows hold
    holds carry carries make makes pay pays paid cost costs get gets want need needs find see look go come reach reaches cover covers sell sells
    plan plans tier package include includes included available support supports team teams lead led member members people customer customers users
    staff product products service services page price prices pricing built build world worldwide hat betreibt beschäftigt bietet kostet umfasst compte
    emploie propose coûte betragen beträgt zählt amount size grant grants receive receives employee employees candidates candidate applicants meet claim claims website page pages
    claimed time amount
    """.split()
)  # fmt: skip
# For a yes or no these tell: a free plan is not a free trial.
_TELLING = frozenset(
    "plan plans tier package support supports price prices pricing pay pays paid cost costs sell sells service services product products cover covers "
    "include includes included page hold holds team leads grant grants receive receives".split()
)
_FOCUS = (
    re.compile(r"\bhow many (?P<focus>.+)", re.IGNORECASE),
    re.compile(r"\b(?:what is |what's )?(?:the )?(?:total )?number of (?P<focus>.+)", re.IGNORECASE),
    re.compile(r"\bwie viele (?P<focus>.+)", re.IGNORECASE),
    re.compile(r"\bcombien d(?:e |')(?P<focus>.+)", re.IGNORECASE),
)
_SUBJECT = (
    re.compile(
        r"\b(?:which|what|welche[rnms]?|quel(?:le)?s?)\s+(?!is\b|are\b|was\b|does\b|do\b|did\b)(?P<focus>.+)",
        re.IGNORECASE,
    ),
    re.compile(r"\b(?:who|what) (?:are|were|is|was) (?:the |its |their |our )?(?P<focus>.+)", re.IGNORECASE),
    re.compile(r"\b(?:list|name|give)(?: me)? (?:all )?(?:of )?(?:the )?(?P<focus>.+)", re.IGNORECASE),
)
_FOCUS_ENDS = re.compile(
    r"\b(?:do|does|did|is|are|was|were|has|have|had|can|could|will|would|should|may|must|of|in|at|on|for|to|per|from|with|under|after|before|by|that|"
    r"which|who|hat|haben|gibt|ist|sind|arbeiten|bietet|betreibt|a|ont|est|sont|compte|emploie|propose|the|a|an|its|their)\b|[?,(]",
    re.IGNORECASE,
)
_ENGLISH = re.compile(r"\b(?:how many|number of|the|which|what)\b", re.IGNORECASE)
_PLURALS = frozenset({"people", "staff", "men", "women", "children", "personen", "personnes"})
_UNIT_HINT = re.compile(
    r"(?:\(\s*(?:in\s+)?|,?\s\b(?:in|expressed in)\s+)(?P<unit>(?:square |cubic )?[^\W\d_]+)\s*(?:\)|[?.]?\s*(?:\[[^\]]*\]\s*)?$)",
    re.IGNORECASE,
)
_UNITS_ASKED = frozenset(
    """
    minutes hours days weeks months years seconds people users km kg g mm cm m t gb tb mb grams grammes kilograms kilogrammes kilos tonnes tons
    metres meters centimetres centimeters millimetres millimeters kilometres kilometers litres liters watts kilowatts volts amps hertz gigabytes
    terabytes megabytes tagen stunden wochen monaten jahren minuten gramm metern jours heures mois ans
    """.split()
)
_YEAR_ASKED = re.compile(
    r"\b(?:what|which|in welchem|quelle) (?:calendar |fiscal )?(?:year|jahr|année)\b|^\W*(?:since |seit |depuis )?(?:when|wann|quand)\b(?! it)|"
    r"\bsince when\b|\(\s*(?:the )?(?:year|jahr|année)\s*\)|\byear (?:of|in which|when|that)\b|\bgründungsjahr\b|\bfounding year\b",
    re.IGNORECASE,
)
_TEAM_SIZE = re.compile(
    r"\b(?:how (?:big|large) (?:is|are) (?:the |its |their |[\w.'’-]+ )*?(?P<a>team|staff|workforce|headcount|company)|(?P<b>headcount|mitarbeiterzahl)|"
    r"size of (?:the |its |their |[\w.'’-]+ )*?(?P<c>team|staff|workforce))\b",
    re.IGNORECASE,
)
_ARITHMETIC = re.compile(
    r"\b(?:how much (?:more|less|cheaper|higher|lower)|how many more|difference between|differ|combined|together|altogether|plus the|"
    r"ratio|times as|sum of|wie viel mehr|unterschied|de plus que)\b",
    re.IGNORECASE,
)
_PERIODS = {
    "month": r"month|monthly|mo|monat|monatlich|mois|mensuel",
    "year": r"year|yearly|annual|annually|annum|yr|jahr|jährlich|an|annuel|p\.a",
    "week": r"week|weekly|woche|wöchentlich|semaine",
    "day": r"day|daily|tag|täglich|jour",
    "hour": r"hour|hourly|hr|h|stunde|heure",
}
_PERIOD = {
    name: re.compile(
        rf"(?:/|\bper\b|\ba\b|\beach\b|\bpro\b|\bim\b|\bpar\b|\bevery\b)\s?(?:user\s?/\s?)?(?:{words})\b|\b(?:{'|'.join(w for w in words.split('|') if w.endswith(('ly', 'lich', 'el', 'annual')))})\b",
        re.IGNORECASE,
    )
    for name, words in _PERIODS.items()
}
_QUESTION_OPENERS = frozenset(
    "who what which when where how why is are was were does do did has have had can could will would should give name list in on at from for above under "
    "what's within against per roughly as to by wie was wer wo wann welche welcher welches ist sind hat haben gibt combien quel quelle quels quelles qui "
    "est account vendor after before please tell state during since among between".split()
)


class Wanted(NamedTuple):
    """One topic word of the question and what counts as meeting it. ``named``: a proper name or a figure."""

    text: str
    stem: str
    concepts: frozenset[str]
    named: bool
    position: int
    weak: bool = False
    light: bool = False  # context of a field's question: helps, and is not demanded


class Asking(NamedTuple):
    """A question taken apart, for pages of one language."""

    text: str
    wanted: tuple[Wanted, ...]
    focus: tuple[Wanted, ...]  # of "how many X": the words of X, head last
    subject: tuple[Wanted, ...]  # of "which X", "who are the X": the words of X, head last
    periods: frozenset[str]  # "per month", "annual"
    shares: tuple[Wanted, ...]  # of "per user", "per GB": what the value is divided by
    years: frozenset[int]
    year_asked: bool
    arithmetic: bool
    company: frozenset[str]  # squashed names of the company
    own: frozenset[int]  # positions of the question's words that name the company
    acronyms: tuple[tuple[str, frozenset[int]], ...]  # "baa" for the words at these positions

    @property
    def head(self) -> Wanted | None:
        return self.focus[-1] if self.focus else None


def names_on_pages(evidence: Evidence, known: frozenset[str]) -> frozenset[str]:
    """Further names of the company: its site's name, and what most page titles end or begin with."""
    segments = Counter(
        segment
        for page in evidence.pages
        for segment in {
            squash(part) for part in (*re.split(r"\s[|–—·:-]\s", page.content.title), page.content.site_name)
        }
    )
    often = max(1.0, 0.4 * len(evidence.pages))
    return frozenset(
        s
        for s, count in segments.items()
        if count >= often and any(s.startswith(k) and len(k) >= 3 for k in known)
    )


_RECENTLY = re.compile(
    r"\b(?:last|latest|most recent|previous|past|current|newest)\s(?:(?:reported|recorded|fiscal|financial|business|full|available|published|known|complete)\s){0,2}"
    r"(?:year|quarter|month|figures?|report|letter|count|numbers?|information|data)\b|\b(?:letztes|letzten|vergangenen|dernière) (?:jahr|geschäftsjahr|année)\b",
    re.IGNORECASE,
)


def periods_in(text: str) -> frozenset[str]:
    """The periods that a price or a quantity is stated for: "$5/month" -> month."""
    return frozenset(name for name, pattern in _PERIOD.items() if pattern.search(text))


def take_apart(
    question: Question, language: str = "en", further_names: frozenset[str] = frozenset()
) -> Asking:
    return _take_apart(
        question.text,
        company_names(question.company) | further_names,
        language,
        answer_type(question.answer_type).yes_or_no,
    )


@lru_cache(maxsize=2048)
def _take_apart(text: str, company: frozenset[str], language: str, yes_or_no: bool) -> Asking:
    words = terms(text, language)
    own = _company_positions(words, company)
    bracket = _FIELD.search(text)
    recently = [m.span() for m in _RECENTLY.finditer(text)]
    inside = {i for i, w in enumerate(words) if bracket and bracket.start() <= w.start < bracket.end()}
    wanted = tuple(
        Wanted(
            w.text,
            w.stem,
            _concepts(words, i, language),
            _is_name(w, i, text, language),
            i,
            w.folded in _WEAK
            and not (yes_or_no and w.folded in _TELLING)
            and not _is_name(w, i, text, language),
        )
        for i, w in enumerate(words)
        if i in inside
        or (
            i not in own
            and (_topical(w) or _of_size(words, i))
            and not any(start <= w.start < end for start, end in recently)
        )
    )
    if inside:  # the words of a field are what must be met; the question around it is context
        wanted = tuple(
            w._replace(named=True, weak=False) if w.position in inside else w._replace(light=not w.named)
            for w in wanted
            if w.position in inside
            or not any(w.concepts & v.concepts for v in wanted if v.position in inside)
        )
    return Asking(
        text=text,
        wanted=wanted,
        focus=_focus(_FOCUS, text, wanted, words, language),
        subject=_focus(_SUBJECT, text, wanted, words, language),
        periods=periods_in(text),
        shares=_shares(text, wanted, words),
        years=frozenset(int(w.folded) for w in words if re.fullmatch(r"(?:19|20)\d\d", w.folded)),
        year_asked=bool(_YEAR_ASKED.search(text)),
        arithmetic=bool(_ARITHMETIC.search(text)),
        company=company,
        own=frozenset(own),
        acronyms=_acronyms(words, frozenset(own)),
    )


def with_verbs(asking: Asking) -> Asking:
    """Of "which projects does it run" nothing is left to tell by but the verb: it counts in full then."""
    if not asking.subject or any(
        not w.weak and not w.light and w not in asking.subject for w in asking.wanted
    ):
        return asking
    return asking._replace(
        wanted=tuple(w if w in asking.subject else w._replace(weak=False) for w in asking.wanted)
    )


_SIZES = frozenset("large big small high long".split())


def _of_size(words: tuple[Term, ...], index: int) -> bool:
    """True for "the large box": by "how large" one only asks."""
    return words[index].folded in _SIZES and not (index and words[index - 1].folded in ("how", "a", "as"))


def _topical(word: Term) -> bool:
    if (
        word.folded in _ASKING
        or word.folded in _ASKED_AS_VALUE
        or (word.folded in STOP_WORDS and not _acronym(word.text))
    ):
        return False
    return len(word.folded) > 1 or word.folded.isdigit()


def _concepts(words: tuple[Term, ...], index: int, language: str) -> frozenset[str]:
    """What meets a word. A figure behind a word belongs to it: the 2 of "SOC 2" is not met by any 2."""
    word = words[index]
    if (
        word.stem.isdigit()
        and index
        and words[index - 1].folded.isalpha()
        and words[index - 1].folded not in STOP_WORDS
    ):
        return frozenset({words[index - 1].folded + word.stem})
    found = {c for c in concepts(word.text, language) if c[0] != "="} | {word.stem}
    for phrase in (
        words[index - 1 : index + 1] if index else (),
        words[index : index + 2],
        words[index : index + 3],
    ):
        found |= {
            c
            for c in concepts(" ".join(w.text for w in phrase), language)
            if c[0] == "~" and len(phrase) > 1 and c not in _single(phrase, language)
        }
    if any(only_as_written(c) for c in found):
        found = {c for c in found if c[0] == "~"} | ({"~raise"} if "~funding" in found else set())
    if index + 1 < len(words) and words[index + 1].stem.isdigit():
        found.add(word.folded + words[index + 1].stem)
    return frozenset(found)


def _single(phrase: tuple[Term, ...], language: str) -> frozenset[str]:
    """Concepts that the phrase's words have by themselves."""
    return frozenset().union(*(concepts(w.text, language) for w in phrase))


def _acronym(word: str) -> bool:
    """ "US" and "IT" are names, though "us" and "it" are stop words."""
    return len(word) >= 2 and word.isupper()


def _is_name(word: Term, index: int, text: str, language: str) -> bool:
    if any(c.isdigit() for c in word.text):
        return True
    if re.fullmatch(r"[A-Z]{2,}s", word.text):  # "SLAs" are no more a name than "deadlines"
        return False
    if language == "de":  # every noun is written with a capital
        return _acronym(word.text)
    if not word.text[0].isupper() or word.text == "I":
        return False
    if index == 0 or re.search(r"[.:?!]\s*[\"'“]?$", text[: word.start]):
        return _acronym(word.text) or (word.folded not in _QUESTION_OPENERS and index > 0)
    return True


def _company_positions(words: tuple[Term, ...], company: frozenset[str]) -> set[int]:
    taken: set[int] = set()
    for size in (4, 3, 2, 1):
        for i in range(len(words) - size + 1):
            joined = {squash("".join(w.folded for w in words[i : i + size]))}
            joined |= {squash("".join(w.folded.removesuffix("'s") for w in words[i : i + size]))} | {
                j[:-1] for j in joined if j.endswith("s")
            }
            if joined & company:
                taken.update(range(i, i + size))
    return taken


_SHARE = re.compile(
    r"\b(?:per|pro|par)\s+(?:named\s+|active\s+)?(?P<one>\w+)(?:\s+(?:and|und|et)\s+(?P<two>\w+)\b)?",
    re.IGNORECASE,
)


def _shares(text: str, wanted: tuple[Wanted, ...], words: tuple[Term, ...]) -> tuple[Wanted, ...]:
    spans = [match.span(group) for match in _SHARE.finditer(text) for group in ("one", "two") if match[group]]
    return tuple(
        w
        for w in wanted
        if any(start <= words[w.position].start < end for start, end in spans)
        and not w.concepts & {"~monthly", "~yearly", "~daily"}
    )


def _focus(
    patterns: tuple[re.Pattern[str], ...],
    text: str,
    wanted: tuple[Wanted, ...],
    words: tuple[Term, ...],
    language: str,
) -> tuple[Wanted, ...]:
    """The noun phrase that a pattern announces, up to its head."""
    bracket = _FIELD.search(text)
    if bracket and patterns is _FOCUS and not _UNIT_HINT.search(text):
        return tuple(w for w in wanted if words[w.position].start >= bracket.start())[-1:]
    hint = _UNIT_HINT.search(text)
    if hint and patterns is _FOCUS and (unit := hint["unit"].lower().split()[-1]) in _UNITS_ASKED:
        said = [w for w in wanted if w.text.lower() == unit][-1:]
        held = concepts(hint["unit"], language) | {unit}
        return (said[0] if said else Wanted(hint["unit"], unit, held, False, len(words), weak=True),)
    if patterns is _FOCUS and (team := _TEAM_SIZE.search(text)):
        size = team["a"] or team["b"] or team["c"]
        return (Wanted(size, fold(size), frozenset({"~staff"}), False, len(words), weak=True),)
    for pattern in patterns:
        match = pattern.search(text)
        if not match:
            continue
        start = match.start("focus")
        stop = _FOCUS_ENDS.search(text, start + 1)
        end = stop.start() if stop else len(text)
        inside = [w for w in wanted if start <= words[w.position].start < end]
        for i, word in enumerate(inside):
            folded = fold(word.text)
            if folded in _PLURALS or (
                folded.endswith(("s",) if _ENGLISH.search(text) else ("s", "en"))
                and not folded.endswith("ss")
                and not word.text.isupper()
            ):
                return tuple(inside[: i + 1])
        return tuple(inside) if patterns is _SUBJECT else tuple(inside[:1])
    return ()


def _acronyms(words: tuple[Term, ...], own: frozenset[int]) -> tuple[tuple[str, frozenset[int]], ...]:
    found: list[tuple[str, frozenset[int]]] = []
    for size in (5, 4, 3):
        for i in range(len(words) - size + 1):
            span = range(i, i + size)
            if any(p in own or not words[p].text[0].isalpha() for p in span):
                continue
            if all(words[p].folded not in STOP_WORDS or 0 < p - i < size - 1 for p in span):
                full = "".join(words[p].folded[0] for p in span)
                bare = "".join(words[p].folded[0] for p in span if words[p].folded not in STOP_WORDS)
                found.extend((a, frozenset(span)) for a in {full, bare} if len(a) >= 3)
    return tuple(found)
