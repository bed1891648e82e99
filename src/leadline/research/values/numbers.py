"""Numbers as people write them: separators by language, scale words, number words, ranges, "over 400".

``find_numbers`` reads the numbers of a text. What only looks like one is left out: versions ("1.2.3"),
dates ("2021-06-01"), parts of names ("SOC 2" is left to the caller, "IPv6" and "L3" are not numbers).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from leadline.research.values.number_words import find_number_words

Number = int | float
MOST_DIGITS = 15  # before the decimal point; longer runs are identifiers, and a float would round them

DECIMAL_COMMA = frozenset(
    "bg ca cs da de el es et fi fr gl hr hu id is it lt lv nb nl nn no pl pt ro ru sk sl sr sv tr uk vi".split()
)

_SCALES: dict[str, int] = {
    **dict.fromkeys(("k", "thousand", "tausend", "tsd", "mil", "mille", "duizend"), 10**3),
    **dict.fromkeys(
        (
            "m",
            "mm",
            "mn",
            "mio",
            "mln",
            "million",
            "millions",
            "millionen",
            "millón",
            "millones",
            "milhão",
            "milhões",
            "miljoen",
        ),
        10**6,
    ),
    **dict.fromkeys(
        (
            "b",
            "bn",
            "billion",
            "billions",
            "mrd",
            "md",
            "milliard",
            "milliards",
            "milliarde",
            "milliarden",
            "miljard",
        ),
        10**9,
    ),
    **dict.fromkeys(("t", "tn", "trillion", "trillions", "billionen"), 10**12),
}
# Letters that also abbreviate units (metre, byte, tonne) count as scales only when they touch the digits.
_ATTACHED_ONLY = frozenset({"k", "m", "b", "t", "mm", "md"})
# The same letters mean a scale in other languages only: "md" and "mil" are read where they belong.
_BY_LANGUAGE = {"mil": frozenset({"es", "pt"}), "mille": frozenset({"fr", "it"}), "md": frozenset({"fr"})}

_DIGITS = re.compile(
    r"""
    (?<![\w.,/:#@+-]) (?P<sign>[-−])? (?P<currency>[$€£¥]\s?)?
    (?P<digits> \d{1,3}(?:[ \u00a0\u202f'’]\d{3})+(?!\d)(?:[.,]\d+)? | \d+(?:[.,]\d+)* | (?<=[$€£¥])[.,]\d\d?(?![.,]?\d) )
    (?P<plus>\+)?
    """,
    re.VERBOSE,
)
# "1.250": on a page that says it is English, thousands in a borrowed spelling or a decimal fraction; nobody can tell.
_THREE_PLACES = re.compile(r"[1-9]\d{0,2}\.\d\d0")
_PER_CENT = re.compile(r"\s?%")
_SCALE = re.compile(r"(?P<gap>[ \u00a0-]?)(?P<word>[A-Za-zäöüéãõ]+)\.?(?P<plus>\+)?(?![\w])")
_PHONE = re.compile(r"\+\d[\d\s()./-]{6,}\d")
_RANGE_END = re.compile(r"\d+(?:[.,]\d+)*")
_DATE_TAIL = re.compile(r"[-/]\d{1,2}[-/]\d+")
_BETWEEN = re.compile(r"\b(?:between|zwischen|entre)\s[^.;]{0,12}$", re.IGNORECASE)
_BETWEEN_AND = re.compile(r"\s(?:and|und|et|y)\s[$€£]?(?=\d)")
_RANGE = re.compile(r"(?:\s?%)?\s?(?:-|–|—|to|bis|à|hasta)\s?[$€£]?(?=\d)")
_ABOUT = re.compile(
    r"(?:\b(?:over|about|around|approximately|approx\.?|roughly|nearly|almost|some|more than|at least|up to|circa|ca\.?|rund|etwa|über|"
    r"mehr als|fast|bis zu|environ|plus de|près de)|[~≈>])\s*$",
    re.IGNORECASE,
)


# Words that multiply a number before them; None where they mean different things in different places.
_GROUPS: dict[str, int | None] = {
    **dict.fromkeys(("dozen", "dutzend", "douzaine", "douzaines"), 12),
    **dict.fromkeys(("lakh", "lakhs", "lac"), 10**5),
    **dict.fromkeys(("crore", "crores"), 10**7),
    **dict.fromkeys(("score", "gross", "dozens"), None),
}
_GROUP = re.compile(rf"[ \u00a0-](?P<word>{'|'.join(_GROUPS)})\b", re.IGNORECASE)


class Mention(NamedTuple):
    """One number in a text; ``text[start:end]`` are its words, scale word included."""

    start: int
    end: int
    value: Number
    approximate: bool = False
    range_end: bool = False  # one of the two ends of a range
    in_words: bool = False
    unsure: bool = False  # "1.250" on an English page may be a thousand; found only where it is asked for


def plain(value: float) -> Number:
    """An integer where the value is one: integers stay integers on the wire."""
    if isinstance(value, int):
        return value
    rounded = float(f"{value:.{MOST_DIGITS}g}")
    return int(rounded) if rounded.is_integer() else rounded


def written_out(value: float) -> str:
    """A number without a needless fraction and without an exponent."""
    if isinstance(value, int):
        return str(value)
    if value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return format(value, "f").rstrip("0").rstrip(".") if abs(value) >= 1e-4 else repr(value)


def read_digits(digits: str, language: str = "en") -> Number | None:
    """The value of digits with separators; None when they are not one number ("1.2.3", "12,34,5", a code)."""
    if len(digits) > 3 * MOST_DIGITS:
        return None
    text = re.sub(r"[ \u00a0\u202f'’]", "", digits)
    if sum(character.isdigit() for character in text) > MOST_DIGITS:
        return None
    separators = [c for c in text if c in ".,"]
    if not separators:
        return int(text)
    if text[0] in separators:
        return plain(float(f"0.{text[1:]}")) if len(separators) == 1 else None
    last = separators[-1]
    if len(set(separators)) == 2:  # both stand in it: the last is the decimal one
        other = "," if last == "." else "."
        whole, fraction = text.rsplit(last, 1)
        if last in whole or not _grouped(whole, other):
            return None
        return plain(float(whole.replace(other, "") + "." + fraction))
    if len(separators) > 1:
        return int(text.replace(last, "")) if _grouped(text, last) else None
    whole, fraction = text.split(last)
    decimal = "," if language in DECIMAL_COMMA else "."
    if len(fraction) == 3 and last != decimal and whole != "0" and len(whole) <= 3:
        return int(whole + fraction)
    if len(fraction) == 3 and last == "," and decimal == "." and len(whole) > 3:
        return None
    return plain(float(whole + "." + fraction))


def _grouped(text: str, separator: str) -> bool:
    first, *rest = text.split(separator)
    return 1 <= len(first) <= 3 and all(len(group) == 3 for group in rest)


def _scale_after(text: str, end: int, language: str) -> tuple[int, int]:
    """The factor of a scale word at ``end``, and where it stops; (1, end) when there is none."""
    match = _SCALE.match(text, end)
    if not match:
        return 1, end
    word = match["word"].lower()
    if word not in _SCALES or (word in _ATTACHED_ONLY and match["gap"]):
        return 1, end
    if language not in _BY_LANGUAGE.get(word, frozenset({language})):
        return 1, end
    if word in ("billion", "billionen") and language in ("de", "fr", "es", "nl") and word != "billions":
        return (10**12, match.end()) if language in ("de", "nl") else (10**9, match.end())
    return _SCALES[word], match.end()


def find_numbers(
    text: str, language: str = "en", *, words: bool = True, unsure: bool = False
) -> list[Mention]:
    """Every number of the text in order; with ``words`` also "twenty-three" and "three hundred".

    With ``unsure`` also those of which nobody can tell, by the figure alone, whether they are thousands or a fraction.
    """
    mentions: list[Mention] = []
    text = _PHONE.sub(lambda m: "x" * len(m.group()), text)
    position = 0
    after_range = False
    while match := _DIGITS.search(text, position):
        position = match.end()
        digits = match["digits"]
        if digits.endswith((".", ",")):
            digits = digits[:-1]
        value = read_digits(digits, language)
        end = match.start("digits") + len(digits)
        if value is None:
            after_range = False
            continue
        factor, scaled_end = _scale_after(text, end, language)
        tail = text[scaled_end : scaled_end + 1]
        attached_letters = factor == 1 and tail.isalpha()
        if attached_letters and not _unit_letters(text, scaled_end):
            after_range = False
            continue
        if re.match(r"\([a-z]\)", text[end : end + 3]):  # "401(k)", "7(b)"
            after_range = False
            continue
        if date_tail := _DATE_TAIL.match(text, end):
            position = date_tail.end()
            after_range = False
            continue
        range_match = _RANGE.match(text, scaled_end)
        if not range_match and _BETWEEN.search(text[: match.start()]):
            range_match = _BETWEEN_AND.match(text, scaled_end)
        number = plain(value * factor * (-1 if match["sign"] else 1))
        either = bool(
            factor == 1
            and _THREE_PLACES.fullmatch(digits)
            and language not in DECIMAL_COMMA
            and not _PER_CENT.match(text, end)
        )
        if abs(number) >= 10**MOST_DIGITS or (either and not unsure):
            after_range = False
            continue
        approximate = (
            bool(match["plus"])
            or text[scaled_end : scaled_end + 1] == "+"
            or bool(_ABOUT.search(text[: match.start()]))
        )
        mentions.append(
            Mention(
                match.start(),
                scaled_end,
                number,
                approximate,
                after_range or bool(range_match),
                unsure=either,
            )
        )
        after_range = bool(range_match)
        position = max(position, range_match.end() if range_match else scaled_end)
        if range_match and _DIGITS.match(text, position) is None:
            after_range = _append_range_end(text, position, language, mentions)
            position = max(position, mentions[-1].end)
    if words:
        taken = [(m.start, m.end) for m in mentions]
        mentions.extend(
            Mention(start, end, value, bool(_ABOUT.search(text[:start])), in_words=True)
            for start, end, value in find_number_words(text, language)
            if value < 10**MOST_DIGITS and not any(start < e and s < end for s, e in taken)
        )
    return sorted(grouped for mention in mentions if (grouped := _times_group(text, mention)) is not None)


def _times_group(text: str, mention: Mention) -> Mention | None:
    """ "two dozen" is 24; None where nobody can tell what the word makes of the number."""
    match = _GROUP.match(text, mention.end)
    if match is None:
        return mention
    factor = _GROUPS[match["word"].lower()]
    return None if factor is None else mention._replace(end=match.end(), value=plain(mention.value * factor))


def _append_range_end(text: str, position: int, language: str, mentions: list[Mention]) -> bool:
    """The second end of a range, which follows a hyphen and so is not found by itself."""
    match = _RANGE_END.match(text, position)
    value = read_digits(match.group(), language) if match else None
    if match and value is not None:
        factor, end = _scale_after(text, match.end(), language)
        number = plain(value * factor)
        if abs(number) < 10**MOST_DIGITS:
            mentions.append(Mention(match.start(), end, number, range_end=True))
    return False


_UNITS_TOUCHING = re.compile(
    r"(?:h|hrs?|m?g|W|Wh|V|mAh|ml|l|dB|Hz|kHz|GB|TB|MB|KB|PB|GHz|MHz|kW|kWh|MW|GW|km|kg|cm|mm|ms|min|s|d|y|x|px|t|pp|st|nd|rd|th|er|ème|e)\b"
)


def _unit_letters(text: str, position: int) -> bool:
    """True when the letters that touch the digits are a unit ("50h", "8GB"), not part of a name ("3D")."""
    return bool(_UNITS_TOUCHING.match(text, position))
