"""Questions about a person that a field of a directory's entry answers, read off the entry's page.

A question means a field when it holds one of the field's words, and no other word that carries a topic: "Who do they
report to in their current role?" is no question for the role. So what is asked besides is left to the readers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, NamedTuple

from leadline.research.answer_types import answer_type
from leadline.research.answer_types.base import InvalidValue
from leadline.research.documents.entries import Entry, Row, moment, read
from leadline.research.model import Evidence, Page, Provenance, Question
from leadline.research.profile.model import Finding, Means, Told
from leadline.research.values.terms import fold, stem, terms, topic

Item = tuple[Any, tuple[Row, ...]]  # a value, and the rows that it rests on

_HOW = "The person's entry in a directory tells it."
_BASIS = "a field of a directory's entry; which field a question means is told by rules and was not measured"


class _Meant(NamedTuple):
    """A field: ``keys``, one of which the question holds, and the other topic words that it may hold."""

    keys: str
    besides: str = ""


_WORK = (
    "work works working job role title position company employer employed firm organisation organization rolle stelle funktion arbeitet arbeitgeber firma unternehmen"
    " poste travaille entreprise employeur fonction"
)
_FILLING = "person contact prospect lead name current currently present presently today exact official tell know actual actually still hold held aktuell aktuelle derzeit heute actuel actuelle"
_FIELDS = {
    "tenure": _Meant(
        "long since years months start started begin began join joined tenure lange seit begonnen depuis commence", f"{_WORK} date year years month months many jahre annees"
    ),
    "previous": _Meant(_WORK, "previous previously former formerly past prior earlier fruher fruhere vorher zuvor bisher ancien ancienne precedent"),
    "country": _Meant("country land pays", "based located live lives reside living lebt wohnt base"),
    "location": _Meant("based located location live lives city place reside resides region wohnt lebt standort ort lieu base ville"),
    "email": _Meant("email mail e-mail", "address work adresse"),
    "headline": _Meant("headline", "profile linkedin"),
    "seniority": _Meant("seniority senior level"),
    "department": _Meant("department function abteilung", "work works"),
    "employer": _Meant("company employer employed firm organisation organization arbeitgeber firma unternehmen entreprise employeur work works working arbeitet travaille"),
    "role": _Meant("role title position job occupation rolle funktion stelle poste fonction", "company do does"),
}  # fmt: skip
_LEADING = ("tenure", "previous", "country", "location", "email", "headline", "seniority", "department")
_BEFORE = re.compile(
    r"\b(?:before|previous(?:ly)?|former(?:ly)?|past|prior|earlier|fruher\w*|vorher|zuvor|bisher\w*|ancien\w*|avant|precedent\w*)\b"
)
_NOW_DOING = re.compile(r"\bwhat (?:do|does) [\w'’ .-]+ do\b|\bwas macht\b|\bque fait\b")
_ROLES_ASKED = "role title position job rolle stelle funktion poste fonction"
_POSTING = re.compile(
    r"\b(?:posts?|posted|posting|writes?|wrote|publish\w*|talks?|shares?) (?:\w+ )?(?:about|on|regarding)\s+(?P<topic>.+?)\s*\??$",
    re.IGNORECASE,
)
_HOW_LONG = re.compile(r"\b(?:how (?:long|many)|wie (?:lange|viele)|combien|depuis combien)\b")
_STILL = re.compile(r"\b(?:is|are|does|do|ist|arbeitet|est)\b", re.IGNORECASE)


def answer(question: Question, evidence: Evidence) -> Told | None:
    """What the entries tell; None where the question means no field, they do not tell, or not in its type."""
    if answer_type(question.answer_type).asks == "people":
        return _people(evidence)
    for page in evidence.pages:
        if page.provenance is Provenance.DIRECTORY:
            entry = read(page)
            if answer_type(question.answer_type).asks == "posts":
                if (published := _published(question, entry)) is not None:
                    return _told(page, *published)
                continue
            found = _found(question, entry)
            if found is not None and (told := _typed(question, *found)) is not None:
                return _told(page, *told)
    return None


def _told(page: Page, field: str, value: Any, parts: Sequence[Item]) -> Told:
    return Told(
        field=field,
        value=value,
        parts=tuple((part, tuple(_finding(page, field, row) for row in rows)) for part, rows in parts),
        probability=1.0,
        how=_HOW,
        basis=_BASIS,
    )


def _people(evidence: Evidence) -> Told | None:
    """Everybody whose entry there is: whom the question is about was said when they were looked for."""
    parts: list[tuple[Any, tuple[Finding, ...]]] = []
    for page in evidence.pages:
        if page.provenance is not Provenance.DIRECTORY:
            continue
        entry = read(page)
        held = next(iter(entry.current), None)
        where = entry.fields.get("Location")
        cells = held.cells if held is not None else {}
        record = {
            "fullName": entry.name.cells["Name"],
            "title": cells.get("Title"),
            "companyName": cells.get("Company"),
            "location": where.cells["Location"] if where is not None else None,
            "profileUrl": page.url if page.url.startswith("https://") else None,
        }
        rows = [row for row in (entry.name, held, where) if row is not None]
        known = {name: text for name, text in record.items() if text}
        parts.append((known, tuple(_finding(page, "people", row) for row in rows)))
    if not parts:
        return None
    return Told("people", [record for record, _ in parts], tuple(parts), 1.0, _HOW, _BASIS)


def _published(question: Question, entry: Entry) -> tuple[str, Any, list[Item]] | None:
    """The posts, those on a topic where the question names one."""
    named = _POSTING.search(fold(question.text))
    rows = _about(entry, named["topic"]) if named is not None else list(entry.posts)
    kind = answer_type(question.answer_type)
    items: list[Item] = []
    for row in rows:
        cells = row.cells
        record = {
            "text": cells.get("Text"),
            "url": cells.get("Address"),
            "publishedAt": cells.get("Published"),
            "reactionCount": _count(cells.get("Reactions")),
            "commentCount": _count(cells.get("Comments")),
        }
        try:
            items.append((kind.parse([record], None)[0], (row,)))
        except InvalidValue:  # a directory gave no words, or no address
            continue
    return ("posts", [record for record, _ in items], items) if items else None


def _count(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdecimal() else None


def _about(entry: Entry, subject: str) -> list[Row]:
    """The posts that hold every topic word of the subject."""
    wanted = {t.stem for t in topic(subject)}
    return [
        row
        for row in entry.posts
        if wanted and wanted <= {t.stem for t in topic(fold(row.cells.get("Text", "")))}
    ]


def _finding(page: Page, field: str, row: Row) -> Finding:
    return Finding(
        field=field, value=None, url=page.url, snapshot_id=page.snapshot_id, start=row.start, end=row.end,
        quote=page.words(row.start, row.end), means=Means.ENTRY, on=page.fetched_at.date(),
    )  # fmt: skip


# ------------------------------------------------------------------ which field


def _found(question: Question, entry: Entry) -> tuple[str, list[Item]] | None:
    """The field that is meant, and what the entry holds of it."""
    asked = fold(question.text)
    if question.answer_type == "boolean":
        return _yes_or_no(question, entry)
    field = meant(question, entry)
    if field is None:
        return None
    current = entry.current
    named = [row for row in entry.positions if _names(asked, row.cells.get("Company", ""))]
    match field:
        case "tenure":
            wanted = named[:1] or list(current[:1] if len(current) == 1 else _with_role(asked, current))
            items: list[Item] = [(row.cells["From"], (row,)) for row in wanted if "From" in row.cells]
        case "previous":
            past = [row for row in entry.positions if row not in current]
            roles = bool({t.stem for t in terms(asked)} & _stems(_ROLES_ASKED))
            items = [(_position(row, title=roles or question.answer_type != "list"), (row,)) for row in past]
        case "country":
            items = _place(entry, country=True)
        case "location":
            items = _place(entry, country=False)
        case "employer":
            items = [(row.cells["Company"], (row,)) for row in current if "Company" in row.cells]
        case "role":
            items = [(_position(row), (row,)) for row in named[:1] or current if "Title" in row.cells]
        case _:
            row = entry.fields.get(field.capitalize())
            items = [(row.cells[field.capitalize()], (row,))] if row is not None else []
    items = [(value, rows) for value, rows in items if value]
    return (field, items) if items else None


def meant(question: Question, entry: Entry) -> str | None:
    """The field that a question means; None for every other question."""
    asked = fold(question.text)
    names = f"{question.subject.person.name if question.subject.person else ''} {question.company.name or ''}"
    known = {stem(t.folded) for t in terms(fold(names))}
    for row in entry.positions:
        known |= {stem(t.folded) for t in terms(fold(row.cells.get("Company", "")))}
    said = {t.stem for t in topic(asked)} - known
    before = bool(_BEFORE.search(asked))
    if not before and _NOW_DOING.search(asked) and not said - _stems(_FILLING):
        return "role"
    for field in (*_LEADING, "role", "employer"):
        keys, allowed = (
            _stems(_FIELDS[field].keys),
            _stems(f"{_FIELDS[field].keys} {_FIELDS[field].besides} {_FILLING}"),
        )
        if said & keys and not said - allowed and before is (field == "previous"):
            return field
    return None


_CACHE: dict[str, frozenset[str]] = {}


def _stems(words: str) -> frozenset[str]:
    if words not in _CACHE:
        _CACHE[words] = frozenset(stem(word) for word in words.split())
    return _CACHE[words]


def _names(asked: str, company: str) -> bool:
    name = " ".join(t.folded for t in terms(fold(company)))
    return len(name) > 2 and f" {name} " in f" {' '.join(t.folded for t in terms(asked))} "


def _with_role(asked: str, rows: Sequence[Row]) -> Iterator[Row]:
    """Of several positions held at once, the one whose title the question says."""
    for row in rows:
        if _names(asked, row.cells.get("Title", "")):
            yield row
            return


def _position(row: Row, *, title: bool = True) -> str:
    held, company = row.cells.get("Title", ""), row.cells.get("Company", "")
    if not title:
        return company
    return f"{held} at {company}" if held and company else held or company


def _place(entry: Entry, *, country: bool) -> list[Item]:
    """The place as it is written; its last part is the country where it has several ("Kiel, Germany")."""
    where, code = entry.fields.get("Location"), entry.fields.get("Country")
    text = where.cells["Location"] if where is not None else ""
    if where is not None and (not country or "," in text):
        return [(text.rsplit(",", 1)[-1].strip() if country else text, (where,))]
    return [(code.cells["Country"], (code,))] if code is not None else []


# ------------------------------------------------------------------ yes or no


def _yes_or_no(question: Question, entry: Entry) -> tuple[str, list[Item]] | None:
    """Whether a named company is, or was, the person's; whether posts speak of a topic. Nothing found is no "no"."""
    asked = fold(question.text)
    if (posting := _POSTING.search(asked)) is not None:
        about = _about(entry, posting["topic"])
        return ("posts", [(True, tuple(about[:3]))]) if about else None
    named = [row for row in entry.positions if _names(asked, row.cells.get("Company", ""))]
    others = (
        {t.stem for t in topic(asked)}
        - _stems(f"{_WORK} {_FILLING} previous former past ever before employee")
        - {stem(t.folded) for row in named for t in terms(fold(row.cells.get("Company", "")))}
    )
    person = (
        {stem(t.folded) for t in terms(fold(question.subject.person.name))}
        if question.subject.person
        else set()
    )
    if not named or others - person:
        return None
    held = [row for row in named if row in entry.current]
    if held:
        return "employer", [(True, tuple(held[:1]))]
    if _BEFORE.search(asked) or re.search(r"\b(?:ever|have|has|did|was|were)\b", asked):
        return "previous", [(True, tuple(named[:1]))]
    ended = all("To" in row.cells for row in named)
    return ("employer", [(False, tuple(named[:1]))]) if ended and _STILL.search(asked) else None


# ------------------------------------------------------------------ in the type asked for


def _typed(question: Question, field: str, items: list[Item]) -> tuple[str, Any, list[Item]] | None:
    kind = question.answer_type
    rows = tuple(row for _, found in items for row in found)
    if kind == "boolean":
        return (field, items[0][0], items) if isinstance(items[0][0], bool) else None
    if kind == "number":
        number = _number(question, str(items[0][0])) if field == "tenure" and len(items) == 1 else None
        return None if number is None else (field, number, [(number, rows)])
    texts: list[Item] = [(str(value), found) for value, found in items]
    if kind == "list":
        unique = list({value: (value, found) for value, found in texts}.values())
        return field, [value for value, _ in unique], unique
    if kind == "open_text":
        text = f"since {texts[0][0]}" if field == "tenure" else "; ".join(value for value, _ in texts)
        return field, text, [(text, rows)]
    return None


def _number(question: Question, since: str) -> int | None:
    """The year of the beginning, or the whole years (months, where the question says so) up to the day of asking."""
    begun, asked = moment(since), fold(question.text)
    if begun is None or question.asked_at is None:
        return None
    if not _HOW_LONG.search(asked):
        return begun.year if re.search(r"\b(?:year|jahr|annee)\b", asked) else None
    today: date = question.asked_at.date()
    months = (today.year - begun.year) * 12 + today.month - begun.month
    return months if re.search(r"\b(?:months|monate|mois)\b", asked) else months // 12


__all__ = ["answer", "meant"]
