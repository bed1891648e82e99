"""Short texts, yes and no, lists and addresses, read off invented fragments of many industries."""

from __future__ import annotations

import pytest
from tests.research.readers.test_extractive import ask


@pytest.mark.parametrize(
    ("body", "text", "kind", "reasoning"),
    [
        ("<p>We run 64 shops in the north.</p>", "How many shops does Kornmann run?", "number",
         "Stated in a sentence on the page “kornmann.example”."),
        ("<table><tr><th>Box</th><th>Weekday price</th></tr><tr><td>Rye box</td><td>$9</td></tr><tr><td>Wheat box</td><td>$15</td></tr></table>",
         "What does the wheat box cost?", "currency",
         "The table on the page “kornmann.example” gives it in the row “Wheat box” for “Weekday price”."),
        ("<p>We do not ship frozen dough.</p>", "Does Kornmann ship frozen dough?", "boolean",
         "A sentence on the page “kornmann.example” denies it."),
    ],
)  # fmt: skip
def test_the_reader_tells_where_the_answer_stands(body: str, text: str, kind: str, reasoning: str) -> None:
    assert ask(text, kind, body).reasoning == reasoning
