"""Ways to reach a person that the company's own pages publish. Nothing is guessed here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from urllib.parse import unquote, urlsplit

from leadline.research.documents.persons import PersonName
from leadline.research.documents.structured import facts
from leadline.research.errors import InvalidQuestion
from leadline.research.mail.names import parse_person_name
from leadline.research.mail.published import addresses, own_address
from leadline.research.model import Page, Passage, Provenance, Subject, Unit
from leadline.research.reports.model import Section, Statement, proof_of
from leadline.research.steps.guard import judge

_PROFILES = re.compile(
    r"(?:^|\.)(?:linkedin\.com|xing\.com|x\.com|twitter\.com|github\.com|bsky\.app|mastodon\.\w+)$"
)
_KINDS = {"email": "email", "telephone": "phone", "sameAs": "profile"}


def contact_points(subject: Subject, pages: Sequence[Page]) -> Iterator[Statement]:
    own = [page for page in pages if page.provenance is Provenance.OWN]
    yield from _address(subject, own)
    for index, page in enumerate(own):
        yield from _links(subject, index, page)
        yield from _structured(subject, page)


def _address(subject: Subject, pages: Sequence[Page]) -> Iterator[Statement]:
    assert subject.person is not None
    try:
        name = parse_person_name(subject.person.name)
    except InvalidQuestion:  # of one word, or of more than four
        return
    found = own_address(addresses(pages, subject.company.host), name)
    if found is None or found.start < 0:
        return
    page = next(page for page in pages if page.snapshot_id == found.snapshot_id)
    yield _point("email", found.address, page, found.start, found.end, found.script)


def _links(subject: Subject, index: int, page: Page) -> Iterator[Statement]:
    """Links to a telephone or a profile that stand in words about the person."""
    for link in page.content.links:
        if link.start < 0:
            continue
        parts = urlsplit(link.url)
        if parts.scheme == "tel":
            kind = "phone"
        elif _PROFILES.search(parts.hostname or "") and len(parts.path) > 1:
            kind = "profile"
        else:
            continue
        place = next((i for i, b in enumerate(page.content.blocks) if b.start <= link.start < b.end), None)
        if place is None:
            continue
        block = page.content.blocks[place]
        text = page.words(block.start, block.end)
        if len(text) > 300:
            continue  # a paragraph may link to anybody
        unit = Unit(number=0, page=index, block=place, start=block.start, end=block.end, text=text)
        passage = Passage(
            page=index, url=page.url, title=page.content.title, headings=block.headings, units=(unit,)
        )
        # A page's title alone heads too much for a way to reach somebody: its footer has links as well.
        assert subject.person is not None
        near = "\n".join((text, *block.headings, *_above(page, place)))
        if not PersonName(subject.person.name).mentions(near, language=page.content.language, own=True):
            continue
        if judge(subject, unit, passage, page, own=True, now=True).supports:
            value = unquote(parts.path) if kind == "phone" else link.url
            yield _point(kind, value, page, link.start, link.end)


def _above(page: Page, place: int) -> Iterator[str]:
    for block in page.content.blocks[max(0, place - 3) : place]:
        yield page.words(block.start, block.end)


def _structured(subject: Subject, page: Page) -> Iterator[Statement]:
    """Members of the page's structured data about this person."""
    assert subject.person is not None
    name = PersonName(subject.person.name)
    for script, text in enumerate(page.content.structured):
        told = facts(text)
        owners = {
            f.owner for f in told if f.key == "name" and f.type == "Person" and name.mentions(str(f.value))
        }
        for fact in told:
            if fact.owner in owners and fact.key in _KINDS and fact.type == "Person":
                value = str(fact.value).removeprefix("mailto:").removeprefix("tel:")
                yield _point(_KINDS[fact.key], value, page, fact.start, fact.end, script)


def _point(kind: str, value: str, page: Page, start: int, end: int, script: int = -1) -> Statement:
    text = page.content.text if script < 0 else page.content.structured[script]
    return Statement(
        section=Section.CONTACT_POINTS,
        quote=text[start:end],
        url=page.url,
        title=page.content.title,
        proof=proof_of(page, start, end, script),
        kind=kind,
        value=value,
    )
