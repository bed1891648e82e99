"""Guard: may these words support a claim about this person at this company?

A wrong yes puts somebody else's life into an answer, a wrong no leaves an answer out. So whatever is in doubt is
refused, with the reason. Four things are asked of the cited words: do they speak of the person, rather than of
somebody beside; is the company with them; do they put the person somewhere else; and, where the present position is
asked for, do they speak of a former one?
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import NamedTuple

from leadline.research.documents.names import names_company, says_we
from leadline.research.documents.persons import NO_NAMES, Form, Mention, PersonName, people_in
from leadline.research.documents.structured import facts
from leadline.research.model import Block, BlockKind, Company, Page, Passage, Provenance, Subject, Unit
from leadline.research.values.terms import STOP_WORDS, fold

NEAR = 3  # blocks above a line in which a name alone heads it, as on cards
_CARD = 6  # words of a block that is nothing but a name, its titles included
_CAPITALS = r"(?:[A-ZÀ-ÖØ-Þ0-9][\w&.'’-]*(?:\s+(?:of|de|du|für|and|und|et|&)(?=\s+[A-ZÀ-ÖØ-Þ]))?\s*)+"
_PLACED = re.compile(
    rf"(?:(?P<at>\b(?:at|with|for|bei|beim|chez|hos|presso|from)\s+(?:the\s+)?|@\s*)|(?P<of>\b(?:of|de|du|von|der|van|di|af|av)\s+(?:the\s+)?))(?P<name>{_CAPITALS})"
)
_BRACKETS = re.compile(rf"\s*\((?P<name>{_CAPITALS})\)")
_COMMA_NAME = re.compile(rf",\s+(?P<name>{_CAPITALS})(?=[.,;]|$)")
# Behind these, "of" leads to what somebody is in charge of; behind others, to whose they are.
_IN_CHARGE = re.compile(
    r"\b(?:head|vp|vice president|director|manager|lead|leader|team|leiter\w*|department)\s*$", re.IGNORECASE
)
# Lines that tell roles of several people: what may stand between the names.
_OFFICE = re.compile(
    r"(?:C[A-Z]{1,2}O|[SE]?VP|(?i:chief|head|director|manager|president|chair(?:man|woman|person)?|officer|lead(?:er)?|partner|owner|secretary|"
    r"treasurer|(?:co-?)?founder|geschäftsführer(?:in)?|geschäftsführung|vorstand|leiter(?:in)?|gründer(?:in)?|inhaber(?:in)?|direktor(?:in)?|"
    r"prokurist(?:in)?|direct(?:eur|rice)|gérante?|fondat(?:eur|rice)|présidente?))(?P<plural>s|nen)?"
)
_EITHER_NUMBER = re.compile(r"geschäftsführ(?:er|ung)|vorstand|leiter|gründer|inhaber", re.IGNORECASE)
_JOINED = re.compile(r"(?:[,;/|&·•\s]|\b(?:and|und|et|y|e)\b|\b(?:Dr|Prof|Ing|Dipl)\.(?:-\w+\.)?)+")
_DASH = r"[:–—-]"
_LABELLED = re.compile(rf"(?:^|[\s,;/|&·•.]+)(?P<label>[^,;:()|]+?)\s*(?:{_DASH}\s|:)\s*")
_DESCRIBED = re.compile(
    rf"\s*(?:[,:|]\s*|\s{_DASH}\s|(?P<bracket>\())(?P<label>[^,;:()|.]+)(?(bracket)\)|(?=[,;|.)]|\s{_DASH}\s|$))"
)
_NOTE = re.compile(r"\s*\((?P<label>[^()]+)\)")
_FOUNDED = re.compile(
    r"\b(?:founded|led|headed|run|managed|gegründet|geleitet|geführt|fondée?|dirigée?)\b[^.;:()]{0,30}\b(?:by|von|par)\s+(?:(?:the|den)\s+)?$",
    re.IGNORECASE,
)
_IN_LABEL = frozenset("of and & the our for de des du für und et la le co".split())
_ADVERB = re.compile(
    r"\b(?:formerly|previously|until|used to|no longer|once|retired|ehemals|früher|bisher|zuvor|bis|autrefois|précédemment|jusqu'en|voormalig|tidigare)\b",
    re.IGNORECASE,
)
_ADJECTIVE = re.compile(
    r"\b(?:former|ex|past|previous|late|ehemalig\w*|frühere\w*|ancien(?:ne)?)\b[- ]", re.IGNORECASE
)
_SUCCESSION = re.compile(
    r"\b(?:succeed\w*|replac\w+|follow\w*|took over from|takes over from|successor (?:of|to)|folgt auf|löst|ersetzt|succède à|remplace)\s+(?:\w+\s+){0,2}$",
    re.IGNORECASE,
)
_GONE = re.compile(
    r"\b(?:left|leaves|departed|resigned|stepped down|steps down|quit|verließ|verlässt|ausgeschieden|schied|a quitté|quitte|died)\b"
    r"|\b(?:was|were|war|était)\s+(?:(?:an?|the|our|its|der|die|le|la|unser\w*)\s+)?(?!\w*ed\b|named\b|made\b|chosen\b)(?=\w)"
    r"|\b(?:worked|served|arbeitete|travaillait)\s+(?:as|at|for|bei|als|chez)\b",
    re.IGNORECASE,
)
_SPAN = re.compile(r"\b(?:19|20)\d\d\s*(?:[-–—]|to|bis|à)\s*((?:19|20)\d\d)\b")
_PAST = re.compile(
    r"\b(?:before|previous\w*|prior|former\w*|past|histor\w+|career|background|ever|did|was|were|had|used to|earlier|educat\w*|stud\w+|graduat\w*|"
    r"said|says?|think\w*|quot\w+|wrote|early|früher\w*|vorher|davor|zuvor|bisher\w*|werdegang|war|waren|sagt\w*|avant|ancien\w*|précéd\w+|parcours|carrière|dit)\b",
    re.IGNORECASE,
)


class Judgement(NamedTuple):
    """Whether the words may support a claim, and why not. ``told``: those of them that may, where it is not all."""

    supports: bool
    why: str = ""
    told: str = ""


def asks_of_present(text: str) -> bool:
    """Whether a question is about what the person is and does now: any that speaks of no other time."""
    return _PAST.search(text) is None


def judge(subject: Subject, unit: Unit, passage: Passage, page: Page, *, own: bool, now: bool) -> Judgement:
    """May ``unit`` support a claim about ``subject.person``?

    ``own``: the page is on the company's site. ``now``: the claim is about the person's present position; the
    year of the page's reading is the present one.
    """
    assert subject.person is not None
    if page.provenance is Provenance.DIRECTORY:
        if subject.person.profile_url == page.url:
            return Judgement(True)
        return Judgement(False, "the directory's entry is another person's")
    name = PersonName(subject.person.name)
    if not name.tells:
        return Judgement(False, "the person is known by one word only, which tells nobody from namesakes")
    if names_company(subject.company, subject.person.name):
        return Judgement(False, "the company is called after the person, so the name may be either")
    if unit.script >= 0:
        return _structured(name, unit, page, own)
    return _Reading(subject.company, name, unit, passage, page, own=own, now=now).judge()


def _structured(name: PersonName, unit: Unit, page: Page, own: bool) -> Judgement:
    """Structured data speaks of the person where the object that states the fact is this person."""
    if not own:
        return Judgement(False, "the structured data is about whoever writes the page")
    told = facts(page.content.structured[unit.script])
    owner = next((fact.owner for fact in told if (fact.start, fact.end) == (unit.start, unit.end)), -1)
    for fact in told:
        if (
            fact.owner == owner
            and fact.key == "name"
            and fact.type == "Person"
            and name.mentions(str(fact.value))
        ):
            return Judgement(True)
    return Judgement(False, "the structured data is not about this person")


class _Reading:
    """One statement, with what stands around it."""

    def __init__(
        self,
        company: Company,
        name: PersonName,
        unit: Unit,
        passage: Passage,
        page: Page,
        *,
        own: bool,
        now: bool,
    ) -> None:
        self.company = company
        self.name = name
        self.page = page
        self.block: Block = page.content.blocks[unit.block]
        self.index = unit.block
        self.headings = self.block.headings or passage.headings
        self.text = _by_cell(unit, self.block, page)
        self.own = own
        self.now = now
        self.mentions = self._mentions(self.text)
        self.others = self._others(self.text, self.mentions)

    def judge(self) -> Judgement:
        for refusal in (
            self._speaks_of_another(),
            self._without_company(),
            self._elsewhere(),
            self._former(),
        ):
            if refusal:
                return Judgement(False, refusal)
        return Judgement(True, told=self._told())

    # -------------------------------------------------------------- whom do the words speak of?

    def _speaks_of_another(self) -> str:
        if self.mentions:
            first = self.mentions[0]
            before = [other for other in self.others if other[0] < first.start]
            if before and not self._opens_sentence(before, first) and not self._is_listed(before, first):
                return f"the cited words speak of {self.text[slice(*before[0])]} first"
            if first.form is Form.INITIALS and (other := self._same_initials()):
                return f"the initials may be those of {other}"
            return ""
        if self.others:
            return f"the cited words name {self.text[slice(*self.others[0])]}, not the person"
        if self.block.kind is BlockKind.QUOTE:
            return "the cited words are a quotation that does not name the person"
        above = self._above()
        if above == "":
            return "neither the cited words nor what heads them name the person"
        if above is not None:
            return f"the cited words stand under {above}"
        return ""

    def _opens_sentence(self, others: list[tuple[int, int]], mention: Mention) -> bool:
        """Whether the others stand in a phrase before the sentence proper: "Together with Jan Brill, Ada Quist leads"."""
        if not self.text[: mention.start].endswith(", "):
            return False
        leading = (re.search(r"([\w'’]+) $", self.text[:start]) for start, _ in others)
        return all(word is not None and fold(word[1]) in STOP_WORDS for word in leading)

    def _is_listed(self, others: list[tuple[int, int]], mention: Mention) -> bool:
        """Whether the words are a line of people with their roles, and one is told of the person: "CTO: Jan Brill, CEO: Ada Quist".

        Between the names up to the person's there may be nothing but roles and what joins them, all in one manner.
        """
        if mention.form is not Form.WHOLE or self._is_qualified(mention):
            return False
        first, *between = gaps = self._gaps([*others, (mention.start, mention.end)])
        if self._is_labelled(gaps):
            return True
        founded = _FOUNDED.search(first) and (names_company(self.company, first) or says_we(first))
        if all(_JOINED.fullmatch(gap) for gap in between) and (founded or _ends_in_plural(first)):
            return True
        return (
            not first.strip() and self._described(mention.end) > 0 and all(map(self._is_description, between))
        )

    def _is_qualified(self, mention: Mention) -> bool:
        """Whether what stands right behind the name makes it somebody else's, or may: "Quist's daughter", "Quist (Globex)"."""
        in_brackets = self.text[mention.end :].lstrip().startswith("(") and not self._described(mention.end)
        return (
            in_brackets
            or re.search(r"['’]s?\Z", self.text[: mention.end]) is not None
            or self.text[mention.end :].startswith(("'", "’"))
        )

    def _gaps(self, names: list[tuple[int, int]]) -> list[str]:
        """What stands before each name, behind the one before it."""
        return [self.text[end:start] for (_, end), (start, _) in itertools.pairwise([(0, 0), *names])]

    def _told(self) -> str:
        """The words without the roles of others, where the person has one in the same manner; "" for all of them."""
        if not self.mentions or not self.others:
            return ""
        mine = (self.mentions[0].start, self.mentions[0].end)
        names = sorted([*self.others, mine])
        gaps = dict(zip(names, self._gaps(names), strict=True))
        if self._is_label(gaps[mine]):
            theirs = [
                (start - len(gaps[start, end]), end)
                for start, end in self.others
                if self._is_label(gaps[start, end])
            ]
        elif self._described(mine[1]):
            theirs = [(start, self._described(end)) for start, end in self.others if self._described(end)]
        else:
            theirs = []
        kept = self.text
        for start, end in reversed(theirs):
            kept = f"{kept[:start]} | {kept[end:]}"
        return kept if theirs else ""

    def _described(self, end: int) -> int:
        """Where the role ends that stands right behind a name; 0 for none."""
        match = _DESCRIBED.match(self.text, end)
        return match.end() if match is not None and self._is_role(match["label"]) else 0

    def _is_label(self, gap: str) -> bool:
        match = _LABELLED.fullmatch(gap)
        return match is not None and self._is_role(match["label"])

    def _is_labelled(self, gaps: list[str]) -> bool:
        """Whether before the names stand roles: "CTO: Jan Brill, CEO: Ada Quist". One of several people is a plural."""
        label = ""
        for gap in gaps:
            if (noted := _NOTE.match(gap)) is not None and self._is_role(noted["label"]):
                gap = gap[noted.end() :]
            if self._is_label(gap):
                label = gap.rstrip(": –—-\t\n")
            elif not (_JOINED.fullmatch(gap) and _ends_in_plural(label)):
                return False
        return True

    def _is_description(self, gap: str) -> bool:
        """Whether nothing stands between two names but the role of the first: ", CTO; "."""
        match = _DESCRIBED.match(gap)
        return (
            match is not None
            and self._is_role(match["label"])
            and _JOINED.fullmatch(gap, match.end()) is not None
        )

    def _is_role(self, text: str) -> bool:
        """Whether the words are a role at the company, and nothing besides."""
        if (
            self.own
            and (field := re.search(r"\sof\s(?=[^,]{1,40}$)", text))
            and _IN_CHARGE.search(text[: field.start()])
        ):
            text = text[: field.start()]  # what somebody is in charge of may be called anything
        words = text.split()
        if not any(_OFFICE.fullmatch(word) for word in words):
            return False
        for start in (m.start() for m in re.finditer(r"\b(?:of|at|bei|de|chez)\s", text)):
            if names_company(self.company, text[start:]):
                words = text[:start].split()
        return len(words) <= _CARD and all(
            fold(word) in _IN_LABEL or fold(word) in NO_NAMES or _OFFICE.fullmatch(word) for word in words
        )

    def _above(self) -> str | None:
        """None when what heads the words names the person; else who is named there, "" for nobody."""
        for text in self._heads():
            mentions = self._mentions(text)
            others = self._others(text, mentions)
            if others:
                return text[slice(*others[0])]
            if any(mention.form is Form.WHOLE for mention in mentions):
                return None
        return ""

    def _heads(self) -> Iterator[str]:
        """What heads the words, nearest first: a name alone above them, their list's introduction, headings, the title."""
        blocks = self.page.content.blocks
        if self.block.intro >= 0:
            intro = blocks[self.block.intro]
            yield self.page.words(intro.start, intro.end)
        else:
            for block in reversed(blocks[max(0, self.index - NEAR) : self.index]):
                if block.kind is BlockKind.HEADING or block.headings != self.block.headings:
                    break
                text = self.page.words(block.start, block.end)
                if len(text.split()) <= _CARD and (self._mentions(text) or people_in(text)):
                    yield text
                    break
        yield from reversed(self.headings)
        yield self.page.content.title

    def _mentions(self, text: str) -> list[Mention]:
        return self.name.mentions(text, language=self.page.content.language, own=self.own)

    def _others(self, text: str, mentions: list[Mention]) -> list[tuple[int, int]]:
        """Other people in the words. A family name that the person's shares with a relative's is the relative's."""
        return [
            (start, end)
            for start, end in people_in(text)
            if not any(m.start < end and start < m.end for m in mentions)
            and not names_company(self.company, text[start:end])
        ]

    def _same_initials(self) -> str:
        """Somebody else of the page to whom the initials would belong as well."""
        text = self.page.content.text
        family = self.name.words[-1].spellings
        initial = fold(self.name.words[0].text[0])
        for start, end in people_in(text):
            other = PersonName(text[start:end]).words
            same = bool(other) and bool(other[-1].spellings & family) and fold(other[0].text[0]) == initial
            if same and len(other[0].text) > 1 and not self._mentions(text[start:end]):
                return text[start:end]
        return ""

    # -------------------------------------------------------------- at which company?

    def _without_company(self) -> str:
        if self.own or names_company(self.company, self.text):
            return ""
        if any(mention.form is Form.INITIALS for mention in self.mentions[:1]):
            return "initials alone, and the cited words do not name the company"
        if says_we(self.text) and not self.mentions:
            return "the page is somebody else's, and speaks of itself"
        block = self.page.words(self.block.start, self.block.end)
        above = "\n".join((*self.headings, self.page.content.title))
        if names_company(self.company, above) or (
            self._mentions(block) and names_company(self.company, block)
        ):
            return ""
        if self._above() is None and self._section_names_company():
            return ""
        return "the page is somebody else's and does not name the company with the person"

    def _section_names_company(self) -> bool:
        """Whether the company stands in the section, which the person heads, that the words are of."""
        return any(
            block.headings == self.block.headings
            and block.region is self.block.region
            and block.kind is not BlockKind.QUOTE
            and names_company(self.company, self.page.words(block.start, block.end))
            for block in self.page.content.blocks
        )

    def _elsewhere(self) -> str:
        """Whether the words put the person at another organisation, as which nothing is told of this company's."""
        if not self.mentions:
            if self.now and (found := self._organisation(self.text, self.text)):
                return f"the cited words speak of {found}"
            return ""
        mention = self.mentions[0]
        if led := self._led(self.text[: mention.start]):
            return f"the cited words put a person of this name at {led}"
        if not self.own and (before := self._modifier(mention)):
            return f"the cited words put a person of this name at {before}"
        after = self.text[mention.end :]
        if self.own:
            after = _descriptor(after)
        found = self._organisation(after, self.text[: mention.start])
        if not found or (not self.now and self._is_headed()):
            return ""
        return f"the cited words put a person of this name at {found}"

    def _led(self, before: str) -> str:
        """The organisation that the words say was founded or is led by the person, when it is another than the company."""
        match = _FOUNDED.search(before)
        subject = re.match(_CAPITALS, before.rpartition(". ")[2]) if match is not None else None
        if (
            subject is None
            or names_company(self.company, before)
            or says_we(before)
            or _nobody(subject.group())
        ):
            return ""
        return "" if fold(subject.group().split()[0]) in STOP_WORDS else subject.group().strip()

    def _is_headed(self) -> bool:
        """Whether the section is the person's, so that other places in it are stations of one career."""
        return self._above() is None and (
            self.own
            or names_company(self.company, "\n".join((*self.headings, self.page.content.title)))
            or self._section_names_company()
        )

    def _modifier(self, mention: Mention) -> str:
        """An organisation right before a small word and the name: "Sealane Ferries boss Declan Farrow"."""
        match = re.search(rf"(?P<name>{_CAPITALS})(?:[a-zà-ÿ][\w-]+\s+){{1,3}}$", self.text[: mention.start])
        if match is None or names_company(self.company, match["name"]) or _nobody(match["name"]):
            return ""
        between = match.group()[len(match["name"]) :].split()
        if any(fold(word) in STOP_WORDS for word in between) or len(match["name"].split()) < 2:
            return ""  # "In Cork a ...": a sentence of its own, no description
        return match["name"].strip()

    def _organisation(self, after: str, before: str) -> str:
        """The first organisation at which the words put somebody, when it is another than the company; "" for none."""
        found = sorted(_organisations(after, own=self.own), key=lambda match: match.start("name"))
        for match in found:
            name = match["name"].strip(" .")
            if names_company(self.company, name):
                return ""
            if _nobody(name):
                continue
            if match.re is _PLACED and match["of"]:
                in_charge = self.own and _IN_CHARGE.search(after[: match.start()])
                if in_charge or self._reaches(after[match.end() :]):
                    continue
            return "" if names_company(self.company, after[: match.start()]) else name
        return ""

    def _reaches(self, after: str) -> bool:
        """Whether the company follows with nothing but joining words between: "of Special Projects at Acme"."""
        words = list(re.finditer(r"\S+", after))
        for index, word in enumerate(words[:12]):
            if names_company(self.company, " ".join(w.group() for w in words[index : index + 3])):
                return True
            plain = fold(word.group()).strip(".,;:()")
            if plain not in STOP_WORDS and plain not in NO_NAMES and not word.group()[0].isupper():
                return False
        return False

    # -------------------------------------------------------------- now?

    def _former(self) -> str:
        if not self.now:
            return ""
        year = self.page.fetched_at.year
        if any(int(span[1]) < year for span in _SPAN.finditer(self.text)):
            return "the span of years has ended"
        if _ADVERB.search(self.text) or _GONE.search(self.text):
            return "the cited words speak of a time that is over"
        for match in _ADJECTIVE.finditer(self.text):
            named = next((start for start, _ in self.others if start >= match.end()), None)
            ours = next((m.start for m in self.mentions if m.start >= match.end()), None)
            if _SUCCESSION.search(self.text[: match.start()]):
                continue
            if named is not None and (ours is None or named < ours):
                continue  # the former one is the other
            return "the cited words speak of a former position"
        return ""


def _organisations(text: str, *, own: bool) -> Iterator[re.Match[str]]:
    if (match := _BRACKETS.match(text)) is not None:
        yield match
    yield from _PLACED.finditer(text)
    if not own:
        yield from _COMMA_NAME.finditer(text)


def _nobody(name: str) -> bool:
    """Whether the capitals are an office, a month or a number and no organisation."""
    words = [fold(word).strip(".,") for word in name.split()]
    return all(word in NO_NAMES or word in STOP_WORDS or not re.search(r"[^\W\d_]", word) for word in words)


def _ends_in_plural(text: str) -> bool:
    """Whether the words end in a role that is told of several, or may be: "Our founders", "Geschäftsführer"."""
    words = text.split()
    office = _OFFICE.fullmatch(words[-1]) if words else None
    return office is not None and (
        office["plural"] is not None or _EITHER_NUMBER.fullmatch(words[-1]) is not None
    )


def _descriptor(after: str) -> str:
    """What is said of somebody right behind the name, set off by a comma, a dash, brackets or "is"."""
    match = re.match(
        r"\s*(?:[,(|:–—-]|\s(?:is|ist|est|was|war)\s)\s*(?P<words>[^,;.)|]*)", after, re.IGNORECASE
    )
    return match["words"] if match else ""


def _by_cell(unit: Unit, block: Block, page: Page) -> str:
    """The unit's words, the cells of a row set apart."""
    cells = [page.words(c.start, c.end) for c in block.cells if unit.start <= c.start and c.end <= unit.end]
    return " | ".join(cells) if cells else unit.text


__all__ = ["Judgement", "asks_of_present", "judge"]
