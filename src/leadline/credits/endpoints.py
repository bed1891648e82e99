"""Credits over HTTP (contract section 18)."""

from __future__ import annotations

from typing import Protocol

from leadline.credits.schemas import CreditsBalance
from leadline.credits.service import Ledger
from leadline.foundation.database import Database
from leadline.wire.calls import Call
from leadline.wire.operations import Answer, Operations


class Needs(Protocol):
    @property
    def ledger(self) -> Ledger: ...
    @property
    def database(self) -> Database: ...


operations = Operations[Needs]("Account")


@operations.get(
    "/v1/credits",
    id="getCredits",
    summary="Remaining credits",
    answers={200: Answer("Balance.", CreditsBalance)},
)
async def get_credits(needs: Needs, call: Call) -> CreditsBalance:
    caller = call.caller
    left = await needs.ledger.spendable(
        needs.database.repeatable, caller.organisation_id, key_id=caller.key_id, spend_cap=caller.spend_cap
    )
    return CreditsBalance(left)
