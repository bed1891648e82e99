"""SQL of balances and the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from leadline.credits.schemas import Charge
from leadline.foundation.database import Connection

# The database's clock decides, so that all processes agree. Set back, it does not re-open a period.
_PERIOD = "date_trunc('month', now() at time zone 'utc')::date"


class Balance(NamedTuple):
    """Credits left: of the period's allowance, and of what was granted."""

    period: date
    allowance: int
    granted: int

    @property
    def total(self) -> int:
        return self.allowance + self.granted


async def current(connection: Connection, organisation_id: UUID, monthly: int) -> int:
    """Credits left, without touching anything: a period that nobody has opened yet counts as opened."""
    left: int = await connection.fetchval(
        f"""
        select case when b.period is null then coalesce(a.monthly, $2)
                    when b.period < {_PERIOD} then coalesce(a.monthly, $2) + b.granted
                    else b.allowance + b.granted end
        from (select $1::uuid as id) o left join credit_balances b on b.organisation_id = o.id
             left join credit_allowances a on a.organisation_id = o.id
        """,  # noqa: S608
        organisation_id,
        monthly,
    )
    return left


async def lock(connection: Connection, organisation_id: UUID) -> Balance | None:
    """The current period's balance, locked until the transaction ends; None: ``open_period`` comes first."""
    row = await connection.fetchrow(
        f"""
        select period, allowance, granted from credit_balances
        where organisation_id = $1 and period >= {_PERIOD} for update
        """,  # noqa: S608
        organisation_id,
    )
    return Balance(*row) if row is not None else None


async def open_period(connection: Connection, organisation_id: UUID, monthly: int) -> None:
    """Let what is left of the last allowance expire and give the new one; does nothing when that is done."""
    await connection.execute(
        """
        insert into credit_balances (organisation_id, period, allowance, granted)
        values ($1, '-infinity', 0, 0)
        on conflict do nothing
        """,
        organisation_id,
    )
    stale = await connection.fetchrow(
        f"""
        select b.period, b.allowance, coalesce(a.monthly, $2) as monthly, {_PERIOD} as now
        from credit_balances b left join credit_allowances a on a.organisation_id = b.organisation_id
        where b.organisation_id = $1 and b.period < {_PERIOD} for update of b
        """,  # noqa: S608
        organisation_id,
        monthly,
    )
    if stale is None:
        return
    last, now = stale["period"], stale["now"]
    if stale["allowance"]:
        await add(connection, organisation_id, "expiry", stale["allowance"], last, "the period ends")
    await add(connection, organisation_id, "allowance", stale["monthly"], now, "the period begins")
    await connection.execute(
        "update credit_balances set period = $2, allowance = $3 where organisation_id = $1",
        organisation_id,
        now,
        stale["monthly"],
    )


async def add(
    connection: Connection, organisation_id: UUID, kind: str, amount: int, period: date, note: str | None
) -> None:
    """An entry that belongs to no piece of work. The caller changes the balance."""
    await connection.execute(
        """
        insert into credit_entries (organisation_id, kind, credits, period, note)
        values ($1, $2, $3, $4, $5)
        """,
        organisation_id,
        kind,
        amount,
        period,
        note,
    )


async def change_balance(connection: Connection, organisation_id: UUID, allowance: int, granted: int) -> None:
    """Add to the balance, or take from it."""
    await connection.execute(
        """
        update credit_balances set allowance = allowance + $2, granted = granted + $3
        where organisation_id = $1
        """,
        organisation_id,
        allowance,
        granted,
    )


async def reserve(
    connection: Connection,
    organisation_id: UUID,
    period: date,
    charges: Sequence[Charge],
    from_allowance: int,
    key_id: UUID | None,
) -> None:
    """Take each charge from the locked balance; the first ones are paid out of the allowance."""
    await connection.execute(
        """
        with entries as (
            insert into credit_entries
                (organisation_id, kind, credits, from_allowance, period, reference, key_id)
            select $1, 'reserve', credits,
                   least(credits, greatest(0, $5::bigint - (sum(credits) over (order by n) - credits)))::bigint,
                   $2, reference, $6
            from unnest($3::uuid[], $4::bigint[]) with ordinality as given (reference, credits, n)
            returning credits, from_allowance
        )
        update credit_balances b
        set allowance = b.allowance - spent.allowance, granted = b.granted - spent.granted
        from (select sum(from_allowance)::bigint as allowance,
                     sum(credits - from_allowance)::bigint as granted from entries) spent
        where organisation_id = $1
        """,
        organisation_id,
        period,
        [charge.reference for charge in charges],
        [charge.credits for charge in charges],
        from_allowance,
        key_id,
    )


async def spend_of_key(
    connection: Connection, key_id: UUID, period: date, amount: int, cap: int | None
) -> bool:
    """Count what a key reserves; False, and nothing counted, when that would pass its cap."""
    counted = await connection.fetchval(
        """
        insert into key_spending as s (key_id, period, credits)
        select $1, $2, $3::bigint where $4::bigint is null or $3::bigint <= $4::bigint
        on conflict (key_id) do update set
            credits = case when s.period = excluded.period then s.credits else 0 end + excluded.credits,
            period = excluded.period
        where $4::bigint is null
           or case when s.period = excluded.period then s.credits else 0 end + excluded.credits <= $4::bigint
        returning true
        """,
        key_id,
        period,
        amount,
        cap,
    )
    return counted is not None


async def key_spent(connection: Connection, key_id: UUID, period: date) -> int:
    """Credits a key reserved in a period and did not get back."""
    spent: int | None = await connection.fetchval(
        "select credits from key_spending where key_id = $1 and period = $2", key_id, period
    )
    return spent or 0


async def key_spent_now(connection: Connection, key_id: UUID) -> int:
    """``key_spent`` of the running period."""
    spent: int | None = await connection.fetchval(
        f"select credits from key_spending where key_id = $1 and period >= {_PERIOD}",  # noqa: S608
        key_id,
    )
    return spent or 0


async def capture(connection: Connection, references: Sequence[UUID]) -> int:
    """Settle reservations as spent; returns how many were open."""
    tag = await connection.execute(
        """
        insert into credit_entries (organisation_id, kind, credits, from_allowance, period, reference, key_id)
        select organisation_id, 'capture', credits, from_allowance, period, reference, key_id
        from credit_entries where kind = 'reserve' and reference = any($1::uuid[])
        on conflict (reference) where kind in ('capture', 'release') do nothing
        """,
        references,
    )
    return int(tag.rpartition(" ")[2])


async def release(connection: Connection, organisation_id: UUID, references: Sequence[UUID]) -> list[Any]:
    """Settle reservations as given back; returns those that were open."""
    return await connection.fetch(
        """
        insert into credit_entries (organisation_id, kind, credits, from_allowance, period, reference, key_id)
        select organisation_id, 'release', credits, from_allowance, period, reference, key_id
        from credit_entries where kind = 'reserve' and organisation_id = $1 and reference = any($2::uuid[])
        on conflict (reference) where kind in ('capture', 'release') do nothing
        returning credits, from_allowance, period, key_id
        """,
        organisation_id,
        references,
    )


async def give_back_to_key(connection: Connection, key_id: UUID, period: date, amount: int) -> None:
    await connection.execute(
        "update key_spending set credits = greatest(0, credits - $3) where key_id = $1 and period = $2",
        key_id,
        period,
        amount,
    )


async def set_monthly(connection: Connection, organisation_id: UUID, amount: int) -> None:
    await connection.execute(
        """
        insert into credit_allowances (organisation_id, monthly) values ($1, $2)
        on conflict (organisation_id) do update set monthly = excluded.monthly
        """,
        organisation_id,
        amount,
    )


async def disagreements(connection: Connection) -> list[Any]:
    """Organisations whose balance is not the sum of their entries: organisation_id, balance, ledger."""
    return await connection.fetch(
        """
        select coalesce(b.organisation_id, e.organisation_id) as organisation_id,
               coalesce(b.allowance + b.granted, 0) as balance, coalesce(e.total, 0)::bigint as ledger
        from credit_balances b
        full join (select organisation_id, sum(change) as total from credit_entries group by 1) e
               on e.organisation_id = b.organisation_id
        where coalesce(b.allowance + b.granted, 0) <> coalesce(e.total, 0)
        """
    )
