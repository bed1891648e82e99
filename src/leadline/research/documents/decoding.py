"""Bytes to characters, the way browsers choose an encoding, but without their legacy sniffing.

Order: byte-order mark, ``charset`` of the Content-Type header, ``<meta charset>`` or XML declaration, UTF-8,
windows-1252. Bytes that the encoding does not know become U+FFFD, so that one broken byte does not cost a
page; a body that is mostly such characters, or control characters, is not text. Whatever a site declares, the
text is valid Unicode: no half of a surrogate pair, no NUL.
"""

from __future__ import annotations

import re

from w3lib.encoding import html_body_declared_encoding, http_content_type_encoding, read_bom

from leadline.research.errors import FetchError, Reason

_HEAD_BYTES = 4096  # where a declaration may stand; HTML says 1024, real pages put comments first
_CONTROL = frozenset({*range(0x09), 0x0B, *range(0x0E, 0x20), 0x7F})
_NO_CONTROL = bytes(byte for byte in range(0x100) if byte not in _CONTROL)
_IMPOSSIBLE = re.compile("[\x00\ud800-\udfff]")
_ASCII = bytes(range(0x80))
_MOSTLY = 0.2  # share of undecodable characters from which a body is not text
# Python's own spellings of text and of host names: no page is written in them, and some take quadratic time.
_NO_ENCODING_OF_PAGES = frozenset(
    {"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape", "utf-7"}
)


def decode(body: bytes, content_type: str, url: str) -> str:
    """The text of a page. Raises FetchError(UNDECODABLE) when it is mostly not text."""
    text = decode_text(body, content_type)
    broken = len(text.encode().translate(None, _NO_CONTROL)) + text.count("\ufffd")
    if broken and broken > _MOSTLY * len(text):
        raise FetchError(url, Reason.UNDECODABLE, f"{broken} of {len(text)} characters are not text")
    return text


def decode_text(body: bytes, content_type: str = "") -> str:
    """The characters of ``body``, whatever it holds; never raises.

    ``content_type`` is the header as sent. What the body declares is found in HTML and in XML.
    """
    return valid_unicode(_decode(body, content_type))


def valid_unicode(text: str) -> str:
    """The text with U+FFFD for what UTF-8 or the database cannot hold."""
    return text if text.isascii() and "\x00" not in text else _IMPOSSIBLE.sub("\ufffd", text)


def _decode(body: bytes, content_type: str) -> str:
    encoding, mark = read_bom(body)
    if encoding and mark:
        return body[len(mark) :].decode(encoding, "replace")
    declared = http_content_type_encoding(content_type) or html_body_declared_encoding(body[:_HEAD_BYTES])
    text = None
    if declared and declared != "utf-8" and declared not in _NO_ENCODING_OF_PAGES:
        try:
            text = body.decode(declared, "replace")
        except (LookupError, ValueError):  # known to the standard library, and no encoding of text
            text = None
        if text is not None and "\ufffd" not in text and not (declared == "cp1252" and _is_utf8(body)):
            return text
    # A wrong declaration of a UTF-8 page is the commonest fault, and UTF-8 proves itself.
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        pass
    if text is not None:
        return text
    loose = body.decode("utf-8", "replace")
    if declared == "utf-8" and loose.count("\ufffd") * 100 < len(loose):
        return loose  # a UTF-8 page with a few broken bytes
    if loose.count("\ufffd") * 3 < len(body.translate(None, _ASCII)):
        return loose  # most of its non-ASCII characters are good UTF-8
    return body.decode("cp1252", "replace")


def _is_utf8(body: bytes) -> bool:
    if body.isascii():
        return False  # both encodings read it alike
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
