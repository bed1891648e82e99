"""What a company or a person may be called, and whether words name them."""

from __future__ import annotations

import re

from leadline.research.model import Company, Page, Passage, Subject, Unit
from leadline.research.values.terms import fold, squash

SHORTEST = 3  # characters of a name that tells


def company_names(company: Company) -> frozenset[str]:
    """Squashed names by which the company may be called: from its host and its known name."""
    labels = company.asked_host.removeprefix("www.").split(".")
    names = {squash("".join(labels[-2:])), squash(labels[-2]) if len(labels) > 1 else squash(labels[0])}
    first = (labels[-2] if len(labels) > 1 else labels[0]).split("-")[0]
    if len(first) >= 5:  # "mueller-metallbau.de" is called "Mueller"
        names.add(squash(first))
    if len(labels) > 2 and len(labels[-2]) <= 3:  # "name.co.uk"
        names |= {squash(labels[-3])}
    if company.name:
        names.add(squash(company.name))
    # A host cannot hold an umlaut: "foerde" is "förde", which folds to "forde".
    names |= {re.sub(r"([aou])e", r"\1", n) for n in names}
    return frozenset(n for n in names if len(n) >= 2)


def names_subject(subject: Subject, unit: Unit, passage: Passage, page: Page) -> bool:
    """Whether the cited words, or the headings and title above them, name the subject: of a person, the whole name."""
    near = " ".join((unit.text, *passage.headings, page.content.title))
    if subject.person is not None:
        return fold(subject.person.name) in " ".join(fold(near).split())
    # Words, not letters: "acme" is not named by "Acmeology".
    words = [squash(word) for word in re.findall(r"[^\W_][\w.&'’-]*", near)]
    runs = {"".join(words[i : i + length]) for length in (1, 2, 3) for i in range(len(words))}
    return any(name in runs for name in company_names(subject.company) if len(name) >= SHORTEST)
