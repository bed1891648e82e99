"""``leadline connections``: an organisation's accounts at vendors, such as Sales Navigator by Unipile."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any
from uuid import UUID

import click

from leadline.cli.organisations import for_organisation, json_option, org_option
from leadline.cli.running import EXIT_FAILED, NOTHING_CHANGED, REPEATABLE

if TYPE_CHECKING:
    from leadline.bootstrap import Leadline
    from leadline.connections.schemas import Connection


@click.group()
def connections() -> None:
    """Link an organisation's accounts at vendors, test, replace and remove them.

    Linking an account of Sales Navigator lets Leadline act with its owner's session, which LinkedIn's terms forbid:
    it may restrict or close the account. docs/connections.md says more.
    """


@connections.command()
@click.argument("connector")
@click.option("--account", required=True, metavar="ID", help="The vendor's id of the account.")
@click.option(
    "--address", required=True, help="Where the vendor answers, such as https://api13.unipile.com:14376."
)
@click.option("--daily-profiles", type=int, help="Profiles read by it a day, at most.  [default: 100]")
@click.option("--daily-results", type=int, help="People found by it a day, at most.  [default: 2500]")
@org_option
@json_option
def add(
    connector: str,
    account: str,
    address: str,
    daily_profiles: int | None,
    daily_results: int | None,
    org: str | None,
    as_json: bool,
) -> int:
    """Link an account of CONNECTOR (unipile), and test it.

    The access token is asked for, or read from standard input where that is no terminal:

    \b
    printenv UNIPILE_TOKEN | leadline connections add unipile \\
        --account AbC1dEf --address https://api13.unipile.com:14376
    """
    secret = _secret()

    async def work(leadline: Leadline, organisation_id: UUID) -> Connection:
        from leadline.connections.schemas import DAILY_PROFILES, DAILY_RESULTS, NewConnection

        new = NewConnection(
            connector,
            account,
            address,
            secret,
            DAILY_PROFILES if daily_profiles is None else daily_profiles,
            DAILY_RESULTS if daily_results is None else daily_results,
        )
        made = await leadline.connections.add(organisation_id, new)
        return await leadline.connections.test(organisation_id, made.id)

    return _show_one(
        for_organisation(
            org,
            work,
            when_interrupted="A connection that was added stays: `leadline connections list` shows it, `leadline connections test` tests it.",
        ),
        as_json,
    )


@connections.command("list")
@org_option
@json_option
def list_(org: str | None, as_json: bool) -> None:
    """Show the organisation's connections and how they stand; never their secrets."""
    from leadline.cli.terminal import Line, write_json, write_lines

    async def work(leadline: Leadline, organisation_id: UUID) -> list[Connection]:
        return await leadline.connections.connections(organisation_id)

    found = for_organisation(org, work, when_interrupted=NOTHING_CHANGED)
    if as_json:
        write_json([_as_json(one) for one in found])
        return
    lines = [line for one in found for line in _lines(one)]
    write_lines(lines or [Line("No account is linked: `leadline connections add --help`.")])


@connections.command()
@click.argument("connection_id", metavar="ID", type=click.UUID)
@org_option
@json_option
def test(connection_id: UUID, org: str | None, as_json: bool) -> int:
    """Ask the vendor how the account of connection ID stands. Exits with 1 unless it is connected."""

    async def work(leadline: Leadline, organisation_id: UUID) -> Connection:
        return await leadline.connections.test(organisation_id, connection_id)

    return _show_one(for_organisation(org, work, when_interrupted=REPEATABLE), as_json)


@connections.command()
@click.argument("connection_id", metavar="ID", type=click.UUID)
@click.option("--address", help="Where the vendor answers now, if that changed.")
@org_option
@json_option
def replace(connection_id: UUID, address: str | None, org: str | None, as_json: bool) -> int:
    """Give connection ID another access token, which is read as by `add`, and test it."""
    secret = _secret()

    async def work(leadline: Leadline, organisation_id: UUID) -> Connection:
        await leadline.connections.replace(organisation_id, connection_id, secret, address)
        return await leadline.connections.test(organisation_id, connection_id)

    return _show_one(for_organisation(org, work, when_interrupted=REPEATABLE), as_json)


@connections.command()
@click.argument("connection_id", metavar="ID", type=click.UUID)
@org_option
def remove(connection_id: UUID, org: str | None) -> None:
    """Forget connection ID and its secret. At the vendor the account stays linked."""
    from leadline.cli.terminal import Line, write_lines

    async def work(leadline: Leadline, organisation_id: UUID) -> None:
        await leadline.connections.remove(organisation_id, connection_id)

    for_organisation(org, work, when_interrupted=REPEATABLE)
    write_lines([Line(f"Connection {connection_id} is removed.")])


@connections.command()
@click.argument("key_id", metavar="KEY", type=click.UUID)
@click.argument("connection_id", metavar="[ID]", type=click.UUID, required=False)
@click.option("--none", "unpin", is_flag=True, help="Take the pin away.")
@org_option
def pin(key_id: UUID, connection_id: UUID | None, unpin: bool, org: str | None) -> None:
    """Have the API key KEY use connection ID only. Other keys use the organisation's first one that works."""
    from leadline.cli.terminal import Line, write_lines

    if (connection_id is None) != unpin:
        raise click.UsageError("Name a connection, or write --none.")

    async def work(leadline: Leadline, organisation_id: UUID) -> None:
        await leadline.connections.pin(organisation_id, key_id, connection_id)

    for_organisation(org, work, when_interrupted=REPEATABLE)
    write_lines([Line(f"Key {key_id} " + ("is not pinned any more." if unpin else f"uses {connection_id}."))])


def _secret() -> str:
    """The access token: never an argument, which everybody on the machine can read in the list of processes."""
    if sys.stdin.isatty():
        return str(click.prompt("Access token", hide_input=True, err=True)).strip()
    return sys.stdin.readline(8192).strip()


def _show_one(one: Connection, as_json: bool) -> int:
    from leadline.cli.terminal import write_json, write_lines

    if as_json:
        write_json(_as_json(one))
    else:
        write_lines(_lines(one))
    return 0 if one.status == "connected" else EXIT_FAILED


def _lines(one: Connection) -> list[Any]:
    from leadline.cli.terminal import Line, one_line

    styles = {"connected": "green", "ready-to-connect": "yellow"}
    named = f" ({one_line(one.name)})" if one.name else ""
    checked = f"checked {one.checked_at:%Y-%m-%d %H:%M} UTC" if one.checked_at else "not checked yet"
    lines = [
        Line(
            f"{one.status}: {one.connector} account {one_line(one.account)}{named}",
            styles.get(one.status, "red"),
            2,
        ),
        Line(f"  {one.id}  {one_line(one.address)}  {checked}", "dim", 2),
    ]
    if one.last_error:
        lines.append(Line(f"  {one_line(one.last_error)}", "", 2))
    return lines


def _as_json(one: Connection) -> dict[str, Any]:
    from leadline.wire.fields import wire_time

    def time(moment: Any) -> str | None:
        return wire_time(moment) if moment else None

    return {
        "id": str(one.id),
        "connector": one.connector,
        "account": one.account,
        "name": one.name,
        "address": one.address,
        "dailyProfiles": one.daily_profiles,
        "dailyResults": one.daily_results,
        "status": one.status,
        "lastError": one.last_error,
        "checkedAt": time(one.checked_at),
        "createdAt": time(one.created_at),
        "replacedAt": time(one.replaced_at),
    }
