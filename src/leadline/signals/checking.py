"""What may be asked: every rule about a request in one place, checked before anything is stored."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from leadline.companies import service as companies
from leadline.foundation.errors import FieldError, InvalidInput
from leadline.research.errors import InvalidQuestion
from leadline.research.model import Company
from leadline.research.people import ProfileAddress, parse_profile_address
from leadline.signals.schemas import SignalRequest
from leadline.templates.service import Kept
from leadline.wire import reading
from leadline.wire.questions import folded, question_faults, schema_faults


class Wanted(NamedTuple):
    """A request that was checked. Requests with the same ``key`` share an answer."""

    request: SignalRequest
    company: Company
    key: bytes


class WantedContact(NamedTuple):
    """A request about a person that was checked."""

    request: SignalRequest
    address: ProfileAddress
    key: bytes


SWITCH = ("off", "auto", "on")
"""Whether LinkedIn is asked: never, where it can be, or else the signal fails (contract section 21)."""


class Checker:
    """Checks requests. ``reserved_hosts`` are accepted besides the public ones; ``webhook_refusal`` says why
    an address cannot be called, or None.
    """

    def __init__(
        self,
        reserved_hosts: Collection[str] = (),
        webhook_refusal: Callable[[str], str | None] = lambda _: None,
    ) -> None:
        self._reserved_hosts = reserved_hosts
        self._webhook_refusal = webhook_refusal

    def check(self, request: SignalRequest, reader: str, company: Company | None = None) -> Wanted:
        """The request with its company and key, its question on one line. ``company`` is what the domain means,
        when that is known.

        Raises InvalidInput naming every field that is wrong.
        """
        request = msgspec.structs.replace(request, question=folded(request.question))
        wrong: list[FieldError] = []
        try:
            company = company or companies.parse(request.domain, reserved_hosts=self._reserved_hosts)
        except InvalidInput as error:
            wrong += error.fields
        wrong += self._faults(request)
        if wrong or company is None:
            raise InvalidInput(*wrong)
        return Wanted(request, company, _request_key({"host": company.host}, request, reader))

    def check_subject(self, request: SignalRequest, reader: str) -> Wanted | WantedContact:
        """The request with the company or the person that it is about. Raises InvalidInput."""
        if request.contact_profile_url is None:
            return self.check(request, reader)
        url = request.contact_profile_url
        request = msgspec.structs.replace(request, question=folded(request.question))
        wrong: list[FieldError] = []
        try:
            address = parse_profile_address(url)
        except InvalidQuestion as error:
            wrong.append(FieldError(error.field, error.message))
        wrong += self._faults(request)
        if wrong:
            raise InvalidInput(*wrong)
        return WantedContact(request, address, _request_key({"contact": address.url}, request, reader))

    def _faults(self, request: SignalRequest) -> list[FieldError]:
        """What is wrong with a request besides its subject."""
        wrong = [
            *reading.faults(request),
            *question_faults(request.question),
            *schema_faults(request.answer_type, request.output_schema),
        ]
        if request.webhook_url is not None and (why := self._webhook_refusal(request.webhook_url)):
            wrong.append(FieldError("webhookUrl", why))
        if request.sales_navigator not in SWITCH:
            wrong.append(
                FieldError("connectors.salesNavigator.enabled", f"must be one of {', '.join(SWITCH)}")
            )
        return wrong

    def companies(self, domains: Collection[str]) -> dict[str, Company]:
        """The companies that these domains mean; those that mean none are left out."""
        found: dict[str, Company] = {}
        for domain in domains:
            with contextlib.suppress(InvalidInput):
                found[domain] = companies.parse(domain, reserved_hosts=self._reserved_hosts)
        return found

    def check_many(
        self, requests: Sequence[SignalRequest], reader: str, known: Mapping[str, Company]
    ) -> list[Wanted | InvalidInput]:
        """Each request, checked, or what is wrong with it; ``known`` are the ``companies`` of the domains."""
        checked: list[Wanted | InvalidInput] = []
        for request in requests:
            try:
                checked.append(self.check(request, reader, known.get(request.domain)))
            except InvalidInput as error:
                checked.append(error)
        return checked


def by_template(request: SignalRequest, kept: Kept) -> SignalRequest:
    """The request with what the template says in place of what it says itself (contract section 11)."""
    return msgspec.structs.replace(
        request,
        question=kept.question,
        answer_type=kept.answer_type,
        output_schema=kept.output_schema,
        template_id=kept.id,
        template_version=kept.version,
    )


def _request_key(subject: dict[str, str], request: SignalRequest, reader: str) -> bytes:
    """Two requests with the same key may share one answer (contract section 10)."""
    parts: dict[str, Any] = {
        **subject,
        "question": request.question,
        "answerType": request.answer_type,
        "outputSchema": request.output_schema,
        "verificationMode": request.verification_mode,
        "maxPages": request.max_pages,
        "reader": reader,
    }
    if request.sales_navigator != "auto":
        parts["salesNavigator"] = request.sales_navigator
    if request.template_id is not None:
        parts["template"] = [str(request.template_id), request.template_version]
    return hashlib.sha256(msgspec.json.encode(parts, order="deterministic")).digest()
