"""A web address."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from leadline.research.answer_types.base import AnswerType, InvalidValue, Support, Told
from leadline.research.model import Question

_BARE = re.compile(r"(?i)^[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}(?::\d+)?(?:[/?#]\S*)?$")
IN_TEXT = re.compile(r"(?i)\bhttps?://[^\s<>\"']+|\b(?:[a-z0-9-]+\.)+[a-z]{2,}(?:/[^\s<>\"']*)?")


_COUNTING_ONLY = re.compile(r"(?i)^(?:utm_\w+|gclid|fbclid|msclkid|mc_[ce]id|ref|source|trk)$")


class Url(AnswerType):
    name = "url"
    key = "url"
    wire = str
    links = True
    hint = re.compile(
        r"https?://|www\.|[\w.+-]+@[\w-]+\.\w|\b[\w-]+\.(?:com|org|net|io|dev)\b", re.IGNORECASE
    )

    def model_schema(self, output_schema: dict[str, Any] | None) -> dict[str, Any]:
        return {"type": "string", "description": "an absolute https:// address that stands in the evidence"}

    def parse(self, value: Any, output_schema: dict[str, Any] | None) -> str:
        text = value.strip().strip("<>()") if isinstance(value, str) else ""
        if _BARE.match(text):
            text = "https://" + text
        parts = urlsplit(text)
        if parts.scheme.lower() not in ("http", "https") or not parts.hostname or re.search(r"\s", text):
            raise InvalidValue(
                "an absolute http or https address is wanted, such as https://example.com/pricing"
            )
        return text

    def equal(self, a: Any, b: Any) -> bool:
        return address_key(str(a)) == address_key(str(b))

    def same(self, before: Any, after: Any, told: Told) -> bool:
        """Parameters that only count visits do not make another address."""
        return _counted_out(str(before)) == _counted_out(str(after))

    def support(self, value: Any, words: Sequence[str], question: Question) -> Support:
        """Only the words are at hand here; that a cited link leads to the address is checked with the page's links."""
        wanted = address_key(str(value))
        written = [match.group().rstrip(".,;:!?)") for text in words for match in IN_TEXT.finditer(text)]
        if any(address_key(w) == wanted for w in written):
            return Support(True, "the address stands in the cited words")
        return Support(None, "the address may be the target of a link; the words alone do not tell")


def address_key(address: str) -> tuple[str, str, str]:
    """Host without ``www.``, path without its last slash, and query: what makes two addresses the same."""
    parts = urlsplit(address if "//" in address else "https://" + address)
    return ((parts.hostname or "").removeprefix("www."), unquote(parts.path).rstrip("/"), parts.query)


def _counted_out(address: str) -> tuple[str, str, str]:
    host, path, query = address_key(address)
    kept = [
        (name, value)
        for name, value in parse_qsl(query, keep_blank_values=True)
        if not _COUNTING_ONLY.match(name)
    ]
    return (host, path, urlencode(sorted(kept)))
