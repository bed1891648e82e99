"""Addresses that stand on a company's pages, whose they are, and the habit that they show.

An address is somebody's when its local part is made of their name and the name is known or stands beside it. Looking
costs one pass over a page, whatever the page is made of.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import unquote

from leadline.research.errors import InvalidQuestion
from leadline.research.mail.names import PARTICLES, PersonName, parse_person_name
from leadline.research.mail.patterns import is_role, patterns_of, tells_person
from leadline.research.model import Page, Value
from leadline.research.values.terms import fold

MOST_OF_PAGE = 300_000  # characters of one page that are looked at
MOST_ADDRESSES = 500  # of a domain
MOST_NAMES = 60  # near one address
_BEFORE, _AFTER = 240, 120  # characters in which an address's owner is named
_LOCAL_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._%+'-")
_LOCAL = re.compile(r"[a-z0-9](?:[a-z0-9._+'-]*[a-z0-9])?")
_LETTERS = re.compile(r"[^\W_]+")
_WORD = re.compile(r"[^\W\d_][\w'’.-]*|[,;|/()\n]")


class PublishedAddress(Value, frozen=True, kw_only=True):
    """One address in one place. ``start`` and ``end`` are its words in the page's text, or in its script ``script``.

    ``near`` is what stands around it, ``line`` the line that it stands in.
    """

    address: str
    url: str
    snapshot_id: str
    start: int
    end: int
    script: int = -1
    near: str = ""
    line: str = ""

    @property
    def local(self) -> str:
        return self.address.partition("@")[0]


def addresses(pages: Iterable[Page], domain: str) -> list[PublishedAddress]:
    """The addresses of this domain that the pages show, in text, links and structured data."""
    found: dict[tuple[str, str], PublishedAddress] = {}
    for page in pages:
        for one in _of_page(page, domain):
            found.setdefault((one.address, one.url), one)
            if len(found) >= MOST_ADDRESSES:
                return list(found.values())
    return list(found.values())


def _of_page(page: Page, domain: str) -> Iterator[PublishedAddress]:
    content = page.content
    for start, end, local in _spans(content.text[:MOST_OF_PAGE], domain):
        yield _published(page, content.text, start, end, local, domain)
    for link in content.links:
        if link.url[:7].lower() == "mailto:":
            local, _, host = unquote(link.url[7:].partition("?")[0]).strip().lower().rpartition("@")
            if host == domain and _LOCAL.fullmatch(local):
                yield _published(page, content.text, max(link.start, 0), max(link.end, 0), local, domain)
    for script, text in enumerate(content.structured):
        for start, end, local in _spans(text[:MOST_OF_PAGE], domain):
            yield _published(page, text, start, end, local, domain, script)


def _published(
    page: Page, text: str, start: int, end: int, local: str, domain: str, script: int = -1
) -> PublishedAddress:
    placed = end > start
    first, last = text.rfind("\n", 0, start) + 1, text.find("\n", end)
    return PublishedAddress(
        address=f"{local}@{domain}",
        url=page.url,
        snapshot_id=page.snapshot_id,
        start=start if placed else -1,
        end=end if placed else -1,
        script=script,
        near=text[max(0, start - _BEFORE) : end + _AFTER] if placed else "",
        line=text[max(first, start - _BEFORE) : min(last if last >= 0 else len(text), end + _AFTER)]
        if placed
        else "",
    )


def _spans(text: str, domain: str) -> Iterator[tuple[int, int, str]]:
    """Where addresses of the domain stand: as they are, or spelled "name [at] acme [dot] com"."""
    for match in _at(domain).finditer(text):
        start = match.start()
        while start > 0 and match.start() - start < 64 and text[start - 1] in _LOCAL_CHARACTERS:
            start -= 1
        local = text[start : match.start()].lower()
        stripped = local.lstrip("._%+'-")
        start += len(local) - len(stripped)
        if _LOCAL.fullmatch(stripped):
            yield start, match.end(), stripped


def _at(domain: str) -> re.Pattern[str]:
    dot = r"(?:\.| ?[\[({] ?(?:dot|punkt|\.) ?[\])}] ?)"
    host = dot.join(re.escape(label) for label in domain.split("."))
    return re.compile(rf"(?:@| ?[\[({{] ?(?:at|ät|@) ?[\])}}] ?){host}(?![\w-]|\.\w)", re.IGNORECASE)


# ------------------------------------------------------------------ whose


def own_address(found: Sequence[PublishedAddress], name: PersonName) -> PublishedAddress | None:
    """The address that the pages give for this person; None when they give none, or do not tell whose one is."""
    for one in found:
        if not is_role(one.local) and _is_of(one, name, len(_same_line(found, one))):
            return one
    return None


def _same_line(found: Sequence[PublishedAddress], one: PublishedAddress) -> set[str]:
    return {o.address for o in found if (o.url, o.line) == (one.url, one.line)}


def _is_of(one: PublishedAddress, name: PersonName, in_line: int) -> bool:
    fitting = patterns_of(one.local, name)
    if any(tells_person(pattern) for pattern in fitting):
        return True
    if fitting:
        return _names(one.near, name)
    if in_line != 1 or not _names(one.line, name):
        return False
    return not any(patterns_of(one.local, other) for other in names_near(one.near) if other != name)


def _names(text: str, name: PersonName) -> bool:
    def words(of: str) -> str:
        return f" {' '.join(_LETTERS.findall(fold(of)))} "

    return words(name.whole) in words(text)


def seen_patterns(found: Sequence[PublishedAddress], people: Sequence[PersonName]) -> dict[str, int]:
    """How many distinct addresses show each pattern, as far as their owners are known or named beside them."""
    places: dict[str, list[PublishedAddress]] = defaultdict(list)
    for one in found:
        if not is_role(one.local):
            places[one.address].append(one)
    seen: dict[str, int] = defaultdict(int)
    for spots in places.values():
        if (pattern := _pattern(spots, people)) is not None:
            seen[pattern] += 1
    return dict(seen)


def _pattern(spots: Sequence[PublishedAddress], people: Sequence[PersonName]) -> str | None:
    local = spots[0].local
    near = [name for spot in spots for name in names_near(spot.near)]
    for names in (near, people):
        fitting = [patterns[0] for name in names if (patterns := patterns_of(local, name))]
        # A name that the address holds whole tells more than one of which it holds a letter.
        for pattern in sorted(fitting, key=lambda p: (not tells_person(p), "{last}" not in p)):
            return pattern
    return None


def names_near(text: str) -> list[PersonName]:
    """What may be names of people in a few words of text: runs of two to four capitalised words."""
    found: dict[PersonName, None] = {}
    run: list[str] = []
    for word in [*(match.group() for match in _WORD.finditer(text)), "\n"]:
        word = word.rstrip(".,")
        if word[:1].isupper() or (run and word in PARTICLES):
            run.append(word)
            continue
        for begin in range(len(run)):
            for length in (2, 3, 4):
                part = run[begin : begin + length]
                if len(part) < length or part[0] in PARTICLES or part[-1] in PARTICLES:
                    continue
                try:
                    found.setdefault(parse_person_name(" ".join(part)))
                except InvalidQuestion:
                    continue
                if len(found) >= MOST_NAMES:
                    return list(found)
        run = []
    return list(found)
