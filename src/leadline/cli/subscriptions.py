"""``leadline subscriptions``: what is asked again and again, and what changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from uuid import UUID

import click

from leadline.cli.organisations import for_organisation, json_option, org_option
from leadline.cli.running import NOTHING_CHANGED, REPEATABLE, done_or_not

if TYPE_CHECKING:
    from leadline.bootstrap import Leadline
    from leadline.cli.terminal import Line
    from leadline.subscriptions.schemas import SignalSubscription

SHOWN = 100  # subscriptions of a list


@click.group()
def subscriptions() -> None:
    """Ask questions again on schedule, and see what changed. A worker (leadline serve or work) runs them."""


@subscriptions.command()
@click.argument("domain")
@click.argument("question")
@click.option("--type", "answer_type", default="open_text", show_default=True, help="Answer type.")
@click.option("--name", help="What to call it.  [default: the question]")
@click.option("--every", type=click.Choice(["daily", "weekly", "monthly"]), help="How often; or --cron.")
@click.option("--cron", metavar="C", help="Five fields, such as '0 9 * * 1'.")
@click.option("--timezone", default="UTC", show_default=True, help="IANA name, such as Europe/Berlin.")
@click.option("--call", "hook", metavar="URL", help="Called when the answer changed.")
@click.option("--stopped", is_flag=True, help="Do not start the schedule.")
@org_option
@json_option
def create(
    domain: str,
    question: str,
    answer_type: str,
    name: str | None,
    every: str | None,
    cron: str | None,
    timezone: str,
    hook: str | None,
    stopped: bool,
    org: str | None,
    as_json: bool,
) -> None:
    """Ask QUESTION about DOMAIN again and again, and say what it will cost.

    \b
    leadline subscriptions create example.com "What does the Team plan cost per month?" --type currency --every weekly
    """
    from msgspec import UNSET

    from leadline.subscriptions.schemas import CreateSignalSubscriptionRequest, WebhookActionConfig

    request = CreateSignalSubscriptionRequest(
        domain=domain,
        question=question,
        answer_type=answer_type,
        name=name or question[:200],
        frequency=every or UNSET,  # type: ignore[arg-type]
        cron_expression=cron or UNSET,
        timezone=timezone,
    )

    async def work(leadline: Leadline, organisation_id: UUID) -> SignalSubscription:
        made = await leadline.subscriptions.create(organisation_id, request)
        if hook is not None:
            await leadline.actions.create(organisation_id, made.id, WebhookActionConfig(hook))
        return made if stopped else await leadline.subscriptions.start(organisation_id, made.id)

    _show(
        [
            for_organisation(
                org,
                work,
                when_interrupted="What was made of it stays: `leadline subscriptions list` shows it, `start` turns it on.",
            )
        ],
        as_json,
    )


@subscriptions.command(name="list")
@org_option
@json_option
def list_(org: str | None, as_json: bool) -> None:
    """Show subscriptions, the newest first."""

    async def work(leadline: Leadline, organisation_id: UUID) -> list[SignalSubscription]:
        return (await leadline.subscriptions.page(organisation_id, SHOWN, 0))[0]

    _show(for_organisation(org, work, when_interrupted=NOTHING_CHANGED), as_json)


@subscriptions.command()
@click.argument("subscription_id", type=click.UUID)
@org_option
def start(subscription_id: UUID, org: str | None) -> None:
    """Turn the schedule of SUBSCRIPTION_ID on."""

    async def work(leadline: Leadline, organisation_id: UUID) -> SignalSubscription:
        return await leadline.subscriptions.start(organisation_id, subscription_id)

    _show([for_organisation(org, work, when_interrupted=REPEATABLE)], False)


@subscriptions.command()
@click.argument("subscription_id", type=click.UUID)
@org_option
def stop(subscription_id: UUID, org: str | None) -> None:
    """Turn the schedule of SUBSCRIPTION_ID off; what is queued is still run."""

    async def work(leadline: Leadline, organisation_id: UUID) -> SignalSubscription:
        return await leadline.subscriptions.stop(organisation_id, subscription_id)

    _show([for_organisation(org, work, when_interrupted=REPEATABLE)], False)


@subscriptions.command()
@click.argument("subscription_id", type=click.UUID)
@org_option
def trigger(subscription_id: UUID, org: str | None) -> None:
    """Have SUBSCRIPTION_ID run once as soon as a worker has time."""

    async def work(leadline: Leadline, organisation_id: UUID) -> SignalSubscription:
        return await leadline.subscriptions.trigger(organisation_id, subscription_id)

    _show([for_organisation(org, work, when_interrupted=done_or_not("leadline subscriptions list"))], False)


@subscriptions.command()
@click.argument("subscription_id", type=click.UUID)
@click.option("--all", "everything", is_flag=True, help="Also what did not change, and why.")
@org_option
@json_option
def changes(subscription_id: UUID, everything: bool, org: str | None, as_json: bool) -> None:
    """Show what changed in the last answers of SUBSCRIPTION_ID, the newest first."""
    from leadline.cli.terminal import Line, write_json, write_lines
    from leadline.signals.service import SignalQuery

    async def work(leadline: Leadline, organisation_id: UUID) -> list[dict[str, Any]]:
        query = SignalQuery(subscription_id=subscription_id)
        page: dict[str, Any] = json.loads(bytes(await leadline.subscriptions.logs(organisation_id, query)))
        found: list[dict[str, Any]] = page["results"]
        return found

    told = [
        one
        for one in for_organisation(org, work, when_interrupted=NOTHING_CHANGED)
        if everything or (one.get("changeContext") or {}).get("changeType") == "CHANGED"
    ]
    if as_json:
        write_json(told)
    else:
        write_lines(list(_changes(told)) or [Line("Nothing changed, as far as could be told.")])


def _changes(told: list[dict[str, Any]]) -> Iterator[Line]:
    from leadline.cli.terminal import Line, one_line

    for one in told:
        context, metadata = one.get("changeContext") or {}, one.get("metadata") or {}
        what = context.get("changeType", one["status"])
        yield Line(f"{one.get('completedAt') or one['createdAt']}  {one_line(one['domain'])}: {what}")
        delta = {k: v for k, v in (context.get("changeDelta") or {}).items() if k != "type"}
        for name, value in delta.items():
            yield Line(f"  {name}: {one_line(json.dumps(value, ensure_ascii=False))}", "", 2)
        cause = metadata.get("changeCause")
        if what != "CHANGED" and cause:
            reason = metadata.get("changeReason")
            yield Line(f"  {one_line(cause)}{f': {one_line(reason)}' if reason else ''}", "dim", 2)
        for source in (one.get("sources") or ()) if what == "CHANGED" else ():
            yield Line(f"  “{one_line(source['snippet'])}”  {one_line(source['url'])}", "dim", 2)


def _show(found: list[SignalSubscription], as_json: bool) -> None:
    import msgspec

    from leadline.cli.terminal import Line, one_line, write_json, write_lines

    if as_json:
        write_json([msgspec.to_builtins(one) for one in found])
        return
    lines = []
    for one in found:
        when = one.frequency or f"at {one.cron_expression}"
        lines += [
            Line(f"{one.id}  {one_line(one.name)}", "bold"),
            Line(f"  {one_line(one.question)} ({one.domain or 'list ' + str(one.list_id)})", "", 2),
            Line(f"  {one.status}, {when} ({one.timezone}), next {one.next_run_at or 'never'}", "", 2),
            Line(f"  about {one.expected_credits_per_month} credits a month while it is active", "dim", 2),
        ]
    write_lines(lines or [Line("No subscriptions.")])
