"""Credits: reserved when work is accepted, then captured or released, each exactly once.

Everything here takes the caller's transaction, so that credits move together with the work they pay for.
An organisation's balance is one row; reserving locks it until the transaction ends, so reserve late and
commit soon. Capturing locks nothing.

What work costs is taken from the period's allowance first, then from grants, and goes back to where it
came from. The unused allowance is lost at the end of the billing period (a calendar month, UTC, by the
database's clock); grants are kept. What is released after its period goes to the running one's allowance.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from uuid import UUID

from leadline.credits import repository
from leadline.credits.repository import Balance
from leadline.credits.schemas import Charge, Disagreement
from leadline.foundation.database import Connection
from leadline.foundation.errors import PaymentRequired


class Ledger:
    """The credits of all organisations. ``monthly_credits`` is the allowance of one that has no other."""

    def __init__(self, *, monthly_credits: int) -> None:
        self._monthly = monthly_credits

    async def balance(self, connection: Connection, organisation_id: UUID) -> int:
        """Credits that can be reserved now. Changes nothing and waits for nobody."""
        return await repository.current(connection, organisation_id, self._monthly)

    async def spendable(
        self, connection: Connection, organisation_id: UUID, *, key_id: UUID, spend_cap: int | None
    ) -> int:
        """Credits that this key can reserve now: the balance, or what its spend cap leaves of the period."""
        left = await self.balance(connection, organisation_id)
        if spend_cap is None:
            return left
        spent = await repository.key_spent_now(connection, key_id)
        return max(0, min(left, spend_cap - spent))

    async def reserve(
        self,
        connection: Connection,
        organisation_id: UUID,
        charges: Sequence[Charge],
        *,
        key_id: UUID | None = None,
        spend_cap: int | None = None,
    ) -> None:
        """Set these credits aside, for all of the work or none. A charge of nothing leaves no entry.

        ``spend_cap`` is how many credits the key may reserve in a billing period. Raises ``PaymentRequired``
        when the balance or the cap does not suffice; the caller's transaction is to be rolled back then.
        """
        charges = [charge for charge in charges if charge.credits]
        needed = sum(charge.credits for charge in charges)
        if not needed:
            return
        balance = await self._lock(connection, organisation_id)
        if balance.total < needed:
            raise _too_few(needed, balance)
        if key_id is not None and not await repository.spend_of_key(
            connection, key_id, balance.period, needed, spend_cap
        ):
            spent = await repository.key_spent(connection, key_id, balance.period)
            raise _capped(needed, spent, spend_cap or 0, balance.period)
        await repository.reserve(
            connection, organisation_id, balance.period, charges, balance.allowance, key_id
        )

    async def capture(self, connection: Connection, references: Sequence[UUID]) -> int:
        """The work is done: what was reserved is spent. Returns how many reservations this settled.

        Work without a reservation, or whose reservation is settled already, are passed over.
        """
        return await repository.capture(connection, references)

    async def release(self, connection: Connection, organisation_id: UUID, references: Sequence[UUID]) -> int:
        """The work failed: what was reserved goes back. Returns how many reservations this settled."""
        balance = await self._lock(connection, organisation_id)
        freed = await repository.release(connection, organisation_id, references)
        if not freed:
            return 0
        allowance = sum(entry["from_allowance"] for entry in freed)
        granted = sum(entry["credits"] for entry in freed) - allowance
        await repository.change_balance(connection, organisation_id, allowance, granted)
        by_key: Counter[UUID] = Counter()
        for entry in freed:
            if entry["key_id"] is not None and entry["period"] == balance.period:
                by_key[entry["key_id"]] += entry["credits"]
        for key_id in sorted(by_key):
            await repository.give_back_to_key(connection, key_id, balance.period, by_key[key_id])
        return len(freed)

    async def grant(
        self, connection: Connection, organisation_id: UUID, amount: int, note: str | None = None
    ) -> int:
        """Give credits that do not expire. Returns the balance afterwards."""
        if amount < 1:
            raise ValueError("a grant is of at least one credit")
        balance = await self._lock(connection, organisation_id)
        await repository.add(connection, organisation_id, "grant", amount, balance.period, note)
        await repository.change_balance(connection, organisation_id, 0, amount)
        return balance.total + amount

    async def set_allowance(self, connection: Connection, organisation_id: UUID, amount: int) -> int:
        """From now on this organisation gets ``amount`` each period; this one goes on with just that.

        Returns the balance afterwards.
        """
        if amount < 0:
            raise ValueError("an allowance is not negative")
        await repository.set_monthly(connection, organisation_id, amount)
        balance = await self._lock(connection, organisation_id)
        difference = amount - balance.allowance
        if difference:
            kind = "grant" if difference > 0 else "expiry"
            note = f"allowance set to {amount}"
            await repository.add(connection, organisation_id, kind, abs(difference), balance.period, note)
            await repository.change_balance(connection, organisation_id, difference, 0)
        return balance.total + difference

    async def audit(self, connection: Connection) -> tuple[Disagreement, ...]:
        """Organisations whose balance is not the sum of their entries; there must be none."""
        return tuple(
            Disagreement(row["organisation_id"], row["balance"], row["ledger"])
            for row in await repository.disagreements(connection)
        )

    async def _lock(self, connection: Connection, organisation_id: UUID) -> Balance:
        while True:
            balance = await repository.lock(connection, organisation_id)
            if balance is not None:
                return balance
            await repository.open_period(connection, organisation_id, self._monthly)


def _too_few(needed: int, balance: Balance) -> PaymentRequired:
    return PaymentRequired(
        f"Not enough credits: this needs {needed}, {balance.total} left. "
        f"The monthly credits come back on {_next(balance.period)}.",
        details={"neededCredits": needed, "remainingCredits": balance.total},
    )


def _capped(needed: int, spent: int, cap: int, period: date) -> PaymentRequired:
    return PaymentRequired(
        f"This API key may spend {cap} credits a month, it spent {spent}, and this needs {needed} more. "
        f"Use another key, or ask again from {_next(period)}.",
        details={"neededCredits": needed, "remainingCredits": max(0, cap - spent)},
    )


def _next(period: date) -> date:
    """The first day of the following month."""
    return period.replace(year=period.year + period.month // 12, month=period.month % 12 + 1)
