"""Finding an address over HTTP (contract section 27)."""

from __future__ import annotations

from typing import Protocol

from leadline.emails.schemas import FindEmailRequest, FindEmailResponse
from leadline.emails.service import EmailFinder
from leadline.wire.calls import Call
from leadline.wire.operations import Answer, Operations


class Needs(Protocol):
    @property
    def emails(self) -> EmailFinder: ...


class FindCall(Call):
    body: FindEmailRequest


operations = Operations[Needs]("Email Finder")


@operations.post(
    "/v1/contacts/find-email",
    id="findEmail",
    summary="Find a verified address",
    answers={200: Answer("Found, or both members null.", FindEmailResponse)},
    errors=(400, 402, 422, 502),
    charge="The price of an address that is found; it is a setting, by default nothing.",
    outside=True,
)
async def find_email(needs: Needs, call: FindCall) -> FindEmailResponse:
    caller = call.caller
    return await needs.emails.find(
        caller.organisation_id,
        call.body.full_name,
        call.body.domain,
        key_id=caller.key_id,
        spend_cap=caller.spend_cap,
    )
