"""SQL of the patterns that mail servers have confirmed. They belong to domains, not to organisations."""

from __future__ import annotations

from leadline.foundation.database import Connection


async def verified(connection: Connection, domain: str) -> dict[str, int]:
    """How many addresses of each pattern the domain's server has accepted."""
    rows = await connection.fetch("select pattern, verified from email_patterns where domain = $1", domain)
    return {row["pattern"]: row["verified"] for row in rows}


async def remember(connection: Connection, domain: str, pattern: str) -> None:
    """The domain's server has accepted an address of this pattern."""
    await connection.execute(
        """
        insert into email_patterns (domain, pattern) values ($1, $2)
        on conflict (domain, pattern) do update
            set verified = email_patterns.verified + 1, verified_at = now()
        """,
        domain,
        pattern,
    )
