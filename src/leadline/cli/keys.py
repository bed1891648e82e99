"""``leadline keys`` and ``leadline credits``: organisations' keys, and what they may spend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

import click

from leadline.cli.running import NOTHING_CHANGED, REPEATABLE, done_or_not, run, settings_of_command

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from leadline.accounts.schemas import Key
    from leadline.credits.service import Ledger
    from leadline.foundation.database import Database

T = TypeVar("T")
_org = click.option("--org", metavar="NAME", help="Organisation, made when there is none (default: default).")
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def keys() -> None:
    """Make, list and revoke API keys."""


@keys.command("create")
@click.option("--name", required=True, help="What the key is for; shown in lists.")
@_org
@click.option(
    "--credits", "granted", type=click.IntRange(0), help="Grant the organisation that many credits."
)
@click.option(
    "--scope", "scopes", multiple=True, help="read, write or admin; may be repeated (default: read, write)."
)
@click.option("--spend-cap", type=int, help="Credits this key may spend a month.")
@click.option("--sync-timeout", type=int, help="Seconds its synchronous requests wait.")
@click.option("--reads-per-minute", type=int)
@click.option("--reads-burst", type=int)
@click.option("--writes-per-minute", type=int)
@click.option("--writes-burst", type=int)
@_json
def create(
    name: str,
    org: str | None,
    granted: int | None,
    scopes: tuple[str, ...],
    as_json: bool,
    **options: int | None,
) -> None:
    """Make an API key. It is shown once, now."""
    from leadline.cli.terminal import Line, write_json, write_lines

    async def work(database: Database, ledger: Ledger) -> dict[str, Any]:
        from leadline.accounts.schemas import KeyOptions
        from leadline.accounts.service import DEFAULT_ORGANISATION, create_key, organisation

        async with database.transaction() as connection:
            organisation_id = await organisation(connection, org or DEFAULT_ORGANISATION)
            made = await create_key(
                connection,
                organisation_id,
                name,
                scopes=scopes or ("read", "write"),  # type: ignore[arg-type]  # checked there
                options=KeyOptions(**options),
            )
            if granted:
                await ledger.grant(connection, organisation_id, granted, f"with key {name}")
            left = await ledger.balance(connection, organisation_id)
        return {
            "key": made.key,
            "id": str(made.id),
            "name": name,
            "organisation": org or DEFAULT_ORGANISATION,
            "remainingCredits": left,
        }

    made = _with_database(
        work, "A key that was made and not shown stays: `leadline keys list` shows it, to be revoked."
    )
    if as_json:
        write_json(made)
        return
    write_lines(
        [
            Line(made["key"], "bold"),
            Line(f"Key {made['id']} of {made['organisation']}; keep it, it is not shown again.", "dim"),
        ]
    )


@keys.command("list")
@_org
@_json
def list_(org: str | None, as_json: bool) -> None:
    """List the keys of an organisation, or of all; never their text."""
    from leadline.cli.terminal import Line, one_line, write_json, write_lines

    async def work(database: Database, _: Ledger) -> tuple[Key, ...]:
        from leadline.accounts.service import list_keys

        return tuple(key for key in await list_keys(database.repeatable) if org in (None, key.organisation))

    found = _with_database(work, NOTHING_CHANGED, reading=True)
    if as_json:
        write_json([_as_json(key) for key in found])
        return
    write_lines(
        Line(
            f"{key.id}  …{key.hint}  {one_line(key.organisation)}  {one_line(key.name)}  "
            f"{','.join(key.scopes)}  "
            + (
                f"at most {key.options.spend_cap:,} credits a month  "
                if key.options.spend_cap is not None
                else ""
            )
            + f"made {key.created_at:%Y-%m-%d}, "
            + (
                f"revoked {key.revoked_at:%Y-%m-%d}"
                if key.revoked_at
                else f"used {key.last_used_at:%Y-%m-%d}"
                if key.last_used_at
                else "never used"
            ),
            "dim" if key.revoked_at else "",
            4,
        )
        for key in found
    )


@keys.command("revoke")
@click.argument("key_id", metavar="ID", type=click.UUID)
def revoke(key_id: UUID) -> None:
    """Refuse a key from now on. ID is what `leadline keys list` shows."""
    from leadline.cli.terminal import Line, write_lines

    async def work(database: Database, _: Ledger) -> None:
        from leadline.accounts.service import revoke_key

        await revoke_key(database, key_id)

    _with_database(work, REPEATABLE)
    write_lines([Line(f"Key {key_id} is revoked.")])


@click.group("credits")
def credits_() -> None:
    """Show and grant credits."""


@credits_.command("grant")
@click.argument("amount", type=click.IntRange(1, 2**53))
@_org
@click.option("--note", help="Why; kept in the ledger.")
@_json
def grant(amount: int, org: str | None, note: str | None, as_json: bool) -> None:
    """Give an organisation credits that do not expire."""

    async def work(database: Database, ledger: Ledger) -> dict[str, Any]:
        from leadline.accounts.service import DEFAULT_ORGANISATION, organisation

        async with database.transaction() as connection:
            organisation_id = await organisation(connection, org or DEFAULT_ORGANISATION)
            left = await ledger.grant(connection, organisation_id, amount, note)
        return {"organisation": org or DEFAULT_ORGANISATION, "remainingCredits": left}

    _show_balance(_with_database(work, done_or_not("leadline credits show")), as_json)


@credits_.command("allowance")
@click.argument("amount", type=click.IntRange(0, 2**53))
@_org
@_json
def allowance(amount: int, org: str | None, as_json: bool) -> None:
    """Set what an organisation gets each month, from this month on.

    \b
    leadline credits allowance 5000 --org Acme
    """

    async def work(database: Database, ledger: Ledger) -> dict[str, Any]:
        from leadline.accounts.service import DEFAULT_ORGANISATION, organisation

        async with database.transaction() as connection:
            organisation_id = await organisation(connection, org or DEFAULT_ORGANISATION)
            left = await ledger.set_allowance(connection, organisation_id, amount)
        return {
            "organisation": org or DEFAULT_ORGANISATION,
            "monthlyCredits": amount,
            "remainingCredits": left,
        }

    _show_balance(_with_database(work, REPEATABLE), as_json)


@credits_.command("show")
@_org
@_json
def show(org: str | None, as_json: bool) -> None:
    """Show what an organisation has left."""

    async def work(database: Database, ledger: Ledger) -> dict[str, Any]:
        from leadline.accounts.service import DEFAULT_ORGANISATION, organisation

        organisation_id = await organisation(database.repeatable, org or DEFAULT_ORGANISATION)
        left = await ledger.balance(database.repeatable, organisation_id)
        return {"organisation": org or DEFAULT_ORGANISATION, "remainingCredits": left}

    _show_balance(_with_database(work, NOTHING_CHANGED), as_json)


def _show_balance(balance: dict[str, Any], as_json: bool) -> None:
    from leadline.cli.terminal import Line, one_line, write_json, write_lines

    if as_json:
        write_json(balance)
    else:
        left = balance["remainingCredits"]
        write_lines([Line(f"{one_line(balance['organisation'])} has {left} credits left.")])


def _as_json(key: Key) -> dict[str, Any]:
    return {
        "id": str(key.id),
        "organisation": key.organisation,
        "name": key.name,
        "hint": key.hint,
        "scopes": list(key.scopes),
        **{name: value for name, value in key.options._asdict().items() if value is not None},
        "createdAt": key.created_at.isoformat(),
        "lastUsedAt": key.last_used_at.isoformat() if key.last_used_at else None,
        "revokedAt": key.revoked_at.isoformat() if key.revoked_at else None,
    }


def _with_database(
    work: Callable[[Database, Ledger], Awaitable[T]], when_interrupted: str, *, reading: bool = False
) -> T:
    async def opened() -> T:
        from leadline.credits.service import Ledger
        from leadline.foundation.opening import open_database

        settings = settings_of_command()
        ledger = Ledger(monthly_credits=settings.monthly_credits)
        async with open_database(settings, reading=reading) as database:
            return await work(database, ledger)

    return run(opened(), when_interrupted=when_interrupted)
