"""Countries by name: ISO 3166-1 alpha-2 codes, from the time zone database's list, and what countries call themselves."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from leadline.research.values.terms import squash

# The time zone database names countries in English, shortened. These are written in addresses as well.
_ALSO = {
    "DE": "Deutschland|Allemagne", "AT": "Österreich", "CH": "Schweiz|Suisse|Svizzera", "FR": "Frankreich", "ES": "España", "IT": "Italia",
    "NL": "Nederland|The Netherlands", "BE": "België|Belgique", "LU": "Luxemburg", "PL": "Polska", "CZ": "Czechia|Czech Republic|Česko",
    "DK": "Danmark", "SE": "Sverige", "NO": "Norge", "FI": "Suomi", "HU": "Magyarország", "RO": "România", "TR": "Türkiye", "BR": "Brasil",
    "GB": "United Kingdom|Great Britain|England|Scotland|Wales|UK|U.K.", "US": "USA|U.S.A.|United States of America|US", "IE": "Éire",
    "KR": "South Korea|Republic of Korea", "AE": "UAE", "MX": "México",
}  # fmt: skip
_LONGEST = 40  # characters of a name


@cache
def _codes() -> Mapping[str, str]:
    listed = files("tzdata").joinpath("zoneinfo", "iso3166.tab").read_text(encoding="utf-8")
    codes = {}
    for line in listed.splitlines():
        code, tab, name = line.partition("\t")
        if tab and not line.startswith("#"):
            codes[squash(re.sub(r"\(.*?\)", "", name))] = code
    for code, names in _ALSO.items():
        codes |= {squash(name): code for name in names.split("|")}
    return codes


def country_code(name: str) -> str | None:
    """The ISO 3166-1 alpha-2 code of a country's whole name ("Germany", "Deutschland"), or None."""
    return _codes().get(squash(name)) if len(name) <= _LONGEST else None


_BEHIND = re.compile(r"[ \t]*[,/\n(–-]?[ \t\n]*(?P<name>[^\W\d_][\w.'’ -]{0,38}[\w.])")


def country_behind(text: str, end: int) -> tuple[str, int] | None:
    """The country that stands behind a place ("24143 Kiel, Germany"): its code and where its name ends."""
    match = _BEHIND.match(text, end)
    code = country_code(match["name"]) if match is not None else None
    if match is None or code is None:
        return None
    sentence_ends = match["name"].count(".") == 1 and match["name"].endswith(".")
    return code, match.end("name") - sentence_ends
