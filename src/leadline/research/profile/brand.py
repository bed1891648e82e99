"""What the company calls itself, as written on its own pages."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from leadline.research.documents.hosts import registrable
from leadline.research.documents.names import OURS_NAMED, full_names, names_company, says_we
from leadline.research.model import Company, Page
from leadline.research.profile import pages
from leadline.research.profile.model import Finding, Means
from leadline.research.values.terms import squash

_WORD = re.compile(r"[^\W_]+(?:['’.][^\W_]+)*")
_MOST_WORDS = 4
_WITHIN = ("", "-", ".", "&", "+", "'", "’")  # what may stand between the words of a name
_QUOTES = ('"', "“", "„", "«", "‘", "‚")
_ORGANISATIONS = (
    "Agency Association Bakery Bank Brewery Charity College Company Cooperative Council Foundation Fund Group Hospital Institute"
    " Museum Partnership School Society Studio Studios Trust Union University"
).split()
_MOST_TEXT = 60_000  # characters of a page that are looked through for the name


class Brand:
    """The company's names, and whether words speak of it."""

    def __init__(
        self,
        company: Company,
        name: str,
        places: Sequence[Finding],
        root: str = "",
        kinds: Sequence[str] = (),
    ) -> None:
        """``kinds``: what the pages call it behind its name, "Trust" of "Clear Wells Trust": "the Trust" is it too."""
        self._kind = re.compile(rf"\b[Tt]he (?:{'|'.join(map(re.escape, kinds))})\b") if kinds else None
        self.company = company
        self.name = name
        self._places = places
        self._root = root
        label = (registrable(company.asked_host) or company.asked_host).split(".")[0]
        self.squashed = frozenset(
            n for n in {squash(name), squash(label), squash(registrable(company.asked_host))} if len(n) >= 2
        )

    def kind(self, url: str) -> str:
        """The kind of a page of the company (``pages.kind``)."""
        return pages.kind(url, self._root)

    def is_page_of(self, url: str, wanted: str) -> bool:
        """Whether the address is the kind's own page (``pages.is_page_of``)."""
        return pages.is_page_of(url, wanted, self._root)

    def page_named(self, url: str) -> str | None:
        """Which of the pages that people ask for the address is (``pages.named``)."""
        return pages.named(url, self._root)

    def findings(self) -> Iterator[Finding]:
        yield from self._places

    def speaks(self, text: str) -> bool:
        """Whether the words speak of the company: by name, or as "we"."""
        return says_we(text) or self.names(text)

    def names(self, text: str) -> bool:
        """Whether the words hold the company's name."""
        return (
            names_company(self.company, text)
            or (len(self.name) >= 3 and re.search(rf"\b{re.escape(self.name)}\b", text) is not None)
            or (self._kind is not None and self._kind.search(text) is not None)
        )

    def ours_is_another(self, text: str) -> bool:
        """Whether something of the company's is named that is not the company: "our supplier Acme"."""
        whose = OURS_NAMED.search(text)
        return whose is not None and not self.names(whose["name"])

    def is_of_others(self, text: str) -> bool:
        """Whether somebody else speaks or is spoken of: a quotation, "our supplier Acme employs 900 people"."""
        return text.lstrip()[:1] in _QUOTES or self.ours_is_another(text)

    def is_own_handle(self, handle: str) -> bool:
        """Whether the name of an account elsewhere is the company's."""
        handle = squash(handle)
        return any(handle == n or (len(n) >= 5 and handle.startswith(n)) for n in self.squashed)


def brand_of(company: Company, own: Sequence[Page]) -> Brand:
    """The spelling of the domain's name that stands most often on the pages: "Rocket.Chat" for rocket.chat."""
    wanted = full_names(company)
    found: Counter[str] = Counter()
    first: dict[str, Finding] = {}
    root = pages.root_of(page.url for page in own)
    for page in own:
        text = page.content.text[:_MOST_TEXT]
        for start, end in _spellings(text, wanted):
            written = text[start:end]
            found[written] += 1
            first.setdefault(
                written,
                Finding(
                    field="name", value=written, url=page.url, snapshot_id=page.snapshot_id, start=start,
                    end=end, quote=written, means=Means.WORDS, on=page.fetched_at.date(),
                ),
            )  # fmt: skip
    if not found:
        sites = Counter(p.content.site_name for p in own if p.content.site_name)
        return Brand(company, sites.most_common(1)[0][0] if sites else "", (), root)
    name = found.most_common(1)[0][0]
    return Brand(company, name, (first[name],), root, _kinds(name, own))


def _kinds(name: str, own: Sequence[Page]) -> list[str]:
    behind = re.compile(rf"\b{re.escape(name)} ({'|'.join(_ORGANISATIONS)})\b")
    return sorted({found for page in own for found in behind.findall(page.content.text[:_MOST_TEXT])})


def _spellings(text: str, wanted: frozenset[str]) -> Iterator[tuple[int, int]]:
    words = [(m.start(), m.end()) for m in _WORD.finditer(text)]
    squashed = [squash(text[a:b]) for a, b in words]
    beginnings = {name[:2] for name in wanted}
    for position, (start, _) in enumerate(words):
        if squashed[position][:2] not in beginnings or not text[start].isupper():
            continue
        name = ""
        for further in range(position, min(position + _MOST_WORDS, len(words))):
            if (
                further > position
                and text[words[further - 1][1] : words[further][0]].strip(" ") not in _WITHIN
            ):
                break
            name += squashed[further]
            end = words[further][1]
            if (name in wanted and text[start:end] != text[start:end].upper()) or (
                name in wanted and len(name) <= 4
            ):
                before = text[max(0, start - 1) : start]
                if before not in ("@", "/", ".", "-"):
                    yield start, end
