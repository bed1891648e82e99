"""``leadline webhooks``: the secret that calls are signed with, and how the calls of a signal stand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

import click

from leadline.cli.organisations import for_organisation, json_option, org_option
from leadline.cli.running import NOTHING_CHANGED, REPEATABLE, done_or_not

if TYPE_CHECKING:
    from leadline.bootstrap import Leadline
    from leadline.cli.terminal import Line
    from leadline.webhooks.schemas import DeliveryStatus, Failing


CALLED_AGAIN = (
    "All of it will be called again, or nothing; a call keeps its id, so the same command may be given again."
)


@click.group()
def webhooks() -> None:
    """Show what webhooks are signed with, and what became of them."""


@webhooks.command()
@click.option("--rotate", is_flag=True, help="Make a new secret; the old one signs too for another day.")
@org_option
@json_option
def secret(rotate: bool, org: str | None, as_json: bool) -> None:
    """Print the secret with which receivers check signatures (Standard Webhooks). Made on first use."""
    from leadline.cli.terminal import Line, write_json, write_lines

    async def work(leadline: Leadline, organisation_id: UUID) -> str:
        if rotate:
            return await leadline.webhooks.rotate_secret(organisation_id)
        return await leadline.webhooks.secret(organisation_id)

    shown = for_organisation(
        org, work, when_interrupted=done_or_not("leadline webhooks secret") if rotate else REPEATABLE
    )
    if as_json:
        write_json({"secret": shown})
    else:
        write_lines([Line(shown)])


@webhooks.command()
@click.argument("signal_id", type=click.UUID)
@org_option
@json_option
def deliveries(signal_id: UUID, org: str | None, as_json: bool) -> None:
    """Show the calls made for SIGNAL_ID: to whom, how often, and what came back."""
    from leadline.cli.terminal import write_json, write_lines
    from leadline.wire.fields import wire_time

    async def work(leadline: Leadline, organisation_id: UUID) -> list[DeliveryStatus]:
        await leadline.signals.get(organisation_id, str(signal_id))  # an unknown signal is not "no calls"
        return await leadline.webhooks.deliveries(organisation_id, signal_id)

    found = for_organisation(org, work, when_interrupted=NOTHING_CHANGED)
    if as_json:
        write_json(
            [
                {
                    "id": str(one.id),
                    "url": one.url,
                    "status": one.status,
                    "attempts": one.attempts,
                    "nextAttemptAt": wire_time(one.next_attempt_at) if one.status == "pending" else None,
                    "lastStatus": one.last_status,
                    "lastError": one.last_error,
                }
                for one in found
            ]
        )
    else:
        write_lines(_lines(found))


@webhooks.command()
@click.argument("delivery_id", type=click.UUID)
@org_option
def redeliver(delivery_id: UUID, org: str | None) -> None:
    """Make the call DELIVERY_ID again, with its old id and body.

    \b
    leadline webhooks deliveries SIGNAL_ID --json     shows the ids
    """
    from leadline.cli.terminal import Line, write_lines

    async def work(leadline: Leadline, organisation_id: UUID) -> None:
        async with leadline.database.transaction() as connection:
            await leadline.webhooks.redeliver(connection, organisation_id, delivery_id)

    for_organisation(org, work, when_interrupted=CALLED_AGAIN)
    write_lines([Line("It will be called again as soon as a worker has time.")])


@webhooks.command()
@click.option(
    "--since", type=click.DateTime(), required=True, metavar="TIME", help="From this moment on (UTC)."
)
@click.option(
    "--until", type=click.DateTime(), metavar="TIME", help="Before this moment (UTC).  [default: now]"
)
@click.option("--failed", is_flag=True, help="Only the calls that were given up.")
@org_option
def replay(since: datetime, until: datetime | None, failed: bool, org: str | None) -> None:
    """Make all calls of a time range again, such as after a receiver lost them.

    \b
    leadline webhooks replay --since 2026-11-01 --until "2026-11-02 12:00:00" --failed
    """
    from leadline.cli.rendering import counted
    from leadline.cli.terminal import Line, write_lines

    async def work(leadline: Leadline, organisation_id: UUID) -> int:
        async with leadline.database.transaction() as connection:
            return await leadline.webhooks.replay(
                connection,
                organisation_id,
                since.replace(tzinfo=UTC),
                until.replace(tzinfo=UTC) if until is not None else datetime.max.replace(tzinfo=UTC),
                failed_only=failed,
            )

    again = for_organisation(org, work, when_interrupted=CALLED_AGAIN)
    write_lines([Line(f"{counted(again, 'call')} will be made again.")])


@webhooks.command()
@org_option
@json_option
def failing(org: str | None, as_json: bool) -> None:
    """Show receivers that did not take their last calls."""
    from leadline.cli.terminal import Line, one_line, write_json, write_lines

    async def work(leadline: Leadline, organisation_id: UUID) -> list[Failing]:
        return await leadline.webhooks.failing(organisation_id)

    found = for_organisation(org, work, when_interrupted=NOTHING_CHANGED)
    if as_json:
        write_json(
            [
                {"url": one.url, "failed": one.failed, "pending": one.pending, "lastError": one.last_error}
                for one in found
            ]
        )
        return
    lines = [
        Line(
            f"{one_line(one.url)}: {one.failed} given up, {one.pending} waiting ({one_line(one.last_error or '')})"
        )
        for one in found
    ]
    write_lines(lines or [Line("Every receiver took its last calls.")])


def _lines(found: list[DeliveryStatus]) -> Iterator[Line]:
    from leadline.cli.rendering import counted
    from leadline.cli.terminal import Line, one_line

    styles = {"delivered": "green", "pending": "yellow", "failed": "red"}
    for one in found:
        tries = counted(one.attempts, "try", "tries")
        yield Line(f"{one.status}: {one_line(one.url)} ({tries})", styles[one.status], 2)
        if one.last_error:
            yield Line(f"  {one_line(one.last_error)}", "", 2)
        if one.status == "pending":
            yield Line(f"  next try {one.next_attempt_at:%Y-%m-%d %H:%M:%S} UTC", "dim", 2)
    if not found:
        yield Line("No calls: none was asked for, or the signal is not finished yet.")
