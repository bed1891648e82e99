"""Whatever encoding a page declares, it ends in valid text or in a named reading fault."""

from __future__ import annotations

import encodings
import encodings.aliases
import pkgutil
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadline.research.documents.decoding import decode, decode_text
from leadline.research.errors import FetchError, Reason

KNOWN = sorted(
    {module.name for module in pkgutil.iter_modules(encodings.__path__)}
    | set(encodings.aliases.aliases)
    | {"klingon", "", "utf 8", "../../etc", "x" * 5000, "ütf-8"}
)
SENTENCE = "Acme was founded in 1987."


@pytest.mark.parametrize("encoding", KNOWN)
def test_every_encoding_that_python_knows_or_refuses_gives_text(encoding: str) -> None:
    for body in (SENTENCE.encode(), "Büro 日本 Ω".encode(), bytes(range(256)), b"\\ud83d \\x00 +2D0-"):
        for sent in (
            decode_text(body, f"text/html; charset={encoding}"),
            decode_text(f'<meta charset="{encoding}">'.encode() + body),
            decode_text(f'<?xml version="1.0" encoding="{encoding}"?>'.encode() + body),
        ):
            sent.encode()  # valid Unicode
            assert "\x00" not in sent


@pytest.mark.parametrize(
    "encoding",
    [
        "gb2312",
        "gbk",
        "gb18030",
        "big5",
        "shift_jis",
        "euc-jp",
        "iso-2022-jp",
        "euc-kr",
        "utf-16",
        "utf-16-le",
    ],
)
def test_encodings_of_asian_sites_are_read(encoding: str) -> None:
    body = "公司 1987".encode(encoding)
    assert decode(body, f"text/html; charset={encoding}", "") == "公司 1987"


def test_host_name_encodings_are_not_run_on_pages() -> None:
    """Python's punycode takes time that grows with the square of the text."""
    body = (SENTENCE * 20_000).encode()
    started = time.process_time()
    assert decode_text(body, "text/html; charset=punycode") == body.decode()
    assert time.process_time() - started < 2


def test_what_is_mostly_no_text_is_a_named_fault() -> None:
    with pytest.raises(FetchError) as caught:
        decode(bytes(range(1, 9)) * 40, "text/html; charset=shift_jis", "https://acme.com/")
    assert caught.value.reason is Reason.UNDECODABLE


@given(st.binary(max_size=300), st.sampled_from(KNOWN))
def test_any_bytes_under_any_name_are_valid_unicode(body: bytes, encoding: str) -> None:
    decode_text(body, f"text/html; charset={encoding}").encode()
