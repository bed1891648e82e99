"""What a step is given and what it gives back, between this process and a child."""

from __future__ import annotations

from datetime import date

import msgspec

from leadline.research.errors import Reason
from leadline.research.model import (
    Company,
    Draft,
    Marked,
    Page,
    PageText,
    Passage,
    Question,
    Shown,
    SiteSurvey,
    Subject,
    Verification,
)
from leadline.research.profile.model import Finding
from leadline.research.reports.model import Findings


class PageBytes(msgspec.Struct, frozen=True):
    body: bytes
    content_type: str
    url: str
    walk: str


class ReadPage(msgspec.Struct, frozen=True):
    """A page's text, or why there is none."""

    content: PageText | None = None
    reason: Reason | None = None
    detail: str = ""


class Showing(msgspec.Struct, frozen=True):
    page: PageBytes
    marked: Marked | None


class ShownPage(msgspec.Struct, frozen=True):
    """A page to look at, or why there is none."""

    shown: Shown | None = None
    reason: Reason | None = None
    detail: str = ""


class Choosing(msgspec.Struct, frozen=True):
    question: Question
    limit: int


class Ranking(msgspec.Struct, frozen=True):
    question: Question
    limit: int


class Extracting(msgspec.Struct, frozen=True):
    question: Question
    passages: tuple[Passage, ...]


class Verifying(msgspec.Struct, frozen=True):
    question: Question
    draft: Draft
    passages: tuple[Passage, ...]


class Profiling(msgspec.Struct, frozen=True):
    company: Company


class Reporting(msgspec.Struct, frozen=True):
    subject: Subject
    titles: tuple[str, ...]
    today: date


encode = msgspec.msgpack.Encoder().encode
decode_bytes = msgspec.msgpack.Decoder(PageBytes).decode
decode_page = msgspec.msgpack.Decoder(Page).decode
decode_showing = msgspec.msgpack.Decoder(Showing).decode
decode_survey = msgspec.msgpack.Decoder(SiteSurvey).decode
decode_choosing = msgspec.msgpack.Decoder(Choosing).decode
decode_ranking = msgspec.msgpack.Decoder(Ranking).decode
decode_extracting = msgspec.msgpack.Decoder(Extracting).decode
decode_verifying = msgspec.msgpack.Decoder(Verifying).decode

decode_profiling = msgspec.msgpack.Decoder(Profiling).decode
decode_reporting = msgspec.msgpack.Decoder(Reporting).decode

decode_read = msgspec.msgpack.Decoder(ReadPage).decode
decode_shown = msgspec.msgpack.Decoder(ShownPage).decode
decode_chosen = msgspec.msgpack.Decoder(tuple[str, ...]).decode
decode_ranked = msgspec.msgpack.Decoder(tuple[Passage, ...]).decode
decode_draft = msgspec.msgpack.Decoder(Draft).decode
decode_verification = msgspec.msgpack.Decoder(Verification).decode
decode_findings = msgspec.msgpack.Decoder(tuple[Finding, ...]).decode
decode_reported = msgspec.msgpack.Decoder(Findings).decode
