"""The names of departments and levels of seniority, what a title tells of them, and countries by their names.

The names are those of Sales Navigator (contract section 16). What a title means is data, in ``taxonomy.json``: the
longest phrase wins, and among levels the first of the list.
"""

from __future__ import annotations

import difflib
from functools import lru_cache
from importlib.resources import files

import msgspec

from leadline.contacts.words import words
from leadline.foundation.errors import FieldError
from leadline.research.values.terms import fold

_LONGEST = 4  # words of a phrase that a title is looked through for


class _Titles(msgspec.Struct):
    meant: dict[str, str]
    """Phrases that hold a word of another level and do not mean it."""
    levels: dict[str, list[str]]
    departments: dict[str, list[str]]
    abbreviations: dict[str, list[str]]


class _Taxonomy(msgspec.Struct, rename="camel"):
    seniority_levels: list[str]
    departments: list[str]
    seniority_aliases: dict[str, str]
    department_aliases: dict[str, str]
    titles: _Titles


def _read(name: str) -> bytes:
    return files("leadline.contacts").joinpath(name).read_bytes()


_KNOWN = msgspec.json.decode(_read("taxonomy.json"), type=_Taxonomy)
_COUNTRY_OF = msgspec.json.decode(_read("countries.json"), type=dict[str, str])

SENIORITY_LEVELS = tuple(_KNOWN.seniority_levels)
DEPARTMENTS = tuple(_KNOWN.departments)
COUNTRIES = frozenset(_COUNTRY_OF.values())
_LEVEL_OF = {phrase: level for level, phrases in _KNOWN.titles.levels.items() for phrase in phrases}
_RANK = {level: rank for rank, level in enumerate(_KNOWN.titles.levels)}
_DEPARTMENT_OF = {p: name for name, phrases in _KNOWN.titles.departments.items() for p in phrases}
# Of a founder or the head of a firm the title tells less than any other word beside it.
_GENERAL = frozenset({"Entrepreneurship", "Business Development"})
_MANY_PLACES = frozenset({"georgia"})  # a country, and a state of another
_WRITTEN_OUT = {
    tuple(words(full)): short for short, fulls in _KNOWN.titles.abbreviations.items() for full in fulls
}


# ------------------------------------------------------------------ what a filter names


def checked(field: str, given: list[str], faults: list[FieldError]) -> tuple[str, ...]:
    """The departments or levels of seniority in their one spelling; what is none is added to ``faults``."""
    names, aliases = (
        (DEPARTMENTS, _KNOWN.department_aliases)
        if field == "departments"
        else (SENIORITY_LEVELS, _KNOWN.seniority_aliases)
    )
    found = []
    for text in given:
        name = _exact(text, names)
        if name is None:
            near = aliases.get(text.strip().lower()) or _closest(text, names)
            hint = f"; did you mean {near!r}?" if near else f"; write one of {', '.join(names)}"
            faults.append(
                FieldError(field, f"validation failed for '{field}': invalid value: {text.strip()}{hint}")
            )
        else:
            found.append(name)
    return tuple(dict.fromkeys(found))


def checked_countries(given: list[str], faults: list[FieldError]) -> tuple[str, ...]:
    """ISO 3166-1 alpha-2 codes; names and other codes are added to ``faults`` with the code to write."""
    found = []
    for text in given:
        code = text.strip()
        if code in COUNTRIES:
            found.append(code)
            continue
        meant = (
            code.upper()
            if code.upper() in COUNTRIES
            else _COUNTRY_OF.get(fold(code))
            or _COUNTRY_OF.get(next(iter(difflib.get_close_matches(fold(code), _COUNTRY_OF, 1, 0.85)), ""))
        )
        hint = f"; write {meant}" if meant else "; write the two letters of ISO 3166-1, such as US"
        faults.append(
            FieldError("countries", f"validation failed for 'countries': invalid value: {code}{hint}")
        )
    return tuple(dict.fromkeys(found))


def _exact(text: str, names: tuple[str, ...]) -> str | None:
    plain = _plain(text)
    return next((name for name in names if _plain(name) == plain), None)


def _plain(text: str) -> str:
    return " ".join(text.replace("/", " / ").lower().split())


def _closest(text: str, names: tuple[str, ...]) -> str | None:
    folded = {name.lower(): name for name in names}
    near = difflib.get_close_matches(text.strip().lower(), folded, 1, 0.6)
    if near:
        return folded[near[0]]
    shared = [name for name in names if set(words(text)) & set(words(name))]
    return shared[0] if shared else None


# ------------------------------------------------------------------ what a title or a place tells


@lru_cache(maxsize=50_000)
def seniority_of(title: str) -> str | None:
    """The level that a title tells, or None."""
    found: str | None = None
    for phrase in _phrases(title, _LEVEL_OF.keys() | _KNOWN.titles.meant.keys()):
        level = _KNOWN.titles.meant.get(phrase) or _LEVEL_OF[phrase]
        if phrase in _KNOWN.titles.meant and phrase not in _LEVEL_OF:
            return level
        if found is None or _RANK[level] < _RANK[found]:
            found = level
    return found


@lru_cache(maxsize=50_000)
def department_of(title: str) -> str | None:
    """The department that a title tells, or None."""
    found: list[tuple[bool, int, int, str]] = []
    for place, phrase in enumerate(_phrases(title, _DEPARTMENT_OF.keys())):
        name = _DEPARTMENT_OF[phrase]
        found.append((name in _GENERAL, -len(phrase.split()), place, name))
    return min(found)[-1] if found else None


def _phrases(title: str, known: object) -> list[str]:
    """The known phrases of a title, the longest at each place, none inside another."""
    tokens, place, found = words(title), 0, []
    while place < len(tokens):
        for length in range(min(_LONGEST, len(tokens) - place), 0, -1):
            phrase = " ".join(tokens[place : place + length])
            if phrase in known:  # type: ignore[operator]
                found.append(phrase)
                place += length
                break
        else:
            place += 1
    return found


@lru_cache(maxsize=50_000)
def title_words(title: str) -> frozenset[str]:
    """The words by which a title is looked for: its own, and those that its abbreviations stand for or the other way."""
    tokens = words(title)
    found = set(tokens)
    for token in tokens:
        for full in _KNOWN.titles.abbreviations.get(token, ()):
            found.update(words(full))
    for full_words, short in _WRITTEN_OUT.items():
        length = len(full_words)
        if any(tuple(tokens[i : i + length]) == full_words for i in range(len(tokens) - length + 1)):
            found.add(short)
    return frozenset(found)


def level_named(text: str) -> str | None:
    """The level that another program calls so: "c_suite", "VP", "Director"."""
    if not text:
        return None
    spoken = text.strip().replace("_", " ")
    known = _exact(spoken, SENIORITY_LEVELS) or _KNOWN.seniority_aliases.get(spoken.lower())
    return known or seniority_of(spoken)


def department_named(text: str) -> str | None:
    """The department that another program calls so, the first of several."""
    if not text:
        return None
    spoken = text.split(",")[0].split(";")[0].strip().replace("_", " ")
    for alias, name in _KNOWN.department_aliases.items():
        if alias == spoken.lower():
            return name
    return _exact(spoken, DEPARTMENTS) or department_of(spoken)


def country_code(text: str) -> str | None:
    """The ISO 3166-1 alpha-2 code of a country that is written as its code or name."""
    code = text.strip().upper()
    return code if code in COUNTRIES else country_of(text)


@lru_cache(maxsize=50_000)
def country_of(location: str) -> str | None:
    """The country (ISO 3166-1 alpha-2) that a place names last, where it can be only one."""
    parts = [fold(part).strip(" .") for part in location.replace("(", ",").replace(")", "").split(",")]
    parts = [part for part in parts if part]
    if not parts or (parts[-1] in _MANY_PLACES and len(parts) > 1):
        return None
    last = parts[-1]
    if len(last) == 2 and location.strip()[-2:].isupper() and len(parts) == 1 and last.upper() in COUNTRIES:
        return last.upper()
    return _COUNTRY_OF.get(last.removeprefix("greater ").removesuffix(" area")) or _COUNTRY_OF.get(last)
