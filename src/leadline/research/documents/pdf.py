"""Text of PDF documents (ISO 32000) by PDFium, page by page; lines are joined to paragraphs."""

from __future__ import annotations

from typing import Final

import pypdfium2

from leadline.research.documents.canonical import WALK, Canonical, visible
from leadline.research.errors import FetchError, Reason
from leadline.research.model import BlockKind, PageText

MAX_BYTES: Final = 30_000_000
MAX_PAGES: Final = 200
MAX_CHARACTERS: Final = 2_000_000
_SHORT_LINE = 0.7  # of the longest line: a line this short that ends a sentence ends its paragraph


def read_pdf(body: bytes, url: str, walk: str = WALK) -> PageText:
    """Canonical text of a PDF.

    Raises FetchError with TOO_LARGE, UNDECODABLE (broken or locked) or EMPTY (scanned pictures, no text).
    """
    if len(body) > MAX_BYTES:
        raise FetchError(url, Reason.TOO_LARGE, f"a PDF of {len(body)} bytes")
    out = Canonical()
    try:
        document = pypdfium2.PdfDocument(body)
    except pypdfium2.PdfiumError as error:
        raise FetchError(url, Reason.UNDECODABLE, f"not a readable PDF: {error}") from error
    try:
        title = document.get_metadata_value("Title") or ""
        for index in range(min(len(document), MAX_PAGES)):
            try:
                page = document[index]
                text = page.get_textpage().get_text_bounded()
            except pypdfium2.PdfiumError as error:
                raise FetchError(url, Reason.UNDECODABLE, f"page {index + 1}: {error}") from error
            for paragraph in paragraphs(text if walk == "walk-1" else visible(text)):
                out.add(BlockKind.PARAGRAPH, paragraph)
            if out.next_start > MAX_CHARACTERS:
                break
    finally:
        document.close()
    if not out.blocks:
        raise FetchError(url, Reason.EMPTY, "the PDF holds no text")
    return out.page(title=" ".join(title.split()), walk=walk)


def paragraphs(text: str) -> list[str]:
    """The lines of one page joined to paragraphs; words broken at a line's end are not mended."""
    lines = [
        " ".join(line.replace("\ufffe", "-").split())
        for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    ]
    longest = max((len(line) for line in lines), default=0)
    result: list[str] = []
    current: list[str] = []
    for line in lines:
        if not line:
            if current:
                result.append(" ".join(current))
                current = []
            continue
        current.append(line)
        if len(line) < _SHORT_LINE * longest and line[-1] in ".!?:;":
            result.append(" ".join(current))
            current = []
    if current:
        result.append(" ".join(current))
    return result
