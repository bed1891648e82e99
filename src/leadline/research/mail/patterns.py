"""How a company makes addresses of names: ``{first}.{last}`` and its like."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from leadline.research.mail.names import PersonName, first_forms, last_forms
from leadline.research.model import Value

# By how common they are: where nothing tells, the earlier is tried first.
PATTERNS = (
    "{first}.{last}", "{f}{last}", "{first}", "{first}{last}", "{f}.{last}", "{first}{l}", "{first}_{last}",
    "{last}.{first}", "{last}{f}", "{first}-{last}", "{last}", "{first}.{l}", "{last}{first}", "{f}_{last}",
)  # fmt: skip
MOST_LOCAL = 64  # characters (RFC 5321, 4.5.3.1.1)
VERIFIED_WEIGHT = 3  # addresses that one address accepted by its server counts for
ROLES = frozenset(
    """abuse accounting accounts admin administration agb ads all anfrage bewerbung billing board booking bookings
    buchhaltung business career careers ceo compliance contact contacto contato contatti customercare customerservice
    datenschutz dataprotection dev devops dpo editor einkauf email enquiries event events export feedback finance
    finanzen hallo hello help helpdesk hi hostmaster hr hola impressum info information inquiries inquiry international
    invest investor investors invoice invoices ir it jobs karriere kontakt kundenservice legal mail mailbox management
    marketing media newsletter noreply no-reply office operations orders partner partners partnerships personal post
    postmaster presse press privacy pr procurement purchasing rechnung recruiting recruitment reception redaktion
    sales secretariat security sekretariat service services shop social spam sponsoring staff support team tech
    technik vertrieb verwaltung web webmaster welcome zentrale""".split()
)


def is_role(local: str) -> bool:
    """Whether the local part names a function, not a person: info, sales, jobs-berlin."""
    return re.split(r"[+._-]", local.lower())[0] in ROLES or local.lower() in ROLES


def local_parts(pattern: str, name: PersonName) -> list[str]:
    """The local parts that a pattern makes of a name, likeliest spelling first."""
    found: dict[str, None] = {}
    wants_first = "{first}" in pattern or "{f}" in pattern
    wants_last = "{last}" in pattern or "{l}" in pattern
    for last in last_forms(name) if wants_last else [""]:
        for first in first_forms(name) if wants_first else [""]:
            made = pattern.format(first=first, last=last, f=first[:1], l=last[:1])
            if len(made) <= MOST_LOCAL and not is_role(made):
                found.setdefault(made)
    return list(found)


def patterns_of(local: str, name: PersonName) -> list[str]:
    """The patterns that make this local part of the name, the commonest first."""
    local = local.lower()
    return [pattern for pattern in PATTERNS if local in local_parts(pattern, name)]


def tells_person(pattern: str) -> bool:
    """Whether an address of this pattern names its owner whole."""
    return "{first}" in pattern and "{last}" in pattern


class Habit(Value, frozen=True, kw_only=True):
    """One pattern of a domain: how many published addresses show it, and how many its server has accepted."""

    pattern: str
    seen: int = 0
    verified: int = 0

    @property
    def weight(self) -> int:
        return self.seen + VERIFIED_WEIGHT * self.verified


def habits(seen: Mapping[str, int], verified: Mapping[str, int]) -> tuple[Habit, ...]:
    """The patterns that a domain is known to have, the strongest first."""
    known = [
        Habit(pattern=pattern, seen=seen.get(pattern, 0), verified=verified.get(pattern, 0))
        for pattern in PATTERNS
        if pattern in seen or pattern in verified
    ]
    return tuple(sorted(known, key=lambda habit: -habit.weight))


def share(known: Sequence[Habit], pattern: str) -> float:
    """How likely the domain's next address has this pattern, 0..1.

    One address is held against the pattern unseen: one of one makes one half, ten of ten make ten elevenths.
    """
    total = sum(habit.weight for habit in known)
    weight = next((habit.weight for habit in known if habit.pattern == pattern), 0)
    return weight / (total + 1)


class Candidate(Value, frozen=True, kw_only=True):
    """An address that a person may have. ``share`` is 0 for one that nothing but custom speaks for."""

    address: str
    pattern: str
    share: float


def candidates(name: PersonName, domain: str, known: Sequence[Habit]) -> list[Candidate]:
    """Addresses to try, likeliest first: by the domain's own habits, then by custom."""
    order = [habit.pattern for habit in known] + [p for p in PATTERNS if p not in {h.pattern for h in known}]
    found: dict[str, Candidate] = {}
    rest: list[Candidate] = []
    for pattern in order:
        for place, local in enumerate(local_parts(pattern, name)):
            address = f"{local}@{domain}"
            likely = share(known, pattern) / (place + 1)  # the second spelling of a name is half as likely
            one = Candidate(address=address, pattern=pattern, share=likely)
            if place == 0:
                found.setdefault(address, one)
            else:
                rest.append(one)
    for one in rest:
        found.setdefault(one.address, one)
    return sorted(found.values(), key=lambda one: -one.share)
