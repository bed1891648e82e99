"""What may be asked: every rule about a request in one place, checked before anything is stored."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Sequence
from typing import NamedTuple

import msgspec

from leadline.companies import service as companies
from leadline.foundation.errors import FieldError, InvalidInput
from leadline.research.answer_types import ANSWER_TYPES
from leadline.research.answer_types.json_schema import check_schema
from leadline.research.errors import InvalidQuestion
from leadline.research.model import Company, VerificationMode
from leadline.signals.schemas import SignalRequest

MAX_QUESTION = 500  # characters (contract section 6)
MAX_PAGES = 500  # pages of one question; a site is not mirrored
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")


class Wanted(NamedTuple):
    """A request that was checked. Requests with the same ``key`` share an answer."""

    request: SignalRequest
    company: Company
    key: bytes


class Checker:
    """Checks requests. ``reserved_hosts`` are accepted besides the public ones."""

    def __init__(self, reserved_hosts: Collection[str] = ()) -> None:
        self._reserved_hosts = reserved_hosts

    def check(self, request: SignalRequest, reader: str, company: Company | None = None) -> Wanted:
        """The request with its company and key. ``company`` is what the domain means, when that is known.

        Raises InvalidInput naming every field that is wrong.
        """
        wrong: list[FieldError] = []
        try:
            company = company or companies.parse(request.domain, reserved_hosts=self._reserved_hosts)
        except InvalidInput as error:
            wrong += error.fields
        wrong += _check_question(request.question)
        wrong += _check_type(request)
        if request.verification_mode not in tuple(VerificationMode):
            wrong.append(FieldError("verificationMode", "must be strict or lenient"))
        if request.max_pages is not None and not 1 <= request.max_pages <= MAX_PAGES:
            wrong.append(FieldError("maxPages", f"must be from 1 to {MAX_PAGES}"))
        if wrong or company is None:
            raise InvalidInput(*wrong)
        return Wanted(request, company, _request_key(company, request, reader))

    def check_many(self, requests: Sequence[SignalRequest], reader: str) -> list[Wanted | InvalidInput]:
        """Each request, checked, or what is wrong with it. A domain is parsed once."""
        known: dict[str, Company] = {}
        checked: list[Wanted | InvalidInput] = []
        for request in requests:
            try:
                wanted = self.check(request, reader, known.get(request.domain))
            except InvalidInput as error:
                checked.append(error)
            else:
                known[request.domain] = wanted.company
                checked.append(wanted)
        return checked


def _check_question(text: str) -> list[FieldError]:
    if not text.strip():
        return [
            FieldError("question", "must not be empty; ask in plain words, such as 'Do they have SOC 2?'")
        ]
    if len(text) > MAX_QUESTION:
        return [
            FieldError(
                "question", f"must be at most {MAX_QUESTION} characters, this one has {len(text)}; shorten it"
            )
        ]
    if _CONTROL.search(text.strip()):
        return [FieldError("question", "must be one line of plain text; remove the control characters")]
    try:
        text.encode()
    except UnicodeEncodeError:
        return [FieldError("question", "must be valid Unicode text; it holds half of a character pair")]
    return []


def _check_type(request: SignalRequest) -> list[FieldError]:
    if request.answer_type not in ANSWER_TYPES:
        known = ", ".join(ANSWER_TYPES)
        return [
            FieldError("answerType", f"{request.answer_type!r} is not an answer type; choose one of {known}")
        ]
    if request.answer_type == "json_schema":
        if request.output_schema is None:
            return [
                FieldError("outputSchema", "is required with json_schema; give a JSON Schema of type object")
            ]
        try:
            check_schema(request.output_schema)
        except InvalidQuestion as error:
            return [FieldError(error.field, error.message)]
    elif request.output_schema is not None:
        return [
            FieldError("outputSchema", "goes with answerType json_schema only; drop it or change the type")
        ]
    return []


def _request_key(company: Company, request: SignalRequest, reader: str) -> bytes:
    """Two requests with the same key may share one answer (contract section 10)."""
    parts = {
        "host": company.asked_host,
        "question": " ".join(request.question.split()),
        "answerType": request.answer_type,
        "outputSchema": request.output_schema,
        "verificationMode": request.verification_mode,
        "maxPages": request.max_pages,
        "reader": reader,
    }
    return hashlib.sha256(msgspec.json.encode(parts, order="deterministic")).digest()
