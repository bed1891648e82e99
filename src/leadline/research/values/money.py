"""Amounts of money: symbol or ISO 4217 code before or behind the figure, with scale words."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from leadline.research.values.numbers import DECIMAL_COMMA, Number, find_numbers, plain

ISO_CODES = frozenset(
    "AED ARS AUD BGN BRL CAD CHF CLP CNY COP CZK DKK EGP EUR GBP HKD HUF IDR ILS INR ISK JPY KES KRW MXN MYR NGN NOK NZD "
    "PEN PHP PKR PLN RON RSD RUB SAR SEK SGD THB TRY TWD UAH USD VND ZAR".split()
)
_SYMBOLS = {
    "US$": "USD", "U$": "USD", "CA$": "CAD", "C$": "CAD", "A$": "AUD", "AU$": "AUD", "NZ$": "NZD", "HK$": "HKD", "S$": "SGD", "SG$": "SGD", "R$": "BRL",
    "MX$": "MXN", "$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR", "₩": "KRW", "₪": "ILS", "₺": "TRY", "₽": "RUB", "zł": "PLN", "Kč": "CZK",
}  # fmt: skip
_NAMES = {
    "us dollar": "USD", "us dollars": "USD", "u.s. dollars": "USD", "dollar": "USD", "dollars": "USD", "euro": "EUR", "euros": "EUR",
    "pounds": "GBP", "pounds sterling": "GBP", "swiss francs": "CHF", "franken": "CHF", "yen": "JPY", "rupees": "INR", "cents": "", "bucks": "USD",
}  # fmt: skip
_CODES = "|".join(sorted(ISO_CODES))
_MARKS = "|".join(re.escape(s) for s in sorted(_SYMBOLS, key=len, reverse=True))
_BEFORE = re.compile(
    rf"(?:(?<![A-Za-z])(?P<code>{_CODES})\s?(?P<sym2>[$€£])?|(?P<symbol>{_MARKS}))[\s\u00a0]?(?P<sign>[-−])?$"
)
_BEHIND = re.compile(
    rf"[\s\u00a0]?(?:d[e'’][\s\u00a0]?)?(?:(?P<symbol>€|£|zł|Kč|\$)|(?P<code>{_CODES})(?![A-Za-z])|(?P<name>"
    + "|".join(re.escape(n) for n in sorted(_NAMES, key=len, reverse=True))
    + r")\b)",
    re.IGNORECASE,
)


# Shops raise the cents instead of writing a point. A mark of a note has one digit, nearly always.
_RAISED_CENTS = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹]{2}(?![⁰¹²³⁴⁵⁶⁷⁸⁹])")
_LOWERED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")


class Money(NamedTuple):
    """One amount; ``text[start:end]`` are its words with symbol and scale."""

    start: int
    end: int
    value: Number
    currency: str
    approximate: bool = False
    range_end: bool = False


_OTHER_DOLLARS = {
    "canadian": "CAD", "australian": "AUD", "new zealand": "NZD", "singapore": "SGD", "hong kong": "HKD", "us": "USD", "u.s.": "USD",
    "american": "USD",
}  # fmt: skip
_BY_COUNTRY = {"ca": "CAD", "au": "AUD", "nz": "NZD", "sg": "SGD", "hk": "HKD"}
_STATED = re.compile(
    rf"\b(?:prices?|pricing|amounts?|fees?|figures|rates)\b[^.\n]{{0,60}}?\bin (?:(?P<name>{'|'.join(map(re.escape, _OTHER_DOLLARS))}) dollars|(?P<code>CAD|AUD|NZD|SGD|HKD|USD)\b)",
    re.IGNORECASE,
)


@lru_cache(maxsize=64)
def dollars(text: str, host: str) -> str:
    """Whose dollars a bare "$" means on a page: as the page says of its prices, else by the country of its host, else US ones.

    Asked for every amount of a page, and so kept for the last ones: give the beginning of a long text only.
    """
    if (stated := _STATED.search(text)) is not None:
        return (stated["code"] or _OTHER_DOLLARS[stated["name"].lower()]).upper()
    return _BY_COUNTRY.get(host.rpartition(".")[2], "USD")


def currency_code(text: str) -> str | None:
    """ISO 4217 code of a symbol, a code or a name; None when it is none of them."""
    word = text.strip()
    return (
        _SYMBOLS.get(word)
        or (word.upper() if word.upper() in ISO_CODES else None)
        or _NAMES.get(word.lower())
        or None
    )


_THREE_PLACES = re.compile(r"(?<![\d.,])[1-9]\d{0,2}\.\d{3}\+?$")
# Where these are paid, a point parts thousands, whatever the language of the page.
_POINTED_THOUSANDS = frozenset(
    "ARS BGN BRL CLP COP CZK DKK EUR HUF IDR ISK NOK PLN RON RSD SEK TRY UAH VND".split()
)
# The price of a litre, a kilowatt-hour or a gigabyte has three places; that of a year or of a person has not.
_OF_A_MEASURE = re.compile(
    r"\s*(?:/|(?:per|pro|par|je|each|an?)\b)\s*(?!(?:year|yr|annum|month|mo|week|day|user|seat|person|jahr|monat|woche|tag|nutzer|an|mois|semaine|jour|utilisateur)\b)\w",
    re.IGNORECASE,
)


def _in_thousands(text: str, end: int, currency: str) -> bool:
    """Whether the "1.250" of an amount that ends here can be thousands only."""
    return currency in _POINTED_THOUSANDS and _OF_A_MEASURE.match(text, end) is None


def find_money(text: str, language: str = "en") -> list[Money]:
    """Every amount whose currency stands beside it, in order."""
    found: list[Money] = []
    for mention in find_numbers(text, language, words=True, unsure=True):
        figure = re.search(r"[.,]?\d", text[mention.start : mention.end])
        start = mention.start + (figure.start() if figure else 0)
        before = _BEFORE.search(text[max(0, start - 6) : start])
        value, begin, end = mention.value, mention.start, mention.end
        cents = _RAISED_CENTS.match(text, end) if before and text[end - 1].isdigit() else None
        if cents is not None and isinstance(value, int):
            value, end = plain(value + int(cents[0].translate(_LOWERED)) / 100), cents.end()
        behind = _BEHIND.match(text, end)
        code = None
        if before:
            code = before["code"] or _SYMBOLS[before["symbol"]]
            begin = start - len(before.group())
        if behind and (not before or (behind["code"] and before["symbol"] == "$")):
            stated = (
                (behind["code"] or "").upper()
                or _SYMBOLS.get(behind["symbol"] or "")
                or _NAMES.get((behind["name"] or "").lower())
            )
            if stated:
                code, end = stated, behind.end()
        if code is None and mention.range_end and found and found[-1].range_end:
            code = found[-1].currency  # "$10-20"
        if code and language not in DECIMAL_COMMA and _THREE_PLACES.search(text[mention.start : mention.end]):
            if _in_thousands(text, end, code.upper()):
                value = plain(1000 * value)
            elif mention.unsure:
                continue
        if code:
            found.append(Money(begin, end, value, code.upper(), mention.approximate, mention.range_end))
    return found
