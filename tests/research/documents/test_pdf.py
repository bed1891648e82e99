"""PDF documents read as pages."""

from __future__ import annotations

import pytest

from leadline.research.documents.pdf import MAX_BYTES, paragraphs
from leadline.research.documents.walk import WALK, read_page
from leadline.research.errors import FetchError, Reason

URL = "https://acme.com/report.pdf"


def pdf(*lines: str) -> bytes:
    """A PDF of one page with these lines, written by hand (ISO 32000-1, 7.5)."""
    shown = "".join(f"({line}) Tj 0 -16 Td " for line in lines)
    stream = f"BT /F1 12 Tf 50 700 Td {shown}ET"
    objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        f"<</Length {len(stream)}>>stream\n{stream}\nendstream",
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        "<</Title(Annual report)>>",
    ]
    out, offsets = "%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += f"{number} 0 obj{body}endobj\n"
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}"
    out += f"trailer<</Size {len(objects) + 1}/Root 1 0 R/Info 6 0 R>>\nstartxref\n{start}\n%%EOF"
    return out.encode("latin-1")


@pytest.mark.parametrize("content_type", ["application/pdf", "application/octet-stream", "text/html"])
def test_text_of_a_pdf_is_canonical_text(content_type: str) -> None:
    page = read_page(pdf("Acme had 120 employees", "at the end of 2024."), content_type, URL)
    assert (page.title, page.walk) == ("Annual report", WALK)
    assert page.text == "Acme had 120 employees at the end of 2024."
    assert [page.text[b.start : b.end] for b in page.blocks] == [page.text]


def test_pdf_without_text_is_empty() -> None:
    with pytest.raises(FetchError) as caught:
        read_page(pdf(), "application/pdf", URL)
    assert caught.value.reason is Reason.EMPTY


def test_huge_pdf_is_refused() -> None:
    with pytest.raises(FetchError) as caught:
        read_page(b"%PDF-1.4" + bytes(MAX_BYTES), "application/pdf", URL)
    assert caught.value.reason is Reason.TOO_LARGE


def test_short_last_line_ends_a_paragraph() -> None:
    text = "A long line of the first paragraph\nends short.\nA long line of the second one\nends.\n\nThird"
    assert len(paragraphs(text)) == 3
